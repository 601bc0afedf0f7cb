//! One row of features for a whole sequence.

use super::lengths::Lengths;
use crate::{ErrorKind, Module, Pass, Result, fields};
use tensor::ndarray::{Array2, Array3};
use tensor::{Element, Var};

/// Pools x `[batch, time, features]` over time: `[batch, features]`.
///
/// | name | result of each feature |
/// |---|---|
/// | `Mean` | the mean over the steps |
/// | `Max` | the largest of the steps; its gradient as [`Var::max_axis`] |
/// | `Last` | the last step |
///
/// As a module it takes all steps; [`of`](Self::of) leaves out those after the end of shorter sequences,
/// whatever they hold. After a layer with both directions, `Last` sees a single step of the backward one:
/// the final states of [`LstmOutput`](crate::LstmOutput) and [`GruOutput`](crate::GruOutput) are those of
/// the whole sequence.
///
/// ```
/// use nn::OverTime;
/// use tensor::{Tape, ndarray::array};
///
/// let tape = Tape::<f64>::new();
/// let x = tape.var(&array![[[1.0], [5.0], [3.0]], [[2.0], [4.0], [9.0]]])?;
/// let lengths = Some(&[3, 2][..]);
/// assert_eq!(OverTime::Mean.of(x, lengths)?.value()?, array![[3.0], [3.0]].into_dyn());
/// assert_eq!(OverTime::Max.of(x, lengths)?.value()?, array![[5.0], [4.0]].into_dyn());
/// assert_eq!(OverTime::Last.of(x, lengths)?.value()?, array![[3.0], [4.0]].into_dyn());
/// assert_eq!(OverTime::Last.of(x, None)?.value()?, array![[3.0], [9.0]].into_dyn());
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OverTime {
    /// The mean over the steps.
    Mean,
    /// The largest of the steps.
    Max,
    /// The last step.
    Last,
}

fields!(OverTime);

impl OverTime {
    /// Pools sequences of these lengths, one for each row, or of the whole length.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`] for an input without three axes or without steps; [`ErrorKind::Data`] for
    /// another number of lengths than rows, or one that is not from 1 to `time`, naming the row.
    pub fn of<'t, T: Element>(self, x: Var<'t, T>, lengths: Option<&[usize]>) -> Result<Var<'t, T>> {
        let (owner, shape) = ("over_time", x.shape()?);
        let &[batch, time @ (1..), _] = &*shape else {
            let expected = "an input [batch, time, features] with at least one step".to_owned();
            return Err(ErrorKind::Shape { owner, expected, got: shape.to_vec() }.into());
        };
        let lengths = Lengths::new(owner, lengths, [batch, time])?;
        let tape = x.tape();
        Ok(match self {
            Self::Mean => {
                let share = |(row, _)| T::one() / T::from_f64(lengths.of(row) as f64);
                let shares = Array2::from_shape_fn((batch, 1), share);
                lengths.fill(x, T::zero())?.sum_axis(1)?.mul(tape.constant(&shares)?)?
            }
            Self::Max => lengths.fill(x, T::from_f64(f64::NEG_INFINITY))?.max_axis(1)?,
            Self::Last => {
                let last = Array3::from_shape_fn((batch, 1, 1), |(row, ..)| lengths.of(row) - 1);
                x.take_along_axis(1, tape.indices_nd(&last)?)?.squeeze(1)?
            }
        })
    }
}

impl<T: Element> Module<T> for OverTime {
    fn forward<'t>(&self, x: Var<'t, T>, _: &mut Pass<'_, T>) -> Result<Var<'t, T>> {
        self.of(x, None)
    }
}
