//! How many requests a second a client may send.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, Instant};

/// A client's requests are allowed as long as they are no more than this ahead of their rate.
const AHEAD: Duration = Duration::from_secs(1);

/// Clients that are remembered. A client that is within its rate is forgotten where others need the
/// room; where none is, those that are not remembered share one allowance.
const MOST_CLIENTS: usize = 1024;

/// The requests of each client: for each, the time at which all that were allowed so far would have
/// been sent at the even rate (the "theoretical arrival time" of the generic cell rate algorithm,
/// ITU-T I.371). In the past, it says nothing.
#[derive(Debug)]
pub(super) struct Rate {
    interval: Duration,
    even: HashMap<Client, Instant>,
}

/// `None` is all whose address is not known.
type Client = Option<IpAddr>;

impl Rate {
    pub(super) fn new(per_second: u32) -> Self {
        Self { interval: Duration::from_secs(1) / per_second.max(1), even: HashMap::new() }
    }

    /// Lets a request through, or says how long the client should wait.
    pub(super) fn admit(&mut self, client: Client, now: Instant) -> Result<(), Duration> {
        let mut client = client.map(network);
        if self.even.len() >= MOST_CLIENTS && !self.even.contains_key(&client) {
            self.even.retain(|_, even| *even > now);
            if self.even.len() >= MOST_CLIENTS {
                client = None;
            }
        }
        let even = self.even.entry(client).or_insert(now);
        let next = (*even).max(now) + self.interval;
        match (next - now).checked_sub(AHEAD) {
            None | Some(Duration::ZERO) => {
                *even = next;
                Ok(())
            }
            Some(wait) => Err(wait),
        }
    }
}

/// Who has one address of an IPv6 network has them all.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::{MOST_CLIENTS, Rate};
    use std::net::{IpAddr, Ipv4Addr};
    use std::time::{Duration, Instant};

    const ONE: Option<IpAddr> = Some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)));

    fn admitted(rate: &mut Rate, client: Option<IpAddr>, now: Instant) -> usize {
        (0..10_000).take_while(|_| rate.admit(client, now).is_ok()).count()
    }

    #[test]
    fn a_second_s_worth_at_once_and_then_the_rate() {
        let (mut rate, start) = (Rate::new(10), Instant::now());
        assert_eq!(admitted(&mut rate, ONE, start), 10);
        assert_eq!(rate.admit(ONE, start), Err(Duration::from_millis(100)));
        assert_eq!(admitted(&mut rate, ONE, start + Duration::from_millis(99)), 0);
        assert_eq!(admitted(&mut rate, ONE, start + Duration::from_millis(100)), 1);
        assert_eq!(admitted(&mut rate, ONE, start + Duration::from_millis(750)), 6);
        // However long it was quiet.
        assert_eq!(admitted(&mut rate, ONE, start + Duration::from_hours(1)), 10);
    }

    #[test]
    fn clients_do_not_use_up_what_others_have() {
        let (mut rate, now) = (Rate::new(3), Instant::now());
        for client in [ONE, None, Some("192.0.2.2".parse().unwrap())] {
            assert_eq!(admitted(&mut rate, client, now), 3);
        }
        assert_eq!(admitted(&mut rate, Some("2001:db8::1".parse().unwrap()), now), 3);
        assert_eq!(admitted(&mut rate, Some("2001:db8::ffff:1".parse().unwrap()), now), 0);
        assert_eq!(admitted(&mut rate, Some("2001:db8:0:1::1".parse().unwrap()), now), 3);
    }

    #[test]
    fn many_clients_take_no_more_memory() {
        let (mut rate, start) = (Rate::new(2), Instant::now());
        let client = |at: u32| Some(IpAddr::from(Ipv4Addr::from_bits(at)));
        let at_once = (0..100_000).filter(|&at| rate.admit(client(at), start).is_ok()).count();
        // Those beyond share one allowance, which has one entry.
        assert_eq!(at_once, MOST_CLIENTS + 2);
        assert_eq!(rate.even.len(), MOST_CLIENTS + 1);
        assert!(rate.admit(client(5), start).is_ok(), "a client that is known keeps its own");
        // Once they are quiet, others have their place.
        let later = start + Duration::from_secs(2);
        assert_eq!(admitted(&mut rate, client(1_000_000), later), 2);
        assert_eq!(rate.even.len(), 1);
    }
}
