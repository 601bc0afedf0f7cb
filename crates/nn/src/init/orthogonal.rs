//! Random orthogonal matrices.

use crate::{ErrorKind, Result};
use rand::{Rng, RngExt};
use rand_distr::StandardNormal;
use tensor::{Element, Param, ndarray::ArrayD};

/// A matrix whose rows, or columns if those are fewer, have length `gain` and are at right angles, evenly
/// among all such matrices. The first axis is the rows, all others together the columns.
pub(super) fn orthogonal<T: Element>(shape: &[usize], gain: f64, rng: &mut impl Rng) -> Result<Param<T>> {
    let [rows, others @ ..] = shape else { return Err(no_matrix(shape)) };
    if others.is_empty() {
        return Err(no_matrix(shape));
    }
    let (rows, columns) = (*rows, others.iter().product::<usize>());
    let (count, length) = (rows.min(columns), rows.max(columns));
    let basis = basis(count, length, rng);
    let at = |row: usize, column: usize| {
        if rows <= columns { basis[row * length + column] } else { basis[column * length + row] }
    };
    let values = (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)));
    let values = values.map(|(row, column)| T::from_f64(gain * at(row, column))).collect();
    let array = ArrayD::from_shape_vec(shape, values).expect("rows times columns elements");
    Ok(Param::new(&array)?)
}

/// `count` orthonormal vectors of this length, one after the other: those of a QR decomposition of a normal
/// matrix with a positive diagonal, which makes them uniform (Mezzadri 2007, "How to generate random matrices
/// from the classical compact groups").
///
/// Gram and Schmidt's way, each vector twice: after the second time it is orthogonal to all digits (Giraud et
/// al. 2005).
fn basis(count: usize, length: usize, rng: &mut impl Rng) -> Vec<f64> {
    let mut basis: Vec<f64> = Vec::with_capacity(count * length);
    while basis.len() < count * length {
        let mut vector: Vec<f64> = (0..length).map(|_| rng.sample(StandardNormal)).collect();
        let before = norm(&vector);
        for _ in 0..2 {
            for other in basis.chunks_exact(length) {
                let along = dot(other, &vector);
                vector.iter_mut().zip(other).for_each(|(x, o)| *x -= along * o);
            }
        }
        let after = norm(&vector);
        // What lies among the others by chance has no digits of its own left; another is drawn.
        if after > 1e-8 * before {
            basis.extend(vector.iter().map(|x| x / after));
        }
    }
    basis
}

/// In lanes, which vectors of the machine can add side by side.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    const LANES: usize = 8;
    let mut sums = [0.0; LANES];
    for (a, b) in a.chunks(LANES).zip(b.chunks(LANES)) {
        sums.iter_mut().zip(a.iter().zip(b)).for_each(|(sum, (a, b))| *sum += a * b);
    }
    sums.iter().sum()
}

fn norm(vector: &[f64]) -> f64 {
    dot(vector, vector).sqrt()
}

fn no_matrix(shape: &[usize]) -> crate::Error {
    let expected = "at least two axes for an orthogonal matrix".to_string();
    ErrorKind::Shape { owner: "init", expected, got: shape.to_vec() }.into()
}
