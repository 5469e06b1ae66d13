//! TLS, as curl and OpenSSL see it.

use crate::support::{Answer, Folder, curl};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;
use tests::programs::{feed, skip};
use tickmetrics_exporter::Limits;

const ECDSA_128: &str = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256";
const ECDSA_256: &str = "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384";
const SERVER: &str = "cert_file: server.pem, key_file: server.key";

fn section(more: &str) -> String {
    format!("tls_server_config: {{ {SERVER}, {more} }}")
}

#[test]
fn curl_trusts_the_certificate_and_no_other() {
    let folder = Folder::new("tls");
    let exporter = folder.serve(&section(""));
    let address = exporter.local_addr().unwrap();
    let Some(answer) = folder.curl(address, &[]) else { return };
    assert_eq!((answer.code, answer.status), (0, 200), "{answer:?}");
    // HTTP/2 was offered, and is not taken.
    assert!(answer.head.starts_with("HTTP/1.1 200"), "{answer:?}");
    assert!(answer.body.contains("tickmetrics_exporter_scrapes_total 1\n"), "{answer:?}");
    let stranger = folder.text("stranger-ca.pem");
    let answer = folder.curl(address, &["--cacert", &stranger]).unwrap();
    assert_eq!((answer.code, answer.status), (60, 0), "{answer:?}");
    // Without TLS there is no response.
    let answer = curl(&format!("http://{address}/metrics"), |_| {}).unwrap();
    assert_eq!(answer.status, 0, "{answer:?}");
    assert_ne!(answer.code, 0, "{answer:?}");
}

#[test]
fn an_rsa_certificate_of_openssl_is_taken() {
    let folder = Folder::new("rsa");
    let (cert, key) = (folder.text("rsa.pem"), folder.text("rsa.key"));
    let arguments = [
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        &key,
        "-out",
        &cert,
        "-days",
        "2",
        "-subj",
        "/CN=localhost",
        "-addext",
        "subjectAltName=DNS:localhost",
    ];
    let Some(made) = feed("openssl", &arguments, "") else {
        return skip("openssl is not installed (apt-get install openssl)");
    };
    assert!(made.status.success(), "{made:?}");
    for file in ["PRIVATE KEY", "RSA PRIVATE KEY"] {
        if file.starts_with("RSA") {
            let arguments = ["rsa", "-traditional", "-in", &key, "-out", &key];
            assert!(feed("openssl", &arguments, "").unwrap().status.success());
        }
        assert!(std::fs::read_to_string(&key).unwrap().contains(&format!("BEGIN {file}")));
        let exporter = folder.serve("tls_server_config: { cert_file: rsa.pem, key_file: rsa.key }");
        let Some(answer) = folder.curl(exporter.local_addr().unwrap(), &["--cacert", &cert]) else {
            return;
        };
        assert_eq!((answer.code, answer.status), (0, 200), "{answer:?}");
    }
}

/// OpenSSL's view of a handshake.
fn openssl(folder: &Folder, address: std::net::SocketAddr, arguments: &[&str]) -> Option<String> {
    let (address, ca) = (address.to_string(), folder.text("ca.pem"));
    let mut all = vec!["s_client", "-connect", &address, "-CAfile", &ca, "-verify_return_error"];
    all.extend(arguments);
    let output = feed("openssl", &all, "");
    if output.is_none() {
        skip("openssl is not installed (apt-get install openssl)");
    }
    output.map(|output| {
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
    })
}

#[test]
fn versions_suites_and_curves_are_as_asked_for() {
    let folder = Folder::new("versions");
    let both = format!("cipher_suites: [{ECDSA_256}, {ECDSA_128}]");
    let client_first = format!("{both}, prefer_server_cipher_suites: false");
    // The client's offer, and the agreed version; nothing without agreement.
    let prefers_128 =
        ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384"];
    for (more, client, agreed) in [
        ("", &[][..], "TLSv1.3"),
        ("", &["-tls1_2"], "TLSv1.2"),
        // OpenSSL speaks 1.1 only where its security level is lowered.
        ("", &["-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"], ""),
        ("min_version: TLS13", &["-tls1_2"], ""),
        ("min_version: TLS13", &["-tls1_3"], "TLSv1.3"),
        ("max_version: TLS12", &[], "TLSv1.2"),
        ("max_version: TLS12", &["-tls1_3"], ""),
        (&both, &prefers_128, "ECDHE-ECDSA-AES256-GCM-SHA384"),
        (&client_first, &prefers_128, "ECDHE-ECDSA-AES128-GCM-SHA256"),
        (&both, &["-tls1_2", "-cipher", "ECDHE-ECDSA-CHACHA20-POLY1305"], ""),
        (
            "",
            &["-tls1_2", "-cipher", "ECDHE-ECDSA-CHACHA20-POLY1305"],
            "ECDHE-ECDSA-CHACHA20-POLY1305",
        ),
        // The list is not for TLS 1.3.
        (&both, &["-tls1_3"], "TLSv1.3"),
        ("curve_preferences: [CurveP384]", &[], "ECDH, secp384r1"),
        ("curve_preferences: [CurveP384]", &["-groups", "X25519"], ""),
        ("curve_preferences: [X25519, CurveP256]", &["-groups", "P-256"], "ECDH, prime256v1"),
        ("", &["-alpn", "http/1.1"], "ALPN protocol: http/1.1"),
        ("", &["-alpn", "h2,http/1.1"], "ALPN protocol: http/1.1"),
    ] {
        let exporter = folder.serve(&section(more));
        let Some(said) = openssl(&folder, exporter.local_addr().unwrap(), client) else { return };
        if agreed.is_empty() {
            assert!(said.contains("Cipher is (NONE)"), "{more} {client:?}\n{said}");
        } else {
            assert!(said.contains("Verify return code: 0 (ok)"), "{more} {client:?}\n{said}");
            assert!(said.contains(agreed), "{more} {client:?}\n{said}");
        }
    }
}

#[test]
fn clients_are_asked_for_certificates_as_configured() {
    let folder = Folder::new("clients");
    let ca = "client_ca_file: ca.pem";
    let sans = |names: &str| {
        format!(
            "client_auth_type: RequireAndVerifyClientCert, {ca}, client_allowed_sans: [{names}]"
        )
    };
    let any = "client_auth_type: RequireAnyClientCert, client_allowed_sans: [stranger.example]";
    for (more, nobody, client, stranger) in [
        (String::new(), true, true, true),
        ("client_auth_type: NoClientCert".into(), true, true, true),
        ("client_auth_type: RequestClientCert".into(), true, true, true),
        ("client_auth_type: RequireAnyClientCert".into(), false, true, true),
        (format!("client_auth_type: VerifyClientCertIfGiven, {ca}"), true, true, false),
        (format!("client_auth_type: RequireAndVerifyClientCert, {ca}"), false, true, false),
        (sans("client.example"), false, true, false),
        (sans("x, client@example"), false, true, false),
        (sans("'spiffe://example/client'"), false, true, false),
        (sans("127.0.0.1"), false, true, false),
        (sans("'2001:db8::1'"), false, true, false),
        (sans("Client.example"), false, false, false),
        (sans("'*.example', example, client, 127.0.0.0/8"), false, false, false),
        (sans("stranger.example"), false, false, false),
        (any.into(), false, false, true),
    ] {
        for version in ["--tlsv1.2", "--tlsv1.3"] {
            let exporter = folder.serve(&section(&more));
            for (name, welcome) in [("", nobody), ("client", client), ("stranger", stranger)] {
                let (cert, key) =
                    (folder.text(&format!("{name}.pem")), folder.text(&format!("{name}.key")));
                let last = if version == "--tlsv1.2" { "1.2" } else { "1.3" };
                let mut arguments = vec![version, "--tls-max", last];
                if !name.is_empty() {
                    arguments.extend(["--cert", &cert, "--key", &key]);
                }
                let Some(Answer { status, .. }) =
                    folder.curl(exporter.local_addr().unwrap(), &arguments)
                else {
                    return;
                };
                assert_eq!(status, if welcome { 200 } else { 0 }, "{more} {name:?} {version}");
            }
        }
    }
}

/// The handshake counts towards the time for a request's head.
#[test]
fn silent_clients_are_disconnected() {
    let folder = Folder::new("silent");
    let limits =
        Limits { connections: 4, header_timeout: Duration::from_millis(300), ..Limits::default() };
    let exporter = folder.builder(&section("")).limits(limits).start().unwrap();
    let address = exporter.local_addr().unwrap();
    // The beginning of a record, and nothing at all.
    for begin in [&b"\x16\x03\x01\x02\x00"[..], b""] {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(begin).unwrap();
        assert_eq!(stream.read(&mut [0; 16]).unwrap_or(0), 0);
    }
    let metrics = folder.curl(address, &[]);
    let Some(answer) = metrics else { return };
    let limited = "tickmetrics_exporter_limited_total{limit=\"header_timeout\"} 2\n";
    assert!(answer.body.contains(limited), "{answer:?}");
}

#[test]
fn silent_clients_keep_nobody_out() {
    let folder = Folder::new("crowd");
    let limits = Limits { connections: 4, ..Limits::default() };
    let exporter = folder.builder(&section("")).limits(limits).start().unwrap();
    let connect = |_| TcpStream::connect(exporter.local_addr().unwrap()).unwrap();
    let _silent: Vec<_> = (0..40).map(connect).collect();
    let Some(answer) = folder.curl(exporter.local_addr().unwrap(), &[]) else { return };
    assert_eq!(answer.status, 200, "{answer:?}");
}

/// A client that does not speak TLS, or is silent, delays nobody else and is counted.
#[test]
fn bytes_that_are_no_tls_are_counted_and_forgotten() {
    let folder = Folder::new("garbage");
    let exporter = folder.serve(&section(""));
    let address = exporter.local_addr().unwrap();
    let _silent = TcpStream::connect(address).unwrap();
    for garbage in
        [&b"GET /metrics HTTP/1.1\r\n\r\n"[..], b"\x16\x03\x01\xff\xff", &vec![0; 70_000]]
    {
        let mut stream = TcpStream::connect(address).unwrap();
        // The connection may be closed before all of it arrives.
        let _ = stream.write_all(garbage);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        assert!(!answer.windows(4).any(|it| it == b"HTTP"), "{answer:?}");
    }
    let Some(answer) = folder.curl(address, &[]) else { return };
    assert!(answer.body.contains("tickmetrics_exporter_failed_handshakes_total 3\n"), "{answer:?}");
}
