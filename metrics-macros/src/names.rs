//! Valid names: any UTF-8 without control characters. `tickmetrics` makes the same checks at
//! registration, and escapes names for readers of ASCII only.

/// The reason why a metric can't have this name.
pub(crate) fn metric(name: &str) -> Result<(), &'static str> {
    if name.is_empty() {
        Err("it is empty")
    } else if name.chars().any(char::is_control) {
        Err("it has a control character")
    } else {
        Ok(())
    }
}

/// The reason why this can't be the first part of a metric's name, and a text that can.
pub(crate) fn part(text: &str) -> Result<(), String> {
    let right = |right: &str| format!("write `\"{}\"`", right.trim_matches('_'));
    if let Some(odd) = text.chars().find(|c| "- /".contains(*c)) {
        let right = right(&text.replace(['-', ' ', '/'], "_"));
        return Err(format!(
            "words are joined by `_`, and a `{odd}` needs quotes in queries; {right}"
        ));
    }
    if text.ends_with('_') {
        return Err(format!("a `_` follows it; {}", right(text)));
    }
    Ok(())
}

/// The reason why a label can't have this name.
pub(crate) fn label(name: &str) -> Result<(), &'static str> {
    metric(name)?;
    if name.starts_with("__") {
        return Err("names that start with `__` are reserved");
    }
    Ok(())
}

/// `StopLoss` as `stop_loss`, `HTTPServer` as `http_server`, `Level2` as `level2`.
pub(crate) fn snake_case(name: &str) -> String {
    let characters: Vec<char> = name.chars().collect();
    let mut snake = String::new();
    for (at, &c) in characters.iter().enumerate() {
        let before = at.checked_sub(1).map(|before| characters[before]);
        let ends_a_word = before.is_some_and(|c| c.is_lowercase() || c.is_numeric());
        let ends_capitals = before.is_some_and(char::is_uppercase)
            && characters.get(at + 1).is_some_and(|c| c.is_lowercase());
        if c.is_uppercase() && (ends_a_word || ends_capitals) {
            snake.push('_');
        }
        snake.extend(c.to_lowercase());
    }
    snake
}

/// The fewest letters to change, add or take out that make one word of the other (Levenshtein's
/// distance).
pub(crate) fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut last: Vec<usize> = (0..=other.len()).collect();
    for (at, c) in one.chars().enumerate() {
        let mut row = vec![at + 1];
        for (column, &d) in other.iter().enumerate() {
            let changed = last[column] + usize::from(c != d);
            row.push(changed.min(last[column + 1] + 1).min(row[column] + 1));
        }
        last = row;
    }
    last.last().copied().unwrap_or_default()
}

/// The case of an enum's variants, by serde's words.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Case {
    Lower,
    Upper,
    Pascal,
    Camel,
    Snake,
    ScreamingSnake,
    Kebab,
    ScreamingKebab,
}

impl Case {
    pub(crate) const ALL: [(&str, Self); 8] = [
        ("lowercase", Self::Lower),
        ("UPPERCASE", Self::Upper),
        ("PascalCase", Self::Pascal),
        ("camelCase", Self::Camel),
        ("snake_case", Self::Snake),
        ("SCREAMING_SNAKE_CASE", Self::ScreamingSnake),
        ("kebab-case", Self::Kebab),
        ("SCREAMING-KEBAB-CASE", Self::ScreamingKebab),
    ];

    /// A variant's name in this case. `IOC` is one word here, as it is in [`snake_case`]; serde
    /// makes a word of each capital.
    pub(crate) fn of(self, name: &str) -> String {
        let kebab = || snake_case(name).replace('_', "-");
        match self {
            Self::Lower => name.to_lowercase(),
            Self::Upper => name.to_uppercase(),
            Self::Pascal => capitalized(name),
            Self::Camel => {
                let snake = snake_case(name);
                let mut words = snake.split('_');
                let first = words.next().unwrap_or_default().to_owned();
                words.fold(first, |camel, word| camel + &capitalized(word))
            }
            Self::Snake => snake_case(name),
            Self::ScreamingSnake => snake_case(name).to_uppercase(),
            Self::Kebab => kebab(),
            Self::ScreamingKebab => kebab().to_uppercase(),
        }
    }
}

fn capitalized(word: &str) -> String {
    let mut characters = word.chars();
    let first = characters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(characters.as_str().chars()).collect()
}

#[cfg(test)]
mod tests {
    use super::{Case, distance, label, metric, snake_case};

    #[test]
    fn cases_are_serdes() {
        let cases: [(&str, [&str; 8]); 3] = [
            (
                "StopLoss",
                [
                    "stoploss",
                    "STOPLOSS",
                    "StopLoss",
                    "stopLoss",
                    "stop_loss",
                    "STOP_LOSS",
                    "stop-loss",
                    "STOP-LOSS",
                ],
            ),
            ("Buy", ["buy", "BUY", "Buy", "buy", "buy", "BUY", "buy", "BUY"]),
            ("IOC", ["ioc", "IOC", "IOC", "ioc", "ioc", "IOC", "ioc", "IOC"]),
        ];
        for (name, expected) in cases {
            assert_eq!(Case::ALL.map(|(_, case)| case.of(name)), expected, "{name}");
        }
    }

    #[test]
    fn distances_count_letters() {
        for (one, other, letters) in [
            ("", "ab", 2),
            ("outcomes", "outcome", 1),
            ("sampel", "sample", 2),
            ("name", "name", 0),
        ] {
            assert_eq!((distance(one, other), distance(other, one)), (letters, letters));
        }
    }

    #[test]
    fn words_begin_at_capitals() {
        let cases = [
            ("Buy", "buy"),
            ("StopLoss", "stop_loss"),
            ("IOC", "ioc"),
            ("HTTPServer", "http_server"),
            ("Level2", "level2"),
            ("Level2Book", "level2_book"),
            ("Already_snake", "already_snake"),
            ("A", "a"),
        ];
        for (name, expected) in cases {
            assert_eq!(snake_case(name), expected);
        }
    }

    #[test]
    fn names_follow_the_data_model() {
        for good in ["a", "_a", "a:b", ":a", "a1", "A_b", "1a", "a-b", "a b", "é", "orders.sent"] {
            assert_eq!((metric(good), label(good)), (Ok(()), Ok(())), "{good}");
        }
        for bad in ["", "a\nb", "\0"] {
            assert!(metric(bad).is_err() && label(bad).is_err(), "{bad:?}");
        }
        assert!(label("__name__").is_err());
    }
}
