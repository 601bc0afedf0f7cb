//! Spoken digits: recordings of 6 to 92 frames, 13 numbers a frame, told apart by a convolutional network.
//!
//! A recording is stretched to 32 frames; in training its ends move a little and noise is added. The test split is
//! the file's. The settings below were chosen with `--validate`, which holds every fifth training recording out.
//!
//! The data set (Free Spoken Digit Dataset, CC BY-SA 4.0) is not part of this repository: the folder with
//! `spoken_digits_mfcc.csv.gz` is read from the variable `GRANULAR_DATA`, `../shared/data` unless it is set.
//!
//! ```sh
//! cargo run --release --example spoken_digits
//! ```
//!
//! The curves of the last run are in `target/spoken_digits.svg`.

mod support;

use clap::Parser;
use nn::data::{DataLoader, DataLoaderConfig, Dataset, Pair};
use nn::tensor::PoolConfig;
use nn::{
    Accuracy, AdamW, AdamWConfig, AdaptiveAvgPool1d, BatchNorm1d, BatchNormConfig, Conv1d, Conv1dConfig,
    CosineDecay, CrossEntropyConfig, Curves, Dropout, Flatten, Goal, Init, Keep, Linear, MaxPool1d, Metric,
    Module, Padding, Pass, Per, ProgressBar, Relu, Sequential, Trainer, TrainerConfig, cross_entropy_with,
};
use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng};
use rand_distr::StandardNormal;
use std::error::Error;
use std::time::Instant;
use tensor::ndarray::{Array2, Array3, ArrayViewMut2, Axis};
use tensor::{Tape, Var};

const COEFFICIENTS: usize = 13;
const FRAMES: usize = 32;
const EPOCHS: usize = 30;
const RATE: f64 = 0.003;
const SEEDS: u64 = 5;
/// How far the ends of a recording move, as a share of its length.
const STRETCH: f64 = 0.1;
/// The deviation of what is added to every number, and to a coefficient throughout a recording.
const NOISE: [f32; 2] = [0.3, 0.3];

/// Trains a classifier of spoken digits with five seeds and prints its accuracy.
#[derive(Parser)]
struct Args {
    /// Report on held-out training recordings instead of the test recordings.
    #[arg(long)]
    validate: bool,
}

/// Frames `[frames, coefficients]` of every recording, and its digit.
#[derive(Debug, Clone, Default)]
struct Recordings {
    frames: Vec<Array2<f32>>,
    digits: Vec<usize>,
}

impl Recordings {
    /// The training and the test recordings.
    fn read() -> Result<(Self, Self), Box<dyn Error>> {
        let mut reader =
            csv::Reader::from_reader(support::open(&support::shared("spoken_digits_mfcc.csv.gz"))?);
        let mut parts = [Self::default(), Self::default()];
        let (mut last, mut part, mut frames) = (None, 0, Vec::new());
        for record in reader.records() {
            let record = record?;
            let field = |at: usize| record.get(at).ok_or("a line of spoken_digits_mfcc.csv.gz is too short");
            if last.as_deref() != Some(field(0)?) {
                parts[part].push(&mut frames)?;
                last = Some(field(0)?.to_owned());
                part = usize::from(field(2)? == "test");
                parts[part].digits.push(field(1)?.parse()?);
            }
            for at in 4..4 + COEFFICIENTS {
                frames.push(field(at)?.parse()?);
            }
        }
        parts[part].push(&mut frames)?;
        let [training, test] = parts;
        Ok((training, test))
    }

    /// The numbers of a recording that is complete.
    fn push(&mut self, frames: &mut Vec<f32>) -> Result<(), Box<dyn Error>> {
        if !frames.is_empty() {
            let shape = (frames.len() / COEFFICIENTS, COEFFICIENTS);
            self.frames.push(Array2::from_shape_vec(shape, std::mem::take(frames))?);
        }
        Ok(())
    }

    fn select(&self, accept: impl Fn(usize) -> bool) -> Self {
        let rows = || (0..self.digits.len()).filter(|&row| accept(row));
        Self {
            frames: rows().map(|row| self.frames[row].clone()).collect(),
            digits: rows().map(|row| self.digits[row]).collect(),
        }
    }

    /// Mean and deviation of every coefficient.
    fn scale(&self) -> [Vec<f32>; 2] {
        let columns = |at: usize| self.frames.iter().flat_map(move |frames| frames.column(at).to_vec());
        let mean = |at| columns(at).sum::<f32>() / columns(at).count() as f32;
        let means: Vec<f32> = (0..COEFFICIENTS).map(mean).collect();
        let deviation = |at: usize| {
            let squares = columns(at).map(|x| (x - means[at]).powi(2)).sum::<f32>();
            (squares / columns(at).count() as f32).sqrt()
        };
        let deviations = (0..COEFFICIENTS).map(deviation).collect();
        [means, deviations]
    }
}

/// Recordings as images of 13 by 32 numbers.
#[derive(Debug, Clone)]
struct Stretched {
    recordings: Recordings,
    scale: [Vec<f32>; 2],
}

impl Stretched {
    /// Fills `out` with the part of a recording between two places, in frames.
    fn fill(&self, row: usize, [from, to]: [f64; 2], mut out: ArrayViewMut2<'_, f32>) {
        let frames = &self.recordings.frames[row];
        let last = frames.nrows() - 1;
        for (at, mut column) in out.axis_iter_mut(Axis(1)).enumerate() {
            let place = (from + (to - from) * at as f64 / (FRAMES - 1) as f64).clamp(0.0, last as f64);
            let (before, share) = (place as usize, place.fract() as f32);
            let after = (before + 1).min(last);
            for (coefficient, x) in column.iter_mut().enumerate() {
                let value =
                    (1.0 - share) * frames[[before, coefficient]] + share * frames[[after, coefficient]];
                *x = (value - self.scale[0][coefficient]) / self.scale[1][coefficient];
            }
        }
    }

    fn collect(
        &self,
        rows: &[usize],
        mut change: impl FnMut([f64; 2], usize) -> [f64; 2],
    ) -> nn::Result<Pair<f32>> {
        let mut out = Array3::zeros((rows.len(), COEFFICIENTS, FRAMES));
        for (&row, out) in rows.iter().zip(out.outer_iter_mut()) {
            let last = self.recordings.frames[row].nrows() - 1;
            self.fill(row, change([0.0, last as f64], last), out);
        }
        Pair::new(out, rows.iter().map(|&row| self.recordings.digits[row]).collect::<Vec<_>>())
    }
}

impl Dataset for Stretched {
    type Batch = Pair<f32>;

    fn len(&self) -> usize {
        self.recordings.digits.len()
    }

    fn batch(&self, rows: &[usize]) -> nn::Result<Pair<f32>> {
        self.collect(rows, |ends, _| ends)
    }

    fn training_batch(&self, rows: &[usize], rng: &mut ChaCha8Rng) -> nn::Result<Pair<f32>> {
        let batch = self.collect(rows, |ends, last| {
            ends.map(|end| end + (2.0 * rng.random::<f64>() - 1.0) * STRETCH * last as f64)
        })?;
        let (inputs, targets) = batch.into_parts();
        let mut inputs = inputs;
        for mut image in inputs.outer_iter_mut() {
            for mut coefficient in image.outer_iter_mut() {
                let all = NOISE[1] * rng.sample::<f32, _>(StandardNormal);
                coefficient.mapv_inplace(|x| x + all + NOISE[0] * rng.sample::<f32, _>(StandardNormal));
            }
        }
        Pair::new(inputs, targets)
    }
}

/// A convolution, a normalisation and relu.
fn block(inputs: usize, outputs: usize, taps: usize, rng: &mut ChaCha8Rng) -> nn::Result<Sequential<f32>> {
    let conv =
        Conv1dConfig { padding: Padding::Same, bias: false, ..Conv1dConfig::new(inputs, outputs, [taps]) };
    Ok(Sequential::new()
        .with(Conv1d::new(conv, rng)?)
        .with(BatchNorm1d::new(outputs, BatchNormConfig::default())?)
        .with(Relu))
}

fn network(rng: &mut ChaCha8Rng) -> nn::Result<Sequential<f32>> {
    let half = MaxPool1d::new(PoolConfig::new([2]))?;
    Ok(Sequential::new()
        .with(block(COEFFICIENTS, 64, 5, rng)?)
        .with(half)
        .with(block(64, 128, 3, rng)?)
        .with(half)
        .with(block(128, 128, 3, rng)?)
        .with(AdaptiveAvgPool1d::new([4])?)
        .with(Flatten::default())
        .with(Dropout::new(0.5)?)
        .with(Linear::new(4 * 128, 10, Init::XavierUniform, rng)?))
}

fn classes(batch: &Pair<f32>) -> &[usize] {
    batch.targets().classes().expect("digits are classes")
}

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

fn accuracy(net: &Sequential<f32>, data: &Stretched) -> nn::Result<f64> {
    let batch = data.batch(&(0..data.len()).collect::<Vec<_>>())?;
    let mut accuracy = Accuracy::new(10)?;
    accuracy.update(&net.predict(batch.inputs())?, classes(&batch))?;
    accuracy.value()
}

fn train(training: &Stretched, reported: &Stretched, seed: u64) -> nn::Result<f64> {
    let config = DataLoaderConfig { batch_size: 64, seed, ..Default::default() };
    let loader = DataLoader::new(training.clone(), config)?;
    let mut net = network(&mut ChaCha8Rng::seed_from_u64(seed))?;
    let mut rule = AdamW::new(AdamWConfig { rate: RATE, weight_decay: 0.01, ..Default::default() })?;
    // On the training recordings as they are: nothing is chosen by it.
    let score = |net: &Sequential<f32>| accuracy(net, training);
    Trainer::new(TrainerConfig {
        epochs: EPOCHS,
        seed,
        keep: Keep::Last,
        prefetch: 2,
        ..Default::default()
    })?
    .schedule(CosineDecay::new(RATE, 0.0, (EPOCHS * loader.batches()) as u64)?, Per::Step)
    .validate("training accuracy", Goal::Max, score)
    .callback(ProgressBar::new())
    .callback(Curves::new("target/spoken_digits.svg"))
    .fit(&mut net, &mut rule, &loader, &loss)?;
    accuracy(&net, reported)
}

fn main() -> Result<(), Box<dyn Error>> {
    let validate = Args::parse().validate;
    let (training, test) = Recordings::read()?;
    let (training, reported) = if validate {
        (training.select(|row| row % 5 != 4), training.select(|row| row % 5 == 4))
    } else {
        (training, test)
    };
    let scale = training.scale();
    let stretched = |recordings| Stretched { recordings, scale: scale.clone() };
    let (training, reported) = (stretched(training), stretched(reported));
    let what = if validate { "validation" } else { "test" };
    println!("{} training and {} {what} recordings", training.len(), reported.len());
    let start = Instant::now();
    let mut scores = Vec::new();
    for seed in 1..=SEEDS {
        let score = 100.0 * train(&training, &reported, seed)?;
        println!("seed {seed}: {what} accuracy {score:.2} %");
        scores.push(score);
    }
    support::print_spread(&scores, start.elapsed());
    Ok(())
}
