//! The key we are signed in with, rotated in the dashboard.

use std::time::Duration;

use chatzuri_keys::core::secret::Secret;
use chatzuri_keys::ports::{Account, BaseUrl, CredentialStore};

use crate::rig::stage::{Set, Stage};

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
    stage.expect("401 three times in a row");
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
    stage.expect("its value waits to be stored");
    stage.keys("<enter><enter>").await;
    stage.expect("3 of 4");
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
    stage.expect("was not created, nothing was sent");
    let asked = stage.sandbox.request_log();
    assert!(asked.iter().all(|record| record.method == "GET"));
}
