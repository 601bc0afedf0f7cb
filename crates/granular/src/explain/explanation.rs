//! The contributions of all levels to all nodes.

use std::fmt;
use std::io::Write;
use std::path::Path;

use tensor::ndarray::{Array1, Array2, ArrayView2, Axis};

use super::effect::LevelEffect;
use super::node::{NodeContributions, NodeExplanation};
use crate::coherent::Coherent;
use crate::combine::{LinearMap, Reconciler};
use crate::error::Result;
use crate::files::save_whole;
use crate::hierarchy::{Hierarchy, Level};
use crate::integrate::gaps;
use crate::printed::{aligned, four};
use crate::table::csv_error;

/// What reconciling did to base forecasts, and why: made by [`Reconciler::explain`].
///
/// For a linear method `ỹ = M ŷ` falls apart by levels: with ŷ_l the base forecasts of level l and 0 elsewhere,
/// `ỹ = Σ_l M ŷ_l`. The *contribution* of level l to node i is `(M ŷ_l)_i`; the contributions to a node add up to its
/// reconciled value. They depend on the sizes of the forecasts, so beside them stands the *weight* of level l in node i,
/// `(M (S 1)_l)_i / (S 1)_i`: its contribution, as a share, if every unit forecast 1 and all nodes agreed (0 for a node
/// whose units' weights add up to 0). The weights of a node add up to 1 for every method that leaves forecasts alone which
/// agree: the projections and bottom-up. Proportions that share out and a learnt map do not, and there the sum says how
/// much they add to such forecasts or take away.
///
/// Printed, it is a table of what happened to each level ([`Explanation::levels`]); [`Explanation::node`] answers for one
/// node, [`Explanation::by_node`] down to single base forecasts. It is made by as many applications of the reconciler as
/// there are levels L and holds L n k numbers; nothing of size n × n is made.
///
/// ```
/// use granular::{Hierarchy, Method, Reconciler};
/// use tensor::ndarray::array;
///
/// let year = Hierarchy::temporal(2, &[("year", 2), ("half", 1)])?;
/// let reconciler = Reconciler::new(&year, Method::WlsStruct)?;
/// // The gap is 4; the year (variance 2) gives way by 2, each half (variance 1) by 1.
/// let explanation = reconciler.explain(array![[16.0], [4.0], [8.0]].view())?;
/// assert_eq!(
///     explanation.to_string(),
///     "\
/// level  nodes  gap before  gap after  moved mean    rms    max       at  variance  weight
/// year       1       4.000      0.000       2.000  2.000  2.000  year[0]     2.000   0.500
/// half       2       0.000      0.000       1.000  1.000  1.000  half[0]     1.000   0.500
/// "
/// );
/// // 5 = 1/4 · 16 + 3/4 · 4 − 1/4 · 8.
/// assert_eq!(
///     explanation.node("half[0]")?.to_string(),
///     "\
/// half[0]     weight     h1
/// base                4.000
/// reconciled   1.000  5.000
/// year         0.500  4.000
/// half         0.500  1.000
/// "
/// );
/// # Ok::<(), granular::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Explanation<'r> {
    reconciler: &'r Reconciler,
    base: Array2<f64>,
    reconciled: Coherent,
    /// For each level, its contributions to all nodes (n × k).
    contributions: Vec<Array2<f64>>,
    /// For each level, its weights in all nodes (n).
    weights: Vec<Array1<f64>>,
}

impl Reconciler {
    /// Reconciles base forecasts (n × k) and says where the result comes from.
    ///
    /// # Errors
    /// As [`Reconciler::reconcile`]; [`ErrorKind::NoMatrix`](crate::ErrorKind::NoMatrix) for a method by the
    /// proportions of the forecasts themselves: there a product has no parts that add up.
    pub fn explain(&self, base: ArrayView2<'_, f64>) -> Result<Explanation<'_>> {
        let map = self.linear("explain")?;
        let reconciled = self.reconcile(base)?;
        let hierarchy = self.hierarchy();
        let sizes: Vec<f64> =
            (0..hierarchy.len()).map(|node| hierarchy.members(node).map(|(_, w)| w).sum()).collect();
        let (mut contributions, mut weights) = (Vec::new(), Vec::new());
        for level in hierarchy.levels() {
            let all = level_alone(map, level, base, &sizes)?;
            let (of_base, of_ones) = all.view().split_at(Axis(1), base.ncols());
            let share = |(value, size): (&f64, &f64)| if *size == 0.0 { 0.0 } else { value / size };
            weights.push(of_ones.column(0).iter().zip(&sizes).map(share).collect());
            contributions.push(of_base.to_owned());
        }
        Ok(Explanation { reconciler: self, base: base.to_owned(), reconciled, contributions, weights })
    }
}

/// What reconciling makes of a level's base forecasts and 0 for all others; a last column is for forecasts of 1 for each
/// unit.
fn level_alone(
    map: LinearMap<'_>,
    level: Level<'_>,
    base: ArrayView2<'_, f64>,
    sizes: &[f64],
) -> Result<Array2<f64>> {
    let (n, width) = (base.nrows(), base.ncols() + 1);
    let mut masked = vec![0.0; n * width];
    for node in level.range() {
        let values = base.row(node).into_iter().chain([&sizes[node]]);
        masked[node * width..][..width].iter_mut().zip(values).for_each(|(to, from)| *to = *from);
    }
    Ok(Array2::from_shape_vec((n, width), map.apply(&masked, width)?).expect("as many values as went in"))
}

impl Explanation<'_> {
    /// The hierarchy.
    #[must_use]
    pub fn hierarchy(&self) -> &Hierarchy {
        self.reconciler.hierarchy()
    }

    /// The base forecasts, n × k.
    #[must_use]
    pub fn base(&self) -> ArrayView2<'_, f64> {
        self.base.view()
    }

    /// The reconciled forecasts.
    #[must_use]
    pub fn reconciled(&self) -> &Coherent {
        &self.reconciled
    }

    /// What a level contributes to every node, n × k.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownLevel`](crate::ErrorKind::UnknownLevel).
    pub fn contribution(&self, level: &str) -> Result<ArrayView2<'_, f64>> {
        Ok(self.contributions[self.hierarchy().level(level)?.position()].view())
    }

    /// What happened to each level, in the order of the levels.
    #[must_use]
    pub fn levels(&self) -> Vec<LevelEffect> {
        let (before, after) = (gaps(self.hierarchy(), self.base()), self.reconciled.gaps());
        let units = self.hierarchy().finest().range();
        let variances = self.reconciler.variances();
        let effect = |(level, (before, after)): (Level<'_>, (f64, f64))| {
            let weights = &self.weights[level.position()];
            let weight = units.clone().map(|unit| weights[unit]).sum::<f64>() / units.len() as f64;
            let variances = variances.as_ref().map(|w| &w[level.range()]);
            LevelEffect::new(level, [self.base(), self.reconciled.all()], [before, after], variances, weight)
        };
        self.hierarchy().levels().zip(before.into_iter().zip(after)).map(effect).collect()
    }

    /// Where the values of the node of this name come from, level by level.
    ///
    /// # Errors
    /// As [`Hierarchy::node`].
    pub fn node(&self, name: &str) -> Result<NodeExplanation> {
        Ok(self.of_row(self.hierarchy().node(name)?))
    }

    /// Where the values of a node of a level come from, level by level.
    ///
    /// # Errors
    /// As [`Hierarchy::node_in`].
    pub fn node_in(&self, level: &str, name: &str) -> Result<NodeExplanation> {
        Ok(self.of_row(self.hierarchy().node_in(level, name)?))
    }

    fn of_row(&self, row: usize) -> NodeExplanation {
        let levels = self.hierarchy().levels().map(|level| level.name().to_owned()).collect();
        let rows: Vec<_> = self.contributions.iter().map(|values| values.row(row)).collect();
        let (level, node) = self.hierarchy().named(row);
        NodeExplanation {
            level,
            node,
            base: self.base.row(row).to_owned(),
            reconciled: self.reconciled.all().row(row).to_owned(),
            levels,
            contributions: tensor::ndarray::stack(Axis(0), &rows).expect("rows of k values"),
            weights: self.weights.iter().map(|weights| weights[row]).collect(),
        }
    }

    /// What the base forecast of every single node has in the values of the node of this name: a row of M, made by one
    /// application of the transposed reconciler.
    ///
    /// # Errors
    /// As [`Hierarchy::node`]; [`ErrorKind::NotConverged`](crate::ErrorKind::NotConverged) as
    /// [`Reconciler::reconcile`].
    pub fn by_node(&self, name: &str) -> Result<NodeContributions> {
        self.contributions_of_row(self.hierarchy().node(name)?)
    }

    /// The same for a node of a level.
    ///
    /// # Errors
    /// As [`Hierarchy::node_in`]; [`ErrorKind::NotConverged`](crate::ErrorKind::NotConverged) as
    /// [`Reconciler::reconcile`].
    pub fn by_node_in(&self, level: &str, name: &str) -> Result<NodeContributions> {
        self.contributions_of_row(self.hierarchy().node_in(level, name)?)
    }

    fn contributions_of_row(&self, row: usize) -> Result<NodeContributions> {
        let mut unit = vec![0.0; self.hierarchy().len()];
        unit[row] = 1.0;
        let weights = Array1::from(self.reconciler.linear("explain")?.transposed(&unit, 1)?);
        let contributions = &self.base * &weights.view().insert_axis(Axis(1));
        Ok(NodeContributions { hierarchy: self.hierarchy().clone(), row, weights, contributions })
    }

    /// Writes CSV with the columns `level,node,column,base,reconciled,moved` and one `from LEVEL` for each level: a row
    /// for each node and column (`h1` to `hk`), level by level.
    ///
    /// ```
    /// # use granular::{Hierarchy, Method, Reconciler};
    /// # use tensor::ndarray::array;
    /// let year = Hierarchy::temporal(2, &[("year", 2), ("half", 1)])?;
    /// let reconciler = Reconciler::new(&year, Method::WlsStruct)?;
    /// let mut csv = Vec::new();
    /// reconciler.explain(array![[16.0], [4.0], [8.0]].view())?.write_csv(&mut csv)?;
    /// assert_eq!(
    ///     String::from_utf8_lossy(&csv),
    ///     "level,node,column,base,reconciled,moved,from year,from half\n\
    ///      year,year[0],h1,16,14,-2,8,6\nhalf,half[0],h1,4,5,1,4,1\nhalf,half[1],h1,8,9,1,4,5\n"
    /// );
    /// # Ok::<(), granular::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Csv`](crate::ErrorKind::Csv) when the bytes cannot be written.
    pub fn write_csv(&self, to: impl Write) -> Result<()> {
        let mut writer = csv::Writer::from_writer(to);
        let fixed = ["level", "node", "column", "base", "reconciled", "moved"].map(str::to_owned);
        let from = self.hierarchy().levels().map(|level| format!("from {}", level.name()));
        writer.write_record(fixed.into_iter().chain(from)).map_err(csv_error)?;
        for ((row, column), base) in self.base.indexed_iter() {
            let (level, node) = self.hierarchy().named(row);
            let reconciled = self.reconciled.all()[[row, column]];
            let values = [*base, reconciled, reconciled - base];
            let from = self.contributions.iter().map(|values| values[[row, column]]);
            let numbers = values.into_iter().chain(from).map(|value| value.to_string());
            let record = [level, node, format!("h{}", column + 1)].into_iter().chain(numbers);
            writer.write_record(record).map_err(csv_error)?;
        }
        writer.flush().map_err(|error| csv_error(error.into()))
    }

    /// Writes the CSV of [`Explanation::write_csv`] to a file, whole or not at all, as [`Coherent::save_csv`] does.
    ///
    /// # Errors
    /// [`ErrorKind::File`](crate::ErrorKind::File) names the path.
    pub fn save_csv(&self, path: impl AsRef<Path>) -> Result<()> {
        save_whole(path.as_ref(), |file| self.write_csv(file))
    }
}

/// The table of [`Explanation::levels`].
impl fmt::Display for Explanation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let header = ["level", "nodes", "gap before", "gap after", "moved mean", "rms", "max", "at"];
        let mut rows =
            vec![[&header[..], &["variance", "weight"]].concat().into_iter().map(str::to_owned).collect()];
        for effect in self.levels() {
            let mut row = vec![effect.level, effect.nodes.to_string()];
            row.extend([effect.gap_before, effect.gap_after].map(four));
            row.extend([effect.moved_mean, effect.moved_rms, effect.moved_max].map(four));
            row.extend([effect.moved_node, effect.variance.map_or("-".to_owned(), four)]);
            row.push(format!("{:.3}", effect.weight));
            rows.push(row);
        }
        aligned(f, &rows)
    }
}
