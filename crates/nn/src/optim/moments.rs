//! The update that Adam and AdamW share.

use super::settings::{not_negative, positive, share};
use super::slots::Turn;
use crate::Result;
use tensor::Element;

/// How the two averages are kept and used.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moments {
    pub(super) beta1: f64,
    pub(super) beta2: f64,
    pub(super) eps: f64,
    pub(super) amsgrad: bool,
}

/// Where the weight decay goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decay {
    /// Into the gradient.
    Penalty,
    /// Off the weight.
    Decoupled,
}

impl Moments {
    pub(super) fn check(&self, owner: &'static str, decay: f64) -> Result<()> {
        share(owner, "beta1", self.beta1)?;
        share(owner, "beta2", self.beta2)?;
        positive(owner, "eps", self.eps)?;
        not_negative(owner, "weight decay", decay)
    }

    /// The names of what is kept.
    pub(super) fn arrays(&self) -> Vec<&'static str> {
        let names = ["exp_avg", "exp_avg_sq", "max_exp_avg_sq"];
        names[..if self.amsgrad { 3 } else { 2 }].to_vec()
    }

    pub(super) fn update<T: Element>(self, turn: Turn<'_, T>, decay: Decay) -> tensor::Result<()> {
        let n = T::from_f64;
        // Averages that start at 0 are too small by these shares after `steps` numbers.
        let [first, second] = [self.beta1, self.beta2].map(|beta| 1.0 - beta.powf(turn.steps as f64));
        let (rate, root) = (n(turn.rate / first), n(1.0 / second.sqrt()));
        let (penalty, shrink) = match decay {
            Decay::Penalty => (n(turn.decay), T::one()),
            Decay::Decoupled => (T::zero(), n(1.0 - turn.rate * turn.decay)),
        };
        let (new1, keep2, new2, eps) = (n(1.0 - self.beta1), n(self.beta2), n(1.0 - self.beta2), n(self.eps));
        let averages = move |w: T, m: T, v: T, g: T| {
            let g = if penalty == T::zero() { g } else { g + penalty * w };
            (m + new1 * (g - m), keep2 * v + new2 * (g * g))
        };
        let step = move |w: T, m: T, v: T| shrink * w - rate * (m / (root * v.sqrt() + eps));
        if self.amsgrad {
            turn.update(move |w, [m, v, most], g| {
                let (m, v) = averages(w, m, v, g);
                let most = most.larger(v);
                (step(w, m, most), [m, v, most])
            })
        } else {
            turn.update(move |w, [m, v], g| {
                let (m, v) = averages(w, m, v, g);
                (step(w, m, v), [m, v])
            })
        }
    }
}
