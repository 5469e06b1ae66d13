use super::super::failures::{HASHED, LOOKED_AT};
use super::*;
use hyper::header::HeaderName;
use proptest::prelude::*;
use std::path::Path;

/// For "correct horse", by `htpasswd -bnBC 4`; and the SHA-256 of `0123456789abcdef`, by
/// `sha256sum`.
const FILE: &str = "
basic_auth_users:
  alice: $2y$04$Vg83avL5xTT.4jua0n0zKeG2alFGI66ZMZ4PGo4vxtBWxHVvGPfvW
bearer_tokens:
  robot: { sha256: 9f9f5111f7b27a781f1f1ddde5ebc2dd2b796bfc7365c9c28b548e564176929f }
";

fn credentials(text: &str) -> Credentials {
    let file = super::super::file::parse(text).unwrap();
    Credentials::new(&file, &mut Files::new(Path::new(""))).unwrap()
}

fn basic(text: &str) -> HeaderMap {
    header(format!("Basic {}", STANDARD.encode(text)).as_bytes())
}

fn header(value: &[u8]) -> HeaderMap {
    [(AUTHORIZATION, HeaderValue::from_bytes(value).unwrap())].into_iter().collect()
}

fn admit(
    (guard, now): &(Guard, Instant),
    credentials: &Credentials,
    client: u8,
    headers: &HeaderMap,
) -> Result<(), Refusal> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let client = Client::V4([192, 0, 2, client].into());
    runtime.block_on(guard.admit(credentials, client, headers, *now))
}

/// At one moment, however long the test takes.
fn guard() -> (Guard, Instant) {
    (Guard::new().unwrap(), Instant::now())
}

#[test]
fn clients_with_credentials_are_admitted() {
    let (credentials, guard) = (credentials(FILE), guard());
    let admit = |headers: &HeaderMap| admit(&guard, &credentials, 1, headers);
    for _ in 0..3 * LOOKED_AT.burst {
        assert_eq!(admit(&basic("alice:correct horse")), Ok(()));
        assert_eq!(admit(&header(b"Bearer 0123456789abcdef")), Ok(()));
        assert_eq!(admit(&header(b"bEARER   0123456789abcdef")), Ok(()));
    }
    for wrong in ["alice:wrong", "alice:", "bob:correct horse", ":", "alice", ""] {
        assert_eq!(admit(&basic(wrong)), Err(Refusal::Unauthorized), "{wrong}");
    }
    assert_eq!(admit(&basic("alice:correct horse")), Ok(()));
    assert_eq!(admit(&header(b"Bearer 0123456789abcdeg")), Err(Refusal::Unauthorized));
}

/// None of this is checked any further, or counts.
#[test]
fn malformed_credentials_are_unauthorized() {
    let (credentials, guard) = (credentials(FILE), guard());
    let long = format!("Basic {}", STANDARD.encode(vec![b'a'; 4096]));
    let right = basic("alice:correct horse")[AUTHORIZATION].clone();
    let twice: HeaderMap =
        [(AUTHORIZATION, right.clone()), (AUTHORIZATION, right.clone())].into_iter().collect();
    let elsewhere: HeaderMap =
        [(HeaderName::from_static("proxy-authorization"), right)].into_iter().collect();
    let mut all = vec![HeaderMap::new(), twice, elsewhere];
    for value in [
        &b""[..],
        b"Basic",
        b"Basic ",
        b"Basic !",
        b"Basic YWxpY2U",
        b"Basic YWxpY2U6Y29ycmVjdCBob3JzZQ",
        b"Basic \xff\xfe",
        b"\xff\xfe \xff",
        b"Bearer",
        b"Bearer ",
        b"Bearer =",
        b"Bearer a b",
        b"Bearer \xff\xfe",
        b"Digest username=\"alice\"",
        b"Basicx YWxpY2U6",
        long.as_bytes(),
    ] {
        all.push(header(value));
    }
    for headers in &all {
        for _ in 0..2 * LOOKED_AT.burst {
            let admitted = admit(&guard, &credentials, 1, headers);
            assert_eq!(admitted, Err(Refusal::Unauthorized), "{headers:?}");
        }
    }
    assert_eq!(admit(&guard, &credentials, 1, &basic("alice:correct horse")), Ok(()));
}

proptest! {
    /// Any input is understood as intended or not at all.
    #[test]
    fn any_bytes_are_looked_at(
        value in proptest::collection::vec(any::<u8>(), 0..64),
        user in "[^:]{0,8}",
        password in ".{0,8}",
        scheme in "[Bb][Aa][Ss][Ii][Cc]",
    ) {
        if let Ok(value) = HeaderValue::from_bytes(&value) {
            let _ = given(&[(AUTHORIZATION, value)].into_iter().collect());
        }
        let text = format!("{scheme} {}", STANDARD.encode(format!("{user}:{password}")));
        let Some(Given::Basic { user: got, password: secret }) = given(&header(text.as_bytes()))
        else {
            panic!("{text}");
        };
        prop_assert_eq!((&got[..], &secret[..]), (user.as_bytes(), password.as_bytes()));
    }
}

#[test]
fn names_and_passwords_are_any_bytes() {
    // For the bytes ff 00 3a ff, by Python's bcrypt.
    let hash = "$2b$04$AxveuQ/Oo3H16HDlS4e.e.WQ1Bg./TpBGDDKtfyVhSrCy.koZMgZW";
    let credentials = credentials(&format!("basic_auth_users: {{ Ünïcode: {hash} }}"));
    let guard = guard();
    let bytes = |user: &[u8], password: &[u8]| {
        header(format!("Basic {}", STANDARD.encode([user, b":", password].concat())).as_bytes())
    };
    let right = bytes("Ünïcode".as_bytes(), b"\xff\x00:\xff");
    assert_eq!(admit(&guard, &credentials, 1, &right), Ok(()));
    for wrong in [bytes(b"\xdcn\xefcode", b"\xff\x00:\xff"), bytes("Ünïcode".as_bytes(), b"\xff")]
    {
        assert_eq!(admit(&guard, &credentials, 1, &wrong), Err(Refusal::Unauthorized));
    }
}

#[test]
fn only_a_guessing_client_is_stopped() {
    let (credentials, guard) = (credentials(FILE), guard());
    let right = basic("alice:correct horse");
    // One that was admitted before, one that comes later, and one that guesses.
    let (known, new, bad) = (1, 2, 3);
    assert_eq!(admit(&guard, &credentials, known, &right), Ok(()));
    let mut hashed = 0;
    let wait = loop {
        match admit(&guard, &credentials, bad, &basic("alice:guess")) {
            Err(Refusal::Unauthorized) => hashed += 1,
            Err(Refusal::TooMany(wait)) => break wait,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!((hashed, wait), (HASHED.burst, HASHED.interval));
    for _ in 0..100 {
        assert_eq!(admit(&guard, &credentials, known, &right), Ok(()));
    }
    assert_eq!(admit(&guard, &credentials, new, &right), Ok(()));
    // So is a client whose credentials were right before, even if it shares an address with a
    // client that has a wrong password.
    while admit(&guard, &credentials, known, &basic("alice:old")) == Err(Refusal::Unauthorized) {}
    assert_eq!(admit(&guard, &credentials, known, &right), Ok(()));
    // For a client that was never right, not even right ones are checked.
    let refused = Err(Refusal::TooMany(HASHED.interval));
    assert_eq!(admit(&guard, &credentials, bad, &right), refused);
    let (guard, now) = guard;
    let later = (guard, now + HASHED.interval);
    assert_eq!(admit(&later, &credentials, bad, &right), Ok(()));
}

/// As many as a client may get wrong, and more.
#[test]
fn right_passwords_count_for_nothing() {
    let hash = "$2y$04$Vg83avL5xTT.4jua0n0zKeG2alFGI66ZMZ4PGo4vxtBWxHVvGPfvW";
    let users = 2 * HASHED.burst;
    let lines: Vec<_> = (0..users).map(|user| format!("user{user}: {hash}")).collect();
    let text = format!("basic_auth_users: {{ {} }}", lines.join(", "));
    let (credentials, guard) = (credentials(&text), guard());
    for user in 0..users {
        let right = basic(&format!("user{user}:correct horse"));
        assert_eq!(admit(&guard, &credentials, 1, &right), Ok(()), "{user}");
    }
}

#[test]
fn guessing_tokens_is_stopped_as_well() {
    let (credentials, guard) = (credentials(FILE), guard());
    let mut guessed = 0;
    while admit(&guard, &credentials, 1, &header(b"Bearer guess")) == Err(Refusal::Unauthorized) {
        guessed += 1;
    }
    assert_eq!(guessed, LOOKED_AT.burst);
    let right = header(b"Bearer 0123456789abcdef");
    assert_eq!(admit(&guard, &credentials, 2, &right), Ok(()));
}

#[test]
fn one_kind_of_credentials_does_not_open_the_other_s_door() {
    let guard = guard();
    let (users, tokens) = FILE.split_at(FILE.find("bearer").unwrap());
    let token = header(b"Bearer 0123456789abcdef");
    let password = basic("alice:correct horse");
    let (users, tokens, none) = (credentials(users), credentials(tokens), credentials(""));
    let refused = Err(Refusal::Unauthorized);
    assert_eq!(admit(&guard, &users, 1, &token), refused);
    assert_eq!(admit(&guard, &tokens, 1, &password), refused);
    let challenges = |of: &Credentials| of.challenges().collect::<Vec<_>>();
    assert_eq!(challenges(&users), [r#"Basic realm="metrics", charset="UTF-8""#]);
    assert_eq!(challenges(&tokens), [r#"Bearer realm="metrics""#]);
    assert_eq!(challenges(&credentials(FILE)).len(), 2);
    for headers in [HeaderMap::new(), token, password] {
        assert_eq!(admit(&guard, &none, 1, &headers), Ok(()));
    }
}
