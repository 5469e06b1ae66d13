//! Connections that let other tasks run, whatever the peer sends.

use std::future::{Future, poll_fn};
use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// One buffer of a connection is read, and then all other ready tasks run.
///
/// hyper and rustls continue to read as long as there is more, and do not yield if the input has
/// nothing for their caller: empty lines and informational responses (`100 Continue`), and key
/// updates of TLS (RFC 8446, 4.6.3), which take some microseconds for each 27 bytes. tokio stops
/// that after 128 reads.
///
/// The flag: whether a full buffer was read since the connection last had its turn. Relaxed: one
/// task reads and writes it.
/// writes it.
#[derive(Debug, Default)]
pub(crate) struct Pace(Arc<AtomicBool>);

impl Pace {
    /// The stream to read at this pace, before anything is decrypted.
    pub(crate) fn of<S>(&self, stream: S) -> Paced<S> {
        Paced { stream, pace: Self(Arc::clone(&self.0)) }
    }

    /// Runs the reader of that stream.
    pub(crate) async fn keep<F: Future>(&self, connection: F) -> F::Output {
        let mut connection = pin!(connection);
        poll_fn(|cx| {
            self.0.store(false, Relaxed);
            connection.as_mut().poll(cx)
        })
        .await
    }
}

/// A stream that is read at a [`Pace`].
pub(crate) struct Paced<S> {
    stream: S,
    pace: Pace,
}

impl<S: AsyncRead + Unpin> AsyncRead for Paced<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.pace.0.load(Relaxed) {
            // After all tasks that are ready now.
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        // If there is room left, there is nothing more to read for now.
        self.pace.0.store(buffer.remaining() == 0, Relaxed);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Paced<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A stream that sends as fast as it can.
    struct Endless;

    impl AsyncRead for Endless {
        fn poll_read(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            buffer: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            buffer.put_slice(&vec![0; buffer.remaining()]);
            Poll::Ready(Ok(()))
        }
    }

    impl AsyncWrite for Endless {
        fn poll_write(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            Poll::Ready(Ok(bytes.len()))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    #[test]
    fn an_endless_sender_gives_way_after_each_buffer() {
        const BUFFERS: usize = 100;
        let pace = Pace::default();
        let mut stream = pace.of(Endless);
        let (mut read, mut turns) = (0, 0);
        let connection = poll_fn(|cx| {
            turns += 1;
            // As in tokio-rustls and hyper, which read again after they have processed their input.
            for _ in 0..16 {
                let mut bytes = [0; 64];
                if Pin::new(&mut stream).poll_read(cx, &mut ReadBuf::new(&mut bytes)).is_ready() {
                    read += 1;
                }
            }
            if read < BUFFERS { Poll::Pending } else { Poll::Ready(()) }
        });
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        // It ends, so it was woken each time.
        runtime.block_on(pace.keep(connection));
        assert_eq!((read, turns), (BUFFERS, BUFFERS));
    }
}
