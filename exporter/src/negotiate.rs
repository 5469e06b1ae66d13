//! Which format a client is answered in.

/// A format that metrics are exposed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// Prometheus' text format 0.0.4, which everything reads: [`encode::text`](crate::encode::text).
    Text,
    /// The `OpenMetrics` text format 1.0.0: [`encode::openmetrics`](crate::encode::openmetrics).
    OpenMetrics,
    /// Prometheus' protobuf, length-delimited: [`encode::protobuf`](crate::encode::protobuf).
    Protobuf,
}

impl Format {
    /// What the header `Content-Type` says of it. Prometheus 3 takes an answer by this alone.
    pub fn content_type(self) -> &'static str {
        match self {
            // https://prometheus.io/docs/instrumenting/exposition_formats/#basic-info
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            // https://prometheus.io/docs/specs/om/open_metrics_spec/#overall-structure
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            // https://prometheus.io/docs/instrumenting/content_negotiation/
            Self::Protobuf => {
                "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; \
                 encoding=delimited"
            }
        }
    }
}

/// The format for a request with this header `Accept`: of those that it names, the one that it
/// prefers by `q`, and of equals the first. What it does not name is not known here, such as other
/// versions, or can't be read, is passed over.
///
/// Text is the answer where there is no such header or nothing else is left, as Prometheus' own
/// libraries do it: never an error. It is also what `*/*` and `text/*` stand for, unless the header
/// names text itself. `escaping=` makes no difference: names need no escaping here.
///
/// ```
/// use exporter::{Format, negotiate};
///
/// let prometheus = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.3,*/*;q=0.2";
/// assert_eq!(negotiate(Some(prometheus)), Format::OpenMetrics);
/// assert_eq!(negotiate(Some("text/html, */*")), Format::Text);
/// assert_eq!(negotiate(None), Format::Text);
/// ```
pub fn negotiate(accept: Option<&str>) -> Format {
    let mut named = None;
    let mut text_is_named = false;
    let mut any = 0.0;
    for range in split(accept.unwrap_or_default(), b',') {
        match Range::parse(range) {
            Some(Range { accepts: Accepts::Only(format), quality }) => {
                text_is_named |= format == Format::Text;
                if quality > named.map_or(0.0, |(_, best)| best) {
                    named = Some((format, quality));
                }
            }
            Some(Range { accepts: Accepts::Any, quality }) => any = f32::max(any, quality),
            None => {}
        }
    }
    match named {
        Some((format, quality)) if text_is_named || quality >= any => format,
        _ => Format::Text,
    }
}

/// One element of the header
/// (<https://www.rfc-editor.org/rfc/rfc9110.html#name-accept>).
struct Range {
    accepts: Accepts,
    /// 0, where it is not accepted at all, to 1.
    quality: f32,
}

/// The only message that protobuf is asked for.
const METRIC_FAMILY: &str = "io.prometheus.client.MetricFamily";

enum Accepts {
    Any,
    Only(Format),
}

impl Range {
    /// `None` where it is of an unknown format or can't be read.
    fn parse(text: &str) -> Option<Self> {
        let mut parts = split(text, b';').map(str::trim);
        let media_type = parts.next()?.to_ascii_lowercase();
        let (mut version, mut proto, mut encoding, mut quality) = (None, None, None, 1.0);
        for parameter in parts.filter(|part| !part.is_empty()) {
            let (name, value) = parameter.split_once('=')?;
            let value = unquoted(value.trim());
            match &*name.trim_end().to_ascii_lowercase() {
                "q" => quality = value.parse().ok().filter(|q| (0.0..=1.0).contains(q))?,
                "version" => version = Some(value),
                "proto" => proto = Some(value),
                "encoding" => encoding = Some(value),
                _ => {}
            }
        }
        let is_family = (proto, encoding) == (Some(METRIC_FAMILY), Some("delimited"));
        let accepts = match (&*media_type, version) {
            ("*/*" | "text/*", _) => Accepts::Any,
            ("text/plain", None | Some("0.0.4")) => Accepts::Only(Format::Text),
            ("application/openmetrics-text", None | Some("1.0.0")) => {
                Accepts::Only(Format::OpenMetrics)
            }
            ("application/vnd.google.protobuf", _) if is_family => Accepts::Only(Format::Protobuf),
            _ => return None,
        };
        Some(Self { accepts, quality })
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

/// Without the quotes around it. None of the values that mean something here needs more.
fn unquoted(value: &str) -> &str {
    value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::Format::{self, OpenMetrics, Protobuf, Text};
    use super::negotiate;
    use proptest::prelude::*;

    fn check(table: &[(&str, Format)]) {
        for &(accept, format) in table {
            assert_eq!(negotiate(Some(accept)), format, "{accept}");
        }
    }

    /// Taken from what Debian's Prometheus sent, 2.42.0, 2.53.3 and 3.5.3, each without and with
    /// `--enable-feature=native-histograms`.
    #[test]
    fn what_prometheus_sends() {
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
    fn what_other_clients_send() {
        assert_eq!(negotiate(None), Text);
        check(&[
            ("", Text),
            ("*/*", Text),
            ("text/plain", Text),
            ("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8", Text),
            ("text/plain;version=0.0.4;q=1,*/*;q=0.1", Text),
            ("application/json", Text),
            ("application/openmetrics-text", OpenMetrics),
        ]);
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
            // The wider range says nothing of what a narrower one names.
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
            // A comma in quotes is none.
            ("text/plain;note=\"a, \\\"application/openmetrics-text\";q=0.1", Text),
            ("x/y;note=\"\\\"\",application/openmetrics-text", OpenMetrics),
        ]);
    }

    #[test]
    fn what_is_not_known_is_passed_over() {
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
            "text/plain;version=1.0.0;escaping=allow-utf-8",
            ";q=1",
            "\"",
        ] {
            check(&[(unknown, Text)]);
            if unknown != "\"" {
                check(&[(&format!("{unknown},{om};q=0.1"), OpenMetrics)]);
            }
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
