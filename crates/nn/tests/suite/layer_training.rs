//! Small models of several kinds of layers learn what they are made for.

use nn::tensor::{Element, Indices, PoolConfig, Tape, Var, ndarray::Array4, ndarray::ArrayD};
use nn::{AdaptiveAvgPool2d, Conv2d, Conv2dConfig, Embedding, Flatten, Init, Linear, MaxPool2d, Mish};
use nn::{
    Module, Optimizer, PRelu, Padding, Parallel, Pass, Residual, Result, Sequential, Sgd, cross_entropy,
};
use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng};

/// Images of 8 by 8 with a bar across (class 0), a bar upright (1) or a cross of both (2), and noise.
fn bars(count: usize, rng: &mut ChaCha8Rng) -> (Array4<f64>, Vec<usize>) {
    let mut images = Array4::from_shape_simple_fn((count, 1, 8, 8), || 0.4 * rng.random::<f64>());
    let labels: Vec<usize> = (0..count).map(|i| i % 3).collect();
    for (mut image, &label) in images.outer_iter_mut().zip(&labels) {
        let [row, column] = [(); 2].map(|()| rng.random_range(0..8));
        for k in 0..8 {
            if label != 1 {
                image[[0, row, k]] += 1.0;
            }
            if label != 0 {
                image[[0, k, column]] += 1.0;
            }
        }
    }
    (images, labels)
}

fn conv<T: Element>(inputs: usize, outputs: usize, rng: &mut ChaCha8Rng) -> Result<Conv2d<T>> {
    Conv2d::new(Conv2dConfig { padding: Padding::Same, ..Conv2dConfig::new(inputs, outputs, [3, 3]) }, rng)
}

fn image_model<T: Element>(rng: &mut ChaCha8Rng) -> Result<Sequential<T>> {
    let block = Sequential::new().with(Mish).with(conv(8, 8, rng)?);
    Sequential::new()
        .with(conv(1, 8, rng)?)
        .with(PRelu::new(8, 0.25)?)
        .with(MaxPool2d::new(PoolConfig::new([2, 2]))?)
        .with(Residual::new(block))
        .with(
            Parallel::concat(1)
                .with(AdaptiveAvgPool2d::new([2, 2])?)
                .with(nn::AdaptiveMaxPool2d::new([2, 2])?),
        )
        .with(Flatten::default())
        .named("head", Linear::new(64, 3, Init::XavierUniform, rng)?)
}

fn hits<T: Element>(logits: Var<'_, T>, labels: &[usize]) -> Result<f64> {
    let found = logits.argmax_axis(1)?;
    Ok(found.iter().zip(labels).filter(|(a, b)| a == b).count() as f64 / labels.len() as f64)
}

fn learn_bars<T: Element>() -> Result<f64> {
    let rng = &mut ChaCha8Rng::seed_from_u64(4);
    let mut model = image_model::<T>(rng)?;
    let (mut tape, mut sgd) = (Tape::new(), Sgd::new(0.05)?);
    for _ in 0..150 {
        let (images, labels) = bars(24, rng);
        let x = tape.constant(&images.mapv(T::from_f64))?;
        let loss = cross_entropy(model.forward(x, &mut Pass::train(rng))?, tape.indices(&labels)?)?;
        sgd.step(&mut model, &tape.backward(loss)?)?;
        tape.reset();
    }
    let (images, labels) = bars(150, rng);
    hits(model.forward(tape.constant(&images.mapv(T::from_f64))?, &mut Pass::eval())?, &labels)
}

#[test]
fn an_image_model_learns_bars() -> Result<()> {
    let (narrow, wide) = (learn_bars::<f32>()?, learn_bars::<f64>()?);
    assert!(narrow > 0.95 && wide > 0.95, "{narrow} {wide}");
    Ok(())
}

/// Predicts the next word of a cycle with one table at both ends.
struct Next<T: Element> {
    table: Embedding<T>,
    body: Linear<T>,
}

nn::fields!(Next: table, body);

impl<T: Element> Next<T> {
    fn logits<'t>(&self, words: Indices<'t, T>) -> Result<Var<'t, T>> {
        let x = self.table.forward(words)?;
        self.table.attend(self.body.forward(x, &mut Pass::eval())?)
    }
}

#[test]
fn tied_embeddings_learn_a_cycle() -> Result<()> {
    const WORDS: usize = 12;
    let rng = &mut ChaCha8Rng::seed_from_u64(2);
    let table = Embedding::<f64>::new(WORDS, 8, Init::Normal { std: 0.5 }, rng)?;
    let mut model = Next { table, body: Linear::new(8, 8, Init::Orthogonal { gain: 1.0 }, rng)? };
    let words: Vec<usize> = (0..WORDS).collect();
    let next: Vec<usize> = words.iter().map(|word| (word + 5) % WORDS).collect();
    let (mut tape, mut sgd) = (Tape::new(), Sgd::new(0.5)?);
    for _ in 0..300 {
        let loss = cross_entropy(model.logits(tape.indices(&words)?)?, tape.indices(&next)?)?;
        sgd.step(&mut model, &tape.backward(loss)?)?;
        tape.reset();
    }
    assert_eq!(hits(model.logits(tape.indices(&words)?)?, &next)?, 1.0);
    Ok(())
}

/// The first weights keep the size of values through twenty layers: what the gains are for.
#[test]
fn gains_keep_values_as_large_as_they_were() -> Result<()> {
    use nn::{Distribution, Fan, Gain, Selu, Tanh};
    fn spread(init: Init, activation: impl Module<f64> + Clone + 'static) -> Result<f64> {
        let rng = &mut ChaCha8Rng::seed_from_u64(9);
        let mut net = Sequential::new();
        for _ in 0..20 {
            net = net.with(Linear::new(100, 100, init, rng)?).with(activation.clone());
        }
        let (tape, x) = (Tape::new(), Init::Normal { std: 1.0 }.draw::<f64>(&[50, 100], [1, 1], rng)?);
        let y: ArrayD<f64> = net.forward(tape.constant(&x.view())?, &mut Pass::eval())?.value()?;
        Ok((y.iter().map(|y| y * y).sum::<f64>() / y.len() as f64).sqrt())
    }
    let kaiming = |gain| Init::kaiming(Distribution::Normal, Fan::In, gain);
    let sizes = [
        spread(kaiming(Gain::Relu), nn::Relu)?,
        spread(kaiming(Gain::LeakyRelu(0.3)), nn::LeakyRelu { slope: 0.3 })?,
        spread(kaiming(Gain::Tanh), Tanh)?,
        spread(kaiming(Gain::Linear), Selu)?,
        spread(Init::Orthogonal { gain: 1.0 }, nn::Identity)?,
    ];
    assert!(sizes.iter().all(|size| (0.4..2.0).contains(size)), "{sizes:?}");
    // With a gain of 1, a relu halves the variance each time.
    let faded = spread(kaiming(Gain::Linear), nn::Relu)?;
    assert!(faded < 0.01, "{faded}");
    Ok(())
}
