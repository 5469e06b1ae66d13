//! The unit that counts as one client, and the connection that makes room for another.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use tokio::net::UnixStream;
use tokio::time::Instant;

/// The unit that counts as one client: an IPv4 address, an IPv6 network of 2^64 addresses, which is
/// the network of one customer, or a user of this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Client {
    /// Unknown: all such clients together.
    Unknown,
    /// A user of this machine, over a Unix socket.
    User(u32),
    V4(Ipv4Addr),
    /// The upper half of the address.
    V6(u64),
}

impl From<IpAddr> for Client {
    fn from(address: IpAddr) -> Self {
        // An IPv4 client of a socket for both is the same as on an IPv4 socket.
        match address.to_canonical() {
            IpAddr::V4(address) => Self::V4(address),
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments().map(u64::from);
                Self::V6(a << 48 | b << 32 | c << 16 | d)
            }
        }
    }
}

impl From<Option<IpAddr>> for Client {
    fn from(address: Option<IpAddr>) -> Self {
        address.map_or(Self::Unknown, Self::from)
    }
}

impl From<&UnixStream> for Client {
    fn from(stream: &UnixStream) -> Self {
        stream.peer_cred().map_or(Self::Unknown, |peer| Self::User(peer.uid()))
    }
}

/// The position of the open connection, the oldest first, that makes room for one more of this
/// client; `None` if there is none. Each has its client, and since when it waits for a request, if
/// it does.
///
/// It belongs to the client with the most connections, the new one included, so that nobody's
/// connection ends for a client with more. If the newcomer is one of several with the most, it is
/// one of the newcomer's own; if all have one, it may be anybody's. Among these it is the one that
/// has waited the longest, since a refused new one could be Prometheus, and else the oldest.
pub(super) fn makes_room<I>(open: I, newcomer: Client) -> Option<usize>
where
    I: Iterator<Item = (Client, Option<Instant>)> + Clone,
{
    let most = Most::of(open.clone().map(|(client, _)| client), newcomer);
    let candidates = open.enumerate().filter(|(_, (client, _))| most.includes(*client));
    let waiting = candidates.clone().filter_map(|(at, (_, since))| Some((since?, at)));
    waiting.min().map(|(_, at)| at).or_else(|| candidates.map(|(at, _)| at).next())
}

/// The clients with the most of something, once a newcomer has one more.
pub(crate) struct Most {
    counts: HashMap<Client, usize>,
    largest: usize,
    newcomer: Client,
    is_anothers: bool,
}

impl Most {
    /// From the owner of each thing.
    pub(crate) fn of(all: impl Iterator<Item = Client>, newcomer: Client) -> Self {
        let mut counts = HashMap::from([(newcomer, 1)]);
        all.for_each(|client| *counts.entry(client).or_default() += 1);
        let largest = counts.values().copied().max().unwrap_or_default();
        let is_anothers = counts.get(&newcomer) < Some(&largest);
        Self { counts, largest, newcomer, is_anothers }
    }

    /// Whether others have more than the newcomer would have.
    pub(crate) fn is_anothers(&self) -> bool {
        self.is_anothers
    }

    /// Whether something of this client's may make room.
    pub(crate) fn includes(&self, client: Client) -> bool {
        let is_newcomers = !self.is_anothers && self.largest > 1;
        if is_newcomers {
            client == self.newcomer
        } else {
            self.counts.get(&client) == Some(&self.largest)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Client, makes_room};
    use proptest::prelude::*;
    use std::time::Duration;
    use tokio::time::Instant;

    fn client(number: u8) -> Client {
        Client::from(std::net::IpAddr::from([192, 0, 2, number]))
    }

    #[test]
    fn addresses_of_one_client_are_one() {
        let client = |text: &str| Client::from(text.parse::<std::net::IpAddr>().unwrap());
        assert_eq!(client("::ffff:192.0.2.1"), client("192.0.2.1"));
        assert_eq!(client("2001:db8::1"), client("2001:db8::ffff:0:0:1"));
        assert_ne!(client("2001:db8::1"), client("2001:db8:0:1::1"));
        assert_ne!(client("192.0.2.1"), client("192.0.2.2"));
    }

    #[test]
    fn the_client_with_the_most_makes_room() {
        let start = Instant::now();
        let at = |seconds| Some(start + Duration::from_secs(seconds));
        let room = |open: &[(u8, Option<Instant>)], newcomer| {
            let open = open.iter().map(|&(number, since)| (client(number), since));
            makes_room(open, client(newcomer))
        };
        // Two of client 2 against one of client 1 that has waited longer.
        let open = [(1, at(0)), (2, at(2)), (2, at(1))];
        assert_eq!(room(&open, 3), Some(2));
        assert_eq!(room(&open, 1), Some(0), "its own, since it has as many then");
        assert_eq!(room(&open, 2), Some(2));
        // If all have one, the one that has waited the longest.
        let open = [(1, at(3)), (2, at(1)), (3, at(2))];
        assert_eq!(room(&open, 4), Some(1));
        assert_eq!(room(&open, 1), Some(0));
        // A connection with a response in progress waits for nothing.
        assert_eq!(room(&[(1, None), (1, None), (1, at(1)), (2, at(0))], 2), Some(2));
        assert_eq!(room(&[(1, None), (1, None), (1, None), (2, at(0))], 2), Some(0));
        assert_eq!(room(&[(1, None)], 1), Some(0));
        assert_eq!(room(&[], 1), None);
    }

    proptest! {
        /// However many an address opens, another keeps as many as its share.
        #[test]
        fn nobody_takes_another_s_share(
            newcomers in proptest::collection::vec(0u8..8, 1..400),
            places in 1usize..30,
        ) {
            let start = Instant::now();
            let mut open: Vec<(Client, Option<Instant>)> = Vec::new();
            let has = |open: &[(Client, Option<Instant>)], one| {
                open.iter().filter(|(client, _)| *client == one).count()
            };
            for (at, &number) in newcomers.iter().enumerate() {
                if open.len() >= places {
                    let gone = makes_room(open.iter().copied(), client(number)).unwrap();
                    let (loser, _) = open.remove(gone);
                    let (left, own) = (has(&open, loser), has(&open, client(number)));
                    prop_assert!(loser == client(number) || left >= own, "{left} {own}");
                }
                let since = start + Duration::from_secs(at as u64 * 7_919 % 101);
                open.push((client(number), at.is_multiple_of(3).then_some(since)));
            }
        }
    }
}
