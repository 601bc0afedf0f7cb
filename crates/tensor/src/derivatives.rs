//! Derivatives of whole functions: products with Jacobians and Hessians, and the matrices themselves.

use crate::{Dual, Element, ErrorKind, Result, Shape, Tape, Var};
use ndarray::{Array2, ArrayD, Zip};

/// The value of `f` and `Σ weights ∂f/∂x` for every input: one pass backwards.
///
/// ```
/// use tensor::{ndarray::array, vjp};
///
/// let (x, weights) = ([array![1.0, 2.0].into_dyn()], array![1.0, 10.0].into_dyn());
/// let (value, products) = vjp(|x| x[0].mul(x[0]), &x, &weights)?;
/// assert_eq!(value, array![1.0, 4.0].into_dyn());
/// assert_eq!(products, [array![2.0, 40.0].into_dyn()]);
/// # Ok::<(), tensor::Error>(())
/// ```
///
/// # Errors
/// What `f` refuses; [`ErrorKind::Shapes`] unless the weights have the shape of its result.
pub fn vjp<T: Element, F>(
    f: F,
    inputs: &[ArrayD<T>],
    weights: &ArrayD<T>,
) -> Result<(ArrayD<T>, Vec<ArrayD<T>>)>
where
    F: for<'t> Fn(&[Var<'t, T>]) -> Result<Var<'t, T>>,
{
    let tape = Tape::new();
    let vars = inputs.iter().map(|x| tape.var(x)).collect::<Result<Vec<_>>>()?;
    let output = f(&vars)?;
    let value = output.value()?;
    let gradients = tape.backward_with(output, weights)?;
    let products = vars.iter().map(|&var| gradients.wrt(var)).collect::<Result<_>>()?;
    Ok((value, products))
}

/// The value of `f` and its derivative along a direction, `Σ ∂f/∂x · direction`: one pass forwards.
///
/// ```
/// use tensor::{jvp, ndarray::array};
///
/// let (x, direction) = ([array![1.0, 2.0].into_dyn()], [array![1.0, 10.0].into_dyn()]);
/// let (value, slope) = jvp(|x| x[0].mul(x[0]), &x, &direction)?;
/// assert_eq!(value, array![1.0, 4.0].into_dyn());
/// assert_eq!(slope, array![2.0, 40.0].into_dyn());
/// # Ok::<(), tensor::Error>(())
/// ```
///
/// # Errors
/// What `f` refuses; [`ErrorKind::Shapes`] or [`ErrorKind::Arity`] unless there is a direction of the same
/// shape for every input.
pub fn jvp<T: Element, F>(
    f: F,
    inputs: &[ArrayD<T>],
    directions: &[ArrayD<T>],
) -> Result<(ArrayD<T>, ArrayD<T>)>
where
    F: for<'t> Fn(&[Var<'t, Dual<T>>]) -> Result<Var<'t, Dual<T>>>,
{
    let tape = Tape::new();
    let output = f(&duals(&tape, "jvp", inputs, directions)?)?.value()?;
    Ok((output.mapv(|x| x.value), output.mapv(|x| x.tangent)))
}

/// The product of the Hessian of `f`, a single number, with a direction: exact, by one pass backwards over
/// dual numbers.
///
/// ```
/// use tensor::{hvp, ndarray::array};
///
/// // Σ x³ has the Hessian diag(6x).
/// let (x, direction) = ([array![1.0, 2.0].into_dyn()], [array![1.0, 10.0].into_dyn()]);
/// let products = hvp(|x| x[0].mul(x[0])?.mul(x[0])?.sum(), &x, &direction)?;
/// assert_eq!(products, [array![6.0, 120.0].into_dyn()]);
/// # Ok::<(), tensor::Error>(())
/// ```
///
/// # Errors
/// What `f` refuses; [`ErrorKind::NoGradient`] unless its result is a single number; otherwise as [`jvp`].
pub fn hvp<T: Element, F>(f: F, inputs: &[ArrayD<T>], directions: &[ArrayD<T>]) -> Result<Vec<ArrayD<T>>>
where
    F: for<'t> Fn(&[Var<'t, Dual<T>>]) -> Result<Var<'t, Dual<T>>>,
{
    let tape = Tape::new();
    let vars = duals(&tape, "hvp", inputs, directions)?;
    let gradients = tape.backward(f(&vars)?)?;
    vars.iter().map(|&var| Ok(gradients.wrt(var)?.mapv(|x| x.tangent))).collect()
}

/// The Jacobian of `f`: a row for every element of its result, a column for every element of the inputs,
/// one input after the other. One pass backwards a row.
///
/// ```
/// use tensor::{jacobian, ndarray::array};
///
/// let rows = jacobian(|x| x[0].mul(x[1]), &[array![1.0, 2.0].into_dyn(), array![5.0].into_dyn()])?;
/// assert_eq!(rows, array![[5.0, 0.0, 1.0], [0.0, 5.0, 2.0]]);
/// # Ok::<(), tensor::Error>(())
/// ```
///
/// # Errors
/// What `f` refuses.
pub fn jacobian<T: Element, F>(f: F, inputs: &[ArrayD<T>]) -> Result<Array2<T>>
where
    F: for<'t> Fn(&[Var<'t, T>]) -> Result<Var<'t, T>>,
{
    let tape = Tape::new();
    let vars = inputs.iter().map(|x| tape.var(x)).collect::<Result<Vec<_>>>()?;
    let output = f(&vars)?;
    let shape = output.shape()?;
    let columns = inputs.iter().map(ArrayD::len).sum();
    let mut rows = Array2::from_elem((shape.size(), columns), T::zero());
    for (i, row) in rows.outer_iter_mut().enumerate() {
        let gradients = tape.backward_with(output, &unit(&shape, i))?;
        let mut row = row.into_iter();
        for &var in &vars {
            // The gradient first: `zip` takes from its first iterator before it finds the second one empty.
            for (&slope, out) in gradients.wrt(var)?.iter().zip(row.by_ref()) {
                *out = slope;
            }
        }
    }
    Ok(rows)
}

/// The Hessian of `f`, a single number: a row and a column for every element of the inputs, one input after
/// the other. Exact, one [`hvp`] a row.
///
/// ```
/// use tensor::{hessian, ndarray::array};
///
/// // x² y at (2, 3): [[2y, 2x], [2x, 0]]
/// let matrix = hessian(|x| x[0].mul(x[0])?.mul(x[1]), &[array![2.0].into_dyn(), array![3.0].into_dyn()])?;
/// assert_eq!(matrix, array![[6.0, 4.0], [4.0, 0.0]]);
/// # Ok::<(), tensor::Error>(())
/// ```
///
/// # Errors
/// As [`hvp`].
pub fn hessian<T: Element, F>(f: F, inputs: &[ArrayD<T>]) -> Result<Array2<T>>
where
    F: for<'t> Fn(&[Var<'t, Dual<T>>]) -> Result<Var<'t, Dual<T>>>,
{
    let size = inputs.iter().map(ArrayD::len).sum();
    let mut matrix = Array2::from_elem((size, size), T::zero());
    let zeros: Vec<ArrayD<T>> = inputs.iter().map(|x| ArrayD::from_elem(x.raw_dim(), T::zero())).collect();
    let elements = inputs.iter().enumerate().flat_map(|(input, x)| (0..x.len()).map(move |i| (input, i)));
    for (row, (input, i)) in matrix.outer_iter_mut().zip(elements) {
        let mut directions = zeros.clone();
        directions[input] = unit(&Shape::new(inputs[input].shape())?, i);
        let products = hvp(&f, inputs, &directions)?;
        row.into_iter().zip(products.iter().flatten()).for_each(|(out, &x)| *out = x);
    }
    Ok(matrix)
}

/// Zeros but for a one.
fn unit<T: Element>(shape: &Shape, one: usize) -> ArrayD<T> {
    let mut count = 0..;
    let next = || if count.next() == Some(one) { T::one() } else { T::zero() };
    ArrayD::from_shape_simple_fn(&**shape, next)
}

/// Leaves whose tangents are the directions.
fn duals<'t, T: Element>(
    tape: &'t Tape<Dual<T>>,
    op: &'static str,
    inputs: &[ArrayD<T>],
    directions: &[ArrayD<T>],
) -> Result<Vec<Var<'t, Dual<T>>>> {
    if inputs.len() != directions.len() {
        let (expected, got) = (inputs.len(), directions.len());
        return Err(ErrorKind::Arity { op, expected, got }.into());
    }
    let leaf = |(x, direction): (&ArrayD<T>, &ArrayD<T>)| {
        if x.shape() != direction.shape() {
            let (lhs, rhs) = (Shape::new(x.shape())?, Shape::new(direction.shape())?);
            let expected = "a direction of the input's shape";
            return Err(ErrorKind::Shapes { op, lhs, rhs, expected }.into());
        }
        tape.var(&Zip::from(x).and(direction).map_collect(|&value, &tangent| Dual { value, tangent }))
    };
    inputs.iter().zip(directions).map(leaf).collect()
}
