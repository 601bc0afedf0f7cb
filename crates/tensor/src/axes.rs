//! Which axes a reduction works on.

use crate::grouping::Grouping;
use crate::{ErrorKind, MAX_RANK, Result, Shape};

/// One more than an array can have: a longer list names an axis twice or one that is not there, and its
/// first so many axes do as well.
const MOST: usize = MAX_RANK + 1;

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
    list: [usize; MOST],
    /// How many of the list are meant; `None` for every axis that there is.
    count: Option<u8>,
    keep: bool,
}

impl Axes {
    /// Every axis.
    pub const ALL: Self = Self { list: [0; MOST], count: None, keep: false };

    /// The same axes, which stay in the result with length 1.
    #[must_use]
    pub const fn keep(mut self) -> Self {
        self.keep = true;
        self
    }

    /// The axes as marks, one for each axis of the shape.
    fn marks(&self, shape: &Shape) -> [bool; MAX_RANK] {
        let Some(count) = self.count else {
            return [true; MAX_RANK];
        };
        let mut marks = [false; MAX_RANK];
        for &axis in self.list[..count as usize].iter().filter(|&&axis| axis < shape.len()) {
            marks[axis] = true;
        }
        marks
    }

    /// The elements of a shape that were checked, and those of the result.
    pub(crate) fn grouping(&self, shape: &Shape) -> Grouping {
        Grouping::new(shape, &self.marks(shape)[..shape.len()])
    }

    /// The shape of the result.
    pub(crate) fn reduce(&self, op: &'static str, shape: &Shape) -> Result<Shape> {
        if let Some(count) = self.count {
            let list = &self.list[..count as usize];
            for (i, &axis) in list.iter().enumerate() {
                shape.axis(op, axis)?;
                if list[..i].contains(&axis) {
                    return Err(ErrorKind::RepeatedAxis { op, axis }.into());
                }
            }
        }
        let marks = self.marks(shape);
        let mut out = *shape;
        for axis in (0..shape.len()).rev().filter(|&axis| marks[axis]) {
            out = if self.keep { out.with(axis, 1) } else { out.without(axis) };
        }
        Ok(out)
    }

    /// The shape of the result of a reduction that needs at least one element, such as a maximum.
    pub(crate) fn reduce_some(&self, op: &'static str, shape: &Shape) -> Result<Shape> {
        let out = self.reduce(op, shape)?;
        let marks = self.marks(shape);
        match (0..shape.len()).find(|&axis| marks[axis] && shape[axis] == 0) {
            Some(axis) => Err(ErrorKind::EmptyAxis { op, axis, shape: *shape }.into()),
            None => Ok(out),
        }
    }
}

impl From<&[usize]> for Axes {
    fn from(axes: &[usize]) -> Self {
        let mut list = [0; MOST];
        let count = axes.len().min(MOST);
        list[..count].copy_from_slice(&axes[..count]);
        Self { list, count: Some(count as u8), keep: false }
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
