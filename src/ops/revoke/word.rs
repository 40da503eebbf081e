//! A person's word that a key is revoked: written down, and never called proof.

use super::case::Case;
use crate::core::outcome::Outcome;
use crate::ops::review::read_list;

/// The outcome of a person's word. Where the server's list still has the key, that is said, and nothing follows from their word.
pub(super) async fn by_word(case: Case<'_>) -> Outcome {
    let who = case.ports.actor.shown().to_owned();
    let target = case.target;
    let is_there = !target.is_tracked()
        && read_list(case.client, &|_| {})
            .await
            .is_ok_and(|read| read.keys.iter().any(|key| key.id == target.key.id));
    if is_there {
        Outcome::AttestedListed(who)
    } else {
        Outcome::Attested(who)
    }
}
