//! What was done with a new value before now, as the log has it.

use jiff::Timestamp;

use crate::core::activity::{Activity, ActivityKind};
use crate::core::creation::Creation;
use crate::core::target::Target;
use crate::ops::deliver::{Receipt, ReceiptState};
use crate::ports::{JournalError, LogQuery, Ports};

/// The place of a copy, in the log.
pub const CLIPBOARD: &str = "the clipboard";

/// What was done with a new value before now.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Trail {
    /// When it was last copied, by our clock.
    pub copied: Option<Timestamp>,
    /// The newest receipt of each target, and when it came, by our clock.
    pub receipts: Vec<(Receipt, Timestamp)>,
}

impl Trail {
    /// Reads the lines of the log about one key, oldest first.
    #[must_use]
    pub fn of<'a>(lines: impl IntoIterator<Item = &'a Activity>) -> Self {
        let mut trail = Self::default();
        for line in lines.into_iter().filter(|line| line.action == ActivityKind::Deliver) {
            let detail = line.detail.raw();
            if detail == CLIPBOARD {
                trail.copied = Some(line.at);
            }
            let Some(receipt) = Receipt::read(detail) else { continue };
            match trail
                .receipts
                .iter_mut()
                .find(|(kept, _)| kept.target == receipt.target)
            {
                Some(kept) => *kept = (receipt, line.at),
                None => trail.receipts.push((receipt, line.at)),
            }
        }
        trail
    }

    /// Whether somebody may have the value.
    #[must_use]
    pub fn is_anywhere(&self) -> bool {
        self.copied.is_some() || self.stored().next().is_some()
    }

    /// The targets that took the value.
    pub fn stored(&self) -> impl Iterator<Item = &Target> {
        self.targets(Receipt::is_stored)
    }

    /// The targets that did not take it.
    pub fn failed(&self) -> impl Iterator<Item = &Target> {
        self.targets(|receipt| matches!(receipt.state, ReceiptState::Failed { .. }))
    }

    fn targets(&self, wanted: impl Fn(&Receipt) -> bool) -> impl Iterator<Item = &Target> {
        let receipts = self.receipts.iter().filter(move |(receipt, _)| wanted(receipt));
        receipts.map(|(receipt, _)| &receipt.target)
    }
}

/// What was done with the value of a creation, from whichever profile.
///
/// # Errors
/// The log cannot be read: then nobody knows where the value went.
pub async fn trail(ports: &Ports, creation: &Creation) -> Result<Trail, JournalError> {
    let Some(minted) = &creation.minted else {
        return Ok(Trail::default());
    };
    let query = LogQuery {
        key: Some(minted.id.raw().to_owned()),
        ..LogQuery::default()
    };
    let lines = ports.journal.log(query).await?;
    let is_its = |line: &&Activity| line.key.as_ref().is_some_and(|(id, _)| *id == minted.id);
    Ok(Trail::of(lines.iter().filter(is_its)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::key::KeyId;
    use crate::core::text::Label;

    fn line(second: i64, outcome: &str, detail: &str) -> Activity {
        Activity {
            at: Timestamp::from_second(second).unwrap(),
            actor: Label::new("amina"),
            profile: "default".to_owned(),
            action: ActivityKind::Deliver,
            key: Some((KeyId::new("key_1").unwrap(), Label::new("Zapier"))),
            outcome: outcome.to_owned(),
            detail: Label::new(detail),
        }
    }

    #[test]
    fn the_newest_receipt_of_each_target_counts() {
        let lines = [
            line(1, "failed", "shelf: failed: no room."),
            line(2, "delivered", CLIPBOARD),
            line(3, "delivered", "pass:a b: stored, and read back the same"),
            line(4, "delivered", "shelf: stored, not verified"),
            line(5, "failed", "locker: failed: no key."),
        ];
        let trail = Trail::of(&lines);
        assert_eq!(trail.copied, Some(Timestamp::from_second(2).unwrap()));
        let names = |targets: Vec<&Target>| targets.into_iter().map(Target::to_string).collect::<Vec<_>>();
        assert_eq!(names(trail.stored().collect()), ["shelf", "pass:a b"]);
        assert_eq!(names(trail.failed().collect()), ["locker"]);
        assert_eq!(trail.receipts.first().unwrap().1, Timestamp::from_second(4).unwrap());
    }
}
