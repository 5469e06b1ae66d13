//! Files that are refused: the place and the advice of each error.

use super::{Folder, HASH, TLS, load};
use std::fs;

/// Each a configuration, the wrong key in it, and a part of the error. `$TLS` stands for a
/// certificate and its key, `$VERIFIED` for clients that need one, `$HASH` for a good hash. No
/// error may contain SECRET.
type Refused = &'static [(&'static str, &'static str, &'static str)];

/// Files that are not written yet, or were cut after the first word.
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

/// Settings that rustls can't honour, and settings that make no sense.
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
