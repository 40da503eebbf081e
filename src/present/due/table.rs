//! The table for a person.

use super::{Report, due_day, owner};
use crate::present::table::TableLook;
use crate::present::table::{Cell, CellRole, draw, role};
use crate::present::words::rotation_and_reason;

pub(crate) fn draw_due(report: &Report<'_>, look: TableLook) -> String {
    let dash = |text: &str| {
        if text.is_empty() {
            "—".to_owned()
        } else {
            text.to_owned()
        }
    };
    let rows = report.items.iter().map(|item| {
        let name = if item.key.name.is_blank() {
            Cell::new("(unnamed)", CellRole::Dim)
        } else {
            Cell::plain(item.key.name.shown())
        };
        [
            name,
            Cell::plain(item.key.hint()),
            Cell::plain(item.profile.as_str()),
            Cell::plain(dash(owner(item))),
            Cell::plain(due_day(item).map_or_else(|| "—".to_owned(), |day| day.to_string())),
            Cell::new(rotation_and_reason(item), role(item)),
        ]
    });
    draw(
        ["NAME", "KEY", "PROFILE", "OWNER", "DUE", "ROTATION"],
        rows.collect(),
        look,
    )
}
