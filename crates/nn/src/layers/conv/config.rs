//! Settings of convolutions, checked once.

use crate::layers::settings::expect_positive;
use crate::{ErrorKind, Init, Result};
use rand::Rng;
use tensor::{ConvConfig, ConvTransposeConfig, Element, Param};

/// Settings of a [`Conv1d`](crate::Conv1d).
pub type Conv1dConfig = ConvLayerConfig<1>;
/// Settings of a [`Conv2d`](crate::Conv2d).
pub type Conv2dConfig = ConvLayerConfig<2>;
/// Settings of a [`ConvTranspose1d`](crate::ConvTranspose1d).
pub type ConvTranspose1dConfig = ConvTransposeLayerConfig<1>;
/// Settings of a [`ConvTranspose2d`](crate::ConvTranspose2d).
pub type ConvTranspose2dConfig = ConvTransposeLayerConfig<2>;

/// Settings of a convolution over `N` spatial axes: [`new`](Self::new) gives the smallest set, other fields
/// are set by update syntax.
///
/// | field | default | meaning | range |
/// |---|---|---|---|
/// | `inputs` | – | channels of the input | a positive multiple of `groups` |
/// | `outputs` | – | channels of the result | a positive multiple of `groups` |
/// | `kernel` | – | taps per axis | positive |
/// | `stride` | 1 | positions from one output to the next | positive |
/// | `padding` | `Zeros([0; N])` | what stands before and after the input | |
/// | `dilation` | 1 | positions from one tap to the next | positive |
/// | `groups` | 1 | parts into which both sides' channels are divided; each sees its own part alone | positive |
/// | `bias` | true | whether a number is added to each channel of the result | |
/// | `init` | `KaimingUniform` | first weights; their `in` is inputs / groups · taps, their `out` outputs · taps | |
///
/// ```
/// use nn::{Conv2dConfig, Padding};
///
/// let config = Conv2dConfig { padding: Padding::Same, bias: false, ..Conv2dConfig::new(3, 16, [5, 5]) };
/// assert_eq!((config.stride, config.groups), ([1, 1], 1));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ConvLayerConfig<const N: usize> {
    /// Channels of the input.
    pub inputs: usize,
    /// Channels of the result.
    pub outputs: usize,
    /// Taps per axis.
    pub kernel: [usize; N],
    /// Positions from one output to the next.
    pub stride: [usize; N],
    /// What stands before and after the input.
    pub padding: Padding<N>,
    /// Positions from one tap to the next.
    pub dilation: [usize; N],
    /// Parts into which the channels are divided.
    pub groups: usize,
    /// Whether a number is added to each channel of the result.
    pub bias: bool,
    /// First weights.
    pub init: Init,
}

/// What stands around the input of a convolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Padding<const N: usize> {
    /// So many zeros before and after each axis.
    Zeros([usize; N]),
    /// As many zeros as make the result as long as the input, for a stride of 1: `dilation (taps - 1)`, half of
    /// them before and, where that is odd, one more after, as in PyTorch.
    Same,
}

impl<const N: usize> ConvLayerConfig<N> {
    /// A kernel of this size from `inputs` to `outputs` channels, step by step over the input alone.
    pub const fn new(inputs: usize, outputs: usize, kernel: [usize; N]) -> Self {
        Self {
            inputs,
            outputs,
            kernel,
            stride: [1; N],
            padding: Padding::Zeros([0; N]),
            dilation: [1; N],
            groups: 1,
            bias: true,
            init: Init::KaimingUniform,
        }
    }

    /// The settings of the op, and zeros that it cannot add itself.
    pub(super) fn plan(&self, owner: &'static str) -> Result<(ConvConfig<N>, [usize; N])> {
        expect_channels(owner, self.inputs, self.outputs, self.groups)?;
        expect_window(owner, [self.kernel, self.stride, self.dilation])?;
        let (stride, dilation, groups) = (self.stride, self.dilation, self.groups);
        let (padding, more) = match self.padding {
            Padding::Zeros(padding) => (padding, [0; N]),
            Padding::Same => {
                if let Some(got) = stride.into_iter().find(|&stride| stride != 1) {
                    let (name, expected) = ("the stride", "1 for a result as long as the input");
                    return Err(ErrorKind::Setting { owner, name, expected, got: got as f64 }.into());
                }
                let reach = |axis: usize| dilation[axis].saturating_mul(self.kernel[axis] - 1);
                (std::array::from_fn(|axis| reach(axis) / 2), std::array::from_fn(|axis| reach(axis) % 2))
            }
        };
        Ok((ConvConfig { stride, padding, dilation, groups }, more))
    }

    /// The first weight, `[outputs, inputs / groups, taps..]`, and bias.
    pub(super) fn draw<T: Element>(&self, rng: &mut impl Rng) -> Result<(Param<T>, Option<Param<T>>)> {
        let shape = kernel_shape([self.outputs, self.inputs / self.groups], self.kernel);
        let fans = Init::conv_fans(&shape)?;
        Ok((self.init.draw(&shape, fans, rng)?, first_bias(self.bias, self.outputs)?))
    }
}

/// Settings of a transposed convolution over `N` spatial axes: [`new`](Self::new) gives the smallest set, other
/// fields are set by update syntax.
///
/// | field | default | meaning | range |
/// |---|---|---|---|
/// | `inputs` | – | channels of the input | a positive multiple of `groups` |
/// | `outputs` | – | channels of the result | a positive multiple of `groups` |
/// | `kernel` | – | taps per axis | positive |
/// | `stride` | 1 | positions of the result from one input to the next | positive |
/// | `padding` | 0 | positions that are cut off the result's beginning and end | |
/// | `output_padding` | 0 | positions that are added to its end | fewer than the stride or the dilation |
/// | `dilation` | 1 | positions from one tap to the next | positive |
/// | `groups` | 1 | parts into which both sides' channels are divided | positive |
/// | `bias` | true | whether a number is added to each channel of the result | |
/// | `init` | `KaimingUniform` | first weights; their `in` is inputs / groups · taps, their `out` outputs / groups · taps | |
///
/// PyTorch exchanges `in` and `out` here, since it counts by the weight's axes alone.
///
/// ```
/// use nn::ConvTranspose2dConfig;
///
/// let doubling = ConvTranspose2dConfig { stride: [2, 2], ..ConvTranspose2dConfig::new(16, 8, [2, 2]) };
/// assert_eq!(doubling.output_padding, [0, 0]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ConvTransposeLayerConfig<const N: usize> {
    /// Channels of the input.
    pub inputs: usize,
    /// Channels of the result.
    pub outputs: usize,
    /// Taps per axis.
    pub kernel: [usize; N],
    /// Positions of the result from one input to the next.
    pub stride: [usize; N],
    /// Positions that are cut off the result's beginning and end.
    pub padding: [usize; N],
    /// Positions that are added to the result's end.
    pub output_padding: [usize; N],
    /// Positions from one tap to the next.
    pub dilation: [usize; N],
    /// Parts into which the channels are divided.
    pub groups: usize,
    /// Whether a number is added to each channel of the result.
    pub bias: bool,
    /// First weights.
    pub init: Init,
}

impl<const N: usize> ConvTransposeLayerConfig<N> {
    /// A kernel of this size from `inputs` to `outputs` channels, step by step.
    pub const fn new(inputs: usize, outputs: usize, kernel: [usize; N]) -> Self {
        Self {
            inputs,
            outputs,
            kernel,
            stride: [1; N],
            padding: [0; N],
            output_padding: [0; N],
            dilation: [1; N],
            groups: 1,
            bias: true,
            init: Init::KaimingUniform,
        }
    }

    /// The settings of the op.
    pub(super) fn plan(&self, owner: &'static str) -> Result<ConvTransposeConfig<N>> {
        expect_channels(owner, self.inputs, self.outputs, self.groups)?;
        expect_window(owner, [self.kernel, self.stride, self.dilation])?;
        let Self { stride, padding, output_padding, dilation, groups, .. } = *self;
        let limits = stride.into_iter().zip(dilation).map(|(stride, dilation)| stride.max(dilation));
        if let Some((got, _)) = output_padding.into_iter().zip(limits).find(|(added, limit)| added >= limit) {
            let (name, expected) = ("the output padding", "less than the stride or the dilation");
            return Err(ErrorKind::Setting { owner, name, expected, got: got as f64 }.into());
        }
        Ok(ConvTransposeConfig { stride, padding, output_padding, dilation, groups })
    }

    /// The first weight, `[inputs, outputs / groups, taps..]`, and bias.
    pub(super) fn draw<T: Element>(&self, rng: &mut impl Rng) -> Result<(Param<T>, Option<Param<T>>)> {
        let [inputs, outputs] = [self.inputs, self.outputs].map(|channels| channels / self.groups);
        let [into, _] = Init::conv_fans(&kernel_shape([outputs, inputs], self.kernel))?;
        let [out, _] = Init::conv_fans(&kernel_shape([inputs, outputs], self.kernel))?;
        let weight = self.init.draw(&kernel_shape([self.inputs, outputs], self.kernel), [into, out], rng)?;
        Ok((weight, first_bias(self.bias, self.outputs)?))
    }
}

fn kernel_shape<const N: usize>(channels: [usize; 2], taps: [usize; N]) -> Vec<usize> {
    channels.into_iter().chain(taps).collect()
}

fn first_bias<T: Element>(wanted: bool, outputs: usize) -> Result<Option<Param<T>>> {
    let zeros = || Param::new(&tensor::ndarray::Array1::zeros(outputs));
    Ok(wanted.then(zeros).transpose()?)
}

fn expect_channels(owner: &'static str, inputs: usize, outputs: usize, groups: usize) -> Result<()> {
    let channels = [("the number of inputs", inputs), ("the number of outputs", outputs)];
    expect_positive(owner, &channels)?;
    expect_positive(owner, &[("the number of groups", groups)])?;
    match channels.into_iter().find(|(_, count)| !count.is_multiple_of(groups)) {
        None => Ok(()),
        Some((name, got)) => {
            let expected = "a multiple of the number of groups";
            Err(ErrorKind::Setting { owner, name, expected, got: got as f64 }.into())
        }
    }
}

fn expect_window<const N: usize>(owner: &'static str, settings: [[usize; N]; 3]) -> Result<()> {
    ["the kernel", "the stride", "the dilation"].into_iter().zip(settings).try_for_each(|(name, lengths)| {
        lengths.into_iter().try_for_each(|n| expect_positive(owner, &[(name, n)]))
    })
}
