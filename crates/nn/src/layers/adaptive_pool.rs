//! Pooling to a given size as layers.

use super::settings::expect_positive;
use crate::{Module, Pass, Result, fields};
use tensor::{Element, Var};

macro_rules! adaptive_pools {
    ($($(#[$doc:meta])* $name:ident<$axes:literal> = $method:ident;)*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy, PartialEq, Eq)]
            pub struct $name {
                size: [usize; $axes],
            }

            fields!($name);

            impl $name {
                /// A layer with results of this size.
                ///
                /// # Errors
                /// [`ErrorKind::Setting`](crate::ErrorKind::Setting) for a size of 0.
                pub fn new(size: [usize; $axes]) -> Result<Self> {
                    for length in size {
                        expect_positive(stringify!($method), &[("the size", length)])?;
                    }
                    Ok(Self { size })
                }

                /// The size of a result.
                pub fn size(&self) -> [usize; $axes] {
                    self.size
                }
            }

            impl<T: Element> Module<T> for $name {
                fn forward<'t>(&self, x: Var<'t, T>, _: &mut Pass<'_, T>) -> Result<Var<'t, T>> {
                    Ok(x.$method(self.size)?)
                }
            }
        )*
    };
}

adaptive_pools! {
    /// The mean of each of `size` windows that cover a sequence: x `[batch, channels, length]`, result
    /// `[batch, channels, size]`: [`Var::adaptive_avg_pool1d`].
    ///
    /// Window i runs from `⌊i length / size⌋` to before `⌈(i + 1) length / size⌉`.
    ///
    /// ```
    /// use nn::{AdaptiveAvgPool1d, Module, Pass};
    /// use tensor::{Tape, ndarray::array};
    ///
    /// let tape = Tape::<f64>::new();
    /// let x = tape.constant(&array![[[1.0, 2.0, 3.0, 4.0, 8.0]]])?;
    /// let y = AdaptiveAvgPool1d::new([2])?.forward(x, &mut Pass::eval())?;
    /// assert_eq!(y.value()?, array![[[2.0, 5.0]]].into_dyn());
    /// # Ok::<(), nn::Error>(())
    /// ```
    AdaptiveAvgPool1d<1> = adaptive_avg_pool1d;

    /// The mean of each of `size` windows that cover an image: x `[batch, channels, height, width]`, result
    /// `[batch, channels, size[0], size[1]]`, each axis as in [`AdaptiveAvgPool1d`]:
    /// [`Var::adaptive_avg_pool2d`]. A size of `[1, 1]` is the mean of each channel, whatever the image's size.
    ///
    /// ```
    /// use nn::{AdaptiveAvgPool2d, Module, Pass};
    /// use tensor::{Tape, ndarray::array};
    ///
    /// let tape = Tape::<f64>::new();
    /// let x = tape.constant(&array![[[[1.0, 2.0], [4.0, 5.0]]]])?;
    /// let y = AdaptiveAvgPool2d::new([1, 1])?.forward(x, &mut Pass::eval())?;
    /// assert_eq!(y.value()?, array![[[[3.0]]]].into_dyn());
    /// # Ok::<(), nn::Error>(())
    /// ```
    AdaptiveAvgPool2d<2> = adaptive_avg_pool2d;

    /// The largest element of each of `size` windows that cover a sequence: x `[batch, channels, length]`,
    /// result `[batch, channels, size]`, windows as in [`AdaptiveAvgPool1d`]: [`Var::adaptive_max_pool1d`].
    ///
    /// ```
    /// use nn::{AdaptiveMaxPool1d, Module, Pass};
    /// use tensor::{Tape, ndarray::array};
    ///
    /// let tape = Tape::<f64>::new();
    /// let x = tape.constant(&array![[[1.0, 2.0, 3.0, 4.0, 8.0]]])?;
    /// let y = AdaptiveMaxPool1d::new([2])?.forward(x, &mut Pass::eval())?;
    /// assert_eq!(y.value()?, array![[[3.0, 8.0]]].into_dyn());
    /// # Ok::<(), nn::Error>(())
    /// ```
    AdaptiveMaxPool1d<1> = adaptive_max_pool1d;

    /// The largest element of each of `size` windows that cover an image: x
    /// `[batch, channels, height, width]`, result `[batch, channels, size[0], size[1]]`, windows as in
    /// [`AdaptiveAvgPool1d`]: [`Var::adaptive_max_pool2d`].
    ///
    /// ```
    /// use nn::{AdaptiveMaxPool2d, Module, Pass};
    /// use tensor::{Tape, ndarray::array};
    ///
    /// let tape = Tape::<f64>::new();
    /// let x = tape.constant(&array![[[[1.0, 2.0], [4.0, 5.0]]]])?;
    /// let y = AdaptiveMaxPool2d::new([2, 1])?.forward(x, &mut Pass::eval())?;
    /// assert_eq!(y.value()?, array![[[[2.0], [5.0]]]].into_dyn());
    /// # Ok::<(), nn::Error>(())
    /// ```
    AdaptiveMaxPool2d<2> = adaptive_max_pool2d;
}
