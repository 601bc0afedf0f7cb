//! What is known of each node when forecasts are combined: nothing more, its value, its bounds, or nothing at all.

mod active_set;
mod factor;
mod identify;
mod kkt;
mod pivoting;
mod problem;
mod reconcile;
mod report;
mod system;

use tensor::ndarray::ArrayView1;

use crate::arrays::expect_extent;
use crate::error::{ErrorKind, Result};
use crate::hierarchy::Hierarchy;

pub use report::{ActiveBound, ColumnReport, Report};

/// What is known of a node when forecasts are combined.
///
/// | status | base forecast | the reconciled value |
/// | --- | --- | --- |
/// | `Free` | is read | any |
/// | `Missing` | is not read, may be NaN | any: the others decide |
/// | `Fixed(v)` | is not read, may be NaN | is `v` |
/// | `Kept` | is read | is the base forecast, column by column |
/// | `Bounded { lo, hi }` | is read | lies in `[lo, hi]`; an infinite end is no bound |
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Status {
    /// Its base forecast counts as the method says.
    #[default]
    Free,
    /// It has no base forecast.
    Missing,
    /// Its value is known.
    Fixed(f64),
    /// Its base forecasts stay as they are: those of the others give way.
    Kept,
    /// Its value lies between two others.
    Bounded {
        /// The smallest value allowed, or −∞.
        lo: f64,
        /// The largest value allowed, or ∞.
        hi: f64,
    },
}

impl Status {
    fn range(self) -> (f64, f64) {
        match self {
            // A kept value is known with its column.
            Self::Free | Self::Missing | Self::Kept => (f64::NEG_INFINITY, f64::INFINITY),
            Self::Fixed(value) => (value, value),
            Self::Bounded { lo, hi } => (lo, hi),
        }
    }
}

/// A [`Status`] for every node, to reconcile with ([`Reconciler::reconcile_with`](crate::Reconciler::reconcile_with)).
///
/// All nodes are free at first. A status given later replaces the earlier one of that node.
///
/// ```
/// use granular::{Constraints, Hierarchy, Method, Reconciler};
/// use tensor::ndarray::array;
///
/// let year = Hierarchy::temporal(2, &[("year", 2), ("half", 1)])?;
/// let reconciler = Reconciler::new(&year, Method::Ols)?;
/// // The first half is over: it was 7. Nobody has forecast the second.
/// let known = Constraints::new(&year).fixed("half[0]", 7.0)?.missing("half[1]")?;
/// let (agreed, _) = reconciler.reconcile_with(array![[12.0], [4.0], [f64::NAN]].view(), &known)?;
/// let gap = (&agreed.all() - &array![[12.0], [7.0], [5.0]]).mapv(f64::abs).sum();
/// assert!(gap < 1e-12);
/// # Ok::<(), granular::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Constraints {
    hierarchy: Hierarchy,
    statuses: Vec<Status>,
    non_negative: bool,
    prior: Option<Prior>,
}

#[derive(Debug, Clone)]
struct Prior {
    finest: Vec<f64>,
    weight: f64,
}

impl Constraints {
    /// All nodes free.
    #[must_use]
    pub fn new(hierarchy: &Hierarchy) -> Self {
        let statuses = vec![Status::Free; hierarchy.len()];
        Self { hierarchy: hierarchy.clone(), statuses, non_negative: false, prior: None }
    }

    /// One status for each node, in the order of the rows.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`] for another number of statuses than nodes, [`ErrorKind::Status`] names the first that is
    /// NaN, infinite where it must not be, or empty.
    pub fn from_statuses(hierarchy: &Hierarchy, statuses: &[Status]) -> Result<Self> {
        expect_extent("statuses", "values", hierarchy.len(), statuses.len())?;
        let start = Self::new(hierarchy);
        statuses.iter().enumerate().try_fold(start, |all, (node, status)| all.with(node, *status))
    }

    /// The node of this name has no base forecast.
    ///
    /// # Errors
    /// As [`Hierarchy::node`].
    pub fn missing(self, node: &str) -> Result<Self> {
        self.status(node, Status::Missing)
    }

    /// No node of this level has a base forecast.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownLevel`].
    pub fn missing_level(mut self, level: &str) -> Result<Self> {
        let range = self.hierarchy.level(level)?.range();
        self.statuses[range].fill(Status::Missing);
        Ok(self)
    }

    /// The value of the node of this name is known.
    ///
    /// # Errors
    /// As [`Hierarchy::node`]; [`ErrorKind::Status`] for a value that is NaN or infinite.
    pub fn fixed(self, node: &str, value: f64) -> Result<Self> {
        self.status(node, Status::Fixed(value))
    }

    /// The base forecasts of the node of this name stay as they are.
    ///
    /// # Errors
    /// As [`Hierarchy::node`].
    pub fn kept(self, node: &str) -> Result<Self> {
        self.status(node, Status::Kept)
    }

    /// The value of the node of this name lies in `[lo, hi]`; an infinite end is no bound.
    ///
    /// # Errors
    /// As [`Hierarchy::node`]; [`ErrorKind::Status`] for an interval that is empty or has a NaN.
    pub fn bounded(self, node: &str, lo: f64, hi: f64) -> Result<Self> {
        self.status(node, Status::Bounded { lo, hi })
    }

    /// Sets the status of the node of this name.
    ///
    /// # Errors
    /// As [`Constraints::fixed`] and [`Constraints::bounded`].
    pub fn status(self, node: &str, status: Status) -> Result<Self> {
        let node = self.hierarchy.node(node)?;
        self.with(node, status)
    }

    /// Sets the status of a node of a level, where several levels have one of that name.
    ///
    /// # Errors
    /// As [`Hierarchy::node_in`]; [`ErrorKind::Status`].
    pub fn status_in(self, level: &str, node: &str, status: Status) -> Result<Self> {
        let node = self.hierarchy.node_in(level, node)?;
        self.with(node, status)
    }

    /// No value is negative, whatever else is known of a node: finest values are held at 0, sums of them follow, and nodes
    /// with a negative weight in S, as equations may give, are held as well.
    #[must_use]
    pub fn non_negative(mut self) -> Self {
        self.non_negative = true;
        self
    }

    /// What finest values are taken to be where their base forecasts are missing: m values, one for each unit.
    ///
    /// The value `p` of a missing unit with variance w in W adds `weight · (b − p)² / w` to what is minimised: a ridge
    /// towards `p`. With weight 1 it counts as a base forecast would; a small one only decides what the other levels
    /// leave open. Values of units which are not missing are not read.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`] for another number of values than m, [`ErrorKind::Parameter`] for a weight outside (0, 1].
    pub fn prior(mut self, finest: ArrayView1<'_, f64>, weight: f64) -> Result<Self> {
        expect_extent("prior", "values", self.hierarchy.finest_len(), finest.len())?;
        if !(weight > 0.0 && weight <= 1.0) {
            let expected = "a number above 0 and at most 1";
            return Err(ErrorKind::Parameter { name: "weight", expected, got: weight.to_string() }.into());
        }
        self.prior = Some(Prior { finest: finest.to_vec(), weight });
        Ok(self)
    }

    /// The hierarchy whose nodes these are.
    #[must_use]
    pub fn hierarchy(&self) -> &Hierarchy {
        &self.hierarchy
    }

    /// The status of each node, in the order of the rows; [`Constraints::non_negative`] comes on top.
    #[must_use]
    pub fn statuses(&self) -> &[Status] {
        &self.statuses
    }

    /// Whether [`Constraints::non_negative`] was asked for.
    #[must_use]
    pub fn is_non_negative(&self) -> bool {
        self.non_negative
    }

    fn with(mut self, node: usize, status: Status) -> Result<Self> {
        let wrong = match status {
            Status::Free | Status::Missing | Status::Kept => None,
            Status::Fixed(value) if value.is_finite() => None,
            Status::Fixed(value) => Some(("a finite fixed value", value.to_string())),
            Status::Bounded { lo, hi } if lo <= hi && lo < f64::INFINITY && hi > f64::NEG_INFINITY => None,
            Status::Bounded { lo, hi } => Some(("bounds that hold a number", format!("[{lo}, {hi}]"))),
        };
        if let Some((expected, got)) = wrong {
            let (level, node) = self.hierarchy.named(node);
            return Err(ErrorKind::Status { level, node, expected, got }.into());
        }
        self.statuses[node] = status;
        Ok(self)
    }

    /// Whether it says nothing at all.
    fn is_free(&self) -> bool {
        !self.non_negative && self.statuses.iter().all(|status| *status == Status::Free)
    }

    /// The bounds of a node, those of its status and zero.
    fn range(&self, node: usize) -> (f64, f64) {
        let (lo, hi) = self.statuses[node].range();
        let by_itself = || {
            node >= self.hierarchy.aggregate_len()
                || self.hierarchy.members(node).any(|(_, weight)| weight < 0.0)
        };
        let at_least_zero = self.non_negative && by_itself();
        (if at_least_zero { lo.max(0.0) } else { lo }, hi)
    }

    /// The prior of a node, when it is a missing unit that has one: (value, weight).
    fn prior_of(&self, node: usize) -> Option<(f64, f64)> {
        let unit = node.checked_sub(self.hierarchy.aggregate_len())?;
        let prior = self.prior.as_ref().filter(|_| self.statuses[node] == Status::Missing)?;
        Some((prior.finest[unit], prior.weight))
    }
}
