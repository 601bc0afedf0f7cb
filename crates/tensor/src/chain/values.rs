//! The way forward through a chain.

use super::span::{Place, Readable, Span};
use super::{Chain, Inputs, MOST_INPUTS, Positions, bit};
use crate::Element;
use crate::kernels::{PIECE, wide_sum};
use crate::node::Node;
use crate::pointwise::Pointwise;
use smallvec::SmallVec;
use std::ops::Range;

/// One op of a chain, with the places of what it reads and writes.
struct Step<'a, T: Element> {
    op: &'a dyn Pointwise<T>,
    inputs: Inputs<Place<'a, T>>,
    out: Place<'a, T>,
}

/// What is computed of each piece of a chain, in order.
pub(super) struct Values<'a, T: Element> {
    steps: SmallVec<[Step<'a, T>; 8]>,
    /// What the sum at the end adds up, if it is wanted.
    pub(super) sum: Option<Place<'a, T>>,
}

impl<'a, T: Element> Values<'a, T> {
    /// Plans the values at some positions. Those of `kept` nodes, in order, are written to arrays.
    pub(super) fn plan(nodes: &'a [Node<T>], chain: Chain, used: Positions, kept: &[u32]) -> Self {
        let mut values = Self { steps: SmallVec::new(), sum: None };
        let place = |id| place(nodes, chain, id, kept);
        for id in chain.needed(nodes, used) {
            let recorded = nodes[id as usize].inputs();
            if chain.total_at(id as usize).is_some() {
                values.sum = Some(place(recorded[0]));
            } else if let Some(op) = nodes[id as usize].pointwise() {
                let inputs = recorded.iter().map(|&input| place(input)).collect();
                values.steps.push(Step { op, inputs, out: place(id) });
            }
        }
        values
    }

    /// Computes one piece.
    pub(super) fn run(&self, span: &mut Span<'_, T>, piece: &Range<usize>) {
        let within = span.within(piece);
        for step in &self.steps {
            // An op reads what stands before it, in arrays as in tiles.
            let (out, readable) = match step.out {
                Place::Array(array) => {
                    let (arrays, own) = span.arrays.split_at_mut(array);
                    (&mut own[0][within.clone()], Readable { arrays, tiles: &*span.tiles })
                }
                Place::Tile(tile) => {
                    let (tiles, own) = span.tiles.split_at_mut(tile * PIECE);
                    (&mut own[..piece.len()], Readable { arrays: &span.arrays, tiles })
                }
                Place::Known(_) => continue,
            };
            if cfg!(debug_assertions) {
                out.fill(T::from_f64(f64::NAN));
            }
            let mut inputs = [&[][..]; MOST_INPUTS];
            for (input, &place) in inputs.iter_mut().zip(&step.inputs) {
                *input = readable.get(place, piece, &within);
            }
            step.op.values(&inputs[..step.inputs.len()], out);
        }
        if let Some(place) = self.sum {
            let readable = Readable { arrays: &span.arrays, tiles: &*span.tiles };
            let sum = wide_sum(readable.get(place, piece, &within));
            span.sum(piece, sum);
        }
    }
}

/// Where the value of a node is when a piece is computed.
pub(super) fn place<'a, T: Element>(
    nodes: &'a [Node<T>],
    chain: Chain,
    id: u32,
    kept: &[u32],
) -> Place<'a, T> {
    match chain.link(nodes, id).filter(|link| !link.ready) {
        None => Place::Known(nodes[id as usize].values()),
        Some(link) => match kept.iter().position(|&kept| kept == id) {
            Some(array) => Place::Array(array),
            None => Place::Tile(link.position),
        },
    }
}

/// The positions of the inputs of an op.
pub(super) fn inside<T: Element>(chain: Chain, nodes: &[Node<T>], id: u32) -> Positions {
    let inputs = nodes[id as usize].inputs().iter();
    inputs.filter_map(|&input| chain.link(nodes, input)).fold(0, |positions, link| positions | bit(link))
}
