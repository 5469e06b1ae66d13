//! YAML as a tree whose nodes have places, and its comments.
//!
//! An alias is the node of its anchor, shared and not copied, so that a file of aliases of aliases
//! costs no more than its length. A reader that walks such a tree bounds its steps.

mod align;
#[cfg(test)]
mod tests;

use crate::place::{Place, Text};
use granit_parser::{Event, Parser, ScalarStyle, Span, StructureStyle};
use std::collections::HashMap;
use std::rc::Rc;

/// The largest file that is read. Rule files of thousands of rules have one or two megabytes.
pub(super) const MOST_BYTES: usize = 32 << 20;

/// The most nodes in a file: each takes up to 200 bytes.
const MOST_NODES: usize = 2_000_000;

#[derive(Debug)]
pub(super) struct Node {
    pub(super) place: Place,
    pub(super) kind: Kind,
}

#[derive(Debug)]
pub(super) enum Kind {
    /// A text, and whether it was written without quotes.
    Scalar(Text, bool),
    Sequence(Vec<Rc<Node>>),
    Mapping(Vec<(Rc<Node>, Rc<Node>)>),
}

/// All of a file.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    /// The documents that can be read.
    pub(super) documents: Vec<Rc<Node>>,
    /// Comments with their `#`, in the order of the file.
    pub(super) comments: Vec<Place>,
    /// Why a document can't be read.
    pub(super) errors: Vec<(Place, String)>,
}

/// A collection that is being read.
struct Open {
    anchor: usize,
    flow: bool,
    node: Node,
    /// The key of a mapping whose value comes next.
    key: Option<Rc<Node>>,
}

/// Reads all documents. One that is no YAML is an error; those behind it are read.
pub(super) fn parse(text: &str) -> Parsed {
    let options = granit_parser::options! {
        // As the parser of Prometheus does.
        block_scalar_eof_without_line_feed: true,
        // A file can consist of comments. Each takes its part of the file.
        max_buffered_comment_events: usize::MAX,
    };
    let mut parser = Parser::new_from_str_with_options(text, options);
    let mut tree = Tree {
        text,
        parsed: Parsed::default(),
        open: Vec::new(),
        anchors: HashMap::new(),
        nodes: 0,
    };
    loop {
        let error = match parser.next_event() {
            None => break,
            Some(Ok((event, span))) => match tree.event(event, span) {
                Ok(()) => continue,
                Err(error) => error,
            },
            Some(Err(error)) => {
                let at = error.marker().byte_offset().unwrap_or_default();
                (Place::new(at, at), error.info())
            }
        };
        tree.parsed.errors.push(error);
        tree.open.clear();
        tree.anchors.clear();
        if tree.nodes > MOST_NODES || !matches!(parser.proceed_next_document(), Ok(true)) {
            break;
        }
    }
    tree.parsed
}

struct Tree<'a> {
    text: &'a str,
    parsed: Parsed,
    open: Vec<Open>,
    anchors: HashMap<usize, Rc<Node>>,
    nodes: usize,
}

impl Tree<'_> {
    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), (Place, String)> {
        let place = span.byte_range().map_or_else(Place::default, Place::from);
        match event {
            Event::Comment(..) => self.parsed.comments.push(place),
            Event::DocumentStart(..) => self.anchors.clear(),
            Event::Scalar(value, style, anchor, _) => {
                let notation = self.text.get(place.range()).unwrap_or_default();
                let place = Place::new(place.start, place.start + notation.trim_end().len());
                let pieces = align::pieces(&value, notation, place.start, style);
                let text = Text::new(value.into_owned(), place, pieces);
                let kind = Kind::Scalar(text, style == ScalarStyle::Plain);
                self.closed(Node { place, kind }, anchor)?;
            }
            Event::SequenceStart(style, anchor, _) => {
                self.opened(place, Kind::Sequence(Vec::new()), style, anchor);
            }
            Event::MappingStart(style, anchor, _) => {
                self.opened(place, Kind::Mapping(Vec::new()), style, anchor);
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(mut open) = self.open.pop() else { return Ok(()) };
                if open.flow {
                    open.node.place = open.node.place.to(place);
                }
                self.closed(open.node, open.anchor)?;
            }
            Event::Alias(anchor) => {
                let node = self.anchors.get(&anchor).cloned().ok_or_else(|| {
                    (place, "an alias stands within what it refers to".to_owned())
                })?;
                self.add(node, place)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn opened(&mut self, place: Place, kind: Kind, style: StructureStyle, anchor: usize) {
        let node = Node { place, kind };
        self.open.push(Open { anchor, flow: style == StructureStyle::Flow, node, key: None });
    }

    fn closed(&mut self, node: Node, anchor: usize) -> Result<(), (Place, String)> {
        let place = node.place;
        let node = Rc::new(node);
        if anchor > 0 {
            self.anchors.insert(anchor, Rc::clone(&node));
        }
        self.add(node, place)
    }

    /// Puts a node that ends at a place where it belongs.
    fn add(&mut self, node: Rc<Node>, place: Place) -> Result<(), (Place, String)> {
        self.nodes += 1;
        if self.nodes > MOST_NODES {
            return Err((place, format!("the file has more than {MOST_NODES} values")));
        }
        let Some(open) = self.open.last_mut() else {
            self.parsed.documents.push(node);
            return Ok(());
        };
        open.node.place = open.node.place.to(place);
        match &mut open.node.kind {
            Kind::Scalar(..) => {}
            Kind::Sequence(items) => items.push(node),
            Kind::Mapping(entries) => match open.key.take() {
                None => open.key = Some(node),
                Some(key) => entries.push((key, node)),
            },
        }
        Ok(())
    }
}
