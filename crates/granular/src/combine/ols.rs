//! Ordinary least squares: W = I (Hyndman et al. 2011).

use super::projection::Projection;
use crate::error::Result;
use crate::hierarchy::Hierarchy;

pub(super) fn prepare(hierarchy: &Hierarchy) -> Result<Projection> {
    Projection::new(hierarchy, vec![1.0; hierarchy.len()])
}
