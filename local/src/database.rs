//! The DynamoDB of one start of the program: embedded, or a running engine that the options name.

use adapters::{aws, store::Tables};
use anyhow::{Context as _, Result};
use aws_sdk_dynamodb::Client;

use crate::{engine::Engine, folder::Folder, tables};

/// The DynamoDB of this start.
pub enum Database {
    /// In this process.
    Embedded(Engine),
    /// A running engine, and the access key id that it is called with.
    Running { url: String, access_key_id: String },
}

impl Database {
    /// The running engine at `url`, else one on `folder`, else one in memory.
    ///
    /// # Errors
    /// When the folder's file is not a database, or cannot be written.
    pub fn open(url: Option<String>, folder: Option<&Folder>) -> Result<Self> {
        if let Some(url) = url {
            let access_key_id = std::env::var("AWS_ACCESS_KEY_ID").ok().filter(|id| !id.is_empty());
            return Ok(Self::Running {
                url,
                access_key_id: access_key_id.unwrap_or_else(|| aws::ANYBODY.to_owned()),
            });
        }
        Ok(Self::Embedded(match folder {
            Some(folder) => Engine::open(&folder.database())?,
            None => Engine::in_memory()?,
        }))
    }

    #[must_use]
    pub fn client(&self) -> Client {
        match self {
            Self::Embedded(engine) => engine.client(),
            Self::Running { url, access_key_id } => aws::at_with(url, access_key_id),
        }
    }

    /// The removal of expired items, where the engine is this program's.
    pub fn sweep(&self) -> Option<impl Future<Output = ()> + Send + use<>> {
        match self {
            Self::Embedded(engine) => Some(engine.sweep()),
            Self::Running { .. } => None,
        }
    }

    /// Makes the tables that are missing.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub async fn create_tables(&self, tables: &Tables) -> Result<()> {
        tables::create(&self.client(), tables).await.with_context(|| match self {
            Self::Embedded(_) => "the embedded DynamoDB cannot be used".to_owned(),
            Self::Running { url, .. } => format!("DynamoDB at {url} cannot be used"),
        })
    }

    /// Closes the engine, where it is this program's.
    pub fn stop(self) {
        if let Self::Embedded(engine) = self {
            engine.stop();
        }
    }
}
