//! How a node's value comes from those of its units: the weights in a row of S.

use std::fmt;
use std::str::FromStr;

use super::Hierarchy;
use crate::arrays::expect_extent;
use crate::error::{Error, ErrorKind, Result};
use crate::sparse::Csr;

/// How the value of a node comes from those of its finest units.
///
/// | aggregator | a node's value | weight of unit j among the members M of a node |
/// | --- | --- | --- |
/// | `Sum` | `Σ b_j` | 1 |
/// | `Mean` | `Σ b_j / |M|` | `1 / |M|` |
/// | `WeightedMean(w)` | `Σ w_j b_j / Σ w_j` | `w_j / Σ_M w` |
/// | `First` | b of the first unit | 1 for the first, 0 for the others |
/// | `Last` | b of the last unit | 1 for the last, 0 for the others |
///
/// All of them are linear, `y = S b`: that is what lets forecasts be reconciled. Maxima, medians, products and counts
/// are not, and parsing their names gives [`ErrorKind::NotLinear`], which says why. Units count in the order of the
/// finest level. The finest level itself is always the units as they are.
///
/// Chosen for a built hierarchy by [`Hierarchy::aggregated_by`], for one of its levels by
/// [`Hierarchy::level_aggregated_by`]; sums are what the constructors give.
///
/// ```
/// use granular::Aggregator;
///
/// assert_eq!("mean".parse::<Aggregator>()?, Aggregator::Mean);
/// let error = "median".parse::<Aggregator>().unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "aggregator `median` is not linear: the median of sums is not the sum of medians, so no weights in S give it"
/// );
/// # Ok::<(), granular::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub enum Aggregator {
    /// The sum of the units: what adds up, as sales do.
    #[default]
    Sum,
    /// The mean of the units, all alike: a temperature, the grey of a picture.
    Mean,
    /// The mean by weights, one for each finest unit, none negative: a price by the amounts sold.
    WeightedMean(Vec<f64>),
    /// The first unit's value: the opening stock of a window.
    First,
    /// The last unit's value: the closing stock of a window.
    Last,
}

impl Aggregator {
    /// Sets the weights of a row.
    fn weigh(&self, units: &[usize], weights: &mut [f64]) {
        let count = weights.len();
        match self {
            Self::Sum => weights.fill(1.0),
            Self::Mean => weights.fill(1.0 / count as f64),
            Self::WeightedMean(given) => {
                // Divided by the largest first, as a sum of large weights could overflow.
                let largest = units.iter().map(|&unit| given[unit]).fold(0.0, f64::max);
                let total: f64 = units.iter().map(|&unit| given[unit] / largest).sum();
                for (weight, &unit) in weights.iter_mut().zip(units) {
                    *weight = given[unit] / largest / total;
                }
            }
            Self::First | Self::Last => {
                weights.fill(0.0);
                let only = if *self == Self::First { weights.first_mut() } else { weights.last_mut() };
                if let Some(weight) = only {
                    *weight = 1.0;
                }
            }
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Sum => "sum",
            Self::Mean => "mean",
            Self::WeightedMean(_) => "weighted mean",
            Self::First => "first",
            Self::Last => "last",
        }
    }
}

/// The name, as it is parsed.
impl fmt::Display for Aggregator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Names of what is not linear, with the reason.
const NOT_LINEAR: [(&[&str], &str); 7] = [
    (
        &["max", "maximum", "min", "minimum", "range"],
        "the extreme of sums is not the sum of extremes, so no weights in S give it",
    ),
    (
        &["median", "quantile", "percentile", "mode"],
        "the median of sums is not the sum of medians, so no weights in S give it",
    ),
    (
        &["count", "size"],
        "it does not depend on the values; the sum of a column of ones has the same numbers and is linear",
    ),
    (
        &["count_distinct", "distinct", "nunique", "unique"],
        "values that occur in two nodes would be counted once above and twice below, so the nodes do not add up",
    ),
    (
        &["product", "prod", "geometric_mean", "gmean", "harmonic_mean"],
        "it multiplies or divides by the values; the sum or mean of their logarithms (or reciprocals) is linear",
    ),
    (
        &["std", "sd", "var", "variance", "rms", "norm"],
        "it squares the values; the sum or mean of the squares, taken as data, is linear",
    ),
    (
        &["any", "all", "and", "or"],
        "it is true or false, and truth values do not add up; the mean of 0 and 1 does",
    ),
];

/// Reads `sum`, `mean` (or `average`), `first` and `last`, whatever their case.
///
/// `weighted_mean` needs its weights and is built as [`Aggregator::WeightedMean`].
impl FromStr for Aggregator {
    type Err = Error;

    /// # Errors
    /// [`ErrorKind::NotLinear`] for a known name of an aggregator that is not linear, with the reason;
    /// [`ErrorKind::UnknownAggregator`] for any other.
    fn from_str(text: &str) -> Result<Self> {
        let name = text.trim().to_lowercase().replace([' ', '-'], "_");
        match name.as_str() {
            "sum" | "total" => return Ok(Self::Sum),
            "mean" | "average" | "avg" => return Ok(Self::Mean),
            "first" => return Ok(Self::First),
            "last" => return Ok(Self::Last),
            _ => {}
        }
        let known = NOT_LINEAR.iter().find(|(names, _)| names.contains(&name.as_str()));
        Err(match known {
            Some((_, why)) => ErrorKind::NotLinear { aggregator: text.to_owned(), why },
            None => ErrorKind::UnknownAggregator { aggregator: text.to_owned() },
        }
        .into())
    }
}

impl Hierarchy {
    /// The same levels and nodes, all aggregated in this way.
    ///
    /// Which units a node has stays; how much each weighs is set anew, whatever it was before.
    ///
    /// ```
    /// use granular::ndarray::array;
    /// use granular::{Aggregator, Hierarchy};
    ///
    /// let year = Hierarchy::temporal(4, &[("year", 4), ("half", 2), ("quarter", 1)])?;
    /// let degrees = year.aggregated_by(&Aggregator::Mean)?;
    /// let y = degrees.integrate(array![[4.0], [20.0], [24.0], [8.0]].view())?;
    /// assert_eq!(y.level("half")?, array![[12.0], [16.0]]);
    /// assert_eq!(y.node("year[0]")?, array![14.0]);
    ///
    /// let stock = year.aggregated_by(&Aggregator::Last)?;
    /// let y = stock.integrate(array![[4.0], [20.0], [24.0], [8.0]].view())?;
    /// assert_eq!(y.level("half")?, array![[20.0], [8.0]]);
    /// # Ok::<(), granular::Error>(())
    /// ```
    ///
    /// # Errors
    /// For [`Aggregator::WeightedMean`]: [`ErrorKind::Shape`] for another number of weights than finest units;
    /// [`ErrorKind::Weight`] for one that is negative or not finite, and for a node whose weights are all 0.
    pub fn aggregated_by(&self, aggregator: &Aggregator) -> Result<Self> {
        self.reweighed(aggregator, |_| true)
    }

    /// The same levels and nodes, the nodes of one level aggregated in this way.
    ///
    /// ```
    /// use granular::ndarray::array;
    /// use granular::{Aggregator, Hierarchy};
    ///
    /// let year = Hierarchy::temporal(2, &[("year", 2), ("mean", 2), ("half", 1)])?;
    /// let both = year.level_aggregated_by("mean", &Aggregator::Mean)?;
    /// let y = both.integrate(array![[1.0], [2.0]].view())?;
    /// assert_eq!(y.all(), array![[3.0], [1.5], [1.0], [2.0]]);
    /// # Ok::<(), granular::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::UnknownLevel`], and as [`Hierarchy::aggregated_by`].
    pub fn level_aggregated_by(&self, level: &str, aggregator: &Aggregator) -> Result<Self> {
        let position = self.level(level)?.position();
        self.reweighed(aggregator, |other| other == position)
    }

    fn reweighed(&self, aggregator: &Aggregator, chosen: impl Fn(usize) -> bool) -> Result<Self> {
        self.check_weights(aggregator)?;
        let last = self.levels().len() - 1;
        let (mut levels, mut s) = (Vec::with_capacity(last + 1), Csr::with_width(self.finest_len()));
        for level in self.levels() {
            let mut rows = Csr::with_width(self.finest_len());
            for node in level.range() {
                rows.push_row(self.members(node));
            }
            if level.position() != last && chosen(level.position()) {
                self.weigh(aggregator, level.range().start, &mut rows)?;
            }
            s.append(&rows);
            levels.push((level.name().to_owned(), level.len()));
        }
        // The rows stand where they stood, so those of a crossed structure are still the steps of its series.
        let factors = self.shared.factors.clone();
        Ok(Self::from_summing(levels, self.nodes().to_vec(), s).with_factors(factors))
    }

    /// Sets the weights of the rows of a level that starts at row `start`.
    fn weigh(&self, aggregator: &Aggregator, start: usize, rows: &mut Csr) -> Result<()> {
        for row in 0..rows.height() {
            let (units, weights) = rows.row_mut(row);
            aggregator.weigh(units, weights);
            if !units.is_empty() && weights.iter().any(|weight| !weight.is_finite()) {
                let (level, node) = self.named(start + row);
                let expected = "a positive weight for one of its units at least";
                return Err(ErrorKind::Weight { level, node, expected, got: 0.0 }.into());
            }
        }
        Ok(())
    }

    fn check_weights(&self, aggregator: &Aggregator) -> Result<()> {
        let Aggregator::WeightedMean(weights) = aggregator else { return Ok(()) };
        expect_extent("weights of a mean", "values", self.finest_len(), weights.len())?;
        match weights.iter().position(|weight| !weight.is_finite() || *weight < 0.0) {
            None => Ok(()),
            Some(unit) => {
                let (level, node) = self.named(self.aggregate_len() + unit);
                let expected = "a finite weight of at least 0";
                Err(ErrorKind::Weight { level, node, expected, got: weights[unit] }.into())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back() {
        for aggregator in [Aggregator::Sum, Aggregator::Mean, Aggregator::First, Aggregator::Last] {
            assert_eq!(aggregator.to_string().parse::<Aggregator>().unwrap(), aggregator);
        }
        assert!(matches!(
            "Count Distinct".parse::<Aggregator>().unwrap_err().kind(),
            ErrorKind::NotLinear { .. }
        ));
        assert!(matches!(
            "weighted mean".parse::<Aggregator>().unwrap_err().kind(),
            ErrorKind::UnknownAggregator { .. }
        ));
    }

    #[test]
    fn large_weights_do_not_overflow() {
        let mut weights = [0.0; 2];
        Aggregator::WeightedMean(vec![1e308, 1e308]).weigh(&[0, 1], &mut weights);
        assert_eq!(weights, [0.5, 0.5]);
        Aggregator::WeightedMean(vec![1e-320, 3e-320]).weigh(&[0, 1], &mut weights);
        assert!((weights[0] - 0.25).abs() < 1e-3, "subnormal weights have few digits");
    }
}
