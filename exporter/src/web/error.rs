use std::fmt;
use std::path::{Path, PathBuf};
use tickmetrics::__text::{Printable, PrintablePath};

/// The fault of a web configuration file, or of a file that it names.
///
/// Its `Display` is one line: the file, the key, the fault and the remedy. It contains no password,
/// hash, token or private key. `Debug` writes the same.
///
/// ```
/// use tickmetrics_exporter::{Exporter, StartError};
///
/// let path = std::env::temp_dir().join(format!("web-config-{}.yml", std::process::id()));
/// std::fs::write(&path, "basic_auth_users: { alice: secret }")?;
/// let failed = Exporter::builder().listen("127.0.0.1:0").web_config(&path).start();
/// let Err(StartError::WebConfig(error)) = failed else { panic!("{failed:?}") };
/// assert_eq!(error.key(), "basic_auth_users.alice");
/// assert!(error.to_string().contains("htpasswd -nBC 10 alice"), "{error}");
/// assert_eq!(format!("{error:?}"), error.to_string());
/// # std::fs::remove_file(&path)?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct WebConfigError {
    file: PathBuf,
    wrong: Wrong,
}

impl WebConfigError {
    pub(super) fn new(file: &Path, wrong: Wrong) -> Self {
        Self { file: file.into(), wrong }
    }

    /// The configuration file.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The faulty key, such as `tls_server_config.cert_file`; empty for the file as a whole.
    pub fn key(&self) -> &str {
        &self.wrong.key
    }
}

impl fmt::Display for WebConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, wrong: Wrong { key, reason } } = self;
        write!(f, "{}: ", PrintablePath(file))?;
        if !key.is_empty() {
            write!(f, "{}: ", Printable(key))?;
        }
        Printable(reason).fmt(f)
    }
}

impl fmt::Debug for WebConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for WebConfigError {}

/// The fault of a key in the file that is being read.
#[derive(Debug)]
pub(super) struct Wrong {
    key: String,
    reason: String,
}

impl Wrong {
    pub(super) fn new(key: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { key: key.into(), reason: reason.into() }
    }
}
