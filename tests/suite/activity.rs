//! The activity view: what was done on this machine, newest first.

use chatzuri_keys::tui::model::View;
use crossterm::event::KeyCode;

use crate::support::stage::{Set, Stage};

#[tokio::test(flavor = "multi_thread")]
async fn before_anything_was_done_it_says_so() {
    let mut stage = Stage::ready().await;
    stage.keys("3").await;
    stage.expect("Nothing was done on this machine yet");
    stage.expect("without any value");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_done_is_there_newest_first_and_whole_on_enter() {
    for size in [(80, 24), (120, 40)] {
        let mut stage = Stage::set(Set { size, ..Set::default() }).await;
        stage.start().await;
        stage.keys("nInvoices<enter>c<enter>/Load<enter>xy").await;
        stage.keys("3").await;
        let screen = stage.screen();
        let rows: Vec<&str> = screen.lines().filter(|line| line.contains("amina")).collect();
        assert!(rows[0].contains("revoke") && rows[0].contains("Load test"), "{screen}");
        assert!(rows[0].contains(" ▸ "), "{screen}");
        assert!(rows.last().unwrap().contains("create"), "{screen}");
        assert!(screen.contains("TIME") && screen.contains("OUTCOME"), "{screen}");
        stage.keys("G<enter>").await;
        stage.expect("What was done");
        stage.expect("what create");
        stage.expect("key Invoices");
        stage.expect("who amina");
        stage.keys("<esc>").await;
        stage.expect_not("What was done");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_read_again_when_an_operation_has_ended_behind_it() {
    let mut stage = Stage::ready().await;
    stage.keys("/Load<enter>x").await;
    stage
        .sandbox
        .inject(chatzuri_keys::sandbox::FaultRule::parse("revoke:slow=100").unwrap());
    stage.press_only(KeyCode::Char('y'));
    // The dialog is busy; the view is changed under it, as by a person who had it open before.
    stage.dashboard.model.view = View::Activity;
    stage.settle().await;
    stage.expect("revoke");
    stage.expect("Load test");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_view_opens_from_each_other() {
    let mut stage = Stage::ready().await;
    for (keys, view) in [
        ("3", View::Activity),
        ("2", View::Due),
        ("3", View::Activity),
        ("1", View::Keys),
        ("2", View::Due),
        ("1", View::Keys),
        ("3", View::Activity),
        ("<esc>", View::Keys),
        (":activity<enter>", View::Activity),
    ] {
        stage.keys(keys).await;
        assert_eq!(stage.dashboard.model.view, view, "after {keys}");
    }
    stage.expect("q quit");
}
