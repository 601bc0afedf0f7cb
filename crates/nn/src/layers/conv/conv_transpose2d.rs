//! Transposed convolution over two spatial axes.

use super::{ConvTranspose2dConfig, bias_on};
use crate::{Module, Pass, Result, fields};
use rand::Rng;
use tensor::ndarray::{ArrayRef1, ArrayRef4};
use tensor::{ConvTransposeConfig, Element, Param, Var};

/// A kernel spread over images, the way back of a [`Conv2d`](crate::Conv2d): x `[batch, in, height, width]`,
/// w `[in, out / groups, rows, columns]`, b `[out]`, result `[batch, out, .., ..]` with lengths as in
/// [`ConvTranspose1d`](crate::ConvTranspose1d). [`Var::conv_transpose2d`].
///
/// ```
/// use nn::{ConvTranspose2d, ConvTranspose2dConfig, Init, Module, Pass};
/// use rand::{SeedableRng, rngs::ChaCha8Rng};
/// use tensor::{Tape, ndarray::array};
///
/// // Twice as long and wide.
/// let config = ConvTranspose2dConfig {
///     stride: [2, 2],
///     init: Init::Constant(1.0),
///     ..ConvTranspose2dConfig::new(1, 1, [2, 2])
/// };
/// let layer = ConvTranspose2d::new(config, &mut ChaCha8Rng::seed_from_u64(0))?;
/// let tape = Tape::<f64>::new();
/// let y = layer.forward(tape.constant(&array![[[[1.0, 2.0]]]])?, &mut Pass::eval())?;
/// assert_eq!(y.value()?, array![[[[1.0, 1.0, 2.0, 2.0], [1.0, 1.0, 2.0, 2.0]]]].into_dyn());
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct ConvTranspose2d<T: Element> {
    /// The kernel, `[in, out / groups, rows, columns]`.
    pub weight: Param<T>,
    /// The bias, `[out]`, if there is one.
    pub bias: Option<Param<T>>,
    /// How the kernel is spread.
    pub config: ConvTransposeConfig<2>,
}

fields!(ConvTranspose2d: weight, bias);

impl<T: Element> ConvTranspose2d<T> {
    /// A layer with weights drawn from `config.init` and biases 0.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`](crate::ErrorKind::Setting) for a setting outside of its range, or what the init
    /// refuses.
    pub fn new(config: ConvTranspose2dConfig, rng: &mut impl Rng) -> Result<Self> {
        let op = config.plan("conv_transpose2d")?;
        let (weight, bias) = config.draw(rng)?;
        Ok(Self { weight, bias, config: op })
    }

    /// A layer with this kernel `[in, out / groups, rows, columns]` and bias `[out]`.
    ///
    /// # Errors
    /// [`ErrorKind::Tensor`](crate::ErrorKind::Tensor) for more axes than a shape holds; what does not fit
    /// together is refused by `forward`.
    pub fn from_arrays(
        weight: &ArrayRef4<T>,
        bias: Option<&ArrayRef1<T>>,
        config: ConvTransposeConfig<2>,
    ) -> Result<Self> {
        let (weight, bias) = (Param::new(weight)?, bias.map(|bias| Param::new(bias)).transpose()?);
        Ok(Self { weight, bias, config })
    }
}

impl<T: Element> Module<T> for ConvTranspose2d<T> {
    fn forward<'t>(&self, x: Var<'t, T>, _: &mut Pass<'_, T>) -> Result<Var<'t, T>> {
        let (weight, bias) = (x.tape().param(&self.weight)?, bias_on(x, self.bias.as_ref())?);
        Ok(x.conv_transpose2d(weight, bias, self.config)?)
    }
}
