//! The web configuration file, held against curl, OpenSSL, Python, Prometheus and one of Prometheus'
//! own exporters.

mod auth;
mod crowd;
mod memory;
mod node_exporter;
mod prometheus;
mod reload;
mod support;
mod tls;

/// An exporter in a process of its own; as a `program in C`, where SIGPIPE is not ignored.
#[test]
fn in_another_process() {
    let Some((role, file)) = tests::processes::role() else { return };
    if role == "program in C" {
        // SAFETY: no other thread of this process sets a handler.
        unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
    }
    let builder = tickmetrics_exporter::Exporter::builder().listen("127.0.0.1:0").web_config(file);
    let exporter = builder.start().unwrap();
    std::env::set_current_dir("/").unwrap();
    tests::processes::say(&format!("ready {}", exporter.local_addr().unwrap()));
    tests::processes::wait();
    exporter.shutdown();
}
