//! One team's place.

use std::sync::Arc;

use crate::core::secret::Secret;
use crate::ops::manual::ManualSettings;
use crate::ports::{Account, BaseUrl, Scope};

/// One team's place: a name, a server, and where its credential comes from.
#[derive(Clone)]
pub struct Profile {
    /// The profile's name.
    pub name: String,
    /// Where its API is.
    pub base_url: BaseUrl,
    /// A command whose standard output is the credential.
    pub credential_command: Option<Vec<String>>,
    /// The credential from the environment, which overrides every other.
    pub from_environment: Option<Arc<Secret>>,
    /// How its operations on keys are done, where the config settles it.
    pub manual: ManualSettings,
    /// The other profiles of the same server: their credentials show whether it still takes any.
    pub peers: Vec<Profile>,
}

impl Profile {
    /// Whose rows in the journal are its own: a credential from outside says for itself which team it opens.
    #[must_use]
    pub fn scope(&self) -> Scope {
        let host = self.base_url.host().to_owned();
        match &self.from_environment {
            Some(value) => Scope::Credential {
                host,
                value: Arc::clone(value),
            },
            None => Scope::Profile {
                name: self.name.clone(),
                host,
            },
        }
    }

    /// The name of its credential in the store.
    #[must_use]
    pub fn account(&self) -> Account {
        Account::credential(&self.name, &self.base_url)
    }
}
