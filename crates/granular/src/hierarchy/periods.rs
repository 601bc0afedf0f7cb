//! Long series of a temporal structure, cut into its periods and put together again.

use tensor::ndarray::{Array1, Array2, ArrayView1, ArrayView2};

use super::{Hierarchy, Level};
use crate::arrays::expect_extent;
use crate::coherent::Coherent;
use crate::error::{ErrorKind, Result};

impl Hierarchy {
    /// Arranges one long series for each level of a temporal structure (forecasts, residuals) as nodes × periods.
    ///
    /// A level of s windows has `s · N` values in order of time for N periods; value `p · s + i` goes to its node i,
    /// column p. Levels come in any order. For a crossed structure see
    /// [`CrossTemporal::periods`](crate::CrossTemporal::periods).
    ///
    /// ```
    /// use granular::Hierarchy;
    /// use tensor::ndarray::{arr1, array};
    ///
    /// let year = Hierarchy::temporal(2, &[("year", 2), ("half", 1)])?;
    /// let (years, halves) = (arr1(&[30.0, 70.0]), arr1(&[10.0, 20.0, 30.0, 40.0]));
    /// let arranged = year.periods(&[("year", years.view()), ("half", halves.view())])?;
    /// assert_eq!(arranged, array![[30.0, 70.0], [10.0, 30.0], [20.0, 40.0]]);
    /// // And back.
    /// assert_eq!(year.series("half", arranged.view())?, halves);
    /// # Ok::<(), granular::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::UnknownLevel`]; [`ErrorKind::DuplicateLevel`] and [`ErrorKind::NoSeries`] for a level with two
    /// series or none; [`ErrorKind::PartPeriod`] when a series does not end with a period;
    /// [`ErrorKind::PeriodCount`] when two levels differ in their number of periods.
    pub fn periods(&self, series: &[(&str, ArrayView1<'_, f64>)]) -> Result<Array2<f64>> {
        let (places, periods) = arrange(self, series.iter().map(|(level, series)| (*level, series.len())))?;
        let mut out = Array2::zeros((self.len(), periods));
        for (level, place) in self.levels().zip(places) {
            let (steps, (_, series)) = (level.len(), &series[place]);
            for (t, &value) in series.iter().enumerate() {
                out[[level.range().start + t % steps, t / steps]] = value;
            }
        }
        Ok(out)
    }

    /// The long series of one level, in order of time, of values as nodes × periods: [`Hierarchy::periods`] undone.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownLevel`]; [`ErrorKind::Shape`] for another number of rows than n.
    pub fn series(&self, level: &str, values: ArrayView2<'_, f64>) -> Result<Array1<f64>> {
        let level = self.level(level)?;
        expect_extent("data of all levels", "rows", self.len(), values.nrows())?;
        let (start, steps) = (level.range().start, level.len());
        let at = |t: usize| values[[start + t % steps, t / steps]];
        Ok(Array1::from_shape_fn(steps * values.ncols(), at))
    }

    /// Sums a long series of finest values (`m · N`, in order of time) up to every level of each of its N periods.
    ///
    /// ```
    /// # use granular::Hierarchy;
    /// # use tensor::ndarray::{arr1, array};
    /// let year = Hierarchy::temporal(2, &[("year", 2), ("half", 1)])?;
    /// let sales = year.integrate_series(arr1(&[10.0, 20.0, 30.0, 40.0]).view())?;
    /// assert_eq!(sales.all(), array![[30.0, 70.0], [10.0, 30.0], [20.0, 40.0]]);
    /// # Ok::<(), granular::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::PartPeriod`] when the series does not end with a period; [`ErrorKind::NotFinite`].
    pub fn integrate_series(&self, series: ArrayView1<'_, f64>) -> Result<Coherent> {
        let (finest, steps) = (self.finest(), self.finest_len());
        let periods = full_periods(finest.name(), steps, series.len())?;
        let values = Array2::from_shape_fn((steps, periods), |(i, p)| series[p * steps + i]);
        self.integrate(values.view())
    }
}

/// The number of periods of a series.
pub(crate) fn full_periods(level: &str, steps: usize, got: usize) -> Result<usize> {
    if got.is_multiple_of(steps) {
        return Ok(got / steps);
    }
    Err(ErrorKind::PartPeriod { level: level.to_owned(), steps, got }.into())
}

/// Which of the named series belongs to each level, and the number of periods that they share.
pub(crate) fn arrange<'a>(
    hierarchy: &Hierarchy,
    named: impl Iterator<Item = (&'a str, usize)>,
) -> Result<(Vec<usize>, usize)> {
    let mut places: Vec<Option<usize>> = vec![None; hierarchy.levels().len()];
    let mut agreed: Option<(&str, usize)> = None;
    for (place, (name, length)) in named.enumerate() {
        let level = hierarchy.level(name)?;
        if places[level.position()].replace(place).is_some() {
            return Err(ErrorKind::DuplicateLevel { level: name.to_owned() }.into());
        }
        let got = full_periods(name, level.len(), length)?;
        let (other, expected) = *agreed.get_or_insert((name, got));
        if got != expected {
            let (level, other) = (name.to_owned(), other.to_owned());
            return Err(ErrorKind::PeriodCount { level, expected, other, got }.into());
        }
    }
    let place_of = |(level, place): (Level<'_>, Option<usize>)| {
        place.ok_or_else(|| ErrorKind::NoSeries { level: level.name().to_owned() }.into())
    };
    let places = hierarchy.levels().zip(places).map(place_of).collect::<Result<_>>()?;
    Ok((places, agreed.map_or(0, |(_, periods)| periods)))
}
