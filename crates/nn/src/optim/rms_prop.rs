//! RMSprop.

use super::settings::{self, not_negative, positive, share};
use super::slots::{Base, Slots, Turn, rate_and_state};
use super::{GroupSettings, Optimizer, OptimizerState};
use crate::{Fields, GradientMap, Result};
use tensor::Element;

const KIND: &str = "rms_prop";

/// Settings of [`RmsProp`]; a rate alone is one too.
///
/// | name | default | meaning | range |
/// |---|---|---|---|
/// | `rate` | 1e-2 | the learning rate | finite, not negative |
/// | `alpha` | 0.99 | how much of the averages is kept | `[0, 1)` |
/// | `eps` | 1e-8 | what keeps the division away from 0 | finite, positive |
/// | `momentum` | 0 | how much of the last direction is kept | `[0, 1)` |
/// | `centered` | `false` | whether the variance is used in place of the mean square | |
/// | `weight_decay` | 0 | added to the gradient, times the weight | finite, not negative |
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RmsPropConfig {
    /// The learning rate.
    pub rate: f64,
    /// How much of the averages is kept.
    pub alpha: f64,
    /// What keeps the division away from 0.
    pub eps: f64,
    /// How much of the last direction is kept.
    pub momentum: f64,
    /// Whether the gradient's variance is used in place of its mean square.
    pub centered: bool,
    /// The L2 penalty: added to the gradient, times the weight.
    pub weight_decay: f64,
}

impl Default for RmsPropConfig {
    fn default() -> Self {
        Self { rate: 1e-2, alpha: 0.99, eps: 1e-8, momentum: 0.0, centered: false, weight_decay: 0.0 }
    }
}

impl From<f64> for RmsPropConfig {
    fn from(rate: f64) -> Self {
        Self { rate, ..Self::default() }
    }
}

impl RmsPropConfig {
    fn check(&self) -> Result<()> {
        settings::rate(KIND, self.rate)?;
        share(KIND, "alpha", self.alpha)?;
        positive(KIND, "eps", self.eps)?;
        share(KIND, "momentum", self.momentum)?;
        not_negative(KIND, "weight decay", self.weight_decay)
    }

    /// The names of what is kept.
    fn arrays(&self) -> Vec<&'static str> {
        let average = self.centered.then_some("grad_avg");
        let momentum = (self.momentum > 0.0).then_some("momentum_buffer");
        ["square_avg"].into_iter().chain(average).chain(momentum).collect()
    }

    fn update<T: Element>(&self, turn: Turn<'_, T>) -> tensor::Result<()> {
        let n = T::from_f64;
        let (rate, decay, keep) = (n(turn.rate), n(turn.decay), n(self.momentum));
        let (alpha, new, eps) = (n(self.alpha), n(1.0 - self.alpha), n(self.eps));
        let penalised = move |w: T, g: T| if decay == T::zero() { g } else { g + decay * w };
        let square = move |v: T, g: T| alpha * v + new * (g * g);
        let mean = move |a: T, g: T| a + new * (g - a);
        // Equal gradients have a variance of 0, which rounding may miss on either side.
        let spread = move |v: T, a: T| (v - a * a).larger(T::zero());
        let direction = move |v: T, g: T| g / (v.sqrt() + eps);
        match (self.centered, self.momentum > 0.0) {
            (false, false) => turn.update(move |w, [v], g| {
                let g = penalised(w, g);
                let v = square(v, g);
                (w - rate * direction(v, g), [v])
            }),
            (false, true) => turn.update(move |w, [v, m], g| {
                let g = penalised(w, g);
                let v = square(v, g);
                let m = keep * m + direction(v, g);
                (w - rate * m, [v, m])
            }),
            (true, false) => turn.update(move |w, [v, a], g| {
                let g = penalised(w, g);
                let (v, a) = (square(v, g), mean(a, g));
                (w - rate * direction(spread(v, a), g), [v, a])
            }),
            (true, true) => turn.update(move |w, [v, a, m], g| {
                let g = penalised(w, g);
                let (v, a) = (square(v, g), mean(a, g));
                let m = keep * m + direction(spread(v, a), g);
                (w - rate * m, [v, a, m])
            }),
        }
    }
}

/// Steps divided by the root of the mean square of each weight's gradients, by PyTorch's conventions.
///
/// ```text
/// g ← g + weight_decay * w
/// v ← alpha * v + (1 - alpha) * g²
/// a ← alpha * a + (1 - alpha) * g            with centered: v - a² is used in place of v
/// m ← momentum * m + g / (√v + eps)
/// w ← w - rate * m
/// ```
///
/// The averages start at 0 and are not corrected for it, so first steps are large: `rate / √(1 - alpha)`.
/// The state holds `square_avg`, with centered `grad_avg`, and with a momentum `momentum_buffer`.
///
/// Tieleman and Hinton 2012, "Neural networks for machine learning", lecture 6.5; centered: Graves 2013,
/// "Generating sequences with recurrent neural networks".
///
/// ```
/// use nn::{Fields, Optimizer, RmsProp, RmsPropConfig};
/// use tensor::{Param, Tape, ndarray::array};
///
/// // A gradient of 3: v = 0.25 * 9, so the step is 0.1 * 3 / 1.5.
/// let mut w = Param::new(&array![1.0])?;
/// let config = RmsPropConfig { rate: 0.1, alpha: 0.75, ..RmsPropConfig::default() };
/// let mut rms_prop = RmsProp::new(config)?;
/// let tape = Tape::<f64>::new();
/// let gradients = tape.backward(tape.param(&w)?.scale(3.0)?.sum()?)?;
/// rms_prop.step(&mut w, &gradients)?;
/// assert!((w.values()[0] - 0.8).abs() < 1e-8);
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct RmsProp<T: Element> {
    config: RmsPropConfig,
    slots: Slots<T>,
}

impl<T: Element> RmsProp<T> {
    /// The rule with these settings, or with a rate alone.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`](crate::ErrorKind::Setting) for a setting outside of its range.
    pub fn new(config: impl Into<RmsPropConfig>) -> Result<Self> {
        let config = config.into();
        config.check()?;
        Ok(Self { config, slots: Slots::new(KIND, config.arrays()) })
    }

    /// The settings, with the present rate.
    pub fn config(&self) -> &RmsPropConfig {
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

impl<T: Element> Optimizer<T> for RmsProp<T> {
    fn step(&mut self, model: &mut dyn Fields<T>, gradients: &dyn GradientMap<T>) -> Result<()> {
        let base = Base { rate: self.config.rate, decay: self.config.weight_decay };
        self.slots.step(base, model, gradients, |turn| self.config.update(turn))
    }

    rate_and_state!(KIND);
}
