//! The quadratic programme: which rows count, how much, and within which bounds.

use tensor::ndarray::ArrayView2;

use super::active_set::Active;
use super::{Constraints, Status, identify};
use crate::arrays::expect_extent;
use crate::error::{ErrorKind, Result};
use crate::hierarchy::Hierarchy;

/// Minimise `½ (y − target)ᵀ W⁻¹ (y − target)` over the rows that count, y = S b and lo ≤ y ≤ hi.
pub(super) struct Problem<'a> {
    pub(super) constraints: &'a Constraints,
    pub(super) hierarchy: &'a Hierarchy,
    pub(super) lo: Vec<f64>,
    pub(super) hi: Vec<f64>,
    /// The variance of each row; larger for a unit with a prior, ∞ for a missing row. A fixed row keeps its own: with its
    /// value as the target it pulls nowhere, but makes the system regular.
    pub(super) variances: Vec<f64>,
    pub(super) equalities: Vec<usize>,
    pub(super) inequalities: Vec<usize>,
}

impl<'a> Problem<'a> {
    /// `own` is the diagonal of W, ∞ for what the method does not read.
    pub(super) fn new(constraints: &'a Constraints, own: &[f64]) -> Result<Self> {
        let hierarchy = &constraints.hierarchy;
        let (lo, hi): (Vec<f64>, Vec<f64>) = (0..hierarchy.len()).map(|node| constraints.range(node)).unzip();
        let variance = |(node, w): (usize, &f64)| match constraints.statuses[node] {
            Status::Missing => constraints.prior_of(node).map_or(f64::INFINITY, |(_, weight)| w / weight),
            _ => *w,
        };
        let variances: Vec<f64> = own.iter().enumerate().map(variance).collect();
        let kept = |node: usize| constraints.statuses[node] == Status::Kept;
        let equal = |node: &usize| lo[*node] == hi[*node] || kept(*node);
        let limited = |node: &usize| lo[*node].is_finite() || hi[*node].is_finite() || kept(*node);
        let (equalities, inequalities) = (0..hierarchy.len()).filter(limited).partition(equal);
        let problem = Self { constraints, hierarchy, lo, hi, variances, equalities, inequalities };
        problem.check_ranges()?;
        identify::check(hierarchy, &problem.variances, &constraints.statuses)?;
        Ok(problem)
    }

    /// Holds kept nodes to their targets in a column.
    pub(super) fn keep(&mut self, targets: &[f64]) -> Result<()> {
        if !self.constraints.statuses.contains(&Status::Kept) {
            return Ok(());
        }
        for (node, &target) in targets.iter().enumerate() {
            if self.constraints.statuses[node] == Status::Kept {
                let (lo, _) = self.constraints.range(node);
                (self.lo[node], self.hi[node]) = (lo.max(target), target);
            }
        }
        self.check_ranges()
    }

    /// `1 / w`.
    pub(super) fn precision(&self, node: usize) -> f64 {
        self.variances[node].recip()
    }

    /// Whether a status asks anything of an aggregate's value.
    pub(super) fn limits_aggregates(&self) -> bool {
        let above = self.hierarchy.aggregate_len();
        self.equalities.iter().chain(&self.inequalities).any(|&node| node < above)
    }

    /// Base forecasts: n rows, finite where they are read.
    pub(super) fn check_base(&self, base: ArrayView2<'_, f64>) -> Result<()> {
        expect_extent("data of all levels", "rows", self.hierarchy.len(), base.nrows())?;
        let read =
            |node: usize| !matches!(self.constraints.statuses[node], Status::Missing | Status::Fixed(_));
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
            Status::Free | Status::Bounded { .. } if self.variances[node].is_finite() => base[[node, column]],
            Status::Free | Status::Bounded { .. } => 0.0,
            Status::Kept => base[[node, column]],
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

    /// The finest values, on their bounds where rounding had left them beside.
    pub(super) fn within(&self, finest: &[f64]) -> Vec<f64> {
        let above = self.hierarchy.aggregate_len();
        let bounds = self.lo[above..].iter().zip(&self.hi[above..]);
        finest.iter().zip(bounds).map(|(y, (lo, hi))| y.max(*lo).min(*hi)).collect()
    }

    /// `Sᵀ f` of n forces.
    pub(super) fn adjoint(&self, forces: &[f64]) -> Vec<f64> {
        let (aggregates, finest) = forces.split_at(self.hierarchy.aggregate_len());
        let mut g = finest.to_vec();
        for (unit, g) in g.iter_mut().enumerate() {
            self.hierarchy.above().add_row_product(unit, aggregates, std::slice::from_mut(g));
        }
        g
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
        let hi = self.hi[node];
        let equality = matches!(self.constraints.statuses[node], Status::Fixed(_) | Status::Kept);
        let wanted = Active { node, sign: -1.0, target: hi, equality, force: 0.0 };
        let zero = Active { node, sign: 1.0, target: 0.0, equality: false, force: 0.0 };
        let conditions = vec![self.condition(&wanted), self.condition(&zero)];
        Err(ErrorKind::Infeasible { nodes: vec![self.hierarchy.label(node)], conditions }.into())
    }
}
