//! A model with the state of its training in one file.

use crate::support::folder::Folder;
use crate::support::model::{bits, net, train};
use nn::{
    Adam, AdamConfig, Checkpoint, Ema, ErrorKind, LoadWeights, Number, Optimizer, OptimizerState,
    ParameterState, PlateauConfig, ReduceOnPlateau, Result, RmsProp, RmsPropConfig, Schedule, Sequential,
    Sgd, SgdConfig, load_weights, save_weights, weights_to_bytes,
};
use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng};
use std::collections::HashMap;
use tensor::ndarray::{arr0, arr1, arr2, array};
use tensor::{Param, Tape};

type Rule<T> = Box<dyn Optimizer<T>>;

fn rules<T: Number>() -> Result<Vec<Rule<T>>> {
    let rate = 0.05;
    Ok(vec![
        Box::new(Sgd::new(rate)?),
        Box::new(Sgd::new(SgdConfig { rate, momentum: 0.9, nesterov: true, ..SgdConfig::default() })?),
        Box::new(Adam::new(AdamConfig { rate, amsgrad: true, ..AdamConfig::default() })?),
        Box::new(RmsProp::new(RmsPropConfig {
            rate,
            momentum: 0.5,
            centered: true,
            ..RmsPropConfig::default()
        })?),
    ])
}

/// A training that is stopped, written, read by new objects and goes on has the bits of one that was not.
fn resumed<T: Number>(folder: &Folder, whole: &mut Rule<T>, later: &mut Rule<T>) -> Result<()> {
    let path = folder.file("run.safetensors");
    let (mut model, mut rng) = (net::<T>(1), ChaCha8Rng::seed_from_u64(2));
    let mut ema = Ema::new(&model, 0.9)?;
    train(&mut model, &mut **whole, &mut rng, 7)?;
    ema.update(&model)?;
    whole.set_rate(0.03)?;
    let mut checkpoint = Checkpoint::of(&model, &**whole)?;
    checkpoint.set_ema(&ema.state()?)?;
    checkpoint.set_rng("data", &rng);
    (checkpoint.step, checkpoint.epoch) = (7, 1);
    checkpoint.save(&path)?;
    train(&mut model, &mut **whole, &mut rng, 7)?;
    ema.update(&model)?;

    let checkpoint = Checkpoint::open(&path)?;
    assert_eq!((checkpoint.step, checkpoint.epoch), (7, 1));
    let mut again = net::<T>(3);
    let mut average = Ema::new(&again, 0.9)?;
    checkpoint.resume(&mut again, &mut **later)?;
    average.restore(&again, &checkpoint.ema()?.expect("it was stored"))?;
    assert_eq!(later.rate(), 0.03);
    let mut rng = checkpoint.rng("data").expect("it was stored");
    train(&mut again, &mut **later, &mut rng, 7)?;
    average.update(&again)?;
    assert_eq!(bits(&again), bits(&model));
    assert_eq!(later.state(), whole.state());
    assert_eq!(average.state()?, ema.state()?);
    Ok(())
}

fn all_resume<T: Number>(folder: &Folder) -> Result<()> {
    for (mut whole, mut later) in rules::<T>()?.into_iter().zip(rules::<T>()?) {
        resumed(folder, &mut whole, &mut later)?;
    }
    Ok(())
}

#[test]
fn a_resumed_training_has_the_bits_of_a_whole_one() -> Result<()> {
    let folder = Folder::new("a_resumed_training");
    all_resume::<f32>(&folder)?;
    all_resume::<f64>(&folder)
}

/// With everything that there is.
fn full<T: Number>() -> Result<Checkpoint> {
    let (mut model, mut rng) = (net::<T>(1), ChaCha8Rng::seed_from_u64(2));
    let mut adam = Adam::new(0.01)?;
    train(&mut model, &mut adam, &mut rng, 3)?;
    let mut checkpoint = Checkpoint::of(&model, &adam)?;
    checkpoint.set_ema(&Ema::new(&model, 0.9)?.state()?)?;
    (checkpoint.step, checkpoint.epoch) = (u64::MAX, 12);
    checkpoint.set_array("table", &array![[T::one(), T::zero()]]);
    checkpoint.set_array("number", &arr0(T::one()));
    checkpoint.set_numbers("loss", [0.1, f64::NAN, f64::NEG_INFINITY, -0.0]);
    checkpoint.set_numbers("none", []);
    checkpoint.set_count("seed", u64::MAX);
    checkpoint.set_text("title", "\"ö\\\n\u{0}{}");
    checkpoint.set_text("", "");
    checkpoint.set_rng("data", &rng);
    Ok(checkpoint)
}

fn comes_back<T: Number>() -> Result<()> {
    let checkpoint = full::<T>()?;
    let bytes = checkpoint.to_bytes();
    let back = Checkpoint::from_bytes(&bytes)?;
    assert_eq!((back.step, back.epoch), (u64::MAX, 12));
    assert_eq!(back.array("table")?, Some(array![[T::one(), T::zero()]].into_dyn()));
    assert_eq!(back.array("number")?, Some(arr0(T::one()).into_dyn()));
    assert_eq!(back.array::<T>("other")?, None);
    let bits = |x: &[f64]| x.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    let loss = back.numbers("loss").expect("it was stored");
    assert_eq!(bits(loss), bits(&[0.1, f64::NAN, f64::NEG_INFINITY, -0.0]));
    assert_eq!((back.numbers("none"), back.numbers("other")), (Some(&[][..]), None));
    assert_eq!((back.count("seed"), back.count("other")), (Some(u64::MAX), None));
    assert_eq!((back.text("title"), back.text("")), (Some("\"ö\\\n\u{0}{}"), Some("")));
    assert_eq!(back.optimizer::<T>()?, checkpoint.optimizer::<T>()?);
    assert_eq!(back.ema::<T>()?, checkpoint.ema::<T>()?);
    let draw = |mut rng: ChaCha8Rng| rng.random::<u64>();
    assert_eq!(back.rng("data").map(draw), checkpoint.rng("data").map(draw));
    assert!(back.rng("other").is_none());
    // The same content is the same file.
    assert_eq!(back.to_bytes(), bytes);
    assert_eq!(full::<T>()?.to_bytes(), bytes);
    Ok(())
}

#[test]
fn every_part_comes_back() -> Result<()> {
    comes_back::<f32>()?;
    comes_back::<f64>()
}

#[test]
fn an_empty_checkpoint_comes_back() -> Result<()> {
    let back = Checkpoint::from_bytes(&Checkpoint::new().to_bytes())?;
    assert!(back == Checkpoint::new());
    assert_eq!(back.optimizer::<f32>()?, None);
    assert_eq!(back.ema::<f32>()?, None);
    Ok(())
}

#[test]
fn a_schedule_goes_on_where_it_was() -> Result<()> {
    let mut plateau = ReduceOnPlateau::new(PlateauConfig::default())?;
    (0..40).for_each(|step| plateau.observe(step, 1.0));
    let mut checkpoint = Checkpoint::new();
    checkpoint.set_numbers("schedule", plateau.state());
    let checkpoint = Checkpoint::from_bytes(&checkpoint.to_bytes())?;
    let mut other = ReduceOnPlateau::new(PlateauConfig::default())?;
    other.restore(checkpoint.numbers("schedule").expect("it was stored"))?;
    assert!(plateau.rate(40) < PlateauConfig::default().rate);
    assert_eq!(other.rate(40), plateau.rate(40));
    Ok(())
}

/// Neither the model nor the optimizer is changed by what fits one of them alone.
fn all_or_nothing<T: Number>() -> Result<()> {
    let checkpoint = full::<T>()?;
    let unchanged = |model: &mut Sequential<T>, rule: &mut dyn Optimizer<T>| -> Result<nn::Error> {
        let before = (bits(model), rule.state());
        let error = checkpoint.resume(model, rule).expect_err("it does not fit");
        assert_eq!((bits(model), rule.state()), before);
        Ok(error)
    };
    // The model fits, the optimizer does not.
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let (mut model, mut sgd) = (net::<T>(4), Sgd::new(0.5)?);
    train(&mut model, &mut sgd, &mut rng, 1)?;
    let error = unchanged(&mut model, &mut sgd)?;
    assert!(error.to_string().contains("`adam`"), "{error}");
    // The optimizer fits, the model does not.
    let mut adam = Adam::new(0.5)?;
    train(&mut model, &mut adam, &mut rng, 1)?;
    let mut larger = Sequential::new().with(net::<T>(4)).with(net(5));
    let error = unchanged(&mut larger, &mut adam)?;
    assert!(matches!(error.kind(), ErrorKind::Mismatch { .. }), "{error}");
    // Both fit, a tape reads the model.
    let tape = Tape::new();
    let x = tape.constant(&array![[T::one(), T::one(), T::one()]])?;
    nn::Module::forward(&model, x, &mut nn::Pass::eval())?;
    let error = unchanged(&mut model, &mut adam)?;
    assert!(matches!(error.kind(), ErrorKind::Parameter { .. }), "{error}");
    drop(tape);
    checkpoint.resume(&mut model, &mut adam)?;
    assert_eq!(Some(adam.state()), checkpoint.optimizer()?);

    let mut checkpoint = Checkpoint::new();
    checkpoint.set_model(&model)?;
    let error = checkpoint.resume(&mut model, &mut adam).expect_err("there is no optimizer");
    assert_eq!(error.to_string(), "checkpoint: expected an optimizer's state, got a checkpoint without one");
    Ok(())
}

#[test]
fn a_checkpoint_that_does_not_fit_changes_nothing() -> Result<()> {
    all_or_nothing::<f32>()?;
    all_or_nothing::<f64>()
}

#[test]
fn a_checkpoint_is_a_file_of_weights() -> Result<()> {
    let folder = Folder::new("a_checkpoint_is_a_file_of_weights");
    let path = folder.file("run.safetensors");
    let checkpoint = full::<f32>()?;
    checkpoint.save(&path)?;
    let (mut from_file, mut from_checkpoint) = (net::<f32>(8), net::<f32>(9));
    load_weights(&mut from_file, &path)?;
    checkpoint.load_model(&mut from_checkpoint)?;
    assert_eq!(bits(&from_file), bits(&from_checkpoint));

    let mut one = nn::Linear::from_arrays(&arr2(&[[0.0f32; 4]; 3]), &arr1(&[0.0; 4]))?;
    let names = LoadWeights::new().prefix("0.");
    assert_eq!(checkpoint.load_model_with(&names, &mut one)?, nn::Unmatched::default());
    assert_eq!(bits(&one)[0].1, bits(&from_file)[0].1);
    // In numbers of the other type, too.
    let mut wide = net::<f64>(8);
    let mut adam = Adam::<f64>::new(0.5)?;
    checkpoint.resume(&mut wide, &mut adam)?;
    assert_eq!(bits(&wide), bits(&from_file));
    Ok(())
}

#[test]
fn weights_alone_are_no_checkpoint() -> Result<()> {
    let folder = Folder::new("weights_alone_are_no_checkpoint");
    let path = folder.file("weights.safetensors");
    save_weights(&net::<f32>(1), &path)?;
    let error = Checkpoint::open(&path).unwrap_err();
    let expected = "checkpoint: expected a checkpoint, got a file of weights alone";
    assert_eq!(error.to_string(), format!("file `{}`: {expected}", path.display()));
    assert_eq!(Checkpoint::from_bytes(&weights_to_bytes(&net::<f32>(1))?).unwrap_err().to_string(), expected);
    Ok(())
}

#[test]
fn states_that_a_file_cannot_hold_are_refused() {
    let state = |name: &str, array: &str, rate: f64| OptimizerState {
        kind: "own".into(),
        rate,
        parameters: vec![ParameterState {
            name: name.into(),
            shape: vec![2],
            steps: 1,
            arrays: vec![(array.into(), vec![1.0f32, 2.0])],
        }],
    };
    let message = |state| {
        let mut checkpoint = Checkpoint::new();
        let result = checkpoint.set_optimizer(&state);
        assert_eq!(checkpoint.optimizer::<f32>().unwrap().is_some(), result.is_ok());
        result.map_or_else(|error| error.to_string(), |()| String::new())
    };
    assert_eq!(message(state("a name, with words", "sum", 0.1)), "");
    let name = "checkpoint: expected a name that a file can hold, got";
    assert_eq!(message(state("a/b", "sum", 0.1)), format!("{name} `a/b`"));
    assert_eq!(message(state("a\nb", "sum", 0.1)), format!("{name} `a\nb`"));
    assert_eq!(message(state("w", "a b", 0.1)), format!("{name} `a b`"));
    assert_eq!(message(state("w", "", 0.1)), format!("{name} ``"));
    let rate = "checkpoint: expected a finite learning rate, got NaN";
    assert_eq!(message(state("w", "sum", f64::NAN)), rate);
    let mut short = state("w", "sum", 0.1);
    short.parameters[0].arrays[0].1.pop();
    let length = "checkpoint: expected `sum` of `w` with shape [2], got 1 elements";
    assert_eq!(message(short), length);
}

/// A valid file of these texts and one tensor.
fn file(texts: &[(&str, &str)], tensor: &str, numbers: &[f64]) -> Vec<u8> {
    let bytes: Vec<u8> = numbers.iter().flat_map(|x| x.to_le_bytes()).collect();
    let shape = if tensor == "optimizer/rate" { vec![] } else { vec![numbers.len()] };
    let view = safetensors::tensor::TensorView::new(safetensors::Dtype::F64, shape, &bytes);
    let view = view.expect("as many bytes as the shape says");
    let texts: HashMap<_, _> = texts.iter().map(|&(key, text)| (key.to_owned(), text.to_owned())).collect();
    safetensors::serialize([(tensor, view)], Some(texts)).expect("a file")
}

#[test]
fn parts_that_are_not_whole_are_refused() {
    let base = [("checkpoint.version", "1"), ("step", "3"), ("epoch", "0")];
    let read = |texts: &[(&str, &str)], tensor: &str, numbers: &[f64]| {
        let kept = base.iter().filter(|(key, _)| texts.iter().all(|(other, _)| other != key));
        let texts: Vec<_> = kept.chain(texts).copied().collect();
        match Checkpoint::from_bytes(&file(&texts, tensor, numbers)) {
            Ok(_) => String::new(),
            Err(error) => error.to_string().replace("checkpoint: expected ", ""),
        }
    };
    assert_eq!(read(&[], "w", &[1.0]), "");
    let version = "a checkpoint of a version up to 1, got version";
    assert_eq!(read(&[("checkpoint.version", "2")], "w", &[1.0]), format!("{version} 2"));
    assert_eq!(read(&[("checkpoint.version", "one")], "w", &[1.0]), format!("{version} one"));
    assert_eq!(read(&[("step", "-3")], "w", &[1.0]), "a whole number in `step`, got `-3`");
    assert_eq!(read(&[("epoch", "1e3")], "w", &[1.0]), "a whole number in `epoch`, got `1e3`");
    assert_eq!(read(&[("count.a", "")], "w", &[1.0]), "a whole number in `count.a`, got ``");
    let generator = "a generator of random numbers in `random.a`, got x";
    assert_eq!(read(&[("random.a", "x")], "w", &[1.0]), generator);
    assert_eq!(read(&[], "other/w", &[1.0]), "tensors of the known sections, got `other/w`");
    assert_eq!(read(&[], "optimizer/rate", &[1.0]), "tensors of the known sections, got `optimizer/rate`");

    let kind = ("optimizer.kind", "sgd");
    assert_eq!(read(&[kind], "w", &[1.0]), "one finite F64 in `optimizer/rate`, got something else");
    assert_eq!(
        read(&[kind], "optimizer/rate", &[f64::NAN]),
        "one finite F64 in `optimizer/rate`, got something else"
    );
    assert_eq!(read(&[kind], "optimizer/rate", &[1.0]), "the parameters of the optimizer, got none");
    let lines = |lines: &str| read(&[kind, ("optimizer.parameters", lines)], "optimizer/rate", &[1.0]);
    assert_eq!(lines(""), "");
    assert_eq!(lines("3 2x4 - a.weight\n0 - - "), "");
    let line = "the steps, shape, arrays and name of a parameter, got";
    for wrong in ["", "3", "3 2x4 -", "-1 2 - w", "1 2x - w", "1 2.5 - w", "1 99999999999999999999 - w"] {
        assert_eq!(lines(&format!("{wrong}\n")), format!("{line} `{wrong}`"));
    }
    assert_eq!(lines("1 2 sum w"), "the array `sum` of `w`, got it is not there");
    let ema = |line: &str| read(&[("ema.parameters", line)], "ema/average/w", &[1.0, 2.0]);
    assert_eq!(ema("1 2 average w"), "");
    assert_eq!(ema("1 3 average w"), "the array `average` of `w`, got expected shape [3], got [2]");
    assert_eq!(ema("1 2 average,average w"), "the array `average` of `w`, got it is not there");
    assert_eq!(ema("1 2 - w"), "tensors of the known sections, got `ema/average/w`");
}

#[test]
fn arrays_of_another_type_are_refused() -> Result<()> {
    let mut checkpoint = Checkpoint::new();
    checkpoint.set_array("large", &arr1(&[1e300]));
    assert_eq!(checkpoint.array("large")?, Some(arr1(&[1e300]).into_dyn()));
    let error = checkpoint.array::<f32>("large").unwrap_err();
    assert_eq!(
        error.to_string(),
        "checkpoint: expected an array `large` of F32, got expected numbers within F32, got 1e300"
    );
    checkpoint.set_model(&Param::new(&arr1(&[1e300]))?)?;
    let error = checkpoint.load_model(&mut Param::new(&arr1(&[0.0f32]))?).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the content does not fit the model: ``: expected numbers within F32, got 1e300"
    );
    Ok(())
}
