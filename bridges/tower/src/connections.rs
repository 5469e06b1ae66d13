use pin_project_lite::pin_project;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tickmetrics::{Counter, Description, RegisterError, Registry, UpDownCounter};
use tower_layer::Layer;
use tower_service::Service;

/// Counts connections: `http_connections_active` and `http_connections_total`.
///
/// A layer of requests does not see connections, so this is one of its own. Under axum it is a layer
/// around the router's make service, of which a server takes one service for each connection:
///
/// ```no_run
/// # #[cfg(feature = "axum")]
/// # async fn serve() -> Result<(), Box<dyn std::error::Error>> {
/// use axum::Router;
/// use tickmetrics::Registry;
/// use tickmetrics_tower::Connections;
/// use tower_layer::Layer;
///
/// let app: Router = Router::new();
/// let connections = Connections::register(Registry::global())?;
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
/// axum::serve(listener, connections.layer(app.into_make_service())).await?;
/// # Ok(())
/// # }
/// ```
///
/// Under tonic, whose server takes a stream of connections, [`count`](Self::count) each of the stream
/// (feature `tonic`).
///
/// Connections are counted from their acceptance to their close. One that was upgraded, to a WebSocket,
/// counts until then under axum.
#[derive(Clone, Copy, Debug)]
pub struct Connections {
    active: UpDownCounter,
    total: Counter,
}

impl Connections {
    /// The metrics of this name in a registry.
    ///
    /// # Errors
    /// The registry has a metric of this name with other properties.
    pub fn register(registry: &Registry) -> Result<Self, RegisterError> {
        let active = Description::new("http_connections_active", "Connections that are open.");
        let total = Description::new("http_connections_total", "Connections that were accepted.");
        Ok(Self { active: registry.register(&active)?, total: registry.register(&total)? })
    }

    /// Counts a connection until the last clone of the answer is dropped.
    pub fn count<T>(&self, connection: T) -> Counted<T> {
        self.active.inc();
        self.total.inc();
        Counted { inner: connection, open: Arc::new(Open(self.active)) }
    }
}

struct Open(UpDownCounter);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// A connection that is counted, or the service of one.
#[derive(Clone)]
pub struct Counted<T> {
    pub(crate) inner: T,
    /// Held for its drop.
    open: Arc<Open>,
}

impl<T> Counted<T> {
    /// The connection.
    pub fn get_ref(&self) -> &T {
        &self.inner
    }
}

impl<T: fmt::Debug> fmt::Debug for Counted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Counted").field("inner", &self.inner).finish_non_exhaustive()
    }
}

impl<T: Service<R>, R> Service<R> for Counted<T> {
    type Response = T::Response;
    type Error = T::Error;
    type Future = T::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), T::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: R) -> T::Future {
        self.inner.call(request)
    }
}

impl<M> Layer<M> for Connections {
    type Service = CountedMake<M>;

    fn layer(&self, inner: M) -> CountedMake<M> {
        CountedMake { inner, connections: *self }
    }
}

/// Makes a service for each connection, and counts it until the service is dropped.
#[derive(Clone, Debug)]
pub struct CountedMake<M> {
    inner: M,
    connections: Connections,
}

impl<M: Service<T>, T> Service<T> for CountedMake<M> {
    type Response = Counted<M::Response>;
    type Error = M::Error;
    type Future = MakeFuture<M::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), M::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, target: T) -> Self::Future {
        // Counted from now on: the future may take its time.
        MakeFuture { counted: self.connections.count(()), inner: self.inner.call(target) }
    }
}

pin_project! {
    /// The service of a connection, in the making.
    pub struct MakeFuture<F> {
        #[pin]
        inner: F,
        counted: Counted<()>,
    }
}

impl<F> fmt::Debug for MakeFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MakeFuture").finish_non_exhaustive()
    }
}

impl<F: Future<Output = Result<S, E>>, S, E> Future for MakeFuture<F> {
    type Output = Result<Counted<S>, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let service = ready!(this.inner.poll(context));
        let open = Arc::clone(&this.counted.open);
        Poll::Ready(service.map(|inner| Counted { inner, open }))
    }
}
