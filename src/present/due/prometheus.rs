//! A text file for node_exporter's collector, as <https://prometheus.io/docs/instrumenting/exposition_formats/> has it.

use std::fmt::Write as _;

use super::{Report, owner, team};

pub(crate) fn draw(report: &Report<'_>) -> String {
    let mut out = String::from(
        "# HELP chatzuri_key_days_left Days until the key is due for rotation, negative when it is overdue.\n\
         # TYPE chatzuri_key_days_left gauge\n",
    );
    for item in report.items {
        let Some(left) = item.standing.days_left else {
            continue;
        };
        let status = if item.snoozed.is_some() {
            "snoozed"
        } else {
            item.standing.status.word()
        };
        let labels = labels(&[
            ("profile", &item.profile),
            ("team", team(item)),
            ("key_id", item.key.id.shown()),
            ("name", item.key.name.shown()),
            ("owner", owner(item)),
            ("status", status),
        ]);
        // Writing to a String cannot fail.
        let _ = writeln!(out, "chatzuri_key_days_left{labels} {left}");
    }
    out.push_str(
        "# HELP chatzuri_keys_unknown_age Keys whose creation date is not known.\n\
         # TYPE chatzuri_keys_unknown_age gauge\n",
    );
    for ((profile, team), count) in report.teams.iter().zip(&report.unknown) {
        let team = team.known().map_or("", |team| team.name.shown());
        let labels = labels(&[("profile", profile), ("team", team)]);
        let _ = writeln!(out, "chatzuri_keys_unknown_age{labels} {count}");
    }
    out
}

fn labels(pairs: &[(&str, &str)]) -> String {
    let pairs: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{name}=\"{}\"", escaped(value)))
        .collect();
    format!("{{{}}}", pairs.join(","))
}

pub(super) fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
