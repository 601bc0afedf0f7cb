//! The mean of every window.

use super::blocks::{LANES, Part};
use super::{Pool, PoolConfig};
use crate::op::{Backward, Forward, Inputs, Op, Shapes};
use crate::{Element, Result, Shape, Var};

/// `y[p] = Σ_k x[p stride + k - padding] / count`
#[derive(Debug)]
struct AvgPool(Pool);

impl<T: Element> Op<T> for AvgPool {
    fn name(&self) -> &'static str {
        self.0.name
    }

    fn infer(&self, inputs: Shapes<'_, T>) -> Result<Shape> {
        let [x] = inputs.exactly(self.0.name)?;
        self.0.infer::<T>(x)
    }

    fn forward(&self, inputs: Inputs<'_, T>, out: Forward<'_, T>) -> Result<()> {
        let x = inputs.get(0);
        let values = out.values;
        self.0.each_part(
            x.shape,
            #[inline(always)]
            |part| match part {
                Part::One(index, window) => {
                    let mut sum = T::Wide::default();
                    window.spans().for_each(|span| x.values[span].iter().for_each(|x| sum += x.widen()));
                    values[index] = T::narrow(sum) / T::from_f64(window.count as f64);
                }
                Part::Block(block) => {
                    let mut sums = [T::Wide::default(); LANES];
                    block.each_cell(
                        x.values,
                        #[inline(always)]
                        |_, cells| {
                            sums.iter_mut().zip(cells).for_each(|(sum, x)| *sum += x.widen());
                        },
                    );
                    let count = T::from_f64(block.count as f64);
                    let out = &mut values[block.index..][..LANES];
                    out.iter_mut().zip(sums).for_each(|(out, sum)| *out = T::narrow(sum) / count);
                }
            },
        )
    }

    // Every cell has the gradient of its mean, over the same count.
    fn backward(&self, mut step: Backward<'_, T>) -> Result<()> {
        let x = step.inputs.get(0);
        let Some(sink) = step.grads.of(0) else {
            return Ok(());
        };
        let (dx, upstream) = (sink.so_far(), step.upstream);
        self.0.each_part(
            x.shape,
            #[inline(always)]
            |part| match part {
                Part::One(index, window) => {
                    let g = upstream[index] / T::from_f64(window.count as f64);
                    window.spans().for_each(|span| dx[span].iter_mut().for_each(|dx| *dx += g));
                }
                Part::Block(block) => {
                    let count = T::from_f64(block.count as f64);
                    let upstream = &upstream[block.index..][..LANES];
                    block.spread(dx, &std::array::from_fn(|lane| upstream[lane] / count));
                }
            },
        )
    }
}

impl<'t, T: Element> Var<'t, T> {
    /// The mean of every window of x `[batch, channels, length]`:
    /// `[batch, channels, (length + 2 padding - kernel) / stride + 1]`, rounded as the config says.
    ///
    /// `y[p] = Σ_k x[p stride + k - padding] / count`, where padding holds zeros and
    /// [`Divisor`](crate::Divisor) says whether it counts. Derivative `1 / count`, with the same count.
    ///
    /// ```
    /// # use tensor::{PoolConfig, Rounding, Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![[[1.0, 2.0, 3.0, 4.0, 5.0]]])?;
    /// let y = x.avg_pool1d(PoolConfig::new([2]))?;
    /// assert_eq!(y.value()?, array![[[1.5, 3.5]]].into_dyn());
    /// let y = x.avg_pool1d(PoolConfig { rounding: Rounding::Ceil, ..PoolConfig::new([2]) })?;
    /// assert_eq!(y.value()?, array![[[1.5, 3.5, 5.0]]].into_dyn());
    /// let gradient = tape.backward(y.sum()?)?.wrt(x)?;
    /// assert_eq!(gradient, array![[[0.5, 0.5, 0.5, 0.5, 1.0]]].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`max_pool1d`](Self::max_pool1d).
    pub fn avg_pool1d(self, config: PoolConfig<1>) -> Result<Self> {
        self.unary(AvgPool(Pool::strided("avg_pool1d", config)))
    }

    /// The mean of every window of x `[batch, channels, height, width]`: `[batch, channels, .., ..]`, each
    /// length and everything else as in [`avg_pool1d`](Self::avg_pool1d).
    ///
    /// ```
    /// # use tensor::{Divisor, PoolConfig, Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![[[[4.0, 8.0]]]])?;
    /// let padded = PoolConfig { padding: [0, 1], ..PoolConfig::new([1, 2]) };
    /// assert_eq!(x.avg_pool2d(padded)?.value()?, array![[[[2.0, 4.0]]]].into_dyn());
    /// let inside = PoolConfig { divisor: Divisor::Inside, ..padded };
    /// assert_eq!(x.avg_pool2d(inside)?.value()?, array![[[[4.0, 8.0]]]].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`max_pool1d`](Self::max_pool1d).
    pub fn avg_pool2d(self, config: PoolConfig<2>) -> Result<Self> {
        self.unary(AvgPool(Pool::strided("avg_pool2d", config)))
    }

    /// The mean of each of `size` windows that cover x `[batch, channels, length]`:
    /// `[batch, channels, size]`.
    ///
    /// Window i runs from `⌊i length / size⌋` to before `⌈(i + 1) length / size⌉`; derivative
    /// `1 / (length of the window)`.
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![[[1.0, 2.0, 3.0, 4.0, 8.0]]])?;
    /// // Positions 0 to 2 and 2 to 4.
    /// assert_eq!(x.adaptive_avg_pool1d([2])?.value()?, array![[[2.0, 5.0]]].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`adaptive_max_pool1d`](Self::adaptive_max_pool1d).
    pub fn adaptive_avg_pool1d(self, size: [usize; 1]) -> Result<Self> {
        self.unary(AvgPool(Pool::adaptive("adaptive_avg_pool1d", size)))
    }

    /// The mean of each of `size` windows that cover x `[batch, channels, height, width]`:
    /// `[batch, channels, size[0], size[1]]`, each axis as in
    /// [`adaptive_avg_pool1d`](Self::adaptive_avg_pool1d). A size of `[1, 1]` is the mean of each channel.
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![[[[1.0, 2.0], [3.0, 4.0]]]])?;
    /// let y = x.adaptive_avg_pool2d([1, 1])?;
    /// assert_eq!(y.value()?, array![[[[2.5]]]].into_dyn());
    /// let gradient = tape.backward(y.sum()?)?.wrt(x)?;
    /// assert_eq!(gradient, array![[[[0.25, 0.25], [0.25, 0.25]]]].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`adaptive_max_pool1d`](Self::adaptive_max_pool1d).
    pub fn adaptive_avg_pool2d(self, size: [usize; 2]) -> Result<Self> {
        self.unary(AvgPool(Pool::adaptive("adaptive_avg_pool2d", size)))
    }
}
