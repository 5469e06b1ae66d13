//! The credentials for an exporter. No password and no token is in an error, and none is read from
//! the command line, since lists of processes show that.

use super::message::Result;
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use tickmetrics::__text::PrintablePath;
use tickmetrics_exporter::__cli::Authorization;

/// The most bytes of a password or token: no server would accept a longer header.
pub const MAX_BYTES: usize = 8 * 1024;

/// The way to an exporter: credentials, and the certificates of both sides.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// The user for basic authentication.
    pub user: Option<String>,
    /// The file with the user's password, read at each scrape.
    pub password_file: Option<PathBuf>,
    /// The file with a bearer token, read at each scrape.
    pub bearer_file: Option<PathBuf>,
    /// The certificates to trust, instead of the system's. Files with certificates are read again when
    /// they have changed.
    pub ca_file: Option<PathBuf>,
    /// The client's certificate, and those of the authorities between.
    pub cert_file: Option<PathBuf>,
    /// The key of the client's certificate.
    pub key_file: Option<PathBuf>,
    /// Whether any certificate of the server is accepted.
    pub insecure: bool,
    /// Where the settings were given, for errors.
    pub form: Form,
}

/// The form in which settings are given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// Options of a command line.
    Options,
    /// Keys of a configuration file.
    #[default]
    Keys,
}

/// The person who runs the program, or nobody.
pub trait Operator: Send {
    /// Shows a warning.
    fn warn(&self, warning: fmt::Arguments<'_>);

    /// The password of a user for a target, where no file has it.
    ///
    /// # Errors
    /// Why there is none.
    fn password(&self, user: &str, target: &str) -> Result<String>;
}

impl Form {
    /// A setting, such as `--user NAME` or `user: NAME`. The key has underscores.
    pub fn setting(self, key: &str, value: &str) -> String {
        match self {
            Self::Options => format!("{} {value}", self.name(key)),
            Self::Keys => format!("{key}: {value}"),
        }
    }

    /// The name of a setting, such as `--ca-file` or `ca_file`.
    pub fn name(self, key: &str) -> String {
        match self {
            Self::Options => format!("--{}", key.replace('_', "-")),
            Self::Keys => key.into(),
        }
    }
}

impl Access {
    /// Whether nothing is given, as for a file.
    pub fn is_empty(&self) -> bool {
        let Self { user, password_file, bearer_file, ca_file, cert_file, key_file, insecure, form } =
            self;
        let _ = form;
        let files = [password_file, bearer_file, ca_file, cert_file, key_file];
        user.is_none() && !insecure && files.into_iter().all(Option::is_none)
    }

    pub(super) fn has_credentials(&self) -> bool {
        self.user.is_some() || self.bearer_file.is_some()
    }

    /// Reads the password or the token, if one is required.
    pub(super) fn authorization(
        &self,
        target: &str,
        operator: &dyn Operator,
    ) -> Result<Option<Authorization>> {
        if let Some(file) = &self.bearer_file {
            return Ok(Some(Authorization::Bearer(self.read("bearer_file", file)?)));
        }
        let Some(user) = &self.user else { return Ok(None) };
        if user.contains(':') {
            let (name, file) = (self.form.name("user"), self.form.setting("password_file", "FILE"));
            return Err(format!(
                "the name for {name} has a colon. A password behind it is not accepted, since lists \
                 of processes show it: leave it out, and give {file}"
            ));
        }
        let password = match &self.password_file {
            Some(file) => self.read("password_file", file)?,
            None => operator.password(user, target)?,
        };
        Ok(Some(Authorization::Basic { user: user.clone(), password }))
    }

    /// The present password or token of a file, which may have changed. `None` if there is no plain
    /// file: a pipe has its text once, and what is missing may come back.
    pub(super) fn renewed(&self) -> Result<Option<Authorization>> {
        let plain = |key, file: &Option<PathBuf>| {
            let file = file.as_deref().filter(|file| file.is_file());
            file.map(|file| self.read(key, file)).transpose()
        };
        if let Some(token) = plain("bearer_file", &self.bearer_file)? {
            return Ok(Some(Authorization::Bearer(token)));
        }
        let Some(user) = &self.user else { return Ok(None) };
        let password = plain("password_file", &self.password_file)?;
        Ok(password.map(|password| Authorization::Basic { user: user.clone(), password }))
    }

    /// Reads the file of a setting, which its errors name.
    fn read(&self, key: &str, file: &Path) -> Result<String> {
        read(file).map_err(|reason| {
            let setting = self.form.setting(key, &PrintablePath(file).to_string());
            format!("{setting} can't be read: {reason}")
        })
    }
}

/// Reads the only line of a file, which may be a pipe.
fn read(file: &Path) -> Result<String> {
    let mut text = Vec::new();
    File::open(file)
        .and_then(|file| file.take(MAX_BYTES as u64 + 1).read_to_end(&mut text))
        .map_err(|error| error.to_string())?;
    if text.len() > MAX_BYTES {
        return Err("it is longer than 8 KiB, and so no password or token".into());
    }
    let text = String::from_utf8(text).map_err(|_| "it is not UTF-8")?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    if line.is_empty() {
        return Err("it is empty, and should have a password or a token".into());
    }
    if line.contains(['\n', '\r']) {
        return Err("it has more than one line, and should have the password or token alone".into());
    }
    Ok(line.into())
}
