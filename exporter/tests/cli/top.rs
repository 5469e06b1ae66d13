//! The live view: as plain text, and in a terminal of its own.

use crate::serve::Serving;
use crate::support::{Folder, Writer, failure, output, text, tickmetrics};
use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::num::NonZero;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

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
    let url = serving.url.strip_suffix("/metrics").unwrap();
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
fn what_can_not_be_watched_is_one_line() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    assert!(failure(&["top", &format!("http://{free}"), "--once"]).contains("can't be scraped"));
    assert!(failure(&["top", "https://127.0.0.1", "--once"]).contains("without TLS"));
    assert!(failure(&["top", "/dev/shm/no-such-file", "--once"]).contains("No such file"));
    let folder = Folder::new("top-errors");
    let file = folder.file("feed.metrics");
    let _writer = Writer::start("gateway", &file);
    assert!(failure(&["top", text(&file)]).contains("--once"));
}

/// The program in a terminal of 80 × 24.
struct Terminal {
    master: File,
    /// Kept open, so that its settings can be read when the program has ended.
    slave: File,
    child: Child,
    screen: vt100::Parser,
    /// All that the program wrote.
    written: Vec<u8>,
    before: libc::termios,
}

impl Terminal {
    fn start(arguments: &[&str]) -> Self {
        let (mut master, mut slave) = (0, 0);
        let mut size = libc::winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };
        // SAFETY: all pointers are to live variables or null where that is allowed.
        let opened = unsafe {
            let (name, settings) = (std::ptr::null_mut(), std::ptr::null_mut());
            libc::openpty(&raw mut master, &raw mut slave, name, settings, &raw mut size)
        };
        assert_eq!(opened, 0);
        // SAFETY: openpty opened both, and nobody else has them.
        let (master, slave) =
            unsafe { (OwnedFd::from_raw_fd(master), OwnedFd::from_raw_fd(slave)) };
        let (master, slave) = (File::from(master), File::from(slave));
        // A program that had the other side of its own terminal would never see it go.
        for file in [&master, &slave] {
            // SAFETY: plain system call on an open file.
            let done = unsafe { libc::fcntl(file.as_raw_fd(), libc::F_SETFD, libc::FD_CLOEXEC) };
            assert_eq!(done, 0);
        }
        let before = settings(&slave);
        let stdio = || Stdio::from(slave.try_clone().unwrap());
        let mut command = tickmetrics();
        command.arg("top").args(arguments).env("TERM", "xterm-256color");
        command.stdin(stdio()).stdout(stdio()).stderr(stdio());
        // SAFETY: two system calls that are allowed between fork and exec. They make the terminal
        // the program's own, as one that a shell runs in is.
        unsafe {
            command.pre_exec(|| {
                if libc::setsid() < 0 || libc::ioctl(0, libc::TIOCSCTTY, 0) < 0 {
                    return Err(std::io::Error::last_os_error());
                }
                Ok(())
            })
        };
        let child = command.spawn().unwrap();
        let [rows, columns] = [24, 80].map(|size| NonZero::new(size).unwrap());
        let screen = vt100::Parser::new(rows, columns, 0);
        Self { master, slave, child, screen, written: Vec::new(), before }
    }

    fn press(&mut self, keys: &str) {
        self.master.write_all(keys.as_bytes()).unwrap();
    }

    /// Reads until the screen shows something. What does not come within a minute never does.
    fn wait_for(&mut self, shown: impl Fn(&str) -> bool) -> String {
        let start = Instant::now();
        loop {
            let contents = self.screen.screen().contents();
            if shown(&contents) {
                return contents;
            }
            let mut ready =
                libc::pollfd { fd: self.master.as_raw_fd(), events: libc::POLLIN, revents: 0 };
            // SAFETY: the pointer is to one live variable.
            let polled = unsafe { libc::poll(&raw mut ready, 1, 1_000) };
            assert!(start.elapsed() < Duration::from_mins(1), "never shown:\n{contents}");
            if polled == 0 {
                continue;
            }
            let mut bytes = [0; 4096];
            let read = self.master.read(&mut bytes).unwrap();
            assert_ne!(read, 0, "it ended with\n{contents}");
            self.take(&bytes[..read]);
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        self.screen.process(bytes);
        self.written.extend(bytes);
    }

    fn wait(&mut self) -> ExitStatus {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(start.elapsed() < Duration::from_mins(1), "it does not end");
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Waits for its end: the terminal must be what it was.
    fn ended_well(mut self) {
        let status = {
            // A terminal that nobody reads would block the last words.
            let mut master = self.master.try_clone().unwrap();
            let reader = thread::spawn(move || {
                let (mut rest, mut bytes) = (Vec::new(), [0; 4096]);
                // All ends of the other side are closed once both are: that is an error here.
                while let Ok(read @ 1..) = master.read(&mut bytes) {
                    rest.extend(&bytes[..read]);
                }
                rest
            });
            let status = self.wait();
            let after = settings(&self.slave);
            for (before, after) in [
                (self.before.c_iflag, after.c_iflag),
                (self.before.c_oflag, after.c_oflag),
                (self.before.c_cflag, after.c_cflag),
                (self.before.c_lflag, after.c_lflag),
            ] {
                assert_eq!(before, after, "the terminal is not as it was");
            }
            self.slave = File::open("/dev/null").unwrap();
            let rest = reader.join().unwrap();
            self.take(&rest);
            status
        };
        assert_eq!(status.code(), Some(0));
        assert!(!self.screen.screen().alternate_screen());
        assert!(!self.screen.screen().hide_cursor());
        let cleared = self.written.windows(4).filter(|bytes| bytes == b"\x1b[2J").count();
        assert!(cleared <= 2, "the whole screen was cleared {cleared} times");
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn settings(terminal: &File) -> libc::termios {
    // SAFETY: integers and an array of them, which may all be 0.
    let mut settings: libc::termios = unsafe { std::mem::zeroed() };
    // SAFETY: the pointer is to a live variable.
    let done = unsafe { libc::tcgetattr(terminal.as_raw_fd(), &raw mut settings) };
    assert_eq!(done, 0);
    settings
}

#[test]
fn a_screen_of_80_by_24() {
    let folder = Folder::new("top-screen");
    let file = folder.file("feed.metrics");
    let mut writer = Writer::start("gateway", &file);
    let mut terminal = Terminal::start(&[text(&file), "--interval", "100ms"]);
    let screen = terminal.wait_for(|screen| screen.contains("P99.9") && screen.contains("quit"));
    for what in ["orders_total", "99.5", "SERIES", "q quit", "s sort", "/ filter"] {
        assert!(screen.contains(what), "{what} is not in\n{screen}");
    }
    assert!(screen.lines().count() <= 24);

    // What is counted meanwhile shows up, with its percentiles in their unit.
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
    terminal.press("q");
    terminal.ended_well();
}

#[test]
fn signals_end_it_as_well() {
    let folder = Folder::new("top-signal");
    let file = folder.file("feed.metrics");
    let _writer = Writer::start("gateway", &file);
    let mut terminal = Terminal::start(&[text(&file)]);
    terminal.wait_for(|screen| screen.contains("q quit"));
    // SAFETY: plain system call; the child is not waited for yet, so the number is its own.
    unsafe { libc::kill(terminal.child.id().cast_signed(), libc::SIGTERM) };
    terminal.ended_well();

    let mut terminal = Terminal::start(&[text(&file)]);
    terminal.wait_for(|screen| screen.contains("q quit"));
    terminal.press("\x03");
    terminal.ended_well();
}

/// As when a connection breaks. What it answers, nobody sees.
#[test]
fn without_its_terminal_it_ends() {
    let folder = Folder::new("top-hangup");
    let file = folder.file("feed.metrics");
    let _writer = Writer::start("gateway", &file);
    let mut terminal = Terminal::start(&[text(&file)]);
    terminal.wait_for(|screen| screen.contains("q quit"));
    terminal.master = File::open("/dev/null").unwrap();
    terminal.wait();
}
