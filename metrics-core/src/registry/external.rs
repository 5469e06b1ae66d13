//! External labels, checked like those of metrics.

use super::description::Description;
use super::error::RegisterError;
use crate::directory::Kind;
use crate::snapshot::ExternalLabels;

impl ExternalLabels {
    /// These labels, in this order.
    ///
    /// # Errors
    /// [`RegisterError::InvalidLabel`]: a name that no label can have, or that a histogram needs
    /// (`le`, `quantile`), a repeated name, or a value of more than 1,024 bytes.
    pub fn new<N: Into<String>, V: Into<String>>(
        labels: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Self, RegisterError> {
        let labels: Vec<_> =
            labels.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        // The rules for the labels of a metric with every setting.
        let all = Description::new("all metrics", "All.").quantiles([0.5]);
        let with = |to: Description, (name, value): &(String, String)| to.constant(name, value);
        let mut all = labels.iter().fold(all, with);
        all.complete(Kind::Histogram, Vec::new());
        all.check()?;
        Ok(Self::of_checked(labels))
    }
}
