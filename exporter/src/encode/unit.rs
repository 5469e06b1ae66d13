//! Units, which a family's name must end in.

/// Whether a family may declare this unit. An empty unit means none. A unit with a line break,
/// which a segment of another program may contain, would forge lines.
pub(super) fn ends_in_unit(family: &str, unit: &str) -> bool {
    let is_word = |unit: &str| !unit.contains(|c: char| c.is_whitespace() || c.is_control());
    let before = family.strip_suffix(unit).filter(|_| !unit.is_empty());
    before.is_some_and(|before| before.ends_with('_') && is_word(unit))
}

#[cfg(test)]
mod tests {
    use super::ends_in_unit;

    #[test]
    fn a_unit_that_is_no_word_is_left_out() {
        assert!(ends_in_unit("a_seconds", "seconds") && ends_in_unit("a_\u{b5}m", "\u{b5}m"));
        for unit in ["b\n# EOF", "b c", "b\r", "b\u{2028}c", "\0"] {
            assert!(!ends_in_unit(&format!("a_{unit}"), unit), "{unit:?}");
        }
    }
}
