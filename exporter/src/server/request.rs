//! HTTP's requirements for the head of a request that hyper does not check.

use hyper::header::{HOST, TRANSFER_ENCODING};
use hyper::http::request::Parts;
use hyper::{Method, StatusCode, Uri, Version};
use std::net::Ipv6Addr;

/// The response that refuses a request; `None` for a valid one.
pub(super) fn fault(request: &Parts) -> Option<(StatusCode, &'static str)> {
    if !names_its_host(request) {
        let text = "A request has one header Host, of a host and maybe a port\n";
        return Some((StatusCode::BAD_REQUEST, text));
    }
    if !has_target(&request.method, &request.uri) {
        let text = "The target of a request is a path or a URL, such as /metrics\n";
        return Some((StatusCode::BAD_REQUEST, text));
    }
    // RFC 9112, 6.1: hyper checks only the last coding, which determines the end of the body.
    let mut codings = request.headers.get_all(TRANSFER_ENCODING).iter();
    let is_chunked = |coding: &[u8]| coding.trim_ascii().eq_ignore_ascii_case(b"chunked");
    let known = codings.next().is_none_or(|coding| is_chunked(coding.as_bytes()));
    if !known || codings.next().is_some() {
        let text = "Of transfer codings, only chunked is known here\n";
        return Some((StatusCode::NOT_IMPLEMENTED, text));
    }
    None
}

/// RFC 9112, 3.2: exactly one `Host`, in HTTP/1.0 maybe none, whatever the target is.
fn names_its_host(request: &Parts) -> bool {
    let mut hosts = request.headers.get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) => request.version < Version::HTTP_11,
        (Some(host), None) => is_host(host.as_bytes()),
        (Some(_), Some(_)) => false,
    }
}

/// RFC 9110, 7.2: `uri-host [":" port]`, where either may be empty.
fn is_host(value: &[u8]) -> bool {
    let bracket = value.iter().position(|&it| it == b']').filter(|_| value.first() == Some(&b'['));
    let (is_host, rest) = if let Some(end) = bracket {
        let address = std::str::from_utf8(&value[1..end]).unwrap_or_default();
        (address.parse::<Ipv6Addr>().is_ok(), &value[end + 1..])
    } else {
        let end = value.iter().position(|&it| it == b':').unwrap_or(value.len());
        (is_name(&value[..end]), &value[end..])
    };
    is_host && (rest.is_empty() || rest[0] == b':' && rest[1..].iter().all(u8::is_ascii_digit))
}

/// RFC 3986, 3.2.2: `reg-name`, which includes IPv4 addresses.
fn is_name(name: &[u8]) -> bool {
    let escapes = |at: usize| {
        let digits = name.get(at + 1..at + 3);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    name.iter().enumerate().all(|(at, &it)| match it {
        b'%' => escapes(at),
        it => it.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(&it),
    })
}

/// RFC 9112, 3.2: a path or a URL; `*` for OPTIONS alone, a host and its port for CONNECT alone.
fn has_target(method: &Method, uri: &Uri) -> bool {
    let is_authority = uri.scheme().is_none() && uri.authority().is_some();
    (uri.path() != "*" || *method == Method::OPTIONS)
        && (!is_authority || *method == Method::CONNECT)
}

#[cfg(test)]
mod tests {
    use super::is_host;

    #[test]
    fn hosts_are_as_the_grammar_has_them() {
        for host in [
            "",
            "a",
            "a:",
            "a:9464",
            ":80",
            "a.b-c_d~",
            "192.0.2.1:80",
            "[::1]",
            "[::1]:80",
            "a%20b",
            "a,b",
            "[2001:db8::192.0.2.1]:",
        ] {
            assert!(is_host(host.as_bytes()), "{host:?}");
        }
        for host in [
            " ", "a b", "a, b", "a/b", "u@a", "a:b", "a:80:80", "::1", "[::1", "[::1]80",
            "[::1]:x", "[a]", "[]", "a]", "a%2", "a%2x", "a?", "a#", "\"a\"", "\u{e4}", "a\\",
            "<a>",
        ] {
            assert!(!is_host(host.as_bytes()), "{host:?}");
        }
    }
}
