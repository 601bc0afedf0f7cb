//! Mirrored images.

use super::window::images;
use crate::data::Pair;
use crate::{ErrorKind, Result};
use rand::{Rng, RngExt};
use tensor::Element;
use tensor::ndarray::Axis;

/// Which way an image is mirrored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum FlipAxis {
    /// Left and right change places.
    #[default]
    Horizontal,
    /// Up and down change places.
    Vertical,
}

/// Mirrors each image of a batch `[n, c, h, w]` with a probability.
///
/// | name | default | meaning | range |
/// |---|---|---|---|
/// | `axis` | `Horizontal` | which way | |
/// | `probability` | 0.5 | of each image | 0 to 1 |
///
/// ```
/// use nn::data::{Flip, Pair};
/// use nn::tensor::ndarray::array;
/// use rand::{SeedableRng, rngs::ChaCha8Rng};
///
/// let batch = Pair::new(array![[[[1.0, 2.0]]]], vec![0])?;
/// let always = Flip { probability: 1.0, ..Default::default() };
/// let flipped = always.apply(batch, &mut ChaCha8Rng::seed_from_u64(0))?;
/// assert_eq!(flipped.inputs(), &array![[[[2.0, 1.0]]]].into_dyn());
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Flip {
    /// Which way.
    pub axis: FlipAxis,
    /// How likely each image is mirrored.
    pub probability: f64,
}

impl Default for Flip {
    fn default() -> Self {
        Self { axis: FlipAxis::Horizontal, probability: 0.5 }
    }
}

impl Flip {
    /// The batch with some images mirrored.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`] for a probability out of range, [`ErrorKind::Shape`] for a batch without images.
    pub fn apply<T: Element>(&self, batch: Pair<T>, rng: &mut impl Rng) -> Result<Pair<T>> {
        let owner = "flip";
        if !(0.0..=1.0).contains(&self.probability) {
            let (name, expected, got) = ("the probability", "0 to 1", self.probability);
            return Err(ErrorKind::Setting { owner, name, expected, got }.into());
        }
        let axis = match self.axis {
            FlipAxis::Horizontal => Axis(2),
            FlipAxis::Vertical => Axis(1),
        };
        let from = images(owner, &batch)?;
        let mut to = from.to_owned();
        for (mut to, from) in to.outer_iter_mut().zip(from.outer_iter()) {
            if rng.random::<f64>() < self.probability {
                let mut mirrored = from;
                mirrored.invert_axis(axis);
                to.assign(&mirrored);
            }
        }
        batch.with_inputs(to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand::rngs::ChaCha8Rng;
    use tensor::ndarray::{Array4, array};

    #[test]
    fn each_image_is_mirrored_by_itself() {
        let images = Array4::from_shape_fn((64, 1, 2, 1), |(_, _, y, _)| y as f32);
        let flip = Flip { axis: FlipAxis::Vertical, probability: 0.25 };
        let batch = Pair::new(images, vec![0; 64]).unwrap();
        let batch = flip.apply(batch, &mut ChaCha8Rng::seed_from_u64(3)).unwrap();
        let mirrored = batch.inputs().outer_iter().filter(|image| image[[0, 0, 0]] == 1.0).count();
        assert!((8..24).contains(&mirrored), "{mirrored}");
    }

    #[test]
    fn settings_and_shapes_are_checked() {
        let rng = &mut ChaCha8Rng::seed_from_u64(0);
        let batch = || Pair::new(array![[1.0]], vec![0]).unwrap();
        let error = Flip { probability: 1.5, ..Flip::default() }.apply(batch(), rng).unwrap_err();
        assert_eq!(error.to_string(), "flip: expected the probability to be 0 to 1, got 1.5");
        let error = Flip::default().apply(batch(), rng).unwrap_err();
        let message = "flip: expected images [rows, channels, height, width], got shape [1, 1]";
        assert_eq!(error.to_string(), message);
    }
}
