//! Which node of a coarser level each node lies in, where levels nest.

use crate::error::{ErrorKind, Result};
use crate::hierarchy::{Hierarchy, Level};

/// For each node of `fine` the node of `coarse` (counted within its level) that holds all its units.
///
/// Two groupings which cross (state and purpose) have no such map: a node of one lies in several of the other, and
/// nothing says how its forecast is to be divided among them.
pub(super) fn parents(
    method: &'static str,
    hierarchy: &Hierarchy,
    coarse: Level<'_>,
    fine: Level<'_>,
) -> Result<Vec<usize>> {
    let holder = holders(hierarchy, coarse);
    let parent = |(node, name): (usize, &String)| -> Result<usize> {
        let mut units = hierarchy.members(node).map(|(unit, _)| holder[unit]);
        let first = units.next().expect("a node has members");
        match units.find(|&second| second != first) {
            None => Ok(first),
            Some(second) => Err(ErrorKind::Crossed {
                method,
                node: name.clone(),
                fine: fine.name().to_owned(),
                first: coarse.nodes()[first].clone(),
                second: coarse.nodes()[second].clone(),
                coarse: coarse.name().to_owned(),
            }
            .into()),
        }
    };
    fine.range().zip(fine.nodes()).map(parent).collect()
}

/// For each unit the node of a level that holds it, counted within the level: a level has every unit once.
pub(super) fn holders(hierarchy: &Hierarchy, level: Level<'_>) -> Vec<usize> {
    let mut holder = vec![0; hierarchy.finest_len()];
    for (position, node) in level.range().enumerate() {
        for (unit, _) in hierarchy.members(node) {
            holder[unit] = position;
        }
    }
    holder
}

/// The number of units below each node, by their weights in S.
pub(super) fn sizes(hierarchy: &Hierarchy) -> Vec<f64> {
    (0..hierarchy.len()).map(|node| hierarchy.members(node).map(|(_, weight)| weight).sum()).collect()
}
