//! Where the nodes are in an array.

use std::borrow::Cow;

use tensor::{Element, ErrorKind, Result, Shape};

use crate::error::Error;

/// The axis that runs over the nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Nodes {
    /// The one before the last: `[.., n, k]`.
    InRows,
    /// The last: `[.., n]`.
    InColumns,
}

/// An array as a batch of matrices, n × k each.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    nodes: Nodes,
    n: usize,
    k: usize,
    batches: usize,
}

impl Nodes {
    /// The matrices of an array of this shape; refuses one without an axis of n nodes.
    pub(super) fn layout(self, op: &'static str, n: usize, shape: &Shape) -> Result<Layout> {
        let (nodes, axis) = (self, if self == Self::InRows { "axis before the last" } else { "last axis" });
        match (self, &**shape) {
            (Self::InRows, &[ref batch @ .., rows, k]) if rows == n => {
                Ok(Layout { nodes, n, k, batches: batch.iter().product() })
            }
            (Self::InColumns, &[ref rows @ .., columns]) if columns == n => {
                Ok(Layout { nodes, n, k: rows.iter().product(), batches: 1 })
            }
            _ => {
                let message = format!("expected {n} nodes on the {axis}, got shape {shape:?}");
                Err(ErrorKind::Custom { op, message }.into())
            }
        }
    }
}

impl Layout {
    pub(super) fn columns(&self) -> usize {
        self.k
    }

    /// The batches that hold anything.
    pub(super) fn batches(&self) -> std::ops::Range<usize> {
        0..if self.k == 0 { 0 } else { self.batches }
    }

    /// One matrix, node by node.
    pub(super) fn matrix<'a, T: Element>(&self, values: &'a [T], batch: usize) -> Cow<'a, [T]> {
        let size = self.n * self.k;
        match self.nodes {
            Nodes::InRows => Cow::Borrowed(&values[batch * size..][..size]),
            Nodes::InColumns => {
                let node = |i: usize| values[i..].iter().step_by(self.n).copied();
                Cow::Owned((0..self.n).flat_map(node).collect())
            }
        }
    }

    /// Calls with the place in the array of each element of a matrix, node by node.
    pub(super) fn places(&self, batch: usize) -> impl Iterator<Item = usize> + use<> {
        let Self { nodes, n, k, .. } = *self;
        (0..n * k).map(move |at| match nodes {
            Nodes::InRows => batch * n * k + at,
            Nodes::InColumns => (at % k) * n + at / k,
        })
    }
}

/// An error of this crate as one of an op.
pub(super) fn refusal(op: &'static str) -> impl Fn(Error) -> tensor::Error {
    move |error| ErrorKind::Custom { op, message: error.to_string() }.into()
}
