//! Encryption of pushes, by rustls with the cryptography of ring.

use crate::plain_file;
use crate::server::Stream;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use tickmetrics::__text::PrintablePath;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// Encrypts connections to one host.
pub(super) struct Tls {
    connector: TlsConnector,
    host: ServerName<'static>,
}

impl Tls {
    /// Trusts the authorities in a file, or without one those of the system.
    ///
    /// # Errors
    /// What is wrong with them, or with the host's name.
    pub(super) fn new(host: &str, authorities: Option<&Path>) -> Result<Self, String> {
        let name = ServerName::try_from(host.to_owned());
        let host = name.map_err(|_| format!("no certificate can be for a host {host:?}"))?;
        let roots = authorities.map_or_else(of_system, of_file)?;
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let config = config.with_safe_default_protocol_versions().map_err(|it| it.to_string())?;
        let mut config = config.with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { connector: TlsConnector::from(Arc::new(config)), host })
    }

    pub(super) async fn connect<S: Stream>(&self, stream: S) -> std::io::Result<TlsStream<S>> {
        self.connector.connect(self.host.clone(), stream).await
    }
}

fn of_file(path: &Path) -> Result<RootCertStore, String> {
    let wrong = |reason: &dyn fmt::Display| {
        format!("{} can't be read as certificates: {reason}", PrintablePath(path))
    };
    let mut roots = RootCertStore::empty();
    let text = plain_file::read(path, u64::MAX).map_err(|error| wrong(&error))?;
    for certificate in CertificateDer::pem_slice_iter(&text) {
        let certificate = certificate.map_err(|error| wrong(&error))?;
        roots.add(certificate).map_err(|error| wrong(&error))?;
    }
    if roots.is_empty() {
        return Err(wrong(&"there is none in it"));
    }
    Ok(roots)
}

fn of_system() -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    // It may have some that rustls does not know; the others are enough.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        let reason = "the system trusts no certificate authority: install ca-certificates, or give \
                      .ca_file(..)";
        return Err(reason.into());
    }
    Ok(roots)
}
