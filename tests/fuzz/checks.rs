//! What holds for any bytes from outside. The suite plays the corpus to these; `tests/fuzz/run` looks for more.

use std::sync::Arc;

use chatzuri_keys::adapters::http::read_any_answer;
use chatzuri_keys::config::Config;
use chatzuri_keys::core::import;
use chatzuri_keys::core::incident::unwrapped;
use chatzuri_keys::core::key::{ApiKey, KeyId, LastUse, Own};
use chatzuri_keys::core::listing::{ListedKey, Source};
use chatzuri_keys::core::secret::{Secret, mask_values};
use chatzuri_keys::core::target::Target;
use chatzuri_keys::core::text::{Label, clean};
use chatzuri_keys::tui::model::list::KeyList;
use jiff::Timestamp;

/// Fails by a panic.
pub type Check = fn(&[u8]);

/// Each check by the name of its corpus.
pub const CHECKS: [(&str, Check); 6] = [
    ("decoders", read_any_answer),
    ("config", config),
    ("target", target),
    ("paste", paste),
    ("import", import),
    ("filter", filter),
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
    match import::parse(bytes, now()) {
        Ok(drafts) => assert!(!drafts.is_empty()),
        Err(bad) => assert!(!bad.is_empty() && bad.iter().all(|row| !row.why.is_empty())),
    }
}

/// What the dashboard's filter is typed (the first line) hides no key whose name (each other line) has every word of it in
/// it, in whatever case; and the cursor is on a key that is shown, and comes back when the filter is dropped.
fn filter(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.lines();
    let typed = lines.next().unwrap_or_default();
    let keys: Vec<ListedKey> = lines.take(50).enumerate().map(|(nth, name)| key(nth, name)).collect();
    let count = keys.len();
    let mut list = KeyList::new(Arc::default());
    list.set_height(7);
    list.replace(keys, now());
    list.last();
    let shown = |list: &mut KeyList, typed: &str| {
        list.edit_filter(|input| *input = typed.into());
        assert!(list.shown() <= count && list.top() <= list.place());
        assert_eq!(list.selected().is_some(), list.shown() > 0);
        let selected = list.selected().map(|row| &row.listed.key.id);
        assert!(selected.is_none_or(|id| list.is_shown(id)));
        let ids = list.all().iter().map(|row| &row.listed.key.id);
        ids.filter(|id| list.is_shown(id)).cloned().collect::<Vec<KeyId>>()
    };
    let before = shown(&mut list, "").len();
    assert_eq!(before, count);
    let first = list.selected().map(|row| row.listed.key.id.clone());
    let found = shown(&mut list, typed);
    let words: Vec<&str> = typed.split_whitespace().collect();
    for row in list.all() {
        let name = row.listed.key.name.shown();
        assert!(words.iter().any(|word| !name.contains(word)) || found.contains(&row.listed.key.id));
    }
    let turned: Vec<&str> = words.iter().rev().copied().collect();
    for again in [typed.to_lowercase(), turned.join("  ")] {
        assert_eq!(shown(&mut list, &again), found);
    }
    let fewer = shown(&mut list, &format!("{typed} bot"));
    assert!(fewer.iter().all(|id| found.contains(id)));
    shown(&mut list, "");
    assert_eq!(list.selected().map(|row| row.listed.key.id.clone()), first);
}

fn key(nth: usize, name: &str) -> ListedKey {
    ListedKey {
        key: ApiKey {
            id: KeyId::new(&format!("key_{nth}")).expect("it is an id"),
            name: Label::new(name),
            created_at: None,
            last_used_at: LastUse::Never,
            created_by: None,
            prefix: None,
            last_four: None,
        },
        own: Own::No,
        source: Source::default(),
    }
}

/// 2026-11-22, so that the same bytes always mean the same.
fn now() -> Timestamp {
    Timestamp::from_second(1_795_305_600).expect("it is a time")
}
