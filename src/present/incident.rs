//! A timeline as a report: Markdown and JSON, in UTC.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde::Serialize;

use crate::core::incident::{Fact, How, Timeline};
use crate::core::key::LastUse;
use crate::core::outcome::Outcome;
use crate::core::text::clean;
use crate::present::json::SCHEMA_VERSION;

/// How long it took, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
struct Durations {
    began_to_accepted: Option<i64>,
    accepted_to_first_401: Option<i64>,
    began_to_first_401: Option<i64>,
    began_to_dead: Option<i64>,
}

#[derive(Serialize)]
struct IncidentShape<'a> {
    schema_version: u32,
    outcome: Option<&'static str>,
    message: Option<String>,
    next_step: Option<&'static str>,
    actor: &'a str,
    host: &'a str,
    profile: Option<&'a str>,
    team: Option<&'a str>,
    teams: Vec<&'a str>,
    value: &'a str,
    key: Option<IncidentKeyShape<'a>>,
    matched_by: Option<&'static str>,
    durations_ms: Durations,
    timeline: Vec<FactShape>,
}

#[derive(Serialize)]
struct IncidentKeyShape<'a> {
    id: &'a str,
    name: &'a str,
    created_at: Option<String>,
    last_used_at: Option<String>,
}

#[derive(Serialize)]
struct FactShape {
    at: String,
    what: &'static str,
    words: String,
}

fn durations(of: &Timeline) -> Durations {
    let first = |wanted: &dyn Fn(&Fact) -> bool| of.facts.iter().position(|seen| wanted(&seen.fact));
    let at = |index: Option<usize>| index.and_then(|index| of.facts.get(index)).map(|seen| seen.at);
    let accepted = first(&|fact| matches!(fact, Fact::Accepted(_)));
    let refused = accepted.and_then(|after| {
        let later = of.facts.iter().enumerate().skip(after);
        later
            .filter(|(_, seen)| matches!(seen.fact, Fact::Refused(_)))
            .map(|(index, _)| index)
            .next()
    });
    let first_refused = first(&|fact| matches!(fact, Fact::Refused(_)));
    let between =
        |from: Option<Timestamp>, to: Option<Timestamp>| i64::try_from(to?.duration_since(from?).as_millis()).ok();
    let began = at(first(&|fact| *fact == Fact::Began));
    Durations {
        began_to_accepted: between(began, at(accepted)),
        accepted_to_first_401: between(at(accepted), at(refused)),
        began_to_first_401: between(began, at(refused.or(first_refused))),
        began_to_dead: between(began, at(first(&|fact| *fact == Fact::Dead))),
    }
}

/// The report as data, for JSON.
pub(crate) fn shape(of: &Timeline) -> impl Serialize {
    let key = of.key.as_ref().map(|key| IncidentKeyShape {
        id: key.id.raw(),
        name: key.name.raw(),
        created_at: key.created_at.map(|at| format!("{at:.0}")),
        last_used_at: key.last_used_at.time().map(|at| format!("{at:.0}")),
    });
    let facts = of.facts.iter().map(|seen| FactShape {
        at: of.time(seen.at),
        what: seen.fact.word(),
        words: seen.fact.words(),
    });
    IncidentShape {
        schema_version: SCHEMA_VERSION,
        outcome: of.outcome.as_ref().map(Outcome::word),
        message: of.sentence(),
        next_step: of.next_step(),
        actor: of.actor.raw(),
        host: &of.host,
        profile: of.profile.as_deref(),
        team: of.team.known().map(|team| team.name.raw()),
        teams: of.team.teams().iter().map(|team| team.name.raw()).collect(),
        value: &of.masked,
        key,
        matched_by: of.how().map(How::word),
        durations_ms: durations(of),
        timeline: facts.collect(),
    }
}

/// The name of a file for the report: when the search began, by the server's clock.
pub(crate) fn file_name(of: &Timeline) -> String {
    let began = of.facts.first().map_or(Timestamp::UNIX_EPOCH, |seen| seen.at);
    let began = began.checked_add(of.offset).unwrap_or(began);
    format!("incident-{}.md", began.strftime("%Y%m%dT%H%M%SZ"))
}

/// The report as Markdown.
pub(crate) fn markdown(of: &Timeline) -> String {
    let mut text = format!("# Leaked key: {}\n\n", plain(&of.display_name()));
    if let Some(sentence) = of.sentence() {
        let _ = writeln!(text, "{}\n", plain(&sentence));
    }
    let mut row = |what: &str, said: Option<String>| {
        if let Some(said) = said {
            let _ = writeln!(text, "- {what}: {}", plain(&said));
        }
    };
    row("Outcome", of.outcome.as_ref().map(|outcome| outcome.word().to_owned()));
    row("Next", of.next_step().map(str::to_owned));
    row("Value", Some(of.masked.clone()));
    row("Team", of.team.shown());
    row("Profile", of.profile.clone());
    row("Server", Some(of.host.clone()));
    row("Matched by", of.how().map(|how| how.words().to_owned()));
    row(
        "Last use before us",
        of.key.as_ref().map(|key| last_use(key.last_used_at)),
    );
    row("Who", Some(of.actor.shown().to_owned()));
    let durations = durations(of);
    let took = |millis: Option<i64>| millis.map(|millis| format!("{millis} ms"));
    row(
        "From the start to the accepted revocation",
        took(durations.began_to_accepted),
    );
    row("From there to the first 401", took(durations.accepted_to_first_401));
    if durations.accepted_to_first_401.is_none() {
        row("From the start to the first 401", took(durations.began_to_first_401));
    }
    row("From the start to dead", took(durations.began_to_dead));
    text.push_str("\n| Time (UTC) | What was seen |\n|---|---|\n");
    for seen in &of.facts {
        let _ = writeln!(text, "| {} | {} |", of.time(seen.at), plain(&seen.fact.words()));
    }
    text
}

fn last_use(use_: LastUse) -> String {
    match use_ {
        LastUse::Unknown => "not known".to_owned(),
        LastUse::Never => "never".to_owned(),
        LastUse::At(at) => format!("{at:.0}"),
    }
}

/// Text that Markdown leaves as it is.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in clean(text).chars() {
        if "\\`*[]<>|".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::core::incident::{LeakSubject, SeenFact, scrub};
    use crate::core::key::{ApiKey, KeyId, Own};
    use crate::core::listing::{ListedKey, Source};
    use crate::core::secret::Secret;
    use crate::core::text::Label;
    use jiff::SignedDuration;

    const VALUE: &str = "cz_Iz1P0123456789abcdefCpSn";

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn key(name: &str) -> ListedKey {
        let key = ApiKey {
            id: KeyId::new("key_1").unwrap(),
            name: Label::new(name),
            created_at: None,
            last_used_at: LastUse::At(at("2026-11-22T11:58:00Z")),
            created_by: None,
            prefix: None,
            last_four: None,
        };
        ListedKey {
            key,
            own: Own::No,
            source: Source::Api,
        }
    }

    fn timeline(name: &str) -> Timeline {
        let value = Secret::parse(VALUE).unwrap();
        let mut timeline = Timeline::begin(&value, Label::new("amina"), "api.example", at("2026-11-22T12:00:00Z"));
        let ms = SignedDuration::from_millis;
        timeline.key = Some(LeakSubject::of(&key(name), &value));
        for (time, fact) in [
            ("2026-11-22T12:00:00.1Z", Fact::Listed("acme".to_owned(), 12)),
            ("2026-11-22T12:00:00.1Z", Fact::Found(How::Hint)),
            ("2026-11-22T12:00:00.15Z", Fact::Alive(ms(50))),
            ("2026-11-22T12:00:00.2Z", Fact::Accepted(ms(40))),
            ("2026-11-22T12:00:00.25Z", Fact::Refused(ms(50))),
            ("2026-11-22T12:00:01Z", Fact::Dead),
        ] {
            timeline.facts.push(SeenFact { at: at(time), fact });
        }
        timeline.outcome = Some(Outcome::Dead);
        timeline
    }

    #[test]
    fn the_report_tells_when_and_how_long() {
        let mut timeline = timeline("Zapier");
        timeline.offset = SignedDuration::from_secs(60);
        let text = markdown(&timeline);
        for said in [
            "# Leaked key: “Zapier” (key_1)",
            "DEAD: ",
            "- Outcome: dead",
            "- Last use before us: 2026-11-22T11:58:00Z",
            "- From there to the first 401: 50 ms",
            "- From the start to dead: 1000 ms",
            "| 2026-11-22T12:01:00.200Z | The server accepted the revocation (40 ms). |",
        ] {
            assert!(text.contains(said), "{said} is not in {text}");
        }
        let millis = |took: SignedDuration| took.as_millis();
        let (revoked, found) = timeline.until_refused().unwrap();
        assert_eq!((millis(revoked), millis(found)), (50, 150));
        let shape = serde_json::to_value(shape(&timeline)).unwrap();
        assert_eq!(shape["outcome"], "dead");
        assert_eq!(shape["matched_by"], "hint");
        assert_eq!(shape["durations_ms"]["began_to_accepted"], 200);
        assert_eq!(shape["timeline"][3]["what"], "alive");
        assert_eq!(shape["key"]["last_used_at"], "2026-11-22T11:58:00Z");
    }

    #[test]
    fn a_hostile_name_cannot_break_the_table() {
        let text = markdown(&timeline("a|b\n# c\u{1b}[31m"));
        assert!(!text.contains('\u{1b}') && text.contains("a\\|b"), "{text}");
        assert_eq!(text.lines().filter(|line| line.starts_with('#')).count(), 1);
    }

    proptest! {
        #[test]
        fn no_report_holds_the_value(before in ".{0,20}", after in ".{0,20}") {
            let value = Secret::parse(VALUE).unwrap();
            let said = format!("{before}{VALUE}{after}");
            let mut timeline = timeline(&said);
            let why = scrub(&value, &said);
            timeline.facts.push(SeenFact { at: at("2026-11-22T12:00:02Z"), fact: Fact::NotAccepted(why.clone()) });
            timeline.outcome = Some(Outcome::Refused(why));
            prop_assert!(!markdown(&timeline).contains("0123456789"));
            prop_assert!(!serde_json::to_string(&shape(&timeline)).unwrap().contains("0123456789"));
        }
    }
}
