//! Elementwise functions with settings as layers.

use crate::{ErrorKind, Module, Pass, Result, fields};
use tensor::{Element, Var};

/// `x` where x > 0 and `slope * x` elsewhere, any shape: [`Var::leaky_relu`].
///
/// | setting | default | meaning |
/// |---|---|---|
/// | `slope` | 0.01 | the derivative below 0 and at 0 |
///
/// ```
/// use nn::{LeakyRelu, Module, Pass};
/// use tensor::{Tape, ndarray::array};
///
/// let tape = Tape::<f64>::new();
/// let x = tape.constant(&array![-2.0, 3.0])?;
/// let y = LeakyRelu { slope: 0.5 }.forward(x, &mut Pass::eval())?;
/// assert_eq!(y.value()?, array![-1.0, 3.0].into_dyn());
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LeakyRelu {
    /// The derivative below 0.
    pub slope: f64,
}

/// `x` where x > 0 and `alpha (e^x - 1)` elsewhere, any shape: [`Var::elu`]. Clevert, Unterthiner and Hochreiter
/// 2016, "Fast and accurate deep network learning by exponential linear units".
///
/// | setting | default | meaning |
/// |---|---|---|
/// | `alpha` | 1 | minus the value far below 0 |
///
/// ```
/// use nn::{Elu, Module, Pass};
/// use tensor::{Tape, ndarray::array};
///
/// let tape = Tape::<f64>::new();
/// let x = tape.constant(&array![f64::NEG_INFINITY, 3.0])?;
/// let y = Elu { alpha: 0.5 }.forward(x, &mut Pass::eval())?;
/// assert_eq!(y.value()?, array![-0.5, 3.0].into_dyn());
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Elu {
    /// Minus the value far below 0.
    pub alpha: f64,
}

/// `x` where x > 0 and `alpha (e^(x / alpha) - 1)` elsewhere, any shape: an [`Elu`] whose derivative has no
/// step at 0. Barron 2017, "Continuously differentiable exponential linear units".
///
/// | setting | default | meaning | range |
/// |---|---|---|---|
/// | `alpha` | 1 | minus the value far below 0 | positive |
///
/// ```
/// use nn::{Celu, Module, Pass};
/// use tensor::{Tape, ndarray::array};
///
/// let tape = Tape::<f64>::new();
/// let x = tape.constant(&array![f64::NEG_INFINITY, 3.0])?;
/// let y = Celu { alpha: 0.5 }.forward(x, &mut Pass::eval())?;
/// assert_eq!(y.value()?, array![-0.5, 3.0].into_dyn());
/// # Ok::<(), nn::Error>(())
/// ```
///
/// # Errors
/// `forward` gives [`ErrorKind::Setting`] for another `alpha`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Celu {
    /// Minus the value far below 0.
    pub alpha: f64,
}

/// `ln(1 + e^(beta x)) / beta`, a smooth relu, any shape, without overflow: [`Var::softplus`].
///
/// | setting | default | meaning | range |
/// |---|---|---|---|
/// | `beta` | 1 | how sharp the bend at 0 is | positive |
///
/// ```
/// use nn::{Module, Pass, Softplus};
/// use tensor::{Tape, ndarray::array};
///
/// let tape = Tape::<f64>::new();
/// let x = tape.constant(&array![0.0, 800.0])?;
/// let y = Softplus { beta: 2.0 }.forward(x, &mut Pass::eval())?;
/// assert_eq!(y.value()?, array![2f64.ln() / 2.0, 800.0].into_dyn());
/// # Ok::<(), nn::Error>(())
/// ```
///
/// # Errors
/// `forward` gives [`ErrorKind::Tensor`] for another `beta`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Softplus {
    /// How sharp the bend at 0 is.
    pub beta: f64,
}

/// Every element moved into `[low, high]`, any shape; derivative 0 at the bounds and outside:
/// [`Var::clamp`].
///
/// | setting | default | meaning | range |
/// |---|---|---|---|
/// | `low` | -1 | the least value | |
/// | `high` | 1 | the largest value | at least `low` |
///
/// ```
/// use nn::{Hardtanh, Module, Pass};
/// use tensor::{Tape, ndarray::array};
///
/// let tape = Tape::<f64>::new();
/// let x = tape.constant(&array![-2.0, 0.5])?;
/// assert_eq!(Hardtanh::default().forward(x, &mut Pass::eval())?.value()?, array![-1.0, 0.5].into_dyn());
/// # Ok::<(), nn::Error>(())
/// ```
///
/// # Errors
/// `forward` gives [`ErrorKind::Tensor`] for a `low` above `high`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hardtanh {
    /// The least value.
    pub low: f64,
    /// The largest value.
    pub high: f64,
}

impl Default for LeakyRelu {
    fn default() -> Self {
        Self { slope: 0.01 }
    }
}

impl Default for Elu {
    fn default() -> Self {
        Self { alpha: 1.0 }
    }
}

impl Default for Celu {
    fn default() -> Self {
        Self { alpha: 1.0 }
    }
}

impl Default for Softplus {
    fn default() -> Self {
        Self { beta: 1.0 }
    }
}

impl Default for Hardtanh {
    fn default() -> Self {
        Self { low: -1.0, high: 1.0 }
    }
}

fields!(LeakyRelu);
fields!(Elu);
fields!(Celu);
fields!(Softplus);
fields!(Hardtanh);

impl<T: Element> Module<T> for LeakyRelu {
    fn forward<'t>(&self, x: Var<'t, T>, _: &mut Pass<'_, T>) -> Result<Var<'t, T>> {
        Ok(x.leaky_relu(T::from_f64(self.slope))?)
    }
}

impl<T: Element> Module<T> for Elu {
    fn forward<'t>(&self, x: Var<'t, T>, _: &mut Pass<'_, T>) -> Result<Var<'t, T>> {
        Ok(x.elu(T::from_f64(self.alpha))?)
    }
}

impl<T: Element> Module<T> for Celu {
    fn forward<'t>(&self, x: Var<'t, T>, _: &mut Pass<'_, T>) -> Result<Var<'t, T>> {
        let alpha = self.alpha;
        if !(alpha > 0.0 && alpha.is_finite()) {
            let (owner, name, expected) = ("celu", "alpha", "positive and finite");
            return Err(ErrorKind::Setting { owner, name, expected, got: alpha }.into());
        }
        Ok(x.scale(T::from_f64(1.0 / alpha))?.elu(T::one())?.scale(T::from_f64(alpha))?)
    }
}

impl<T: Element> Module<T> for Softplus {
    fn forward<'t>(&self, x: Var<'t, T>, _: &mut Pass<'_, T>) -> Result<Var<'t, T>> {
        Ok(x.softplus(T::from_f64(self.beta))?)
    }
}

impl<T: Element> Module<T> for Hardtanh {
    fn forward<'t>(&self, x: Var<'t, T>, _: &mut Pass<'_, T>) -> Result<Var<'t, T>> {
        Ok(x.clamp(T::from_f64(self.low), T::from_f64(self.high))?)
    }
}
