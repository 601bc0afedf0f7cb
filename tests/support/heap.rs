//! Counts what is on the heap. It replaces the allocator of the whole process, so each test that uses it is a
//! binary of its own.
#![expect(unsafe_code, reason = "counting allocations needs a global allocator, whose interface is unsafe")]
#![allow(dead_code, reason = "not every binary asks for all of it")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

struct Counting;

static COUNT: AtomicUsize = AtomicUsize::new(0);
/// Bytes on the heap.
static LIVE: AtomicUsize = AtomicUsize::new(0);
/// The most of them since [`peak`] began.
static PEAK: AtomicUsize = AtomicUsize::new(0);

/// Counts an allocation that adds `more` bytes and frees `less`.
fn count(more: usize, less: usize) {
    COUNT.fetch_add(1, SeqCst);
    let live = LIVE.fetch_add(more, SeqCst) + more;
    PEAK.fetch_max(live, SeqCst);
    LIVE.fetch_sub(less, SeqCst);
}

// SAFETY: every call is handed to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 0);
        // SAFETY: the caller's promises are the system allocator's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, start: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), SeqCst);
        // SAFETY: as above.
        unsafe { System.dealloc(start, layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 0);
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, start: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size, layout.size());
        // SAFETY: as above.
        unsafe { System.realloc(start, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The allocations of a call that has been made before: the fewest of ten, since the queue of rayon's
/// threads takes a new block every some dozen jobs.
pub(crate) fn allocations<R>(mut f: impl FnMut() -> R) -> usize {
    let mut count = || {
        let before = COUNT.load(SeqCst);
        f();
        COUNT.load(SeqCst) - before
    };
    (0..10).map(|_| count()).min().expect("ten calls")
}

/// The most bytes that are on the heap at once during a call, beside those that were there before.
pub(crate) fn peak<R>(f: impl FnOnce() -> R) -> (R, usize) {
    let before = LIVE.load(SeqCst);
    PEAK.store(before, SeqCst);
    let result = f();
    (result, PEAK.load(SeqCst) - before)
}
