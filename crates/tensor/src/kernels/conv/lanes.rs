//! Vectors of either float type under one name, and the memory that a thread keeps for convolutions.

use crate::Element;
use crate::kernels::Buffer;
use pulp::Simd;
use std::cell::Cell;

/// Memory of one thread, kept between calls: padded planes, rows of the result, packed weights.
#[derive(Default)]
pub(crate) struct Workspace<T> {
    pub(super) planes: Buffer<T>,
    pub(super) rows: Buffer<T>,
    pub(super) weights: Buffer<T>,
}

/// A number of which an instruction set `S` holds several in a vector.
pub(crate) trait Lanes: Element {
    type Vector<S: Simd>: Copy;

    /// How many numbers a vector holds.
    fn count<S: Simd>() -> usize;
    fn splat<S: Simd>(simd: S, x: Self) -> Self::Vector<S>;
    /// `a * b + c`, rounded once where the machine can.
    fn fma<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>, c: Self::Vector<S>) -> Self::Vector<S>;
    fn plus<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    /// The sum of a vector's numbers.
    fn total<S: Simd>(simd: S, a: Self::Vector<S>) -> Self;
    /// A slice as whole vectors and what is left.
    fn vectors<S: Simd>(from: &[Self]) -> (&[Self::Vector<S>], &[Self]);
    /// The same to write to.
    fn vectors_mut<S: Simd>(to: &mut [Self]) -> (&mut [Self::Vector<S>], &mut [Self]);
    /// The numbers of a slice shorter than a vector, then zeros.
    fn load_part<S: Simd>(simd: S, from: &[Self]) -> Self::Vector<S>;
    /// As many numbers as the slice holds.
    fn store_part<S: Simd>(simd: S, to: &mut [Self], vector: Self::Vector<S>);
    /// Runs `f` with this thread's memory.
    fn with_workspace<R>(f: impl FnOnce(&mut Workspace<Self>) -> R) -> R;
}

macro_rules! lanes {
    (
        $t:ident, $vector:ident, $count:ident, $splat:ident, $fma:ident, $mul:ident, $add:ident, $total:ident,
        $vectors:ident, $vectors_mut:ident, $load:ident, $store:ident
    ) => {
        impl Lanes for $t {
            type Vector<S: Simd> = S::$vector;

            #[inline(always)]
            fn count<S: Simd>() -> usize {
                S::$count
            }
            #[inline(always)]
            fn splat<S: Simd>(simd: S, x: Self) -> S::$vector {
                simd.$splat(x)
            }
            #[inline(always)]
            fn fma<S: Simd>(simd: S, a: S::$vector, b: S::$vector, c: S::$vector) -> S::$vector {
                // Without a fused instruction it would call a slow function.
                if S::IS_SCALAR { simd.$add(simd.$mul(a, b), c) } else { simd.$fma(a, b, c) }
            }
            #[inline(always)]
            fn plus<S: Simd>(simd: S, a: S::$vector, b: S::$vector) -> S::$vector {
                simd.$add(a, b)
            }
            #[inline(always)]
            fn total<S: Simd>(simd: S, a: S::$vector) -> Self {
                simd.$total(a)
            }
            #[inline(always)]
            fn vectors<S: Simd>(from: &[Self]) -> (&[S::$vector], &[Self]) {
                S::$vectors(from)
            }
            #[inline(always)]
            fn vectors_mut<S: Simd>(to: &mut [Self]) -> (&mut [S::$vector], &mut [Self]) {
                S::$vectors_mut(to)
            }
            #[inline(always)]
            fn load_part<S: Simd>(simd: S, from: &[Self]) -> S::$vector {
                simd.$load(from)
            }
            #[inline(always)]
            fn store_part<S: Simd>(simd: S, to: &mut [Self], vector: S::$vector) {
                simd.$store(to, vector);
            }
            fn with_workspace<R>(f: impl FnOnce(&mut Workspace<Self>) -> R) -> R {
                thread_local! {
                    static KEPT: Cell<Workspace<$t>> = Cell::default();
                }
                // Taken out for as long as `f` runs: a task that this thread steals meanwhile starts anew.
                let mut workspace = KEPT.take();
                let result = f(&mut workspace);
                KEPT.set(workspace);
                result
            }
        }
    };
}

lanes!(
    f32,
    f32s,
    F32_LANES,
    splat_f32s,
    mul_add_f32s,
    mul_f32s,
    add_f32s,
    reduce_sum_f32s,
    as_simd_f32s,
    as_mut_simd_f32s,
    partial_load_f32s,
    partial_store_f32s
);
lanes!(
    f64,
    f64s,
    F64_LANES,
    splat_f64s,
    mul_add_f64s,
    mul_f64s,
    add_f64s,
    reduce_sum_f64s,
    as_simd_f64s,
    as_mut_simd_f64s,
    partial_load_f64s,
    partial_store_f64s
);
