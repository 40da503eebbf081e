//! The same in the dashboard, over real HTTP.

use chatzuri_keys::sandbox::FaultRule;

use crate::rig::stage::Stage;

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
