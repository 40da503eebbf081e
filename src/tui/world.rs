//! What every page and dialog reads and may change: the teams, the clock, the settings, and what is under way.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::core::capability::{Capabilities, Capability};
use crate::core::creation::Creation;
use crate::core::listing::{Listing, OddRows};
use crate::core::notes::Notes;
use crate::core::outcome::Outcome;
use crate::core::policy::Policies;
use crate::core::sink::Sinks;
use crate::core::team::TeamIdentity;
use crate::ops::recover::Waiting;
use crate::ops::review::ReadProgress;
use crate::ops::sign_in::CredentialSource;
use crate::ports::ClipboardRoute;
use crate::tui::keymap::{Keymap, When};
use crate::tui::message::{RequestId, Stop, TeamIndex};
use crate::tui::model::list::KeyList;
use crate::tui::theme::{Role, Theme};

/// What does not change while the dashboard runs.
#[derive(Debug, Clone)]
pub struct DashboardSettings {
    /// The registry of teams, in the order of the config; never empty.
    pub profiles: Vec<ProfileLabel>,
    /// Which of them is shown first.
    pub first: TeamIndex,
    /// When keys are due.
    pub policies: Arc<Policies>,
    /// How long an old key has to be quiet.
    pub quiet: SignedDuration,
    /// Seconds until a copied value is cleared; 0 = never.
    pub clear_after: u32,
    /// Roles to styles.
    pub theme: Theme,
    /// The zone times are shown in.
    pub zone: TimeZone,
    /// The person's own sinks, by name.
    pub sinks: Sinks,
    /// What the credential store is called: "your keyring".
    pub store_name: &'static str,
    /// What to show for the sandbox: its badge, and a leaked value to try.
    pub sandbox: Option<SandboxNote>,
}

/// A profile, as the dashboard names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileLabel {
    /// Its name.
    pub name: String,
    /// Host of its API.
    pub host: String,
    /// Whether its credential comes from somewhere we cannot write to.
    pub fixed_credential: bool,
}

/// What the person should know of the sandbox they are in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SandboxNote {
    /// A line of words.
    pub text: String,
}

/// Whether a team can be spoken to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionState {
    /// Not looked for yet.
    Unknown,
    /// Being looked for.
    Looking,
    /// There is a credential, from there.
    Found(CredentialSource),
    /// There is none, or it cannot be used; carries the sentence where something failed.
    SignedOut(Option<String>),
}

/// How the newest reading of a list went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoadState {
    /// Nothing was read yet.
    Never,
    /// The newest reading ended well.
    Fresh,
    /// The newest reading failed, with this sentence; the list before it is still shown.
    Failed(String),
}

/// One team of the registry.
#[derive(Debug)]
pub struct TeamState {
    /// Whether it can be spoken to.
    pub session: SessionState,
    /// The team, as far as the server told.
    pub team: TeamIdentity,
    /// Its keys.
    pub list: KeyList,
    /// How the newest reading went.
    pub load: LoadState,
    /// The reading under way, and how far it has come.
    pub loading: Option<(RequestId, Option<ReadProgress>)>,
    /// When the shown list was read, by the server's clock.
    pub as_of: Option<Timestamp>,
    /// Whether the shown list holds every key.
    pub complete: bool,
    /// Its rows that do not read as the contract says.
    pub odd: OddRows,
    /// The server's clock minus ours.
    pub clock_offset: SignedDuration,
    /// How its operations are done.
    pub capabilities: Capabilities,
    /// Creations that are not over.
    pub waiting: Vec<Waiting>,
    /// When they are looked at again, by our clock; `None` before the first look and when nothing is looked for.
    pub look_again_at: Option<Timestamp>,
    /// Whether they were looked at in this run.
    pub looked: bool,
}

/// The line that says what happened last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// How it is to be taken.
    pub role: Role,
    /// A cleaned sentence.
    pub text: String,
    /// When it happened, by our clock.
    pub at: Timestamp,
}

/// Our value on the clipboard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnClipboard {
    /// Which way it went there.
    pub route: ClipboardRoute,
    /// When it is to be cleared, by our clock.
    pub clears_at: Option<Timestamp>,
    /// Whose value it is.
    pub key: String,
}

/// What is being waited for, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Work {
    /// A present participle: "revoking".
    pub doing: &'static str,
    /// Whether leaving would abandon something that may take effect on the server.
    pub changes_keys: bool,
    /// Whether it is waited for until it is over, where the program is stopped from outside: it ends by itself.
    pub to_the_end: bool,
}

/// How the dashboard ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DashboardExit {
    /// The person left.
    Quit,
    /// Ctrl-C.
    Interrupted,
    /// Stopped from outside.
    Stopped(Stop),
}

/// What every page and dialog reads and may change.
#[derive(Debug)]
pub struct World {
    /// What does not change.
    pub settings: DashboardSettings,
    /// The table of keys.
    pub keymap: Keymap,
    /// Our clock, set before every update.
    pub now: Timestamp,
    /// Columns and rows.
    pub size: (u16, u16),
    /// The teams, as in `settings.profiles`.
    pub teams: Vec<TeamState>,
    /// The one shown.
    pub active: TeamIndex,
    /// What happened last.
    pub notice: Option<Notice>,
    /// Our value on the clipboard.
    pub clipboard: Option<OnClipboard>,
    /// Runs whose result is awaited.
    pub in_flight: BTreeMap<RequestId, Work>,
    /// Set when the dashboard is to end.
    pub exit: Option<DashboardExit>,
    /// Set when the dashboard is to stop until a shell brings it back.
    pub suspends: bool,
    /// Which key's value is on its way to the clipboard.
    pub copying: Option<String>,
    next_request: u64,
}

impl World {
    /// Nothing was looked at yet.
    #[must_use]
    pub fn new(settings: DashboardSettings, keymap: Keymap, now: Timestamp) -> Self {
        let teams = settings
            .profiles
            .iter()
            .map(|_| TeamState::new(&settings.policies))
            .collect();
        Self {
            active: settings.first,
            settings,
            keymap,
            now,
            size: (80, 24),
            teams,
            notice: None,
            clipboard: None,
            in_flight: BTreeMap::new(),
            exit: None,
            suspends: false,
            copying: None,
            next_request: 0,
        }
    }

    /// The team that is shown.
    ///
    /// # Panics
    /// Never: the registry is not empty and `active` is one of it.
    #[must_use]
    pub fn team(&self) -> &TeamState {
        #[allow(clippy::expect_used, reason = "an invariant of the constructor, not input")]
        self.teams
            .get(self.active.0)
            .expect("the active team is in the registry")
    }

    /// The team that is shown, to be changed.
    ///
    /// # Panics
    /// Never: as [`World::team`].
    pub fn team_mut(&mut self) -> &mut TeamState {
        #[allow(clippy::expect_used, reason = "an invariant of the constructor, not input")]
        self.teams
            .get_mut(self.active.0)
            .expect("the active team is in the registry")
    }

    /// The profile that is shown.
    #[must_use]
    pub fn profile(&self) -> Option<&ProfileLabel> {
        self.settings.profiles.get(self.active.0)
    }

    /// The host of its API, for a sentence.
    #[must_use]
    pub fn host(&self) -> &str {
        self.profile().map_or("the server", |profile| profile.host.as_str())
    }

    /// The server's clock, as far as it is known.
    #[must_use]
    pub fn server_now(&self) -> Timestamp {
        self.now.checked_add(self.team().clock_offset).unwrap_or(self.now)
    }

    /// Whether an action that needs `when` makes sense now, as far as that does not depend on what is open.
    #[must_use]
    pub fn allows(&self, when: When) -> bool {
        let waits = |kind: fn(&Waiting) -> bool| self.team().waiting.iter().any(kind);
        match when {
            When::Always => true,
            When::OnKey => self.team().list.selected().is_some(),
            When::OnLiveKey => self.allows(When::OnKey) && self.allows(When::SignedIn),
            When::SignedIn => matches!(self.team().session, SessionState::Found(_)),
            When::MaySignIn => self.profile().is_some_and(|profile| !profile.fixed_credential),
            When::SomethingToClear => {
                let list = &self.team().list;
                !list.filter().value().is_empty() || list.marked_count() > 0
            }
            When::SomethingWaits => !self.team().waiting.is_empty(),
            When::BegunWaits => waits(|one| matches!(one, Waiting::Asked(_))),
            When::ElsewhereWaits => waits(|one| matches!(one, Waiting::Elsewhere(..))),
            When::Unlisted => self.team().capabilities.list == Capability::Manual,
            When::SeveralTeams => self.teams.len() > 1,
            When::SomethingFailed | When::InDetails | When::MarksHidden | When::MayTryItself => false,
        }
    }

    /// Whether what the credential store keeps is there at the next start.
    #[must_use]
    pub fn store_lasts(&self) -> bool {
        self.settings.sandbox.is_none()
    }

    /// The values that wait in a store which ends with this program.
    pub fn waiting_ends_with_us(&self) -> impl Iterator<Item = &Creation> {
        let teams = self.teams.iter().filter(|_| !self.store_lasts());
        teams.flat_map(|team| &team.waiting).filter_map(|one| match one {
            Waiting::Value(creation) => Some(creation),
            _ => None,
        })
    }

    /// Begins a run.
    pub fn begin(&mut self, doing: &'static str, changes_keys: bool) -> RequestId {
        self.next_request += 1;
        let request = RequestId(self.next_request);
        let work = Work {
            doing,
            changes_keys,
            to_the_end: false,
        };
        self.in_flight.insert(request, work);
        request
    }

    /// Begins a run that changes keys and is waited for when the program is stopped from outside.
    pub fn begin_to_the_end(&mut self, doing: &'static str) -> RequestId {
        let request = self.begin(doing, true);
        if let Some(work) = self.in_flight.get_mut(&request) {
            work.to_the_end = true;
        }
        request
    }

    /// Says what happened.
    pub fn say(&mut self, role: Role, text: impl Into<String>) {
        self.notice = Some(Notice {
            role,
            text: text.into(),
            at: self.now,
        });
    }

    /// Says how a revocation ended, by its mark.
    pub fn say_outcome(&mut self, outcome: &Outcome, sentence: &str) {
        let verdict = outcome.verdict();
        self.say(verdict.into(), format!("{} {sentence}", verdict.sign()));
    }
}

impl TeamState {
    fn new(policies: &Arc<Policies>) -> Self {
        Self {
            session: SessionState::Unknown,
            team: TeamIdentity::Unknown,
            list: KeyList::new(Arc::clone(policies)),
            load: LoadState::Never,
            loading: None,
            as_of: None,
            complete: true,
            odd: OddRows::default(),
            clock_offset: SignedDuration::ZERO,
            capabilities: Capabilities::default(),
            waiting: Vec::new(),
            look_again_at: None,
            looked: false,
        }
    }

    /// Shows the list that was kept of an earlier run, until a newer one is read.
    pub fn recall(&mut self, listing: Listing, notes: Notes, now: Timestamp) {
        if self.as_of.is_some() || !listing.complete {
            return;
        }
        self.list.annotate(notes, now);
        self.list.replace(listing.keys, now);
        self.team = listing.team;
        self.as_of = Some(listing.as_of);
        self.complete = listing.complete;
        self.odd = listing.odd;
    }

    /// How long until an age in the header or in a drawn row reads differently.
    pub(crate) fn next_age_change(&self, server_now: Timestamp) -> Option<SignedDuration> {
        let drawn = self.list.window().filter_map(|row| row.listed.key.last_used_at.time());
        drawn
            .chain(self.as_of)
            .map(|time| age_lasts(time, server_now))
            .chain(self.as_of.map(|_| until_utc_midnight(server_now)))
            .min()
    }
}

/// How long the words of [`crate::tui::view::relative::ago`] for `time` stay true.
fn age_lasts(time: Timestamp, now: Timestamp) -> SignedDuration {
    let elapsed = now.duration_since(time).as_secs();
    let unit = match elapsed {
        ..0 => return SignedDuration::from_secs(elapsed.saturating_neg().saturating_add(1)),
        0..3_600 => 60,
        3_600..172_800 => 3_600,
        _ => 86_400,
    };
    // One millisecond past the turn, so that the words have changed when we look.
    let millis = now.duration_since(time).as_millis() % (unit * 1000);
    let left = unit * 1000 - millis + 1;
    SignedDuration::from_millis(i64::try_from(left).unwrap_or(60_000))
}

fn until_utc_midnight(now: Timestamp) -> SignedDuration {
    let into_day = now.as_second().rem_euclid(86_400);
    SignedDuration::from_secs(86_400 - into_day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_looked_at_again_just_after_it_turned() {
        let now: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
        let before = |secs| now.checked_sub(SignedDuration::from_secs(secs)).unwrap();
        assert_eq!(age_lasts(before(5), now).as_millis(), 55_001);
        assert_eq!(age_lasts(before(125), now).as_millis(), 55_001);
        assert_eq!(age_lasts(before(3_700), now).as_millis(), 3_500_001);
        assert_eq!(
            age_lasts(before(200_000), now).as_millis(),
            (86_400 - 27_200) * 1000 + 1
        );
    }

    #[test]
    fn a_time_in_the_future_is_waited_for() {
        let now: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
        let later = now.checked_add(SignedDuration::from_secs(90)).unwrap();
        assert_eq!(age_lasts(later, now).as_secs(), 91);
    }
}
