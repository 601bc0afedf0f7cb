//! The recurrences beside their steps, op by op.

use crate::{Direction, Element, Gradients, Result, Tape, Var, stack};
use ndarray::{Array, Array1, Array2, Array3, Dimension, ShapeBuilder};

const TIME: usize = 5;
const BATCH: usize = 4;

/// Numbers from -1 to 1.
fn numbers<T: Element, D: Dimension, Sh: ShapeBuilder<Dim = D>>(shape: Sh, seed: f64) -> Array<T, D> {
    let mut count = seed;
    Array::from_shape_simple_fn(shape, || {
        count += 1.0;
        T::from_f64((count * 12.9898).sin())
    })
}

struct Arrays<T> {
    x: Array3<T>,
    w: Array2<T>,
    b: Array1<T>,
    h: Array2<T>,
    c: Array2<T>,
}

impl<T: Element> Arrays<T> {
    fn new(hidden: usize, gates: usize) -> Self {
        Self {
            x: numbers((TIME, BATCH, gates * hidden), 1.0),
            w: numbers((hidden, gates * hidden), 2.0),
            b: numbers(gates * hidden, 3.0),
            h: numbers((BATCH, hidden), 4.0),
            c: numbers((BATCH, hidden), 5.0),
        }
    }

    fn on<'t>(&self, tape: &'t Tape<T>) -> Result<[Var<'t, T>; 5]> {
        Ok([
            tape.var(&self.x)?,
            tape.var(&self.w)?,
            tape.var(&self.b)?,
            tape.var(&self.h)?,
            tape.var(&self.c)?,
        ])
    }
}

type Step<'t, T> = fn(Var<'t, T>, &[Var<'t, T>; 5], [Var<'t, T>; 2]) -> Result<[Var<'t, T>; 2]>;

fn lstm_step<'t, T: Element>(
    x: Var<'t, T>,
    [_, w, ..]: &[Var<'t, T>; 5],
    [h, c]: [Var<'t, T>; 2],
) -> Result<[Var<'t, T>; 2]> {
    let parts = x.add(h.matmul(*w)?)?.chunk(1, 4)?;
    let c = parts[1].sigmoid()?.mul(c)?.add(parts[0].sigmoid()?.mul(parts[2].tanh()?)?)?;
    Ok([parts[3].sigmoid()?.mul(c.tanh()?)?, c])
}

fn gru_step<'t, T: Element>(
    x: Var<'t, T>,
    [_, w, b, ..]: &[Var<'t, T>; 5],
    [h, c]: [Var<'t, T>; 2],
) -> Result<[Var<'t, T>; 2]> {
    let (x, sums) = (x.chunk(1, 3)?, h.linear(*w, *b)?.chunk(1, 3)?);
    let (r, z) = (x[0].add(sums[0])?.sigmoid()?, x[1].add(sums[1])?.sigmoid()?);
    let n = x[2].add(r.mul(sums[2])?)?.tanh()?;
    Ok([n.add(z.mul(h.sub(n)?)?)?, c])
}

/// The states of all steps and the last cell, step by step.
fn composed<'t, T: Element>(
    inputs: &[Var<'t, T>; 5],
    lengths: &[usize],
    direction: Direction,
    step: Step<'t, T>,
) -> Result<[Var<'t, T>; 2]> {
    let ([x, .., h, c], tape) = (*inputs, inputs[0].tape());
    let mut states = [h, c];
    let mut all = vec![h; TIME];
    for taken in 0..TIME {
        let t = if direction == Direction::Forward { taken } else { TIME - 1 - taken };
        let next = step(x.narrow(0, t, 1)?.squeeze(0)?, inputs, states)?;
        let runs = Array2::from_shape_fn((BATCH, 1), |(row, _)| T::from_f64(f64::from(t < lengths[row])));
        let runs = tape.constant(&runs)?;
        states = [runs.where_cond(next[0], states[0])?, runs.where_cond(next[1], states[1])?];
        all[t] = states[0];
    }
    Ok([stack(&all, 0)?, states[1]])
}

fn weighted<'t, T: Element>([all, cell]: [Var<'t, T>; 2]) -> Result<Var<'t, T>> {
    let weights = numbers::<T, _, _>(all.shape()?.to_vec(), 7.0);
    all.mul(all.tape().constant(&weights)?)?.sum()?.add(cell.square()?.sum()?)
}

fn compare<T: Element>(
    name: &str,
    tolerance: f64,
    [fused, steps]: [[Var<'_, T>; 2]; 2],
    gradients: [&Gradients<'_, T>; 2],
    inputs: [&[Var<'_, T>; 5]; 2],
) {
    for (fused, steps) in fused.into_iter().zip(steps) {
        let (fused, steps) = (fused.value().unwrap(), steps.value().unwrap());
        assert_eq!(fused.shape(), steps.shape());
        for (a, b) in fused.iter().zip(&steps) {
            assert!((a.to_f64() - b.to_f64()).abs() < tolerance, "{name}: {a} instead of {b}");
        }
    }
    for (input, (fused, steps)) in inputs[0].iter().zip(inputs[1]).enumerate() {
        let Ok(steps) = gradients[1].wrt(*steps) else { continue };
        let fused = gradients[0].wrt(*fused).unwrap();
        for (a, b) in fused.iter().zip(&steps) {
            let far = (a.to_f64() - b.to_f64()).abs() > tolerance * (1.0 + b.to_f64().abs());
            assert!(!far, "{name}: gradient {input} is {a} instead of {b}");
        }
    }
}

/// Both recurrences with a state as long as this.
fn agree<T: Element>(hidden: usize, tolerance: f64) -> Result<()> {
    for direction in [Direction::Forward, Direction::Backward] {
        for lengths in [[TIME; BATCH], [2, 5, 3, 1], [0, 1, 4, 5]] {
            let full = lengths == [TIME; BATCH];
            let (one, two) = (Tape::<T>::new(), Tape::<T>::new());
            let arrays = Arrays::new(hidden, 4);
            let (x, y) = (arrays.on(&one)?, arrays.on(&two)?);
            let given = (!full).then(|| one.indices(&lengths)).transpose()?;
            let fused = x[0].lstm(x[1], [x[3], x[4]], given, direction)?;
            let steps = composed(&y, &lengths, direction, lstm_step)?;
            let gradients = [one.backward(weighted(fused)?)?, two.backward(weighted(steps)?)?];
            let name = format!("lstm {direction:?} {lengths:?}");
            compare(&name, tolerance, [fused, steps], [&gradients[0], &gradients[1]], [&x, &y]);

            let (one, two) = (Tape::<T>::new(), Tape::<T>::new());
            let arrays = Arrays::new(hidden, 3);
            let (x, y) = (arrays.on(&one)?, arrays.on(&two)?);
            let given = (!full).then(|| one.indices(&lengths)).transpose()?;
            let fused = [x[0].gru(x[1], Some(x[2]), x[3], given, direction)?, x[4]];
            let steps = composed(&y, &lengths, direction, gru_step)?;
            let gradients = [one.backward(weighted(fused)?)?, two.backward(weighted(steps)?)?];
            let name = format!("gru {direction:?} {lengths:?}");
            compare(&name, tolerance, [fused, steps], [&gradients[0], &gradients[1]], [&x, &y]);
        }
    }
    Ok(())
}

#[test]
fn value_and_gradient_equal_the_composition() -> Result<()> {
    agree::<f64>(2, 1e-13)?;
    agree::<f64>(33, 1e-12)?;
    agree::<f32>(2, 1e-5)?;
    agree::<f32>(33, 1e-4)
}

#[test]
fn what_follows_the_end_of_a_sequence_is_never_read() -> Result<()> {
    for direction in [Direction::Forward, Direction::Backward] {
        let tape = Tape::<f64>::new();
        let mut arrays = Arrays::<f64>::new(2, 4);
        arrays.x.slice_mut(ndarray::s![3.., 1, ..]).fill(f64::NAN);
        let x = arrays.on(&tape)?;
        let lengths = tape.indices(&[5, 3, 5, 5])?;
        let [all, cell] = x[0].lstm(x[1], [x[3], x[4]], Some(lengths), direction)?;
        let loss = weighted([all, cell])?;
        assert!(loss.item()?.is_finite());
        let gradients = tape.backward(loss)?;
        for input in [x[0], x[1], x[3], x[4]] {
            assert!(gradients.wrt(input)?.iter().all(|g| g.is_finite()));
        }
        assert!(gradients.wrt(x[0])?.slice(ndarray::s![3.., 1, ..]).iter().all(|&g| g == 0.0));
    }
    Ok(())
}

#[test]
fn no_steps_leave_the_state() -> Result<()> {
    let tape = Tape::<f64>::new();
    let x = tape.var(&Array3::zeros((0, 2, 8)))?;
    let (w, h) = (tape.var(&Array2::ones((2, 8)))?, tape.var(&Array2::ones((2, 2)))?);
    let [all, cell] = x.lstm(w, [h, h], None, Direction::Backward)?;
    assert_eq!(all.shape()?[..], [0, 2, 2]);
    assert_eq!(cell.value()?, h.value()?);
    let gradients = tape.backward(cell.sum()?)?;
    assert_eq!(gradients.wrt(h)?, Array2::ones((2, 2)).into_dyn());
    assert_eq!(gradients.wrt(w)?, Array2::zeros((2, 8)).into_dyn());
    Ok(())
}
