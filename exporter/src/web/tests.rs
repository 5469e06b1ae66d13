//! Configuration files that are taken, and those that are refused: where, and with what advice.

use super::*;
use crate::server::{Client, Handshakes};
use std::fs;
use tickmetrics::Registry;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::ResolvesClientCert;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, SignatureScheme};

/// A folder with certificates, gone at the end.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Folder {
    fn new(name: &str) -> Self {
        let folder = format!("tickmetrics-web-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(folder);
        fs::create_dir_all(&folder).unwrap();
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let other = rcgen::KeyPair::generate().unwrap();
        let encrypted =
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED PRIVATE KEY-----\n";
        for (file, text) in [
            ("cert.pem", made.cert.pem()),
            ("key.pem", made.signing_key.serialize_pem()),
            ("other.pem", other.serialize_pem()),
            ("encrypted.pem", encrypted.into()),
            ("empty.pem", String::new()),
            ("damaged.pem", made.cert.pem().replacen("MII", "MI!", 1)),
            (
                "no-cert.pem",
                "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n".into(),
            ),
            ("token", "0123456789abcdef\n".into()),
            ("short-token", "0123456789abcde\n".into()),
            ("two-tokens", "0123456789abcdef\n0123456789abcdef\n".into()),
        ] {
            fs::write(folder.join(file), text).unwrap();
        }
        Self(folder)
    }

    fn load(&self, text: &str) -> Result<Web, WebConfigError> {
        let path = self.0.join("web.yml");
        fs::write(&path, text).unwrap();
        load(&path)
    }

    /// And the registry that it counts in.
    fn observed(&self, text: &str) -> (Web, Registry) {
        let registry = Registry::new();
        let path = self.0.join("web.yml");
        fs::write(&path, text).unwrap();
        (Web::load(&path, WebMetrics::register(&registry).unwrap(), 2).unwrap(), registry)
    }
}

fn load(path: &Path) -> Result<Web, WebConfigError> {
    Web::load(path, WebMetrics::register(&Registry::new()).unwrap(), 0)
}

fn unprotected(registry: &Registry) -> f64 {
    registry.snapshot().gauge("tickmetrics_exporter_unprotected_listeners", &[]).unwrap()
}

/// The number of reloads, the number of failed ones, and whether the configuration in force is out
/// of date.
fn reloads(registry: &Registry) -> (u64, u64, bool) {
    let snapshot = registry.snapshot();
    let counter = |name| snapshot.counter(name, &[]).unwrap();
    let stale = snapshot.gauge("tickmetrics_exporter_web_config_stale", &[]).unwrap();
    (
        counter("tickmetrics_exporter_web_config_reloads_total"),
        counter("tickmetrics_exporter_web_config_failed_reloads_total"),
        stale == 1.0,
    )
}

const TLS: &str = "cert_file: cert.pem, key_file: key.pem";
const HASH: &str = "$2y$04$Vg83avL5xTT.4jua0n0zKeG2alFGI66ZMZ4PGo4vxtBWxHVvGPfvW";

/// Each a configuration, the key that is wrong in it, and a part of what is said. `$TLS` stands for a
/// certificate and its key, `$VERIFIED` for clients that need one, `$HASH` for a good hash. What must
/// never be said is SECRET.
type Refused = &'static [(&'static str, &'static str, &'static str)];

/// As a file says that is not written yet, or was cut after its first word.
const NOTHING: Refused = &[
    ("", "", "allow_less_protection: true"),
    ("# nothing yet", "", "basic_auth_users"),
    ("{}", "", "demands nothing"),
    ("---\n...", "", "demands nothing"),
    ("tls_server_config:", "", "demands nothing"),
    (
        "tls_server_config:\nhttp_server_config:\nbasic_auth_users:\nrate_limit:\nbearer_tokens:",
        "",
        "demands nothing",
    ),
    ("allow_less_protection: false", "", "demands nothing"),
    ("allow_less_protection: SECRET", "allow_less_protection", "boolean"),
];

const FORM: Refused = &[
    ("SECRET", "", "mapping"),
    ("{", "", "line 1"),
    ("--- {}\n--- {}", "", "single YAML document"),
    ("tls: {}", "tls", "expected one of tls_server_config, http_server_config"),
    (
        "tls_server_config: { $TLS, certfile: SECRET }",
        "tls_server_config.certfile",
        "expected one of cert, key",
    ),
    ("tls_server_config: { $TLS, key: SECRET, key: SECRET }", "tls_server_config", "duplicate"),
    ("http_server_config: { http3: true }", "http_server_config.http3", "http2, headers"),
    ("http_server_config: { http2: SECRET }", "http_server_config.http2", "boolean"),
    ("basic_auth_users: SECRET", "basic_auth_users", "mapping"),
    ("basic_auth_users: { a: [SECRET] }", "basic_auth_users.a", "string"),
    ("basic_auth_users:\n  a: \"SECRET", "basic_auth_users", "line 2"),
];

const CERTIFICATES: Refused = &[
    ("tls_server_config: { min_version: TLS13 }", "tls_server_config", "cert_file is missing"),
    ("tls_server_config: { key_file: key.pem }", "tls_server_config", "cert_file is missing"),
    ("tls_server_config: { cert_file: cert.pem }", "tls_server_config", "key_file is missing"),
    (
        "tls_server_config: { cert_file: cert.pem, key_file: '' }",
        "tls_server_config",
        "key_file is missing",
    ),
    ("tls_server_config: { $TLS, cert: x }", "tls_server_config.cert", "leave out one of the two"),
    (
        "tls_server_config: { $TLS, key: SECRET }",
        "tls_server_config.key",
        "leave out one of the two",
    ),
    (
        "tls_server_config: { cert_file: none, key_file: key.pem }",
        "tls_server_config.cert_file",
        "relative to the folder",
    ),
    (
        "tls_server_config: { cert_file: ., key_file: key.pem }",
        "tls_server_config.cert_file",
        "not a plain file",
    ),
    (
        "tls_server_config: { cert_file: cert.pem, key_file: none }",
        "tls_server_config.key_file",
        "can't be read",
    ),
    (
        "tls_server_config: { cert_file: empty.pem, key_file: key.pem }",
        "tls_server_config.cert_file",
        "BEGIN CERTIFICATE",
    ),
    (
        "tls_server_config: { cert_file: key.pem, key_file: key.pem }",
        "tls_server_config.cert_file",
        "no certificate",
    ),
    (
        "tls_server_config: { cert_file: damaged.pem, key_file: key.pem }",
        "tls_server_config.cert_file",
        "no PEM",
    ),
    (
        "tls_server_config: { cert_file: no-cert.pem, key_file: key.pem }",
        "tls_server_config.cert_file",
        "version 3",
    ),
    (
        "tls_server_config: { cert_file: cert.pem, key_file: other.pem }",
        "tls_server_config.key_file",
        "not that of the first certificate",
    ),
    (
        "tls_server_config: { cert_file: cert.pem, key_file: cert.pem }",
        "tls_server_config.key_file",
        "BEGIN PRIVATE KEY",
    ),
    (
        "tls_server_config: { cert_file: cert.pem, key: SECRET }",
        "tls_server_config.key",
        "BEGIN PRIVATE KEY",
    ),
    (
        "tls_server_config: { cert_file: cert.pem, key_file: encrypted.pem }",
        "tls_server_config.key_file",
        "openssl pkey",
    ),
];

/// What rustls can't do, and what makes no sense.
const PROTOCOL: Refused = &[
    (
        "tls_server_config: { $TLS, min_version: TLS10 }",
        "tls_server_config.min_version",
        "TLS12 or TLS13",
    ),
    (
        "tls_server_config: { $TLS, max_version: TLS11 }",
        "tls_server_config.max_version",
        "TLS12 or TLS13",
    ),
    (
        "tls_server_config: { $TLS, min_version: '1.2' }",
        "tls_server_config.min_version",
        "TLS12 or TLS13",
    ),
    (
        "tls_server_config: { $TLS, min_version: TLS13, max_version: TLS12 }",
        "tls_server_config.max_version",
        "below min_version",
    ),
    (
        "tls_server_config: { $TLS, cipher_suites: [TLS_RSA_WITH_AES_128_CBC_SHA] }",
        "tls_server_config.cipher_suites[0]",
        "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    ),
    (
        "tls_server_config: { $TLS, cipher_suites: [TLS_AES_128_GCM_SHA256, x] }",
        "tls_server_config.cipher_suites[1]",
        "TLS_AES_128_GCM_SHA256",
    ),
    (
        "tls_server_config: { $TLS, max_version: TLS12, cipher_suites: [TLS_AES_128_GCM_SHA256] }",
        "tls_server_config.cipher_suites",
        "leave out",
    ),
    (
        "tls_server_config: { $TLS, curve_preferences: [X25519, CurveP521] }",
        "tls_server_config.curve_preferences[1]",
        "X25519, CurveP256, CurveP384",
    ),
];

const CLIENTS: Refused = &[
    (
        "tls_server_config: { $TLS, client_auth_type: x }",
        "tls_server_config.client_auth_type",
        "RequireAndVerifyClientCert",
    ),
    (
        "tls_server_config: { $TLS, client_ca_file: cert.pem }",
        "tls_server_config.client_auth_type",
        "no client is asked",
    ),
    (
        "tls_server_config: { $TLS, client_auth_type: RequireAndVerifyClientCert }",
        "tls_server_config.client_ca_file",
        "missing",
    ),
    (
        "tls_server_config: { $TLS, client_auth_type: VerifyClientCertIfGiven }",
        "tls_server_config.client_ca_file",
        "missing",
    ),
    (
        "tls_server_config: { $TLS, client_auth_type: RequireAndVerifyClientCert, client_ca_file: empty.pem }",
        "tls_server_config.client_ca_file",
        "no certificate",
    ),
    (
        "tls_server_config: { $TLS, client_auth_type: RequireAndVerifyClientCert, client_ca_file: no-cert.pem }",
        "tls_server_config.client_ca_file",
        "certificate 1",
    ),
    (
        "tls_server_config: { $TLS, client_auth_type: RequireAndVerifyClientCert, client_ca_file: none }",
        "tls_server_config.client_ca_file",
        "can't be read",
    ),
    (
        "tls_server_config: { $TLS, $VERIFIED, client_ca: x }",
        "tls_server_config.client_ca",
        "leave out one",
    ),
    (
        "tls_server_config: { $TLS, $VERIFIED, client_allowed_sans: [] }",
        "tls_server_config.client_allowed_sans",
        "nobody",
    ),
    (
        "tls_server_config: { $TLS, client_allowed_sans: [a] }",
        "tls_server_config.client_allowed_sans",
        "RequireAndVerifyClientCert",
    ),
    (
        "tls_server_config: { $TLS, client_auth_type: VerifyClientCertIfGiven, client_ca_file: cert.pem, client_allowed_sans: [a] }",
        "tls_server_config.client_allowed_sans",
        "without a certificate",
    ),
];

const CREDENTIALS: Refused = &[
    ("basic_auth_users: { alice: SECRET }", "basic_auth_users.alice", "htpasswd -nBC 10 alice"),
    ("basic_auth_users: { alice: }", "basic_auth_users.alice", "null"),
    ("basic_auth_users: { alice: $HASHx }", "basic_auth_users.alice", "not a bcrypt hash"),
    (
        "basic_auth_users: { alice: $2y$03$Vg83avL5xTT.4jua0n0zKeG2alFGI66ZMZ4PGo4vxtBWxHVvGPfvW }",
        "basic_auth_users.alice",
        "between 4 and 16",
    ),
    (
        "basic_auth_users: { alice: $2y$17$Vg83avL5xTT.4jua0n0zKeG2alFGI66ZMZ4PGo4vxtBWxHVvGPfvW }",
        "basic_auth_users.alice",
        "longer than a scrape",
    ),
    (
        "basic_auth_users: { alice: $2y$xx$Vg83avL5xTT.4jua0n0zKeG2alFGI66ZMZ4PGo4vxtBWxHVvGPfvW }",
        "basic_auth_users.alice",
        "not a bcrypt hash",
    ),
    ("basic_auth_users: { 'a:b': $HASH }", "basic_auth_users.a:b", "colon"),
    (
        "allow_less_protection: true\nauth_excluded_paths: [/health, /metrics, /health/]",
        "auth_excluded_paths",
        "\"/metrics\", \"/health/\" can't be reached without credentials; the paths that can are /health, /ready",
    ),
    ("auth_excluded_paths: /health", "auth_excluded_paths", "expected"),
    ("bearer_tokens: { a: SECRET }", "bearer_tokens.a", "sha256sum"),
    ("bearer_tokens: { a: { sha256: SECRET } }", "bearer_tokens.a", "64 hexadecimal"),
    (
        "bearer_tokens: { a: { sha256: g123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef } }",
        "bearer_tokens.a",
        "64 hexadecimal",
    ),
    ("bearer_tokens: { a: { token: SECRET } }", "bearer_tokens.a", "sha256"),
    ("bearer_tokens: { a: {} }", "bearer_tokens.a", "sha256"),
    ("bearer_tokens: { a: { file: none } }", "bearer_tokens.a.file", "can't be read"),
    ("bearer_tokens: { a: { file: short-token } }", "bearer_tokens.a.file", "openssl rand -hex 32"),
    ("bearer_tokens: { a: { file: two-tokens } }", "bearer_tokens.a.file", "one line"),
    ("bearer_tokens: { a: { file: empty.pem } }", "bearer_tokens.a.file", "no token"),
];

const HEADERS_AND_RATES: Refused = &[
    (
        "http_server_config: { headers: { Server: x } }",
        "http_server_config.headers.Server",
        "Content-Security-Policy",
    ),
    (
        "http_server_config: { headers: { x-frame-options: deny } }",
        "http_server_config.headers.x-frame-options",
        "X-Frame-Options",
    ),
    (
        "http_server_config: { headers: { X-Frame-Options: DENY } }",
        "http_server_config.headers.X-Frame-Options",
        "deny or sameorigin",
    ),
    (
        "http_server_config: { headers: { X-XSS-Protection: \"0\\r\\nServer: x\" } }",
        "http_server_config.headers.X-XSS-Protection",
        "one line",
    ),
    ("rate_limit: { interval: 1, burst: 1 }", "rate_limit.interval", "unit"),
    ("rate_limit: { interval: -1s, burst: 1 }", "rate_limit.interval", "100ms"),
    ("rate_limit: { interval: 1s }", "rate_limit.burst", "1 or more"),
    ("rate_limit: { interval: 1s, burst: 0 }", "rate_limit.burst", "1 or more"),
    ("rate_limit: { interval: 1s, burst: -1 }", "rate_limit.burst", "1 or more"),
];

#[test]
fn errors_name_the_fault_and_its_key() {
    let folder = Folder::new("wrong");
    let all = [NOTHING, FORM, CERTIFICATES, PROTOCOL, CLIENTS, CREDENTIALS, HEADERS_AND_RATES];
    for (text, key, part) in all.concat() {
        let verified = "client_auth_type: RequireAndVerifyClientCert, client_ca_file: cert.pem";
        let text = text.replace("$TLS", TLS).replace("$VERIFIED", verified).replace("$HASH", HASH);
        let Err(error) = folder.load(&text) else { panic!("{text} was taken") };
        let said = error.to_string();
        assert_eq!(error.key(), key, "{text}\n{said}");
        assert!(said.starts_with(folder.0.join("web.yml").to_str().unwrap()), "{said}");
        assert!(said.contains(part), "{text}\n{said}");
        assert!(!said.contains("SECRET") && !said.contains('\n'), "{text}\n{said}");
    }
}

#[test]
fn a_file_that_is_none_is_told_by_its_own_name() {
    let folder = Folder::new("none");
    for (name, part) in [("none", "No such file"), (".", "not a plain file"), ("latin1", "UTF-8")] {
        fs::write(folder.0.join("latin1"), b"# \xe9").unwrap();
        let Err(error) = load(&folder.0.join(name)) else { panic!("{name} was taken") };
        assert_eq!((error.file(), error.key()), (&*folder.0.join(name), ""));
        assert!(error.to_string().contains(part), "{error}");
    }
}

/// Also if it can be read, and its content is wrong.
#[test]
fn a_file_that_is_named_is_told_by_its_own_name() {
    let folder = Folder::new("named");
    let tls = |cert: &str, key: &str, more: &str| {
        format!("tls_server_config: {{ cert_file: {cert}, key_file: {key}{more} }}")
    };
    let ca = |file: &str| {
        let more =
            format!(", client_auth_type: RequireAndVerifyClientCert, client_ca_file: {file}");
        tls("cert.pem", "key.pem", &more)
    };
    for (text, file) in [
        (tls("empty.pem", "key.pem", ""), "empty.pem"),
        (tls("damaged.pem", "key.pem", ""), "damaged.pem"),
        (tls("no-cert.pem", "key.pem", ""), "no-cert.pem"),
        (tls("cert.pem", "other.pem", ""), "other.pem"),
        (tls("cert.pem", "empty.pem", ""), "empty.pem"),
        (tls("cert.pem", "encrypted.pem", ""), "encrypted.pem"),
        (tls("cert.pem", "none", ""), "none"),
        (ca("empty.pem"), "empty.pem"),
        (ca("damaged.pem"), "damaged.pem"),
        (ca("no-cert.pem"), "no-cert.pem"),
        ("bearer_tokens: { a: { file: two-tokens } }".into(), "two-tokens"),
        ("bearer_tokens: { a: { file: short-token } }".into(), "short-token"),
    ] {
        let Err(error) = folder.load(&text) else { panic!("{text} was taken") };
        let path = folder.0.join(file).display().to_string();
        assert!(error.to_string().contains(&path), "{text}\n{error}");
    }
}

#[test]
fn valid_configurations_are_accepted() {
    let folder = Folder::new("right");
    let inline = |key: &str, file: &str| {
        let text = fs::read_to_string(folder.0.join(file)).unwrap();
        format!("  {key}: |\n    {}\n", text.trim_end().replace('\n', "\n    "))
    };
    let inline =
        format!("tls_server_config:\n{}{}", inline("cert", "cert.pem"), inline("key", "key.pem"));
    let absolute = folder.0.display();
    for (text, tls, credentials) in [
        ("allow_less_protection: true".into(), false, false),
        ("tls_server_config: {}".into(), false, false),
        ("tls_server_config: { cert_file: '', key_file: '' }".into(), false, false),
        (format!("tls_server_config: {{ {TLS} }}"), true, false),
        (format!("tls_server_config: {{ cert_file: {absolute}/cert.pem, key_file: {absolute}/key.pem }}"), true, false),
        (inline, true, false),
        (format!("tls_server_config: {{ {TLS}, min_version: TLS12, max_version: TLS13, prefer_server_cipher_suites: false, cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS_AES_256_GCM_SHA384], curve_preferences: [CurveP384, X25519, CurveP256] }}"), true, false),
        (format!("tls_server_config: {{ {TLS}, client_auth_type: RequireAndVerifyClientCert, client_ca_file: cert.pem, client_allowed_sans: [localhost] }}"), true, false),
        (format!("tls_server_config: {{ {TLS}, client_auth_type: RequireClientCert, client_allowed_sans: [localhost] }}"), true, false),
        (format!("tls_server_config: {{ {TLS}, client_auth_type: RequestClientCert }}"), true, false),
        (format!("tls_server_config: {{ {TLS}, client_auth_type: VerifyClientCertIfGiven, client_ca_file: cert.pem }}"), true, false),
        (format!("basic_auth_users: {{ alice: {HASH} }}"), false, true),
        ("bearer_tokens: { robot: { file: token } }".into(), false, true),
        (format!("bearer_tokens: {{ robot: {{ sha256: {} }} }}", "0aF".repeat(22).get(..64).unwrap()), false, true),
        ("http_server_config: { http2: false, headers: { X-Frame-Options: deny, X-Content-Type-Options: nosniff, X-XSS-Protection: '', Strict-Transport-Security: max-age=1 } }".into(), false, false),
        ("rate_limit: { interval: 1s, burst: 1 }".into(), false, false),
        ("rate_limit: { interval: 0 }".into(), false, false),
        ("rate_limit: { burst: 5 }".into(), false, false),
    ] {
        let web = folder.load(&text).unwrap_or_else(|error| panic!("{text}\n{error}"));
        let (config, _) = web.current();
        assert_eq!(config.tls.is_some(), tls, "{text}");
        assert_eq!(config.credentials.are_needed(), credentials, "{text}");
        assert_eq!(web.protects(), tls || credentials, "{text}");
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap().block_on(future)
}

#[test]
fn a_change_that_lasts_is_in_force_and_a_mistake_is_not() {
    let folder = Folder::new("reload");
    let users = format!("basic_auth_users: {{ alice: {HASH} }}\n");
    let (web, registry) =
        folder.observed("http_server_config: { headers: { X-Frame-Options: deny } }");
    let start = Instant::now();
    let later = |seconds| start + Duration::from_secs(seconds);
    let header = |generation| {
        let mut response = Response::new(());
        web.finish(generation, &mut response);
        let text =
            |name: &str| response.headers().get(name).map(|it| it.to_str().unwrap().to_owned());
        (text("x-frame-options"), text("connection"))
    };
    let write = |text: &str| fs::write(folder.0.join("web.yml"), text).unwrap();
    assert_eq!(header(0), (Some("deny".into()), None));

    write(&format!("{users}http_server_config: {{ headers: {{ X-Frame-Options: sameorigin }} }}"));
    web.look(start);
    assert_eq!(header(0).0.as_deref(), Some("deny"), "looked at too soon");
    web.look(later(1));
    web.look(later(1) + Duration::from_millis(999));
    assert_eq!(header(0).0.as_deref(), Some("deny"), "looked at once");
    web.look(later(2));
    assert_eq!(header(1), (Some("sameorigin".into()), None));
    assert_eq!(unprotected(&registry), 0.0);
    assert_eq!(header(0).1.as_deref(), Some("close"));

    write("http_server_config: { header: { X-Frame-Options: deny } }");
    web.look(later(4));
    assert_eq!(reloads(&registry), (1, 0, false));
    for seconds in 5..9 {
        web.look(later(seconds));
        assert_eq!(header(1).0.as_deref(), Some("sameorigin"));
        assert_eq!(reloads(&registry), (2, 1, true));
    }
    write("basic_auth_users: {}\nallow_less_protection: true");
    web.look(later(9));
    web.look(later(10));
    assert_eq!(header(2), (None, None));
    assert_eq!(unprotected(&registry), 2.0);
    assert_eq!(reloads(&registry), (3, 1, false));
    fs::remove_file(folder.0.join("web.yml")).unwrap();
    web.look(later(12));
    web.look(later(13));
    assert_eq!(reloads(&registry), (4, 2, true));
}

/// The configuration in force, checked every second of a clock that this moves.
struct Looks {
    web: Web,
    registry: Registry,
    now: Instant,
}

impl Looks {
    fn new((web, registry): (Web, Registry)) -> Self {
        Self { web, registry, now: Instant::now() }
    }

    fn look(&mut self) -> Arc<Config> {
        self.now += LOOK_EVERY;
        self.web.look(self.now);
        self.web.current().0
    }

    /// After a change: not in force at the first look.
    fn settle(&mut self) -> Arc<Config> {
        let before = self.web.current().0;
        assert!(Arc::ptr_eq(&self.look(), &before), "one look was enough");
        self.look()
    }

    fn reloads(&self) -> (u64, u64, bool) {
        reloads(&self.registry)
    }
}

/// Whatever the bytes are at which a program that writes it is interrupted, and whatever they would
/// mean: cut for a second, they are not in force; cut for ever, they open nothing.
#[test]
fn a_half_written_file_opens_nothing() {
    let folder = Folder::new("half");
    let text = format!(
        "tls_server_config:\n  cert_file: cert.pem\n  key_file: key.pem\n  client_auth_type: \
         RequireAndVerifyClientCert\n  client_ca_file: cert.pem\n  client_allowed_sans:\n    - a\n\
         basic_auth_users:\n  alice: {HASH}\n"
    );
    let mut looks = Looks::new(folder.observed(&text));
    let path = folder.0.join("web.yml");
    let whole = looks.web.current().0.locks;
    assert!(whole.tls && whole.names && whole.credentials);
    let (mut taken, mut refused) = (0, 0);
    for length in 0..text.len() {
        fs::write(&path, &text[..length]).unwrap();
        let before = looks.web.current();
        assert_eq!(looks.look().locks, whole, "{length}");
        assert_eq!(looks.web.current().1, before.1, "{length}");
        // It stays like this.
        assert_eq!(looks.look().locks, whole, "{:?}", &text[..length]);
        if looks.web.current().1 == before.1 { refused += 1 } else { taken += 1 }
    }
    // Almost none is all that the whole one is: the last lines without their ends are.
    assert!(refused + taken == text.len() && taken <= 2, "{refused} {taken}");
    fs::write(&path, &text).unwrap();
    looks.look();
    looks.look();
    assert!(!looks.reloads().2);
}

#[test]
fn protection_is_removed_only_explicitly() {
    let folder = Folder::new("less");
    let tls = |more: &str| format!("tls_server_config: {{ {TLS}{more} }}\n");
    let verified =
        tls(", client_auth_type: RequireAndVerifyClientCert, client_ca_file: cert.pem, \
         client_allowed_sans: [localhost]");
    let unnamed = verified.replace(", client_allowed_sans: [localhost]", "");
    let any = tls(", client_auth_type: RequireAnyClientCert");
    let if_given = tls(", client_auth_type: VerifyClientCertIfGiven, client_ca_file: cert.pem");
    let users = format!("basic_auth_users: {{ alice: {HASH} }}\n");
    let tokens = "bearer_tokens: { robot: { file: token } }\n".to_owned();
    let rate = "rate_limit: { interval: 1s, burst: 9 }\n".to_owned();
    let both = tls("") + &users;
    for (before, after, key) in [
        (&tls(""), &rate, "tls_server_config"),
        (&tls(""), &users, "tls_server_config"),
        (&both, &users, "tls_server_config"),
        (&both, &tls(""), "basic_auth_users"),
        (&users, &tls(""), "basic_auth_users"),
        (&users, &"basic_auth_users: {}\n".to_owned(), "basic_auth_users"),
        (&tokens, &rate, "basic_auth_users"),
        (&verified, &unnamed, "tls_server_config.client_allowed_sans"),
        (&verified, &tls(""), "tls_server_config.client_auth_type"),
        (&unnamed, &any, "tls_server_config.client_auth_type"),
        (&unnamed, &if_given, "tls_server_config.client_auth_type"),
        (&any, &tls(""), "tls_server_config.client_auth_type"),
        (&any, &both, "tls_server_config.client_auth_type"),
        (&rate, &String::new(), ""),
    ] {
        let mut looks = Looks::new(folder.observed(before));
        let path = folder.0.join("web.yml");
        fs::write(&path, after).unwrap();
        let in_force = looks.web.current().0;
        let (_, config) = config::load(&path);
        let Err(wrong) = config.and_then(|config| config.replace(&in_force)) else {
            panic!("{before} became {after}")
        };
        let error = WebConfigError::new(&path, wrong);
        assert_eq!(error.key(), key, "{error}");
        assert!(error.to_string().contains("allow_less_protection: true"), "{error}");
        assert!(Arc::ptr_eq(&looks.settle(), &in_force), "{before} became {after}");
        assert_eq!(looks.reloads(), (1, 1, true));
        // Said in words, it is taken; and what protects more, or otherwise, needs none.
        fs::write(&path, format!("{after}allow_less_protection: true\n")).unwrap();
        assert!(!Arc::ptr_eq(&looks.settle(), &in_force), "{after}");
        fs::write(&path, format!("{before}allow_less_protection: true\n")).unwrap();
        assert_eq!(looks.settle().locks, in_force.locks);
        assert_eq!(looks.reloads(), (3, 1, false));
    }
    for (before, after) in [
        (&users, &tokens),
        (&tokens, &users),
        (&if_given, &tls("")),
        (&any, &unnamed),
        (&rate, &"http_server_config: { headers: { X-Frame-Options: deny } }".to_owned()),
    ] {
        let mut looks = Looks::new(folder.observed(before));
        fs::write(folder.0.join("web.yml"), after).unwrap();
        looks.settle();
        assert_eq!(looks.reloads(), (1, 0, false), "{before} {after}");
    }
}

/// Of a pair, of a list of authorities, of a token: each half could be in force.
#[test]
fn half_of_a_file_that_is_named_is_not_in_force() {
    let folder = Folder::new("half-named");
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let other = rcgen::generate_simple_self_signed(["other".to_owned()]).unwrap();
    let two = made.cert.pem() + &other.cert.pem();
    let write = |name: &str, text: &str| fs::write(folder.0.join(name), text).unwrap();
    write("chain.pem", &(fs::read_to_string(folder.0.join("cert.pem")).unwrap() + &two));
    write("ca.pem", &two);
    write("long-token", "0123456789abcdef0123456789abcdef");
    let mut looks = Looks::new(folder.observed(
        "tls_server_config: { cert_file: chain.pem, key_file: key.pem, client_auth_type: \
         RequireAndVerifyClientCert, client_ca_file: ca.pem }\n\
         bearer_tokens: { a: { file: long-token } }",
    ));
    let in_force = looks.web.current().0;
    for name in ["chain.pem", "ca.pem", "long-token"] {
        let whole = fs::read_to_string(folder.0.join(name)).unwrap();
        for half in [&whole[..0], &whole[..whole.len() / 2], &whole[..whole.len() * 3 / 4]] {
            write(name, half);
            assert!(Arc::ptr_eq(&looks.look(), &in_force));
            write(name, &whole);
            assert!(Arc::ptr_eq(&looks.look(), &in_force));
        }
        // Truncated and written again while it is looked at, for ever another text.
        for length in whole.len() - 4..whole.len() {
            write(name, &whole[..length]);
            assert!(Arc::ptr_eq(&looks.look(), &in_force));
        }
        write(name, &whole);
        assert!(Arc::ptr_eq(&looks.look(), &in_force));
    }
    assert_eq!(looks.reloads(), (0, 0, false));
}

/// Whatever stands where the configuration was, or where a file that it names was.
#[test]
fn other_files_remove_no_protection_and_do_not_block() {
    let folder = Folder::new("no-file");
    let text = "bearer_tokens: { a: { file: token } }";
    for name in ["web.yml", "token"] {
        let path = folder.0.join(name);
        let gone = || fs::remove_file(&path).or_else(|_| fs::remove_dir(&path));
        let replacements: [&dyn Fn(); 6] = [
            &|| (),
            &|| fs::create_dir(&path).unwrap(),
            // Nobody ever writes to it.
            &|| nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap(),
            &|| drop(std::os::unix::net::UnixListener::bind(&path).unwrap()),
            &|| fs::write(&path, vec![b'#'; 2 << 20]).unwrap(),
            &|| std::os::unix::fs::symlink("/dev/zero", &path).unwrap(),
        ];
        for (number, replace) in replacements.iter().enumerate() {
            let mut looks = Looks::new(folder.observed(text));
            let (whole, in_force) = (fs::read(&path).unwrap(), looks.web.current().0);
            gone().unwrap();
            replace();
            assert!(Arc::ptr_eq(&looks.settle(), &in_force), "{number}");
            assert_eq!(looks.reloads(), (1, 1, true), "{number}");
            let _ = gone();
            fs::write(&path, whole).unwrap();
            looks.settle();
            assert_eq!(looks.reloads(), (2, 1, false), "{number}");
        }
    }
}

/// As Kubernetes does: all at once, by one link.
#[test]
fn a_link_that_swings_changes_all_files_at_once() {
    let folder = Folder::new("swing");
    for (version, tokens) in [("1", "a: { file: a }"), ("2", "a: { file: a }, b: { file: b }")] {
        let version = folder.0.join(version);
        fs::create_dir(&version).unwrap();
        fs::write(version.join("web.yml"), format!("bearer_tokens: {{ {tokens} }}")).unwrap();
        for name in ["a", "b"] {
            fs::write(version.join(name), format!("0123456789abcdef{name}")).unwrap();
        }
    }
    let link = |to: &str, name: &str| {
        std::os::unix::fs::symlink(to, folder.0.join("new")).unwrap();
        fs::rename(folder.0.join("new"), folder.0.join(name)).unwrap();
    };
    link("1", "..data");
    for name in ["web.yml", "a", "b"] {
        link(&format!("..data/{name}"), name);
    }
    let registry = Registry::new();
    let path = folder.0.join("web.yml");
    let web = Web::load(&path, WebMetrics::register(&registry).unwrap(), 0).unwrap();
    let mut looks = Looks::new((web, registry));
    for (version, reloads) in [("2", 1), ("1", 2)] {
        link(version, "..data");
        looks.settle();
        assert_eq!(looks.reloads(), (reloads, 0, false));
    }
}

/// Those that the file names are a part of it.
#[test]
fn a_new_certificate_is_taken_once_its_key_is_there() {
    let folder = Folder::new("renewal");
    let mut looks = Looks::new(folder.observed(&format!(
        "tls_server_config: {{ {TLS} }}\nbearer_tokens: {{ a: {{ file: token }} }}"
    )));
    let (old, _) = looks.web.current();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    fs::write(folder.0.join("cert.pem"), made.cert.pem()).unwrap();
    assert!(Arc::ptr_eq(&looks.settle(), &old));
    assert_eq!(looks.reloads(), (1, 1, true));
    fs::write(folder.0.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    looks.settle();
    assert_eq!(looks.reloads(), (2, 1, false));
    fs::write(folder.0.join("token"), "fedcba9876543210").unwrap();
    looks.settle();
    assert_eq!(looks.reloads(), (3, 1, false));
}

#[test]
fn requests_are_limited_whoever_asks() {
    let folder = Folder::new("rate");
    let text = "rate_limit: { interval: 1h, burst: 2 }\nhttp_server_config: { headers: { X-Frame-Options: deny } }";
    let mut looks = Looks::new(folder.observed(text));
    let admit = |looks: &Looks, last: u8| {
        let headers = HeaderMap::new();
        let admitted =
            block_on(looks.web.admit(Some([192, 0, 2, last].into()), "/metrics", &headers));
        admitted.map_err(|response| (response.status(), response.headers().clone()))
    };
    assert_eq!((admit(&looks, 1), admit(&looks, 2)), (Ok(()), Ok(())));
    let Err((status, headers)) = admit(&looks, 3) else { panic!("not limited") };
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(headers[RETRY_AFTER], "3600");
    // What the limit is not about leaves it as it is; another limit begins anew.
    fs::write(folder.0.join("web.yml"), text.replace("deny", "sameorigin")).unwrap();
    looks.settle();
    assert!(looks.web.current().1 == 1 && admit(&looks, 1).is_err());
    fs::write(folder.0.join("web.yml"), text.replace("1h", "30m")).unwrap();
    looks.settle();
    assert_eq!((looks.web.current().1, admit(&looks, 1)), (2, Ok(())));
}

/// Shows a client's certificate, and signs with another key.
#[derive(Debug)]
struct Thief(Arc<CertifiedKey>);

impl ResolvesClientCert for Thief {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

#[test]
fn a_certificate_alone_is_not_enough() {
    let folder = Folder::new("thief");
    let web = folder
        .load(&format!("tls_server_config: {{ {TLS}, client_auth_type: RequireAnyClientCert }}"))
        .unwrap();
    let provider = Arc::new(ring::default_provider());
    let der = CertificateDer::from_pem_file(folder.0.join("cert.pem")).unwrap();
    for (key, welcome) in [("key.pem", true), ("other.pem", false)] {
        for version in [&TLS12, &TLS13] {
            let key = PrivateKeyDer::from_pem_file(folder.0.join(key)).unwrap();
            let key = provider.key_provider.load_private_key(key).unwrap();
            let key = CertifiedKey::new(vec![der.clone()], key);
            let mut roots = RootCertStore::empty();
            roots.add(der.clone()).unwrap();
            let client = ClientConfig::builder_with_provider(Arc::clone(&provider))
                .with_protocol_versions(&[version])
                .unwrap()
                .with_root_certificates(roots)
                .with_client_cert_resolver(Arc::new(Thief(Arc::new(key))));
            let client = TlsConnector::from(Arc::new(client));
            let accepted = block_on(async {
                let (ours, theirs) = tokio::net::UnixStream::pair().unwrap();
                let connecting = client.connect("localhost".try_into().unwrap(), theirs);
                // With TLS 1.3 the client is through before it is refused.
                let connecting = tokio::spawn(async { connecting.await.map(std::mem::forget) });
                let accepted = {
                    let handshakes = Handshakes::new(10);
                    let (handshakes, client) = (&handshakes, Client::Unknown);
                    let begin = Begin { handshakes, client, limited: &|| {} };
                    web.accept(Box::new(ours), begin).await.is_ok()
                };
                let _ = connecting.await;
                accepted
            });
            assert_eq!(accepted, welcome, "{version:?}");
        }
    }
}
