//! `chatzuri-keys rotate`: a key's rotation, a step at a time.

pub(crate) mod args;
mod find;
mod finish;
pub(in crate::cli) mod shape;
mod start;
mod status;
mod steps;

use std::sync::Arc;

use jiff::SignedDuration;

use crate::cli::commands::rotate::args::RotateStep;
use crate::cli::context::{Context, until_interrupted};
use crate::cli::exit::{CommandError, Exit};
use crate::cli::interrupt::Interrupts;
use crate::core::listing::Listing;
use crate::core::policy::Policies;
use crate::ops::recover::{Since, recover};
use crate::ops::rotate::{At, RotateError, Rules, read_list};
use crate::ops::sign_in::Session;

/// What the config says of rotations.
struct Measure {
    policies: Policies,
    quiet: SignedDuration,
}

impl Measure {
    fn of(context: &Context<'_>) -> Self {
        Self {
            policies: context.settings.config.policies(),
            quiet: context.settings.config.quiet(),
        }
    }

    fn rules(&self) -> Rules<'_> {
        Rules {
            policies: &self.policies,
            quiet: self.quiet,
        }
    }
}

/// The profile as it speaks to its API.
fn at<'a>(context: &Context<'a>, session: &'a Session) -> At<'a> {
    At {
        ports: context.ports,
        profile: &context.settings.profile,
        session,
    }
}

/// The list, once it is known what became of the new keys: a value that is lost is not waited for.
async fn listing(at: At<'_>) -> Result<Arc<Listing>, RotateError> {
    // Where that cannot be told, the rotation stands where it stood.
    let _ = recover(at.ports, at.profile, &at.session.client, Since::EarlierRun).await;
    read_list(at).await
}

pub(super) async fn run(
    context: Context<'_>,
    step: &RotateStep,
    interrupts: &mut Interrupts,
) -> Result<Exit, CommandError> {
    match step {
        RotateStep::Start(args) => start::run(context, args, interrupts).await,
        RotateStep::Status(args) => until_interrupted(interrupts, status::run(context, args)).await,
        // Each of these is one move of a row: there is nothing to interrupt but the reading before it.
        RotateStep::Tick(args) => steps::tick(context, args, interrupts).await,
        RotateStep::Confirm(args) => steps::confirm(context, args, interrupts).await,
        RotateStep::Cancel(args) => steps::cancel(context, args, interrupts).await,
        RotateStep::Adopt(args) => steps::adopt(context, args, interrupts).await,
        RotateStep::Finish(args) => finish::finish(context, args, interrupts).await,
    }
}
