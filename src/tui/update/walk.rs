//! Marked keys that are revoked in the browser, one after the other.

use std::collections::VecDeque;

use crate::core::bulk::BulkPlan;
use crate::core::capability::Capability;
use crate::core::key::KeyId;
use crate::core::listing::ListedKey;
use crate::core::outcome::Outcome;
use crate::tui::effect::Effect;
use crate::tui::model::Model;
use crate::tui::model::dialog::OpenDialog;
use crate::tui::model::list::Marks;
use crate::tui::model::manual::Walk;
use crate::tui::update::manual;

/// Goes through the marked keys that a person revokes in the browser; our own credential comes last.
pub(super) fn begin(model: &mut Model, which: Marks) -> Vec<Effect> {
    let (marked, _) = marked(model, which);
    let mut order = VecDeque::from(BulkPlan::of(marked, model.server_now()).order());
    let Some(first) = order.pop_front() else {
        return Vec::new();
    };
    let walk = Walk::over(order);
    manual::open_revoke_in(model, first, Some(walk))
}

/// The marked keys by how they are revoked: one after the other, because the browser is needed or only its value can show
/// that a key is dead, and all at once by the endpoint.
pub(super) fn marked(model: &Model, which: Marks) -> (Vec<ListedKey>, Vec<ListedKey>) {
    let marked = model.team().list.marked(which);
    marked
        .into_iter()
        .partition(|listed| manual::is_manual(model, listed) || manual::is_unseen(model, listed))
}

/// It turned out that there is no endpoint: the plan that was made for it becomes a way through the browser.
pub(super) fn instead_of_bulk(model: &mut Model) -> Vec<Effect> {
    let which = model.dialogs.iter().find_map(|dialog| match dialog {
        OpenDialog::Bulk(form) => Some(form.marks),
        _ => None,
    });
    if model.team().capabilities.revoke != Capability::Manual {
        return Vec::new();
    }
    model.dialogs.retain(|dialog| !matches!(dialog, OpenDialog::Bulk(_)));
    begin(model, which.unwrap_or(Marks::Visible))
}

/// One key of the walk came to an end: asks for the next one, or says what became of all of them.
pub(super) fn go_on(model: &mut Model, mut walk: Walk, ended: (&KeyId, &Outcome)) -> Result<Vec<Effect>, String> {
    let (id, outcome) = ended;
    walk.note(outcome);
    if outcome.is_proven() || matches!(outcome, Outcome::Attested(_)) {
        model.team_mut().list.unmark(id);
    }
    while let Some(next) = walk.take_next() {
        match model.team().list.find(&next.key.id) {
            Some(row) => {
                let target = row.listed.clone();
                return Ok(manual::open_revoke_in(model, target, Some(walk)));
            }
            None => walk.note_vanished(),
        }
    }
    Err(walk.words())
}
