//! Vectors of `f32` with operators, so that a function reads like its formula.

use pulp::Simd;
use std::ops::{Add, Div, Mul, Sub};

/// As many numbers as the instruction set `S` holds.
#[derive(Clone, Copy)]
pub(super) struct Vector<S: Simd> {
    simd: S,
    pub(super) lanes: S::f32s,
}

/// The same as bits.
#[derive(Clone, Copy)]
pub(super) struct Bits<S: Simd> {
    simd: S,
    lanes: S::u32s,
}

/// A choice for each lane.
#[derive(Clone, Copy)]
pub(super) struct Mask<S: Simd> {
    simd: S,
    lanes: S::m32s,
}

impl<S: Simd> Vector<S> {
    #[inline(always)]
    pub(super) fn new(simd: S, lanes: S::f32s) -> Self {
        Self { simd, lanes }
    }

    /// The same number in every lane.
    #[inline(always)]
    pub(super) fn splat(self, x: f32) -> Self {
        Self::new(self.simd, self.simd.splat_f32s(x))
    }

    /// `self * factor + summand`, rounded once where the machine can: without a fused instruction it would
    /// call a slow function.
    #[inline(always)]
    pub(super) fn mul_add(self, factor: Self, summand: Self) -> Self {
        if S::IS_SCALAR {
            return self * factor + summand;
        }
        Self::new(self.simd, self.simd.mul_add_f32s(self.lanes, factor.lanes, summand.lanes))
    }

    /// The polynomial with these coefficients, the highest power first.
    #[inline(always)]
    pub(super) fn polynomial(self, coefficients: &[f32]) -> Self {
        let mut sum = self.splat(coefficients[0]);
        for &coefficient in &coefficients[1..] {
            sum = sum.mul_add(self, self.splat(coefficient));
        }
        sum
    }

    #[inline(always)]
    pub(super) fn less(self, other: Self) -> Mask<S> {
        Mask { simd: self.simd, lanes: self.simd.less_than_f32s(self.lanes, other.lanes) }
    }

    #[inline(always)]
    pub(super) fn equal(self, other: Self) -> Mask<S> {
        Mask { simd: self.simd, lanes: self.simd.equal_f32s(self.lanes, other.lanes) }
    }

    /// The lanes above a bound become the bound. A select, since the instructions for maxima and minima
    /// lose NaN.
    #[inline(always)]
    pub(super) fn at_most(self, bound: f32) -> Self {
        let bound = self.splat(bound);
        bound.less(self).select(bound, self)
    }

    /// The lanes below a bound become the bound.
    #[inline(always)]
    pub(super) fn at_least(self, bound: f32) -> Self {
        let bound = self.splat(bound);
        self.less(bound).select(bound, self)
    }

    #[inline(always)]
    pub(super) fn bits(self) -> Bits<S> {
        Bits { simd: self.simd, lanes: self.simd.transmute_u32s_f32s(self.lanes) }
    }

    #[inline(always)]
    pub(super) fn abs(self) -> Self {
        self.bits().and(0x7fff_ffff).float()
    }

    /// The same number with the sign bit set where `other` has it set.
    #[inline(always)]
    pub(super) fn or_sign(self, other: Self) -> Self {
        let sign = other.bits().and(0x8000_0000).float();
        Self::new(self.simd, self.simd.or_f32s(self.lanes, sign.lanes))
    }
}

impl<S: Simd> Bits<S> {
    #[inline(always)]
    fn splat(self, x: u32) -> S::u32s {
        self.simd.splat_u32s(x)
    }

    #[inline(always)]
    fn with(self, lanes: S::u32s) -> Self {
        Self { simd: self.simd, lanes }
    }

    #[inline(always)]
    pub(super) fn and(self, mask: u32) -> Self {
        self.with(self.simd.and_u32s(self.lanes, self.splat(mask)))
    }

    #[inline(always)]
    pub(super) fn or(self, mask: u32) -> Self {
        self.with(self.simd.or_u32s(self.lanes, self.splat(mask)))
    }

    #[inline(always)]
    pub(super) fn plus(self, x: u32) -> Self {
        self.with(self.simd.add_u32s(self.lanes, self.splat(x)))
    }

    #[inline(always)]
    pub(super) fn minus(self, other: Self) -> Self {
        self.with(self.simd.sub_u32s(self.lanes, other.lanes))
    }

    /// The same number in every lane.
    #[inline(always)]
    pub(super) fn all(self, x: u32) -> Self {
        self.with(self.splat(x))
    }

    #[inline(always)]
    pub(super) fn left(self, places: u32) -> Self {
        self.with(self.simd.wrapping_dyn_shl_u32s(self.lanes, self.splat(places)))
    }

    #[inline(always)]
    pub(super) fn right(self, places: u32) -> Self {
        self.with(self.simd.wrapping_dyn_shr_u32s(self.lanes, self.splat(places)))
    }

    #[inline(always)]
    pub(super) fn float(self) -> Vector<S> {
        Vector::new(self.simd, self.simd.transmute_f32s_u32s(self.lanes))
    }
}

impl<S: Simd> Mask<S> {
    #[inline(always)]
    pub(super) fn select(self, yes: Vector<S>, no: Vector<S>) -> Vector<S> {
        Vector::new(self.simd, self.simd.select_f32s(self.lanes, yes.lanes, no.lanes))
    }
}

macro_rules! operators {
    ($($name:ident $method:ident $lanes:ident;)*) => {
        $(
            impl<S: Simd> $name for Vector<S> {
                type Output = Self;

                #[inline(always)]
                fn $method(self, other: Self) -> Self {
                    Self::new(self.simd, self.simd.$lanes(self.lanes, other.lanes))
                }
            }
        )*
    };
}

operators! {
    Add add add_f32s;
    Sub sub sub_f32s;
    Mul mul mul_f32s;
    Div div div_f32s;
}
