//! Convolutions as products of matrices: what the kernel meets in one image is copied into a matrix with a
//! column per output position. It serves every stride and element type.

use super::Geometry;
use crate::Element;
use crate::kernels::{Matrix, Write};
use std::ops::Range;

impl Geometry {
    /// Numbers of the column matrix of one image and one group.
    pub(super) fn matrix(&self) -> usize {
        if self.pointwise() { 0 } else { self.depth() * self.positions() }
    }

    /// `y (+)= x * w` as a product of matrices.
    pub(super) fn multiply<T: Element>(
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

    /// `dx += ` the gradient of x as a product of matrices.
    pub(super) fn multiply_back<T: Element>(&self, (dy, w): (&[T], &[T]), dx: &mut [T], columns: &mut [T]) {
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

    /// `dw += ` the gradient of w as a product of matrices.
    pub(super) fn multiply_weight<T: Element>(&self, (dy, x): (&[T], &[T]), dw: &mut [T], columns: &mut [T]) {
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
    x: Range<usize>,
    w: Range<usize>,
    y: Range<usize>,
}

/// One output row of one row of the column matrix.
struct Row {
    /// Where it stands in the column matrix.
    columns: Range<usize>,
    /// Where in x its first element inside of the input is read, and which elements are inside.
    read: Option<(usize, Range<usize>)>,
}
