//! Adam with decoupled weight decay.

use super::moments::{Decay, Moments};
use super::settings;
use super::slots::{Base, Slots, rate_and_state};
use super::{GroupSettings, Optimizer, OptimizerState};
use crate::{Fields, GradientMap, Result};
use tensor::Element;

const KIND: &str = "adamw";

/// Settings of [`AdamW`]; a rate alone is one too.
///
/// | name | default | meaning | range |
/// |---|---|---|---|
/// | `rate` | 1e-3 | the learning rate | finite, not negative |
/// | `beta1` | 0.9 | how much of the average of gradients is kept | `[0, 1)` |
/// | `beta2` | 0.999 | how much of the average of their squares is kept | `[0, 1)` |
/// | `eps` | 1e-8 | what keeps the division away from 0 | finite, positive |
/// | `weight_decay` | 0.01 | the share of the weight that a step takes off, times the rate | finite, not negative |
/// | `amsgrad` | `false` | whether the largest average of squares so far counts | |
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdamWConfig {
    /// The learning rate.
    pub rate: f64,
    /// How much of the average of gradients is kept.
    pub beta1: f64,
    /// How much of the average of their squares is kept.
    pub beta2: f64,
    /// What keeps the division away from 0.
    pub eps: f64,
    /// The share of the weight that a step takes off, times the rate.
    pub weight_decay: f64,
    /// Whether the largest average of squares so far counts.
    pub amsgrad: bool,
}

impl Default for AdamWConfig {
    fn default() -> Self {
        Self { rate: 1e-3, beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: 0.01, amsgrad: false }
    }
}

impl From<f64> for AdamWConfig {
    fn from(rate: f64) -> Self {
        Self { rate, ..Self::default() }
    }
}

impl AdamWConfig {
    fn moments(&self) -> Moments {
        let Self { beta1, beta2, eps, amsgrad, .. } = *self;
        Moments { beta1, beta2, eps, amsgrad }
    }
}

/// [`Adam`](crate::Adam) with a weight decay that takes a share off every weight, beside the step and not through
/// the averages; by PyTorch's conventions.
///
/// ```text
/// w ← w - rate * weight_decay * w
/// m ← beta1 * m + (1 - beta1) * g
/// v ← beta2 * v + (1 - beta2) * g²           with amsgrad: the largest v so far is used
/// w ← w - rate * m' / (√v' + eps)            m' = m / (1 - beta1^t), v' = v / (1 - beta2^t)
/// ```
///
/// Biases and the scales of norms are usually left out of the decay: [`GroupSettings`]. The state is that of
/// `Adam`.
///
/// Loshchilov and Hutter 2019, "Decoupled weight decay regularization".
///
/// ```
/// use nn::{AdamW, AdamWConfig, Fields, Optimizer};
/// use tensor::{Param, Tape, ndarray::array};
///
/// // A gradient of 0 leaves the decay: 2 - 0.1 * 0.01 * 2.
/// let mut w = Param::new(&array![2.0])?;
/// let config = AdamWConfig { rate: 0.1, weight_decay: 0.01, ..AdamWConfig::default() };
/// let mut adamw = AdamW::new(config)?;
/// let tape = Tape::<f64>::new();
/// let gradients = tape.backward(tape.param(&w)?.scale(0.0)?.sum()?)?;
/// adamw.step(&mut w, &gradients)?;
/// assert!((w.values()[0] - 1.998).abs() < 1e-15);
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct AdamW<T: Element> {
    config: AdamWConfig,
    slots: Slots<T>,
}

impl<T: Element> AdamW<T> {
    /// The rule with these settings, or with a rate alone.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`](crate::ErrorKind::Setting) for a setting outside of its range.
    pub fn new(config: impl Into<AdamWConfig>) -> Result<Self> {
        let config = config.into();
        settings::rate(KIND, config.rate)?;
        config.moments().check(KIND, config.weight_decay)?;
        Ok(Self { config, slots: Slots::new(KIND, config.moments().arrays()) })
    }

    /// The settings, with the present rate.
    pub fn config(&self) -> &AdamWConfig {
        &self.config
    }

    /// Other settings for the parameters whose names are accepted by none of the groups before.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`](crate::ErrorKind::Setting) for a setting outside of its range.
    pub fn group(
        mut self,
        accepts: impl Fn(&str) -> bool + Send + Sync + 'static,
        settings: GroupSettings,
    ) -> Result<Self> {
        self.slots.group(accepts, settings)?;
        Ok(self)
    }
}

impl<T: Element> Optimizer<T> for AdamW<T> {
    fn step(&mut self, model: &mut dyn Fields<T>, gradients: &dyn GradientMap<T>) -> Result<()> {
        let (moments, base) =
            (self.config.moments(), Base { rate: self.config.rate, decay: self.config.weight_decay });
        self.slots.step(base, model, gradients, |turn| moments.update(turn, Decay::Decoupled))
    }

    rate_and_state!(KIND);
}
