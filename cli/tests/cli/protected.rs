//! `top` of exporters that require credentials, or encrypt.

use crate::collect::Collecting;
use crate::remote::Remote;
use crate::serve::Serving;
use crate::support::{Folder, failure, output, run, text, tickmetrics};
use crate::terminal::Terminal;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd,
};
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tests::programs::skip;

/// Of "correct horse", by `htpasswd -bnBC 4`.
const HASH: &str = "$2y$04$Vg83avL5xTT.4jua0n0zKeG2alFGI66ZMZ4PGo4vxtBWxHVvGPfvW";
const TOKEN: &str = "0123456789abcdef0123456789abcdef";
const BRIEF: [&str; 3] = ["--once", "--interval", "10ms"];

/// Files with certificates, passwords and tokens.
struct Files(Folder);

impl Files {
    fn new(name: &str) -> Self {
        let files = Self(Folder::new(name));
        files.write("password", "correct horse\n");
        files.write("wrong", "battery staple\n");
        files.write("token", &format!("{TOKEN}\r\n"));
        files
    }

    fn path(&self, name: &str) -> String {
        text(&self.0.file(name)).to_owned()
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.file(name);
        fs::write(&path, text).unwrap();
        path
    }

    /// An authority, and its certificates: for its name, for another, and of a time long gone.
    fn certify(&self) {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "Authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        self.write("ca.pem", &ca.pem());
        for (name, host, year) in [
            ("good", "localhost", 4000),
            ("other", "other.example", 4000),
            ("old", "localhost", 2021),
        ] {
            let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
            params.not_before = date_time_ymd(2020, 1, 1);
            params.not_after = date_time_ymd(year, 1, 1);
            let key = KeyPair::generate().unwrap();
            let certificate = params.signed_by(&key, &ca).unwrap();
            self.write(&format!("{name}.pem"), &certificate.pem());
            self.write(&format!("{name}.key"), &key.serialize_pem());
        }
    }

    /// An exporter with a user and a token.
    fn serve(&self, tls: &str) -> Serving {
        let config = format!(
            "{tls}\nbasic_auth_users: {{ alice: {HASH} }}\nbearer_tokens: {{ top: {{ file: token }} }}"
        );
        let config = self.write("web.yml", &config);
        Serving::start(&[text(self.0.path()), "--web.config.file", text(&config)])
    }
}

fn top<'a>(target: &'a str, options: &[&'a str]) -> Vec<&'a str> {
    [&["top", target], &BRIEF[..], options].concat()
}

/// The outcome of a run whose environment has a password.
fn with_password(arguments: &[&str], password: &str) -> (bool, String) {
    let mut command = tickmetrics();
    let command = command.args(arguments).env("TICKMETRICS_PASSWORD", password);
    let output = command.stdin(Stdio::null()).output().unwrap();
    let all = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(all).unwrap())
}

#[test]
fn credentials_let_in_and_are_not_repeated() {
    let files = Files::new("top-credentials");
    let [password, wrong, token] = ["password", "wrong", "token"].map(|name| files.path(name));
    let serving = files.serve("");
    let url = serving.url.as_str();
    for options in
        [&["--user", "alice", "--password-file", &password][..], &["--bearer-file", &token]]
    {
        let printed = output(&top(url, options));
        assert!(printed.contains("  tickmetrics_serve_segments\n"), "{printed}");
    }
    let (well, printed) = with_password(&top(url, &["--user", "alice"]), "correct horse");
    assert!(well && printed.contains("tickmetrics_serve_segments"), "{printed}");

    for (options, advice) in [
        (&[][..], "401 Unauthorized: give --user NAME or --bearer-file FILE"),
        (&["--user", "alice"], "give --password-file FILE, set TICKMETRICS_PASSWORD, or run"),
        (&["--user", "alice", "--password-file", &wrong], "401 Unauthorized: it does not know"),
        (&["--user", "bob", "--password-file", &password], "401 Unauthorized: it does not know"),
        (&["--bearer-file", &password], "401 Unauthorized: it does not know"),
        (&["--user", "alice:correct horse"], "leave it out, and give --password-file FILE"),
    ] {
        let told = failure(&top(url, options));
        assert!(told.contains(advice), "{told}");
        for secret in ["horse", "staple", TOKEN] {
            assert!(!told.contains(secret), "{told}");
        }
    }
    let (well, told) = with_password(&top(url, &["--user", "alice"]), "battery staple");
    assert!(!well && told.contains("does not know") && !told.contains("staple"), "{told}");
}

/// The credentials in each request of a run, during which a file changes.
fn sent(files: &Files, name: &str, then: &'static str, options: &[&str]) -> Vec<String> {
    let file = files.0.file(name);
    let act = move || match then {
        "" => fs::remove_file(&file).unwrap_or(()),
        then => fs::write(&file, then).unwrap(),
    };
    let remote = Remote::after(act, "200 OK", "a 1\n");
    output(&top(&remote.url(), options));
    let authorization = |request: String| {
        let mut lines = request.lines().filter_map(|line| line.split_once(": "));
        let header = lines.find(|(name, _)| name.eq_ignore_ascii_case("authorization"));
        header.unwrap().1.to_owned()
    };
    remote.requests().into_iter().map(authorization).collect()
}

/// A program renews the token before it expires.
#[test]
fn a_renewed_secret_is_sent_from_then_on() {
    let files = Files::new("top-renewed");
    let [token, password] = ["token", "password"].map(|name| files.path(name));
    let bearer = ["--bearer-file", &token];
    let old = format!("Bearer {TOKEN}");
    assert_eq!(sent(&files, "token", "second\n", &bearer), [&old, "Bearer second"]);
    // A file that is missing at the moment may come back.
    assert_eq!(sent(&files, "token", "", &bearer), ["Bearer second", "Bearer second"]);
    // By base64: "alice:correct horse", "alice:battery".
    let basic = ["--user", "alice", "--password-file", &password];
    let (old, new) = ("Basic YWxpY2U6Y29ycmVjdCBob3JzZQ==", "Basic YWxpY2U6YmF0dGVyeQ==");
    assert_eq!(sent(&files, "password", "battery", &basic), [old, new]);

    files.write("token", TOKEN);
    let file = files.0.file("token");
    let remote = Remote::after(move || fs::write(&file, "").unwrap(), "200 OK", "a 1\n");
    let told = failure(&top(&remote.url(), &bearer));
    assert!(told.contains(&token) && told.contains("it is empty"), "{told}");
}

/// It has its text once.
#[test]
fn a_pipe_with_a_secret_is_read_once() {
    let remote = Remote::start("a 1\n");
    let mut command = tickmetrics();
    command.args(top(&remote.url(), &["--bearer-file", "/dev/stdin"])).stdin(Stdio::piped());
    let mut child = command.stdout(Stdio::null()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(TOKEN.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
    let requests = remote.requests();
    assert_eq!(requests.len(), 2);
    assert!(requests.iter().all(|request| request.contains(TOKEN)), "{requests:?}");
}

#[test]
fn invalid_files_with_secrets_are_refused() {
    let files = Files::new("top-secrets");
    for (name, text, advice) in [
        ("empty", "", "it is empty"),
        ("break", "\n", "it is empty"),
        ("lines", "secret\nsecret\n", "more than one line"),
        ("long", &"secret".repeat(2_000), "longer than 8 KiB"),
    ] {
        files.write(name, text);
        let path = files.path(name);
        for options in [&["--bearer-file", &path][..], &["--user", "a", "--password-file", &path]] {
            let told = failure(&top("127.0.0.1:1", options));
            assert!(told.contains(advice) && told.contains(&path), "{told}");
            assert!(!told.contains("secretsecret") && !told.contains("secret\\n"), "{told}");
        }
    }
    files.write("control", "sec\tret\u{1}");
    let told = failure(&top("127.0.0.1:1", &["--bearer-file", &files.path("control")]));
    assert!(
        told.contains("a character that no header may have") && !told.contains("ret"),
        "{told}"
    );
    let missing = files.path("missing");
    let told = failure(&top("127.0.0.1:1", &["--bearer-file", &missing]));
    let expected = format!("--bearer-file {missing} can't be read: No such file");
    assert!(told.contains(&expected), "{told}");
    let told = failure(&top("127.0.0.1:1", &["--user", "a", "--password-file", &missing]));
    let expected = format!("--password-file {missing} can't be read: No such file");
    assert!(told.contains(&expected), "{told}");
    let told = failure(&top("/dev/shm/none", &["--bearer-file", &missing]));
    assert!(told.contains("are for exporters"), "{told}");
    for option in [&["--insecure"][..], &["--ca-file", &missing]] {
        let told = failure(&top("127.0.0.1:1", option));
        assert!(told.contains("is for https:// addresses"), "{told}");
    }
}

/// In the header, as RFC 7617 and RFC 6750 have it, and nowhere else.
#[test]
fn credentials_are_in_one_header() {
    let files = Files::new("top-header");
    let remote = Remote::start("a 1\n");
    let url = remote.url();
    output(&top(&url, &["--user", "alice", "--password-file", &files.path("password")]));
    output(&top(&url, &["--bearer-file", &files.path("token")]));
    let requests = remote.requests();
    let host = url.strip_prefix("http://").unwrap();
    // Each run reads twice. The first is "alice:correct horse" by `base64`.
    let basic = "Basic YWxpY2U6Y29ycmVjdCBob3JzZQ==".to_owned();
    let bearer = format!("Bearer {TOKEN}");
    assert_eq!(requests.len(), 4);
    for (request, expected) in requests.iter().zip([&basic, &basic, &bearer, &bearer]) {
        let fields: Vec<_> = request.lines().filter_map(|line| line.split_once(": ")).collect();
        let of = |name: &str| -> Vec<&str> {
            fields.iter().filter(|(it, _)| it.eq_ignore_ascii_case(name)).map(|it| it.1).collect()
        };
        assert_eq!(of("authorization"), [expected]);
        assert_eq!(of("host"), [host]);
    }
}

/// The target of a redirect gets no password.
#[test]
fn a_redirect_is_told_and_not_followed() {
    let files = Files::new("top-redirect");
    let elsewhere = Remote::start("a 1\n");
    let to = format!("http://me:hidden@{}/b", elsewhere.url().strip_prefix("http://").unwrap());
    let remote = Remote::answering(&format!("302 Found\r\nLocation: {to}"), "");
    let told = failure(&top(&remote.url(), &["--bearer-file", &files.path("token")]));
    assert!(told.contains("it redirects to \"…@127.0.0.1:"), "{told}");
    assert!(told.contains("give that") && !told.contains("hidden"), "{told}");
    assert_eq!(elsewhere.requests(), Vec::<String>::new());
    let remote = Remote::answering("400 Bad Request", "Client sent an HTTP\nrequest to\u{1b} TLS");
    let told = failure(&top(&remote.url(), &[]));
    assert!(told.ends_with("it answers 400 Bad Request: Client sent an HTTP request to TLS\n"));
}

#[test]
fn an_encrypted_exporter_is_known_by_its_certificate() {
    let files = Files::new("top-tls");
    files.certify();
    let ca = files.path("ca.pem");
    let tls = |name: &str| {
        format!("tls_server_config: {{ cert_file: {name}.pem, key_file: {name}.key }}")
    };
    let token = files.path("token");
    let serving = files.serve(&tls("good"));
    let url = serving.url.replace("127.0.0.1", "localhost");
    let own = files.path("good.pem");
    for trusted in [&ca, &own] {
        let printed = output(&top(&url, &["--ca-file", trusted, "--bearer-file", &token]));
        assert!(printed.contains("tickmetrics_serve_segments"), "{printed}");
    }
    let told = failure(&top(&url, &[]));
    assert!(told.contains("that is not trusted: give the file") && told.contains("--ca-file"));
    let told = failure(&top(&url, &["--ca-file", &ca]));
    assert!(told.contains("401 Unauthorized: give --user"), "{told}");
    let told = failure(&top(&url.replace("https:", "http:"), &[]));
    assert!(told.contains("give an https:// address"), "{told}");
    let told = failure(&top(&serving.url, &["--ca-file", &ca]));
    assert!(told.contains("not for \"127.0.0.1\"") && told.contains("localhost"), "{told}");

    let serving = files.serve(&tls("other"));
    let url = serving.url.replace("127.0.0.1", "localhost");
    let told = failure(&top(&url, &["--ca-file", &ca]));
    assert!(told.contains("not for \"localhost\"") && told.contains("other.example"), "{told}");
    let (well, printed) = with_password(&top(&url, &["--insecure", "--bearer-file", &token]), "");
    assert!(well && printed.contains("/metrics  certificate not checked\n"), "{printed}");
    assert!(printed.contains("warning: --insecure accepts any certificate"), "{printed}");

    let serving = files.serve(&tls("old"));
    let url = serving.url.replace("127.0.0.1", "localhost");
    for trusted in [&ca, &files.path("old.pem")] {
        let told = failure(&top(&url, &["--ca-file", trusted]));
        assert!(told.contains("its certificate has expired"), "{told}");
    }
}

#[test]
fn a_port_without_tls_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let answering = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 1024]);
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
    });
    let told = failure(&top(&url, &[]));
    assert!(told.contains("it does not speak TLS at this port: give http://"), "{told}");
    answering.join().unwrap();
}

/// OpenSSL's server, ended with the test.
struct SServer(Child, u16);

impl SServer {
    /// `None` where it is not installed; the skip is reported.
    fn start(files: &Files, certificate: &str, more: &[&str]) -> Option<Self> {
        files.write("metrics", "HTTP/1.1 200 OK\r\n\r\na_total 5\n");
        let (pem, key) = (format!("{certificate}.pem"), format!("{certificate}.key"));
        let started = Command::new("openssl")
            .args(["s_server", "-accept", "127.0.0.1:0", "-HTTP", "-cert", &pem, "-key", &key])
            .args(more)
            .current_dir(files.0.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let Ok(mut child) = started else {
            skip("openssl is not installed (apt-get install openssl)");
            return None;
        };
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let port = lines
            .map_while(Result::ok)
            .find_map(|line| line.strip_prefix("ACCEPT ")?.rsplit_once(':')?.1.parse().ok());
        Some(Self(child, port.expect("it names its port")))
    }

    fn url(&self) -> String {
        format!("https://localhost:{}", self.1)
    }
}

impl Drop for SServer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Certificates are renewed before they expire, and authorities are replaced.
#[test]
fn a_collector_uses_renewed_certificates() {
    let files = Files::new("collect-renewed");
    files.certify();
    let ca = files.path("ca.pem");
    let strict = ["-Verify", "1", "-CAfile", &ca, "-verify_return_error"];
    let Some(server) = SServer::start(&files, "good", &strict) else { return };
    let copy = |from: &str, to: &str| {
        for end in ["pem", "key"] {
            let (from, to) = (format!("{from}.{end}"), format!("{to}.{end}"));
            fs::copy(files.0.file(&from), files.0.file(&to)).unwrap();
        }
    };
    copy("old", "own");
    // Another authority than the server's.
    fs::copy(files.0.file("other.pem"), files.0.file("trusted.pem")).unwrap();
    let target = format!("a={}", server.url());
    let store = format!("parquet:{}", files.path("store"));
    let [trusted, pem, key] = ["trusted.pem", "own.pem", "own.key"].map(|name| files.path(name));
    let mut collecting = Collecting::start(&[
        &target,
        "--store",
        &store,
        "--interval",
        "100ms",
        "--ca-file",
        &trusted,
        "--cert-file",
        &pem,
        "--key-file",
        &key,
    ]);
    let status = || {
        let status = run(&["status", "--store", &store]);
        String::from_utf8(status.stdout).unwrap()
    };
    let until = |text: &str| {
        let end = Instant::now() + Duration::from_secs(60);
        while !status().contains(text) {
            assert!(Instant::now() < end, "no {text:?} in {}", status());
        }
    };
    collecting.wait_for("source_down");
    until("an authority that is not trusted");
    fs::copy(&ca, &trusted).unwrap();
    until("alert");
    // A renewal that is half done is reported, and tried again.
    fs::copy(files.0.file("good.key"), &key).unwrap();
    until("its files have changed, and can't be used");
    copy("good", "own");
    until(": up, ");
    collecting.end();
}

#[test]
fn openssl_is_understood() {
    let files = Files::new("top-openssl");
    files.certify();
    let ca = files.path("ca.pem");
    for version in ["-tls1_2", "-tls1_3"] {
        let Some(server) = SServer::start(&files, "good", &[version]) else { return };
        let printed = output(&top(&server.url(), &["--ca-file", &ca]));
        assert!(printed.ends_with("  a_total\n"), "{printed}");
        let Some(server) = SServer::start(&files, "good", &[version, "-Verify", "1"]) else {
            return;
        };
        let told = failure(&top(&server.url(), &["--ca-file", &ca]));
        assert!(told.contains("asks its clients for a certificate"), "{version}: {told}");
        // In 1.2 the alert has other meanings, too.
        let advice = "give --cert-file FILE and --key-file FILE";
        assert!(version == "-tls1_2" || told.contains(advice), "{version}: {told}");
        let strict = [version, "-Verify", "1", "-CAfile", &ca, "-verify_return_error"];
        for (name, accepted) in [("good", true), ("old", false)] {
            let Some(server) = SServer::start(&files, "good", &strict) else { return };
            let [pem, key] = ["pem", "key"].map(|end| files.path(&format!("{name}.{end}")));
            let identity = ["--ca-file", &ca, "--cert-file", &pem, "--key-file", &key];
            let (url, expected) = (server.url(), if accepted { "  a_total\n" } else { "alert" });
            let command = top(&url, &identity);
            let told = if accepted { output(&command) } else { failure(&command) };
            assert!(told.contains(expected), "{version}, {name}: {told}");
        }
    }
    // As the documentation of Prometheus' exporters makes one: of an authority, which is itself.
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "9", "-subj", "/CN=a"])
        .args(["-addext", "subjectAltName=DNS:localhost", "-keyout", "own.key", "-out", "own.pem"])
        .current_dir(files.0.path())
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    let Some(server) = SServer::start(&files, "own", &[]) else { return };
    let printed = output(&top(&server.url(), &["--ca-file", &files.path("own.pem")]));
    assert!(printed.ends_with("  a_total\n"), "{printed}");
    let told = failure(&top(&server.url(), &["--ca-file", &ca]));
    assert!(told.contains("its certificate is its own, which is not trusted: give"), "{told}");
    let address = server.url().replace("localhost", "127.0.0.1");
    let told = failure(&top(&address, &["--ca-file", &files.path("own.pem")]));
    assert!(told.contains("not for \"127.0.0.1\""), "{told}");
}

/// It is asked for once, is not seen, and the terminal is as it was.
#[test]
fn a_password_is_typed_unseen() {
    let files = Files::new("top-typed");
    let serving = files.serve("");
    let mut terminal = Terminal::start(&["top", &serving.url, "--user", "alice"]);
    terminal.wait_for(|screen| screen.contains("Password of alice for http://127.0.0.1:"));
    terminal.press("wrong\u{15}correct horsf\u{7f}e\r");
    terminal.wait_for(|screen| screen.contains("tickmetrics_exporter_"));
    terminal.press("q");
    let written = String::from_utf8(terminal.ended_well()).unwrap();
    assert!(!written.contains("horse") && !written.contains("wrong"), "{written}");
}

/// A signal ends the program as it does elsewhere, and the terminal shows again what is typed.
#[test]
fn a_signal_while_a_password_is_typed_restores_the_terminal() {
    for signal in [libc::SIGTERM, libc::SIGHUP, libc::SIGINT] {
        let mut terminal = Terminal::start(&["top", "127.0.0.1:1", "--user", "alice"]);
        terminal.wait_for(|screen| screen.contains("Password of alice"));
        terminal.press("secret");
        // SAFETY: plain system call; the child is not waited for yet, so the number is its own.
        unsafe { libc::kill(terminal.child.id().cast_signed(), signal) };
        assert_eq!(terminal.ended().signal(), Some(signal));
    }
    let mut terminal = Terminal::start(&["top", "127.0.0.1:1", "--user", "alice"]);
    terminal.wait_for(|screen| screen.contains("Password of alice"));
    terminal.master = File::open("/dev/null").unwrap();
    assert!(!terminal.wait().success(), "it does not notice that its terminal is gone");
}

/// After the answer, signals have their usual effect again.
#[test]
fn a_signal_after_a_password_was_typed_ends_it() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap().to_string();
    let mut terminal = Terminal::start(&["top", &address, "--once", "--user", "alice"]);
    terminal.wait_for(|screen| screen.contains("Password of alice"));
    terminal.press("secret\r");
    let (_connection, _) = silent.accept().unwrap();
    // SAFETY: as above.
    unsafe { libc::kill(terminal.child.id().cast_signed(), libc::SIGTERM) };
    assert_eq!(terminal.ended().signal(), Some(libc::SIGTERM));
}
