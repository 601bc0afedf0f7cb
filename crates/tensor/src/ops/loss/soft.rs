//! The cross-entropy of probabilities.

use super::{CrossEntropyConfig, weight};
use crate::kernels;
use crate::op::{Backward, Forward, Inputs, Op, Shapes};
use crate::ops::elementwise::chain;
use crate::ops::softmax::powers;
use crate::{Element, ErrorKind, Result, Shape, Var};

const OP: &str = "cross_entropy_soft";

/// `Σ_r Σ_c a_rc ln(1 / softmax_rc) / rows` with shares a that are given; saves the logarithms and the rows'
/// losses.
#[derive(Debug)]
struct Soft(CrossEntropyConfig);

impl Soft {
    /// The share of one class, of its target.
    fn share<T: Element>(&self, classes: usize, class: usize, target: T) -> T {
        let (factor, smoothing) = self.smoothing::<T>(classes);
        weight::<T>(self.0.weights(), class) * (factor * target + smoothing)
    }

    /// What a target is multiplied by, and what is added.
    fn smoothing<T: Element>(&self, classes: usize) -> (T, T) {
        let smoothing = self.0.label_smoothing;
        (T::from_f64(1.0 - smoothing), T::from_f64(smoothing / classes as f64))
    }
}

impl<T: Element> Op<T> for Soft {
    fn name(&self) -> &'static str {
        OP
    }

    fn infer(&self, inputs: Shapes<'_, T>) -> Result<Shape> {
        let [x, targets] = inputs.exactly(OP)?;
        self.0.check(OP, x)?;
        if x != targets {
            let expected = "a probability for each class of each row";
            return Err(ErrorKind::Shapes { op: OP, lhs: *x, rhs: *targets, expected }.into());
        }
        if let Some(index) = self.0.ignore_index {
            let expected = "no `ignore_index`, since probabilities are no labels";
            return Err(ErrorKind::Value { op: OP, expected, got: index as f64 }.into());
        }
        Ok(self.0.reduction.shape(x.without(1)))
    }

    fn saved(&self, inputs: Shapes<'_, T>) -> usize {
        inputs.get(0).size() + inputs.get(0)[0]
    }

    fn forward(&self, inputs: Inputs<'_, T>, out: Forward<'_, T>) -> Result<()> {
        let (logits, targets) = (inputs.get(0), inputs.get(1).values);
        let &[rows, classes] = &**logits.shape else { return Ok(()) };
        let (logs, losses) = out.saved.split_at_mut(logits.values.len());
        for (row, loss) in losses.iter_mut().enumerate() {
            let span = row * classes..(row + 1) * classes;
            let (x, targets, logs) = (&logits.values[span.clone()], &targets[span.clone()], &mut logs[span]);
            let (max, sum) = powers(logs, logits.values, row);
            let log = sum.ln();
            kernels::map1(logs, kernels::Write::Store, x, move |x| (x - max) - log);
            // A class without a share may have a logit of -inf.
            let term = |(class, (&t, &y)): (_, (&T, &T))| chain(self.share(classes, class, t), -y);
            *loss = kernels::sum(targets.iter().zip(&*logs).enumerate().map(term));
        }
        self.0.reduction.reduce(out.values, losses, T::from_f64(rows as f64));
        Ok(())
    }

    // dx_c = softmax_c Σ a - a_c; dt_c = -(1 - ε) w_c ln softmax_c
    fn backward(&self, mut step: Backward<'_, T>) -> Result<()> {
        let &[rows, classes] = &**step.inputs.get(0).shape else { return Ok(()) };
        let (targets, logs) = (step.inputs.get(1).values, &step.saved[..rows * classes]);
        let (reduction, divisor) = (self.0.reduction, T::from_f64(rows as f64));
        if let Some(sink) = step.grads.of(0) {
            let (softmax, shares) = step.scratch.take((rows + 1) * classes).split_at_mut(classes);
            for (row, shares) in shares.chunks_exact_mut(classes.max(1)).enumerate() {
                let g = reduction.gradient(&step.upstream, row, divisor);
                let span = row * classes..(row + 1) * classes;
                for (class, (share, &t)) in shares.iter_mut().zip(&targets[span.clone()]).enumerate() {
                    *share = self.share(classes, class, t);
                }
                let total = kernels::sum_slice(shares);
                T::exp_all(softmax, &logs[span]);
                kernels::update1(shares, softmax, move |share, softmax| {
                    chain(g, chain(total, softmax) - share)
                });
            }
            sink.map1(shares, |dx| dx);
        }
        if let Some(sink) = step.grads.of(1) {
            let (factor, _) = self.smoothing::<T>(classes);
            let (out, write) = sink.parts();
            for (row, out) in out.chunks_exact_mut(classes.max(1)).enumerate() {
                let g = reduction.gradient(&step.upstream, row, divisor);
                let logs = &logs[row * classes..(row + 1) * classes];
                for (class, (out, &log)) in out.iter_mut().zip(logs).enumerate() {
                    let slope = chain(g * factor * weight::<T>(self.0.weights(), class), -log);
                    match write {
                        kernels::Write::Store => *out = slope,
                        kernels::Write::Add => *out += slope,
                    }
                }
            }
        }
        Ok(())
    }
}

impl<'t, T: Element> Var<'t, T> {
    /// The cross-entropy of logits `[rows, classes]` with targets that are probabilities of the same shape.
    /// With `p = softmax(x)`, the loss of a row is `-Σ_c w_c ((1 - ε) t_c + ε/C) ln p_c`; the mean divides by
    /// the number of rows, whatever the weights. Derivatives of a row's loss, with the shares
    /// `a_c = w_c ((1 - ε) t_c + ε/C)`: `p_c Σ a - a_c` and `-(1 - ε) w_c ln p_c`.
    ///
    /// Nothing asks that targets add up to 1. A class with a logit of -inf costs nothing if it has no share.
    ///
    /// ```
    /// # use tensor::{CrossEntropyConfig, Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![[0.0, 0.0]])?;
    /// let targets = tape.constant(&array![[0.25, 0.75]])?;
    /// let loss = x.cross_entropy_soft(targets, &CrossEntropyConfig::default())?;
    /// assert_eq!(loss.item()?, 2f64.ln());
    /// assert_eq!(tape.backward(loss)?.wrt(x)?, array![[0.25, -0.25]].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Shapes`] for targets of another shape; [`ErrorKind::Value`] for an `ignore_index`, since
    /// probabilities are no labels; otherwise as [`cross_entropy_with`](Self::cross_entropy_with).
    pub fn cross_entropy_soft(self, targets: Var<'_, T>, config: &CrossEntropyConfig) -> Result<Self> {
        self.binary(Soft(config.clone()), targets)
    }
}
