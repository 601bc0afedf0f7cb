//! The error function.

use super::Function;
use super::exp::exp_moderate;
use super::vector::Vector;
use pulp::Simd;

/// `erf x / x - 1` in powers of `x²` up to [`NEAR`], the highest first; by the exchange algorithm of Remez for the
/// relative error of the result, which it keeps below 0.01 of half an ulp.
const SERIES: [f32; 7] = [
    8.513_125e-5,
    -0.000_817_564_43,
    0.005_203_859_4,
    -0.026_860_509,
    0.112_837_15,
    -0.376_126_35,
    0.128_379_17,
];

/// `ln(1 - erf x)` in powers of x from [`NEAR`] to [`FAR`]; likewise, below 0.06 of half an ulp of `erf x`.
const TAIL: [f32; 7] = [
    0.000_198_215_9,
    -0.003_065_455,
    0.022_315_08,
    -0.104_113_415,
    -0.636_976_36,
    -1.127_797_1,
    -0.000_166_483_35,
];

/// Up to here the first polynomial is used.
const NEAR: f32 = 0.9;

/// From here on the result is 1.
const FAR: f32 = 3.95;

/// `x + x p(x²)` near 0, elsewhere `1 - e^q(x)`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Erf;

impl Function for Erf {
    #[inline(always)]
    fn of<S: Simd>(self, x: Vector<S>) -> Vector<S> {
        let size = x.abs();
        let near = (size * size).polynomial(&SERIES).mul_add(size, size);
        let far = x.splat(1.0) - exp_moderate(size.at_most(FAR).polynomial(&TAIL));
        size.less(x.splat(NEAR)).select(near, far).or_sign(x)
    }
}
