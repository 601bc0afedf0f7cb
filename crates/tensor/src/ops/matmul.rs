//! Matrix products of any rank: `matmul`, its forms that read an operand transposed, `dot` and `outer`.

use super::elementwise::chain;
use crate::broadcast::{Loops, Parts, broadcast};
use crate::kernels::{self, Matrix, Write};
use crate::op::{Backward, Forward, Inputs, Op, Shapes, View};
use crate::{Element, ErrorKind, MAX_RANK, Result, Shape, Var};
use std::ops::Range;

/// A product of matrices, one for every index of the batch axes, which are broadcast.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Product {
    /// `a b`
    Matmul,
    /// `a bᵀ`
    Nt,
    /// `aᵀ b`
    Tn,
    /// `a b` of a row and a column
    Dot,
    /// `a b` of a column and a row
    Outer,
}

/// The axes before the last two, and the rows and columns that the product sees.
type Operand = (Shape, [usize; 2]);

impl Product {
    fn label(self) -> &'static str {
        match self {
            Self::Matmul => "matmul",
            Self::Nt => "matmul_nt",
            Self::Tn => "matmul_tn",
            Self::Dot => "dot",
            Self::Outer => "outer",
        }
    }

    /// The left operand: a vector is a row, but a column of an outer product.
    fn left(self, shape: &Shape) -> Operand {
        match **shape {
            [n] if self == Self::Outer => (Shape::SCALAR, [n, 1]),
            [n] => (Shape::SCALAR, [1, n]),
            _ => matrices(shape, self == Self::Tn),
        }
    }

    /// The right operand: a vector is a column, but a row of an outer product.
    fn right(self, shape: &Shape) -> Operand {
        match **shape {
            [n] if self == Self::Outer => (Shape::SCALAR, [1, n]),
            [n] => (Shape::SCALAR, [n, 1]),
            _ => matrices(shape, self == Self::Nt),
        }
    }

    fn check_ranks(self, shapes: [&Shape; 2]) -> Result<()> {
        let transposed = [self == Self::Tn, self == Self::Nt];
        for (got, transposed) in shapes.into_iter().zip(transposed) {
            let (fits, expected) = match self {
                Self::Dot | Self::Outer => (got.len() == 1, "a vector (one axis)"),
                _ if transposed => (got.len() >= 2, "at least two axes where an operand is transposed"),
                _ => (!got.is_empty(), "at least one axis"),
            };
            if !fits {
                return Err(ErrorKind::Operand { op: self.label(), expected, got: *got }.into());
            }
        }
        Ok(())
    }

    fn check_inner(self, a: &Shape, b: &Shape, inner: [usize; 2]) -> Result<()> {
        if inner[0] == inner[1] {
            return Ok(());
        }
        let expected = match self {
            Self::Nt => "as many columns on the right as on the left",
            Self::Tn => "as many rows on the right as on the left",
            Self::Dot => "vectors of equal length",
            Self::Matmul | Self::Outer => "as many rows on the right as columns on the left",
        };
        Err(ErrorKind::Shapes { op: self.label(), lhs: *a, rhs: *b, expected }.into())
    }
}

/// An array of two axes or more as matrices; `shape` has at least two axes.
fn matrices(shape: &Shape, transposed: bool) -> Operand {
    let (batch, last) = shape.split_at(shape.len() - 2);
    (Shape::of(batch), if transposed { [last[1], last[0]] } else { [last[0], last[1]] })
}

/// One product after the other over the broadcast batch.
struct Batches {
    product: Product,
    loops: Loops,
    inner: usize,
    /// Rows of the left, columns of the right operand.
    size: [usize; 2],
}

/// One product: where its operands and its result stand.
struct Block {
    rows: usize,
    left: Range<usize>,
    right: Range<usize>,
    out: Range<usize>,
}

impl Batches {
    /// For shapes that `infer` has accepted.
    fn new(product: Product, a: &Shape, b: &Shape, out: &Shape) -> Self {
        let ((left, [m, k]), (right, [_, n])) = (product.left(a), product.right(b));
        let batch = Shape::of(&out[..left.len().max(right.len())]);
        Self { product, loops: Loops::new(&batch, &left, &right), inner: k, size: [m, n] }
    }

    /// Calls `f` for every product. Many left matrices on one right matrix are a single tall one.
    fn each(&self, mut f: impl FnMut(Block)) {
        let (&[m, n], k) = (&self.size, self.inner);
        let mut block = |rows: usize, [out, left, right]: [usize; 3]| {
            let range = |index: usize, step: usize, size: usize| index * step..index * step + size;
            let (left, right) = (range(left, m * k, rows * k), range(right, k * n, k * n));
            f(Block { rows, left, right, out: range(out, m * n, rows * n) });
        };
        let (row, advance) = self.loops.row();
        if advance == [true, false] && self.product != Product::Tn {
            self.loops.rows(|out, left, right| block(row * m, [out, left, right]));
        } else {
            self.loops.each(|out, left, right| block(m, [out, left, right]));
        }
    }

    fn left<'a, T>(&self, values: &'a [T], block: &Block) -> Matrix<'a, T> {
        let values = &values[block.left.clone()];
        match self.product {
            Product::Tn => Matrix::new(values, self.inner, block.rows).t(),
            _ => Matrix::new(values, block.rows, self.inner),
        }
    }

    fn right<'a, T>(&self, values: &'a [T], block: &Block) -> Matrix<'a, T> {
        let values = &values[block.right.clone()];
        match self.product {
            Product::Nt => Matrix::new(values, self.size[1], self.inner).t(),
            _ => Matrix::new(values, self.inner, self.size[1]),
        }
    }

    fn out<'a, T>(&self, values: &'a [T], block: &Block) -> Matrix<'a, T> {
        Matrix::new(&values[block.out.clone()], block.rows, self.size[1])
    }

    /// The gradient of the left operand (`side` 0) or of the right one.
    fn gradient<T: Element>(
        &self,
        side: usize,
        (out, write): (&mut [T], Write),
        (a, b): (&[T], &[T]),
        upstream: &[T],
    ) {
        let mut parts = Parts::new(write);
        self.each(|block| {
            let range = if side == 0 { block.left.clone() } else { block.right.clone() };
            let write = parts.write(&range);
            let g = self.out(upstream, &block);
            let operand = if side == 0 { self.right(b, &block) } else { self.left(a, &block) };
            self.product.gradient(side, (&mut out[range], write), operand, g);
        });
        parts.finish(out);
    }
}

impl Product {
    /// `dA = G Bᵀ` or `dB = Aᵀ G`, transposed where the operand is read transposed; `operand` is the other
    /// one, as the product sees it.
    fn gradient<T: Element>(
        self,
        side: usize,
        (out, write): (&mut [T], Write),
        operand: Matrix<'_, T>,
        g: Matrix<'_, T>,
    ) {
        let [first, second] = self.factors(side, operand, g);
        T::gemm(out, write, T::one(), first, second);
    }

    fn factors<'a, T>(self, side: usize, operand: Matrix<'a, T>, g: Matrix<'a, T>) -> [Matrix<'a, T>; 2] {
        match (side, self) {
            (0, Self::Tn) => [operand, g.t()],
            (0, _) => [g, operand.t()],
            (_, Self::Nt) => [g.t(), operand],
            _ => [operand.t(), g],
        }
    }

    /// The operands as the product sees them, of two axes each.
    #[inline]
    fn pair<'a, T: Element>(self, a: View<'a, T>, b: View<'a, T>) -> [Matrix<'a, T>; 2] {
        let (a, b) = (a.matrix(), b.matrix());
        [if self == Self::Tn { a.t() } else { a }, if self == Self::Nt { b.t() } else { b }]
    }
}

impl<T: Element> Op<T> for Product {
    fn name(&self) -> &'static str {
        self.label()
    }

    fn infer(&self, inputs: Shapes<'_, T>) -> Result<Shape> {
        let [a, b] = inputs.exactly(self.label())?;
        if let (&[m, k], &[rows, n], Self::Matmul) = (&**a, &**b, self)
            && k == rows
        {
            return Ok(Shape::of(&[m, n]));
        }
        self.check_ranks([a, b])?;
        let ((left, [m, k]), (right, [rows, n])) = (self.left(a), self.right(b));
        self.check_inner(a, b, [k, rows])?;
        let batch = broadcast(self.label(), &left, &right).map_err(|_| {
            let expected = "batch axes (all but the last two) of equal length or of length 1";
            ErrorKind::Shapes { op: self.label(), lhs: *a, rhs: *b, expected }
        })?;
        let mut axes = [0; MAX_RANK];
        let mut rank = batch.len();
        axes[..rank].copy_from_slice(&batch);
        // The axis that a vector was given disappears again.
        for (length, kept) in [(m, a.len() > 1), (n, b.len() > 1)] {
            if kept || *self == Self::Outer {
                axes[rank] = length;
                rank += 1;
            }
        }
        Ok(Shape::of(&axes[..rank]))
    }

    fn forward(&self, inputs: Inputs<'_, T>, out: Forward<'_, T>) -> Result<()> {
        let (a, b) = (inputs.get(0), inputs.get(1));
        match (a.shape.len(), b.shape.len()) {
            (2, 2) => {
                let [a, b] = self.pair(a, b);
                T::gemm(out.values, Write::Store, T::one(), a, b);
            }
            (1, 1) if *self != Self::Outer => out.values[0] = dot(a.values, b.values),
            _ => {
                let batches = Batches::new(*self, a.shape, b.shape, out.shape);
                batches.each(|block| {
                    let (a, b) = (batches.left(a.values, &block), batches.right(b.values, &block));
                    T::gemm(&mut out.values[block.out], Write::Store, T::one(), a, b);
                });
            }
        }
        Ok(())
    }

    fn product<'a>(
        &self,
        input: usize,
        inputs: Inputs<'a, T>,
        upstream: View<'a, T>,
    ) -> Option<[Matrix<'a, T>; 2]> {
        let (a, b) = (inputs.get(0), inputs.get(1));
        if a.shape.len() != 2 || b.shape.len() != 2 {
            return None;
        }
        let other = match input {
            0 if *self == Self::Nt => b.matrix().t(),
            0 => b.matrix(),
            _ if *self == Self::Tn => a.matrix().t(),
            _ => a.matrix(),
        };
        Some(self.factors(input, other, upstream.matrix()))
    }

    // dA = G Bᵀ, dB = Aᵀ G
    fn backward(&self, mut step: Backward<'_, T>) -> Result<()> {
        let (a, b) = (step.inputs.get(0), step.inputs.get(1));
        let g = View { values: &step.upstream, shape: step.output.shape };
        for side in 0..2 {
            let Some(sink) = step.grads.of(side) else { continue };
            match (a.shape.len(), b.shape.len()) {
                (2, 2) => {
                    let other = self.pair(a, b)[1 - side];
                    self.gradient(side, sink.parts(), other, g.matrix());
                }
                (1, 1) if *self != Self::Outer => {
                    let other = if side == 0 { b } else { a };
                    sink.map1(other.values, |x| chain(g.values[0], x));
                }
                _ => {
                    let batches = Batches::new(*self, a.shape, b.shape, g.shape);
                    batches.gradient(side, sink.parts(), (a.values, b.values), g.values);
                }
            }
        }
        Ok(())
    }
}

/// `Σ a[i] b[i]`, added as carefully as any long sum.
fn dot<T: Element>(a: &[T], b: &[T]) -> T {
    const RUN: usize = 512;
    let mut total = T::Wide::default();
    let mut products = [T::zero(); RUN];
    for (a, b) in a.chunks(RUN).zip(b.chunks(RUN)) {
        let products = &mut products[..a.len()];
        kernels::map2(products, Write::Store, a, b, |a, b| a * b);
        total += kernels::sum_slice(products).widen();
    }
    T::narrow(total)
}

impl<'t, T: Element> Var<'t, T> {
    /// The matrix product of `[.., m, k]` and `[.., k, n]`: `[.., m, n]`. Derivatives `G Bᵀ` and `Aᵀ G`.
    ///
    /// Axes before the last two are a batch and are broadcast; the gradient of a repeated matrix is summed
    /// over its repetitions. A vector on the left is a row, on the right a column, whose axis of length 1
    /// is left out of the result.
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let a = tape.var(&array![[1.0, 2.0], [3.0, 4.0]])?;
    /// let b = tape.var(&array![[5.0], [6.0]])?;
    /// let y = a.matmul(b)?;
    /// assert_eq!(y.value()?, array![[17.0], [39.0]].into_dyn());
    /// assert_eq!(tape.backward(y.sum()?)?.wrt(b)?, array![[4.0], [6.0]].into_dyn());
    /// let batch = tape.var(&array![[[1.0, 0.0]], [[0.0, 10.0]]])?;
    /// assert_eq!(batch.matmul(b)?.value()?, array![[[5.0]], [[60.0]]].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Operand`] for a single number, [`ErrorKind::Shapes`] for inner sizes that differ or
    /// batches that do not broadcast.
    pub fn matmul(self, other: Var<'_, T>) -> Result<Self> {
        self.binary(Product::Matmul, other)
    }

    /// `a bᵀ` for a `[.., m, k]` and b `[.., n, k]`: `[.., m, n]`, without a transposed copy. Derivatives
    /// `G B` and `Gᵀ A`. Batches and a vector on the left are as in [`matmul`](Self::matmul).
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let a = tape.var(&array![[1.0, 2.0]])?;
    /// let b = tape.var(&array![[3.0, 4.0], [5.0, 6.0]])?;
    /// let y = a.matmul_nt(b)?;
    /// assert_eq!(y.value()?, array![[11.0, 17.0]].into_dyn());
    /// assert_eq!(tape.backward(y.sum()?)?.wrt(a)?, array![[8.0, 10.0]].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`matmul`](Self::matmul), and [`ErrorKind::Operand`] for a vector on the right.
    pub fn matmul_nt(self, other: Var<'_, T>) -> Result<Self> {
        self.binary(Product::Nt, other)
    }

    /// `aᵀ b` for a `[.., k, m]` and b `[.., k, n]`: `[.., m, n]`, without a transposed copy. Derivatives
    /// `B Gᵀ` and `A G`. Batches and a vector on the right are as in [`matmul`](Self::matmul).
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let a = tape.var(&array![[1.0, 2.0], [3.0, 4.0]])?;
    /// let b = tape.var(&array![10.0, 1.0])?;
    /// let y = a.matmul_tn(b)?;
    /// assert_eq!(y.value()?, array![13.0, 24.0].into_dyn());
    /// assert_eq!(tape.backward(y.sum()?)?.wrt(b)?, array![3.0, 7.0].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`matmul`](Self::matmul), and [`ErrorKind::Operand`] for a vector on the left.
    pub fn matmul_tn(self, other: Var<'_, T>) -> Result<Self> {
        self.binary(Product::Tn, other)
    }

    /// `Σ a[i] b[i]` of two vectors `[n]`: a single number. Derivatives `g b` and `g a`.
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let a = tape.var(&array![1.0, 2.0])?;
    /// let b = tape.var(&array![3.0, 4.0])?;
    /// let y = a.dot(b)?;
    /// assert_eq!(y.item()?, 11.0);
    /// assert_eq!(tape.backward(y)?.wrt(a)?, array![3.0, 4.0].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Operand`] for other than one axis, [`ErrorKind::Shapes`] for two lengths.
    pub fn dot(self, other: Var<'_, T>) -> Result<Self> {
        self.binary(Product::Dot, other)
    }

    /// `a[i] b[j]` of vectors `[m]` and `[n]`: `[m, n]`. Derivatives `G b` and `Gᵀ a`.
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let a = tape.var(&array![1.0, 2.0])?;
    /// let b = tape.var(&array![3.0, 4.0])?;
    /// let y = a.outer(b)?;
    /// assert_eq!(y.value()?, array![[3.0, 4.0], [6.0, 8.0]].into_dyn());
    /// assert_eq!(tape.backward(y.sum()?)?.wrt(a)?, array![7.0, 7.0].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Operand`] for other than one axis.
    pub fn outer(self, other: Var<'_, T>) -> Result<Self> {
        self.binary(Product::Outer, other)
    }
}

#[cfg(test)]
mod tests {
    use crate::{Tape, ndarray::Array1};

    #[test]
    fn f32_dot_products_keep_their_digits() {
        let n = 1 << 20;
        let tape = Tape::<f32>::new();
        let a = tape.var(&Array1::from_elem(n, 0.1)).unwrap();
        let b = tape.constant(&Array1::ones(n)).unwrap();
        for product in [a.dot(b), a.matmul(b)] {
            let sum = f64::from(product.unwrap().item().unwrap());
            assert!((sum / (n as f64 * f64::from(0.1f32)) - 1.0).abs() < 1e-6, "{sum}");
        }
    }
}
