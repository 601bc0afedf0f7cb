//! The same elements under another shape.

use crate::{ErrorKind, Module, Pass, Result, fields};
use tensor::{Element, MAX_RANK, Shape, Var};

/// The same elements in the same order with other axes behind the first, which is the batch's: x
/// `[batch, ..]` becomes `[batch, shape..]`. The reverse of [`Flatten`](crate::Flatten).
///
/// ```
/// use nn::{Module, Pass, Reshape};
/// use tensor::{Tape, ndarray::array};
///
/// let tape = Tape::<f64>::new();
/// let x = tape.constant(&array![[1.0, 2.0, 3.0, 4.0]])?;
/// let y = Reshape::new(&[2, 2])?.forward(x, &mut Pass::eval())?;
/// assert_eq!(y.value()?, array![[[1.0, 2.0], [3.0, 4.0]]].into_dyn());
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reshape {
    shape: Shape,
}

fields!(Reshape);

impl Reshape {
    /// A layer with results `[batch, shape..]`.
    ///
    /// # Errors
    /// [`ErrorKind::Tensor`] for more axes, with the batch's, than a shape holds.
    pub fn new(shape: &[usize]) -> Result<Self> {
        if shape.len() >= MAX_RANK {
            let got = shape.len().saturating_add(1);
            return Err(tensor::Error::from(tensor::ErrorKind::Rank { op: "reshape", got }).into());
        }
        Ok(Self { shape: Shape::new(shape)? })
    }

    /// The axes behind the first.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }
}

impl<T: Element> Module<T> for Reshape {
    fn forward<'t>(&self, x: Var<'t, T>, _: &mut Pass<'_, T>) -> Result<Var<'t, T>> {
        let from = x.shape()?;
        let Some((&batch, others)) = from.split_first() else {
            let expected = "an input with at least the batch's axis".to_string();
            return Err(ErrorKind::Shape { owner: "reshape", expected, got: Vec::new() }.into());
        };
        // Elementwise lengths are compared even for an empty batch, whose size is 0 under any shape.
        if others.iter().product::<usize>() != self.shape.size() {
            let expected = format!("{} elements per row for {:?}", self.shape.size(), self.shape);
            return Err(ErrorKind::Shape { owner: "reshape", expected, got: from.to_vec() }.into());
        }
        let mut shape = [batch; MAX_RANK];
        shape[1..=self.shape.len()].copy_from_slice(&self.shape);
        Ok(x.reshape(&shape[..=self.shape.len()])?)
    }
}
