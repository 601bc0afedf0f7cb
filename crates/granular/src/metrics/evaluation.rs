//! Several forecasts of one hierarchy, compared level by level.

use std::fmt;

use tensor::ndarray::{Array1, ArrayView2};

use super::{mae, mase, rmse, seasonal_scale};
use crate::coherent::Coherent;
use crate::error::{ErrorKind, Result};
use crate::hierarchy::Hierarchy;

/// What an [`Evaluation`] measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Metric {
    /// Root mean square error, see [`rmse`](crate::rmse()).
    Rmse,
    /// Mean absolute error, see [`mae`](crate::mae()).
    Mae,
    /// Mean absolute scaled error, see [`mase`](crate::mase()).
    Mase,
}

impl Metric {
    const ALL: [Self; 3] = [Self::Rmse, Self::Mae, Self::Mase];

    fn name(self) -> &'static str {
        match self {
            Self::Rmse => "RMSE",
            Self::Mae => "MAE",
            Self::Mase => "MASE",
        }
    }
}

/// A table level × forecast for each metric, printable.
///
/// A metric is taken for each node over the horizon; the value of a level is the mean over its nodes, and Overall the
/// mean over all nodes of a chosen set of levels. Nodes whose MASE is not defined (scale 0) are left out of its means.
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
/// ");
/// # Ok::<(), granular::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Evaluation {
    actual: Coherent,
    scales: Vec<f64>,
    overall: Vec<bool>,
    forecasts: Vec<(String, [Array1<f64>; 3])>,
}

impl Evaluation {
    /// Will compare with `actual` (n × k); `training` (n × T) gives each node its scale for MASE.
    ///
    /// # Errors
    /// [`ErrorKind::OtherHierarchy`] when the two do not share one; as [`seasonal_scale`].
    pub fn new(actual: &Coherent, training: &Coherent, season: usize) -> Result<Self> {
        if training.hierarchy() != actual.hierarchy() {
            return Err(ErrorKind::OtherHierarchy { what: "training part", than: "actual values" }.into());
        }
        let scales = seasonal_scale(training.all(), season)?;
        let overall = vec![true; actual.hierarchy().levels().len()];
        Ok(Self { actual: actual.clone(), scales, overall, forecasts: Vec::new() })
    }

    /// Chooses the levels whose nodes make up Overall; all of them unless chosen.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownLevel`].
    pub fn with_overall(mut self, levels: &[&str]) -> Result<Self> {
        self.overall.fill(false);
        for level in levels {
            self.overall[self.actual.hierarchy().level(level)?.position()] = true;
        }
        Ok(self)
    }

    /// Adds a forecast of all nodes (n × k), coherent or not, under a name.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`], [`ErrorKind::NotFinite`]; [`ErrorKind::Forecast`] when the name is taken.
    pub fn add(&mut self, name: &str, forecast: ArrayView2<'_, f64>) -> Result<()> {
        if self.forecasts.iter().any(|(other, _)| other == name) {
            return Err(ErrorKind::Forecast { name: name.to_owned(), state: "already in" }.into());
        }
        self.hierarchy().check_base(forecast)?;
        let actual = self.actual.all();
        let values = [rmse(actual, forecast)?, mae(actual, forecast)?, mase(actual, forecast, &self.scales)?];
        self.forecasts.push((name.to_owned(), values));
        Ok(())
    }

    /// A metric of a forecast, the mean over the nodes of a level. NaN when it is defined for none of them.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownLevel`]; [`ErrorKind::Forecast`] for a name that was not added.
    pub fn level(&self, forecast: &str, level: &str, metric: Metric) -> Result<f64> {
        let level = self.hierarchy().level(level)?;
        let values = self.nodes(forecast, metric)?;
        Ok(mean_defined(level.range().map(|node| values[node])))
    }

    /// A metric of a forecast, the mean over the nodes of the levels chosen for Overall.
    ///
    /// # Errors
    /// [`ErrorKind::Forecast`] for a name that was not added.
    pub fn overall(&self, forecast: &str, metric: Metric) -> Result<f64> {
        Ok(self.mean_overall(self.nodes(forecast, metric)?))
    }

    /// A metric of a forecast for each node.
    ///
    /// # Errors
    /// [`ErrorKind::Forecast`] for a name that was not added.
    pub fn nodes(&self, forecast: &str, metric: Metric) -> Result<&Array1<f64>> {
        let absent = || ErrorKind::Forecast { name: forecast.to_owned(), state: "not in" };
        let (_, values) = self.forecasts.iter().find(|(name, _)| name == forecast).ok_or_else(absent)?;
        Ok(&values[metric as usize])
    }

    fn hierarchy(&self) -> &Hierarchy {
        self.actual.hierarchy()
    }

    fn mean_overall(&self, values: &Array1<f64>) -> f64 {
        let chosen = self.hierarchy().levels().filter(|level| self.overall[level.position()]);
        mean_defined(chosen.flat_map(|level| level.range()).map(|node| values[node]))
    }

    /// The printed cells of a metric: a header row, a row for each level, a row for Overall.
    fn cells(&self, metric: Metric) -> Vec<Vec<String>> {
        let mut rows = vec![vec![metric.name().to_owned()]];
        rows.extend(self.hierarchy().levels().map(|level| vec![level.name().to_owned()]));
        rows.push(vec!["Overall".to_owned()]);
        let overall = rows.len() - 1;
        for (name, values) in &self.forecasts {
            let values = &values[metric as usize];
            rows[0].push(name.clone());
            for level in self.hierarchy().levels() {
                let mean = mean_defined(level.range().map(|node| values[node]));
                rows[1 + level.position()].push(printed(metric, mean));
            }
            rows[overall].push(printed(metric, self.mean_overall(values)));
        }
        rows
    }
}

impl fmt::Display for Evaluation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, metric) in Metric::ALL.into_iter().enumerate() {
            if position > 0 {
                writeln!(f)?;
            }
            let rows = self.cells(metric);
            let width = |c: usize| rows.iter().map(|row| row[c].chars().count()).max().unwrap_or(0);
            let widths: Vec<usize> = (0..rows[0].len()).map(width).collect();
            for row in &rows {
                write!(f, "{:<1$}", row[0], widths[0])?;
                for (cell, width) in row.iter().zip(&widths).skip(1) {
                    write!(f, "  {cell:>width$}")?;
                }
                writeln!(f)?;
            }
        }
        Ok(())
    }
}

/// The mean of the values that are not NaN; NaN when there are none.
fn mean_defined(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) =
        values.filter(|value| !value.is_nan()).fold((0.0, 0), |(sum, count), value| (sum + value, count + 1));
    sum / f64::from(count)
}

/// Four significant digits, or two decimals for a scaled error; `-` for a value that is not defined.
fn printed(metric: Metric, value: f64) -> String {
    if value.is_nan() {
        return "-".to_owned();
    }
    if metric == Metric::Mase {
        return format!("{value:.2}");
    }
    // In exponent form the rounding is done first: 999.96 has the exponent of 1000.
    let rounded = format!("{value:.3e}");
    let exponent: i32 = rounded.split_once('e').and_then(|(_, e)| e.parse().ok()).unwrap_or(0);
    let decimals = usize::try_from((3 - exponent).clamp(0, 9)).unwrap_or(0);
    format!("{value:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_digits() {
        let print = |value| printed(Metric::Rmse, value);
        assert_eq!(
            [1743.4, 534.84, 51.663, 9.9996, 999.96, 0.01234, 0.0].map(print),
            ["1743", "534.8", "51.66", "10.00", "1000", "0.01234", "0.000"]
        );
        assert_eq!(print(f64::NAN), "-");
        assert_eq!(printed(Metric::Mase, 1.666), "1.67");
    }
}
