//! Variance and standard deviation, of everything or along some axes.

use super::elementwise::chain;
use crate::kernels::{self, Write};
use crate::op::{Backward, Forward, Inputs, Op, Shapes};
use crate::{Axes, Element, ErrorKind, Result, Shape, Var};

/// What the squared deviations from a mean are divided by: the number of elements less the degrees of freedom
/// that the mean has used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ddof {
    /// `n`: the elements are everything there is (NumPy's default).
    Population,
    /// `n - 1`: the elements are a sample, whose variance is not to be biased (PyTorch's default).
    Sample,
}

/// `Σ (x - mean)² / (n - ddof)`, or its root; saves the means and the squares.
#[derive(Debug)]
struct Variance {
    name: &'static str,
    axes: Axes,
    ddof: Ddof,
    root: bool,
}

impl Variance {
    fn divisor(&self, shape: &Shape) -> f64 {
        let n = self.axes.grouping(shape).reduced();
        n as f64 - if self.ddof == Ddof::Sample { 1.0 } else { 0.0 }
    }
}

impl<T: Element> Op<T> for Variance {
    fn name(&self) -> &'static str {
        self.name
    }

    fn infer(&self, inputs: Shapes<'_, T>) -> Result<Shape> {
        let [x] = inputs.exactly(self.name)?;
        let out = self.axes.reduce_some(self.name, x)?;
        if out.size() > 0 && self.divisor(x) == 0.0 {
            let expected = "at least two elements for the variance of a sample";
            return Err(ErrorKind::Operand { op: self.name, expected, got: *x }.into());
        }
        Ok(out)
    }

    fn saved(&self, inputs: Shapes<'_, T>) -> usize {
        inputs.get(0).size() + self.axes.grouping(inputs.get(0)).kept()
    }

    fn forward(&self, inputs: Inputs<'_, T>, out: Forward<'_, T>) -> Result<()> {
        let x = inputs.get(0);
        let grouping = self.axes.grouping(x.shape);
        let (mean, squares) = out.saved.split_at_mut(out.values.len());
        let n = T::from_f64(grouping.reduced() as f64);
        grouping.sum(mean, Write::Store, x.values);
        kernels::update(mean, |sum: T| sum / n);
        grouping
            .map((&mut *squares, Write::Store), x.values, (mean, mean), |x, mean, _| (x - mean) * (x - mean));
        grouping.sum(out.values, Write::Store, squares);
        let divisor = T::from_f64(self.divisor(x.shape));
        kernels::update(out.values, |sum: T| sum / divisor);
        if self.root {
            kernels::update(out.values, T::sqrt);
        }
        Ok(())
    }

    // var: 2 (x - mean) / (n - ddof); std: (x - mean) / ((n - ddof) std), and 0 for equal values.
    fn backward(&self, mut step: Backward<'_, T>) -> Result<()> {
        let x = step.inputs.get(0);
        let Some(sink) = step.grads.of(0) else {
            return Ok(());
        };
        let divisor = T::from_f64(self.divisor(x.shape));
        let factor = &mut *step.upstream;
        if self.root {
            kernels::update1(factor, step.output.values, |g, y| {
                if y == T::zero() { T::zero() } else { chain(g, T::one() / (divisor * y)) }
            });
        } else {
            kernels::update(factor, |g| (g + g) / divisor);
        }
        let mean = &step.saved[..factor.len()];
        self.axes
            .grouping(x.shape)
            .map(sink.parts(), x.values, (mean, factor), |x, mean, factor| chain(factor, x - mean));
        Ok(())
    }
}

impl<'t, T: Element> Var<'t, T> {
    fn variance(self, name: &'static str, axes: Axes, ddof: Ddof, root: bool) -> Result<Self> {
        self.unary(Variance { name, axes, ddof, root })
    }

    /// The variance `Σ (x - mean)² / (n - ddof)` of all elements; derivative `2 (x - mean) / (n - ddof)`.
    ///
    /// ```
    /// # use tensor::{Ddof, Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![1.0, 2.0, 3.0])?;
    /// let y = x.var(Ddof::Sample)?;
    /// assert_eq!(y.item()?, 1.0);
    /// assert_eq!(tape.backward(y)?.wrt(x)?, array![-1.0, 0.0, 1.0].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::EmptyAxis`] if there are no elements, [`ErrorKind::Operand`] for a sample of one.
    pub fn var(self, ddof: Ddof) -> Result<Self> {
        self.variance("var", Axes::ALL, ddof, false)
    }

    /// The variances along one or more axes, which disappear unless [kept](Axes::keep); derivative as of
    /// [`var`](Self::var).
    ///
    /// ```
    /// # use tensor::{Ddof, Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![[1.0, 3.0], [2.0, 6.0]])?;
    /// assert_eq!(x.var_axis(1, Ddof::Population)?.value()?, array![1.0, 4.0].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`var`](Self::var) and [`sum_axis`](Self::sum_axis).
    pub fn var_axis(self, axes: impl Into<Axes>, ddof: Ddof) -> Result<Self> {
        self.variance("var_axis", axes.into(), ddof, false)
    }

    /// The standard deviation `√(Σ (x - mean)² / (n - ddof))` of all elements; derivative
    /// `(x - mean) / ((n - ddof) std)`, and 0 where all elements are equal, as a population of one is.
    ///
    /// ```
    /// # use tensor::{Ddof, Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![1.0, 5.0])?;
    /// let y = x.std(Ddof::Population)?;
    /// assert_eq!(y.item()?, 2.0);
    /// assert_eq!(tape.backward(y)?.wrt(x)?, array![-0.5, 0.5].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`var`](Self::var).
    pub fn std(self, ddof: Ddof) -> Result<Self> {
        self.variance("std", Axes::ALL, ddof, true)
    }

    /// The standard deviations along one or more axes, which disappear unless [kept](Axes::keep);
    /// derivative as of [`std`](Self::std).
    ///
    /// ```
    /// # use tensor::{Ddof, Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![[1.0, 3.0], [2.0, 6.0]])?;
    /// assert_eq!(x.std_axis(1, Ddof::Population)?.value()?, array![1.0, 2.0].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`var_axis`](Self::var_axis).
    pub fn std_axis(self, axes: impl Into<Axes>, ddof: Ddof) -> Result<Self> {
        self.variance("std_axis", axes.into(), ddof, true)
    }
}
