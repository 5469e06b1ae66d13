//! Prometheus itself, which scrapes and answers queries. The environment variable `PROMETHEUS` can
//! name another one than the system's.

#![expect(missing_docs, clippy::missing_panics_doc, reason = "not for users")]

use crate::programs::skip;
use serde_json::Value;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// A first scrape takes some seconds on an idle machine.
const PATIENCE: Duration = Duration::from_mins(2);

pub struct Prometheus {
    child: Child,
    address: SocketAddr,
    folder: PathBuf,
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

impl Prometheus {
    /// Scrapes the targets, each a job of its own, twice a second. `None` where it is not
    /// installed; the skip is reported. `name` is the test's own.
    pub fn start(name: &str, jobs: &[(&str, SocketAddr)], arguments: &[&str]) -> Option<Self> {
        Self::start_with(name, jobs, "", arguments)
    }

    /// The same, with further settings of each job, such as `, metrics_path: /`.
    pub fn start_with(
        name: &str,
        jobs: &[(&str, SocketAddr)],
        settings: &str,
        arguments: &[&str],
    ) -> Option<Self> {
        Self::start_configured(name, jobs, settings, "", arguments)
    }

    /// The same, with rules, which are evaluated twice a second. Their alerts go to an Alertmanager.
    pub fn start_alerting(
        name: &str,
        jobs: &[(&str, SocketAddr)],
        rules: &Path,
        alertmanager: SocketAddr,
    ) -> Option<Self> {
        let sections = format!(
            "rule_files: ['{}']\n\
             alerting: {{alertmanagers: [{{static_configs: [{{targets: ['{alertmanager}']}}]}}]}}\n",
            rules.display()
        );
        Self::start_configured(name, jobs, "", &sections, &[])
    }

    fn start_configured(
        name: &str,
        jobs: &[(&str, SocketAddr)],
        settings: &str,
        sections: &str,
        arguments: &[&str],
    ) -> Option<Self> {
        let program = std::env::var_os("PROMETHEUS").unwrap_or_else(|| "prometheus".into());
        if let Err(error) = Command::new(&program).arg("--version").output() {
            skip(&format!("prometheus is not installed (apt-get install prometheus): {error}"));
            return None;
        }
        let folder =
            std::env::temp_dir().join(format!("tickmetrics-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let mut text = format!(
            "global: {{scrape_interval: 500ms, evaluation_interval: 500ms}}\n\
             {sections}scrape_configs:\n"
        );
        for (job, target) in jobs {
            let _ = writeln!(
                text,
                "- {{job_name: {job}, static_configs: [{{targets: ['{target}']}}]{settings}}}"
            );
        }
        let config = folder.join("prometheus.yml");
        fs::write(&config, text).unwrap();
        // It does not report a port that it chose itself. So this is one that was free just now.
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
        let child = Command::new(program)
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", folder.join("data").display()))
            .arg(format!("--web.listen-address={address}"))
            .args(arguments)
            .stdout(Stdio::null())
            .stderr(File::create(folder.join("log")).unwrap())
            .spawn()
            .unwrap();
        Some(Self { child, address, folder })
    }

    /// The major version; `None` where it is not installed, and the skip is reported.
    pub fn version() -> Option<u32> {
        let program = std::env::var_os("PROMETHEUS").unwrap_or_else(|| "prometheus".into());
        match Command::new(&program).arg("--version").output() {
            Ok(output) => {
                let text = String::from_utf8_lossy(&output.stdout).into_owned();
                let version = text.split_once("version ").map_or("", |(_, version)| version);
                version.split('.').next()?.parse().ok()
            }
            Err(error) => {
                skip(&format!("prometheus is not installed (apt-get install prometheus): {error}"));
                None
            }
        }
    }

    /// The series that a query gives, at a time in seconds since 1970 or now; `None` before there is
    /// an answer.
    pub fn query(&self, query: &str, time: Option<f64>) -> Option<Vec<Value>> {
        let mut path = "query?query=".to_owned();
        for byte in query.bytes() {
            let _ = write!(path, "%{byte:02X}");
        }
        if let Some(time) = time {
            let _ = write!(path, "&time={time:.3}");
        }
        Some(self.get(&path)?["result"].as_array().unwrap().clone())
    }

    /// The exemplars of all series that a selector names, each series with its labels.
    pub fn exemplars(&self, selector: &str) -> Option<Vec<Value>> {
        let mut path = "query_exemplars?start=0&end=4102444800&query=".to_owned();
        for byte in selector.bytes() {
            let _ = write!(path, "%{byte:02X}");
        }
        Some(self.get(&path)?.as_array()?.clone())
    }

    /// The answer of its HTTP interface at a path, if it answers yet.
    fn get(&self, path: &str) -> Option<Value> {
        let mut stream = TcpStream::connect(self.address).ok()?;
        // With 1.0 the answer ends with the connection.
        let request = format!("GET /api/v1/{path} HTTP/1.0\r\nHost: a\r\n\r\n");
        stream.write_all(request.as_bytes()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let answer: Value = serde_json::from_str(answer.split_once("\r\n\r\n")?.1).ok()?;
        // Some paths have no answer while it starts.
        (answer["status"] == "success").then(|| answer["data"].clone())
    }

    /// Waits until there is an answer.
    pub fn until<T>(&self, what: &str, ask: impl Fn() -> Option<T>) -> T {
        let begin = Instant::now();
        while begin.elapsed() < PATIENCE {
            if let Some(answer) = ask() {
                return answer;
            }
            thread::sleep(Duration::from_millis(100));
        }
        let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        let targets = self.get("targets");
        panic!("{what} never came: {targets:?}\n{log}");
    }

    /// All series of a job, once it was scraped.
    pub fn series(&self, job: &str) -> Vec<Value> {
        let up = format!("up{{job={job:?}}} == 1");
        self.until(job, || self.query(&up, None).filter(|series| !series.is_empty()));
        self.query(&format!("{{job={job:?}}}"), None).unwrap()
    }
}

/// A server of a program's own, on a thread that ends with the process. It passes each request's
/// header `Accept` to `answer`, which returns a type of content and a body.
pub fn serve(
    mut answer: impl FnMut(Option<&str>) -> (&'static str, Vec<u8>) + Send + 'static,
) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut accept = None;
            for line in BufReader::new(&stream).lines() {
                let Ok(line) = line else { break };
                match line.split_once(": ") {
                    Some(("Accept", value)) => accept = Some(value.to_owned()),
                    None if line.is_empty() => break,
                    _ => {}
                }
            }
            let (content_type, body) = answer(accept.as_deref());
            let length = body.len();
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n\
                 Connection: close\r\n\r\n"
            );
            // A client that went away is its own loss.
            let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
        }
    });
    address
}
