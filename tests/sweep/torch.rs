//! What PyTorch computes, from the files that `scripts/torch_fixture/make.py` wrote.

use std::collections::BTreeMap;
use tensor::ndarray::{ArrayD, IxDyn};

/// One case of a fixture.
#[derive(Default)]
pub(crate) struct Expected {
    pub(crate) inputs: Vec<ArrayD<f64>>,
    pub(crate) weights: ArrayD<f64>,
    pub(crate) value: ArrayD<f64>,
    pub(crate) gradients: Vec<ArrayD<f64>>,
}

/// All cases of all families, by name.
pub(crate) fn fixtures() -> BTreeMap<String, Expected> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");
    let mut cases = BTreeMap::<String, Expected>::new();
    for file in std::fs::read_dir(folder).expect("the fixtures are in the tree") {
        let path = file.expect("a readable folder").path();
        if !path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("torch_")) {
            continue;
        }
        for line in std::fs::read_to_string(&path).expect("a readable fixture").lines() {
            let [name, role, shape, numbers] =
                line.split(',').collect::<Vec<_>>().try_into().expect("four fields a line");
            let array = array(shape, numbers);
            let case = cases.entry(name.to_string()).or_default();
            match role {
                "input" => case.inputs.push(array),
                "weights" => case.weights = array,
                "value" => case.value = array,
                "gradient" => case.gradients.push(array),
                _ => panic!("{}: an unknown role {role}", path.display()),
            }
        }
    }
    cases
}

fn array(shape: &str, numbers: &str) -> ArrayD<f64> {
    let number = |text: &str| text.parse().unwrap_or_else(|_| panic!("`{text}` is no number"));
    let shape: Vec<usize> =
        shape.split('x').filter(|axis| !axis.is_empty()).map(|axis| number(axis) as usize).collect();
    let numbers = numbers.split(' ').filter(|text| !text.is_empty()).map(number).collect();
    ArrayD::from_shape_vec(IxDyn(&shape), numbers).expect("as many numbers as the shape holds")
}

/// Equal to 1e-9, relative above 1; NaN and infinities to themselves.
pub(crate) fn close(got: &ArrayD<f64>, want: &ArrayD<f64>) -> bool {
    let equal = |(&a, &b): (&f64, &f64)| {
        a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= 1e-9 * b.abs().max(1.0)
    };
    got.shape() == want.shape() && got.iter().zip(want).all(equal)
}
