//! The program `tickmetrics`, run as a user runs it, on segments of real processes.

#[path = "cli/catalogue.rs"]
mod catalogue;
#[path = "cli/collect.rs"]
mod collect;
#[path = "cli/completions.rs"]
mod completions;
#[path = "cli/dashboard.rs"]
mod dashboard;
#[path = "cli/dump.rs"]
mod dump;
#[path = "cli/hist.rs"]
mod hist;
#[path = "cli/lint.rs"]
mod lint;
#[path = "cli/man.rs"]
mod man;
#[path = "cli/protected.rs"]
mod protected;
#[path = "cli/query.rs"]
mod query;
#[path = "cli/remote.rs"]
mod remote;
#[path = "cli/rules.rs"]
mod rules;
#[path = "cli/serve.rs"]
mod serve;
#[path = "cli/serve_formats.rs"]
mod serve_formats;
#[path = "cli/strangers.rs"]
mod strangers;
#[path = "cli/support.rs"]
mod support;
#[path = "cli/terminal.rs"]
mod terminal;
#[path = "cli/top.rs"]
mod top;
#[path = "cli/words.rs"]
mod words;
