//! Gated recurrent units.

use super::recurrent::{RecurrentConfig, Scan, Scanned, Stack};
use crate::{Fields, Module, Pass, Path, Result, Visit, VisitMut};
use rand::Rng;
use tensor::{Element, Var};

/// A gated recurrent unit: x `[batch, time, inputs]` gives `[batch, time, hidden]`, or `2 hidden` in both
/// directions.
///
/// With the state h' of the step before and three gates, in PyTorch's order r, z, n:
///
/// ```text
/// r = σ(x W_ir + b_ir + h' W_hr + b_hr)
/// z = σ(x W_iz + b_iz + h' W_hz + b_hz)
/// n = tanh(x W_in + b_in + r (h' W_hn + b_hn))
/// h = (1 - z) n + z h'
/// ```
///
/// The names of the parameters are PyTorch's: `weight_ih_l0` (`[inputs, 3 hidden]` in memory, transposed in
/// files), `weight_hh_l0`, `bias_ih_l0` and `bias_hh_l0`, then `.._l0_reverse`, `.._l1` and so on; they begin
/// with numbers from U(-a, a), a = 1 / √hidden. A layer above the first reads both directions of the one
/// below. All steps of a layer are one op of the tape. Cho et al. 2014, "Learning phrase representations
/// using RNN encoder-decoder for statistical machine translation"; r after the product as in Chung et al.
/// 2014.
///
/// ```
/// use nn::{Fields, Gru, Module, Pass, RecurrentConfig};
/// use rand::{SeedableRng, rngs::ChaCha8Rng};
/// use tensor::{Tape, ndarray::Array3};
///
/// let rng = &mut ChaCha8Rng::seed_from_u64(0);
/// let config = RecurrentConfig { bidirectional: true, bias: false, ..RecurrentConfig::default() };
/// let gru = Gru::<f32>::new(3, 4, config, rng)?;
/// assert_eq!(
///     gru.names(),
///     ["weight_ih_l0", "weight_hh_l0", "weight_ih_l0_reverse", "weight_hh_l0_reverse"]
/// );
/// let tape = Tape::new();
/// let x = tape.constant(&Array3::ones((2, 5, 3)))?;
/// assert_eq!(gru.forward(x, &mut Pass::eval())?.shape()?[..], [2, 5, 8]);
/// // The second sequence has two steps; the backward state (the second half) is final at the first.
/// let all = gru.forward_with(x, Some(&[5, 2]), None, &mut Pass::eval())?;
/// let (output, hidden) = (all.output.value()?, all.hidden.value()?);
/// assert_eq!(output[[1, 2, 0]], 0.0);
/// assert_eq!(output[[1, 1, 0]], hidden[[0, 1, 0]]);
/// assert_eq!(output[[1, 0, 4]], hidden[[1, 1, 0]]);
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Gru<T: Element>(Stack<T>);

/// What a [`Gru`] gives.
#[derive(Debug, Clone, Copy)]
pub struct GruOutput<'t, T: Element> {
    /// The states of the last layer, `[batch, time, directions hidden]`, forward and then backward; 0 after
    /// the end of a sequence.
    pub output: Var<'t, T>,
    /// The final state of each layer and direction, `[layers directions, batch, hidden]`: after the last
    /// step of each sequence, backward after its first.
    pub hidden: Var<'t, T>,
}

impl<T: Element> Fields<T> for Gru<T> {
    fn visit<'a>(&'a self, path: Path<'_>, f: &mut Visit<'_, 'a, T>) -> Result<()> {
        self.0.visit(path, f)
    }

    fn visit_mut(&mut self, path: Path<'_>, f: &mut VisitMut<'_, T>) -> Result<()> {
        self.0.visit_mut(path, f)
    }
}

impl<T: Element> Gru<T> {
    /// A layer with states of this size.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`](crate::ErrorKind::Setting) for 0 inputs, states or layers, and for a
    /// probability that is not between 0 and 1.
    pub fn new(inputs: usize, hidden: usize, config: RecurrentConfig, rng: &mut impl Rng) -> Result<Self> {
        Ok(Self(Stack::new(("gru", 3), [inputs, hidden], config, rng)?))
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

    /// Output and final states, from the length of each sequence (all steps if `None`) and the states at the
    /// beginning, `[layers directions, batch, hidden]` (0 if `None`); as [`Lstm`](crate::Lstm)'s.
    ///
    /// ```
    /// use nn::{Gru, Pass, RecurrentConfig};
    /// use rand::{SeedableRng, rngs::ChaCha8Rng};
    /// use tensor::{Tape, ndarray::array};
    ///
    /// let rng = &mut ChaCha8Rng::seed_from_u64(0);
    /// let gru = Gru::<f64>::new(1, 2, RecurrentConfig::default(), rng)?;
    /// let (tape, pass) = (Tape::new(), &mut Pass::eval());
    /// let x = tape.constant(&array![[[1.0], [2.0], [3.0]]])?;
    /// let whole = gru.forward_with(x, None, None, pass)?;
    /// let first = gru.forward_with(x.narrow(1, 0, 2)?, None, None, pass)?;
    /// let second = gru.forward_with(x.narrow(1, 2, 1)?, None, Some(first.hidden), pass)?;
    /// assert_eq!(second.hidden.value()?, whole.hidden.value()?);
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
        state: Option<Var<'t, T>>,
        pass: &mut Pass<'_, T>,
    ) -> Result<GruOutput<'t, T>> {
        let state = state.map(|state| [state]);
        let (output, [hidden]) = self.0.forward(x, lengths, state, pass, scan)?;
        Ok(GruOutput { output, hidden })
    }
}

impl<T: Element> Module<T> for Gru<T> {
    /// The output alone; [`forward_with`](Gru::forward_with) gives the final states too.
    fn forward<'t>(&self, x: Var<'t, T>, pass: &mut Pass<'_, T>) -> Result<Var<'t, T>> {
        Ok(self.forward_with(x, None, None, pass)?.output)
    }
}

fn scan<'t, T: Element>(scan: &Scan<'_, 't, T, 1>) -> Result<Scanned<'t, T, 1>> {
    let (input, state) = scan.biases()?.map_or((None, None), |[input, state]| (Some(input), Some(state)));
    let weight = scan.x.tape().param(&scan.weights.state)?;
    let [hidden] = scan.states;
    let all = scan.product(input)?.gru(weight, state, hidden, scan.lengths, scan.direction)?;
    Ok((all, [scan.last(all)?]))
}
