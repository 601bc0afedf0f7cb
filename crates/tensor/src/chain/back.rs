//! The way back through a chain.

use super::values::{Known, Values};
use super::{Chain, LONGEST, Positions, bit, place};
use crate::Element;
use crate::gradients::{Slot, Store};
use crate::kernels::{PIECE, Write};
use crate::node::{Kind, Node};
use crate::op::Sink;
use crate::pointwise::Piece;
use smallvec::SmallVec;
use std::ops::Range;

/// The gradients of a chain's ops that belong to one piece.
struct Back<'a, T: Element> {
    slots: &'a mut [Slot<T>],
    /// A piece for every position without a slot of its own.
    tiles: &'a mut [T],
    /// Positions whose gradient of this piece holds something.
    met: Positions,
    /// Nodes before the chain, and whether their gradient of this piece holds something.
    outside: SmallVec<[(u32, bool); 8]>,
}

/// The gradients of what stands below an op.
struct Below<'a, T: Element> {
    nodes: &'a [Node<T>],
    chain: Chain,
    slots: &'a mut [Slot<T>],
    tiles: &'a mut [T],
    met: &'a mut Positions,
    outside: &'a mut SmallVec<[(u32, bool); 8]>,
}

impl<T: Element> Below<'_, T> {
    /// Where the piece of one gradient goes, or `None` if nobody asks for it.
    fn sink(&mut self, input: u32, piece: &Range<usize>) -> Option<Sink<'_, T>> {
        if !self.nodes[input as usize].tracked {
            return None;
        }
        let slot = &mut self.slots[input as usize];
        let (met, out) = match self.chain.link(self.nodes, input) {
            Some(link) => {
                let met = *self.met & bit(link) != 0;
                *self.met |= bit(link);
                let tile = place(link.position, piece);
                (met, if slot.filled { &mut slot.buffer[piece.clone()] } else { &mut self.tiles[tile] })
            }
            None => {
                let outside = self.outside.iter_mut().find(|outside| outside.0 == input)?;
                (std::mem::replace(&mut outside.1, true), &mut slot.buffer[piece.clone()])
            }
        };
        Some(Sink::new(out, if met { Write::Add } else { Write::Store }))
    }
}

impl<T: Element> Back<'_, T> {
    /// Contributes one piece of the gradient of every input of an op.
    fn step(&mut self, id: usize, chain: Chain, known: &Known<'_, T>, piece: &Range<usize>) {
        let node = &known.nodes[id];
        let (Kind::Op(recorded), Some(link)) = (&node.kind, node.link) else { return };
        let (slots, own) = self.slots.split_at_mut(id);
        let (tiles, own_tiles) = self.tiles.split_at_mut(link.position * PIECE);
        let own = &own[0];
        let (met, outside) = (&mut self.met, &mut self.outside);
        let mut below = Below { nodes: known.nodes, chain, slots, tiles, met, outside };
        if let Some(total) = chain.total_at(id) {
            if let Some(sink) = below.sink(recorded.inputs[0], piece) {
                sink.fill(total.slope(own.buffer[0], chain.size));
            }
            return;
        }
        let upstream = if own.filled { &own.buffer[piece.clone()] } else { &own_tiles[..piece.len()] };
        let (inputs, output) = (known.inputs(recorded, piece), known.of(id as u32, piece));
        let Some(op) = recorded.op.pointwise() else { return };
        for (input, &node) in recorded.inputs.iter().enumerate() {
            if let Some(sink) = below.sink(node, piece) {
                op.gradient(input, Piece { inputs: &inputs, output, upstream }, sink);
            }
        }
    }
}

impl<T: Element> Store<T> {
    /// The way back through those ops of a chain that stand before `end`. Returns the value of the sum at
    /// its end, if that was not known before.
    pub(crate) fn run_chain(&mut self, nodes: &[Node<T>], chain: Chain, end: usize) -> Option<(usize, T)> {
        let (mut live, mut used, mut filled) = (0, 0, 0);
        let mut ops = SmallVec::<[u32; LONGEST]>::new();
        let mut outside = SmallVec::<[(u32, bool); 8]>::new();
        for (id, node, link, recorded) in chain.backwards(nodes, end) {
            let slot = &self.slots[id];
            filled |= if slot.filled { bit(link) } else { 0 };
            live |= if slot.filled && node.tracked { bit(link) } else { 0 };
            if live & bit(link) == 0 {
                continue;
            }
            ops.push(id as u32);
            used |= bit(link);
            for &input in &recorded.inputs {
                match chain.link(nodes, input) {
                    Some(link) => {
                        used |= bit(link);
                        live |= if nodes[input as usize].tracked { bit(link) } else { 0 };
                    }
                    None => {
                        let new = outside.iter().all(|outside| outside.0 != input);
                        if new && nodes[input as usize].tracked {
                            outside.push((input, self.slots[input as usize].filled));
                        }
                    }
                }
            }
        }
        for &(id, _) in &outside {
            self.slots[id as usize].buffer.resize(chain.size);
        }
        let steps = chain.plan(nodes, used);
        self.scratch.resize(2 * chain.ops * PIECE);
        let (tiles, back_tiles) = self.scratch.split_at_mut(chain.ops * PIECE);
        let sum = T::Wide::default();
        let mut values = Values { nodes, chain, tiles, kept: SmallVec::new(), sum };
        for piece in chain.pieces() {
            steps.iter().for_each(|&id| values.step(id, &piece));
            let (slots, outside) = (&mut self.slots[..], outside.clone());
            let mut back = Back { slots, tiles: back_tiles, met: filled, outside };
            ops.iter().for_each(|&id| back.step(id as usize, chain, &values.known(), &piece));
        }
        outside.iter().for_each(|&(id, _)| self.slots[id as usize].filled = true);
        ops.iter().for_each(|&id| self.slots[id as usize].filled = false);
        let total = chain.total.filter(|total| steps.last() == Some(&(total.0 as u32)));
        total.map(|(id, total)| (id, total.of(values.sum, chain.size)))
    }
}
