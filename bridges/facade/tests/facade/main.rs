//! The recorder, as programs use it, and beside that of `metrics-exporter-prometheus`.

mod beside;
mod cases;
mod derived;
mod differences;
mod exemplars;
mod idle;
mod layers;
mod readers;
mod recording;
mod troubles;
mod versions;

use tickmetrics::Registry;
use tickmetrics_facade::{FacadeBuilder, FacadeHandle, FacadeRecorder};

/// A builder with a registry of its own.
fn builder() -> FacadeBuilder {
    FacadeBuilder::new().registry(&Registry::new())
}

/// A recorder with a registry of its own.
fn recorder() -> (FacadeRecorder, FacadeHandle) {
    let recorder = builder().build().unwrap();
    let handle = recorder.handle();
    (recorder, handle)
}

/// Whether an exposition has a line.
#[track_caller]
fn has_line(handle: &FacadeHandle, line: &str) {
    let text = handle.render();
    assert!(text.lines().any(|it| it == line), "{line} is not in\n{text}");
}
