//! Datasets whose batches are changed on the way.

use super::{Batch, Dataset};
use crate::Result;
use rand::rngs::ChaCha8Rng;
use std::fmt;

/// A dataset whose batches go through a function, in training and in use; made by [`Dataset::map`].
#[derive(Clone)]
pub struct Map<D, F> {
    inner: D,
    change: F,
}

/// A dataset whose batches go through a random function in training alone; made by [`Dataset::augment`].
#[derive(Clone)]
pub struct Augment<D, F> {
    inner: D,
    change: F,
}

impl<D, F> Map<D, F> {
    pub(super) fn new(inner: D, change: F) -> Self {
        Self { inner, change }
    }
}

impl<D, F> Augment<D, F> {
    pub(super) fn new(inner: D, change: F) -> Self {
        Self { inner, change }
    }
}

impl<D, F, B> Dataset for Map<D, F>
where
    D: Dataset,
    B: Batch,
    F: Fn(D::Batch) -> Result<B> + Send + Sync,
{
    type Batch = B;

    fn len(&self) -> usize {
        self.inner.len()
    }

    fn batch(&self, rows: &[usize]) -> Result<B> {
        (self.change)(self.inner.batch(rows)?)
    }

    fn training_batch(&self, rows: &[usize], rng: &mut ChaCha8Rng) -> Result<B> {
        (self.change)(self.inner.training_batch(rows, rng)?)
    }

    fn row_length(&self, row: usize) -> usize {
        self.inner.row_length(row)
    }
}

impl<D, F> Dataset for Augment<D, F>
where
    D: Dataset,
    F: Fn(D::Batch, &mut ChaCha8Rng) -> Result<D::Batch> + Send + Sync,
{
    type Batch = D::Batch;

    fn len(&self) -> usize {
        self.inner.len()
    }

    fn batch(&self, rows: &[usize]) -> Result<D::Batch> {
        self.inner.batch(rows)
    }

    fn training_batch(&self, rows: &[usize], rng: &mut ChaCha8Rng) -> Result<D::Batch> {
        let batch = self.inner.training_batch(rows, rng)?;
        (self.change)(batch, rng)
    }

    fn row_length(&self, row: usize) -> usize {
        self.inner.row_length(row)
    }
}

// Functions have nothing to show.
impl<D: fmt::Debug, F> fmt::Debug for Map<D, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Map").field("inner", &self.inner).finish_non_exhaustive()
    }
}

impl<D: fmt::Debug, F> fmt::Debug for Augment<D, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Augment").field("inner", &self.inner).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{DataLoader, DataLoaderConfig, Pair};
    use super::*;
    use rand::RngExt;
    use tensor::ndarray::{Array1, array};

    #[test]
    fn training_is_augmented_as_seed_epoch_and_batch_say() {
        let data = Pair::new(Array1::<f64>::zeros(6), vec![0; 6]).unwrap();
        let noisy = data.augment(|batch, rng| {
            let noise = Array1::from_shape_simple_fn(batch.len(), || rng.random::<f64>());
            batch.with_inputs(noise)
        });
        let config = DataLoaderConfig { batch_size: 3, ..Default::default() };
        let loader = DataLoader::new(noisy, config).unwrap();
        let draws =
            |epoch| -> Vec<_> { loader.epoch(epoch).map(|batch| batch.unwrap().into_parts().0).collect() };
        assert_eq!(draws(0), draws(0));
        assert_ne!(draws(0), draws(1));
        assert_ne!(draws(0)[0], draws(0)[1]);
        // A batch draws the same whether the ones before it were made or not.
        assert_eq!(loader.epoch(0).nth(1).unwrap().unwrap().inputs(), &draws(0)[1]);
        let all_zero = |batch: Result<Pair<f64>>| batch.unwrap().inputs().iter().all(|&x| x == 0.0);
        assert!(loader.in_order().all(all_zero));
        let other = DataLoaderConfig { seed: 1, ..config };
        let other = DataLoader::new(loader.dataset(), other).unwrap().epoch(0).next().unwrap().unwrap();
        assert_ne!(other.inputs(), &draws(0)[0]);
    }

    #[test]
    fn maps_come_in_order_in_training_and_in_use() {
        let data = Pair::new(array![1.0f32, 2.0], vec![0, 1]).unwrap();
        let mapped = data
            .augment(|batch, _| {
                let inputs = batch.inputs() + 10.0;
                batch.with_inputs(inputs)
            })
            .map(|batch| {
                let inputs = batch.inputs() * 2.0;
                batch.with_inputs(inputs)
            });
        let loader = DataLoader::new(mapped, DataLoaderConfig::default()).unwrap();
        let sum = |batch: Option<Result<Pair<f32>>>| batch.unwrap().unwrap().inputs().sum();
        assert_eq!(sum(loader.epoch(0).next()), 2.0 * (11.0 + 12.0));
        assert_eq!(sum(loader.in_order().next()), 2.0 * (1.0 + 2.0));
        assert!(format!("{:?}", loader.dataset()).starts_with("Map { inner: Augment { inner: Pair {"));
    }
}
