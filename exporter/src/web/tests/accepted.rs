//! Files that are accepted, and their effect on requests and handshakes.

use super::*;
use crate::server::{Client, Handshakes};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::ResolvesClientCert;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, SignatureScheme};

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
    // A change of other keys leaves the counted requests as they are; another limit begins anew.
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
