//! The share of samples whose class is among the best few.

use super::input::{at_least, no_samples, same, scores};
use crate::{ErrorKind, Metric, Result};
use tensor::Element;
use tensor::ndarray::{ArrayRef, Dimension};

const NAME: &str = "top_k";

/// The share of samples whose class has one of the k largest scores; of equal scores the first class wins, so
/// that k = 1 is [`Accuracy`](crate::Accuracy). (In scikit-learn it is the last.)
///
/// ```
/// use nn::{Metric, TopK};
/// use tensor::ndarray::array;
///
/// let mut top = TopK::new(2, 3)?;
/// top.update(&array![[0.1, 0.3, 0.6], [0.1, 0.3, 0.6], [0.2, 0.2, 0.6]], &[0, 1, 0])?;
/// assert_eq!(top.value()?, 2.0 / 3.0);
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct TopK {
    settings: Settings,
    hits: u64,
    count: u64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Settings {
    k: usize,
    classes: usize,
}

impl TopK {
    /// For scores `[.., classes]`.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`] for fewer than 2 classes, a k of 0, and one above the number of classes.
    pub fn new(k: usize, classes: usize) -> Result<Self> {
        at_least(NAME, "the number of classes", 2, classes)?;
        if !(1..=classes).contains(&k) {
            let expected = "from 1 to the number of classes";
            return Err(ErrorKind::Setting { owner: NAME, name: "k", expected, got: k as f64 }.into());
        }
        Ok(Self { settings: Settings { k, classes }, hits: 0, count: 0 })
    }
}

/// Whether fewer than k classes come before one.
fn is_hit(row: &[f64], label: usize, k: usize) -> bool {
    let own = row[label];
    let before = |&(class, &score): &(usize, &f64)| score > own || (score == own && class < label);
    row.iter().enumerate().filter(before).count() < k
}

impl Metric for TopK {
    type Target<T: Element, D: Dimension> = [usize];

    fn update<T: Element, D: Dimension>(
        &mut self,
        prediction: &ArrayRef<T, D>,
        labels: &[usize],
    ) -> Result<()> {
        let Settings { k, classes } = self.settings;
        let scores = scores(NAME, prediction, labels, (classes, classes))?;
        let rows = scores.chunks_exact(classes).zip(labels);
        self.hits += rows.filter(|&(row, &label)| is_hit(row, label, k)).count() as u64;
        self.count += labels.len() as u64;
        Ok(())
    }

    fn value(&self) -> Result<f64> {
        if self.count == 0 {
            return Err(no_samples(NAME));
        }
        Ok(self.hits as f64 / self.count as f64)
    }

    fn reset(&mut self) {
        (self.hits, self.count) = (0, 0);
    }

    fn merge(&mut self, other: &Self) -> Result<()> {
        same(NAME, &self.settings, &other.settings)?;
        self.hits += other.hits;
        self.count += other.count;
        Ok(())
    }
}
