//! Images of different sizes.

use crate::data::rows::{check_count, check_range, check_rows};
use crate::data::{Batch, Dataset, Targets};
use crate::{ErrorKind, Result};
use std::ops::Range;
use tensor::Element;
use tensor::ndarray::{Array3, Array4, Axis, Slice};

/// Images `[channels, height, width]` of any size, and a target for each; its batches are padded.
///
/// ```
/// use nn::data::{Dataset, Images};
/// use nn::tensor::ndarray::array;
///
/// let data = Images::new(vec![array![[[1.0, 2.0]]], array![[[3.0], [4.0]]]], vec![0, 1])?;
/// let batch = data.batch(&[0, 1])?;
/// assert_eq!(batch.inputs(), &array![[[[1.0, 2.0], [0.0, 0.0]]], [[[3.0, 0.0], [4.0, 0.0]]]]);
/// assert_eq!(batch.mask(), array![[[[1.0, 1.0], [0.0, 0.0]]], [[[1.0, 0.0], [1.0, 0.0]]]]);
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Images<T> {
    images: Vec<Array3<T>>,
    channels: usize,
    targets: Targets<T>,
}

impl<T: Element> Images<T> {
    /// Images with as many channels each, and their targets.
    ///
    /// # Errors
    /// [`ErrorKind::Data`] for another number of targets than images; [`ErrorKind::Shape`] for an image
    /// without pixels or with other channels than the first.
    pub fn new(images: Vec<Array3<T>>, targets: impl Into<Targets<T>>) -> Result<Self> {
        let owner = "images";
        let targets = targets.into().by_rows(owner)?;
        check_count(owner, "targets", images.len(), targets.len())?;
        let channels = images.first().map_or(0, |image| image.shape()[0]);
        for (row, image) in images.iter().enumerate() {
            if image.is_empty() || image.shape()[0] != channels {
                let expected = format!("{channels} channels and some pixels in row {row}");
                return Err(ErrorKind::Shape { owner, expected, got: image.shape().to_vec() }.into());
            }
        }
        Ok(Self { images, channels, targets })
    }

    /// The images.
    pub fn images(&self) -> &[Array3<T>] {
        &self.images
    }

    /// The targets.
    pub fn targets(&self) -> &Targets<T> {
        &self.targets
    }
}

impl<T: Element> Dataset for Images<T> {
    type Batch = PaddedImages<T>;

    fn len(&self) -> usize {
        self.images.len()
    }

    fn batch(&self, rows: &[usize]) -> Result<PaddedImages<T>> {
        check_rows("images", rows, self.images.len())?;
        let size = |row: &usize| [self.images[*row].shape()[1], self.images[*row].shape()[2]];
        let sizes: Vec<[usize; 2]> = rows.iter().map(size).collect();
        let [height, width] = sizes.iter().fold([0, 0], |[h, w], size| [h.max(size[0]), w.max(size[1])]);
        let mut inputs = Array4::from_elem((rows.len(), self.channels, height, width), T::zero());
        for ((mut out, &row), &[height, width]) in inputs.outer_iter_mut().zip(rows).zip(&sizes) {
            let size = [self.channels, height, width];
            out.slice_each_axis_mut(|axis| Slice::from(..size[axis.axis.index()])).assign(&self.images[row]);
        }
        Ok(PaddedImages { inputs, sizes, targets: self.targets.gather(rows) })
    }

    /// The number of pixels.
    fn row_length(&self, row: usize) -> usize {
        self.images[row].len() / self.channels
    }
}

/// Images of one batch in the upper left corners of a common size, and 0 around them.
#[derive(Debug, Clone, PartialEq)]
pub struct PaddedImages<T> {
    inputs: Array4<T>,
    sizes: Vec<[usize; 2]>,
    targets: Targets<T>,
}

impl<T: Element> PaddedImages<T> {
    /// The images, `[batch, channels, height, width]`.
    pub fn inputs(&self) -> &Array4<T> {
        &self.inputs
    }

    /// Height and width of each image.
    pub fn sizes(&self) -> &[[usize; 2]] {
        &self.sizes
    }

    /// The targets.
    pub fn targets(&self) -> &Targets<T> {
        &self.targets
    }

    /// 1 at the pixels of an image and 0 at padding, `[batch, 1, height, width]`.
    pub fn mask(&self) -> Array4<T> {
        let (height, width) = (self.inputs.shape()[2], self.inputs.shape()[3]);
        Array4::from_shape_fn((self.sizes.len(), 1, height, width), |(row, _, y, x)| {
            let [height, width] = self.sizes[row];
            if y < height && x < width { T::one() } else { T::zero() }
        })
    }
}

impl<T: Element> Batch for PaddedImages<T> {
    fn len(&self) -> usize {
        self.sizes.len()
    }

    fn part(&self, rows: Range<usize>) -> Result<Self> {
        check_range("images", &rows, self.sizes.len())?;
        Ok(Self {
            inputs: self.inputs.slice_axis(Axis(0), Slice::from(rows.clone())).to_owned(),
            sizes: self.sizes[rows.clone()].to_vec(),
            targets: self.targets.part(rows)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_keep_the_common_size() {
        let images = vec![Array3::<f32>::ones((2, 1, 3)), Array3::ones((2, 4, 1))];
        let data = Images::new(images, vec![0, 1]).unwrap();
        let batch = data.batch(&[1, 0]).unwrap();
        let part = batch.part(1..2).unwrap();
        assert_eq!((part.inputs().shape(), part.sizes()), (&[1, 2, 4, 3][..], &[[1, 3]][..]));
        assert_eq!((part.mask().sum(), part.inputs().sum()), (3.0, 6.0));
        assert_eq!((data.row_length(0), data.row_length(1)), (3, 4));
    }

    #[test]
    fn images_that_do_not_fit_are_named() {
        let images = vec![Array3::<f64>::ones((2, 1, 3)), Array3::ones((1, 1, 3))];
        let message = Images::new(images, vec![0, 1]).unwrap_err().to_string();
        assert_eq!(message, "images: expected 2 channels and some pixels in row 1, got shape [1, 1, 3]");
        assert!(Images::new(vec![Array3::<f64>::ones((1, 0, 3))], vec![0]).is_err());
    }
}
