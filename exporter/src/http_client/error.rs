//! The reasons for no response, or a useless one.

use http_body_util::BodyExt;
use hyper::Response;
use hyper::body::Incoming;
use std::error::Error;
use tickmetrics::__text::Printable;

/// The bytes of a refusal's reason that are read.
const MAX_ANSWER: usize = 512;

/// The reason why a server did not answer.
#[derive(Debug)]
pub struct Unreachable {
    /// The failure.
    pub reason: String,
    /// The cause, which decides the advice.
    pub cause: Cause,
}

/// The obstacle to a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "web-config"), expect(dead_code, reason = "three are of TLS"))]
pub enum Cause {
    /// Its certificate is from an authority that is not trusted.
    Untrusted,
    /// It does not speak TLS.
    NotEncrypted,
    /// It requires a certificate of the client.
    WantsCertificate,
    /// It does not speak HTTP, or closed the connection first.
    NotHttp,
    /// Something else.
    Other,
}

impl Unreachable {
    pub(super) fn new(error: &(dyn Error + 'static)) -> Self {
        Self { reason: in_full(error), cause: Cause::Other }
    }

    pub(super) fn http(error: &hyper::Error) -> Self {
        let is_strange = error.is_parse() || error.is_incomplete_message();
        let cause = if is_strange { Cause::NotHttp } else { Cause::Other };
        Self { reason: in_full(error), cause }
    }
}

/// Part of hyper's messages is in the sources of its errors.
fn in_full(error: &(dyn Error + 'static)) -> String {
    let sources = std::iter::successors(Some(error), |&error| error.source());
    sources.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// A server's response other than success.
#[derive(Debug)]
pub struct Refusal {
    /// The status.
    pub status: u16,
    answer: Vec<u8>,
}

impl Refusal {
    /// Of which nothing has been read.
    pub fn new(status: u16) -> Self {
        Self { status, answer: Vec::new() }
    }

    /// Reads the beginning of the reason.
    pub async fn read(&mut self, response: Response<Incoming>) {
        let mut body = response.into_body();
        while self.answer.len() < MAX_ANSWER
            && let Some(Ok(frame)) = body.frame().await
        {
            self.answer.extend_from_slice(frame.data_ref().map_or(&[], |data| data));
        }
        self.answer.truncate(MAX_ANSWER);
    }

    /// The beginning of the reason, as one line of text.
    pub fn reason(&self) -> String {
        let answer = String::from_utf8_lossy(&self.answer);
        let words = answer.split(|c: char| c.is_control() || c.is_whitespace());
        let words = words.filter(|word| !word.is_empty());
        Printable(words.collect::<Vec<_>>().join(" ")).to_string()
    }
}
