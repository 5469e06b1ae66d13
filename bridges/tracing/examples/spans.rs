//! Durations of spans and counts of events on standard output, and logs of JSON on standard error.

use std::time::Duration;
use tickmetrics::Registry;
use tickmetrics::exemplar::{self, Scope};
use tickmetrics_tracing::JsonLogs;
use tracing::{info, info_span, warn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let metrics =
        tickmetrics_tracing::layer().fields(["venue"]).exemplars(exemplar::current).build()?;
    let logs = JsonLogs::new().with_writer(std::io::stderr);
    tracing_subscriber::registry().with(logs).with(metrics).init();

    for (order, venue) in [(1, "xnas"), (2, "xnys"), (3, "xnas")] {
        let _trace = Scope::enter(u128::from(order) << 64, order);
        info_span!("submit", venue, order).in_scope(|| {
            std::thread::sleep(Duration::from_millis(order));
            if order == 3 {
                warn!(order, "late");
            } else {
                info!(order, "filled");
            }
        });
    }

    let snapshot = Registry::global().snapshot();
    for (name, venue) in [("busy", "xnas"), ("busy", "xnys"), ("idle", "xnas")] {
        let name = format!("tracing_span_{name}_seconds");
        if let Some(times) = snapshot.histogram(&name, &[("span", "submit"), ("venue", venue)]) {
            println!("{name} at {venue}: {times:?}");
        }
    }
    Ok(())
}
