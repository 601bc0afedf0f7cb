//! Images from rows of pixels.

use crate::{ErrorKind, Result};
use tensor::Element;
use tensor::ndarray::{Array4, ArrayRef2, Axis};

/// Where the channels of a pixel stand in a row of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ChannelOrder {
    /// One channel after the other: `[channels, height, width]`.
    #[default]
    First,
    /// The channels of a pixel side by side, as image files have them: `[height, width, channels]`.
    Last,
}

/// How a row of numbers is an image, and what number is full brightness.
///
/// | name | default | meaning | range |
/// |---|---|---|---|
/// | `channels` | 1 by [`grey`](Self::grey), 3 by [`rgb`](Self::rgb) | numbers of a pixel | 1 or more |
/// | `height`, `width` | | pixels | 1 or more |
/// | `order` | `First` by `grey`, `Last` by `rgb` | where the channels stand | |
/// | `brightest` | 255 | the number that becomes 1 | positive, finite |
///
/// ```
/// use nn::data::Pixels;
/// use nn::tensor::ndarray::array;
///
/// // Two pixels side by side, red and half blue.
/// let images = Pixels::rgb(1, 2).images(&array![[255.0, 0.0, 0.0, 0.0, 0.0, 127.5]])?;
/// assert_eq!(images, array![[[[1.0, 0.0]], [[0.0, 0.0]], [[0.0, 0.5]]]]);
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pixels {
    /// Numbers of a pixel.
    pub channels: usize,
    /// Rows of pixels.
    pub height: usize,
    /// Pixels in a row.
    pub width: usize,
    /// Where the channels stand.
    pub order: ChannelOrder,
    /// The number that becomes 1.
    pub brightest: f64,
}

impl Pixels {
    /// Images of one channel with numbers of 0 to 255.
    pub fn grey(height: usize, width: usize) -> Self {
        Self { channels: 1, height, width, order: ChannelOrder::First, brightest: 255.0 }
    }

    /// Images of red, green and blue side by side, with numbers of 0 to 255.
    pub fn rgb(height: usize, width: usize) -> Self {
        Self { channels: 3, order: ChannelOrder::Last, ..Self::grey(height, width) }
    }

    /// The images `[rows, channels, height, width]` of rows `[rows, channels * height * width]`, divided by
    /// the brightest number.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`] for a size or a brightest number out of range, [`ErrorKind::Shape`] for rows of
    /// another length.
    pub fn images<T: Element>(&self, rows: &ArrayRef2<T>) -> Result<Array4<T>> {
        let Self { channels, height, width, order, brightest } = *self;
        let owner = "pixels";
        for (name, size) in [("channels", channels), ("the height", height), ("the width", width)] {
            if size == 0 {
                return Err(ErrorKind::Setting { owner, name, expected: "positive", got: 0.0 }.into());
            }
        }
        if !(brightest.is_finite() && brightest > 0.0) {
            let (name, expected) = ("the brightest number", "positive and finite");
            return Err(ErrorKind::Setting { owner, name, expected, got: brightest }.into());
        }
        let size = channels.checked_mul(height).and_then(|size| size.checked_mul(width));
        if size != Some(rows.ncols()) {
            let expected = format!("rows of {channels} x {height} x {width} numbers");
            return Err(ErrorKind::Shape { owner, expected, got: rows.shape().to_vec() }.into());
        }
        let scale = T::from_f64(brightest);
        let scaled = rows.iter().map(|&x| x / scale).collect();
        Ok(arrange(order, [rows.nrows(), channels, height, width], scaled))
    }

    /// Which rows hold a number outside of 0 to the brightest, such as a missing one.
    pub fn faulty_rows<T: Element>(&self, rows: &ArrayRef2<T>) -> Vec<usize> {
        let good = |x: &T| (0.0..=self.brightest).contains(&x.to_f64());
        let faulty = |(row, pixels): (usize, tensor::ndarray::ArrayView1<'_, T>)| {
            (!pixels.iter().all(good)).then_some(row)
        };
        rows.axis_iter(Axis(0)).enumerate().filter_map(faulty).collect()
    }
}

/// Images of as many numbers as there are.
fn arrange<T: Element>(order: ChannelOrder, shape: [usize; 4], numbers: Vec<T>) -> Array4<T> {
    let fits = "the rows hold as many numbers as the images";
    let [count, channels, height, width] = shape;
    match order {
        ChannelOrder::First => Array4::from_shape_vec(shape, numbers).expect(fits),
        ChannelOrder::Last => {
            let images = Array4::from_shape_vec((count, height, width, channels), numbers).expect(fits);
            images.permuted_axes([0, 3, 1, 2]).as_standard_layout().into_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tensor::ndarray::{Array2, array};

    #[test]
    fn both_orders_give_the_same_image() {
        let (c, h, w) = (3, 4, 5);
        let value = |c: usize, y: usize, x: usize| (100 * c + 10 * y + x) as f32;
        let first = Array2::from_shape_fn((1, c * h * w), |(_, i)| value(i / (h * w), i / w % h, i % w));
        let last = Array2::from_shape_fn((1, c * h * w), |(_, i)| value(i % c, i / (c * w), i / c % w));
        let images = Pixels::rgb(h, w).images(&last).unwrap();
        assert_eq!(
            images,
            Pixels { order: ChannelOrder::First, ..Pixels::rgb(h, w) }.images(&first).unwrap()
        );
        assert_eq!(images[[0, 2, 3, 4]], 234.0 / 255.0);
        assert!(images.is_standard_layout());
    }

    #[test]
    fn sizes_and_numbers_are_checked() {
        let message = |pixels: Pixels| pixels.images(&array![[1.0, 2.0]]).unwrap_err().to_string();
        assert_eq!(
            message(Pixels::grey(2, 2)),
            "pixels: expected rows of 1 x 2 x 2 numbers, got shape [1, 2]"
        );
        assert_eq!(message(Pixels::grey(2, 0)), "pixels: expected the width to be positive, got 0");
        assert!(message(Pixels::grey(usize::MAX, 2)).contains("rows of"));
        let dark = Pixels { brightest: f64::NAN, ..Pixels::grey(1, 2) };
        assert_eq!(message(dark), "pixels: expected the brightest number to be positive and finite, got NaN");
        let rows = array![[0.0, 255.0], [-1.0, 3.0], [1.0, f64::NAN]];
        assert_eq!(Pixels::grey(1, 2).faulty_rows(&rows), [1, 2]);
    }
}
