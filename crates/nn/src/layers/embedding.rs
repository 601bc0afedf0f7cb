//! A table of vectors, looked up by number.

use super::settings::expect_positive;
use crate::{ErrorKind, Init, Result, fields};
use rand::Rng;
use tensor::ndarray::ArrayRef2;
use tensor::{Backward, Element, Forward, Indices, Inputs, MAX_RANK, Op, Param, Shape, Shapes, Var};

/// One vector per index: the rows `weight[indices]` of a table `[count, width]`, for indices of any shape
/// `[..]`: `[.., width]`.
///
/// The gradient of a row is the sum over the places where it was looked up.
///
/// ```
/// use nn::Embedding;
/// use tensor::{Tape, ndarray::array};
///
/// let table = Embedding::from_array(&array![[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])?;
/// let tape = Tape::<f64>::new();
/// let y = table.forward(tape.indices(&[2, 0, 2])?)?;
/// assert_eq!(y.value()?, array![[5.0, 6.0], [1.0, 2.0], [5.0, 6.0]].into_dyn());
/// let gradients = tape.backward(y.sum()?)?;
/// assert_eq!(gradients.param(&table.weight), Some(&[1.0, 1.0, 0.0, 0.0, 2.0, 2.0][..]));
/// # Ok::<(), nn::Error>(())
/// ```
///
/// # Tied weights
///
/// A language model often uses one table for its input and its output (Press and Wolf 2017, "Using the output
/// embedding to improve language models"). Keep one `Embedding` and end with [`attend`](Self::attend): there
/// is one name, one gradient, which is the sum of both uses, and one array in a file.
///
/// ```
/// use nn::{Embedding, Fields, Linear, Module, Pass, Result};
/// use tensor::{Element, Indices, Tape, Var, ndarray::array};
///
/// struct Model<T: Element> {
///     table: Embedding<T>,
///     body: Linear<T>,
/// }
///
/// nn::fields!(Model: table, body);
///
/// impl<T: Element> Model<T> {
///     fn logits<'t>(&self, words: Indices<'t, T>, pass: &mut Pass<'_, T>) -> Result<Var<'t, T>> {
///         let x = self.table.forward(words)?;
///         self.table.attend(pass.run("body", &self.body, x)?)
///     }
/// }
///
/// let table = Embedding::from_array(&array![[1.0, 0.0], [0.0, 2.0]])?;
/// let body = Linear::from_arrays(&array![[0.0, 1.0], [1.0, 0.0]], &array![0.0, 0.0])?;
/// let model = Model { table, body };
/// assert_eq!(model.names(), ["table.weight", "body.weight", "body.bias"]);
/// let tape = Tape::<f64>::new();
/// // Word 0 is [1, 0], the body makes it [0, 1], which meets word 1 twice over.
/// let logits = model.logits(tape.indices(&[0])?, &mut Pass::eval())?;
/// assert_eq!(logits.value()?, array![[0.0, 2.0]].into_dyn());
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Embedding<T: Element> {
    /// The table, `[count, width]`.
    pub weight: Param<T>,
    padding: Option<usize>,
}

fields!(Embedding: weight);

impl<T: Element> Embedding<T> {
    /// A table of `count` vectors of this width, drawn from `init`, whose `in` is the width and whose `out`
    /// is the count. PyTorch starts with `Init::Normal { std: 1.0 }`.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`] for a count or width of 0, or what `init` refuses.
    pub fn new(count: usize, width: usize, init: Init, rng: &mut impl Rng) -> Result<Self> {
        expect_positive("embedding", &[("the number of vectors", count), ("the width", width)])?;
        Ok(Self { weight: init.draw(&[count, width], [width, count], rng)?, padding: None })
    }

    /// A table with these vectors, one per row.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`] for no rows or no columns.
    pub fn from_array(weight: &ArrayRef2<T>) -> Result<Self> {
        if weight.is_empty() {
            let expected = "a table of at least one number".to_string();
            return Err(
                ErrorKind::Shape { owner: "embedding", expected, got: weight.shape().to_vec() }.into()
            );
        }
        Ok(Self { weight: Param::new(weight)?, padding: None })
    }

    /// The table with the vector of this index set to 0 and left there: looking it up gives it no gradient.
    /// For the index that fills sequences up to one length.
    ///
    /// As in PyTorch, [`attend`](Self::attend) does give it one.
    ///
    /// ```
    /// use nn::Embedding;
    /// use tensor::{Tape, ndarray::array};
    ///
    /// let table = Embedding::from_array(&array![[1.0], [2.0]])?.with_padding(0)?;
    /// let tape = Tape::<f64>::new();
    /// let y = table.forward(tape.indices(&[0, 1, 0])?)?;
    /// assert_eq!(y.value()?, array![[0.0], [2.0], [0.0]].into_dyn());
    /// assert_eq!(tape.backward(y.sum()?)?.param(&table.weight), Some(&[0.0, 1.0][..]));
    /// # Ok::<(), nn::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Setting`] for an index past the table, [`ErrorKind::Tensor`] while a tape holds it.
    pub fn with_padding(mut self, index: usize) -> Result<Self> {
        let width = self.width();
        let Some(row) = self.weight.values_mut()?.chunks_exact_mut(width.max(1)).nth(index) else {
            let (name, expected) = ("the padding index", "less than the number of vectors");
            return Err(ErrorKind::Setting { owner: "embedding", name, expected, got: index as f64 }.into());
        };
        row.fill(T::zero());
        self.padding = Some(index);
        Ok(self)
    }

    /// The index whose vector gets no gradient, if there is one.
    pub fn padding(&self) -> Option<usize> {
        self.padding
    }

    /// The number of vectors.
    pub fn count(&self) -> usize {
        self.weight.shape().first().copied().unwrap_or(0)
    }

    /// The length of a vector.
    pub fn width(&self) -> usize {
        self.weight.shape().get(1).copied().unwrap_or(0)
    }

    /// The vectors of these indices.
    ///
    /// # Errors
    /// [`ErrorKind::Tensor`] for an index past the table, with its position, also at
    /// [`Tape::replay`](tensor::Tape::replay), and for more than seven axes.
    pub fn forward<'t>(&self, indices: Indices<'t, T>) -> Result<Var<'t, T>> {
        let indices = indices.input();
        let tape = indices.tape();
        Ok(tape.apply(Lookup { padding: self.padding }, &[tape.param(&self.weight)?, indices])?)
    }

    /// `x weightᵀ`: how much each vector of x `[.., width]` has of each of the table's, `[.., count]`. The
    /// output layer of tied weights, without a bias.
    ///
    /// # Errors
    /// [`ErrorKind::Tensor`] for another last axis than the width.
    pub fn attend<'t>(&self, x: Var<'t, T>) -> Result<Var<'t, T>> {
        Ok(x.matmul_nt(x.tape().param(&self.weight)?)?)
    }
}

/// `out[..] = table[indices[..]]`; the gradient leaves one row out.
#[derive(Debug)]
struct Lookup {
    padding: Option<usize>,
}

const OP: &str = "embedding";

/// Refuses indices that the table does not have.
fn in_table<'a, T: Element>(inputs: &Inputs<'a, T>) -> tensor::Result<&'a [usize]> {
    let (indices, bound) = (inputs.indices(1), inputs.get(0).shape[0]);
    match indices.iter().position(|&index| index >= bound) {
        Some(position) => {
            let index = indices[position];
            Err(tensor::ErrorKind::Index { op: OP, index, position, bound }.into())
        }
        None => Ok(indices),
    }
}

impl<T: Element> Op<T> for Lookup {
    fn name(&self) -> &'static str {
        OP
    }

    fn indices(&self) -> Option<usize> {
        Some(1)
    }

    fn infer(&self, inputs: Shapes<'_, T>) -> tensor::Result<Shape> {
        let [table, indices] = inputs.exactly(OP)?;
        let &[_, width] = &table[..] else {
            return Err(
                tensor::ErrorKind::Operand { op: OP, expected: "a matrix as table", got: *table }.into()
            );
        };
        let (rank, mut shape) = (indices.len(), [0; MAX_RANK + 1]);
        shape[..rank].copy_from_slice(indices);
        shape[rank] = width;
        Shape::new(&shape[..=rank])
    }

    fn forward(&self, inputs: Inputs<'_, T>, out: Forward<'_, T>) -> tensor::Result<()> {
        let table = inputs.get(0);
        let width = table.shape[1];
        for (out, &index) in out.values.chunks_exact_mut(width.max(1)).zip(in_table(&inputs)?) {
            out.copy_from_slice(&table.values[index * width..][..width]);
        }
        Ok(())
    }

    fn backward(&self, mut step: Backward<'_, T>) -> tensor::Result<()> {
        let width = step.inputs.get(0).shape[1];
        let indices = in_table(&step.inputs)?;
        let Some(sink) = step.grads.of(0) else { return Ok(()) };
        let table = sink.so_far();
        for (gradient, &index) in step.upstream.chunks_exact(width.max(1)).zip(indices) {
            if self.padding != Some(index) {
                let row = &mut table[index * width..][..width];
                row.iter_mut().zip(gradient).for_each(|(sum, &g)| *sum += g);
            }
        }
        Ok(())
    }
}
