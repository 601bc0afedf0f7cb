//! Several forecasts made into one.

use granular::{Coherent, Hierarchy, Method, Reconciler, Stacking};
use proptest::prelude::*;
use tensor::ndarray::{Array2, ArrayView2};

use crate::support::{distance, seeded, seven_nodes};
use crate::tourism::{Tourism, tourism};

fn matrix(columns: usize) -> impl Strategy<Value = Array2<f64>> {
    prop::collection::vec(-5.0..5.0, 7 * columns)
        .prop_map(move |values| Array2::from_shape_vec((7, columns), values).unwrap())
}

/// What [`Stacking`] makes smallest, by its definition.
fn loss(errors: &[Array2<f64>], nodes: std::ops::Range<usize>, weights: &[f64], penalty: f64) -> f64 {
    let (mut sum, mut count) = (0.0, 0.0);
    for node in nodes {
        let columns = errors[0].ncols();
        let squares: f64 = errors.iter().map(|e| e.row(node).iter().map(|v| v * v).sum::<f64>()).sum();
        let scale = squares / (columns * errors.len()) as f64;
        for t in 0..columns {
            let error: f64 = errors.iter().zip(weights).map(|(e, w)| w * e[[node, t]]).sum();
            sum += error * error / scale;
            count += 1.0;
        }
    }
    sum / count + penalty * weights.iter().map(|w| w * w).sum::<f64>()
}

proptest! {
    #![proptest_config(seeded(48))]

    #[test]
    fn no_other_weights_would_have_missed_less(
        errors in prop::collection::vec(matrix(6), 1..5),
        others in prop::collection::vec(prop::collection::vec(0.0..1.0f64, 5), 20),
        penalty in 0.001..1.0,
    ) {
        let h = seven_nodes();
        let actual = h.integrate(Array2::zeros((4, 6)).view()).unwrap();
        // A forecast's error has the other sign; squares do not mind.
        let past: Vec<ArrayView2<'_, f64>> = errors.iter().map(|e| e.view()).collect();
        let stacking = Stacking::fit(&actual, &past, penalty).unwrap();
        for level in h.levels() {
            let weights = stacking.weights(level.name()).unwrap();
            prop_assert!(weights.iter().all(|&w| w >= 0.0));
            prop_assert!((weights.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            let least = loss(&errors, level.range(), weights, penalty);
            for other in &others {
                let total: f64 = other[..errors.len()].iter().sum();
                let other: Vec<f64> = other[..errors.len()].iter().map(|w| w / total).collect();
                prop_assert!(loss(&errors, level.range(), &other, penalty) >= least - 1e-12);
            }
            for corner in 0..errors.len() {
                let other: Vec<f64> = (0..errors.len()).map(|j| f64::from(u8::from(j == corner))).collect();
                prop_assert!(loss(&errors, level.range(), &other, penalty) >= least - 1e-12);
            }
        }
    }
}

#[test]
fn a_large_penalty_is_the_plain_mean_and_perfect_nodes_say_nothing() {
    let h = seven_nodes();
    let actual = h.integrate(Array2::ones((4, 3)).view()).unwrap();
    let perfect = actual.all().to_owned();
    let off = &perfect + 1.0;
    let weights = |past: &[ArrayView2<'_, f64>], penalty| {
        Stacking::fit(&actual, past, penalty).unwrap().weights("Leaf").unwrap().to_vec()
    };
    let mean = weights(&[perfect.view(), off.view()], 1e12);
    assert!(mean.iter().all(|w| (w - 0.5).abs() < 1e-9), "{mean:?}");
    assert_eq!(weights(&[perfect.view(), perfect.view()], 0.1), [0.5, 0.5]);
    assert!(weights(&[perfect.view(), off.view()], 1e-9)[0] > 0.999);
}

#[test]
fn refusals() {
    let h = seven_nodes();
    let actual = h.integrate(Array2::ones((4, 3)).view()).unwrap();
    let one = Array2::ones((7, 3));
    let message = |past: &[ArrayView2<'_, f64>], penalty| {
        Stacking::fit(&actual, past, penalty).unwrap_err().to_string()
    };
    assert_eq!(message(&[], 1.0), "forecasts to weigh: expected at least one, got none");
    assert_eq!(message(&vec![one.view(); 13], 1.0), "forecasts: expected at most 12, got 13");
    assert_eq!(message(&[one.view()], 0.0), "penalty: expected a positive, finite number, got 0");
    let short = Array2::ones((7, 2));
    assert_eq!(message(&[one.view(), short.view()], 1.0), "past forecast: expected 3 columns, got 2");
    let huge = Array2::from_elem((7, 3), 1e300);
    assert_eq!(
        message(&[huge.view()], 1.0),
        "level `T`, node `T`: expected a positive, finite variance, got inf"
    );
    let nothing = h.integrate(Array2::zeros((4, 0)).view()).unwrap();
    assert_eq!(
        Stacking::fit(&nothing, &[Array2::zeros((7, 0)).view()], 1.0).unwrap_err().to_string(),
        "columns to learn weights from: expected at least one, got none"
    );
    let stacking = Stacking::fit(&actual, &[one.view(), one.view()], 1.0).unwrap();
    assert_eq!(
        stacking.combine(&[one.view()]).unwrap_err().to_string(),
        "forecasts: expected 2 members, got 1"
    );
    assert_eq!(
        stacking.combine(&[one.view(), short.view()]).unwrap_err().to_string(),
        "forecast: expected 3 columns, got 2"
    );
    let blend = |parts: &[(f64, &Coherent)]| Coherent::blend(parts).unwrap_err().to_string();
    assert_eq!(blend(&[]), "forecasts to blend: expected at least one, got none");
    assert_eq!(blend(&[(f64::NAN, &actual)]), "weight: expected a finite number, got NaN");
    assert_eq!(blend(&[(1.0, &actual), (1.0, &nothing)]), "blended forecast: expected 3 columns, got 0");
    let rows = Hierarchy::temporal(4, &[("row", 1)]).unwrap();
    let other = rows.integrate(Array2::ones((4, 3)).view()).unwrap();
    assert_eq!(
        blend(&[(1.0, &actual), (1.0, &other)]),
        "the blended forecast has another hierarchy than the first one"
    );
}

/// The mean of ols and bottom-up is what the mean of their matrices makes of the base forecasts.
#[test]
fn a_blend_adds_up() {
    let Some(Tourism { hierarchy, base, .. }) = tourism() else { return };
    let by = |method| Reconciler::new(&hierarchy, method).unwrap();
    let (ols, bottom_up) = (by(Method::Ols), by(Method::BottomUp));
    let (a, b) = (ols.reconcile(base.view()).unwrap(), bottom_up.reconcile(base.view()).unwrap());
    let blend = Coherent::blend(&[(0.25, &a), (0.75, &b)]).unwrap();
    assert_eq!(blend.gaps(), [0.0; 6]);
    let expected = &a.all() * 0.25 + &b.all() * 0.75;
    assert!(distance(&blend.into_inner(), &expected) < 1e-7);
    // Weights of levels differ, so what is combined is reconciled after.
    let stacking = Stacking::fit(&a, &[base.view(), b.all()], 0.1).unwrap();
    let combined = stacking.combine(&[base.view(), b.all()]).unwrap();
    assert_eq!(ols.reconcile(combined.view()).unwrap().gaps(), [0.0; 6]);
}
