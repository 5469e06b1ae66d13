use nix::libc::{EMFILE, ENFILE};
use std::fmt;
use std::io;
use tickmetrics::__text::Printable;
use tickmetrics::RegisterError;

/// The reason why an exporter did not start. No thread and no open port remain.
///
/// `Debug` writes the same as `Display`, since `main` prints the error that it returns by `Debug`.
#[non_exhaustive]
pub enum StartError {
    /// The address is not one of this machine, or not an address.
    InvalidAddress {
        /// The argument of [`listen`](crate::ExporterBuilder::listen).
        address: String,
        /// The resolver's error.
        error: io::Error,
    },
    /// The address can't be listened on: most often, another program already does.
    Bind {
        /// The argument of [`listen`](crate::ExporterBuilder::listen).
        address: String,
        /// The system's error.
        error: io::Error,
    },
    /// A variable of the environment has an invalid value.
    InvalidVariable {
        /// Its name.
        variable: &'static str,
        /// The fault of its value.
        reason: String,
    },
    /// A setting needs a feature of this crate that the program was built without.
    MissingFeature {
        /// The method of [`ExporterBuilder`](crate::ExporterBuilder), or the variable of the
        /// environment.
        setting: &'static str,
        /// The feature.
        feature: &'static str,
    },
    /// A label for all metrics is invalid.
    InvalidLabel(RegisterError),
    /// A limit is so low that no client could be answered.
    InvalidLimit {
        /// The field of [`Limits`](crate::Limits).
        limit: &'static str,
        /// The advice.
        reason: &'static str,
    },
    /// A setting of a [`Push`](crate::Push) is invalid.
    InvalidPush {
        /// The fault.
        reason: String,
    },
    /// The exporter would neither listen nor push.
    NothingToDo,
    /// A setting needs a thread and listeners of the exporter's own.
    NotForAService {
        /// The method of [`ExporterBuilder`](crate::ExporterBuilder).
        setting: &'static str,
    },
    /// The system does not accept the thread's name.
    InvalidThreadName {
        /// The argument of [`thread_name`](crate::ExporterBuilder::thread_name).
        name: String,
        /// The fault.
        reason: &'static str,
    },
    /// The thread can't run on the requested core.
    Pin {
        /// The argument of [`pin_to_core`](crate::ExporterBuilder::pin_to_core).
        core: usize,
        /// The cores that the process may run on now, if the system reports them.
        allowed: Vec<usize>,
    },
    /// There was no room for the exporter's metrics about itself.
    Register(RegisterError),
    /// The web configuration file, or a file that it names, is invalid.
    #[cfg(feature = "web-config")]
    WebConfig(crate::WebConfigError),
    /// The system refused a thread, or the means to wait for connections.
    Thread(io::Error),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidAddress { address, error } => write!(
                f,
                "{address:?} is not an address to listen on ({error}): give a host and a port, such \
                 as \"127.0.0.1:9464\" or \"[::1]:9464\", or \"unix:/path\""
            ),
            Self::Bind { address, error } => {
                write!(f, "can't listen on {} ({error}): ", Printable(address))?;
                f.write_str(&bind_advice(address, error, ".listen(..)"))
            }
            Self::NotForAService { setting } => write!(
                f,
                ".{setting}(..) has no effect on a service in another server: leave it out, or \
                 .start() an exporter of its own"
            ),
            Self::InvalidLimit { limit, reason } => {
                write!(f, "Limits::{limit} is too small: {reason}")
            }
            Self::InvalidPush { reason } => {
                write!(f, "metrics can't be pushed: {}", Printable(reason))
            }
            Self::NothingToDo => f.write_str(
                "the exporter would neither listen nor push: leave out .listen_nowhere(), or give \
                 it .push(..)",
            ),
            Self::InvalidThreadName { name, reason } => {
                write!(f, "{name:?} can't name a thread: {reason}")
            }
            Self::Pin { core, allowed } => write!(
                f,
                "the exporter's thread can't be pinned to core {core}: give .pin_to_core(..) one \
                 that is online and that the process may use, of {allowed:?}"
            ),
            Self::MissingFeature { setting, feature } => {
                f.write_str(&crate::feature::missing(setting, feature))
            }
            Self::InvalidVariable { variable, reason } => write!(f, "{variable}: {reason}"),
            Self::InvalidLabel(error) => write!(f, "{error}"),
            Self::Register(error) => {
                write!(f, "the exporter's metrics about itself can't be registered: {error}")
            }
            #[cfg(feature = "web-config")]
            Self::WebConfig(error) => write!(f, "the web configuration can't be used: {error}"),
            Self::Thread(error) => write!(
                f,
                "the exporter's thread can't be started ({error}): raise the limit on threads \
                 (ulimit -u) or open files (ulimit -n)"
            ),
        }
    }
}

impl fmt::Debug for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The advice for an address that can't be listened on. `option` is the setting for addresses.
#[cfg_attr(not(feature = "__cli"), expect(unreachable_pub, reason = "`__cli` exposes it"))]
pub fn bind_advice(address: &str, error: &io::Error, option: &str) -> String {
    let is_out_of_files = error.raw_os_error().is_some_and(|it| [EMFILE, ENFILE].contains(&it));
    let advice = match error.kind() {
        // Another address would not help. There is no `ErrorKind` for it.
        _ if is_out_of_files => "raise the limit on open files (ulimit -n)",
        kind if address.starts_with("unix:") => unix_hint(kind),
        kind => tcp_hint(kind),
    };
    advice.replace(OPTION, option)
}

/// Stands for the setting for addresses.
const OPTION: &str = "$LISTEN";

fn tcp_hint(kind: io::ErrorKind) -> &'static str {
    match kind {
        io::ErrorKind::AddrInUse => {
            "another exporter or program has the port; stop it, or give another port to $LISTEN, \
             where 0 lets the system choose"
        }
        io::ErrorKind::AddrNotAvailable => {
            "no interface of this machine has the address; give 127.0.0.1, or 0.0.0.0 for all \
             interfaces"
        }
        io::ErrorKind::PermissionDenied => "ports below 1024 need a privilege; give a higher one",
        _ => "give another address to $LISTEN",
    }
}

fn unix_hint(kind: io::ErrorKind) -> &'static str {
    match kind {
        io::ErrorKind::AddrInUse => {
            "a living process listens on it; stop it, or give another path to $LISTEN"
        }
        io::ErrorKind::AlreadyExists => {
            "the file there is not a socket; remove it, or give another path to $LISTEN"
        }
        io::ErrorKind::NotFound => "its directory does not exist; make it first",
        io::ErrorKind::NotADirectory => {
            "its parent is not a directory; give another path to $LISTEN"
        }
        io::ErrorKind::Other => {
            "others can write to the directory; give a path in one that is this user's alone, in \
             $XDG_RUNTIME_DIR or /run/NAME for example"
        }
        io::ErrorKind::Unsupported => {
            "it needs /proc to verify the file; mount that, or give the process a umask that \
             leaves the socket's mode as it is, and remove a socket that is left there"
        }
        io::ErrorKind::PermissionDenied => {
            "the directory is not this user's; give a path in one that is, in $XDG_RUNTIME_DIR or \
             /run/NAME for example"
        }
        io::ErrorKind::ResourceBusy => {
            "another program holds a lock on the directory; give a path in another one"
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "there is no room for one more file; make some, or give a path elsewhere, in /run for \
             example"
        }
        io::ErrorKind::ReadOnlyFilesystem => {
            "nothing can be written there; give a path elsewhere, in /run for example"
        }
        _ => "give another path to $LISTEN, of at most 107 bytes",
    }
}

#[cfg(feature = "web-config")]
impl From<crate::WebConfigError> for StartError {
    fn from(error: crate::WebConfigError) -> Self {
        Self::WebConfig(error)
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::InvalidAddress { error, .. } | Self::Bind { error, .. } | Self::Thread(error) => {
                Some(error)
            }
            Self::Register(error) | Self::InvalidLabel(error) => Some(error),
            Self::InvalidLimit { .. }
            | Self::InvalidVariable { .. }
            | Self::MissingFeature { .. }
            | Self::NotForAService { .. }
            | Self::InvalidPush { .. }
            | Self::NothingToDo
            | Self::InvalidThreadName { .. }
            | Self::Pin { .. } => None,
            #[cfg(feature = "web-config")]
            Self::WebConfig(error) => Some(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{EMFILE, ENFILE, StartError, io};

    /// As `main` prints an error.
    #[test]
    fn debug_is_for_people() {
        let error = StartError::NothingToDo;
        assert_eq!(format!("{error:?}"), error.to_string());
        assert!(error.to_string().contains("leave out .listen_nowhere()"), "{error}");
    }

    #[test]
    #[cfg(not(feature = "web-config"))]
    fn a_missing_feature_is_named() {
        let Err(error) = crate::Exporter::builder().web_config("web.yml").start() else { panic!() };
        let expected = ".web_config(..) takes the feature `web-config` of tickmetrics-exporter: \
                        cargo add tickmetrics-exporter --features web-config";
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn another_address_is_advised_where_that_helps() {
        for (code, address, advice) in [
            (EMFILE, "127.0.0.1:0", "ulimit -n"),
            (ENFILE, "unix:/run/a", "ulimit -n"),
            (nix::libc::EADDRINUSE, "127.0.0.1:0", "another port"),
            (nix::libc::EADDRINUSE, "unix:/run/a", "another path to .listen(..)"),
            (nix::libc::ENOSPC, "unix:/run/a", "no room"),
            (nix::libc::EROFS, "unix:/run/a", "elsewhere"),
        ] {
            let error = io::Error::from_raw_os_error(code);
            let told = StartError::Bind { address: address.into(), error }.to_string();
            assert!(told.contains(advice), "{told}");
            assert_eq!(told.contains("another"), advice.contains("another"), "{told}");
        }
    }
}
