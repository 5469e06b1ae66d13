//! The options for a protected exporter, and the question for a password. No password and no token
//! is read from the command line, since lists of processes show that.

use crate::people;
use crate::prompt;
use clap::Args as ClapArgs;
use std::fmt;
use std::io::{self, IsTerminal};
use std::path::PathBuf;
use tickmetrics_collector::__cli::{self as source, Form, MAX_BYTES, Operator};

const VARIABLE: &str = "TICKMETRICS_PASSWORD";

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
    /// certificate itself, read once at the start. By default, those that the system trusts
    #[arg(long, value_name = "FILE", conflicts_with = "insecure")]
    ca_file: Option<PathBuf>,
    /// The certificate to show to an https:// exporter that asks for one, in PEM, and behind it
    /// those of the authorities between. Read once at the start
    #[arg(long, value_name = "FILE", requires = "key_file")]
    cert_file: Option<PathBuf>,
    /// The key of that certificate, in PEM. Read once at the start
    #[arg(long, value_name = "FILE", requires = "cert_file")]
    key_file: Option<PathBuf>,
    /// Accept any certificate of an https:// exporter. Anybody on the network path can then read
    /// the password and change the metrics
    #[arg(long)]
    insecure: bool,
}

impl Access {
    pub(crate) fn settings(&self) -> source::Access {
        let Self { user, password_file, bearer_file, ca_file, cert_file, key_file, insecure } =
            self.clone();
        let form = Form::Options;
        source::Access {
            user,
            password_file,
            bearer_file,
            ca_file,
            cert_file,
            key_file,
            insecure,
            form,
        }
    }
}

/// The user of the terminal.
pub(crate) struct User;

impl Operator for User {
    fn warn(&self, warning: fmt::Arguments<'_>) {
        people::tell(format_args!("warning: {warning}"));
    }

    fn password(&self, user: &str, target: &str) -> Result<String, String> {
        match std::env::var(VARIABLE) {
            Ok(password) => return Ok(password),
            Err(std::env::VarError::NotUnicode(_)) => {
                return Err(format!("{VARIABLE} is not UTF-8: give it in UTF-8"));
            }
            Err(std::env::VarError::NotPresent) => {}
        }
        if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
            return Err(format!(
                "--user {user} has no password: give --password-file FILE, set {VARIABLE}, or run \
                 this in a terminal"
            ));
        }
        let question = format_args!("Password of {user} for {target}: ");
        let typed = prompt::typed(question, MAX_BYTES);
        people::tell(format_args!(""));
        typed.map_err(|failure| failure.to_string())?.ok_or_else(|| "no password was typed".into())
    }
}
