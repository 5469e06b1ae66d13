//! This test program, run again in another process, for actions that one process can do only once,
//! or must not survive. A test named `in_another_process` acts there as its [`role`] demands.

#![expect(missing_docs, clippy::missing_panics_doc, reason = "not for users")]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::fd::AsRawFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

const ROLE: &str = "TICKMETRICS_TEST_ROLE";
const FILE: &str = "TICKMETRICS_TEST_FILE";

/// The role of this process, and its file; `None` in the first one.
pub fn role() -> Option<(String, PathBuf)> {
    Some((std::env::var(ROLE).ok()?, std::env::var_os(FILE)?.into()))
}

/// Runs this program again, by way of the programs and arguments before it.
pub fn command(before: &[&str], role: &str, file: &Path) -> Command {
    let this = std::env::current_exe().unwrap();
    let mut command = match before {
        [] => Command::new(this),
        [program, arguments @ ..] => {
            let mut command = Command::new(program);
            command.args(arguments).arg(this);
            command
        }
    };
    command.args(["--exact", "in_another_process", "--nocapture"]).env(ROLE, role).env(FILE, file);
    command
}

/// Runs `child` in a forked process, and answers its id.
pub fn fork(child: impl FnOnce()) -> i32 {
    // SAFETY: the child takes the locks of this library and of the allocator only. The library sees to
    // its own when a process forks, and glibc to the allocator's.
    let pid = unsafe { libc::fork() };
    assert!(pid >= 0, "{}", std::io::Error::last_os_error());
    if pid == 0 {
        let failed = catch_unwind(AssertUnwindSafe(child)).is_err();
        // SAFETY: ends the child without running the exit handlers of the parent.
        unsafe { libc::_exit(i32::from(failed)) };
    }
    pid
}

/// Waits for a child, which must not have failed.
pub fn ends_well(pid: i32) {
    let mut status = 0;
    // SAFETY: waits for a child.
    assert_eq!(unsafe { libc::waitpid(pid, &raw mut status, 0) }, pid);
    assert_eq!(status, 0, "the child ended with status {status:#x}");
}

/// The whole standard output and standard error of a process, which must end well.
pub fn output(mut command: Command) -> String {
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{}: {text}", output.status);
    text
}

/// Runs all tests of this program again, but for the one that asks for it, with the metrics of the
/// whole process in the folder's file.
pub fn again_in_a_file(but_for: &str, folder: &Folder) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--skip", but_for]).env("TICKMETRICS_SEGMENT", folder.file());
    output(command);
}

/// A folder of its own in shared memory, gone at the end.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new(name: &str) -> Self {
        let path = Path::new("/dev/shm").join(format!("tickmetrics-{name}-{}", std::process::id()));
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub fn file(&self) -> PathBuf {
        self.0.join("segment")
    }

    pub fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// This program in another process, ended with the test.
pub struct Other {
    pub child: Child,
    lines: BufReader<ChildStdout>,
}

impl Other {
    pub fn start(role: &str, file: &Path) -> Self {
        Self::of(command(&[], role, file))
    }

    pub fn of(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self { child, lines }
    }

    /// Its next message.
    pub fn says(&mut self) -> String {
        loop {
            let mut line = String::new();
            assert!(self.lines.read_line(&mut line).unwrap() > 0, "it ended without a word");
            if let Some((_, said)) = line.trim_end().split_once("says: ") {
                return said.to_owned();
            }
        }
    }

    pub fn tell(&mut self) {
        self.child.stdin.as_mut().unwrap().write_all(b"on\n").unwrap();
    }

    /// Sends a signal: `libc::SIGSTOP`, `libc::SIGCONT`.
    pub fn signal(&self, signal: i32) {
        let pid = self.child.id().try_into().unwrap();
        // SAFETY: a call without effect on this process. The child was not waited for, so that no
        // other process has its id.
        assert_eq!(unsafe { libc::kill(pid, signal) }, 0);
    }

    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Takes the lock that the process of a segment has, until the file is closed; false where another has
/// it.
pub fn try_lock(file: &fs::File) -> bool {
    // SAFETY: an all-zero flock is valid, and stands for the whole of a file.
    let mut lock: libc::flock = unsafe { std::mem::zeroed() };
    lock.l_type = i16::try_from(libc::F_WRLCK).unwrap();
    // SAFETY: the descriptor is open, and the lock lives.
    unsafe { libc::fcntl(file.as_raw_fd(), libc::F_OFD_SETLK, &raw const lock) == 0 }
}

pub fn say(what: &str) {
    println!("\nsays: {what}");
    std::io::stdout().flush().unwrap();
}

/// Until the test ends this process. The end of a scope can leave a thread one `park` that returns at
/// once.
pub fn park() -> ! {
    loop {
        std::thread::park();
    }
}

pub fn wait() {
    std::io::stdin().read_line(&mut String::new()).unwrap();
}
