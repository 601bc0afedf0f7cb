//! What a recurrence as one op gains over its steps as ops of their own. Prints a table; takes no options.
//!
//! The product of the input, all steps, and their mean: forward alone, and with the way back. Both forms are
//! recorded anew each time, and their results are compared before anything is timed.

use std::hint::black_box;
use std::time::{Duration, Instant};
use tensor::ndarray::ArrayD;
use tensor::{Direction, Result, Tape, Var, stack};

/// Steps, sequences, inputs and size of the state.
const SIZES: [[usize; 4]; 5] =
    [[32, 1, 32, 32], [32, 8, 32, 32], [32, 32, 64, 128], [32, 32, 256, 512], [100, 64, 128, 256]];

/// A recurrence of the gates' sums of the input, with weight, bias and state.
type Recurrence = for<'t> fn(Var<'t, f32>, [Var<'t, f32>; 3]) -> Result<Var<'t, f32>>;

const FORMS: [(&str, usize, [Recurrence; 2]); 2] = [
    (
        "lstm",
        4,
        [|x, [w, _, h]| x.lstm(w, [h, h], None, Direction::Forward).map(|[all, _]| all), lstm_by_steps],
    ),
    ("gru", 3, [|x, [w, b, h]| x.gru(w, Some(b), h, None, Direction::Forward), gru_by_steps]),
];

fn step<'t>(x: Var<'t, f32>, step: usize) -> Result<Var<'t, f32>> {
    x.narrow(0, step, 1)?.squeeze(0)
}

fn lstm_by_steps<'t>(x: Var<'t, f32>, [w, _, h]: [Var<'t, f32>; 3]) -> Result<Var<'t, f32>> {
    let (mut h, mut c, mut all) = (h, h, Vec::new());
    for t in 0..x.shape()?[0] {
        let gates = step(x, t)?.add(h.matmul(w)?)?.chunk(1, 4)?;
        c = gates[1].sigmoid()?.mul(c)?.add(gates[0].sigmoid()?.mul(gates[2].tanh()?)?)?;
        h = gates[3].sigmoid()?.mul(c.tanh()?)?;
        all.push(h);
    }
    stack(&all, 0)
}

fn gru_by_steps<'t>(x: Var<'t, f32>, [w, b, h]: [Var<'t, f32>; 3]) -> Result<Var<'t, f32>> {
    let (mut h, mut all) = (h, Vec::new());
    for t in 0..x.shape()?[0] {
        let (x, sums) = (step(x, t)?.chunk(1, 3)?, h.linear(w, b)?.chunk(1, 3)?);
        let (r, z) = (x[0].add(sums[0])?.sigmoid()?, x[1].add(sums[1])?.sigmoid()?);
        let n = x[2].add(r.mul(sums[2])?)?.tanh()?;
        h = n.add(z.mul(h.sub(n)?)?)?;
        all.push(h);
    }
    stack(&all, 0)
}

/// Numbers from -scale to scale.
fn numbers(shape: &[usize], scale: f32) -> ArrayD<f32> {
    let mut count = 0.0f32;
    ArrayD::from_shape_simple_fn(shape, || {
        count += 1.0;
        (count * 12.9898).sin() * scale
    })
}

/// The median of calls over about a second, at least five, in microseconds; one call before does not count.
fn median<R>(mut f: impl FnMut() -> R) -> f64 {
    black_box(f());
    let begin = Instant::now();
    let mut times = Vec::new();
    while begin.elapsed() < Duration::from_secs(1) || times.len() < 5 {
        let start = Instant::now();
        black_box(f());
        times.push(start.elapsed().as_nanos() as f64 / 1e3);
    }
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// The mean of all states; forward alone, and with the way back.
fn times(
    [time, batch, inputs, hidden]: [usize; 4],
    gates: usize,
    form: Recurrence,
) -> Result<(f32, [f64; 2])> {
    let shapes = [
        vec![time, batch, inputs],
        vec![inputs, gates * hidden],
        vec![hidden, gates * hidden],
        vec![gates * hidden],
        vec![batch, hidden],
    ];
    let arrays = shapes.map(|shape| numbers(&shape, 1.0 / (hidden as f32).sqrt()));
    let mut tape = Tape::new();
    let mut run = |backward: bool| -> Result<f32> {
        tape.reset();
        let [x, input, w, b, h] = arrays.each_ref().map(|array| tape.var(array));
        let (w, b, h) = (w?, b?, h?);
        let mean = form(x?.linear(input?, b)?, [w, b, h])?.mean()?;
        let value = mean.item()?;
        if backward {
            tape.backward(mean)?;
        }
        Ok(value)
    };
    Ok((run(true)?, [median(|| run(false)), median(|| run(true))]))
}

fn main() -> Result<()> {
    println!("| µs | steps | batch | inputs | state | forward | by steps | training | by steps |");
    println!("|---|---:|---:|---:|---:|---:|---:|---:|---:|");
    for (name, gates, [whole, by_steps]) in FORMS {
        for size in SIZES {
            let ((one, [forward, training]), (other, [forward_steps, training_steps])) =
                (times(size, gates, whole)?, times(size, gates, by_steps)?);
            assert!((one - other).abs() < 1e-5, "{name}: {one} instead of {other}");
            let [time, batch, inputs, hidden] = size;
            println!(
                "| {name} | {time} | {batch} | {inputs} | {hidden} | {forward:.0} | {forward_steps:.0} | {training:.0} | {training_steps:.0} |"
            );
        }
    }
    Ok(())
}
