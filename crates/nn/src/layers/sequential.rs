//! Layers one after the other.

use crate::{Fields, Module, Pass, Path, Result, Visit, VisitMut};
use std::fmt;
use tensor::{Element, Var};

/// Layers applied in order: each gets the result of the one before. Parameters are named by position,
/// such as `0.weight`.
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
    layers: Vec<Box<dyn Module<T>>>,
}

impl<T: Element> Sequential<T> {
    /// No layers yet: the identity.
    pub const fn new() -> Self {
        Self { layers: Vec::new() }
    }

    /// One more layer at the end.
    #[must_use]
    pub fn with(mut self, layer: impl Module<T> + 'static) -> Self {
        self.layers.push(Box::new(layer));
        self
    }

    /// The number of layers.
    pub fn len(&self) -> usize {
        self.layers.len()
    }

    /// Whether there are no layers.
    pub fn is_empty(&self) -> bool {
        self.layers.is_empty()
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
        let mut layers = self.layers.iter().enumerate();
        layers.try_fold(x, |x, (i, layer)| pass.run(i, layer, x))
    }
}
