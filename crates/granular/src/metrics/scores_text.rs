//! Scores on the terminal and as CSV.

use std::fmt;
use std::io::Write;
use std::path::Path;

use super::metric::Metric;
use super::scores::{Scored, Scores};
use crate::error::Result;
use crate::files::save_whole;
use crate::printed::{aligned, four};
use crate::table::csv_error;

impl Scores {
    /// One metric as text: a row for each level and for Overall, a column for each forecast.
    #[must_use]
    pub fn table(&self, metric: Metric) -> String {
        Block { scores: self, metric }.to_string()
    }

    /// Writes CSV with the columns `metric,level,forecast,all,h1,…,hk`: every metric that some forecast has, for each
    /// level and forecast, over all steps and step by step. What is not defined is an empty field.
    ///
    /// ```
    /// use granular::{Evaluation, Hierarchy};
    /// use tensor::ndarray::array;
    ///
    /// let row = Hierarchy::temporal(1, &[("row", 1)])?;
    /// let training = row.integrate(array![[1.0, 3.0, 5.0]].view())?;
    /// let mut evaluation = Evaluation::new(&row.integrate(array![[7.0, 9.0]].view())?, &training, 1)?;
    /// evaluation.add("last", array![[5.0, 5.0]].view())?;
    /// let mut csv = Vec::new();
    /// evaluation.scores().write_csv(&mut csv)?;
    /// let csv = String::from_utf8_lossy(&csv);
    /// assert!(csv.starts_with("metric,level,forecast,all,h1,h2\n"));
    /// assert!(csv.contains("\nMAE,row,last,3,2,4\nMAE,Overall,last,3,2,4\nMASE,row,last,1.5,1,2\n"));
    /// # Ok::<(), granular::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Csv`](crate::ErrorKind::Csv) when the bytes cannot be written.
    pub fn write_csv(&self, to: impl Write) -> Result<()> {
        let mut writer = csv::Writer::from_writer(to);
        let steps = (1..=self.columns()).map(|h| format!("h{h}"));
        let header = ["metric", "level", "forecast", "all"].map(str::to_owned).into_iter().chain(steps);
        writer.write_record(header).map_err(csv_error)?;
        let text = |value: f64| if value.is_nan() { String::new() } else { value.to_string() };
        for metric in self.measured() {
            for level in self.hierarchy.levels() {
                for name in self.forecasts() {
                    let all = self.level(name, level.name(), metric)?;
                    let steps = self.steps(name, level.name(), metric)?;
                    let names = [metric.name(), level.name(), name].map(str::to_owned);
                    let numbers = [all].into_iter().chain(steps).map(text);
                    writer.write_record(names.into_iter().chain(numbers)).map_err(csv_error)?;
                }
            }
            for name in self.forecasts() {
                let (all, steps) = (self.overall(name, metric)?, self.overall_steps(name, metric)?);
                let names = [metric.name(), "Overall", name].map(str::to_owned);
                let numbers = [all].into_iter().chain(steps).map(text);
                writer.write_record(names.into_iter().chain(numbers)).map_err(csv_error)?;
            }
        }
        writer.flush().map_err(|error| csv_error(error.into()))
    }

    /// Writes the CSV of [`Scores::write_csv`] to a file, whole or not at all, as
    /// [`Coherent::save_csv`](crate::Coherent::save_csv) does.
    ///
    /// # Errors
    /// [`ErrorKind::File`](crate::ErrorKind::File) names the path.
    pub fn save_csv(&self, path: impl AsRef<Path>) -> Result<()> {
        save_whole(path.as_ref(), |file| self.write_csv(file))
    }

    /// The metrics that at least one forecast has.
    fn measured(&self) -> impl Iterator<Item = Metric> + '_ {
        let has = |scored: &Scored, metric: Metric| match metric {
            Metric::JointCoverage => scored.together.is_some(),
            metric => scored.cells[metric as usize].is_some(),
        };
        let measured = move |metric: &Metric| self.forecasts.iter().any(|scored| has(scored, *metric));
        Metric::ALL.into_iter().filter(measured)
    }

    /// The printed cells of a metric: a header row, a row for each level, a row for Overall.
    fn cells(&self, metric: Metric) -> Vec<Vec<String>> {
        let mut rows = vec![vec![metric.name().to_owned()]];
        rows.extend(self.hierarchy.levels().map(|level| vec![level.name().to_owned()]));
        rows.push(vec!["Overall".to_owned()]);
        let overall = rows.len() - 1;
        for scored in &self.forecasts {
            let value =
                |levels: &[usize]| printed(metric, self.value(scored, metric, levels, 0..self.columns));
            rows[0].push(scored.name.clone());
            for level in 0..overall - 1 {
                rows[1 + level].push(value(&[level]));
            }
            rows[overall].push(value(&self.chosen()));
        }
        rows
    }
}

impl fmt::Display for Scores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, metric) in self.measured().enumerate() {
            if position > 0 {
                writeln!(f)?;
            }
            Block { scores: self, metric }.fmt(f)?;
        }
        Ok(())
    }
}

/// One metric of the table.
struct Block<'s> {
    scores: &'s Scores,
    metric: Metric,
}

impl fmt::Display for Block<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        aligned(f, &self.scores.cells(self.metric))
    }
}

/// Four significant digits, or two decimals for a scaled error or a share; `-` for a value that is not defined.
fn printed(metric: Metric, value: f64) -> String {
    if value.is_nan() {
        return "-".to_owned();
    }
    if matches!(metric, Metric::Mase | Metric::Rmsse | Metric::Coverage | Metric::JointCoverage) {
        return format!("{value:.2}");
    }
    if value == 0.0 && metric == Metric::Gap {
        return "0".to_owned();
    }
    four(value)
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
        assert_eq!(printed(Metric::Gap, 3.21e-12), "3.210e-12");
        assert_eq!(printed(Metric::Gap, 0.0), "0");
    }
}
