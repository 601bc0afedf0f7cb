//! The way back: gradients of every tracked leaf, returned as a value.

use crate::kernels::Buffer;
use crate::node::{Kind, Node};
use crate::op::{Backward, Grads, Inputs, Scratch, Upstream, View};
use crate::param::{Param, view};
use crate::tape::Inner;
use crate::{Element, ErrorKind, Result, Tape, Var};
use ndarray::{ArrayD, ArrayViewD, IxDyn};
use std::cell::Cell;

/// The gradient of one node: memory that is kept from step to step, and whether it holds a value.
#[derive(Debug, Default)]
pub(crate) struct Slot<T> {
    pub(crate) buffer: Buffer<T>,
    pub(crate) filled: bool,
}

/// A slot for every node of a tape, and memory for intermediate results.
#[derive(Debug)]
pub(crate) struct Store<T> {
    pub(crate) slots: Vec<Slot<T>>,
    scratch: Buffer<T>,
}

impl<T> Store<T> {
    pub(crate) const fn new() -> Self {
        Self { slots: Vec::new(), scratch: Buffer::new() }
    }
}

impl<T> Default for Store<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Element> Store<T> {
    /// Fills the slots of the leaves that `root` depends on, given the gradient of `root` itself.
    pub(crate) fn run(&mut self, nodes: &[Node<T>], root: usize, seed: impl FnOnce(&mut [T])) -> Result<()> {
        if self.slots.len() <= root {
            self.slots.resize_with(nodes.len(), Slot::default);
        }
        self.slots.iter_mut().for_each(|slot| slot.filled = false);
        self.slots[root].buffer.resize(nodes[root].shape.size());
        self.slots[root].filled = true;
        seed(&mut self.slots[root].buffer);
        for id in (0..=root).rev() {
            let node = &nodes[id];
            let Kind::Op(recorded) = &node.kind else { continue };
            if !std::mem::take(&mut self.slots[id].filled) {
                continue;
            }
            // The op reads its own gradient and writes those of its inputs: never the same memory.
            let (before, own) = self.slots.split_at_mut(id);
            recorded.op.backward(Backward {
                inputs: Inputs { nodes, ids: &recorded.inputs },
                output: View { values: node.values(), shape: &node.shape },
                saved: &recorded.saved,
                upstream: Upstream(&mut own[0].buffer),
                grads: Grads { slots: before, nodes, ids: &recorded.inputs },
                scratch: Scratch(&mut self.scratch),
            })?;
        }
        Ok(())
    }

    pub(crate) fn bytes(&self) -> usize {
        self.scratch.bytes() + self.slots.iter().map(|slot| slot.buffer.bytes()).sum::<usize>()
    }
}

/// What one [`backward`](Tape::backward) found: the gradient of every tracked leaf.
///
/// Dropping it gives its memory back to the tape for the next step.
///
/// ```
/// use tensor::{Tape, ndarray::array};
///
/// let tape = Tape::<f64>::new();
/// let x = tape.var(&array![1.0, 2.0])?;
/// let unused = tape.var(&array![5.0])?;
/// let gradients = tape.backward((x * x).sum()?)?;
/// assert_eq!(gradients.wrt(x)?, array![2.0, 4.0].into_dyn());
/// assert_eq!(gradients.wrt(unused)?, array![0.0].into_dyn());
/// assert!(gradients.get(unused)?.is_none());
/// # Ok::<(), tensor::Error>(())
/// ```
#[derive(Debug)]
pub struct Gradients<'t, T: Element> {
    tape: &'t Tape<T>,
    store: Store<T>,
    /// Where the last parameter was found: optimizers ask in the order of recording.
    cursor: Cell<usize>,
}

impl<'t, T: Element> Gradients<'t, T> {
    pub(crate) fn new(tape: &'t Tape<T>, store: Store<T>) -> Self {
        Self { tape, store, cursor: Cell::new(0) }
    }

    /// The gradient of a variable or parameter leaf, or `None` where the differentiated value does not
    /// depend on it.
    ///
    /// # Errors
    /// [`ErrorKind::OtherTape`] for a variable of another tape, [`ErrorKind::NoGradient`] for a constant
    /// and for the result of an op, whose gradient is not kept.
    pub fn get(&self, leaf: Var<'_, T>) -> Result<Option<ArrayViewD<'_, T>>> {
        let id = self.tape.own("gradients", leaf)?;
        let inner = self.tape.read("gradients")?;
        let node = &inner.nodes[id];
        if !node.tracked || matches!(node.kind, Kind::Op(_)) {
            let (expected, got) = ("a variable or a trainable parameter", node.describe());
            return Err(ErrorKind::NoGradient { op: "gradients", expected, got }.into());
        }
        Ok(self.slot(id).map(|values| view(node.shape, values)))
    }

    /// The gradient of a variable or parameter leaf, zeros where the differentiated value does not depend
    /// on it.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn wrt(&self, leaf: Var<'_, T>) -> Result<ArrayD<T>> {
        let shape = leaf.shape()?;
        Ok(self.get(leaf)?.map_or_else(|| ArrayD::zeros(IxDyn(&shape)), |gradient| gradient.to_owned()))
    }

    /// The gradient of a parameter, row by row; `None` where the differentiated value does not depend on
    /// it, or it is not trainable or not on the tape.
    pub fn param(&self, param: &Param<T>) -> Option<&[T]> {
        let inner = self.tape.read("gradients").ok()?;
        let (index, id) = inner.find_param(param, self.cursor.get())?;
        self.cursor.set(index + 1);
        self.slot(id)
    }

    fn slot(&self, id: usize) -> Option<&[T]> {
        self.store.slots.get(id).filter(|slot| slot.filled).map(|slot| &*slot.buffer)
    }
}

impl<T: Element> Drop for Gradients<'_, T> {
    fn drop(&mut self) {
        self.tape.give_back(std::mem::take(&mut self.store));
    }
}

impl<T: Element> Inner<T> {
    /// Where a parameter stands among the recorded ones, looked for from `start` on, and its node.
    pub(crate) fn find_param(&self, param: &Param<T>, start: usize) -> Option<(usize, usize)> {
        let address = std::sync::Arc::as_ptr(param.token()) as usize;
        let count = self.params.len();
        (start..count)
            .chain(0..start.min(count))
            .find(|&i| self.params[i].0 == address)
            .map(|i| (i, self.params[i].1 as usize))
    }
}
