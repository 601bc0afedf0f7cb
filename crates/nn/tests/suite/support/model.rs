//! Models and their training, small enough for any test.

use nn::{Fields, Init, Linear, Module, Number, Optimizer, Pass, Result, Sequential, mse};
use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng};
use tensor::Tape;
use tensor::ndarray::Array2;

/// Three inputs, two outputs.
pub(crate) fn net<T: Number>(seed: u64) -> Sequential<T> {
    let rng = &mut ChaCha8Rng::seed_from_u64(seed);
    let mut linear =
        |inputs, outputs| Linear::new(inputs, outputs, Init::KaimingUniform, rng).expect("positive sizes");
    Sequential::new().with(linear(3, 4).relu()).with(linear(4, 2))
}

/// Every parameter and buffer with its bits, as numbers of `f64`.
pub(crate) fn bits<T: Number>(model: &dyn Fields<T>) -> Vec<(String, Vec<u64>)> {
    let mut all = Vec::new();
    model.each(&mut |path, field| {
        let bits = field.param.values().iter().map(|x| x.to_f64().to_bits());
        all.push((path.to_string(), bits.collect()));
    });
    all
}

/// Steps on random data.
pub(crate) fn train<T: Number>(
    model: &mut Sequential<T>,
    optimizer: &mut dyn Optimizer<T>,
    rng: &mut ChaCha8Rng,
    steps: usize,
) -> Result<()> {
    let mut tape = Tape::new();
    for _ in 0..steps {
        let x = Array2::from_shape_simple_fn((5, 3), || T::from_f64(rng.random()));
        let y = Array2::from_shape_simple_fn((5, 2), || T::from_f64(rng.random()));
        let loss = mse(model.forward(tape.constant(&x)?, &mut Pass::train(rng))?, tape.constant(&y)?)?;
        let gradients = tape.backward(loss)?;
        optimizer.step(model, &gradients)?;
        drop(gradients);
        tape.reset();
    }
    Ok(())
}
