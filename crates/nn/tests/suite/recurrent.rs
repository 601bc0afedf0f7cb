//! Recurrent layers beside PyTorch's, and what they refuse.

use crate::support::torch::{Fixture, close};
use nn::{Fields, Gru, Lstm, Module, OverTime, Pass, RecurrentConfig, Result};
use rand::{SeedableRng, rngs::ChaCha8Rng};
use tensor::ndarray::{Array3, ArrayD, array, s};
use tensor::{Element, Tape, Var, concat};

const PLAIN: RecurrentConfig = RecurrentConfig { layers: 1, bidirectional: false, bias: true, dropout: 0.0 };
const WITHOUT_BIAS: RecurrentConfig = RecurrentConfig { bias: false, ..PLAIN };
const BOTH: RecurrentConfig = RecurrentConfig { layers: 2, bidirectional: true, ..PLAIN };

fn lstm<T: Element>(config: RecurrentConfig) -> Result<Lstm<T>> {
    Lstm::new(2, 3, config, &mut ChaCha8Rng::seed_from_u64(5))
}

fn gru<T: Element>(config: RecurrentConfig) -> Result<Gru<T>> {
    Gru::new(2, 3, config, &mut ChaCha8Rng::seed_from_u64(5))
}

/// Everything that a layer gives as one vector.
fn flat<'t>(all: &[Var<'t, f64>]) -> Result<Var<'t, f64>> {
    let all = all.iter().map(|y| y.flatten(..)).collect::<tensor::Result<Vec<_>>>()?;
    Ok(concat(&all, 0)?)
}

/// Runs a case with its lengths and states, and compares output, final states and gradients.
fn check<M: Fields<f64>>(
    case: &str,
    mut model: M,
    run: impl for<'t> Fn(&M, Var<'t, f64>, Option<&[usize]>, &[Var<'t, f64>]) -> Result<Var<'t, f64>>,
) -> Result<()> {
    let fixture = Fixture::open("layers_recurrent");
    fixture.load(case, &mut model);
    let tape = Tape::new();
    let x = tape.var(&fixture.get(&format!("{case}.input")))?;
    let lengths: Option<Vec<usize>> = fixture
        .find(&format!("{case}.lengths"))
        .map(|lengths| lengths.iter().map(|&length| length as usize).collect());
    let states = (0..2).map_while(|i| fixture.find(&format!("{case}.state{i}")));
    let states = states.map(|state| tape.constant(&state)).collect::<tensor::Result<Vec<_>>>()?;
    let y = run(&model, x, lengths.as_deref(), &states)?;
    fixture.check_output(case, &model, x, y);
    Ok(())
}

#[test]
fn layers_agree_with_pytorch() -> Result<()> {
    let fixture = Fixture::open("layers_recurrent");
    fixture.check("lstm", &mut lstm(PLAIN)?);
    fixture.check("gru", &mut gru(PLAIN)?);
    let cases = [("without_bias", WITHOUT_BIAS), ("lengths", PLAIN), ("stacked", BOTH), ("everything", BOTH)];
    for (name, config) in cases {
        check(&format!("lstm_{name}"), lstm(config)?, |lstm, x, lengths, states| {
            let states = if let [hidden, cell] = *states { Some([hidden, cell]) } else { None };
            let all = lstm.forward_with(x, lengths, states, &mut Pass::eval())?;
            flat(&[all.output, all.hidden, all.cell])
        })?;
        check(&format!("gru_{name}"), gru(config)?, |gru, x, lengths, states| {
            let all = gru.forward_with(x, lengths, states.first().copied(), &mut Pass::eval())?;
            flat(&[all.output, all.hidden])
        })?;
    }
    Ok(())
}

/// `f64` and `f32` models of one seed compute the same, to the digits of `f32`.
#[test]
fn narrow_numbers_agree_with_wide_ones() -> Result<()> {
    fn run<T: Element>() -> Result<Vec<ArrayD<f64>>> {
        let x =
            Array3::from_shape_fn((3, 40, 2), |(i, j, k)| T::from_f64(((i * 80 + j * 2 + k) as f64).sin()));
        let tape = Tape::<T>::new();
        let x = tape.var(&x)?;
        let pass = &mut Pass::eval();
        let lengths = Some(&[40, 7, 23][..]);
        let (lstm, gru) = (lstm::<T>(BOTH)?, gru::<T>(BOTH)?);
        let (first, second) =
            (lstm.forward_with(x, lengths, None, pass)?, gru.forward_with(x, lengths, None, pass)?);
        let outputs = [first.output, first.hidden, first.cell, second.output, second.hidden];
        let mut all = Vec::new();
        let mut loss = tape.constant(&array![T::zero()])?;
        for y in outputs {
            all.push(y.value()?.mapv(T::to_f64));
            loss = loss.add(y.square()?.sum()?)?;
        }
        let gradients = tape.backward(loss.sum()?)?;
        all.push(gradients.wrt(x)?.mapv(T::to_f64));
        for model in [&lstm as &dyn Fields<T>, &gru] {
            model.each(&mut |_, field| {
                let gradient = gradients.param(field.param).expect("it was used");
                all.push(
                    gradient.iter().map(|g| g.to_f64()).collect::<tensor::ndarray::Array1<_>>().into_dyn(),
                );
            });
        }
        Ok(all)
    }
    for (narrow, wide) in run::<f32>()?.iter().zip(run::<f64>()?) {
        for (a, b) in narrow.iter().zip(&wide) {
            assert!((a - b).abs() < 2e-5 * b.abs().max(1.0), "{a} instead of {b}");
        }
    }
    Ok(())
}

#[test]
fn padding_is_never_read() -> Result<()> {
    let (lstm, gru) = (lstm::<f64>(BOTH)?, gru::<f64>(BOTH)?);
    let mut runs = Vec::new();
    for filler in [0.0, 7.0, f64::NAN] {
        let mut x = Array3::from_shape_fn((2, 4, 2), |(i, j, k)| ((i * 8 + j * 2 + k) as f64).sin());
        x.slice_mut(s![1, 2.., ..]).fill(filler);
        let tape = Tape::new();
        let (x, lengths, pass) = (tape.var(&x)?, Some(&[4, 2][..]), &mut Pass::eval());
        let (a, b) = (lstm.forward_with(x, lengths, None, pass)?, gru.forward_with(x, lengths, None, pass)?);
        let y = flat(&[a.output, a.hidden, a.cell, b.output, b.hidden])?;
        let gradients = tape.backward(y.square()?.sum()?)?;
        let mut all = vec![y.value()?, gradients.wrt(x)?.to_owned()];
        for model in [&lstm as &dyn Fields<f64>, &gru] {
            model.each(&mut |_, field| {
                let gradient = gradients.param(field.param).expect("it was used").to_vec();
                all.push(tensor::ndarray::Array1::from(gradient).into_dyn());
            });
        }
        assert!(all[1].slice(s![1, 2.., ..]).iter().all(|&g| g == 0.0));
        runs.push(all);
    }
    assert_eq!(runs[0], runs[1]);
    assert_eq!(runs[0], runs[2]);
    Ok(())
}

#[test]
fn a_batch_of_lengths_is_its_rows_alone() -> Result<()> {
    let (lstm, tape, pass) = (lstm::<f64>(BOTH)?, Tape::new(), &mut Pass::eval());
    let x =
        tape.constant(&Array3::from_shape_fn((3, 6, 2), |(i, j, k)| ((i * 12 + j * 2 + k) as f64).cos()))?;
    let lengths = [6, 1, 4];
    let together = lstm.forward_with(x, Some(&lengths), None, pass)?;
    for (row, &length) in lengths.iter().enumerate() {
        let alone = lstm.forward_with(x.narrow(0, row, 1)?.narrow(1, 0, length)?, None, None, pass)?;
        let output = together.output.narrow(0, row, 1)?;
        let pairs = [
            (output.narrow(1, 0, length)?, alone.output),
            (together.hidden.narrow(1, row, 1)?, alone.hidden),
            (together.cell.narrow(1, row, 1)?, alone.cell),
        ];
        for (got, want) in pairs {
            close("a row alone", got.value()?.view(), &want.value()?);
        }
        assert!(output.slice(1, length as isize.., 1)?.value()?.iter().all(|&y| y == 0.0));
    }
    Ok(())
}

#[test]
fn dropout_lies_between_layers_in_training() -> Result<()> {
    let dropping = RecurrentConfig { dropout: 1.0, ..BOTH };
    let (without, with) = (lstm::<f64>(BOTH)?, lstm::<f64>(dropping)?);
    let single = lstm::<f64>(RecurrentConfig { layers: 1, ..dropping })?;
    let rng = &mut ChaCha8Rng::seed_from_u64(1);
    let tape = Tape::new();
    let x = tape.constant(&Array3::ones((1, 3, 2)))?;
    let eval = without.forward(x, &mut Pass::eval())?.value()?;
    assert_eq!(with.forward(x, &mut Pass::eval())?.value()?, eval);
    // With all states left out the second layer sees nothing of the input.
    let trained = with.forward(x, &mut Pass::train(rng))?.value()?;
    assert_ne!(trained, eval);
    assert_eq!(with.forward(x.scale(-3.0)?, &mut Pass::train(rng))?.value()?, trained);
    assert_ne!(with.forward(x.scale(-3.0)?, &mut Pass::eval())?.value()?, eval);
    // Nothing is left out after the last layer, and nothing drawn where no layers lie on top of each other.
    assert_eq!(
        single.forward(x, &mut Pass::train(rng))?.value()?,
        single.forward(x, &mut Pass::eval())?.value()?
    );
    let half = lstm::<f64>(RecurrentConfig { dropout: 0.5, ..BOTH })?;
    let run = |seed| -> Result<_> {
        Ok(half.forward(x, &mut Pass::train(&mut ChaCha8Rng::seed_from_u64(seed)))?.value()?)
    };
    assert_eq!(run(3)?, run(3)?);
    assert_ne!(run(3)?, run(4)?);
    Ok(())
}

#[test]
fn parameters_have_pytorch_names_and_spread() -> Result<()> {
    let lstm = Lstm::<f32>::new(2, 100, BOTH, &mut ChaCha8Rng::seed_from_u64(0))?;
    let mut want = Vec::new();
    for suffix in ["l0", "l0_reverse", "l1", "l1_reverse"] {
        want.extend(["weight_ih", "weight_hh", "bias_ih", "bias_hh"].map(|name| format!("{name}_{suffix}")));
    }
    assert_eq!(lstm.names(), want);
    assert_eq!(lstm.parameter_count(), 2 * (400 * (2 + 100 + 2)) + 2 * (400 * (200 + 100 + 2)));
    lstm.each(&mut |path, field| {
        let largest = field.values().iter().fold(0.0f32, |largest, w| largest.max(w.abs()));
        assert!((0.09..=0.1).contains(&largest), "{path}: {largest}");
    });
    Ok(())
}

#[test]
fn refusals() -> Result<()> {
    let (lstm, gru, tape, pass) = (lstm::<f64>(PLAIN)?, gru::<f64>(BOTH)?, Tape::new(), &mut Pass::eval());
    let zeros = |shape: &[usize]| tape.constant(&ArrayD::<f64>::zeros(shape)).expect("a leaf");
    let x = zeros(&[2, 4, 2]);
    let mut lengths =
        |lengths: &[usize]| lstm.forward_with(x, Some(lengths), None, pass).unwrap_err().to_string();
    assert_eq!(lengths(&[4]), "lstm: expected 2 lengths, one for each row, got 1");
    assert_eq!(lengths(&[4, 0]), "lstm: expected lengths from 1 to 4, got 0 in row 1");
    assert_eq!(lengths(&[5, 1]), "lstm: expected lengths from 1 to 4, got 5 in row 0");
    for (shape, got) in [(&[2, 4][..], "[2, 4]"), (&[2, 4, 3], "[2, 4, 3]"), (&[2, 0, 2], "[2, 0, 2]")] {
        let error = lstm.forward(zeros(shape), pass).unwrap_err().to_string();
        assert_eq!(
            error,
            format!("lstm: expected an input [batch, time, 2] with at least one step, got shape {got}")
        );
    }
    assert_eq!(
        gru.forward_with(x, None, Some(zeros(&[1, 2, 3])), pass).unwrap_err().to_string(),
        "gru: expected states [4, 2, 3] at the beginning, got shape [1, 2, 3]"
    );
    let rng = &mut ChaCha8Rng::seed_from_u64(0);
    let mut new =
        |inputs, hidden, config| Gru::<f64>::new(inputs, hidden, config, rng).unwrap_err().to_string();
    assert_eq!(new(0, 1, PLAIN), "gru: expected the number of inputs to be positive, got 0");
    assert_eq!(new(1, 0, PLAIN), "gru: expected the size of the state to be positive, got 0");
    let none = RecurrentConfig { layers: 0, ..PLAIN };
    assert_eq!(new(1, 1, none), "gru: expected the number of layers to be positive, got 0");
    let often = RecurrentConfig { dropout: 1.5, ..PLAIN };
    assert_eq!(new(1, 1, often), "dropout: expected the probability to be between 0 and 1, got 1.5");
    assert_eq!(
        OverTime::Max.of(x, Some(&[1, 9])).unwrap_err().to_string(),
        "over_time: expected lengths from 1 to 4, got 9 in row 1"
    );
    assert_eq!(
        OverTime::Last.of(zeros(&[2, 0, 3]), None).unwrap_err().to_string(),
        "over_time: expected an input [batch, time, features] with at least one step, got shape [2, 0, 3]"
    );
    Ok(())
}

#[test]
fn pooling_over_time_leaves_out_padding() -> Result<()> {
    let tape = Tape::<f64>::new();
    let nan = f64::NAN;
    let x =
        tape.var(&array![[[-1.0, 4.0], [-3.0, 2.0], [nan, nan]], [[1.0, 6.0], [2.0, 5.0], [6.0, 1.0]]])?;
    let run = |pool: OverTime| -> Result<_> {
        let y = pool.of(x, Some(&[2, 3]))?;
        let weights = tape.constant(&array![[6.0, 60.0], [600.0, 6000.0]])?;
        let gradients = tape.backward(y.mul(weights)?.sum()?)?;
        Ok((y.value()?, gradients.wrt(x)?.to_owned()))
    };
    let (y, g) = run(OverTime::Mean)?;
    assert_eq!(y, array![[-2.0, 3.0], [3.0, 4.0]].into_dyn());
    let third = 1.0 / 3.0;
    close(
        "mean",
        g.view(),
        &(array![[[3.0, 30.0], [3.0, 30.0], [0.0, 0.0]], [[1.0, 1.0], [1.0, 1.0], [1.0, 1.0]]]
            * array![[[1.0, 1.0]], [[600.0 * third, 6000.0 * third]]])
        .into_dyn(),
    );
    let (y, g) = run(OverTime::Max)?;
    assert_eq!(y, array![[-1.0, 4.0], [6.0, 6.0]].into_dyn());
    assert_eq!(
        g,
        array![[[6.0, 60.0], [0.0, 0.0], [0.0, 0.0]], [[0.0, 6000.0], [0.0, 0.0], [600.0, 0.0]]].into_dyn()
    );
    let (y, g) = run(OverTime::Last)?;
    assert_eq!(y, array![[-3.0, 2.0], [6.0, 1.0]].into_dyn());
    assert_eq!(
        g,
        array![[[0.0, 0.0], [6.0, 60.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 0.0], [600.0, 6000.0]]].into_dyn()
    );
    Ok(())
}
