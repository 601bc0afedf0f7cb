//! The normal distribution within bounds.

use crate::{ErrorKind, Result};
use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

/// How far from the mean the nearer bound may lie, in deviations: about one draw in fifty is kept there.
const FURTHEST: f64 = 2.0;

/// A standard normal distribution within `[low, high]`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Truncated {
    low: f64,
    high: f64,
    /// The largest density within the bounds, before scaling, is `e^(-peak² / 2)`.
    peak: f64,
}

impl Truncated {
    pub(super) fn new(low: f64, high: f64) -> Result<Self> {
        let bad = |name, expected, got| Err(ErrorKind::Setting { owner: "init", name, expected, got }.into());
        if low.is_nan() || low > FURTHEST {
            return bad("the lower bound", "at most 2 deviations", low);
        }
        if high.is_nan() || high < -FURTHEST {
            return bad("the upper bound", "at least -2 deviations", high);
        }
        if low >= high {
            return bad("the upper bound", "above the lower one", high);
        }
        Ok(Self { low, high, peak: 0f64.clamp(low, high) })
    }

    /// Draws until one is kept: normal numbers that lie within the bounds or, where these are close together,
    /// uniform numbers between them with the probability of their density.
    pub(super) fn sample(&self, rng: &mut impl Rng) -> f64 {
        let Self { low, high, peak } = *self;
        loop {
            let (x, keep) = if high - low > 1.0 {
                let x: f64 = rng.sample(StandardNormal);
                (x, x >= low && x <= high)
            } else {
                let x = low + (high - low) * rng.random::<f64>();
                (x, rng.random::<f64>() < ((peak * peak - x * x) / 2.0).exp())
            };
            if keep {
                return x;
            }
        }
    }
}
