use crate::end::Failure;
use crate::errors;
use crate::watch::Watch;
use bytes::Buf as _;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

pin_project! {
    /// The body of a response of a [`RequestService`](crate::RequestService). The request ends with it.
    #[derive(Default)]
    pub struct ResponseBody<B> {
        #[pin]
        inner: B,
        watch: Option<Box<Watch>>,
    }
}

impl<B> ResponseBody<B> {
    pub(crate) fn new(inner: B, watch: Option<Box<Watch>>) -> Self {
        Self { inner, watch }
    }
}

impl<B: fmt::Debug> fmt::Debug for ResponseBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseBody").field("inner", &self.inner).finish_non_exhaustive()
    }
}

impl<B: Body<Error: 'static>> Body for ResponseBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let mut this = self.project();
        let Some(watch) = this.watch else { return this.inner.poll_frame(context) };
        let frame = ready!(watch.work(|| this.inner.as_mut().poll_frame(context)));
        match &frame {
            Some(Ok(frame)) => {
                if let Some(data) = frame.data_ref() {
                    watch.sent(data.remaining());
                }
                if let Some(trailers) = frame.trailers_ref() {
                    watch.trailers(trailers);
                }
                if frame.is_trailers() || this.inner.is_end_stream() {
                    watch.end(None);
                }
            }
            Some(Err(error)) => watch.end(Some(Failure::Body(errors::code(error)))),
            None => watch.end(None),
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
