//! Pooling, up-sampling and borders beside PyTorch's.

use crate::support::torch::Fixture;
use nn::tensor::{Corners, Divisor, Interpolation, PadMode, PoolConfig, Resize, Rounding};
use nn::{AdaptiveAvgPool1d, AdaptiveAvgPool2d, AdaptiveMaxPool1d, AdaptiveMaxPool2d};
use nn::{
    AvgPool1d, AvgPool2d, MaxPool1d, MaxPool2d, Pad, PixelShuffle, PixelUnshuffle, Result, Upsample1d,
    Upsample2d,
};

#[test]
fn pooling_agrees_with_pytorch() -> Result<()> {
    let fixture = Fixture::open("layers_pool");
    let rounding = Rounding::Ceil;
    let short = PoolConfig { stride: [2], padding: [1], rounding, ..PoolConfig::new([3]) };
    fixture.check("max_pool1d", &mut MaxPool1d::new(PoolConfig::new([2]))?);
    fixture.check("max_pool1d_settings", &mut MaxPool1d::new(short)?);
    fixture.check("max_pool2d", &mut MaxPool2d::new(PoolConfig::new([2, 3]))?);
    let wide = PoolConfig { stride: [2, 1], padding: [1, 0], rounding, ..PoolConfig::new([3, 2]) };
    fixture.check("max_pool2d_settings", &mut MaxPool2d::new(wide)?);
    fixture.check("avg_pool1d", &mut AvgPool1d::new(PoolConfig::new([2]))?);
    let inside = PoolConfig { divisor: Divisor::Inside, ..short };
    fixture.check("avg_pool1d_settings", &mut AvgPool1d::new(inside)?);
    fixture.check("avg_pool2d", &mut AvgPool2d::new(PoolConfig::new([2, 3]))?);
    let wide = PoolConfig { stride: [2, 3], padding: [1, 1], ..wide };
    fixture.check("avg_pool2d_settings", &mut AvgPool2d::new(wide)?);
    Ok(())
}

#[test]
fn pooling_to_a_size_agrees_with_pytorch() -> Result<()> {
    let fixture = Fixture::open("layers_pool");
    fixture.check("adaptive_avg_pool1d", &mut AdaptiveAvgPool1d::new([3])?);
    fixture.check("adaptive_avg_pool2d", &mut AdaptiveAvgPool2d::new([2, 3])?);
    fixture.check("adaptive_max_pool1d", &mut AdaptiveMaxPool1d::new([3])?);
    fixture.check("adaptive_max_pool2d", &mut AdaptiveMaxPool2d::new([2, 3])?);
    Ok(())
}

#[test]
fn up_sampling_agrees_with_pytorch() {
    let fixture = Fixture::open("layers_pool");
    let nearest = Interpolation::Nearest;
    let resize = Resize::Scale([2.0]);
    fixture.check("upsample1d", &mut Upsample1d { resize, interpolation: nearest });
    let interpolation = Interpolation::Linear(Corners::Edges);
    fixture.check("upsample1d_linear", &mut Upsample1d { resize: Resize::Size([5]), interpolation });
    fixture
        .check("upsample2d", &mut Upsample2d { resize: Resize::Scale([2.0, 3.0]), interpolation: nearest });
    let interpolation = Interpolation::Linear(Corners::Centers);
    fixture.check("upsample2d_linear", &mut Upsample2d { resize: Resize::Size([5, 4]), interpolation });
}

#[test]
fn pixel_shuffles_agree_with_pytorch() -> Result<()> {
    let fixture = Fixture::open("layers_pool");
    fixture.check("pixel_shuffle", &mut PixelShuffle::new(2)?);
    fixture.check("pixel_unshuffle", &mut PixelUnshuffle::new(2)?);
    Ok(())
}

#[test]
fn borders_agree_with_pytorch() {
    let fixture = Fixture::open("layers_pool");
    fixture.check("pad_zeros", &mut Pad { amounts: [(2, 1)], mode: PadMode::Constant(0.0) });
    fixture.check("pad_reflect", &mut Pad { amounts: [(0, 1), (2, 2)], mode: PadMode::Reflect });
    fixture.check("pad_replicate", &mut Pad { amounts: [(3, 1), (0, 2)], mode: PadMode::Replicate });
}
