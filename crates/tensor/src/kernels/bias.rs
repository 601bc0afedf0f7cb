//! What `linear` does with a gradient on the way to its products.

use super::{Write, map1, put, update1, vectorize};
use crate::Element;

/// Columns whose wide sums fit the stack.
const COLUMNS: usize = 256;

/// `rows[i] = f(rows[i], y[i])`, and `out[j] (+)= Σ_i rows[i * out.len() + j]`: a gradient before an
/// activation and its sum over all rows, joined in the wide type.
#[inline(always)]
pub(crate) fn update_and_sum_columns<T: Element>(
    out: &mut [T],
    write: Write,
    (rows, y): (&mut [T], &[T]),
    f: impl Fn(T, T) -> T,
) {
    let width = out.len();
    if rows.len() == width {
        update1(rows, y, f);
        return map1(out, write, rows, |x| x);
    }
    if width == 0 {
        return;
    }
    vectorize(
        #[inline(always)]
        || {
            for (block, out) in out.chunks_mut(COLUMNS).enumerate() {
                let columns = block * COLUMNS..block * COLUMNS + out.len();
                let mut sums = [T::Wide::default(); COLUMNS];
                let sums = &mut sums[..out.len()];
                for (row, y) in rows.chunks_exact_mut(width).zip(y.chunks_exact(width)) {
                    let (row, y) = (&mut row[columns.clone()], &y[columns.clone()]);
                    for ((x, &y), sum) in row.iter_mut().zip(y).zip(sums.iter_mut()) {
                        *x = f(*x, y);
                        *sum += x.widen();
                    }
                }
                out.iter_mut().zip(sums).for_each(|(out, &mut sum)| put(out, write, T::narrow(sum)));
            }
        },
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::sum_columns;

    #[test]
    fn one_pass_has_the_bits_of_two() {
        for (width, height) in [(1, 7), (5, 1), (5, 7), (32, 1), (33, 7), (256, 7), (257, 7), (600, 2)] {
            let y: Vec<f32> = (0..height * width).map(|i| (i as f32 * 0.7).sin()).collect();
            let g: Vec<f32> = (0..height * width).map(|i| (i as f32 * 0.3).cos()).collect();
            let f = |g: f32, y: f32| if y > 0.0 { g } else { 0.0 };
            for write in [Write::Store, Write::Add] {
                let (mut want, mut want_sum) = (g.clone(), vec![0.5; width]);
                update1(&mut want, &y, f);
                sum_columns(&mut want_sum, write, &want);
                let (mut got, mut sum) = (g.clone(), vec![0.5; width]);
                update_and_sum_columns(&mut sum, write, (&mut got, &y), f);
                assert_eq!((got, sum), (want, want_sum), "{width} columns, {write:?}");
            }
        }
    }
}
