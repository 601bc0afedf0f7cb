//! The numbers that a tape computes with.

use crate::kernels::{self, Finish, Matrix, Write};
use num_traits::{One, Zero};
use pulp::Arch;
use std::fmt;
use std::ops::{AddAssign, Div, DivAssign, MulAssign, Neg, Sub, SubAssign};

pub(crate) mod sealed {
    /// Keeps the set of elements closed: buffers rely on all-zero bytes being a number.
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

/// A number that a tape computes with: `f32`, `f64`, or a [`Dual`](crate::Dual) of one of them.
///
/// Every function has a scalar form; the slice kernels are provided in terms of it and overridden
/// where a faster one exists. Comparisons look at the value alone. The trait is sealed, so functions may
/// be added.
pub trait Element:
    sealed::Sealed
    + Zero
    + One
    + Sub<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + SubAssign
    + MulAssign
    + DivAssign
    + Copy
    + Default
    + PartialOrd
    + fmt::Debug
    + fmt::Display
    + Send
    + Sync
    + 'static
{
    /// The type in which long sums are joined.
    type Wide: Copy + Default + AddAssign + fmt::Debug + Send;

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
    /// `e^x - 1` without the loss of digits near 0.
    #[must_use]
    fn exp_m1(self) -> Self;
    /// The natural logarithm.
    #[must_use]
    fn ln(self) -> Self;
    /// `ln(1 + x)` without the loss of digits near 0.
    #[must_use]
    fn ln_1p(self) -> Self;
    /// The square root.
    #[must_use]
    fn sqrt(self) -> Self;
    /// `self` to a power.
    #[must_use]
    fn powf(self, exponent: Self) -> Self;
    /// The sine.
    #[must_use]
    fn sin(self) -> Self;
    /// The cosine.
    #[must_use]
    fn cos(self) -> Self;
    /// The tangent.
    #[must_use]
    fn tan(self) -> Self;
    /// The inverse sine.
    #[must_use]
    fn asin(self) -> Self;
    /// The inverse cosine.
    #[must_use]
    fn acos(self) -> Self;
    /// The inverse tangent.
    #[must_use]
    fn atan(self) -> Self;
    /// The angle of the point (x, self).
    #[must_use]
    fn atan2(self, x: Self) -> Self;
    /// The hyperbolic sine.
    #[must_use]
    fn sinh(self) -> Self;
    /// The hyperbolic cosine.
    #[must_use]
    fn cosh(self) -> Self;
    /// The hyperbolic tangent.
    #[must_use]
    fn tanh(self) -> Self;
    /// The error function `2/√π ∫₀ˣ e^-t² dt`.
    #[must_use]
    fn erf(self) -> Self;
    /// The largest whole number that is not larger; its derivative is 0.
    #[must_use]
    fn floor(self) -> Self;
    /// The smallest whole number that is not smaller; its derivative is 0.
    #[must_use]
    fn ceil(self) -> Self;
    /// The nearest whole number, halves to the even one; its derivative is 0.
    #[must_use]
    fn round_ties_even(self) -> Self;
    /// Whether this is not a number.
    fn is_nan(self) -> bool;
    /// Whether every part is a finite number.
    fn is_finite(self) -> bool;

    /// The absolute value; derivative 0 at 0.
    #[inline(always)]
    #[must_use]
    fn abs(self) -> Self {
        self * self.sign()
    }

    /// -1, 0 or 1, NaN for NaN; its derivative is 0.
    #[inline(always)]
    #[must_use]
    fn sign(self) -> Self {
        let one = Self::one();
        let sign = if self < Self::zero() { -one } else { Self::zero() };
        let sign = if self > Self::zero() { one } else { sign };
        if self.is_nan() { self } else { sign }
    }

    /// The larger of two numbers, the first of equal ones; not a number if one of them is not.
    #[inline(always)]
    #[must_use]
    fn larger(self, other: Self) -> Self {
        if self >= other || self.is_nan() { self } else { other }
    }

    /// The smaller of two numbers, the first of equal ones; not a number if one of them is not.
    #[inline(always)]
    #[must_use]
    fn smaller(self, other: Self) -> Self {
        if self <= other || self.is_nan() { self } else { other }
    }

    /// The logistic function `1 / (1 + e^-x)`, without overflow on either side.
    #[inline(always)]
    #[must_use]
    fn sigmoid(self) -> Self {
        let e = (if self > Self::zero() { -self } else { self }).exp();
        let small = e / (Self::one() + e);
        if self > Self::zero() { Self::one() - small } else { small }
    }

    /// `out[i] = erf x[i]`
    fn erf_all(out: &mut [Self], x: &[Self]) {
        kernels::map1(out, Write::Store, x, Self::erf);
    }
    /// `out[i] = e^x[i]`
    fn exp_all(out: &mut [Self], x: &[Self]) {
        kernels::map1(out, Write::Store, x, Self::exp);
    }
    /// `out[i] = e^(x[i] - shift)`
    fn exp_minus(out: &mut [Self], x: &[Self], shift: Self) {
        kernels::map1(out, Write::Store, x, |x| (x - shift).exp());
    }
    /// `out[i] = e^x[i] - 1`
    fn exp_m1_all(out: &mut [Self], x: &[Self]) {
        kernels::map1(out, Write::Store, x, Self::exp_m1);
    }
    /// `out[i] = ln x[i]`
    fn ln_all(out: &mut [Self], x: &[Self]) {
        kernels::map1(out, Write::Store, x, Self::ln);
    }
    /// `out[i] = ln(1 + x[i])`
    fn ln_1p_all(out: &mut [Self], x: &[Self]) {
        kernels::map1(out, Write::Store, x, Self::ln_1p);
    }
    /// `out[i] = tanh x[i]`
    fn tanh_all(out: &mut [Self], x: &[Self]) {
        kernels::map1(out, Write::Store, x, Self::tanh);
    }
    /// `out[i] = 1 / (1 + e^-x[i])`
    fn sigmoid_all(out: &mut [Self], x: &[Self]) {
        kernels::map1(out, Write::Store, x, Self::sigmoid);
    }

    /// The sum of all numbers, to be joined with others.
    fn sum_all(values: &[Self]) -> Self::Wide {
        kernels::sum_plain(values)
    }
    /// The [larger](Self::larger) of all numbers, -inf of none.
    fn largest(values: &[Self]) -> Self {
        values.iter().copied().reduce(Self::larger).unwrap_or(Self::from_f64(f64::NEG_INFINITY))
    }
    /// The [smaller](Self::smaller) of all numbers, inf of none.
    fn smallest(values: &[Self]) -> Self {
        values.iter().copied().reduce(Self::smaller).unwrap_or(Self::from_f64(f64::INFINITY))
    }

    /// The matrix product `out (+)= alpha * a b`.
    fn gemm(out: &mut [Self], write: Write, alpha: Self, a: Matrix<'_, Self>, b: Matrix<'_, Self>) {
        kernels::gemm_plain(out, write, alpha, a, b);
    }

    /// `out = x w + bias` in every row, and `floor`, if there is one, for what is below it.
    fn affine(
        out: &mut [Self],
        x: Matrix<'_, Self>,
        w: Matrix<'_, Self>,
        bias: &[Self],
        floor: Option<Self>,
    ) {
        if !bias.is_empty() {
            out.chunks_exact_mut(bias.len()).for_each(|row| row.copy_from_slice(bias));
        }
        Self::gemm(out, Write::Add, Self::one(), x, w);
        if let Some(floor) = floor {
            kernels::update(out, |x| if x < floor { floor } else { x });
        }
    }
}

/// Functions that the type itself has under the same name.
macro_rules! inherent {
    ($t:ident: $($name:ident($($argument:ident),*);)*) => {
        $(
            #[inline(always)]
            fn $name(self, $($argument: Self),*) -> Self {
                $t::$name(self, $($argument),*)
            }
        )*
    };
}

/// Slice functions in vectors, by the kernel of each.
macro_rules! vectors {
    ($($name:ident($($argument:ident)?) = $kernel:ident;)*) => {
        $(
            fn $name(out: &mut [Self], x: &[Self], $($argument: Self)?) {
                kernels::functions::$kernel(pulp::Arch::new(), out, x, $($argument)?);
            }
        )*
    };
}

macro_rules! element {
    ($t:ident, $gemm:path, $erf:path, $sum:path, { $($vectors:tt)* }) => {
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
            inherent! {
                $t: mul_add(factor, summand);
                exp();
                exp_m1();
                ln();
                ln_1p();
                sqrt();
                powf(exponent);
                sin();
                cos();
                tan();
                asin();
                acos();
                atan();
                atan2(x);
                sinh();
                cosh();
                tanh();
                floor();
                ceil();
                round_ties_even();
                abs();
            }
            #[inline(always)]
            fn erf(self) -> Self {
                $erf(self)
            }
            #[inline(always)]
            fn is_nan(self) -> bool {
                $t::is_nan(self)
            }
            #[inline(always)]
            fn is_finite(self) -> bool {
                $t::is_finite(self)
            }
            #[inline]
            fn gemm(out: &mut [Self], write: Write, alpha: Self, a: Matrix<'_, Self>, b: Matrix<'_, Self>) {
                $gemm(Arch::new, out, (a, b), Finish::new(write, alpha));
            }
            fn sum_all(values: &[Self]) -> f64 {
                $sum(pulp::Arch::new(), values)
            }
            fn largest(values: &[Self]) -> Self {
                kernels::largest(values)
            }
            fn smallest(values: &[Self]) -> Self {
                kernels::smallest(values)
            }
            $($vectors)*
            #[inline]
            fn affine(
                out: &mut [Self],
                x: Matrix<'_, Self>,
                w: Matrix<'_, Self>,
                bias: &[Self],
                floor: Option<Self>,
            ) {
                $gemm(Arch::new, out, (x, w), Finish::new(Write::Store, 1.0).bias(bias).floor(floor));
            }
        }
    };
}

element!(f32, kernels::product_f32, libm::erff, kernels::sum_f32, {
    vectors! {
        erf_all() = erf;
        exp_all() = exp;
        exp_minus(shift) = exp_minus;
        exp_m1_all() = exp_m1;
        ln_all() = ln;
        ln_1p_all() = ln_1p;
        tanh_all() = tanh;
        sigmoid_all() = sigmoid;
    }
});
element!(f64, kernels::product_f64, libm::erf, kernels::sum_f64, {});
