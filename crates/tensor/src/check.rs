//! A checker of gradients: every derivative against a difference quotient.

use crate::{Dual, Error, Tape, Var, hvp, jvp, vjp};
use ndarray::{ArrayD, Dimension, IxDyn, Zip};

/// Why a gradient was not accepted.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CheckError {
    /// The function itself was refused.
    #[error(transparent)]
    Tape(#[from] Error),
    /// A derivative differs from its difference quotient.
    #[error(
        "{op}: {what} of input {input} at element {element:?}: \
         backward says {backward}, differences say {differences}"
    )]
    Mismatch {
        /// The op that made the function's result.
        op: &'static str,
        /// `gradient`, `Hessian-vector product` or `Jacobian-vector product`.
        what: &'static str,
        /// Position of the input.
        input: usize,
        /// Where in the input.
        element: Vec<usize>,
        /// What the tape computed.
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
    let weights = weights_for(&output.shape()?);
    let (_, gradients) = vjp(&f, inputs, &weights)?;
    let value = |inputs: &[ArrayD<f64>]| -> Result<ArrayD<f64>, Error> {
        let tape = Tape::new();
        let vars = inputs.iter().map(|x| tape.var(x)).collect::<Result<Vec<_>, _>>()?;
        f(&vars)?.value()
    };
    for (input, values) in inputs.iter().enumerate() {
        for (element, &x) in values.indexed_iter() {
            let h = 6e-6 * x.abs().max(1.0);
            let mut moved = inputs.to_vec();
            let mut at = |x: f64| {
                moved[input][&element] = x;
                value(&moved)
            };
            let difference = at(x + h)? - at(x - h)?;
            let differences = (difference * &weights).sum() / ((x + h) - (x - h));
            let place = Place { op: output.op()?, what: "gradient", input };
            place.compare(&element, gradients[input][&element], differences)?;
        }
    }
    Ok(())
}

/// Checks a function's exact Hessian-vector product against central differences of its gradient, and its
/// Jacobian-vector product (forwards) against the gradient (backwards).
///
/// The function runs on dual numbers, the outputs are weighted as in [`check`].
///
/// ```
/// use tensor::{check_second, ndarray::array};
///
/// check_second(|x| x[0].mul(x[1])?.exp(), &[array![1.0, 0.2].into_dyn(), array![0.3].into_dyn()])?;
/// # Ok::<(), tensor::CheckError>(())
/// ```
///
/// # Errors
/// [`CheckError::Mismatch`] names the op, the input, the element and both numbers.
pub fn check_second<F>(f: F, inputs: &[ArrayD<f64>]) -> Result<(), CheckError>
where
    F: for<'t> Fn(&[Var<'t, Dual<f64>>]) -> Result<Var<'t, Dual<f64>>, Error>,
{
    let still = |inputs: &[ArrayD<f64>]| -> Vec<ArrayD<Dual<f64>>> {
        inputs.iter().map(|x| x.mapv(|x| Dual::new(x, 0.0))).collect()
    };
    let tape = Tape::new();
    let vars = still(inputs).iter().map(|x| tape.var(x)).collect::<Result<Vec<_>, _>>()?;
    let output = f(&vars)?;
    let weights = weights_for(&output.shape()?);
    let dual_weights = weights.mapv(|weight| Dual::new(weight, 0.0));
    let directions: Vec<ArrayD<f64>> =
        inputs.iter().map(|x| weights_for(x.shape()).mapv(|w| w - 0.3)).collect();
    let products = hvp(|x| f(x)?.mul(x[0].tape().constant(&dual_weights)?)?.sum(), inputs, &directions)?;
    let gradient =
        |inputs: &[ArrayD<f64>]| vjp(&f, &still(inputs), &dual_weights).map(|(_, gradients)| gradients);
    let along = |h: f64| -> Vec<ArrayD<f64>> {
        inputs.iter().zip(&directions).map(|(x, direction)| x + &(direction * h)).collect()
    };
    let h = 1e-5;
    let (above, below) = (gradient(&along(h))?, gradient(&along(-h))?);
    for (input, product) in products.iter().enumerate() {
        for (element, &product) in product.indexed_iter() {
            let differences = (above[input][&element].value - below[input][&element].value) / (2.0 * h);
            let place = Place { op: output.op()?, what: "Hessian-vector product", input };
            place.compare(&element, product, differences)?;
        }
    }
    let (_, slope) = jvp(&f, inputs, &directions)?;
    let forwards = (slope * &weights).sum();
    let gradients = gradient(inputs)?;
    let dot = |(g, direction): (&ArrayD<Dual<f64>>, &ArrayD<f64>)| {
        Zip::from(g).and(direction).fold(0.0, |sum, g, direction| sum + g.value * direction)
    };
    let backwards: f64 = gradients.iter().zip(&directions).map(dot).sum();
    let place = Place { op: output.op()?, what: "Jacobian-vector product", input: 0 };
    place.compare(&IxDyn(&[]), backwards, forwards)
}

/// Where a derivative is compared.
struct Place {
    op: &'static str,
    what: &'static str,
    input: usize,
}

impl Place {
    fn compare(self, element: &IxDyn, backward: f64, differences: f64) -> Result<(), CheckError> {
        // Written so that NaN is refused.
        if (backward - differences).abs() <= TOLERANCE * differences.abs().max(1.0) {
            return Ok(());
        }
        let Self { op, what, input } = self;
        let element = element.slice().to_vec();
        Err(CheckError::Mismatch { op, what, input, element, backward, differences })
    }
}

/// Weights between 0.5 and 1.5 with mixed signs and no pattern that a wrong derivative could share.
fn weights_for(shape: &[usize]) -> ArrayD<f64> {
    let mut count = 0usize;
    ArrayD::from_shape_simple_fn(shape, || {
        count += 1;
        let golden = (count as f64 * 0.618_033_988_749_895).fract();
        if count % 3 == 2 { -0.5 - golden } else { 0.5 + golden }
    })
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
        let weights = weights_for(&[5, 7]);
        let mut seen: Vec<f64> = weights.iter().copied().collect();
        seen.sort_by(f64::total_cmp);
        seen.dedup();
        assert_eq!(seen.len(), 35, "{weights}");
    }
}
