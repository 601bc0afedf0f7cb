//! Long short-term memory.

use super::recurrent::{RecurrentConfig, Scan, Scanned, Stack};
use crate::{Fields, Module, Pass, Path, Result, Visit, VisitMut};
use rand::Rng;
use tensor::{Element, Var};

/// A long short-term memory: x `[batch, time, inputs]` gives `[batch, time, hidden]`, or `2 hidden` in both
/// directions.
///
/// With the state h' and the cell c' of the step before and four gates, in PyTorch's order i, f, g, o:
///
/// ```text
/// i = σ(x W_ii + b_ii + h' W_hi + b_hi)     c = f c' + i g
/// f = σ(x W_if + b_if + h' W_hf + b_hf)     h = o tanh(c)
/// g = tanh(x W_ig + b_ig + h' W_hg + b_hg)
/// o = σ(x W_io + b_io + h' W_ho + b_ho)
/// ```
///
/// The names of the parameters are PyTorch's: `weight_ih_l0` (`[inputs, 4 hidden]` in memory, transposed in
/// files), `weight_hh_l0`, `bias_ih_l0` and `bias_hh_l0`, then `.._l0_reverse`, `.._l1` and so on; they begin
/// with numbers from U(-a, a), a = 1 / √hidden. A layer above the first reads both directions of the one
/// below. All steps of a layer are one op of the tape. Hochreiter and Schmidhuber 1997, "Long short-term
/// memory".
///
/// ```
/// use nn::{Fields, Lstm, Module, Pass, RecurrentConfig};
/// use rand::{SeedableRng, rngs::ChaCha8Rng};
/// use tensor::{Tape, ndarray::Array3};
///
/// let rng = &mut ChaCha8Rng::seed_from_u64(0);
/// let lstm = Lstm::<f32>::new(3, 4, RecurrentConfig::default(), rng)?;
/// assert_eq!(lstm.names(), ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"]);
/// let tape = Tape::new();
/// let x = tape.constant(&Array3::ones((2, 5, 3)))?;
/// assert_eq!(lstm.forward(x, &mut Pass::eval())?.shape()?[..], [2, 5, 4]);
/// // The second sequence has two steps.
/// let all = lstm.forward_with(x, Some(&[5, 2]), None, &mut Pass::eval())?;
/// assert_eq!(all.hidden.shape()?[..], [1, 2, 4]);
/// assert_eq!(all.output.value()?[[1, 2, 0]], 0.0);
/// assert_eq!(all.output.value()?[[1, 1, 0]], all.hidden.value()?[[0, 1, 0]]);
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Lstm<T: Element>(Stack<T>);

/// What an [`Lstm`] gives.
#[derive(Debug, Clone, Copy)]
pub struct LstmOutput<'t, T: Element> {
    /// The hidden states of the last layer, `[batch, time, directions hidden]`, forward and then backward;
    /// 0 after the end of a sequence.
    pub output: Var<'t, T>,
    /// The final hidden state of each layer and direction, `[layers directions, batch, hidden]`: after the
    /// last step of each sequence, backward after its first.
    pub hidden: Var<'t, T>,
    /// The final cells, likewise.
    pub cell: Var<'t, T>,
}

impl<'t, T: Element> LstmOutput<'t, T> {
    /// The final hidden states and cells, with which the next part of the same sequences begins.
    pub fn state(self) -> [Var<'t, T>; 2] {
        [self.hidden, self.cell]
    }
}

impl<T: Element> Fields<T> for Lstm<T> {
    fn visit<'a>(&'a self, path: Path<'_>, f: &mut Visit<'_, 'a, T>) -> Result<()> {
        self.0.visit(path, f)
    }

    fn visit_mut(&mut self, path: Path<'_>, f: &mut VisitMut<'_, T>) -> Result<()> {
        self.0.visit_mut(path, f)
    }
}

impl<T: Element> Lstm<T> {
    /// A layer with states of this size.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`](crate::ErrorKind::Setting) for 0 inputs, states or layers, and for a
    /// probability that is not between 0 and 1.
    pub fn new(inputs: usize, hidden: usize, config: RecurrentConfig, rng: &mut impl Rng) -> Result<Self> {
        Ok(Self(Stack::new(("lstm", 4), [inputs, hidden], config, rng)?))
    }

    /// The number of inputs.
    pub fn inputs(&self) -> usize {
        self.0.inputs
    }

    /// The size of a state.
    pub fn hidden(&self) -> usize {
        self.0.hidden
    }

    /// The settings.
    pub fn config(&self) -> RecurrentConfig {
        self.0.config
    }

    /// Output and final states, from the length of each sequence (all steps if `None`) and the hidden states
    /// and cells at the beginning, each `[layers directions, batch, hidden]` (0 if `None`).
    ///
    /// What x holds after the end of a sequence is not read. The backward direction begins at each
    /// sequence's own end.
    ///
    /// A long sequence is read in parts by giving the state of one to the next; between tapes it goes as a
    /// value, which also ends the way back there.
    ///
    /// ```
    /// use nn::{Lstm, Pass, RecurrentConfig};
    /// use rand::{SeedableRng, rngs::ChaCha8Rng};
    /// use tensor::{Tape, ndarray::array};
    ///
    /// let rng = &mut ChaCha8Rng::seed_from_u64(0);
    /// let lstm = Lstm::<f64>::new(1, 2, RecurrentConfig::default(), rng)?;
    /// let (tape, pass) = (Tape::new(), &mut Pass::eval());
    /// let x = tape.constant(&array![[[1.0], [2.0], [3.0]]])?;
    /// let whole = lstm.forward_with(x, None, None, pass)?;
    /// let first = lstm.forward_with(x.narrow(1, 0, 2)?, None, None, pass)?;
    /// let second = lstm.forward_with(x.narrow(1, 2, 1)?, None, Some(first.state()), pass)?;
    /// assert_eq!(second.cell.value()?, whole.cell.value()?);
    /// # Ok::<(), nn::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Shape`](crate::ErrorKind::Shape) for an input or states of other shapes, or no steps;
    /// [`ErrorKind::Data`](crate::ErrorKind::Data) for another number of lengths than rows, or one that is
    /// not from 1 to `time`, naming the row.
    pub fn forward_with<'t>(
        &self,
        x: Var<'t, T>,
        lengths: Option<&[usize]>,
        state: Option<[Var<'t, T>; 2]>,
        pass: &mut Pass<'_, T>,
    ) -> Result<LstmOutput<'t, T>> {
        let (output, [hidden, cell]) = self.0.forward(x, lengths, state, pass, scan)?;
        Ok(LstmOutput { output, hidden, cell })
    }
}

impl<T: Element> Module<T> for Lstm<T> {
    /// The output alone; [`forward_with`](Lstm::forward_with) gives the final states too.
    fn forward<'t>(&self, x: Var<'t, T>, pass: &mut Pass<'_, T>) -> Result<Var<'t, T>> {
        Ok(self.forward_with(x, None, None, pass)?.output)
    }
}

fn scan<'t, T: Element>(scan: &Scan<'_, 't, T, 2>) -> Result<Scanned<'t, T, 2>> {
    // The biases are added first: they come together in every sum.
    let bias = scan.biases()?.map(|[input, state]| input.add(state)).transpose()?;
    let weight = scan.x.tape().param(&scan.weights.state)?;
    let [all, cell] = scan.product(bias)?.lstm(weight, scan.states, scan.lengths, scan.direction)?;
    Ok((all, [scan.last(all)?, cell]))
}
