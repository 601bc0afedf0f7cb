//! The pinball loss, whose least value is a quantile.

use super::pair::{Pair, chain, not_empty, reduce};
use crate::{ErrorKind, Result};
use std::sync::Arc;
use tensor::{Backward, Element, Forward, Inputs, Op, Reduction, Shape, Shapes, Var, Write};

const NAME: &str = "quantile";

/// How [`quantile_with`] counts.
///
/// | field | default | meaning | range |
/// | --- | --- | --- | --- |
/// | `quantiles` | 0.1, 0.5, 0.9 | what the places on the predictions' last axis stand for | between 0 and 1 each |
/// | `reduction` | `Mean` | what becomes of the losses; the mean divides by the number of predictions | |
#[derive(Debug, Clone, PartialEq)]
pub struct QuantileConfig {
    /// What the places on the predictions' last axis stand for.
    pub quantiles: Arc<[f64]>,
    /// What becomes of the losses of the predictions.
    pub reduction: Reduction,
}

impl Default for QuantileConfig {
    fn default() -> Self {
        Self { quantiles: [0.1, 0.5, 0.9].into(), reduction: Reduction::Mean }
    }
}

/// The loss of one quantile.
#[derive(Debug, Clone, Copy)]
struct Pinball<T> {
    quantile: T,
}

impl<T: Element> Pinball<T> {
    fn new(quantile: f64) -> Result<Self> {
        if quantile > 0.0 && quantile < 1.0 {
            return Ok(Self { quantile: T::from_f64(quantile) });
        }
        let (owner, name, expected) = (NAME, "a quantile", "between 0 and 1");
        Err(ErrorKind::Setting { owner, name, expected, got: quantile }.into())
    }
}

impl<T: Element> Pair<T> for Pinball<T> {
    const NAME: &'static str = NAME;

    fn value(self, x: T, t: T) -> T {
        let error = t - x;
        if error < T::zero() { error * (self.quantile - T::one()) } else { error * self.quantile }
    }

    fn slopes(self, x: T, t: T) -> [T; 2] {
        let error = t - x;
        let weight = if error < T::zero() { T::one() - self.quantile } else { self.quantile };
        let slope = weight * error.sign();
        [-slope, slope]
    }
}

/// The losses of several quantiles on the last axis, against one target for all.
#[derive(Debug)]
struct Quantiles<T> {
    pairs: Vec<Pinball<T>>,
    /// Whether a mean follows, which needs an element.
    mean: bool,
}

impl<T: Element> Op<T> for Quantiles<T> {
    fn name(&self) -> &'static str {
        NAME
    }

    fn infer(&self, inputs: Shapes<'_, T>) -> Result<Shape, tensor::Error> {
        let [x, t] = inputs.exactly(NAME)?;
        if x.split_last() != Some((&self.pairs.len(), &**t)) {
            let expected = "predictions with one axis more than targets, a place on it for each quantile";
            return Err(tensor::ErrorKind::Shapes { op: NAME, lhs: *x, rhs: *t, expected }.into());
        }
        if self.mean {
            not_empty(NAME, x)?;
        }
        Ok(*x)
    }

    fn forward(&self, inputs: Inputs<'_, T>, out: Forward<'_, T>) -> Result<(), tensor::Error> {
        let (x, t) = (inputs.get(0).values, inputs.get(1).values);
        let rows = out.values.chunks_exact_mut(self.pairs.len()).zip(x.chunks_exact(self.pairs.len()));
        for ((out, x), &t) in rows.zip(t) {
            for (out, (pair, &x)) in out.iter_mut().zip(self.pairs.iter().zip(x)) {
                *out = pair.value(x, t);
            }
        }
        Ok(())
    }

    fn backward(&self, mut step: Backward<'_, T>) -> Result<(), tensor::Error> {
        let (x, t) = (step.inputs.get(0).values, step.inputs.get(1).values);
        let count = self.pairs.len();
        let rows = || step.upstream.chunks_exact(count).zip(x.chunks_exact(count)).zip(t);
        let gradients = |side: usize| {
            rows().flat_map(move |((g, x), &t)| {
                let slopes = self.pairs.iter().zip(x).map(move |(pair, &x)| pair.slopes(x, t)[side]);
                g.iter().zip(slopes).map(|(&g, slope)| chain(g, slope))
            })
        };
        if let Some(sink) = step.grads.of(0) {
            let (out, write) = sink.parts();
            out.iter_mut().zip(gradients(0)).for_each(|(out, g)| match write {
                Write::Store => *out = g,
                Write::Add => *out += g,
            });
        }
        if let Some(sink) = step.grads.of(1) {
            let mut gradients = gradients(1);
            for out in sink.so_far() {
                gradients.by_ref().take(count).for_each(|g| *out += g);
            }
        }
        Ok(())
    }
}

/// The mean pinball loss of predictions of one quantile q: `q (target - prediction)` where the prediction is
/// too low, `(1 - q) (prediction - target)` where it is too high. Its least value is at the q-quantile of the
/// targets; the loss of the median, q = 1/2, is half of [`mae`](crate::mae). Koenker and Bassett 1978,
/// "Regression quantiles".
///
/// Derivative `-q / n` or `(1 - q) / n`, and 0 where both are equal.
///
/// ```
/// use nn::quantile;
/// use tensor::{Tape, ndarray::array};
///
/// let tape = Tape::<f64>::new();
/// let y = tape.var(&array![1.0, 6.0])?;
/// let loss = quantile(y, tape.constant(&array![3.0, 2.0])?, 0.75)?;
/// assert_eq!(loss.item()?, (0.75 * 2.0 + 0.25 * 4.0) / 2.0);
/// assert_eq!(tape.backward(loss)?.wrt(y)?, array![-0.375, 0.125].into_dyn());
/// # Ok::<(), nn::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::Setting`] for a quantile that is not between 0 and 1; [`ErrorKind::Tensor`] for two shapes,
/// since nothing is broadcast, and for no elements.
pub fn quantile<'t, T: Element>(
    prediction: Var<'t, T>,
    target: Var<'t, T>,
    quantile: f64,
) -> Result<Var<'t, T>> {
    Pinball::new(quantile)?.record(prediction, target, Reduction::Mean)
}

/// The pinball losses of several quantiles: predictions `[.., quantiles]`, targets `[..]`, losses of the
/// predictions' shape. Each target is compared with the predictions of all quantiles; the mean is that of
/// all predictions, so every quantile counts alike.
///
/// ```
/// use nn::{QuantileConfig, Reduction, quantile_with};
/// use tensor::{Tape, ndarray::array};
///
/// let tape = Tape::<f64>::new();
/// let y = tape.var(&array![[1.0, 2.0, 5.0], [0.0, 0.0, 0.0]])?;
/// let t = tape.constant(&array![3.0, 4.0])?;
/// let mut config = QuantileConfig { quantiles: [0.25, 0.5, 0.75].into(), reduction: Reduction::None };
/// let losses = quantile_with(y, t, &config)?;
/// assert_eq!(losses.value()?, array![[0.5, 0.5, 0.5], [1.0, 2.0, 3.0]].into_dyn());
/// config.reduction = Reduction::Mean;
/// assert_eq!(quantile_with(y, t, &config)?.item()?, 1.25);
/// # Ok::<(), nn::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::Setting`] for no quantiles or one that is not between 0 and 1; [`ErrorKind::Tensor`] unless
/// predictions have the targets' shape and one more axis with a place for each quantile, and for a mean of
/// no elements.
pub fn quantile_with<'t, T: Element>(
    prediction: Var<'t, T>,
    target: Var<'t, T>,
    config: &QuantileConfig,
) -> Result<Var<'t, T>> {
    if config.quantiles.is_empty() {
        let (name, expected) = ("the number of quantiles", "positive");
        return Err(ErrorKind::Setting { owner: NAME, name, expected, got: 0.0 }.into());
    }
    let pairs = config.quantiles.iter().map(|&quantile| Pinball::new(quantile)).collect::<Result<_>>()?;
    let op = Quantiles { pairs, mean: config.reduction == Reduction::Mean };
    reduce(prediction.tape().apply(op, &[prediction, target])?, config.reduction)
}
