//! Vectors of either float type under one name, so that a kernel is written once.
#![expect(unsafe_code, reason = "vectors are loaded through pointers whose bounds the caller has checked")]

use crate::Element;
use pulp::{MemMask, Simd};

/// A vector of as many numbers as the instruction set `S` holds.
pub(super) trait Lanes<S: Simd>: Element {
    type Vector: Copy;
    type Mask: Copy;
    /// How many numbers a vector holds.
    const COUNT: usize;

    fn splat(simd: S, x: Self) -> Self::Vector;
    /// `a * b + c`, rounded once where the machine can.
    fn fma(simd: S, a: Self::Vector, b: Self::Vector, c: Self::Vector) -> Self::Vector;
    /// `floor` where a number is below it; NaN stays.
    fn at_least(simd: S, floor: Self::Vector, x: Self::Vector) -> Self::Vector;
    /// The sum of all numbers of two vectors.
    fn reduce(simd: S, x: Self::Vector, y: Self::Vector) -> Self;
    /// The first `count` numbers of a vector, or all.
    fn first(simd: S, count: usize) -> Self::Mask;

    /// # Safety
    /// A whole vector of numbers is there.
    unsafe fn load(simd: S, from: *const Self) -> Self::Vector;
    /// # Safety
    /// A whole vector of numbers is there.
    unsafe fn store(simd: S, to: *mut Self, x: Self::Vector);
    /// The numbers of the mask, and zeros.
    ///
    /// # Safety
    /// The numbers of the mask are there.
    unsafe fn load_some(simd: S, mask: Self::Mask, from: *const Self) -> Self::Vector;
    /// # Safety
    /// The numbers of the mask are there.
    unsafe fn store_some(simd: S, mask: Self::Mask, to: *mut Self, x: Self::Vector);
}

macro_rules! lanes {
    ($t:ident, $count:ident, $vector:ident, $mask:ident, $index:ident; $splat:ident, $fma:ident, $mul:ident,
     $add:ident, $less:ident, $select:ident, $reduce:ident, $between:ident, $load:ident, $store:ident) => {
        impl<S: Simd> Lanes<S> for $t {
            type Vector = S::$vector;
            type Mask = S::$mask;
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
            fn at_least(simd: S, floor: S::$vector, x: S::$vector) -> S::$vector {
                // A maximum would lose NaN, depending on the order of its operands.
                simd.$select(simd.$less(x, floor), floor, x)
            }
            #[inline(always)]
            fn reduce(simd: S, x: S::$vector, y: S::$vector) -> Self {
                simd.$reduce(simd.$add(x, y))
            }
            #[inline(always)]
            fn first(simd: S, count: usize) -> S::$mask {
                simd.$between(0, count.min(S::$count) as $index).mask()
            }
            #[inline(always)]
            unsafe fn load(_: S, from: *const Self) -> S::$vector {
                // SAFETY: the numbers are there, and a vector is plain numbers.
                unsafe { from.cast::<S::$vector>().read_unaligned() }
            }
            #[inline(always)]
            unsafe fn store(_: S, to: *mut Self, x: S::$vector) {
                // SAFETY: as above.
                unsafe { to.cast::<S::$vector>().write_unaligned(x) }
            }
            // The mask is made anew: with the one that pulp gives out it would jump through a table.
            #[inline(always)]
            unsafe fn load_some(simd: S, mask: S::$mask, from: *const Self) -> S::$vector {
                // SAFETY: by the caller's promise.
                unsafe { simd.$load(MemMask::new(mask), from) }
            }
            #[inline(always)]
            unsafe fn store_some(simd: S, mask: S::$mask, to: *mut Self, x: S::$vector) {
                // SAFETY: by the caller's promise.
                unsafe { simd.$store(MemMask::new(mask), to, x) }
            }
        }
    };
}

lanes!(f32, F32_LANES, f32s, m32s, u32; splat_f32s, mul_add_f32s, mul_f32s, add_f32s, less_than_f32s,
    select_f32s, reduce_sum_f32s, mask_between_m32s, mask_load_ptr_f32s, mask_store_ptr_f32s);
lanes!(f64, F64_LANES, f64s, m64s, u64; splat_f64s, mul_add_f64s, mul_f64s, add_f64s, less_than_f64s,
    select_f64s, reduce_sum_f64s, mask_between_m64s, mask_load_ptr_f64s, mask_store_ptr_f64s);
