//! Layers on random settings and shapes: the right shape or a typed refusal, never a panic.

use nn::tensor::{Element, Interpolation, PadMode, PoolConfig, Resize, Tape, ndarray::ArrayD};
use nn::{
    AdaptiveAvgPool2d, AvgPool2d, Conv1d, Conv1dConfig, Conv2d, Conv2dConfig, ConvTranspose1d,
    ConvTranspose1dConfig,
};
use nn::{ConvTranspose2d, ConvTranspose2dConfig, Error, ErrorKind, Flatten, Glu, Init, Linear, LogSoftmax};
use nn::{MaxPool2d, Module, PRelu, Pad, Padding, Parallel, Pass, Relu};
use nn::{PixelShuffle, PixelUnshuffle};
use nn::{Reshape, Residual, Softmax, Upsample2d};
use proptest::prelude::*;
use rand::{SeedableRng, rngs::ChaCha8Rng};

fn rng() -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(0)
}

/// A refusal by a layer's own check or by an op.
fn is_typed(error: &Error) -> bool {
    let mut kind = error.kind();
    while let ErrorKind::Layer { source, .. } = kind {
        kind = source.kind();
    }
    matches!(kind, ErrorKind::Setting { .. } | ErrorKind::Shape { .. } | ErrorKind::Tensor(_))
}

fn shape() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(0usize..7, 0..6)
}

/// Mostly what is in range, so that many settings as a whole are.
fn mostly(end: usize) -> impl Strategy<Value = usize> {
    prop_oneof![12 => 1..end, 1 => Just(0)]
}

fn both(end: usize) -> impl Strategy<Value = [usize; 2]> {
    [mostly(end), mostly(end)]
}

/// Runs a layer forwards and backwards; the result's shape, or a typed refusal.
fn run<T: Element>(layer: &dyn Module<T>, shape: &[usize]) -> Option<Vec<usize>> {
    let tape = Tape::<T>::new();
    let x = tape.var(&ArrayD::from_elem(shape, T::one())).expect("few axes");
    match layer.forward(x, &mut Pass::eval()) {
        Ok(y) => {
            let gradients = tape.backward(y.sum().expect("numbers")).expect("a number");
            assert_eq!(gradients.wrt(x).expect("this tape").shape(), shape);
            Some(y.shape().expect("no op is recorded").to_vec())
        }
        Err(error) => {
            assert!(is_typed(&error), "{error}");
            None
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn convolutions_never_panic(
        channels in both(5),
        kernel in both(4),
        stride in both(4),
        zeros in [0usize..4, 0..4],
        dilation in both(3),
        groups in mostly(3),
        same in any::<bool>(),
        bias in any::<bool>(),
        fits in prop::bool::weighted(0.8),
        mut x in [1usize..3, 1..5, 0..7, 0..7],
    ) {
        let padding = if same { Padding::Same } else { Padding::Zeros(zeros) };
        let [inputs, outputs] = channels;
        if fits {
            x[1] = inputs;
        }
        let wide = Conv2dConfig { stride, padding, dilation, groups, bias, ..Conv2dConfig::new(inputs, outputs, kernel) };
        let length = |axis: usize| match padding {
            Padding::Same => x[axis + 2],
            Padding::Zeros(zeros) => {
                (x[axis + 2] + 2 * zeros[axis] - dilation[axis] * (kernel[axis] - 1) - 1) / stride[axis] + 1
            }
        };
        match Conv2d::<f64>::new(wide, &mut rng()) {
            Err(error) => prop_assert!(is_typed(&error), "{error}"),
            Ok(layer) => {
                if let Some(y) = run(&layer, &x) {
                    prop_assert_eq!(y, [x[0], outputs, length(0), length(1)]);
                }
            }
        }
        let padding = if same { Padding::Same } else { Padding::Zeros([zeros[1]]) };
        let base = Conv1dConfig::new(inputs, outputs, [kernel[1]]);
        let (stride, dilation) = ([stride[1]], [dilation[1]]);
        let long = Conv1dConfig { stride, padding, dilation, groups, bias, ..base };
        if let Ok(layer) = Conv1d::<f32>::new(long, &mut rng())
            && let Some(y) = run(&layer, &[x[0], x[1], x[3]])
        {
            prop_assert_eq!(y, [x[0], outputs, length(1)]);
        }
    }

    #[test]
    fn transposed_convolutions_never_panic(
        channels in both(5),
        kernel in both(4),
        stride in both(4),
        padding in [0usize..3, 0..3],
        output_padding in [0usize..3, 0..3],
        dilation in both(4),
        groups in mostly(3),
        bias in any::<bool>(),
        fits in prop::bool::weighted(0.8),
        mut x in [1usize..3, 1..5, 0..5, 0..5],
    ) {
        let [inputs, outputs] = channels;
        if fits {
            x[1] = inputs;
        }
        let base = ConvTranspose2dConfig::new(inputs, outputs, kernel);
        let wide = ConvTranspose2dConfig { stride, padding, output_padding, dilation, groups, bias, ..base };
        let length = |axis: usize| {
            let reach = (x[axis + 2] - 1) * stride[axis] + dilation[axis] * (kernel[axis] - 1);
            reach + output_padding[axis] + 1 - 2 * padding[axis]
        };
        match ConvTranspose2d::<f64>::new(wide, &mut rng()) {
            Err(error) => prop_assert!(is_typed(&error), "{error}"),
            Ok(layer) => {
                if let Some(y) = run(&layer, &x)
                    && x[2] > 0
                    && x[3] > 0
                {
                    prop_assert_eq!(y, [x[0], outputs, length(0), length(1)]);
                }
            }
        }
        let base = ConvTranspose1dConfig::new(inputs, outputs, [kernel[0]]);
        let long = ConvTranspose1dConfig { stride: [stride[0]], groups, bias, ..base };
        if let Ok(layer) = ConvTranspose1d::<f32>::new(long, &mut rng()) {
            run(&layer, &[x[0], x[1], x[2]]);
        }
    }

    #[test]
    fn layers_never_panic_on_any_shape(x in shape(), y in shape(), axis in 0usize..7, size in [0usize..4, 0..4]) {
        let pool = PoolConfig { padding: [axis % 2, 0], ..PoolConfig::new(size) };
        let linear = Linear::new(3, 2, Init::XavierUniform, &mut rng()).expect("settings in range");
        let mut layers: Vec<Box<dyn Module<f64>>> = vec![
            Box::new(linear.clone().relu()),
            Box::new(linear.clone().without_bias()),
            Box::new(Flatten { start: axis }),
            Box::new(Softmax { axis }),
            Box::new(LogSoftmax { axis }),
            Box::new(Glu { axis }),
            Box::new(Residual::new(linear.clone())),
            Box::new(Parallel::concat(axis).with(Relu).with(linear.clone())),
            Box::new(Parallel::sum().with(linear.clone()).with(linear)),
            Box::new(Reshape::new(&y).expect("few axes")),
            Box::new(PRelu::new(3, 0.25).expect("settings in range")),
            Box::new(Pad { amounts: [(axis, size[0]), (size[1], 0)], mode: PadMode::Reflect }),
            Box::new(Pad { amounts: [(axis, size[1])], mode: PadMode::Replicate }),
            Box::new(Upsample2d { resize: Resize::Size(size), interpolation: Interpolation::Nearest }),
        ];
        if let (Ok(fine), Ok(coarse)) = (PixelShuffle::new(size[0]), PixelUnshuffle::new(size[0])) {
            layers.push(Box::new(fine));
            layers.push(Box::new(coarse));
        }
        if let Ok(pool) = MaxPool2d::new(pool) {
            layers.push(Box::new(pool));
        }
        if let Ok(pool) = AvgPool2d::new(pool) {
            layers.push(Box::new(pool));
        }
        if let Ok(pool) = AdaptiveAvgPool2d::new(size) {
            layers.push(Box::new(pool));
        }
        for layer in layers {
            run(&*layer, &x);
        }
    }
}
