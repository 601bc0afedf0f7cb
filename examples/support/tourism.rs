//! The main job: one network per level of the tourism hierarchy, forecasts reconciled and compared.

use super::support;
use granular::{
    Autoregression, AutoregressionConfig, Coherent, Evaluation, Features, Hierarchy, Method,
    MultiGranularityModel, Network, NetworkConfig, Result, Table, coherence_gap, seasonal_naive,
};
use std::error::Error;
use std::sync::Arc;
use tensor::ndarray::{Array2, s};

const SEASON: usize = 4;
pub(crate) const HORIZON: usize = 8;
/// The levels of the usual reference table; State x Purpose is left out of it.
const OVERALL: [&str; 5] = ["Total", "State", "Purpose", "StatexRegion", "StatexRegionxPurpose"];

/// What the job leaves behind.
pub(crate) struct Outcome {
    pub(crate) hierarchy: Hierarchy,
    pub(crate) reconciled: Coherent,
    /// The largest difference between a node and the sum of its members, before reconciling and after.
    pub(crate) gaps: [f64; 2],
    /// Holds `base`, `reconciled` and `seasonal naive`.
    pub(crate) evaluation: Evaluation,
}

/// Trains on the first `split` quarters and forecasts the eight that follow.
pub(crate) fn run(split: usize, method: Method, seed: u64) -> Result<Outcome, Box<dyn Error>> {
    let file = support::open(&support::data("tourism_quarterly.csv.gz"))?;
    let table = Table::read(file, &["state", "region", "purpose"])?;
    let hierarchy = support::tourism(&table)?;
    let history = table.values().slice_move(s![.., ..split]);
    let future = table.values().slice_move(s![.., split..split + HORIZON]);

    let model = Arc::new(network(seed)?);
    let mut models =
        MultiGranularityModel::new(&hierarchy, method)?.with_models_for_all(|_| Arc::clone(&model));
    let nothing_after = Array2::zeros((hierarchy.finest_len(), 0));
    models.fit(history, nothing_after.view())?;
    let base = models.base(history)?;
    let reconciled = models.reconciler()?.reconcile(base.view())?;

    let training = hierarchy.integrate(history)?;
    let actual = hierarchy.integrate(future)?;
    let mut evaluation = Evaluation::new(&actual, &training, SEASON)?.with_overall(&OVERALL)?;
    evaluation.add("base", base.view())?;
    evaluation.add("reconciled", reconciled.all())?;
    evaluation.add("seasonal naive", seasonal_naive(training.all(), SEASON, HORIZON)?.view())?;
    let gaps = [coherence_gap(&hierarchy, base.view())?, coherence_gap(&hierarchy, reconciled.all())?];
    let gaps = gaps.map(|levels| levels.into_iter().fold(0.0, f64::max));
    Ok(Outcome { hierarchy, reconciled, gaps, evaluation })
}

/// The model of one level.
fn network(seed: u64) -> Result<Autoregression<Network>> {
    let settings = NetworkConfig { hidden: vec![16], epochs: 120, batch: 32, rate: 0.05, seed };
    let windows =
        AutoregressionConfig { lags: 8, season: SEASON, horizon: HORIZON, features: Features::LagsAndSeason };
    Autoregression::new(Network::new(settings)?, windows)
}
