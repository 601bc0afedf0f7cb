//! What the engines share: the work, and how it is timed and printed.

pub mod work;

use std::hint::black_box;
use std::time::{Duration, Instant};

/// Whether a case was asked for: names begin with an argument, or there are none.
pub fn wanted(case: &str) -> bool {
    let mut asked = std::env::args().skip(1).peekable();
    asked.peek().is_none() || asked.any(|start| case.starts_with(&start))
}

/// Times a call over about a second, in samples of at least a millisecond, and prints a line for
/// scripts/table.sh; half a second before does not count.
pub fn measure<R>(engine: &str, case: &str, mut call: impl FnMut() -> R) {
    if !wanted(case) {
        return;
    }
    let begin = Instant::now();
    let mut calls = 0u32;
    while begin.elapsed() < Duration::from_millis(500) || calls == 0 {
        black_box(call());
        calls += 1;
    }
    let each = begin.elapsed() / calls;
    let repeat = (1_000_000 / each.as_nanos().max(1)).max(1) as u32;
    let begin = Instant::now();
    let mut times = Vec::new();
    while begin.elapsed() < Duration::from_secs(1) || times.len() < 10 {
        let start = Instant::now();
        for _ in 0..repeat {
            black_box(call());
        }
        times.push(start.elapsed().as_nanos() as f64 / f64::from(repeat));
    }
    times.sort_by(f64::total_cmp);
    let threads = std::env::var("RAYON_NUM_THREADS").unwrap_or_else(|_| "all".into());
    let (median, count) = (times[times.len() / 2], times.len());
    println!("R|{engine}|{case}|{threads}|{median:.1}|{:.1}|{count}", times[0]);
}
