//! The Cholesky factor of positive definite matrices, and their log-determinant.

use super::einsum::einsum;
use super::triangular::{Direction, solve, square};
use crate::kernels::{Matrix, Write, vectorize};
use crate::op::{Backward, Forward, Inputs, Op, Shapes};
use crate::{Element, ErrorKind, Result, Shape, Var};

/// The lower triangular L with a positive diagonal and `L Lᵀ = (A + Aᵀ) / 2`.
#[derive(Debug)]
struct Cholesky {
    name: &'static str,
}

impl<T: Element> Op<T> for Cholesky {
    fn name(&self) -> &'static str {
        self.name
    }

    fn infer(&self, inputs: Shapes<'_, T>) -> Result<Shape> {
        let [a] = inputs.exactly(self.name)?;
        square(self.name, a)?;
        Ok(*a)
    }

    fn forward(&self, inputs: Inputs<'_, T>, out: Forward<'_, T>) -> Result<()> {
        let n = square(self.name, out.shape)?;
        if out.values.is_empty() {
            return Ok(());
        }
        let matrices = inputs.get(0).values.chunks_exact(n * n).zip(out.values.chunks_exact_mut(n * n));
        for (matrix, (a, l)) in matrices.enumerate() {
            if let Some((row, pivot)) = factor(a, l, n) {
                let (op, pivot) = (self.name, pivot.to_f64());
                return Err(ErrorKind::NotPositiveDefinite { op, matrix, row, pivot }.into());
            }
        }
        Ok(())
    }

    // With P the lower half of Lᵀ G, mirrored, all halved: dA = L⁻ᵀ P L⁻¹, which is symmetric. See Murray,
    // "Differentiation of the Cholesky decomposition", arXiv:1602.07527.
    fn backward(&self, mut step: Backward<'_, T>) -> Result<()> {
        let n = square(self.name, step.output.shape)?;
        let Some(sink) = step.grads.of(0) else {
            return Ok(());
        };
        let (out, write) = sink.parts();
        if out.is_empty() {
            return Ok(());
        }
        let (first, second) = step.scratch.take(2 * n * n).split_at_mut(n * n);
        let blocks = out.chunks_exact_mut(n * n).zip(step.upstream.chunks_exact_mut(n * n));
        for ((out, g), l) in blocks.zip(step.output.values.chunks_exact(n * n)) {
            // The upper half of L is 0 whatever A is.
            (0..n).for_each(|i| g[i * n + i + 1..(i + 1) * n].fill(T::zero()));
            let l = Matrix::new(l, n, n);
            T::gemm(first, Write::Store, T::from_f64(0.5), l.t(), Matrix::new(g, n, n));
            for (i, j) in below_the_diagonal(n) {
                first[j * n + i] = first[i * n + j];
            }
            solve(l.t(), Direction::Up, first, n);
            for i in 0..n {
                (0..n).for_each(|j| second[i * n + j] = first[j * n + i]);
            }
            solve(l.t(), Direction::Up, second, n);
            symmetric(out, write, second, n);
        }
        Ok(())
    }
}

/// The rows and columns of the elements below the diagonal.
fn below_the_diagonal(n: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..n).flat_map(|i| (0..i).map(move |j| (i, j)))
}

/// `out (+)= (x + xᵀ) / 2`
fn symmetric<T: Element>(out: &mut [T], write: Write, x: &[T], n: usize) {
    let half = T::from_f64(0.5);
    for (at, out) in out.iter_mut().enumerate() {
        let (i, j) = (at / n, at % n);
        let mean = half * x[i * n + j] + half * x[j * n + i];
        match write {
            Write::Store => *out = mean,
            Write::Add => *out += mean,
        }
    }
}

/// Writes L; or stops at the row whose pivot is not positive and returns both.
fn factor<T: Element>(a: &[T], l: &mut [T], n: usize) -> Option<(usize, T)> {
    symmetric(l, Write::Store, a, n);
    // The upper half becomes Lᵀ: there every step works on rows.
    let stopped = vectorize(
        #[inline(always)]
        || {
            for j in 0..n {
                let (above, below) = l.split_at_mut((j + 1) * n);
                let row = &mut above[j * n + j..];
                let pivot = row[0];
                if pivot <= T::zero() || pivot.is_nan() {
                    return Some((j, pivot));
                }
                let root = pivot.sqrt();
                row[0] = root;
                row[1..].iter_mut().for_each(|x| *x /= root);
                for (k, rest) in below.chunks_exact_mut(n).enumerate() {
                    let (factor, row) = (row[k + 1], &row[k + 1..]);
                    rest[j + 1 + k..].iter_mut().zip(row).for_each(|(x, &y)| *x -= factor * y);
                }
            }
            None
        },
    );
    for (i, j) in below_the_diagonal(n) {
        l[i * n + j] = l[j * n + i];
        l[j * n + i] = T::zero();
    }
    stopped
}

impl<'t, T: Element> Var<'t, T> {
    /// The lower triangular L with a positive diagonal and `L Lᵀ = A`, for positive definite A `[.., n, n]`.
    /// Derivative `L⁻ᵀ P L⁻¹`, with P the lower half of `Lᵀ G`, mirrored and halved.
    ///
    /// The factor is that of the symmetric part `(A + Aᵀ) / 2`: of A itself where A is symmetric. So the
    /// gradient is symmetric, as PyTorch's is, and right for every element by itself. Beware if only one half
    /// of A is filled: PyTorch and NumPy read the lower half, this op both.
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let a = tape.var(&array![[4.0, 2.0], [2.0, 10.0]])?;
    /// let l = a.cholesky()?;
    /// assert_eq!(l.value()?, array![[2.0, 0.0], [1.0, 3.0]].into_dyn());
    /// // Σ L = √a + b/√a + √(c - b²/a) of [[a, b], [b, c]]
    /// let slopes = tape.backward(l.sum()?)?.wrt(a)?;
    /// assert!((slopes[[1, 1]] - 1.0 / 6.0).abs() < 1e-12);
    /// assert!((slopes[[0, 1]] - (1.0 / 2.0 - 1.0 / 6.0) / 2.0).abs() < 1e-12);
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::NotPositiveDefinite`] names the first row (and matrix of a batch) at which the factor
    /// does not exist, also for NaN; [`ErrorKind::Operand`] for matrices that are not square.
    pub fn cholesky(self) -> Result<Self> {
        self.unary(Cholesky { name: "cholesky" })
    }

    /// `ln det A` of positive definite matrices `[.., n, n]`: `[..]`. Derivative `A⁻¹`.
    ///
    /// Through the Cholesky factor, `2 Σ ln L[i, i]`, so the determinant itself may overflow. Of a matrix
    /// that is not symmetric the symmetric part counts, as in [`cholesky`](Self::cholesky).
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let a = tape.var(&array![[4.0, 0.0], [0.0, 0.25]])?;
    /// let y = a.logdet()?;
    /// assert_eq!(y.item()?, 0.0);
    /// assert_eq!(tape.backward(y)?.wrt(a)?, array![[0.25, 0.0], [0.0, 4.0]].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`cholesky`](Self::cholesky).
    pub fn logdet(self) -> Result<Self> {
        let factor = self.unary(Cholesky { name: "logdet" })?;
        let diagonal = einsum("...ii->...i", &[factor])?;
        let last = diagonal.shape()?.len() - 1;
        diagonal.ln()?.sum_axis(last)?.scale(T::from_f64(2.0))
    }
}

#[cfg(test)]
mod tests {
    use crate::{Element, Tape, Triangle, ndarray::Array2};

    /// A hundred rows: `L Lᵀ = A`, both systems with L give `A⁻¹ A = 1`, and `ln det` has the derivative A⁻¹.
    fn round_trip<T: Element>(tolerance: f64) {
        let n = 100;
        let wave =
            |i: usize, j: usize| (((i + 1) * (j + 1)) as f64 * 0.754_877_666).sin() / (n as f64).sqrt();
        let root = Array2::from_shape_fn((n, n), |(i, j)| T::from_f64(wave(i, j) + f64::from(i == j)));
        let tape = Tape::<T>::new();
        let root = tape.constant(&root).unwrap();
        let a = root.matmul_nt(root).unwrap().value().unwrap();
        let a = tape.var(&a).unwrap();
        let near = |x: &crate::ndarray::ArrayD<T>, y: &crate::ndarray::ArrayD<T>| {
            x.iter().zip(y).all(|(&x, &y)| (x - y).abs().to_f64() < tolerance)
        };
        let l = a.cholesky().unwrap();
        let product = l.matmul_nt(l).unwrap().value().unwrap();
        assert!(near(&product, &a.value().unwrap()));
        let half = l.solve_triangular(a, Triangle::Lower).unwrap();
        let one = l.solve_triangular(half, Triangle::LowerTransposed).unwrap().value().unwrap();
        let identity = Array2::from_shape_fn((n, n), |(i, j)| if i == j { T::one() } else { T::zero() });
        assert!(near(&one, &identity.clone().into_dyn()));
        let gradient = tape.backward(a.logdet().unwrap()).unwrap().wrt(a).unwrap();
        let product = tape.constant(&gradient).unwrap().matmul(a).unwrap().value().unwrap();
        assert!(near(&product, &identity.into_dyn()));
    }

    #[test]
    fn factors_of_a_large_matrix() {
        round_trip::<f64>(1e-10);
        round_trip::<f32>(1e-2);
    }
}
