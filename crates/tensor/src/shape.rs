//! Shapes: a few axis lengths, kept inline so that recording an op allocates nothing.

use crate::{Error, ErrorKind, Result};
use std::{fmt, ops::Deref};

/// The most axes that a [`Shape`] holds.
pub const MAX_RANK: usize = 8;

/// The most elements of an array: the bytes of a pair of `f64`s for each are within the address space.
const MOST: usize = isize::MAX as usize / 16;

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
    /// [`ErrorKind::Rank`] for more than [`MAX_RANK`] axes, [`ErrorKind::TooLarge`] for more elements than
    /// an address space holds.
    #[inline]
    pub fn new(axes: &[usize]) -> Result<Self> {
        if axes.len() > MAX_RANK {
            return Err(Error::from(ErrorKind::Rank { op: "shape", got: axes.len() }));
        }
        Self::of(axes).fits("shape")
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

    /// The same axes with one more, before the axis of this number.
    ///
    /// # Errors
    /// [`ErrorKind::Rank`] for more than [`MAX_RANK`] axes, [`ErrorKind::Axes`] past the end.
    pub(crate) fn inserting(&self, op: &'static str, axis: usize, length: usize) -> Result<Self> {
        if axis > self.len() {
            let (expected, axes) = ("a place for the new axis, at the end at most", Self::of(&[axis]));
            return Err(ErrorKind::Axes { op, expected, axes, shape: *self }.into());
        }
        Self::join(op, [&self[..axis], &[length], &self[axis..]])
    }

    /// The axes of several lists, one after the other.
    ///
    /// # Errors
    /// [`ErrorKind::Rank`] for more than [`MAX_RANK`] axes.
    pub(crate) fn join<const N: usize>(op: &'static str, parts: [&[usize]; N]) -> Result<Self> {
        let got = parts.iter().map(|part| part.len()).sum();
        if got > MAX_RANK {
            return Err(ErrorKind::Rank { op, got }.into());
        }
        let mut shape = Self::SCALAR;
        for part in parts {
            shape.axes[shape.rank as usize..][..part.len()].copy_from_slice(part);
            shape.rank += part.len() as u8;
        }
        shape.fits(op)
    }

    /// The shape, if positions in such an array can be counted: axes of length 0 do not make room for the
    /// others, since strides are counted too.
    ///
    /// # Errors
    /// [`ErrorKind::TooLarge`] if not.
    pub(crate) fn fits(self, op: &'static str) -> Result<Self> {
        let size = self.iter().try_fold(1, |size: usize, &length| size.checked_mul(length.max(1)));
        if size.is_none_or(|size| size > MOST) {
            return Err(ErrorKind::TooLarge { op, shape: self }.into());
        }
        Ok(self)
    }

    /// By how much a position advances along each axis, row by row.
    pub(crate) fn strides(&self) -> [isize; MAX_RANK] {
        let mut strides = [0; MAX_RANK];
        let mut stride = 1;
        for (axis, &length) in self.iter().enumerate().rev() {
            strides[axis] = stride;
            stride *= length as isize;
        }
        strides
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
