//! Shapes: a few axis lengths, kept inline so that recording an op allocates nothing.

use crate::{Error, ErrorKind, Result};
use std::{fmt, ops::Deref};

/// The most axes that a [`Shape`] holds.
pub const MAX_RANK: usize = 8;

/// The lengths of an array's axes, outermost first; dereferences to a slice.
///
/// ```
/// use tensor::Shape;
///
/// let shape = Shape::new(&[2, 3])?;
/// assert_eq!((shape.len(), shape.size()), (2, 6));
/// assert_eq!(format!("{shape:?}"), "[2, 3]");
/// # Ok::<(), tensor::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Shape {
    // Lengths past `rank` are 0, so that the derived equality holds.
    axes: [usize; MAX_RANK],
    rank: u8,
}

impl Shape {
    /// The shape of a single number: no axes, one element.
    pub const SCALAR: Self = Self { axes: [0; MAX_RANK], rank: 0 };

    /// A shape with these axis lengths.
    ///
    /// # Errors
    /// [`ErrorKind::Rank`] for more than [`MAX_RANK`] axes.
    #[inline]
    pub fn new(axes: &[usize]) -> Result<Self> {
        if axes.len() > MAX_RANK {
            return Err(Error::from(ErrorKind::Rank { op: "shape", got: axes.len() }));
        }
        Ok(Self::of(axes))
    }

    /// A shape with axes whose number is known to fit.
    #[inline]
    pub(crate) fn of(axes: &[usize]) -> Self {
        let mut shape = Self::SCALAR;
        shape.axes[..axes.len()].copy_from_slice(axes);
        shape.rank = axes.len() as u8;
        shape
    }

    /// The number of elements: the product of the axis lengths.
    #[inline]
    pub fn size(&self) -> usize {
        self.iter().product()
    }

    /// The same axes with another length on one of them.
    #[must_use]
    pub(crate) fn with(mut self, axis: usize, length: usize) -> Self {
        self.axes[..self.rank as usize][axis] = length;
        self
    }

    /// The same axes without one of them.
    #[must_use]
    pub(crate) fn without(self, axis: usize) -> Self {
        let mut shape = Self::SCALAR;
        for (i, &length) in self.iter().enumerate().filter(|&(i, _)| i != axis) {
            shape.axes[i - usize::from(i > axis)] = length;
        }
        shape.rank = self.rank - 1;
        shape
    }

    /// Elements before, on and after an axis: the three loops of an op along that axis.
    pub(crate) fn around(&self, axis: usize) -> (usize, usize, usize) {
        (self[..axis].iter().product(), self[axis], self[axis + 1..].iter().product())
    }

    /// This axis if the shape has it.
    pub(crate) fn axis(&self, op: &'static str, axis: usize) -> Result<usize> {
        if axis < self.len() {
            return Ok(axis);
        }
        Err(ErrorKind::Axis { op, axis, rank: self.len(), shape: *self }.into())
    }
}

impl Deref for Shape {
    type Target = [usize];

    #[inline]
    fn deref(&self) -> &[usize] {
        &self.axes[..self.rank as usize]
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
