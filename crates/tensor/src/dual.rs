//! Dual numbers: a value and how fast it changes, for exact second derivatives.

use crate::element::sealed::Sealed;
use crate::kernels::{Matrix, Write};
use crate::{Element, kernels};
use num_traits::{One, Zero};
use std::cmp::Ordering;
use std::fmt;
use std::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

/// A number `value + tangent ε` with `ε² = 0`: every function carries its derivative along.
///
/// A tape over duals is differentiated backwards like any other, and the tangents of its gradients are a
/// Hessian-vector product: forward over reverse, with no second copy of any gradient. Comparisons look at
/// the value alone.
///
/// ```
/// use tensor::{Dual, Element};
///
/// // x³ at 2 with derivative 3 · 2².
/// let x = Dual::new(2.0, 1.0);
/// let y = x * x * x;
/// assert_eq!((y.value, y.tangent), (8.0, 12.0));
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Dual<T> {
    /// The number.
    pub value: T,
    /// Its derivative along the direction that was chosen.
    pub tangent: T,
}

impl<T> Dual<T> {
    /// A number with its derivative.
    pub const fn new(value: T, tangent: T) -> Self {
        Self { value, tangent }
    }
}

impl<T: Element> Dual<T> {
    /// A function's value, given its derivative at `self`. A tangent of 0 stays 0, whatever the derivative.
    #[inline(always)]
    fn chain(self, value: T, slope: T) -> Self {
        let tangent = if self.tangent.is_zero() { self.tangent } else { self.tangent * slope };
        Self { value, tangent }
    }

    #[inline(always)]
    fn constant(value: T) -> Self {
        Self { value, tangent: T::zero() }
    }
}

/// A number that does not change.
impl From<f64> for Dual<f64> {
    fn from(value: f64) -> Self {
        Self::new(value, 0.0)
    }
}

impl<T: Element> fmt::Display for Dual<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} + {}ε", self.value, self.tangent)
    }
}

impl<T: PartialEq> PartialEq for Dual<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T: PartialOrd> PartialOrd for Dual<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.value.partial_cmp(&other.value)
    }
}

impl<T: Element> Zero for Dual<T> {
    fn zero() -> Self {
        Self::constant(T::zero())
    }

    /// Both parts: a value of 0 that changes is not nothing.
    fn is_zero(&self) -> bool {
        self.value.is_zero() && self.tangent.is_zero()
    }
}

impl<T: Element> One for Dual<T> {
    fn one() -> Self {
        Self::constant(T::one())
    }
}

impl<T: Add<Output = T>> Add for Dual<T> {
    type Output = Self;

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self { value: self.value + other.value, tangent: self.tangent + other.tangent }
    }
}

impl<T: Sub<Output = T>> Sub for Dual<T> {
    type Output = Self;

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self { value: self.value - other.value, tangent: self.tangent - other.tangent }
    }
}

impl<T: Neg<Output = T>> Neg for Dual<T> {
    type Output = Self;

    #[inline(always)]
    fn neg(self) -> Self {
        Self { value: -self.value, tangent: -self.tangent }
    }
}

impl<T: Element> Mul for Dual<T> {
    type Output = Self;

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        let left = self.chain(self.value * other.value, other.value);
        let right = other.chain(left.value, self.value);
        Self { value: left.value, tangent: left.tangent + right.tangent }
    }
}

impl<T: Element> Div for Dual<T> {
    type Output = Self;

    #[inline(always)]
    fn div(self, other: Self) -> Self {
        let quotient = self.value / other.value;
        let left = self.chain(quotient, T::one() / other.value);
        let right = other.chain(quotient, -quotient / other.value);
        Self { value: quotient, tangent: left.tangent + right.tangent }
    }
}

macro_rules! assign {
    ($($name:ident $method:ident $operator:tt;)*) => {
        $(
            impl<T: Element> $name for Dual<T> {
                #[inline(always)]
                fn $method(&mut self, other: Self) {
                    *self = *self $operator other;
                }
            }
        )*
    };
}

assign! {
    SubAssign sub_assign -;
    MulAssign mul_assign *;
    DivAssign div_assign /;
}

// Also for wide sums, which are not elements.
impl<T: AddAssign> AddAssign for Dual<T> {
    #[inline(always)]
    fn add_assign(&mut self, other: Self) {
        self.value += other.value;
        self.tangent += other.tangent;
    }
}

impl<T: Element> Sealed for Dual<T> {}

/// Functions of one number by value and derivative.
macro_rules! functions {
    ($($name:ident: |$x:ident, $y:ident| $slope:expr;)*) => {
        $(
            #[inline(always)]
            fn $name(self) -> Self {
                let $x = self.value;
                let $y = $x.$name();
                // Some derivatives read the argument, some the result.
                let _ = ($x, $y);
                self.chain($y, $slope)
            }
        )*
    };
}

impl<T: Element> Element for Dual<T> {
    type Wide = Dual<T::Wide>;

    fn from_f64(x: f64) -> Self {
        Self::constant(T::from_f64(x))
    }

    fn to_f64(self) -> f64 {
        self.value.to_f64()
    }

    fn widen(self) -> Self::Wide {
        Dual { value: self.value.widen(), tangent: self.tangent.widen() }
    }

    fn narrow(wide: Self::Wide) -> Self {
        Self { value: T::narrow(wide.value), tangent: T::narrow(wide.tangent) }
    }

    #[inline(always)]
    fn mul_add(self, factor: Self, summand: Self) -> Self {
        self * factor + summand
    }

    functions! {
        exp: |x, y| y;
        exp_m1: |x, y| y + T::one();
        ln: |x, y| T::one() / x;
        ln_1p: |x, y| T::one() / (T::one() + x);
        sqrt: |x, y| T::from_f64(0.5) / y;
        sin: |x, y| x.cos();
        cos: |x, y| -x.sin();
        tan: |x, y| T::one() + y * y;
        asin: |x, y| T::one() / (T::one() - x * x).sqrt();
        acos: |x, y| -T::one() / (T::one() - x * x).sqrt();
        atan: |x, y| T::one() / (T::one() + x * x);
        sinh: |x, y| x.cosh();
        cosh: |x, y| x.sinh();
        tanh: |x, y| T::one() - y * y;
        erf: |x, y| T::from_f64(std::f64::consts::FRAC_2_SQRT_PI) * (-(x * x)).exp();
        floor: |x, y| T::zero();
        ceil: |x, y| T::zero();
        round_ties_even: |x, y| T::zero();
    }

    fn powf(self, exponent: Self) -> Self {
        let power = self.value.powf(exponent.value);
        // The exponent of the derivative is taken exactly: 0 to the power of 1 - 1 is 1.
        let slope = if exponent.value.is_zero() {
            T::zero()
        } else {
            exponent.value * self.value.powf(exponent.value - T::one())
        };
        let base = self.chain(power, slope);
        let log = if power.is_zero() { T::zero() } else { power * self.value.ln() };
        let raised = exponent.chain(power, log);
        Self { value: power, tangent: base.tangent + raised.tangent }
    }

    fn atan2(self, x: Self) -> Self {
        let square = self.value * self.value + x.value * x.value;
        let angle = self.value.atan2(x.value);
        let left = self.chain(angle, x.value / square);
        let right = x.chain(angle, -self.value / square);
        Self { value: angle, tangent: left.tangent + right.tangent }
    }

    fn is_nan(self) -> bool {
        self.value.is_nan()
    }

    fn is_finite(self) -> bool {
        self.value.is_finite() && self.tangent.is_finite()
    }

    /// Three products of plain numbers: values, and each operand's tangents with the other's values.
    fn gemm(out: &mut [Self], write: Write, alpha: Self, a: Matrix<'_, Self>, b: Matrix<'_, Self>) {
        if !alpha.tangent.is_zero() {
            return kernels::gemm_plain(out, write, alpha, a, b);
        }
        let (a_value, b_value) = (a.map(|x| x.value), b.map(|x| x.value));
        let (a_tangent, b_tangent) = (a.map(|x| x.tangent), b.map(|x| x.tangent));
        let ([m, k], [_, n]) = (a.size(), b.size());
        let left = |values| Matrix::new(values, m, k);
        let right = |values| Matrix::new(values, k, n);
        let mut value = vec![T::zero(); out.len()];
        let mut tangent = vec![T::zero(); out.len()];
        T::gemm(&mut value, Write::Store, alpha.value, left(&a_value), right(&b_value));
        T::gemm(&mut tangent, Write::Store, alpha.value, left(&a_tangent), right(&b_value));
        T::gemm(&mut tangent, Write::Add, alpha.value, left(&a_value), right(&b_tangent));
        for ((out, value), tangent) in out.iter_mut().zip(value).zip(tangent) {
            let product = Self { value, tangent };
            match write {
                Write::Store => *out = product,
                Write::Add => *out += product,
            }
        }
    }
}
