//! Taking a value to its targets, and what is said of those that did not take it.

use serde::Serialize;

use crate::cli::commands::create::asked::Asked;
use crate::cli::context::Context;
use crate::cli::interrupt::Interrupts;
use crate::core::key::KeyName;
use crate::ops::create::{NewKey, Safety};
use crate::ops::deliver::{Receipt, ReceiptState, Verified};
use crate::ops::handover::{hand_to, interrupted};
use crate::present::words::shell_word;

/// A receipt for machines.
#[derive(Debug, Serialize)]
pub(super) struct ReceiptShape<'a> {
    target: String,
    /// The same place with its context or project named, where the target left that open.
    #[serde(skip_serializing_if = "Option::is_none")]
    exact_target: Option<String>,
    state: &'static str,
    verified: Option<&'static str>,
    detail: Option<&'a str>,
}

impl<'a> ReceiptShape<'a> {
    pub(super) fn of(receipt: &'a Receipt) -> Self {
        let (state, verified, detail) = match &receipt.state {
            ReceiptState::Stored { verified } => match verified {
                Verified::Yes => ("stored", Some("yes"), None),
                Verified::ByDate => ("stored", Some("by_date"), None),
                Verified::NotPossible => ("stored", Some("no"), None),
                Verified::Unread(why) => ("stored", Some("no"), Some(why.as_str())),
            },
            ReceiptState::Failed { why } => ("failed", None, Some(why.as_str())),
        };
        Self {
            target: receipt.target.to_string(),
            exact_target: receipt
                .exact
                .as_ref()
                .filter(|exact| **exact != receipt.target)
                .map(ToString::to_string),
            state,
            verified,
            detail,
        }
    }
}

/// The receipts of a handover, in the order the targets were given.
#[derive(Debug, Default)]
pub(super) struct Receipts {
    pub(super) all: Vec<Receipt>,
    /// A signal came before the last of them.
    pub(super) stopped: bool,
}

impl Receipts {
    pub(super) fn all_stored(&self) -> bool {
        self.all.iter().all(Receipt::is_stored)
    }

    pub(super) fn any_stored(&self) -> bool {
        self.all.iter().any(Receipt::is_stored)
    }

    pub(super) fn targets(&self, stored: bool) -> Vec<String> {
        let wanted = self.all.iter().filter(|receipt| receipt.is_stored() == stored);
        wanted.map(|receipt| receipt.target.to_string()).collect()
    }
}

/// Takes the value to each target in turn, and says what became of it. A signal stops it only where the value is kept.
pub(super) async fn deliver_all(
    context: &mut Context<'_>,
    asked: &Asked<'_>,
    new: &mut NewKey,
    interrupts: &mut Interrupts,
) -> Receipts {
    let mut receipts = Receipts::default();
    let kept = new.safety == Safety::Escrowed;
    for destination in &asked.destinations {
        let receipt = if receipts.stopped {
            interrupted(destination, "interrupted before it began")
        } else {
            let stop = async {
                if kept {
                    interrupts.next().await;
                } else {
                    std::future::pending().await
                }
                receipts.stopped = true;
            };
            let profile = &context.settings.profile;
            let handed = hand_to(context.ports, profile, asked.route(), destination, new, stop).await;
            context.output.unrecorded(&handed.recorded);
            handed.receipt
        };
        if receipt.is_stored() {
            context.output.say(&receipt.to_string());
        } else {
            context.output.warn(&receipt.to_string());
        }
        receipts.all.push(receipt);
    }
    receipts
}

/// What is true and what to do when some target did not take the value.
pub(super) fn what_now(
    called: &str,
    name: &KeyName,
    id: &str,
    safety: &Safety,
    receipts: &Receipts,
    elsewhere: &[&str],
) -> String {
    let failed = receipts.targets(false);
    let count = format!("{} of {}", failed.len(), receipts.all.len());
    let revoke = format!("chatzuri-keys revoke {}", shell_word(id));
    match safety {
        Safety::Escrowed => {
            let again: String = failed
                .iter()
                .map(|target| format!(" --to {}", shell_word(target)))
                .collect();
            // A name that begins with a dash is no option after two dashes.
            let name = name.as_str();
            let command = if name.starts_with('-') {
                format!("chatzuri-keys create --resume{again} -- {}", shell_word(name))
            } else {
                format!("chatzuri-keys create --resume {}{again}", shell_word(name))
            };
            format!(
                "{called}: {count} targets did not accept the value. It is waiting in your keyring.\nTry again: \
                 {command}"
            )
        }
        Safety::MemoryOnly(error) => {
            let mut places = receipts.targets(true);
            places.extend(elsewhere.iter().map(|&place| place.to_owned()));
            format!(
                "{called}: {count} targets did not accept the value, and the keyring could not keep it: {error}. The \
                 only copy is in {}. Copy it from there to {}, or revoke the key and create another: {revoke}",
                places.join(", "),
                failed.join(", ")
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::target::Target;
    use crate::ports::StoreError;

    fn receipt(target: &str, state: ReceiptState) -> Receipt {
        let target = Target::parse(target).unwrap();
        Receipt {
            exact: Some(target.clone()),
            target,
            state,
        }
    }

    fn stored(verified: Verified) -> ReceiptState {
        ReceiptState::Stored { verified }
    }

    fn failed() -> ReceiptState {
        ReceiptState::Failed { why: "x".to_owned() }
    }

    #[test]
    fn a_receipt_says_how_it_is_known() {
        let why = || "the reader may not".to_owned();
        for (state, json) in [
            (stored(Verified::Yes), serde_json::json!(["stored", "yes", null])),
            (stored(Verified::ByDate), serde_json::json!(["stored", "by_date", null])),
            (stored(Verified::NotPossible), serde_json::json!(["stored", "no", null])),
            (
                stored(Verified::Unread(why())),
                serde_json::json!(["stored", "no", why()]),
            ),
            (failed(), serde_json::json!(["failed", null, "x"])),
        ] {
            let receipt = receipt("pass:a b", state);
            let shape = serde_json::to_value(ReceiptShape::of(&receipt)).unwrap();
            assert_eq!(shape["target"], "pass:a b");
            assert_eq!(
                serde_json::json!([shape["state"], shape["verified"], shape["detail"]]),
                json
            );
        }
    }

    fn said(name: &str, safety: &Safety, all: Vec<Receipt>, elsewhere: &[&str]) -> String {
        let receipts = Receipts { all, stopped: false };
        let name = KeyName::parse(name).unwrap();
        what_now("“K” (key_1)", &name, "key_1", safety, &receipts, elsewhere)
    }

    #[test]
    fn only_the_failed_target_is_tried_again() {
        let all = || vec![receipt("a", stored(Verified::Yes)), receipt("pass:b c", failed())];
        let escrowed = said("Old website", &Safety::Escrowed, all(), &[]);
        assert!(
            escrowed.ends_with("chatzuri-keys create --resume 'Old website' --to 'pass:b c'")
                && escrowed.contains("1 of 2 targets"),
            "{escrowed}"
        );
        let dashed = said("-n", &Safety::Escrowed, all(), &[]);
        assert!(dashed.ends_with("create --resume --to 'pass:b c' -- -n"), "{dashed}");
    }

    #[test]
    fn a_value_that_was_not_kept_is_where_it_went() {
        let nowhere = Safety::MemoryOnly(StoreError::Absent);
        let all = vec![receipt("a", stored(Verified::Yes)), receipt("b", failed())];
        let there = said("K", &nowhere, all, &["standard output"]);
        assert!(
            there.contains("The only copy is in a, standard output. Copy it from there to b")
                && !there.contains("lost"),
            "{there}"
        );
    }
}
