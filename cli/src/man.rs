//! `man`: the manual pages.

use crate::Result;
use crate::args::{Args, Man};
use crate::failure::Failure;
use crate::people::{self, PrintablePath};
use clap::{Command, CommandFactory};
use std::fs;
use std::io;

pub(crate) fn run(args: &Man) -> Result<()> {
    let mut command = Args::command().disable_help_subcommand(true);
    // So that each page has the whole name of its command.
    command.build();
    let Some(directory) = &args.directory else {
        return people::print_script(&page(&command)?);
    };
    if !directory.exists() {
        fs::create_dir_all(directory).map_err(|error| {
            Failure::told(format!("{} can't be made: {error}", PrintablePath(directory)))
        })?;
    }
    for command in std::iter::once(&command).chain(command.get_subcommands()) {
        let name = command.get_display_name().unwrap_or(command.get_name());
        let file = directory.join(format!("{name}.1"));
        fs::write(&file, page(command)?).map_err(|error| {
            Failure::told(format!("{} can't be written: {error}", PrintablePath(&file)))
        })?;
    }
    Ok(())
}

/// A page, whose last sections are those of the help text: keys and examples, line by line.
fn page(command: &Command) -> io::Result<String> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut page)?;
    let page = String::from_utf8_lossy(&page);
    let mut out = String::with_capacity(page.len());
    let mut is_extra = false;
    for line in page.lines() {
        if line == ".SH EXTRA" {
            is_extra = true;
            continue;
        }
        if is_extra && line.starts_with(".SH ") {
            is_extra = false;
            out.push_str(".fi\n");
        }
        match line.strip_suffix(':') {
            Some(title) if is_extra && !title.starts_with(' ') => {
                out.push_str(".fi\n.SH ");
                out.push_str(&title.to_uppercase());
                out.push_str("\n.nf\n");
            }
            _ => {
                out.push_str(line);
                out.push('\n');
            }
        }
    }
    Ok(out)
}
