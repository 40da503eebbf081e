//! What the unit tests of this face share.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use jiff::Timestamp;

use crate::core::key::{ApiKey, KeyId, LastUse, Own, Team};
use crate::core::listing::{ListedKey, Listing, Source};
use crate::core::team::TeamIdentity;
use crate::core::text::Label;

/// A writer whose text can be read back.
#[derive(Clone, Default)]
pub(crate) struct Capture(Arc<Mutex<Vec<u8>>>);

impl Capture {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Capture {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A pipe whose reader has left.
pub(crate) struct Closed;

impl Write for Closed {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn key(id: &str, name: &str) -> ListedKey {
    ListedKey {
        key: ApiKey {
            id: KeyId::new(id).unwrap(),
            name: Label::new(name),
            created_at: Some(at("2026-11-01T08:00:00.75Z")),
            last_used_at: LastUse::Never,
            created_by: Some(Label::new("amina@acme.example")),
            prefix: Some(Label::new("cz_Iz1P")),
            last_four: Some(Label::new("CpSn")),
        },
        own: Own::No,
        source: Source::Api,
    }
}

pub(crate) fn listing(keys: Vec<ListedKey>) -> Listing {
    Listing {
        team: TeamIdentity::One(Team {
            id: Label::new("team_1"),
            name: Label::new("Acme Support"),
        }),
        keys,
        complete: true,
        odd: Default::default(),
        as_of: at("2026-11-22T12:00:00Z"),
    }
}
