//! Structural scaling: W = diag(S 1) (Athanasopoulos et al. 2017).

use super::nesting::sizes;
use super::projection::Projection;
use crate::error::Result;
use crate::hierarchy::Hierarchy;

/// If the errors of the units below are alike and independent, their sum's variance is their number.
pub(super) fn prepare(hierarchy: &Hierarchy) -> Result<Projection> {
    Projection::new(hierarchy, sizes(hierarchy))
}
