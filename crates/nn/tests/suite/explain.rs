//! Which inputs a result depends on.
#![expect(clippy::unwrap_used, reason = "also in the functions that tests call, a failure is a failed test")]

use nn::{
    Better, ErrorKind, IntegratedGradientsConfig, Noise, PermutationConfig, Quadrature, SmoothGradConfig,
};
use nn::{Fields, Init, Linear, Module, Predictor, Sequential, Tanh};
use nn::{
    class_score, class_scores, input_gradients, integrated_gradients, permutation_importance, smooth_grad,
};
use rand::{SeedableRng, rngs::ChaCha8Rng};
use tensor::Element;
use tensor::ndarray::{Array2, Array3, ArrayD, Axis, array};

fn rng() -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(5)
}

fn classifier<T: Element>(curved: bool) -> Sequential<T> {
    let linear = |i, o| Linear::new(i, o, Init::XavierUniform, &mut rng()).unwrap();
    if curved {
        Sequential::new().with(linear(4, 6)).with(Tanh).with(linear(6, 3))
    } else {
        Sequential::new().with(linear(4, 6).relu()).with(linear(6, 3))
    }
}

fn rows<T: Element>(count: usize) -> Array2<T> {
    Array2::from_shape_fn((count, 4), |(i, j)| T::from_f64((5.0 * i as f64 + 3.0 * j as f64 + 1.0).sin()))
}

fn difference_quotients<T: Element>(tolerance: f64) {
    let (model, x, step) = (classifier::<T>(true), rows::<T>(3), 1e-3);
    let found = input_gradients(class_score(&model, 2), &x).unwrap();
    let score = |x: &Array2<T>| model.predict(x).unwrap().index_axis(Axis(1), 2).mapv(|x| x.to_f64());
    assert_eq!(found.scores.mapv(|x| x.to_f64()), score(&x));
    for (at, slope) in found.gradients.indexed_iter() {
        let moved = |by: f64| {
            let mut x = x.clone();
            x[[at[0], at[1]]] += T::from_f64(by);
            score(&x)[at[0]]
        };
        let want = (moved(step) - moved(-step)) / (2.0 * step);
        assert!((slope.to_f64() - want).abs() < tolerance, "{slope} at {at:?}, {want} by differences");
    }
}

#[test]
fn input_gradients_are_those_of_difference_quotients() {
    difference_quotients::<f32>(1e-3);
    difference_quotients::<f64>(1e-6);
}

#[test]
fn frozen_and_trainable_models_are_explained_alike() {
    let mut model = classifier::<f64>(true);
    let x = rows(5);
    let labels = [0, 1, 2, 1, 0];
    let each = input_gradients(class_scores(&model, &labels), &x).unwrap();
    for (row, &label) in labels.iter().enumerate() {
        let one = input_gradients(class_score(&model, label), &x).unwrap();
        assert_eq!(one.gradients.index_axis(Axis(0), row), each.gradients.index_axis(Axis(0), row));
    }
    model.set_trainable(false, |_| true);
    assert_eq!(input_gradients(class_scores(&model, &labels), &x).unwrap(), each);
}

#[test]
fn scores_that_do_not_fit_are_refused() {
    let (model, x) = (classifier::<f64>(true), rows(2));
    let text = |error: nn::Error| error.to_string();
    assert_eq!(
        text(input_gradients(class_score(&model, 3), &x).unwrap_err()),
        "class_score: expected a result [rows, .., classes] with class 3, got shape [2, 3]",
    );
    assert_eq!(
        text(input_gradients(class_scores(&model, &[0]), &x).unwrap_err()),
        "class_scores: expected a result [1, classes], got shape [2, 3]",
    );
    assert!(input_gradients(class_scores(&model, &[0, 3]), &x).is_err());
    assert_eq!(
        text(input_gradients(|x| Ok(x.exp()?), &x).unwrap_err()),
        "input_gradients: expected a score for each row of the input, or a single number, got shape [2, 4]",
    );
    let constant = input_gradients(|x| Ok(x.detach()?.sum()?), &x).unwrap_err();
    assert!(matches!(constant.kind(), ErrorKind::Tensor(_)));
}

#[test]
fn scores_over_time_are_added_up() {
    let model = classifier::<f64>(false);
    let x = Array3::from_shape_fn((2, 5, 4), |(i, j, k)| ((i + 2 * j + 3 * k) as f64).cos());
    let found = input_gradients(class_score(&model, 1), &x).unwrap();
    assert_eq!((found.scores.shape(), found.gradients.shape()), (&[2][..], &[2, 5, 4][..]));
    let want = model.predict(&x).unwrap().index_axis(Axis(2), 1).sum_axis(Axis(1));
    assert!(found.scores.iter().zip(&want).all(|(got, want)| (got - want).abs() < 1e-12));
}

#[test]
fn smooth_gradients_of_a_linear_score_are_its_gradients() {
    let layer = Linear::from_arrays(&array![[1.0], [-2.0]], &array![3.0]).unwrap();
    let x = array![[0.5, 1.5], [2.0, 4.0], [1.0, 1.0]];
    for noise in [Noise::Absolute(0.3), Noise::OfRange(0.2), Noise::Absolute(0.0)] {
        let settings = SmoothGradConfig { samples: 7, noise };
        let found = smooth_grad(class_score(&layer, 0), &x, settings, &mut rng()).unwrap();
        assert_eq!(found.scores, array![0.5, -3.0, 2.0].into_dyn());
        assert_eq!(found.gradients, array![[1.0, -2.0], [1.0, -2.0], [1.0, -2.0]].into_dyn());
    }
}

#[test]
fn smooth_gradients_repeat_with_their_seed_and_know_the_range_of_a_row() {
    let settings = SmoothGradConfig { samples: 4, noise: Noise::OfRange(0.5) };
    let run = |seed| {
        let rng = &mut ChaCha8Rng::seed_from_u64(seed);
        smooth_grad(|x| Ok(x.square()?.sum_axis(1)?), &array![[1.0, 1.0], [0.0, 4.0]], settings, rng).unwrap()
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1).gradients, run(2).gradients);
    // Nothing moves in a row whose values are equal.
    assert_eq!(run(1).gradients.index_axis(Axis(0), 0), array![2.0, 2.0].into_dyn());
    assert_ne!(run(1).gradients[[1, 0]], 0.0);
    // The slope of x² is linear, so the noise of many samples is that of their mean: 2 · 0.5 · 4 / √n.
    let many = SmoothGradConfig { samples: 4000, ..settings };
    let found = smooth_grad(|x| Ok(x.square()?.sum()?), &array![0.0, 4.0], many, &mut rng()).unwrap();
    let spread = 4.0 / 4000f64.sqrt();
    assert!((found.gradients[[0]]).abs() < 4.0 * spread, "{}", found.gradients[[0]]);
    assert!((found.gradients[[1]] - 8.0).abs() < 4.0 * spread, "{}", found.gradients[[1]]);
}

#[test]
fn smooth_gradients_refuse_settings_outside_of_their_ranges() {
    let run = |settings| {
        smooth_grad(|x| Ok(x.sum()?), &array![1.0f64], settings, &mut rng()).unwrap_err().to_string()
    };
    let none = SmoothGradConfig { samples: 0, ..Default::default() };
    assert_eq!(run(none), "smooth_grad: expected the number of samples to be positive, got 0");
    let negative = SmoothGradConfig { noise: Noise::Absolute(-1.0), ..Default::default() };
    assert_eq!(run(negative), "smooth_grad: expected the noise to be finite and not negative, got -1");
}

/// The largest gap, and whether it is what shares and scores say.
fn gap<T: Element>(curved: bool, steps: usize, rule: Quadrature, rounding: f64) -> f64 {
    let (model, x) = (classifier::<T>(curved), rows::<T>(6));
    let base = array![0.1, -0.2, 0.3, 0.0].mapv(T::from_f64);
    let settings = IntegratedGradientsConfig { steps, rule };
    let found = integrated_gradients(class_score(&model, 1), &x, &base, settings).unwrap();
    for (row, &gap) in found.gap.iter().enumerate() {
        let shares: f64 = found.values.index_axis(Axis(0), row).iter().map(|x| x.to_f64()).sum();
        let rise = found.scores[[row]].to_f64() - found.baseline_scores[[row]].to_f64();
        assert!((shares - rise - gap).abs() < rounding, "row {row}");
    }
    let scores = model.predict(&x).unwrap().index_axis(Axis(1), 1).to_owned();
    assert_eq!(found.scores, scores);
    found.gap.iter().fold(0.0, |most, gap| gap.abs().max(most))
}

#[test]
fn integrated_gradients_are_complete() {
    // A smooth score: as exact as the numbers are.
    assert!(gap::<f64>(true, 20, Quadrature::GaussLegendre, 1e-13) < 1e-12);
    assert!(gap::<f32>(true, 20, Quadrature::GaussLegendre, 1e-5) < 1e-5);
    // Trapezoids: the error falls with the square of the steps.
    let [few, many] = [50, 500].map(|steps| gap::<f64>(true, steps, Quadrature::Trapezoid, 1e-13));
    assert!(many > 0.0 && many < 1e-5 && (80.0..120.0).contains(&(few / many)), "{few} and {many}");
    // Relu has kinks on the way: the error falls with the steps.
    for rule in [Quadrature::GaussLegendre, Quadrature::Trapezoid] {
        let kinks = gap::<f64>(false, 300, rule, 1e-13);
        assert!(kinks > 1e-12 && kinks < 2e-2, "{rule:?}: {kinks}");
    }
}

#[test]
fn integrated_gradients_share_a_single_number_and_refuse_what_does_not_fit() {
    let x = array![[1.0, 2.0], [3.0, 4.0]];
    let settings = IntegratedGradientsConfig::default();
    let found =
        integrated_gradients(|x| Ok(x.square()?.sum()?), &x, &array![[1.0], [1.0]], settings).unwrap();
    let want = array![[0.0, 3.0], [8.0, 15.0]];
    assert!(found.values.iter().zip(&want).all(|(got, want)| (got - want).abs() < 1e-12));
    assert!(found.gap.len() == 1 && found.gap[0].abs() < 1e-12);
    let error = integrated_gradients(|x| Ok(x.sum()?), &x, &array![1.0, 2.0, 3.0], settings).unwrap_err();
    let expected = "integrated_gradients: expected a baseline that is broadcast to [2, 2], got shape [3]";
    assert_eq!(error.to_string(), expected);
    let none = IntegratedGradientsConfig { steps: 0, ..settings };
    let error = integrated_gradients(|x| Ok(x.sum()?), &x, &x, none).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Setting { .. }));
}

/// Columns and a target that is twice the first and a half of the second.
fn table(count: usize) -> (Array2<f64>, Vec<f64>) {
    let x = Array2::from_shape_fn((count, 4), |(i, j)| ((i * (3 * j + 5)) as f64 * 0.61).sin());
    let y = x.rows().into_iter().map(|row| 2.0 * row[0] + 0.5 * row[1]).collect();
    (x, y)
}

#[test]
fn importance_is_what_a_metric_loses() {
    let (x, y) = table(400);
    let layer = Linear::from_arrays(&array![[2.0], [0.5], [0.0], [0.0]], &array![0.0]).unwrap();
    let predictor = Predictor::new(layer);
    let error = |x: &Array2<f64>| {
        let found: ArrayD<f64> = predictor.predict(x)?;
        Ok(found.iter().zip(&y).map(|(found, y)| (found - y).powi(2)).sum::<f64>() / y.len() as f64)
    };
    let settings = PermutationConfig::default();
    let found = permutation_importance(&x, error, &settings, &mut rng()).unwrap();
    assert!(found.metric < 1e-28);
    // The mean of (w x - w x')² over shuffles is 2 w² var(x).
    for (group, weight) in found.groups.iter().zip([2.0f64, 0.5]) {
        let column = x.column(group.columns[0]);
        let want = 2.0 * weight.powi(2) * column.var(0.0);
        assert!((group.mean - want).abs() < 0.15 * want, "{group:?}, {want}");
        let squares: f64 = group.losses.iter().map(|loss| (loss - group.mean).powi(2)).sum();
        assert!(group.losses.len() == 5 && (group.deviation - (squares / 4.0).sqrt()).abs() < 1e-15);
        assert!(group.deviation > 0.0);
    }
    assert!(found.groups[2..].iter().all(|group| group.losses == [0.0; 5]));
    assert_eq!(permutation_importance(&x, error, &settings, &mut rng()).unwrap(), found);
    // The same as a score: higher is better.
    let score = PermutationConfig { better: Better::Higher, ..settings.clone() };
    let scored = permutation_importance(&x, |x| Ok(-error(x)?), &score, &mut rng()).unwrap();
    assert_eq!(scored.groups, found.groups);
}

#[test]
fn groups_move_together() {
    let (x, _) = table(50);
    // Columns 0 and 3 in step: their difference stays the same whatever is shuffled.
    let mut twins = x.clone();
    twins.column_mut(3).assign(&x.column(0));
    let apart = |x: &Array2<f64>| Ok((&x.column(0) - &x.column(3)).mapv(f64::abs).sum());
    let groups = Some(vec![vec![0, 3], vec![0], vec![1, 2]]);
    let settings = PermutationConfig { groups, repeats: 3, ..PermutationConfig::default() };
    let found = permutation_importance(&twins, apart, &settings, &mut rng()).unwrap();
    let means: Vec<f64> = found.groups.iter().map(|group| group.mean).collect();
    assert!(means[0] == 0.0 && means[1] > 1.0 && means[2] == 0.0, "{means:?}");
    // Several axes: all that a row has of a column moves, in its order.
    let x = Array3::from_shape_fn((4, 3, 2), |(i, j, k)| (100 * i + 10 * j + k) as f64);
    let mut seen = 0;
    let metric = |shuffled: &Array3<f64>| {
        seen += 1;
        for (row, shuffled) in shuffled.outer_iter().enumerate() {
            let from = (shuffled[[0, 0]] / 100.0).floor() as usize;
            assert_eq!(shuffled.index_axis(Axis(1), 0), x.index_axis(Axis(0), from).index_axis(Axis(1), 0));
            assert_eq!(shuffled[[2, 1]] - shuffled[[0, 1]], 20.0, "row {row}");
        }
        Ok(0.0)
    };
    permutation_importance(&x, metric, &PermutationConfig { repeats: 2, ..Default::default() }, &mut rng())
        .unwrap();
    assert_eq!(seen, 1 + 2 * 2);
}

#[test]
fn importance_refuses_what_does_not_fit() {
    let x = array![[1.0, 2.0], [3.0, 4.0]];
    let run = |settings: &PermutationConfig, value: f64| {
        permutation_importance(&x, |_| Ok(value), settings, &mut rng()).unwrap_err().to_string()
    };
    let with = |groups: Vec<Vec<usize>>| PermutationConfig { groups: Some(groups), ..Default::default() };
    let owner = "permutation_importance: expected";
    let groups = format!("{owner} groups of different columns less than 2, got group");
    assert_eq!(run(&with(vec![vec![0], vec![2]]), 0.0), format!("{groups} 1 of [2]"));
    assert_eq!(run(&with(vec![vec![]]), 0.0), format!("{groups} 0 of []"));
    assert_eq!(run(&with(vec![vec![1, 1]]), 0.0), format!("{groups} 0 of [1, 1]"));
    let default = PermutationConfig::default();
    assert_eq!(run(&default, f64::NAN), format!("{owner} a finite metric, got NaN"));
    let none = PermutationConfig { repeats: 0, ..Default::default() };
    assert_eq!(run(&none, 0.0), format!("{owner} the number of repeats to be positive, got 0"));
    let error = permutation_importance(&array![1.0f64], |_| Ok(0.0), &default, &mut rng()).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Shape { .. }));
}
