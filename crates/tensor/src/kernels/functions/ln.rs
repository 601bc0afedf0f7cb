//! Natural logarithms.
//!
//! `x = 2^e (1 + f)` with `1 + f` from 2/3 to 4/3, so `ln x = e ln 2 + ln(1 + f)`, and `ln(1 + f)` is
//! `f - f²/2 + f³ p(f)` with a polynomial p; the arrangement that Moshier's Cephes library uses. Coefficients
//! by the exchange algorithm of Remez for the relative error, which they keep below 0.1 of half an ulp.

use super::Function;
use super::vector::{Bits, Vector};
use pulp::Simd;

/// `(ln(1 + f) - f + f²/2) / f³`, the highest power first.
const SERIES: [f32; 8] = [
    -0.128_918_25,
    0.139_844_33,
    -0.121_842_28,
    0.140_058_7,
    -0.166_804_9,
    0.200_104_06,
    -0.249_997_97,
    0.333_332_15,
];

/// ln 2 in two parts: the first has so few digits that its product with an exponent is exact.
const LN_2: [f32; 2] = [0.693_359_4, -0.000_212_194_44];

const ONE: u32 = 0x3f80_0000;
const TWO_THIRDS: u32 = 0x3f2a_aaab;
const MANTISSA: u32 = 0x007f_ffff;
/// Below this many units numbers are whole: their lowest bits are an integer.
const WHOLE: f32 = 8_388_608.0;

/// `1 + f`, and `e + 127` in the lowest bits, of a positive normal number.
#[inline(always)]
fn split<S: Simd>(x: Vector<S>) -> (Vector<S>, Bits<S>) {
    let bits = x.bits().plus(ONE - TWO_THIRDS);
    (bits.and(MANTISSA).plus(TWO_THIRDS).float(), bits.right(23))
}

/// `(e + 127) - bias` as a number.
#[inline(always)]
fn exponent<S: Simd>(e: Bits<S>, bias: Vector<S>) -> Vector<S> {
    e.or(WHOLE.to_bits()).float() - bias
}

/// `e ln 2 + ln(1 + f)`
#[inline(always)]
fn join<S: Simd>(f: Vector<S>, e: Vector<S>) -> Vector<S> {
    let square = f * f;
    let tail = f.polynomial(&SERIES) * f * square;
    let tail = e.mul_add(f.splat(LN_2[1]), tail);
    let tail = square.mul_add(f.splat(-0.5), tail);
    e.mul_add(f.splat(LN_2[0]), f + tail)
}

/// The result for infinity, 0 and less than 0, in terms of the number whose logarithm it is.
#[inline(always)]
fn specials<S: Simd>(x: Vector<S>, y: Vector<S>) -> Vector<S> {
    let (zero, infinity) = (x.splat(0.0), x.splat(f32::INFINITY));
    let y = x.less(infinity).select(y, x);
    let y = x.equal(zero).select(x.splat(f32::NEG_INFINITY), y);
    x.less(zero).select(x.splat(f32::NAN), y)
}

/// `ln x`
#[derive(Debug, Clone, Copy)]
pub(super) struct Ln;

impl Function for Ln {
    #[inline(always)]
    fn of<S: Simd>(self, x: Vector<S>) -> Vector<S> {
        // Subnormal numbers are scaled.
        let small = x.less(x.splat(f32::MIN_POSITIVE));
        let (m, e) = split(small.select(x * x.splat(WHOLE), x));
        let bias = small.select(x.splat(WHOLE + 127.0 + 23.0), x.splat(WHOLE + 127.0));
        specials(x, join(m - x.splat(1.0), exponent(e, bias)))
    }
}

/// `ln(1 + x)`
#[derive(Debug, Clone, Copy)]
pub(super) struct Ln1p;

impl Function for Ln1p {
    #[inline(always)]
    fn of<S: Simd>(self, x: Vector<S>) -> Vector<S> {
        let one = x.splat(1.0);
        let sum = x + one;
        // What the sum has rounded away belongs to f.
        let lost = x - (sum - one);
        let (m, e) = split(sum);
        // 2^-e, of twice that, since e may be 128.
        let scale = e.all(255).minus(e).left(23).float() * x.splat(0.5);
        let f = lost.mul_add(scale, m - one);
        specials(sum, join(f, exponent(e, x.splat(WHOLE + 127.0)))).or_sign(x)
    }
}
