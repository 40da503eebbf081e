//! What a person does in the browser, and what this face does around it: a key made there, and a key revoked there.

use std::io::IsTerminal;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::cli::context::Context;
use crate::cli::exit::{CommandError, Exit};
use crate::cli::interrupt::Interrupts;
use crate::cli::output::Output;
use crate::cli::profile::secret_of;
use crate::cli::{prompt, value};
use crate::core::creation::Creation;
use crate::core::incident::{Fact, SeenFact, Timeline, unwrapped};
use crate::core::listing::ListedKey;
use crate::core::outcome::Outcome;
use crate::core::secret::Secret;
use crate::core::text::clean;
use crate::ops::create::NewKey;
use crate::ops::manual::{BadValue, CLICKS, CREATE_CLICKS, open_page, take_pasted};
use crate::ops::revoke::{Case, Evidence, HeldValue, Method, Pace, ProbePolicy, held_value, revoke as revoke_by};
use crate::ops::sign_in::Session;
use crate::present::words::shell_word;

/// Says what a look for an endpoint may have left behind.
pub(super) fn tell_doubt(context: &mut Context<'_>, session: &Session) {
    if let Some(doubt) = session.client.take_doubt() {
        context.output.warn(&clean(&doubt));
    }
}

/// What is said where nobody can click or be asked.
pub(super) fn nobody_to_create(context: &Context<'_>, name: &str, command: &str) -> CommandError {
    let profile = &context.settings.profile;
    CommandError::new(
        Exit::Usage,
        format!(
            "Nothing was created: {} cannot create keys through the API. Create “{name}” at {} ({CREATE_CLICKS}), \
             then give its value on standard input: chatzuri-keys {command} --paste",
            profile.base_url.host(),
            profile.manual.page(&profile.base_url),
        ),
    )
}

/// Takes the value of a key that the person makes in the browser: from standard input, or at a hidden prompt until one is
/// right.
pub(super) async fn pasted(
    context: &mut Context<'_>,
    session: &Session,
    creation: &Creation,
    open: bool,
    replaced: Option<&Secret>,
) -> Result<NewKey, CommandError> {
    let profile = &context.settings.profile;
    let name = &creation.intent.name;
    let left = |why: &str| {
        format!(
            "{why}\nIf you created “{name}” in the browser: chatzuri-keys create --resume {word} --paste\nIf not: \
             chatzuri-keys create --resume {word} --not-made",
            word = shell_word(name.as_str())
        )
    };
    if !std::io::stdin().is_terminal() {
        let value = value::given(context.switches, "").await;
        let value = value.map_err(|trouble| CommandError::new(trouble.exit, left(&trouble.sentence)))?;
        return take_pasted(context.ports, profile, session, creation, Arc::new(value))
            .await
            .map_err(|bad| CommandError::new(Exit::Error, left(&format!("“{name}” was not accepted. {bad}"))));
    }
    if !context.switches.interactive {
        return Err(nobody_to_create(
            context,
            name.as_str(),
            &format!("create {}", shell_word(name.as_str())),
        ));
    }
    if open {
        let page = open_page(context.ports, profile).await;
        context.output.warn(&format!(
            "{} cannot create keys through the API. {}: {CREATE_CLICKS}.",
            profile.base_url.host(),
            clean(&page.words())
        ));
    }
    // A value that could not be tried is shown by the vendor no second time.
    let mut untried: Option<Arc<Secret>> = None;
    loop {
        let again = if untried.is_some() {
            "; press Enter to try the same again"
        } else {
            ""
        };
        let question = format!("The value of “{name}” (not shown{again}): ");
        let bytes = prompt::hidden(&question)
            .await
            .map_err(|trouble| CommandError::new(trouble.exit, left("Interrupted. Nothing was kept.")))?;
        let value = match (secret_of(unwrapped(&bytes)), &untried) {
            (Err(_), Some(same)) if unwrapped(&bytes).is_empty() => Arc::clone(same),
            (Ok(value), _) => Arc::new(value),
            (Err(why), _) => {
                context.output.warn(&why.to_string());
                continue;
            }
        };
        untried = None;
        if replaced == Some(&*value) {
            context.output.warn(&format!("{} Paste it again.", BadValue::Replaced));
            continue;
        }
        match take_pasted(context.ports, profile, session, creation, Arc::clone(&value)).await {
            Ok(new) => return Ok(new),
            Err(bad @ BadValue::Untried(_)) => {
                context.output.warn(&bad.to_string());
                untried = Some(value);
            }
            Err(bad) => context.output.warn(&format!("{bad} Paste it again.")),
        }
    }
}

/// The value that a revocation was given, where it was given one.
pub(super) async fn value_of(
    context: &Context<'_>,
    with_value: bool,
    target: &ListedKey,
) -> Result<Option<HeldValue>, CommandError> {
    if !with_value {
        return Ok(None);
    }
    let question = format!("The value of {} (not shown): ", target.key.display_name());
    let value = value::given(context.switches, &question).await?;
    known(context, target, value).await.map(Some)
}

async fn known(context: &Context<'_>, target: &ListedKey, value: Secret) -> Result<HeldValue, CommandError> {
    HeldValue::pasted(context.ports, &context.settings.profile, target, value)
        .await
        .map_err(|bad| CommandError::new(Exit::Usage, format!("Nothing was revoked. {bad}")))
}

/// What there is for a revocation in the browser: the value that was given, the one at hand, or what the person says when
/// asked. `None`: a signal came.
pub(super) async fn choose(
    context: &mut Context<'_>,
    session: &Session,
    target: &ListedKey,
    (attest, given): (bool, Option<HeldValue>),
    interrupts: &mut Interrupts,
) -> Result<Option<Evidence>, CommandError> {
    if attest {
        return Ok(Some(Evidence::Word));
    }
    let given = match given {
        Some(given) => Some(given),
        None => held_value(context.ports, &context.settings.profile, session, target).await,
    };
    if let Some(given) = given {
        return Ok(Some(Evidence::Value(given)));
    }
    if !context.switches.interactive {
        return Err(nobody_to_revoke(context, target));
    }
    match ask(context, target).await? {
        Some(given) => Ok(Some(Evidence::Value(given))),
        None => word(context, target, interrupts).await,
    }
}

/// Says what is seen of a value that is watched; where to click has to be known, however quiet the run.
pub(super) fn tell(output: &Mutex<&mut Output>, timeline: &Timeline, seen: &SeenFact) {
    let line = format!("{}  {}", timeline.time(seen.at), clean(&seen.fact.words()));
    let mut output = output.lock().unwrap_or_else(PoisonError::into_inner);
    match seen.fact {
        Fact::Manual(_) => output.warn(&line),
        _ => output.say(&line),
    }
}

/// A pace that waits this long for a person in the browser.
pub(super) fn pace(longest: Duration) -> Pace {
    Pace {
        probe: ProbePolicy {
            manual: longest,
            ..ProbePolicy::default()
        },
        ..Pace::default()
    }
}

/// Revokes a key in the browser: watched to its death with the value, and attested without.
pub(super) async fn revoke(
    context: &mut Context<'_>,
    session: &Session,
    target: &ListedKey,
    (attested, longest): (bool, Duration),
    given: Option<HeldValue>,
    interrupts: &mut Interrupts,
) -> Result<Outcome, CommandError> {
    let (ports, profile) = (context.ports, &context.settings.profile);
    let Some(evidence) = choose(context, session, target, (attested, given), interrupts).await? else {
        return Ok(Outcome::Interrupted);
    };
    let pace = pace(longest);
    let ended = {
        let output = Mutex::new(&mut *context.output);
        let on_fact = |timeline: &Timeline, seen: &SeenFact| tell(&output, timeline, seen);
        let stop = interrupts.next_but_hangup();
        let case = Case::of(ports, profile, session, target);
        revoke_by(case, (Method::Manual, evidence), pace, &on_fact, stop).await
    };
    context.output.unrecorded(&ended.recorded);
    Ok(ended.outcome)
}

fn nobody_to_revoke(context: &Context<'_>, target: &ListedKey) -> CommandError {
    let profile = &context.settings.profile;
    let word = shell_word(target.key.id.shown());
    CommandError::new(
        Exit::Usage,
        format!(
            "NOT revoked: {} {} is alive, and {} cannot revoke it through the API. Revoke it at {} ({CLICKS}). Then \
             give its value on standard input to prove it dead: chatzuri-keys revoke {word} --with-value --yes\nOr \
             record that you did: chatzuri-keys revoke {word} --attest --yes",
            target.key.display_name(),
            target.key.hint(),
            profile.base_url.host(),
            profile.manual.page(&profile.base_url),
        ),
    )
}

/// Asks for the value; Enter alone says that nobody has it.
async fn ask(context: &mut Context<'_>, target: &ListedKey) -> Result<Option<HeldValue>, CommandError> {
    context.output.warn(&format!(
        "{} cannot revoke keys through the API: you do it in the browser. With its value, we can check that it is \
         dead.",
        context.settings.profile.base_url.host()
    ));
    loop {
        let question = format!(
            "The value of {} (not shown; press Enter if you don't have it): ",
            target.key.display_name()
        );
        let bytes = prompt::hidden(&question).await?;
        let bytes = unwrapped(&bytes);
        if bytes.is_empty() {
            return Ok(None);
        }
        let value = match secret_of(bytes) {
            Ok(value) => value,
            Err(why) => {
                context.output.warn(&why.to_string());
                continue;
            }
        };
        match known(context, target, value).await {
            Ok(given) => return Ok(Some(given)),
            Err(trouble) => context.output.warn(&trouble.sentence),
        }
    }
}

/// Without the value there is only the person's word.
async fn word(
    context: &mut Context<'_>,
    target: &ListedKey,
    interrupts: &mut Interrupts,
) -> Result<Option<Evidence>, CommandError> {
    const WORD: &str = "revoked";
    let page = open_page(context.ports, &context.settings.profile).await;
    context.output.warn(&format!(
        "{} → {CLICKS}, and click Revoke next to {} {}.",
        clean(&page.words()),
        target.key.display_name(),
        target.key.hint()
    ));
    let question = format!("Type “{WORD}” once it is gone from the page: ");
    let typed = tokio::select! {
        typed = prompt::line(&question) => typed?,
        () = interrupts.next() => return Ok(None),
    };
    if typed.as_deref() != Some(WORD) {
        return Err(CommandError::new(
            Exit::Declined,
            format!("Declined. Nothing was recorded for {}.", target.key.display_name()),
        ));
    }
    Ok(Some(Evidence::Word))
}
