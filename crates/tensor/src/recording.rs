//! A function recorded once and computed again on new inputs: forwards alone, in little memory.

mod plan;

use crate::node::{Kind, Node};
use crate::op::View;
use crate::param::copy;
use crate::{Element, Error, ErrorKind, Indices, Result, Shape, Tape, Var};
use ndarray::{ArrayRef, Dimension};
use plan::Plan;
use smallvec::SmallVec;

/// A function of some inputs, recorded for their shapes: each [`run`](Self::run) computes it on new values and
/// allocates nothing.
///
/// It owns its tape, so that it can be kept, moved to another thread and put into a pool, where a [`Var`]
/// borrows. Nothing can be differentiated, so that values which nobody reads any more give their memory to
/// later ones. Parameters are read in place and cannot be written meanwhile; results have the bits of a new
/// recording.
///
/// ```
/// use tensor::{Recording, ndarray::array};
///
/// let mut squares = Recording::<f64>::new(|inputs| inputs.numbers(&array![1.0, 2.0])?.square()?.sum())?;
/// assert_eq!(squares.output()?.values, [5.0]);
/// squares.set(0, &array![3.0, 4.0])?;
/// assert_eq!(squares.run()?.values, [25.0]);
/// # Ok::<(), tensor::Error>(())
/// ```
///
/// A function that looks at a value, as [`Var::item`] and [`Var::argmax`] do, may go on to record something
/// else for other values. It is not run but recorded [again](Self::again), in the same memory.
#[derive(Debug)]
pub struct Recording<T: Element> {
    tape: Tape<T>,
    inputs: SmallVec<[u32; 4]>,
    output: usize,
    looked: bool,
    /// Made by the first run: what is recorded again and again shares nothing.
    plan: Option<Plan>,
}

/// Takes the inputs of a [`Recording`], in order.
#[derive(Debug)]
pub struct Recorder<'t, T: Element> {
    tape: &'t Tape<T>,
    inputs: SmallVec<[u32; 4]>,
}

impl<'t, T: Element> Recorder<'t, T> {
    /// The next input: numbers, with the values of the first computation.
    ///
    /// # Errors
    /// As [`Tape::constant`].
    pub fn numbers<D: Dimension>(&mut self, values: &ArrayRef<T, D>) -> Result<Var<'t, T>> {
        let input = self.tape.constant(values)?;
        self.inputs.push(input.id);
        Ok(input)
    }

    /// The next input: whole numbers, with the values of the first computation.
    ///
    /// # Errors
    /// As [`Tape::indices_nd`].
    pub fn indices<D: Dimension>(&mut self, values: &ArrayRef<usize, D>) -> Result<Indices<'t, T>> {
        let input = self.tape.indices_nd(values)?;
        self.inputs.push(input.input().id);
        Ok(input)
    }

    /// Where it is recorded.
    pub fn tape(&self) -> &'t Tape<T> {
        self.tape
    }
}

impl<T: Element> Recording<T> {
    /// Records `f` and computes it for the first time. Numbers that are not made inputs are constants.
    ///
    /// # Errors
    /// What `f` refuses, and [`ErrorKind::OtherTape`] for a result of another tape.
    pub fn new<E: From<Error>>(
        f: impl for<'t> FnOnce(&mut Recorder<'t, T>) -> Result<Var<'t, T>, E>,
    ) -> Result<Self, E> {
        Self::on(Tape::new(), f)
    }

    /// Records another function, or the same for other shapes, in the memory of this recording.
    ///
    /// # Errors
    /// As [`new`](Self::new); the memory is then given back to the system.
    pub fn again<E: From<Error>>(
        mut self,
        f: impl for<'t> FnOnce(&mut Recorder<'t, T>) -> Result<Var<'t, T>, E>,
    ) -> Result<Self, E> {
        self.tape.reset();
        Self::on(self.tape, f)
    }

    fn on<E: From<Error>>(
        mut tape: Tape<T>,
        f: impl for<'t> FnOnce(&mut Recorder<'t, T>) -> Result<Var<'t, T>, E>,
    ) -> Result<Self, E> {
        let (inputs, output) = {
            let mut recorder = Recorder { tape: &tape, inputs: SmallVec::new() };
            let output = tape.no_grad(|| f(&mut recorder))??;
            let id = tape.own("recording", output)?;
            tape.settle("recording", output.id)?;
            (recorder.inputs, id)
        };
        let inner = tape.inner.get_mut();
        match inner.nodes[output].kind {
            Kind::Indices(_) => return Err(content("recording", 0, "numbers").into()),
            Kind::Param { values: None, .. } => {
                return Err(Error::from(ErrorKind::Released { op: "recording" }).into());
            }
            _ => {}
        }
        let looked = inner.looked.get();
        Ok(Self { tape, inputs, output, looked, plan: None })
    }

    /// Whether the function looked at a value while it was recorded, so that it cannot be run, but has to be
    /// recorded [again](Self::again) for other values.
    pub fn depends_on_values(&self) -> bool {
        self.looked
    }

    /// The shapes of the inputs, in order.
    pub fn shapes(&self) -> Vec<Shape> {
        let inner = self.tape.inner.borrow();
        self.inputs.iter().map(|&id| inner.nodes[id as usize].shape).collect()
    }

    /// Sets an input of numbers for the next [`run`](Self::run).
    ///
    /// # Errors
    /// [`ErrorKind::Arity`] if there is no such input, [`ErrorKind::Content`] if it holds indices,
    /// [`ErrorKind::Shapes`] for another shape.
    pub fn set<D: Dimension>(&mut self, input: usize, values: &ArrayRef<T, D>) -> Result<()> {
        let node = self.input("set", input)?;
        agree("set", node, values.shape())?;
        copy(node.numbers("set", input)?, values);
        self.tape.inner.get_mut().stale = true;
        Ok(())
    }

    /// Sets an input of numbers for the next [`run`](Self::run), row by row.
    ///
    /// # Errors
    /// As [`set`](Self::set), but [`ErrorKind::Length`] for another number of them.
    pub fn set_values(&mut self, input: usize, values: &[T]) -> Result<()> {
        let op = "set_values";
        let node = self.input(op, input)?;
        let shape = node.shape;
        let old = node.numbers(op, input)?;
        if old.len() != values.len() {
            let (expected, got) = (old.len(), values.len());
            return Err(ErrorKind::Length { op, shape, expected, got }.into());
        }
        old.copy_from_slice(values);
        self.tape.inner.get_mut().stale = true;
        Ok(())
    }

    /// Sets an input of indices for the next [`run`](Self::run).
    ///
    /// # Errors
    /// As [`set`](Self::set).
    pub fn set_indices<D: Dimension>(&mut self, input: usize, values: &ArrayRef<usize, D>) -> Result<()> {
        let node = self.input("set_indices", input)?;
        agree("set_indices", node, values.shape())?;
        let Kind::Indices(old) = &mut node.kind else {
            return Err(content("set_indices", input, "numbers"));
        };
        old.clear();
        old.extend(values);
        self.tape.inner.get_mut().stale = true;
        Ok(())
    }

    fn input(&mut self, op: &'static str, input: usize) -> Result<&mut Node<T>> {
        match self.inputs.get(input) {
            Some(&id) => Ok(&mut self.tape.inner.get_mut().nodes[id as usize]),
            None => Err(ErrorKind::Arity { op, expected: self.inputs.len(), got: input + 1 }.into()),
        }
    }

    /// Computes the result from the present inputs.
    ///
    /// # Errors
    /// [`ErrorKind::Custom`] if the recording [depends on values](Self::depends_on_values); what an op
    /// refuses, such as an index that is out of range: it can be run again with other inputs.
    pub fn run(&mut self) -> Result<View<'_, T>> {
        if self.looked {
            let message = "expected a function that looks at no value, or to be recorded again";
            return Err(ErrorKind::Custom { op: "recording", message: message.into() }.into());
        }
        let inner = self.tape.inner.get_mut();
        let plan = self.plan.get_or_insert_with(|| Plan::new(inner, self.output));
        inner.replay("recording", |nodes, id| plan.lend(nodes, id))?;
        if !inner.nodes[self.output].ready() {
            inner.settle("recording", self.output, &[])?;
        }
        self.output()
    }

    /// The result of the last computation.
    ///
    /// # Errors
    /// [`ErrorKind::Stale`] if an input was set since, or the last run refused.
    pub fn output(&mut self) -> Result<View<'_, T>> {
        let inner = self.tape.inner.get_mut();
        if inner.stale {
            return Err(ErrorKind::Stale { op: "recording" }.into());
        }
        let node = &inner.nodes[self.output];
        Ok(View { values: node.values(), shape: &node.shape })
    }

    /// Bytes held for values; parameters own theirs.
    pub fn bytes(&self) -> usize {
        self.tape.bytes()
    }
}

impl<T: Element> Node<T> {
    /// The elements of an input, to be set.
    fn numbers(&mut self, op: &'static str, input: usize) -> Result<&mut [T]> {
        if matches!(self.kind, Kind::Indices(_)) {
            return Err(content(op, input, "indices"));
        }
        Ok(self.leaf(self.shape))
    }
}

/// Checks that an array has the shape of an input.
fn agree<T: Element>(op: &'static str, node: &Node<T>, shape: &[usize]) -> Result<()> {
    if *node.shape == *shape {
        return Ok(());
    }
    let (lhs, rhs, expected) = (node.shape, Shape::new(shape)?, "the shape that was recorded");
    Err(ErrorKind::Shapes { op, lhs, rhs, expected }.into())
}

#[cold]
fn content(op: &'static str, input: usize, expected: &'static str) -> Error {
    ErrorKind::Content { op, input, expected }.into()
}

#[cfg(test)]
mod tests;
