//! Files that tell Grafana about its data source and the dashboards
//! (<https://grafana.com/docs/grafana/latest/administration/provisioning/>).

use super::Settings;
use crate::output::Output;
use crate::query::duration;
use std::fmt::Write as _;
use std::time::Duration;

/// The label of exemplars that has the trace.
const TRACE: &str = "trace_id";

pub(super) fn files(settings: &Settings) -> [Output; 2] {
    [
        Output::new("provisioning/dashboards/tickmetrics.yml", provider(settings)),
        Output::new("provisioning/datasources/tickmetrics.yml", datasource(settings)),
    ]
}

fn provider(settings: &Settings) -> String {
    format!(
        "# Made by `tickmetrics dashboard`.
apiVersion: 1
providers:
  - name: tickmetrics
    type: file
    # Files are read again so often.
    updateIntervalSeconds: 10
    # Changes are made in the catalogues.
    allowUiUpdates: false
    options:
      path: {}
",
        scalar(&settings.folder)
    )
}

fn datasource(settings: &Settings) -> String {
    let Settings { datasource, prometheus, traces, scrape_interval, .. } = settings;
    let mut text = format!(
        "# Made by `tickmetrics dashboard`.
apiVersion: 1
datasources:
  - name: Prometheus
    uid: {}
    type: prometheus
    access: proxy
    url: {}
    jsonData:
      httpMethod: POST
      # That of the scrapes: rates need some of them.
      timeInterval: {}
",
        scalar(datasource),
        scalar(prometheus),
        interval(*scrape_interval),
    );
    if let Some(traces) = traces {
        // Into a string, which can't fail.
        let _ = write!(
            text,
            "      exemplarTraceIdDestinations:
        - name: {TRACE}
          datasourceUid: {}
",
            scalar(traces)
        );
    }
    text
}

/// A text as YAML: a string of JSON is one of YAML. Grafana puts the environment's variables in the
/// place of `$NAME`, and a `$` in the place of `$$`.
fn scalar(text: &str) -> String {
    serde_json::to_string(&text.replace('$', "$$")).unwrap_or_default()
}

fn interval(time: Duration) -> String {
    let whole = time.as_millis().is_multiple_of(1000);
    if whole { duration(time.as_secs()) } else { format!("{}ms", time.as_millis()) }
}
