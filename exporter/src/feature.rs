//! The advice for a setting whose feature the program lacks.

/// The reason why a setting has no effect, and the command that adds its feature.
pub(crate) fn missing(setting: &str, feature: &str) -> String {
    format!(
        "{setting} takes the feature `{feature}` of tickmetrics-exporter: cargo add \
         tickmetrics-exporter --features {feature}"
    )
}
