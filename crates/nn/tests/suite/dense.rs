//! Dense layers beside PyTorch's.

use crate::support::torch::Fixture;
use nn::{Init, Linear, Result, Sequential, Tanh};
use rand::{SeedableRng, rngs::ChaCha8Rng};

fn linear(inputs: usize, outputs: usize) -> Result<Linear<f64>> {
    Linear::new(inputs, outputs, Init::XavierUniform, &mut ChaCha8Rng::seed_from_u64(0))
}

#[test]
fn dense_layers_agree_with_pytorch() -> Result<()> {
    let fixture = Fixture::open("layers_dense");
    fixture.check("linear", &mut linear(3, 4)?);
    fixture.check("linear_three_axes", &mut linear(3, 4)?);
    let fused = Sequential::new().with(linear(3, 4)?).with(nn::Relu).with(linear(4, 2)?).with(Tanh);
    fixture.check("sequential", &mut fused.clone());
    Ok(())
}
