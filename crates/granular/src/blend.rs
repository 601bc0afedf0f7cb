//! Several forecasts of the same nodes made into one.

use tensor::ndarray::{Array2, ArrayView2};

use crate::arrays::expect_extent;
use crate::coherent::Coherent;
use crate::error::{ErrorKind, Result};
use crate::hierarchy::{Hierarchy, Level};
use crate::linalg::{Cholesky, Mat};

impl Coherent {
    /// `Σ_i w_i y_i` of forecasts that add up, with one weight for each: it adds up too.
    ///
    /// Weights are free; those that sum to 1 keep what all forecasts have in common. The mean of one `MiddleOut` for each
    /// level, each forecast taken from one level alone, is the combined conditional forecast of Hollyman, Petropoulos &
    /// Tipping, *Understanding forecast reconciliation*, EJOR 294 (2021).
    ///
    /// ```
    /// use granular::{Coherent, Hierarchy, Method, Reconciler};
    /// use tensor::ndarray::array;
    ///
    /// let year = Hierarchy::temporal(2, &[("year", 2), ("half", 1)])?;
    /// let base = array![[12.0], [4.0], [6.0]];
    /// let by = |method| Reconciler::new(&year, method)?.reconcile(base.view());
    /// let (top, bottom) = (by(Method::MiddleOut("year".to_owned()))?, by(Method::BottomUp)?);
    /// let mean = Coherent::blend(&[(0.5, &top), (0.5, &bottom)])?;
    /// // The year is 12 by itself and 10 by its halves.
    /// assert!((mean.node("year[0]")?[0] - 11.0).abs() < 1e-12);
    /// # Ok::<(), granular::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Empty`] without forecasts; [`ErrorKind::OtherHierarchy`], [`ErrorKind::Shape`] when two do not belong
    /// together; [`ErrorKind::Parameter`] for a weight that is not finite; [`ErrorKind::NotFinite`] for a sum that
    /// overflows.
    pub fn blend(parts: &[(f64, &Self)]) -> Result<Self> {
        let &(_, first) = parts.first().ok_or(ErrorKind::Empty { what: "forecasts to blend" })?;
        let mut finest = Array2::zeros(first.finest().dim());
        for &(weight, part) in parts {
            if part.hierarchy() != first.hierarchy() {
                return Err(ErrorKind::OtherHierarchy { what: "blended forecast", than: "first one" }.into());
            }
            expect_extent("blended forecast", "columns", first.columns(), part.columns())?;
            if !weight.is_finite() {
                let (expected, got) = ("a finite number", weight.to_string());
                return Err(ErrorKind::Parameter { name: "weight", expected, got }.into());
            }
            finest.scaled_add(weight, &part.finest());
        }
        first.hierarchy().integrate(finest.view())
    }
}

/// Weights for several forecasts of the same nodes, learnt from their past errors: for each level one weight for each
/// forecast, none negative, together 1.
///
/// With `e_jit` the error of forecast j at node i of the level and time t, `s_i² = mean_jt e_jit²` and N the number of
/// (i, t), the weights w of a level make
///
/// `(1/N) Σ_it (Σ_j w_j e_jit / s_i)² + α ‖w‖²`
///
/// smallest: what the combined forecast would have missed, each node in its own units, held towards equal weights by α.
/// Nodes that no forecast has ever missed say nothing. The minimum is found exactly, by looking at all sets of forecasts
/// that may have a weight.
///
/// What comes out does not add up when the weights of levels differ: reconcile it.
///
/// Bates & Granger, *The combination of forecasts*, OR Quarterly 20 (1969); Breiman, *Stacked regressions*, Machine Learning
/// 24 (1996), for weights without a sign.
///
/// ```
/// use granular::{Hierarchy, Stacking};
/// use tensor::ndarray::array;
///
/// let row = Hierarchy::temporal(1, &[("row", 1)])?;
/// let actual = row.integrate(array![[0.0, 0.0, 0.0, 0.0]].view())?;
/// // Errors that do not go together: weights as one over their mean squares, 1 and 4.
/// let (good, poor) = (array![[1.0, -1.0, 1.0, -1.0]], array![[2.0, 2.0, -2.0, -2.0]]);
/// let stacking = Stacking::fit(&actual, &[good.view(), poor.view()], 1e-12)?;
/// let weights = stacking.weights("row")?;
/// assert!((weights[0] - 0.8).abs() < 1e-9 && (weights[1] - 0.2).abs() < 1e-9);
/// let next = stacking.combine(&[array![[10.0]].view(), array![[20.0]].view()])?;
/// assert!((next[[0, 0]] - 12.0).abs() < 1e-8);
/// # Ok::<(), granular::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Stacking {
    hierarchy: Hierarchy,
    /// For each level, a weight for each forecast.
    weights: Vec<Vec<f64>>,
}

/// All sets of so many forecasts are looked at in a moment.
const MOST: usize = 12;

impl Stacking {
    /// Learns from past forecasts (n × T each) and what came; α is `penalty`, positive and finite: with errors in units
    /// of their own size 0.1 is a fair begin.
    ///
    /// Cost: n T p² for p forecasts, and 2^p p³ for each level.
    ///
    /// # Errors
    /// [`ErrorKind::Empty`] without forecasts or columns; [`ErrorKind::Parameter`] for more than 12 forecasts or a
    /// penalty out of its range; [`ErrorKind::Shape`], [`ErrorKind::NotFinite`] of the forecasts;
    /// [`ErrorKind::Variance`] names a node whose squared errors overflow.
    pub fn fit(actual: &Coherent, past: &[ArrayView2<'_, f64>], penalty: f64) -> Result<Self> {
        let hierarchy = actual.hierarchy();
        check_settings(past.len(), penalty)?;
        if actual.columns() == 0 {
            return Err(ErrorKind::Empty { what: "columns to learn weights from" }.into());
        }
        let mut errors = Vec::with_capacity(past.len());
        for forecast in past {
            hierarchy.check_base(*forecast)?;
            expect_extent("past forecast", "columns", actual.columns(), forecast.ncols())?;
            errors.push(&actual.all() - forecast);
        }
        let of_level = |level: Level<'_>| -> Result<Vec<f64>> {
            Ok(on_simplex(&gram(hierarchy, level, &errors)?, penalty))
        };
        let weights = hierarchy.levels().map(of_level).collect::<Result<_>>()?;
        Ok(Self { hierarchy: hierarchy.clone(), weights })
    }

    /// The weights of a level, in the order of the forecasts.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownLevel`].
    pub fn weights(&self, level: &str) -> Result<&[f64]> {
        Ok(&self.weights[self.hierarchy.level(level)?.position()])
    }

    /// The weighted mean of new forecasts (n × k each), in the order they were fitted in: n × k, to be reconciled.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`] for another number of forecasts, rows or columns; [`ErrorKind::NotFinite`].
    pub fn combine(&self, forecasts: &[ArrayView2<'_, f64>]) -> Result<Array2<f64>> {
        let known = self.weights.first().map_or(0, Vec::len);
        expect_extent("forecasts", "members", known, forecasts.len())?;
        let width = forecasts.first().map_or(0, ArrayView2::ncols);
        let mut out = Array2::zeros((self.hierarchy.len(), width));
        for (j, forecast) in forecasts.iter().enumerate() {
            self.hierarchy.check_base(*forecast)?;
            expect_extent("forecast", "columns", width, forecast.ncols())?;
            for (level, weights) in self.hierarchy.levels().zip(&self.weights) {
                for node in level.range() {
                    out.row_mut(node).scaled_add(weights[j], &forecast.row(node));
                }
            }
        }
        Ok(out)
    }
}

fn check_settings(forecasts: usize, penalty: f64) -> Result<()> {
    let refused = |name, expected, got: String| ErrorKind::Parameter { name, expected, got };
    if forecasts == 0 {
        return Err(ErrorKind::Empty { what: "forecasts to weigh" }.into());
    }
    if forecasts > MOST {
        return Err(refused("forecasts", "at most 12", forecasts.to_string()).into());
    }
    if !(penalty.is_finite() && penalty > 0.0) {
        return Err(refused("penalty", "a positive, finite number", penalty.to_string()).into());
    }
    Ok(())
}

/// `(1/N) Σ_it e_jit e_lit / s_i²`, p × p.
fn gram(hierarchy: &Hierarchy, level: Level<'_>, errors: &[Array2<f64>]) -> Result<Vec<Vec<f64>>> {
    let p = errors.len();
    let mut gram = vec![vec![0.0; p]; p];
    let mut count = 0.0;
    for node in level.range() {
        let rows: Vec<Vec<f64>> = errors.iter().map(|e| e.row(node).to_vec()).collect();
        let width = rows[0].len() as f64;
        let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let square = rows.iter().map(|row| product(row, row)).sum::<f64>() / (width * p as f64);
        if !square.is_finite() {
            let (level, node) = hierarchy.named(node);
            return Err(ErrorKind::Variance { level, node, got: square }.into());
        }
        if square == 0.0 {
            continue;
        }
        for (j, row) in gram.iter_mut().enumerate() {
            for (value, other) in row.iter_mut().zip(&rows) {
                *value += product(&rows[j], other) / square;
            }
        }
        count += width;
    }
    if count > 0.0 {
        gram.iter_mut().flatten().for_each(|value| *value /= count);
    }
    Ok(gram)
}

/// The w ≥ 0 with sum 1 that makes `wᵀ (E + α I) w` smallest.
///
/// On the set A of forecasts that have a weight, `w_A` is in proportion to `(E_A + α I)⁻¹ 1`. The best of all sets whose w
/// has no negative part is the minimum; the sets of one forecast are always among them.
fn on_simplex(gram: &[Vec<f64>], penalty: f64) -> Vec<f64> {
    let p = gram.len();
    let lifted = |i: usize, j: usize| gram[i][j] + if i == j { penalty } else { 0.0 };
    let mut best = (f64::INFINITY, vec![1.0 / p as f64; p]);
    for set in 1..1_usize << p {
        let members: Vec<usize> = (0..p).filter(|j| set >> j & 1 == 1).collect();
        let size = members.len();
        let system = Mat::from_fn(size, size, |a, b| lifted(members[a], members[b]));
        let Some(factor) = Cholesky::new(system, 0.0) else { continue };
        let mut solution = Mat::from_fn(size, 1, |_, _| 1.0);
        factor.solve(&mut solution);
        let values: Vec<f64> = (0..size).map(|a| solution[(a, 0)]).collect();
        let total: f64 = values.iter().sum();
        // wᵀ (E + α I) w = 1 / 1ᵀ (E + α I)⁻¹ 1.
        let value = 1.0 / total;
        if value < best.0 && values.iter().all(|&w| w >= 0.0) && value.is_finite() {
            let mut weights = vec![0.0; p];
            for (&j, w) in members.iter().zip(values) {
                weights[j] = w / total;
            }
            best = (value, weights);
        }
    }
    best.1
}
