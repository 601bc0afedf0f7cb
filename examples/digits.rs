//! Handwritten digits, 8 x 8 pixels: a multi-layer perceptron and a convolutional network.
//!
//! Rows with index % 5 == 4 are the test split. The settings below were chosen with `--validate`, which
//! trains on rows with index % 5 < 3 and reports on index % 5 == 3; the test rows take no part in it.
//!
//! ```sh
//! cargo run --release --example digits
//! cargo run --release --example digits -- --network mlp
//! ```
//!
//! The curves of the last run are in `target/digits_cnn.svg` or `target/digits_mlp.svg`.

mod support;

use clap::{Parser, ValueEnum};
use nn::data::{Affine, DataLoader, DataLoaderConfig, Dataset, Pair, Pixels};
use nn::tensor::PoolConfig;
use nn::{
    Accuracy, AdamW, AdamWConfig, BatchNorm2d, BatchNormConfig, Conv2d, Conv2dConfig, CosineDecay,
    CrossEntropyConfig, Curves, Dropout, Flatten, Goal, Init, Linear, MaxPool2d, Metric, Module, Padding,
    Pass, Per, ProgressBar, Relu, Sequential, Trainer, TrainerConfig, cross_entropy_with,
};
use rand::{SeedableRng, rngs::ChaCha8Rng};
use std::error::Error;
use std::time::Instant;
use tensor::ndarray::Array2;
use tensor::{Tape, Var};

const SEEDS: u64 = 5;

/// Trains a classifier of digits with five seeds and prints its accuracy.
#[derive(Parser)]
struct Args {
    /// What is trained.
    #[arg(long, value_enum, default_value_t = Network::Cnn)]
    network: Network,
    /// Report on a validation part of the training rows instead of the test rows.
    #[arg(long)]
    validate: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Network {
    /// Two hidden layers.
    Mlp,
    /// Three convolutions.
    Cnn,
}

impl Network {
    fn name(self) -> &'static str {
        match self {
            Self::Mlp => "mlp",
            Self::Cnn => "cnn",
        }
    }

    fn epochs(self) -> usize {
        match self {
            Self::Mlp => 60,
            Self::Cnn => 60,
        }
    }

    fn build(self, rng: &mut ChaCha8Rng) -> nn::Result<Sequential<f32>> {
        match self {
            Self::Mlp => mlp(rng),
            Self::Cnn => cnn(rng),
        }
    }
}

fn mlp(rng: &mut ChaCha8Rng) -> nn::Result<Sequential<f32>> {
    Ok(Sequential::new()
        .with(Flatten::default())
        .with(Linear::new(64, 256, Init::KaimingUniform, rng)?.relu())
        .with(Dropout::new(0.2)?)
        .with(Linear::new(256, 128, Init::KaimingUniform, rng)?.relu())
        .with(Dropout::new(0.2)?)
        .with(Linear::new(128, 10, Init::XavierUniform, rng)?))
}

/// A convolution, a normalisation and relu.
fn block(inputs: usize, outputs: usize, rng: &mut ChaCha8Rng) -> nn::Result<Sequential<f32>> {
    let conv =
        Conv2dConfig { padding: Padding::Same, bias: false, ..Conv2dConfig::new(inputs, outputs, [3, 3]) };
    Ok(Sequential::new()
        .with(Conv2d::new(conv, rng)?)
        .with(BatchNorm2d::new(outputs, BatchNormConfig::default())?)
        .with(Relu))
}

fn cnn(rng: &mut ChaCha8Rng) -> nn::Result<Sequential<f32>> {
    let half = MaxPool2d::new(PoolConfig::new([2, 2]))?;
    Ok(Sequential::new()
        .with(block(1, 32, rng)?)
        .with(block(32, 32, rng)?)
        .with(half)
        .with(block(32, 64, rng)?)
        .with(half)
        .with(Flatten::default())
        .with(Dropout::new(0.3)?)
        .with(Linear::new(64 * 2 * 2, 10, Init::XavierUniform, rng)?))
}

/// Images `[n, 1, 8, 8]` with pixels in [0, 1], and the digit of each.
fn read() -> Result<Pair<f32>, Box<dyn Error>> {
    let file = support::open(&support::data("digits.csv.gz"))?;
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(file);
    let (mut pixels, mut labels) = (Vec::new(), Vec::new());
    for record in reader.deserialize() {
        let mut row: Vec<u8> = record?;
        labels.push(usize::from(row.pop().ok_or("an empty line in digits.csv.gz")?));
        pixels.extend(row.iter().map(|&pixel| f32::from(pixel)));
    }
    let rows = Array2::from_shape_vec((labels.len(), 64), pixels)?;
    Ok(Pair::new(Pixels { brightest: 16.0, ..Pixels::grey(8, 8) }.images(&rows)?, labels)?)
}

/// The rows whose index modulo 5 is accepted.
fn part(digits: &Pair<f32>, accept: impl Fn(usize) -> bool) -> nn::Result<Pair<f32>> {
    let rows: Vec<usize> = (0..digits.len()).filter(|row| accept(row % 5)).collect();
    digits.batch(&rows)
}

fn classes(digits: &Pair<f32>) -> &[usize] {
    digits.targets().classes().expect("digits are classes")
}

fn accuracy(net: &Sequential<f32>, digits: &Pair<f32>) -> nn::Result<f64> {
    let mut accuracy = Accuracy::new(10)?;
    accuracy.update(&net.predict(digits.inputs())?, classes(digits))?;
    accuracy.value()
}

/// The cross-entropy with a little smoothing, so that no logit has to grow without end.
fn loss<'t>(
    net: &Sequential<f32>,
    tape: &'t Tape<f32>,
    batch: &Pair<f32>,
    pass: &mut Pass<'_, f32>,
) -> nn::Result<Var<'t, f32>> {
    let logits = net.forward(tape.constant(batch.inputs())?, pass)?;
    let config = CrossEntropyConfig { label_smoothing: 0.05, ..Default::default() };
    cross_entropy_with(logits, tape.indices(classes(batch))?, &config)
}

fn train(network: Network, data: &Pair<f32>, reported: &Pair<f32>, seed: u64) -> nn::Result<f64> {
    let varied =
        data.clone().augment(|batch, rng| Affine { degrees: 11.5, ..Affine::default() }.apply(batch, rng));
    let loader = DataLoader::new(varied, DataLoaderConfig { batch_size: 32, seed, ..Default::default() })?;
    let mut net = network.build(&mut ChaCha8Rng::seed_from_u64(seed))?;
    let steps = (network.epochs() * loader.batches()) as u64;
    let mut rule = AdamW::new(AdamWConfig { rate: 0.003, weight_decay: 0.01, ..Default::default() })?;
    // On the training rows as they are: nothing is chosen by it.
    let score = |net: &Sequential<f32>| accuracy(net, data);
    Trainer::new(TrainerConfig {
        epochs: network.epochs(),
        seed,
        keep: nn::Keep::Last,
        prefetch: 2,
        ..Default::default()
    })?
    .schedule(CosineDecay::new(0.003, 0.0, steps)?, Per::Step)
    .validate("training accuracy", Goal::Max, score)
    .callback(ProgressBar::new())
    .callback(Curves::new(format!("target/digits_{}.svg", network.name())))
    .fit(&mut net, &mut rule, &loader, &loss)?;
    accuracy(&net, reported)
}

fn main() -> Result<(), Box<dyn Error>> {
    let Args { network, validate } = Args::parse();
    let digits = read()?;
    let (training, reported) = if validate {
        (part(&digits, |at| at < 3)?, part(&digits, |at| at == 3)?)
    } else {
        (part(&digits, |at| at < 4)?, part(&digits, |at| at == 4)?)
    };
    let what = if validate { "validation" } else { "test" };
    println!("{}: {} training and {} {what} images", network.name(), training.len(), reported.len());
    let start = Instant::now();
    let mut scores = Vec::new();
    for seed in 1..=SEEDS {
        let score = 100.0 * train(network, &training, &reported, seed)?;
        println!("seed {seed}: {what} accuracy {score:.2} %");
        scores.push(score);
    }
    support::print_spread(&scores, start.elapsed());
    Ok(())
}
