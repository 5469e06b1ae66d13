//! Structs of metrics: the base of `derive(Metrics)`.

use super::description::Description;
use super::error::RegisterError;
use super::metric::Metric;
use super::register::Registry;
use crate::directory::Kind;
use crate::layout::header;
use crate::report::report;
use crate::segment::Segment;
use std::convert::Infallible;

/// A struct of metrics, made by `#[derive(Metrics)]`.
///
/// The derive also adds these methods to the struct, with its visibility. So only generic code
/// needs to import this trait.
///
/// ```
/// use tickmetrics::prelude::*;
///
/// #[derive(Metrics)]
/// #[metrics(prefix = "gateway")]
/// struct GatewayMetrics {
///     /// Messages received.
///     messages: Counter,
///     /// Time to decode a message.
///     #[metric(unit = "seconds")]
///     decode: Histogram,
/// }
///
/// let registry = Registry::new();
/// let metrics = GatewayMetrics::register(&registry)?;
/// metrics.messages.inc();
///
/// let names: Vec<String> =
///     GatewayMetrics::describe().iter().map(|metric| metric.name().to_owned()).collect();
/// assert_eq!(names, ["gateway_messages_total", "gateway_decode_seconds"]);
/// # Ok::<(), tickmetrics::RegisterError>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a struct of metrics",
    label = "`#[derive(Metrics)]` makes it one"
)]
pub trait Metrics: Sized + Send + Sync + 'static {
    /// Registers every field and returns the struct, or the first error.
    ///
    /// # Errors
    /// As [`Registry::register`].
    fn register(registry: &Registry) -> Result<Self, RegisterError>;

    /// The descriptions of the struct's fields, without a registry.
    fn describe() -> Vec<Description>;

    /// The struct registered in [`Registry::global`], by the first call.
    ///
    /// A field whose registration fails is reported on standard error, counted in
    /// [`SegmentStats::failed_registrations`](crate::SegmentStats), and records nothing. Call
    /// [`register`](Metrics::register) to handle the error.
    fn global() -> &'static Self;

    /// The struct, with each field's handle made by the visitor.
    #[doc(hidden)]
    fn build<V: Visitor>(scope: &Scope, visitor: &mut V) -> Result<Self, V::Error>;
}

/// The operation on each metric of a struct.
pub trait Visitor {
    /// The reason why there is no handle.
    type Error;

    /// The handle of a metric with this description, which is not complete yet.
    ///
    /// # Errors
    /// As documented by the visitor.
    fn metric<M: Metric>(&mut self, description: Description) -> Result<M, Self::Error>;
}

struct Register<'a>(&'a Registry);

impl Visitor for Register<'_> {
    type Error = RegisterError;

    fn metric<M: Metric>(&mut self, description: Description) -> Result<M, RegisterError> {
        self.0.register(&description)
    }
}

struct Describe(Vec<Description>);

impl Visitor for Describe {
    type Error = Infallible;

    fn metric<M: Metric>(&mut self, description: Description) -> Result<M, Infallible> {
        self.0.push(M::complete(description));
        Ok(M::sink())
    }
}

struct RegisterOrSink;

impl Visitor for RegisterOrSink {
    type Error = Infallible;

    fn metric<M: Metric>(&mut self, description: Description) -> Result<M, Infallible> {
        Ok(register_or_sink(&description))
    }
}

/// The result of [`Metrics::register`].
///
/// # Errors
/// As [`Metrics::register`].
pub fn build_registered<T: Metrics>(registry: &Registry) -> Result<T, RegisterError> {
    T::build(&Scope::default(), &mut Register(registry))
}

/// The result of [`Metrics::describe`].
pub fn describe<T: Metrics>() -> Vec<Description> {
    let mut described = Describe(Vec::new());
    let Ok(_) = T::build(&Scope::default(), &mut described);
    described.0
}

/// The result of [`Metrics::global`].
pub fn build_global<T: Metrics>() -> T {
    let Ok(metrics) = T::build(&Scope::default(), &mut RegisterOrSink);
    metrics
}

/// The prefix and the labels from the structs around a struct of metrics.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    prefix: String,
    constants: Vec<(String, String)>,
}

impl Scope {
    /// The scope inside a struct with this prefix, which may be empty, and these constant labels.
    #[must_use]
    pub fn inside(&self, prefix: &str, constants: &[(&str, &str)]) -> Self {
        let mut scope = self.clone();
        scope.prefix = join(&self.prefix, prefix);
        let owned = constants.iter().map(|&(name, value)| (name.to_owned(), value.to_owned()));
        scope.constants.extend(owned);
        scope
    }

    /// A description with a field's name in this scope, `prefix_field[_unit][_total]`. No part
    /// appears twice.
    pub fn field(&self, field: &str, unit: &str, help: &str) -> Description {
        let mut description = self.named(&join(&self.prefix, field), help).unit(unit);
        description.unfinished = true;
        description
    }

    /// The name of a field that is a counter.
    pub fn counter(&self, field: &str, unit: &str) -> String {
        let mut description = self.field(field, unit, "");
        description.complete(Kind::Counter, Vec::new());
        description.name
    }

    /// The name of a field's objective that is given none: the prefix and this in `kebab-case`.
    pub fn objective(&self, field: &str) -> String {
        kebab_case(&join(&self.prefix, field))
    }

    /// A description with exactly this name.
    pub fn named(&self, name: &str, help: &str) -> Description {
        let mut description = Description::new(name, help);
        description.constants.clone_from(&self.constants);
        description
    }
}

fn join(prefix: &str, name: &str) -> String {
    match (prefix, name) {
        ("", name) | (name, "") => name.to_owned(),
        (prefix, name) => format!("{prefix}_{name}"),
    }
}

/// Lowercase words with `-` between them.
pub fn kebab_case(name: &str) -> String {
    let name = name.to_lowercase();
    let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-")
}

/// A handle in the global registry. An error is reported, and then the handle records into the
/// sink: a program that can't count must still run.
pub(crate) fn register_or_sink<M: Metric>(description: &Description) -> M {
    Registry::global().register(description).unwrap_or_else(|error| {
        if let Some(segment) = Segment::current() {
            segment.count(header::FAILED_REGISTRATIONS);
        }
        report(format_args!("{error}; it is counted nowhere"));
        M::sink()
    })
}
