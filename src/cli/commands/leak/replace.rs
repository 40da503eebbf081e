//! `leak --replace`: the key's successor is made and handed over before the leaked one is revoked.

use jiff::tz::TimeZone;

use crate::cli::commands::create::args::CreateArgs;
use crate::cli::commands::create::{Asked, hand_over};
use crate::cli::context::{Context, until_interrupted};
use crate::cli::exit::{CommandError, Exit};
use crate::cli::interrupt::Interrupts;
use crate::cli::manual::{pasted, tell_doubt};
use crate::cli::profile::Settings;
use crate::cli::prompt;
use crate::core::capability::Capability;
use crate::core::incident::{Fact, How, SeenFact, scrub};
use crate::core::key::{KeyName, Own};
use crate::core::register::KeyPlace;
use crate::core::rotation::successor_name;
use crate::core::sink::Sinks;
use crate::core::target::Target;
use crate::ops::create::{Blocked, CreateError, WithoutStore, create};
use crate::ops::deliver::check;
use crate::ops::handover::Destination;
use crate::ops::leak::{Match, Search};
use crate::ops::manual::begin_manual;
use crate::ops::sign_in::{Session, find_session};
use crate::ports::Operation;
use crate::present::words::shell_word;

/// What is to be made, and where its value goes.
pub(super) struct Replacement {
    name: KeyName,
    /// The places that take a value by themselves.
    destinations: Vec<Destination>,
    /// The places a person sees to.
    manual: Vec<String>,
    /// Whether the person makes it in the browser.
    in_browser: bool,
    session: Session,
    /// Those of the profile the key is in.
    settings: Settings,
}

/// How far it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Replaced {
    /// Every place that takes a value by itself has it.
    Whole,
    /// There is no successor, or a place does not have its value.
    Partly,
}

impl Replacement {
    /// Looks whether a successor can be made at all, before anything is asked for.
    pub(super) async fn prepare(
        context: &mut Context<'_>,
        search: &Search,
        found: &Match,
    ) -> Result<Self, CommandError> {
        let refused = |why: String| {
            CommandError::new(
                Exit::Usage,
                format!(
                    "Nothing was done, and {} is still alive: {why} To revoke it now, leave out --replace.",
                    search.timeline.display_name()
                ),
            )
        };
        if search.timeline.how() == Some(How::Itself) {
            return Err(refused(
                "none of your credentials opens its team, so only the leaked key could create a replacement."
                    .to_owned(),
            ));
        }
        if found.target.own == Own::Yes {
            return Err(refused(
                "it is the key you're signed in with. Sign in with another key first: chatzuri-keys login.".to_owned(),
            ));
        }
        let mut settings = context.settings.clone();
        settings.profile = found.place.profile.clone();
        let old_name = scrub(&search.value, found.target.key.name.raw());
        let listing = &found.place.listing;
        let today = TimeZone::UTC.to_datetime(listing.as_of).date();
        let taken = listing.keys.iter().map(|listed| listed.key.name.raw());
        let name = successor_name(&old_name, today, taken)
            .ok_or_else(|| refused("its name is not valid for a replacement.".to_owned()))?;
        let policies = settings.config.policies();
        let (mut destinations, mut manual) = (Vec::new(), Vec::new());
        for place in policies.register().places(&old_name) {
            match place {
                KeyPlace::Target(target) => destinations.push(destination(context, target).await),
                KeyPlace::Words(words) => manual.push(words.shown().to_owned()),
            }
        }
        let session = find_session(context.ports, &settings.profile).await?;
        let session = session.ok_or_else(|| refused("you are no longer signed in to its team.".to_owned()))?;
        let capability = if context.switches.dry_run {
            session.client.recall(Operation::Create).await
        } else {
            session.client.capability(Operation::Create).await
        };
        tell_doubt(context, &session);
        let in_browser = capability == Capability::Manual;
        if in_browser && !context.switches.interactive && !context.switches.dry_run {
            return Err(refused(format!(
                "{} cannot create keys through the API, so you create the replacement in the browser, but this \
                 command cannot ask for its value. Create it first: chatzuri-keys create {} --paste.",
                settings.profile.base_url.host(),
                shell_word(name.as_str())
            )));
        }
        Ok(Self {
            name,
            destinations,
            manual,
            in_browser,
            session,
            settings,
        })
    }

    /// What would be done, for a question or a dry run.
    pub(super) fn plan(&self) -> String {
        let mut places: Vec<String> = self.destinations.iter().map(|one| one.exact.to_string()).collect();
        places.extend(self.manual.iter().map(|words| format!("{words} (by hand)")));
        let whereto = match places.as_slice() {
            [] => "keep its value in the keyring: the config lists no places for this key".to_owned(),
            places => format!("send its value to {}", places.join(", ")),
        };
        let made = if self.in_browser { "make" } else { "create" };
        let place = if self.in_browser { " in the browser" } else { "" };
        format!("{made} “{}”{place} and {whereto}", self.name)
    }

    /// Makes the successor and hands it over. A leaked key must die: what goes wrong here is told, and stops the
    /// revocation only where nothing could take the value, or where the person says so.
    pub(super) async fn make(
        self,
        context: &mut Context<'_>,
        search: &mut Search,
        interrupts: &mut Interrupts,
    ) -> Result<Replaced, CommandError> {
        let Self {
            name,
            destinations,
            manual,
            in_browser,
            session,
            settings,
        } = self;
        let has_targets = !destinations.is_empty();
        let args = CreateArgs::default();
        let mut asked = Asked::of(&args, &settings)?.to(destinations);
        asked.learn_team(&session).await;
        let without_store = if has_targets {
            WithoutStore::Create
        } else {
            WithoutStore::Refuse
        };
        let mut there = Context {
            ports: context.ports,
            settings: &settings,
            switches: context.switches,
            output: &mut *context.output,
        };
        let alive = |mut trouble: CommandError| {
            trouble
                .sentence
                .push_str(" The leaked key was not revoked and is still alive.");
            trouble
        };
        let made = if in_browser {
            let begun = begin_manual(there.ports, &settings.profile, &session, name, without_store, None).await;
            match begun {
                Ok(creation) => Ok(pasted(&mut there, &session, &creation, true, Some(&search.value))
                    .await
                    .map_err(alive)?),
                Err(error) => Err(error),
            }
        } else {
            // Not dropped at a signal: a key would be left behind whose value nobody has.
            create(there.ports, &settings.profile, &session.client, name, without_store).await
        };
        let new = match made {
            Ok(new) => new,
            Err(error @ CreateError::NotReady(_, Blocked::Store(_))) => {
                return Err(CommandError::new(
                    Exit::Usage,
                    format!(
                        "Nothing was revoked, and {} is still alive. {error} To revoke it now, leave out --replace. \
                         To choose where its replacement goes, list its places in the config.",
                        search.timeline.display_name()
                    ),
                ));
            }
            Err(error) => {
                context.output.error(&error.to_string());
                note(context, search, Fact::NotReplaced(error.to_string()));
                let question = "There is no replacement. Revoke the leaked key anyway? [y/N] ";
                go_on(context, question, interrupts).await?;
                return Ok(Replaced::Partly);
            }
        };
        let called = new.key.display_name();
        let waits = if manual.is_empty() { None } else { Some(true) };
        let mut there = Context {
            ports: context.ports,
            settings: &settings,
            switches: context.switches,
            output: &mut *context.output,
        };
        let exit = hand_over(&mut there, &session, new, &asked, None, waits, interrupts).await?;
        let fact = if exit == Exit::Error {
            Fact::NotReplaced(format!("{called} was created, but its value is lost."))
        } else {
            Fact::Replaced(called)
        };
        note(context, search, fact);
        if exit == Exit::Declined {
            return Err(CommandError::new(
                exit,
                "Interrupted. The leaked key was not revoked and is still alive.",
            ));
        }
        let (replaced, question) = match exit {
            Exit::Ok if manual.is_empty() && has_targets => return Ok(Replaced::Whole),
            Exit::Ok => (
                Replaced::Whole,
                "Its replacement is not in use yet. Revoke the leaked key now? [y/N] ",
            ),
            _ => (
                Replaced::Partly,
                "Its replacement is not everywhere. Revoke the leaked key anyway? [y/N] ",
            ),
        };
        for words in &manual {
            context.output.warn(&format!("To do by hand: {words}."));
        }
        go_on(context, question, interrupts).await?;
        Ok(replaced)
    }
}

/// What a place leaves open is told and named before the question, so that a yes to the plan is a yes to it. A place that is
/// not ready stops nothing: the leaked key must die all the same.
async fn destination(context: &mut Context<'_>, target: &Target) -> Destination {
    let mut destination = Destination::from(target.clone());
    if target.sink_name().is_some() {
        return destination;
    }
    match check(&*context.ports.processes, &Sinks::new(), target).await {
        Ok(ready) => {
            for doubt in &ready.doubts {
                context.output.warn(doubt);
            }
            destination.exact = ready.exact;
        }
        Err(problem) => context.output.warn(&problem.to_string()),
    }
    destination
}

fn note(context: &Context<'_>, search: &mut Search, fact: Fact) {
    let fact = match fact {
        Fact::Replaced(called) => Fact::Replaced(scrub(&search.value, &called)),
        Fact::NotReplaced(why) => Fact::NotReplaced(scrub(&search.value, &why)),
        other => other,
    };
    search.timeline.facts.push(SeenFact {
        at: context.ports.clock.now(),
        fact,
    });
}

/// Asks whether to go on; --yes has said so already.
async fn go_on(context: &Context<'_>, question: &str, interrupts: &mut Interrupts) -> Result<(), CommandError> {
    if context.switches.yes {
        return Ok(());
    }
    if until_interrupted(interrupts, prompt::yes(question)).await? {
        Ok(())
    } else {
        Err(CommandError::new(
            Exit::Declined,
            "Declined. The leaked key was not revoked and is still alive. Its replacement, if there is one, stays.",
        ))
    }
}
