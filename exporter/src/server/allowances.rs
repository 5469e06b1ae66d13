//! The allowance that is left to each client at a rate.

use super::client::Client;
use crate::rate::{Bucket, Rate};
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// The most remembered clients. A client that is within its rate is forgotten if others need the
/// room; if no client is, the further clients share one allowance. If one of them took another's
/// place instead, as in `web/failures.rs`, a client with many addresses would have no limit.
const MOST_CLIENTS: usize = 1024;

/// The allowance of each client.
#[derive(Debug)]
pub(super) struct Allowances {
    rate: Rate,
    left: HashMap<Client, Bucket>,
}

impl Allowances {
    pub(super) fn new(rate: Rate) -> Self {
        Self { rate, left: HashMap::new() }
    }

    /// Admits one, or returns how long the client should wait.
    pub(super) fn admit(&mut self, mut client: Client, now: Instant) -> Result<(), Duration> {
        if self.left.len() >= MOST_CLIENTS && !self.left.contains_key(&client) {
            self.left.retain(|_, bucket| !bucket.is_full(now));
            if self.left.len() >= MOST_CLIENTS {
                client = Client::Unknown;
            }
        }
        self.left.entry(client).or_insert(Bucket::full(now)).take(self.rate, now)
    }
}

#[cfg(test)]
mod tests {
    use super::{Allowances, Client, MOST_CLIENTS, Rate};
    use std::net::{IpAddr, Ipv4Addr};
    use std::time::{Duration, Instant};

    const ONE: Client = Client::V4(Ipv4Addr::new(192, 0, 2, 1));

    /// The requests of one second at once.
    fn a_second(rate: u32) -> Allowances {
        Allowances::new(Rate::per_second(rate, rate))
    }

    fn client(address: &str) -> Client {
        Client::from(address.parse::<IpAddr>().unwrap())
    }

    fn admitted(allowances: &mut Allowances, client: Client, now: Instant) -> usize {
        (0..10_000).take_while(|_| allowances.admit(client, now).is_ok()).count()
    }

    #[test]
    fn a_second_s_worth_at_once_and_then_the_rate() {
        let (mut allowances, start) = (a_second(10), Instant::now());
        assert_eq!(admitted(&mut allowances, ONE, start), 10);
        assert_eq!(allowances.admit(ONE, start), Err(Duration::from_millis(100)));
        assert_eq!(admitted(&mut allowances, ONE, start + Duration::from_millis(99)), 0);
        assert_eq!(admitted(&mut allowances, ONE, start + Duration::from_millis(100)), 1);
        assert_eq!(admitted(&mut allowances, ONE, start + Duration::from_millis(750)), 6);
        // However long it was quiet.
        assert_eq!(admitted(&mut allowances, ONE, start + Duration::from_secs(3600)), 10);
    }

    #[test]
    fn clients_do_not_use_up_what_others_have() {
        let (mut allowances, now) = (a_second(3), Instant::now());
        for client in [ONE, Client::Unknown, Client::User(0), Client::User(1), client("192.0.2.2")]
        {
            assert_eq!(admitted(&mut allowances, client, now), 3);
        }
        assert_eq!(admitted(&mut allowances, client("2001:db8::1"), now), 3);
        assert_eq!(admitted(&mut allowances, client("2001:db8::ffff:1"), now), 0);
        assert_eq!(admitted(&mut allowances, client("2001:db8:0:1::1"), now), 3);
    }

    #[test]
    fn many_clients_take_no_more_memory() {
        let (mut allowances, start) = (a_second(2), Instant::now());
        let client = |at: u32| Client::V4(Ipv4Addr::from_bits(at));
        let at_once =
            (0..100_000).filter(|&at| allowances.admit(client(at), start).is_ok()).count();
        // The further clients share one allowance, which has one entry.
        assert_eq!(at_once, MOST_CLIENTS + 2);
        assert_eq!(allowances.left.len(), MOST_CLIENTS + 1);
        assert!(allowances.admit(client(5), start).is_ok(), "a client that is known keeps its own");
        // Once they are quiet, others take their place.
        let later = start + Duration::from_secs(2);
        assert_eq!(admitted(&mut allowances, client(1_000_000), later), 2);
        assert_eq!(allowances.left.len(), 1);
    }
}
