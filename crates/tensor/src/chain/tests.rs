//! A chain has the bits of the same ops computed one by one.

use crate::{ErrorKind, Result, Tape, Var};
use ndarray::{Array1, ArrayD};

/// Sizes around those of pieces.
const SIZES: [usize; 8] = [0, 1, 2, 33, 1023, 1024, 1025, 5000];

fn data(n: usize, seed: usize) -> Array1<f64> {
    Array1::from_iter((0..n).map(|i| ((i * 37 + seed * 101) % 113) as f64 / 40.0 - 1.4))
}

type Program = for<'t> fn(&[Var<'t, f64>; 3]) -> Result<Vec<Var<'t, f64>>>;

/// Programs that return a number to be differentiated, then other values.
const PROGRAMS: [(&str, Program); 9] = [
    ("a chain that ends in a sum", |[x, w, b]| Ok(vec![x.mul(*w)?.add(*b)?.relu()?.sum()?])),
    ("a mean, and values on the way", |[x, w, b]| {
        let (y, z) = (x.mul(*w)?, w.sub(*b)?);
        let q = y.mul(z)?.sigmoid()?;
        Ok(vec![q.mean()?, y, z, q])
    }),
    ("one input twice", |[x, w, _]| {
        let y = x.mul(*x)?;
        Ok(vec![y.mul(y)?.add(*w)?.add(*w)?.mul(*w)?.sum()?])
    }),
    ("another op reads the middle", |[x, w, b]| {
        let y = x.mul(*w)?;
        let z = y.tanh()?;
        let total = y.reshape(&[1, y.shape()?.size()])?.sum_axis(1)?;
        Ok(vec![z.mul(*b)?.sum()?.add(total.sum()?)?, z])
    }),
    ("two sums of one chain", |[x, w, b]| {
        let y = x.mul(*w)?;
        let first = y.exp()?.sum()?;
        Ok(vec![first.mul(y.mul(*b)?.sum()?)?, first])
    }),
    ("a long chain", |[x, w, b]| {
        let y = (0..70).try_fold(*x, |y, i| if i % 2 == 0 { y.mul(*w)?.sin() } else { y.sub(*b)?.cos() })?;
        Ok(vec![y.sum()?, y])
    }),
    ("nothing flows to the first operand", |[x, w, b]| {
        let y = x.detach()?.mul(*w)?;
        Ok(vec![y.maximum(*b)?.greater(*w)?.add(y)?.sum()?, y])
    }),
    ("a value that is not a sum ends it", |[x, w, b]| {
        let y = x.mul(*w)?.add(*b)?;
        Ok(vec![y.powf(2.0)?.sum_axis([0])?, y])
    }),
    ("dead ends", |[x, w, b]| {
        let y = x.mul(*w)?;
        let dead = y.exp()?;
        dead.mul(*b)?;
        Ok(vec![y.add(*b)?.sum()?, dead])
    }),
];

/// Values and gradients of a program on a tape with this rule; backward first or last.
fn run(program: Program, n: usize, chains_from: usize, backward_first: bool) -> Vec<ArrayD<f64>> {
    let tape = Tape::new().with_chains_from(chains_from);
    let leaves = [tape.var(&data(n, 1)), tape.var(&data(n, 2)), tape.var(&data(n, 3))].map(Result::unwrap);
    let outputs = program(&leaves).unwrap();
    let mut found = Vec::new();
    for round in 0..2 {
        let read = |found: &mut Vec<ArrayD<f64>>| {
            found.extend(outputs.iter().map(|output| output.value().unwrap()));
        };
        if !backward_first {
            read(&mut found);
        }
        let gradients = tape.backward(outputs[0]).unwrap();
        found.extend(leaves.iter().map(|&leaf| gradients.wrt(leaf).unwrap()));
        drop(gradients);
        if backward_first {
            read(&mut found);
        }
        tape.set(leaves[1], &data(n, 4 + round)).unwrap();
        tape.replay().unwrap();
    }
    found
}

#[test]
fn chains_have_the_bits_of_single_ops() {
    for (name, program) in PROGRAMS {
        for n in SIZES {
            for backward_first in [false, true] {
                let eager = run(program, n, usize::MAX, backward_first);
                let lazy = run(program, n, 0, backward_first);
                let bits = |x: &ArrayD<f64>| x.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
                for (i, (eager, lazy)) in eager.iter().zip(&lazy).enumerate() {
                    assert_eq!(bits(eager), bits(lazy), "{name}, {n} elements, value {i}");
                }
            }
        }
    }
}

#[test]
fn a_value_on_the_way_takes_no_memory() {
    let tape = Tape::<f64>::new().with_chains_from(1000);
    let x = tape.var(&data(100_000, 1)).unwrap();
    let loss = x.sin().unwrap().exp().unwrap().sum().unwrap();
    tape.backward(loss).unwrap();
    // The leaf, its gradient, and pieces.
    assert!(tape.bytes() < 8 * (2 * 100_000 + 8 * 1024), "{}", tape.bytes());
}

#[test]
fn a_value_that_was_not_asked_for_before_its_leaf_was_set_is_stale() {
    let tape = Tape::<f64>::new().with_chains_from(0);
    let x = tape.var(&Array1::from_elem(40, 2.0)).unwrap();
    let (y, z) = (x.square().unwrap(), x.neg().unwrap());
    assert_eq!(z.value().unwrap()[[39]], -2.0);
    tape.set(x, &Array1::from_elem(40, 3.0)).unwrap();
    assert_eq!(z.value().unwrap()[[39]], -2.0);
    assert!(matches!(y.value().unwrap_err().kind(), ErrorKind::Stale { op: "value" }));
    assert!(matches!(y.add(z).unwrap().value().unwrap_err().kind(), ErrorKind::Stale { .. }));
    tape.replay().unwrap();
    assert_eq!(y.value().unwrap()[[39]], 9.0);
}

#[test]
fn values_are_read_inside_of_a_read_if_they_are_there() {
    let tape = Tape::<f64>::new().with_chains_from(0);
    let x = tape.var(&Array1::from_elem(40, 2.0)).unwrap();
    let (y, z) = (x.square().unwrap(), x.neg().unwrap());
    y.value().unwrap();
    let inner = x.with(|_| (y.value(), z.value())).unwrap();
    assert!(inner.0.is_ok());
    assert!(matches!(inner.1.unwrap_err().kind(), ErrorKind::Busy { .. }));
}

#[test]
fn a_value_that_was_not_asked_for_is_gone_with_its_parameter() {
    let tape = Tape::<f64>::new().with_chains_from(0);
    let w = crate::Param::new(&Array1::from_elem(40, 2.0)).unwrap();
    let (y, z) = (tape.param(&w).unwrap().square().unwrap(), tape.param(&w).unwrap().neg().unwrap());
    y.value().unwrap();
    let total = y.add(z).unwrap().sum().unwrap();
    assert_eq!(tape.backward(total).unwrap().param(&w).unwrap()[0], 3.0);
    assert_eq!(y.value().unwrap()[[0]], 4.0);
    assert_eq!(total.item().unwrap(), 80.0);
    assert!(matches!(z.value().unwrap_err().kind(), ErrorKind::Released { op: "value" }));
    assert!(matches!(z.sum_axis(0).unwrap_err().kind(), ErrorKind::Released { op: "sum_axis" }));
    assert!(matches!(tape.replay().unwrap_err().kind(), ErrorKind::Released { op: "replay" }));
    tape.bind(&w).unwrap();
    assert_eq!(z.value().unwrap()[[0]], -2.0);
}

#[cfg(feature = "rayon")]
#[test]
fn one_to_five_threads_give_the_same_bits() {
    let n = (1 << 18) + 1000;
    for (name, program) in PROGRAMS.iter().filter(|program| program.0 != "a long chain") {
        let on = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| run(*program, n, 0, true))
        };
        let one = on(1);
        for threads in 2..=5 {
            let bits = |x: &ArrayD<f64>| x.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
            assert!(one.iter().map(bits).eq(on(threads).iter().map(bits)), "{name}, {threads} threads");
        }
    }
}
