//! The listeners of an exporter: several addresses, IPv6, Unix sockets, and their reach from other
//! machines.

use std::fs;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use tests::http::{Client, series};
use tests::processes::{Folder, command, output, role};
use tests::programs::skip;
use tickmetrics_exporter::{Exporter, LocalAddr, StartError};

fn unix(path: &Path) -> String {
    format!("unix:{}", path.display())
}

fn answers(mut client: Client) {
    assert_eq!(client.request("GET", "/health").status, 200);
}

fn has_ipv6() -> bool {
    let has = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok();
    if !has {
        skip("this machine has no IPv6");
    }
    has
}

#[test]
fn all_of_several_addresses_answer() {
    let folder = Folder::new("listeners");
    let path = folder.0.join("socket");
    let builder = Exporter::builder().listen(unix(&path)).listen("127.0.0.1:0");
    let exporter = builder.listen("127.0.0.2:0").start().unwrap();
    let [LocalAddr::Unix(first), LocalAddr::Tcp(second), LocalAddr::Tcp(third)] =
        exporter.local_addrs()
    else {
        panic!("{:?}", exporter.local_addrs())
    };
    assert_eq!(*first, path);
    assert_eq!(second.ip(), Ipv4Addr::LOCALHOST);
    assert_eq!(third.ip(), Ipv4Addr::new(127, 0, 0, 2));
    assert_eq!(exporter.local_addr().unwrap(), *second);
    assert_eq!(exporter.local_addrs()[0].to_string(), unix(&path));
    answers(Client::unix(&path));
    answers(Client::new(*second));
    answers(Client::new(*third));
    // The default is not one of them.
    let default: SocketAddr =
        tickmetrics_exporter::ExporterBuilder::DEFAULT_ADDRESS.parse().unwrap();
    assert!(![second, third].contains(&&default));
}

#[test]
fn a_unix_socket_is_its_owners_and_goes_with_the_exporter() {
    let folder = Folder::new("unix-socket");
    let path = folder.0.join("socket");
    let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o7777;
    // As a process leaves it that was killed.
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let exporter = Exporter::builder().listen(unix(&path)).start().unwrap();
    assert_eq!(mode(), 0o600);
    assert_eq!(exporter.local_addr(), None);
    let mut idle = Client::unix(&path);
    assert_eq!(idle.request("GET", "/metrics").status, 200);

    let error = Exporter::builder().listen(unix(&path)).start().unwrap_err();
    assert!(matches!(error, StartError::Bind { .. }));
    assert!(error.to_string().contains("stop it"), "{error}");
    answers(Client::unix(&path));

    exporter.shutdown();
    assert!(idle.is_closed());
    assert_eq!(folder.names(), [""; 0]);

    let exporter = Exporter::builder().listen(unix(&path)).unix_mode(0o660).start().unwrap();
    assert_eq!(mode(), 0o660);
    drop(exporter);
    assert_eq!(folder.names(), [""; 0]);
}

#[test]
fn listen_errors_name_the_remedy() {
    let folder = Folder::new("no-socket");
    let plain = folder.0.join("plain");
    fs::write(&plain, "mine").unwrap();
    for (path, hint) in [
        (unix(&plain), "remove it"),
        (unix(&folder.0.join("nowhere/socket")), "make it first"),
        (unix(&folder.0.join("x".repeat(108))), "at most 107 bytes"),
        (unix(&plain.join("socket")), "its parent is not a directory"),
        ("unix:".into(), "\"unix:/path\""),
        ("unix:@metrics".into(), "write unix:./@metrics"),
        ("unix:\0metrics".into(), "NUL"),
        (unix(&folder.0.join("a\0b")), "NUL"),
        (unix(&folder.0.join("socket/")), "add the socket's name"),
        ("unix:/".into(), "add the socket's name"),
        (unix(&folder.0.join("socket/..")), "another path"),
        ("[::1]".into(), "\"[::1]:9464\""),
    ] {
        let error = Exporter::builder().listen(&path).start().unwrap_err();
        assert!(error.to_string().contains(hint), "{path}: {error}");
    }
    assert_eq!(fs::read(&plain).unwrap(), b"mine");
    // Of several, one that can't be listened on leaves nothing of the others.
    let path = folder.0.join("socket");
    let builder = Exporter::builder().listen(unix(&path)).listen("127.0.0.1");
    assert!(matches!(builder.start().unwrap_err(), StartError::InvalidAddress { .. }));
    let builder = Exporter::builder().listen(unix(&path)).pin_to_core(usize::MAX);
    assert!(matches!(builder.start().unwrap_err(), StartError::Pin { .. }));
    assert_eq!(folder.names(), ["plain"]);
}

#[test]
fn ipv6_has_a_loopback_of_its_own() {
    if !has_ipv6() {
        return;
    }
    let builder = Exporter::builder().listen("[::1]:0").listen("localhost:0");
    let exporter = builder.start().unwrap();
    let [LocalAddr::Tcp(six), LocalAddr::Tcp(name)] = exporter.local_addrs() else {
        panic!("{:?}", exporter.local_addrs())
    };
    assert_eq!(six.ip(), Ipv6Addr::LOCALHOST);
    assert!(name.ip().is_loopback());
    answers(Client::new(*six));
    answers(Client::new(*name));
    let text = Client::new(*six).request("GET", "/metrics").body;
    assert_eq!(series(&text)["tickmetrics_exporter_unprotected_listeners"], 0.0);
}

/// Listens on all interfaces, alone in a process, whose standard error can be read.
#[test]
fn in_another_process() {
    let Some((role, folder)) = role() else { return };
    if role.starts_with("unix:") {
        let exporter = Exporter::builder().listen(role).start().unwrap();
        let [LocalAddr::Unix(path)] = exporter.local_addrs() else {
            panic!("{:?}", exporter.local_addrs())
        };
        assert_eq!(path.parent(), Some(&*folder));
        answers(Client::unix(path));
        std::env::set_current_dir("/").unwrap();
        return;
    }
    let exporter = Exporter::builder().listen(role).listen("127.0.0.1:0").start().unwrap();
    let [LocalAddr::Tcp(wide), LocalAddr::Tcp(loopback)] = exporter.local_addrs() else {
        panic!("{:?}", exporter.local_addrs())
    };
    let text = Client::new(*loopback).request("GET", "/metrics").body;
    assert_eq!(series(&text)["tickmetrics_exporter_unprotected_listeners"], 1.0);
    answers(Client::new((Ipv4Addr::LOCALHOST, wide.port()).into()));
    if wide.is_ipv6() {
        answers(Client::new((Ipv6Addr::LOCALHOST, wide.port()).into()));
    }
    println!("says: {wide}");
}

/// By a path that is relative to where the program is at its start, and to nothing later.
#[test]
fn a_relative_path_is_one_of_the_start() {
    let folder = Folder::new("relative");
    for name in ["metrics", "./@metrics"] {
        let mut command = command(&[], &format!("unix:{name}"), &folder.0);
        command.current_dir(&folder.0);
        output(command);
        assert_eq!(folder.names(), [""; 0]);
    }
}

#[test]
fn wider_listeners_are_reported_once() {
    let addresses: &[_] = if has_ipv6() { &["0.0.0.0:0", "[::]:0"] } else { &["0.0.0.0:0"] };
    for address in addresses {
        let said = output(command(&[], address, Path::new("")));
        let (_, wide) = said.split_once("says: ").unwrap();
        let wide = wide.lines().next().unwrap();
        let warning = format!("tickmetrics: any client that reaches {wide} can read all metrics");
        assert_eq!(said.matches(&warning).count(), 1, "{said}");
        assert_eq!(said.matches("any client that reaches").count(), 1, "{said}");
    }
}
