//! Layers of burn with its `flex` backend.

use burn::nn::activation::ActivationConfig;
use burn::nn::attention::{MhaInput, MultiHeadAttentionConfig};
use burn::nn::conv::{Conv1dConfig, Conv2dConfig, ConvTranspose2dConfig};
use burn::nn::gru::GruConfig;
use burn::nn::lstm::LstmConfig;
use burn::nn::pool::{AvgPool2dConfig, MaxPool2dConfig};
use burn::nn::transformer::{TransformerEncoderConfig, TransformerEncoderInput};
use burn::nn::{
    BatchNormConfig, DropoutConfig, EmbeddingConfig, LayerNormConfig, LinearConfig, PaddingConfig1d,
    PaddingConfig2d, RmsNormConfig,
};
use burn::tensor::activation::{gelu, relu, softmax};
use burn::tensor::{Device, Int, Tensor, TensorData};
use engines::{measure, work::*};

const ENGINE: &str = "burn-flex";

/// Where layers are made: with a way back in training.
struct Place {
    device: Device,
    train: bool,
}

impl Place {
    fn input<const D: usize>(&self, shape: [usize; D]) -> Tensor<D> {
        let x = array(shape, &self.device);
        if self.train { x.require_grad() } else { x }
    }

    /// Times a layer: in use, or with the way back from the sum of its output times fixed numbers.
    fn case<const D: usize>(&self, name: &str, layer: impl Fn() -> Tensor<D>) {
        if !self.train {
            return measure(ENGINE, &format!("{name}/forward"), layer);
        }
        let fixed = array(layer().dims(), &self.device);
        measure(ENGINE, &format!("{name}/train"), || (layer() * fixed.clone()).sum().backward());
    }
}

fn array<const D: usize>(shape: [usize; D], device: &Device) -> Tensor<D> {
    Tensor::from_data(TensorData::new(numbers(shape.iter().product(), 1.0), shape), device)
}

fn products(place: &Place) {
    let d = &place.device;
    let [rows, inputs, outputs] = LINEAR;
    let (x, layer) = (place.input([rows, inputs]), LinearConfig::new(inputs, outputs).init(d));
    place.case("linear", || layer.forward(x.clone()));

    let [batch, inputs, outputs, length] = CONV1D;
    let x = place.input([batch, inputs, length]);
    let config = Conv1dConfig::new(inputs, outputs, 3).with_padding(PaddingConfig1d::Explicit(1, 1));
    let layer = config.init(d);
    place.case("conv1d", || layer.forward(x.clone()));

    let [batch, inputs, outputs, side] = CONV2D;
    let x = place.input([batch, inputs, side, side]);
    let config = Conv2dConfig::new([inputs, outputs], [3, 3]);
    let layer = config.with_padding(PaddingConfig2d::Explicit(1, 1, 1, 1)).init(d);
    place.case("conv2d", || layer.forward(x.clone()));

    let [batch, inputs, outputs, side] = CONV_TRANSPOSE2D;
    let x = place.input([batch, inputs, side, side]);
    let layer = ConvTranspose2dConfig::new([inputs, outputs], [2, 2]).with_stride([2, 2]).init(d);
    place.case("conv_transpose2d", || layer.forward(x.clone()));
}

fn images(place: &Place) {
    let x = place.input(IMAGES);
    let layer = MaxPool2dConfig::new([2, 2]).with_strides([2, 2]).init();
    place.case("max_pool2d", || layer.forward(x.clone()));
    let layer = AvgPool2dConfig::new([2, 2]).with_strides([2, 2]).init();
    place.case("avg_pool2d", || layer.forward(x.clone()));
    let layer = BatchNormConfig::new(IMAGES[1]).init(&place.device);
    place.case("batch_norm2d", || layer.forward(x.clone()));
}

fn matrices(place: &Place) {
    let (d, columns, x) = (&place.device, MATRIX[1], place.input(MATRIX));
    let layer = LayerNormConfig::new(columns).init(d);
    place.case("layer_norm", || layer.forward(x.clone()));
    let layer = RmsNormConfig::new(columns).init(d);
    place.case("rms_norm", || layer.forward(x.clone()));
    place.case("softmax", || softmax(x.clone(), 1));
    place.case("gelu", || gelu(x.clone()));
    let layer = DropoutConfig::new(0.5).init();
    place.case("dropout", || layer.forward(x.clone()));
}

fn sequences(place: &Place) {
    let d = &place.device;
    let tokens: Vec<i32> = tokens().map(|token| token as i32).collect();
    let tokens = Tensor::<2, Int>::from_data(TensorData::new(tokens, TOKENS), d);
    let layer = EmbeddingConfig::new(TABLE[0], TABLE[1]).init(d);
    place.case("embedding", || layer.forward(tokens.clone()));

    let (x, n) = (place.input(SEQUENCES), SEQUENCES[2]);
    let layer = LstmConfig::new(n, n, true).init(d);
    place.case("lstm", || layer.forward(x.clone(), None).0);
    let layer = GruConfig::new(n, n, true).init(d);
    place.case("gru", || layer.forward(x.clone(), None));

    let (x, n) = (place.input(ATTENTION), ATTENTION[2]);
    let layer = MultiHeadAttentionConfig::new(n, HEADS).with_dropout(0.0).init(d);
    place.case("attention", || layer.forward(MhaInput::self_attn(x.clone())).context);
    let config = TransformerEncoderConfig::new(n, FEED_FORWARD, HEADS, 1);
    let layer = config.with_activation(ActivationConfig::Relu).init(d);
    place.case("encoder_layer", || layer.forward(TransformerEncoderInput::new(x.clone())));
}

fn infer(device: &Device) {
    for (name, sizes) in MLPS {
        let layers: Vec<_> =
            sizes.windows(2).map(|size| LinearConfig::new(size[0], size[1]).init(device)).collect();
        let [hidden @ .., last] = &layers[..] else { continue };
        for batch in BATCHES {
            let x = array([batch, sizes[0]], device);
            measure(ENGINE, &format!("infer_{name}_b{batch}"), || {
                last.forward(hidden.iter().fold(x.clone(), |x, layer| relu(layer.forward(x))))
            });
        }
    }
}

fn main() {
    for train in [false, true] {
        let device = if train { Device::flex().autodiff() } else { Device::flex() };
        let place = &Place { device, train };
        products(place);
        images(place);
        matrices(place);
        sequences(place);
    }
    infer(&Device::flex());
}
