//! A new key, and its way to the places that need it.

use std::process::Command as Process;

use chatzuri_keys::core::secret::Secret;

use super::*;

#[test]
fn create_prints_a_value_that_works_and_nothing_else_on_standard_output() {
    let stage = Stage::new();
    let ran = stage.run(&["create", "Invoices", "--show"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let value = ran.stdout.strip_suffix('\n').unwrap();
    assert!(!value.contains('\n') && !ran.stderr.contains(value));
    assert!(
        ran.stderr.contains("“Invoices” (key_") && ran.stderr.contains("is delivered"),
        "{}",
        ran.stderr
    );
    assert_eq!(stage.run_as(value, &["list"]).code, 0);
    let shape = stage.json(&["create", "Invoices 2", "--show", "--json"]);
    assert_eq!(shape["key"]["name"], "Invoices 2");
    assert!(Secret::parse(shape["secret"].as_str().unwrap()).is_ok());
}

#[test]
fn create_without_a_keyring_and_without_another_place_creates_nothing() {
    let stage = Stage::new();
    let ran = stage.run(&["create", "Invoices"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("“Invoices” was not created. Nothing was sent."),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("--show"), "{}", ran.stderr);
    assert!(
        stage
            .server()
            .request_log()
            .iter()
            .all(|request| request.method == "GET")
    );
}

#[test]
fn create_with_a_bad_name_asks_the_server_nothing() {
    let stage = Stage::new();
    for bad in ["", "a\u{202e}b", &"x".repeat(101)] {
        assert_eq!(stage.run(&["create", bad, "--show"]).code, 2, "{bad}");
    }
    assert_eq!(stage.run(&["create", "Invoices", "--show", "--dry-run"]).code, 0);
    assert!(stage.server().request_log().is_empty());
}

#[test]
fn create_with_a_full_disk_says_that_the_key_exists_without_its_value() {
    let stage = Stage::new();
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let ended = Process::new(BINARY)
        .env("HOME", stage.home.path())
        .env("XDG_CONFIG_HOME", stage.home.path().join("config"))
        .env("CHATZURI_API_KEY", stage.server().credential.expose())
        .env("CHATZURI_BASE_URL", &stage.server().base_url)
        .args(["create", "Invoices", "--show"])
        .stdout(full)
        .output()
        .unwrap();
    let ran = ran_of(&ended);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("was created, but its value was not delivered"),
        "{}",
        ran.stderr
    );
    assert!(stage.names().contains(&"Invoices".to_owned()));
}

#[test]
fn a_lost_answer_to_a_creation_is_told_and_never_sent_twice() {
    let stage = Stage::with_fault("create:drop-after");
    let ran = stage.run(&["create", "Invoices", "--show"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("“Invoices” may or may not have been created"),
        "{}",
        ran.stderr
    );
    assert_eq!(stage.asked("/create-api-key"), 1);
}

#[test]
fn create_hands_the_value_to_every_target_and_shows_it_nowhere() {
    let stage = Stage::new();
    write_sinks(&stage, &[("one", ""), ("two", "")]);
    let to = ["create", "Invoices", "--to", "one", "--to", "two", "--to", "one"];
    let ran = stage.run(&to);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, ""), "{}", ran.stderr);
    for line in [
        "one: stored, and read back the same\n",
        "two: stored, and read back the same\n",
    ] {
        assert_eq!(ran.stderr.matches(line).count(), 1, "{}", ran.stderr);
    }
    let value = kept_by(&stage, "one");
    assert_eq!(value, kept_by(&stage, "two"));
    assert!(!ran.stderr.contains(&value), "{}", ran.stderr);
    assert_eq!(stage.run_as(&value, &["list"]).code, 0, "it works");
    let json = stage.run(&["create", "Invoices 2", "--to", "two", "--json"]);
    assert_eq!(json.code, 0, "{}", json.stderr);
    assert!(!json.stdout.contains(&kept_by(&stage, "two")));
    let shape: Value = serde_json::from_str(&json.stdout).unwrap();
    assert!(shape.get("secret").is_none(), "{shape}");
    let receipt = serde_json::json!({"target": "two", "state": "stored", "verified": "yes", "detail": null});
    assert_eq!(shape["receipts"], serde_json::json!([receipt]));
}

#[test]
fn a_target_that_is_wrong_or_not_ready_stops_everything_before_the_request() {
    let stage = Stage::new();
    write_sinks(&stage, &[("one", "")]);
    for (target, why) in [
        ("gh:acme/web", "OWNER/REPO/NAME has three parts"),
        ("nowhere", "nowhere is not ready: "),
        ("pass:a/../b", "leads to another folder"),
    ] {
        for more in [&[][..], &["--show"], &["--dry-run"]] {
            let ran = stage.run(&[&["create", "Invoices", "--to", "one", "--to", target][..], more].concat());
            assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{target}: {}", ran.stderr);
            assert!(
                ran.stderr.contains(why) && ran.stderr.contains("othing was sent"),
                "{}",
                ran.stderr
            );
        }
    }
    assert_eq!(stage.asked("/create-api-key"), 0);
    assert!(!stage.home.path().join("one").exists());
    let plan = stage.run(&["create", "Invoices", "--to", "one", "--copy", "--dry-run"]);
    assert_eq!(plan.code, 0, "{}", plan.stderr);
    assert!(
        plan.stderr.contains("send its value to one, the clipboard"),
        "{}",
        plan.stderr
    );
    assert_eq!(stage.asked("/create-api-key"), 0);
}

#[test]
fn what_a_target_leaves_open_is_named_and_must_be_agreed_to() {
    let stage = Stage::new();
    stand_in(&stage, "gcloud", GCLOUD);
    let to = ["create", "Invoices", "--to", "gcloud:chatzuri"];
    let with = |more: &str| stage.run(&[&to[..], &[more]].concat());
    let refused = stage.run(&to);
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    for said in ["Nothing was sent", "“acme-prod”", "gcloud:acme-prod/chatzuri", "--yes"] {
        assert!(refused.stderr.contains(said), "{said}: {}", refused.stderr);
    }
    let plan = with("--dry-run");
    assert!(plan.code == 0 && plan.stderr.contains("“acme-prod”"), "{}", plan.stderr);
    assert_eq!(stage.asked("/create-api-key"), 0);
    assert!(!stage.home.path().join("stored").exists());

    let agreed = stage.run(&[&to[..], &["--yes", "--json"]].concat());
    assert_eq!(agreed.code, 0, "{}", agreed.stderr);
    let receipt = "gcloud:chatzuri, which is gcloud:acme-prod/chatzuri now: stored, and read back the same";
    assert!(agreed.stderr.contains(receipt), "{}", agreed.stderr);
    let shape: Value = serde_json::from_str(&agreed.stdout).unwrap();
    assert_eq!(shape["receipts"][0]["target"], "gcloud:chatzuri");
    assert_eq!(shape["receipts"][0]["exact_target"], "gcloud:acme-prod/chatzuri");
    assert_eq!(stage.run_as(&kept_by(&stage, "stored"), &["list"]).code, 0, "it works");
    let argv = kept_by(&stage, "argv");
    let others = argv.lines().filter(|line| !line.starts_with("gcloud config"));
    assert!(others.clone().count() > 3);
    others.for_each(|line| assert!(line.contains("--project=acme-prod"), "{line}"));

    let pinned = stage.run(&["create", "Invoices 2", "--to", "gcloud:acme-prod/chatzuri"]);
    assert_eq!(pinned.code, 0, "{}", pinned.stderr);
}

#[test]
fn without_a_keyring_a_failed_target_says_where_the_value_is_or_that_it_is_lost() {
    let stage = Stage::new();
    write_sinks(&stage, &[("good", ""), ("bad", "echo no room >&2; exit 9")]);
    let partly = stage.run(&["create", "Invoices", "--to", "bad", "--to", "good", "--json"]);
    assert_eq!(partly.code, 5, "{}", partly.stderr);
    assert!(
        partly.stderr.contains("bad: failed: ") && partly.stderr.contains("no room"),
        "{}",
        partly.stderr
    );
    assert!(
        partly.stderr.contains("the keyring could not keep it") && partly.stderr.contains("The only copy is in good"),
        "{}",
        partly.stderr
    );
    let shape: Value = serde_json::from_str(&partly.stdout).unwrap();
    assert_eq!(shape["receipts"][0]["state"], "failed");
    assert!(shape["receipts"][0]["detail"].as_str().unwrap().contains("no room"));
    assert_eq!(shape["receipts"][1]["state"], "stored");
    let lost = stage.run(&["create", "Invoices", "--to", "bad"]);
    assert_eq!(lost.code, 1, "{}", lost.stderr);
    assert!(
        lost.stderr.contains("“Invoices”") && lost.stderr.contains("is lost") && lost.stderr.contains("revoke key_"),
        "{}",
        lost.stderr
    );
}

/// There is no keyring here.
#[test]
fn a_value_that_one_target_alone_has_is_said_to_be_there_and_can_be_closed() {
    let stage = Stage::new();
    write_sinks(&stage, &[("good", ""), ("broken", "exit 1")]);
    let ran = stage.run(&["create", "P", "--to", "good", "--to", "broken"]);
    assert_eq!(ran.code, 5, "{}", ran.stderr);
    // Another profile of the same team knows where the value is, too.
    for profile in ["default", "default", "other"] {
        let ran = stage.run(&["create", "P", "--resume", "--profile", profile]);
        assert_eq!(ran.code, 5, "{}", ran.stderr);
        let said = "is in good and nowhere else. broken did not accept it. Copy it there from good";
        assert!(ran.stderr.contains(said), "{}", ran.stderr);
        assert!(
            ran.stderr.contains("chatzuri-keys create --resume P --stored"),
            "{}",
            ran.stderr
        );
        assert!(!ran.stderr.contains("lost"), "{}", ran.stderr);
    }
    let again = stage.run(&["create", "P", "--resume", "--to", "broken"]);
    assert_eq!(again.code, 5, "{}", again.stderr);
    let closed = stage.run(&["create", "P", "--resume", "--stored"]);
    assert_eq!(closed.code, 0, "{}", closed.stderr);
    let ran = stage.run(&["create", "--resume"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("No new key is waiting"), "{}", ran.stderr);
    assert_eq!(stage.run_as(&kept_by(&stage, "good"), &["teams"]).code, 0);
}
