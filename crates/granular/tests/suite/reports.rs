//! What users of other libraries have reported, each as a test that says what holds here.
//!
//! Named after the reports: hierarchicalforecast, neuralforecast, fable, fabletools, sktime, gcForest, MAPIE, EnbPI.
//! Their other reports are tested where they belong: node statuses, names in any order.

use granular::ndarray::{Array1, Array2, ArrayView2, Axis, array};
use granular::{
    Bootstrap, BootstrapConfig, Coherent, Combine, Conformal, ConformalConfig, Erm, ErrorKind, FittedModel,
    Gaussian, Hierarchy, Method, Model, MultiGranularityModel, Penalty, Reconciler, Result, Samples, Scope,
    TemporalCovariance, TopDown, coherence_gap,
};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use tensor::ndarray::Slice;

use crate::support::{distance, seven_nodes};

fn rng() -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(11)
}

/// Residuals of independent leaves, and of aggregates that miss a little on their own.
fn residuals(h: &Hierarchy, columns: usize) -> Array2<f64> {
    let mut rng = rng();
    let leaves = Array2::from_shape_simple_fn((h.finest_len(), columns), || rng.random_range(-1.0..1.0));
    let mut all = h.integrate(leaves.view()).unwrap().into_inner();
    all.mapv_inplace(|value| value + 0.3 * rng.random_range(-1.0..1.0));
    all
}

/// One of each method, with data for seven nodes.
fn every_method() -> Vec<Method> {
    let h = seven_nodes();
    let e = residuals(&h, 40);
    let positive = |rows| Array2::from_shape_fn((rows, 12), |(i, t)| (1 + i + t % 3) as f64);
    let erm = Erm {
        actual: h.integrate(positive(4).view()).unwrap().into_inner(),
        fitted: positive(7),
        columns: 12,
        penalty: Penalty::None,
    };
    vec![
        Method::BottomUp,
        Method::Ols,
        Method::WlsStruct,
        Method::Wls(Array1::from_elem(7, 2.0)),
        Method::WlsVar(e.clone()),
        Method::MintCov(e.clone()),
        Method::MintShrink(e),
        Method::Custom(Array2::eye(7) + 0.1),
        Method::TopDown(TopDown::AverageProportions(positive(4))),
        Method::TopDown(TopDown::ProportionAverages(positive(4))),
        Method::TopDown(TopDown::ForecastProportions),
        Method::MiddleOut("Half".to_owned()),
        Method::Erm(erm),
    ]
}

/// "Sums are not exact": they are, to the last bit, and every other way to add up is within the bound that the docs of
/// `Coherent` state.
#[test]
fn hierarchicalforecast_159_sums_are_exact() {
    let h = seven_nodes();
    let mut rng = rng();
    for method in every_method() {
        let reconciler = Reconciler::new(&h, method.clone()).unwrap();
        for size in [1e-9, 1.0, 1e7, 1e15] {
            let base =
                Array2::from_shape_simple_fn((7, 5), || size * rng.random_range(0.001..1.0f64).powi(5));
            let agreed = reconciler.reconcile(base.view()).unwrap();
            assert_eq!(agreed.gaps(), [0.0; 3], "{method:?}");
            for c in 0..5 {
                let b: Vec<f64> = agreed.finest().column(c).to_vec();
                assert_eq!(agreed.node("T").unwrap()[c], b[0] + b[1] + b[2] + b[3]);
                assert_eq!(agreed.node("B").unwrap()[c], b[2] + b[3]);
                let bound = 2.0 * 3.0 * f64::EPSILON / 2.0 * b.iter().map(|v| v.abs()).sum::<f64>();
                let halves = agreed.level("Half").unwrap().column(c).sum();
                assert!((halves - agreed.node("T").unwrap()[c]).abs() <= bound, "{method:?}");
            }
        }
    }
}

/// "Zero-inflated series fail": nodes without any error get a floor and are named; nothing fails, nothing is NaN.
#[test]
fn hierarchicalforecast_225_zero_inflated_series() {
    let h = seven_nodes();
    let mut intermittent = Array2::zeros((4, 30));
    // A1 sells now and then, all others never.
    for t in [3, 11, 12, 27] {
        intermittent[[0, t]] = (t % 5) as f64 + 1.0;
    }
    let e = h.integrate(intermittent.view()).unwrap().into_inner();
    let base = array![[4.0], [3.0], [0.0], [2.0], [0.0], [0.0], [0.0]];
    for (name, method) in [
        ("wls_var", Method::WlsVar(e.clone())),
        ("mint_cov", Method::MintCov(e.clone())),
        ("mint_shrink", Method::MintShrink(e.clone())),
    ] {
        let reconciler = Reconciler::new(&h, method).unwrap();
        let warned: Vec<&str> = reconciler.preparation().replaced.iter().map(|r| r.node.as_str()).collect();
        assert_eq!(warned, ["B", "A2", "B1", "B2"], "{name}");
        let text = reconciler.preparation().to_string();
        assert!(text.contains("level `Leaf`, node `B2`: the data give no variance, in use is "), "{text}");
        let agreed = reconciler.reconcile(base.view()).unwrap();
        assert!(agreed.all().iter().all(|value| value.is_finite()));
        assert_eq!(agreed.gaps(), [0.0; 3]);
        if name == "wls_var" {
            assert!(agreed.node("B").unwrap()[0].abs() < 1e-3, "what has never erred hardly moves");
            assert!(agreed.node("A1").unwrap()[0] > 2.5, "what errs gives way");
        }
    }
    // All nodes are zero all the time: the structure alone weighs.
    let zeros = Array2::zeros((7, 30));
    let by_structure = Reconciler::new(&h, Method::WlsStruct).unwrap().reconcile(base.view()).unwrap();
    for method in [Method::WlsVar(zeros.clone()), Method::MintShrink(zeros.clone())] {
        let reconciler = Reconciler::new(&h, method).unwrap();
        assert_eq!(reconciler.preparation().replaced.len(), 7);
        let agreed = reconciler.reconcile(base.view()).unwrap();
        assert!(distance(&agreed.into_inner(), &by_structure.all().to_owned()) < 1e-9);
    }
    // Proportions of nothing: equal shares, named.
    for top_down in [TopDown::AverageProportions(zeros.clone()), TopDown::ProportionAverages(zeros)] {
        let reconciler = Reconciler::new(&h, Method::TopDown(top_down)).unwrap();
        assert_eq!(reconciler.preparation().replaced[0].quantity, "proportion");
        assert_eq!(reconciler.reconcile(base.view()).unwrap().node("B1").unwrap()[0], 1.0);
    }
}

/// "Enormous memory": S has one entry for each unit and level, and nothing of the size n² exists. How many bytes there
/// are at most is counted in the test `memory`.
#[test]
fn hierarchicalforecast_163_fourteen_thousand_series() {
    const SERIES: usize = 14_690;
    let key = |modulus: usize, name: &str| -> Vec<String> {
        (0..SERIES).map(|i| format!("{name}{}", i % modulus)).collect()
    };
    let h = Hierarchy::grouped()
        .key("state", key(10, "s"))
        .key("shop", key(70, "h"))
        .key("item", key(SERIES, "i"))
        .level("Total", &[])
        .level("State", &["state"])
        .level("Shop", &["shop"])
        .level("Item", &["item"])
        .build()
        .unwrap();
    let entries: usize = (0..h.len()).map(|node| h.members(node).len()).sum();
    assert_eq!((h.len(), entries), (SERIES + 81, 4 * SERIES));
    let base = Array2::from_shape_fn((h.len(), 2), |(i, c)| ((i * 7 + c) % 13) as f64);
    let e = Array2::from_shape_fn((h.len(), 20), |(i, t)| ((i * 5 + t * t) % 11) as f64 - 5.0);
    for method in [Method::BottomUp, Method::Ols, Method::WlsStruct, Method::WlsVar(e)] {
        let agreed = Reconciler::new(&h, method).unwrap().reconcile(base.view()).unwrap();
        assert_eq!(agreed.gaps(), [0.0; 4]);
    }
}

const COVARIANCES: [TemporalCovariance; 10] = [
    TemporalCovariance::Wlsv,
    TemporalCovariance::Wlsh,
    TemporalCovariance::Acov,
    TemporalCovariance::StrAr1,
    TemporalCovariance::SAr1,
    TemporalCovariance::HAr1,
    TemporalCovariance::BdShr,
    TemporalCovariance::BdSam,
    TemporalCovariance::Shr,
    TemporalCovariance::Sam,
];

/// Every covariance gives a projection: coherent values stay, a gap is closed.
fn every_temporal_covariance(structure: &Hierarchy) {
    let e = residuals(structure, 60);
    let finest = Array2::from_shape_fn((structure.finest_len(), 2), |(i, c)| (3 * i + c) as f64);
    let coherent = structure.integrate(finest.view()).unwrap();
    let mut base = coherent.all().to_owned();
    base[[0, 0]] += 12.0;
    for covariance in COVARIANCES {
        let reconciler = Reconciler::new(structure, Method::Temporal(covariance, e.clone())).unwrap();
        let agreed = reconciler.reconcile(base.view()).unwrap();
        assert!(agreed.gaps().iter().all(|&gap| gap == 0.0));
        let moved = agreed.all()[[0, 0]] - coherent.all()[[0, 0]];
        assert!(moved > 0.0 && moved < 12.0, "{covariance:?}: part of the gap of 12 is believed, {moved}");
        let stayed = &agreed.all().column(1) - &coherent.all().column(1);
        assert!(stayed.iter().all(|d| d.abs() < 1e-8), "{covariance:?}");
    }
}

/// "Temporal reconciliation with W from residuals": ten covariances, by order, by step, and between them.
#[test]
fn hierarchicalforecast_241_and_282_temporal_covariances_from_residuals() {
    let year = Hierarchy::temporal(4, &[("year", 4), ("half", 2), ("quarter", 1)]).unwrap();
    every_temporal_covariance(&year);
}

/// The same for many series at once.
#[test]
fn fable_210_and_sktime_7609_cross_temporal_covariances_from_residuals() {
    let shops = Hierarchy::grouped()
        .key("shop", ["a", "b"])
        .level("All", &[])
        .level("Shop", &["shop"])
        .build()
        .unwrap();
    let year = Hierarchy::temporal(4, &[("year", 4), ("half", 2), ("quarter", 1)]).unwrap();
    every_temporal_covariance(&Hierarchy::cross(&shops, &year).unwrap());
}

/// "Intervals vanish after reconciling": every method with a matrix takes a Gaussian along, all others say that they
/// cannot.
#[test]
fn hierarchicalforecast_351_every_reconciler_carries_a_gaussian_or_refuses() {
    let h = seven_nodes();
    let mean = Array1::from(vec![100.0, 55.0, 52.0, 30.0, 20.0, 15.0, 30.0]);
    let e = residuals(&h, 60);
    let sigma = e.dot(&e.t()) / 60.0;
    let (mut carried, mut refused) = (0, 0);
    for method in every_method() {
        let reconciler = Reconciler::new(&h, method.clone()).unwrap();
        let whole = Gaussian::from_covariance(&reconciler, mean.view(), sigma.view());
        let diagonal = Gaussian::from_variances(&reconciler, mean.view(), sigma.diag());
        if reconciler.is_linear() {
            carried += 1;
            for gaussian in [whole.unwrap(), diagonal.unwrap()] {
                let region = gaussian.region(0.1).unwrap();
                let widths = &region.upper - &region.lower;
                assert!(widths.iter().all(|width| *width > 0.0), "{method:?}: {widths}");
            }
            let m = reconciler.projection_matrix();
            let got = Gaussian::from_covariance(&reconciler, mean.view(), sigma.view()).unwrap();
            assert!(distance(&got.covariance().unwrap().to_owned(), &m.dot(&sigma).dot(&m.t())) < 1e-9);
        } else {
            refused += 1;
            for error in [whole.unwrap_err(), diagonal.unwrap_err()] {
                assert!(
                    matches!(
                        error.kind(),
                        ErrorKind::Parameter { name: "reconciler", expected: "a linear method", .. }
                    ),
                    "{method:?}: {error}"
                );
            }
        }
    }
    assert_eq!((carried, refused), (11, 2));
}

/// The same of samples, which every method takes along.
#[test]
fn hierarchicalforecast_408_every_reconciler_carries_samples() {
    let h = seven_nodes();
    let base = array![
        [100.0, 101.0],
        [55.0, 54.0],
        [52.0, 50.0],
        [30.0, 31.0],
        [20.0, 22.0],
        [15.0, 14.0],
        [30.0, 33.0]
    ];
    let bootstrap = Bootstrap::new(residuals(&h, 60), BootstrapConfig { samples: 50, block: 2 }).unwrap();
    let paths = bootstrap.paths(base.view(), &mut rng()).unwrap();
    for method in every_method() {
        let reconciler = Reconciler::new(&h, method.clone()).unwrap();
        let samples = Samples::reconcile(&reconciler, paths.view()).unwrap();
        assert_eq!(samples.all().dim(), (7, 2, 50));
        let quantiles = samples.quantiles(&[0.05, 0.95]).unwrap();
        for node in 0..7 {
            for step in 0..2 {
                let (low, high) = (quantiles[[node, step, 0]], quantiles[[node, step, 1]]);
                assert!(low < high, "{method:?}: node {node}, step {step}: {low} to {high}");
            }
        }
        assert_eq!(samples.sample(17).gaps(), [0.0; 3]);
    }
}

/// Predicts what does not add up.
struct Careless;

impl Model for Careless {
    fn fit(&self, _: ArrayView2<'_, f64>, _: ArrayView2<'_, f64>) -> Result<Box<dyn FittedModel>> {
        Ok(Box::new(Self))
    }
}

impl FittedModel for Careless {
    fn predict(&self, x: ArrayView2<'_, f64>) -> Result<Array2<f64>> {
        Ok(Array2::from_shape_fn((x.nrows(), 1), |(i, _)| (10 * i * i) as f64 + 1.0))
    }
}

/// "The output is silently incoherent": what a model of all levels returns has the type `Coherent`, which cannot be made
/// otherwise (its docs hold the example that does not compile).
#[test]
fn neuralforecast_945_and_1125_output_is_coherent_by_its_type() {
    let h = seven_nodes();
    let mut model = MultiGranularityModel::new(&h, Method::Ols).unwrap().with_models_for_all(|_| Careless);
    model.fit(Array2::zeros((4, 1)).view(), Array2::zeros((4, 1)).view()).unwrap();
    let base = model.base(Array2::zeros((4, 1)).view()).unwrap();
    assert!(coherence_gap(&h, base.view()).unwrap()[0] > 1.0);
    let agreed: Coherent = model.predict(Array2::zeros((4, 1)).view()).unwrap();
    assert_eq!(agreed.gaps(), [0.0; 3]);
    // Data that do not add up cannot be declared to.
    assert!(h.check(base.view(), 1e-6).is_err());
}

/// "W is not positive definite": fewer past errors than nodes. A little is added to the diagonal, and how much is said.
#[test]
fn fable_187_a_covariance_of_few_columns_is_lifted_with_a_report() {
    let h = seven_nodes();
    let reconciler = Reconciler::new(&h, Method::MintCov(residuals(&h, 3))).unwrap();
    assert_eq!(reconciler.preparation().jitter, 1e-8);
    assert_eq!(
        reconciler.preparation().to_string(),
        "W is not positive definite: 1e-8 of its diagonal was added\n"
    );
    assert!(!reconciler.preparation().is_clean());
    let base = array![[100.0], [55.0], [52.0], [30.0], [20.0], [15.0], [30.0]];
    let agreed = reconciler.reconcile(base.view()).unwrap();
    assert!(agreed.all().iter().all(|value| value.is_finite()));
    // Enough columns, or the shrunk covariance, need no help.
    assert!(Reconciler::new(&h, Method::MintCov(residuals(&h, 40))).unwrap().preparation().is_clean());
    assert!(Reconciler::new(&h, Method::MintShrink(residuals(&h, 3))).unwrap().preparation().is_clean());
}

/// The same for a covariance of one's own; one that is beyond repair is refused by name.
#[test]
fn fable_358_a_covariance_that_is_not_positive_definite() {
    let h = seven_nodes();
    let ones = Array2::ones((7, 7));
    let reconciler = Reconciler::new(&h, Method::Custom(ones)).unwrap();
    assert!(reconciler.preparation().jitter > 0.0);
    let mut indefinite = Array2::eye(7);
    indefinite[[0, 1]] = 3.0;
    indefinite[[1, 0]] = 3.0;
    let error = Reconciler::new(&h, Method::Custom(indefinite)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "W of 7 rows is not positive definite, nor with 1e-2 of its diagonal added"
    );
}

/// "Reconcile plain forecasts": three arrays from anywhere are enough, in rows of any order.
#[test]
fn fabletools_366_plain_forecasts_and_own_residuals() {
    let h = seven_nodes();
    let e = residuals(&h, 40);
    let base = array![[100.0], [55.0], [52.0], [30.0], [20.0], [15.0], [30.0]];
    let expected =
        Reconciler::new(&h, Method::MintShrink(e.clone())).unwrap().reconcile(base.view()).unwrap();
    let order = [6, 0, 3, 1, 5, 2, 4];
    let level = |node: usize| {
        if node == 0 {
            "T"
        } else if node < 3 {
            "Half"
        } else {
            "Leaf"
        }
    };
    let names: Vec<(&str, &str)> =
        order.iter().map(|&node| (level(node), h.nodes()[node].as_str())).collect();
    let shuffled = |values: &Array2<f64>| values.select(Axis(0), &order);
    let base = h.arrange(&names, shuffled(&base).view()).unwrap();
    let e = h.arrange(&names, shuffled(&e).view()).unwrap();
    let agreed = Reconciler::new(&h, Method::MintShrink(e)).unwrap().reconcile(base.view()).unwrap();
    assert_eq!(agreed, expected);
}

/// The same with a model at some levels and forecasts made elsewhere, with their past, at others.
#[test]
fn sktime_4239_forecasts_made_elsewhere_beside_models() {
    let h = seven_nodes();
    let history = Array2::from_shape_fn((4, 24), |(i, t)| 10.0 + ((i * 5 + t * 7) % 9) as f64);
    let totals = history.sum_axis(Axis(0)).insert_axis(Axis(0));
    let naive = granular::SeasonalNaive::new(2, 1).unwrap();
    let past = totals.mapv(|value| value + 1.0);
    let given = granular::Given::new(array![[57.0]]).unwrap().with_past(past).unwrap();
    let model = MultiGranularityModel::new(&h, Combine::WlsVar).unwrap().with_models_for_all(|_| naive);
    let mut model = model.with_model("T", given).unwrap();
    model.fit(history.view(), Array2::zeros((4, 0)).view()).unwrap();
    let agreed = model.predict(history.view()).unwrap();
    assert_eq!(agreed.gaps(), [0.0; 3]);
    // The budget has missed by 1 at most, the others by more: it stands nearly as it is.
    assert!((agreed.node("T").unwrap()[0] - 57.0).abs() < 1.0, "{}", agreed.node("T").unwrap()[0]);
}

/// "Scanning exhausts memory": windows are views into the series, whichever their number.
#[test]
fn gcforest_9_windows_are_views() {
    let h = Hierarchy::temporal(8, &[("all", 8), ("half", 4), ("one", 1)]).unwrap();
    let series = Array2::from_shape_fn((1000, 2), |(t, c)| (t * (c + 1)) as f64);
    for stride in [1, 3, 8, 50, 5000] {
        let windows = h.windows(series.view(), stride).unwrap();
        assert_eq!(windows.len(), (1000 - 8) / stride + 1);
        for (i, window) in windows.enumerate() {
            assert_eq!(window.as_ptr(), series.row(i * stride).as_ptr(), "no copy");
            assert_eq!(window, series.slice_axis(Axis(0), Slice::from(i * stride..i * stride + 8)));
        }
    }
    // Features at every scale, against plain loops.
    let table = h.windows(series.view(), 100).unwrap().table().unwrap();
    assert_eq!(table.dim(), (10, 22));
    for (i, row) in table.rows().into_iter().enumerate() {
        let mean = |from: usize, to: usize, c: usize| {
            (from..to).map(|t| series[[i * 100 + t, c]]).sum::<f64>() / (to - from) as f64
        };
        assert_eq!(
            row.to_vec()[..6],
            [mean(0, 8, 0), mean(0, 8, 1), mean(0, 4, 0), mean(0, 4, 1), mean(4, 8, 0), mean(4, 8, 1)]
        );
        assert_eq!(row[6], series[[i * 100, 0]]);
    }
    assert_eq!(h.windows(series.slice_axis(Axis(0), Slice::from(..7)), 1).unwrap().count(), 0);
    assert_eq!(h.windows(series.view(), 0).unwrap_err().to_string(), "stride: expected at least 1, got 0");
}

/// The same of a stream, which has no series at all; its peak is counted in the test `memory`.
#[test]
fn gcforest_10_a_stream_gives_the_same_windows() {
    let h = Hierarchy::temporal(6, &[("all", 6), ("pair", 2), ("one", 1)]).unwrap();
    let mut rng = rng();
    let series = Array2::from_shape_simple_fn((100, 3), || rng.random_range(-5.0..5.0));
    for stride in [1, 2, 6, 9] {
        let mut stream = h.stream(3, stride).unwrap();
        let mut streamed = Vec::new();
        for row in series.rows() {
            streamed.extend(stream.push(&row.to_vec()).unwrap());
        }
        let expected: Vec<Coherent> =
            h.windows(series.view(), stride).unwrap().map(|window| h.integrate(window).unwrap()).collect();
        assert_eq!(streamed, expected, "stride {stride}");
        assert_eq!(stream.seen(), 100);
    }
    let mut stream = h.stream(2, 1).unwrap();
    for _ in 0..5 {
        assert!(stream.push(&[1.0, 2.0]).unwrap().is_none());
    }
    let message = |result: Result<Option<Coherent>>| result.unwrap_err().to_string();
    assert_eq!(message(stream.push(&[1.0])), "observation: expected 2 channels, got 1");
    assert_eq!(
        message(stream.push(&[1.0, f64::NAN])),
        "series, row 5, column 1: expected a finite value, got NaN"
    );
    assert_eq!(stream.push(&[1.0, 2.0]).unwrap().unwrap().node("all[0]").unwrap().to_vec(), [6.0, 12.0]);
    stream.reset();
    assert!(stream.push(&[1.0, 2.0]).unwrap().is_none());
    assert_eq!(stream.seen(), 1);
    assert_eq!(h.stream(0, 1).unwrap_err().to_string(), "channels: expected at least 1, got 0");
    assert_eq!(h.stream(1, 0).unwrap_err().to_string(), "stride: expected at least 1, got 0");
    let mut overflow = h.stream(1, 1).unwrap();
    let results: Vec<bool> =
        (0..7).map(|t| overflow.push(&[if t < 2 { 1e308 } else { 0.0 }]).is_err()).collect();
    assert_eq!(results, [false, false, false, false, false, true, false], "that window alone is lost");
}

/// Share of new points for which all nodes of each set are inside at once.
fn covered(scope: Scope, sets: &[Vec<usize>]) -> f64 {
    let h = seven_nodes();
    let reconciler = Reconciler::new(&h, Method::Ols).unwrap();
    let mut rng = rng();
    let mut errors = |columns: usize| {
        let base = Array2::from_shape_simple_fn((7, columns), || rng.random_range(-1.0..1.0f64).powi(3));
        reconciler.reconcile(base.view()).unwrap()
    };
    let zero = |columns| h.integrate(Array2::zeros((4, columns)).view()).unwrap();
    let (mut inside, mut count) = (0, 0);
    for _ in 0..400 {
        let config = ConformalConfig { scope: scope.clone(), scale_columns: 50, ..Default::default() };
        let conformal = Conformal::fit(&errors(149), &zero(149), &config).unwrap();
        let region = conformal.region(&zero(5)).unwrap();
        let hit = region.contains(errors(5).all()).unwrap();
        for column in hit.columns() {
            inside += sets.iter().filter(|set| set.iter().all(|&node| column[node])).count();
            count += sets.len();
        }
    }
    inside as f64 / count as f64
}

/// "A joint region for many outputs": all nodes at once, or those of each level.
#[test]
fn mapie_437_joint_and_per_level_regions() {
    let all = vec![(0..7).collect::<Vec<usize>>()];
    let levels = vec![vec![0], vec![1, 2], vec![3, 4, 5, 6]];
    let joint = covered(Scope::Joint, &all);
    let by_level = covered(Scope::Level, &levels);
    assert!((0.88..0.93).contains(&joint), "{joint}");
    assert!((0.88..0.93).contains(&by_level), "{by_level}");
    assert!(covered(Scope::Level, &all) < 0.85, "levels do not promise all of them at once");
}

/// The other two scopes: every node by itself, or groups of one's own.
#[test]
fn enbpi_10_per_node_and_per_group_regions() {
    let nodes: Vec<Vec<usize>> = (0..7).map(|node| vec![node]).collect();
    let groups = vec![vec![1, 3, 4], vec![2, 5, 6]];
    let by_node = covered(Scope::Node, &nodes);
    let by_group = covered(Scope::Groups(groups.clone()), &groups);
    assert!((0.88..0.93).contains(&by_node), "{by_node}");
    assert!((0.88..0.93).contains(&by_group), "{by_group}");
    assert!(covered(Scope::Node, &groups) < 0.85, "nodes do not promise groups");
}
