//! What an op is: three duties, the same for built-in ops and for those of users.

use crate::gradients::Slot;
use crate::kernels::{self, Buffer, Matrix, Write};
use crate::node::Node;
use crate::{Element, Error, ErrorKind, Result, Shape};
use std::any::Any;
use std::fmt;
use std::ops::{Deref, DerefMut};

/// One operation of a tape: how shapes, values and gradients pass through it.
///
/// The tape owns all memory. `forward` writes into a given buffer and `backward` accumulates into given
/// gradient buffers, so an op allocates nothing, can be recorded anew or replayed, and a user's op is no
/// different from a built-in one. Record it with [`Tape::apply`](crate::Tape::apply).
///
/// ```
/// use tensor::{Backward, Element, Forward, Inputs, Op, Result, Shape, Shapes, Tape, ndarray::array};
///
/// /// x³, with the derivative 3x².
/// #[derive(Debug)]
/// struct Cube;
///
/// impl<T: Element> Op<T> for Cube {
///     fn name(&self) -> &'static str {
///         "cube"
///     }
///     fn infer(&self, inputs: Shapes<'_, T>) -> Result<Shape> {
///         let [x] = inputs.exactly("cube")?;
///         Ok(*x)
///     }
///     fn forward(&self, inputs: Inputs<'_, T>, out: Forward<'_, T>) -> Result<()> {
///         for (y, &x) in out.values.iter_mut().zip(inputs.get(0).values) {
///             *y = x * x * x;
///         }
///         Ok(())
///     }
///     fn backward(&self, mut step: Backward<'_, T>) -> Result<()> {
///         let three = T::from_f64(3.0);
///         if let Some(sink) = step.grads.of(0) {
///             sink.map2(&step.upstream, step.inputs.get(0).values, |g, x| g * three * x * x);
///         }
///         Ok(())
///     }
/// }
///
/// let tape = Tape::<f64>::new();
/// let x = tape.var(&array![1.0, 2.0])?;
/// let y = tape.apply(Cube, &[x])?;
/// assert_eq!(y.value()?, array![1.0, 8.0].into_dyn());
/// let gradients = tape.backward(y.sum()?)?;
/// assert_eq!(gradients.wrt(x)?, array![3.0, 12.0].into_dyn());
/// # Ok::<(), tensor::Error>(())
/// ```
pub trait Op<T: Element>: Any + Send + fmt::Debug {
    /// The name that errors and printed tapes show.
    fn name(&self) -> &'static str;

    /// The position of the input that holds indices, if one does; all others hold numbers.
    fn indices(&self) -> Option<usize> {
        None
    }

    /// The output's shape from the inputs' shapes.
    ///
    /// # Errors
    /// Where the op does not take these shapes.
    fn infer(&self, inputs: Shapes<'_, T>) -> Result<Shape>;

    /// How many numbers `forward` leaves for `backward`, beside its output.
    fn saved(&self, inputs: Shapes<'_, T>) -> usize {
        let _ = inputs;
        0
    }

    /// Computes the output from the inputs: every element of `out` is to be written.
    ///
    /// # Errors
    /// Where values, and not only shapes, are outside of what the op takes.
    fn forward(&self, inputs: Inputs<'_, T>, out: Forward<'_, T>) -> Result<()>;

    /// Accumulates the gradient of each input, given the gradient of the output.
    ///
    /// # Errors
    /// Where the op has no gradient.
    fn backward(&self, step: Backward<'_, T>) -> Result<()>;
}

/// The shapes of an op's inputs.
#[derive(Debug, Clone, Copy)]
pub struct Shapes<'a, T: Element> {
    pub(crate) nodes: &'a [Node<T>],
    pub(crate) ids: &'a [u32],
}

impl<'a, T: Element> Shapes<'a, T> {
    /// The number of inputs.
    #[expect(clippy::len_without_is_empty, reason = "an op without inputs is a leaf")]
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// The shape of one input.
    ///
    /// # Panics
    /// If there is no such input.
    #[inline]
    pub fn get(&self, input: usize) -> &'a Shape {
        &self.nodes[self.ids[input] as usize].shape
    }

    /// The shapes of exactly `N` inputs.
    ///
    /// # Errors
    /// [`ErrorKind::Arity`] for another number of inputs.
    #[inline]
    pub fn exactly<const N: usize>(&self, op: &'static str) -> Result<[&'a Shape; N]> {
        if self.ids.len() != N {
            return Err(Error::from(ErrorKind::Arity { op, expected: N, got: self.ids.len() }));
        }
        Ok(std::array::from_fn(|i| self.get(i)))
    }
}

/// The values of an array on the tape, row by row, and its shape.
#[derive(Debug, Clone, Copy)]
pub struct View<'a, T> {
    /// The elements, the last axis fastest.
    pub values: &'a [T],
    /// The axis lengths.
    pub shape: &'a Shape,
}

impl<'a, T: Element> View<'a, T> {
    /// The array as a matrix: its last axis as columns, all others as rows.
    #[inline]
    pub(crate) fn matrix(self) -> Matrix<'a, T> {
        let (cols, others) = self.shape.split_last().unwrap_or((&1, &[]));
        Matrix::new(self.values, others.iter().product(), *cols)
    }
}

/// The inputs of an op: recorded before it, so their values are known.
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'a, T: Element> {
    pub(crate) nodes: &'a [Node<T>],
    pub(crate) ids: &'a [u32],
}

impl<'a, T: Element> Inputs<'a, T> {
    /// The values of one input.
    ///
    /// # Panics
    /// If there is no such input.
    #[inline]
    pub fn get(&self, input: usize) -> View<'a, T> {
        let node = &self.nodes[self.ids[input] as usize];
        View { values: node.values(), shape: &node.shape }
    }

    /// The indices of the input that [`Op::indices`] declared.
    ///
    /// # Panics
    /// If there is no such input.
    #[inline]
    pub fn indices(&self, input: usize) -> &'a [usize] {
        self.nodes[self.ids[input] as usize].indices()
    }

    /// The number of inputs.
    #[expect(clippy::len_without_is_empty, reason = "an op without inputs is a leaf")]
    pub fn len(&self) -> usize {
        self.ids.len()
    }
}

/// Where `forward` writes; what the memory holds before is unspecified.
#[derive(Debug)]
pub struct Forward<'a, T> {
    /// The output's elements.
    pub values: &'a mut [T],
    /// The output's shape.
    pub shape: &'a Shape,
    /// As many numbers as [`Op::saved`] asked for.
    pub saved: &'a mut [T],
}

/// One step of the way back: what `backward` reads and where it writes.
#[derive(Debug)]
pub struct Backward<'a, T: Element> {
    /// The op's inputs.
    pub inputs: Inputs<'a, T>,
    /// The op's output.
    pub output: View<'a, T>,
    /// What `forward` saved.
    pub saved: &'a [T],
    /// The gradient of the output. It is not needed afterwards: an op may compute in it.
    pub upstream: Upstream<'a, T>,
    /// The gradients of the inputs.
    pub grads: Grads<'a, T>,
    /// Memory to compute in.
    pub scratch: Scratch<'a, T>,
}

/// The gradient of an op's output; dereferences to its elements.
#[derive(Debug)]
pub struct Upstream<'a, T>(pub(crate) &'a mut Buffer<T>);

impl<T> Deref for Upstream<'_, T> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        self.0
    }
}

impl<T> DerefMut for Upstream<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [T] {
        self.0
    }
}

/// Memory for intermediate results of one `backward`.
#[derive(Debug)]
pub struct Scratch<'a, T>(pub(crate) &'a mut Buffer<T>);

impl<T: Element> Scratch<'_, T> {
    /// Room for `len` numbers; what they hold before is unspecified.
    pub fn take(&mut self, len: usize) -> &mut [T] {
        self.0.resize(len);
        self.0
    }
}

/// The gradients of an op's inputs.
#[derive(Debug)]
pub struct Grads<'a, T: Element> {
    pub(crate) slots: &'a mut [Slot<T>],
    pub(crate) nodes: &'a [Node<T>],
    pub(crate) ids: &'a [u32],
}

impl<T: Element> Grads<'_, T> {
    /// Where the gradient of one input goes, or `None` if nobody asks for it.
    ///
    /// # Panics
    /// If there is no such input.
    #[inline]
    pub fn of(&mut self, input: usize) -> Option<Sink<'_, T>> {
        let id = self.ids[input] as usize;
        let node = &self.nodes[id];
        if !node.tracked {
            return None;
        }
        let slot = &mut self.slots[id];
        if slot.filled {
            return Some(Sink { out: &mut slot.buffer, write: Write::Add });
        }
        slot.filled = true;
        slot.buffer.resize(node.shape.size());
        if cfg!(debug_assertions) {
            slot.buffer.fill(T::from_f64(f64::NAN));
        }
        Some(Sink { out: &mut slot.buffer, write: Write::Store })
    }

    /// Whether anybody asks for the gradient of one input.
    ///
    /// # Panics
    /// If there is no such input.
    pub fn wanted(&self, input: usize) -> bool {
        self.nodes[self.ids[input] as usize].tracked
    }

    /// Hands the output's gradient on as the gradient of one input with as many elements.
    ///
    /// # Panics
    /// If there is no such input, or it has another number of elements.
    pub fn pass(&mut self, input: usize, upstream: Upstream<'_, T>) {
        let id = self.ids[input] as usize;
        if !self.nodes[id].tracked {
            return;
        }
        assert_eq!(self.nodes[id].shape.size(), upstream.len(), "elements of a gradient handed on");
        let slot = &mut self.slots[id];
        if slot.filled {
            kernels::map1(&mut slot.buffer, Write::Add, &upstream, |g| g);
        } else {
            slot.filled = true;
            std::mem::swap(&mut slot.buffer, upstream.0);
        }
    }
}

/// The destination of one gradient: the first contribution is stored, later ones are added.
#[derive(Debug)]
pub struct Sink<'a, T> {
    out: &'a mut [T],
    write: Write,
}

impl<'a, T: Element> Sink<'a, T> {
    /// Contributes `f(a[i])`.
    #[inline(always)]
    pub fn map1(self, a: &[T], f: impl Fn(T) -> T) {
        kernels::map1(self.out, self.write, a, f);
    }

    /// Contributes `f(a[i], b[i])`.
    #[inline(always)]
    pub fn map2(self, a: &[T], b: &[T], f: impl Fn(T, T) -> T) {
        kernels::map2(self.out, self.write, a, b, f);
    }

    /// Contributes `f(a[i], b[i], c[i])`.
    #[inline(always)]
    pub fn map3(self, operands: (&[T], &[T], &[T]), f: impl Fn(T, T, T) -> T) {
        kernels::map3(self.out, self.write, operands, f);
    }

    /// Contributes the same number everywhere.
    pub fn fill(self, x: T) {
        match self.write {
            Write::Store => self.out.fill(x),
            Write::Add => self.out.iter_mut().for_each(|out| *out += x),
        }
    }

    /// Contributes the sum of the rows of a matrix with as many columns as this gradient has elements.
    pub fn sum_columns(self, rows: &[T]) {
        kernels::sum_columns(self.out, self.write, rows);
    }

    /// Replaces `g` by `f(g, y)` and contributes the sum of its rows, in one pass.
    #[inline(always)]
    pub(crate) fn sum_columns_of(self, g: &mut [T], y: &[T], f: impl Fn(T, T) -> T) {
        kernels::update_and_sum_columns(self.out, self.write, (g, y), f);
    }

    /// Contributes the matrix product `alpha * a b`.
    pub fn product(self, alpha: T, a: Matrix<'_, T>, b: Matrix<'_, T>) {
        T::gemm(self.out, self.write, alpha, a, b);
    }

    /// The gradient so far, with zeros for a first contribution: for ops that add here and there.
    pub fn so_far(self) -> &'a mut [T] {
        if self.write == Write::Store {
            self.out.fill(T::zero());
        }
        self.out
    }

    /// The memory and what to do with it.
    pub fn parts(self) -> (&'a mut [T], Write) {
        (self.out, self.write)
    }
}
