//! Normalisation of rows: by mean and variance, or by the mean square alone.

use super::{check_eps, check_shape, wide_sum_of};
use crate::kernels::{self, Write};
use crate::op::{Backward, Forward, Inputs, Op, Shapes};
use crate::{Element, ErrorKind, Result, Shape, Var};
use smallvec::SmallVec;

/// `weight (x - mean) / √(var + eps) + bias` of rows: the last axes of x. Saves the mean and the inverse deviation
/// of every row.
#[derive(Debug)]
struct RowNorm<T> {
    op: &'static str,
    /// The axes that are normalised over.
    row: Shape,
    /// Whether the mean is subtracted.
    center: bool,
    /// Which input is the weight, which the bias.
    weight: Option<usize>,
    bias: Option<usize>,
    eps: T,
}

impl<T: Element> RowNorm<T> {
    /// A row's mean and inverse deviation; `temporary` is as long.
    fn statistics(&self, x: &[T], temporary: &mut [T]) -> (T, T) {
        let n = T::from_f64(x.len() as f64);
        let mean = if self.center { kernels::sum_slice(x) / n } else { T::zero() };
        kernels::map1(temporary, Write::Store, x, move |x| (x - mean) * (x - mean));
        let var = kernels::sum_slice(temporary) / n;
        (mean, T::one() / (var + self.eps).sqrt())
    }

    /// `out (+)= inv (d - mean(d) - x̂ mean(d x̂))` with `d = g weight`; rms_norm has no mean of d.
    fn row_gradient(
        &self,
        (out, write): (&mut [T], Write),
        (g, normalized): (&[T], &[T]),
        (weight, d): (Option<&[T]>, &mut [T]),
        inverse: T,
    ) {
        let n = T::from_f64(g.len() as f64);
        let d = match weight {
            Some(weight) => {
                kernels::map2(d, Write::Store, g, weight, |g, weight| g * weight);
                &*d
            }
            None => g,
        };
        let mean = if self.center { kernels::sum_slice(d) / n } else { T::zero() };
        let along = T::narrow(wide_sum_of(d, normalized, |d, x| d * x)) / n;
        kernels::map2(out, write, d, normalized, move |d, x| inverse * ((d - mean) - x * along));
    }
}

impl<T: Element> Op<T> for RowNorm<T> {
    fn name(&self) -> &'static str {
        self.op
    }

    fn infer(&self, inputs: Shapes<'_, T>) -> Result<Shape> {
        let (op, x) = (self.op, inputs.get(0));
        check_eps(op, self.eps)?;
        if self.row.is_empty() || self.row.size() == 0 {
            let expected = "at least one axis to normalise over, none of length 0";
            return Err(ErrorKind::Operand { op, expected, got: self.row }.into());
        }
        if !x.ends_with(&self.row) {
            let expected = "the shape to normalise over as the last axes of the input";
            return Err(ErrorKind::Shapes { op, lhs: *x, rhs: self.row, expected }.into());
        }
        for input in 1..inputs.len() {
            let expected = "weight and bias of the shape that is normalised over";
            check_shape(op, inputs.get(input), &self.row, expected)?;
        }
        Ok(*x)
    }

    fn saved(&self, inputs: Shapes<'_, T>) -> usize {
        2 * (inputs.get(0).size() / self.row.size())
    }

    fn forward(&self, inputs: Inputs<'_, T>, out: Forward<'_, T>) -> Result<()> {
        let length = self.row.size();
        let weight = self.weight.map(|input| inputs.get(input).values);
        let bias = self.bias.map(|input| inputs.get(input).values);
        let rows = inputs.get(0).values.chunks_exact(length).zip(out.values.chunks_exact_mut(length));
        for ((x, y), saved) in rows.zip(out.saved.as_chunks_mut::<2>().0) {
            let (mean, inverse) = self.statistics(x, y);
            *saved = [mean, inverse];
            match (weight, bias) {
                (Some(weight), Some(bias)) => {
                    kernels::map3(y, Write::Store, (x, weight, bias), move |x, weight, bias| {
                        (x - mean) * inverse * weight + bias
                    });
                }
                (Some(weight), None) => {
                    kernels::map2(y, Write::Store, x, weight, move |x, weight| (x - mean) * inverse * weight);
                }
                (None, Some(bias)) => {
                    kernels::map2(y, Write::Store, x, bias, move |x, bias| (x - mean) * inverse + bias);
                }
                (None, None) => kernels::map1(y, Write::Store, x, move |x| (x - mean) * inverse),
            }
        }
        Ok(())
    }

    fn backward(&self, step: Backward<'_, T>) -> Result<()> {
        let Backward { inputs, saved, mut upstream, mut grads, mut scratch, .. } = step;
        let length = self.row.size();
        if let Some(sink) = self.bias.and_then(|input| grads.of(input)) {
            sink.sum_columns(&upstream);
        }
        let weight = self.weight.map(|input| inputs.get(input).values);
        let weigh = self.weight.is_some_and(|input| grads.wanted(input));
        let mut dx = grads.of(0).map(|sink| sink.parts());
        if dx.is_none() && !weigh {
            return Ok(());
        }
        let (normalized, d) = scratch.take(2 * length).split_at_mut(length);
        let rows = inputs.get(0).values.chunks_exact(length).zip(upstream.chunks_exact_mut(length));
        for (i, ((x, g), &[mean, inverse])) in rows.zip(saved.as_chunks::<2>().0).enumerate() {
            let out = dx.as_mut().map(|(dx, write)| (&mut dx[i * length..][..length], *write));
            // Nothing is asked of the row, which may be no number: 0 stays 0.
            if g.iter().all(T::is_zero) {
                if let Some((out, Write::Store)) = out {
                    out.fill(T::zero());
                }
                continue;
            }
            kernels::map1(normalized, Write::Store, x, move |x| (x - mean) * inverse);
            if let Some(out) = out {
                self.row_gradient(out, (g, normalized), (weight, d), inverse);
            }
            if weigh {
                kernels::update1(g, normalized, |g, x| g * x);
            }
        }
        if let Some(sink) = self.weight.and_then(|input| grads.of(input)) {
            sink.sum_columns(&upstream);
        }
        Ok(())
    }
}

impl<'t, T: Element> Var<'t, T> {
    fn row_norm(
        self,
        (op, shape, center): (&'static str, &[usize], bool),
        weight: Option<Var<'_, T>>,
        bias: Option<Var<'_, T>>,
        eps: T,
    ) -> Result<Self> {
        let row = Shape::join(op, [shape])?;
        let mut ids = SmallVec::<[Var<'_, T>; 3]>::from_slice(&[self]);
        let mut place = |input: Option<_>| {
            input.map(|input| {
                ids.push(input);
                ids.len() - 1
            })
        };
        let (weight, bias) = (place(weight), place(bias));
        self.tape.apply(RowNorm { op, row, center, weight, bias, eps }, &ids)
    }

    /// `weight (x - mean) / √(var + eps) + bias`, where the mean and the biased variance are those of the last axes,
    /// which are of this shape, as are weight and bias.
    ///
    /// With `x̂ = (x - mean) / √(var + eps)` and `d = g weight` the derivative is
    /// `(d - mean(d) - x̂ mean(d x̂)) / √(var + eps)`. Ba, Kiros and Hinton 2016, "Layer normalization".
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![[1.0, 5.0], [7.0, 3.0]])?; // both rows with variance 4
    /// let (weight, bias) = (tape.var(&array![1.0, 10.0])?, tape.var(&array![0.0, 0.5])?);
    /// let y = x.layer_norm(&[2], Some(weight), Some(bias), 0.0)?;
    /// assert_eq!(y.value()?, array![[-1.0, 10.5], [1.0, -9.5]].into_dyn());
    /// let gradients = tape.backward(y.narrow(0, 0, 1)?.sum()?)?;
    /// assert_eq!(gradients.wrt(weight)?, array![-1.0, 1.0].into_dyn());
    /// assert_eq!(gradients.wrt(bias)?, array![1.0, 1.0].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Shapes`] where the last axes, the weight or the bias are of another shape,
    /// [`ErrorKind::Operand`] for a shape without axes or elements, [`ErrorKind::Value`] for an `eps` that is
    /// negative or not finite.
    pub fn layer_norm(
        self,
        shape: &[usize],
        weight: Option<Var<'_, T>>,
        bias: Option<Var<'_, T>>,
        eps: T,
    ) -> Result<Self> {
        self.row_norm(("layer_norm", shape, true), weight, bias, eps)
    }

    /// `weight x / √(mean(x²) + eps)`, where the mean is that of the last axes, which are of this shape, as is the
    /// weight.
    ///
    /// With `x̂ = x / √(mean(x²) + eps)` and `d = g weight` the derivative is
    /// `(d - x̂ mean(d x̂)) / √(mean(x²) + eps)`. Zhang and Sennrich 2019, "Root mean square layer normalization".
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![[3.0, -3.0, 1.0, -1.0, 0.0]])?; // √(20 / 5) = 2
    /// let y = x.rms_norm(&[5], Some(tape.constant(&array![1.0, 10.0, 1.0, 1.0, 1.0])?), 0.0)?;
    /// assert_eq!(y.value()?, array![[1.5, -15.0, 0.5, -0.5, 0.0]].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`layer_norm`](Self::layer_norm).
    pub fn rms_norm(self, shape: &[usize], weight: Option<Var<'_, T>>, eps: T) -> Result<Self> {
        self.row_norm(("rms_norm", shape, false), weight, None, eps)
    }
}

#[cfg(test)]
mod tests {
    use crate::{Axes, Ddof, Element, Result, Tape, Var};
    use ndarray::{Array1, Array3, ArrayD, array};

    type Norm = for<'t> fn([Var<'t, f32>; 3]) -> Result<Var<'t, f32>>;

    fn layer([x, weight, bias]: [Var<'_, f32>; 3]) -> Result<Var<'_, f32>> {
        x.layer_norm(&[x.shape()?[2]], Some(weight), Some(bias), 1e-5)
    }

    fn layer_composed([x, weight, bias]: [Var<'_, f32>; 3]) -> Result<Var<'_, f32>> {
        let axis = Axes::from(2).keep();
        let deviation = x.var_axis(axis, Ddof::Population)?.shift(1e-5)?;
        x.sub(x.mean_axis(axis)?)?.mul(deviation.rsqrt()?)?.mul(weight)?.add(bias)
    }

    fn rms([x, weight, bias]: [Var<'_, f32>; 3]) -> Result<Var<'_, f32>> {
        x.rms_norm(&[x.shape()?[2]], Some(weight), 1e-5)?.add(bias)
    }

    fn rms_composed([x, weight, bias]: [Var<'_, f32>; 3]) -> Result<Var<'_, f32>> {
        let squares = x.square()?.mean_axis(Axes::from(2).keep())?;
        x.mul(squares.shift(1e-5)?.rsqrt()?)?.mul(weight)?.add(bias)
    }

    /// Value and gradients of x, weight and bias.
    fn run(length: usize, norm: Norm) -> [ArrayD<f32>; 4] {
        let tape = Tape::new();
        let x = Array3::from_shape_fn((2, 3, length), |(a, b, c)| {
            ((a * 977 + b * 331 + c * 7) as f32).sin() + 2.0
        });
        let row = |seed: usize| Array1::from_shape_fn(length, |i| ((i * 13 + seed) as f32).cos());
        let inputs = [tape.var(&x).unwrap(), tape.var(&row(1)).unwrap(), tape.var(&row(2)).unwrap()];
        let y = norm(inputs).unwrap();
        let gradients = tape.backward_with(y, &x.mapv(|x| (x * 37.0).sin())).unwrap();
        let [x, weight, bias] = inputs.map(|input| gradients.wrt(input).unwrap().to_owned());
        [y.value().unwrap(), x, weight, bias]
    }

    #[test]
    fn value_and_gradient_equal_the_composition() {
        for (fused, composed) in [(layer as Norm, layer_composed as Norm), (rms, rms_composed)] {
            for length in [1, 2, 31, 32, 255, 256, 257, 1100] {
                for (got, want) in run(length, fused).iter().zip(run(length, composed)) {
                    for (&got, &want) in got.iter().zip(&want) {
                        assert!(
                            (got - want).abs() <= 4e-5 * want.abs().max(1.0),
                            "{got}, not {want} ({length})"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn nothing_flows_into_a_row_of_which_nothing_is_asked() {
        let tape = Tape::<f64>::new();
        let x = tape.var(&array![[1.0, f64::NAN], [1.0, 5.0]]).unwrap();
        let weight = tape.var(&array![1.0, 2.0]).unwrap();
        let y = x.layer_norm(&[2], Some(weight), None, 0.0).unwrap();
        assert!(y.value().unwrap()[[0, 0]].is_nan());
        // The same gradient twice: the second one is added to the first.
        let both = y.add(x.layer_norm(&[2], Some(weight), None, 0.0).unwrap()).unwrap();
        let gradients = tape.backward_with(both, &array![[0.0, 0.0], [1.0, 1.0]]).unwrap();
        // Of each op d = (1, 2) and x̂ = (-1, 1): d - 3/2 - x̂ / 2 is 0.
        assert_eq!(gradients.wrt(x).unwrap(), array![[0.0, 0.0], [0.0, 0.0]].into_dyn());
        assert_eq!(gradients.wrt(weight).unwrap(), array![-2.0, 2.0].into_dyn());
    }

    /// A mean far from 0 takes no digits of the variance.
    #[test]
    fn far_from_zero() {
        let tape = Tape::<f32>::new();
        let x = Array3::from_shape_fn((1, 1, 5000), |(_, _, i)| 4096.0 + (i % 2) as f32);
        let y = tape.constant(&x).unwrap().layer_norm(&[5000], None, None, f32::from_f64(0.0)).unwrap();
        assert!(y.value().unwrap().iter().all(|y| (y.abs() - 1.0).abs() < 1e-6));
    }
}
