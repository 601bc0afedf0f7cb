//! Convolutions beside PyTorch's, and their first weights.

use crate::support::torch::Fixture;
use nn::tensor::{ConvConfig, Element, Tape, ndarray::array};
use nn::{Conv1d, Conv1dConfig, Conv2d, Conv2dConfig, ConvTranspose1d, ConvTranspose1dConfig};
use nn::{ConvTranspose2d, ConvTranspose2dConfig, Init, Module, Padding, Pass, Result};
use rand::{SeedableRng, rngs::ChaCha8Rng};

fn rng() -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(0)
}

#[test]
fn conv1d_agrees_with_pytorch() -> Result<()> {
    let fixture = Fixture::open("layers_conv");
    let check = |case, config| -> Result<()> {
        fixture.check(case, &mut Conv1d::new(config, &mut rng())?);
        Ok(())
    };
    check("conv1d", Conv1dConfig::new(2, 3, [3]))?;
    let settings = Conv1dConfig {
        stride: [2],
        padding: Padding::Zeros([2]),
        dilation: [2],
        groups: 2,
        ..Conv1dConfig::new(4, 6, [3])
    };
    check("conv1d_settings", settings)?;
    let same = Conv1dConfig { padding: Padding::Same, dilation: [2], ..Conv1dConfig::new(2, 3, [5]) };
    check("conv1d_same_odd", same)?;
    check("conv1d_same_even", Conv1dConfig { padding: Padding::Same, ..Conv1dConfig::new(2, 3, [4]) })?;
    check("conv1d_no_bias", Conv1dConfig { bias: false, ..Conv1dConfig::new(2, 3, [1]) })
}

#[test]
fn conv2d_agrees_with_pytorch() -> Result<()> {
    let fixture = Fixture::open("layers_conv");
    let check = |case, config| -> Result<()> {
        fixture.check(case, &mut Conv2d::new(config, &mut rng())?);
        Ok(())
    };
    check("conv2d", Conv2dConfig::new(2, 3, [3, 2]))?;
    let settings = Conv2dConfig {
        stride: [2, 1],
        padding: Padding::Zeros([1, 2]),
        dilation: [1, 2],
        groups: 2,
        ..Conv2dConfig::new(4, 6, [3, 2])
    };
    check("conv2d_settings", settings)?;
    let padding = Padding::Zeros([1, 1]);
    check("conv2d_depthwise", Conv2dConfig { padding, groups: 3, ..Conv2dConfig::new(3, 6, [3, 3]) })?;
    let same = Conv2dConfig { padding: Padding::Same, dilation: [3, 1], ..Conv2dConfig::new(2, 3, [2, 3]) };
    check("conv2d_same", same)?;
    check("conv2d_no_bias", Conv2dConfig { bias: false, ..Conv2dConfig::new(2, 3, [2, 2]) })
}

#[test]
fn transposed_convolutions_agree_with_pytorch() -> Result<()> {
    let fixture = Fixture::open("layers_conv");
    let one = |case, config| -> Result<()> {
        fixture.check(case, &mut ConvTranspose1d::new(config, &mut rng())?);
        Ok(())
    };
    let two = |case, config| -> Result<()> {
        fixture.check(case, &mut ConvTranspose2d::new(config, &mut rng())?);
        Ok(())
    };
    one("conv_transpose1d", ConvTranspose1dConfig::new(2, 3, [3]))?;
    let settings = ConvTranspose1dConfig {
        stride: [3],
        padding: [1],
        output_padding: [2],
        dilation: [2],
        groups: 2,
        ..ConvTranspose1dConfig::new(4, 6, [3])
    };
    one("conv_transpose1d_settings", settings)?;
    two(
        "conv_transpose2d",
        ConvTranspose2dConfig { bias: false, ..ConvTranspose2dConfig::new(2, 3, [2, 3]) },
    )?;
    let settings = ConvTranspose2dConfig {
        stride: [2, 3],
        padding: [1, 0],
        output_padding: [1, 2],
        dilation: [2, 1],
        groups: 2,
        ..ConvTranspose2dConfig::new(4, 2, [3, 2])
    };
    two("conv_transpose2d_settings", settings)
}

#[test]
fn d65_fans_of_convolutions() -> Result<()> {
    fn largest<T: Element>(init: Init, groups: usize, inputs: usize, outputs: usize) -> Result<f64> {
        let config = Conv2dConfig { init, groups, ..Conv2dConfig::new(inputs, outputs, [3, 3]) };
        let layer = Conv2d::<T>::new(config, &mut rng())?;
        Ok(layer.weight.values().iter().fold(0.0, |largest, w| w.to_f64().abs().max(largest)))
    }
    fn check<T: Element>() -> Result<()> {
        let near = |got: f64, bound: f64| got <= bound + 1e-7 && got > 0.93 * bound;
        assert!(near(largest::<T>(Init::XavierUniform, 1, 3, 5)?, 0.28867513));
        assert!(near(largest::<T>(Init::KaimingUniform, 1, 3, 5)?, 0.47140452));
        // Two groups halve the inputs of 6 channels.
        assert!(near(largest::<T>(Init::KaimingUniform, 2, 6, 4)?, 0.47140452));
        Ok(())
    }
    assert_eq!(Init::conv_fans(&[5, 3, 3, 3])?, [27, 45]);
    assert_eq!(Init::conv_fans(&[4, 3, 3, 3])?[0], 27);
    assert_eq!(Init::conv_fans(&[4, 3])?, [3, 4]);
    check::<f32>()?;
    check::<f64>()
}

/// A transposed kernel connects the inputs of one group to the outputs of one.
#[test]
fn fans_of_transposed_convolutions() -> Result<()> {
    let config = ConvTranspose1dConfig { groups: 2, ..ConvTranspose1dConfig::new(8, 200, [5]) };
    let layer = ConvTranspose1d::<f64>::new(config, &mut rng())?;
    let largest = layer.weight.values().iter().fold(0.0, |largest: f64, w| w.abs().max(largest));
    let bound = (6.0 / 20.0f64).sqrt();
    assert!(largest <= bound && largest > 0.98 * bound, "{largest} beside {bound}");
    Ok(())
}

#[test]
fn kernels_from_arrays() -> Result<()> {
    let tape = Tape::<f64>::new();
    let x = tape.constant(&array![[[1.0, 2.0, 4.0]]])?;
    let config = ConvConfig { stride: [2], padding: [1], ..ConvConfig::default() };
    let layer = Conv1d::from_arrays(&array![[[1.0, 10.0]]], Some(&array![0.5]), config)?;
    assert_eq!(layer.forward(x, &mut Pass::eval())?.value()?, array![[[10.5, 42.5]]].into_dyn());
    let layer = Conv1d::from_arrays(&array![[[1.0, 10.0]]], None, config)?;
    assert_eq!(layer.forward(x, &mut Pass::eval())?.value()?, array![[[10.0, 42.0]]].into_dyn());
    Ok(())
}
