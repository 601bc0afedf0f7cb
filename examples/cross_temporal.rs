//! Australian tourism: 425 series by quarter, half-year and year, all forecasts made to agree at once.
//!
//! Each level of the series has a model of its own at each order of time, trained on the first 18 years: a ridge
//! regression or the seasonal naive forecast, chosen on the last two of them. They forecast two more years. Their errors
//! one year ahead give the covariances. Then the 2,975 rows of the joint structure are reconciled: all at once, or in
//! steps. The choice of models came after a first look at the last two years, so the figures illustrate and are no blind
//! test.
//!
//! ```sh
//! cargo run --release --example cross_temporal
//! ```

mod support;

use granular::{
    Autoregression, AutoregressionConfig, Coherent, CrossTemporal, Evaluation, Features, Hierarchy,
    IterativeConfig, Method, Metric, Model, MultiGranularityModel, Reconciler, Result, Ridge, SeasonalNaive,
    Stepwise, Table, TemporalCovariance, mae,
};
use std::error::Error;
use std::sync::Arc;
use std::time::Instant;
use tensor::ndarray::{Array2, ArrayView2, Axis, concatenate, s};

const ORDERS: [(&str, usize); 3] = [("year", 4), ("half", 2), ("quarter", 1)];
const TRAINING: usize = 18;
const YEARS: usize = 20;
/// Candidates are fitted on the years before and compared on those up to the end of the training years.
const VALIDATION: usize = 16;
/// Years before the first forecast.
const BEFORE: usize = 4;

/// Models to choose from for a level at an order of `steps` values a year.
fn candidates(steps: usize) -> Result<Vec<Arc<dyn Model>>> {
    let horizon = (YEARS - TRAINING) * steps;
    // Four values at least, so that a scale is a mean of several changes.
    let (lags, season, features) = ((2 * steps).max(4), steps, Features::LagsAndSeason);
    let mut out: Vec<Arc<dyn Model>> = vec![Arc::new(SeasonalNaive::new(season, horizon)?)];
    for penalty in [30.0, 300.0, 3000.0] {
        let config = AutoregressionConfig { lags, season, horizon, features };
        out.push(Arc::new(Autoregression::new(Ridge::new(penalty)?, config)?));
    }
    Ok(out)
}

/// What the models of one order say: forecasts of the test years, and their errors in the training years.
struct Order {
    name: &'static str,
    base: Array2<f64>,
    residuals: Array2<f64>,
}

impl Order {
    /// Chooses and trains the models of an order.
    fn new(structure: &CrossTemporal, trips: &Coherent, name: &'static str) -> Result<Self> {
        let series = structure.cross_sectional();
        let steps = structure.temporal().level(name)?.len();
        let values = structure.series(name, trips.all())?;
        let years = |from: usize, to: usize| values.slice(s![.., from * steps..to * steps]);
        let finest = |to: usize| values.slice(s![series.finest().range(), ..to * steps]);
        let fitted = |model: &dyn Fn(&str) -> Arc<dyn Model>, to: usize| -> Result<MultiGranularityModel> {
            let models = MultiGranularityModel::new(series, Method::BottomUp)?;
            let mut models = models.with_models_for_all(|level| model(level.name()));
            models.fit(finest(to), Array2::zeros((series.finest_len(), 0)).view())?;
            Ok(models)
        };
        let mut best: Vec<(f64, Arc<dyn Model>)> = Vec::new();
        for candidate in candidates(steps)? {
            let models = fitted(&|_| Arc::clone(&candidate), VALIDATION)?;
            let error = mae(years(VALIDATION, TRAINING), models.base(finest(VALIDATION))?.view())?;
            for level in series.levels() {
                let error = error.slice(s![level.range()]).sum();
                match best.get_mut(level.position()) {
                    None => best.push((error, Arc::clone(&candidate))),
                    Some(best) if error < best.0 => *best = (error, Arc::clone(&candidate)),
                    Some(_) => {}
                }
            }
        }
        let position = |level: &str| series.level(level).map_or(0, |level| level.position());
        let models = fitted(&|level| Arc::clone(&best[position(level)].1), TRAINING)?;
        let errors = |year: usize| -> Result<Array2<f64>> {
            Ok(&years(year, year + 1) - &models.base(finest(year))?.slice(s![.., ..steps]))
        };
        let errors = (BEFORE..TRAINING).map(errors).collect::<Result<Vec<_>>>()?;
        let errors: Vec<ArrayView2<'_, f64>> = errors.iter().map(|errors| errors.view()).collect();
        let residuals = concatenate(Axis(1), &errors).expect("errors of each year have the same rows");
        Ok(Self { name, base: models.base(finest(TRAINING))?, residuals })
    }
}

/// All at once, by these methods.
fn joint(
    structure: &CrossTemporal,
    base: &Array2<f64>,
    residuals: &Array2<f64>,
) -> Result<Vec<(&'static str, Coherent)>> {
    let temporal = |covariance| Method::Temporal(covariance, residuals.clone());
    let methods = [
        ("bottom-up", Method::BottomUp),
        ("ols", Method::Ols),
        ("struct", Method::WlsStruct),
        ("wlsv", temporal(TemporalCovariance::Wlsv)),
        ("wlsh", temporal(TemporalCovariance::Wlsh)),
        ("bdshr", temporal(TemporalCovariance::BdShr)),
    ];
    let mut out = Vec::new();
    for (name, method) in methods {
        let start = Instant::now();
        let agreed = Reconciler::new(structure.hierarchy(), method)?.reconcile(base.view())?;
        println!("{name:>9}: {:.2} s", start.elapsed().as_secs_f64());
        out.push((name, agreed));
    }
    Ok(out)
}

/// In steps: shrunk covariances across the series of each order, variances by order for each series.
fn in_steps(
    structure: &CrossTemporal,
    orders: &[Order],
    base: &Array2<f64>,
    residuals: &Array2<f64>,
) -> Result<Vec<(&'static str, Coherent)>> {
    let (series, time) = (structure.cross_sectional(), structure.temporal());
    let of_order = |name: &str| {
        let order = orders.iter().find(|order| order.name == name).expect("each order has its residuals");
        Method::MintShrink(order.residuals.clone())
    };
    let of_series = |name: &str| {
        let joint = structure.hierarchy();
        let row =
            |step: &String| joint.node(&format!("{name}@{step}")).expect("a row for each series and step");
        let rows: Vec<usize> = time.nodes().iter().map(row).collect();
        Method::Temporal(TemporalCovariance::Wlsv, residuals.select(Axis(0), &rows))
    };
    let start = Instant::now();
    let stepwise = Stepwise::new(structure, of_order, of_series)?;
    let tcs = stepwise.tcs(base.view())?;
    let cst = stepwise.cst(base.view())?;
    let (iterative, iterations) = stepwise.iterative(base.view(), &IterativeConfig::default())?;
    println!(
        "    steps: {:.2} s; {} series, {} orders, {} iterations",
        start.elapsed().as_secs_f64(),
        series.len(),
        orders.len(),
        iterations.gaps.len()
    );
    Ok(vec![("tcs", tcs), ("cst", cst), ("iterative", iterative)])
}

fn main() -> Result<(), Box<dyn Error>> {
    let start = Instant::now();
    let table = Table::read(
        support::open(&support::data("tourism_quarterly.csv.gz"))?,
        &["state", "region", "purpose"],
    )?;
    let structure = CrossTemporal::new(&support::tourism(&table)?, &Hierarchy::temporal(4, &ORDERS)?)?;
    let (joint_structure, series) = (structure.hierarchy(), structure.cross_sectional());
    let trips = structure.integrate(table.values())?;
    println!(
        "{} series, {} rows of {} levels, {YEARS} years, the last {} are the test",
        series.len(),
        joint_structure.len(),
        joint_structure.levels().len(),
        YEARS - TRAINING
    );
    let orders: Vec<Order> =
        ORDERS.iter().map(|(name, _)| Order::new(&structure, &trips, name)).collect::<Result<_>>()?;
    let base: Vec<_> = orders.iter().map(|order| (order.name, order.base.view())).collect();
    let residuals: Vec<_> = orders.iter().map(|order| (order.name, order.residuals.view())).collect();
    let (base, residuals) = (structure.periods(&base)?, structure.periods(&residuals)?);

    let years = |from: usize, to: usize| trips.finest().slice_move(s![.., from..to]);
    let training = joint_structure.integrate(years(0, TRAINING))?;
    let actual = joint_structure.integrate(years(TRAINING, YEARS))?;
    let mut evaluation = Evaluation::new(&actual, &training, 1)?;
    let last = training.all().slice_move(s![.., TRAINING - 1..]);
    evaluation.add("naive", last.broadcast(actual.all().dim()).ok_or("one year repeats")?)?;
    evaluation.add("base", base.view())?;
    let all = joint(&structure, &base, &residuals)?;
    for (name, agreed) in all.into_iter().chain(in_steps(&structure, &orders, &base, &residuals)?) {
        evaluation.add(name, agreed.all())?;
    }
    println!("\n{evaluation}");
    let (before, after) =
        (evaluation.overall("base", Metric::Mase)?, evaluation.overall("iterative", Metric::Mase)?);
    println!(
        "MASE over all rows: base {before:.3}, iterative {after:.3}; {:.1} s",
        start.elapsed().as_secs_f64()
    );
    Ok(())
}
