//! Metrics over batches: whatever the split, the value is that of all samples at once.

use nn::{
    Accuracy, Average, Brier, CalibrationError, ConfusionMatrix, FBeta, LogLoss, Mae, Mape, Mase, MeanLoss,
    Metric, PrAuc, Precision, R2, Recall, Result, Rmse, RocAuc, Smape, TopK,
};
use proptest::collection::vec;
use proptest::prelude::*;
use tensor::ndarray::{Array1, Array2, ArrayView1, Axis, Slice, array};

/// mlcommons/training#89, "[sentiment analysis] Bug in calculating accuracy and loss.": batches of 2, 2 and 1
/// with an accuracy of 1, 1 and 0.
#[test]
fn d63_metrics_are_averaged_by_sample() -> Result<()> {
    let mut accuracy = Accuracy::binary(0.5)?;
    accuracy.update(&array![0.9f32, 0.1], &[1, 0])?;
    accuracy.update(&array![0.9, 0.1], &[1, 0])?;
    accuracy.update(&array![0.9], &[0])?;
    assert_eq!(accuracy.value()?, 0.8);
    let mut loss = MeanLoss::new();
    for (batch, samples) in [(1.0, 2.0), (1.0, 2.0), (0.0, 1.0)] {
        loss.update(batch, samples)?;
    }
    assert_eq!(loss.value()?, 0.8);
    Ok(())
}

/// The ends of batches of these lengths, over and over, up to a number of samples.
fn cuts(lengths: &[usize], samples: usize) -> Vec<(usize, usize)> {
    let (mut cuts, mut start) = (Vec::new(), 0);
    for &length in lengths.iter().cycle() {
        if start == samples {
            break;
        }
        let end = (start + length).min(samples);
        cuts.push((start, end));
        start = end;
    }
    cuts
}

/// A metric of classes, batch by batch; and one that was merged of a metric for each batch.
fn labelled<M>(new: &M, scores: &Array2<f64>, labels: &[usize], cuts: &[(usize, usize)]) -> Result<[M; 2]>
where
    M: Metric<Target<f64, tensor::ndarray::Ix2> = [usize]> + Clone,
{
    let (mut whole, mut merged) = (new.clone(), new.clone());
    for &(start, end) in cuts {
        let batch = scores.slice_axis(Axis(0), Slice::from(start..end));
        whole.update(&batch, &labels[start..end])?;
        let mut part = new.clone();
        part.update(&batch, &labels[start..end])?;
        merged.merge(&part)?;
    }
    Ok([whole, merged])
}

/// The same of numbers.
fn numbers<M>(new: &M, x: ArrayView1<f64>, t: ArrayView1<f64>, cuts: &[(usize, usize)]) -> Result<[M; 2]>
where
    M: Metric<Target<f64, tensor::ndarray::Ix1> = tensor::ndarray::ArrayRef<f64, tensor::ndarray::Ix1>>
        + Clone,
{
    let (mut whole, mut merged) = (new.clone(), new.clone());
    for &(start, end) in cuts {
        let batch = Slice::from(start..end);
        let (x, t) = (x.slice_axis(Axis(0), batch), t.slice_axis(Axis(0), batch));
        whole.update(&x, &t)?;
        let mut part = new.clone();
        part.update(&x, &t)?;
        merged.merge(&part)?;
    }
    Ok([whole, merged])
}

/// Equal to the last bit for any split, and to rounding where parts were merged.
macro_rules! check {
    ($run:ident($new:expr, $($input:expr),*; $cuts:expr, $all:expr)) => {{
        let new = $new;
        let [whole, merged] = $run(&new, $($input,)* $cuts).unwrap();
        let [once, _] = $run(&new, $($input,)* $all).unwrap();
        prop_assert_eq!(&whole, &once);
        match (whole.value(), merged.value()) {
            (Ok(a), Ok(b)) => prop_assert!((a - b).abs() <= 1e-12 * a.abs().max(1.0), "{} {}", a, b),
            (a, b) => prop_assert_eq!(a, b),
        }
        let mut forgetful = whole;
        forgetful.reset();
        prop_assert_eq!(forgetful, new);
    }};
}

/// Probabilities of three classes, with ties, and labels.
fn samples() -> impl Strategy<Value = (Array2<f64>, Vec<usize>)> {
    vec(([1..4_u32, 1..4_u32, 1..4_u32], 0..3_usize), 1..40).prop_map(|samples| {
        let (rows, labels): (Vec<_>, Vec<_>) = samples.into_iter().unzip();
        let row = |row: [u32; 3]| row.map(|x| f64::from(x) / f64::from(row.iter().sum::<u32>()));
        (rows.into_iter().map(row).collect::<Vec<_>>().into(), labels)
    })
}

proptest! {
    #[test]
    fn classes_do_not_depend_on_the_split((scores, labels) in samples(), lengths in vec(1..9_usize, 1..5)) {
        let (cuts, all) = (&cuts(&lengths, labels.len())[..], &[(0, labels.len())][..]);
        check!(labelled(Accuracy::new(3).unwrap(), &scores, &labels; cuts, all));
        check!(labelled(TopK::new(2, 3).unwrap(), &scores, &labels; cuts, all));
        check!(labelled(ConfusionMatrix::new(3).unwrap(), &scores, &labels; cuts, all));
        check!(labelled(Precision::new(3, Average::Macro).unwrap(), &scores, &labels; cuts, all));
        check!(labelled(Recall::new(3, Average::Weighted).unwrap(), &scores, &labels; cuts, all));
        check!(labelled(FBeta::new(0.5, 3, Average::Micro).unwrap(), &scores, &labels; cuts, all));
        check!(labelled(LogLoss::new(3).unwrap(), &scores, &labels; cuts, all));
        check!(labelled(Brier::new(3).unwrap(), &scores, &labels; cuts, all));
        check!(labelled(CalibrationError::new(3, 4).unwrap(), &scores, &labels; cuts, all));
    }

    #[test]
    fn curves_do_not_depend_on_the_split((scores, labels) in samples(), lengths in vec(1..9_usize, 1..5)) {
        let (cuts, all) = (&cuts(&lengths, labels.len())[..], &[(0, labels.len())][..]);
        let labels: Vec<usize> = labels.into_iter().map(|label| label % 2).collect();
        let scores = scores.slice_axis(Axis(1), Slice::from(..1)).to_owned();
        check!(labelled(RocAuc::new(), &scores, &labels; cuts, all));
        check!(labelled(PrAuc::new(), &scores, &labels; cuts, all));
        check!(labelled(Precision::binary(0.4).unwrap(), &scores, &labels; cuts, all));
    }

    /// The area is the share of pairs in order, counted one by one.
    #[test]
    fn the_area_counts_pairs((scores, labels) in samples()) {
        let yes = |want: bool| {
            let rows = scores.column(0).to_vec().into_iter().zip(&labels);
            rows.filter(move |(_, label)| (**label == 1) == want).map(|(score, _)| score).collect::<Vec<_>>()
        };
        let (ones, zeros) = (yes(true), yes(false));
        let order = |a: f64, b: f64| if a > b { 1.0 } else if a == b { 0.5 } else { 0.0 };
        let pairs = ones.iter().flat_map(|&a| zeros.iter().map(move |&b| order(a, b)));
        let want = pairs.sum::<f64>() / (ones.len() * zeros.len()) as f64;
        let mut auc = RocAuc::new();
        let labels: Vec<usize> = labels.iter().map(|&label| usize::from(label == 1)).collect();
        auc.update(&scores.column(0), &labels).unwrap();
        match auc.value() {
            Ok(got) => prop_assert!((got - want).abs() < 1e-12, "{} {}", got, want),
            Err(_) => prop_assert!(ones.is_empty() || zeros.is_empty()),
        }
    }

    #[test]
    fn numbers_do_not_depend_on_the_split(
        pairs in vec((-1e3..1e3_f64, -1e3..1e3_f64), 1..40),
        lengths in vec(1..9_usize, 1..5),
    ) {
        let (cuts, all) = (&cuts(&lengths, pairs.len())[..], &[(0, pairs.len())][..]);
        let (x, t): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
        let (x, t) = (Array1::from(x), Array1::from(t));
        check!(numbers(Mae::new(), x.view(), t.view(); cuts, all));
        check!(numbers(Rmse::new(), x.view(), t.view(); cuts, all));
        check!(numbers(Mape::new(), x.view(), t.view(); cuts, all));
        check!(numbers(Smape::new(), x.view(), t.view(); cuts, all));
        check!(numbers(Mase::new(&[1.0, 4.0, 2.0], 1).unwrap(), x.view(), t.view(); cuts, all));
        check!(numbers(R2::new(), x.view(), t.view(); cuts, all));
    }
}
