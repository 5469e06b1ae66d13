use super::*;
use crate::place::Source;

/// Each notation of a value, and the value.
const NOTATIONS: &[(&str, &str)] = &[
    ("plain", "plain"),
    ("two words  apart", "two words  apart"),
    ("folded\n   plain\n\n   text", "folded plain\ntext"),
    ("'it''s'", "it's"),
    ("'a\n\n\n  b  c'", "a\n\nb  c"),
    (r#""a\n\x41\u00e9 \U0001F600 \"q\" \\ \t|""#, "a\nAé 😀 \"q\" \\ \t|"),
    (r#""\uD83D\uDE00.""#, "😀."),
    ("\"a \\\n    b\\\n   \\ c\"", "a b c"),
    ("|\n    a\n      b\n\n    c # no comment\n", "a\n  b\n\nc # no comment\n"),
    ("|-  # a comment\n   a\r\n     b\r\n", "a\n  b"),
    ("|2-\n    a\n   b\n", "  a\n b"),
    ("|+\n   a\n\n", "a\n\n\n"),
    (">-\n   a\n   b\n\n   c\n     d\n   e\n", "a b\nc\n  d\ne"),
    (">\n\n   a\n   b\n", "\na b\n"),
    ("|\n   > a\n   | b\n", "> a\n| b\n"),
    ("|\n   \ta\n", "\ta\n"),
    ("ü 'ö'", "ü 'ö'"),
];

fn first(parsed: &Parsed) -> &Text {
    let Kind::Mapping(entries) = &parsed.documents[0].kind else { panic!() };
    let Kind::Scalar(text, _) = &entries[0].1.kind else { panic!() };
    text
}

/// Each character that is no white space is one of the file, or an escape.
#[test]
fn each_character_of_a_value_is_where_it_was_written() {
    for (notation, value) in NOTATIONS {
        for before in ["", "\u{feff}", "# ü\r\n---\n"] {
            let file = format!("{before}k: {notation}\nl: m\n");
            let parsed = parse(&file);
            assert_eq!(parsed.errors, [], "{file}");
            let text = first(&parsed);
            assert_eq!(text.as_str(), *value, "{file}");
            assert!(text.has_parts(), "{file}");
            for (at, character) in value.char_indices().filter(|(_, it)| !it.is_whitespace()) {
                let place = text.part(at..at + character.len_utf8());
                let written = &file[place.range()];
                let escaped = written.starts_with('\\') || written == "''";
                assert!(escaped || written == character.to_string(), "{file}: {written:?}");
            }
        }
    }
}

/// A marker is planted behind each character of a value: the parser finds it where the text has it.
#[test]
fn a_marker_is_found_where_it_was_planted() {
    let notation = "|\n    sum by (le) (\n      rate(x[5m])\n    )\n";
    let positions = notation.char_indices().filter(|(_, it)| it.is_alphanumeric());
    for (at, _) in positions {
        let mut file = format!("k: {notation}");
        let planted = 3 + at;
        file.insert_str(planted, "MARKER");
        let parsed = parse(&file);
        let text = first(&parsed);
        let found = text.find("MARKER").unwrap();
        assert_eq!(text.part(found..found + 6), Place::new(planted, planted + 6));
        let source = Source::new("", &*file);
        assert_eq!(source.line_of(planted), file[..planted].matches('\n').count() + 1);
    }
}

#[test]
fn a_document_behind_a_broken_one_is_read() {
    let parsed = parse("a: [b\n---\nc: d\n---\nf: *g\n---\nh\n");
    assert_eq!(parsed.documents.len(), 2, "{parsed:?}");
    assert!(parsed.errors.len() >= 2, "{parsed:?}");
}

#[test]
fn an_alias_is_the_node_of_its_anchor() {
    let parsed = parse("- &a {x: y}\n- *a\n- [*a, *a]\n");
    let Kind::Sequence(items) = &parsed.documents[0].kind else { panic!() };
    assert!(Rc::ptr_eq(&items[0], &items[1]));
    let within = parse("&a [*a]\n");
    assert!(within.errors[0].1.contains("within"), "{within:?}");
}

#[test]
fn many_comments_are_read() {
    let comments = "# c\n".repeat(2000);
    let file = "#a:\n#-\n#  b: |\n      x\n#  c:\n#   d\n#  e: [\n#f,\n#g\n#]\n#-\n#  h\n#i:\n#"
        .replace('#', &comments);
    let parsed = parse(&file);
    assert_eq!(parsed.errors, []);
    assert_eq!(parsed.comments.len(), 2000 * file.matches(&comments).count());
}
