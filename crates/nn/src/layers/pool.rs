//! Pooling over windows as layers.

use super::settings::expect_positive;
use crate::{ErrorKind, Module, Pass, Result, fields};
use tensor::{Element, PoolConfig, Var};

/// Refuses windows of no size and padding that could fill a window.
fn checked<const N: usize>(owner: &'static str, config: PoolConfig<N>) -> Result<PoolConfig<N>> {
    for axis in 0..N {
        let (kernel, padding) = (config.kernel[axis], config.padding[axis]);
        expect_positive(owner, &[("the kernel", kernel), ("the stride", config.stride[axis])])?;
        if padding > kernel / 2 {
            let (name, expected) = ("the padding", "at most half the kernel");
            return Err(ErrorKind::Setting { owner, name, expected, got: padding as f64 }.into());
        }
    }
    Ok(config)
}

macro_rules! pools {
    ($($(#[$doc:meta])* $name:ident<$axes:literal> = $method:ident;)*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy, PartialEq, Eq)]
            pub struct $name {
                config: PoolConfig<$axes>,
            }

            fields!($name);

            impl $name {
                /// A layer with these windows; `PoolConfig::new(kernel)` has them side by side.
                ///
                /// # Errors
                /// [`ErrorKind::Setting`] for a kernel or stride of 0, and for a padding of more than half the
                /// kernel.
                pub fn new(config: PoolConfig<$axes>) -> Result<Self> {
                    Ok(Self { config: checked(stringify!($method), config)? })
                }

                /// The windows.
                pub fn config(&self) -> &PoolConfig<$axes> {
                    &self.config
                }
            }

            impl<T: Element> Module<T> for $name {
                fn forward<'t>(&self, x: Var<'t, T>, _: &mut Pass<'_, T>) -> Result<Var<'t, T>> {
                    Ok(x.$method(self.config)?)
                }
            }
        )*
    };
}

pools! {
    /// The largest element of every window of a sequence: x `[batch, channels, length]`, result
    /// `[batch, channels, (length + 2 padding - kernel) / stride + 1]`, rounded as the config says:
    /// [`Var::max_pool1d`].
    ///
    /// ```
    /// use nn::{MaxPool1d, Module, Pass};
    /// use tensor::{PoolConfig, Tape, ndarray::array};
    ///
    /// let tape = Tape::<f64>::new();
    /// let x = tape.constant(&array![[[1.0, 5.0, 2.0, 3.0]]])?;
    /// let y = MaxPool1d::new(PoolConfig::new([2]))?.forward(x, &mut Pass::eval())?;
    /// assert_eq!(y.value()?, array![[[5.0, 3.0]]].into_dyn());
    /// # Ok::<(), nn::Error>(())
    /// ```
    MaxPool1d<1> = max_pool1d;

    /// The largest element of every window of an image: x `[batch, channels, height, width]`, result
    /// `[batch, channels, .., ..]` with lengths as in [`MaxPool1d`]: [`Var::max_pool2d`].
    ///
    /// ```
    /// use nn::{MaxPool2d, Module, Pass};
    /// use tensor::{PoolConfig, Tape, ndarray::array};
    ///
    /// let tape = Tape::<f64>::new();
    /// let x = tape.constant(&array![[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]]])?;
    /// let config = PoolConfig { stride: [1, 1], ..PoolConfig::new([2, 2]) };
    /// let y = MaxPool2d::new(config)?.forward(x, &mut Pass::eval())?;
    /// assert_eq!(y.value()?, array![[[[5.0, 6.0]]]].into_dyn());
    /// # Ok::<(), nn::Error>(())
    /// ```
    MaxPool2d<2> = max_pool2d;

    /// The mean of every window of a sequence: x `[batch, channels, length]`, result
    /// `[batch, channels, (length + 2 padding - kernel) / stride + 1]`, rounded as the config says:
    /// [`Var::avg_pool1d`].
    ///
    /// ```
    /// use nn::{AvgPool1d, Module, Pass};
    /// use tensor::{PoolConfig, Tape, ndarray::array};
    ///
    /// let tape = Tape::<f64>::new();
    /// let x = tape.constant(&array![[[1.0, 5.0, 2.0, 3.0]]])?;
    /// let y = AvgPool1d::new(PoolConfig::new([2]))?.forward(x, &mut Pass::eval())?;
    /// assert_eq!(y.value()?, array![[[3.0, 2.5]]].into_dyn());
    /// # Ok::<(), nn::Error>(())
    /// ```
    AvgPool1d<1> = avg_pool1d;

    /// The mean of every window of an image: x `[batch, channels, height, width]`, result
    /// `[batch, channels, .., ..]` with lengths as in [`AvgPool1d`]: [`Var::avg_pool2d`].
    ///
    /// ```
    /// use nn::{AvgPool2d, Module, Pass};
    /// use tensor::{PoolConfig, Tape, ndarray::array};
    ///
    /// let tape = Tape::<f64>::new();
    /// let x = tape.constant(&array![[[[1.0, 2.0], [4.0, 5.0]]]])?;
    /// let y = AvgPool2d::new(PoolConfig::new([2, 2]))?.forward(x, &mut Pass::eval())?;
    /// assert_eq!(y.value()?, array![[[[3.0]]]].into_dyn());
    /// # Ok::<(), nn::Error>(())
    /// ```
    AvgPool2d<2> = avg_pool2d;
}
