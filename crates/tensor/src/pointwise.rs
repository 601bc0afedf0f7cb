//! What a pointwise op is: one that can be computed in pieces.

use crate::Element;
use crate::op::Sink;

/// An op whose result has the shape of its inputs, and each element of it depends on the same element of
/// each input alone.
///
/// The tape may compute such an op late, and in pieces: see [`Tape::with_chains_from`]. An op says so by
/// [`Op::pointwise`]; its `forward` and `backward` then do the same for the whole of the arrays. An
/// element's bits must not depend on where a piece begins.
///
/// ```
/// use tensor::{Backward, Element, Forward, Inputs, Op, Piece, Pointwise, Result, Shape, Shapes, Sink};
/// use tensor::{Tape, ndarray::Array1};
///
/// /// x³, with the derivative 3x².
/// #[derive(Debug)]
/// struct Cube;
///
/// impl<T: Element> Pointwise<T> for Cube {
///     fn values(&self, inputs: &[&[T]], out: &mut [T]) {
///         for (y, &x) in out.iter_mut().zip(inputs[0]) {
///             *y = x * x * x;
///         }
///     }
///     fn gradient(&self, _input: usize, piece: Piece<'_, T>, sink: Sink<'_, T>) {
///         let three = T::from_f64(3.0);
///         sink.map2(piece.upstream, piece.inputs[0], |g, x| g * three * x * x);
///     }
/// }
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
///         self.values(&[inputs.get(0).values], out.values);
///         Ok(())
///     }
///     fn backward(&self, step: Backward<'_, T>) -> Result<()> {
///         step.pointwise(self)
///     }
///     fn pointwise(&self) -> Option<&dyn Pointwise<T>> {
///         Some(self)
///     }
/// }
///
/// let tape = Tape::<f64>::new();
/// let x = tape.var(&Array1::from_elem(100_000, 2.0))?;
/// let y = tape.apply(Cube, &[x])?.sum()?;
/// assert_eq!(tape.backward(y)?.wrt(x)?[[7]], 12.0);
/// assert_eq!(y.item()?, 800_000.0);
/// # Ok::<(), tensor::Error>(())
/// ```
///
/// [`Tape::with_chains_from`]: crate::Tape::with_chains_from
/// [`Op::pointwise`]: crate::Op::pointwise
pub trait Pointwise<T: Element>: Sync {
    /// Computes one piece of the output from the same piece of each input.
    fn values(&self, inputs: &[&[T]], out: &mut [T]);

    /// Contributes one piece of the gradient of one input.
    fn gradient(&self, input: usize, piece: Piece<'_, T>, sink: Sink<'_, T>);

    /// Whether the gradient of an input is that of the output, as for a sum. It may then be handed on without
    /// a call of [`gradient`](Self::gradient).
    fn passes(&self, input: usize) -> bool {
        let _ = input;
        false
    }
}

/// The same piece of all arrays that the gradient of a pointwise op may read.
#[derive(Debug, Clone, Copy)]
pub struct Piece<'a, T> {
    /// The op's inputs.
    pub inputs: &'a [&'a [T]],
    /// The op's output.
    pub output: &'a [T],
    /// The gradient of the output.
    pub upstream: &'a [T],
}
