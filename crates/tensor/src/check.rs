//! A checker of gradients: every derivative against a difference quotient.

use crate::{Error, Tape, Var};
use ndarray::ArrayD;

/// Why a gradient was not accepted.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CheckError {
    /// The function itself was refused.
    #[error(transparent)]
    Tape(#[from] Error),
    /// A derivative differs from its difference quotient.
    #[error(
        "{op}: gradient of input {input} at element {element:?}: backward says {backward}, differences say {differences}"
    )]
    Mismatch {
        /// The op that made the function's result.
        op: &'static str,
        /// Position of the input.
        input: usize,
        /// Where in the input.
        element: Vec<usize>,
        /// What `backward` computed.
        backward: f64,
        /// What central differences give.
        differences: f64,
    },
}

/// How far a derivative may be from its difference quotient, absolute below 1 and relative above.
const TOLERANCE: f64 = 1e-6;

/// Checks the gradient of a function of arrays against central differences in `f64`.
///
/// The function's outputs are weighted unevenly, so that a gradient which is only right for ones does not
/// pass. With the step `h = 6e-6 max(1, |x|)` differences of a smooth function are right to about nine
/// digits; inputs must stay away from kinks by more than `h`.
///
/// ```
/// use tensor::{check, ndarray::array};
///
/// check(|x| x[0].mul(x[1]), &[array![1.0, 2.0].into_dyn(), array![[3.0], [4.0]].into_dyn()])?;
/// # Ok::<(), tensor::CheckError>(())
/// ```
///
/// # Errors
/// [`CheckError::Mismatch`] names the op, the input, the element and both numbers.
pub fn check<F>(f: F, inputs: &[ArrayD<f64>]) -> Result<(), CheckError>
where
    F: for<'t> Fn(&[Var<'t, f64>]) -> Result<Var<'t, f64>, Error>,
{
    let tape = Tape::new();
    let vars = inputs.iter().map(|x| tape.var(x)).collect::<Result<Vec<_>, _>>()?;
    let output = f(&vars)?;
    let shape = output.shape()?;
    let weights = ArrayD::from_shape_fn(&*shape, weight_of(&shape));
    let gradients = tape.backward_with(output, &weights)?;
    let mut replay = Replay { tape: Tape::new(), f: &f };
    for (input, values) in inputs.iter().enumerate() {
        let backward = gradients.wrt(vars[input])?;
        for (element, _) in values.indexed_iter() {
            let x = values[&element];
            let h = 6e-6 * x.abs().max(1.0);
            let mut moved = inputs.to_vec();
            let mut at = |x: f64| {
                moved[input][&element] = x;
                replay.value(&moved)
            };
            let (above, below) = (at(x + h)?, at(x - h)?);
            let quotient = (&above - &below) / ((x + h) - (x - h));
            let differences = (quotient * &weights).sum();
            let (backward, op) = (backward[&element], output.op()?);
            // Written so that NaN is refused.
            let close = (backward - differences).abs() <= TOLERANCE * differences.abs().max(1.0);
            if !close {
                let element = ndarray::Dimension::slice(&element).to_vec();
                return Err(CheckError::Mismatch { op, input, element, backward, differences });
            }
        }
    }
    Ok(())
}

/// Weights between 0.5 and 1.5 with mixed signs and no pattern that a wrong derivative could share.
fn weight_of(shape: &[usize]) -> impl Fn(ndarray::IxDyn) -> f64 {
    move |index| {
        let flat = ndarray::Dimension::slice(&index).iter().zip(shape).fold(0, |flat, (&i, &n)| flat * n + i);
        let golden = ((flat + 1) as f64 * 0.618_033_988_749_895).fract();
        if flat % 3 == 1 { -0.5 - golden } else { 0.5 + golden }
    }
}

struct Replay<'f, F> {
    tape: Tape<f64>,
    f: &'f F,
}

impl<F> Replay<'_, F>
where
    F: for<'t> Fn(&[Var<'t, f64>]) -> Result<Var<'t, f64>, Error>,
{
    fn value(&mut self, inputs: &[ArrayD<f64>]) -> Result<ArrayD<f64>, Error> {
        self.tape.reset();
        let vars = inputs.iter().map(|x| self.tape.var(x)).collect::<Result<Vec<_>, _>>()?;
        (self.f)(&vars)?.value()
    }
}
