//! Text format 0.0.4 (<https://prometheus.io/docs/instrumenting/exposition_formats/>) and
//! `OpenMetrics` 1.0.0 (<https://prometheus.io/docs/specs/om/open_metrics_spec/>), byte by byte.

use super::{Error, Families, Family, Labels, Number};
use std::collections::BTreeMap;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    Text,
    OpenMetrics,
}

/// Reads a whole exposition.
///
/// # Errors
/// The first line that the format does not allow, and why.
pub fn read(dialect: Dialect, text: &str) -> Result<Families, Error> {
    let mut families = Families::new();
    let mut rest = text;
    if dialect == Dialect::OpenMetrics {
        rest = rest.strip_suffix("# EOF\n").ok_or("it does not end with # EOF")?;
    }
    let mut reader = Reader { dialect, families: &mut families, current: None };
    while !rest.is_empty() {
        let (line, after) = rest.split_once('\n').ok_or("the last line has no end")?;
        reader.line(line).map_err(|error| format!("{error}: {line}"))?;
        rest = after;
    }
    if dialect == Dialect::OpenMetrics {
        check_names(&families)?;
    }
    Ok(families)
}

struct Reader<'a> {
    dialect: Dialect,
    families: &'a mut Families,
    /// The family whose samples may come, and which lines of it were there.
    current: Option<Current>,
}

struct Current {
    name: String,
    help: bool,
    kind: bool,
    unit: bool,
}

impl Reader<'_> {
    fn line(&mut self, line: &str) -> Result<(), Error> {
        let Some(comment) = line.strip_prefix('#') else { return self.sample(line) };
        let mut words = comment.splitn(4, ' ');
        let ("", Some(keyword), Some(name), Some(rest)) =
            (words.next().unwrap_or_default(), words.next(), words.next(), words.next())
        else {
            return Err("a comment of another kind".into());
        };
        metric_name(name)?;
        if self.current.as_ref().is_none_or(|current| current.name != name) {
            if self.families.insert(name.to_owned(), Family::default()).is_some() {
                return Err("the family is there twice".into());
            }
            let name = name.to_owned();
            self.current = Some(Current { name, help: false, kind: false, unit: false });
        }
        let (Some(current), Some(family)) = (&mut self.current, self.families.get_mut(name)) else {
            return Err("no family".into());
        };
        if !family.samples.is_empty() {
            return Err("it follows the family's samples".into());
        }
        let openmetrics = self.dialect == Dialect::OpenMetrics;
        let seen = match keyword {
            "HELP" => {
                family.help = unescaped(rest, openmetrics)?;
                &mut current.help
            }
            "TYPE" => {
                let kinds: &[&str] = match self.dialect {
                    Dialect::Text => &["counter", "gauge", "histogram", "summary", "untyped"],
                    Dialect::OpenMetrics => {
                        &["counter", "gauge", "histogram", "unknown", "summary"]
                    }
                };
                if !kinds.contains(&rest) {
                    return Err("a type that is none".into());
                }
                family.kind = rest.to_owned();
                &mut current.kind
            }
            "UNIT" if openmetrics => {
                if !name.ends_with(&format!("_{rest}")) || rest.is_empty() {
                    return Err("the name does not end in the unit".into());
                }
                family.unit = rest.to_owned();
                &mut current.unit
            }
            _ => return Err("a comment of another kind".into()),
        };
        if std::mem::replace(seen, true) {
            return Err("it appears twice".into());
        }
        Ok(())
    }

    fn sample(&mut self, line: &str) -> Result<(), Error> {
        let end = line.find(['{', ' ']).ok_or("neither labels nor a value")?;
        let (name, mut rest) = line.split_at(end);
        metric_name(name)?;
        let mut labels = Labels::new();
        if let Some(inner) = rest.strip_prefix('{') {
            (labels, rest) = self::labels(inner)?;
        }
        let value = rest.strip_prefix(' ').ok_or("no blank before the value")?;
        let value = number(value).ok_or("the value is no number")?;
        let current = self.current.as_ref().filter(|current| current.kind);
        let family = current.map(|current| current.name.clone()).ok_or("it has no type")?;
        let allowed = {
            let kind = &self.families[&family].kind;
            let created = match (self.dialect, &**kind) {
                (Dialect::OpenMetrics, "counter" | "histogram" | "summary") => &["_created"][..],
                _ => &[],
            };
            let mut all = suffixes(self.dialect, kind).iter().chain(created);
            all.any(|suffix| name == format!("{family}{suffix}"))
        };
        let own = self.families.get_mut(&family).filter(|_| allowed);
        let own = own.ok_or("it is no sample of the family before it")?;
        if own.samples.insert((name.to_owned(), labels), Number(value)).is_some() {
            return Err("the series is there twice".into());
        }
        Ok(())
    }
}

/// The suffixes of the names of a family's samples.
fn suffixes(dialect: Dialect, kind: &str) -> &'static [&'static str] {
    match (dialect, kind) {
        (_, "histogram") => &["_bucket", "_sum", "_count"],
        (_, "summary") => &["", "_sum", "_count"],
        (Dialect::OpenMetrics, "counter") => &["_total"],
        _ => &[""],
    }
}

/// No family may have a name that a sample of another one could have, a counter's creation time
/// included. The creation time of a histogram `a` is left out: another metric may have the name
/// `a_created`, and neither can have another name.
fn check_names(families: &Families) -> Result<(), Error> {
    let mut taken: BTreeMap<String, &str> = BTreeMap::new();
    for (name, family) in families {
        let created = if family.kind == "counter" { &["_created", ""][..] } else { &[""] };
        for suffix in suffixes(Dialect::OpenMetrics, &family.kind).iter().chain(created) {
            let sample = format!("{name}{suffix}");
            match taken.insert(sample.clone(), name) {
                Some(other) if other != name => {
                    return Err(format!("{sample} can be of {other} and of {name}"));
                }
                _ => {}
            }
        }
    }
    Ok(())
}

/// The labels up to the closing brace, and the rest of the line.
fn labels(mut rest: &str) -> Result<(Labels, &str), Error> {
    let mut labels = Labels::new();
    loop {
        let (name, quoted) = rest.split_once("=\"").ok_or("a label has no value")?;
        label_name(name)?;
        let mut escaped = false;
        let end = quoted.bytes().position(|byte| {
            let ends = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            ends
        });
        let (value, after) = quoted.split_at(end.ok_or("a label's value has no end")?);
        if labels.insert(name.to_owned(), unescaped(value, true)?).is_some() {
            return Err("a label is there twice".into());
        }
        rest = &after[1..];
        if let Some(after) = rest.strip_prefix('}') {
            return Ok((labels, after));
        }
        rest = rest.strip_prefix(',').ok_or("no comma after a label")?;
    }
}

fn unescaped(text: &str, quotes: bool) -> Result<String, Error> {
    let mut plain = String::with_capacity(text.len());
    let mut all = text.chars();
    while let Some(c) = all.next() {
        plain.push(match c {
            '\\' => match all.next() {
                Some('\\') => '\\',
                Some('n') => '\n',
                Some('"') if quotes => '"',
                other => return Err(format!("an escape that is none: {other:?}")),
            },
            '"' if quotes => return Err("a quote that is not escaped".into()),
            c => c,
        });
    }
    Ok(plain)
}

/// A number as Go's `ParseFloat` reads it, without the spellings that only that has.
pub fn number(text: &str) -> Option<f64> {
    match text {
        "NaN" => return Some(f64::NAN),
        "+Inf" => return Some(f64::INFINITY),
        "-Inf" => return Some(f64::NEG_INFINITY),
        _ => {}
    }
    let usual = |c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.' | 'e');
    text.parse().ok().filter(|_| text.chars().all(usual))
}

fn metric_name(name: &str) -> Result<(), Error> {
    is_name(name, true).then_some(()).ok_or(format!("{name:?} names no metric"))
}

fn label_name(name: &str) -> Result<(), Error> {
    is_name(name, false).then_some(()).ok_or(format!("{name:?} names no label"))
}

/// Whether this is a name of the data model, for a metric with colons, for a label without
/// (<https://prometheus.io/docs/concepts/data_model/#metric-names-and-labels>).
pub fn is_name(name: &str, colons: bool) -> bool {
    let first = |c: char| c.is_ascii_alphabetic() || c == '_' || colons && c == ':';
    name.starts_with(first) && name.chars().all(|c| first(c) || c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::{Dialect, read};

    #[test]
    fn violations_of_the_formats_are_found() {
        let good = "# HELP a A.\n# TYPE a gauge\na{b=\"c\\\\\\n\\\"\"} 1\na 2\n";
        assert!(read(Dialect::Text, good).is_ok());
        for (from, to) in [
            ("a 2\n", "a 2"),
            ("a 2", "a{b=\"c\\\\\\n\\\"\"} 2"),
            ("a 2", "b 2"),
            ("a 2", "a  2"),
            ("a 2", "a 2 "),
            ("a 2", "a two"),
            ("a 2", "a{} 2"),
            ("a 2", "# HELP a A."),
            ("\\n", "\\r"),
            ("\\n", "\\"),
            ("\\\"", "\""),
            ("b=", "1=\"\",b="),
            ("b=", "b=\"\",b="),
            ("gauge", "thing"),
            ("gauge", "histogram"),
            ("# TYPE a gauge\n", ""),
        ] {
            let bad = good.replacen(from, to, 1);
            assert!(read(Dialect::Text, &bad).is_err(), "{bad}");
        }
        assert!(read(Dialect::OpenMetrics, good).is_err());
        assert!(read(Dialect::OpenMetrics, &format!("{good}# EOF\n")).is_ok());
        let clash = "# TYPE a counter\na_total 1\n# TYPE a_created gauge\na_created 1\n# EOF\n";
        assert!(read(Dialect::OpenMetrics, clash).is_err());
    }
}
