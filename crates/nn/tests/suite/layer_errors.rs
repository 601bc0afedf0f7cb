//! What layers refuse, word for word.

use nn::tensor::{PadMode, PoolConfig, Tape, ndarray::ArrayD, ndarray::array};
use nn::{
    AdaptiveAvgPool2d, AvgPool1d, AvgPool2d, Celu, Conv1d, Conv1dConfig, ConvTranspose2d,
    ConvTranspose2dConfig,
};
use nn::{Embedding, Fields, Glu, Hardtanh, Init, Linear, MaxPool1d, Module, PRelu, Pad};
use nn::{Padding, Parallel, Pass, Relu, Reshape, Residual, Result, Sequential};
use nn::{PixelShuffle, PixelUnshuffle};
use nn::{Softmax, Softplus};
use rand::{SeedableRng, rngs::ChaCha8Rng};
use std::fmt::Debug;

fn rng() -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(0)
}

#[track_caller]
fn message<V: Debug>(result: Result<V>) -> String {
    result.expect_err("a refusal").to_string()
}

/// What a layer says to an input of this shape.
#[track_caller]
fn refusal(layer: &dyn Module<f64>, shape: &[usize]) -> String {
    let tape = Tape::new();
    let x = tape.constant(&ArrayD::zeros(shape)).expect("few axes");
    message(layer.forward(x, &mut Pass::eval()))
}

#[test]
fn settings_of_convolutions() {
    let conv = |config| message(Conv1d::<f32>::new(config, &mut rng()));
    let base = Conv1dConfig::new(2, 4, [3]);
    let positive = |name: &str| format!("conv1d: expected {name} to be positive, got 0");
    assert_eq!(conv(Conv1dConfig { inputs: 0, ..base }), positive("the number of inputs"));
    assert_eq!(conv(Conv1dConfig { outputs: 0, ..base }), positive("the number of outputs"));
    assert_eq!(conv(Conv1dConfig { groups: 0, ..base }), positive("the number of groups"));
    assert_eq!(conv(Conv1dConfig { kernel: [0], ..base }), positive("the kernel"));
    assert_eq!(conv(Conv1dConfig { stride: [0], ..base }), positive("the stride"));
    assert_eq!(conv(Conv1dConfig { dilation: [0], ..base }), positive("the dilation"));
    assert_eq!(
        conv(Conv1dConfig { groups: 4, ..base }),
        "conv1d: expected the number of inputs to be a multiple of the number of groups, got 2"
    );
    assert_eq!(
        conv(Conv1dConfig { inputs: 3, groups: 3, ..base }),
        "conv1d: expected the number of outputs to be a multiple of the number of groups, got 4"
    );
    assert_eq!(
        conv(Conv1dConfig { padding: Padding::Same, stride: [2], ..base }),
        "conv1d: expected the stride to be 1 for a result as long as the input, got 2"
    );
    assert_eq!(
        conv(Conv1dConfig { init: Init::Normal { std: -1.0 }, ..base }),
        "init: expected the spread to be finite and not negative, got -1"
    );
    let base = ConvTranspose2dConfig::new(2, 4, [3, 3]);
    let config = ConvTranspose2dConfig { output_padding: [0, 2], stride: [1, 2], ..base };
    assert_eq!(
        message(ConvTranspose2d::<f32>::new(config, &mut rng())),
        "conv_transpose2d: expected the output padding to be less than the stride or the dilation, got 2"
    );
}

#[test]
fn settings_of_other_layers() {
    assert_eq!(
        message(Embedding::<f32>::new(0, 2, Init::XavierUniform, &mut rng())),
        "embedding: expected the number of vectors to be positive, got 0"
    );
    assert_eq!(
        message(Embedding::<f32>::new(2, 0, Init::XavierUniform, &mut rng())),
        "embedding: expected the width to be positive, got 0"
    );
    assert_eq!(
        message(Embedding::from_array(&array![[1.0f32]]).unwrap().with_padding(1)),
        "embedding: expected the padding index to be less than the number of vectors, got 1"
    );
    let nothing = tensor::ndarray::Array2::<f32>::zeros((3, 0));
    assert_eq!(
        message(Embedding::from_array(&nothing)),
        "embedding: expected a table of at least one number, got shape [3, 0]"
    );
    assert_eq!(
        message(MaxPool1d::new(PoolConfig::new([0]))),
        "max_pool1d: expected the kernel to be positive, got 0"
    );
    assert_eq!(
        message(AvgPool1d::new(PoolConfig { stride: [0], ..PoolConfig::new([2]) })),
        "avg_pool1d: expected the stride to be positive, got 0"
    );
    assert_eq!(
        message(AvgPool2d::new(PoolConfig { padding: [0, 2], ..PoolConfig::new([3, 3]) })),
        "avg_pool2d: expected the padding to be at most half the kernel, got 2"
    );
    assert_eq!(message(PixelShuffle::new(0)), "pixel_shuffle: expected the factor to be positive, got 0");
    assert_eq!(message(PixelUnshuffle::new(0)), "pixel_unshuffle: expected the factor to be positive, got 0");
    assert_eq!(
        message(AdaptiveAvgPool2d::new([1, 0])),
        "adaptive_avg_pool2d: expected the size to be positive, got 0"
    );
    assert_eq!(
        message(PRelu::<f32>::new(0, 0.25)),
        "prelu: expected the number of channels to be positive, got 0"
    );
    assert_eq!(message(PRelu::<f32>::new(1, f64::NAN)), "prelu: expected the slope to be finite, got NaN");
    assert_eq!(message(Reshape::new(&[1; 8])), "reshape: expected at most 8 axes, got 9");
    assert_eq!(refusal(&Celu { alpha: 0.0 }, &[1]), "celu: expected alpha to be positive and finite, got 0");
    assert_eq!(refusal(&Softplus { beta: 0.0 }, &[1]), "softplus: expected a beta above 0, got 0");
    assert_eq!(
        refusal(&Hardtanh { low: 2.0, high: 1.0 }, &[1]),
        "clamp: expected a lower bound that is not above the upper one, got 2"
    );
}

#[test]
fn shapes_that_do_not_fit_composed_layers() -> Result<()> {
    let narrow = Linear::new(3, 1, Init::XavierUniform, &mut rng())?;
    assert_eq!(
        refusal(&narrow.clone().without_bias(), &[2, 4]),
        "matmul: shapes [2, 4] and [3, 1] do not agree: \
         expected as many rows on the right as columns on the left"
    );
    assert_eq!(
        refusal(&Residual::new(narrow.clone()), &[2, 3]),
        "residual: expected a result of the input's shape [2, 3], got shape [2, 1]"
    );
    assert_eq!(
        refusal(&Residual::new(narrow.clone()), &[2, 4]),
        "layer inner: linear: shapes [2, 4] and [3, 1] do not agree: \
         expected the input's last axis to be as long as the weight's first"
    );
    assert_eq!(
        refusal(&Parallel::sum().with(Relu).with(narrow.clone()), &[2, 3]),
        "parallel: expected results of the first branch's shape [2, 3], got shape [2, 1]"
    );
    assert_eq!(
        refusal(&Parallel::sum().named("narrow", narrow)?, &[2, 1]),
        "layer narrow: linear: shapes [2, 1] and [3, 1] do not agree: \
         expected the input's last axis to be as long as the weight's first"
    );
    assert_eq!(
        refusal(&Parallel::concat(0), &[2]),
        "parallel: expected the number of branches to be at least 1, got 0"
    );
    Ok(())
}

#[test]
fn shapes_that_do_not_fit_single_layers() -> Result<()> {
    assert_eq!(
        refusal(&Reshape::new(&[2, 2])?, &[3, 5]),
        "reshape: expected 4 elements per row for [2, 2], got shape [3, 5]"
    );
    assert_eq!(
        refusal(&Reshape::new(&[2, 2])?, &[0, 5]),
        "reshape: expected 4 elements per row for [2, 2], got shape [0, 5]"
    );
    assert_eq!(
        refusal(&Reshape::new(&[])?, &[]),
        "reshape: expected an input with at least the batch's axis, got shape []"
    );
    assert_eq!(
        refusal(&PRelu::new(3, 0.25)?, &[3]),
        "prelu: expected an input [batch, 3, ..], got shape [3]"
    );
    assert_eq!(
        refusal(&Pad { amounts: [(1, 1); 2], mode: PadMode::Reflect }, &[3]),
        "pad: expected an input with at least 2 axes, got shape [3]"
    );
    assert_eq!(
        refusal(&PixelShuffle::new(2)?, &[1, 6, 2, 2]),
        "pixel_shuffle: expected an input [batch, channels, height, width] \
         with a multiple of 2 · 2 channels, got shape [1, 6, 2, 2]"
    );
    assert_eq!(
        refusal(&PixelUnshuffle::new(2)?, &[1, 1, 2, 3]),
        "pixel_unshuffle: expected an input [batch, channels, height, width], \
         both multiples of 2, got shape [1, 1, 2, 3]"
    );
    assert_eq!(
        refusal(&Glu { axis: 1 }, &[2, 3]),
        "glu: expected an input whose axis 1 is there and of even length, got shape [2, 3]"
    );
    assert_eq!(
        refusal(&Softmax { axis: 2 }, &[2, 2]),
        "softmax: axis 2 is out of range: expected less than 2, the number of axes of [2, 2]"
    );
    let conv =
        Conv1d::new(Conv1dConfig { padding: Padding::Same, ..Conv1dConfig::new(2, 4, [2]) }, &mut rng())?;
    assert_eq!(
        refusal(&conv, &[2, 5]),
        "conv1d: expected an input [batch, channels, length], got shape [2, 5]"
    );
    Ok(())
}

#[test]
fn names_of_layers() -> Result<()> {
    for name in ["", "0", "1st", "a.b", "a b"] {
        assert_eq!(
            message(Sequential::<f32>::new().named(name, Relu)),
            format!(
                "sequential: expected a name of letters, digits and underscores \
                 that does not start with a digit, got `{name}`"
            )
        );
    }
    assert_eq!(
        message(Parallel::<f32>::sum().named("a", Relu)?.with(Relu).named("a", Relu)),
        "parallel: expected a new name, got `a`, which is that of layer 0"
    );
    let linear = Linear::<f32>::new(1, 1, Init::XavierUniform, &mut rng())?;
    let net = Sequential::new().named("_in", linear.clone())?.with(Relu).named("größe", linear.clone())?;
    let net = net.with(Parallel::sum().named("a", linear.clone())?.with(linear));
    let want =
        ["_in.weight", "_in.bias", "größe.weight", "größe.bias", "3.a.weight", "3.a.bias", "3.1.weight"];
    assert_eq!(net.names()[..7], want);
    Ok(())
}
