use super::Replay;
use crate::feed::lines::{Line, Lines};
use crate::feed::{Body, Event, Feed, Message, Side, Symbol};
use flate2::{Compression, write::GzEncoder};
use std::fs;
use std::io::Write;
use std::path::PathBuf;

const GOOD: &str = "\
local_ts_ns,stream,event_ms,transaction_ms,price,qty
1723161255088169167,bookTicker,1723161256313,1723161256313,61800.20,2.507
1723161255088176367,trade,1723161256322,1723161256322,61800.30,0.006
1723161255088181667,bookTicker,1723161256322,1723161256322,61800.20,2.507
1723161255088309867,depth@0ms,1723161256352,1723161256352,,
1723161255319702566,other,,,,
1723161255633541066,trade,1723161256902,1723161256902,61800.20,0.002
";

/// A file for one test, removed with it.
struct Temporary(PathBuf);

impl Temporary {
    fn new(name: &str, content: &[u8]) -> Self {
        let path = std::env::temp_dir().join(format!("trading-{}-{name}", std::process::id()));
        fs::write(&path, content).unwrap();
        Self(path)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn read(name: &str, content: &[u8]) -> (Vec<Message>, u64) {
    let file = Temporary::new(name, content);
    let mut replay = Replay::open(&file.0, Symbol::intern("BTCUSDT")).unwrap();
    let mut messages = Vec::new();
    while let Some(event) = replay.next() {
        match event {
            Event::Message(message) => messages.push(message),
            Event::Reconnected { .. } => panic!("a recording has no reconnects"),
        }
    }
    (messages, replay.damaged())
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn sides(messages: &[Message]) -> Vec<Side> {
    let side = |message: &Message| match message.body {
        Body::Trade { aggressor, .. } => Some(aggressor),
        _ => None,
    };
    messages.iter().filter_map(side).collect()
}

#[test]
fn plain_and_gzip_are_the_same() {
    let plain = read("plain", GOOD.as_bytes());
    assert_eq!(plain.1, 0);
    assert_eq!(plain.0.len(), 6);
    assert_eq!(plain.0[4].event, None);
    assert_eq!(plain.0[0].event, Some(1_723_161_256_313_000_000));
    assert_eq!(sides(&plain.0), [Side::Buy, Side::Sell]);
    assert_eq!(read("gzip", &gzip(GOOD.as_bytes())), plain);
    assert_eq!(read("crlf", GOOD.replace('\n', "\r\n").as_bytes()), plain);
    assert_eq!(read("open-ended", GOOD.trim_end().as_bytes()), plain);
}

#[test]
fn damaged_lines_are_skipped_and_counted() {
    let damaged = [
        "1723161255633541066,trade,1723161256902,1723161256902,61800.20",
        "1723161255633541066,trade,1723161256902,1723161256902,61800.20,1,1",
        "1723161255633541066,tradf,1723161256902,1723161256902,61800.20,1",
        "1723161255633541066,trade,1723161256902,1723161256902,61800.2x,1",
        "1723161255633541066,trade,1723161256902,1723161256902,0,1",
        "1723161255633541066,trade,1723161256902,1723161256902,,",
        "1723161255633541066,trade,1723161256902,1723161256902,1,-1",
        "-1,trade,1723161256902,1723161256902,1,1",
        "99999999999999999999,trade,1723161256902,1723161256902,1,1",
        "1723161255633541066,trade,9223372036854775807,1723161256902,1,1",
        "1723161255633541066,trade,1723161256902,soon,1,1",
        "",
    ];
    let mut content = GOOD.as_bytes().to_vec();
    content.extend(damaged.join("\n").bytes());
    content.extend(b"\n\xff\xfe\n");
    content.extend([b'x'; 10_000]);
    content.extend(b"\n1723161255633541066,other,,,,\n");
    let (messages, count) = read("damaged", &content);
    assert_eq!(messages.len(), 7);
    assert_eq!(count, damaged.len() as u64 + 2);
}

#[test]
fn the_content_of_a_truncated_file_is_kept() {
    // Numbers that do not compress well, so that the first half holds some lines.
    let mut content = GOOD.lines().next().unwrap().to_owned() + "\n";
    let mut random = fastrand::Rng::with_seed(1);
    for _ in 0..20_000 {
        content.extend([&random.i64(0..i64::MAX).to_string(), ",other,,,,\n"]);
    }
    let zipped = gzip(content.as_bytes());
    let (messages, damaged) = read("cut", &zipped[..zipped.len() / 2]);
    assert!((1_000..20_000).contains(&messages.len()), "{}", messages.len());
    assert_eq!(damaged, 0);
}

/// The lines of a file up to an error, and that error.
fn broken(name: &str, content: &[u8]) -> (String, Option<String>) {
    let file = Temporary::new(name, content);
    let mut lines = Lines::open(&file.0).unwrap();
    let mut text = String::new();
    loop {
        match lines.next() {
            Line::Text(line) => text.extend([line, "\n"]),
            Line::End => return (text, None),
            Line::Broken(error) => return (text, Some(error.to_string())),
            Line::Unreadable(reason) => panic!("{reason}"),
        }
    }
}

#[test]
fn bytes_behind_a_gzip_are_another_one_or_an_error() {
    let whole = GOOD.to_owned();
    let (first, second) = GOOD.split_at(300);
    let members = [gzip(first.as_bytes()), gzip(b""), gzip(second.as_bytes())].concat();
    assert_eq!(broken("members", &members), (whole.clone(), None));
    for (name, garbage) in [
        ("garbage-1", &b"\0"[..]),
        ("garbage-2", b"\x1f"),
        ("garbage-3", b"\x1f\x8c\0\0\0\0\0\0\0\0\0\0"),
        ("garbage-4", b"a line\n"),
        ("garbage-5", &[0; 4096]),
    ] {
        let (text, error) = broken(name, &[&members, garbage].concat());
        assert_eq!(text, whole, "{name}");
        assert!(error.unwrap().contains("bytes of something else"), "{name}");
    }
    // That is another thing.
    let (text, error) = broken("cut-member", &[&members[..], b"\x1f\x8b\x08"].concat());
    assert_eq!(text, whole);
    assert!(error.unwrap().contains("end of file"));
}

#[test]
fn a_recording_that_is_cut_short_says_so() {
    let zipped = gzip(GOOD.repeat(50).as_bytes());
    for (name, content, is_whole) in [
        ("whole.gz", &zipped[..], true),
        ("whole", GOOD.as_bytes(), true),
        // Within the data, and within the checksum behind it.
        ("cut", &zipped[..zipped.len() / 2], false),
        ("cut-sum", &zipped[..zipped.len() - 3], false),
    ] {
        let file = Temporary::new(name, content);
        let mut replay = Replay::open(&file.0, Symbol::intern("BTCUSDT")).unwrap();
        while replay.next().is_some() {}
        let broken = replay.broken();
        assert_eq!(broken.is_none(), is_whole, "{name}: {broken:?}");
        assert!(broken.is_none_or(|reason| reason.contains("can't be read on in line")));
    }
}

#[test]
fn other_files_than_recordings_are_refused() {
    let symbol = Symbol::intern("BTCUSDT");
    for (name, content) in [("empty", &b""[..]), ("other", b"a,b\n1,2\n"), ("zip", b"\x1f\x8b")] {
        let file = Temporary::new(name, content);
        let error = Replay::open(&file.0, symbol).err().expect(name);
        assert!(error.contains("not a recording"), "{error}");
    }
    let missing = Replay::open(&std::env::temp_dir().join("no-such-file"), symbol);
    assert!(missing.err().unwrap().contains("can't read"));
    assert!(Replay::open(&std::env::temp_dir(), symbol).is_err());
}
