//! Products by plain loops: the reference of the others, and those of next to no work.

use super::{Finish, Matrix};
use crate::Element;
use crate::kernels::{Write, put};

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
            put(&mut out[i * b.cols + j], write, alpha * sum);
        }
    }
}

/// The same with loops over slices, for so little work that a dispatch would be felt.
#[inline]
pub(super) fn tiny<T: Element>(out: &mut [T], a: Matrix<'_, T>, b: Matrix<'_, T>, mut finish: Finish<'_, T>) {
    finish.start(out);
    let (write, alpha) = (finish.write, finish.alpha);
    if a.cols == 0 {
        if write == Write::Store {
            out.fill(T::zero());
        }
    } else if b.cols == 1 && a.rows > 1 && a.row_stride == 1 {
        // A column is a row of the transposed product, whose sums do not wait for each other.
        tiny(out, b.t(), a.t(), finish);
    } else if b.col_stride == 1 && (b.row_stride == b.cols || b.rows == 1) {
        macro_rules! narrow {
            ($($columns:literal)*) => {
                match b.cols {
                    $($columns => return narrow::<T, $columns>(out, a, b, finish),)*
                    _ => {}
                }
            };
        }
        narrow!(1 2 3 4 5 6 7 8);
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
    finish.end(out);
}

/// The same for `N` columns, whose sums stay in registers.
#[inline]
fn narrow<T: Element, const N: usize>(
    out: &mut [T],
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
    finish: Finish<'_, T>,
) {
    let (rows, _) = b.values.as_chunks::<N>();
    for (i, out) in out.as_chunks_mut::<N>().0.iter_mut().enumerate() {
        let mut sums = match finish.write {
            Write::Store => [T::zero(); N],
            Write::Add => *out,
        };
        for (k, row) in rows.iter().enumerate() {
            let factor = finish.alpha * a.at(i, k);
            for (sum, &x) in sums.iter_mut().zip(row) {
                *sum += factor * x;
            }
        }
        *out = sums.map(|sum| finish.at_least(sum));
    }
}
