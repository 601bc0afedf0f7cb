//! A rectifier whose slope below 0 is learnt.

use super::settings::expect_positive;
use crate::{ErrorKind, Init, Module, Pass, Result, fields};
use rand::{SeedableRng, rngs::ChaCha8Rng};
use tensor::{Element, MAX_RANK, Param, Var};

/// `x` where x > 0 and `w x` elsewhere, with one slope w for all, or one per channel, which are on the second
/// axis: x `[batch, channels, ..]`, w `[1]` or `[channels]`. He et al. 2015, "Delving deep into rectifiers".
///
/// Derivatives: to x, 1 or w (also at 0); to w, the sum of `min(x, 0)` over its channel.
///
/// ```
/// use nn::{Module, PRelu, Pass};
/// use tensor::{Tape, ndarray::array};
///
/// let layer = PRelu::new(2, 0.25)?;
/// let tape = Tape::<f64>::new();
/// let y = layer.forward(tape.constant(&array![[-4.0, 3.0], [2.0, -8.0]])?, &mut Pass::eval())?;
/// assert_eq!(y.value()?, array![[-1.0, 3.0], [2.0, -2.0]].into_dyn());
/// assert_eq!(tape.backward(y.sum()?)?.param(&layer.weight), Some(&[-4.0, -8.0][..]));
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct PRelu<T: Element> {
    /// The slopes, `[1]` or `[channels]`.
    pub weight: Param<T>,
}

fields!(PRelu: weight);

impl<T: Element> PRelu<T> {
    /// A layer for this many channels, or 1 for one slope for all; PyTorch starts with a slope of 0.25.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`] for no channels or a slope that is not finite.
    pub fn new(channels: usize, slope: f64) -> Result<Self> {
        expect_positive("prelu", &[("the number of channels", channels)])?;
        if !slope.is_finite() {
            let (owner, name, expected) = ("prelu", "the slope", "finite");
            return Err(ErrorKind::Setting { owner, name, expected, got: slope }.into());
        }
        // Constants draw nothing.
        let rng = &mut ChaCha8Rng::seed_from_u64(0);
        Ok(Self { weight: Init::Constant(slope).draw(&[channels], [1, 1], rng)? })
    }
}

impl<T: Element> Module<T> for PRelu<T> {
    fn forward<'t>(&self, x: Var<'t, T>, _: &mut Pass<'_, T>) -> Result<Var<'t, T>> {
        let (shape, channels) = (x.shape()?, self.weight.shape().size());
        let mut slope = x.tape().param(&self.weight)?;
        if channels != 1 {
            if shape.get(1) != Some(&channels) {
                let expected = format!("an input [batch, {channels}, ..]");
                return Err(ErrorKind::Shape { owner: "prelu", expected, got: shape.to_vec() }.into());
            }
            let mut along = [1; MAX_RANK];
            along[0] = channels;
            slope = slope.reshape(&along[..shape.len() - 1])?;
        }
        // A choice, so that what is above 0 stays as it is to the last bit.
        Ok(x.relu()?.where_cond(x, x.mul(slope)?)?)
    }
}
