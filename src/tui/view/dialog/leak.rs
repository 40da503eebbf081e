//! A leaked value: the facts and their times, then one word.

use jiff::{SignedDuration, Timestamp};
use ratatui::text::Line;

use crate::core::confirm::in_use;
use crate::core::incident::{Fact, How, SeenFact, Timeline};
use crate::core::key::{LastUse, Own};
use crate::core::outcome::Outcome;
use crate::core::secret::NotASecret;
use crate::core::text::{clean, columns, fit};
use crate::ops::leak::{Found, Match, Suspect};
use crate::tui::dialog::sheet::Sheet;
use crate::tui::model::Model;
use crate::tui::model::dialog::Confirm;
use crate::tui::model::leak::{LeakEnd, LeakFlow, LeakStage};
use crate::tui::secret_field::SecretField;
use crate::tui::theme::Role;
use crate::tui::view::relative;
use crate::tui::view::span::span;

/// Facts drawn at least, where there are so many; of more than fit, those up to the revocation and the last ones.
const FEWEST: usize = 5;
/// Facts drawn at most: more would only be more of the same.
const MOST: usize = 14;
/// Of these, so many last ones at least.
const LAST: usize = 3;
/// Rows of the frame, the keys, and the free row under the facts.
const FRAME: usize = 6;
/// Suspects drawn at most.
const SUSPECTS: usize = 6;
/// Columns of a time.
const TIME: usize = 12;
/// Columns of what was seen.
const WHAT: usize = 11;

pub(super) fn sheet(model: &Model, room: u16) -> Sheet {
    let mut sheet = Sheet::new("Leaked key", room.min(86));
    sheet.blank();
    let Some(flow) = &model.leak else {
        return sheet;
    };
    // What stands under the facts is drawn first, so that the facts take what room is left.
    let mut under = Sheet::new("", sheet.width);
    match &flow.stage {
        LeakStage::Asking { field, error } => {
            ask(&mut sheet, model, field, error.as_deref());
            return sheet;
        }
        LeakStage::Searching(_) => under.words(
            model,
            Role::Accent,
            "Reading the list of every signed-in team, then looking for its key…",
        ),
        LeakStage::Found { search, confirm, hint } => {
            if let Found::Key(found) = &search.found {
                subject(&mut sheet, model, &search.timeline);
                let itself = search.timeline.how() == Some(How::Itself);
                warnings(&mut sheet, model, found, itself);
                question(&mut under, model, found.manual, confirm, *hint);
            }
        }
        LeakStage::Killing => {
            if let Some(timeline) = &flow.timeline {
                subject(&mut sheet, model, timeline);
                sheet.blank();
            }
            let facts = flow.timeline.iter().flat_map(|timeline| &timeline.facts);
            let click = facts.rev().find_map(|seen| match &seen.fact {
                Fact::Manual(click) => Some(click),
                _ => None,
            });
            if let Some(click) = click {
                under.words(model, Role::Strong, &format!("{}.", clean(click)));
                under.blank();
            }
            let words = match click {
                Some(_) => "Trying its value until it is dead…",
                None => "Revoking it, and trying its value until it is dead…",
            };
            under.words(model, Role::Accent, words);
        }
        LeakStage::Over(end) => {
            if let Some(timeline) = flow.timeline.as_ref().filter(|timeline| timeline.key.is_some()) {
                subject(&mut sheet, model, timeline);
                sheet.blank();
            }
            over(&mut under, model, flow, end);
        }
    }
    let taken = sheet.lines.len() + under.lines.len() + FRAME;
    facts(&mut sheet, model, flow, usize::from(model.size.1).saturating_sub(taken));
    let above = u16::try_from(sheet.lines.len()).unwrap_or(u16::MAX);
    sheet.lines.append(&mut under.lines);
    sheet.cursor = under.cursor.map(|(line, column)| (line.saturating_add(above), column));
    sheet.role = under.role;
    sheet.hints = under.hints;
    sheet
}

fn ask(sheet: &mut Sheet, model: &Model, field: &SecretField, error: Option<&str>) {
    sheet.words(
        model,
        Role::Plain,
        "Paste the leaked key. It is not shown and not kept. Its key is looked for in every team you are signed in to, and \
         nothing is revoked before you say so.",
    );
    sheet.blank();
    let count = field.count();
    let dots = "•".repeat(count.min(usize::from(sheet.width.saturating_sub(4))));
    sheet.input(model, &dots, dots.chars().count());
    sheet.blank();
    match (field.refused(), error) {
        (Some(bytes), _) => {
            let told = NotASecret::TooLong(bytes).to_string();
            sheet.words(model, Role::Danger, &format!("✗ {told} ^U empties the field."));
        }
        (None, Some(error)) => sheet.words(model, Role::Danger, &format!("✗ {error} ^U empties the field.")),
        (None, None) if count == 0 => sheet.words(
            model,
            Role::Dim,
            "Quotes, “Authorization: Bearer ” and “KEY=” around it are dropped.",
        ),
        (None, None) => sheet.words(model, Role::Dim, &format!("{count} characters.")),
    }
}

/// Which key it is, how that is known, and when it was last used.
fn subject(sheet: &mut Sheet, model: &Model, timeline: &Timeline) {
    let Some(key) = &timeline.key else { return };
    let name = if key.name.is_blank() {
        "(no name)"
    } else {
        key.name.shown()
    };
    let room = sheet.width.saturating_sub(columns(key.id.shown()) + 3);
    sheet.line(Line::from(vec![
        span(model, Role::Strong, fit(name, room).into_owned()),
        span(model, Role::Plain, format!("   {}", key.id)),
    ]));
    let mut said = Vec::new();
    if let Some(profile) = &timeline.profile {
        said.push(format!("of {}", clean(profile)));
    }
    said.extend(timeline.how().map(|how| format!("matched by {}", how.brief())));
    said.push(match key.last_used_at {
        LastUse::Unknown => "last use not known".to_owned(),
        LastUse::Never => "never used".to_owned(),
        LastUse::At(at) => {
            let now = model.now.checked_add(timeline.offset).unwrap_or(model.now);
            let zone = &model.settings.zone;
            let when = if now.duration_since(at) < SignedDuration::from_hours(24) {
                relative::clock(at, zone)
            } else {
                relative::local(at, zone)
            };
            match relative::ago(at, now).as_str() {
                "now" => format!("last used just now ({when})"),
                ago => format!("last used {ago} ({when})"),
            }
        }
    });
    sheet.words(model, Role::Plain, &said.join(" · "));
}

fn warnings(sheet: &mut Sheet, model: &Model, found: &Match, itself: bool) {
    if in_use(found.place.listing.as_of, found.target.key.last_used_at) {
        sheet.words(model, Role::Danger, "! In use: whatever depends on it stops working.");
    }
    match found.target.own {
        _ if itself => sheet.words(
            model,
            Role::Plain,
            "The leaked key speaks for itself here: no credential of yours is used.",
        ),
        Own::Yes => sheet.words(
            model,
            Role::Danger,
            "! This is the key chatzuri-keys is signed in with: revoking it signs us out.",
        ),
        Own::Unknown => sheet.words(
            model,
            Role::Warn,
            "! This may be the key we are signed in with: the server gives no hint.",
        ),
        Own::No => {}
    }
    sheet.blank();
}

fn question(sheet: &mut Sheet, model: &Model, manual: bool, confirm: &Confirm, hint: Option<&str>) {
    sheet.role = Role::Danger;
    let words = if manual {
        "The server cannot revoke keys: yes opens its page in your browser, where you click Revoke next to this key. Its value \
         is watched here until it is dead."
    } else {
        "Revoke it? Every request with it gets 401 at once, and it cannot be undone."
    };
    sheet.words(model, Role::Plain, words);
    sheet.blank();
    match confirm {
        Confirm::YesNo => {
            sheet.choice(model, "No", "Yes, revoke it");
            sheet.hints = Some(Vec::new());
        }
        Confirm::Typed { input, expected, what } => {
            sheet.words(model, Role::Plain, &format!("Type {what} to revoke it: {expected}"));
            sheet.input(model, input.value(), input.cursor());
        }
    }
    if let Some(hint) = hint {
        sheet.words(model, Role::Warn, hint);
    }
}

fn over(sheet: &mut Sheet, model: &Model, flow: &LeakFlow, end: &LeakEnd) {
    let Some(timeline) = &flow.timeline else { return };
    let outcome = timeline.outcome.as_ref().unwrap_or(&Outcome::Interrupted);
    let (role, mark) = (Role::from(outcome.verdict()), outcome.verdict().sign());
    sheet.role = role;
    match (outcome, timeline.until_refused()) {
        (Outcome::Dead, Some((revoked, found))) => sheet.line(Line::from(vec![
            span(model, role, "✓ DEAD"),
            span(
                model,
                Role::Plain,
                format!(
                    "  {} after the revocation, {} after it was found",
                    seconds(revoked),
                    seconds(found)
                ),
            ),
        ])),
        _ => {
            let sentence = outcome.sentence(&timeline.display_name());
            sheet.words(model, role, &format!("{mark} {}", clean(&sentence)));
        }
    }
    suspects(sheet, model, &end.suspects);
    let itself = end.itself.is_some().then_some(ITSELF);
    if let Some(advice) = itself.or(timeline.next_step()) {
        sheet.words(model, Role::Plain, advice);
    }
    if let Some(why) = &end.unrecorded {
        sheet.words(model, Role::Warn, &format!("! Nothing is being recorded: {why}."));
    }
    for (role, words) in &end.notes {
        sheet.words(model, *role, words);
    }
}

const ITSELF: &str =
    "Press f to let the leaked key list its own team and revoke itself there; you are asked again before it does.";

fn suspects(sheet: &mut Sheet, model: &Model, suspects: &[Suspect]) {
    for suspect in suspects.iter().take(SUSPECTS) {
        let (profile, listed) = &suspect.key;
        let used = if suspect.moved { "   used when it was tried" } else { "" };
        let key = &listed.key;
        let words = format!("   {}   of {}{used}", key.hint(), clean(profile));
        let room = sheet.width.saturating_sub(columns(&words) + 2);
        sheet.line(Line::from(vec![
            span(model, Role::Plain, format!("  {}", fit(&key.display_name(), room))),
            span(model, Role::Dim, words),
        ]));
    }
    if let Some(more) = suspects.len().checked_sub(SUSPECTS).filter(|&more| more > 0) {
        sheet.words(model, Role::Dim, &format!("  and {more} more"));
    }
}

fn seconds(took: SignedDuration) -> String {
    let took = took.max(SignedDuration::ZERO);
    match took.as_millis() {
        millis @ ..100 => format!("{millis} ms"),
        _ => format!("{:.2} s", took.as_secs_f64()),
    }
}

/// Every fact with its time, by the server's clock and in the person's zone.
fn facts(sheet: &mut Sheet, model: &Model, flow: &LeakFlow, room: usize) {
    let Some(timeline) = &flow.timeline else { return };
    let rows: Vec<(Timestamp, (Role, &str, String))> = timeline
        .facts
        .iter()
        .enumerate()
        .filter_map(|(place, seen)| {
            let at = seen.at.checked_add(timeline.offset).unwrap_or(seen.at);
            Some((at, row(&timeline.facts, place, seen)?))
        })
        .collect();
    let most = room.clamp(FEWEST, MOST);
    let hidden = rows.len().saturating_sub(most);
    let revoked = timeline.facts.iter().filter(|seen| !is_told_elsewhere(&seen.fact));
    let revoked = revoked.take_while(|seen| !is_answer(&seen.fact)).count() + 1;
    let first = revoked.min(most - LAST);
    for (place, (at, (role, what, words))) in rows.into_iter().enumerate() {
        if hidden > 0 && place == first {
            sheet.words(model, Role::Dim, &format!("  ⋮ {} more", hidden + 1));
        }
        if hidden > 0 && (first..=first + hidden).contains(&place) {
            continue;
        }
        let time = model.settings.zone.to_datetime(at).strftime("%H:%M:%S%.3f").to_string();
        let columns = sheet.width.saturating_sub(u16::try_from(TIME + WHAT).unwrap_or(0) + 8);
        sheet.line(Line::from(vec![
            span(model, Role::Dim, format!("  {time:<TIME$}   ")),
            span(model, role, format!("{what:<WHAT$}   ")),
            span(model, role, fit(&clean(&words), columns).into_owned()),
        ]));
    }
    if !timeline.facts.is_empty() {
        sheet.blank();
    }
}

/// Whether it is the server's answer to the revocation.
fn is_answer(fact: &Fact) -> bool {
    matches!(fact, Fact::Accepted(_) | Fact::NotAccepted(_))
}

/// Whether it has no row: the verdict says it, or nobody needs it.
fn is_told_elsewhere(fact: &Fact) -> bool {
    matches!(fact, Fact::Began | Fact::Controlled | Fact::Dead)
}

/// A fact in a word and a few more; `None` for what is said elsewhere.
fn row(facts: &[SeenFact], place: usize, seen: &SeenFact) -> Option<(Role, &'static str, String)> {
    let after = facts.iter().take(place).any(|seen| is_answer(&seen.fact));
    let probe = if after { "probe" } else { "tried" };
    let ms = SignedDuration::as_millis;
    let none = String::new;
    Some(match &seen.fact {
        Fact::Began | Fact::Controlled | Fact::Dead => return None,
        Fact::Listed(profile, 1) => (Role::Plain, "list read", format!("{profile}: 1 key")),
        Fact::Listed(profile, keys) => (Role::Plain, "list read", format!("{profile}: {keys} keys")),
        Fact::Found(_) => (Role::Plain, "found", none()),
        Fact::Alive(_) if after => (Role::Danger, probe, "200  still alive".to_owned()),
        Fact::Alive(took) => (Role::Plain, probe, format!("200  alive, {} ms", ms(took))),
        Fact::Refused(_) => (Role::Plain, probe, "401".to_owned()),
        Fact::NoAnswer(why) => (Role::Warn, probe, why.clone()),
        Fact::NotControlled(why) => (Role::Danger, "control", why.clone()),
        Fact::Uncontrolled => (Role::Warn, "control", "no other credential to ask with".to_owned()),
        Fact::Confirmed => (Role::Plain, "confirmed", none()),
        Fact::Replaced(called) => (Role::Plain, "replaced", called.clone()),
        Fact::NotReplaced(why) => (Role::Warn, "not replaced", why.clone()),
        // Whole where it is waited for.
        Fact::Manual(_) => (Role::Accent, "your click", "is waited for".to_owned()),
        Fact::Accepted(took) => (Role::Plain, "revoked", format!("accepted in {} ms", ms(took))),
        Fact::NotAccepted(why) => (Role::Danger, "not revoked", why.clone()),
        Fact::OffTheList => (Role::Plain, "list read", "it is gone".to_owned()),
        Fact::StillListed => (Role::Danger, "list read", "it is still there".to_owned()),
        Fact::ListUnread(why) => (Role::Warn, "list unread", why.clone()),
    })
}
