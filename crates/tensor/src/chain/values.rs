//! The way forward through a chain.

use super::{Chain, place};
use crate::Element;
use crate::kernels::{Buffer, PIECE, wide_sum};
use crate::node::{Kind, Node, Recorded};
use smallvec::SmallVec;
use std::ops::Range;

/// The way forward through a chain.
pub(super) struct Values<'a, T: Element> {
    pub(super) nodes: &'a [Node<T>],
    pub(super) chain: Chain,
    /// A piece for every position.
    pub(super) tiles: &'a mut [T],
    /// Values that are kept, by the node they belong to, in order.
    pub(super) kept: SmallVec<[(u32, Buffer<T>); 4]>,
    /// What the sum at the end has seen.
    pub(super) sum: T::Wide,
}

/// The values of a piece that were computed before: kept, or in the tiles, or those of a node.
pub(super) struct Known<'a, T: Element> {
    pub(super) nodes: &'a [Node<T>],
    pub(super) chain: Chain,
    pub(super) tiles: &'a [T],
    pub(super) kept: &'a [(u32, Buffer<T>)],
}

impl<'a, T: Element> Known<'a, T> {
    pub(super) fn of(&self, id: u32, piece: &Range<usize>) -> &'a [T] {
        match self.chain.link(self.nodes, id).filter(|link| !link.ready) {
            None => &self.nodes[id as usize].values()[piece.clone()],
            Some(link) => match self.kept.iter().find(|kept| kept.0 == id) {
                Some((_, buffer)) => &buffer[piece.clone()],
                None => &self.tiles[place(link.position, piece)],
            },
        }
    }

    pub(super) fn inputs(&self, recorded: &Recorded<T>, piece: &Range<usize>) -> SmallVec<[&'a [T]; 3]> {
        recorded.inputs.iter().map(|&input| self.of(input, piece)).collect()
    }
}

impl<T: Element> Values<'_, T> {
    /// Computes one piece of the value of an op from those before it.
    pub(super) fn step(&mut self, id: u32, piece: &Range<usize>) {
        let (nodes, chain) = (self.nodes, self.chain);
        let (Kind::Op(recorded), Some(link)) = (&nodes[id as usize].kind, nodes[id as usize].link) else {
            return;
        };
        let (tiles, own) = self.tiles.split_at_mut(link.position * PIECE);
        let split = self.kept.partition_point(|kept| kept.0 < id);
        let (kept, own_kept) = self.kept.split_at_mut(split);
        let known = Known { nodes, chain, tiles, kept };
        if chain.total_at(id as usize).is_some() {
            self.sum += wide_sum(known.of(recorded.inputs[0], piece));
            return;
        }
        let out = match own_kept.first_mut() {
            Some((kept, buffer)) if *kept == id => &mut buffer[piece.clone()],
            _ => &mut own[..piece.len()],
        };
        if cfg!(debug_assertions) {
            out.fill(T::from_f64(f64::NAN));
        }
        if let Some(op) = recorded.op.pointwise() {
            op.values(&known.inputs(recorded, piece), out);
        }
    }

    pub(super) fn known(&self) -> Known<'_, T> {
        Known { nodes: self.nodes, chain: self.chain, tiles: self.tiles, kept: &self.kept }
    }
}
