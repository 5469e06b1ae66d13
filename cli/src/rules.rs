//! `rules`: Prometheus rules, their tests and Alertmanager's configuration, of what catalogues declare.

use crate::Result;
use crate::args::Rules as Args;
use crate::catalogue;
use crate::failure::Failure;
use crate::output;
use crate::people;
use tickmetrics_rules::Catalogue;
use tickmetrics_rules::generate::Generator;

pub(crate) fn run(args: &Args) -> Result<()> {
    let catalogues = args.catalogues.iter().map(|path| catalogue::of_file(path));
    let catalogues: Vec<_> = catalogues.collect::<Result<_>>().map_err(Failure::into_trouble)?;
    let mut generator = Generator::new().native(args.native);
    for (label, value) in args.selector.iter().flat_map(|it| &it.0) {
        generator = generator.select(label, value);
    }
    if !args.by.is_empty() {
        generator = generator.by(&args.by);
    }
    if let Some(url) = &args.webhook {
        generator = generator.webhook(url);
    }
    let outputs = generator.outputs(&catalogues).map_err(|invalid| {
        for problem in &invalid.problems {
            people::tell(format_args!("{problem}"));
        }
        Failure::Trouble(match invalid.problems.len() {
            1 => "1 declaration makes no rule, and nothing is written".to_owned(),
            problems => format!("{problems} declarations make no rule, and nothing is written"),
        })
    })?;
    if !catalogues.iter().any(declares) {
        people::tell(format_args!(
            "the catalogues declare no objective and no alert, so that the rules are empty"
        ));
    }
    output::finish(&args.out, &outputs, args.check)
}

fn declares(catalogue: &Catalogue) -> bool {
    let mut families = catalogue.families().iter();
    families.any(|family| !family.objectives.is_empty() || !family.alerts.is_empty())
}
