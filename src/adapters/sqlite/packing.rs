//! A list as bytes. It is read before the first frame: JSON takes several times as long.
//!
//! Numbers are little-endian, or of variable length (7 bits a byte, the lowest first); a text is its length in bytes and
//! its UTF-8; a time is seconds (8 bytes) and nanoseconds (4).

use jiff::Timestamp;

use crate::core::key::{ApiKey, KeyId, LastUse, Own, Team};
use crate::core::listing::{ListedKey, Listing, Source};
use crate::core::team::TeamIdentity;
use crate::core::text::Label;

/// The first byte; another one is another form.
const FORM: u8 = 3;

const COMPLETE: u8 = 1;
const TEAM: u8 = 2;
const TEAMS: u8 = 4;

// What one byte says of a key.
const OWN_YES: u8 = 1;
const OWN_NO: u8 = 2;
const CREATED_AT: u8 = 4;
const USED_NEVER: u8 = 8;
const USED_AT: u8 = 16;
const CREATED_BY: u8 = 32;
const PREFIX: u8 = 64;
const LAST_FOUR: u8 = 128;

// What a second byte says of it.
const TRACKED: u8 = 1;
const OWNER: u8 = 2;

/// A list as bytes.
pub(super) fn pack(listing: &Listing) -> Vec<u8> {
    let mut out = Vec::with_capacity(64 + listing.keys.len() * 128);
    out.push(FORM);
    out.push(
        flag(listing.complete, COMPLETE)
            | match &listing.team {
                TeamIdentity::Unknown => 0,
                TeamIdentity::One(_) => TEAM,
                TeamIdentity::OneOf(_) => TEAMS,
            },
    );
    put_time(&mut out, listing.as_of);
    let teams = listing.team.teams();
    if teams.len() > 1 {
        put_number(&mut out, teams.len());
    }
    for team in teams {
        put_text(&mut out, team.id.raw());
        put_text(&mut out, team.name.raw());
    }
    put_number(&mut out, listing.keys.len());
    for ListedKey { key, own, source } in &listing.keys {
        out.push(
            match own {
                Own::Yes => OWN_YES,
                Own::No => OWN_NO,
                Own::Unknown => 0,
            } | match key.last_used_at {
                LastUse::Unknown => 0,
                LastUse::Never => USED_NEVER,
                LastUse::At(_) => USED_AT,
            } | flag(key.created_at.is_some(), CREATED_AT)
                | flag(key.created_by.is_some(), CREATED_BY)
                | flag(key.prefix.is_some(), PREFIX)
                | flag(key.last_four.is_some(), LAST_FOUR),
        );
        let owner = match source {
            // Found out again with every reading.
            Source::Api | Source::Both { .. } => None,
            Source::Tracked { owner } => owner.as_ref(),
        };
        let tracked = matches!(source, Source::Tracked { .. });
        out.push(flag(tracked, TRACKED) | flag(owner.is_some(), OWNER));
        put_text(&mut out, key.id.raw());
        put_text(&mut out, key.name.raw());
        for time in [key.created_at, key.last_used_at.time()].into_iter().flatten() {
            put_time(&mut out, time);
        }
        let ends = [&key.created_by, &key.prefix, &key.last_four].into_iter().flatten();
        for text in ends.chain(owner) {
            put_text(&mut out, text.raw());
        }
    }
    out
}

/// A list of bytes; `None` where they are not one.
pub(super) fn unpack(bytes: &[u8]) -> Option<Listing> {
    let mut rest = Rest(bytes);
    if rest.byte()? != FORM {
        return None;
    }
    let flags = rest.byte()?;
    let as_of = rest.time()?;
    let teams = match flags & (TEAM | TEAMS) {
        0 => 0,
        TEAM => 1,
        _ => rest.number()?,
    };
    let mut team = Vec::new();
    for _ in 0..teams {
        team.push(Team {
            id: rest.label()?,
            name: rest.label()?,
        });
    }
    let team = TeamIdentity::of(team);
    let count = rest.number()?;
    // A key takes three bytes at the least, so a damaged count does not fill the memory.
    let mut keys = Vec::with_capacity(count.min(rest.0.len() / 3));
    for _ in 0..count {
        keys.push(rest.key()?);
    }
    rest.0.is_empty().then_some(Listing {
        team,
        keys,
        complete: flags & COMPLETE != 0,
        odd: Default::default(),
        as_of,
    })
}

fn flag(on: bool, bit: u8) -> u8 {
    if on { bit } else { 0 }
}

fn put_number(out: &mut Vec<u8>, mut number: usize) {
    while number >= 0x80 {
        out.push(low_bits(number) | 0x80);
        number >>= 7;
    }
    out.push(low_bits(number));
}

fn low_bits(number: usize) -> u8 {
    let [lowest, ..] = number.to_le_bytes();
    lowest & 0x7f
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    put_number(out, text.len());
    out.extend_from_slice(text.as_bytes());
}

fn put_time(out: &mut Vec<u8>, time: Timestamp) {
    out.extend_from_slice(&time.as_second().to_le_bytes());
    out.extend_from_slice(&time.subsec_nanosecond().to_le_bytes());
}

/// What is left to read.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn byte(&mut self) -> Option<u8> {
        self.array().map(|[byte]| byte)
    }

    fn number(&mut self) -> Option<usize> {
        let mut number = 0;
        for shift in (0..usize::BITS).step_by(7) {
            let byte = self.byte()?;
            number |= usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    fn text(&mut self) -> Option<&'a str> {
        let length = self.number()?;
        std::str::from_utf8(self.take(length)?).ok()
    }

    fn label(&mut self) -> Option<Label> {
        self.text().map(Label::new)
    }

    fn time(&mut self) -> Option<Timestamp> {
        let seconds = i64::from_le_bytes(self.array()?);
        Timestamp::new(seconds, i32::from_le_bytes(self.array()?)).ok()
    }

    fn key(&mut self) -> Option<ListedKey> {
        let flags = self.byte()?;
        let has = |bit: u8| flags & bit != 0;
        let told = self.byte()?;
        let id = KeyId::new(self.text()?)?;
        let name = self.label()?;
        let created_at = if has(CREATED_AT) { Some(self.time()?) } else { None };
        let last_used_at = match (has(USED_AT), has(USED_NEVER)) {
            (true, _) => LastUse::At(self.time()?),
            (false, true) => LastUse::Never,
            (false, false) => LastUse::Unknown,
        };
        let mut optional = |bit: u8| if has(bit) { self.label().map(Some) } else { Some(None) };
        let key = ApiKey {
            id,
            name,
            created_at,
            last_used_at,
            created_by: optional(CREATED_BY)?,
            prefix: optional(PREFIX)?,
            last_four: optional(LAST_FOUR)?,
        };
        let owner = if told & OWNER != 0 { Some(self.label()?) } else { None };
        Some(ListedKey {
            key,
            source: if told & TRACKED != 0 {
                Source::Tracked { owner }
            } else {
                Source::Api
            },
            own: match (has(OWN_YES), has(OWN_NO)) {
                (true, _) => Own::Yes,
                (false, true) => Own::No,
                (false, false) => Own::Unknown,
            },
        })
    }
}
