//! The DynamoDB that one start of the program uses: embedded, or a running engine that the options name.

use adapters::{aws, store::Tables};
use anyhow::{Context as _, Result};
use aws_sdk_dynamodb::Client;

use crate::{engine::Engine, folder::Folder, tables};

/// The DynamoDB of this start.
pub enum Database {
    /// An engine in this process.
    Embedded(Engine),
    /// A running engine, and the access key id for its requests.
    Running { url: String, access_key_id: String },
}

impl Database {
    /// Opens the running engine at `url`, else one on `folder`, else one in memory.
    ///
    /// # Errors
    /// If the folder's file is not a database, or cannot be written.
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

    /// Returns the removal of expired items, if the engine belongs to this program.
    pub fn sweep(&self) -> Option<impl Future<Output = ()> + Send + use<>> {
        match self {
            Self::Embedded(engine) => Some(engine.sweep()),
            Self::Running { .. } => None,
        }
    }

    /// Creates the tables that are missing.
    ///
    /// # Errors
    /// If the engine does not answer.
    pub async fn create_tables(&self, tables: &Tables) -> Result<()> {
        tables::create(&self.client(), tables).await.with_context(|| match self {
            Self::Embedded(_) => "the embedded DynamoDB cannot be used".to_owned(),
            Self::Running { url, .. } => format!("DynamoDB at {url} cannot be used"),
        })
    }

    /// Closes the engine, if it belongs to this program.
    pub fn stop(self) {
        if let Self::Embedded(engine) = self {
            engine.stop();
        }
    }
}
