//! Without the feature `web-config` no file is read, and nobody is kept out.

use crate::server::{Begin, Stream};
use http_body_util::Full;
use hyper::Response;
use hyper::body::Bytes;
use hyper::header::HeaderMap;
use std::future::Ready;
use std::io;
use std::net::IpAddr;

/// There is none.
pub(crate) enum Web {}

impl Web {
    pub(crate) fn encrypts(&self) -> bool {
        match *self {}
    }

    pub(crate) fn protects(&self) -> bool {
        match *self {}
    }

    pub(crate) fn keep_looking(&self) -> Ready<()> {
        match *self {}
    }

    pub(crate) fn accept(
        &self,
        _: Box<dyn Stream>,
        _: Begin<'_>,
    ) -> Ready<io::Result<(Box<dyn Stream>, u64)>> {
        match *self {}
    }

    pub(crate) fn admit(
        &self,
        _: Option<IpAddr>,
        _: &str,
        _: &HeaderMap,
    ) -> Ready<Result<(), Response<Full<Bytes>>>> {
        match *self {}
    }

    pub(crate) fn finish<B>(&self, _: u64, _: &mut Response<B>) {
        match *self {}
    }
}
