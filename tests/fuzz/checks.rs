//! What holds for any bytes from outside. The suite plays the corpus to these; `tests/fuzz/run` looks for more.

use chatzuri_keys::adapters::http::read_any_answer;
use chatzuri_keys::config::Config;
use chatzuri_keys::core::import;
use chatzuri_keys::core::incident::unwrapped;
use chatzuri_keys::core::secret::{Secret, mask_values};
use chatzuri_keys::core::target::Target;
use chatzuri_keys::core::text::{Label, clean};
use jiff::Timestamp;

/// Fails by a panic.
pub type Check = fn(&[u8]);

/// Each check by the name of its corpus.
pub const CHECKS: [(&str, Check); 5] = [
    ("decoders", read_any_answer),
    ("config", config),
    ("target", target),
    ("paste", paste),
    ("import", import),
];

/// A config that is taken can be used.
fn config(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    match Config::parse(text) {
        Ok(config) => {
            let _ = (config.policies(), config.capabilities(), config.quiet(), config.sinks());
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// A target that is taken can be pinned.
fn target(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    match Target::parse(text) {
        Ok(target) if target.leaves_open().is_some() => {
            let _ = target.pinned_to("acme-prod");
        }
        Ok(_) => {}
        Err(bad) => assert!(!bad.to_string().is_empty()),
    }
}

/// What is taken off a paste is taken off once, and a text that is shown cannot steer a terminal.
fn paste(bytes: &[u8]) {
    let inner = unwrapped(bytes);
    assert_eq!(unwrapped(inner), inner);
    let text = String::from_utf8_lossy(inner);
    let masked = mask_values(&text, None);
    assert_eq!(mask_values(&masked, None), masked);
    if let Ok(secret) = Secret::parse(&text) {
        assert!(!mask_values(&text, Some(&secret)).is_empty());
        assert!(secret.prefix().raw().len() + secret.last_four().raw().len() < secret.length());
    }
    let label = Label::new(&text);
    assert_eq!(clean(label.shown()), label.shown());
    assert!(!label.shown().contains(char::is_control));
}

/// A file of keys is taken whole, or each thing that is wrong with it is said.
fn import(bytes: &[u8]) {
    // 2026-11-22, so that the same bytes always mean the same.
    let now = Timestamp::from_second(1_795_305_600).expect("it is a time");
    match import::parse(bytes, now) {
        Ok(drafts) => assert!(!drafts.is_empty()),
        Err(bad) => assert!(!bad.is_empty() && bad.iter().all(|row| !row.why.is_empty())),
    }
}
