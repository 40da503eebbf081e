//! Deliver a new key's value to a target: checked before the key is made, and a receipt for each target afterwards.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use zeroize::Zeroizing;

use crate::core::secret::Secret;
use crate::core::sink::{self, Expect, Plan, Preflight, Sinks, Subject, Verify};
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
        write!(f, "{} is not ready: {}", self.target, sentence(&self.why))
    }
}

impl std::error::Error for TargetProblem {}

/// What became of one delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Where the value went.
    pub target: Target,
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

impl Receipt {
    /// Whether the target took the value, verified or not.
    #[must_use]
    pub fn is_stored(&self) -> bool {
        matches!(self.state, ReceiptState::Stored { .. })
    }
}

impl Receipt {
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
        let target = Target::parse(target).ok()?;
        Some(Self { target, state })
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
        write!(f, "{}: {}", self.target, self.state)
    }
}

/// Whether `target` can take a key: its program is here, it is signed in, and the place exists. Asked before the key is
/// made, and changes nothing.
///
/// # Errors
/// [`TargetProblem`] says what is missing.
pub async fn check(processes: &dyn Processes, sinks: &Sinks, target: &Target) -> Result<(), TargetProblem> {
    let problem = |why: String| TargetProblem {
        target: target.clone(),
        why,
    };
    let (preflights, limit) = sink::preflight(target, sinks).map_err(|no| problem(no.to_string()))?;
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
        agrees(processes, preflight, limit).await.map_err(problem)?;
    }
    Ok(())
}

async fn agrees(processes: &dyn Processes, preflight: &Preflight, limit: Duration) -> Result<(), String> {
    let hint = preflight.hint;
    let output = run(processes, &preflight.argv, None, limit).await?;
    match &preflight.expect {
        Expect::OtherThan(word) => {
            let said = String::from_utf8_lossy(&output.stdout);
            if said.trim().eq_ignore_ascii_case(word) {
                return Err(hint.to_owned());
            }
            Ok(())
        }
        Expect::Success => succeeded(&preflight.argv, &output).map_err(|why| format!("{}. {hint}", stem(&why))),
        Expect::Item(field) => {
            succeeded(&preflight.argv, &output).map_err(|why| format!("{}. {hint}", stem(&why)))?;
            sink::check_item(&output.stdout, field).map_err(|no| no.to_string())
        }
    }
}

/// Takes the value of `delivery` to `target`, and looks whether it is there.
pub async fn deliver(processes: &dyn Processes, sinks: &Sinks, target: &Target, delivery: Delivery<'_>) -> Receipt {
    let hide = |words: String| fit(&sink::masked(delivery.secret, &words), WORDS).into_owned();
    let state = match attempt(processes, sinks, target, delivery).await {
        Ok(Verified::Unread(why)) => ReceiptState::Stored {
            verified: Verified::Unread(hide(why)),
        },
        Ok(verified) => ReceiptState::Stored { verified },
        Err(why) => ReceiptState::Failed { why: hide(why) },
    };
    Receipt {
        target: target.clone(),
        state,
    }
}

async fn attempt(
    processes: &dyn Processes,
    sinks: &Sinks,
    target: &Target,
    delivery: Delivery<'_>,
) -> Result<Verified, String> {
    let Delivery { subject, secret } = delivery;
    let plan = Plan::new(target, sinks, subject).map_err(|no| no.to_string())?;
    let changed_before = match &plan.verify {
        Verify::UpdatedAt { argv, name } => changed(processes, argv, name, plan.limit).await,
        Verify::NotPossible | Verify::ReadBack { .. } => Ok(None),
    };
    let fetched = match &plan.fetch {
        None => None,
        Some(argv) => {
            let output = run(processes, argv, None, plan.limit).await?;
            succeeded(argv, &output)?;
            Some(output.stdout)
        }
    };
    let input = plan
        .input(secret, fetched.as_ref().map(|bytes| bytes.as_slice()))
        .map_err(|no| no.to_string())?;
    drop(fetched);
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
        Verify::ReadBack { argv, required } => {
            let read = match run(processes, argv, None, plan.limit).await {
                Ok(output) => succeeded(argv, &output).map(|()| output.stdout),
                Err(why) => Err(why),
            };
            match read {
                Ok(read) if sink::is_same(secret, &read) => Ok(Verified::Yes),
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
