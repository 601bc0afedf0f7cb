//! Sums that keep their digits: f32 is added in short runs that are joined in f64.

use super::{Write, map1, map2, vectorize};
use crate::Element;
use pulp::{Arch, Simd, WithSimd};

/// A sum is that of the sums of pieces of this length in order, so whoever has an array piece by piece can
/// add it up to the same bits.
pub(crate) const PIECE: usize = 1024;
/// Independent sums of vectors, which hide the latency of an addition.
const SUMS: usize = 8;
/// Vectors added in the element type before they are joined in the wider one: 8 for each sum.
const RUN: usize = 64;
/// Below this many elements the dispatch costs more than wide vectors gain.
const SHORT: usize = 32;
/// Columns whose wide sums fit the stack: rows are read in runs of this length.
const COLUMNS: usize = 1024;
/// Rows added in the element type before they are joined in the wider one.
const ROWS: usize = 8;

/// The sum of a short or scattered series.
pub(crate) fn sum<T: Element>(values: impl Iterator<Item = T>) -> T {
    T::narrow(scattered(values))
}

/// The sum of all elements.
pub(crate) fn sum_slice<T: Element>(values: &[T]) -> T {
    T::narrow(wide_sum(values))
}

/// The sum of all elements, to be joined with others.
pub(crate) fn wide_sum<T: Element>(values: &[T]) -> T::Wide {
    if values.len() < SHORT { scattered(values.iter().copied()) } else { T::sum_all(values) }
}

/// `Σ a[i] b[i]` of slices of one length.
pub(crate) fn wide_dot<T: Element>(a: &[T], b: &[T]) -> T::Wide {
    let mut total = T::Wide::default();
    let mut products = [T::zero(); PIECE];
    for (a, b) in a.chunks(PIECE).zip(b.chunks(PIECE)) {
        let products = &mut products[..a.len()];
        map2(products, Write::Store, a, b, |a, b| a * b);
        total += wide_sum(products);
    }
    total
}

fn scattered<T: Element>(values: impl Iterator<Item = T>) -> T::Wide {
    let mut total = T::Wide::default();
    values.for_each(|x| total += x.widen());
    total
}

/// The sum of all elements of any type, piece by piece.
pub(crate) fn sum_plain<T: Element>(values: &[T]) -> T::Wide {
    let mut total = T::Wide::default();
    values.chunks(PIECE).for_each(|piece| total += scattered(piece.iter().copied()));
    total
}

macro_rules! sum_vectors {
    ($name:ident, $t:ident, $as_simd:ident, $lanes:ident, $splat:ident, $add:ident, $load:ident, $store:ident) => {
        /// The sum of all elements, in vectors.
        pub(crate) fn $name(arch: Arch, values: &[$t]) -> f64 {
            struct Pieces<'a>(&'a [$t]);

            impl WithSimd for Pieces<'_> {
                type Output = f64;

                #[inline(always)]
                fn with_simd<S: Simd>(self, simd: S) -> f64 {
                    let mut total = 0.0;
                    for piece in self.0.chunks(PIECE) {
                        total += if piece.len() < SHORT {
                            scattered(piece.iter().copied())
                        } else {
                            piece.chunks(RUN * S::$lanes).map(|run| short(simd, run)).sum()
                        };
                    }
                    total
                }
            }

            /// The sum of a run: each lane adds 15 numbers at most.
            #[inline(always)]
            fn short<S: Simd>(simd: S, run: &[$t]) -> f64 {
                let mut sums = [simd.$splat(0.0); SUMS];
                let (vectors, tail) = S::$as_simd(run);
                let (groups, rest) = vectors.as_chunks::<SUMS>();
                for group in groups {
                    for (sum, &x) in sums.iter_mut().zip(group) {
                        *sum = simd.$add(*sum, x);
                    }
                }
                // All in one: sums that are reached by a running index would not stay in registers.
                for &x in rest {
                    sums[0] = simd.$add(sums[0], x);
                }
                let [a, b, c, d, e, f, g, h] = sums;
                let h = simd.$add(h, simd.$load(tail));
                let left = simd.$add(simd.$add(a, b), simd.$add(c, d));
                let right = simd.$add(simd.$add(e, f), simd.$add(g, h));
                let mut lanes = [0.0; 16];
                simd.$store(&mut lanes[..S::$lanes], simd.$add(left, right));
                join(lanes.map(f64::from))
            }

            arch.dispatch(Pieces(values))
        }
    };
}

sum_vectors!(
    sum_f32,
    f32,
    as_simd_f32s,
    F32_LANES,
    splat_f32s,
    add_f32s,
    partial_load_f32s,
    partial_store_f32s
);
sum_vectors!(
    sum_f64,
    f64,
    as_simd_f64s,
    F64_LANES,
    splat_f64s,
    add_f64s,
    partial_load_f64s,
    partial_store_f64s
);

/// The sum of lanes by halves.
#[inline(always)]
fn join(lanes: [f64; 16]) -> f64 {
    let eight: [f64; 8] = std::array::from_fn(|i| lanes[i] + lanes[i + 8]);
    let four: [f64; 4] = std::array::from_fn(|i| eight[i] + eight[i + 4]);
    (four[0] + four[2]) + (four[1] + four[3])
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
    fn every_instruction_set_keeps_digits() {
        let values: Vec<f32> = (0..5000).map(|i| ((i * 7919) % 1013) as f32 * 0.37 + 1.0).collect();
        let doubles: Vec<f64> = values.iter().map(|&x| f64::from(x)).collect();
        for arch in crate::kernels::instruction_sets() {
            for n in (0..200).chain([511, 512, 513, 1023, 1024, 1025, 1055, 1057, 4999]) {
                let exact: f64 = doubles[..n].iter().sum();
                let bound = 17.0 / f64::from(1 << 24);
                assert!((sum_f32(arch, &values[..n]) - exact).abs() <= bound * exact, "{n}");
                assert!((sum_f64(arch, &doubles[..n]) - exact).abs() <= 1e-14 * exact, "{n}");
            }
            let mut special = vec![1.0; 100];
            special[77] = f32::INFINITY;
            assert_eq!(sum_f32(arch, &special), f64::INFINITY);
            special[3] = f32::NEG_INFINITY;
            assert!(sum_f32(arch, &special).is_nan());
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
