//! A calendar: one all-day event a key, with an alarm a week before.

use ics::components::Property;
use ics::parameters::Value;
use ics::properties::{Description, DtStart, Summary, Transp, Trigger};
use ics::{Alarm, Event, ICalendar, escape_text};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use sha2::{Digest, Sha256};

use super::{Report, due_day, owner};
use crate::core::due::DueItem;

/// Octets of a line, without its end (RFC 5545, 3.1).
const LINE: usize = 75;
/// Bytes of a hash that name an event.
const UID_BYTES: usize = 16;

/// A key of unknown age is due on no day, and has no event.
pub(crate) fn draw(report: &Report<'_>) -> String {
    let stamp = TimeZone::UTC.to_datetime(report.as_of).strftime("%Y%m%dT%H%M%SZ");
    let stamp = stamp.to_string();
    let mut calendar = ICalendar::new("2.0", "-//chatzuri-keys//due//EN");
    calendar.push(Property::new("NAME", "API key rotation"));
    calendar.push(Property::new("X-WR-CALNAME", "API key rotation"));
    for item in report.items {
        if let Some(day) = due_day(item) {
            calendar.add_event(event(item, day, stamp.clone()));
        }
    }
    folded(&calendar.to_string())
}

/// The same lines, none longer than 75 octets: the crate does not count the blank that a folded line begins with.
fn folded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut octets = 0;
    for c in text.replace("\r\n ", "").chars() {
        if matches!(c, '\r' | '\n') {
            octets = 0;
        } else if octets + c.len_utf8() > LINE {
            out.push_str("\r\n ");
            octets = 1 + c.len_utf8();
        } else {
            octets += c.len_utf8();
        }
        out.push(c);
    }
    out
}

fn event<'a>(item: &DueItem, day: Date, stamp: String) -> Event<'a> {
    let mut event = Event::new(uid(item), stamp);
    let mut start = DtStart::new(day.strftime("%Y%m%d").to_string());
    start.add(Value::DATE);
    event.push(start);
    let title = format!("Rotate {}", item.key.display_name());
    let title = escape_text(title).into_owned();
    event.push(Summary::new(title.clone()));
    event.push(Description::new(escape_text(description(item)).into_owned()));
    // It takes nobody's time from other things.
    event.push(Transp::transparent());
    event.add_alarm(Alarm::display(Trigger::new("-P7D"), Description::new(title)));
    event
}

fn description(item: &DueItem) -> String {
    let mut lines = vec![format!("Key {} of profile {}", item.key.id, item.profile)];
    if let Some(team) = item.team.shown() {
        lines.push(format!("Team: {team}"));
    }
    if !owner(item).is_empty() {
        lines.push(format!("Owner: {}", owner(item)));
    }
    if let Some(snoozed) = &item.snoozed {
        let reason = snoozed.reason.as_ref();
        let reason = reason.map_or_else(String::new, |reason| format!(": {reason}"));
        lines.push(format!("Snoozed until {}{reason}", snoozed.until));
    }
    lines.join("\n")
}

/// The same key has the same one in every run, so that a calendar moves its event and does not add another.
pub(super) fn uid(item: &DueItem) -> String {
    let mut hash = Sha256::new();
    for part in [item.host.as_str(), &item.profile, item.key.id.raw()] {
        // With its length, so that no two places run into one another.
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let hash = hash.finalize();
    let hex: String = hash.iter().take(UID_BYTES).map(|byte| format!("{byte:02x}")).collect();
    format!("{hex}@chatzuri-keys")
}
