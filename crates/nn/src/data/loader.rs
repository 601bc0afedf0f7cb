//! Batches, epoch by epoch.

use super::order::{LastBatch, Order, Plan, batch_rng};
use super::{Dataset, Prefetch};
use crate::{ErrorKind, Result};
use std::sync::Arc;

/// How a [`DataLoader`] makes batches.
///
/// | name | default | meaning | range |
/// |---|---|---|---|
/// | `batch_size` | 32 | rows in a batch | 1 or more |
/// | `order` | `Shuffled` | the order of the rows | groups of 1 or more batches |
/// | `last` | `Keep` | what to do with too few last rows | |
/// | `seed` | 0 | chooses the orders and what augmentation draws | |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DataLoaderConfig {
    /// Rows in a batch.
    pub batch_size: usize,
    /// The order of the rows.
    pub order: Order,
    /// What to do with too few last rows.
    pub last: LastBatch,
    /// Chooses the orders and what augmentation draws.
    pub seed: u64,
}

impl Default for DataLoaderConfig {
    fn default() -> Self {
        Self { batch_size: 32, order: Order::default(), last: LastBatch::default(), seed: 0 }
    }
}

/// Batches of a dataset, epoch by epoch.
///
/// What an epoch gives is a function of the seed and the epoch's number alone, so training can be taken up
/// at any epoch.
///
/// ```
/// use nn::data::{DataLoader, DataLoaderConfig, Pair};
/// use nn::tensor::ndarray::Array1;
///
/// let data = Pair::new(Array1::from_iter((0..6).map(f64::from)), vec![0; 6])?;
/// let loader = DataLoader::new(data, DataLoaderConfig { batch_size: 4, seed: 7, ..Default::default() })?;
/// let rows = |epoch| -> nn::Result<Vec<f64>> {
///     let batches = loader.epoch(epoch).collect::<nn::Result<Vec<_>>>()?;
///     Ok(batches.iter().flat_map(|batch| batch.inputs().iter().copied().collect::<Vec<_>>()).collect())
/// };
/// assert_eq!(rows(0)?, rows(0)?);
/// assert_ne!(rows(0)?, rows(1)?);
/// let mut sorted = rows(1)?;
/// sorted.sort_by(f64::total_cmp);
/// assert_eq!(sorted, [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Debug)]
pub struct DataLoader<D> {
    data: Arc<D>,
    config: DataLoaderConfig,
}

// Not derived: the dataset is shared, not cloned.
impl<D> Clone for DataLoader<D> {
    fn clone(&self) -> Self {
        Self { data: Arc::clone(&self.data), config: self.config }
    }
}

impl<D: Dataset> DataLoader<D> {
    /// A loader of these rows.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`] for batches of no rows or groups of no batches, and for a dataset that gives
    /// no batch: one without rows, or with fewer than a batch where small batches are dropped.
    pub fn new(data: D, config: DataLoaderConfig) -> Result<Self> {
        let setting = |name, expected, got: usize| {
            Err(ErrorKind::Setting { owner: "data loader", name, expected, got: got as f64 }.into())
        };
        let DataLoaderConfig { batch_size, order, last, .. } = config;
        if batch_size == 0 {
            return setting("the batch size", "positive", 0);
        }
        if order == (Order::Bucketed { batches: 0 }) {
            return setting("the number of batches in a bucket", "positive", 0);
        }
        match (data.len(), last) {
            (0, _) => setting("the number of rows", "positive", 0),
            (rows, LastBatch::Drop) if rows < batch_size => {
                setting("the number of rows", "at least the batch size, as smaller batches are dropped", rows)
            }
            _ => Ok(Self { data: Arc::new(data), config }),
        }
    }

    /// The rows.
    pub fn dataset(&self) -> &D {
        &self.data
    }

    /// The settings.
    pub fn config(&self) -> &DataLoaderConfig {
        &self.config
    }

    /// The number of batches of an epoch.
    pub fn batches(&self) -> usize {
        match self.config.last {
            LastBatch::Keep => self.data.len().div_ceil(self.config.batch_size),
            LastBatch::Drop => self.data.len() / self.config.batch_size,
        }
    }

    /// The batches of an epoch of training.
    pub fn epoch(&self, epoch: u64) -> Epoch<D> {
        let DataLoaderConfig { batch_size, order, last, seed } = self.config;
        let plan = Plan::new(&*self.data, (order, last), batch_size, (seed, epoch));
        Epoch { data: Arc::clone(&self.data), plan, next: 0, training: Some((seed, epoch)) }
    }

    /// Every row once, in order and without augmentation, as a validation wants it.
    ///
    /// ```
    /// use nn::data::{DataLoader, DataLoaderConfig, LastBatch, Pair};
    /// use nn::tensor::ndarray::array;
    ///
    /// let data = Pair::new(array![1.0, 2.0, 3.0], vec![0; 3])?;
    /// let config = DataLoaderConfig { batch_size: 2, last: LastBatch::Drop, ..Default::default() };
    /// let mut batches = DataLoader::new(data, config)?.in_order();
    /// assert_eq!(batches.next().expect("a first batch")?.inputs(), &array![1.0, 2.0].into_dyn());
    /// assert_eq!(batches.next().expect("a second batch")?.inputs(), &array![3.0].into_dyn());
    /// # Ok::<(), nn::Error>(())
    /// ```
    pub fn in_order(&self) -> Epoch<D> {
        let rule = (Order::Sequential, LastBatch::Keep);
        let plan = Plan::new(&*self.data, rule, self.config.batch_size, (0, 0));
        Epoch { data: Arc::clone(&self.data), plan, next: 0, training: None }
    }
}

/// The batches of one epoch; each is made when it is asked for.
///
/// A batch that cannot be made gives its error, and the next is tried.
#[derive(Debug)]
pub struct Epoch<D> {
    data: Arc<D>,
    plan: Plan,
    next: usize,
    /// The seed and the epoch in training.
    training: Option<(u64, u64)>,
}

impl<D: Dataset> Epoch<D> {
    /// The rows of each batch that is still to come.
    pub fn rows(&self) -> impl Iterator<Item = &[usize]> {
        self.plan.batches[self.next..].iter().map(|range| &self.plan.rows[range.clone()])
    }

    /// The same batches in the same order, made by a thread that is up to `ahead` batches ahead.
    ///
    /// The thread needs a dataset of its own: one inside of an [`Arc`], where several loaders share it, not a
    /// reference. It ends with the last batch, or when the iterator is dropped. A panic of the dataset goes
    /// through to whoever asks for the batch.
    ///
    /// ```
    /// use nn::data::{DataLoader, DataLoaderConfig, Pair};
    /// use nn::tensor::ndarray::Array1;
    ///
    /// let data = Pair::new(Array1::<f64>::zeros(100), vec![0; 100])?;
    /// let loader = DataLoader::new(data, DataLoaderConfig::default())?;
    /// let sizes: Vec<usize> = loader.epoch(0).prefetch(2)?.map(|batch| Ok(batch?.len())).collect::<nn::Result<_>>()?;
    /// assert_eq!(sizes, [32, 32, 32, 4]);
    /// # Ok::<(), nn::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Setting`] for 0 batches; [`ErrorKind::Data`] when the system gives no thread.
    pub fn prefetch(self, ahead: usize) -> Result<Prefetch<D::Batch>>
    where
        D: 'static,
        D::Batch: 'static,
    {
        Prefetch::new(self, ahead)
    }
}

impl<D: Dataset> Iterator for Epoch<D> {
    type Item = Result<D::Batch>;

    fn next(&mut self) -> Option<Self::Item> {
        let rows = &self.plan.rows[self.plan.batches.get(self.next)?.clone()];
        let batch = self.next as u64;
        self.next += 1;
        Some(match self.training {
            None => self.data.batch(rows),
            Some((seed, epoch)) => self.data.training_batch(rows, &mut batch_rng(seed, epoch, batch)),
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.plan.batches.len() - self.next;
        (left, Some(left))
    }

    // The batches between are not made.
    fn nth(&mut self, n: usize) -> Option<Self::Item> {
        self.next = self.next.saturating_add(n).min(self.plan.batches.len());
        self.next()
    }
}

impl<D: Dataset> ExactSizeIterator for Epoch<D> {}
impl<D: Dataset> std::iter::FusedIterator for Epoch<D> {}

#[cfg(test)]
mod tests {
    use super::super::{Pair, Sequences};
    use super::*;
    use tensor::ndarray::{Array1, Array2};

    fn pair(rows: usize) -> Pair<f32> {
        Pair::new(Array1::from_iter((0..rows).map(|row| row as f32)), vec![0; rows]).unwrap()
    }

    #[test]
    fn loaders_without_a_batch_are_refused() {
        let of = |rows, config| DataLoader::new(pair(rows), config).map(|loader| loader.batches());
        let config = DataLoaderConfig { batch_size: 4, ..Default::default() };
        assert_eq!(of(3, config).unwrap(), 1);
        let message = |rows, config| of(rows, config).unwrap_err().to_string();
        assert_eq!(message(0, config), "data loader: expected the number of rows to be positive, got 0");
        let zero = DataLoaderConfig { batch_size: 0, ..config };
        assert_eq!(message(3, zero), "data loader: expected the batch size to be positive, got 0");
        let drop = DataLoaderConfig { last: LastBatch::Drop, ..config };
        assert_eq!(
            message(3, drop),
            "data loader: expected the number of rows to be at least the batch size, \
             as smaller batches are dropped, got 3"
        );
        assert_eq!(of(9, drop).unwrap(), 2);
        let bucket = DataLoaderConfig { order: Order::Bucketed { batches: 0 }, ..config };
        assert!(message(3, bucket).contains("batches in a bucket"));
    }

    #[test]
    fn iterators_know_their_length_and_skip() {
        let config = DataLoaderConfig { batch_size: 2, order: Order::Sequential, ..Default::default() };
        let loader = DataLoader::new(pair(7), config).unwrap();
        let mut epoch = loader.epoch(3);
        assert_eq!((epoch.len(), epoch.rows().count()), (4, 4));
        assert_eq!(epoch.nth(2).unwrap().unwrap().inputs().as_slice(), Some(&[4.0, 5.0][..]));
        assert_eq!(epoch.rows().collect::<Vec<_>>(), [[6]]);
        assert!(epoch.nth(usize::MAX).is_none() && epoch.next().is_none());
    }

    #[test]
    fn buckets_hold_rows_of_like_length() {
        let lengths: Vec<usize> = (0..64).map(|row| 1 + row * 37 % 64).collect();
        let steps = lengths.iter().map(|&length| Array2::<f64>::zeros((length, 1))).collect();
        let data = Sequences::new(steps, vec![0; 64]).unwrap();
        let padding = |order| {
            let config = DataLoaderConfig { batch_size: 4, order, ..Default::default() };
            let loader = DataLoader::new(&data, config).unwrap();
            let mut seen: Vec<usize> = loader.epoch(1).rows().flatten().copied().collect();
            seen.sort_unstable();
            assert_eq!(seen, (0..64).collect::<Vec<_>>());
            let steps: usize = loader.epoch(1).map(|batch| batch.unwrap().inputs().len()).sum();
            steps - lengths.iter().sum::<usize>()
        };
        let bucketed = padding(Order::Bucketed { batches: 4 });
        assert_eq!(padding(Order::ByLength), 16 * (1 + 2 + 3));
        assert!(padding(Order::Shuffled) > 2 * bucketed && bucketed > 16 * 6, "{bucketed}");
    }
}
