//! The input of a client of the HTTP front: requests with known responses.

use crate::answers::{PASSWORD, TOKEN};
use arbitrary::Arbitrary;
use std::fmt::Write as _;

/// Requests over one connection, at the most.
const REQUESTS: usize = 6;
/// Headers, parameters and elements of a list.
const FEW: usize = 5;

/// One connection: requests one behind the other.
#[derive(Arbitrary, Debug)]
pub struct Conversation {
    requests: Vec<Request>,
    /// Whether the front asks for credentials.
    pub is_protected: bool,
    /// The bytes in one read, 0 for all.
    pub piece: u8,
    /// Where it breaks off, in bytes from the end.
    cut: Option<u16>,
}

#[derive(Arbitrary, Debug)]
struct Request {
    method: Method,
    target: Target,
    query: Vec<Parameter>,
    is_old: bool,
    host: Host,
    headers: Vec<Header>,
    accept: Option<Vec<(Range, u16)>>,
    accept_encoding: Option<[Option<u16>; 4]>,
    connection: Connection,
    framing: Framing,
}

#[derive(Arbitrary, Clone, Copy, Debug, PartialEq)]
enum Method {
    Get,
    Get2,
    Get3,
    Head,
    Post,
    Options,
    Trace,
    Unknown,
}

#[derive(Arbitrary, Clone, Copy, Debug, PartialEq)]
enum Target {
    Metrics,
    Metrics2,
    MetricsOfHost,
    Index,
    Health,
    Ready,
    Elsewhere,
    Deeper,
    Star,
    Authority,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Parameter {
    Name(Wanted),
    Encoded(Wanted),
    Other(u8),
}

/// A family that is there, one of its series, or none.
#[derive(Arbitrary, Clone, Copy, Debug, PartialEq)]
enum Wanted {
    Ticks,
    Level,
    Wait,
    WaitBucket,
    Nothing,
}

#[derive(Arbitrary, Clone, Copy, Debug, PartialEq)]
enum Host {
    Good,
    Address,
    Port,
    Empty,
    Missing,
    Twice,
    Bad,
}

#[derive(Arbitrary, Clone, Debug)]
enum Header {
    /// One of [`CREDENTIALS`].
    Authorization(u8),
    Other(u8, Vec<u8>),
    Expect,
    /// Faults for which RFC 9112 has a server refuse the request.
    NoColon,
    SpaceBeforeColon,
    BadName,
    Folded,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Range {
    OpenMetrics,
    OpenMetrics1,
    OpenMetrics9,
    OpenMetricsUtf8,
    TextDots,
    TextUnknown,
    Text,
    Text004,
    Text1,
    Protobuf,
    ProtobufText,
    Any,
    AnyText,
    Html,
}

#[derive(Arbitrary, Clone, Copy, Debug, PartialEq)]
enum Connection {
    None,
    Close,
    KeepAlive,
    OtherAndClose,
}

#[derive(Arbitrary, Clone, Debug)]
enum Framing {
    None,
    None2,
    None3,
    Length(Vec<u8>),
    Chunked(Vec<Vec<u8>>),
    /// A length that is another one.
    Wrong(Vec<u8>, u8),
    Both(Vec<u8>),
    /// A length that is no number.
    NoNumber,
    TwoLengths,
    Coding,
}

/// How a request must be answered.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: Vec<u16>,
    pub is_head: bool,
    /// Whether there is none after it, and whether that is open.
    pub closes: bool,
    pub may_close: bool,
    /// Whether the answers after it can't be predicted.
    pub loses_track: bool,
    pub metrics: Option<Metrics>,
    /// Whether it has the web configuration's header, where that is known. The HTTP library's own
    /// refusals lack it.
    pub is_framed: Option<bool>,
}

/// An exposition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metrics {
    pub content_type: &'static str,
    pub coding: Option<&'static str>,
    /// The program's own families.
    pub families: Vec<&'static str>,
    /// Whether the exporter's are there, too.
    pub is_whole: bool,
}

/// All bytes, and the expected answers to the requests that are whole.
pub struct Said {
    pub bytes: Vec<u8>,
    pub answers: Vec<Answer>,
    /// Whether the last request is only begun: it may be refused.
    pub is_cut: bool,
}

impl Conversation {
    pub fn said(&self) -> Said {
        let (mut bytes, mut answers, mut ends) = (Vec::new(), Vec::new(), Vec::new());
        for request in self.requests.iter().take(REQUESTS) {
            let head = request.head();
            bytes.extend(&head);
            ends.push(bytes.len());
            request.push_body(&mut bytes);
            answers.push(request.answer(self.is_protected));
        }
        let length = bytes.len().saturating_sub(self.cut.unwrap_or(0).into());
        let is_cut = length < bytes.len();
        bytes.truncate(length);
        // A body need not be whole for its request to be answered.
        let whole = ends.iter().take_while(|&&end| end <= length).count();
        answers.truncate(whole);
        if let (true, Some(last)) = (is_cut, answers.last_mut()) {
            last.may_close = true;
        }
        Said { bytes, answers, is_cut }
    }
}

impl Request {
    fn head(&self) -> Vec<u8> {
        let mut head = String::new();
        let version = if self.is_old { "1.0" } else { "1.1" };
        let _ = write!(
            head,
            "{} {}{} HTTP/{version}\r\n",
            self.method.name(),
            self.target.text(),
            self.query()
        );
        let host = match self.host {
            Host::Good => "Host: a\r\n",
            Host::Address => "Host: 192.0.2.1:9464\r\n",
            Host::Port => "host: [2001:db8::1]:9464\r\n",
            Host::Empty => "HOST:\r\n",
            Host::Missing => "",
            Host::Twice => "Host: a\r\nHost: a\r\n",
            Host::Bad => "Host: a/b\r\n",
        };
        head.push_str(host);
        if let Some(accept) = &self.accept {
            head.push_str("Accept: ");
            for (at, (range, quality)) in accept.iter().take(FEW).enumerate() {
                let comma = if at > 0 { ", " } else { "" };
                let _ = write!(head, "{comma}{};q={:.3}", range.text(), thousandths(*quality));
            }
            head.push_str("\r\n");
        }
        if let Some(codings) = self.accept_encoding {
            head.push_str("Accept-Encoding: ");
            let named = ["zstd", "gzip", "identity", "*"].into_iter().zip(codings);
            let named = named.filter_map(|(name, quality)| Some((name, quality?)));
            for (at, (name, quality)) in named.enumerate() {
                let comma = if at > 0 { "," } else { "" };
                let _ = write!(head, "{comma}{name};q={:.3}", thousandths(quality));
            }
            head.push_str("\r\n");
        }
        head.push_str(match self.connection {
            Connection::None => "",
            Connection::Close => "Connection: close\r\n",
            Connection::KeepAlive => "Connection: Keep-Alive\r\n",
            Connection::OtherAndClose => "Connection: x, Close\r\n",
        });
        let mut head = head.into_bytes();
        for header in self.headers.iter().take(FEW) {
            header.push(&mut head);
        }
        let framing = match &self.framing {
            Framing::None | Framing::None2 | Framing::None3 => String::new(),
            Framing::Length(body) => format!("Content-Length: {}\r\n", body.len()),
            Framing::Chunked(_) => "Transfer-Encoding: chunked\r\n".into(),
            Framing::Wrong(_, length) => format!("Content-Length: {length}\r\n"),
            Framing::Both(body) => {
                format!("Content-Length: {}\r\nTransfer-Encoding: chunked\r\n", body.len())
            }
            Framing::NoNumber => "Content-Length: +3\r\n".into(),
            Framing::TwoLengths => "Content-Length: 3\r\nContent-Length: 4\r\n".into(),
            Framing::Coding => "Transfer-Encoding: gzip, chunked\r\n".into(),
        };
        head.extend(framing.bytes());
        head.extend(b"\r\n");
        head
    }

    fn push_body(&self, bytes: &mut Vec<u8>) {
        match &self.framing {
            Framing::Length(body) | Framing::Wrong(body, _) | Framing::Both(body) => {
                bytes.extend(body);
            }
            Framing::Chunked(chunks) => {
                for chunk in chunks.iter().filter(|chunk| !chunk.is_empty()) {
                    bytes.extend(format!("{:x}\r\n", chunk.len()).bytes());
                    bytes.extend(chunk);
                    bytes.extend(b"\r\n");
                }
                bytes.extend(b"0\r\n\r\n");
            }
            _ => {}
        }
    }

    fn query(&self) -> String {
        let mut query = String::new();
        if !self.target.is_path() {
            return query;
        }
        for (at, parameter) in self.query.iter().take(FEW).enumerate() {
            query.push(if at > 0 { '&' } else { '?' });
            let _ = match parameter {
                Parameter::Name(wanted) => write!(query, "name[]={}", wanted.name()),
                Parameter::Encoded(wanted) => {
                    let name = wanted.name().replace('_', "%5f");
                    write!(query, "na%6De%5B%5d={name}")
                }
                Parameter::Other(other) => write!(query, "name{other}=ticks_total"),
            };
        }
        query
    }

    /// Whether it has credentials that are right: only one of them, whichever.
    fn is_admitted(&self) -> bool {
        let mut given = self.headers.iter().take(FEW).filter_map(|header| match header {
            Header::Authorization(how) => Some(CREDENTIALS[usize::from(*how) % CREDENTIALS.len()]),
            _ => None,
        });
        matches!((given.next(), given.next()), (Some((_, true)), None))
    }

    fn answer(&self, is_protected: bool) -> Answer {
        let Self { method, target, framing, .. } = self;
        let body = match framing {
            Framing::None | Framing::None2 | Framing::None3 => false,
            Framing::Length(body) => !body.is_empty(),
            _ => true,
        };
        let is_odd = |header: &Header| {
            !matches!(header, Header::Authorization(_) | Header::Other(..) | Header::Expect)
        };
        let is_no_http = self.headers.iter().take(FEW).any(is_odd)
            || matches!(framing, Framing::NoNumber | Framing::TwoLengths);
        let has_host = match self.host {
            Host::Missing => self.is_old,
            Host::Twice | Host::Bad => false,
            _ => true,
        };
        let has_target = match target {
            Target::Star => *method == Method::Options,
            Target::Authority => false,
            _ => true,
        };
        let is_asked = matches!(method, Method::Get | Method::Get2 | Method::Get3 | Method::Head);
        let is_unread = matches!(framing, Framing::Both(_) | Framing::Wrong(..));
        let mut refused = true;
        let status = if is_no_http || !has_host || !has_target {
            vec![400]
        } else if matches!(framing, Framing::Coding) && !self.is_old {
            vec![501]
        } else if self.is_old
            && matches!(framing, Framing::Chunked(_) | Framing::Both(_) | Framing::Coding)
        {
            // HTTP/1.0 has no codings.
            vec![400, 200, 401, 404, 405, 501]
        } else if is_protected && !self.is_admitted() {
            refused = false;
            vec![401]
        } else {
            refused = false;
            match target {
                Target::Elsewhere | Target::Deeper => vec![404],
                _ if *method == Method::Unknown => vec![501],
                _ if !is_asked => vec![405],
                _ => vec![200],
            }
        };
        let is_metrics =
            matches!(target, Target::Metrics | Target::Metrics2 | Target::MetricsOfHost);
        let closes = match self.connection {
            Connection::Close | Connection::OtherAndClose => true,
            Connection::KeepAlive => false,
            Connection::None => self.is_old,
        };
        let is_whole = status == [200] && is_metrics;
        Answer {
            closes: closes || refused && matches!(status[..], [400 | 501]),
            // An exposition to HTTP/1.0 can end with the connection.
            may_close: body || refused || self.is_old && is_metrics,
            loses_track: is_unread || refused,
            is_head: *method == Method::Head,
            metrics: is_whole.then(|| self.metrics()),
            is_framed: (!refused).then_some(is_protected),
            status,
        }
    }

    fn metrics(&self) -> Metrics {
        let wanted = self.query.iter().take(FEW).filter_map(|parameter| match parameter {
            Parameter::Name(wanted) | Parameter::Encoded(wanted) => Some(*wanted),
            Parameter::Other(_) => None,
        });
        let wanted: Vec<Wanted> = wanted.collect();
        let all =
            [("level", Wanted::Level), ("ticks_total", Wanted::Ticks), ("wait", Wanted::Wait)];
        let is_wanted = |of: Wanted| {
            let part = of == Wanted::Wait && wanted.contains(&Wanted::WaitBucket);
            wanted.is_empty() || wanted.contains(&of) || part
        };
        let families = all.into_iter().filter(|&(_, of)| is_wanted(of)).map(|(name, _)| name);
        Metrics {
            content_type: self.content_type(),
            coding: self.coding(),
            families: families.collect(),
            is_whole: wanted.is_empty(),
        }
    }

    /// By RFC 9110, 12.5.1: the one of the highest weight, and of equals the first. Wildcards stand for
    /// text, where the header does not name it.
    fn content_type(&self) -> &'static str {
        let (mut best, mut any, mut names_text) = ((Range::Text, 0), 0, false);
        for &(range, quality) in self.accept.iter().flatten().take(FEW) {
            let quality = quality % 1001;
            match range {
                Range::OpenMetrics9 | Range::ProtobufText | Range::Html => {}
                Range::Any | Range::AnyText => any = any.max(quality),
                named => {
                    names_text |= matches!(
                        named,
                        Range::Text
                            | Range::Text004
                            | Range::Text1
                            | Range::TextDots
                            | Range::TextUnknown
                    );
                    if quality > best.1 {
                        best = (named, quality);
                    }
                }
            }
        }
        if !names_text && any > best.1 {
            best.0 = Range::Text;
        }
        match best.0 {
            Range::OpenMetrics | Range::OpenMetrics1 => {
                "application/openmetrics-text; version=1.0.0; charset=utf-8"
            }
            Range::OpenMetricsUtf8 => {
                "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8"
            }
            Range::TextDots => "text/plain; version=0.0.4; charset=utf-8; escaping=dots",
            Range::Text1 => "text/plain; version=1.0.0; charset=utf-8",
            Range::Protobuf => {
                "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; \
                 encoding=delimited"
            }
            _ => "text/plain; version=0.0.4; charset=utf-8",
        }
    }

    /// By RFC 9110, 12.5.3, and of equals the quickest.
    fn coding(&self) -> Option<&'static str> {
        let [zstd, gzip, identity, any] = self.accept_encoding?.map(|it| it.map(|it| it % 1001));
        let quality = |it: Option<u16>| it.or(any).unwrap_or(0);
        let [zstd, gzip, identity] = [zstd, gzip, identity].map(quality);
        match zstd.max(gzip).max(identity) {
            0 => None,
            most if most == zstd => Some("zstd"),
            most if most == gzip => Some("gzip"),
            _ => None,
        }
    }
}

/// The header `Authorization`, and whether it is right. A wrong password is not among them: another
/// thread would hash it, for which a client in memory does not wait.
const CREDENTIALS: [(&str, bool); 12] = [
    (PASSWORD, true),
    (TOKEN, true),
    ("bEARER 0123456789abcdef", true),
    ("basic YWxpY2U6Y29ycmVjdCBob3JzZQ==", true),
    ("Basic YWxpY2U6Y29ycmVjdCBob3JzZQ", false),
    ("Bearer 0123456789abcde", false),
    ("Bearer 0123456789abcdef0", false),
    ("Bearer YWxpY2U6Y29ycmVjdCBob3JzZQ==", false),
    ("Basic 0123456789abcdef!", false),
    ("Basic =", false),
    ("", false),
    ("Digest username=\"alice\"", false),
];

fn thousandths(quality: u16) -> f64 {
    f64::from(quality % 1001) / 1000.0
}

impl Method {
    fn name(self) -> &'static str {
        match self {
            Self::Get | Self::Get2 | Self::Get3 => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Options => "OPTIONS",
            Self::Trace => "TRACE",
            Self::Unknown => "BREW",
        }
    }
}

impl Target {
    fn text(self) -> &'static str {
        match self {
            Self::Metrics | Self::Metrics2 => "/metrics",
            Self::MetricsOfHost => "http://b/metrics",
            Self::Index => "/",
            Self::Health => "/health",
            Self::Ready => "/ready",
            Self::Elsewhere => "/metric",
            Self::Deeper => "/metrics/",
            Self::Star => "*",
            Self::Authority => "a:9464",
        }
    }

    fn is_path(self) -> bool {
        !matches!(self, Self::Star | Self::Authority)
    }
}

impl Wanted {
    fn name(self) -> &'static str {
        match self {
            Self::Ticks => "ticks_total",
            Self::Level => "level",
            Self::Wait => "wait",
            Self::WaitBucket => "wait_bucket",
            Self::Nothing => "nothing",
        }
    }
}

impl Header {
    fn push(&self, head: &mut Vec<u8>) {
        match self {
            Self::Authorization(how) => {
                let (value, _) = CREDENTIALS[usize::from(*how) % CREDENTIALS.len()];
                head.extend(format!("Authorization: {value}\r\n").bytes());
            }
            Self::Other(name, value) => {
                head.extend(format!("X-{name}: ").bytes());
                // Anything that a field's value may have (RFC 9110, 5.5).
                let value = value.iter().take(100).map(|&byte| match byte {
                    0..=31 | 127 => b'.',
                    other => other,
                });
                head.extend(value);
                head.extend(b"\r\n");
            }
            Self::Expect => head.extend(b"Expect: 100-continue\r\n"),
            Self::NoColon => head.extend(b"colon\r\n"),
            Self::SpaceBeforeColon => head.extend(b"X-A : b\r\n"),
            Self::BadName => head.extend(b"X(A): b\r\n"),
            Self::Folded => head.extend(b"X-A: b\r\n c\r\n"),
        }
    }
}

impl Range {
    fn text(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text",
            Self::OpenMetrics1 => "Application/OpenMetrics-text; version=\"1.0.0\"",
            Self::OpenMetrics9 => "application/openmetrics-text;version=9.0.0",
            Self::OpenMetricsUtf8 => {
                "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8"
            }
            Self::TextDots => "text/plain; escaping=dots",
            Self::TextUnknown => "text/plain;escaping=commas",
            Self::Text => "text/plain",
            Self::Text004 => "text/plain;version=0.0.4;charset=utf-8",
            Self::Text1 => "text/plain;version=1.0.0",
            Self::Protobuf => {
                "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;\
                 encoding=delimited"
            }
            Self::ProtobufText => {
                "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;\
                 encoding=text"
            }
            Self::Any => "*/*",
            Self::AnyText => "text/*",
            Self::Html => "text/html",
        }
    }
}
