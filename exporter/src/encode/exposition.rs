//! An exposition that is written in pieces, in any format.

use super::openmetrics::{self, OpenMetrics};
use super::part::Part;
use super::progress::Progress;
use super::protobuf;
use super::text;
use crate::encode::negotiate::{Format, Protocol};
use std::mem;

/// An exposition, written family by family, and handed over in pieces, so that it is never in
/// memory as a whole.
pub(crate) struct Exposition {
    protocol: Protocol,
    out: Out,
    /// The pieces written before `out` that are not handed over yet.
    pieces: Vec<Vec<u8>>,
    /// Of the family that is being written.
    progress: Progress,
}

enum Out {
    Text(String),
    Bytes(Vec<u8>),
}

impl Exposition {
    /// An exposition without families, in memory whose contents are dropped.
    pub(crate) fn new(protocol: Protocol, mut memory: Vec<u8>) -> Self {
        memory.clear();
        let out = match protocol.format {
            Format::Text | Format::Text1 | Format::OpenMetrics => Out::Text(text_in(memory)),
            Format::Protobuf => Out::Bytes(memory),
        };
        Self { protocol, out, pieces: Vec::new(), progress: Progress::default() }
    }

    /// Continues a family, until the present piece has `full` bytes. Returns the family's number of
    /// series once it is complete: before that, the next call must be for the same family.
    ///
    /// `is_exposed` returns whether the whole exposition, including later families, has series of a
    /// name.
    pub(crate) fn push(
        &mut self,
        part: Part<'_>,
        is_exposed: &dyn Fn(&str) -> bool,
        full: usize,
    ) -> Option<usize> {
        let Self { protocol, out, pieces, progress } = self;
        let escaping = protocol.escaping();
        let is_whole = match out {
            Out::Text(out) if protocol.format == Format::OpenMetrics => {
                let created = protocol.created;
                let format = OpenMetrics { is_exposed, escaping, created };
                text::write(&format, part, progress, out, full)
            }
            Out::Text(out) => text::write(&text::Text { escaping }, part, progress, out, full),
            Out::Bytes(out) => protobuf::write(*protocol, part, progress, pieces, out, full),
        };
        is_whole.then(|| mem::take(progress).exposed)
    }

    /// The bytes of the present piece.
    pub(crate) fn len(&self) -> usize {
        match &self.out {
            Out::Text(out) => out.len(),
            Out::Bytes(out) => out.len(),
        }
    }

    /// Writes the end, after the last family.
    pub(crate) fn end(&mut self) {
        if let (Out::Text(out), Format::OpenMetrics) = (&mut self.out, self.protocol.format) {
            out.push_str(openmetrics::END);
        }
    }

    /// The pieces that can be sent: everything written, except for a message whose length, which
    /// precedes it, is not known yet. Further output goes to `memory`, whose contents are dropped.
    pub(crate) fn take(&mut self, mut memory: Vec<u8>) -> impl Iterator<Item = Vec<u8>> {
        memory.clear();
        self.pieces.push(match &mut self.out {
            Out::Text(out) => mem::replace(out, text_in(memory)).into_bytes(),
            Out::Bytes(out) => mem::replace(out, memory),
        });
        let ready = match &mut self.progress.open {
            Some((_, first)) => mem::take(first),
            None => self.pieces.len(),
        };
        self.pieces.drain(..ready)
    }
}

/// Empty memory is text, too.
fn text_in(memory: Vec<u8>) -> String {
    String::from_utf8(memory).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::Exposition;
    use crate::encode::negotiate::{Format, Protocol};
    use crate::names::Distinct;
    use tickmetrics::Escaping;
    use tickmetrics::prelude::*;

    fn registry() -> Registry {
        let registry = Registry::new();
        let description = |name| Description::new(name, "Help.").max(1000).native(2);
        let orders: Counter<bool> = registry.register(&description("orders_total")).unwrap();
        orders.with(true).add(7);
        registry.register::<Gauge>(&description("depth")).unwrap().set(1.5);
        for name in ["wait", "work.done", "unused"] {
            let wait: Histogram<bool> = registry.register(&description(name)).unwrap();
            if name != "unused" {
                wait.with(true).record(2000);
                wait.with(false).record_signed(-1);
                wait.with(true).record_signed(-1);
            }
        }
        registry
    }

    #[test]
    fn pieces_of_any_length_are_the_whole() {
        let snapshot = registry().snapshot();
        for (format, escaping) in [
            (Format::Text, None),
            (Format::Text1, Some(Escaping::AllowUtf8)),
            (Format::OpenMetrics, None),
            (Format::OpenMetrics, Some(Escaping::Values)),
            (Format::Protobuf, Some(Escaping::AllowUtf8)),
        ] {
            let protocol = Protocol::new(format, escaping);
            let distinct = Distinct::new(&snapshot, protocol.escaping());
            let is_exposed = |name: &str| distinct.contains(name);
            let (_, whole) = crate::encode::render(&snapshot, Some(protocol.content_type()));
            for full in 1..whole.len() + 2 {
                let mut exposition = Exposition::new(protocol, Vec::new());
                let mut all = Vec::new();
                for family in snapshot.families() {
                    let mut series = None;
                    while series.is_none() {
                        series = exposition.push(family.into(), &is_exposed, full);
                        if exposition.len() >= full {
                            all.extend(exposition.take(b"spare".to_vec()).flatten());
                        }
                    }
                }
                exposition.end();
                all.extend(exposition.take(Vec::new()).flatten());
                assert!(all == whole, "{protocol:?} in pieces of {full}");
            }
        }
    }
}
