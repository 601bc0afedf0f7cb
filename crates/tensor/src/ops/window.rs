//! What convolution, pooling and up-sampling share: a kernel that slides along an axis, and the checks of
//! what a user asks for. Everything is done in two spatial axes; one axis is two with a height of 1.

use crate::{Element, ErrorKind, Result, Shape};
use std::ops::Range;

/// Settings above this are refused, so that positions can be counted.
const MOST: usize = 1 << 30;

/// How a kernel slides along one axis: output position `o` meets input position
/// `o stride + k dilation - padding` with tap `k`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) input: usize,
    pub(crate) kernel: usize,
    pub(crate) output: usize,
    pub(crate) stride: usize,
    pub(crate) padding: usize,
    pub(crate) dilation: usize,
}

impl Window {
    /// The outputs that tap `k` reaches from inside of the input, and where in the input the first of them
    /// reads.
    #[inline]
    pub(crate) fn reach(&self, k: usize) -> (Range<usize>, usize) {
        let offset = k * self.dilation;
        let first = self.padding.saturating_sub(offset).div_ceil(self.stride);
        let end = (self.padding + self.input).saturating_sub(offset).div_ceil(self.stride).min(self.output);
        if first >= end {
            return (0..0, 0);
        }
        (first..end, first * self.stride + offset - self.padding)
    }

    /// Where tap `k` of output `o` reads, if inside of the input.
    #[inline]
    pub(crate) fn at(&self, o: usize, k: usize) -> Option<usize> {
        let i = (o * self.stride + k * self.dilation).checked_sub(self.padding)?;
        (i < self.input).then_some(i)
    }
}

/// One value per axis as two, height first.
pub(crate) fn plane<A: Copy, const N: usize>(axes: [A; N], height: A) -> [A; 2] {
    let mut both = [height; 2];
    both[2 - N..].copy_from_slice(&axes);
    both
}

/// The last one or two axes of a shape as height and width.
pub(crate) fn spatial(shape: &Shape) -> [usize; 2] {
    if shape.len() == 3 { [1, shape[2]] } else { [shape[2], shape[3]] }
}

/// Batch, channels, and one or two spatial axes.
pub(crate) fn image(batch: usize, channels: usize, [height, width]: [usize; 2], rank: usize) -> Shape {
    if rank == 3 {
        Shape::of(&[batch, channels, width])
    } else {
        Shape::of(&[batch, channels, height, width])
    }
}

/// Refuses an input with another number of axes.
pub(crate) fn expect_image(op: &'static str, x: &Shape, rank: usize) -> Result<()> {
    if x.len() == rank {
        return Ok(());
    }
    let expected = if rank == 3 {
        "an input [batch, channels, length]"
    } else {
        "an input [batch, channels, height, width]"
    };
    Err(ErrorKind::Operand { op, expected, got: *x }.into())
}

/// Refuses a setting below `least`, or too large to count with; `expected` says so.
pub(crate) fn expect_setting(
    op: &'static str,
    expected: &'static str,
    least: usize,
    values: &[usize],
) -> Result<()> {
    match values.iter().find(|&&value| value < least || value > MOST) {
        None => Ok(()),
        Some(&got) => Err(ErrorKind::Value { op, expected, got: got as f64 }.into()),
    }
}

/// Refuses an array that no memory holds; `shape` is what it is made for.
pub(crate) fn expect_memory<T: Element>(op: &'static str, lengths: &[usize], got: Shape) -> Result<()> {
    let bytes = lengths.iter().try_fold(size_of::<T>(), |bytes, &length| bytes.checked_mul(length));
    if bytes.is_some_and(|bytes| isize::try_from(bytes).is_ok()) {
        return Ok(());
    }
    Err(ErrorKind::Operand { op, expected: "a result that fits the address space", got }.into())
}
