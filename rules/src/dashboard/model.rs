//! A dashboard, whatever its form: rows of panels, with what each panel asks and how it shows it.

/// A dashboard.
#[derive(Clone, Debug)]
pub(super) struct Dashboard {
    pub(super) uid: String,
    pub(super) title: String,
    pub(super) description: String,
    pub(super) variables: Vec<Variable>,
    /// The series of alerts that fire, which are marked in all panels.
    pub(super) firing: Option<String>,
    pub(super) rows: Vec<Row>,
}

/// A variable with the values of a label. All of them are chosen at first.
#[derive(Clone, Debug)]
pub(super) struct Variable {
    pub(super) name: &'static str,
    /// What the user sees instead of the name.
    pub(super) title: &'static str,
    /// `label_values(metric, label)`.
    pub(super) query: String,
    /// What "all" stands for, if not for the list of all values.
    pub(super) all: Option<&'static str>,
}

/// A row of panels with a title.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) title: String,
    pub(super) is_collapsed: bool,
    pub(super) panels: Vec<Panel>,
}

/// A panel.
#[derive(Clone, Debug)]
pub(super) struct Panel {
    pub(super) title: String,
    pub(super) description: String,
    pub(super) visual: Visual,
    /// Grafana's identifier of a unit.
    pub(super) unit: String,
    pub(super) decimals: Option<u8>,
    /// Where the axis begins.
    pub(super) min: Option<f64>,
    pub(super) targets: Vec<Target>,
    pub(super) thresholds: Vec<Step>,
    pub(super) mappings: Vec<Mapping>,
    pub(super) links: Vec<Link>,
    /// What is shown without data.
    pub(super) no_value: Option<&'static str>,
    /// How urgent it is to see this panel.
    pub(super) rank: Rank,
}

/// How a panel shows its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Visual {
    /// Lines.
    Lines,
    /// Lines on a logarithmic axis.
    LogLines,
    /// Large numbers.
    Stat {
        /// Whether the trend is behind the number.
        has_trend: bool,
        /// Whether thresholds and mappings colour all of the panel.
        is_filled: bool,
        /// Whether the names of the series are shown, and no numbers.
        is_name: bool,
    },
    /// A distribution over time.
    Heatmap {
        /// Whether it is one of native buckets.
        is_native: bool,
    },
}

/// A query.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) expr: String,
    /// The name of each series, with labels as `{{label}}`.
    pub(super) legend: String,
    /// Whether it asks for one moment only.
    pub(super) is_instant: bool,
    pub(super) has_exemplars: bool,
}

/// A step of thresholds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Step {
    /// The least value of the step. Without one, it is the lowest step.
    pub(super) from: Option<f64>,
    pub(super) color: &'static str,
}

/// The text and colour of a value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mapping {
    pub(super) value: f64,
    pub(super) text: &'static str,
    pub(super) color: &'static str,
}

/// A link to another page.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Link {
    pub(super) title: String,
    pub(super) url: String,
}

/// How urgent it is to see a panel: by what is declared for its metric.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    P0,
    P1,
    P2,
    #[default]
    Plain,
}

impl Visual {
    pub(super) const TREND: Self = Self::Stat { has_trend: true, is_filled: false, is_name: false };
    pub(super) const BIG: Self = Self::Stat { has_trend: false, is_filled: false, is_name: false };
    pub(super) const STATE: Self = Self::Stat { has_trend: false, is_filled: true, is_name: false };
    pub(super) const NAME: Self = Self::Stat { has_trend: false, is_filled: false, is_name: true };

    pub(super) fn is_stat(self) -> bool {
        matches!(self, Self::Stat { .. })
    }

    pub(super) fn is_heatmap(self) -> bool {
        matches!(self, Self::Heatmap { .. })
    }
}

impl Panel {
    pub(super) fn new(
        title: impl Into<String>,
        visual: Visual,
        unit: impl Into<String>,
        targets: Vec<Target>,
    ) -> Self {
        Self {
            title: title.into(),
            description: String::new(),
            visual,
            unit: unit.into(),
            decimals: None,
            min: None,
            targets,
            thresholds: Vec::new(),
            mappings: Vec::new(),
            links: Vec::new(),
            no_value: None,
            rank: Rank::default(),
        }
    }
}

impl Target {
    /// A query over the time that is shown.
    pub(super) fn range(expr: impl Into<String>, legend: impl Into<String>) -> Self {
        Self { expr: expr.into(), legend: legend.into(), is_instant: false, has_exemplars: false }
    }

    /// A query of the last moment.
    pub(super) fn instant(expr: impl Into<String>, legend: impl Into<String>) -> Self {
        Self { is_instant: true, ..Self::range(expr, legend) }
    }

    /// With the exemplars of the series.
    #[must_use]
    pub(super) fn exemplars(self) -> Self {
        Self { has_exemplars: true, ..self }
    }
}
