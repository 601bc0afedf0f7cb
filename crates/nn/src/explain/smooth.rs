//! Gradients of inputs, averaged over noise.

use super::gradient::Sensitivity;
use super::score::{Slopes, narrow};
use crate::{ErrorKind, Result};
use rand::{Rng, RngExt};
use rand_distr::StandardNormal;
use tensor::ndarray::{ArrayD, ArrayRef, Dimension};
use tensor::{Element, Var};

/// How far inputs are moved: the standard deviation of normal noise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Noise {
    /// The same for all inputs.
    Absolute(f64),
    /// This share of the range, largest less smallest, of each row: as in the paper, for images.
    OfRange(f64),
}

/// Settings of [`smooth_grad`].
///
/// | name | default | meaning | range |
/// |---|---|---|---|
/// | `samples` | 50 | noisy copies whose gradients are averaged | at least 1 |
/// | `noise` | `OfRange(0.15)` | how far they lie from the input | finite and not negative |
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SmoothGradConfig {
    /// Noisy copies whose gradients are averaged.
    pub samples: usize,
    /// How far they lie from the input.
    pub noise: Noise,
}

impl Default for SmoothGradConfig {
    fn default() -> Self {
        Self { samples: 50, noise: Noise::OfRange(0.15) }
    }
}

impl SmoothGradConfig {
    fn check(self) -> Result<()> {
        let owner = "smooth_grad";
        if self.samples == 0 {
            let (name, expected) = ("the number of samples", "positive");
            return Err(ErrorKind::Setting { owner, name, expected, got: 0.0 }.into());
        }
        let (Noise::Absolute(got) | Noise::OfRange(got)) = self.noise;
        if !(got.is_finite() && got >= 0.0) {
            let (name, expected) = ("the noise", "finite and not negative");
            return Err(ErrorKind::Setting { owner, name, expected, got }.into());
        }
        Ok(())
    }
}

/// The mean of `∂score(x + noise)/∂x` over noisy copies of x: a gradient that small wiggles of the score do
/// not shake.
///
/// Everything else is as for [`input_gradients`](crate::input_gradients); `scores` are those of x itself. The
/// same generator gives the same bits. Means are taken in `f64`.
///
/// Smilkov et al. 2017, "SmoothGrad: removing noise by adding noise".
///
/// ```
/// use nn::{Noise, SmoothGradConfig, smooth_grad};
/// use rand::{SeedableRng, rngs::ChaCha8Rng};
/// use tensor::ndarray::array;
///
/// // |x| near its kink: the slope of the noisy copies is 1 on one side and -1 on the other.
/// let settings = SmoothGradConfig { samples: 2000, noise: Noise::Absolute(1.0) };
/// let rng = &mut ChaCha8Rng::seed_from_u64(1);
/// let found = smooth_grad(|x| Ok(x.abs()?.sum()?), &array![0.5], settings, rng)?;
/// // Φ(0.5) - Φ(-0.5)
/// assert!((found.gradients[[0]] - 0.3829f64).abs() < 0.05);
/// # Ok::<(), nn::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::Setting`] for settings outside of their ranges; otherwise as
/// [`input_gradients`](crate::input_gradients).
pub fn smooth_grad<T: Element, D: Dimension>(
    score: impl for<'t> Fn(Var<'t, T>) -> Result<Var<'t, T>>,
    x: &ArrayRef<T, D>,
    config: SmoothGradConfig,
    rng: &mut impl Rng,
) -> Result<Sensitivity<T>> {
    config.check()?;
    let x = x.to_owned().into_dyn();
    let spread = spread(&x, config.noise);
    let mut slopes = Slopes::new("smooth_grad", score);
    let scores = slopes.scores(&x)?;
    let (mut moved, mut sums) = (x.clone(), vec![0.0; x.len()]);
    for _ in 0..config.samples {
        for ((moved, x), spread) in moved.iter_mut().zip(&x).zip(&spread) {
            let noise: f64 = rng.sample(StandardNormal);
            *moved = T::from_f64(x.to_f64() + spread * noise);
        }
        slopes.run(&moved, |slopes| {
            sums.iter_mut().zip(slopes).for_each(|(sum, slope)| *sum += slope.to_f64());
        })?;
    }
    let count = config.samples as f64;
    sums.iter_mut().for_each(|sum| *sum /= count);
    Ok(Sensitivity { scores, gradients: narrow(x.shape(), &sums) })
}

/// The deviation of the noise of each input.
fn spread<T: Element>(x: &ArrayD<T>, noise: Noise) -> Vec<f64> {
    match noise {
        Noise::Absolute(std) => vec![std; x.len()],
        Noise::OfRange(share) => {
            let rows = if x.ndim() > 1 { x.shape()[0] } else { 1 };
            let values: Vec<f64> = x.iter().map(|x| x.to_f64()).collect();
            let of_row = |row: &[f64]| {
                let (low, high) = row
                    .iter()
                    .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &x| (low.min(x), high.max(x)));
                vec![share * (high - low); row.len()]
            };
            values.chunks(values.len().div_ceil(rows.max(1)).max(1)).flat_map(of_row).collect()
        }
    }
}
