//! Every public op: first and second derivatives against differences, over shapes and memory layouts, and
//! values and gradients against PyTorch.

#![allow(
    clippy::useless_conversion,
    reason = "a case is compiled for dual numbers too, where 2.0.into() converts"
)]

mod case;
mod conv;
mod elementwise;
mod index;
mod linalg;
mod loss;
mod normalize;
mod recurrent;
mod reduce;
mod shape;
#[path = "../support/sources.rs"]
mod sources;
mod torch;

use case::Case;
use std::collections::BTreeSet;

/// Ops whose results are plain numbers or indices, without a gradient: tested beside their definitions.
const PLAIN: [&str; 8] =
    ["all", "all_axis", "any", "any_axis", "argmax", "argmax_axis", "argmin", "argmin_axis"];

fn cases() -> Vec<Case> {
    let families = [
        conv::cases(),
        elementwise::cases(),
        index::cases(),
        linalg::cases(),
        loss::cases(),
        normalize::cases(),
        recurrent::cases(),
        reduce::cases(),
        shape::cases(),
    ];
    families.into_iter().flatten().collect()
}

/// The op of a case named `op` or `op/variant`.
fn op(case: &str) -> String {
    case.split('/').next().unwrap_or_default().to_string()
}

#[test]
fn gradients_equal_differences() {
    for case in cases() {
        for inputs in &case.inputs {
            let shapes: Vec<_> = inputs.iter().map(|x| x.shape()).collect();
            (case.first)(inputs).unwrap_or_else(|error| panic!("{} on {shapes:?}: {error}", case.name));
        }
    }
}

#[test]
fn hessian_vector_products_equal_differences() {
    for case in cases() {
        for inputs in &case.inputs {
            let shapes: Vec<_> = inputs.iter().map(|x| x.shape()).collect();
            (case.second)(inputs).unwrap_or_else(|error| panic!("{} on {shapes:?}: {error}", case.name));
        }
    }
}

#[test]
fn values_and_gradients_equal_those_of_torch() {
    let cases = cases();
    for (name, want) in torch::fixtures() {
        let case = cases.iter().find(|case| case.name == name);
        let case = case.unwrap_or_else(|| panic!("{name} is in a fixture, but not in the sweep"));
        let (value, gradients) =
            (case.evaluate)(&want.inputs, &want.weights).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(torch::close(&value, &want.value), "{name}: {value} where torch has {}", want.value);
        for (input, (got, want)) in gradients.iter().zip(&want.gradients).enumerate() {
            assert!(torch::close(got, want), "{name}: gradient {input} is {got} where torch has {want}");
        }
    }
}

#[test]
fn no_public_op_is_missing() {
    let swept: BTreeSet<String> = cases().iter().map(|case| op(case.name)).collect();
    let compared: BTreeSet<String> = torch::fixtures().keys().map(|name| op(name)).collect();
    let mut public = sources::public_ops();
    PLAIN.iter().for_each(|name| assert!(public.remove(*name), "{name} is no public op"));
    let missing = |there: &BTreeSet<String>| public.difference(there).cloned().collect::<Vec<_>>();
    assert_eq!(missing(&swept), [""; 0], "public ops without a case in the sweep");
    assert_eq!(missing(&compared), [""; 0], "public ops without a case in a fixture");
    let unknown: Vec<_> = swept.difference(&public).collect();
    assert!(unknown.is_empty(), "cases of ops that are not public: {unknown:?}");
}

/// Ops are linked in the table as `` [`name(arguments)`](crate::path) ``; rustdoc refuses a link to nothing.
#[test]
fn every_public_op_is_on_the_page_of_names() {
    let page = include_str!("../../crates/tensor/docs/names.md");
    let (_, tables) = page.split_once("## Arithmetic").expect("the page has tables of ops");
    let (tables, _) = tables.split_once("## Differences").expect("the page ends with the differences");
    let listed = |op: &String| tables.contains(&format!("[`{op}("));
    let missing: Vec<_> = sources::public_ops().into_iter().filter(|op| !listed(op)).collect();
    assert_eq!(missing, [""; 0], "public ops that docs/names.md does not have");
}
