//! TLS in front of the engine, with a self-made certificate: on AWS, DynamoDB is also accessed over TLS.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use rustls::{
    ServerConfig,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use tempfile::NamedTempFile;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

pub struct Front {
    /// `https://localhost:PORT`
    pub url: String,
    /// The certificate that clients have to trust.
    pub certificate: NamedTempFile,
}

impl Front {
    pub async fn before(engine: &str) -> Result<Self> {
        let engine = engine.strip_prefix("http://").context("the engine's address")?.to_owned();
        let generated = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()])?;
        let certificate = NamedTempFile::new()?;
        std::fs::write(certificate.path(), generated.cert.pem())?;
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(generated.signing_key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![generated.cert.der().clone()], key)?;
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("https://localhost:{}", listener.local_addr()?.port());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, engine) = (acceptor.clone(), engine.clone());
                tokio::spawn(async move {
                    // Errors are ignored: a client may close its connection at any time.
                    let _ = stream.set_nodelay(true);
                    let Ok(mut client) = acceptor.accept(stream).await else { return };
                    let Ok(mut engine) = TcpStream::connect(engine).await else { return };
                    let _ = engine.set_nodelay(true);
                    let _ = tokio::io::copy_bidirectional(&mut client, &mut engine).await;
                });
            }
        });
        Ok(Self { url, certificate })
    }
}
