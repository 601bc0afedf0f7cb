//! The main job: forecasts of Australian tourism for 425 nodes at 6 levels that add up.
//!
//! One network per level, shared by the level's series, is trained on the first 72 quarters and forecasts the
//! last 8; the forecasts are then reconciled. The settings below were chosen with `--validate`, which trains on
//! quarters 1-64 and reports on 65-72; the last 8 quarters take no part in it.
//!
//! ```sh
//! cargo run --release --example tourism
//! cargo run --release --example tourism -- --csv forecasts.csv
//! ```

mod support;

use clap::Parser;
use granular::{
    Autoregression, AutoregressionConfig, Evaluation, Features, Hierarchy, Method, Metric,
    MultiGranularityModel, Network, NetworkConfig, Table, coherence_gap, seasonal_naive,
};
use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;
use tensor::ndarray::{Array2, s};

const SEASON: usize = 4;
const HORIZON: usize = 8;
/// The levels of the usual reference table; State x Purpose is left out of it.
const OVERALL: [&str; 5] = ["Total", "State", "Purpose", "StatexRegion", "StatexRegionxPurpose"];

/// Trains one network per level, reconciles their forecasts and compares them.
#[derive(Parser)]
struct Args {
    /// Train on quarters 1-64 and report on 65-72 instead of 1-72 and 73-80.
    #[arg(long)]
    validate: bool,
    /// How the forecasts are made coherent: bottom-up, ols or wls-struct.
    #[arg(long, default_value = "wls-struct", value_parser = method)]
    method: Method,
    /// Write the reconciled forecasts to this file.
    #[arg(long)]
    csv: Option<PathBuf>,
    /// Seed of the networks' weights and of the order of training.
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

fn method(name: &str) -> Result<Method, String> {
    match name {
        "bottom-up" => Ok(Method::BottomUp),
        "ols" => Ok(Method::Ols),
        "wls-struct" => Ok(Method::WlsStruct),
        _ => Err("expected bottom-up, ols or wls-struct".into()),
    }
}

fn hierarchy(table: &Table) -> granular::Result<Hierarchy> {
    let mut hierarchy = Hierarchy::grouped();
    for key in ["state", "region", "purpose"] {
        hierarchy = hierarchy.key(key, table.key(key)?);
    }
    hierarchy
        .level("Total", &[])
        .level("State", &["state"])
        .level("Purpose", &["purpose"])
        .level("StatexRegion", &["state", "region"])
        .level("StatexPurpose", &["state", "purpose"])
        .level("StatexRegionxPurpose", &["state", "region", "purpose"])
        .build()
}

/// The model of one level.
fn network(seed: u64) -> granular::Result<Autoregression<Network>> {
    let settings = NetworkConfig { hidden: vec![16], epochs: 120, batch: 32, rate: 0.05, seed };
    let windows =
        AutoregressionConfig { lags: 8, season: SEASON, horizon: HORIZON, features: Features::LagsAndSeason };
    Autoregression::new(Network::new(settings)?, windows)
}

fn largest(gaps: &[f64]) -> f64 {
    gaps.iter().copied().fold(0.0, f64::max)
}

fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse();
    let start = Instant::now();
    let file = support::open(&support::data("tourism_quarterly.csv.gz"))?;
    let table = Table::read(file, &["state", "region", "purpose"])?;
    let hierarchy = hierarchy(&table)?;
    let split = if args.validate { 64 } else { 72 };
    let history = table.values().slice_move(s![.., ..split]);
    let future = table.values().slice_move(s![.., split..split + HORIZON]);
    println!(
        "{} nodes at {} levels; trained on quarters 1-{split}, forecast {}-{}",
        hierarchy.len(),
        hierarchy.levels().len(),
        split + 1,
        split + HORIZON
    );

    let model = Arc::new(network(args.seed)?);
    let mut models =
        MultiGranularityModel::new(&hierarchy, args.method)?.with_models_for_all(|_| Arc::clone(&model));
    let nothing_after = Array2::zeros((hierarchy.finest_len(), 0));
    models.fit(history, nothing_after.view())?;
    let base = models.base(history)?;
    let reconciled = models.reconciler().reconcile(base.view())?;

    let training = hierarchy.integrate(history)?;
    let actual = hierarchy.integrate(future)?;
    let mut evaluation = Evaluation::new(&actual, &training, SEASON)?.with_overall(&OVERALL)?;
    evaluation.add("base", base.view())?;
    evaluation.add("reconciled", reconciled.all())?;
    evaluation.add("seasonal naive", seasonal_naive(training.all(), SEASON, HORIZON)?.view())?;
    println!("\n{evaluation}");

    let total = reconciled.node("Total")?.sum() / HORIZON as f64;
    println!("largest gap before reconciling {:10.3e}", largest(&coherence_gap(&hierarchy, base.view())?));
    println!("largest gap after              {:10.3e} of a total of {total:.0}", largest(&reconciled.gaps()));
    println!(
        "Overall MASE: base {:.3}, reconciled {:.3}, seasonal naive {:.3}",
        evaluation.overall("base", Metric::Mase)?,
        evaluation.overall("reconciled", Metric::Mase)?,
        evaluation.overall("seasonal naive", Metric::Mase)?
    );
    if let Some(path) = &args.csv {
        reconciled.save_csv(path)?;
        println!("forecasts written to {}", path.display());
    }
    println!("{:.1} s", start.elapsed().as_secs_f64());
    Ok(())
}
