//! The live view: as plain text, and in a terminal of its own.

use crate::serve::Serving;
use crate::support::{Folder, Writer, failure, output, run, text};
use crate::terminal::Terminal;
use std::collections::HashMap;
use std::fs::File;
use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

/// The columns before the series, by series.
fn table(text: &str) -> HashMap<String, Vec<String>> {
    let mut lines = text.lines();
    assert!(lines.next().unwrap().starts_with("# "));
    let head: Vec<_> = lines.next().unwrap().split_whitespace().collect();
    assert_eq!(head, ["VALUE", "RATE/S", "P50", "P99", "P99.9", "MAX", "UNIT", "SERIES"]);
    let row = |line: &str| {
        let mut cells: Vec<_> = line.split_whitespace().map(String::from).collect();
        (cells.pop().unwrap(), cells)
    };
    lines.map(row).collect()
}

#[test]
fn once_prints_exact_figures() {
    let folder = Folder::new("top-once");
    let file = folder.file("feed.metrics");
    let writer = Writer::start("gateway", &file);
    let printed = output(&["top", text(&file), "--once", "--interval", "50ms", "--all-time"]);
    assert!(printed.contains(&format!("pid {} alive ", writer.pid())), "{printed}");
    let table = table(&printed);
    let row = |series: &str| table[series].iter().map(String::as_str).collect::<Vec<_>>();
    assert_eq!(row("orders_total{side=\"buy\"}"), ["3", "0", "-", "-", "-", "-", "-"]);
    assert_eq!(row("waited_seconds_total"), ["1.5", "0", "-", "-", "-", "-", "seconds"]);
    assert_eq!(row("limit"), ["99.5", "-", "-", "-", "-", "-", "-"]);
    assert_eq!(row("in_flight"), ["2", "-", "-", "-", "-", "-", "-"]);
    let seven = "7e-6";
    let decode = row("decode_seconds{symbol=\"MSFT\"}");
    assert_eq!(decode, ["1", "0", seven, seven, seven, seven, "seconds"]);
    let decode = row("decode_seconds{symbol=\"AAPL\"}");
    assert_eq!((decode[0], decode[5]), ("1000", "0.001"));
    let median: f64 = decode[2].parse().unwrap();
    assert!((500e-6..501e-6).contains(&median), "{median}");
}

#[test]
fn once_prints_figures_for_people() {
    let folder = Folder::new("top-human");
    let file = folder.file("feed.metrics");
    let _writer = Writer::start("gateway", &file);
    let once = ["top", text(&file), "--once", "--human", "--interval", "10ms", "--all-time"];
    let printed = output(&once);
    let table = table(&printed);
    let row = |series: &str| table[series].iter().map(String::as_str).collect::<Vec<_>>();
    assert_eq!(row("orders_total{side=\"buy\"}"), ["3", "0", "-", "-", "-", "-", "-"]);
    assert_eq!(row("waited_seconds_total"), ["1.50s", "0", "-", "-", "-", "-", "-"]);
    let seven = "7.00µs";
    let decode = row("decode_seconds{symbol=\"MSFT\"}");
    assert_eq!(decode, ["1", "0", seven, seven, seven, seven, "-"]);
    let decode = row("decode_seconds{symbol=\"AAPL\"}");
    assert_eq!((decode[0], decode[5]), ("1.00k", "1.00ms"));
    // A micro sign is one column.
    let start = |line: &str| {
        line.chars().collect::<String>().find(" decode").map(|at| line[..at].chars().count())
    };
    let starts: Vec<_> = printed.lines().filter_map(start).collect();
    assert!(starts.len() == 2 && starts[0] == starts[1], "{printed}");
    let errors = run(&["top", text(&file), "--human"]);
    assert!(String::from_utf8(errors.stderr).unwrap().contains("--once"));
}

#[test]
fn of_a_dead_process_all_is_shown() {
    let folder = Folder::new("top-dead");
    let file = folder.file("feed.metrics");
    drop(Writer::start("gateway", &file));
    let printed = output(&["top", text(&file), "--once", "--interval", "10ms"]);
    assert!(printed.contains(" DEAD"), "{printed}");
    assert_eq!(table(&printed)["decode_seconds{symbol=\"MSFT\"}"][2], "7e-6");
}

#[test]
fn once_filters_and_sorts() {
    let folder = Folder::new("top-filter");
    let file = folder.file("feed.metrics");
    let _writer = Writer::start("gateway", &file);
    let rows = |more: &[&str]| {
        let all = ["top", text(&file), "--once", "--interval", "10ms"];
        let printed = output(&[&all, more].concat());
        let last = |line: &str| line.rsplit(' ').next().unwrap().to_owned();
        printed.lines().skip(2).map(last).collect::<Vec<_>>()
    };
    let decode = ["decode_seconds{symbol=\"AAPL\"}", "decode_seconds{symbol=\"MSFT\"}"];
    assert_eq!(rows(&["--filter", "DECODE"]), decode);
    let none = run(&["top", text(&file), "--once", "--interval", "10ms", "--filter", "fillz"]);
    let told = String::from_utf8(none.stderr).unwrap();
    assert!(none.status.success(), "{told}");
    assert_eq!(told, "no series has \"fillz\" in its name or its labels\n");
    let by_value = rows(&["--sort", "value"]);
    assert_eq!(by_value[..3], [decode[0], "limit", "orders_total{side=\"buy\"}"]);
    assert_eq!(by_value.last().unwrap(), "orders_total{side=\"sell\"}");
}

#[test]
fn any_exporter_can_be_watched() {
    let folder = Folder::new("top-url");
    let file = folder.file("feed.metrics");
    let _writer = Writer::start("gateway", &file);
    let serving = Serving::start(&[text(&file)]);
    // As the program that serves prints it, or as a person types it.
    let url = serving.url.strip_suffix("/metrics").unwrap();
    let address = url.strip_prefix("http://").unwrap();
    for address in [address, &format!("{address}/metrics"), &serving.url] {
        let printed = output(&["top", address, "--once", "--interval", "10ms"]);
        assert!(printed.starts_with(&format!("# {}  \n", serving.url)), "{printed}");
        assert!(table(&printed).contains_key("waited_seconds_total{process=\"feed\"}"));
    }
    let table = table(&output(&["top", url, "--once", "--interval", "10ms", "--all-time"]));
    let row = |series: &str| table[series].iter().map(String::as_str).collect::<Vec<_>>();
    let orders = row("orders_total{process=\"feed\",side=\"buy\"}");
    assert_eq!(orders, ["3", "0", "-", "-", "-", "-", "-"]);
    let waited = row("waited_seconds_total{process=\"feed\"}");
    assert_eq!(waited, ["1.5", "0", "-", "-", "-", "-", "seconds"]);
    // 100, 400 and 500 values in buckets to 0.1, 0.5 and 1 ms: within them, all are even.
    let decode = row("decode_seconds{process=\"feed\",symbol=\"AAPL\"}");
    assert_eq!((decode[0], decode[5]), ("1000", "-"));
    for (cell, expected) in [(decode[2], 500e-6), (decode[3], 990e-6), (decode[4], 999e-6)] {
        let value: f64 = cell.parse().unwrap();
        assert!((value / expected - 1.0).abs() < 1e-9, "{value} is not {expected}");
    }
}

#[test]
fn an_exporter_behind_a_socket_can_be_watched() {
    let folder = Folder::new("top-unix");
    let file = folder.file("feed.metrics");
    let _writer = Writer::start("gateway", &file);
    let socket = folder.file("socket");
    let address = format!("unix:{}", text(&socket));
    let _serving = Serving::start_at(&[text(&file)], &address);
    for target in [&*address, text(&socket)] {
        let printed = output(&["top", target, "--once", "--interval", "10ms"]);
        assert!(printed.starts_with(&format!("# {address}  \n")), "{printed}");
        let table = table(&printed);
        assert_eq!(table["waited_seconds_total{process=\"feed\"}"][0], "1.5");
    }
    let missing = format!("unix:{}", text(&folder.file("missing")));
    let told = failure(&["top", &missing, "--once"]);
    assert!(told.contains(&missing) && told.contains("No such file"), "{told}");
}

#[test]
fn watch_errors_are_one_line() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    assert!(failure(&["top", &format!("http://{free}"), "--once"]).contains("can't be scraped"));
    let told = failure(&["top", "/dev/shm/no-such-file", "--once"]);
    assert!(told.contains("No such file") && !told.contains("HOST:PORT"), "{told}");
    for name in ["no-such-host", "9464", ":9464", "no-such-host/metrics"] {
        for options in [&["--once"][..], &["--user", "ops"]] {
            let told = failure(&[&["top", name], options].concat());
            let expected = format!(
                "{name} can't be read: No such file or directory; an exporter is HOST:PORT"
            );
            assert!(told.contains(&expected), "{told}");
        }
    }
    let folder = Folder::new("top-errors");
    let file = folder.file("feed.metrics");
    let _writer = Writer::start("gateway", &file);
    assert!(failure(&["top", text(&file)]).contains("--once"));
}

#[test]
fn a_screen_of_80_by_24() {
    let folder = Folder::new("top-screen");
    let file = folder.file("feed.metrics");
    let mut writer = Writer::start("gateway", &file);
    let mut terminal = Terminal::start(&["top", text(&file), "--interval", "100ms"]);
    let screen = terminal.wait_for(|screen| screen.contains("P99.9") && screen.contains("quit"));
    for what in ["orders_total", "99.5", "SERIES", "q quit", "s sort", "/ filter"] {
        assert!(screen.contains(what), "{what} is not in\n{screen}");
    }
    assert!(screen.lines().count() <= 24);

    // Values that are counted meanwhile appear, with percentiles in their unit.
    let shown = AtomicBool::new(false);
    thread::scope(|scope| {
        // Bounded, so that it ends where the screen never shows it.
        scope.spawn(|| {
            for _ in 0..400 {
                if shown.load(Relaxed) {
                    break;
                }
                writer.count();
                thread::sleep(Duration::from_millis(25));
            }
        });
        terminal.wait_for(|screen| screen.contains("µs") && screen.contains('▁'));
        shown.store(true, Relaxed);
    });

    terminal.press("/in_fl");
    let screen = terminal.wait_for(|screen| screen.contains("filter: in_fl"));
    assert!(screen.contains("1 of 7 series") && !screen.contains("orders_total"), "{screen}");
    terminal.press("\r");
    terminal.wait_for(|screen| screen.contains("Orders in flight."));
    terminal.press("\x1b");
    terminal.wait_for(|screen| screen.contains("orders_total"));
    terminal.press("s");
    terminal.wait_for(|screen| screen.contains("VALUE▼"));
    terminal.press("?");
    let screen = terminal.wait_for(|screen| screen.contains("any key: back"));
    assert!(screen.contains("follow no series") && screen.contains("Ctrl-C"), "{screen}");
    // It is not the end.
    terminal.press("q");
    terminal.wait_for(|screen| screen.contains("VALUE▼") && screen.contains("? keys"));
    terminal.press("q");
    terminal.ended_well();
}

#[test]
fn signals_end_it_as_well() {
    let folder = Folder::new("top-signal");
    let file = folder.file("feed.metrics");
    let _writer = Writer::start("gateway", &file);
    let mut terminal = Terminal::start(&["top", text(&file)]);
    terminal.wait_for(|screen| screen.contains("q quit"));
    // SAFETY: plain system call; the child is not waited for yet, so the number is its own.
    unsafe { libc::kill(terminal.child.id().cast_signed(), libc::SIGTERM) };
    terminal.ended_well();

    let mut terminal = Terminal::start(&["top", text(&file)]);
    terminal.wait_for(|screen| screen.contains("q quit"));
    terminal.press("\x03");
    terminal.ended_well();
}

/// As when a connection breaks. Nobody sees its response.
#[test]
fn without_its_terminal_it_ends() {
    let folder = Folder::new("top-hangup");
    let file = folder.file("feed.metrics");
    let _writer = Writer::start("gateway", &file);
    let mut terminal = Terminal::start(&["top", text(&file)]);
    terminal.wait_for(|screen| screen.contains("q quit"));
    terminal.master = File::open("/dev/null").unwrap();
    terminal.wait();
}
