//! Names and labels in the form that Prometheus allows, as `metrics-exporter-prometheus` writes them.

use metrics::{Key, Unit};

/// The most bytes of a label's value in a segment.
const MAX_VALUE_BYTES: usize = 1024;

/// The labels that a histogram adds to its own.
const OF_HISTOGRAMS: [&str; 2] = ["le", "quantile"];

/// A metric's name: `_` replaces what Prometheus does not allow.
pub(crate) fn metric(name: &str) -> String {
    sanitized(name, true)
}

/// A label's name. Names that begin with `__` are reserved: one underscore is left of them.
pub(crate) fn label(name: &str) -> String {
    let name = sanitized(name, false);
    match name.trim_start_matches('_') {
        "" => "_".to_owned(),
        rest if name.starts_with("__") => format!("_{rest}"),
        _ => name,
    }
}

fn sanitized(name: &str, colon: bool) -> String {
    let starts = |c: char| c.is_ascii_alphabetic() || c == '_' || colon && c == ':';
    let allowed = |(at, c): (usize, char)| starts(c) || at > 0 && c.is_ascii_digit();
    let chars = name.chars().enumerate();
    chars.map(|(at, c)| if allowed((at, c)) { c } else { '_' }).collect()
}

/// The labels of a series, sorted: the global ones and those of the key. Of several with one name, the
/// last one wins, and the key's own win over the global ones.
pub(crate) fn labels(
    global: &[(String, String)],
    key: &Key,
    is_histogram: bool,
) -> Vec<(String, String)> {
    let own = key.labels().map(|it| (label(it.key()), beginning(it.value()).to_owned()));
    let mut labels: Vec<(String, String)> = Vec::new();
    for (mut name, value) in global.iter().cloned().chain(own) {
        if is_histogram && OF_HISTOGRAMS.contains(&&*name) {
            // As Prometheus calls a label whose name it needs itself.
            name.insert_str(0, "exported_");
        }
        match labels.binary_search_by(|(known, _)| known.as_str().cmp(&name)) {
            Ok(at) => labels[at].1 = value,
            Err(at) => labels.insert(at, (name, value)),
        }
    }
    labels
}

/// The beginning of a label's value, as long as a segment can hold it.
pub(crate) fn beginning(value: &str) -> &str {
    let end = (0..=MAX_VALUE_BYTES.min(value.len())).rev().find(|&at| value.is_char_boundary(at));
    value.get(..end.unwrap_or_default()).unwrap_or_default()
}

/// A name that ends in its unit, and for a counter in `_total`.
pub(crate) fn recommended(name: &str, unit: Option<Unit>, is_counter: bool) -> String {
    const PARTS: [&str; 4] = ["_sum", "_count", "_bucket", "_total"];
    let unit = match unit {
        None | Some(Unit::Count) => "",
        Some(Unit::Percent) => "ratio",
        Some(unit) => unit.as_str(),
    };
    let part = PARTS.into_iter().find(|part| name.ends_with(part)).unwrap_or_default();
    let stem = name.strip_suffix(part).unwrap_or(name);
    let unit = if stem.ends_with(unit) { String::new() } else { format!("_{unit}") };
    let total = if is_counter && part != "_total" { "_total" } else { "" };
    format!("{stem}{unit}{part}{total}")
}

#[cfg(test)]
mod tests {
    use super::{beginning, label, labels, metric, recommended};
    use metrics::{Key, Label, Unit};

    #[test]
    fn names_are_those_that_prometheus_allows() {
        for (name, allowed) in [
            ("*", "_"),
            ("foo_bar", "foo_bar"),
            ("1foobar", "_foobar"),
            ("foo1:bar2", "foo1:bar2"),
            ("a.b-c d", "a_b_c_d"),
            ("høhe", "h_he"),
        ] {
            assert_eq!(metric(name), allowed, "{name}");
        }
        for (name, allowed) in
            [(":", "_"), ("1st", "_st"), ("a:b", "a_b"), ("__name__", "_name__"), ("", "_")]
        {
            assert_eq!(label(name), allowed, "{name}");
        }
    }

    #[test]
    fn the_last_label_of_a_name_wins() {
        let global = [("host".to_owned(), "a".to_owned()), ("le".to_owned(), "b".to_owned())];
        let own = [Label::new("x.y", "1"), Label::new("host", "c"), Label::new("x_y", "2")];
        let key = Key::from_parts("name", own.to_vec());
        let of = |is_histogram| labels(&global, &key, is_histogram);
        let pairs = |labels: Vec<(String, String)>| {
            labels
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert_eq!(pairs(of(false)), "host=c le=b x_y=2");
        assert_eq!(pairs(of(true)), "exported_le=b host=c x_y=2");
    }

    #[test]
    fn long_values_are_cut_between_characters() {
        assert_eq!(beginning("short"), "short");
        let long = format!("{}é", "a".repeat(1023));
        assert_eq!(beginning(&long).len(), 1023);
    }

    #[test]
    fn recommended_names_end_in_unit_and_total() {
        let bytes = Some(Unit::Bytes);
        for (name, unit, is_counter, expected) in [
            ("foo", None, true, "foo_total"),
            ("foo", bytes, true, "foo_bytes_total"),
            ("foo_total", bytes, true, "foo_bytes_total"),
            ("foo_bytes_total", bytes, true, "foo_bytes_total"),
            ("foo_bytes", bytes, false, "foo_bytes"),
            ("foo_count", Some(Unit::Seconds), false, "foo_seconds_count"),
            ("foo", Some(Unit::Count), false, "foo"),
            ("foo", Some(Unit::Percent), false, "foo_ratio"),
        ] {
            assert_eq!(recommended(name, unit, is_counter), expected);
        }
    }
}
