//! `einsum`: sums of products over named indices, as a composition of matrix products.

mod arrange;
mod expression;

use crate::{Element, Error, ErrorKind, MAX_RANK, Result, Shape, Var};
use arrange::Arrange;
use expression::{Expression, Index};

/// A value whose elements run over these axes, row by row; its shape may group neighbouring ones.
struct Term<'t, T: Element> {
    var: Var<'t, T>,
    axes: Vec<(Index, usize)>,
}

impl<'t, T: Element> Term<'t, T> {
    fn length(&self, index: Index) -> Option<usize> {
        self.axes.iter().find(|axis| axis.0 == index).map(|axis| axis.1)
    }

    fn has(&self, index: Index) -> bool {
        self.length(index).is_some()
    }

    /// The product of the lengths of some indices.
    fn size(&self, indices: &[Index]) -> usize {
        indices.iter().filter_map(|&index| self.length(index)).product()
    }

    /// Its indices once each, in order, that fulfil a condition.
    fn indices(&self, keep: impl Fn(Index) -> bool) -> Vec<Index> {
        let mut indices = Vec::new();
        for &(index, _) in &self.axes {
            if keep(index) && !indices.contains(&index) {
                indices.push(index);
            }
        }
        indices
    }

    /// Whether the elements lie as wanted already.
    fn is(&self, order: &[Index], shape: &Shape) -> Result<bool> {
        Ok(self.axes.iter().map(|axis| &axis.0).eq(order) && self.var.shape()? == *shape)
    }

    /// The elements in this order under this shape; other indices are summed.
    fn arrange(self, order: &[Index], shape: Shape) -> Result<Var<'t, T>> {
        if self.is(order, &shape)? {
            return Ok(self.var);
        }
        // An index that stands twice runs along the diagonal: its steps add up.
        let stride = |index: Index| {
            let mut stride = 1;
            let mut total = 0;
            for axis in self.axes.iter().rev() {
                total += if axis.0 == index { stride } else { 0 };
                stride *= axis.1;
            }
            total
        };
        let step = |&index: &Index| Some((self.length(index)?, stride(index)));
        let summed = self.indices(|index| !order.contains(&index));
        self.var.unary(Arrange::new(shape, order.iter().filter_map(step), summed.iter().filter_map(step)))
    }
}

/// The product of two terms, summed over the indices that are not kept.
fn multiply<'t, T: Element>(
    a: Term<'t, T>,
    b: Term<'t, T>,
    output: &[(Index, usize)],
    later: &[Term<'t, T>],
) -> Result<Term<'t, T>> {
    let kept = |index| output.iter().any(|axis| axis.0 == index) || later.iter().any(|term| term.has(index));
    let groups = Groups {
        batch: a.indices(|index| b.has(index) && kept(index)),
        inner: a.indices(|index| b.has(index) && !kept(index)),
        left: a.indices(|index| !b.has(index) && kept(index)),
        right: b.indices(|index| !a.has(index) && kept(index)),
    };
    let mut order: Vec<Index> = [&*groups.batch, &groups.left, &groups.right].concat();
    let elementwise = groups.inner.is_empty() && order.len() <= MAX_RANK;
    if elementwise && later.is_empty() {
        order = output.iter().map(|axis| axis.0).collect();
    }
    let axes =
        order.iter().filter_map(|&index| Some((index, a.length(index).or(b.length(index))?))).collect();
    let var = if elementwise { broadcast(a, b, &order)? } else { groups.matmul(a, b)? };
    Ok(Term { var, axes })
}

/// Elementwise, with axes of length 1 where a term does not have an index.
fn broadcast<'t, T: Element>(a: Term<'t, T>, b: Term<'t, T>, order: &[Index]) -> Result<Var<'t, T>> {
    let side = |term: Term<'t, T>| {
        let lengths: Vec<usize> = order.iter().map(|&index| term.length(index).unwrap_or(1)).collect();
        // The term's own indices; those that it does not have change nothing in the order of its elements.
        let own: Vec<Index> = order.iter().copied().filter(|&index| term.has(index)).collect();
        term.arrange(&own, Shape::of(&lengths))
    };
    side(a)?.mul(side(b)?)
}

/// The indices of two terms by the part that they play in a matrix product.
struct Groups {
    /// In both and in the result.
    batch: Vec<Index>,
    /// In both, and summed.
    inner: Vec<Index>,
    /// Of the first alone.
    left: Vec<Index>,
    /// Of the second alone.
    right: Vec<Index>,
}

impl Groups {
    /// How a term is laid out: the batch, then two groups as one axis each.
    fn layout<T: Element>(&self, term: &Term<'_, T>, groups: [&[Index]; 2]) -> (Vec<Index>, Shape) {
        let mut lengths: Vec<usize> = self.batch.iter().filter_map(|&index| term.length(index)).collect();
        if lengths.len() > MAX_RANK - 2 {
            lengths = vec![lengths.iter().product()];
        }
        for group in groups {
            // Without a batch a missing group makes a vector, which saves the axis of length 1; but two
            // vectors would be multiplied with each other.
            if !group.is_empty() || !self.batch.is_empty() || self.inner.is_empty() {
                lengths.push(term.size(group));
            }
        }
        ([&*self.batch, groups[0], groups[1]].concat(), Shape::of(&lengths))
    }

    fn matmul<'t, T: Element>(&self, a: Term<'t, T>, b: Term<'t, T>) -> Result<Var<'t, T>> {
        let (plain_a, shape_a) = self.layout(&a, [&self.left, &self.inner]);
        let (plain_b, shape_b) = self.layout(&b, [&self.inner, &self.right]);
        // An operand that lies transposed already is read so.
        let (turned_a, turned_shape_a) = self.layout(&a, [&self.inner, &self.left]);
        if shape_a.len() > 1 && !a.is(&plain_a, &shape_a)? && a.is(&turned_a, &turned_shape_a)? {
            return a.var.matmul_tn(b.arrange(&plain_b, shape_b)?);
        }
        let (turned_b, turned_shape_b) = self.layout(&b, [&self.right, &self.inner]);
        let a = a.arrange(&plain_a, shape_a)?;
        if shape_b.len() > 1 && !b.is(&plain_b, &shape_b)? && b.is(&turned_b, &turned_shape_b)? {
            return a.matmul_nt(b.var);
        }
        a.matmul(b.arrange(&plain_b, shape_b)?)
    }
}

/// Sums of products over named indices: `ij,jk->ik` is a matrix product.
///
/// Each operand has a term with one letter an axis. A letter that the result does not have is summed over;
/// one that a term has twice runs along the diagonal. Without `->` the result has the letters that occur
/// once, in alphabetical order. `...` stands for any axes, which are matched from the last. Axes of length 1
/// are broadcast. Spaces do not count.
///
/// Operands are multiplied from the first to the last, each time as a matrix product where an index is
/// summed, so put small ones first. Derivatives follow from those of the products.
///
/// ```
/// use tensor::{Tape, einsum, ndarray::array};
///
/// let tape = Tape::<f64>::new();
/// let a = tape.var(&array![[1.0, 2.0], [3.0, 4.0]])?;
/// let v = tape.var(&array![10.0, 1.0])?;
/// assert_eq!(einsum("ij,j->i", &[a, v])?.value()?, array![12.0, 34.0].into_dyn());
/// assert_eq!(einsum("ij->ji", &[a])?.value()?, array![[1.0, 3.0], [2.0, 4.0]].into_dyn());
/// let trace = einsum("ii", &[a])?;
/// assert_eq!(trace.item()?, 5.0);
/// assert_eq!(tape.backward(trace)?.wrt(a)?, array![[1.0, 0.0], [0.0, 1.0]].into_dyn());
/// # Ok::<(), tensor::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::Expression`] for an expression that does not fit the operands, with what was expected and
/// what came; [`ErrorKind::Rank`] for a result of more than eight axes; [`ErrorKind::OtherTape`] for operands
/// of two tapes.
pub fn einsum<'t, T: Element>(expression: &str, operands: &[Var<'t, T>]) -> Result<Var<'t, T>> {
    if let Some(first) = operands.first() {
        operands.iter().try_for_each(|&var| first.tape.own("einsum", var).map(|_| ()))?;
    }
    let shapes = operands.iter().map(|var| var.shape()).collect::<Result<Vec<_>>>()?;
    let Expression { operands: axes, output } = Expression::new(expression, &shapes)?;
    let lengths: Vec<usize> = output.iter().map(|axis| axis.1).collect();
    let shape = Shape::new(&lengths)
        .map_err(|_| Error::from(ErrorKind::Rank { op: "einsum", got: lengths.len() }))?;
    let terms = operands.iter().zip(axes).map(|(&var, axes)| Term { var, axes });
    let mut later: Vec<_> = terms.rev().collect();
    let Some(mut product) = later.pop() else {
        return Err(ErrorKind::Arity { op: "einsum", expected: 1, got: 0 }.into());
    };
    while let Some(next) = later.pop() {
        product = multiply(product, next, &output, &later)?;
    }
    let order: Vec<Index> = output.iter().map(|axis| axis.0).collect();
    product.arrange(&order, shape)
}
