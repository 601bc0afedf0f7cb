//! A layer with its input added.

use crate::{ErrorKind, Fields, Module, Pass, Path, Result, Visit, VisitMut};
use tensor::{Element, Var};

/// `x + inner(x)`, for a layer whose result has its input's shape. He et al. 2016, "Deep residual learning for
/// image recognition". Where the shapes differ, [`Parallel::sum`](crate::Parallel::sum) adds the results of two
/// layers.
///
/// ```
/// use nn::{Fields, Linear, Module, Pass, Residual};
/// use tensor::{Tape, ndarray::array};
///
/// let layer = Residual::new(Linear::from_arrays(&array![[2.0]], &array![0.5])?);
/// let tape = Tape::<f64>::new();
/// let y = layer.forward(tape.constant(&array![[3.0]])?, &mut Pass::eval())?;
/// assert_eq!(y.value()?, array![[9.5]].into_dyn());
/// assert_eq!(layer.names(), ["inner.weight", "inner.bias"]);
/// # Ok::<(), nn::Error>(())
/// ```
///
/// # Errors
/// `forward` gives [`ErrorKind::Shape`] for a result of another shape, since nothing is broadcast.
#[derive(Debug, Clone, Default)]
pub struct Residual<M> {
    /// The layer whose input is added to its result.
    pub inner: M,
}

impl<M> Residual<M> {
    /// This layer with its input added.
    pub const fn new(inner: M) -> Self {
        Self { inner }
    }
}

impl<T: Element, M: Fields<T>> Fields<T> for Residual<M> {
    fn visit<'a>(&'a self, path: Path<'_>, f: &mut Visit<'_, 'a, T>) -> Result<()> {
        self.inner.visit(path.field("inner"), f)
    }

    fn visit_mut(&mut self, path: Path<'_>, f: &mut VisitMut<'_, T>) -> Result<()> {
        self.inner.visit_mut(path.field("inner"), f)
    }
}

impl<T: Element, M: Module<T> + Clone> Module<T> for Residual<M> {
    fn forward<'t>(&self, x: Var<'t, T>, pass: &mut Pass<'_, T>) -> Result<Var<'t, T>> {
        let y = pass.run("inner", &self.inner, x)?;
        let (want, got) = (x.shape()?, y.shape()?);
        if want != got {
            let expected = format!("a result of the input's shape {want:?}");
            return Err(ErrorKind::Shape { owner: "residual", expected, got: got.to_vec() }.into());
        }
        Ok(x.add(y)?)
    }
}
