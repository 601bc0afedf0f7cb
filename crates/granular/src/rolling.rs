//! Origins that roll through a series: what was known then, and what came.

use tensor::ndarray::ArrayView2;

use crate::arrays::columns;
use crate::coherent::Coherent;
use crate::error::{ErrorKind, Result};
use crate::metrics::{Evaluation, Scores};

/// Which columns before an origin are its training part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Window {
    /// All of them: the training part grows from origin to origin.
    #[default]
    Expanding,
    /// The last so many of them.
    Sliding(usize),
}

/// Time-series cross-validation: origins `first, first + step, …`, each with the columns before it to learn from and the
/// `horizon` columns from it on to be scored by.
///
/// | field | default | meaning | range |
/// | --- | --- | --- | --- |
/// | `first` | 1 | columns before the first origin | at least 1, and the width of a sliding window |
/// | `step` | 1 | columns from one origin to the next | at least 1 |
/// | `horizon` | 1 | columns that are forecast | at least 1 |
/// | `window` | expanding | which columns before an origin are seen | |
///
/// An origin is made only if its whole horizon is known, and its training part ends where its test part begins, so that
/// no score rests on the future. With T columns there are `⌊(T − horizon − first) / step⌋ + 1` of them.
///
/// Tashman, *Out-of-sample tests of forecasting accuracy: an analysis and review*, IJF 16 (2000).
///
/// ```
/// use granular::{RollingOrigins, Window};
/// use tensor::ndarray::array;
///
/// let series = array![[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]];
/// let rolling = RollingOrigins { first: 2, step: 2, horizon: 2, window: Window::Expanding };
/// let parts: Vec<_> = rolling.over(series.view())?.map(|o| (o.training.to_owned(), o.test.to_owned())).collect();
/// assert_eq!(parts, [
///     (array![[1.0, 2.0]], array![[3.0, 4.0]]),
///     (array![[1.0, 2.0, 3.0, 4.0]], array![[5.0, 6.0]]),
/// ]);
/// let sliding = RollingOrigins { window: Window::Sliding(2), ..rolling };
/// assert_eq!(sliding.over(series.view())?.last().map(|o| o.training.to_owned()), Some(array![[3.0, 4.0]]));
/// # Ok::<(), granular::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RollingOrigins {
    /// Columns before the first origin.
    pub first: usize,
    /// Columns from one origin to the next.
    pub step: usize,
    /// Columns that are forecast.
    pub horizon: usize,
    /// Which columns before an origin are seen.
    pub window: Window,
}

impl Default for RollingOrigins {
    fn default() -> Self {
        Self { first: 1, step: 1, horizon: 1, window: Window::Expanding }
    }
}

/// One origin of [`RollingOrigins`]: views, no copies.
#[derive(Debug, Clone, Copy)]
pub struct Origin<'a> {
    /// The number of columns before it.
    pub at: usize,
    /// What was known: the columns before it, or the last of them.
    pub training: ArrayView2<'a, f64>,
    /// What came: the horizon.
    pub test: ArrayView2<'a, f64>,
}

/// The origins of [`RollingOrigins::over`], in the order of time.
#[derive(Debug, Clone)]
pub struct Origins<'a> {
    values: ArrayView2<'a, f64>,
    rolling: RollingOrigins,
    next: usize,
}

impl RollingOrigins {
    /// The origins of data (rows × T, columns in the order of time).
    ///
    /// # Errors
    /// [`ErrorKind::Parameter`] for a setting out of its range; [`ErrorKind::TooShort`] when the first origin would need
    /// columns that have not come yet.
    pub fn over<'a>(&self, values: ArrayView2<'a, f64>) -> Result<Origins<'a>> {
        self.check(values.ncols())?;
        Ok(Origins { values, rolling: *self, next: self.first })
    }

    /// Scores forecasts at every origin and pools the scores.
    ///
    /// For each origin `forecast` gets the training part and an [`Evaluation`] that holds what came, and adds its
    /// forecasts to it, at all origins under the same names. It never sees the test part.
    ///
    /// ```
    /// use granular::{Hierarchy, Method, Metric, Reconciler, RollingOrigins, seasonal_naive};
    /// use tensor::ndarray::array;
    ///
    /// let year = Hierarchy::temporal(2, &[("year", 2), ("half", 1)])?;
    /// let data = year.integrate(array![[1.0, 2.0, 4.0, 5.0], [1.0, 1.0, 1.0, 1.0]].view())?;
    /// let rolling = RollingOrigins { first: 2, ..Default::default() };
    /// let reconciler = Reconciler::new(&year, Method::Ols)?;
    /// let scores = rolling.evaluate(&data, 1, |training, evaluation| {
    ///     let base = seasonal_naive(training.all(), 1, 1)?;
    ///     evaluation.add_comparisons(training, 1, base.view())?;
    ///     evaluation.add("ols", reconciler.reconcile(base.view())?.all())
    /// })?;
    /// // The first half was forecast as 2 and 4, and came as 4 and 5.
    /// assert_eq!(scores.origins(), 2);
    /// assert_eq!(scores.level("seasonal naive", "year", Metric::Mae)?, 1.5);
    /// # Ok::<(), granular::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`RollingOrigins::over`]; what `forecast` says and what [`Evaluation::new`] says of a training part, in
    /// [`ErrorKind::AtOrigin`]; as [`Scores::pool`].
    pub fn evaluate(
        &self,
        data: &Coherent,
        season: usize,
        mut forecast: impl FnMut(&Coherent, &mut Evaluation) -> Result<()>,
    ) -> Result<Scores> {
        let mut pooled: Option<Scores> = None;
        for origin in self.over(data.all())? {
            let mut one = || {
                let training = data.part(origin.at - origin.training.ncols()..origin.at)?;
                let actual = data.part(origin.at..origin.at + self.horizon)?;
                let mut evaluation = Evaluation::new(&actual, &training, season)?;
                forecast(&training, &mut evaluation)?;
                let scores = evaluation.into_scores();
                match &mut pooled {
                    None => pooled = Some(scores),
                    Some(pooled) => pooled.absorb(&scores)?,
                }
                Ok(())
            };
            one().map_err(|source: crate::Error| ErrorKind::AtOrigin { origin: origin.at, source })?;
        }
        // There is at least one origin, or `over` had refused.
        Ok(pooled.ok_or(ErrorKind::Empty { what: "origins" })?)
    }

    fn check(&self, total: usize) -> Result<()> {
        for (name, value) in [("first origin", self.first), ("step", self.step), ("horizon", self.horizon)] {
            if value == 0 {
                return Err(ErrorKind::Parameter { name, expected: "at least 1", got: "0".to_owned() }.into());
            }
        }
        if let Window::Sliding(width) = self.window
            && (width == 0 || width > self.first)
        {
            let (name, expected) = ("sliding window", "at least 1 and at most the first origin");
            return Err(ErrorKind::Parameter { name, expected, got: width.to_string() }.into());
        }
        let needed = self.first.saturating_add(self.horizon);
        if total < needed {
            return Err(ErrorKind::TooShort { what: "series for rolling origins", needed, got: total }.into());
        }
        Ok(())
    }
}

impl<'a> Iterator for Origins<'a> {
    type Item = Origin<'a>;

    fn next(&mut self) -> Option<Origin<'a>> {
        let at = self.next;
        let end = at.checked_add(self.rolling.horizon).filter(|&end| end <= self.values.ncols())?;
        self.next = at.saturating_add(self.rolling.step);
        let start = match self.rolling.window {
            Window::Expanding => 0,
            Window::Sliding(width) => at - width,
        };
        Some(Origin { at, training: columns(self.values, start..at), test: columns(self.values, at..end) })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let room = self.values.ncols().checked_sub(self.rolling.horizon);
        let left = room.and_then(|last| last.checked_sub(self.next));
        let count = left.map_or(0, |left| left / self.rolling.step + 1);
        (count, Some(count))
    }
}

impl ExactSizeIterator for Origins<'_> {}
