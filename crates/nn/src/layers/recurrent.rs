//! What recurrent layers share: stacked layers in one or two directions over sequences of any length.

use super::dropout::Dropout;
use super::lengths::Lengths;
use crate::{
    ErrorKind, Field, FieldMut, Fields, Init, Layout, Mode, Pass, Path, Result, Role, Visit, VisitMut,
};
use rand::Rng;
use tensor::ndarray::Array2;
use tensor::{Direction, Element, Indices, Param, Shape, Var, concat, stack};

/// The settings of [`Lstm`](crate::Lstm) and [`Gru`](crate::Gru).
///
/// | field | default | meaning | range |
/// |---|---|---|---|
/// | `layers` | 1 | layers on top of each other, each reads the states of the one below | from 1 |
/// | `bidirectional` | `false` | whether each layer also reads the sequence from its end | |
/// | `bias` | `true` | whether the gates' sums have biases | |
/// | `dropout` | 0 | the probability of leaving out a state between two layers in training | 0 to 1 |
///
/// ```
/// use nn::RecurrentConfig;
///
/// let config = RecurrentConfig { layers: 2, bidirectional: true, ..RecurrentConfig::default() };
/// assert_eq!((config.bias, config.dropout), (true, 0.0));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RecurrentConfig {
    /// Layers on top of each other.
    pub layers: usize,
    /// Whether each layer also reads the sequence from its end.
    pub bidirectional: bool,
    /// Whether the gates' sums have biases.
    pub bias: bool,
    /// The probability of leaving out a state between two layers.
    pub dropout: f64,
}

impl Default for RecurrentConfig {
    fn default() -> Self {
        Self { layers: 1, bidirectional: false, bias: true, dropout: 0.0 }
    }
}

/// The parameters of one layer in one direction, with PyTorch's names.
#[derive(Debug, Clone)]
pub(super) struct Weights<T: Element> {
    /// Of the input, `[inputs, gates hidden]`.
    pub(super) input: Param<T>,
    /// Of the state before, `[hidden, gates hidden]`.
    pub(super) state: Param<T>,
    /// The biases of both, `[gates hidden]`.
    pub(super) bias: Option<[Param<T>; 2]>,
    /// `weight_ih_l0`, `weight_hh_l0`, `bias_ih_l0`, `bias_hh_l0`
    names: [String; 4],
}

impl<T: Element> Weights<T> {
    /// Drawn from U(-a, a) with `a = 1 / √hidden`.
    fn new(
        [inputs, hidden, width]: [usize; 3],
        bias: bool,
        suffix: &str,
        rng: &mut impl Rng,
    ) -> Result<Self> {
        let init = Init::Uniform { bound: 1.0 / (hidden as f64).sqrt() };
        let mut draw = |shape: &[usize]| init.draw(shape, [inputs, hidden], rng);
        let (input, state) = (draw(&[inputs, width])?, draw(&[hidden, width])?);
        let bias = if bias { Some([draw(&[width])?, draw(&[width])?]) } else { None };
        let names = ["weight_ih", "weight_hh", "bias_ih", "bias_hh"].map(|name| format!("{name}_{suffix}"));
        Ok(Self { input, state, bias, names })
    }
}

impl<T: Element> Fields<T> for Weights<T> {
    fn visit<'a>(&'a self, path: Path<'_>, f: &mut Visit<'_, 'a, T>) -> Result<()> {
        let (role, layout) = (Role::Weight, Layout::Transposed);
        f(path.field(&self.names[0]), Field { param: &self.input, role, layout })?;
        f(path.field(&self.names[1]), Field { param: &self.state, role, layout })?;
        let bias = self.bias.iter().flatten().zip(&self.names[2..]);
        bias.into_iter().try_for_each(|(bias, name)| bias.visit(path.field(name), f))
    }

    fn visit_mut(&mut self, path: Path<'_>, f: &mut VisitMut<'_, T>) -> Result<()> {
        let (role, layout) = (Role::Weight, Layout::Transposed);
        f(path.field(&self.names[0]), FieldMut { param: &mut self.input, role, layout })?;
        f(path.field(&self.names[1]), FieldMut { param: &mut self.state, role, layout })?;
        let bias = self.bias.iter_mut().flatten().zip(&self.names[2..]);
        bias.into_iter().try_for_each(|(bias, name)| bias.visit_mut(path.field(name), f))
    }
}

/// Layers on top of each other, in one direction or two; each step has `gates` sums for every number of its
/// state.
#[derive(Debug, Clone)]
pub(super) struct Stack<T: Element> {
    owner: &'static str,
    pub(super) inputs: usize,
    pub(super) hidden: usize,
    pub(super) config: RecurrentConfig,
    dropout: Dropout,
    /// Layer by layer, each forward and then backward.
    weights: Vec<Weights<T>>,
}

impl<T: Element> Fields<T> for Stack<T> {
    fn visit<'a>(&'a self, path: Path<'_>, f: &mut Visit<'_, 'a, T>) -> Result<()> {
        self.weights.iter().try_for_each(|weights| weights.visit(path, f))
    }

    fn visit_mut(&mut self, path: Path<'_>, f: &mut VisitMut<'_, T>) -> Result<()> {
        self.weights.iter_mut().try_for_each(|weights| weights.visit_mut(path, f))
    }
}

/// What one layer does in one direction, with `N` kinds of states: x `[time, batch, inputs]`, states
/// `[batch, hidden]`.
pub(super) struct Scan<'a, 't, T: Element, const N: usize> {
    pub(super) x: Var<'t, T>,
    pub(super) weights: &'a Weights<T>,
    pub(super) states: [Var<'t, T>; N],
    pub(super) lengths: Option<Indices<'t, T>>,
    pub(super) direction: Direction,
}

impl<'t, T: Element, const N: usize> Scan<'_, 't, T, N> {
    /// The part of the gates' sums that the input gives, for all steps at once.
    pub(super) fn product(&self, bias: Option<Var<'t, T>>) -> Result<Var<'t, T>> {
        let weight = self.x.tape().param(&self.weights.input)?;
        Ok(match bias {
            Some(bias) => self.x.linear(weight, bias)?,
            None => self.x.matmul(weight)?,
        })
    }

    /// The biases of the input and of the state.
    pub(super) fn biases(&self) -> Result<Option<[Var<'t, T>; 2]>> {
        let tape = self.x.tape();
        let Some([input, state]) = &self.weights.bias else { return Ok(None) };
        Ok(Some([tape.param(input)?, tape.param(state)?]))
    }

    /// The final hidden state of those of all steps; states stay after the end of a sequence.
    pub(super) fn last(&self, all: Var<'t, T>) -> Result<Var<'t, T>> {
        let step = match self.direction {
            Direction::Forward => all.shape()?[0] - 1,
            Direction::Backward => 0,
        };
        Ok(all.narrow(0, step, 1)?.squeeze(0)?)
    }
}

/// The hidden states of all steps, `[time, batch, hidden]`, and the final states, `[batch, hidden]`.
pub(super) type Scanned<'t, T, const N: usize> = (Var<'t, T>, [Var<'t, T>; N]);

impl<T: Element> Stack<T> {
    pub(super) fn new(
        (owner, gates): (&'static str, usize),
        [inputs, hidden]: [usize; 2],
        config: RecurrentConfig,
        rng: &mut impl Rng,
    ) -> Result<Self> {
        let sizes = [
            ("the number of inputs", inputs),
            ("the size of the state", hidden),
            ("the number of layers", config.layers),
        ];
        for (name, size) in sizes {
            if size == 0 {
                return Err(ErrorKind::Setting { owner, name, expected: "positive", got: 0.0 }.into());
            }
        }
        let dropout = Dropout::new(config.dropout)?;
        let directions = directions(config);
        let mut weights = Vec::with_capacity(config.layers * directions.len());
        for layer in 0..config.layers {
            let inputs = if layer == 0 { inputs } else { hidden * directions.len() };
            for &direction in directions {
                let reverse = if direction == Direction::Backward { "_reverse" } else { "" };
                let sizes = [inputs, hidden, gates * hidden];
                weights.push(Weights::new(sizes, config.bias, &format!("l{layer}{reverse}"), rng)?);
            }
        }
        Ok(Self { owner, inputs, hidden, config, dropout, weights })
    }

    /// The output `[batch, time, directions hidden]` and the final states
    /// `[layers directions, batch, hidden]`.
    pub(super) fn forward<'t, const N: usize>(
        &self,
        x: Var<'t, T>,
        lengths: Option<&[usize]>,
        states: Option<[Var<'t, T>; N]>,
        pass: &mut Pass<'_, T>,
        scan: impl Fn(&Scan<'_, 't, T, N>) -> Result<Scanned<'t, T, N>>,
    ) -> Result<Scanned<'t, T, N>> {
        let (owner, tape) = (self.owner, x.tape());
        let [batch, time] = self.expect_input(x.shape()?)?;
        let lengths = Lengths::new(owner, lengths, [batch, time])?;
        let states = self.initial(x, states, batch)?;
        let (padding, counts) = (lengths.time_first(tape)?, lengths.on(tape)?);
        let fill = |x: Var<'t, T>| -> Result<Var<'t, T>> {
            Ok(padding.map_or(Ok(x), |padding| x.masked_fill(padding, T::zero()))?)
        };
        // What stands after the end of a sequence is not read, be it NaN.
        let mut x = fill(x.transpose(0, 1)?)?;
        let mut finals = Vec::with_capacity(self.weights.len());
        let directions = directions(self.config);
        for (layer, weights) in self.weights.chunks(directions.len()).enumerate() {
            if layer > 0 && self.config.dropout > 0.0 && pass.mode() == Mode::Train {
                x = pass.run("dropout", &self.dropout, x)?;
            }
            let mut outputs = Vec::with_capacity(directions.len());
            for (weights, &direction) in weights.iter().zip(directions) {
                let states = states[finals.len()];
                let (all, last) = scan(&Scan { x, weights, states, lengths: counts, direction })?;
                outputs.push(all);
                finals.push(last);
            }
            x = fill(if let [output] = *outputs { output } else { concat(&outputs, 2)? })?;
        }
        let mut last = [x; N];
        for (state, last) in last.iter_mut().enumerate() {
            let finals: Vec<_> = finals.iter().map(|states| states[state]).collect();
            *last = stack(&finals, 0)?;
        }
        Ok((x.transpose(0, 1)?, last))
    }

    /// Batch and time of an input that fits.
    fn expect_input(&self, shape: Shape) -> Result<[usize; 2]> {
        match *shape {
            [batch, time @ (1..), inputs] if inputs == self.inputs => Ok([batch, time]),
            _ => {
                let expected = format!("an input [batch, time, {}] with at least one step", self.inputs);
                Err(ErrorKind::Shape { owner: self.owner, expected, got: shape.to_vec() }.into())
            }
        }
    }

    /// The states at the beginning, layer by layer; 0 where nothing was said.
    fn initial<'t, const N: usize>(
        &self,
        x: Var<'t, T>,
        given: Option<[Var<'t, T>; N]>,
        batch: usize,
    ) -> Result<Vec<[Var<'t, T>; N]>> {
        let count = self.weights.len();
        let Some(given) = given else {
            let zero = x.tape().constant(&Array2::zeros((batch, self.hidden)))?;
            return Ok(vec![[zero; N]; count]);
        };
        for state in given {
            let shape = state.shape()?;
            if *shape != [count, batch, self.hidden] {
                let expected = format!("states [{count}, {batch}, {}] at the beginning", self.hidden);
                return Err(ErrorKind::Shape { owner: self.owner, expected, got: shape.to_vec() }.into());
            }
        }
        let mut states = vec![given; count];
        for (i, states) in states.iter_mut().enumerate() {
            for state in states {
                *state = state.narrow(0, i, 1)?.squeeze(0)?;
            }
        }
        Ok(states)
    }
}

fn directions(config: RecurrentConfig) -> &'static [Direction] {
    if config.bidirectional { &[Direction::Forward, Direction::Backward] } else { &[Direction::Forward] }
}
