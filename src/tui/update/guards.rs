//! Whatever is typed or pasted: nothing is destroyed without a deliberate confirmation, and every dialog can be left.

use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use zeroize::Zeroizing;

use super::{start, update};
use crate::core::capability::{Capabilities, Capability};
use crate::core::creation::{Creation, Event, Intent, MintedKey, OpId};
use crate::core::key::{ApiKey, KeyId, KeyName, LastUse, Own};
use crate::core::listing::{ListedKey, Listing, OddRows};
use crate::core::notes::Notes;
use crate::core::outcome::Outcome;
use crate::core::rotation::{Mark, Rotation, RotationPlan, What};
use crate::core::secret::Secret;
use crate::core::team::TeamIdentity;
use crate::core::text::Label;
use crate::ops::create::{NewKey, Safety};
use crate::ops::custody::Acknowledged;
use crate::ops::revoke::Revoked;
use crate::ops::rotate::{RotateError, Seen};
use crate::ops::sign_in::CredentialSource;
use crate::ops::trail::Trail;
use crate::ports::{ClipboardRoute, JournalError};
use crate::tui::dialog::sign_in::SignIn;
use crate::tui::effect::{Effect, RotationMove};
use crate::tui::errand::{Errand, News};
use crate::tui::keymap::{KeyContext, KeyPress, Keymap};
use crate::tui::message::{Message, Pasted, RequestId, TeamIndex};
use crate::tui::model::bulk::BulkStage;
use crate::tui::model::dialog::{Confirm, OpenDialog};
use crate::tui::model::{DashboardExit, DashboardSettings, Model, ProfileLabel};
use crate::tui::theme::Theme;
use crate::tui::view;

/// What a person does at the keyboard.
#[derive(Debug, Clone)]
enum Deed {
    /// The key of a row of the table that holds now.
    Row(usize),
    /// The key that answers the question: `y` or Enter.
    Confirm,
    /// What a question wants typed, letter by letter.
    Wanted,
    /// The same, held down.
    Hold,
    /// What leads to a dialog, typed without haste.
    Script(&'static str),
    /// A letter.
    Letter(char),
    /// A text that was pasted.
    Paste(&'static str),
}

/// `⏎` is Enter, `⎋` Esc, and `…` what the topmost question wants typed.
const SCRIPTS: [&str; 16] = [
    "x",
    "jx",
    "x…",
    " j x",
    " j x…",
    "n…⏎",
    "n…⏎s",
    "n…⏎v",
    "⎋/Old⏎r",
    "⎋/Old⏎rc",
    "⎋/Old⏎ra…",
    "⎋/Old⏎rx",
    "⎋r",
    "z",
    "i",
    "L",
];

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        8 => (0..40_usize).prop_map(Deed::Row),
        8 => (0..SCRIPTS.len()).prop_map(|place| Deed::Script(SCRIPTS[place])),
        3 => Just(Deed::Confirm),
        2 => Just(Deed::Hold),
        2 => Just(Deed::Wanted),
        1 => "[a-z0-9 yx]".prop_map(|text| Deed::Letter(text.chars().next().unwrap_or('y'))),
        1 => prop_oneof![Just("y"), Just("y\ny\n"), Just("revoked\n"), Just("Zapier\n"), Just("cz_pasted_value_1234")]
            .prop_map(Deed::Paste),
    ]
}

/// Milliseconds before a deed, and whether the program gets to look at the clock in between.
fn pause() -> impl Strategy<Value = (i64, bool)> {
    let gap = prop_oneof![2 => Just(0_i64), 1 => Just(10), 1 => Just(30), 4 => Just(800), 3 => Just(1300)];
    (gap, any::<bool>())
}

const NOW: i64 = 1_800_000_000;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(NOW + seconds).unwrap()
}

fn listed(name: &str, own: Own, last_used_at: LastUse) -> ListedKey {
    let key = ApiKey {
        id: KeyId::new(&format!("key_{}", name.to_lowercase())).unwrap(),
        name: Label::new(name),
        created_at: Some(at(-200 * 86_400)),
        last_used_at,
        created_by: None,
        prefix: Some(Label::new("cz_a")),
        last_four: Some(Label::new("1234")),
    };
    ListedKey {
        key,
        own,
        source: Default::default(),
    }
}

fn minted(name: &str) -> MintedKey {
    MintedKey {
        id: KeyId::new(&format!("key_{}", name.to_lowercase())).unwrap(),
        name: Label::new(name),
    }
}

fn op(digit: &str) -> OpId {
    OpId::new(&digit.repeat(32)).unwrap()
}

/// A rotation whose third step is open.
fn rotation() -> Rotation {
    let plan = RotationPlan {
        team: None,
        old: minted("Old"),
        own: false,
        name: KeyName::parse("New").unwrap(),
        places: Vec::new(),
        adopted: None,
    };
    let steps = [
        What::Asked(op("1")),
        What::Answered(op("1"), minted("New")),
        What::Alive(at(-50)),
        What::Stored,
    ];
    steps
        .iter()
        .fold(Rotation::new(op("f"), plan, mark()), |rotation, step| {
            rotation.after(step, &mark()).unwrap()
        })
}

fn mark() -> Mark {
    Mark {
        by: Label::new("amina"),
        at: at(-60),
    }
}

fn keys() -> Vec<ListedKey> {
    vec![
        listed("Zapier", Own::No, LastUse::Never),
        listed("Busy", Own::No, LastUse::At(at(-60))),
        listed("Ours", Own::Yes, LastUse::At(at(-30))),
        listed("Old", Own::No, LastUse::Never),
        listed("New", Own::No, LastUse::Never),
    ]
}

/// The dashboard, a person, and an outside that answers at once.
struct Desk {
    model: Model,
    /// Whether keys are revoked in the browser.
    manual: bool,
    /// When the key was pressed that may confirm something, if the last one did.
    armed: Option<Timestamp>,
    last_key: Option<(KeyCode, Timestamp)>,
    /// What destroyed something.
    destroyed: Vec<String>,
    /// Whether a sign-in ends.
    answers_sign_in: bool,
    /// Runs that were given up.
    cancelled: usize,
}

impl Desk {
    fn new(manual: bool) -> Self {
        let settings = DashboardSettings {
            profiles: vec![ProfileLabel {
                name: "default".to_owned(),
                host: "example.test".to_owned(),
                fixed_credential: false,
            }],
            first: TeamIndex(0),
            policies: Arc::default(),
            quiet: SignedDuration::from_hours(24),
            clear_after: 45,
            theme: Theme::Ansi,
            zone: jiff::tz::TimeZone::UTC,
            sinks: Default::default(),
            store_name: "your keyring",
            sandbox: None,
        };
        let mut desk = Self {
            model: Model::new(settings, Keymap::default(), at(0)),
            manual,
            armed: None,
            last_key: None,
            destroyed: Vec::new(),
            answers_sign_in: true,
            cancelled: 0,
        };
        let effects = start(&mut desk.model);
        desk.answer(effects, false);
        desk.wait(1300);
        desk
    }

    fn notes(&self) -> Notes {
        Notes {
            rotations: vec![rotation()],
            ..Notes::default()
        }
    }

    fn listing(&self) -> Listing {
        Listing {
            team: TeamIdentity::Unknown,
            keys: keys(),
            complete: true,
            odd: OddRows::default(),
            as_of: self.model.now,
        }
    }

    fn tell(&mut self, message: Message) {
        let woke = matches!(message, Message::Woke);
        let effects = update(&mut self.model, message);
        self.answer(effects, woke);
    }

    fn wait(&mut self, millis: i64) {
        self.model.now += SignedDuration::from_millis(millis);
        self.tell(Message::Woke);
    }

    fn press(&mut self, press: KeyPress) {
        let key = press.event();
        let now = self.model.now;
        let context = self.model.context();
        let answers = match context {
            KeyContext::Question => key.code == KeyCode::Char('y'),
            KeyContext::TypedQuestion | KeyContext::Word | KeyContext::Attest | KeyContext::ShowOnce => {
                key.code == KeyCode::Enter
            }
            _ => false,
        };
        let deliberate = self.last_key.is_none_or(|(code, at)| {
            let since = now.duration_since(at).as_millis();
            since >= if code == key.code { 700 } else { 25 }
        });
        self.armed = (answers && deliberate).then_some(now);
        self.last_key = Some((key.code, now));
        self.tell(Message::Key(key));
    }

    /// Holds what is destroyed to the rule, and answers.
    fn answer(&mut self, effects: Vec<Effect>, woke: bool) {
        let destroys: Vec<String> = effects
            .iter()
            .filter(|effect| self.destroys(effect))
            .map(|effect| format!("{effect:?}"))
            .collect();
        if !destroys.is_empty() {
            let pressed = self.armed.take();
            let quiet_since = pressed.map(|at| self.model.now.duration_since(at).as_millis());
            assert!(
                woke && quiet_since.is_some_and(|quiet| quiet >= 25),
                "destroyed without a deliberate confirmation: {destroys:?}"
            );
            self.destroyed.extend(destroys);
        }
        let given_up = effects.iter().filter(|effect| matches!(effect, Effect::Cancel(_)));
        self.cancelled += given_up.count();
        for effect in effects {
            if let Some(message) = self.outside(effect) {
                self.tell(message);
            }
        }
    }

    fn destroys(&self, effect: &Effect) -> bool {
        match effect {
            Effect::Revoke(..)
            | Effect::RevokeMany(..)
            | Effect::FinishRotation(..)
            | Effect::KillLeak(..)
            | Effect::Discard(..)
            | Effect::Acknowledge(..)
            | Effect::MoveRotation(_, _, _, RotationMove::Cancel | RotationMove::Attest(_))
            | Effect::Errand(_, _, Errand::Attest(_)) => true,
            // In the browser it is the person who revokes.
            Effect::Errand(_, _, Errand::Watch(..)) => !self.manual,
            _ => false,
        }
    }

    fn outside(&self, effect: Effect) -> Option<Message> {
        let refused = || JournalError::Unavailable("not here".to_owned());
        Some(match effect {
            Effect::FindSession(request, team) => Message::SessionFound {
                request,
                team,
                result: Ok(Some(CredentialSource::Store)),
            },
            Effect::SignIn(request, team, _) if self.answers_sign_in => Message::SignedIn {
                request,
                team,
                result: Ok(TeamIdentity::Unknown),
            },
            Effect::Load(request, team) => Message::Loaded {
                request,
                team,
                capabilities: (self.capabilities(), 0),
                result: Ok((self.listing(), SignedDuration::ZERO)),
                notes: self.notes(),
            },
            Effect::Recover(request, team, _) => Message::Recovered {
                request,
                team,
                result: Ok(Vec::new()),
            },
            Effect::Create(request, team, name) => Message::Created {
                request,
                team,
                result: Ok(Box::new(new_key(name))),
            },
            Effect::Revoke(request, team, target) | Effect::Errand(request, team, Errand::Attest(target)) => {
                revoked(request, team, target)
            }
            Effect::RevokeMany(request, team, targets) => Message::ManyRevoked {
                request,
                team,
                results: targets
                    .into_iter()
                    .map(|target| Revoked {
                        target,
                        outcome: Outcome::Dead,
                        recorded: Ok(()),
                    })
                    .collect(),
            },
            Effect::BeginRotation(request, team, ..) => Message::RotationBegun {
                request,
                team,
                result: Err(RotateError::NoNewKey),
            },
            Effect::ReadRotation(request, team, rotation) => self.rotation_read(request, team, *rotation),
            Effect::MoveRotation(request, team, rotation, step) => {
                let cancelled = (step == RotationMove::Cancel)
                    .then(|| rotation.after(&What::Cancelled, &mark()).ok())
                    .flatten();
                self.rotation_read(request, team, cancelled.unwrap_or(*rotation))
            }
            Effect::FinishRotation(request, team, rotation, _) => Message::RotationFinished {
                request,
                team,
                old: Box::new(rotation.old.bare()),
                result: Err(RotateError::NoNewKey),
            },
            Effect::Acknowledge(request, _, _, called) => Message::Acknowledged {
                request,
                called,
                result: Acknowledged::Forgotten,
            },
            Effect::Discard(request, team, _, called, was_escrowed) => Message::Discarded {
                request,
                team,
                called,
                was_escrowed,
                result: Ok(()),
            },
            Effect::Snooze(request, team, ..) => Message::Snoozed {
                request,
                team,
                result: Ok(None),
                notes: self.notes(),
            },
            Effect::ReadLog(request) => Message::LogRead {
                request,
                result: Err(refused()),
            },
            Effect::Copy(request, _) => Message::Copied {
                request,
                result: Ok(ClipboardRoute::Desktop { dies_with_us: false }),
            },
            Effect::Errand(request, team, Errand::AskAbout(target)) => Message::News {
                request,
                team,
                news: News::Asked {
                    key: target.key.id,
                    capabilities: self.capabilities(),
                    held: false,
                },
            },
            _ => return None,
        })
    }

    fn rotation_read(&self, request: RequestId, team: TeamIndex, rotation: Rotation) -> Message {
        Message::RotationRead {
            request,
            team,
            result: Ok(Box::new(Seen {
                rotation,
                listing: Arc::new(self.listing()),
                troubles: Vec::new(),
                waiting: None,
            })),
        }
    }

    fn capabilities(&self) -> Capabilities {
        let revoke = if self.manual {
            Capability::Manual
        } else {
            Capability::Endpoint
        };
        Capabilities {
            list: Capability::Endpoint,
            create: Capability::Endpoint,
            revoke,
        }
    }

    fn run(&mut self, deed: &Deed, (gap, looks): (i64, bool)) {
        self.model.now += SignedDuration::from_millis(gap);
        if looks {
            self.tell(Message::Woke);
        }
        match deed {
            Deed::Row(place) => {
                let rows: Vec<KeyPress> = self
                    .model
                    .keymap
                    .of(self.model.context())
                    .filter_map(|binding| binding.keys.first().copied())
                    .collect();
                if let Some(press) = rows.get(place % rows.len().max(1)) {
                    self.press(*press);
                }
            }
            Deed::Confirm => self.confirm(),
            Deed::Hold => {
                for _ in 0..4 {
                    self.confirm();
                    self.wait(100);
                }
            }
            Deed::Wanted => self.type_wanted(),
            Deed::Script(script) => self.script(script),
            Deed::Letter(letter) => self.key(KeyCode::Char(*letter)),
            Deed::Paste(text) => self.tell(Message::Pasted(Pasted(Zeroizing::new((*text).to_owned())))),
        }
    }

    fn key(&mut self, code: KeyCode) {
        self.press(KeyPress::of(KeyEvent::new(code, KeyModifiers::NONE)));
    }

    fn confirm(&mut self) {
        match self.model.context() {
            KeyContext::Question => self.key(KeyCode::Char('y')),
            _ => self.key(KeyCode::Enter),
        }
    }

    fn type_wanted(&mut self) {
        for letter in self.wanted().chars() {
            self.wait(30);
            self.key(KeyCode::Char(letter));
        }
    }

    fn script(&mut self, script: &str) {
        for letter in script.chars() {
            self.wait(1300);
            match letter {
                '⏎' => self.key(KeyCode::Enter),
                '⎋' => self.key(KeyCode::Esc),
                '…' => self.type_wanted(),
                letter => self.key(KeyCode::Char(letter)),
            }
        }
    }

    /// What the topmost question wants typed.
    fn wanted(&self) -> String {
        match self.model.dialogs.last() {
            Some(OpenDialog::Revoke(form)) => match &form.confirm {
                Confirm::Typed { expected, .. } => expected.clone(),
                Confirm::YesNo => String::new(),
            },
            Some(OpenDialog::Bulk(form)) => match &form.stage {
                BulkStage::Own { expected, .. } => expected.clone(),
                _ => form.plan.len().to_string(),
            },
            Some(OpenDialog::Manual(_)) => "revoked".to_owned(),
            _ => "because".to_owned(),
        }
    }

    fn draw(&self) {
        let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
        terminal.draw(|frame| view::draw(&self.model, frame)).unwrap();
    }
}

fn revoked(request: RequestId, team: TeamIndex, target: Box<ListedKey>) -> Message {
    Message::Revoked {
        request,
        team,
        target,
        outcome: Outcome::Dead,
        unrecorded: None,
    }
}

fn new_key(name: KeyName) -> NewKey {
    let intent = Intent {
        name,
        at: at(0),
        known: Vec::new(),
        manual: false,
    };
    let creation = Creation::new(op("a"), intent);
    NewKey {
        creation: creation.after(&Event::Escrowed(minted("Made"))).unwrap(),
        key: minted("Made").bare(),
        secret: Arc::new(Secret::parse("cz_made_just_now_1234").unwrap()),
        safety: Safety::Escrowed,
        trail: Trail::default(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_destroyed_by_chance_and_every_dialog_can_be_left(
        manual: bool,
        deeds in proptest::collection::vec((deed(), pause()), 40),
    ) {
        let mut desk = Desk::new(manual);
        for (place, (deed, pause)) in deeds.iter().enumerate() {
            desk.run(deed, *pause);
            // Whoever left comes back: there is more to try.
            desk.model.exit = None;
            if place % 10 == 0 {
                desk.draw();
            }
        }
        for _ in 0..12 {
            desk.wait(1300);
            desk.key(KeyCode::Esc);
        }
        prop_assert!(desk.model.dialogs.is_empty(), "{:?}", desk.model.dialogs.last());
    }
}

/// The rule above would hold of a desk on which nothing can be destroyed at all.
#[test]
fn who_means_it_destroys() {
    for (script, manual, what) in [
        ("x…⏎", false, "Revoke("),
        (" j x…⏎", false, "RevokeMany("),
        ("x⏎…⏎", true, "Attest("),
        ("n…⏎v⏎", false, "Acknowledge("),
        ("n…⏎⏎y", false, "Discard("),
        ("/Old⏎rcy", false, "MoveRotation("),
        ("/Old⏎ra…⏎", false, "MoveRotation("),
        ("/Old⏎rx…⏎", false, "FinishRotation("),
    ] {
        let mut desk = Desk::new(manual);
        desk.script(script);
        desk.wait(1300);
        let found = desk.destroyed.iter().any(|effect| effect.contains(what));
        assert!(
            found,
            "{script} led to {:?}, {:?}",
            desk.destroyed,
            desk.model.dialogs.last()
        );
    }
}

/// However a dialog goes, what it leaves is done once: a run that nobody waits for any more is given up.
#[test]
fn what_a_dialog_leaves_is_done_once() {
    type Leave = fn(&mut Desk);
    let ways: [Leave; 4] = [
        |desk| desk.key(KeyCode::Esc),
        |desk| desk.model.dialogs.close(|_: &SignIn| true),
        |desk| desk.model.exit = Some(DashboardExit::Quit),
        |desk| {
            desk.model.exit = Some(DashboardExit::Quit);
            desk.key(KeyCode::Esc);
        },
    ];
    for way in ways {
        let mut desk = Desk::new(false);
        desk.answers_sign_in = false;
        desk.script("i");
        desk.run(&Deed::Paste("cz_pasted_value_1234"), (1300, true));
        desk.key(KeyCode::Enter);
        assert_eq!(desk.cancelled, 0);
        way(&mut desk);
        desk.wait(1300);
        desk.wait(1300);
        assert_eq!(desk.cancelled, 1);
    }
}
