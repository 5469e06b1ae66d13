//! Scripts for shells, run by the shells.

use crate::support::{output, run};
use std::process::Command;
use tests::programs::skip;

/// The completions of bash behind these words.
fn completed(script: &str, words: &[&str]) -> Option<Vec<String>> {
    let last = words.len() - 1;
    // As readline does: the program, the word, the word before it.
    let ask = format!(
        "{script}\nCOMP_WORDS=(\"$@\") COMP_CWORD={last}\n\
         _tickmetrics tickmetrics \"{}\" \"{}\"\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"",
        words[last],
        words[last - 1]
    );
    let mut bash = Command::new("bash");
    bash.args(["--norc", "-c", &ask, "bash"]).args(words);
    let Ok(output) = bash.output() else {
        skip("bash is not installed (apt-get install bash)");
        return None;
    };
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(text.lines().map(String::from).collect())
}

#[test]
fn bash_completes_commands_options_and_values() {
    let script = output(&["completions", "bash"]);
    for (words, expected) in [
        (&["tickmetrics", "du"][..], &["dump"][..]),
        (&["tickmetrics", "top", "--hu"], &["--human"]),
        (&["tickmetrics", "top", "--sort", "p9"], &["p99", "p999"]),
        (&["tickmetrics", "dump", "--format", "j"], &["json"]),
        (&["tickmetrics", "completions", "zs"], &["zsh"]),
    ] {
        let Some(completed) = completed(&script, words) else { return };
        assert_eq!(completed, expected, "{words:?}");
    }
}

#[test]
fn each_shell_has_a_script() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = output(&["completions", shell]);
        for word in ["dump", "serve", "top", "hist", "collect", "completions", "human"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
    let errors = String::from_utf8(run(&["completions", "csh"]).stderr).unwrap();
    assert!(errors.contains("[possible values: bash, elvish, fish, powershell, zsh]"), "{errors}");
}
