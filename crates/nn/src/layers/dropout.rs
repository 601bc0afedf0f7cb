//! Dropout: elements or channels that are left out at random.

use crate::{ErrorKind, Module, Pass, Result, fields};
use rand::Rng;
use tensor::ndarray::{ArrayD, IxDyn};
use tensor::{Element, Shape, Var};

/// Random numbers are drawn so many bytes at a time.
const BLOCK: usize = 4096;

/// The chance of being left out.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Chance(f64);

impl Chance {
    fn new(owner: &'static str, p: f64) -> Result<Self> {
        if (0.0..=1.0).contains(&p) {
            return Ok(Self(p));
        }
        let (name, expected) = ("the probability", "between 0 and 1");
        Err(ErrorKind::Setting { owner, name, expected, got: p }.into())
    }

    /// Leaves out elements in training; `mask` is the shape of what is left out together, to be broadcast.
    fn drop_from<'t, T: Element>(
        self,
        x: Var<'t, T>,
        mask: impl FnOnce(Shape) -> Result<Shape>,
        pass: &mut Pass<'_, T>,
    ) -> Result<Var<'t, T>> {
        let shape = mask(x.shape()?)?;
        let Some(rng) = pass.rng().filter(|_| self.0 > 0.0) else {
            return Ok(x);
        };
        if self.0 == 1.0 {
            // There is no factor that makes up for it.
            return Ok(
                x.masked_fill(x.tape().constant(&ArrayD::from_elem(IxDyn(&[]), T::one()))?, T::zero())?
            );
        }
        Ok(x.mul(x.tape().constant(&self.factors(&shape, rng))?)?)
    }

    /// 0 for what is left out, `1 / (1 - p)` for what stays: 4 random bytes each, compared as a whole number.
    fn factors<T: Element>(self, shape: &Shape, rng: &mut dyn Rng) -> ArrayD<T> {
        let kept = T::from_f64(1.0 / (1.0 - self.0));
        let mut factors = ArrayD::from_elem(IxDyn(shape), kept);
        // At most 2^32, and of the numbers below it the greatest.
        let Some(greatest) = ((self.0 * 2f64.powi(32)).round() as u64).checked_sub(1) else {
            return factors;
        };
        let greatest = greatest as u32;
        let mut bytes = [0; BLOCK];
        let values = factors.as_slice_mut().unwrap_or_default();
        for values in values.chunks_mut(BLOCK / 4) {
            let bytes = &mut bytes[..4 * values.len()];
            rng.fill_bytes(bytes);
            for (value, bytes) in values.iter_mut().zip(bytes.as_chunks().0) {
                // A select: a branch is mispredicted as often as not.
                *value = if u32::from_le_bytes(*bytes) > greatest { kept } else { T::zero() };
            }
        }
        factors
    }
}

macro_rules! dropouts {
    ($($(#[$doc:meta])* $name:ident = $owner:literal, $mask:expr;)*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy, PartialEq)]
            pub struct $name(Chance);

            fields!($name);

            impl $name {
                /// A layer that leaves out with this probability.
                ///
                /// # Errors
                /// [`ErrorKind::Setting`] for a probability that is not between 0 and 1.
                pub fn new(p: f64) -> Result<Self> {
                    Ok(Self(Chance::new($owner, p)?))
                }

                /// The probability of being left out.
                pub fn p(&self) -> f64 {
                    self.0.0
                }
            }

            impl<T: Element> Module<T> for $name {
                fn forward<'t>(&self, x: Var<'t, T>, pass: &mut Pass<'_, T>) -> Result<Var<'t, T>> {
                    self.0.drop_from(x, $mask, pass)
                }
            }
        )*
    };
}

/// The shape of one number for each channel of each item.
fn channels(owner: &'static str, layout: &str, rank: usize, shape: Shape) -> Result<Shape> {
    if shape.len() != rank {
        let expected = layout.to_owned();
        return Err(ErrorKind::Shape { owner, expected, got: shape.to_vec() }.into());
    }
    let mut mask = [1; 4];
    mask[..2].copy_from_slice(&shape[..2]);
    Ok(Shape::new(&mask[..rank])?)
}

dropouts! {
    /// Leaves out each element with probability p in training, and scales the others by `1 / (1 - p)` so that
    /// the mean stays; any shape. In use it returns its input and draws nothing.
    ///
    /// p = 0 is the identity, p = 1 gives zeros. Four bytes are drawn for each element, so that `f32` and
    /// `f64` leave out the same ones; the probability is rounded to a multiple of 2^-32. Srivastava et al.
    /// 2014, "Dropout: a simple way to prevent neural networks from overfitting".
    ///
    /// ```
    /// use nn::{Dropout, Module, Pass};
    /// use rand::{SeedableRng, rngs::ChaCha8Rng};
    /// use tensor::{Tape, ndarray::Array1};
    ///
    /// let (tape, rng) = (Tape::<f64>::new(), &mut ChaCha8Rng::seed_from_u64(0));
    /// let (x, dropout) = (tape.constant(&Array1::ones(1000))?, Dropout::new(0.2)?);
    /// let y = dropout.forward(x, &mut Pass::train(rng))?.value()?;
    /// assert!(y.iter().all(|&y| y == 0.0 || y == 1.25));
    /// assert!((y.sum() / 1000.0 - 1.0).abs() < 0.05);
    /// assert_eq!(dropout.forward(x, &mut Pass::eval())?.value()?, x.value()?);
    /// # Ok::<(), nn::Error>(())
    /// ```
    Dropout = "dropout", Ok;

    /// Leaves out whole channels in training, as [`Dropout`] does elements; x `[n, c, l]`.
    ///
    /// Neighbours in a channel are alike, so that one left out alone would be made up for by the others.
    /// Tompson et al. 2015, "Efficient object localization using convolutional networks".
    ///
    /// ```
    /// use nn::{Dropout1d, Module, Pass};
    /// use rand::{SeedableRng, rngs::ChaCha8Rng};
    /// use tensor::{Tape, ndarray::Array3};
    ///
    /// let (tape, rng) = (Tape::<f64>::new(), &mut ChaCha8Rng::seed_from_u64(0));
    /// let x = tape.constant(&Array3::ones((4, 3, 2)))?;
    /// let y = Dropout1d::new(0.5)?.forward(x, &mut Pass::train(rng))?.value()?;
    /// let channels = y.as_slice().unwrap().chunks(2);
    /// assert!(channels.into_iter().all(|channel| channel == [0.0; 2] || channel == [2.0; 2]));
    /// # Ok::<(), nn::Error>(())
    /// ```
    ///
    /// `forward` returns [`ErrorKind::Shape`] for another number of axes.
    Dropout1d = "dropout1d", |shape| channels("dropout1d", "[n, c, l]", 3, shape);

    /// Leaves out whole channels of images in training, as [`Dropout1d`] does; x `[n, c, h, w]`.
    ///
    /// ```
    /// use nn::{Dropout2d, Module, Pass};
    /// use rand::{SeedableRng, rngs::ChaCha8Rng};
    /// use tensor::{Tape, ndarray::Array4};
    ///
    /// let (tape, rng) = (Tape::<f64>::new(), &mut ChaCha8Rng::seed_from_u64(0));
    /// let x = tape.constant(&Array4::ones((2, 3, 2, 2)))?;
    /// let y = Dropout2d::new(1.0)?.forward(x, &mut Pass::train(rng))?;
    /// assert_eq!(y.sum()?.item()?, 0.0);
    /// # Ok::<(), nn::Error>(())
    /// ```
    ///
    /// `forward` returns [`ErrorKind::Shape`] for another number of axes.
    Dropout2d = "dropout2d", |shape| channels("dropout2d", "[n, c, h, w]", 4, shape);
}
