//! Training steps: the losses of other engines, replay, memory that stays flat, threads.

#[path = "../support/mod.rs"]
mod support;
mod threads;

use nn::{Fields, Result};
use support::peers::{CASES, Training};
use tensor::Tape;

fn close(got: f32, want: f32) -> bool {
    (got - want).abs() <= 1e-4 * want.abs()
}

/// The loss of the first step and of the step after 20 more, as other engines print them.
const LOSSES: [[f32; 2]; 5] = [
    [0.830201, 0.370021],
    [0.564710, 0.452435],
    [2.301327, 2.239642],
    [2.295491, 2.272134],
    [6.903152, 6.862813],
];

#[test]
fn the_five_training_steps_have_the_losses_of_the_peers() -> Result<()> {
    for (case, [want_first, want_last]) in CASES.iter().zip(LOSSES) {
        let (mut training, mut tape) = (Training::new(case)?, Tape::new());
        let first = training.step(&mut tape)?;
        let mut last = first;
        for _ in 0..20 {
            last = training.step(&mut tape)?;
        }
        assert!(close(first, want_first) && close(last, want_last), "{}: {first} then {last}", case.name);
    }
    Ok(())
}

#[test]
fn folded_steps_have_the_same_losses() -> Result<()> {
    for (case, [want_first, want_last]) in CASES.iter().zip(LOSSES).take(4) {
        let (mut training, tape) = (Training::new(case)?, Tape::new());
        let loss = training.record(&tape)?;
        let first = training.folded(&tape, loss)?;
        let mut last = first;
        for _ in 0..20 {
            last = training.folded(&tape, loss)?;
        }
        assert!(close(first, want_first) && close(last, want_last), "{}: {first} then {last}", case.name);
    }
    Ok(())
}

#[test]
fn replay_gives_the_bits_of_a_new_recording() -> Result<()> {
    for case in CASES.iter().filter(|case| case.name != "mlp_iv") {
        let (mut anew, mut tape) = (Training::new(case)?, Tape::new());
        let mut again = Training::new(case)?;
        let recorded = Tape::new();
        let loss = again.record(&recorded)?;
        for _ in 0..5 {
            let (a, b) = (anew.step(&mut tape)?, again.replay(&recorded, loss)?);
            assert_eq!(a.to_bits(), b.to_bits(), "{}", case.name);
        }
        anew.net.visit(nn::Path::ROOT, &mut |path, param| {
            let name = path.to_string();
            again.net.visit(nn::Path::ROOT, &mut |path, other| {
                if path.to_string() == name {
                    assert_eq!(param.values(), other.values(), "{name}");
                }
                Ok(())
            })
        })?;
    }
    Ok(())
}
