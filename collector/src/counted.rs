//! Numbers with their words.

/// A number and what it counts: `counted(1, "batch is", "batches are")` is `1 batch is`.
pub fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::counted;

    #[test]
    fn one_is_no_plural() {
        for (number, text) in [(0, "0 rows"), (1, "1 row"), (2, "2 rows")] {
            assert_eq!(counted(number, "row", "rows"), text);
        }
    }
}
