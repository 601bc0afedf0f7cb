//! Transposed convolution over one spatial axis.

use super::{ConvTranspose1dConfig, bias_on};
use crate::{Module, Pass, Result, fields};
use rand::Rng;
use tensor::ndarray::{ArrayRef1, ArrayRef3};
use tensor::{ConvTransposeConfig, Element, Param, Var};

/// A kernel spread over sequences, the way back of a [`Conv1d`](crate::Conv1d): x `[batch, in, length]`,
/// w `[in, out / groups, taps]`, b `[out]`, result `[batch, out, (length - 1) stride - 2 padding +
/// dilation (taps - 1) + output_padding + 1]`.
///
/// Every input adds the kernel, times its value, to the result:
/// `y[n, o, p stride + k dilation - padding] += w[c, o, k] x[n, c, p]`: [`Var::conv_transpose1d`].
///
/// ```
/// use nn::{ConvTranspose1d, ConvTranspose1dConfig, Init, Module, Pass};
/// use rand::{SeedableRng, rngs::ChaCha8Rng};
/// use tensor::{Tape, ndarray::array};
///
/// let config = ConvTranspose1dConfig {
///     stride: [2],
///     init: Init::Constant(1.0),
///     ..ConvTranspose1dConfig::new(1, 1, [3])
/// };
/// let layer = ConvTranspose1d::new(config, &mut ChaCha8Rng::seed_from_u64(0))?;
/// let tape = Tape::<f64>::new();
/// let y = layer.forward(tape.constant(&array![[[1.0, 2.0]]])?, &mut Pass::eval())?;
/// assert_eq!(y.value()?, array![[[1.0, 1.0, 3.0, 2.0, 2.0]]].into_dyn());
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct ConvTranspose1d<T: Element> {
    /// The kernel, `[in, out / groups, taps]`.
    pub weight: Param<T>,
    /// The bias, `[out]`, if there is one.
    pub bias: Option<Param<T>>,
    /// How the kernel is spread.
    pub config: ConvTransposeConfig<1>,
}

fields!(ConvTranspose1d: weight, bias);

impl<T: Element> ConvTranspose1d<T> {
    /// A layer with weights drawn from `config.init` and biases 0.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`](crate::ErrorKind::Setting) for a setting outside of its range, or what the init
    /// refuses.
    pub fn new(config: ConvTranspose1dConfig, rng: &mut impl Rng) -> Result<Self> {
        let op = config.plan("conv_transpose1d")?;
        let (weight, bias) = config.draw(rng)?;
        Ok(Self { weight, bias, config: op })
    }

    /// A layer with this kernel `[in, out / groups, taps]` and bias `[out]`.
    ///
    /// # Errors
    /// [`ErrorKind::Tensor`](crate::ErrorKind::Tensor) for more axes than a shape holds; what does not fit
    /// together is refused by `forward`.
    pub fn from_arrays(
        weight: &ArrayRef3<T>,
        bias: Option<&ArrayRef1<T>>,
        config: ConvTransposeConfig<1>,
    ) -> Result<Self> {
        let (weight, bias) = (Param::new(weight)?, bias.map(|bias| Param::new(bias)).transpose()?);
        Ok(Self { weight, bias, config })
    }
}

impl<T: Element> Module<T> for ConvTranspose1d<T> {
    fn forward<'t>(&self, x: Var<'t, T>, _: &mut Pass<'_, T>) -> Result<Var<'t, T>> {
        let (weight, bias) = (x.tape().param(&self.weight)?, bias_on(x, self.bias.as_ref())?);
        Ok(x.conv_transpose1d(weight, bias, self.config)?)
    }
}
