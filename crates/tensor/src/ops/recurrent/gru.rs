//! Gated recurrent units.

use super::{Direction, Recurrence, Sizes, runs};
use crate::kernels::{self, Write};
use crate::op::{Backward, Forward, Inputs, Op, Shapes, Sink};
use crate::{Element, Indices, Result, Shape, Var};

/// The states of all steps. Saves the gates `r z n` of all steps and `q`, the part of the sum of n that r
/// multiplies, beside the memory of one step's sums.
#[derive(Debug)]
struct Gru {
    recurrence: Recurrence,
    /// The position of the bias among the inputs.
    bias: Option<usize>,
}

impl<T: Element> Op<T> for Gru {
    fn name(&self) -> &'static str {
        self.recurrence.op
    }

    fn indices(&self) -> Option<usize> {
        self.recurrence.lengths
    }

    fn infer(&self, inputs: Shapes<'_, T>) -> Result<Shape> {
        let Sizes { time, batch, hidden, .. } = self.recurrence.check(inputs, 2..3, self.bias)?;
        Ok(Shape::of(&[time, batch, hidden]))
    }

    fn saved(&self, inputs: Shapes<'_, T>) -> usize {
        let sizes = self.recurrence.of(inputs.get(0), inputs.get(1));
        let gates = sizes.batch * sizes.width();
        sizes.time * (gates + sizes.area()) + gates
    }

    // h = n + z (h' - n), with the sums x + h' W + b of r and z, and x + r q of n
    fn forward(&self, inputs: Inputs<'_, T>, out: Forward<'_, T>) -> Result<()> {
        let sizes = self.recurrence.sizes(inputs);
        let lengths = self.recurrence.checked_lengths(inputs)?;
        let (x, weight) = (inputs.get(0).values, sizes.weight(inputs.get(1).values));
        let (gates, rest) = out.saved.split_at_mut(sizes.time * sizes.batch * sizes.width());
        let (scaled, sums) = rest.split_at_mut(sizes.time * sizes.area());
        for (step, before) in sizes.order() {
            let (h, h_before) = sizes.step(out.values, inputs.get(2).values, (step, before));
            match self.bias {
                Some(bias) => T::affine(sums, sizes.rows(h_before), weight, inputs.get(bias).values, None),
                None => T::gemm(sums, Write::Store, T::one(), sizes.rows(h_before), weight),
            }
            let x = x[sizes.inputs(step)].chunks_exact(sizes.width());
            let sums = sums.chunks_exact_mut(sizes.width());
            let gates = gates[sizes.inputs(step)].chunks_exact_mut(sizes.width());
            let scaled = scaled[sizes.states(step)].chunks_exact_mut(sizes.hidden);
            let states = h.chunks_exact_mut(sizes.hidden).zip(h_before.chunks_exact(sizes.hidden));
            let rows = x.zip(sums).zip(gates.zip(scaled)).zip(states);
            for (sequence, (((x, sums), (gates, q)), (h, h_before))) in rows.enumerate() {
                if runs(lengths, sequence, step) {
                    forward(x, sums, (gates, q), (h, h_before));
                } else {
                    h.copy_from_slice(h_before);
                }
            }
        }
        Ok(())
    }

    // Backward through time, with dh the gradient of a step's state from all that comes after it.
    fn backward(&self, mut step: Backward<'_, T>) -> Result<()> {
        let sizes = self.recurrence.sizes(step.inputs);
        let lengths = self.recurrence.lengths(step.inputs);
        let (inputs, states, hidden) = (step.inputs, step.output.values, sizes.hidden);
        let (gates, scaled) = step.saved.split_at(sizes.time * sizes.batch * sizes.width());
        let scratch = step.scratch.take(gates.len() + sizes.area() + hidden + sizes.copied());
        let (dgates, rest) = scratch.split_at_mut(gates.len());
        let (dh, rest) = rest.split_at_mut(sizes.area());
        let (dn, copy) = rest.split_at_mut(hidden);
        let transposed = sizes.transposed(copy, inputs.get(1).values);
        let mut sink = step.grads.of(0).map(Sink::parts);
        dh.fill(T::zero());
        for (t, before) in sizes.order().rev() {
            kernels::update1(dh, &step.upstream[sizes.states(t)], |dh, g| dh + g);
            let before = before.map_or(inputs.get(2).values, |before| &states[sizes.states(before)]);
            let (place, rows) = (sizes.inputs(t), sizes.states(t));
            for sequence in 0..sizes.batch {
                let range = sequence * hidden..(sequence + 1) * hidden;
                let wide = sequence * sizes.width()..(sequence + 1) * sizes.width();
                let dgates = &mut dgates[place.clone()][wide.clone()];
                let runs = runs(lengths, sequence, t);
                if runs {
                    let q = &scaled[rows.clone()][range.clone()];
                    let row =
                        Row { gates: &gates[place.clone()][wide.clone()], q, before: &before[range.clone()] };
                    row.backward(dgates, dn, &mut dh[range]);
                } else {
                    dgates.fill(T::zero());
                    dn.fill(T::zero());
                }
                if let Some((out, write)) = &mut sink {
                    let (first, last) = out[place.clone()][wide].split_at_mut(2 * hidden);
                    kernels::map1(first, *write, dgates, |g| g);
                    kernels::map1(last, *write, dn, |g| g);
                }
            }
            T::gemm(dh, Write::Add, T::one(), sizes.gates(&dgates[place]), transposed);
        }
        if let Some(sink) = step.grads.of(1) {
            sizes.weight_gradient(sink, (inputs.get(2).values, states), dgates);
        }
        if let Some(sink) = step.grads.of(2) {
            sink.map1(dh, |g| g);
        }
        if let Some(sink) = self.bias.and_then(|bias| step.grads.of(bias)) {
            sink.sum_columns(dgates);
        }
        Ok(())
    }
}

/// One step of one sequence; `sums` holds `h' W + b` and is memory afterwards.
fn forward<T: Element>(
    x: &[T],
    sums: &mut [T],
    (gates, q): (&mut [T], &mut [T]),
    (h, h_before): (&mut [T], &[T]),
) {
    let two = 2 * h.len();
    let ((x, x_n), (sums, sum_n)) = (x.split_at(two), sums.split_at_mut(two));
    let (rz, n) = gates.split_at_mut(two);
    kernels::update1(sums, x, |sum, x| sum + x);
    T::sigmoid_all(rz, sums);
    let (r, z) = rz.split_at(h.len());
    q.copy_from_slice(sum_n);
    kernels::map3(sum_n, Write::Store, (x_n, r, q), |x, r, q| x + r * q);
    T::tanh_all(n, sum_n);
    kernels::map3(h, Write::Store, (n, z, h_before), |n, z, h| n + z * (h - n));
}

/// What the way back reads of one sequence at one step.
struct Row<'a, T> {
    gates: &'a [T],
    q: &'a [T],
    before: &'a [T],
}

impl<T: Element> Row<'_, T> {
    /// From `dh` the gradients of `h' W + b` and, in `dn`, of the sum of n. Then `dh` is what reaches the
    /// state before without the weight.
    fn backward(&self, dgates: &mut [T], dn: &mut [T], dh: &mut [T]) {
        let (one, store, hidden) = (T::one(), Write::Store, dh.len());
        let (rz, n) = self.gates.split_at(2 * hidden);
        let (r, z) = rz.split_at(hidden);
        let (first, dq) = dgates.split_at_mut(2 * hidden);
        let (dr, dz) = first.split_at_mut(hidden);
        kernels::map3(dn, store, (dh, z, n), move |dh, z, n| dh * (one - z) * (one - n * n));
        kernels::map2(dq, store, dn, r, |dn, r| dn * r);
        kernels::map3(dr, store, (dn, self.q, r), move |dn, q, r| dn * q * (r * (one - r)));
        kernels::map3(dz, store, (dh, self.before, n), |dh, h, n| dh * (h - n));
        kernels::update1(dz, z, move |dz, z| dz * (z * (one - z)));
        kernels::update1(dh, z, |dh, z| dh * z);
    }
}

impl<'t, T: Element> Var<'t, T> {
    /// A gated recurrent unit over all steps of x `[time, batch, 3 hidden]`, with the weight
    /// `[hidden, 3 hidden]` and bias `[3 hidden]` of the hidden state, and the state `[batch, hidden]` at
    /// the beginning: the hidden states of all steps, `[time, batch, hidden]`.
    ///
    /// x holds the part of the gates' sums that does not depend on the state. With `x_t` and `h' w + bias`
    /// cut into r, z and n, where h' is the state before: `r = σ(x_r + h_r)`, `z = σ(x_z + h_z)`,
    /// `n = tanh(x_n + r h_n)` and `h_t = (1 - z) n + z h'`. That is PyTorch's variant, with r applied after
    /// the product. Lengths and directions are as in [`lstm`](Self::lstm).
    ///
    /// All steps are one op: the way back through time is a loop inside of it. Derivatives by the chain
    /// rule, from the last step taken to the first. Cho et al. 2014; this variant by Chung et al. 2014.
    ///
    /// ```
    /// # use tensor::{Direction, Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// // Two steps of one sequence with r = 1 and z = 1/2: half of the state is kept.
    /// let x = tape.var(&array![[[50.0, 0.0, 0.0]], [[50.0, 0.0, 0.5]]])?;
    /// let (w, start) = (tape.var(&array![[0.0, 0.0, 0.0]])?, tape.var(&array![[4.0]])?);
    /// let h = x.gru(w, None, start, None, Direction::Forward)?;
    /// assert_eq!(h.value()?, array![[[2.0]], [[0.5 * 0.5f64.tanh() + 1.0]]].into_dyn());
    /// assert_eq!(tape.backward(h.narrow(0, 1, 1)?.sum()?)?.wrt(start)?, array![[0.25]].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Operand`](crate::ErrorKind::Operand) or [`ErrorKind::Shapes`](crate::ErrorKind::Shapes)
    /// for other shapes; [`ErrorKind::Index`](crate::ErrorKind::Index) for a length above `time`.
    pub fn gru(
        self,
        weight: Var<'_, T>,
        bias: Option<Var<'_, T>>,
        hidden: Var<'_, T>,
        lengths: Option<Indices<'_, T>>,
        direction: Direction,
    ) -> Result<Self> {
        let position = bias.map(|_| 3);
        let last = if bias.is_some() { 4 } else { 3 };
        let recurrence = Recurrence { op: "gru", gates: 3, direction, lengths: lengths.map(|_| last) };
        let op = Gru { recurrence, bias: position };
        self.recurrent(op, &[Some(weight), Some(hidden), bias], lengths)
    }
}
