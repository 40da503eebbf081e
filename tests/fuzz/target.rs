//! Throws bytes at the check that `FUZZ_TARGET` names.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;

mod checks;

static CHECK: LazyLock<checks::Check> = LazyLock::new(|| {
    let wanted = std::env::var("FUZZ_TARGET").unwrap_or_default();
    let named = checks::CHECKS.iter().find(|(name, _)| *name == wanted);
    named.map(|(_, check)| *check).expect("FUZZ_TARGET names a check")
});

fuzz_target!(|bytes: &[u8]| CHECK(bytes));
