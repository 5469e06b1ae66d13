//! Recorders for the facade `metrics`: what a record costs, and what is kept until a scrape.

use crate::ask::ask_numbers;
use crate::candidate::{Candidate, kept};
use crate::groups::inputs::{INPUTS, seconds};
use crate::groups::memory::resident;
use crate::groups::peers::total;
use crate::run::{Effort, timed};
use crate::table::Table;
use crate::threads;
use metrics::{Counter, Histogram, counter, histogram, with_local_recorder};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusRecorder};
use tickmetrics::Registry;
use tickmetrics_facade::{FacadeBuilder, FacadeRecorder};

/// Values of an hour, a thousand in each second.
const HOUR: usize = 3_600_000;

const OURS: &str = "tickmetrics-facade";
const THEIRS: &str = "metrics-exporter-prometheus";

/// A recorder, as both are used here.
trait Measured: metrics::Recorder + Send + Sync + 'static {
    fn make() -> Self;

    fn render(&self) -> String;

    /// What a program must call now and then.
    fn upkeep(&self);
}

impl Measured for FacadeRecorder {
    fn make() -> Self {
        FacadeBuilder::new().registry(&Registry::new()).build().expect("the defaults are valid")
    }

    fn render(&self) -> String {
        self.handle().render()
    }

    fn upkeep(&self) {
        self.handle().run_upkeep();
    }
}

impl Measured for PrometheusRecorder {
    fn make() -> Self {
        PrometheusBuilder::new().build_recorder()
    }

    fn render(&self) -> String {
        self.handle().render()
    }

    fn upkeep(&self) {
        self.handle().run_upkeep();
    }
}

/// All of it as Markdown.
///
/// # Errors
/// If a recorder lost a record, or a process of its own could not be asked.
pub fn report(quick: bool) -> Result<String, String> {
    let candidates: Vec<_> =
        of::<FacadeRecorder>(OURS).into_iter().chain(of::<PrometheusRecorder>(THEIRS)).collect();
    let pairs = threads::interleaved(&candidates, Effort::new(quick))?;
    let mut records = Table::new(
        "facade",
        "Nanoseconds of a record",
        "Medians of interleaved batches: alone, and while a second thread does the same to the same \
         series.",
        &["one thread", "two threads"],
    );
    for pair in pairs {
        records.row(&pair.alone.name, [pair.alone.median, pair.beside.median]);
    }
    let mut hour = Table::new(
        "hour",
        "3.6 million values of one histogram without a scrape",
        "Each in a process of its own: what it grew by, and then the milliseconds of the first two \
         renders.",
        &["MB", "first render", "second render"],
    );
    for (number, name) in
        [OURS, THEIRS, &format!("{THEIRS}, run_upkeep each 5,000 values")].into_iter().enumerate()
    {
        hour.row(name, ask_numbers(&number.to_string())?);
    }
    Ok([records.render(), hour.render()].join("\n"))
}

/// Answers a question to a separate process.
///
/// # Errors
/// If it is not a question.
pub fn answer(question: &str) -> Result<String, String> {
    match question {
        "0" => Ok(an_hour::<FacadeRecorder>(HOUR)),
        "1" => Ok(an_hour::<PrometheusRecorder>(HOUR)),
        "2" => Ok(an_hour::<PrometheusRecorder>(5_000)),
        _ => Err(format!("{question}: not a question")),
    }
}

/// Records the values of an hour, with an upkeep after so many; returns megabytes and milliseconds.
fn an_hour<R: Measured>(upkeep: usize) -> String {
    let values = seconds();
    let recorder = R::make();
    with_local_recorder(&recorder, || histogram!("wait", "k" => "v").record(values[0]));
    recorder.render();
    let before = resident();
    with_local_recorder(&recorder, || {
        for turn in 1..HOUR {
            histogram!("wait", "k" => "v").record(values[turn % INPUTS]);
            if turn % upkeep == 0 {
                recorder.upkeep();
            }
        }
    });
    let grown = (resident() - before) / 1e6;
    let mut text = String::new();
    let [first, second] = [(); 2].map(|()| timed(|| text = recorder.render()).nanos / 1e6);
    assert_eq!(total(&text, "wait_count"), HOUR as u64);
    format!("{grown} {first} {second}")
}

/// The operations with a recorder.
fn of<R: Measured>(name: &str) -> Vec<Candidate> {
    let recorder: &'static R = kept(R::make());
    let values = seconds();
    let inside = move |candidate: Candidate| {
        let candidate = candidate.inside(move |run| with_local_recorder(recorder, run));
        candidate.between(|| recorder.upkeep())
    };
    let count = |of: &'static str| move || total(&recorder.render(), of);
    let counter: &'static Counter = kept(with_local_recorder(recorder, || counter!("kept")));
    let histogram: &'static Histogram =
        kept(with_local_recorder(recorder, || histogram!("kept_wait")));
    let named = |what: &str| format!("{name}: {what}");
    vec![
        inside(Candidate::new(
            &named("`counter!(\"events\", \"k\" => \"v\").increment(1)`"),
            |_| counter!("events", "k" => "v").increment(1),
            count("events"),
        )),
        inside(Candidate::new(
            &named("`histogram!(\"wait\", \"k\" => \"v\").record(seconds)`"),
            |turn| histogram!("wait", "k" => "v").record(values[turn % INPUTS]),
            count("wait_count"),
        )),
        inside(Candidate::new(
            &named("`counter!(\"orders\", \"venue\" => venue)`, of four Strings"),
            {
                let venues = ["xnas", "xnys", "arcx", "bats"].map(str::to_owned);
                move |turn| counter!("orders", "venue" => venues[turn % 4].clone()).increment(1)
            },
            count("orders"),
        )),
        Candidate::new(&named("kept counter"), |_| counter.increment(1), count("kept")),
        Candidate::new(
            &named("kept histogram"),
            |turn| histogram.record(values[turn % INPUTS]),
            count("kept_wait_count"),
        )
        .between(|| recorder.upkeep()),
    ]
}
