//! Rows that batches are made of.

use super::{Batch, Subset};
use crate::Result;
use rand::rngs::ChaCha8Rng;
use std::sync::Arc;

/// Rows, of which any can be put into a batch.
///
/// References and [`Arc`]s of a dataset are datasets too, so that several loaders share one.
///
/// ```
/// use nn::data::{Dataset, Pair};
/// use nn::{Result, tensor::ndarray::Array1};
///
/// /// The numbers below `count` and their squares, made when they are asked for.
/// struct Squares {
///     count: usize,
/// }
///
/// impl Dataset for Squares {
///     type Batch = Pair<f64>;
///
///     fn len(&self) -> usize {
///         self.count
///     }
///
///     fn batch(&self, rows: &[usize]) -> Result<Pair<f64>> {
///         let x = Array1::from_iter(rows.iter().map(|&row| row as f64));
///         let y = &x * &x;
///         Pair::new(x, y)
///     }
/// }
///
/// let batch = Squares { count: 9 }.batch(&[3, 1])?;
/// assert_eq!(batch.inputs().as_slice(), Some(&[3.0, 1.0][..]));
/// # Ok::<(), nn::Error>(())
/// ```
pub trait Dataset: Send + Sync {
    /// What a step of training sees.
    type Batch: Batch;

    /// The number of rows.
    fn len(&self) -> usize;

    /// Whether there are no rows.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The batch of these rows, in this order; a row may come twice.
    ///
    /// # Errors
    /// [`ErrorKind::Data`](crate::ErrorKind::Data) for a row that is not there or cannot be read.
    fn batch(&self, rows: &[usize]) -> Result<Self::Batch>;

    /// The batch of these rows for a step of training, which may be varied at random; without augmentation
    /// the same as [`batch`](Self::batch).
    ///
    /// # Errors
    /// As [`batch`](Self::batch), or what the augmentation refuses.
    fn training_batch(&self, rows: &[usize], rng: &mut ChaCha8Rng) -> Result<Self::Batch> {
        let _ = rng;
        self.batch(rows)
    }

    /// How long a row is, for loaders that put rows of like length together; 1 where all are alike.
    fn row_length(&self, row: usize) -> usize {
        let _ = row;
        1
    }

    /// These rows as a dataset of their own, such as one side of a split.
    ///
    /// ```
    /// use nn::data::{Dataset, Pair};
    /// use nn::tensor::ndarray::array;
    /// use std::sync::Arc;
    ///
    /// let data = Arc::new(Pair::new(array![[1.0], [2.0], [3.0]], vec![0, 1, 0])?);
    /// let (train, validation) = (data.clone().subset(vec![2, 0])?, data.subset(vec![1])?);
    /// assert_eq!((train.len(), validation.len()), (2, 1));
    /// assert_eq!(train.batch(&[0])?.inputs(), &array![[3.0]].into_dyn());
    /// # Ok::<(), nn::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Data`](crate::ErrorKind::Data) for a row that is not there.
    fn subset(self, rows: Vec<usize>) -> Result<Subset<Self>>
    where
        Self: Sized,
    {
        Subset::new(self, rows)
    }
}

macro_rules! shared {
    ($($pointer:ty),*) => {
        $(
            impl<D: Dataset + ?Sized> Dataset for $pointer {
                type Batch = D::Batch;

                fn len(&self) -> usize {
                    (**self).len()
                }

                fn batch(&self, rows: &[usize]) -> Result<Self::Batch> {
                    (**self).batch(rows)
                }

                fn training_batch(&self, rows: &[usize], rng: &mut ChaCha8Rng) -> Result<Self::Batch> {
                    (**self).training_batch(rows, rng)
                }

                fn row_length(&self, row: usize) -> usize {
                    (**self).row_length(row)
                }
            }
        )*
    };
}

shared!(&D, Arc<D>, Box<D>);
