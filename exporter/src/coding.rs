//! The compression of responses.

use crate::encode::negotiate::split;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::{self, Write};
use std::mem;

/// The compression of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    Identity,
    Gzip,
    #[cfg(feature = "zstd")]
    Zstd,
}

/// The least time first: zstd takes a third of gzip's, for half of its bytes.
const CODINGS: &[(Coding, &[&str])] = &[
    #[cfg(feature = "zstd")]
    (Coding::Zstd, &["zstd"]),
    (Coding::Gzip, &["gzip", "x-gzip"]),
    (Coding::Identity, &["identity"]),
];

impl Coding {
    /// The value of the header `Content-Encoding`.
    pub(crate) fn name(self) -> Option<&'static str> {
        match self {
            Self::Identity => None,
            Self::Gzip => Some("gzip"),
            #[cfg(feature = "zstd")]
            Self::Zstd => Some("zstd"),
        }
    }

    /// The coding for a client with this header `Accept-Encoding`
    /// (<https://www.rfc-editor.org/rfc/rfc9110.html#name-accept-encoding>). Of the accepted ones,
    /// the preferred one wins, and of equals the quickest. Without the header a client may accept
    /// any, but does not declare it. A client that accepts none, not even uncompressed bytes, gets
    /// uncompressed bytes.
    pub(crate) fn negotiate(accept_encoding: &str) -> Self {
        let mut qualities = [None; CODINGS.len()];
        let mut any = None;
        for element in split(accept_encoding, b',') {
            let mut parts = split(element, b';').map(str::trim);
            let name = parts.next().unwrap_or_default().to_ascii_lowercase();
            let quality = parts.find_map(weight).unwrap_or(1.0);
            // Anything but a number in the range refuses.
            let quality = if (0.0..=1.0).contains(&quality) { quality } else { 0.0 };
            if name == "*" {
                any = Some(quality);
            } else if let Some(at) = CODINGS.iter().position(|(_, names)| names.contains(&&*name)) {
                qualities[at] = Some(quality);
            }
        }
        let mut best = (Self::Identity, 0.0);
        for (&(coding, _), quality) in CODINGS.iter().zip(qualities) {
            // Uncompressed bytes are acceptable by default, and a client that does not list them
            // prefers others.
            let quality: f32 = quality.or(any).unwrap_or(0.0);
            if quality > best.1 {
                best = (coding, quality);
            }
        }
        best.0
    }
}

/// The value of a parameter that is a weight; anything but a number refuses. The format allows no
/// space around the `=`, but a client's intent is clear.
fn weight(parameter: &str) -> Option<f32> {
    let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
    let is_weight = name.trim_end().eq_ignore_ascii_case("q");
    is_weight.then(|| value.trim_start().parse().unwrap_or(0.0))
}

/// A compressor for a response, piece by piece.
pub(crate) enum Compressor {
    Gzip(GzEncoder<Vec<u8>>),
    #[cfg(feature = "zstd")]
    Zstd(zstd::stream::write::Encoder<'static, Vec<u8>>),
}

impl Compressor {
    /// At the fastest useful level of each: a scrape waits for it, and metrics are so repetitive
    /// that higher levels gain little.
    #[cfg_attr(
        not(feature = "zstd"),
        expect(clippy::unnecessary_wraps, reason = "making zstd's can fail")
    )]
    pub(crate) fn new(coding: Coding) -> io::Result<Option<Self>> {
        Ok(match coding {
            Coding::Identity => None,
            Coding::Gzip => Some(Self::Gzip(GzEncoder::new(Vec::new(), Compression::fast()))),
            #[cfg(feature = "zstd")]
            Coding::Zstd => Some(Self::Zstd(zstd::stream::write::Encoder::new(Vec::new(), 1)?)),
        })
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Gzip(encoder) => encoder.write_all(bytes),
            #[cfg(feature = "zstd")]
            Self::Zstd(encoder) => encoder.write_all(bytes),
        }
    }

    /// Ends the output: after this only [`take`](Self::take) may follow.
    pub(crate) fn end(&mut self) -> io::Result<()> {
        match self {
            Self::Gzip(encoder) => encoder.try_finish(),
            #[cfg(feature = "zstd")]
            Self::Zstd(encoder) => encoder.do_finish(),
        }
    }

    /// The number of bytes that can be taken.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Gzip(encoder) => encoder.get_ref().len(),
            #[cfg(feature = "zstd")]
            Self::Zstd(encoder) => encoder.get_ref().len(),
        }
    }

    /// The compressed bytes so far.
    pub(crate) fn take(&mut self) -> Vec<u8> {
        mem::take(match self {
            Self::Gzip(encoder) => encoder.get_mut(),
            #[cfg(feature = "zstd")]
            Self::Zstd(encoder) => encoder.get_mut(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Coding::{self, Gzip, Identity};
    use super::Compressor;
    use proptest::prelude::*;
    use std::io::Read;

    #[cfg(feature = "zstd")]
    const BEST: Coding = Coding::Zstd;
    #[cfg(not(feature = "zstd"))]
    const BEST: Coding = Gzip;

    #[test]
    fn clients_get_what_they_prefer() {
        for (header, coding) in [
            ("", Identity),
            ("gzip", Gzip),
            ("x-gzip", Gzip),
            ("GZIP", Gzip),
            // The forms of curl, browsers and Go's client.
            ("deflate, gzip, br, zstd", BEST),
            ("gzip, deflate, br", Gzip),
            ("gzip;q=1.0, zstd;q=1.0", BEST),
            ("gzip;q=1.0, zstd;q=0.9", Gzip),
            ("gzip;q=0.001", Gzip),
            ("gzip ; q=0.5 , identity;q=0.4", Gzip),
            ("gzip;q=0.5, identity;q=0.6", Identity),
            ("gzip;q=0.5, identity;q=0.5", Gzip),
            ("zstd;q=0, *", Gzip),
            ("*", BEST),
            ("*;q=0.1, identity;q=0.2", Identity),
            ("gzip, *;q=0", Gzip),
            // Unavailable codings.
            ("identity;q=0", Identity),
            ("*;q=0", Identity),
            ("br", Identity),
            ("gzip;q=0", Identity),
            ("*, zstd;q=0, gzip;q=0.0", Identity),
            ("gzip;q=x", Identity),
            ("gzip; q = 0", Identity),
            ("gzip;q =0", Identity),
            ("gzip;q= 0.0", Identity),
            ("gzip;Q\t=\t0", Identity),
            ("gzip;q", Identity),
            ("gzip; q = 0.5, identity;q=0.1", Gzip),
            ("gzip;quality=0", Gzip),
            ("gzip;q=2", Identity),
            ("gzip;q=-1", Identity),
            ("gzip;q=NaN", Identity),
            ("gzipped", Identity),
            (";", Identity),
            (",", Identity),
        ] {
            assert_eq!(Coding::negotiate(header), coding, "{header}");
        }
    }

    fn decoded(coding: Coding, bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        match coding {
            Identity => out.extend(bytes),
            Gzip => _ = flate2::read::GzDecoder::new(bytes).read_to_end(&mut out).unwrap(),
            #[cfg(feature = "zstd")]
            Coding::Zstd => {
                let mut decoder = ruzstd::decoding::StreamingDecoder::new(bytes).unwrap();
                decoder.read_to_end(&mut out).unwrap();
            }
        }
        out
    }

    #[test]
    fn pieces_become_one_stream() {
        let lines = (0..200_000).map(|at| format!("some_total{{at=\"{at}\"}} 1"));
        let text = lines.collect::<Vec<_>>().join(
            "
",
        );
        for &(coding, _) in super::CODINGS {
            let Some(mut compressor) = Compressor::new(coding).unwrap() else { continue };
            let mut pieces = Vec::new();
            for piece in text.as_bytes().chunks(65_000) {
                compressor.write(piece).unwrap();
                // Compressed bytes do not pile up.
                assert!(compressor.len() < 65_000);
                pieces.push(compressor.take());
                assert_eq!(compressor.len(), 0);
            }
            compressor.end().unwrap();
            pieces.push(compressor.take());
            let compressed = pieces.concat();
            assert!(pieces.iter().filter(|piece| !piece.is_empty()).count() > 10, "{coding:?}");
            assert!(compressed.len() < text.len() / 4);
            assert!(decoded(coding, &compressed) == text.as_bytes(), "{coding:?}");
        }
    }

    proptest! {
        #[test]
        fn anything_has_an_answer(any in ".*", formed in "([a-z*]{0,4}[;,= q1.]{0,4}){0,9}") {
            let _ = (Coding::negotiate(&any), Coding::negotiate(&formed));
        }
    }
}
