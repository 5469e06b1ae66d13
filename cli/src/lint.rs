//! `lint`: rule files and dashboards, checked against catalogues.

use crate::Result;
use crate::args::{Lint as Args, LintFormat};
use crate::catalogue;
use crate::failure::Failure;
use crate::people;
use std::io::stdout;
use std::sync::Arc;
use tickmetrics_rules::Source;
use tickmetrics_rules::file::{self, File};
use tickmetrics_rules::lint::{Check, Linter};
use tickmetrics_rules::report::{self, TextReport};

pub(crate) fn run(args: &Args) -> Result<()> {
    let (mut catalogues, mut sources) = (Vec::new(), Vec::new());
    for path in &args.catalogues {
        let (catalogue, text) = catalogue::with_text(path).map_err(Failure::into_trouble)?;
        catalogues.push(catalogue);
        sources.push(Arc::new(Source::new(path.to_string_lossy(), text)));
    }
    let linter = Linter::new(&catalogues)
        .target_labels(&args.target_labels)
        .scrape_interval(args.scrape_interval);
    let files: Vec<_> = args.files.iter().map(File::open).collect();
    let mut findings = linter.files(&files);
    if args.unused {
        let catalogues: Vec<_> = catalogues.into_iter().zip(sources).collect();
        findings.extend(linter.unused(&files, &catalogues));
    }
    match args.format {
        // Escaped where the text of a file is shown.
        LintFormat::Text => {
            people::print_lines(&TextReport::on(&stdout()).of(&findings))?;
            people::tell(format_args!("{}", report::summary(&findings)));
        }
        LintFormat::Json => people::print_data(&report::to_json(&findings), true)?,
        LintFormat::Sarif => {
            let checks = Check::ALL.iter().map(|check| *check.reported());
            let checks: Vec<_> = checks.chain(file::CHECKS.iter().copied()).collect();
            people::print_data(&report::to_sarif(&findings, &checks), true)?;
        }
        LintFormat::Github => people::print_lines(&report::to_github(&findings))?,
    }
    match report::exit_status(&findings) {
        0 => Ok(()),
        status => Err(Failure::Found(status)),
    }
}
