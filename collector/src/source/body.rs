//! The body of an answer, compressed or not, within its limits.

use super::message::Result;
use flate2::write::MultiGzDecoder;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use std::error::Error;
use std::fmt;
use std::io::{self, Write};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use tokio::task::yield_now;

/// The bytes that answers may still take together.
#[derive(Debug)]
pub struct Budget(AtomicUsize);

impl Budget {
    /// For answers of so many bytes.
    pub fn new(bytes: usize) -> Self {
        Self(AtomicUsize::new(bytes))
    }
}

/// A part of a budget, given back at the drop.
struct Share<'a>(Option<&'a Budget>, usize);

impl Share<'_> {
    // Relaxed: a number of its own, of which only its sum matters.
    fn take(&mut self, bytes: usize) -> bool {
        let Some(Budget(left)) = self.0 else { return true };
        let taken = left.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(bytes)).is_ok();
        self.1 += if taken { bytes } else { 0 };
        taken
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        if let Some(Budget(left)) = self.0 {
            left.fetch_add(self.1, Relaxed);
        }
    }
}

/// How a body is compressed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Coding {
    Identity,
    Gzip,
}

impl Coding {
    /// The coding in the header `Content-Encoding`.
    pub(super) fn of(header: Option<&[u8]>) -> Result<Self> {
        let name = header.map(|it| String::from_utf8_lossy(it).trim().to_ascii_lowercase());
        match name.as_deref() {
            None | Some("" | "identity") => Ok(Self::Identity),
            Some("gzip" | "x-gzip") => Ok(Self::Gzip),
            Some(other) => {
                Err(format!("its answer is compressed as {other:?}, which it was not asked for"))
            }
        }
    }
}

/// Receives a body of at most so many bytes, compressed or not.
pub(super) async fn receive(
    mut body: Incoming,
    coding: Coding,
    most: usize,
    budget: Option<&Budget>,
) -> Result<Vec<u8>> {
    let mut received = 0;
    let mut content = Content::new(coding, Limited::new(most, budget));
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| in_full(&error))?;
        let mut data = frame.data_ref().map_or(&[][..], |data| data);
        // Compressed bytes may be without content.
        received += data.len();
        if received > most {
            return Err(too_long(most));
        }
        while !data.is_empty() {
            // A thousand bytes may become a million: others go on in between.
            let taken = content.add(data)?;
            data = &data[taken..];
            if coding == Coding::Gzip {
                yield_now().await;
            }
        }
    }
    content.finish()
}

/// What was received.
enum Content<'a> {
    Identity(Limited<'a>),
    Gzip(Box<MultiGzDecoder<Limited<'a>>>),
}

impl<'a> Content<'a> {
    fn new(coding: Coding, limited: Limited<'a>) -> Self {
        match coding {
            Coding::Identity => Self::Identity(limited),
            Coding::Gzip => Self::Gzip(Box::new(MultiGzDecoder::new(limited))),
        }
    }

    /// Adds some of the bytes, and returns how many: of compressed ones, those that become some
    /// 32 KiB.
    fn add(&mut self, data: &[u8]) -> Result<usize> {
        match self {
            Self::Identity(limited) => limited.write(data).map_err(|_| limited.reason()),
            Self::Gzip(decoder) => match decoder.write(data) {
                Ok(0) => Err("its answer has something behind its compressed bytes".into()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(0),
                added => added.map_err(|error| decoder.get_ref().or_damaged(&error)),
            },
        }
    }

    fn finish(self) -> Result<Vec<u8>> {
        match self {
            Self::Identity(limited) => Ok(limited.bytes),
            Self::Gzip(mut decoder) => {
                let finished = decoder.try_finish();
                finished.map_err(|error| decoder.get_ref().or_damaged(&error))?;
                Ok(std::mem::take(&mut decoder.get_mut().bytes))
            }
        }
    }
}

/// Bytes within the limits.
struct Limited<'a> {
    bytes: Vec<u8>,
    most: usize,
    share: Share<'a>,
    /// Why no more was taken.
    refused: Option<String>,
}

impl<'a> Limited<'a> {
    fn new(most: usize, budget: Option<&'a Budget>) -> Self {
        Self { bytes: Vec::new(), most, share: Share(budget, 0), refused: None }
    }

    fn reason(&self) -> String {
        self.refused.clone().unwrap_or_default()
    }

    /// Why compressed bytes could not be read.
    fn or_damaged(&self, error: &io::Error) -> String {
        let damaged = || format!("its compressed answer is damaged or cut off: {error}");
        self.refused.clone().unwrap_or_else(damaged)
    }
}

impl Write for Limited<'_> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        if data.len() > self.most - self.bytes.len() {
            self.refused = Some(too_long(self.most));
        } else if !self.share.take(data.len()) {
            let reason = "the answers of all sources together are longer than is allowed";
            self.refused = Some(reason.into());
        } else {
            self.bytes.extend_from_slice(data);
            return Ok(data.len());
        }
        Err(io::ErrorKind::Other.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn too_long(most: usize) -> String {
    format!("its answer is longer than {}, which is the limit", Size(most))
}

/// Part of hyper's messages is in the sources of its errors.
fn in_full(error: &(dyn Error + 'static)) -> String {
    let sources = std::iter::successors(Some(error), |&error| error.source());
    sources.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// A number of bytes, in MiB if it is a whole number of them.
struct Size(usize);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            bytes if bytes >= 1 << 20 && bytes % (1 << 20) == 0 => write!(f, "{} MiB", bytes >> 20),
            bytes => write!(f, "{bytes} bytes"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Budget, Coding, Content, Limited};
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write as _;
    use std::sync::atomic::Ordering::Relaxed;

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    /// What a body gives, and the most that one step added.
    fn read(body: &[u8], most: usize, budget: &Budget) -> Result<(Vec<u8>, usize), String> {
        let mut content = Content::new(Coding::Gzip, Limited::new(most, Some(budget)));
        let (mut taken, mut step) = (0, 0);
        while taken < body.len() {
            let length = |content: &Content<'_>| match content {
                Content::Gzip(decoder) => decoder.get_ref().bytes.len(),
                Content::Identity(limited) => limited.bytes.len(),
            };
            let before = length(&content);
            taken += content.add(&body[taken..])?;
            step = step.max(length(&content) - before);
        }
        Ok((content.finish()?, step))
    }

    #[test]
    fn a_body_that_is_cut_off_anywhere_is_refused() {
        let budget = Budget::new(1 << 20);
        let text: Vec<_> = (0..2_000_u32).flat_map(u32::to_le_bytes).collect();
        let body = [gzip(&text), gzip(b"up 1\n")].concat();
        let (first, all) = (gzip(&text).len(), [&text[..], b"up 1\n"].concat());
        assert_eq!(read(&body, 1 << 20, &budget).unwrap().0, all);
        for length in 0..body.len() {
            // The first of two members is a whole body.
            let read = read(&body[..length], 1 << 20, &budget);
            assert_eq!(read.is_ok(), length == first, "{length}");
        }
        // What was refused takes nothing any more.
        assert_eq!(budget.0.load(Relaxed), 1 << 20);
    }

    #[test]
    fn a_step_adds_little_and_the_limits_hold() {
        let body = gzip(&vec![0; 10_000_000]);
        let budget = Budget::new(20_000_000);
        let (content, step) = read(&body, 10_000_000, &budget).unwrap();
        assert_eq!(content.len(), 10_000_000);
        assert!(step <= 64 << 10, "{step}");
        let error = read(&body, 9_999_999, &budget).unwrap_err();
        assert!(error.contains("longer than 9999999 bytes"), "{error}");
        let error = read(&body, 10_000_000, &Budget::new(1_000_000)).unwrap_err();
        assert!(error.contains("the answers of all sources together"), "{error}");
    }
}
