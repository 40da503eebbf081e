//! What the tests of this folder run in a process of its own, started by [`super::tools::Entry`]: an adapter that obeys
//! lines on its standard input, and answers each with a line that begins with `= `.
//!
//! These are no tests. Run by hand (`cargo test -- --ignored`) they do nothing.

use std::io::{BufRead, Write};
use std::sync::Arc;
use std::time::Duration;

use chatzuri_keys::adapters::clipboard::SystemClipboard;
use chatzuri_keys::adapters::environment::DesktopEnvironment;
use chatzuri_keys::adapters::hardening::harden;
use chatzuri_keys::adapters::keyring::OsKeyring;
use chatzuri_keys::adapters::process::ChildProcesses;
use chatzuri_keys::core::secret::Secret;
use chatzuri_keys::ports::{Account, BaseUrl, ChildProcess, Clipboard, CredentialStore, Processes, TerminalOut};

/// Set for an entry that a test has started.
pub const GATE: &str = "CHATZURI_KEYS_TEST_ENTRY";
/// Set for a clipboard entry that may write to its terminal.
pub const TERMINAL: &str = "CHATZURI_KEYS_TEST_TERMINAL";

fn serve(mut answer: impl AsyncFnMut(&[&str]) -> String) {
    if std::env::var_os(GATE).is_none() {
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    for line in std::io::stdin().lock().lines() {
        let line = line.unwrap();
        let words: Vec<&str> = line.split_whitespace().collect();
        if words == ["quit"] {
            break;
        }
        let said = runtime.block_on(answer(&words));
        let mut out = std::io::stdout().lock();
        // The harness leaves its own words on the line.
        write!(out, "\n= {said}\n").unwrap();
        out.flush().unwrap();
    }
}

fn account(profile: &str) -> Account {
    Account::credential(profile, &BaseUrl::parse("https://keys.example").unwrap())
}

fn secret(text: &str) -> Arc<Secret> {
    Arc::new(Secret::parse(text).unwrap())
}

#[test]
#[ignore = "an entry, run by the tests of real/keyring.rs"]
fn keyring() {
    let mut store = None;
    serve(async |words| {
        // The connection is made at the first call, in the environment the test has made by then.
        let store = store.get_or_insert_with(|| OsKeyring::new(&DesktopEnvironment::from_env()));
        match words {
            ["limit", millis] => {
                *store = OsKeyring::with_limit(Duration::from_millis(millis.parse().unwrap()));
                "ok".into()
            }
            ["get", profile] => match store.get(&account(profile)).await {
                Ok(Some(value)) => value.expose().to_owned(),
                other => format!("{other:?}"),
            },
            ["set", profile, value] => format!("{:?}", store.set(&account(profile), secret(value)).await),
            ["delete", profile] => format!("{:?}", store.delete(&account(profile)).await),
            other => panic!("{other:?}"),
        }
    });
}

struct Stdout;

impl TerminalOut for Stdout {
    fn write_between_frames(&self, bytes: &[u8]) -> std::io::Result<()> {
        let mut out = std::io::stdout().lock();
        out.write_all(bytes)?;
        out.flush()
    }
}

#[test]
#[ignore = "an entry, run by the tests of real/clipboard.rs"]
fn clipboard() {
    let terminal = std::env::var_os(TERMINAL).map(|_| Arc::new(Stdout) as Arc<dyn TerminalOut>);
    let clipboard = SystemClipboard::new(DesktopEnvironment::from_env(), Arc::new(ChildProcesses), terminal);
    serve(async |words| match words {
        ["copy", value] => format!("{:?}", clipboard.copy(secret(value)).await),
        ["clear"] => format!("{:?}", clipboard.clear().await),
        ["hold", "for-ever"] => format!("{:?}", clipboard.hold(None).await),
        ["hold", millis] => {
            let limit = Duration::from_millis(millis.parse().unwrap());
            format!("{:?}", clipboard.hold(Some(limit)).await)
        }
        other => panic!("{other:?}"),
    });
}

#[test]
#[ignore = "an entry, run by the tests of real/process.rs"]
fn process() {
    serve(async |words| match words {
        ["harden"] => format!("{:?} {:?}", harden(), rustix::process::dumpable_behavior()),
        ["run", argv @ ..] => {
            let argv: Vec<String> = argv.iter().map(|&word| word.to_owned()).collect();
            let child = ChildProcess {
                argv: &argv,
                stdin: None,
                limit: super::tools::AMPLE,
            };
            match ChildProcesses.run(child).await {
                Ok(output) => format!("{:?}", String::from_utf8_lossy(&output.stdout)),
                Err(error) => error.to_string(),
            }
        }
        other => panic!("{other:?}"),
    });
}
