//! The same files, for us and for an exporter of Prometheus' own.

use crate::support::{Folder, HASH, curl};
use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use tests::programs::skip;
use tickmetrics::Registry;
use tickmetrics_exporter::Exporter;

const PROGRAM: &str = "prometheus-node-exporter";

struct NodeExporter {
    child: Child,
    address: SocketAddr,
}

impl Drop for NodeExporter {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl NodeExporter {
    /// With the configuration in `web.yml`; `None` where it refuses that.
    fn start(folder: &Folder) -> Option<Self> {
        // It can't choose a port and report it: one that was free just now.
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
        let child = Command::new(PROGRAM)
            .arg(format!("--web.listen-address={address}"))
            .arg(format!("--web.config.file={}", folder.text("web.yml")))
            .args(["--collector.disable-defaults", "--collector.loadavg"])
            .stdout(Stdio::null())
            .stderr(File::create(folder.path("log")).unwrap())
            .spawn()
            .unwrap();
        let mut exporter = Self { child, address };
        let begin = Instant::now();
        // It listens before it reads the file.
        while !fs::read_to_string(folder.path("log")).unwrap().contains("TLS is ") {
            if let Some(status) = exporter.child.try_wait().unwrap() {
                assert!(!status.success());
                return None;
            }
            assert!(begin.elapsed() < Duration::from_secs(60), "it neither starts nor ends");
            thread::sleep(Duration::from_millis(20));
        }
        Some(exporter)
    }
}

#[test]
fn both_take_the_same_files() {
    if let Err(error) = Command::new(PROGRAM).arg("--version").output() {
        return skip(&format!("{PROGRAM} is not installed (apt-get install {PROGRAM}): {error}"));
    }
    let folder = Folder::new("node-exporter");
    let tls = |more: &str| {
        format!("tls_server_config: {{ cert_file: server.pem, key_file: server.key, {more} }}")
    };
    let header = |text: &str| format!("http_server_config: {{ headers: {{ {text} }} }}");
    for text in [
        "tls_server_config: {}".into(),
        tls(""),
        tls("client_auth_type: RequireAndVerifyClientCert, client_ca_file: ca.pem"),
        tls("client_auth_type: RequireAnyClientCert"),
        tls("min_version: TLS13, max_version: TLS13"),
        tls(
            "cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256], prefer_server_cipher_suites: false",
        ),
        tls("curve_preferences: [CurveP256, X25519]"),
        "http_server_config: { http2: false }".into(),
        "http_server_config: { http2: yes }".into(),
        header("X-Frame-Options: deny, Strict-Transport-Security: max-age=1"),
        format!("basic_auth_users: {{ alice: {HASH}, bob: \"{HASH}\" }}"),
        // Wrong for both.
        "x".into(),
        "tls: {}".into(),
        tls("x: y"),
        tls("client_auth_type: x"),
        tls("client_ca_file: ca.pem"),
        tls("client_auth_type: RequireAndVerifyClientCert, client_ca_file: none"),
        tls("min_version: TLS99"),
        tls("cipher_suites: [x]"),
        tls("curve_preferences: [x]"),
        "tls_server_config: { cert_file: server.pem }".into(),
        "tls_server_config: { cert_file: server.pem, key_file: client.key }".into(),
        "tls_server_config: { cert_file: none, key_file: server.key }".into(),
        header("Server: x"),
        header("X-Frame-Options: DENY"),
        "basic_auth_users: { alice: plain }".into(),
        "basic_auth_users: [alice]".into(),
        format!("basic_auth_users: {{ alice: {HASH}, alice: {HASH} }}"),
    ] {
        folder.write("web.yml", &text);
        let builder = Exporter::builder().registry(&Registry::new()).listen("127.0.0.1:0");
        let ours = builder.web_config(folder.path("web.yml")).start();
        let theirs = NodeExporter::start(&folder);
        let (Ok(ours), Some(theirs)) = (&ours, &theirs) else {
            let log = fs::read_to_string(folder.path("log")).unwrap();
            assert_eq!(ours.is_ok(), theirs.is_some(), "{text}\n{ours:?}\n{log}");
            continue;
        };
        // And mean the same.
        let (cert, key) = (folder.text("client.pem"), folder.text("client.key"));
        for arguments in [
            &[][..],
            &["--user", "alice:correct horse"],
            &["--user", "alice:x"],
            &["--cert", &cert, "--key", &key],
        ] {
            for scheme in ["http", "https"] {
                let [ours, theirs] = [ours.local_addr().unwrap(), theirs.address].map(|address| {
                    let url = format!("{scheme}://localhost:{}/metrics", address.port());
                    curl(&url, |all| {
                        all.extend(["--cacert".into(), folder.text("ca.pem")]);
                        all.extend(arguments.iter().map(|&it| it.to_owned()));
                    })
                });
                let (Some(ours), Some(theirs)) = (ours, theirs) else { return };
                // Go answers other protocols than TLS with 400, which is none of the server's
                // responses.
                let expected =
                    if scheme == "http" && theirs.status == 400 { 0 } else { theirs.status };
                assert_eq!(
                    ours.status, expected,
                    "{text} {arguments:?} {scheme}\n{ours:?}\n{theirs:?}"
                );
                for name in ["x-frame-options", "strict-transport-security"] {
                    assert_eq!(ours.header(name), theirs.header(name), "{text}");
                }
            }
        }
    }
}

/// Settings that Prometheus' exporters accept and we refuse, each for a reason that the error
/// gives.
#[test]
fn we_refuse_what_they_only_seem_to_honour() {
    if Command::new(PROGRAM).arg("--version").output().is_err() {
        return skip(&format!("{PROGRAM} is not installed (apt-get install {PROGRAM})"));
    }
    let folder = Folder::new("stricter");
    let tls = |more: &str| {
        format!("tls_server_config: {{ cert_file: server.pem, key_file: server.key, {more} }}")
    };
    for text in [
        // Everybody may read, to them.
        String::new(),
        "tls_server_config:\nbasic_auth_users:\n".into(),
        // No TLS at all, to them.
        "tls_server_config: { min_version: TLS13 }".into(),
        tls("min_version: TLS13, max_version: TLS12"),
        tls("min_version: TLS10"),
        tls(
            "cipher_suites: [TLS_RSA_WITH_AES_128_CBC_SHA, TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256]",
        ),
        tls("curve_preferences: [CurveP521]"),
        tls("client_auth_type: RequireAndVerifyClientCert"),
        tls("client_auth_type: RequireAndVerifyClientCert, client_ca_file: server.key"),
        format!("basic_auth_users: {{ 'a:b': {HASH} }}"),
        format!("basic_auth_users: {{ alice: {} }}", HASH.replace("$04", "$31")),
    ] {
        folder.write("web.yml", &text);
        assert!(NodeExporter::start(&folder).is_some(), "{text}");
        let builder = Exporter::builder().listen("127.0.0.1:0");
        assert!(builder.web_config(folder.path("web.yml")).start().is_err(), "{text}");
    }
}

/// Our own settings: theirs refuse them, so that nobody believes that they apply.
#[test]
fn they_refuse_what_is_ours() {
    if Command::new(PROGRAM).arg("--version").output().is_err() {
        return skip(&format!("{PROGRAM} is not installed (apt-get install {PROGRAM})"));
    }
    let folder = Folder::new("ours");
    folder.write("token", "0123456789abcdef\n");
    for (key, value) in
        [("allow_less_protection", "true"), ("bearer_tokens", "{ a: { file: token } }")]
    {
        folder.write("web.yml", &format!("{key}: {value}"));
        let builder = Exporter::builder().listen("127.0.0.1:0");
        builder.web_config(folder.path("web.yml")).start().unwrap().shutdown();
        assert!(NodeExporter::start(&folder).is_none(), "{key}");
        let log = fs::read_to_string(folder.path("log")).unwrap();
        assert!(log.contains(&format!("field {key} not found")), "{log}");
    }
}
