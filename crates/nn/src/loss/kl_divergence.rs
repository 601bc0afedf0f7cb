//! How far predicted distributions are from given ones.

use super::pair::{Pair, fits};
use crate::Result;
use tensor::{Element, ErrorKind, Reduction, Shape, Var};

const NAME: &str = "kl_divergence";

/// What becomes of the terms of a divergence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KlReduction {
    /// They stay, and the loss is an array.
    None,
    /// Their sum over the length of the first axis: the mean divergence of distributions `[rows, classes]`.
    #[default]
    BatchMean,
    /// Their mean over all elements, which is no divergence, but what PyTorch computes unless told otherwise.
    Mean,
    /// Their sum.
    Sum,
}

/// How [`kl_divergence_with`] counts; PyTorch's conventions but for the default of `reduction`.
///
/// | field | default | meaning | range |
/// | --- | --- | --- | --- |
/// | `log_target` | false | whether targets are logarithms of probabilities, or probabilities | |
/// | `reduction` | `BatchMean` | what becomes of the terms | |
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct KlDivergenceConfig {
    /// Whether targets are logarithms of probabilities.
    pub log_target: bool,
    /// What becomes of the terms.
    pub reduction: KlReduction,
}

/// `t (ln t - x)`, 0 for a probability of 0.
#[derive(Debug, Clone, Copy)]
struct Probabilities;

impl<T: Element> Pair<T> for Probabilities {
    const NAME: &'static str = NAME;

    fn value(self, x: T, t: T) -> T {
        if t.is_zero() { t } else { t * (t.ln() - x) }
    }

    fn slopes(self, x: T, t: T) -> [T; 2] {
        [-t, t.ln() + T::one() - x]
    }

    fn values(self, out: &mut [T], x: &[T], t: &[T]) {
        T::ln_all(out, t);
        for (out, (&x, &t)) in out.iter_mut().zip(x.iter().zip(t)) {
            *out = if t.is_zero() { t } else { t * (*out - x) };
        }
    }
}

/// `e^t (t - x)`, 0 for a probability of 0.
#[derive(Debug, Clone, Copy)]
struct Logarithms;

impl<T: Element> Pair<T> for Logarithms {
    const NAME: &'static str = NAME;

    fn value(self, x: T, t: T) -> T {
        let probability = t.exp();
        if probability.is_zero() { probability } else { probability * (t - x) }
    }

    fn slopes(self, x: T, t: T) -> [T; 2] {
        let probability = t.exp();
        let by_target = if probability.is_zero() { probability } else { probability * (t - x + T::one()) };
        [-probability, by_target]
    }

    fn values(self, out: &mut [T], x: &[T], t: &[T]) {
        T::exp_all(out, t);
        for (out, (&x, &t)) in out.iter_mut().zip(x.iter().zip(t)) {
            *out = if out.is_zero() { *out } else { *out * (t - x) };
        }
    }
}

/// The mean divergence `Σ_r Σ_c t_rc (ln t_rc - x_rc) / rows` of predicted distributions from given ones: x
/// holds logarithms of probabilities, such as [`log_softmax`](Var::log_softmax) gives, t probabilities, both
/// `[rows, ..]`. Derivative by x `-t / rows`. Kullback and Leibler 1951, "On information and sufficiency".
///
/// A probability of 0 costs nothing, whatever was predicted; one below 0 gives NaN.
///
/// ```
/// use nn::kl_divergence;
/// use tensor::{Tape, ndarray::array};
///
/// let tape = Tape::<f64>::new();
/// let x = tape.var(&array![[0.5f64.ln(), 0.5f64.ln()], [0.25f64.ln(), 0.75f64.ln()]])?;
/// let t = tape.constant(&array![[1.0, 0.0], [0.25, 0.75]])?;
/// let loss = kl_divergence(x, t)?;
/// assert_eq!(loss.item()?, 2f64.ln() / 2.0);
/// assert_eq!(tape.backward(loss)?.wrt(x)?, array![[-0.5, 0.0], [-0.125, -0.375]].into_dyn());
/// # Ok::<(), nn::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::Tensor`](crate::ErrorKind::Tensor) for two shapes, since nothing is broadcast, for a single
/// number without an axis, and for no elements.
pub fn kl_divergence<'t, T: Element>(prediction: Var<'t, T>, target: Var<'t, T>) -> Result<Var<'t, T>> {
    kl_divergence_with(prediction, target, &KlDivergenceConfig::default())
}

/// [`kl_divergence`] with a choice of reduction, and of targets that are logarithms too: the terms
/// `t (ln t - x)` of probabilities, or `e^t (t - x)` of their logarithms.
///
/// ```
/// use nn::{KlDivergenceConfig, KlReduction, kl_divergence_with};
/// use tensor::{Tape, ndarray::array};
///
/// let tape = Tape::<f64>::new();
/// let x = tape.var(&array![[-1.0, 0.0]])?;
/// let t = tape.constant(&array![[0.0, f64::NEG_INFINITY]])?;
/// let config = KlDivergenceConfig { log_target: true, reduction: KlReduction::None };
/// assert_eq!(kl_divergence_with(x, t, &config)?.value()?, array![[1.0, 0.0]].into_dyn());
/// # Ok::<(), nn::Error>(())
/// ```
///
/// # Errors
/// As [`kl_divergence`]; no elements and single numbers are refused for a mean alone.
pub fn kl_divergence_with<'t, T: Element>(
    prediction: Var<'t, T>,
    target: Var<'t, T>,
    config: &KlDivergenceConfig,
) -> Result<Var<'t, T>> {
    let (reduction, rows) = match config.reduction {
        KlReduction::None => (Reduction::None, 1),
        KlReduction::Mean => (Reduction::Mean, 1),
        KlReduction::Sum => (Reduction::Sum, 1),
        KlReduction::BatchMean => (Reduction::Sum, rows(&prediction.shape()?, &target.shape()?)?),
    };
    let loss = if config.log_target {
        Logarithms.record(prediction, target, reduction)?
    } else {
        Probabilities.record(prediction, target, reduction)?
    };
    Ok(if rows == 1 { loss } else { loss.scale(T::from_f64(1.0 / rows as f64))? })
}

/// What the sum of the terms is divided by for the mean of the rows.
fn rows(shape: &Shape, target: &Shape) -> Result<usize, tensor::Error> {
    fits(NAME, shape, target, true)?;
    shape.first().copied().ok_or_else(|| {
        let expected = "distributions with an axis of rows";
        ErrorKind::Operand { op: NAME, expected, got: *shape }.into()
    })
}
