//! Whole screens at the sizes people have, and the mono theme's promise.

use chatzuri_keys::sandbox::SandboxOptions;
use chatzuri_keys::tui::theme::Theme;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::style::{Color, Modifier};

use crate::support::stage::{Set, Stage};

async fn seeded(size: (u16, u16), theme: Theme) -> Stage {
    let options = SandboxOptions {
        apps: false,
        now: Some("2026-11-22T14:00:00Z".parse().unwrap()),
        ..SandboxOptions::default()
    };
    let mut stage = Stage::set(Set {
        size,
        theme,
        options,
        signed_in: true,
        ..Set::default()
    })
    .await;
    stage.start().await;
    // The server's clock runs on while the list is read, so it is stopped here for the ages.
    let model = &mut stage.dashboard.model;
    model.now = "2026-11-22T14:00:30Z".parse().unwrap();
    let now = model.now;
    for team in &mut model.teams {
        team.clock_offset = jiff::SignedDuration::ZERO;
        team.as_of = Some(now);
    }
    stage
}

/// Ids, hints and ports differ from run to run.
fn settings() -> insta::Settings {
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"cz_[0-9A-Za-z]{4}…[0-9A-Za-z]{4}", "cz_PPPP…SSSS");
    settings.add_filter(r"key_[0-9a-f]{12}", "key_IDIDIDIDIDID");
    // The sandbox seeds these ages beside the second at which the test looks.
    settings.add_filter(r"1 m     ", "now     ");
    settings
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_at_80_by_24() {
    let mut stage = seeded((80, 24), Theme::Ansi).await;
    let screen = stage.screen();
    settings().bind(|| insta::assert_snapshot!("list_80x24", screen));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_at_120_by_40() {
    let mut stage = seeded((120, 40), Theme::Ansi).await;
    let screen = stage.screen();
    settings().bind(|| insta::assert_snapshot!("list_120x40", screen));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mono_theme_uses_no_colour_and_no_attribute() {
    let mut stage = seeded((80, 24), Theme::Mono).await;
    stage.keys("x").await;
    let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
    let model = &stage.dashboard.model;
    terminal
        .draw(|frame| chatzuri_keys::tui::view::draw(model, frame))
        .unwrap();
    for cell in terminal.backend().buffer().content() {
        assert_eq!(
            (cell.fg, cell.bg, cell.modifier),
            (Color::Reset, Color::Reset, Modifier::empty())
        );
    }
}
