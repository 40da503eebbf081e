//! Flows of the dashboard: keys typed, screens read, over real HTTP.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use chatzuri_keys::config::Config;
use chatzuri_keys::core::creation::Intent;
use chatzuri_keys::core::key::KeyName;
use chatzuri_keys::core::listing::OddRows;
use chatzuri_keys::core::secret::Secret;
use chatzuri_keys::core::sink::{SinkFields, SinkSpec};
use chatzuri_keys::ops::manual::ManualSettings;
use chatzuri_keys::ops::sign_in::Profile;
use chatzuri_keys::ports::{
    Account, Answer, BaseUrl, ChildOutput, ChildProcess, ClipboardError, ClipboardRoute, CredentialStore, Journal,
    LogQuery, ProcessError, Processes, TerminalNote,
};
use chatzuri_keys::sandbox::{FaultRule, SandboxOptions};
use chatzuri_keys::tui::keymap::Action;
use chatzuri_keys::tui::message::Message;
use chatzuri_keys::tui::model::DashboardExit;
use crossterm::event::KeyCode;
use jiff::Timestamp;

use crate::support::stage::{Set, Stage};

fn fault(rule: &str) -> FaultRule {
    FaultRule::parse(rule).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_team_is_seen_at_a_glance() {
    let mut stage = Stage::ready().await;
    stage.expect("Acme Support");
    stage.expect("overdue");
    stage.expect("Website widget");
    stage.expect("(this one)");
    stage.expect("synced just now");
    stage.expect("n new");
    stage.expect("? help");
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_in_keeps_the_key_and_shows_the_list() {
    let mut stage = Stage::set(Set {
        signed_in: false,
        ..Set::default()
    })
    .await;
    stage.start().await;
    stage.expect("Sign in to 127.0.0.1");
    stage.paste("cz_this_is_no_key_of_that_server_at_all").await;
    stage.keys("<enter>").await;
    stage.expect("refused your credential");
    let value = stage.sandbox.credential.expose().to_owned();
    stage.paste(&format!("  {value}\n")).await;
    stage.expect(&format!("{} characters.", value.len()));
    stage.expect_not(&value);
    stage.keys("<enter>").await;
    stage.expect("Signed in: the key opens “Acme Support”");
    stage.expect("Website widget");
    let account = Account::credential("default", &BaseUrl::parse(&stage.sandbox.base_url).unwrap());
    let kept = stage.store.get(&account).await.unwrap().unwrap();
    assert_eq!(kept, Secret::parse(&value).unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_dashboard_is_not_suspended_while_a_key_is_being_changed() {
    let mut stage = Stage::ready().await;
    let request = stage.dashboard.model.begin("revoking a key", true);
    stage.dashboard.handle(Message::Act(Action::Suspend));
    assert!(!stage.dashboard.model.suspends);
    stage.dashboard.model.in_flight.remove(&request);
    stage.expect("Not suspended: a key is being changed.");
    stage.dashboard.handle(Message::Act(Action::Suspend));
    assert!(stage.dashboard.model.suspends);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_value_is_not_kept() {
    let mut stage = Stage::set(Set {
        signed_in: false,
        ..Set::default()
    })
    .await;
    stage.start().await;
    stage.paste("cz_this_is_no_key_of_that_server_at_all").await;
    stage.keys("<enter>").await;
    let account = Account::credential("default", &BaseUrl::parse(&stage.sandbox.base_url).unwrap());
    assert!(stage.store.get(&account).await.unwrap().is_none());
    stage.keys("<esc>").await;
    stage.expect("Not signed in");
    stage.expect("Press i to sign in");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_narrows_as_it_is_typed_and_esc_drops_it() {
    let mut stage = Stage::ready().await;
    stage.keys("/zapi").await;
    stage.expect("Zapier");
    stage.expect_not("Website widget");
    stage.keys("zzz").await;
    stage.expect("No key matches");
    stage.expect("Nothing contains “zapizzz”");
    stage.keys("<esc>").await;
    stage.expect("Website widget");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_key_is_created_copied_once_and_closed() {
    let mut stage = Stage::ready().await;
    stage.keys("nZapier").await;
    stage.expect("A key of this name exists already");
    stage.keys(" 2<enter>").await;
    stage.expect("New key: Zapier 2");
    stage.expect("This value is shown once");
    stage.expect("••••");
    stage.keys("c").await;
    stage.expect("copied to the clipboard, clears in 0:45, goes with this program");
    let copied = stage.clipboard.content.lock().unwrap().clone().unwrap();
    assert_eq!(stage.status_of(&copied).await, 200);
    stage.expect_not(&copied);
    stage.keys("c").await;
    stage.expect("not copied twice");
    assert_eq!(*stage.clipboard.copies.lock().unwrap(), 1);
    stage.keys("v").await;
    stage.expect(&copied);
    stage.pass(Duration::from_secs(10)).await;
    stage.expect_not(&copied);
    stage.keys("<enter>").await;
    stage.expect("is stored, as you say");
    stage.expect("Zapier 2");
    stage.expect_not(&copied);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copied_value_is_cleared_when_its_time_is_over() {
    let mut stage = Stage::ready().await;
    stage.keys("nBot<enter>c").await;
    stage.pass(Duration::from_secs(20)).await;
    stage.expect("clears in 0:25");
    stage.pass(Duration::from_secs(25)).await;
    stage.expect("cleared from the clipboard; c copies it again");
    assert_eq!(*stage.clipboard.content.lock().unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn something_newer_on_the_clipboard_is_left_alone() {
    let mut stage = Stage::ready().await;
    stage.keys("nBot<enter>c").await;
    *stage.clipboard.content.lock().unwrap() = Some("a shopping list".to_owned());
    stage.pass(Duration::from_secs(45)).await;
    stage.expect("something newer, which was left alone");
    assert_eq!(
        stage.clipboard.content.lock().unwrap().as_deref(),
        Some("a shopping list")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_terminal_route_is_told_and_may_be_tried_again() {
    let mut stage = Stage::ready().await;
    stage.clipboard.prepared.lock().unwrap().extend([
        Ok(ClipboardRoute::Terminal(TerminalNote::TmuxBlocks)),
        Ok(ClipboardRoute::Terminal(TerminalNote::Plain)),
        Err(ClipboardError("No way to a clipboard.".to_owned())),
    ]);
    stage.keys("nBot<enter>c").await;
    stage.expect("tmux set -g set-clipboard on");
    stage.keys("c").await;
    stage.expect("sent to your terminal, which does not confirm");
    stage.keys("c").await;
    stage.expect("not copied: No way to a clipboard.");
}

#[tokio::test(flavor = "multi_thread")]
async fn leaving_an_unstored_value_asks_and_no_is_the_default() {
    let mut stage = Stage::set(Set {
        keeps: false,
        ..Set::default()
    })
    .await;
    stage.start().await;
    stage.keys("nBot<enter>").await;
    stage.expect("in this program's memory only, so it cannot survive a crash");
    stage.keys("<esc>").await;
    stage.expect("it is lost, and the key stays alive");
    stage.keys("<enter>").await;
    stage.expect("This value is shown once");
    stage.keys("q").await;
    stage.keys("y").await;
    stage.expect("was not stored and is lost");
    assert_eq!(stage.dashboard.model.exit, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copied_value_that_nothing_keeps_is_not_said_to_be_lost() {
    let mut stage = Stage::set(Set {
        keeps: false,
        ..Set::default()
    })
    .await;
    stage.start().await;
    stage.keys("nBot<enter>c<esc>").await;
    stage.expect("unless you stored it yourself");
    stage.keys("y").await;
    stage.expect("is not kept here. Where nobody stored it, revoke the key.");
    stage.expect("1 new key is not kept here · w opens it");
    stage.keys("w").await;
    stage.expect("and no copy is left here");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_escrowed_value_is_kept_for_later_and_opened_again() {
    let mut stage = Stage::ready().await;
    stage.keys("nBot<enter>").await;
    stage.expect("safe in your keyring until you say it is stored");
    stage.keys("c").await;
    let value = stage.clipboard.content.lock().unwrap().clone().unwrap();
    stage.keys("<esc>").await;
    stage.expect("its value waits in your keyring. w opens it again.");
    stage.expect("1 new key is waiting · w opens it");
    stage.keys("wv").await;
    stage.expect(&value);
    stage.keys("<enter>").await;
    stage.expect("is stored, as you say");
    stage.expect_not("is waiting");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_start_offers_a_waiting_value_and_forgets_it_when_it_is_stored() {
    let mut stage = Stage::ready().await;
    stage.keys("nBot<enter>c").await;
    let value = stage.clipboard.content.lock().unwrap().clone().unwrap();
    let mut stage = stage.restart().await;
    stage.expect("1 new key is waiting");
    stage.keys("wv").await;
    stage.expect(&value);
    stage.keys("<enter>").await;
    let mut stage = stage.restart().await;
    stage.expect_not("is waiting");
    assert_eq!(stage.store.items.count(), 1, "the credential alone is left");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_is_looked_for_and_the_lost_key_revoked() {
    let mut stage = Stage::ready().await;
    stage.sandbox.inject(fault("create:drop-after:1"));
    stage.keys("nGone<enter>").await;
    stage.expect("“Gone” may or may not have been created");
    stage.expect("1 new key has lost its value · w opens it");
    stage.keys("w").await;
    stage.expect("exists, but its value is lost for good");
    stage.keys("<enter>").await;
    stage.expect("Revoke this key?");
    stage.keys("y").await;
    stage.expect("✓ Revoked “Gone”");
    stage.expect_not("has lost its value");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_never_appears_is_looked_for_for_two_minutes_and_then_closed() {
    let mut stage = Stage::ready().await;
    stage.sandbox.inject(fault("create:drop-before:1"));
    stage.keys("nNever<enter>").await;
    stage.expect("1 new key is looked for");
    stage.pass(Duration::from_secs(60)).await;
    stage.expect("1 new key is looked for");
    stage.pass(Duration::from_secs(61)).await;
    stage.expect_not("1 new key is looked for");
    let mut stage = stage.restart().await;
    stage.expect_not("1 new key is looked for");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_kill_near_the_request_a_listed_key_is_said_to_be_at_once_and_lost_when_no_copy_can_have_its_value() {
    let stage = Stage::ready().await;
    let profile = Profile {
        name: "default".to_owned(),
        base_url: BaseUrl::parse(&stage.sandbox.base_url).unwrap(),
        credential_command: None,
        from_environment: None,
        manual: ManualSettings::default(),
        peers: Vec::new(),
    };
    let intent = Intent {
        name: KeyName::parse("Gone").unwrap(),
        at: Timestamp::now(),
        known: Vec::new(),
        manual: false,
    };
    stage.journal.begin(&profile.scope(), intent).await.unwrap();
    // The request arrived, and its answer came to nobody.
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let made = client
        .post(format!("{}/create-api-key", stage.sandbox.base_url))
        .bearer_auth(stage.sandbox.credential.expose())
        .json(&serde_json::json!({"name": "Gone"}))
        .send()
        .await
        .unwrap();
    assert_eq!(made.status().as_u16(), 201);
    let mut stage = stage.restart().await;
    stage.expect("1 new key is listed without its value · w opens it");
    stage.keys("w").await;
    stage.expect("Another copy of the program");
    stage.keys("<esc>").await;
    stage.pass(Duration::from_secs(46)).await;
    stage.expect("1 new key has lost its value · w opens it");
    stage.keys("w<enter>").await;
    stage.expect("Revoke this key?");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_enter_does_not_say_that_the_value_is_stored() {
    let mut stage = Stage::ready().await;
    stage.keys("nBot<enter>").await;
    stage.burst(&[KeyCode::Enter; 40], Duration::from_millis(33)).await;
    stage.expect("This value is shown once");
}

#[tokio::test(flavor = "multi_thread")]
async fn enter_asks_before_it_deletes_the_only_copy() {
    let mut stage = Stage::ready().await;
    stage.keys("nBot<enter><enter>").await;
    stage.expect("Nothing was copied or sent. Delete the only copy?");
    // No is the default; neither a held key nor a paste says yes.
    stage.keys("<enter>").await;
    stage.expect_not("Delete the only copy?");
    stage.expect("This value is shown once");
    stage.keys("<enter>").await;
    stage.burst(&[KeyCode::Char('y'); 40], Duration::from_millis(10)).await;
    stage.paste("y").await;
    stage.expect("Delete the only copy?");
    stage.keys("<esc><esc>").await;
    stage.expect("1 new key is waiting");
    // A copy in an earlier look counts, and so does a look at the value.
    stage.keys("wv<enter>").await;
    stage.expect("✓ “Bot”");
    stage.expect("is stored, as you say");
    stage.keys("nMore<enter>c<esc>w<enter>").await;
    stage.expect("✓ “More”");
    stage.expect("is stored, as you say");
    stage.keys("nLost<enter><enter>y").await;
    stage.expect("is not stored");
    stage.expect("its value was deleted here");
    assert_eq!(stage.store.items.count(), 1, "the sign-in alone");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_control_c_at_that_question_still_asks_before_it_leaves() {
    let mut stage = Stage::set(Set {
        keeps: false,
        ..Set::default()
    })
    .await;
    stage.start().await;
    stage.keys("nBot<enter><enter>").await;
    stage.expect("Delete the only copy?");
    stage.hold_control_c(1).await;
    stage.expect("Yes, lose it and quit");
    assert_eq!(stage.dashboard.model.exit, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn leaving_asks_where_the_waiting_value_ends_with_the_program() {
    let mut stage = Stage::set(Set {
        lasts: false,
        ..Set::default()
    })
    .await;
    stage.start().await;
    stage.keys("nBot<enter><esc>q").await;
    stage.expect("The value of “Bot” waits in your keyring, which ends with this program");
    stage.keys("<enter>").await;
    assert_eq!(stage.dashboard.model.exit, None);
    stage.keys("w").await;
    stage.hold_control_c(1).await;
    stage.expect("cannot be shown again");
    stage.keys("n<esc>qy").await;
    assert_eq!(stage.dashboard.model.exit, Some(DashboardExit::Quit));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_impatient_enter_does_not_acknowledge_a_value_that_nobody_has_seen() {
    let mut stage = Stage::ready().await;
    stage.keys("nBot").await;
    stage.burst(&[KeyCode::Enter; 3], Duration::from_millis(1000)).await;
    stage.burst(&[KeyCode::Enter; 3], Duration::from_millis(1000)).await;
    stage.expect("This value is shown once");
    stage.keys("v<enter>").await;
    stage.expect("is stored, as you say");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paste_that_the_terminal_does_not_mark_confirms_no_revocation() {
    let mut stage = Stage::ready().await;
    stage.keys("nSpare<enter>v<enter>/spare<enter>x").await;
    stage.expect("Revoke this key?");
    let pasted = [KeyCode::Char('y'), KeyCode::Enter, KeyCode::Char('y'), KeyCode::Enter];
    stage.burst(&pasted, Duration::from_millis(1)).await;
    stage.keys("<esc>").await;
    stage.expect("Spare");
    stage.expect_not("✓ Revoked");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_enter_creates_one_key_however_the_answers_fare() {
    let mut stage = Stage::ready().await;
    stage.sandbox.inject(fault("create:drop-after:6"));
    stage.keys("nDup").await;
    for _ in 0..12 {
        stage.burst(&[KeyCode::Enter], Duration::from_millis(900)).await;
    }
    let made = stage.dashboard.model.team().list.all().iter();
    assert_eq!(made.filter(|row| row.listed.key.name.raw() == "Dup").count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_pressed_while_the_screen_is_too_small_does_nothing() {
    let mut stage = Stage::ready().await;
    stage.keys("nSpare<enter>v<enter>/spare<enter>x").await;
    stage.expect("Revoke this key?");
    stage.resize(59, 16).await;
    stage.keys("y").await;
    stage.resize(120, 40).await;
    stage.expect("Revoke this key?");
    stage.expect_not("✓ Revoked");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_value_is_not_called_stored_while_a_target_has_not_answered() {
    let shelf = tempfile::tempdir().unwrap();
    let gate = shelf.path().join("gate");
    let script = format!("cat >/dev/null; while [ ! -e {} ]; do :; done; exit 3", gate.display());
    let sinks = [("slow".to_owned(), sink(&["sh", "-c", &script]))];
    let mut stage = Stage::set(Set {
        sinks: sinks.into(),
        ..Set::default()
    })
    .await;
    stage.start().await;
    stage.keys("nBot<enter>s").await;
    stage.press_only(KeyCode::Enter);
    stage.expect("slow   sending…");
    stage.press_only(KeyCode::Enter);
    stage.expect("a target has not said yet whether it took the value");
    std::fs::write(gate, "").unwrap();
    stage.settle().await;
    stage.expect("✗ slow");
    let log = stage.journal.log(LogQuery::default()).await.unwrap();
    assert!(log.iter().any(|line| line.outcome == "failed"), "{log:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_presses_of_w_open_one_dialog() {
    let mut stage = Stage::ready().await;
    stage.keys("nBot<enter><esc>").await;
    stage.press_only(KeyCode::Char('w'));
    stage.press_only(KeyCode::Char('w'));
    stage.settle().await;
    assert_eq!(stage.dashboard.model.dialogs.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_control_c_does_not_discard_a_value_that_is_nowhere_else() {
    let mut stage = Stage::set(Set {
        keeps: false,
        ..Set::default()
    })
    .await;
    stage.start().await;
    stage.keys("nBot<enter>").await;
    stage.hold_control_c(20).await;
    stage.expect("it is lost, and the key stays alive");
    assert_eq!(stage.dashboard.model.exit, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unused_key_is_revoked_after_yes_and_is_dead() {
    let mut stage = Stage::ready().await;
    stage.keys("nShort lived<enter>c").await;
    let value = stage.clipboard.content.lock().unwrap().clone().unwrap();
    stage.keys("<enter>/short<enter>x").await;
    stage.expect("Revoke this key?");
    stage.expect("never used");
    stage.keys("<enter>").await;
    stage.expect("Nothing was revoked");
    assert_eq!(stage.status_of(&value).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_in_use_wants_its_name_typed() {
    let mut stage = Stage::ready().await;
    stage.keys("nBusy bot<enter>c").await;
    let value = stage.clipboard.content.lock().unwrap().clone().unwrap();
    stage.keys("<enter>").await;
    assert_eq!(stage.status_of(&value).await, 200);
    stage.keys("/busy<enter>x").await;
    stage.expect("something depends on it");
    stage.expect("Type its name to revoke it: Busy bot");
    stage.keys("y<enter>").await;
    stage.expect("That doesn't match. Nothing was revoked.");
    assert_eq!(stage.status_of(&value).await, 200);
    stage.keys("<bs>").await;
    stage.paste("Busy bot").await;
    stage.expect("Revoke this key?");
    stage.keys("<enter>").await;
    stage.expect("✓ Revoked “Busy bot”");
    stage.expect("gone from the list");
    assert_eq!(stage.status_of(&value).await, 401);
    let log = stage.journal.log(LogQuery::default()).await.unwrap();
    let last = log.last().unwrap();
    assert_eq!((last.action.word(), last.outcome.as_str()), ("revoke", "revoked"));
    assert_eq!(last.key.as_ref().unwrap().1.raw(), "Busy bot");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_revocation_never_says_revoked() {
    let mut stage = Stage::ready().await;
    stage.sandbox.inject(fault("revoke:status=403"));
    stage.keys("nBot<enter>v<enter>/bot<enter>").await;
    stage.keys("xy").await;
    stage.expect("✗ NOT revoked");
    stage.expect_not("✓ Revoked");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_still_listed_after_an_accepted_revocation_is_not_proven() {
    let mut stage = Stage::ready().await;
    stage.sandbox.inject(fault("revoke:revoke-listed"));
    stage.keys("nBot<enter>v<enter>/bot<enter>").await;
    stage.keys("xy").await;
    stage.expect("! NOT PROVEN");
}

#[tokio::test(flavor = "multi_thread")]
async fn our_own_credential_is_named_and_signs_us_out() {
    let mut stage = Stage::ready().await;
    stage.keys("/this one<enter>x").await;
    stage.expect("revoking it signs us out");
    let typed = stage.screen();
    let at = typed.find("to revoke it: ").unwrap() + "to revoke it: ".len();
    let expected: String = typed[at..].split(['│', '\n']).next().unwrap().trim().to_owned();
    stage.keys(&expected).await;
    stage.keys("<enter>").await;
    stage.expect("its value gets 401");
    stage.expect("signed out");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_went_meanwhile_is_said_to_be_gone_and_nothing_is_sent() {
    let mut stage = Stage::ready().await;
    stage.keys("nBot<enter>v<enter>/bot<enter>").await;
    let id = stage
        .dashboard
        .model
        .team()
        .list
        .selected()
        .unwrap()
        .listed
        .key
        .id
        .raw()
        .to_owned();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("{}/delete-api-key?keyId={id}", stage.sandbox.base_url);
    let answer = client
        .delete(url)
        .bearer_auth(stage.sandbox.credential.expose())
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status().as_u16(), 200);
    let lists = |stage: &Stage| {
        let log = stage.sandbox.request_log();
        log.iter()
            .filter(|record| record.path.contains("/get-api-keys"))
            .count()
    };
    let before = lists(&stage);
    stage.keys("x").await;
    stage.expect("Already gone");
    stage.expect("Nothing was sent");
    assert_eq!(lists(&stage) - before, 2, "two lists in a row lack it");
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_rows_are_counted_in_the_header() {
    let mut stage = Stage::ready().await;
    for (with_unknown_fields, without_id, complete, words) in [
        (1, 0, true, "synced just now · 1 odd row"),
        (2, 1, false, "! incomplete · 3 odd rows · just now"),
    ] {
        let team = &mut stage.dashboard.model.teams[0];
        team.odd = OddRows {
            with_unknown_fields,
            without_id,
        };
        team.complete = complete;
        stage.expect(words);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_refresh_keeps_the_last_good_list() {
    let mut stage = Stage::ready().await;
    for (rule, words) in [
        ("list:status=500", "failed with 500 on GET /get-api-keys"),
        ("list:status=403", "does not allow this credential to list keys"),
        ("list:garbage", "is not as expected"),
        ("list:truncated", "GET /get-api-keys"),
        ("list:empty", "is not as expected"),
        ("list:wrong-shape", "is not as expected"),
        ("list:huge", "more than 8 MiB"),
        ("list:gzip-bomb", "more than 8 MiB"),
        ("list:redirect", "Your credential was not sent there"),
        ("list:retry-after=120", "slow down"),
        ("list:retry-after-date=120", "slow down"),
        ("list:hang", "did not answer GET /get-api-keys"),
    ] {
        stage.sandbox.inject(fault(rule));
        stage.keys("R").await;
        stage.sandbox.clear_faults();
        stage.expect(words);
        stage.expect("Website widget");
        stage.expect("not refreshed");
    }
    stage.keys("R").await;
    stage.expect("synced just now");
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_names_reach_the_screen_as_visible_escapes_only() {
    let options = SandboxOptions {
        apps: false,
        faults: vec![fault("list:hostile-names")],
        ..SandboxOptions::default()
    };
    let mut stage = Stage::set(Set {
        options,
        ..Set::default()
    })
    .await;
    stage.start().await;
    stage.expect("\\e[");
    stage.expect("\\u{202e}");
    stage.expect("(no name)");
    let screen = stage.screen();
    assert!(screen.chars().all(|c| c == '\n' || !c.is_control()), "{screen:?}");
    assert!(!screen.contains(['\u{202e}', '\u{200b}', '\u{2066}']), "{screen:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_credential_leads_back_to_the_sign_in() {
    let mut stage = Stage::ready().await;
    stage.sandbox.inject(fault("all:status=401"));
    stage.keys("R").await;
    stage.expect("refused your credential (401");
    stage.expect("signed out");
    stage.expect("Website widget");
    stage.sandbox.clear_faults();
    stage.keys("i").await;
    let value = stage.sandbox.credential.expose().to_owned();
    stage.paste(&value).await;
    stage.keys("<enter>").await;
    stage.expect("synced just now");
}

#[tokio::test(flavor = "multi_thread")]
async fn offline_has_its_own_words() {
    let mut stage = Stage::set(Set::default()).await;
    // A server that is gone: its port is free again, and nothing listens there.
    let gone = Stage::set(Set::default()).await.sandbox;
    std::mem::replace(&mut stage.sandbox, gone).shutdown().await;
    stage.start().await;
    stage.expect("The list could not be read");
    stage.expect("Cannot reach");
    stage.expect("Press R to try again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_creation_whose_answer_is_lost_is_said_to_be_uncertain() {
    let mut stage = Stage::ready().await;
    stage.sandbox.inject(fault("create:status-after=502"));
    stage.keys("nLost<enter>").await;
    stage.expect("“Lost” may or may not have been created");
    stage.expect("Lost");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_screen_comes_back_after_it_was_too_small() {
    let mut stage = Stage::set(Set {
        size: (59, 20),
        ..Set::default()
    })
    .await;
    stage.start().await;
    stage.expect("A little more room, please");
    stage.expect_not("Website widget");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_palette_does_what_its_row_says() {
    let mut stage = Stage::ready().await;
    stage.keys(":turn").await;
    stage.expect("turn the order round");
    stage.keys("<enter>").await;
    stage.expect("ROTATION ▴");
}

#[tokio::test(flavor = "multi_thread")]
async fn quitting_with_a_copied_value_asks() {
    let mut stage = Stage::ready().await;
    stage.keys("nBot<enter>c<enter>").await;
    stage.keys("q").await;
    stage.expect("A copied value is on the clipboard");
    stage.keys("y").await;
    assert_eq!(stage.dashboard.model.exit, Some(DashboardExit::Quit));
}

/// A sink of the person's own: a program and its arguments.
fn sink(command: &[&str]) -> SinkSpec {
    SinkSpec::new(SinkFields::new(command)).unwrap()
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_is_opened_again_shows_what_became_of_it_before() {
    let shelf = tempfile::tempdir().unwrap();
    let path = |name: &str| shelf.path().join(name).to_str().unwrap().to_owned();
    let (good, bad, gate) = (path("good"), path("bad"), path("gate"));
    let script = format!("test -e {gate} || {{ echo 'the shelf is shut' >&2; exit 1; }}; cat >> {bad}");
    let sinks = [
        ("first".to_owned(), sink(&["tee", "-a", &good])),
        ("second".to_owned(), sink(&["sh", "-c", &script])),
    ];
    let mut stage = Stage::set(Set {
        sinks: sinks.into(),
        ..Set::default()
    })
    .await;
    stage.start().await;
    stage.keys("nBot<enter>cs <down> <enter>").await;
    stage.expect("✗ second");
    stage.keys("<esc>").await;
    stage.pass(Duration::from_secs(60)).await;
    stage.keys("w").await;
    stage.expect("✓ copied to the clipboard");
    stage.expect("✓ first   stored, not verified");
    stage.expect("✗ second");
    stage.expect("the shelf is shut");
    stage.expect_not("not copied yet");
    let mut stage = stage.restart().await;
    stage.keys("w").await;
    stage.expect("✓ copied to the clipboard");
    stage.expect("t try again");
    std::fs::write(&gate, "").unwrap();
    stage.keys("t").await;
    stage.expect("✓ second   stored, not verified");
    stage.expect_not("try again");
    let stored = std::fs::read_to_string(&good).unwrap();
    assert_eq!(stored, std::fs::read_to_string(&bad).unwrap(), "each has it once");
    stage.keys("<enter>").await;
    stage.expect("is stored, as you say");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_a_target_alone_has_is_not_called_lost_and_can_be_closed() {
    let shelf = tempfile::tempdir().unwrap();
    let good = shelf.path().join("good").to_str().unwrap().to_owned();
    let mut stage = Stage::set(Set {
        sinks: [("first".to_owned(), sink(&["tee", "-a", &good]))].into(),
        keeps: false,
        ..Set::default()
    })
    .await;
    stage.start().await;
    stage.keys("nBot<enter>s<enter>").await;
    stage.expect("✓ first   stored, not verified");
    stage.keys("<esc>").await;
    stage.expect("The value of “Bot” is in first alone");
    stage.keys("y").await;
    stage.expect_not("lost");
    stage.expect("1 new key is not kept here");
    let mut stage = stage.restart().await;
    stage.expect("1 new key is not kept here");
    stage.keys("w<enter>").await;
    stage.expect("is in first and nowhere else");
    stage.keys("ws").await;
    stage.expect("is stored, as you say");
    stage.expect_not("is not kept here");
    let mut stage = stage.restart().await;
    stage.expect_not("is not kept here");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_value_is_sent_to_several_targets_and_a_failed_one_is_tried_again_alone() {
    let shelf = tempfile::tempdir().unwrap();
    let path = |name: &str| shelf.path().join(name).to_str().unwrap().to_owned();
    let (good, bad, gate) = (path("good"), path("bad"), path("gate"));
    let script = format!("test -e {gate} || {{ echo 'the shelf is shut' >&2; exit 1; }}; cat >> {bad}");
    let sinks = [
        ("first".to_owned(), sink(&["tee", "-a", &good])),
        ("second".to_owned(), sink(&["sh", "-c", &script])),
    ];
    let mut stage = Stage::set(Set {
        sinks: sinks.into(),
        ..Set::default()
    })
    .await;
    stage.start().await;
    stage.keys("nBot<enter>s").await;
    stage.expect("[ ] first");
    stage.keys(" <down> <enter>").await;
    stage.expect("✓ first   stored, not verified");
    stage.expect("✗ second");
    stage.expect("the shelf is shut");
    stage.expect("t try again");
    std::fs::write(&gate, "").unwrap();
    stage.keys("t").await;
    stage.expect("✓ second   stored, not verified");
    stage.expect_not("try again");
    let stored = std::fs::read_to_string(&good).unwrap();
    assert_eq!(stored, std::fs::read_to_string(&bad).unwrap());
    assert_eq!(stage.status_of(&stored).await, 200);
}

/// Plays gcloud with a current project, and keeps what it was run as.
#[derive(Default)]
struct Gcloud {
    stored: Mutex<Vec<u8>>,
    runs: Mutex<Vec<String>>,
}

impl Processes for Gcloud {
    fn is_here(&self, _: &str) -> bool {
        true
    }

    fn run<'a>(&'a self, child: ChildProcess<'a>) -> Answer<'a, Result<ChildOutput, ProcessError>> {
        let line = child.argv.join(" ");
        if let Some(value) = child.stdin {
            *self.stored.lock().unwrap() = value.to_vec();
        }
        let stdout = if line.contains("get-value project") {
            b"acme-prod\n".to_vec()
        } else {
            self.stored.lock().unwrap().clone()
        };
        self.runs.lock().unwrap().push(line);
        Box::pin(async move {
            Ok(ChildOutput {
                code: Some(0),
                stdout: stdout.into(),
                stdout_whole: true,
                stderr: String::new(),
                read_all_stdin: true,
            })
        })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_current_project_is_named_and_agreed_to_before_a_value_is_sent_there() {
    let gcloud = Arc::new(Gcloud::default());
    let mut stage = Stage::set(Set {
        processes: gcloud.clone(),
        ..Set::default()
    })
    .await;
    stage.start().await;
    stage.keys("nBot<enter>s").await;
    stage.keys("gcloud:bot<enter>").await;
    stage.expect("✗ gcloud:acme-prod/bot");
    stage.expect("not sent yet");
    assert!(gcloud.stored.lock().unwrap().is_empty());
    stage.keys("t").await;
    stage.expect("✓ gcloud:acme-prod/bot   stored and read back");
    let stored = String::from_utf8(gcloud.stored.lock().unwrap().clone()).unwrap();
    assert_eq!(stage.status_of(&stored).await, 200);
    let runs = gcloud.runs.lock().unwrap();
    let added: Vec<&String> = runs.iter().filter(|run| run.contains("versions add")).collect();
    assert!(added.len() == 1 && added[0].contains("--project=acme-prod"), "{runs:?}");
}

/// Plays aws: the first delivery fails, and after it the secret cannot be read any more.
#[derive(Default)]
struct Aws {
    puts: Mutex<usize>,
}

impl Processes for Aws {
    fn is_here(&self, _: &str) -> bool {
        true
    }

    fn run<'a>(&'a self, child: ChildProcess<'a>) -> Answer<'a, Result<ChildOutput, ProcessError>> {
        let does = |word: &str| child.argv.iter().any(|argument| argument == word);
        let mut puts = self.puts.lock().unwrap();
        let (code, stdout, stderr) = if does("put-secret-value") {
            *puts += 1;
            if *puts == 1 { (1, "", "Throttled") } else { (0, "", "") }
        } else if does("get-secret-value") {
            if *puts == 0 {
                (0, "old\n", "")
            } else {
                (1, "", "AccessDeniedException")
            }
        } else {
            (0, "", "")
        };
        Box::pin(async move {
            Ok(ChildOutput {
                code: Some(code),
                stdout: stdout.as_bytes().to_vec().into(),
                stdout_whole: true,
                stderr: stderr.to_owned(),
                read_all_stdin: true,
            })
        })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_doubt_that_comes_up_on_another_try_is_told_before_the_value_is_sent() {
    let aws = Arc::new(Aws::default());
    let mut stage = Stage::set(Set {
        processes: aws.clone(),
        ..Set::default()
    })
    .await;
    stage.start().await;
    stage.keys("nBot<enter>s").await;
    stage.keys("aws:bot<enter>").await;
    stage.expect("Throttled");
    stage.keys("t").await;
    stage.expect("not sent yet");
    stage.expect("even a JSON object");
    assert_eq!(*aws.puts.lock().unwrap(), 1, "nobody agreed to replace what is there");
    stage.keys("t").await;
    stage.expect("✓ aws:bot");
    assert_eq!(*aws.puts.lock().unwrap(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_typed_target_is_checked_and_told_where_it_is_wrong() {
    let mut stage = Stage::ready().await;
    stage.keys("nBot<enter>s").await;
    stage.keys("gh:acme/app/lower<enter>").await;
    stage.expect("✗");
    stage.expect("lower");
    stage.keys("<esc>").await;
    stage.expect("This value is shown once");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_frame_of_the_next_start_shows_the_last_list_with_its_age() {
    let stage = Stage::ready().await;
    let hour = Duration::from_secs(3 * 3600);
    stage.clock.advance(hour);
    stage.sandbox.pass(hour);
    let mut stage = stage.reopened();
    stage.dashboard.recall().await;
    stage.expect("Website widget");
    stage.expect("synced 3 h ago");
    stage.start().await;
    stage.expect("synced just now");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_due_stands_in_an_agenda_beside_a_calendar_and_leads_to_its_key() {
    let mut stage = Stage::ready().await;
    stage.keys("2").await;
    for text in ["OVERDUE", "THIS WEEK", "THIS MONTH", "LATER", "Mo  Tu  We"] {
        stage.expect(text);
    }
    let screen = stage.screen();
    let at = |text: &str| screen.find(text).unwrap();
    assert!(at("Zapier") < at("THIS WEEK") && at("THIS WEEK") < at("Slack bot"));
    stage.keys("G<enter>").await;
    stage.expect("90 DAYS");
    let selected = stage.dashboard.model.team().list.selected().unwrap();
    assert_eq!(selected.listed.key.name.raw(), "Contractor trial");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn the_places_of_a_key_come_first_and_marked_among_the_targets() {
    let shelf = tempfile::tempdir().unwrap();
    let path = shelf.path().join("bot").to_str().unwrap().to_owned();
    let config = format!(
        "[sinks.other]\ncommand = [\"true\"]\n[sinks.shelf]\ncommand = [\"tee\", \"{path}\"]\n\
         [[key]]\nmatch = \"Bot\"\nowner = \"ops\"\nplaces = [\"shelf\", \"zapier.com › Connections\"]\n"
    );
    let config = Config::parse(&config).unwrap();
    let mut stage = Stage::set(Set {
        sinks: config.sinks().unwrap(),
        policies: config.policies(),
        ..Set::default()
    })
    .await;
    stage.start().await;
    stage.keys("nBot 2026-11-22<enter>s").await;
    stage.expect("[x] shelf");
    stage.expect("[ ] other");
    stage.keys("<enter>").await;
    stage.expect("✓ shelf");
    assert_eq!(stage.status_of(&std::fs::read_to_string(path).unwrap()).await, 200);
    stage.keys("<enter>/bot<enter>").await;
    stage.expect("owner      ops");
}
