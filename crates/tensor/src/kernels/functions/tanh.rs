//! The hyperbolic tangent and the logistic function.

use super::Function;
use super::exp::{exp_bounded, exp_moderate};
use super::vector::Vector;
use pulp::Simd;

/// `(tanh x - x) / x³` in powers of `x²` up to [`NEAR`], the highest first; by the exchange algorithm of Remez
/// for the relative error, which it keeps below 0.15 of half an ulp.
const SERIES: [f32; 5] = [-0.005_704_989, 0.020_639_088, -0.053_739_715, 0.133_314_42, -0.333_332_8];

/// Up to here the polynomial is used.
const NEAR: f32 = 0.625;

/// `x + x³ p(x²)` near 0, elsewhere `1 - 2 / (e^2x + 1)`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tanh;

impl Function for Tanh {
    #[inline(always)]
    fn of<S: Simd>(self, x: Vector<S>) -> Vector<S> {
        let (one, two) = (x.splat(1.0), x.splat(2.0));
        let size = x.abs();
        let square = size * size;
        let near = square.polynomial(&SERIES).mul_add(square * size, size);
        // From 10 on the result is 1.
        let far = size.at_most(10.0);
        let far = one - two / (exp_moderate(far + far) + one);
        size.less(x.splat(NEAR)).select(near, far).or_sign(x)
    }
}

/// `e^x / (1 + e^x)`
#[derive(Debug, Clone, Copy)]
pub(super) struct Sigmoid;

impl Function for Sigmoid {
    #[inline(always)]
    fn of<S: Simd>(self, x: Vector<S>) -> Vector<S> {
        // From 30 on the result is 1, and e^x must not become infinite.
        let power = exp_bounded(x.at_most(30.0));
        power / (power + x.splat(1.0))
    }
}
