//! Values beside scikit-learn's.
//!
//! The literals are what scikit-learn 1.9.1 gives for the arrays here, by the function named at each; those it
//! lacks are computed with numpy by the formula in the docs.

use super::*;
use tensor::ndarray::{Array1, Array2, Axis, array};

fn close(got: f64, want: f64) {
    assert!((got - want).abs() <= 1e-12 * want.abs().max(1.0), "{got} where {want} is right");
}

fn several() -> (Array2<f64>, [usize; 7]) {
    let scores = array![
        [0.5, 0.3, 0.2],
        [0.1, 0.7, 0.2],
        [0.2, 0.2, 0.6],
        [0.6, 0.3, 0.1],
        [0.3, 0.4, 0.3],
        [0.1, 0.1, 0.8],
        [0.4, 0.5, 0.1]
    ];
    (scores, [0, 1, 2, 1, 2, 2, 0])
}

fn two() -> (Array1<f64>, [usize; 10]) {
    (array![0.9, 0.8, 0.8, 0.7, 0.6, 0.55, 0.4, 0.4, 0.2, 0.1], [1, 1, 0, 1, 0, 1, 0, 1, 0, 0])
}

fn numbers() -> (Array1<f64>, Array1<f64>) {
    (array![2.5, 0.0, 2.0, 8.0, 0.1, 4.0], array![3.0, -0.5, 2.0, 7.0, 0.0, 4.2])
}

/// A metric after one batch.
macro_rules! seen {
    ($metric:expr, $batch:expr) => {{
        let (mut metric, (prediction, target)) = ($metric, $batch);
        metric.update(&prediction, &target).unwrap();
        metric
    }};
}

/// Its value.
macro_rules! of {
    ($metric:expr, $batch:expr) => {
        seen!($metric, $batch).value().unwrap()
    };
}

mod refusals;

#[test]
fn classes() {
    // accuracy_score of the argmax, top_k_accuracy_score
    close(of!(Accuracy::new(3).unwrap(), several()), 0.5714285714285714);
    close(of!(TopK::new(1, 3).unwrap(), several()), 0.5714285714285714);
    let mut apart = several();
    apart.0.row_mut(2).assign(&array![0.25, 0.15, 0.6]);
    apart.0.row_mut(4).assign(&array![0.35, 0.4, 0.25]);
    close(of!(TopK::new(2, 3).unwrap(), apart), 0.8571428571428571);
    // Of equal scores the first class wins, in scikit-learn the last.
    close(of!(TopK::new(2, 3).unwrap(), (array![[0.3, 0.4, 0.3], [0.3, 0.4, 0.3]], [0, 2])), 0.5);
    // confusion_matrix
    let matrix = seen!(ConfusionMatrix::new(3).unwrap(), several());
    assert_eq!(matrix.counts(), array![[1, 1, 0], [1, 1, 0], [0, 1, 2]]);
    assert_eq!((matrix.count(2, 1), matrix.count(3, 0), matrix.samples()), (1, 0, 7));
    assert_eq!(matrix.to_string(), "label  0  1  2\n    0  1  1  0\n    1  1  1  0\n    2  0  1  2\n");
}

#[test]
fn ratios_of_classes() {
    // precision_score, recall_score, f1_score, fbeta_score(beta=2)
    let averages = [
        (Average::Macro, [0.611111111111111, 0.5555555555555555, 0.5666666666666668, 0.5562770562770564]),
        (Average::Micro, [0.5714285714285714; 4]),
        (Average::Weighted, [0.6666666666666666, 0.5714285714285714, 0.6, 0.5788497217068647]),
    ];
    for (average, [precision, recall, f1, f2]) in averages {
        close(of!(Precision::new(3, average).unwrap(), several()), precision);
        close(of!(Recall::new(3, average).unwrap(), several()), recall);
        close(of!(FBeta::new(1.0, 3, average).unwrap(), several()), f1);
        close(of!(FBeta::new(2.0, 3, average).unwrap(), several()), f2);
    }
    let f_half = seen!(FBeta::new(0.5, 3, Average::Macro).unwrap(), several()).per_class().unwrap();
    for (got, want) in f_half.into_iter().zip([0.5, 0.35714285714285715, 0.9090909090909091]) {
        close(got, want);
    }
    close(of!(Precision::binary(0.5).unwrap(), two()), 0.6666666666666666);
    close(of!(Recall::binary(0.5).unwrap(), two()), 0.8);
    close(of!(FBeta::binary(1.0, 0.5).unwrap(), two()), 0.7272727272727273);
    close(of!(FBeta::binary(2.0, 0.5).unwrap(), two()), 0.7692307692307693);
}

#[test]
fn nothing_to_divide_by_gives_0() {
    // precision_score([0, 1], [0, 0]), recall_score([0, 0], [0, 1]), f1_score([0, 0], [0, 0])
    close(of!(Precision::binary(0.5).unwrap(), (array![0.0, 0.0], [0, 1])), 0.0);
    close(of!(Recall::binary(0.5).unwrap(), (array![0.0, 1.0], [0, 0])), 0.0);
    close(of!(FBeta::binary(1.0, 0.5).unwrap(), (array![0.0, 0.0], [0, 0])), 0.0);
    // precision_score and recall_score([0, 0, 1], [0, 1, 1] or [0, 2, 1], average="macro"): a class that was
    // neither there nor predicted is left out, one that was only predicted is not.
    let [zero, one, two] = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    let batch = |rows: [[f64; 3]; 3]| (Array2::from(rows.to_vec()), [0, 0, 1]);
    let (without, with) = (batch([zero, one, one]), batch([zero, two, one]));
    close(of!(Precision::new(3, Average::Macro).unwrap(), without), 0.75);
    close(of!(Precision::new(3, Average::Macro).unwrap(), with.clone()), 0.6666666666666666);
    close(of!(Recall::new(3, Average::Macro).unwrap(), with), 0.5);
}

#[test]
fn probabilities() {
    // log_loss, brier_score_loss
    close(of!(LogLoss::new(3).unwrap(), several()), 0.7297182343007008);
    close(of!(LogLoss::binary(), two()), 0.5564365078586826);
    close(of!(Brier::new(3).unwrap(), several()), 0.4342857142857143);
    close(of!(Brier::binary(), two()), 0.19125);
    // log_loss([0, 1], [1, 1]) of float64 and float32
    close(of!(LogLoss::binary(), (array![1.0, 1.0], [0, 1])), 18.021826694558577);
    let narrow = of!(LogLoss::binary(), (array![1.0f32, 1.0], [0, 1]));
    assert!((narrow - 7.971192359924316).abs() < 1e-6, "{narrow}");
    // numpy
    close(of!(CalibrationError::new(3, 5).unwrap(), several()), 0.15714285714285717);
    close(of!(CalibrationError::binary(5).unwrap(), two()), 0.105);
}

#[test]
fn bins_are_closed_above() {
    let bins = |x: f64, count: usize| {
        let error = seen!(CalibrationError::binary(count).unwrap(), (array![x], [1]));
        error.bins().iter().position(|bin| bin.samples == 1).unwrap()
    };
    // 0.28 * 100 is 28.000000000000004.
    for (x, count, bin) in
        [(0.0, 4, 0), (0.25, 4, 0), (0.26, 4, 1), (1.0, 4, 3), (0.28, 100, 27), (0.5, 1, 0)]
    {
        assert_eq!(bins(x, count), bin, "{x} of {count}");
    }
}

#[test]
fn curves() {
    // roc_auc_score, average_precision_score
    close(of!(RocAuc::new(), two()), 0.76);
    close(of!(PrAuc::new(), two()), 0.7416666666666667);
    close(of!(PrAuc::new(), (array![0.1, 0.2], [0, 0])), 0.0);
    // Zeros are equal, infinities have their place, and nothing but the order counts.
    close(of!(RocAuc::new(), (array![0.0, -0.0], [0, 1])), 0.5);
    close(of!(RocAuc::new(), (array![f64::INFINITY, 1.0, f64::NEG_INFINITY], [1, 1, 0])), 1.0);
    close(of!(RocAuc::new(), (array![0.5, 0.5, 0.5], [0, 1, 1])), 0.5);
    close(of!(PrAuc::new(), (array![0.5, 0.5, 0.5, 0.5], [1, 0, 0, 0])), 0.25);
}

#[test]
fn errors_of_numbers() {
    // root_mean_squared_error, mean_absolute_error, mean_absolute_percentage_error, r2_score
    close(of!(Rmse::new(), numbers()), 0.5082650227325636);
    close(of!(Mae::new(), numbers()), 0.38333333333333336);
    close(of!(Mape::new(), (array![2.5, 0.0, 2.0, 8.0], array![3.0, -0.5, 2.0, 7.0])), 0.3273809523809524);
    close(of!(Mape::new(), numbers()), 75059993789508.5);
    close(of!(R2::new(), numbers()), 0.9600601245436977);
    let outputs =
        (array![[0.0, 2.0], [-1.0, 2.0], [8.0, -5.0]], array![[0.5, 1.0], [-1.0, 1.0], [7.0, -6.0]]);
    close(of!(R2::with_outputs(2).unwrap(), outputs), 0.9368005266622779);
    // r2_score([2, 2], [2, 2]) and ([2, 2], [2, 3])
    close(of!(R2::new(), (array![2.0, 2.0], array![2.0, 2.0])), 1.0);
    close(of!(R2::new(), (array![2.0, 3.0], array![2.0, 2.0])), 0.0);
    // numpy
    close(of!(Smape::new(), numbers()), 0.7273220004927321);
    let training = [1.0, 3.0, 2.0, 5.0, 4.0, 8.0, 6.0, 7.0];
    close(of!(Mase::new(&training, 4).unwrap(), numbers()), 0.10952380952380954);
    close(of!(Mase::new(&training, 1).unwrap(), numbers()), 0.19166666666666668);
}

#[test]
fn scores_of_more_axes_are_rows() {
    let (scores, labels) = (several().0, several().1);
    let mut accuracy = Accuracy::new(3).unwrap();
    let (first, last) = scores.view().split_at(Axis(0), 6);
    accuracy.update(&first.into_shape_with_order((2, 3, 3)).unwrap(), &labels[..6]).unwrap();
    accuracy.update(&last, &labels[6..]).unwrap();
    close(accuracy.value().unwrap(), 0.5714285714285714);
    let mut narrow = Accuracy::new(3).unwrap();
    narrow.update(&scores.mapv(|x| x as f32).into_dyn(), &labels).unwrap();
    assert_eq!(narrow, accuracy);
}

#[test]
fn a_sum_keeps_small_numbers_beside_large_ones() {
    let mut loss = MeanLoss::new();
    for x in [1e100, 1.0, -1e100, 1.0] {
        loss.update(x, 1.0).unwrap();
    }
    close(loss.value().unwrap(), 0.5);
}
