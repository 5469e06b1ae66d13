/// How a dashboard shows a metric.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Panel {
    /// The title, if it is not made of the metric's name.
    pub title: String,
    /// The row, if it is not made of the name's first word.
    pub row: String,
    /// Labels of the metric whose values have lines of their own.
    pub by: Vec<String>,
    /// Whether the metric has no panel.
    pub hidden: bool,
}

impl Panel {
    /// A panel whose title and row are made of the metric's name.
    pub fn new() -> Self {
        Self::default()
    }

    /// The title.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// The row.
    #[must_use]
    pub fn row(mut self, row: impl Into<String>) -> Self {
        self.row = row.into();
        self
    }

    /// Labels of the metric whose values have lines of their own.
    #[must_use]
    pub fn by<L: Into<String>>(mut self, labels: impl IntoIterator<Item = L>) -> Self {
        self.by = labels.into_iter().map(Into::into).collect();
        self
    }

    /// No panel.
    #[must_use]
    pub fn hidden(mut self) -> Self {
        self.hidden = true;
        self
    }
}
