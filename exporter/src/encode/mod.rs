//! Snapshots as bytes, in the formats that Prometheus reads, and as JSON.

mod beside;
mod escape;
mod exemplar;
mod exposition;
mod family;
#[cfg(feature = "json")]
mod json;
mod labels;
mod lines;
pub(crate) mod negotiate;
mod number;
mod openmetrics;
mod part;
mod progress;
mod protobuf;
mod text;
mod unit;
mod wire;

pub(crate) use exposition::Exposition;
#[cfg(feature = "json")]
pub use json::{Process, json};
pub use labels::label_text;
pub use negotiate::{Format, Protocol, negotiate};
pub use openmetrics::openmetrics;
pub(crate) use part::Part;
pub use protobuf::protobuf;
pub use text::text;

use crate::names::Distinct;
use tickmetrics::Snapshot;

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
