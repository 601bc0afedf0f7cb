//! Which axes a reduction works on.

use crate::grouping::Grouping;
use crate::{ErrorKind, MAX_RANK, Result, Shape};

/// The axes that a reduction works on, and whether they stay with length 1.
///
/// Made from one axis, a list of axes (in any order, none twice), or [`Axes::ALL`]. An empty list reduces
/// nothing. The axes disappear from the result, unless [`keep`](Self::keep) asks for axes of length 1 in
/// their place, against which the operand can be broadcast.
///
/// ```
/// use tensor::{Axes, Tape, ndarray::array};
///
/// let tape = Tape::<f64>::new();
/// let x = tape.var(&array![[[1.0, 2.0], [3.0, 4.0]]])?; // [1, 2, 2]
/// assert_eq!(x.sum_axis(1)?.value()?, array![[4.0, 6.0]].into_dyn());
/// assert_eq!(x.sum_axis([0, 2])?.value()?, array![3.0, 7.0].into_dyn());
/// assert_eq!(x.sum_axis(Axes::from([0, 2]).keep())?.value()?, array![[[3.0], [7.0]]].into_dyn());
/// assert_eq!(x.sum_axis(Axes::ALL.keep())?.value()?, array![[[10.0]]].into_dyn());
/// # Ok::<(), tensor::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Axes {
    which: Which,
    keep: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    All,
    /// A list, kept inline.
    List(Shape),
    /// A list with so many axes, more than an array has.
    TooMany(usize),
}

impl Axes {
    /// Every axis.
    pub const ALL: Self = Self { which: Which::All, keep: false };

    /// The same axes, which stay in the result with length 1.
    #[must_use]
    pub const fn keep(mut self) -> Self {
        self.keep = true;
        self
    }

    /// Whether an axis is reduced.
    fn contains(&self, axis: usize) -> bool {
        match &self.which {
            Which::All => true,
            Which::List(list) => list.contains(&axis),
            Which::TooMany(_) => false,
        }
    }

    /// The elements of a shape that was checked, and those of the result.
    pub(crate) fn grouping(&self, shape: &Shape) -> Grouping {
        Grouping::new(shape.iter().enumerate().map(|(axis, &length)| (length, self.contains(axis))))
    }

    /// The shape of the result.
    pub(crate) fn reduce(&self, op: &'static str, shape: &Shape) -> Result<Shape> {
        match self.which {
            Which::All => {}
            Which::List(list) => distinct(op, list, shape)?,
            Which::TooMany(got) => return Err(ErrorKind::Rank { op, got }.into()),
        }
        let mut out = *shape;
        for axis in (0..shape.len()).rev().filter(|&axis| self.contains(axis)) {
            out = if self.keep { out.with(axis, 1) } else { out.without(axis) };
        }
        Ok(out)
    }

    /// The shape of the result of a reduction that needs at least one element, such as a maximum.
    pub(crate) fn reduce_some(&self, op: &'static str, shape: &Shape) -> Result<Shape> {
        let out = self.reduce(op, shape)?;
        match (0..shape.len()).find(|&axis| self.contains(axis) && shape[axis] == 0) {
            Some(axis) => Err(ErrorKind::EmptyAxis { op, axis, shape: *shape }.into()),
            None => Ok(out),
        }
    }
}

/// Refuses axes that are not there and axes that are named twice.
pub(crate) fn distinct(op: &'static str, axes: Shape, shape: &Shape) -> Result<()> {
    for (i, &axis) in axes.iter().enumerate() {
        shape.axis(op, axis)?;
        if axes[..i].contains(&axis) {
            let expected = "no axis twice";
            return Err(ErrorKind::Axes { op, expected, axes, shape: *shape }.into());
        }
    }
    Ok(())
}

/// A list of axes, kept inline.
pub(crate) fn list(op: &'static str, axes: &[usize]) -> Result<Shape> {
    if axes.len() > MAX_RANK {
        return Err(ErrorKind::Rank { op, got: axes.len() }.into());
    }
    Ok(Shape::of(axes))
}

impl From<&[usize]> for Axes {
    fn from(axes: &[usize]) -> Self {
        let fits = axes.len() <= MAX_RANK;
        let which = if fits { Which::List(Shape::of(axes)) } else { Which::TooMany(axes.len()) };
        Self { which, keep: false }
    }
}

impl<const N: usize> From<[usize; N]> for Axes {
    fn from(axes: [usize; N]) -> Self {
        Self::from(&axes[..])
    }
}

impl<const N: usize> From<&[usize; N]> for Axes {
    fn from(axes: &[usize; N]) -> Self {
        Self::from(&axes[..])
    }
}

impl From<usize> for Axes {
    fn from(axis: usize) -> Self {
        Self::from(&[axis])
    }
}
