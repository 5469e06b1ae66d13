//! Names of metrics as people write them.

/// Words that are not written in lowercase.
const SPELLED: [(&str, &str); 27] = [
    ("api", "API"),
    ("cpu", "CPU"),
    ("db", "DB"),
    ("dns", "DNS"),
    ("ema", "EMA"),
    ("fds", "FDs"),
    ("fix", "FIX"),
    ("gc", "GC"),
    ("gpu", "GPU"),
    ("grpc", "gRPC"),
    ("http", "HTTP"),
    ("id", "ID"),
    ("io", "I/O"),
    ("ip", "IP"),
    ("json", "JSON"),
    ("ml", "ML"),
    ("oms", "OMS"),
    ("orderbook", "order book"),
    ("pnl", "P&L"),
    ("rss", "RSS"),
    ("sql", "SQL"),
    ("tcp", "TCP"),
    ("tls", "TLS"),
    ("udp", "UDP"),
    ("url", "URL"),
    ("vwap", "VWAP"),
    ("websocket", "WebSocket"),
];

/// Words that end with `s` and name one thing.
const SINGULAR: [&str; 10] = [
    "status", "progress", "bus", "process", "access", "success", "loss", "address", "class",
    "basis",
];

/// A name as a title: `orders_submitted` is `Orders submitted`.
pub(super) fn title(name: &str) -> String {
    let spelled = phrase(name);
    let mut rest = spelled.chars();
    rest.next().map(|first| first.to_uppercase().chain(rest).collect()).unwrap_or_default()
}

/// A name within a text.
pub(super) fn phrase(name: &str) -> String {
    let spelled = split(name).map(|word| {
        let lower = word.to_lowercase();
        let known = SPELLED.iter().find(|(plain, _)| *plain == lower);
        known.map_or_else(|| word.to_owned(), |(_, spelled)| (*spelled).to_owned())
    });
    spelled.collect::<Vec<_>>().join(" ")
}

/// The first word of a name, as it is in it.
pub(super) fn first(name: &str) -> &str {
    split(name).next().unwrap_or(name)
}

/// What a counter's name says that it counts: its last plural.
pub(super) fn counted(name: &str) -> Option<String> {
    let words: Vec<_> = split(name).collect();
    let is_plural =
        |word: &&&str| word.len() > 2 && word.ends_with('s') && !SINGULAR.contains(word);
    words.iter().rfind(is_plural).map(|word| phrase(word))
}

pub(super) fn split(name: &str) -> impl Iterator<Item = &str> {
    name.split(|it: char| !it.is_alphanumeric()).filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::{counted, title};

    #[test]
    fn titles_are_spelled() {
        let cases = [
            ("orders_submitted", "Orders submitted"),
            ("pnl_realized", "P&L realized"),
            ("websocket_connected", "WebSocket connected"),
            ("market-data", "Market data"),
            ("", ""),
        ];
        for (name, expected) in cases {
            assert_eq!(title(name), expected);
        }
    }

    #[test]
    fn the_last_plural_is_counted() {
        let cases = [
            ("orders_submitted", Some("orders")),
            ("stop_loss_triggers", Some("triggers")),
            ("volume", None),
            ("circuit_breaker_status", None),
        ];
        for (name, expected) in cases {
            assert_eq!(counted(name).as_deref(), expected, "{name}");
        }
    }
}
