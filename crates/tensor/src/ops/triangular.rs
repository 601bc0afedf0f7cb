//! Systems of equations with a triangular matrix.

use crate::broadcast::{Loops, Parts, broadcast, reduce};
use crate::kernels::{Matrix, Write, vectorize};
use crate::op::{Backward, Forward, Inputs, Op, Shapes};
use crate::{Element, ErrorKind, MAX_RANK, Result, Shape, Var};

/// The half of a matrix that [`Var::solve_triangular`] reads, and whether it is transposed first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Triangle {
    /// `A x = b` with the elements on and below the diagonal.
    Lower,
    /// `A x = b` with the elements on and above the diagonal.
    Upper,
    /// `Aᵀ x = b` with the elements of A on and below the diagonal.
    LowerTransposed,
    /// `Aᵀ x = b` with the elements of A on and above the diagonal.
    UpperTransposed,
}

impl Triangle {
    fn transposed(self) -> bool {
        matches!(self, Self::LowerTransposed | Self::UpperTransposed)
    }

    /// Whether the matrix of the system, after transposing, is a lower one.
    fn direction(self) -> Direction {
        match self {
            Self::Lower | Self::UpperTransposed => Direction::Down,
            Self::Upper | Self::LowerTransposed => Direction::Up,
        }
    }

    /// Whether the element in row i and column j is read.
    fn reads(self, i: usize, j: usize) -> bool {
        match self {
            Self::Lower | Self::LowerTransposed => j <= i,
            Self::Upper | Self::UpperTransposed => j >= i,
        }
    }

    /// The matrix of the system.
    fn system<T>(self, values: &[T], n: usize) -> Matrix<'_, T> {
        let a = Matrix::new(values, n, n);
        if self.transposed() { a.t() } else { a }
    }
}

/// The order in which unknowns become known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    /// From the first row: a lower triangle.
    Down,
    /// From the last row: an upper triangle.
    Up,
}

impl Direction {
    fn reversed(self) -> Self {
        match self {
            Self::Down => Self::Up,
            Self::Up => Self::Down,
        }
    }
}

/// Turns `x`, the right-hand sides as `columns` columns, into the solution of `a x = b` by substitution.
pub(super) fn solve<T: Element>(a: Matrix<'_, T>, direction: Direction, x: &mut [T], columns: usize) {
    if columns == 0 {
        return;
    }
    let [n, _] = a.size();
    let mut row = |i: usize| {
        let (above, rest) = x.split_at_mut(i * columns);
        let (row, below) = rest.split_at_mut(columns);
        let (known, first) = if direction == Direction::Down { (above, 0) } else { (below, i + 1) };
        for (j, known) in known.chunks_exact(columns).enumerate() {
            let factor = a.at(i, first + j);
            row.iter_mut().zip(known).for_each(|(x, &known)| *x -= factor * known);
        }
        let pivot = a.at(i, i);
        row.iter_mut().for_each(|x| *x /= pivot);
    };
    vectorize(
        #[inline(always)]
        || match direction {
            Direction::Down => (0..n).for_each(&mut row),
            Direction::Up => (0..n).rev().for_each(&mut row),
        },
    );
}

/// `n` of an array of matrices `[.., n, n]`.
pub(super) fn square(op: &'static str, shape: &Shape) -> Result<usize> {
    match **shape {
        [.., rows, columns] if rows == columns => Ok(rows),
        _ => {
            let expected = "square matrices (the last two axes)";
            Err(ErrorKind::Operand { op, expected, got: *shape }.into())
        }
    }
}

/// The solution of `A x = b` or `Aᵀ x = b`.
#[derive(Debug)]
struct SolveTriangular(Triangle);

const OP: &str = "solve_triangular";

/// The sizes of a batch of systems.
struct Systems {
    loops: Loops,
    n: usize,
    columns: usize,
}

impl Systems {
    /// For shapes that `infer` has accepted.
    fn new(a: &Shape, b: &Shape, out: &Shape) -> Self {
        let columns = if b.len() > 1 { b[b.len() - 1] } else { 1 };
        let (left, right) = (&a[..a.len() - 2], &b[..b.len().saturating_sub(2)]);
        let batch = &out[..left.len().max(right.len())];
        let loops = Loops::new(&Shape::of(batch), &Shape::of(left), &Shape::of(right));
        Self { loops, n: a[a.len() - 1], columns }
    }
}

impl<T: Element> Op<T> for SolveTriangular {
    fn name(&self) -> &'static str {
        OP
    }

    fn infer(&self, inputs: Shapes<'_, T>) -> Result<Shape> {
        let [a, b] = inputs.exactly(OP)?;
        let n = square(OP, a)?;
        let refuse = |expected| ErrorKind::Shapes { op: OP, lhs: *a, rhs: *b, expected };
        let (right, last) = b.split_at(b.len().saturating_sub(2));
        if last.first() != Some(&n) {
            return Err(refuse("as many rows on the right as in the matrix").into());
        }
        let batch = broadcast(OP, &Shape::of(&a[..a.len() - 2]), &Shape::of(right))
            .map_err(|_| refuse("batch axes (all but the last two) of equal length or of length 1"))?;
        let mut axes = [0; MAX_RANK];
        let rank = batch.len() + last.len();
        axes[..batch.len()].copy_from_slice(&batch);
        axes[batch.len()..rank].copy_from_slice(last);
        Ok(Shape::of(&axes[..rank]))
    }

    fn forward(&self, inputs: Inputs<'_, T>, out: Forward<'_, T>) -> Result<()> {
        let (a, b) = (inputs.get(0), inputs.get(1));
        let Systems { loops, n, columns } = Systems::new(a.shape, b.shape, out.shape);
        let size = n * columns;
        loops.each(|at, at_a, at_b| {
            let x = &mut out.values[at * size..][..size];
            x.copy_from_slice(&b.values[at_b * size..][..size]);
            let system = self.0.system(&a.values[at_a * n * n..][..n * n], n);
            solve(system, self.0.direction(), x, columns);
        });
        Ok(())
    }

    // For A x = b: db solves Aᵀ db = g, and dA = -db xᵀ where A is read.
    fn backward(&self, mut step: Backward<'_, T>) -> Result<()> {
        let (a, b, x) = (step.inputs.get(0), step.inputs.get(1), step.output);
        let Systems { loops, n, columns } = Systems::new(a.shape, b.shape, x.shape);
        let size = n * columns;
        loops.each(|at, at_a, _| {
            let system = self.0.system(&a.values[at_a * n * n..][..n * n], n).t();
            solve(system, self.0.direction().reversed(), &mut step.upstream[at * size..][..size], columns);
        });
        if let Some(sink) = step.grads.of(0) {
            let (out, write) = sink.parts();
            let product = step.scratch.take(n * n);
            let mut parts = Parts::new(write);
            loops.each(|at, at_a, _| {
                let at = at * size..(at + 1) * size;
                let g = Matrix::new(&step.upstream[at.clone()], n, columns);
                let x = Matrix::new(&x.values[at], n, columns);
                let (left, right) = if self.0.transposed() { (x, g) } else { (g, x) };
                T::gemm(product, Write::Store, -T::one(), left, right.t());
                let matrix = at_a * n * n..(at_a + 1) * n * n;
                let write = parts.write(&matrix);
                self.0.accumulate(&mut out[matrix], write, product, n);
            });
            parts.finish(out);
        }
        if b.shape == x.shape {
            step.grads.pass(1, step.upstream);
        } else if let Some(sink) = step.grads.of(1) {
            reduce(sink, &step.upstream, x.shape, b.shape);
        }
        Ok(())
    }
}

impl Triangle {
    /// `out (+)= product` where the matrix is read, and 0 elsewhere.
    fn accumulate<T: Element>(self, out: &mut [T], write: Write, product: &[T], n: usize) {
        for (at, (out, &x)) in out.iter_mut().zip(product).enumerate() {
            let x = if self.reads(at / n, at % n) { x } else { T::zero() };
            match write {
                Write::Store => *out = x,
                Write::Add => *out += x,
            }
        }
    }
}

impl<'t, T: Element> Var<'t, T> {
    /// The solution x of `A x = b` with a triangular matrix A `[.., n, n]`, this array; b is `[.., n, k]`, or
    /// a vector `[n]`, and x like b. Derivatives `A⁻ᵀ g` of b and `-A⁻ᵀ g xᵀ` of the half of A that is read.
    ///
    /// The other half may hold anything. Axes before the last two are a batch and are broadcast. A 0 on the
    /// diagonal is a division by 0, with infinities or NaN as in [`div`](Self::div).
    ///
    /// ```
    /// # use tensor::{Tape, Triangle, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let a = tape.var(&array![[2.0, f64::NAN], [3.0, 4.0]])?;
    /// let b = tape.var(&array![2.0, 11.0])?;
    /// let x = a.solve_triangular(b, Triangle::Lower)?;
    /// assert_eq!(x.value()?, array![1.0, 2.0].into_dyn());
    /// // Aᵀ db = [1, 1]: the last row first.
    /// assert_eq!(tape.backward(x.sum()?)?.wrt(b)?, array![0.125, 0.25].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Operand`] for matrices that are not square, [`ErrorKind::Shapes`] for another number of
    /// rows in b or batches that do not broadcast.
    pub fn solve_triangular(self, b: Var<'_, T>, triangle: Triangle) -> Result<Self> {
        self.binary(SolveTriangular(triangle), b)
    }
}
