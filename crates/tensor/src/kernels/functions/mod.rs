//! Functions of `f32` that are computed in vectors.
//!
//! An element's bits depend on the element and the instruction set alone, never on its position or on how
//! many there are: the last few go through the same code in a vector that is not full.

mod erf;
mod exp;
mod ln;
mod tanh;
#[cfg(test)]
mod tests;
mod vector;

use pulp::{Arch, Simd, WithSimd};
use vector::Vector;

/// A function of one number.
trait Function: Copy {
    fn of<S: Simd>(self, x: Vector<S>) -> Vector<S>;
}

/// `out[i] = f(x[i])`
struct Map<'a, F> {
    out: &'a mut [f32],
    x: &'a [f32],
    f: F,
}

impl<F: Function> WithSimd for Map<'_, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { out, x, f } = self;
        let (x, x_tail) = S::as_simd_f32s(&x[..out.len()]);
        let (out, out_tail) = S::as_mut_simd_f32s(out);
        for (out, &x) in out.iter_mut().zip(x) {
            *out = f.of(Vector::new(simd, x)).lanes;
        }
        if !x_tail.is_empty() {
            let y = f.of(Vector::new(simd, simd.partial_load_f32s(x_tail)));
            simd.partial_store_f32s(out_tail, y.lanes);
        }
    }
}

/// The functions by name, with the instruction set as an argument.
macro_rules! functions {
    ($($(#[$doc:meta])* $name:ident($($setting:ident)?) = $f:expr;)*) => {
        $(
            $(#[$doc])*
            pub(crate) fn $name(arch: Arch, out: &mut [f32], x: &[f32], $($setting: f32)?) {
                arch.dispatch(Map { out, x, f: $f });
            }
        )*
    };
}

functions! {
    /// `2/√π ∫₀ˣ e^-t² dt` within 1.5 ulp.
    erf() = erf::Erf;
    /// `e^x` within 1.2 ulp.
    exp() = exp::Exp;
    /// `e` to the rounded difference `x - shift`, within 1.2 ulp.
    exp_minus(shift) = exp::ExpMinus(shift);
    /// `e^x - 1` within 1.6 ulp.
    exp_m1() = exp::ExpM1;
    /// `ln x` within 0.9 ulp.
    ln() = ln::Ln;
    /// `ln(1 + x)` within 2 ulp.
    ln_1p() = ln::Ln1p;
    /// `tanh x` within 2 ulp.
    tanh() = tanh::Tanh;
    /// `1 / (1 + e^-x)` within 2.5 ulp.
    sigmoid() = tanh::Sigmoid;
}
