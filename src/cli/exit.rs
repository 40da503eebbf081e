//! The exit codes, and the sentence that goes with one.

use std::io;
use std::process::ExitCode;

use crate::ops::create::{Blocked, CreateError};
use crate::ops::rotate::RotateError;
use crate::ops::sign_in::{SignInError, WITHOUT_KEYRING};
use crate::ports::{ApiError, Fault, StoreError};

/// How a run ended, for scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Ok,
    /// An error.
    Error,
    /// Wrong usage or settings, or nothing done because a choice is missing.
    Usage,
    /// Declined by the person, or interrupted.
    Declined,
    /// Not signed in, or refused by the server.
    Refused,
    /// Some of several failed, or the data is incomplete.
    Partial,
    /// Something is due.
    Due,
    /// A key is not proven dead.
    NotProven,
    /// No such key.
    NoSuchKey,
}

impl Exit {
    /// The code the process ends with.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Error => 1,
            Self::Usage => 2,
            Self::Declined => 3,
            Self::Refused => 4,
            Self::Partial => 5,
            Self::Due => 6,
            Self::NotProven => 7,
            Self::NoSuchKey => 10,
        }
    }

    /// The exit of a code that an op speaks of; what is not known is an error.
    #[must_use]
    pub fn of_code(code: u8) -> Self {
        [
            Self::Ok,
            Self::Usage,
            Self::Declined,
            Self::Refused,
            Self::Partial,
            Self::Due,
            Self::NotProven,
            Self::NoSuchKey,
        ]
        .into_iter()
        .find(|exit| exit.code() == code)
        .unwrap_or(Self::Error)
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// A command that ends early: one sentence first, and a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandError {
    /// The code.
    pub exit: Exit,
    /// What happened, what is true now, what to do; cleaned.
    pub sentence: String,
}

impl CommandError {
    /// A sentence with its code.
    pub fn new(exit: Exit, sentence: impl Into<String>) -> Self {
        Self {
            exit,
            sentence: sentence.into(),
        }
    }
}

/// 401 and 403 are refusals; everything else is an error.
#[must_use]
pub fn of_api_error(error: &ApiError) -> Exit {
    match error.fault {
        Fault::Unauthorized | Fault::Forbidden(_) => Exit::Refused,
        _ => Exit::Error,
    }
}

impl From<ApiError> for CommandError {
    fn from(error: ApiError) -> Self {
        Self::new(of_api_error(&error), error.to_string())
    }
}

impl From<CreateError> for CommandError {
    fn from(error: CreateError) -> Self {
        let exit = match &error {
            CreateError::NotReady(_, Blocked::Store(_)) => Exit::Usage,
            _ => error.cause().map_or(Exit::Error, of_api_error),
        };
        Self::new(exit, error.to_string())
    }
}

impl From<RotateError> for CommandError {
    fn from(error: RotateError) -> Self {
        let exit = match &error {
            RotateError::List(cause) => of_api_error(cause),
            RotateError::Create(cause) => return (**cause).clone().into(),
            RotateError::NotListed(_) => Exit::NoSuchKey,
            RotateError::StartedElsewhere { .. }
            | RotateError::OwnFrom(_)
            | RotateError::NoName(_)
            | RotateError::NoPair(_)
            | RotateError::ValueLost(_)
            | RotateError::OnlyOne(_)
            | RotateError::NoPlace { .. } => Exit::Usage,
            RotateError::Journal(_)
            | RotateError::Taken { .. }
            | RotateError::NoNewKey
            | RotateError::NotAlive
            | RotateError::OtherTeam(_)
            | RotateError::OtherCredential
            | RotateError::NewGone(_)
            | RotateError::StepOpen { .. }
            | RotateError::StillOurs
            | RotateError::BeingRevoked
            | RotateError::UsedAgain(_)
            | RotateError::Store(_)
            | RotateError::Over(_)
            | RotateError::InBrowser(_) => Exit::Error,
        };
        Self::new(exit, error.to_string())
    }
}

impl From<SignInError> for CommandError {
    fn from(error: SignInError) -> Self {
        let exit = match &error {
            SignInError::Api(error) => of_api_error(error),
            _ => Exit::Error,
        };
        Self::new(exit, error.to_string())
    }
}

impl From<StoreError> for CommandError {
    fn from(error: StoreError) -> Self {
        Self::new(
            Exit::Error,
            format!("{error}, so it cannot keep your credential. {WITHOUT_KEYRING}"),
        )
    }
}

/// Standard output that takes no data, for another reason than a reader that has left.
impl From<io::Error> for CommandError {
    fn from(error: io::Error) -> Self {
        Self::new(
            Exit::Error,
            format!("The output could not be written: {error}. What was printed is incomplete."),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::outcome::Outcome;

    #[test]
    fn codes_are_those_of_the_documentation() {
        let codes: Vec<u8> = [
            Exit::Ok,
            Exit::Error,
            Exit::Usage,
            Exit::Declined,
            Exit::Refused,
            Exit::Partial,
            Exit::Due,
            Exit::NotProven,
            Exit::NoSuchKey,
        ]
        .map(Exit::code)
        .into();
        assert_eq!(codes, [0, 1, 2, 3, 4, 5, 6, 7, 10]);
    }

    #[test]
    fn every_outcome_of_a_revocation_has_an_exit_of_its_code() {
        let why = || "x".to_owned();
        for outcome in [
            Outcome::Dead,
            Outcome::Revoked,
            Outcome::AlreadyGone,
            Outcome::Refused(why()),
            Outcome::Unconfirmed(why()),
            Outcome::Failed(why()),
            Outcome::StillAlive(why()),
            Outcome::NotAccepted(why()),
            Outcome::Ambiguous(why()),
        ] {
            assert_eq!(Exit::of_code(outcome.exit_code()).code(), outcome.exit_code());
        }
    }
}
