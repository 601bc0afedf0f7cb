//! Rows that batches are made of.

use super::{Augment, Batch, Map, Subset};
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

    /// The dataset with every batch changed by a function, in training and in use.
    ///
    /// ```
    /// use nn::data::{Dataset, Pair};
    /// use nn::tensor::ndarray::array;
    ///
    /// let grey = Pair::new(array![[0.0, 255.0]], vec![1])?;
    /// let scaled = grey.map(|batch| {
    ///     let inputs = batch.inputs() / 255.0;
    ///     batch.with_inputs(inputs)
    /// });
    /// assert_eq!(scaled.batch(&[0])?.inputs(), &array![[0.0, 1.0]].into_dyn());
    /// # Ok::<(), nn::Error>(())
    /// ```
    fn map<B, F>(self, change: F) -> Map<Self, F>
    where
        Self: Sized,
        B: Batch,
        F: Fn(Self::Batch) -> Result<B> + Send + Sync,
    {
        Map::new(self, change)
    }

    /// The dataset with every batch of training changed at random; in use the batches stay as they are.
    ///
    /// The random numbers are a function of the loader's seed, the epoch and the batch. [`Flip`](super::Flip),
    /// [`Shift`](super::Shift), [`Crop`](super::Crop) and [`Noise`](super::Noise) are ready to be used.
    ///
    /// ```
    /// use nn::data::{Dataset, Flip, Noise, Pair};
    /// use nn::tensor::ndarray::Array4;
    /// use rand::{SeedableRng, rngs::ChaCha8Rng};
    ///
    /// let images = Pair::new(Array4::<f32>::zeros((2, 1, 8, 8)), vec![0, 1])?;
    /// let varied = images.augment(|batch, rng| {
    ///     let batch = Flip::default().apply(batch, rng)?;
    ///     Noise { deviation: 0.1 }.apply(batch, rng)
    /// });
    /// let rng = &mut ChaCha8Rng::seed_from_u64(0);
    /// assert!(varied.training_batch(&[0, 1], rng)?.inputs().iter().any(|&x| x != 0.0));
    /// assert!(varied.batch(&[0, 1])?.inputs().iter().all(|&x| x == 0.0));
    /// # Ok::<(), nn::Error>(())
    /// ```
    fn augment<F>(self, change: F) -> Augment<Self, F>
    where
        Self: Sized,
        F: Fn(Self::Batch, &mut ChaCha8Rng) -> Result<Self::Batch> + Send + Sync,
    {
        Augment::new(self, change)
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
