//! Batches made by a thread of their own.

use super::{Batch, Dataset, Epoch};
use crate::{ErrorKind, Result};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::{self, JoinHandle};

/// The batches of an epoch, made ahead by a thread; see [`Epoch::prefetch`].
#[derive(Debug)]
pub struct Prefetch<B> {
    /// Taken when the iterator ends or is dropped, which ends the thread.
    batches: Option<Receiver<Result<B>>>,
    thread: Option<JoinHandle<()>>,
    left: usize,
}

impl<B: Batch + 'static> Prefetch<B> {
    pub(super) fn new<D: Dataset<Batch = B> + 'static>(epoch: Epoch<D>, ahead: usize) -> Result<Self> {
        let owner = "prefetch";
        if ahead == 0 {
            let (name, expected) = ("the number of batches ahead", "positive");
            return Err(ErrorKind::Setting { owner, name, expected, got: 0.0 }.into());
        }
        let left = epoch.len();
        // One batch waits in the thread's hand, the others in the channel.
        let (sender, batches) = sync_channel((ahead - 1).min(left));
        let work = move || {
            for batch in epoch {
                if sender.send(batch).is_err() {
                    break;
                }
            }
        };
        let thread = thread::Builder::new().name(String::from("prefetch")).spawn(work).map_err(|error| {
            let expected = String::from("a thread from the system");
            ErrorKind::Data { owner, expected, got: error.to_string() }
        })?;
        Ok(Self { batches: Some(batches), thread: Some(thread), left })
    }
}

impl<B> Iterator for Prefetch<B> {
    type Item = Result<B>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.batches.as_ref()?.recv() {
            Ok(batch) => {
                self.left -= 1;
                Some(batch)
            }
            Err(_) => {
                self.batches = None;
                self.left = 0;
                if let Some(Err(panic)) = self.thread.take().map(JoinHandle::join) {
                    std::panic::resume_unwind(panic);
                }
                None
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<B> ExactSizeIterator for Prefetch<B> {}
impl<B> std::iter::FusedIterator for Prefetch<B> {}

impl<B> Drop for Prefetch<B> {
    fn drop(&mut self) {
        self.batches = None;
        if let Some(thread) = self.thread.take() {
            // A panic belongs to a batch that nobody asked for.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{DataLoader, DataLoaderConfig, Pair};
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tensor::ndarray::Array1;

    /// Rows of which one gives an error and one a panic; counts the batches that were made.
    struct Faulty {
        rows: usize,
        error: usize,
        panic: usize,
        made: AtomicUsize,
    }

    impl Dataset for Faulty {
        type Batch = Pair<f64>;

        fn len(&self) -> usize {
            self.rows
        }

        fn batch(&self, rows: &[usize]) -> Result<Pair<f64>> {
            self.made.fetch_add(1, Ordering::SeqCst);
            assert!(!rows.contains(&self.panic), "row {} panics", self.panic);
            let targets = if rows.contains(&self.error) { 0 } else { rows.len() };
            Pair::new(Array1::from_iter(rows.iter().map(|&row| row as f64)), vec![0; targets])
        }
    }

    const NONE: usize = usize::MAX;

    fn loader(rows: usize, error: usize, panic: usize) -> DataLoader<Arc<Faulty>> {
        let data = Arc::new(Faulty { rows, error, panic, made: AtomicUsize::new(0) });
        DataLoader::new(data, DataLoaderConfig { batch_size: 3, ..Default::default() }).unwrap()
    }

    #[test]
    fn batches_and_errors_are_those_of_the_epoch() {
        let loader = loader(20, 11, NONE);
        let plain: Vec<_> = loader.epoch(2).collect();
        assert_eq!(plain.iter().filter(|batch| batch.is_err()).count(), 1);
        for ahead in [1, 2, 100, usize::MAX] {
            let prefetch = loader.epoch(2).prefetch(ahead).unwrap();
            assert_eq!(prefetch.len(), 7);
            assert_eq!(prefetch.collect::<Vec<_>>(), plain);
        }
    }

    #[test]
    fn dropping_ends_the_thread() {
        let loader = loader(3000, NONE, NONE);
        let mut prefetch = loader.epoch(0).prefetch(4).unwrap();
        assert!(prefetch.next().unwrap().is_ok());
        drop(prefetch);
        // One was taken, up to four waited, and one may have been begun as the iterator went.
        assert!(loader.dataset().made.load(Ordering::SeqCst) <= 6);
        assert_eq!(Arc::strong_count(loader.dataset()), 1);
    }

    #[test]
    fn panics_reach_the_caller() {
        let loader = loader(9, NONE, 4);
        let collect = || loader.epoch(0).prefetch(1).unwrap().count();
        let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(collect)).unwrap_err();
        assert_eq!(panic.downcast_ref::<String>().unwrap(), "row 4 panics");
        let unasked = loader.epoch(0).prefetch(100).unwrap();
        drop(unasked);
    }

    #[test]
    fn nothing_ahead_is_refused() {
        let error = loader(9, NONE, NONE).epoch(0).prefetch(0).unwrap_err();
        let message = "prefetch: expected the number of batches ahead to be positive, got 0";
        assert_eq!(error.to_string(), message);
    }
}
