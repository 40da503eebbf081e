//! The shape of `list --json`, for the keys that are due.

use serde::Serialize;

use super::Report;
use crate::core::due::DueItem;
use crate::core::team::TeamIdentity;
use crate::core::text::Label;
use crate::present::json::SCHEMA_VERSION;
use crate::present::json::{KeyShape, WhoseShape, time};

#[derive(Serialize)]
pub(crate) struct DueShape<'a> {
    schema_version: u32,
    as_of: String,
    /// The team of the one profile.
    #[serde(flatten)]
    whose: WhoseShape<'a>,
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
    #[serde(flatten)]
    whose: WhoseShape<'a>,
    owner: Option<&'a str>,
}

impl<'a> DueShape<'a> {
    pub(crate) fn of(report: &Report<'a>) -> Self {
        let team = match report.teams {
            [(_, team)] => team,
            _ => &TeamIdentity::Unknown,
        };
        Self {
            schema_version: SCHEMA_VERSION,
            as_of: time(report.as_of),
            whose: WhoseShape::of(team),
            complete: report.complete,
            within_days: report.within,
            keys: report.items.iter().map(key).collect(),
        }
    }
}

fn key(item: &DueItem) -> DueKeyShape<'_> {
    DueKeyShape {
        key: KeyShape::with(&item.key, item.own, item.source, item.standing)
            .snoozed(item.snoozed.as_ref().map(|it| it.until))
            .rotated(item.part.as_ref()),
        profile: &item.profile,
        whose: WhoseShape::of(&item.team),
        owner: item.owner.as_ref().map(Label::raw),
    }
}
