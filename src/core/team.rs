//! Which team a key opens, as far as it can be told.

use std::collections::HashSet;

use crate::core::key::Team;
use crate::core::text::Label;

/// The most teams that a sentence names.
const NAMED: usize = 4;

/// Which team a key opens. `get-teams` lists the teams of the user behind the key: only where that is one, it is the key's.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum TeamIdentity {
    /// Nobody says.
    #[default]
    Unknown,
    /// This one.
    One(Team),
    /// One of these: at least two, as the server listed them.
    OneOf(Vec<Team>),
}

impl TeamIdentity {
    /// What an answer of `get-teams` tells.
    #[must_use]
    pub fn of(mut teams: Vec<Team>) -> Self {
        let mut seen = HashSet::new();
        teams.retain(|team| seen.insert(team.id.raw().to_owned()));
        match (teams.pop(), teams.is_empty()) {
            (None, _) => Self::Unknown,
            (Some(only), true) => Self::One(only),
            (Some(last), false) => {
                teams.push(last);
                Self::OneOf(teams)
            }
        }
    }

    /// The team, where it is certain.
    #[must_use]
    pub fn known(&self) -> Option<&Team> {
        match self {
            Self::One(team) => Some(team),
            Self::Unknown | Self::OneOf(_) => None,
        }
    }

    /// The id of the team, where it is certain.
    #[must_use]
    pub fn known_id(&self) -> Option<Label> {
        self.known().map(|team| team.id.clone())
    }

    /// Every team that it may be, in the server's order.
    #[must_use]
    pub fn teams(&self) -> &[Team] {
        match self {
            Self::Unknown => &[],
            Self::One(team) => std::slice::from_ref(team),
            Self::OneOf(teams) => teams,
        }
    }

    /// Whether it may be the team of this id.
    #[must_use]
    pub fn may_be(&self, id: &Label) -> bool {
        *self == Self::Unknown || self.teams().iter().any(|team| team.id.raw() == id.raw())
    }

    /// Whether two keys may open the same team. A server that names no team to either has one.
    #[must_use]
    pub fn may_be_that_of(&self, other: &Self) -> bool {
        match (self.teams(), other.teams()) {
            ([], []) => true,
            (ours, _) => ours
                .iter()
                .any(|team| other.teams().iter().any(|one| one.id.raw() == team.id.raw())),
        }
    }

    /// The name for a sentence: `“Acme”`, or `one of “Acme”, “Kijani”`.
    #[must_use]
    pub fn words(&self) -> Option<String> {
        match self {
            Self::Unknown => None,
            Self::One(team) => Some(format!("“{}”", team.name)),
            Self::OneOf(teams) => Some(one_of(teams, |team| format!("“{}”", team.name))),
        }
    }

    /// The name for a row of its own: as [`words`](Self::words), but for the quotes around the only one.
    #[must_use]
    pub fn shown(&self) -> Option<String> {
        match self {
            Self::One(team) => Some(team.name.shown().to_owned()),
            several => several.words(),
        }
    }

    /// The same with other names.
    #[must_use]
    pub fn renamed(mut self, name: impl Fn(&Label) -> Label) -> Self {
        let teams = match &mut self {
            Self::Unknown => &mut [],
            Self::One(team) => std::slice::from_mut(team),
            Self::OneOf(teams) => teams.as_mut_slice(),
        };
        for team in teams {
            team.name = name(&team.name);
        }
        self
    }
}

/// `one of A, B`, each in the words of `called`; many are counted.
pub fn one_of(teams: &[Team], called: impl Fn(&Team) -> String) -> String {
    let names: Vec<String> = teams.iter().take(NAMED).map(called).collect();
    let more = match teams.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("one of {}{more}", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn teams(names: &[&str]) -> TeamIdentity {
        let team = |name: &&str| Team {
            id: Label::new(&format!("id of {name}")),
            name: Label::new(name),
        };
        TeamIdentity::of(names.iter().map(team).collect())
    }

    #[test]
    fn the_team_is_known_where_the_answer_lists_exactly_one() {
        assert_eq!(teams(&[]), TeamIdentity::Unknown);
        assert_eq!(teams(&["Acme"]).known().unwrap().name.raw(), "Acme");
        assert!(teams(&["Acme", "Acme"]).known().is_some(), "one team, listed twice");
        let two = teams(&["Kijani", "Acme"]);
        assert_eq!(two.known(), None);
        assert_eq!(two.words().unwrap(), "one of “Kijani”, “Acme”");
        assert_eq!(
            teams(&["a", "b", "c", "d", "e", "f"]).words().unwrap(),
            "one of “a”, “b”, “c”, “d” and 2 more"
        );
    }

    #[test]
    fn two_keys_may_be_of_one_team_where_a_team_is_in_both_answers() {
        for (ours, theirs, may_be) in [
            (&["a"][..], &["a"][..], true),
            (&["a"], &["b"], false),
            (&["a", "b"], &["b"], true),
            (&["a", "b"], &["c", "d"], false),
            (&[], &[], true),
            (&[], &["a"], false),
        ] {
            assert_eq!(
                teams(ours).may_be_that_of(&teams(theirs)),
                may_be,
                "{ours:?} {theirs:?}"
            );
            assert_eq!(
                teams(theirs).may_be_that_of(&teams(ours)),
                may_be,
                "{theirs:?} {ours:?}"
            );
        }
        assert!(teams(&[]).may_be(&Label::new("x")) && !teams(&["a", "b"]).may_be(&Label::new("x")));
    }
}
