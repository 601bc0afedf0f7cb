//! How much memory there is in use at most: counted, not estimated.
//!
//! A test binary of its own with one test, since the counter replaces the allocator of the whole process.
#![expect(unsafe_code, reason = "counting allocations needs a global allocator, whose interface is unsafe")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use granular::ndarray::Array2;
use granular::{Hierarchy, Method, Reconciler};

struct Counting;

/// Bytes on the heap, and the most of them since [`peak`] began.
static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

fn grown(by: usize) {
    PEAK.fetch_max(LIVE.fetch_add(by, SeqCst) + by, SeqCst);
}

// SAFETY: every call is handed to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        grown(layout.size());
        // SAFETY: the caller's promises are the system allocator's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, start: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), SeqCst);
        // SAFETY: as above.
        unsafe { System.dealloc(start, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Bytes that a call has in use at most, beyond what was there before.
fn peak<R>(call: impl FnOnce() -> R) -> (R, usize) {
    let before = LIVE.load(SeqCst);
    PEAK.store(before, SeqCst);
    let result = call();
    (result, PEAK.load(SeqCst) - before)
}

#[test]
fn peaks() {
    reconciling_fourteen_thousand_series();
    streaming();
}

/// hierarchicalforecast #163: a dense n × n matrix alone would be 1.7 GB.
fn reconciling_fourteen_thousand_series() {
    const SERIES: usize = 14_690;
    let key = |modulus: usize| -> Vec<String> { (0..SERIES).map(|i| (i % modulus).to_string()).collect() };
    let keys = [key(10), key(70), key(SERIES)];
    let (h, building) = peak(|| {
        Hierarchy::grouped()
            .key("state", &keys[0])
            .key("shop", &keys[1])
            .key("item", &keys[2])
            .level("Total", &[])
            .level("State", &["state"])
            .level("Shop", &["shop"])
            .level("Item", &["item"])
            .build()
            .expect("it is sound")
    });
    let base = Array2::from_elem((h.len(), 1), 1.0);
    let n = h.len();
    let (agreed, reconciling) = peak(|| {
        Reconciler::new(&h, Method::WlsStruct).and_then(|r| r.reconcile(base.view())).expect("it is sound")
    });
    assert_eq!(agreed.gaps(), [0.0; 4]);
    println!("{n} nodes: {building} bytes to build the hierarchy, {reconciling} to reconcile");
    assert!(building < 1200 * n, "{building}");
    assert!(reconciling < 400 * n, "{reconciling}");
}

/// gcForest #10: m · d numbers, and one window's n · d; the length of the series does not matter.
fn streaming() {
    let h = Hierarchy::temporal(240, &[("day", 240), ("hour", 10), ("one", 1)]).expect("it is sound");
    let numbers = (h.finest_len() + h.len()) * 3 * size_of::<f64>();
    let run = |length: usize| {
        peak(|| {
            let mut stream = h.stream(3, 1).expect("both are positive");
            let mut sum = 0.0;
            for t in 0..length {
                let at = t as f64;
                if let Some(window) = stream.push(&[at, -at, 1.0]).expect("finite") {
                    sum += window.all()[[0, 2]];
                }
            }
            sum
        })
    };
    let ((short, short_peak), (long, long_peak)) = (run(500), run(20_000));
    assert_eq!((short, long), (261.0 * 240.0, 19_761.0 * 240.0));
    assert_eq!(short_peak, long_peak, "the length does not matter");
    assert!(long_peak <= numbers + 1024, "{long_peak} bytes for {numbers} of numbers");
}
