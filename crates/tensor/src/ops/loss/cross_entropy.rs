//! The cross-entropy of class labels.

use super::{Reduction, Weights, check_weights, not_empty, weight};
use crate::kernels::{self, Write};
use crate::op::{Backward, Forward, Inputs, Op, Shapes};
use crate::ops::elementwise::chain;
use crate::ops::softmax::powers;
use crate::{Element, Error, ErrorKind, Indices, Result, Shape, Var};
use std::sync::Arc;

/// How [`Var::cross_entropy_with`] and [`Var::cross_entropy_soft`] count; PyTorch's conventions.
///
/// | field | default | meaning | range |
/// | --- | --- | --- | --- |
/// | `weights` | `None` | what an example of each class counts | one for each class, at least 0 |
/// | `ignore_index` | `None` | rows with this label count nothing; it need not be a class | any |
/// | `label_smoothing` | 0 | the share of a label that is spread evenly over all classes | 0 to 1 |
/// | `reduction` | `Mean` | what becomes of the losses of the rows | |
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CrossEntropyConfig {
    /// What an example of each class counts.
    pub weights: Option<Arc<[f64]>>,
    /// The label of rows that count nothing.
    pub ignore_index: Option<usize>,
    /// The share of a label that is spread evenly over all classes.
    pub label_smoothing: f64,
    /// What becomes of the losses of the rows.
    pub reduction: Reduction,
}

impl CrossEntropyConfig {
    /// Checks the settings and the logits of a loss.
    pub(super) fn check(&self, op: &'static str, x: &Shape) -> Result<()> {
        let &[rows, classes] = &**x else {
            let expected = "logits with two axes, rows and classes";
            return Err(ErrorKind::Operand { op, expected, got: *x }.into());
        };
        if self.reduction == Reduction::Mean || (rows > 0 && classes == 0) {
            not_empty(op, x)?;
        }
        check_weights(op, &self.weights, classes)?;
        let got = self.label_smoothing;
        if !(0.0..=1.0).contains(&got) {
            return Err(ErrorKind::Value { op, expected: "a label smoothing from 0 to 1", got }.into());
        }
        Ok(())
    }

    pub(super) fn weights(&self) -> &Weights {
        &self.weights
    }

    fn counts(&self, label: usize) -> bool {
        self.ignore_index != Some(label)
    }

    /// What the sum of the rows' losses is divided by for their mean: the weights of the labels that count.
    fn divisor<T: Element>(&self, labels: &[usize]) -> T {
        if self.weights.is_none() && self.ignore_index.is_none() {
            return T::from_f64(labels.len() as f64);
        }
        kernels::sum(
            labels.iter().filter(|&&label| self.counts(label)).map(|&label| weight(&self.weights, label)),
        )
    }
}

/// What the loss of a row is made of: `Σ_c a_c ln(1 / softmax_c)`, with the same `a` for all classes but the
/// label's.
struct Shares<T> {
    /// What the label has beside its even share.
    label: T,
    /// The even share of a class, before its weight.
    even: T,
    /// All shares together.
    total: T,
}

/// `Σ_r Σ_c a_rc ln(1 / softmax_rc) / divisor`; saves the powers of the
/// rows, their sums and the losses: powers are divided on the way back, which multiplies them anyway.
#[derive(Debug)]
struct Labelled {
    op: &'static str,
    config: CrossEntropyConfig,
}

impl Labelled {
    fn shares<T: Element>(&self, classes: usize, label: usize) -> Shares<T> {
        let (config, weights) = (&self.config, self.config.weights());
        let smoothing = config.label_smoothing;
        let label = T::from_f64(1.0 - smoothing) * weight(weights, label);
        if smoothing == 0.0 {
            return Shares { label, even: T::zero(), total: label };
        }
        let all = weights.as_ref().map_or(classes as f64, |weights| weights.iter().sum());
        let even = T::from_f64(smoothing / classes as f64);
        Shares { label, even, total: label + even * T::from_f64(all) }
    }

    /// The loss of one of several rows of logits; its powers and their sum, whose quotients are its softmax.
    fn row<T: Element>(&self, (rows, row): (&[T], usize), label: usize, out: &mut [T]) -> (T, T) {
        let (max, sum) = powers(out, rows, row);
        let x = &rows[row * out.len()..][..out.len()];
        // The maximum is taken off first: 1e8 + ln 2 would round to 1e8 in f32.
        let log = sum.ln();
        let nll = |x: T| log - (x - max);
        let shares = self.shares::<T>(x.len(), label);
        // A class that counts nothing may have a logit of -inf.
        let mut loss = chain(shares.label, nll(x[label]));
        if shares.even > T::zero() {
            let even = |(class, &x)| chain(shares.even * weight(self.config.weights(), class), nll(x));
            loss += kernels::sum(x.iter().enumerate().map(even));
        }
        (loss, sum)
    }
}

impl<T: Element> Op<T> for Labelled {
    fn name(&self) -> &'static str {
        self.op
    }

    fn indices(&self) -> Option<usize> {
        Some(1)
    }

    fn infer(&self, inputs: Shapes<'_, T>) -> Result<Shape> {
        let op = self.op;
        let [x, labels] = inputs.exactly(op)?;
        self.config.check(op, x)?;
        // A leaf of indices may have any axes.
        if **labels != x[..1] {
            return Err(ErrorKind::Shapes { op, lhs: *x, rhs: *labels, expected: "one label per row" }.into());
        }
        Ok(self.config.reduction.shape(*labels))
    }

    fn saved(&self, inputs: Shapes<'_, T>) -> usize {
        inputs.get(0).size() + 2 * inputs.get(0)[0]
    }

    fn forward(&self, inputs: Inputs<'_, T>, out: Forward<'_, T>) -> Result<()> {
        let (x, labels) = (inputs.get(0), inputs.indices(1));
        let (op, classes) = (self.op, x.shape[1]);
        let (powers, saved) = out.saved.split_at_mut(x.values.len());
        let (sums, losses) = saved.split_at_mut(labels.len());
        let rows = powers.chunks_exact_mut(classes.max(1));
        for (row, (powers, &label)) in rows.zip(labels).enumerate() {
            (losses[row], sums[row]) = if !self.config.counts(label) {
                (T::zero(), T::one())
            } else if label < classes {
                self.row((x.values, row), label, powers)
            } else {
                return Err(ErrorKind::Label { op, row, label, classes }.into());
            };
        }
        let divisor = self.config.divisor(labels);
        if self.config.reduction == Reduction::Mean && divisor == T::zero() {
            let expected = "at least one row that counts";
            return Err(Error::from(ErrorKind::Operand { op, expected, got: *x.shape }));
        }
        self.config.reduction.reduce(out.values, losses, divisor);
        Ok(())
    }

    // dx_c = Σ a softmax_c - a_c
    fn backward(&self, mut step: Backward<'_, T>) -> Result<()> {
        let labels = step.inputs.indices(1);
        let classes = step.inputs.get(0).shape[1].max(1);
        let divisor = self.config.divisor(labels);
        let Some(sink) = step.grads.of(0) else {
            return Ok(());
        };
        let (out, write) = sink.parts();
        let (powers, sums) = step.saved.split_at(out.len());
        let rows = out.chunks_exact_mut(classes).zip(powers.chunks_exact(classes));
        for (row, ((out, powers), &label)) in rows.zip(labels).enumerate() {
            if !self.config.counts(label) {
                if write == Write::Store {
                    out.fill(T::zero());
                }
                continue;
            }
            let g = self.config.reduction.gradient(&step.upstream, row, divisor);
            let shares = self.shares::<T>(classes, label);
            let total = g * shares.total;
            let share = total / sums[row];
            kernels::map1(
                out,
                write,
                powers,
                move |power| if total.is_zero() { total } else { power * share },
            );
            out[label] -= g * shares.label;
            if shares.even > T::zero() {
                let even = g * shares.even;
                for (class, out) in out.iter_mut().enumerate() {
                    *out -= even * weight(self.config.weights(), class);
                }
            }
        }
        Ok(())
    }
}

impl<'t, T: Element> Var<'t, T> {
    /// The mean cross-entropy `-Σ_r log_softmax(x)[r, label_r] / rows` of logits `[rows, classes]`: a
    /// single number. Derivative `(softmax(x) - one_hot) / rows`.
    ///
    /// A logit of -inf is a class with probability 0: as the label it gives a loss of +inf.
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![[0.0, 0.0]])?;
    /// let loss = x.cross_entropy(tape.indices(&[1])?)?;
    /// assert_eq!(loss.item()?, 2f64.ln());
    /// assert_eq!(tape.backward(loss)?.wrt(x)?, array![[0.5, -0.5]].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Label`] for a label that is no class, naming the row; [`ErrorKind::Shapes`] unless
    /// there is one label per row; [`ErrorKind::Operand`] for logits without two axes or without rows.
    pub fn cross_entropy(self, labels: Indices<'_, T>) -> Result<Self> {
        let config = CrossEntropyConfig::default();
        self.binary(Labelled { op: "cross_entropy", config }, labels.0)
    }

    /// The cross-entropy of logits `[rows, classes]` with class weights `w`, ignored rows, label smoothing
    /// `ε` and a choice of reduction. With `p = softmax(x)` and `C` classes, the loss of a row with label
    /// `l` is `-(1 - ε) w_l ln p_l - ε/C Σ_c w_c ln p_c`; the mean divides their sum by the `w_l` of the rows
    /// that count, and is refused without any, where a sum is 0. Derivative of a row's loss
    /// `p_c Σ a - a_c`, with the shares `a_c = w_c ((1 - ε) [c = l] + ε/C)`.
    ///
    /// A logit of -inf costs +inf if its class is the label, or has a share of it by smoothing; one whose
    /// class has the weight 0 costs nothing.
    ///
    /// ```
    /// # use tensor::{CrossEntropyConfig, Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![[0.0, 0.0], [5.0, 1.0]])?;
    /// let config = CrossEntropyConfig { weights: Some([2.0, 3.0].into()), ignore_index: Some(0), ..Default::default() };
    /// let loss = x.cross_entropy_with(tape.indices(&[1, 0])?, &config)?;
    /// assert_eq!(loss.item()?, 2f64.ln());
    /// assert_eq!(tape.backward(loss)?.wrt(x)?, array![[0.5, -0.5], [0.0, 0.0]].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`cross_entropy`](Self::cross_entropy); [`ErrorKind::Operand`] for a mean over no row that counts;
    /// [`ErrorKind::Length`] unless there is a weight for each class; [`ErrorKind::Value`] for a weight or a
    /// smoothing out of range.
    pub fn cross_entropy_with(self, labels: Indices<'_, T>, config: &CrossEntropyConfig) -> Result<Self> {
        let config = config.clone();
        self.binary(Labelled { op: "cross_entropy_with", config }, labels.0)
    }
}

#[cfg(test)]
mod tests {
    use crate::Tape;
    use ndarray::Array2;

    #[test]
    fn long_rows_equal_the_composition() {
        let logits =
            Array2::from_shape_fn((7, 1500), |(i, j)| ((i * 1500 + j) * 7919 % 1013) as f32 * 0.02 - 9.0);
        let labels: Vec<usize> = (0..7).map(|i| i * 211).collect();
        let tape = Tape::<f32>::new();
        let (x, z) = (tape.var(&logits).unwrap(), tape.var(&logits).unwrap());
        let fused = x.cross_entropy(tape.indices(&labels).unwrap()).unwrap();
        let one_hot =
            Array2::from_shape_fn((7, 1500), |(i, j)| if labels[i] == j { -1.0 / 7.0 } else { 0.0 });
        let picked = z.log_softmax(1).unwrap().mul(tape.constant(&one_hot).unwrap()).unwrap();
        let composed = picked.sum().unwrap();
        assert!((fused.item().unwrap() - composed.item().unwrap()).abs() < 1e-5);
        let gradients = tape.backward(fused.add(composed).unwrap()).unwrap();
        let (fused, composed) = (gradients.wrt(x).unwrap(), gradients.wrt(z).unwrap());
        assert!(fused.iter().zip(&composed).all(|(a, b)| (a - b).abs() <= 4e-6 * b.abs() + 1e-9));
    }
}
