//! Shared nodes (D23, D24, D26), depth (D28), memory (D29, D31), sums (D59), threads (D61), second order
//! (D66), ops without a rule (D68).

use crate::both;
use crate::support::{array, close, close_to, var};
use tensor::ndarray::{Array1, array as literal};
use tensor::{Tape, hvp};

both! {
    /// karpathy/micrograd PR#64, "Simplified backpropagation removing toposort".
    d23_doubled_twice<T> {
        let tape = Tape::<T>::new();
        let a = var(&tape, &[], &[1.])?;
        let b = a.add(a)?;
        close(&tape.backward(b.add(b)?)?.wrt(a)?, &[], &[4.]);
    }

    /// TrenTorch/TrenTorch PR#182, "fix: critical autograd bug dropping gradients on shared non-leaf tensors".
    d24_a_shared_result<T> {
        let tape = Tape::<T>::new();
        let x = var(&tape, &[], &[2.])?;
        let y = x.scale(T::from_f64(3.))?;
        let c = y.scale(T::from_f64(2.))?.add(y.scale(T::from_f64(5.))?)?;
        close(&tape.backward(c)?.wrt(x)?, &[], &[21.]);
    }

    /// karpathy/micrograd PR#102, "Update engine.py to zero grads prior to accumulation".
    ///
    /// The convention here: every call of `backward` starts from zero.
    d26_backward_twice<T> {
        let tape = Tape::<T>::new();
        let x = var(&tape, &[], &[3.])?;
        let z = x.square()?.scale(T::from_f64(2.))?;
        for _ in 0..2 {
            close(&tape.backward(z)?.wrt(x)?, &[], &[12.]);
        }
    }

    /// tracel-ai/burn#2333, "Heap memory leak from AutodiffTensor".
    d29_two_thousand_steps<T> {
        let mut tape = Tape::<T>::new();
        let mut w = array::<T>(&[3, 1], &[0.1, 0.2, 0.3]);
        let mut seen = None;
        for step in 0..2000 {
            let (x, weight) = (tape.constant(&array(&[2, 3], &[1.; 6]))?, tape.var(&w)?);
            let loss = x.matmul(weight)?.square()?.mean()?;
            let gradient = tape.backward(loss)?.wrt(weight)?;
            w = w - gradient.mapv(|g| g * T::from_f64(1e-3));
            let now = (tape.len(), tape.bytes());
            if step >= 10 {
                assert_eq!(*seen.get_or_insert(now), now, "step {step}");
            }
            tape.reset();
        }
    }

    /// BatsResearch/labelmodels#4, "Memory leak in training loop": a running total of losses.
    ///
    /// A loss read with `item` is a plain number and keeps nothing.
    d31_a_total_of_losses<T> {
        let mut tape = Tape::<T>::new();
        let (mut total, mut bytes) = (T::zero(), 0);
        for batch in 0..1000 {
            let loss = var(&tape, &[2], &[1., 2.])?.sum()?;
            total += loss.item()?;
            tape.reset();
            if batch == 1 {
                bytes = tape.bytes();
            }
        }
        close_to(total, 3000.);
        assert_eq!(tape.bytes(), bytes);
    }

    /// numpy/numpy#22956, "np.mean(axis=0) return incorrect value for a large size float32 array".
    d59_long_sums<T> {
        let tape = Tape::<T>::new();
        let tenths = tape.constant(&Array1::from_elem(10_000_000, T::from_f64(0.1)))?;
        let exact = 1e7 * T::from_f64(0.1).to_f64();
        let sum = tenths.sum()?.item()?.to_f64();
        assert!((sum / exact - 1.0).abs() <= 1e-6, "{sum}");
        for axis in 0..2 {
            let shape = if axis == 0 { [20_000_000, 1] } else { [1, 20_000_000] };
            let mut tape = Tape::<T>::new();
            let ones = tape.constant(&Array1::from_elem(20_000_000, T::one()))?;
            close_to(ones.mean()?.item()?, 1.);
            close(&ones.reshape(&shape)?.mean_axis(axis)?.value()?, &[1], &[1.]);
            tape.reset();
        }
    }

    /// tracel-ai/burn#5573, "A concurrent backward() frees another thread's autodiff steps, silently losing a
    /// gradient". A tape is moved between threads, never shared.
    d61_eight_threads<T> {
        std::thread::scope(|scope| {
            for thread in 0..8 {
                scope.spawn(move || {
                    let mut tape = Tape::<T>::new();
                    for round in 0..300 {
                        let x = var(&tape, &[], &[f64::from(thread + round)]).expect("a leaf");
                        let gradient = x.square().and_then(|y| tape.backward(y)?.wrt(x)).expect("a gradient");
                        close(&gradient, &[], &[2.0 * f64::from(thread + round)]);
                        tape.reset();
                    }
                });
            }
        });
    }

    /// denizyuret/AutoGrad.jl#62, "bug second derivative tanh".
    d66_second_derivative_of_tanh<T> {
        let (x, one) = ([array::<T>(&[], &[2.])], [array::<T>(&[], &[1.])]);
        let second = hvp(|x| x[0].tanh(), &x, &one)?;
        close(&second[0], &[], &[-0.13621868742711296]);
    }

    /// cool-japan/scirs#103, "scirs2-autograd: gradient.rs bypasses Op::grad() trait": a default of 1 for ops
    /// that a list forgot. There is no list here; the sweep checks every public op.
    d68_no_default_gradient<T> {
        let tape = Tape::<T>::new();
        let x = var(&tape, &[], &[2.])?;
        close(&tape.backward(x.ln()?)?.wrt(x)?, &[], &[0.5]);
        let x = var(&tape, &[], &[1.])?;
        close(&tape.backward(x.exp()?)?.wrt(x)?, &[], &[std::f64::consts::E]);
    }
}

/// Runs `f` on a thread with a stack of this many KiB.
fn on_a_small_stack(kib: usize, f: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(kib * 1024).spawn(f).expect("a thread");
    thread.join().expect("no overflow");
}

/// `y ← y + 1e-6 y`, this many times, from `y = 1`.
fn chain(tape: &Tape<f64>, steps: usize) -> tensor::Result<[tensor::Var<'_, f64>; 2]> {
    let start = tape.var(&literal![1.0])?;
    let end = (0..steps).try_fold(start, |y, _| y.add(y.scale(1e-6)?))?;
    Ok([start, end])
}

/// pytorch/pytorch#5534, "Freeing a deep computation graph causes a stack overflow".
#[test]
fn d28_a_deep_chain() {
    on_a_small_stack(512, || {
        let tape = Tape::new();
        let [start, end] = chain(&tape, 200_000).expect("a chain");
        let slope = tape.backward(end).and_then(|gradients| gradients.wrt(start)).expect("a gradient")[0];
        let want = 1.2214026360;
        assert!((slope - want).abs() < 1e-9 * want, "{slope}");
    });
    on_a_small_stack(512, || drop(chain(&Tape::new(), 200_000).map(|_| ())));
}

#[test]
fn a_million_nodes_on_a_stack_of_256_kib() {
    on_a_small_stack(256, || {
        let tape = Tape::new();
        let [start, end] = chain(&tape, 500_000).expect("a chain");
        assert_eq!(tape.len(), 1_000_001);
        let slope = tape.backward(end).and_then(|gradients| gradients.wrt(start)).expect("a gradient")[0];
        assert!((slope / 1.000_001_f64.powi(500_000) - 1.0).abs() < 1e-9, "{slope}");
    });
}
