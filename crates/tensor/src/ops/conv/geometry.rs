//! The arithmetic of convolutions: three functions, for the value and for the gradients of both operands.
//!
//! They copy what the kernel meets in one image into a matrix with a column per output position and
//! multiply matrices; another way of computing them changes this file alone. A transposed convolution is
//! the same three functions with the roles of input and output exchanged.

use crate::Element;
use crate::kernels::{Matrix, Write};
use crate::ops::window::Window;

/// What is convolved with what: x `[batch, groups * inputs, ..]`, w `[groups * outputs, inputs, ..]`,
/// y `[batch, groups * outputs, ..]`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Geometry {
    pub(super) batch: usize,
    pub(super) groups: usize,
    /// Channels of x in one group.
    pub(super) inputs: usize,
    /// Channels of y in one group.
    pub(super) outputs: usize,
    /// Height and width.
    pub(super) axes: [Window; 2],
}

impl Geometry {
    /// Positions of one channel of x.
    pub(super) fn read(&self) -> usize {
        self.axes.iter().map(|axis| axis.input).product()
    }

    /// Positions of one channel of y.
    pub(super) fn positions(&self) -> usize {
        self.axes.iter().map(|axis| axis.output).product()
    }

    /// Numbers that one element of y is summed from: rows of the column matrix.
    fn depth(&self) -> usize {
        self.inputs * self.axes[0].kernel * self.axes[1].kernel
    }

    /// Whether every position meets itself alone, so that x is its own column matrix.
    fn pointwise(&self) -> bool {
        self.axes.iter().all(|a| a.kernel == 1 && a.stride == 1 && a.padding == 0 && a.output == a.input)
    }

    /// Memory that each of the functions below needs.
    pub(super) fn columns(&self) -> usize {
        if self.pointwise() { 0 } else { self.depth() * self.positions() }
    }

    /// `y (+)= x * w`
    pub(super) fn forward<T: Element>(
        &self,
        (x, w): (&[T], &[T]),
        (y, write): (&mut [T], Write),
        columns: &mut [T],
    ) {
        for block in self.blocks() {
            let columns = self.gather(&x[block.x], columns);
            let (w, y) = (self.kernel(&w[block.w]), &mut y[block.y]);
            T::gemm(y, write, T::one(), w, Matrix::new(columns, self.depth(), self.positions()));
        }
    }

    /// `dx += ` the gradient of x, given that of y.
    pub(super) fn backward_input<T: Element>(&self, (dy, w): (&[T], &[T]), dx: &mut [T], columns: &mut [T]) {
        for block in self.blocks() {
            let (w, dx) = (self.kernel(&w[block.w]), &mut dx[block.x]);
            let dy = Matrix::new(&dy[block.y], self.outputs, self.positions());
            if self.pointwise() {
                T::gemm(dx, Write::Add, T::one(), w.t(), dy);
            } else {
                T::gemm(columns, Write::Store, T::one(), w.t(), dy);
                self.scatter(columns, dx);
            }
        }
    }

    /// `dw += ` the gradient of w, given that of y.
    pub(super) fn backward_weight<T: Element>(&self, (dy, x): (&[T], &[T]), dw: &mut [T], columns: &mut [T]) {
        for block in self.blocks() {
            let columns = Matrix::new(self.gather(&x[block.x], columns), self.depth(), self.positions());
            let dy = Matrix::new(&dy[block.y], self.outputs, self.positions());
            T::gemm(&mut dw[block.w], Write::Add, T::one(), dy, columns.t());
        }
    }

    /// Where each group of each image stands.
    fn blocks(self) -> impl Iterator<Item = Block> {
        let x = self.inputs * self.read();
        let w = self.outputs * self.depth();
        let y = self.outputs * self.positions();
        let span = |index: usize, size: usize| index * size..(index + 1) * size;
        (0..self.batch * self.groups).map(move |index| Block {
            x: span(index, x),
            w: span(index % self.groups, w),
            y: span(index, y),
        })
    }

    fn kernel<'a, T: Element>(&self, w: &'a [T]) -> Matrix<'a, T> {
        Matrix::new(w, self.outputs, self.depth())
    }

    /// The column matrix of the channels of one group: a row per channel and tap, zeros for padding.
    fn gather<'a, T: Element>(&self, x: &'a [T], columns: &'a mut [T]) -> &'a [T] {
        if self.pointwise() {
            return x;
        }
        let stride = self.axes[1].stride;
        self.each_row(|row| {
            let out = &mut columns[row.columns];
            let Some((read, reached)) = row.read else {
                return out.fill(T::zero());
            };
            out[..reached.start].fill(T::zero());
            out[reached.end..].fill(T::zero());
            let out = &mut out[reached];
            if stride == 1 {
                out.copy_from_slice(&x[read..read + out.len()]);
            } else {
                out.iter_mut().zip(x[read..].iter().step_by(stride)).for_each(|(out, &x)| *out = x);
            }
        });
        columns
    }

    /// Adds every element of a column matrix to where `gather` reads it from.
    fn scatter<T: Element>(&self, columns: &[T], x: &mut [T]) {
        let stride = self.axes[1].stride;
        self.each_row(|row| {
            if let Some((read, reached)) = row.read {
                let from = &columns[row.columns][reached];
                x[read..].iter_mut().step_by(stride).zip(from).for_each(|(x, &from)| *x += from);
            }
        });
    }

    /// Calls `f` for every output row of every row of the column matrix.
    #[inline(always)]
    fn each_row(&self, mut f: impl FnMut(Row)) {
        let [high, wide] = &self.axes;
        let mut at = 0;
        for channel in 0..self.inputs {
            for ky in 0..high.kernel {
                for kx in 0..wide.kernel {
                    let (reached, first) = wide.reach(kx);
                    for oy in 0..high.output {
                        let inside = high.at(oy, ky).filter(|_| !reached.is_empty());
                        let read = inside
                            .map(|y| ((channel * high.input + y) * wide.input + first, reached.clone()));
                        f(Row { columns: at..at + wide.output, read });
                        at += wide.output;
                    }
                }
            }
        }
    }
}

/// Where one group of one image stands in each array.
struct Block {
    x: std::ops::Range<usize>,
    w: std::ops::Range<usize>,
    y: std::ops::Range<usize>,
}

/// One output row of one row of the column matrix.
struct Row {
    /// Where it stands in the column matrix.
    columns: std::ops::Range<usize>,
    /// Where in x its first element inside of the input is read, and which elements are inside.
    read: Option<(usize, std::ops::Range<usize>)>,
}
