//! The checks: the name of each, how severe its finding is, and why it matters.

use crate::place::{Place, Source};
use crate::report::{self, Finding, Severity};
use std::sync::Arc;

macro_rules! checks {
    ($($(#[doc = $doc:literal])+ $name:ident = $id:literal, $severity:ident, $why:literal;)*) => {
        /// A check.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Check {
            $($(#[doc = $doc])+ $name,)*
        }

        impl Check {
            /// All checks.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// Its name, as findings and waivers have it.
            pub fn id(self) -> &'static str {
                match self {
                    $(Self::$name => $id,)*
                }
            }

            /// How severe its findings are.
            pub fn severity(self) -> Severity {
                match self {
                    $(Self::$name => Severity::$severity,)*
                }
            }

            /// The same for reports.
            pub fn reported(self) -> &'static report::Check {
                match self {
                    $(Self::$name => &report::Check { id: $id, about: $why },)*
                }
            }

            /// Why it matters: one sentence.
            pub fn why(self) -> &'static str {
                match self {
                    $(Self::$name => $why,)*
                }
            }
        }
    };
}

checks! {
    /// A metric that no service has and no rule records.
    UnknownMetric = "unknown-metric", Error,
        "An expression about a metric that does not exist has no result, and its alert never fires.";
    /// A metric that no service has, beside one that is there.
    UnknownAlternative = "unknown-alternative", Note,
        "The name may be that of another version; if it is not, it is one that does not exist.";
    /// A label that the metric does not have.
    UnknownLabel = "unknown-label", Error,
        "A missing label is the empty text, so the matcher or the grouping does nothing that was meant.";
    /// A value that the label never has.
    ImpossibleValue = "impossible-value", Error,
        "No series has the value, so the selector is always empty.";
    /// Matchers or comparisons that exclude each other.
    Contradiction = "contradiction", Error,
        "No value fulfils both conditions, so the expression has no result.";
    /// A threshold that a quantile of classic buckets can't exceed.
    ThresholdAboveTopBucket = "threshold-above-top-bucket", Error,
        "A quantile of classic buckets is at most the top edge, even if every value is above it.";
    /// A threshold above the declared maximum.
    ThresholdAboveMax = "threshold-above-max", Warning,
        "Values above the declared maximum are out of the histogram's range: they are counted apart.";
    /// A threshold between two bucket edges.
    ThresholdBetweenEdges = "threshold-between-edges", Note,
        "Within a bucket the quantile is interpolated, so the alert fires too early or too late.";
    /// A threshold that seems to be in another unit than the value.
    ThresholdUnit = "threshold-unit", Error,
        "The value has another unit than the threshold, so the comparison never holds or always does.";
    /// A threshold outside of the range of the value.
    ValueOutOfRange = "value-out-of-range", Error,
        "The value never leaves its range, so the comparison never holds.";
    /// A comparison that holds for every value.
    AlwaysTrue = "always-true", Error,
        "The comparison holds for each value that there can be, so it decides nothing.";
    /// A burn rate above the one at which everything fails.
    BurnRateUnreachable = "burn-rate-unreachable", Error,
        "Even if all events are bad, the ratio is 1, so the alert can't fire.";
    /// A ratio whose two sides are the same series.
    RatioOfItself = "ratio-of-itself", Error,
        "A division matches series with equal labels, so each series is divided by itself: always 1.";
    /// A quantile of something that has no buckets.
    QuantileOfNoBuckets = "quantile-of-no-buckets", Error,
        "histogram_quantile needs the series of the buckets.";
    /// A quantile of counts since the start.
    QuantileWithoutRate = "quantile-without-rate", Warning,
        "Buckets count since the process began, so this is the quantile of all that time.";
    /// A quantile of buckets whose edges were aggregated away.
    QuantileLosesLe = "quantile-loses-le", Error,
        "Without the label le there are no edges, and the quantile has no result.";
    /// A rate of a gauge.
    RateOfGauge = "rate-of-gauge", Error,
        "rate, irate and increase take each fall of a value for a restart, and a gauge falls.";
    /// A difference of a counter.
    DeltaOfCounter = "delta-of-counter", Error,
        "delta, idelta, deriv and predict_linear do not notice that a counter restarted at 0.";
    /// A rate of a sum of counters.
    RateAfterSum = "rate-after-sum", Error,
        "When one of the counters restarts, their sum or maximum falls, and the rate takes what is left for an increase.";
    /// An alert about a counter's total.
    LatchedCounter = "latched-counter", Warning,
        "A counter does not fall, so the alert fires until the process restarts.";
    /// An increase that misses the first event.
    FirstEventMissed = "first-event-missed", Warning,
        "The series begins with its first event, and an increase needs a value before it.";
    /// A matcher on an edge that is written in one of two ways.
    LeForm = "le-form", Warning,
        "Prometheus 3 stores whole edges as 1.0, and Prometheus 2 as the exporter writes them.";
    /// A range that has fewer than two samples.
    ShortRange = "short-range", Warning,
        "A rate needs two samples within its range, and more in case that a scrape fails.";
    /// Operands that have no labels in common.
    JoinLabelsDiffer = "join-labels-differ", Error,
        "Series match where their labels are equal, and these never are.";
    /// A fixed range in a panel.
    FixedRange = "fixed-range", Note,
        "A range that is shorter than the resolution of a panel leaves out values between its points.";
    /// An alert whose `for` is shorter than an evaluation interval.
    ForShorterThanInterval = "for-shorter-than-interval", Note,
        "Rules are evaluated once in an interval, so the time is rounded up to it.";
    /// An alert about absence without a `for`.
    AbsentWithoutFor = "absent-without-for", Warning,
        "One failed scrape or a restart of Prometheus makes it fire.";
    /// A rule that is there twice.
    Duplicate = "duplicate", Warning,
        "Both rules write the same series or send the same alert.";
    /// A template with a label that the result does not have.
    TemplateLabelGone = "template-label-gone", Error,
        "The label was aggregated away, so the text has nothing in its place.";
    /// A panel whose unit is not that of its metric.
    PanelUnit = "panel-unit", Error,
        "The axis shows numbers of another unit.";
    /// A metric that no rule and no dashboard has.
    UnusedMetric = "unused-metric", Note,
        "Nobody sees a metric that is in no rule and in no panel.";
    /// A waiver of an unknown check, or one that nothing needs.
    UselessWaiver = "useless-waiver", Warning,
        "A waiver that matches nothing hides the next fault.";
    /// An expression that is not read.
    NotChecked = "not-checked", Note,
        "The expression may be right: this program can't read it.";
}

impl Check {
    /// A finding of this check, with the reason.
    pub(super) fn finding(
        self,
        source: &Arc<Source>,
        place: Place,
        message: impl Into<String>,
    ) -> Finding {
        Finding::new(self.severity(), self.reported(), source, place, message).note(self.why())
    }

    /// The check of a name.
    pub fn named(id: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|check| check.id() == id)
    }
}
