//! Deliver a new key's value to a target: checked before the key is made, and a receipt for each target afterwards.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use zeroize::Zeroizing;

use crate::core::secret::{Secret, mask_values};
use crate::core::sink::{
    Agreement, DEFAULT_LIMIT, DeliveredKey, DeliveryPlan, Ended, Existing, Pin, Preflights, ReadBack, Shows, Sinks,
    Unread, masked,
};
use crate::core::target::Target;
use crate::core::text::{clean, fit};
use crate::ports::{ChildOutput, ChildProcess, Processes};

mod receipt;

use receipt::sentence;
pub use receipt::{Receipt, ReceiptState, Verified};

/// Columns shown of a program's own words.
const WORDS: u16 = 400;

/// A new key on its way to a target.
#[derive(Debug, Clone, Copy)]
pub struct Delivery<'a> {
    /// The key, as the server has it.
    pub key: DeliveredKey<'a>,
    /// Its value.
    pub secret: &'a Secret,
}

/// Why a target cannot take a key now. Nothing was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetProblem {
    /// The target.
    pub target: Target,
    /// Why, cleaned.
    pub why: String,
}

impl fmt::Display for TargetProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A value may stand in the place of a target.
        let target = self.target.to_string();
        let target = mask_values(&target, None);
        write!(f, "{target} is not ready: {}", sentence(&self.why))
    }
}

impl std::error::Error for TargetProblem {}

/// A target that can take a key now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ready {
    /// The target, with the context or project named that is current.
    pub exact: Target,
    /// What somebody must agree to before a key is made, each a sentence.
    pub doubts: Vec<String>,
}

/// Whether `target` can take a key: its program is here, it is signed in, the place exists, and nothing else there would be
/// lost. Asked before the key is made, and changes nothing.
///
/// # Errors
/// [`TargetProblem`] says what is missing.
pub async fn check(processes: &dyn Processes, sinks: &Sinks, target: &Target) -> Result<Ready, TargetProblem> {
    let ready = preflight(processes, sinks, target).await;
    ready.map_err(|why| TargetProblem {
        target: target.clone(),
        why,
    })
}

async fn preflight(processes: &dyn Processes, sinks: &Sinks, target: &Target) -> Result<Ready, String> {
    let mut ready = pinned(processes, target).await?;
    let preflights = Preflights::new(&ready.exact, sinks).map_err(|no| no.to_string())?;
    if let Some(missing) = preflights.program.filter(|program| !processes.is_here(program)) {
        return Err(format!("cannot find the program {}", clean(&missing)));
    }
    let with_hint = |why: String, hint: &str| format!("{}. {hint}", stem(&why));
    for step in &preflights.steps {
        let output = run(processes, &step.argv, None, preflights.limit).await?;
        let ended = Ended {
            succeeded: output.code == Some(0),
            stdout: &output.stdout,
            stderr: &output.stderr,
        };
        match (step.agrees)(&ended) {
            Agreement::Yes => {}
            Agreement::YesToAll => return Ok(ready),
            Agreement::No => return Err(step.hint.to_owned()),
            Agreement::Because(why) => return Err(why.to_owned()),
            Agreement::Failed => {
                succeeded(&step.argv, &output).map_err(|why| with_hint(why, step.hint))?;
            }
        }
    }
    if let Some(existing) = &preflights.existing {
        let held = contents(processes, existing, preflights.limit).await;
        match held.map_err(|why| with_hint(why, existing.hint()))? {
            TargetContents::Bytes(_) | TargetContents::Nothing => {}
            TargetContents::Unknown(why) => ready.doubts.push(format!(
                "{target}: cannot read what is there now; sending replaces all of it, even a JSON object: {}",
                sentence(&why)
            )),
            TargetContents::NoRoom(why) => return Err(why),
        }
    }
    Ok(ready)
}

/// `target` with the context or project named that is current, and the doubt that goes with it.
async fn pinned(processes: &dyn Processes, target: &Target) -> Result<Ready, String> {
    let mut ready = Ready {
        exact: target.clone(),
        doubts: Vec::new(),
    };
    let Some(pin) = target.leaves_open() else {
        return Ok(ready);
    };
    let (part, argv) = (pin.part, pin.argv());
    let output = run(processes, &argv, None, DEFAULT_LIMIT).await?;
    let name = Pin::name(&output.stdout).filter(|_| output.code == Some(0));
    ready.doubts.push(match (name, pin.hint) {
        (Some(name), _) => {
            let shown = clean(name);
            ready.exact = target
                .pinned_to(name)
                .map_err(|bad| format!("a target cannot name the current {part} “{shown}”: {}", bad.why()))?;
            format!(
                "{target} names no {part}; the current one is “{shown}”. To name it: {}",
                ready.exact
            )
        }
        (None, Some(hint)) => return Err(hint.to_owned()),
        (None, None) => format!(
            "{target} names no {part}, and there is no current one: {} chooses where the value goes.",
            program(&argv)
        ),
    });
    Ok(ready)
}

/// What a target holds.
enum TargetContents {
    Bytes(Zeroizing<Vec<u8>>),
    Nothing,
    /// It cannot be read; says why.
    Unknown(String),
    /// It cannot take the value and keep the rest; says why.
    NoRoom(String),
}

/// Reads what a target holds.
async fn contents(processes: &dyn Processes, existing: &Existing, limit: Duration) -> Result<TargetContents, String> {
    let output = match run(processes, &existing.argv, None, limit).await {
        Ok(output) => output,
        Err(why) => return Ok(TargetContents::NoRoom(why)),
    };
    if let Err(why) = succeeded(&existing.argv, &output) {
        return match existing.failed(&output.stderr) {
            Unread::Empty => Ok(TargetContents::Nothing),
            Unread::Unknown => Ok(TargetContents::Unknown(why)),
            Unread::Failure => Err(why),
        };
    }
    if !output.stdout_whole {
        let program = program(&existing.argv);
        return Ok(TargetContents::NoRoom(format!("{program} printed too much to handle")));
    }
    Ok(match existing.check(&output.stdout) {
        Ok(()) => TargetContents::Bytes(output.stdout),
        Err(no) => TargetContents::NoRoom(no.to_string()),
    })
}

/// Takes the value of `delivery` to `target`, and looks whether it is there.
pub async fn deliver(processes: &dyn Processes, sinks: &Sinks, target: &Target, delivery: Delivery<'_>) -> Receipt {
    // What else the target holds is as secret as the value.
    let mut others = Vec::new();
    let state = attempt(processes, sinks, target, delivery, &mut others).await;
    let hide = |words: String| fit(&masked(delivery.secret, &others, &words), WORDS).into_owned();
    let state = match state {
        Ok(Verified::Unread(why)) => ReceiptState::Stored {
            verified: Verified::Unread(hide(why)),
        },
        Ok(verified) => ReceiptState::Stored { verified },
        Err(why) => ReceiptState::Failed { why: hide(why) },
    };
    Receipt {
        target: target.clone(),
        exact: Some(target.clone()),
        state,
    }
}

async fn attempt(
    processes: &dyn Processes,
    sinks: &Sinks,
    target: &Target,
    delivery: Delivery<'_>,
    others: &mut Vec<Zeroizing<String>>,
) -> Result<Verified, String> {
    let Delivery { key, secret } = delivery;
    let plan = DeliveryPlan::new(target, sinks, key).map_err(|no| no.to_string())?;
    let read = async |back: &ReadBack| {
        let output = run(processes, &back.argv, None, plan.limit).await?;
        succeeded(&back.argv, &output).map(|()| output.stdout)
    };
    let date = async |back: &ReadBack| match back.shows {
        Shows::Date(of) => of(&plan.parts, &read(back).await?).map_err(|no| no.to_string()),
        Shows::Value(_) => Ok(None),
    };
    let before = match &plan.read_back {
        Some(back) => date(back).await,
        None => Ok(None),
    };
    let held = match &plan.existing {
        None => None,
        Some(existing) => match contents(processes, existing, plan.limit).await? {
            TargetContents::Bytes(bytes) => {
                others.extend(existing.secrets(&bytes));
                Some(bytes)
            }
            // Whoever asked for the preflight knows that it cannot be read.
            TargetContents::Nothing | TargetContents::Unknown(_) => None,
            TargetContents::NoRoom(why) => return Err(why),
        },
    };
    let input = plan.input(secret, held.as_ref().map_or(&[], |bytes| bytes.as_slice()));
    let input = input.map_err(|no| no.to_string())?;
    drop(held);
    let output = run(processes, &plan.command, Some(&input), plan.limit).await?;
    drop(input);
    succeeded(&plan.command, &output)?;
    if !output.read_all_stdin {
        return Err(format!("{} exited without reading the value", program(&plan.command)));
    }
    drop(output);
    let Some(back) = &plan.read_back else {
        return Ok(Verified::NotPossible);
    };
    let Shows::Value(is_there) = back.shows else {
        return by_date(before, date(back).await);
    };
    match read(back).await {
        Ok(read) if is_there(&plan.parts, secret, &read) => Ok(Verified::Yes),
        Ok(_) => Err("it accepted the value but returns something else".to_owned()),
        Err(why) if plan.must_read_back => Err(format!("it accepted the value, but we cannot read it back: {why}")),
        Err(why) => Ok(Verified::Unread(why)),
    }
}

/// When a secret was last changed.
type Dated = Result<Option<Timestamp>, String>;

/// A date of the same second tells nothing: it may be the old one.
fn by_date(before: Dated, after: Dated) -> Result<Verified, String> {
    match (before, after) {
        (_, Ok(None)) => Err("it accepted the value, but its list of secrets does not show it".to_owned()),
        (Ok(None), Ok(Some(_))) => Ok(Verified::ByDate),
        (Ok(Some(before)), Ok(Some(after))) if after > before => Ok(Verified::ByDate),
        (Ok(Some(_)), Ok(Some(_))) => Ok(Verified::Unread("its date there has not changed".to_owned())),
        (Err(why), _) | (_, Err(why)) => Ok(Verified::Unread(why)),
    }
}

async fn run(
    processes: &dyn Processes,
    argv: &[String],
    stdin: Option<&Zeroizing<Vec<u8>>>,
    limit: Duration,
) -> Result<ChildOutput, String> {
    let child = ChildProcess { argv, stdin, limit };
    processes.run(child).await.map_err(|error| error.to_string())
}

fn succeeded(argv: &[String], output: &ChildOutput) -> Result<(), String> {
    let program = program(argv);
    let ended = match output.code {
        Some(0) => return Ok(()),
        Some(code) => format!("{program} failed (exit code {code})"),
        None => format!("a signal ended {program}"),
    };
    Err(if output.stderr.is_empty() {
        ended
    } else {
        format!("{ended}: {}", output.stderr)
    })
}

/// The program a person would name.
fn program(argv: &[String]) -> String {
    let named = match argv {
        [env, unset, _, program, ..] if env == "env" && unset == "-u" => program,
        [program, ..] => program,
        [] => return "The program".to_owned(),
    };
    clean(named).into_owned()
}

fn stem(words: &str) -> &str {
    words.trim_end_matches(['.', ' '])
}

#[cfg(test)]
mod tests;
