//! The choice of metrics by name.

use crate::names;

/// The metrics that a setting is for, by name.
///
/// Names are compared in the form that Prometheus allows, with the prefix in front. Of several that
/// match, [`Full`](Self::Full) wins over [`Prefix`](Self::Prefix), and that over
/// [`Suffix`](Self::Suffix); of several prefixes or suffixes the longest one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Matcher {
    /// The whole name.
    Full(String),
    /// The beginning of the name.
    Prefix(String),
    /// The end of the name.
    Suffix(String),
}

/// Settings of one sort, by matcher.
#[derive(Clone, Debug)]
pub(crate) struct Matched<T>(Vec<(Matcher, T)>);

impl<T> Default for Matched<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl Matcher {
    fn text(&self) -> &str {
        match self {
            Self::Full(text) | Self::Prefix(text) | Self::Suffix(text) => text,
        }
    }

    fn matches(&self, name: &str) -> bool {
        match self {
            Self::Full(full) => name == full,
            Self::Prefix(prefix) => name.starts_with(prefix),
            Self::Suffix(suffix) => name.ends_with(suffix),
        }
    }

    /// How much it says about a name.
    fn weight(&self) -> (u8, usize) {
        let kind = match self {
            Self::Full(_) => 2,
            Self::Prefix(_) => 1,
            Self::Suffix(_) => 0,
        };
        (kind, self.text().len())
    }

    fn sanitized(self) -> Self {
        match self {
            Self::Full(text) => Self::Full(names::metric(&text)),
            Self::Prefix(text) => Self::Prefix(names::metric(&text)),
            // A digit may begin it: it is no beginning of a name.
            Self::Suffix(text) => {
                let whole = names::metric(&format!("_{text}"));
                Self::Suffix(whole.get(1..).unwrap_or_default().to_owned())
            }
        }
    }
}

impl<T> Matched<T> {
    /// Sets it for a matcher, in place of an earlier setting for the same one.
    pub(crate) fn set(&mut self, matcher: Matcher, setting: T) {
        let matcher = matcher.sanitized();
        self.0.retain(|(known, _)| *known != matcher);
        self.0.push((matcher, setting));
    }

    /// The setting for a name.
    pub(crate) fn get(&self, name: &str) -> Option<&T> {
        let matching = self.0.iter().filter(|(matcher, _)| matcher.matches(name));
        matching.max_by_key(|(matcher, _)| matcher.weight()).map(|(_, setting)| setting)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &T> {
        self.0.iter().map(|(_, setting)| setting)
    }
}

#[cfg(test)]
mod tests {
    use super::{Matched, Matcher};

    #[test]
    fn the_matcher_that_says_most_wins() {
        let mut settings = Matched::default();
        for (matcher, setting) in [
            (Matcher::Suffix("foo".into()), "suffix"),
            (Matcher::Prefix("metrics.".into()), "prefix"),
            (Matcher::Prefix("metrics.test".into()), "longer"),
            (Matcher::Full("metrics.testing foo".into()), "none"),
            (Matcher::Full("metrics_testing_foo".into()), "full"),
        ] {
            settings.set(matcher, setting);
        }
        for (name, setting) in [
            ("metrics_testing_foo", Some("full")),
            ("metrics_testing_bar", Some("longer")),
            ("metrics_foo", Some("prefix")),
            ("foo", Some("suffix")),
            ("other", None),
        ] {
            assert_eq!(settings.get(name).copied(), setting, "{name}");
        }
    }
}
