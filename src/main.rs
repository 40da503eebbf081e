//! The program: arguments to a face, and the adapters behind it.

fn main() {}
