//! Structural scaling: W = diag(S 1) (Athanasopoulos et al. 2017).

use super::projection::Projection;
use crate::error::Result;
use crate::hierarchy::Hierarchy;

/// If the errors of the units below are alike and independent, their sum's variance is their number.
pub(super) fn prepare(hierarchy: &Hierarchy) -> Result<Projection> {
    let size = |node| hierarchy.members(node).map(|(_, weight)| weight).sum();
    Projection::new(hierarchy, (0..hierarchy.len()).map(size).collect())
}
