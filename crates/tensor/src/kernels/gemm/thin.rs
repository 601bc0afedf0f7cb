//! Products that are too thin for tiles: few rows, a short inner size, or next to nothing.

use super::{Matrix, Write};
use crate::Element;
use crate::kernels::vectorize;

/// Rows of `b` that are read at once.
const TOGETHER: usize = 8;
/// Independent partial sums of a dot product: two vectors of the widest kind.
const LANES: usize = 32;

/// The slow and obvious product, `out (+)= alpha * a b`: the reference of the others, and the product
/// of element types without a kernel.
pub(crate) fn gemm_plain<T: Element>(
    out: &mut [T],
    write: Write,
    alpha: T,
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
) {
    for i in 0..a.rows {
        for j in 0..b.cols {
            let mut sum = T::zero();
            for k in 0..a.cols {
                sum += a.at(i, k) * b.at(k, j);
            }
            let out = &mut out[i * b.cols + j];
            match write {
                Write::Store => *out = alpha * sum,
                Write::Add => *out += alpha * sum,
            }
        }
    }
}

/// The same with loops over slices, for so little work that a dispatch would be felt.
#[inline]
pub(super) fn tiny<T: Element>(out: &mut [T], write: Write, alpha: T, a: Matrix<'_, T>, b: Matrix<'_, T>) {
    if b.col_stride == 1 && b.row_stride == b.cols {
        for (i, out) in out.chunks_exact_mut(b.cols).enumerate() {
            for (k, row) in b.values.chunks_exact(b.cols).enumerate() {
                let factor = alpha * a.at(i, k);
                if k == 0 && write == Write::Store {
                    out.iter_mut().zip(row).for_each(|(out, &x)| *out = factor * x);
                } else {
                    out.iter_mut().zip(row).for_each(|(out, &x)| *out += factor * x);
                }
            }
        }
    } else if a.col_stride == 1 && b.row_stride == 1 {
        for (i, out) in out.chunks_exact_mut(b.cols).enumerate() {
            let row = &a.values[i * a.row_stride..][..a.cols];
            for (j, out) in out.iter_mut().enumerate() {
                let column = &b.values[j * b.col_stride..][..a.cols];
                let sum = row.iter().zip(column).fold(T::zero(), |sum, (&a, &b)| sum + a * b);
                put(out, write, alpha * sum);
            }
        }
    } else {
        gemm_plain(out, write, alpha, a, b);
    }
}

#[inline(always)]
fn put<T: Element>(out: &mut T, write: Write, x: T) {
    match write {
        Write::Store => *out = x,
        Write::Add => *out += x,
    }
}

/// Each row of the result is a sum of rows of `b`, which are read in the order of memory.
pub(super) fn rows<T: Element>(out: &mut [T], write: Write, alpha: T, a: Matrix<'_, T>, b: Matrix<'_, T>) {
    vectorize(
        #[inline(always)]
        || add_rows(out, write, alpha, a, b),
    );
}

#[inline(always)]
fn add_rows<T: Element>(out: &mut [T], write: Write, alpha: T, a: Matrix<'_, T>, b: Matrix<'_, T>) {
    const N: usize = TOGETHER;
    for (i, out) in out.chunks_exact_mut(b.cols).enumerate() {
        if write == Write::Store {
            out.fill(T::zero());
        }
        let row = |k: usize| &b.values[k * b.row_stride..][..b.cols];
        let whole = a.cols / N * N;
        for k in (0..whole).step_by(N) {
            let factors: [T; N] = std::array::from_fn(|n| alpha * a.at(i, k + n));
            let rows: [&[T]; N] = std::array::from_fn(|n| &row(k + n)[..out.len()]);
            for (j, out) in out.iter_mut().enumerate() {
                let mut sum = *out;
                for n in 0..N {
                    sum += factors[n] * rows[n][j];
                }
                *out = sum;
            }
        }
        for k in whole..a.cols {
            let factor = alpha * a.at(i, k);
            out.iter_mut().zip(row(k)).for_each(|(out, &x)| *out += factor * x);
        }
    }
}

/// Each number of the result is a dot product of two rows in memory.
pub(super) fn dots<T: Element>(out: &mut [T], write: Write, alpha: T, a: Matrix<'_, T>, b: Matrix<'_, T>) {
    vectorize(
        #[inline(always)]
        || {
            for (i, out) in out.chunks_exact_mut(b.cols).enumerate() {
                let row = &a.values[i * a.row_stride..][..a.cols];
                for (j, out) in out.iter_mut().enumerate() {
                    put(out, write, alpha * dot(row, &b.values[j * b.col_stride..][..a.cols]));
                }
            }
        },
    );
}

#[inline(always)]
fn dot<T: Element>(a: &[T], b: &[T]) -> T {
    let mut lanes = [T::zero(); LANES];
    let (a_runs, b_runs) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest = a_runs.remainder().iter().zip(b_runs.remainder());
    for (a, b) in a_runs.zip(b_runs) {
        for ((lane, &a), &b) in lanes.iter_mut().zip(a).zip(b) {
            *lane += a * b;
        }
    }
    let sum = lanes.iter().fold(T::zero(), |sum, &lane| sum + lane);
    rest.fold(sum, |sum, (&a, &b)| sum + a * b)
}
