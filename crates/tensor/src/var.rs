//! The handle of a value on a tape.

use crate::node::Kind;
use crate::op::Op;
use crate::param::view;
use crate::{Element, ErrorKind, Indices, Result, Shape, Tape};
use ndarray::{ArrayD, ArrayViewD};
use std::fmt;

/// A value on a tape: a `Copy` handle that owns nothing.
///
/// Methods record ops and return the result's handle. It borrows the tape, so none is alive at
/// [`Tape::reset`].
///
/// ```
/// use tensor::{Tape, ndarray::array};
///
/// let tape = Tape::<f64>::new();
/// let x = tape.var(&array![[1.0, -2.0]])?;
/// assert_eq!(x.relu()?.value()?, array![[1.0, 0.0]].into_dyn());
/// assert_eq!(x.sum()?.item()?, -1.0);
/// # Ok::<(), tensor::Error>(())
/// ```
pub struct Var<'t, T: Element> {
    pub(crate) tape: &'t Tape<T>,
    pub(crate) id: u32,
}

impl<T: Element> Clone for Var<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Element> Copy for Var<'_, T> {}

impl<T: Element> fmt::Debug for Var<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Var({})", self.id)
    }
}

impl<'t, T: Element> Var<'t, T> {
    /// The tape that recorded this value.
    pub fn tape(self) -> &'t Tape<T> {
        self.tape
    }

    /// The axis lengths.
    ///
    /// # Errors
    /// [`ErrorKind::Busy`] if an op is being recorded, which only an op's own code can see.
    pub fn shape(self) -> Result<Shape> {
        Ok(self.tape.read("shape")?.nodes[self.id as usize].shape)
    }

    /// The name of the op that made this value, or what kind of leaf it is.
    ///
    /// # Errors
    /// As [`shape`](Self::shape).
    pub fn op(self) -> Result<&'static str> {
        let inner = self.tape.read("op")?;
        let node = &inner.nodes[self.id as usize];
        Ok(if let Kind::Op(recorded) = &node.kind { recorded.op.name() } else { node.describe() })
    }

    /// A copy of the value.
    ///
    /// # Errors
    /// As [`with`](Self::with).
    pub fn value(self) -> Result<ArrayD<T>> {
        self.with(|value| value.to_owned())
    }

    /// Reads the value in place. The tape cannot be used inside of `f`: calls on it give
    /// [`ErrorKind::Busy`].
    ///
    /// # Errors
    /// [`ErrorKind::Released`] for a parameter after `backward`, [`ErrorKind::Content`] for indices.
    pub fn with<R>(self, f: impl FnOnce(ArrayViewD<'_, T>) -> R) -> Result<R> {
        self.tape.settle("value", self.id)?;
        let inner = self.tape.read("value")?;
        inner.looked.set(true);
        let node = &inner.nodes[self.id as usize];
        match node.kind {
            Kind::Param { values: None, .. } => Err(ErrorKind::Released { op: "value" }.into()),
            Kind::Indices(_) => Err(ErrorKind::Content { op: "value", input: 0, expected: "numbers" }.into()),
            _ => Ok(f(view(node.shape, node.values()))),
        }
    }

    /// The value of a single number.
    ///
    /// # Errors
    /// [`ErrorKind::Operand`] for an array with another number of elements than one.
    pub fn item(self) -> Result<T> {
        self.tape.settle("item", self.id)?;
        let inner = self.tape.read("item")?;
        inner.looked.set(true);
        let node = &inner.nodes[self.id as usize];
        match (node.values(), &node.kind) {
            (&[item], _) => Ok(item),
            (_, Kind::Param { values: None, .. }) => Err(ErrorKind::Released { op: "item" }.into()),
            _ => {
                let expected = "a single number";
                Err(ErrorKind::Operand { op: "item", expected, got: node.shape }.into())
            }
        }
    }

    /// This leaf as indices, if it holds some: the way back from [`Indices::input`], for functions that take
    /// all of their inputs as a list.
    ///
    /// ```
    /// use tensor::{Tape, ndarray::array};
    ///
    /// let tape = Tape::<f64>::new();
    /// let inputs = [tape.indices(&[1])?.input(), tape.constant(&array![3.0, 4.0])?];
    /// let chosen = inputs[1].index_select(0, inputs[0].as_indices()?)?;
    /// assert_eq!(chosen.item()?, 4.0);
    /// assert!(inputs[1].as_indices().is_err());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Content`] for numbers.
    pub fn as_indices(self) -> Result<Indices<'t, T>> {
        match self.tape.read("as_indices")?.nodes[self.id as usize].kind {
            Kind::Indices(_) => Ok(Indices(self)),
            _ => Err(ErrorKind::Content { op: "as_indices", input: 0, expected: "indices" }.into()),
        }
    }

    /// The same value without its history: nothing flows back through it.
    ///
    /// ```
    /// use tensor::{Tape, ndarray::array};
    ///
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![3.0])?;
    /// let y = x.mul(x.detach()?)?;
    /// assert_eq!(tape.backward(y)?.wrt(x)?, array![3.0].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`relu`](Self::relu).
    pub fn detach(self) -> Result<Self> {
        self.tape.no_grad(|| self.shift(T::zero()))?
    }

    /// Records an op on this value.
    #[inline]
    pub(crate) fn unary<O: Op<T>>(self, op: O) -> Result<Self> {
        let mut inner = self.tape.write(op.name())?;
        Ok(self.tape.wrap(inner.record(op, &[self.id])?))
    }

    /// Records an op on this value and another.
    #[inline]
    pub(crate) fn binary<O: Op<T>>(self, op: O, other: Var<'_, T>) -> Result<Self> {
        let other = self.tape.own(op.name(), other)? as u32;
        let mut inner = self.tape.write(op.name())?;
        Ok(self.tape.wrap(inner.record(op, &[self.id, other])?))
    }

    /// Records an op on this value and two others.
    #[inline]
    pub(crate) fn ternary<O: Op<T>>(self, op: O, second: Var<'_, T>, third: Var<'_, T>) -> Result<Self> {
        let second = self.tape.own(op.name(), second)? as u32;
        let third = self.tape.own(op.name(), third)? as u32;
        let mut inner = self.tape.write(op.name())?;
        Ok(self.tape.wrap(inner.record(op, &[self.id, second, third])?))
    }
}
