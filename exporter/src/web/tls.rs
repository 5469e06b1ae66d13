//! The section `tls_server_config`, for rustls with the cryptography of ring.

use super::clients;
use super::error::Wrong;
use super::file::Tls;
use super::pem::{SECTION, Value, certificates, either, wrong};
use super::reload::Files;
use std::sync::Arc;
use tokio_rustls::rustls::crypto::{CryptoProvider, SupportedKxGroup, ring};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::sign::{CertifiedKey, SingleCertAndKey};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{
    CipherSuite, Error, InconsistentKeys, ServerConfig, SupportedProtocolVersion,
};

/// The encryption of connections; `None` for an empty section.
///
/// # Errors
/// If a key is wrong, a file can't be read, or rustls does not support a setting.
pub(super) fn server_config(
    section: &Tls,
    files: &mut Files,
) -> Result<Option<Arc<ServerConfig>>, Wrong> {
    let Some(Certified { chain, key }) = certified(section, files)? else { return Ok(None) };
    let provider = Arc::new(provider(section)?);
    let versions = versions(section)?;
    let certified = CertifiedKey::from_der(chain.1, key.1, &provider);
    let certified = certified.map_err(|error| mismatch(&chain.0, &key.0, &error))?;
    let verifier = clients::verifier(section, files, &provider)?;
    let builder = ServerConfig::builder_with_provider(provider).with_protocol_versions(&versions);
    let builder = builder.map_err(|error| {
        let advice = "no suite of cipher_suites is for a version that is left; leave out \
                      cipher_suites, or max_version";
        wrong("cipher_suites", format!("{error}: {advice}"))
    })?;
    let mut config = builder
        .with_client_cert_verifier(verifier)
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(certified)));
    config.ignore_client_order = section.prefer_server_cipher_suites.unwrap_or(true);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Some(Arc::new(config)))
}

/// A certificate with those of its authorities, and its key.
struct Certified {
    chain: (Value, Vec<CertificateDer<'static>>),
    key: (Value, PrivateKeyDer<'static>),
}

fn certified(section: &Tls, files: &mut Files) -> Result<Option<Certified>, Wrong> {
    let Tls { cert, cert_file, key, key_file, .. } = section;
    let cert = either(("cert", cert.as_deref()), ("cert_file", cert_file.as_deref()), files)?;
    let key = either(("key", key.as_deref()), ("key_file", key_file.as_deref()), files)?;
    let (cert, key) = match (cert, key) {
        (Some(cert), Some(key)) => (cert, key),
        (None, None) if section.says_nothing_else() => return Ok(None),
        (None, _) => {
            let reason = "cert_file is missing: give the server's certificate, or leave out the \
                          whole section to serve without TLS";
            return Err(Wrong::new(SECTION, reason));
        }
        (_, None) => {
            let reason = "key_file is missing: give the private key of the server's certificate";
            return Err(Wrong::new(SECTION, reason));
        }
    };
    let (chain, private) = (certificates(&cert)?, private_key(&key)?);
    Ok(Some(Certified { chain: (cert, chain), key: (key, private) }))
}

fn private_key(value: &Value) -> Result<PrivateKeyDer<'static>, Wrong> {
    PrivateKeyDer::from_pem_slice(&value.bytes).map_err(|_| {
        let is_encrypted = value.bytes.windows(9).any(|it| it == b"ENCRYPTED");
        let reason = if is_encrypted {
            "the private key is encrypted, and nobody can be asked for its password: decrypt \
             it with openssl pkey -in … -out …"
        } else {
            "no private key is in it; it needs PEM: lines from -----BEGIN PRIVATE KEY----- to \
             -----END PRIVATE KEY-----"
        };
        value.wrong(reason)
    })
}

impl Tls {
    /// Apart from certificate and key.
    fn says_nothing_else(&self) -> bool {
        let Self {
            cert: _,
            key: _,
            cert_file: _,
            key_file: _,
            client_ca,
            client_ca_file,
            client_auth_type,
            client_allowed_sans,
            min_version,
            max_version,
            cipher_suites,
            prefer_server_cipher_suites,
            curve_preferences,
        } = self;
        let texts = [client_ca, client_ca_file, client_auth_type, min_version, max_version];
        let lists = [client_allowed_sans, cipher_suites, curve_preferences];
        texts.into_iter().flatten().all(String::is_empty)
            && lists.into_iter().flatten().all(Vec::is_empty)
            && prefer_server_cipher_suites.is_none()
    }
}

fn mismatch(chain: &Value, key: &Value, error: &Error) -> Wrong {
    match error {
        Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => key.wrong(
            "the private key is not that of the first certificate; give the one that the \
             certificate was made with, and the server's certificate before its authority's",
        ),
        Error::InvalidCertificate(reason) => chain.wrong(format_args!(
            "the first certificate can't be used ({reason:?}): make one of version 3"
        )),
        // The reason describes the form, not the key itself.
        error => {
            key.wrong(format_args!("the private key can't be used ({error}): make another one"))
        }
    }
}

/// The offered algorithms, in the order of preference.
fn provider(section: &Tls) -> Result<CryptoProvider, Wrong> {
    let mut provider = ring::default_provider();
    if let Some(names) = section.cipher_suites.as_deref().filter(|names| !names.is_empty()) {
        let all = provider.cipher_suites;
        let is_new = |suite: CipherSuite| name_of(suite).is_some_and(|it| it.starts_with("TLS13"));
        // As in Go, the list is for TLS 1.2. TLS 1.3 has only good ones.
        provider.cipher_suites = all.iter().filter(|it| is_new(it.suite())).copied().collect();
        for (at, name) in names.iter().enumerate() {
            let found = all.iter().find(|suite| go_name(suite.suite()).as_deref() == Some(name));
            let Some(suite) = found else {
                let known: Vec<_> = all.iter().filter_map(|suite| go_name(suite.suite())).collect();
                let reason = format!(
                    "{name:?} is not an available cipher suite: leave it out, or give some \
                     of {}",
                    known.join(", ")
                );
                return Err(wrong(&format!("cipher_suites[{at}]"), reason));
            };
            if !provider.cipher_suites.contains(suite) {
                provider.cipher_suites.push(*suite);
            }
        }
    }
    if let Some(names) = section.curve_preferences.as_deref().filter(|names| !names.is_empty()) {
        provider.kx_groups.clear();
        for (at, name) in names.iter().enumerate() {
            let Some(&(_, group)) = CURVES.iter().find(|(known, _)| known == name) else {
                let known = CURVES.map(|(name, _)| name).join(", ");
                let reason = format!(
                    "{name:?} is not an available curve: leave it out, or give some of \
                     {known}"
                );
                return Err(wrong(&format!("curve_preferences[{at}]"), reason));
            };
            provider.kx_groups.push(group);
        }
    }
    Ok(provider)
}

/// By Go's names (`crypto/tls`, `CurveID`).
const CURVES: [(&str, &dyn SupportedKxGroup); 3] = [
    ("X25519", ring::kx_group::X25519),
    ("CurveP256", ring::kx_group::SECP256R1),
    ("CurveP384", ring::kx_group::SECP384R1),
];

fn name_of(suite: CipherSuite) -> Option<&'static str> {
    suite.as_str()
}

/// Go uses the names of IANA's registry for those of TLS 1.3.
fn go_name(suite: CipherSuite) -> Option<String> {
    name_of(suite).map(|name| name.replacen("TLS13_", "TLS_", 1))
}

fn versions(section: &Tls) -> Result<Vec<&'static SupportedProtocolVersion>, Wrong> {
    let min = version("min_version", section.min_version.as_deref(), 12)?;
    let max = version("max_version", section.max_version.as_deref(), 13)?;
    if min > max {
        return Err(wrong("max_version", "it is below min_version: nobody could connect"));
    }
    let all = [(12, &TLS12), (13, &TLS13)];
    Ok(all.into_iter().filter(|(it, _)| (min..=max).contains(it)).map(|(_, it)| it).collect())
}

fn version(key: &str, name: Option<&str>, default: u8) -> Result<u8, Wrong> {
    match name {
        None | Some("") => Ok(default),
        Some("TLS12") => Ok(12),
        Some("TLS13") => Ok(13),
        Some("TLS10" | "TLS11") => Err(wrong(
            key,
            "TLS 1.0 and 1.1 are broken and not offered here (RFC 8996): give TLS12 or TLS13",
        )),
        Some(other) => Err(wrong(key, format!("{other:?} is not a version: give TLS12 or TLS13"))),
    }
}
