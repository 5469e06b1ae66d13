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
    let make = format!("make one with htpasswd -nBC 10 {name} (apt install apache2-utils)");
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
mod tests;
