//! Certificates and keys in PEM, within the configuration or in a file that it names.

use super::error::Wrong;
use super::reload::Files;
use std::fmt::Display;
use std::path::PathBuf;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use zeroize::Zeroizing;

pub(super) const SECTION: &str = "tls_server_config";

pub(super) fn wrong(key: &str, reason: impl Into<String>) -> Wrong {
    Wrong::new(format!("{SECTION}.{key}"), reason)
}

/// The value of a key with two spellings: with the text within the file, or the name of a file.
pub(super) struct Value {
    pub(super) spelling: &'static str,
    /// The path, if it is in a file.
    path: Option<PathBuf>,
    pub(super) bytes: Zeroizing<Vec<u8>>,
}

impl Value {
    /// An error in its content.
    pub(super) fn wrong(&self, reason: impl Display) -> Wrong {
        match &self.path {
            Some(path) => wrong(self.spelling, format!("{}: {reason}", path.display())),
            None => wrong(self.spelling, reason.to_string()),
        }
    }
}

/// The value in either spelling; a blank value counts as absent.
pub(super) fn either(
    text: (&'static str, Option<&str>),
    file: (&'static str, Option<&str>),
    files: &mut Files,
) -> Result<Option<Value>, Wrong> {
    let given = |value: Option<&str>| value.filter(|it| !it.is_empty()).map(str::to_owned);
    Ok(Some(match (given(text.1), given(file.1)) {
        (None, None) => return Ok(None),
        (Some(bytes), None) => {
            Value { spelling: text.0, path: None, bytes: Zeroizing::new(bytes.into_bytes()) }
        }
        (None, Some(path)) => {
            let bytes = files.read(&format!("{SECTION}.{}", file.0), &path)?;
            Value { spelling: file.0, path: Some(files.path(path)), bytes }
        }
        (Some(_), Some(_)) => {
            let reason = format!("{} is given, too; leave out one of the two", file.0);
            return Err(wrong(text.0, reason));
        }
    }))
}

pub(super) fn certificates(value: &Value) -> Result<Vec<CertificateDer<'static>>, Wrong> {
    let parsed: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&value.bytes).collect();
    match parsed {
        Ok(certificates) if certificates.is_empty() => Err(value.wrong(
            "no certificate is in it; it needs PEM: lines from -----BEGIN CERTIFICATE----- to \
             -----END CERTIFICATE-----",
        )),
        Ok(certificates) => Ok(certificates),
        Err(error) => Err(value.wrong(format_args!("no PEM ({error}); make the file again"))),
    }
}
