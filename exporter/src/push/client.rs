//! One request to the gateway.

use super::error::PushError;
use super::target::Target;
use crate::http_client::{Cause, Refusal, Unreachable};
use http_body::Body;
use hyper::body::Bytes;
use hyper::header::CONTENT_TYPE;
use hyper::{Method, Request, Response};
use std::error::Error;
use std::time::Duration;
use tokio::time::timeout;

/// Sends a body of a type, or a request without a type and a body, and waits for the response.
pub(super) async fn send<B>(
    target: &mut Target,
    method: Method,
    content_type: Option<&'static str>,
    body: B,
    within: Duration,
) -> Result<(), PushError>
where
    B: Body<Data = Bytes> + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let Target { client, path, is_https, url } = target;
    let mut request = Request::builder().method(method).uri(path.clone());
    if let Some(content_type) = content_type {
        request = request.header(CONTENT_TYPE, content_type);
    }
    let mut refusal = None;
    let asked = client.ask(request, body, async |response: Response<_>| {
        // The body of a success has no further information.
        if !response.status().is_success() {
            let status = response.status().as_u16();
            refusal.insert(Refusal::new(status)).read(response).await;
        }
    });
    let asked = timeout(within, asked).await;
    match (refusal, asked) {
        // With as much of the reason as came in time.
        (Some(refusal), _) => {
            let (status, answer) = (refusal.status, refusal.reason());
            Err(PushError::Refused { url: url.clone(), status, answer })
        }
        (None, Ok(Ok(()))) => Ok(()),
        (None, Ok(Err(unreachable))) => Err(broken(unreachable, url, *is_https)),
        (None, Err(_)) => Err(PushError::TimedOut { url: url.clone() }),
    }
}

/// The failure, and possible remedies.
fn broken(Unreachable { mut reason, cause }: Unreachable, url: &str, is_https: bool) -> PushError {
    let advice = match cause {
        Cause::Untrusted => {
            ": give the file with the authority's certificate, or its own, by .ca_file(..)"
        }
        Cause::NotEncrypted => ": give an http:// URL",
        Cause::NotHttp if !is_https => ": give an https:// URL if it speaks TLS",
        _ => "",
    };
    reason.push_str(advice);
    PushError::Unreachable { url: url.into(), reason }
}
