//! The fully connected layer.

use super::settings::expect_positive;
use crate::{ErrorKind, Init, Module, Pass, Result, fields};
use rand::Rng;
use tensor::ndarray::{ArrayRef1, ArrayRef2};
use tensor::{Activation, Element, Param, Var};

/// `activation(x w + b)`: x `[.., in]`, w `[in, out]`, b `[out]`, result `[.., out]`.
///
/// ```
/// use nn::{Linear, Module, Pass};
/// use tensor::{Tape, ndarray::array};
///
/// let layer = Linear::from_arrays(&array![[1.0], [2.0]], &array![0.5])?;
/// let tape = Tape::<f64>::new();
/// let x = tape.constant(&array![[3.0, 4.0]])?;
/// assert_eq!(layer.forward(x, &mut Pass::eval())?.value()?, array![[11.5]].into_dyn());
/// let layer = layer.without_bias();
/// assert_eq!(layer.forward(x, &mut Pass::eval())?.value()?, array![[11.0]].into_dyn());
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Linear<T: Element> {
    /// The weight, `[in, out]`.
    pub weight: Param<T>,
    /// The bias, `[out]`, if there is one.
    pub bias: Option<Param<T>>,
    /// What is applied to the result, in the same op where there is a bias.
    pub activation: Activation,
}

fields!(Linear: weight as transposed, bias);

impl<T: Element> Linear<T> {
    /// A layer with weights drawn from `init` and biases 0.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`] for 0 inputs or outputs, or what `init` refuses.
    pub fn new(inputs: usize, outputs: usize, init: Init, rng: &mut impl Rng) -> Result<Self> {
        expect_positive("linear", &[("the number of inputs", inputs), ("the number of outputs", outputs)])?;
        let fans = [inputs, outputs];
        let weight = init.draw(&fans, fans, rng)?;
        let bias = Init::Constant(0.0).draw(&[outputs], fans, rng)?;
        Ok(Self { weight, bias: Some(bias), activation: Activation::Identity })
    }

    /// A layer with these weights `[in, out]` and biases `[out]`.
    ///
    /// # Errors
    /// [`ErrorKind::Length`] for a bias that is not as long as the weight has columns.
    pub fn from_arrays(weight: &ArrayRef2<T>, bias: &ArrayRef1<T>) -> Result<Self> {
        let (expected, got) = (weight.ncols(), bias.len());
        if expected != got {
            let (owner, shape) = ("linear", vec![expected]);
            return Err(ErrorKind::Length { owner, shape, expected, got }.into());
        }
        let (weight, bias) = (Param::new(weight)?, Param::new(bias)?);
        Ok(Self { weight, bias: Some(bias), activation: Activation::Identity })
    }

    /// The layer without a bias: `activation(x w)`, for what is normalised or shifted behind it.
    #[must_use]
    pub fn without_bias(self) -> Self {
        Self { bias: None, ..self }
    }

    /// The layer followed by `max(x, 0)`, as one op.
    #[must_use]
    pub fn relu(self) -> Self {
        self.with(Activation::Relu)
    }

    /// The layer followed by this function, as one op.
    #[must_use]
    pub fn with(self, activation: Activation) -> Self {
        Self { activation, ..self }
    }
}

impl<T: Element> Module<T> for Linear<T> {
    fn forward<'t>(&self, x: Var<'t, T>, _: &mut Pass<'_, T>) -> Result<Var<'t, T>> {
        let weight = x.tape().param(&self.weight)?;
        if let Some(bias) = &self.bias {
            return Ok(x.linear_with(weight, x.tape().param(bias)?, self.activation)?);
        }
        let product = x.matmul(weight)?;
        Ok(match self.activation {
            Activation::Identity => product,
            Activation::Relu => product.relu()?,
            Activation::Sigmoid => product.sigmoid()?,
            Activation::Tanh => product.tanh()?,
        })
    }
}
