//! `y = M x` with a fixed M.

use std::sync::Arc;

use tensor::{Backward, Forward, Inputs, Op, Shape, Shapes, Var};

use super::layout::{Nodes, refusal};
use super::number::Projectable;
use crate::combine::Reconciler;
use crate::error::Result;

/// A [`Reconciler`] as an op of a tape: `y = M x` with the gradient `Mᵀ g`.
///
/// A network that forecasts all nodes is trained *through* it: the loss then sees what is published, the reconciled
/// forecasts, and a level no longer spends its parameters on errors that reconciling takes away. Every linear method
/// serves. Forwards the values are those of [`Reconciler::reconcile`] to the last bit (in `f64`), aggregates set from
/// the finest ones; backwards the same factor or the same iterations are used, as `Mᵀ = W⁻¹ M W`. Nothing of size
/// n × n is made. Dual numbers pass through, so Hessian-vector products are exact.
///
/// Cost and exactness are those of [`Reconciler`], once there and once back. For large crossed hierarchies, solved by
/// iterations, the gradient to node v is within `1e-10 r / √(w_v w_max)` of the exact one: r is the root mean square of
/// `w_j u_j` over the units, with `u = Sᵀ g`, and w_max their largest variance.
///
/// Clones share the reconciler.
///
/// ```
/// use granular::{Hierarchy, Method, Projector, Reconciler};
/// use tensor::{Tape, ndarray::array};
///
/// let year = Hierarchy::temporal(2, &[("year", 2), ("half", 1)])?;
/// let projector = Projector::new(Reconciler::new(&year, Method::BottomUp)?)?;
/// let tape = Tape::<f64>::new();
/// let x = tape.var(&array![[12.0], [4.0], [5.0]])?;
/// let y = projector.project(x)?;
/// assert_eq!(y.value()?, array![[9.0], [4.0], [5.0]].into_dyn());
/// // Of Σ y² each half gets what it adds to the year, too: 2 · 9 + 2 · 4 and 2 · 9 + 2 · 5.
/// let gradients = tape.backward(y.square()?.sum()?)?;
/// assert_eq!(gradients.wrt(x)?, array![[0.0], [26.0], [28.0]].into_dyn());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Projector {
    reconciler: Arc<Reconciler>,
}

impl Projector {
    /// Takes a reconciler, or a shared one.
    ///
    /// # Errors
    /// [`ErrorKind::NoMatrix`](crate::ErrorKind::NoMatrix) for a method by the proportions of the forecasts themselves.
    pub fn new(reconciler: impl Into<Arc<Reconciler>>) -> Result<Self> {
        let reconciler = reconciler.into();
        reconciler.linear(OP)?;
        Ok(Self { reconciler })
    }

    /// The reconciler.
    #[must_use]
    pub fn reconciler(&self) -> &Reconciler {
        &self.reconciler
    }

    pub(super) fn shared(&self) -> Arc<Reconciler> {
        Arc::clone(&self.reconciler)
    }

    /// Records `y = M x` for x `[.., n, k]`: one row for each node, any number of columns, any axes before.
    ///
    /// # Errors
    /// [`tensor::ErrorKind::Custom`] for another number of rows, and, with the node's name, for a value or gradient
    /// that is not finite; also where [`Reconciler::reconcile`] does not converge.
    pub fn project<'t, T: Projectable>(&self, x: Var<'t, T>) -> tensor::Result<Var<'t, T>> {
        self.record(x, Nodes::InRows)
    }

    /// Records the same for x `[.., n]`, one column for each node: what networks give.
    ///
    /// ```
    /// # use granular::{Hierarchy, Method, Projector, Reconciler};
    /// # use tensor::{Tape, ndarray::array};
    /// # let year = Hierarchy::temporal(2, &[("year", 2), ("half", 1)])?;
    /// let projector = Projector::new(Reconciler::new(&year, Method::BottomUp)?)?;
    /// let tape = Tape::<f32>::new();
    /// let batch = tape.constant(&array![[12.0, 4.0, 5.0], [1.0, 1.0, 1.0]])?;
    /// assert_eq!(projector.project_rows(batch)?.value()?, array![[9.0, 4.0, 5.0], [2.0, 1.0, 1.0]].into_dyn());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`Projector::project`].
    pub fn project_rows<'t, T: Projectable>(&self, x: Var<'t, T>) -> tensor::Result<Var<'t, T>> {
        self.record(x, Nodes::InColumns)
    }

    pub(super) fn record<'t, T: Projectable>(
        &self,
        x: Var<'t, T>,
        nodes: Nodes,
    ) -> tensor::Result<Var<'t, T>> {
        x.tape().apply(Project { reconciler: Arc::clone(&self.reconciler), nodes }, &[x])
    }
}

/// What errors call it.
const OP: &str = "project";

#[derive(Debug)]
struct Project {
    reconciler: Arc<Reconciler>,
    nodes: Nodes,
}

impl<T: Projectable> Op<T> for Project {
    fn name(&self) -> &'static str {
        OP
    }

    fn infer(&self, inputs: Shapes<'_, T>) -> tensor::Result<Shape> {
        let [x] = inputs.exactly(OP)?;
        self.nodes.layout(OP, self.reconciler.hierarchy().len(), x)?;
        Ok(*x)
    }

    fn forward(&self, inputs: Inputs<'_, T>, out: Forward<'_, T>) -> tensor::Result<()> {
        let map = self.reconciler.linear(OP).map_err(refusal(OP))?;
        let layout = self.nodes.layout(OP, map.hierarchy().len(), out.shape)?;
        let x = inputs.get(0).values;
        for batch in layout.batches() {
            let plain = |x: &[f64]| map.apply(x, layout.columns());
            let y = T::forwards(&plain, None, &layout.matrix(x, batch)).map_err(refusal(OP))?;
            layout.places(batch).zip(y).for_each(|(at, y)| out.values[at] = y);
        }
        Ok(())
    }

    // dx = Mᵀ g
    fn backward(&self, mut step: Backward<'_, T>) -> tensor::Result<()> {
        let map = self.reconciler.linear(OP).map_err(refusal(OP))?;
        let layout = self.nodes.layout(OP, map.hierarchy().len(), step.output.shape)?;
        let Some(sink) = step.grads.of(0) else { return Ok(()) };
        let out = sink.so_far();
        for batch in layout.batches() {
            let plain = |g: &[f64]| map.transposed(g, layout.columns());
            let q = T::backwards(&plain, None, &layout.matrix(&step.upstream, batch)).map_err(refusal(OP))?;
            layout.places(batch).zip(q).for_each(|(at, q)| out[at] += q);
        }
        Ok(())
    }
}
