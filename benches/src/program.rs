//! The end of a program of this crate.

use std::process::ExitCode;

/// Prints the error of a program, if there is one.
pub fn end(program: &str, result: Result<(), String>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{program}: {error}");
            ExitCode::FAILURE
        }
    }
}
