//! What was asked of the sandbox, for tests to look at. Paths carry ids and page numbers only, never a value.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Requests kept; older ones are dropped.
const KEPT: usize = 40_000;

/// One request, and what it was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestRecord {
    /// The method.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// The key it came with, where that was accepted.
    pub key_id: Option<String>,
    /// The status it was answered; `None` while it has none, or when the connection was closed without one.
    pub status: Option<u16>,
}

/// The latest requests.
#[derive(Default)]
pub(super) struct RequestLog(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    dropped: usize,
    records: VecDeque<RequestRecord>,
}

/// Names one request in the log.
#[derive(Clone, Copy)]
pub(super) struct Ticket(usize);

impl RequestLog {
    /// Writes down a request that has just come in.
    pub(super) fn begin(&self, method: &str, path: &str) -> Ticket {
        let mut inner = self.inner();
        if inner.records.len() == KEPT {
            inner.records.pop_front();
            inner.dropped += 1;
        }
        inner.records.push_back(RequestRecord {
            method: method.to_owned(),
            path: path.to_owned(),
            key_id: None,
            status: None,
        });
        Ticket(inner.dropped + inner.records.len() - 1)
    }

    /// Adds what it was answered.
    pub(super) fn end(&self, ticket: Ticket, status: u16, key_id: Option<String>) {
        let mut inner = self.inner();
        let Some(at) = ticket.0.checked_sub(inner.dropped) else {
            return;
        };
        if let Some(record) = inner.records.get_mut(at) {
            record.status = Some(status);
            record.key_id = key_id;
        }
    }

    pub(super) fn all(&self) -> Vec<RequestRecord> {
        self.inner().records.iter().cloned().collect()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_finds_its_request_after_older_ones_were_dropped() {
        let log = RequestLog::default();
        let old = log.begin("GET", "/old");
        let tickets: Vec<_> = (0..KEPT).map(|_| log.begin("GET", "/x")).collect();
        log.end(old, 200, None);
        log.end(tickets[0], 201, Some("key_1".to_owned()));
        let all = log.all();
        assert_eq!(all.len(), KEPT);
        assert_eq!((all[0].status, all[1].status), (Some(201), None));
    }
}
