use super::*;
use crate::{Param, concat};
use ndarray::{Array1, Array2, ArrayD, IxDyn, array};

fn matrix(rows: usize, seed: f64) -> Array2<f64> {
    Array2::from_shape_fn((rows, rows), |(i, j)| (seed + (3 * i + 5 * j) as f64 * 0.37).sin())
}

/// Values that are read late, twice, or never, of several sizes.
fn winding<'t>(x: Var<'t, f64>, w: Var<'t, f64>) -> Result<Var<'t, f64>> {
    let a = x.matmul(w)?.tanh()?;
    let b = a.matmul(w)?;
    let _unread = b.exp()?;
    let wide = concat(&[a, b, b], 1)?.relu()?;
    let c = wide.sum_axis(1)?.exp()?.unsqueeze(1)?;
    let d = b.add(c)?.matmul(w)?.sigmoid()?;
    (0..6).try_fold(a.mul(d)?, |y, _| y.matmul(w)?.tanh())
}

#[test]
fn runs_have_the_bits_of_new_recordings() {
    let w = Param::new(&matrix(5, 0.2)).unwrap();
    let record = |x: &Array2<f64>| {
        Recording::new(|inputs| {
            let x = inputs.numbers(x)?;
            winding(x, x.tape().param(&w)?)
        })
    };
    let mut recording = record(&matrix(5, 0.0)).unwrap();
    let whole = recording.bytes();
    for seed in [1.0, 2.0, 3.0, 2.0] {
        let x = matrix(5, seed);
        recording.set(0, &x).unwrap();
        assert!(matches!(recording.output().unwrap_err().kind(), ErrorKind::Stale { .. }));
        let got = recording.run().unwrap().values.to_vec();
        assert_eq!(got, record(&x).unwrap().output().unwrap().values);
        assert_eq!(recording.output().unwrap().values, got);
    }
    assert!(2 * recording.bytes() < whole, "{} bytes of {whole}", recording.bytes());
    assert_eq!(recording.shapes(), [Shape::new(&[5, 5]).unwrap()]);
}

#[test]
fn chains_that_were_put_off_are_run_too() {
    let record = |x: &Array1<f32>| {
        Recording::new(|inputs| {
            let x = inputs.numbers(x)?;
            let y = x.exp()?.mul(x)?;
            let z = y.add(y.sum()?.tanh()?)?.square()?;
            z.sin()?.add(y)
        })
    };
    let [x, other] = [0.1f32, 0.3].map(|step| Array1::from_shape_fn(20_000, |i| (i as f32 * step).cos()));
    let mut recording = record(&x).unwrap();
    for x in [&other, &x, &other] {
        recording.set(0, x).unwrap();
        let got = recording.run().unwrap().values.to_vec();
        assert_eq!(got, record(x).unwrap().output().unwrap().values);
    }
}

#[test]
fn a_refused_run_leaves_one_that_can_be_run() {
    let table = Param::new(&matrix(4, 0.5)).unwrap();
    let mut recording = Recording::new(|inputs| {
        let rows = inputs.indices(&array![0, 1])?;
        let x = inputs.tape().param(&table)?.exp()?;
        let x = x.tanh()?.exp()?.tanh()?;
        let y = x.index_select(0, rows)?;
        y.exp()?.tanh()?.exp()?.sum()
    })
    .unwrap();
    let first = recording.output().unwrap().values[0];
    recording.set_indices(0, &array![3, 9]).unwrap();
    assert!(matches!(recording.run().unwrap_err().kind(), ErrorKind::Index { index: 9, .. }));
    assert!(matches!(recording.output().unwrap_err().kind(), ErrorKind::Stale { .. }));
    for _ in 0..3 {
        recording.set_indices(0, &array![0, 1]).unwrap();
        assert_eq!(recording.run().unwrap().values, [first]);
    }
}

#[test]
fn a_function_that_looks_at_values_is_recorded_again() {
    fn sided<'t>(inputs: &mut Recorder<'t, f64>, x: f64) -> Result<Var<'t, f64>> {
        let x = inputs.numbers(&array![x])?;
        if x.item()? > 0.0 { x.scale(2.0) } else { x.scale(10.0) }
    }
    let mut recording = Recording::new(|inputs| sided(inputs, 1.0)).unwrap();
    assert!(recording.depends_on_values());
    recording.set(0, &array![-1.0]).unwrap();
    assert!(matches!(recording.run().unwrap_err().kind(), ErrorKind::Custom { .. }));
    let mut recording = recording.again(|inputs| sided(inputs, -1.0)).unwrap();
    assert_eq!(recording.output().unwrap().values, [-10.0]);
    let sorted = Recording::new(|inputs| {
        inputs.numbers(&array![2.0, 1.0])?.sort(0, crate::Order::Ascending).map(|x| x.0)
    });
    assert!(sorted.unwrap().depends_on_values());
}

#[test]
fn inputs_that_do_not_fit_are_refused() {
    let mut recording = Recording::<f64>::new(|inputs| {
        let x = inputs.numbers(&array![[1.0, 2.0]])?;
        let rows = inputs.indices(&array![0])?;
        x.index_select(0, rows)
    })
    .unwrap();
    let text = |error: Result<()>| error.unwrap_err().to_string();
    assert_eq!(
        text(recording.set(0, &array![1.0, 2.0])),
        "set: shapes [1, 2] and [2] do not agree: expected the shape that was recorded",
    );
    assert!(matches!(recording.set(1, &array![1.0]).unwrap_err().kind(), ErrorKind::Content { .. }));
    let length = recording.set_values(0, &[1.0]).unwrap_err();
    assert!(matches!(length.kind(), ErrorKind::Length { expected: 2, got: 1, .. }));
    let whole = ArrayD::zeros(IxDyn(&[1, 2]));
    assert!(matches!(recording.set_indices(0, &whole).unwrap_err().kind(), ErrorKind::Content { .. }));
    assert!(matches!(recording.set(2, &array![1.0]).unwrap_err().kind(), ErrorKind::Arity { got: 3, .. }));
    assert_eq!(recording.run().unwrap().values, [1.0, 2.0]);
    recording.set_values(0, &[3.0, 4.0]).unwrap();
    assert_eq!(recording.run().unwrap().values, [3.0, 4.0]);
}

#[test]
fn a_recording_moves_between_threads() {
    fn is_send<X: Send>() {}
    is_send::<Recording<f32>>();
}
