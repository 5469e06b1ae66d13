//! Encryption, by rustls with the cryptography of ring.

use super::error::{Cause, Unreachable};
use crate::certificates::{MOST_INTERMEDIATES as FEW, check_key};
use crate::plain_file;
use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;
use tickmetrics::__text::PrintablePath;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::client::danger::{ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::client::{WebPkiServerVerifier, verify_server_name};
use tokio_rustls::rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, ring};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use tokio_rustls::rustls::server::ParsedCertificate;
use tokio_rustls::rustls::{
    self, AlertDescription, CertificateError, ClientConfig, Error, OtherError, RootCertStore,
};
use x509_cert::Certificate;
use x509_cert::der::Decode as _;

/// Encrypts connections to one host.
pub struct Tls {
    connector: TlsConnector,
    host: ServerName<'static>,
}

/// The certificates to trust.
#[derive(Clone, Copy, Debug)]
pub enum Trust<'a> {
    /// Those of the authorities that the system trusts.
    System,
    /// Those of the authorities in a file, and those that are in it themselves.
    File(&'a Path),
    /// Any certificate.
    #[cfg(feature = "__cli")]
    Anybody,
}

/// A client's certificate, with those of the authorities between, and its key: files in PEM.
#[derive(Clone, Copy, Debug)]
pub struct Identity<'a> {
    /// The certificates, the client's own first.
    pub cert_file: &'a Path,
    /// The key.
    pub key_file: &'a Path,
}

impl Tls {
    /// Encrypts connections to a host, given as a name or an address.
    ///
    /// # Errors
    /// The fault of the authorities, or of the host's name.
    pub fn new(host: &str, trust: Trust<'_>) -> Result<Self, String> {
        Self::with_identity(host, trust, None)
    }

    /// As [`new`](Self::new), with a certificate for servers that ask for one.
    ///
    /// # Errors
    /// As [`new`](Self::new), and the fault of the certificate or of its key.
    pub fn with_identity(
        host: &str,
        trust: Trust<'_>,
        identity: Option<Identity<'_>>,
    ) -> Result<Self, String> {
        let name = ServerName::try_from(host.to_owned());
        let host = name.map_err(|_| format!("no certificate can be for a host {host:?}"))?;
        let provider = Arc::new(ring::default_provider());
        let (roots, own) = match trust {
            Trust::System => (of_system()?, Vec::new()),
            Trust::File(path) => of_file(path)?,
            #[cfg(feature = "__cli")]
            Trust::Anybody => {
                let algorithms = provider.signature_verification_algorithms;
                return Self::with(host, Arc::new(Anybody { algorithms }), provider, identity);
            }
        };
        let verifier = verifier(roots, own, &provider)?;
        Self::with(host, verifier, provider, identity)
    }

    fn with(
        host: ServerName<'static>,
        verifier: Arc<dyn ServerCertVerifier>,
        provider: Arc<CryptoProvider>,
        identity: Option<Identity<'_>>,
    ) -> Result<Self, String> {
        let config = ClientConfig::builder_with_provider(provider);
        let config = config.with_safe_default_protocol_versions().map_err(|it| it.to_string())?;
        // With the usual verifier, restricted.
        let config = config.dangerous().with_custom_certificate_verifier(verifier);
        let mut config = match identity {
            None => config.with_no_client_auth(),
            Some(Identity { cert_file, key_file }) => {
                let wrong = |reason: &dyn fmt::Display| {
                    let (cert, key) = (PrintablePath(cert_file), PrintablePath(key_file));
                    format!("{cert} and {key} are no certificate and its key: {reason}")
                };
                let key = plain_file::read(key_file, u64::MAX).map_err(|it| wrong(&it))?;
                let key = PrivateKeyDer::from_pem_slice(&key).map_err(|it| wrong(&it))?;
                let chain = of_pem(cert_file).map_err(|it| wrong(&it))?;
                config.with_client_auth_cert(chain, key).map_err(|it| wrong(&it))?
            }
        };
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { connector: TlsConnector::from(Arc::new(config)), host })
    }

    pub(super) async fn connect<S>(&self, stream: S) -> Result<TlsStream<S>, Unreachable>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let connected = self.connector.connect(self.host.clone(), stream).await;
        connected.map_err(|error| {
            of_chain(&error).unwrap_or_else(|| {
                let reason = format!("the handshake of TLS failed: {error}");
                Unreachable { reason, cause: Cause::Other }
            })
        })
    }
}

/// The meaning of a TLS error, if there is one among the sources of another.
pub(super) fn of_chain(error: &(dyn std::error::Error + 'static)) -> Option<Unreachable> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(error) = error.downcast_ref::<Error>() {
            return Some(of(error));
        }
        // The source of such an error is that of its inner error.
        let within = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = within.map(|it| it as _).or_else(|| error.source());
    }
    None
}

/// The name alone of what rustls shows as `DnsName("feed.example")`.
fn plain(name: &str) -> &str {
    let inner = name.split_once("(\"").and_then(|(_, rest)| rest.strip_suffix("\")"));
    inner.unwrap_or(name)
}

fn of(error: &Error) -> Unreachable {
    use CertificateError as Wrong;
    let other = |reason: String| Unreachable { reason, cause: Cause::Other };
    match error {
        Error::InvalidCertificate(Wrong::UnknownIssuer) => Unreachable {
            reason: "its certificate is from an authority that is not trusted".into(),
            cause: Cause::Untrusted,
        },
        Error::InvalidCertificate(Wrong::Expired | Wrong::ExpiredContext { .. }) => {
            other("its certificate has expired: have it renewed".into())
        }
        Error::InvalidCertificate(Wrong::NotValidYet | Wrong::NotValidYetContext { .. }) => {
            other("its certificate is not valid yet: check the clocks of both machines".into())
        }
        Error::InvalidCertificate(Wrong::NotValidForNameContext { expected, presented }) => {
            // As many as fit on a line: there may be thousands.
            let names: Vec<_> = presented.iter().take(4).map(|name| plain(name)).collect();
            let names = names.join(", ");
            let names = if names.is_empty() { "none" } else { &names };
            other(format!(
                "its certificate is not for {:?}, by which it is reached; the names in it: {names}",
                expected.to_str()
            ))
        }
        // An authority certified itself as a server, as `openssl req -x509` does.
        Error::InvalidCertificate(Wrong::Other(OtherError(reason)))
            if reason.to_string() == "CaUsedAsEndEntity" =>
        {
            Unreachable {
                reason: "its certificate is its own, which is not trusted".into(),
                cause: Cause::Untrusted,
            }
        }
        Error::InvalidCertificate(Wrong::Other(OtherError(reason))) => {
            other(format!("its certificate is not good: {reason}"))
        }
        Error::InvalidCertificate(wrong) => other(format!("its certificate is not good: {wrong}")),
        Error::InvalidMessage(_) => {
            Unreachable { reason: "it does not speak TLS".into(), cause: Cause::NotEncrypted }
        }
        // This client sends no certificate, so none is bad.
        Error::AlertReceived(
            AlertDescription::CertificateRequired | AlertDescription::BadCertificate,
        ) => Unreachable {
            reason: "it asks its clients for a certificate".into(),
            cause: Cause::WantsCertificate,
        },
        Error::AlertReceived(AlertDescription::HandshakeFailure) => other(
            "it refused the handshake of TLS: it asks its clients for a certificate, or takes no \
             cipher that is offered"
                .into(),
        ),
        error => other(error.to_string()),
    }
}

/// Accepts valid certificates that come with few others: see [`FEW`].
#[derive(Debug)]
struct Narrow {
    usual: Arc<WebPkiServerVerifier>,
    /// Those that are trusted themselves.
    own: Vec<CertificateDer<'static>>,
    algorithms: WebPkiSupportedAlgorithms,
}

fn verifier(
    roots: RootCertStore,
    own: Vec<CertificateDer<'static>>,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, String> {
    let builder = WebPkiServerVerifier::builder_with_provider(roots.into(), Arc::clone(provider));
    let usual = builder.build().map_err(|it| it.to_string())?;
    Ok(Arc::new(Narrow { usual, own, algorithms: provider.signature_verification_algorithms }))
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
        if self.own.contains(certificate) {
            check_dates(certificate, now)?;
            verify_server_name(&ParsedCertificate::try_from(certificate)?, host)?;
            return Ok(ServerCertVerified::assertion());
        }
        self.usual.verify_server_cert(certificate, intermediates, host, ocsp, now)
    }

    check_key!();
}

/// A certificate from `openssl req -x509` is that of an authority. The usual verifier does not
/// accept it for a server, even if the user trusts exactly this one.
fn check_dates(certificate: &CertificateDer<'_>, now: UnixTime) -> Result<(), Error> {
    let bad = Error::InvalidCertificate;
    let parsed = Certificate::from_der(certificate);
    let parsed = parsed.map_err(|_| bad(CertificateError::BadEncoding))?;
    let validity = parsed.tbs_certificate().validity();
    let now = now.as_secs();
    if now < validity.not_before.to_unix_duration().as_secs() {
        return Err(bad(CertificateError::NotValidYet));
    }
    if now > validity.not_after.to_unix_duration().as_secs() {
        return Err(bad(CertificateError::Expired));
    }
    Ok(())
}

/// Accepts any certificate. The server has its key, but may be anybody.
#[cfg(feature = "__cli")]
#[derive(Debug)]
struct Anybody {
    algorithms: WebPkiSupportedAlgorithms,
}

#[cfg(feature = "__cli")]
impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    check_key!();
}

fn of_file(path: &Path) -> Result<(RootCertStore, Vec<CertificateDer<'static>>), String> {
    let wrong = |reason: &dyn fmt::Display| {
        format!("{} can't be read as certificates: {reason}", PrintablePath(path))
    };
    let (mut roots, mut own) = (RootCertStore::empty(), Vec::new());
    for certificate in of_pem(path).map_err(|error| wrong(&error))? {
        roots.add(certificate.clone()).map_err(|error| wrong(&error))?;
        own.push(certificate);
    }
    if roots.is_empty() {
        return Err(wrong(&"there is none in it"));
    }
    Ok((roots, own))
}

/// The certificates in a file.
fn of_pem(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let text = plain_file::read(path, u64::MAX).map_err(|error| error.to_string())?;
    let all = CertificateDer::pem_slice_iter(&text).collect::<Result<_, _>>();
    all.map_err(|error| error.to_string())
}

fn of_system() -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    // The system may have some that rustls does not know; the others are enough.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        let reason = "the system trusts no certificate authority: install ca-certificates, or give a \
                      file of authorities";
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
        let verifier = verifier(roots, Vec::new(), &Arc::new(ring::default_provider())).unwrap();
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
