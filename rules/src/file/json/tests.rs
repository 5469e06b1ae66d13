use super::*;
use proptest::prelude::*;

/// The same tree as one of `serde_json`.
fn plain(node: &Node) -> serde_json::Value {
    match &node.value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(value) => (*value).into(),
        Value::Number(number) => (*number).into(),
        Value::String(text) => text.as_str().into(),
        Value::Array(items) => items.iter().map(plain).collect(),
        Value::Object(entries) => {
            entries.iter().map(|(key, node)| (key.to_string(), plain(node))).collect()
        }
    }
}

/// Numbers as those of this module: all are floating.
fn floats(value: serde_json::Value) -> serde_json::Value {
    match value {
        serde_json::Value::Number(number) => number.as_f64().into(),
        serde_json::Value::Array(items) => items.into_iter().map(floats).collect(),
        serde_json::Value::Object(entries) => {
            entries.into_iter().map(|(key, value)| (key, floats(value))).collect()
        }
        other => other,
    }
}

/// Reads as `serde_json` does, which is written by others.
fn same(text: &str) {
    match (parse(text), serde_json::from_str(text)) {
        (Ok(node), Ok(value)) => assert_eq!(plain(&node), floats(value), "{text}"),
        (Err(_), Err(_)) => {}
        // Half a pair, a number out of range and a byte order mark are read.
        (Ok(_), Err(error)) => {
            let error = error.to_string();
            let known = error.contains("surrogate")
                || error.contains("hex escape")
                || error.contains("out of range")
                || text.starts_with('\u{feff}');
            assert!(known, "{text:?}: {error}");
        }
        (Err(error), Ok(_)) => panic!("{text:?}: {error:?}"),
    }
}

#[test]
fn json_is_read_as_others_read_it() {
    for text in [
        "",
        " ",
        "null",
        "nul",
        "truefalse",
        "01",
        "-",
        "-0",
        "1.",
        ".5",
        "1e",
        "1e+5",
        "1E-5",
        "1e999",
        "[1,]",
        "[,]",
        "[1 2]",
        "{}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{a:1}",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\u+123\"",
        "\"\\ud83d\\ude00\"",
        "\"\\ud83d\"",
        "\"\\ude00\\ud83d\"",
        "\"\\ud83dx\"",
        "\"a\nb\"",
        "\"\\\"",
        "\"",
        "\u{feff}1",
        "[[]",
        "// x\n1",
        "\"\u{7f}ü😀\"",
        "{\"a\":1,\"a\":2}",
        "1 2",
    ] {
        same(text);
    }
    same(&format!("{}{}", "[".repeat(120), "]".repeat(120)));
    same(&format!("{}{}", "[".repeat(200), "]".repeat(200)));
    same(&"[".repeat(1_000_000));
}

#[test]
fn parts_of_a_string_are_where_they_were_written() {
    let file = r#" {"k": "a\"b\\ü\u00e9\ud83d\ude00 \n/\/x"}"#;
    let node = parse(file).unwrap();
    let text = node.text_of("k").unwrap();
    let written: Vec<&str> = (text.char_indices())
        .map(|(at, character)| &file[text.part(at..at + character.len_utf8()).range()])
        .collect();
    let expected =
        ["a", r#"\""#, "b", r"\\", "ü", r"\u00e9", r"\ud83d\ude00", " ", r"\n", "/", r"\/", "x"];
    assert_eq!(written, expected);
    assert_eq!(&file[text.part(0..3).range()], r#"a\"b"#);
    assert_eq!(&file[text.place().range()], &file[7..file.len() - 1]);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read_as_others_read_it(text in r#"[\[\]{}:,"\\u0-9a-fntrue.eE+ -]{0,40}"#) {
        same(&text);
    }

    /// What `serde_json` writes, with something changed.
    #[test]
    fn changed_documents_are_read_as_others_read_them(
        keys in prop::collection::vec(any::<String>(), 1..6),
        // serde_json rounds others by a bit.
        numbers in prop::collection::vec(-1_000_000..1_000_000_i32, 1..6),
        at in any::<prop::sample::Index>(),
        inserted in prop::option::of(any::<char>()),
    ) {
        let object: serde_json::Map<String, serde_json::Value> =
            keys.iter().zip(&numbers).map(|(key, number)| (key.clone(), (f64::from(*number) / 8.0).into())).collect();
        let mut text = serde_json::to_string_pretty(&object).unwrap();
        same(&text);
        if let Some(inserted) = inserted {
            let mut at = at.index(text.len() + 1);
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            text.insert(at, inserted);
            same(&text);
        }
    }
}
