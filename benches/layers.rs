//! Layers beside those of other engines (benches/engines): `case/forward` in use, without a way back, and
//! `case/train`, the layer in training and the way back from the sum of its output times fixed numbers, to input
//! and parameters. Both are recorded anew each time on a tape that keeps its memory. The group `infer` is of models
//! in use, by a `Predictor`.

#[expect(unreachable_pub, reason = "the file is also that of another crate")]
#[path = "engines/src/work.rs"]
mod work;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, SamplingMode, criterion_group, criterion_main};
use nn::{
    AvgPool2d, BatchNorm2d, BatchNormConfig, Conv1d, Conv1dConfig, Conv2d, Conv2dConfig, ConvTranspose2d,
    ConvTranspose2dConfig, Dropout, Embedding, Gelu, Gru, Init, LayerNorm, LayerNormConfig, Linear, Lstm,
    MaxPool2d, Module, MultiHeadAttention, MultiHeadAttentionConfig, Padding, Pass, Predictor,
    RecurrentConfig, Result, RmsNorm, RmsNormConfig, Sequential, Softmax, TransformerEncoderConfig,
    TransformerEncoderLayer, fields,
};
use rand::{SeedableRng, rngs::ChaCha8Rng};
use std::hint::black_box;
use std::time::Duration;
use tensor::ndarray::{Array2, ArrayD};
use tensor::{Element, Param, PoolConfig, Tape, Var};
use work::{
    ATTENTION, BATCHES, CONV_TRANSPOSE2D, CONV1D, CONV2D, FEED_FORWARD, HEADS, IMAGES, LINEAR, MATRIX, MLPS,
    SEQUENCES, TABLE, TOKENS, numbers, tokens,
};

type Layer = Box<dyn Module<f32>>;

/// A layer and the shape of its input.
type Case = (&'static str, Vec<usize>, Layer);

/// Rows of a table, whatever the input.
#[derive(Clone)]
struct Lookup<T: Element> {
    table: Embedding<T>,
    tokens: Array2<usize>,
}

fields!(Lookup: table);

impl<T: Element> Module<T> for Lookup<T> {
    fn forward<'t>(&self, x: Var<'t, T>, _: &mut Pass<'_, T>) -> Result<Var<'t, T>> {
        self.table.forward(x.tape().indices_nd(&self.tokens)?)
    }
}

fn array(shape: &[usize]) -> ArrayD<f32> {
    ArrayD::from_shape_vec(shape, numbers(shape.iter().product(), 1.0)).expect("as many numbers")
}

fn products(rng: &mut ChaCha8Rng) -> Result<Vec<Case>> {
    let [rows, inputs, outputs] = LINEAR;
    let linear = Linear::new(inputs, outputs, Init::KaimingUniform, rng)?;
    let mut cases: Vec<Case> = vec![("linear", vec![rows, inputs], Box::new(linear))];

    let [batch, inputs, outputs, length] = CONV1D;
    let config = Conv1dConfig { padding: Padding::Zeros([1]), ..Conv1dConfig::new(inputs, outputs, [3]) };
    cases.push(("conv1d", vec![batch, inputs, length], Box::new(Conv1d::new(config, rng)?)));

    let [batch, inputs, outputs, side] = CONV2D;
    let config =
        Conv2dConfig { padding: Padding::Zeros([1, 1]), ..Conv2dConfig::new(inputs, outputs, [3, 3]) };
    cases.push(("conv2d", vec![batch, inputs, side, side], Box::new(Conv2d::new(config, rng)?)));

    let [batch, inputs, outputs, side] = CONV_TRANSPOSE2D;
    let config =
        ConvTranspose2dConfig { stride: [2, 2], ..ConvTranspose2dConfig::new(inputs, outputs, [2, 2]) };
    let layer = ConvTranspose2d::new(config, rng)?;
    cases.push(("conv_transpose2d", vec![batch, inputs, side, side], Box::new(layer)));
    Ok(cases)
}

fn others(rng: &mut ChaCha8Rng) -> Result<Vec<Case>> {
    let (images, matrix) = (|| IMAGES.to_vec(), || MATRIX.to_vec());
    let pool = PoolConfig::new([2, 2]);
    let normalize = BatchNorm2d::new(IMAGES[1], BatchNormConfig::default())?;
    let table = Embedding::new(TABLE[0], TABLE[1], Init::Normal { std: 1.0 }, rng)?;
    let tokens = Array2::from_shape_vec(TOKENS, tokens().collect()).expect("as many tokens");
    let (recurrent, [.., state]) = (RecurrentConfig::default(), SEQUENCES);
    let lstm = Lstm::new(state, state, recurrent, rng)?;
    let gru = Gru::new(state, state, recurrent, rng)?;
    let [.., width] = ATTENTION;
    let attention = MultiHeadAttention::new(width, HEADS, MultiHeadAttentionConfig::default(), rng)?;
    let encoder =
        TransformerEncoderConfig { feed_forward: FEED_FORWARD, ..TransformerEncoderConfig::default() };
    let encoder = TransformerEncoderLayer::new(width, HEADS, encoder, rng)?;
    Ok(vec![
        ("max_pool2d", images(), Box::new(MaxPool2d::new(pool)?)),
        ("avg_pool2d", images(), Box::new(AvgPool2d::new(pool)?)),
        ("batch_norm2d", images(), Box::new(normalize)),
        ("layer_norm", matrix(), Box::new(LayerNorm::new(&MATRIX[1..], LayerNormConfig::default())?)),
        ("rms_norm", matrix(), Box::new(RmsNorm::new(&MATRIX[1..], RmsNormConfig::default())?)),
        ("softmax", matrix(), Box::new(Softmax { axis: 1 })),
        ("gelu", matrix(), Box::new(Gelu)),
        ("dropout", matrix(), Box::new(Dropout::new(0.5)?)),
        ("embedding", vec![1], Box::new(Lookup { table, tokens })),
        ("lstm", SEQUENCES.to_vec(), Box::new(lstm)),
        ("gru", SEQUENCES.to_vec(), Box::new(gru)),
        ("attention", ATTENTION.to_vec(), Box::new(attention)),
        ("encoder_layer", ATTENTION.to_vec(), Box::new(encoder)),
    ])
}

/// The layer in use; returns where its values are, so that they are computed.
fn forward(layer: &Layer, x: &Param<f32>, tape: &mut Tape<f32>) -> Result<*const f32> {
    tape.reset();
    let y = tape.no_grad(|| layer.forward(tape.param(x)?, &mut Pass::eval()))??;
    Ok(y.with(|y| y.as_ptr())?)
}

/// The layer in training, its gradients, and what it gathered.
fn train(
    layer: &mut Layer,
    [x, fixed]: [&Param<f32>; 2],
    tape: &mut Tape<f32>,
    rng: &mut ChaCha8Rng,
) -> Result<()> {
    let mut pass = Pass::train(rng);
    let y = layer.forward(tape.param(x)?, &mut pass)?;
    black_box(tape.backward(y.mul(tape.param(fixed)?)?.sum()?)?);
    tape.reset();
    pass.commit(layer)
}

/// Short samples of one length, as those of the other engines: their median forgives what else the machine does.
fn settings(group: &mut BenchmarkGroup<'_, WallTime>) {
    group.warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(1));
    group.sample_size(100).sampling_mode(SamplingMode::Flat);
}

fn layers(criterion: &mut Criterion) {
    let rng = &mut ChaCha8Rng::seed_from_u64(0);
    let mut group = criterion.benchmark_group("layers");
    settings(&mut group);
    let cases = products(rng).and_then(|cases| Ok((cases, others(rng)?)));
    let (cases, others) = cases.expect("layers of these settings");
    for (name, shape, mut layer) in cases.into_iter().chain(others) {
        let mut tape = Tape::new();
        let x = Param::new(&array(&shape)).expect("a shape");
        group.bench_function(BenchmarkId::new(name, "forward"), |bench| {
            bench.iter(|| black_box(forward(&layer, &x, &mut tape).expect("a result")));
        });
        let y = layer.predict(&array(&shape)).expect("a result");
        let mut fixed = Param::new(&array(y.shape())).expect("a shape");
        fixed.set_trainable(false);
        tape.reset();
        group.bench_function(BenchmarkId::new(name, "train"), |bench| {
            bench.iter(|| train(&mut layer, [&x, &fixed], &mut tape, rng).expect("gradients"));
        });
    }
    group.finish();
}

fn infer(criterion: &mut Criterion) {
    let rng = &mut ChaCha8Rng::seed_from_u64(0);
    let mut group = criterion.benchmark_group("infer");
    settings(&mut group);
    for (name, sizes) in MLPS {
        let mut net = Sequential::new();
        for (l, size) in sizes.windows(2).enumerate() {
            let layer = Linear::new(size[0], size[1], Init::KaimingUniform, rng).expect("a layer");
            net = net.with(if l + 2 < sizes.len() { layer.relu() } else { layer });
        }
        let predictor = Predictor::new(net);
        for batch in BATCHES {
            let x = array(&[batch, sizes[0]]);
            let mut out = predictor.predict(&x).expect("a result");
            let out = out.as_slice_mut().expect("row by row");
            group.bench_function(format!("infer_{name}_b{batch}"), |bench| {
                bench.iter(|| predictor.predict_into(black_box(&x), out).expect("a result"));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, layers, infer);
criterion_main!(benches);
