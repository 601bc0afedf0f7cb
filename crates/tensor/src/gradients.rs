//! The way back: gradients of every tracked leaf, returned as a value.

use crate::descend::Late;
use crate::kernels::{self, Buffer, Matrix, Write};
use crate::node::{Kind, Node, Recorded, expect_finite};
use crate::op::{Backward, Grads, Inputs, Scratch, Upstream, View};
use crate::param::{Param, view};
use crate::record::Inner;
use crate::{Element, ErrorKind, Result, Tape, Var};
use ndarray::{ArrayD, ArrayViewD, IxDyn};
use smallvec::SmallVec;
use std::cell::Cell;

/// The gradient of one node: memory that is kept from step to step, and whether it holds a value.
#[derive(Debug, Default)]
pub(crate) struct Slot<T> {
    pub(crate) buffer: Buffer<T>,
    pub(crate) filled: bool,
}

/// A slot for every node of a tape, and memory for intermediate results.
#[derive(Debug)]
pub(crate) struct Store<T: Element> {
    pub(crate) slots: Vec<Slot<T>>,
    pub(crate) scratch: Buffer<T>,
    /// The sums of the pieces of a chain.
    pub(crate) sums: Vec<T::Wide>,
}

impl<T: Element> Store<T> {
    pub(crate) const fn new() -> Self {
        Self { slots: Vec::new(), scratch: Buffer::new(), sums: Vec::new() }
    }

    /// The memory of a gradient that is about to be written elsewhere.
    pub(crate) fn take(&mut self, id: u32, size: usize) -> Buffer<T> {
        let slot = &mut self.slots[id as usize];
        slot.buffer.resize(size);
        std::mem::take(&mut slot.buffer)
    }
}

impl<T: Element> Default for Store<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// What the way back finds beside gradients.
pub(crate) struct Found<T> {
    /// Sums at the ends of chains that nobody had asked for.
    pub(crate) totals: SmallVec<[(usize, T); 2]>,
    /// Gradients of parameters that were put off.
    pub(crate) late: Vec<Late>,
}

/// The input of an op whose gradient is a product and is put off.
#[cold]
fn late<T: Element>(node: &Node<T>, inputs: Inputs<'_, T>, own: &Slot<T>, updated: &[u32]) -> Option<usize> {
    let Kind::Op(recorded) = &node.kind else { return None };
    let upstream = View { values: &own.buffer, shape: &node.shape };
    // A factor that is a parameter itself is gone when the product is computed.
    let gone = |factor: &Matrix<'_, T>| {
        let nodes = recorded.inputs.iter().map(|&id| &inputs.nodes[id as usize]);
        nodes.into_iter().any(|node| matches!(node.kind, Kind::Param { .. }) && factor.is_of(node.values()))
    };
    let is_late = |&input: &usize| {
        let id = recorded.inputs[input];
        let product = || recorded.op.product(input, inputs, upstream);
        inputs.nodes[id as usize].tracked
            && updated.contains(&id)
            && product().is_some_and(|factors| !factors.iter().any(gone))
    };
    (0..recorded.inputs.len()).find(is_late)
}

impl<T: Element> Store<T> {
    /// Fills the slots of the leaves that `root` depends on, given the gradient of `root` itself; products
    /// that are the gradients of parameters to be updated are put off.
    pub(crate) fn run(
        &mut self,
        inner: &Inner<T>,
        root: usize,
        updated: &[u32],
        seed: impl FnOnce(&mut [T]),
    ) -> Result<Found<T>> {
        let (nodes, guard) = (&inner.nodes[..inner.len], inner.guard);
        let mut found = Found { totals: SmallVec::new(), late: Vec::new() };
        let mut chains = inner.chains.iter().rev();
        if self.slots.len() <= root {
            self.slots.resize_with(nodes.len(), Slot::default);
        }
        self.slots.iter_mut().for_each(|slot| slot.filled = false);
        self.slots[root].buffer.resize(nodes[root].shape.size());
        self.slots[root].filled = true;
        seed(&mut self.slots[root].buffer);
        let mut end = root + 1;
        while end > 0 {
            let id = end - 1;
            end = id;
            let node = &nodes[id];
            let Kind::Op(recorded) = &node.kind else { continue };
            if node.link.is_some()
                && let Some(&chain) = chains.find(|chain| chain.first <= id)
            {
                found.totals.extend(self.run_chain(nodes, chain, id + 1));
                end = chain.first;
                continue;
            }
            if !std::mem::take(&mut self.slots[id].filled) {
                continue;
            }
            // The op reads its own gradient and writes those of its inputs: never the same memory.
            let (before, own) = self.slots.split_at_mut(id);
            let inputs = Inputs { nodes, ids: &recorded.inputs };
            let late = if updated.is_empty() { None } else { late(node, inputs, &own[0], updated) };
            found.late.extend(late.map(|input| Late {
                op: id,
                input,
                node: recorded.inputs[input] as usize,
            }));
            recorded.op.backward(Backward {
                inputs,
                output: View { values: node.values(), shape: &node.shape },
                saved: &recorded.saved,
                upstream: Upstream(&mut own[0].buffer),
                grads: Grads { slots: before, nodes, ids: &recorded.inputs, late },
                scratch: Scratch(&mut self.scratch),
            })?;
            if guard {
                self.expect_finite(recorded)?;
            }
        }
        Ok(found)
    }

    /// Refuses gradients that an op made and that are not finite.
    fn expect_finite(&self, recorded: &Recorded<T>) -> Result<()> {
        let slots = recorded.inputs.iter().map(|&id| &self.slots[id as usize]).filter(|slot| slot.filled);
        slots.into_iter().try_for_each(|slot| expect_finite(recorded.op.name(), "gradient", &slot.buffer))
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

    /// The Euclidean length of all gradients together, joined in `f64`.
    pub fn norm(&self) -> f64 {
        let squares = self.filled().map(|slot| slot.buffer.iter().map(|g| g.to_f64().powi(2)).sum::<f64>());
        squares.sum::<f64>().sqrt()
    }

    /// Multiplies every gradient, as for a mean over accumulated steps.
    pub fn scale(&mut self, factor: T) {
        self.filled_mut().for_each(|slot| kernels::update(&mut slot.buffer, |g| g * factor));
    }

    /// Adds the gradients of another call of [`backward`](Tape::backward) on the same tape.
    ///
    /// ```
    /// use tensor::{Tape, ndarray::array};
    ///
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![1.0])?;
    /// let mut gradients = tape.backward(x.square()?)?;
    /// gradients.add(&tape.backward(x.scale(10.0)?)?)?;
    /// assert_eq!(gradients.wrt(x)?, array![12.0].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::OtherTape`] for gradients of another tape.
    pub fn add(&mut self, other: &Gradients<'_, T>) -> Result<()> {
        if !std::ptr::eq(self.tape, other.tape) {
            return Err(ErrorKind::OtherTape { op: "add gradients" }.into());
        }
        if self.store.slots.len() < other.store.slots.len() {
            self.store.slots.resize_with(other.store.slots.len(), Slot::default);
        }
        for (slot, other) in self.store.slots.iter_mut().zip(&other.store.slots) {
            if other.filled {
                let write = if slot.filled { Write::Add } else { Write::Store };
                slot.filled = true;
                slot.buffer.resize(other.buffer.len());
                kernels::map1(&mut slot.buffer, write, &other.buffer, |g| g);
            }
        }
        Ok(())
    }

    /// Shortens all gradients together so that their [`norm`](Self::norm) is at most `max`; returns the norm
    /// before.
    ///
    /// Pascanu, Mikolov and Bengio 2013, "On the difficulty of training recurrent neural networks".
    ///
    /// ```
    /// use tensor::{Tape, ndarray::array};
    ///
    /// let tape = Tape::<f64>::new();
    /// let (a, b) = (tape.var(&array![1.0])?, tape.var(&array![1.0])?);
    /// let mut gradients = tape.backward(a.scale(3.0)?.add(b.scale(4.0)?)?)?;
    /// assert_eq!(gradients.clip_norm(1.0)?, 5.0);
    /// assert!((gradients.wrt(a)?[0] - 0.6).abs() < 1e-15);
    /// assert!((gradients.wrt(b)?[0] - 0.8).abs() < 1e-15);
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Value`] if the norm is not finite or `max` not a positive number; the gradients are then
    /// unchanged.
    pub fn clip_norm(&mut self, max: f64) -> Result<f64> {
        let norm = self.norm();
        positive("clip_norm", "a positive maximal norm", max)?;
        if !norm.is_finite() {
            let expected = "gradients with a finite norm";
            return Err(ErrorKind::Value { op: "clip_norm", expected, got: norm }.into());
        }
        if norm > max {
            self.scale(T::from_f64(max / norm));
        }
        Ok(norm)
    }

    /// Moves every element of every gradient into `[-max, max]`.
    ///
    /// # Errors
    /// [`ErrorKind::Value`] if an element is not a number or `max` not a positive number; the gradients are
    /// then unchanged.
    pub fn clip_value(&mut self, max: f64) -> Result<()> {
        positive("clip_value", "a positive maximal value", max)?;
        if self.filled().any(|slot| slot.buffer.iter().any(|g| g.is_nan())) {
            let expected = "gradients that are numbers";
            return Err(ErrorKind::Value { op: "clip_value", expected, got: f64::NAN }.into());
        }
        let (low, high) = (T::from_f64(-max), T::from_f64(max));
        self.filled_mut().for_each(|slot| kernels::update(&mut slot.buffer, |g| g.larger(low).smaller(high)));
        Ok(())
    }

    fn filled(&self) -> impl Iterator<Item = &Slot<T>> {
        self.store.slots.iter().filter(|slot| slot.filled)
    }

    fn filled_mut(&mut self) -> impl Iterator<Item = &mut Slot<T>> {
        self.store.slots.iter_mut().filter(|slot| slot.filled)
    }

    pub(crate) fn slots(&self) -> &[Slot<T>] {
        &self.store.slots
    }

    pub(crate) fn slot(&self, id: usize) -> Option<&[T]> {
        self.store.slots.get(id).filter(|slot| slot.filled).map(|slot| &*slot.buffer)
    }
}

fn positive(op: &'static str, expected: &'static str, got: f64) -> Result<()> {
    // Written so that NaN is refused.
    if got > 0.0 { Ok(()) } else { Err(ErrorKind::Value { op, expected, got }.into()) }
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
