//! An op of one's own: the Huber function, with its derivative, checked and trained through.
//!
//! ```sh
//! cargo run --release --example custom_op
//! ```

use std::error::Error;
use tensor::ndarray::array;
use tensor::{
    Backward, Element, ErrorKind, Forward, Inputs, Op, Param, Result, Shape, Shapes, Tape, Var, check,
    check_second,
};

/// `x² / 2` up to an absolute value of `delta`, a straight line beyond: derivative `x` clamped to
/// `[-delta, delta]`.
///
/// Huber 1964, "Robust estimation of a location parameter".
#[derive(Debug)]
struct Huber {
    delta: f64,
}

impl Huber {
    /// Records the function; refuses a delta that makes none.
    fn of<T: Element>(x: Var<'_, T>, delta: f64) -> Result<Var<'_, T>> {
        if delta > 0.0 {
            return x.tape().apply(Self { delta }, &[x]);
        }
        Err(ErrorKind::Value { op: "huber", expected: "a positive delta", got: delta }.into())
    }
}

// Generic over the element type, so that second derivatives (on dual numbers) come for free.
impl<T: Element> Op<T> for Huber {
    fn name(&self) -> &'static str {
        "huber"
    }

    fn infer(&self, inputs: Shapes<'_, T>) -> Result<Shape> {
        let [x] = inputs.exactly("huber")?;
        Ok(*x)
    }

    fn forward(&self, inputs: Inputs<'_, T>, out: Forward<'_, T>) -> Result<()> {
        let (delta, half) = (T::from_f64(self.delta), T::from_f64(0.5));
        for (y, &x) in out.values.iter_mut().zip(inputs.get(0).values) {
            let size = x.abs();
            *y = if size <= delta { half * x * x } else { delta * (size - half * delta) };
        }
        Ok(())
    }

    fn backward(&self, mut step: Backward<'_, T>) -> Result<()> {
        let delta = T::from_f64(self.delta);
        if let Some(sink) = step.grads.of(0) {
            sink.map2(&step.upstream, step.inputs.get(0).values, |g, x| g * x.larger(-delta).smaller(delta));
        }
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let points = [array![-3.0, -0.4, 0.3, 2.0].into_dyn()];
    check(|x| Huber::of(x[0], 1.0), &points)?;
    check_second(|x| Huber::of(x[0], 1.0), &points)?;
    println!("first and second derivatives agree with differences");

    // The mean is drawn to an outlier; the Huber location is not.
    let data = array![1.0, 1.1, 0.9, 1.0, 50.0];
    let (mut tape, mut location) = (Tape::<f64>::new(), Param::new(&array![0.0])?);
    for _ in 0..500 {
        let residual = tape.constant(&data)?.sub(tape.param(&location)?)?;
        let gradients = tape.backward(Huber::of(residual, 0.5)?.mean()?)?;
        let slope = gradients.param(&location).ok_or("the loss depends on the location")?[0];
        drop(gradients);
        location.values_mut()?[0] -= slope;
        tape.reset();
    }
    println!("mean {:.3}, Huber location {:.3}", data.mean().ok_or("no data")?, location.values()[0]);
    println!("a bad setting: {}", Huber::of(tape.var(&data)?, 0.0).expect_err("a setting of 0 is refused"));
    Ok(())
}
