//! How scores become classes.

use super::input::{argmax, at_least, scores};
use crate::{ErrorKind, Result};
use tensor::Element;
use tensor::ndarray::{ArrayRef, Dimension};

/// The class of the largest score, the first of equal ones; or class 1 for a single score that is not below a
/// threshold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Decision {
    pub(super) classes: usize,
    threshold: Option<f64>,
}

impl Decision {
    pub(super) fn largest(owner: &'static str, classes: usize) -> Result<Self> {
        at_least(owner, "the number of classes", 2, classes)?;
        Ok(Self { classes, threshold: None })
    }

    pub(super) fn threshold(owner: &'static str, threshold: f64) -> Result<Self> {
        if threshold.is_nan() {
            let (name, expected) = ("the threshold", "a number");
            return Err(ErrorKind::Setting { owner, name, expected, got: threshold }.into());
        }
        Ok(Self { classes: 2, threshold: Some(threshold) })
    }

    /// The classes of all samples.
    pub(super) fn decide<T: Element, D: Dimension>(
        &self,
        owner: &'static str,
        prediction: &ArrayRef<T, D>,
        labels: &[usize],
    ) -> Result<Vec<usize>> {
        let width = if self.threshold.is_some() { 1 } else { self.classes };
        let scores = scores(owner, prediction, labels, (width, self.classes))?;
        let class = |row: &[f64]| match self.threshold {
            Some(threshold) => usize::from(row[0] >= threshold),
            None => argmax(row),
        };
        Ok(scores.chunks_exact(width).map(class).collect())
    }
}
