use crate::body::ResponseBody;
use crate::end::Failure;
use crate::errors;
use crate::layer::Shared;
use crate::watch::Watch;
use http::{Request, Response};
use http_body::Body;
use pin_project_lite::pin_project;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tower_service::Service;

/// The service that a [`RequestLayer`](crate::RequestLayer) makes of another.
#[derive(Clone)]
pub struct RequestService<S> {
    inner: S,
    shared: Arc<Shared>,
}

impl<S> RequestService<S> {
    pub(crate) fn new(inner: S, shared: Arc<Shared>) -> Self {
        Self { inner, shared }
    }
}

impl<S: fmt::Debug> fmt::Debug for RequestService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestService").field("inner", &self.inner).finish_non_exhaustive()
    }
}

impl<S, Q, A> Service<Request<Q>> for RequestService<S>
where
    S: Service<Request<Q>, Response = Response<A>, Error: 'static>,
    A: Body<Error: 'static>,
{
    type Response = Response<ResponseBody<A>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Q>) -> Self::Future {
        let mut watch = Watch::start(&self.shared, &mut request);
        let inner = watch.work(|| self.inner.call(request));
        ResponseFuture { inner, watch: Some(watch) }
    }
}

/// Tonic's name of a server's service, that of the inner one.
#[cfg(feature = "tonic")]
impl<S: tonic::server::NamedService> tonic::server::NamedService for RequestService<S> {
    const NAME: &'static str = S::NAME;
}

pin_project! {
    /// The response of a [`RequestService`].
    pub struct ResponseFuture<F> {
        #[pin]
        inner: F,
        // None after the response.
        watch: Option<Box<Watch>>,
    }
}

impl<F> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

impl<F, A, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<A>, E>>,
    A: Body,
    E: 'static,
{
    type Output = Result<Response<ResponseBody<A>>, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let result = match this.watch {
            Some(watch) => ready!(watch.work(|| this.inner.poll(context))),
            None => ready!(this.inner.poll(context)),
        };
        let mut watch = this.watch.take();
        Poll::Ready(match result {
            Ok(mut response) => {
                watch.iter_mut().for_each(|watch| watch.head(&mut response));
                Ok(response.map(|body| ResponseBody::new(body, watch)))
            }
            Err(error) => {
                let code = errors::code(&error);
                watch.iter_mut().for_each(|watch| watch.end(Some(Failure::Service(code))));
                Err(error)
            }
        })
    }
}
