//! Which node of a coarser level each node lies in, where levels nest.

use std::ops::Range;

use crate::error::{ErrorKind, Result};
use crate::hierarchy::Hierarchy;

/// Walks levels from coarse to fine and finds for each node the one node above it: the nearest that has its units.
///
/// Two groupings which cross (state and purpose) have no such node: one of one lies in several of the other, and
/// nothing says how its forecast is to be divided among them.
pub(super) struct Descent<'h> {
    method: &'static str,
    hierarchy: &'h Hierarchy,
    /// For each unit the row of the last node met that has it, and its weight there.
    at: Vec<Option<(usize, f64)>>,
}

/// The node above another one, and the weight of the other in it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Above {
    pub(super) row: usize,
    pub(super) weight: f64,
}

impl<'h> Descent<'h> {
    pub(super) fn new(method: &'static str, hierarchy: &'h Hierarchy) -> Self {
        Self { method, hierarchy, at: vec![None; hierarchy.finest_len()] }
    }

    /// Goes on to the next level, the rows `level`: what is above each of its nodes. Nodes without members, and those
    /// of which no unit was met before, have nothing above.
    pub(super) fn step(&mut self, level: Range<usize>) -> Result<Vec<Option<Above>>> {
        let found = level.clone().map(|node| self.above(node)).collect::<Result<_>>()?;
        for node in level.clone() {
            for (unit, weight) in self.hierarchy.members(node) {
                match self.at[unit].replace((node, weight)) {
                    Some((first, _)) if level.contains(&first) => {
                        return Err(self.crossed(self.hierarchy.aggregate_len() + unit, first, node));
                    }
                    _ => {}
                }
            }
        }
        Ok(found)
    }

    /// For each unit the row of the last node met that has it, and its weight there.
    pub(super) fn into_units(self) -> Vec<Option<(usize, f64)>> {
        self.at
    }

    fn above(&self, node: usize) -> Result<Option<Above>> {
        let mut members = self.hierarchy.members(node).map(|(unit, weight)| (self.at[unit], weight));
        let Some((first, weight)) = members.next() else { return Ok(None) };
        // The row above, and the weights of the first unit which has one: here and there.
        let mut ratio = first.map(|(_, above)| (weight, above));
        for (second, weight) in members {
            match (first, second) {
                (None, None) => {}
                (Some((row, _)), Some((other, _))) if row != other => {
                    return Err(self.crossed(node, row, other));
                }
                (Some(_), Some((row, above))) => {
                    let (here, there) = ratio.expect("the first unit has a row above");
                    let gap = (above * here - there * weight).abs();
                    if gap > 8.0 * f64::EPSILON * (above * here).abs().max((there * weight).abs()) {
                        return Err(self.weighed(node, row));
                    }
                    if here == 0.0 {
                        ratio = Some((weight, above));
                    }
                }
                (Some((row, _)), None) | (None, Some((row, _))) => return Err(self.partly_in(node, row)),
            }
        }
        let Some(((row, _), (here, there))) = first.zip(ratio) else { return Ok(None) };
        match there {
            _ if here != 0.0 => Ok(Some(Above { row, weight: there / here })),
            0.0 => Ok(Some(Above { row, weight: 0.0 })),
            _ => Err(self.weighed(node, row)),
        }
    }

    fn crossed(&self, node: usize, first: usize, second: usize) -> crate::Error {
        let (fine, node) = self.hierarchy.named(node);
        let (coarse, first) = self.hierarchy.named(first);
        let (_, second) = self.hierarchy.named(second);
        ErrorKind::Crossed { method: self.method, node, fine, first, second, coarse }.into()
    }

    fn partly_in(&self, node: usize, above: usize) -> crate::Error {
        let ((fine, node), (coarse, above)) = (self.hierarchy.named(node), self.hierarchy.named(above));
        ErrorKind::PartlyIn { method: self.method, node, fine, above, coarse }.into()
    }

    fn weighed(&self, node: usize, above: usize) -> crate::Error {
        let ((fine, node), (coarse, above)) = (self.hierarchy.named(node), self.hierarchy.named(above));
        ErrorKind::Weighed { method: self.method, node, fine, above, coarse }.into()
    }
}

/// The number of units below each node: the sum of their weights in S, whatever their sign. A node of which all weights
/// are 0 is 0 whatever is done with it, and counts as one unit.
pub(super) fn sizes(hierarchy: &Hierarchy) -> Vec<f64> {
    let size = |node| hierarchy.members(node).map(|(_, weight)| weight.abs()).sum();
    (0..hierarchy.len()).map(size).map(|size: f64| if size > 0.0 { size } else { 1.0 }).collect()
}

/// `Σ s` of each node: the value of a node of which all units have the value 1.
pub(super) fn totals(hierarchy: &Hierarchy) -> Vec<f64> {
    (0..hierarchy.len()).map(|node| hierarchy.members(node).map(|(_, weight)| weight).sum()).collect()
}
