//! Convolution, pooling and up-sampling.

use crate::case;
use crate::case::{Case, Layout, mixed};
use tensor::ndarray::ArrayD;
use tensor::{
    ConvConfig, ConvTransposeConfig, Corners, Divisor, Interpolation, PoolConfig, Resize, Rounding,
};

/// One set of inputs with these shapes.
fn shapes<const N: usize>(shapes: [&[usize]; N]) -> Vec<ArrayD<f64>> {
    shapes.iter().enumerate().map(|(seed, shape)| mixed(shape, seed, Layout::Plain)).collect()
}

/// The same, and again from memory in the other order and strided.
fn layouts<const N: usize>(these: [&[usize]; N]) -> Vec<Vec<ArrayD<f64>>> {
    let other = [Layout::Reversed, Layout::Strided]
        .map(|layout| these.iter().enumerate().map(|(seed, shape)| mixed(shape, seed, layout)).collect());
    [vec![shapes(these)], other.to_vec()].concat()
}

pub(crate) fn cases() -> Vec<Case> {
    [conv1d(), conv2d(), transposed(), max(), average(), adaptive(), upsample()]
        .into_iter()
        .flatten()
        .collect()
}

fn conv1d() -> Vec<Case> {
    let all = ConvConfig { stride: [2], padding: [1], dilation: [2], groups: 1 };
    let groups = ConvConfig { stride: [2], padding: [2], dilation: [1], groups: 2 };
    vec![
        case!(
            "conv1d",
            |x| x[0].conv1d(x[1], None, ConvConfig::default()),
            [
                layouts([&[2, 2, 5], &[3, 2, 3]]),
                // One tap, one element, no image, no channel on either side.
                vec![
                    shapes([&[2, 3, 4], &[2, 3, 1]]),
                    shapes([&[1, 1, 1], &[1, 1, 1]]),
                    shapes([&[0, 2, 5], &[3, 2, 3]]),
                    shapes([&[2, 0, 5], &[3, 0, 3]]),
                    shapes([&[2, 2, 5], &[0, 2, 3]]),
                ],
            ]
            .concat()
        ),
        case!(
            "conv1d/all",
            |x| x[0].conv1d(x[1], Some(x[2]), all),
            vec![
                shapes([&[2, 2, 7], &[3, 2, 3], &[3]]),
                shapes([&[1, 1, 8], &[1, 1, 2], &[1]]),
                shapes([&[0, 1, 8], &[1, 1, 2], &[1]]),
            ]
        ),
        case!(
            "conv1d/groups",
            |x| x[0].conv1d(x[1], None, groups),
            vec![shapes([&[2, 4, 6], &[2, 2, 3]]), shapes([&[1, 2, 3], &[4, 1, 4]])]
        ),
    ]
}

fn conv2d() -> Vec<Case> {
    let strided = ConvConfig { stride: [2, 3], ..ConvConfig::default() };
    let padded = ConvConfig { padding: [2, 1], ..ConvConfig::default() };
    let dilated = ConvConfig { dilation: [2, 3], padding: [0, 2], ..ConvConfig::default() };
    let all = ConvConfig { stride: [2, 1], padding: [1, 2], dilation: [1, 2], groups: 2 };
    let depthwise = ConvConfig { padding: [1, 1], groups: 3, ..ConvConfig::default() };
    vec![
        case!(
            "conv2d",
            |x| x[0].conv2d(x[1], Some(x[2]), ConvConfig::default()),
            [
                layouts([&[2, 2, 3, 4], &[3, 2, 2, 3], &[3]]),
                vec![shapes([&[1, 1, 2, 2], &[1, 1, 2, 2], &[1]])]
            ]
            .concat()
        ),
        case!(
            "conv2d/pointwise",
            |x| x[0].conv2d(x[1], None, ConvConfig::default()),
            vec![shapes([&[2, 3, 2, 2], &[2, 3, 1, 1]])]
        ),
        case!(
            "conv2d/strided",
            |x| x[0].conv2d(x[1], None, strided),
            // A remainder on both axes; a stride longer than the kernel.
            vec![shapes([&[1, 2, 6, 6], &[2, 2, 3, 2]]), shapes([&[1, 1, 4, 4], &[1, 1, 1, 1]])]
        ),
        case!(
            "conv2d/padded",
            |x| x[0].conv2d(x[1], None, padded),
            vec![shapes([&[2, 1, 3, 2], &[2, 1, 3, 3]]), shapes([&[1, 1, 1, 1], &[1, 1, 2, 2]])]
        ),
        case!(
            "conv2d/dilated",
            |x| x[0].conv2d(x[1], None, dilated),
            vec![shapes([&[1, 2, 5, 4], &[1, 2, 3, 2]])]
        ),
        case!(
            "conv2d/all",
            |x| x[0].conv2d(x[1], Some(x[2]), all),
            vec![shapes([&[2, 4, 5, 4], &[2, 2, 3, 3], &[2]])]
        ),
        case!(
            "conv2d/depthwise",
            |x| x[0].conv2d(x[1], None, depthwise),
            vec![shapes([&[1, 3, 3, 3], &[3, 1, 3, 3]])]
        ),
        case!(
            "conv2d/shared",
            // Both operands are one value: the gradients add up.
            |x| x[0].conv2d(x[0], None, ConvConfig { padding: [1, 1], ..ConvConfig::default() }),
            vec![shapes([&[2, 2, 2, 3]])]
        ),
    ]
}

fn transposed() -> Vec<Case> {
    let one = ConvTransposeConfig { stride: [2], padding: [1], output_padding: [1], ..Default::default() };
    let strided = ConvTransposeConfig { stride: [2, 3], output_padding: [1, 2], ..Default::default() };
    let all = ConvTransposeConfig {
        stride: [2, 1],
        padding: [1, 2],
        output_padding: [0, 1],
        dilation: [1, 2],
        groups: 2,
    };
    vec![
        case!(
            "conv_transpose1d",
            |x| x[0].conv_transpose1d(x[1], Some(x[2]), one),
            [
                layouts([&[2, 2, 3], &[2, 3, 3], &[3]]),
                vec![shapes([&[0, 2, 3], &[2, 3, 3], &[3]]), shapes([&[1, 1, 1], &[1, 1, 2], &[1]])],
            ]
            .concat()
        ),
        case!(
            "conv_transpose2d",
            |x| x[0].conv_transpose2d(x[1], Some(x[2]), ConvTransposeConfig::default()),
            [
                layouts([&[2, 2, 2, 3], &[2, 3, 2, 2], &[3]]),
                vec![
                    shapes([&[2, 2, 2, 3], &[2, 1, 1, 1], &[1]]),
                    shapes([&[1, 0, 2, 3], &[0, 1, 2, 1], &[1]])
                ],
            ]
            .concat()
        ),
        case!(
            "conv_transpose2d/strided",
            |x| x[0].conv_transpose2d(x[1], None, strided),
            vec![shapes([&[1, 2, 2, 3], &[2, 1, 3, 2]])]
        ),
        case!(
            "conv_transpose2d/all",
            |x| x[0].conv_transpose2d(x[1], Some(x[2]), all),
            vec![shapes([&[2, 4, 3, 4], &[4, 1, 3, 2], &[2]])]
        ),
    ]
}

fn max() -> Vec<Case> {
    let padded = PoolConfig { stride: [2], padding: [1], ..PoolConfig::new([3]) };
    let ceil =
        PoolConfig { stride: [2, 2], padding: [1, 0], rounding: Rounding::Ceil, ..PoolConfig::new([3, 2]) };
    let overlapping = PoolConfig { stride: [1, 1], ..PoolConfig::new([2, 2]) };
    vec![
        case!(
            "max_pool1d",
            |x| x[0].max_pool1d(PoolConfig::new([2])),
            [layouts([&[2, 2, 5]]), vec![shapes([&[0, 2, 3]]), shapes([&[2, 0, 3]])]].concat()
        ),
        case!(
            "max_pool1d/padded",
            |x| x[0].max_pool1d(padded),
            vec![shapes([&[2, 1, 6]]), shapes([&[1, 1, 1]])]
        ),
        case!(
            "max_pool2d",
            |x| x[0].max_pool2d(PoolConfig::new([2, 3])),
            [layouts([&[2, 2, 5, 4]]), vec![shapes([&[1, 2, 2, 3]])]].concat()
        ),
        case!("max_pool2d/ceil", |x| x[0].max_pool2d(ceil), vec![shapes([&[1, 2, 4, 5]])]),
        case!("max_pool2d/overlapping", |x| x[0].max_pool2d(overlapping), vec![shapes([&[1, 2, 3, 4]])]),
    ]
}

fn average() -> Vec<Case> {
    let padded = PoolConfig { stride: [2], padding: [1], ..PoolConfig::new([3]) };
    let ceil =
        PoolConfig { stride: [2, 3], padding: [1, 1], rounding: Rounding::Ceil, ..PoolConfig::new([3, 2]) };
    let inside = PoolConfig { divisor: Divisor::Inside, ..ceil };
    vec![
        case!(
            "avg_pool1d",
            |x| x[0].avg_pool1d(PoolConfig::new([2])),
            [layouts([&[2, 2, 5]]), vec![shapes([&[0, 2, 3]]), shapes([&[2, 0, 3]])]].concat()
        ),
        case!(
            "avg_pool1d/padded",
            |x| x[0].avg_pool1d(padded),
            vec![shapes([&[2, 1, 6]]), shapes([&[1, 1, 1]])]
        ),
        case!("avg_pool2d", |x| x[0].avg_pool2d(PoolConfig::new([2, 3])), layouts([&[2, 2, 5, 4]])),
        case!("avg_pool2d/ceil", |x| x[0].avg_pool2d(ceil), vec![shapes([&[1, 2, 4, 6]])]),
        case!("avg_pool2d/inside", |x| x[0].avg_pool2d(inside), vec![shapes([&[1, 2, 4, 6]])]),
    ]
}

fn adaptive() -> Vec<Case> {
    let one = || [layouts([&[2, 2, 7]]), vec![shapes([&[1, 1, 2]]), shapes([&[0, 1, 2]])]].concat();
    let two = || [layouts([&[2, 2, 5, 4]]), vec![shapes([&[1, 1, 1, 1]])]].concat();
    vec![
        case!("adaptive_avg_pool1d", |x| x[0].adaptive_avg_pool1d([3]), one()),
        case!("adaptive_max_pool1d", |x| x[0].adaptive_max_pool1d([3]), one()),
        case!("adaptive_avg_pool2d", |x| x[0].adaptive_avg_pool2d([3, 2]), two()),
        case!("adaptive_avg_pool2d/all", |x| x[0].adaptive_avg_pool2d([1, 1]), two()),
        case!("adaptive_max_pool2d", |x| x[0].adaptive_max_pool2d([3, 6]), two()),
    ]
}

fn upsample() -> Vec<Case> {
    let edges = Interpolation::Linear(Corners::Edges);
    let centers = Interpolation::Linear(Corners::Centers);
    let one = || [layouts([&[2, 2, 3]]), vec![shapes([&[1, 1, 1]]), shapes([&[0, 1, 2]])]].concat();
    let two = || [layouts([&[1, 2, 3, 4]]), vec![shapes([&[2, 1, 1, 1]])]].concat();
    vec![
        case!("upsample1d", |x| x[0].upsample1d(Resize::Scale([2.0]), Interpolation::Nearest), one()),
        case!("upsample1d/edges", |x| x[0].upsample1d(Resize::Scale([2.5]), edges), one()),
        case!("upsample1d/centers", |x| x[0].upsample1d(Resize::Size([7]), centers), one()),
        case!("upsample2d", |x| x[0].upsample2d(Resize::Size([5, 2]), Interpolation::Nearest), two()),
        case!("upsample2d/edges", |x| x[0].upsample2d(Resize::Scale([2.0, 3.0]), edges), two()),
        case!("upsample2d/smaller", |x| x[0].upsample2d(Resize::Size([2, 3]), edges), two()),
        case!("upsample2d/centers", |x| x[0].upsample2d(Resize::Size([5, 4]), centers), two()),
    ]
}
