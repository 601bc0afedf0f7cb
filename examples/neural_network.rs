//! The reference network: 10 inputs, 5 hidden units, 1 output, trained one sample at a time.
//!
//! ```sh
//! cargo run --release --example neural_network
//! cargo run --release --example neural_network -- --relu
//! ```

use clap::Parser;
use nn::{Init, Linear, Module, Optimizer, Pass, Result, Sequential, Sgd, mse};
use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng};
use std::time::Instant;
use tensor::Tape;
use tensor::ndarray::{Array2, ArrayView2, Axis};

const EPOCHS: usize = 1000;

/// Trains the reference network on random data and prints its losses and the time.
#[derive(Parser)]
struct Args {
    /// Put a relu between the two layers.
    #[arg(long)]
    relu: bool,
    /// Seed of weights and data.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Samples and targets, uniform in [0, 1).
fn samples(count: usize, rng: &mut ChaCha8Rng) -> (Array2<f32>, Array2<f32>) {
    let mut uniform = |columns| Array2::from_shape_simple_fn((count, columns), || rng.random());
    (uniform(10), uniform(1))
}

fn loss(net: &Sequential<f32>, x: ArrayView2<'_, f32>, y: ArrayView2<'_, f32>) -> Result<f32> {
    let tape = Tape::new();
    let output = net.forward(tape.constant(&x)?, &mut Pass::eval())?;
    Ok(mse(output, tape.constant(&y)?)?.item()?)
}

fn main() -> Result<()> {
    let args = Args::parse();
    let rng = &mut ChaCha8Rng::seed_from_u64(args.seed);
    let normal = Init::Normal { std: 1.0 };
    let hidden = Linear::new(10, 5, normal, rng)?;
    let hidden = if args.relu { hidden.relu() } else { hidden };
    let mut net = Sequential::new().with(hidden).with(Linear::new(5, 1, normal, rng)?);
    let (x, y) = samples(100, rng);
    let (x_test, y_test) = samples(10, rng);

    println!("10-5-1, {} hidden activation", if args.relu { "relu as" } else { "no" });
    println!("loss before   training {:9.6}", loss(&net, x.view(), y.view())?);
    let start = Instant::now();
    let (mut tape, mut sgd) = (Tape::new(), Sgd::new(0.01)?);
    for _ in 0..EPOCHS {
        for (x, y) in x.axis_chunks_iter(Axis(0), 1).zip(y.axis_chunks_iter(Axis(0), 1)) {
            let output = net.forward(tape.constant(&x)?, &mut Pass::train(rng))?;
            let loss = mse(output, tape.constant(&y)?)?;
            sgd.step(&mut net, &tape.backward(loss)?)?;
            tape.reset();
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    println!("loss after    training {:9.6}", loss(&net, x.view(), y.view())?);
    println!("              test     {:9.6}", loss(&net, x_test.view(), y_test.view())?);
    let steps = EPOCHS * x.nrows();
    println!("{steps} steps in {seconds:.3} s, {:.2} µs each", seconds / steps as f64 * 1e6);
    Ok(())
}
