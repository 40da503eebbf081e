//! By which way a key is revoked: asked of the server, or clicked by a person in the browser.

use std::sync::Mutex;
use std::time::Duration;

use crate::cli::commands::revoke::args::RevokeArgs;
use crate::cli::context::{Context, until_interrupted};
use crate::cli::exit::{CommandError, Exit};
use crate::cli::global::Switches;
use crate::cli::interrupt::Interrupts;
use crate::cli::manual;
use crate::core::capability::Capability;
use crate::core::incident::{SeenFact, Timeline};
use crate::core::listing::ListedKey;
use crate::core::outcome::Outcome;
use crate::ops::revoke::{Case, Evidence, Method, Revocation, Revoked, revoke};
use crate::ops::sign_in::Session;
use crate::ports::Operation;

/// The way of the server; a key that only this machine knows has its own.
#[derive(Debug, Clone, Copy)]
pub(super) struct By(Capability);

impl By {
    /// A person is only asked about what can be done; a script's request is its own question.
    pub(super) async fn find(
        session: &Session,
        args: &RevokeArgs,
        switches: Switches,
        interrupts: &mut Interrupts,
    ) -> Result<Self, CommandError> {
        let unlisted = session.client.recall(Operation::List).await == Capability::Manual;
        let ask = (switches.interactive || unlisted || args.attest) && !switches.dry_run;
        Ok(Self(if ask {
            until_interrupted(interrupts, async {
                Ok(session.client.capability(Operation::Revoke).await)
            })
            .await?
        } else {
            session.client.recall(Operation::Revoke).await
        }))
    }

    /// Whether a person has to click.
    pub(super) fn in_browser(self, target: &ListedKey) -> bool {
        self.0 == Capability::Manual || target.key.id.is_local()
    }

    /// A value is of one key, and a word is only written down of what cannot be done here.
    pub(super) fn refuse_what_does_not_fit(self, args: &RevokeArgs, targets: &[ListedKey]) -> Result<(), CommandError> {
        if args.with_value && targets.len() > 1 {
            return Err(CommandError::new(
                Exit::Usage,
                "Nothing was revoked: a value belongs to one key. With --with-value, name only one.",
            ));
        }
        let done_here = |target: &&ListedKey| !self.in_browser(target) && !target.is_tracked();
        match targets.iter().find(done_here) {
            Some(other) if args.attest => Err(CommandError::new(
                Exit::Usage,
                format!(
                    "Nothing was recorded: you can revoke {} right here. Leave out --attest.",
                    other.key.display_name()
                ),
            )),
            _ => Ok(()),
        }
    }
}

/// Revokes one key by its way.
pub(super) async fn one(
    context: &mut Context<'_>,
    session: &Session,
    target: &ListedKey,
    by: By,
    args: &RevokeArgs,
    interrupts: &mut Interrupts,
) -> Result<Revoked, CommandError> {
    let given = manual::value_of(context, args.with_value, target).await?;
    let how = (args.attest, Duration::from_secs(args.watch));
    let ended = |outcome, recorded| Revoked {
        target: target.clone(),
        outcome,
        recorded,
    };
    if by.in_browser(target) || args.attest {
        let outcome = manual::revoke(context, session, target, how, given, interrupts).await?;
        return Ok(ended(outcome, Ok(())));
    }
    let (ports, profile) = (context.ports, &context.settings.profile);
    let stop = interrupts.next_but_hangup();
    let by_list = given.is_none();
    let evidence = given.map_or(Evidence::List, Evidence::Value);
    let case = Case::of(ports, profile, session, target);
    let Revocation { outcome, recorded } = {
        let output = Mutex::new(&mut *context.output);
        let on_fact = |timeline: &Timeline, seen: &SeenFact| manual::tell(&output, timeline, seen);
        // Without an endpoint there is nothing to tell before the person is asked.
        revoke(case, (Method::Endpoint, evidence), manual::pace(how.1), &on_fact, stop).await
    };
    // It said now that there is no endpoint, and there is no value that was watched.
    let found_out = by_list && session.client.known().revoke == Capability::Manual;
    match outcome {
        outcome if found_out && !outcome.is_proven() && outcome != Outcome::Interrupted => {
            let outcome = manual::revoke(context, session, target, how, None, interrupts).await?;
            Ok(ended(outcome, Ok(())))
        }
        outcome @ Outcome::Unconfirmed(_) if target.is_tracked() => {
            context
                .output
                .warn("Give its value with --with-value, or confirm with --attest that it is gone.");
            Ok(ended(outcome, recorded))
        }
        outcome => Ok(ended(outcome, recorded)),
    }
}
