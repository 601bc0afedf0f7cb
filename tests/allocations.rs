//! A training step in steady state makes no heap allocation, and never holds much more than what it must.
//!
//! A test binary of its own, since the counter replaces the allocator of the whole process.

#[path = "support/heap.rs"]
mod heap;
mod support;

use heap::{allocations, peak};
use nn::{Fields, Init, Input, Linear, Predictor, Result, Sequential};
use rand::{SeedableRng, rngs::ChaCha8Rng};
use support::peers::{CASES, Case, Training};
use tensor::ndarray::{Array2, ArrayD};
use tensor::{BinaryCrossEntropyConfig, CrossEntropyConfig, Ddof, Norm};
use tensor::{
    ConvConfig, ConvTransposeConfig, Element, Interpolation, Matrix, Param, PoolConfig, Resize, Tape, Var,
    Write,
};

/// The allocations of a step after the third, recorded anew and replayed.
fn steps(case: &Case) -> Result<[usize; 2]> {
    let (mut training, mut tape) = (Training::new(case)?, Tape::new());
    for _ in 0..3 {
        training.step(&mut tape)?;
    }
    let anew = allocations(|| training.step(&mut tape));
    tape.reset();
    let loss = training.record(&tape)?;
    for _ in 0..3 {
        training.replay(&tape, loss)?;
    }
    let replayed = allocations(|| training.replay(&tape, loss));
    Ok([anew, replayed])
}

/// The allocations inside of the gemm crate for the products of a step of mlp_iii, layout by layout.
fn inside_gemm() -> usize {
    let values = vec![0.5f32; 784 * 512];
    let matrix = |rows: usize, cols: usize| Matrix::new(&values[..rows * cols], rows, cols);
    let product = |a: Matrix<'_, f32>, b: Matrix<'_, f32>, size: usize| {
        let mut out = vec![0.0; size];
        allocations(|| f32::gemm(&mut out, Write::Store, 1.0, a, b))
    };
    let sizes = [784, 512, 256, 10];
    let layer = |l: usize| {
        let (inputs, outputs) = (sizes[l], sizes[l + 1]);
        let (x, w, g) = (matrix(128, inputs), matrix(inputs, outputs), matrix(128, outputs));
        let forward = product(x, w, 128 * outputs);
        let weight = product(x.t(), g, inputs * outputs);
        let input = if l > 0 { product(g, w.t(), 128 * inputs) } else { 0 };
        forward + weight + input
    };
    (0..3).map(layer).sum()
}

/// The allocations of a step after the third through a convolution, pooling, their transposes and back.
fn convolving() -> tensor::Result<usize> {
    let image = ArrayD::from_elem([2, 2, 7, 6].as_slice(), 0.5f32);
    let (there, back) = (ArrayD::ones([3, 2, 3, 3].as_slice()), ArrayD::ones([3, 2, 2, 2].as_slice()));
    let mut tape = Tape::new();
    let mut step = || {
        tape.reset();
        let (x, there, back) = (tape.var(&image)?, tape.var(&there)?, tape.var(&back)?);
        let small = x.conv2d(there, None, ConvConfig { padding: [1, 1], ..Default::default() })?;
        let small = small.max_pool2d(PoolConfig::new([2, 2]))?;
        let large = small.conv_transpose2d(back, None, ConvTransposeConfig::default())?;
        let large = large.upsample2d(Resize::Size([7, 6]), Interpolation::Nearest)?;
        let mean = large.avg_pool2d(PoolConfig::new([3, 2]))?.mean()?;
        tape.backward(mean).map(drop)
    };
    (0..3).try_for_each(|_| step())?;
    Ok(allocations(step))
}

/// The allocations of a step after the third through every reduction over axes that lie apart, and losses.
fn reducing() -> tensor::Result<usize> {
    let values = ArrayD::from_shape_fn([4, 3, 5].as_slice(), |i| (i[0] * 7 + i[1] * 3 + i[2]) as f32);
    let weighted = CrossEntropyConfig {
        weights: Some([1.0, 2.0, 0.5].into()),
        label_smoothing: 0.1,
        ..CrossEntropyConfig::default()
    };
    let mut tape = Tape::new();
    let mut step = || {
        tape.reset();
        let x = tape.var(&values)?;
        let mut total = x.cumsum(1)?.softmax(0)?.log_softmax(2)?.mean()?;
        for y in [
            x.sum_axis([0, 2])?,
            x.mean_axis([0, 2])?,
            x.prod_axis([0, 2])?,
            x.max_axis([0, 2])?,
            x.std_axis([0, 2], Ddof::Sample)?,
            x.norm_axis([0, 2], Norm::L2)?,
            x.logsumexp_axis([0, 2])?,
        ] {
            total = total.add(y.mean()?)?;
        }
        let logits = x.mean_axis(2)?;
        let labels = tape.indices(&[0, 2, 1, 0])?;
        total = total.add(logits.cross_entropy_with(labels, &weighted)?)?;
        total = total.add(logits.cross_entropy_soft(logits, &weighted)?)?;
        let binary = BinaryCrossEntropyConfig::default();
        total = total.add(logits.binary_cross_entropy_with_logits(logits, &binary)?)?;
        tape.backward(total).map(drop)
    };
    (0..3).try_for_each(|_| step())?;
    Ok(allocations(step))
}

/// The allocations of a prediction of a shape that was met before, of one input and of two.
fn predicting() -> Result<[usize; 2]> {
    let rng = &mut ChaCha8Rng::seed_from_u64(1);
    let net = Sequential::new()
        .with(Linear::<f32>::new(10, 5, Init::KaimingUniform, rng)?.relu())
        .with(Linear::new(5, 1, Init::XavierUniform, rng)?);
    assert_eq!(net.parameter_count(), 61);
    let predictor = Predictor::new(net);
    let batches = [1, 7, 2000].map(|rows| Array2::<f32>::ones((rows, 10)));
    let mut out = vec![0.0; 2000];
    let mut serve =
        || batches.iter().try_for_each(|x| predictor.predict_into(x, &mut out[..x.nrows()]).map(drop));
    // Twice: memory is shared from the second call on.
    (0..2).try_for_each(|_| serve())?;
    let one = allocations(serve);
    let table = Param::new(&Array2::<f32>::ones((9, 4)))?;
    let embedding = Predictor::with(table, |table, inputs, _| {
        let rows = inputs[1].tape().param(table)?.index_select(0, inputs[0].as_indices()?)?;
        Ok(rows.mul(inputs[1])?)
    });
    let (words, scale) = (ArrayD::from_elem([3].as_slice(), 8), ArrayD::from_elem([4].as_slice(), 2.0));
    let mut out = [0.0; 12];
    let mut serve =
        || embedding.run_into(&[Input::indices(&words), Input::numbers(&scale)], &mut out).map(drop);
    (0..2).try_for_each(|_| serve())?;
    Ok([one, allocations(serve)])
}

/// Resident memory in KiB, where the system tells.
fn resident() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// Ten thousand steps keep nodes, bytes and resident memory.
fn a_long_run_keeps_its_memory() -> Result<()> {
    let (mut training, mut tape) = (Training::new(&CASES[1])?, Tape::new());
    let mut run = |steps: usize| -> Result<_> {
        for _ in 0..steps {
            training.step(&mut tape)?;
        }
        Ok(((tape.len(), tape.bytes()), resident().unwrap_or(0)))
    };
    let (held, before) = run(100)?;
    let (held_after, after) = run(10_000)?;
    assert_eq!(held_after, held);
    assert!(after <= before + 64, "{before} KiB before and {after} after");
    Ok(())
}

/// The first step of mlp_iv needs little more than parameters, their gradients, and the values of its layers,
/// of which the batch is the first. Network and batch, which stand ready, are counted.
fn a_step_holds_what_it_must() -> Result<()> {
    let case = &CASES[4];
    let layers = case.sizes.windows(2);
    let parameters: usize = layers.map(|pair| (pair[0] + 1) * pair[1]).sum();
    let activations = case.batch * case.sizes.iter().sum::<usize>();
    let needed = size_of::<f32>() * (2 * parameters + activations);
    let mut training = Training::new(case)?;
    let held = size_of::<f32>() * (parameters + case.batch * case.sizes[0]);
    let (loss, most) = peak(|| training.step(&mut Tape::new()));
    let share = (held + most) as f64 / needed as f64;
    assert!(share <= 1.25, "{share:.3} of what is needed");
    loss.map(drop)
}

fn four_layers<'t>(x: &[Var<'t, f32>]) -> tensor::Result<Var<'t, f32>> {
    (0..4).try_fold(x[0], |y, _| y.matmul(x[1])?.tanh())
}

/// The most bytes of a step through sixteen narrow layers on many rows, in segments of four or all kept.
fn deep(checkpointed: bool) -> tensor::Result<usize> {
    let weight = Param::new(&Array2::<f32>::from_elem((32, 32), 0.03))?;
    let rows = Array2::<f32>::ones((512, 32));
    let (done, most) = peak(|| {
        let tape = Tape::new();
        let (x, w) = (tape.constant(&rows)?, tape.param(&weight)?);
        let layers =
            |x, _| if checkpointed { tape.checkpoint(four_layers, &[x, w]) } else { four_layers(&[x, w]) };
        tape.backward((0..4).try_fold(x, layers)?.sum()?).map(drop)
    });
    done.map(|()| most)
}

// One test, so that no other thread allocates meanwhile.
#[test]
fn a_step_in_steady_state_allocates_nothing() -> Result<()> {
    // First, while no thread has kept panels from other products.
    a_step_holds_what_it_must()?;
    a_long_run_keeps_its_memory()?;
    let [small @ .., mlp_iii, _] = &CASES;
    for case in small {
        assert_eq!(steps(case)?, [0, 0], "{}", case.name);
    }
    let inside = inside_gemm();
    assert_eq!(steps(mlp_iii)?, [inside, inside], "mlp_iii, of which inside gemm: {inside}");
    assert_eq!(convolving(), Ok(0), "convolutions");
    assert_eq!(predicting()?, [0, 0], "predictions");
    assert_eq!(reducing(), Ok(0), "reductions and losses");
    let (kept, again) = (deep(false)?, deep(true)?);
    assert!(2 * again < kept, "{again} bytes in segments, {kept} otherwise");
    Ok(())
}
