//! Certificates, an exporter, and clients that are not of this project.

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, SanType,
};
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};
use tests::programs::{feed, skip};
use tickmetrics::Registry;
use tickmetrics_exporter::{Exporter, ExporterBuilder};

/// Of "correct horse", by `htpasswd -bnBC 4`.
pub(crate) const HASH: &str = "$2y$04$Vg83avL5xTT.4jua0n0zKeG2alFGI66ZMZ4PGo4vxtBWxHVvGPfvW";

const PATIENCE: Duration = Duration::from_secs(60);

/// A folder with an authority (`ca.pem`), a server's certificate and key of its (`server.pem`,
/// `server.key`), and clients' (`client.pem`, `client.key`) and those of another authority
/// (`stranger-ca.pem`, `stranger.pem`, `stranger.key`). Gone at the end.
pub(crate) struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let name = format!("tickmetrics-web-{name}-{}", std::process::id());
        let folder = Self(std::env::temp_dir().join(name));
        fs::create_dir_all(&folder.0).unwrap();
        let ca = authority("Authority");
        folder.write("ca.pem", &ca.pem());
        folder.issue(&ca, "server");
        folder.issue(&ca, "client");
        let stranger = authority("Stranger");
        folder.write("stranger-ca.pem", &stranger.pem());
        folder.issue(&stranger, "stranger");
        folder
    }

    /// A certificate and its key, of an authority that nobody needs any more: those of a renewal.
    pub(crate) fn issue(&self, ca: &CertifiedIssuer<'_, KeyPair>, name: &str) {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.subject_alt_names.extend([
            SanType::IpAddress([127, 0, 0, 1].into()),
            SanType::IpAddress("2001:db8::1".parse().unwrap()),
            SanType::DnsName(format!("{name}.example").try_into().unwrap()),
            SanType::Rfc822Name(format!("{name}@example").try_into().unwrap()),
            SanType::URI(format!("spiffe://example/{name}").try_into().unwrap()),
        ]);
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, ca).unwrap();
        self.write(&format!("{name}.pem"), &certificate.pem());
        self.write(&format!("{name}.key"), &key.serialize_pem());
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(crate) fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    /// Replaces a file at once, as a careful program does.
    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path("new"), text).unwrap();
        fs::rename(self.path("new"), self.path(name)).unwrap();
    }

    /// An exporter with this configuration.
    pub(crate) fn serve(&self, config: &str) -> Exporter {
        self.builder(config).start().unwrap()
    }

    pub(crate) fn builder(&self, config: &str) -> ExporterBuilder {
        self.write("web.yml", config);
        let builder = Exporter::builder().registry(&Registry::new()).listen("127.0.0.1:0");
        builder.web_config(self.path("web.yml"))
    }

    /// curl, trusting the authority.
    pub(crate) fn curl(&self, address: SocketAddr, arguments: &[&str]) -> Option<Answer> {
        curl(&format!("https://localhost:{}/metrics", address.port()), |all| {
            all.extend(["--cacert".into(), self.text("ca.pem")]);
            all.extend(arguments.iter().map(|&it| it.to_owned()));
        })
    }
}

pub(crate) fn authority(name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// The output of curl.
#[derive(Debug)]
pub(crate) struct Answer {
    /// Its own, such as 35 where TLS failed.
    pub(crate) code: i32,
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    /// The values of a header, in lower case names as curl was sent them.
    pub(crate) fn header(&self, name: &str) -> Vec<&str> {
        let fields = self.head.lines().filter_map(|line| line.split_once(": "));
        fields.filter(|(it, _)| it.eq_ignore_ascii_case(name)).map(|(_, value)| value).collect()
    }
}

/// `None` where it is not installed; the skip is reported.
pub(crate) fn curl(url: &str, arguments: impl FnOnce(&mut Vec<String>)) -> Option<Answer> {
    let mut all: Vec<String> =
        ["-q", "--silent", "--show-error", "--noproxy", "*", "--include", "--max-time", "60"]
            .map(String::from)
            .into();
    arguments(&mut all);
    all.push(url.into());
    let all: Vec<&str> = all.iter().map(|it| &**it).collect();
    let Some(output) = feed("curl", &all, "") else {
        skip("curl is not installed (apt-get install curl)");
        return None;
    };
    let text = String::from_utf8(output.stdout).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_default();
    let status = head.split(' ').nth(1).map_or(0, |status| status.parse().unwrap());
    let body =
        if body.is_empty() { String::from_utf8(output.stderr).unwrap() } else { body.into() };
    Some(Answer { code: output.status.code().unwrap(), status, head: head.into(), body })
}

/// Asks until the answer is the one that is waited for.
pub(crate) fn until<T: std::fmt::Debug>(
    mut ask: impl FnMut() -> T,
    is_it: impl Fn(&T) -> bool,
) -> T {
    let begin = Instant::now();
    loop {
        let answer = ask();
        if is_it(&answer) {
            return answer;
        }
        assert!(begin.elapsed() < PATIENCE, "{answer:?}");
        thread::sleep(Duration::from_millis(50));
    }
}
