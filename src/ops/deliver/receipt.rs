//! What became of a delivery: said in words, and read back from them.

use std::fmt;

use crate::core::target::Target;

/// What became of one delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Where the value went, as the person named it.
    pub target: Target,
    /// The same place with everything named; `None` where nobody looked.
    pub exact: Option<Target>,
    /// What became of it.
    pub state: ReceiptState,
}

/// What a receipt says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReceiptState {
    /// The target took the value.
    Stored {
        /// How that was seen.
        verified: Verified,
    },
    /// It did not, or gives back something else.
    Failed {
        /// Why, cleaned and without the value.
        why: String,
    },
}

/// How it was seen that a value is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verified {
    /// It was read back, and is the same.
    Yes,
    /// It cannot be read back; the target says that it changed just now.
    ByDate,
    /// The target has no way to tell.
    NotPossible,
    /// There is a way, which did not tell; says why.
    Unread(String),
}

/// How a receipt begins whose target was not read back; why follows.
const UNREAD: &str = "stored, not verified: ";
/// Between a target that left something open and the exact place that was meant.
const PINNED: &str = ", which is ";

impl Receipt {
    /// Whether the target took the value, verified or not.
    #[must_use]
    pub fn is_stored(&self) -> bool {
        matches!(self.state, ReceiptState::Stored { .. })
    }

    /// Reads a receipt back from its own words, as they are in the log.
    #[must_use]
    pub fn read(words: &str) -> Option<Self> {
        let (target, state) = match (words.find(": stored"), words.find(": failed: ")) {
            (Some(at), failed) if failed.is_none_or(|failed| at < failed) => words.split_at_checked(at)?,
            (_, Some(at)) => words.split_at_checked(at)?,
            (_, None) => return None,
        };
        let state = state.strip_prefix(": ")?;
        let known = [Verified::Yes, Verified::ByDate, Verified::NotPossible];
        let state = match state.strip_prefix("failed: ") {
            Some(why) => ReceiptState::Failed { why: why.to_owned() },
            None => ReceiptState::Stored {
                verified: match known.into_iter().find(|verified| verified.to_string() == state) {
                    Some(verified) => verified,
                    None => Verified::Unread(state.strip_prefix(UNREAD)?.to_owned()),
                },
            },
        };
        let (target, exact) = match target.split_once(PINNED) {
            Some((target, exact)) => (target, Some(Target::parse(exact.strip_suffix(" now")?).ok()?)),
            None => (target, None),
        };
        let target = Target::parse(target).ok()?;
        Some(Self { target, exact, state })
    }
}

impl fmt::Display for ReceiptState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stored { verified } => verified.fmt(f),
            Self::Failed { why } => write!(f, "failed: {}", sentence(why)),
        }
    }
}

/// [`Receipt::read`] finds these words in older logs, so they stay as they are.
impl fmt::Display for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Yes => f.write_str("stored, and read back the same"),
            Self::ByDate => f.write_str("stored: it changed there just now, and its value cannot be read back"),
            Self::NotPossible => f.write_str("stored, not verified"),
            Self::Unread(why) => write!(f, "{UNREAD}{}", sentence(why)),
        }
    }
}

impl fmt::Display for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.target)?;
        if let Some(exact) = self.exact.as_ref().filter(|exact| **exact != self.target) {
            write!(f, "{PINNED}{exact} now")?;
        }
        write!(f, ": {}", self.state)
    }
}

/// `words` with an end.
pub(super) fn sentence(words: &str) -> String {
    if words.ends_with(['.', '!', '?', '…']) {
        words.to_owned()
    } else {
        format!("{words}.")
    }
}
