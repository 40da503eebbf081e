//! Everything known of one key.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::core::key::{LastUse, Own};
use crate::core::policy::DueStatus;
use crate::core::text::{clean, fit};
use crate::tui::model::list::Row;
use crate::tui::theme::{Role, mark, role};
use crate::tui::view::relative;
use crate::tui::view::span::rule;
use crate::tui::view::span::span;
use crate::tui::world::World;

/// The pane under the table.
pub(super) fn draw_pane(world: &World, frame: &mut Frame<'_>, area: Rect) {
    rule(world, frame, Rect { height: 1, ..area });
    let Some(row) = world.team().list.selected() else {
        return;
    };
    for (line, y) in lines(world, row, area.width.saturating_sub(4))
        .into_iter()
        .zip(area.y + 1..area.y + area.height)
    {
        let at = Rect {
            x: area.x + 3,
            y,
            width: area.width.saturating_sub(4),
            height: 1,
        };
        frame.render_widget(line, at);
    }
}

/// A line for each fact, in at most `width` columns.
pub fn lines(world: &World, row: &Row, width: u16) -> Vec<Line<'static>> {
    let key = &row.listed.key;
    let zone = &world.settings.zone;
    let standing = row.standing;
    let unknown = || "— (the server does not say)".to_owned();
    let named = if key.name.is_blank() {
        "(no name)"
    } else {
        key.name.shown()
    };
    let created = match (key.created_at, &key.created_by) {
        (Some(at), Some(by)) => format!("{} by {}", relative::local(at, zone), by),
        (Some(at), None) => relative::local(at, zone),
        (None, Some(by)) => format!("— by {by}"),
        (None, None) => unknown(),
    };
    let created = match row.at_least_days {
        Some(days) => format!("{created}; at least {days} d old, as it was seen here"),
        None => created,
    };
    let used = match key.last_used_at {
        LastUse::At(at) => format!(
            "{} ({})",
            relative::ago(at, world.server_now()),
            relative::local(at, zone)
        ),
        LastUse::Never => "never".to_owned(),
        LastUse::Unknown => unknown(),
    };
    let due = match standing.due_at {
        Some(at) => {
            let from = match &row.pattern {
                Some(pattern) => format!("by the rule for “{}”", clean(pattern)),
                None => "by default".to_owned(),
            };
            let (due, date) = (relative::due(standing), relative::local(at, zone));
            format!("{due} ({date}, every {} days {from})", row.policy.days)
        }
        None => "age unknown: no creation date".to_owned(),
    };
    let due = match (&row.part, &row.snoozed) {
        (Some(part), _) if standing.status <= DueStatus::Due => format!("{due}; {}", part.words()),
        (Some(part), _) => format!("{}; {due}", part.words()),
        (None, Some(snooze)) => format!("{due}, snoozed until {}: {}", snooze.until, snooze.reason),
        (None, None) => due,
    };
    let owner = row.listed.owner(world.settings.policies.register());
    let owner = owner.map_or_else(|| "— (none in the config)".to_owned(), |owner| owner.shown().to_owned());
    let own = match row.listed.own {
        Own::Yes => "the key chatzuri-keys is signed in with",
        Own::No => "another key than the one we are signed in with",
        Own::Unknown => "may be the key we are signed in with: the server gives no hint",
    };
    let source = if row.listed.is_tracked() {
        "tracked on this machine: the server does not list it"
    } else {
        "the server's list"
    };
    let title = Line::from(vec![
        span(world, role(standing.status), mark(standing.status)),
        Span::raw(" "),
        span(world, Role::Strong, fit(named, width.saturating_sub(2)).into_owned()),
    ]);
    let fact = |label: &'static str, text: String| {
        Line::from(vec![
            span(world, Role::Dim, format!("{label:<11}")),
            Span::raw(fit(&text, width.saturating_sub(11)).into_owned()),
        ])
    };
    vec![
        title,
        fact("id", format!("{}   {}", key.id, key.hint())),
        fact("created", created),
        fact("last used", used),
        fact("rotation", due),
        fact("owner", owner),
        fact("ours", own.to_owned()),
        fact("source", source.to_owned()),
    ]
}
