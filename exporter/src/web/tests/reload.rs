//! Changes of files: those in force, and those that are not.

use super::*;

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
        web.finish(generation, response.headers_mut());
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

/// A program that writes the file may be interrupted after any byte. A file that is cut for a
/// second does not take effect, and one that stays cut opens nothing.
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
        // With the key that allows it, the change is accepted. A change that protects more, or
        // otherwise, needs no key.
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

/// Files of other kinds in the place of the configuration, or of a file that it names.
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
