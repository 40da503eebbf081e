//! Every combination of the three operations in the dashboard: create, deliver, due, rotate, revoke and leak, each typed to
//! its end, with the sandbox's page as the browser.

use chatzuri_keys::core::sink::{SinkFields, SinkSpec};
use chatzuri_keys::ops::manual::ManualSettings;
use chatzuri_keys::sandbox::FaultEndpoint::{Create, List, Revoke};
use crossterm::event::KeyCode;

use super::dashboard::watch_and_click;
use super::*;
use crate::support::stage::{Set, Stage};

struct Job {
    stage: Stage,
    browser: Browser,
    home: TempDir,
    makes_in_browser: bool,
    clicks: bool,
    listed: bool,
}

impl Job {
    async fn without(without: &[FaultEndpoint]) -> Self {
        let home = tempfile::tempdir().unwrap();
        let script = format!("cat > '{}'", home.path().join("box").display());
        let sink = SinkSpec::new(SinkFields::new(&["sh", "-c", &script])).unwrap();
        let set = Set {
            options: SandboxOptions {
                apps: false,
                without: without.to_vec(),
                ..SandboxOptions::default()
            },
            manual: ManualSettings::default(),
            sinks: [("box".to_owned(), sink)].into(),
            ..Set::default()
        };
        let mut stage = Stage::set(set).await;
        stage.start().await;
        let makes_in_browser = without.contains(&Create);
        let listed = !without.contains(&List);
        Self {
            browser: Browser::on(&stage.sandbox),
            stage,
            home,
            makes_in_browser,
            // The server's id of a key is in its list, or in its answer to the creation, or nobody has it.
            clicks: without.contains(&Revoke) || (!listed && makes_in_browser),
            listed,
        }
    }

    /// The value of the key that was just asked for, by whichever way, delivered to the box and stored.
    async fn deliver(&mut self, name: &str) -> String {
        if self.makes_in_browser {
            self.stage.expect(&format!("New key in the browser: {name}"));
            let value = self.browser.create(name);
            self.stage.paste(&value).await;
            self.stage.keys("<enter>").await;
        }
        self.stage.expect(&format!("New key: {name}"));
        self.stage.keys("s <enter>").await;
        self.stage.expect("✓ box stored");
        let value = std::fs::read_to_string(self.home.path().join("box")).unwrap();
        self.stage.expect_not(&value);
        self.stage.keys("<enter>").await;
        self.stage.expect("is stored, as you say");
        value
    }

    async fn create(&mut self, name: &str) -> String {
        self.stage.keys("n").await;
        let told = self.stage.screen().contains("has no endpoint to create keys");
        assert_eq!(told, self.makes_in_browser, "{}", self.stage.screen());
        self.stage.keys(&format!("{name}<enter>")).await;
        self.deliver(name).await
    }

    /// Answers the question about a key as it wants to be answered.
    async fn say_yes(&mut self) {
        self.begin_to_say_yes().await;
        self.stage.settle().await;
    }

    async fn begin_to_say_yes(&mut self) {
        let screen = self.stage.screen();
        let to_type = screen.split("to revoke it: ").nth(1);
        match to_type.and_then(|rest| rest.split('│').next()) {
            Some(text) => {
                let text = text.trim().to_owned();
                self.stage.keys(&text).await;
                self.stage.press_only(KeyCode::Enter);
            }
            None => self.stage.press_only(KeyCode::Char('y')),
        }
    }

    /// From the key's question to its death.
    async fn revoke(&mut self, value: &str) {
        if self.clicks {
            self.stage.expect("Revoke this key in the browser");
            self.stage.paste(value).await;
            watch_and_click(&mut self.stage, &self.browser, value).await;
            self.stage.expect("DEAD: ");
            return;
        }
        if !self.listed {
            self.stage.expect("has no list to see it gone from");
            self.stage.paste(value).await;
            self.stage.keys("<enter>").await;
        }
        self.say_yes().await;
        let outcome = if self.listed { "Revoked “" } else { "DEAD: " };
        self.stage.expect(outcome);
    }

    async fn leak(&mut self, value: &str) {
        self.stage.keys("L").await;
        self.stage.paste(value).await;
        self.stage.keys("<enter>").await;
        if self.clicks {
            let opened = self.stage.browser.count();
            self.stage.expect("yes opens its page in your browser");
            self.begin_to_say_yes().await;
            self.stage.browser.opens_after(opened).await;
            self.stage.until("is waited for").await;
            self.stage.expect(&format!("…{}.", four(value)));
            self.browser.revoke(four(value));
            self.stage.settle().await;
        } else {
            self.say_yes().await;
        }
        self.stage.expect("✓ DEAD");
        self.stage.press(KeyCode::Esc).await;
    }
}

async fn every_job(without: &[FaultEndpoint]) {
    let mut job = Job::without(without).await;
    let old = job.create("Invoices").await;
    job.stage.keys("2").await;
    job.stage.expect("Invoices");
    job.stage.keys("1/Invoices<enter>").await;

    job.stage.keys("r<enter>").await;
    let name = job.stage.screen();
    let name = name.split("Invoices 20").nth(1).unwrap();
    let name = format!("Invoices 20{}", name.split_whitespace().next().unwrap());
    let new = job.deliver(&name).await;
    job.stage.expect("3 of 4");
    job.stage.keys("aits own log says so<enter>").await;
    job.stage.expect("4 of 4");
    job.stage.keys("<enter>").await;
    job.revoke(&old).await;
    job.stage.expect("finished");
    job.stage.keys("<esc>").await;
    assert_eq!(
        (job.stage.status_of(&old).await, job.stage.status_of(&new).await),
        (401, 200)
    );

    let spare = job.create("Spare").await;
    job.stage.keys("<esc>/Spare<enter>x").await;
    job.revoke(&spare).await;
    job.stage.keys("<esc>").await;
    job.leak(&new).await;
    for value in [&spare, &new] {
        assert_eq!(job.stage.status_of(value).await, 401);
    }
    let rows = job.stage.dashboard.model.team().list.all();
    let left: Vec<&str> = rows.iter().map(|row| row.listed.key.name.raw()).collect();
    assert_eq!(left.len(), if job.listed { 13 } else { 0 }, "{left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn with_every_endpoint() {
    every_job(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_list() {
    every_job(&[List]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_create() {
    every_job(&[Create]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_revoke() {
    every_job(&[Revoke]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_list_and_create() {
    every_job(&[List, Create]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_list_and_revoke() {
    every_job(&[List, Revoke]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_create_and_revoke() {
    every_job(&[Create, Revoke]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_any_of_them() {
    every_job(&[List, Create, Revoke]).await;
}
