//! How this node asks others: with limits on time, over TLS where the address says so, and never redirected.
//!
//! Nothing that comes back is believed: checkpoints, entries and bodies are verified by who asked. TLS only keeps
//! strangers from seeing what is asked.

use std::sync::Arc;
use std::time::Duration;

use ureq::tls::{RootCerts, TlsConfig, TlsProvider};

/// A client whose every call ends within `patience`. Any status is an answer.
pub fn agent(patience: Duration) -> ureq::Agent {
    let crypto = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .unversioned_rustls_crypto_provider(crypto)
        .root_certs(RootCerts::PlatformVerifier);
    let config = ureq::Agent::config_builder()
        .timeout_global(Some(patience))
        .http_status_as_error(false)
        .max_redirects(0)
        .tls_config(tls.build());
    config.build().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_https_address_without_a_server_is_an_error_and_no_panic() {
        let asked = agent(Duration::from_secs(5))
            .get("https://127.0.0.1:1/checkpoint")
            .call();
        assert!(asked.is_err());
    }
}
