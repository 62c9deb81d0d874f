//! The environment of a function's program on Lambda, on this machine: events from a Runtime API, and DynamoDB over TLS.

mod runtime;
mod tls;

use std::{fs, path::Path};

use adapters::{
    aws,
    store::{CatalogStore, Tables},
};
use anyhow::{Context as _, Result};
use local::{
    engine::{Engine, listen},
    guard::AccessKey,
    port::Port,
    seed, tables,
};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;

pub use runtime::Runtime;

/// The secret that the edge sends, and that functions in prod require.
const EDGE: &str = "bench";

/// The bundled snapshot in an engine in memory, behind TLS.
pub struct Surroundings {
    engine: Engine,
    port: Port,
    tls: tls::Front,
}

impl Surroundings {
    pub async fn start() -> Result<Self> {
        let engine = Engine::in_memory()?;
        let client = engine.client();
        tables::create(&client, &Tables::beside(tables::CATALOG)).await?;
        seed::seed(&CatalogStore::new(client, &Tables::beside(tables::CATALOG)), "bench").await?;
        let port = engine.serve(listen(0).await?, AccessKey::known(aws::ANYBODY))?;
        let tls = tls::Front::before(&port.url).await?;
        Ok(Self { engine, port, tls })
    }

    /// The environment variables of a function.
    #[must_use]
    pub fn variables(&self, runtime: &Runtime) -> [(&'static str, String); 16] {
        let certificate = || self.certificate().path().display().to_string();
        [
            ("AWS_LAMBDA_RUNTIME_API", runtime.address.clone()),
            ("AWS_LAMBDA_FUNCTION_NAME", "f".to_owned()),
            ("AWS_LAMBDA_FUNCTION_VERSION", "1".to_owned()),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512".to_owned()),
            ("AWS_REGION", "local".to_owned()),
            ("AWS_ACCESS_KEY_ID", "local".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "local".to_owned()),
            ("AWS_ENDPOINT_URL_DYNAMODB", self.tls.url.clone()),
            // The function trusts no other roots: the number of roots on a machine must not affect the result.
            ("SSL_CERT_FILE", certificate()),
            ("CATALOG_TABLE", tables::CATALOG.to_owned()),
            ("APP_TABLE", Tables::beside(tables::CATALOG).app),
            ("EPHEMERAL_TABLE", Tables::beside(tables::CATALOG).ephemeral),
            ("AUDIT_TABLE", Tables::beside(tables::CATALOG).audit),
            ("ENVIRONMENT", "prod".to_owned()),
            ("LOG_LEVEL", "warn".to_owned()),
            ("ORIGIN_VERIFY_SHA256", Sha256::digest(EDGE).iter().map(|byte| format!("{byte:02x}")).collect()),
        ]
    }

    /// The certificate that clients of the engine have to trust.
    #[must_use]
    pub fn certificate(&self) -> &NamedTempFile {
        &self.tls.certificate
    }

    pub async fn stop(self) {
        self.port.close().await;
        self.engine.stop();
    }
}

/// Returns the sample event of a function.
///
/// # Errors
/// If the function has no sample event.
pub fn event(name: &str) -> Result<String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../events/{name}.json"));
    let text = fs::read_to_string(&file).with_context(|| format!("{} cannot be read", file.display()))?;
    let mut event: Value = serde_json::from_str(&text)?;
    event["headers"]["x-origin-verify"] = EDGE.into();
    Ok(event.to_string())
}
