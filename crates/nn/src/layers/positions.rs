//! Where an element stands in its sequence, as features that are added to it.

use super::settings::expect_positive;
use crate::{ErrorKind, Init, Module, Pass, Result, fields};
use rand::Rng;
use std::sync::Arc;
use tensor::ndarray::{Array2, Axis, Slice};
use tensor::{Element, Param, Var};

/// The length of a sequence whose last two axes are `[s, features]`, `most` elements at most.
fn length<T: Element>(owner: &'static str, x: Var<'_, T>, [most, features]: [usize; 2]) -> Result<usize> {
    let shape = x.shape()?;
    match *shape {
        [.., length, last] if length <= most && last == features => Ok(length),
        _ => {
            let expected = format!("[.., s, {features}] with s at most {most}");
            Err(ErrorKind::Shape { owner, expected, got: shape.to_vec() }.into())
        }
    }
}

/// Adds sines and cosines of the position, each pair of features with a wavelength of its own:
/// `x + p` with `p[i, 2 j] = sin(i / 10000^(2 j / e))` and `p[i, 2 j + 1] = cos` of the same; x `[.., s, e]`,
/// result of the same shape.
///
/// There is nothing to learn. Vaswani et al. 2017, "Attention is all you need", section 3.5.
///
/// ```
/// use nn::{Module, Pass, SinusoidalEncoding};
/// use tensor::{Tape, ndarray::array};
///
/// let positions = SinusoidalEncoding::<f64>::new(100, 2)?;
/// let tape = Tape::new();
/// let y = positions.forward(tape.constant(&array![[5.0, 5.0], [5.0, 5.0]])?, &mut Pass::eval())?;
/// assert_eq!(y.value()?, array![[5.0, 6.0], [5.0 + 1f64.sin(), 5.0 + 1f64.cos()]].into_dyn());
/// # Ok::<(), nn::Error>(())
/// ```
///
/// `forward` returns [`ErrorKind::Shape`] for longer sequences and another number of features.
#[derive(Debug, Clone)]
pub struct SinusoidalEncoding<T: Element> {
    table: Arc<Array2<T>>,
}

impl<T: Element> crate::Fields<T> for SinusoidalEncoding<T> {
    fn visit<'a>(&'a self, _: crate::Path<'_>, _: &mut crate::Visit<'_, 'a, T>) -> Result<()> {
        Ok(())
    }

    fn visit_mut(&mut self, _: crate::Path<'_>, _: &mut crate::VisitMut<'_, T>) -> Result<()> {
        Ok(())
    }
}

impl<T: Element> SinusoidalEncoding<T> {
    /// The encoding of sequences of at most so many elements, with so many features.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`] for no elements or no features.
    pub fn new(most: usize, features: usize) -> Result<Self> {
        let owner = "sinusoidal_encoding";
        expect_positive(owner, &[("the longest sequence", most), ("the number of features", features)])?;
        let table = Array2::from_shape_fn((most, features), |(i, feature)| {
            let rate = 10000f64.powf(-((feature - feature % 2) as f64) / features as f64);
            let angle = i as f64 * rate;
            T::from_f64(if feature % 2 == 0 { angle.sin() } else { angle.cos() })
        });
        Ok(Self { table: Arc::new(table) })
    }
}

impl<T: Element> Module<T> for SinusoidalEncoding<T> {
    fn forward<'t>(&self, x: Var<'t, T>, _: &mut Pass<'_, T>) -> Result<Var<'t, T>> {
        let length = length("sinusoidal_encoding", x, self.table.dim().into())?;
        Ok(x.add(x.tape().constant(&self.table.slice_axis(Axis(0), Slice::from(..length)))?)?)
    }
}

/// Adds learnt features of the position: `x + weight[..s]`; x `[.., s, e]`, weight `[most, e]`, result as x.
///
/// Files are those of PyTorch's `nn.Embedding(most, e)`. Gehring et al. 2017, "Convolutional sequence to sequence
/// learning".
///
/// ```
/// use nn::{Module, Pass, PositionalEmbedding};
/// use tensor::{Param, Tape, ndarray::array};
///
/// let positions = PositionalEmbedding { weight: Param::new(&array![[1.0], [2.0], [3.0]])? };
/// let tape = Tape::<f64>::new();
/// let y = positions.forward(tape.constant(&array![[10.0], [20.0]])?, &mut Pass::eval())?;
/// assert_eq!(y.value()?, array![[11.0], [22.0]].into_dyn());
/// # Ok::<(), nn::Error>(())
/// ```
///
/// `forward` returns [`ErrorKind::Shape`] for longer sequences and another number of features.
#[derive(Debug, Clone)]
pub struct PositionalEmbedding<T: Element> {
    /// The features of each position, `[most, e]`.
    pub weight: Param<T>,
}

fields!(PositionalEmbedding: weight);

impl<T: Element> PositionalEmbedding<T> {
    /// Features of sequences of at most so many elements, drawn from `init`, such as a normal distribution with
    /// a standard deviation of 0.02.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`] for no elements or no features, or what `init` refuses.
    pub fn new(most: usize, features: usize, init: Init, rng: &mut impl Rng) -> Result<Self> {
        let owner = "positional_embedding";
        expect_positive(owner, &[("the longest sequence", most), ("the number of features", features)])?;
        let weight = init.draw(&[most, features], [most, features], rng)?;
        Ok(Self { weight })
    }
}

impl<T: Element> Module<T> for PositionalEmbedding<T> {
    fn forward<'t>(&self, x: Var<'t, T>, _: &mut Pass<'_, T>) -> Result<Var<'t, T>> {
        let owner = "positional_embedding";
        let &[most, features] = &self.weight.shape()[..] else {
            let (expected, got) =
                ("a weight [longest sequence, features]".to_owned(), self.weight.shape().to_vec());
            return Err(ErrorKind::Shape { owner, expected, got }.into());
        };
        let length = length(owner, x, [most, features])?;
        Ok(x.add(x.tape().param(&self.weight)?.narrow(0, 0, length)?)?)
    }
}
