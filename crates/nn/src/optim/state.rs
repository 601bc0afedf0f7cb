//! What an optimizer remembers, as plain data.

/// What an optimizer remembers, as plain data for a checkpoint: [`Optimizer::state`](crate::Optimizer::state)
/// gives it, [`Optimizer::restore`](crate::Optimizer::restore) takes it.
///
/// ```
/// use nn::{Fields, Optimizer, Sgd, SgdConfig};
/// use tensor::{Param, Tape, ndarray::array};
///
/// // The loss 3 w.
/// let mut w = Param::new(&array![1.0])?;
/// let mut sgd = Sgd::new(SgdConfig { rate: 0.5, momentum: 0.9, ..SgdConfig::default() })?;
/// let tape = Tape::<f64>::new();
/// let gradients = tape.backward(tape.param(&w)?.scale(3.0)?.sum()?)?;
/// sgd.step(&mut w, &gradients)?;
/// let state = sgd.state();
/// assert_eq!((&*state.kind, state.rate), ("sgd", 0.5));
/// assert_eq!(state.parameters[0].steps, 1);
/// assert_eq!(state.parameters[0].arrays, [("momentum_buffer".to_owned(), vec![3.0])]);
///
/// // Another optimizer goes on: 1 - 0.5 * 3 - 0.5 * (0.9 * 3 + 3).
/// let mut other = Sgd::new(SgdConfig { momentum: 0.9, ..SgdConfig::default() })?;
/// other.restore(&w, &state)?;
/// other.step(&mut w, &gradients)?;
/// assert!((w.values()[0] - (1.0 - 1.5 - 2.85)).abs() < 1e-12);
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct OptimizerState<T> {
    /// The rule, such as `adam`.
    pub kind: String,
    /// The learning rate.
    pub rate: f64,
    /// Every parameter of the model in the order of the visit; none before the first step.
    pub parameters: Vec<ParameterState<T>>,
}

/// What an optimizer remembers of one parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct ParameterState<T> {
    /// The parameter's name, such as `layers.0.weight`.
    pub name: String,
    /// Its shape, and that of every array.
    pub shape: Vec<usize>,
    /// How many steps it took.
    pub steps: u64,
    /// Arrays by name, such as `exp_avg`, row by row as the parameter lies in memory; none before the
    /// parameter's first step.
    pub arrays: Vec<(String, Vec<T>)>,
}
