//! What can go wrong, as values.

use std::path::PathBuf;

/// The result of every fallible call of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a layer, a loss or an optimizer refused: one small value whose [`kind`](Error::kind) holds the
/// facts.
///
/// An error inside of a composed module names the part:
///
/// ```
/// use nn::{Init, Linear, Module, Pass, Sequential};
/// use rand::{SeedableRng, rngs::ChaCha8Rng};
/// use tensor::{Tape, ndarray::Array2};
///
/// let rng = &mut ChaCha8Rng::seed_from_u64(0);
/// let net = Sequential::new()
///     .with(Linear::<f32>::new(3, 4, Init::XavierUniform, rng)?)
///     .with(Linear::new(5, 1, Init::XavierUniform, rng)?);
/// let tape = Tape::new();
/// let error = net.forward(tape.constant(&Array2::zeros((2, 3)))?, &mut Pass::eval()).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "layer 1: linear: shapes [2, 4] and [5, 1] do not agree: \
///      expected the input's last axis to be as long as the weight's first",
/// );
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error(transparent)]
pub struct Error(Box<ErrorKind>);

impl Error {
    /// The facts behind the message.
    pub fn kind(&self) -> &ErrorKind {
        &self.0
    }

    /// The same error, met inside of a layer.
    pub(crate) fn in_layer(self, layer: impl ToString) -> Self {
        ErrorKind::Layer { layer: layer.to_string(), source: self }.into()
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Self(Box::new(kind))
    }
}

impl From<tensor::Error> for Error {
    fn from(error: tensor::Error) -> Self {
        ErrorKind::Tensor(error).into()
    }
}

/// What was expected and what came; more kinds may be added.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// An op was refused by the tape.
    #[error(transparent)]
    Tensor(tensor::Error),
    /// A part of a composed module was refused.
    #[error("layer {layer}: {source}")]
    Layer {
        /// The part's name within the module.
        layer: String,
        /// Why.
        source: Error,
    },
    /// A parameter could not be used.
    #[error("parameter `{name}`: {source}")]
    Parameter {
        /// The parameter's name, such as `layers.0.weight`.
        name: String,
        /// Why.
        source: tensor::Error,
    },
    /// A setting outside of its range.
    #[error("{owner}: expected {name} to be {expected}, got {got}")]
    Setting {
        /// The layer or optimizer.
        owner: &'static str,
        /// The setting's name.
        name: &'static str,
        /// Its range.
        expected: &'static str,
        /// What came.
        got: f64,
    },
    /// Data whose length does not fit.
    #[error("{owner}: expected {expected} elements for shape {shape:?}, got {got}")]
    Length {
        /// The layer or function.
        owner: &'static str,
        /// The shape to fill.
        shape: Vec<usize>,
        /// Its number of elements.
        expected: usize,
        /// What came.
        got: usize,
    },
    /// An array of another shape than needed.
    #[error("{owner}: expected {expected}, got shape {got:?}")]
    Shape {
        /// The layer or function.
        owner: &'static str,
        /// What fits.
        expected: String,
        /// What came.
        got: Vec<usize>,
    },
    /// Data that cannot be used.
    #[error("{owner}: expected {expected}, got {got}")]
    Data {
        /// The layer, function or file.
        owner: &'static str,
        /// What fits.
        expected: String,
        /// What came, and where.
        got: String,
    },
    /// Parameters that do not match those of a model.
    #[error("{what} does not fit the model: {}", faults.join("; "))]
    Mismatch {
        /// Where they come from.
        what: &'static str,
        /// Every fault, each with the name of its parameter.
        faults: Vec<String>,
    },
    /// Training met a number that is not finite; the step was not taken.
    #[error("epoch {epoch}, batch {batch}: {cause}")]
    NotFinite {
        /// Counted from 1.
        epoch: usize,
        /// Counted from 1.
        batch: usize,
        /// The op that it came from first.
        cause: String,
    },
    /// Somebody who was told of a training run refused.
    #[error("{callback}: {reason}")]
    Callback {
        /// Who.
        callback: &'static str,
        /// Why.
        reason: String,
    },
    /// A file that could not be opened, read or written.
    #[error("cannot {action} `{}`: {message}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// The kind that the system gave.
        kind: std::io::ErrorKind,
        /// The system's words.
        message: String,
    },
    /// A file whose content cannot be used.
    #[error("file `{}`: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Error,
    },
    /// A line of a file that cannot be read.
    #[error("{owner}: line {line}, {place}: expected {expected}, got {got}")]
    Line {
        /// The kind of file.
        owner: &'static str,
        /// The line, from 1.
        line: u64,
        /// The column, or the part of the line.
        place: String,
        /// What fits.
        expected: String,
        /// What came.
        got: String,
    },
}
