//! What a model learns from data it was not fitted to: weights of the levels, and regions.

use tensor::ndarray::{Array2, ArrayView2, Axis, concatenate};

use super::MultiGranularityModel;
use crate::arrays::{columns, expect_extent, rows};
use crate::coherent::Coherent;
use crate::error::{ErrorKind, Result};
use crate::model::Replay;
use crate::uncertainty::{Conformal, ConformalConfig, Region};

impl MultiGranularityModel {
    /// Learns the combination anew from occasions the models have not seen: finest inputs `x` (m × d), and what came, `y`
    /// (m × k), in the order of time.
    ///
    /// Errors on data a model was fitted to are too small, and the more so the more it can learn by heart: levels with
    /// few data then seem better than they are. [`RollingOrigins::over`](crate::RollingOrigins::over) makes occasions of
    /// a history. All their columns count alike; for one step's errors give occasions of one column. Regions that were
    /// calibrated before are dropped. All or nothing.
    ///
    /// ```
    /// use granular::{Combine, Hierarchy, MultiGranularityModel, RollingOrigins, SeasonalNaive};
    /// use tensor::ndarray::{Array2, array};
    ///
    /// let year = Hierarchy::temporal(2, &[("year", 2), ("half", 1)])?;
    /// let model = MultiGranularityModel::new(&year, Combine::WlsVar)?;
    /// let mut model = model.with_models_for_all(|_| SeasonalNaive::new(1, 1).expect("both are positive"));
    /// let history = array![[1.0, 2.0, 4.0, 5.0], [1.0, 1.0, 2.0, 4.0]];
    /// model.fit(history.view(), Array2::zeros((2, 0)).view())?;
    /// let rolling = RollingOrigins { first: 2, ..Default::default() };
    /// model.weigh(rolling.over(history.view())?.map(|origin| (origin.training, origin.test)))?;
    /// // Two occasions; the halves missed by 2, 1 and by 1, 2: the variance of each is (4 + 1) / 2.
    /// # let _ = model.reconciler()?;
    /// # Ok::<(), granular::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Parameter`] for a combination that does not learn; [`ErrorKind::Empty`] without occasions;
    /// as [`MultiGranularityModel::base`] and [`Reconciler::new`](crate::Reconciler::new); [`ErrorKind::Shape`] when
    /// outcomes and predictions differ in their columns.
    pub fn weigh<'a>(
        &mut self,
        occasions: impl IntoIterator<Item = (ArrayView2<'a, f64>, ArrayView2<'a, f64>)>,
    ) -> Result<()> {
        self.combine.expect_learns()?;
        let (mut actual, mut predicted) = (Vec::new(), Vec::new());
        for (x, y) in occasions {
            let (base, came) = (self.base(x)?, self.hierarchy().integrate(y)?);
            expect_extent("outcomes", "columns", base.ncols(), came.columns())?;
            actual.push(came.into_inner());
            predicted.push(base);
        }
        let (actual, predicted) = (side_by_side(&actual)?, side_by_side(&predicted)?);
        let of_level = |range: std::ops::Range<usize>| Replay {
            actual: rows(actual.view(), range.clone()).to_owned(),
            predicted: rows(predicted.view(), range).to_owned(),
        };
        let past: Vec<Replay> = self.hierarchy().levels().map(|level| of_level(level.range())).collect();
        let reconciler = self.combine.reconciler(self.hierarchy(), &past.iter().collect::<Vec<_>>())?;
        for (slot, past) in self.slots.iter_mut().zip(past) {
            slot.past = Some(past);
        }
        self.reconciler = Some(reconciler);
        self.regions.clear();
        Ok(())
    }

    /// Finds regions from occasions the models have not seen: finest inputs `x` (m × d), and what came, `y` (m × k), in
    /// the order of time.
    ///
    /// At each occasion the reconciled prediction is compared with what came; [`Conformal::fit`] makes a region of each
    /// column's errors, so that a forecast has one for each of its steps. Fitting or weighing again drops them, as they
    /// are about other models.
    ///
    /// ```
    /// use granular::{ConformalConfig, Hierarchy, Method, MultiGranularityModel, RollingOrigins, SeasonalNaive};
    /// use tensor::ndarray::{Array2, array};
    ///
    /// let row = Hierarchy::temporal(1, &[("row", 1)])?;
    /// let naive = SeasonalNaive::new(1, 1)?;
    /// let mut model = MultiGranularityModel::new(&row, Method::BottomUp)?.with_models_for_all(|_| naive);
    /// let history = array![[0.0, 1.0, 0.0, 2.0, 0.0, 3.0]];
    /// model.fit(history.view(), Array2::zeros((1, 0)).view())?;
    /// let rolling = RollingOrigins::default().over(history.view())?;
    /// let config = ConformalConfig { alpha: 0.25, scale_columns: 2, ..Default::default() };
    /// model.calibrate(rolling.map(|origin| (origin.training, origin.test)), &config)?;
    /// // Errors 1, 1 for the scale; the ⌈4 · 0.75⌉ = third smallest of 2, 2, 3 is 3.
    /// let (forecast, region) = model.predict_region(history.view())?;
    /// assert_eq!((forecast.all()[[0, 0]], region.lower[[0, 0]], region.upper[[0, 0]]), (3.0, 0.0, 6.0));
    /// # Ok::<(), granular::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Empty`] without occasions; as [`MultiGranularityModel::predict`] and [`Conformal::fit`];
    /// [`ErrorKind::Shape`] when outcomes and predictions differ in their columns. Regions stay as they were then.
    pub fn calibrate<'a>(
        &mut self,
        occasions: impl IntoIterator<Item = (ArrayView2<'a, f64>, ArrayView2<'a, f64>)>,
        config: &ConformalConfig,
    ) -> Result<()> {
        let (mut actual, mut predicted): (Vec<Array2<f64>>, Vec<Array2<f64>>) = (Vec::new(), Vec::new());
        for (x, y) in occasions {
            let (forecast, came) = (self.predict(x)?, self.hierarchy().integrate(y)?);
            let steps = predicted.first().map_or(forecast.columns(), Array2::ncols);
            expect_extent("predictions", "columns", steps, forecast.columns())?;
            expect_extent("outcomes", "columns", steps, came.columns())?;
            actual.push(came.into_inner());
            predicted.push(forecast.into_inner());
        }
        let steps = predicted.first().map_or(0, Array2::ncols);
        if steps == 0 {
            return Err(ErrorKind::Empty { what: "occasions to calibrate by" }.into());
        }
        let of_step = |all: &[Array2<f64>], step| {
            // Columns of coherent values, put together anew.
            Coherent::trusted(self.hierarchy().clone(), column_of_each(all, step))
        };
        let fit = |step| Conformal::fit(&of_step(&actual, step), &of_step(&predicted, step), config);
        self.regions = (0..steps).map(fit).collect::<Result<_>>()?;
        Ok(())
    }

    /// Predicts as [`MultiGranularityModel::predict`] does, with a region around it (n × k) for which
    /// [`MultiGranularityModel::calibrate`] has found the widths: what it promises is said by its
    /// [`ConformalConfig`], and by [`Conformal`].
    ///
    /// # Errors
    /// [`ErrorKind::NotCalibrated`]; as [`MultiGranularityModel::predict`]; [`ErrorKind::Shape`] when it predicts another
    /// number of columns than at the occasions.
    pub fn predict_region(&self, x: ArrayView2<'_, f64>) -> Result<(Coherent, Region)> {
        if self.regions.is_empty() {
            return Err(ErrorKind::NotCalibrated {}.into());
        }
        let forecast = self.predict(x)?;
        expect_extent("predictions", "columns", self.regions.len(), forecast.columns())?;
        let bound = |side: fn(&Conformal) -> &[f64], sign: f64| {
            Array2::from_shape_fn(forecast.all().dim(), |at| {
                forecast.all()[at] + sign * side(&self.regions[at.1])[at.0]
            })
        };
        let lower = bound(|region| region.widths().0, -1.0);
        let upper = bound(|region| region.widths().1, 1.0);
        Ok((forecast, Region { lower, upper }))
    }

    /// The regions of the steps, as calibrated; none before.
    #[must_use]
    pub fn regions(&self) -> &[Conformal] {
        &self.regions
    }
}

fn column_of_each(parts: &[Array2<f64>], column: usize) -> Array2<f64> {
    let views: Vec<_> = parts.iter().map(|part| columns(part.view(), column..column + 1)).collect();
    concatenate(Axis(1), &views).expect("all have n rows")
}

fn side_by_side(parts: &[Array2<f64>]) -> Result<Array2<f64>> {
    if parts.is_empty() {
        return Err(ErrorKind::Empty { what: "occasions to weigh by" }.into());
    }
    let views: Vec<_> = parts.iter().map(|part| part.view()).collect();
    Ok(concatenate(Axis(1), &views).expect("all have n rows"))
}
