//! Normalisation of every row.

use super::norm::{check_eps, check_last_axes, check_normalized, filled, on};
use crate::{Module, Pass, Result, fields};
use tensor::{Element, Param, Var};

/// The settings of a [`LayerNorm`], with PyTorch's names and defaults.
///
/// | name | default | meaning | range |
/// |---|---|---|---|
/// | `eps` | 1e-5 | is added to the variance | finite, not negative |
/// | `elementwise_affine` | true | whether the result is scaled by `weight` | |
/// | `bias` | true | whether it is then shifted by `bias`; without `weight` it never is | |
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LayerNormConfig {
    /// Is added to the variance.
    pub eps: f64,
    /// Whether there is a `weight`.
    pub elementwise_affine: bool,
    /// Whether there is a `bias` beside the `weight`.
    pub bias: bool,
}

impl Default for LayerNormConfig {
    fn default() -> Self {
        Self { eps: 1e-5, elementwise_affine: true, bias: true }
    }
}

/// Everything along the last axes with mean 0 and variance 1, then scaled and shifted:
/// `weight (x - mean) / √(var + eps) + bias`; x `[.., shape]`, weight and bias `[shape]`, result as x.
///
/// The variance is the biased one. Rows do not depend on each other, so training and use are the same. Ba,
/// Kiros and Hinton 2016, "Layer normalization".
///
/// ```
/// use nn::{LayerNorm, LayerNormConfig, Module, Pass};
/// use tensor::{Tape, ndarray::array};
///
/// let layer = LayerNorm::new(&[2], LayerNormConfig { eps: 0.0, ..LayerNormConfig::default() })?;
/// let tape = Tape::<f64>::new();
/// let y = layer.forward(tape.constant(&array![[1.0, 5.0], [7.0, 3.0]])?, &mut Pass::eval())?;
/// assert_eq!(y.value()?, array![[-1.0, 1.0], [1.0, -1.0]].into_dyn());
/// # Ok::<(), nn::Error>(())
/// ```
///
/// `forward` returns [`ErrorKind::Shape`](crate::ErrorKind::Shape) for other last axes.
#[derive(Debug, Clone)]
pub struct LayerNorm<T: Element> {
    /// The scale of each element of a row, at first 1.
    pub weight: Option<Param<T>>,
    /// The shift of each element of a row, at first 0.
    pub bias: Option<Param<T>>,
    shape: Vec<usize>,
    eps: f64,
}

fields!(LayerNorm: weight, bias);

impl<T: Element> LayerNorm<T> {
    /// A layer for inputs with these last axes.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`](crate::ErrorKind::Shape) for no axes or one of length 0,
    /// [`ErrorKind::Setting`](crate::ErrorKind::Setting) for an `eps` out of its range,
    /// [`ErrorKind::Tensor`](crate::ErrorKind::Tensor) for more axes than an array has.
    pub fn new(shape: &[usize], config: LayerNormConfig) -> Result<Self> {
        check_normalized("layer_norm", shape)?;
        check_eps("layer_norm", config.eps)?;
        let weight = filled(config.elementwise_affine, shape, 1.0)?;
        let bias = filled(config.elementwise_affine && config.bias, shape, 0.0)?;
        Ok(Self { weight, bias, shape: shape.to_vec(), eps: config.eps })
    }

    /// The last axes that are normalised over.
    pub fn normalized_shape(&self) -> &[usize] {
        &self.shape
    }

    /// What is added to the variance.
    pub fn eps(&self) -> f64 {
        self.eps
    }
}

impl<T: Element> Module<T> for LayerNorm<T> {
    fn forward<'t>(&self, x: Var<'t, T>, _: &mut Pass<'_, T>) -> Result<Var<'t, T>> {
        check_last_axes("layer_norm", &x.shape()?, &self.shape)?;
        let [weight, bias] = on(x.tape(), [&self.weight, &self.bias])?;
        Ok(x.layer_norm(&self.shape, weight, bias, T::from_f64(self.eps))?)
    }
}
