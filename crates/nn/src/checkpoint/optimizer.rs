//! What an optimizer or an average remembers of every parameter, as tensors and texts.
//!
//! The optimizer's array `exp_avg` of the parameter `0.weight` is the tensor `optimizer/exp_avg/0.weight`, as it
//! lies in memory. The text `optimizer.parameters` has a line for every parameter, in order: its steps, its shape
//! such as `2x3`, the names of its arrays, its name. Averages have `ema` in place of `optimizer`.

use super::archive::{Archive, Stored};
use super::number::Number;
use super::sections::{broken, one_number};
use crate::{OptimizerState, ParameterState, Result};
use tensor::ndarray::{ArrayViewD, IxDyn, aview0};

/// The text of the optimizer's rule.
const KIND: &str = "optimizer.kind";
/// The tensor of the learning rate.
const RATE: &str = "optimizer/rate";
const OPTIMIZER: &str = "optimizer";
/// What stands for an empty list.
const NONE: &str = "-";

/// An optimizer's state as a file has it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct StoredOptimizer {
    kind: String,
    rate: f64,
    parameters: StoredParameters,
}

impl StoredOptimizer {
    /// # Errors
    /// As [`StoredParameters::new`]; [`ErrorKind::Data`](crate::ErrorKind::Data) for a rate that is not finite.
    pub(crate) fn new<T: Number>(state: &OptimizerState<T>) -> Result<Self> {
        if !state.rate.is_finite() {
            return Err(broken("a finite learning rate", state.rate.to_string()));
        }
        let parameters = StoredParameters::new(&state.parameters)?;
        Ok(Self { kind: state.kind.clone(), rate: state.rate, parameters })
    }

    /// # Errors
    /// As [`StoredParameters::states`].
    pub(crate) fn state<T: Number>(&self) -> Result<OptimizerState<T>> {
        let parameters = self.parameters.states()?;
        Ok(OptimizerState { kind: self.kind.clone(), rate: self.rate, parameters })
    }

    pub(crate) fn store(&self, archive: &mut Archive) {
        archive.tensors.insert(RATE.into(), Stored::new(&aview0(&self.rate).into_dyn()));
        archive.texts.insert(KIND.into(), self.kind.clone());
        self.parameters.store(OPTIMIZER, archive);
    }

    /// Takes the state out of an archive, if it has one.
    ///
    /// # Errors
    /// [`ErrorKind::Data`](crate::ErrorKind::Data) for one that is not whole.
    pub(crate) fn take(archive: &mut Archive) -> Result<Option<Self>> {
        let Some(kind) = archive.texts.remove(KIND) else { return Ok(None) };
        let rate = archive.tensors.remove(RATE);
        let rate = rate.and_then(|stored| one_number(&stored)).filter(|rate| rate.is_finite());
        let rate = rate.ok_or_else(|| broken(format!("one finite F64 in `{RATE}`"), "something else"))?;
        let parameters = StoredParameters::take(OPTIMIZER, archive)?;
        let parameters = parameters.ok_or_else(|| broken("the parameters of the optimizer", "none"))?;
        Ok(Some(Self { kind, rate, parameters }))
    }
}

/// What is remembered of every parameter, as a file has it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct StoredParameters(Vec<StoredParameter>);

#[derive(Debug, Clone, PartialEq)]
struct StoredParameter {
    name: String,
    shape: Vec<usize>,
    steps: u64,
    arrays: Vec<(String, Stored)>,
}

fn tensor_name(section: &str, array: &str, parameter: &str) -> String {
    format!("{section}/{array}/{parameter}")
}

fn list_name(section: &str) -> String {
    format!("{section}.parameters")
}

impl StoredParameters {
    /// # Errors
    /// [`ErrorKind::Data`](crate::ErrorKind::Data) for a name that files do not hold, or an array of another
    /// size than its shape.
    pub(crate) fn new<T: Number>(states: &[ParameterState<T>]) -> Result<Self> {
        states.iter().map(StoredParameter::new).collect::<Result<_>>().map(Self)
    }

    /// # Errors
    /// [`ErrorKind::Data`](crate::ErrorKind::Data) for numbers too large for `T`.
    pub(crate) fn states<T: Number>(&self) -> Result<Vec<ParameterState<T>>> {
        self.0.iter().map(StoredParameter::state).collect()
    }

    pub(crate) fn store(&self, section: &str, archive: &mut Archive) {
        let mut lines = String::new();
        for parameter in &self.0 {
            lines.push_str(&parameter.line());
            lines.push('\n');
            for (array, stored) in &parameter.arrays {
                archive.tensors.insert(tensor_name(section, array, &parameter.name), stored.clone());
            }
        }
        archive.texts.insert(list_name(section), lines);
    }

    /// Takes what a section has out of an archive, if it is there.
    ///
    /// # Errors
    /// [`ErrorKind::Data`](crate::ErrorKind::Data) if it is not whole.
    pub(crate) fn take(section: &str, archive: &mut Archive) -> Result<Option<Self>> {
        let Some(lines) = archive.texts.remove(&list_name(section)) else { return Ok(None) };
        let mut take =
            |array: &str, parameter: &str| archive.tensors.remove(&tensor_name(section, array, parameter));
        lines
            .lines()
            .map(|line| StoredParameter::parse(line, &mut take))
            .collect::<Result<_>>()
            .map(|all| Some(Self(all)))
    }
}

impl StoredParameter {
    fn new<T: Number>(state: &ParameterState<T>) -> Result<Self> {
        let name = &state.name;
        let is_plain = |text: &str| !text.contains(['/', '\n', '\r']);
        let is_word = |text: &str| is_plain(text) && !text.is_empty() && !text.contains([' ', ',']);
        let wrong_array = state.arrays.iter().map(|(array, _)| array).find(|array| !is_word(array));
        if let Some(wrong) = wrong_array.or((!is_plain(name)).then_some(name)) {
            return Err(broken("a name that a file can hold", format!("`{wrong}`")));
        }
        let arrays = state.arrays.iter().map(|(array, values)| {
            let view = ArrayViewD::from_shape(IxDyn(&state.shape), values).map_err(|_| {
                let expected = format!("`{array}` of `{name}` with shape {:?}", state.shape);
                broken(expected, format!("{} elements", values.len()))
            })?;
            Ok((array.clone(), Stored::new(&view)))
        });
        let arrays = arrays.collect::<Result<_>>()?;
        Ok(Self { name: name.clone(), shape: state.shape.clone(), steps: state.steps, arrays })
    }

    fn state<T: Number>(&self) -> Result<ParameterState<T>> {
        let arrays = self.arrays.iter().map(|(array, stored)| {
            let values = stored.values();
            let values = values.map_err(|fault| broken_array(array, &self.name, &fault))?;
            Ok((array.clone(), values))
        });
        let arrays = arrays.collect::<Result<_>>()?;
        Ok(ParameterState { name: self.name.clone(), shape: self.shape.clone(), steps: self.steps, arrays })
    }

    fn line(&self) -> String {
        let joined = |list: Vec<String>, by| if list.is_empty() { NONE.into() } else { list.join(by) };
        let shape = joined(self.shape.iter().map(usize::to_string).collect(), "x");
        let arrays = joined(self.arrays.iter().map(|(array, _)| array.clone()).collect(), ",");
        format!("{} {shape} {arrays} {}", self.steps, self.name)
    }

    fn parse(line: &str, take: &mut dyn FnMut(&str, &str) -> Option<Stored>) -> Result<Self> {
        let wrong = || broken("the steps, shape, arrays and name of a parameter", format!("`{line}`"));
        let words: Vec<&str> = line.splitn(4, ' ').collect();
        let [steps, shape, arrays, name] = words[..] else { return Err(wrong()) };
        let steps = steps.parse().map_err(|_| wrong())?;
        let list = |word: &str, by: char| -> Vec<String> {
            if word == NONE { Vec::new() } else { word.split(by).map(Into::into).collect() }
        };
        let shape = list(shape, 'x').iter().map(|axis| axis.parse()).collect::<Result<Vec<usize>, _>>();
        let shape = shape.map_err(|_| wrong())?;
        let arrays = list(arrays, ',').into_iter().map(|array| {
            let stored = take(&array, name);
            let stored = stored.ok_or_else(|| broken_array(&array, name, "it is not there"))?;
            if stored.shape != shape {
                let fault = format!("expected shape {shape:?}, got {:?}", stored.shape);
                return Err(broken_array(&array, name, &fault));
            }
            Ok((array, stored))
        });
        let arrays = arrays.collect::<Result<_>>()?;
        Ok(Self { name: name.into(), shape, steps, arrays })
    }
}

fn broken_array(array: &str, parameter: &str, fault: &str) -> crate::Error {
    broken(format!("the array `{array}` of `{parameter}`"), fault)
}
