//! The look-up of a host's name, which can't be interrupted.

use nix::sys::signal::{SigSet, Signal};
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::thread;
use tokio::sync::oneshot::{self, Receiver};

type Addresses = io::Result<Vec<SocketAddr>>;

/// One look-up at a time, on a separate thread, which is left behind at the end. If a look-up takes
/// longer than its caller waits, the next attempt waits for it and does not begin another one:
/// otherwise threads would pile up.
#[derive(Debug, Default)]
pub(crate) struct Lookup(Option<Receiver<Addresses>>);

impl Lookup {
    /// The present addresses of a host.
    ///
    /// # Errors
    /// The resolver's error, or the system's if it refuses a thread.
    pub(crate) async fn find(&mut self, host: &str, port: u16) -> Addresses {
        if let Ok(address) = host.parse::<IpAddr>() {
            return Ok(vec![(address, port).into()]);
        }
        let host = host.to_owned();
        self.wait_for(move || Ok((&*host, port).to_socket_addrs()?.collect())).await
    }

    async fn wait_for(&mut self, find: impl FnOnce() -> Addresses + Send + 'static) -> Addresses {
        // A result that nobody waited for may be long out of date.
        let under_way = self.0.take().filter(Receiver::is_empty);
        let found = if let Some(found) = under_way {
            found
        } else {
            let (send, found) = oneshot::channel();
            let thread = thread::Builder::new().name("metrics-resolve".into());
            thread.spawn(move || {
                // The resolver writes to a name server over TCP without protection from SIGPIPE.
                let _ = SigSet::from_iter([Signal::SIGPIPE]).thread_block();
                // The caller may have ended.
                let _ = send.send(find());
            })?;
            found
        };
        let found = self.0.insert(found).await;
        self.0 = None;
        found.unwrap_or_else(|_| Err(io::Error::other("its name could not be looked up")))
    }
}

#[cfg(test)]
mod tests {
    use super::{Lookup, SigSet, Signal, thread};
    use std::future::{Future, poll_fn};
    use std::net::SocketAddr;
    use std::pin::pin;
    use std::sync::mpsc;
    use std::time::Duration;
    use tokio::runtime::{Builder, Runtime};

    const SHORT: Duration = Duration::from_millis(10);
    const LONG: Duration = Duration::from_secs(120);

    fn runtime() -> Runtime {
        Builder::new_current_thread().enable_time().build().unwrap()
    }

    fn find(
        lookup: &mut Lookup,
        patience: Duration,
        find: impl FnOnce() -> SocketAddr + Send + 'static,
    ) -> Option<SocketAddr> {
        let found = lookup.wait_for(move || Ok(vec![find()]));
        let found = runtime().block_on(async { tokio::time::timeout(patience, found).await });
        found.ok().map(|found| found.unwrap()[0])
    }

    #[test]
    fn one_that_takes_long_is_waited_for_and_not_begun_again() {
        let mut lookup = Lookup::default();
        let [one, two, three] = [1, 2, 3].map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
        let (say, said) = mpsc::channel();
        assert_eq!(find(&mut lookup, SHORT, move || said.recv().unwrap()), None);
        let another = || panic!("one is under way");
        assert_eq!(find(&mut lookup, SHORT, another), None);
        assert_eq!(find(&mut lookup, SHORT, another), None);
        let mut say = Some(say);
        let waits = async {
            let mut found = pin!(lookup.wait_for(move || Ok(vec![another()])));
            poll_fn(|cx| {
                let polled = found.as_mut().poll(cx);
                // Once it waits.
                if let Some(say) = say.take() {
                    say.send(one).unwrap();
                }
                polled
            })
            .await
        };
        assert_eq!(runtime().block_on(waits).unwrap(), [one]);
        // After the end of one, the next attempt begins another, whether anybody waited for it or
        // not.
        let (say, said) = mpsc::channel();
        assert_eq!(find(&mut lookup, SHORT, move || said.recv().unwrap()), None);
        say.send(two).unwrap();
        while lookup.0.as_ref().unwrap().is_empty() {
            thread::yield_now();
        }
        assert_eq!(find(&mut lookup, LONG, move || three), Some(three));
    }

    /// As with a name server over TCP that closes the connection.
    #[test]
    fn a_write_of_the_resolver_s_raises_no_signal() {
        let is_blocked = || SigSet::thread_get_mask().unwrap().contains(Signal::SIGPIPE);
        let found = find(&mut Lookup::default(), LONG, move || {
            SocketAddr::from(([127, 0, 0, 1], u16::from(is_blocked())))
        });
        assert_eq!((found.unwrap().port(), is_blocked()), (1, false));
    }
}
