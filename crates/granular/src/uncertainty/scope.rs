//! Which nodes a promise of coverage is about.

use crate::error::{ErrorKind, Result};
use crate::hierarchy::Hierarchy;

/// What a [`Conformal`](crate::Conformal) region covers at once with the promised probability.
///
/// A promise about more nodes is a stronger one, and its region is wider.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Scope {
    /// Each node by itself. All of them at once are covered far less often.
    #[default]
    Node,
    /// All nodes of a level at once, for each level.
    Level,
    /// All nodes of a group at once, for each group of rows; a node in no group stands by itself.
    Groups(Vec<Vec<usize>>),
    /// All nodes at once.
    Joint,
}

impl Scope {
    /// Sets of nodes that share one score; every node is in exactly one.
    pub(super) fn sets(&self, hierarchy: &Hierarchy) -> Result<Vec<Vec<usize>>> {
        let n = hierarchy.len();
        match self {
            Self::Node => Ok((0..n).map(|node| vec![node]).collect()),
            Self::Level => Ok(hierarchy.levels().map(|level| level.range().collect()).collect()),
            Self::Joint => Ok(vec![(0..n).collect()]),
            Self::Groups(groups) => partition(groups, n),
        }
    }
}

fn partition(groups: &[Vec<usize>], n: usize) -> Result<Vec<Vec<usize>>> {
    let mut taken = vec![false; n];
    for &node in groups.iter().flatten() {
        let Some(taken) = taken.get_mut(node) else {
            return Err(refused("rows of the hierarchy", format!("row {node} of {n}")));
        };
        if std::mem::replace(taken, true) {
            return Err(refused("each node at most once", format!("row {node} twice")));
        }
    }
    let mut sets: Vec<Vec<usize>> = groups.iter().filter(|group| !group.is_empty()).cloned().collect();
    sets.extend((0..n).filter(|&node| !taken[node]).map(|node| vec![node]));
    Ok(sets)
}

fn refused(expected: &'static str, got: String) -> crate::error::Error {
    ErrorKind::Parameter { name: "groups", expected, got }.into()
}
