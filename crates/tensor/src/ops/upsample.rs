//! Up-sampling (and down-sampling) of one and two spatial axes.

use super::window::{expect_image, expect_memory, expect_setting, image, plane, spatial};
use crate::op::{Backward, Forward, Inputs, Op, Shapes};
use crate::{Element, ErrorKind, Result, Shape, Var};

/// The size that up-sampling gives to `N` spatial axes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Resize<const N: usize> {
    /// These lengths.
    Size([usize; N]),
    /// Each length times its factor, rounded down. Positions are computed from the factor itself.
    Scale([f64; N]),
}

/// How up-sampling fills positions between those of the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interpolation {
    /// The element at `⌊p / scale⌋`; PyTorch's `nearest`.
    Nearest,
    /// A weighted mean of the two neighbours along each axis; PyTorch's `linear` and `bilinear`.
    Linear(Corners),
}

/// Which positions of input and output coincide under linear interpolation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Corners {
    /// The outer edges of the first and last element: output p lies at `(p + ½) / scale - ½` of the input,
    /// not before its first element or after its last; PyTorch's `align_corners=False`.
    #[default]
    Edges,
    /// The centers of the first and last element: output p lies at `p (in - 1) / (out - 1)`; PyTorch's
    /// `align_corners=True`. A scale decides the length alone.
    Centers,
}

/// `y[p, q] = Σ_{i, j} a[p, i] b[q, j] x[i, j]` with at most two weights other than 0 in each row of a and b
#[derive(Debug)]
struct Upsample {
    name: &'static str,
    /// Axes of the input: 3 or 4.
    rank: usize,
    resize: Resize<2>,
    interpolation: Interpolation,
}

/// How one axis is resampled.
#[derive(Debug, Clone, Copy)]
struct Axis {
    input: usize,
    output: usize,
    /// Output positions per input position, if given by the user.
    scale: Option<f64>,
    interpolation: Interpolation,
}

impl Axis {
    /// The input positions that output `p` is made of, and their weights.
    #[inline]
    fn taps(&self, p: usize) -> [(usize, f64); 2] {
        let last = self.input - 1;
        let at = match self.interpolation {
            Interpolation::Nearest => {
                // Whole numbers are exact where a ratio is not.
                let exact = p * self.input / self.output;
                let i = self.scale.map_or(exact, |scale| (p as f64 / scale) as usize);
                return [(i.min(last), 1.0), (0, 0.0)];
            }
            Interpolation::Linear(Corners::Edges) => {
                let scale = self.scale.unwrap_or(self.output as f64 / self.input as f64);
                ((p as f64 + 0.5) / scale - 0.5).max(0.0)
            }
            Interpolation::Linear(Corners::Centers) => (p * last) as f64 / (self.output - 1).max(1) as f64,
        };
        let i = (at as usize).min(last);
        let weight = (at - i as f64).min(1.0);
        if i == last { [(i, 1.0), (0, 0.0)] } else { [(i, 1.0 - weight), (i + 1, weight)] }
    }
}

impl Upsample {
    fn new<const N: usize>(name: &'static str, resize: Resize<N>, interpolation: Interpolation) -> Self {
        let resize = match resize {
            Resize::Size(size) => Resize::Size(plane(size, 1)),
            Resize::Scale(scale) => Resize::Scale(plane(scale, 1.0)),
        };
        Self { name, rank: N + 2, resize, interpolation }
    }

    fn axes(&self, x: &Shape) -> Result<[Axis; 2]> {
        expect_image(self.name, x, self.rank)?;
        let [high, wide] = spatial(x);
        if high == 0 || wide == 0 {
            let expected = "an input with at least one position per axis";
            return Err(ErrorKind::Operand { op: self.name, expected, got: *x }.into());
        }
        Ok([self.axis(0, high)?, self.axis(1, wide)?])
    }

    fn axis(&self, axis: usize, input: usize) -> Result<Axis> {
        let (op, interpolation) = (self.name, self.interpolation);
        let (output, scale) = match self.resize {
            Resize::Size(size) => (size[axis], None),
            Resize::Scale(scale) => {
                let (scale, expected) = (scale[axis], "a scale that is positive and finite");
                if !(scale > 0.0 && scale.is_finite()) {
                    return Err(ErrorKind::Value { op, expected, got: scale }.into());
                }
                ((input as f64 * scale) as usize, Some(scale))
            }
        };
        expect_setting(op, "lengths of the result from 1 to 2^30", 1, &[output])?;
        // A length that stays is a copy, as in PyTorch.
        let scale = scale.filter(|_| output != input);
        Ok(Axis { input, output, scale, interpolation })
    }

    /// Calls `f(output index, input index, weight)` for every weight other than 0: a neighbour that is
    /// infinite or not a number is not multiplied by 0. The outputs come in order.
    #[inline(always)]
    fn each_tap<T: Element>(&self, x: &Shape, mut f: impl FnMut(usize, usize, T)) -> Result<()> {
        let [high, wide] = self.axes(x)?;
        let mut index = 0;
        for channel in 0..x[0] * x[1] {
            for oy in 0..high.output {
                let rows = high.taps(oy);
                for ox in 0..wide.output {
                    let columns = wide.taps(ox);
                    for (y, down) in rows {
                        for (x, across) in columns {
                            if down * across != 0.0 {
                                let read = (channel * high.input + y) * wide.input + x;
                                f(index, read, T::from_f64(down * across));
                            }
                        }
                    }
                    index += 1;
                }
            }
        }
        Ok(())
    }
}

impl<T: Element> Op<T> for Upsample {
    fn name(&self) -> &'static str {
        self.name
    }

    fn infer(&self, inputs: Shapes<'_, T>) -> Result<Shape> {
        let [x] = inputs.exactly(self.name)?;
        let lengths = self.axes(x)?.map(|axis| axis.output);
        expect_memory::<T>(self.name, &[x[0], x[1], lengths[0], lengths[1]], *x)?;
        Ok(image(x[0], x[1], lengths, x.len()))
    }

    fn forward(&self, inputs: Inputs<'_, T>, out: Forward<'_, T>) -> Result<()> {
        let x = inputs.get(0);
        out.values.fill(T::zero());
        self.each_tap(x.shape, |index, read, weight: T| out.values[index] += weight * x.values[read])
    }

    fn backward(&self, mut step: Backward<'_, T>) -> Result<()> {
        let x = step.inputs.get(0);
        let Some(sink) = step.grads.of(0) else {
            return Ok(());
        };
        let dx = sink.so_far();
        self.each_tap(x.shape, |index, read, weight: T| dx[read] += weight * step.upstream[index])
    }
}

impl<'t, T: Element> Var<'t, T> {
    /// x `[batch, channels, length]` at another length: `[batch, channels, new length]`.
    ///
    /// Each output is one element or a weighted mean of two, as [`Interpolation`] says; the derivatives are
    /// the weights.
    ///
    /// ```
    /// # use tensor::{Corners, Interpolation, Resize, Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![[[1.0, 3.0]]])?;
    /// let y = x.upsample1d(Resize::Scale([2.0]), Interpolation::Nearest)?;
    /// assert_eq!(y.value()?, array![[[1.0, 1.0, 3.0, 3.0]]].into_dyn());
    /// let y = x.upsample1d(Resize::Size([4]), Interpolation::Linear(Corners::Edges))?;
    /// assert_eq!(y.value()?, array![[[1.0, 1.5, 2.5, 3.0]]].into_dyn());
    /// let y = x.upsample1d(Resize::Size([3]), Interpolation::Linear(Corners::Centers))?;
    /// assert_eq!(y.value()?, array![[[1.0, 2.0, 3.0]]].into_dyn());
    /// assert_eq!(tape.backward(y.sum()?)?.wrt(x)?, array![[[1.5, 1.5]]].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Operand`] for another number of axes or an axis without positions, [`ErrorKind::Value`]
    /// for a scale that is not positive and finite and for a length of 0.
    pub fn upsample1d(self, resize: Resize<1>, interpolation: Interpolation) -> Result<Self> {
        self.unary(Upsample::new("upsample1d", resize, interpolation))
    }

    /// x `[batch, channels, height, width]` at another size: `[batch, channels, new height, new width]`.
    /// Linear interpolation runs along both axes: a weighted mean of up to four elements.
    ///
    /// ```
    /// # use tensor::{Corners, Interpolation, Resize, Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![[[[1.0, 2.0]]]])?;
    /// let y = x.upsample2d(Resize::Scale([2.0, 1.0]), Interpolation::Nearest)?;
    /// assert_eq!(y.value()?, array![[[[1.0, 2.0], [1.0, 2.0]]]].into_dyn());
    /// let y = x.upsample2d(Resize::Size([1, 3]), Interpolation::Linear(Corners::Centers))?;
    /// assert_eq!(y.value()?, array![[[[1.0, 1.5, 2.0]]]].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`upsample1d`](Self::upsample1d).
    pub fn upsample2d(self, resize: Resize<2>, interpolation: Interpolation) -> Result<Self> {
        self.unary(Upsample::new("upsample2d", resize, interpolation))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tape;
    use ndarray::array;

    #[test]
    fn an_infinite_neighbour_is_not_multiplied_by_zero() -> Result<()> {
        let tape = Tape::<f32>::new();
        let x = tape.var(&array![[[1.0, f32::INFINITY, 3.0]]])?;
        let centers = Interpolation::Linear(Corners::Centers);
        let y = x.upsample1d(Resize::Size([5]), centers)?.value()?;
        let infinite = f32::INFINITY;
        assert_eq!(y, array![[[1.0, infinite, infinite, infinite, 3.0]]].into_dyn());
        Ok(())
    }

    #[test]
    fn nearest_starts_anew_at_every_whole_step() -> Result<()> {
        let tape = Tape::<f64>::new();
        let x = tape.var(&array![[[0.0, 1.0, 2.0]]])?;
        // 49 (1 / 49) is less than 1 in f64.
        for factor in [3, 7, 49, 98, 103] {
            for resize in [Resize::Scale([factor as f64]), Resize::Size([3 * factor])] {
                let y = x.upsample1d(resize, Interpolation::Nearest)?.value()?;
                let right = y.iter().enumerate().all(|(p, &y)| y == (p / factor) as f64);
                assert!(right, "{resize:?}: {y}");
            }
        }
        Ok(())
    }
}
