//! What the person asked to be done with a new value, and what they agree to.

use std::time::Duration;

use crate::cli::commands::create::args::CreateArgs;
use crate::cli::commands::create::keep::{LONGEST, try_again};
use crate::cli::context::Context;
use crate::cli::exit::{CommandError, Exit};
use crate::cli::global::Switches;
use crate::cli::interrupt::Interrupts;
use crate::cli::profile::Settings;
use crate::cli::prompt;
use crate::core::key::KeyName;
use crate::core::sink::Sinks;
use crate::core::target::Target;
use crate::ops::create::NewKey;
use crate::ops::handover::{Destination, HandoverRoute, look_ahead};
use crate::ops::sign_in::Session;
use crate::ops::trail::CLIPBOARD;

/// What the person asked to be done with the value.
pub(in crate::cli::commands) struct Asked<'a> {
    pub(super) args: &'a CreateArgs,
    /// Where it goes, each place once.
    pub(super) destinations: Vec<Destination>,
    sinks: Sinks,
    /// The team's name, where a sink may want it.
    team: Option<String>,
    /// What somebody has agreed to already.
    agreed: Vec<String>,
    /// How long a store that does not take the value is tried again.
    pub(super) longest_rescue: Duration,
}

impl<'a> Asked<'a> {
    pub(in crate::cli::commands) fn of(args: &'a CreateArgs, settings: &Settings) -> Result<Self, CommandError> {
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
            sinks.map_err(|error| CommandError::new(Exit::Usage, format!("The config is not valid: {error}.")))?;
        Ok(Self {
            args,
            destinations: targets.into_iter().map(Destination::from).collect(),
            sinks,
            team: None,
            agreed: Vec::new(),
            longest_rescue: LONGEST,
        })
    }

    /// To these places, which somebody has agreed to.
    pub(in crate::cli::commands) fn to(mut self, destinations: Vec<Destination>) -> Self {
        self.destinations = destinations;
        self
    }

    /// Tries the store before anything else is done with a value that it did not take; whether it keeps it now.
    pub(in crate::cli::commands) async fn keep(
        &mut self,
        context: &mut Context<'_>,
        new: &mut NewKey,
        interrupts: &mut Interrupts,
    ) -> bool {
        let longest = std::mem::take(&mut self.longest_rescue);
        try_again(context, new, longest, interrupts).await
    }

    pub(super) fn targets(&self) -> impl Iterator<Item = &Target> {
        self.destinations.iter().map(|destination| &destination.target)
    }

    pub(super) fn route(&self) -> HandoverRoute<'_> {
        HandoverRoute {
            sinks: &self.sinks,
            team: self.team.as_deref(),
        }
    }

    /// Only a person's own sink can ask for the team, and only those wait for its name.
    pub(in crate::cli::commands) async fn learn_team(&mut self, session: &Session) {
        if self.targets().any(|target| target.sink_name().is_some()) {
            let team = session.client.teams().await.unwrap_or_default();
            self.team = team.known().map(|team| team.name.raw().to_owned());
        }
    }

    /// Whether the value goes somewhere at once, so that no store needs to keep it.
    pub(in crate::cli::commands) fn goes_somewhere(&self) -> bool {
        self.args.show || self.args.copy || !self.destinations.is_empty()
    }

    /// Whether its value comes from the browser.
    pub(in crate::cli::commands) fn is_pasted(&self) -> bool {
        self.args.paste
    }

    /// Looks at all targets at once, so that they are mended at once, and has agreed to what they leave open.
    pub(in crate::cli::commands) async fn check(
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
    pub(in crate::cli::commands) fn plan(&self) -> String {
        let mut places: Vec<String> = self.targets().map(ToString::to_string).collect();
        if self.args.copy {
            places.push(CLIPBOARD.to_owned());
        }
        if self.args.show {
            places.push("standard output".to_owned());
        }
        match places.as_slice() {
            [] => "keep its value in the keyring".to_owned(),
            places => format!("send its value to {}", places.join(", ")),
        }
    }
}

/// Has somebody agree to what the targets leave open: asked on a terminal, by `--yes` elsewhere.
pub(super) async fn agree(context: &mut Context<'_>, doubts: &[String]) -> Result<(), CommandError> {
    if doubts.is_empty() {
        return Ok(());
    }
    let Switches {
        dry_run,
        yes,
        interactive,
    } = context.switches;
    if !interactive && !yes && !dry_run {
        return Err(nothing_sent(doubts, "\nAdd --yes, or look first with --dry-run."));
    }
    for doubt in doubts {
        context.output.warn(doubt);
    }
    if yes || dry_run {
        return Ok(());
    }
    if prompt::yes("Send the value there? [y/N] ").await? {
        Ok(())
    } else {
        Err(CommandError::new(Exit::Declined, "Declined. Nothing was sent."))
    }
}

fn nothing_sent(why: &[String], hint: &str) -> CommandError {
    let why = match why {
        [only] => format!(" {only}"),
        several => format!("\n  {}", several.join("\n  ")),
    };
    CommandError::new(Exit::Usage, format!("Nothing was sent.{why}{hint}"))
}
