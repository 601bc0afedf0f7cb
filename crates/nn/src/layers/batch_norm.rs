//! Normalisation over a batch.

use super::norm::{check_eps, check_size, on};
use crate::{Buffer, ErrorKind, Mode, Module, Pass, Result, fields};
use std::ops::RangeInclusive;
use tensor::ndarray::{Array1, arr0};
use tensor::{BatchStatistics, Element, Param, Shape, Var};

/// The settings of [`BatchNorm1d`] and [`BatchNorm2d`], with PyTorch's names and defaults.
///
/// | name | default | meaning | range |
/// |---|---|---|---|
/// | `eps` | 1e-5 | is added to the variance | finite, not negative |
/// | `momentum` | `Some(0.1)` | the weight of a batch in the running statistics; with `None` all batches so far weigh the same | 0 to 1 |
/// | `affine` | true | whether the result is scaled by `weight` and shifted by `bias` | |
/// | `track_running_stats` | true | whether statistics are gathered in training and read in use; if not, the batch's own are always used | |
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BatchNormConfig {
    /// Is added to the variance.
    pub eps: f64,
    /// The weight of a batch in the running statistics.
    pub momentum: Option<f64>,
    /// Whether there are `weight` and `bias`.
    pub affine: bool,
    /// Whether there are running statistics.
    pub track_running_stats: bool,
}

impl Default for BatchNormConfig {
    fn default() -> Self {
        Self { eps: 1e-5, momentum: Some(0.1), affine: true, track_running_stats: true }
    }
}

impl BatchNormConfig {
    fn check(&self, owner: &'static str, channels: usize) -> Result<()> {
        check_size(owner, "the number of channels", channels)?;
        check_eps(owner, self.eps)?;
        match self.momentum {
            Some(got) if !(0.0..=1.0).contains(&got) => {
                let (name, expected) = ("the momentum", "between 0 and 1");
                Err(ErrorKind::Setting { owner, name, expected, got }.into())
            }
            _ => Ok(()),
        }
    }
}

/// A layer's fields, whatever the number of axes of its input.
struct Parts<'a, T: Element> {
    owner: &'static str,
    channels: usize,
    config: &'a BatchNormConfig,
    affine: [&'a Option<Param<T>>; 2],
    /// The running mean, the running variance and the number of batches.
    running: Option<[&'a Buffer<T>; 3]>,
}

impl<T: Element> Parts<'_, T> {
    fn check(&self, shape: &Shape, ranks: RangeInclusive<usize>, layout: &str) -> Result<()> {
        if ranks.contains(&shape.len()) && shape[1] == self.channels {
            return Ok(());
        }
        let expected = format!("{layout} with c = {}", self.channels);
        Err(ErrorKind::Shape { owner: self.owner, expected, got: shape.to_vec() }.into())
    }

    fn forward<'t>(&self, x: Var<'t, T>, pass: &mut Pass<'_, T>) -> Result<Var<'t, T>> {
        let tape = x.tape();
        let ([weight, bias], eps) = (on(tape, self.affine)?, T::from_f64(self.config.eps));
        if pass.mode() == Mode::Train {
            return self.train(x, [weight, bias], pass);
        }
        match self.running {
            Some([mean, var, _]) => {
                Ok(x.batch_norm_with([mean.on(tape)?, var.on(tape)?], weight, bias, eps)?)
            }
            None => Ok(x.batch_norm(weight, bias, eps)?.0),
        }
    }

    fn train<'t>(
        &self,
        x: Var<'t, T>,
        [weight, bias]: [Option<Var<'t, T>>; 2],
        pass: &mut Pass<'_, T>,
    ) -> Result<Var<'t, T>> {
        let shape = x.shape()?;
        let count = shape.size() / self.channels;
        if count < 2 {
            let expected = "more than one value per channel in training".to_owned();
            return Err(ErrorKind::Shape { owner: self.owner, expected, got: shape.to_vec() }.into());
        }
        let (y, BatchStatistics { mean, mut var }) =
            x.batch_norm(weight, bias, T::from_f64(self.config.eps))?;
        if let Some([running_mean, running_var, batches]) = self.running {
            let so_far = batches.values()[0].to_f64();
            let momentum = self.config.momentum.unwrap_or(1.0 / (so_far + 1.0));
            let unbiased = T::from_f64(count as f64 / (count as f64 - 1.0));
            var.iter_mut().for_each(|var| *var *= unbiased);
            pass.blend(running_mean, momentum, &mean);
            pass.blend(running_var, momentum, &var);
            pass.add(batches, &[T::one()]);
        }
        Ok(y)
    }
}

macro_rules! batch_norms {
    ($($(#[$doc:meta])* $name:ident = $owner:literal, $ranks:expr, $layout:literal;)*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone)]
            pub struct $name<T: Element> {
                /// The scale of each channel, `[c]`, at first 1.
                pub weight: Option<Param<T>>,
                /// The shift of each channel, `[c]`, at first 0.
                pub bias: Option<Param<T>>,
                /// The running mean of each channel, `[c]`, at first 0.
                pub running_mean: Option<Buffer<T>>,
                /// The running unbiased variance of each channel, `[c]`, at first 1.
                pub running_var: Option<Buffer<T>>,
                /// How many batches the running statistics are made of, a single number.
                pub num_batches_tracked: Option<Buffer<T>>,
                channels: usize,
                config: BatchNormConfig,
            }

            fields!($name: weight, bias, running_mean, running_var, num_batches_tracked);

            impl<T: Element> $name<T> {
                /// A layer for so many channels.
                ///
                /// # Errors
                /// [`ErrorKind::Setting`] for no channels and a setting out of its range.
                pub fn new(channels: usize, config: BatchNormConfig) -> Result<Self> {
                    config.check($owner, channels)?;
                    let filled = |x: f64| Array1::from_elem(channels, T::from_f64(x));
                    let param = |x| config.affine.then(|| Param::new(&filled(x))).transpose();
                    let tracked = config.track_running_stats;
                    let buffer = |x| tracked.then(|| Buffer::new(&filled(x))).transpose();
                    Ok(Self {
                        weight: param(1.0)?,
                        bias: param(0.0)?,
                        running_mean: buffer(0.0)?,
                        running_var: buffer(1.0)?,
                        num_batches_tracked: tracked.then(|| Buffer::new(&arr0(T::zero()))).transpose()?,
                        channels,
                        config,
                    })
                }

                /// The settings.
                pub fn config(&self) -> &BatchNormConfig {
                    &self.config
                }
            }

            impl<T: Element> Module<T> for $name<T> {
                fn forward<'t>(&self, x: Var<'t, T>, pass: &mut Pass<'_, T>) -> Result<Var<'t, T>> {
                    let running = match (&self.running_mean, &self.running_var, &self.num_batches_tracked) {
                        (Some(mean), Some(var), Some(batches)) => Some([mean, var, batches]),
                        _ => None,
                    };
                    let parts = Parts {
                        owner: $owner,
                        channels: self.channels,
                        config: &self.config,
                        affine: [&self.weight, &self.bias],
                        running,
                    };
                    parts.check(&x.shape()?, $ranks, $layout)?;
                    parts.forward(x, pass)
                }
            }
        )*
    };
}

batch_norms! {
    /// Every channel of a batch with mean 0 and variance 1, then scaled and shifted:
    /// `weight (x - mean) / √(var + eps) + bias`; x `[n, c]` or `[n, c, l]`, result of the same shape.
    ///
    /// In training, the mean and the biased variance (over n l values) are those of the batch, and move the
    /// running statistics when the pass is [committed](Pass::commit):
    /// `running ← (1 - momentum) running + momentum batch`, where the variance is the unbiased one. In use,
    /// the running statistics take their place as constants. Ioffe and Szegedy 2015, "Batch normalization".
    ///
    /// ```
    /// use nn::{BatchNorm1d, BatchNormConfig, Module, Pass};
    /// use rand::{SeedableRng, rngs::ChaCha8Rng};
    /// use tensor::{Tape, ndarray::array};
    ///
    /// let mut layer = BatchNorm1d::new(1, BatchNormConfig { eps: 0.0, ..BatchNormConfig::default() })?;
    /// let (tape, rng) = (Tape::<f64>::new(), &mut ChaCha8Rng::seed_from_u64(0));
    /// let mut pass = Pass::train(rng);
    /// let y = layer.forward(tape.constant(&array![[1.0], [5.0]])?, &mut pass)?;
    /// assert_eq!(y.value()?, array![[-1.0], [1.0]].into_dyn()); // mean 3, variance 4
    /// drop(tape); // it holds the parameters until the end of a step
    /// pass.commit(&mut layer)?;
    /// let mean = layer.running_mean.as_ref().map(|mean| mean.values()[0]);
    /// assert_eq!(mean, Some(0.1 * 3.0));
    /// let var = layer.running_var.as_ref().map(|var| var.values()[0]);
    /// assert_eq!(var, Some(0.9 * 1.0 + 0.1 * 8.0)); // 8: the unbiased variance
    /// # Ok::<(), nn::Error>(())
    /// ```
    ///
    /// `forward` returns [`ErrorKind::Shape`] for another number of channels and, in training, for fewer than
    /// two values per channel, whose variance is not defined.
    BatchNorm1d = "batch_norm1d", 2..=3, "[n, c] or [n, c, l]";

    /// Every channel of a batch of images with mean 0 and variance 1, then scaled and shifted:
    /// `weight (x - mean) / √(var + eps) + bias`; x `[n, c, h, w]`, result of the same shape.
    ///
    /// Each mean and variance is over n h w values; everything else as for [`BatchNorm1d`].
    ///
    /// ```
    /// use nn::{BatchNorm2d, BatchNormConfig, Module, Pass};
    /// use tensor::{Tape, ndarray::array};
    ///
    /// let layer = BatchNorm2d::new(1, BatchNormConfig { eps: 3.0, ..BatchNormConfig::default() })?;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.constant(&array![[[[2.0, 4.0]]]])?;
    /// // Before any training: mean 0 and variance 1, so a division by √(1 + 3).
    /// assert_eq!(layer.forward(x, &mut Pass::eval())?.value()?, array![[[[1.0, 2.0]]]].into_dyn());
    /// # Ok::<(), nn::Error>(())
    /// ```
    BatchNorm2d = "batch_norm2d", 4..=4, "[n, c, h, w]";
}
