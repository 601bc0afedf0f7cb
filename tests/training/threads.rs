//! Threads change the time and never the bits.

use crate::support::peers::{CASES, Training};
use nn::{Fields, Path, Result};
use rayon::ThreadPoolBuilder;
use tensor::ndarray::array;
use tensor::{Element, Param, Tape, Var};

/// The bits of every parameter after three steps of mlp_iii on this many threads.
fn trained(threads: usize) -> Result<Vec<u32>> {
    let pool = ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
    pool.install(|| {
        let (mut training, mut tape) = (Training::new(&CASES[3])?, Tape::new());
        for _ in 0..3 {
            training.step(&mut tape)?;
        }
        let mut bits = Vec::new();
        training.net.visit(Path::ROOT, &mut |_, param| {
            bits.extend(param.values().iter().map(|x| x.to_bits()));
            Ok(())
        })?;
        Ok(bits)
    })
}

#[test]
fn one_to_four_threads_give_the_same_bits() -> Result<()> {
    let one = trained(1)?;
    for threads in 2..=4 {
        assert!(trained(threads)? == one, "{threads} threads");
    }
    Ok(())
}

#[test]
fn tapes_on_many_threads_share_parameters() {
    fn sent<T: Send>(_: &T) {}
    sent(&Tape::<f32>::new());
    let w = Param::new(&array![2.0, 3.0]).expect("two axes");
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let w = &w;
            scope.spawn(move || {
                let mut tape = Tape::<f64>::new();
                for round in 0..300 {
                    let factor = f64::from(thread * 1000 + round);
                    let gradient = slope(&tape, w, factor).expect("a gradient");
                    assert_eq!(gradient, [factor * 4.0, factor * 6.0]);
                    tape.reset();
                }
            });
        }
    });
}

/// The gradient of `factor * Σ w²`.
fn slope<T: Element>(tape: &Tape<T>, w: &Param<T>, factor: T) -> tensor::Result<Vec<T>> {
    let leaf: Var<'_, T> = tape.param(w)?;
    let gradients = tape.backward(leaf.mul(leaf)?.sum()?.scale(factor)?)?;
    Ok(gradients.param(w).map(<[T]>::to_vec).unwrap_or_default())
}
