//! Create a key.

use std::fmt;

use crate::core::key::KeyName;
use crate::ports::{ApiError, Consequence, CreatedKey, KeyApi};

/// A creation that brought no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateError {
    name: KeyName,
    error: ApiError,
}

impl CreateError {
    /// A creation of `name` that failed so.
    #[must_use]
    pub fn new(name: KeyName, error: ApiError) -> Self {
        Self { name, error }
    }

    /// Whether the key may exist all the same, with a value nobody has.
    #[must_use]
    pub fn may_exist(&self) -> bool {
        self.error.consequence == Consequence::Possible
    }

    /// What the API said.
    #[must_use]
    pub fn cause(&self) -> &ApiError {
        &self.error
    }
}

impl fmt::Display for CreateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, error } = self;
        if self.may_exist() {
            write!(
                f,
                "It is not known whether “{name}” was created. {error} Look for it in the list before you try again: if \
                 it is there, its value is lost, so revoke it and create another."
            )
        } else {
            write!(f, "“{name}” was not created. {error}")
        }
    }
}

impl std::error::Error for CreateError {}

/// Creates a key named `name`; the request is sent once.
///
/// # Errors
/// [`CreateError`], which says whether the key may exist.
pub async fn create(api: &dyn KeyApi, name: KeyName) -> Result<CreatedKey, CreateError> {
    api.create(&name).await.map_err(|error| CreateError::new(name, error))
}
