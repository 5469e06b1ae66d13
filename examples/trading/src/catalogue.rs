//! The catalogues of the services, from which rules and dashboards are made and checked.

use crate::feed::{Feed, Simulated};
use crate::path::{Path, Registries};
use std::fs;
use tickmetrics::Registry;
use tickmetrics_exporter::ProcessMetrics;
use tickmetrics_rules::Catalogue;

/// The events after which each timed function has been called, and so is registered.
const EVENTS: usize = 100_000;

/// Writes a file for each service into a directory, which may be new.
///
/// # Errors
/// The file that can't be written, and why.
pub(crate) fn write(
    directory: &std::path::Path,
    registries: &Registries,
    mut path: Path,
    seed: u64,
) -> Result<(), String> {
    let mut feed = Simulated::new(seed, 0);
    std::iter::from_fn(|| feed.next()).take(EVENTS).for_each(|event| path.on_event(&event));
    let shown = directory.display();
    fs::create_dir_all(directory).map_err(|error| format!("can't make {shown}: {error}"))?;
    for catalogue in catalogues(registries) {
        let file = directory.join(catalogue.service.as_deref().unwrap_or_default());
        let file = file.with_extension("json");
        let shown = file.display();
        fs::write(&file, catalogue.to_json())
            .map_err(|error| format!("can't write {shown}: {error}"))?;
    }
    Ok(())
}

/// What each service's endpoint exposes.
fn catalogues(registries: &Registries) -> [Catalogue; 3] {
    let Registries { market_data, execution, risk } = registries;
    let mut process = Registry::new().snapshot();
    ProcessMetrics::new().add_to(&mut process);
    let first = [market_data, Registry::global()].map(Catalogue::of_registry);
    let first = first.into_iter().chain([Catalogue::of_snapshot(&process)]);
    let first = Catalogue::new(first.flat_map(|it| it.families().to_vec()));
    [
        first.service("market-data"),
        Catalogue::of_registry(execution).service("execution"),
        Catalogue::of_registry(risk).service("risk"),
    ]
}

#[cfg(test)]
mod tests {
    use super::write;
    use crate::path::{Path, Registries};
    use std::fs;
    use tickmetrics_rules::Catalogue;

    #[test]
    fn each_service_has_a_file_with_its_declarations() {
        let directory = std::env::temp_dir().join(format!("trading-{}", std::process::id()));
        let registries = Registries::default();
        let path = Path::new(&registries, 1).unwrap();
        write(&directory, &registries, path, 1).unwrap();
        let mut counts = Vec::new();
        for service in ["market-data", "execution", "risk"] {
            let text = fs::read_to_string(directory.join(format!("{service}.json"))).unwrap();
            let catalogue = Catalogue::from_json(&text).unwrap();
            assert_eq!(catalogue.service.as_deref(), Some(service));
            let families = catalogue.families();
            let objectives: usize = families.iter().map(|it| it.objectives.len()).sum();
            let alerts: usize = families.iter().map(|it| it.alerts.len()).sum();
            let panels = families.iter().filter(|it| it.panel.is_some()).count();
            counts.push((objectives, alerts, panels));
        }
        fs::remove_dir_all(&directory).unwrap();
        assert_eq!(counts, [(1, 3, 4), (2, 4, 7), (0, 2, 4)]);
    }
}
