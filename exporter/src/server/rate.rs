//! The rate of events for each client.

use super::client::Client;
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// The most remembered clients. A client that is within its rate is forgotten if others need the
/// room; if no client is, the further clients share one allowance.
const MOST_CLIENTS: usize = 1024;

/// The usage of each client: the time at which all its events so far would have come at the even
/// rate (the "theoretical arrival time" of the generic cell rate algorithm, ITU-T I.371). A time in
/// the past has no effect.
#[derive(Debug)]
pub(super) struct Rate {
    interval: Duration,
    /// A client is admitted as long as it is no more than this ahead of its rate.
    ahead: Duration,
    even: HashMap<Client, Instant>,
}

impl Rate {
    pub(super) fn new(per_second: u32, ahead: Duration) -> Self {
        Self { interval: Duration::from_secs(1) / per_second.max(1), ahead, even: HashMap::new() }
    }

    /// Admits one, or returns how long the client should wait.
    pub(super) fn admit(&mut self, mut client: Client, now: Instant) -> Result<(), Duration> {
        if self.even.len() >= MOST_CLIENTS && !self.even.contains_key(&client) {
            self.even.retain(|_, even| *even > now);
            if self.even.len() >= MOST_CLIENTS {
                client = Client::Unknown;
            }
        }
        let even = self.even.entry(client).or_insert(now);
        let next = (*even).max(now) + self.interval;
        match (next - now).checked_sub(self.ahead) {
            None | Some(Duration::ZERO) => {
                *even = next;
                Ok(())
            }
            Some(wait) => Err(wait),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Client, MOST_CLIENTS, Rate};
    use std::net::{IpAddr, Ipv4Addr};
    use std::time::{Duration, Instant};

    const ONE: Client = Client::V4(Ipv4Addr::new(192, 0, 2, 1));
    const SECOND: Duration = Duration::from_secs(1);

    fn client(address: &str) -> Client {
        Client::from(address.parse::<IpAddr>().unwrap())
    }

    fn admitted(rate: &mut Rate, client: Client, now: Instant) -> usize {
        (0..10_000).take_while(|_| rate.admit(client, now).is_ok()).count()
    }

    #[test]
    fn a_second_s_worth_at_once_and_then_the_rate() {
        let (mut rate, start) = (Rate::new(10, SECOND), Instant::now());
        assert_eq!(admitted(&mut rate, ONE, start), 10);
        assert_eq!(rate.admit(ONE, start), Err(Duration::from_millis(100)));
        assert_eq!(admitted(&mut rate, ONE, start + Duration::from_millis(99)), 0);
        assert_eq!(admitted(&mut rate, ONE, start + Duration::from_millis(100)), 1);
        assert_eq!(admitted(&mut rate, ONE, start + Duration::from_millis(750)), 6);
        // However long it was quiet.
        assert_eq!(admitted(&mut rate, ONE, start + Duration::from_secs(3600)), 10);
    }

    #[test]
    fn clients_do_not_use_up_what_others_have() {
        let (mut rate, now) = (Rate::new(3, SECOND), Instant::now());
        for client in [ONE, Client::Unknown, Client::User(0), Client::User(1), client("192.0.2.2")]
        {
            assert_eq!(admitted(&mut rate, client, now), 3);
        }
        assert_eq!(admitted(&mut rate, client("2001:db8::1"), now), 3);
        assert_eq!(admitted(&mut rate, client("2001:db8::ffff:1"), now), 0);
        assert_eq!(admitted(&mut rate, client("2001:db8:0:1::1"), now), 3);
    }

    #[test]
    fn many_clients_take_no_more_memory() {
        let (mut rate, start) = (Rate::new(2, SECOND), Instant::now());
        let client = |at: u32| Client::V4(Ipv4Addr::from_bits(at));
        let at_once = (0..100_000).filter(|&at| rate.admit(client(at), start).is_ok()).count();
        // The further clients share one allowance, which has one entry.
        assert_eq!(at_once, MOST_CLIENTS + 2);
        assert_eq!(rate.even.len(), MOST_CLIENTS + 1);
        assert!(rate.admit(client(5), start).is_ok(), "a client that is known keeps its own");
        // Once they are quiet, others take their place.
        let later = start + Duration::from_secs(2);
        assert_eq!(admitted(&mut rate, client(1_000_000), later), 2);
        assert_eq!(rate.even.len(), 1);
    }
}
