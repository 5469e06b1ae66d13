//! Text format 0.0.4 (<https://prometheus.io/docs/instrumenting/exposition_formats/>).

use super::family::FamilyType;
use super::lines::{Dialect, Names};
use tickmetrics::Escaping;

/// Prometheus' own text formats.
pub(super) struct Text {
    pub(super) escaping: Escaping,
}

impl Dialect for Text {
    const QUOTES: bool = false;
    const EXEMPLARS: bool = false;
    const SIGNED: bool = true;

    fn escaping(&self) -> Escaping {
        self.escaping
    }

    fn names<'n>(&self, name: &'n str, family_type: FamilyType) -> Names<'n> {
        Names { family: name, family_type: family_type.name(), suffix: "" }
    }

    fn has_created(&self, _: &Names<'_>) -> bool {
        false
    }

    fn push_unit(&self, _: &mut Vec<u8>, _: &str, _: &str) {}
}
