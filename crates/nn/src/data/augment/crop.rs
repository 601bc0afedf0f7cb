//! Parts of images.

use super::window::{images, whole, window};
use crate::data::Pair;
use crate::{ErrorKind, Result};
use rand::Rng;
use tensor::Element;
use tensor::ndarray::Array4;

/// A part of each image of a batch `[n, c, h, w]`, at a random place; with padding the size may stay.
///
/// | setting | meaning | range |
/// |---|---|---|
/// | `height`, `width` | the size of the part | 1 to that of the padded image |
/// | `padding` | pixels of 0 put around the image before | at most height and width of the image |
///
/// ```
/// use nn::data::{Crop, Pair};
/// use nn::tensor::ndarray::array;
///
/// let batch = Pair::new(array![[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]]]], vec![0])?;
/// let middle = Crop { height: 1, width: 1, padding: 0 }.center(batch)?;
/// assert_eq!(middle.inputs(), &array![[[[5.0]]]].into_dyn());
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Crop {
    /// Rows of the part.
    pub height: usize,
    /// Columns of the part.
    pub width: usize,
    /// Pixels of 0 put around the image before.
    pub padding: usize,
}

impl Crop {
    /// The batch with a random part of each image, every place as likely.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`] for a setting out of range, [`ErrorKind::Shape`] for a batch without images.
    pub fn apply<T: Element>(&self, batch: Pair<T>, rng: &mut impl Rng) -> Result<Pair<T>> {
        self.cut(batch, |room| whole(rng, 0, room))
    }

    /// The batch with the middle of each image, for a model in use that was trained on parts.
    ///
    /// # Errors
    /// As [`apply`](Self::apply).
    pub fn center<T: Element>(&self, batch: Pair<T>) -> Result<Pair<T>> {
        self.cut(batch, |room| room / 2)
    }

    /// Cuts a part of each image; `place` chooses from 0 to the room there is, first down, then right.
    fn cut<T: Element>(&self, batch: Pair<T>, mut place: impl FnMut(isize) -> isize) -> Result<Pair<T>> {
        let from = images("crop", &batch)?;
        let &[count, channels, height, width] = from.shape() else {
            unreachable!("images have four axes");
        };
        self.check(height, width)?;
        let padding = self.padding as isize;
        let room = |size: usize, part: usize| size as isize + 2 * padding - part as isize;
        let mut to = Array4::from_elem((count, channels, self.height, self.width), T::zero());
        for (from, to) in from.outer_iter().zip(to.outer_iter_mut()) {
            let top = place(room(height, self.height)) - padding;
            let left = place(room(width, self.width)) - padding;
            window(from, to, [top, left], T::zero());
        }
        batch.with_inputs(to)
    }

    fn check(&self, height: usize, width: usize) -> Result<()> {
        let owner = "crop";
        let setting = |name, expected, got: usize| {
            Err(ErrorKind::Setting { owner, name, expected, got: got as f64 }.into())
        };
        if self.padding > height.min(width) {
            return setting("the padding", "at most the height and the width of the images", self.padding);
        }
        let fits = |part: usize, size: usize| part > 0 && part <= size + 2 * self.padding;
        let expected = "1 to that of the padded images";
        if !fits(self.height, height) {
            return setting("the height", expected, self.height);
        }
        if !fits(self.width, width) {
            return setting("the width", expected, self.width);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand::rngs::ChaCha8Rng;
    use std::collections::BTreeSet;

    fn batch(count: usize) -> Pair<f32> {
        let images = Array4::from_shape_fn((count, 1, 3, 3), |(_, _, y, x)| (1 + 3 * y + x) as f32);
        Pair::new(images, vec![0; count]).unwrap()
    }

    #[test]
    fn every_place_comes_up() {
        let crop = Crop { height: 2, width: 2, padding: 0 };
        let cut = crop.apply(batch(100), &mut ChaCha8Rng::seed_from_u64(1)).unwrap();
        let corners: BTreeSet<_> = cut.inputs().outer_iter().map(|image| image[[0, 0, 0]] as usize).collect();
        assert_eq!(corners.into_iter().collect::<Vec<_>>(), [1, 2, 4, 5]);
    }

    #[test]
    fn padding_keeps_the_size() {
        let crop = Crop { height: 3, width: 3, padding: 2 };
        let cut = crop.apply(batch(300), &mut ChaCha8Rng::seed_from_u64(1)).unwrap();
        assert_eq!(cut.inputs().shape(), [300, 1, 3, 3]);
        let centres: BTreeSet<_> = cut.inputs().outer_iter().map(|image| image[[0, 1, 1]] as usize).collect();
        assert_eq!(centres.into_iter().collect::<Vec<_>>(), (0..=9).collect::<Vec<_>>());
        assert_eq!(crop.center(batch(2)).unwrap(), batch(2));
    }

    #[test]
    fn sizes_are_checked() {
        let message =
            |height, padding| Crop { height, width: 1, padding }.center(batch(1)).unwrap_err().to_string();
        assert_eq!(message(4, 0), "crop: expected the height to be 1 to that of the padded images, got 4");
        assert_eq!(message(0, 0), "crop: expected the height to be 1 to that of the padded images, got 0");
        assert!(message(3, 4).contains("the padding"));
    }
}
