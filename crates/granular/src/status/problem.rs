//! The quadratic programme: which rows count, how much, and within which bounds.

use tensor::ndarray::ArrayView2;

use super::active_set::Active;
use super::{Constraints, Status, identify};
use crate::arrays::expect_extent;
use crate::error::{ErrorKind, Result};
use crate::hierarchy::Hierarchy;

/// Minimise `½ Σ precision_i (y_i − target_i)²` over y = S b with lo ≤ y ≤ hi.
pub(super) struct Problem<'a> {
    pub(super) constraints: &'a Constraints,
    pub(super) hierarchy: &'a Hierarchy,
    pub(super) lo: Vec<f64>,
    pub(super) hi: Vec<f64>,
    /// 1 / w; less for a unit with a prior, 0 for a missing row. A fixed row keeps its own: with its value as the
    /// target it pulls nowhere, but makes the system regular.
    pub(super) precision: Vec<f64>,
    pub(super) equalities: Vec<usize>,
    pub(super) inequalities: Vec<usize>,
}

impl<'a> Problem<'a> {
    pub(super) fn new(constraints: &'a Constraints, variances: &[f64]) -> Result<Self> {
        let hierarchy = &constraints.hierarchy;
        let (lo, hi): (Vec<f64>, Vec<f64>) = (0..hierarchy.len()).map(|node| constraints.range(node)).unzip();
        let counts = |(node, w): (usize, &f64)| match constraints.statuses[node] {
            Status::Missing => constraints.prior_of(node).map_or(0.0, |(_, weight)| weight / w),
            _ => w.recip(),
        };
        let precision: Vec<f64> = variances.iter().enumerate().map(counts).collect();
        let known: Vec<bool> = precision.iter().map(|&precision| precision > 0.0).collect();
        let equal = |node: &usize| lo[*node] == hi[*node];
        let limited = |node: &usize| lo[*node].is_finite() || hi[*node].is_finite();
        let (equalities, inequalities) = (0..hierarchy.len()).filter(limited).partition(equal);
        let problem = Self { constraints, hierarchy, lo, hi, precision, equalities, inequalities };
        problem.check_ranges()?;
        identify::check(hierarchy, &known)?;
        Ok(problem)
    }

    /// The rows that count less than the projection has them: (node, c) as [`System`](super::system::System) wants it.
    pub(super) fn dropped(&self, variances: &[f64]) -> Vec<(usize, f64)> {
        let c = |(node, w): (usize, &f64)| match self.constraints.statuses[node] {
            Status::Missing => match self.constraints.prior_of(node) {
                None => Some((node, *w)),
                Some((_, weight)) if weight < 1.0 => Some((node, w / (1.0 - weight))),
                Some(_) => None,
            },
            _ => None,
        };
        variances.iter().enumerate().filter_map(c).collect()
    }

    /// Base forecasts: n rows, finite where they are read.
    pub(super) fn check_base(&self, base: ArrayView2<'_, f64>) -> Result<()> {
        expect_extent("data of all levels", "rows", self.hierarchy.len(), base.nrows())?;
        let read =
            |node: usize| matches!(self.constraints.statuses[node], Status::Free | Status::Bounded { .. });
        match base.indexed_iter().find(|&((node, _), value)| read(node) && !value.is_finite()) {
            None => Ok(()),
            Some(((node, column), &value)) => {
                let (level, node) = self.hierarchy.named(node);
                Err(ErrorKind::NotFinite { level, node, column, value }.into())
            }
        }
    }

    /// What each row of a column is drawn to.
    pub(super) fn targets(&self, base: ArrayView2<'_, f64>, column: usize) -> Vec<f64> {
        let target = |(node, status): (usize, &Status)| match *status {
            Status::Free | Status::Bounded { .. } => base[[node, column]],
            Status::Fixed(value) => value,
            Status::Missing => self.constraints.prior_of(node).map_or(0.0, |(value, _)| value),
        };
        self.constraints.statuses.iter().enumerate().map(target).collect()
    }

    /// The largest number among targets and bounds.
    pub(super) fn scale(&self, targets: &[f64]) -> f64 {
        let numbers = targets.iter().chain(&self.lo).chain(&self.hi);
        numbers.map(|number| number.abs()).filter(|number| number.is_finite()).fold(0.0, f64::max)
    }

    /// How far y is outside its bounds.
    pub(super) fn violation(&self, node: usize, y: f64) -> f64 {
        (self.lo[node] - y).max(y - self.hi[node]).max(0.0)
    }

    /// The error for conditions that exclude each other.
    pub(super) fn conflict(&self, mut active: Vec<Active>) -> ErrorKind {
        active.sort_by_key(|active| active.node);
        let nodes = active.iter().map(|active| self.hierarchy.label(active.node)).collect();
        let conditions = active.iter().map(|active| self.condition(active)).collect();
        if active.iter().all(|active| active.equality) {
            ErrorKind::Contradiction { nodes, conditions }
        } else {
            ErrorKind::Infeasible { nodes, conditions }
        }
    }

    fn condition(&self, active: &Active) -> String {
        let relation = match (active.equality, active.sign > 0.0) {
            (true, _) => "=",
            (false, true) => ">=",
            (false, false) => "<=",
        };
        format!("{} {relation} {}", self.hierarchy.label(active.node), active.target)
    }

    /// A value below zero that is asked for where nothing may be negative.
    fn check_ranges(&self) -> Result<()> {
        let Some(node) = (0..self.lo.len()).find(|&node| self.lo[node] > self.hi[node]) else {
            return Ok(());
        };
        let (lo, hi) = self.constraints.statuses[node].range();
        let equality = lo == hi;
        let wanted = Active { node, sign: -1.0, target: hi, equality, force: 0.0 };
        let zero = Active { node, sign: 1.0, target: 0.0, equality: false, force: 0.0 };
        let conditions = vec![self.condition(&wanted), self.condition(&zero)];
        Err(ErrorKind::Infeasible { nodes: vec![self.hierarchy.label(node)], conditions }.into())
    }
}
