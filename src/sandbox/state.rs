//! What every request needs: the store, the clock, what goes wrong, and how an error is worded.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::clock::SandboxClock;
use super::error::SandboxError;
use super::faults::FaultEndpoint;
use super::log::RequestLog;
use super::mint;
use super::rules::FaultBook;
use super::store::{Death, KeyRow, NewRow, Store};
use crate::core::secret::Secret;

/// Where the API lies on this server.
pub(super) const API: &str = "/api/v1";

/// Everything a request needs.
pub(super) struct Server {
    pub(super) store: Store,
    pub(super) clock: SandboxClock,
    pub(super) faults: FaultBook,
    pub(super) log: RequestLog,
    pub(super) latency: Duration,
    /// Operations whose endpoints are left out.
    pub(super) without: Mutex<Vec<FaultEndpoint>>,
    pub(super) port: u16,
}

impl Server {
    pub(super) fn lacks(&self, endpoint: FaultEndpoint) -> bool {
        self.without
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .contains(&endpoint)
    }

    /// Makes a key and keeps its hash; answers the row and the value.
    pub(super) fn make(&self, name: &str, created_by: Option<&str>) -> Result<(KeyRow, Secret), SandboxError> {
        let value = mint::secret()?;
        let (prefix, last_four) = (value.prefix(), value.last_four());
        let id = mint::key_id()?;
        let key = NewRow {
            id: &id,
            name,
            created_at: self.clock.now(),
            last_used_at: None,
            created_by,
            prefix: prefix.raw(),
            last_four: last_four.raw(),
            hash: &mint::hash(&value),
        };
        self.store.add(&key)?;
        Ok((key.row(), value))
    }
}

/// What a fault makes of a revocation.
#[derive(Debug, Clone, Copy)]
pub(super) enum RevokeTrick {
    /// The key leaves the list, and its value dies like this.
    Dies(Death),
    /// 200, and nothing happens.
    AcceptsOnly,
    /// 404, and nothing happens.
    Denies,
}

/// An error as the vendor words it: a status, and a message in JSON.
pub(super) fn failure(status: StatusCode, message: &str) -> Response {
    (status, Json(json!({ "message": message }))).into_response()
}
