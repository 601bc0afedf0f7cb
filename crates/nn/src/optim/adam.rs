//! Adam.

use super::moments::{Decay, Moments};
use super::settings;
use super::slots::{Base, Slots, rate_and_state};
use super::{GroupSettings, Optimizer, OptimizerState};
use crate::{Fields, GradientMap, Result};
use tensor::Element;

const KIND: &str = "adam";

/// Settings of [`Adam`]; a rate alone is one too.
///
/// | name | default | meaning | range |
/// |---|---|---|---|
/// | `rate` | 1e-3 | the learning rate | finite, not negative |
/// | `beta1` | 0.9 | how much of the average of gradients is kept | `[0, 1)` |
/// | `beta2` | 0.999 | how much of the average of their squares is kept | `[0, 1)` |
/// | `eps` | 1e-8 | what keeps the division away from 0 | finite, positive |
/// | `weight_decay` | 0 | added to the gradient, times the weight | finite, not negative |
/// | `amsgrad` | `false` | whether the largest average of squares so far counts | |
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdamConfig {
    /// The learning rate.
    pub rate: f64,
    /// How much of the average of gradients is kept.
    pub beta1: f64,
    /// How much of the average of their squares is kept.
    pub beta2: f64,
    /// What keeps the division away from 0.
    pub eps: f64,
    /// The L2 penalty: added to the gradient, times the weight.
    pub weight_decay: f64,
    /// Whether the largest average of squares so far counts.
    pub amsgrad: bool,
}

impl Default for AdamConfig {
    fn default() -> Self {
        Self { rate: 1e-3, beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: 0.0, amsgrad: false }
    }
}

impl From<f64> for AdamConfig {
    fn from(rate: f64) -> Self {
        Self { rate, ..Self::default() }
    }
}

impl AdamConfig {
    fn moments(&self) -> Moments {
        let Self { beta1, beta2, eps, amsgrad, .. } = *self;
        Moments { beta1, beta2, eps, amsgrad }
    }
}

/// Steps of about one size for every weight, by PyTorch's conventions.
///
/// ```text
/// g ← g + weight_decay * w
/// m ← beta1 * m + (1 - beta1) * g
/// v ← beta2 * v + (1 - beta2) * g²           with amsgrad: the largest v so far is used
/// w ← w - rate * m' / (√v' + eps)            m' = m / (1 - beta1^t), v' = v / (1 - beta2^t)
/// ```
///
/// t counts the steps of each parameter from 1; `eps` is outside of the correction, as in the paper. The state
/// holds `exp_avg`, `exp_avg_sq` and with amsgrad `max_exp_avg_sq`. For a decay that the averages do not see:
/// [`AdamW`](crate::AdamW).
///
/// Kingma and Ba 2015, "Adam: a method for stochastic optimization"; Reddi, Kale and Kumar 2018, "On the
/// convergence of Adam and beyond" (amsgrad).
///
/// ```
/// use nn::{Adam, AdamConfig, Fields, Optimizer};
/// use tensor::{Param, Tape, ndarray::array};
///
/// // The first step is the rate in the direction of the gradient's sign, whatever its size.
/// let mut w = Param::new(&array![1.0, 1.0])?;
/// let mut adam = Adam::new(AdamConfig { rate: 0.1, ..AdamConfig::default() })?;
/// let tape = Tape::<f64>::new();
/// let loss = tape.param(&w)?.mul(tape.constant(&array![5.0, -0.01])?)?.sum()?;
/// adam.step(&mut w, &tape.backward(loss)?)?;
/// assert!((w.values()[0] - 0.9).abs() < 1e-6);
/// assert!((w.values()[1] - 1.1).abs() < 1e-6);
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Adam<T: Element> {
    config: AdamConfig,
    slots: Slots<T>,
}

impl<T: Element> Adam<T> {
    /// The rule with these settings, or with a rate alone.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`](crate::ErrorKind::Setting) for a setting outside of its range.
    pub fn new(config: impl Into<AdamConfig>) -> Result<Self> {
        let config = config.into();
        settings::rate(KIND, config.rate)?;
        config.moments().check(KIND, config.weight_decay)?;
        Ok(Self { config, slots: Slots::new(KIND, config.moments().arrays()) })
    }

    /// The settings, with the present rate.
    pub fn config(&self) -> &AdamConfig {
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

impl<T: Element> Optimizer<T> for Adam<T> {
    fn step(&mut self, model: &mut dyn Fields<T>, gradients: &dyn GradientMap<T>) -> Result<()> {
        let (moments, base) =
            (self.config.moments(), Base { rate: self.config.rate, decay: self.config.weight_decay });
        self.slots.step(base, model, gradients, |turn| moments.update(turn, Decay::Penalty))
    }

    rate_and_state!(KIND);
}
