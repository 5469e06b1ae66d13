//! The admission of clients: names and passwords, and bearer tokens.

use super::error::Wrong;
use super::failures::Clients;
use super::file::{File, Token};
use super::password::{Attempt, Busy, Hash, MAX_COST, MIN_COST, Passwords};
use super::reload::Files;
use crate::server::Client;
use crate::sync::lock;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use ring::digest;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};
use subtle::{Choice, ConstantTimeEq};
use zeroize::Zeroizing;

/// The longest header with credentials that is checked: tokens of some issuers are long.
const MAX_HEADER: usize = 4096;

/// The shortest token in a file: shorter ones can be guessed.
const MIN_TOKEN: usize = 16;

/// How long a client should stay away if too many others wait.
const BUSY: Duration = Duration::from_secs(1);

/// The accepted credentials. Without any, all clients are admitted.
#[derive(Default)]
pub(super) struct Credentials {
    users: BTreeMap<String, Hash>,
    highest_cost: u32,
    /// SHA-256 of each token.
    tokens: Vec<[u8; 32]>,
}

impl Credentials {
    pub(super) fn new(file: &File, files: &mut Files) -> Result<Self, Wrong> {
        let mut users = BTreeMap::new();
        for (name, hash) in file.basic_auth_users.iter().flatten() {
            users.insert(name.clone(), user(name, hash)?);
        }
        let highest_cost = users.values().map(Hash::cost).max().unwrap_or(MIN_COST);
        let tokens = file.bearer_tokens.iter().flatten();
        let tokens = tokens.map(|(name, token)| digest_of(name, token, files));
        Ok(Self { users, highest_cost, tokens: tokens.collect::<Result<_, _>>()? })
    }

    pub(super) fn are_needed(&self) -> bool {
        !(self.users.is_empty() && self.tokens.is_empty())
    }

    /// The challenges for a client without credentials (RFC 7617 and 6750).
    pub(super) fn challenges(&self) -> impl Iterator<Item = HeaderValue> {
        let basic = (!self.users.is_empty()).then_some(r#"Basic realm="metrics", charset="UTF-8""#);
        let bearer = (!self.tokens.is_empty()).then_some(r#"Bearer realm="metrics""#);
        basic.into_iter().chain(bearer).map(HeaderValue::from_static)
    }

    /// Compares all of them, whichever matches.
    fn has(&self, token: &[u8]) -> bool {
        let token = sha256(token);
        let none = Choice::from(0);
        self.tokens.iter().fold(none, |found, known| found | token.ct_eq(known)).into()
    }
}

fn user(name: &str, hash: &str) -> Result<Hash, Wrong> {
    let at = format!("basic_auth_users.{name}");
    if name.contains(':') {
        let reason = "no client can send a name with a colon in it (RFC 7617): take another name";
        return Err(Wrong::new(at, reason));
    }
    let make = format!("make one with htpasswd -nBC 10 {name}");
    let parsed = Hash::parse(hash);
    // Without the hash itself, which may be a password that somebody forgot to hash.
    let hash = parsed.map_err(|_| Wrong::new(&*at, format!("not a bcrypt hash: {make}")))?;
    if !(MIN_COST..=MAX_COST).contains(&hash.cost()) {
        let reason = format!(
            "the cost of {} is not between {MIN_COST} and {MAX_COST}, and above that a check takes \
             longer than a scrape may: {make}",
            hash.cost()
        );
        return Err(Wrong::new(at, reason));
    }
    Ok(hash)
}

fn digest_of(name: &str, token: &Token, files: &mut Files) -> Result<[u8; 32], Wrong> {
    let at = format!("bearer_tokens.{name}");
    let unknown = || {
        let reason = "give one of sha256: the token's SHA-256 in 64 hexadecimal digits (printf %s \
                      \"$TOKEN\" | sha256sum), or file: a file that has the token in it";
        Wrong::new(&*at, reason)
    };
    let Token::Known(keys) = token else { return Err(unknown()) };
    let mut keys = keys.iter();
    let (Some((kind, value)), None) = (keys.next(), keys.next()) else { return Err(unknown()) };
    match &**kind {
        "sha256" => hex(value).ok_or_else(unknown),
        "file" => {
            let at = format!("{at}.file");
            let contents = files.read(&at, value)?;
            let token = contents.trim_ascii();
            let reason = if !is_token(token) {
                "no token is in it: it has to be one line of letters, digits and -._~+/ with = only \
                 at its end (RFC 6750)"
                    .to_owned()
            } else if token.len() < MIN_TOKEN {
                format!(
                    "the token has less than {MIN_TOKEN} characters and could be guessed: make one \
                     with openssl rand -hex 32"
                )
            } else {
                return Ok(sha256(token));
            };
            Err(Wrong::new(at, format!("{}: {reason}", files.path(value).display())))
        }
        _ => Err(unknown()),
    }
}

fn is_token(text: &[u8]) -> bool {
    let end = text.iter().rposition(|&it| it != b'=').map_or(0, |at| at + 1);
    end > 0 && text[..end].iter().all(|&it| it.is_ascii_alphanumeric() || b"-._~+/".contains(&it))
}

fn hex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    let digits = text.as_bytes();
    if digits.len() != 64 {
        return None;
    }
    for (byte, digits) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let digit = |at: usize| char::from(digits[at]).to_digit(16);
        *byte = u8::try_from(digit(0)? * 16 + digit(1)?).ok()?;
    }
    Some(bytes)
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut sum = [0; 32];
    sum.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    sum
}

/// The reason why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// No credentials, or wrong ones.
    Unauthorized,
    /// Too many wrong ones, or too many requests at all; to be retried after this time.
    TooMany(Duration),
    /// Too many passwords are being checked.
    Busy(Duration),
}

/// Checks credentials, and remembers clients with wrong ones.
pub(super) struct Guard {
    clients: Mutex<Clients>,
    passwords: Passwords,
}

impl Guard {
    /// `None` if the system has no random numbers.
    pub(super) fn new() -> Option<Self> {
        Some(Self { clients: Mutex::default(), passwords: Passwords::new()? })
    }

    /// Whether the headers have right credentials.
    ///
    /// After too many recent failures of a client, nothing of it is checked for a while. So
    /// [`LOOKED_AT`](super::failures::LOOKED_AT) bounds the guesses of a client in every way.
    pub(super) async fn admit(
        &self,
        credentials: &Credentials,
        client: Client,
        headers: &HeaderMap,
        now: Instant,
    ) -> Result<(), Refusal> {
        if !credentials.are_needed() {
            return Ok(());
        }
        let given = given(headers).ok_or(Refusal::Unauthorized)?;
        self.clients().look(client, now).map_err(Refusal::TooMany)?;
        let right = match &given {
            Given::Bearer(token) => credentials.has(token),
            Given::Basic { .. } if credentials.users.is_empty() => false,
            Given::Basic { user, password } => {
                let hash = std::str::from_utf8(user).ok().and_then(|it| credentials.users.get(it));
                let highest_cost = credentials.highest_cost;
                let attempt = Attempt { client, user, password, hash, highest_cost };
                if !self.passwords.is_remembered(&attempt) {
                    return self.check(&attempt, now).await;
                }
                true
            }
        };
        if !right {
            return Err(Refusal::Unauthorized);
        }
        self.clients().right(client, false, now);
        Ok(())
    }

    async fn check(&self, attempt: &Attempt<'_>, now: Instant) -> Result<(), Refusal> {
        let client = attempt.client;
        let clean = {
            let mut clients = self.clients();
            clients.hash(client, now).map_err(Refusal::TooMany)?;
            clients.is_clean(client, now)
        };
        match self.passwords.check(attempt, clean).await {
            Ok(true) => {
                self.clients().right(client, true, now);
                Ok(())
            }
            Ok(false) => Err(Refusal::Unauthorized),
            // It is unknown whether it was right.
            Err(Busy) => {
                self.clients().right(client, true, now);
                Err(Refusal::Busy(BUSY))
            }
        }
    }

    fn clients(&self) -> MutexGuard<'_, Clients> {
        lock(&self.clients)
    }
}

/// The credentials that a client sends.
enum Given {
    Basic { user: Zeroizing<Vec<u8>>, password: Zeroizing<Vec<u8>> },
    Bearer(Zeroizing<Vec<u8>>),
}

/// The credentials in a request, if it has valid ones in form.
fn given(headers: &HeaderMap) -> Option<Given> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    // Several are ambiguous.
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let value = value.as_bytes();
    if value.len() > MAX_HEADER {
        return None;
    }
    let (scheme, rest) = value.split_at(value.iter().position(|&it| it == b' ')?);
    let rest = rest.trim_ascii();
    if scheme.eq_ignore_ascii_case(b"bearer") {
        return is_token(rest).then(|| Given::Bearer(Zeroizing::new(rest.into())));
    }
    if !scheme.eq_ignore_ascii_case(b"basic") {
        return None;
    }
    let decoded = Zeroizing::new(STANDARD.decode(rest).ok()?);
    let colon = decoded.iter().position(|&it| it == b':')?;
    let user = Zeroizing::new(decoded[..colon].to_vec());
    Some(Given::Basic { user, password: Zeroizing::new(decoded[colon + 1..].to_vec()) })
}

#[cfg(test)]
mod tests {
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
        for wrong in
            [bytes(b"\xdcn\xefcode", b"\xff\x00:\xff"), bytes("Ünïcode".as_bytes(), b"\xff")]
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
        while admit(&guard, &credentials, known, &basic("alice:old")) == Err(Refusal::Unauthorized)
        {
        }
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
        while admit(&guard, &credentials, 1, &header(b"Bearer guess")) == Err(Refusal::Unauthorized)
        {
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
}
