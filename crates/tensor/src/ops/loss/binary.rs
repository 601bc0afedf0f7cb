//! The cross-entropy of yes and no.

use super::{Reduction, check_weights, not_empty, weight};
use crate::kernels::Write;
use crate::op::{Backward, Forward, Inputs, Op, Shapes};
use crate::ops::activations::softplus;
use crate::ops::elementwise::chain;
use crate::{Element, ErrorKind, Result, Shape, Var};
use std::sync::Arc;

const OP: &str = "binary_cross_entropy_with_logits";

/// How [`Var::binary_cross_entropy_with_logits`] counts; PyTorch's conventions.
///
/// | field | default | meaning | range |
/// | --- | --- | --- | --- |
/// | `weights` | `None` | what an element counts | one for each place on the last axis, at least 0 |
/// | `pos_weight` | `None` | what a yes counts, for a no that counts 1 | as `weights` |
/// | `reduction` | `Mean` | what becomes of the losses; the mean divides by the number of elements | |
#[derive(Debug, Clone, PartialEq, Default)]
pub struct BinaryCrossEntropyConfig {
    /// What an element counts, by its place on the last axis.
    pub weights: Option<Arc<[f64]>>,
    /// What a yes counts, for a no that counts 1, by its place on the last axis.
    pub pos_weight: Option<Arc<[f64]>>,
    /// What becomes of the losses of the elements.
    pub reduction: Reduction,
}

impl BinaryCrossEntropyConfig {
    /// The weights of the element at a position: of yes and of no.
    fn at<T: Element>(&self, columns: usize, i: usize) -> (T, T) {
        let all = weight::<T>(&self.weights, i % columns);
        (all * weight(&self.pos_weight, i % columns), all)
    }
}

/// `yes t ln(1 + e^-x) + no (1 - t) ln(1 + e^x)`; saves the losses.
#[derive(Debug)]
struct Binary(BinaryCrossEntropyConfig);

/// The length of the last axis, 1 for a scalar.
fn columns(shape: &Shape) -> usize {
    shape.last().copied().unwrap_or(1)
}

impl<T: Element> Op<T> for Binary {
    fn name(&self) -> &'static str {
        OP
    }

    fn infer(&self, inputs: Shapes<'_, T>) -> Result<Shape> {
        let [x, targets] = inputs.exactly(OP)?;
        if x != targets {
            let expected = "logits and targets of one shape, since nothing is broadcast";
            return Err(ErrorKind::Shapes { op: OP, lhs: *x, rhs: *targets, expected }.into());
        }
        if self.0.reduction == Reduction::Mean {
            not_empty(OP, x)?;
        }
        check_weights(OP, &self.0.weights, columns(x))?;
        check_weights(OP, &self.0.pos_weight, columns(x))?;
        Ok(self.0.reduction.shape(*x))
    }

    fn saved(&self, inputs: Shapes<'_, T>) -> usize {
        inputs.get(0).size()
    }

    fn forward(&self, inputs: Inputs<'_, T>, out: Forward<'_, T>) -> Result<()> {
        let (x, targets) = (inputs.get(0), inputs.get(1).values);
        let columns = columns(x.shape);
        for (i, (loss, (&x, &t))) in out.saved.iter_mut().zip(x.values.iter().zip(targets)).enumerate() {
            let (yes, no) = self.0.at::<T>(columns, i);
            // What counts nothing may be infinite.
            *loss = chain(yes * t, softplus(-x)) + chain(no * (T::one() - t), softplus(x));
        }
        self.0.reduction.reduce(out.values, out.saved, T::from_f64(targets.len() as f64));
        Ok(())
    }

    // dx = no (1 - t) sigmoid(x) - yes t sigmoid(-x); dt = yes ln(1 + e^-x) - no ln(1 + e^x)
    fn backward(&self, mut step: Backward<'_, T>) -> Result<()> {
        let (x, targets) = (step.inputs.get(0), step.inputs.get(1).values);
        let (columns, divisor) = (columns(x.shape), T::from_f64(targets.len() as f64));
        for side in 0..2 {
            let Some(sink) = step.grads.of(side) else { continue };
            let (out, write) = sink.parts();
            for (i, (out, (&x, &t))) in out.iter_mut().zip(x.values.iter().zip(targets)).enumerate() {
                let (yes, no) = self.0.at::<T>(columns, i);
                let g = self.0.reduction.gradient(&step.upstream, i, divisor);
                let slope = if side == 0 {
                    no * (T::one() - t) * x.sigmoid() - yes * t * (-x).sigmoid()
                } else {
                    chain(yes, softplus(-x)) - chain(no, softplus(x))
                };
                match write {
                    Write::Store => *out = chain(g, slope),
                    Write::Add => *out += chain(g, slope),
                }
            }
        }
        Ok(())
    }
}

impl<'t, T: Element> Var<'t, T> {
    /// The cross-entropy of yes (1) and no (0), or anything between, for logits `x` and targets `t` of one
    /// shape: `w (-q t ln σ(x) - (1 - t) ln(1 - σ(x)))` for each element, with the weights `w` and the
    /// `pos_weight` `q`. Derivatives `w ((1 - t) σ(x) - q t σ(-x))`, which is `σ(x) - t` without weights, and
    /// `w (-q ln σ(x) + ln(1 - σ(x)))`.
    ///
    /// Nothing overflows; a logit of ±inf that agrees with its target costs nothing.
    ///
    /// ```
    /// # use tensor::{BinaryCrossEntropyConfig, Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![0.0, 1000.0])?;
    /// let targets = tape.constant(&array![1.0, 1.0])?;
    /// let loss = x.binary_cross_entropy_with_logits(targets, &BinaryCrossEntropyConfig::default())?;
    /// assert_eq!(loss.item()?, 2f64.ln() / 2.0);
    /// assert_eq!(tape.backward(loss)?.wrt(x)?, array![-0.25, 0.0].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Shapes`] for targets of another shape, since nothing is broadcast;
    /// [`ErrorKind::Operand`] for a mean of no elements; [`ErrorKind::Length`] unless there is a weight for
    /// each place on the last axis, [`ErrorKind::Value`] for a weight below 0.
    pub fn binary_cross_entropy_with_logits(
        self,
        targets: Var<'_, T>,
        config: &BinaryCrossEntropyConfig,
    ) -> Result<Self> {
        self.binary(Binary(config.clone()), targets)
    }
}
