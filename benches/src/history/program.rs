//! Programs that run beside.

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, SysconfVar, sysconf};
use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long a program may take to end by itself.
const GRACE: Duration = Duration::from_secs(30);

/// A program that runs until this value is dropped.
pub(super) struct Program {
    name: String,
    child: Child,
}

impl Program {
    /// Starts it. Its output goes to `NAME.log` in the folder.
    pub(super) fn start(name: &str, mut command: Command, folder: &Path) -> Result<Self, String> {
        let log = folder.join(format!("{name}.log"));
        let output = File::create(&log).map_err(|error| format!("{}: {error}", log.display()))?;
        let copy = output.try_clone().map_err(|error| error.to_string())?;
        let child = command.stdin(Stdio::null()).stdout(output).stderr(copy).spawn();
        let program = command.get_program().display();
        let child = child.map_err(|error| format!("{program} can't be started: {error}"))?;
        Ok(Self { name: name.to_owned(), child })
    }

    /// The processor time so far, of all its threads.
    pub(super) fn cpu(&self) -> Result<Duration, String> {
        let stat = self.read("stat")?;
        // The name of the program, in brackets, may hold spaces.
        let fields = stat.rsplit_once(')').map(|(_, rest)| rest.split_whitespace());
        let times = fields.map(|fields| fields.skip(11).take(2).map(str::parse::<f64>));
        let ticks: Result<f64, _> = times.into_iter().flatten().sum();
        let ticks = ticks.map_err(|error| format!("{}: {error}", self.name))?;
        let rate = sysconf(SysconfVar::CLK_TCK).ok().flatten().unwrap_or(100);
        Ok(Duration::from_secs_f64(ticks / rate as f64))
    }

    /// Its resident memory in bytes.
    pub(super) fn memory(&self) -> Result<u64, String> {
        let status = self.read("status")?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let number = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        number.map(|kibibytes| kibibytes << 10).ok_or_else(|| format!("{} has ended", self.name))
    }

    fn read(&self, file: &str) -> Result<String, String> {
        fs::read_to_string(format!("/proc/{}/{file}", self.child.id()))
            .map_err(|error| format!("{}: {error}", self.name))
    }

    /// Sends a signal.
    pub(super) fn signal(&self, signal: Signal) -> Result<(), String> {
        let pid = i32::try_from(self.child.id()).map_err(|error| error.to_string())?;
        kill(Pid::from_raw(pid), signal).map_err(|error| format!("{}: {error}", self.name))
    }

    /// Asks it to end, and waits for that.
    pub(super) fn end(&mut self) -> Result<(), String> {
        if matches!(self.child.try_wait(), Ok(Some(_))) {
            return Ok(());
        }
        self.signal(Signal::SIGCONT)?;
        self.signal(Signal::SIGTERM)?;
        let start = Instant::now();
        while start.elapsed() < GRACE {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return Ok(());
            }
            sleep(Duration::from_millis(20));
        }
        Err(format!("{} does not end", self.name))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if self.end().is_err() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}
