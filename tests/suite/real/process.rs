//! Child processes and the hardening of our own.

use super::tools::Entry;

#[test]
fn a_child_inherits_the_environment_but_nothing_of_ours() {
    let mut entry = Entry::start("process", |command| {
        command
            .env("CHATZURI_API_KEY", "cz_never_in_a_child")
            .env("CHATZURI_PROFILE", "acme")
            .env("SOMETHING_ELSE", "kept");
    });
    let environment = entry.ask("run env");
    assert!(environment.contains("SOMETHING_ELSE=kept"), "{environment}");
    assert!(!environment.contains("CHATZURI_"), "{environment}");
    assert!(entry.ends());
}

#[test]
fn a_hardened_process_is_not_dumpable_and_neither_it_nor_its_children_leave_a_core() {
    let mut entry = Entry::start("process", |_| {});
    assert_eq!(entry.ask("harden"), "Ok(()) Ok(NotDumpable)");
    let limits = entry.ask("run cat /proc/self/limits");
    let core = limits
        .split("\\n")
        .find(|line| line.starts_with("Max core file size"))
        .unwrap();
    assert_eq!(core.split_whitespace().collect::<Vec<_>>()[4..6], ["0", "0"], "{core}");
    assert!(entry.ends());
}
