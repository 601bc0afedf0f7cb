//! Powers of e.
//!
//! `x = n ln 2 + r` with `|r| <= ln 2 / 2`, so `e^x = 2^n e^r`, and `e^r` is a polynomial: the method of
//! Cody and Waite 1980, "Software manual for the elementary functions". Coefficients by the exchange algorithm
//! of Remez for the relative error, which they keep below 0.08 of half an ulp.

use super::Function;
use super::vector::{Bits, Vector};
use pulp::Simd;

/// `(e^r - 1 - r) / r²`, the highest power first.
const SERIES: [f32; 5] = [0.001_381_448, 0.008_368_78, 0.041_668_393, 0.166_665_2, 0.499_999_94];

/// ln 2 in two parts: the first has so few digits that its product with `n` is exact.
const LN_2: [f32; 2] = [0.693_359_4, -0.000_212_194_44];

/// Adding this leaves the nearest whole number, plus 254, in the lowest bits.
const ROUND: f32 = 12_582_912.0 + 254.0;

/// From here on the result is infinite, and below there it is 0.
const RANGE: [f32; 2] = [-104.5, 89.0];

/// `r`, and `n + 254` in the lowest nine bits.
#[inline(always)]
fn reduce<S: Simd>(x: Vector<S>) -> (Vector<S>, Bits<S>) {
    let shifted = x.mul_add(x.splat(std::f32::consts::LOG2_E), x.splat(ROUND));
    let n = shifted - x.splat(ROUND);
    let r = n.mul_add(x.splat(-LN_2[0]), x);
    (n.mul_add(x.splat(-LN_2[1]), r), shifted.bits())
}

/// `e^r` for a small `r`.
#[inline(always)]
fn near_zero<S: Simd>(r: Vector<S>) -> Vector<S> {
    let one = r.splat(1.0);
    r.polynomial(&SERIES).mul_add(r, one).mul_add(r, one)
}

/// `e^x` for `x` up to 89; what is below the smallest number is 0.
#[inline(always)]
pub(super) fn exp_bounded<S: Simd>(x: Vector<S>) -> Vector<S> {
    let (r, n) = reduce(x.at_least(RANGE[0]));
    // 2^n as two factors, each of which is a normal number: one rounding where the result is not.
    let half = n.right(1);
    near_zero(r) * half.left(23).float() * n.minus(half).left(23).float()
}

/// `e^x` for `x` from -80 to 80.
#[inline(always)]
pub(super) fn exp_moderate<S: Simd>(x: Vector<S>) -> Vector<S> {
    let (r, n) = reduce(x);
    near_zero(r) * n.plus(127u32.wrapping_neg()).left(23).float()
}

/// `e^x`
#[derive(Debug, Clone, Copy)]
pub(super) struct Exp;

impl Function for Exp {
    #[inline(always)]
    fn of<S: Simd>(self, x: Vector<S>) -> Vector<S> {
        exp_bounded(x.at_most(RANGE[1]))
    }
}

/// `e^(x - shift)`
#[derive(Debug, Clone, Copy)]
pub(super) struct ExpMinus(pub(super) f32);

impl Function for ExpMinus {
    #[inline(always)]
    fn of<S: Simd>(self, x: Vector<S>) -> Vector<S> {
        Exp.of(x - x.splat(self.0))
    }
}

/// `e^x - 1 = 2^n (e^r - 1) + (2^n - 1)`
#[derive(Debug, Clone, Copy)]
pub(super) struct ExpM1;

impl Function for ExpM1 {
    #[inline(always)]
    fn of<S: Simd>(self, x: Vector<S>) -> Vector<S> {
        // Below -17.5 the result is -1.
        let (r, n) = reduce(x.at_least(-17.5).at_most(RANGE[1]));
        let below = r.polynomial(&SERIES).mul_add(r * r, r);
        // Half of it, since 2^128 would overflow before the end.
        let half = n.plus(128u32.wrapping_neg()).left(23).float();
        let result = half.mul_add(below, half - x.splat(0.5));
        // Half of the smallest numbers would not be exact.
        x.abs().less(x.splat(1e-8)).select(x, result + result)
    }
}
