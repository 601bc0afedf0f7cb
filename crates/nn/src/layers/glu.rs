//! One half of the channels as gates of the other.

use crate::{ErrorKind, Module, Pass, Result, fields};
use tensor::{Element, Var};

/// `a sigmoid(b)`, where a and b are the first and the second half of x along an axis: x `[.., 2 n, ..]`, result
/// `[.., n, ..]`. Dauphin et al. 2017, "Language modeling with gated convolutional networks".
///
/// ```
/// use nn::{Glu, Module, Pass};
/// use tensor::{Tape, ndarray::array};
///
/// let tape = Tape::<f64>::new();
/// let x = tape.constant(&array![[6.0, 8.0, 0.0, f64::INFINITY]])?;
/// assert_eq!(Glu { axis: 1 }.forward(x, &mut Pass::eval())?.value()?, array![[3.0, 8.0]].into_dyn());
/// # Ok::<(), nn::Error>(())
/// ```
///
/// # Errors
/// `forward` gives [`ErrorKind::Shape`] for an axis that the input does not have, or of odd length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Glu {
    /// The axis that is halved.
    pub axis: usize,
}

fields!(Glu);

impl<T: Element> Module<T> for Glu {
    fn forward<'t>(&self, x: Var<'t, T>, _: &mut Pass<'_, T>) -> Result<Var<'t, T>> {
        let shape = x.shape()?;
        let Some(&length) = shape.get(self.axis).filter(|length| length.is_multiple_of(2)) else {
            let expected = format!("an input whose axis {} is there and of even length", self.axis);
            return Err(ErrorKind::Shape { owner: "glu", expected, got: shape.to_vec() }.into());
        };
        let half = length / 2;
        let (a, b) = (x.narrow(self.axis, 0, half)?, x.narrow(self.axis, half, half)?);
        Ok(a.mul(b.sigmoid()?)?)
    }
}
