//! The gateway: takes orders over HTTP, checks them, and has them matched.

use crate::limits::Limits;
use crate::pool::Pool;
use crate::proto;
use crate::proto::matching_client::MatchingClient;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::routing::post;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tickmetrics::prelude::*;
use tickmetrics_tower::{Connections, RequestLayer, RequestService};
use tokio::net::TcpListener;
use tokio_metrics::TaskMonitor;
use tonic::transport::Channel;
use tower::Layer as _;

#[derive(Metrics)]
#[metrics(prefix = "gateway")]
struct GatewayMetrics {
    /// Orders that were sent to be matched.
    orders: Counter<Side>,
    /// Time to the answer of the matching.
    #[metric(unit = "seconds", max = "10s", exemplars, buckets = ["100us", "1ms", "10ms", "100ms"])]
    ack: Histogram,
}

#[derive(Clone, Copy, Debug, Deserialize, Label)]
#[serde(rename_all = "lowercase")]
enum Side {
    Buy,
    Sell,
}

impl Side {
    /// As the label has it.
    fn name(self) -> &'static str {
        match self {
            Self::Buy => "buy",
            Self::Sell => "sell",
        }
    }
}

/// An order as a client writes it.
#[derive(Debug, Deserialize)]
struct Asked {
    symbol: String,
    side: Side,
    quantity: u32,
    price: u64,
}

/// What the client is told.
#[derive(Debug, Serialize)]
struct Done {
    id: u64,
    filled: u32,
}

struct Gateway {
    pool: Pool,
    limits: Limits,
    tasks: TaskMonitor,
    matching: MatchingClient<RequestService<Channel>>,
    last_id: AtomicU64,
}

/// Serves until Ctrl-C.
pub(crate) async fn serve(
    address: SocketAddr,
    matching: Uri,
    tasks: TaskMonitor,
) -> Result<(), Box<dyn Error>> {
    let client = RequestLayer::grpc_client().build()?;
    let gateway = Gateway {
        pool: Pool::new(),
        limits: Limits::new()?,
        tasks,
        matching: MatchingClient::new(client.layer(Channel::builder(matching).connect_lazy())),
        last_id: AtomicU64::new(0),
    };
    let app = Router::new()
        .route("/orders", post(submit))
        .with_state(Arc::new(gateway))
        .layer(RequestLayer::http_server().native(3).build()?);
    let listener = TcpListener::bind(address).await?;
    tracing::info!(address = %listener.local_addr()?, "orders are taken");
    let connections = Connections::register(Registry::global())?;
    axum::serve(listener, connections.layer(app.into_make_service()))
        .with_graceful_shutdown(async { tokio::signal::ctrl_c().await.unwrap_or_default() })
        .await?;
    Ok(())
}

async fn submit(
    State(gateway): State<Arc<Gateway>>,
    Json(order): Json<Asked>,
) -> Result<Json<Done>, (StatusCode, String)> {
    gateway.tasks.instrument(gateway.submit(order)).await.map(Json)
}

impl Gateway {
    #[tracing::instrument(skip_all, fields(side = asked.side.name()))]
    async fn submit(&self, asked: Asked) -> Result<Done, (StatusCode, String)> {
        let _pending = self.pool.insert();
        if !self.limits.allow(asked.quantity) {
            return Err((StatusCode::UNPROCESSABLE_ENTITY, "beyond the limits\n".into()));
        }
        let side = asked.side;
        let order = self.encode(asked);
        let id = order.id;
        let metrics = GatewayMetrics::global();
        metrics.orders.with(side).inc();
        let ack = metrics.ack.start();
        let outcome = self.matching.clone().submit(order).await;
        drop(ack);
        let outcome = outcome.map_err(|status| {
            tracing::error!(id, %status, "an order has no outcome");
            (StatusCode::BAD_GATEWAY, "no outcome\n".into())
        })?;
        let filled = outcome.into_inner().filled;
        tracing::info!(id, filled, "an order is done");
        Ok(Done { id, filled })
    }

    #[timed(exemplars)]
    fn encode(&self, asked: Asked) -> proto::Order {
        let side = match asked.side {
            Side::Buy => proto::Side::Buy,
            Side::Sell => proto::Side::Sell,
        };
        proto::Order {
            // Relaxed: ids only need to differ.
            id: self.last_id.fetch_add(1, Ordering::Relaxed) + 1,
            symbol: asked.symbol,
            side: side.into(),
            quantity: asked.quantity,
            price: asked.price,
        }
    }
}
