//! Several forecasts of one hierarchy, compared level by level.

use std::fmt;

use tensor::ndarray::{Array1, Array2, ArrayView2, ArrayView3};

use super::coverage::inside;
use super::crps::{gaussian_cells, samples_cells};
use super::metric::{Cells, Metric, Together};
use super::scores::{Scored, Scores};
use super::smape::smape_cells;
use super::{Estimator, seasonal_naive, seasonal_scale, squared_seasonal_scale};
use crate::arrays::rows;
use crate::coherent::Coherent;
use crate::error::{ErrorKind, Result};
use crate::uncertainty::Region;

/// Forecasts of one origin, scored against what came.
///
/// Point forecasts are [added](Evaluation::add) under a name, coherent or not, and give all metrics of points; a
/// distribution ([`Evaluation::add_samples`], [`Evaluation::add_gaussian`]) or a region ([`Evaluation::add_region`])
/// given for the same name adds CRPS, coverage and joint coverage. [`Evaluation::compare`] begins with the forecasts to beat. The
/// [`Scores`] are a table level × forecast for each metric, printable.
///
/// ```
/// use granular::{Evaluation, Hierarchy, Metric};
/// use tensor::ndarray::array;
///
/// let year = Hierarchy::temporal(2, &[("year", 2), ("half", 1)])?;
/// let training = year.integrate(array![[1.0, 2.0, 3.0], [1.0, 3.0, 5.0]].view())?;
/// let actual = year.integrate(array![[4.0], [7.0]].view())?;
/// let mut evaluation = Evaluation::new(&actual, &training, 1)?;
/// evaluation.add("last value", array![[8.0], [3.0], [5.0]].view())?;
/// evaluation.add("flat", array![[10.0], [5.0], [5.0]].view())?;
/// assert_eq!(evaluation.level("last value", "half", Metric::Rmse)?, 1.5);
/// assert_eq!(evaluation.to_string(), "\
/// RMSE     last value   flat
/// year          3.000  1.000
/// half          1.500  1.500
/// Overall       2.000  1.333
///
/// MAE      last value   flat
/// year          3.000  1.000
/// half          1.500  1.500
/// Overall       2.000  1.333
///
/// MASE     last value  flat
/// year           1.00  0.33
/// half           1.00  1.00
/// Overall        1.00  0.78
///
/// RMSSE    last value  flat
/// year           1.00  0.33
/// half           1.00  1.00
/// Overall        1.00  0.78
///
/// sMAPE    last value   flat
/// year          31.58  9.524
/// half          30.95  27.78
/// Overall       31.16  21.69
///
/// Gap      last value  flat
/// year              0     0
/// half              0     0
/// Overall           0     0
/// ");
/// # Ok::<(), granular::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Evaluation {
    actual: Coherent,
    scales: Vec<f64>,
    squared_scales: Vec<f64>,
    scores: Scores,
}

impl Evaluation {
    /// Will compare with `actual` (n × k); `training` (n × T) gives each node its scale for MASE and RMSSE.
    ///
    /// # Errors
    /// [`ErrorKind::OtherHierarchy`] when the two do not share one; [`ErrorKind::Empty`] for actual values without
    /// columns; as [`seasonal_scale`].
    pub fn new(actual: &Coherent, training: &Coherent, season: usize) -> Result<Self> {
        if training.hierarchy() != actual.hierarchy() {
            return Err(ErrorKind::OtherHierarchy { what: "training part", than: "actual values" }.into());
        }
        if actual.columns() == 0 {
            return Err(ErrorKind::Empty { what: "columns to compare" }.into());
        }
        Ok(Self {
            scales: seasonal_scale(training.all(), season)?,
            squared_scales: squared_seasonal_scale(training.all(), season)?,
            scores: Scores::new(actual.hierarchy(), actual.columns()),
            actual: actual.clone(),
        })
    }

    /// The same, with the forecasts that any reconciled one must beat: `base` (n × k, as it is), `bottom-up` (its finest
    /// rows, added up) and `seasonal naive` (the last season of the training part, repeated).
    ///
    /// ```
    /// use granular::{Evaluation, Hierarchy, Metric};
    /// use tensor::ndarray::array;
    ///
    /// let year = Hierarchy::temporal(2, &[("year", 2), ("half", 1)])?;
    /// let training = year.integrate(array![[1.0, 2.0, 3.0], [1.0, 3.0, 5.0]].view())?;
    /// let actual = year.integrate(array![[4.0], [7.0]].view())?;
    /// let evaluation = Evaluation::compare(&actual, &training, 1, array![[12.0], [4.0], [6.0]].view())?;
    /// let mae = |name| evaluation.level(name, "year", Metric::Mae);
    /// // The year is 11: 12 was forecast, 4 + 6 are 10, last year was 8.
    /// assert_eq!([mae("base")?, mae("bottom-up")?, mae("seasonal naive")?], [1.0, 1.0, 3.0]);
    /// assert_eq!(evaluation.overall("base", Metric::Gap)?, 2.0);
    /// # Ok::<(), granular::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Evaluation::new`] and [`Evaluation::add`]; [`ErrorKind::NotFinite`] when the finest rows' sums overflow.
    pub fn compare(
        actual: &Coherent,
        training: &Coherent,
        season: usize,
        base: ArrayView2<'_, f64>,
    ) -> Result<Self> {
        let mut evaluation = Self::new(actual, training, season)?;
        evaluation.add_comparisons(training, season, base)?;
        Ok(evaluation)
    }

    /// Adds the three forecasts of [`Evaluation::compare`] to an evaluation that is there.
    ///
    /// # Errors
    /// As [`Evaluation::compare`]; nothing is added then.
    pub fn add_comparisons(
        &mut self,
        training: &Coherent,
        season: usize,
        base: ArrayView2<'_, f64>,
    ) -> Result<()> {
        let before = self.scores.forecasts.len();
        let added = self.try_comparisons(training, season, base);
        if added.is_err() {
            self.scores.forecasts.truncate(before);
        }
        added
    }

    fn try_comparisons(
        &mut self,
        training: &Coherent,
        season: usize,
        base: ArrayView2<'_, f64>,
    ) -> Result<()> {
        self.add("base", base)?;
        let hierarchy = self.actual.hierarchy();
        let bottom_up = hierarchy.integrate(rows(base, hierarchy.finest().range()))?;
        self.add("bottom-up", bottom_up.all())?;
        let naive = seasonal_naive(training.all(), season, self.actual.columns())?;
        self.add("seasonal naive", naive.view())
    }

    /// Chooses the levels whose nodes make up Overall; all of them unless chosen.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownLevel`].
    pub fn with_overall(mut self, levels: &[&str]) -> Result<Self> {
        self.scores = self.scores.with_overall(levels)?;
        Ok(self)
    }

    /// Adds a forecast of all nodes (n × k), coherent or not, under a name.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`], [`ErrorKind::NotFinite`]; [`ErrorKind::Forecast`] when the name is taken.
    pub fn add(&mut self, name: &str, forecast: ArrayView2<'_, f64>) -> Result<()> {
        if self.scores.forecasts().any(|other| other == name) {
            return Err(ErrorKind::Forecast { name: name.to_owned(), state: "already in" }.into());
        }
        let hierarchy = self.actual.hierarchy();
        hierarchy.check_base(forecast)?;
        crate::arrays::expect_extent("forecast", "columns", self.actual.columns(), forecast.ncols())?;
        let errors: Array2<f64> = &self.actual.all() - &forecast;
        let (absolute, squared) = (errors.mapv(f64::abs), errors.mapv(|e| e * e));
        let sums = hierarchy.stack_sums(rows(forecast, hierarchy.finest().range()));
        let gaps = (&forecast - &sums).mapv(f64::abs);
        let mut cells = [const { None }; Metric::ALL.len()];
        let mut set = |metric: Metric, values| cells[metric as usize] = Some(values);
        set(Metric::Mase, Cells::scaled(&absolute, &self.scales));
        set(Metric::Rmsse, Cells::scaled(&squared, &self.squared_scales));
        set(Metric::Mae, Cells::new(absolute));
        set(Metric::Rmse, Cells::new(squared));
        set(Metric::Smape, Cells::new(smape_cells(self.actual.all(), forecast)?));
        set(Metric::Gap, Cells::new(gaps));
        self.scores.forecasts.push(Scored { name: name.to_owned(), cells, together: None });
        Ok(())
    }

    /// Gives a forecast that was added its sample paths (n × k × samples), for CRPS.
    ///
    /// ```
    /// use granular::{Estimator, Evaluation, Hierarchy, Metric};
    /// use tensor::ndarray::{Array3, array};
    ///
    /// let row = Hierarchy::temporal(1, &[("row", 1)])?;
    /// let training = row.integrate(array![[1.0, 2.0]].view())?;
    /// let mut evaluation = Evaluation::new(&row.integrate(array![[3.0]].view())?, &training, 1)?;
    /// evaluation.add("paths", array![[1.0]].view())?;
    /// let paths = Array3::from_shape_vec((1, 1, 2), vec![0.0, 2.0]).expect("two numbers");
    /// evaluation.add_samples("paths", paths.view(), Estimator::Plain)?;
    /// assert_eq!(evaluation.overall("paths", Metric::Crps)?, 1.5);
    /// # Ok::<(), granular::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Forecast`] for a name that was not added; as [`crps_samples`](crate::crps_samples()).
    pub fn add_samples(
        &mut self,
        name: &str,
        samples: ArrayView3<'_, f64>,
        estimator: Estimator,
    ) -> Result<()> {
        let values = samples_cells(self.actual.all(), samples, estimator)?;
        self.set(name, Metric::Crps, values).map(|_| ())
    }

    /// Gives a forecast that was added its Gaussians (mean and deviation, n × k each), for CRPS.
    ///
    /// # Errors
    /// [`ErrorKind::Forecast`] for a name that was not added; as [`crps_gaussian`](crate::crps_gaussian()).
    pub fn add_gaussian(
        &mut self,
        name: &str,
        mean: ArrayView2<'_, f64>,
        deviation: ArrayView2<'_, f64>,
    ) -> Result<()> {
        let values = gaussian_cells(self.actual.all(), mean, deviation)?;
        self.set(name, Metric::Crps, values).map(|_| ())
    }

    /// Gives a forecast that was added its region, for coverage and joint coverage.
    ///
    /// # Errors
    /// [`ErrorKind::Forecast`] for a name that was not added; as [`coverage`](crate::coverage()).
    pub fn add_region(&mut self, name: &str, region: &Region) -> Result<()> {
        let values = inside(self.actual.all(), region)?;
        let together = Together::new(self.actual.hierarchy(), &values);
        self.set(name, Metric::Coverage, values)?.together = Some(together);
        Ok(())
    }

    /// The table.
    #[must_use]
    pub fn scores(&self) -> &Scores {
        &self.scores
    }

    /// The table alone, to be pooled with those of other origins.
    #[must_use]
    pub fn into_scores(self) -> Scores {
        self.scores
    }

    /// [`Scores::level`].
    ///
    /// # Errors
    /// As there.
    pub fn level(&self, forecast: &str, level: &str, metric: Metric) -> Result<f64> {
        self.scores.level(forecast, level, metric)
    }

    /// [`Scores::overall`].
    ///
    /// # Errors
    /// As there.
    pub fn overall(&self, forecast: &str, metric: Metric) -> Result<f64> {
        self.scores.overall(forecast, metric)
    }

    /// [`Scores::nodes`].
    ///
    /// # Errors
    /// As there.
    pub fn nodes(&self, forecast: &str, metric: Metric) -> Result<Array1<f64>> {
        self.scores.nodes(forecast, metric)
    }

    fn set(&mut self, name: &str, metric: Metric, values: Array2<f64>) -> Result<&mut Scored> {
        let absent = || ErrorKind::Forecast { name: name.to_owned(), state: "not in" };
        let scored = self.scores.forecasts.iter_mut().find(|scored| scored.name == name);
        let scored = scored.ok_or_else(absent)?;
        scored.cells[metric as usize] = Some(Cells::new(values));
        Ok(scored)
    }
}

impl fmt::Display for Evaluation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.scores.fmt(f)
    }
}
