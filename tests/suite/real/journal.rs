//! The journal on a read-only and on a full disk, and under several processes: each test is run again in a child with
//! mounts of its own.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use chatzuri_keys::adapters::sqlite::SqliteJournal;
use chatzuri_keys::core::activity::{Activity, ActivityKind};
use chatzuri_keys::core::creation::{Event, Intent, MintedKey};
use chatzuri_keys::core::key::{ApiKey, KeyId, KeyName, LastUse, Own};
use chatzuri_keys::core::listing::{ListedKey, Listing};
use chatzuri_keys::core::team::TeamIdentity;
use chatzuri_keys::core::text::Label;
use chatzuri_keys::ports::{Journal, JournalError, LogQuery, Scope};
use jiff::Timestamp;
use tempfile::TempDir;

use super::tools::{Guarded, command, have};

/// Names what the child does, for [`child`].
const PART: &str = "CHATZURI_KEYS_TEST_JOURNAL_PART";
/// Where it does it.
const FOLDER: &str = "CHATZURI_KEYS_TEST_JOURNAL_FOLDER";
/// How often each process tries to move the creation.
const ATTEMPTS: usize = 200;

fn scope() -> Scope {
    Scope::Profile {
        name: "acme".into(),
        host: "www.chatzuri.com".into(),
    }
}

fn intent(name: &str) -> Intent {
    Intent {
        name: KeyName::parse(name).unwrap(),
        at: Timestamp::from_second(1_800_000_000).unwrap(),
        known: vec![KeyId::new("old").unwrap()],
        manual: false,
    }
}

fn minted() -> MintedKey {
    MintedKey {
        id: KeyId::new("new").unwrap(),
        name: Label::new("Zapier"),
    }
}

fn listing(count: usize) -> Arc<Listing> {
    let keys = (0..count).map(|n| ListedKey {
        key: ApiKey {
            id: KeyId::new(&format!("key_{n:012}")).unwrap(),
            name: Label::new("Zapier"),
            created_at: None,
            last_used_at: LastUse::Unknown,
            created_by: None,
            prefix: None,
            last_four: None,
        },
        own: Own::No,
        source: Default::default(),
    });
    Arc::new(Listing {
        team: TeamIdentity::Unknown,
        keys: keys.collect(),
        complete: true,
        odd: Default::default(),
        as_of: Timestamp::from_second(1_800_000_000).unwrap(),
    })
}

fn line() -> Activity {
    Activity {
        at: Timestamp::from_second(1_800_000_000).unwrap(),
        actor: Label::new("amina"),
        profile: "acme".into(),
        action: ActivityKind::Create,
        key: None,
        outcome: "created".into(),
        detail: Label::new(""),
    }
}

fn wait<T>(answer: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(answer)
}

fn part(name: &str, folder: &Path) -> Command {
    let mut command = command(std::env::current_exe().unwrap().to_str().unwrap());
    dress(&mut command, name, folder);
    command.args(["real::journal::child", "--exact", "--ignored", "--nocapture"]);
    command
}

fn dress(command: &mut Command, name: &str, folder: &Path) {
    command.env(PART, name).env(FOLDER, folder).stdin(Stdio::null());
}

/// Runs a part to its end where it may mount what it likes; says so where that is not possible here.
fn in_a_place_of_its_own(test: &str, name: &str) {
    if !have(test, &[("unshare", "util-linux"), ("mount", "mount")]) {
        return;
    }
    let namespace: &[&str] = if rustix::process::geteuid().is_root() {
        &["--mount"]
    } else {
        &["--map-root-user", "--mount"]
    };
    let folder = TempDir::new().unwrap();
    let possible = command("unshare")
        .args(namespace)
        .args(["mount", "-t", "tmpfs", "none"])
        .arg(folder.path())
        .output()
        .unwrap();
    if !possible.status.success() {
        let message = format!("SKIPPED {test}: nothing can be mounted here");
        assert!(
            std::env::var_os("CHATZURI_KEYS_REAL").is_none_or(|value| value != "1"),
            "{message}"
        );
        let _ = writeln!(std::io::stderr(), "{message}");
        return;
    }
    let mut command = command("unshare");
    command.args(namespace).arg(std::env::current_exe().unwrap()).args([
        "real::journal::child",
        "--exact",
        "--ignored",
        "--nocapture",
    ]);
    dress(&mut command, name, folder.path());
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"));
}

fn mount(arguments: &[&str], at: &Path) {
    let status = command("mount").args(arguments).arg(at).status().unwrap();
    assert!(status.success(), "mount {arguments:?}");
}

fn mount_small(size: &str, at: &Path) {
    mount(&["-t", "tmpfs", "-o", &format!("size={size},mode=700"), "none"], at);
}

#[test]
fn on_a_read_only_disk_it_is_read_and_not_written() {
    in_a_place_of_its_own("on_a_read_only_disk_it_is_read_and_not_written", "read-only");
}

#[test]
fn on_a_full_disk_it_is_read_and_says_that_it_is_full() {
    in_a_place_of_its_own("on_a_full_disk_it_is_read_and_says_that_it_is_full", "full");
}

#[test]
fn in_a_directory_of_somebody_else_it_is_read_and_not_written() {
    if !rustix::process::geteuid().is_root() {
        // Our own directory without the right to write is somebody else's.
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("state/journal.db");
        fill(&path, true);
        let state = path.parent().unwrap();
        fs::set_permissions(state, fs::Permissions::from_mode(0o500)).unwrap();
        reads_and_refuses(&path, &JournalError::ReadOnly);
        fs::set_permissions(state, fs::Permissions::from_mode(0o700)).unwrap();
        return;
    }
    // Root may write anywhere; `nobody` has these numbers on every Linux.
    let folder = TempDir::new().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let path = folder.path().join("state/journal.db");
    fill(&path, true);
    fs::set_permissions(path.parent().unwrap(), fs::Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let mut child = part("somebody-else", path.parent().unwrap());
    std::os::unix::process::CommandExt::uid(&mut child, 65534);
    std::os::unix::process::CommandExt::gid(&mut child, 65534);
    match child.output() {
        Ok(output) => assert!(
            output.status.success() && String::from_utf8_lossy(&output.stdout).contains("1 passed"),
            "{}\n{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        ),
        // The test program may lie where `nobody` cannot look.
        Err(error) => {
            let _ = writeln!(
                std::io::stderr(),
                "SKIPPED in_a_directory_of_somebody_else_it_is_read_and_not_written: {error}"
            );
        }
    }
}

#[test]
fn of_two_processes_that_move_one_creation_one_wins_each_step() {
    let folder = TempDir::new().unwrap();
    let journal = SqliteJournal::at(folder.path().join("journal.db"));
    let begun = wait(journal.begin(&scope(), intent("Zapier"))).unwrap();
    let start = wait(journal.advance(&begun, Event::Escrowed(minted()))).unwrap();
    let children: Vec<_> = (0..2)
        .map(|_| part("contest", folder.path()).stdout(Stdio::piped()).spawn().unwrap())
        .collect();
    let mut won = Vec::new();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let said = String::from_utf8(output.stdout).unwrap();
        won.extend(
            said.lines()
                .filter_map(|line| line.strip_prefix("won "))
                .map(|revision| revision.parse::<u64>().unwrap()),
        );
    }
    let last = wait(journal.unfinished(&scope())).unwrap().remove(0).revision;
    let each: BTreeSet<u64> = won.iter().copied().collect();
    assert_eq!(each.len(), won.len(), "a step was won twice");
    assert_eq!(each, (start.revision + 1..=last).collect());
    assert!(won.len() >= ATTEMPTS);
}

#[test]
fn what_was_answered_is_there_after_a_kill() {
    let folder = TempDir::new().unwrap();
    for round in 1..=5 {
        let mut child = Guarded::spawn(
            part("begin-and-wait", folder.path())
                .stdin(Stdio::piped())
                .stdout(Stdio::piped()),
        );
        let op = BufReader::new(child.0.stdout.take().unwrap())
            .lines()
            .map_while(Result::ok)
            .find_map(|line| line.strip_prefix("begun ").map(str::to_owned))
            .expect("the child began nothing");
        child.0.kill().unwrap();
        child.0.wait().unwrap();
        let journal = SqliteJournal::at(folder.path().join("journal.db"));
        let found = wait(journal.unfinished(&scope())).unwrap();
        assert_eq!(found.len(), round);
        assert_eq!(found.last().unwrap().op.as_str(), op);
    }
}

/// Makes a journal with a creation, a list and a line; `closed`: without a log beside it.
fn fill(path: &Path, closed: bool) {
    let journal = SqliteJournal::at(path.to_owned());
    wait(journal.begin(&scope(), intent("Zapier"))).unwrap();
    wait(journal.keep_list(&scope(), listing(20))).unwrap();
    wait(journal.record(line())).unwrap();
    if closed {
        let log = PathBuf::from(format!("{}-wal", path.display()));
        drop(journal);
        super::tools::wait_for("the log to be taken in", || (!log.exists()).then_some(()));
    }
}

/// What was written is read, and each write says why it is not done.
fn reads_and_refuses(path: &Path, why: &JournalError) {
    let journal = SqliteJournal::at(path.to_owned());
    let found = wait(journal.unfinished(&scope())).unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(wait(journal.last_list(&scope())).unwrap().unwrap().keys.len(), 20);
    assert_eq!(wait(journal.log(LogQuery::default())).unwrap(), [line()]);
    assert_eq!(wait(journal.begin(&scope(), intent("Zapier 2"))).as_ref(), Err(why));
    assert_eq!(
        wait(journal.advance(&found[0], Event::NothingAppeared)).as_ref(),
        Err(why)
    );
    assert_eq!(wait(journal.record(line())).as_ref(), Err(why));
    assert_eq!(wait(journal.keep_list(&scope(), listing(1))).as_ref(), Err(why));
    assert_eq!(wait(journal.unfinished(&scope())).unwrap(), found);
}

#[test]
#[ignore = "an entry, run by the tests of this file"]
fn child() {
    let Some(name) = std::env::var_os(PART) else {
        return;
    };
    let folder = PathBuf::from(std::env::var_os(FOLDER).unwrap());
    match name.to_str().unwrap() {
        "read-only" => read_only(&folder),
        "full" => full(&folder),
        "somebody-else" => reads_and_refuses(&folder.join("journal.db"), &JournalError::ReadOnly),
        "contest" => {
            let journal = SqliteJournal::at(folder.join("journal.db"));
            for _ in 0..ATTEMPTS {
                let seen = wait(journal.unfinished(&scope())).unwrap().remove(0);
                match wait(journal.advance(&seen, Event::Delivered)) {
                    Ok(moved) => println!("\nwon {}", moved.revision),
                    Err(error) => assert_eq!(error, JournalError::Stale),
                }
            }
        }
        "begin-and-wait" => {
            let journal = SqliteJournal::at(folder.join("journal.db"));
            let creation = wait(journal.begin(&scope(), intent("Zapier"))).unwrap();
            println!("\nbegun {}", creation.op);
            // Until it is killed, or its test is gone.
            let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        }
        other => panic!("{other}"),
    }
}

fn read_only(folder: &Path) {
    let path = folder.join("state/journal.db");
    // Closed well; killed with its log and the index; and the index gone besides.
    for (closed, index) in [(true, true), (false, true), (false, false)] {
        mount_small("1m", folder);
        let elsewhere = TempDir::new().unwrap();
        let made = elsewhere.path().join("journal.db");
        let journal = (!closed).then(|| SqliteJournal::at(made.clone()));
        if let Some(journal) = &journal {
            // Keeps the log there while it is copied, as a killed process leaves it.
            wait(journal.log(LogQuery::default())).unwrap();
        }
        fill(&made, closed);
        fs::create_dir(path.parent().unwrap()).unwrap();
        for ending in ["", "-wal", "-shm"] {
            let from = PathBuf::from(format!("{}{ending}", made.display()));
            if from.exists() && (index || ending != "-shm") {
                fs::copy(&from, format!("{}{ending}", path.display())).unwrap();
            }
        }
        mount(&["-o", "remount,ro"], folder);
        reads_and_refuses(&path, &JournalError::ReadOnly);
        // And it is written again as soon as it can be.
        let again = SqliteJournal::at(path.clone());
        assert_eq!(wait(again.record(line())), Err(JournalError::ReadOnly));
        mount(&["-o", "remount,rw"], folder);
        assert_eq!(wait(again.record(line())), Ok(()));
        drop((again, journal));
    }
    // None there, and none can be made.
    mount_small("1m", folder);
    mount(&["-o", "remount,ro"], folder);
    let journal = SqliteJournal::at(path);
    assert_eq!(wait(journal.begin(&scope(), intent("x"))), Err(JournalError::ReadOnly));
}

fn full(folder: &Path) {
    let path = folder.join("journal.db");
    // Filled while it is open, then found full by the next start.
    mount_small("1m", folder);
    fill(&path, true);
    let open = SqliteJournal::at(path.clone());
    wait(open.record(line())).unwrap();
    let filler = folder.join("filler");
    let mut file = fs::File::create(&filler).unwrap();
    while file.write(&[0; 4096]).is_ok_and(|written| written > 0) {}
    // What is left of the log's last page still takes a line or two.
    let mut lines = 2;
    loop {
        match wait(open.record(line())) {
            Ok(()) => lines += 1,
            Err(error) => break assert_eq!(error, JournalError::Full),
        }
        assert!(lines < 1000);
    }
    assert_eq!(wait(open.begin(&scope(), intent("x"))), Err(JournalError::Full));
    assert_eq!(wait(open.log(LogQuery::default())).unwrap().len(), lines);
    drop(open);
    fs::remove_file(&filler).unwrap();
    let again = SqliteJournal::at(path.clone());
    wait(again.record(line())).unwrap();
    assert_eq!(wait(again.log(LogQuery::default())).unwrap().len(), lines + 1);

    // Full from the start: SQLite cannot even make its companions.
    mount_small("1m", folder);
    fill(&path, true);
    let mut file = fs::File::create(&filler).unwrap();
    while file.write(&[0; 4096]).is_ok_and(|written| written > 0) {}
    reads_and_refuses(&path, &JournalError::Full);

    // Too small for a journal at all.
    mount_small("64k", folder);
    let journal = SqliteJournal::at(path.clone());
    assert_eq!(wait(journal.begin(&scope(), intent("x"))), Err(JournalError::Full));
    assert_eq!(wait(journal.last_list(&scope())), Err(JournalError::Full));
}
