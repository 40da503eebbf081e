//! A kept credential stays with the origin it was given for.

use std::sync::Arc;

use chatzuri_keys::adapters::memory_store::MemoryStore;
use chatzuri_keys::core::secret::Secret;
use chatzuri_keys::ops::sign_in::{Profile, kept};
use chatzuri_keys::ports::{Account, BaseUrl, CredentialStore};

use crate::support::stage::{Set, Stage};

const VALUE: &str = "cz_Iz1P0123456789abcdefCpSn";
const SECURE: &str = "https://127.0.0.1:4010/api/v1";
const PLAIN: &str = "http://127.0.0.1:4010/api/v1";

fn url(text: &str) -> BaseUrl {
    BaseUrl::parse(text).unwrap()
}

fn profile(base_url: &str) -> Profile {
    Profile {
        name: "acme".to_owned(),
        base_url: url(base_url),
        credential_command: None,
        from_environment: None,
        manual: Default::default(),
        peers: Vec::new(),
    }
}

/// A store with one item.
async fn store_of(account: &Account) -> MemoryStore {
    let store = MemoryStore::new();
    store
        .set(account, Arc::new(Secret::parse(VALUE).unwrap()))
        .await
        .unwrap();
    store
}

async fn found(store: &MemoryStore, base_url: &str) -> bool {
    kept(store, &profile(base_url)).await.unwrap().is_some()
}

#[tokio::test]
async fn another_address_in_the_config_takes_no_kept_credential_along() {
    let store = store_of(&Account::credential("acme", &url(SECURE))).await;
    assert!(found(&store, SECURE).await);
    assert!(found(&store, "https://127.0.0.1:4010/api/v2").await, "the same origin");
    for other in [
        PLAIN,
        "https://127.0.0.1:4011/api/v1",
        "https://127.0.0.1/api/v1",
        "https://localhost:4010/api/v1",
        "https://127.0.0.1.evil.example:4010/api/v1",
    ] {
        assert!(!found(&store, other).await, "{other}");
    }
}

#[tokio::test]
async fn an_item_named_without_a_scheme_is_read_for_https_alone_and_moved() {
    let old = Account::credential_without_scheme("acme", &url(SECURE)).unwrap();
    let store = store_of(&old).await;
    assert!(!found(&store, PLAIN).await);
    assert!(store.get(&old).await.unwrap().is_some(), "left where it is");
    assert!(found(&store, SECURE).await);
    assert!(store.get(&old).await.unwrap().is_none(), "moved");
    assert!(found(&store, SECURE).await && store.count() == 1);
    assert!(!found(&store, PLAIN).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_kept_for_https_goes_to_no_server_that_speaks_http_at_the_same_place() {
    let mut stage = Stage::set(Set {
        signed_in: false,
        ..Set::default()
    })
    .await;
    let value = || Arc::new(Secret::parse(stage.sandbox.credential.expose()).unwrap());
    let secure = url(&stage.sandbox.base_url.replace("http://", "https://"));
    stage
        .store
        .set(&Account::credential("default", &secure), value())
        .await
        .unwrap();
    // As it was called before the scheme was in its name: kept for https, as all but the loopback's.
    let before = Account::credential_without_scheme("default", &secure).unwrap();
    stage.store.set(&before, value()).await.unwrap();
    stage.start().await;
    stage.expect("Sign in to 127.0.0.1");
    assert!(stage.sandbox.request_log().is_empty());
}
