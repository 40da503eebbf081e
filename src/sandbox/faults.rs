//! What can be made to go wrong.

use std::fmt;

/// The operation a fault is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultEndpoint {
    /// `GET /get-api-keys`.
    List,
    /// `POST /create-api-key`.
    Create,
    /// `DELETE /delete-api-key`.
    Revoke,
    /// `GET /get-teams`.
    Teams,
    /// Each of the four.
    All,
}

impl FaultEndpoint {
    /// Reads the name of an operation on keys, as in `--without list,create`.
    #[must_use]
    pub fn of_operation(word: &str) -> Option<Self> {
        [Self::List, Self::Create, Self::Revoke]
            .into_iter()
            .find(|one| one.word() == word)
    }

    pub(super) const EVERY: [Self; 5] = [Self::List, Self::Create, Self::Revoke, Self::Teams, Self::All];

    /// The word for it in a rule.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Create => "create",
            Self::Revoke => "revoke",
            Self::Teams => "teams",
            Self::All => "all",
        }
    }
}

/// What goes wrong. "After" means: what was asked for is done first, and only then the answer is spoilt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SandboxFault {
    /// Answers this status and does nothing.
    Status(u16),
    /// Does it, then answers this status.
    StatusAfter(u16),
    /// 429 with `Retry-After` in seconds.
    RetryAfter(u32),
    /// 429 with `Retry-After` as a date so many seconds ahead.
    RetryAfterDate(u32),
    /// 400 with a message full of escapes, newlines and bidi controls.
    HostileMessage,
    /// Does it, then answers bytes that are no JSON and no UTF-8.
    Garbage,
    /// Does it, then closes in the middle of the answer's body.
    Truncated,
    /// Does it, then answers without a body.
    Empty,
    /// A sign-in page with status 200; does nothing.
    Html,
    /// Does it, then answers JSON that fits no form of the contract.
    WrongShape,
    /// Does it, then answers more than 100 MiB of JSON.
    Huge,
    /// Does it, then answers a small gzip body that inflates to more than 100 MiB.
    GzipBomb,
    /// Redirects to another host with this status; does nothing.
    Redirect(u16),
    /// Does it, then answers 303.
    Redirect303,
    /// Accepts and never answers; does nothing.
    Hang,
    /// Does it and never answers.
    HangAfter,
    /// Waits so many milliseconds, then does it.
    Slow(u32),
    /// Does it, then waits so many milliseconds before it answers.
    SlowAfter(u32),
    /// Closes the connection and does nothing.
    DropBefore,
    /// Does it, then closes the connection without an answer.
    DropAfter,
    /// Names with escapes, newlines, bidi controls, 5,000 characters, or none.
    HostileNames,
    /// Ids are numbers; revoking takes the number too.
    NumberIds,
    /// `created_at` and `last_used_at` are null.
    NullDates,
    /// Keys have an id and a name and nothing else.
    MissingFields,
    /// Times are seconds since 1970.
    EpochSeconds,
    /// Times are milliseconds since 1970.
    EpochMillis,
    /// Lists do not say their total, page and size.
    NoTotal,
    /// Every page of the list is full of keys not seen before.
    Endless,
    /// The user behind the key is in another team, too, which is listed first.
    TwoTeams,
    /// Accepted and gone from the list, but the value answers 200 so many times more.
    RevokeLate(u32),
    /// Accepted and gone from the list, but the value stays alive.
    RevokeNever,
    /// Accepted, but nothing happens: still listed, still alive.
    RevokeListed,
    /// Accepted, but nothing happens; from then on every request gets 401, as from a server that lost its database.
    LostDatabase,
    /// Answers 404 to a revocation; the key is still listed and alive.
    Gone404,
}

/// Every fault with an example of its argument, and one line about it.
pub const FAULTS: &[(SandboxFault, &str)] = &[
    (SandboxFault::Status(503), "answer this status (200 to 599), do nothing"),
    (SandboxFault::StatusAfter(502), "do it, then answer this status"),
    (
        SandboxFault::RetryAfter(3),
        "429 with Retry-After in seconds, do nothing",
    ),
    (
        SandboxFault::RetryAfterDate(3),
        "429 with Retry-After as a date so many seconds ahead, do nothing",
    ),
    (
        SandboxFault::HostileMessage,
        "400 with a message of escapes, newlines and bidi controls",
    ),
    (
        SandboxFault::Garbage,
        "do it, then answer bytes that are neither JSON nor UTF-8",
    ),
    (
        SandboxFault::Truncated,
        "do it, then break off in the middle of the answer",
    ),
    (SandboxFault::Empty, "do it, then answer with no body"),
    (SandboxFault::Html, "a sign-in page with status 200, do nothing"),
    (SandboxFault::WrongShape, "do it, then answer JSON of no known form"),
    (SandboxFault::Huge, "do it, then answer more than 100 MiB of JSON"),
    (
        SandboxFault::GzipBomb,
        "do it, then answer a gzip body that inflates to more than 100 MiB",
    ),
    (
        SandboxFault::Redirect(302),
        "redirect to another host with this status, do nothing",
    ),
    (SandboxFault::Redirect303, "do it, then answer 303"),
    (SandboxFault::Hang, "accept and never answer, do nothing"),
    (SandboxFault::HangAfter, "do it and never answer"),
    (SandboxFault::Slow(2000), "wait so many milliseconds, then do it"),
    (
        SandboxFault::SlowAfter(2000),
        "do it, then wait so many milliseconds before the answer",
    ),
    (SandboxFault::DropBefore, "close the connection, do nothing"),
    (
        SandboxFault::DropAfter,
        "do it, then close the connection without an answer",
    ),
    (
        SandboxFault::HostileNames,
        "names with escapes, newlines, bidi controls, 5,000 characters, or empty",
    ),
    (SandboxFault::NumberIds, "ids as numbers"),
    (SandboxFault::NullDates, "created_at and last_used_at null"),
    (SandboxFault::MissingFields, "keys with an id and a name only"),
    (SandboxFault::EpochSeconds, "times as seconds since 1970"),
    (SandboxFault::EpochMillis, "times as milliseconds since 1970"),
    (SandboxFault::NoTotal, "lists without total, page and size"),
    (SandboxFault::Endless, "a list whose every page is full of new keys"),
    (
        SandboxFault::TwoTeams,
        "teams only: the key's user is in another team, too, listed first",
    ),
    (
        SandboxFault::RevokeLate(2),
        "revoke only: off the list, but the value answers 200 so many times more",
    ),
    (
        SandboxFault::RevokeNever,
        "revoke only: off the list, but the value stays alive",
    ),
    (
        SandboxFault::RevokeListed,
        "revoke only: accepted, yet still listed and alive",
    ),
    (
        SandboxFault::LostDatabase,
        "revoke only: accepted, yet still alive, and every request after it gets 401",
    ),
    (SandboxFault::Gone404, "revoke only: 404, yet still listed and alive"),
];

/// One line per fault, for help.
#[must_use]
pub fn fault_help() -> String {
    let mut lines =
        String::from("ENDPOINT:FAULT[=NUMBER][:COUNT], ENDPOINT one of list, create, revoke, teams, all:\n");
    for (fault, about) in FAULTS {
        lines.push_str(&format!("  {:<22} {about}\n", fault.to_string()));
    }
    lines
}

impl SandboxFault {
    /// Its name and its argument.
    pub(super) fn parts(self) -> (&'static str, Option<u32>) {
        match self {
            Self::Status(status) => ("status", Some(status.into())),
            Self::StatusAfter(status) => ("status-after", Some(status.into())),
            Self::RetryAfter(seconds) => ("retry-after", Some(seconds)),
            Self::RetryAfterDate(seconds) => ("retry-after-date", Some(seconds)),
            Self::HostileMessage => ("hostile-message", None),
            Self::Garbage => ("garbage", None),
            Self::Truncated => ("truncated", None),
            Self::Empty => ("empty", None),
            Self::Html => ("html", None),
            Self::WrongShape => ("wrong-shape", None),
            Self::Huge => ("huge", None),
            Self::GzipBomb => ("gzip-bomb", None),
            Self::Redirect(status) => ("redirect", Some(status.into())),
            Self::Redirect303 => ("redirect-303", None),
            Self::Hang => ("hang", None),
            Self::HangAfter => ("hang-after", None),
            Self::Slow(millis) => ("slow", Some(millis)),
            Self::SlowAfter(millis) => ("slow-after", Some(millis)),
            Self::DropBefore => ("drop-before", None),
            Self::DropAfter => ("drop-after", None),
            Self::HostileNames => ("hostile-names", None),
            Self::NumberIds => ("number-ids", None),
            Self::NullDates => ("null-dates", None),
            Self::MissingFields => ("missing-fields", None),
            Self::EpochSeconds => ("epoch-seconds", None),
            Self::EpochMillis => ("epoch-millis", None),
            Self::NoTotal => ("no-total", None),
            Self::Endless => ("endless", None),
            Self::TwoTeams => ("two-teams", None),
            Self::RevokeLate(times) => ("revoke-late", Some(times)),
            Self::RevokeNever => ("revoke-never", None),
            Self::RevokeListed => ("revoke-listed", None),
            Self::LostDatabase => ("lost-database", None),
            Self::Gone404 => ("gone-404", None),
        }
    }

    /// The same fault with another argument; `None` where the argument is out of range.
    pub(super) fn with(self, number: u32) -> Option<Self> {
        let status = |from: u16, to: u16| u16::try_from(number).ok().filter(|n| (from..=to).contains(n));
        Some(match self {
            Self::Status(_) => Self::Status(status(200, 599)?),
            Self::StatusAfter(_) => Self::StatusAfter(status(200, 599)?),
            Self::Redirect(_) => Self::Redirect(status(300, 399)?),
            Self::RetryAfter(_) => Self::RetryAfter(number),
            Self::RetryAfterDate(_) => Self::RetryAfterDate(number),
            Self::Slow(_) => Self::Slow(number),
            Self::SlowAfter(_) => Self::SlowAfter(number),
            Self::RevokeLate(_) => Self::RevokeLate(number),
            _ => return None,
        })
    }

    /// Whether it makes sense for this operation.
    pub(super) fn fits(self, endpoint: FaultEndpoint) -> bool {
        match self {
            Self::RevokeLate(_) | Self::RevokeNever | Self::RevokeListed | Self::LostDatabase | Self::Gone404 => {
                endpoint == FaultEndpoint::Revoke
            }
            Self::NoTotal | Self::Endless => endpoint == FaultEndpoint::List,
            Self::TwoTeams => endpoint == FaultEndpoint::Teams,
            _ => true,
        }
    }
}

impl fmt::Display for SandboxFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.parts() {
            (name, None) => f.write_str(name),
            (name, Some(number)) => write!(f, "{name}={number}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_has_one_line_for_each_fault() {
        assert_eq!(fault_help().lines().count(), FAULTS.len() + 1);
    }
}
