//! Texts in the text formats.

/// Appends a help text, or the value of a label or a name without the double quotes around it.
/// Backslashes and line feeds are escaped, and double quotes if `quotes`: the rule of
/// <https://prometheus.io/docs/instrumenting/exposition_formats/>, and of `OpenMetrics`.
pub(super) fn push_escaped(out: &mut Vec<u8>, text: &str, quotes: bool) {
    for &byte in text.as_bytes() {
        match byte {
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'"' if quotes => out.extend_from_slice(b"\\\""),
            byte => out.push(byte),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::push_escaped;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn texts_are_escaped(text in r#"[a-c\\"\n\u{e9}]{0,9}"#, quotes: bool) {
            let mut expected = text.replace('\\', r"\\").replace('\n', r"\n");
            if quotes {
                expected = expected.replace('"', r#"\""#);
            }
            let mut out = Vec::new();
            push_escaped(&mut out, &text, quotes);
            prop_assert_eq!(out, expected.into_bytes());
        }
    }
}
