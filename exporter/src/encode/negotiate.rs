//! The choice of a format for a client.

use tickmetrics::Escaping;

/// A format of an exposition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// Prometheus' text format 0.0.4, which every tool reads:
    /// [`encode::text`](crate::encode::text).
    Text,
    /// Prometheus' text format 1.0.0: the same, for clients that read names in double quotes.
    Text1,
    /// The `OpenMetrics` text format 1.0.0: [`encode::openmetrics`](crate::encode::openmetrics).
    OpenMetrics,
    /// Prometheus' protobuf, length-delimited: [`encode::protobuf`](crate::encode::protobuf).
    Protobuf,
    /// JSON: [`encode::json`](crate::encode::json()). Names are never escaped.
    #[cfg(feature = "json")]
    Json,
}

impl Format {
    /// The format that a query or an option names: `text`, which is 0.0.4, `openmetrics`,
    /// `protobuf` or `json`.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "text" => Some(Self::Text),
            "openmetrics" => Some(Self::OpenMetrics),
            "protobuf" => Some(Self::Protobuf),
            #[cfg(feature = "json")]
            "json" => Some(Self::Json),
            _ => None,
        }
    }

    /// The value of the header `Content-Type`. Prometheus 3 accepts a response by this alone.
    pub fn content_type(self) -> &'static str {
        Protocol::from(self).content_type()
    }
}

/// The form of a response: a format, and the escaping of names that not all clients read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Protocol {
    /// The format.
    pub format: Format,
    /// The escaping that the client asked for.
    pub escaping: Option<Escaping>,
    /// Whether to expose the start of counters and histograms: as series `_created` in
    /// `OpenMetrics`, as `created_timestamp` in protobuf. Clients can't ask for it: see
    /// [`ExporterBuilder::created`](crate::ExporterBuilder::created).
    pub created: bool,
    /// Whether histograms with native buckets also have classic buckets in protobuf. Clients can't
    /// ask for it: see
    /// [`ExporterBuilder::classic_beside_native`](crate::ExporterBuilder::classic_beside_native).
    pub classic_beside_native: bool,
}

impl Protocol {
    /// A format with the requested escaping, and without the options that clients can't ask for.
    pub fn new(format: Format, escaping: Option<Escaping>) -> Self {
        Self { format, escaping, created: false, classic_beside_native: false }
    }

    /// The escaping: the requested one, or underscores, the default of Prometheus' libraries.
    pub fn escaping(self) -> Escaping {
        #[cfg(feature = "json")]
        if self.format == Format::Json {
            return Escaping::AllowUtf8;
        }
        self.escaping.unwrap_or_default()
    }

    /// The value of the header `Content-Type`: the format, and the escaping if one was requested.
    pub fn content_type(self) -> &'static str {
        /// A type, and the same with each escaping.
        macro_rules! content_type {
            ($type:literal) => {
                match self.escaping {
                    None => $type,
                    Some(Escaping::Underscores) => concat!($type, "; escaping=underscores"),
                    Some(Escaping::AllowUtf8) => concat!($type, "; escaping=allow-utf-8"),
                    Some(Escaping::Dots) => concat!($type, "; escaping=dots"),
                    Some(Escaping::Values) => concat!($type, "; escaping=values"),
                }
            };
        }
        // https://prometheus.io/docs/instrumenting/content_negotiation/
        match self.format {
            Format::Text => content_type!("text/plain; version=0.0.4; charset=utf-8"),
            Format::Text1 => content_type!("text/plain; version=1.0.0; charset=utf-8"),
            Format::OpenMetrics => {
                content_type!("application/openmetrics-text; version=1.0.0; charset=utf-8")
            }
            Format::Protobuf => content_type!(
                "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; \
                 encoding=delimited"
            ),
            #[cfg(feature = "json")]
            Format::Json => "application/json",
        }
    }
}

/// Without a requested escaping.
impl From<Format> for Protocol {
    fn from(format: Format) -> Self {
        Self::new(format, None)
    }
}

/// The format for a request with this header `Accept`. Of the formats that it names, the one with
/// the highest `q` wins, and of equals the first, with the [escaping](Escaping) beside it. Entries
/// that are unknown here, such as other versions, or unreadable are ignored.
///
/// Without such a header, or without a known entry, the result is text, as in Prometheus' own
/// libraries: never an error. Text is also the result for `*/*` and `text/*`, unless the header
/// names text itself.
///
/// ```
/// use tickmetrics_exporter::encode::{Format, negotiate};
/// use tickmetrics::Escaping;
///
/// let prometheus = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,\
///                   text/plain;q=0.3,*/*;q=0.2";
/// let protocol = negotiate(Some(prometheus));
/// assert_eq!((protocol.format, protocol.escaping()), (Format::OpenMetrics, Escaping::AllowUtf8));
/// assert_eq!(negotiate(Some("text/html, */*")).format, Format::Text);
/// assert_eq!(negotiate(None).escaping(), Escaping::Underscores);
/// ```
pub fn negotiate(accept: Option<&str>) -> Protocol {
    let mut named = None;
    let mut text_is_named = false;
    let mut any = 0.0;
    for range in split(accept.unwrap_or_default(), b',') {
        match Range::parse(range) {
            Some(Range { accepts: Accepts::Only(protocol), quality }) => {
                text_is_named |= matches!(protocol.format, Format::Text | Format::Text1);
                if quality > named.map_or(0.0, |(_, best)| best) {
                    named = Some((protocol, quality));
                }
            }
            Some(Range { accepts: Accepts::Any, quality }) => any = f32::max(any, quality),
            None => {}
        }
    }
    match named {
        Some((protocol, quality)) if text_is_named || quality >= any => protocol,
        _ => Format::Text.into(),
    }
}

/// One element of the header
/// (<https://www.rfc-editor.org/rfc/rfc9110.html#name-accept>).
struct Range {
    accepts: Accepts,
    /// From 0, for not accepted at all, to 1.
    quality: f32,
}

/// The only protobuf message that clients ask for.
pub(crate) const METRIC_FAMILY: &str = "io.prometheus.client.MetricFamily";

enum Accepts {
    Any,
    Only(Protocol),
}

impl Range {
    /// `None` for an unknown format, or text that can't be read.
    fn parse(text: &str) -> Option<Self> {
        let mut parts = split(text, b';').map(str::trim);
        let media_type = parts.next()?.to_ascii_lowercase();
        let (mut version, mut proto, mut encoding, mut quality) = (None, None, None, 1.0);
        let mut escaping = None;
        for parameter in parts.filter(|part| !part.is_empty()) {
            let (name, value) = parameter.split_once('=')?;
            let value = unquoted(value.trim());
            match &*name.trim_end().to_ascii_lowercase() {
                "q" => quality = value.parse().ok().filter(|q| (0.0..=1.0).contains(q))?,
                "version" => version = Some(value),
                "proto" => proto = Some(value),
                "encoding" => encoding = Some(value),
                // Others are ignored, as in Prometheus' library for Go.
                "escaping" => {
                    escaping = Escaping::ALL.into_iter().find(|one| one.name() == value);
                }
                _ => {}
            }
        }
        let is_family = (proto, encoding) == (Some(METRIC_FAMILY), Some("delimited"));
        let format = match (&*media_type, version) {
            ("*/*" | "text/*", _) => return Some(Self { accepts: Accepts::Any, quality }),
            ("text/plain", None | Some("0.0.4")) => Format::Text,
            ("text/plain", Some("1.0.0")) => Format::Text1,
            ("application/openmetrics-text", None | Some("1.0.0")) => Format::OpenMetrics,
            ("application/vnd.google.protobuf", _) if is_family => Format::Protobuf,
            #[cfg(feature = "json")]
            ("application/json", None) => Format::Json,
            _ => return None,
        };
        Some(Self { accepts: Accepts::Only(Protocol::new(format, escaping)), quality })
    }
}

/// The parts between separators, apart from those in quotes.
pub(crate) fn split(text: &str, separator: u8) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(move |c: char| {
        let was_escaped = escaped;
        escaped = quoted && c == '\\' && !was_escaped;
        if c == '"' && !was_escaped {
            quoted = !quoted;
        }
        !quoted && c == char::from(separator)
    })
}

/// Without the quotes around it. None of the known values needs more.
pub(crate) fn unquoted(value: &str) -> &str {
    value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::Format::{self, OpenMetrics, Protobuf, Text, Text1};
    use super::{Protocol, negotiate};
    use proptest::prelude::*;
    use tickmetrics::Escaping;

    fn check(table: &[(&str, Format)]) {
        for &(accept, format) in table {
            assert_eq!(negotiate(Some(accept)).format, format, "{accept}");
        }
    }

    /// The headers of Debian's Prometheus 2.42.0, 2.53.3 and 3.5.3, each without and with
    /// `--enable-feature=native-histograms`.
    #[test]
    fn headers_of_prometheus_are_understood() {
        check(&[
            (
                "application/openmetrics-text;version=1.0.0,\
                 application/openmetrics-text;version=0.0.1;q=0.75,\
                 text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
                OpenMetrics,
            ),
            (
                "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;\
                 encoding=delimited,application/openmetrics-text;version=1.0.0;q=0.8,\
                 application/openmetrics-text;version=0.0.1;q=0.75,\
                 text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
                Protobuf,
            ),
            (
                "application/openmetrics-text;version=1.0.0;q=0.5,\
                 application/openmetrics-text;version=0.0.1;q=0.4,\
                 text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
                OpenMetrics,
            ),
            (
                "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;\
                 encoding=delimited;q=0.5,application/openmetrics-text;version=1.0.0;q=0.4,\
                 application/openmetrics-text;version=0.0.1;q=0.3,\
                 text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
                Protobuf,
            ),
            (
                "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
                 application/openmetrics-text;version=0.0.1;q=0.5,\
                 text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,\
                 text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
                OpenMetrics,
            ),
            (
                "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;\
                 encoding=delimited;q=0.6,\
                 application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,\
                 application/openmetrics-text;version=0.0.1;q=0.4,\
                 text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,\
                 text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
                Protobuf,
            ),
        ]);
    }

    #[test]
    fn headers_of_other_clients_are_understood() {
        assert_eq!(negotiate(None), Text.into());
        check(&[
            ("", Text),
            ("*/*", Text),
            ("text/plain", Text),
            ("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8", Text),
            ("text/plain;version=0.0.4;q=1,*/*;q=0.1", Text),
            ("application/openmetrics-text", OpenMetrics),
        ]);
    }

    #[cfg(feature = "json")]
    #[test]
    fn json_is_for_clients_that_ask_for_it() {
        check(&[
            ("application/json", Format::Json),
            ("application/json, text/plain, */*", Format::Json),
            ("text/plain, application/json", Text),
            // A format of Prometheus before 2014.
            ("application/json;schema=\"prometheus/telemetry\";version=0.0.2", Text),
        ]);
        let protocol = negotiate(Some("application/json;escaping=dots"));
        assert_eq!(protocol.escaping(), Escaping::AllowUtf8);
        assert_eq!(protocol.content_type(), "application/json");
    }

    #[test]
    fn quality_decides_and_then_the_order() {
        let (om, text) = ("application/openmetrics-text", "text/plain");
        for (accept, format) in [
            (format!("{om},{text}"), OpenMetrics),
            (format!("{text},{om}"), Text),
            (format!("{text};q=0.5,{om};q=0.501"), OpenMetrics),
            (format!("{om};q=0.2,{text};q=0.3"), Text),
            (format!("{om};q=0"), Text),
            (format!("{om};q=0.000, {text};q=0.001"), Text),
            (format!("{om};q=0.5,*/*;q=0.9"), Text),
            (format!("{om};q=0.5,text/*;q=0.9"), Text),
            (format!("{om};q=0.9,*/*;q=0.9"), OpenMetrics),
            (format!("*/*,{om}"), OpenMetrics),
            // The wider range does not apply to formats that a narrower one names.
            (format!("{om};q=0.5,*/*;q=0.9,{text};q=0.1"), OpenMetrics),
        ] {
            check(&[(&accept, format)]);
        }
    }

    #[test]
    fn names_are_read_as_http_says() {
        check(&[
            (
                " Application/OpenMetrics-Text ; Version=1.0.0 ; Q=0.4 , text/plain ; q=0.3",
                OpenMetrics,
            ),
            ("application/openmetrics-text;version=\"1.0.0\";charset=utf-8", OpenMetrics),
            ("application/openmetrics-text;;version=1.0.0;", OpenMetrics),
            (",,application/openmetrics-text,", OpenMetrics),
            // A comma in quotes is no separator.
            ("text/plain;note=\"a, \\\"application/openmetrics-text\";q=0.1", Text),
            ("x/y;note=\"\\\"\",application/openmetrics-text", OpenMetrics),
        ]);
    }

    #[test]
    fn unknown_entries_are_ignored() {
        let om = "application/openmetrics-text";
        for unknown in [
            "application/openmetrics-text;version=0.0.1",
            "application/openmetrics-text;version=2.0.0",
            "application/openmetrics-text;version",
            "application/openmetrics-text;q=high",
            "application/openmetrics-text;q=2",
            "application/openmetrics-text;q=-1",
            "application/openmetrics-text;q=NaN",
            "application/openmetrics-text;q=",
            "application openmetrics-text",
            "openmetrics",
            "application/*",
            "application/vnd.google.protobuf",
            "application/vnd.google.protobuf;encoding=delimited",
            "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily",
            "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=text",
            "application/vnd.google.protobuf;proto=other;encoding=delimited",
            "text/plain;version=2.0.0",
            ";q=1",
            "\"",
        ] {
            check(&[(unknown, Text)]);
            if unknown != "\"" {
                check(&[(&format!("{unknown},{om};q=0.1"), OpenMetrics)]);
            }
        }
    }

    #[test]
    fn escaping_is_that_of_the_format_that_is_chosen() {
        let om = "application/openmetrics-text; version=1.0.0";
        let both = "text/plain;version=0.0.4;escaping=dots";
        for (accept, format, escaping, content_type) in [
            (
                "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
                 text/plain;version=1.0.0;escaping=dots;q=0.4,*/*;q=0.2"
                    .to_owned(),
                OpenMetrics,
                Some(Escaping::AllowUtf8),
                "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8",
            ),
            (
                format!("{om};q=0.1,text/plain;version=1.0.0;escaping=\"values\";q=0.4"),
                Text1,
                Some(Escaping::Values),
                "text/plain; version=1.0.0; charset=utf-8; escaping=values",
            ),
            (
                both.to_owned(),
                Text,
                Some(Escaping::Dots),
                "text/plain; version=0.0.4; charset=utf-8; escaping=dots",
            ),
            (
                format!("{om};escaping=underscores"),
                OpenMetrics,
                Some(Escaping::Underscores),
                "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores",
            ),
            (format!("{om};escaping=other"), OpenMetrics, None, OpenMetrics.content_type()),
            ("text/plain;version=1.0.0".to_owned(), Text1, None, Text1.content_type()),
            (format!("{om};q=0,{both};q=0"), Text, None, Text.content_type()),
        ] {
            let protocol = negotiate(Some(&accept));
            assert_eq!(protocol, Protocol::new(format, escaping), "{accept}");
            assert_eq!(protocol.content_type(), content_type);
        }
    }

    proptest! {
        #[test]
        fn anything_has_an_answer(accept in ".*", formed in r#"([a-z*/]{0,4}[;,="\\ q1.]{0,4}){0,9}"#) {
            negotiate(Some(&accept));
            negotiate(Some(&formed));
        }
    }
}
