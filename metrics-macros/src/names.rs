//! What may be a name, by the Prometheus data model
//! (<https://prometheus.io/docs/concepts/data_model/#metric-names-and-labels>): `metrics-core` checks
//! the same when it registers.

/// Why this can't be the name of a metric.
pub(crate) fn metric(name: &str) -> Result<(), &'static str> {
    let first = |c: char| c.is_ascii_alphabetic() || c == '_' || c == ':';
    if name.is_empty() {
        Err("it is empty")
    } else if !name.starts_with(first) {
        Err("it must start with a letter, `_` or `:`")
    } else if !name.chars().all(|c| first(c) || c.is_ascii_digit()) {
        Err("only ASCII letters, digits, `_` and `:` may be in it")
    } else {
        Ok(())
    }
}

/// Why this can't be the name of a label.
pub(crate) fn label(name: &str) -> Result<(), &'static str> {
    let first = |c: char| c.is_ascii_alphabetic() || c == '_';
    if name.is_empty() {
        Err("it is empty")
    } else if !name.starts_with(first) {
        Err("it must start with a letter or `_`")
    } else if !name.chars().all(|c| first(c) || c.is_ascii_digit()) {
        Err("only ASCII letters, digits and `_` may be in it")
    } else if name.starts_with("__") {
        Err("names that start with `__` are reserved")
    } else {
        Ok(())
    }
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

#[cfg(test)]
mod tests {
    use super::{label, metric, snake_case};

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
        for good in ["a", "_a", "a:b", ":a", "a1", "A_b"] {
            assert_eq!(metric(good), Ok(()), "{good}");
        }
        for bad in ["", "1a", "a-b", "a b", "é"] {
            assert!(metric(bad).is_err(), "{bad}");
            assert!(label(bad).is_err(), "{bad}");
        }
        assert!(label("a:b").is_err() && label("__name__").is_err());
        assert_eq!(label("_a1"), Ok(()));
    }
}
