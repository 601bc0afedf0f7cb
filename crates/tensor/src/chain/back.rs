//! The way back through a chain.

use super::span::{Place, Readable, Span, threads};
use super::values::{Values, inside, place};
use super::{Chain, Inputs, LONGEST, MOST_INPUTS, Positions, bit};
use crate::Element;
use crate::gradients::Store;
use crate::kernels::{PIECE, Write};
use crate::node::Node;
use crate::op::Sink;
use crate::pointwise::{Piece, Pointwise};
use smallvec::SmallVec;
use std::ops::Range;

/// One op of a chain, with the places of what it reads and of the gradients that it contributes to.
struct Step<'a, T: Element> {
    op: &'a dyn Pointwise<T>,
    inputs: Inputs<Place<'a, T>>,
    output: Place<'a, T>,
    /// An array, or a tile of gradients.
    upstream: Place<'a, T>,
    sinks: SmallVec<[(usize, Place<'a, T>, Write); 3]>,
}

/// What is contributed to each piece of gradients, in order.
struct Back<'a, T: Element> {
    /// Tiles of values before those of gradients.
    tiles: usize,
    /// The gradient that the sum at the end gives, and where to.
    fill: Option<(T, Place<'a, T>, Write)>,
    /// Whether nobody else writes there, so that it need not be written anew for every piece.
    constant: bool,
    steps: SmallVec<[Step<'a, T>; 8]>,
}

/// Finds out where gradients are, op after op from the last.
struct Planner<'a, T: Element> {
    nodes: &'a [Node<T>],
    chain: Chain,
    /// Nodes whose whole gradient is written, in order.
    arrays: &'a [u32],
    /// Those of them, and positions, whose gradient holds something.
    met_arrays: SmallVec<[bool; 8]>,
    met: Positions,
    /// The tile of each position's gradient: an op that hands its gradient on shares its tile.
    tiles: [usize; LONGEST],
}

impl<'a, T: Element> Planner<'a, T> {
    fn plan(mut self, store: &Store<T>, ops: &[u32]) -> Back<'a, T> {
        let (nodes, chain) = (self.nodes, self.chain);
        let mut back = Back { tiles: chain.ops, fill: None, constant: false, steps: SmallVec::new() };
        for &id in ops {
            let recorded = nodes[id as usize].inputs();
            if let Some(total) = chain.total_at(id as usize) {
                let slope = total.slope(store.slots[id as usize].buffer[0], chain.size);
                back.fill = self.sink(recorded[0]).map(|(place, write)| (slope, place, write));
            } else if let Some(op) = nodes[id as usize].pointwise() {
                back.steps.push(self.step(id, recorded, op));
            }
        }
        let filled = |place: &Place<'_, T>| match (place, &back.fill) {
            (Place::Tile(tile), Some((_, Place::Tile(filled), _))) => tile == filled,
            _ => false,
        };
        let mut sinks = back.steps.iter().flat_map(|step| &step.sinks);
        back.constant =
            matches!(back.fill, Some((_, Place::Tile(_), _))) && !sinks.any(|sink| filled(&sink.1));
        back
    }

    fn step(&mut self, id: u32, recorded: &[u32], op: &'a dyn Pointwise<T>) -> Step<'a, T> {
        let (upstream, mut sinks) = (self.gradient(id), SmallVec::new());
        let mut passed = None;
        for (input, &node) in recorded.iter().enumerate() {
            let alone = passed.is_none() && matches!(upstream, Place::Tile(_));
            if alone && op.passes(input) && self.can_share(recorded, input) {
                passed = Some(node);
            } else if let Some((place, write)) = self.sink(node) {
                sinks.push((input, place, write));
            }
        }
        if let (Some(node), Place::Tile(tile)) = (passed, upstream)
            && let Some(link) = self.chain.link(self.nodes, node)
        {
            self.tiles[link.position] = tile;
            self.met |= bit(link);
        }
        let value = |id| place(self.nodes, self.chain, id, &[]);
        let inputs = recorded.iter().map(|&input| value(input)).collect();
        Step { op, inputs, output: value(id), upstream, sinks }
    }

    /// Where the gradient of a node is.
    fn gradient(&self, id: u32) -> Place<'a, T> {
        match (self.arrays.binary_search(&id), self.chain.link(self.nodes, id)) {
            (Ok(array), _) => Place::Array(array),
            (Err(_), link) => Place::Tile(link.map_or(0, |link| self.tiles[link.position])),
        }
    }

    /// Where a contribution to the gradient of a node goes, or `None` if nobody asks for it.
    fn sink(&mut self, id: u32) -> Option<(Place<'a, T>, Write)> {
        if !self.nodes[id as usize].tracked {
            return None;
        }
        let place = self.gradient(id);
        let met = match (place, self.chain.link(self.nodes, id)) {
            (Place::Array(array), _) => std::mem::replace(&mut self.met_arrays[array], true),
            (_, Some(link)) => {
                let met = self.met & bit(link) != 0;
                self.met |= bit(link);
                met
            }
            _ => return None,
        };
        Some((place, if met { Write::Add } else { Write::Store }))
    }

    /// Whether the gradient of an input may be the memory of that of the output: nobody else contributed, and
    /// no other input of the op is the same.
    fn can_share(&self, recorded: &[u32], input: usize) -> bool {
        let id = recorded[input];
        let alone = recorded.iter().filter(|&&other| other == id).count() == 1;
        let link = self.chain.link(self.nodes, id).filter(|link| self.met & bit(*link) == 0);
        alone && self.nodes[id as usize].tracked && link.is_some() && self.arrays.binary_search(&id).is_err()
    }
}

impl<T: Element> Back<'_, T> {
    /// Contributes one piece.
    fn run(&self, span: &mut Span<'_, T>, piece: &Range<usize>) {
        let within = span.within(piece);
        let (tiles, gradients) = span.tiles.split_at_mut(self.tiles * PIECE);
        // The first piece of a span is never shorter than another.
        let fill = self.fill.filter(|_| !self.constant || within.start == 0);
        if let Some((slope, place, write)) = fill {
            let out = match place {
                Place::Array(array) => &mut span.arrays[array][within.clone()],
                Place::Tile(tile) => &mut gradients[tile * PIECE..][..piece.len()],
                Place::Known(_) => return,
            };
            Sink::new(out, write).fill(slope);
        }
        let values = Readable { arrays: &[], tiles };
        for step in &self.steps {
            let mut inputs = [&[][..]; MOST_INPUTS];
            for (input, &place) in inputs.iter_mut().zip(&step.inputs) {
                *input = values.get(place, piece, &within);
            }
            let (inputs, output) = (&inputs[..step.inputs.len()], values.get(step.output, piece, &within));
            for &(input, place, write) in &step.sinks {
                let Some((upstream, out)) =
                    apart(&mut span.arrays, gradients, (step.upstream, place), &within)
                else {
                    continue;
                };
                step.op.gradient(input, Piece { inputs, output, upstream }, Sink::new(out, write));
            }
        }
    }
}

/// The piece of one array or tile to read, and that of another to write.
fn apart<'s, T>(
    arrays: &'s mut [&mut [T]],
    tiles: &'s mut [T],
    places: (Place<'_, T>, Place<'_, T>),
    within: &Range<usize>,
) -> Option<(&'s [T], &'s mut [T])> {
    let length = within.len();
    match places {
        (Place::Array(read), Place::Array(write)) => {
            // An op stands behind its inputs.
            let (before, own) = arrays.split_at_mut(read);
            Some((&own[0][within.clone()], &mut before[write][within.clone()]))
        }
        (Place::Array(read), Place::Tile(write)) => {
            Some((&arrays[read][within.clone()], &mut tiles[write * PIECE..][..length]))
        }
        (Place::Tile(read), Place::Array(write)) => {
            Some((&tiles[read * PIECE..][..length], &mut arrays[write][within.clone()]))
        }
        (Place::Tile(read), Place::Tile(write)) => {
            let (low, high) = tiles.split_at_mut(read.max(write) * PIECE);
            Some(if read < write {
                (&low[read * PIECE..][..length], &mut high[..length])
            } else {
                (&high[..length], &mut low[write * PIECE..][..length])
            })
        }
        _ => None,
    }
}

impl<T: Element> Store<T> {
    /// The way back through those ops of a chain that stand before `end`. Returns the value of the sum at
    /// its end, if that was not known before.
    pub(crate) fn run_chain(&mut self, nodes: &[Node<T>], chain: Chain, end: usize) -> Option<(usize, T)> {
        let (mut live, mut used) = (0, 0);
        let mut ops = SmallVec::<[u32; LONGEST]>::new();
        let mut arrays = SmallVec::<[u32; 8]>::new();
        for (id, node, link, recorded) in chain.backwards(nodes, end) {
            let filled = self.slots[id].filled;
            if !node.tracked || !filled && live & bit(link) == 0 {
                continue;
            }
            ops.push(id as u32);
            used |= bit(link) | inside(chain, nodes, id as u32);
            if filled && chain.total_at(id).is_none() {
                arrays.push(id as u32);
            }
            for &input in recorded.inputs.iter().filter(|&&input| nodes[input as usize].tracked) {
                match chain.link(nodes, input) {
                    Some(link) => live |= bit(link),
                    None => arrays.push(input),
                }
            }
        }
        arrays.sort_unstable();
        arrays.dedup();
        let values = Values::plan(nodes, chain, used, &[]);
        let met_arrays = arrays.iter().map(|&id| self.slots[id as usize].filled).collect();
        let tiles = std::array::from_fn(|position| position);
        let planner = Planner { nodes, chain, arrays: &arrays, met_arrays, met: 0, tiles };
        let back = planner.plan(self, &ops);
        // The buffers leave their slots so that all can be written at a time.
        let mut buffers: SmallVec<[_; 8]> = arrays.iter().map(|&id| self.take(id, chain.size)).collect();
        let threads = threads(chain.size);
        self.scratch.resize(threads * 2 * chain.ops * PIECE);
        self.sums
            .resize(if values.sum.is_some() { chain.size.div_ceil(PIECE) } else { 0 }, T::Wide::default());
        let written = buffers.iter_mut().map(|buffer| &mut buffer[..]);
        let span = Span::new(chain.size, written, &mut self.sums, &mut self.scratch);
        span.run(threads, &|span, piece| {
            values.run(span, &piece);
            back.run(span, &piece);
        });
        for (&id, buffer) in arrays.iter().zip(buffers) {
            self.slots[id as usize].buffer = buffer;
            self.slots[id as usize].filled = true;
        }
        ops.iter().for_each(|&id| self.slots[id as usize].filled = false);
        let total = chain.total.filter(|_| values.sum.is_some());
        total.map(|(id, total)| (id, total.of(add_up(&self.sums), chain.size)))
    }
}

/// The sum of the sums of pieces, in order.
pub(super) fn add_up<W: Copy + Default + std::ops::AddAssign>(sums: &[W]) -> W {
    let mut total = W::default();
    sums.iter().for_each(|&sum| total += sum);
    total
}
