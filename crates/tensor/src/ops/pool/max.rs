//! The largest element of every window.

use super::blocks::{Block, LANES, Part};
use super::{Pool, PoolConfig, Window};
use crate::op::{Backward, Forward, Inputs, Op, Shapes};
use crate::{Element, Result, Shape, Var};

/// `y[p] = max_k x[p stride + k - padding]`; padding never wins.
#[derive(Debug)]
struct MaxPool(Pool);

/// Where the first of the largest elements stands, or the first that is no number.
#[inline(always)]
fn first_largest<T: Element>(x: &[T], window: &Window) -> usize {
    let mut best = window.start + window.rows.start * window.row + window.columns.start;
    for i in window.spans().flatten() {
        if x[i] > x[best] || (x[i].is_nan() && !x[best].is_nan()) {
            best = i;
        }
    }
    best
}

/// The same for each window of a block: what it holds there, and the distance from the window's first cell.
#[inline(always)]
fn largest_of_each<T: Element>(x: &[T], block: &Block) -> ([T; LANES], [u32; LANES]) {
    let (mut best, mut distances) = ([T::zero(); LANES], [0; LANES]);
    block.each_cell(
        x,
        #[inline(always)]
        |distance, cells| {
            if distance == 0 {
                best = cells;
                return;
            }
            // The input was checked to be small enough to count with 32 bits.
            let distance = distance as u32;
            for ((best, at), cell) in best.iter_mut().zip(&mut distances).zip(cells) {
                let wins = (cell > *best) | (cell.is_nan() & !best.is_nan());
                *best = if wins { cell } else { *best };
                *at = if wins { distance } else { *at };
            }
        },
    );
    (best, distances)
}

impl<T: Element> Op<T> for MaxPool {
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
                Part::One(index, window) => values[index] = x.values[first_largest(x.values, &window)],
                Part::Block(block) => {
                    let out = &mut values[block.index..][..LANES];
                    out.copy_from_slice(&largest_of_each(x.values, &block).0);
                }
            },
        )
    }

    // Looking again is cheaper than keeping positions, which not every element type can hold.
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
                Part::One(index, window) => dx[first_largest(x.values, &window)] += upstream[index],
                Part::Block(block) => {
                    let distances = largest_of_each(x.values, &block).1;
                    let upstream = &upstream[block.index..][..LANES];
                    for lane in block.done..LANES {
                        let window = block.start + lane * block.stride;
                        dx[window + distances[lane] as usize] += upstream[lane];
                    }
                }
            },
        )
    }
}

impl<'t, T: Element> Var<'t, T> {
    /// The largest element of every window of x `[batch, channels, length]`:
    /// `[batch, channels, (length + 2 padding - kernel) / stride + 1]`, rounded as the config says.
    ///
    /// `y[p] = max_k x[p stride + k - padding]`; padding never wins, NaN does. The gradient goes to the
    /// first of equal elements, as PyTorch's does, and not to all of them as in a reduction.
    ///
    /// ```
    /// # use tensor::{PoolConfig, Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![[[1.0, 5.0, 2.0, 2.0, 9.0]]])?;
    /// let y = x.max_pool1d(PoolConfig::new([2]))?;
    /// assert_eq!(y.value()?, array![[[5.0, 2.0]]].into_dyn());
    /// let gradient = tape.backward(y.sum()?)?.wrt(x)?;
    /// assert_eq!(gradient, array![[[0.0, 1.0, 1.0, 0.0, 0.0]]].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Operand`](crate::ErrorKind::Operand) for another number of axes or an axis without
    /// positions, [`ErrorKind::Shapes`](crate::ErrorKind::Shapes) for a kernel longer than the padded input,
    /// [`ErrorKind::Value`](crate::ErrorKind::Value) for a kernel or stride of 0 and for a padding of more
    /// than half the kernel.
    pub fn max_pool1d(self, config: PoolConfig<1>) -> Result<Self> {
        self.unary(MaxPool(Pool::strided("max_pool1d", config)))
    }

    /// The largest element of every window of x `[batch, channels, height, width]`:
    /// `[batch, channels, .., ..]`, each length and everything else as in [`max_pool1d`](Self::max_pool1d).
    ///
    /// ```
    /// # use tensor::{PoolConfig, Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]]])?;
    /// let y = x.max_pool2d(PoolConfig { stride: [1, 1], ..PoolConfig::new([2, 2]) })?;
    /// assert_eq!(y.value()?, array![[[[5.0, 6.0]]]].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`max_pool1d`](Self::max_pool1d).
    pub fn max_pool2d(self, config: PoolConfig<2>) -> Result<Self> {
        self.unary(MaxPool(Pool::strided("max_pool2d", config)))
    }

    /// The largest element of each of `size` windows that cover x `[batch, channels, length]`:
    /// `[batch, channels, size]`.
    ///
    /// Window i runs from `⌊i length / size⌋` to before `⌈(i + 1) length / size⌉`. Ties and NaN as in
    /// [`max_pool1d`](Self::max_pool1d).
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![[[1.0, 2.0, 5.0, 4.0, 3.0]]])?;
    /// // Positions 0 to 2 and 2 to 4.
    /// let y = x.adaptive_max_pool1d([2])?;
    /// assert_eq!(y.value()?, array![[[5.0, 5.0]]].into_dyn());
    /// let gradient = tape.backward(y.sum()?)?.wrt(x)?;
    /// assert_eq!(gradient, array![[[0.0, 0.0, 2.0, 0.0, 0.0]]].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Operand`](crate::ErrorKind::Operand) for another number of axes or an axis without
    /// positions, [`ErrorKind::Value`](crate::ErrorKind::Value) for a size of 0.
    pub fn adaptive_max_pool1d(self, size: [usize; 1]) -> Result<Self> {
        self.unary(MaxPool(Pool::adaptive("adaptive_max_pool1d", size)))
    }

    /// The largest element of each of `size` windows that cover x `[batch, channels, height, width]`:
    /// `[batch, channels, size[0], size[1]]`, each axis as in
    /// [`adaptive_max_pool1d`](Self::adaptive_max_pool1d).
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]]])?;
    /// assert_eq!(x.adaptive_max_pool2d([2, 1])?.value()?, array![[[[3.0], [6.0]]]].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`adaptive_max_pool1d`](Self::adaptive_max_pool1d).
    pub fn adaptive_max_pool2d(self, size: [usize; 2]) -> Result<Self> {
        self.unary(MaxPool(Pool::adaptive("adaptive_max_pool2d", size)))
    }
}

#[cfg(test)]
mod tests {
    use crate::{PoolConfig, Result, Tape};
    use ndarray::{Array1, ArrayD, array};

    /// Maxima of windows of three with a padding of one, and their gradient.
    fn pooled(x: &Array1<f64>) -> Result<(ArrayD<f64>, ArrayD<f64>)> {
        let tape = Tape::new();
        let leaf = tape.var(x)?;
        let config = PoolConfig { padding: [1], ..PoolConfig::new([3]) };
        let y = leaf.reshape(&[1, 1, x.len()])?.max_pool1d(config)?;
        let value = y.value()?;
        let gradients = tape.backward_with(y, &array![[[1.0, 10.0]]])?;
        Ok((value, gradients.wrt(leaf)?))
    }

    #[test]
    fn the_first_of_equals_takes_the_gradient() -> Result<()> {
        let (value, gradient) = pooled(&array![2.0, 2.0, 0.0, 3.0, 3.0])?;
        assert_eq!(value, array![[[2.0, 3.0]]].into_dyn());
        assert_eq!(gradient, array![1.0, 0.0, 0.0, 10.0, 0.0].into_dyn());
        Ok(())
    }

    #[test]
    fn nan_wins_and_padding_never_does() -> Result<()> {
        let least = f64::NEG_INFINITY;
        let (value, gradient) = pooled(&array![least, least, 1.0, f64::NAN, f64::INFINITY])?;
        assert_eq!(value[[0, 0, 0]], least);
        assert!(value[[0, 0, 1]].is_nan());
        assert_eq!(gradient, array![1.0, 0.0, 0.0, 10.0, 0.0].into_dyn());
        Ok(())
    }
}
