//! What was done, for the log: never a secret.

use jiff::Timestamp;

use crate::core::key::KeyId;
use crate::core::text::Label;

/// What was done to a key or to the sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ActivityKind {
    /// A key was asked for.
    Create,
    /// A new value was handed to a target or the clipboard.
    Deliver,
    /// A new value was said to be stored.
    Acknowledge,
    /// A creation was looked for after its answer was lost.
    Recover,
    /// A key was revoked, or it was tried.
    Revoke,
    /// A key's due date was put off, or no longer.
    Snooze,
    /// A step of a rotation.
    Rotate,
    /// A key was written down here, or taken off again, for a server without a list.
    Track,
    /// A leaked value was looked for, and its key revoked or not.
    Leak,
    /// A credential was kept.
    SignIn,
    /// A credential was forgotten.
    SignOut,
}

impl ActivityKind {
    /// Every action, for reading a log back.
    pub const ALL: [Self; 11] = [
        Self::Create,
        Self::Deliver,
        Self::Acknowledge,
        Self::Recover,
        Self::Revoke,
        Self::Snooze,
        Self::Rotate,
        Self::Track,
        Self::Leak,
        Self::SignIn,
        Self::SignOut,
    ];

    /// The word for machine output and the journal.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Deliver => "deliver",
            Self::Acknowledge => "acknowledge",
            Self::Recover => "recover",
            Self::Revoke => "revoke",
            Self::Snooze => "snooze",
            Self::Rotate => "rotate",
            Self::Track => "track",
            Self::Leak => "leak",
            Self::SignIn => "sign_in",
            Self::SignOut => "sign_out",
        }
    }
}

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activity {
    /// When, by our clock.
    pub at: Timestamp,
    /// Who: the login name of this machine.
    pub actor: Label,
    /// In which profile.
    pub profile: String,
    /// What.
    pub action: ActivityKind,
    /// To which key.
    pub key: Option<(KeyId, Label)>,
    /// How it ended: a word, as in `revoked` or `created`.
    pub outcome: String,
    /// More of it, for a person; cleaned.
    pub detail: Label,
}
