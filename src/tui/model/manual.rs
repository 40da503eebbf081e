//! What is open while a person clicks in the browser.

use std::collections::VecDeque;

use tui_input::Input;

use crate::core::creation::Creation;
use crate::core::listing::ListedKey;
use crate::core::outcome::Outcome;
use crate::ops::manual::Page;
use crate::tui::message::{RequestId, TeamIndex};
use crate::tui::model::rotation::Finishing;
use crate::tui::secret_field::SecretField;

/// The hidden field for the value of a key that the person makes in the browser.
#[derive(Debug)]
pub struct PasteForm {
    /// Whose key it is.
    pub team: TeamIndex,
    /// The protocol's row.
    pub creation: Creation,
    /// The page, once it was shown.
    pub page: Option<Page>,
    /// What was pasted.
    pub field: SecretField,
    /// The check under way.
    pub sent: Option<RequestId>,
    /// Why the last one was not taken.
    pub error: Option<String>,
}

/// How far a revocation in the browser is.
#[derive(Debug)]
pub enum Step {
    /// The value is asked for, so that its death can be seen.
    Value(SecretField),
    /// The value is watched.
    Watching(RequestId),
    /// Nobody has the value: the person types a word when it is done.
    Word(Input),
    /// What they say is written down.
    Attesting(RequestId),
}

/// Marked keys that are revoked in the browser one after the other. The first of them is in the form.
#[derive(Debug)]
pub struct Walk {
    rest: VecDeque<ListedKey>,
    total: usize,
    dead: usize,
    attested: usize,
    /// Not in the list any more when their turn came.
    vanished: usize,
}

impl Walk {
    /// Over one key and `rest`, in this order.
    #[must_use]
    pub fn over(rest: VecDeque<ListedKey>) -> Self {
        Self {
            total: rest.len() + 1,
            rest,
            dead: 0,
            attested: 0,
            vanished: 0,
        }
    }

    /// Which of how many keys is in the form, from 1.
    #[must_use]
    pub fn place(&self) -> (usize, usize) {
        (self.total - self.rest.len(), self.total)
    }

    /// Takes note of what became of the key in the form.
    pub fn note(&mut self, outcome: &Outcome) {
        if outcome.is_proven() {
            self.dead += 1;
        } else if matches!(outcome, Outcome::Attested(_)) {
            self.attested += 1;
        }
    }

    /// Takes note of a key that is not in the list any more.
    pub fn note_vanished(&mut self) {
        self.vanished += 1;
    }

    /// The next key.
    pub fn take_next(&mut self) -> Option<ListedKey> {
        self.rest.pop_front()
    }

    /// What became of all of them.
    #[must_use]
    pub fn words(&self) -> String {
        let Self {
            total,
            dead,
            attested,
            vanished,
            ..
        } = *self;
        let left = total.saturating_sub(dead + attested + vanished);
        let counts = [
            (dead, "dead"),
            (attested, "revoked by your word"),
            (vanished, "not in the list any more"),
            (left, "alive as far as is known"),
        ];
        let counts = counts.into_iter().filter(|(count, _)| *count > 0);
        let counts: Vec<String> = counts.map(|(count, what)| format!("{count} {what}")).collect();
        let more = match left {
            0 => "",
            _ => " What is alive stays marked: x goes on.",
        };
        let keys = if total == 1 { "key" } else { "keys" };
        format!("Of {total} marked {keys}: {}.{more}", counts.join(", "))
    }
}

/// What follows when the value of a key was asked for.
#[derive(Debug, Clone, Default)]
pub enum Then {
    /// The person revokes it in the browser.
    #[default]
    Browser,
    /// There is an endpoint, and no list to see the key gone from: the revocation is confirmed next, as the last step of
    /// a rotation where it is one.
    Confirm(Option<Finishing>),
}

/// A key that is revoked in the browser, or whose death only its value can show.
#[derive(Debug)]
pub struct ManualForm {
    /// The key.
    pub target: ListedKey,
    /// How far it is.
    pub step: Step,
    /// Whether its value is at hand, once that is known.
    pub held: bool,
    /// Whether it is being asked how the key is revoked.
    pub asking: Option<RequestId>,
    /// The page, once it was shown.
    pub page: Option<Page>,
    /// What was wrong with the last answer.
    pub error: Option<String>,
    /// What was seen of the value, the newest last.
    pub seen: Vec<String>,
    /// The marked keys it is one of.
    pub walk: Option<Walk>,
    /// What Enter leads to.
    pub then: Then,
}

/// What is typed when a key is gone from the page.
pub const GONE: &str = "revoked";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_walk_counts_what_became_of_each_key() {
        let mut walk = Walk {
            rest: VecDeque::new(),
            total: 4,
            dead: 0,
            attested: 0,
            vanished: 0,
        };
        for outcome in [
            Outcome::Dead,
            Outcome::AlreadyGone,
            Outcome::StillAlive("it answers".to_owned()),
            Outcome::Attested("amina".to_owned()),
        ] {
            walk.note(&outcome);
        }
        assert_eq!(
            walk.words(),
            "Of 4 marked keys: 2 dead, 1 revoked by your word, 1 alive as far as is known. What is alive stays marked: x \
             goes on."
        );
        walk.note_vanished();
        assert_eq!(
            walk.words(),
            "Of 4 marked keys: 2 dead, 1 revoked by your word, 1 not in the list any more."
        );
    }
}
