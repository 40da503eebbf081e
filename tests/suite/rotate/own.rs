//! The key we are signed in with, rotated in the dashboard.

use std::sync::Arc;
use std::time::Duration;

use chatzuri_keys::core::secret::Secret;
use chatzuri_keys::ports::{Account, BaseUrl, CredentialStore};
use chatzuri_keys::sandbox::FaultRule;

use crate::support::stage::{Set, Stage};

async fn kept(stage: &Stage) -> Secret {
    let account = Account::credential("default", &BaseUrl::parse(&stage.sandbox.base_url).unwrap());
    stage.store.get(&account).await.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sign_in_moves_to_the_new_key_and_the_old_one_is_proven_dead() {
    let mut stage = Stage::ready().await;
    let old = stage.sandbox.credential.expose().to_owned();
    stage.keys("/this one<enter>r").await;
    stage.expect("the new one takes its place in your keyring at once");
    stage.keys("<enter>").await;
    stage.expect("This value is shown once");
    stage.expect("chatzuri-keys signs in with it from now on");
    let new = kept(&stage).await;
    assert_ne!(new.expose(), old);
    stage.keys("<enter>").await;
    stage.expect("3 of 4");
    stage.expect("signed in with it");
    // Nothing of ours uses the old key any more.
    stage.pass(Duration::from_secs(30)).await;
    stage.expect("4 of 4");
    stage.keys("<enter>y").await;
    stage.expect("DEAD:");
    stage.expect("its value gets 401");
    assert_eq!(
        (stage.status_of(&old).await, stage.status_of(new.expose()).await),
        (401, 200)
    );
    let mut stage = stage.restart().await;
    stage.expect("Acme Support");
    stage.expect("synced just now");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_ends_before_the_value_was_stored_stays_signed_in_and_goes_on() {
    let mut stage = Stage::ready().await;
    stage.keys("/this one<enter>r<enter>").await;
    stage.expect("This value is shown once");
    let mut stage = stage.restart().await;
    stage.expect("1 rotating");
    stage.keys("/this one<enter>r").await;
    stage.expect("its value is waiting to be stored");
    stage.keys("<enter><enter>").await;
    stage.expect("signed in with it");
}

/// A run that was killed right after the answer: the new key is there, and our sign-in is still the old one.
async fn made_and_not_signed_in() -> Stage {
    let mut stage = Stage::ready().await;
    for _ in 0..8 {
        stage.sandbox.inject(FaultRule::parse("teams:status=503:1").unwrap());
    }
    stage.keys("/this one<enter>r<enter>").await;
    stage.expect("has not answered yet, so you're still signed in with the old one");
    stage.sandbox.clear_faults();
    stage.keys("<esc>").await;
    stage
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_key_that_does_not_answer_is_not_signed_in_with_and_is_later() {
    let mut stage = made_and_not_signed_in().await;
    let old = stage.sandbox.credential.expose().to_owned();
    assert_eq!(kept(&stage).await.expose(), old);
    stage.keys("R<enter>").await;
    stage.expect("chatzuri-keys signs in with it from now on");
    assert_ne!(kept(&stage).await.expose(), old);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_that_changed_meanwhile_is_left_as_it_is() {
    let mut stage = made_and_not_signed_in().await;
    let other = Secret::parse(stage.sandbox.leaked.expose()).unwrap();
    let account = Account::credential("default", &BaseUrl::parse(&stage.sandbox.base_url).unwrap());
    stage.store.set(&account, Arc::new(other)).await.unwrap();
    stage.keys("R<enter>").await;
    stage.expect("no longer holds the old key");
    assert_eq!(kept(&stage).await.expose(), stage.sandbox.leaked.expose());
    stage.expect("This value is shown once");
    stage.expect_not("signs in with it from now on");
}

#[tokio::test(flavor = "multi_thread")]
async fn giving_it_up_signs_us_in_as_before_and_offers_the_new_key() {
    let mut stage = Stage::ready().await;
    let old = stage.sandbox.credential.expose().to_owned();
    stage.keys("/this one<enter>r<enter><enter>").await;
    let new = kept(&stage).await;
    assert_ne!(new.expose(), old);
    stage.keys("c").await;
    stage.expect("and we sign in with it again");
    stage.keys("y").await;
    stage.expect("Revoke this key?");
    stage.expect_not("signs us out");
    assert_eq!(kept(&stage).await.expose(), old);
    stage.keys("<esc>R").await;
    stage.expect("synced just now");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_we_are_signed_in_with_is_not_the_last_step() {
    let mut stage = Stage::ready().await;
    let old = stage.sandbox.credential.expose().to_owned();
    stage.keys("/this one<enter>r<enter><enter>").await;
    stage.pass(Duration::from_secs(30)).await;
    stage.expect("4 of 4");
    // Somebody signs in with the old key again.
    let account = Account::credential("default", &BaseUrl::parse(&stage.sandbox.base_url).unwrap());
    stage
        .store
        .set(&account, Arc::new(Secret::parse(&old).unwrap()))
        .await
        .unwrap();
    stage.keys("<enter>").await;
    stage.keys("y").await;
    stage.keys("chatzuri-keys (this one)<enter>").await;
    stage.expect_not("DEAD");
    assert_eq!(stage.status_of(&old).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_store_that_keeps_our_own_key_is_not_rotated() {
    let mut stage = Stage::set(Set {
        keeps: false,
        ..Set::default()
    })
    .await;
    stage.start().await;
    stage.keys("/this one<enter>r<enter>").await;
    stage.expect("was not created. Nothing was sent");
    let asked = stage.sandbox.request_log();
    assert!(asked.iter().all(|record| record.method == "GET"));
}
