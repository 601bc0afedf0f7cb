//! Sums that keep their digits: f32 is added in short pieces that are joined in f64.

use super::{Write, map1, vectorize};
use crate::Element;

/// Elements added in the element type before they are joined in the wider one. A sum is that of the sums of
/// its pieces in order, so whoever has an array piece by piece can add it up to the same bits.
pub(crate) const PIECE: usize = 1024;
/// Independent partial sums: four vectors of the widest kind, which hides the latency of an addition.
const LANES: usize = 64;
/// Below this many elements the dispatch costs more than wide vectors gain.
const SHORT: usize = 32;
/// Columns whose wide sums fit the stack: rows are read in runs of this length.
const COLUMNS: usize = 1024;
/// Rows added in the element type before they are joined in the wider one.
const ROWS: usize = 8;

/// The sum of a short or scattered series.
pub(crate) fn sum<T: Element>(values: impl Iterator<Item = T>) -> T {
    let mut total = T::Wide::default();
    values.for_each(|x| total += x.widen());
    T::narrow(total)
}

/// The sum of all elements.
pub(crate) fn sum_slice<T: Element>(values: &[T]) -> T {
    T::narrow(wide_sum(values))
}

/// The sum of all elements, to be joined with others.
pub(crate) fn wide_sum<T: Element>(values: &[T]) -> T::Wide {
    wide([values], |[x]| x)
}

/// `Σ a[i] b[i]` of slices of one length.
pub(crate) fn wide_dot<T: Element>(a: &[T], b: &[T]) -> T::Wide {
    wide([a, &b[..a.len()]], |[a, b]| a * b)
}

/// `Σ f(operands[..][i])` of slices of one length.
#[inline(always)]
fn wide<T: Element, const N: usize>(operands: [&[T]; N], f: impl Fn([T; N]) -> T) -> T::Wide {
    let mut total = T::Wide::default();
    let length = operands[0].len();
    if length < SHORT {
        (0..length).for_each(|i| total += f(operands.map(|operand| operand[i])).widen());
        return total;
    }
    vectorize(
        #[inline(always)]
        || {
            for start in (0..length).step_by(PIECE) {
                let end = length.min(start + PIECE);
                total += piece(operands.map(|operand| &operand[start..end]), &f);
            }
            total
        },
    )
}

/// The sum of at most [`PIECE`] elements.
#[inline(always)]
fn piece<T: Element, const N: usize>(operands: [&[T]; N], f: impl Fn([T; N]) -> T) -> T::Wide {
    let length = operands[0].len();
    if length < SHORT {
        let mut total = T::Wide::default();
        (0..length).for_each(|i| total += f(operands.map(|operand| operand[i])).widen());
        return total;
    }
    let mut lanes = [T::zero(); LANES];
    for start in (0..length - length % LANES).step_by(LANES) {
        let chunks = operands.map(|operand| &operand[start..start + LANES]);
        for (i, lane) in lanes.iter_mut().enumerate() {
            *lane += f(chunks.map(|chunk| chunk[i]));
        }
    }
    let rest = operands.map(|operand| &operand[length - length % LANES..]);
    for (i, lane) in lanes.iter_mut().enumerate().take(length % LANES) {
        *lane += f(rest.map(|rest| rest[i]));
    }
    join(lanes.map(T::widen))
}

/// The sum of the lanes: halves are added until one is left.
#[inline(always)]
fn join<W: Copy + std::ops::AddAssign>(mut lanes: [W; LANES]) -> W {
    let mut half = LANES / 2;
    while half > 0 {
        let (left, right) = lanes.split_at_mut(half);
        left.iter_mut().zip(right).for_each(|(left, right)| *left += *right);
        half /= 2;
    }
    lanes[0]
}

/// `sums[i] += values[i]`
pub(crate) fn add_wide<T: Element>(sums: &mut [T::Wide], values: &[T]) {
    if values.len() < SHORT {
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
    } else if out.len() <= 256 {
        columns::<T, 256>(out, write, rows);
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
                let blocks = rows.chunks_exact(ROWS * width);
                let rest = blocks.remainder();
                for rows in blocks {
                    add_rows(sums, std::array::from_fn(|i| &rows[i * width + start..]));
                }
                for row in rest.chunks_exact(width) {
                    sums.iter_mut().zip(&row[start..]).for_each(|(sum, x)| *sum += x.widen());
                }
            },
        );
        for (out, &sum) in out.iter_mut().zip(sums.iter()) {
            super::put(out, write, T::narrow(sum));
        }
    }
}

/// Adds up rows at once, so that each sum is loaded, widened and stored once for all of them.
#[inline(always)]
fn add_rows<T: Element>(sums: &mut [T::Wide], rows: [&[T]; ROWS]) {
    let [a, b, c, d, e, f, g, h] = rows.map(|row| &row[..sums.len()]);
    for (j, sum) in sums.iter_mut().enumerate() {
        *sum += (((a[j] + b[j]) + (c[j] + d[j])) + ((e[j] + f[j]) + (g[j] + h[j]))).widen();
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
    #[test]
    fn a_sum_is_that_of_its_pieces() {
        let values: Vec<f32> = (0..5000).map(|i| ((i * 7919) % 1013) as f32 * 0.37 - 150.0).collect();
        for n in [0, 1, 31, 32, 63, 64, 65, 1000, 1023, 1024, 1025, 1024 + 31, 1024 + 33, 2048, 4999] {
            let mut total = 0.0;
            values[..n].chunks(PIECE).for_each(|piece| total += wide_sum(piece));
            assert_eq!(wide_sum(&values[..n]).to_bits(), total.to_bits(), "{n}");
            assert_eq!(sum_slice(&values[..n]), total as f32);
            let exact: f64 = values[..n].iter().map(|&x| f64::from(x)).sum();
            assert!((total - exact).abs() <= 1e-6 * 150.0 * n as f64, "{n}: {total} instead of {exact}");
        }
    }

    #[test]
    fn products_and_many_rows_equal_the_plain_sums() {
        for n in [0, 1, 31, 32, 33, 100, 1024, 1025, 3000] {
            let a: Vec<f64> = (0..n).map(|i| (i % 7) as f64).collect();
            let b: Vec<f64> = (0..n).map(|i| (i % 5) as f64 - 2.0).collect();
            assert_eq!(wide_dot(&a, &b), a.iter().zip(&b).map(|(a, b)| a * b).sum::<f64>());
        }
        for (rows, width) in [(7, 3), (8, 3), (9, 33), (17, 257), (16, 1025), (25, 2050)] {
            let values: Vec<f32> = (0..rows * width).map(|i| (i % 101) as f32).collect();
            let mut out = vec![1.0; width];
            sum_columns(&mut out, Write::Add, &values);
            for (j, &sum) in out.iter().enumerate() {
                let column = (0..rows).map(|i| values[i * width + j]);
                assert_eq!(sum, 1.0 + column.sum::<f32>(), "{rows} x {width}");
            }
        }
    }
}
