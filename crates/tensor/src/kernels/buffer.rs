//! Memory of the tape and of parameters: aligned, grown when needed, kept when not.
#![expect(unsafe_code, reason = "owning memory aligned to a cache line needs the allocator's raw interface")]

use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::{fmt, ops, ptr::NonNull};

/// A cache line, and the width of the widest vector.
const ALIGN: usize = 64;

/// Elements in memory aligned to 64 bytes. Shrinking keeps the memory, so a step that repeats
/// allocates nothing.
pub(crate) struct Buffer<T> {
    start: NonNull<T>,
    len: usize,
    capacity: usize,
}

// SAFETY: a buffer owns its memory, so it moves between threads as its elements do.
unsafe impl<T: Send> Send for Buffer<T> {}
// SAFETY: a shared buffer gives out shared slices only.
unsafe impl<T: Sync> Sync for Buffer<T> {}

impl<T> Buffer<T> {
    pub(crate) const fn new() -> Self {
        Self { start: NonNull::dangling(), len: 0, capacity: 0 }
    }

    fn layout(capacity: usize) -> Layout {
        let align = ALIGN.max(align_of::<T>());
        size_of::<T>()
            .checked_mul(capacity)
            .and_then(|bytes| Layout::from_size_align(bytes, align).ok())
            .expect("a buffer fits the address space")
    }
}

impl<T: crate::Element> Buffer<T> {
    /// Makes room for `len` elements. What they hold is unspecified: zeros or values of an earlier step.
    #[inline]
    pub(crate) fn resize(&mut self, len: usize) {
        if len > self.capacity {
            self.grow(len);
        }
        self.len = len;
    }

    #[cold]
    fn grow(&mut self, capacity: usize) {
        let layout = Self::layout(capacity);
        *self = Self::new();
        // SAFETY: the layout's size is not 0, since `capacity > 0` and elements are numbers; all-zero
        // bytes are a valid number of every `Element` (a sealed set of floats and pairs of floats).
        let start = unsafe { alloc_zeroed(layout) }.cast::<T>();
        let Some(start) = NonNull::new(start) else { handle_alloc_error(layout) };
        *self = Self { start, len: 0, capacity };
    }

    /// Bytes held, in use or not.
    pub(crate) fn bytes(&self) -> usize {
        self.capacity * size_of::<T>()
    }
}

impl<T> Drop for Buffer<T> {
    fn drop(&mut self) {
        if self.capacity > 0 {
            // SAFETY: `start` came from `alloc_zeroed` with this layout; numbers need no drop.
            unsafe { dealloc(self.start.as_ptr().cast(), Self::layout(self.capacity)) }
        }
    }
}

impl<T> ops::Deref for Buffer<T> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        // SAFETY: the first `len <= capacity` elements were zeroed at allocation, hence initialised.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }
}

impl<T> ops::DerefMut for Buffer<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: as above, and `&mut self` makes the access exclusive.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr(), self.len) }
    }
}

impl<T> Default for Buffer<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: fmt::Debug> fmt::Debug for Buffer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_aligned_and_kept_when_shrunk() {
        let mut buffer = Buffer::<f32>::new();
        assert!(buffer.is_empty());
        buffer.resize(100);
        assert!(buffer.iter().all(|&x| x == 0.0));
        assert_eq!(buffer.as_ptr() as usize % ALIGN, 0);
        buffer[3] = 7.0;
        let start = buffer.as_ptr();
        buffer.resize(4);
        assert_eq!(buffer[3], 7.0);
        buffer.resize(100);
        assert_eq!((buffer.as_ptr(), buffer.bytes()), (start, 400));
    }
}
