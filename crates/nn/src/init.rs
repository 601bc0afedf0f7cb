//! First values of parameters.

use crate::{ErrorKind, Result};
use rand::{Rng, RngExt};
use rand_distr::StandardNormal;
use tensor::{Element, Param, ndarray::ArrayD};

/// How a parameter's first values are drawn.
///
/// `in` and `out` are the numbers of inputs and outputs that one weight connects. Drawn in `f64` and
/// rounded, so `f32` and `f64` models of one seed start alike.
///
/// | name | distribution | for |
/// |---|---|---|
/// | `XavierUniform` | U(-a, a), a = √(6 / (in + out)) | tanh, sigmoid |
/// | `XavierNormal` | N(0, 2 / (in + out)) | tanh, sigmoid |
/// | `KaimingUniform` | U(-a, a), a = √2 √(3 / in) | relu |
/// | `KaimingNormal` | N(0, 2 / in) | relu |
/// | `Normal { std }` | N(0, std²) | |
/// | `Uniform { bound }` | U(-bound, bound) | |
/// | `Constant(x)` | x | biases |
///
/// Glorot and Bengio 2010, "Understanding the difficulty of training deep feedforward neural networks";
/// He et al. 2015, "Delving deep into rectifiers".
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
    /// Normal with mean 0.
    Normal {
        /// The standard deviation.
        std: f64,
    },
    /// Uniform around 0.
    Uniform {
        /// The largest absolute value.
        bound: f64,
    },
    /// One value everywhere.
    Constant(f64),
}

impl Init {
    /// A parameter of this shape, for weights that connect `fans = [in, out]`.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`] for a spread that is negative or not finite, or no inputs and outputs;
    /// [`ErrorKind::Tensor`] for more axes than a shape holds.
    pub fn draw<T: Element>(self, shape: &[usize], fans: [usize; 2], rng: &mut impl Rng) -> Result<Param<T>> {
        let [inputs, outputs] = fans.map(|fan| fan as f64);
        let uniform = |variance: f64| (-(3.0 * variance).sqrt(), true);
        let (spread, is_uniform) = match self {
            Self::XavierUniform => uniform(2.0 / (inputs + outputs)),
            Self::KaimingUniform => uniform(2.0 / inputs),
            Self::Uniform { bound } => (-bound, true),
            Self::XavierNormal => ((2.0 / (inputs + outputs)).sqrt(), false),
            Self::KaimingNormal => ((2.0 / inputs).sqrt(), false),
            Self::Normal { std } => (std, false),
            Self::Constant(x) => {
                let values = ArrayD::from_elem(shape, T::from_f64(x));
                return Ok(Param::new(&values)?);
            }
        };
        let spread = if is_uniform { -spread } else { spread };
        if !spread.is_finite() || spread < 0.0 {
            let (owner, name, expected) = ("init", "the spread", "finite and not negative");
            return Err(ErrorKind::Setting { owner, name, expected, got: spread }.into());
        }
        let mut sample = || {
            let unit = if is_uniform { rng.random::<f64>() * 2.0 - 1.0 } else { rng.sample(StandardNormal) };
            T::from_f64(unit * spread)
        };
        Ok(Param::new(&ArrayD::from_shape_simple_fn(shape, &mut sample))?)
    }
}
