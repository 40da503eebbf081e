//! The shape of `list --json`, for the keys that are due.

use serde::Serialize;

use crate::cli::due::Report;
use crate::cli::json::{KeyShape, TeamShape, time};
use crate::cli::output::SCHEMA_VERSION;
use crate::core::due::Item;
use crate::core::text::Label;

#[derive(Serialize)]
pub(super) struct DueShape<'a> {
    schema_version: u32,
    as_of: String,
    /// The one team; null where there are several.
    team: Option<TeamShape<'a>>,
    complete: bool,
    /// Tells this from a whole list.
    within_days: Option<i32>,
    keys: Vec<DueKeyShape<'a>>,
}

#[derive(Serialize)]
struct DueKeyShape<'a> {
    #[serde(flatten)]
    key: KeyShape<'a>,
    profile: &'a str,
    team: Option<TeamShape<'a>>,
    owner: Option<&'a str>,
}

impl<'a> DueShape<'a> {
    pub(super) fn of(report: &Report<'a>) -> Self {
        let team = match report.teams {
            [(_, team)] => team.as_ref(),
            _ => None,
        };
        Self {
            schema_version: SCHEMA_VERSION,
            as_of: time(report.as_of),
            team: team.map(TeamShape::of),
            complete: report.complete,
            within_days: report.within,
            keys: report.items.iter().map(key).collect(),
        }
    }
}

fn key(item: &Item) -> DueKeyShape<'_> {
    DueKeyShape {
        key: KeyShape::with(&item.key, item.own, item.source, item.standing)
            .snoozed(item.snoozed.as_ref().map(|it| it.until))
            .rotated(item.part.as_ref()),
        profile: &item.profile,
        team: item.team.as_ref().map(TeamShape::of),
        owner: item.owner.as_ref().map(Label::raw),
    }
}
