//! What happened, and when: facts without the secret, as Markdown and as JSON, in UTC.

use std::fmt::Write as _;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::matching::How;
use super::outcome::Outcome;
use crate::core::key::{ApiKey, LastUse};
use crate::core::secret::Secret;
use crate::core::text::{Label, clean};

/// Below this many characters a text is not a key, and hiding it everywhere would hide words.
const SHORTEST_SCRUBBED: usize = 8;

/// `text` without the value, whoever wrote it there: a key's name or a server's message can hold it too.
#[must_use]
pub fn scrub(value: &Secret, text: &str) -> String {
    if value.length() < SHORTEST_SCRUBBED {
        text.to_owned()
    } else {
        value.redact(text)
    }
}

/// One thing that was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// The search began.
    Began,
    /// A team's list was read: its profile and how many keys.
    Listed(String, usize),
    /// The key was found.
    Found(How),
    /// The value was probed and answered 200.
    Alive(SignedDuration),
    /// The value was probed and answered 401.
    Refused(SignedDuration),
    /// The value was probed and the answer says nothing; carries the sentence.
    NoAnswer(String),
    /// The person, or a flag, said yes.
    Confirmed,
    /// The server accepted the revocation, this long after it was asked.
    Accepted(SignedDuration),
    /// The server did not accept it; carries the sentence.
    NotAccepted(String),
    /// The third 401 in a row.
    Dead,
    /// The list was read again, and the key is not in it.
    OffTheList,
    /// The list was read again, and the key is still in it.
    StillListed,
    /// The list could not be read again; carries the sentence.
    ListUnread(String),
}

impl Fact {
    /// The word for machine output.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Began => "began",
            Self::Listed(..) => "listed",
            Self::Found(_) => "found",
            Self::Alive(_) => "alive",
            Self::Refused(_) => "refused",
            Self::NoAnswer(_) => "no_answer",
            Self::Confirmed => "confirmed",
            Self::Accepted(_) => "revocation_accepted",
            Self::NotAccepted(_) => "revocation_not_accepted",
            Self::Dead => "dead",
            Self::OffTheList => "off_the_list",
            Self::StillListed => "still_listed",
            Self::ListUnread(_) => "list_unread",
        }
    }

    /// What a person reads.
    #[must_use]
    pub fn words(&self) -> String {
        let ms = SignedDuration::as_millis;
        match self {
            Self::Began => "The search began.".to_owned(),
            Self::Listed(profile, 1) => format!("The list of {profile} was read: 1 key."),
            Self::Listed(profile, keys) => format!("The list of {profile} was read: {keys} keys."),
            Self::Found(how) => format!("Found by {}.", how.words()),
            Self::Alive(took) => format!("The value answers 200: it is alive ({} ms).", ms(took)),
            Self::Refused(took) => format!("The value gets 401 ({} ms).", ms(took)),
            Self::NoAnswer(why) => format!("The value could not be tried. {why}"),
            Self::Confirmed => "The revocation was confirmed.".to_owned(),
            Self::Accepted(took) => format!("The server accepted the revocation ({} ms).", ms(took)),
            Self::NotAccepted(why) => format!("The server did not accept the revocation. {why}"),
            Self::Dead => "Dead: three 401s in a row.".to_owned(),
            Self::OffTheList => "The list was read again: the key is not in it.".to_owned(),
            Self::StillListed => "The list was read again: the key is still in it.".to_owned(),
            Self::ListUnread(why) => format!("The list could not be read again. {why}"),
        }
    }
}

/// A fact and its time, by this machine's clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// When.
    pub at: Timestamp,
    /// What.
    pub fact: Fact,
}

/// The key it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// Its id and its name, without the value.
    pub id: Label,
    /// Its name.
    pub name: Label,
    /// Its last use before we touched it.
    pub last_used_at: LastUse,
    /// When it was made.
    pub created_at: Option<Timestamp>,
}

impl Subject {
    /// What is written down of `key`.
    #[must_use]
    pub fn of(key: &ApiKey, value: &Secret) -> Self {
        Self {
            id: Label::new(&scrub(value, key.id.raw())),
            name: Label::new(&scrub(value, key.name.raw())),
            last_used_at: key.last_used_at,
            created_at: key.created_at,
        }
    }

    /// The key in a sentence.
    #[must_use]
    pub fn called(&self) -> String {
        if self.name.is_blank() {
            format!("the unnamed key {}", self.id)
        } else {
            format!("“{}” ({})", self.name, self.id)
        }
    }
}

/// What happened to one leaked value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timeline {
    /// Who did it.
    pub actor: Label,
    /// The server.
    pub host: String,
    /// The profile whose key it is.
    pub profile: Option<String>,
    /// The team it opens, where that is known.
    pub team: Option<Label>,
    /// The value with its middle hidden.
    pub masked: String,
    /// The key.
    pub key: Option<Subject>,
    /// What was seen, in order.
    pub facts: Vec<Seen>,
    /// The server's clock minus ours: times are told by the server's.
    pub offset: SignedDuration,
    /// How it ended.
    pub outcome: Option<Outcome>,
}

/// How long it took, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
struct Durations {
    began_to_accepted: Option<i64>,
    accepted_to_first_401: Option<i64>,
    began_to_dead: Option<i64>,
}

#[derive(Serialize)]
struct Shape<'a> {
    schema_version: u32,
    outcome: Option<&'static str>,
    message: Option<String>,
    actor: &'a str,
    host: &'a str,
    profile: Option<&'a str>,
    team: Option<&'a str>,
    value: &'a str,
    key: Option<KeyShape<'a>>,
    matched_by: Option<&'static str>,
    durations_ms: Durations,
    timeline: Vec<FactShape>,
}

#[derive(Serialize)]
struct KeyShape<'a> {
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

impl Timeline {
    /// The beginning of one.
    #[must_use]
    pub fn begin(value: &Secret, actor: Label, host: &str, at: Timestamp) -> Self {
        Self {
            actor,
            host: host.to_owned(),
            profile: None,
            team: None,
            masked: value.masked(),
            key: None,
            facts: vec![Seen { at, fact: Fact::Began }],
            offset: SignedDuration::ZERO,
            outcome: None,
        }
    }

    /// A time of this machine's clock as the server would tell it: UTC, to the millisecond.
    #[must_use]
    pub fn time(&self, at: Timestamp) -> String {
        format!("{:.3}", at.checked_add(self.offset).unwrap_or(at))
    }

    /// Takes the server's clock once: told by two, the times of one timeline could run backwards.
    pub fn tell_by(&mut self, offset: SignedDuration) {
        if self.offset.is_zero() {
            self.offset = offset;
        }
    }

    /// How the key was found.
    #[must_use]
    pub fn how(&self) -> Option<How> {
        self.facts.iter().rev().find_map(|seen| match seen.fact {
            Fact::Found(how) => Some(how),
            _ => None,
        })
    }

    /// The key in a sentence.
    #[must_use]
    pub fn called(&self) -> String {
        self.key
            .as_ref()
            .map_or_else(|| "the value".to_owned(), Subject::called)
    }

    /// The sentence at the end.
    #[must_use]
    pub fn sentence(&self) -> Option<String> {
        self.outcome
            .as_ref()
            .map(|outcome| outcome.leak_sentence(&self.called()))
    }

    /// All of it in one line, for the log.
    #[must_use]
    pub fn line(&self) -> String {
        let mut line = self
            .how()
            .map_or_else(String::new, |how| format!("matched by {}", how.word()));
        let told = |fact: &Fact| matches!(fact, Fact::Accepted(_) | Fact::Refused(_) | Fact::Alive(_) | Fact::Dead);
        for seen in self.facts.iter().filter(|seen| told(&seen.fact)) {
            let comma = if line.is_empty() { "" } else { ", " };
            let _ = write!(line, "{comma}{} {}", seen.fact.word(), self.time(seen.at));
        }
        if let Some(why) = self.outcome.as_ref().and_then(Outcome::why) {
            let _ = write!(line, "{}{why}", if line.is_empty() { "" } else { ". " });
        }
        line
    }

    fn durations(&self) -> Durations {
        let first = |wanted: &dyn Fn(&Fact) -> bool| self.facts.iter().position(|seen| wanted(&seen.fact));
        let at = |index: Option<usize>| index.and_then(|index| self.facts.get(index)).map(|seen| seen.at);
        let accepted = first(&|fact| matches!(fact, Fact::Accepted(_)));
        let refused = accepted.and_then(|after| {
            let later = self.facts.iter().enumerate().skip(after);
            later
                .filter(|(_, seen)| matches!(seen.fact, Fact::Refused(_)))
                .map(|(index, _)| index)
                .next()
        });
        let between =
            |from: Option<Timestamp>, to: Option<Timestamp>| i64::try_from(to?.duration_since(from?).as_millis()).ok();
        let began = at(first(&|fact| *fact == Fact::Began));
        Durations {
            began_to_accepted: between(began, at(accepted)),
            accepted_to_first_401: between(at(accepted), at(refused)),
            began_to_dead: between(began, at(first(&|fact| *fact == Fact::Dead))),
        }
    }

    /// The report as data, for JSON.
    #[must_use]
    pub fn shape(&self, schema_version: u32) -> impl Serialize {
        let key = self.key.as_ref().map(|key| KeyShape {
            id: key.id.raw(),
            name: key.name.raw(),
            created_at: key.created_at.map(|at| format!("{at:.0}")),
            last_used_at: key.last_used_at.time().map(|at| format!("{at:.0}")),
        });
        let facts = self.facts.iter().map(|seen| FactShape {
            at: self.time(seen.at),
            what: seen.fact.word(),
            words: seen.fact.words(),
        });
        Shape {
            schema_version,
            outcome: self.outcome.as_ref().map(Outcome::word),
            message: self.sentence(),
            actor: self.actor.raw(),
            host: &self.host,
            profile: self.profile.as_deref(),
            team: self.team.as_ref().map(Label::raw),
            value: &self.masked,
            key,
            matched_by: self.how().map(How::word),
            durations_ms: self.durations(),
            timeline: facts.collect(),
        }
    }

    /// The report as Markdown.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut text = format!("# Leaked key: {}\n\n", plain(&self.called()));
        if let Some(sentence) = self.sentence() {
            let _ = writeln!(text, "{}\n", plain(&sentence));
        }
        let mut row = |what: &str, said: Option<String>| {
            if let Some(said) = said {
                let _ = writeln!(text, "- {what}: {}", plain(&said));
            }
        };
        row(
            "Outcome",
            self.outcome.as_ref().map(|outcome| outcome.word().to_owned()),
        );
        row("Value", Some(self.masked.clone()));
        row("Team", self.team.as_ref().map(|team| team.shown().to_owned()));
        row("Profile", self.profile.clone());
        row("Server", Some(self.host.clone()));
        row("Matched by", self.how().map(|how| how.words().to_owned()));
        row(
            "Last use before us",
            self.key.as_ref().map(|key| last_use(key.last_used_at)),
        );
        row("Who", Some(self.actor.shown().to_owned()));
        let durations = self.durations();
        let took = |millis: Option<i64>| millis.map(|millis| format!("{millis} ms"));
        row(
            "From the start to the accepted revocation",
            took(durations.began_to_accepted),
        );
        row("From there to the first 401", took(durations.accepted_to_first_401));
        row("From the start to dead", took(durations.began_to_dead));
        text.push_str("\n| Time (UTC) | What was seen |\n|---|---|\n");
        for seen in &self.facts {
            let _ = writeln!(text, "| {} | {} |", self.time(seen.at), plain(&seen.fact.words()));
        }
        text
    }
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
    use crate::core::key::KeyId;

    const VALUE: &str = "cz_Iz1P0123456789abcdefCpSn";

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn key(name: &str) -> ApiKey {
        ApiKey {
            id: KeyId::new("key_1").unwrap(),
            name: Label::new(name),
            created_at: None,
            last_used_at: LastUse::At(at("2026-11-22T11:58:00Z")),
            created_by: None,
            prefix: None,
            last_four: None,
        }
    }

    fn timeline(name: &str) -> Timeline {
        let value = Secret::parse(VALUE).unwrap();
        let mut timeline = Timeline::begin(&value, Label::new("amina"), "api.example", at("2026-11-22T12:00:00Z"));
        let ms = SignedDuration::from_millis;
        timeline.key = Some(Subject::of(&key(name), &value));
        for (time, fact) in [
            ("2026-11-22T12:00:00.1Z", Fact::Listed("acme".to_owned(), 12)),
            ("2026-11-22T12:00:00.1Z", Fact::Found(How::Hint)),
            ("2026-11-22T12:00:00.15Z", Fact::Alive(ms(50))),
            ("2026-11-22T12:00:00.2Z", Fact::Accepted(ms(40))),
            ("2026-11-22T12:00:00.25Z", Fact::Refused(ms(50))),
            ("2026-11-22T12:00:01Z", Fact::Dead),
        ] {
            timeline.facts.push(Seen { at: at(time), fact });
        }
        timeline.outcome = Some(Outcome::Dead);
        timeline
    }

    #[test]
    fn the_report_tells_when_and_how_long() {
        let mut timeline = timeline("Zapier");
        timeline.offset = SignedDuration::from_secs(60);
        let text = timeline.markdown();
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
        let shape = serde_json::to_value(timeline.shape(1)).unwrap();
        assert_eq!(shape["outcome"], "dead");
        assert_eq!(shape["matched_by"], "hint");
        assert_eq!(shape["durations_ms"]["began_to_accepted"], 200);
        assert_eq!(shape["timeline"][3]["what"], "alive");
        assert_eq!(shape["key"]["last_used_at"], "2026-11-22T11:58:00Z");
    }

    #[test]
    fn a_hostile_name_cannot_break_the_table() {
        let text = timeline("a|b\n# c\u{1b}[31m").markdown();
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
            timeline.facts.push(Seen { at: at("2026-11-22T12:00:02Z"), fact: Fact::NotAccepted(why.clone()) });
            timeline.outcome = Some(Outcome::Refused(why));
            prop_assert!(!timeline.markdown().contains("0123456789"));
            prop_assert!(!serde_json::to_string(&timeline.shape(1)).unwrap().contains("0123456789"));
        }
    }
}
