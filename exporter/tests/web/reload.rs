//! Files that change while they are in force.

use crate::support::{Folder, HASH, authority, until};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;
use tests::processes::{Other, command};
use tickmetrics_exporter::{Exporter, StartError};

const TLS: &str = "tls_server_config: { cert_file: server.pem, key_file: server.key }\n";

/// A renewed certificate, of another authority, without a request that fails meanwhile.
#[test]
fn a_renewed_certificate_is_served() {
    let folder = Folder::new("renewed");
    let exporter = folder.serve(TLS);
    let address = exporter.local_addr().unwrap();
    let both = folder.text("both.pem");
    let renewed = authority("Renewed");
    folder.write("renewed-ca.pem", &renewed.pem());
    let old = fs::read_to_string(folder.path("ca.pem")).unwrap();
    folder.write("both.pem", &format!("{old}{}", renewed.pem()));
    let Some(answer) = folder.curl(address, &[]) else { return };
    assert_eq!(answer.status, 200, "{answer:?}");
    // First the certificate, then the key: between the two, they do not match.
    folder.issue(&renewed, "server");
    let trusting = folder.text("renewed-ca.pem");
    until(
        || {
            let answer = folder.curl(address, &["--cacert", &both]).unwrap();
            assert_eq!(answer.status, 200, "{answer:?}");
            folder.curl(address, &["--cacert", &trusting]).unwrap()
        },
        |answer| answer.status == 200,
    );
    // The old one is not served any more.
    assert_eq!(folder.curl(address, &[]).unwrap().code, 60);
}

#[test]
fn a_mistake_leaves_the_old_configuration_in_force_and_is_counted() {
    let folder = Folder::new("mistake");
    let users = |hash: &str| format!("{TLS}basic_auth_users: {{ alice: {hash} }}\n");
    let exporter = folder.serve(&users(HASH));
    let ask = || folder.curl(exporter.local_addr().unwrap(), &["--user", "alice:correct horse"]);
    let Some(answer) = ask() else { return };
    assert_eq!(answer.status, 200, "{answer:?}");
    let has = |line: &'static str| {
        move |answer: &crate::support::Answer| answer.body.lines().any(|it| it == line)
    };
    folder.write("web.yml", &users("oops"));
    let answer =
        until(|| ask().unwrap(), has("tickmetrics_exporter_web_config_failed_reloads_total 1"));
    assert!(has("tickmetrics_exporter_web_config_stale 1")(&answer), "{answer:?}");
    // Another password: by Python's bcrypt, of the empty one.
    folder.write("web.yml", &users("$2b$04$JZG.7FTMFQbS0x8cQtCm8ujLpmA9awaJFv25mDPFm4iDodY7F2b2C"));
    until(|| ask().unwrap(), |answer| answer.status == 401);
    let answer = folder.curl(exporter.local_addr().unwrap(), &["--user", "alice:"]).unwrap();
    assert!(has("tickmetrics_exporter_web_config_stale 0")(&answer), "{answer:?}");
    assert!(has("tickmetrics_exporter_web_config_reloads_total 2")(&answer), "{answer:?}");
}

/// As a full disk or a program that writes in place leaves it: emptied, or cut after its first section.
#[test]
fn a_cut_file_opens_nothing() {
    let folder = Folder::new("cut");
    let text = format!("{TLS}basic_auth_users: {{ alice: {HASH} }}\n");
    let exporter = folder.serve(&text);
    let address = exporter.local_addr().unwrap();
    let known = || folder.curl(address, &["--user", "alice:correct horse"]);
    let Some(answer) = known() else { return };
    assert_eq!(answer.status, 200, "{answer:?}");
    for (failed, cut) in [(1, ""), (2, TLS)] {
        fs::write(folder.path("web.yml"), cut).unwrap();
        let line = format!("tickmetrics_exporter_web_config_failed_reloads_total {failed}");
        until(
            || {
                let stranger = folder.curl(address, &[]).unwrap();
                assert_eq!(stranger.status, 401, "{cut:?} {stranger:?}");
                known().unwrap()
            },
            |answer| answer.body.lines().any(|it| it == line),
        );
    }
    // Removed explicitly, and so on purpose.
    fs::write(folder.path("web.yml"), format!("{TLS}allow_less_protection: true\n")).unwrap();
    until(|| folder.curl(address, &[]).unwrap(), |stranger| stranger.status == 200);
}

/// The first client after a change finds it in force, since it is not waited for. The file is the one
/// of the start, wherever the program went.
#[test]
fn a_change_is_seen_though_nobody_asks() {
    let folder = Folder::new("unasked");
    folder.write("web.yml", &format!("basic_auth_users: {{ alice: {HASH} }}\n"));
    let mut command = command(&[], "", Path::new("web.yml"));
    command.current_dir(folder.path("")).stderr(Stdio::piped());
    let mut other = Other::of(command);
    assert!(other.says().starts_with("ready"));
    folder.write("web.yml", "basic_auth_users: { alice: oops }\n");
    let lines = BufReader::new(other.child.stderr.take().unwrap()).lines();
    let said = lines.map(|line| line.unwrap()).find(|line| line.contains("stays in force"));
    let said = said.expect("it ended without a word");
    assert!(said.contains("web.yml: basic_auth_users.alice: not a bcrypt hash"), "{said}");
}

/// A connection from before has to end, so that all returning clients use TLS.
#[test]
fn connections_from_before_tls_end() {
    use std::io::{Read, Write};
    let folder = Folder::new("upgrade");
    let exporter = folder.serve("tls_server_config: {}");
    let mut stream = std::net::TcpStream::connect(exporter.local_addr().unwrap()).unwrap();
    let mut ask = || {
        stream.write_all(b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\nOK") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        String::from_utf8(head).unwrap()
    };
    assert!(!ask().contains("close"));
    folder.write("web.yml", TLS);
    until(&mut ask, |head| head.contains("connection: close"));
    assert_eq!(stream.read(&mut [0]).unwrap(), 0);
    let Some(answer) = folder.curl(exporter.local_addr().unwrap(), &[]) else { return };
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[test]
fn a_fault_at_the_start_is_an_error() {
    let folder = Folder::new("start");
    folder.write("web.yml", "tls_server_config: { cert_file: server.pem, key_file: client.key }");
    let builder = || Exporter::builder().listen("127.0.0.1:0").web_config(folder.path("web.yml"));
    let error = builder().start().unwrap_err();
    assert!(error.to_string().contains("web.yml: tls_server_config.key_file: "), "{error}");
    let StartError::WebConfig(error) = error else { panic!("{error:?}") };
    assert_eq!(
        (error.file(), error.key()),
        (&*folder.path("web.yml"), "tls_server_config.key_file")
    );
    folder.write("web.yml", TLS);
    builder().start().unwrap().shutdown();
}
