//! What can go wrong, as values.

use crate::Shape;

/// The result of every fallible call of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a call on a tape was refused: one small value whose [`kind`](Error::kind) holds the facts.
///
/// The message is one lower-case sentence that names the op, what was expected and what came.
///
/// ```
/// use tensor::{Tape, ndarray::array};
///
/// let tape = Tape::<f64>::new();
/// let a = tape.var(&array![[1.0, 2.0]])?;
/// let error = a.matmul(a).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "matmul: shapes [1, 2] and [1, 2] do not agree: expected as many rows on the right as columns on the left",
/// );
/// # Ok::<(), tensor::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error(transparent)]
pub struct Error(Box<ErrorKind>);

impl Error {
    /// The facts behind the message.
    pub fn kind(&self) -> &ErrorKind {
        &self.0
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Self(Box::new(kind))
    }
}

/// What was expected and what came; more kinds may be added.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Two operands whose shapes do not fit together.
    #[error("{op}: shapes {lhs:?} and {rhs:?} do not agree: expected {expected}")]
    Shapes {
        /// The op that was asked for.
        op: &'static str,
        /// Shape of the first operand.
        lhs: Shape,
        /// Shape of the second operand.
        rhs: Shape,
        /// The rule that they break.
        expected: &'static str,
    },
    /// One operand whose shape the op does not take.
    #[error("{op}: expected {expected}, got shape {got:?}")]
    Operand {
        /// The op that was asked for.
        op: &'static str,
        /// What the op takes.
        expected: &'static str,
        /// The shape that came.
        got: Shape,
    },
    /// An axis that the operand does not have.
    #[error("{op}: axis {axis} is out of range: expected less than {rank}, the number of axes of {shape:?}")]
    Axis {
        /// The op that was asked for.
        op: &'static str,
        /// The axis that came.
        axis: usize,
        /// The number of axes.
        rank: usize,
        /// The operand's shape.
        shape: Shape,
    },
    /// A reduction of nothing that has no value for it, such as a maximum.
    #[error("{op}: axis {axis} of {shape:?} is empty: expected at least one element to reduce")]
    EmptyAxis {
        /// The op that was asked for.
        op: &'static str,
        /// The empty axis.
        axis: usize,
        /// The operand's shape.
        shape: Shape,
    },
    /// A list of axes that does not fit the operand.
    #[error("{op}: axes {axes:?} of shape {shape:?}: expected {expected}")]
    Axes {
        /// The op that was asked for.
        op: &'static str,
        /// What the op takes.
        expected: &'static str,
        /// The axes that came.
        axes: Shape,
        /// The operand's shape.
        shape: Shape,
    },
    /// A range that leaves its axis.
    #[error("{op}: {start}..{end} on axis {axis} is out of range: expected it within 0..{length}")]
    Range {
        /// The op that was asked for.
        op: &'static str,
        /// The axis.
        axis: usize,
        /// Where the range starts.
        start: usize,
        /// Where it ends.
        end: usize,
        /// The axis's length.
        length: usize,
    },
    /// More padding than an axis can give.
    #[error("{op}: {amount} elements beside axis {axis} of length {length}: expected {expected}")]
    Padding {
        /// The op that was asked for.
        op: &'static str,
        /// The axis.
        axis: usize,
        /// The elements to add on one side.
        amount: usize,
        /// The axis's length.
        length: usize,
        /// What the op takes.
        expected: &'static str,
    },
    /// A number of arguments that does not fit the operand.
    #[error("{op}: expected {expected} {what}, got {got}")]
    Count {
        /// The op that was asked for.
        op: &'static str,
        /// How many it takes.
        expected: usize,
        /// What is counted.
        what: &'static str,
        /// How many came.
        got: usize,
    },
    /// More axes than a [`Shape`] holds.
    #[error("{op}: expected at most {max} axes, got {got}", max = crate::MAX_RANK)]
    Rank {
        /// The op that was asked for.
        op: &'static str,
        /// The number of axes that came.
        got: usize,
    },
    /// A shape with more elements than an address space holds.
    #[error("{op}: shape {shape:?} is too large: expected elements that fit the address space")]
    TooLarge {
        /// The op that was asked for.
        op: &'static str,
        /// The shape that came.
        shape: Shape,
    },
    /// Data whose length does not fit the shape.
    #[error("{op}: shape {shape:?} holds {expected} elements, got {got}")]
    Length {
        /// The op that was asked for.
        op: &'static str,
        /// The shape to fill.
        shape: Shape,
        /// The number of elements of that shape.
        expected: usize,
        /// The number of elements that came.
        got: usize,
    },
    /// An index outside of its range.
    #[error("{op}: index {index} at position {position} is out of range: expected less than {bound}")]
    Index {
        /// The op that was asked for.
        op: &'static str,
        /// The index that came.
        index: usize,
        /// Where among the indices it stands.
        position: usize,
        /// The first index that does not exist.
        bound: usize,
    },
    /// More elements asked for than an axis has.
    #[error("{op}: expected at most {length} elements, as many as axis {axis} has, got {got}")]
    TooMany {
        /// The op that was asked for.
        op: &'static str,
        /// The axis.
        axis: usize,
        /// The axis's length.
        length: usize,
        /// The number that came.
        got: usize,
    },
    /// A label that is no class.
    #[error(
        "{op}: label {label} of row {row} is out of range: expected less than {classes}, the number of classes"
    )]
    Label {
        /// The loss that was asked for.
        op: &'static str,
        /// The row of the logits.
        row: usize,
        /// The label that came.
        label: usize,
        /// The number of classes.
        classes: usize,
    },
    /// A number of inputs that the op does not take.
    #[error("{op}: expected {expected} inputs, got {got}")]
    Arity {
        /// The op that was asked for.
        op: &'static str,
        /// The number of inputs it takes.
        expected: usize,
        /// The number of inputs that came.
        got: usize,
    },
    /// An input that holds indices where numbers are expected, or the reverse.
    #[error("{op}: expected input {input} to hold {expected}")]
    Content {
        /// The op that was asked for.
        op: &'static str,
        /// Position of the input.
        input: usize,
        /// `numbers` or `indices`.
        expected: &'static str,
    },
    /// A variable recorded on another tape.
    #[error("{op}: a variable of another tape was given: expected variables of one tape")]
    OtherTape {
        /// The op that was asked for.
        op: &'static str,
    },
    /// The gradient of something that has none.
    #[error("{op}: expected {expected}, got {got}")]
    NoGradient {
        /// The call that asked for it.
        op: &'static str,
        /// What can be differentiated.
        expected: &'static str,
        /// What came.
        got: &'static str,
    },
    /// A parameter's leaf whose values the tape let go at the end of `backward`.
    #[error(
        "{op}: the values of a parameter were released by `backward`: expected `Tape::bind` or `Tape::reset` first"
    )]
    Released {
        /// The call that needed the values.
        op: &'static str,
    },
    /// A parameter that cannot be written because something else still reads its values.
    #[error(
        "{op}: the parameter's values are still held by a tape: expected `backward` or `Tape::reset` first"
    )]
    Shared {
        /// The call that wanted to write.
        op: &'static str,
    },
    /// A parameter that the tape does not hold.
    #[error("{op}: expected a parameter recorded on this tape, got another")]
    UnknownParam {
        /// The call that named it.
        op: &'static str,
    },
    /// A leaf whose values cannot be set.
    #[error("{op}: expected a leaf made by `{expected}`, got {got}")]
    NotALeaf {
        /// The call.
        op: &'static str,
        /// The constructor of the right kind of leaf.
        expected: &'static str,
        /// What came.
        got: &'static str,
    },
    /// A call on the tape from inside of [`Var::with`](crate::Var::with).
    #[error("{op}: the tape is being read: expected no call on it inside of `Var::with`")]
    Busy {
        /// The call.
        op: &'static str,
    },
    /// Results on the tape that were computed from other values than its leaves have now.
    #[error("{op}: a leaf was set after its results were computed: expected `Tape::replay` first")]
    Stale {
        /// The call that needs the results.
        op: &'static str,
    },
    /// A value or gradient that is not finite, on a tape that guards against it.
    #[error("{op}: expected a finite {what}, got {got} at position {position}")]
    NotFinite {
        /// The first op that made one.
        op: &'static str,
        /// `value` or `gradient`.
        what: &'static str,
        /// Where, counted row by row.
        position: usize,
        /// What came.
        got: String,
    },
    /// A number outside of the range that the op takes.
    #[error("{op}: expected {expected}, got {got}")]
    Value {
        /// The op that was asked for.
        op: &'static str,
        /// What it takes.
        expected: &'static str,
        /// What came.
        got: f64,
    },
    /// An expression of index letters that does not describe a computation on its operands.
    #[error("{op}: `{expression}`: {problem}")]
    Expression {
        /// The op that was asked for.
        op: &'static str,
        /// The expression that came.
        expression: String,
        /// What was expected and what came.
        problem: String,
    },
    /// A matrix that is not positive definite.
    #[error(
        "{op}: expected a positive definite matrix, got the pivot {pivot} in row {row} of matrix {matrix}"
    )]
    NotPositiveDefinite {
        /// The op that was asked for.
        op: &'static str,
        /// Which matrix of the batch, 0 without one.
        matrix: usize,
        /// The first row at which the factorisation stops.
        row: usize,
        /// What should be a positive number there: the square of the factor's diagonal element.
        pivot: f64,
    },
    /// A row pointer of a sparse matrix that does not fit.
    #[error("{op}: expected {expected}, got {got} at position {position}")]
    RowPointer {
        /// The op that was asked for.
        op: &'static str,
        /// What it takes.
        expected: &'static str,
        /// The pointer that came.
        got: usize,
        /// Where among the pointers it stands.
        position: usize,
    },
    /// A refusal by a user's op, or of a function that a user gave to [`Tape::checkpoint`](crate::Tape::checkpoint).
    #[error("{op}: {message}")]
    Custom {
        /// The op's name.
        op: &'static str,
        /// What it expected and what came.
        message: String,
    },
}
