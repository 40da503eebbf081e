//! An endpoint that worked is expected to work: what looks like a missing one is then an error.

use chatzuri_keys::sandbox::FaultRule;

use super::*;

/// What a server in trouble answers in the place of an endpoint, as rules for one operation.
const LIKE_A_MISSING_ONE: [&str; 5] = ["html", "status=404", "status=405", "status=501", "redirect=302"];

fn spoil(desk: &Desk, operation: &str, fault: &str, times: u32) {
    let rule = format!("{operation}:{fault}:{times}");
    desk.server.inject(FaultRule::parse(&rule).unwrap());
}

fn count(desk: &Desk) -> usize {
    desk.json(&["list", "--json"])["keys"].as_array().unwrap().len()
}

#[test]
fn list_that_worked_never_turns_into_an_empty_one() {
    let desk = Desk::without(&[]);
    let keys = count(&desk);
    assert_eq!(desk.run(&["due", "--check"]).code, 6);
    for fault in LIKE_A_MISSING_ONE {
        for args in [
            &["list", "--json"][..],
            &["due", "--check"],
            &["due", "--check", "--format", "json"],
        ] {
            desk.server.clear_faults();
            spoil(&desk, "list", fault, 2);
            let ran = desk.run(args);
            assert_eq!(
                (ran.code, ran.stdout.as_str()),
                (1, ""),
                "{fault} {args:?}: {}",
                ran.stderr
            );
            if !fault.starts_with("redirect") {
                assert!(ran.stderr.contains("worked before"), "{fault}: {}", ran.stderr);
                assert!(
                    ran.stderr.contains("[api] list = \"manual\""),
                    "{fault}: {}",
                    ran.stderr
                );
            }
        }
        desk.server.clear_faults();
        assert_eq!(count(&desk), keys, "{fault}: the next call asks again");
        assert_eq!(desk.run(&["due", "--check"]).code, 6, "{fault}");
        assert_eq!(desk.capability("list"), "api", "{fault}");
    }
}

#[test]
fn list_that_worked_stays_expected_when_status_asks_again() {
    let desk = Desk::without(&[]);
    assert_eq!(desk.run(&["list"]).code, 0);
    desk.server.leave_out(&[FaultEndpoint::List]);
    let status = desk.run(&["status"]);
    assert!(status.stdout.contains("worked before"), "{}", status.stdout);
    // What it says is what was answered.
    desk.server.leave_out(&[]);
    spoil(&desk, "list", "html", 2);
    let status = desk.run(&["status"]);
    assert!(status.stdout.contains("with 200 and a web page"), "{}", status.stdout);
    desk.server.clear_faults();
    desk.server.leave_out(&[FaultEndpoint::List]);
    assert_eq!(desk.capability("list"), "api");
    let list = desk.run(&["list"]);
    assert_eq!((list.code, list.stdout.as_str()), (1, ""), "{}", list.stderr);
    let track = desk.run(&["track", "Web", "--created", "2026-09-01"]);
    assert_eq!(track.code, 1, "{}", track.stderr);
    assert!(track.stderr.contains("worked before"), "{}", track.stderr);
}

#[test]
fn create_that_worked_is_not_handed_to_the_browser() {
    // After a page with 200 the key may have been made: that is looked into for two minutes.
    for fault in ["status=404", "status=405", "status=501"] {
        let desk = Desk::without(&[]);
        assert_eq!(desk.run(&["create", "First", "--show"]).code, 0);
        // The same answer to the request and to each look after it.
        spoil(&desk, "create", fault, 9);
        let ran = desk.run(&["create", "Second", "--show"]);
        assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{fault}: {}", ran.stderr);
        assert!(!ran.stderr.contains("--paste"), "{fault}: {}", ran.stderr);
        desk.server.clear_faults();
        assert_eq!(desk.run(&["create", "Third", "--show"]).code, 0, "{fault}");
        assert_eq!(desk.capability("create"), "api", "{fault}");
    }
}

#[test]
fn revoke_that_worked_is_not_handed_to_the_browser() {
    for fault in ["html", "status=405", "status=501"] {
        let desk = Desk::without(&[]);
        assert_eq!(desk.run(&["create", "First", "--show"]).code, 0);
        assert_eq!(desk.run(&["revoke", "First", "--yes"]).code, 0);
        assert_eq!(desk.run(&["create", "Second", "--show"]).code, 0);
        spoil(&desk, "revoke", fault, 9);
        let ran = desk.run(&["revoke", "Second", "--yes"]);
        assert!(matches!(ran.code, 1 | 7), "{fault}: {} {}", ran.code, ran.stderr);
        assert!(!ran.stderr.contains("through the API"), "{fault}: {}", ran.stderr);
        assert!(ran.stderr.contains("worked before"), "{fault}: {}", ran.stderr);
        desk.server.clear_faults();
        assert_eq!(desk.capability("revoke"), "api", "{fault}");
        assert_eq!(desk.run(&["revoke", "Second", "--yes"]).code, 0, "{fault}");
    }
}

#[test]
fn endpoint_never_seen_is_missing_only_when_the_answer_repeats() {
    for fault in ["html", "status=404", "status=405"] {
        let desk = Desk::without(&[]);
        spoil(&desk, "list", fault, 1);
        let ran = desk.run(&["list", "--json"]);
        assert_eq!(ran.code, 0, "{fault}: {}", ran.stderr);
        assert_eq!(count(&desk), 13, "{fault}");
        let listed: Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!(
            listed["keys"].as_array().unwrap().len(),
            13,
            "{fault}: the second answer is the list"
        );
        assert_eq!(desk.capability("list"), "api", "{fault}");
    }
    // get-teams answers before the repeated answer, and not after it.
    let desk = Desk::without(&[FaultEndpoint::List]);
    let teams_asked = || desk.asked("GET", "/get-teams");
    assert_eq!(desk.run(&["list"]).code, 5);
    assert!(teams_asked() >= 2, "asked {} times", teams_asked());
}

#[test]
fn list_moved_to_manual_by_config_is_the_persons_word() {
    for word in ["manual", "assisted"] {
        let desk = Desk::without(&[]);
        assert_eq!(desk.run(&["list"]).code, 0);
        desk.server.leave_out(&[FaultEndpoint::List]);
        write_config(desk.home.path(), &format!("[api]\nlist = \"{word}\"\n"));
        let ran = desk.run(&["track", "Web", "--created", "2026-09-01"]);
        assert_eq!(ran.code, 0, "{word}: {}", ran.stderr);
        assert_eq!(count(&desk), 1, "{word}");
        assert_eq!(desk.capability("list"), "manual", "{word}");
    }
}

#[test]
fn due_check_is_not_green_where_nothing_is_known() {
    let desk = Desk::without(&[FaultEndpoint::List]);
    for args in [
        &["due", "--check"][..],
        &["due"],
        &["due", "--check", "--format", "json"],
    ] {
        let ran = desk.run(args);
        assert_eq!(ran.code, 5, "{args:?}: {}", ran.stderr);
        assert!(ran.stderr.contains("you track none here"), "{args:?}: {}", ran.stderr);
        assert!(!ran.stderr.contains("No key is due"), "{args:?}: {}", ran.stderr);
    }
    assert_eq!(desk.run(&["track", "Web", "--created", "2026-11-01"]).code, 0);
    assert_eq!(desk.run(&["due", "--check"]).code, 0);
}

#[test]
fn due_of_all_profiles_names_each_that_was_not_read() {
    let desk = Desk::without(&[]);
    let base = &desk.server.base_url;
    write_config(
        desk.home.path(),
        &format!(
            "[profiles.acme]\nbase_url = \"{base}\"\n[profiles.kijani]\nbase_url = \"{base}\"\n[profiles.odd]\nbase_url = \"ftp://x\"\n"
        ),
    );
    let mut command = desk.command(&["due", "--all-profiles", "--check", "--profile", "acme"]);
    command.env_remove("CHATZURI_BASE_URL");
    let ran = finish(start(command, ""));
    assert_eq!(ran.code, 5, "{}", ran.stderr);
    for words in ["Profile kijani", "CHATZURI_API_KEY", "Profile odd"] {
        assert!(ran.stderr.contains(words), "{}", ran.stderr);
    }

    // Nothing was read at all: no keyring, no credential.
    let ran = finish(start(
        bare(desk.home.path(), &["due", "--all-profiles", "--profile", "acme"]),
        "",
    ));
    assert_eq!(ran.code, 5, "{}", ran.stderr);
    assert!(!ran.stderr.contains("No key is due"), "{}", ran.stderr);
    assert!(ran.stderr.contains("No profile could be read"), "{}", ran.stderr);
}

#[test]
fn due_of_all_profiles_goes_on_where_one_list_is_lost() {
    let desk = Desk::without(&[]);
    let other = Desk::without(&[]);
    let cat = |value: &str| format!("credential_command = [\"/bin/echo\", \"{value}\"]");
    write_config(
        desk.home.path(),
        &format!(
            "[profiles.acme]\nbase_url = \"{}\"\n{}\n[profiles.kijani]\nbase_url = \"{}\"\n{}\n",
            desk.server.base_url,
            cat(desk.server.credential.expose()),
            other.server.base_url,
            cat(other.server.credential.expose()),
        ),
    );
    let run = |args: &[&str]| finish(start(bare(desk.home.path(), args), ""));
    let all = ["due", "--all-profiles", "--check", "--profile", "acme"];
    assert_eq!(run(&all).code, 6, "{}", run(&all).stderr);
    spoil(&other, "list", "html", 2);
    let ran = run(&all);
    assert_eq!(ran.code, 5, "{}", ran.stderr);
    assert!(ran.stderr.contains("Profile kijani"), "{}", ran.stderr);
    assert!(ran.stderr.contains("worked before"), "{}", ran.stderr);
}
