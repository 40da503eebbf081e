//! The rules that say when which fault happens.

use std::fmt;
use std::str::FromStr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::faults::{FAULTS, FaultEndpoint, SandboxFault};
use crate::core::text::{clean, fit};

/// When which fault happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FaultRule {
    /// The operation it is for.
    pub endpoint: FaultEndpoint,
    /// What goes wrong.
    pub fault: SandboxFault,
    /// How many times; `None` = always. Rules for the same operation are used up in the order they were given.
    pub count: Option<u32>,
}

/// Why a text is no fault rule, in a cleaned sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadFault(String);

impl fmt::Display for BadFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadFault {}

impl FaultRule {
    /// Reads `ENDPOINT:FAULT[=NUMBER][:COUNT]`, as in `list:status=503:2`.
    ///
    /// # Errors
    /// [`BadFault`] says which part is not known.
    pub fn parse(text: &str) -> Result<Self, BadFault> {
        let mut parts = text.split(':');
        let (endpoint, fault) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let count = parts.next();
        if parts.next().is_some() {
            return Err(bad(text, "it has more than three parts"));
        }
        let endpoint = FaultEndpoint::EVERY
            .into_iter()
            .find(|one| one.word() == endpoint)
            .ok_or_else(|| {
                bad(
                    text,
                    "it must begin with list, create, revoke, teams or all and a colon",
                )
            })?;
        let (name, number) = match fault.split_once('=') {
            Some((name, number)) => (name, Some(number)),
            None => (fault, None),
        };
        let example = FAULTS
            .iter()
            .map(|(fault, _)| *fault)
            .find(|fault| fault.parts().0 == name)
            .ok_or_else(|| bad(text, "there is no such fault"))?;
        let fault = match (example.parts().1, number) {
            (None, None) => example,
            (None, Some(_)) => return Err(bad(text, "this fault takes no number")),
            // A redirect is most often wanted as the browser's own.
            (Some(_), None) if matches!(example, SandboxFault::Redirect(_)) => example,
            (Some(_), None) => return Err(bad(text, &format!("it needs a number, as in {example}"))),
            (Some(_), Some(number)) => number
                .parse()
                .ok()
                .and_then(|number| example.with(number))
                .ok_or_else(|| bad(text, "its number is out of range"))?,
        };
        if !fault.fits(endpoint) {
            return Err(bad(text, "this fault belongs to another endpoint"));
        }
        let count = match count.map(str::parse) {
            None => None,
            Some(Ok(count)) => Some(count),
            Some(Err(_)) => return Err(bad(text, "its count is not a number")),
        };
        Ok(Self { endpoint, fault, count })
    }
}

fn bad(text: &str, why: &str) -> BadFault {
    BadFault(format!("“{}” is no fault: {why}.", fit(&clean(text), 60)))
}

impl FromStr for FaultRule {
    type Err = BadFault;

    fn from_str(text: &str) -> Result<Self, BadFault> {
        Self::parse(text)
    }
}

impl fmt::Display for FaultRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.endpoint.word(), self.fault)?;
        match self.count {
            Some(count) => write!(f, ":{count}"),
            None => Ok(()),
        }
    }
}

/// The rules in force, with what is left of their counts.
#[derive(Debug, Default)]
pub(super) struct FaultBook(Mutex<Vec<FaultRule>>);

impl FaultBook {
    pub(super) fn new(rules: Vec<FaultRule>) -> Self {
        Self(Mutex::new(rules))
    }

    pub(super) fn add(&self, rule: FaultRule) {
        self.rules().push(rule);
    }

    pub(super) fn clear(&self) {
        self.rules().clear();
    }

    /// The fault for the next request to `endpoint`, taken off its rule's count.
    pub(super) fn take(&self, endpoint: FaultEndpoint) -> Option<SandboxFault> {
        let mut rules = self.rules();
        let rule = rules
            .iter_mut()
            .find(|rule| (rule.endpoint == endpoint || rule.endpoint == FaultEndpoint::All) && rule.count != Some(0))?;
        rule.count = rule.count.map(|count| count - 1);
        let fault = rule.fault;
        if fault == SandboxFault::LostDatabase {
            let refuses_all = FaultRule {
                endpoint: FaultEndpoint::All,
                fault: SandboxFault::Status(401),
                count: None,
            };
            rules.insert(0, refuses_all);
        }
        Some(fault)
    }

    fn rules(&self) -> MutexGuard<'_, Vec<FaultRule>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_read_back_from_what_it_prints() {
        for (fault, about) in FAULTS {
            let endpoint = FaultEndpoint::EVERY.into_iter().find(|&e| fault.fits(e)).unwrap();
            for count in [None, Some(2)] {
                let rule = FaultRule {
                    endpoint,
                    fault: *fault,
                    count,
                };
                assert_eq!(FaultRule::parse(&rule.to_string()), Ok(rule), "{about}");
            }
        }
    }

    #[test]
    fn a_mistake_is_told_in_cleaned_words() {
        for bad in [
            "",
            "list",
            "list:",
            "garbage",
            "lost:garbage",
            "list:nothing",
            "list:garbage=1",
            "list:status",
            "list:status=99",
            "list:status=600",
            "list:status=x",
            "list:garbage:x",
            "list:garbage:1:1",
            "list:revoke-never",
            "all:gone-404",
            "create:endless",
            "list:redirect=200",
            "list:\u{1b}[31m",
        ] {
            let error = FaultRule::parse(bad).unwrap_err().to_string();
            assert!(!error.contains('\u{1b}'), "{error:?}");
        }
    }

    #[test]
    fn rules_are_used_up_in_order() {
        let rules = ["list:status=503:2", "all:garbage:1"].map(|text| FaultRule::parse(text).unwrap());
        let book = FaultBook::new(rules.to_vec());
        assert_eq!(book.take(FaultEndpoint::List), Some(SandboxFault::Status(503)));
        assert_eq!(book.take(FaultEndpoint::Create), Some(SandboxFault::Garbage));
        assert_eq!(book.take(FaultEndpoint::List), Some(SandboxFault::Status(503)));
        assert_eq!(book.take(FaultEndpoint::List), None);
    }
}
