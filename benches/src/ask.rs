//! Questions to this program itself, each answered by a process of its own.

use std::env;
use std::ffi::OsString;
use std::process::{Command, Stdio};

/// Starts this program again with a question, and returns the numbers of its answer.
pub(crate) fn ask_numbers(question: &str) -> Result<Vec<f64>, String> {
    let text = ask_with(question, [])?;
    let numbers: Option<Vec<f64>> = text.split_whitespace().map(|it| it.parse().ok()).collect();
    numbers.filter(|all| !all.is_empty()).ok_or_else(|| format!("{question}: {text}"))
}

/// Starts this program again with a question and options, and returns its answer.
pub(crate) fn ask_with(
    question: &str,
    options: impl IntoIterator<Item = OsString>,
) -> Result<String, String> {
    let error = |error: std::io::Error| format!("--child \"{question}\": {error}");
    let mut command = Command::new(env::current_exe().map_err(error)?);
    let command = command.args(["--child", question]).args(options).stderr(Stdio::inherit());
    let output = command.output().map_err(error)?;
    if !output.status.success() {
        return Err(format!("--child \"{question}\": {}", output.status));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
