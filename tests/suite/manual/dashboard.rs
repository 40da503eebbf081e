//! The dashboard where the server lacks an operation.

use std::sync::atomic::Ordering;
use std::time::Duration;

use chatzuri_keys::ops::manual::ManualSettings;
use chatzuri_keys::ports::{Account, BaseUrl, ClipboardError, ClipboardRoute, CredentialStore, TerminalNote};
use chatzuri_keys::sandbox::FaultRule;
use crossterm::event::KeyCode;

use super::*;
use crate::support::stage::{Set, Stage};

const ALL: [FaultEndpoint; 3] = [FaultEndpoint::List, FaultEndpoint::Create, FaultEndpoint::Revoke];

pub(super) async fn stage(without: &[FaultEndpoint]) -> (Stage, Browser) {
    let options = SandboxOptions {
        apps: false,
        without: without.to_vec(),
        ..SandboxOptions::default()
    };
    let set = Set {
        options,
        manual: ManualSettings::default(),
        ..Set::default()
    };
    let mut stage = Stage::set(set).await;
    stage.start().await;
    let browser = Browser::on(&stage.sandbox);
    (stage, browser)
}

/// Presses Enter and lets the person click while the value is watched.
pub(super) async fn watch_and_click(stage: &mut Stage, browser: &Browser, value: &str) {
    let opened = stage.browser.count();
    stage.press_only(KeyCode::Enter);
    stage.browser.opens_after(opened).await;
    browser.revoke(four(value));
    stage.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_signs_in_today_is_told_and_does_every_job() {
    let (mut stage, browser) = stage(&ALL).await;
    stage.expect("manual: list");
    stage.expect("No keys tracked yet");
    stage.keys("nInvoices<enter>").await;
    stage.expect("New key in the browser: Invoices");
    stage.expect("is open in your browser");
    stage.expect("+ New API key → name it → Create → copy the key");
    assert_eq!(*stage.browser.opened.borrow(), [stage.sandbox.page()]);
    let value = browser.create("Invoices");
    stage.paste(&format!("Bearer {value}\n")).await;
    stage.expect("43 characters.");
    stage.expect_not(&value);
    stage.keys("<enter>").await;
    stage.expect("New key: Invoices");
    stage.expect("safe in your keyring");
    stage.expect_not(&value);
    stage.keys("c").await;
    assert_eq!(stage.clipboard.content.lock().unwrap().as_deref(), Some(value.as_str()));
    stage.keys("<enter>").await;
    stage.expect("is stored, as you say");
    stage.expect("1 key");
    stage.keys("<enter>").await;
    stage.expect("tracked on this machine");
    stage.keys("<esc>x").await;
    stage.expect("Revoke this key in the browser");
    stage.paste(&value).await;
    watch_and_click(&mut stage, &browser, &value).await;
    stage.expect("DEAD: “Invoices”");
    stage.expect("manual ");
    stage.expect("No keys tracked yet");
    assert_eq!(stage.browser.count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_no_browser_can_be_opened_the_address_is_told_and_copied() {
    let (mut stage, _browser) = stage(&ALL).await;
    stage.browser.missing.store(true, Ordering::Relaxed);
    let page = stage.sandbox.page();
    let over_ssh = Ok(ClipboardRoute::Terminal(TerminalNote::Plain));
    stage.clipboard.prepared.lock().unwrap().push_back(over_ssh);
    stage.keys("nInvoices<enter>").await;
    stage.expect(&format!("Open {page} in a browser (the address is on your clipboard)."));
    assert_eq!(stage.clipboard.content.lock().unwrap().as_deref(), Some(page.as_str()));
    let nowhere = Err(ClipboardError("no display".to_owned()));
    stage.clipboard.prepared.lock().unwrap().push_back(nowhere);
    stage.keys("<esc>nOther<enter>").await;
    stage.expect(&format!("Open {page} in a browser."));
    stage.expect_not("clipboard");
    assert_eq!(stage.browser.count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_still_waits_is_watched_without_being_pasted_again() {
    let (mut stage, browser) = stage(&ALL).await;
    stage.keys("nInvoices<enter>").await;
    let value = browser.create("Invoices");
    stage.paste(&value).await;
    stage.keys("<enter><esc>").await;
    stage.expect("its value waits in your keyring");
    stage.keys("x").await;
    stage.expect("Its value is at hand");
    stage.expect("new key is waiting");
    watch_and_click(&mut stage, &browser, &value).await;
    stage.expect("DEAD: “Invoices”");
    stage.expect_not("new key is waiting");
    assert_eq!(stage.store.items.count(), 1, "only our own credential is left");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_left_half_way_asks_at_the_next_start() {
    let (mut stage, browser) = stage(&ALL).await;
    stage.keys("nInvoices<enter><esc>").await;
    stage.expect("Did you create “Invoices”?");
    let mut stage = stage.restart().await;
    stage.keys("w").await;
    stage.expect("Did you create “Invoices” in the browser?");
    stage.keys("<enter>").await;
    stage.expect("^O opens the page");
    let value = browser.create("Invoices");
    stage.paste("cz_0123456789abcdefghij0123456789").await;
    stage.keys("<enter>").await;
    stage.expect("The value gets 401");
    stage.paste(&value).await;
    stage.keys("<enter>").await;
    stage.expect("New key: Invoices");
    stage.keys("<enter>nOther<enter><esc>w").await;
    stage.expect("Did you create “Other” in the browser?");
    stage.keys("d").await;
    stage.expect("“Other” was not made, as you say.");
    let mut stage = stage.restart().await;
    stage.keys("w").await;
    stage.expect_not("Did you create");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_existing_key_is_added_and_is_revoked_by_the_persons_word() {
    let (mut stage, _browser) = stage(&ALL).await;
    stage.keys("n").await;
    stage.expect("add an existing key");
    stage.press(KeyCode::Tab).await;
    stage.expect("Add an existing key");
    stage.keys("Zapier<enter>").await;
    stage.expect("The day it was made is missing");
    stage.keys("<down>2026-02-30<enter>").await;
    stage.expect("“2026-02-30” is not a date");
    stage.keys("<bs><bs>01<down>CpSn<down>ops<enter>").await;
    stage.expect("“Zapier” (tracked_");
    stage.expect("is tracked.");
    stage.expect("…CpSn");
    stage.keys("<enter>").await;
    stage.expect("ops");
    stage.keys("<esc>x<enter>").await;
    stage.expect("Type “revoked” when it is gone from the page");
    stage.keys("yes<enter>").await;
    stage.expect("That doesn't match");
    stage.keys("<bs><bs><bs>revoked<enter>").await;
    stage.expect("ATTESTED, not proven: amina says that “Zapier”");
    stage.expect("No keys tracked yet");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_only_cannot_revoke_says_so_before_anything_is_asked() {
    let (mut stage, browser) = stage(&[FaultEndpoint::Create, FaultEndpoint::Revoke]).await;
    stage.expect_not("manual:");
    stage.keys("nInvoices<enter>").await;
    stage.expect("New key in the browser: Invoices");
    stage.expect("manual: create");
    let value = browser.create("Invoices");
    stage.paste(&value).await;
    stage.keys("<enter><enter>").await;
    stage.keys("/Invoices<enter>x").await;
    stage.expect("Revoke this key in the browser");
    stage.paste(&value).await;
    stage.expect_not(&value);
    watch_and_click(&mut stage, &browser, &value).await;
    stage.expect("DEAD: “Invoices”");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_turns_out_to_be_missing_leads_on_to_the_browser() {
    let (mut stage, _browser) = stage(&[]).await;
    stage.keys("/Load test<enter>x").await;
    stage.expect("Revoke this key?");
    // It was there when it was looked for.
    stage.sandbox.leave_out(&[FaultEndpoint::Revoke]);
    stage.keys("y").await;
    stage.expect("Revoke this key in the browser");
    stage.expect("manual: revoke");
    stage.expect("Load test");
    let asked = stage.sandbox.request_log();
    let deletes = asked.iter().filter(|record| record.method == "DELETE");
    assert!(deletes.clone().count() >= 2, "it was looked for, then tried");
    stage.keys("<enter>revoked<enter>").await;
    stage.expect("ATTESTED, not proven");
    stage.expect("Load test");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_asks_the_server_again() {
    let (mut stage, _browser) = stage(&[FaultEndpoint::List]).await;
    stage.expect("manual: list");
    stage.sandbox.leave_out(&[]);
    stage.keys("R").await;
    stage.expect_not("manual:");
    stage.expect("13 keys");
    stage.sandbox.leave_out(&[FaultEndpoint::List]);
    stage.keys("R").await;
    stage.expect("not refreshed");
    stage.expect("worked before");
    stage.expect("13 keys");
    stage.expect_not("manual:");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_can_be_left_and_begun_again() {
    let (mut stage, browser) = stage(&ALL).await;
    stage.keys("nInvoices<enter>").await;
    let value = browser.create("Invoices");
    stage.paste(&value).await;
    stage.keys("<enter><enter>x").await;
    stage.paste(&value).await;
    stage.press_only(KeyCode::Enter);
    stage.press(KeyCode::Esc).await;
    stage.expect("is not watched any more");
    stage.keys("x").await;
    stage.paste("cz_0123456789abcdefghij0123456789").await;
    stage.keys("<enter>").await;
    stage.expect("the first or last characters differ");
    stage.paste(&value).await;
    watch_and_click(&mut stage, &browser, &value).await;
    stage.expect("DEAD: “Invoices”");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_dialogs_fit_a_small_screen() {
    let (mut stage, _browser) = stage(&ALL).await;
    stage.resize(80, 24).await;
    stage.expect("manual: list");
    stage.keys("nInvoices<enter>").await;
    stage.expect("take it");
    stage.keys("<esc>n").await;
    stage.press(KeyCode::Tab).await;
    stage.expect("track it");
    stage.keys("Zapier<down>2026-09-01<enter>").await;
    stage.keys("x").await;
    stage.expect("go on");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_goes_by_way_of_the_browser_at_both_ends() {
    let (mut stage, browser) = stage(&ALL).await;
    stage.keys("nImport<enter>").await;
    let old = browser.create("Import");
    stage.paste(&old).await;
    stage.keys("<enter><enter>r<enter>").await;
    stage.expect("New key in the browser: Import 20");
    let new = browser.create("Import 2");
    stage.paste(&new).await;
    stage.keys("<enter>").await;
    stage.expect("New key: Import 20");
    stage.keys("<enter>").await;
    stage.expect("step 3");
    stage.expect_not(&new);
    stage.keys("aits own log says so<enter>").await;
    stage.expect("4 of 4");
    stage.keys("<enter>").await;
    stage.expect("Revoke this key in the browser");
    stage.paste(&old).await;
    watch_and_click(&mut stage, &browser, &old).await;
    stage.expect("DEAD: “Import”");
    stage.expect("finished");
    stage.expect_not(&old);
}

#[tokio::test(flavor = "multi_thread")]
async fn our_own_credential_is_rotated_by_way_of_the_browser_too() {
    let (mut stage, browser) = stage(&[FaultEndpoint::Create, FaultEndpoint::Revoke]).await;
    let old = stage.sandbox.credential.expose().to_owned();
    let account = Account::credential("default", &BaseUrl::parse(&stage.sandbox.base_url).unwrap());
    stage.keys("/this one<enter>r").await;
    stage.expect("the new one takes its place in your keyring at once");
    stage.expect("Enter opens its page");
    stage.keys("<enter>").await;
    stage.expect("New key in the browser: chatzuri-keys (this one) 20");
    stage.paste(&old).await;
    stage.keys("<enter>").await;
    stage.expect("Paste it again");
    let new = browser.create("chatzuri-keys 2");
    stage.paste(&new).await;
    stage.keys("<enter>").await;
    stage.expect("This value is shown once");
    stage.expect("chatzuri-keys signs in with it from now on");
    stage.expect_not(&new);
    assert_eq!(stage.store.get(&account).await.unwrap().unwrap().expose(), new);
    stage.keys("<enter>").await;
    stage.expect("3 of 4");
    stage.pass(Duration::from_secs(30)).await;
    stage.expect("4 of 4");
    stage.keys("<enter>").await;
    stage.expect("Revoke this key in the browser");
    stage.expect("Its value is at hand");
    watch_and_click(&mut stage, &browser, &old).await;
    stage.expect("DEAD:");
    stage.expect("finished");
    assert_eq!(stage.status_of(&new).await, 200);
    assert_eq!(stage.store.items.count(), 1, "the value of the old one is forgotten");
    let mut stage = stage.restart().await;
    stage.expect("synced just now");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_slow_or_fails_is_not_called_assisted() {
    let (mut stage, _browser) = stage(&[]).await;
    for rule in [
        "list:hang",
        "list:status=503",
        "list:status=403",
        "list:drop-before",
        "list:redirect",
        "list:html",
        "list:status=404",
        "list:status=405",
    ] {
        stage.sandbox.inject(FaultRule::parse(rule).unwrap());
        stage.keys("R").await;
        stage.sandbox.clear_faults();
        stage.expect("not refreshed");
        stage.expect_not("manual:");
        stage.expect("13 keys");
    }
    stage.keys("R").await;
    stage.expect_not("not refreshed");
    stage.expect("13 keys");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_found_counts_for_a_day() {
    let (stage, _browser) = stage(&[FaultEndpoint::List]).await;
    stage.sandbox.leave_out(&[]);
    let mut stage = stage.restart().await;
    stage.expect("manual: list");
    stage.clock.advance(Duration::from_secs(25 * 60 * 60));
    let mut stage = stage.restart().await;
    stage.expect_not("manual:");
    stage.expect("13 keys");
}
