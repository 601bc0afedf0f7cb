//! Chains: pointwise ops on large arrays, computed when somebody needs them and a piece at a time.
//!
//! A piece fits the nearest cache, so what one op of a chain hands to the next need never reach memory. On
//! the way back it is computed there once more, which costs less than it would to read it. A sum of
//! everything may end a chain; if the way back comes before anybody asks for that sum, both are computed
//! in one visit.

mod back;
mod span;
#[cfg(test)]
mod tests;
mod values;

use crate::kernels::{Buffer, PIECE};
use crate::node::{Kind, Node, Recorded};
use crate::op::Op;
use crate::ops::{Total, total};
use crate::record::Inner;
use crate::{Element, ErrorKind, Result, Shape};
use back::add_up;
use smallvec::SmallVec;
use span::Span;
use values::Values;

/// From this many elements on a pointwise op is put off: smaller arrays stay in a near cache anyway.
pub(crate) const FROM: usize = 1 << 13;
/// The least such number: the sum of a single element is that element, also where it is -0.
pub(crate) const LEAST: usize = 2;
/// Ops of the longest chain.
const LONGEST: usize = 32;
/// Inputs of an op of a chain.
const MOST_INPUTS: usize = 4;

/// Something for each input of an op.
type Inputs<X> = SmallVec<[X; MOST_INPUTS]>;

/// Consecutive nodes. Those that are ops are pointwise and of one size, but for a sum at the end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Chain {
    pub(crate) first: usize,
    end: usize,
    size: usize,
    ops: usize,
    total: Option<(usize, Total)>,
}

/// The place of an op in its chain.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Link {
    position: usize,
    /// Whether the node holds its value.
    pub(crate) ready: bool,
    /// Whether an op outside of the chain reads the value.
    needed: bool,
}

/// A set of positions in a chain.
type Positions = u64;

impl Chain {
    /// The ops of the chain up to a node, from the last.
    fn backwards<'a, T: Element>(
        &self,
        nodes: &'a [Node<T>],
        end: usize,
    ) -> impl Iterator<Item = (usize, &'a Node<T>, Link, &'a Recorded<T>)> + use<'a, T> {
        (self.first..self.end.min(end)).rev().filter_map(move |id| match (&nodes[id].kind, nodes[id].link) {
            (Kind::Op(recorded), Some(link)) => Some((id, &nodes[id], link, recorded)),
            _ => None,
        })
    }

    /// The place of a node in this chain, if it has one.
    fn link<T: Element>(&self, nodes: &[Node<T>], id: u32) -> Option<Link> {
        nodes[id as usize].link.filter(|_| id as usize >= self.first)
    }

    /// The ops that have to be computed for the values at some positions, in order.
    fn needed<T: Element>(&self, nodes: &[Node<T>], mut used: Positions) -> SmallVec<[u32; LONGEST]> {
        let mut steps = SmallVec::new();
        for (id, _, link, recorded) in self.backwards(nodes, self.end) {
            if link.ready || used & bit(link) == 0 {
                continue;
            }
            steps.push(id as u32);
            for &input in &recorded.inputs {
                used |= self.link(nodes, input).map_or(0, bit);
            }
        }
        steps.reverse();
        steps
    }

    fn total_at(&self, id: usize) -> Option<Total> {
        self.total.filter(|total| total.0 == id).map(|total| total.1)
    }
}

fn bit(link: Link) -> Positions {
    1 << link.position
}

impl<T: Element> Inner<T> {
    /// Takes an op whose shapes were checked into a chain, if it fits one; its place there.
    pub(crate) fn join(&mut self, op: &dyn Op<T>, shape: &Shape, ids: &[u32]) -> Result<Option<Link>> {
        let id = self.len;
        let open = self.chains.last().filter(|_| self.open);
        let in_open = |&input: &u32| open.is_some_and(|chain| chain.link(&self.nodes, input).is_some());
        let fits = |&input: &u32| self.nodes[input as usize].shape == *shape;
        let total = total(op).filter(|_| ids.iter().all(in_open));
        let size = shape.size();
        if total.is_none()
            && (self.guard
                || op.pointwise().is_none()
                || ids.len() > MOST_INPUTS
                || size < self.chains_from
                || !ids.iter().all(fits))
        {
            self.open = false;
            return Ok(None);
        }
        let room = open.is_some_and(|chain| chain.ops < LONGEST && (chain.size == size || total.is_some()));
        if !room {
            self.open = false;
            if total.is_some() {
                return Ok(None);
            }
        }
        self.settle_inputs(op.name(), ids)?;
        if !room {
            self.chains.push(Chain { first: id, end: id, size, ops: 0, total: None });
        }
        self.open = total.is_none();
        let Some(chain) = self.chains.last_mut() else { return Ok(None) };
        chain.end = id + 1;
        chain.ops += 1;
        chain.total = total.map(|total| (id, total));
        Ok(Some(Link { position: chain.ops - 1, ready: false, needed: false }))
    }

    /// Computes the inputs of an op that were put off, but for those of the chain that it is joining.
    pub(crate) fn settle_inputs(&mut self, op: &'static str, ids: &[u32]) -> Result<()> {
        let joined = self.chains.last().filter(|_| self.open).map_or(usize::MAX, |chain| chain.first);
        let before = || ids.iter().map(|&id| id as usize).filter(|&id| id < joined);
        for id in before() {
            if let Some(link) = &mut self.nodes[id].link {
                link.needed = true;
            }
        }
        for id in before() {
            if !self.nodes[id].ready() {
                self.settle(op, id, ids)?;
            }
        }
        Ok(())
    }

    /// Computes the value of a node that was put off, and those of other nodes of its chain that are wanted
    /// too.
    pub(crate) fn settle(&mut self, op: &'static str, id: usize, wanted: &[u32]) -> Result<()> {
        if self.stale {
            return Err(ErrorKind::Stale { op }.into());
        }
        let index = self.chains.partition_point(|chain| chain.first <= id) - 1;
        let chain = self.chains[index];
        let wanted = |node: usize, _: &Link| node == id || wanted.contains(&(node as u32));
        if self.released {
            let roots = self.roots(chain, wanted);
            let steps = chain.needed(&self.nodes, roots);
            let inputs = steps.iter().flat_map(|&step| self.nodes[step as usize].inputs());
            let gone =
                |&input: &u32| matches!(self.nodes[input as usize].kind, Kind::Param { values: None, .. });
            if inputs.into_iter().any(gone) {
                return Err(ErrorKind::Released { op }.into());
            }
        }
        self.compute_chain(chain, wanted);
        Ok(())
    }

    /// Computes what ops outside of a chain need of it; nothing else is known of it any more.
    pub(crate) fn replay_chain(&mut self, index: usize) {
        let chain = self.chains[index];
        for node in &mut self.nodes[chain.first..chain.end] {
            if let Some(link) = &mut node.link {
                link.ready = false;
            }
        }
        self.compute_chain(chain, |_, link| link.needed);
    }

    /// The positions of those values of a chain that are wanted and not ready.
    fn roots(&self, chain: Chain, wanted: impl Fn(usize, &Link) -> bool) -> Positions {
        let ops = chain.backwards(&self.nodes, chain.end).map(|(id, _, link, _)| (id, link));
        ops.filter(|(id, link)| !link.ready && wanted(*id, link))
            .fold(0, |roots, (_, link)| roots | bit(link))
    }

    /// Computes those values of a chain that are wanted and not ready.
    fn compute_chain(&mut self, chain: Chain, wanted: impl Fn(usize, &Link) -> bool) {
        let roots = self.roots(chain, wanted);
        if roots == 0 {
            return;
        }
        let mut total = None;
        let (mut kept, mut buffers) = (SmallVec::<[u32; 8]>::new(), SmallVec::<[_; 8]>::new());
        for id in chain.first..chain.end {
            let node = &mut self.nodes[id];
            if node.link.is_none_or(|link| roots & bit(link) == 0) {
                continue;
            }
            match chain.total_at(id) {
                Some(found) => total = Some((id, found)),
                None => {
                    kept.push(id as u32);
                    buffers.push(node.take_value(chain.size));
                }
            }
        }
        let values = Values::plan(&self.nodes, chain, roots, &kept);
        let (threads, store) = (span::threads(chain.size), &mut self.store);
        store.scratch.resize(threads * chain.ops * PIECE);
        store.sums.resize(if total.is_some() { chain.size.div_ceil(PIECE) } else { 0 }, T::Wide::default());
        let written = buffers.iter_mut().map(|buffer: &mut Buffer<T>| &mut buffer[..]);
        let span = Span::new(chain.size, written, &mut store.sums, &mut store.scratch);
        span.run(threads, &|span, piece| values.run(span, &piece));
        drop(values);
        let total = total.map(|(id, total)| (id, total.of(add_up(&self.store.sums), chain.size)));
        for (&id, buffer) in kept.iter().zip(buffers) {
            self.nodes[id as usize].give_value(buffer);
        }
        if let Some((id, total)) = total {
            self.nodes[id].give_number(total);
        }
    }
}
