//! A table of scores: level × forecast for each metric, over one origin or many.

use std::ops::Range;

use tensor::ndarray::Array1;

use super::metric::{Cells, Metric, Together, of_nodes};
use crate::error::{ErrorKind, Result};
use crate::hierarchy::Hierarchy;

/// How good some forecasts were: every [`Metric`] for each node, level and step.
///
/// It comes from an [`Evaluation`](crate::Evaluation) and may be pooled over origins ([`Scores::pool`], or
/// [`RollingOrigins::evaluate`](crate::RollingOrigins::evaluate)). A metric of a node is the mean over all its values of
/// all steps and origins (for RMSE and RMSSE the root of the mean square; for the gap the largest). That of a level is the
/// mean over its nodes, and Overall the mean over all nodes of a chosen set of levels. Nodes whose MASE or RMSSE is not
/// defined (their scale is 0) are left out of its means. Printed, it gives a block for each metric.
///
/// It keeps n · k numbers for each forecast and metric.
#[derive(Debug, Clone)]
pub struct Scores {
    pub(super) hierarchy: Hierarchy,
    pub(super) columns: usize,
    pub(super) origins: usize,
    pub(super) overall: Vec<bool>,
    pub(super) forecasts: Vec<Scored>,
}

/// One forecast's values, by the metric's place in [`Metric::ALL`]; `None` for those it was not given the data for.
#[derive(Debug, Clone)]
pub(super) struct Scored {
    pub(super) name: String,
    pub(super) cells: [Option<Cells>; Metric::ALL.len()],
    /// For a forecast that was given a region.
    pub(super) together: Option<Together>,
}

impl Scores {
    pub(super) fn new(hierarchy: &Hierarchy, columns: usize) -> Self {
        let overall = vec![true; hierarchy.levels().len()];
        Self { hierarchy: hierarchy.clone(), columns, origins: 1, overall, forecasts: Vec::new() }
    }

    /// Pools the scores of several origins, all with the same forecasts under the same names. The levels of Overall are
    /// those chosen for the first.
    ///
    /// ```
    /// use granular::{Evaluation, Hierarchy, Metric, Scores};
    /// use tensor::ndarray::array;
    ///
    /// let year = Hierarchy::temporal(2, &[("year", 2), ("half", 1)])?;
    /// let training = year.integrate(array![[1.0, 2.0, 3.0], [1.0, 3.0, 5.0]].view())?;
    /// let scores = |year_ahead: f64| -> granular::Result<Scores> {
    ///     let actual = year.integrate(array![[4.0], [7.0]].view())?;
    ///     let mut evaluation = Evaluation::new(&actual, &training, 1)?;
    ///     evaluation.add("year", array![[year_ahead], [4.0], [7.0]].view())?;
    ///     Ok(evaluation.into_scores())
    /// };
    /// // The year is 11; errors of 1 and 7 have a mean of 4 and a root mean square of 5.
    /// let both = Scores::pool([scores(12.0)?, scores(4.0)?])?;
    /// assert_eq!(both.origins(), 2);
    /// assert_eq!(both.level("year", "year", Metric::Mae)?, 4.0);
    /// assert_eq!(both.level("year", "year", Metric::Rmse)?, 5.0);
    /// # Ok::<(), granular::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Empty`] without any; [`ErrorKind::OtherHierarchy`]; [`ErrorKind::Shape`] for another number of steps;
    /// [`ErrorKind::Forecast`] for a forecast which not all have.
    pub fn pool(parts: impl IntoIterator<Item = Self>) -> Result<Self> {
        let mut parts = parts.into_iter();
        let mut pooled = parts.next().ok_or(ErrorKind::Empty { what: "scores to pool" })?;
        parts.try_for_each(|part| pooled.absorb(&part))?;
        Ok(pooled)
    }

    /// Takes in another part, whole or not at all.
    pub(crate) fn absorb(&mut self, other: &Self) -> Result<()> {
        if other.hierarchy != self.hierarchy {
            return Err(
                ErrorKind::OtherHierarchy { what: "scores of one origin", than: "ones before" }.into()
            );
        }
        crate::arrays::expect_extent("scores", "steps", self.columns, other.columns)?;
        let mut partners = Vec::with_capacity(self.forecasts.len());
        for mine in &self.forecasts {
            let theirs = other.scored(&mine.name)?;
            if mine.cells.iter().zip(&theirs.cells).any(|(a, b)| a.is_some() != b.is_some()) {
                let state = "with the same metrics not in";
                return Err(ErrorKind::Forecast { name: mine.name.clone(), state }.into());
            }
            partners.push(theirs);
        }
        for theirs in &other.forecasts {
            self.scored(&theirs.name)?;
        }
        for (mine, theirs) in self.forecasts.iter_mut().zip(partners) {
            let both = Metric::ALL.into_iter().zip(mine.cells.iter_mut().zip(&theirs.cells));
            for (metric, (mine, theirs)) in both {
                if let (Some(mine), Some(theirs)) = (mine, theirs) {
                    mine.absorb(theirs, metric);
                }
            }
            if let (Some(mine), Some(theirs)) = (&mut mine.together, &theirs.together) {
                mine.absorb(theirs);
            }
        }
        self.origins += other.origins;
        Ok(())
    }

    /// Chooses the levels whose nodes make up Overall; all of them unless chosen.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownLevel`].
    pub fn with_overall(mut self, levels: &[&str]) -> Result<Self> {
        let mut overall = vec![false; self.overall.len()];
        for level in levels {
            overall[self.hierarchy.level(level)?.position()] = true;
        }
        self.overall = overall;
        Ok(self)
    }

    /// The names of the forecasts, in the order they were added.
    pub fn forecasts(&self) -> impl ExactSizeIterator<Item = &str> {
        self.forecasts.iter().map(|scored| scored.name.as_str())
    }

    /// How many origins they are pooled over.
    #[must_use]
    pub fn origins(&self) -> usize {
        self.origins
    }

    /// k, the number of steps.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// A metric of a forecast for a level. NaN when it is defined for none of its nodes.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownLevel`]; [`ErrorKind::Forecast`] for a name that was not added.
    pub fn level(&self, forecast: &str, level: &str, metric: Metric) -> Result<f64> {
        let level = self.hierarchy.level(level)?.position();
        Ok(self.value(self.scored(forecast)?, metric, &[level], 0..self.columns))
    }

    /// A metric of a forecast for the nodes of the levels chosen for Overall.
    ///
    /// # Errors
    /// [`ErrorKind::Forecast`] for a name that was not added.
    pub fn overall(&self, forecast: &str, metric: Metric) -> Result<f64> {
        Ok(self.value(self.scored(forecast)?, metric, &self.chosen(), 0..self.columns))
    }

    /// How much better a forecast is than a reference at a level, `1 − a / b`: 0.1 where it misses by a tenth less, negative
    /// where it is worse. For [`Metric::Coverage`], of which more is not better, it says nothing. NaN where one of the two
    /// is not defined or the reference is perfect.
    ///
    /// ```
    /// use granular::{Evaluation, Hierarchy, Metric};
    /// use tensor::ndarray::array;
    ///
    /// let row = Hierarchy::temporal(1, &[("row", 1)])?;
    /// let training = row.integrate(array![[1.0, 3.0, 5.0]].view())?;
    /// let mut evaluation = Evaluation::new(&row.integrate(array![[9.0]].view())?, &training, 1)?;
    /// evaluation.add("last", array![[5.0]].view())?;
    /// evaluation.add("growth", array![[8.0]].view())?;
    /// assert_eq!(evaluation.scores().skill("growth", "last", "row", Metric::Mae)?, 0.75);
    /// # Ok::<(), granular::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Scores::level`], for either forecast.
    pub fn skill(&self, forecast: &str, reference: &str, level: &str, metric: Metric) -> Result<f64> {
        let (a, b) = (self.level(forecast, level, metric)?, self.level(reference, level, metric)?);
        Ok(if b == 0.0 { f64::NAN } else { 1.0 - a / b })
    }

    /// A metric of a forecast for each node. NaN where it is not defined, and everywhere when the forecast was not given
    /// the distribution or region it asks for.
    ///
    /// # Errors
    /// [`ErrorKind::Forecast`] for a name that was not added.
    pub fn nodes(&self, forecast: &str, metric: Metric) -> Result<Array1<f64>> {
        // A node is inside together with itself alone.
        let metric = if metric == Metric::JointCoverage { Metric::Coverage } else { metric };
        Ok(match &self.scored(forecast)?.cells[metric as usize] {
            Some(cells) => cells.nodes(metric, 0..self.hierarchy.len(), 0..self.columns),
            None => Array1::from_elem(self.hierarchy.len(), f64::NAN),
        })
    }

    /// A metric of a forecast for a level, step by step: k values.
    ///
    /// # Errors
    /// As [`Scores::level`].
    pub fn steps(&self, forecast: &str, level: &str, metric: Metric) -> Result<Vec<f64>> {
        let level = self.hierarchy.level(level)?.position();
        self.value_of_steps(forecast, metric, &[level])
    }

    /// A metric of a forecast for the levels chosen for Overall, step by step: k values.
    ///
    /// # Errors
    /// As [`Scores::overall`].
    pub fn overall_steps(&self, forecast: &str, metric: Metric) -> Result<Vec<f64>> {
        self.value_of_steps(forecast, metric, &self.chosen())
    }

    fn value_of_steps(&self, forecast: &str, metric: Metric, levels: &[usize]) -> Result<Vec<f64>> {
        let scored = self.scored(forecast)?;
        Ok((0..self.columns).map(|h| self.value(scored, metric, levels, h..h + 1)).collect())
    }

    /// A metric over the nodes of some levels and some steps.
    pub(super) fn value(
        &self,
        scored: &Scored,
        metric: Metric,
        levels: &[usize],
        steps: Range<usize>,
    ) -> f64 {
        if metric == Metric::JointCoverage {
            return scored.together.as_ref().map_or(f64::NAN, |together| together.share(levels, steps));
        }
        let Some(cells) = &scored.cells[metric as usize] else { return f64::NAN };
        let nodes = self.hierarchy.levels().filter(|level| levels.contains(&level.position()));
        let values = nodes.flat_map(|level| cells.nodes(metric, level.range(), steps.clone()));
        of_nodes(metric, values)
    }

    /// The levels chosen for Overall.
    pub(super) fn chosen(&self) -> Vec<usize> {
        (0..self.overall.len()).filter(|&level| self.overall[level]).collect()
    }

    fn scored(&self, forecast: &str) -> Result<&Scored> {
        let absent = || ErrorKind::Forecast { name: forecast.to_owned(), state: "not in" };
        Ok(self.forecasts.iter().find(|scored| scored.name == forecast).ok_or_else(absent)?)
    }
}
