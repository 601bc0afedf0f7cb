//! Segments that are computed again on the way back instead of being kept.

use crate::op::{Backward, Forward, Inputs, Op, Shapes, View};
use crate::{Element, ErrorKind, Result, Shape, Tape, Var};
use std::cell::Cell;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A function of its inputs whose intermediate values are not kept.
struct Segment<T: Element, F> {
    f: F,
    shape: Shape,
    /// Where it is computed; shared by all segments of a tape, so their memory is that of the largest.
    tape: Arc<Mutex<Tape<T>>>,
    /// The result of the first computation, which told the shape and need not be done twice.
    ready: Cell<Option<u32>>,
}

impl<T: Element, F> fmt::Debug for Segment<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Segment").field("shape", &self.shape).finish_non_exhaustive()
    }
}

/// The tape of the segments; one that was left by a panic is started over, which is all it needs.
fn lock<T: Element>(tape: &Mutex<Tape<T>>) -> MutexGuard<'_, Tape<T>> {
    tape.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<T: Element, F> Op<T> for Segment<T, F>
where
    F: for<'s> Fn(&[Var<'s, T>]) -> Result<Var<'s, T>> + Send + 'static,
{
    fn name(&self) -> &'static str {
        "checkpoint"
    }

    fn infer(&self, _: Shapes<'_, T>) -> Result<Shape> {
        Ok(self.shape)
    }

    fn forward(&self, inputs: Inputs<'_, T>, out: Forward<'_, T>) -> Result<()> {
        let mut tape = lock(&self.tape);
        let result = match self.ready.take() {
            Some(id) => tape.wrap(id as usize),
            None => run(&mut tape, &self.f, views(inputs), |_| true)?.1,
        };
        result.with(|values| out.values.iter_mut().zip(values).for_each(|(out, &x)| *out = x))
    }

    fn backward(&self, mut step: Backward<'_, T>) -> Result<()> {
        let mut tape = lock(&self.tape);
        let wanted: smallvec::SmallVec<[bool; 4]> =
            (0..step.inputs.len()).map(|input| step.grads.wanted(input)).collect();
        let (leaves, result) = run(&mut tape, &self.f, views(step.inputs), |input| wanted[input])?;
        let (tape, upstream) = (result.tape(), &step.upstream);
        if !tape.read("checkpoint")?.nodes[result.id as usize].tracked {
            return Ok(());
        }
        let gradients = tape.differentiate("checkpoint", result, |seed| seed.copy_from_slice(upstream))?;
        for (input, leaf) in leaves.into_iter().enumerate() {
            let (Some(gradient), true) = (gradients.slot(leaf.id as usize), wanted[input]) else { continue };
            if let Some(sink) = step.grads.of(input) {
                sink.map1(gradient, |g| g);
            }
        }
        Ok(())
    }
}

fn views<T: Element>(inputs: Inputs<'_, T>) -> impl Iterator<Item = View<'_, T>> {
    (0..inputs.len()).map(move |input| inputs.get(input))
}

/// Records the function on the segments' tape: its leaves and its result.
fn run<'s, 'v, T: Element>(
    tape: &'s mut Tape<T>,
    f: &impl Fn(&[Var<'s, T>]) -> Result<Var<'s, T>>,
    inputs: impl Iterator<Item = View<'v, T>>,
    tracked: impl Fn(usize) -> bool,
) -> Result<(Vec<Var<'s, T>>, Var<'s, T>)> {
    tape.reset();
    let tape = &*tape;
    let leaf = |(input, view): (usize, View<'v, T>)| {
        tape.leaf_of("checkpoint", *view.shape, tracked(input), |out| out.copy_from_slice(view.values))
    };
    let leaves = inputs.enumerate().map(leaf).collect::<Result<Vec<_>>>()?;
    let result = f(&leaves)?;
    tape.own("checkpoint", result)?;
    if tape.read("checkpoint")?.params.is_empty() {
        return Ok((leaves, result));
    }
    let message = "expected parameters among the inputs, got one recorded inside of the segment";
    Err(ErrorKind::Custom { op: "checkpoint", message: message.into() }.into())
}

impl<T: Element> Tape<T> {
    /// Records `f` of the inputs as one node that keeps its result alone: what is computed in between is
    /// computed again by [`backward`](Self::backward).
    ///
    /// Memory for the segments is that of the largest one instead of their sum; the price is one more
    /// computation of each. `f` must compute the same whenever it is called, and reads nothing but its
    /// inputs: parameters are passed as inputs too.
    ///
    /// Chen et al. 2016, "Training deep nets with sublinear memory cost".
    ///
    /// ```
    /// use tensor::{Tape, ndarray::array};
    ///
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![1.0, 2.0])?;
    /// let y = tape.checkpoint(|x| x[0].square()?.exp()?.ln(), &[x])?;
    /// assert_eq!(tape.len(), 2);
    /// let gradient = tape.backward(y.sum()?)?.wrt(x)?;
    /// assert!((gradient[0] - 2.0).abs() < 1e-12 && (gradient[1] - 4.0).abs() < 1e-12);
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// What `f` refuses, and [`ErrorKind::Custom`] if it records a parameter.
    pub fn checkpoint<F>(&self, f: F, inputs: &[Var<'_, T>]) -> Result<Var<'_, T>>
    where
        F: for<'s> Fn(&[Var<'s, T>]) -> Result<Var<'s, T>> + Send + 'static,
    {
        let ids = inputs.iter().map(|&x| self.own("checkpoint", x)).collect::<Result<Vec<_>>>()?;
        inputs.iter().try_for_each(|x| self.settle("checkpoint", x.id))?;
        let segments = {
            let mut inner = self.write("checkpoint")?;
            Arc::clone(inner.segment.get_or_insert_with(|| Arc::new(Mutex::new(Tape::new()))))
        };
        let (shape, result) = {
            let inner = self.read("checkpoint")?;
            let view = |&id: &usize| View { values: inner.nodes[id].values(), shape: &inner.nodes[id].shape };
            let mut tape = lock(&segments);
            let (_, result) = run(&mut tape, &f, ids.iter().map(view), |_| true)?;
            (result.shape()?, result.id)
        };
        let segment = Segment { f, shape, tape: segments, ready: Cell::new(Some(result)) };
        self.apply(segment, inputs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Param;
    use ndarray::{Array1, array};

    fn five(x: Var<'_, f64>) -> Result<Var<'_, f64>> {
        (0..5).try_fold(x, |y, _| y.sin())
    }

    /// Twenty layers, in four segments of five or all kept: gradient and bytes.
    fn deep(checkpointed: bool) -> (Vec<f64>, usize) {
        let tape = Tape::<f64>::new();
        let x = tape.var(&Array1::linspace(0.1, 0.9, 1000)).unwrap();
        let mut y = x;
        for _ in 0..4 {
            y = if checkpointed { tape.checkpoint(|x| five(x[0]), &[y]) } else { five(y) }.unwrap();
        }
        let loss = y.sum().unwrap();
        let gradient = tape.backward(loss).unwrap().wrt(x).unwrap();
        (gradient.iter().copied().collect(), tape.bytes())
    }

    #[test]
    fn a_segment_has_the_bits_of_the_plain_computation_and_less_memory() {
        let ((kept, kept_bytes), (again, again_bytes)) = (deep(false), deep(true));
        assert_eq!(kept, again);
        // 22 values and gradients of 1000 numbers, against 6 of the tape and 6 of one segment.
        assert!(
            kept_bytes >= 2 * 21 * 8000 && again_bytes <= 2 * 12 * 8000,
            "{kept_bytes} and {again_bytes}"
        );
    }

    #[test]
    fn a_segment_is_replayed_on_new_values() {
        let tape = Tape::<f64>::new();
        let x = tape.var(&array![2.0]).unwrap();
        let y = tape.checkpoint(|x| x[0].square(), &[x]).unwrap();
        tape.set(x, &array![3.0]).unwrap();
        tape.replay().unwrap();
        assert_eq!(y.item().unwrap(), 9.0);
        assert_eq!(tape.backward(y).unwrap().wrt(x).unwrap()[0], 6.0);
    }

    #[test]
    fn a_parameter_inside_of_a_segment_is_refused() {
        let tape = Tape::<f64>::new();
        let x = tape.var(&array![2.0]).unwrap();
        let w = Arc::new(Param::new(&array![1.0]).unwrap());
        let error = tape.checkpoint(move |x| x[0].mul(x[0].tape().param(&w)?), &[x]).unwrap_err();
        let expected =
            "checkpoint: expected parameters among the inputs, got one recorded inside of the segment";
        assert_eq!(error.to_string(), expected);
    }
}
