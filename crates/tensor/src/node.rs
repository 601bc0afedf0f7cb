//! One entry of a tape.

use crate::chain::Link;
use crate::kernels::Buffer;
use crate::op::{Forward, Inputs, Op};
use crate::pointwise::Pointwise;
use crate::{Element, ErrorKind, Result, Shape};
use smallvec::SmallVec;
use std::sync::Arc;

/// A leaf or the result of an op. Nodes outlive `reset`: the next recording reuses their memory.
#[derive(Debug)]
pub(crate) struct Node<T: Element> {
    pub(crate) shape: Shape,
    /// Whether a gradient is wanted here.
    pub(crate) tracked: bool,
    /// The place in a chain of ops whose values may have been put off.
    pub(crate) link: Option<Link>,
    value: Buffer<T>,
    pub(crate) kind: Kind<T>,
}

#[derive(Debug)]
pub(crate) enum Kind<T: Element> {
    /// Values given by the user.
    Leaf,
    /// Values of a parameter: shared with it until the end of `backward`, so that an optimizer can write
    /// them in place. The token names the parameter when the values are gone.
    Param { values: Option<Arc<Buffer<T>>>, token: Arc<()>, version: u64 },
    /// Whole numbers that an op looks things up with.
    Indices(Vec<usize>),
    /// The result of an op.
    Op(Recorded<T>),
}

#[derive(Debug)]
pub(crate) struct Recorded<T: Element> {
    pub(crate) op: Box<dyn Op<T>>,
    pub(crate) inputs: SmallVec<[u32; 4]>,
    pub(crate) saved: Buffer<T>,
}

impl<T: Element> Default for Node<T> {
    fn default() -> Self {
        Self { shape: Shape::SCALAR, tracked: false, link: None, value: Buffer::new(), kind: Kind::Leaf }
    }
}

impl<T: Element> Node<T> {
    /// The elements. Those of a parameter that was let go are gone, and those of a value that was put off
    /// are not there yet; callers check for it.
    #[inline]
    pub(crate) fn values(&self) -> &[T] {
        match &self.kind {
            Kind::Param { values, .. } => values.as_deref().map_or(&[], |values| values),
            _ => &self.value,
        }
    }

    /// The nodes that an op reads.
    pub(crate) fn inputs(&self) -> &[u32] {
        if let Kind::Op(recorded) = &self.kind { &recorded.inputs } else { &[] }
    }

    /// The op in pieces, if it can be computed so.
    pub(crate) fn pointwise(&self) -> Option<&dyn Pointwise<T>> {
        if let Kind::Op(recorded) = &self.kind { recorded.op.pointwise() } else { None }
    }

    /// Whether the value is there.
    #[inline]
    pub(crate) fn ready(&self) -> bool {
        self.link.is_none_or(|link| link.ready)
    }

    /// The memory of a value that is about to be computed elsewhere.
    pub(crate) fn take_value(&mut self, size: usize) -> Buffer<T> {
        self.value.resize(size);
        std::mem::take(&mut self.value)
    }

    /// The value that was computed elsewhere.
    pub(crate) fn give_value(&mut self, value: Buffer<T>) {
        self.value = value;
        if let Some(link) = &mut self.link {
            link.ready = true;
        }
    }

    /// A single number that was computed elsewhere.
    pub(crate) fn give_number(&mut self, value: T) {
        let mut buffer = self.take_value(1);
        buffer[0] = value;
        self.give_value(buffer);
    }

    #[inline]
    pub(crate) fn indices(&self) -> &[usize] {
        match &self.kind {
            Kind::Indices(indices) => indices,
            _ => &[],
        }
    }

    /// Becomes a leaf with this shape and gives out its memory.
    pub(crate) fn leaf(&mut self, shape: Shape) -> &mut [T] {
        self.shape = shape;
        self.value.resize(shape.size());
        &mut self.value
    }

    /// Puts an op here, in the place of one of the same type where there is one: a step that repeats
    /// allocates nothing.
    #[inline]
    pub(crate) fn place<O: Op<T>>(&mut self, op: O, ids: &[u32]) {
        if let Kind::Op(recorded) = &mut self.kind {
            let old: &mut dyn std::any::Any = &mut *recorded.op;
            if let Some(old) = old.downcast_mut::<O>() {
                *old = op;
            } else {
                recorded.op = Box::new(op);
            }
            recorded.inputs.clear();
            recorded.inputs.extend_from_slice(ids);
        } else {
            let inputs = SmallVec::from_slice(ids);
            self.kind = Kind::Op(Recorded { op: Box::new(op), inputs, saved: Buffer::new() });
        }
    }

    pub(crate) fn reserve(&mut self, shape: Shape, saved: usize) {
        self.shape = shape;
        self.value.resize(shape.size());
        if let Kind::Op(recorded) = &mut self.kind {
            recorded.saved.resize(saved);
        }
    }

    /// Becomes a value that is computed when somebody needs it.
    pub(crate) fn put_off(&mut self, shape: Shape, tracked: bool, link: Link) {
        self.shape = shape;
        self.tracked = tracked;
        self.link = Some(link);
        if let Kind::Op(recorded) = &mut self.kind {
            recorded.saved.resize(0);
        }
    }

    /// Computes the value of an op from the nodes before it; does nothing for a leaf.
    #[inline]
    pub(crate) fn forward(&mut self, earlier: &[Self]) -> Result<()> {
        let Kind::Op(recorded) = &mut self.kind else {
            return Ok(());
        };
        if cfg!(debug_assertions) {
            // An op that forgets an element shows up in the tests.
            self.value.fill(T::from_f64(f64::NAN));
            recorded.saved.fill(T::from_f64(f64::NAN));
        }
        let inputs = Inputs { nodes: earlier, ids: &recorded.inputs };
        let out = Forward { values: &mut self.value, shape: &self.shape, saved: &mut recorded.saved };
        recorded.op.forward(inputs, out)
    }

    /// Refuses a value that is not finite, under the name of its op.
    pub(crate) fn expect_finite(&self) -> Result<()> {
        let Kind::Op(recorded) = &self.kind else { return Ok(()) };
        expect_finite(recorded.op.name(), "value", &self.value)
    }

    pub(crate) fn bytes(&self) -> usize {
        let saved = if let Kind::Op(recorded) = &self.kind { recorded.saved.bytes() } else { 0 };
        self.value.bytes() + saved
    }

    /// What an error calls this node.
    pub(crate) fn describe(&self) -> &'static str {
        match &self.kind {
            Kind::Leaf if self.tracked => "a variable",
            Kind::Leaf => "a constant",
            Kind::Param { .. } => "a parameter",
            Kind::Indices(_) => "indices",
            Kind::Op(_) => "the result of an op",
        }
    }
}

/// Refuses numbers that are not finite, and names the first.
pub(crate) fn expect_finite<T: Element>(op: &'static str, what: &'static str, values: &[T]) -> Result<()> {
    match values.iter().position(|x| !x.is_finite()) {
        None => Ok(()),
        Some(position) => {
            let got = values[position].to_string();
            Err(ErrorKind::NotFinite { op, what, position, got }.into())
        }
    }
}
