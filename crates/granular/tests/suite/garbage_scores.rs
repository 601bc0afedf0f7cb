//! Whatever is scored, rolled over, blended, streamed or learnt from: a typed error or an answer. Never a panic.

use granular::ndarray::{Array2, Array3};
use granular::{
    Autoregression, AutoregressionConfig, Combine, ConformalConfig, Estimator, Evaluation, Features,
    Hierarchy, MultiGranularityModel, Penalty, Region, Ridge, RollingOrigins, Stacking, Window,
};
use proptest::prelude::*;

use crate::support::{seeded, seven_nodes};

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        8 => -10.0..10.0,
        1 => prop::sample::select(vec![
            0.0, -0.0, 1e308, -1e308, 1e-308, 5e-324, 1e155, f64::NAN, f64::INFINITY, f64::NEG_INFINITY
        ]),
    ]
}

fn matrix(rows: usize, columns: usize) -> impl Strategy<Value = Array2<f64>> {
    prop::collection::vec(number(), rows * columns)
        .prop_map(move |values| Array2::from_shape_vec((rows, columns), values).unwrap())
}

/// Mostly finite, so that most of what is asked for is done.
fn tame(rows: usize, columns: usize) -> impl Strategy<Value = Array2<f64>> {
    let value = prop_oneof![20 => -10.0..10.0, 5 => Just(0.0), 1 => Just(1e300)];
    prop::collection::vec(value, rows * columns)
        .prop_map(move |values| Array2::from_shape_vec((rows, columns), values).unwrap())
}

proptest! {
    #![proptest_config(seeded(200))]

    #[test]
    fn evaluations(
        past in tame(4, 5),
        came in (0usize..3).prop_flat_map(|k| tame(4, k)),
        forecast in (6usize..8, 0usize..3).prop_flat_map(|(rows, k)| matrix(rows, k)),
        samples in prop::collection::vec(number(), 7 * 2 * 3),
        season in 0usize..6,
    ) {
        let h = seven_nodes();
        let (Ok(training), Ok(actual)) = (h.integrate(past.view()), h.integrate(came.view())) else { return Ok(()) };
        let Ok(mut evaluation) = Evaluation::new(&actual, &training, season) else { return Ok(()) };
        let _ = evaluation.add_comparisons(&training, season, forecast.view());
        let _ = evaluation.add("x", forecast.view());
        let samples = Array3::from_shape_vec((7, 2, 3), samples).unwrap();
        let _ = evaluation.add_samples("x", samples.view(), Estimator::Fair);
        let _ = evaluation.add_gaussian("x", forecast.view(), forecast.view());
        let _ = evaluation.add_region("x", &Region { lower: forecast.clone(), upper: forecast.clone() });
        let mut csv = Vec::new();
        evaluation.scores().write_csv(&mut csv).unwrap();
        prop_assert!(csv.starts_with(b"metric,level,forecast,all"));
        let _ = evaluation.to_string();
    }

    #[test]
    fn origins(columns in 0usize..12, first in 0usize..12, step in 0usize..4, horizon in 0usize..6, width in 0usize..6) {
        let data = Array2::from_shape_fn((4, columns), |(i, t)| (i * t) as f64);
        for window in [Window::Expanding, Window::Sliding(width)] {
            let rolling = RollingOrigins { first, step, horizon, window };
            if let Ok(origins) = rolling.over(data.view()) {
                let (said, mut count) = (origins.len(), 0);
                for origin in origins {
                    prop_assert!(origin.at + horizon <= columns && origin.training.ncols() <= origin.at);
                    count += 1;
                }
                prop_assert_eq!(said, count);
                prop_assert!(count > 0);
            }
        }
    }

    #[test]
    fn stacks(actual in tame(4, 3), one in matrix(7, 3), other in tame(7, 3), penalty in number()) {
        let h = seven_nodes();
        let Ok(actual) = h.integrate(actual.view()) else { return Ok(()) };
        for past in [vec![one.view(), other.view()], vec![other.view(), other.view(), other.view()]] {
            if let Ok(stacking) = Stacking::fit(&actual, &past, penalty) {
                for level in h.levels() {
                    let weights = stacking.weights(level.name()).unwrap();
                    prop_assert!((weights.iter().sum::<f64>() - 1.0).abs() < 1e-9, "{:?}", weights);
                    prop_assert!(weights.iter().all(|&w| w >= 0.0));
                }
                let _ = stacking.combine(&past);
            }
        }
    }

    #[test]
    fn streams(values in prop::collection::vec(number(), 0..40), m in 1usize..6, stride in 0usize..8) {
        let h = Hierarchy::temporal(m, &[("all", m), ("one", 1)]).unwrap();
        let series = Array2::from_shape_vec((values.len(), 1), values.clone()).unwrap();
        if let Ok(windows) = h.windows(series.view(), stride) {
            let count = windows.len();
            prop_assert_eq!(count, windows.clone().count());
            if let Ok(table) = windows.table() {
                prop_assert_eq!(table.dim(), (count, h.len()));
                prop_assert!(table.iter().all(|value| value.is_finite()));
            }
        }
        let Ok(mut stream) = h.stream(1, stride) else { return Ok(()) };
        for value in values {
            if let Ok(Some(window)) = stream.push(&[value]) {
                prop_assert!(window.all().iter().all(|value| value.is_finite()));
            }
        }
    }
}

proptest! {
    #![proptest_config(seeded(60))]

    #[test]
    fn learning(
        x in (0usize..14).prop_flat_map(|columns| tame(4, columns)),
        y in (0usize..3).prop_flat_map(|columns| tame(4, columns)),
        columns in prop::option::of(0usize..9),
        alpha in 0.01..1.2,
    ) {
        let config = AutoregressionConfig { lags: 2, season: 2, horizon: 1, features: Features::Lags };
        let forecaster = Autoregression::new(Ridge::new(0.1).unwrap(), config).unwrap();
        let erm = Combine::Erm { columns, penalty: Penalty::Ridge(1.0) };
        for combine in [Combine::WlsVar, Combine::MintCov, Combine::MintShrink, erm] {
            let mut model =
                MultiGranularityModel::new(&seven_nodes(), combine).unwrap().with_models_for_all(|_| forecaster.clone());
            if model.fit(x.view(), y.view()).is_err() {
                prop_assert!(model.reconciler().is_err(), "all or nothing");
                continue;
            }
            let rolling = RollingOrigins { first: 5, ..Default::default() };
            if let Ok(origins) = rolling.over(x.view()) {
                let config = ConformalConfig { alpha, ..Default::default() };
                let _ = model.weigh(origins.clone().map(|o| (o.training, o.test)));
                let _ = model.calibrate(origins.map(|o| (o.training, o.test)), &config);
            }
            if let Ok(agreed) = model.predict(x.view()) {
                prop_assert!(agreed.all().iter().all(|value| value.is_finite()));
            }
            let _ = model.predict_region(x.view());
        }
    }
}
