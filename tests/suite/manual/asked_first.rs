//! How an operation is done is found out before anything is asked of the person, and nothing is made or ended by that.

use std::time::Duration;

use chatzuri_keys::core::capability::{Capabilities, Capability};
use chatzuri_keys::ports::Operation;
use chatzuri_keys::sandbox::FaultRule;
use chatzuri_keys::tui::effect::Effect;
use chatzuri_keys::tui::errand::{Errand, News};
use chatzuri_keys::tui::message::Message;
use chatzuri_keys::tui::update::update;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::dashboard::{stage, watch_and_click};
use super::*;
use crate::support::stage::Stage;

const NO_CREATE: &str = "has no endpoint to create keys: Enter opens its page";

fn requests(stage: &Stage, method: &str) -> usize {
    let log = stage.sandbox.request_log();
    log.iter().filter(|record| record.method == method).count()
}

fn keys_on(browser: &Browser) -> usize {
    browser.ask("GET", "/", &[], "").1.matches("<tr><td>").count()
}

/// Tracks a key that was made in the browser, and answers its value.
async fn tracked(stage: &mut Stage, browser: &Browser, name: &str) -> String {
    let value = browser.create(name);
    stage.keys(&format!("n{name}<enter>")).await;
    stage.paste(&value).await;
    stage.keys("<enter><enter>").await;
    value
}

/// Answers the question about a key as it wants to be answered, up to the last key.
async fn almost_say_yes(stage: &mut Stage, name: &str) -> KeyCode {
    if stage.screen().contains("to revoke it: ") {
        stage.keys(name).await;
        KeyCode::Enter
    } else {
        KeyCode::Char('y')
    }
}

async fn say_yes(stage: &mut Stage, name: &str) {
    let last = almost_say_yes(stage, name).await;
    stage.press(last).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn how_keys_are_made_is_found_out_before_a_name_is_asked_for_and_once_a_day() {
    let (mut stage, browser) = stage(&[FaultEndpoint::Create]).await;
    let there = keys_on(&browser);
    assert_eq!(requests(&stage, "POST"), 0, "not before it is used");
    stage.keys("n").await;
    stage.expect(NO_CREATE);
    stage.expect("manual: create");
    stage.keys("<esc>r").await;
    stage.expect("step 1 of 4");
    stage.expect(NO_CREATE);
    stage.keys("<esc>n").await;
    let mut stage = stage.restart().await;
    stage.keys("n").await;
    stage.expect(NO_CREATE);
    assert_eq!(
        requests(&stage, "POST"),
        2,
        "the answer is repeated once, and not in the next run"
    );
    stage.clock.advance(Duration::from_secs(25 * 60 * 60));
    let mut stage = stage.restart().await;
    stage.keys("n").await;
    stage.expect(NO_CREATE);
    assert_eq!(requests(&stage, "POST"), 4, "a day later it is asked for again");
    assert_eq!(keys_on(&browser), there);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_makes_keys_is_asked_for_that_once_and_makes_none_by_it() {
    let (mut stage, browser) = stage(&[]).await;
    let there = keys_on(&browser);
    stage.keys("n").await;
    stage.expect("1 to 100 characters.");
    stage.expect_not("no endpoint");
    stage.keys("<esc>").await;
    let mut stage = stage.restart().await;
    stage.keys("nAb").await;
    assert_eq!((requests(&stage, "POST"), keys_on(&browser)), (1, there));
    stage.keys("<enter>").await;
    stage.expect("New key: Ab");
    assert_eq!((requests(&stage, "POST"), keys_on(&browser)), (2, there + 1));
}

/// Types into the dashboard while what it asked for is under way.
fn type_only(stage: &mut Stage, keys: &[KeyCode]) -> Vec<Effect> {
    let key = |code: &KeyCode| Message::Key(KeyEvent::new(*code, KeyModifiers::NONE));
    let model = &mut stage.dashboard.model;
    keys.iter().flat_map(|code| update(model, key(code))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn while_it_is_looked_no_name_is_asked_for_and_what_is_typed_is_kept() {
    for create in [Capability::Endpoint, Capability::Unknown, Capability::Manual] {
        let (mut stage, _browser) = stage(&[]).await;
        let asked = type_only(&mut stage, &[KeyCode::Char('n')]);
        let [Effect::Errand(request, team, Errand::FindOut(Operation::Create))] = asked[..] else {
            panic!("{asked:?}");
        };
        stage.expect("Looking how keys are made at 127.0.0.1");
        stage.expect_not("›");
        let early = [KeyCode::Char('A'), KeyCode::Enter, KeyCode::Char('b')];
        let typed = type_only(&mut stage, &early);
        assert!(typed.is_empty(), "{typed:?}");
        // What is typed after it is not what that Enter was about.
        if create == Capability::Unknown {
            let news = News::FoundOut(Capabilities::default(), None);
            let then = update(&mut stage.dashboard.model, Message::News { request, team, news });
            assert!(then.is_empty(), "{then:?}");
            stage.expect("› Ab");
            continue;
        }
        let typed = type_only(&mut stage, &[KeyCode::Enter]);
        assert!(typed.is_empty(), "{typed:?}");
        stage.expect("Looking how keys are made at 127.0.0.1");
        let capabilities = Capabilities {
            create,
            ..Capabilities::default()
        };
        let news = News::FoundOut(capabilities, None);
        let then = update(&mut stage.dashboard.model, Message::News { request, team, news });
        if create == Capability::Manual {
            // What was typed before it was told is not taken for a yes to the browser.
            assert!(then.is_empty(), "{then:?}");
            stage.expect(NO_CREATE);
            stage.expect("› Ab");
        } else {
            let [Effect::Create(_, _, name)] = &then[..] else {
                panic!("{then:?}");
            };
            assert_eq!(name.as_str(), "Ab");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_cannot_tell_is_asked_by_the_request_itself() {
    let (mut stage, browser) = stage(&[]).await;
    let there = keys_on(&browser);
    for rule in ["create:status=503:1", "create:drop-before:1", "create:status=403:1"] {
        stage.sandbox.inject(FaultRule::parse(rule).unwrap());
        stage.keys("n").await;
        stage.expect("1 to 100 characters.");
        stage.expect_not("manual:");
        stage.keys("<esc>").await;
    }
    stage.keys("nAb<enter>").await;
    stage.expect("New key: Ab");
    assert_eq!(keys_on(&browser), there + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_is_not_confirmed_before_it_is_known_how_it_is_done() {
    let (mut stage, browser) = stage(&[]).await;
    let there = keys_on(&browser);
    stage.sandbox.inject(FaultRule::parse("revoke:hang").unwrap());
    stage.keys("/Load test<enter>").await;
    stage.press_only(KeyCode::Char('x'));
    stage.until("Looking how keys are revoked at 127.0.0.1").await;
    stage.press_only(KeyCode::Char('y'));
    stage.expect("Checking how this server revokes keys…");
    stage.sandbox.clear_faults();
    stage.settle().await;
    stage.expect_not("Checking how this server");
    assert_eq!(keys_on(&browser), there);
    stage.keys("y").await;
    stage.expect("Revoked “Load test”");
    assert_eq!(keys_on(&browser), there - 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_question_about_a_leaked_key_says_already_that_the_browser_is_needed() {
    let (mut stage, browser) = stage(&[FaultEndpoint::Revoke]).await;
    let there = keys_on(&browser);
    let leaked = stage.sandbox.leaked.expose().to_owned();
    stage.keys("L").await;
    stage.paste(&leaked).await;
    stage.keys("<enter>").await;
    stage.expect("yes opens its page in your browser");
    let log = stage.sandbox.request_log();
    let deletes = log.iter().filter(|record| record.method == "DELETE");
    assert!(deletes.clone().count() > 0);
    assert!(deletes.clone().all(|record| record.path.contains(crate::support::LOOK)));
    assert_eq!(keys_on(&browser), there);
}

#[tokio::test(flavor = "multi_thread")]
async fn marked_keys_are_gone_through_in_the_browser_one_after_the_other() {
    let (mut stage, browser) = stage(&[FaultEndpoint::List, FaultEndpoint::Create, FaultEndpoint::Revoke]).await;
    let first = tracked(&mut stage, &browser, "First").await;
    tracked(&mut stage, &browser, "Second").await;
    tracked(&mut stage, &browser, "Third").await;
    stage.keys("g   ").await;
    stage.expect("● 3 marked");
    stage.keys("x").await;
    stage.expect("Revoke this key in the browser 1 of 3");
    stage.expect("key First");
    stage.paste(&first).await;
    watch_and_click(&mut stage, &browser, &first).await;
    stage.expect("DEAD: “First”");
    stage.expect("Revoke this key in the browser 2 of 3");
    assert_eq!(stage.screen().matches('●').count(), 2);
    stage.keys("<enter>revoked<enter>").await;
    stage.expect("ATTESTED, not proven: amina says that “Second”");
    stage.expect("Revoke this key in the browser 3 of 3");
    stage.keys("<esc>").await;
    stage.expect("Of 3 marked keys: 1 dead, 1 revoked by your word, 1 alive as far as is known.");
    stage.expect("● 1 marked");
    stage.keys("x<enter>revoked<enter>").await;
    stage.expect("“Third”");
    stage.expect("Of 1 marked key: 1 revoked by your word.");
    stage.expect("No keys tracked yet");
}

#[tokio::test(flavor = "multi_thread")]
async fn marked_keys_are_not_counted_out_where_the_browser_turns_out_to_be_needed() {
    let (mut stage, _browser) = stage(&[FaultEndpoint::Create, FaultEndpoint::Revoke]).await;
    stage.keys("n").await;
    stage.expect(NO_CREATE);
    stage.keys("<esc>/Load<enter> /<esc>/Legacy<enter> /<esc>").await;
    stage.expect("● 2 marked");
    stage.keys("x").await;
    stage.expect_not("Type 2 to revoke");
    stage.expect("Revoke this key in the browser 1 of 2");
    stage.expect("manual: create, revoke");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tracked_key_among_marked_ones_of_the_server_waits_for_the_browser() {
    let (mut stage, browser) = stage(&[FaultEndpoint::List, FaultEndpoint::Create]).await;
    tracked(&mut stage, &browser, "Theirs").await;
    stage.press(KeyCode::Char('n')).await;
    stage.press(KeyCode::Tab).await;
    stage.keys("Elsewhere<down>2026-09-01<enter>").await;
    stage.sandbox.leave_out(&[]);
    stage.keys("R").await;
    stage.expect("Elsewhere");
    stage.keys("/Load<enter> /<esc>/Elsewhere<enter> /<esc>").await;
    stage.expect("● 2 marked");
    stage.keys("x").await;
    stage.expect("Revoke 1 key?");
    stage.expect("1 more of the marked keys, tracked on this machine, are revoked in the browser: x");
    stage.keys("1<enter>").await;
    stage.expect("✓ “Load test”");
    stage.keys("<esc>x").await;
    stage.expect("Revoke this key in the browser");
    stage.expect("Elsewhere");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_that_may_have_made_a_key_says_so() {
    let (mut stage, _browser) = stage(&[]).await;
    stage.sandbox.inject(FaultRule::parse("create:drop-after:1").unwrap());
    stage.keys("n").await;
    stage.expect("If the list has a key without a name, revoke it.");
    stage.expect("1 to 100 characters.");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_came_back_is_not_asked_by_the_form_that_sends_the_person_away() {
    let (mut stage, browser) = stage(&[FaultEndpoint::Create, FaultEndpoint::Revoke]).await;
    let there = keys_on(&browser);
    stage.keys("n<esc>/Load test<enter>x").await;
    stage.expect("Revoke this key in the browser");
    stage.keys("<esc>").await;
    stage.sandbox.leave_out(&[]);
    stage.press_only(KeyCode::Char('R'));
    stage.press_only(KeyCode::Char('x'));
    stage.expect("Revoke this key in the browser");
    stage.settle().await;
    stage.expect("Revoke this key?");
    stage.keys("<enter>").await;
    assert_eq!(keys_on(&browser), there, "Enter is no");
    stage.keys("xy").await;
    stage.expect("Revoked “Load test”");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_whose_death_no_list_shows_ends_by_the_persons_word() {
    let (mut stage, _browser) = stage(&[FaultEndpoint::List]).await;
    stage.keys("nFirst<enter>v<enter>nSecond<enter>v<enter>").await;
    stage.keys("g").await;
    stage.keys("x<enter>").await;
    stage.expect("Revoke this key?");
    say_yes(&mut stage, "First").await;
    stage.expect("The server accepted the revocation, but cannot list keys");
    stage.expect("Type “revoked” when it is gone from the page");
    stage.keys("<esc>").await;
    stage.expect("whether “First” (key_");
    stage.keys("x<enter>").await;
    say_yes(&mut stage, "First").await;
    stage.expect("The server answered 404 to the revocation: it may no longer have this key");
    stage.keys("revoked<enter>").await;
    stage.expect("ATTESTED, not proven: amina says that “First”");
    stage.expect("1 key");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_step_of_a_rotation_that_no_list_shows_ends_by_the_persons_word() {
    let (mut stage, _browser) = stage(&[FaultEndpoint::List]).await;
    stage.keys("nImport<enter>v<enter>r<enter>v<enter>").await;
    stage.expect("3 of 4");
    stage.keys("ait is quiet<enter><enter>").await;
    stage.expect("has no list to see it gone from");
    stage.keys("<enter>").await;
    stage.expect("Revoke the old key?");
    say_yes(&mut stage, "Import").await;
    stage.expect("Type “revoked” when it is gone from the page");
    stage.keys("revoked<enter>").await;
    stage.expect("ATTESTED, not proven");
    stage.expect("finished");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_confirmed_revocation_that_turns_out_to_need_the_browser_says_where_to_click() {
    let (mut stage, browser) = stage(&[FaultEndpoint::List]).await;
    stage.keys("nFirst<enter>c").await;
    let value = stage.clipboard.content.lock().unwrap().clone().unwrap();
    stage.keys("<enter>x").await;
    stage.expect("has no list to see it gone from");
    stage.sandbox.leave_out(&[FaultEndpoint::List, FaultEndpoint::Revoke]);
    stage.paste(&value).await;
    stage.keys("<enter>").await;
    let last = almost_say_yes(&mut stage, "First").await;
    let opened = stage.browser.count();
    stage.press_only(last);
    stage.browser.opens_after(opened).await;
    stage.until("click Revoke next to").await;
    browser.revoke(four(&value));
    stage.settle().await;
    stage.expect("DEAD: “First”");
}

#[tokio::test(flavor = "multi_thread")]
async fn marked_keys_that_no_list_shows_are_confirmed_one_by_one() {
    let (mut stage, _browser) = stage(&[FaultEndpoint::List]).await;
    let mut values = Vec::new();
    for name in ["First", "Second"] {
        stage.keys(&format!("n{name}<enter>c<enter>")).await;
        values.push(stage.clipboard.content.lock().unwrap().clone().unwrap());
    }
    stage.keys("g  x").await;
    stage.expect("Revoke this key 1 of 2");
    stage.paste(&values[0]).await;
    stage.keys("<enter>").await;
    say_yes(&mut stage, "First").await;
    stage.expect("DEAD: “First”");
    stage.expect("Revoke this key 2 of 2");
    stage.paste(&values[1]).await;
    stage.keys("<enter><esc>").await;
    stage.expect("Nothing was revoked: “Second”");
    stage.expect("Of 2 marked keys: 1 dead, 1 alive as far as is known.");
    assert_eq!(stage.status_of(&values[1]).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn before_the_sign_in_is_found_nothing_is_asked_about_a_key() {
    let (stage, _browser) = stage(&[]).await;
    let mut stage = stage.reopened();
    stage.dashboard.recall().await;
    let effects = type_only(&mut stage, &[KeyCode::Enter, KeyCode::Char('x'), KeyCode::Char('r')]);
    assert!(effects.is_empty(), "{effects:?}");
    stage.expect("Looking for your credential");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_keys_value_is_no_new_key_and_a_value_is_no_name() {
    let (mut stage, browser) = stage(&[FaultEndpoint::Create]).await;
    let leaked = stage.sandbox.leaked.expose().to_owned();
    stage.keys("n").await;
    stage.paste(&leaked).await;
    stage.keys("<enter>").await;
    stage.expect("This looks like a key's value, not a name.");
    let mut stage = stage.restart().await;
    stage.keys("nFoo<enter>").await;
    stage.paste(&leaked).await;
    stage.keys("<enter>").await;
    stage.expect("This is the value of “Staging importer”");
    stage.expect("which was already in the list, not a new one. If it is the one you mean, use that name. Paste");
    let value = browser.create("Foo");
    stage.paste(&value).await;
    stage.keys("<enter>").await;
    stage.expect("New key: Foo");
    stage
        .burst(&[KeyCode::Enter, KeyCode::Enter], Duration::from_millis(100))
        .await;
    stage.expect("Enter counts once the keyboard was quiet for a moment");
    stage.keys("<enter>").await;
    stage.expect("is stored, as you say");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_could_not_be_tried_is_kept_in_its_field() {
    let (mut stage, browser) = stage(&[FaultEndpoint::Create]).await;
    stage.keys("nInvoices<enter>").await;
    let value = browser.create("Invoices");
    stage.paste(&value).await;
    stage.sandbox.inject(FaultRule::parse("teams:drop-before").unwrap());
    stage.keys("<enter>").await;
    stage.expect("The value is kept here: Enter tries it again.");
    stage.expect_not(&value);
    stage.sandbox.clear_faults();
    stage.keys("<enter>").await;
    stage.expect("New key: Invoices");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_left_in_the_browser_is_taken_up_where_it_was_left() {
    let (mut stage, browser) = stage(&[FaultEndpoint::Create]).await;
    stage.keys("/Load test<enter>r<enter>").await;
    stage.expect("New key in the browser: Load test 20");
    stage.keys("<esc><esc>r").await;
    stage.expect("You were making the new key in the browser.");
    stage.keys("<enter>").await;
    stage.expect("New key in the browser: Load test 20");
    let value = browser.create("Load test 2");
    stage.paste(&value).await;
    stage.keys("<enter><enter>").await;
    stage.expect("3 of 4");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_word_is_held_against_the_list_and_what_is_clicked_is_named() {
    let (mut stage, _browser) = stage(&[FaultEndpoint::Create, FaultEndpoint::Revoke]).await;
    stage.keys("n<esc>/Zapier<enter>x").await;
    stage.expect("Revoke this key in the browser");
    stage.expect("something depends on it");
    stage.keys("<esc> /<esc>/Load<enter> /<esc>x").await;
    stage.keys("<enter>revoked<enter>").await;
    stage.expect("and the server's list still has it.");
    stage.keys("<esc>").await;
    stage.expect("Of 2 marked keys: 2 alive as far as is known.");
    stage.expect("● 2 marked");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_which_only_the_id_is_not_known_does_not_blame_the_endpoint() {
    let (mut stage, browser) = stage(&[FaultEndpoint::List, FaultEndpoint::Create]).await;
    tracked(&mut stage, &browser, "Theirs").await;
    stage.keys("x").await;
    stage.expect("knows it by an id that is not known here: you revoke it there.");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_was_never_seen_alive_ends_no_key_however_often_it_is_refused() {
    let (mut stage, _browser) = stage(&[FaultEndpoint::List, FaultEndpoint::Create, FaultEndpoint::Revoke]).await;
    stage.press(KeyCode::Char('n')).await;
    stage.press(KeyCode::Tab).await;
    stage.keys("Theirs<down>2026-09-01<enter>x").await;
    stage.paste("cz_0123456789abcdefghij0123456789").await;
    // The first try is not answered, and every later one says 401.
    stage.sandbox.inject(FaultRule::parse("teams:status=503:1").unwrap());
    stage.keys("<enter>").await;
    stage.expect("NOT PROVEN: “Theirs”");
    stage.expect("we never saw it alive");
    stage.expect("1 key");
}
