//! What a layer is: a function on the tape, and named parameters behind one visitor.

use crate::{Fields, Pass, Result};
use dyn_clone::DynClone;
use tensor::ndarray::{ArrayD, ArrayRef, Dimension};
use tensor::{Element, Tape, Var};

/// A function on the tape with parameters: `forward` reads them, an optimizer writes them.
///
/// A module can be cloned, and shared between threads, each with a tape of its own.
///
/// ```
/// use nn::{Init, Linear, Module, Pass, Result};
/// use rand::{SeedableRng, rngs::ChaCha8Rng};
/// use tensor::{Element, Tape, Var, ndarray::array};
///
/// /// x + linear(x)
/// #[derive(Clone)]
/// struct Skip<T: Element> {
///     inner: Linear<T>,
/// }
///
/// nn::fields!(Skip: inner);
///
/// impl<T: Element> Module<T> for Skip<T> {
///     fn forward<'t>(&self, x: Var<'t, T>, pass: &mut Pass<'_, T>) -> Result<Var<'t, T>> {
///         Ok(x.add(pass.run("inner", &self.inner, x)?)?)
///     }
/// }
///
/// let rng = &mut ChaCha8Rng::seed_from_u64(0);
/// let net = Skip { inner: Linear::new(2, 2, Init::Constant(1.0), rng)? };
/// let tape = Tape::<f64>::new();
/// let y = net.forward(tape.constant(&array![[1.0, 2.0]])?, &mut Pass::eval())?;
/// assert_eq!(y.value()?, array![[4.0, 5.0]].into_dyn());
/// # Ok::<(), nn::Error>(())
/// ```
pub trait Module<T: Element>: Fields<T> + DynClone + Send + Sync {
    /// Records the module's function of `x` on the tape of `x`.
    ///
    /// # Errors
    /// Where the input's shape is not the module's.
    fn forward<'t>(&self, x: Var<'t, T>, pass: &mut Pass<'_, T>) -> Result<Var<'t, T>>;

    /// The name of the module's type, without its path and parameters.
    fn kind(&self) -> &'static str {
        short_name::<Self>()
    }

    /// The values of [`forward`](Self::forward) in use, for one input; a
    /// [`Predictor`](crate::Predictor) is made for many.
    ///
    /// ```
    /// use nn::{Linear, Module};
    /// use tensor::ndarray::array;
    ///
    /// let layer = Linear::<f32>::from_arrays(&array![[1.0], [2.0]], &array![0.5])?;
    /// assert_eq!(layer.predict(&array![[3.0, 4.0]])?, array![[11.5]].into_dyn());
    /// # Ok::<(), nn::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`forward`](Self::forward).
    fn predict<D: Dimension>(&self, x: &ArrayRef<T, D>) -> Result<ArrayD<T>>
    where
        Self: Sized,
    {
        let tape = Tape::new();
        let y = tape.no_grad(|| self.forward(tape.constant(x)?, &mut Pass::eval()))??;
        Ok(y.value()?)
    }
}

/// The name of a type, without its path and parameters.
pub(crate) fn short_name<M: ?Sized>() -> &'static str {
    let name = std::any::type_name::<M>();
    let end = name.find('<').unwrap_or(name.len());
    name[..end].rsplit("::").next().unwrap_or(name)
}

dyn_clone::clone_trait_object!(<T> Module<T>);

impl<T: Element> Module<T> for Box<dyn Module<T>> {
    fn forward<'t>(&self, x: Var<'t, T>, pass: &mut Pass<'_, T>) -> Result<Var<'t, T>> {
        (**self).forward(x, pass)
    }

    fn kind(&self) -> &'static str {
        (**self).kind()
    }
}
