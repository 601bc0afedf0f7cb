//! Random cases never panic and never end without an answer or a reason; `fuzz/` runs more of them.

use std::collections::BTreeMap;

use crate::reconciling;

/// The feature `long-tests` runs for about a minute.
const CASES: u64 = if cfg!(feature = "long-tests") { 3_000_000 } else { 40_000 };

/// The bytes of a case, from splitmix64.
fn bytes(case: u64) -> Vec<u8> {
    let mut state = case.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut word = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    (0..100).flat_map(|_| word().to_le_bytes()).collect()
}

/// With `CASE` in a failure's message the case can be run alone.
struct Announce(u64);

impl Drop for Announce {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("CASE {}", self.0);
        }
    }
}

#[test]
fn random_cases_end_in_values_or_reasons() {
    let mut seen: BTreeMap<String, u64> = BTreeMap::new();
    for case in 0..CASES {
        let _announce = Announce(case);
        for outcome in reconciling::run(&bytes(case)) {
            *seen.entry(outcome).or_default() += 1;
        }
    }
    println!("{seen:?}");
    let cases = |outcome: &str| {
        let tame = format!("tame {outcome}");
        seen.iter()
            .filter(|(name, _)| **name == outcome || **name == tame)
            .map(|(_, count)| count)
            .sum::<u64>()
    };
    assert!(cases("plain") > CASES / 4 && cases("known") > CASES / 10, "{seen:?}");
    for kind in [
        "Contradiction",
        "DuplicateNode",
        "FinestOrder",
        "Infeasible",
        "KeyLength",
        "NotFinite",
        "Order",
        "Parameter",
        "Shape",
        "Status",
        "TooShort",
        "Unidentified",
        "UnknownKey",
        "Variance",
    ] {
        assert!(cases(kind) > 0, "no case ends in {kind}: {seen:?}");
    }
    // Ways out that everyday numbers do not take, or one in a thousand: covariances of two columns, of which some nodes
    // have no variance and others are missing.
    let tame = |kind: &str| seen.get(&format!("tame {kind}")).copied().unwrap_or(0);
    assert!(tame("NotConverged") + tame("TooManyStatuses") == 0, "{seen:?}");
    assert!(tame("NoOptimum") <= CASES / 1000, "{seen:?}");
}

#[test]
fn no_bytes_are_a_case() {
    for length in 0..40 {
        assert!(!reconciling::run(&vec![0; length]).is_empty());
        assert!(!reconciling::run(&vec![255; length]).is_empty());
    }
}
