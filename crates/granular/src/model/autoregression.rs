//! Forecasting series with any model that maps rows to rows.

use std::fmt;

use tensor::ndarray::{Array2, ArrayView1, ArrayView2};

use super::replay::joined;
use super::seasonal_naive::at_least_one;
use super::{FittedModel, Model, Replay};
use crate::arrays::{expect_extent, expect_finite};
use crate::error::{ErrorKind, Result};

/// Which features a window has besides its lags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Features {
    /// The lags alone.
    #[default]
    Lags,
    /// The lags, and which place in the season the first forecast step has (season − 1 indicators; the first place is
    /// the reference). Places count from the first column, so histories must begin at the same place when fitting and
    /// when predicting.
    LagsAndSeason,
}

/// The settings of an [`Autoregression`].
///
/// | name | default | meaning | range |
/// | --- | --- | --- | --- |
/// | `lags` | 8 | values before the origin that are features | ≥ 1 |
/// | `season` | 4 | columns after which the pattern repeats, 1 for none | ≥ 1 |
/// | `horizon` | 4 | steps predicted at once | ≥ 1 |
/// | `features` | lags | what else a window holds | |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AutoregressionConfig {
    /// Values before the origin that are features.
    pub lags: usize,
    /// Columns after which the pattern repeats, 1 for none.
    pub season: usize,
    /// Steps predicted at once.
    pub horizon: usize,
    /// What a window holds besides its lags.
    pub features: Features,
}

impl Default for AutoregressionConfig {
    fn default() -> Self {
        Self { lags: 8, season: 4, horizon: 4, features: Features::Lags }
    }
}

/// Forecasts series by one inner model that all rows share.
///
/// `x` is the history (rows × T), `y` its continuation, which is appended for fitting (it may have no columns). Every
/// row gives one window for each origin t (the number of columns seen) that leaves a full horizon after it and has
/// `max(lags, 2 · season)` columns before it. With the seasonal naive forecast `n(h)`, the value of the same place in
/// the last season before the origin, and the row's scale `s = mean |z_i − z_(i−season)|`:
///
/// - features: `(z_(t−lags) − n(1)) / s, …, (z_(t−1) − n(1)) / s`, then the season indicators if asked for;
/// - targets: `(z_(t+h−1) − n(h)) / s` for h = 1 … horizon, all predicted at once.
///
/// Features and scale use the columns before the origin only, so no window knows its future. A row that repeats itself
/// exactly has the scale 0: it gives no windows, and its forecast is the seasonal naive one; so is every forecast when
/// no window is left. Windows stand in the order of rows, then origins.
///
/// ```
/// use granular::{Autoregression, AutoregressionConfig, Model, Ridge};
/// use tensor::ndarray::{Array2, array};
///
/// // Without seasons a series that grows by 1 differs by h from its last value, and its scale is 1.
/// let config = AutoregressionConfig { lags: 2, season: 1, horizon: 2, ..Default::default() };
/// let growth = Autoregression::new(Ridge::new(1e-9)?, config)?;
/// let history = array![[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]];
/// let fitted = growth.fit(history.view(), Array2::zeros((1, 0)).view())?;
/// assert_eq!(fitted.predict(history.view())?, array![[7.0, 8.0]]);
/// # Ok::<(), granular::Error>(())
/// ```
#[derive(Clone)]
pub struct Autoregression<M> {
    inner: M,
    config: AutoregressionConfig,
}

impl<M> fmt::Debug for Autoregression<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Autoregression").field("config", &self.config).finish_non_exhaustive()
    }
}

impl<M: Model> Autoregression<M> {
    /// Wraps an inner model, which sees windows × features and windows × horizon.
    ///
    /// # Errors
    /// [`ErrorKind::Parameter`] for a setting that is 0.
    pub fn new(inner: M, config: AutoregressionConfig) -> Result<Self> {
        at_least_one("lags", config.lags)?;
        at_least_one("season", config.season)?;
        at_least_one("horizon", config.horizon)?;
        Ok(Self { inner, config })
    }
}

impl<M: Model> Model for Autoregression<M> {
    /// # Errors
    /// [`ErrorKind::Shape`] when x and y differ in rows; [`ErrorKind::NotFiniteCell`]; [`ErrorKind::TooShort`] when not
    /// one window fits; the inner model's own.
    fn fit(&self, x: ArrayView2<'_, f64>, y: ArrayView2<'_, f64>) -> Result<Box<dyn FittedModel>> {
        let series = joined(x, y)?;
        expect_finite("history", series.view())?;
        let config = self.config;
        config.check_length(series.ncols(), config.horizon)?;
        let (mut inputs, mut targets) = (Vec::new(), Vec::new());
        for row in series.rows() {
            config.windows(row, &mut inputs, &mut targets);
        }
        let windows = targets.len() / config.horizon;
        if windows == 0 {
            return Ok(Box::new(Fitted { inner: None, config }));
        }
        let inputs = Array2::from_shape_vec((windows, config.width()), inputs).expect("equally wide windows");
        let targets =
            Array2::from_shape_vec((windows, config.horizon), targets).expect("equally long targets");
        let inner = Some(self.inner.fit(inputs.view(), targets.view())?);
        Ok(Box::new(Fitted { inner, config }))
    }
}

struct Fitted {
    inner: Option<Box<dyn FittedModel>>,
    config: AutoregressionConfig,
}

impl FittedModel for Fitted {
    fn predict(&self, x: ArrayView2<'_, f64>) -> Result<Array2<f64>> {
        let config = self.config;
        expect_finite("history", x)?;
        config.check_length(x.ncols(), 0)?;
        let origin = x.ncols();
        let mut out =
            Array2::from_shape_fn((x.nrows(), config.horizon), |(i, h)| config.naive(x.row(i), origin, h));
        let Some(inner) = &self.inner else { return Ok(out) };
        let scales: Vec<f64> = x.rows().into_iter().map(|row| config.scale(row)).collect();
        let mut inputs = Vec::with_capacity(x.nrows() * config.width());
        for (row, &scale) in x.rows().into_iter().zip(&scales) {
            // A row of scale 0 repeats itself; its features are finite and its correction is multiplied by 0.
            config.push_features(row, origin, if scale > 0.0 { scale } else { 1.0 }, &mut inputs);
        }
        let inputs =
            Array2::from_shape_vec((x.nrows(), config.width()), inputs).expect("equally wide windows");
        let corrections = inner.predict(inputs.view())?;
        expect_extent("corrections of the inner model", "rows", x.nrows(), corrections.nrows())?;
        expect_extent("corrections of the inner model", "columns", config.horizon, corrections.ncols())?;
        for ((row, correction), scale) in out.rows_mut().into_iter().zip(corrections.rows()).zip(scales) {
            for (value, c) in row.into_iter().zip(correction) {
                *value += scale * c;
            }
        }
        Ok(out)
    }

    fn replay(&self, x: ArrayView2<'_, f64>, y: ArrayView2<'_, f64>) -> Result<Replay> {
        Replay::of_history(self, joined(x, y)?.view(), self.config.before())
    }
}

impl AutoregressionConfig {
    /// Columns that must precede an origin: the lags, and two seasons, so that the scale is a mean over one at least.
    fn before(&self) -> usize {
        self.lags.max(2 * self.season)
    }

    /// Features of a window.
    fn width(&self) -> usize {
        self.lags + if self.features == Features::LagsAndSeason { self.season - 1 } else { 0 }
    }

    fn check_length(&self, got: usize, after: usize) -> Result<()> {
        let needed = self.before() + after;
        if got >= needed { Ok(()) } else { Err(ErrorKind::TooShort { what: "history", needed, got }.into()) }
    }

    /// The value of step `h` (from 0) after the origin, one or more whole seasons earlier.
    fn naive(&self, row: ArrayView1<'_, f64>, origin: usize, h: usize) -> f64 {
        row[origin - self.season + h % self.season]
    }

    /// `mean |z_i − z_(i−season)|` over all of the row.
    fn scale(&self, row: ArrayView1<'_, f64>) -> f64 {
        let sum: f64 = (self.season..row.len()).map(|i| (row[i] - row[i - self.season]).abs()).sum();
        sum / (row.len() - self.season) as f64
    }

    /// Appends the windows of one row, the scale growing with the origin.
    fn windows(&self, row: ArrayView1<'_, f64>, inputs: &mut Vec<f64>, targets: &mut Vec<f64>) {
        let change = |i: usize| (row[i] - row[i - self.season]).abs();
        let mut sum: f64 = (self.season..self.before()).map(change).sum();
        for origin in self.before()..=row.len() - self.horizon {
            let scale = sum / (origin - self.season) as f64;
            if scale > 0.0 {
                self.push_features(row, origin, scale, inputs);
                targets.extend(
                    (0..self.horizon).map(|h| (row[origin + h] - self.naive(row, origin, h)) / scale),
                );
            }
            if origin < row.len() {
                sum += change(origin);
            }
        }
    }

    fn push_features(&self, row: ArrayView1<'_, f64>, origin: usize, scale: f64, inputs: &mut Vec<f64>) {
        let naive = self.naive(row, origin, 0);
        inputs.extend((origin - self.lags..origin).map(|i| (row[i] - naive) / scale));
        if self.features == Features::LagsAndSeason {
            let place = origin % self.season;
            inputs.extend((1..self.season).map(|p| if p == place { 1.0 } else { 0.0 }));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tensor::ndarray::array;

    use super::*;

    /// Keeps what it was fitted on, and predicts twos.
    #[derive(Clone, Default)]
    struct Recorder(Arc<Mutex<Vec<[Array2<f64>; 2]>>>);
    struct Twos(usize);

    impl Model for Recorder {
        fn fit(&self, x: ArrayView2<'_, f64>, y: ArrayView2<'_, f64>) -> Result<Box<dyn FittedModel>> {
            self.0.lock().unwrap().push([x.to_owned(), y.to_owned()]);
            Ok(Box::new(Twos(y.ncols())))
        }
    }
    impl FittedModel for Twos {
        fn predict(&self, x: ArrayView2<'_, f64>) -> Result<Array2<f64>> {
            Ok(Array2::from_elem((x.nrows(), self.0), 2.0))
        }
    }

    fn config() -> AutoregressionConfig {
        AutoregressionConfig { lags: 2, season: 2, horizon: 3, features: Features::LagsAndSeason }
    }

    #[test]
    fn windows_by_hand() {
        let recorder = Recorder::default();
        let model = Autoregression::new(recorder.clone(), config()).unwrap();
        // Seasonal changes |z_i − z_(i−2)|: 2, 2, 4, 0, 0; the second row repeats itself and gives no window.
        let x = array![[1.0, 5.0, 3.0, 7.0, 7.0, 7.0], [1.0, 2.0, 1.0, 2.0, 1.0, 2.0]];
        let y = array![[7.0, 6.0], [1.0, 2.0]];
        let fitted = model.fit(x.view(), y.view()).unwrap();
        let seen = recorder.0.lock().unwrap();
        let [inputs, targets] = &seen[0];
        // Origin 4: scale (2 + 2) / 2 = 2, n = 3, 7, 3. Origin 5: scale (2 + 2 + 4) / 3, n = 7, 7, 7.
        assert_eq!(*inputs, array![[0.0, 2.0, 0.0], [0.0, 0.0, 1.0]]);
        assert_eq!(*targets, array![[2.0, 0.0, 2.0], [0.0, 0.0, -0.375]]);
        // Scale of all six columns: (2 + 2 + 4 + 0) / 4 = 2, so twos add 4.
        let out = fitted.predict(x.view()).unwrap();
        assert_eq!(out, array![[11.0, 11.0, 11.0], [1.0, 2.0, 1.0]]);
    }

    #[test]
    fn rows_that_repeat_themselves_need_no_inner_model() {
        let recorder = Recorder::default();
        let model = Autoregression::new(recorder.clone(), config()).unwrap();
        let zeros = Array2::zeros((2, 8));
        let fitted = model.fit(zeros.view(), Array2::zeros((2, 0)).view()).unwrap();
        assert_eq!(fitted.predict(zeros.view()).unwrap(), Array2::<f64>::zeros((2, 3)));
        assert!(recorder.0.lock().unwrap().is_empty());
    }

    #[test]
    fn refusals() {
        let model = Autoregression::new(Recorder::default(), config()).unwrap();
        let none = |rows| Array2::zeros((rows, 0));
        let message =
            |x: Array2<f64>, y: Array2<f64>| model.fit(x.view(), y.view()).err().unwrap().to_string();
        assert_eq!(message(Array2::zeros((1, 6)), none(1)), "history: expected at least 7 columns, got 6");
        assert_eq!(message(Array2::zeros((1, 8)), none(2)), "continuation: expected 1 rows, got 2");
        let nan = Array2::from_elem((1, 8), f64::NAN);
        assert_eq!(message(nan, none(1)), "history, row 0, column 0: expected a finite value, got NaN");
        let zero = AutoregressionConfig { horizon: 0, ..config() };
        let error = Autoregression::new(Recorder::default(), zero).unwrap_err().to_string();
        assert_eq!(error, "horizon: expected at least 1, got 0");
    }
}
