//! Encryption of pushes, by rustls with the cryptography of ring.

use crate::plain_file;
use crate::server::Stream;
use crate::web::MOST_INTERMEDIATES as FEW;
use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;
use tickmetrics::__text::PrintablePath;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, OtherError, RootCertStore,
    SignatureScheme,
};

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
        let provider = Arc::new(ring::default_provider());
        let verifier = verifier(roots, &provider)?;
        let config = ClientConfig::builder_with_provider(provider);
        let config = config.with_safe_default_protocol_versions().map_err(|it| it.to_string())?;
        // Of the usual verifier, which takes more.
        let config = config.dangerous().with_custom_certificate_verifier(verifier);
        let mut config = config.with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { connector: TlsConnector::from(Arc::new(config)), host })
    }

    pub(super) async fn connect<S: Stream>(&self, stream: S) -> io::Result<TlsStream<S>> {
        self.connector.connect(self.host.clone(), stream).await
    }
}

/// Of the certificates that are good otherwise, those that come with few others: see [`FEW`].
#[derive(Debug)]
struct Narrow(Arc<WebPkiServerVerifier>);

fn verifier(
    roots: RootCertStore,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, String> {
    let builder = WebPkiServerVerifier::builder_with_provider(roots.into(), Arc::clone(provider));
    Ok(Arc::new(Narrow(builder.build().map_err(|it| it.to_string())?)))
}

impl ServerCertVerifier for Narrow {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        host: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if intermediates.len() > FEW {
            let reason = io::Error::other(format!("it comes with more than {FEW} others"));
            let reason = CertificateError::Other(OtherError(Arc::new(reason)));
            return Err(Error::InvalidCertificate(reason));
        }
        self.0.verify_server_cert(certificate, intermediates, host, ocsp, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gateway_shows_few_certificates_of_authorities() {
        let made = || rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let own = made().cert.der().clone();
        let others: Vec<_> = (0..=FEW).map(|_| made().cert.der().clone()).collect();
        let mut roots = RootCertStore::empty();
        roots.add(own.clone()).unwrap();
        let verifier = verifier(roots, &Arc::new(ring::default_provider())).unwrap();
        let host = ServerName::try_from("localhost").unwrap();
        let shows = |others: &[CertificateDer<'static>]| {
            verifier.verify_server_cert(&own, others, &host, &[], UnixTime::now())
        };
        shows(&[]).unwrap();
        shows(&others[1..]).unwrap();
        let error = shows(&others).unwrap_err();
        assert!(error.to_string().contains("more than 4 others"), "{error}");
    }
}
