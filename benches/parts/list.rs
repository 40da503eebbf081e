// What a key press costs at so many keys: taking a list in, a letter of the filter, a step of the cursor, a frame.

use std::sync::Arc;

use chatzuri_keys::core::key::{ApiKey, KeyId, LastUse, Own};
use chatzuri_keys::core::listing::{ListedKey, Source};
use chatzuri_keys::core::text::Label;
use chatzuri_keys::tui::model::list::KeyList;
use divan::Bencher;
use jiff::{SignedDuration, Timestamp};
use tui_input::Input;

const SIZES: [usize; 3] = [100, 10_000, 100_000];

fn main() {
    divan::main();
}

fn now() -> Timestamp {
    Timestamp::from_second(1_795_000_000).unwrap()
}

fn keys(count: usize) -> Vec<ListedKey> {
    (0..count)
        .map(|n| ListedKey {
            key: ApiKey {
                id: KeyId::new(&format!("key_{n:012x}")).unwrap(),
                name: Label::new(&format!("Integration {n} of the team")),
                created_at: now().checked_sub(SignedDuration::from_hours(i64::try_from(n % 5000).unwrap())).ok(),
                last_used_at: LastUse::At(now()),
                created_by: Some(Label::new("amina@acme.example")),
                prefix: Some(Label::new("cz_Iz1P")),
                last_four: Some(Label::new("CpSn")),
            },
            own: Own::No,
            source: Source::Api,
        })
        .collect()
}

fn list(count: usize) -> KeyList {
    let mut list = KeyList::new(Arc::default());
    list.set_height(34);
    list.replace(keys(count), now());
    list
}

/// A newly read list is measured, sorted and shown.
#[divan::bench(args = SIZES)]
fn take_in(bencher: Bencher, count: usize) {
    let mut list = list(0);
    bencher.with_inputs(|| keys(count)).bench_local_values(|keys| list.replace(keys, now()));
}

/// One letter is typed into the filter.
#[divan::bench(args = SIZES)]
fn filter_letter(bencher: Bencher, count: usize) {
    let mut list = list(count);
    let mut letters = ["i", "in", "int", "4"].iter().cycle();
    bencher.bench_local(|| list.edit_filter(|input| *input = Input::from(*letters.next().unwrap())));
}

/// The cursor goes one down.
#[divan::bench(args = SIZES)]
fn cursor_down(bencher: Bencher, count: usize) {
    let mut list = list(count);
    bencher.bench_local(|| list.step(1));
}
