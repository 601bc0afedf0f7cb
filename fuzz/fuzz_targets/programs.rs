//! The interpreter of tests/programs.rs on the fuzzer's bytes; the first one chooses the kind of number.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tensor::Dual;

#[path = "../../tests/support/programs/mod.rs"]
mod programs;

fuzz_target!(|bytes: &[u8]| {
    match bytes.split_first() {
        Some((first, program)) if first % 3 == 0 => drop(programs::run::<f64>(program)),
        Some((first, program)) if first % 3 == 1 => drop(programs::run::<f32>(program)),
        Some((_, program)) => drop(programs::run::<Dual<f64>>(program)),
        None => {}
    }
});
