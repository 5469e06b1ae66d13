//! Prometheus itself scrapes, with its own configuration for the protection. The environment
//! variable `PROMETHEUS` can name another one than the system's.

use crate::support::{Folder, HASH, curl, until};
use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use tests::programs::skip;

struct Prometheus {
    child: Child,
    address: SocketAddr,
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Prometheus {
    /// `None` where it is not installed; the skip is reported.
    fn start(folder: &Folder, scrape_configs: &str) -> Option<Self> {
        let program = std::env::var_os("PROMETHEUS").unwrap_or_else(|| "prometheus".into());
        if let Err(error) = Command::new(&program).arg("--version").output() {
            skip(&format!("prometheus is not installed (apt-get install prometheus): {error}"));
            return None;
        }
        let text = format!("global: {{scrape_interval: 1s}}\nscrape_configs:\n{scrape_configs}");
        folder.write("prometheus.yml", &text);
        // It does not report a port that it chooses: one that was free just now.
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
        let child = Command::new(program)
            .arg(format!("--config.file={}", folder.text("prometheus.yml")))
            .arg(format!("--storage.tsdb.path={}", folder.text("data")))
            .arg(format!("--web.listen-address={address}"))
            .stdout(Stdio::null())
            .stderr(File::create(folder.path("log")).unwrap())
            .spawn()
            .unwrap();
        Some(Self { child, address })
    }

    /// The targets that it scraped, as the labels `job` of those that are up and of those that are
    /// not, once it has scraped so many.
    fn jobs(&self, count: usize) -> Option<(Vec<String>, Vec<String>)> {
        let jobs = |value: &str| {
            let url = format!("http://{}/api/v1/query?query=up==bool%20{value}", self.address);
            let answer = curl(&url, |_| {})?;
            // Before it is ready there is none.
            let answer = serde_json::from_str(&answer.body).unwrap_or(serde_json::Value::Null);
            let results = answer["data"]["result"].as_array().cloned().unwrap_or_default();
            let results = results.iter().filter(|one| one["value"][1] == "1");
            let mut jobs: Vec<String> =
                results.map(|one| one["metric"]["job"].as_str().unwrap().to_owned()).collect();
            jobs.sort();
            Some(jobs)
        };
        jobs("0")?;
        Some(until(
            || (jobs("1").unwrap(), jobs("0").unwrap()),
            |(up, down)| up.len() + down.len() == count,
        ))
    }
}

#[test]
fn prometheus_scrapes_with_every_kind_of_credentials() {
    let folder = Folder::new("prometheus");
    folder.write("token", "0123456789abcdef\n");
    folder.write("password", "correct horse");
    let tls = "cert_file: server.pem, key_file: server.key";
    let open = folder.serve(&format!(
        "tls_server_config: {{ {tls}, min_version: TLS13 }}\nbasic_auth_users: {{ alice: {HASH} }}\n\
         bearer_tokens: {{ robot: {{ file: token }} }}\n"
    ));
    let named = Folder::new("prometheus-clients");
    std::fs::copy(folder.path("ca.pem"), named.path("trusted.pem")).unwrap();
    let clients = named.serve(&format!(
        "tls_server_config: {{ {tls}, client_auth_type: RequireAndVerifyClientCert, \
         client_ca_file: trusted.pem, client_allowed_sans: [client.example] }}"
    ));
    let ca = folder.text("ca.pem");
    let job = |name: &str, port: u16, ca: &str, more: &str, tls: &str| {
        format!(
            "- {{job_name: {name}, scheme: https, tls_config: {{ca_file: {ca}{tls}}}, \
             {more}static_configs: [{{targets: ['localhost:{port}']}}]}}\n"
        )
    };
    let (open, clients, theirs) = (
        open.local_addr().unwrap().port(),
        clients.local_addr().unwrap().port(),
        named.text("ca.pem"),
    );
    let cert = |name: &str| {
        format!(
            ", cert_file: {}, key_file: {}",
            folder.text(&format!("{name}.pem")),
            folder.text(&format!("{name}.key"))
        )
    };
    let jobs = [
        job(
            "password",
            open,
            &ca,
            &format!(
                "basic_auth: {{username: alice, password_file: {}}}, ",
                folder.text("password")
            ),
            "",
        ),
        job(
            "token",
            open,
            &ca,
            &format!("authorization: {{credentials_file: {}}}, ", folder.text("token")),
            "",
        ),
        job("certificate", clients, &theirs, "", &cert("client")),
        job("no-credentials", open, &ca, "", ""),
        job("wrong-password", open, &ca, "basic_auth: {username: alice, password: x}, ", ""),
        job("wrong-token", open, &ca, "authorization: {credentials: x}, ", ""),
        job("no-certificate", clients, &theirs, "", ""),
        job("other-name", clients, &theirs, "", &cert("server")),
        job("stranger", clients, &theirs, "", &cert("stranger")),
    ];
    let Some(prometheus) = Prometheus::start(&folder, &jobs.concat()) else { return };
    let Some((up, down)) = prometheus.jobs(jobs.len()) else { return };
    assert_eq!(up, ["certificate", "password", "token"]);
    assert_eq!(
        down,
        [
            "no-certificate",
            "no-credentials",
            "other-name",
            "stranger",
            "wrong-password",
            "wrong-token"
        ]
    );
}
