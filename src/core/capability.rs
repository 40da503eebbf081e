//! How an operation on keys is done: by its endpoint, or by a person in the browser and by us around it.

use crate::core::text::Label;

/// How one operation is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Capability {
    /// Its endpoint is there.
    Endpoint,
    /// The server has no such endpoint: the person clicks, and we do the rest.
    Manual,
    /// Nobody has asked yet, or the answer did not tell: the endpoint is tried.
    #[default]
    Unknown,
}

impl Capability {
    /// The word in config and in machine output.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Endpoint => "api",
            Self::Manual => "manual",
            Self::Unknown => "unknown",
        }
    }
}

/// What was seen of an operation's endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndpointState {
    /// It did what it was asked. It is expected to from then on: an answer that looks like a missing endpoint is an error.
    Worked,
    /// It answered a look as an endpoint does.
    There,
    /// The server has no such endpoint.
    Missing,
}

impl EndpointState {
    const ALL: [Self; 3] = [Self::Worked, Self::There, Self::Missing];

    /// The word in the journal.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Worked => "worked",
            Self::There => "api",
            Self::Missing => "assisted",
        }
    }

    /// Reads a word back.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }

    /// How the operation is done, then.
    #[must_use]
    pub fn capability(self) -> Capability {
        match self {
            Self::Worked | Self::There => Capability::Endpoint,
            Self::Missing => Capability::Manual,
        }
    }

    /// Whether it counts for good; the others are looked at again.
    #[must_use]
    pub fn lasts(self) -> bool {
        self == Self::Worked
    }
}

/// How each of the three operations on keys is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Capabilities {
    /// Listing.
    pub list: Capability,
    /// Creating.
    pub create: Capability,
    /// Revoking.
    pub revoke: Capability,
}

impl Capabilities {
    /// Each operation's word and its way.
    #[must_use]
    pub fn each(self) -> [(&'static str, Capability); 3] {
        [("list", self.list), ("create", self.create), ("revoke", self.revoke)]
    }

    /// The words of the operations that are manual.
    #[must_use]
    pub fn manual(self) -> Vec<&'static str> {
        let each = self.each().into_iter();
        each.filter(|(_, capability)| *capability == Capability::Manual)
            .map(|(word, _)| word)
            .collect()
    }
}

/// Whether an address is a page to sign in on, by the words in its path.
#[must_use]
pub fn is_sign_in(address: &Label) -> bool {
    const WORDS: [&str; 8] = [
        "login", "log-in", "signin", "sign-in", "sign_in", "sso", "auth", "session",
    ];
    let address = address.raw().to_ascii_lowercase();
    let path = address.split_once("://").map_or(address.as_str(), |(_, rest)| rest);
    let parts = path.split(['/', '?', '.', '#']).skip(1);
    parts.into_iter().any(|part| {
        WORDS
            .iter()
            .any(|word| part == *word || part.strip_suffix('s') == Some(*word))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sighting_is_read_back_by_its_word() {
        for state in EndpointState::ALL {
            assert_eq!(EndpointState::of_word(state.word()), Some(state));
        }
        assert_eq!(EndpointState::of_word("whatever"), None);
        let capabilities = Capabilities {
            create: Capability::Manual,
            revoke: Capability::Manual,
            ..Capabilities::default()
        };
        assert_eq!(capabilities.manual(), ["create", "revoke"]);
    }

    #[test]
    fn a_page_to_sign_in_on_is_told_by_its_path_alone() {
        for page in [
            "https://chatzuri.example/login",
            "https://chatzuri.example/Sign-In",
            "https://id.chatzuri.example/auth/start",
            "https://chatzuri.example/sessions/new",
            "https://chatzuri.example/login.html",
        ] {
            assert!(is_sign_in(&Label::new(page)), "{page}");
        }
        for other in [
            "https://login.example/api/v2/get-api-keys",
            "https://chatzuri.example/authors",
            "https://elsewhere.example/api/v1/get-api-keys",
            "nowhere",
        ] {
            assert!(!is_sign_in(&Label::new(other)), "{other}");
        }
    }
}
