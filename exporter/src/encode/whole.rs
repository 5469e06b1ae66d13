//! A whole snapshot as bytes.

use super::exposition::Exposition;
#[cfg(feature = "json")]
use super::family::write;
#[cfg(feature = "json")]
use super::json::{self, Json, Process};
use super::negotiate::{Format, Protocol, negotiate};
use super::part::Part;
#[cfg(feature = "json")]
use super::progress::Progress;
use crate::names::Distinct;
use tickmetrics::Snapshot;

/// Appends a snapshot in Prometheus' text format 0.0.4.
///
/// Each family is a `# HELP` and a `# TYPE` line, and then its series. Histograms become cumulative
/// buckets, whose last one, `+Inf`, equals `_count`. Values that a histogram could not measure
/// follow as counters, which are exposed only if they count anything:
///
/// - `<name>_saturated_total`: values above the declared maximum. They are in the count, the sum
///   and the bucket `+Inf`.
/// - `<name>_negative_total`: negative values. They are in nothing else.
///
/// A [summary](tickmetrics::Family::is_summary) has its quantiles since its start. A
/// [`Renderer`](crate::Renderer) or an exporter has those of the last interval.
///
/// Numbers are in the exported unit, in the shortest form that parses to the same number. Names are
/// in ASCII: `_` replaces each character that is invalid in this format. If several families get
/// one name, all but one are left out. Apart from the growth of `out`, only some names are
/// allocated: keep it for the next snapshot.
///
/// ```
/// use tickmetrics::prelude::*;
///
/// let registry = Registry::new();
/// let orders: Counter<bool> =
///     registry.register(&Description::new("orders_total", "Orders, by whether they filled."))?;
/// orders.with(true).add(3);
///
/// let mut out = String::new();
/// tickmetrics_exporter::encode::text(&registry.snapshot(), &mut out);
/// let lines = [
///     "# HELP orders_total Orders, by whether they filled.",
///     "# TYPE orders_total counter",
///     r#"orders_total{flag="false"} 0"#,
///     r#"orders_total{flag="true"} 3"#,
/// ];
/// assert!(out.lines().eq(lines));
/// # Ok::<(), tickmetrics::RegisterError>(())
/// ```
pub fn text(snapshot: &Snapshot, out: &mut String) {
    append(out, |out| render_into(snapshot, Format::Text.into(), out));
}

/// Appends a snapshot in the `OpenMetrics` text format 1.0.0, which ends with `# EOF`: one
/// snapshot is one exposition.
///
/// It has the content of [`text`](super::text), with a `# UNIT` line if a unit was declared and the
/// name ends in it, and with the histograms'
/// [exemplars](tickmetrics::HistogramSnapshot::exemplars). Every series has the same name as in the
/// other formats. A counter's family has the counter's name without `_total`. The type of a counter
/// whose name does not end in `_total` is `unknown`, since `OpenMetrics` has no such counters. It
/// is also `unknown` if the name of the family, or of its start time, would be that of another
/// family's samples.
///
/// ```
/// use tickmetrics::prelude::*;
///
/// let registry = Registry::new();
/// let wait: Counter = registry
///     .register(&Description::new("wait_seconds_total", "Time waited.").unit("seconds"))?;
/// wait.add(1_500_000_000); // nanoseconds
///
/// let mut out = String::new();
/// tickmetrics_exporter::encode::openmetrics(&registry.snapshot(), &mut out);
/// let lines = [
///     "# HELP wait_seconds Time waited.",
///     "# TYPE wait_seconds counter",
///     "# UNIT wait_seconds seconds",
///     "wait_seconds_total 1.5",
///     "# EOF",
/// ];
/// assert!(out.lines().eq(lines));
/// # Ok::<(), tickmetrics::RegisterError>(())
/// ```
pub fn openmetrics(snapshot: &Snapshot, out: &mut String) {
    append(out, |out| render_into(snapshot, Format::OpenMetrics.into(), out));
}

/// Appends a snapshot as Prometheus' protobuf: messages `io.prometheus.client.MetricFamily`, each
/// after its length as a varint.
///
/// It has the content of [`text`](super::text), under the same names, and the unit if the name ends
/// in it. Histograms also have their [native](tickmetrics::Description::native) buckets, if any
/// were declared, instead of the others, which [`render_as`](super::render_as) can add. Both have
/// their [exemplars](tickmetrics::HistogramSnapshot::exemplars). Families without series are left
/// out. All numbers but the counts of buckets are `double`: a counter above 2^53 is rounded, as
/// Prometheus does when it reads text.
///
/// ```
/// use tickmetrics::prelude::*;
///
/// let registry = Registry::new();
/// registry.register::<Counter>(&Description::new("ticks_total", "Ticks."))?.add(2);
///
/// let mut out = Vec::new();
/// tickmetrics_exporter::encode::protobuf(&registry.snapshot(), &mut out);
/// // Its length, and then field 1, a text of 11 bytes: the name.
/// assert_eq!(usize::from(out[0]), out.len() - 1);
/// assert_eq!(out[1..14], *b"\x0a\x0bticks_total");
/// # Ok::<(), tickmetrics::RegisterError>(())
/// ```
pub fn protobuf(snapshot: &Snapshot, out: &mut Vec<u8>) {
    render_into(snapshot, Format::Protobuf.into(), out);
}

#[cfg(feature = "json")]
/// Appends a snapshot as one JSON document.
///
/// | field | what it is |
/// |---|---|
/// | `process` | `pid`, `start` in seconds since 1970, `alive`; `null` for `None` |
/// | `metrics` | for each family `name`, `kind`, `unit`, `help` and `series` |
/// | `series` | `labels`, and `value` or a histogram's fields |
///
/// A histogram has `count`, `sum`, `min`, `max`, `mean`, `quantiles` (by quantile), `buckets` (`le`
/// and the `count` of all values up to there), `saturated` and `negative`. Fields that an empty
/// histogram lacks are `null`. Values are in the exported unit. Values that are no JSON numbers are
/// the strings `"NaN"`, `"+Inf"` or `"-Inf"`, as in Prometheus' own JSON.
///
/// ```
/// use tickmetrics::prelude::*;
///
/// let registry = Registry::new();
/// let orders: Counter<bool> =
///     registry.register(&Description::new("orders_total", "Orders, by whether they filled."))?;
/// orders.with(true).add(3);
///
/// let mut out = String::new();
/// tickmetrics_exporter::encode::json(&registry.snapshot(), None, &mut out);
/// assert!(out.contains(r#"{"labels":{"flag":"true"},"value":3}"#));
/// # Ok::<(), tickmetrics::RegisterError>(())
/// ```
pub fn json(snapshot: &Snapshot, process: Option<Process>, out: &mut String) {
    append(out, |out| {
        json::begin(process, out);
        let mut writer = Json { is_empty: &mut true };
        for family in snapshot.families() {
            write(&mut writer, family.into(), &mut Progress::default(), out, usize::MAX);
        }
        out.extend_from_slice(json::END);
    });
}

/// Encodes a snapshot in the format that the header `Accept` of a request asks for (see
/// [`negotiate`]), and returns the header `Content-Type` with it: for programs with a server of
/// their own.
///
/// ```
/// use tickmetrics_exporter::encode::Format;
/// use tickmetrics::Registry;
///
/// let snapshot = Registry::new().snapshot();
/// let (content_type, body) = tickmetrics_exporter::encode::render(&snapshot, Some("application/openmetrics-text"));
/// assert_eq!(content_type, Format::OpenMetrics.content_type());
/// assert_eq!(body, b"# EOF\n");
/// ```
pub fn render(snapshot: &Snapshot, accept: Option<&str>) -> (&'static str, Vec<u8>) {
    let protocol = negotiate(accept);
    (protocol.content_type(), render_as(snapshot, protocol))
}

/// Encodes a snapshot in the form of a protocol: the result of [`negotiate`], possibly with options
/// that clients can't ask for.
///
/// ```
/// use tickmetrics::prelude::*;
///
/// let registry = Registry::new();
/// registry.register::<Counter>(&Description::new("ticks_total", "Ticks."))?.inc();
/// let mut protocol = tickmetrics_exporter::encode::negotiate(Some("application/openmetrics-text"));
/// protocol.created = true;
/// let body = String::from_utf8(tickmetrics_exporter::encode::render_as(&registry.snapshot(), protocol)).unwrap();
/// assert!(body.contains("\nticks_total 1\nticks_created "));
/// # Ok::<(), tickmetrics::RegisterError>(())
/// ```
pub fn render_as(snapshot: &Snapshot, protocol: Protocol) -> Vec<u8> {
    let mut out = Vec::new();
    render_into(snapshot, protocol, &mut out);
    out
}

/// Appends what [`render_as`] returns: for programs that reuse memory.
pub fn render_into(snapshot: &Snapshot, protocol: Protocol, out: &mut Vec<u8>) {
    render_beside(snapshot, &Snapshot::default(), protocol, out);
}

/// Appends text that is written as bytes.
fn append(out: &mut String, write: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = std::mem::take(out).into_bytes();
    write(&mut bytes);
    // All that is written is UTF-8.
    *out = String::from_utf8(bytes).unwrap_or_default();
}

/// As [`render_into`] does, with the values of the last interval.
pub(crate) fn render_beside(
    snapshot: &Snapshot,
    interval: &Snapshot,
    protocol: Protocol,
    out: &mut Vec<u8>,
) {
    let distinct = Distinct::new(snapshot, protocol.escaping());
    let is_exposed = |name: &str| distinct.contains(name);
    let mut exposition = Exposition::after(std::mem::take(out), protocol);
    for family in distinct.families() {
        let part = Part { interval: interval.family(family.name()), ..family.into() };
        exposition.push(part, &is_exposed, usize::MAX);
    }
    exposition.end();
    // Never full, so that it is one piece.
    *out = exposition.take(Vec::new()).next().unwrap_or_default();
}
