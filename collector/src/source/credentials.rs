//! The credentials for an exporter. No password and no token is read from the command line, since
//! lists of processes show that, and no error contains one.

use crate::Result;
use crate::failure::Failure;
use crate::people::{self, PrintablePath};
use crate::prompt;
use clap::Args as ClapArgs;
use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};
use tickmetrics_exporter::__cli::Authorization;

const VARIABLE: &str = "TICKMETRICS_PASSWORD";

/// The most bytes of a password or token: no server would accept a longer header.
const MAX_BYTES: usize = 8 * 1024;

#[expect(clippy::doc_markdown, reason = "clap shows these comments as they are")]
#[derive(Clone, Debug, Default, ClapArgs)]
#[command(next_help_heading = "Protected exporters")]
pub(crate) struct Access {
    /// The user for basic authentication. The password comes from --password-file, from the
    /// environment variable TICKMETRICS_PASSWORD, or from a prompt in the terminal
    #[arg(long, value_name = "NAME", conflicts_with = "bearer_file")]
    user: Option<String>,
    /// The file with the user's password, read at each scrape. A line break at its end is left out
    #[arg(long, value_name = "FILE", requires = "user")]
    password_file: Option<PathBuf>,
    /// The file with a bearer token, read at each scrape. A line break at its end is left out
    #[arg(long, value_name = "FILE")]
    bearer_file: Option<PathBuf>,
    /// The certificate authorities, in PEM, of an https:// exporter's certificate, or that
    /// certificate itself. By default, those that the system trusts
    #[arg(long, value_name = "FILE", conflicts_with = "insecure")]
    pub(crate) ca_file: Option<PathBuf>,
    /// Accept any certificate of an https:// exporter. Anybody on the network path can then read
    /// the password and change the metrics
    #[arg(long)]
    pub(crate) insecure: bool,
}

impl Access {
    /// Whether nothing is given, as for a file.
    pub(crate) fn is_empty(&self) -> bool {
        let Self { user, password_file, bearer_file, ca_file, insecure } = self;
        let files = [password_file, bearer_file, ca_file];
        user.is_none() && !insecure && files.into_iter().all(Option::is_none)
    }

    pub(crate) fn has_credentials(&self) -> bool {
        self.user.is_some() || self.bearer_file.is_some()
    }

    /// Reads the password or the token, if one is required. The question for a password shows
    /// `target`.
    pub(crate) fn authorization(&self, target: &str) -> Result<Option<Authorization>> {
        if let Some(file) = &self.bearer_file {
            return Ok(Some(Authorization::Bearer(read(file)?)));
        }
        let Some(user) = &self.user else { return Ok(None) };
        if user.contains(':') {
            return Err(Failure::told(
                "the name for --user has a colon. A password behind it is not accepted, since lists \
                 of processes show it: leave it out, and give --password-file FILE",
            ));
        }
        let password = self.password(user, target)?;
        Ok(Some(Authorization::Basic { user: user.clone(), password }))
    }

    /// The present password or token of a file, which may have changed. `None` if there is no plain
    /// file: the text of a pipe can be read once only, and a missing file may come back.
    pub(crate) fn renewed(&self) -> Result<Option<Authorization>> {
        let plain = |file: &Option<PathBuf>| {
            file.as_deref().filter(|file| file.is_file()).map(read).transpose()
        };
        if let Some(token) = plain(&self.bearer_file)? {
            return Ok(Some(Authorization::Bearer(token)));
        }
        let Some(user) = &self.user else { return Ok(None) };
        let password = plain(&self.password_file)?;
        Ok(password.map(|password| Authorization::Basic { user: user.clone(), password }))
    }

    fn password(&self, user: &str, target: &str) -> Result<String> {
        if let Some(file) = &self.password_file {
            return read(file);
        }
        match std::env::var(VARIABLE) {
            Ok(password) => return Ok(password),
            Err(std::env::VarError::NotUnicode(_)) => {
                return Err(Failure::told(format!("{VARIABLE} is not UTF-8: give it in UTF-8")));
            }
            Err(std::env::VarError::NotPresent) => {}
        }
        if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
            return Err(Failure::told(format!(
                "--user {user} has no password: give --password-file FILE, set {VARIABLE}, or run \
                 this in a terminal"
            )));
        }
        let question = format_args!("Password of {user} for {target}: ");
        let typed = prompt::typed(question, MAX_BYTES);
        people::tell(format_args!(""));
        typed?.ok_or_else(|| Failure::told("no password was typed"))
    }
}

/// Reads the only line of a file, which may be a pipe.
fn read(file: &Path) -> Result<String> {
    let wrong =
        |reason: &str| Failure::told(format!("{} can't be read: {reason}", PrintablePath(file)));
    let mut text = Vec::new();
    File::open(file)
        .and_then(|file| file.take(MAX_BYTES as u64 + 1).read_to_end(&mut text))
        .map_err(|error| wrong(&error.to_string()))?;
    if text.len() > MAX_BYTES {
        return Err(wrong("it is longer than 8 KiB, and so no password or token"));
    }
    let text = String::from_utf8(text).map_err(|_| wrong("it is not UTF-8"))?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    if line.is_empty() {
        return Err(wrong("it is empty, and should have a password or a token"));
    }
    if line.contains(['\n', '\r']) {
        return Err(wrong(
            "it has more than one line, and should have the password or token alone",
        ));
    }
    Ok(line.into())
}
