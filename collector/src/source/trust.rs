//! The users whose files `serve` follows, and their order.

use nix::unistd::{User, geteuid};
use std::fs::{self, File, Metadata};
use std::io::Read as _;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{self, Path, PathBuf};
use tickmetrics::__text::PrintablePath;

/// A user given by `--user`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    User(u32),
    Any,
}

/// The trust in a user's files: a lower rank comes first. Nothing in a file affects it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rank {
    named: usize,
    pub user: u32,
}

impl Rank {
    /// Whether it is the user that the program runs as.
    pub fn is_own(self) -> bool {
        self.named == 0
    }
}

/// The users whose files are followed.
#[derive(Debug)]
pub struct Trust {
    /// In order; the first is the user that the program runs as.
    users: Vec<u32>,
    any: bool,
}

/// The reason why a file is not followed.
#[derive(Debug, PartialEq, Eq)]
pub enum Refused {
    /// It belongs to another user.
    Owner(u32),
    /// A folder on its path belongs to another user, or anybody can replace it.
    Way(String),
    /// The system refuses to open it.
    Unopened(String),
}

impl Trust {
    pub fn new(named: &[Named]) -> Self {
        let mut users = vec![geteuid().as_raw()];
        for one in named {
            if let Named::User(user) = one
                && !users.contains(user)
            {
                users.push(*user);
            }
        }
        Self { users, any: named.contains(&Named::Any) }
    }

    pub fn rank(&self, user: u32) -> Option<Rank> {
        let known = self.users.iter().position(|known| *known == user);
        let named = known.or_else(|| self.any.then_some(self.users.len()))?;
        Some(Rank { named, user })
    }

    /// Opens a file if it is to be followed: it belongs to its owner, and the folders on its path
    /// to nobody else.
    pub fn open(&self, path: &Path) -> Result<(File, Rank), Refused> {
        let unopened = |error: std::io::Error| {
            Refused::Unopened(format!("{} can't be read: {error}", PrintablePath(path)))
        };
        let is_link = fs::symlink_metadata(path).map_err(unopened)?.is_symlink();
        let mut flags = nix::libc::O_NONBLOCK;
        if !is_link {
            // It must not become one at the next moment either.
            flags |= nix::libc::O_NOFOLLOW;
        }
        let file = File::options().read(true).custom_flags(flags).open(path).map_err(unopened)?;
        let owner = file.metadata().map_err(unopened)?.uid();
        let rank = self.rank(owner).ok_or(Refused::Owner(owner))?;
        self.check_way(path)?;
        if is_link {
            self.check_way(&fs::canonicalize(path).map_err(unopened)?)?;
        }
        Ok((file, rank))
    }

    /// Checks that only root and the followed users control the path.
    fn check_way(&self, path: &Path) -> Result<(), Refused> {
        let unopened = |error: std::io::Error| {
            Refused::Unopened(format!("{} can't be read: {error}", PrintablePath(path)))
        };
        let absolute = path::absolute(path).map_err(unopened)?;
        for (at, step) in absolute.ancestors().enumerate() {
            let about = fs::symlink_metadata(step).map_err(unopened)?;
            let owner = about.uid();
            // The file's own owner is checked once it is open.
            let is_ours = owner == 0 || self.rank(owner).is_some();
            if !is_ours && (at > 0 || about.is_symlink()) {
                return Err(refused_way(path, step, &format!("is user {owner}'s")));
            }
            if about.is_dir() && is_open_to_all(&about) {
                return Err(refused_way(path, step, "can be changed by anybody"));
            }
        }
        Ok(())
    }
}

/// Whether anybody can replace others' files in a directory.
fn is_open_to_all(directory: &Metadata) -> bool {
    const WRITABLE: u32 = 0o002;
    const STICKY: u32 = 0o1000;
    directory.mode() & (WRITABLE | STICKY) == WRITABLE
}

fn refused_way(path: &Path, step: &Path, what: &str) -> Refused {
    let (path, step) = (PrintablePath(path), PrintablePath(step));
    Refused::Way(format!("{path} is not served: {step} {what}"))
}

/// Whether a file begins as segments do.
pub(super) fn is_segment(path: &Path) -> bool {
    let mut options = File::options();
    options.read(true).custom_flags(nix::libc::O_NONBLOCK | nix::libc::O_NOFOLLOW);
    let mut start = [0; 8];
    let read = options.open(path).and_then(|mut file| file.read_exact(&mut start));
    read.is_ok() && start == *b"TICKMETR"
}

/// A path as a label's value. Two paths never give the same text: bytes that are not UTF-8 are
/// written as numbers.
pub(super) fn path_text(path: &Path) -> String {
    path.to_str().map_or_else(
        || path.as_os_str().as_encoded_bytes().escape_ascii().to_string(),
        ToOwned::to_owned,
    )
}

/// The stem of a file's name, as a label's value.
pub(super) fn stem_text(path: &Path) -> String {
    path_text(&PathBuf::from(path.file_stem().unwrap_or(path.as_os_str())))
}

/// Parses a value of `--user`.
pub fn named(text: &str) -> Result<Named, String> {
    if text == "any" {
        return Ok(Named::Any);
    }
    if let Ok(user) = text.parse() {
        return Ok(Named::User(user));
    }
    match User::from_name(text) {
        Ok(Some(user)) => Ok(Named::User(user.uid.as_raw())),
        Ok(None) => Err(format!("there is no user {text:?}: give a name, a number, or any")),
        Err(error) => Err(format!("{text:?} can't be looked up: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::{Named, Trust, named, path_text};
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::path::Path;

    #[test]
    fn users_have_an_order() {
        let own = nix::unistd::geteuid().as_raw();
        let (feed, risk, other) = (own + 7, own + 3, own + 1);
        let trust = Trust::new(&[Named::User(feed), Named::User(own), Named::User(risk)]);
        let ranks: Vec<_> = [own, feed, risk].iter().map(|&user| trust.rank(user)).collect();
        assert!(ranks.is_sorted() && ranks[0].is_some_and(super::Rank::is_own), "{ranks:?}");
        assert_eq!(trust.rank(other), None);
        let trust = Trust::new(&[Named::Any, Named::User(feed)]);
        assert!(trust.rank(feed) < trust.rank(other) && trust.rank(other) < trust.rank(risk));
        assert_eq!(named("any"), Ok(Named::Any));
        assert_eq!(named("1005"), Ok(Named::User(1005)));
        assert_eq!(named("root"), Ok(Named::User(0)));
        assert!(named("no such user").is_err());
    }

    #[test]
    fn paths_that_are_no_text_differ() {
        let text = |bytes: &[u8]| path_text(Path::new(OsStr::from_bytes(bytes)));
        assert_ne!(text(b"a\xff"), text(b"a\xfe"));
        assert_eq!(text("é".as_bytes()), "é");
    }
}
