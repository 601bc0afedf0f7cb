//! `y = M(w) x` with variances that are learnt.

use std::sync::{Mutex, PoisonError};

use tensor::{Backward, Forward, Inputs, Op, Shape, Shapes, Var};

use super::layout::{Nodes, refusal};
use super::number::Projectable;
use crate::combine::Diagonal;
use crate::hierarchy::Hierarchy;

/// A projection whose W is a variable of the tape, with a gradient to x and to W.
///
/// Which levels to trust is learnt together with the forecasts, from the errors of what is published. For W = diag(w)
/// the system is solved as a [`Reconciler`](crate::Reconciler) with [`Method::Wls`](crate::Method::Wls) does it,
/// large hierarchies included; with `q = Mᵀ g` the gradients are
///
/// `dx = q`, `dw_i = −q_i (x_i − y_i) / w_i`, so `d ln w_i = −q_i (x_i − y_i)`.
///
/// W and c W give the same M, so the gradients with respect to `ln w` add up to 0. Dual numbers pass through: second
/// derivatives are exact.
///
/// ```
/// use granular::{Hierarchy, LearnedProjector};
/// use tensor::{Tape, ndarray::array};
///
/// let year = Hierarchy::temporal(2, &[("year", 2), ("half", 1)])?;
/// let tape = Tape::<f64>::new();
/// let x = tape.var(&array![[12.0], [4.0], [5.0]])?;
/// let w = tape.var(&array![1.0, 1.0, 1.0])?;
/// let y = LearnedProjector::new(&year).project(x, w)?;
/// let near = |a: f64, b: f64| (a - b).abs() < 1e-12;
/// // The gap of 3 is shared out alike: 11 = 5 + 6.
/// let year = y.slice(0, ..1, 1)?.sum()?;
/// assert!(near(year.item()?, 11.0));
/// // The year is Σ of the halves + 3 (w_2 + w_3) / (w_1 + w_2 + w_3): slopes −3 · 2/9, 3 · 1/9, 3 · 1/9.
/// let slopes = tape.backward(year)?.wrt(w)?;
/// assert!(near(slopes[0], -2.0 / 3.0) && near(slopes[1], 1.0 / 3.0) && near(slopes[2], 1.0 / 3.0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct LearnedProjector {
    hierarchy: Hierarchy,
}

impl LearnedProjector {
    /// For a hierarchy.
    #[must_use]
    pub fn new(hierarchy: &Hierarchy) -> Self {
        Self { hierarchy: hierarchy.clone() }
    }

    /// The hierarchy.
    #[must_use]
    pub fn hierarchy(&self) -> &Hierarchy {
        &self.hierarchy
    }

    /// Records the projection of x `[.., n, k]` with W = diag(w), w `[n]`. For positive variances without a bound to
    /// watch take the exponential of what is learnt: `theta.exp()`.
    ///
    /// # Errors
    /// [`tensor::ErrorKind::Custom`] for other shapes; with the node's name for a value or gradient that is not finite
    /// and for a variance that is not positive and finite; where variances differ by too many orders of magnitude.
    pub fn project<'t, T: Projectable>(&self, x: Var<'t, T>, w: Var<'_, T>) -> tensor::Result<Var<'t, T>> {
        self.record(x, w, Nodes::InRows)
    }

    /// Records the same for x `[.., n]`, one column for each node: what networks give.
    ///
    /// # Errors
    /// As [`LearnedProjector::project`].
    pub fn project_rows<'t, T: Projectable>(
        &self,
        x: Var<'t, T>,
        w: Var<'_, T>,
    ) -> tensor::Result<Var<'t, T>> {
        self.record(x, w, Nodes::InColumns)
    }

    pub(super) fn record<'t, T: Projectable>(
        &self,
        x: Var<'t, T>,
        w: Var<'_, T>,
        nodes: Nodes,
    ) -> tensor::Result<Var<'t, T>> {
        let op = ProjectWeighted { hierarchy: self.hierarchy.clone(), nodes, latest: Mutex::new(None) };
        x.tape().apply(op, &[x, w])
    }
}

/// What errors call it.
const OP: &str = "project_weighted";

#[derive(Debug)]
struct ProjectWeighted {
    hierarchy: Hierarchy,
    nodes: Nodes,
    /// The variances of the last call and what was prepared for them: the way back needs it again.
    latest: Mutex<Option<(Vec<f64>, Diagonal)>>,
}

impl ProjectWeighted {
    fn prepared<T: Projectable>(&self, w: &[T]) -> tensor::Result<Diagonal> {
        let variances: Vec<f64> = w.iter().map(|w| w.to_f64()).collect();
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        match &*latest {
            Some((known, prepared)) if *known == variances => Ok(prepared.clone()),
            _ => {
                let prepared = Diagonal::new(&self.hierarchy, variances.clone()).map_err(refusal(OP))?;
                *latest = Some((variances, prepared.clone()));
                Ok(prepared)
            }
        }
    }
}

impl<T: Projectable> Op<T> for ProjectWeighted {
    fn name(&self) -> &'static str {
        OP
    }

    fn infer(&self, inputs: Shapes<'_, T>) -> tensor::Result<Shape> {
        let [x, w] = inputs.exactly(OP)?;
        let n = self.hierarchy.len();
        self.nodes.layout(OP, n, x)?;
        if **w != [n] {
            let message = format!("expected {n} variances, got shape {w:?}");
            return Err(tensor::ErrorKind::Custom { op: OP, message }.into());
        }
        Ok(*x)
    }

    fn forward(&self, inputs: Inputs<'_, T>, out: Forward<'_, T>) -> tensor::Result<()> {
        let (x, w) = (inputs.get(0).values, inputs.get(1).values);
        let prepared = self.prepared(w)?;
        let map = prepared.linear(&self.hierarchy);
        let layout = self.nodes.layout(OP, self.hierarchy.len(), out.shape)?;
        for batch in layout.batches() {
            let plain = |x: &[f64]| map.apply(x, layout.columns());
            let y = T::forwards(&plain, Some(w), &layout.matrix(x, batch)).map_err(refusal(OP))?;
            layout.places(batch).zip(y).for_each(|(at, y)| out.values[at] = y);
        }
        Ok(())
    }

    // dx = q = Mᵀ g. With P = W⁻¹ and K = Sᵀ P S: dy = S K⁻¹ Sᵀ dP (x − y), and S K⁻¹ Sᵀ g = W q.
    fn backward(&self, mut step: Backward<'_, T>) -> tensor::Result<()> {
        let (x, w) = (step.inputs.get(0).values, step.inputs.get(1).values);
        let prepared = self.prepared(w)?;
        let map = prepared.linear(&self.hierarchy);
        let layout = self.nodes.layout(OP, self.hierarchy.len(), step.output.shape)?;
        let k = layout.columns();
        let mut slopes = vec![T::zero(); w.len()];
        let mut q_of_all = vec![T::zero(); x.len()];
        for batch in layout.batches() {
            let plain = |g: &[f64]| map.transposed(g, k);
            let q =
                T::backwards(&plain, Some(w), &layout.matrix(&step.upstream, batch)).map_err(refusal(OP))?;
            for ((position, at), q) in layout.places(batch).enumerate().zip(q) {
                slopes[position / k] -= q * (x[at] - step.output.values[at]);
                q_of_all[at] = q;
            }
        }
        if let Some(sink) = step.grads.of(0) {
            sink.map1(&q_of_all, |q| q);
        }
        if let Some(sink) = step.grads.of(1) {
            sink.map2(&slopes, w, |slope, w| slope / w);
        }
        Ok(())
    }
}
