//! Every refusal of `tensor` and `nn`, and the message that a person reads.

use nn::{Fields, Init, Linear, Module, Optimizer, Pass, Sequential, Sgd};
use rand::{SeedableRng, rngs::ChaCha8Rng};
use std::fmt::Display;
use tensor::ndarray::{Array, Array2, ArrayD, IxDyn, arr0, array};
use tensor::{Axes, BinaryCrossEntropyConfig, CrossEntropyConfig, Ddof, Norm, Order, Reduction};
use tensor::{
    Backward, Csr, Element, ErrorKind, Forward, Inputs, Op, PadMode, Param, Result, Shape, Shapes, Slice,
    Tape, Triangle, concat, einsum, sparse_matmul, stack,
};
use tensor::{ConvConfig, ConvTransposeConfig, Direction, Interpolation, PoolConfig, Resize, Rounding};

fn message<V>(result: Result<V, impl Display>) -> String {
    result.err().expect("a refusal").to_string()
}

#[test]
fn shapes() {
    let tape = Tape::<f32>::new();
    let var = |shape: &[usize]| tape.var(&ArrayD::zeros(shape)).unwrap();
    assert_eq!(
        message(var(&[2, 3]).add(var(&[2]))),
        "add: shapes [2, 3] and [2] do not agree: expected axes of equal length or of length 1, counted from the last"
    );
    assert_eq!(
        message(var(&[32, 8]).matmul(var(&[16, 4]))),
        "matmul: shapes [32, 8] and [16, 4] do not agree: expected as many rows on the right as columns on the left"
    );
    assert_eq!(message(var(&[]).matmul(var(&[3, 1]))), "matmul: expected at least one axis, got shape []");
    assert_eq!(
        message(var(&[3]).mse(var(&[3, 1]))),
        "mse: shapes [3] and [3, 1] do not agree: expected predictions and targets of one shape, since nothing is broadcast"
    );
    assert_eq!(message(var(&[0]).mse(var(&[0]))), "mse: expected at least one element, got shape [0]");
    assert_eq!(
        message(var(&[2, 3]).sum_axis(2)),
        "sum_axis: axis 2 is out of range: expected less than 2, the number of axes of [2, 3]"
    );
    assert_eq!(message(var(&[2, 3]).reshape(&[4])), "reshape: shape [4] holds 4 elements, got 6");
    assert_eq!(message(var(&[1]).reshape(&[1; 9])), "reshape: expected at most 8 axes, got 9");
    assert_eq!(
        message(tape.var(&Array::<f32, _>::zeros(IxDyn(&[1; 9])))),
        "var: expected at most 8 axes, got 9"
    );
    let linear = |x: &[usize], w: &[usize], b: &[usize]| message(var(x).linear(var(w), var(b)));
    assert_eq!(
        linear(&[2, 3], &[4, 5], &[5]),
        "linear: shapes [2, 3] and [4, 5] do not agree: expected the input's last axis to be as long as the weight's first"
    );
    assert_eq!(
        linear(&[2, 4], &[4, 5], &[4]),
        "linear: shapes [4, 5] and [4] do not agree: expected the bias to be as long as the weight's last axis"
    );
    assert_eq!(linear(&[2, 4], &[4], &[4]), "linear: expected a matrix (two axes) as weight, got shape [4]");
    assert_eq!(linear(&[], &[4, 5], &[5]), "linear: expected an input with at least one axis, got shape []");
}

#[test]
fn products() {
    let tape = Tape::<f64>::new();
    let var = |shape: &[usize]| tape.var(&ArrayD::zeros(shape)).unwrap();
    assert_eq!(
        message(var(&[3]).matmul(var(&[4]))),
        "matmul: shapes [3] and [4] do not agree: expected as many rows on the right as columns on the left"
    );
    assert_eq!(
        message(var(&[2, 2, 3]).matmul(var(&[3, 3, 4]))),
        "matmul: shapes [2, 2, 3] and [3, 3, 4] do not agree: expected batch axes (all but the last two) of equal length or of length 1"
    );
    assert_eq!(
        message(var(&[2, 3]).matmul_nt(var(&[3, 2]))),
        "matmul_nt: shapes [2, 3] and [3, 2] do not agree: expected as many columns on the right as on the left"
    );
    assert_eq!(
        message(var(&[2, 3]).matmul_nt(var(&[3]))),
        "matmul_nt: expected at least two axes where an operand is transposed, got shape [3]"
    );
    assert_eq!(
        message(var(&[2, 3]).matmul_tn(var(&[3, 2]))),
        "matmul_tn: shapes [2, 3] and [3, 2] do not agree: expected as many rows on the right as on the left"
    );
    assert_eq!(
        message(var(&[3]).matmul_tn(var(&[3, 2]))),
        "matmul_tn: expected at least two axes where an operand is transposed, got shape [3]"
    );
    assert_eq!(
        message(var(&[2]).dot(var(&[3]))),
        "dot: shapes [2] and [3] do not agree: expected vectors of equal length"
    );
    assert_eq!(message(var(&[2]).dot(var(&[2, 1]))), "dot: expected a vector (one axis), got shape [2, 1]");
    assert_eq!(message(var(&[]).outer(var(&[2]))), "outer: expected a vector (one axis), got shape []");
    // What an expression refuses is tested beside its parser.
    assert_eq!(
        message(einsum("ij,jk->ik", &[var(&[2, 3]), var(&[4, 2])])),
        "einsum: `ij,jk->ik`: expected length 3 or 1 of index `j` in operand 1, got 4"
    );
    assert_eq!(
        message(einsum("", &[] as &[tensor::Var<'_, f64>])),
        "einsum: ``: expected a term for each of 0 operands, got 1"
    );
    assert_eq!(
        message(einsum("abcde,fghij", &[var(&[1; 5]), var(&[1; 5])])),
        "einsum: expected at most 8 axes, got 10"
    );
    let other = Tape::<f64>::new();
    let stranger = other.var(&array![1.0]).unwrap();
    assert_eq!(
        message(einsum("i,i", &[var(&[1]), stranger])),
        "einsum: a variable of another tape was given: expected variables of one tape"
    );
}

#[test]
fn linear_algebra() {
    let tape = Tape::<f64>::new();
    let var = |shape: &[usize]| tape.var(&ArrayD::zeros(shape)).unwrap();
    let square = "expected square matrices (the last two axes), got shape";
    assert_eq!(message(var(&[2, 3]).cholesky()), format!("cholesky: {square} [2, 3]"));
    assert_eq!(message(var(&[3]).logdet()), format!("logdet: {square} [3]"));
    let indefinite = tape.var(&array![[[1.0, 0.0], [0.0, 1.0]], [[1.0, 2.0], [2.0, 1.0]]]).unwrap();
    assert_eq!(
        message(indefinite.cholesky()),
        "cholesky: expected a positive definite matrix, got the pivot -3 in row 1 of matrix 1"
    );
    assert_eq!(
        message(tape.var(&array![[f64::NAN]]).unwrap().logdet()),
        "logdet: expected a positive definite matrix, got the pivot NaN in row 0 of matrix 0"
    );
    let solve = |a: &[usize], b: &[usize]| message(var(a).solve_triangular(var(b), Triangle::Lower));
    assert_eq!(solve(&[3], &[3]), format!("solve_triangular: {square} [3]"));
    assert_eq!(
        solve(&[3, 3], &[2, 3]),
        "solve_triangular: shapes [3, 3] and [2, 3] do not agree: expected as many rows on the right as in the matrix"
    );
    assert_eq!(
        solve(&[3, 3], &[]),
        "solve_triangular: shapes [3, 3] and [] do not agree: expected as many rows on the right as in the matrix"
    );
    assert_eq!(
        solve(&[2, 3, 3], &[3, 3, 1]),
        "solve_triangular: shapes [2, 3, 3] and [3, 3, 1] do not agree: expected batch axes (all but the last two) of equal length or of length 1"
    );
}

#[test]
fn recurrences() {
    let tape = Tape::<f64>::new();
    let var = |shape: &[usize]| tape.var(&ArrayD::zeros(shape)).unwrap();
    let lstm = |x: &[usize], w: &[usize], h: &[usize], c: &[usize]| {
        message(var(x).lstm(var(w), [var(h), var(c)], None, Direction::Forward))
    };
    assert_eq!(
        lstm(&[2, 8], &[2, 8], &[2, 2], &[2, 2]),
        "lstm: expected an input with three axes, time, batch and gates, got shape [2, 8]"
    );
    for weight in [&[2, 6][..], &[8], &[0, 0]] {
        assert_eq!(
            lstm(&[3, 2, 8], weight, &[2, 2], &[2, 2]),
            format!(
                "lstm: expected a weight with columns for four gates, each as many as it has rows, got shape {weight:?}"
            )
        );
    }
    assert_eq!(
        lstm(&[3, 2, 6], &[2, 8], &[2, 2], &[2, 2]),
        "lstm: shapes [3, 2, 6] and [2, 8] do not agree: expected the input's last axis to be as long as the weight's"
    );
    let state = "expected a state for each sequence of the batch, as long as the weight has rows";
    assert_eq!(
        lstm(&[3, 2, 8], &[2, 8], &[2, 2], &[1, 2]),
        format!("lstm: shapes [3, 2, 8] and [1, 2] do not agree: {state}")
    );
    let (x, w, h) = (var(&[3, 2, 6]), var(&[2, 6]), var(&[2, 2]));
    assert_eq!(
        message(x.gru(w, None, var(&[2, 3]), None, Direction::Forward)),
        format!("gru: shapes [3, 2, 6] and [2, 3] do not agree: {state}")
    );
    assert_eq!(
        message(x.gru(var(&[2, 8]), None, h, None, Direction::Forward)),
        "gru: expected a weight with columns for three gates, each as many as it has rows, got shape [2, 8]"
    );
    assert_eq!(
        message(x.gru(w, Some(h), h, None, Direction::Forward)),
        "gru: shapes [3, 2, 6] and [2, 2] do not agree: expected a bias as long as the input's last axis"
    );
    let lengths = |lengths: &[usize]| {
        message(x.gru(w, None, h, Some(tape.indices(lengths).unwrap()), Direction::Backward))
    };
    assert_eq!(
        lengths(&[1]),
        "gru: shapes [3, 2, 6] and [1] do not agree: expected one length for each sequence of the batch"
    );
    assert_eq!(lengths(&[0, 4]), "gru: index 4 at position 1 is out of range: expected less than 4");
}

#[test]
fn normalisations() {
    let tape = Tape::<f64>::new();
    let var = |shape: &[usize]| tape.var(&ArrayD::zeros(shape)).unwrap();
    assert_eq!(
        message(var(&[2, 3]).layer_norm(&[2], None, None, 0.1)),
        "layer_norm: shapes [2, 3] and [2] do not agree: expected the shape to normalise over as the last axes of the input"
    );
    assert_eq!(
        message(var(&[2, 3]).rms_norm(&[3], Some(var(&[2])), 0.1)),
        "rms_norm: shapes [3] and [2] do not agree: expected weight and bias of the shape that is normalised over"
    );
    let some = "layer_norm: expected at least one axis to normalise over, none of length 0, got shape";
    assert_eq!(message(var(&[2, 3]).layer_norm(&[], None, None, 0.1)), format!("{some} []"));
    assert_eq!(message(var(&[2, 0]).layer_norm(&[0], None, None, 0.1)), format!("{some} [0]"));
    assert_eq!(
        message(var(&[2]).layer_norm(&[1; 9], None, None, 0.1)),
        "layer_norm: expected at most 8 axes, got 9"
    );
    assert_eq!(
        message(var(&[2, 3]).rms_norm(&[3], None, f64::NAN)),
        "rms_norm: expected an `eps` that is finite and at least 0, got NaN"
    );
    assert_eq!(
        message(var(&[3]).batch_norm(None, None, 0.1)),
        "batch_norm: expected at least two axes, the second one of channels, got shape [3]"
    );
    assert_eq!(
        message(var(&[0, 3]).batch_norm(None, None, 0.1)),
        "batch_norm: expected at least one element in each channel, got shape [0, 3]"
    );
    let one = "expected one number for each channel, axis 1 of the input";
    assert_eq!(
        message(var(&[2, 3]).batch_norm(None, Some(var(&[2])), 0.1)),
        format!("batch_norm: shapes [3] and [2] do not agree: {one}")
    );
    assert_eq!(
        message(var(&[2, 3]).batch_norm_with([var(&[3]), var(&[3, 1])], None, None, 0.1)),
        format!("batch_norm_with: shapes [3] and [3, 1] do not agree: {one}")
    );
    assert_eq!(
        message(var(&[2, 3]).batch_norm(None, None, -1.0)),
        "batch_norm: expected an `eps` that is finite and at least 0, got -1"
    );
}

#[test]
fn sparse_matrices() {
    let csr = |pointers: &[usize], columns: &[usize], values: &[f64]| {
        Csr::new([2, 3], pointers.to_vec(), columns.to_vec(), values.to_vec())
    };
    let refused =
        |pointers: &[usize], columns: &[usize], values: &[f64]| message(csr(pointers, columns, values));
    assert_eq!(refused(&[0, 0], &[], &[]), "csr: expected one row pointer more than rows, got 2");
    assert_eq!(refused(&[0, 1, 1], &[0], &[]), "csr: expected as many values as column indices, got 0");
    assert_eq!(
        refused(&[1, 1, 1], &[0], &[1.0]),
        "csr: expected row pointers that begin at 0, got 1 at position 0"
    );
    assert_eq!(
        refused(&[0, 2, 1], &[0], &[1.0]),
        "csr: expected row pointers that do not fall, got 1 at position 2"
    );
    assert_eq!(
        refused(&[0, 1, 2], &[0], &[1.0]),
        "csr: expected row pointers that end at the number of stored elements, got 2 at position 2"
    );
    assert_eq!(
        refused(&[0, 1, 2], &[2, 3], &[1.0; 2]),
        "csr: index 3 at position 1 is out of range: expected less than 3"
    );
    let tape = Tape::<f64>::new();
    let matrix = csr(&[0, 1, 2], &[2, 0], &[1.0; 2]).unwrap();
    let product = |shape: &[usize]| message(sparse_matmul(&matrix, tape.var(&ArrayD::zeros(shape)).unwrap()));
    assert_eq!(
        product(&[2, 3]),
        "sparse_matmul: shapes [2, 3] and [2, 3] do not agree: expected as many rows as the sparse matrix has columns"
    );
    assert_eq!(
        product(&[3, 1, 1]),
        "sparse_matmul: expected a vector or a matrix (one or two axes), got shape [3, 1, 1]"
    );
}

#[test]
fn labels() {
    let tape = Tape::<f64>::new();
    let x = tape.var(&Array2::zeros((2, 3))).unwrap();
    let loss = |labels: &[usize]| x.cross_entropy(tape.indices(labels).unwrap());
    assert_eq!(
        message(loss(&[0, 3])),
        "cross_entropy: label 3 of row 1 is out of range: expected less than 3, the number of classes"
    );
    assert_eq!(
        message(loss(&[0])),
        "cross_entropy: shapes [2, 3] and [1] do not agree: expected one label per row"
    );
    assert_eq!(message(x.add(tape.indices(&[1]).unwrap().input())), "add: expected input 1 to hold numbers");
    assert!(loss(&[0, 2]).is_ok(), "the tape is usable after a refusal");
}

#[test]
fn convolutions() {
    let tape = Tape::<f32>::new();
    let var = |shape: &[usize]| tape.var(&ArrayD::zeros(shape)).unwrap();
    let plain = ConvConfig::default;
    let conv = |x: &[usize], w: &[usize], config| message(var(x).conv2d(var(w), None, config));
    let x = &[1, 4, 3, 3];
    assert_eq!(
        conv(&[4, 3, 3], &[2, 4, 1, 1], plain()),
        "conv2d: expected an input [batch, channels, height, width], got shape [4, 3, 3]"
    );
    assert_eq!(
        message(var(&[4, 3]).conv1d(var(&[2, 4, 1]), None, ConvConfig::default())),
        "conv1d: expected an input [batch, channels, length], got shape [4, 3]"
    );
    assert_eq!(
        conv(x, &[2, 4, 0, 1], plain()),
        "conv2d: expected a kernel [channels, channels, height, width] with at least one tap, got shape [2, 4, 0, 1]"
    );
    assert_eq!(
        message(var(&[1, 4, 3]).conv1d(var(&[2, 4]), None, ConvConfig::default())),
        "conv1d: expected a kernel [channels, channels, length] with at least one tap, got shape [2, 4]"
    );
    assert_eq!(
        conv(x, &[2, 3, 1, 1], plain()),
        "conv2d: shapes [1, 4, 3, 3] and [2, 3, 1, 1] do not agree: expected the kernel's second axis to be as long as the input's channels of one group"
    );
    let divided = "conv2d: expected a number of channels that the number of groups divides, got shape";
    let groups = |groups| ConvConfig { groups, ..plain() };
    assert_eq!(conv(x, &[3, 4, 1, 1], groups(3)), format!("{divided} [1, 4, 3, 3]"));
    assert_eq!(conv(x, &[3, 2, 1, 1], groups(2)), format!("{divided} [3, 2, 1, 1]"));
    assert_eq!(
        conv(x, &[2, 4, 1, 1], groups(0)),
        "conv2d: expected a number of groups from 1 to 2^30, got 0"
    );
    assert_eq!(
        conv(x, &[2, 4, 2, 2], ConvConfig { dilation: [1, 3], ..plain() }),
        "conv2d: shapes [1, 4, 3, 3] and [2, 4, 2, 2] do not agree: expected a (dilated) kernel no longer than the padded input"
    );
    assert_eq!(
        conv(x, &[2, 4, 1, 1], ConvConfig { stride: [1, 0], ..plain() }),
        "conv2d: expected a stride from 1 to 2^30, got 0"
    );
    assert_eq!(
        conv(x, &[2, 4, 1, 1], ConvConfig { dilation: [0, 1], ..plain() }),
        "conv2d: expected a dilation from 1 to 2^30, got 0"
    );
    let padding = |padding| ConvConfig { padding: [padding, padding], ..plain() };
    assert_eq!(
        conv(x, &[2, 4, 1, 1], padding(1 << 40)),
        "conv2d: expected a padding from 0 to 2^30, got 1099511627776"
    );
    assert_eq!(
        conv(x, &[2, 4, 1, 1], padding(1 << 30)),
        "conv2d: expected a result that fits the address space, got shape [1, 4, 3, 3]"
    );
    assert_eq!(
        message(var(x).conv2d(var(&[2, 4, 1, 1]), Some(var(&[3])), plain())),
        "conv2d: shapes [2, 4, 1, 1] and [3] do not agree: expected a bias with one number per channel of the result"
    );
}

#[test]
fn transposed_convolutions() {
    let tape = Tape::<f32>::new();
    let var = |shape: &[usize]| tape.var(&ArrayD::zeros(shape)).unwrap();
    let plain = ConvTransposeConfig::default;
    let conv = |x: &[usize], w: &[usize], config| message(var(x).conv_transpose2d(var(w), None, config));
    assert_eq!(
        conv(&[1, 2, 3, 3], &[3, 2, 1, 1], plain()),
        "conv_transpose2d: shapes [1, 2, 3, 3] and [3, 2, 1, 1] do not agree: expected the kernel's first axis to be as long as the input's channels"
    );
    let empty = "expected an input with at least one position, and a result that padding does not cut off";
    assert_eq!(
        conv(&[1, 2, 0, 3], &[2, 2, 1, 1], plain()),
        format!("conv_transpose2d: shapes [1, 2, 0, 3] and [2, 2, 1, 1] do not agree: {empty}")
    );
    assert_eq!(
        conv(&[1, 2, 3, 2], &[2, 2, 1, 1], ConvTransposeConfig { padding: [1, 1], ..plain() }),
        format!("conv_transpose2d: shapes [1, 2, 3, 2] and [2, 2, 1, 1] do not agree: {empty}")
    );
    assert_eq!(
        conv(&[1, 2, 3, 3], &[2, 2, 1, 1], ConvTransposeConfig { output_padding: [0, 1], ..plain() }),
        "conv_transpose2d: expected an output padding less than the stride or the dilation, got 1"
    );
    assert_eq!(
        message(var(&[1, 2, 3]).conv_transpose1d(
            var(&[2, 2, 1]),
            Some(var(&[3])),
            ConvTransposeConfig::default()
        )),
        "conv_transpose1d: shapes [2, 2, 1] and [3] do not agree: expected a bias with one number per channel of the result"
    );
}

#[test]
fn pooling_and_upsampling() {
    let tape = Tape::<f32>::new();
    let var = |shape: &[usize]| tape.var(&ArrayD::zeros(shape)).unwrap();
    let pool = |x: &[usize], config| message(var(x).max_pool2d(config));
    let (x, two) = (&[1, 1, 2, 2], PoolConfig::new([2, 2]));
    assert_eq!(
        pool(&[2, 2], two),
        "max_pool2d: expected an input [batch, channels, height, width], got shape [2, 2]"
    );
    assert_eq!(
        pool(&[1, 1, 2, 0], two),
        "max_pool2d: expected an input with at least one position per axis, got shape [1, 1, 2, 0]"
    );
    assert_eq!(
        pool(x, PoolConfig::new([2, 3])),
        "max_pool2d: shapes [1, 1, 2, 2] and [2, 3] do not agree: expected a kernel no longer than the padded input"
    );
    assert_eq!(pool(x, PoolConfig::new([2, 0])), "max_pool2d: expected a kernel from 1 to 2^30, got 0");
    assert_eq!(
        pool(x, PoolConfig { stride: [0, 1], ..two }),
        "max_pool2d: expected a stride from 1 to 2^30, got 0"
    );
    // A window of nothing but padding would have no maximum and no mean.
    let padded = PoolConfig { padding: [3], ..PoolConfig::new([3]) };
    let half = "expected a padding of at most half the kernel, got 3";
    assert_eq!(message(var(&[1, 1, 1]).max_pool1d(padded)), format!("max_pool1d: {half}"));
    assert_eq!(message(var(&[1, 1, 1]).avg_pool1d(padded)), format!("avg_pool1d: {half}"));
    assert!(
        var(&[1, 1, 1]).max_pool1d(PoolConfig { rounding: Rounding::Ceil, ..PoolConfig::new([2]) }).is_ok()
    );
    assert_eq!(
        message(var(x).adaptive_avg_pool2d([1, 0])),
        "adaptive_avg_pool2d: expected an output size from 1 to 2^30, got 0"
    );
    assert_eq!(
        message(var(&[1, 2, 2, 2]).adaptive_max_pool2d([1 << 30, 1 << 30])),
        "adaptive_max_pool2d: expected a result that fits the address space, got shape [1, 2, 2, 2]"
    );
    let resized = |resize| message(var(&[1, 1, 2]).upsample1d(resize, Interpolation::Nearest));
    for scale in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert_eq!(
            resized(Resize::Scale([scale])),
            format!("upsample1d: expected a scale that is positive and finite, got {scale}")
        );
    }
    let lengths = "upsample1d: expected lengths of the result from 1 to 2^30, got";
    assert_eq!(resized(Resize::Scale([0.1])), format!("{lengths} 0"));
    assert_eq!(resized(Resize::Size([0])), format!("{lengths} 0"));
    assert_eq!(
        message(var(&[1, 1, 0]).upsample1d(Resize::Size([2]), Interpolation::Nearest)),
        "upsample1d: expected an input with at least one position per axis, got shape [1, 1, 0]"
    );
}

#[test]
fn reductions() {
    let tape = Tape::<f32>::new();
    let var = |shape: &[usize]| tape.var(&ArrayD::zeros(shape)).unwrap();
    assert_eq!(
        message(var(&[2, 3]).max_axis([1, 0, 1])),
        "max_axis: axes [1, 0, 1] of shape [2, 3]: expected no axis twice"
    );
    assert_eq!(
        message(var(&[2, 3]).sum_axis([0, 2])),
        "sum_axis: axis 2 is out of range: expected less than 2, the number of axes of [2, 3]"
    );
    assert_eq!(message(var(&[1; 8]).sum_axis([0; 20])), "sum_axis: expected at most 8 axes, got 20");
    let empty =
        |op: &str| format!("{op}: axis 1 of [2, 0, 4] is empty: expected at least one element to reduce");
    let x = var(&[2, 0, 4]);
    assert_eq!(message(x.max()), empty("max"));
    assert_eq!(message(x.min_axis(Axes::from([1, 2]).keep())), empty("min_axis"));
    assert_eq!(message(x.std(Ddof::Population)), empty("std"));
    assert_eq!(message(x.argmax()), empty("argmax"));
    assert_eq!(message(x.argmin_axis(1)), empty("argmin_axis"));
    assert_eq!(&*x.max_axis(2).unwrap().shape().unwrap(), [2, 0]);
    assert_eq!(x.argmax_axis(2).unwrap().shape(), [2, 0]);
    assert_eq!(
        message(var(&[3, 1]).var_axis(1, Ddof::Sample)),
        "var_axis: expected at least two elements for the variance of a sample, got shape [3, 1]"
    );
    assert_eq!(message(var(&[3]).norm(Norm::P(0.0))), "norm: expected a finite p above 0, got 0");
    assert_eq!(
        message(var(&[2, 3]).topk(4, 1, Order::Descending)),
        "topk: expected at most 3 elements, as many as axis 1 has, got 4"
    );
    assert_eq!(
        message(var(&[3]).sort(1, Order::Ascending)),
        "sort: axis 1 is out of range: expected less than 1, the number of axes of [3]"
    );
}

#[test]
fn losses() {
    let tape = Tape::<f64>::new();
    let x = tape.var(&Array2::zeros((2, 3))).unwrap();
    let plain = CrossEntropyConfig::default;
    let loss = |labels: &[usize], config: CrossEntropyConfig| {
        message(x.cross_entropy_with(tape.indices(labels).unwrap(), &config))
    };
    for reduction in [Reduction::None, Reduction::Mean, Reduction::Sum] {
        assert_eq!(
            loss(&[0, 3], CrossEntropyConfig { reduction, ..plain() }),
            "cross_entropy_with: label 3 of row 1 is out of range: expected less than 3, the number of classes"
        );
    }
    let nothing = "cross_entropy_with: expected at least one row that counts, got shape [2, 3]";
    assert_eq!(loss(&[1, 1], CrossEntropyConfig { ignore_index: Some(1), ..plain() }), nothing);
    assert_eq!(
        loss(&[1, 1], CrossEntropyConfig { weights: Some([1.0, 0.0, 1.0].into()), ..plain() }),
        nothing
    );
    assert_eq!(
        loss(&[0, 1], CrossEntropyConfig { weights: Some([1.0, 2.0].into()), ..plain() }),
        "cross_entropy_with: shape [3] holds 3 elements, got 2"
    );
    assert_eq!(
        loss(&[0, 1], CrossEntropyConfig { weights: Some([1.0, -2.0, 1.0].into()), ..plain() }),
        "cross_entropy_with: expected finite weights of at least 0, got -2"
    );
    assert_eq!(
        loss(&[0, 1], CrossEntropyConfig { label_smoothing: 1.5, ..plain() }),
        "cross_entropy_with: expected a label smoothing from 0 to 1, got 1.5"
    );
    assert_eq!(
        message(x.cross_entropy_soft(x, &CrossEntropyConfig { ignore_index: Some(1), ..plain() })),
        "cross_entropy_soft: expected no `ignore_index`, since probabilities are no labels, got 1"
    );
    let row = tape.var(&Array2::zeros((1, 3))).unwrap();
    assert_eq!(
        message(x.cross_entropy_soft(row, &plain())),
        "cross_entropy_soft: shapes [2, 3] and [1, 3] do not agree: expected a probability for each class of each row"
    );
    assert_eq!(
        message(x.binary_cross_entropy_with_logits(row, &BinaryCrossEntropyConfig::default())),
        "binary_cross_entropy_with_logits: shapes [2, 3] and [1, 3] do not agree: expected logits and targets of one shape, since nothing is broadcast"
    );
    // Found by random programs: labels without axes panicked, those with two gave a loss of their shape.
    for labels in [ArrayD::zeros(IxDyn(&[])), ArrayD::zeros(IxDyn(&[2, 3])), ArrayD::zeros(IxDyn(&[3]))] {
        let got = labels.shape().to_vec();
        assert_eq!(
            message(x.cross_entropy(tape.indices_nd(&labels).unwrap())),
            format!("cross_entropy: shapes [2, 3] and {got:?} do not agree: expected one label per row")
        );
    }
    let empty = tape.var(&Array2::zeros((0, 3))).unwrap();
    let none = tape.indices(&[]).unwrap();
    assert_eq!(
        message(empty.cross_entropy(none)),
        "cross_entropy: expected at least one element, got shape [0, 3]"
    );
    let sum = CrossEntropyConfig { reduction: Reduction::Sum, ..plain() };
    assert_eq!(empty.cross_entropy_with(none, &sum).unwrap().item().unwrap(), 0.0);
}

#[test]
fn tapes() {
    let (tape, other) = (Tape::<f64>::new(), Tape::new());
    let (x, y) = (tape.var(&array![1.0, 2.0]).unwrap(), other.var(&array![1.0, 2.0]).unwrap());
    assert_eq!(
        message(x.mul(y)),
        "mul: a variable of another tape was given: expected variables of one tape"
    );
    assert_eq!(
        message(tape.backward(x)),
        "backward: expected a single number (see `backward_with`), got an array"
    );
    let constant = tape.constant(&arr0(1.0)).unwrap();
    assert_eq!(
        message(tape.backward(constant)),
        "backward: expected a value that depends on a variable or parameter, got a constant"
    );
    let loss = x.sum().unwrap();
    let gradients = tape.backward(loss).unwrap();
    let of = |var| message(gradients.wrt(var));
    assert_eq!(of(constant), "gradients: expected a variable or a trainable parameter, got a constant");
    assert_eq!(of(loss), "gradients: expected a variable or a trainable parameter, got the result of an op");
    assert_eq!(
        message(tape.backward_with(x, &array![1.0])),
        "backward_with: shapes [2] and [1] do not agree: expected weights of the output's shape"
    );
    assert_eq!(message(x.item()), "item: expected a single number, got shape [2]");
    assert_eq!(
        message(x.with(|_| x.relu().map(|_| ())).unwrap()),
        "relu: the tape is being read: expected no call on it inside of `Var::with`"
    );
    assert_eq!(
        message(tape.set(x, &array![1.0])),
        "set: shapes [2] and [1] do not agree: expected the leaf's shape"
    );
    assert_eq!(
        message(tape.set(loss, &arr0(1.0))),
        "set: expected a leaf made by `var` or `constant`, got the result of an op"
    );
    let labels = tape.indices(&[1]).unwrap();
    assert_eq!(message(tape.set_indices(labels, &[])), "set_indices: shape [1] holds 1 elements, got 0");
}

#[test]
fn parameters() {
    let mut w = Param::new(&array![1.0, 2.0]).unwrap();
    let tape = Tape::<f64>::new();
    let loss = tape.param(&w).unwrap().sum().unwrap();
    assert_eq!(
        message(w.values_mut().map(|_| ())),
        "values_mut: the parameter's values are still held by a tape: expected `backward` or `Tape::reset` first"
    );
    let mut sgd = Sgd::new(0.1).unwrap();
    let gradients = tape.backward(loss).unwrap();
    assert!(w.values_mut().is_ok());
    let released =
        "the values of a parameter were released by `backward`: expected `Tape::bind` or `Tape::reset` first";
    assert_eq!(message(tape.replay()), format!("replay: {released}"));
    assert_eq!(message(tape.backward(loss)), format!("backward: {released}"));
    let leaf = tape.param(&w).unwrap();
    assert!(leaf.relu().is_ok(), "recording a parameter again lends its values");
    // Held again by the leaf: a step is refused by name, and changes nothing.
    let error = message(sgd.step(&mut w, &gradients));
    assert!(error.starts_with("parameter ``: values_mut: the parameter's values are still held"), "{error}");
    assert_eq!(w.values(), [1.0, 2.0]);
    let stranger = Param::new(&array![1.0]).unwrap();
    assert_eq!(
        message(tape.bind(&stranger)),
        "bind: expected a parameter recorded on this tape, got another"
    );
}

#[test]
fn results_of_other_values() {
    let tape = Tape::<f64>::new();
    let x = tape.var(&array![2.0]).unwrap();
    let y = x.square().unwrap();
    tape.set(x, &array![3.0]).unwrap();
    let stale = "backward: a leaf was set after its results were computed: expected `Tape::replay` first";
    assert_eq!(message(tape.backward(y)), stale);
    tape.replay().unwrap();
    assert_eq!(tape.backward(y).unwrap().wrt(x).unwrap(), array![6.0].into_dyn());

    let mut w = Param::new(&array![2.0]).unwrap();
    let tape = Tape::<f64>::new();
    let y = tape.param(&w).unwrap().square().unwrap();
    drop(tape.backward(y).unwrap());
    tape.bind(&w).unwrap();
    drop(tape.backward(y).expect("the values are those of the recording"));
    w.values_mut().unwrap()[0] = 3.0;
    tape.bind(&w).unwrap();
    assert_eq!(message(tape.backward(y)), stale);
}

#[test]
fn numbers_that_are_not_finite() {
    let tape = Tape::<f64>::new().with_finite_guard();
    let x = tape.var(&array![1.0, 0.0]).unwrap();
    assert_eq!(message(x.ln()), "ln: expected a finite value, got -inf at position 1");
    let root = x.sqrt().unwrap();
    assert_eq!(
        message(tape.backward(root.sum().unwrap())),
        "sqrt: expected a finite gradient, got inf at position 1"
    );
    let tape = Tape::<f64>::new();
    let x = tape.var(&array![0.0, 1.0]).unwrap();
    let mut gradients = tape.backward(x.sqrt().unwrap().sum().unwrap()).unwrap();
    let before = gradients.wrt(x).unwrap();
    assert_eq!(
        message(gradients.clip_norm(1.0)),
        "clip_norm: expected gradients with a finite norm, got inf"
    );
    assert_eq!(message(gradients.clip_norm(0.0)), "clip_norm: expected a positive maximal norm, got 0");
    assert_eq!(
        message(gradients.clip_value(f64::NAN)),
        "clip_value: expected a positive maximal value, got NaN"
    );
    assert_eq!(gradients.wrt(x).unwrap(), before, "refused and unchanged");
    gradients.clip_value(0.25).unwrap();
    assert_eq!(gradients.wrt(x).unwrap(), array![0.25, 0.25].into_dyn());
    let other = Tape::new();
    let y = other.var(&array![1.0]).unwrap();
    assert_eq!(
        message(gradients.add(&other.backward(y).unwrap())),
        "add gradients: a variable of another tape was given: expected variables of one tape"
    );
    assert_eq!(
        message(x.clamp(1.0, 0.0)),
        "clamp: expected a lower bound that is not above the upper one, got 1"
    );
    assert_eq!(message(x.softplus(0.0)), "softplus: expected a beta above 0, got 0");
}

#[derive(Debug)]
struct Picky;

impl<T: Element> Op<T> for Picky {
    fn name(&self) -> &'static str {
        "picky"
    }

    fn infer(&self, inputs: Shapes<'_, T>) -> Result<Shape> {
        Ok(*inputs.exactly::<2>("picky")?[0])
    }

    fn forward(&self, _: Inputs<'_, T>, out: Forward<'_, T>) -> Result<()> {
        out.values.fill(T::zero());
        Ok(())
    }

    fn backward(&self, _: Backward<'_, T>) -> Result<()> {
        let message = "expected to be asked for values only, got a gradient".to_string();
        Err(ErrorKind::Custom { op: "picky", message }.into())
    }
}

#[test]
fn own_ops() {
    let tape = Tape::<f64>::new();
    let x = tape.var(&arr0(1.0)).unwrap();
    assert_eq!(message(tape.apply(Picky, &[x])), "picky: expected 2 inputs, got 1");
    let y = tape.apply(Picky, &[x, x]).unwrap();
    assert_eq!(message(tape.backward(y)), "picky: expected to be asked for values only, got a gradient");
    assert!(tape.backward(x.relu().unwrap()).is_ok(), "the tape is usable after a refusal");
}

#[test]
fn settings_of_layers_and_optimizers() {
    let rng = &mut ChaCha8Rng::seed_from_u64(0);
    assert_eq!(
        message(Linear::<f32>::new(0, 1, Init::XavierUniform, rng)),
        "linear: expected the number of inputs to be positive, got 0"
    );
    assert_eq!(
        message(Linear::<f32>::new(1, 1, Init::Normal { std: f64::NAN }, rng)),
        "init: expected the spread to be finite and not negative, got NaN"
    );
    assert_eq!(
        message(Linear::from_arrays(&array![[1.0f32, 2.0]], &array![0.0])),
        "linear: expected 2 elements for shape [2], got 1"
    );
    assert_eq!(
        message(Sgd::<f64>::new(-1.0)),
        "sgd: expected the learning rate to be finite and not negative, got -1"
    );
}

#[test]
fn a_layer_is_named() {
    let rng = &mut ChaCha8Rng::seed_from_u64(0);
    let inner = Sequential::new().with(Linear::new(4, 1, Init::XavierUniform, rng).unwrap());
    let net = Sequential::new().with(Linear::<f32>::new(3, 5, Init::XavierUniform, rng).unwrap()).with(inner);
    let tape = Tape::new();
    let x = tape.constant(&Array2::zeros((2, 3))).unwrap();
    assert_eq!(
        message(net.forward(x, &mut Pass::eval())),
        "layer 1: layer 0: linear: shapes [2, 5] and [4, 1] do not agree: \
         expected the input's last axis to be as long as the weight's first"
    );
    assert_eq!(net.names(), ["0.weight", "0.bias", "1.0.weight", "1.0.bias"]);
    let error = message(net.bind(&Tape::new()));
    assert_eq!(error, "parameter `0.weight`: bind: expected a parameter recorded on this tape, got another");
}

#[test]
#[should_panic(expected = "add: shapes [2] and [3] do not agree")]
fn operators_panic_with_the_text_of_the_error() {
    let tape = Tape::<f64>::new();
    let _ = tape.var(&array![1.0, 2.0]).unwrap() + tape.var(&array![1.0, 2.0, 3.0]).unwrap();
}

#[test]
fn moving_elements() {
    let tape = Tape::<f32>::new();
    let var = |shape: &[usize]| tape.var(&ArrayD::zeros(shape)).unwrap();
    let x = var(&[2, 3]);
    assert_eq!(message(x.permute(&[0])), "permute: axes [0] of shape [2, 3]: expected each axis once");
    assert_eq!(message(x.permute(&[0, 0])), "permute: axes [0, 0] of shape [2, 3]: expected no axis twice");
    let axis = "axis 2 is out of range: expected less than 2, the number of axes of [2, 3]";
    assert_eq!(message(x.permute(&[2, 0])), format!("permute: {axis}"));
    assert_eq!(message(x.transpose(0, 2)), format!("transpose: {axis}"));
    assert_eq!(message(x.slice(2, .., 1)), format!("slice: {axis}"));
    assert_eq!(message(x.unflatten(2, &[1])), format!("unflatten: {axis}"));
    assert_eq!(message(concat(&[x, x], 2)), format!("concat: {axis}"));
    assert_eq!(message(x.flip(&[1, 1])), "flip: axes [1, 1] of shape [2, 3]: expected no axis twice");
    assert_eq!(message(x.diagonal(0, 1, 1)), "diagonal: axes [1, 1] of shape [2, 3]: expected no axis twice");
    assert_eq!(message(var(&[3]).tril(0)), "tril: expected matrices (two axes or more), got shape [3]");
    assert_eq!(message(x.squeeze(0)), "squeeze: axes [0] of shape [2, 3]: expected an axis of length 1");
    assert_eq!(
        message(x.unsqueeze(3)),
        "unsqueeze: axes [3] of shape [2, 3]: expected a place for the new axis, at the end at most"
    );
    assert_eq!(message(var(&[1; 8]).unsqueeze(0)), "unsqueeze: expected at most 8 axes, got 9");
    assert_eq!(
        message(x.flatten(1..3)),
        "flatten: axes [1, 3] of shape [2, 3]: expected a range of axes, start and end"
    );
    assert_eq!(message(x.unflatten(1, &[2, 2])), "unflatten: shape [2, 2] holds 4 elements, got 3");
    assert_eq!(
        message(x.broadcast_to(&[3, 2])),
        "broadcast_to: shapes [2, 3] and [3, 2] do not agree: \
         expected axes, counted from the last, of the new length or of length 1"
    );
    assert_eq!(message(x.repeat(&[2])), "repeat: expected 2 counts or more, one per axis, got 1");
    assert_eq!(
        message(x.repeat(&[usize::MAX, 2])),
        format!(
            "repeat: shape [{}, 2] is too large: expected elements that fit the address space",
            usize::MAX
        )
    );
}

#[test]
fn parts_and_joins() {
    let tape = Tape::<f32>::new();
    let var = |shape: &[usize]| tape.var(&ArrayD::zeros(shape)).unwrap();
    let x = var(&[2, 3]);
    assert_eq!(message(x.slice(0, .., 0)), "slice: expected a step other than 0, got 0");
    assert_eq!(
        message(x.slice_axes(&[Slice::FULL; 3])),
        "slice_axes: expected 2 slices or fewer, one per axis, got 3"
    );
    assert_eq!(
        message(x.slice_assign(&[Slice::FULL, Slice::new(1.., 1)], var(&[3]))),
        "slice_assign: shapes [2, 2] and [3] do not agree: \
         expected values of the slice's shape, or such as are broadcast to it"
    );
    assert_eq!(message(x.narrow(1, 2, 2)), "narrow: 2..4 on axis 1 is out of range: expected it within 0..3");
    assert_eq!(message(x.split(1, &[1, 1])), "split: expected 3 elements in all parts together, got 2");
    assert_eq!(message(x.chunk(1, 0)), "chunk: expected at least one part, got 0");
    assert_eq!(
        message(concat(&[x, var(&[1, 2])], 1)),
        "concat: shapes [2, 3] and [1, 2] do not agree: expected equal lengths on all axes but the one that is joined"
    );
    assert_eq!(message(concat::<f32>(&[], 0)), "concat: expected 1 array or more, got 0");
    assert_eq!(
        message(stack(&[x, var(&[2])], 0)),
        "stack: shapes [2, 3] and [2] do not agree: expected equal shapes"
    );
    assert_eq!(
        message(x.pad(&[(1, 1)], PadMode::Reflect)),
        "pad: expected 2 pairs of amounts, one per axis, got 1"
    );
    assert_eq!(
        message(x.pad(&[(0, 2), (0, 0)], PadMode::Reflect)),
        "pad: 2 elements beside axis 0 of length 2: expected fewer than the axis is long, to reflect"
    );
    assert_eq!(
        message(var(&[0]).pad(&[(1, 0)], PadMode::Replicate)),
        "pad: 1 elements beside axis 0 of length 0: expected an element to replicate"
    );
}

#[test]
fn looking_up() {
    let tape = Tape::<f64>::new();
    let x = tape.var(&array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]).unwrap();
    let three = "index 3 at position 1 is out of range: expected less than 3";
    let two = tape.indices(&[0, 3]).unwrap();
    let nd = tape.indices_nd(&array![[0, 3]]).unwrap();
    let source = tape.constant(&array![[0.0, 0.0]]).unwrap();
    assert_eq!(message(x.index_select(1, two)), format!("index_select: {three}"));
    let columns = tape.constant(&array![[0.0, 0.0], [0.0, 0.0]]).unwrap();
    assert_eq!(message(x.index_add(1, two, columns)), format!("index_add: {three}"));
    assert_eq!(message(two.one_hot(3)), format!("one_hot: {three}"));
    assert_eq!(message(x.gather(1, nd)), format!("gather: {three}"));
    assert_eq!(message(x.take_along_axis(1, nd)), format!("take_along_axis: {three}"));
    assert_eq!(message(x.scatter(1, nd, source)), format!("scatter: {three}"));
    assert_eq!(message(x.scatter_add(1, nd, source)), format!("scatter_add: {three}"));
    assert_eq!(
        message(x.gather(0, two)),
        "gather: shapes [2, 3] and [2] do not agree: expected indices with as many axes as the array"
    );
    let rows = tape.indices_nd(&array![[0], [0], [0]]).unwrap();
    assert_eq!(
        message(x.gather(1, rows)),
        "gather: shapes [2, 3] and [3, 1] do not agree: \
         expected indices at most as long as the array on all axes but the indexed one"
    );
    assert_eq!(
        message(x.take_along_axis(1, rows)),
        "take_along_axis: shapes [2, 3] and [3, 1] do not agree: \
         expected other axes than the indexed one of equal length or of length 1"
    );
    assert_eq!(
        message(x.scatter(0, nd, columns)),
        "scatter: shapes [1, 2] and [2, 2] do not agree: expected a source with one number per index"
    );
    assert_eq!(
        message(x.index_add(0, two, source)),
        "index_add: shapes [2, 3] and [1, 2] do not agree: \
         expected a source of the array's shape, with as many slices on the axis as indices"
    );
    assert_eq!(
        message(x.index_add(0, nd, source)),
        "index_add: expected indices with one axis, got shape [1, 2]"
    );
}

#[test]
fn indices_that_were_set_later() {
    let tape = Tape::<f64>::new();
    let x = tape.var(&array![1.0, 2.0]).unwrap();
    let indices = tape.indices(&[0, 1]).unwrap();
    let ops = [
        x.index_select(0, indices),
        x.gather(0, indices),
        x.take_along_axis(0, indices),
        x.scatter(0, indices, x),
        x.scatter_add(0, indices, x),
        x.index_add(0, indices, x),
    ];
    let ones = array![1.0, 1.0];
    for y in ops.map(Result::unwrap) {
        let of = y.op().unwrap();
        tape.set_indices(indices, &[1, 2]).unwrap();
        let stale =
            "backward_with: a leaf was set after its results were computed: expected `Tape::replay` first";
        assert_eq!(message(tape.backward_with(y, &ones)), stale);
        tape.set_indices(indices, &[1, 1]).unwrap();
        tape.replay().unwrap();
        assert!(tape.backward_with(y, &ones).is_ok(), "{of}");
    }
    tape.set_indices(indices, &[1, 2]).unwrap();
    assert_eq!(
        message(tape.replay()),
        "index_select: index 2 at position 1 is out of range: expected less than 2"
    );
}
