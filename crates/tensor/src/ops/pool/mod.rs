//! Pooling over windows of one and two spatial axes.

mod average;
mod blocks;
mod max;
#[cfg(test)]
mod tests;

use super::window::{expect_image, expect_memory, expect_setting, image, plane, spatial};
use crate::{Element, ErrorKind, Result, Shape};
use std::ops::Range;

/// Which windows a pooling over `N` spatial axes takes: [`new`](Self::new) gives windows side by side, other
/// fields are set by update syntax.
///
/// | field | default | meaning |
/// | --- | --- | --- |
/// | `kernel` | – | positions of a window, at least 1 |
/// | `stride` | `kernel` | positions from one window to the next, at least 1 |
/// | `padding` | 0 | empty cells before and after the input, at most half the kernel |
/// | `rounding` | `Floor` | whether what a stride leaves over gets a window of its own |
/// | `divisor` | `Window` | what an average divides by; a maximum has no use for it |
///
/// ```
/// use tensor::PoolConfig;
///
/// let overlapping = PoolConfig { stride: [1, 1], ..PoolConfig::new([2, 2]) };
/// assert_eq!((overlapping.kernel, overlapping.padding), ([2, 2], [0, 0]));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolConfig<const N: usize> {
    /// Positions of a window.
    pub kernel: [usize; N],
    /// Positions from one window to the next.
    pub stride: [usize; N],
    /// Empty cells before and after the input.
    pub padding: [usize; N],
    /// Whether what a stride leaves over gets a window.
    pub rounding: Rounding,
    /// What an average divides by.
    pub divisor: Divisor,
}

impl<const N: usize> PoolConfig<N> {
    /// Windows of this size side by side, without padding.
    pub const fn new(kernel: [usize; N]) -> Self {
        Self { kernel, stride: kernel, padding: [0; N], rounding: Rounding::Floor, divisor: Divisor::Window }
    }
}

/// How the number of windows is rounded where a stride leaves positions over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Rounding {
    /// Down: positions that are left over are not pooled.
    #[default]
    Floor,
    /// Up: a last window, cut off at its end, takes them; PyTorch's `ceil_mode`. A window that would start
    /// in the padding at the end is left out.
    Ceil,
}

/// What an average over a window divides by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Divisor {
    /// The window's cells, padding included; PyTorch's `count_include_pad`. Cells past the padding, where
    /// [`Rounding::Ceil`] cut a window off, do not count.
    #[default]
    Window,
    /// The window's cells inside of the input.
    Inside,
}

/// The windows along one axis.
#[derive(Debug, Clone, Copy)]
struct Axis {
    input: usize,
    output: usize,
    windows: Windows,
}

#[derive(Debug, Clone, Copy)]
enum Windows {
    Strided {
        kernel: usize,
        stride: usize,
        padding: usize,
        divisor: Divisor,
    },
    /// As many as asked for, of equal length up to one position; they may overlap by one.
    Adaptive,
}

impl Axis {
    /// The positions of window `o`, and how many an average counts.
    #[inline]
    fn window(&self, o: usize) -> (Range<usize>, usize) {
        match self.windows {
            Windows::Strided { kernel, stride, padding, divisor } => {
                // In cells of the padded input.
                let start = o * stride;
                let end = (start + kernel).min(self.input + 2 * padding);
                let inside = start.saturating_sub(padding)..(end - padding).min(self.input);
                let count = match divisor {
                    Divisor::Window => end - start,
                    Divisor::Inside => inside.len(),
                };
                (inside, count)
            }
            Windows::Adaptive => {
                let start = o * self.input / self.output;
                let end = ((o + 1) * self.input).div_ceil(self.output);
                (start..end, end - start)
            }
        }
    }
}

/// What was asked for, in two axes.
#[derive(Debug, Clone, Copy)]
enum Plan {
    Strided(PoolConfig<2>),
    Adaptive([usize; 2]),
}

/// A pooling op as it was asked for.
#[derive(Debug, Clone, Copy)]
struct Pool {
    name: &'static str,
    /// Axes of the input: 3 or 4.
    rank: usize,
    plan: Plan,
}

impl Pool {
    fn strided<const N: usize>(name: &'static str, config: PoolConfig<N>) -> Self {
        let PoolConfig { kernel, stride, padding, rounding, divisor } = config;
        let (kernel, stride, padding) = (plane(kernel, 1), plane(stride, 1), plane(padding, 0));
        let plan = Plan::Strided(PoolConfig { kernel, stride, padding, rounding, divisor });
        Self { name, rank: N + 2, plan }
    }

    fn adaptive<const N: usize>(name: &'static str, size: [usize; N]) -> Self {
        Self { name, rank: N + 2, plan: Plan::Adaptive(plane(size, 1)) }
    }

    /// The windows along height and width.
    fn axes(&self, x: &Shape) -> Result<[Axis; 2]> {
        let op = self.name;
        expect_image(op, x, self.rank)?;
        let [high, wide] = spatial(x);
        if high == 0 || wide == 0 {
            let expected = "an input with at least one position per axis";
            return Err(ErrorKind::Operand { op, expected, got: *x }.into());
        }
        match self.plan {
            Plan::Adaptive(size) => {
                expect_setting(op, "an output size from 1 to 2^30", 1, &size)?;
                let axis = |input, output| Axis { input, output, windows: Windows::Adaptive };
                Ok([axis(high, size[0]), axis(wide, size[1])])
            }
            Plan::Strided(config) => {
                let [high, wide] = [(0, high), (1, wide)].map(|(i, input)| self.axis(x, &config, i, input));
                Ok([high?, wide?])
            }
        }
    }

    fn axis(&self, x: &Shape, config: &PoolConfig<2>, axis: usize, input: usize) -> Result<Axis> {
        let op = self.name;
        let (kernel, stride, padding) = (config.kernel[axis], config.stride[axis], config.padding[axis]);
        expect_setting(op, "a kernel from 1 to 2^30", 1, &[kernel])?;
        expect_setting(op, "a stride from 1 to 2^30", 1, &[stride])?;
        if padding > kernel / 2 {
            // Otherwise a window could hold nothing but padding.
            let expected = "a padding of at most half the kernel";
            return Err(ErrorKind::Value { op, expected, got: padding as f64 }.into());
        }
        let extra = if config.rounding == Rounding::Ceil { stride - 1 } else { 0 };
        let Some(free) = (input + 2 * padding + extra).checked_sub(kernel) else {
            let expected = "a kernel no longer than the padded input";
            let rhs = Shape::of(&config.kernel[4 - self.rank..]);
            return Err(ErrorKind::Shapes { op, lhs: *x, rhs, expected }.into());
        };
        let mut output = free / stride + 1;
        if config.rounding == Rounding::Ceil && (output - 1) * stride >= input + padding {
            output -= 1;
        }
        let divisor = config.divisor;
        Ok(Axis { input, output, windows: Windows::Strided { kernel, stride, padding, divisor } })
    }

    fn infer<T: Element>(&self, x: &Shape) -> Result<Shape> {
        let lengths = self.axes(x)?.map(|axis| axis.output);
        expect_memory::<T>(self.name, &[x[0], x[1], lengths[0], lengths[1]], *x)?;
        Ok(image(x[0], x[1], lengths, x.len()))
    }
}

/// What one output element is made of.
struct Window {
    /// Where the channel starts in the input.
    start: usize,
    /// The length of a row.
    row: usize,
    rows: Range<usize>,
    columns: Range<usize>,
    /// How many cells an average counts.
    count: usize,
}

impl Window {
    /// Where the window's rows stand in the input.
    #[inline(always)]
    fn spans(&self) -> impl Iterator<Item = Range<usize>> {
        let (start, columns) = (self.start, self.columns.clone());
        let row = self.row;
        self.rows.clone().map(move |y| {
            let left = start + y * row;
            left + columns.start..left + columns.end
        })
    }
}
