//! A small, exact reverse-mode autograd tape on [`ndarray`].
//!
//! Record ops on a [`Tape`], call [`Tape::backward`], read the [`Gradients`]:
//!
//! ```
//! use tensor::{Param, Tape, ndarray::array};
//!
//! // Fit w in y = w x to the observation x = 2, y = 6, by gradient descent.
//! let mut tape = Tape::<f64>::new();
//! let mut w = Param::new(&array![0.0])?;
//! for _ in 0..50 {
//!     let loss = tape.param(&w)?.scale(2.0)?.mse(tape.constant(&array![6.0])?)?;
//!     let gradients = tape.backward(loss)?;
//!     let slope = gradients.param(&w).expect("the loss depends on w")[0];
//!     drop(gradients);
//!     w.values_mut()?[0] -= 0.1 * slope;
//!     tape.reset();
//! }
//! assert!((w.values()[0] - 3.0).abs() < 1e-9);
//! # Ok::<(), tensor::Error>(())
//! ```
//!
//! - **Values** live on the tape, row by row; a [`Var`] is a `Copy` handle. [`Param`]s live outside and
//!   are read without a copy.
//! - **Ops** are methods of [`Var`] that return a [`Result`]; the operators `+ - * /` panic with the
//!   error's text. An op of your own implements [`Op`], as the built-in ones do.
//! - **Memory** belongs to the tape: [`Tape::reset`] starts over in the same buffers, so a training step
//!   that repeats allocates nothing. [`Tape::replay`] computes a recording again on new values.
//! - **Gradients** come back as a value and are checked against difference quotients with
//!   [`check`](check()).
//!
//! Where to start: the [tutorial](guide::tutorial) goes from a first gradient to an op of one's own; the
//! [table of names](guide::names) says what everything in PyTorch and NumPy is called here, and what behaves
//! differently. All ops are methods of [`Var`], but for [`concat`](concat()), [`stack`], [`einsum`],
//! [`sparse_matmul`] and [`Indices::one_hot`].
//!
//! Conventions: relu has derivative 0 at 0; NaN goes in and NaN comes out; a gradient of exactly 0 stays 0
//! whatever the derivative it is multiplied by; long sums of `f32` are joined in `f64`.

mod axes;
mod broadcast;
mod chain;
mod check;
mod checkpoint;
mod csr;
mod derivatives;
mod descend;
mod dual;
mod element;
mod error;
mod gradients;
mod grouping;
pub mod guide;
mod inspect;
mod kernels;
mod lanes;
mod node;
mod op;
mod ops;
mod param;
mod pointwise;
mod record;
mod recording;
mod shape;
mod slice;
mod tape;
mod var;

pub use ndarray;

pub use axes::Axes;
pub use check::{CheckError, check, check_second};
pub use csr::Csr;
pub use derivatives::{hessian, hvp, jacobian, jvp, vjp};
pub use descend::EachParam;
pub use dual::Dual;
pub use element::Element;
pub use error::{Error, ErrorKind, Result};
pub use gradients::Gradients;
pub use kernels::{Matrix, Write};
pub use op::{Backward, Forward, Grads, Inputs, Op, Scratch, Shapes, Sink, Upstream, View};
pub use ops::BatchStatistics;
pub use ops::{Activation, Triangle, einsum, sparse_matmul};
pub use ops::{BinaryCrossEntropyConfig, CrossEntropyConfig, Ddof, Norm, Order, Reduction};
pub use ops::{ConvConfig, ConvTransposeConfig};
pub use ops::{Corners, Interpolation, Resize};
pub use ops::{Direction, Divisor, PoolConfig, Rounding};
pub use ops::{PadMode, concat, stack};
pub use param::{Param, ParamId};
pub use pointwise::{Piece, Pointwise};
pub use recording::{Recorder, Recording};
pub use shape::{MAX_RANK, Shape};
pub use slice::Slice;
pub use tape::{Indices, Tape};
pub use var::Var;

// The README's code is run with the tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
