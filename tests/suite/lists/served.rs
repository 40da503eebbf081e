//! The same lists over HTTP, read by the real binary.
