//! `chatzuri-keys create NAME`: the show-once protocol without a screen.

mod handover;
mod receipts;
mod rescue;
mod resume;

pub(super) use self::handover::hand_over;
pub(super) use self::rescue::try_again;
use std::io::IsTerminal;
use std::time::Duration;

use crate::cli::args::CreateArgs;
use crate::cli::create::resume::{look_for_it, resume};
use crate::cli::exit::{CommandError, Exit};
use crate::cli::interrupt::Interrupts;
use crate::cli::output::nobody_reads;
use crate::cli::profile::Settings;
use crate::cli::words::shell_word;
use crate::cli::{Context, Switches, manual, prompt, until_interrupted};
use crate::core::capability::Capability;
use crate::core::key::KeyName;
use crate::core::sink::Sinks;
use crate::core::target::Target;
use crate::ops::create::{Blocked, CreateError, NewKey, WithoutStore, create};
use crate::ops::handover::{Destination, HandoverRoute, look_ahead};
use crate::ops::manual::begin_manual;
use crate::ops::sign_in::Session;
use crate::ops::trail::CLIPBOARD;
use crate::ports::Operation;

/// What the person asked to be done with the value.
pub(super) struct Asked<'a> {
    args: &'a CreateArgs,
    /// Where it goes, each place once.
    destinations: Vec<Destination>,
    sinks: Sinks,
    /// The team's name, where a sink may want it.
    team: Option<String>,
    /// What somebody has agreed to already.
    agreed: Vec<String>,
    /// How long a store that does not take the value is tried again.
    longest_rescue: Duration,
}

impl<'a> Asked<'a> {
    pub(super) fn of(args: &'a CreateArgs, settings: &Settings) -> Result<Self, CommandError> {
        let mut targets: Vec<Target> = Vec::with_capacity(args.to.len());
        for text in &args.to {
            let target = Target::parse(text)
                .map_err(|bad| CommandError::new(Exit::Usage, format!("--to: {bad} Nothing was sent.")))?;
            if !targets.contains(&target) {
                targets.push(target);
            }
        }
        let sinks = settings.config.sinks();
        let sinks =
            sinks.map_err(|error| CommandError::new(Exit::Usage, format!("The config cannot be used: {error}.")))?;
        Ok(Self {
            args,
            destinations: targets.into_iter().map(Destination::from).collect(),
            sinks,
            team: None,
            agreed: Vec::new(),
            longest_rescue: rescue::LONGEST,
        })
    }

    /// To these places, which somebody has agreed to.
    pub(super) fn to(mut self, destinations: Vec<Destination>) -> Self {
        self.destinations = destinations;
        self
    }

    /// Tries the store before anything else is done with a value that it did not take; whether it keeps it now.
    pub(super) async fn keep(
        &mut self,
        context: &mut Context<'_>,
        new: &mut NewKey,
        interrupts: &mut Interrupts,
    ) -> bool {
        let longest = std::mem::take(&mut self.longest_rescue);
        try_again(context, new, longest, interrupts).await
    }

    fn targets(&self) -> impl Iterator<Item = &Target> {
        self.destinations.iter().map(|destination| &destination.target)
    }

    fn route(&self) -> HandoverRoute<'_> {
        HandoverRoute {
            sinks: &self.sinks,
            team: self.team.as_deref(),
        }
    }

    /// Only a person's own sink can ask for the team, and only those wait for its name.
    pub(super) async fn learn_team(&mut self, session: &Session) {
        if self.targets().any(|target| target.sink_name().is_some()) {
            let team = session.api.teams().await.unwrap_or_default();
            self.team = team.known().map(|team| team.name.raw().to_owned());
        }
    }

    /// Whether the value goes somewhere at once, so that no store needs to keep it.
    pub(super) fn goes_somewhere(&self) -> bool {
        self.args.show || self.args.copy || !self.destinations.is_empty()
    }

    /// Whether its value comes from the browser.
    pub(super) fn is_pasted(&self) -> bool {
        self.args.paste
    }

    /// Looks at all targets at once, so that they are mended at once, and has agreed to what they leave open.
    pub(super) async fn check(
        &mut self,
        context: &mut Context<'_>,
        name: Option<&KeyName>,
    ) -> Result<(), CommandError> {
        let looked = look_ahead(context.ports, self.route(), self.targets(), name).await;
        let ready = looked.map_err(|problems| {
            let words: Vec<String> = problems.iter().map(ToString::to_string).collect();
            nothing_sent(&words, "")
        })?;
        let doubts = ready.iter().flat_map(|ready| ready.doubts.clone());
        let doubts: Vec<String> = doubts.filter(|doubt| !self.agreed.contains(doubt)).collect();
        for (destination, ready) in self.destinations.iter_mut().zip(ready) {
            destination.exact = ready.exact;
        }
        agree(context, &doubts).await?;
        self.agreed.extend(doubts);
        Ok(())
    }

    /// "and hand its value to a and b"
    pub(super) fn plan(&self) -> String {
        let mut places: Vec<String> = self.targets().map(ToString::to_string).collect();
        if self.args.copy {
            places.push(CLIPBOARD.to_owned());
        }
        if self.args.show {
            places.push("standard output".to_owned());
        }
        match places.as_slice() {
            [] => "keep its value in the keyring".to_owned(),
            places => format!("hand its value to {}", places.join(", ")),
        }
    }
}

/// Has somebody agree to what the targets leave open: asked on a terminal, by `--yes` elsewhere.
async fn agree(context: &mut Context<'_>, doubts: &[String]) -> Result<(), CommandError> {
    if doubts.is_empty() {
        return Ok(());
    }
    let Switches {
        dry_run,
        yes,
        interactive,
    } = context.switches;
    if !interactive && !yes && !dry_run {
        return Err(nothing_sent(doubts, "\nConfirm with --yes, or look with --dry-run."));
    }
    for doubt in doubts {
        context.output.warn(doubt);
    }
    if yes || dry_run {
        return Ok(());
    }
    if prompt::yes("Hand the value over there? [y/N] ").await? {
        Ok(())
    } else {
        Err(CommandError::new(Exit::Declined, "Declined; nothing was sent."))
    }
}

fn nothing_sent(why: &[String], hint: &str) -> CommandError {
    let why = match why {
        [only] => format!(" {only}"),
        several => format!("\n  {}", several.join("\n  ")),
    };
    CommandError::new(Exit::Usage, format!("Nothing was sent.{why}{hint}"))
}

pub(super) async fn run(
    mut context: Context<'_>,
    args: &CreateArgs,
    interrupts: &mut Interrupts,
) -> Result<Exit, CommandError> {
    if args.show && nobody_reads() {
        return Err(CommandError::new(
            Exit::Error,
            "Nothing was done: nobody reads standard output, where the value would go.",
        ));
    }
    let mut asked = Asked::of(args, context.settings)?;
    if args.resume {
        return resume(context, asked, interrupts).await;
    }
    let name = args.name.as_deref().unwrap_or_default();
    let name = KeyName::parse(name).map_err(|bad| CommandError::new(Exit::Usage, bad.to_string()))?;
    let host = context.settings.profile.base_url.host();
    if context.switches.dry_run {
        until_interrupted(interrupts, asked.check(&mut context, None)).await?;
        context
            .output
            .say(&format!("Would create “{name}” at {host} and {}.", asked.plan()));
        return Ok(Exit::Ok);
    }
    let prepared = async {
        let session = super::session(context.ports, context.settings).await?;
        asked.learn_team(&session).await;
        asked.check(&mut context, Some(&name)).await?;
        Ok::<_, CommandError>(session)
    };
    let session = until_interrupted(interrupts, prepared).await?;
    let without_store = if asked.goes_somewhere() {
        WithoutStore::Create
    } else {
        WithoutStore::Refuse
    };
    let profile = &context.settings.profile;
    // Before anything else is asked. A server that lists keys says it to the request itself.
    let capability = if args.paste {
        Capability::Manual
    } else if session.capabilities.recall(Operation::List).await == Capability::Manual {
        session.capabilities.capability(Operation::Create).await
    } else {
        session.capabilities.recall(Operation::Create).await
    };
    manual::tell_doubt(&mut context, &session);
    if capability == Capability::Manual {
        return create_manually(&mut context, &session, name, without_store, &asked, interrupts).await;
    }
    // Not dropped at a signal: a key would be left behind whose value nobody has. The request has its own time limit.
    match create(context.ports, profile, &*session.api, name.clone(), without_store).await {
        Ok(new) => hand_over(&mut context, &session, new, &asked, None, None, interrupts).await,
        Err(CreateError::NotCreated(..)) if session.capabilities.known().create == Capability::Manual => {
            create_manually(&mut context, &session, name, without_store, &asked, interrupts).await
        }
        Err(error) => {
            let lost = match &error {
                CreateError::Uncertain(_, _, creation) => Some(creation.clone()),
                _ => None,
            };
            let trouble = CommandError::from(error);
            let Some(lost) = lost else {
                return Err(trouble);
            };
            context.output.error(&trouble.sentence);
            look_for_it(&mut context, &session, &lost, interrupts).await
        }
    }
}

/// The person makes the key in the browser; from its value on it is a new key like any other.
async fn create_manually(
    context: &mut Context<'_>,
    session: &Session,
    name: KeyName,
    without_store: WithoutStore,
    asked: &Asked<'_>,
    interrupts: &mut Interrupts,
) -> Result<Exit, CommandError> {
    let has_value = asked.args.paste && !std::io::stdin().is_terminal();
    if !has_value && !context.switches.interactive {
        return Err(manual::nobody_to_create(
            context,
            name.as_str(),
            &format!("create {}", shell_word(name.as_str())),
        ));
    }
    let profile = &context.settings.profile;
    let begun = begin_manual(context.ports, profile, session, name, without_store, None).await;
    let creation = begun.map_err(|error| match error {
        // It may be there already; what is not done here is to take it over.
        CreateError::NotReady(name, Blocked::Store(error)) if has_value => CommandError::new(
            Exit::Usage,
            format!(
                "The value of “{name}” was not taken, and nothing of it is kept here. {error}, so a crash could lose it. \
                 Start a keyring, or say where it goes: --to, --copy or --show."
            ),
        ),
        error => error.into(),
    })?;
    let new = manual::pasted(context, session, &creation, !has_value, None).await?;
    hand_over(context, session, new, asked, None, None, interrupts).await
}
