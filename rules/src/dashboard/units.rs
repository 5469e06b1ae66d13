//! Units of metrics, and Grafana's identifiers for them.
//!
//! The identifiers are those of
//! <https://github.com/grafana/grafana/blob/main/packages/grafana-data/src/valueFormats/categories.ts>.
//! `count:` and `suffix:` show any text behind the number.

use super::words;
use crate::catalogue::{Family, Kind};

/// A unit.
struct Unit {
    /// How metrics name it: the declared unit, or the end of the name.
    names: &'static [&'static str],
    /// Of a value.
    value: &'static str,
    /// Of a value that grows by so much each second.
    rate: &'static str,
}

const UNITS: [Unit; 16] = [
    // So many seconds a second are a share.
    Unit { names: &["seconds"], value: "s", rate: "percentunit" },
    Unit { names: &["milliseconds", "ms"], value: "ms", rate: "count:ms/s" },
    Unit { names: &["microseconds", "us"], value: "\u{b5}s", rate: "count:\u{b5}s/s" },
    Unit { names: &["nanoseconds", "ns"], value: "ns", rate: "count:ns/s" },
    Unit { names: &["bytes"], value: "bytes", rate: "binBps" },
    Unit { names: &["bits"], value: "bits", rate: "bps" },
    Unit { names: &["ratio"], value: "percentunit", rate: "count:/s" },
    Unit { names: &["percent"], value: "percent", rate: "count:%/s" },
    Unit { names: &["bps", "basis_points"], value: "suffix:bps", rate: "count:bps/s" },
    Unit { names: &["celsius"], value: "celsius", rate: "count:\u{b0}C/s" },
    Unit { names: &["volts"], value: "volt", rate: "count:V/s" },
    Unit { names: &["joules"], value: "joule", rate: "watt" },
    Unit { names: &["watts"], value: "watt", rate: "count:W/s" },
    Unit { names: &["usd", "dollars"], value: "currencyUSD", rate: "count:$/s" },
    Unit { names: &["eur", "euros"], value: "currencyEUR", rate: "count:\u{20ac}/s" },
    Unit { names: &["gbp", "pounds"], value: "currencyGBP", rate: "count:\u{a3}/s" },
];

/// A plain number in full, with separators. A price of 61 800.2 is not 61.8 K.
const NUMBER: &str = "locale";

/// A share, 0 to 1.
pub(super) const SHARE: &str = "percentunit";

/// Of the value of a metric.
pub(super) fn of_value(family: &Family) -> String {
    match (find(family), family.unit.as_str()) {
        (Some((unit, _)), _) => unit.value.into(),
        (None, "") => NUMBER.into(),
        (None, other) => format!("count:{other}"),
    }
}

/// Of the growth of a counter a second: of its unit, or of the things that its name says it counts.
pub(super) fn of_rate(family: &Family, stem: &str) -> String {
    match (find(family), family.unit.as_str()) {
        (Some((unit, _)), _) => unit.rate.into(),
        (None, "") => events(stem),
        (None, other) => format!("count:{other}/s"),
    }
}

/// Of events a second, by the name of what is counted.
pub(super) fn events(stem: &str) -> String {
    words::counted(stem).map_or_else(|| "cps".into(), |things| format!("count:{things}/s"))
}

/// The name of a metric without its unit, and without `_total` of a counter.
pub(super) fn without(family: &Family) -> &str {
    let mut name = family.name.as_str();
    if family.kind == Kind::Counter {
        name = name.strip_suffix("_total").unwrap_or(name);
    }
    let written = find(family).map_or(family.unit.as_str(), |(_, written)| written);
    cut(name, written).unwrap_or(name)
}

/// The unit, and how the name writes it.
fn find(family: &Family) -> Option<(&'static Unit, &'static str)> {
    let name = family.name.strip_suffix("_total").unwrap_or(&family.name);
    let in_name = |unit: &'static Unit| {
        unit.names.iter().copied().find(|written| cut(name, written).is_some())
    };
    if family.unit.is_empty() {
        return UNITS.iter().find_map(|unit| Some((unit, in_name(unit)?)));
    }
    let unit = UNITS.iter().find(|unit| unit.names.contains(&family.unit.as_str()))?;
    Some((unit, in_name(unit).unwrap_or_default()))
}

/// A name without the last words.
fn cut<'a>(name: &'a str, words: &str) -> Option<&'a str> {
    if words.is_empty() {
        return None;
    }
    name.strip_suffix(words)?.strip_suffix('_').filter(|rest| !rest.is_empty())
}

#[cfg(test)]
mod tests {
    use super::{of_rate, of_value, without};
    use crate::catalogue::{Family, Kind};

    fn family(name: &str, unit: &str) -> Family {
        let kind = if name.ends_with("_total") { Kind::Counter } else { Kind::Gauge };
        let mut family = Family::new(name, kind);
        family.unit = unit.into();
        family
    }

    #[test]
    fn units_are_declared_or_in_the_name() {
        let cases = [
            ("wait_seconds", "", "s", "wait"),
            ("wait_ms", "milliseconds", "ms", "wait"),
            ("slippage_bps", "", "suffix:bps", "slippage"),
            ("price", "", "locale", "price"),
            ("position_lots", "lots", "count:lots", "position"),
            ("bytes", "", "locale", "bytes"),
        ];
        for (name, unit, value, stem) in cases {
            let family = family(name, unit);
            assert_eq!((&*of_value(&family), without(&family)), (value, stem), "{name}");
        }
    }

    #[test]
    fn rates_name_what_is_counted() {
        let cases = [
            ("orders_filled_total", "", "count:orders/s"),
            ("read_bytes_total", "", "binBps"),
            ("cpu_seconds_total", "seconds", "percentunit"),
            ("volume_total", "", "cps"),
            ("volume_shares_total", "shares", "count:shares/s"),
        ];
        for (name, unit, rate) in cases {
            let family = family(name, unit);
            assert_eq!(of_rate(&family, without(&family)), rate, "{name}");
        }
    }
}
