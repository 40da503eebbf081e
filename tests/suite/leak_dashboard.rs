//! `L` in the dashboard: every kind of leaked value and every faulty revocation, typed and read over real HTTP.

use std::time::Duration;

use chatzuri_keys::core::secret::Secret;
use chatzuri_keys::ports::{Journal, LogQuery};
use chatzuri_keys::sandbox::FaultRule;
use chatzuri_keys::tui::model::SessionState;
use crossterm::event::KeyCode;

use crate::support::stage::{Set, Stage};

/// The name of the key whose value the sandbox hands out as leaked; it is in use.
const LEAKED: &str = "Staging importer";

async fn ready(rule: &str) -> Stage {
    let stage = Stage::ready().await;
    if !rule.is_empty() {
        stage.sandbox.inject(FaultRule::parse(rule).unwrap());
    }
    stage
}

/// `L`, the paste, `Enter`.
async fn hand_in(stage: &mut Stage, value: &str) {
    stage.keys("L").await;
    stage.paste(value).await;
    stage.keys("<enter>").await;
    never_shows(stage, value);
}

/// The middle of the value is nowhere on the screen and nowhere in the log.
fn never_shows(stage: &mut Stage, value: &str) {
    let middle = &value[8..value.len() - 4];
    assert!(!stage.screen().contains(middle), "{}", stage.screen());
}

fn asked(stage: &Stage, endpoint: &str) -> usize {
    let log = stage.sandbox.request_log();
    log.iter().filter(|record| record.path.contains(endpoint)).count()
}

async fn log_of(stage: &Stage) -> Vec<(String, String)> {
    let entries = stage.journal.log(LogQuery::default()).await.unwrap();
    let entry = |one: chatzuri_keys::core::activity::Activity| {
        (format!("{} {}", one.action.word(), one.outcome), format!("{one:?}"))
    };
    entries.into_iter().map(entry).collect()
}

/// A key made here, closed and stored; its value.
async fn made_here(stage: &mut Stage, name: &str) -> String {
    stage.keys(&format!("n{name}<enter>c<enter>")).await;
    stage.clipboard.content.lock().unwrap().clone().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_made_here_is_dead_after_l_a_paste_enter_and_y() {
    let mut stage = ready("").await;
    let value = made_here(&mut stage, "Invoices").await;
    let before = stage.sandbox.request_log().len();
    stage.keys("L").await;
    stage.expect("Paste the leaked key");
    stage.paste(&format!("export KEY='{value}'\n")).await;
    never_shows(&mut stage, &value);
    assert_eq!(stage.sandbox.request_log().len(), before, "a paste asks nobody");
    stage.keys("<enter>").await;
    stage.expect("Invoices");
    stage.expect("matched by fingerprint · never used");
    stage.expect("y Yes, revoke it");
    assert_eq!(asked(&stage, "/delete-api-key"), 0);
    stage.keys("y").await;
    stage.expect("✓ DEAD");
    stage.expect("after the revocation");
    never_shows(&mut stage, &value);
    let asked: Vec<u16> = stage.sandbox.request_log()[before..]
        .iter()
        .map(|record| record.status.unwrap_or_default())
        .collect();
    assert_eq!(asked[..3], [200, 200, 401], "list, revoke, first 401");
    let log = log_of(&stage).await;
    assert_eq!(log.last().unwrap().0, "leak dead");
    assert!(log.iter().all(|(_, line)| !line.contains(&value[8..value.len() - 4])));
    // The timeline is copied as it is: no password, not counted down, not cleared.
    stage.keys("y").await;
    stage.expect("timeline copied");
    let copied = stage.clipboard.content.lock().unwrap().clone().unwrap();
    assert!(copied.starts_with("# Leaked key: “Invoices”"), "{copied}");
    assert!(copied.contains("Outcome: dead") && !copied.contains(&value[8..value.len() - 4]));
    stage.pass(Duration::from_secs(120)).await;
    assert_eq!(stage.clipboard.content.lock().unwrap().as_ref(), Some(&copied));
    // The report is a new file, and a second one is not written over it.
    stage.keys("w").await;
    stage.expect("report written");
    let files: Vec<_> = std::fs::read_dir(stage.folder.path()).unwrap().flatten().collect();
    assert_eq!(files.len(), 1);
    let name = files[0].file_name().into_string().unwrap();
    assert!(name.starts_with("incident-20") && name.ends_with("Z.md"), "{name}");
    assert_eq!(std::fs::read_to_string(files[0].path()).unwrap(), copied);
    stage.keys("w").await;
    stage.expect("already exists and was left as it is");
    stage.keys("<enter>").await;
    stage.expect("✓ DEAD: “Invoices”");
    stage.expect_not("Leaked key ─");
    assert!(stage.dashboard.model.leak.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_in_use_wants_its_name_and_nothing_else_revokes_it() {
    let mut stage = ready("").await;
    let value = stage.sandbox.leaked.expose().to_owned();
    hand_in(&mut stage, &value).await;
    stage.expect(LEAKED);
    stage.expect("In use: whatever depends on it stops working");
    stage.expect("Type its name to revoke it: Staging importer");
    stage.keys("y<enter>").await;
    stage.expect("That doesn't match. Nothing was revoked.");
    stage.keys("<bs>").await;
    // Pasted with its Enter: the name is taken, the Enter is not.
    stage.paste("Staging importer\n").await;
    stage
        .burst(&[KeyCode::Enter, KeyCode::Enter], Duration::from_millis(1))
        .await;
    assert_eq!(asked(&stage, "/delete-api-key"), 0);
    stage.keys("<esc>").await;
    stage.expect("Nothing was revoked: “Staging importer”");
    stage.expect("its value is leaked");
    hand_in(&mut stage, &value).await;
    stage.keys("Staging importer<enter>").await;
    stage.expect("✓ DEAD");
    stage.expect("matched by its two ends");
    stage.keys("<esc>").await;
    stage.expect("12 keys");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pasted_or_held_y_confirms_nothing() {
    let mut stage = ready("").await;
    let value = made_here(&mut stage, "Invoices").await;
    hand_in(&mut stage, &value).await;
    stage.paste("y\ny\n").await;
    stage.burst(&[KeyCode::Char('y'); 4], Duration::from_millis(30)).await;
    stage.expect("That came too soon to have been read");
    assert_eq!(asked(&stage, "/delete-api-key"), 0);
    stage.keys("<enter>").await;
    stage.expect("Nothing was revoked");
    assert_eq!(asked(&stage, "/delete-api-key"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_faulty_revocation_has_its_words() {
    for (rule, words) in [
        ("revoke:revoke-late=2", &["200 still alive", "✓ DEAD"][..]),
        (
            "revoke:revoke-never",
            &[
                "✗ STILL ALIVE: “Staging importer”",
                "answers 200",
                "may be using this value",
            ],
        ),
        ("revoke:revoke-listed", &["✗ STILL ALIVE", "still in the list"]),
        ("revoke:gone-404", &["✗ STILL ALIVE", "404", "still in the list"]),
        ("revoke:status=401", &["✗ NOT revoked", "401"]),
        (
            "revoke:status=403",
            &["✗ NOT revoked", "403", "Press f to let the leaked key"],
        ),
        ("revoke:status=503", &["✗ STILL ALIVE", "503"]),
        ("revoke:status=503:1", &["✓ DEAD"]),
        ("revoke:drop-after:1", &["✓ DEAD"]),
        ("revoke:status-after=404:1", &["✓ Already gone"]),
    ] {
        let mut stage = ready(rule).await;
        let value = stage.sandbox.leaked.expose().to_owned();
        hand_in(&mut stage, &value).await;
        stage.keys("Staging importer<enter>").await;
        for word in words {
            stage.expect(word);
        }
        never_shows(&mut stage, &value);
        let screen = stage.screen();
        assert_eq!(screen.contains("DEAD"), words.contains(&"✓ DEAD"), "{rule}: {screen}");
        // What was seen is there to be handed on, however it ended.
        stage.keys("y").await;
        stage.expect("timeline copied");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_is_not_accepted_is_told_by_its_length_and_its_end() {
    let mut stage = ready("").await;
    let value = "cz_dead0123456789abcdefDEAD";
    hand_in(&mut stage, value).await;
    stage.expect("Not accepted");
    stage.expect("It has 27 characters and ends in DEAD.");
    stage.expect("Compare it with where you found it");
    stage.expect_not("let the leaked key");
    assert_eq!(log_of(&stage).await.last().unwrap().0, "leak not_accepted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_twin_of_a_living_key_revokes_nothing_and_shows_the_candidates() {
    let mut stage = ready("").await;
    let value = stage.sandbox.leaked.expose().to_owned();
    let twin = value.replace(&value[8..value.len() - 4], &"0".repeat(value.len() - 12));
    hand_in(&mut stage, &twin).await;
    stage.expect("? Nothing was revoked");
    stage.expect("already gets 401");
    stage.expect(LEAKED);
    stage.expect("revoke it there");
    assert_eq!(asked(&stage, "/delete-api-key"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_tells_the_keys_apart_the_leaked_key_may_tell_itself_and_is_asked_about() {
    let mut stage = ready("list:missing-fields").await;
    let value = stage.sandbox.leaked.expose().to_owned();
    hand_in(&mut stage, &value).await;
    stage.expect("it could be any of these keys");
    stage.expect("and 7 more");
    stage.expect("f let the leaked key revoke itself");
    assert_eq!(asked(&stage, "/delete-api-key"), 0);
    stage.sandbox.clear_faults();
    stage.keys("f").await;
    stage.expect(LEAKED);
    stage.expect("Type its name to revoke it");
    assert_eq!(asked(&stage, "/delete-api-key"), 0, "f asks before it revokes");
    stage.keys("Staging importer<enter>").await;
    stage.expect("✓ DEAD");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_another_signed_in_team_dies_there() {
    let mut stage = Stage::set(Set {
        more: vec![("beta", true)],
        ..Set::default()
    })
    .await;
    stage.start().await;
    let value = stage.more[0].leaked.expose().to_owned();
    hand_in(&mut stage, &value).await;
    stage.expect("of beta · matched by its two ends");
    stage.keys("Staging importer<enter>").await;
    stage.expect("✓ DEAD");
    assert_eq!(asked(&stage, "/delete-api-key"), 0);
    let tried = stage
        .sandbox
        .request_log()
        .iter()
        .any(|record| record.status == Some(401));
    assert!(!tried, "the other team's server never saw the value");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_living_key_of_a_foreign_team_is_named_and_only_f_lets_it_kill_itself() {
    let mut stage = Stage::set(Set {
        more: vec![("beta", false)],
        ..Set::default()
    })
    .await;
    stage.start().await;
    let value = stage.more[0].leaked.expose().to_owned();
    hand_in(&mut stage, &value).await;
    stage.expect("✗ STILL ALIVE");
    stage.expect("it opens “Acme Support”. Nothing was revoked.");
    stage.expect("The list of beta was not read");
    stage.keys("f").await;
    stage.expect("matched by its own list");
    stage.expect("The leaked key speaks for itself");
    stage.keys("Staging importer<enter>").await;
    stage.expect("✓ DEAD");
    // It was not our credential, and we stay signed in.
    assert!(matches!(stage.dashboard.model.team().session, SessionState::Found(_)));
}

#[tokio::test(flavor = "multi_thread")]
async fn signed_out_the_leaked_key_is_all_there_is() {
    let mut stage = Stage::set(Set {
        signed_in: false,
        ..Set::default()
    })
    .await;
    stage.start().await;
    stage.keys("<esc>").await;
    let value = stage.sandbox.leaked.expose().to_owned();
    hand_in(&mut stage, &value).await;
    stage.expect("✗ STILL ALIVE");
    stage.expect("Not signed in there");
    stage.keys("f").await;
    stage.keys("Staging importer<enter>").await;
    stage.expect("✓ DEAD");
}

#[tokio::test(flavor = "multi_thread")]
async fn our_own_credential_is_named_and_its_death_signs_us_out() {
    let mut stage = ready("").await;
    let value = stage.sandbox.credential.expose().to_owned();
    hand_in(&mut stage, &value).await;
    stage.expect("This is the key chatzuri-keys is signed in with");
    stage.keys("chatzuri-keys (this one)<enter>").await;
    stage.expect("✓ DEAD");
    assert!(matches!(
        stage.dashboard.model.team().session,
        SessionState::SignedOut(_)
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_died_before_is_said_to_be_gone() {
    let mut stage = ready("").await;
    let value = made_here(&mut stage, "Invoices").await;
    hand_in(&mut stage, &value).await;
    stage.keys("y<esc>").await;
    hand_in(&mut stage, &value).await;
    stage.expect("✓ Already gone: “Invoices”");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_key_is_told_and_asks_nobody() {
    let mut stage = ready("").await;
    let before = stage.sandbox.request_log().len();
    stage.keys("L<enter>").await;
    stage.expect("The key is empty");
    stage.paste("not a key").await;
    stage.keys("<enter>").await;
    stage.expect("is a space, a line break");
    stage.paste(&"x".repeat(1 << 20)).await;
    stage.expect("it has 1048576 bytes");
    stage.keys("<enter>").await;
    stage.expect("it has 1048576 bytes");
    stage.keys("<esc>").await;
    assert_eq!(stage.sandbox.request_log().len(), before);
    assert!(stage.dashboard.model.leak.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn esc_stops_the_search_and_forgets_the_value() {
    let mut stage = ready("list:hang").await;
    let value = stage.sandbox.leaked.expose().to_owned();
    stage.keys("L").await;
    stage.paste(&value).await;
    stage.press_only(KeyCode::Enter);
    stage.expect("Reading the list of every signed-in team");
    stage.press_only(KeyCode::Esc);
    stage.expect("The search was stopped. Nothing was revoked.");
    assert!(stage.dashboard.model.in_flight.is_empty());
    assert!(stage.dashboard.model.leak.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_goes_on_behind_the_list_and_l_shows_it_again() {
    let mut stage = ready("revoke:slow=300").await;
    let value = made_here(&mut stage, "Invoices").await;
    hand_in(&mut stage, &value).await;
    stage.press_only(KeyCode::Char('y'));
    stage.expect("Revoking it, and trying its value until it is dead");
    stage.press_only(KeyCode::Esc);
    stage.expect("still being revoked and watched");
    stage.press_only(KeyCode::Char('s'));
    stage.expect("NAME ▾");
    stage.settle().await;
    stage.expect("✓ DEAD: “Invoices”");
    stage.expect("L shows its timeline");
    stage.keys("L").await;
    stage.expect("after the revocation");
    stage.keys("<esc>").await;
    assert!(stage.dashboard.model.leak.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn it_opens_from_what_is_due_and_from_the_palette() {
    let mut stage = ready("").await;
    stage.keys("2L").await;
    stage.expect("Paste the leaked key");
    stage.keys("<esc>1:leaked<enter>").await;
    stage.expect("Paste the leaked key");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_and_a_colourless_screen_show_it_whole() {
    for (size, theme) in [
        ((80, 24), chatzuri_keys::tui::theme::Theme::Mono),
        ((120, 40), chatzuri_keys::tui::theme::Theme::Ansi),
    ] {
        let mut stage = Stage::set(Set {
            size,
            theme,
            ..Set::default()
        })
        .await;
        stage.start().await;
        let value = Secret::parse(stage.sandbox.leaked.expose()).unwrap();
        hand_in(&mut stage, value.expose()).await;
        stage.expect("Enter revoke Esc no");
        stage.keys("Staging importer<enter>").await;
        stage.expect("Staging importer");
        stage.expect("✓ DEAD");
        stage.expect("y copy the timeline w write a report Enter done");
    }
}
