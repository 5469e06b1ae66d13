//! An exposition that is written in pieces, in any format.

use super::family::write;
#[cfg(feature = "json")]
use super::json::{self, Json};
use super::lines::Lines;
use super::negotiate::{Format, Protocol};
use super::openmetrics::{self, OpenMetrics};
use super::part::Part;
use super::progress::Progress;
use super::protobuf::{Messages, Open};
use super::text::Text;
use std::mem;

/// An exposition, written family by family, and handed over in pieces, so that it is never in
/// memory as a whole.
pub(crate) struct Exposition {
    protocol: Protocol,
    out: Vec<u8>,
    /// The pieces written before `out` that are not handed over yet.
    pieces: Vec<Vec<u8>>,
    /// Of the family that is being written.
    progress: Progress,
    /// In protobuf, the family that is being written.
    open: Option<Open>,
    /// In JSON, whether no family was written yet.
    #[cfg(feature = "json")]
    is_empty: bool,
}

impl Exposition {
    /// An exposition without families, in memory whose contents are dropped.
    pub(crate) fn new(protocol: Protocol, mut memory: Vec<u8>) -> Self {
        memory.clear();
        Self::after(memory, protocol)
    }

    /// An exposition without families, after other bytes.
    #[cfg_attr(not(feature = "json"), expect(unused_mut, reason = "JSON has a beginning"))]
    pub(super) fn after(mut out: Vec<u8>, protocol: Protocol) -> Self {
        #[cfg(feature = "json")]
        if protocol.format == Format::Json {
            json::begin(None, &mut out);
        }
        Self {
            protocol,
            out,
            pieces: Vec::new(),
            progress: Progress::default(),
            open: None,
            #[cfg(feature = "json")]
            is_empty: true,
        }
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
        let Self { protocol, out, pieces, progress, open, .. } = self;
        let (protocol, escaping) = (*protocol, protocol.escaping());
        let is_whole = match protocol.format {
            Format::Text | Format::Text1 => {
                let mut lines = Lines { dialect: Text { escaping } };
                write(&mut lines, part, progress, out, full)
            }
            Format::OpenMetrics => {
                let created = protocol.created;
                let mut lines = Lines { dialect: OpenMetrics { is_exposed, escaping, created } };
                write(&mut lines, part, progress, out, full)
            }
            Format::Protobuf => {
                write(&mut Messages { protocol, pieces, open }, part, progress, out, full)
            }
            #[cfg(feature = "json")]
            Format::Json => {
                write(&mut Json { is_empty: &mut self.is_empty }, part, progress, out, full)
            }
        };
        is_whole.then(|| mem::take(progress).exposed)
    }

    /// The bytes of the present piece.
    pub(crate) fn len(&self) -> usize {
        self.out.len()
    }

    /// Writes the end, after the last family.
    pub(crate) fn end(&mut self) {
        self.out.extend_from_slice(match self.protocol.format {
            Format::OpenMetrics => openmetrics::END,
            #[cfg(feature = "json")]
            Format::Json => json::END,
            _ => b"",
        });
    }

    /// The pieces that can be sent: everything written, except for a message whose length, which
    /// precedes it, is not known yet. Further output goes to `memory`, whose contents are dropped.
    pub(crate) fn take(&mut self, mut memory: Vec<u8>) -> impl Iterator<Item = Vec<u8>> {
        memory.clear();
        self.pieces.push(mem::replace(&mut self.out, memory));
        let ready = match &mut self.open {
            Some(open) => mem::take(&mut open.piece),
            None => self.pieces.len(),
        };
        self.pieces.drain(..ready)
    }
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
            #[cfg(feature = "json")]
            (Format::Json, None),
        ] {
            let protocol = Protocol::new(format, escaping);
            let distinct = Distinct::new(&snapshot, protocol.escaping());
            let is_exposed = |name: &str| distinct.contains(name);
            let whole = crate::encode::render_as(&snapshot, protocol);
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
