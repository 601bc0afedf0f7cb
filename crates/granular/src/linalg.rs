//! The Cholesky factor and the pseudo-inverse, on faer: the one place that knows the linear algebra library.

use faer::diag::Diag;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt::{factor, solve};
use faer::linalg::matmul::triangular::{self, BlockStructure};
use faer::linalg::svd::{self, ComputeSvdVectors};
use faer::{Accum, Par};

pub(crate) use faer::Mat;

/// `K = L Lᵀ` of a symmetric positive definite matrix.
#[derive(Debug, Clone)]
pub(crate) struct Cholesky {
    lower: Mat<f64>,
}

impl Cholesky {
    /// Factorises K, of which the lower triangle is read. None when a pivot is not above `smallest` times its diagonal
    /// element: then K is not positive definite, or too close to not being it.
    ///
    /// On one thread always: faer's own default is a setting of the whole process, and the bits must not depend on it.
    pub(crate) fn new(mut k: Mat<f64>, smallest: f64) -> Option<Self> {
        let size = k.nrows();
        let diagonal: Vec<f64> = (0..size).map(|i| k[(i, i)]).collect();
        let scratch = factor::cholesky_in_place_scratch::<f64>(size, Par::Seq, Default::default());
        let mut memory = MemBuffer::new(scratch);
        let stack = MemStack::new(&mut memory);
        factor::cholesky_in_place(k.as_mut(), Default::default(), Par::Seq, stack, Default::default())
            .ok()?;
        let sound = (0..size).all(|i| k[(i, i)].is_finite() && k[(i, i)].powi(2) > smallest * diagonal[i]);
        sound.then_some(Self { lower: k })
    }

    /// `K⁻¹ b`, in place of b.
    pub(crate) fn solve(&self, b: &mut Mat<f64>) {
        let scratch = solve::solve_in_place_scratch::<f64>(self.lower.nrows(), b.ncols(), Par::Seq);
        let mut memory = MemBuffer::new(scratch);
        let stack = MemStack::new(&mut memory);
        solve::solve_in_place(self.lower.as_ref(), b.as_mut(), Par::Seq, stack);
    }
}

/// The lower triangle of `factor · A Aᵀ`; above it are zeros.
pub(crate) fn gram(a: &Mat<f64>, factor: f64) -> Mat<f64> {
    let mut out = Mat::zeros(a.nrows(), a.nrows());
    let (lower, whole) = (BlockStructure::TriangularLower, BlockStructure::Rectangular);
    let (left, right) = (a.as_ref(), a.transpose());
    triangular::matmul(out.as_mut(), lower, Accum::Replace, left, whole, right, whole, factor, Par::Seq);
    out
}

/// The pseudo-inverse `X⁺ = V Σ⁺ Uᵀ` (Moore–Penrose) of an n × k matrix, k × n. Singular values below
/// `max(n, k) · ε` times the largest count as 0. None when the decomposition does not converge.
pub(crate) fn pseudo_inverse(x: &Mat<f64>) -> Option<Mat<f64>> {
    let (n, k) = (x.nrows(), x.ncols());
    let rank = n.min(k);
    let (mut u, mut v) = (Mat::zeros(n, rank), Mat::zeros(k, rank));
    let mut values = Diag::zeros(rank);
    let thin = ComputeSvdVectors::Thin;
    let mut memory = MemBuffer::new(svd::svd_scratch::<f64>(n, k, thin, thin, Par::Seq, Default::default()));
    let stack = MemStack::new(&mut memory);
    let (left, right) = (Some(u.as_mut()), Some(v.as_mut()));
    svd::svd(x.as_ref(), values.as_mut(), left, right, Par::Seq, stack, Default::default()).ok()?;
    let values: Vec<f64> = values.column_vector().iter().copied().collect();
    let smallest = values.iter().fold(0.0, |a: f64, &b| a.max(b)) * n.max(k) as f64 * f64::EPSILON;
    let mut out = Mat::zeros(k, n);
    for (r, value) in values.into_iter().enumerate().filter(|(_, value)| *value > smallest) {
        for node in 0..n {
            let scaled = u[(node, r)] / value;
            for column in 0..k {
                out[(column, node)] += v[(column, r)] * scaled;
            }
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pseudo_inverses() {
        // A column and its double: X⁺ of a matrix without full rank.
        let x = Mat::from_fn(3, 2, |i, j| [1.0, 2.0, 2.0][i] * [1.0, 2.0][j]);
        let inverse = pseudo_inverse(&x).unwrap();
        for j in 0..2 {
            for i in 0..3 {
                assert!((inverse[(j, i)] - x[(i, j)] / 45.0).abs() < 1e-15);
            }
        }
        let zero = pseudo_inverse(&Mat::zeros(2, 3)).unwrap();
        assert_eq!(zero, Mat::<f64>::zeros(3, 2));
    }

    #[test]
    fn products_of_rows() {
        let a = Mat::from_fn(3, 2, |i, j| [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]][i][j]);
        let expected = [[2.5, 0.0, 0.0], [5.5, 12.5, 0.0], [8.5, 19.5, 30.5]];
        assert_eq!(gram(&a, 0.5), Mat::from_fn(3, 3, |i, j| expected[i][j]));
    }

    #[test]
    fn solves_and_refuses() {
        let k = |i: usize, j: usize| [[4.0, 2.0], [2.0, 5.0]][i][j];
        let mut b = Mat::from_fn(2, 1, |i, _| [8.0, 12.0][i]);
        Cholesky::new(Mat::from_fn(2, 2, k), 1e-13).unwrap().solve(&mut b);
        assert!((b[(0, 0)] - 1.0).abs() < 1e-15 && (b[(1, 0)] - 2.0).abs() < 1e-15);
        assert!(Cholesky::new(Mat::from_fn(2, 2, |_, _| 1.0), 1e-13).is_none());
        assert!(Cholesky::new(Mat::from_fn(1, 1, |_, _| f64::NAN), 0.0).is_none());
        assert!(Cholesky::new(Mat::zeros(0, 0), 0.0).is_some());
    }
}
