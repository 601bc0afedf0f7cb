//! Images moved sideways, up or down.

use super::window::{images, whole, window};
use crate::data::Pair;
use crate::{ErrorKind, Result};
use rand::Rng;
use tensor::Element;
use tensor::ndarray::Array4;

/// Moves each image of a batch `[n, c, h, w]` by whole pixels, each way as likely.
///
/// | name | default | meaning | range |
/// |---|---|---|---|
/// | `pixels` | 1 | the most pixels to either side, up or down | less than height and width |
/// | `fill` | 0 | what comes in from outside | finite |
///
/// ```
/// use nn::data::{Pair, Shift};
/// use nn::tensor::ndarray::array;
/// use rand::{SeedableRng, rngs::ChaCha8Rng};
///
/// let batch = Pair::new(array![[[[0.0, 0.0, 0.0], [0.0, 7.0, 0.0], [0.0, 0.0, 0.0]]]], vec![0])?;
/// let shifted = Shift::default().apply(batch, &mut ChaCha8Rng::seed_from_u64(0))?;
/// assert_eq!(shifted.inputs().sum(), 7.0);
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shift {
    /// The most pixels to either side, up or down.
    pub pixels: usize,
    /// What comes in from outside.
    pub fill: f64,
}

impl Default for Shift {
    fn default() -> Self {
        Self { pixels: 1, fill: 0.0 }
    }
}

impl Shift {
    /// The batch with its images moved.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`] for a setting out of range, [`ErrorKind::Shape`] for a batch without images.
    pub fn apply<T: Element>(&self, batch: Pair<T>, rng: &mut impl Rng) -> Result<Pair<T>> {
        let owner = "shift";
        let from = images(owner, &batch)?;
        let setting = |name, expected, got| Err(ErrorKind::Setting { owner, name, expected, got }.into());
        if self.pixels >= from.shape()[2].min(from.shape()[3]) {
            let expected = "less than the height and the width of the images";
            return setting("the number of pixels", expected, self.pixels as f64);
        }
        if !self.fill.is_finite() {
            return setting("the fill", "finite", self.fill);
        }
        let most = self.pixels as isize;
        let mut to = Array4::from_elem(from.raw_dim(), T::zero());
        for (from, to) in from.outer_iter().zip(to.outer_iter_mut()) {
            let start = [whole(rng, -most, most), whole(rng, -most, most)];
            window(from, to, start, T::from_f64(self.fill));
        }
        batch.with_inputs(to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand::rngs::ChaCha8Rng;
    use std::collections::BTreeSet;

    #[test]
    fn every_way_is_gone_and_the_border_filled() {
        let images = Array4::from_shape_fn((200, 2, 3, 3), |(_, c, y, x)| (10 * c + 3 * y + x) as f64);
        let batch = Pair::new(images, vec![0; 200]).unwrap();
        let shift = Shift { pixels: 1, fill: -5.0 };
        let moved = shift.apply(batch, &mut ChaCha8Rng::seed_from_u64(1)).unwrap();
        // The centre holds what was one pixel away at most, in each channel the same.
        let mut seen = BTreeSet::new();
        for image in moved.inputs().outer_iter() {
            assert_eq!(image[[0, 1, 1]] + 10.0, image[[1, 1, 1]]);
            let at = image[[0, 1, 1]] as usize;
            seen.insert(at);
            let filled = image.iter().filter(|&&x| x == -5.0).count();
            let (dy, dx) = ((at / 3) as isize - 1, (at % 3) as isize - 1);
            assert_eq!(filled, 2 * (9 - (3 - dy.unsigned_abs()) * (3 - dx.unsigned_abs())));
        }
        assert_eq!(seen.len(), 9);
    }

    #[test]
    fn settings_are_checked() {
        let rng = &mut ChaCha8Rng::seed_from_u64(0);
        let batch = || Pair::new(Array4::<f32>::zeros((1, 1, 4, 2)), vec![0]).unwrap();
        let error = Shift { pixels: 2, fill: 0.0 }.apply(batch(), rng).unwrap_err();
        assert!(error.to_string().ends_with("less than the height and the width of the images, got 2"));
        assert!(Shift { pixels: 1, fill: f64::NAN }.apply(batch(), rng).is_err());
    }
}
