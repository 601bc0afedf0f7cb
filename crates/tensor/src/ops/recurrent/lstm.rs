//! Long short-term memory.

use super::{Direction, Recurrence, Sizes, runs};
use crate::kernels::{self, Write};
use crate::op::{Backward, Forward, Inputs, Op, Shapes};
use crate::{Element, ErrorKind, Indices, Result, Shape, Var};

/// The states of all steps, and the last cells as one more block of the output. Saves the gates `i f g o`
/// of all steps, the cells and their tanh, beside the memory of one step's sums.
#[derive(Debug)]
struct Lstm(Recurrence);

/// The parts of what [`Lstm`] saves.
fn parts<T>(saved: &[T], sizes: Sizes) -> [&[T]; 3] {
    let (states, gates) = (sizes.time * sizes.area(), sizes.time * sizes.batch * sizes.width());
    let (gates, rest) = saved.split_at(gates);
    let (cells, rest) = rest.split_at(states);
    [gates, cells, &rest[..states]]
}

/// The same to write, and the memory of one step's sums.
fn parts_mut<T>(saved: &mut [T], sizes: Sizes) -> [&mut [T]; 4] {
    let (states, gates) = (sizes.time * sizes.area(), sizes.time * sizes.batch * sizes.width());
    let (gates, rest) = saved.split_at_mut(gates);
    let (cells, rest) = rest.split_at_mut(states);
    let (bounded, sums) = rest.split_at_mut(states);
    [gates, cells, bounded, sums]
}

impl<T: Element> Op<T> for Lstm {
    fn name(&self) -> &'static str {
        self.0.op
    }

    fn indices(&self) -> Option<usize> {
        self.0.lengths
    }

    fn infer(&self, inputs: Shapes<'_, T>) -> Result<Shape> {
        let Sizes { time, batch, hidden, .. } = self.0.check(inputs, 2..4, None)?;
        let too_large = || ErrorKind::TooLarge { op: self.0.op, shape: *inputs.get(0) };
        Ok(Shape::of(&[time.checked_add(1).ok_or_else(too_large)?, batch, hidden]))
    }

    fn saved(&self, inputs: Shapes<'_, T>) -> usize {
        let sizes = self.0.of(inputs.get(0), inputs.get(1));
        let gates = sizes.batch * sizes.width();
        sizes.time * (gates + 2 * sizes.area()) + gates
    }

    // c = f c' + i g and h = o tanh c, with the gates from x + h' W
    fn forward(&self, inputs: Inputs<'_, T>, out: Forward<'_, T>) -> Result<()> {
        let (lengths, sizes) = (self.0.checked_lengths(inputs)?, self.0.sizes(inputs));
        let (x, weight) = (inputs.get(0).values, sizes.weight(inputs.get(1).values));
        let [gates, cells, bounded, sums] = parts_mut(out.saved, sizes);
        let (states, last_cells) = out.values.split_at_mut(sizes.time * sizes.area());
        let mut last = inputs.get(3).values;
        for (step, before) in sizes.order() {
            let (h, h_before) = sizes.step(states, inputs.get(2).values, (step, before));
            let (c, c_before) = sizes.step(cells, inputs.get(3).values, (step, before));
            sums.copy_from_slice(&x[sizes.inputs(step)]);
            T::gemm(sums, Write::Add, T::one(), sizes.rows(h_before), weight);
            let gates = &mut gates[sizes.inputs(step)];
            let runs = |sequence| runs(lengths, sequence, step);
            activate(gates, sums, sizes.hidden);
            cell((c, c_before), gates, sizes.hidden, runs);
            let bounded = &mut bounded[sizes.states(step)];
            T::tanh_all(bounded, c);
            hidden((h, h_before), (gates, bounded), sizes.hidden, runs);
        }
        if let Some((step, _)) = sizes.order().next_back() {
            last = &cells[sizes.states(step)];
        }
        last_cells.copy_from_slice(last);
        Ok(())
    }

    // Backward through time, with dh and dc the gradients of a step's states from all that comes after it.
    fn backward(&self, mut step: Backward<'_, T>) -> Result<()> {
        let (lengths, sizes) = (self.0.lengths(step.inputs), self.0.sizes(step.inputs));
        let (inputs, area, width) = (step.inputs, sizes.area(), sizes.width());
        let [gates, cells, bounded] = parts(step.saved, sizes);
        let (upstream, dc) = step.upstream.split_at_mut(sizes.time * area);
        let scratch = step.scratch.take(gates.len() + area + sizes.copied());
        let (dgates, rest) = scratch.split_at_mut(gates.len());
        let (dh, copy) = rest.split_at_mut(area);
        let transposed = sizes.transposed(copy, inputs.get(1).values);
        dh.fill(T::zero());
        for (t, before) in sizes.order().rev() {
            kernels::update1(dh, &upstream[sizes.states(t)], |dh, g| dh + g);
            let c_before = before.map_or(inputs.get(3).values, |before| &cells[sizes.states(before)]);
            let (gates, dgates) = (&gates[sizes.inputs(t)], &mut dgates[sizes.inputs(t)]);
            let bounded = &bounded[sizes.states(t)];
            for sequence in 0..sizes.batch {
                let wide = sequence * width..(sequence + 1) * width;
                let range = sequence * sizes.hidden..(sequence + 1) * sizes.hidden;
                if runs(lengths, sequence, t) {
                    let values = Row {
                        gates: &gates[wide.clone()],
                        c_before: &c_before[range.clone()],
                        bounded: &bounded[range.clone()],
                    };
                    values.backward(&mut dgates[wide], &mut dh[range.clone()], &mut dc[range]);
                } else {
                    dgates[wide].fill(T::zero());
                }
            }
            T::gemm(dh, Write::Add, T::one(), sizes.gates(dgates), transposed);
        }
        if let Some(sink) = step.grads.of(0) {
            sink.map1(dgates, |g| g);
        }
        if let Some(sink) = step.grads.of(1) {
            sizes.weight_gradient(sink, (inputs.get(2).values, step.output.values), dgates);
        }
        if let Some(sink) = step.grads.of(2) {
            sink.map1(dh, |g| g);
        }
        if let Some(sink) = step.grads.of(3) {
            sink.map1(dc, |g| g);
        }
        Ok(())
    }
}

/// The gates of a step from their sums, in the order `i f g o`.
fn activate<T: Element>(gates: &mut [T], sums: &[T], hidden: usize) {
    for (gates, sums) in gates.chunks_exact_mut(4 * hidden).zip(sums.chunks_exact(4 * hidden)) {
        let parts = [0..2 * hidden, 2 * hidden..3 * hidden, 3 * hidden..4 * hidden];
        T::sigmoid_all(&mut gates[parts[0].clone()], &sums[parts[0].clone()]);
        T::tanh_all(&mut gates[parts[1].clone()], &sums[parts[1].clone()]);
        T::sigmoid_all(&mut gates[parts[2].clone()], &sums[parts[2].clone()]);
    }
}

/// The cells of a step; those of a sequence that has ended stay.
fn cell<T: Element>(
    (c, c_before): (&mut [T], &[T]),
    gates: &[T],
    hidden: usize,
    runs: impl Fn(usize) -> bool,
) {
    let rows = c.chunks_exact_mut(hidden).zip(c_before.chunks_exact(hidden));
    for (sequence, ((c, c_before), gates)) in rows.zip(gates.chunks_exact(4 * hidden)).enumerate() {
        if runs(sequence) {
            let [i, f, g, _] = four(gates);
            kernels::map2(c, Write::Store, f, c_before, |f, c| f * c);
            kernels::map2(c, Write::Add, i, g, |i, g| i * g);
        } else {
            c.copy_from_slice(c_before);
        }
    }
}

/// The hidden states of a step; those of a sequence that has ended stay.
fn hidden<T: Element>(
    (h, h_before): (&mut [T], &[T]),
    (gates, bounded): (&[T], &[T]),
    hidden: usize,
    runs: impl Fn(usize) -> bool,
) {
    let rows = h.chunks_exact_mut(hidden).zip(h_before.chunks_exact(hidden));
    let values = gates.chunks_exact(4 * hidden).zip(bounded.chunks_exact(hidden));
    for (sequence, ((h, h_before), (gates, bounded))) in rows.zip(values).enumerate() {
        if runs(sequence) {
            kernels::map2(h, Write::Store, four(gates)[3], bounded, |o, c| o * c);
        } else {
            h.copy_from_slice(h_before);
        }
    }
}

fn four<T>(gates: &[T]) -> [&[T]; 4] {
    let hidden = gates.len() / 4;
    std::array::from_fn(|gate| &gates[gate * hidden..(gate + 1) * hidden])
}

/// What the way back reads of one sequence at one step.
struct Row<'a, T> {
    gates: &'a [T],
    c_before: &'a [T],
    /// tanh c
    bounded: &'a [T],
}

impl<T: Element> Row<'_, T> {
    /// The gradients of the gates' sums from `dh` and `dc`. Then `dh` is 0, for what comes through the
    /// weight, and `dc` the gradient of the cell before.
    fn backward(&self, dgates: &mut [T], dh: &mut [T], dc: &mut [T]) {
        let (one, store) = (T::one(), Write::Store);
        let [i, f, g, o] = four(self.gates);
        let (first, rest) = dgates.split_at_mut(2 * i.len());
        let ((di, df), (dg, d_o)) = (first.split_at_mut(i.len()), rest.split_at_mut(i.len()));
        kernels::map3(d_o, store, (dh, self.bounded, o), move |dh, c, o| dh * c * (o * (one - o)));
        kernels::map3(dc, Write::Add, (dh, self.bounded, o), move |dh, c, o| dh * o * (one - c * c));
        kernels::map3(di, store, (dc, g, i), move |dc, g, i| dc * g * (i * (one - i)));
        kernels::map3(df, store, (dc, self.c_before, f), move |dc, c, f| dc * c * (f * (one - f)));
        kernels::map3(dg, store, (dc, i, g), move |dc, i, g| dc * i * (one - g * g));
        kernels::update1(dc, f, |dc, f| dc * f);
        dh.fill(T::zero());
    }
}

impl<'t, T: Element> Var<'t, T> {
    /// A long short-term memory over all steps of x `[time, batch, 4 hidden]`, with the weight
    /// `[hidden, 4 hidden]` of the hidden state and the states `[hidden, cell]` at the beginning, each
    /// `[batch, hidden]`: the hidden states of all steps, `[time, batch, hidden]`, and the last cell,
    /// `[batch, hidden]`.
    ///
    /// x holds the part of the gates' sums that does not depend on the state, bias included. With the
    /// sums `x_t + h' w` cut into i, f, g and o: `c_t = σ(f) c' + σ(i) tanh(g)` and `h_t = σ(o) tanh(c_t)`,
    /// where h' and c' are the states before. After the end of a sequence that is shorter than `time` its
    /// states stay as they are: the last hidden state is that of the last step that it has. Backward, they
    /// stay as at the beginning until its own last step, and the last hidden state is that of step 0.
    ///
    /// All steps are one op: the way back through time is a loop inside of it. Derivatives by the chain
    /// rule, from the last step taken to the first. Hochreiter and Schmidhuber 1997; with forget gates,
    /// Gers, Schmidhuber and Cummins 2000.
    ///
    /// ```
    /// # use tensor::{Direction, Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// // Two steps of one sequence with gates that are open: σ(50) is 1 in f64.
    /// let x = tape.var(&array![[[50.0, 50.0, 0.5, 50.0]], [[50.0, 50.0, 0.0, 50.0]]])?;
    /// let (w, zero) = (tape.var(&array![[0.0, 0.0, 1.0, 0.0]])?, tape.constant(&array![[0.0]])?);
    /// let [h, c] = x.lstm(w, [zero, zero], None, Direction::Forward)?;
    /// let (c0, h0) = (0.5f64.tanh(), 0.5f64.tanh().tanh());
    /// assert_eq!(h.value()?, array![[[h0]], [[(c0 + h0.tanh()).tanh()]]].into_dyn());
    /// assert_eq!(c.value()?, array![[c0 + h0.tanh()]].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Operand`](crate::ErrorKind::Operand) or [`ErrorKind::Shapes`](crate::ErrorKind::Shapes)
    /// for other shapes; [`ErrorKind::Index`](crate::ErrorKind::Index) for a length above `time`.
    pub fn lstm(
        self,
        weight: Var<'_, T>,
        [hidden, cell]: [Var<'_, T>; 2],
        lengths: Option<Indices<'_, T>>,
        direction: Direction,
    ) -> Result<[Self; 2]> {
        let recurrence = Recurrence { op: "lstm", gates: 4, direction, lengths: lengths.map(|_| 4) };
        let all = self.recurrent(Lstm(recurrence), &[Some(weight), Some(hidden), Some(cell)], lengths)?;
        let time = all.shape()?[0] - 1;
        Ok([all.narrow(0, 0, time)?, all.narrow(0, time, 1)?.squeeze(0)?])
    }
}
