//! Tables of vectors beside PyTorch's, and weights that are used twice.

use crate::support::torch::Fixture;
use nn::tensor::{Element, Indices, Tape, Var, ndarray::array};
use nn::{Embedding, Fields, Init, Linear, Optimizer, Pass, Result, Sgd};
use rand::{SeedableRng, rngs::ChaCha8Rng};

/// One table as the input and the output of a model.
#[derive(Clone)]
struct Tied<T: Element> {
    table: Embedding<T>,
    body: Linear<T>,
}

nn::fields!(Tied: table, body);

impl<T: Element> Tied<T> {
    fn new() -> Result<Self> {
        let rng = &mut ChaCha8Rng::seed_from_u64(0);
        let table = Embedding::new(5, 3, Init::Normal { std: 1.0 }, rng)?;
        Ok(Self { table, body: Linear::new(3, 3, Init::XavierUniform, rng)? })
    }

    fn logits<'t>(&self, words: Indices<'t, T>, pass: &mut Pass<'_, T>) -> Result<Var<'t, T>> {
        let x = self.table.forward(words)?;
        self.table.attend(pass.run("body", &self.body, x)?.tanh()?)
    }
}

#[test]
fn embeddings_agree_with_pytorch() -> Result<()> {
    let fixture = Fixture::open("layers_embedding");
    let plain = Embedding::new(5, 3, Init::Normal { std: 1.0 }, &mut ChaCha8Rng::seed_from_u64(0))?;
    for (case, mut table) in [("embedding", plain.clone()), ("embedding_padding", plain.with_padding(1)?)] {
        fixture.load(case, &mut table);
        let tape = Tape::new();
        let words = tape.indices_nd(&fixture.indices(&format!("{case}.input")))?;
        let y = table.forward(words)?;
        fixture.check_output(case, &table, y, y);
    }
    Ok(())
}

#[test]
fn tied_weights_agree_with_pytorch() -> Result<()> {
    let fixture = Fixture::open("layers_embedding");
    let mut model = Tied::new()?;
    fixture.load("tied", &mut model);
    let tape = Tape::new();
    let words = tape.indices_nd(&fixture.indices("tied.input"))?;
    let y = model.logits(words, &mut Pass::eval())?;
    fixture.check_output("tied", &model, y, y);
    Ok(())
}

/// The table is visited, counted, bound and stepped once.
#[test]
fn a_tied_weight_is_one_field() -> Result<()> {
    let mut model = Tied::<f64>::new()?;
    assert_eq!(model.names(), ["table.weight", "body.weight", "body.bias"]);
    assert_eq!(model.parameter_count(), 5 * 3 + 3 * 3 + 3);
    let before = model.table.weight.values().to_vec();
    let tape = Tape::new();
    let loss = model.logits(tape.indices(&[1, 4])?, &mut Pass::eval())?.sum()?;
    let gradients = tape.backward(loss)?;
    let gradient = gradients.param(&model.table.weight).expect("the loss depends on it").to_vec();
    // Every row takes part in the output, those that were looked up in the input as well.
    assert!(gradient.iter().all(|&g| g != 0.0));
    Sgd::new(0.5)?.step(&mut model, &gradients)?;
    for ((w, before), g) in model.table.weight.values().iter().zip(before).zip(gradient) {
        assert!((w - (before - 0.5 * g)).abs() < 1e-15);
    }
    model.bind(&tape)?;
    tape.replay()?;
    assert!(loss.item()?.is_finite());
    Ok(())
}

#[test]
fn padding_stays_zero_in_training() -> Result<()> {
    let rng = &mut ChaCha8Rng::seed_from_u64(3);
    let mut table = Embedding::<f32>::new(4, 2, Init::Normal { std: 1.0 }, rng)?.with_padding(2)?;
    assert_eq!(table.padding(), Some(2));
    let (mut sgd, mut tape) = (Sgd::new(0.1)?, Tape::new());
    for _ in 0..5 {
        let y = table.forward(tape.indices(&[2, 0, 2, 3])?)?;
        let loss = y.shift(1.0)?.square()?.sum()?;
        sgd.step(&mut table, &tape.backward(loss)?)?;
        tape.reset();
    }
    assert_eq!(table.weight.values()[4..6], [0.0, 0.0]);
    assert!(table.weight.values()[..2].iter().all(|w| (w + 1.0).abs() < 0.9));
    Ok(())
}

#[test]
fn indices_of_any_shape_and_none() -> Result<()> {
    let table = Embedding::from_array(&array![[1.0], [2.0]])?;
    let tape = Tape::<f64>::new();
    let words = tape.indices_nd(&array![[[0, 1]], [[1, 1]]])?;
    assert_eq!(table.forward(words)?.value()?, array![[[[1.0], [2.0]]], [[[2.0], [2.0]]]].into_dyn());
    assert_eq!(&*table.forward(tape.indices(&[])?)?.shape()?, [0, 1]);
    Ok(())
}

#[test]
fn words_past_the_table_are_refused_with_their_place() -> Result<()> {
    let table = Embedding::from_array(&array![[1.0], [2.0]])?;
    let tape = Tape::<f64>::new();
    let message = "embedding: index 2 at position 1 is out of range: expected less than 2";
    let error = table.forward(tape.indices(&[0, 2])?).unwrap_err();
    assert_eq!(error.to_string(), message);
    // Also where a recording is computed again.
    let words = tape.indices(&[0, 1])?;
    let y = table.forward(words)?;
    tape.set_indices(words, &[1, 1])?;
    tape.replay()?;
    assert_eq!(y.value()?, array![[2.0], [2.0]].into_dyn());
    tape.set_indices(words, &[0, 2])?;
    assert_eq!(tape.replay().unwrap_err().to_string(), message);
    Ok(())
}
