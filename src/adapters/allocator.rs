//! An allocator that says when there is no memory left. The program is ended by its caller then, without a word to anybody
//! who could still put things in order.

#![allow(
    unsafe_code,
    reason = "an allocator is unsafe by its trait; each call is passed on as it came"
)]

use std::alloc::{GlobalAlloc, Layout};
use std::ptr::NonNull;

/// Another allocator, and what is called before it gives nothing.
#[derive(Debug)]
pub struct OnFailure<A> {
    inner: A,
    /// Called without memory: it must make nothing.
    call: fn(),
}

impl<A> OnFailure<A> {
    /// `inner`, and `call` before it gives nothing.
    #[must_use]
    pub const fn new(inner: A, call: fn()) -> Self {
        Self { inner, call }
    }

    fn checked(&self, block: *mut u8) -> *mut u8 {
        if NonNull::new(block).is_none() {
            (self.call)();
        }
        block
    }
}

// SAFETY: every block is the inner allocator's, asked for and given back with the layout it came with.
unsafe impl<A: GlobalAlloc> GlobalAlloc for OnFailure<A> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the trait's contract.
        self.checked(unsafe { self.inner.alloc(layout) })
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        self.checked(unsafe { self.inner.alloc_zeroed(layout) })
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { self.inner.dealloc(block, layout) }
    }
}
