//! The work of the peers: `case` on a tape recorded anew each step, `case@replay` on a recorded tape run again,
//! `case@folded` the same with the update folded into the way back.

#[path = "../tests/support/peers.rs"]
mod peers;
#[path = "support/work.rs"]
mod work;

use criterion::{BenchmarkGroup, Criterion, criterion_group, criterion_main, measurement::WallTime};
use peers::{CASES, Case, Training};
use std::hint::black_box;
use std::time::Duration;
use tensor::Tape;
use work::Work;

type Group<'a> = BenchmarkGroup<'a, WallTime>;

fn steps(group: &mut Group<'_>, case: &Case) {
    let mut training = Training::new(case).expect("the case is well formed");
    let mut tape = Tape::new();
    group.bench_function(case.name, |bench| {
        bench.iter(|| black_box(training.step(&mut tape).expect("a step")));
    });
    tape.reset();
    let loss = training.record(&tape).expect("a recording");
    group.bench_function(format!("{}@replay", case.name), |bench| {
        bench.iter(|| black_box(training.replay(&tape, loss).expect("a step")));
    });
    group.bench_function(format!("{}@folded", case.name), |bench| {
        bench.iter(|| black_box(training.folded(&tape, loss).expect("a step")));
    });
}

fn ops(group: &mut Group<'_>, case: &'static work::Case) {
    let work = Work::new(case).expect("the case is well formed");
    work.check().expect("a loss and its gradients");
    let mut tape = Tape::new();
    group.bench_function(case.name, |bench| {
        bench.iter(|| black_box(work.step(&mut tape).expect("a step")));
    });
    tape.reset();
    let loss = work.record(&tape).expect("a recording");
    group.bench_function(format!("{}@replay", case.name), |bench| {
        bench.iter(|| black_box(work.replay(&tape, loss).expect("a step")));
    });
}

fn run(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("peers");
    group.measurement_time(Duration::from_secs(2)).sample_size(20).warm_up_time(Duration::from_millis(500));
    for case in &CASES {
        steps(&mut group, case);
    }
    for case in &work::CASES {
        ops(&mut group, case);
    }
    group.finish();
}

criterion_group!(benches, run);
criterion_main!(benches);
