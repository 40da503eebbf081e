//! A credential store that forgets everything when the program ends.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::core::secret::Secret;
use crate::ports::{Account, Answer, CredentialStore, StoreError};

/// [`CredentialStore`] in memory: the sandbox touches no keyring of the person's.
#[derive(Debug, Default)]
pub struct MemoryStore {
    items: Mutex<HashMap<Account, Arc<Secret>>>,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many items it holds.
    #[must_use]
    pub fn count(&self) -> usize {
        self.items().len()
    }

    fn items(&self) -> MutexGuard<'_, HashMap<Account, Arc<Secret>>> {
        self.items.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CredentialStore for MemoryStore {
    fn get<'a>(&'a self, account: &'a Account) -> Answer<'a, Result<Option<Secret>, StoreError>> {
        Box::pin(async move {
            let item = self.items().get(account).map(Arc::clone);
            match item {
                None => Ok(None),
                Some(value) => Secret::parse(value.expose())
                    .map(Some)
                    .map_err(|_| StoreError::Unreadable),
            }
        })
    }

    fn set<'a>(&'a self, account: &'a Account, value: Arc<Secret>) -> Answer<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.items().insert(account.clone(), value);
            Ok(())
        })
    }

    fn delete<'a>(&'a self, account: &'a Account) -> Answer<'a, Result<bool, StoreError>> {
        Box::pin(async move { Ok(self.items().remove(account).is_some()) })
    }

    fn display_name(&self) -> &'static str {
        "the sandbox's memory"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::BaseUrl;

    #[tokio::test]
    async fn an_item_is_kept_until_it_is_deleted() {
        let store = MemoryStore::new();
        let account = Account::credential("default", &BaseUrl::parse("http://127.0.0.1:1").unwrap());
        assert!(store.get(&account).await.unwrap().is_none());
        store
            .set(&account, Arc::new(Secret::parse("cz_first").unwrap()))
            .await
            .unwrap();
        store
            .set(&account, Arc::new(Secret::parse("cz_second").unwrap()))
            .await
            .unwrap();
        assert_eq!(store.get(&account).await.unwrap().unwrap().expose(), "cz_second");
        assert_eq!(store.delete(&account).await, Ok(true));
        assert_eq!(store.delete(&account).await, Ok(false));
    }
}
