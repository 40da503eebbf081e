//! Marked keys in the dashboard, and their revocation at once.

use std::time::Duration;

use chatzuri_keys::sandbox::FaultRule;
use chatzuri_keys::tui::model::SessionState;
use crossterm::event::KeyCode;

use crate::support::stage::{Set, Stage};

fn asked(stage: &Stage, endpoint: &str) -> usize {
    let log = stage.sandbox.request_log();
    log.iter().filter(|record| record.path.contains(endpoint)).count()
}

/// Marks the keys of these names.
async fn mark(stage: &mut Stage, names: &[&str]) {
    for name in names {
        // In the filter line Esc drops the filter; over the list it would take the marks first.
        stage.keys(&format!("/{name}<enter> /<esc>")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn space_marks_and_esc_unmarks() {
    let mut stage = Stage::ready().await;
    stage.keys("  ").await;
    stage.expect("● 2 marked");
    assert_eq!(stage.screen().matches("●").count(), 3);
    stage.keys("sR").await;
    stage.expect("● 2 marked");
    assert_eq!(stage.screen().matches("●").count(), 3);
    stage.keys("/no such key<enter>").await;
    stage.expect("● 2 marked");
    stage.keys("<esc>").await;
    stage.expect("No key matches");
    stage.expect_not("marked");
    stage.keys("<esc>").await;
    stage.expect("Zapier");
}

#[tokio::test(flavor = "multi_thread")]
async fn marks_that_the_filter_hides_do_not_act_unless_they_are_included() {
    for size in [(80, 24), (120, 40)] {
        let mut stage = Stage::set(Set { size, ..Set::default() }).await;
        stage.start().await;
        mark(&mut stage, &["Load", "Legacy", "Zapier"]).await;
        stage.keys("/Café<enter>").await;
        stage.expect("● 3 marked, 3 hidden by the filter");
        // Every mark is hidden: the key under the cursor is meant.
        stage.keys("x").await;
        stage.expect("Revoke this key?");
        stage.expect("Café");
        stage.keys("<esc>/<esc>/import<enter>").await;
        stage.expect("● 3 marked, 2 hidden by the filter");
        stage.keys("x").await;
        stage.expect("Revoke 1 key?");
        stage.expect("Legacy import");
        stage.expect("2 more marked keys are hidden by the filter and stay. Tab includes them.");
        stage.expect("Type 1 to revoke this key");
        stage.keys("1").await;
        stage.press(KeyCode::Tab).await;
        stage.expect("Revoke 3 keys?");
        stage.expect("Load test");
        stage.expect("hidden by the filter");
        stage.expect("Type 3 to revoke all 3 keys");
        stage.keys("1<enter>").await;
        stage.expect("That isn't the number of keys");
        assert_eq!(asked(&stage, "/delete-api-key"), 0);
        stage.press(KeyCode::Tab).await;
        stage.expect("Revoke 1 key?");
        stage.keys("1<enter>").await;
        stage.expect("✓ “Legacy import”");
        assert_eq!(asked(&stage, "/delete-api-key"), 1);
        stage.keys("<esc>/<esc>").await;
        stage.expect("● 2 marked");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_plan_is_split_and_their_number_confirms_it() {
    for size in [(80, 24), (120, 40)] {
        let mut stage = Stage::set(Set { size, ..Set::default() }).await;
        stage.start().await;
        mark(&mut stage, &["Load", "Legacy", "Zapier"]).await;
        stage.expect("● 3 marked");
        let lists = asked(&stage, "/get-api-keys");
        stage.keys("x").await;
        stage.expect("Revoke 3 keys?");
        stage.expect("Not in use (2)");
        stage.expect("these want a rotation instead (1)");
        stage.expect("Type 3 to revoke all 3 keys");
        assert_eq!(asked(&stage, "/get-api-keys"), lists + 1, "the facts are fresh");
        stage.keys("y<enter>").await;
        stage.expect("That isn't the number of keys");
        stage.keys("<bs>2<enter>").await;
        stage.expect("That isn't the number of keys");
        assert_eq!(asked(&stage, "/delete-api-key"), 0);
        let lists = asked(&stage, "/get-api-keys");
        stage.keys("<bs>3<enter>").await;
        stage.expect("✓ “Load test”");
        stage.expect("✓ “Legacy import”");
        stage.expect("✓ “Zapier”");
        assert_eq!(asked(&stage, "/delete-api-key"), 3);
        // Twice to prove all of them, and once more for the dashboard's own list.
        assert_eq!(asked(&stage, "/get-api-keys"), lists + 3);
        stage.keys("<esc>").await;
        stage.expect("✓ Revoked 3 of 3 keys.");
        stage.expect("10 keys");
        stage.expect_not("marked");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pasted_number_with_its_enter_confirms_nothing() {
    let mut stage = Stage::ready().await;
    mark(&mut stage, &["Load", "Legacy"]).await;
    stage.keys("x").await;
    stage.paste("2\n").await;
    stage
        .burst(&[KeyCode::Char('2'), KeyCode::Enter], Duration::from_millis(1))
        .await;
    assert_eq!(asked(&stage, "/delete-api-key"), 0);
    stage.keys("<esc>").await;
    stage.expect("Nothing was revoked: the 2 marked keys stay alive");
    stage.expect("● 2 marked");
}

#[tokio::test(flavor = "multi_thread")]
async fn our_own_key_goes_last_and_wants_its_name_too() {
    let mut stage = Stage::ready().await;
    mark(&mut stage, &["this one", "Load"]).await;
    stage.keys("x").await;
    stage.expect("Ours, and last");
    stage.keys("2<enter>").await;
    stage.expect("is signed in with is among them");
    stage.keys("y<enter>").await;
    stage.expect("That doesn't match");
    assert_eq!(asked(&stage, "/delete-api-key"), 0);
    stage.keys("<bs>chatzuri-keys (this one)<enter>").await;
    stage.expect("its value gets 401");
    let screen = stage.screen();
    let at = |text: &str| screen.find(text).unwrap_or_else(|| panic!("{screen}"));
    assert!(at("✓ “Load test”") < at("✓ “chatzuri-keys"), "{screen}");
    stage.expect_not("●");
    assert!(matches!(
        stage.dashboard.model.team().session,
        SessionState::SignedOut(_)
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn it_goes_on_past_a_failure_and_says_so_of_each() {
    let mut stage = Stage::ready().await;
    stage.sandbox.inject(FaultRule::parse("revoke:status=403:1").unwrap());
    mark(&mut stage, &["Load", "Legacy", "Café"]).await;
    stage.keys("x3<enter>").await;
    stage.expect("✗ NOT revoked");
    assert_eq!(
        stage.screen().matches("gone from the list").count(),
        2,
        "{}",
        stage.screen()
    );
    stage.keys("<esc>").await;
    stage.expect("✗ Revoked 2 of 3 keys; 1 NOT, or not proven.");
    // What is alive is still marked.
    stage.expect("● 1 marked");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_progress_is_shown_for_each_key() {
    let mut stage = Stage::ready().await;
    stage.sandbox.inject(FaultRule::parse("revoke:slow=150").unwrap());
    mark(&mut stage, &["Load", "Legacy"]).await;
    stage.keys("x2").await;
    stage.press_only(KeyCode::Enter);
    let second = async {
        while asked(&stage, "/delete-api-key") < 2 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), second).await.unwrap();
    stage.dashboard.drain();
    stage.expect("1 of 2 asked for");
    stage.expect("accepted");
    stage.settle().await;
    stage.expect("Revoked keys");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_marked_key_that_is_gone_by_now_is_left_out() {
    let mut stage = Stage::ready().await;
    mark(&mut stage, &["Load", "Legacy"]).await;
    stage.revoke_elsewhere("Load test").await;
    stage.keys("x").await;
    stage.expect("Revoke 1 key?");
    stage.expect("1 of the marked keys: not in the list any more");
    stage.keys("1<enter>").await;
    stage.expect("✓ “Legacy import”");
}
