//! Vectors of either float type under one name, so that a kernel is written once.

use super::Write;
use crate::Element;
use pulp::Simd;

/// A vector of as many numbers as the instruction set `S` holds.
pub(crate) trait Lanes<S: Simd>: Element {
    type Vector: Copy;
    /// How many numbers a vector holds.
    const COUNT: usize;

    fn splat(simd: S, x: Self) -> Self::Vector;
    /// `a * b + c`, rounded once where the machine can.
    fn fma(simd: S, a: Self::Vector, b: Self::Vector, c: Self::Vector) -> Self::Vector;
    fn multiply(simd: S, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// The numbers of a slice, then zeros; a slice of `COUNT` or more fills the vector.
    fn load(simd: S, from: &[Self]) -> Self::Vector;
    /// As many numbers as the slice holds.
    fn store(simd: S, to: &mut [Self], vector: Self::Vector);
}

/// `to (+)= alpha * sum`
#[inline(always)]
pub(super) fn put<T: Lanes<S>, S: Simd>(
    simd: S,
    to: &mut [T],
    sum: T::Vector,
    write: Write,
    alpha: T::Vector,
) {
    let sum = match write {
        Write::Store => T::multiply(simd, alpha, sum),
        Write::Add => T::fma(simd, alpha, sum, T::load(simd, to)),
    };
    T::store(simd, to, sum);
}

macro_rules! lanes {
    ($t:ident, $vector:ident, $count:ident, $splat:ident, $fma:ident, $mul:ident, $add:ident, $load:ident, $store:ident) => {
        impl<S: Simd> Lanes<S> for $t {
            type Vector = S::$vector;
            const COUNT: usize = S::$count;

            #[inline(always)]
            fn splat(simd: S, x: Self) -> S::$vector {
                simd.$splat(x)
            }
            #[inline(always)]
            fn fma(simd: S, a: S::$vector, b: S::$vector, c: S::$vector) -> S::$vector {
                // Without a fused instruction it would call a slow function.
                if S::IS_SCALAR { simd.$add(simd.$mul(a, b), c) } else { simd.$fma(a, b, c) }
            }
            #[inline(always)]
            fn multiply(simd: S, a: S::$vector, b: S::$vector) -> S::$vector {
                simd.$mul(a, b)
            }
            #[inline(always)]
            fn load(simd: S, from: &[Self]) -> S::$vector {
                simd.$load(from)
            }
            #[inline(always)]
            fn store(simd: S, to: &mut [Self], vector: S::$vector) {
                simd.$store(to, vector);
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
    partial_load_f64s,
    partial_store_f64s
);
