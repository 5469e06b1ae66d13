//! The program in a terminal of its own.

use crate::support::tickmetrics;
use std::fs::File;
use std::io::{Read, Write};
use std::num::NonZero;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// The program in a terminal of 80 × 24.
pub(crate) struct Terminal {
    pub(crate) master: File,
    /// Kept open, so that its settings can be read when the program has ended.
    slave: File,
    pub(crate) child: Child,
    screen: vt100::Parser,
    /// All that the program wrote.
    written: Vec<u8>,
    before: libc::termios,
}

impl Terminal {
    pub(crate) fn start(arguments: &[&str]) -> Self {
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
        command.args(arguments).env("TERM", "xterm-256color");
        command.stdin(stdio()).stdout(stdio()).stderr(stdio());
        // SAFETY: system calls that are allowed between fork and exec. They make the terminal the
        // program's own, as one that a shell runs in is. Tests in the background of a script may
        // ignore SIGINT, and would pass that on.
        unsafe {
            command.pre_exec(|| {
                for signal in [libc::SIGTERM, libc::SIGHUP, libc::SIGINT] {
                    libc::signal(signal, libc::SIG_DFL);
                }
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

    pub(crate) fn press(&mut self, keys: &str) {
        self.master.write_all(keys.as_bytes()).unwrap();
    }

    /// Reads until the screen shows something. Output that takes more than a minute never comes.
    pub(crate) fn wait_for(&mut self, shown: impl Fn(&str) -> bool) -> String {
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
            assert!(start.elapsed() < Duration::from_secs(60), "never shown:\n{contents}");
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

    pub(crate) fn wait(&mut self) -> ExitStatus {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(start.elapsed() < Duration::from_secs(60), "it does not end");
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Waits for its end: the terminal must be as before.
    pub(crate) fn ended(&mut self) -> ExitStatus {
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
    }

    /// Waits for its successful end. Returns all output.
    pub(crate) fn ended_well(mut self) -> Vec<u8> {
        let status = self.ended();
        assert_eq!(status.code(), Some(0));
        assert!(!self.screen.screen().alternate_screen());
        assert!(!self.screen.screen().hide_cursor());
        let cleared = self.written.windows(4).filter(|bytes| bytes == b"\x1b[2J").count();
        assert!(cleared <= 2, "the whole screen was cleared {cleared} times");
        std::mem::take(&mut self.written)
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
