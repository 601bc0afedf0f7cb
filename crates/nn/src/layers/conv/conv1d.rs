//! Convolution over one spatial axis.

use super::{Conv1dConfig, bias_on, lengthened};
use crate::{Module, Pass, Result, fields};
use rand::Rng;
use tensor::ndarray::{ArrayRef1, ArrayRef3};
use tensor::{ConvConfig, Element, Param, Var};

/// A kernel slid over sequences: x `[batch, in, length]`, w `[out, in / groups, taps]`, b `[out]`, result
/// `[batch, out, (length + 2 padding - dilation (taps - 1) - 1) / stride + 1]`, rounded down.
///
/// `y[n, o, p] = b[o] + Σ_{c, k} w[o, c, k] x[n, c, p stride + k dilation - padding]`: [`Var::conv1d`], a
/// correlation, as in PyTorch.
///
/// ```
/// use nn::{Conv1d, Conv1dConfig, Init, Module, Padding, Pass};
/// use rand::{SeedableRng, rngs::ChaCha8Rng};
/// use tensor::{Tape, ndarray::array};
///
/// let config = Conv1dConfig {
///     padding: Padding::Same,
///     init: Init::Constant(1.0),
///     ..Conv1dConfig::new(1, 1, [3])
/// };
/// let layer = Conv1d::new(config, &mut ChaCha8Rng::seed_from_u64(0))?;
/// let tape = Tape::<f64>::new();
/// let y = layer.forward(tape.constant(&array![[[1.0, 2.0, 4.0]]])?, &mut Pass::eval())?;
/// assert_eq!(y.value()?, array![[[3.0, 7.0, 6.0]]].into_dyn());
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Conv1d<T: Element> {
    /// The kernel, `[out, in / groups, taps]`.
    pub weight: Param<T>,
    /// The bias, `[out]`, if there is one.
    pub bias: Option<Param<T>>,
    /// How the kernel slides.
    pub config: ConvConfig<1>,
    /// Zeros at the end of each axis, beside those of `config`: see [`Padding::Same`](crate::Padding).
    more: [usize; 1],
}

fields!(Conv1d: weight, bias);

impl<T: Element> Conv1d<T> {
    /// A layer with weights drawn from `config.init` and biases 0.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`](crate::ErrorKind::Setting) for a setting outside of its range, or what the init
    /// refuses.
    pub fn new(config: Conv1dConfig, rng: &mut impl Rng) -> Result<Self> {
        let (op, more) = config.plan("conv1d")?;
        let (weight, bias) = config.draw(rng)?;
        Ok(Self { weight, bias, config: op, more })
    }

    /// A layer with this kernel `[out, in / groups, taps]` and bias `[out]`.
    ///
    /// # Errors
    /// [`ErrorKind::Tensor`](crate::ErrorKind::Tensor) for more axes than a shape holds; what does not fit
    /// together is refused by `forward`.
    pub fn from_arrays(
        weight: &ArrayRef3<T>,
        bias: Option<&ArrayRef1<T>>,
        config: ConvConfig<1>,
    ) -> Result<Self> {
        let (weight, bias) = (Param::new(weight)?, bias.map(|bias| Param::new(bias)).transpose()?);
        Ok(Self { weight, bias, config, more: [0; 1] })
    }
}

impl<T: Element> Module<T> for Conv1d<T> {
    fn forward<'t>(&self, x: Var<'t, T>, _: &mut Pass<'_, T>) -> Result<Var<'t, T>> {
        let (weight, bias) = (x.tape().param(&self.weight)?, bias_on(x, self.bias.as_ref())?);
        Ok(lengthened(x, self.more)?.conv1d(weight, bias, self.config)?)
    }
}
