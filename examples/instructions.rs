//! A number of steps of one case and nothing else, for `scripts/instructions.sh`, which counts instructions.

#[expect(dead_code, reason = "only the smallest case is needed")]
#[path = "../tests/support/peers.rs"]
mod peers;

use clap::{Parser, ValueEnum};
use nn::Result;
use peers::{CASES, Training, data};
use std::hint::black_box;
use tensor::ndarray::Array1;
use tensor::{Tape, Var};

#[derive(Parser)]
struct Args {
    case: Case,
    steps: usize,
}

#[derive(Clone, Copy, ValueEnum)]
enum Case {
    /// A training step, recorded anew.
    #[value(name = "mlp_i_b1")]
    Anew,
    /// A training step, replayed.
    #[value(name = "mlp_i_b1@replay")]
    Replay,
    /// `a * b` of 4096 elements and its gradients, recorded anew.
    Mul,
    /// `exp` of 4096 elements and its gradient, recorded anew.
    Exp,
}

fn train(steps: usize) -> Result<()> {
    let (mut training, mut tape) = (Training::new(&CASES[0])?, Tape::new());
    for _ in 0..steps {
        black_box(training.step(&mut tape)?);
    }
    Ok(())
}

fn replay(steps: usize) -> Result<()> {
    let (mut training, tape) = (Training::new(&CASES[0])?, Tape::new());
    let loss = training.record(&tape)?;
    for _ in 0..steps {
        black_box(training.replay(&tape, loss)?);
    }
    Ok(())
}

fn elementwise<F>(steps: usize, op: F) -> Result<()>
where
    F: for<'t> Fn(Var<'t, f32>, Var<'t, f32>) -> tensor::Result<Var<'t, f32>>,
{
    let [a, b, weights] = [1, 2, 3].map(|seed| Array1::from(data(seed, 4096, 1.0)));
    let mut tape = Tape::new();
    for _ in 0..steps {
        tape.reset();
        let y = op(tape.var(&a)?, tape.var(&b)?)?;
        y.with(|y| black_box(y.as_ptr()))?;
        black_box(tape.backward_with(y, &weights)?);
    }
    Ok(())
}

fn main() -> Result<()> {
    let Args { case, steps } = Args::parse();
    match case {
        Case::Anew => train(steps),
        Case::Replay => replay(steps),
        Case::Mul => elementwise(steps, |a, b| a.mul(b)),
        Case::Exp => elementwise(steps, |a, _| a.exp()),
    }
}
