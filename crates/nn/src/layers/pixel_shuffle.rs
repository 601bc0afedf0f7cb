//! Channels as finer positions, and the reverse.

use super::settings::expect_positive;
use crate::{ErrorKind, Module, Pass, Result, fields};
use tensor::{Element, Var};

/// Channels as finer positions: x `[batch, channels · factor², height, width]`, result
/// `[batch, channels, height · factor, width · factor]`. Behind a convolution it enlarges images with learnt
/// weights. Shi et al. 2016, "Real-time single image and video super-resolution using an efficient sub-pixel
/// convolutional neural network".
///
/// `y[n, c, h factor + i, w factor + j] = x[n, c factor² + i factor + j, h, w]`.
///
/// ```
/// use nn::{Module, Pass, PixelShuffle};
/// use tensor::{Tape, ndarray::array};
///
/// let tape = Tape::<f64>::new();
/// let x = tape.constant(&array![[[[1.0]], [[2.0]], [[3.0]], [[4.0]]]])?;
/// let y = PixelShuffle::new(2)?.forward(x, &mut Pass::eval())?;
/// assert_eq!(y.value()?, array![[[[1.0, 2.0], [3.0, 4.0]]]].into_dyn());
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PixelShuffle {
    factor: usize,
}

/// Finer positions as channels, the reverse of [`PixelShuffle`]: x
/// `[batch, channels, height · factor, width · factor]`, result `[batch, channels · factor², height, width]`.
///
/// ```
/// use nn::{Module, Pass, PixelUnshuffle};
/// use tensor::{Tape, ndarray::array};
///
/// let tape = Tape::<f64>::new();
/// let x = tape.constant(&array![[[[1.0, 2.0], [3.0, 4.0]]]])?;
/// let y = PixelUnshuffle::new(2)?.forward(x, &mut Pass::eval())?;
/// assert_eq!(y.value()?, array![[[[1.0]], [[2.0]], [[3.0]], [[4.0]]]].into_dyn());
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PixelUnshuffle {
    factor: usize,
}

fields!(PixelShuffle);
fields!(PixelUnshuffle);

impl PixelShuffle {
    /// A layer that makes images this many times as high and wide.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`] for a factor of 0.
    pub fn new(factor: usize) -> Result<Self> {
        expect_positive("pixel_shuffle", &[("the factor", factor)])?;
        Ok(Self { factor })
    }
}

impl PixelUnshuffle {
    /// A layer that divides the height and width of images by this number.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`] for a factor of 0.
    pub fn new(factor: usize) -> Result<Self> {
        expect_positive("pixel_unshuffle", &[("the factor", factor)])?;
        Ok(Self { factor })
    }
}

impl<T: Element> Module<T> for PixelShuffle {
    fn forward<'t>(&self, x: Var<'t, T>, _: &mut Pass<'_, T>) -> Result<Var<'t, T>> {
        let (shape, f) = (x.shape()?, self.factor);
        let square = f.checked_mul(f);
        let (&[batch, channels, height, width], Some(square)) = (&shape[..], square) else {
            return Err(self.refuse(&shape));
        };
        if !channels.is_multiple_of(square) {
            return Err(self.refuse(&shape));
        }
        let channels = channels / square;
        let apart = x.reshape(&[batch, channels, f, f, height, width])?.permute(&[0, 1, 4, 2, 5, 3])?;
        Ok(apart.reshape(&[batch, channels, height * f, width * f])?)
    }
}

impl PixelShuffle {
    fn refuse(&self, got: &[usize]) -> crate::Error {
        let expected = format!(
            "an input [batch, channels, height, width] with a multiple of {0} · {0} channels",
            self.factor
        );
        ErrorKind::Shape { owner: "pixel_shuffle", expected, got: got.to_vec() }.into()
    }
}

impl<T: Element> Module<T> for PixelUnshuffle {
    fn forward<'t>(&self, x: Var<'t, T>, _: &mut Pass<'_, T>) -> Result<Var<'t, T>> {
        let (shape, f) = (x.shape()?, self.factor);
        match &shape[..] {
            &[batch, channels, height, width] if height.is_multiple_of(f) && width.is_multiple_of(f) => {
                let (height, width) = (height / f, width / f);
                let apart =
                    x.reshape(&[batch, channels, height, f, width, f])?.permute(&[0, 1, 3, 5, 2, 4])?;
                Ok(apart.reshape(&[batch, channels * f * f, height, width])?)
            }
            got => {
                let expected = format!("an input [batch, channels, height, width], both multiples of {f}");
                Err(ErrorKind::Shape { owner: "pixel_unshuffle", expected, got: got.to_vec() }.into())
            }
        }
    }
}
