//! Activations beside PyTorch's, on both sides of every bend and at the bends.

use crate::support::torch::Fixture;
use nn::Tanhshrink;
use nn::tensor::{Tape, ndarray::array};
use nn::{
    Celu, Elu, Gelu, GeluTanh, Glu, Hardsigmoid, Hardswish, Hardtanh, LeakyRelu, LogSigmoid, LogSoftmax, Mish,
};
use nn::{Module, PRelu, Pass, Relu, Relu6, Result, Selu, Sigmoid, Silu, Softmax, Softplus, Softsign, Tanh};

#[test]
fn activations_without_settings_agree_with_pytorch() {
    let fixture = Fixture::open("layers_activation");
    fixture.check("relu", &mut Relu);
    fixture.check("relu6", &mut Relu6);
    fixture.check("sigmoid", &mut Sigmoid);
    fixture.check("log_sigmoid", &mut LogSigmoid);
    fixture.check("hardsigmoid", &mut Hardsigmoid);
    fixture.check("tanh", &mut Tanh);
    fixture.check("tanhshrink", &mut Tanhshrink);
    fixture.check("softsign", &mut Softsign);
    fixture.check("silu", &mut Silu);
    fixture.check("hardswish", &mut Hardswish);
    fixture.check("gelu", &mut Gelu);
    fixture.check("gelu_tanh", &mut GeluTanh);
    fixture.check("mish", &mut Mish);
    fixture.check("selu", &mut Selu);
}

#[test]
fn activations_with_settings_agree_with_pytorch() -> Result<()> {
    let fixture = Fixture::open("layers_activation");
    fixture.check("leaky_relu", &mut LeakyRelu::default());
    fixture.check("leaky_relu_slope", &mut LeakyRelu { slope: 0.3 });
    fixture.check("elu", &mut Elu::default());
    fixture.check("elu_alpha", &mut Elu { alpha: 0.7 });
    fixture.check("celu", &mut Celu::default());
    fixture.check("celu_alpha", &mut Celu { alpha: 0.7 });
    fixture.check("softplus", &mut Softplus::default());
    fixture.check("softplus_beta", &mut Softplus { beta: 2.5 });
    fixture.check("hardtanh", &mut Hardtanh::default());
    fixture.check("hardtanh_bounds", &mut Hardtanh { low: -2.0, high: 0.5 });
    fixture.check("prelu", &mut PRelu::new(1, 0.25)?);
    fixture.check("prelu_channels", &mut PRelu::new(3, 0.25)?);
    fixture.check("glu", &mut Glu { axis: 1 });
    fixture.check("softmax", &mut Softmax { axis: 1 });
    fixture.check("log_softmax", &mut LogSoftmax { axis: 2 });
    Ok(())
}

/// What is above 0 passes a learnt slope unchanged, whatever the slope.
#[test]
fn prelu_keeps_bits_and_not_a_number() -> Result<()> {
    let tape = Tape::<f32>::new();
    let x = tape.constant(&array![[0.1f32, f32::NAN, -1.0]])?;
    let y = PRelu::new(1, 1e30)?.forward(x, &mut Pass::eval())?.value()?;
    assert_eq!(y[[0, 0]].to_bits(), 0.1f32.to_bits());
    assert!(y[[0, 1]].is_nan());
    assert_eq!(y[[0, 2]], -1e30);
    Ok(())
}
