//! Gradient descent.

use super::settings::{self, not_negative, share, within};
use super::slots::{Base, Slots, rate_and_state};
use super::{GroupSettings, Optimizer, OptimizerState};
use crate::fields::{Fields, Path, parameter};
use crate::{GradientMap, Result};
use tensor::{Element, Tape, Var};

const KIND: &str = "sgd";

/// Settings of [`Sgd`]; a rate alone is one too.
///
/// | name | default | meaning | range |
/// |---|---|---|---|
/// | `rate` | 1e-3 | the learning rate | finite, not negative |
/// | `momentum` | 0 | how much of the last direction is kept | `[0, 1)` |
/// | `dampening` | 0 | how much a gradient is weakened before it joins the momentum | `[0, 1]` |
/// | `nesterov` | `false` | whether the step looks ahead; needs a momentum and no dampening | |
/// | `weight_decay` | 0 | added to the gradient, times the weight | finite, not negative |
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SgdConfig {
    /// The learning rate.
    pub rate: f64,
    /// How much of the last direction is kept.
    pub momentum: f64,
    /// How much a gradient is weakened before it joins the momentum.
    pub dampening: f64,
    /// Whether the step looks ahead along the momentum.
    pub nesterov: bool,
    /// The L2 penalty: added to the gradient, times the weight.
    pub weight_decay: f64,
}

impl Default for SgdConfig {
    fn default() -> Self {
        Self { rate: 1e-3, momentum: 0.0, dampening: 0.0, nesterov: false, weight_decay: 0.0 }
    }
}

impl From<f64> for SgdConfig {
    fn from(rate: f64) -> Self {
        Self { rate, ..Self::default() }
    }
}

impl SgdConfig {
    fn check(&self) -> Result<()> {
        settings::rate(KIND, self.rate)?;
        share(KIND, "momentum", self.momentum)?;
        let (name, expected) = ("dampening", "between 0 and 1");
        within(KIND, name, expected, self.dampening, (0.0..=1.0).contains(&self.dampening))?;
        not_negative(KIND, "weight decay", self.weight_decay)?;
        if self.nesterov {
            let expected = "positive with Nesterov's method";
            within(KIND, "momentum", expected, self.momentum, self.momentum > 0.0)?;
            let expected = "0 with Nesterov's method";
            within(KIND, "dampening", expected, self.dampening, self.dampening == 0.0)?;
        }
        Ok(())
    }
}

/// Gradient descent, by PyTorch's conventions.
///
/// ```text
/// g ← g + weight_decay * w
/// m ← momentum * m + (1 - dampening) * g     m = g at the first step, which is not weakened
/// w ← w - rate * m                           with nesterov: w - rate * (g + momentum * m)
/// ```
///
/// Nesterov's form is that of Sutskever et al. 2013, "On the importance of initialization and momentum in deep
/// learning". The state holds `momentum_buffer` if there is a momentum.
///
/// ```
/// use nn::{Fields, Optimizer, Sgd};
/// use tensor::{Param, Tape, ndarray::array};
///
/// // The loss w² from w = 1 with rate 0.1: 1 - 0.1 * 2 = 0.8, then 0.64.
/// let (mut w, mut sgd) = (Param::new(&array![1.0])?, Sgd::new(0.1)?);
/// let mut tape = Tape::<f64>::new();
/// for expected in [0.8, 0.64] {
///     let x = tape.param(&w)?;
///     let gradients = tape.backward((x * x).sum()?)?;
///     sgd.step(&mut w, &gradients)?;
///     assert_eq!(w.values(), [expected]);
///     drop(gradients);
///     tape.reset();
/// }
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Sgd<T: Element> {
    config: SgdConfig,
    slots: Slots<T>,
}

impl<T: Element> Sgd<T> {
    /// Gradient descent with these settings, or with a rate alone.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`](crate::ErrorKind::Setting) for a setting outside of its range.
    pub fn new(config: impl Into<SgdConfig>) -> Result<Self> {
        let config = config.into();
        config.check()?;
        let arrays = if config.momentum > 0.0 { vec!["momentum_buffer"] } else { Vec::new() };
        Ok(Self { config, slots: Slots::new(KIND, arrays) })
    }

    /// The settings, with the present rate.
    pub fn config(&self) -> &SgdConfig {
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

    /// The way back from `loss` and the step in one, without storing the gradients of weights: faster for
    /// large layers, and equal to [`step`](Optimizer::step) up to a rounding of the update. For plain
    /// gradient descent alone.
    ///
    /// ```
    /// use nn::{Fields, Sgd};
    /// use tensor::{Param, Tape, ndarray::array};
    ///
    /// let (mut w, sgd) = (Param::new(&array![1.0])?, Sgd::new(0.1)?);
    /// let tape = Tape::<f64>::new();
    /// let x = tape.param(&w)?;
    /// sgd.descend(&mut w, &tape, (x * x).sum()?)?;
    /// assert_eq!(w.values(), [0.8]);
    /// # Ok::<(), nn::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Setting`](crate::ErrorKind::Setting) with a momentum, weight decay or groups, which need the gradient itself; as
    /// [`Tape::descend`]. No parameter is changed then.
    pub fn descend(
        &self,
        model: &mut (impl Fields<T> + ?Sized),
        tape: &Tape<T>,
        loss: Var<'_, T>,
    ) -> Result<()> {
        let SgdConfig { rate, momentum, weight_decay, .. } = self.config;
        let groups = self.slots.groups().len() as f64;
        let settings =
            [("momentum", momentum), ("weight decay", weight_decay), ("the number of groups", groups)];
        for (name, got) in settings {
            within(KIND, name, "0 for a step folded into the way back", got, got == 0.0)?;
        }
        tape.descend(loss, T::from_f64(rate), &mut |each| {
            model.visit_mut(Path::ROOT, &mut |path, field| {
                if !field.param.trainable() {
                    return Ok(());
                }
                each(field.param).map_err(|source| parameter(path, source))
            })
        })
    }
}

impl<T: Element> Optimizer<T> for Sgd<T> {
    fn step(&mut self, model: &mut dyn Fields<T>, gradients: &dyn GradientMap<T>) -> Result<()> {
        let SgdConfig { rate, momentum, dampening, nesterov, weight_decay } = self.config;
        let (keep, share) = (T::from_f64(momentum), T::from_f64(1.0 - dampening));
        self.slots.step(Base { rate, decay: weight_decay }, model, gradients, move |turn| {
            let (rate, decay) = (T::from_f64(turn.rate), T::from_f64(turn.decay));
            // Without a decay, an infinite weight has no part in the direction.
            let penalised = move |w: T, g: T| if decay == T::zero() { g } else { g + decay * w };
            match (momentum > 0.0, turn.steps) {
                (false, _) if turn.decay == 0.0 => turn.add_scaled(-rate),
                (false, _) => turn.update(move |w, [], g| (w - rate * penalised(w, g), [])),
                (true, 1) => {
                    let ahead = if nesterov { T::one() + keep } else { T::one() };
                    turn.update(move |w, [_], g| {
                        let g = penalised(w, g);
                        (w - rate * (ahead * g), [g])
                    })
                }
                (true, _) if nesterov => turn.update(move |w, [m], g| {
                    let g = penalised(w, g);
                    let m = keep * m + g;
                    (w - rate * (g + keep * m), [m])
                }),
                (true, _) => turn.update(move |w, [m], g| {
                    let m = keep * m + share * penalised(w, g);
                    (w - rate * m, [m])
                }),
            }
        })
    }

    rate_and_state!(KIND);
}
