//! Convolution over two spatial axes.

use super::{Conv2dConfig, bias_on, lengthened};
use crate::{Module, Pass, Result, fields};
use rand::Rng;
use tensor::ndarray::{ArrayRef1, ArrayRef4};
use tensor::{ConvConfig, Element, Param, Var};

/// A kernel slid over images: x `[batch, in, height, width]`, w `[out, in / groups, rows, columns]`, b `[out]`,
/// result `[batch, out, .., ..]` with lengths as in [`Conv1d`](crate::Conv1d).
///
/// `y[n, o, p, q] = b[o] + Σ w[o, c, k, l] x[n, c, p stride + k dilation - padding, q stride + …]`:
/// [`Var::conv2d`], a correlation, as in PyTorch. With as many groups as inputs it is a depthwise convolution,
/// with a kernel of `[1, 1]` a [`Linear`](crate::Linear) layer at every position.
///
/// ```
/// use nn::{Conv2d, Conv2dConfig, Fields, Init, Module, Pass};
/// use rand::{SeedableRng, rngs::ChaCha8Rng};
/// use tensor::{Tape, ndarray::array};
///
/// let config = Conv2dConfig { init: Init::Constant(1.0), ..Conv2dConfig::new(1, 2, [2, 2]) };
/// let layer = Conv2d::new(config, &mut ChaCha8Rng::seed_from_u64(0))?;
/// let tape = Tape::<f64>::new();
/// let y = layer.forward(tape.constant(&array![[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]]])?, &mut Pass::eval())?;
/// assert_eq!(y.value()?, array![[[[12.0, 16.0]], [[12.0, 16.0]]]].into_dyn());
/// assert_eq!(layer.parameter_count(), 2 * 1 * 2 * 2 + 2);
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Conv2d<T: Element> {
    /// The kernel, `[out, in / groups, rows, columns]`.
    pub weight: Param<T>,
    /// The bias, `[out]`, if there is one.
    pub bias: Option<Param<T>>,
    /// How the kernel slides.
    pub config: ConvConfig<2>,
    /// Zeros at the end of each axis, beside those of `config`: see [`Padding::Same`](crate::Padding).
    more: [usize; 2],
}

fields!(Conv2d: weight, bias);

impl<T: Element> Conv2d<T> {
    /// A layer with weights drawn from `config.init` and biases 0.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`](crate::ErrorKind::Setting) for a setting outside of its range, or what the init
    /// refuses.
    pub fn new(config: Conv2dConfig, rng: &mut impl Rng) -> Result<Self> {
        let (op, more) = config.plan("conv2d")?;
        let (weight, bias) = config.draw(rng)?;
        Ok(Self { weight, bias, config: op, more })
    }

    /// A layer with this kernel `[out, in / groups, rows, columns]` and bias `[out]`.
    ///
    /// # Errors
    /// [`ErrorKind::Tensor`](crate::ErrorKind::Tensor) for more axes than a shape holds; what does not fit
    /// together is refused by `forward`.
    pub fn from_arrays(
        weight: &ArrayRef4<T>,
        bias: Option<&ArrayRef1<T>>,
        config: ConvConfig<2>,
    ) -> Result<Self> {
        let (weight, bias) = (Param::new(weight)?, bias.map(|bias| Param::new(bias)).transpose()?);
        Ok(Self { weight, bias, config, more: [0; 2] })
    }
}

impl<T: Element> Module<T> for Conv2d<T> {
    fn forward<'t>(&self, x: Var<'t, T>, _: &mut Pass<'_, T>) -> Result<Var<'t, T>> {
        let (weight, bias) = (x.tape().param(&self.weight)?, bias_on(x, self.bias.as_ref())?);
        Ok(lengthened(x, self.more)?.conv2d(weight, bias, self.config)?)
    }
}
