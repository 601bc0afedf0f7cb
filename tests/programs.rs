//! Random programs of every public op never panic, and give the same bits however they are computed.

#[path = "support/programs/mod.rs"]
mod programs;
#[path = "support/sources.rs"]
mod sources;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use std::collections::BTreeSet;
use tensor::Dual;

/// Programs of each kind of number; the feature `long-tests` runs for about a minute.
const CASES: u32 = if cfg!(feature = "long-tests") { 20_000 } else { 300 };

fn config() -> ProptestConfig {
    let rng_seed = RngSeed::Fixed(1);
    ProptestConfig { cases: CASES, rng_seed, failure_persistence: None, ..ProptestConfig::default() }
}

fn program() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..400)
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn programs_of_f64(bytes in program()) {
        programs::run::<f64>(&bytes);
    }

    #[test]
    fn programs_of_f32(bytes in program()) {
        programs::run::<f32>(&bytes);
    }

    #[test]
    fn programs_of_dual_numbers(bytes in program()) {
        programs::run::<Dual<f64>>(&bytes);
    }
}

#[test]
fn no_public_op_is_missing_in_programs() {
    let there: BTreeSet<String> = programs::table::<f64>().iter().map(|step| step.0.to_string()).collect();
    let missing: Vec<_> = sources::public_ops().difference(&there).cloned().collect();
    assert_eq!(missing, [""; 0], "public ops without a step in tests/support/programs/table.rs");
}

/// A step whose op is always refused would test nothing.
#[test]
fn every_op_is_accepted_somewhere() {
    let mut state = 1u64;
    let mut byte = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    let mut never: BTreeSet<&str> = programs::table::<f64>().iter().map(|step| step.0).collect();
    for _ in 0..2000 {
        let program: Vec<u8> = (0..400).map(|_| byte()).collect();
        for op in programs::run::<f64>(&program) {
            never.remove(op);
        }
        if never.is_empty() {
            return;
        }
    }
    panic!("never accepted: {never:?}");
}
