//! W from the residuals of a temporal or cross-temporal structure, whose nodes are steps of series.

use tensor::ndarray::{Array1, Array2, ArrayView2};

use super::nesting::sizes;
use super::preparation::Preparation;
use super::residuals::{self, Centred};
use super::{Strategy, diagonal, full};
use crate::arrays::rows;
use crate::error::Result;
use crate::hierarchy::{Hierarchy, Level, Pairs};

/// How W follows from the residuals of a temporal structure, or of a cross-temporal one.
///
/// The nodes of a temporal structure ([`Hierarchy::temporal`]) are the steps of one series within a period, a level for
/// each order of aggregation; those of a cross-temporal one ([`Hierarchy::cross`]) are the steps of many series. Residuals
/// are n × N, a column for each of N periods: [`Hierarchy::periods`] and
/// [`CrossTemporal::periods`](crate::CrossTemporal::periods) make them of long series. With e the residuals of series
/// i at order k in order of time, of s steps a period:
///
/// | name | W | in words |
/// | --- | --- | --- |
/// | `Wlsv` | diagonal, `(1/(sN)) Σ_t e_t²` at every step | a variance for each series and order |
/// | `Wlsh` | diagonal, `(1/N) Σ_p e_p²` of each step | a variance for each node: [`Method::WlsVar`](super::Method::WlsVar) |
/// | `Acov` | blocks of s × s, covariances of the steps | the autocovariances within each series and order |
/// | `StrAr1` | blocks `r^\|a−b\|`, scaled by `S 1` | structural scaling, errors that follow an AR(1) |
/// | `SAr1` | the same, scaled by the variances of `Wlsv` | |
/// | `HAr1` | the same, scaled by the variances of `Wlsh` | |
/// | `BdShr` | the covariance of the series at each order, shrunk | how series go together; steps do not |
/// | `BdSam` | the same, not shrunk | |
/// | `SShr` | the covariance of all nodes of each series, shrunk | how orders and steps go together; series do not |
/// | `SSam` | the same, not shrunk | |
/// | `Shr` | the shrunk covariance of all nodes | [`Method::MintShrink`](super::Method::MintShrink) |
/// | `Sam` | the covariance of all nodes, for N well above n | [`Method::MintCov`](super::Method::MintCov) |
///
/// Variances are about 0, so that a bias counts as an error; covariances are about the mean and divided by their number of
/// columns less one. `r = Σ_t (e_t − ē)(e_(t+1) − ē) / Σ_t (e_t − ē)²` is the first autocorrelation of the series at its
/// order. `BdShr` and `BdSam` take the s · N columns of an order together and repeat their matrix at each of its steps; the
/// shrinkages, and those of `SShr`, are in [`Preparation::shrinkages`](super::Preparation::shrinkages). One series alone has a variance there.
/// Variances that are 0 and matrices without an inverse are treated as for [`Method`](super::Method).
///
/// R's `FoReco` has the same names; its covariances are about 0 unless `mse = FALSE` is asked for, so numbers of the two
/// are compared with that.
///
/// `Wlsv` and `Wlsh` cost what a diagonal W costs; the others hold n² numbers.
///
/// ```
/// use granular::{Hierarchy, Method, Reconciler, TemporalCovariance};
/// use tensor::ndarray::{arr1, array};
///
/// let year = Hierarchy::temporal(2, &[("year", 2), ("half", 1)])?;
/// // Mean squares: 4 for the year, (1 + 9 + 1 + 9) / 4 = 5 for the halves.
/// let (years, halves) = (arr1(&[2.0, -2.0]), arr1(&[1.0, 3.0, -1.0, -3.0]));
/// let residuals = year.periods(&[("year", years.view()), ("half", halves.view())])?;
/// let reconciler = Reconciler::new(&year, Method::Temporal(TemporalCovariance::Wlsv, residuals))?;
/// // The year says 14 more than its halves. It moves by 4 in 14, each half by 5 in 14.
/// let agreed = reconciler.reconcile(array![[54.0], [10.0], [30.0]].view())?;
/// let gap = (&agreed.all() - &array![[50.0], [15.0], [35.0]]).mapv(f64::abs).sum();
/// assert!(gap < 1e-12);
/// # Ok::<(), granular::Error>(())
/// ```
///
/// Athanasopoulos, Hyndman, Kourentzes & Petropoulos, *Forecasting with temporal hierarchies*, EJOR 262 (2017), for
/// structural, series (`Wlsv`) and hierarchy (`Wlsh`) variances. Nystrup, Lindström, Pinson & Madsen, *Temporal hierarchies
/// with autocorrelation for load forecasting*, EJOR 280 (2020), for `Acov` and the AR(1). Di Fonzo & Girolimetto,
/// *Cross-temporal forecast reconciliation*, IJF 39 (2023), for the blocks of series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TemporalCovariance {
    /// A variance for each series and order.
    Wlsv,
    /// A variance for each series, order and step.
    Wlsh,
    /// The covariances of the steps of each series and order.
    Acov,
    /// Structural scaling with the correlations of an AR(1) within each series and order.
    StrAr1,
    /// The variances of `Wlsv` with the correlations of an AR(1).
    SAr1,
    /// The variances of `Wlsh` with the correlations of an AR(1).
    HAr1,
    /// The shrunk covariance of the series at each order.
    BdShr,
    /// The covariance of the series at each order.
    BdSam,
    /// The shrunk covariance of all orders and steps of each series.
    SShr,
    /// The covariance of all orders and steps of each series.
    SSam,
    /// The shrunk covariance of all nodes.
    Shr,
    /// The covariance of all nodes.
    Sam,
}

/// Estimates W and prepares its projection.
pub(super) fn prepare(
    hierarchy: &Hierarchy,
    covariance: TemporalCovariance,
    residuals: ArrayView2<'_, f64>,
    preparation: &mut Preparation,
) -> Result<Box<dyn Strategy>> {
    use TemporalCovariance as C;
    let pairs = Pairs::of(hierarchy)?;
    let w = match covariance {
        C::Wlsv => {
            let variances = series_variances(hierarchy, &pairs, residuals, preparation)?;
            return Ok(Box::new(diagonal::prepare(hierarchy, variances)?));
        }
        C::Wlsh => {
            let variances = residuals::mean_squares(hierarchy, residuals, preparation)?;
            return Ok(Box::new(diagonal::prepare(hierarchy, variances)?));
        }
        C::Acov => {
            let mut block_of = vec![0; hierarchy.len()];
            for (number, block) in pairs.blocks().enumerate() {
                block_of[block].fill(number);
            }
            let within = |i: usize, j: usize| if block_of[i] == block_of[j] { 1.0 } else { 0.0 };
            Centred::new(hierarchy, residuals, preparation)?.covariance(within)
        }
        C::StrAr1 => {
            residuals::check(hierarchy, residuals)?;
            ar1(&pairs, &Array1::from(sizes(hierarchy)), residuals)
        }
        C::SAr1 => ar1(&pairs, &series_variances(hierarchy, &pairs, residuals, preparation)?, residuals),
        C::HAr1 => ar1(&pairs, &residuals::mean_squares(hierarchy, residuals, preparation)?, residuals),
        C::BdShr => {
            let shrink = |errors: &Centred| Some(errors.shrinkage());
            blocks_of_series(hierarchy, &pairs, residuals, preparation, shrink)?
        }
        C::BdSam => blocks_of_series(hierarchy, &pairs, residuals, preparation, |_| None)?,
        C::SShr => {
            let shrink = |errors: &Centred| Some(errors.shrinkage());
            whole_series(hierarchy, &pairs, residuals, preparation, shrink)?
        }
        C::SSam => whole_series(hierarchy, &pairs, residuals, preparation, |_| None)?,
        C::Shr => residuals::shrunk(hierarchy, residuals, preparation)?,
        C::Sam => residuals::covariance(hierarchy, residuals, preparation)?,
    };
    Ok(Box::new(full::covariance(hierarchy, w, preparation)?))
}

/// The mean square of all residuals of a series at an order, for each of its steps.
fn series_variances(
    hierarchy: &Hierarchy,
    pairs: &Pairs,
    residuals: ArrayView2<'_, f64>,
    preparation: &mut Preparation,
) -> Result<Array1<f64>> {
    residuals::check(hierarchy, residuals)?;
    let mut variances = Array1::zeros(hierarchy.len());
    for block in pairs.blocks() {
        let errors = rows(residuals, block.clone());
        let mean = errors.iter().map(|e| e * e).sum::<f64>() / errors.len() as f64;
        block.for_each(|row| variances[row] = mean);
    }
    residuals::lift(hierarchy, &mut variances, preparation)?;
    Ok(variances)
}

/// `√(w_a w_b) r^|a−b|` for the steps a and b of a series at an order, 0 for others.
fn ar1(pairs: &Pairs, variances: &Array1<f64>, residuals: ArrayView2<'_, f64>) -> Array2<f64> {
    let mut w = Array2::from_diag(variances);
    for block in pairs.blocks() {
        let r = first_autocorrelation(rows(residuals, block.clone()));
        for a in block.clone() {
            let mut power = 1.0;
            for b in a + 1..block.end {
                power *= r;
                w[[a, b]] = power * variances[a].sqrt() * variances[b].sqrt();
                w[[b, a]] = w[[a, b]];
            }
        }
    }
    w
}

/// Of errors as steps × periods, read period by period; 0 for a constant.
fn first_autocorrelation(errors: ArrayView2<'_, f64>) -> f64 {
    let count = errors.len() as f64;
    let mean = errors.iter().map(|e| e / count).sum::<f64>();
    let largest = errors.iter().fold(0.0, |a: f64, e| a.max((e - mean).abs()));
    // What is left of a constant is rounding. Scaled, no square overflows.
    if largest <= f64::EPSILON * count * mean.abs() {
        return 0.0;
    }
    let series: Vec<f64> = errors.t().iter().map(|e| (e - mean) / largest).collect();
    let square: f64 = series.iter().map(|e| e * e).sum();
    series.windows(2).map(|pair| pair[0] * pair[1]).sum::<f64>() / square
}

/// Variances of all nodes, at least the floor, and the nodes whose variance was below it.
struct Floored {
    variances: Array1<f64>,
    lifted: Vec<usize>,
}

impl Floored {
    fn new(hierarchy: &Hierarchy, mut variances: Array1<f64>, preparation: &mut Preparation) -> Result<Self> {
        let lifted = residuals::lift(hierarchy, &mut variances, preparation)?;
        Ok(Self { variances, lifted })
    }

    /// The covariance of these centred rows, which have the variances of these nodes, and by how much it was shrunk.
    fn covariance(
        &self,
        rows: Vec<Vec<f64>>,
        nodes: &[usize],
        shrink: impl Fn(&Centred) -> Option<f64>,
    ) -> (Array2<f64>, Option<f64>) {
        let own = nodes.iter().map(|&node| self.variances[node]).collect();
        let flat: Vec<usize> =
            (0..nodes.len()).filter(|&at| self.lifted.binary_search(&nodes[at]).is_ok()).collect();
        let errors = Centred::scaled(rows, own, &flat);
        let shrinkage = shrink(&errors);
        let kept = 1.0 - shrinkage.unwrap_or(0.0);
        (errors.covariance(|_, _| kept), shrinkage)
    }
}

/// At each step of an order the covariance of the series' errors at that order.
fn blocks_of_series(
    hierarchy: &Hierarchy,
    pairs: &Pairs,
    residuals: ArrayView2<'_, f64>,
    preparation: &mut Preparation,
    shrink: impl Fn(&Centred) -> Option<f64>,
) -> Result<Array2<f64>> {
    residuals::check(hierarchy, residuals)?;
    let at_order = |level: Level<'_>| residuals::centre(in_time(pairs, &level, residuals).view());
    let orders: Vec<_> = pairs.second.levels().map(at_order).collect();
    // The floor of variances is one of all nodes, or an order without errors would have one of its own.
    let mut variances = Array1::zeros(hierarchy.len());
    for (level, (_, own)) in pairs.second.levels().zip(&orders) {
        for (i, &variance) in own.iter().enumerate() {
            pairs.block(i, &level).for_each(|row| variances[row] = variance);
        }
    }
    let floored = Floored::new(hierarchy, variances, preparation)?;
    let mut w = Array2::zeros((hierarchy.len(), hierarchy.len()));
    for (level, (rows, _)) in pairs.second.levels().zip(orders) {
        let starts: Vec<usize> = (0..rows.len()).map(|i| pairs.block(i, &level).start).collect();
        let (block, shrinkage) = floored.covariance(rows, &starts, &shrink);
        preparation.shrinkages.extend(shrinkage.map(|lambda| (level.name().to_owned(), lambda)));
        for ((i, j), &value) in block.indexed_iter() {
            for step in 0..level.len() {
                w[[starts[i] + step, starts[j] + step]] = value;
            }
        }
    }
    Ok(w)
}

/// For each series the covariance of its errors at all orders and steps.
fn whole_series(
    hierarchy: &Hierarchy,
    pairs: &Pairs,
    residuals: ArrayView2<'_, f64>,
    preparation: &mut Preparation,
    shrink: impl Fn(&Centred) -> Option<f64>,
) -> Result<Array2<f64>> {
    residuals::check(hierarchy, residuals)?;
    let (mut centred, variances) = residuals::centre(residuals);
    let floored = Floored::new(hierarchy, variances, preparation)?;
    let mut w = Array2::zeros((hierarchy.len(), hierarchy.len()));
    for (i, name) in pairs.first.nodes().iter().enumerate() {
        let nodes: Vec<usize> = pairs.second.levels().flat_map(|level| pairs.block(i, &level)).collect();
        let rows = nodes.iter().map(|&node| std::mem::take(&mut centred[node])).collect();
        let (block, shrinkage) = floored.covariance(rows, &nodes, &shrink);
        preparation.shrinkages.extend(shrinkage.map(|lambda| (name.clone(), lambda)));
        for ((a, b), &value) in block.indexed_iter() {
            w[[nodes[a], nodes[b]]] = value;
        }
    }
    Ok(w)
}

/// The residuals of all series at an order, in order of time.
fn in_time(pairs: &Pairs, level: &Level<'_>, residuals: ArrayView2<'_, f64>) -> Array2<f64> {
    let steps = level.len();
    let starts: Vec<usize> = (0..pairs.first.len()).map(|i| pairs.block(i, level).start).collect();
    let at = |(i, t): (usize, usize)| residuals[[starts[i] + t % steps, t / steps]];
    Array2::from_shape_fn((starts.len(), steps * residuals.ncols()), at)
}

#[cfg(test)]
mod tests {
    use tensor::ndarray::array;

    use super::*;

    #[test]
    fn autocorrelations() {
        // 1, -1, 1, -1: three products of -1 over four squares.
        assert_eq!(first_autocorrelation(array![[1.0, 1.0], [-1.0, -1.0]].view()), -0.75);
        // The mean of 1, 2, 3 is 2: -1, 0, 1.
        assert_eq!(first_autocorrelation(array![[1.0, 2.0, 3.0]].view()), 0.0);
        assert_eq!(first_autocorrelation(array![[0.1, 0.1, 0.1]].view()), 0.0);
        assert_eq!(first_autocorrelation(array![[1e200, -1e200]].view()), -0.5);
    }
}
