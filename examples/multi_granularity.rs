//! One model per granularity on made data: single rows, blocks of 5 and blocks of 10 consecutive rows.
//!
//! ```sh
//! cargo run --release --example multi_granularity
//! ```

use granular::{
    Hierarchy, Inputs, Method, MultiGranularityModel, Network, NetworkConfig, Result, Ridge, mae,
};
use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng};
use tensor::ndarray::{Array2, ArrayView2};

const ROWS: usize = 100;
const FEATURES: usize = 10;

/// Features uniform in [0, 1), and a target that is linear in them but for noise.
fn made_data(rng: &mut ChaCha8Rng) -> (Array2<f64>, Array2<f64>) {
    let x = Array2::from_shape_simple_fn((ROWS, FEATURES), || rng.random::<f64>());
    let weights = Array2::from_shape_fn((FEATURES, 1), |(feature, _)| feature as f64 - 3.0);
    let y = x.dot(&weights) + Array2::from_shape_simple_fn((ROWS, 1), || rng.random::<f64>() - 0.5);
    (x, y)
}

fn main() -> Result<()> {
    let hierarchy = Hierarchy::temporal(ROWS, &[("block10", 10), ("block5", 5), ("row", 1)])?;
    let (x, y) = made_data(&mut ChaCha8Rng::seed_from_u64(1));

    // A small network for rows, ridge regressions for the blocks, of which there are few.
    let network = NetworkConfig { hidden: vec![8], epochs: 100, ..Default::default() };
    let mut model = MultiGranularityModel::new(&hierarchy, Method::WlsStruct)?
        .with_inputs(Inputs::Sum)
        .with_model("row", Network::new(network)?)?
        .with_model("block5", Ridge::new(1.0)?)?
        .with_model("block10", Ridge::new(1.0)?)?;
    model.fit(x.view(), y.view())?;
    println!("fitted the levels {:?}", hierarchy.levels().map(|level| level.name()).collect::<Vec<_>>());

    // One level can be fitted again, here with less of a penalty; the others stay as they are.
    model = model.with_model("block5", Ridge::new(0.1)?)?;
    model.fit_granularity("block5", x.view(), y.view())?;

    let alone = model.predict_granularity("block5", x.view())?;
    let together = model.predict(x.view())?;
    let actual = hierarchy.integrate(y.view())?;
    println!("\n           actual   alone  together   sum of its rows, together");
    for (block, name) in hierarchy.level("block5")?.nodes().iter().enumerate().take(4) {
        let rows = together.level("row")?;
        let sum: f64 = rows.column(0).iter().skip(5 * block).take(5).sum();
        let (actual, together) = (actual.node(name)?[0], together.node(name)?[0]);
        println!("{name:10} {actual:7.3} {:7.3} {together:9.3} {sum:9.3}", alone[[block, 0]]);
    }

    println!("\nmean absolute error per level");
    for level in hierarchy.levels() {
        let actual = actual.level(level.name())?;
        let error =
            |values: ArrayView2<'_, f64>| mae(actual, values).map(|errors| errors.mean().unwrap_or(0.0));
        let alone = error(model.predict_granularity(level.name(), x.view())?.view())?;
        let together = error(together.level(level.name())?)?;
        println!("{:10} alone {alone:.3}  together {together:.3}", level.name());
    }
    println!("\nlargest gap {:e}", together.gaps().into_iter().fold(0.0, f64::max));
    Ok(())
}
