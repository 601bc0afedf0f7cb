//! Probabilities and their logarithms.

use crate::kernels::{self, Write};
use crate::op::{Backward, Forward, Inputs, Op, Shapes};
use crate::{Element, Result, Shape, Var};

/// `e^x / Σ e^x` along an axis.
#[derive(Debug)]
struct Softmax(usize);

impl<T: Element> Op<T> for Softmax {
    fn name(&self) -> &'static str {
        "softmax"
    }

    fn infer(&self, inputs: Shapes<'_, T>) -> Result<Shape> {
        let [x] = inputs.exactly("softmax")?;
        x.axis("softmax", self.0)?;
        Ok(*x)
    }

    fn forward(&self, inputs: Inputs<'_, T>, out: Forward<'_, T>) -> Result<()> {
        let (x, y) = (inputs.get(0), out.values);
        if let Some(length) = rows(x.shape, self.0) {
            for (i, y) in y.chunks_exact_mut(length).enumerate() {
                let (_, sum) = powers(y, x.values, i);
                let share = T::one() / sum;
                kernels::update(y, move |power| power * share);
            }
            return Ok(());
        }
        for lane in x.shape.lanes(self.0) {
            let max = lane.positions().map(|i| x.values[i]).reduce(T::larger).unwrap_or_default();
            lane.positions().for_each(|i| y[i] = (x.values[i] - max).exp());
            let sum = kernels::sum(lane.positions().map(|i| y[i]));
            lane.positions().for_each(|i| y[i] /= sum);
        }
        Ok(())
    }

    // dx = y (g - Σ g y)
    fn backward(&self, mut step: Backward<'_, T>) -> Result<()> {
        let Some(sink) = step.grads.of(0) else {
            return Ok(());
        };
        let (g, y) = (&mut *step.upstream, step.output.values);
        if let Some(length) = rows(step.output.shape, self.0) {
            let (out, write) = sink.parts();
            let operands = g.chunks_exact(length).zip(y.chunks_exact(length));
            for (out, (g, y)) in out.chunks_exact_mut(length).zip(operands) {
                let sum = T::narrow(kernels::wide_dot(g, y));
                kernels::map2(out, write, g, y, move |g, y| y * (g - sum));
            }
            return Ok(());
        }
        for lane in step.output.shape.lanes(self.0) {
            let sum = kernels::sum(lane.positions().map(|i| g[i] * y[i]));
            lane.positions().for_each(|i| g[i] = y[i] * (g[i] - sum));
        }
        sink.map1(g, |g| g);
        Ok(())
    }
}

/// Elements between two looks ahead: as many lines of memory as a processor fetches at once.
const STRIDE: usize = 256;

/// The powers of the elements of one of several rows, less their maximum; returns it and the sum of the powers.
/// The next row is fetched meanwhile, since its maximum would be found faster than memory is read.
pub(crate) fn powers<T: Element>(out: &mut [T], rows: &[T], row: usize) -> (T, T) {
    let (x, next) = rows[row * out.len()..].split_at(out.len());
    let mut next = next.chunks(STRIDE);
    let max = T::largest(x);
    for (out, x) in out.chunks_mut(STRIDE).zip(x.chunks(STRIDE)) {
        kernels::ahead(next.next().unwrap_or_default());
        T::exp_minus(out, x, max);
    }
    (max, kernels::sum_slice(out))
}

/// The length of the lines along an axis if they are contiguous, and there are any.
fn rows(shape: &Shape, axis: usize) -> Option<usize> {
    let (_, length, step) = shape.around(axis);
    (step == 1 && length > 0).then_some(length)
}

/// `x - ln Σ e^x` along an axis.
#[derive(Debug)]
struct LogSoftmax(usize);

impl<T: Element> Op<T> for LogSoftmax {
    fn name(&self) -> &'static str {
        "log_softmax"
    }

    fn infer(&self, inputs: Shapes<'_, T>) -> Result<Shape> {
        let [x] = inputs.exactly("log_softmax")?;
        x.axis("log_softmax", self.0)?;
        Ok(*x)
    }

    fn forward(&self, inputs: Inputs<'_, T>, out: Forward<'_, T>) -> Result<()> {
        let (x, y) = (inputs.get(0), out.values);
        // The maximum is taken off first: 1e8 + ln 2 would round to 1e8 in f32.
        if let Some(length) = rows(x.shape, self.0) {
            for (i, (x_row, y)) in x.values.chunks_exact(length).zip(y.chunks_exact_mut(length)).enumerate() {
                let (max, sum) = powers(y, x.values, i);
                let log = sum.ln();
                kernels::map1(y, Write::Store, x_row, move |x| (x - max) - log);
            }
            return Ok(());
        }
        for lane in x.shape.lanes(self.0) {
            let line = lane.positions().map(|i| x.values[i]);
            let max = line.clone().reduce(T::larger).unwrap_or_default();
            let log = kernels::sum(line.map(|x| (x - max).exp())).ln();
            lane.positions().for_each(|i| y[i] = (x.values[i] - max) - log);
        }
        Ok(())
    }

    // dx = g - softmax(x) Σ g
    fn backward(&self, mut step: Backward<'_, T>) -> Result<()> {
        let Some(sink) = step.grads.of(0) else {
            return Ok(());
        };
        let (g, y) = (&mut *step.upstream, step.output.values);
        if let Some(length) = rows(step.output.shape, self.0) {
            let (out, write) = sink.parts();
            let softmax = step.scratch.take(length);
            let operands = g.chunks_exact(length).zip(y.chunks_exact(length));
            for (out, (g, y)) in out.chunks_exact_mut(length).zip(operands) {
                T::exp_all(softmax, y);
                let sum = kernels::sum_slice(g);
                kernels::map2(out, write, g, softmax, move |g, softmax| g - softmax * sum);
            }
            return Ok(());
        }
        for lane in step.output.shape.lanes(self.0) {
            let sum = kernels::sum(lane.positions().map(|i| g[i]));
            lane.positions().for_each(|i| g[i] -= y[i].exp() * sum);
        }
        sink.map1(g, |g| g);
        Ok(())
    }
}

impl<'t, T: Element> Var<'t, T> {
    /// `e^x / Σ e^x` along an axis: probabilities that add up to 1. Derivative `y (g - Σ g y)`.
    ///
    /// The maximum of each line is subtracted first, so that nothing overflows. An element of -inf has
    /// probability 0; a line of nothing else has no probabilities and gives NaN, as does one with +inf.
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![[0.0, 0.0], [1000.0, f64::NEG_INFINITY]])?;
    /// assert_eq!(x.softmax(1)?.value()?, array![[0.5, 0.5], [1.0, 0.0]].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Axis`](crate::ErrorKind::Axis) for an axis that is not there.
    pub fn softmax(self, axis: usize) -> Result<Self> {
        self.unary(Softmax(axis))
    }

    /// `x - ln Σ e^x` along an axis: logarithms of probabilities that add up to 1. Derivative
    /// `g - e^y Σ g`.
    ///
    /// The maximum of each line is subtracted first, so that nothing overflows. Infinite elements as for
    /// [`softmax`](Self::softmax).
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![[-781.0, 890.0, -1235.0]])?;
    /// assert_eq!(x.log_softmax(1)?.value()?, array![[-1671.0, 0.0, -2125.0]].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Axis`](crate::ErrorKind::Axis) for an axis that is not there.
    pub fn log_softmax(self, axis: usize) -> Result<Self> {
        self.unary(LogSoftmax(axis))
    }
}

#[cfg(test)]
mod tests {
    use crate::{Result, Tape, Var};
    use ndarray::{Array2, ArrayD};

    /// Logits of rows that are longer than one piece, with all that is special.
    fn logits() -> Array2<f32> {
        let mut x =
            Array2::from_shape_fn((5, 1100), |(i, j)| ((i * 1100 + j) * 7919 % 1013) as f32 * 0.02 - 9.0);
        x[[1, 7]] = f32::NEG_INFINITY;
        x[[2, 1099]] = f32::NAN;
        x.row_mut(3).fill(f32::NEG_INFINITY);
        x[[4, 3]] = 300.0;
        x
    }

    type Function = for<'t> fn(Var<'t, f32>, usize) -> Result<Var<'t, f32>>;

    fn run(x: &Array2<f32>, axis: usize, f: Function) -> [ArrayD<f32>; 2] {
        let tape = Tape::new();
        let (x, weights) = (tape.var(x).unwrap(), x.mapv(|x| if x.is_finite() { x.sin() } else { 0.5 }));
        let y = f(x, axis).unwrap();
        let loss = y.mul(tape.constant(&weights).unwrap()).unwrap().sum().unwrap();
        let gradient = tape.backward(loss).unwrap().wrt(x).unwrap().to_owned();
        [y.value().unwrap(), gradient]
    }

    #[test]
    fn rows_equal_columns() {
        for f in [(|x, axis| x.softmax(axis)) as Function, |x, axis| x.log_softmax(axis)] {
            let x = logits();
            let rows = run(&x, 1, f);
            let columns = run(&x.t().as_standard_layout().to_owned(), 0, f);
            for (rows, columns) in rows.iter().zip(columns) {
                for (&a, &b) in rows.iter().zip(columns.t().as_standard_layout().iter()) {
                    let same = a == b || (a.is_nan() && b.is_nan());
                    assert!(same || (a - b).abs() <= 4e-6 * b.abs().max(1e-3), "{a} instead of {b}");
                }
            }
        }
    }
}
