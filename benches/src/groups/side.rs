//! The side of an order: a label that every library with enum labels can use.

use tickmetrics::Label;

#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Debug,
    Label,
    measured::FixedCardinalityLabel,
    fastmetrics::derive::EncodeLabelValue,
    fast_telemetry::DeriveLabel,
)]
#[label_name = "side"]
pub(crate) enum Side {
    Buy,
    Sell,
}

/// The output of `prometheus-client`.
impl prometheus_client::encoding::EncodeLabelValue for Side {
    fn encode(
        &self,
        encoder: &mut prometheus_client::encoding::LabelValueEncoder<'_>,
    ) -> std::fmt::Result {
        prometheus_client::encoding::EncodeLabelValue::encode(&self.as_str(), encoder)
    }
}

impl Side {
    pub(crate) const ALL: [Self; 2] = [Self::Buy, Self::Sell];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Buy => "buy",
            Self::Sell => "sell",
        }
    }
}
