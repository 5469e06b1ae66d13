//! Which panels are in which row, and in which order.

use super::model::{Panel, Row, Target};
use super::panels::{Block, own_part};
use super::words;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// A row with more metrics is divided.
const MOST_METRICS: usize = 8;
/// A part of a row that has fewer panels is no row of its own.
const LEAST_PANELS: usize = 3;

/// Names of metrics about the process and its runtime, which few people look at.
const RUNTIME: [&str; 5] = ["function", "go", "process", "python", "tickmetrics"];

/// Where a row stands, and its title.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    place: Place,
    title: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Declared,
    Own,
    Other,
    Runtime,
}

/// Rows of these panels, the most important ones first.
pub(super) fn rows(blocks: Vec<Block>, prefix: &str) -> Vec<Row> {
    let mut rows: BTreeMap<Key, Vec<Named>> = BTreeMap::new();
    let starts = starts(&blocks, prefix);
    let declared: Vec<String> = blocks.iter().filter_map(|block| block.row.clone()).collect();
    for block in blocks {
        let (key, rest) = place(&block, prefix, &starts);
        let key = joined(key, &rest, &declared);
        rows.entry(key).or_default().push(Named { rest, block });
    }
    let parts = rows.into_iter().flat_map(|(key, blocks)| {
        let blocks = shared(blocks);
        if key.place == Place::Declared { vec![(key, blocks)] } else { divided(key, blocks) }
    });
    let mut parts: Vec<_> = parts.collect();
    parts.sort_by_cached_key(|(key, blocks)| {
        // A row with an alert is before others, but the runtime stays last.
        let rank = blocks.iter().map(|it| it.block.rank).min().unwrap_or_default();
        let is_runtime = key.place == Place::Runtime;
        // What has more metrics is closer to the heart of the service.
        (is_runtime, rank, key.place, Reverse(blocks.len()))
    });
    parts.into_iter().map(|(key, blocks)| row(key, blocks)).collect()
}

/// Whether a metric is about the process, so that each service has it.
pub(super) fn is_runtime(metric: &str) -> bool {
    RUNTIME.contains(&words::first(metric))
}

/// A block, and the part of its metric's name that distinguishes it within a row.
struct Named {
    rest: String,
    block: Block,
}

impl Named {
    fn panels(&self) -> usize {
        self.block.panels.len()
    }

    fn is_distribution(&self) -> bool {
        self.block.panels.iter().any(|panel| panel.visual.is_heatmap())
    }
}

/// For each first word of metrics that are not the service's own, the words that all of them begin
/// with.
fn starts(blocks: &[Block], prefix: &str) -> BTreeMap<String, Vec<String>> {
    let mut starts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for block in blocks.iter().filter(|block| own_part(&block.metric, prefix).is_none()) {
        let mut words: Vec<_> = words::split(&block.metric).map(str::to_owned).collect();
        // The last word says what it is.
        words.pop();
        let Some(first) = words.first() else { continue };
        match starts.get_mut(first) {
            Some(common) => {
                let same = common.iter().zip(&words).take_while(|(a, b)| a == b).count();
                common.truncate(same.max(1));
            }
            None => {
                starts.insert(first.clone(), words);
            }
        }
    }
    // One metric alone begins with all of its words.
    for (first, common) in &mut starts {
        let is_of = |block: &&Block| words::first(&block.metric) == first;
        if blocks.iter().filter(is_of).nth(1).is_none() {
            common.truncate(1);
        }
    }
    starts
}

/// The row of a block, and the rest of its metric's name.
fn place(block: &Block, prefix: &str, starts: &BTreeMap<String, Vec<String>>) -> (Key, String) {
    let name = &block.metric;
    if let Some(row) = &block.row {
        return (Key { place: Place::Declared, title: row.clone() }, name.clone());
    }
    if let Some(rest) = own_part(name, prefix) {
        return (Key { place: Place::Own, title: words::title(prefix) }, rest.to_owned());
    }
    let first = words::first(name);
    let place = if is_runtime(name) { Place::Runtime } else { Place::Other };
    let common = starts.get(first).map_or_else(|| first.to_owned(), |words| words.join("_"));
    let rest = own_part(name, &common).unwrap_or(name).to_owned();
    (Key { place, title: words::title(&common) }, rest)
}

/// The declared row whose title is what the metric's name says, or else the one that the name gives.
fn joined(key: Key, rest: &str, declared: &[String]) -> Key {
    let is_same = |title: &str, name: &str| {
        let singular = |text: &str| text.to_lowercase().trim_end_matches('s').to_owned();
        singular(title) == singular(name)
    };
    let word = words::title(words::first(rest));
    let fits = |title: &&String| {
        is_same(title, &key.title) || key.place == Place::Own && is_same(title, &word)
    };
    match declared.iter().find(fits) {
        Some(title) if key.place != Place::Declared => {
            Key { place: Place::Declared, title: title.clone() }
        }
        _ => key,
    }
}

/// Counters of one line each that count the same things, in one panel.
fn shared(blocks: Vec<Named>) -> Vec<Named> {
    let mut kept: Vec<Named> = Vec::new();
    for mut named in blocks {
        let has_line = line(&named).is_some();
        let is_same = |it: &&mut Named| line(it) == line(&named) && unit(it) == unit(&named);
        let of_same = kept.iter_mut().filter(|_| has_line).find(is_same);
        match of_same {
            Some(same) => {
                let panels = named.block.panels.drain(..);
                let stem = named.block.one_line.as_deref().unwrap_or_default();
                panels.for_each(|panel| add(&mut same.block, stem, panel));
            }
            None => kept.push(named),
        }
    }
    kept
}

/// What the one line of a panel counts.
fn line(named: &Named) -> Option<&str> {
    named.block.one_line.as_deref().map(words::first)
}

fn unit(named: &Named) -> Option<&str> {
    named.block.panels.first().map(|panel| &*panel.unit)
}

/// Adds the line of a counter to the panel of another one.
fn add(block: &mut Block, stem: &str, panel: Panel) {
    let Some(shown) = block.panels.first_mut() else { return };
    let first = words::first(stem);
    let rest = |stem: &str| {
        let rest = own_part(stem, first).map(words::phrase);
        rest.unwrap_or_else(|| words::phrase(stem))
    };
    if let ([target], Some(own)) = (&mut shown.targets[..], &block.one_line) {
        target.legend = rest(own);
        shown.title = words::title(first);
    }
    let targets = panel.targets.into_iter();
    shown.targets.extend(targets.map(|target| Target { legend: rest(stem), ..target }));
    shown.description = format!("{}\n\n{}", shown.description, panel.description);
}

/// A row, divided by the first words of names if it has many panels.
fn divided(key: Key, blocks: Vec<Named>) -> Vec<(Key, Vec<Named>)> {
    let panels = |blocks: &[Named]| blocks.iter().map(Named::panels).sum::<usize>();
    if key.place == Place::Runtime || blocks.len() <= MOST_METRICS {
        return vec![(key, blocks)];
    }
    let mut by_word: BTreeMap<String, Vec<Named>> = BTreeMap::new();
    for named in blocks {
        by_word.entry(words::first(&named.rest).to_owned()).or_default().push(named);
    }
    let (mut rows, mut rest) = (Vec::new(), Vec::new());
    for (word, blocks) in by_word {
        if panels(&blocks) < LEAST_PANELS || blocks.len() < 2 {
            rest.extend(blocks);
            continue;
        }
        let title = if key.place == Place::Own {
            words::title(&word)
        } else {
            format!("{} {}", key.title, words::phrase(&word))
        };
        rows.push((Key { title, ..key.clone() }, blocks));
    }
    if rest.len() > MOST_METRICS && rest.iter().filter(|it| it.is_distribution()).count() > 1 {
        let (distributions, others): (Vec<_>, Vec<_>) =
            rest.into_iter().partition(Named::is_distribution);
        rest = others;
        let title = format!("{}: distributions", key.title);
        rows.insert(0, (Key { title, ..key.clone() }, distributions));
    }
    if !rest.is_empty() {
        rows.insert(0, (key, rest));
    }
    rows
}

/// A row: numbers first, and then graphs. Graphs of one panel and of two are not mixed, so that lines
/// are full; those with the most urgent one are before the others.
fn row(key: Key, mut blocks: Vec<Named>) -> Row {
    let is_stat = |named: &Named| named.block.panels.first().is_some_and(|it| it.visual.is_stat());
    let kind = |named: &Named| (!is_stat(named), named.is_distribution());
    let mut most_urgent = BTreeMap::new();
    for named in &blocks {
        let rank = most_urgent.entry(kind(named)).or_insert(named.block.rank);
        *rank = named.block.rank.min(*rank);
    }
    blocks.sort_by_key(|named| {
        let kind = kind(named);
        (kind.0, most_urgent.get(&kind).copied(), kind.1, named.block.rank)
    });
    let panels = blocks.into_iter().flat_map(|named| named.block.panels).collect();
    Row { title: key.title, is_collapsed: key.place == Place::Runtime, panels }
}
