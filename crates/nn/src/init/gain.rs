//! How large first values are: fans, gains and forms.

/// The number of connections that a variance is divided by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Fan {
    /// The inputs: values keep their size on the way forwards.
    #[default]
    In,
    /// The outputs: gradients keep their size on the way back.
    Out,
    /// The mean of both, a compromise.
    Average,
}

impl Fan {
    pub(super) fn of(self, [inputs, outputs]: [usize; 2]) -> f64 {
        let (inputs, outputs) = (inputs as f64, outputs as f64);
        match self {
            Self::In => inputs,
            Self::Out => outputs,
            Self::Average => (inputs + outputs) / 2.0,
        }
    }
}

/// What a deviation is multiplied by, so that the activation behind the weights leaves values as large as they
/// were: PyTorch's `calculate_gain`.
///
/// | name | value |
/// |---|---|
/// | `Linear`, `Sigmoid` | 1 |
/// | `Tanh` | 5/3 |
/// | `Relu` | √2 |
/// | `LeakyRelu(slope)` | √(2 / (1 + slope²)) |
/// | `Selu` | 3/4 |
/// | `Value(x)` | x |
///
/// ```
/// use nn::Gain;
///
/// assert_eq!(Gain::Relu.value(), 2f64.sqrt());
/// assert_eq!(Gain::LeakyRelu(1.0).value(), 1.0);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub enum Gain {
    /// No activation.
    #[default]
    Linear,
    /// The logistic function.
    Sigmoid,
    /// The hyperbolic tangent.
    Tanh,
    /// `max(x, 0)`, and what is close to it, such as silu and gelu.
    Relu,
    /// A rectifier with this slope below 0.
    LeakyRelu(f64),
    /// The self-normalising unit; PyTorch's value for it.
    Selu,
    /// Any number.
    Value(f64),
}

impl Gain {
    /// The number.
    pub fn value(self) -> f64 {
        match self {
            Self::Linear | Self::Sigmoid => 1.0,
            Self::Tanh => 5.0 / 3.0,
            Self::Relu => std::f64::consts::SQRT_2,
            Self::LeakyRelu(slope) => (2.0 / (1.0 + slope * slope)).sqrt(),
            Self::Selu => 0.75,
            Self::Value(x) => x,
        }
    }
}

/// The form of a distribution with a given deviation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Distribution {
    /// Between -√3 and √3 deviations.
    #[default]
    Uniform,
    /// The bell curve.
    Normal,
}
