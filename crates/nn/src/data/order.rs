//! In which order an epoch sees the rows.

use super::Dataset;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use std::ops::Range;

/// In which order an epoch sees the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Order {
    /// As they stand.
    Sequential,
    /// At random, each epoch anew.
    #[default]
    Shuffled,
    /// From short to long, rows of one length as they stand: the least padding, and always the same batches.
    ByLength,
    /// Rows of like length together, at random otherwise: the shuffled rows are cut into groups of this many
    /// batches, each group is sorted by length and cut into batches, and the batches are shuffled.
    Bucketed {
        /// Batches in a group; the more, the less padding and the less random.
        batches: usize,
    },
}

/// What to do with the last rows when they are too few for a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum LastBatch {
    /// A smaller batch.
    #[default]
    Keep,
    /// These rows are left out of the epoch; with a random order they are others each time.
    Drop,
}

/// The rows of an epoch and where its batches lie among them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) rows: Vec<usize>,
    pub(super) batches: Vec<Range<usize>>,
}

impl Plan {
    /// The plan of one epoch: a function of the settings, the lengths of the rows, the seed and the epoch.
    pub(super) fn new(
        data: &(impl Dataset + ?Sized),
        (order, last): (Order, LastBatch),
        size: usize,
        (seed, epoch): (u64, u64),
    ) -> Self {
        let rng = &mut ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(epoch);
        let mut rows: Vec<usize> = (0..data.len()).collect();
        match order {
            Order::Sequential => {}
            Order::Shuffled | Order::Bucketed { .. } => shuffle(&mut rows, rng),
            Order::ByLength => rows.sort_by_key(|&row| data.row_length(row)),
        }
        if last == LastBatch::Drop {
            rows.truncate(rows.len() / size * size);
        }
        let mut batches: Vec<_> = (0..rows.len())
            .step_by(size)
            .map(|start| start..rows.len().min(start.saturating_add(size)))
            .collect();
        if let Order::Bucketed { batches: group } = order {
            for rows in rows.chunks_mut(size.saturating_mul(group.max(1))) {
                rows.sort_by_key(|&row| data.row_length(row));
            }
            shuffle(&mut batches, rng);
        }
        Self { rows, batches }
    }
}

/// A random order, each as likely (Fisher and Yates); drawn as `u64`, so that machines of every word size agree.
pub(super) fn shuffle<A>(items: &mut [A], rng: &mut ChaCha8Rng) {
    for last in (1..items.len()).rev() {
        let other = rng.random_range(0..=last as u64);
        items.swap(last, other as usize);
    }
}

/// The random numbers of one batch: a function of the seed, the epoch and the batch.
pub(super) fn batch_rng(seed: u64, epoch: u64, batch: u64) -> ChaCha8Rng {
    let mut key = [0; 32];
    // The last word differs from that of the orders' keys, whatever the seed.
    for (bytes, word) in key.chunks_exact_mut(8).zip([seed, epoch, batch, u64::from_be_bytes(*b"a batch!")]) {
        bytes.copy_from_slice(&word.to_le_bytes());
    }
    ChaCha8Rng::from_seed(key)
}

#[cfg(test)]
mod tests {
    use super::super::Pair;
    use super::*;
    use tensor::ndarray::Array1;

    fn plan(order: Order, last: LastBatch, rows: usize, size: usize, seed: u64, epoch: u64) -> Plan {
        let data = Pair::new(Array1::<f32>::zeros(rows), vec![0; rows]).unwrap();
        Plan::new(&data, (order, last), size, (seed, epoch))
    }

    #[test]
    fn an_order_is_a_function_of_seed_and_epoch() {
        let of = |seed, epoch| plan(Order::Shuffled, LastBatch::Keep, 40, 7, seed, epoch);
        assert_eq!(of(1, 0), of(1, 0));
        assert_ne!(of(1, 0), of(1, 1));
        assert_ne!(of(1, 0), of(2, 0));
        assert_eq!(of(1, u64::MAX).batches.last(), Some(&(35..40)));
    }

    #[test]
    fn short_batches_are_kept_or_dropped() {
        let of = |last, rows, size| plan(Order::Sequential, last, rows, size, 0, 0).batches;
        assert_eq!(of(LastBatch::Keep, 5, 2), [0..2, 2..4, 4..5]);
        assert_eq!(of(LastBatch::Drop, 5, 2), [0..2, 2..4]);
        assert_eq!(of(LastBatch::Keep, 3, usize::MAX).first(), Some(&(0..3)));
        assert!(of(LastBatch::Drop, 3, 4).is_empty());
    }

    #[test]
    fn each_position_is_as_likely() {
        let mut counts = [[0; 4]; 4];
        for epoch in 0..4000 {
            let rows = plan(Order::Shuffled, LastBatch::Keep, 4, 4, 9, epoch).rows;
            rows.iter().enumerate().for_each(|(place, &row)| counts[place][row] += 1);
        }
        // 1000 expected, with a deviation of √750 ≈ 27.
        assert!(counts.as_flattened().iter().all(|count| (870..1130).contains(count)), "{counts:?}");
    }

    #[test]
    fn batches_draw_from_streams_of_their_own() {
        let draw = |seed, epoch, batch| batch_rng(seed, epoch, batch).random::<u64>();
        let draws = [draw(0, 0, 0), draw(1, 0, 0), draw(0, 1, 0), draw(0, 0, 1)];
        assert!((0..4).all(|i| (0..i).all(|j| draws[i] != draws[j])));
        assert_eq!(draw(5, 6, 7), draw(5, 6, 7));
    }
}
