//! The formats, and each library's encoders for them.

use fastmetrics::format::text::{EscapingScheme, TextProfile};
use metrics_exporter_prometheus::PrometheusHandle;
use prometheus::Encoder as _;
use prometheus_client::encoding::prometheus_protobuf::prometheus_data_model::MetricFamily;
use prost::Message as _;
use std::thread;
use tickmetrics::Registry;

/// A scraper's requested format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Text,
    OpenMetrics,
    Protobuf,
}

impl Format {
    pub(crate) fn what(self) -> &'static str {
        match self {
            Self::Text => "text 0.0.4",
            Self::OpenMetrics => "OpenMetrics",
            Self::Protobuf => "protobuf",
        }
    }
}

/// An output buffer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Buffer {
    text: String,
    bytes: Vec<u8>,
}

impl Buffer {
    pub(crate) fn clear(&mut self) {
        self.text.clear();
        self.bytes.clear();
    }

    /// The bytes written.
    pub(crate) fn len(&self) -> usize {
        self.text.len() + self.bytes.len()
    }

    /// Takes over those of the other's buffers that have more room.
    pub(crate) fn keep_larger(&mut self, other: Self) {
        if self.text.capacity() < other.text.capacity() {
            self.text = other.text;
        }
        if self.bytes.capacity() < other.bytes.capacity() {
            self.bytes = other.bytes;
        }
    }

    /// How many series were written: with a text's lines of this name, of a histogram the last bucket.
    pub(crate) fn series(&self, format: Format, name: &str) -> Result<usize, String> {
        if format != Format::Protobuf {
            let of_name = |line: &&str| {
                line.starts_with(name) && (!line.contains("le=") || line.contains("le=\"+Inf\""))
            };
            return Ok(self.text.lines().filter(of_name).filter(|it| it.contains('{')).count());
        }
        let (mut rest, mut series) = (&self.bytes[..], 0);
        while !rest.is_empty() {
            let family =
                MetricFamily::decode_length_delimited(&mut rest).map_err(|it| it.to_string())?;
            series += family.metric.len();
        }
        Ok(series)
    }
}

/// A library's name, and the maker of its metric with so many series.
pub(crate) type Library = (&'static str, fn(usize) -> Scrape);

type Write = Box<dyn Fn(&mut Buffer)>;

/// A library's series, and how it writes them.
pub(crate) struct Scrape {
    record: Box<dyn Fn() + Send + Sync>,
    writes: Vec<(Format, Write)>,
    /// Where ours are.
    pub(crate) registry: Option<Registry>,
}

impl Scrape {
    /// `record` records to all series, and is called at once.
    pub(crate) fn new(record: impl Fn() + Send + Sync + 'static) -> Self {
        record();
        Self { record: Box::new(record), writes: Vec::new(), registry: None }
    }

    /// How it writes a format, if it has that.
    pub(crate) fn writes(&self, format: Format) -> Option<&Write> {
        self.writes.iter().find_map(|(its, write)| (*its == format).then_some(write))
    }

    /// Records once more, to the same series, on a thread of its own.
    pub(crate) fn record_on_a_thread(&self) {
        let record = &self.record;
        thread::scope(|scope| {
            scope.spawn(record);
        });
    }

    pub(crate) fn text(self, write: impl Fn(&mut String) + 'static) -> Self {
        self.format(Format::Text, move |out| write(&mut out.text))
    }

    fn openmetrics(self, write: impl Fn(&mut String) + 'static) -> Self {
        self.format(Format::OpenMetrics, move |out| write(&mut out.text))
    }

    fn protobuf(self, write: impl Fn(&mut Vec<u8>) + 'static) -> Self {
        self.format(Format::Protobuf, move |out| write(&mut out.bytes))
    }

    fn format(mut self, format: Format, write: impl Fn(&mut Buffer) + 'static) -> Self {
        self.writes.push((format, Box::new(write)));
        self
    }

    pub(crate) fn ours(registry: Registry, record: impl Fn() + Send + Sync + 'static) -> Self {
        let [text, openmetrics, protobuf] = [(); 3].map(|()| registry.clone());
        let new = Self::new(record)
            .text(move |out| tickmetrics_exporter::encode::text(&text.snapshot(), out))
            .openmetrics(move |out| {
                tickmetrics_exporter::encode::openmetrics(&openmetrics.snapshot(), out);
            })
            .protobuf(move |out| tickmetrics_exporter::encode::protobuf(&protobuf.snapshot(), out));
        Self { registry: Some(registry), ..new }
    }

    pub(crate) fn prometheus(
        registry: prometheus::Registry,
        record: impl Fn() + Send + Sync + 'static,
    ) -> Self {
        let text = registry.clone();
        Self::new(record)
            .text(move |out| {
                let encoder = prometheus::TextEncoder::new();
                encoder.encode_utf8(&text.gather(), out).expect("it is text");
            })
            .protobuf(move |out| {
                let encoder = prometheus::ProtobufEncoder::new();
                encoder.encode(&registry.gather(), out).expect("there is memory");
            })
    }

    pub(crate) fn prometheus_client(
        registry: prometheus_client::registry::Registry,
        record: impl Fn() + Send + Sync + 'static,
    ) -> Self {
        use prometheus_client::encoding::{prometheus_protobuf, text};
        let registry = std::rc::Rc::new(registry);
        let [one, other] = [(); 2].map(|()| registry.clone());
        Self::new(record)
            .text(move |out| text::encode(out, &one).expect("it is text"))
            .openmetrics(move |out| text::encode(out, &other).expect("it is text"))
            // It can't write into existing memory.
            .protobuf(move |out| {
                *out = prometheus_protobuf::encode_to_vec(&registry).expect("there is memory");
            })
    }

    pub(crate) fn metrics(
        handle: PrometheusHandle,
        record: impl Fn() + Send + Sync + 'static,
    ) -> Self {
        let text = handle.clone();
        Self::new(record)
            // It can't write into an existing `String`.
            .text(move |out| *out = text.render())
            .protobuf(move |out| handle.render_protobuf_to_write(out).expect("there is memory"))
    }

    pub(crate) fn fastmetrics(
        registry: fastmetrics::registry::Registry,
        record: impl Fn() + Send + Sync + 'static,
    ) -> Self {
        use fastmetrics::format::{prost, text};
        let registry = std::rc::Rc::new(registry);
        let [one, other] = [(); 2].map(|()| registry.clone());
        let openmetrics =
            TextProfile::OpenMetricsV1_0_0 { escaping_scheme: EscapingScheme::default() };
        Self::new(record)
            .text(move |out| {
                text::encode(out, &one, TextProfile::PrometheusV0_0_4).expect("it is text");
            })
            .openmetrics(move |out| text::encode(out, &other, openmetrics).expect("it is text"))
            .protobuf(move |out| {
                let profile = prost::ProtobufProfile::Prometheus;
                prost::encode(out, &registry, profile).expect("there is memory");
            })
    }
}
