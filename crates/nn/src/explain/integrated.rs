//! Integrated gradients: a score shared out among the inputs.

use super::quadrature::Quadrature;
use super::score::{Slopes, narrow};
use crate::{ErrorKind, Result};
use tensor::ndarray::{ArrayD, ArrayRef, Dimension};
use tensor::{Element, Shape, Var};

/// Settings of [`integrated_gradients`].
///
/// | name | default | meaning | range |
/// |---|---|---|---|
/// | `steps` | 50 | points of the integral (one more for trapezoids) | at least 1 |
/// | `rule` | `GaussLegendre` | where they lie | |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IntegratedGradientsConfig {
    /// Points of the integral.
    pub steps: usize,
    /// Where they lie.
    pub rule: Quadrature,
}

impl Default for IntegratedGradientsConfig {
    fn default() -> Self {
        Self { steps: 50, rule: Quadrature::GaussLegendre }
    }
}

/// Scores shared out among the inputs.
#[derive(Debug, Clone, PartialEq)]
pub struct Attribution<T> {
    /// The share of each input, with the shape of the input.
    pub values: ArrayD<T>,
    /// The score of each row, `[rows]`, or a single number.
    pub scores: ArrayD<T>,
    /// The scores of the baseline.
    pub baseline_scores: ArrayD<T>,
    /// What is missing to completeness, for each score: the sum of its shares less the difference of score
    /// and baseline score. Far from 0, more steps are needed.
    pub gap: Vec<f64>,
}

/// `(x - b) ∫₀¹ ∂score(b + α (x - b))/∂x dα`: the share of each input in the difference between the score of
/// `x` and that of a baseline `b`, such as a black image or the mean of the data.
///
/// Shares are complete: those of a row add up to `score(x) - score(b)`, but for the error of the integral,
/// which is returned as [`gap`](Attribution::gap). The baseline is broadcast to the input's shape; everything
/// else is as for [`input_gradients`](crate::input_gradients). Sums are taken in `f64`.
///
/// Sundararajan, Taly and Yan 2017, "Axiomatic attribution for deep networks".
///
/// ```
/// use nn::{IntegratedGradientsConfig, integrated_gradients};
/// use tensor::ndarray::array;
///
/// // x₀ x₁ from 0: both have an equal share.
/// let settings = IntegratedGradientsConfig::default();
/// let found = integrated_gradients(|x| Ok(x.prod_axis(1)?), &array![[3.0, 4.0_f64]], &array![0.0, 0.0], settings)?;
/// assert!((&found.values - &array![[6.0, 6.0]]).iter().all(|x| x.abs() < 1e-12));
/// assert!(found.gap[0].abs() < 1e-12);
/// # Ok::<(), nn::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::Setting`] for no steps, [`ErrorKind::Shape`] for a baseline that cannot be broadcast to the
/// input; otherwise as [`input_gradients`](crate::input_gradients).
pub fn integrated_gradients<T: Element, D: Dimension, E: Dimension>(
    score: impl for<'t> Fn(Var<'t, T>) -> Result<Var<'t, T>>,
    x: &ArrayRef<T, D>,
    baseline: &ArrayRef<T, E>,
    config: IntegratedGradientsConfig,
) -> Result<Attribution<T>> {
    let owner = "integrated_gradients";
    if config.steps == 0 {
        let (name, expected) = ("the number of steps", "positive");
        return Err(ErrorKind::Setting { owner, name, expected, got: 0.0 }.into());
    }
    let x = x.to_owned().into_dyn();
    let Some(baseline) = baseline.broadcast(x.raw_dim()) else {
        let expected = format!("a baseline that is broadcast to {:?}", Shape::new(x.shape())?);
        return Err(ErrorKind::Shape { owner, expected, got: baseline.shape().to_vec() }.into());
    };
    let baseline = baseline.to_owned();
    let mut slopes = Slopes::new(owner, score);
    let (scores, baseline_scores) = (slopes.scores(&x)?, slopes.scores(&baseline)?);
    let (mut point, mut sums) = (x.clone(), vec![0.0; x.len()]);
    for (place, weight) in config.rule.points(config.steps) {
        for ((point, x), base) in point.iter_mut().zip(&x).zip(&baseline) {
            let (x, base) = (x.to_f64(), base.to_f64());
            *point = T::from_f64(base + place * (x - base));
        }
        slopes.run(&point, |slopes| {
            sums.iter_mut().zip(slopes).for_each(|(sum, slope)| *sum += weight * slope.to_f64());
        })?;
    }
    for ((sum, x), base) in sums.iter_mut().zip(&x).zip(&baseline) {
        *sum *= x.to_f64() - base.to_f64();
    }
    let gap = gaps(&sums, &scores, &baseline_scores);
    Ok(Attribution { values: narrow(x.shape(), &sums), scores, baseline_scores, gap })
}

/// What the shares of each score are off.
fn gaps<T: Element>(shares: &[f64], scores: &ArrayD<T>, baseline: &ArrayD<T>) -> Vec<f64> {
    let size = shares.len().checked_div(scores.len()).unwrap_or(0);
    let rise = scores.iter().zip(baseline).map(|(score, base)| score.to_f64() - base.to_f64());
    rise.enumerate().map(|(i, rise)| shares[i * size..][..size].iter().sum::<f64>() - rise).collect()
}
