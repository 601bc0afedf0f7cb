//! The cases of crates/granular/tests/suite/random_cases.rs on the fuzzer's bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/granular/tests/suite/reconciling.rs"]
mod reconciling;

fuzz_target!(|bytes: &[u8]| drop(reconciling::run(bytes)));
