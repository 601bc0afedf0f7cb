//! Split-conformal regions around reconciled forecasts.

use tensor::ndarray::{Array2, ArrayView2, Zip};

use super::quantile::expect_probability;
use super::region::Region;
use super::scope::Scope;
use crate::arrays::{columns, expect_extent};
use crate::coherent::Coherent;
use crate::error::{ErrorKind, Result};
use crate::hierarchy::Hierarchy;

/// How the two sides of a region are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sides {
    /// Both from `|e|`: as far below the forecast as above it.
    #[default]
    Symmetric,
    /// Each from its own errors with half of α: for errors that are skewed. It needs twice the calibration points.
    Asymmetric,
}

/// Settings of a [`Conformal`] region.
///
/// | name | default | meaning | range |
/// | --- | --- | --- | --- |
/// | `alpha` | 0.1 | the share of new points that may be outside | between 0 and 1 |
/// | `scale_columns` | 0 | the first columns, for the scales σ alone; 0 means half of them, rounded down | less than T |
/// | `scope` | [`Scope::Node`] | which nodes are covered at once | |
/// | `sides` | [`Sides::Symmetric`] | one width for both sides, or one for each | |
#[derive(Debug, Clone, PartialEq)]
pub struct ConformalConfig {
    /// The share of new points that may be outside.
    pub alpha: f64,
    /// How many of the first columns give the scales; 0 for half of them.
    pub scale_columns: usize,
    /// Which nodes are covered at once.
    pub scope: Scope,
    /// One width for both sides, or one for each.
    pub sides: Sides,
}

impl Default for ConformalConfig {
    fn default() -> Self {
        Self { alpha: 0.1, scale_columns: 0, scope: Scope::Node, sides: Sides::Symmetric }
    }
}

/// Regions that cover a new point with probability `1 − α` or more, whatever the errors' distribution.
///
/// The past is split in the order of time. The first columns give each node its scale `σ_i = √(mean e²)`; the n later
/// ones are calibration points. Each has the score `max_i |e_i| / σ_i` over the nodes of a set (see [`Scope`]), and
/// with q the `⌈(n + 1)(1 − α)⌉`-th smallest score the region of each node in the set is `ỹ_i ± q σ_i`. When the calibration
/// points and the new one are exchangeable, all nodes of the set are inside with a probability of at least `1 − α`, and
/// of at most `1 − α + 1/(n + 1)` without ties. Errors that drift or hang together in time weaken the promise.
///
/// The errors are those of *reconciled* forecasts: the promise is about what is used. A region is for one horizon: give
/// the columns of that horizon only, and fit one region for each.
///
/// A node without any error in the scale part takes the smallest positive scale of its level (else of all nodes, else
/// 1); [`Conformal::without_scale`] lists such nodes. The promise holds for any scales found before calibration.
///
/// Vovk, Gammerman & Shafer, *Algorithmic Learning in a Random World*, Springer (2005). Lei, G'Sell, Rinaldo,
/// Tibshirani & Wasserman, *Distribution-free predictive inference for regression*, JASA 113 (2018).
///
/// ```
/// use granular::{Conformal, ConformalConfig, Hierarchy, Scope};
/// use tensor::ndarray::array;
///
/// let year = Hierarchy::temporal(2, &[("year", 2), ("half", 1)])?;
/// let actual = year.integrate(array![[1.0, 1.0, 2.0, 1.0, 3.0], [1.0, -1.0, 0.0, 4.0, 0.0]].view())?;
/// let forecast = year.integrate(array![[0.0; 5], [0.0; 5]].view())?;
/// let config = ConformalConfig { alpha: 0.25, scale_columns: 2, scope: Scope::Joint, ..Default::default() };
/// let conformal = Conformal::fit(&actual, &forecast, &config)?;
/// // Scales √2, 1, 1 from two columns; the other three score max(2/√2, 2, 0), max(5/√2, 1, 4), max(3/√2, 3, 0).
/// assert_eq!(conformal.widths().1[1], 4.0, "the ⌈4 · 0.75⌉ = third smallest of 2, 4, 3");
/// let region = conformal.region(&year.integrate(array![[10.0], [20.0]].view())?)?;
/// assert_eq!((region.lower[[1, 0]], region.upper[[1, 0]]), (6.0, 14.0));
/// # Ok::<(), granular::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Conformal {
    hierarchy: Hierarchy,
    scales: Vec<f64>,
    without_scale: Vec<usize>,
    below: Vec<f64>,
    above: Vec<f64>,
}

impl Conformal {
    /// Finds the widths from past values and their reconciled forecasts (n × T each, columns in the order of time).
    ///
    /// # Errors
    /// [`ErrorKind::OtherHierarchy`] and [`ErrorKind::Shape`] when the two do not belong together;
    /// [`ErrorKind::Parameter`] for α outside 0 to 1 or groups that are none; [`ErrorKind::FewSamples`] without a
    /// column for the scales, or with fewer calibration points than α asks for: `⌈1/α⌉ − 1`, and `⌈2/α⌉ − 1` for
    /// [`Sides::Asymmetric`]; [`ErrorKind::NotFinite`] for an error that overflows.
    pub fn fit(actual: &Coherent, forecast: &Coherent, config: &ConformalConfig) -> Result<Self> {
        let hierarchy = actual.hierarchy();
        expect_same(forecast.hierarchy(), hierarchy, "forecast", "actual values")?;
        expect_extent("forecast", "columns", actual.columns(), forecast.columns())?;
        expect_probability("alpha", config.alpha)?;
        let sets = config.scope.sets(hierarchy)?;
        let errors = &actual.all() - &forecast.all();
        hierarchy.check_base(errors.view())?;
        let (first, later) = split(errors.view(), config)?;
        let (scales, without_scale) = scales(hierarchy, first);
        let mut conformal = Self {
            hierarchy: hierarchy.clone(),
            scales,
            without_scale,
            below: Vec::new(),
            above: Vec::new(),
        };
        (conformal.below, conformal.above) = match config.sides {
            Sides::Symmetric => {
                let widths = conformal.side(&sets, later, config.alpha, f64::abs);
                (widths.clone(), widths)
            }
            Sides::Asymmetric => (
                conformal.side(&sets, later, config.alpha / 2.0, |e| -e),
                conformal.side(&sets, later, config.alpha / 2.0, |e| e),
            ),
        };
        Ok(conformal)
    }

    /// The region around new forecasts of the horizon it was fitted for (n × k, each column by itself).
    ///
    /// # Errors
    /// [`ErrorKind::OtherHierarchy`].
    pub fn region(&self, forecast: &Coherent) -> Result<Region> {
        expect_same(forecast.hierarchy(), &self.hierarchy, "forecast", "calibration part")?;
        let moved = |by: &[f64], sign: f64| {
            Array2::from_shape_fn(forecast.all().dim(), |at| forecast.all()[at] + sign * by[at.0])
        };
        Ok(Region { lower: moved(&self.below, -1.0), upper: moved(&self.above, 1.0) })
    }

    /// How far the region reaches below and above the forecast, for each node.
    ///
    /// With [`Sides::Asymmetric`] one of the two is negative when nearly all errors have one sign.
    #[must_use]
    pub fn widths(&self) -> (&[f64], &[f64]) {
        (&self.below, &self.above)
    }

    /// The scale of each node.
    #[must_use]
    pub fn scales(&self) -> &[f64] {
        &self.scales
    }

    /// The nodes that had no error in the scale part, and so took the scale of another.
    #[must_use]
    pub fn without_scale(&self) -> &[usize] {
        &self.without_scale
    }

    /// The width of each node: its set's order statistic of `max_i part(e_i) / σ_i`, times its scale.
    fn side(
        &self,
        sets: &[Vec<usize>],
        errors: ArrayView2<'_, f64>,
        alpha: f64,
        part: impl Fn(f64) -> f64,
    ) -> Vec<f64> {
        let n = errors.ncols();
        let place = n + 1 - allowed_outside(n, alpha);
        let mut widths = vec![0.0; self.scales.len()];
        for set in sets {
            let score = |t| {
                let scores = set.iter().map(|&node| part(errors[[node, t]]) / self.scales[node]);
                scores.fold(f64::NEG_INFINITY, f64::max)
            };
            let mut scores: Vec<f64> = (0..n).map(score).collect();
            scores.sort_unstable_by(f64::total_cmp);
            for &node in set {
                widths[node] = scores[place - 1] * self.scales[node];
            }
        }
        widths
    }
}

/// The columns for the scales, and the calibration points after them, if there are enough of both.
fn split<'e>(
    errors: ArrayView2<'e, f64>,
    config: &ConformalConfig,
) -> Result<(ArrayView2<'e, f64>, ArrayView2<'e, f64>)> {
    let total = errors.ncols();
    let cut = if config.scale_columns == 0 { total / 2 } else { config.scale_columns.min(total) };
    if cut == 0 {
        return Err(ErrorKind::FewSamples { what: "scale part", needed: 1, got: 0 }.into());
    }
    let alpha = match config.sides {
        Sides::Symmetric => config.alpha,
        Sides::Asymmetric => config.alpha / 2.0,
    };
    let got = total - cut;
    if allowed_outside(got, alpha) == 0 {
        // α · (n + 1) ≥ 1; rounding must not ask for one point too many.
        let needed = (1.0 / alpha * (1.0 - SLACK)).ceil() as usize - 1;
        return Err(ErrorKind::FewSamples { what: "calibration part", needed, got }.into());
    }
    Ok((columns(errors, 0..cut), columns(errors, cut..total)))
}

/// Rounding in α, such as 0.29 · 100 = 28.999…, must not cost a point.
const SLACK: f64 = 1e-12;

/// `⌊(n + 1) α⌋`, so that `⌈(n + 1)(1 − α)⌉` is n + 1 less it.
fn allowed_outside(n: usize, alpha: f64) -> usize {
    ((n + 1) as f64 * alpha * (1.0 + SLACK)).floor() as usize
}

/// The root mean square of each row, with a stand-in where it is 0, and the rows with a stand-in.
fn scales(hierarchy: &Hierarchy, errors: ArrayView2<'_, f64>) -> (Vec<f64>, Vec<usize>) {
    let mut scales = vec![0.0; hierarchy.len()];
    Zip::from(errors.rows())
        .and(&mut scales[..])
        .for_each(|row, scale| *scale = root_mean_square(row.iter()));
    let smallest =
        |values: &[f64]| values.iter().copied().filter(|&scale| scale > 0.0).min_by(f64::total_cmp);
    let anywhere = smallest(&scales).unwrap_or(1.0);
    let stand_ins: Vec<f64> = hierarchy
        .levels()
        .flat_map(|level| {
            let stand_in = smallest(&scales[level.range()]).unwrap_or(anywhere);
            std::iter::repeat_n(stand_in, level.len())
        })
        .collect();
    let without: Vec<usize> = (0..scales.len()).filter(|&node| scales[node] == 0.0).collect();
    for &node in &without {
        scales[node] = stand_ins[node];
    }
    (scales, without)
}

/// By the largest value first, so that squares of huge or tiny errors neither overflow nor vanish.
fn root_mean_square<'v>(values: impl ExactSizeIterator<Item = &'v f64> + Clone) -> f64 {
    let largest = values.clone().fold(0.0, |largest: f64, value| largest.max(value.abs()));
    if largest == 0.0 {
        return 0.0;
    }
    let count = values.len() as f64;
    largest * (values.map(|value| (value / largest).powi(2)).sum::<f64>() / count).sqrt()
}

fn expect_same(a: &Hierarchy, b: &Hierarchy, what: &'static str, than: &'static str) -> Result<()> {
    if a == b { Ok(()) } else { Err(ErrorKind::OtherHierarchy { what, than }.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_statistic_is_the_ceiling() {
        for (n, alpha, place) in [(9, 0.1, 9), (100, 0.1, 91), (99, 0.29, 71), (9, 0.7, 3), (19, 0.05, 19)] {
            assert_eq!(n + 1 - allowed_outside(n, alpha), place, "{n} {alpha}");
        }
        assert_eq!(allowed_outside(8, 0.1), 0);
        for alpha in [0.5, 0.3, 0.1, 0.05, 0.01, 0.001, 1.0 / 3.0, 1.0 / 7.0, 0.9] {
            let needed = (1.0 / alpha * (1.0 - SLACK)).ceil() as usize - 1;
            assert!(allowed_outside(needed, alpha) >= 1, "{alpha}");
            assert!(needed == 0 || allowed_outside(needed - 1, alpha) == 0, "{alpha}");
        }
    }

    #[test]
    fn a_node_without_errors_takes_a_scale() {
        let h = Hierarchy::temporal(2, &[("year", 2), ("half", 1)]).unwrap();
        let errors = Array2::from_shape_fn((3, 2), |(i, _)| [0.0, 3.0, 0.0][i]);
        assert_eq!(scales(&h, errors.view()), (vec![3.0, 3.0, 3.0], vec![0, 2]));
        assert_eq!(scales(&h, Array2::zeros((3, 2)).view()), (vec![1.0; 3], vec![0, 1, 2]));
    }
}
