//! Futures, polled by hand.

#![expect(missing_docs, reason = "not for users")]

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

pub fn poll<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Ready at the second poll.
pub async fn pending_once() {
    let mut polled = false;
    std::future::poll_fn(|_| {
        if polled {
            return Poll::Ready(());
        }
        polled = true;
        Poll::Pending
    })
    .await;
}
