//! The same elements in the same order under another shape.

use crate::op::{Backward, Forward, Inputs, Op, Shapes};
use crate::{Element, ErrorKind, Result, Shape, Var};
use std::ops::{Bound, RangeBounds};

/// The same elements in the same order under another shape.
#[derive(Debug)]
struct Reshape {
    name: &'static str,
    shape: Shape,
}

impl<T: Element> Op<T> for Reshape {
    fn name(&self) -> &'static str {
        self.name
    }

    fn infer(&self, inputs: Shapes<'_, T>) -> Result<Shape> {
        let [x] = inputs.exactly(self.name)?;
        if x.size() != self.shape.size() {
            let (op, shape, expected, got) = (self.name, self.shape, self.shape.size(), x.size());
            return Err(ErrorKind::Length { op, shape, expected, got }.into());
        }
        Ok(self.shape)
    }

    fn forward(&self, inputs: Inputs<'_, T>, out: Forward<'_, T>) -> Result<()> {
        out.values.copy_from_slice(inputs.get(0).values);
        Ok(())
    }

    fn backward(&self, mut step: Backward<'_, T>) -> Result<()> {
        step.grads.pass(0, step.upstream);
        Ok(())
    }
}

impl<'t, T: Element> Var<'t, T> {
    /// The same elements, row by row, under another shape with as many.
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![[1.0, 2.0], [3.0, 4.0]])?;
    /// assert_eq!(x.reshape(&[4])?.value()?, array![1.0, 2.0, 3.0, 4.0].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Length`] for a shape with another number of elements, [`ErrorKind::Rank`] for more
    /// than eight axes.
    pub fn reshape(self, shape: &[usize]) -> Result<Self> {
        self.unary(Reshape { name: "reshape", shape: Shape::join("reshape", [shape])? })
    }

    /// A range of axes as one: `x.flatten(..)` is a vector, `x.flatten(1..)` keeps the first axis. An
    /// empty range, such as that of a single number, becomes an axis of length 1.
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::ArrayD};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&ArrayD::zeros(vec![2, 3, 4]))?;
    /// assert_eq!(&*x.flatten(..)?.shape()?, [24]);
    /// assert_eq!(&*x.flatten(1..)?.shape()?, [2, 12]);
    /// assert_eq!(&*x.flatten(..2)?.shape()?, [6, 4]);
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Axes`] for a range that ends past the axes or before it starts.
    pub fn flatten(self, axes: impl RangeBounds<usize>) -> Result<Self> {
        let x = self.shape()?;
        let after = |axis: usize| axis.saturating_add(1);
        let start = match axes.start_bound() {
            Bound::Included(&axis) => axis,
            Bound::Excluded(&axis) => after(axis),
            Bound::Unbounded => 0,
        };
        let end = match axes.end_bound() {
            Bound::Included(&axis) => after(axis),
            Bound::Excluded(&axis) => axis,
            Bound::Unbounded => x.len(),
        };
        if start > end || end > x.len() {
            let (axes, expected) = (Shape::of(&[start, end]), "a range of axes, start and end");
            return Err(ErrorKind::Axes { op: "flatten", expected, axes, shape: x }.into());
        }
        let length = x[start..end].iter().product();
        let shape = Shape::join("flatten", [&x[..start], &[length], &x[end..]])?;
        self.unary(Reshape { name: "flatten", shape })
    }

    /// One axis as several, whose lengths multiply to its own: the reverse of [`flatten`](Self::flatten).
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![1.0, 2.0, 3.0, 4.0])?;
    /// assert_eq!(x.unflatten(0, &[2, 2])?.value()?, array![[1.0, 2.0], [3.0, 4.0]].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Axis`] for an axis that is not there, [`ErrorKind::Length`] for lengths that multiply
    /// to another number, [`ErrorKind::Rank`] for more than eight axes.
    pub fn unflatten(self, axis: usize, lengths: &[usize]) -> Result<Self> {
        let (op, x) = ("unflatten", self.shape()?);
        let got = x[x.axis(op, axis)?];
        let shape = Shape::join(op, [lengths])?;
        if shape.size() != got {
            return Err(ErrorKind::Length { op, shape, expected: shape.size(), got }.into());
        }
        let shape = Shape::join(op, [&x[..axis], lengths, &x[axis + 1..]])?;
        self.unary(Reshape { name: op, shape })
    }

    /// The array without an axis of length 1.
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![[1.0], [2.0]])?;
    /// assert_eq!(x.squeeze(1)?.value()?, array![1.0, 2.0].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Axis`] for an axis that is not there, [`ErrorKind::Axes`] for one of another length
    /// than 1 (NumPy's rule; PyTorch returns the array as it is).
    pub fn squeeze(self, axis: usize) -> Result<Self> {
        let (op, x) = ("squeeze", self.shape()?);
        if x[x.axis(op, axis)?] != 1 {
            let (expected, axes) = ("an axis of length 1", Shape::of(&[axis]));
            return Err(ErrorKind::Axes { op, expected, axes, shape: x }.into());
        }
        self.unary(Reshape { name: op, shape: x.without(axis) })
    }

    /// The array with a new axis of length 1 before the axis of this number; at the end for the number of
    /// axes.
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![1.0, 2.0])?;
    /// assert_eq!(x.unsqueeze(0)?.value()?, array![[1.0, 2.0]].into_dyn());
    /// assert_eq!(x.unsqueeze(1)?.value()?, array![[1.0], [2.0]].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Axes`] for a place past the end, [`ErrorKind::Rank`] for more than eight axes.
    pub fn unsqueeze(self, axis: usize) -> Result<Self> {
        let shape = self.shape()?.inserting("unsqueeze", axis, 1)?;
        self.unary(Reshape { name: "unsqueeze", shape })
    }
}
