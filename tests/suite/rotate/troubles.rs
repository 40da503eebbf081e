//! Lists that say something else of a rotation's keys than it knows: revoked elsewhere, renamed, back under another id,
//! used in the future or backwards. Each is named, with what to do, and nothing is lost.

use std::path::Path;

use chatzuri_keys::sandbox::{Running, SandboxOptions};
use rusqlite::Connection;

use super::{OLD, copied, policies};
use crate::support::stage::{Set, Stage};

/// A server whose database somebody else can write to, and a rotation at its second step.
struct Elsewhere {
    stage: Stage,
    new: String,
    folder: tempfile::TempDir,
}

impl Elsewhere {
    async fn begun() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut stage = Stage::set(Set {
            policies: policies("\"the shelf in the office\""),
            options: SandboxOptions {
                apps: false,
                db: Some(folder.path().join("server.db")),
                ..SandboxOptions::default()
            },
            ..Set::default()
        })
        .await;
        stage.start().await;
        stage.keys(&format!("/{OLD}<enter>r<enter>")).await;
        let new = copied(&mut stage).await;
        stage.keys("<enter>").await;
        stage.expect("2 of 4");
        Self { stage, new, folder }
    }

    fn change(&self, sql: &str) {
        change(self.folder.path(), sql);
    }

    async fn look(&mut self) {
        self.stage.keys("R").await;
    }
}

fn change(folder: &Path, sql: &str) {
    let database = Connection::open(folder.join("server.db")).unwrap();
    let changed = database.execute(sql, []).unwrap();
    assert_eq!(changed, 1, "{sql}");
}

async fn revoked(sandbox: &Running, id: &str) {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("{}/delete-api-key?keyId={id}", sandbox.base_url);
    let asked = client.delete(url).bearer_auth(sandbox.credential.expose()).send();
    assert!(asked.await.unwrap().status().is_success());
}

fn id_of(stage: &Stage, is: impl Fn(&str) -> bool) -> String {
    let rows = stage.dashboard.model.team().list.all().iter();
    let mut found = rows.filter(|row| is(row.listed.key.name.raw()));
    found.next().unwrap().listed.key.id.raw().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_key_that_was_revoked_elsewhere_closes_the_rotation_without_a_request() {
    let mut elsewhere = Elsewhere::begun().await;
    let old = id_of(&elsewhere.stage, |name| name == OLD);
    revoked(&elsewhere.stage.sandbox, &old).await;
    elsewhere.look().await;
    elsewhere
        .stage
        .expect("is gone from the list, but not because of this rotation. Whatever still uses it gets 401");
    elsewhere.stage.keys("<enter>").await;
    elsewhere.stage.expect("finished");
    elsewhere.stage.expect("already gone");
    let asked = elsewhere.stage.sandbox.request_log();
    let deletes = asked.iter().filter(|record| record.method == "DELETE").count();
    assert_eq!(deletes, 1, "the one from elsewhere");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_key_that_was_revoked_elsewhere_leaves_the_old_one_and_step_one_is_open_again() {
    let mut elsewhere = Elsewhere::begun().await;
    let new = id_of(&elsewhere.stage, |name| name.starts_with("Staging importer 2"));
    revoked(&elsewhere.stage.sandbox, &new).await;
    elsewhere.look().await;
    elsewhere
        .stage
        .expect("is gone from the list. The old key is untouched");
    elsewhere.stage.expect("Enter makes the new key");
    elsewhere.stage.keys("<enter>").await;
    elsewhere.stage.expect("may only be missing from the list");
    elsewhere.stage.pass(std::time::Duration::from_secs(130)).await;
    let old = elsewhere.stage.sandbox.leaked.expose().to_owned();
    assert_eq!(elsewhere.stage.status_of(&old).await, 200);
    // Step 1 makes another.
    elsewhere.stage.keys("<enter>").await;
    elsewhere.stage.expect("This value is shown once");
    let again = copied(&mut elsewhere.stage).await;
    assert_ne!(again, elsewhere.new);
    assert_eq!(elsewhere.stage.status_of(&again).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renamed_key_is_told_and_stays_the_same_key() {
    let mut elsewhere = Elsewhere::begun().await;
    elsewhere.change(&format!("UPDATE keys SET name = 'Importer' WHERE name = '{OLD}'"));
    elsewhere.look().await;
    elsewhere.stage.expect("is called “Importer” now; it is the same key");
    elsewhere.stage.keys(" ").await;
    elsewhere.stage.expect("3 of 4");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_came_back_under_another_id_is_told_with_both() {
    let mut elsewhere = Elsewhere::begun().await;
    elsewhere.change(&format!("UPDATE keys SET id = 'key_back' WHERE name = '{OLD}'"));
    elsewhere.look().await;
    elsewhere
        .stage
        .expect("is gone from the list, but it has a key of that name, key_back");
    elsewhere.stage.expect("cancel this rotation and adopt it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_last_use_in_the_future_or_going_back_makes_no_key_quiet() {
    let mut elsewhere = Elsewhere::begun().await;
    elsewhere.stage.keys(" ").await;
    elsewhere.stage.expect("3 of 4");
    assert_eq!(elsewhere.stage.status_of(&elsewhere.new.clone()).await, 200);
    elsewhere.change(&format!(
        "UPDATE keys SET last_used_at = 4102444800000 WHERE name = '{OLD}'"
    ));
    elsewhere.look().await;
    elsewhere
        .stage
        .expect("its last use is in the future, so it counts as used just now");
    elsewhere.stage.expect("3 of 4");
    elsewhere.change(&format!("UPDATE keys SET last_used_at = 1000 WHERE name = '{OLD}'"));
    elsewhere.look().await;
    elsewhere
        .stage
        .expect("its last use went back in time, so the latest one seen counts");
    elsewhere.stage.expect("3 of 4");
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_sign_in_to_another_team_nothing_of_a_rotation_is_done() {
    let mut elsewhere = Elsewhere::begun().await;
    elsewhere.change("UPDATE team SET id = 'team_other'");
    elsewhere.change(&format!("UPDATE keys SET id = 'key_other' WHERE name = '{OLD}'"));
    elsewhere.look().await;
    elsewhere.stage.expect("You're signed in to another team");
    elsewhere.stage.keys("x").await;
    elsewhere.stage.expect_not("Revoked");
    let asked = elsewhere.stage.sandbox.request_log();
    assert!(asked.iter().all(|record| record.method != "DELETE"));
}
