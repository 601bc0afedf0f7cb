//! Gradient descent folded into the way back.

use crate::gradients::Slot;
use crate::kernels::{self, Write};
use crate::node::{Kind, Node};
use crate::op::{Inputs, View};
use crate::param::Param;
use crate::record::Inner;
use crate::{Element, Error, ErrorKind, Result, Tape, Var};
use std::sync::Arc;

/// A gradient that is a product of matrices and was put off.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Late {
    pub(crate) op: usize,
    /// The input of the op whose gradient it is, and its node.
    pub(crate) input: usize,
    pub(crate) node: usize,
}

/// What [`Tape::descend`] calls with every parameter.
pub type EachParam<'f, T> = dyn FnMut(&mut Param<T>) -> Result<()> + 'f;

impl<T: Element> Tape<T> {
    /// One step of plain gradient descent, `w ← w - rate * g`, on the parameters that `visit` calls its
    /// argument with: [`backward`](Self::backward) and the update in one.
    ///
    /// A gradient that is a product of matrices, such as that of a [`linear`](Var::linear) weight, is added
    /// to the parameter as it is computed and needs no memory. The result differs from that of `backward`
    /// and an update by a rounding of the update at most. `visit` is called twice and has to name the same
    /// parameters; those without a gradient stay as they are. All parameters are changed, or none.
    ///
    /// ```
    /// use tensor::{Error, Param, Tape, ndarray::array};
    ///
    /// // Half of the squares of x w: the gradient is xᵀ x w.
    /// let mut w = Param::new(&array![[1.0], [2.0]])?;
    /// let tape = Tape::<f64>::new();
    /// let y = tape.constant(&array![[3.0, 1.0]])?.matmul(tape.param(&w)?)?;
    /// let loss = y.square()?.sum()?.scale(0.5)?;
    /// tape.descend::<Error>(loss, 0.5, &mut |each| each(&mut w))?;
    /// assert_eq!(w.values(), [1.0 - 0.5 * 15.0, 2.0 - 0.5 * 5.0]);
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// As `backward`; [`ErrorKind::Shared`] for a parameter whose values something else reads, such as
    /// another tape; what `visit` returns.
    pub fn descend<E: From<Error>>(
        &self,
        loss: Var<'_, T>,
        rate: T,
        visit: &mut dyn FnMut(&mut EachParam<'_, T>) -> Result<(), E>,
    ) -> Result<(), E> {
        let size = loss.shape()?.size();
        if size != 1 {
            let (expected, got) = ("a single number", "an array");
            return Err(Error::from(ErrorKind::NoGradient { op: "descend", expected, got }).into());
        }
        let mut updated = Vec::new();
        let mut cursor = 0;
        visit(&mut |param| {
            let inner = self.read("descend")?;
            let node = inner.find_param(param, cursor).map(|(index, id)| {
                cursor = index + 1;
                id
            });
            // One share is the parameter's own, one that of its leaf.
            if Arc::strong_count(&param.share()) > 2 + usize::from(node.is_some_and(|id| inner.lent(id))) {
                return Err(ErrorKind::Shared { op: "descend" }.into());
            }
            updated.extend(node.map(|id| id as u32));
            Ok(())
        })?;
        let (gradients, late) =
            self.differentiate_late("descend", loss, &updated, |seed| seed.fill(T::one()))?;
        cursor = 0;
        visit(&mut |param| {
            let inner = self.read("descend")?;
            let Some((index, id)) = inner.find_param(param, cursor) else { return Ok(()) };
            cursor = index + 1;
            let values = param.values_mut()?;
            if let Some(gradient) = gradients.slot(id) {
                kernels::update1_shared(values, gradient, move |w, g| w - rate * g);
            }
            for late in late.iter().filter(|late| late.node == id) {
                inner.add_late(values, -rate, late, gradients.slots());
            }
            Ok(())
        })
    }
}

impl<T: Element> Inner<T> {
    /// Whether the leaf of a parameter shares its values at the moment.
    fn lent(&self, id: usize) -> bool {
        matches!(&self.nodes[id].kind, Kind::Param { values: Some(_), .. })
    }

    /// `values += factor * gradient` for a product that was put off.
    fn add_late(&self, values: &mut [T], factor: T, late: &Late, slots: &[Slot<T>]) {
        let Node { shape, kind: Kind::Op(recorded), .. } = &self.nodes[late.op] else { return };
        let inputs = Inputs { nodes: &self.nodes, ids: &recorded.inputs };
        let upstream = View { values: &slots[late.op].buffer, shape };
        if let Some([a, b]) = recorded.op.product(late.input, inputs, upstream) {
            T::gemm(values, Write::Add, factor, a, b);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, array};

    fn data(rows: usize, cols: usize, seed: usize) -> Array2<f32> {
        Array2::from_shape_fn((rows, cols), |(i, j)| ((i * 31 + j * 17 + seed) % 23) as f32 / 11.0 - 1.0)
    }

    fn params() -> Vec<Param<f32>> {
        let shapes = [(7, 40), (1, 40), (40, 40), (40, 5), (5, 5)];
        let new =
            |(seed, &(rows, cols)): (usize, &(usize, usize))| Param::new(&data(rows, cols, seed)).unwrap();
        shapes.iter().enumerate().map(new).collect()
    }

    /// Products of all kinds: with a bias, of a parameter used twice, of two parameters.
    fn loss<'t>(tape: &'t Tape<f32>, params: &[Param<f32>]) -> Result<Var<'t, f32>> {
        let [w, b, twice, last, square] = std::array::from_fn(|i| tape.param(&params[i]).unwrap());
        let x = tape.constant(&data(30, 7, 9))?;
        let y = x.linear_with(w, b.reshape(&[40])?, crate::Activation::Relu)?;
        let y = y.matmul(twice)?.tanh()?.matmul_nt(twice)?.sigmoid()?;
        y.matmul(last.matmul(square)?)?.square()?.mean()
    }

    #[test]
    fn a_folded_step_is_the_plain_step() {
        let (mut plain, mut folded) = (params(), params());
        let (mut tape, rate) = (Tape::new(), 0.05);
        for _ in 0..3 {
            let gradients = tape.backward(loss(&tape, &plain).unwrap()).unwrap();
            for param in &mut plain {
                let step = gradients.param(param).unwrap().to_vec();
                kernels::update1(param.values_mut().unwrap(), &step, |w, g| w - rate * g);
            }
            drop(gradients);
            tape.reset();
            let found = loss(&tape, &folded).unwrap();
            tape.descend::<Error>(found, rate, &mut |each| folded.iter_mut().try_for_each(&mut *each))
                .unwrap();
            tape.reset();
        }
        for (plain, folded) in plain.iter().zip(&folded) {
            for (a, b) in plain.values().iter().zip(folded.values()) {
                assert!((a - b).abs() <= 4.0 * f32::EPSILON, "{a} and {b}");
            }
        }
    }

    #[test]
    fn a_product_is_not_stored() {
        let mut w = Param::new(&data(500, 500, 1)).unwrap();
        let tape = Tape::new();
        let x = tape.constant(&data(2, 500, 2)).unwrap();
        let y = x.matmul(tape.param(&w).unwrap()).unwrap().sum().unwrap();
        tape.descend::<Error>(y, 0.1, &mut |each| each(&mut w)).unwrap();
        assert!(tape.bytes() < 4 * 500 * 20, "{}", tape.bytes());
    }

    #[test]
    fn a_refusal_changes_nothing() {
        let mut params = params();
        let (tape, other) = (Tape::new(), Tape::new());
        let loss = loss(&tape, &params).unwrap();
        other.param(&params[4]).unwrap();
        let mut visit = |each: &mut EachParam<'_, f32>| params.iter_mut().try_for_each(each);
        let error = tape.descend::<Error>(loss, 0.1, &mut visit).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Shared { op: "descend" }));
        assert_eq!(params[0].values(), super::tests::params()[0].values());
        let x = tape.var(&array![1.0f32, 2.0]).unwrap();
        let error = tape.descend::<Error>(x, 0.1, &mut |_| Ok(())).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::NoGradient { op: "descend", .. }));
    }
}
