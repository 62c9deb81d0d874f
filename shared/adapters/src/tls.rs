//! The cryptography of HTTPS clients that choose none themselves.

use std::sync::OnceLock;

/// Installs ring as this process's TLS provider, once: the default provider is 20 ms slower at the first handshake.
pub fn install_ring() {
    static INSTALLED: OnceLock<()> = OnceLock::new();
    INSTALLED.get_or_init(|| {
        // An error means that the process already has a provider, which is also fine.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}
