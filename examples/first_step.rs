//! One training step of a 784-512-256-10 network on a batch of 128, for `scripts/first_step.sh`, which measures
//! the time from the start of the process.
//!
//! Prints the time of day at the end of the step in microseconds, the most memory that was resident in KiB, and
//! the loss.

#[expect(dead_code, reason = "of the cases and ways to train one is needed")]
#[path = "../tests/support/peers.rs"]
mod peers;

use peers::{CASES, Training};
use std::time::{SystemTime, UNIX_EPOCH};
use tensor::Tape;

/// The most resident memory so far in KiB, where the system tells.
fn most_resident() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

fn main() -> nn::Result<()> {
    let mlp_iii = &CASES[3];
    let loss = Training::new(mlp_iii)?.step(&mut Tape::new())?;
    let end = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_micros());
    println!("{end} {} {loss:.6}", most_resident().unwrap_or(0));
    Ok(())
}
