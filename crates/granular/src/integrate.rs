//! From finest data to data at every level, and the check of data given for all of them.

use tensor::ndarray::{Array2, ArrayView2};

use crate::arrays::{expect_extent, rows};
use crate::coherent::Coherent;
use crate::error::{ErrorKind, Result};
use crate::hierarchy::{Hierarchy, Level};

impl Hierarchy {
    /// Aggregates finest data (m × k) up to every level (n × k): `y = S b`, sums unless another
    /// [`Aggregator`](crate::Aggregator) was chosen.
    ///
    /// Members are added in the order of the rows, so equal data give equal bits.
    ///
    /// ```
    /// # use granular::Hierarchy;
    /// # use tensor::ndarray::array;
    /// let h = Hierarchy::temporal(2, &[("year", 2), ("half", 1)])?;
    /// let y = h.integrate(array![[1.0, 10.0], [2.0, 20.0]].view())?;
    /// assert_eq!(y.all(), array![[3.0, 30.0], [1.0, 10.0], [2.0, 20.0]]);
    /// # Ok::<(), granular::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Shape`] for another number of rows than m; [`ErrorKind::NotFinite`] names the first node and column
    /// that is NaN or infinite, a sum that overflows included.
    pub fn integrate(&self, finest: ArrayView2<'_, f64>) -> Result<Coherent> {
        expect_extent("finest data", "rows", self.finest_len(), finest.nrows())?;
        self.check_finite(self.aggregate_len(), finest)?;
        self.coherent_from(finest)
    }

    /// Averages finest data (m × k) up to every level (n × k): row i is `Σ_j |S_ij| b_j / Σ_j |S_ij|`.
    ///
    /// For features which do not add up (a price, a temperature); the finest rows are the data themselves, and a node
    /// without members, or of which all weights are 0, has the average 0.
    ///
    /// ```
    /// # use granular::Hierarchy;
    /// # use tensor::ndarray::array;
    /// let h = Hierarchy::temporal(2, &[("year", 2), ("half", 1)])?;
    /// assert_eq!(h.average(array![[1.0], [2.0]].view())?, array![[1.5], [1.0], [2.0]]);
    /// # Ok::<(), granular::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Hierarchy::integrate`].
    pub fn average(&self, finest: ArrayView2<'_, f64>) -> Result<Array2<f64>> {
        let mut values = self.integrate(finest)?.into_inner();
        for node in 0..self.aggregate_len() {
            let size: f64 = self.members(node).map(|(_, weight)| weight.abs()).sum();
            let mut row = values.row_mut(node);
            if self.members(node).any(|(_, weight)| weight < 0.0) {
                // What is subtracted in the sum counts like the others in the mean.
                row.fill(0.0);
                for (unit, weight) in self.members(node) {
                    row.scaled_add(weight.abs(), &finest.row(unit));
                }
                let (level, node) = self.named(node);
                if let Some((column, &value)) = row.indexed_iter().find(|(_, value)| !value.is_finite()) {
                    return Err(ErrorKind::NotFinite { level, node, column, value }.into());
                }
            }
            if size > 0.0 {
                row /= size;
            }
        }
        Ok(values)
    }

    /// Takes data given for every level (n × k) when they add up within `tolerance`, an absolute gap.
    ///
    /// Within it the aggregates are then set anew from the finest values, so what comes out adds up exactly.
    ///
    /// ```
    /// # use granular::Hierarchy;
    /// # use tensor::ndarray::array;
    /// let h = Hierarchy::temporal(2, &[("year", 2), ("half", 1)])?;
    /// assert!(h.check(array![[3.01], [1.0], [2.0]].view(), 0.1).is_ok());
    /// let error = h.check(array![[3.5], [1.0], [2.0]].view(), 0.1).unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "level `year`, node `year[0]`, column 0: expected 3 from its members, got 3.5 \
    ///      (gap 5e-1, tolerance 1e-1)"
    /// );
    /// # Ok::<(), granular::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Shape`], [`ErrorKind::NotFinite`]; [`ErrorKind::Incoherent`] names the node with the widest gap;
    /// [`ErrorKind::Parameter`] for a tolerance that is negative or NaN.
    pub fn check(&self, values: ArrayView2<'_, f64>, tolerance: f64) -> Result<Coherent> {
        if tolerance.is_nan() || tolerance < 0.0 {
            let (expected, got) = ("a number of at least 0", tolerance.to_string());
            return Err(ErrorKind::Parameter { name: "tolerance", expected, got }.into());
        }
        self.check_base(values)?;
        let coherent = self.coherent_from(rows(values, self.finest().range()))?;
        let mut worst = (tolerance, None);
        for (index, &got) in values.indexed_iter() {
            let gap = (got - coherent.all()[index]).abs();
            if gap > worst.0 {
                worst = (gap, Some(index));
            }
        }
        let (gap, Some((node, column))) = worst else { return Ok(coherent) };
        let (expected, got) = (coherent.all()[[node, column]], values[[node, column]]);
        let (level, node) = self.named(node);
        Err(ErrorKind::Incoherent { level, node, column, expected, got, gap, tolerance }.into())
    }

    /// Sets aggregates from checked finest values; the sums alone can still overflow.
    pub(crate) fn coherent_from(&self, finest: ArrayView2<'_, f64>) -> Result<Coherent> {
        let values = self.stack_sums(finest);
        self.check_finite(0, values.view())?;
        Ok(Coherent::trusted(self.clone(), values))
    }

    /// `S b` in the one order of sums which all of the crate uses.
    pub(crate) fn stack_sums(&self, finest: ArrayView2<'_, f64>) -> Array2<f64> {
        let (above, k) = (self.aggregate_len(), finest.ncols());
        let mut values = vec![0.0; self.len() * k];
        let (aggregates, bottom) = values.split_at_mut(above * k);
        for (to, from) in bottom.iter_mut().zip(finest.iter()) {
            *to = *from;
        }
        if k > 0 {
            for (node, row) in aggregates.chunks_exact_mut(k).enumerate() {
                self.s().add_row_product(node, bottom, row);
            }
        }
        Array2::from_shape_vec((self.len(), k), values).expect("n · k values were laid out")
    }

    /// Data of all levels: n rows, finite.
    pub(crate) fn check_base(&self, values: ArrayView2<'_, f64>) -> Result<()> {
        expect_extent("data of all levels", "rows", self.len(), values.nrows())?;
        self.check_finite(0, values)
    }

    /// Names the first value that is not finite; row 0 of `values` is node `first`.
    pub(crate) fn check_finite(&self, first: usize, values: ArrayView2<'_, f64>) -> Result<()> {
        match values.indexed_iter().find(|(_, value)| !value.is_finite()) {
            None => Ok(()),
            Some(((row, column), &value)) => {
                let (level, node) = self.named(first + row);
                Err(ErrorKind::NotFinite { level, node, column, value }.into())
            }
        }
    }
}

/// How far values of all nodes (n × k) are from adding up: for each level, `max |y − S b|` over its nodes and columns.
///
/// ```
/// # use granular::{Hierarchy, coherence_gap};
/// # use tensor::ndarray::array;
/// let h = Hierarchy::temporal(2, &[("year", 2), ("half", 1)])?;
/// assert_eq!(coherence_gap(&h, array![[3.5], [1.0], [2.0]].view())?, [0.5, 0.0]);
/// # Ok::<(), granular::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::Shape`] for another number of rows than n.
pub fn coherence_gap(hierarchy: &Hierarchy, values: ArrayView2<'_, f64>) -> Result<Vec<f64>> {
    expect_extent("data of all levels", "rows", hierarchy.len(), values.nrows())?;
    Ok(gaps(hierarchy, values))
}

/// [`coherence_gap`] of values that have n rows.
pub(crate) fn gaps(hierarchy: &Hierarchy, values: ArrayView2<'_, f64>) -> Vec<f64> {
    let sums = hierarchy.stack_sums(rows(values, hierarchy.finest().range()));
    let gap = |level: Level<'_>| {
        let (a, b) = (rows(values, level.range()), rows(sums.view(), level.range()));
        // A NaN must show: `f64::max` would drop it.
        let widest = |worst: f64, gap: f64| if gap.is_nan() || gap > worst { gap } else { worst };
        a.iter().zip(b.iter()).map(|(y, sum)| (y - sum).abs()).fold(0.0, widest)
    };
    hierarchy.levels().map(gap).collect()
}
