//! Normalisation by the root of the mean square.

use super::norm::{check_eps, check_last_axes, check_normalized, filled, on};
use crate::{Module, Pass, Result, fields};
use tensor::{Element, Param, Var};

/// The settings of an [`RmsNorm`], with PyTorch's names and defaults.
///
/// | name | default | meaning | range |
/// |---|---|---|---|
/// | `eps` | `None` | is added to the mean square; `None` is the distance from 1 to the next number (1.19e-7 in `f32`, 2.22e-16 in `f64`) | finite, not negative |
/// | `elementwise_affine` | true | whether the result is scaled by `weight` | |
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RmsNormConfig {
    /// Is added to the mean square.
    pub eps: Option<f64>,
    /// Whether there is a `weight`.
    pub elementwise_affine: bool,
}

impl Default for RmsNormConfig {
    fn default() -> Self {
        Self { eps: None, elementwise_affine: true }
    }
}

/// Everything along the last axes with mean square 1, then scaled: `weight x / √(mean(x²) + eps)`;
/// x `[.., shape]`, weight `[shape]`, result as x.
///
/// No mean is subtracted, which is cheaper than a [`LayerNorm`](crate::LayerNorm) and does as well in large
/// models. Zhang and Sennrich 2019, "Root mean square layer normalization".
///
/// ```
/// use nn::{Module, Pass, RmsNorm, RmsNormConfig};
/// use tensor::{Tape, ndarray::array};
///
/// let layer = RmsNorm::new(&[5], RmsNormConfig { eps: Some(0.0), ..RmsNormConfig::default() })?;
/// let tape = Tape::<f64>::new();
/// let y = layer.forward(tape.constant(&array![[3.0, -3.0, 1.0, -1.0, 0.0]])?, &mut Pass::eval())?;
/// assert_eq!(y.value()?, array![[1.5, -1.5, 0.5, -0.5, 0.0]].into_dyn()); // √(20 / 5) = 2
/// # Ok::<(), nn::Error>(())
/// ```
///
/// `forward` returns [`ErrorKind::Shape`](crate::ErrorKind::Shape) for other last axes.
#[derive(Debug, Clone)]
pub struct RmsNorm<T: Element> {
    /// The scale of each element of a row, at first 1.
    pub weight: Option<Param<T>>,
    shape: Vec<usize>,
    eps: f64,
}

fields!(RmsNorm: weight);

impl<T: Element> RmsNorm<T> {
    /// A layer for inputs with these last axes.
    ///
    /// # Errors
    /// As [`LayerNorm::new`](crate::LayerNorm::new).
    pub fn new(shape: &[usize], config: RmsNormConfig) -> Result<Self> {
        check_normalized("rms_norm", shape)?;
        let eps = config.eps.unwrap_or_else(spacing::<T>);
        check_eps("rms_norm", eps)?;
        let weight = filled(config.elementwise_affine, shape, 1.0)?;
        Ok(Self { weight, shape: shape.to_vec(), eps })
    }

    /// The last axes that are normalised over.
    pub fn normalized_shape(&self) -> &[usize] {
        &self.shape
    }

    /// What is added to the mean square.
    pub fn eps(&self) -> f64 {
        self.eps
    }
}

/// The distance from 1 to the next number of the type.
fn spacing<T: Element>() -> f64 {
    let mut spacing = 1.0;
    while T::from_f64(1.0 + spacing / 2.0) > T::one() {
        spacing /= 2.0;
    }
    spacing
}

impl<T: Element> Module<T> for RmsNorm<T> {
    fn forward<'t>(&self, x: Var<'t, T>, _: &mut Pass<'_, T>) -> Result<Var<'t, T>> {
        check_last_axes("rms_norm", &x.shape()?, &self.shape)?;
        let [weight] = on(x.tape(), [&self.weight])?;
        Ok(x.rms_norm(&self.shape, weight, T::from_f64(self.eps))?)
    }
}

#[cfg(test)]
mod tests {
    use super::spacing;

    #[test]
    fn spacings_are_those_of_the_types() {
        assert_eq!(spacing::<f32>(), f64::from(f32::EPSILON));
        assert_eq!(spacing::<f64>(), f64::EPSILON);
    }
}
