//! Names that are similar to one that is unknown.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// A name that is not the same for more than this is another name, and no typing error.
const SIMILAR: f64 = 0.7;

/// Bytes of a name that is compared.
const MOST_BYTES: usize = 256;

/// Comparisons of one run. Behind them, a finding has no suggestion.
const MOST_COMPARISONS: usize = 4_000_000;

/// The names of all metrics.
#[derive(Debug)]
pub(super) struct Similar {
    /// By their length.
    names: BTreeMap<usize, Vec<String>>,
    left: AtomicUsize,
}

impl Similar {
    pub(super) fn of(names: impl Iterator<Item = String>) -> Self {
        let mut by_length: BTreeMap<usize, Vec<String>> = BTreeMap::new();
        for name in names.filter(|name| name.len() <= MOST_BYTES) {
            by_length.entry(name.len()).or_default().push(name);
        }
        Self { names: by_length, left: AtomicUsize::new(MOST_COMPARISONS) }
    }

    /// The name that is most similar, of these and further ones.
    pub(super) fn nearest<'a>(
        &'a self,
        name: &str,
        further: impl Iterator<Item = &'a str>,
    ) -> Option<String> {
        // A name that is a third shorter or half as long again is none that is similar.
        let (least, most) = (name.len() - name.len() / 3, name.len() + name.len() / 2);
        let own = self.names.range(least..=most).flat_map(|(_, names)| names);
        // Relaxed: it only has to end at some time.
        let allowed =
            |_: &&str| self.left.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)).is_ok();
        nearest(name, own.map(String::as_str).chain(further).take_while(allowed))
    }
}

/// The text that is most similar to one, if one is similar.
pub(super) fn nearest<'a>(text: &str, others: impl Iterator<Item = &'a str>) -> Option<String> {
    if text.len() > MOST_BYTES {
        return None;
    }
    let counts = counts(text);
    let near = others.filter(|other| may_be_similar(text, &counts, other)).filter_map(|other| {
        let likeness = strsim::normalized_levenshtein(text, other);
        (likeness >= SIMILAR).then_some((likeness, other))
    });
    let best = near.max_by(|a, b| a.0.total_cmp(&b.0).then_with(|| b.1.cmp(a.1)));
    best.map(|(_, other)| other.to_owned())
}

/// How often a text has each character, in 32 classes.
fn counts(text: &str) -> [u16; 32] {
    let mut counts = [0_u16; 32];
    for byte in text.bytes() {
        if let Some(count) = counts.get_mut(usize::from(byte % 32)) {
            *count = count.saturating_add(1);
        }
    }
    counts
}

/// Whether two texts have so many characters in common that they can be similar. That is looked at
/// first, since it takes a hundredth of the time.
fn may_be_similar(text: &str, of_text: &[u16; 32], other: &str) -> bool {
    if other.len() > MOST_BYTES {
        return false;
    }
    let of_other = counts(other);
    let common: usize = of_text.iter().zip(of_other).map(|(a, b)| usize::from(*a.min(&b))).sum();
    // Each character that the longer text has alone is one to change.
    let longest = text.len().max(other.len());
    let differing = longest.saturating_sub(common);
    let is_ascii = text.is_ascii() && other.is_ascii();
    !is_ascii || differing as f64 <= longest as f64 * (1.0 - SIMILAR) + 1e-9
}
