//! Retired values of interned labels, against a naive model: a list of values, and a map of counts.

use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;
use tests::processes::{Folder, Other, role, say, wait};
use tickmetrics::prelude::*;
use tickmetrics::{ExternalLabels, FunctionGuard, Segment, SegmentReader, Value};
use tickmetrics_exporter::encode;

const CAPACITY: usize = 4;
const VALUES: [&str; 6] = ["AAPL", "BTC", "MSFT", "other", "TSLA", "XRP"];
const THREADS: usize = 3;
/// The model's metrics.
const NAMES: [&str; 4] = ["fills_total", "open", "price", "wait"];

#[derive(Clone, Copy, Label)]
#[label(capacity = 4)]
struct Symbol(LabelId);

#[derive(Clone, Copy, Debug, Label)]
enum Side {
    Buy,
    Sell,
}

/// A reader of the process's segment, which the tests share. It is in a file without a name.
fn reader() -> SegmentReader {
    static FILE: OnceLock<File> = OnceLock::new();
    let file = FILE.get_or_init(|| {
        let folder = Folder::new("retire");
        small().path(folder.file()).install().unwrap();
        File::open(folder.file()).unwrap()
    });
    SegmentReader::from_file(file.try_clone().unwrap(), "a file without a name").unwrap()
}

fn small() -> tickmetrics::SegmentBuilder {
    let small = 1 << 20;
    let builder = Segment::builder().shards(8).shard_bytes(small).directory_bytes(small);
    builder.shared_bytes(small)
}

#[derive(Clone, Copy)]
struct Handles {
    fills: Counter<(Symbol, Side)>,
    open: UpDownCounter<Symbol>,
    price: Gauge<Symbol>,
    wait: Histogram<Symbol>,
}

impl Handles {
    fn new(registry: &Registry) -> Self {
        let described = |name: &str| Description::new(name, "Help.");
        Self {
            fills: registry.register(&described("fills_total")).unwrap(),
            open: registry.register(&described("open")).unwrap(),
            price: registry.register(&described("price")).unwrap(),
            wait: registry.register(&described("wait")).unwrap(),
        }
    }

    fn record(&self, symbol: Symbol, side: Side, n: u64) {
        self.fills.with((symbol, side)).add(n);
        self.open.with(symbol).add(n.cast_signed());
        self.price.with(symbol).set(n);
        self.wait.with(symbol).record(n);
    }
}

/// The values that a function returns: those of handles that are kept, by number.
type Returned = Arc<Mutex<BTreeMap<usize, (Symbol, u64)>>>;

#[derive(Clone, Debug)]
enum Command {
    /// Interns a value, and keeps it in a place.
    Intern(usize, usize),
    Retire(usize),
    /// Records with the value that is kept in a place.
    Record(usize, Side, u64),
    Snapshot,
}

fn command() -> impl Strategy<Value = (usize, Command)> {
    let value = 0..VALUES.len();
    let side = prop_oneof![Just(Side::Buy), Just(Side::Sell)];
    let what = prop_oneof![
        3 => (value.clone(), 0..4_usize).prop_map(|(value, place)| Command::Intern(value, place)),
        3 => value.prop_map(Command::Retire),
        4 => (0..4_usize, side, 1..100_u64)
            .prop_map(|(place, side, n)| Command::Record(place, side, n)),
        2 => Just(Command::Snapshot),
    ];
    (0..THREADS, what)
}

/// What a symbol must have counted, by side.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Counts {
    fills: [u64; 2],
    records: u64,
    last: u64,
}

/// The naive model.
#[derive(Default)]
struct Model {
    known: Vec<&'static str>,
    retired: BTreeSet<&'static str>,
    counts: BTreeMap<&'static str, Counts>,
    /// By place. All threads share the places, since a label is a copy.
    kept: [Option<&'static str>; 4],
}

impl Model {
    fn intern(&mut self, value: &'static str) -> &'static str {
        self.retired.remove(value);
        if value == "other" || self.known.contains(&value) {
            return value;
        }
        if self.known.len() == CAPACITY {
            return "other";
        }
        self.known.push(value);
        value
    }

    fn retire(&mut self, value: &'static str) -> bool {
        self.known.contains(&value) && self.retired.insert(value)
    }

    fn record(&mut self, value: &'static str, side: Side, n: u64) {
        let counts = self.counts.entry(value).or_default();
        counts.fills[side as usize] += n;
        counts.records += 1;
        counts.last = n;
    }

    /// The exposed series: the labels and the value as text.
    fn exposed(&self) -> BTreeSet<String> {
        let mut series = BTreeSet::new();
        let shown = self.counts.iter().filter(|(value, _)| !self.retired.contains(*value));
        for (value, counts) in shown {
            for (side, n) in ["buy", "sell"].into_iter().zip(counts.fills) {
                if n > 0 {
                    series.insert(format!(r#"fills_total{{symbol="{value}",side="{side}"}} {n}"#));
                }
            }
            let all: u64 = counts.fills.iter().sum();
            series.insert(format!(r#"open{{symbol="{value}"}} {all}"#));
            series.insert(format!(r#"price{{symbol="{value}"}} {}"#, counts.last));
            series.insert(format!(r#"wait{{symbol="{value}"}} {} {all}"#, counts.records));
        }
        series
    }

    fn check(&self, snapshot: &Snapshot) {
        assert_eq!(exposed(snapshot), self.exposed());
        for (value, counts) in &self.counts {
            let all: u64 = counts.fills.iter().sum();
            let symbol = ("symbol", *value);
            for (side, n) in ["buy", "sell"].into_iter().zip(counts.fills) {
                let found = snapshot.counter("fills_total", &[symbol, ("side", side)]);
                assert_eq!(found, (n > 0).then_some(n), "{value} {side}");
            }
            assert_eq!(snapshot.gauge("open", &[symbol]), Some(all as f64));
            assert_eq!(snapshot.gauge("price", &[symbol]), Some(counts.last as f64));
            let wait = snapshot.histogram("wait", &[symbol]).unwrap();
            assert_eq!((wait.count(), wait.sum()), (counts.records, all as f64));
        }
    }
}

fn label_text(series: tickmetrics::Series<'_>) -> String {
    let labels: Vec<_> = series.labels().map(|(name, value)| format!("{name}={value:?}")).collect();
    labels.join(",")
}

/// All series of the model's metrics that an iteration finds. The segment has those of other tests.
fn exposed(snapshot: &Snapshot) -> BTreeSet<String> {
    let mut series = BTreeSet::new();
    for family in NAMES.into_iter().filter_map(|name| snapshot.family(name)) {
        let before = series.len();
        for one in family.series() {
            let name = format!("{}{{{}}}", family.name(), label_text(one));
            let value = match one.value() {
                Value::Counter(n) => n.to_string(),
                Value::UpDown(n) => n.to_string(),
                Value::Gauge(n) => n.to_string(),
                Value::Histogram(values) => format!("{} {}", values.count(), values.sum()),
                other => panic!("{other:?}"),
            };
            series.insert(format!("{name} {value}"));
        }
        assert_eq!(series.len() - before, family.series_count());
    }
    series
}

/// A thread that does what it is told, one thing after the other.
struct Worker {
    tell: Sender<Box<dyn FnOnce() + Send>>,
    done: Receiver<()>,
}

impl Worker {
    fn new() -> Self {
        let (tell, told) = channel::<Box<dyn FnOnce() + Send>>();
        let (say, done) = channel();
        thread::spawn(move || {
            for act in told {
                act();
                say.send(()).unwrap();
            }
        });
        Self { tell, done }
    }

    fn run<T: Send + 'static>(&self, act: impl FnOnce() -> T + Send + 'static) -> T {
        let (say, answer) = channel();
        self.tell.send(Box::new(move || say.send(act()).unwrap())).unwrap();
        let answer = answer.recv().expect("the thread panicked");
        self.done.recv().unwrap();
        answer
    }
}

/// The program and its model, which stay from one case to the next.
struct Both {
    registry: Registry,
    handles: Handles,
    threads: Vec<Worker>,
    kept: [Option<Symbol>; 4],
    model: Model,
    returned: Returned,
    _function: FunctionGuard,
    reader: SegmentReader,
    labels: ExternalLabels,
    last: Snapshot,
}

impl Both {
    fn new() -> Self {
        let reader = reader();
        let registry = Registry::new();
        let returned = Returned::default();
        let values = Arc::clone(&returned);
        let function = registry.gauge_fn_with(&Description::new("returned", "Help."), move || {
            values.lock().unwrap().values().copied().collect::<Vec<_>>()
        });
        Self {
            handles: Handles::new(&registry),
            threads: (0..THREADS).map(|_| Worker::new()).collect(),
            kept: [None; 4],
            model: Model::default(),
            returned,
            _function: function.unwrap(),
            reader,
            labels: ExternalLabels::new([("host", "a")]).unwrap(),
            last: registry.snapshot(),
            registry,
        }
    }

    fn run(&mut self, thread: usize, command: &Command) {
        let Self { handles, kept, model, returned, .. } = self;
        let (handles, thread) = (*handles, &self.threads[thread]);
        match *command {
            Command::Intern(value, place) => {
                let symbol = thread.run(move || Symbol::intern(VALUES[value]));
                let expected = model.intern(VALUES[value]);
                assert_eq!(symbol.as_str(), expected);
                (kept[place], model.kept[place]) = (Some(symbol), Some(expected));
            }
            Command::Retire(value) => {
                let changed = thread.run(move || Symbol::retire(VALUES[value]));
                assert_eq!(changed, model.retire(VALUES[value]));
            }
            Command::Record(place, side, n) => {
                let (Some(symbol), Some(value)) = (kept[place], model.kept[place]) else { return };
                thread.run(move || handles.record(symbol, side, n));
                model.record(value, side, n);
                returned.lock().unwrap().insert(place, (symbol, n));
            }
            Command::Snapshot => {
                let registry = self.registry.clone();
                let snapshot = self.threads[0].run(move || registry.snapshot());
                self.check(snapshot);
            }
        }
    }

    fn check(&mut self, snapshot: Snapshot) {
        let model = &self.model;
        model.check(&snapshot);
        let all: u64 = model.counts.values().flat_map(|counts| counts.fills).sum();
        assert_eq!(snapshot.get(&self.handles.fills), Some(all));
        for (symbol, value) in self.kept.iter().zip(model.kept) {
            let (Some(symbol), Some(value)) = (*symbol, value) else { continue };
            let count = |side: usize| model.counts.get(value).map_or(0, |it| it.fills[side]);
            let own = self.handles.fills.with((symbol, Side::Sell));
            assert_eq!(own.get(), count(1));
            assert_eq!(snapshot.get(&own).unwrap_or(0), count(1));
        }
        // A reader of the file.
        model.check(&self.reader.snapshot().unwrap());
        // A function's series.
        let returned = self.returned.lock().unwrap();
        let shown = returned.values().map(|(symbol, _)| symbol.as_str());
        let shown: BTreeSet<_> = shown.filter(|value| !model.retired.contains(value)).collect();
        let family = snapshot.family("returned");
        let series = family.iter().flat_map(tickmetrics::Family::series);
        assert_eq!(
            series.filter_map(|one| Some(one.labels().next()?.1)).collect::<BTreeSet<_>>(),
            shown
        );
        // Differences: what is hidden now or was hidden then differs as all else does.
        let since = snapshot.since(&self.last);
        assert_eq!(since.family("fills_total").unwrap().series_count(), {
            snapshot.family("fills_total").unwrap().series_count()
        });
        for (value, side) in VALUES.iter().flat_map(|value| [(value, "buy"), (value, "sell")]) {
            let labels = [("symbol", *value), ("side", side)];
            let count = |snapshot: &Snapshot| snapshot.counter("fills_total", &labels).unwrap_or(0);
            assert_eq!(count(&since), count(&snapshot) - count(&self.last), "{value} {side}");
        }
        // Under further labels, and merged with another one.
        let mut labelled = snapshot.clone();
        self.labels.add_to(&mut labelled);
        let mut merged = self.last.clone();
        assert!(merged.merge([labelled]).is_empty());
        let series = |snapshot: &Snapshot| exposed(snapshot).len();
        assert_eq!(series(&merged), series(&self.last) + series(&snapshot));
        self.last = snapshot;
    }
}

#[test]
fn series_are_those_of_a_naive_model() {
    let mut both = Both::new();
    let both = Mutex::new(&mut both);
    let cases = prop::collection::vec(command(), 1..60);
    proptest!(ProptestConfig::with_cases(128), |(commands in cases)| {
        let mut both = both.lock().unwrap_or_else(PoisonError::into_inner);
        for (thread, command) in &commands {
            both.run(*thread, command);
        }
        both.run(0, &Command::Snapshot);
    });
    let both = both.into_inner().unwrap();
    assert_eq!(both.model.known.len(), CAPACITY, "some value did not fit");
    assert!(both.model.counts.values().all(|counts| counts.records > 0));
}

/// A label that one test alone uses.
macro_rules! label {
    ($name:ident, $capacity:literal) => {
        #[derive(Clone, Copy, Debug, PartialEq, Label)]
        #[label(capacity = $capacity, rename = "symbol")]
        struct $name(LabelId);
    };
}

fn counter<L: Labels>(registry: &Registry, name: &str) -> Counter<L> {
    registry.register(&Description::new(name, "Help.")).unwrap()
}

fn lines<L: Labels>(registry: &Registry, of: &str, _: &Counter<L>) -> Vec<String> {
    let family = registry.snapshot();
    let family = family.family(of).unwrap();
    family.series().map(|one| format!("{} {:?}", label_text(one), one.value())).collect()
}

#[test]
fn no_format_shows_a_hidden_series() {
    label!(Name, 8);
    reader();
    let registry = Registry::new();
    let orders: Counter<(Name, bool)> = counter(&registry, "orders_total");
    let wait: Histogram<Name> = registry.register(&Description::new("waited", "Help.")).unwrap();
    for name in ["LIVE", "GONE"] {
        orders.with((Name::intern(name), true)).inc();
        wait.declare(Name::intern(name)).record(7);
    }
    let formats = || {
        let snapshot = registry.snapshot();
        let (mut text, mut open, mut json) = (String::new(), String::new(), String::new());
        let mut protobuf = Vec::new();
        encode::text(&snapshot, &mut text);
        encode::openmetrics(&snapshot, &mut open);
        encode::protobuf(&snapshot, &mut protobuf);
        encode::json(&snapshot, None, &mut json);
        let protobuf = String::from_utf8_lossy(&protobuf).into_owned();
        [text, open, json, protobuf, format!("{snapshot:?}")]
    };
    let count = |text: &String, what: &str| text.matches(what).count();
    let before = formats();
    assert!(before.iter().all(|text| text.contains("GONE") && text.contains("LIVE")), "{before:?}");
    assert!(Name::retire("GONE"));
    for (text, before) in formats().iter().zip(&before) {
        assert_eq!(count(text, "GONE"), 0, "{text}");
        assert_eq!(count(text, "LIVE"), count(before, "LIVE"), "{text}");
    }
    assert_eq!(Name::intern("GONE").as_str(), "GONE");
    // But for the JSON, which has the time, they are as they were.
    assert_eq!(formats(), before);
}

#[test]
fn a_value_is_retired_before_a_metric_uses_it() {
    label!(Name, 8);
    assert!(!Name::retire("A"), "it is unknown, and stays so");
    let a = Name::intern("A");
    assert!(Name::retire("A") && !Name::retire("A"));
    let mut reader = reader();
    let registry = Registry::new();
    let early: Counter<Name> = counter(&registry, "early_total");
    early.with(a).inc();
    early.with(Name::intern("B")).inc();
    let shown = [r#"symbol="B" Counter(1)"#];
    assert_eq!(lines(&registry, "early_total", &early), shown);
    let outside = reader.snapshot().unwrap();
    assert_eq!(outside.family("early_total").unwrap().series_count(), 1);
    early.declare(a);
    assert_eq!(lines(&registry, "early_total", &early), shown, "a declared series stays hidden");
}

#[test]
fn retired_values_keep_their_numbers_and_the_capacity() {
    label!(Name, 40);
    reader();
    let registry = Registry::new();
    let used: Counter<Name> = counter(&registry, "kept_total");
    let name = |number: usize| format!("name {number}");
    let before: Vec<_> = (0..40).map(|at| Name::intern(&name(at))).collect();
    assert!((0..40).step_by(2).all(|at| Name::retire(&name(at))));
    assert_eq!(Name::intern("one more").as_str(), "other", "no room is freed");
    used.with(Name::intern("one more")).inc();
    assert!(!Name::retire("other") && !Name::retire("one more"));
    // Those that are known are found in the full table, in whichever state they are.
    let after: Vec<_> = (0..40).map(|at| Name::intern(&name(at))).collect();
    assert_eq!(before, after);
    assert_eq!(lines(&registry, "kept_total", &used), [r#"symbol="other" Counter(1)"#]);
}

#[test]
fn a_cut_value_is_retired_as_it_is_interned() {
    label!(Name, 4);
    let long = "x".repeat(5000);
    let cut = Name::intern(&long).as_str();
    assert!(Name::retire(&long) && !Name::retire(cut));
    assert_eq!(Name::intern(cut).as_str(), cut);
    assert!(Name::retire(cut));
}

/// Threads intern, record, retire and read at the same time: sums never fall, a thread that interned
/// a value sees its count, and nothing is lost.
#[test]
fn threads_lose_nothing_while_values_come_and_go() {
    label!(Name, 4);
    const SYMBOLS: [&str; 3] = ["A", "B", "C"];
    /// How often a value that was shown is retired.
    const TIMES: usize = 1000;
    reader();
    let registry = Registry::new();
    let used: Counter<Name> = counter(&registry, "used_total");
    let kept = SYMBOLS.map(|name| used.with(Name::intern(name)));
    let ended = AtomicBool::new(false);
    let counted: u64 = thread::scope(|scope| {
        scope.spawn(|| {
            let retired = SYMBOLS.iter().cycle().filter(|name| Name::retire(name));
            assert_eq!(retired.take(TIMES).count(), TIMES);
            ended.store(true, Relaxed);
        });
        scope.spawn(|| {
            let mut before = [0; 4];
            while !ended.load(Relaxed) {
                let snapshot = registry.snapshot();
                let one =
                    |name: &str| snapshot.counter("used_total", &[("symbol", name)]).unwrap_or(0);
                let now = [one("A"), one("B"), one("C"), snapshot.get(&used).unwrap()];
                assert!(
                    now.iter().zip(before).all(|(now, before)| *now >= before),
                    "{now:?} after {before:?}"
                );
                before = now;
            }
        });
        let workers = [0, 1].map(|_| {
            scope.spawn(|| {
                let mut counted = 0;
                for (name, kept) in SYMBOLS.iter().zip(&kept).cycle() {
                    used.with(Name::intern(name)).inc();
                    kept.inc();
                    counted += 2;
                    if ended.load(Relaxed) {
                        return counted;
                    }
                }
                counted
            })
        });
        workers.into_iter().map(|worker| worker.join().unwrap()).sum()
    });
    let returned = SYMBOLS.map(|name| used.with(Name::intern(name)).get());
    assert_eq!(returned.iter().sum::<u64>(), counted);
    assert_eq!(lines(&registry, "used_total", &used).len(), 3);
}

/// The part of the other process. Run directly, this test does nothing.
#[test]
fn in_another_process() {
    let Some((run, file)) = role() else { return };
    match run.as_str() {
        "early" => assert_eq!(Symbol::intern("AAPL").as_str(), "AAPL"),
        "early and retired" => {
            assert_eq!(Symbol::intern("AAPL").as_str(), "AAPL");
            assert!(Symbol::retire("AAPL"));
        }
        _ => {}
    }
    small().path(file).resume(true).install().unwrap();
    let registry = Registry::new();
    if run == "idle" {
        return say("done");
    }
    let metrics = Handles::new(&registry);
    let record = |name: &str| metrics.record(Symbol::intern(name), Side::Sell, 5);
    match run.as_str() {
        "retire" => {
            ["AAPL", "BTC", "MSFT"].into_iter().for_each(record);
            assert!(Symbol::retire("AAPL") && Symbol::retire("MSFT"));
        }
        "retire at once" => assert!(Symbol::retire("BTC") && !Symbol::retire("MSFT")),
        "intern" => record("AAPL"),
        _ => {}
    }
    let counts = ["AAPL", "BTC", "MSFT"].map(|name| {
        let labels = [("symbol", name), ("side", "sell")];
        registry.snapshot().counter("fills_total", &labels).unwrap_or(0)
    });
    let shown = lines(&registry, "fills_total", &metrics.fills).len();
    say(&format!("{counts:?} {shown} of {:?}", registry.snapshot().get(&metrics.fills).unwrap()));
    wait();
}

/// One run after the other, each killed.
fn runs(file: &Path, runs: &[(&str, &str, &str)]) {
    for (run, says, shown) in runs {
        let mut other = Other::start(run, file);
        assert_eq!(other.says(), *says, "{run}");
        other.kill();
        let snapshot = SegmentReader::open(file).unwrap().snapshot().unwrap();
        let fills = snapshot.family("fills_total");
        let symbol = |one: tickmetrics::Series<'_>| one.labels().next().unwrap().1.to_owned();
        let found: Vec<_> =
            fills.iter().flat_map(tickmetrics::Family::series).map(symbol).collect();
        assert_eq!(found.join(" "), *shown, "{run}");
    }
}

#[test]
fn a_process_is_killed_between_retire_and_the_next_intern() {
    let folder = Folder::new("retire-killed");
    runs(
        &folder.file(),
        &[
            ("retire", "[5, 5, 5] 1 of 15", "BTC"),
            ("look", "[5, 5, 5] 1 of 15", "BTC"),
            // One that registers nothing keeps what it does not know.
            ("idle", "done", ""),
            ("intern", "[10, 5, 5] 2 of 20", "AAPL BTC"),
            ("look", "[10, 5, 5] 2 of 20", "AAPL BTC"),
            ("retire at once", "[10, 5, 5] 1 of 20", "AAPL"),
            ("look", "[10, 5, 5] 1 of 20", "AAPL"),
        ],
    );
}

#[test]
fn what_a_later_run_does_before_it_resumes_counts() {
    let folder = Folder::new("retire-early");
    runs(
        &folder.file(),
        &[
            ("retire", "[5, 5, 5] 1 of 15", "BTC"),
            ("early", "[5, 5, 5] 2 of 15", "AAPL BTC"),
            ("early and retired", "[5, 5, 5] 1 of 15", "BTC"),
            ("look", "[5, 5, 5] 1 of 15", "BTC"),
        ],
    );
}
