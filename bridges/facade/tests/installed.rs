//! The recorder of the process.

use metrics::counter;
use tickmetrics::Registry;
use tickmetrics_facade::{BuildError, FacadeBuilder};

#[test]
fn one_recorder_is_installed() {
    let handle = FacadeBuilder::new().install().unwrap();
    assert!(matches!(FacadeBuilder::new().install(), Err(BuildError::Installed)));
    assert!(handle.is_installed());
    std::thread::spawn(|| counter!("events").increment(2)).join().unwrap();
    counter!("events").increment(1);
    handle.run_upkeep();
    assert!(handle.render().contains("\nevents 3\n"));
    assert_eq!(Registry::global().snapshot().counter("events", &[]), Some(3));
}
