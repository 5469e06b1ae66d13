//! Passwords and tokens, as curl and Python send them.

use crate::support::{Folder, HASH, curl};
use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;
use tests::programs::{feed, skip};
use tickmetrics::{Counter, Description, Registry};
use tickmetrics_exporter::Exporter;

fn users() -> String {
    format!("basic_auth_users: {{ alice: {HASH} }}\n")
}

const TOKENS: &str = "bearer_tokens: { robot: { file: token } }\n";

const HEADERS: &str = "
http_server_config:
  headers:
    Strict-Transport-Security: max-age=31536000
    X-Frame-Options: deny
    X-Content-Type-Options: nosniff
    X-XSS-Protection: '0'
    Content-Security-Policy: default-src 'self'
";

#[test]
fn curl_needs_the_password_or_the_token() {
    let folder = Folder::new("curl");
    folder.write("token", "0123456789abcdef\n");
    let exporter = folder.serve(&format!("{}{TOKENS}{HEADERS}", users()));
    let address = exporter.local_addr().unwrap();
    let ask = |path: &str, arguments: &[&str]| {
        let arguments = arguments.iter().map(|&it| it.to_owned());
        curl(&format!("http://{address}{path}"), |all| all.extend(arguments))
    };
    for (path, arguments, status) in [
        ("/metrics", &[][..], 401),
        ("/health", &[], 401),
        ("/", &[], 401),
        ("/nowhere", &[], 401),
        ("/metrics", &["--user", "alice:correct horse"], 200),
        ("/metrics", &["--user", "alice:correct horse", "--head"], 200),
        ("/metrics", &["--anyauth", "--user", "alice:correct horse"], 200),
        ("/health", &["--user", "alice:correct horse"], 200),
        ("/nowhere", &["--user", "alice:correct horse"], 404),
        ("/metrics", &["--user", "alice:correct horse", "--request", "POST"], 405),
        ("/metrics", &["--user", "alice:wrong"], 401),
        ("/metrics", &["--user", "Alice:correct horse"], 401),
        ("/metrics", &["--oauth2-bearer", "0123456789abcdef"], 200),
        ("/metrics", &["--oauth2-bearer", "0123456789abcdeF"], 401),
        ("/metrics", &["--header", "Authorization:"], 401),
        ("/metrics", &["--header", "Authorization: Basic \u{fffd}"], 401),
        (
            "/metrics",
            &[
                "--user",
                "alice:correct horse",
                "--header",
                "Authorization: Bearer 0123456789abcdef",
            ],
            200,
        ),
    ] {
        let Some(answer) = ask(path, arguments) else { return };
        // With --anyauth, and for a challenge that curl answers, the last one counts.
        let status_line = format!("HTTP/1.1 {status}");
        let both = format!("{}{}", answer.head, answer.body);
        assert!(both.contains(&status_line), "{arguments:?} {answer:?}");
        let challenges = answer.header("www-authenticate");
        let expected: &[&str] = if answer.status == 401 {
            &[r#"Basic realm="metrics", charset="UTF-8""#, r#"Bearer realm="metrics""#]
        } else {
            &[]
        };
        assert_eq!(challenges, expected, "{arguments:?}");
        for (name, value) in [
            ("strict-transport-security", "max-age=31536000"),
            ("x-frame-options", "deny"),
            ("x-content-type-options", "nosniff"),
            ("x-xss-protection", "0"),
            ("content-security-policy", "default-src 'self'"),
        ] {
            assert_eq!(answer.header(name), [value], "{arguments:?} {answer:?}");
        }
    }
    let body = ask("/metrics", &["--oauth2-bearer", "0123456789abcdef"]).unwrap().body;
    let refused =
        body.lines().find(|line| line.starts_with("tickmetrics_exporter_unauthorized")).unwrap();
    assert_eq!(refused, "tickmetrics_exporter_unauthorized_requests_total 10");
}

/// Python's own TLS and its own way with passwords.
#[test]
fn python_scrapes_over_tls_with_a_password() {
    let folder = Folder::new("python");
    let exporter = folder.serve(&format!(
        "{}tls_server_config: {{ cert_file: server.pem, key_file: server.key }}",
        users()
    ));
    let url = format!("https://localhost:{}/metrics", exporter.local_addr().unwrap().port());
    let script = "
import ssl, sys, urllib.error, urllib.request
url, ca = sys.argv[1:]
context = ssl.create_default_context(cafile=ca)
def ask(*passwords):
    manager = urllib.request.HTTPPasswordMgrWithDefaultRealm()
    for password in passwords:
        manager.add_password(None, url, 'alice', password)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}),
        urllib.request.HTTPSHandler(context=context), urllib.request.HTTPBasicAuthHandler(manager))
    try:
        return opener.open(url).status
    except urllib.error.HTTPError as error:
        return error.code
print(ask('correct horse'), ask('wrong'), ask())
";
    let ca = folder.text("ca.pem");
    let Some(output) = feed("python3", &["-c", script, &url, &ca], "") else {
        return skip("python3 is not installed (apt-get install python3)");
    };
    assert_eq!(String::from_utf8_lossy(&output.stdout), "200 401 401\n", "{output:?}");
}

fn send(address: SocketAddr, head: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n").unwrap();
    stream.write_all(head).unwrap();
    stream.write_all(b"\r\n").unwrap();
    stream
}

fn answer(mut stream: TcpStream) -> String {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn hostile_headers_are_unauthorized() {
    let folder = Folder::new("hostile");
    let exporter = folder.serve(&users());
    // alice:correct horse
    let right = b"Authorization: Basic YWxpY2U6Y29ycmVjdCBob3JzZQ==\r\n";
    let long = [b"Authorization: Basic ", &[b'Q'; 8_000][..], b"\r\n"].concat();
    for head in [
        &[&right[..], right].concat()[..],
        b"Authorization: Basic \xff\xfe\xfd\r\n",
        b"Authorization: \xff\r\n",
        b"Authorization:\r\n",
        b"Authorization: Basic\r\n",
        b"Authorization: Basic YWxpY2U6Y29ycmVjdCBob3JzZQ\r\n",
        b"Authorization: Basic ====\r\n",
        b"Authorization: Basic YWxpY2U=\r\n",
        b"Authorization: Bearer x\r\nAuthorization: Basic YWxpY2U6Y29ycmVjdCBob3JzZQ==\r\n",
        &long,
    ] {
        let answer = answer(send(exporter.local_addr().unwrap(), head));
        assert!(
            answer.starts_with("HTTP/1.1 401 "),
            "{:?} {answer}",
            String::from_utf8_lossy(head)
        );
        assert!(answer.to_lowercase().contains("www-authenticate: basic"), "{answer}");
    }
    let answer = answer(send(exporter.local_addr().unwrap(), right));
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

/// A client that guesses, from one address, has to wait; other addresses do not.
#[test]
fn guesses_are_limited_by_address() {
    let folder = Folder::new("guesses");
    let exporter = folder.serve(&users());
    let url = format!("http://{}/metrics", exporter.local_addr().unwrap());
    let ask = |from: &str, password: &str| {
        curl(&url, |all| {
            all.extend(
                ["--interface", from, "--user", &format!("alice:{password}")].map(String::from),
            );
        })
    };
    let Some(known) = ask("127.0.0.2", "correct horse") else { return };
    assert_eq!(known.status, 200, "{known:?}");
    // One after the other, over one connection.
    let guesses = ["--user", "alice:guess", "--interface", "127.0.0.3"].map(String::from);
    let answers = curl(&url, |all| {
        all.extend(guesses);
        all.extend(vec![url.clone(); 29]);
    });
    let answers = answers.unwrap();
    let answers = format!("{}\r\n\r\n{}", answers.head, answers.body);
    let count = |status: &str| answers.matches(&format!("HTTP/1.1 {status}")).count();
    assert_eq!((count("401") + count("429"), count("200")), (30, 0), "{answers}");
    // Some more than ten where it took some seconds.
    assert!(count("401") >= 10 && count("429") >= 1, "{answers}");
    let (_, rest) = answers.split_once("retry-after: ").unwrap();
    assert!(rest.starts_with(['1', '2']), "{answers}");
    for address in ["127.0.0.2", "127.0.0.4"] {
        assert_eq!(ask(address, "correct horse").unwrap().status, 200, "{address}");
    }
}

/// A client of a Unix socket has no address, and needs credentials all the same.
#[test]
fn unix_sockets_ask_as_well() {
    let folder = Folder::new("unix");
    let socket = folder.text("socket");
    let exporter = folder.builder(&users()).listen(format!("unix:{socket}")).start().unwrap();
    for (password, status) in [("wrong", 401), ("correct horse", 200)] {
        let answer = curl("http://localhost/metrics", |all| {
            let user = format!("alice:{password}");
            all.extend(["--unix-socket", &socket, "--user", &user].map(String::from));
        });
        let Some(answer) = answer else { return };
        assert_eq!(answer.status, status, "{answer:?}");
    }
    exporter.shutdown();
}

/// The same process can have a socket without credentials beside them.
#[test]
fn a_second_exporter_asks_for_nothing() {
    let folder = Folder::new("second");
    let socket = folder.text("socket");
    let registry = Registry::new();
    let description = Description::new("orders_total", "Orders.");
    let orders: Counter = registry.register(&description).unwrap();
    orders.add(3);
    let protected = folder.builder(&users()).registry(&registry).start().unwrap();
    let second = Exporter::builder().registry(&registry).listen(format!("unix:{socket}"));
    let second = second.process_metrics(false).start().unwrap();
    let url = format!("http://{}/metrics", protected.local_addr().unwrap());
    let Some(answer) = curl(&url, |_| {}) else { return };
    assert_eq!(answer.status, 401, "{answer:?}");
    let socket = ["--unix-socket".to_owned(), socket];
    let answer = curl("http://localhost/metrics", |all| all.extend(socket)).unwrap();
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(answer.body.contains("\norders_total 3\n"), "{answer:?}");
    protected.shutdown();
    second.shutdown();
}

/// A hash that takes seconds, while others scrape.
#[test]
fn hashing_keeps_nobody_else_waiting_not_even_the_end() {
    let folder = Folder::new("hashing");
    folder.write("token", "0123456789abcdef\n");
    let slow = HASH.replace("$04", "$15");
    let config = format!("basic_auth_users: {{ alice: {slow} }}\n{TOKENS}");
    let exporter = folder.builder(&config).pin_to_core(0).start().unwrap();
    let address = exporter.local_addr().unwrap();
    let hashing = send(address, b"Authorization: Basic YWxpY2U6eA==\r\n");
    for _ in 0..20 {
        let answer = answer(send(address, b"Authorization: Bearer 0123456789abcdef\r\n"));
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    }
    hashing.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
    let error = (&hashing).read(&mut [0]).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{error}");
    // Each thread that hashes, by the cores that it may run on.
    let threads = || {
        let tasks = fs::read_dir("/proc/self/task").unwrap();
        let status =
            tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("status")).ok());
        let hashing = status.filter(|status| status.starts_with("Name:\tmetrics-auth\n"));
        hashing.map(|status| status.contains("\nCpus_allowed_list:\t0\n")).collect::<Vec<_>>()
    };
    assert!(threads().contains(&true), "{:?}", threads());
    exporter.shutdown();
    // It did not wait for the thread, which continues with work that nobody needs any more.
    assert!(threads().contains(&true));
}

/// Probes of an orchestrator have no password, and nothing else is open to them.
#[test]
fn curl_reaches_excluded_paths_without_credentials() {
    let folder = Folder::new("excluded");
    let exporter = folder.serve(&format!("{}auth_excluded_paths: [/health, /ready]\n", users()));
    let one = folder.serve(&format!("{}auth_excluded_paths: [/ready]\n", users()));
    for (exporter, path, arguments, status) in [
        (&exporter, "/health", &[][..], 200),
        (&exporter, "/ready", &[], 200),
        (&exporter, "/health", &["--head"], 200),
        (&exporter, "/health?a=b", &[], 200),
        // Credentials that are not needed are not checked.
        (&exporter, "/health", &["--user", "alice:wrong"], 200),
        (&exporter, "/health", &["--request", "POST"], 405),
        (&exporter, "/metrics", &[], 401),
        (&exporter, "/", &[], 401),
        (&exporter, "/health/", &[], 401),
        (&exporter, "//health", &[], 401),
        (&exporter, "/Health", &[], 401),
        (&exporter, "/%68ealth", &[], 401),
        (&exporter, "/health/../metrics", &["--path-as-is"], 401),
        (&exporter, "/metrics?/health", &[], 401),
        (&exporter, "/metrics", &["--user", "alice:correct horse"], 200),
        (&one, "/ready", &[], 200),
        (&one, "/health", &[], 401),
    ] {
        let arguments = arguments.iter().map(|&it: &&str| it.to_owned());
        let url = format!("http://{}{path}", exporter.local_addr().unwrap());
        let Some(answer) = curl(&url, |all| all.extend(arguments)) else { return };
        assert_eq!(answer.status, status, "{path} {answer:?}");
    }
}
