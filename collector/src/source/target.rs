//! The kinds of target: a segment's file, or an exporter by its URL, its host and port, or its
//! socket.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

#[derive(Debug, PartialEq, Eq)]
pub enum Target {
    Segment(PathBuf),
    Url(String),
    /// The file of a Unix socket.
    Socket(PathBuf),
}

impl Target {
    /// Whether it is asked over HTTP.
    pub fn is_exporter(&self) -> bool {
        !matches!(self, Self::Segment(_))
    }

    /// An existing file is a file, whatever its name looks like.
    pub fn of(target: &OsStr) -> Self {
        if let Some(path) = target.as_bytes().strip_prefix(b"unix:") {
            return Self::Socket(Path::new(OsStr::from_bytes(path)).into());
        }
        let path = PathBuf::from(target);
        match (target.to_str(), fs::metadata(&path)) {
            (Some(url), _) if url.contains("://") => Self::Url(url.into()),
            (_, Ok(about)) if about.file_type().is_socket() => Self::Socket(path),
            (Some(text), Err(_)) if has_port(text) => Self::Url(format!("http://{text}")),
            _ => Self::Segment(path),
        }
    }
}

/// Whether it is `host:port`, with or without a path. The URL's parser checks the port.
fn has_port(text: &str) -> bool {
    let authority = text.split(['/', '?', '#']).next().unwrap_or_default();
    authority.rsplit_once(':').is_some_and(|(host, port)| {
        let is_number = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
        // An IPv6 address without brackets has colons of its own.
        let is_host = !host.is_empty() && (!host.contains(':') || host.ends_with(']'));
        is_number && (is_host || host.contains('@'))
    })
}

#[cfg(test)]
mod tests {
    use super::Target;
    use std::os::unix::net::UnixListener;

    #[test]
    fn targets_are_recognised() {
        let url = |text: &str| Target::Url(text.into());
        let file = |text: &str| Target::Segment(text.into());
        for (text, is) in [
            ("http://a", url("http://a")),
            ("ftp://a", url("ftp://a")),
            ("a:9464", url("http://a:9464")),
            ("a.b:9464/metrics?x=y:z", url("http://a.b:9464/metrics?x=y:z")),
            ("[::1]:9464", url("http://[::1]:9464")),
            // Too large, which does not make it a file.
            ("a:99999", url("http://a:99999")),
            // Not a file either, and an error must not repeat a password as if it were one.
            ("me:secret@a:80", url("http://me:secret@a:80")),
            ("unix:/run/a", Target::Socket("/run/a".into())),
            ("unix:a:80", Target::Socket("a:80".into())),
            ("/dev/shm/a:80", file("/dev/shm/a:80")),
            ("./a:80", file("./a:80")),
            ("a:", file("a:")),
            (":80", file(":80")),
            ("::1:80", file("::1:80")),
            ("a:b", file("a:b")),
            ("a", file("a")),
        ] {
            assert_eq!(Target::of(text.as_ref()), is, "{text}");
        }
    }

    #[test]
    fn a_socket_needs_no_scheme() {
        let path = std::env::temp_dir().join(format!("tickmetrics-target-{}", std::process::id()));
        let listener = UnixListener::bind(&path).unwrap();
        assert_eq!(Target::of(path.as_os_str()), Target::Socket(path.clone()));
        drop(listener);
        std::fs::remove_file(path).unwrap();
    }
}
