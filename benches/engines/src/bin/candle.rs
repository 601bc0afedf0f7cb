//! Layers of candle; it has no attention with a way back on the CPU, and no encoder.

use candle_core::{DType, Device, Module, ModuleT, Result, Shape, Tensor, Var};
use candle_nn::rnn::{GRUConfig, LSTMConfig, RNN, gru, lstm};
use candle_nn::{
    BatchNorm, Conv1d, Conv1dConfig, Conv2d, Conv2dConfig, ConvTranspose2d, ConvTranspose2dConfig, Dropout,
    Embedding, LayerNorm, Linear, RmsNorm, VarBuilder, ops,
};
use engines::{measure, work::*};
use std::collections::HashMap;

const ENGINE: &str = "candle";

/// Makes arrays: variables in training, else tensors that nothing is recorded for.
struct Maker {
    train: bool,
}

impl Maker {
    fn tensor(&self, shape: impl Into<Shape>, scale: f32) -> Result<Tensor> {
        let shape = shape.into();
        let tensor = Tensor::from_vec(numbers(shape.elem_count(), scale), shape, &Device::Cpu)?;
        if self.train { Ok(Var::from_tensor(&tensor)?.as_tensor().clone()) } else { Ok(tensor) }
    }

    /// The parameters of a recurrent layer, by name.
    fn recurrent(&self, gates: usize) -> Result<VarBuilder<'static>> {
        let [_, _, n] = SEQUENCES;
        let scale = 1.0 / (n as f32).sqrt();
        let mut tensors = HashMap::new();
        for name in ["weight_ih_l0", "weight_hh_l0"] {
            tensors.insert(name.to_string(), self.tensor((gates * n, n), scale)?);
        }
        for name in ["bias_ih_l0", "bias_hh_l0"] {
            tensors.insert(name.to_string(), self.tensor(gates * n, scale)?);
        }
        Ok(VarBuilder::from_tensors(tensors, DType::F32, &Device::Cpu))
    }
}

/// Times a layer: in use, or with the way back from the sum of its output times fixed numbers.
fn case(name: &str, train: bool, layer: impl Fn() -> Result<Tensor>) -> Result<()> {
    if !train {
        measure(ENGINE, &format!("{name}/forward"), || layer().expect("a result"));
        return Ok(());
    }
    let y = layer()?;
    let fixed = Tensor::from_vec(numbers(y.elem_count(), 1.0), y.shape(), &Device::Cpu)?;
    measure(ENGINE, &format!("{name}/train"), || {
        layer().and_then(|y| (y * &fixed)?.sum_all()?.backward()).expect("gradients")
    });
    Ok(())
}

fn products(make: &Maker) -> Result<()> {
    let [rows, inputs, outputs] = LINEAR;
    let x = make.tensor((rows, inputs), 1.0)?;
    let layer = Linear::new(make.tensor((outputs, inputs), 0.05)?, Some(make.tensor(outputs, 0.1)?));
    case("linear", make.train, || layer.forward(&x))?;

    let [batch, inputs, outputs, length] = CONV1D;
    let x = make.tensor((batch, inputs, length), 1.0)?;
    let config = Conv1dConfig { padding: 1, ..Default::default() };
    let layer =
        Conv1d::new(make.tensor((outputs, inputs, 3), 0.1)?, Some(make.tensor(outputs, 0.1)?), config);
    case("conv1d", make.train, || layer.forward(&x))?;

    let [batch, inputs, outputs, side] = CONV2D;
    let x = make.tensor((batch, inputs, side, side), 1.0)?;
    let config = Conv2dConfig { padding: 1, ..Default::default() };
    let layer =
        Conv2d::new(make.tensor((outputs, inputs, 3, 3), 0.1)?, Some(make.tensor(outputs, 0.1)?), config);
    case("conv2d", make.train, || layer.forward(&x))?;

    let [batch, inputs, outputs, side] = CONV_TRANSPOSE2D;
    let x = make.tensor((batch, inputs, side, side), 1.0)?;
    let config = ConvTranspose2dConfig { stride: 2, ..Default::default() };
    let weight = make.tensor((inputs, outputs, 2, 2), 0.1)?;
    let layer = ConvTranspose2d::new(weight, Some(make.tensor(outputs, 0.1)?), config);
    case("conv_transpose2d", make.train, || layer.forward(&x))
}

fn images(make: &Maker) -> Result<()> {
    let [_, channels, ..] = IMAGES;
    let x = make.tensor(&IMAGES, 1.0)?;
    case("max_pool2d", make.train, || x.max_pool2d(2))?;
    case("avg_pool2d", make.train, || x.avg_pool2d(2))?;
    let device = &Device::Cpu;
    let (mean, variance) =
        (Tensor::zeros(channels, DType::F32, device)?, Tensor::ones(channels, DType::F32, device)?);
    let (weight, bias) = (make.tensor(channels, 1.0)?, make.tensor(channels, 1.0)?);
    let layer = BatchNorm::new(channels, mean, variance, weight, bias, 1e-5)?;
    case("batch_norm2d", make.train, || layer.forward_t(&x, make.train))
}

fn matrices(make: &Maker) -> Result<()> {
    let [_, columns] = MATRIX;
    let x = make.tensor(&MATRIX, 1.0)?;
    let (weight, bias) = (make.tensor(columns, 1.0)?, make.tensor(columns, 1.0)?);
    if make.train {
        // The fast forms have no way back.
        let layer = LayerNorm::new_no_bias(weight.clone(), 1e-5);
        case("layer_norm", true, || layer.forward(&x)?.broadcast_add(&bias))?;
        let layer = RmsNorm::new(weight, 1e-5);
        case("rms_norm", true, || layer.forward_diff(&x))?;
        case("softmax", true, || ops::softmax(&x, 1))?;
    } else {
        let layer = LayerNorm::new(weight.clone(), bias, 1e-5);
        case("layer_norm", false, || layer.forward(&x))?;
        let layer = RmsNorm::new(weight, 1e-5);
        case("rms_norm", false, || layer.forward(&x))?;
        case("softmax", false, || ops::softmax_last_dim(&x))?;
    }
    case("gelu", make.train, || x.gelu_erf())?;
    let layer = Dropout::new(0.5);
    case("dropout", make.train, || layer.forward(&x, make.train))
}

fn sequences(make: &Maker) -> Result<()> {
    let layer = Embedding::new(make.tensor(&TABLE, 1.0)?, TABLE[1]);
    let tokens: Vec<u32> = tokens().map(|token| token as u32).collect();
    let tokens = Tensor::from_vec(tokens, &TOKENS, &Device::Cpu)?;
    case("embedding", make.train, || layer.forward(&tokens))?;

    let [.., n] = SEQUENCES;
    let x = make.tensor(&SEQUENCES, 1.0)?;
    let layer = lstm(n, n, LSTMConfig::default(), make.recurrent(4)?)?;
    case("lstm", make.train, || {
        let states = layer.seq(&x)?;
        Tensor::stack(&states.iter().map(|state| state.h().clone()).collect::<Vec<_>>(), 1)
    })?;
    let layer = gru(n, n, GRUConfig::default(), make.recurrent(3)?)?;
    case("gru", make.train, || {
        let states = layer.seq(&x)?;
        Tensor::stack(&states.iter().map(|state| state.h().clone()).collect::<Vec<_>>(), 1)
    })
}

fn infer(make: &Maker) -> Result<()> {
    for (name, sizes) in MLPS {
        let layers = sizes.windows(2).map(|size| {
            let scale = 1.0 / (size[0] as f32).sqrt();
            let weight = make.tensor((size[1], size[0]), scale)?;
            Ok(Linear::new(weight, Some(make.tensor(size[1], scale)?)))
        });
        let layers = layers.collect::<Result<Vec<_>>>()?;
        let [hidden @ .., last] = &layers[..] else { continue };
        for batch in BATCHES {
            let x = make.tensor((batch, sizes[0]), 1.0)?;
            measure(ENGINE, &format!("infer_{name}_b{batch}"), || -> Tensor {
                let hidden = hidden.iter().try_fold(x.clone(), |x, layer| layer.forward(&x)?.relu());
                hidden.and_then(|x| last.forward(&x)).expect("a result")
            });
        }
    }
    Ok(())
}

fn main() -> Result<()> {
    for train in [false, true] {
        let make = &Maker { train };
        products(make)?;
        images(make)?;
        matrices(make)?;
        sequences(make)?;
    }
    infer(&Maker { train: false })
}
