//! Whole training runs: the same bits however they are interrupted and on however many threads.

use nn::data::{DataLoader, DataLoaderConfig, Order, Pair};
use nn::{
    Adam, AdamW, BatchNorm1d, BatchNormConfig, CosineDecay, Dropout, Ema, Fields, Goal, Init, Keep, Linear,
    Optimizer, Per, Result, RmsProp, Sequential, Sgd, SgdConfig, Trainer, TrainerConfig, mean_loss,
    pair_loss,
};
use rand::{SeedableRng, rngs::ChaCha8Rng};
use std::path::{Path, PathBuf};
use std::process::Command;
use tensor::ndarray::Array2;

type Net = Sequential<f32>;

/// Classes that a small network learns in part.
fn data(rows: usize, seed: u64) -> Result<Pair<f32>> {
    use rand::RngExt;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let x = Array2::from_shape_simple_fn((rows, 6), || rng.random::<f32>() - 0.5);
    let class = |row: tensor::ndarray::ArrayView1<'_, f32>| {
        usize::from(row[0] * row[1] > 0.0) + usize::from(row[2] > 0.0)
    };
    let classes: Vec<usize> = x.outer_iter().map(class).collect();
    Pair::new(x, classes)
}

fn net() -> Result<Net> {
    let rng = &mut ChaCha8Rng::seed_from_u64(11);
    Ok(Sequential::new()
        .with(Linear::new(6, 16, Init::KaimingUniform, rng)?)
        .with(BatchNorm1d::new(16, BatchNormConfig::default())?)
        .with(nn::Relu)
        .with(Dropout::new(0.3)?)
        .with(Linear::new(16, 3, Init::XavierUniform, rng)?))
}

/// Every optimizer, by name.
fn optimizer(name: &str) -> Result<Box<dyn Optimizer<f32>>> {
    Ok(match name {
        "sgd" => Box::new(Sgd::new(0.1)?),
        "momentum" => Box::new(Sgd::new(SgdConfig { rate: 0.05, momentum: 0.9, ..Default::default() })?),
        "adam" => Box::new(Adam::new(0.01)?),
        "adamw" => Box::new(AdamW::new(0.01)?),
        "rms_prop" => Box::new(RmsProp::new(0.005)?),
        other => panic!("{other} is no optimizer of this test"),
    })
}

const OPTIMIZERS: [&str; 5] = ["sgd", "momentum", "adam", "adamw", "rms_prop"];

/// Trains up to an epoch, from a checkpoint if there is one, and leaves one behind; the bits of the model.
fn train(name: &str, epochs: usize, checkpoint: Option<&Path>) -> Result<Vec<u32>> {
    let loader =
        DataLoader::new(data(104, 1)?, DataLoaderConfig { batch_size: 16, seed: 5, ..Default::default() })?;
    let held_out = DataLoader::new(data(40, 2)?, DataLoaderConfig { batch_size: 40, ..Default::default() })?;
    let (mut model, mut rule) = (net()?, optimizer(name)?);
    let config = TrainerConfig {
        epochs,
        seed: 3,
        parts: 4,
        prefetch: 2,
        clip_norm: Some(1.0),
        keep: Keep::Last,
        ..Default::default()
    };
    let mut trainer = Trainer::new(config)?
        .schedule(CosineDecay::new(0.02, 0.0002, 70)?, Per::Step)
        .average(Ema::new(&model, 0.9)?)
        .validate("loss", Goal::Min, |model: &Net| mean_loss(model, &held_out, &pair_loss));
    if let Some(path) = checkpoint {
        if path.exists() {
            trainer.resume(path, &mut model, rule.as_mut())?;
        }
        trainer = trainer.checkpoint(path, 1);
    }
    trainer.fit(&mut model, rule.as_mut(), &loader, &pair_loss)?;
    Ok(bits(&model))
}

/// Every bit of parameters and buffers.
fn bits(model: &Net) -> Vec<u32> {
    let mut bits = Vec::new();
    model.each(&mut |_, field| bits.extend(field.values().iter().map(|x| x.to_bits())));
    bits
}

fn file(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("nn_trainer_{}_{name}.safetensors", std::process::id()))
}

/// What the child of the test below does.
#[test]
#[ignore = "run by resuming_in_a_new_process_gives_the_same_bits"]
fn child() -> Result<()> {
    let settings = std::env::var("NN_TEST_TRAINING").expect("the parent says what to train");
    let (name, path) = settings.split_once(' ').expect("an optimizer and a file");
    train(name, 10, Some(Path::new(path)))?;
    Ok(())
}

/// On so many threads, where there are threads.
fn on<R: Send>(threads: usize, f: impl FnOnce() -> R + Send) -> R {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
    pool.install(f)
}

#[test]
fn resuming_in_a_new_process_gives_the_same_bits() -> Result<()> {
    for name in OPTIMIZERS {
        let straight = train(name, 10, None)?;
        for threads in [1, 2, 4] {
            assert_eq!(on(threads, || train(name, 10, None))?, straight, "{name} on {threads} threads");
            let path = file(&format!("{name}_{threads}"));
            assert_ne!(on(threads, || train(name, 5, Some(&path)))?, straight, "{name} went on learning");
            let run = Command::new(std::env::current_exe().expect("this test's program"))
                .args(["--exact", "trainer::child", "--ignored"])
                .env("NN_TEST_TRAINING", format!("{name} {}", path.display()))
                .env("RAYON_NUM_THREADS", threads.to_string())
                .output()
                .expect("the test's program runs");
            assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stdout));
            // All epochs are done: what is left is to read the average.
            let resumed = train(name, 10, Some(&path))?;
            std::fs::remove_file(&path).expect("the checkpoint is there");
            assert_eq!(resumed, straight, "{name} on {threads} threads");
        }
    }
    Ok(())
}

#[test]
fn d60_same_seed_same_bits() -> Result<()> {
    let with_seed = |seed| -> Result<Vec<u32>> {
        let loader =
            DataLoader::new(data(60, 1)?, DataLoaderConfig { batch_size: 16, seed, ..Default::default() })?;
        let mut model = net()?;
        let config = TrainerConfig { epochs: 3, seed, ..Default::default() };
        Trainer::new(config)?.fit(&mut model, &mut Sgd::new(0.1)?, &loader, &pair_loss)?;
        Ok(bits(&model))
    };
    assert_eq!(with_seed(1)?, with_seed(1)?);
    assert_ne!(with_seed(1)?, with_seed(2)?);
    Ok(())
}

#[test]
fn parts_have_the_gradient_of_the_whole() -> Result<()> {
    // Without dropout and normalisation the parts of a batch are its rows and nothing else.
    let trained = |parts, accumulate, batch| -> Result<Vec<f32>> {
        let loader = DataLoader::new(
            data(64, 1)?,
            DataLoaderConfig { batch_size: batch, seed: 5, ..Default::default() },
        )?;
        let mut model = Linear::<f32>::new(6, 3, Init::XavierUniform, &mut ChaCha8Rng::seed_from_u64(1))?;
        let config = TrainerConfig { epochs: 2, parts, accumulate, ..Default::default() };
        Trainer::new(config)?.fit(&mut model, &mut Sgd::new(0.1)?, &loader, &pair_loss)?;
        Ok(model.weight.values().to_vec())
    };
    let whole = trained(1, 1, 32)?;
    for other in [trained(3, 1, 32)?, trained(1, 2, 16)?, trained(2, 4, 8)?] {
        for (a, b) in whole.iter().zip(&other) {
            assert!((a - b).abs() < 1e-6, "{a} and {b}");
        }
    }
    Ok(())
}

#[test]
fn a_loss_that_is_not_finite_names_the_op_and_the_batch() -> Result<()> {
    let mut x = Array2::<f32>::zeros((8, 6));
    x[[5, 2]] = f32::INFINITY;
    let pair = Pair::new(x, vec![0usize; 8])?;
    let config = DataLoaderConfig { batch_size: 4, order: Order::Sequential, ..Default::default() };
    let loader = DataLoader::new(pair, config)?;
    let mut model = net()?;
    let before = bits(&model);
    let error = Trainer::new(TrainerConfig { epochs: 1, ..Default::default() })?
        .fit(&mut model, &mut Sgd::new(0.0)?, &loader, &pair_loss)
        .expect_err("infinity times a weight");
    let text = error.to_string();
    assert!(text.starts_with("epoch 1, batch 2: ") && text.contains("linear"), "{text}");
    let parameters = model.parameter_count();
    assert_eq!(bits(&model)[..6 * 16], before[..6 * 16], "{parameters} parameters");
    Ok(())
}

#[test]
fn early_stopping_keeps_the_best_weights() -> Result<()> {
    let loader = DataLoader::new(data(30, 1)?, DataLoaderConfig { batch_size: 10, ..Default::default() })?;
    let mut model = Linear::<f32>::new(6, 3, Init::XavierUniform, &mut ChaCha8Rng::seed_from_u64(1))?;
    let scores = std::cell::RefCell::new(Vec::new());
    let calls = std::cell::Cell::new(0);
    let config = TrainerConfig { epochs: 50, patience: Some(3), ..Default::default() };
    let mut trainer = Trainer::new(config)?.validate("made up", Goal::Max, |model: &Linear<f32>| {
        calls.set(calls.get() + 1);
        scores.borrow_mut().push(model.weight.values().to_vec());
        Ok([0.1, 0.5, 0.4, 0.5, 0.2][calls.get() - 1])
    });
    let history = trainer.fit(&mut model, &mut Sgd::new(0.1)?, &loader, &pair_loss)?;
    assert_eq!(history.epochs.len(), 5);
    assert_eq!(history.ended, nn::Ended::NoGain);
    assert_eq!(history.best().map(|report| report.epoch), Some(2));
    assert_eq!(model.weight.values(), scores.borrow()[1]);
    Ok(())
}

#[test]
fn a_checkpoint_of_another_run_is_refused_whole() -> Result<()> {
    let path = file("refused");
    train("adam", 1, Some(&path))?;
    let mut other = Sequential::new().with(Linear::<f32>::new(
        6,
        2,
        Init::Constant(0.5),
        &mut ChaCha8Rng::seed_from_u64(1),
    )?);
    let before = bits(&other);
    let mut trainer = Trainer::new(TrainerConfig { seed: 3, ..Default::default() })?;
    let error = trainer.resume(&path, &mut other, &mut Adam::new(0.01)?).expect_err("another model");
    assert!(error.to_string().contains("0.weight"), "{error}");
    assert_eq!(bits(&other), before);
    let error = Trainer::new(TrainerConfig { seed: 3, ..Default::default() })?
        .resume(&path, &mut net()?, &mut Sgd::new(0.1)?)
        .expect_err("another optimizer");
    assert!(error.to_string().contains("adam"), "{error}");
    std::fs::remove_file(&path).expect("the checkpoint is there");
    Ok(())
}
