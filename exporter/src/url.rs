//! Addresses of HTTP servers, as users write them.

use hyper::Uri;
use std::fmt;

/// An `http` or `https` URL, parsed and checked.
#[derive(Clone, Debug)]
pub struct Url {
    /// The whole of it.
    pub uri: Uri,
    /// Whether connections are encrypted.
    pub is_https: bool,
    /// A name, or an address without brackets.
    pub host: String,
    /// From 1.
    pub port: u16,
}

/// The fault of a URL.
#[derive(Debug, PartialEq, Eq)]
pub enum WrongUrl {
    /// It has neither of the two schemes.
    Scheme,
    /// It contains a user or a password.
    Credentials,
    /// Something else.
    Other(String),
}

impl Url {
    /// Reads a URL.
    ///
    /// # Errors
    /// The fault.
    pub fn new(text: &str) -> Result<Self, WrongUrl> {
        // Before the parser, whose errors may repeat the text.
        let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if authority.contains('@') {
            return Err(WrongUrl::Credentials);
        }
        let is_https = scheme.eq_ignore_ascii_case("https");
        if !(is_https || scheme.eq_ignore_ascii_case("http")) {
            return Err(WrongUrl::Scheme);
        }
        let other = |reason: &str| WrongUrl::Other(reason.into());
        let uri: Uri = text
            .parse()
            .map_err(|error: hyper::http::uri::InvalidUri| other(&error.to_string()))?;
        let Some(host) = uri.host().filter(|host| !host.is_empty()) else {
            return Err(other("it has no host"));
        };
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let default = if is_https { 443 } else { 80 };
        let port = port(authority, default)
            .ok_or_else(|| other("expected a port from 1 to 65535 after the colon"))?;
        Ok(Self { uri, is_https, host, port })
    }

    /// Host and port as given: for the header `Host`.
    pub fn authority(&self) -> &str {
        self.uri.authority().map_or(&self.host, |authority| authority.as_str())
    }
}

/// The port behind the host's colon; `None` if it is invalid. hyper accepts any number, and returns
/// no port if it is too large.
fn port(authority: &str, default: u16) -> Option<u16> {
    let behind_brackets = authority.rsplit_once(']').map_or(authority, |(_, rest)| rest);
    let Some((_, port)) = behind_brackets.rsplit_once(':') else { return Some(default) };
    let is_number = port.bytes().all(|byte| byte.is_ascii_digit());
    port.parse().ok().filter(|&port| is_number && port > 0)
}

/// A URL for an error or a log: without a possible password.
pub struct Shown<'a>(pub &'a str);

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.rsplit_once('@') {
            // Everywhere in the text: a password with a slash ends the authority.
            Some((_, rest)) => fmt::Debug::fmt(&format!("…@{rest}"), f),
            None => fmt::Debug::fmt(self.0, f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Shown, Url, WrongUrl};

    #[test]
    fn a_url_is_taken_apart() {
        for (text, host, port, authority, is_https) in [
            ("http://gateway:9091", "gateway", 9091, "gateway:9091", false),
            ("http://gateway/a@b", "gateway", 80, "gateway", false),
            ("HTTPS://gateway?a=:5", "gateway", 443, "gateway", true),
            ("http://[::1]:1/push/", "::1", 1, "[::1]:1", false),
            ("http://[::1]", "::1", 80, "[::1]", false),
            ("http://127.0.0.1:65535", "127.0.0.1", 65_535, "127.0.0.1:65535", false),
        ] {
            let url = Url::new(text).unwrap();
            assert_eq!((&*url.host, url.port, url.authority()), (host, port, authority), "{text}");
            assert_eq!(url.is_https, is_https);
        }
    }

    #[test]
    fn no_port_is_replaced_by_another() {
        for port in ["", "0", "65536", "99999", "99999999999999999999", "+80", "-1", "8o", "00000"]
        {
            for (host, path) in [("a", ""), ("a", "/path"), ("127.0.0.1", "?q"), ("[::1]", "/")] {
                for scheme in ["http", "https"] {
                    let url = format!("{scheme}://{host}:{port}{path}");
                    assert!(matches!(Url::new(&url), Err(WrongUrl::Other(_))), "{url}");
                }
            }
        }
    }

    #[test]
    fn errors_are_reported() {
        for text in ["ftp://a", "a:80", "a", "unix:/a", "/metrics", "", "://a", "httpss://a"] {
            assert_eq!(Url::new(text).unwrap_err(), WrongUrl::Scheme, "{text}");
        }
        for text in ["http://me:secret@a", "http://me@a/", "https://:s cret@a", "me:secret@a:80"] {
            assert_eq!(Url::new(text).unwrap_err(), WrongUrl::Credentials, "{text}");
        }
        for text in ["http://", "http://:80", "http://a b", "http://::1:80", "http://[::1"] {
            assert!(matches!(Url::new(text), Err(WrongUrl::Other(_))), "{text}");
        }
    }

    #[test]
    fn passwords_are_not_repeated() {
        for text in ["http://me:secret@a/b", "http://me:secret/secret@a/b", "me:sec@ret@a/b"] {
            assert_eq!(format!("{:?}", Shown(text)), "\"…@a/b\"");
        }
        assert_eq!(format!("{:?}", Shown("http://a\n")), r#""http://a\n""#);
    }
}
