//! The inputs that the fuzzer starts from, and each that it broke a check with.

use std::path::Path;

#[path = "../../fuzz/checks.rs"]
mod checks;

#[test]
fn every_input_of_the_corpus_passes_its_check() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus");
    for (name, check) in checks::CHECKS {
        let inputs = std::fs::read_dir(corpus.join(name)).unwrap();
        let played = inputs
            .map(|input| check(&std::fs::read(input.unwrap().path()).unwrap()))
            .count();
        assert!(played > 0, "{name}");
    }
}
