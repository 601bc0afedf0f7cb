//! The projection with a full W that is learnt: small hierarchies, by ops that the tape has.

use tensor::{Csr, Triangle, Var, sparse_matmul};

use super::layout::Nodes;
use super::learned::LearnedProjector;
use super::number::Projectable;
use crate::hierarchy::Hierarchy;

impl LearnedProjector {
    /// Records the projection of x `[.., n, k]` with a full covariance W `[n, n]`, symmetric positive definite, such as
    /// `L Lᵀ` of what is learnt: `l.matmul_nt(l)`.
    ///
    /// `b̃ = b̂ − (W Cᵀ)_b (C W Cᵀ)⁻¹ C x` with C = [I  −A], by a Cholesky factor; the aggregates are sums of b̃. It is made
    /// of ops of the tape, so all derivatives are there; the work is that of products of n × n matrices.
    ///
    /// ```
    /// # use granular::{Hierarchy, LearnedProjector};
    /// # use tensor::{Tape, ndarray::array};
    /// let year = Hierarchy::temporal(2, &[("year", 2), ("half", 1)])?;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.constant(&array![[12.0], [4.0], [5.0]])?;
    /// let l = tape.var(&array![[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])?;
    /// let y = LearnedProjector::new(&year).project_with_covariance(x, l.matmul_nt(l)?)?;
    /// let gap = (&y.value()? - &array![[11.0], [5.0], [6.0]]).mapv(f64::abs).sum();
    /// assert!(gap < 1e-12);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`tensor::ErrorKind::Custom`] for other shapes; [`tensor::ErrorKind::NotPositiveDefinite`] when `C W Cᵀ` is not.
    pub fn project_with_covariance<'t, T: Projectable>(
        &self,
        x: Var<'t, T>,
        w: Var<'t, T>,
    ) -> tensor::Result<Var<'t, T>> {
        let n = self.hierarchy().len();
        let shape = x.shape()?;
        Nodes::InRows.layout(OP, n, &shape)?;
        let rank = shape.len();
        if rank == 2 {
            return self.project_matrix(x, w);
        }
        // [batch.., n, k] to [n, batch.., k] and back.
        let there: Vec<usize> = [rank - 2].into_iter().chain(0..rank - 2).chain([rank - 1]).collect();
        let back: Vec<usize> = (1..=rank - 2).chain([0, rank - 1]).collect();
        let moved = x.permute(&there)?;
        let moved_shape = moved.shape()?;
        let columns = moved_shape[1..].iter().product();
        let y = self.project_matrix(moved.reshape(&[n, columns])?, w)?;
        y.reshape(&moved_shape)?.permute(&back)
    }

    /// Records the same for x `[.., n]`, one column for each node: what networks give.
    ///
    /// # Errors
    /// As [`LearnedProjector::project_with_covariance`].
    pub fn project_rows_with_covariance<'t, T: Projectable>(
        &self,
        x: Var<'t, T>,
        w: Var<'t, T>,
    ) -> tensor::Result<Var<'t, T>> {
        let n = self.hierarchy().len();
        let shape = x.shape()?;
        Nodes::InColumns.layout(OP, n, &shape)?;
        let rows = shape[..shape.len() - 1].iter().product();
        let y = self.project_matrix(x.reshape(&[rows, n])?.transpose(0, 1)?, w)?;
        y.transpose(0, 1)?.reshape(&shape)
    }

    /// Of x `[n, k]`.
    fn project_matrix<'t, T: Projectable>(&self, x: Var<'t, T>, w: Var<'t, T>) -> tensor::Result<Var<'t, T>> {
        let h = self.hierarchy();
        let (n, above) = (h.len(), h.aggregate_len());
        let shape = w.shape()?;
        if *shape != [n, n] {
            let message = format!("expected a covariance of {n} nodes, got shape {shape:?}");
            return Err(tensor::ErrorKind::Custom { op: OP, message }.into());
        }
        let bottom = x.slice(0, above as isize.., 1)?;
        let finest = if above == 0 {
            bottom
        } else {
            let constraints = constraints(h)?;
            // Rows of C W are columns of W Cᵀ, as W is symmetric.
            let gains = sparse_matmul(&constraints, w)?;
            let system = sparse_matmul(&constraints, gains.transpose(0, 1)?)?;
            let lower = system.cholesky()?;
            let half = lower.solve_triangular(sparse_matmul(&constraints, x)?, Triangle::Lower)?;
            let multipliers = lower.solve_triangular(half, Triangle::LowerTransposed)?;
            bottom.sub(gains.slice(1, above as isize.., 1)?.matmul_tn(multipliers)?)?
        };
        sparse_matmul(&summing(h)?, finest)
    }
}

/// What errors call it.
const OP: &str = "project_with_covariance";

/// C = [I  −A].
fn constraints<T: Projectable>(h: &Hierarchy) -> tensor::Result<Csr<T>> {
    let above = h.aggregate_len();
    let row = |node: usize| {
        let members = h.members(node).map(move |(unit, weight)| (above + unit, -weight));
        std::iter::once((node, 1.0)).chain(members)
    };
    sparse(h.len(), (0..above).map(row))
}

/// S.
fn summing<T: Projectable>(h: &Hierarchy) -> tensor::Result<Csr<T>> {
    sparse(h.finest_len(), (0..h.len()).map(|node| h.members(node)))
}

fn sparse<T: Projectable, R: IntoIterator<Item = (usize, f64)>>(
    width: usize,
    rows: impl Iterator<Item = R>,
) -> tensor::Result<Csr<T>> {
    let (mut pointers, mut columns, mut values) = (vec![0], Vec::new(), Vec::new());
    for row in rows {
        for (column, weight) in row {
            columns.push(column);
            values.push(T::from_f64(weight));
        }
        pointers.push(columns.len());
    }
    Csr::new([pointers.len() - 1, width], pointers, columns, values)
}
