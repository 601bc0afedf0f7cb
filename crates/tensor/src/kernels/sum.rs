//! Sums that keep their digits: f32 is added in short runs that are joined in f64.

use super::{Write, map1, vectorize};
use crate::Element;

/// Long series are added in pieces of so many elements: those of a chain, which is summed piece by piece.
pub(crate) const PIECE: usize = 1024;
/// Elements added in the element type before they are joined in the wider one.
const RUN: usize = 512;
/// Independent partial sums: two vectors of the widest kind.
const LANES: usize = 32;
/// Columns whose wide sums fit the stack.
const COLUMNS: usize = 256;

/// The sum of a short or scattered series.
pub(crate) fn sum<T: Element>(values: impl Iterator<Item = T>) -> T {
    let mut total = T::Wide::default();
    values.for_each(|x| total += x.widen());
    T::narrow(total)
}

/// The sum of all elements.
pub(crate) fn sum_slice<T: Element>(values: &[T]) -> T {
    if values.len() < LANES {
        return values.iter().fold(T::zero(), |sum, &x| sum + x);
    }
    T::narrow(wide_sum(values))
}

/// The sum of all elements, to be joined with others: the sum over their pieces, each added up alone.
pub(crate) fn wide_sum<T: Element>(values: &[T]) -> T::Wide {
    let mut total = T::Wide::default();
    if values.len() < LANES {
        values.iter().for_each(|x| total += x.widen());
        return total;
    }
    vectorize(
        #[inline(always)]
        || values.chunks(PIECE).for_each(|piece| total += piece_sum(piece)),
    );
    total
}

#[inline(always)]
fn piece_sum<T: Element>(values: &[T]) -> T::Wide {
    let mut total = T::Wide::default();
    if values.len() < LANES {
        values.iter().for_each(|x| total += x.widen());
        return total;
    }
    let mut wide = [T::Wide::default(); LANES];
    for run in values.chunks(RUN) {
        let mut lanes = [T::zero(); LANES];
        let chunks = run.chunks_exact(LANES);
        let rest = chunks.remainder();
        for chunk in chunks {
            for (lane, &x) in lanes.iter_mut().zip(chunk) {
                *lane += x;
            }
        }
        for (lane, &x) in lanes.iter_mut().zip(rest) {
            *lane += x;
        }
        for (wide, lane) in wide.iter_mut().zip(lanes) {
            *wide += lane.widen();
        }
    }
    wide.into_iter().for_each(|wide| total += wide);
    total
}

/// `sums[i] += values[i]`
pub(crate) fn add_wide<T: Element>(sums: &mut [T::Wide], values: &[T]) {
    if values.len() < LANES {
        return sums.iter_mut().zip(values).for_each(|(sum, x)| *sum += x.widen());
    }
    vectorize(
        #[inline(always)]
        || sums.iter_mut().zip(values).for_each(|(sum, x)| *sum += x.widen()),
    );
}

/// `out[j] (+)= Σ_i rows[i * out.len() + j]`: the rows of a matrix added up.
pub(crate) fn sum_columns<T: Element>(out: &mut [T], write: Write, rows: &[T]) {
    if rows.len() == out.len() {
        map1(out, write, rows, |x| x);
    } else if out.len() <= 32 {
        // Clearing sums that are not used would be felt.
        columns::<T, 32>(out, write, rows);
    } else {
        columns::<T, COLUMNS>(out, write, rows);
    }
}

/// The same for `N` columns at a time.
fn columns<T: Element, const N: usize>(out: &mut [T], write: Write, rows: &[T]) {
    let width = out.len();
    if width == 0 {
        return;
    }
    for (block, out) in out.chunks_mut(N).enumerate() {
        let start = block * N;
        let mut sums = [T::Wide::default(); N];
        let sums = &mut sums[..out.len()];
        vectorize(
            #[inline(always)]
            || {
                for row in rows.chunks_exact(width) {
                    let row = &row[start..start + sums.len()];
                    for (sum, &x) in sums.iter_mut().zip(row) {
                        *sum += x.widen();
                    }
                }
            },
        );
        for (out, &sum) in out.iter_mut().zip(sums.iter()) {
            super::put(out, write, T::narrow(sum));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f32_sums_keep_their_digits() {
        // A lane adds 16 numbers of a run before it is joined: at most 15 roundings of 2^-24 each.
        let bound = 15.0 / f64::from(1 << 24);
        let n = 1 << 22;
        let sum = sum_slice(&vec![0.1f32; n]);
        assert!((f64::from(sum) / (n as f64 * f64::from(0.1f32)) - 1.0).abs() < bound, "{sum}");
        let mut out = [0.5f32; 2];
        sum_columns(&mut out, Write::Add, &vec![0.1f32; n]);
        assert!((out[1] as f64 / (0.5 + n as f64 / 2.0 * f64::from(0.1f32)) - 1.0).abs() < bound, "{out:?}");
    }

    #[test]
    fn every_length_and_width_equals_the_plain_sum() {
        for n in [0, 1, 31, 32, 33, 4095, 4096, 4097, 9000] {
            let values: Vec<f64> = (0..n).map(|i| (i % 7) as f64).collect();
            assert_eq!(sum_slice(&values), values.iter().sum::<f64>());
        }
        for width in [1, 5, 255, 256, 257, 600] {
            let rows: Vec<f64> = (0..3 * width).map(|i| i as f64).collect();
            let mut out = vec![1.0; width];
            sum_columns(&mut out, Write::Store, &rows);
            for (j, &sum) in out.iter().enumerate() {
                assert_eq!(sum, (3 * j + 3 * width) as f64);
            }
        }
    }
}
