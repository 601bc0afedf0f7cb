//! Matrix products: by plain loops where little is to do, in tiles of registers otherwise.
mod finish;
mod lanes;
mod matrix;
mod pack;
mod packed;
mod plain;
mod small;
#[cfg(test)]
mod tests;
mod thin;
mod tile;

use super::Buffer;
use crate::Element;
use packed::Packed;
use pulp::{Arch, Simd, WithSimd};
use small::Small;
use std::cell::Cell;
use std::thread::LocalKey;
use tile::Tile;

pub(crate) use finish::Finish;
pub use matrix::Matrix;
pub(crate) use plain::gemm_plain;
pub(crate) use tile::prefetch;

/// Up to this many multiply-adds operands are read where they are.
const SMALL: usize = 1 << 21;
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

/// Memory for packed operands, kept by each thread: a product allocates nothing once it is large enough.
type Memory<T> = &'static LocalKey<Cell<[Buffer<T>; 2]>>;

/// A kernel and memory for its panels.
struct Job<'a, T: 'static> {
    kernel: Kernel<'a, T>,
    memory: Memory<T>,
}

/// What a float type needs: products with vectors of any instruction set.
trait Float: pack::Turn {
    fn run<S: Simd>(simd: S, job: Job<'_, Self>);
    fn tile<S: Simd, const MR: usize, const N: usize, const PANEL: bool, const COPY: bool>(
        simd: S,
        tile: Tile<'_, Self, MR, N, PANEL, COPY>,
    );
}

impl<T: Float> WithSimd for Job<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        T::run(simd, self);
    }
}

/// `out = finish(a b)`, if that is next to no work; whether it is done.
#[inline]
fn tiny<T: Element>(out: &mut [T], (a, b): (Matrix<'_, T>, Matrix<'_, T>), finish: Finish<'_, T>) -> bool {
    let (m, k, n) = (a.rows, a.cols, b.cols);
    assert_eq!(k, b.rows, "inner sizes of a product");
    assert_eq!(out.len(), m * n, "size of a product");
    assert!(finish.bias.is_none_or(|bias| bias.len() == n), "a bias as long as a row of the product");
    let done = m * k * n <= TINY;
    if done && !out.is_empty() {
        plain::tiny(out, a, b, finish);
    }
    done
}

/// `out = finish(a b)` with vectors of an instruction set.
fn product<T: Float>(
    arch: Arch,
    memory: Memory<T>,
    out: &mut [T],
    (a, b): (Matrix<'_, T>, Matrix<'_, T>),
    mut finish: Finish<'_, T>,
) {
    let (m, k, n) = (a.rows, a.cols, b.cols);
    let work = m * k * n;
    let run = |kernel: Kernel<'_, T>| arch.dispatch(Job { kernel, memory });
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
    ($name:ident, $worth:ident, $t:ident) => {
        impl Float for $t {
            #[inline(always)]
            fn run<S: Simd>(simd: S, Job { kernel, memory }: Job<'_, Self>) {
                match kernel {
                    Kernel::Rows(product) => product.rows(simd),
                    Kernel::Dots(product) => product.dots(simd),
                    Kernel::Small(product) => product.run(simd, memory),
                    Kernel::Packed(product) => product.run(simd, memory),
                }
            }

            #[inline(always)]
            fn tile<S: Simd, const MR: usize, const N: usize, const PANEL: bool, const COPY: bool>(
                simd: S,
                tile: Tile<'_, Self, MR, N, PANEL, COPY>,
            ) {
                tile.run(simd);
            }
        }

        /// `out = finish(a b)`
        #[inline]
        pub(crate) fn $name(
            arch: impl FnOnce() -> Arch,
            out: &mut [$t],
            operands: (Matrix<'_, $t>, Matrix<'_, $t>),
            finish: Finish<'_, $t>,
        ) {
            if !tiny(out, operands, finish) {
                $worth(arch(), out, operands, finish);
            }
        }

        /// The same for what is worth it. Not generic, so that users of this crate do not compile it again.
        fn $worth(
            arch: Arch,
            out: &mut [$t],
            operands: (Matrix<'_, $t>, Matrix<'_, $t>),
            finish: Finish<'_, $t>,
        ) {
            thread_local! {
                static PANELS: Cell<[Buffer<$t>; 2]> = const { Cell::new([Buffer::new(), Buffer::new()]) };
            }
            product(arch, &PANELS, out, operands, finish);
        }
    };
}

float!(product_f32, worth_f32, f32);
float!(product_f64, worth_f64, f64);
