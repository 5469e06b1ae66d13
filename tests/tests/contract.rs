//! The public interface, as a program: names and signatures that must not change.

use tickmetrics::prelude::*;

#[derive(Clone, Copy, PartialEq, Debug, Label)]
enum Side {
    Buy,
    Sell,
}

#[derive(Clone, Copy, Label)]
#[label(capacity = 4096)]
struct Symbol(LabelId);

#[derive(Clone, Copy, Labels)]
struct OrderLabels {
    symbol: Symbol,
    side: Side,
}

#[derive(Metrics)]
#[metrics(prefix = "execution")]
struct ExecutionMetrics {
    /// Orders submitted to the venue.
    orders_submitted: Counter<OrderLabels>,
    /// Orders rejected before they left.
    rejected: Counter,
    /// Time from submission to fill.
    #[metric(unit = "seconds", sigfigs = 2, max = "10s", buckets = ["1us", "10us", "100us", "1ms"])]
    fill_latency: Histogram,
    /// Slippage against the arrival price.
    #[metric(name = "execution_slippage_bps", scale = 0.01)]
    slippage: Histogram<Symbol>,
    /// Requests the venue still allows.
    rate_limit_remaining: Gauge,
    /// Orders in flight.
    in_flight: UpDownCounter,
}

#[test]
fn record_and_look_up() -> Result<(), Box<dyn std::error::Error>> {
    let registry = Registry::new();
    let m = ExecutionMetrics::register(&registry)?;
    m.orders_submitted.with(OrderLabels { symbol: Symbol::intern("AAPL"), side: Side::Buy }).inc();
    assert_ne!(Side::Buy, Side::Sell);
    m.rejected.add(3);
    m.fill_latency.record(1_500);
    m.fill_latency.record_duration(std::time::Duration::from_micros(2));
    m.fill_latency.record_corrected(1_500, 1_000);
    let timer = m.fill_latency.start();
    drop(timer);
    m.fill_latency.start().discard();
    let answer = m.fill_latency.time(|| 42);
    m.slippage.with(Symbol::intern("AAPL")).record_f64(12.34);
    m.rate_limit_remaining.set(99.0);
    m.in_flight.add(1);
    m.in_flight.sub(1);

    let s = registry.snapshot();
    assert_eq!(answer, 42);
    assert_eq!(s.counter("execution_rejected_total", &[]), Some(3));
    let apple = [("symbol", "AAPL"), ("side", "buy")];
    assert_eq!(s.counter("execution_orders_submitted_total", &apple), Some(1));
    assert_eq!(s.counter("execution_orders_submitted_total", &[("symbol", "AAPL")]), None);
    assert_eq!(s.counter("no_such_metric", &[]), None);
    assert_eq!(s.gauge("execution_rate_limit_remaining", &[]), Some(99.0));
    assert_eq!(s.gauge("execution_in_flight", &[]), Some(0.0));

    let h: &HistogramSnapshot = s.histogram("execution_fill_latency_seconds", &[]).unwrap();
    // 1,500 and 2,000 ns, 1,500 ns corrected by nothing (500 is less than the interval), two timed.
    let (count, sum, min, max, p99): (u64, f64, Option<f64>, Option<f64>, Option<f64>) =
        (h.count(), h.sum(), h.min(), h.max(), h.quantile(0.99));
    assert_eq!(count, 5);
    assert!(sum >= 5e-6 && min.unwrap() <= 1.5e-6 && max.unwrap() >= 2e-6 && p99.is_some());
    let hdr: hdrhistogram::Histogram<u64> = h.to_hdr();
    assert_eq!(hdr.len(), 5);
    let slippage = s.histogram("execution_slippage_bps", &[("symbol", "AAPL")]).unwrap();
    assert_eq!((slippage.sum(), slippage.max()), (12.34, Some(12.34)));

    registry.gauge_fn("process_queue_depth", "Depth of the queue.", || 7.0)?;
    assert_eq!(registry.snapshot().gauge("process_queue_depth", &[]), Some(7.0));
    Ok(())
}

struct Tick;
struct Order;
#[derive(Debug)]
struct Ack;
#[derive(Debug)]
struct Reject;

#[timed]
fn on_tick(_tick: &Tick) {}

struct Gateway;

impl Gateway {
    #[timed(ExecutionMetrics::global().fill_latency)]
    fn submit(&self, _order: Order) -> Result<Ack, Reject> {
        let Self = self;
        Err(Reject)
    }
}

#[timed(sample = 64)]
fn often() {}

#[timed(outcome)]
async fn route(_order: Order) -> Result<Ack, Reject> {
    std::future::ready(Ok(Ack)).await
}

#[test]
fn timed_functions_land_in_the_global_registry() {
    on_tick(&Tick);
    assert!(Gateway.submit(Order).is_err());
    (0..65).for_each(|_| often());
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(Future::poll(std::pin::pin!(route(Order)), &mut context).is_ready());

    let s = Registry::global().snapshot();
    let of = |function: &'static str| [("module", module_path!()), ("function", function)];
    assert_eq!(s.counter("function_calls_total", &of("on_tick")), Some(1));
    assert_eq!(s.histogram("function_duration_seconds", &of("on_tick")).unwrap().count(), 1);
    assert_eq!(s.histogram("execution_fill_latency_seconds", &[]).unwrap().count(), 1);
    assert_eq!(s.counter("function_calls_total", &of("often")), Some(65));
    assert_eq!(s.histogram("function_duration_seconds", &of("often")).unwrap().count(), 2);
    let ok = [of("route")[0], of("route")[1], ("outcome", "ok")];
    assert_eq!(s.counter("function_calls_total", &ok), Some(1));
}

#[test]
fn an_exporter_serves_them() -> Result<(), Box<dyn std::error::Error>> {
    let registry = Registry::new();
    ExecutionMetrics::register(&registry)?.rejected.inc();
    let exporter = tickmetrics_exporter::Exporter::builder()
        .registry(&registry)
        .listen("127.0.0.1:0")
        .pin_to_core(0)
        .start()?;
    assert!(exporter.local_addr().unwrap().ip().is_loopback());
    let mut out = String::new();
    tickmetrics_exporter::encode::text(&registry.snapshot(), &mut out);
    assert!(out.contains("\nexecution_rejected_total 1\n"), "{out}");
    exporter.shutdown();
    Ok(())
}

#[test]
fn everything_is_send_and_sync() {
    fn check<T: Send + Sync>() {}
    fn check_copy<T: Copy + Send + Sync>() {}
    check::<Registry>();
    check::<Snapshot>();
    check::<ExecutionMetrics>();
    check_copy::<Counter<OrderLabels>>();
    check_copy::<UpDownCounter<OrderLabels>>();
    check_copy::<Gauge<OrderLabels>>();
    check_copy::<Histogram<OrderLabels>>();
    check::<tickmetrics_exporter::Exporter>();
}
