//! Matrix products: by plain loops where little is to do, in tiles of registers otherwise.
mod finish;
mod lanes;
mod matrix;
mod pack;
mod packed;
mod plain;
mod small;
mod thin;
mod tile;

use super::Buffer;
use packed::Packed;
use pulp::{Arch, Simd, WithSimd};
use small::Small;
use std::cell::Cell;

pub(crate) use finish::Finish;
pub use matrix::Matrix;
pub(crate) use plain::gemm_plain;
pub(super) use tile::prefetch;

/// Up to this many multiply-adds operands are read where they are.
const SMALL: usize = 64 * 128 * 128;
/// Up to this many multiply-adds a plain loop is faster than vectors.
const TINY: usize = 256;
/// From this many multiply-adds on threads share a product.
#[cfg(feature = "rayon")]
const PARALLEL: usize = 1 << 23;
/// Fewer rows, or a shorter inner size, than this are not worth a tile.
const THIN: usize = 4;

/// The ways to a product.
enum Kernel<'a, T> {
    Rows(Small<'a, T>),
    Dots(Small<'a, T>),
    Small(Small<'a, T>),
    Packed(Packed<'a, T>),
}

/// A kernel and memory for its panels.
struct Job<'a, T> {
    kernel: Kernel<'a, T>,
    panels: &'a mut [Buffer<T>; 2],
}

/// What a float type needs: products with vectors of any instruction set.
trait Float: pack::Turn {
    fn run<S: Simd>(simd: S, job: Job<'_, Self>);
}

impl<T: Float> WithSimd for Job<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        T::run(simd, self);
    }
}

/// `out = finish(a b)` with vectors of an instruction set.
#[inline]
fn product<T: Float>(
    arch: Arch,
    memory: &'static std::thread::LocalKey<Cell<[Buffer<T>; 2]>>,
    out: &mut [T],
    (a, b): (Matrix<'_, T>, Matrix<'_, T>),
    mut finish: Finish<'_, T>,
) {
    let (m, k, n) = (a.rows, a.cols, b.cols);
    assert_eq!(k, b.rows, "inner sizes of a product");
    assert_eq!(out.len(), m * n, "size of a product");
    assert!(finish.bias.is_none_or(|bias| bias.len() == n), "a bias as long as a row of the product");
    let work = m * k * n;
    if work <= TINY {
        return plain::tiny(out, a, b, finish);
    }
    let run = |kernel: Kernel<'_, T>| {
        let mut panels = memory.take();
        arch.dispatch(Job { kernel, panels: &mut panels });
        memory.set(panels);
    };
    if n == 1 && m > 1 {
        // A column is a row of the transposed product.
        finish.start(out);
        return product(arch, memory, out, (b.t(), a.t()), finish);
    }
    if (m < THIN || k < THIN) && b.col_stride == 1 {
        run(Kernel::Rows(Small { out, a, b, finish }));
    } else if m < THIN && b.row_stride == 1 && a.col_stride == 1 {
        run(Kernel::Dots(Small { out, a, b, finish }));
    } else if work <= SMALL {
        run(Kernel::Small(Small { out, a, b, finish }));
    } else {
        let product = Packed { start: out.as_mut_ptr(), stride: n, a, b, finish };
        #[cfg(feature = "rayon")]
        if work >= PARALLEL {
            return product.split(rayon::current_num_threads(), &|piece| run(Kernel::Packed(piece)));
        }
        run(Kernel::Packed(product));
    }
}

macro_rules! float {
    ($name:ident, $t:ident) => {
        impl Float for $t {
            #[inline(always)]
            fn run<S: Simd>(simd: S, Job { kernel, panels }: Job<'_, Self>) {
                match kernel {
                    Kernel::Rows(product) => product.rows(simd),
                    Kernel::Dots(product) => product.dots(simd),
                    Kernel::Small(product) => product.run(simd, &mut panels[1]),
                    Kernel::Packed(product) => product.run(simd, panels),
                }
            }
        }

        /// `out = finish(a b)`
        pub(crate) fn $name(
            arch: Arch,
            out: &mut [$t],
            operands: (Matrix<'_, $t>, Matrix<'_, $t>),
            finish: Finish<'_, $t>,
        ) {
            thread_local! {
                /// Memory for packed operands, so that a product allocates nothing once it is large enough.
                static PANELS: Cell<[Buffer<$t>; 2]> = const { Cell::new([Buffer::new(), Buffer::new()]) };
            }
            product(arch, &PANELS, out, operands, finish);
        }
    };
}

float!(product_f32, f32);
float!(product_f64, f64);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::Write;

    /// Small whole numbers: every order of adding gives the same bits.
    fn values(n: usize, seed: usize) -> Vec<f64> {
        (0..n).map(|i| ((i * 7 + seed * 13) % 11) as f64 - 5.0).collect()
    }

    fn compare(m: usize, k: usize, n: usize) {
        let (a, b) = (values(m * k, 1), values(k * n, 2));
        let narrow = |v: &[f64]| v.iter().map(|&x| x as f32).collect::<Vec<_>>();
        let (a32, b32) = (narrow(&a), narrow(&b));
        for layout in 0..4 {
            let ta = layout & 1 == 1;
            let tb = layout & 2 == 2;
            let left = if ta { Matrix::new(&a, k, m).t() } else { Matrix::new(&a, m, k) };
            let right = if tb { Matrix::new(&b, n, k).t() } else { Matrix::new(&b, k, n) };
            let left32 = if ta { Matrix::new(&a32, k, m).t() } else { Matrix::new(&a32, m, k) };
            let right32 = if tb { Matrix::new(&b32, n, k).t() } else { Matrix::new(&b32, k, n) };
            for write in [Write::Store, Write::Add] {
                let mut want = vec![3.0; m * n];
                gemm_plain(&mut want, write, -2.0, left, right);
                let mut got = vec![3.0; m * n];
                product_f64(Arch::new(), &mut got, (left, right), Finish::new(write, -2.0));
                assert_eq!(got, want, "{m}x{k}x{n} layout {layout} {write:?}");
                let mut got = vec![3.0; m * n];
                product_f32(Arch::new(), &mut got, (left32, right32), Finish::new(write, -2.0));
                assert_eq!(got, narrow(&want), "{m}x{k}x{n} layout {layout} {write:?} f32");
            }
        }
    }

    #[test]
    fn every_kernel_equals_the_plain_product() {
        for (m, k, n) in
            [(0, 3, 2), (2, 0, 3), (1, 1, 1), (1, 10, 5), (32, 10, 5), (1, 300, 70), (300, 1, 70)]
        {
            compare(m, k, n);
        }
        for (m, k, n) in
            [(32, 64, 128), (64, 32, 128), (33, 129, 17), (7, 31, 33), (5, 260, 16), (128, 70, 130)]
        {
            compare(m, k, n);
        }
    }
}
