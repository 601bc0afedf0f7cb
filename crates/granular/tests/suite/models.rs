//! The model of all granularities, with fake models that keep what they saw.

use std::sync::{Arc, Mutex};

use granular::{
    Autoregression, AutoregressionConfig, Error, FittedModel, Given, Hierarchy, Inputs, Method, Model,
    MultiGranularityModel, Result, Ridge, SeasonalNaive,
};
use tensor::ndarray::{Array2, ArrayView2, array};

use crate::support::seven_nodes;

/// Keeps the data it was fitted on, and predicts as many copies of its inputs' row sums as it is told.
#[derive(Clone, Default)]
struct Recorder {
    seen: Arc<Mutex<Vec<[Array2<f64>; 2]>>>,
    copies: usize,
}

struct RowSums(usize);

impl Model for Recorder {
    fn fit(&self, x: ArrayView2<'_, f64>, y: ArrayView2<'_, f64>) -> Result<Box<dyn FittedModel>> {
        self.seen.lock().unwrap().push([x.to_owned(), y.to_owned()]);
        Ok(Box::new(RowSums(self.copies)))
    }
}

impl FittedModel for RowSums {
    fn predict(&self, x: ArrayView2<'_, f64>) -> Result<Array2<f64>> {
        Ok(Array2::from_shape_fn((x.nrows(), self.0), |(row, _)| x.row(row).sum()))
    }
}

/// Always fails.
struct Broken;

impl Model for Broken {
    fn fit(&self, _: ArrayView2<'_, f64>, _: ArrayView2<'_, f64>) -> Result<Box<dyn FittedModel>> {
        Err(Error::model("the loss is not finite"))
    }
}

fn recorder(copies: usize) -> Recorder {
    Recorder { copies, ..Recorder::default() }
}

fn empty() -> MultiGranularityModel {
    MultiGranularityModel::new(&seven_nodes(), Method::Ols).unwrap()
}

fn units() -> Array2<f64> {
    array![[1.0, 10.0], [2.0, 20.0], [3.0, 30.0], [4.0, 40.0]]
}

#[test]
fn every_level_sees_its_own_sums() {
    let half = recorder(1);
    let mut model = empty().with_models_for_all(|_| recorder(1)).with_model("Half", half.clone()).unwrap();
    model.fit(units().view(), array![[1.0], [1.0], [1.0], [5.0]].view()).unwrap();
    let seen = half.seen.lock().unwrap().clone();
    assert_eq!(seen, [[array![[3.0, 30.0], [7.0, 70.0]], array![[2.0], [6.0]]]]);

    // Row sums of summed inputs add up by themselves, so reconciling changes nothing.
    let base = model.base(units().view()).unwrap();
    assert_eq!(base, array![[110.0], [33.0], [77.0], [11.0], [22.0], [33.0], [44.0]]);
    let predicted = model.predict(units().view()).unwrap();
    assert!((&predicted.all() - &base).iter().all(|gap| gap.abs() < 1e-12));
    assert_eq!(model.predict_granularity("Half", units().view()).unwrap(), array![[33.0], [77.0]]);
}

#[test]
fn inputs_can_be_averaged() {
    let total = recorder(1);
    let model = empty().with_inputs(Inputs::Mean).with_models_for_all(|_| recorder(1));
    let mut model = model.with_model("T", total.clone()).unwrap();
    model.fit(units().view(), array![[1.0], [1.0], [1.0], [5.0]].view()).unwrap();
    let seen = total.seen.lock().unwrap().clone();
    assert_eq!(seen, [[array![[2.5, 25.0]], array![[8.0]]]], "inputs averaged, targets summed");
}

#[test]
fn incoherent_predictions_are_reconciled() {
    let mut model = empty()
        .with_model("T", Given::new(array![[100.0]]).unwrap())
        .and_then(|model| model.with_model("Half", Given::new(array![[55.0], [52.0]]).unwrap()))
        .and_then(|model| {
            model.with_model("Leaf", Given::new(array![[30.0], [20.0], [15.0], [30.0]]).unwrap())
        })
        .unwrap();
    model.fit(units().view(), units().view()).unwrap();
    let predicted = model.predict(units().view()).unwrap();
    assert!((predicted.node("T").unwrap()[0] - 101.285_714_285_714_28).abs() < 1e-9);
    assert_eq!(predicted.gaps(), [0.0; 3]);
}

#[test]
fn fitting_is_all_or_nothing() {
    let mut model = empty().with_models_for_all(|_| recorder(1));
    model.fit(units().view(), units().view()).unwrap();
    let mut model = model.with_model("Leaf", Broken).unwrap();
    let before = model.predict_granularity("T", units().view()).unwrap();
    let error = model.fit(units().view(), units().view()).unwrap_err();
    assert_eq!(error.to_string(), "level `Leaf`: the loss is not finite");
    assert_eq!(model.predict_granularity("T", units().view()).unwrap(), before, "T is still fitted");

    let mut fresh = empty().with_models_for_all(|_| recorder(1)).with_model("Leaf", Broken).unwrap();
    assert!(fresh.fit(units().view(), units().view()).is_err());
    let error = fresh.predict_granularity("T", units().view()).unwrap_err().to_string();
    assert_eq!(error, "level `T` is not fitted");
}

#[test]
fn one_granularity_alone() {
    let half = recorder(2);
    let mut model = empty().with_model("Half", half.clone()).unwrap();
    let error = model.fit(units().view(), units().view()).unwrap_err().to_string();
    assert_eq!(error, "level `T` has no model");
    model.fit_granularity("Half", units().view(), units().view()).unwrap();
    model.fit_granularity_on("Half", array![[1.0], [2.0]].view(), array![[3.0], [4.0]].view()).unwrap();
    let seen = half.seen.lock().unwrap().clone();
    assert_eq!(seen[0][0], array![[3.0, 30.0], [7.0, 70.0]]);
    assert_eq!(seen[1], [array![[1.0], [2.0]], array![[3.0], [4.0]]]);
    assert_eq!(
        model.predict_granularity("Half", units().view()).unwrap(),
        array![[33.0, 33.0], [77.0, 77.0]]
    );

    let error = model.fit_granularity_on("Half", units().view(), units().view()).unwrap_err().to_string();
    assert_eq!(error, "level `Half`: inputs: expected 2 rows, got 4");
    assert_eq!(model.predict(units().view()).unwrap_err().to_string(), "level `T` has no model");
    let debug = format!("{model:?}");
    assert!(debug.contains(r#"["no model", "fitted", "no model"]"#), "{debug}");
}

#[test]
fn levels_must_predict_alike() {
    let model = empty().with_models_for_all(|level| recorder(if level.name() == "Leaf" { 3 } else { 2 }));
    let mut model = model;
    model.fit(units().view(), units().view()).unwrap();
    let error = model.base(units().view()).unwrap_err().to_string();
    assert_eq!(error, "level `Leaf`: expected 2 predicted columns as in level `T`, got 3");

    let mut model = empty().with_models_for_all(|_| Given::new(array![[1.0]]).unwrap());
    let error = model.fit(units().view(), units().view()).unwrap_err().to_string();
    assert_eq!(error, "level `Half`: given predictions: expected 2 rows, got 1");
}

#[test]
fn series_are_forecast_at_every_level() {
    let shops = seven_nodes();
    // Two years of quarters with a pattern, growing.
    let history = Array2::from_shape_fn((4, 16), |(i, t)| {
        (i + 1) as f64 * (10.0 + [3.0, -1.0, 0.0, 2.0][t % 4] + t as f64)
    });
    let none = Array2::zeros((4, 0));
    let config = AutoregressionConfig { lags: 4, season: 4, horizon: 4, ..Default::default() };
    let ridge = || Autoregression::new(Ridge::new(1e-6).unwrap(), config).unwrap();
    let mut model =
        MultiGranularityModel::new(&shops, Method::WlsStruct).unwrap().with_models_for_all(|_| ridge());
    model.fit(history.view(), none.view()).unwrap();
    let next = model.predict(history.view()).unwrap();
    // Every series grows by 4 times its slope a year, which is what the model finds: exact up to the penalty.
    for (h, value) in next.node("T").unwrap().iter().enumerate() {
        let expected = 10.0 * (10.0 + [3.0, -1.0, 0.0, 2.0][h] + (16 + h) as f64);
        assert!((value - expected).abs() < 1e-3, "step {h}: {value} is not {expected}");
    }
    let mut naive = MultiGranularityModel::new(&shops, Method::BottomUp)
        .unwrap()
        .with_models_for_all(|_| SeasonalNaive::new(4, 4).unwrap());
    naive.fit(history.view(), none.view()).unwrap();
    assert_eq!(naive.predict(history.view()).unwrap().node("A1").unwrap().to_vec(), [25.0, 22.0, 24.0, 27.0]);
}

#[test]
fn a_single_level_is_the_plain_model() {
    let rows = Hierarchy::temporal(4, &[("row", 1)]).unwrap();
    let (x, y) = (units(), array![[1.0], [4.0], [2.0], [8.0]]);
    let ridge = Ridge::new(0.5).unwrap();
    let mut model = MultiGranularityModel::new(&rows, Method::Ols).unwrap().with_models_for_all(|_| ridge);
    model.fit(x.view(), y.view()).unwrap();
    let plain = ridge.fit(x.view(), y.view()).unwrap();
    assert_eq!(model.predict(x.view()).unwrap().all(), plain.predict(x.view()).unwrap());
}

#[test]
fn models_and_results_cross_threads() {
    fn crosses<T: Send + Sync>() {}
    crosses::<MultiGranularityModel>();
    crosses::<Hierarchy>();
    crosses::<granular::Reconciler>();
    crosses::<granular::Coherent>();
    crosses::<granular::Error>();
    assert_eq!(size_of::<granular::Error>(), size_of::<usize>(), "an error is cheap to pass on");
}
