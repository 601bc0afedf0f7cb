//! Steps behind the same type as every other method.

use tensor::ndarray::ArrayView2;

use super::{IterativeConfig, Stepwise};
use crate::coherent::Coherent;
use crate::combine::{Preparation, Reconciler, Strategy};
use crate::error::Result;
use crate::hierarchy::Hierarchy;

/// The order in which a [`Stepwise`] takes its steps.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Steps {
    /// [`Stepwise::tcs`]: temporal, then cross-sectional.
    TemporalFirst,
    /// [`Stepwise::cst`]: cross-sectional, then temporal.
    CrossSectionalFirst,
    /// [`Stepwise::iterative`]: in turns.
    Iterative(IterativeConfig),
}

impl Stepwise {
    /// The steps as a [`Reconciler`] of the joint structure, for whatever takes one: samples, regions, explanations.
    ///
    /// The two-step orders are linear when all their methods are, and then have a projection matrix. Turns are not, as
    /// the forecasts decide how many there are. What preparing the parts reported is in
    /// [`Reconciler::preparation`], shrinkages under the names of the orders and series, the largest jitter of all. It
    /// shares its parts with this value.
    ///
    /// ```
    /// use granular::{CrossTemporal, Hierarchy, Method, Samples, Steps, Stepwise};
    /// use tensor::ndarray::{Array3, array};
    ///
    /// let shops = Hierarchy::grouped().key("shop", ["a", "b"]).level("All", &[]).level("Shop", &["shop"]).build()?;
    /// let year = Hierarchy::temporal(2, &[("year", 2), ("half", 1)])?;
    /// let structure = CrossTemporal::new(&shops, &year)?;
    /// let stepwise = Stepwise::new(&structure, |_order| Method::Ols, |_series| Method::BottomUp)?;
    /// let reconciler = stepwise.reconciler(Steps::TemporalFirst)?;
    /// assert!(reconciler.is_linear());
    ///
    /// // All, a and b for the year (unused here) and its halves: the halves of all are 3 too many.
    /// let base = array![[0.0], [13.0], [13.0], [0.0], [0.0], [4.0], [4.0], [6.0], [6.0]];
    /// let agreed = reconciler.reconcile(base.view())?;
    /// assert!((agreed.node("All@year[0]")?[0] - 24.0).abs() < 1e-12);
    /// assert!((agreed.node("a@half[0]")?[0] - 5.0).abs() < 1e-12);
    ///
    /// // Ten equal samples of the one step ahead.
    /// let samples = Array3::from_shape_fn((9, 1, 10), |(row, _, _)| base[[row, 0]]);
    /// let agreed = Samples::reconcile(&reconciler, samples.view())?;
    /// # let _ = agreed;
    /// # Ok::<(), granular::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::NonlinearPart`](crate::ErrorKind::NonlinearPart) when a method of the step that is averaged is not linear; [`ErrorKind::Parameter`](crate::ErrorKind::Parameter)
    /// for a setting of the turns out of its range.
    pub fn reconciler(&self, steps: Steps) -> Result<Reconciler> {
        match steps {
            Steps::TemporalFirst => self.orders_are_linear()?,
            Steps::CrossSectionalFirst => self.series_are_linear()?,
            Steps::Iterative(config) => config.check()?,
        }
        let strategy = Taken { stepwise: self.clone(), steps };
        let preparation = self.preparation();
        Ok(Reconciler::from_strategy(self.structure().hierarchy(), Box::new(strategy), preparation))
    }

    /// The reports of all parts in one, orders first.
    fn preparation(&self) -> Preparation {
        let mut whole = Preparation::default();
        for (name, reconciler) in self.parts() {
            let own = reconciler.preparation();
            whole.jitter = whole.jitter.max(own.jitter);
            whole.replaced.extend(own.replaced.iter().cloned());
            whole.shrinkages.extend(own.shrinkage.map(|lambda| (name.clone(), lambda)));
            let of_part = |(level, lambda): &(String, f64)| (format!("{name}, {level}"), *lambda);
            whole.shrinkages.extend(own.shrinkages.iter().map(of_part));
        }
        whole
    }
}

/// Steps as a strategy.
#[derive(Debug)]
struct Taken {
    stepwise: Stepwise,
    steps: Steps,
}

impl Taken {
    fn reconcile(&self, base: ArrayView2<'_, f64>) -> Result<Coherent> {
        match &self.steps {
            Steps::TemporalFirst => self.stepwise.tcs(base),
            Steps::CrossSectionalFirst => self.stepwise.cst(base),
            Steps::Iterative(config) => Ok(self.stepwise.iterative(base, config)?.0),
        }
    }
}

impl Strategy for Taken {
    fn is_linear(&self) -> bool {
        !matches!(self.steps, Steps::Iterative(_)) && self.stepwise.parts().all(|(_, part)| part.is_linear())
    }

    /// NaN throughout where a part could not be solved exactly enough.
    fn finest(&self, hierarchy: &Hierarchy, base: &[f64], k: usize) -> Vec<f64> {
        let nothing = |_| vec![f64::NAN; hierarchy.finest_len() * k];
        self.try_finest(hierarchy, base, k).unwrap_or_else(nothing)
    }

    fn try_finest(&self, hierarchy: &Hierarchy, base: &[f64], k: usize) -> Result<Vec<f64>> {
        let base = ArrayView2::from_shape((hierarchy.len(), k), base).expect("n · k values are given");
        let coherent = self.reconcile(base)?;
        Ok(coherent.finest().iter().copied().collect())
    }
}
