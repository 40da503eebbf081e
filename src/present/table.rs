//! Tables of text, aligned by display width.

use crate::core::due::DueItem;
use crate::core::policy::DueStatus;
use crate::core::text::{columns, fit};

/// Columns between two cells.
const GAP: u16 = 2;
/// The narrowest a column is cut to.
const NARROWEST: u16 = 8;

/// How a table may look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct TableLook {
    /// Whether ANSI colours may be used.
    pub(crate) colour: bool,
    /// The columns there are; `None` where nobody cuts a line.
    pub(crate) columns: Option<u16>,
}

/// What a cell means, beside its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CellRole {
    Plain,
    Dim,
    Warn,
    Danger,
}

/// What the standing of a key means.
pub(crate) fn role(item: &DueItem) -> CellRole {
    match item.standing.status {
        _ if item.snoozed.is_some() => CellRole::Dim,
        DueStatus::Overdue => CellRole::Danger,
        DueStatus::Due | DueStatus::DueSoon => CellRole::Warn,
        DueStatus::Fresh | DueStatus::Rotating => CellRole::Plain,
        DueStatus::Unknown => CellRole::Dim,
    }
}

/// One cell.
#[derive(Debug, Clone)]
pub(crate) struct Cell {
    text: String,
    role: CellRole,
}

impl Cell {
    pub(crate) fn new(text: impl Into<String>, role: CellRole) -> Self {
        Self {
            text: text.into(),
            role,
        }
    }

    pub(crate) fn plain(text: impl Into<String>) -> Self {
        Self::new(text, CellRole::Plain)
    }
}

/// Draws rows under a head. Where the lines are too long for the terminal the first column is cut.
pub(crate) fn draw<const N: usize>(head: [&str; N], rows: Vec<[Cell; N]>, look: TableLook) -> String {
    draw_cutting(0, head, rows, look)
}

/// Draws rows under a head. Where the lines are too long for the terminal the column `cut` gives way.
pub(crate) fn draw_cutting<const N: usize>(
    cut: usize,
    head: [&str; N],
    rows: Vec<[Cell; N]>,
    look: TableLook,
) -> String {
    let head = head.map(|title| Cell::new(title, CellRole::Dim));
    let rows: Vec<[Cell; N]> = std::iter::once(head).chain(rows).collect();
    let mut widths = [0u16; N];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(columns(&cell.text));
        }
    }
    if let Some(limit) = look.columns {
        let gaps = GAP.saturating_mul(u16::try_from(N.saturating_sub(1)).unwrap_or(u16::MAX));
        let all = widths.iter().fold(gaps, |sum, &width| sum.saturating_add(width));
        if let Some(given) = widths.get_mut(cut) {
            let narrowest = (*given).min(NARROWEST);
            *given = given.saturating_sub(all.saturating_sub(limit)).max(narrowest);
        }
    }
    let mut out = String::new();
    for row in &rows {
        let mut line = String::new();
        for (at, (cell, &width)) in row.iter().zip(&widths).enumerate() {
            let text = fit(&cell.text, width);
            let pad = width.saturating_sub(columns(&text));
            paint(&mut line, &text, cell.role, look.colour);
            if at + 1 < N {
                line.push_str(&" ".repeat(usize::from(pad + GAP)));
            }
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

fn paint(line: &mut String, text: &str, role: CellRole, colour: bool) {
    let code = match role {
        CellRole::Plain => None,
        CellRole::Dim => Some("2"),
        CellRole::Warn => Some("33"),
        CellRole::Danger => Some("31"),
    };
    match code.filter(|_| colour) {
        Some(code) => {
            line.push_str("\x1b[");
            line.push_str(code);
            line.push('m');
            line.push_str(text);
            line.push_str("\x1b[0m");
        }
        None => line.push_str(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<[Cell; 2]> {
        vec![
            [Cell::plain("日本語"), Cell::new("! late", CellRole::Danger)],
            [Cell::plain("a much longer name"), Cell::plain("x")],
        ]
    }

    #[test]
    fn columns_line_up_by_display_width() {
        assert_eq!(
            draw(["NAME", "STATE"], rows(), TableLook::default()),
            "NAME                STATE\n日本語              ! late\na much longer name  x\n"
        );
    }

    #[test]
    fn the_first_column_gives_way_in_a_narrow_terminal() {
        let look = TableLook {
            colour: false,
            columns: Some(20),
        };
        assert_eq!(
            draw(["NAME", "STATE"], rows(), look),
            "NAME          STATE\n日本語        ! late\na much long…  x\n"
        );
    }

    #[test]
    fn another_column_can_give_way() {
        let look = TableLook {
            colour: false,
            columns: Some(29),
        };
        let rows = vec![[
            Cell::plain("2026-11-22"),
            Cell::plain("a"),
            Cell::plain("many more words"),
        ]];
        assert_eq!(
            draw_cutting(2, ["TIME", "WHO", "DETAIL"], rows, look),
            "TIME        WHO  DETAIL\n2026-11-22  a    many more w…\n"
        );
    }

    #[test]
    fn colour_is_added_only_where_it_is_wanted() {
        let look = TableLook {
            colour: true,
            columns: None,
        };
        assert!(draw(["NAME", "STATE"], rows(), look).contains("\x1b[31m! late\x1b[0m"));
        assert!(!draw(["NAME", "STATE"], rows(), TableLook::default()).contains('\x1b'));
    }
}
