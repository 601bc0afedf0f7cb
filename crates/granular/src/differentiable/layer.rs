//! The projection as a layer of a network.

use std::sync::Arc;

use nn::{Module, Pass};
use tensor::ndarray::{Array1, ArrayView1};
use tensor::{Element, Param, Var};

use super::layout::Nodes;
use super::learned::LearnedProjector;
use super::number::Projectable;
use super::projector::Projector;
use crate::arrays::expect_extent;
use crate::combine::{Method, Reconciler};
use crate::error::{Error, ErrorKind, Result};
use crate::hierarchy::Hierarchy;

/// The last layer of a network that forecasts every node: `[.., n]` in, `[.., n]` out, and what comes out adds up.
///
/// | made by | W | parameters |
/// | --- | --- | --- |
/// | [`fixed`](Self::fixed) | that of a [`Reconciler`] | none |
/// | [`by_level`](Self::by_level) | diag(exp θ), one θ for the nodes of a level | `log_variances`, one for each level |
/// | [`by_node`](Self::by_node) | diag(exp θ) | `log_variances`, one for each node |
///
/// Only ratios of variances matter, so one θ too many is no harm: its gradient is that the θ add up to what they did.
/// After training [`reconciler`](Self::reconciler) is the same projection for forecasts from elsewhere.
///
/// ```
/// use granular::{Hierarchy, Projection};
/// use nn::{Fields, Init, Linear, Module, Sequential};
/// use rand::{SeedableRng, rngs::ChaCha8Rng};
/// use tensor::ndarray::array;
///
/// let year = Hierarchy::temporal(2, &[("year", 2), ("half", 1)])?;
/// let rng = &mut ChaCha8Rng::seed_from_u64(0);
/// let net = Sequential::<f64>::new()
///     .with(Linear::new(4, 3, Init::XavierUniform, rng)?)
///     .with(Projection::by_level(&year, array![2.0, 1.0].view())?);
/// assert_eq!(net.names(), ["0.weight", "0.bias", "1.log_variances"]);
/// let y = net.predict(&array![[1.0, 2.0, 3.0, 4.0]])?;
/// assert_eq!(y[[0, 0]], y[[0, 1]] + y[[0, 2]]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Projection<T: Element> {
    log_variances: Option<Param<T>>,
    kind: Kind,
    nodes: Nodes,
}

nn::fields!(Projection: log_variances);

#[derive(Debug, Clone)]
enum Kind {
    Fixed(Projector),
    Learnt {
        projector: LearnedProjector,
        /// The parameter of each node.
        parameter: Arc<[usize]>,
    },
}

impl<T: Element> Projection<T> {
    /// The projection of a reconciler, or of a shared one.
    ///
    /// # Errors
    /// As [`Projector::new`].
    pub fn fixed(reconciler: impl Into<Arc<Reconciler>>) -> Result<Self> {
        let kind = Kind::Fixed(Projector::new(reconciler)?);
        Ok(Self { log_variances: None, kind, nodes: Nodes::InColumns })
    }

    /// Variances that are learnt, one for each level; training starts at the given ones.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`] for another number of variances than levels, [`ErrorKind::Variance`] for one that is not
    /// positive and finite, as a number of type T.
    pub fn by_level(hierarchy: &Hierarchy, variances: ArrayView1<'_, f64>) -> Result<Self> {
        expect_extent("variances of levels", "values", hierarchy.levels().len(), variances.len())?;
        let parameter =
            hierarchy.levels().flat_map(|level| std::iter::repeat_n(level.position(), level.len())).collect();
        let node = |position: usize| hierarchy.levels().nth(position).map_or(0, |level| level.range().start);
        Self::learnt(hierarchy, variances, parameter, node)
    }

    /// Variances that are learnt, one for each node; training starts at the given ones.
    ///
    /// # Errors
    /// As [`Projection::by_level`], with nodes in place of levels.
    pub fn by_node(hierarchy: &Hierarchy, variances: ArrayView1<'_, f64>) -> Result<Self> {
        expect_extent("variances", "values", hierarchy.len(), variances.len())?;
        Self::learnt(hierarchy, variances, (0..hierarchy.len()).collect(), |node| node)
    }

    fn learnt(
        hierarchy: &Hierarchy,
        variances: ArrayView1<'_, f64>,
        parameter: Arc<[usize]>,
        node: impl Fn(usize) -> usize,
    ) -> Result<Self> {
        let logs = variances.mapv(|w| T::from_f64(w.ln()));
        if let Some(at) = logs.iter().position(|log| !log.is_finite()) {
            let (level, node) = hierarchy.named(node(at));
            return Err(ErrorKind::Variance { level, node, got: variances[at] }.into());
        }
        let log_variances = Some(Param::new(&logs).map_err(Error::model)?);
        let kind = Kind::Learnt { projector: LearnedProjector::new(hierarchy), parameter };
        Ok(Self { log_variances, kind, nodes: Nodes::InColumns })
    }

    /// The layer for `[.., n, k]` in and out: a row for each node, such as its k steps ahead, instead of a column.
    ///
    /// ```
    /// # use granular::{Hierarchy, Method, Projection, Reconciler};
    /// # use nn::Module;
    /// # use tensor::ndarray::array;
    /// let year = Hierarchy::temporal(2, &[("year", 2), ("half", 1)])?;
    /// let layer = Projection::<f64>::fixed(Reconciler::new(&year, Method::BottomUp)?)?.with_nodes_in_rows();
    /// let batch = array![[[9.0, 9.0], [1.0, 2.0], [3.0, 4.0]]];
    /// assert_eq!(layer.predict(&batch)?, array![[[4.0, 6.0], [1.0, 2.0], [3.0, 4.0]]].into_dyn());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_nodes_in_rows(self) -> Self {
        Self { nodes: Nodes::InRows, ..self }
    }

    /// The hierarchy whose nodes are forecast.
    #[must_use]
    pub fn hierarchy(&self) -> &Hierarchy {
        match &self.kind {
            Kind::Fixed(projector) => projector.reconciler().hierarchy(),
            Kind::Learnt { projector, .. } => projector.hierarchy(),
        }
    }

    /// The variances as they are now, one for each node; none when they are not learnt.
    #[must_use]
    pub fn variances(&self) -> Option<Array1<f64>> {
        let (Some(logs), Kind::Learnt { parameter, .. }) = (&self.log_variances, &self.kind) else {
            return None;
        };
        Some(parameter.iter().map(|&at| logs.values()[at].to_f64().exp()).collect())
    }

    /// The projection as it is now, for forecasts from elsewhere.
    ///
    /// # Errors
    /// Where the variances have become 0 or infinite, or too far apart: as [`Reconciler::new`].
    pub fn reconciler(&self) -> Result<Arc<Reconciler>> {
        match &self.kind {
            Kind::Fixed(projector) => Ok(projector.shared()),
            Kind::Learnt { projector, .. } => {
                let variances = self.variances().unwrap_or_default();
                Ok(Arc::new(Reconciler::new(projector.hierarchy(), Method::Wls(variances))?))
            }
        }
    }
}

impl<T: Projectable> Module<T> for Projection<T> {
    fn forward<'t>(&self, x: Var<'t, T>, _: &mut Pass<'_, T>) -> nn::Result<Var<'t, T>> {
        match (&self.kind, &self.log_variances) {
            (Kind::Learnt { projector, parameter }, Some(logs)) => {
                let tape = x.tape();
                let w = tape.param(logs)?.exp()?.index_select(0, tape.indices(parameter)?)?;
                Ok(projector.record(x, w, self.nodes)?)
            }
            (Kind::Fixed(projector), _) => Ok(projector.record(x, self.nodes)?),
            (Kind::Learnt { .. }, None) => unreachable!("a learnt projection has variances"),
        }
    }
}
