//! W = diag(w) with variances from the caller.

use tensor::ndarray::Array1;

use super::projection::Projection;
use crate::arrays::expect_extent;
use crate::error::{ErrorKind, Result};
use crate::hierarchy::Hierarchy;

pub(super) fn prepare(hierarchy: &Hierarchy, variances: Array1<f64>) -> Result<Projection> {
    expect_extent("variances", "values", hierarchy.len(), variances.len())?;
    if let Some(node) = variances.iter().position(|w| !w.is_finite() || *w <= 0.0) {
        let got = variances[node];
        let (level, node) = hierarchy.named(node);
        return Err(ErrorKind::Variance { level, node, got }.into());
    }
    Projection::new(hierarchy, variances.to_vec())
}
