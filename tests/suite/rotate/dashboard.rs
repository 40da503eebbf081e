//! A whole rotation by keys pressed, with traffic that really moves.

use std::time::Duration;

use chatzuri_keys::config::Config;
use chatzuri_keys::core::activity::ActivityKind;
use chatzuri_keys::core::key::KeyName;
use chatzuri_keys::core::sink::{SinkFields, SinkSpec};
use chatzuri_keys::ports::{Journal, LogQuery};

use super::{OLD, copied, stage};
use crate::support::stage::{Set, Stage};

const PLACES: &str = "\"the shelf in the office\", \"zapier.com › Connections\"";

/// Step 1 and its value, up to the roll-out.
async fn begun(places: &str) -> (Stage, String) {
    let mut stage = stage(places).await;
    stage.keys("r").await;
    stage.expect(&format!("Rotate {OLD} step 1 of 4"));
    stage.keys("<enter>").await;
    stage.expect("This value is shown once");
    let value = copied(&mut stage).await;
    stage.keys("<enter>").await;
    (stage, value)
}

async fn outcomes(stage: &Stage) -> Vec<String> {
    let log = stage.journal.log(LogQuery::default()).await.unwrap();
    log.into_iter()
        .filter(|line| line.action == ActivityKind::Rotate)
        .map(|line| line.outcome)
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_rotated_in_four_steps_and_its_traffic_is_watched() {
    let (mut stage, new) = begun(PLACES).await;
    let old = stage.sandbox.leaked.expose().to_owned();
    stage.expect("2 of 4");
    stage.expect("0 of 2 places run with the new key");
    // The app moves one place after the other.
    stage.keys(" ").await;
    stage.expect("1 of 2 places run with the new key");
    stage.keys("<down> ").await;
    stage.expect("3 of 4");
    stage.expect("opens when step 3 is done");
    assert_eq!(stage.status_of(&old).await, 200);
    stage.pass(Duration::from_secs(5)).await;
    stage.expect("the new key has not been used since the roll-out");
    assert_eq!(stage.status_of(&new).await, 200);
    // The old key was used meanwhile, so it has not been quiet for long.
    stage.pass(Duration::from_secs(5)).await;
    stage.expect("the old key must be idle for 20 s");
    stage.keys("<esc>").await;
    stage.expect("~ 1 rotating");
    stage.expect(&format!("└ {OLD} 2"));
    stage.expect("rotating 3/4");
    stage.keys("r").await;
    stage.pass(Duration::from_secs(20)).await;
    stage.keys("R").await;
    stage.expect("4 of 4");
    stage.expect("the old key is idle and the new one in use");
    assert_eq!(stage.status_of(&old).await, 200, "no timer revokes anything");
    // That use is after the measure: the last step is refused again.
    stage.keys("<enter>").await;
    stage.expect("Revoke the old key?");
    stage.expect("something depends on it");
    stage.paste(OLD).await;
    stage.keys("<enter>").await;
    stage.expect("the old key was used again");
    assert_eq!(stage.status_of(&new).await, 200);
    stage.pass(Duration::from_secs(25)).await;
    stage.keys("<enter>").await;
    stage.expect("Step 3 is done: its traffic has moved");
    stage.keys("y").await;
    stage.expect("✓ Revoked");
    stage.expect("finished");
    assert_eq!((stage.status_of(&old).await, stage.status_of(&new).await), (401, 200));
    stage.keys("<esc>").await;
    stage.expect_not("rotating");
    let outcomes = outcomes(&stage).await;
    assert_eq!(
        outcomes,
        [
            "begun",
            "created",
            "alive",
            "ticked",
            "ticked",
            "rolled_out",
            "confirmed",
            "finished"
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_enter_does_not_delete_the_only_copy_of_the_new_value() {
    let mut stage = stage("\"the shelf in the office\"").await;
    stage.keys("r<enter><enter>").await;
    stage.expect("Nothing was copied or sent. Delete the only copy?");
    stage.keys("<enter>").await;
    stage.expect("This value is shown once");
    stage.keys("v<enter>").await;
    stage.expect("2 of 4");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_goes_on_where_a_place_alone_has_the_new_value() {
    let shelf = tempfile::tempdir().unwrap();
    let kept = shelf.path().join("kept").to_str().unwrap().to_owned();
    let sink = SinkSpec::new(SinkFields::new(&["tee", &kept])).unwrap();
    let config =
        format!("[sinks.shelf]\ncommand = [\"tee\"]\n[[key]]\nmatch = \"{OLD}\"\nplaces = [\"shelf\", \"the desk\"]\n");
    let mut stage = Stage::set(Set {
        policies: Config::parse(&config).unwrap().policies(),
        sinks: [("shelf".to_owned(), sink)].into(),
        keeps: false,
        ..Set::default()
    })
    .await;
    stage.start().await;
    stage.keys(&format!("/{OLD}<enter>r<enter>s<enter>")).await;
    stage.expect("✓ shelf   stored");
    stage.keys("<esc>y").await;
    let mut stage = stage.restart().await;
    stage.pass(Duration::from_secs(60)).await;
    stage.keys(&format!("/{OLD}<enter>r")).await;
    stage.expect("2 of 4");
    stage.expect("0 of 2 places run with the new key");
    let new = std::fs::read_to_string(&kept).unwrap();
    assert_eq!(stage.status_of(&new).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_goes_on_from_every_step_in_the_next_run() {
    let mut stage = stage("\"the shelf in the office\"").await;
    stage.keys("r<enter>").await;
    stage.expect("This value is shown once");
    let new = copied(&mut stage).await;
    // The program is killed while the value is on the screen.
    let mut stage = stage.restart().await;
    stage.keys(&format!("/{OLD}<enter>r")).await;
    stage.expect("its value is waiting to be stored");
    stage.keys("<enter>v").await;
    stage.expect(&new);
    stage.keys("<enter>").await;
    stage.expect("2 of 4");
    let mut stage = stage.restart().await;
    stage.expect("1 rotating");
    stage.keys(&format!("/{OLD}<enter>r ")).await;
    stage.expect("3 of 4");
    let mut stage = stage.restart().await;
    stage.keys(&format!("/{OLD}<enter>r")).await;
    stage.expect("the new key has not been used since the roll-out");
    assert_eq!(stage.status_of(&new).await, 200);
    let mut stage = stage.restart().await;
    stage.pass(Duration::from_secs(30)).await;
    stage.keys(&format!("/{OLD}<enter>r")).await;
    stage.expect("4 of 4");
    let mut stage = stage.restart().await;
    stage.keys(&format!("/{OLD}<enter>r<enter>y")).await;
    stage.expect("✓ Revoked");
    let keys = stage.dashboard.model.team().list.all().iter();
    let names: Vec<&str> = keys
        .map(|row| row.listed.key.name.raw())
        .filter(|name| name.starts_with(OLD))
        .collect();
    assert_eq!(names.len(), 1, "{names:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_can_attest_with_a_reason_and_what_was_measured_is_kept_beside_it() {
    let (mut stage, _) = begun("\"the shelf in the office\"").await;
    stage.keys("a").await;
    // Before and after midnight the line breaks at different words.
    stage.expect("0 of 1");
    stage.expect("places ticked");
    stage.keys("<enter>").await;
    stage.expect("Say how you know");
    stage.keys("monthly job, next in December<enter>").await;
    stage.expect("4 of 4");
    stage.expect("attested");
    let log = stage.journal.log(LogQuery::default()).await.unwrap();
    let line = log.iter().find(|line| line.outcome == "attested").unwrap();
    let detail = line.detail.raw();
    assert!(
        detail.contains("monthly job, next in December") && detail.contains("measured:") && detail.contains("0 of 1"),
        "{detail}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn before_step_four_the_old_key_is_revoked_only_by_its_name() {
    let (mut stage, _) = begun("\"the shelf in the office\"").await;
    let old = stage.sandbox.leaked.expose().to_owned();
    stage.keys("x").await;
    stage.expect("This forces the last step: step 2 is open");
    stage.keys("y<enter>").await;
    stage.expect("That doesn't match. Nothing was revoked.");
    assert_eq!(stage.status_of(&old).await, 200);
    stage.keys("<bs>").await;
    stage.keys(OLD).await;
    stage.keys("<enter>").await;
    stage.expect("✓ Revoked");
    assert_eq!(stage.status_of(&old).await, 401);
    assert!(outcomes(&stage).await.contains(&"forced".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_that_is_given_up_offers_to_revoke_what_stays_behind() {
    let (mut stage, new) = begun("\"the shelf in the office\"").await;
    let old = stage.sandbox.leaked.expose().to_owned();
    stage.keys("c").await;
    stage.expect("Give this rotation up?");
    stage.keys("<enter>").await;
    stage.expect("2 of 4");
    stage.keys("cy").await;
    stage.expect("Revoke this key?");
    stage.expect(&format!("{OLD} 2"));
    stage.keys("<esc>").await;
    stage.expect_not("rotating");
    assert_eq!((stage.status_of(&old).await, stage.status_of(&new).await), (200, 200));
    // It can be begun anew, under a name that is free.
    stage.keys("<esc>").await;
    stage.keys(&format!("/{OLD}<enter>gr")).await;
    stage.expect("step 1 of 4");
    stage.keys("<enter>").await;
    stage.expect("This value is shown once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pair_that_no_row_explains_is_not_rotated_again_but_adopted() {
    let mut stage = stage("\"the shelf in the office\"").await;
    let made_elsewhere = KeyName::parse(&format!("{OLD} 2026-11-20")).unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("{}/create-api-key", stage.sandbox.base_url);
    let body = serde_json::json!({ "name": made_elsewhere.as_str() }).to_string();
    let made = client
        .post(url)
        .bearer_auth(stage.sandbox.credential.expose())
        .header("content-type", "application/json")
        .body(body)
        .send()
        .await
        .unwrap();
    assert!(made.status().is_success());
    stage.keys("R").await;
    stage.expect("rotating, elsewhere");
    stage.keys("r").await;
    stage.expect("Rotating, started elsewhere");
    stage.keys("<enter>").await;
    stage.expect("2 of 4");
    stage.expect("adopted");
    let asked = stage.sandbox.request_log();
    let created = asked.iter().filter(|record| record.method == "POST").count();
    assert_eq!(created, 1, "nothing was created here");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_due_date_is_put_off_with_a_reason_and_no_longer() {
    let mut stage = stage("").await;
    stage.keys("<esc>/Zapier<enter>z").await;
    stage.expect("Snooze Zapier");
    stage.keys("tomorrow<enter>").await;
    stage.expect("That is no day");
    stage.keys("<bs><bs><bs><bs><bs><bs><bs><bs>2020-01-01<enter>").await;
    stage.expect("That day is over");
    stage
        .keys("<bs><bs><bs><bs><bs><bs><bs><bs><bs><bs>9998-01-01<enter>")
        .await;
    stage.keys("<enter>").await;
    stage.expect("Give a reason");
    stage.keys("moves in May<enter>").await;
    stage.expect("is snoozed until 9998-01-01: moves in May");
    stage.expect("snoozed 01-01");
    stage.expect("2 overdue");
    let mut stage = stage.restart().await;
    stage.expect("snoozed 01-01");
    stage.keys("/Zapier<enter>z").await;
    stage.expect("an empty day ends that");
    stage.keys("<bs><bs><bs><bs><bs><bs><bs><bs><bs><bs><enter>").await;
    stage.expect("is no longer snoozed");
    stage.expect("3 overdue");
}
