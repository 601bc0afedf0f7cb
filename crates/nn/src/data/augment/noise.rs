//! Random numbers on top.

use crate::data::Pair;
use crate::{ErrorKind, Result};
use rand::{Rng, RngExt};
use rand_distr::StandardNormal;
use tensor::Element;

/// Adds normal random numbers to the inputs of a batch, of any shape.
///
/// | setting | meaning | range |
/// |---|---|---|
/// | `deviation` | the standard deviation | 0 or more, finite |
///
/// ```
/// use nn::data::{Noise, Pair};
/// use nn::tensor::ndarray::Array1;
/// use rand::{SeedableRng, rngs::ChaCha8Rng};
///
/// let batch = Pair::new(Array1::<f64>::zeros(10_000), vec![0; 10_000])?;
/// let noisy = Noise { deviation: 0.5 }.apply(batch, &mut ChaCha8Rng::seed_from_u64(0))?;
/// let variance = noisy.inputs().iter().map(|x| x * x).sum::<f64>() / 10_000.0;
/// assert!((variance - 0.25).abs() < 0.02, "{variance}");
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Noise {
    /// The standard deviation.
    pub deviation: f64,
}

impl Noise {
    /// The batch with noise on its inputs.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`] for a deviation that is negative or not finite.
    pub fn apply<T: Element>(&self, batch: Pair<T>, rng: &mut impl Rng) -> Result<Pair<T>> {
        if !(self.deviation.is_finite() && self.deviation >= 0.0) {
            let (owner, name, expected) = ("noise", "the deviation", "finite and not negative");
            return Err(ErrorKind::Setting { owner, name, expected, got: self.deviation }.into());
        }
        let (mut inputs, targets) = batch.into_parts();
        inputs.mapv_inplace(|x| x + T::from_f64(self.deviation * rng.sample::<f64, _>(StandardNormal)));
        Pair::new(inputs, targets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand::rngs::ChaCha8Rng;
    use tensor::ndarray::array;

    #[test]
    fn deviations_are_checked() {
        let batch = || Pair::new(array![1.0f32], vec![0]).unwrap();
        let rng = &mut ChaCha8Rng::seed_from_u64(0);
        for deviation in [-1.0, f64::INFINITY, f64::NAN] {
            let error = Noise { deviation }.apply(batch(), rng).unwrap_err().to_string();
            assert!(
                error.starts_with("noise: expected the deviation to be finite and not negative"),
                "{error}"
            );
        }
        assert_eq!(Noise { deviation: 0.0 }.apply(batch(), rng).unwrap(), batch());
    }
}
