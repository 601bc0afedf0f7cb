//! What a step of training sees at once.

use crate::Result;
use std::ops::Range;

/// Some rows of a dataset, ready for a step; it can be cut into parts, so that threads share a step.
///
/// ```
/// use nn::data::{Batch, Pair};
/// use nn::tensor::ndarray::array;
///
/// let batch = Pair::new(array![[1.0], [2.0], [3.0]], vec![0, 1, 0])?;
/// let part = batch.part(1..3)?;
/// assert_eq!(part.inputs(), &array![[2.0], [3.0]].into_dyn());
/// # Ok::<(), nn::Error>(())
/// ```
pub trait Batch: Send + Sync + Sized {
    /// The number of rows.
    fn len(&self) -> usize;

    /// Whether there are no rows.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// These rows alone, in the same order.
    ///
    /// # Errors
    /// [`ErrorKind::Data`](crate::ErrorKind::Data) for rows that are not there.
    fn part(&self, rows: Range<usize>) -> Result<Self>;

    /// What the batch counts in a mean over several: its rows, unless the mean of the loss divides by something
    /// else, such as the words of its sentences.
    fn weight(&self) -> f64 {
        self.len() as f64
    }
}
