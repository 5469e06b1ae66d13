//! Status codes of gRPC.

use http::{HeaderMap, StatusCode};
use std::error::Error;

/// The names that Go's gRPC gives the codes, and with it the usual dashboards and alerts.
const NAMES: [&str; 17] = [
    "OK",
    "Canceled",
    "Unknown",
    "InvalidArgument",
    "DeadlineExceeded",
    "NotFound",
    "AlreadyExists",
    "PermissionDenied",
    "ResourceExhausted",
    "FailedPrecondition",
    "Aborted",
    "OutOfRange",
    "Unimplemented",
    "Internal",
    "Unavailable",
    "DataLoss",
    "Unauthenticated",
];

/// A code of gRPC, 0 to 16.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Code(u8);

impl Code {
    pub(crate) const OK: Self = Self(0);
    pub(crate) const CANCELED: Self = Self(1);
    pub(crate) const UNKNOWN: Self = Self(2);
    pub(crate) const UNIMPLEMENTED: Self = Self(12);
    pub(crate) const INTERNAL: Self = Self(13);
    pub(crate) const UNAVAILABLE: Self = Self(14);
    pub(crate) const UNAUTHENTICATED: Self = Self(16);
    const PERMISSION_DENIED: Self = Self(7);

    pub(crate) fn number(self) -> u16 {
        self.0.into()
    }

    /// `Unknown` for a number that gRPC does not know.
    pub(crate) fn from_number(number: u16) -> Self {
        u8::try_from(number).ok().filter(|&code| code <= 16).map_or(Self::UNKNOWN, Self)
    }

    pub(crate) fn name(self) -> &'static str {
        NAMES.get(usize::from(self.0)).copied().unwrap_or("Unknown")
    }

    /// The code of headers or trailers. One that gRPC does not know is `Unknown`.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let value = headers.get("grpc-status")?.to_str().ok();
        let number = value.and_then(|value| value.parse().ok());
        Some(number.map_or(Self::UNKNOWN, Self::from_number))
    }

    /// The code of a response without one:
    /// <https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md>.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        match status.as_u16() {
            400 => Self::INTERNAL,
            401 => Self::UNAUTHENTICATED,
            403 => Self::PERMISSION_DENIED,
            404 => Self::UNIMPLEMENTED,
            429 | 502..=504 => Self::UNAVAILABLE,
            _ => Self::UNKNOWN,
        }
    }

    /// The code of a request that failed without a response.
    pub(crate) fn of_error(error: &(dyn Error + 'static)) -> Self {
        of_one(error).or_else(|| error.source().map(Self::of_error)).unwrap_or(Self::UNKNOWN)
    }
}

fn of_one(error: &(dyn Error + 'static)) -> Option<Code> {
    #[cfg(feature = "tonic")]
    {
        // As `tonic::Status::from_error` has it.
        if let Some(status) = error.downcast_ref::<tonic::Status>() {
            return u16::try_from(i32::from(status.code())).ok().map(Code::from_number);
        }
        if error.is::<tonic::TimeoutExpired>() {
            return Some(Code::CANCELED);
        }
        if error.is::<tonic::ConnectError>() {
            return Some(Code::UNAVAILABLE);
        }
    }
    error.is::<std::io::Error>().then_some(Code::UNAVAILABLE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn a_code_is_read_from_headers() {
        let code = |value: &'static str| {
            let headers = HeaderMap::from_iter([(
                http::HeaderName::from_static("grpc-status"),
                HeaderValue::from_static(value),
            )]);
            Code::of(&headers).unwrap().name()
        };
        let codes = ["0", "1", "16", "17", "-1", "", "x", "256", "05"];
        let names = ["OK", "Canceled", "Unauthenticated", "Unknown", "Unknown", "Unknown"];
        assert_eq!(codes.map(code)[..6], names);
        assert_eq!(codes.map(code)[6..], ["Unknown", "Unknown", "NotFound"]);
        assert_eq!(Code::of(&HeaderMap::new()), None);
    }

    #[test]
    fn a_code_is_found_in_the_causes_of_an_error() {
        #[derive(Debug)]
        struct Outer(std::io::Error);
        impl std::fmt::Display for Outer {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("outer")
            }
        }
        impl Error for Outer {
            fn source(&self) -> Option<&(dyn Error + 'static)> {
                Some(&self.0)
            }
        }
        let outer = Outer(std::io::ErrorKind::ConnectionRefused.into());
        assert_eq!(Code::of_error(&outer), Code::UNAVAILABLE);
        assert_eq!(Code::of_error(&std::fmt::Error), Code::UNKNOWN);
    }
}
