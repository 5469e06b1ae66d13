//! How a request ended.

use crate::code::Code;
use http::StatusCode;

/// The side of a request that a layer is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Server,
    Client,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    Http,
    Grpc,
}

/// The reason why no complete response came out of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The response's status is that of an error.
    Status,
    /// The service returned an error, of this code.
    Service(Code),
    /// The response's body returned an error, of this code.
    Body(Code),
    Panic,
    /// The future or the body was dropped before its end.
    Cancelled,
}

impl Failure {
    /// The number of errors.
    pub(crate) const ERRORS: usize = 4;

    /// Its position, and its value of the label `error`. A cancelled request is no error: its caller
    /// went away.
    pub(crate) fn error(self) -> Option<(usize, &'static str)> {
        match self {
            Self::Status => Some((0, "status")),
            Self::Service(_) => Some((1, "service")),
            Self::Body(_) => Some((2, "body")),
            Self::Panic => Some((3, "panic")),
            Self::Cancelled => None,
        }
    }
}

/// The end of a request. The code is a status of HTTP or a code of gRPC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct End {
    pub(crate) code: u16,
    pub(crate) failure: Option<Failure>,
}

impl End {
    /// The code of an HTTP request without a response.
    pub(crate) const NO_STATUS: u16 = 0;

    pub(crate) fn http(side: Side, status: Option<StatusCode>, failure: Option<Failure>) -> Self {
        let is_error = |status: &StatusCode| {
            status.is_server_error() || side == Side::Client && status.is_client_error()
        };
        let failure = failure.or_else(|| status.filter(is_error).map(|_| Failure::Status));
        Self { code: status.map_or(Self::NO_STATUS, |status| status.as_u16()), failure }
    }

    /// `code` is that of the response's headers or trailers.
    pub(crate) fn grpc(
        status: Option<StatusCode>,
        code: Option<Code>,
        failure: Option<Failure>,
    ) -> Self {
        let of_failure = failure.map(|failure| match failure {
            Failure::Service(code) | Failure::Body(code) => code,
            Failure::Panic => Code::INTERNAL,
            Failure::Cancelled => Code::CANCELED,
            Failure::Status => Code::UNKNOWN,
        });
        // A code that arrived is the answer, whatever became of the rest.
        let code = code.or(of_failure).or(status.map(Code::of_status)).unwrap_or(Code::UNKNOWN);
        let failure = (code != Code::OK).then(|| failure.unwrap_or(Failure::Status));
        Self { code: code.number(), failure }
    }
}

impl End {
    /// Whether OpenTelemetry's conventions call a span with this end an error. A server's span is none
    /// where the caller is at fault.
    #[cfg(feature = "tracing")]
    pub(crate) fn is_error(self, protocol: Protocol, side: Side) -> bool {
        const OF_SERVERS: [u16; 6] = [2, 4, 12, 13, 14, 15];
        match self.failure {
            Some(_) if side == Side::Client => true,
            None | Some(Failure::Cancelled) => false,
            Some(_) => protocol == Protocol::Http || OF_SERVERS.contains(&self.code),
        }
    }
}

impl Protocol {
    /// A code as the value of a label.
    pub(crate) fn text(self, code: u16) -> String {
        match self {
            Self::Http if code == End::NO_STATUS => "none".to_owned(),
            Self::Http => code.to_string(),
            Self::Grpc => Code::from_number(code).name().to_owned(),
        }
    }
}
