//! Normalisation of channels, over all other axes.

use super::channels::{Channels, column_statistics, contribute_batch, contribute_given, statistics, sums};
use super::{check_eps, check_shape};
use crate::kernels::{self, Write};
use crate::node::Kind;
use crate::op::{Backward, Forward, Grads, Inputs, Op, Shapes};
use crate::{Element, ErrorKind, Result, Shape, Var};
use smallvec::SmallVec;

/// What [`Var::batch_norm`] found in a batch.
#[derive(Debug, Clone, PartialEq)]
pub struct BatchStatistics<T> {
    /// The mean of each channel.
    pub mean: Vec<T>,
    /// The variance of each channel, divided by the number of its elements.
    pub var: Vec<T>,
}

/// `weight (x - mean) / √(var + eps) + bias` by channel, which is axis 1. Saves mean, variance and inverse
/// deviation of each.
#[derive(Debug)]
struct ChannelNorm<T> {
    op: &'static str,
    /// Whether mean and variance are inputs 1 and 2, and not those of x.
    given: bool,
    /// Which input is the weight, which the bias.
    weight: Option<usize>,
    bias: Option<usize>,
    eps: T,
}

impl<T: Element> ChannelNorm<T> {
    /// Normalises columns.
    fn columns(&self, inputs: Inputs<'_, T>, y: &mut [T], [mean, inverse]: [&[T]; 2]) {
        let [weight, bias] =
            [self.weight, self.bias].map(|input| input.map(|input| inputs.get(input).values));
        let x = inputs.get(0).values;
        for (y, x) in y.chunks_exact_mut(mean.len()).zip(x.chunks_exact(mean.len())) {
            kernels::map3(y, Write::Store, (x, mean, inverse), |x, mean, inverse| (x - mean) * inverse);
            if let Some(weight) = weight {
                kernels::update1(y, weight, |y, weight| y * weight);
            }
            if let Some(bias) = bias {
                kernels::update1(y, bias, |y, bias| y + bias);
            }
        }
    }

    /// Normalises the runs of one channel.
    fn runs(&self, inputs: Inputs<'_, T>, y: &mut [T], channel: usize, [mean, inverse]: [T; 2]) {
        let at = |input: Option<usize>| input.map(|input| inputs.get(input).values[channel]);
        let scale = at(self.weight).map_or(inverse, |weight| inverse * weight);
        let (x, shift) = (inputs.get(0), at(self.bias).unwrap_or(T::zero()));
        for run in Channels::of(x.shape).runs(channel) {
            kernels::map1(&mut y[run.clone()], Write::Store, &x.values[run], move |x| {
                (x - mean) * scale + shift
            });
        }
    }

    /// Gradients of everything but x, from `Σ g` and `Σ g (x - mean)`.
    fn contribute(&self, grads: &mut Grads<'_, T>, [sum, centered]: [&[T]; 2], [inverse, scale]: [&[T]; 2]) {
        if let Some(sink) = self.weight.and_then(|input| grads.of(input)) {
            sink.map2(centered, inverse, |centered, inverse| centered * inverse);
        }
        if let Some(sink) = self.bias.and_then(|input| grads.of(input)) {
            sink.map1(sum, |sum| sum);
        }
        if !self.given {
            return;
        }
        if let Some(sink) = grads.of(1) {
            sink.map2(sum, scale, |sum, scale| -(sum * scale));
        }
        if let Some(sink) = grads.of(2) {
            let half = T::from_f64(-0.5);
            sink.map3((centered, scale, inverse), |centered, scale, inverse| {
                half * centered * scale * inverse * inverse
            });
        }
    }
}

impl<T: Element> Op<T> for ChannelNorm<T> {
    fn name(&self) -> &'static str {
        self.op
    }

    fn infer(&self, inputs: Shapes<'_, T>) -> Result<Shape> {
        let (op, x) = (self.op, inputs.get(0));
        check_eps(op, self.eps)?;
        if x.len() < 2 {
            let expected = "at least two axes, the second one of channels";
            return Err(ErrorKind::Operand { op, expected, got: *x }.into());
        }
        let channels = Channels::of(x);
        if !self.given && channels.count > 0 && channels.size() == 0 {
            let expected = "at least one element in each channel";
            return Err(ErrorKind::Operand { op, expected, got: *x }.into());
        }
        for input in 1..inputs.len() {
            let expected = "one number for each channel, axis 1 of the input";
            check_shape(op, inputs.get(input), &Shape::of(&[channels.count]), expected)?;
        }
        Ok(*x)
    }

    fn saved(&self, inputs: Shapes<'_, T>) -> usize {
        3 * inputs.get(0)[1]
    }

    fn forward(&self, inputs: Inputs<'_, T>, out: Forward<'_, T>) -> Result<()> {
        let x = inputs.get(0);
        let channels = Channels::of(x.shape);
        if channels.count == 0 {
            return Ok(());
        }
        let (mean, rest) = out.saved.split_at_mut(channels.count);
        let (var, inverse) = rest.split_at_mut(channels.count);
        let (eps, columns) = (self.eps, channels.inner == 1);
        if self.given {
            mean.copy_from_slice(inputs.get(1).values);
            var.copy_from_slice(inputs.get(2).values);
        } else if columns {
            column_statistics(x.values, out.values, mean, var);
        }
        // One channel after the other, so that its elements are still near when they are written.
        for channel in 0..channels.count {
            if !self.given && !columns {
                (mean[channel], var[channel]) = statistics(channels, channel, x.values);
            }
            inverse[channel] = T::one() / (var[channel] + eps).sqrt();
            if !columns {
                self.runs(inputs, out.values, channel, [mean[channel], inverse[channel]]);
            }
        }
        if columns {
            self.columns(inputs, out.values, [mean, inverse]);
        }
        Ok(())
    }

    // dx = scale (g - Σg / n - (x - mean) inv² Σ g (x - mean) / n), or scale g where mean and variance are given.
    fn backward(&self, step: Backward<'_, T>) -> Result<()> {
        let Backward { inputs, saved, upstream, mut grads, mut scratch, .. } = step;
        let (g, x) = (&*upstream, inputs.get(0));
        let channels = Channels::of(x.shape);
        let count = channels.count;
        if count == 0 {
            return Ok(());
        }
        let (mean, inverse) = (&saved[..count], &saved[2 * count..]);
        let summed = !self.given || (1..inputs.len()).any(|input| grads.wanted(input));
        let products = if summed && channels.inner == 1 { x.values.len() } else { 0 };
        let (parts, products) = scratch.take(4 * count + products).split_at_mut(4 * count);
        let (scale, parts) = parts.split_at_mut(count);
        let (even, parts) = parts.split_at_mut(count);
        let (tilt, row) = parts.split_at_mut(count);
        match self.weight {
            Some(weight) => {
                kernels::map2(scale, Write::Store, inverse, inputs.get(weight).values, |inverse, weight| {
                    inverse * weight
                });
            }
            None => scale.copy_from_slice(inverse),
        }
        if summed {
            sums(channels, [g, x.values, mean], products, [even, tilt]);
            self.contribute(&mut grads, [even, tilt], [inverse, scale]);
        }
        let Some(sink) = grads.of(0) else {
            return Ok(());
        };
        if self.given {
            contribute_given(channels, sink.parts(), g, scale);
            return Ok(());
        }
        let n = T::from_f64(channels.size() as f64);
        kernels::update(even, move |sum| sum / n);
        kernels::update1(tilt, inverse, move |centered, inverse| centered * (inverse * inverse / n));
        contribute_batch(channels, sink.parts(), [g, x.values], [mean, scale, even, tilt], row);
        Ok(())
    }
}

impl<'t, T: Element> Var<'t, T> {
    fn channel_norm(
        self,
        op: &'static str,
        given: Option<[Var<'_, T>; 2]>,
        [weight, bias]: [Option<Var<'_, T>>; 2],
        eps: T,
    ) -> Result<Self> {
        let mut ids = SmallVec::<[Var<'_, T>; 5]>::from_slice(&[self]);
        ids.extend(given.into_iter().flatten());
        let mut place = |input: Option<_>| {
            input.map(|input| {
                ids.push(input);
                ids.len() - 1
            })
        };
        let (weight, bias) = (place(weight), place(bias));
        self.tape.apply(ChannelNorm { op, given: given.is_some(), weight, bias, eps }, &ids)
    }

    /// `weight (x - mean) / √(var + eps) + bias` by channel, which is axis 1 of x `[n, c, ..]`; mean and biased
    /// variance are those of all elements of a channel and are returned too. Weight and bias are `[c]`.
    ///
    /// With `x̂ = (x - mean) / √(var + eps)` the derivative is `weight (g - mean(g) - x̂ mean(g x̂)) / √(var + eps)`:
    /// the statistics depend on x. Those that are returned are of this recording, as plain numbers. Ioffe and Szegedy
    /// 2015, "Batch normalization".
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![[1.0, 7.0], [5.0, 3.0]])?; // both columns with variance 4
    /// let weight = tape.var(&array![1.0, 10.0])?;
    /// let (y, statistics) = x.batch_norm(Some(weight), None, 0.0)?;
    /// assert_eq!(y.value()?, array![[-1.0, 10.0], [1.0, -10.0]].into_dyn());
    /// assert_eq!((statistics.mean, statistics.var), (vec![3.0, 5.0], vec![4.0, 4.0]));
    /// let gradients = tape.backward(y.narrow(0, 0, 1)?.sum()?)?;
    /// assert_eq!(gradients.wrt(weight)?, array![-1.0, 1.0].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Operand`] for fewer than two axes and for channels without elements, [`ErrorKind::Shapes`] for
    /// a weight or a bias of another shape, [`ErrorKind::Value`] for an `eps` that is negative or not finite.
    pub fn batch_norm(
        self,
        weight: Option<Var<'_, T>>,
        bias: Option<Var<'_, T>>,
        eps: T,
    ) -> Result<(Self, BatchStatistics<T>)> {
        let y = self.channel_norm("batch_norm", None, [weight, bias], eps)?;
        let inner = self.tape.read("batch_norm")?;
        let node = &inner.nodes[y.id as usize];
        let (mean, var) = match &node.kind {
            Kind::Op(recorded) => {
                let (mean, rest) = recorded.saved.split_at(node.shape[1]);
                (mean.to_vec(), rest[..node.shape[1]].to_vec())
            }
            _ => (Vec::new(), Vec::new()),
        };
        Ok((y, BatchStatistics { mean, var }))
    }

    /// As [`batch_norm`](Self::batch_norm) with given means and variances `[mean, var]`, each `[c]`, such as those of
    /// all batches so far; they have gradients too.
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![[2.0], [4.0]])?;
    /// let statistics = [tape.constant(&array![1.0])?, tape.constant(&array![3.0])?];
    /// let y = x.batch_norm_with(statistics, None, None, 1.0)?; // divided by √(3 + 1)
    /// assert_eq!(y.value()?, array![[0.5], [1.5]].into_dyn());
    /// assert_eq!(tape.backward(y.sum()?)?.wrt(x)?, array![[0.5], [0.5]].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`batch_norm`](Self::batch_norm), but for channels without elements.
    pub fn batch_norm_with(
        self,
        statistics: [Var<'_, T>; 2],
        weight: Option<Var<'_, T>>,
        bias: Option<Var<'_, T>>,
        eps: T,
    ) -> Result<Self> {
        self.channel_norm("batch_norm_with", Some(statistics), [weight, bias], eps)
    }
}

#[cfg(test)]
mod tests {
    use crate::{Axes, Ddof, Result, Tape, Var};
    use ndarray::{Array1, ArrayD, IxDyn};

    /// x, weight, bias, mean and variance.
    type Inputs<'t> = [Var<'t, f32>; 5];
    type Norm = for<'t> fn(Inputs<'t>) -> Result<Var<'t, f32>>;

    fn place<'t>(statistic: Var<'t, f32>, x: Var<'t, f32>) -> Result<Var<'t, f32>> {
        let mut shape = vec![1; x.shape()?.len() - 1];
        shape[0] = x.shape()?[1];
        statistic.reshape(&shape)
    }

    fn batch([x, weight, bias, ..]: Inputs<'_>) -> Result<Var<'_, f32>> {
        Ok(x.batch_norm(Some(weight), Some(bias), 1e-5)?.0)
    }

    fn batch_composed([x, weight, bias, ..]: Inputs<'_>) -> Result<Var<'_, f32>> {
        let others: Vec<usize> = (0..x.shape()?.len()).filter(|&axis| axis != 1).collect();
        let axes = Axes::from(&others[..]).keep();
        let deviation = x.var_axis(axes, Ddof::Population)?.shift(1e-5)?;
        let y = x.sub(x.mean_axis(axes)?)?.mul(deviation.rsqrt()?)?;
        y.mul(place(weight, x)?)?.add(place(bias, x)?)
    }

    fn given([x, weight, bias, mean, var]: Inputs<'_>) -> Result<Var<'_, f32>> {
        x.batch_norm_with([mean, var], Some(weight), Some(bias), 1e-5)
    }

    fn given_composed([x, weight, bias, mean, var]: Inputs<'_>) -> Result<Var<'_, f32>> {
        let y = x.sub(place(mean, x)?)?.mul(place(var.shift(1e-5)?.rsqrt()?, x)?)?;
        y.mul(place(weight, x)?)?.add(place(bias, x)?)
    }

    /// Value and gradients of all inputs.
    fn run(shape: &[usize], norm: Norm) -> Vec<ArrayD<f32>> {
        let tape = Tape::new();
        let mut count = 0.0f32;
        let x = ArrayD::from_shape_simple_fn(IxDyn(shape), || {
            count += 1.0;
            (count * 7.3).sin() + 2.0
        });
        let row = |seed: usize, least: f32| {
            tape.var(&Array1::from_shape_fn(shape[1], |i| ((i * 13 + seed) as f32).cos() + least)).unwrap()
        };
        let inputs = [tape.var(&x).unwrap(), row(1, 0.0), row(2, 0.0), row(3, 2.0), row(4, 1.5)];
        let y = norm(inputs).unwrap();
        let gradients = tape.backward_with(y, &x.mapv(|x| (x * 37.0).sin())).unwrap();
        let gradient = |input| match gradients.wrt(input) {
            Ok(gradient) => gradient.to_owned(),
            Err(_) => ArrayD::zeros(IxDyn(&[])),
        };
        std::iter::once(y.value().unwrap()).chain(inputs.map(gradient)).collect()
    }

    #[test]
    fn value_and_gradient_equal_the_composition() {
        let shapes: [&[usize]; 7] =
            [&[40, 3], &[7, 300], &[2, 3, 1], &[2, 3, 5], &[3, 2, 40], &[2, 5, 9, 31], &[1, 2, 600]];
        for (fused, composed) in [(batch as Norm, batch_composed as Norm), (given, given_composed)] {
            for shape in shapes {
                let (got, want) = (run(shape, fused), run(shape, composed));
                assert_eq!(got.len(), 6);
                for (which, (got, want)) in got.iter().zip(want).enumerate() {
                    assert_eq!(got.shape(), want.shape());
                    for (&got, &want) in got.iter().zip(&want) {
                        let near = (got - want).abs() <= 1e-4 * want.abs().max(1.0);
                        assert!(near, "{got}, not {want}, in {which} of {shape:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn the_statistics_of_a_batch() {
        let tape = Tape::<f64>::new();
        let x = ArrayD::from_shape_vec(IxDyn(&[1, 2, 2]), vec![1.0, 5.0, 2.0, 2.0]).unwrap();
        let (_, statistics) = tape.var(&x).unwrap().batch_norm(None, None, 0.1).unwrap();
        assert_eq!((statistics.mean, statistics.var), (vec![3.0, 2.0], vec![4.0, 0.0]));
        let none = tape.var(&ArrayD::zeros(IxDyn(&[3, 0, 2]))).unwrap();
        assert!(none.batch_norm(None, None, 0.1).unwrap().1.mean.is_empty());
    }
}
