//! Attention and transformers: beside PyTorch's, masks, refusals.

use crate::support::torch::{Fixture, close};
use nn::{
    AttentionMasks, Fields, Init, LayerNorm, LayerNormConfig, Module, MultiHeadAttention, Pass, Result,
};
use nn::{BatchNorm1d, BatchNormConfig, Predictor, Sequential};
use nn::{FeedForwardActivation, MultiHeadAttentionConfig, NormPosition, PositionalEmbedding};
use nn::{SinusoidalEncoding, TransformerEncoder, TransformerEncoderConfig, TransformerEncoderLayer};
use rand::{SeedableRng, rngs::ChaCha8Rng};
use tensor::ndarray::{Array2, Array3, ArrayD, IxDyn, array, s};
use tensor::{Element, Tape, Var};

fn rng() -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(0)
}

fn attention(config: MultiHeadAttentionConfig) -> Result<MultiHeadAttention<f64>> {
    MultiHeadAttention::new(4, 2, config, &mut rng())
}

fn config() -> TransformerEncoderConfig {
    TransformerEncoderConfig { feed_forward: 5, dropout: 0.0, ..TransformerEncoderConfig::default() }
}

fn layer(config: TransformerEncoderConfig) -> Result<TransformerEncoderLayer<f64>> {
    TransformerEncoderLayer::new(4, 2, config, &mut rng())
}

/// Loads a case and compares what `f` computes from its input.
fn compare<M: Fields<f64>>(
    fixture: &Fixture,
    case: &str,
    mut model: M,
    f: impl for<'t> Fn(&M, Var<'t, f64>, &mut Pass<'_, f64>) -> Result<Var<'t, f64>>,
) -> Result<()> {
    fixture.load(case, &mut model);
    let tape = Tape::new();
    let x = tape.var(&fixture.get(&format!("{case}.input")))?;
    let y = f(&model, x, &mut Pass::eval())?;
    fixture.check_output(case, &model, x, y);
    Ok(())
}

#[test]
fn attention_agrees_with_pytorch() -> Result<()> {
    let fixture = Fixture::open("layers_attention");
    let defaults = MultiHeadAttentionConfig::default();
    fixture.check("self", &mut attention(defaults)?);
    fixture.check("without_bias", &mut attention(MultiHeadAttentionConfig { bias: false, ..defaults })?);
    fixture.check("causal", &mut attention(MultiHeadAttentionConfig { causal: true, ..defaults })?);
    let [key, value] = ["key", "value"].map(|name| fixture.get(&format!("self.{name}")));
    compare(&fixture, "self", attention(defaults)?, |model, x, pass| {
        model.attend(x, x, x, &AttentionMasks::default(), pass)
    })?;
    compare(&fixture, "cross", attention(defaults)?, |model, x, pass| {
        let (key, value) = (x.tape().constant(&key)?, x.tape().constant(&value)?);
        model.attend(x, key, value, &AttentionMasks::default(), pass)
    })?;
    compare(&fixture, "weights", attention(defaults)?, |model, x, pass| {
        let (key, value) = (x.tape().constant(&key)?, x.tape().constant(&value)?);
        Ok(model.attend_with_weights(x, key, value, &AttentionMasks::default(), pass)?.1)
    })
}

#[test]
fn masks_agree_with_pytorch() -> Result<()> {
    let fixture = Fixture::open("layers_attention");
    let [padding, additive, blocked] =
        ["padding", "additive", "blocked"].map(|name| fixture.get(&format!("self.{name}")));
    let defaults = MultiHeadAttentionConfig::default();
    compare(&fixture, "padding", attention(defaults)?, |model, x, pass| {
        // Any number that is not 0 is true.
        let padding = x.tape().constant(&padding)?.scale(-2.0)?;
        let masks = AttentionMasks { key_padding: Some(padding), ..AttentionMasks::default() };
        model.attend_self(x, &masks, pass)
    })?;
    compare(&fixture, "additive", attention(defaults)?, |model, x, pass| {
        let additive = Some(x.tape().constant(&blocked)?);
        model.attend_self(x, &AttentionMasks { additive, ..AttentionMasks::default() }, pass)
    })?;
    compare(&fixture, "causal", attention(defaults)?, |model, x, pass| {
        model.attend(x, x, x, &AttentionMasks::causal(), pass)
    })?;
    compare(&fixture, "all_masks", attention(defaults)?, |model, x, pass| {
        let tape = x.tape();
        let (additive, key_padding) = (Some(tape.constant(&additive)?), Some(tape.constant(&padding)?));
        model.attend_self(x, &AttentionMasks { causal: true, key_padding, additive }, pass)
    })
}

#[test]
fn transformers_agree_with_pytorch() -> Result<()> {
    let fixture = Fixture::open("layers_attention");
    fixture.check("layer", &mut layer(config())?);
    let first = TransformerEncoderConfig { norm: NormPosition::First, ..config() };
    let gelu = TransformerEncoderConfig { activation: FeedForwardActivation::Gelu, ..first };
    fixture.check("layer_first_gelu", &mut layer(gelu)?);
    fixture.check("layer_without_bias", &mut layer(TransformerEncoderConfig { bias: false, ..config() })?);
    let padding = fixture.get("self.padding");
    let causal = TransformerEncoderConfig { causal: true, ..config() };
    for (config, causal) in [(causal, false), (config(), true)] {
        compare(&fixture, "layer_masks", layer(config)?, |model, x, pass| {
            let key_padding = Some(x.tape().constant(&padding)?);
            model.encode(x, &AttentionMasks { causal, key_padding, additive: None }, pass)
        })?;
    }
    let norm = LayerNorm::new(&[4], LayerNormConfig::default())?;
    fixture.check("encoder", &mut TransformerEncoder::new(2, [4, 2], first, &mut rng())?.with_norm(norm));
    Ok(())
}

/// A query without keys gets zeros and leaves every gradient finite.
fn rows_without_keys_give_zeros<T: Element>() -> Result<()> {
    let model = MultiHeadAttention::<T>::new(4, 2, MultiHeadAttentionConfig::default(), &mut rng())?;
    let tape = Tape::new();
    let x =
        Array3::from_shape_fn((2, 3, 4), |(n, s, e)| T::from_f64((n * 12 + s * 4 + e) as f64 * 0.1 - 1.0));
    let padding = array![[0.0, 0.0, 1.0], [1.0, 1.0, 1.0]].mapv(T::from_f64);
    let lowest = Array2::from_elem((3, 3), T::from_f64(f64::NEG_INFINITY));
    for by_score in [false, true] {
        let x = tape.var(&x)?;
        let masks = if by_score {
            AttentionMasks { additive: Some(tape.constant(&lowest)?), ..AttentionMasks::default() }
        } else {
            AttentionMasks { key_padding: Some(tape.constant(&padding)?), ..AttentionMasks::default() }
        };
        let (y, weights) = model.attend_with_weights(x, x, x, &masks, &mut Pass::eval())?;
        let weights = weights.value()?;
        assert!(weights.slice(s![1, .., .., ..]).iter().all(|&w| w == T::zero()), "{weights}");
        let sums = weights.sum_axis(tensor::ndarray::Axis(3));
        let first = if by_score { 0.0 } else { 1.0 };
        assert!(sums.slice(s![0, .., ..]).iter().all(|sum| (sum.to_f64() - first).abs() < 1e-6), "{sums}");
        // Nothing was seen, so what is left is the bias of the projection, which is 0.
        assert!(y.value()?.slice(s![1, .., ..]).iter().all(|&y| y == T::zero()));
        let gradients = tape.backward(y.square()?.sum()?)?;
        assert!(gradients.wrt(x)?.iter().all(|&g| g.is_finite()));
        let weight = gradients.param(&model.in_proj_weight).expect("the output depends on it");
        assert!(weight.iter().all(|&g| g.is_finite()));
    }
    Ok(())
}

#[test]
fn rows_without_keys_give_zeros_in_either_type() -> Result<()> {
    rows_without_keys_give_zeros::<f32>()?;
    rows_without_keys_give_zeros::<f64>()
}

/// What a masked key holds does not matter, not even if it is no number.
#[test]
fn keys_that_are_left_out_do_not_matter() -> Result<()> {
    let model = attention(MultiHeadAttentionConfig::default())?;
    let (tape, mut key) = (Tape::new(), Array3::from_elem((1, 3, 4), 0.3));
    let query = tape.var(&Array3::from_elem((1, 2, 4), -0.2))?;
    let value = tape.constant(&key)?;
    let padding = Some(tape.constant(&array![[0.0, 1.0, 0.0]])?);
    let masks = AttentionMasks { key_padding: padding, ..AttentionMasks::default() };
    let mut outputs = Vec::new();
    for special in [0.3, 1e30, f64::NAN] {
        key.slice_mut(s![0, 1, ..]).fill(special);
        let y = model.attend(query, tape.constant(&key)?, value, &masks, &mut Pass::eval())?;
        outputs.push(y.value()?);
    }
    assert!(outputs.iter().all(|y| *y == outputs[0]), "{outputs:?}");
    Ok(())
}

/// Difference quotients of attention with every mask, also by what is added to the scores.
#[test]
fn gradients_of_masked_attention() -> Result<()> {
    let model = attention(MultiHeadAttentionConfig { causal: true, ..MultiHeadAttentionConfig::default() })?;
    let x = ArrayD::from_shape_fn(IxDyn(&[2, 3, 4]), |at| ((at[0] * 12 + at[1] * 4 + at[2]) as f64).sin());
    let added = ArrayD::from_shape_fn(IxDyn(&[2, 1, 3]), |at| ((at[0] * 3 + at[2]) as f64).cos());
    let padding = array![[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]];
    let value = |x: &ArrayD<f64>, added: &ArrayD<f64>| -> Result<[ArrayD<f64>; 3]> {
        let tape = Tape::new();
        let (x, added) = (tape.var(x)?, tape.var(added)?);
        let key_padding = Some(tape.constant(&padding)?);
        let masks = AttentionMasks { key_padding, additive: Some(added), ..AttentionMasks::default() };
        let y = model.attend_self(x, &masks, &mut Pass::eval())?.sin()?.sum()?;
        let gradients = tape.backward(y)?;
        Ok([y.value()?, gradients.wrt(x)?.to_owned(), gradients.wrt(added)?.to_owned()])
    };
    let [_, dx, dadded] = value(&x, &added)?;
    let step = 1e-5;
    for (which, gradient) in [(0, &dx), (1, &dadded)] {
        for (i, gradient) in gradient.iter().enumerate() {
            let at = |step: f64| -> Result<f64> {
                let mut inputs = [x.clone(), added.clone()];
                inputs[which].as_slice_mut().unwrap()[i] += step;
                Ok(value(&inputs[0], &inputs[1])?[0][[]])
            };
            let slope = (at(step)? - at(-step)?) / (2.0 * step);
            assert!((slope - gradient).abs() < 1e-8, "input {which}, element {i}: {gradient}, not {slope}");
        }
    }
    Ok(())
}

#[test]
fn weights_are_dropped_in_training_alone() -> Result<()> {
    let model = attention(MultiHeadAttentionConfig { dropout: 0.5, ..MultiHeadAttentionConfig::default() })?;
    let tape = Tape::new();
    let x = tape.constant(&Array3::from_elem((2, 8, 4), 0.1))?;
    let weights = |pass: &mut Pass<'_, f64>| {
        let (_, weights) = model.attend_with_weights(x, x, x, &AttentionMasks::default(), pass).unwrap();
        weights.value().unwrap()
    };
    assert!(weights(&mut Pass::eval()).iter().all(|w| (w - 0.125).abs() < 1e-15));
    let trained = weights(&mut Pass::train(&mut rng()));
    assert!(trained.iter().all(|&w| w == 0.0 || (w - 0.25).abs() < 1e-15), "{trained}");
    let dropped = trained.iter().filter(|&&w| w == 0.0).count();
    assert!((80..176).contains(&dropped), "{dropped} of 256");
    assert_eq!(trained, weights(&mut Pass::train(&mut rng())), "the same seed drops the same weights");
    Ok(())
}

#[test]
fn refused_shapes_and_settings() -> Result<()> {
    let model = attention(MultiHeadAttentionConfig::default())?;
    let tape = Tape::<f64>::new();
    let var = |shape: &[usize]| tape.constant(&ArrayD::zeros(shape)).unwrap();
    let message = |[query, key, value]: [&[usize]; 3], masks: AttentionMasks<'_, f64>| {
        let parts = [query, key, value].map(var);
        let attended = model.attend(parts[0], parts[1], parts[2], &masks, &mut Pass::eval());
        attended.unwrap_err().to_string()
    };
    let none = AttentionMasks::default();
    let owner = "multi_head_attention: expected";
    let same: [&[usize]; 3] = [&[2, 3, 4]; 3];
    assert_eq!(
        message([&[2, 3, 5], same[1], same[2]], none),
        format!("{owner} a query [n, q, e] with e = 4, got shape [2, 3, 5]")
    );
    assert_eq!(
        message([same[0], &[1, 3, 4], same[2]], none),
        format!("{owner} a key [n, k, e] with e = 4, n = 2, got shape [1, 3, 4]")
    );
    assert_eq!(
        message([same[0], same[1], &[2, 4, 4]], none),
        format!("{owner} a value [n, k, e] with e = 4, n = 2, k = 3, got shape [2, 4, 4]")
    );
    assert_eq!(
        message(same, AttentionMasks { key_padding: Some(var(&[3, 2])), ..none }),
        format!("{owner} a key padding mask of shape [2, 3], got shape [3, 2]")
    );
    assert_eq!(
        message(same, AttentionMasks { additive: Some(var(&[5, 1, 1, 1, 1])), ..none }),
        format!("{owner} an additive mask that is broadcast to [2, 2, 3, 3], got shape [5, 1, 1, 1, 1]")
    );
    let settings = |features, heads, dropout| {
        let config = MultiHeadAttentionConfig { dropout, ..MultiHeadAttentionConfig::default() };
        MultiHeadAttention::<f64>::new(features, heads, config, &mut rng()).unwrap_err().to_string()
    };
    assert_eq!(settings(0, 1, 0.0), format!("{owner} the number of features to be positive, got 0"));
    assert_eq!(settings(4, 0, 0.0), format!("{owner} the number of heads to be positive, got 0"));
    assert_eq!(
        settings(4, 3, 0.0),
        format!("{owner} the number of features to be a multiple of the number of heads, got 4")
    );
    assert_eq!(settings(4, 2, 2.0), "dropout: expected the probability to be between 0 and 1, got 2");
    let encoder = TransformerEncoder::<f64>::new(2, [4, 2], config(), &mut rng())?;
    let message = encoder.forward(var(&[2, 4]), &mut Pass::eval()).unwrap_err().to_string();
    assert_eq!(
        message,
        format!("layer layers.0: layer self_attn: {owner} an input [n, s, e] with e = 4, got shape [2, 4]")
    );
    let masked = encoder.encode(var(&[2, 4]), &AttentionMasks::causal(), &mut Pass::eval()).unwrap_err();
    assert_eq!(masked.to_string(), message, "with masks too");
    let none = TransformerEncoderConfig { feed_forward: 0, ..config() };
    assert_eq!(
        layer(none).unwrap_err().to_string(),
        "transformer_encoder_layer: expected the number of features between to be positive, got 0"
    );
    Ok(())
}

#[test]
fn empty_batches_and_no_keys() -> Result<()> {
    let model = attention(MultiHeadAttentionConfig::default())?;
    let tape = Tape::<f64>::new();
    let var = |shape: &[usize]| tape.constant(&ArrayD::zeros(shape)).unwrap();
    for masks in [AttentionMasks::default(), AttentionMasks::causal()] {
        for [n, q, k] in [[0, 3, 2], [2, 0, 3], [2, 3, 0]] {
            let (query, key) = (var(&[n, q, 4]), var(&[n, k, 4]));
            let y = model.attend(query, key, key, &masks, &mut Pass::eval())?;
            assert_eq!(*y.shape()?, [n, q, 4]);
            assert!(y.value()?.iter().all(|&y| y == 0.0), "biases are 0 at first");
        }
    }
    Ok(())
}

#[test]
fn a_predictor_computes_the_same_bits() -> Result<()> {
    let masked = TransformerEncoderConfig { causal: true, dropout: 0.3, ..config() };
    let encoder = TransformerEncoder::<f64>::new(2, [4, 2], masked, &mut rng())?;
    let norm = BatchNorm1d::new(3, BatchNormConfig::default())?;
    let net = Sequential::new().with(SinusoidalEncoding::new(9, 4)?).with(encoder).with(norm);
    let predictor = Predictor::new(net.clone());
    for seed in 0..3 {
        let x = Array3::from_shape_fn((2, 3, 4), |(n, s, e)| ((seed * 31 + n * 12 + s * 4 + e) as f64).sin());
        let tape = Tape::new();
        let want = net.forward(tape.constant(&x)?, &mut Pass::eval())?.value()?;
        assert_eq!(predictor.predict(&x)?, want);
    }
    Ok(())
}

#[test]
fn positions() -> Result<()> {
    let tape = Tape::<f64>::new();
    let zeros = |shape: &[usize]| tape.constant(&ArrayD::zeros(shape)).unwrap();
    let sinusoidal = SinusoidalEncoding::<f64>::new(50, 5)?;
    let y = sinusoidal.forward(zeros(&[2, 7, 5]), &mut Pass::eval())?.value()?;
    let want = ArrayD::from_shape_fn(IxDyn(&[2, 7, 5]), |at| {
        let angle = at[1] as f64 / 10000f64.powf((at[2] / 2 * 2) as f64 / 5.0);
        if at[2] % 2 == 0 { angle.sin() } else { angle.cos() }
    });
    close("sinusoidal", y.view(), &want);
    assert!(<SinusoidalEncoding<f64> as Fields<f64>>::names(&sinusoidal).is_empty());
    let message = |shape| sinusoidal.forward(zeros(shape), &mut Pass::eval()).unwrap_err().to_string();
    let expected = "sinusoidal_encoding: expected [.., s, 5] with s at most 50, got shape";
    assert_eq!(message(&[51, 5]), format!("{expected} [51, 5]"));
    assert_eq!(message(&[3, 4]), format!("{expected} [3, 4]"));
    let learnt = PositionalEmbedding::new(3, 2, Init::Normal { std: 0.02 }, &mut rng())?;
    let x = zeros(&[4, 2, 2]);
    let y = learnt.forward(x, &mut Pass::eval())?;
    assert_eq!(y.value()?.slice(s![3, .., ..]), learnt.weight.view().slice(s![..2, ..]));
    let gradients = tape.backward(y.sum()?)?;
    assert_eq!(gradients.param(&learnt.weight).unwrap(), [4.0, 4.0, 4.0, 4.0, 0.0, 0.0]);
    let error = learnt.forward(zeros(&[4, 2]), &mut Pass::eval()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "positional_embedding: expected [.., s, 2] with s at most 3, got shape [4, 2]"
    );
    assert!(SinusoidalEncoding::<f64>::new(0, 2).is_err());
    assert!(PositionalEmbedding::<f64>::new(2, 0, Init::Constant(0.0), &mut rng()).is_err());
    Ok(())
}
