//! Means, weighted means, first and last values instead of sums.

use granular::{Aggregator, Hierarchy, Method, Reconciler, TopDown};
use proptest::prelude::*;
use tensor::ndarray::{Array1, Array2, array};

use crate::support::{crossed, distance, reference_projection, seeded, seven_nodes, summing};

fn reconciled(hierarchy: &Hierarchy, method: Method, base: &Array2<f64>) -> Array2<f64> {
    Reconciler::new(hierarchy, method).unwrap().reconcile(base.view()).unwrap().into_inner()
}

/// Total and two halves are means: with ols over one year of two halves, by hand.
#[test]
fn a_mean_by_hand() {
    let year = Hierarchy::temporal(2, &[("year", 2), ("half", 1)]).unwrap();
    let year = year.aggregated_by(&Aggregator::Mean).unwrap();
    assert_eq!(summing(&year), array![[0.5, 0.5], [1.0, 0.0], [0.0, 1.0]]);
    // C = [1, −½, −½], C Cᵀ = 3/2, C ŷ = 7 − 4.5 = 2.5: ŷ − Cᵀ 5/3.
    let agreed = reconciled(&year, Method::Ols, &array![[7.0], [4.0], [5.0]]);
    let expected = array![[7.0 - 5.0 / 3.0], [4.0 + 5.0 / 6.0], [5.0 + 5.0 / 6.0]];
    assert!(distance(&agreed, &expected) < 1e-14);
    // All rows of S add up to 1.
    assert_eq!(reconciled(&year, Method::WlsStruct, &array![[7.0], [4.0], [5.0]]), agreed);
}

#[test]
fn a_last_value_by_hand() {
    let year = Hierarchy::temporal(2, &[("year", 2), ("half", 1)]).unwrap();
    let year = year.aggregated_by(&Aggregator::Last).unwrap();
    assert_eq!(summing(&year), array![[0.0, 1.0], [1.0, 0.0], [0.0, 1.0]]);
    // The year and the second half are the same thing: their mean. The first half is free.
    let agreed = reconciled(&year, Method::Ols, &array![[7.0], [4.0], [5.0]]);
    assert!(distance(&agreed, &array![[6.0], [4.0], [6.0]]) < 1e-14);
}

#[test]
fn a_level_of_its_own() {
    let h = seven_nodes();
    let weights = Aggregator::WeightedMean(vec![1.0, 3.0, 0.0, 2.0]);
    let mixed = h.level_aggregated_by("Half", &weights).unwrap();
    assert_eq!(
        summing(&mixed).slice_axis(tensor::ndarray::Axis(0), (..3).into()),
        array![[1.0, 1.0, 1.0, 1.0], [0.25, 0.75, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]]
    );
    assert_ne!(mixed, h);
    assert_eq!(mixed.aggregated_by(&Aggregator::Sum).unwrap(), h);
}

#[test]
fn refusals_name_the_node() {
    let h = seven_nodes();
    let refused = |weights: &[f64]| {
        h.aggregated_by(&Aggregator::WeightedMean(weights.to_vec())).unwrap_err().to_string()
    };
    assert_eq!(refused(&[1.0; 3]), "weights of a mean: expected 4 values, got 3");
    assert_eq!(
        refused(&[1.0, -2.0, 1.0, 1.0]),
        "level `Leaf`, node `A2`: expected a finite weight of at least 0, got -2"
    );
    assert_eq!(
        refused(&[1.0, f64::NAN, 1.0, 1.0]),
        "level `Leaf`, node `A2`: expected a finite weight of at least 0, got NaN"
    );
    assert_eq!(
        refused(&[1.0, 1.0, 0.0, 0.0]),
        "level `Half`, node `B`: expected a positive weight for one of its units at least, got 0"
    );
    assert_eq!(
        h.level_aggregated_by("Halve", &Aggregator::Mean).unwrap_err().to_string(),
        "level `Halve` is unknown, the levels are `T`, `Half`, `Leaf`"
    );
}

#[test]
fn what_is_not_linear_is_refused_with_the_reason() {
    let refused = |name: &str| name.parse::<Aggregator>().unwrap_err().to_string();
    assert_eq!(
        refused("max"),
        "aggregator `max` is not linear: the extreme of sums is not the sum of extremes, so no weights in S give it"
    );
    assert_eq!(
        refused("count distinct"),
        "aggregator `count distinct` is not linear: values that occur in two nodes would be counted once above and \
         twice below, so the nodes do not add up"
    );
    assert_eq!(
        refused("Product"),
        "aggregator `Product` is not linear: it multiplies or divides by the values; the sum or mean of their \
         logarithms (or reciprocals) is linear"
    );
    for name in ["min", "median", "mode", "count", "nunique", "std", "any", "quantile", "gmean"] {
        assert!(refused(name).starts_with(&format!("aggregator `{name}` is not linear: ")), "{name}");
    }
    assert_eq!(
        refused("summe"),
        "aggregator `summe` is unknown, the aggregators are `sum`, `mean`, `first`, `last`, and a weighted mean by its \
         weights"
    );
}

/// What is kept stays kept, and everything adds up to it, whatever the weights.
#[test]
fn top_down_keeps_the_top_of_weighted_hierarchies() {
    let base = array![[100.0], [55.0], [52.0], [30.0], [20.0], [15.0], [30.0]];
    let history = array![[1.0, 2.0], [3.0, 1.0], [2.0, 2.0], [1.0, 4.0]];
    let weighted = Aggregator::WeightedMean(vec![1.0, 3.0, 0.0, 2.0]);
    for aggregator in [Aggregator::Sum, Aggregator::Mean, Aggregator::First, Aggregator::Last, weighted] {
        let h = seven_nodes().aggregated_by(&aggregator).unwrap();
        let proportions = [
            TopDown::AverageProportions(history.clone()),
            TopDown::ProportionAverages(history.clone()),
            TopDown::ProportionAverages(Array2::zeros((4, 2))),
            TopDown::ForecastProportions,
        ];
        for proportions in proportions {
            let agreed = reconciled(&h, Method::TopDown(proportions), &base);
            assert!((agreed[[0, 0]] - 100.0).abs() < 1e-12, "{aggregator}: {agreed}");
        }
        let agreed = reconciled(&h, Method::MiddleOut("Half".to_owned()), &base);
        assert!((agreed[[1, 0]] - 55.0).abs() < 1e-12 && (agreed[[2, 0]] - 52.0).abs() < 1e-12);
        let zeros = reconciled(&h, Method::TopDown(TopDown::ForecastProportions), &{
            let mut base = Array2::zeros((7, 1));
            base[[0, 0]] = 8.0;
            base
        });
        assert!((zeros[[0, 0]] - 8.0).abs() < 1e-12);
    }
}

#[test]
fn top_down_needs_levels_that_weigh_alike() {
    let h = seven_nodes().level_aggregated_by("Half", &Aggregator::Last).unwrap();
    assert_eq!(
        Reconciler::new(&h, Method::TopDown(TopDown::ForecastProportions)).unwrap_err().to_string(),
        "top-down: node `A` of level `Half` weighs its units otherwise than `T` of level `T` does, but a forecast can \
         only be shared out where the node above is a weighted sum of the nodes below"
    );
}

#[test]
fn averages_of_inputs_stay_averages() {
    let h = seven_nodes();
    let x = array![[1.0], [2.0], [3.0], [6.0]];
    let sums = h.average(x.view()).unwrap();
    assert_eq!(sums, array![[3.0], [1.5], [4.5], [1.0], [2.0], [3.0], [6.0]]);
    assert_eq!(h.aggregated_by(&Aggregator::Mean).unwrap().average(x.view()).unwrap(), sums);
}

/// Rows of keys, an aggregator for each level, weights, numbers and variances.
type Sketch = (Vec<(u8, u8)>, [usize; 3], Vec<f64>, Vec<f64>, Vec<f64>);

fn sketch() -> impl Strategy<Value = Sketch> {
    (
        prop::collection::vec((0u8..3, 0u8..4), 1..12),
        [0usize..5, 0usize..5, 0usize..5],
        prop::collection::vec(0.1..4.0, 12),
        prop::collection::vec(-100.0..100.0, 64),
        prop::collection::vec(0.01..100.0, 32),
    )
}

proptest! {
    #![proptest_config(seeded(128))]

    /// Every level aggregated in a way of its own, against `S (Sᵀ W⁻¹ S)⁻¹ Sᵀ W⁻¹`.
    #[test]
    fn weighted_projections((rows, kinds, weights, numbers, variances) in sketch()) {
        let mut h = crossed(&rows);
        let weights = weights[..rows.len()].to_vec();
        for (level, kind) in ["Total", "A", "B"].into_iter().zip(kinds) {
            let aggregator = match kind {
                0 => Aggregator::Sum,
                1 => Aggregator::Mean,
                2 => Aggregator::First,
                3 => Aggregator::Last,
                _ => Aggregator::WeightedMean(weights.clone()),
            };
            h = h.level_aggregated_by(level, &aggregator).unwrap();
        }
        let (n, s) = (h.len(), summing(&h));
        let variances = variances[..n].to_vec();
        let sizes: Vec<f64> = s.rows().into_iter().map(|row| row.sum()).collect();
        let diagonal = Array2::from_diag(&Array1::from(variances.clone()));
        for (method, variances) in [
            (Method::Ols, vec![1.0; n]),
            (Method::WlsStruct, sizes),
            (Method::Wls(Array1::from(variances.clone())), variances.clone()),
            (Method::Custom(diagonal), variances),
        ] {
            let reconciler = Reconciler::new(&h, method).unwrap();
            let m = reconciler.projection_matrix();
            prop_assert!(distance(&m, &reference_projection(&h, &variances)) < 1e-9);
            prop_assert!(distance(&m.dot(&s), &s) < 1e-9, "M S = S");
            let base = Array2::from_shape_fn((n, 2), |(i, c)| numbers[2 * i + c]);
            let agreed = reconciler.reconcile(base.view()).unwrap();
            prop_assert!(agreed.gaps().iter().all(|&gap| gap == 0.0));
            prop_assert!(distance(&agreed.finest().to_owned(), &m.dot(&base).slice_axis(
                tensor::ndarray::Axis(0), (h.len() - h.finest_len()..).into()).to_owned()) < 1e-8);
        }
    }
}
