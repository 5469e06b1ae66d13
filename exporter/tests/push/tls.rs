//! Encrypted pushes, to a real gateway.

use super::real::Pushgateway;
use super::{PATIENCE, counter, start};
use std::time::Duration;
use tests::processes::Folder;
use tickmetrics_exporter::{AtEnd, Exporter, Push, PushError};

#[test]
fn it_is_trusted_by_its_certificate() {
    let folder = Folder::new("push-tls");
    let [certificate, other, key, config] =
        ["certificate.pem", "other.pem", "key.pem", "web.yml"].map(|name| folder.0.join(name));
    let certified = || rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let own = certified();
    std::fs::write(&certificate, own.cert.pem()).unwrap();
    std::fs::write(&other, certified().cert.pem()).unwrap();
    std::fs::write(&key, own.signing_key.serialize_pem()).unwrap();
    let section = format!(
        "tls_server_config:\n  cert_file: {}\n  key_file: {}\n",
        certificate.display(),
        key.display()
    );
    std::fs::write(&config, section).unwrap();
    let argument = format!("--web.config.file={}", config.display());
    let Some(gateway) = Pushgateway::start(&[&argument]) else { return };
    let (registry, _) = counter();
    let to = |host: &str| {
        let url = format!("https://{host}:{}", gateway.address.port());
        Push::new(url, "job").at_end(AtEnd::Nothing)
    };
    let push = |push: Push, within| start(&registry, push).push_now(within);
    push(to("localhost").ca_file(&certificate), PATIENCE).unwrap();
    for wrong in [to("localhost").ca_file(&other), to("127.0.0.1").ca_file(&certificate)] {
        match push(wrong, Duration::from_secs(2)) {
            Err(PushError::Unreachable { reason, .. }) if reason.contains("certificate") => {}
            outcome => panic!("{outcome:?}"),
        }
    }
}

#[test]
fn authorities_are_read_at_the_start() {
    let folder = Folder::new("push-authorities");
    let file = folder.file();
    let started = || {
        let push = Push::new("https://localhost", "job").ca_file(&file);
        Exporter::builder().push(push).listen_nowhere().start().map(drop).unwrap_err().to_string()
    };
    let told = started();
    assert!(told.contains("segment can't be read"), "{told}");
    std::fs::write(&file, "no certificate\n").unwrap();
    let told = started();
    assert!(told.contains("there is none in it"), "{told}");
}

/// A file without an end, or without a writer, does not block.
#[test]
fn authorities_are_in_a_plain_file_of_some_length() {
    let folder = Folder::new("push-no-file");
    let file = folder.file();
    let told = |advice: &str| {
        let push = Push::new("https://localhost", "job").ca_file(&file);
        let started = Exporter::builder().push(push).listen_nowhere().start().map(drop);
        let told = started.unwrap_err().to_string();
        assert!(told.contains("segment can't be read") && told.contains(advice), "{told}");
        std::fs::remove_file(&file).or_else(|_| std::fs::remove_dir(&file)).unwrap();
    };
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(&file, "\n".repeat(1 << 20) + &made.cert.pem()).unwrap();
    told("longer than 1 MiB");
    std::fs::create_dir(&file).unwrap();
    told("not a plain file");
    let path = std::ffi::CString::new(file.to_str().unwrap()).unwrap();
    // SAFETY: the path is a string of C.
    assert_eq!(unsafe { libc::mkfifo(path.as_ptr(), 0o600) }, 0);
    told("not a plain file");
    std::os::unix::fs::symlink("/dev/zero", &file).unwrap();
    told("not a plain file");
}
