//! Two processes behind one port, one killed, one file removed, one added.

use crate::support::{
    CHECK_TEXT, Folder, PROMETHEUS_CLIENT, Writer, failure, promtool, python, text, tickmetrics,
};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, ChildStderr, Stdio};

/// The program, serving.
pub(crate) struct Serving {
    child: Child,
    pub(crate) url: String,
    errors: BufReader<ChildStderr>,
}

impl Serving {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::start_at(arguments, "127.0.0.1:0")
    }

    pub(crate) fn start_at(arguments: &[&str], listen: &str) -> Self {
        let mut child = tickmetrics()
            .arg("serve")
            .args(arguments)
            .args(["--listen", listen])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut url = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut url).unwrap();
        let errors = BufReader::new(child.stderr.take().unwrap());
        Self { child, url: url.trim_end().into(), errors }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn scrape(&self) -> String {
        let (head, body) = self.request("/metrics", "*/*");
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
        let body = String::from_utf8(body).unwrap();
        check(&body);
        body
    }

    /// The head and the body of the answer to a request.
    pub(crate) fn request(&self, path: &str, accept: &str) -> (String, Vec<u8>) {
        let address = self.url.strip_prefix("http://").unwrap().strip_suffix("/metrics").unwrap();
        let mut client = TcpStream::connect(address).unwrap();
        // HTTP/1.0 has no chunks.
        let request = format!("GET {path} HTTP/1.0\r\nHost: a\r\nAccept: {accept}\r\n\r\n");
        client.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).unwrap();
        let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap();
        let head = String::from_utf8(answer[..end].to_vec()).unwrap();
        (head.replace("HTTP/1.0", "HTTP/1.1") + "\r\n", answer[end + 4..].to_vec())
    }

    /// Ends it as a service manager does, and returns its messages.
    pub(crate) fn end(mut self) -> String {
        // SAFETY: plain system call; the child is not waited for yet, so the number is its own.
        unsafe { libc::kill(self.child.id().cast_signed(), libc::SIGTERM) };
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
        let mut said = String::new();
        self.errors.read_to_string(&mut said).unwrap();
        said
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Both parsers accept it, so no family occurs twice.
fn check(body: &str) {
    promtool(body);
    let (module, install) = PROMETHEUS_CLIENT;
    python(module, install, &[CHECK_TEXT], body);
}

pub(crate) fn has(body: &str, line: &str) -> bool {
    body.lines().any(|it| it == line)
}

#[test]
fn processes_come_die_and_go() {
    let folder = Folder::new("serve");
    let (feed, risk) = (folder.file("feed.metrics"), folder.file("risk.metrics"));
    let mut feed_writer = Writer::start("gateway", &feed);
    let mut risk_writer = Writer::start("other", &risk);
    fs::write(folder.file("readme"), "no segment").unwrap();
    let serving = Serving::start(&[text(folder.path())]);

    let body = serving.scrape();
    for line in [
        "# HELP orders_total Orders, \"all\" of them.",
        "orders_total{process=\"feed\",side=\"buy\"} 3",
        "orders_total{process=\"risk\",side=\"sell\"} 4",
        "limit{process=\"feed\"} 99.5",
        "decode_seconds_count{process=\"feed\",symbol=\"AAPL\"} 1000",
        "tickmetrics_serve_segments 2",
        "tickmetrics_serve_unreadable_segments 0",
        "tickmetrics_serve_left_out_families 1",
        "tickmetrics_serve_alive{process=\"feed\"} 1",
    ] {
        assert!(has(&body, line), "{line} is not in\n{body}");
    }
    assert!(!body.contains("limit{process=\"risk\"}"));

    // The counts of a killed process stay.
    feed_writer.count();
    feed_writer.kill();
    risk_writer.count();
    let body = serving.scrape();
    for line in [
        "orders_total{process=\"feed\",side=\"buy\"} 13",
        "orders_total{process=\"risk\",side=\"sell\"} 5",
        "tickmetrics_serve_alive{process=\"feed\"} 0",
        "tickmetrics_serve_alive{process=\"risk\"} 1",
    ] {
        assert!(has(&body, line), "{line} is not in\n{body}");
    }

    // Without its file it is gone, and the family that clashed with it is served.
    fs::remove_file(&feed).unwrap();
    let body = serving.scrape();
    assert!(!body.contains("process=\"feed\""), "{body}");
    assert!(has(&body, "limit{process=\"risk\"} 1"), "{body}");
    assert!(has(&body, "tickmetrics_serve_left_out_families 0"), "{body}");

    // Another one comes, under a new name, and one takes over the name of a dead one.
    let _third = Writer::start("gateway", &folder.file("third.metrics"));
    risk_writer.kill();
    let mut again = Writer::start("other", &risk);
    again.count();
    again.count();
    let body = serving.scrape();
    assert!(has(&body, "orders_total{process=\"third\",side=\"buy\"} 3"), "{body}");
    assert!(has(&body, "orders_total{process=\"risk\",side=\"sell\"} 6"), "{body}");

    let said = serving.end();
    for what in ["limit of risk is left out", "feed.metrics went", "third.metrics came"] {
        assert!(said.contains(what), "{what} is not in\n{said}");
    }
    assert!(!said.contains("readme"), "{said}");
}

#[test]
fn one_stem_in_two_folders_is_two_processes() {
    let folder = Folder::new("serve-stems");
    let (first, second) = (folder.file("1"), folder.file("2"));
    fs::create_dir(&first).unwrap();
    fs::create_dir(&second).unwrap();
    let (first, second) = (first.join("feed.metrics"), second.join("feed.metrics"));
    let _first = Writer::start("gateway", &first);
    let _second = Writer::start("gateway", &second);
    let bad = folder.file("bad.metrics");
    fs::write(&bad, "no segment").unwrap();
    let pattern = format!("{}/*/*.metrics", folder.path().display());
    let serving = Serving::start(&[&pattern, text(&bad), "--label", "service"]);
    let body = serving.scrape();
    assert!(has(&body, "in_flight{service=\"feed\"} 2"), "{body}");
    assert!(has(&body, &format!("in_flight{{service=\"{}\"}} 2", second.display())), "{body}");
    assert!(has(&body, "tickmetrics_serve_unreadable_segments 1"), "{body}");
    serving.scrape();
    // Reported once, not at each scrape.
    assert_eq!(serving.end().matches("is not a segment").count(), 1);
}

/// By a link, by a second name, and by a path that is written otherwise.
#[test]
fn one_file_is_one_process() {
    let folder = Folder::new("serve-once");
    let feed = folder.file("feed.metrics");
    let _writer = Writer::start("gateway", &feed);
    std::os::unix::fs::symlink(&feed, folder.file("newest.metrics")).unwrap();
    fs::hard_link(&feed, folder.file("second.metrics")).unwrap();
    let again = format!("{}/./feed.metrics", text(folder.path()));
    let serving = Serving::start(&[text(folder.path()), &again]);
    for _ in 0..2 {
        let body = serving.scrape();
        assert!(has(&body, "tickmetrics_serve_segments 1"), "{body}");
    }
    let said = serving.end();
    assert_eq!(said.matches(" came").count(), 1, "{said}");
}

#[test]
fn serve_errors_are_one_line() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let folder = Folder::new("serve-errors");
    let file = folder.file("feed.metrics");
    let _writer = Writer::start("gateway", &file);
    let said = |arguments: &[&str]| {
        let output = tickmetrics().arg("serve").args(arguments).output().unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(said(&[text(&file), "--listen", &address]).contains("--listen"));
    assert!(said(&[text(&file), "--listen", "nowhere"]).contains("not an address"));
    for address in ["127.0.0.1:9464", "http://me:secret@a", "unix:/run/a"] {
        let told = failure(&["serve", text(&file), address, "--listen", "127.0.0.1:0"]);
        assert!(told.contains("tickmetrics top") && !told.contains("secret"), "{told}");
    }
    assert!(failure(&["serve", "/dev/shm/[", "--listen", "127.0.0.1:0"]).contains("not a pattern"));
}

/// The file that Prometheus' own exporters take.
#[test]
fn a_web_configuration_file_is_obeyed() {
    let folder = Folder::new("serve-web");
    let file = folder.file("feed.metrics");
    let _writer = Writer::start("gateway", &file);
    let config = folder.file("web.yml");
    // The password is "correct horse", hashed by `htpasswd -bnBC 4`.
    let hash = "$2y$04$Vg83avL5xTT.4jua0n0zKeG2alFGI66ZMZ4PGo4vxtBWxHVvGPfvW";
    fs::write(&config, format!("basic_auth_users: {{ alice: {hash} }}")).unwrap();
    let serving = Serving::start(&[text(&file), "--web.config.file", text(&config)]);
    let address = serving.url.strip_prefix("http://").unwrap().strip_suffix("/metrics").unwrap();
    for (header, status) in [
        ("X-Nothing: a", "401 Unauthorized"),
        // alice:correct horse
        ("Authorization: Basic YWxpY2U6Y29ycmVjdCBob3JzZQ==", "200 OK"),
    ] {
        let mut client = TcpStream::connect(address).unwrap();
        let request =
            format!("GET /metrics HTTP/1.1\r\nHost: a\r\n{header}\r\nConnection: close\r\n\r\n");
        client.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{answer}");
        assert_eq!(answer.contains("orders_total"), status == "200 OK", "{answer}");
    }
    drop(serving);

    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    fs::write(folder.file("cert.pem"), made.cert.pem()).unwrap();
    fs::write(folder.file("key.pem"), made.signing_key.serialize_pem()).unwrap();
    fs::write(&config, "tls_server_config: { cert_file: cert.pem, key_file: key.pem }").unwrap();
    let serving = Serving::start(&[text(&file), "--web.config.file", text(&config)]);
    assert!(serving.url.starts_with("https://127.0.0.1:"), "{}", serving.url);
    drop(serving);

    fs::write(&config, "basic_auth_users: { alice: plain }").unwrap();
    let arguments = ["serve", text(&file), "--web.config.file", text(&config)];
    let output = tickmetrics().args(arguments).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && output.stdout.is_empty(), "{said}");
    assert!(said.contains("--web.config.file") && said.contains("web.yml: basic_auth_users.alice"));
}

/// Messages about a socket name its path, and no port.
#[test]
fn a_unix_socket_is_listened_on() {
    let folder = Folder::new("serve-unix");
    let (metrics, path) = (folder.file("none.metrics"), folder.file("socket"));
    let (metrics, socket) = (metrics.to_str().unwrap(), path.to_str().unwrap());
    let told = |listen: &str| {
        let output = tickmetrics().args(["serve", metrics, "--listen", listen]).output().unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    let address = format!("unix:{socket}");
    let serving = Serving::start_at(&[metrics], &address);
    assert_eq!(serving.url, address);
    let mut client = std::os::unix::net::UnixStream::connect(socket).unwrap();
    client.write_all(b"GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert!(answer.contains("\ntickmetrics_serve_segments 0\n"), "{answer}");
    let advice = "stop it, or give another path to --listen";
    assert!(told(&address).contains(advice), "{}", told(&address));
    serving.end();
    assert!(!path.exists());
    for (address, advice) in [
        (format!("{address}/"), "unix:/path"),
        ("unix:@name".into(), "unix:/path"),
        (format!("unix:{}/none/socket", folder.path().display()), "make it first"),
        (format!("unix:{}", folder.path().display()), "give another path to --listen"),
        (format!("{address}{}", "x".repeat(200)), "at most 107 bytes"),
    ] {
        let told = told(&address);
        assert!(told.contains(advice) && !told.contains(".listen("), "{told}");
        assert!(!told.contains("port 0"), "{told}");
    }
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let told = told(&taken.local_addr().unwrap().to_string());
    assert!(told.contains("give another port to --listen, where 0"), "{told}");
}
