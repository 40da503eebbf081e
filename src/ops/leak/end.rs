//! What is true where no key was revoked, in words for both faces.

use super::{Found, Search};
use crate::core::incident::{Fact, scrub};
use crate::core::outcome::Outcome;
use crate::core::secret::Secret;
use crate::core::team::TeamIdentity;

impl std::fmt::Debug for Search {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Search")
            .field("timeline", &self.timeline)
            .finish_non_exhaustive()
    }
}

impl Search {
    /// What is true where no one key was found, or none was revoked.
    #[must_use]
    pub fn without_kill(&self) -> Outcome {
        match &self.found {
            Found::Key(_) => Outcome::Failed("It was not revoked.".to_owned()),
            Found::Gone => Outcome::AlreadyGone,
            Found::Foreign(team, hindered) => {
                let more = match hindered {
                    Some(why) => format!(" The leaked key could not revoke itself: {why}"),
                    None => String::new(),
                };
                Outcome::StillAlive(format!(
                    "It is not in any list you can read; it opens {}. Nothing was revoked.{more}{}",
                    opened(team),
                    self.unread_words()
                ))
            }
            Found::NotAccepted => Outcome::NotAccepted(format!(
                "the value gets 401 and matches no key in the lists you can read: it is dead, pasted wrong, or from \
                 another server. It has {} characters{}.{}",
                self.value.length(),
                last_four(&self.value),
                self.unread_words()
            )),
            Found::Ambiguous(_, why) => Outcome::Ambiguous(format!("{why}{}", self.unread_words())),
            Found::Untried(why) => {
                Outcome::Unconfirmed(format!("The value could not be tried. {why}{}", self.unread_words()))
            }
        }
    }

    /// Which lists could not be read, as the end of a sentence.
    #[must_use]
    pub fn unread_words(&self) -> String {
        let each = self
            .unread
            .iter()
            .map(|(profile, why)| format!(" The list of {profile} was not read: {why}"));
        scrub(&self.value, &each.collect::<String>())
    }

    /// Whether letting the leaked key speak for itself may still kill it: it is alive as far as was seen, no credential of
    /// ours reached it, and it was not tried yet.
    #[must_use]
    pub fn may_try_itself(&self) -> bool {
        let last = self.timeline.facts.iter().rev().find_map(|seen| match seen.fact {
            Fact::Alive(_) => Some(true),
            Fact::Refused(_) => Some(false),
            _ => None,
        });
        let unreached = matches!(
            (&self.found, &self.timeline.outcome),
            (Found::Foreign(..) | Found::Ambiguous(..), _) | (Found::Key(_), Some(Outcome::Refused(_)))
        );
        unreached && last != Some(false) && !self.means.with_leaked_key
    }
}

/// The team a value opens, in words.
#[must_use]
pub fn opened(team: &TeamIdentity) -> String {
    team.words().unwrap_or_else(|| "a team it does not name".to_owned())
}

/// The end of a value that is long enough to show it.
#[must_use]
pub fn last_four(value: &Secret) -> String {
    let last_four = value.last_four();
    if last_four.is_blank() {
        String::new()
    } else {
        format!(" and ends in {last_four}")
    }
}
