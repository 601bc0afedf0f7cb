//! Elementwise functions without settings as layers.

use crate::{Module, Pass, Result, fields};
use tensor::{Element, Var};

/// Declares layers: doc, name, function, and a point for the example (argument and value).
macro_rules! activations {
    ($($(#[$doc:meta])* $name:ident = |$x:ident| $value:expr, $point:literal => $at:expr;)*) => {
        $(
            $(#[$doc])*
            ///
            /// ```
            #[doc = concat!("use nn::{", stringify!($name), ", Module, Pass};")]
            /// use tensor::{Tape, ndarray::array};
            ///
            /// let tape = Tape::<f64>::new();
            #[doc = concat!("let x = tape.constant(&array![", stringify!($point), "])?;")]
            #[doc = concat!(
                "assert_eq!(", stringify!($name), ".forward(x, &mut Pass::eval())?.item()?, ", stringify!($at), ");"
            )]
            /// # Ok::<(), nn::Error>(())
            /// ```
            #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
            pub struct $name;

            fields!($name);

            impl<T: Element> Module<T> for $name {
                fn forward<'t>(&self, $x: Var<'t, T>, _: &mut Pass<'_, T>) -> Result<Var<'t, T>> {
                    Ok($value)
                }
            }
        )*
    };
}

fn number<T: Element>(x: f64) -> T {
    T::from_f64(x)
}

/// `x` moved to where it lies between 0 and 1: `clamp(x / 6 + 1/2, 0, 1)`, as sixths.
fn six<T: Element>(x: Var<'_, T>) -> tensor::Result<Var<'_, T>> {
    x.shift(number(3.0))?.clamp(number(0.0), number(6.0))
}

/// Klambauer et al.'s constants, for which a network's values keep the mean 0 and the variance 1.
const SELU_ALPHA: f64 = 1.673_263_242_354_377_2;
const SELU_SCALE: f64 = 1.050_700_987_355_480_5;

activations! {
    /// `x` as it is, any shape: a place that needs a layer and no function.
    Identity = |x| x, -2.0 => -2.0;

    /// `max(x, 0)` of every element, any shape: [`Var::relu`].
    ///
    /// After a [`Linear`](crate::Linear) layer, [`Linear::relu`](crate::Linear::relu) does the same in
    /// one op.
    Relu = |x| x.relu()?, -2.0 => 0.0;

    /// `min(max(x, 0), 6)` of every element, any shape; derivative 0 at 0 and 6.
    Relu6 = |x| x.clamp(number(0.0), number(6.0))?, 7.0 => 6.0;

    /// `1 / (1 + e^-x)` of every element, any shape: [`Var::sigmoid`].
    Sigmoid = |x| x.sigmoid()?, 0.0 => 0.5;

    /// `ln(1 / (1 + e^-x))` of every element, any shape, without overflow: [`Var::logsigmoid`].
    LogSigmoid = |x| x.logsigmoid()?, 0.0 => -2f64.ln();

    /// The piecewise linear `min(max(x + 3, 0), 6) / 6` of every element, any shape. Howard et al. 2019,
    /// "Searching for MobileNetV3".
    Hardsigmoid = |x| six(x)?.scale(number(1.0 / 6.0))?, 0.0 => 0.5;

    /// The hyperbolic tangent of every element, any shape: [`Var::tanh`].
    Tanh = |x| x.tanh()?, 0.0 => 0.0;

    /// `x - tanh(x)` of every element, any shape.
    Tanhshrink = |x| x.sub(x.tanh()?)?, 0.0 => 0.0;

    /// `x / (1 + |x|)` of every element, any shape.
    Softsign = |x| x.div(x.abs()?.shift(number(1.0))?)?, -3.0 => -0.75;

    /// `x sigmoid(x)` of every element, also called swish, any shape: [`Var::silu`]. Ramachandran, Zoph and Le
    /// 2017, "Searching for activation functions".
    Silu = |x| x.silu()?, 0.0 => 0.0;

    /// `x min(max(x + 3, 0), 6) / 6` of every element, any shape. Howard et al. 2019, "Searching for
    /// MobileNetV3".
    Hardswish = |x| x.mul(six(x)?)?.scale(number(1.0 / 6.0))?, 4.0 => 4.0;

    /// `x Φ(x)` of every element with the normal distribution function Φ, any shape: [`Var::gelu`]. Hendrycks
    /// and Gimpel 2016, "Gaussian error linear units".
    Gelu = |x| x.gelu()?, 0.0 => 0.0;

    /// The approximation `x/2 (1 + tanh(√(2/π) (x + 0.044715 x³)))` of [`Gelu`], of every element, any shape:
    /// [`Var::gelu_tanh`].
    GeluTanh = |x| x.gelu_tanh()?, 0.0 => 0.0;

    /// `x tanh(ln(1 + e^x))` of every element, any shape. Misra 2019, "Mish: a self regularized non-monotonic
    /// activation function".
    Mish = |x| x.mul(x.softplus(number(1.0))?.tanh()?)?, 0.0 => 0.0;

    /// `1.0507 x` where x > 0 and `1.0507 · 1.6733 (e^x - 1)` elsewhere, any shape. Klambauer et al. 2017,
    /// "Self-normalizing neural networks"; weights start with `Init::KaimingNormal` and a gain of 1, that is
    /// [`Init::kaiming`](crate::Init::kaiming) with `Gain::Linear`.
    Selu = |x| x.elu(number(SELU_ALPHA))?.scale(number(SELU_SCALE))?, 0.0 => 0.0;
}
