//! First values of parameters.

mod fans;
mod gain;
mod orthogonal;
mod truncated;

pub use gain::{Distribution, Fan, Gain};

use crate::{ErrorKind, Result};
use orthogonal::orthogonal;
use rand::{Rng, RngExt};
use rand_distr::StandardNormal;
use tensor::{Element, Param, ndarray::ArrayD};
use truncated::Truncated;

/// How a parameter's first values are drawn.
///
/// `in` and `out` are the numbers of inputs and outputs that one weight connects
/// ([`conv_fans`](Self::conv_fans) of a convolution's kernel). Drawn in `f64` and rounded, so `f32` and `f64`
/// models of one seed start alike.
///
/// | name | distribution | for |
/// |---|---|---|
/// | `XavierUniform` | U(-a, a), a = √(6 / (in + out)) | tanh, sigmoid |
/// | `XavierNormal` | N(0, 2 / (in + out)) | tanh, sigmoid |
/// | `KaimingUniform` | U(-a, a), a = √2 √(3 / in) | relu |
/// | `KaimingNormal` | N(0, 2 / in) | relu |
/// | `Scaled { fan, gain, distribution }` | mean 0, variance gain² / fan | any: see [`xavier`](Self::xavier), [`kaiming`](Self::kaiming) |
/// | `Orthogonal { gain }` | rows, or columns if those are fewer, of length gain and at right angles | recurrent and deep networks |
/// | `Normal { std }` | N(0, std²) | |
/// | `TruncatedNormal { std, low, high }` | N(0, std²) within `[low std, high std]` | transformers |
/// | `Uniform { bound }` | U(-bound, bound) | |
/// | `Between { low, high }` | U(low, high) | |
/// | `Constant(x)` | x | biases |
///
/// Glorot and Bengio 2010, "Understanding the difficulty of training deep feedforward neural networks";
/// He et al. 2015, "Delving deep into rectifiers"; Saxe, McClelland and Ganguli 2014, "Exact solutions to the
/// nonlinear dynamics of learning in deep linear neural networks".
///
/// ```
/// use nn::Init;
/// use rand::{SeedableRng, rngs::ChaCha8Rng};
///
/// let draw = |seed| Init::XavierUniform.draw::<f64>(&[300, 200], [300, 200], &mut ChaCha8Rng::seed_from_u64(seed));
/// let w = draw(1)?;
/// assert!(w.values().iter().all(|w| w.abs() <= (6.0 / 500.0f64).sqrt()));
/// assert_eq!(w.values(), draw(1)?.values());
/// assert_ne!(w.values(), draw(2)?.values());
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Init {
    /// Uniform, for tanh and sigmoid.
    XavierUniform,
    /// Normal, for tanh and sigmoid.
    XavierNormal,
    /// Uniform, for relu.
    KaimingUniform,
    /// Normal, for relu.
    KaimingNormal,
    /// A variance of gain² / fan.
    Scaled {
        /// What the variance is divided by.
        fan: Fan,
        /// What the deviation is multiplied by.
        gain: Gain,
        /// Of which form.
        distribution: Distribution,
    },
    /// A random rotation, or as much of it as the shape has room for: the first axis as rows, all others
    /// together as columns.
    Orthogonal {
        /// The length of each row or column.
        gain: f64,
    },
    /// Normal with mean 0.
    Normal {
        /// The standard deviation.
        std: f64,
    },
    /// Normal with mean 0, drawn again where it falls outside of bounds.
    TruncatedNormal {
        /// The standard deviation before it is truncated.
        std: f64,
        /// The lower bound in standard deviations, at most 2.
        low: f64,
        /// The upper bound in standard deviations, above `low` and at least -2.
        high: f64,
    },
    /// Uniform around 0.
    Uniform {
        /// The largest absolute value.
        bound: f64,
    },
    /// Uniform.
    Between {
        /// The smallest value.
        low: f64,
        /// The largest value.
        high: f64,
    },
    /// One value everywhere.
    Constant(f64),
}

impl Init {
    /// Glorot and Bengio's: a variance of gain² · 2 / (in + out), PyTorch's `xavier_uniform_` and
    /// `xavier_normal_`.
    ///
    /// ```
    /// use nn::{Distribution, Gain, Init};
    /// use rand::{SeedableRng, rngs::ChaCha8Rng};
    ///
    /// let draw = |init: Init| init.draw::<f64>(&[3, 3], [3, 3], &mut ChaCha8Rng::seed_from_u64(0));
    /// let plain = Init::xavier(Distribution::Uniform, Gain::Linear);
    /// assert_eq!(draw(plain)?.values(), draw(Init::XavierUniform)?.values());
    /// # Ok::<(), nn::Error>(())
    /// ```
    pub const fn xavier(distribution: Distribution, gain: Gain) -> Self {
        Self::Scaled { fan: Fan::Average, gain, distribution }
    }

    /// He's: a variance of gain² / fan, PyTorch's `kaiming_uniform_` and `kaiming_normal_`. `Fan::In` keeps
    /// the size of values on the way forwards, `Fan::Out` that of gradients on the way back.
    ///
    /// PyTorch's own layers start with `kaiming(Uniform, Fan::In, Gain::LeakyRelu(5f64.sqrt()))`, which is
    /// U(-1/√in, 1/√in); `Gain::Linear` with `Fan::In` is LeCun's.
    ///
    /// ```
    /// use nn::{Distribution, Fan, Gain, Init};
    /// use rand::{SeedableRng, rngs::ChaCha8Rng};
    ///
    /// let init = Init::kaiming(Distribution::Uniform, Fan::In, Gain::LeakyRelu(5f64.sqrt()));
    /// let w = init.draw::<f64>(&[16, 100], [16, 100], &mut ChaCha8Rng::seed_from_u64(0))?;
    /// assert!(w.values().iter().all(|w| w.abs() <= 0.25 + 1e-12));
    /// # Ok::<(), nn::Error>(())
    /// ```
    pub const fn kaiming(distribution: Distribution, fan: Fan, gain: Gain) -> Self {
        Self::Scaled { fan, gain, distribution }
    }

    /// A parameter of this shape, for weights that connect `fans = [in, out]`.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`] for a spread that is negative or not finite, no inputs and outputs, and bounds
    /// that enclose nothing or next to nothing; [`ErrorKind::Shape`] for an orthogonal matrix of fewer than
    /// two axes; [`ErrorKind::Tensor`] for more axes than a shape holds.
    pub fn draw<T: Element>(self, shape: &[usize], fans: [usize; 2], rng: &mut impl Rng) -> Result<Param<T>> {
        let filled = |sample: &mut dyn FnMut() -> f64| {
            Ok(Param::new(&ArrayD::from_shape_simple_fn(shape, || T::from_f64(sample())))?)
        };
        // A shape that is too large is refused before memory is asked for.
        tensor::Shape::new(shape)?;
        let sum = fans[0] as f64 + fans[1] as f64;
        let (variance, distribution) = match self {
            Self::XavierUniform => (2.0 / sum, Distribution::Uniform),
            Self::XavierNormal => (2.0 / sum, Distribution::Normal),
            Self::KaimingUniform => (2.0 / fans[0] as f64, Distribution::Uniform),
            Self::KaimingNormal => (2.0 / fans[0] as f64, Distribution::Normal),
            Self::Scaled { fan, gain, distribution } => (gain.value().powi(2) / fan.of(fans), distribution),
            Self::Normal { std } => return filled(&mut normal(expect_spread(std)?, rng)),
            Self::Uniform { bound } => return filled(&mut around_zero(expect_spread(bound)?, rng)),
            Self::Between { low, high } => {
                let width = expect_spread(high - low)?;
                return filled(&mut || low + width * rng.random::<f64>());
            }
            Self::Orthogonal { gain } => return orthogonal(shape, expect_spread(gain)?, rng),
            Self::TruncatedNormal { std, low, high } => {
                let (std, truncated) = (expect_spread(std)?, Truncated::new(low, high)?);
                return filled(&mut || std * truncated.sample(rng));
            }
            Self::Constant(x) => return filled(&mut || x),
        };
        match distribution {
            Distribution::Uniform => filled(&mut around_zero(expect_spread((3.0 * variance).sqrt())?, rng)),
            Distribution::Normal => filled(&mut normal(expect_spread(variance.sqrt())?, rng)),
        }
    }
}

fn around_zero(bound: f64, rng: &mut impl Rng) -> impl FnMut() -> f64 {
    move || (rng.random::<f64>() * 2.0 - 1.0) * bound
}

fn normal(std: f64, rng: &mut impl Rng) -> impl FnMut() -> f64 {
    move || rng.sample::<f64, _>(StandardNormal) * std
}

fn expect_spread(spread: f64) -> Result<f64> {
    if spread.is_finite() && spread >= 0.0 {
        return Ok(spread);
    }
    let (owner, name, expected) = ("init", "the spread", "finite and not negative");
    Err(ErrorKind::Setting { owner, name, expected, got: spread }.into())
}

#[cfg(test)]
mod tests;
