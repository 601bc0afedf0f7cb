//! Combinations that learn from the models' own errors, and regions calibrated on held-out ones.

use granular::{
    Autoregression, AutoregressionConfig, Combine, Conformal, ConformalConfig, Constraints, Erm, Error,
    ErrorKind, FittedModel, Given, Hierarchy, Method, Model, MultiGranularityModel, Penalty, Reconciler,
    Replay, Result, Ridge, RollingOrigins, Scope, SeasonalNaive, TemporalCovariance, Window, joint_coverage,
};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use tensor::ndarray::{Array2, ArrayView2, Axis, Slice, array};

use crate::support::{distance, seven_nodes};
use crate::tourism::{Tourism, tourism};

fn history(columns: usize) -> Array2<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    Array2::from_shape_fn((4, columns), |(i, t)| {
        (i + 1) as f64 * (20.0 + [3.0, -1.0, 0.0, 2.0][t % 4] + rng.random_range(-1.0..1.0))
    })
}

fn nothing() -> Array2<f64> {
    Array2::zeros((4, 0))
}

fn part(values: &Array2<f64>, from: usize, to: usize) -> ArrayView2<'_, f64> {
    values.slice_axis(Axis(1), Slice::from(from..to))
}

fn forecaster() -> Autoregression<Ridge> {
    let config = AutoregressionConfig { lags: 3, season: 4, horizon: 2, ..Default::default() };
    Autoregression::new(Ridge::new(0.1).unwrap(), config).unwrap()
}

fn model(combine: impl Into<Combine>) -> MultiGranularityModel {
    MultiGranularityModel::new(&seven_nodes(), combine).unwrap().with_models_for_all(|_| forecaster())
}

/// One-step predictions of all nodes at every column from 8 on, made by calling the fitted model again and again.
fn slow_replay(fitted: &MultiGranularityModel, history: &Array2<f64>) -> (Array2<f64>, Array2<f64>) {
    let count = history.ncols() - 8;
    let mut predicted = Array2::zeros((7, count));
    for column in 0..count {
        let base = fitted.base(part(history, 0, 8 + column)).unwrap();
        predicted.column_mut(column).assign(&base.column(0));
    }
    let actual = seven_nodes().integrate(part(history, 8, history.ncols())).unwrap().into_inner();
    (actual, predicted)
}

#[test]
fn fitting_learns_from_residuals_at_every_level() {
    let history = history(40);
    let mut plain = model(Method::Ols);
    plain.fit(history.view(), nothing().view()).unwrap();
    let (actual, fitted) = slow_replay(&plain, &history);
    let residuals = &actual - &fitted;
    let all_residuals = residuals.clone();
    let erm = Erm { actual, fitted, columns: 20, penalty: Penalty::Ridge(0.5) };
    for (combine, method) in [
        (Combine::WlsVar, Method::WlsVar(residuals.clone())),
        (Combine::MintCov, Method::MintCov(residuals.clone())),
        (Combine::MintShrink, Method::MintShrink(residuals)),
        (Combine::Erm { columns: Some(20), penalty: Penalty::Ridge(0.5) }, Method::Erm(erm)),
    ] {
        let mut learning = model(combine.clone());
        assert!(matches!(learning.reconciler().unwrap_err().kind(), ErrorKind::NotWeighed { .. }));
        learning.fit(history.view(), nothing().view()).unwrap();
        let expected = Reconciler::new(&seven_nodes(), method).unwrap();
        let base = plain.base(history.view()).unwrap();
        let expected = expected.reconcile(base.view()).unwrap();
        let got = learning.predict(history.view()).unwrap();
        assert!(distance(&got.into_inner(), &expected.into_inner()) < 1e-9, "{combine:?}");
        assert!(distance(&learning.past().unwrap().residuals(), &all_residuals) < 1e-9);
    }
}

#[test]
fn rows_with_targets_have_their_residuals_there() {
    let x = array![[1.0, 0.0], [2.0, 1.0], [3.0, 5.0], [4.0, 2.0]];
    let y = array![[1.0, 2.0, 0.0], [2.0, 2.0, 1.0], [3.0, 1.0, 7.0], [5.0, 4.0, 2.0]];
    let ridge = Ridge::new(1.0).unwrap();
    let new =
        |combine| MultiGranularityModel::new(&seven_nodes(), combine).unwrap().with_models_for_all(|_| ridge);
    let mut plain = new(Combine::from(Method::Ols));
    plain.fit(x.view(), y.view()).unwrap();
    let base = plain.base(x.view()).unwrap();
    let residuals = &seven_nodes().integrate(y.view()).unwrap().all() - &base;
    let mut learning = new(Combine::WlsVar);
    learning.fit(x.view(), y.view()).unwrap();
    let expected = Reconciler::new(&seven_nodes(), Method::WlsVar(residuals)).unwrap();
    assert_eq!(learning.predict(x.view()).unwrap(), expected.reconcile(base.view()).unwrap());
}

#[test]
fn levels_share_their_last_columns() {
    // The naive model can be replayed from column 4 on, the regression from column 8.
    let history = history(30);
    let mut mixed = model(Combine::WlsVar).with_model("T", SeasonalNaive::new(4, 2).unwrap()).unwrap();
    mixed.fit(history.view(), nothing().view()).unwrap();
    let (actual, fitted) = slow_replay(&mixed, &history);
    let expected = Reconciler::new(&seven_nodes(), Method::WlsVar(actual - fitted)).unwrap();
    let got = mixed.reconciler().unwrap().projection_matrix();
    assert!(distance(&got, &expected.projection_matrix()) < 1e-12);
}

#[test]
fn one_granularity_at_a_time() {
    let history = history(30);
    let mut whole = model(Combine::MintShrink);
    whole.fit(history.view(), nothing().view()).unwrap();
    let mut pieces = model(Combine::MintShrink);
    for (i, level) in ["Half", "T", "Leaf"].into_iter().enumerate() {
        assert!(pieces.predict(history.view()).is_err(), "{i} levels are fitted");
        pieces.fit_granularity(level, history.view(), nothing().view()).unwrap();
    }
    assert_eq!(pieces.predict(history.view()).unwrap(), whole.predict(history.view()).unwrap());
    // Another model for one level: what was learnt from the old one is gone.
    let pieces = pieces.with_model("T", SeasonalNaive::new(4, 2).unwrap()).unwrap();
    assert!(pieces.reconciler().is_err());
}

#[test]
fn all_or_nothing_when_learning_fails() {
    let history = history(30);
    let mut learning = model(Combine::WlsVar);
    learning.fit(history.view(), nothing().view()).unwrap();
    let before = learning.predict(history.view()).unwrap();
    let error = learning.fit(part(&history, 0, 10), nothing().view()).map(|()| "fits with 10 columns");
    assert_eq!(error.unwrap(), "fits with 10 columns");
    learning.fit(history.view(), nothing().view()).unwrap();
    let rest = array![[f64::NAN], [0.0], [0.0], [0.0]];
    assert!(learning.fit(history.view(), rest.view()).is_err());
    assert!(learning.weigh([(history.view(), nothing().view())]).is_err());
    assert!(learning.weigh([]).is_err());
    assert_eq!(learning.predict(history.view()).unwrap(), before);
}

/// Predicts its inputs, and what it says of its past has the wrong shape.
struct Liar;

impl Model for Liar {
    fn fit(&self, _: ArrayView2<'_, f64>, _: ArrayView2<'_, f64>) -> Result<Box<dyn FittedModel>> {
        Ok(Box::new(Self))
    }
}

impl FittedModel for Liar {
    fn predict(&self, x: ArrayView2<'_, f64>) -> Result<Array2<f64>> {
        Ok(x.to_owned())
    }

    fn replay(&self, x: ArrayView2<'_, f64>, _: ArrayView2<'_, f64>) -> Result<Replay> {
        Ok(Replay { actual: x.to_owned(), predicted: Array2::zeros((x.nrows(), 1)) })
    }
}

#[test]
fn refusals() {
    let message = |result: Result<(), Error>| result.unwrap_err().to_string();
    let history = history(30);
    let mut ready = model(Method::Ols);
    assert!(ready.past().is_err());
    ready.fit(history.view(), nothing().view()).unwrap();
    assert_eq!(
        message(ready.weigh([])),
        "combination: expected one that learns from past errors, got a method that is ready"
    );
    assert_eq!(
        ready.predict_region(history.view()).unwrap_err().to_string(),
        "the model is not calibrated since it was fitted or weighed"
    );
    let mut learning = model(Combine::WlsVar);
    learning.fit(history.view(), nothing().view()).unwrap();
    assert_eq!(message(learning.weigh([])), "occasions to weigh by: expected at least one, got none");
    let three = array![[1.0, 1.0, 1.0], [1.0, 1.0, 1.0], [1.0, 1.0, 1.0], [1.0, 1.0, 1.0]];
    assert_eq!(
        message(learning.weigh([(history.view(), three.view())])),
        "outcomes: expected 2 columns, got 3"
    );
    let config = ConformalConfig::default();
    assert_eq!(
        message(learning.calibrate([], &config)),
        "occasions to calibrate by: expected at least one, got none"
    );
    assert_eq!(
        message(learning.calibrate([(history.view(), part(&history, 0, 2))], &config)),
        "scale part: expected at least 1 samples, got 0"
    );
    let mut given = model(Combine::WlsVar).with_model("T", Given::new(array![[1.0, 2.0]]).unwrap()).unwrap();
    assert_eq!(
        message(given.fit(history.view(), nothing().view())),
        "level `T`: past predictions are needed: given predictions come without their past (`Given::with_past`)"
    );
    let mut rows = model(Combine::WlsVar).with_model("T", Ridge::new(1.0).unwrap()).unwrap();
    assert_eq!(
        message(rows.fit(history.view(), nothing().view())),
        "level `T`: past predictions are needed: there are no targets beside the inputs, and the model does not say \
         how it forecasts a history (`FittedModel::replay`)"
    );
    let mut liar = model(Combine::WlsVar).with_model("T", Liar).unwrap();
    assert_eq!(
        message(liar.fit(history.view(), nothing().view())),
        "level `T`: replay: expected 30 columns, got 1"
    );
    let error =
        learning.reconciler().map(|_| ()).and(Err::<(), _>(model(Combine::WlsVar).reconciler().unwrap_err()));
    assert_eq!(
        error.unwrap_err().to_string(),
        "the combination has not learnt yet: fit all levels, or weigh by other data"
    );
}

#[test]
fn forecasts_made_elsewhere_bring_their_own_past() {
    let Some(Tourism { hierarchy, training, base, fitted, .. }) = tourism() else { return };
    let of_level = |values: &Array2<f64>, range: std::ops::Range<usize>| {
        values.slice_axis(Axis(0), Slice::from(range)).to_owned()
    };
    let mut model =
        MultiGranularityModel::new(&hierarchy, Combine::MintShrink).unwrap().with_models_for_all(|level| {
            let given = Given::new(of_level(&base, level.range())).unwrap();
            given.with_past(of_level(&fitted, level.range())).unwrap()
        });
    model.fit(training.finest(), Array2::zeros((304, 0)).view()).unwrap();
    let got = model.predict(training.finest()).unwrap().node("Total").unwrap()[0];
    assert!((got / 25427.127038380 - 1.0).abs() < 1e-9, "{got}: the reference value of mint_shrink");
}

#[test]
fn held_out_errors_are_not_those_of_the_fit() {
    let history = history(60);
    let mut learning = model(Combine::WlsVar);
    learning.fit(part(&history, 0, 40), nothing().view()).unwrap();
    let in_sample = learning.reconciler().unwrap().projection_matrix();
    let rolling = RollingOrigins { first: 40, step: 1, horizon: 2, window: Window::Expanding };
    let occasions = || rolling.over(history.view()).unwrap().map(|origin| (origin.training, origin.test));
    learning.weigh(occasions()).unwrap();
    let held_out = learning.reconciler().unwrap().projection_matrix();
    assert!(distance(&in_sample, &held_out) > 1e-3);
    // By hand: the errors of both steps at every origin, side by side.
    let mut errors = Vec::new();
    for (x, y) in occasions() {
        errors.push(&seven_nodes().integrate(y).unwrap().all() - &learning.base(x).unwrap());
    }
    let views: Vec<_> = errors.iter().map(|e| e.view()).collect();
    let errors = tensor::ndarray::concatenate(Axis(1), &views).unwrap();
    let expected = Reconciler::new(&seven_nodes(), Method::WlsVar(errors)).unwrap();
    assert!(distance(&held_out, &expected.projection_matrix()) < 1e-12);
}

#[test]
fn regions_are_those_of_each_step_s_reconciled_errors() {
    let history = history(120);
    let mut learning = model(Combine::WlsVar);
    learning.fit(part(&history, 0, 40), nothing().view()).unwrap();
    let rolling = RollingOrigins { first: 40, step: 1, horizon: 2, window: Window::Expanding };
    let occasions = || rolling.over(history.view()).unwrap().map(|origin| (origin.training, origin.test));
    let config = ConformalConfig { scope: Scope::Joint, ..Default::default() };
    learning.calibrate(occasions(), &config).unwrap();
    let (forecast, region) = learning.predict_region(history.view()).unwrap();
    assert_eq!(forecast, learning.predict(history.view()).unwrap());
    for step in 0..2 {
        let coherent = |columns: &[Array2<f64>]| {
            let views: Vec<_> =
                columns.iter().map(|c| c.slice_axis(Axis(1), Slice::from(step..step + 1))).collect();
            seven_nodes().integrate(tensor::ndarray::concatenate(Axis(1), &views).unwrap().view()).unwrap()
        };
        let came: Vec<_> = occasions().map(|(_, y)| y.to_owned()).collect();
        let said: Vec<_> =
            occasions().map(|(x, _)| learning.predict(x).unwrap().finest().to_owned()).collect();
        let (actual, predicted) = (coherent(&came), coherent(&said));
        let expected = Conformal::fit(&actual, &predicted, &config).unwrap();
        assert_eq!(expected.widths(), learning.regions()[step].widths());
        for node in 0..7 {
            let (low, high) = (region.lower[[node, step]], region.upper[[node, step]]);
            assert_eq!(low, forecast.all()[[node, step]] - expected.widths().0[node]);
            assert_eq!(high, forecast.all()[[node, step]] + expected.widths().1[node]);
        }
    }
    // Other models, other errors.
    let mut again = learning;
    again.fit(part(&history, 0, 40), nothing().view()).unwrap();
    assert!(again.predict_region(history.view()).is_err());
}

/// 90 % for all nodes at once, on data that come after everything that was learnt.
#[test]
fn joint_regions_hold_what_they_promise() {
    let history = history(700);
    let mut learning = model(Combine::MintShrink);
    learning.fit(part(&history, 0, 100), nothing().view()).unwrap();
    let rolling = |first| RollingOrigins { first, step: 1, horizon: 2, window: Window::Sliding(20) };
    let config = ConformalConfig { scope: Scope::Joint, ..Default::default() };
    let calibration = part(&history, 0, 400);
    learning
        .calibrate(rolling(100).over(calibration).unwrap().map(|o| (o.training, o.test)), &config)
        .unwrap();
    let (mut covered, mut count) = (0.0, 0.0);
    for origin in rolling(400).over(history.view()).unwrap() {
        let (_, region) = learning.predict_region(origin.training).unwrap();
        covered += joint_coverage(seven_nodes().integrate(origin.test).unwrap().all(), &region).unwrap();
        count += 1.0;
    }
    let share = covered / count;
    assert!((0.84..0.96).contains(&share), "{share} of {count}");
}

#[test]
fn what_is_known_of_nodes_counts_when_predicting() {
    let history = history(40);
    let mut learning = model(Combine::WlsVar);
    learning.fit(history.view(), nothing().view()).unwrap();
    let h = seven_nodes();
    let free = Constraints::new(&h);
    let plain = learning.predict(history.view()).unwrap();
    assert_eq!(learning.predict_with(history.view(), &free).unwrap().0, plain);
    let known = Constraints::new(&h).fixed("T", 150.0).unwrap().missing_level("Half").unwrap().non_negative();
    let (agreed, report) = learning.predict_with(history.view(), &known).unwrap();
    assert!(agreed.node("T").unwrap().iter().all(|value| (value - 150.0).abs() < 1e-8));
    assert!(report.kkt_residual() <= 1e-10);
    let base = learning.base(history.view()).unwrap();
    let expected = learning.reconciler().unwrap().reconcile_with(base.view(), &known).unwrap().0;
    assert_eq!(agreed, expected, "what the levels that are not asked would say makes no difference");

    let message = |constraints: &Constraints| {
        learning.predict_with(history.view(), constraints).unwrap_err().to_string()
    };
    let other = Hierarchy::temporal(4, &[("row", 1)]).unwrap();
    assert_eq!(
        message(&Constraints::new(&other)),
        "the set of constraints has another hierarchy than the model"
    );
    let unfitted = model(Method::Ols);
    let error = unfitted.predict_with(history.view(), &Constraints::new(&h)).unwrap_err().to_string();
    assert_eq!(error, "level `T` is not fitted");
}

/// A temporal structure: rows are the quarters of a year, columns are years.
#[test]
fn temporal_covariances_are_learnt_from_the_models_too() {
    let year = Hierarchy::temporal(4, &[("year", 4), ("half", 2), ("quarter", 1)]).unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(8);
    let x = Array2::from_shape_simple_fn((4, 2), || rng.random_range(0.0..1.0));
    let y = Array2::from_shape_simple_fn((4, 30), || rng.random_range(0.0..10.0));
    let ridge = Ridge::new(0.5).unwrap();
    for covariance in [TemporalCovariance::Wlsv, TemporalCovariance::SAr1, TemporalCovariance::Shr] {
        let model = MultiGranularityModel::new(&year, Combine::Temporal(covariance)).unwrap();
        let mut model = model.with_models_for_all(|_| ridge);
        model.fit(x.view(), y.view()).unwrap();
        let residuals = &year.integrate(y.view()).unwrap().all() - &model.base(x.view()).unwrap();
        let expected = Reconciler::new(&year, Method::Temporal(covariance, residuals)).unwrap();
        let base = model.base(x.view()).unwrap();
        assert_eq!(model.predict(x.view()).unwrap(), expected.reconcile(base.view()).unwrap());
    }
}
