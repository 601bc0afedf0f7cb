//! Several axes as one.

use crate::{Module, Pass, Result, fields};
use tensor::{Element, Var};

/// All axes from `start` on as one: x `[batch, a, b, ..]` becomes `[batch, a · b · ..]`. The default keeps the
/// first axis.
///
/// ```
/// use nn::{Flatten, Module, Pass};
/// use tensor::{Tape, ndarray::ArrayD};
///
/// let tape = Tape::<f64>::new();
/// let x = tape.constant(&ArrayD::zeros(vec![2, 3, 4, 5]))?;
/// let mut pass = Pass::eval();
/// assert_eq!(&*Flatten::default().forward(x, &mut pass)?.shape()?, [2, 60]);
/// assert_eq!(&*Flatten { start: 2 }.forward(x, &mut pass)?.shape()?, [2, 3, 20]);
/// # Ok::<(), nn::Error>(())
/// ```
///
/// # Errors
/// `forward` gives [`ErrorKind::Tensor`](crate::ErrorKind::Tensor) for an input with fewer than `start` axes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flatten {
    /// The first of the axes that become one.
    pub start: usize,
}

fields!(Flatten);

impl Default for Flatten {
    fn default() -> Self {
        Self { start: 1 }
    }
}

impl<T: Element> Module<T> for Flatten {
    fn forward<'t>(&self, x: Var<'t, T>, _: &mut Pass<'_, T>) -> Result<Var<'t, T>> {
        Ok(x.flatten(self.start..)?)
    }
}
