//! The same in the dashboard, over real HTTP.

use chatzuri_keys::ports::{Account, BaseUrl, CredentialStore, Journal, Scope};
use chatzuri_keys::sandbox::FaultRule;

use crate::support::stage::{Set, Stage};

async fn losing_its_database() -> Stage {
    let stage = Stage::ready().await;
    stage.sandbox.inject(FaultRule::parse("revoke:lost-database").unwrap());
    stage
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leaked_value_is_not_dead_where_our_credential_is_refused_too() {
    let mut stage = losing_its_database().await;
    let leaked = stage.sandbox.leaked.expose().to_owned();
    stage.keys("L").await;
    stage.paste(&leaked).await;
    stage.keys("<enter>").await;
    stage.keys("Staging importer<enter>").await;
    stage.expect("NOT PROVEN");
    stage.expect_not("DEAD");
    stage.sandbox.clear_faults();
    assert_eq!(stage.status_of(&leaked).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_step_of_our_own_rotation_is_not_done_where_the_new_key_is_refused_too() {
    let mut stage = Stage::ready().await;
    let old = stage.sandbox.credential.expose().to_owned();
    stage.keys("/this one<enter>r<enter><enter>").await;
    stage.pass(std::time::Duration::from_secs(30)).await;
    stage.expect("4 of 4");
    stage.sandbox.inject(FaultRule::parse("revoke:lost-database").unwrap());
    stage.keys("<enter>y").await;
    stage.expect("not done");
    stage.expect("unconfirmed");
    stage.sandbox.clear_faults();
    assert_eq!(stage.status_of(&old).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_value_that_the_store_does_not_take_stays_in_memory_and_leaving_asks() {
    let mut stage = Stage::set(Set {
        refuses_escrow: true,
        ..Set::default()
    })
    .await;
    stage.start().await;
    stage.keys("nBot<enter>").await;
    stage.expect("This value is shown once");
    stage.expect("it cannot survive a crash");
    stage.hold_control_c(3).await;
    stage.expect("it is lost, and the key stays alive");
    assert_eq!(stage.dashboard.model.exit, None);
    stage.keys("<esc>c").await;
    let value = stage.clipboard.content.lock().unwrap().clone().unwrap();
    assert_eq!(stage.status_of(&value).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_the_store_may_not_have_is_not_promised_again_where_deleting_it_fails() {
    let mut stage = Stage::set(Set {
        refuses_escrow: true,
        size: (180, 40),
        ..Set::default()
    })
    .await;
    stage.start().await;
    stage.keys("nBot<enter><enter>y").await;
    stage.expect("was not deleted: The keyring did not answer");
    stage.expect("It is offered again if your keyring has it.");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_value_of_before_is_kept_where_giving_a_rotation_up_does_not_see_it_dead() {
    for (fault, kept) in [
        ("teams:status=503", true),
        ("all:status=401", true),
        ("list:slow=0", false),
    ] {
        let mut stage = Stage::ready().await;
        let old = stage.sandbox.credential.expose().to_owned();
        stage.keys("/this one<enter>r<enter><enter>").await;
        let host = BaseUrl::parse(&stage.sandbox.base_url).unwrap().host().to_owned();
        let name = "default".to_owned();
        let scope = Scope::Profile { name, host };
        let rotation = stage.journal.rotations(&scope).await.unwrap().remove(0);
        stage.sandbox.inject(FaultRule::parse(fault).unwrap());
        stage.keys("cy").await;
        let retired = stage.store.get(&Account::retired(&rotation.id)).await.unwrap();
        assert_eq!(retired.is_some_and(|value| value.expose() == old), kept, "{fault}");
    }
}
