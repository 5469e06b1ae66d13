//! The programs that collect.

use super::http;
use super::program::Program;
use nix::unistd::getpid;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// A folder that is removed at the end.
pub(super) struct Folder(pub(super) PathBuf);

impl Folder {
    pub(super) fn new(part: &str) -> Result<Self, String> {
        let path = std::env::temp_dir().join(format!("tickmetrics-history-{part}.{}", getpid()));
        fs::create_dir_all(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// What is scraped: the name of a service, and its port.
pub(super) type Target = (String, u16);

/// A program that scrapes.
pub(super) struct Collecting {
    pub(super) name: &'static str,
    pub(super) program: Program,
    /// Of its own metrics.
    pub(super) port: u16,
    samples: Samples,
}

/// The metric that counts the samples, and the values of one of its labels.
type Samples = (&'static str, &'static [(&'static str, &'static str)]);

impl Collecting {
    /// `tickmetrics collect` with these targets, or with `HOST:PORT` of each.
    pub(super) fn ours(
        folder: &Folder,
        name: &'static str,
        store: &str,
        targets: &[String],
        more: &[&str],
    ) -> Result<Self, String> {
        let port = http::free_port()?;
        let mut command = Command::new(beside("tickmetrics")?);
        command.arg("collect").args(targets).args(["--store", store]).args(more);
        command.args(["--listen", &format!("127.0.0.1:{port}")]);
        let program = Program::start(name, command, &folder.0)?;
        Self::ready(name, program, port, "/metrics", ("tickmetrics_collector_samples_total", &[]))
    }

    /// Prometheus as an agent: it scrapes and keeps a log to forward, without a database.
    pub(super) fn agent(folder: &Folder, path: &Path, targets: &[Target]) -> Result<Self, String> {
        let more = ["--agent", "--storage.agent.path=agent"];
        let samples = ("prometheus_agent_samples_appended_total", &[][..]);
        prometheus(folder, path, "Prometheus, agent", targets, &more, samples, "")
    }

    /// Prometheus with its database, and with native histograms beside classic ones.
    pub(super) fn prometheus(
        folder: &Folder,
        path: &Path,
        targets: &[Target],
    ) -> Result<Self, String> {
        let more = [
            "--storage.tsdb.path=prometheus",
            "--web.enable-admin-api",
            "--enable-feature=native-histograms",
        ];
        let samples = ("prometheus_tsdb_head_samples_appended_total", &[][..]);
        // Version 2 stores the buckets that it asks for in text.
        let classic = if version(path)?.starts_with('3') {
            "  always_scrape_classic_histograms: true\n"
        } else {
            ""
        };
        prometheus(folder, path, "Prometheus", targets, &more, samples, classic)
    }

    /// VictoriaMetrics, one node.
    pub(super) fn victoria(
        folder: &Folder,
        path: &Path,
        targets: &[Target],
    ) -> Result<Self, String> {
        let name = "VictoriaMetrics";
        let port = http::free_port()?;
        let file = configuration(folder, "victoria.yml", targets, "")?;
        let mut command = Command::new(path);
        command
            .current_dir(&folder.0)
            .args(["-storageDataPath=victoria", "-retentionPeriod=1y"])
            .arg(format!("-promscrape.config={}", file.display()))
            .arg(format!("-httpListenAddr=127.0.0.1:{port}"));
        let program = Program::start(name, command, &folder.0)?;
        let samples = ("vm_rows_inserted_total", &[("type", "promscrape")][..]);
        Self::ready(name, program, port, "/health", samples)
    }

    fn ready(
        name: &'static str,
        program: Program,
        port: u16,
        path: &str,
        samples: Samples,
    ) -> Result<Self, String> {
        http::wait(port, path).map_err(|error| format!("{name} is not ready: {error}"))?;
        Ok(Self { name, program, port, samples })
    }

    /// The samples that it has taken so far.
    pub(super) fn samples(&self) -> Result<f64, String> {
        http::sum(self.port, self.samples.0, self.samples.1)
    }

    /// Processor time and samples so far.
    pub(super) fn effort(&self) -> Result<(Duration, f64), String> {
        Ok((self.program.cpu()?, self.samples()?))
    }
}

fn prometheus(
    folder: &Folder,
    path: &Path,
    name: &'static str,
    targets: &[Target],
    more: &[&str],
    samples: Samples,
    settings: &str,
) -> Result<Collecting, String> {
    let port = http::free_port()?;
    let file = configuration(folder, &format!("{name}.yml"), targets, settings)?;
    let mut command = Command::new(path);
    command
        .current_dir(&folder.0)
        .arg(format!("--config.file={}", file.display()))
        .arg(format!("--web.listen-address=127.0.0.1:{port}"))
        .args(more);
    let program = Program::start(name, command, &folder.0)?;
    Collecting::ready(name, program, port, "/-/ready", samples)
}

/// A configuration for Prometheus and for VictoriaMetrics.
fn configuration(
    folder: &Folder,
    name: &str,
    targets: &[Target],
    settings: &str,
) -> Result<PathBuf, String> {
    let mut text =
        "global:\n  scrape_interval: 1s\n  scrape_timeout: 1s\nscrape_configs:\n".to_owned();
    for (service, port) in targets {
        let _ = write!(
            text,
            "- job_name: {service}\n{settings}  static_configs:\n  - targets: ['127.0.0.1:{port}']\n"
        );
    }
    let file = folder.0.join(name);
    fs::write(&file, text).map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(file)
}

/// The version of a program, as it reports it.
pub(super) fn version(path: &Path) -> Result<String, String> {
    let output = Command::new(path).arg("--version").output();
    let output = output.map_err(|error| format!("{} can't be started: {error}", path.display()))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    let version = text.split_whitespace().find(|word| {
        let word = word.trim_start_matches('v');
        word.starts_with(|first: char| first.is_ascii_digit()) && word.contains('.')
    });
    Ok(version.unwrap_or("(version not reported)").trim_start_matches('v').to_owned())
}

/// A program of this project, which lies beside this one.
pub(super) fn beside(name: &str) -> Result<PathBuf, String> {
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    let path = own.with_file_name(name);
    if path.exists() {
        Ok(path)
    } else {
        Err(format!("{} is missing: run `cargo build --release --bins` first", path.display()))
    }
}

/// `trading` on free ports, and its services.
pub(super) fn trading(folder: &Folder) -> Result<(Program, Vec<Target>), String> {
    // Three ports in a row: the first is free, and the others are most likely.
    let first = http::free_port()?;
    let mut command = Command::new(beside("trading")?);
    command.args(["--port-base", &first.to_string()]);
    let program = Program::start("trading", command, &folder.0)?;
    let names = ["market-data", "execution", "risk"];
    let targets: Vec<_> = names.map(str::to_owned).into_iter().zip(first..).collect();
    for (_, port) in &targets {
        http::wait(*port, "/metrics")?;
    }
    Ok((program, targets))
}

/// The targets as `tickmetrics collect` takes them.
pub(super) fn named(targets: &[Target]) -> Vec<String> {
    targets.iter().map(|(service, port)| format!("{service}=127.0.0.1:{port}")).collect()
}

/// The bytes that a file, or all files of a folder, take on disk.
pub(super) fn on_disk(path: &Path) -> u64 {
    let Ok(data) = fs::symlink_metadata(path) else { return 0 };
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    let inside: u64 = entries.map(|entry| on_disk(&entry.path())).sum();
    inside + if data.is_file() { data.blocks() * 512 } else { 0 }
}
