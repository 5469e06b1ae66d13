//! Text for people, compared with Python's table of Unicode.

use tests::programs::python;
use tickmetrics::__text::is_text;

/// The first character of each run of one category, and the category.
const CATEGORIES: &str = "
import unicodedata
last = None
for c in range(0x110000):
    category = unicodedata.category(chr(c))
    if category != last:
        print(f'{c:x} {category}')
    last = category
";

#[test]
fn controls_formats_and_ends_of_lines_are_no_text() {
    let Some(table) = python("unicodedata", "nothing: it is Python's own", &["-c", CATEGORIES], "")
    else {
        return;
    };
    let table = String::from_utf8(table).unwrap();
    let run = |line: &str| {
        let (first, category) = line.split_once(' ').unwrap();
        (u32::from_str_radix(first, 16).unwrap(), category.to_owned())
    };
    let runs: Vec<_> = table.lines().map(run).collect();
    assert!(runs.len() > 1_000, "{}", runs.len());
    let ends = runs[1..].iter().map(|run| run.0).chain([0x11_0000]);
    for ((first, category), end) in runs.iter().zip(ends) {
        for c in (*first..end).filter_map(char::from_u32) {
            let expected = match category.as_str() {
                "Cc" | "Cf" | "Zl" | "Zp" => false,
                // Some marks choose a variant and are invisible. Characters that are not assigned
                // yet may become anything.
                "Mn" | "Cn" => continue,
                // Letters of Hangul that fill a place and have no shape.
                "Lo" => !matches!(c, '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}'),
                _ => true,
            };
            assert_eq!(is_text(c), expected, "{c:?} is {category}");
        }
    }
    for (c, expected) in
        [('\u{301}', true), ('\u{fe0f}', false), ('\u{34f}', false), ('\u{e0100}', false)]
    {
        assert_eq!(is_text(c), expected, "{c:?}");
    }
}
