//! What can be said after a revocation, and nothing more than was seen.

use crate::core::key::ApiKey;

/// How a revocation ended. "Revoked" is only said of what was proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Our own credential answers 401 after its accepted `DELETE`.
    Dead,
    /// Accepted, and gone from the full list; its value is not known, so it was not probed.
    Revoked,
    /// The server knows no such id, and the full list lacks it.
    AlreadyGone,
    /// 401 or 403 to the `DELETE`; carries the sentence.
    Refused(String),
    /// Accepted but still listed, or the list cannot be read, or time ran out; carries what was seen.
    Unconfirmed(String),
    /// The request never had an effect; carries the sentence.
    Failed(String),
    /// The value still answers 200; carries what that can mean.
    StillAlive(String),
    /// A value that answers 401 and matches nothing; carries what is known of it.
    NotAccepted(String),
    /// Nothing was revoked, because it cannot be told which key it is; carries why.
    Ambiguous(String),
    /// A person says that they revoked it in the browser; carries who. Nothing was proven.
    Attested(String),
    /// They say so, and the server's list still has it; carries who.
    AttestedListed(String),
}

impl Outcome {
    /// Whether the key can no longer be used, as far as was proven.
    #[must_use]
    pub fn is_proven(&self) -> bool {
        matches!(self, Self::Dead | Self::Revoked | Self::AlreadyGone)
    }

    /// The word for machine output.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Dead => "dead",
            Self::Revoked => "revoked",
            Self::AlreadyGone => "already_gone",
            Self::Refused(_) => "refused",
            Self::Unconfirmed(_) => "unconfirmed",
            Self::Failed(_) => "failed",
            Self::StillAlive(_) => "still_alive",
            Self::NotAccepted(_) => "not_accepted",
            Self::Ambiguous(_) => "ambiguous",
            Self::Attested(_) | Self::AttestedListed(_) => "attested",
        }
    }

    /// The sentence that came with it.
    #[must_use]
    pub fn why(&self) -> Option<&str> {
        match self {
            Self::Dead | Self::Revoked | Self::AlreadyGone => None,
            Self::Refused(why)
            | Self::Unconfirmed(why)
            | Self::Failed(why)
            | Self::StillAlive(why)
            | Self::NotAccepted(why)
            | Self::Ambiguous(why) => Some(why),
            // It is who, and not why.
            Self::Attested(_) | Self::AttestedListed(_) => None,
        }
    }

    /// The exit code of a command that ends so.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Dead | Self::Revoked | Self::AlreadyGone => 0,
            Self::Failed(_) => 1,
            Self::Ambiguous(_) => 2,
            Self::Refused(_) => 4,
            Self::Unconfirmed(_) | Self::StillAlive(_) | Self::Attested(_) | Self::AttestedListed(_) => 7,
            Self::NotAccepted(_) => 10,
        }
    }

    /// What is said of `key`: what happened, what is true now, what to do.
    #[must_use]
    pub fn sentence(&self, key: &ApiKey) -> String {
        let called = key.called();
        match self {
            Self::Dead => format!("Revoked {called}: its own next request got 401."),
            Self::Revoked => format!("Revoked {called}: gone from the list; value unknown, not probed."),
            Self::AlreadyGone => format!("Already gone: the server knows no {called} and the list lacks it."),
            Self::Refused(why) => format!("NOT revoked: {called} is still alive. {why}"),
            Self::Unconfirmed(why) => {
                format!("NOT PROVEN: {called} may still be alive. {why} Refresh the list and revoke it again.")
            }
            Self::Failed(why) => format!("NOT revoked: {called} is still alive. {why}"),
            Self::StillAlive(_)
            | Self::NotAccepted(_)
            | Self::Ambiguous(_)
            | Self::Attested(_)
            | Self::AttestedListed(_) => self.leak_sentence(&called),
        }
    }

    /// What is said at the end of a leak: what happened to the key `called` so, what is true now, what to do.
    #[must_use]
    pub fn leak_sentence(&self, called: &str) -> String {
        match self {
            Self::Dead => format!("DEAD: {called} is revoked, and its value got 401 three times in a row."),
            Self::Revoked => format!("Revoked {called}: gone from the list; its value was not probed."),
            Self::AlreadyGone => format!("Already gone: {called} is not in the list, and its value gets 401."),
            Self::Refused(why) => {
                format!("NOT revoked: {called} is still alive. {why}")
            }
            Self::Unconfirmed(why) => format!("NOT PROVEN: {called} may still be alive. {why} Try it again."),
            Self::Failed(why) => format!("NOT revoked: {called} is still alive. {why}"),
            Self::StillAlive(why) => format!("STILL ALIVE: {called} answers 200. {why}"),
            Self::NotAccepted(why) => format!("Not accepted, so nothing was revoked: {why}"),
            Self::Ambiguous(why) => format!("Nothing was revoked: {why}"),
            Self::AttestedListed(who) => format!(
                "ATTESTED, not proven: {who} says that {called} was revoked in the browser, and the server's list still has it."
            ),
            Self::Attested(who) => format!(
                "ATTESTED, not proven: {who} says that {called} was revoked in the browser; its value was not tried."
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::key::{KeyId, LastUse};
    use crate::core::text::Label;

    fn key() -> ApiKey {
        ApiKey {
            id: KeyId::new("key_1").unwrap(),
            name: Label::new("Zapier"),
            created_at: None,
            last_used_at: LastUse::Unknown,
            created_by: None,
            prefix: None,
            last_four: None,
        }
    }

    #[test]
    fn only_a_proven_end_says_revoked_and_exits_zero() {
        let why = || "X.".to_owned();
        for outcome in [Outcome::Dead, Outcome::Revoked, Outcome::AlreadyGone] {
            assert!(outcome.is_proven());
            assert_eq!(outcome.exit_code(), 0);
        }
        for outcome in [
            Outcome::Refused(why()),
            Outcome::Unconfirmed(why()),
            Outcome::Failed(why()),
            Outcome::StillAlive(why()),
            Outcome::NotAccepted(why()),
            Outcome::Ambiguous(why()),
            Outcome::Attested(why()),
        ] {
            assert!(!outcome.is_proven());
            assert_ne!(outcome.exit_code(), 0);
            for sentence in [outcome.sentence(&key()), outcome.leak_sentence("it")] {
                assert!(
                    !sentence.starts_with("Revoked") && !sentence.starts_with("DEAD"),
                    "{sentence}"
                );
            }
        }
    }

    #[test]
    fn the_codes_are_those_of_the_table() {
        let why = String::new;
        for (outcome, word, code) in [
            (Outcome::Dead, "dead", 0),
            (Outcome::Revoked, "revoked", 0),
            (Outcome::AlreadyGone, "already_gone", 0),
            (Outcome::Failed(why()), "failed", 1),
            (Outcome::Ambiguous(why()), "ambiguous", 2),
            (Outcome::Refused(why()), "refused", 4),
            (Outcome::StillAlive(why()), "still_alive", 7),
            (Outcome::Unconfirmed(why()), "unconfirmed", 7),
            (Outcome::Attested(why()), "attested", 7),
            (Outcome::AttestedListed(why()), "attested", 7),
            (Outcome::NotAccepted(why()), "not_accepted", 10),
        ] {
            assert_eq!((outcome.word(), outcome.exit_code()), (word, code));
        }
    }

    #[test]
    fn every_sentence_names_the_key() {
        for outcome in [
            Outcome::Dead,
            Outcome::Revoked,
            Outcome::AlreadyGone,
            Outcome::Refused(String::new()),
        ] {
            assert!(outcome.sentence(&key()).contains("“Zapier” (key_1)"));
        }
    }
}
