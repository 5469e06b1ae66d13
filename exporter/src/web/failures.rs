//! The failed attempts of each client.

use crate::rate::{Bucket, Rate};
use crate::server::Client;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::time::{Duration, Instant};

/// The failed attempts of a client.
#[derive(Clone, Copy, Debug)]
struct Attempts {
    /// Its credentials that were checked and not found right.
    looked_at: Bucket,
    /// Its passwords that were hashed and not found right.
    hashed: Bucket,
}

/// The rate of a client's wrong credentials that are checked. It is high enough for a scraper with
/// a wrong password beside one with the right one, and low enough that guessing is hopeless.
pub(super) const LOOKED_AT: Rate = Rate { burst: 20, interval: Duration::from_millis(100) };

/// The rate of a client's wrong passwords that are hashed: at bcrypt's usual cost 3 % of a core.
pub(super) const HASHED: Rate = Rate { burst: 10, interval: Duration::from_secs(2) };

/// The most remembered clients, each some 60 bytes. Further ones share no allowance, as they do in
/// `server/allowances.rs`: strangers' wrong credentials would use up that of right ones.
const MAX_CLIENTS: usize = 1024;

/// The recent failures of clients.
#[derive(Debug, Default)]
pub(super) struct Clients {
    attempts: HashMap<Client, Attempts>,
}

impl Clients {
    /// Allows a check of credentials, which [`right`](Self::right) takes back; or returns the time
    /// until one is allowed.
    pub(super) fn look(&mut self, client: Client, now: Instant) -> Result<(), Duration> {
        self.of(client, now).looked_at.take(LOOKED_AT, now)
    }

    /// Allows the hashing of a password, which [`right`](Self::right) takes back as well.
    pub(super) fn hash(&mut self, client: Client, now: Instant) -> Result<(), Duration> {
        self.of(client, now).hashed.take(HASHED, now)
    }

    /// Whether the client had no recent failure, apart from the present checks.
    pub(super) fn is_clean(&self, client: Client, now: Instant) -> bool {
        self.attempts.get(&client).is_none_or(|attempts| {
            let Attempts { mut hashed, .. } = *attempts;
            hashed.put_back(HASHED);
            hashed.is_full(now)
        })
    }

    /// The credentials were right: they do not count.
    pub(super) fn right(&mut self, client: Client, hashed: bool, now: Instant) {
        let Entry::Occupied(mut entry) = self.attempts.entry(client) else { return };
        let attempts = entry.get_mut();
        attempts.looked_at.put_back(LOOKED_AT);
        if hashed {
            attempts.hashed.put_back(HASHED);
        }
        if attempts.looked_at.is_full(now) && attempts.hashed.is_full(now) {
            entry.remove();
        }
    }

    fn of(&mut self, client: Client, now: Instant) -> &mut Attempts {
        if self.attempts.len() >= MAX_CLIENTS && !self.attempts.contains_key(&client) {
            self.make_room(now);
        }
        let full = Bucket::full(now);
        self.attempts.entry(client).or_insert(Attempts { looked_at: full, hashed: full })
    }

    /// Forgets clients without a recent failure, or else the one with the fewest.
    fn make_room(&mut self, now: Instant) {
        self.attempts.retain(|_, it| !(it.looked_at.is_full(now) && it.hashed.is_full(now)));
        if self.attempts.len() < MAX_CLIENTS {
            return;
        }
        let least = self.attempts.iter().min_by_key(|(_, it)| (it.hashed, it.looked_at));
        if let Some(client) = least.map(|(client, _)| *client) {
            self.attempts.remove(&client);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::IpAddr;

    #[test]
    fn one_client_s_mistakes_are_not_another_s() {
        let client = |text: &str| Client::from(text.parse::<IpAddr>().unwrap());
        assert_eq!(client("::ffff:192.0.2.1"), client("192.0.2.1"));
        assert_eq!(client("2001:db8::1"), client("2001:db8::ffff:0:0:1"));
        let all = [
            client("192.0.2.1"),
            client("192.0.2.2"),
            client("2001:db8::1"),
            client("2001:db8:0:1::1"),
            Client::Unknown,
        ];
        let (mut clients, now) = (Clients::default(), Instant::now());
        for client in all {
            for _ in 0..HASHED.burst {
                assert_eq!(clients.hash(client, now), Ok(()));
            }
            assert_eq!(clients.hash(client, now), Err(HASHED.interval));
            for _ in 0..LOOKED_AT.burst {
                assert_eq!(clients.look(client, now), Ok(()));
            }
            assert_eq!(clients.look(client, now), Err(LOOKED_AT.interval));
            assert!(!clients.is_clean(client, now));
        }
    }

    #[test]
    fn right_credentials_do_not_count() {
        let (mut clients, now) = (Clients::default(), Instant::now());
        for _ in 0..1_000 {
            clients.look(Client::Unknown, now).unwrap();
            clients.hash(Client::Unknown, now).unwrap();
            assert!(clients.is_clean(Client::Unknown, now));
            clients.right(Client::Unknown, true, now);
        }
        assert!(clients.attempts.is_empty());
    }

    #[test]
    fn few_clients_are_remembered_and_the_worst_for_longest() {
        let (mut clients, now) = (Clients::default(), Instant::now());
        let worst = Client::V4([192, 0, 2, 1].into());
        for _ in 0..HASHED.burst {
            clients.hash(worst, now).unwrap();
        }
        for other in 0..10_000u64 {
            clients.hash(Client::V6(other), now).unwrap();
            assert!(clients.attempts.len() <= MAX_CLIENTS);
        }
        assert!(clients.hash(worst, now).is_err());
        // Once all failures have expired, all are forgotten.
        let later = now + HASHED.interval * HASHED.burst;
        clients.hash(Client::Unknown, later).unwrap();
        assert_eq!(clients.attempts.len(), 1);
    }
}
