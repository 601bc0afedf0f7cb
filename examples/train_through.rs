//! Training through the projection: tourism forecasts whose models are fitted for what is published.
//!
//! 425 nodes, 17 origins (2011Q4 to 2015Q4), 8 horizons, a linear model for each level. They are trained for their own
//! errors and reconciled afterwards, or trained for the errors of the reconciled forecasts, through `y = M x` on the tape.
//! Each has the same features, penalty and W: the gain is that of the training alone.
//!
//! ```sh
//! cargo run --release --example train_through
//! cargo run --release --example train_through -- --method ols
//! ```

#[path = "support/through.rs"]
mod job;
mod support;

use clap::{Parser, ValueEnum};
use granular::{Method, Table};
use job::{NAMES, Study};
use std::error::Error;
use std::time::Instant;
use tensor::ndarray::Array2;

/// Compares linear models reconciled after training with models trained through reconciling.
#[derive(Parser)]
struct Args {
    /// The W of the projection.
    #[arg(long, value_enum, default_value = "wls-var")]
    method: W,
}

#[derive(Clone, Copy, ValueEnum)]
enum W {
    Ols,
    WlsStruct,
    WlsVar,
}

impl W {
    fn method(self, residuals: Array2<f64>) -> Method {
        match self {
            Self::Ols => Method::Ols,
            Self::WlsStruct => Method::WlsStruct,
            Self::WlsVar => Method::WlsVar(residuals),
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse();
    let start = Instant::now();
    let file = support::open(&support::data("tourism_quarterly.csv.gz"))?;
    let trips = Table::read(file, &["state", "region", "purpose"])?;
    let study = Study::new(support::tourism(&trips)?.integrate(trips.values())?);
    let scores = study.scores(56..=72, |residuals| args.method.method(residuals))?;
    println!("MASE of 17 origins x 8 horizons, the mean over nodes\n");
    print!("{:<22}", "level");
    NAMES.iter().for_each(|name| print!("{name:>18}"));
    println!();
    let all = [("All nodes".to_owned(), scores.all)];
    for (level, values) in scores.levels.into_iter().chain(all) {
        print!("{level:<22}");
        values.iter().for_each(|value| print!("{value:>18.3}"));
        println!();
    }
    println!("\n{:.1} s", start.elapsed().as_secs_f64());
    Ok(())
}
