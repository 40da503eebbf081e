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
            Self::Unread(why) => write!(f, "stored, not verified: {}", sentence(why)),
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
mod tests {
    use std::collections::VecDeque;
    use std::sync::Mutex;

    use proptest::prelude::*;

    use super::*;
    use crate::core::sink::{SinkFields, SinkSpec};
    use crate::ports::{Answer, ProcessError};

    const VALUE: &str = "cz_Iz1P0123456789abcdefCpSn";

    /// What a program is made to leave.
    struct Left {
        code: Option<i32>,
        stdout: Vec<u8>,
        stderr: String,
        reads: bool,
    }

    fn left(code: i32, stdout: &str, stderr: &str) -> Result<Left, ProcessError> {
        Ok(Left {
            code: Some(code),
            stdout: stdout.into(),
            stderr: stderr.into(),
            reads: true,
        })
    }

    /// The arguments of a program, and what it was given to read.
    type Run = (Vec<String>, Option<Vec<u8>>);

    /// Plays the answers in turn, and keeps what was run.
    #[derive(Default)]
    struct Played {
        answers: Mutex<VecDeque<Result<Left, ProcessError>>>,
        runs: Mutex<Vec<Run>>,
    }

    impl Played {
        fn new(answers: impl IntoIterator<Item = Result<Left, ProcessError>>) -> Self {
            Self {
                answers: Mutex::new(answers.into_iter().collect()),
                runs: Mutex::default(),
            }
        }

        fn programs(&self) -> Vec<String> {
            self.runs
                .lock()
                .unwrap()
                .iter()
                .map(|(argv, _)| argv.join(" "))
                .collect()
        }
    }

    impl Processes for Played {
        fn run<'a>(&'a self, child: ChildProcess<'a>) -> Answer<'a, Result<ChildOutput, ProcessError>> {
            let stdin = child.stdin.map(|bytes| bytes.to_vec());
            self.runs.lock().unwrap().push((child.argv.to_vec(), stdin));
            let answer = self.answers.lock().unwrap().pop_front().expect("one run too many");
            Box::pin(async move {
                answer.map(|left| ChildOutput {
                    code: left.code,
                    stdout: Zeroizing::new(left.stdout),
                    stderr: left.stderr,
                    read_all_stdin: left.reads,
                })
            })
        }
    }

    const SUBJECT: Subject<'static> = Subject {
        key_id: "key_1",
        name: "Zapier",
        team: Some("Acme"),
    };

    async fn sent(played: &Played, sinks: &Sinks, target: &str, value: &str) -> Receipt {
        let secret = Secret::parse(value).unwrap();
        let delivery = Delivery {
            subject: SUBJECT,
            secret: &secret,
        };
        deliver(played, sinks, &Target::parse(target).unwrap(), delivery).await
    }

    async fn state(target: &str, answers: Vec<Result<Left, ProcessError>>) -> String {
        let played = Played::new(answers);
        let receipt = sent(&played, &Sinks::new(), target, VALUE).await;
        assert!(played.answers.lock().unwrap().is_empty(), "{receipt}");
        receipt.state.to_string()
    }

    fn mine(verify: bool) -> Sinks {
        let mut fields = SinkFields::new(&["tool", "{key_id}"]);
        fields.verify = verify.then(|| vec!["tool".into(), "get".into()]);
        Sinks::from([("mine".into(), SinkSpec::new(fields).unwrap())])
    }

    #[tokio::test]
    async fn a_value_read_back_the_same_is_verified() {
        let ok = vec![left(0, "", ""), left(0, &format!("{VALUE}\n"), "")];
        assert_eq!(state("pass:a", ok).await, "stored, and read back the same");
        let other = vec![left(0, "", ""), left(0, "", "")];
        assert_eq!(
            state("pass:a", other).await,
            "failed: it took the value but gives back something else."
        );
    }

    #[tokio::test]
    async fn a_credential_that_may_only_write_still_stores() {
        let denied = vec![left(0, "", ""), left(254, "", "AccessDenied")];
        assert_eq!(
            state("aws:a", denied).await,
            "stored, not verified: aws failed (exit code 254): AccessDenied."
        );
    }

    #[tokio::test]
    async fn a_sink_of_ones_own_must_give_back_what_its_verify_was_written_for() {
        let played = Played::new([left(0, "", ""), left(1, "", "no such entry")]);
        let receipt = sent(&played, &mine(true), "mine", VALUE).await;
        assert!(!receipt.is_stored());
        assert_eq!(
            receipt.to_string(),
            "mine: failed: it took the value, but it cannot be read back: tool failed (exit code 1): no such entry."
        );
        assert_eq!(played.programs(), ["tool key_1", "tool get"]);
        let played = Played::new([left(0, "", "")]);
        let receipt = sent(&played, &mine(false), "mine", VALUE).await;
        assert_eq!(receipt.to_string(), "mine: stored, not verified");
    }

    #[tokio::test]
    async fn a_program_that_fails_or_does_not_read_it_all_has_not_stored() {
        assert_eq!(
            state("gcloud:a", vec![left(1, "", "PERMISSION_DENIED")]).await,
            "failed: gcloud failed (exit code 1): PERMISSION_DENIED."
        );
        let killed = Left {
            code: None,
            stdout: Vec::new(),
            stderr: String::new(),
            reads: true,
        };
        assert_eq!(
            state("pass:a", vec![Ok(killed)]).await,
            "failed: pass was ended by a signal."
        );
        let early = Left {
            code: Some(0),
            stdout: Vec::new(),
            stderr: String::new(),
            reads: false,
        };
        assert_eq!(
            state("vault:kv/a#b", vec![Ok(early)]).await,
            "failed: vault ended without reading the value."
        );
        let lost = Err(ProcessError(
            "kubectl cannot be run: there is no such program here.".into(),
        ));
        assert_eq!(
            state("k8s:a/b/c", vec![lost]).await,
            "failed: kubectl cannot be run: there is no such program here."
        );
    }

    #[tokio::test]
    async fn github_is_believed_by_the_date_of_the_secret() {
        let list = |time: &str| {
            left(
                0,
                &format!(r#"[{{"name":"KEY","updatedAt":"2026-01-01T00:00:{time}Z"}}]"#),
                "",
            )
        };
        let told = async |before, after| state("gh:acme/web/KEY", vec![before, left(0, "", ""), after]).await;
        let by_date = "stored: it changed there just now, and its value cannot be read back";
        assert_eq!(told(left(0, "[]", ""), list("01")).await, by_date);
        assert_eq!(told(list("01"), list("02")).await, by_date);
        assert_eq!(
            told(list("01"), list("01")).await,
            "stored, not verified: its date there has not moved."
        );
        assert_eq!(
            told(left(0, "[]", ""), left(0, "[]", "")).await,
            "failed: it took the value, but its list of secrets lacks it."
        );
        assert_eq!(
            told(left(1, "", "HTTP 403"), list("01")).await,
            "stored, not verified: gh failed (exit code 1): HTTP 403."
        );
    }

    #[tokio::test]
    async fn a_value_in_a_programs_words_is_masked() {
        let loud = left(
            1,
            "",
            &format!("cannot store {VALUE} (\\\"{VALUE}\\\"), cut: {}", &VALUE[..20]),
        );
        let words = state("pass:a", vec![loud]).await;
        assert_eq!(
            words,
            "failed: pass failed (exit code 1): cannot store •••• (\\\"••••\\\"), cut: ••••."
        );
    }

    #[tokio::test]
    async fn an_item_is_fetched_edited_and_given_back() {
        let item = r#"{"category":"PASSWORD","fields":[{"id":"password","value":"old"}]}"#;
        let played = Played::new([left(0, item, ""), left(0, "", ""), left(0, VALUE, "")]);
        let receipt = sent(&played, &Sinks::new(), "op://Team/Key/password", VALUE).await;
        assert_eq!(
            receipt.state,
            ReceiptState::Stored {
                verified: Verified::Yes
            }
        );
        let runs = played.runs.lock().unwrap();
        assert_eq!(
            std::str::from_utf8(runs[1].1.as_deref().unwrap()).unwrap(),
            item.replace("old", VALUE)
        );
        assert!(runs[0].1.is_none() && runs[2].1.is_none());
    }

    #[tokio::test]
    async fn what_is_missing_is_told_before_a_key_is_made() {
        let told = async |target: &str, answers: Vec<Result<Left, ProcessError>>| {
            let played = Played::new(answers);
            check(&played, &mine(false), &Target::parse(target).unwrap())
                .await
                .map_err(|problem| problem.to_string())
        };
        assert_eq!(told("gh:acme/web/KEY", vec![left(0, "[]", "")]).await, Ok(()));
        assert_eq!(
            told("gh:acme/web/KEY", vec![left(4, "", "run: gh auth login")])
                .await
                .unwrap_err(),
            "gh:acme/web/KEY is not ready: gh failed (exit code 4): run: gh auth login. Sign in with “gh auth login”; the \
             account must administer the repository's secrets."
        );
        assert_eq!(told("aws:a", vec![left(0, "", ""), left(1, "", "")]).await, Ok(()));
        let history = told("aws:a", vec![left(0, "", ""), left(0, "enabled\n", "")])
            .await
            .unwrap_err();
        assert!(history.contains("cli_history is on"), "{history}");
        let login = left(0, r#"{"category":"LOGIN"}"#, "");
        let passkey = told("op://Team/Key/password", vec![login]).await.unwrap_err();
        assert!(passkey.contains("passkey"), "{passkey}");
        assert_eq!(
            told("other", Vec::new()).await.unwrap_err(),
            "other is not ready: There is no [sinks.other] in the config, only mine."
        );
        assert_eq!(
            told("mine", Vec::new()).await.unwrap_err(),
            "mine is not ready: there is no program tool here that can be run."
        );
    }

    proptest! {
        #[test]
        fn the_value_is_never_in_an_argument(value in "[!-~]{9,60}", at in 0_usize..10) {
            const TARGETS: [&str; 10] = [
                "gh:acme/web/KEY", "aws:a", "doppler:a/b/KEY", "op://Team/Key/password", "vault:kv/a#b", "k8s:a/b/c",
                "pass:a", "gcloud:a", "mine", "mine",
            ];
            let item = r#"{"category":"PASSWORD","fields":[{"id":"password"}]}"#;
            // Enough for each: what is fetched, what is stored, what is read back.
            let played = Played::new((0..4).map(|_| left(0, item, "")));
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(sent(&played, &mine(at == 9), TARGETS[at], &value));
            let secret = Secret::parse(&value).unwrap();
            let runs = played.runs.lock().unwrap();
            prop_assert!(!runs.is_empty());
            for (argv, _) in runs.iter() {
                prop_assert!(argv.iter().all(|word| !word.contains(secret.expose())), "{:?}", argv);
            }
            prop_assert_eq!(runs.iter().filter(|(_, stdin)| stdin.is_some()).count(), 1);
        }
    }
}
