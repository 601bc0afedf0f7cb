//! Sums and means that do not lose digits over many samples.

use super::input::no_samples;
use crate::Result;

/// A sum of `f64` with what rounding took from it. Neumaier 1974, "Rundungsfehleranalyse einiger Verfahren zur
/// Summation endlicher Summen".
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Sum {
    sum: f64,
    rest: f64,
}

impl Sum {
    pub(super) fn add(&mut self, x: f64) {
        let sum = self.sum + x;
        self.rest += if self.sum.abs() >= x.abs() { (self.sum - sum) + x } else { (x - sum) + self.sum };
        self.sum = sum;
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.add(other.sum);
        self.rest += other.rest;
    }

    pub(super) fn value(self) -> f64 {
        // Past the largest number the rest is none.
        if self.sum.is_finite() { self.sum + self.rest } else { self.sum }
    }
}

/// The mean of numbers, one for each sample.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Mean {
    total: Sum,
    count: u64,
}

impl Mean {
    pub(super) fn extend(&mut self, values: impl IntoIterator<Item = f64>) {
        for x in values {
            self.total.add(x);
            self.count += 1;
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.total.merge(other.total);
        self.count += other.count;
    }

    pub(super) fn value(&self, owner: &'static str) -> Result<f64> {
        if self.count == 0 {
            return Err(no_samples(owner));
        }
        Ok(self.total.value() / self.count as f64)
    }
}
