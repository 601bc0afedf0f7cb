//! The main job: forecasts of Australian tourism for 425 nodes at 6 levels that add up.
//!
//! One network per level, shared by the level's series, is trained on the first 72 quarters and forecasts the
//! last 8; the forecasts are then reconciled. The settings were chosen with `--validate`, which trains on
//! quarters 1-64 and reports on 65-72; the last 8 quarters take no part in it.
//!
//! ```sh
//! cargo run --release --example tourism
//! cargo run --release --example tourism -- --csv forecasts.csv
//! ```

#[path = "support/tourism.rs"]
mod job;
mod support;

use clap::Parser;
use granular::{Method, Metric};
use job::HORIZON;
use std::error::Error;
use std::path::PathBuf;
use std::time::Instant;

/// Trains one network per level, reconciles their forecasts and compares them.
#[derive(Parser)]
struct Args {
    /// Train on quarters 1-64 and report on 65-72 instead of 1-72 and 73-80.
    #[arg(long)]
    validate: bool,
    /// How the forecasts are made coherent: bottom-up, ols or wls-struct.
    #[arg(long, default_value = "wls-struct", value_parser = method)]
    method: Method,
    /// Seed of the networks' weights and of the order of training.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Write the reconciled forecasts to this file.
    #[arg(long)]
    csv: Option<PathBuf>,
}

fn method(name: &str) -> Result<Method, String> {
    match name {
        "bottom-up" => Ok(Method::BottomUp),
        "ols" => Ok(Method::Ols),
        "wls-struct" => Ok(Method::WlsStruct),
        _ => Err("expected bottom-up, ols or wls-struct".into()),
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse();
    let start = Instant::now();
    let split = if args.validate { 64 } else { 72 };
    let outcome = job::run(split, args.method, args.seed)?;
    let (hierarchy, evaluation) = (&outcome.hierarchy, &outcome.evaluation);
    let (nodes, levels) = (hierarchy.len(), hierarchy.levels().len());
    println!(
        "{nodes} nodes at {levels} levels, trained on quarters 1-{split}, forecast {}-{}\n\n{evaluation}",
        split + 1,
        split + HORIZON
    );
    let [before, after] = outcome.gaps;
    let total = outcome.reconciled.node("Total")?.sum() / HORIZON as f64;
    println!("largest gap before reconciling {before:.1}, after {after:.1e}, of a total of {total:.0}");
    print!("Overall MASE:");
    for forecast in ["base", "reconciled", "seasonal naive"] {
        print!(" {forecast} {:.3} ", evaluation.overall(forecast, Metric::Mase)?);
    }
    println!("\n{:.1} s", start.elapsed().as_secs_f64());
    if let Some(path) = &args.csv {
        outcome.reconciled.save_csv(path)?;
        println!("forecasts written to {}", path.display());
    }
    Ok(())
}
