//! The box that a dialog is drawn in.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, BorderType, Clear, Paragraph};

use crate::core::secret::NotASecret;
use crate::core::text::{columns, fit};
use crate::tui::secret_field::SecretField;
use crate::tui::theme::Role;
use crate::tui::view::span::span;
use crate::tui::view::wrap::wrap;
use crate::tui::world::World;

/// What is said under a hidden field.
#[derive(Debug, Clone, Copy)]
pub struct Said<'a> {
    /// What is wrong with it.
    pub error: Option<&'a str>,
    /// What is being done with it.
    pub busy: Option<&'a str>,
    /// While it holds nothing.
    pub empty: &'a str,
}

/// A box with a title, lines, and the keys it takes.
#[derive(Debug)]
pub struct Sheet {
    /// What stands in its frame.
    pub title: String,
    /// The colour of its frame.
    pub role: Role,
    /// What stands inside.
    pub lines: Vec<Line<'static>>,
    /// Columns inside the frame.
    pub width: u16,
    /// Lines scrolled away.
    pub scroll: u16,
    /// Where the text cursor is: line and column of `lines`.
    pub cursor: Option<(u16, u16)>,
    /// The keys, in place of the context's.
    pub hints: Option<Vec<(String, String)>>,
}

impl Sheet {
    /// An empty one.
    #[must_use]
    pub fn new(title: impl Into<String>, width: u16) -> Self {
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

    /// A line as it is.
    pub fn line(&mut self, line: impl Into<Line<'static>>) {
        self.lines.push(line.into());
    }

    /// An empty line.
    pub fn blank(&mut self) {
        self.lines.push(Line::default());
    }

    /// Words in a role, wrapped to the box.
    pub fn words(&mut self, world: &World, role: Role, text: &str) {
        for line in wrap(text, self.width) {
            self.lines.push(Line::from(span(world, role, line)));
        }
    }

    /// What is being found out before anything is asked.
    pub fn finding(&mut self, world: &World, done: &str) {
        let host = world.host();
        self.words(world, Role::Accent, &format!("Looking how {done} at {host}…"));
    }

    /// What is said before a name is asked for, where keys are made in the browser.
    pub fn in_browser(&mut self, world: &World) {
        let host = world.host();
        let words =
            format!("{host} has no endpoint to create keys: Enter opens its page, and you paste the value here.");
        self.words(world, Role::Plain, &words);
    }

    /// A question's two answers, the marked one first: it is what Enter gives.
    pub fn choice(&mut self, world: &World, no: &str, yes: &str) {
        self.line(Line::from(vec![
            span(world, Role::Accent, "▸ "),
            span(world, Role::Strong, no.to_owned()),
            Span::raw("        "),
            span(world, Role::Danger, "y "),
            Span::raw(yes.to_owned()),
        ]));
    }

    /// A labelled fact, wrapped beside its label.
    pub fn fact(&mut self, world: &World, label: &str, role: Role, text: &str) {
        let indent = 12;
        for (i, line) in wrap(text, self.width.saturating_sub(indent)).into_iter().enumerate() {
            let label = if i == 0 { label } else { "" };
            self.lines.push(Line::from(vec![
                span(
                    world,
                    Role::Dim,
                    format!("{label:<width$}", width = usize::from(indent)),
                ),
                span(world, role, line),
            ]));
        }
    }

    /// A line to type into; the end of a long text is what is shown.
    pub fn input(&mut self, world: &World, text: &str, at: usize) {
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
            span(world, Role::Accent, "› "),
            Span::raw(fit(&text, self.width.saturating_sub(2)).into_owned()),
        ]));
    }

    /// Dots for what a hidden field holds, and under them what is wrong with it, what is being done, or how much it holds.
    pub fn secret(&mut self, world: &World, field: &SecretField, said: Said<'_>) {
        let count = field.count();
        let dots = "•".repeat(count.min(usize::from(self.width.saturating_sub(4))));
        self.input(world, &dots, dots.chars().count());
        self.blank();
        match (field.refused(), said.error, said.busy, count) {
            (Some(bytes), ..) => {
                let told = NotASecret::TooLong(bytes).to_string();
                self.words(world, Role::Danger, &format!("✗ {told} ^U empties the field."));
            }
            (None, Some(error), ..) => self.words(world, Role::Danger, &format!("✗ {error}")),
            (None, None, Some(busy), _) => self.words(world, Role::Accent, busy),
            (None, None, None, 0) => self.words(world, Role::Dim, said.empty),
            (None, None, None, count) => self.words(world, Role::Dim, &format!("{count} characters.")),
        }
    }

    /// Lines that it can be scrolled by on this screen.
    #[must_use]
    pub fn most_scroll(&self, world: &World, keys: Vec<(String, String)>) -> u16 {
        let frame_rows = 3 + u16::try_from(self.hints(world, keys).len()).unwrap_or(1);
        let rows = u16::try_from(self.lines.len()).unwrap_or(u16::MAX);
        rows.saturating_sub(world.size.1.saturating_sub(frame_rows))
    }

    /// Draws it in the middle; with the keys of the topmost one, which alone has the text cursor and the bright frame.
    pub fn draw(mut self, world: &World, frame: &mut Frame<'_>, keys: Option<Vec<(String, String)>>) {
        let screen = frame.area();
        let top = keys.is_some();
        let theme = world.settings.theme;
        let width = (self.width + 4).min(screen.width);
        let inner_rows = u16::try_from(self.lines.len()).unwrap_or(u16::MAX);
        let hints = keys.map_or_else(|| vec![Line::default()], |keys| self.hints(world, keys));
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
                span(world, Role::Strong, title),
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
            let more = span(world, Role::Dim, " ↑↓ more ");
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
    fn hints(&self, world: &World, keys: Vec<(String, String)>) -> Vec<Line<'static>> {
        const GAP: u16 = 2;
        let hints = self.hints.clone().unwrap_or(keys);
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
                line.push_span(span(world, Role::Accent, key));
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
