//! Passwords checked against bcrypt hashes, on a separate thread.
//!
//! bcrypt is slow by intention: 60 ms at the usual cost of 10, and twice that for each one more. On
//! the exporter's thread all other clients would wait. So
//!
//! 1. one thread, started at the first need, hashes one password after the other, with at most
//!    [`MAX_WAITING`] in its queue;
//! 2. after a wrong one it rests for as long as the hashing took, and at least [`MIN_REST`]: wrong
//!    passwords take at most half a core, and are at most ten a second, from any number of
//!    addresses;
//! 3. clients without recent failures come before those with some;
//! 4. a right password is remembered, so that only the first scrape hashes it.
//!
//! The exporter's thread starts it, so it runs on the same core if that one is pinned.

use crate::server::Client;
use crate::sync::lock;
use bcrypt::{BcryptResult, HashParts};
use ring::{hmac, rand};
use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;
use zeroize::Zeroizing;

/// The most waiting passwords. At the usual cost the last one waits for less than three seconds if
/// all are wrong, and Prometheus waits for ten by default.
const MAX_WAITING: usize = 16;

/// The least rest of the thread after a wrong password.
const MIN_REST: Duration = Duration::from_millis(100);

/// The most remembered right passwords, each as 32 bytes: one for each user and address.
const MAX_REMEMBERED: usize = 1024;

/// bcrypt's lowest cost.
pub(super) const MIN_COST: u32 = 4;

/// The highest accepted cost: some 4 s for each password, and Prometheus waits 10 s by default.
pub(super) const MAX_COST: u32 = 16;

/// A password in bcrypt's form.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Hash {
    text: Arc<str>,
    cost: u32,
}

impl Hash {
    pub(super) fn parse(text: &str) -> BcryptResult<Self> {
        let parts: HashParts = text.parse()?;
        Ok(Self { text: text.into(), cost: parts.get_cost() })
    }

    pub(super) fn cost(&self) -> u32 {
        self.cost
    }
}

/// A password to be checked.
pub(super) struct Attempt<'a> {
    pub(super) client: Client,
    pub(super) user: &'a [u8],
    pub(super) password: &'a [u8],
    /// The user's, if there is such a user.
    pub(super) hash: Option<&'a Hash>,
    /// The highest cost of any user's hash.
    pub(super) highest_cost: u32,
}

/// The queue is full, or there is no thread.
#[derive(Debug)]
pub(super) struct Busy;

pub(super) struct Passwords {
    shared: Arc<Shared>,
    remembered: Mutex<Remembered>,
}

impl Passwords {
    /// `None` if the system has no random numbers.
    pub(super) fn new() -> Option<Self> {
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &rand::SystemRandom::new()).ok()?;
        let remembered = Remembered { key, tags: HashSet::new(), order: VecDeque::new() };
        Some(Self { shared: Arc::default(), remembered: Mutex::new(remembered) })
    }

    /// Whether the password was right before, for the same client.
    pub(super) fn is_remembered(&self, attempt: &Attempt<'_>) -> bool {
        let remembered = lock(&self.remembered);
        let tag = remembered.tag(attempt);
        attempt.hash.is_some() && remembered.tags.contains(&tag)
    }

    /// Checks the password on the thread. `clean`: whether the client had no recent failure.
    pub(super) async fn check(&self, attempt: &Attempt<'_>, clean: bool) -> Result<bool, Busy> {
        let answered = self.enqueue(attempt, clean)?;
        let right = answered.await.map_err(|_| Busy)?;
        if right {
            lock(&self.remembered).add(attempt);
        }
        Ok(right)
    }

    fn enqueue(&self, attempt: &Attempt<'_>, clean: bool) -> Result<oneshot::Receiver<bool>, Busy> {
        let (answer, answered) = oneshot::channel();
        let secret = Secret {
            password: Zeroizing::new(attempt.password.into()),
            hash: attempt.hash.cloned(),
            highest_cost: attempt.highest_cost,
        };
        let job = Job { secret, answer };
        let mut queue = lock(&self.shared.queue);
        if !queue.push(job, clean) {
            return Err(Busy);
        }
        if !queue.has_thread {
            let shared = Arc::clone(&self.shared);
            let name = "metrics-auth".to_owned();
            let thread = thread::Builder::new().name(name).spawn(move || shared.work());
            queue.has_thread = thread.is_ok();
            if thread.is_err() {
                // Nobody would ever answer.
                queue.clean.clear();
                queue.others.clear();
                return Err(Busy);
            }
        }
        drop(queue);
        self.shared.changed.notify_one();
        Ok(answered)
    }
}

impl Drop for Passwords {
    /// Lets the thread end after the hashing in progress. Nobody waits for it.
    fn drop(&mut self) {
        let mut queue = lock(&self.shared.queue);
        queue.closed = true;
        queue.clean.clear();
        queue.others.clear();
        drop(queue);
        self.shared.changed.notify_one();
    }
}

struct Job {
    secret: Secret,
    answer: oneshot::Sender<bool>,
}

/// The data to hash. This copy of the password is erased.
struct Secret {
    password: Zeroizing<Box<[u8]>>,
    hash: Option<Hash>,
    highest_cost: u32,
}

impl Secret {
    /// A wrong password takes the same time for every user.
    fn is_right(&self) -> bool {
        let Self { password, hash, highest_cost } = self;
        let verify = |hash: &Hash| bcrypt::verify(&**password, &hash.text).unwrap_or(false);
        let is_right = hash.as_ref().is_some_and(verify);
        if !is_right {
            missing(hash.as_ref().map(Hash::cost), *highest_cost).for_each(|cost| self.waste(cost));
        }
        is_right
    }

    fn waste(&self, cost: u32) {
        let salt = *b"no user has this";
        let _ = std::hint::black_box(bcrypt::hash_with_salt(&**self.password, cost, salt));
    }
}

/// The costs of hashes without a result, so that every wrong password takes as many steps as the
/// most expensive hash. Each takes 2^cost, and 2^c + 2^c + 2^(c+1) + … + 2^(h-1) = 2^h. The first
/// of these is the user's own hash, and for an unknown user one of the lowest cost.
fn missing(cost: Option<u32>, highest: u32) -> impl Iterator<Item = u32> {
    let stand_in = if cost.is_none() { Some(MIN_COST) } else { None };
    stand_in.into_iter().chain(cost.unwrap_or(MIN_COST)..highest)
}

#[derive(Default)]
struct Queue {
    clean: VecDeque<Job>,
    others: VecDeque<Job>,
    has_thread: bool,
    closed: bool,
}

impl Queue {
    /// Adds a job if there is room. If there is none, a client without recent failures replaces the
    /// latest job of the others.
    fn push(&mut self, job: Job, clean: bool) -> bool {
        // A client that left needs no place.
        self.clean.retain(|job| !job.answer.is_closed());
        self.others.retain(|job| !job.answer.is_closed());
        let has_room = self.clean.len() + self.others.len() < MAX_WAITING
            || clean && self.others.pop_back().is_some();
        if has_room {
            if clean { &mut self.clean } else { &mut self.others }.push_back(job);
        }
        has_room
    }

    fn pop(&mut self) -> Option<Job> {
        self.clean.pop_front().or_else(|| self.others.pop_front())
    }
}

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    changed: Condvar,
}

impl Shared {
    fn work(&self) {
        let mut queue = lock(&self.queue);
        while !queue.closed {
            let Some(job) = queue.pop() else {
                queue = self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            if job.answer.is_closed() {
                continue;
            }
            drop(queue);
            let begin = Instant::now();
            let right = job.secret.is_right();
            let took = begin.elapsed();
            // The client may have left.
            let _ = job.answer.send(right);
            queue = lock(&self.queue);
            if !right {
                let rest = rest(took);
                let waited = self.changed.wait_timeout_while(queue, rest, |queue| !queue.closed);
                queue = waited.unwrap_or_else(PoisonError::into_inner).0;
            }
        }
    }
}

/// How long nothing is hashed after a wrong password that took this long.
fn rest(took: Duration) -> Duration {
    took.max(MIN_REST)
}

/// The passwords that were right, as tags that are useless without the key.
struct Remembered {
    key: hmac::Key,
    tags: HashSet<[u8; 32]>,
    /// Oldest first.
    order: VecDeque<[u8; 32]>,
}

impl Remembered {
    /// The tag includes the hash, so that a new password invalidates the old one; and the client,
    /// so that guesses from elsewhere learn nothing without hashing.
    fn tag(&self, attempt: &Attempt<'_>) -> [u8; 32] {
        let Attempt { client, user, password, hash, .. } = attempt;
        let (kind, address) = match *client {
            Client::Unknown => (0, 0),
            Client::User(user) => (1, u64::from(user)),
            Client::V4(address) => (4, u64::from(address.to_bits())),
            Client::V6(network) => (6, network),
        };
        let mut context = hmac::Context::with_key(&self.key);
        context.update(&[kind]);
        let hash = hash.map_or(&[][..], |hash| hash.text.as_bytes());
        for part in [&address.to_le_bytes()[..], user, hash, password] {
            context.update(&part.len().to_le_bytes());
            context.update(part);
        }
        let mut tag = [0; 32];
        tag.copy_from_slice(context.sign().as_ref());
        tag
    }

    fn add(&mut self, attempt: &Attempt<'_>) {
        let tag = self.tag(attempt);
        if !self.tags.insert(tag) {
            return;
        }
        self.order.push_back(tag);
        if self.order.len() > MAX_REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.tags.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests;
