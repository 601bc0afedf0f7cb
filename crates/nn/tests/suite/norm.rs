//! Normalisations and dropout: beside PyTorch's, reported cases, refusals.

use crate::support::torch::Fixture;
use nn::{BatchNorm1d, BatchNorm2d, BatchNormConfig, GroupNorm, GroupNormConfig, LayerNorm, LayerNormConfig};
use nn::{Dropout, Dropout1d, Dropout2d, Fields, Module, Pass, Result, RmsNorm, RmsNormConfig, Sequential};
use rand::{Rng, SeedableRng, rngs::ChaCha8Rng};
use tensor::ndarray::{Array1, Array2, ArrayD, IxDyn, array};
use tensor::{Element, Tape};

fn rng() -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(0)
}

fn batch_norm1d(config: BatchNormConfig) -> Result<BatchNorm1d<f64>> {
    BatchNorm1d::new(3, config)
}

#[test]
fn batch_norms_agree_with_pytorch() -> Result<()> {
    let fixture = Fixture::open("layers_norm");
    let defaults = BatchNormConfig::default();
    for case in ["batch_norm1d", "batch_norm1d_eval", "batch_norm1d_long", "batch_norm1d_long_eval"] {
        fixture.check(case, &mut batch_norm1d(defaults)?);
    }
    let cumulative = BatchNormConfig { momentum: None, ..defaults };
    fixture.check("batch_norm1d_cumulative", &mut batch_norm1d(cumulative)?);
    let plain = BatchNormConfig { affine: false, eps: 0.1, ..defaults };
    fixture.check("batch_norm1d_plain", &mut batch_norm1d(plain)?);
    let untracked = BatchNormConfig { track_running_stats: false, ..defaults };
    fixture.check("batch_norm1d_untracked", &mut batch_norm1d(untracked)?);
    let quick = BatchNormConfig { momentum: Some(0.3), ..defaults };
    for (case, config) in
        [("batch_norm2d", defaults), ("batch_norm2d_eval", quick), ("batch_norm2d_momentum", quick)]
    {
        fixture.check(case, &mut BatchNorm2d::new(3, config)?);
    }
    Ok(())
}

#[test]
fn other_norms_agree_with_pytorch() -> Result<()> {
    let fixture = Fixture::open("layers_norm");
    let layer = LayerNormConfig::default();
    fixture.check("layer_norm", &mut LayerNorm::new(&[5], layer)?);
    fixture.check("layer_norm_two_axes", &mut LayerNorm::new(&[3, 5], layer)?);
    let without = LayerNormConfig { bias: false, eps: 0.1, ..layer };
    fixture.check("layer_norm_without_bias", &mut LayerNorm::new(&[5], without)?);
    let plain = LayerNormConfig { elementwise_affine: false, ..layer };
    fixture.check("layer_norm_plain", &mut LayerNorm::new(&[5], plain)?);
    fixture.check("layer_norm_one", &mut LayerNorm::new(&[1], layer)?);
    let rms = RmsNormConfig::default();
    fixture.check("rms_norm", &mut RmsNorm::new(&[5], rms)?);
    fixture.check("rms_norm_two_axes", &mut RmsNorm::new(&[3, 5], RmsNormConfig { eps: Some(0.01), ..rms })?);
    let plain = RmsNormConfig { elementwise_affine: false, ..rms };
    fixture.check("rms_norm_plain", &mut RmsNorm::new(&[5], plain)?);
    let group = GroupNormConfig::default();
    fixture.check("group_norm", &mut GroupNorm::new(2, 6, group)?);
    fixture.check("group_norm_images", &mut GroupNorm::new(3, 6, GroupNormConfig { eps: 0.1, ..group })?);
    fixture.check("group_norm_plain", &mut GroupNorm::new(1, 4, GroupNormConfig { affine: false, ..group })?);
    Ok(())
}

/// D30: running statistics carry no history, so a thousand training steps are as long as one.
fn running_statistics_carry_no_history<T: Element>() -> Result<()> {
    let mut layer = BatchNorm1d::<T>::new(2, BatchNormConfig::default())?;
    let (mut tape, mut rng) = (Tape::<T>::new(), rng());
    let x = array![[1.0, 2.0], [3.0, 6.0], [5.0, 4.0]].mapv(T::from_f64);
    let mut lengths = Vec::new();
    for _ in 0..1000 {
        let mut pass = Pass::train(&mut rng);
        let loss = layer.forward(tape.var(&x)?, &mut pass)?.sum()?;
        tape.backward(loss)?;
        lengths.push((tape.len(), tape.bytes()));
        tape.reset();
        pass.commit(&mut layer)?;
    }
    assert!(lengths[1..].iter().all(|&length| length == lengths[1]), "{:?}", &lengths[..5]);
    let batches = layer.num_batches_tracked.as_ref().expect("it is tracked");
    assert_eq!(batches.values(), [T::from_f64(1000.0)]);
    let mean = layer.running_mean.as_ref().expect("it is tracked").values();
    assert!((mean[0].to_f64() - 3.0).abs() < 1e-5 && (mean[1].to_f64() - 4.0).abs() < 1e-5, "{mean:?}");
    Ok(())
}

#[test]
fn d30_running_statistics_carry_no_history() -> Result<()> {
    running_statistics_carry_no_history::<f32>()?;
    running_statistics_carry_no_history::<f64>()
}

/// D43: the output has the biased variance, the running variance is the unbiased one.
fn running_variance_is_unbiased<T: Element>(tolerance: f64) -> Result<()> {
    let mut layer = BatchNorm2d::<T>::new(1, BatchNormConfig::default())?;
    let x = array![[[[1.0, 2.0], [3.0, 4.0]]]].mapv(T::from_f64);
    let (tape, mut rng) = (Tape::new(), rng());
    let mut pass = Pass::train(&mut rng);
    let y = layer.forward(tape.constant(&x)?, &mut pass)?.value()?;
    let want = [-1.341_635_419_969, -0.447_211_806_656, 0.447_211_806_656, 1.341_635_419_969];
    assert!(y.iter().zip(want).all(|(y, want)| (y.to_f64() - want).abs() < tolerance), "{y}");
    drop(tape);
    pass.commit(&mut layer)?;
    let var = layer.running_var.as_ref().expect("it is tracked").values()[0].to_f64();
    assert!((var - 1.066_666_666_666_666_7).abs() < tolerance, "{var}");
    Ok(())
}

#[test]
fn d43_batch_norm_running_variance_is_unbiased() -> Result<()> {
    running_variance_is_unbiased::<f32>(2e-7)?;
    running_variance_is_unbiased::<f64>(1e-12)
}

/// D44: what stays is scaled by 1 / (1 - p).
fn dropout_scales_what_stays<T: Element>() -> Result<()> {
    let tape = Tape::<T>::new();
    let ones = tape.var(&Array1::from_elem(100_000, T::one()))?;
    let y = Dropout::new(0.1)?.forward(ones, &mut Pass::train(&mut rng()))?;
    let kept = T::from_f64(1.0 / 0.9);
    let values = y.value()?;
    assert!(values.iter().all(|&y| y == T::zero() || y == kept));
    let share = values.iter().filter(|&&y| y == kept).count() as f64 / 1e5;
    // Five standard deviations of a share of 0.9 in 100,000.
    assert!((share - 0.9).abs() < 5.0 * (0.09f64 / 1e5).sqrt(), "{share}");
    let gradients = tape.backward(y.sum()?)?;
    assert_eq!(gradients.wrt(ones)?, values.view(), "the gradient passes where the value did");
    drop(gradients);

    let special = tape.constant(&array![1.0, f64::INFINITY, f64::NAN, -2.0].mapv(T::from_f64))?;
    let mut untouched = rng();
    let same = Dropout::new(0.0)?.forward(special, &mut Pass::train(&mut untouched))?;
    assert_eq!(format!("{same:?}"), format!("{special:?}"), "p = 0 is the identity");
    let zeros = Dropout::new(1.0)?.forward(special, &mut Pass::train(&mut untouched))?.value()?;
    assert!(zeros.iter().all(|&y| y == T::zero()), "{zeros}");
    assert_eq!(untouched.next_u64(), rng().next_u64(), "nothing is drawn where nothing is left to chance");
    Ok(())
}

#[test]
fn d44_dropout_scales_what_stays() -> Result<()> {
    dropout_scales_what_stays::<f32>()?;
    dropout_scales_what_stays::<f64>()?;
    for p in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
        let message = Dropout::new(p).unwrap_err().to_string();
        assert_eq!(message, format!("dropout: expected the probability to be between 0 and 1, got {p}"));
        assert!(Dropout1d::new(p).is_err() && Dropout2d::new(p).is_err());
    }
    Ok(())
}

/// D45: nothing is dropped in use, however deep the layer lies.
fn dropout_is_off_in_use<T: Element>() -> Result<()> {
    let inner = Sequential::<T>::new().with(Dropout::new(0.5)?);
    let net = Sequential::new().with(Sequential::new().with(inner)).with(Dropout::new(0.9)?);
    let tape = Tape::new();
    let x = tape.constant(&Array1::from_shape_fn(50, |i| T::from_f64(0.1 * i as f64 - 2.0)))?;
    let length = tape.len();
    let y = net.forward(x, &mut Pass::eval())?;
    assert_eq!(tape.len(), length, "no op is recorded");
    assert_eq!(y.value()?, x.value()?);
    let y = net.forward(x, &mut Pass::train(&mut rng()))?.value()?;
    let dropped = y.iter().filter(|&&y| y == T::zero()).count();
    assert!((40..50).contains(&dropped), "{dropped} of 50 where 1 in 20 stays");
    Ok(())
}

#[test]
fn d45_dropout_is_off_in_use() -> Result<()> {
    dropout_is_off_in_use::<f32>()?;
    dropout_is_off_in_use::<f64>()
}

#[test]
fn dropout_repeats_with_its_seed_in_either_type() -> Result<()> {
    fn mask<T: Element>(seed: u64) -> Vec<bool> {
        let tape = Tape::<T>::new();
        let x = tape.constant(&Array1::from_elem(3000, T::one())).unwrap();
        let rng = &mut ChaCha8Rng::seed_from_u64(seed);
        let y = Dropout::new(0.3).unwrap().forward(x, &mut Pass::train(rng)).unwrap();
        y.value().unwrap().iter().map(|&y| y == T::zero()).collect()
    }
    assert_eq!(mask::<f32>(1), mask::<f64>(1));
    assert_ne!(mask::<f32>(1), mask::<f32>(2));
    Ok(())
}

#[test]
fn channel_dropout_leaves_out_whole_channels() -> Result<()> {
    let tape = Tape::<f64>::new();
    let x = tape.constant(&ArrayD::ones(IxDyn(&[20, 10, 3, 2])))?;
    let y = Dropout2d::new(0.25)?.forward(x, &mut Pass::train(&mut rng()))?.value()?;
    let channels: Vec<&[f64]> = y.as_slice().unwrap().chunks(6).collect();
    assert!(channels.iter().all(|channel| **channel == [0.0; 6] || **channel == [4.0 / 3.0; 6]));
    let dropped = channels.iter().filter(|channel| channel[0] == 0.0).count();
    assert!((25..=75).contains(&dropped), "{dropped} of 200");
    let flat = tape.constant(&Array2::ones((2, 3)))?;
    let message = Dropout2d::new(0.5)?.forward(flat, &mut Pass::eval()).unwrap_err().to_string();
    assert_eq!(message, "dropout2d: expected [n, c, h, w], got shape [2, 3]");
    let message = Dropout1d::new(0.5)?.forward(flat, &mut Pass::eval()).unwrap_err().to_string();
    assert_eq!(message, "dropout1d: expected [n, c, l], got shape [2, 3]");
    Ok(())
}

/// The messages of layers on inputs that they refuse.
#[test]
fn refused_inputs() -> Result<()> {
    let tape = Tape::<f64>::new();
    let message = |layer: &dyn Module<f64>, shape: &[usize], train: bool| {
        let mut rng = rng();
        let mut pass = if train { Pass::train(&mut rng) } else { Pass::eval() };
        layer.forward(tape.var(&ArrayD::zeros(shape)).unwrap(), &mut pass).unwrap_err().to_string()
    };
    let one = batch_norm1d(BatchNormConfig::default())?;
    let wrong = "batch_norm1d: expected [n, c] or [n, c, l] with c = 3, got shape";
    assert_eq!(message(&one, &[2, 4], false), format!("{wrong} [2, 4]"));
    assert_eq!(message(&one, &[3], false), format!("{wrong} [3]"));
    assert_eq!(message(&one, &[2, 3, 1, 1], false), format!("{wrong} [2, 3, 1, 1]"));
    let few = "batch_norm1d: expected more than one value per channel in training, got shape";
    assert_eq!(message(&one, &[1, 3], true), format!("{few} [1, 3]"));
    assert_eq!(message(&one, &[0, 3], true), format!("{few} [0, 3]"));
    let two = BatchNorm2d::new(3, BatchNormConfig::default())?;
    assert_eq!(
        message(&two, &[2, 3, 4], true),
        "batch_norm2d: expected [n, c, h, w] with c = 3, got shape [2, 3, 4]"
    );
    let layer = LayerNorm::new(&[2, 3], LayerNormConfig::default())?;
    assert_eq!(
        message(&layer, &[3, 2], false),
        "layer_norm: expected [2, 3] as the last axes, got shape [3, 2]"
    );
    let rms = RmsNorm::new(&[3], RmsNormConfig::default())?;
    assert_eq!(message(&rms, &[], false), "rms_norm: expected [3] as the last axes, got shape []");
    let group = GroupNorm::new(2, 4, GroupNormConfig::default())?;
    let expected = "group_norm: expected [n, 4, ..] with no axis of length 0 after the channels, got shape";
    assert_eq!(message(&group, &[1, 3], false), format!("{expected} [1, 3]"));
    assert_eq!(message(&group, &[1, 4, 0], false), format!("{expected} [1, 4, 0]"));
    Ok(())
}

#[test]
fn refused_settings() {
    let message = |result: Result<Box<dyn Module<f64>>>| result.err().unwrap().to_string();
    let batch = |channels, config| {
        message(BatchNorm1d::new(channels, config).map(|layer| Box::new(layer) as Box<dyn Module<f64>>))
    };
    let layer = |shape: &[usize], eps| {
        let config = LayerNormConfig { eps, ..LayerNormConfig::default() };
        message(LayerNorm::new(shape, config).map(|layer| Box::new(layer) as Box<dyn Module<f64>>))
    };
    let group = |groups, channels| {
        let layer = GroupNorm::new(groups, channels, GroupNormConfig::default());
        message(layer.map(|layer| Box::new(layer) as Box<dyn Module<f64>>))
    };
    let defaults = BatchNormConfig::default();
    assert_eq!(batch(0, defaults), "batch_norm1d: expected the number of channels to be positive, got 0");
    assert_eq!(
        batch(1, BatchNormConfig { eps: -1.0, ..defaults }),
        "batch_norm1d: expected eps to be finite and not negative, got -1"
    );
    assert_eq!(
        batch(1, BatchNormConfig { momentum: Some(f64::NAN), ..defaults }),
        "batch_norm1d: expected the momentum to be between 0 and 1, got NaN"
    );
    assert_eq!(layer(&[2], f64::NAN), "layer_norm: expected eps to be finite and not negative, got NaN");
    let axes = "layer_norm: expected at least one axis to normalise over, none of length 0, got shape";
    assert_eq!(layer(&[], 0.0), format!("{axes} []"));
    assert_eq!(layer(&[2, 0], 0.0), format!("{axes} [2, 0]"));
    assert_eq!(group(0, 4), "group_norm: expected the number of groups to be positive, got 0");
    assert_eq!(
        group(3, 4),
        "group_norm: expected the number of channels to be a multiple of the number of groups, got 4"
    );
}

#[test]
fn empty_batches_and_frozen_layers() -> Result<()> {
    let tape = Tape::<f64>::new();
    let empty = |shape: &[usize]| tape.var(&ArrayD::zeros(shape));
    let norm = batch_norm1d(BatchNormConfig::default())?;
    assert_eq!(*norm.forward(empty(&[0, 3])?, &mut Pass::eval())?.shape()?, [0, 3]);
    let layer = LayerNorm::new(&[3], LayerNormConfig::default())?;
    assert_eq!(*layer.forward(empty(&[0, 3])?, &mut Pass::eval())?.shape()?, [0, 3]);
    let group = GroupNorm::new(1, 3, GroupNormConfig::default())?;
    assert_eq!(*group.forward(empty(&[0, 3])?, &mut Pass::eval())?.shape()?, [0, 3]);
    // A pass in use gathers nothing.
    let (mut norm, mut pass) = (norm, Pass::eval());
    norm.forward(tape.var(&Array2::ones((4, 3)))?, &mut pass)?;
    drop(tape);
    pass.commit(&mut norm)?;
    assert_eq!(norm.num_batches_tracked.as_ref().unwrap().values(), [0.0]);
    assert_eq!(norm.names(), ["weight", "bias"]);
    Ok(())
}
