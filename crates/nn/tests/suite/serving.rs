//! Models in use: the bits of a forward pass, from several threads; and models as tables.
#![expect(clippy::unwrap_used, reason = "also in the functions that tests call, a failure is a failed test")]

use nn::{ErrorKind, Fields, Init, Input, Linear, Module, Pass, Predictor, Relu, Result, Role};
use nn::{Sequential, Sigmoid, Tanh, summary, summary_with};
use rand::{SeedableRng, rngs::ChaCha8Rng};
use std::thread;
use tensor::ndarray::{Array2, ArrayD, Axis, array, s};
use tensor::{Element, Param, Tape, Var};

fn rng() -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(5)
}

fn linear<T: Element>(inputs: usize, outputs: usize) -> Linear<T> {
    Linear::new(inputs, outputs, Init::XavierUniform, &mut rng()).unwrap()
}

/// Layers of several sizes, nested.
fn network<T: Element>() -> Sequential<T> {
    let inner = Sequential::new().with(linear(8, 8)).with(Tanh).with(linear(8, 3).relu());
    Sequential::new().with(linear(10, 8).relu()).with(inner).with(Relu).with(linear(3, 2)).with(Sigmoid)
}

fn batch<T: Element>(rows: usize, seed: usize) -> Array2<T> {
    Array2::from_shape_fn((rows, 10), |(i, j)| T::from_f64(((7 * i + 3 * j + 11 * seed) as f64).sin()))
}

/// What a forward pass in use gives.
fn forward<T: Element>(model: &impl Module<T>, x: &Array2<T>) -> ArrayD<T> {
    let tape = Tape::new();
    model.forward(tape.constant(x).unwrap(), &mut Pass::eval()).unwrap().value().unwrap()
}

fn served_bits<T: Element>() {
    let model = network::<T>();
    let predictor = Predictor::new(model.clone());
    // Every shape is recorded once and then computed again; the last is large enough for chains.
    for seed in 0..3 {
        for rows in [1, 4, 0, 7, 2000] {
            let x = batch::<T>(rows, seed);
            let want = forward(&model, &x);
            assert_eq!(predictor.predict(&x).unwrap(), want, "{rows} rows");
            assert_eq!(model.predict(&x).unwrap(), want);
            let mut out = vec![T::zero(); want.len()];
            assert_eq!(*predictor.predict_into(&x, &mut out).unwrap(), [rows, 2]);
            assert_eq!(out, want.as_slice().unwrap());
        }
    }
    // Other layouts, of the same shape and as a view.
    let x = batch::<T>(6, 9);
    let columns = x.t().as_standard_layout().reversed_axes().to_owned();
    assert!(x.as_slice().is_some() && columns.as_slice().is_none());
    assert_eq!(predictor.predict(&columns).unwrap(), forward(&model, &x));
    assert_eq!(predictor.predict(&columns).unwrap(), forward(&model, &x));
    let every_second = x.slice(s![..;2, ..]);
    assert_eq!(predictor.predict(&every_second).unwrap(), forward(&model, &every_second.to_owned()));
}

#[test]
fn a_predictor_gives_the_bits_of_a_forward_pass() {
    served_bits::<f32>();
    served_bits::<f64>();
}

fn from_threads<T: Element>() {
    let model = network::<T>();
    let predictor = Predictor::new(model.clone()).with_shapes(2);
    let wants: Vec<Vec<ArrayD<T>>> =
        (0..4).map(|seed| (1..5).map(|rows| forward(&model, &batch(rows, seed))).collect()).collect();
    thread::scope(|scope| {
        for (seed, wants) in wants.iter().enumerate() {
            let predictor = &predictor;
            scope.spawn(move || {
                for step in 0..200 {
                    // More shapes than are kept, in another order for each thread.
                    let rows = (step / 3 + seed) % 4 + 1;
                    let x = batch(rows, seed);
                    assert_eq!(predictor.predict(&x).unwrap(), wants[rows - 1]);
                }
            });
        }
    });
}

#[test]
fn threads_share_a_predictor() {
    from_threads::<f32>();
    from_threads::<f64>();
    fn is_shared<X: Send + Sync>() {}
    is_shared::<Predictor<f32>>();
    is_shared::<Predictor<f64, Sequential<f64>>>();
    is_shared::<Predictor<f64, &Linear<f64>>>();
}

#[test]
fn a_shape_that_does_not_fit_is_refused_by_the_layer_and_the_predictor_goes_on() {
    let predictor = Predictor::new(network::<f64>());
    for _ in 0..2 {
        let error = predictor.predict(&Array2::zeros((2, 9))).unwrap_err();
        let ErrorKind::Layer { layer, source } = error.kind() else { panic!("{error}") };
        assert_eq!(layer, "0");
        assert!(matches!(source.kind(), ErrorKind::Tensor(_)));
        let x = batch(2, 0);
        assert_eq!(predictor.predict(&x).unwrap(), forward(predictor.model(), &x));
    }
    let mut out = [7.0; 3];
    let error = predictor.predict_into(&batch(2, 0), &mut out).unwrap_err();
    assert_eq!(error.to_string(), "predict_into: expected 4 elements for shape [2, 2], got 3");
    assert_eq!(out, [7.0; 3]);
    let x = batch(2, 0);
    let error = predictor.run(&[Input::numbers(&x), Input::numbers(&x)]).unwrap_err();
    assert_eq!(error.to_string(), "predictor: expected one input, that of the model, got 2 inputs");
}

#[test]
fn several_inputs_and_indices_are_served() -> Result<()> {
    let table = Param::new(&batch::<f64>(5, 1))?;
    let predictor = Predictor::with(&table, |table, inputs, _| {
        let [words, scale] = *inputs else { panic!("two inputs are given below") };
        let rows = scale.tape().param(table)?.index_select(0, words.as_indices()?)?;
        Ok(rows.mul(scale)?.sum_axis(1)?)
    });
    let scale = array![2.0];
    for words in [array![0, 4, 4], array![1, 2, 3], array![3, 0, 1]] {
        let got = predictor.run(&[Input::indices(&words), Input::numbers(&scale)])?;
        let want: Vec<f64> =
            words.iter().map(|&word| batch::<f64>(5, 1).row(word).iter().map(|x| 2.0 * x).sum()).collect();
        assert!(got.iter().zip(want).all(|(got, want)| (got - want).abs() < 1e-12));
    }
    // A word that does not exist, in a recorded shape and in a new one.
    for words in [array![1, 5, 2], array![1, 5]].map(|words| words.into_dyn()) {
        let error = predictor.run(&[Input::indices(&words), Input::numbers(&scale)]).unwrap_err();
        let expected = "index_select: index 5 at position 1 is out of range: expected less than 5";
        assert_eq!(error.to_string(), expected);
    }
    assert_eq!(predictor.run(&[Input::indices(&array![0, 0]), Input::numbers(&scale)])?.len(), 2);
    // Numbers in the place of indices, and the reverse.
    let numbers = array![0.0, 1.0, 2.0];
    let error = predictor.run(&[Input::numbers(&numbers), Input::numbers(&scale)]).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Tensor(_)), "{error}");
    Ok(())
}

/// Scales by 2 or by 10, as the sum of the input says.
#[derive(Clone)]
struct Sided;

nn::fields!(Sided);

impl<T: Element> Module<T> for Sided {
    fn forward<'t>(&self, x: Var<'t, T>, _: &mut Pass<'_, T>) -> Result<Var<'t, T>> {
        let factor = if x.sum()?.item()? > T::zero() { 2.0 } else { 10.0 };
        Ok(x.scale(T::from_f64(factor))?)
    }
}

#[test]
fn a_model_that_looks_at_values_is_recorded_for_each() -> Result<()> {
    let predictor = Predictor::<f64, _>::new(Sequential::new().with(Sided).with(Relu));
    for ([a, b], y) in [([1.0, 2.0], [2.0, 4.0]), ([-3.0, 1.0], [0.0, 10.0]), ([3.0, -1.0], [6.0, 0.0])] {
        assert_eq!(predictor.predict(&array![a, b])?.as_slice(), Some(&y[..]));
    }
    Ok(())
}

#[test]
fn few_shapes_are_kept() -> Result<()> {
    let predictor = Predictor::new(network::<f64>()).with_shapes(2);
    let mut most = 0;
    for step in 0..50 {
        predictor.predict(&batch(20 + step % 7, step))?;
        most = most.max(predictor.bytes());
    }
    // Less than three times the values of all layers of the largest batch.
    assert!(most < 3 * 26 * size_of::<f64>() * (10 + 8 * 3 + 3 * 2 + 2 * 2 + 10), "{most} bytes");
    Ok(())
}

#[test]
fn a_model_that_is_given_back_can_be_trained_on() -> Result<()> {
    let predictor = Predictor::new(linear::<f64>(10, 1));
    predictor.predict(&batch(3, 0))?;
    let mut model = predictor.into_model();
    model.weight.values_mut()?[0] += 1.0;
    let model: Box<dyn Module<f64>> = Box::new(model);
    assert_eq!(model.predict(&batch(3, 0))?, forward(&model, &batch(3, 0)));
    let boxed: Predictor<f64> = Predictor::new(model);
    assert_eq!(boxed.predict(&batch(3, 0))?, forward(boxed.model(), &batch(3, 0)));
    Ok(())
}

/// One layer used twice, and a part that holds nothing but it.
#[derive(Clone)]
struct Twice<T: Element> {
    layer: Sequential<T>,
    mean: nn::Buffer<T>,
}

nn::fields!(Twice: layer, mean);

impl<T: Element> Module<T> for Twice<T> {
    fn forward<'t>(&self, x: Var<'t, T>, pass: &mut Pass<'_, T>) -> Result<Var<'t, T>> {
        let once = pass.run("layer", &self.layer, x)?;
        pass.run("layer", &self.layer, once)
    }
}

#[test]
fn nested_and_shared_parts_are_listed() -> Result<()> {
    let model = Twice {
        layer: Sequential::new().with(linear::<f32>(4, 4)),
        mean: nn::Buffer::new(&array![0.0, 0.0, 0.0])?,
    };
    let table = summary(&model, &[2, 4])?;
    let expected = "\
part   kind        output  parameters
-----  ----------  ------  ----------
       Twice       [2, 4]          20
layer  Sequential  [2, 4]          20
  0    Linear      [2, 4]          20
layer  Sequential  [2, 4]      shared
  0    Linear      [2, 4]      shared
-------------------------------------
trainable 20, frozen 0, buffers 3
";
    assert_eq!(table.to_string(), expected);
    let mut buffers = 0;
    model.each(&mut |_, field| buffers += usize::from(field.role == Role::Buffer) * field.shape().size());
    assert_eq!((table.buffers, table.parts[2].depth), (buffers, 2));
    Ok(())
}

#[test]
fn a_summary_names_the_part_that_refuses() -> Result<()> {
    let error = summary(&network::<f64>(), &[2, 9]).unwrap_err();
    assert!(error.to_string().starts_with("layer 0: linear: "), "{error}");
    assert!(matches!(summary(&Tanh as &dyn Module<f64>, &[1; 9]).unwrap_err().kind(), ErrorKind::Tensor(_)));
    let model = network::<f64>();
    let table = summary_with(&model, |tape, pass| {
        let x = tape.constant(&batch(3, 0).sum_axis(Axis(0)))?;
        model.forward(x, pass)
    })?;
    assert_eq!((table.parts.len(), &*table.parts[0].output), (9, &[2][..]));
    Ok(())
}
