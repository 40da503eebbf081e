//! What is open over the list, each in a box of its own size.

mod bulk;
mod create;
mod leak;
mod manual;
mod pages;
mod revoke;
mod rotation;
mod show_once;
mod sign_in;
mod snooze;
mod targets;

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, BorderType, Clear, Paragraph};

use crate::core::text::{columns, fit};
use crate::tui::model::Model;
use crate::tui::model::dialog::Dialog;
use crate::tui::theme::Role;
use crate::tui::view::{span, wrap::wrap};

/// A box with a title, lines, and the keys it takes.
struct Sheet {
    title: String,
    role: Role,
    lines: Vec<Line<'static>>,
    /// Columns inside the frame.
    width: u16,
    /// Lines scrolled away.
    scroll: u16,
    /// Where the text cursor is: line and column of `lines`.
    cursor: Option<(u16, u16)>,
    /// The keys, in place of the context's.
    hints: Option<Vec<(String, String)>>,
}

impl Sheet {
    fn new(title: impl Into<String>, width: u16) -> Self {
        Self {
            title: title.into(),
            role: Role::Accent,
            lines: Vec::new(),
            width,
            scroll: 0,
            cursor: None,
            hints: None,
        }
    }

    fn line(&mut self, line: impl Into<Line<'static>>) {
        self.lines.push(line.into());
    }

    fn blank(&mut self) {
        self.lines.push(Line::default());
    }

    /// Words in a role, wrapped to the box.
    fn words(&mut self, model: &Model, role: Role, text: &str) {
        for line in wrap(text, self.width) {
            self.lines.push(Line::from(span(model, role, line)));
        }
    }

    /// What is being found out before anything is asked.
    fn finding(&mut self, model: &Model, done: &str) {
        let host = model.profile().map_or("the server", |profile| profile.host.as_str());
        self.words(model, Role::Accent, &format!("Looking how {done} at {host}…"));
    }

    /// A question's two answers, the marked one first: it is what Enter gives.
    fn choice(&mut self, model: &Model, no: &str, yes: &str) {
        self.line(Line::from(vec![
            span(model, Role::Accent, "▸ "),
            span(model, Role::Strong, no.to_owned()),
            Span::raw("        "),
            span(model, Role::Danger, "y "),
            Span::raw(yes.to_owned()),
        ]));
    }

    /// A labelled fact, wrapped beside its label.
    fn fact(&mut self, model: &Model, label: &str, role: Role, text: &str) {
        let indent = 12;
        for (i, line) in wrap(text, self.width.saturating_sub(indent)).into_iter().enumerate() {
            let label = if i == 0 { label } else { "" };
            self.lines.push(Line::from(vec![
                span(
                    model,
                    Role::Dim,
                    format!("{label:<width$}", width = usize::from(indent)),
                ),
                span(model, role, line),
            ]));
        }
    }

    /// A line to type into; the end of a long text is what is shown.
    fn input(&mut self, model: &Model, text: &str, at: usize) {
        let room = usize::from(self.width.saturating_sub(3));
        let before: String = text.chars().take(at).collect();
        let before = crate::core::text::clean(&before).into_owned();
        let rest: String = text.chars().skip(at).collect();
        let rest = crate::core::text::clean(&rest).into_owned();
        let mut shown: Vec<char> = before.chars().collect();
        while usize::from(columns(&shown.iter().collect::<String>())) > room {
            shown.remove(0);
        }
        let before: String = shown.into_iter().collect();
        let column = columns(&before);
        let text = format!("{before}{rest}");
        self.cursor = Some((u16::try_from(self.lines.len()).unwrap_or(0), 2 + column));
        self.lines.push(Line::from(vec![
            span(model, Role::Accent, "› "),
            Span::raw(fit(&text, self.width.saturating_sub(2)).into_owned()),
        ]));
    }

    fn draw(mut self, model: &Model, frame: &mut Frame<'_>, screen: Rect, top: bool) {
        let theme = model.settings.theme;
        let width = (self.width + 4).min(screen.width);
        let inner_rows = u16::try_from(self.lines.len()).unwrap_or(u16::MAX);
        let hints = if top { self.hints(model) } else { vec![Line::default()] };
        let hint_rows = u16::try_from(hints.len()).unwrap_or(1);
        let height = inner_rows.saturating_add(3 + hint_rows).min(screen.height);
        let at = Rect {
            x: screen.x + (screen.width - width) / 2,
            y: screen.y + (screen.height - height) / 2,
            width,
            height,
        };
        frame.render_widget(Clear, at);
        unhook_wide_characters(frame, at, screen);
        let title = fit(&self.title, width.saturating_sub(6)).into_owned();
        let block = Block::bordered()
            .border_type(BorderType::Rounded)
            .border_style(theme.style(if top { self.role } else { Role::Dim }))
            .title(Line::from(vec![
                Span::raw(" "),
                span(model, Role::Strong, title),
                Span::raw(" "),
            ]));
        frame.render_widget(block, at);
        let inside = Rect {
            x: at.x + 2,
            y: at.y + 1,
            width: width.saturating_sub(4),
            height: height.saturating_sub(3 + hint_rows),
        };
        let most = inner_rows.saturating_sub(inside.height);
        self.scroll = self.scroll.min(most);
        // The line that is typed into is always seen, with what is said under it.
        if self.cursor.is_some() {
            self.scroll = most;
        }
        let lines = std::mem::take(&mut self.lines);
        frame.render_widget(Paragraph::new(lines).scroll((self.scroll, 0)), inside);
        if let Some((line, column)) = self.cursor.filter(|_| top) {
            let x = inside.x + column.min(inside.width.saturating_sub(1));
            let line = line.saturating_sub(self.scroll).min(inside.height.saturating_sub(1));
            frame.set_cursor_position(Position::new(x, inside.y + line));
        }
        for (line, y) in hints.into_iter().zip(at.y + height.saturating_sub(1 + hint_rows)..) {
            frame.render_widget(line, Rect { y, height: 1, ..inside });
        }
        if most > 0 {
            let more = span(model, Role::Dim, " ↑↓ more ");
            let x = at.x + width.saturating_sub(11);
            let place = Rect {
                x,
                y: at.y + height.saturating_sub(1),
                width: 9,
                height: 1,
            };
            frame.render_widget(more, place);
        }
    }

    /// The keys it takes, in as many lines as they need.
    fn hints(&self, model: &Model) -> Vec<Line<'static>> {
        const GAP: u16 = 2;
        let from_keymap = || {
            model
                .keymap
                .of(model.context())
                .filter(|binding| !binding.label.is_empty() && model.allows(binding.when))
                .filter_map(|binding| Some((binding.keys.first()?.to_string(), binding.label.to_owned())))
                .collect()
        };
        let hints: Vec<(String, String)> = self.hints.clone().unwrap_or_else(from_keymap);
        if hints.is_empty() {
            return Vec::new();
        }
        let mut lines = vec![Line::default()];
        let mut used = 0;
        for (key, label) in hints {
            let width = columns(&key) + 1 + columns(&label);
            if used > 0 && used + GAP + width > self.width {
                lines.push(Line::default());
                used = 0;
            }
            if let Some(line) = lines.last_mut() {
                if used > 0 {
                    line.push_span(Span::raw("  "));
                    used += GAP;
                }
                line.push_span(span(model, Role::Accent, key));
                line.push_span(Span::raw(format!(" {label}")));
            }
            used += width;
        }
        lines
    }
}

/// A character of two columns that begins just left of the box would hide the box's border.
fn unhook_wide_characters(frame: &mut Frame<'_>, at: Rect, screen: Rect) {
    if at.x == screen.x {
        return;
    }
    for y in at.top()..at.bottom() {
        if let Some(cell) = frame.buffer_mut().cell_mut(Position::new(at.x - 1, y))
            && columns(cell.symbol()) > 1
        {
            cell.set_symbol(" ");
        }
    }
}

/// Dims what lies under a dialog, another one too, where the theme has a way to.
pub(super) fn draw_backdrop(model: &Model, frame: &mut Frame<'_>, screen: Rect) {
    frame
        .buffer_mut()
        .set_style(screen, model.settings.theme.style(Role::Dim));
}

fn sheet(model: &Model, dialog: &Dialog, room: u16) -> Sheet {
    match dialog {
        Dialog::Help { scroll } => pages::help(model, *scroll, room),
        Dialog::Details { id, scroll } => pages::details(model, id, *scroll, room),
        Dialog::Entry { entry, scroll } => pages::entry(model, entry, *scroll, room),
        Dialog::Palette(palette) => pages::palette(model, palette, room),
        Dialog::Targets(form) => targets::sheet(model, form, room),
        Dialog::Waiting(page) => pages::waiting(model, *page, room),
        Dialog::Quit(reason) => pages::quit(model, *reason, room),
        Dialog::Create(form) => create::sheet(model, form, room),
        Dialog::ShowOnce(show) => show_once::sheet(model, show, room),
        Dialog::Revoke(form) => revoke::sheet(model, form, room),
        Dialog::Bulk(form) => bulk::sheet(model, form, room),
        Dialog::Leak => leak::sheet(model, room),
        Dialog::Paste(form) => manual::paste(model, form, room),
        Dialog::Manual(form) => manual::revoke(model, form, room),
        Dialog::Track(form) => manual::track(model, form, room),
        Dialog::SignIn(form) => sign_in::sheet(model, form, room),
        Dialog::BeginRotation(form) => rotation::begin(model, form, room),
        Dialog::Rotation(page) => rotation::page(model, page, room),
        Dialog::Attest(form) => rotation::attest(model, form, room),
        Dialog::CancelRotation(rotation) => rotation::cancel(model, rotation, room),
        Dialog::Snooze(form) => snooze::sheet(model, form, room),
    }
}

/// Columns a dialog may take of a screen so wide.
fn room(width: u16) -> u16 {
    width.saturating_sub(8)
}

/// Lines that the topmost dialog can be scrolled by on this screen.
pub(super) fn most_scroll(model: &Model) -> u16 {
    let (width, height) = model.size;
    model.dialogs.last().map_or(0, |dialog| {
        let sheet = sheet(model, dialog, room(width));
        let frame_rows = 3 + u16::try_from(sheet.hints(model).len()).unwrap_or(1);
        let rows = u16::try_from(sheet.lines.len()).unwrap_or(u16::MAX);
        rows.saturating_sub(height.saturating_sub(frame_rows))
    })
}

/// Draws one dialog; only the last one has the text cursor and the bright frame.
pub(super) fn draw(model: &Model, dialog: &Dialog, frame: &mut Frame<'_>, screen: Rect) {
    let top = model.dialogs.last().is_some_and(|last| std::ptr::eq(last, dialog));
    sheet(model, dialog, room(screen.width)).draw(model, frame, screen, top);
}
