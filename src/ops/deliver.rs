//! Deliver a new key's value to a target: checked before the key is made, and a receipt for each target afterwards.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use zeroize::Zeroizing;

use crate::core::secret::{Secret, mask_values};
use crate::core::sink::{self, Access, DEFAULT_LIMIT, Expect, Look, Plan, Preflight, Sinks, Subject, Unseen, Verify};
use crate::core::target::Target;
use crate::core::text::{clean, fit};
use crate::ports::{ChildOutput, ChildProcess, Processes};

/// How a receipt begins whose target was not read back; why follows.
const UNREAD: &str = "stored, not verified: ";
/// Columns shown of a program's own words.
const WORDS: u16 = 400;

/// A new key on its way to a target.
#[derive(Debug, Clone, Copy)]
pub struct Delivery<'a> {
    /// The key, as the server has it.
    pub subject: Subject<'a>,
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

/// What became of one delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Where the value went, as the person named it.
    pub target: Target,
    /// The same place with everything named; `None` where nobody looked.
    pub exact: Option<Target>,
    /// What became of it.
    pub state: ReceiptState,
}

/// What a receipt says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReceiptState {
    /// The target took the value.
    Stored {
        /// How that was seen.
        verified: Verified,
    },
    /// It did not, or gives back something else.
    Failed {
        /// Why, cleaned and without the value.
        why: String,
    },
}

/// How it was seen that a value is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verified {
    /// It was read back, and is the same.
    Yes,
    /// It cannot be read back; the target says that it changed just now.
    ByDate,
    /// The target has no way to tell.
    NotPossible,
    /// There is a way, which did not tell; says why.
    Unread(String),
}

/// Between a target that left something open and the exact place that was meant.
const PINNED: &str = ", which is ";

impl Receipt {
    /// Whether the target took the value, verified or not.
    #[must_use]
    pub fn is_stored(&self) -> bool {
        matches!(self.state, ReceiptState::Stored { .. })
    }

    /// Reads a receipt back from its own words, as they are in the log.
    #[must_use]
    pub fn read(words: &str) -> Option<Self> {
        let (target, state) = match (words.find(": stored"), words.find(": failed: ")) {
            (Some(at), failed) if failed.is_none_or(|failed| at < failed) => words.split_at_checked(at)?,
            (_, Some(at)) => words.split_at_checked(at)?,
            (_, None) => return None,
        };
        let state = state.strip_prefix(": ")?;
        let known = [Verified::Yes, Verified::ByDate, Verified::NotPossible];
        let state = match state.strip_prefix("failed: ") {
            Some(why) => ReceiptState::Failed { why: why.to_owned() },
            None => ReceiptState::Stored {
                verified: match known.into_iter().find(|verified| verified.to_string() == state) {
                    Some(verified) => verified,
                    None => Verified::Unread(state.strip_prefix(UNREAD)?.to_owned()),
                },
            },
        };
        let (target, exact) = match target.split_once(PINNED) {
            Some((target, exact)) => (target, Some(Target::parse(exact.strip_suffix(" now")?).ok()?)),
            None => (target, None),
        };
        let target = Target::parse(target).ok()?;
        Some(Self { target, exact, state })
    }
}

impl fmt::Display for ReceiptState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stored { verified } => verified.fmt(f),
            Self::Failed { why } => write!(f, "failed: {}", sentence(why)),
        }
    }
}

impl fmt::Display for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Yes => f.write_str("stored, and read back the same"),
            Self::ByDate => f.write_str("stored: it changed there just now, and its value cannot be read back"),
            Self::NotPossible => f.write_str("stored, not verified"),
            Self::Unread(why) => write!(f, "{UNREAD}{}", sentence(why)),
        }
    }
}

impl fmt::Display for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.target)?;
        if let Some(exact) = self.exact.as_ref().filter(|exact| **exact != self.target) {
            write!(f, "{PINNED}{exact} now")?;
        }
        write!(f, ": {}", self.state)
    }
}

/// Whether `target` can take a key: its program is here, it is signed in, the place exists, and nothing else there would be
/// lost. Asked before the key is made, and changes nothing.
///
/// # Errors
/// [`TargetProblem`] says what is missing.
pub async fn check(processes: &dyn Processes, sinks: &Sinks, target: &Target) -> Result<Ready, TargetProblem> {
    let problem = |why: String| TargetProblem {
        target: target.clone(),
        why,
    };
    let mut ready = settle(processes, target).await?;
    let (preflights, limit) = sink::preflight(&ready.exact, sinks).map_err(|no| problem(no.to_string()))?;
    if let Target::Sink(name) = target
        && let Some(spec) = sinks.get(name)
        && !is_here(spec.program())
    {
        return Err(problem(format!(
            "there is no program {} here that can be run",
            clean(spec.program())
        )));
    }
    for preflight in &preflights {
        match agrees(processes, preflight, limit).await.map_err(problem)? {
            Agreed::Yes => {}
            Agreed::ToAll => break,
            Agreed::Unless(doubt) => ready.doubts.push(format!("{target}: {doubt}")),
        }
    }
    Ok(ready)
}

/// `target` with the context or project named that is current, and the doubt that goes with it.
async fn settle(processes: &dyn Processes, target: &Target) -> Result<Ready, TargetProblem> {
    let problem = |why: String| TargetProblem {
        target: target.clone(),
        why,
    };
    let mut ready = Ready {
        exact: target.clone(),
        doubts: Vec::new(),
    };
    let (Some(open), Some(current)) = (target.leaves_open(), sink::current(target)) else {
        return Ok(ready);
    };
    let output = run(processes, &current.argv, None, DEFAULT_LIMIT).await;
    let output = output.map_err(problem)?;
    let doubt = match (sink::current_name(&output.stdout), current.hint) {
        (Some(name), _) if output.code == Some(0) => {
            ready.exact = target.pinned_to(name).map_err(|bad| {
                let name = clean(name);
                problem(format!(
                    "the current {open} “{name}” cannot be named in a target: {}",
                    bad.why()
                ))
            })?;
            format!(
                "{target} names no {open}, and the current one is “{}”: {} names it.",
                clean(name),
                ready.exact
            )
        }
        (_, Some(hint)) => return Err(problem(hint.to_owned())),
        (_, None) => format!(
            "{target} names no {open}, and none is current: {} chooses where the value goes.",
            program(&current.argv)
        ),
    };
    ready.doubts.push(doubt);
    Ok(ready)
}

/// How a preflight agrees.
enum Agreed {
    Yes,
    /// What would be asked after it needs no answer.
    ToAll,
    /// Somebody must agree to this.
    Unless(String),
}

async fn agrees(processes: &dyn Processes, preflight: &Preflight, limit: Duration) -> Result<Agreed, String> {
    let hint = preflight.hint;
    let failed = |why: String| format!("{}. {hint}", stem(&why));
    if let Expect::Room(look) = &preflight.expect {
        return match held(processes, look, limit).await.map_err(failed)? {
            Held::Bytes(_) | Held::Nothing => Ok(Agreed::Yes),
            Held::Unknown(why) => Ok(Agreed::Unless(format!(
                "what is there cannot be read, and all of it is replaced, even a JSON object: {}",
                sentence(&why)
            ))),
            Held::NoRoom(why) => Err(why),
        };
    }
    let output = run(processes, &preflight.argv, None, limit).await?;
    let ended = succeeded(&preflight.argv, &output);
    match &preflight.expect {
        Expect::OtherThan(word) => {
            let said = String::from_utf8_lossy(&output.stdout);
            if said.trim().eq_ignore_ascii_case(word) {
                return Err(hint.to_owned());
            }
        }
        Expect::KnowsJson if output.stderr.contains("unknown flag: --json") => {
            let program = program(&preflight.argv);
            return Err(format!(
                "{program} is too old: “secret list” does not know --json. Update {program}"
            ));
        }
        Expect::MayPatch if ended.is_ok() => match sink::may_patch(&output.stdout) {
            Access::None => return Err(hint.to_owned()),
            Access::PatchOnly => return Ok(Agreed::ToAll),
            Access::Both | Access::Unknown => {}
        },
        // Not every token may ask; the next preflight tells.
        Expect::MayPatch => {}
        Expect::Success | Expect::KnowsJson | Expect::Room(_) => ended.map_err(failed)?,
    }
    Ok(Agreed::Yes)
}

/// What a target holds.
enum Held {
    Bytes(Zeroizing<Vec<u8>>),
    Nothing,
    /// It cannot be read; says why.
    Unknown(String),
    /// It cannot take the value and keep the rest; says why.
    NoRoom(String),
}

/// Looks what a target holds.
async fn held(processes: &dyn Processes, look: &Look, limit: Duration) -> Result<Held, String> {
    let output = match run(processes, &look.argv, None, limit).await {
        Ok(output) => output,
        Err(why) => return Ok(Held::NoRoom(why)),
    };
    if let Err(why) = succeeded(&look.argv, &output) {
        return match look.failed(&output.stderr) {
            Unseen::Empty => Ok(Held::Nothing),
            Unseen::Unknown => Ok(Held::Unknown(why)),
            Unseen::Failure => Err(why),
        };
    }
    if !output.stdout_whole {
        let program = program(&look.argv);
        return Ok(Held::NoRoom(format!(
            "{program} prints more than can be given back from here"
        )));
    }
    Ok(match look.check(&output.stdout) {
        Ok(()) => Held::Bytes(output.stdout),
        Err(no) => Held::NoRoom(no.to_string()),
    })
}

/// Takes the value of `delivery` to `target`, and looks whether it is there.
pub async fn deliver(processes: &dyn Processes, sinks: &Sinks, target: &Target, delivery: Delivery<'_>) -> Receipt {
    // What else the target holds is as secret as the value.
    let mut others = Vec::new();
    let state = attempt(processes, sinks, target, delivery, &mut others).await;
    let hide = |words: String| fit(&sink::masked(delivery.secret, &others, &words), WORDS).into_owned();
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
    let Delivery { subject, secret } = delivery;
    let plan = Plan::new(target, sinks, subject).map_err(|no| no.to_string())?;
    let changed_before = match &plan.verify {
        Verify::UpdatedAt { argv, name } => changed(processes, argv, name, plan.limit).await,
        Verify::NotPossible | Verify::ReadBack { .. } => Ok(None),
    };
    let held = match &plan.look {
        None => None,
        Some(look) => match held(processes, look, plan.limit).await? {
            Held::Bytes(bytes) => {
                others.extend(look.secrets(&bytes));
                Some(bytes)
            }
            // Whoever asked for the preflight knows that it cannot be read.
            Held::Nothing | Held::Unknown(_) => None,
            Held::NoRoom(why) => return Err(why),
        },
    };
    let input = plan.input(secret, held.as_ref().map_or(&[], |bytes| bytes.as_slice()));
    let input = input.map_err(|no| no.to_string())?;
    drop(held);
    let output = run(processes, &plan.deliver, Some(&input), plan.limit).await?;
    drop(input);
    succeeded(&plan.deliver, &output)?;
    if !output.read_all_stdin {
        return Err(format!("{} ended without reading the value", program(&plan.deliver)));
    }
    drop(output);
    match &plan.verify {
        Verify::NotPossible => Ok(Verified::NotPossible),
        Verify::UpdatedAt { argv, name } => {
            let after = changed(processes, argv, name, plan.limit).await;
            by_date(changed_before, after)
        }
        Verify::ReadBack { argv, part, required } => {
            let read = match run(processes, argv, None, plan.limit).await {
                Ok(output) => succeeded(argv, &output).map(|()| output.stdout),
                Err(why) => Err(why),
            };
            match read {
                Ok(read) if part.is_same(secret, &read) => Ok(Verified::Yes),
                Ok(_) => Err("it took the value but gives back something else".to_owned()),
                Err(why) if *required => Err(format!("it took the value, but it cannot be read back: {why}")),
                Err(why) => Ok(Verified::Unread(why)),
            }
        }
    }
}

type Changed = Result<Option<Timestamp>, String>;

/// A date of the same second tells nothing: it may be the old one.
fn by_date(before: Changed, after: Changed) -> Result<Verified, String> {
    match (before, after) {
        (_, Ok(None)) => Err("it took the value, but its list of secrets lacks it".to_owned()),
        (Ok(None), Ok(Some(_))) => Ok(Verified::ByDate),
        (Ok(Some(before)), Ok(Some(after))) if after > before => Ok(Verified::ByDate),
        (Ok(Some(_)), Ok(Some(_))) => Ok(Verified::Unread("its date there has not moved".to_owned())),
        (Err(why), _) | (_, Err(why)) => Ok(Verified::Unread(why)),
    }
}

async fn changed(processes: &dyn Processes, argv: &[String], name: &str, limit: Duration) -> Changed {
    let output = run(processes, argv, None, limit).await?;
    succeeded(argv, &output)?;
    sink::updated_at(&output.stdout, name).map_err(|no| no.to_string())
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
        None => format!("{program} was ended by a signal"),
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

/// `words` with an end.
fn sentence(words: &str) -> String {
    if words.ends_with(['.', '!', '?', '…']) {
        words.to_owned()
    } else {
        format!("{words}.")
    }
}

/// Whether a program can be found, as starting it would find it. It is not started: nobody knows what that would do.
fn is_here(program: &str) -> bool {
    let named = std::path::Path::new(program);
    if cfg!(windows) || named.components().count() > 1 {
        // Windows tries several endings; there, starting it will tell.
        return cfg!(windows) || is_executable(named);
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| is_executable(&folder.join(named)))
}

fn is_executable(file: &std::path::Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        file.metadata()
            .is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
    }
    #[cfg(not(unix))]
    {
        file.is_file()
    }
}

#[cfg(test)]
mod tests;
