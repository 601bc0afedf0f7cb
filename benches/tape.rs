//! What the tape costs beside the work of its ops, and how a training step scales. Prints two tables; takes no
//! options.
//!
//! A node's cost is a slope, so what a step costs once cancels: chains of 1,000 and of 11,000 ops on a single
//! number. A step's cost per floating point operation is flat where products, and not the rest, set the time.

#[expect(dead_code, reason = "of the cases and the hash only the training step is needed")]
#[path = "../tests/support/peers.rs"]
mod peers;

use peers::{Case, Training};
use std::hint::black_box;
use std::time::{Duration, Instant};
use tensor::ndarray::{Array1, array};
use tensor::{Result, Tape, Var};

/// The median of calls over about `time`, at least five, in nanoseconds; one call before does not count.
fn median<R>(time: Duration, mut f: impl FnMut() -> R) -> f64 {
    black_box(f());
    let begin = Instant::now();
    let mut times = Vec::new();
    while begin.elapsed() < time || times.len() < 5 {
        let start = Instant::now();
        black_box(f());
        times.push(start.elapsed().as_nanos() as f64);
    }
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// Nanoseconds a node: the slopes of the times of `f(nodes)`.
fn slopes<const N: usize>(mut f: impl FnMut(usize) -> Result<[f64; N]>) -> Result<[f64; N]> {
    const SHORT: usize = 1000;
    const LONG: usize = 11_000;
    let (short, long) = (f(SHORT)?, f(LONG)?);
    Ok(std::array::from_fn(|i| (long[i] - short[i]) / (LONG - SHORT) as f64))
}

/// One more op on the chain's end; the first is the leaf that it starts from.
type Link = for<'t> fn([Var<'t, f32>; 2]) -> Result<Var<'t, f32>>;

const LINKS: [(&str, Link); 3] = [
    ("scale: elementwise, one input", |[_, x]| x.scale(0.999)),
    ("add: elementwise, two inputs", |[first, x]| x.add(first)),
    ("sum: any other op", |[_, x]| x.sum()),
];

fn chain<'t>(tape: &'t Tape<f32>, one: &Array1<f32>, nodes: usize, link: Link) -> Result<Var<'t, f32>> {
    let first = tape.var(one)?;
    (0..nodes).try_fold(first, |x, _| link([first, x]))
}

/// The chain's forward, and forward with backward: recorded anew, then replayed.
fn times(nodes: usize, link: Link) -> Result<[f64; 4]> {
    let (mut tape, one, time) = (Tape::new(), array![1.0f32], Duration::from_millis(200));
    let recorded = median(time, || {
        tape.reset();
        chain(&tape, &one, nodes, link)?.item()
    });
    let with_backward = median(time, || {
        tape.reset();
        let y = chain(&tape, &one, nodes, link)?;
        tape.backward(y)?;
        y.item()
    });
    tape.reset();
    let y = chain(&tape, &one, nodes, link)?;
    let replayed = median(time, || tape.replay().and_then(|()| y.item()));
    let replayed_with_backward = median(time, || {
        tape.replay()?;
        tape.backward(y)?;
        y.item()
    });
    Ok([recorded, with_backward, replayed, replayed_with_backward])
}

fn leaves(nodes: usize) -> Result<[f64; 1]> {
    let (mut tape, one) = (Tape::new(), array![1.0f32]);
    Ok([median(Duration::from_millis(200), || {
        tape.reset();
        (0..nodes).try_for_each(|_| tape.constant(&one).map(drop))
    })])
}

fn overhead() -> Result<()> {
    println!("| ns a node | recorded | recorded + backward | replayed | replayed + backward |");
    println!("|---|---:|---:|---:|---:|");
    for (name, link) in LINKS {
        let [a, b, c, d] = slopes(|nodes| times(nodes, link))?;
        println!("| {name} | {a:.1} | {b:.1} | {c:.1} | {d:.1} |");
    }
    let [leaf] = slopes(leaves)?;
    println!("| leaf of one number | {leaf:.1} | | | |\n");
    Ok(())
}

/// Floating point operations of the products of a step: forward, the weights' gradients, and the inputs'
/// gradients but that of the data.
fn flops(sizes: &[usize], batch: usize) -> usize {
    let layer = |(l, pair): (usize, &[usize])| 2 * batch * pair[0] * pair[1] * if l == 0 { 2 } else { 3 };
    sizes.windows(2).enumerate().map(layer).sum()
}

fn row(what: &str, sizes: Vec<usize>, batch: usize) -> nn::Result<()> {
    let flops = flops(&sizes, batch) as f64;
    // The case is of the program's life; a few numbers are not worth an owned form.
    let case = Case { name: "scaling", sizes: sizes.leak(), batch, classes: true };
    let (mut training, mut tape, time) = (Training::new(&case)?, Tape::new(), Duration::from_millis(300));
    let anew = median(time, || training.step(&mut tape));
    tape.reset();
    let loss = training.record(&tape)?;
    let replayed = median(time, || training.replay(&tape, loss));
    let [anew_each, replayed_each] = [anew, replayed].map(|time| time / flops);
    println!(
        "| {what} | {:.1} | {:.1} | {anew_each:.5} | {replayed_each:.5} | {:.0} |",
        anew / 1e3,
        replayed / 1e3,
        1.0 / replayed_each
    );
    Ok(())
}

fn scaling() -> nn::Result<()> {
    println!("| step of mlp_iii | µs recorded | µs replayed | ns a FLOP recorded | replayed | GFLOP/s |");
    println!("|---|---:|---:|---:|---:|---:|");
    for batch in [1, 4, 16, 64, 256, 1024, 4096] {
        row(&format!("batch {batch}, 784-512-256-10"), vec![784, 512, 256, 10], batch)?;
    }
    for width in [64, 128, 256, 512, 1024, 2048, 4096] {
        let half = width / 2;
        row(&format!("batch 128, 784-{width}-{half}-10"), vec![784, width, half, 10], 128)?;
    }
    Ok(())
}

fn main() -> nn::Result<()> {
    overhead()?;
    scaling()
}
