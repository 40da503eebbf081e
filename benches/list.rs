//! The list of keys with the allocator of the program, which wipes what is freed. Beside `list_unwiped`, this is what
//! wiping costs. Run both: `cargo bench`.
#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark")]

#[global_allocator]
static ALLOCATOR: zeroizing_alloc::ZeroAlloc<std::alloc::System> = zeroizing_alloc::ZeroAlloc(std::alloc::System);

include!("parts/list.rs");
