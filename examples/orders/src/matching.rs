//! The matching: takes orders over gRPC, and fills them against those that rest.

use crate::limits::Limits;
use crate::pool::Pool;
use crate::proto::matching_server::{Matching, MatchingServer};
use crate::proto::{self, DESCRIPTOR, Order, Outcome};
use std::collections::HashMap;
use std::error::Error;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use tickmetrics::prelude::*;
use tickmetrics_tower::{Connections, RequestLayer};
use tokio::net::TcpListener;
use tokio_metrics::TaskMonitor;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::Server;
use tonic::{Request, Response, Status};

#[derive(Metrics)]
#[metrics(prefix = "matching")]
struct MatchingMetrics {
    /// Quantity that was filled.
    filled: Counter,
    /// Time to match an order.
    #[metric(unit = "seconds", max = "1s", exemplars, buckets = ["1us", "10us", "100us", "1ms"])]
    cross: Histogram,
}

/// What rests at a price of a symbol: so much to buy if it is above 0, else to sell.
type Resting = HashMap<(String, u64), i64>;

struct Service {
    pool: Pool,
    limits: Limits,
    tasks: TaskMonitor,
    resting: Mutex<Resting>,
}

/// Serves until Ctrl-C.
pub(crate) async fn serve(address: SocketAddr, tasks: TaskMonitor) -> Result<(), Box<dyn Error>> {
    let requests = RequestLayer::grpc_server().native(3).descriptor_set(DESCRIPTOR)?.build()?;
    let connections = Connections::register(Registry::global())?;
    let service =
        Service { pool: Pool::new(), limits: Limits::new()?, tasks, resting: Mutex::default() };
    let listener = TcpListener::bind(address).await?;
    tracing::info!(address = %listener.local_addr()?, "orders are taken");
    let incoming = TcpListenerStream::new(listener)
        .map(move |stream| stream.map(|stream| connections.count(stream)));
    Server::builder()
        .layer(requests)
        .add_service(MatchingServer::new(service))
        .serve_with_incoming_shutdown(incoming, async {
            tokio::signal::ctrl_c().await.unwrap_or_default();
        })
        .await?;
    Ok(())
}

#[tonic::async_trait]
impl Matching for Service {
    async fn submit(&self, request: Request<Order>) -> Result<Response<Outcome>, Status> {
        let outcome = self.tasks.instrument(async { self.take(&request.into_inner()) }).await?;
        Ok(Response::new(outcome))
    }
}

/// The side as a label: without one, an order is to buy.
fn side(order: &Order) -> &'static str {
    if order.side() == proto::Side::Sell { "sell" } else { "buy" }
}

impl Service {
    #[tracing::instrument(skip_all, fields(side = side(order)))]
    fn take(&self, order: &Order) -> Result<Outcome, Status> {
        let _pending = self.pool.insert();
        if !self.limits.allow(order.quantity) {
            return Err(Status::invalid_argument("beyond the limits"));
        }
        let metrics = MatchingMetrics::global();
        let filled = metrics.cross.time(|| self.cross(order));
        metrics.filled.add(filled.into());
        tracing::info!(id = order.id, filled, "an order is matched");
        Ok(Outcome { filled })
    }

    /// Fills the order, and lets the rest of it rest.
    #[timed(exemplars)]
    fn cross(&self, order: &Order) -> u32 {
        let quantity = i64::from(order.quantity);
        let signed = if order.side() == proto::Side::Sell { -quantity } else { quantity };
        // A thread that panicked left a number there.
        let mut resting = self.resting.lock().unwrap_or_else(PoisonError::into_inner);
        let rests = resting.entry((order.symbol.clone(), order.price)).or_default();
        let against = if (*rests < 0) == (signed < 0) { 0 } else { rests.abs() };
        *rests = rests.saturating_add(signed);
        u32::try_from(against.min(quantity)).unwrap_or(order.quantity)
    }
}
