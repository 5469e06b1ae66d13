//! The choice of families by name.

use glob::Pattern;

/// Patterns of names that are stored, and of names that are not.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    allow: Vec<Pattern>,
    deny: Vec<Pattern>,
}

impl Filter {
    pub(crate) fn new(allow: &[String], deny: &[String]) -> Result<Self, String> {
        let patterns = |texts: &[String]| -> Result<Vec<Pattern>, String> {
            texts.iter().map(|text| pattern(text)).collect()
        };
        Ok(Self { allow: patterns(allow)?, deny: patterns(deny)? })
    }

    pub(crate) fn takes(&self, name: &str) -> bool {
        let is_in = |patterns: &[Pattern]| patterns.iter().any(|it| it.matches(name));
        (self.allow.is_empty() || is_in(&self.allow)) && !is_in(&self.deny)
    }
}

fn pattern(text: &str) -> Result<Pattern, String> {
    Pattern::new(text).map_err(|error| {
        format!("{text:?} is not a pattern of names: {} at {}", error.msg, error.pos)
    })
}

#[cfg(test)]
mod tests {
    use super::Filter;

    #[test]
    fn names_are_chosen() {
        let of = |allow: &[&str], deny: &[&str]| {
            let owned = |texts: &[&str]| texts.iter().map(|it| (*it).into()).collect::<Vec<_>>();
            Filter::new(&owned(allow), &owned(deny)).unwrap()
        };
        assert!(of(&[], &[]).takes("a"));
        let prefix = of(&["market_data_*", "up"], &["*_latency_*"]);
        for (name, taken) in [
            ("market_data_price", true),
            ("up", true),
            ("ups", false),
            ("risk_market_data_price", false),
            ("market_data_latency_ms", false),
        ] {
            assert_eq!(prefix.takes(name), taken, "{name}");
        }
        assert!(Filter::new(&["a[".into()], &[]).is_err());
    }
}
