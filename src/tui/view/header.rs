//! Team, counts by status, age of the data, what is in flight.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::core::listing::OddRows;
use crate::core::team::{TeamIdentity, one_of};
use crate::core::text::{columns, fit};
use crate::tui::model::{LoadState, Model, SessionState};
use crate::tui::theme::Role;
use crate::tui::view::relative;
use crate::tui::view::span::span;

pub(super) fn draw(model: &Model, frame: &mut Frame<'_>, area: Rect) {
    let right = right(model);
    let right_width = width(&right);
    let room = area.width.saturating_sub(right_width + 4);
    let mut spans = vec![Span::raw(" ")];
    let name = team_name(model);
    spans.push(span(model, Role::Strong, fit(&name, room.min(32)).into_owned()));
    if model.settings.sandbox.is_some() {
        spans.push(Span::raw("  "));
        spans.push(span(model, Role::Badge, " SANDBOX "));
    }
    let manual = model.team().capabilities.manual();
    if !manual.is_empty() && model.team().as_of.is_some() {
        // Which they are gives way to what is overdue.
        let counts: u16 = counts(model)
            .iter()
            .take(2)
            .map(|count| 3 + width(std::slice::from_ref(count)))
            .sum();
        let long = format!("manual: {}", manual.join(", "));
        let fits = width(&spans) + 3 + columns(&long) + counts <= room;
        let words = if manual.len() < 3 && fits {
            long
        } else {
            "manual".to_owned()
        };
        if width(&spans) + 3 + columns(&words) <= room {
            spans.push(Span::raw("   "));
            spans.push(span(model, Role::Warn, words));
        }
    }
    // The counts are dropped from the end where they do not fit.
    for count in counts(model) {
        let next = width(&spans) + 3 + width(std::slice::from_ref(&count));
        if next > room {
            break;
        }
        spans.push(Span::raw("   "));
        spans.push(count);
    }
    frame.render_widget(Line::from(spans), area);
    let at = Rect {
        x: area.x + area.width.saturating_sub(right_width + 1),
        width: right_width.min(area.width),
        ..area
    };
    frame.render_widget(Line::from(right), at);
}

fn team_name(model: &Model) -> String {
    let team = model.team();
    let profile = model.profile();
    match &team.team {
        TeamIdentity::OneOf(teams) => {
            let one = one_of(teams, |team| team.name.shown().to_owned());
            match profile.filter(|_| model.teams.len() > 1) {
                Some(profile) => format!("{}: {one}", profile.name),
                None => one,
            }
        }
        TeamIdentity::One(team) if !team.name.is_blank() => match profile.filter(|_| model.teams.len() > 1) {
            // Teams of the same name are told apart by their profiles.
            Some(profile) => format!("{} · {}", team.name, profile.name),
            None => team.name.shown().to_owned(),
        },
        _ => profile.map_or_else(String::new, |profile| format!("{}@{}", profile.name, profile.host)),
    }
}

fn counts(model: &Model) -> Vec<Span<'static>> {
    let list = &model.team().list;
    if model.team().as_of.is_none() {
        return Vec::new();
    }
    let total = list.all().len();
    let keys = if total == 1 {
        "1 key".to_owned()
    } else {
        format!("{total} keys")
    };
    let mut spans = vec![span(model, Role::Plain, keys)];
    let counts = list.counts();
    for (count, role, words) in [
        (counts.overdue, Role::Danger, format!("! {} overdue", counts.overdue)),
        (counts.due, Role::Warn, format!("◔ {} due today", counts.due)),
        (counts.due_soon, Role::Warn, format!("◔ {} due soon", counts.due_soon)),
        (counts.rotating, Role::Accent, format!("~ {} rotating", counts.rotating)),
        (
            counts.unknown,
            Role::Dim,
            format!("? {} of unknown age", counts.unknown),
        ),
    ] {
        if count > 0 {
            spans.push(span(model, role, words));
        }
    }
    if let Some(days) = list.next_due().filter(|&days| days > 0) {
        spans.push(span(model, Role::Dim, format!("next {}", relative::due_in(days))));
    }
    spans
}

fn right(model: &Model) -> Vec<Span<'static>> {
    let team = model.team();
    if let Some((_, progress)) = team.loading {
        let words = match progress {
            Some(progress) => match progress.total {
                Some(total) => format!("reading {} of {total}…", progress.read),
                None => format!("reading {}…", progress.read),
            },
            None => "reading…".to_owned(),
        };
        return vec![span(model, Role::Accent, words)];
    }
    if let Some(work) = model.in_flight.values().next() {
        return vec![span(model, Role::Accent, format!("{}…", work.doing))];
    }
    let age = team
        .as_of
        .map(|as_of| match relative::ago(as_of, model.server_now()).as_str() {
            "now" => "just now".to_owned(),
            words => words.to_owned(),
        });
    match (&team.session, &team.load, age) {
        (SessionState::SignedOut(_), _, Some(age)) => vec![span(model, Role::Danger, format!("signed out · {age}"))],
        (SessionState::SignedOut(_), _, None) => vec![span(model, Role::Warn, "signed out")],
        (_, LoadState::Failed(_), Some(age)) => vec![span(model, Role::Warn, format!("! not refreshed · {age}"))],
        (_, LoadState::Failed(_), None) => vec![span(model, Role::Danger, "! not read")],
        (_, _, Some(age)) if !team.complete => {
            vec![span(
                model,
                Role::Warn,
                format!("! incomplete{} · {age}", odd_rows(team.odd)),
            )]
        }
        (_, _, Some(age)) if team.odd != OddRows::default() => {
            vec![span(model, Role::Warn, format!("synced {age}{}", odd_rows(team.odd)))]
        }
        (_, _, Some(age)) => vec![span(model, Role::Dim, format!("synced {age}"))],
        (_, _, None) => Vec::new(),
    }
}

/// How many rows do not read as the contract says.
fn odd_rows(odd: OddRows) -> String {
    match odd.with_unknown_fields + odd.without_id {
        0 => String::new(),
        1 => " · 1 odd row".to_owned(),
        rows => format!(" · {rows} odd rows"),
    }
}

fn width(spans: &[Span<'_>]) -> u16 {
    spans.iter().map(|span| columns(&span.content)).sum()
}
