//! Values that add up, by their type.

use std::ops::Range;

use tensor::ndarray::{Array2, ArrayView1, ArrayView2};

use crate::arrays::{columns, rows};
use crate::error::{ErrorKind, Result};
use crate::hierarchy::Hierarchy;
use crate::integrate::gaps;

/// Values for every node of a hierarchy (n × k) which add up.
///
/// It is made by integrating ([`Hierarchy::integrate`]), by checking ([`Hierarchy::check`]) or by reconciling
/// ([`Reconciler::reconcile`](crate::Reconciler::reconcile)) and in no other way, so a forecast that does not add up
/// cannot slip through by forgetting a call. All values are finite. Every aggregate is the sum of its finest members
/// (times their weights, where the hierarchy has others than 1), added in the order of the rows, to the last bit: the gap
/// to that sum is 0. A sum of the same m members in another order (the children of a node, say, in place of its finest
/// units) agrees up to rounding: for weights of 1 within `2 (m − 1) · 2⁻⁵³ · Σ |b|`, up to terms of the order 2⁻¹⁰⁶.
///
/// ```
/// use granular::Hierarchy;
/// use tensor::ndarray::array;
///
/// let year = Hierarchy::temporal(4, &[("year", 4), ("half", 2), ("quarter", 1)])?;
/// let sales = year.integrate(array![[1.0], [2.0], [3.0], [4.0]].view())?;
/// assert_eq!(sales.level("half")?, array![[3.0], [7.0]]);
/// assert_eq!(sales.node("year[0]")?, array![10.0]);
/// assert_eq!(sales.gaps(), [0.0, 0.0, 0.0]);
/// # Ok::<(), granular::Error>(())
/// ```
///
/// Values that were not added up cannot be called coherent; this does not compile:
///
/// ```compile_fail,E0451
/// use granular::{Coherent, Hierarchy};
/// use tensor::ndarray::array;
///
/// let hierarchy = Hierarchy::temporal(2, &[("year", 2), ("half", 1)]).unwrap();
/// let made_up = Coherent { hierarchy, values: array![[9.0], [1.0], [2.0]] };
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Coherent {
    hierarchy: Hierarchy,
    values: Array2<f64>,
}

impl Coherent {
    /// The caller has set the aggregates by [`Hierarchy::set_aggregates`] and checked that all is finite.
    pub(crate) fn trusted(hierarchy: Hierarchy, values: Array2<f64>) -> Self {
        Self { hierarchy, values }
    }

    /// The hierarchy whose nodes these are.
    #[must_use]
    pub fn hierarchy(&self) -> &Hierarchy {
        &self.hierarchy
    }

    /// k, the number of values for each node.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.values.ncols()
    }

    /// The values of all nodes, n × k, level by level.
    #[must_use]
    pub fn all(&self) -> ArrayView2<'_, f64> {
        self.values.view()
    }

    /// The values of the finest units, m × k.
    #[must_use]
    pub fn finest(&self) -> ArrayView2<'_, f64> {
        self.rows(self.hierarchy.finest().range())
    }

    /// The values of a level, nodes × k.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownLevel`](crate::ErrorKind::UnknownLevel).
    pub fn level(&self, level: &str) -> Result<ArrayView2<'_, f64>> {
        Ok(self.rows(self.hierarchy.level(level)?.range()))
    }

    /// The k values of the node of this name.
    ///
    /// # Errors
    /// As [`Hierarchy::node`].
    pub fn node(&self, name: &str) -> Result<ArrayView1<'_, f64>> {
        Ok(self.values.row(self.hierarchy.node(name)?))
    }

    /// The k values of a node of a level.
    ///
    /// # Errors
    /// As [`Hierarchy::node_in`].
    pub fn node_in(&self, level: &str, name: &str) -> Result<ArrayView1<'_, f64>> {
        Ok(self.values.row(self.hierarchy.node_in(level, name)?))
    }

    /// Some of the columns, which add up as all of them do.
    ///
    /// ```
    /// # use granular::Hierarchy;
    /// # use tensor::ndarray::array;
    /// let year = Hierarchy::temporal(2, &[("year", 2), ("half", 1)])?;
    /// let sales = year.integrate(array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]].view())?;
    /// assert_eq!(sales.part(1..3)?.node("year[0]")?, array![7.0, 9.0]);
    /// # Ok::<(), granular::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::TooShort`](crate::ErrorKind::TooShort) when there are fewer columns;
    /// [`ErrorKind::Parameter`](crate::ErrorKind::Parameter) for a range that ends before it starts.
    pub fn part(&self, range: Range<usize>) -> Result<Self> {
        if range.end < range.start {
            let (expected, got) = ("a range that ends at or after its start", format!("{range:?}"));
            return Err(ErrorKind::Parameter { name: "columns", expected, got }.into());
        }
        if range.end > self.columns() {
            let (needed, got) = (range.end, self.columns());
            return Err(ErrorKind::TooShort { what: "coherent values", needed, got }.into());
        }
        Ok(Self::trusted(self.hierarchy.clone(), columns(self.all(), range).to_owned()))
    }

    /// The coherence gap of each level, `max |y − S b|`: zero, measured anew.
    #[must_use]
    pub fn gaps(&self) -> Vec<f64> {
        gaps(&self.hierarchy, self.all())
    }

    /// The values of all nodes, without the promise.
    #[must_use]
    pub fn into_inner(self) -> Array2<f64> {
        self.values
    }

    fn rows(&self, range: Range<usize>) -> ArrayView2<'_, f64> {
        rows(self.values.view(), range)
    }
}
