//! Snapshots as bytes, in the formats that Prometheus reads, and as JSON.

#[cfg(feature = "json")]
mod json;
mod number;
mod openmetrics;
mod protobuf;
mod text;
mod unmeasured;
mod wire;

#[cfg(feature = "json")]
pub use json::{Process, json};
pub use openmetrics::openmetrics;
pub use protobuf::protobuf;
#[cfg(feature = "cli")]
pub(crate) use text::parts;
pub use text::text;

use crate::names::exposes;
use crate::negotiate::{Format, negotiate};
use metrics_core::{Family, Snapshot};
use openmetrics::OpenMetrics;

/// Encodes a snapshot in the format that the header `Accept` of a request asks for (see
/// [`negotiate`]), and answers the header `Content-Type` with it: for programs that have a server
/// of their own.
///
/// ```
/// use exporter::Format;
/// use metrics_core::Registry;
///
/// let snapshot = Registry::new().snapshot();
/// let (content_type, body) = exporter::render(&snapshot, Some("application/openmetrics-text"));
/// assert_eq!(content_type, Format::OpenMetrics.content_type());
/// assert_eq!(body, b"# EOF\n");
/// ```
pub fn render(snapshot: &Snapshot, accept: Option<&str>) -> (&'static str, Vec<u8>) {
    let format = negotiate(accept);
    let is_exposed = |name: &str| exposes(snapshot, name);
    let mut exposition = Exposition::new(format, Vec::new(), &is_exposed);
    for family in snapshot.families() {
        exposition.push(family);
    }
    (format.content_type(), exposition.finish())
}

/// A family of one of several processes.
#[derive(Clone, Copy)]
pub(crate) struct Part<'a> {
    /// Labels before those of its series, as they are written; may be empty.
    pub(crate) labels: &'a str,
    pub(crate) family: Family<'a>,
}

impl<'a> From<Family<'a>> for Part<'a> {
    fn from(family: Family<'a>) -> Self {
        Self { labels: "", family }
    }
}

/// An exposition that is being written, in any format.
pub(crate) enum Exposition<'a> {
    Text(String),
    OpenMetrics(String, OpenMetrics<'a>),
    Protobuf(Vec<u8>),
}

impl<'a> Exposition<'a> {
    /// One without families, in memory whose contents are dropped. `is_exposed` says whether the
    /// whole of it, the families to come included, has series of a name.
    pub(crate) fn new(
        format: Format,
        mut memory: Vec<u8>,
        is_exposed: &'a dyn Fn(&str) -> bool,
    ) -> Self {
        memory.clear();
        // Empty memory is text, too.
        let text = |memory| String::from_utf8(memory).unwrap_or_default();
        match format {
            Format::Text => Self::Text(text(memory)),
            Format::OpenMetrics => Self::OpenMetrics(text(memory), OpenMetrics { is_exposed }),
            Format::Protobuf => Self::Protobuf(memory),
        }
    }

    /// Appends a family, and answers how many series it has.
    pub(crate) fn push(&mut self, family: Family<'_>) -> usize {
        let parts = [Part::from(family)];
        match self {
            Self::Text(out) => text::parts(&parts, out),
            Self::OpenMetrics(out, format) => text::write(format, &parts, out),
            Self::Protobuf(out) => protobuf::push_family(family, out),
        }
    }

    /// What was written, with what ends it.
    pub(crate) fn finish(self) -> Vec<u8> {
        match self {
            Self::Text(text) => text.into_bytes(),
            Self::OpenMetrics(mut text, _) => {
                text.push_str(openmetrics::END);
                text.into_bytes()
            }
            Self::Protobuf(bytes) => bytes,
        }
    }
}
