//! Tables of scores against numbers made by hand, and pooled over origins.

use granular::{
    ErrorKind, Estimator, Evaluation, Hierarchy, Method, Metric, Reconciler, Region, RollingOrigins, Samples,
    Scores, Window, seasonal_naive,
};
use proptest::prelude::*;
use tensor::ndarray::{Array1, Array2, Array3, Axis, Slice, array};

use crate::support::{distance, seeded, seven_nodes};
use crate::tourism::{Tourism, tourism};

fn year() -> Hierarchy {
    Hierarchy::temporal(2, &[("year", 2), ("half", 1)]).unwrap()
}

/// Scales 2 and 1 of the halves, 3 of the year; what came is 4 and 7, then 6 and 6.
fn evaluation() -> Evaluation {
    let h = year();
    let training = h.integrate(array![[1.0, 3.0, 5.0], [1.0, 2.0, 3.0]].view()).unwrap();
    let actual = h.integrate(array![[4.0, 6.0], [7.0, 6.0]].view()).unwrap();
    let mut evaluation = Evaluation::new(&actual, &training, 1).unwrap();
    evaluation.add("a", array![[12.0, 9.0], [4.0, 10.0], [6.0, 6.0]].view()).unwrap();
    evaluation
}

fn close(got: f64, expected: f64) {
    assert!((got - expected).abs() <= 1e-12 * expected.abs().max(1.0), "{got} is not {expected}");
}

#[test]
fn every_metric_by_hand() {
    let evaluation = evaluation();
    let scores = evaluation.scores();
    // Errors: year −1, 3; halves 0, −4 and 1, 0.
    for (metric, level, expected) in [
        (Metric::Rmse, "year", 5f64.sqrt()),
        (Metric::Rmse, "half", (8f64.sqrt() + 0.5f64.sqrt()) / 2.0),
        (Metric::Mae, "half", (2.0 + 0.5) / 2.0),
        (Metric::Mase, "year", 2.0 / 3.0),
        (Metric::Mase, "half", (1.0 + 0.5) / 2.0),
        (Metric::Rmsse, "year", 5f64.sqrt() / 3.0),
        (Metric::Rmsse, "half", (2f64.sqrt() + 0.5f64.sqrt()) / 2.0),
        (Metric::Smape, "year", (200.0 / 23.0 + 600.0 / 21.0) / 2.0),
        // The year says 12 and 9, its halves add up to 10 and 16.
        (Metric::Gap, "year", 7.0),
        (Metric::Gap, "half", 0.0),
    ] {
        close(scores.level("a", level, metric).unwrap(), expected);
    }
    assert_eq!(scores.steps("a", "year", Metric::Gap).unwrap(), [2.0, 7.0]);
    assert_eq!(scores.steps("a", "half", Metric::Mae).unwrap(), [0.5, 2.0]);
    assert_eq!(scores.steps("a", "half", Metric::Rmse).unwrap(), [0.5, 2.0]);
    assert_eq!(scores.overall_steps("a", Metric::Mae).unwrap(), [2.0 / 3.0, 7.0 / 3.0]);
    assert!(scores.overall("a", Metric::Crps).unwrap().is_nan(), "no distribution was given");
    assert!(scores.overall("a", Metric::Coverage).unwrap().is_nan());
    assert!(!scores.to_string().contains("CRPS"));
}

#[test]
fn distributions_and_regions() {
    let mut evaluation = evaluation();
    let h = year();
    let samples = Array3::from_shape_fn((3, 2, 3), |(i, c, s)| (i * 3 + c * 5 + s * 7 % 4) as f64);
    evaluation.add_samples("a", samples.view(), Estimator::Fair).unwrap();
    let actual = h.integrate(array![[4.0, 6.0], [7.0, 6.0]].view()).unwrap();
    let expected = granular::crps_samples(actual.all(), samples.view(), Estimator::Fair).unwrap();
    assert!((&evaluation.nodes("a", Metric::Crps).unwrap() - &expected).iter().all(|d| d.abs() < 1e-14));
    let region = Region {
        lower: array![[10.0, 0.0], [3.0, 3.0], [0.0, 0.0]],
        upper: array![[12.0, 1.0], [5.0, 5.0], [1.0, 6.0]],
    };
    evaluation.add_region("a", &region).unwrap();
    assert_eq!(evaluation.level("a", "year", Metric::Coverage).unwrap(), 0.5);
    assert_eq!(evaluation.scores().steps("a", "half", Metric::Coverage).unwrap(), [0.5, 0.5]);
    assert!(evaluation.to_string().contains("\nCoverage     a\nyear      0.50\n"), "{evaluation}");
    // The year is inside at the first step alone, both halves together never.
    assert_eq!(evaluation.scores().steps("a", "year", Metric::JointCoverage).unwrap(), [1.0, 0.0]);
    assert_eq!(evaluation.scores().steps("a", "half", Metric::JointCoverage).unwrap(), [0.0, 0.0]);
    let all = evaluation.overall("a", Metric::JointCoverage).unwrap();
    assert_eq!(all, granular::joint_coverage(actual.all(), &region).unwrap());
    let year_alone = evaluation.clone().with_overall(&["year"]).unwrap();
    assert_eq!(year_alone.overall("a", Metric::JointCoverage).unwrap(), 0.5);
    let [joint, single] =
        [Metric::JointCoverage, Metric::Coverage].map(|m| evaluation.nodes("a", m).unwrap());
    assert_eq!(joint, single);
    let both = Scores::pool([evaluation.scores().clone(), evaluation.scores().clone()]).unwrap();
    assert_eq!(both.level("a", "year", Metric::JointCoverage).unwrap(), 0.5);
    // Gaussians in place of the samples.
    let (mean, deviation) = (Array2::zeros((3, 2)), Array2::ones((3, 2)));
    evaluation.add_gaussian("a", mean.view(), deviation.view()).unwrap();
    let expected = granular::crps_gaussian(actual.all(), mean.view(), deviation.view()).unwrap();
    assert_eq!(evaluation.nodes("a", Metric::Crps).unwrap(), expected);
}

#[test]
fn refusals() {
    let message = |result: granular::Result<()>| result.unwrap_err().to_string();
    let mut evaluation = evaluation();
    let samples = Array3::zeros((3, 2, 3));
    assert_eq!(
        message(evaluation.add_samples("b", samples.view(), Estimator::Fair)),
        "forecast `b` is not in the evaluation"
    );
    assert_eq!(
        message(evaluation.add_samples(
            "a",
            samples.index_axis(Axis(1), 0).insert_axis(Axis(1)).view(),
            Estimator::Fair
        )),
        "samples: expected 2 columns, got 1"
    );
    assert_eq!(
        message(evaluation.add("b", Array2::zeros((3, 1)).view())),
        "forecast: expected 2 columns, got 1"
    );
    // One of the three comparisons fails: none is added.
    let short = year().integrate(Array2::zeros((2, 0)).view()).unwrap();
    assert_eq!(
        message(evaluation.add_comparisons(&short, 1, Array2::zeros((3, 2)).view())),
        "history: expected at least 1 columns, got 0"
    );
    assert_eq!(evaluation.scores().forecasts().collect::<Vec<_>>(), ["a"]);
    let nothing = year().integrate(Array2::zeros((2, 0)).view()).unwrap();
    let training = year().integrate(Array2::ones((2, 3)).view()).unwrap();
    assert_eq!(
        Evaluation::new(&nothing, &training, 1).unwrap_err().to_string(),
        "columns to compare: expected at least one, got none"
    );
}

#[test]
fn scores_that_do_not_belong_together_are_not_pooled() {
    let whole = evaluation().into_scores();
    let error = |other: Scores| Scores::pool([whole.clone(), other]).unwrap_err().to_string();
    let h = year();
    let training = h.integrate(array![[1.0, 3.0, 5.0], [1.0, 2.0, 3.0]].view()).unwrap();
    let actual = |k: usize| h.integrate(Array2::ones((2, k)).view()).unwrap();
    let empty = Evaluation::new(&actual(2), &training, 1).unwrap();
    assert_eq!(error(empty.clone().into_scores()), "forecast `a` is not in the evaluation");
    let mut more = evaluation();
    more.add("b", Array2::zeros((3, 2)).view()).unwrap();
    assert_eq!(error(more.into_scores()), "forecast `b` is not in the evaluation");
    let mut sampled = evaluation();
    sampled.add_samples("a", Array3::zeros((3, 2, 3)).view(), Estimator::Fair).unwrap();
    assert_eq!(error(sampled.into_scores()), "forecast `a` is with the same metrics not in the evaluation");
    let shorter = Evaluation::new(&actual(1), &training, 1).unwrap().into_scores();
    assert_eq!(error(shorter), "scores: expected 2 steps, got 1");
    let seven = seven_nodes().integrate(Array2::ones((4, 2)).view()).unwrap();
    let other = Evaluation::new(&seven, &seven, 1).unwrap().into_scores();
    assert_eq!(error(other), "the scores of one origin has another hierarchy than the ones before");
    assert_eq!(Scores::pool([]).unwrap_err().to_string(), "scores to pool: expected at least one, got none");
}

#[test]
fn csv_and_a_failed_write() {
    let scores = evaluation().into_scores();
    let mut csv = Vec::new();
    scores.write_csv(&mut csv).unwrap();
    let csv = String::from_utf8(csv).unwrap();
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines[0], "metric,level,forecast,all,h1,h2");
    assert_eq!(lines.len(), 1 + 6 * 3, "six metrics, two levels and Overall");
    assert!(lines.contains(&"Gap,year,a,7,2,7"));
    let folder = std::env::temp_dir().join(format!("granular-scores-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("scores.csv");
    scores.save_csv(&path).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), csv);
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1, "nothing is left beside it");
    let error = scores.save_csv(folder.join("absent").join("scores.csv")).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::File { .. }), "{error}");
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn rolling_origins_never_see_the_future() {
    let series = Array2::from_shape_fn((2, 11), |(i, t)| (100 * i + t) as f64);
    for window in [Window::Expanding, Window::Sliding(3)] {
        for (first, step, horizon) in [(3, 1, 1), (3, 2, 4), (5, 3, 2), (8, 1, 3), (3, 100, 1)] {
            let rolling = RollingOrigins { first, step, horizon, window };
            let origins = rolling.over(series.view()).unwrap();
            let expected = (11 - horizon - first) / step + 1;
            assert_eq!(origins.len(), expected);
            let origins: Vec<_> = origins.collect();
            assert_eq!(origins.len(), expected);
            for (i, origin) in origins.iter().enumerate() {
                assert_eq!(origin.at, first + i * step);
                assert_eq!(origin.test.ncols(), horizon);
                let seen = if window == Window::Expanding { origin.at } else { 3 };
                assert_eq!(origin.training.ncols(), seen);
                assert_eq!(
                    origin.training[[1, seen - 1]],
                    (100 + origin.at - 1) as f64,
                    "the last known column"
                );
                assert_eq!(origin.test[[0, 0]], origin.at as f64, "the next one");
            }
        }
    }
}

#[test]
fn origins_that_cannot_be_are_refused() {
    let series = Array2::<f64>::zeros((1, 5));
    let error = |rolling: RollingOrigins| rolling.over(series.view()).unwrap_err().to_string();
    let good = RollingOrigins { first: 3, step: 1, horizon: 2, window: Window::Expanding };
    assert_eq!(good.over(series.view()).unwrap().len(), 1);
    for (rolling, expected) in [
        (RollingOrigins { first: 0, ..good }, "first origin: expected at least 1, got 0"),
        (RollingOrigins { step: 0, ..good }, "step: expected at least 1, got 0"),
        (RollingOrigins { horizon: 0, ..good }, "horizon: expected at least 1, got 0"),
        (
            RollingOrigins { first: 4, ..good },
            "series for rolling origins: expected at least 6 columns, got 5",
        ),
        (
            RollingOrigins { window: Window::Sliding(4), ..good },
            "sliding window: expected at least 1 and at most the first origin, got 4",
        ),
        (
            RollingOrigins { window: Window::Sliding(0), ..good },
            "sliding window: expected at least 1 and at most the first origin, got 0",
        ),
    ] {
        assert_eq!(error(rolling), expected);
    }
    let huge = RollingOrigins { first: usize::MAX, horizon: usize::MAX, ..good };
    assert!(error(huge).starts_with("series for rolling origins"));
}

#[test]
fn an_error_names_its_origin() {
    let data = year().integrate(Array2::ones((2, 8)).view()).unwrap();
    let rolling = RollingOrigins { first: 3, ..Default::default() };
    let error = rolling
        .evaluate(&data, 1, |training, evaluation| {
            let columns = if training.columns() == 6 { 2 } else { 1 };
            evaluation.add("x", Array2::zeros((3, columns)).view())
        })
        .unwrap_err();
    assert_eq!(error.to_string(), "origin 6: forecast: expected 1 columns, got 2");
    let error = rolling.evaluate(&data, 3, |_, _| Ok(())).unwrap_err();
    assert_eq!(error.to_string(), "origin 3: training part: expected at least 4 columns, got 3");
}

#[test]
fn pooling_is_the_mean_over_origins() {
    let h = seven_nodes();
    let finest = Array2::from_shape_fn((4, 24), |(i, t)| ((i * 37 + t * t * 13) % 29) as f64);
    let data = h.integrate(finest.view()).unwrap();
    let rolling = RollingOrigins { first: 10, step: 3, horizon: 4, window: Window::Sliding(9) };
    let mut each: Vec<Evaluation> = Vec::new();
    let scores = rolling
        .evaluate(&data, 2, |training, evaluation| {
            assert_eq!(training.columns(), 9);
            evaluation.add("naive", seasonal_naive(training.all(), 2, 4)?.view())?;
            each.push(evaluation.clone());
            Ok(())
        })
        .unwrap();
    assert_eq!((scores.origins(), each.len(), scores.columns()), (4, 4, 4));
    for metric in [Metric::Mae, Metric::Mase, Metric::Smape] {
        let mean = each.iter().map(|one| one.level("naive", "Leaf", metric).unwrap()).sum::<f64>() / 4.0;
        close(scores.level("naive", "Leaf", metric).unwrap(), mean);
        let steps = scores.steps("naive", "Leaf", metric).unwrap();
        close(steps.iter().sum::<f64>() / 4.0, mean);
    }
    // The root of the mean square over origins and steps.
    let squares = each.iter().map(|one| one.level("naive", "T", Metric::Rmse).unwrap().powi(2)).sum::<f64>();
    close(scores.level("naive", "T", Metric::Rmse).unwrap(), (squares / 4.0).sqrt());
}

/// Steps of 17 origins on tourism: the mean over (origin, step) pairs is the figure known for the seasonal naive one.
#[test]
fn tourism_by_rolling_origins() {
    let Some(Tourism { hierarchy, training, actual, .. }) = tourism() else { return };
    let finest = tensor::ndarray::concatenate![Axis(1), training.finest(), actual.finest()];
    let data = hierarchy.integrate(finest.view()).unwrap();
    let rolling = RollingOrigins { first: 56, step: 1, horizon: 8, window: Window::Expanding };
    let reconciler = Reconciler::new(&hierarchy, Method::WlsStruct).unwrap();
    let scores = rolling
        .evaluate(&data, 4, |training, evaluation| {
            let base = seasonal_naive(training.all(), 4, 8)?;
            evaluation.add_comparisons(training, 4, base.view())?;
            evaluation.add("wls_struct", reconciler.reconcile(base.view())?.all())
        })
        .unwrap();
    assert_eq!(scores.origins(), 17);
    for name in ["base", "bottom-up", "seasonal naive", "wls_struct"] {
        // The seasonal naive forecast adds up already, so all four are the same.
        assert_eq!(format!("{:.3}", scores.overall(name, Metric::Mase).unwrap()), "1.144", "{name}");
    }
    let steps = scores.overall_steps("base", Metric::Mase).unwrap();
    assert!((steps.iter().sum::<f64>() / 8.0 - scores.overall("base", Metric::Mase).unwrap()).abs() < 1e-12);
    assert!(steps[7] > steps[0], "further is harder: {steps:?}");
}

#[test]
fn a_comparison_of_all_methods_has_the_three_to_beat() {
    let Some(Tourism { training, actual, base, .. }) = tourism() else { return };
    let evaluation = Evaluation::compare(&actual, &training, 4, base.view()).unwrap();
    let names: Vec<&str> = evaluation.scores().forecasts().collect();
    assert_eq!(names, ["base", "bottom-up", "seasonal naive"]);
    let mase = |name| format!("{:.2}", evaluation.level(name, "Total", Metric::Mase).unwrap());
    assert_eq!(names.into_iter().map(mase).collect::<Vec<_>>(), ["1.59", "3.16", "1.96"]);
    assert!(evaluation.overall("base", Metric::Gap).unwrap() > 1.0);
    assert!(evaluation.overall("bottom-up", Metric::Gap).unwrap() < 1e-9);
}

#[test]
fn samples_of_a_reconciled_forecast_are_scored() {
    let h = year();
    let reconciler = Reconciler::new(&h, Method::Ols).unwrap();
    let base = Array3::from_shape_fn((3, 2, 5), |(i, c, s)| (i + 2 * c + 3 * s) as f64);
    let samples = Samples::reconcile(&reconciler, base.view()).unwrap();
    let mut evaluation = evaluation();
    evaluation.add("mean", samples.mean().unwrap().all()).unwrap();
    evaluation.add_samples("mean", samples.all(), Estimator::Fair).unwrap();
    assert!(evaluation.overall("mean", Metric::Crps).unwrap() > 0.0);
    assert!(evaluation.overall("a", Metric::Crps).unwrap().is_nan());
    let table = evaluation.scores().table(Metric::Crps);
    assert!(table.lines().nth(1).unwrap().contains(" - "), "{table}");
    assert!(
        distance(
            &evaluation.nodes("mean", Metric::Gap).unwrap().insert_axis(Axis(1)),
            &Array2::zeros((3, 1))
        ) < 1e-12
    );
}

fn matrix(rows: usize, columns: usize) -> impl Strategy<Value = Array2<f64>> {
    prop::collection::vec(-10.0..10.0, rows * columns)
        .prop_map(move |values| Array2::from_shape_vec((rows, columns), values).unwrap())
}

fn near(got: &Array1<f64>, expected: &Array1<f64>) -> bool {
    let same = |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-9 * b.abs().max(1.0) || a.is_nan() && b.is_nan();
    got.iter().zip(expected).all(same)
}

proptest! {
    #![proptest_config(seeded(64))]

    /// The table holds what the functions give, over one origin and step by step.
    #[test]
    fn scores_are_those_of_the_functions(
        past in matrix(4, 7),
        came in matrix(4, 3),
        forecast in matrix(7, 3),
        width in 0.0..9.0f64,
        constant in any::<bool>(),
    ) {
        let h = seven_nodes();
        let mut past = past;
        if constant {
            past.row_mut(2).fill(3.0);
        }
        let (training, actual) = (h.integrate(past.view()).unwrap(), h.integrate(came.view()).unwrap());
        let mut evaluation = Evaluation::new(&actual, &training, 2).unwrap();
        evaluation.add("x", forecast.view()).unwrap();
        let region = Region { lower: &forecast - width, upper: &forecast + width };
        evaluation.add_region("x", &region).unwrap();
        let scales = granular::seasonal_scale(training.all(), 2).unwrap();
        let squared = granular::squared_seasonal_scale(training.all(), 2).unwrap();
        let of = |from: usize, to: usize| {
            let cut = |values: &Array2<f64>| values.slice_axis(Axis(1), Slice::from(from..to)).to_owned();
            let (y, f) = (cut(&actual.all().to_owned()), cut(&forecast));
            let region = Region { lower: cut(&region.lower), upper: cut(&region.upper) };
            [
                (Metric::Rmse, granular::rmse(y.view(), f.view()).unwrap()),
                (Metric::Mae, granular::mae(y.view(), f.view()).unwrap()),
                (Metric::Mase, granular::mase(y.view(), f.view(), &scales).unwrap()),
                (Metric::Rmsse, granular::rmsse(y.view(), f.view(), &squared).unwrap()),
                (Metric::Smape, granular::smape(y.view(), f.view()).unwrap()),
                (Metric::Coverage, granular::coverage(y.view(), &region).unwrap()),
            ]
        };
        for (metric, expected) in of(0, 3) {
            prop_assert!(near(&evaluation.nodes("x", metric).unwrap(), &expected), "{metric:?}");
            let leaves: Vec<f64> = expected.iter().skip(3).copied().filter(|v| !v.is_nan()).collect();
            let mean = leaves.iter().sum::<f64>() / leaves.len() as f64;
            prop_assert!((evaluation.level("x", "Leaf", metric).unwrap() - mean).abs() < 1e-9, "{metric:?}");
        }
        for step in 0..3 {
            for (metric, expected) in of(step, step + 1) {
                let got = evaluation.scores().steps("x", "T", metric).unwrap()[step];
                prop_assert!((got - expected[0]).abs() <= 1e-9 * expected[0].abs().max(1.0), "{metric:?}");
            }
        }
        let gaps = granular::coherence_gap(&h, forecast.view()).unwrap();
        for (level, gap) in h.levels().zip(gaps) {
            prop_assert_eq!(evaluation.level("x", level.name(), Metric::Gap).unwrap(), gap);
        }
        let joint = granular::joint_coverage(actual.all(), &region).unwrap();
        prop_assert!((evaluation.overall("x", Metric::JointCoverage).unwrap() - joint).abs() < 1e-12);
    }
}
