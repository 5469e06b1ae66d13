//! The meaning of an input for metrics: a list of them, each with its records. Texts are arbitrary,
//! and more often those that an encoder could get wrong.

use crate::names::SUFFIXES;
use crate::recorded::Sort;
use arbitrary::{Arbitrary, Result, Unstructured};
use tickmetrics::Description;

/// Metrics that a program has at the most.
const METRICS: usize = 8;
/// And labels of a metric.
const LABELS: usize = 3;
/// And edges of a histogram that it names.
const EDGES: usize = 20;

#[derive(Debug)]
pub struct Program(pub Vec<Metric>);

#[derive(Arbitrary, Clone, Debug)]
pub struct Metric {
    /// How the metric relates to the first one of its program.
    beside: u8,
    pub name: Name,
    pub help: Help,
    unit: Unit,
    labels: Vec<(LabelName, Text)>,
    scale: Option<Scale>,
    pub kind: Kind,
}

#[derive(Arbitrary, Clone, Debug)]
pub enum Kind {
    /// The added values, one after the other.
    Counter(Vec<Many>),
    /// By the label `flag`.
    Flagged([u64; 2]),
    /// By the label `odd`: a value's number, and how many.
    Interned(Vec<(u8, u64)>),
    UpDown(Vec<Many>),
    Gauge(f64),
    Histogram(Box<Distribution>),
    FlaggedHistogram(Box<Distribution>),
}

#[derive(Arbitrary, Clone, Debug)]
pub struct Distribution {
    digits: Digits,
    max: Number,
    edges: Option<Vec<Number>>,
    native: Option<i8>,
    extremes: bool,
    quantiles: Quantiles,
    pub values: Vec<(Number, u8)>,
    /// At once.
    pub many: Vec<(Number, Many)>,
    /// After the first scrape.
    pub later: Vec<(Number, Many)>,
    pub negative: u8,
}

/// Those of a summary, if there is one.
#[derive(Arbitrary, Clone, Copy, Debug)]
enum Quantiles {
    None,
    Usual,
    Ends,
    Small,
}

impl Quantiles {
    fn ranks(self) -> &'static [f64] {
        match self {
            Self::None => &[],
            Self::Usual => &[0.5, 0.99],
            Self::Ends => &[0.0, 0.07, 0.5, 1.0],
            Self::Small => &[1e-5, 1.0 / 3.0],
        }
    }
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Digits {
    One,
    Two,
    Three,
}

/// One of any magnitude, or one of the largest that there are.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub struct Number {
    bits: u16,
    shift: u8,
}

impl Number {
    pub fn get(self) -> u64 {
        match self.shift % 56 {
            shift @ 0..=48 => u64::from(self.bits) << shift,
            _ => u64::MAX - u64::from(self.bits),
        }
    }
}

/// A number at which arithmetic in 64 bits could go wrong, or a neighbour of one, or any; and the
/// thread that records it.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub struct Many {
    number: Extreme,
    /// Whether it is a thread without a shard.
    elsewhere: bool,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Extreme {
    Small(u8),
    Any(u64),
    /// A power of two, and an offset.
    Near(u8, i8),
    Largest(u8),
}

impl Many {
    pub fn thread(self) -> usize {
        self.elsewhere.into()
    }

    pub fn get(self) -> u64 {
        match self.number {
            Extreme::Small(number) => number.into(),
            Extreme::Any(number) => number,
            // The powers that mean something to a count are more frequent than the others.
            Extreme::Near(power, off) => {
                let power = match power % 4 {
                    0 => 62,
                    1 => 63,
                    2 => 53,
                    _ => u32::from(power / 4),
                };
                (1_u64 << power).wrapping_add_signed((off % 3).into())
            }
            Extreme::Largest(off) => u64::MAX - u64::from(off % 3),
        }
    }
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Scale {
    Hundredths,
    Thirds,
    Thousands,
    Any(f64),
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Unit {
    None,
    Seconds,
    Bytes,
    Count,
    Created,
    /// None that there may be.
    Total,
}

/// A name's parts, which make names that get into each other's way; or any text, which is refused
/// more often than not.
#[derive(Clone, Debug)]
pub struct Name(pub String);

impl<'a> Arbitrary<'a> for Name {
    fn arbitrary(input: &mut Unstructured<'a>) -> Result<Self> {
        let how: u8 = input.arbitrary()?;
        if how == u8::MAX {
            return input.arbitrary().map(Self);
        }
        // One more often than not, so that names meet.
        let stem = ["a", "a", "a", "a", "a:rate", "le", "quantile", "_9"][usize::from(how) % 8];
        Ok(Self(format!("{stem}{}", input.choose(&SUFFIXES)?)))
    }
}

/// A label's name: one that means something to somebody, or any.
#[derive(Clone, Debug)]
pub struct LabelName(String);

const LABEL_NAMES: [&str; 10] =
    ["a", "b", "c", "le", "quantile", "flag", "odd", "__name__", "__", "_9"];

impl<'a> Arbitrary<'a> for LabelName {
    fn arbitrary(input: &mut Unstructured<'a>) -> Result<Self> {
        let how: u8 = input.arbitrary()?;
        match LABEL_NAMES.get(usize::from(how) % 16) {
            Some(&name) => Ok(Self(name.into())),
            None => Name::arbitrary(input).map(|name| Self(name.0)),
        }
    }
}

/// A help text: one that may be, more often than not.
#[derive(Clone, Debug)]
pub struct Help(pub String);

impl<'a> Arbitrary<'a> for Help {
    fn arbitrary(input: &mut Unstructured<'a>) -> Result<Self> {
        match u8::arbitrary(input)? {
            0..160 => Ok(Self("Help.".into())),
            _ => Text::arbitrary(input).map(|text| Self(text.0)),
        }
    }
}

/// A help text or a label's value.
#[derive(Clone, Debug)]
pub struct Text(pub String);

/// Texts that a parser would take for another part of an exposition if they were not escaped, and
/// characters of all lengths.
pub const PIECES: [&str; 24] = [
    "\"",
    "\\",
    "\n",
    "\\n",
    "\\\"",
    "\0",
    "\r\n",
    "}",
    "{",
    ",",
    "=",
    " ",
    "# EOF\n",
    "# HELP a ",
    "\" } 1\n",
    "é",
    "→",
    "😀",
    "\u{2028}",
    "\u{feff}",
    "\u{85}",
    "a",
    "Inf",
    "le=\"+Inf\"",
];

impl<'a> Arbitrary<'a> for Text {
    fn arbitrary(input: &mut Unstructured<'a>) -> Result<Self> {
        let how: u8 = input.arbitrary()?;
        Ok(Self(match how >> 5 {
            0 => input.arbitrary()?,
            // Lengths around those where one takes a byte more or is too long.
            1 if how & 31 < 4 => {
                let lengths = [128, 1024, 8192, 16_384];
                "x".repeat(input.choose(&lengths)? + usize::from(how & 3) - 1)
            }
            1 if how & 31 == 4 => "x".repeat(usize::from(u16::arbitrary(input)? % 20_000)),
            1 => "x".repeat(usize::from(u16::arbitrary(input)? % 300)),
            2 => "a".into(),
            _ => {
                let pieces = (0..how & 7).map(|_| input.choose(&PIECES).copied());
                pieces.collect::<Result<String>>()?
            }
        }))
    }
}

impl<'a> Arbitrary<'a> for Program {
    fn arbitrary(input: &mut Unstructured<'a>) -> Result<Self> {
        let metrics = input.arbitrary_iter()?.take(METRICS);
        let mut metrics = metrics.collect::<Result<Vec<Metric>>>()?;
        if let Some((first, others)) = metrics.split_first_mut() {
            others.iter_mut().for_each(|metric| metric.approach(first));
        }
        Ok(Self(metrics))
    }
}

impl Metric {
    /// Makes it, now and then, one that could be a part of the first, or the first but for one thing.
    fn approach(&mut self, first: &Self) {
        let how = usize::from(self.beside >> 2);
        match self.beside % 4 {
            0 => self.name = Name(format!("{}{}", first.name.0, SUFFIXES[how % SUFFIXES.len()])),
            1 => {
                let own = std::mem::replace(self, first.clone());
                match (how % 8, &mut self.kind, own.kind) {
                    (0, ..) => self.help = own.help,
                    (1, ..) => self.unit = own.unit,
                    (2, ..) => self.labels = own.labels,
                    (3, ..) => self.scale = own.scale,
                    (4, kind, other) => *kind = other,
                    (5, Kind::Histogram(of), Kind::Histogram(own)) => of.native = own.native,
                    (6, Kind::Histogram(of), Kind::Histogram(own)) => of.edges = own.edges,
                    (7, Kind::Histogram(of), Kind::Histogram(own)) => {
                        (of.extremes, of.quantiles) = (own.extremes, own.quantiles);
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }

    /// Labels with the same value on every series.
    pub fn constants(&self) -> impl Iterator<Item = (&str, &str)> {
        self.labels.iter().take(LABELS).map(|(name, value)| (&*name.0, &*value.0))
    }

    /// The histogram that it is, if it is one.
    pub fn distribution(&self) -> Option<&Distribution> {
        match &self.kind {
            Kind::Histogram(of) | Kind::FlaggedHistogram(of) => Some(of),
            _ => None,
        }
    }

    pub fn extremes(&self) -> bool {
        self.distribution().is_some_and(|of| of.extremes)
    }

    pub fn quantiles(&self) -> &'static [f64] {
        self.distribution().map_or(&[], |of| of.quantiles.ranks())
    }

    pub fn unit(&self) -> &'static str {
        match self.unit {
            Unit::None => "",
            Unit::Seconds => "seconds",
            Unit::Bytes => "bytes",
            Unit::Count => "count",
            Unit::Created => "created",
            Unit::Total => "total",
        }
    }

    pub fn scale(&self) -> Option<f64> {
        self.scale.map(|scale| match scale {
            Scale::Hundredths => 0.01,
            Scale::Thirds => 1.0 / 3.0,
            Scale::Thousands => 1e3,
            Scale::Any(scale) => scale,
        })
    }

    pub fn description(&self) -> Description {
        let mut description = Description::new(&*self.name.0, &*self.help.0).unit(self.unit());
        for (name, value) in self.constants() {
            description = description.constant(name, value);
        }
        if let Some(scale) = self.scale() {
            description = description.scale(scale);
        }
        match self.distribution() {
            Some(of) => of.describe(description),
            None => description,
        }
    }
}

impl Kind {
    pub fn sort(&self) -> Sort {
        match self {
            Self::Counter(_) | Self::Flagged(_) | Self::Interned(_) => Sort::Counter,
            Self::UpDown(_) => Sort::UpDown,
            Self::Gauge(_) => Sort::Gauge,
            Self::Histogram(_) | Self::FlaggedHistogram(_) => Sort::Histogram,
        }
    }

    /// The label that the handle's type has.
    pub fn label(&self) -> Option<&'static str> {
        match self {
            Self::Flagged(_) | Self::FlaggedHistogram(_) => Some("flag"),
            Self::Interned(_) => Some("odd"),
            _ => None,
        }
    }
}

impl Distribution {
    fn describe(&self, mut description: Description) -> Description {
        description = description.sigfigs(self.digits()).max(self.max());
        if self.own_edges().is_some() {
            description = description.buckets(self.edges(false));
        }
        if let Some(schema) = self.native() {
            description = description.native(schema);
        }
        if self.extremes {
            description = description.extremes();
        }
        description.quantiles(self.quantiles.ranks().iter().copied())
    }

    /// Significant digits, 1 to 3.
    pub fn digits(&self) -> u8 {
        self.digits as u8 + 1
    }

    pub fn native(&self) -> Option<i8> {
        // -4 to 1, 4 or 7 can be.
        self.native.map(|schema| schema.rem_euclid(14) - 5)
    }

    /// The declared maximum, which no edge is above.
    pub fn max(&self) -> u64 {
        let edges = self.edges.iter().flatten().take(EDGES).map(|edge| edge.get());
        edges.max().unwrap_or(0).max(self.max.get()).max(2)
    }

    /// The edges that it names. An empty list is refused without native buckets.
    fn own_edges(&self) -> Option<&Vec<Number>> {
        self.edges.as_ref().filter(|edges| !edges.is_empty() || self.native().is_some())
    }

    /// The edges of its buckets, rising: those that it names, or the documented default.
    pub fn edges(&self, is_time: bool) -> Vec<u64> {
        let Some(edges) = self.own_edges() else {
            let mut edges: Vec<u64> = (0..=12).map(|power| 10_u64.pow(power)).collect();
            if is_time {
                edges = (2..=5)
                    .flat_map(|power| [10, 25, 50].map(|it| it * 10_u64.pow(power - 1)))
                    .collect();
                edges.extend((6..=10).map(|power| 10_u64.pow(power)));
            }
            edges.retain(|&edge| edge <= self.max());
            return edges;
        };
        let mut edges: Vec<u64> = edges.iter().take(EDGES).map(|edge| edge.get()).collect();
        edges.sort_unstable();
        edges.dedup();
        edges
    }
}
