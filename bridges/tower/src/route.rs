//! The bounded name of a request: which of the program's own routes it is for.

use http::{Extensions, Method};
use std::borrow::Cow;

/// The pattern of a request's path, such as `/orders/{id}`, as an extension of the request.
///
/// For client requests, and for servers without axum's router: a layer never shows the path itself, which
/// has as many values as there are orders, or strangers. Without a route the label `path` is `unmatched`.
///
/// ```
/// use tickmetrics_tower::Route;
///
/// let id = 17;
/// let mut request = http::Request::get(format!("http://orders/orders/{id}")).body(())?;
/// request.extensions_mut().insert(Route::new("/orders/{id}"));
/// # Ok::<(), http::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Route(Cow<'static, str>);

impl Route {
    /// A route of this pattern. Each pattern is a series of each metric: give no path with an id in it.
    pub fn new(pattern: impl Into<Cow<'static, str>>) -> Self {
        Self(pattern.into())
    }

    /// The pattern.
    pub fn pattern(&self) -> &str {
        &self.0
    }
}

/// The pattern that a request's router or caller gave it.
pub(crate) fn pattern(extensions: &Extensions) -> Option<&str> {
    if let Some(route) = extensions.get::<Route>() {
        return Some(route.pattern());
    }
    #[cfg(feature = "axum")]
    if let Some(path) = extensions.get::<axum::extract::MatchedPath>() {
        return Some(path.as_str());
    }
    None
}

/// The methods of RFC 9110 and PATCH; `other` for the rest, which strangers choose.
pub(crate) fn method(method: &Method) -> &'static str {
    const KNOWN: [&str; 9] =
        ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "CONNECT", "TRACE"];
    KNOWN.into_iter().find(|known| *known == method.as_str()).unwrap_or("other")
}

/// Service and method of a gRPC request's path, `/orders.v1.Orders/Get`.
pub(crate) fn service_and_method(path: &str) -> Option<(&str, &str)> {
    let (service, method) = path.strip_prefix('/')?.split_once('/')?;
    let valid = !service.is_empty() && !method.is_empty() && !method.contains('/');
    valid.then_some((service, method))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_are_bounded() {
        for known in ["GET", "PATCH", "TRACE"] {
            assert_eq!(method(&known.parse().unwrap()), known);
        }
        for other in ["get", "PROPFIND", "QUERY", "X-1"] {
            assert_eq!(method(&other.parse().unwrap()), "other");
        }
    }

    #[test]
    fn a_grpc_path_has_two_parts() {
        assert_eq!(service_and_method("/a.B/C"), Some(("a.B", "C")));
        for path in ["", "/", "//", "/a", "/a/", "//b", "a/b", "/a/b/c"] {
            assert_eq!(service_and_method(path), None, "{path}");
        }
    }
}
