//! A table for a spreadsheet: no cell can be a formula.

use super::{Report, owner, team};
use crate::core::due::DueItem;
use crate::core::text::csv_cell;
use crate::present::json::time;

const HEAD: [&str; 12] = [
    "profile",
    "team",
    "key_id",
    "name",
    "owner",
    "created_at",
    "due_at",
    "days_left",
    "status",
    "snoozed_until",
    "snooze_reason",
    "source",
];

/// `None` where it cannot be made.
pub(crate) fn draw(report: &Report<'_>) -> Option<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(HEAD).ok()?;
    for item in report.items {
        writer.write_record(row(item)).ok()?;
    }
    String::from_utf8(writer.into_inner().ok()?).ok()
}

fn row(item: &DueItem) -> [String; 12] {
    let text = |text: &str| csv_cell(text).into_owned();
    let snoozed = item.snoozed.as_ref();
    let reason = snoozed.and_then(|snoozed| snoozed.reason.as_ref());
    [
        text(&item.profile),
        text(team(item)),
        text(item.key.id.shown()),
        text(item.key.name.shown()),
        text(owner(item)),
        item.key.created_at.map(time).unwrap_or_default(),
        item.standing.due_at.map(time).unwrap_or_default(),
        // A number, and so no formula, though it may begin with a minus.
        item.standing.days_left.map(|left| left.to_string()).unwrap_or_default(),
        item.standing.status.word().to_owned(),
        snoozed.map(|snoozed| snoozed.until.to_string()).unwrap_or_default(),
        text(reason.map_or("", |reason| reason.shown())),
        item.source.to_owned(),
    ]
}
