//! Deliveries to programs that are played, in every way they can go wrong.

use std::collections::VecDeque;
use std::sync::Mutex;

use proptest::prelude::*;

use super::*;
use crate::core::sink::{SinkFields, SinkSpec};
use crate::ports::{Answer, ProcessError};

const VALUE: &str = "cz_Iz1P0123456789abcdefCpSn";
/// From this length on, what is printed counts as cut.
const LONG: usize = 5000;

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

fn no_entry() -> Result<Left, ProcessError> {
    left(1, "", "Error: a is not in the password store.")
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
    fn is_here(&self, _: &str) -> bool {
        false
    }

    fn run<'a>(&'a self, child: ChildProcess<'a>) -> Answer<'a, Result<ChildOutput, ProcessError>> {
        let stdin = child.stdin.map(|bytes| bytes.to_vec());
        self.runs.lock().unwrap().push((child.argv.to_vec(), stdin));
        let answer = self.answers.lock().unwrap().pop_front().expect("one run too many");
        Box::pin(async move {
            answer.map(|left| ChildOutput {
                code: left.code,
                stdout_whole: left.stdout.len() < LONG,
                stdout: Zeroizing::new(left.stdout),
                stderr: left.stderr,
                read_all_stdin: left.reads,
            })
        })
    }
}

const KEY: DeliveredKey<'static> = DeliveredKey {
    id: "key_1",
    name: "Zapier",
    team: Some("Acme"),
};

async fn sent(played: &Played, sinks: &Sinks, target: &str, value: &str) -> Receipt {
    let secret = Secret::parse(value).unwrap();
    let delivery = Delivery {
        key: KEY,
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
    let ok = vec![no_entry(), left(0, "", ""), left(0, &format!("{VALUE}\n"), "")];
    assert_eq!(state("pass:a", ok).await, "stored, and read back the same");
    let other = vec![no_entry(), left(0, "", ""), left(0, "", "")];
    assert_eq!(
        state("pass:a", other).await,
        "failed: it accepted the value but returns something else."
    );
}

#[tokio::test]
async fn a_credential_that_may_only_write_still_stores() {
    let denied = vec![
        left(254, "", "AccessDenied"),
        left(0, "", ""),
        left(254, "", "AccessDenied"),
    ];
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
        "mine: failed: it accepted the value, but we cannot read it back: tool failed (exit code 1): no such entry."
    );
    assert_eq!(played.programs(), ["tool key_1", "tool get"]);
    let played = Played::new([left(0, "", "")]);
    let receipt = sent(&played, &mine(false), "mine", VALUE).await;
    assert_eq!(receipt.to_string(), "mine: stored, not verified");
}

#[tokio::test]
async fn a_program_that_fails_or_does_not_read_it_all_has_not_stored() {
    assert_eq!(
        state("gcloud:a", vec![left(1, "", ""), left(1, "", "PERMISSION_DENIED")]).await,
        "failed: gcloud failed (exit code 1): PERMISSION_DENIED."
    );
    let killed = Left {
        code: None,
        stdout: Vec::new(),
        stderr: String::new(),
        reads: true,
    };
    assert_eq!(
        state("pass:a", vec![no_entry(), Ok(killed)]).await,
        "failed: a signal ended pass."
    );
    let early = Left {
        code: Some(0),
        stdout: Vec::new(),
        stderr: String::new(),
        reads: false,
    };
    assert_eq!(
        state("vault:kv/a#b", vec![Ok(early)]).await,
        "failed: vault exited without reading the value."
    );
    let lost = Err(ProcessError("Cannot run kubectl: no such program.".into()));
    assert_eq!(
        state("k8s:a/b/c", vec![lost]).await,
        "failed: Cannot run kubectl: no such program."
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
        "stored, not verified: its date there has not changed."
    );
    assert_eq!(
        told(left(0, "[]", ""), left(0, "[]", "")).await,
        "failed: it accepted the value, but its list of secrets does not show it."
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
    let words = state("pass:a", vec![no_entry(), loud]).await;
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
            .map(|ready| ready.doubts)
            .map_err(|problem| problem.to_string())
    };
    let ready = || Ok::<_, String>(Vec::<String>::new());
    assert_eq!(told("gh:acme/web/KEY", vec![left(0, "[]", "")]).await, ready());
    let old = left(1, "", "unknown flag: --json\n\nUsage:  gh secret list [flags]");
    assert_eq!(
        told("gh:acme/web/KEY", vec![old]).await.unwrap_err(),
        "gh:acme/web/KEY is not ready: gh is too old: “secret list” does not know --json. Update gh."
    );
    assert_eq!(
        told("gh:acme/web/KEY", vec![left(4, "", "run: gh auth login")])
            .await
            .unwrap_err(),
        "gh:acme/web/KEY is not ready: gh failed (exit code 4): run: gh auth login. Sign in with “gh auth login”; \
         the account must administer the repository's secrets, and an environment you name must exist."
    );
    let holds = |text: &str| vec![left(0, "", ""), left(1, "", ""), left(0, text, "")];
    assert_eq!(told("aws:a", holds("old\n")).await, ready());
    assert_eq!(told("aws:a#b", holds("{}\n")).await, ready());
    let object = told("aws:a", holds("{\"b\":\"old\"}\n")).await.unwrap_err();
    assert!(object.contains("as in aws:a#FIELD,"), "{object}");
    let text = told("aws:a#b", holds("old\n")).await.unwrap_err();
    assert!(text.contains("is not a JSON object"), "{text}");
    let history = told("aws:a", vec![left(0, "", ""), left(0, "enabled\n", "")])
        .await
        .unwrap_err();
    assert!(history.contains("cli_history is on"), "{history}");
    let login = left(0, r#"{"category":"LOGIN"}"#, "");
    let passkey = told("op://Team/Key/password", vec![login]).await.unwrap_err();
    assert!(passkey.contains("passkey"), "{passkey}");
    assert_eq!(
        told("other", Vec::new()).await.unwrap_err(),
        "other is not ready: There is no [sinks.other] in the config. It has mine."
    );
    assert_eq!(
        told("mine", Vec::new()).await.unwrap_err(),
        "mine is not ready: cannot find the program tool."
    );
}

#[tokio::test]
async fn what_cannot_be_read_is_replaced_only_where_somebody_agrees() {
    let unread = |target: &str| {
        let played = Played::new([left(0, "", ""), left(1, "", ""), left(254, "", "AccessDeniedException")]);
        let target = Target::parse(target).unwrap();
        async move { check(&played, &Sinks::new(), &target).await }
    };
    let doubts = unread("aws:a").await.unwrap().doubts;
    assert!(
        doubts.len() == 1 && doubts[0].starts_with("aws:a: cannot read what is there now"),
        "{doubts:?}"
    );
    let field = unread("aws:a#b").await.unwrap_err().to_string();
    assert!(field.contains("GetSecretValue"), "{field}");
    let empty = Played::new([
        left(0, "", ""),
        left(1, "", ""),
        left(254, "", "ResourceNotFoundException"),
    ]);
    let empty = check(&empty, &Sinks::new(), &Target::parse("aws:a").unwrap()).await;
    assert_eq!(empty.unwrap().doubts, Vec::<String>::new());
    assert_eq!(
        state("pass:a", vec![left(2, "", "gpg: decryption failed")]).await,
        "failed: pass failed (exit code 2): gpg: decryption failed."
    );
    assert_eq!(
        state("pass:a", vec![left(0, &"x\n".repeat(LONG), "")]).await,
        "failed: pass printed too much to handle."
    );
}

#[tokio::test]
async fn a_token_of_vault_that_may_patch_and_not_read_is_ready() {
    let told = async |answers: Vec<Result<Left, ProcessError>>| {
        let played = Played::new(answers);
        let checked = check(&played, &Sinks::new(), &Target::parse("vault:kv/a#b").unwrap()).await;
        assert!(played.answers.lock().unwrap().is_empty());
        checked.map(|_| ()).map_err(|problem| problem.to_string())
    };
    let may = |words: &str| left(0, words, "");
    assert_eq!(told(vec![may(r#"["patch"]"#)]).await, Ok(()));
    assert_eq!(told(vec![may(r#"["patch","read"]"#), left(0, "", "")]).await, Ok(()));
    assert_eq!(
        told(vec![left(2, "", "permission denied"), left(0, "", "")]).await,
        Ok(())
    );
    let absent = told(vec![may(r#"["root"]"#), left(2, "", "No value found at kv/data/a")]).await;
    assert!(absent.unwrap_err().contains("No value found"));
    let reader = told(vec![may(r#"["read"]"#)]).await.unwrap_err();
    assert!(reader.contains("it needs “patch”"), "{reader}");
}

#[tokio::test]
async fn the_current_context_or_project_is_named_and_is_a_doubt() {
    let ready = async |target: &str, answers: Vec<Result<Left, ProcessError>>| {
        let played = Played::new(answers);
        let checked = check(&played, &Sinks::new(), &Target::parse(target).unwrap()).await;
        let checked = checked.map(|ready| (ready.exact.to_string(), ready.doubts));
        (checked.map_err(|problem| problem.to_string()), played.programs())
    };
    let fine = || left(0, "", "");
    let (checked, programs) = ready("k8s:prod/web/KEY", vec![left(0, "staging\n", ""), fine(), fine()]).await;
    let (exact, doubts) = checked.unwrap();
    assert_eq!(exact, "k8s:staging/prod/web/KEY");
    assert_eq!(
        doubts,
        ["k8s:prod/web/KEY names no context; the current one is “staging”. To name it: k8s:staging/prod/web/KEY"]
    );
    assert_eq!(programs[0], "kubectl config current-context");
    assert!(
        programs[1..]
            .iter()
            .all(|program| program.contains("--context=staging"))
    );
    let pinned = ready("k8s:staging/prod/web/KEY", vec![fine(), fine()]).await.0;
    assert_eq!(pinned.unwrap().1, Vec::<String>::new());
    let none = left(1, "", "error: current-context is not set");
    let (exact, doubts) = ready("k8s:prod/web/KEY", vec![none, fine(), fine()]).await.0.unwrap();
    assert_eq!(exact, "k8s:prod/web/KEY");
    assert!(doubts[0].contains("there is no current one"), "{doubts:?}");

    let (checked, programs) = ready("gcloud:app", vec![left(0, "acme-prod\n", ""), fine(), fine()]).await;
    assert_eq!(checked.unwrap().0, "gcloud:acme-prod/app");
    assert!(
        programs[1..]
            .iter()
            .all(|program| program.contains("--project=acme-prod"))
    );
    let unset = ready("gcloud:app", vec![left(0, "\n", "(unset)")]).await.0.unwrap_err();
    assert!(unset.contains("gcloud:PROJECT/SECRET"), "{unset}");
    let odd = ready("gcloud:app", vec![left(0, "--x\n", "")]).await.0.unwrap_err();
    assert!(odd.contains("a target cannot name the current project “--x”"), "{odd}");
}

#[tokio::test]
async fn what_else_a_target_holds_is_in_no_message() {
    let entry = "old-password-1\notpauth://totp/x?secret=JBSWY3DPEHPK3PXP\n";
    let loud = left(1, "", &format!("cannot encrypt: {}", entry.replace('\n', " ")));
    let words = state("pass:a", vec![left(0, entry, ""), loud]).await;
    assert_eq!(words, "failed: pass failed (exit code 1): cannot encrypt: •••• •••• .");
}

const TARGETS: &[&str] = &[
    "gh:acme/web/KEY",
    "aws:a",
    "aws:a#b",
    "doppler:a/b/KEY",
    "op://Team/Key/password",
    "vault:kv/a#b",
    "k8s:a/b/c",
    "pass:a",
    "gcloud:a",
    "mine",
];

fn is_in_no_argument(value: &str, target: &str, verify: bool) -> Result<(), TestCaseError> {
    let item = r#"{"category":"PASSWORD","fields":[{"id":"password"}]}"#;
    let holds = if target.starts_with("op:") || target.contains("aws:a#") {
        item
    } else {
        ""
    };
    // Enough for each: what is there, what is stored, what is read back.
    let played = Played::new((0..4).map(|_| left(0, holds, "")));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(sent(&played, &mine(verify), target, value));
    let secret = Secret::parse(value).unwrap();
    let runs = played.runs.lock().unwrap();
    prop_assert!(!runs.is_empty());
    for (argv, _) in runs.iter() {
        prop_assert!(argv.iter().all(|word| !word.contains(secret.expose())), "{:?}", argv);
    }
    prop_assert_eq!(runs.iter().filter(|(_, stdin)| stdin.is_some()).count(), 1);
    Ok(())
}

#[test]
fn a_value_of_nine_characters_is_in_no_argument() {
    is_in_no_argument("AA!0aA!aA", "gcloud:a", false).unwrap();
}

#[test]
fn no_built_in_target_is_missing_above() {
    for form in Target::forms() {
        let scheme = form.split(':').next();
        assert!(
            TARGETS.iter().any(|target| target.split(':').next() == scheme),
            "{form}"
        );
    }
}

proptest! {
    #[test]
    fn the_value_is_never_in_an_argument(value in "[!-~]{9,60}", at in 0..TARGETS.len(), verify: bool) {
        is_in_no_argument(&value, TARGETS[at], verify)?;
    }
}

#[test]
fn a_receipt_is_read_back_from_its_own_words() {
    let stored = |verified| ReceiptState::Stored { verified };
    for state in [
        stored(Verified::Yes),
        stored(Verified::ByDate),
        stored(Verified::NotPossible),
        stored(Verified::Unread("it said: failed: no.".to_owned())),
        ReceiptState::Failed {
            why: "exit code 1: stored nothing.".to_owned(),
        },
    ] {
        for (target, exact) in [
            ("shelf", None),
            ("pass:a b/c", None),
            ("op://a/b/c", None),
            ("gcloud:web", Some("gcloud:prod/web")),
        ] {
            let parse = |text| Target::parse(text).unwrap();
            let receipt = Receipt {
                target: parse(target),
                exact: exact.map(parse),
                state: state.clone(),
            };
            assert_eq!(Receipt::read(&receipt.to_string()), Some(receipt));
        }
    }
    for words in ["the clipboard", "", ": stored", "shelf: stored by hand"] {
        assert_eq!(Receipt::read(words), None, "{words}");
    }
}
