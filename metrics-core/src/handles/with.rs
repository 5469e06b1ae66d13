//! The series of a metric with labels.

use super::counter::{Counter, UpDownCounter};
use super::gauge::Gauge;
use super::histogram::Histogram;
use crate::labels::{Labels, series, stand_in};

// `with` returns a series. `declare` does too, and the series is exposed from now on even if it
// stays at zero, so that a rate over it starts from the first event. Otherwise a series of interned
// labels is exposed once it was touched.

impl<L: Labels> Counter<L> {
    /// The series with these labels.
    #[inline]
    pub fn with(&self, labels: L) -> Counter {
        let cells = self.cells.at(series(labels));
        Counter { cells, scale: self.scale, is_time: self.is_time }
    }

    /// The series with these labels, exposed from now on.
    pub fn declare(&self, labels: L) -> Counter {
        self.cells.declare(series(labels));
        self.with(labels)
    }
}

impl<L: Labels> UpDownCounter<L> {
    /// The series with these labels.
    #[inline]
    pub fn with(&self, labels: L) -> UpDownCounter {
        UpDownCounter { cells: self.cells.at(series(labels)) }
    }

    /// The series with these labels, exposed from now on.
    pub fn declare(&self, labels: L) -> UpDownCounter {
        self.cells.declare(series(labels));
        self.with(labels)
    }
}

impl<L: Labels> Gauge<L> {
    /// The series with these labels.
    #[inline]
    pub fn with(&self, labels: L) -> Gauge {
        Gauge { cells: self.cells.at(series(labels)), per_unit: self.per_unit }
    }

    /// The series with these labels, exposed from now on.
    pub fn declare(&self, labels: L) -> Gauge {
        self.cells.declare(series(labels));
        self.with(labels)
    }
}

impl<L: Labels> Histogram<L> {
    /// The series with these labels.
    #[inline]
    pub fn with(&self, labels: L) -> Histogram {
        self.at(series(labels), stand_in::<L>)
    }

    /// The series with these labels, exposed from now on.
    pub fn declare(&self, labels: L) -> Histogram {
        self.declare_at(series(labels));
        self.with(labels)
    }
}
