//! Handwritten digits, 8 x 8 pixels: a multi-layer perceptron trained with cross-entropy.
//!
//! Rows with index % 5 == 4 are the test split. The settings below were chosen with `--validate`, which
//! trains on rows with index % 5 < 3 and reports on index % 5 == 3; the test rows take no part in it.
//!
//! ```sh
//! cargo run --release --example digits
//! ```

mod support;

use clap::Parser;
use nn::{Init, Linear, Module, Optimizer, Pass, Sequential, Sgd, cross_entropy};
use rand::{SeedableRng, rngs::ChaCha8Rng, seq::SliceRandom};
use std::error::Error;
use std::time::Instant;
use tensor::Tape;
use tensor::ndarray::{Array2, Axis};

const HIDDEN: usize = 128;
const BATCH: usize = 32;
const EPOCHS: usize = 60;
const RATE: f64 = 0.2;
const SEEDS: u64 = 5;

/// Trains a digits classifier with five seeds and prints its accuracy.
#[derive(Parser)]
struct Args {
    /// Report on a validation part of the training rows instead of the test rows.
    #[arg(long)]
    validate: bool,
}

/// Pixels in [0, 1], one row per image, and the digit of each.
struct Digits {
    pixels: Array2<f32>,
    labels: Vec<usize>,
}

impl Digits {
    fn read() -> Result<Self, Box<dyn Error>> {
        let file = support::open(&support::data("digits.csv.gz"))?;
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(file);
        let (mut pixels, mut labels) = (Vec::new(), Vec::new());
        for record in reader.deserialize() {
            let mut row: Vec<u8> = record?;
            labels.push(usize::from(row.pop().ok_or("an empty line in digits.csv.gz")?));
            pixels.extend(row.iter().map(|&pixel| f32::from(pixel) / 16.0));
        }
        let pixels = Array2::from_shape_vec((labels.len(), 64), pixels)?;
        Ok(Self { pixels, labels })
    }

    /// The rows whose index modulo 5 is accepted.
    fn part(&self, accept: impl Fn(usize) -> bool) -> Self {
        let rows: Vec<usize> = (0..self.labels.len()).filter(|row| accept(row % 5)).collect();
        self.select(&rows)
    }

    fn select(&self, rows: &[usize]) -> Self {
        let labels = rows.iter().map(|&row| self.labels[row]).collect();
        Self { pixels: self.pixels.select(Axis(0), rows), labels }
    }
}

fn train(data: &Digits, seed: u64) -> nn::Result<Sequential<f32>> {
    let rng = &mut ChaCha8Rng::seed_from_u64(seed);
    let mut net = Sequential::new()
        .with(Linear::new(64, HIDDEN, Init::KaimingUniform, rng)?.relu())
        .with(Linear::new(HIDDEN, 10, Init::XavierUniform, rng)?);
    let (mut tape, mut sgd) = (Tape::new(), Sgd::new(RATE)?);
    let mut order: Vec<usize> = (0..data.labels.len()).collect();
    for _ in 0..EPOCHS {
        order.shuffle(rng);
        for rows in order.chunks(BATCH) {
            let batch = data.select(rows);
            let logits = net.forward(tape.constant(&batch.pixels)?, &mut Pass::train(rng))?;
            let loss = cross_entropy(logits, tape.indices(&batch.labels)?)?;
            sgd.step(&mut net, &tape.backward(loss)?)?;
            tape.reset();
        }
    }
    Ok(net)
}

/// The share of images whose largest logit is that of their digit.
fn accuracy(net: &Sequential<f32>, data: &Digits) -> nn::Result<f64> {
    let tape = Tape::new();
    let logits = net.forward(tape.constant(&data.pixels)?, &mut Pass::eval())?.value()?;
    let best = logits.outer_iter().map(|row| {
        let ranked = row.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
        ranked.map(|(class, _)| class)
    });
    let right = best.zip(&data.labels).filter(|&(class, &label)| class == Some(label)).count();
    Ok(right as f64 / data.labels.len() as f64)
}

fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse();
    let digits = Digits::read()?;
    let (training, reported) = if args.validate {
        (digits.part(|part| part < 3), digits.part(|part| part == 3))
    } else {
        (digits.part(|part| part < 4), digits.part(|part| part == 4))
    };
    let what = if args.validate { "validation" } else { "test" };
    println!(
        "64-{HIDDEN}-10, {} training and {} {what} images",
        training.labels.len(),
        reported.labels.len()
    );
    let start = Instant::now();
    let mut scores = Vec::new();
    for seed in 1..=SEEDS {
        let score = accuracy(&train(&training, seed)?, &reported)?;
        println!("seed {seed}: {what} accuracy {:.2} %", 100.0 * score);
        scores.push(score);
    }
    let mean = scores.iter().sum::<f64>() / scores.len() as f64;
    println!("mean of {SEEDS} seeds: {:.2} %, {:.1} s", 100.0 * mean, start.elapsed().as_secs_f64());
    Ok(())
}
