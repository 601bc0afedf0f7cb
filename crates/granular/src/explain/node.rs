//! Where the values of one node come from.

use std::fmt;
use std::io::Write;

use tensor::ndarray::{Array1, Array2};

use crate::error::Result;
use crate::hierarchy::Hierarchy;
use crate::printed::{aligned, four};
use crate::table::csv_error;

/// Where the reconciled values of one node come from, level by level: [`Explanation::node`](crate::Explanation::node).
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct NodeExplanation {
    /// The node's level.
    pub level: String,
    /// The node's name.
    pub node: String,
    /// Its base forecasts (k).
    pub base: Array1<f64>,
    /// Its reconciled forecasts (k).
    pub reconciled: Array1<f64>,
    /// The names of the levels (L).
    pub levels: Vec<String>,
    /// What each level contributes (L × k): the columns add up to `reconciled`.
    pub contributions: Array2<f64>,
    /// The weight of each level (L).
    pub weights: Array1<f64>,
}

impl fmt::Display for NodeExplanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let steps = (1..=self.base.len()).map(|h| format!("h{h}"));
        let line = |name: &str, weight: String, values: &mut dyn Iterator<Item = f64>| -> Vec<String> {
            [name.to_owned(), weight].into_iter().chain(values.map(four)).collect()
        };
        let three = |weight: f64| format!("{weight:.3}");
        let mut rows = vec![[self.node.clone(), "weight".to_owned()].into_iter().chain(steps).collect()];
        rows.push(line("base", String::new(), &mut self.base.iter().copied()));
        rows.push(line("reconciled", three(self.weights.sum()), &mut self.reconciled.iter().copied()));
        for ((level, weight), values) in self.levels.iter().zip(&self.weights).zip(self.contributions.rows())
        {
            rows.push(line(level, three(*weight), &mut values.iter().copied()));
        }
        aligned(f, &rows)
    }
}

/// What the base forecast of every single node has in the values of one: [`Explanation::by_node`].
///
/// Printed, it shows the ten largest.
///
/// [`Explanation::by_node`]: crate::Explanation::by_node
///
/// ```
/// # use granular::{Hierarchy, Method, Reconciler};
/// # use tensor::ndarray::array;
/// let year = Hierarchy::temporal(2, &[("year", 2), ("half", 1)])?;
/// let reconciler = Reconciler::new(&year, Method::WlsStruct)?;
/// let explanation = reconciler.explain(array![[16.0], [4.0], [8.0]].view())?;
/// let half = explanation.by_node("half[0]")?;
/// assert_eq!((half.weights, half.contributions), (array![0.25, 0.75, -0.25], array![[4.0], [3.0], [-2.0]]));
/// # Ok::<(), granular::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct NodeContributions {
    pub(super) hierarchy: Hierarchy,
    pub(super) row: usize,
    /// The node's row of M (n).
    pub weights: Array1<f64>,
    /// The row of M times the base forecasts (n × k): the columns add up to the node's reconciled values.
    pub contributions: Array2<f64>,
}

impl NodeContributions {
    /// The rows of the nodes that contribute most, by the sum of `|contribution|` over the columns; equal ones in the
    /// order of the rows.
    #[must_use]
    pub fn largest(&self, count: usize) -> Vec<usize> {
        let size = |row: usize| self.contributions.row(row).iter().map(|value| value.abs()).sum::<f64>();
        let sizes: Vec<f64> = (0..self.hierarchy.len()).map(size).collect();
        let mut rows: Vec<usize> = (0..sizes.len()).collect();
        rows.sort_by(|&a, &b| sizes[b].total_cmp(&sizes[a]));
        rows.truncate(count);
        rows
    }

    /// Writes CSV with the columns `level,node,weight,h1,…,hk`: a row for each node, level by level.
    ///
    /// # Errors
    /// [`ErrorKind::Csv`](crate::ErrorKind::Csv) when the bytes cannot be written.
    pub fn write_csv(&self, to: impl Write) -> Result<()> {
        let mut writer = csv::Writer::from_writer(to);
        let steps = (1..=self.contributions.ncols()).map(|h| format!("h{h}"));
        let header = ["level", "node", "weight"].map(str::to_owned).into_iter().chain(steps);
        writer.write_record(header).map_err(csv_error)?;
        for (row, values) in self.contributions.rows().into_iter().enumerate() {
            let (level, node) = self.hierarchy.named(row);
            let numbers = [&self.weights[row]].into_iter().chain(values).map(f64::to_string);
            writer.write_record([level, node].into_iter().chain(numbers)).map_err(csv_error)?;
        }
        writer.flush().map_err(|error| csv_error(error.into()))
    }
}

impl fmt::Display for NodeContributions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let steps = (1..=self.contributions.ncols()).map(|h| format!("h{h}"));
        let names = [self.hierarchy.nodes()[self.row].clone(), "level".to_owned(), "weight".to_owned()];
        let mut rows = vec![names.into_iter().chain(steps).collect()];
        for row in self.largest(10) {
            let (level, node) = self.hierarchy.named(row);
            let weight = format!("{:.3}", self.weights[row]);
            let values = self.contributions.row(row).to_vec();
            rows.push([node, level, weight].into_iter().chain(values.into_iter().map(four)).collect());
        }
        aligned(f, &rows)
    }
}
