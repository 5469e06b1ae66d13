//! A question, checked.

use super::limits::MOST;
use crate::store::query::Limits;
use serde_json::Value;
use std::time::Duration;

#[derive(Debug)]
pub(super) enum Request {
    Status,
    Query { sql: String, limits: Limits },
}

impl Request {
    /// Reads a line.
    ///
    /// # Errors
    /// The fault, in one line.
    pub(super) fn read(line: &[u8]) -> Result<Self, String> {
        // Its depth is bounded by serde_json.
        let request: Value = serde_json::from_slice(line)
            .map_err(|error| format!("A question is one line of JSON: {error}"))?;
        let fields = request.as_object().ok_or("A question is an object")?;
        let known = ["status", "query", "rows", "milliseconds"];
        if let Some(name) = fields.keys().find(|name| !known.contains(&name.as_str())) {
            return Err(format!("{name:?} is none of {}", known.join(", ")));
        }
        if fields.get("status") == Some(&Value::Bool(true)) {
            return Ok(Self::Status);
        }
        let sql = fields.get("query").and_then(Value::as_str);
        let sql = sql.ok_or("A question has a query, or \"status\": true")?.to_owned();
        let number = |name: &str, most: u64| match fields.get(name) {
            None => Ok(most),
            Some(number) => {
                let number = number.as_u64().ok_or(format!("{name} is a number from 0"))?;
                Ok::<_, String>(number.min(most))
            }
        };
        let rows = number("rows", MOST.rows as u64)?;
        let time = number("milliseconds", MOST.time.as_millis().try_into().unwrap_or(u64::MAX))?;
        let rows = usize::try_from(rows).unwrap_or(MOST.rows);
        let limits = Limits { rows, time: Duration::from_millis(time), ..MOST };
        Ok(Self::Query { sql, limits })
    }
}

#[cfg(test)]
mod tests {
    use super::Request;
    use crate::ask::MOST;
    use std::time::Duration;

    #[test]
    fn limits_only_shrink() {
        let read = |text: &str| match Request::read(text.as_bytes()) {
            Ok(Request::Query { sql, limits }) => (sql, limits.rows, limits.time),
            other => panic!("{text}: {other:?}"),
        };
        let most = (MOST.rows, MOST.time);
        let sql = "SELECT 1".to_owned();
        assert_eq!(read(r#"{"query": "SELECT 1"}"#), (sql.clone(), most.0, most.1));
        let all =
            r#"{"query": "SELECT 1", "rows": 18446744073709551615, "milliseconds": 999999999}"#;
        assert_eq!(read(all), (sql.clone(), most.0, most.1));
        let few = r#"{"query": "SELECT 1", "rows": 3, "milliseconds": 20}"#;
        assert_eq!(read(few), (sql, 3, Duration::from_millis(20)));
    }

    #[test]
    fn other_questions_are_refused() {
        for wrong in [
            "",
            "SELECT 1",
            "[]",
            "{}",
            r#"{"status": false}"#,
            r#"{"query": 1}"#,
            r#"{"query": "SELECT 1", "rows": -1}"#,
            r#"{"query": "SELECT 1", "bytes": 1}"#,
            &format!("{{\"query\": {}", "[".repeat(100_000)),
        ] {
            Request::read(wrong.as_bytes()).expect_err(wrong);
        }
        assert!(matches!(Request::read(br#"{"status": true}"#), Ok(Request::Status)));
    }
}
