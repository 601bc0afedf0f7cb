//! Losses as one op each, with the gradient computed where the value is.

use super::softmax::max_and_sum;
use crate::op::{Backward, Forward, Inputs, Op, Shapes};
use crate::{Element, ErrorKind, Indices, Result, Shape, Var, kernels};

/// `Σ (a - b)² / n`
#[derive(Debug)]
struct Mse;

impl<T: Element> Op<T> for Mse {
    fn name(&self) -> &'static str {
        "mse"
    }

    fn infer(&self, inputs: Shapes<'_, T>) -> Result<Shape> {
        let [a, b] = inputs.exactly("mse")?;
        if a != b {
            let expected = "predictions and targets of one shape, since nothing is broadcast";
            return Err(ErrorKind::Shapes { op: "mse", lhs: *a, rhs: *b, expected }.into());
        }
        not_empty("mse", a)?;
        Ok(Shape::SCALAR)
    }

    fn saved(&self, inputs: Shapes<'_, T>) -> usize {
        inputs.get(0).size()
    }

    fn forward(&self, inputs: Inputs<'_, T>, out: Forward<'_, T>) -> Result<()> {
        let (a, b) = (inputs.get(0).values, inputs.get(1).values);
        kernels::map2(out.saved, kernels::Write::Store, a, b, |a, b| (a - b) * (a - b));
        out.values[0] = kernels::sum_slice(out.saved) / T::from_f64(a.len() as f64);
        Ok(())
    }

    fn backward(&self, mut step: Backward<'_, T>) -> Result<()> {
        let (a, b) = (step.inputs.get(0).values, step.inputs.get(1).values);
        let factor = step.upstream[0] * T::from_f64(2.0 / a.len() as f64);
        if let Some(sink) = step.grads.of(0) {
            sink.map2(a, b, |a, b| factor * (a - b));
        }
        if let Some(sink) = step.grads.of(1) {
            sink.map2(a, b, |a, b| factor * (b - a));
        }
        Ok(())
    }
}

/// `-Σ_r log_softmax(x)[r, label_r] / rows`; saves the softmax.
#[derive(Debug)]
struct CrossEntropy;

impl<T: Element> Op<T> for CrossEntropy {
    fn name(&self) -> &'static str {
        "cross_entropy"
    }

    fn indices(&self) -> Option<usize> {
        Some(1)
    }

    fn infer(&self, inputs: Shapes<'_, T>) -> Result<Shape> {
        let [x, labels] = inputs.exactly("cross_entropy")?;
        let op = "cross_entropy";
        if x.len() != 2 {
            let expected = "logits with two axes, rows and classes";
            return Err(ErrorKind::Operand { op, expected, got: *x }.into());
        }
        not_empty(op, x)?;
        if labels[0] != x[0] {
            return Err(ErrorKind::Shapes { op, lhs: *x, rhs: *labels, expected: "one label per row" }.into());
        }
        Ok(Shape::SCALAR)
    }

    fn saved(&self, inputs: Shapes<'_, T>) -> usize {
        inputs.get(0).size()
    }

    fn forward(&self, inputs: Inputs<'_, T>, out: Forward<'_, T>) -> Result<()> {
        let (x, labels) = (inputs.get(0), inputs.indices(1));
        let classes = x.shape[1];
        let mut total = T::Wide::default();
        let rows = x.values.chunks_exact(classes).zip(out.saved.chunks_exact_mut(classes));
        for (position, ((x, softmax), &index)) in rows.zip(labels).enumerate() {
            if index >= classes {
                let (op, bound) = ("cross_entropy", classes);
                return Err(ErrorKind::Index { op, index, position, bound }.into());
            }
            let (max, sum) = max_and_sum(x.iter().copied());
            kernels::map1(softmax, kernels::Write::Store, x, |x| (x - max).exp() / sum);
            total += (sum.ln() - (x[index] - max)).widen();
        }
        out.values[0] = T::narrow(total) / T::from_f64(labels.len() as f64);
        Ok(())
    }

    // dx = (softmax - one_hot(label)) / rows
    fn backward(&self, mut step: Backward<'_, T>) -> Result<()> {
        let labels = step.inputs.indices(1);
        let factor = step.upstream[0] / T::from_f64(labels.len() as f64);
        let Some(sink) = step.grads.of(0) else {
            return Ok(());
        };
        let (out, write) = sink.parts();
        kernels::map1(out, write, step.saved, |softmax| factor * softmax);
        let classes = out.len() / labels.len();
        for (row, &label) in out.chunks_exact_mut(classes).zip(labels) {
            row[label] -= factor;
        }
        Ok(())
    }
}

/// A mean over nothing is no number.
fn not_empty(op: &'static str, shape: &Shape) -> Result<()> {
    if shape.size() > 0 {
        return Ok(());
    }
    Err(ErrorKind::Operand { op, expected: "at least one element", got: *shape }.into())
}

impl<'t, T: Element> Var<'t, T> {
    /// The mean squared error `Σ (a - b)² / n`: a single number. Derivative `2 (a - b) / n`.
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let y = tape.var(&array![1.0, 2.0])?;
    /// let loss = y.mse(tape.constant(&array![0.0, 4.0])?)?;
    /// assert_eq!(loss.item()?, 2.5);
    /// assert_eq!(tape.backward(loss)?.wrt(y)?, array![1.0, -2.0].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Shapes`] for two shapes, since nothing is broadcast; [`ErrorKind::Operand`] for no
    /// elements.
    pub fn mse(self, target: Var<'_, T>) -> Result<Self> {
        self.binary(Mse, target)
    }

    /// The mean cross-entropy `-Σ_r log_softmax(x)[r, label_r] / rows` of logits `[rows, classes]`: a
    /// single number. Derivative `(softmax(x) - one_hot) / rows`.
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
    /// [`ErrorKind::Index`] for a label that is no class, naming the row; [`ErrorKind::Shapes`] unless
    /// there is one label per row; [`ErrorKind::Operand`] for logits without two axes or without rows.
    pub fn cross_entropy(self, labels: Indices<'_, T>) -> Result<Self> {
        self.binary(CrossEntropy, labels.0)
    }
}
