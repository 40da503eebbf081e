//! A table for an issue or a chat: no name can end its cell or become markup.

use super::{Report, due_day, owner};
use crate::present::words::rotation_and_reason;

/// What Markdown reads as more than itself inside a table's cell.
const MARKUP: &str = "\\`*_[]<>|~&!#$";

pub(crate) fn draw(report: &Report<'_>) -> String {
    let mut out = String::from("| Name | Key | Profile | Owner | Due | Rotation |\n|---|---|---|---|---|---|\n");
    for item in report.items {
        let day = due_day(item).map_or_else(|| "—".to_owned(), |day| day.to_string());
        let cells = [
            item.key.name.shown(),
            &item.key.hint(),
            &item.profile,
            owner(item),
            &day,
            &rotation_and_reason(item),
        ];
        for cell in cells {
            out.push_str("| ");
            out.push_str(&escaped(cell));
            out.push(' ');
        }
        out.push_str("|\n");
    }
    out
}

pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if MARKUP.contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
