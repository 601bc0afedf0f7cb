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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::op::{Backward, Forward, Inputs, Op, Shapes};
    use crate::{Element, Result, Shape};
    use ndarray::array;

    /// x² with a derivative that is wrong by a factor, or missing at one element.
    #[derive(Debug)]
    struct Square {
        factor: f64,
        skipped: Option<usize>,
    }

    impl<T: Element> Op<T> for Square {
        fn name(&self) -> &'static str {
            "square"
        }

        fn infer(&self, inputs: Shapes<'_, T>) -> Result<Shape> {
            Ok(*inputs.exactly::<1>("square")?[0])
        }

        fn forward(&self, inputs: Inputs<'_, T>, out: Forward<'_, T>) -> Result<()> {
            out.values.iter_mut().zip(inputs.get(0).values).for_each(|(y, &x)| *y = x * x);
            Ok(())
        }

        fn backward(&self, mut step: Backward<'_, T>) -> Result<()> {
            let factor = T::from_f64(self.factor);
            let Some(sink) = step.grads.of(0) else { return Ok(()) };
            for (i, gradient) in sink.so_far().iter_mut().enumerate() {
                if self.skipped != Some(i) {
                    *gradient += step.upstream[i] * factor * step.inputs.get(0).values[i];
                }
            }
            Ok(())
        }
    }

    fn checked(factor: f64, skipped: Option<usize>) -> Result<(), CheckError> {
        let inputs = [array![[0.5, -1.0], [2.0, 3.0]].into_dyn()];
        check(|x| x[0].tape().apply(Square { factor, skipped }, &[x[0]]), &inputs)
    }

    #[test]
    fn a_wrong_derivative_is_named() {
        assert_eq!(checked(2.0, None), Ok(()));
        let error = checked(2.001, None).unwrap_err().to_string();
        assert!(
            error.starts_with("square: gradient of input 0 at element [0, 0]: backward says 1.1185"),
            "{error}"
        );
        let error = checked(2.0, Some(2)).unwrap_err().to_string();
        assert!(error.contains("element [1, 0]: backward says 0, differences say"), "{error}");
        let error = checked(f64::NAN, None).unwrap_err().to_string();
        assert!(error.contains("backward says NaN"), "{error}");
    }

    #[test]
    fn no_two_outputs_have_the_same_weight() {
        let weights = ArrayD::from_shape_fn(&[5, 7][..], weight_of(&[5, 7]));
        let mut seen: Vec<f64> = weights.iter().copied().collect();
        seen.sort_by(f64::total_cmp);
        seen.dedup();
        assert_eq!(seen.len(), 35, "{weights}");
    }
}
