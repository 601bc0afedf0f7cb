//! The tape: a list of nodes in the order of their creation.

use crate::gradients::{Gradients, Store};
use crate::node::{Kind, Node};
use crate::op::{Op, Shapes};
use crate::param::{Param, copy};
use crate::{Element, Error, ErrorKind, Result, Shape, Var};
use ndarray::{ArrayRef, Dimension};
use std::cell::{Ref, RefCell, RefMut};
use std::sync::Arc;

/// Records what is computed and differentiates it.
///
/// Every op appends a node, so the list is in an order in which values can be computed, and backwards in
/// one in which gradients can: one loop, no recursion. The tape owns the memory of all values;
/// [`reset`](Self::reset) starts a new recording in the same memory, [`replay`](Self::replay) computes the
/// recorded list again on new leaf values.
///
/// A tape is `Send`: it can move to another thread, and many threads can work on tapes of their own over
/// shared, read-only [`Param`]s. It is not `Sync`, and a [`Var`] borrows it, so a variable stays on its
/// thread.
///
/// ```
/// use tensor::{Tape, ndarray::array};
///
/// let mut tape = Tape::<f32>::new();
/// for step in 0..3 {
///     let x = tape.var(&array![step as f32])?;
///     let y = (x * x).sum()?;
///     let gradients = tape.backward(y)?;
///     assert_eq!(gradients.wrt(x)?[0], 2.0 * step as f32);
///     drop(gradients);
///     tape.reset();
/// }
/// # Ok::<(), tensor::Error>(())
/// ```
#[derive(Debug)]
pub struct Tape<T: Element> {
    inner: RefCell<Inner<T>>,
}

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
    cursor: usize,
    store: Store<T>,
}

impl<T: Element> Default for Tape<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Element> Tape<T> {
    /// An empty tape.
    pub const fn new() -> Self {
        Self {
            inner: RefCell::new(Inner {
                nodes: Vec::new(),
                len: 0,
                params: Vec::new(),
                released: false,
                cursor: 0,
                store: Store::new(),
            }),
        }
    }

    /// A leaf with a copy of these values whose gradient is wanted.
    ///
    /// # Errors
    /// [`ErrorKind::Rank`] for more axes than a [`Shape`] holds, [`ErrorKind::TooLarge`] for axes that no
    /// array could fill.
    pub fn var<D: Dimension>(&self, values: &ArrayRef<T, D>) -> Result<Var<'_, T>> {
        self.leaf("var", values, true)
    }

    /// A leaf with a copy of these values that needs no gradient; ops on constants alone cost nothing on
    /// the way back.
    ///
    /// # Errors
    /// As [`var`](Self::var).
    pub fn constant<D: Dimension>(&self, values: &ArrayRef<T, D>) -> Result<Var<'_, T>> {
        self.leaf("constant", values, false)
    }

    fn leaf<D: Dimension>(
        &self,
        op: &'static str,
        values: &ArrayRef<T, D>,
        tracked: bool,
    ) -> Result<Var<'_, T>> {
        let shape = Shape::join(op, [values.shape()])?;
        let mut inner = self.write(op)?;
        let node = inner.next();
        node.kind = Kind::Leaf;
        node.tracked = tracked;
        copy(node.leaf(shape), values);
        Ok(self.wrap(inner.commit()))
    }

    /// The leaf of a parameter, whose values are read in place. The same parameter gives the same leaf.
    ///
    /// # Errors
    /// [`ErrorKind::Busy`] inside of [`Var::with`].
    pub fn param(&self, param: &Param<T>) -> Result<Var<'_, T>> {
        let mut inner = self.write("param")?;
        if let Some((_, id)) = inner.find_param(param, 0) {
            inner.share(id, param);
            return Ok(self.wrap(id));
        }
        let node = inner.next();
        node.shape = *param.shape();
        node.tracked = param.trainable();
        match &mut node.kind {
            // The same parameter as in the recording before.
            Kind::Param { values, token } if Arc::ptr_eq(token, param.token()) => {
                *values = Some(param.share());
            }
            kind => *kind = Kind::Param { values: Some(param.share()), token: Arc::clone(param.token()) },
        }
        let id = inner.commit();
        inner.params.push((Arc::as_ptr(param.token()) as usize, id as u32));
        Ok(self.wrap(id))
    }

    /// A leaf of whole numbers, such as class labels, with one axis.
    ///
    /// # Errors
    /// [`ErrorKind::Busy`] inside of [`Var::with`].
    pub fn indices(&self, values: &[usize]) -> Result<Indices<'_, T>> {
        self.index_leaf("indices", Shape::of(&[values.len()]), values)
    }

    /// A leaf of whole numbers with any axes, as [`Var::gather`] and [`Var::scatter`] take them.
    ///
    /// ```
    /// use tensor::{Tape, ndarray::array};
    ///
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![[1.0, 2.0], [3.0, 4.0]])?;
    /// let largest = tape.indices_nd(&array![[1], [1]])?;
    /// assert_eq!(x.gather(1, largest)?.value()?, array![[2.0], [4.0]].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Rank`] for more axes than a [`Shape`] holds, [`ErrorKind::TooLarge`] for axes that no
    /// array could fill.
    pub fn indices_nd<D: Dimension>(&self, values: &ArrayRef<usize, D>) -> Result<Indices<'_, T>> {
        self.index_leaf("indices_nd", Shape::join("indices_nd", [values.shape()])?, values)
    }

    fn index_leaf<'a>(
        &self,
        op: &'static str,
        shape: Shape,
        values: impl IntoIterator<Item = &'a usize>,
    ) -> Result<Indices<'_, T>> {
        let mut inner = self.write(op)?;
        let node = inner.next();
        node.shape = shape;
        node.tracked = false;
        match &mut node.kind {
            Kind::Indices(old) => {
                old.clear();
                old.extend(values);
            }
            kind => *kind = Kind::Indices(values.into_iter().copied().collect()),
        }
        Ok(Indices(self.wrap(inner.commit())))
    }

    /// Records an op, one of this crate or of a user, and computes its value. On an error the tape is as
    /// before.
    ///
    /// # Errors
    /// What the op's `infer` and `forward` refuse, variables of another tape, indices in the place of
    /// numbers, released parameters.
    pub fn apply<O: Op<T>>(&self, op: O, inputs: &[Var<'_, T>]) -> Result<Var<'_, T>> {
        let mut ids = smallvec::SmallVec::<[u32; 4]>::new();
        for &input in inputs {
            ids.push(self.own(op.name(), input)? as u32);
        }
        let mut inner = self.write(op.name())?;
        Ok(self.wrap(inner.record(op, &ids)?))
    }

    /// Sets the values of a leaf made by [`var`](Self::var) or [`constant`](Self::constant) before a
    /// [`replay`](Self::replay); the shape stays.
    ///
    /// # Errors
    /// [`ErrorKind::Shapes`] for another shape, [`ErrorKind::NotALeaf`] for another kind of node.
    pub fn set<D: Dimension>(&self, leaf: Var<'_, T>, values: &ArrayRef<T, D>) -> Result<()> {
        let id = self.own("set", leaf)?;
        let mut inner = self.write("set")?;
        let node = &mut inner.nodes[id];
        if !matches!(node.kind, Kind::Leaf) {
            return Err(not_a_leaf("set", "var` or `constant", node));
        }
        if &*node.shape != values.shape() {
            let (lhs, rhs) = (node.shape, Shape::new(values.shape())?);
            return Err(ErrorKind::Shapes { op: "set", lhs, rhs, expected: "the leaf's shape" }.into());
        }
        copy(node.leaf(node.shape), values);
        Ok(())
    }

    /// Sets the numbers of a leaf made by [`indices`](Self::indices) or [`indices_nd`](Self::indices_nd),
    /// row by row, before a [`replay`](Self::replay).
    ///
    /// # Errors
    /// [`ErrorKind::Length`] for another number of them.
    pub fn set_indices(&self, leaf: Indices<'_, T>, values: &[usize]) -> Result<()> {
        let id = self.own("set_indices", leaf.0)?;
        let mut inner = self.write("set_indices")?;
        let node = &mut inner.nodes[id];
        let Kind::Indices(old) = &mut node.kind else {
            return Err(not_a_leaf("set_indices", "indices", node));
        };
        if old.len() != values.len() {
            let (op, shape, expected, got) = ("set_indices", node.shape, old.len(), values.len());
            return Err(ErrorKind::Length { op, shape, expected, got }.into());
        }
        old.copy_from_slice(values);
        Ok(())
    }

    /// Lends a parameter's present values to its leaf: needed before a [`replay`](Self::replay) or a second
    /// [`backward`](Self::backward), since `backward` lets them go.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownParam`] if the parameter is not on this tape.
    pub fn bind(&self, param: &Param<T>) -> Result<()> {
        let mut inner = self.write("bind")?;
        let Some((index, id)) = inner.find_param(param, inner.cursor) else {
            return Err(ErrorKind::UnknownParam { op: "bind" }.into());
        };
        inner.cursor = index + 1;
        inner.share(id, param);
        Ok(())
    }

    /// Computes every recorded op again, with the values that leaves and parameters have now.
    ///
    /// The result has the same bits as a new recording. Shapes are fixed, so nothing is checked again and
    /// nothing allocated.
    ///
    /// ```
    /// use tensor::{Tape, ndarray::array};
    ///
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![1.0, 2.0])?;
    /// let y = (x * x).sum()?;
    /// tape.set(x, &array![3.0, 4.0])?;
    /// tape.replay()?;
    /// assert_eq!(y.item()?, 25.0);
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Released`] if a parameter was not bound again after `backward`, and what an op's
    /// `forward` refuses, such as a label that does not exist; values are then partly new.
    pub fn replay(&self) -> Result<()> {
        let mut inner = self.write("replay")?;
        inner.expect_values("replay")?;
        for id in 0..inner.len {
            let (earlier, rest) = inner.nodes.split_at_mut(id);
            rest[0].forward(earlier)?;
        }
        Ok(())
    }

    /// The gradient of one number with respect to every tracked leaf.
    ///
    /// Values stay, so it can be called again; each call starts from zero. Parameters' values are let go
    /// at the end, so that an optimizer can write them.
    ///
    /// # Errors
    /// [`ErrorKind::NoGradient`] unless `loss` is a single number that depends on a tracked leaf,
    /// [`ErrorKind::Released`] if parameters were let go before, and what an op's `backward` refuses.
    pub fn backward(&self, loss: Var<'_, T>) -> Result<Gradients<'_, T>> {
        let size = loss.shape()?.size();
        if size != 1 {
            let (expected, got) = ("a single number (see `backward_with`)", "an array");
            return Err(ErrorKind::NoGradient { op: "backward", expected, got }.into());
        }
        self.differentiate("backward", loss, |seed| seed.fill(T::one()))
    }

    /// The gradient of `Σ weights * output`: a vector-Jacobian product.
    ///
    /// # Errors
    /// [`ErrorKind::Shapes`] unless the weights have the output's shape; otherwise as
    /// [`backward`](Self::backward).
    pub fn backward_with<D: Dimension>(
        &self,
        output: Var<'_, T>,
        weights: &ArrayRef<T, D>,
    ) -> Result<Gradients<'_, T>> {
        let lhs = output.shape()?;
        if &*lhs != weights.shape() {
            let (op, rhs) = ("backward_with", Shape::new(weights.shape())?);
            let expected = "weights of the output's shape";
            return Err(ErrorKind::Shapes { op, lhs, rhs, expected }.into());
        }
        self.differentiate("backward_with", output, |seed| copy(seed, weights))
    }

    fn differentiate(
        &self,
        op: &'static str,
        root: Var<'_, T>,
        seed: impl FnOnce(&mut [T]),
    ) -> Result<Gradients<'_, T>> {
        let id = self.own(op, root)?;
        let mut inner = self.write(op)?;
        inner.expect_values(op)?;
        if !inner.nodes[id].tracked {
            let (expected, got) =
                ("a value that depends on a variable or parameter", inner.nodes[id].describe());
            return Err(ErrorKind::NoGradient { op, expected, got }.into());
        }
        let mut store = std::mem::take(&mut inner.store);
        let done = store.run(&inner.nodes[..inner.len], id, seed);
        if let Err(error) = done {
            inner.store = store;
            return Err(error);
        }
        inner.release();
        Ok(Gradients::new(self, store))
    }

    /// Starts a new recording in the memory of the old one. No variable can be alive.
    pub fn reset(&mut self) {
        let inner = self.inner.get_mut();
        inner.release();
        inner.params.clear();
        inner.released = false;
        inner.cursor = 0;
        inner.len = 0;
    }

    /// The number of recorded nodes: leaves and ops.
    pub fn len(&self) -> usize {
        self.inner.borrow().len
    }

    /// Whether nothing is recorded.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes held for values, gradients and intermediate results, in use or waiting to be reused;
    /// parameters own theirs.
    pub fn bytes(&self) -> usize {
        let inner = self.inner.borrow();
        inner.store.bytes() + inner.nodes.iter().map(Node::bytes).sum::<usize>()
    }

    /// The node of a variable if it is of this tape.
    #[inline]
    pub(crate) fn own(&self, op: &'static str, var: Var<'_, T>) -> Result<usize> {
        if std::ptr::eq(self, var.tape) {
            return Ok(var.id as usize);
        }
        Err(ErrorKind::OtherTape { op }.into())
    }

    #[inline]
    pub(crate) fn read(&self, op: &'static str) -> Result<Ref<'_, Inner<T>>> {
        self.inner.try_borrow().map_err(|_| busy(op))
    }

    #[inline]
    pub(crate) fn write(&self, op: &'static str) -> Result<RefMut<'_, Inner<T>>> {
        self.inner.try_borrow_mut().map_err(|_| busy(op))
    }

    #[inline]
    pub(crate) fn wrap(&self, id: usize) -> Var<'_, T> {
        Var { tape: self, id: id as u32 }
    }

    pub(crate) fn give_back(&self, store: Store<T>) {
        if let Ok(mut inner) = self.inner.try_borrow_mut() {
            inner.store = store;
        }
    }
}

#[cold]
fn busy(op: &'static str) -> Error {
    ErrorKind::Busy { op }.into()
}

#[cold]
fn not_a_leaf<T: Element>(op: &'static str, expected: &'static str, node: &Node<T>) -> Error {
    ErrorKind::NotALeaf { op, expected, got: node.describe() }.into()
}

impl<T: Element> Inner<T> {
    /// The node that the next leaf or op will be.
    #[inline]
    fn next(&mut self) -> &mut Node<T> {
        if self.len == self.nodes.len() {
            self.nodes.push(Node::default());
        }
        &mut self.nodes[self.len]
    }

    #[inline]
    fn commit(&mut self) -> usize {
        self.len += 1;
        self.len - 1
    }

    fn share(&mut self, id: usize, param: &Param<T>) {
        if let Kind::Param { values, .. } = &mut self.nodes[id].kind {
            *values = Some(param.share());
        }
    }

    /// Lets go of the parameters' values.
    fn release(&mut self) {
        for &(_, id) in &self.params {
            if let Kind::Param { values, .. } = &mut self.nodes[id as usize].kind {
                *values = None;
            }
        }
        self.released = !self.params.is_empty();
        self.cursor = 0;
    }

    /// Checks that every parameter's values are there.
    fn expect_values(&mut self, op: &'static str) -> Result<()> {
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
        let saved = op.saved(shapes);
        let id = self.len;
        let node = self.next();
        node.place(op, ids);
        node.tracked = tracked;
        node.reserve(shape, saved);
        let (earlier, rest) = self.nodes.split_at_mut(id);
        rest[0].forward(earlier)?;
        Ok(self.commit())
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
        Ok(tracked)
    }
}

/// A leaf of whole numbers on a tape, made by [`Tape::indices`] or [`Tape::indices_nd`].
#[derive(Debug, Clone, Copy)]
pub struct Indices<'t, T: Element>(pub(crate) Var<'t, T>);

impl<'t, T: Element> Indices<'t, T> {
    /// The same leaf as an input of [`Tape::apply`].
    pub fn input(self) -> Var<'t, T> {
        self.0
    }
}
