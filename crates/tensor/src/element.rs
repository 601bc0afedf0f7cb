//! The numbers that a tape computes with.

use crate::kernels::{self, Matrix, Write};
use num_traits::NumAssignRef;
use std::{fmt, iter::Sum, ops::Neg};

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

/// A number that a tape computes with: `f32` or `f64`.
///
/// Every function has a scalar form; the slice kernels are provided in terms of it and overridden
/// where a faster one exists. The trait is sealed, so functions may be added.
pub trait Element:
    sealed::Sealed
    + NumAssignRef
    + Neg<Output = Self>
    + Copy
    + Default
    + PartialOrd
    + Sum
    + fmt::Debug
    + fmt::Display
    + Send
    + Sync
    + 'static
{
    /// The type in which long sums are joined.
    type Wide: Copy + Default + std::ops::AddAssign;

    /// The nearest number of this type.
    fn from_f64(x: f64) -> Self;
    /// The value as `f64`.
    fn to_f64(self) -> f64;
    /// The same number in the type of long sums.
    fn widen(self) -> Self::Wide;
    /// The nearest number to a long sum.
    fn narrow(wide: Self::Wide) -> Self;

    /// `self * factor + summand`, rounded once where the machine can.
    #[must_use]
    fn mul_add(self, factor: Self, summand: Self) -> Self;
    /// e to the power of `self`.
    #[must_use]
    fn exp(self) -> Self;
    /// The natural logarithm.
    #[must_use]
    fn ln(self) -> Self;
    /// The hyperbolic tangent.
    #[must_use]
    fn tanh(self) -> Self;
    /// The square root.
    #[must_use]
    fn sqrt(self) -> Self;
    /// Whether this is not a number.
    fn is_nan(self) -> bool;

    /// The larger of two numbers; not a number if one of them is not.
    #[inline(always)]
    #[must_use]
    fn larger(self, other: Self) -> Self {
        if self > other || self.is_nan() { self } else { other }
    }

    /// The matrix product `out (+)= alpha * a b`.
    fn gemm(out: &mut [Self], write: Write, alpha: Self, a: Matrix<'_, Self>, b: Matrix<'_, Self>) {
        kernels::gemm_plain(out, write, alpha, a, b);
    }
}

macro_rules! element {
    ($t:ident, $gemm:path) => {
        impl Element for $t {
            type Wide = f64;

            #[inline(always)]
            fn from_f64(x: f64) -> Self {
                x as $t
            }
            #[inline(always)]
            fn to_f64(self) -> f64 {
                f64::from(self)
            }
            #[inline(always)]
            fn widen(self) -> f64 {
                f64::from(self)
            }
            #[inline(always)]
            fn narrow(wide: f64) -> Self {
                wide as $t
            }
            #[inline(always)]
            fn mul_add(self, factor: Self, summand: Self) -> Self {
                $t::mul_add(self, factor, summand)
            }
            #[inline(always)]
            fn exp(self) -> Self {
                $t::exp(self)
            }
            #[inline(always)]
            fn ln(self) -> Self {
                $t::ln(self)
            }
            #[inline(always)]
            fn tanh(self) -> Self {
                $t::tanh(self)
            }
            #[inline(always)]
            fn sqrt(self) -> Self {
                $t::sqrt(self)
            }
            #[inline(always)]
            fn is_nan(self) -> bool {
                $t::is_nan(self)
            }
            #[inline]
            fn gemm(out: &mut [Self], write: Write, alpha: Self, a: Matrix<'_, Self>, b: Matrix<'_, Self>) {
                $gemm(out, write, alpha, a, b);
            }
        }
    };
}

element!(f32, kernels::product_f32);
element!(f64, kernels::product_f64);
