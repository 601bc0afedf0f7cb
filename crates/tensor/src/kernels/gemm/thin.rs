//! Products that are too thin for tiles, few rows or a short inner size: bound by reading `b`.
#![expect(unsafe_code, reason = "operands and result are reached through pointers, checked once a product")]

use super::lanes::Lanes;
use super::small::Small;
use crate::kernels::Write;
use pulp::Simd;

impl<T> Small<'_, T> {
    /// Each row of the result is a sum of rows of `b`, which are read in the order of memory.
    #[inline(always)]
    pub(super) fn rows<S: Simd>(mut self, simd: S)
    where
        T: Lanes<S>,
    {
        assert_eq!(self.out.len(), self.a.rows * self.b.cols, "size of a product");
        assert!(self.b.rows == self.a.cols && self.b.col_stride == 1, "rows of the second operand");
        let mut i = 0;
        while i < self.a.rows {
            i += match self.a.rows - i {
                3 => self.few_rows::<S, 3, 4>(simd, i),
                2 => self.few_rows::<S, 2, 8>(simd, i),
                _ => self.few_rows::<S, 1, 8>(simd, i),
            };
        }
    }

    /// `R` rows of the result, from row `i` on, `N` rows of `b` at a time.
    #[inline(always)]
    fn few_rows<S: Simd, const R: usize, const N: usize>(&mut self, simd: S, i: usize) -> usize
    where
        T: Lanes<S>,
    {
        let mut k = 0;
        while k < self.a.cols {
            k += match self.a.cols - k {
                rest if rest >= N => self.add_rows::<S, R, N>(simd, i, k),
                3 => self.add_rows::<S, R, 3>(simd, i, k),
                2.. => self.add_rows::<S, R, 2>(simd, i, k),
                _ => self.add_rows::<S, R, 1>(simd, i, k),
            };
        }
        R
    }

    /// Adds `N` rows of `b`, from row `k` on, to `R` rows of the result; the first ones start it.
    #[inline(always)]
    fn add_rows<S: Simd, const R: usize, const N: usize>(&mut self, simd: S, i: usize, k: usize) -> usize
    where
        T: Lanes<S>,
    {
        let (a, b, n) = (self.a, self.b, self.b.cols);
        let finish = self.finish.block(k == 0, k + N == a.cols);
        let mut factors = [[T::splat(simd, T::zero()); N]; R];
        for (r, factors) in factors.iter_mut().enumerate() {
            for (m, factor) in factors.iter_mut().enumerate() {
                *factor = T::splat(simd, finish.alpha * a.at(i + r, k + m));
            }
        }
        let floor = T::splat(simd, finish.floor);
        let rows: [*const T; N] = std::array::from_fn(|m| b.values[(k + m) * b.row_stride..][..n].as_ptr());
        let out = self.out[i * n..(i + R) * n].as_mut_ptr();
        let bias = finish.bias.map(|bias| bias[..n].as_ptr());
        let mask = T::first(simd, n % T::COUNT);
        runs(
            n,
            T::COUNT,
            #[inline(always)]
            |j, whole| {
                // SAFETY: `n` numbers are behind every pointer, and `j` and the vector after it, or what the
                // mask leaves of it, are below `n`.
                let load = |from: *const T| unsafe {
                    if whole { T::load(simd, from.add(j)) } else { T::load_some(simd, mask, from.add(j)) }
                };
                let mut b = [floor; N];
                for (b, &row) in b.iter_mut().zip(&rows) {
                    *b = load(row);
                }
                for (r, factors) in factors.iter().enumerate() {
                    let out = out.wrapping_add(r * n);
                    let mut sum = match (finish.write, bias) {
                        (Write::Add, _) => load(out),
                        (Write::Store, Some(bias)) => load(bias),
                        (Write::Store, None) => T::splat(simd, T::zero()),
                    };
                    for (&factor, &b) in factors.iter().zip(&b) {
                        sum = T::fma(simd, factor, b, sum);
                    }
                    let sum = T::at_least(simd, floor, sum);
                    // SAFETY: as above, and the result is borrowed exclusively.
                    unsafe {
                        if whole {
                            T::store(simd, out.add(j), sum);
                        } else {
                            T::store_some(simd, mask, out.add(j), sum);
                        }
                    }
                }
            },
        );
        N
    }

    /// Each number of the result is a dot product of two rows in memory.
    #[inline(always)]
    pub(super) fn dots<S: Simd>(mut self, simd: S)
    where
        T: Lanes<S>,
    {
        let n = self.b.cols;
        assert_eq!(self.out.len(), self.a.rows * n, "size of a product");
        for j in (0..n / 4 * 4).step_by(4) {
            self.few_columns::<S, 4>(simd, j);
        }
        for j in n / 4 * 4..n {
            self.few_columns::<S, 1>(simd, j);
        }
    }

    /// `N` columns of the result, from column `j` on.
    #[inline(always)]
    fn few_columns<S: Simd, const N: usize>(&mut self, simd: S, j: usize)
    where
        T: Lanes<S>,
    {
        let (a, b, n, finish) = (self.a, self.b, self.b.cols, self.finish);
        let columns: [&[T]; N] = std::array::from_fn(|c| &b.values[(j + c) * b.col_stride..][..a.cols]);
        for i in 0..a.rows {
            let row = &a.values[i * a.row_stride..][..a.cols];
            let sums = dots::<T, S, N>(simd, row, columns);
            for (c, sum) in sums.into_iter().enumerate() {
                let out = &mut self.out[i * n + j + c];
                let before = match (finish.write, finish.bias) {
                    (Write::Add, _) => *out,
                    (Write::Store, Some(bias)) => bias[j + c],
                    (Write::Store, None) => T::zero(),
                };
                *out = finish.at_least(finish.alpha * sum + before);
            }
        }
    }
}

/// Calls a function for every whole vector of `n` numbers, and for what is left.
#[inline(always)]
fn runs(n: usize, count: usize, mut f: impl FnMut(usize, bool)) {
    let whole = n / count * count;
    (0..whole).step_by(count).for_each(|j| f(j, true));
    if whole < n {
        f(whole, false);
    }
}

/// The dot products of a row with several others of its length.
#[inline(always)]
fn dots<T: Lanes<S>, S: Simd, const N: usize>(simd: S, row: &[T], columns: [&[T]; N]) -> [T; N] {
    let depth = row.len();
    assert!(columns.iter().all(|column| column.len() == depth), "rows of one length");
    let zero = T::splat(simd, T::zero());
    // Two partial sums each, so that no sum waits for the one before.
    let mut sums = [[zero; 2]; N];
    let mut k = 0;
    while k + 2 * T::COUNT <= depth {
        for half in 0..2 {
            let at = k + half * T::COUNT;
            // SAFETY: a whole vector from `at` on lies inside of every row.
            let x = unsafe { T::load(simd, row.as_ptr().add(at)) };
            for (sums, column) in sums.iter_mut().zip(columns) {
                // SAFETY: as above.
                let y = unsafe { T::load(simd, column.as_ptr().add(at)) };
                sums[half] = T::fma(simd, x, y, sums[half]);
            }
        }
        k += 2 * T::COUNT;
    }
    while k < depth {
        let mask = T::first(simd, depth - k);
        // SAFETY: the mask leaves what lies inside of the rows.
        let x = unsafe { T::load_some(simd, mask, row.as_ptr().add(k)) };
        for (sums, column) in sums.iter_mut().zip(columns) {
            // SAFETY: as above.
            let y = unsafe { T::load_some(simd, mask, column.as_ptr().add(k)) };
            sums[0] = T::fma(simd, x, y, sums[0]);
        }
        k += T::COUNT;
    }
    let mut totals = [T::zero(); N];
    for (total, [first, second]) in totals.iter_mut().zip(sums) {
        *total = T::reduce(simd, first, second);
    }
    totals
}
