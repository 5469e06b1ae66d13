//! `completions`: the script that a shell needs to complete the command line.

use crate::Result;
use crate::args::{Args, Completions};
use crate::people;
use clap::CommandFactory;

pub(crate) fn run(args: &Completions) -> Result<()> {
    // Writing to memory can't fail; the generator would panic on an error.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Args::command(), "tickmetrics", &mut script);
    people::print_script(&String::from_utf8_lossy(&script))
}
