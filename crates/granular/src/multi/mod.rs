//! One model for each level, and predictions that agree.

mod calibration;
mod combination;

use std::fmt;
use std::sync::Arc;

use tensor::ndarray::{Array2, ArrayView2, Axis, Slice};

use crate::arrays::{expect_extent, rows};
use crate::coherent::Coherent;
use crate::combine::Reconciler;
use crate::error::{ErrorKind, Result};
use crate::hierarchy::{Hierarchy, Level};
use crate::model::{FittedModel, Model, Replay};
use crate::status::{Constraints, Report, Status};
use crate::uncertainty::Conformal;

pub use combination::Combine;

/// How inputs come from the finest units to the nodes above; targets are always summed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Inputs {
    /// Summed: counts, amounts, histories of what is predicted.
    #[default]
    Sum,
    /// Averaged over the units of a node: prices, temperatures, shares.
    Mean,
}

/// A model for each level of a [`Hierarchy`], whose predictions are reconciled.
///
/// Fitting integrates finest data to every level and fits each level's model on the rows of its nodes. Predicting
/// predicts every level, stacks the predictions (n × k) and reconciles them, so that they add up.
///
/// How they are combined is a [`Method`](crate::Method), or a [`Combine`] that learns the weights of the nodes from the
/// models' own errors. [`MultiGranularityModel::calibrate`] adds regions to predictions.
///
/// ```
/// use granular::{Hierarchy, Method, MultiGranularityModel, Ridge};
/// use tensor::ndarray::array;
///
/// let shops = Hierarchy::grouped()
///     .key("country", ["AT", "AT", "CH"])
///     .key("shop", ["Graz", "Linz", "Bern"])
///     .level("Country", &["country"])
///     .level("Shop", &["country", "shop"])
///     .build()?;
/// let mut model =
///     MultiGranularityModel::new(&shops, Method::Ols)?.with_models_for_all(|_| Ridge::new(0.5).expect("0.5 is positive"));
///
/// // Last year's sales and this year's, one row for each shop.
/// let (x, y) = (array![[1.0], [2.0], [4.0]], array![[2.0], [3.0], [6.0]]);
/// model.fit(x.view(), y.view())?;
/// let next = model.predict(y.view())?;
/// let austria = next.node("AT")?[0];
/// assert_eq!(austria, next.node("AT/Graz")?[0] + next.node("AT/Linz")?[0]);
/// # Ok::<(), granular::Error>(())
/// ```
pub struct MultiGranularityModel {
    hierarchy: Hierarchy,
    combine: Combine,
    /// `None` while a combination that learns has not learnt.
    reconciler: Option<Reconciler>,
    inputs: Inputs,
    slots: Vec<Slot>,
    /// One for each step, when calibrated.
    regions: Vec<Conformal>,
}

#[derive(Default)]
struct Slot {
    model: Option<Arc<dyn Model>>,
    fitted: Option<Arc<dyn FittedModel>>,
    /// What the fitted model would have predicted, when the combination asks for it.
    past: Option<Replay>,
}

/// A level's model, fitted, but kept nowhere yet.
struct Candidate {
    fitted: Arc<dyn FittedModel>,
    past: Option<Replay>,
}

/// Prints the hierarchy, and which levels have models.
impl fmt::Debug for MultiGranularityModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = |slot: &Slot| match (&slot.model, &slot.fitted) {
            (_, Some(_)) => "fitted",
            (Some(_), None) => "not fitted",
            (None, None) => "no model",
        };
        f.debug_struct("MultiGranularityModel")
            .field("hierarchy", self.hierarchy())
            .field("inputs", &self.inputs)
            .field("models", &self.slots.iter().map(state).collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

impl MultiGranularityModel {
    /// Without models yet; predictions will be combined by a method or [`Combine`], inputs are summed.
    ///
    /// # Errors
    /// As [`Reconciler::new`], for a method that is ready.
    pub fn new(hierarchy: &Hierarchy, combine: impl Into<Combine>) -> Result<Self> {
        let combine = combine.into();
        let reconciler = if combine.learns() { None } else { Some(combine.reconciler(hierarchy, &[])?) };
        let slots = hierarchy.levels().map(|_| Slot::default()).collect();
        let hierarchy = hierarchy.clone();
        Ok(Self { hierarchy, combine, reconciler, inputs: Inputs::default(), slots, regions: Vec::new() })
    }

    /// Gives a level its model, in place of an earlier one.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownLevel`].
    pub fn with_model(mut self, level: &str, model: impl Model + 'static) -> Result<Self> {
        let position = self.hierarchy().level(level)?.position();
        self.slots[position] = Slot { model: Some(Arc::new(model)), ..Slot::default() };
        self.forget();
        Ok(self)
    }

    /// Gives every level the model that `make` returns for it, in place of earlier ones.
    #[must_use]
    pub fn with_models_for_all<M: Model + 'static>(mut self, mut make: impl FnMut(Level<'_>) -> M) -> Self {
        let slot = |level| Slot { model: Some(Arc::new(make(level))), ..Slot::default() };
        self.slots = self.hierarchy.levels().map(slot).collect();
        self.forget();
        self
    }

    /// Chooses how inputs come from the finest units to the nodes above.
    #[must_use]
    pub fn with_inputs(mut self, inputs: Inputs) -> Self {
        self.inputs = inputs;
        self
    }

    /// The hierarchy.
    #[must_use]
    pub fn hierarchy(&self) -> &Hierarchy {
        &self.hierarchy
    }

    /// What combines the predictions.
    ///
    /// # Errors
    /// [`ErrorKind::NotWeighed`] while a combination that learns has not: before [`MultiGranularityModel::fit`], or when
    /// models were fitted one by one and not all of them are.
    pub fn reconciler(&self) -> Result<&Reconciler> {
        Ok(self.reconciler.as_ref().ok_or(ErrorKind::NotWeighed {})?)
    }

    /// What the models would have predicted beside what came, for all nodes (n × T): what a [`Combine`] that learns has
    /// learnt from, and what a [`Bootstrap`](crate::Bootstrap), an [`OnlineCovariance`](crate::OnlineCovariance) or a
    /// [`Gaussian`](crate::Gaussian) can be made of.
    ///
    /// ```
    /// use granular::{Combine, Hierarchy, MultiGranularityModel, SeasonalNaive};
    /// use tensor::ndarray::{Array2, array};
    ///
    /// let year = Hierarchy::temporal(2, &[("year", 2), ("half", 1)])?;
    /// let model = MultiGranularityModel::new(&year, Combine::WlsVar)?;
    /// let mut model = model.with_models_for_all(|_| SeasonalNaive::new(1, 1).expect("both are positive"));
    /// model.fit(array![[1.0, 2.0, 3.0], [4.0, 4.0, 9.0]].view(), Array2::zeros((2, 0)).view())?;
    /// assert_eq!(model.past()?.residuals(), array![[1.0, 6.0], [1.0, 1.0], [0.0, 5.0]]);
    /// # Ok::<(), granular::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::NotWeighed`] before a combination that learns has learnt, and for a method that was ready.
    pub fn past(&self) -> Result<Replay> {
        let past: Option<Vec<&Replay>> = self.slots.iter().map(|slot| slot.past.as_ref()).collect();
        let (actual, predicted) = combination::stacked(&past.ok_or(ErrorKind::NotWeighed {})?);
        Ok(Replay { actual, predicted })
    }

    /// Fits the model of every level to finest data: inputs `x` (m × d), targets `y` (m × k).
    ///
    /// A [`Combine`] that learns does so from what the models would have predicted for the same data
    /// ([`FittedModel::replay`]), in the last columns that all levels have. Regions are dropped: calibrate anew.
    ///
    /// All or nothing: when one level or the combination fails, what was fitted before stays as it was.
    ///
    /// ```
    /// use granular::{Combine, Hierarchy, MultiGranularityModel, SeasonalNaive};
    /// use tensor::ndarray::{Array2, array};
    ///
    /// let year = Hierarchy::temporal(2, &[("year", 2), ("half", 1)])?;
    /// let model = MultiGranularityModel::new(&year, Combine::WlsVar)?;
    /// let mut model = model.with_models_for_all(|_| SeasonalNaive::new(1, 1).expect("both are positive"));
    /// model.fit(array![[1.0, 2.0, 3.0], [4.0, 4.0, 4.0]].view(), Array2::zeros((2, 0)).view())?;
    /// // The second half has never been missed.
    /// assert_eq!(
    ///     model.reconciler()?.preparation().to_string(),
    ///     "level `half`, node `half[1]`: the data give no variance, in use is 5e-11\n"
    /// );
    /// # Ok::<(), granular::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::NoModel`]; [`ErrorKind::Shape`] and [`ErrorKind::NotFinite`] of the data; what a model says, with
    /// its level; for a combination that learns also as [`FittedModel::replay`] and [`Reconciler::new`].
    pub fn fit(&mut self, x: ArrayView2<'_, f64>, y: ArrayView2<'_, f64>) -> Result<()> {
        let (x, y) = (self.inputs_of_all(x)?, self.hierarchy().integrate(y)?);
        let fit = |level: Level<'_>| {
            self.candidate(level, rows(x.view(), level.range()), rows(y.all(), level.range()))
        };
        let candidates = self.hierarchy().levels().map(fit).collect::<Result<Vec<_>>>()?;
        if self.combine.learns() {
            let past: Vec<&Replay> = candidates.iter().filter_map(|one| one.past.as_ref()).collect();
            self.reconciler = Some(self.combine.reconciler(&self.hierarchy, &past)?);
        }
        for (slot, Candidate { fitted, past }) in self.slots.iter_mut().zip(candidates) {
            (slot.fitted, slot.past) = (Some(fitted), past);
        }
        self.regions.clear();
        Ok(())
    }

    /// Fits the model of one level to finest data: inputs `x` (m × d), targets `y` (m × k).
    ///
    /// # Errors
    /// As [`MultiGranularityModel::fit`]; [`ErrorKind::UnknownLevel`].
    pub fn fit_granularity(
        &mut self,
        level: &str,
        x: ArrayView2<'_, f64>,
        y: ArrayView2<'_, f64>,
    ) -> Result<()> {
        let range = self.hierarchy().level(level)?.range();
        let (x, y) = (self.inputs_of_all(x)?, self.hierarchy().integrate(y)?);
        self.fit_granularity_on(level, rows(x.view(), range.clone()), rows(y.all(), range))
    }

    /// Fits the model of one level to the level's own data: inputs `x` (nodes × d), targets `y` (nodes × k).
    ///
    /// # Errors
    /// [`ErrorKind::UnknownLevel`], [`ErrorKind::NoModel`]; [`ErrorKind::Shape`] for another number of rows than the
    /// level has nodes; what the model says, with its level.
    pub fn fit_granularity_on(
        &mut self,
        level: &str,
        x: ArrayView2<'_, f64>,
        y: ArrayView2<'_, f64>,
    ) -> Result<()> {
        let level = self.hierarchy().level(level)?;
        let (position, candidate) = (level.position(), self.candidate(level, x, y)?);
        if self.combine.learns() {
            let past = |(other, slot): (usize, &'_ Slot)| {
                if other == position { candidate.past.clone() } else { slot.past.clone() }
            };
            let past: Option<Vec<Replay>> = self.slots.iter().enumerate().map(past).collect();
            let prepare = |past: Vec<Replay>| {
                self.combine.reconciler(&self.hierarchy, &past.iter().collect::<Vec<_>>())
            };
            self.reconciler = past.map(prepare).transpose()?;
        }
        let slot = &mut self.slots[position];
        (slot.fitted, slot.past) = (Some(candidate.fitted), candidate.past);
        self.regions.clear();
        Ok(())
    }

    /// Predicts every node from finest inputs `x` (m × d), so that the predictions add up: n × k.
    ///
    /// # Errors
    /// As [`MultiGranularityModel::base`] and [`MultiGranularityModel::reconciler`]; [`ErrorKind::NotFinite`] names a node
    /// whose model predicted no finite value.
    pub fn predict(&self, x: ArrayView2<'_, f64>) -> Result<Coherent> {
        let base = self.base(x)?;
        self.reconciler()?.reconcile(base.view())
    }

    /// Predicts every node from finest inputs `x` (m × d), with what is known of some: n × k.
    ///
    /// The model of a level is not asked, and need not be there, where all nodes are missing or fixed. What a model
    /// predicts for such a node elsewhere is not read.
    ///
    /// ```
    /// # use granular::{Constraints, Hierarchy, Method, MultiGranularityModel, Ridge, Status};
    /// # use tensor::ndarray::array;
    /// let year = Hierarchy::temporal(2, &[("year", 2), ("half", 1)])?;
    /// // Nobody models halves; the first one is over.
    /// let model = MultiGranularityModel::new(&year, Method::Ols)?.with_model("year", Ridge::new(1e-9)?)?;
    /// # let mut model = model;
    /// model.fit_granularity("year", array![[2.0], [2.0]].view(), array![[5.0], [7.0]].view())?;
    /// let known = Constraints::new(&year).missing_level("half")?.fixed("half[0]", 5.0)?;
    /// let (next, _) = model.predict_with(array![[2.0], [2.0]].view(), &known)?;
    /// assert!((next.node("half[1]")?[0] - 7.0).abs() < 1e-6);
    /// # Ok::<(), granular::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`MultiGranularityModel::base`] and [`Reconciler::reconcile_with`]; [`ErrorKind::Empty`] when no level is
    /// asked, as nothing says how many columns there are.
    pub fn predict_with(
        &self,
        x: ArrayView2<'_, f64>,
        constraints: &Constraints,
    ) -> Result<(Coherent, Report)> {
        if constraints.hierarchy() != self.hierarchy() {
            return Err(ErrorKind::OtherHierarchy { what: "set of constraints", than: "model" }.into());
        }
        let unread = |status: &Status| matches!(status, Status::Missing | Status::Fixed(_));
        let asked = |level: Level<'_>| !constraints.statuses()[level.range()].iter().all(unread);
        let base = self.base_of(x, asked)?;
        self.reconciler()?.reconcile_with(base.view(), constraints)
    }

    /// Predicts the nodes of one level from finest inputs `x` (m × d), uncombined: nodes × k.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownLevel`], [`ErrorKind::NoModel`], [`ErrorKind::NotFitted`]; [`ErrorKind::Shape`] and
    /// [`ErrorKind::NotFinite`] of the inputs; what the model says, with its level.
    pub fn predict_granularity(&self, level: &str, x: ArrayView2<'_, f64>) -> Result<Array2<f64>> {
        let level = self.hierarchy().level(level)?;
        let x = self.inputs_of_all(x)?;
        self.predicted(level, x.view())
    }

    /// Predicts all levels from finest inputs `x` (m × d), uncombined and stacked: n × k.
    ///
    /// # Errors
    /// As [`MultiGranularityModel::predict_granularity`], for the first level that fails;
    /// [`ErrorKind::PredictedColumns`] when two levels predict different numbers of columns.
    pub fn base(&self, x: ArrayView2<'_, f64>) -> Result<Array2<f64>> {
        self.base_of(x, |_| true)
    }

    /// Predictions of the levels asked, NaN for the others.
    fn base_of(&self, x: ArrayView2<'_, f64>, asked: impl Fn(Level<'_>) -> bool) -> Result<Array2<f64>> {
        let x = self.inputs_of_all(x)?;
        let mut parts: Vec<(Level<'_>, Array2<f64>)> = Vec::with_capacity(self.slots.len());
        for level in self.hierarchy().levels().filter(|level| asked(*level)) {
            let part = self.predicted(level, x.view())?;
            if let Some((other, first)) = parts.first().filter(|(_, first)| first.ncols() != part.ncols()) {
                let (level, other) = (level.name().to_owned(), other.name().to_owned());
                let (expected, got) = (first.ncols(), part.ncols());
                return Err(ErrorKind::PredictedColumns { level, expected, other, got }.into());
            }
            parts.push((level, part));
        }
        let (_, first) =
            parts.first().ok_or(ErrorKind::Empty { what: "levels with a prediction that is read" })?;
        let mut base = Array2::from_elem((self.hierarchy().len(), first.ncols()), f64::NAN);
        for (level, part) in &parts {
            base.slice_axis_mut(Axis(0), Slice::from(level.range())).assign(part);
        }
        Ok(base)
    }

    fn inputs_of_all(&self, x: ArrayView2<'_, f64>) -> Result<Array2<f64>> {
        match self.inputs {
            Inputs::Sum => self.hierarchy().integrate(x).map(Coherent::into_inner),
            Inputs::Mean => self.hierarchy().average(x),
        }
    }

    /// What was learnt from models that are gone.
    fn forget(&mut self) {
        if self.combine.learns() {
            self.reconciler = None;
        }
        self.regions.clear();
    }

    /// Fits a level's model on the level's rows, and keeps nothing.
    fn candidate(
        &self,
        level: Level<'_>,
        x: ArrayView2<'_, f64>,
        y: ArrayView2<'_, f64>,
    ) -> Result<Candidate> {
        let no_model = || ErrorKind::NoModel { level: level.name().to_owned() };
        let model = self.slots[level.position()].model.as_ref().ok_or_else(no_model)?;
        let fit = || {
            expect_extent("inputs", "rows", level.len(), x.nrows())?;
            expect_extent("targets", "rows", level.len(), y.nrows())?;
            let fitted: Arc<dyn FittedModel> = Arc::from(model.fit(x, y)?);
            let past = if self.combine.learns() { Some(fitted.replay(x, y)?) } else { None };
            if let Some(Replay { actual, predicted }) = &past {
                for values in [actual, predicted] {
                    expect_extent("replay", "rows", level.len(), values.nrows())?;
                    expect_extent("replay", "columns", actual.ncols(), values.ncols())?;
                }
            }
            Ok(Candidate { fitted, past })
        };
        fit().map_err(|error: crate::Error| error.in_level(level.name()))
    }

    /// Predicts a level from inputs of all nodes.
    fn predicted(&self, level: Level<'_>, x: ArrayView2<'_, f64>) -> Result<Array2<f64>> {
        let slot = &self.slots[level.position()];
        let name = || level.name().to_owned();
        let fitted = match (&slot.model, &slot.fitted) {
            (_, Some(fitted)) => fitted,
            (Some(_), None) => return Err(ErrorKind::NotFitted { level: name() }.into()),
            (None, None) => return Err(ErrorKind::NoModel { level: name() }.into()),
        };
        let predict = || {
            let part = fitted.predict(rows(x, level.range()))?;
            expect_extent("predictions", "rows", level.len(), part.nrows())?;
            Ok(part)
        };
        predict().map_err(|error: crate::Error| error.in_level(level.name()))
    }
}
