//! Expositions as data: a parser of Prometheus' formats, the inverse of [`encode`](crate::encode).
//!
//! [`exposition`] parses what an exporter answers. The header `Content-Type` chooses the format. The
//! result is the same for every format: families, their series, and each histogram as one value.
//! Text is borrowed from the body, and copied only where it is escaped.
//!
//! A body that is not valid is refused as a whole, with the line and the reason, as Prometheus
//! refuses the scrape. Bodies may come from anybody: [`Limits`] bounds what they cost.
//!
//! ```
//! use tickmetrics_exporter::parse::{self, Limits, Value};
//!
//! let body = b"\
//! ## HELP wait_seconds Time waited.
//! ## TYPE wait_seconds histogram
//! wait_seconds_bucket{venue=\"a\",le=\"0.1\"} 3
//! wait_seconds_bucket{venue=\"a\",le=\"+Inf\"} 4
//! wait_seconds_sum{venue=\"a\"} 2.5
//! wait_seconds_count{venue=\"a\"} 4
//! ";
//! let exposition = parse::exposition(body, Some("text/plain; version=0.0.4"), &Limits::default())?;
//! let [wait] = &exposition.families[..] else { panic!("one family") };
//! assert_eq!((&*wait.name, &*wait.help), ("wait_seconds", "Time waited."));
//! let Value::Histogram(histogram) = &wait.series[0].value else { panic!("a histogram") };
//! assert_eq!(histogram.buckets, [(0.1, 3.0), (f64::INFINITY, 4.0)]);
//! assert_eq!((histogram.count, histogram.sum), (4.0, Some(2.5)));
//! # Ok::<(), parse::ParseError>(())
//! ```

mod builder;
mod error;
mod lexer;
mod limits;
mod native;
mod number;
mod openmetrics;
mod protobuf;
mod suffixes;
mod text;
mod types;
mod wire;

pub use error::ParseError;
pub use limits::Limits;
pub use openmetrics::openmetrics;
pub use protobuf::protobuf;
pub use text::text;
pub use types::{
    Exemplar, Exposition, Family, FamilyType, Histogram, Label, Native, Series, Summary, Value,
};

use crate::encode::negotiate::{METRIC_FAMILY, split, unquoted};

/// Parses an exposition in the format that the header `Content-Type` of the response names, as
/// Prometheus chooses it. Without a header, it is the text format 0.0.4.
///
/// The versions of the text formats are not looked at: later ones of the same type mostly parse.
/// The body must not be compressed any more.
///
/// # Errors
/// - [`ParseError::ContentType`] if the header names anything else, such as `text/html`.
/// - [`ParseError::Line`] or [`ParseError::Message`] if the body is not valid in this format.
/// - [`ParseError::TooMany`] if there is more than the limits allow.
///
/// ```
/// use tickmetrics_exporter::parse::{self, Limits, ParseError};
///
/// let limits = Limits::default();
/// assert!(parse::exposition(b"a 1\n", None, &limits).is_ok());
/// let openmetrics = Some("application/openmetrics-text; version=1.0.0; charset=utf-8");
/// assert!(parse::exposition(b"a 1\n# EOF\n", openmetrics, &limits).is_ok());
/// assert!(matches!(
///     parse::exposition(b"<html>", Some("text/html"), &limits),
///     Err(ParseError::ContentType(_))
/// ));
/// ```
pub fn exposition<'a>(
    body: &'a [u8],
    content_type: Option<&str>,
    limits: &Limits,
) -> Result<Exposition<'a>, ParseError> {
    let header = content_type.unwrap_or("text/plain");
    let mut parts = split(header, b';').map(str::trim);
    let media_type = parts.next().unwrap_or_default().to_ascii_lowercase();
    match &*media_type {
        "text/plain" => text(body, limits),
        "application/openmetrics-text" => openmetrics(body, limits),
        // Not, for example, `encoding=text`.
        "application/vnd.google.protobuf" if parts.all(is_delimited_family) => {
            protobuf(body, limits)
        }
        _ => Err(ParseError::ContentType(header.chars().take(200).collect())),
    }
}

/// Whether a parameter allows messages that are read here.
fn is_delimited_family(parameter: &str) -> bool {
    let Some((name, value)) = parameter.split_once('=') else { return true };
    let value = unquoted(value.trim());
    match &*name.trim_end().to_ascii_lowercase() {
        "proto" => value == METRIC_FAMILY,
        "encoding" => value == "delimited",
        _ => true,
    }
}
