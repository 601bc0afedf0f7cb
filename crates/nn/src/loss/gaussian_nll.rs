//! The negative log-likelihood of numbers whose spread is predicted too.

use super::pair::{chain, fits, not_empty, positive, reduce};
use crate::Result;
use std::f64::consts::TAU;
use tensor::{Backward, Element, ErrorKind, Forward, Inputs, Op, Reduction, Shape, Shapes, Var};

const NAME: &str = "gaussian_nll";

/// How [`gaussian_nll_with`] counts; PyTorch's conventions.
///
/// | field | default | meaning | range |
/// | --- | --- | --- | --- |
/// | `full` | false | whether `ln(2π) / 2` is added, which no gradient depends on | |
/// | `eps` | 1e-6 | the least variance; smaller ones count as this | positive |
/// | `reduction` | `Mean` | what becomes of the losses; the mean divides by the number of elements | |
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GaussianNllConfig {
    /// Whether the constant term is added.
    pub full: bool,
    /// The least variance.
    pub eps: f64,
    /// What becomes of the losses of the elements.
    pub reduction: Reduction,
}

impl Default for GaussianNllConfig {
    fn default() -> Self {
        Self { full: false, eps: 1e-6, reduction: Reduction::Mean }
    }
}

/// `(ln v + (x - t)² / v) / 2 + constant`; saves the variances.
#[derive(Debug)]
struct Gaussian<T> {
    floor: T,
    constant: T,
    /// Whether a mean follows, which needs an element.
    mean: bool,
}

impl<T: Element> Op<T> for Gaussian<T> {
    fn name(&self) -> &'static str {
        NAME
    }

    fn infer(&self, inputs: Shapes<'_, T>) -> Result<Shape, tensor::Error> {
        let [x, t, variance] = inputs.exactly(NAME)?;
        fits(NAME, x, t, false)?;
        if x != variance {
            let expected = "predictions and variances of one shape, since nothing is broadcast";
            return Err(ErrorKind::Shapes { op: NAME, lhs: *x, rhs: *variance, expected }.into());
        }
        if self.mean {
            not_empty(NAME, x)?;
        }
        Ok(*x)
    }

    fn saved(&self, inputs: Shapes<'_, T>) -> usize {
        inputs.get(0).size()
    }

    fn forward(&self, inputs: Inputs<'_, T>, out: Forward<'_, T>) -> Result<(), tensor::Error> {
        let [x, t, variances] = [0, 1, 2].map(|input| inputs.get(input).values);
        if let Some(&variance) = variances.iter().find(|&&variance| variance < T::zero()) {
            let (expected, got) = ("variances of at least 0", variance.to_f64());
            return Err(ErrorKind::Value { op: NAME, expected, got }.into());
        }
        for (saved, &variance) in out.saved.iter_mut().zip(variances) {
            *saved = variance.larger(self.floor);
        }
        T::ln_all(out.values, out.saved);
        let half = T::from_f64(0.5);
        for ((out, &variance), (&x, &t)) in out.values.iter_mut().zip(&*out.saved).zip(x.iter().zip(t)) {
            *out = half * (*out + (x - t) * (x - t) / variance) + self.constant;
        }
        Ok(())
    }

    // dx = (x - t) / v, dt = -dx, dv = (1 - (x - t)² / v) / (2 v). A variance that was raised to the floor has
    // the derivative at the floor, so that it can grow again.
    fn backward(&self, mut step: Backward<'_, T>) -> Result<(), tensor::Error> {
        let (x, t, variances) = (step.inputs.get(0).values, step.inputs.get(1).values, step.saved);
        let half = T::from_f64(0.5);
        for input in 0..3 {
            if !step.grads.wanted(input) {
                continue;
            }
            let slopes = step.scratch.take(x.len());
            for ((slope, &variance), (&x, &t)) in slopes.iter_mut().zip(variances).zip(x.iter().zip(t)) {
                let relative = (x - t) / variance;
                *slope = match input {
                    0 => relative,
                    1 => -relative,
                    _ => half * (T::one() / variance - relative * relative),
                };
            }
            if let Some(sink) = step.grads.of(input) {
                sink.map2(&step.upstream, slopes, chain);
            }
        }
        Ok(())
    }
}

/// The mean negative log-likelihood of targets `t` under normal distributions with predicted means `x` and
/// variances `v`, but for a constant: `Σ (ln v + (x - t)² / v) / 2n`. All three have one shape; for one
/// variance of many elements use [`broadcast_to`](Var::broadcast_to). Variances below 1e-6 count as 1e-6.
/// Derivatives by x and v `(x - t) / v n` and `(1/v - (x - t)² / v²) / 2n`. Nix and Weigend 1994, "Estimating
/// the mean and variance of the target probability distribution".
///
/// ```
/// use nn::gaussian_nll;
/// use tensor::{Tape, ndarray::array};
///
/// let tape = Tape::<f64>::new();
/// let (x, v) = (tape.var(&array![1.0, 2.0])?, tape.var(&array![1.0, 1.0])?);
/// let loss = gaussian_nll(x, tape.constant(&array![3.0, 2.0])?, v)?;
/// assert_eq!(loss.item()?, (4.0 / 2.0 + 0.0) / 2.0);
/// let gradients = tape.backward(loss)?;
/// assert_eq!(gradients.wrt(x)?, array![-1.0, 0.0].into_dyn());
/// assert_eq!(gradients.wrt(v)?, array![-0.75, 0.25].into_dyn());
/// # Ok::<(), nn::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::Tensor`](crate::ErrorKind::Tensor) for different shapes, since nothing is broadcast, for a
/// negative variance, and for no elements.
pub fn gaussian_nll<'t, T: Element>(
    prediction: Var<'t, T>,
    target: Var<'t, T>,
    variance: Var<'t, T>,
) -> Result<Var<'t, T>> {
    gaussian_nll_with(prediction, target, variance, &GaussianNllConfig::default())
}

/// [`gaussian_nll`] with a least variance, the constant term and a choice of reduction. A variance below `eps`
/// counts as `eps` and has the derivative there.
///
/// ```
/// use nn::{GaussianNllConfig, gaussian_nll_with};
/// use std::f64::consts::TAU;
/// use tensor::{Tape, ndarray::array};
///
/// let tape = Tape::<f64>::new();
/// let (x, v) = (tape.var(&array![1.0])?, tape.var(&array![0.0])?);
/// let t = tape.constant(&array![3.0])?;
/// let loss = gaussian_nll_with(x, t, v, &GaussianNllConfig { eps: 1.0, full: true, ..Default::default() })?;
/// assert_eq!(loss.item()?, 2.0 + TAU.ln() / 2.0);
/// # Ok::<(), nn::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::Setting`](crate::ErrorKind::Setting) for an `eps` that is not positive; otherwise as
/// [`gaussian_nll`], where no elements are refused for a mean alone.
pub fn gaussian_nll_with<'t, T: Element>(
    prediction: Var<'t, T>,
    target: Var<'t, T>,
    variance: Var<'t, T>,
    config: &GaussianNllConfig,
) -> Result<Var<'t, T>> {
    positive(NAME, "eps", config.eps)?;
    let constant = T::from_f64(if config.full { 0.5 * TAU.ln() } else { 0.0 });
    let (floor, mean) = (T::from_f64(config.eps), config.reduction == Reduction::Mean);
    let op = Gaussian { floor, constant, mean };
    reduce(prediction.tape().apply(op, &[prediction, target, variance])?, config.reduction)
}
