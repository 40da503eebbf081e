//! What is needed first is broken: nothing is asked for, one sentence says why, and reading and revoking go on.

use std::fs;
use std::process::Command;

use rustix::process::Signal;

use super::{Machine, have, is_root, text};
use crate::real::tools::{self, Bus};
use crate::support::terminal::BINARY;

/// A name, what a shell does before the binary, and what is said of it.
const JOURNALS: &[(&str, &str, &str)] = &[
    (
        "a disk too small for a journal",
        "mount -t tmpfs -o size=64k,mode=700 tmpfs \"$XDG_STATE_HOME\"",
        "the disk is full",
    ),
    (
        "a disk that has become full",
        "mount -t tmpfs -o size=1m,mode=700 tmpfs \"$XDG_STATE_HOME\" && cp -rp \"$SAVED\" \"$XDG_STATE_HOME\" &&
         ! head -c 2m /dev/zero >\"$XDG_STATE_HOME/rest\"",
        "the disk is full",
    ),
    (
        "a read-only file system",
        "mount --bind \"$XDG_STATE_HOME\" \"$XDG_STATE_HOME\" && mount -o remount,bind,ro \"$XDG_STATE_HOME\"",
        "it is read-only",
    ),
    (
        "a file that is no database",
        // What is still in the log would mend it.
        "rm -f \"$XDG_STATE_HOME\"/chatzuri-keys/journal.db-* &&
         head -c 8192 /dev/urandom >\"$XDG_STATE_HOME/chatzuri-keys/journal.db\"",
        "the journal is damaged",
    ),
    (
        "a database with a hole",
        "cd \"$XDG_STATE_HOME/chatzuri-keys\" && rm -f journal.db-* &&
         dd if=/dev/zero of=journal.db bs=1024 seek=1 count=80 conv=notrunc status=none",
        "the journal is damaged",
    ),
];

#[test]
fn without_a_journal_nothing_is_created_and_keys_are_still_read_and_revoked() {
    if !have("broken_journal", &[("unshare", "util-linux"), ("mount", "mount")]) || !is_root("broken_journal") {
        return;
    }
    let machine = Machine::start();
    let used = machine.ours(&["create", "Used", "--show"]).output().unwrap();
    assert!(used.status.success(), "{}", text(&used.stderr));
    let saved = machine.home.path().join("saved");
    fs::create_dir(&saved).unwrap();
    copied(&machine.state(), &saved);
    // All of it in one file.
    let journal = rusqlite::Connection::open(saved.join("chatzuri-keys/journal.db")).unwrap();
    journal.pragma_update(None, "wal_checkpoint", "TRUNCATE").unwrap();
    drop(journal);
    for (nth, (what, prelude, why)) in JOURNALS.iter().enumerate() {
        let victim = format!("Victim {nth}");
        let made = machine.ours(&["create", &victim, "--show"]).output().unwrap();
        assert!(made.status.success(), "{}", text(&made.stderr));
        let run = |args: &[&str]| {
            let state = tempfile::tempdir().unwrap();
            copied(&saved, state.path());
            let mut command = tools::command("unshare");
            machine.dress(&mut command);
            let output = command
                .args([
                    "--mount",
                    "sh",
                    "-c",
                    &format!("{prelude} && exec \"$@\""),
                    "sh",
                    BINARY,
                ])
                .args(args)
                .env("XDG_STATE_HOME", state.path())
                .env("SAVED", saved.join("chatzuri-keys"))
                .output()
                .unwrap();
            let words = text(&output.stderr);
            // A prelude that fails speaks first.
            (output.status.code(), text(&output.stdout), words)
        };
        let asked = machine.changes_asked();
        let (code, printed, words) = run(&["create", "Never", "--show"]);
        assert_eq!((code, printed.as_str()), (Some(1), ""), "{what}: {words}");
        assert!(
            words.contains("“Never” was not created. Nothing was sent.") && words.contains(why),
            "{what}: {words}"
        );
        assert_eq!(machine.changes_asked(), asked, "{what}: the server was asked");

        let (code, printed, words) = run(&["list"]);
        assert_eq!(code, Some(0), "{what}: {words}");
        assert!(printed.contains(&victim), "{what}: {printed}");
        let (code, _, words) = run(&["revoke", &victim, "--yes"]);
        assert_eq!(code, Some(0), "{what}: {words}");
        assert!(words.contains(&format!("Revoked “{victim}”")), "{what}: {words}");
        assert!(machine.keys_named(&victim).is_empty(), "{what}");
    }
    assert!(machine.keys_named("Never").is_empty());
}

#[test]
fn without_a_keyring_that_keeps_nothing_is_created() {
    if !have("broken_keyring", &[]) {
        return;
    }
    let machine = Machine::start();
    let bare = Bus::start(false);
    let signed_in = |command: &mut Command| {
        // Of the environment: the keyring is to be asked for nothing but the escrow.
        command.env("CHATZURI_API_KEY", machine.sandbox.credential.expose());
    };
    let lock = || {
        let locked = machine.bus.run(
            "dbus-send",
            &[
                "--session",
                "--print-reply",
                "--dest=org.freedesktop.secrets",
                "/org/freedesktop/secrets",
                "org.freedesktop.Secret.Service.Lock",
                "array:objpath:/org/freedesktop/secrets/collection/login",
            ],
        );
        assert!(locked.status.success(), "{}", text(&locked.stderr));
    };
    for (what, why) in [
        ("absent", "No keyring is running on this machine"),
        ("locked", "The keyring is locked and cannot be unlocked from here"),
        ("stopped", "The keyring did not answer within 5 s"),
    ] {
        let mut command = machine.ours(&["create", "Never"]);
        signed_in(&mut command);
        match what {
            "absent" => bare.dress(&mut command),
            "locked" => lock(),
            _ => machine.keyring.signal(Signal::STOP),
        }
        command.env("HOME", machine.home.path());
        let output = command.output().unwrap();
        let words = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{what}: {words}");
        assert!(
            words.contains("“Never” was not created. Nothing was sent.") && words.contains(why),
            "{what}: {words}"
        );
        assert_eq!(text(&output.stdout), "", "{what}");
        assert_eq!(machine.changes_asked(), 0, "{what}: the server was asked");
        let mut command = machine.ours(&["list"]);
        signed_in(&mut command);
        let list = command.output().unwrap();
        assert_eq!(list.status.code(), Some(0), "{what}: {}", text(&list.stderr));
    }
    machine.keyring.signal(Signal::CONT);
}

fn copied(from: &std::path::Path, to: &std::path::Path) {
    let folder = to.join("chatzuri-keys");
    fs::create_dir(&folder).unwrap();
    for file in fs::read_dir(from.join("chatzuri-keys")).unwrap().flatten() {
        fs::copy(file.path(), folder.join(file.file_name())).unwrap();
    }
}
