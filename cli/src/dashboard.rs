//! `dashboard`: Grafana dashboards that are made of catalogues.

use crate::Result;
use crate::args::Dashboard as Args;
use crate::catalogue;
use crate::failure::Failure;
use crate::output;
use crate::people::PrintablePath;
use tickmetrics_rules::Catalogue;
use tickmetrics_rules::dashboard::Settings;
use tickmetrics_rules::file::dashboard::Form;

pub(crate) fn run(args: &Args) -> Result<()> {
    let catalogues = args.catalogues.iter().map(|path| {
        let catalogue = catalogue::of_file(path)?;
        if catalogue.service.is_some() {
            return Ok(catalogue);
        }
        Err(Failure::Told(format!(
            "{} names no service, and its dashboard needs a name: make it with --service NAME",
            PrintablePath(path)
        )))
    });
    let catalogues: Vec<Catalogue> =
        catalogues.collect::<Result<_>>().map_err(Failure::into_trouble)?;
    let mut settings = Settings::default();
    settings.form = if args.v2 { Form::V2 } else { Form::Classic };
    settings.native = args.native;
    settings.datasource.clone_from(&args.datasource);
    settings.prometheus.clone_from(&args.prometheus);
    settings.traces.clone_from(&args.traces);
    settings.folder.clone_from(&args.folder);
    settings.scrape_interval = args.scrape_interval;
    let files = settings.files(&catalogues).map_err(|error| Failure::Trouble(error.to_string()))?;
    output::finish(&args.out, &files, args.check)
}
