//! Two services of a trading system: a gateway that takes orders over HTTP, and the matching of them
//! behind it, over gRPC. Each shows all of its metrics on one endpoint, whoever counted them.
//!
//! | module | what it is | what counts and times it |
//! |---|---|---|
//! | `gateway`, `matching` | the services | `tickmetrics`, layers of requests, `tracing`, tokio |
//! | `limits` | checks of orders, from an older library | the crates `prometheus` and `log` |
//! | `pool` | orders at hand, from a library | the crate `metrics` |
//! | `telemetry` | the endpoint, logs and traces | |

mod args;
mod gateway;
mod limits;
mod matching;
mod pool;
mod telemetry;

use args::{Args, Service};
use std::error::Error;
use std::process::ExitCode;
use telemetry::Telemetry;

/// The service's messages and its server, made of `proto/matching.proto`.
mod proto {
    #![allow(missing_docs, unreachable_pub, clippy::pedantic, reason = "generated")]

    tonic::include_proto!("matching.v1");

    /// The encoded `FileDescriptorSet`.
    pub const DESCRIPTOR: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/matching.bin"));
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = match Args::parse(lexopt::Parser::from_env()) {
        Ok(Some(args)) => args,
        Ok(None) => {
            print!("{}", args::HELP);
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("orders: {error}; `orders --help` lists the options");
            return ExitCode::from(2);
        }
    };
    match run(args).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("orders: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: Args) -> Result<(), Box<dyn Error>> {
    let telemetry = Telemetry::start(args.service.name(), args.metrics)?;
    match args.service {
        Service::Gateway { matching } => {
            gateway::serve(args.listen, matching, telemetry.tasks()).await?;
        }
        Service::Matching => matching::serve(args.listen, telemetry.tasks()).await?,
    }
    telemetry.end().await
}
