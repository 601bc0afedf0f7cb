//! Dense layers, and layers made of others, beside PyTorch's.

use crate::support::torch::Fixture;
use nn::{Conv2d, Conv2dConfig, Flatten, Identity, Init, Linear, Parallel, Reshape, Residual, Result};
use nn::{Sequential, Tanh};
use rand::{SeedableRng, rngs::ChaCha8Rng};

fn linear(inputs: usize, outputs: usize) -> Result<Linear<f64>> {
    Linear::new(inputs, outputs, Init::XavierUniform, &mut ChaCha8Rng::seed_from_u64(0))
}

#[test]
fn dense_layers_agree_with_pytorch() -> Result<()> {
    let fixture = Fixture::open("layers_dense");
    fixture.check("linear", &mut linear(3, 4)?);
    fixture.check("linear_three_axes", &mut linear(3, 4)?);
    fixture.check("linear_no_bias", &mut linear(3, 4)?.without_bias());
    fixture.check("linear_no_bias_one_axis", &mut linear(3, 4)?.without_bias());
    let fused = Sequential::new().with(linear(3, 4)?).with(nn::Relu).with(linear(4, 2)?).with(Tanh);
    fixture.check("sequential", &mut fused.clone());
    Ok(())
}

#[test]
fn composed_layers_agree_with_pytorch() -> Result<()> {
    let fixture = Fixture::open("layers_dense");
    fixture.check("residual", &mut Residual::new(linear(3, 3)?));
    let concat = Parallel::concat(1).named("wide", linear(3, 4)?)?.named("plain", Identity)?;
    fixture.check("concat", &mut concat.clone());
    let sum = Parallel::sum().named("one", linear(3, 4)?)?.named("other", linear(3, 4)?.without_bias())?;
    fixture.check("sum", &mut sum.clone());
    let conv = Conv2d::new(Conv2dConfig::new(1, 2, [2, 2]), &mut ChaCha8Rng::seed_from_u64(0))?;
    let images = Sequential::new()
        .with(Reshape::new(&[1, 4, 3])?)
        .with(conv)
        .with(Flatten::default())
        .with(linear(12, 2)?);
    fixture.check("image_model", &mut images.clone());
    Ok(())
}

/// What one op does with a bias, two do without.
#[test]
fn activations_without_a_bias_are_the_same() -> Result<()> {
    use nn::{Module, Pass, tensor::Activation, tensor::Tape, tensor::ndarray::array};
    let layer = linear(3, 4)?;
    for activation in [Activation::Identity, Activation::Relu, Activation::Sigmoid, Activation::Tanh] {
        // The first biases are 0.
        let with = layer.clone().with(activation);
        let without = Linear { bias: None, ..layer.clone() }.with(activation);
        let [a, b] = [with, without].map(|layer| {
            let tape = Tape::new();
            let x = tape.var(&array![[0.5, -1.0, 2.0], [-0.3, 0.1, 0.9]]).unwrap();
            let y = layer.forward(x, &mut Pass::eval()).unwrap();
            let gradients = tape.backward(y.sum().unwrap()).unwrap();
            (y.value().unwrap(), gradients.wrt(x).unwrap().to_owned())
        });
        let far = |a: &f64, b: &f64| (a - b).abs() > 1e-14;
        assert!(!a.0.iter().zip(&b.0).any(|(a, b)| far(a, b)), "{activation:?}");
        assert!(!a.1.iter().zip(&b.1).any(|(a, b)| far(a, b)), "{activation:?}");
    }
    Ok(())
}
