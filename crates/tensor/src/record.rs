//! What a tape holds, and how an op gets onto it.

use crate::chain::{self, Chain};
use crate::gradients::Store;
use crate::node::{Kind, Node};
use crate::op::{Op, Shapes};
use crate::param::Param;
use crate::{Element, ErrorKind, Result, Tape};
use std::cell::Cell;
use std::sync::{Arc, Mutex};

#[derive(Debug)]
pub(crate) struct Inner<T: Element> {
    /// Recorded nodes, then nodes of earlier recordings that wait for their memory to be reused.
    pub(crate) nodes: Vec<Node<T>>,
    /// How many are recorded.
    pub(crate) len: usize,
    /// Token's address and node of every parameter leaf, in the order of recording. The node holds the
    /// token, so the address cannot come to mean another parameter.
    pub(crate) params: Vec<(usize, u32)>,
    /// Whether `backward` let the parameters' values go.
    pub(crate) released: bool,
    /// Where `bind` looks first: parameters are bound in the order of recording.
    pub(crate) cursor: usize,
    /// Whether a leaf has other values than the ops after it were computed from.
    pub(crate) stale: bool,
    /// How many calls of `no_grad` are open.
    pub(crate) no_grad: usize,
    /// Whether every value and gradient is checked to be finite.
    pub(crate) guard: bool,
    /// Whether parameters are recorded as constants.
    pub(crate) fixed_params: bool,
    /// Whether somebody looked at a value, so that what is recorded may depend on it.
    pub(crate) looked: Cell<bool>,
    /// Where checkpointed segments are computed.
    pub(crate) segment: Option<Arc<Mutex<Tape<T>>>>,
    /// Pointwise ops that were put off, in the order of recording; the last may be open for more.
    pub(crate) chains: Vec<Chain>,
    pub(crate) open: bool,
    /// From how many elements on a pointwise op is put off.
    pub(crate) chains_from: usize,
    pub(crate) store: Store<T>,
}

impl<T: Element> Inner<T> {
    pub(crate) const fn new() -> Self {
        Self {
            nodes: Vec::new(),
            len: 0,
            params: Vec::new(),
            released: false,
            cursor: 0,
            stale: false,
            no_grad: 0,
            guard: false,
            fixed_params: false,
            looked: Cell::new(false),
            segment: None,
            chains: Vec::new(),
            open: false,
            chains_from: chain::FROM,
            store: Store::new(),
        }
    }

    /// Everything recorded so far is forgotten; its memory is kept.
    pub(crate) fn reset(&mut self) {
        self.release();
        self.params.clear();
        self.chains.clear();
        self.open = false;
        self.released = false;
        self.stale = false;
        self.looked.set(false);
        self.len = 0;
    }

    /// The node that the next leaf or op will be.
    #[inline]
    pub(crate) fn next(&mut self) -> &mut Node<T> {
        if self.len == self.nodes.len() {
            self.nodes.push(Node::default());
        }
        let node = &mut self.nodes[self.len];
        node.link = None;
        node
    }

    #[inline]
    pub(crate) fn commit(&mut self) -> usize {
        self.len += 1;
        self.len - 1
    }

    pub(crate) fn share(&mut self, id: usize, param: &Param<T>) {
        if let Kind::Param { values, version, .. } = &mut self.nodes[id].kind {
            *values = Some(param.share());
            self.stale |= *version != param.version();
            *version = param.version();
        }
    }

    /// Lets go of the parameters' values.
    pub(crate) fn release(&mut self) {
        for &(_, id) in &self.params {
            if let Kind::Param { values, .. } = &mut self.nodes[id as usize].kind {
                *values = None;
            }
        }
        self.released = !self.params.is_empty();
        self.cursor = 0;
    }

    /// Checks that every parameter's values are there.
    pub(crate) fn expect_values(&mut self, op: &'static str) -> Result<()> {
        if self.released {
            let gone = |&(_, id): &(usize, u32)| {
                matches!(self.nodes[id as usize].kind, Kind::Param { values: None, .. })
            };
            if self.params.iter().any(gone) {
                return Err(ErrorKind::Released { op }.into());
            }
            self.released = false;
        }
        Ok(())
    }

    #[inline]
    pub(crate) fn record<O: Op<T>>(&mut self, op: O, ids: &[u32]) -> Result<usize> {
        let tracked = self.admit(op.name(), op.indices(), ids)?;
        let shapes = Shapes { nodes: &self.nodes[..self.len], ids };
        let shape = op.infer(shapes)?;
        // Most tapes are of small arrays, whose ops are computed at once.
        if !self.chains.is_empty() || shape.size() >= self.chains_from {
            if let Some(link) = self.join(&op, &shape, ids)? {
                let node = self.next();
                node.place(op, ids);
                node.put_off(shape, tracked, link);
                return Ok(self.commit());
            }
            self.settle_inputs(op.name(), ids)?;
        }
        let saved = op.saved(Shapes { nodes: &self.nodes[..self.len], ids });
        let id = self.len;
        let node = self.next();
        node.place(op, ids);
        node.tracked = tracked;
        node.reserve(shape, saved);
        self.compute(id)?;
        Ok(self.commit())
    }

    /// Computes the value of one node from those before it.
    #[inline]
    pub(crate) fn compute(&mut self, id: usize) -> Result<()> {
        let (earlier, rest) = self.nodes.split_at_mut(id);
        let node = &mut rest[0];
        node.forward(earlier)?;
        if self.guard { node.expect_finite() } else { Ok(()) }
    }

    /// Computes every recorded op again; `before` sees the nodes before each op that is not of a chain.
    #[inline]
    pub(crate) fn replay(
        &mut self,
        op: &'static str,
        mut before: impl FnMut(&mut [Node<T>], usize),
    ) -> Result<()> {
        self.expect_values(op)?;
        // Until all is computed, values are partly new.
        self.stale = true;
        let mut chains = 0;
        for id in 0..self.len {
            if self.chains.get(chains).is_some_and(|chain| chain.first == id) {
                self.replay_chain(chains);
                chains += 1;
            }
            if self.nodes[id].link.is_none() {
                before(&mut self.nodes, id);
                self.compute(id)?;
            }
        }
        self.stale = false;
        Ok(())
    }

    /// Checks an op's inputs and tells whether a gradient is wanted of one of them.
    #[inline]
    fn admit(&self, op: &'static str, indices: Option<usize>, ids: &[u32]) -> Result<bool> {
        let mut tracked = false;
        for (input, &id) in ids.iter().enumerate() {
            let node = &self.nodes[id as usize];
            let numbers = indices != Some(input);
            if matches!(node.kind, Kind::Indices(_)) == numbers {
                let expected = if numbers { "numbers" } else { "indices" };
                return Err(ErrorKind::Content { op, input, expected }.into());
            }
            if self.released && matches!(node.kind, Kind::Param { values: None, .. }) {
                return Err(ErrorKind::Released { op }.into());
            }
            tracked |= node.tracked;
        }
        Ok(tracked && self.no_grad == 0)
    }
}
