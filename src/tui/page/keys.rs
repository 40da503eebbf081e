//! One team's keys: moving, filtering, sorting, and the table of them or the words for why there are none.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use tui_input::Input;

use crate::core::capability::Capability;
use crate::core::key::Own;
use crate::core::policy::DueStatus;
use crate::core::text::{columns, fit};
use crate::ops::recover::Waiting;
use crate::tui::dialog::details::Details;
use crate::tui::dialog::snooze::SnoozeForm;
use crate::tui::dialog::waiting::WaitingKeys;
use crate::tui::effect::Effect;
use crate::tui::keymap::Action;
use crate::tui::message::TeamIndex;
use crate::tui::model::list::{Row, SortBy};
use crate::tui::page::Did;
use crate::tui::page::reading::{load, look_for};
use crate::tui::theme::{Role, mark, role};
use crate::tui::view::gauge::gauge;
use crate::tui::view::relative;
use crate::tui::view::span::{pad, span};
use crate::tui::view::wrap::wrap;
use crate::tui::world::{LoadState, SessionState, World};

/// The page: the list itself is the team's.
#[derive(Debug, Default)]
pub struct KeysPage {
    /// The filter line is being typed into.
    pub filtering: bool,
}

impl KeysPage {
    /// Does `action`.
    pub fn act(&mut self, action: Action, world: &mut World) -> Did {
        let list = &mut world.team_mut().list;
        match action {
            Action::Refresh => {
                let mut effects = vec![Effect::AskAgain(world.active)];
                effects.extend(load(world, world.active));
                return Did::Effects(effects);
            }
            Action::NextTeam => return Did::Effects(self.next_team(world)),
            Action::Waiting => return open_waiting(world),
            Action::Details => {
                return Did::opened(list.selected().map(|row| Details::about(row.listed.key.id.clone())));
            }
            Action::Snooze => {
                let id = list.selected().map(|row| row.listed.key.id.clone());
                return Did::opened(id.and_then(|id| SnoozeForm::about(world, &id)));
            }
            Action::Filter => self.filtering = true,
            Action::KeepFilter => self.filtering = false,
            Action::Back if !self.filtering && list.marked_count() > 0 => list.clear_marks(),
            Action::Back => {
                self.filtering = false;
                list.edit_filter(|input| *input = Input::default());
            }
            Action::Toggle => list.toggle_mark(),
            Action::Sort => list.sort_next(),
            Action::ReverseSort => list.reverse(),
            Action::Down => list.step(1),
            Action::Up => list.step(-1),
            Action::PageDown => list.page(1),
            Action::PageUp => list.page(-1),
            Action::Top => list.first(),
            Action::Bottom => list.last(),
            _ => return Did::NotMine,
        }
        Did::all()
    }

    fn next_team(&mut self, world: &mut World) -> Vec<Effect> {
        world.active = TeamIndex((world.active.0 + 1) % world.teams.len().max(1));
        self.filtering = false;
        world.notice = None;
        match world.team().session {
            SessionState::Unknown => look_for(world, world.active),
            _ => Vec::new(),
        }
    }
}

/// Opens the new key that waits, or the page of several.
fn open_waiting(world: &mut World) -> Did {
    match world.team().waiting.as_slice() {
        [] => Did::all(),
        [Waiting::Value(creation)] => {
            let creation = Box::new(creation.clone());
            let request = world.begin("opening the value", false);
            Did::Effects(vec![Effect::Reopen(request, world.active, creation)])
        }
        _ => Did::opened(Some(WaitingKeys::default())),
    }
}

/// Widths of the columns, in columns of the terminal; 0 = not drawn.
struct Widths {
    name: u16,
    hint: u16,
    age: u16,
    used: u16,
    gauge: u16,
    due: u16,
}

/// Cursor, mark and their gaps before the name.
const LEAD: u16 = 5;

impl Widths {
    fn of(total: u16) -> Self {
        let (hint, age, used, gauge, due, gap) = if total >= 110 {
            (16, 8, 11, 18, 21, 2)
        } else if total >= 76 {
            (13, 6, 8, 9, 13, 1)
        } else {
            (0, 6, 8, 0, 13, 1)
        };
        let columns = [hint, age, used, gauge, due];
        let taken: u16 = columns
            .iter()
            .filter(|&&width| width > 0)
            .map(|width| width + gap)
            .sum();
        Self {
            name: total.saturating_sub(LEAD + taken + 1).min(36),
            hint,
            age,
            used,
            gauge,
            due,
        }
    }
}

/// Draws the keys, or the words for why there are none.
pub fn draw(world: &World, frame: &mut Frame<'_>, titles: Rect, area: Rect) {
    let widths = Widths::of(area.width);
    if world.team().list.shown() == 0 {
        return empty(world, frame, area);
    }
    draw_titles(world, frame, titles, &widths);
    let list = &world.team().list;
    for ((place, row), y) in (list.top()..).zip(list.window()).zip(area.y..area.y + area.height) {
        let selected = place == list.place();
        let line = Rect { y, height: 1, ..area };
        let under_its_old = list.follows_its_old(place);
        frame.render_widget(draw_row(world, row, &widths, selected, under_its_old), line);
    }
    draw_scroll(world, frame, area);
}

fn draw_titles(world: &World, frame: &mut Frame<'_>, area: Rect, widths: &Widths) {
    let (by, reversed) = world.team().list.sorting();
    let arrow = if reversed { "▴" } else { "▾" };
    let title = |words: &str, sorted: bool| {
        if sorted {
            format!("{words} {arrow}")
        } else {
            words.to_owned()
        }
    };
    let used = if widths.used > 8 { "LAST USED" } else { "USED" };
    let cells = [
        (title("NAME", by == SortBy::Name), widths.name),
        ("KEY".to_owned(), widths.hint),
        (title("AGE", by == SortBy::Created), widths.age),
        (title(used, by == SortBy::LastUsed), widths.used),
        (
            format!("{} DAYS", world.settings.policies.default_policy().days),
            widths.gauge,
        ),
        (title("ROTATION", by == SortBy::Due), widths.due),
    ];
    let mut text = " ".repeat(usize::from(LEAD));
    for (words, width) in cells.iter().filter(|(_, width)| *width > 0) {
        text.push_str(&pad(words, *width));
        text.push_str(gap(area.width));
    }
    frame.render_widget(Line::styled(text, world.settings.theme.style(Role::Dim)), area);
}

fn draw_row<'a>(world: &World, row: &'a Row, widths: &Widths, selected: bool, under_its_old: bool) -> Line<'a> {
    let theme = world.settings.theme;
    let key = &row.listed.key;
    let status = row.standing.status;
    let strong = if selected {
        theme.style(Role::Strong)
    } else {
        Style::default()
    };
    let of_status = match row.snoozed {
        Some(_) => theme.style(Role::Dim),
        None => theme.style(role(status)),
    };
    let dim = theme.style(Role::Dim);
    let name = if key.name.is_blank() {
        "(no name)".to_owned()
    } else {
        name_of(row, widths.name)
    };
    let name = if under_its_old { format!("└ {name}") } else { name };
    let used = relative::last_use(key.last_used_at, world.server_now());
    let used = if widths.used > 8 {
        used
    } else {
        used.replace(" ago", "")
    };
    let mut spans = vec![
        Span::styled(lead(world, row, selected), theme.style(Role::Accent)),
        Span::styled(mark(status), of_status),
        Span::raw(" "),
        Span::styled(
            pad(&name, widths.name),
            if selected { theme.style(Role::Cursor) } else { strong },
        ),
    ];
    let mut cell = |text: &str, width: u16, style: Style| {
        if width > 0 {
            spans.push(Span::raw(gap_of(widths)));
            spans.push(Span::styled(pad(text, width), style));
        }
    };
    cell(&key.hint(), widths.hint, if selected { strong } else { dim });
    let age = match row.at_least_days {
        Some(days) => format!("≥ {days} d"),
        None => relative::age(row.standing),
    };
    cell(&age, widths.age, strong);
    cell(&used, widths.used, strong);
    cell(&gauge(row.standing, row.policy, widths.gauge), widths.gauge, of_status);
    cell(&rotation(row, widths.due), widths.due, of_status);
    Line::from(spans)
}

/// Whether it is marked, and whether the cursor is on it.
fn lead(world: &World, row: &Row, selected: bool) -> &'static str {
    match (world.team().list.is_marked(&row.listed.key.id), selected) {
        (true, true) => "●▸ ",
        (true, false) => "●  ",
        (false, true) => " ▸ ",
        (false, false) => "   ",
    }
}

/// When it is due, how far its rotation is, or until when it is put off.
fn rotation(row: &Row, width: u16) -> String {
    match (&row.part, &row.snoozed) {
        (Some(part), Some(_)) => relative::rotating(part, DueStatus::Rotating, width),
        (Some(part), None) => relative::rotating(part, row.standing.status, width),
        (None, Some(snooze)) => format!("snoozed {}", snooze.until.strftime("%m-%d")),
        (None, None) => relative::due(row.standing),
    }
}

/// The name, with a word for our own credential that is never cut away.
fn name_of(row: &Row, width: u16) -> String {
    let name = &row.listed.key.name;
    if row.listed.own != Own::Yes {
        return fit(name.shown(), width).into_owned();
    }
    const THIS: &str = " (this one)";
    let base = name.shown().strip_suffix(THIS).unwrap_or(name.shown());
    format!("{}{THIS}", fit(base, width.saturating_sub(columns(THIS))))
}

/// Where the window stands in a list longer than the screen.
fn draw_scroll(world: &World, frame: &mut Frame<'_>, area: Rect) {
    let list = &world.team().list;
    let (shown, height) = (list.shown(), usize::from(area.height));
    if shown <= height || height == 0 {
        return;
    }
    let size = (height * height / shown).clamp(1, height);
    let start = list.top() * (height - size) / (shown - height).max(1);
    for (cell, y) in (0..height).zip(area.y..) {
        let inside = (start..start + size).contains(&cell);
        let at = Rect {
            x: area.x + area.width - 1,
            y,
            width: 1,
            height: 1,
        };
        let (text, role) = if inside {
            ("┃", Role::Plain)
        } else {
            ("│", Role::Dim)
        };
        frame.render_widget(span(world, role, text), at);
    }
}

/// Words for a table without rows: each state has its own.
fn empty(world: &World, frame: &mut Frame<'_>, area: Rect) {
    let team = world.team();
    let filter = team.list.filter().value();
    let host = world.host();
    let (title, words): (&str, String) = if !team.list.all().is_empty() && !filter.is_empty() {
        let shown = crate::core::text::clean(filter).into_owned();
        (
            "No key matches",
            format!("Nothing contains “{shown}”. Esc drops the filter."),
        )
    } else {
        match (&team.session, &team.load) {
            (SessionState::Unknown | SessionState::Looking, _) => {
                ("One moment", "Looking for your credential in the keyring.".to_owned())
            }
            (SessionState::SignedOut(None), _) => (
                "Not signed in",
                format!("No key of {host} is kept on this machine. Press i to sign in."),
            ),
            (SessionState::SignedOut(Some(why)), _) => ("Not signed in", format!("{why} Press i to sign in.")),
            (_, LoadState::Failed(why)) => ("The list could not be read", format!("{why} Press R to try again.")),
            (_, LoadState::Never) => ("One moment", format!("Reading the keys of {host}.")),
            (_, LoadState::Fresh) if team.capabilities.list == Capability::Manual => (
                "No keys tracked yet",
                format!(
                    "{host} has no list of keys: what you write down is tracked here. Press n to create a key, or n and \
                     Tab to add one that exists. A whole file: chatzuri-keys track --import."
                ),
            ),
            (_, LoadState::Fresh) => (
                "No keys yet",
                "This team has no API key. Press n to create one.".to_owned(),
            ),
        }
    };
    let theme = world.settings.theme;
    let mut lines = vec![
        Line::styled(title.to_owned(), theme.style(Role::Strong)),
        Line::default(),
    ];
    lines.extend(
        wrap(&words, area.width.saturating_sub(8).min(72))
            .into_iter()
            .map(Line::raw),
    );
    let top = area
        .height
        .saturating_sub(u16::try_from(lines.len()).unwrap_or(u16::MAX))
        / 3;
    let at = Rect {
        y: area.y + top,
        height: area.height - top,
        ..area
    };
    frame.render_widget(Paragraph::new(lines).centered(), at);
}

fn gap(total: u16) -> &'static str {
    if total >= 110 { "  " } else { " " }
}

fn gap_of(widths: &Widths) -> &'static str {
    if widths.hint > 13 { "  " } else { " " }
}
