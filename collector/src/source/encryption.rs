//! Certificates of both sides, read again when their files change.

use super::credentials::Access;
use super::message::Result;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use tickmetrics_exporter::__cli::{Identity, Tls, Trust};

/// What encrypts the connections to a host.
pub(super) struct Encryption {
    host: String,
    /// The files as they were when they were last read well.
    seen: Seen,
}

/// Of each file: device, inode, length, and the time of its last change. `None` for one that is not
/// there, and for a pipe, which has its text once.
type Seen = [Option<(u64, u64, u64, i64, i64)>; 3];

impl Encryption {
    pub(super) fn new(host: &str, access: &Access) -> Result<(Self, Tls)> {
        let seen = seen(access);
        Ok((Self { host: host.to_owned(), seen }, tls(host, access)?))
    }

    /// What encrypts from now on, if a file has changed and all of them can be read: a renewal may be
    /// under way, and the next request looks again.
    ///
    /// # Errors
    /// Why they can't be read. What was read before is still good for use.
    pub(super) fn renewed(&mut self, access: &Access) -> Result<Option<Tls>> {
        let now = seen(access);
        if now == self.seen
            || now.iter().zip(&self.seen).any(|(now, seen)| now.is_none() && seen.is_some())
        {
            return Ok(None);
        }
        let tls = tls(&self.host, access)?;
        self.seen = now;
        Ok(Some(tls))
    }
}

fn seen(access: &Access) -> Seen {
    [&access.ca_file, &access.cert_file, &access.key_file].map(|file: &Option<PathBuf>| {
        let it = fs::metadata(file.as_ref()?).ok().filter(fs::Metadata::is_file)?;
        Some((it.dev(), it.ino(), it.len(), it.ctime(), it.ctime_nsec()))
    })
}

fn tls(host: &str, access: &Access) -> Result<Tls> {
    let trust = match &access.ca_file {
        _ if access.insecure => Trust::Anybody,
        Some(file) => Trust::File(file),
        None => Trust::System,
    };
    let identity = access.cert_file.as_deref().zip(access.key_file.as_deref());
    let identity = identity.map(|(cert_file, key_file)| Identity { cert_file, key_file });
    Tls::with_identity(host, trust, identity)
}
