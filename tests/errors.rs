//! Every refusal of `tensor` and `nn`, and the message that a person reads.

use nn::{Fields, Init, Linear, Mode, Module, Optimizer, Sequential, Sgd};
use rand::{SeedableRng, rngs::ChaCha8Rng};
use std::fmt::Display;
use tensor::ndarray::{Array, Array2, ArrayD, IxDyn, arr0, array};
use tensor::{
    Axes, Backward, BinaryCrossEntropy, CrossEntropy, Ddof, Element, ErrorKind, Forward, Inputs, Norm, Op,
    Order, Param, Reduction, Result, Shape, Shapes, Tape,
};

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
    assert_eq!(
        message(var(&[3]).matmul(var(&[3, 1]))),
        "matmul: expected a matrix (two axes), got shape [3]"
    );
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
fn reductions() {
    let tape = Tape::<f32>::new();
    let var = |shape: &[usize]| tape.var(&ArrayD::zeros(shape)).unwrap();
    assert_eq!(
        message(var(&[2, 3]).max_axis([1, 0, 1])),
        "max_axis: axis 1 is given twice: expected each axis once"
    );
    let nine = [0, 1, 2, 3, 4, 5, 6, 7, 8];
    assert_eq!(
        message(var(&[1; 8]).sum_axis(&nine)),
        "sum_axis: axis 8 is out of range: expected less than 8, the number of axes of [1, 1, 1, 1, 1, 1, 1, 1]"
    );
    assert_eq!(
        message(var(&[1; 8]).sum_axis(&[0; 20])),
        "sum_axis: axis 0 is given twice: expected each axis once"
    );
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
    let plain = CrossEntropy::default;
    let loss = |labels: &[usize], config: CrossEntropy| {
        message(x.cross_entropy_with(tape.indices(labels).unwrap(), &config))
    };
    for reduction in [Reduction::None, Reduction::Mean, Reduction::Sum] {
        assert_eq!(
            loss(&[0, 3], CrossEntropy { reduction, ..plain() }),
            "cross_entropy_with: label 3 of row 1 is out of range: expected less than 3, the number of classes"
        );
    }
    let nothing = "cross_entropy_with: expected at least one row that counts, got shape [2, 3]";
    assert_eq!(loss(&[1, 1], CrossEntropy { ignore_index: Some(1), ..plain() }), nothing);
    assert_eq!(loss(&[1, 1], CrossEntropy { weights: Some([1.0, 0.0, 1.0].into()), ..plain() }), nothing);
    assert_eq!(
        loss(&[0, 1], CrossEntropy { weights: Some([1.0, 2.0].into()), ..plain() }),
        "cross_entropy_with: shape [3] holds 3 elements, got 2"
    );
    assert_eq!(
        loss(&[0, 1], CrossEntropy { weights: Some([1.0, -2.0, 1.0].into()), ..plain() }),
        "cross_entropy_with: expected finite weights of at least 0, got -2"
    );
    assert_eq!(
        loss(&[0, 1], CrossEntropy { label_smoothing: 1.5, ..plain() }),
        "cross_entropy_with: expected a label smoothing from 0 to 1, got 1.5"
    );
    assert_eq!(
        message(x.cross_entropy_soft(x, &CrossEntropy { ignore_index: Some(1), ..plain() })),
        "cross_entropy_soft: expected no `ignore_index`, since probabilities are no labels, got 1"
    );
    let row = tape.var(&Array2::zeros((1, 3))).unwrap();
    assert_eq!(
        message(x.cross_entropy_soft(row, &plain())),
        "cross_entropy_soft: shapes [2, 3] and [1, 3] do not agree: expected a probability for each class of each row"
    );
    assert_eq!(
        message(x.binary_cross_entropy_with_logits(row, &BinaryCrossEntropy::default())),
        "binary_cross_entropy_with_logits: shapes [2, 3] and [1, 3] do not agree: expected logits and targets of one shape, since nothing is broadcast"
    );
    let empty = tape.var(&Array2::zeros((0, 3))).unwrap();
    let none = tape.indices(&[]).unwrap();
    assert_eq!(
        message(empty.cross_entropy(none)),
        "cross_entropy: expected at least one element, got shape [0, 3]"
    );
    let sum = CrossEntropy { reduction: Reduction::Sum, ..plain() };
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
        message(Sgd::new(-1.0)),
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
        message(net.forward(x, Mode::Train)),
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
