//! Hierarchies from linear constraints `C y = c` between named values.

use std::collections::HashMap;

use tensor::ndarray::{Array1, Array2, ArrayView2, Axis};

use super::lookup::near;
use super::{Hierarchy, elimination};
use crate::arrays::expect_extent;
use crate::coherent::Coherent;
use crate::combine::Reconciler;
use crate::error::{ErrorKind, Result};
use crate::sparse::Csr;

/// Linear equations between named values, `C y = c`: any system, not only sums.
///
/// Of n values and r independent equations, n − r values are free, and each of the others is a weighted sum of free ones
/// (and a constant): that is a [`Hierarchy`] with the levels `constrained` and `free`. Values listed first are made the
/// constrained ones where that is numerically sound, so list totals first; `Total − A − B = 0` then gives the S that key
/// columns would. Which ones are free does not matter to the projection, `I − W Cᵀ (C W Cᵀ)⁻¹ C`, with a W of one's own;
/// `WlsStruct` counts the units of the S that was found, by the size of their weights. Equations that follow from others
/// are no trouble.
///
/// The gross domestic product by income and by expenditure, `GDP = C + G = W + P`, five values of which three are free:
///
/// ```
/// use granular::ndarray::array;
/// use granular::{Equations, Method, Reconciler};
///
/// let gdp = Equations::new(["GDP", "C", "G", "W", "P"])
///     .equation("expenditure", &[("GDP", 1.0), ("C", -1.0), ("G", -1.0)], 0.0)?
///     .equation("income", &[("GDP", 1.0), ("W", -1.0), ("P", -1.0)], 0.0)?
///     .build()?;
/// let h = gdp.hierarchy();
/// assert_eq!(h.level("constrained")?.nodes(), ["GDP", "C"]);
/// assert_eq!(h.nodes(), ["GDP", "C", "G", "W", "P"]);
/// // C = W + P − G.
/// assert_eq!(h.members(1).collect::<Vec<_>>(), [(0, -1.0), (1, 1.0), (2, 1.0)]);
///
/// let agreed = Reconciler::new(h, Method::Ols)?.reconcile(array![[10.0], [6.0], [4.0], [5.0], [7.0]].view())?;
/// // The income side is 2 too much: C Cᵀ = [3 1; 1 3], multipliers [1/4, −3/4].
/// let gap = &agreed.all() - &array![[10.5], [6.25], [4.25], [4.25], [6.25]];
/// assert!(gap.iter().all(|gap| gap.abs() < 1e-12));
/// # Ok::<(), granular::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Equations {
    nodes: Vec<String>,
    rows: Vec<Equation>,
}

#[derive(Debug, Clone)]
struct Equation {
    name: String,
    coefficients: Vec<f64>,
    constant: f64,
}

/// What linear equations come to: the [`Hierarchy`] of `C y = 0`, and one y that fulfils `C y = c`.
///
/// A value that fulfils `C y = c` is `S b + d` with any one solution d, the [`offset`](Constrained::offset): so what is
/// done to coherent values of the hierarchy is done to `y − d`, and d is added at the end. [`Constrained::reconcile`]
/// does both around any [`Reconciler`]; [`Constrained::centre`] and [`Constrained::restore`] are the two steps alone, for
/// everything else that takes or gives coherent values. Which solution d is does not matter to a projection. With c = 0
/// it is 0, and [`Constrained::hierarchy`] alone will do.
///
/// ```
/// use granular::ndarray::array;
/// use granular::{Equations, Method, Reconciler};
///
/// // Shares of a whole: they add up to 1.
/// let shares = Equations::new(["a", "b", "c"])
///     .equation("whole", &[("a", 1.0), ("b", 1.0), ("c", 1.0)], 1.0)?
///     .build()?;
/// let ols = Reconciler::new(shares.hierarchy(), Method::Ols)?;
/// let agreed = shares.reconcile(&ols, array![[0.5], [0.4], [0.4]].view())?;
/// let gap = &agreed - &array![[0.4], [0.3], [0.3]];
/// assert!(gap.iter().all(|gap| gap.abs() < 1e-15));
/// # Ok::<(), granular::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Constrained {
    hierarchy: Hierarchy,
    offset: Array1<f64>,
    given: Vec<usize>,
}

impl Hierarchy {
    /// The hierarchy of `C y = 0`, with a row of C (p × n) for each equation and a column for each node.
    ///
    /// ```
    /// use granular::Hierarchy;
    /// use granular::ndarray::array;
    ///
    /// let h = Hierarchy::from_constraints(["T", "A", "B"], array![[1.0, -1.0, -1.0]].view())?;
    /// assert_eq!(h.summing_matrix(), array![[1.0, 1.0], [1.0, 0.0], [0.0, 1.0]]);
    /// # Ok::<(), granular::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Equations::matrix`] and [`Equations::build`].
    pub fn from_constraints<N: Into<String>>(
        nodes: impl IntoIterator<Item = N>,
        c: ArrayView2<'_, f64>,
    ) -> Result<Self> {
        let names: Vec<String> = (0..c.nrows()).map(|row| format!("row {row}")).collect();
        let constants = vec![0.0; c.nrows()];
        Ok(Equations::new(nodes).matrix(names, c, &constants)?.build()?.hierarchy)
    }
}

impl Equations {
    /// Starts without equations between the nodes of these names; totals first.
    #[must_use]
    pub fn new<N: Into<String>>(nodes: impl IntoIterator<Item = N>) -> Self {
        Self { nodes: nodes.into_iter().map(Into::into).collect(), rows: Vec::new() }
    }

    /// Adds the equation `Σ factor · node = constant`. A node named twice has the sum of its factors.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownNode`], with near names; [`ErrorKind::Equation`] for a factor or constant that is NaN or
    /// infinite.
    pub fn equation(mut self, name: &str, terms: &[(&str, f64)], constant: f64) -> Result<Self> {
        let mut coefficients = vec![0.0; self.nodes.len()];
        for &(node, factor) in terms {
            let found = self.nodes.iter().position(|other| other == node);
            let unknown = || {
                let near = near(node, &self.nodes);
                ErrorKind::UnknownNode { node: node.to_owned(), level: None, near }
            };
            coefficients[found.ok_or_else(unknown)?] += factor;
        }
        self.push(name.to_owned(), coefficients, constant)?;
        Ok(self)
    }

    /// Adds the rows of C (p × n, columns in the order of the nodes) with their names and constants.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`] for another number of columns than nodes, or of names or constants than rows;
    /// [`ErrorKind::Equation`] for a number that is NaN or infinite.
    pub fn matrix<V: Into<String>>(
        mut self,
        names: impl IntoIterator<Item = V>,
        c: ArrayView2<'_, f64>,
        constants: &[f64],
    ) -> Result<Self> {
        let names: Vec<String> = names.into_iter().map(Into::into).collect();
        expect_extent("C", "columns", self.nodes.len(), c.ncols())?;
        expect_extent("names of equations", "names", c.nrows(), names.len())?;
        expect_extent("constants", "values", c.nrows(), constants.len())?;
        for ((name, row), &constant) in names.into_iter().zip(c.rows()).zip(constants) {
            self.push(name, row.to_vec(), constant)?;
        }
        Ok(self)
    }

    fn push(&mut self, name: String, coefficients: Vec<f64>, constant: f64) -> Result<()> {
        let wrong = coefficients.iter().copied().chain([constant]).find(|number| !number.is_finite());
        if let Some(got) = wrong {
            return Err(ErrorKind::Equation { equation: name, got }.into());
        }
        self.rows.push(Equation { name, coefficients, constant });
        Ok(())
    }

    /// Finds the free nodes and S by elimination with pivots, in time of p² n and memory of p (p + n) numbers for p
    /// equations of n nodes.
    ///
    /// # Errors
    /// [`ErrorKind::Empty`] without nodes; [`ErrorKind::TwiceListed`] for a node listed twice;
    /// [`ErrorKind::ContradictoryEquations`] names equations that contradict each other; [`ErrorKind::NothingFree`] when the
    /// equations leave no node free.
    pub fn build(self) -> Result<Constrained> {
        if self.nodes.is_empty() {
            return Err(ErrorKind::Empty { what: "nodes" }.into());
        }
        // Only ever asked by name, never walked: its order cannot reach a result.
        let mut first_of: HashMap<&str, usize> = HashMap::with_capacity(self.nodes.len());
        for (second, node) in self.nodes.iter().enumerate() {
            if let Some(first) = first_of.insert(node, second) {
                return Err(ErrorKind::TwiceListed { node: node.clone(), first, second }.into());
            }
        }
        let n = self.nodes.len();
        let rows = self.rows.iter().map(|row| (row.coefficients.as_slice(), row.constant));
        let solved = elimination::solve(rows, n).map_err(|rows| ErrorKind::ContradictoryEquations {
            equations: rows.into_iter().map(|row| self.rows[row].name.clone()).collect(),
        })?;
        let mut is_free = vec![true; n];
        solved.iter().for_each(|row| is_free[row.pivot] = false);
        let free: Vec<usize> = (0..n).filter(|&node| is_free[node]).collect();
        if free.is_empty() {
            return Err(ErrorKind::NothingFree { nodes: n }.into());
        }
        Ok(self.assemble(&solved, &free))
    }

    fn assemble(&self, solved: &[elimination::Solved], free: &[usize]) -> Constrained {
        let mut unit_of = vec![0; self.nodes.len()];
        free.iter().enumerate().for_each(|(unit, &node)| unit_of[node] = unit);
        let mut s = Csr::with_width(free.len());
        for row in solved {
            s.push_row(row.weights.iter().map(|&(node, weight)| (unit_of[node], weight)));
        }
        s.append(&Csr::identity(free.len()));
        let given: Vec<usize> = solved.iter().map(|row| row.pivot).chain(free.iter().copied()).collect();
        let names = given.iter().map(|&node| self.nodes[node].clone()).collect();
        let mut levels = vec![("free".to_owned(), free.len())];
        if !solved.is_empty() {
            levels.insert(0, ("constrained".to_owned(), solved.len()));
        }
        let mut offset = Array1::zeros(given.len());
        for (to, row) in offset.iter_mut().zip(solved) {
            *to = row.constant;
        }
        Constrained { hierarchy: Hierarchy::from_summing(levels, names, s), offset, given }
    }
}

impl Constrained {
    /// The hierarchy of `C y = 0`.
    #[must_use]
    pub fn hierarchy(&self) -> &Hierarchy {
        &self.hierarchy
    }

    /// d, one solution of `C y = c`, in the order of the hierarchy's rows: free nodes are 0 in it.
    #[must_use]
    pub fn offset(&self) -> &Array1<f64> {
        &self.offset
    }

    /// For each row of the hierarchy the place of its node in the list that was given.
    #[must_use]
    pub fn given_order(&self) -> &[usize] {
        &self.given
    }

    /// `y − d`: what hierarchy and reconcilers are to be given for y (n × k).
    ///
    /// # Errors
    /// [`ErrorKind::Shape`] for another number of rows than nodes.
    pub fn centre(&self, values: ArrayView2<'_, f64>) -> Result<Array2<f64>> {
        expect_extent("data of all levels", "rows", self.hierarchy.len(), values.nrows())?;
        Ok(&values - &self.offset.view().insert_axis(Axis(1)))
    }

    /// `y + d` (n × k): what fulfils the equations, from values coherent in the hierarchy.
    ///
    /// # Errors
    /// [`ErrorKind::OtherHierarchy`] for values of another one.
    pub fn restore(&self, values: &Coherent) -> Result<Array2<f64>> {
        if *values.hierarchy() != self.hierarchy {
            let (what, than) = ("values", "constraints");
            return Err(ErrorKind::OtherHierarchy { what, than }.into());
        }
        Ok(&values.all() + &self.offset.view().insert_axis(Axis(1)))
    }

    /// Combines base forecasts (n × k, rows as the hierarchy's) into ones that fulfil `C y = c`: for a projection
    /// `M (ŷ − d) + d`.
    ///
    /// # Errors
    /// [`ErrorKind::OtherHierarchy`] for a reconciler of another hierarchy, and as [`Reconciler::reconcile`].
    pub fn reconcile(&self, reconciler: &Reconciler, base: ArrayView2<'_, f64>) -> Result<Array2<f64>> {
        self.restore(&reconciler.reconcile(self.centre(base)?.view())?)
    }
}
