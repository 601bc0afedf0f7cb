//! Pooling of neighbouring windows together, in vectors.

use super::{Axis, Pool, Window, Windows};
use crate::kernels::vectorize;
use crate::{Result, Shape};

/// Windows of a block.
pub(super) const LANES: usize = 8;

/// Some neighbouring windows of a row, none of which the row's ends cut off.
pub(super) struct Block {
    /// Of the first output.
    pub(super) index: usize,
    /// How many of the first outputs were in a block before.
    pub(super) done: usize,
    /// Where the first window starts in the input.
    pub(super) start: usize,
    /// The length of a row of the input.
    row: usize,
    /// Rows and columns of a window.
    pub(super) size: [usize; 2],
    pub(super) stride: usize,
    /// How many cells an average counts.
    pub(super) count: usize,
}

/// A part of the outputs.
pub(super) enum Part {
    Block(Block),
    /// An output by its index.
    One(usize, Window),
}

impl Pool {
    /// Calls `f` with every part of the outputs, in order, compiled for the widest vectors that the machine has. The
    /// last block of a row begins earlier if it would not be full.
    #[inline(always)]
    pub(super) fn each_part(&self, x: &Shape, f: impl FnMut(Part)) -> Result<()> {
        vectorize(
            #[inline(always)]
            || self.parts(x, f),
        )
    }

    #[inline(always)]
    fn parts(&self, x: &Shape, mut f: impl FnMut(Part)) -> Result<()> {
        let [high, wide] = self.axes(x)?;
        let blocks = if high.input * wide.input > u32::MAX as usize { None } else { Blocks::of(&wide) };
        for channel in 0..x[0] * x[1] {
            let plane = channel * high.input * wide.input;
            for oy in 0..high.output {
                let (rows, height) = high.window(oy);
                let first = (channel * high.output + oy) * wide.output;
                let mut ox = 0;
                while ox < wide.output {
                    let Some(block) = blocks.filter(|blocks| (blocks.from..blocks.to).contains(&ox)) else {
                        let (columns, width) = wide.window(ox);
                        let (rows, count) = (rows.clone(), height * width);
                        f(Part::One(
                            first + ox,
                            Window { start: plane, row: wide.input, rows, columns, count },
                        ));
                        ox += 1;
                        continue;
                    };
                    let begin = ox.min(block.to - LANES);
                    f(Part::Block(Block {
                        index: first + begin,
                        done: ox - begin,
                        start: plane + rows.start * wide.input + begin * block.stride - block.padding,
                        row: wide.input,
                        size: [rows.len(), block.kernel],
                        stride: block.stride,
                        count: height * block.kernel,
                    }));
                    ox = begin + LANES;
                }
            }
        }
        Ok(())
    }
}

/// The outputs of a row that are computed in blocks, at least as many as a block has, and their windows.
#[derive(Clone, Copy)]
struct Blocks {
    from: usize,
    to: usize,
    kernel: usize,
    stride: usize,
    padding: usize,
}

impl Blocks {
    fn of(wide: &Axis) -> Option<Self> {
        let Windows::Strided { kernel, stride, padding, .. } = wide.windows else {
            return None;
        };
        let from = padding.div_ceil(stride);
        let to = ((wide.input + padding).checked_sub(kernel)? / stride + 1).min(wide.output);
        (to >= from + LANES).then_some(Self { from, to, kernel, stride, padding })
    }
}

impl Block {
    /// Calls `f` for each cell of a window, in order, with its distance from the window's first and with what it
    /// holds in every window.
    #[inline(always)]
    pub(super) fn each_cell<T: Copy>(&self, x: &[T], f: impl FnMut(usize, [T; LANES])) {
        match self.stride {
            1 => self.cells::<T, 1>(x, f),
            2 => self.cells::<T, 2>(x, f),
            3 => self.cells::<T, 3>(x, f),
            _ => self.cells::<T, 0>(x, f),
        }
    }

    /// The same for a stride that is known to the compiler, unless it is 0.
    #[inline(always)]
    fn cells<T: Copy, const STRIDE: usize>(&self, x: &[T], mut f: impl FnMut(usize, [T; LANES])) {
        let stride = if STRIDE == 0 { self.stride } else { STRIDE };
        for row in 0..self.size[0] {
            for column in 0..self.size[1] {
                let distance = row * self.row + column;
                let cells = &x[self.start + distance..][..(LANES - 1) * stride + 1];
                f(distance, std::array::from_fn(|lane| cells[lane * stride]));
            }
        }
    }

    /// Adds a number to every cell of each window that is new.
    #[inline(always)]
    pub(super) fn spread<T: Copy + std::ops::AddAssign>(&self, dx: &mut [T], g: &[T; LANES]) {
        match (self.done, self.size[1], self.stride) {
            (0, 2, 2) => self.spread_beside::<T, 2>(dx, g),
            (0, 3, 3) => self.spread_beside::<T, 3>(dx, g),
            _ => {
                for (lane, &g) in g.iter().enumerate().skip(self.done) {
                    for row in 0..self.size[0] {
                        let start = self.start + row * self.row + lane * self.stride;
                        dx[start..start + self.size[1]].iter_mut().for_each(|dx| *dx += g);
                    }
                }
            }
        }
    }

    /// The same for windows side by side.
    #[inline(always)]
    fn spread_beside<T: Copy + std::ops::AddAssign, const WIDTH: usize>(&self, dx: &mut [T], g: &[T; LANES]) {
        for row in 0..self.size[0] {
            let cells = &mut dx[self.start + row * self.row..][..LANES * WIDTH];
            for (cells, &g) in cells.as_chunks_mut::<WIDTH>().0.iter_mut().zip(g) {
                cells.iter_mut().for_each(|dx| *dx += g);
            }
        }
    }
}
