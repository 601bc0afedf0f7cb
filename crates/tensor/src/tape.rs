//! The tape: a list of nodes in the order of their creation.

use crate::chain;
use crate::descend::Late;
use crate::gradients::{Gradients, Store};
use crate::node::{Kind, Node};
use crate::op::Op;
use crate::param::{Param, copy};
use crate::record::Inner;
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
    pub(crate) inner: RefCell<Inner<T>>,
}

impl<T: Element> Default for Tape<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Element> Tape<T> {
    /// An empty tape.
    pub const fn new() -> Self {
        Self { inner: RefCell::new(Inner::new()) }
    }

    /// The same tape with a guard: the first op whose value or gradient is not finite is refused by name.
    ///
    /// It reads everything once more, so it is for finding a fault, not for every day. Leaves may hold
    /// infinite numbers, such as masks.
    ///
    /// ```
    /// use tensor::{Tape, ndarray::array};
    ///
    /// let tape = Tape::<f64>::new().with_finite_guard();
    /// let x = tape.var(&array![1.0, 0.0])?;
    /// let error = x.ln().unwrap_err();
    /// assert_eq!(error.to_string(), "ln: expected a finite value, got -inf at position 1");
    /// # Ok::<(), tensor::Error>(())
    /// ```
    #[must_use]
    pub fn with_finite_guard(mut self) -> Self {
        self.inner.get_mut().guard = true;
        self
    }

    /// The same tape with another rule for chains of pointwise ops: those on this many elements or more
    /// (8,192 for a new tape) are computed late, when a read, a backward or another op needs them, and a
    /// piece at a time, so that what lies between them stays in the nearest cache.
    ///
    /// A value that was put off needs its leaves: once a parameter among them was let go by
    /// [`backward`](Self::backward), or a leaf [set](Self::set), it is refused until the parameter is bound
    /// again, or the tape replayed. Results have the same bits either way. Under a [finite
    /// guard](Self::with_finite_guard) nothing is put off; `usize::MAX` has everything computed as it is recorded.
    ///
    /// ```
    /// use tensor::{Tape, ndarray::Array1};
    ///
    /// let tape = Tape::<f32>::new().with_chains_from(1000);
    /// let (x, w) = (tape.constant(&Array1::ones(5000))?, tape.var(&Array1::ones(5000))?);
    /// let loss = x.mul(w)?.relu()?.sum()?; // nothing is computed yet
    /// assert_eq!(tape.backward(loss)?.wrt(w)?[[0]], 1.0); // forwards and backwards in one visit
    /// assert_eq!(loss.item()?, 5000.0);
    /// # Ok::<(), tensor::Error>(())
    /// ```
    #[must_use]
    pub fn with_chains_from(mut self, elements: usize) -> Self {
        self.inner.get_mut().chains_from = elements.max(chain::LEAST);
        self
    }

    /// The same tape on which parameters are constants, whether [trainable](Param::trainable) or not: for the
    /// gradient of an input through a model, at half of the price.
    ///
    /// ```
    /// use tensor::{Param, Tape, ndarray::array};
    ///
    /// let (tape, w) = (Tape::<f64>::new().with_fixed_params(), Param::new(&array![3.0])?);
    /// let x = tape.var(&array![2.0])?;
    /// let gradients = tape.backward(tape.param(&w)?.mul(x)?)?;
    /// assert_eq!((gradients.wrt(x)?[[0]], gradients.param(&w)), (3.0, None));
    /// # Ok::<(), tensor::Error>(())
    /// ```
    #[must_use]
    pub fn with_fixed_params(mut self) -> Self {
        self.inner.get_mut().fixed_params = true;
        self
    }

    /// Calls `f`; what it records needs no gradient, whatever it is computed from.
    ///
    /// ```
    /// use tensor::{Tape, ndarray::array};
    ///
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![3.0])?;
    /// let scale = tape.no_grad(|| x.square())??;
    /// // d(x² x)/dx with x² held fixed
    /// assert_eq!(tape.backward(scale.mul(x)?)?.wrt(x)?, array![9.0].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Busy`] inside of [`Var::with`].
    pub fn no_grad<R>(&self, f: impl FnOnce() -> R) -> Result<R> {
        /// Ends the scope, also where `f` panics.
        struct Open<'t, T: Element>(&'t Tape<T>);
        impl<T: Element> Drop for Open<'_, T> {
            fn drop(&mut self) {
                if let Ok(mut inner) = self.0.inner.try_borrow_mut() {
                    inner.no_grad -= 1;
                }
            }
        }
        self.write("no_grad")?.no_grad += 1;
        let _open = Open(self);
        Ok(f())
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
        self.leaf_of(op, shape, tracked, |out| copy(out, values))
    }

    /// A leaf whose values `fill` writes, row by row.
    pub(crate) fn leaf_of(
        &self,
        op: &'static str,
        shape: Shape,
        tracked: bool,
        fill: impl FnOnce(&mut [T]),
    ) -> Result<Var<'_, T>> {
        let mut inner = self.write(op)?;
        let node = inner.next();
        node.kind = Kind::Leaf;
        node.tracked = tracked;
        fill(node.leaf(shape));
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
        let fixed = inner.fixed_params;
        let node = inner.next();
        node.shape = *param.shape();
        node.tracked = param.trainable() && !fixed;
        match &mut node.kind {
            // The same parameter as in the recording before.
            Kind::Param { values, token, version } if Arc::ptr_eq(token, param.token()) => {
                *values = Some(param.share());
                *version = param.version();
            }
            kind => {
                let (values, token) = (Some(param.share()), Arc::clone(param.token()));
                *kind = Kind::Param { values, token, version: param.version() };
            }
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
    /// [`replay`](Self::replay), without which results are refused as [stale](ErrorKind::Stale), and so are
    /// values that [nobody asked for](Self::with_chains_from) before; the shape stays.
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
        inner.stale = true;
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
        inner.stale = true;
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
        self.write("replay")?.replay("replay", |_, _| ())
    }

    /// The gradient of one number with respect to every tracked leaf.
    ///
    /// Values stay, so it can be called again; each call starts from zero. Parameters' values are let go
    /// at the end, so that an optimizer can write them.
    ///
    /// # Errors
    /// [`ErrorKind::NoGradient`] unless `loss` is a single number that depends on a tracked leaf,
    /// [`ErrorKind::Released`] if parameters were let go before, [`ErrorKind::Stale`] if a leaf was set and
    /// nothing replayed, and what an op's `backward` refuses.
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

    pub(crate) fn differentiate(
        &self,
        op: &'static str,
        root: Var<'_, T>,
        seed: impl FnOnce(&mut [T]),
    ) -> Result<Gradients<'_, T>> {
        Ok(self.differentiate_late(op, root, &[], seed)?.0)
    }

    /// The same, but for those gradients of parameters to be updated (their nodes) that are products.
    pub(crate) fn differentiate_late(
        &self,
        op: &'static str,
        root: Var<'_, T>,
        updated: &[u32],
        seed: impl FnOnce(&mut [T]),
    ) -> Result<(Gradients<'_, T>, Vec<Late>)> {
        let id = self.own(op, root)?;
        let mut inner = self.write(op)?;
        inner.expect_values(op)?;
        if inner.stale {
            return Err(ErrorKind::Stale { op }.into());
        }
        if !inner.nodes[id].tracked {
            let (expected, got) =
                ("a value that depends on a variable or parameter", inner.nodes[id].describe());
            return Err(ErrorKind::NoGradient { op, expected, got }.into());
        }
        let mut store = std::mem::take(&mut inner.store);
        // A guard looks at every gradient, so none can be put off.
        let updated = if inner.guard { &[] } else { updated };
        let found = match store.run(&inner, id, updated, seed) {
            Ok(found) => found,
            Err(error) => {
                inner.store = store;
                return Err(error);
            }
        };
        found.totals.into_iter().for_each(|(id, total)| inner.nodes[id].give_number(total));
        inner.release();
        Ok((Gradients::new(self, store), found.late))
    }

    /// Starts a new recording in the memory of the old one. No variable can be alive.
    pub fn reset(&mut self) {
        self.inner.get_mut().reset();
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
        let segment = inner.segment.as_ref().and_then(|tape| tape.lock().ok().map(|tape| tape.bytes()));
        inner.store.bytes() + inner.nodes.iter().map(Node::bytes).sum::<usize>() + segment.unwrap_or(0)
    }

    /// The node of a variable if it is of this tape.
    #[inline]
    pub(crate) fn own(&self, op: &'static str, var: Var<'_, T>) -> Result<usize> {
        if std::ptr::eq(self, var.tape) {
            return Ok(var.id as usize);
        }
        Err(ErrorKind::OtherTape { op }.into())
    }

    /// Computes the value of a node if it was put off.
    #[inline]
    pub(crate) fn settle(&self, op: &'static str, id: u32) -> Result<()> {
        if self.read(op)?.nodes[id as usize].ready() {
            return Ok(());
        }
        self.write(op)?.settle(op, id as usize, &[])
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

/// A leaf of whole numbers on a tape, made by [`Tape::indices`].
#[derive(Debug, Clone, Copy)]
pub struct Indices<'t, T: Element>(pub(crate) Var<'t, T>);

impl<'t, T: Element> Indices<'t, T> {
    /// The same leaf as an input of [`Tape::apply`].
    pub fn input(self) -> Var<'t, T> {
        self.0
    }
}
