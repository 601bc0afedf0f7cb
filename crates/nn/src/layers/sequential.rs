//! Layers one after the other.

use super::children::Children;
use crate::{Fields, Module, Pass, Path, Result, Visit, VisitMut};
use std::fmt;
use tensor::{Element, Var};

/// Layers applied in order: each gets the result of the one before. Parameters are named by position,
/// such as `0.weight`, or by the names of [`named`](Self::named).
///
/// ```
/// use nn::{Init, Linear, Module, Pass, Sequential, Tanh};
/// use rand::{SeedableRng, rngs::ChaCha8Rng};
/// use tensor::{Tape, ndarray::array};
///
/// let rng = &mut ChaCha8Rng::seed_from_u64(0);
/// let net = Sequential::new().with(Linear::new(2, 1, Init::Constant(0.0), rng)?).with(Tanh);
/// let tape = Tape::<f64>::new();
/// let y = net.forward(tape.constant(&array![[3.0, 4.0]])?, &mut Pass::eval())?;
/// assert_eq!(y.item()?, 0.0);
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Default, Clone)]
pub struct Sequential<T: Element> {
    layers: Children<T>,
}

impl<T: Element> Sequential<T> {
    /// No layers yet: the identity.
    pub const fn new() -> Self {
        Self { layers: Children::new() }
    }

    /// One more layer at the end.
    #[must_use]
    pub fn with(mut self, layer: impl Module<T> + 'static) -> Self {
        self.layers.push(layer);
        self
    }

    /// One more layer at the end, whose parameters are named `name.weight` rather than by position: what
    /// PyTorch's `Sequential` of an ordered dictionary saves.
    ///
    /// ```
    /// use nn::{Fields, Init, Linear, Relu, Sequential};
    /// use rand::{SeedableRng, rngs::ChaCha8Rng};
    ///
    /// let mut linear = |outputs| Linear::<f32>::new(2, outputs, Init::XavierUniform, &mut ChaCha8Rng::seed_from_u64(0));
    /// let net = Sequential::new().named("hidden", linear(2)?)?.with(Relu).with(linear(1)?);
    /// assert_eq!(net.names(), ["hidden.weight", "hidden.bias", "2.weight", "2.bias"]);
    /// # Ok::<(), nn::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Data`](crate::ErrorKind::Data) for a name that another layer has, that could be a position,
    /// or that holds anything but letters, digits and underscores.
    pub fn named(mut self, name: &str, layer: impl Module<T> + 'static) -> Result<Self> {
        self.layers.push_named("sequential", name, layer)?;
        Ok(self)
    }

    /// The number of layers.
    pub fn len(&self) -> usize {
        self.layers.len()
    }

    /// Whether there are no layers.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T: Element> fmt::Debug for Sequential<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sequential").field("layers", &self.len()).field("parameters", &self.names()).finish()
    }
}

impl<T: Element> Fields<T> for Sequential<T> {
    fn visit<'a>(&'a self, path: Path<'_>, f: &mut Visit<'_, 'a, T>) -> Result<()> {
        self.layers.visit(path, f)
    }

    fn visit_mut(&mut self, path: Path<'_>, f: &mut VisitMut<'_, T>) -> Result<()> {
        self.layers.visit_mut(path, f)
    }
}

impl<T: Element> Module<T> for Sequential<T> {
    fn forward<'t>(&self, x: Var<'t, T>, pass: &mut Pass<'_, T>) -> Result<Var<'t, T>> {
        (0..self.len()).try_fold(x, |x, at| self.layers.run(at, x, pass))
    }
}
