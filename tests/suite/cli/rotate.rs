//! A rotation by command line, as a script does it: a process for every step.

use std::fs;
use std::time::Duration;

use super::terminal::on_terminal;
use super::*;

const OLD: &str = "Staging importer";
const CONFIG: &str = r#"
[rotation]
quiet = "20s"

[[key]]
match = "Staging importer"
places = ["the shelf in the office", "the shelf at home"]
"#;

fn stage() -> Stage {
    let stage = Stage::new();
    let folder = stage.home.path().join("config/chatzuri-keys");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("config.toml"), CONFIG).unwrap();
    stage
}

fn alive(stage: &Stage, value: &str) -> bool {
    stage.run_as(value, &["teams"]).code == 0
}

/// How often something of this method was asked for.
fn asked(stage: &Stage, method: &str) -> usize {
    let log = stage.server().request_log();
    log.iter().filter(|record| record.method == method).count()
}

fn step(stage: &Stage) -> Value {
    stage.json(&["rotate", "status", OLD, "--json"])["rotations"][0]["step"].take()
}

/// Step 1, its value printed.
fn begun(stage: &Stage) -> String {
    let ran = stage.run(&["rotate", "start", OLD, "--show"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    ran.stdout.trim().to_owned()
}

#[test]
fn the_four_steps_by_command_line() {
    let stage = stage();
    let old = stage.server().leaked.expose().to_owned();
    let new = begun(&stage);
    assert!(alive(&stage, &new));
    assert_eq!(step(&stage), 2);
    assert_eq!(stage.run(&["rotate", "tick", OLD, "the shelf in"]).code, 0);
    assert_eq!(step(&stage), 2);
    assert_eq!(stage.run(&["rotate", "tick", OLD, "--all"]).code, 0);
    let early = stage.run(&["rotate", "confirm", OLD]);
    assert_eq!(early.code, 1, "{}", early.stderr);
    stage.server().pass(Duration::from_secs(3));
    assert!(alive(&stage, &new) && alive(&stage, &old));
    let busy = stage.run(&["rotate", "finish", OLD, "--yes"]);
    assert_eq!(busy.code, 1);
    assert!(
        busy.stderr.contains("step 3 of 4 is open. Old key idle for "),
        "{}",
        busy.stderr
    );
    stage.server().pass(Duration::from_secs(30));
    assert_eq!(stage.run(&["rotate", "confirm", OLD]).code, 0);
    let unasked = stage.run(&["rotate", "finish", OLD]);
    assert_eq!(unasked.code, 2, "{}", unasked.stderr);
    let ran = stage.run(&["rotate", "finish", OLD, "--yes"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("Revoked “Staging importer”"), "{}", ran.stderr);
    assert!(!alive(&stage, &old) && alive(&stage, &new));
    // All of it once more changes nothing.
    let again = stage.run(&["rotate", "finish", OLD, "--yes"]);
    assert_eq!(again.code, 0, "{}", again.stderr);
    let posted = asked(&stage, "POST");
    let deleted = asked(&stage, "DELETE");
    assert_eq!((posted, deleted), (1, 1));
}

/// There is no clipboard here, and no keyring.
#[test]
fn a_value_that_nobody_took_and_nothing_keeps_is_not_promised() {
    let stage = stage();
    let ran = stage.run(&["rotate", "start", OLD, "--copy"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("is lost") && !ran.stderr.contains("create --resume"),
        "{}",
        ran.stderr
    );
    // What it says to do.
    let (_, id) = ran.stderr.split_once("chatzuri-keys revoke ").unwrap();
    let revoked = stage.run(&["revoke", id.split_whitespace().next().unwrap(), "--yes"]);
    assert_eq!(revoked.code, 0, "{}", revoked.stderr);
    assert!(
        ran.stderr.contains("Next: chatzuri-keys rotate start key_"),
        "{}",
        ran.stderr
    );
    assert!(alive(&stage, &begun(&stage)));
}

/// A key with these places, of which `shelf` keeps what it is given and `broken` does not take it.
fn stage_with(places: &str) -> Stage {
    let stage = Stage::new();
    write_sinks(&stage, &[("shelf", ""), ("broken", "exit 1")]);
    let path = stage.home.path().join("config/chatzuri-keys/config.toml");
    let sinks = fs::read_to_string(&path).unwrap();
    fs::write(
        path,
        format!("{sinks}\n[[key]]\nmatch = \"{OLD}\"\nplaces = [{places}]\n"),
    )
    .unwrap();
    stage
}

/// There is no keyring here.
#[test]
fn a_value_that_one_place_took_is_there_and_the_rotation_goes_on() {
    let stage = stage_with("\"shelf\", \"the shelf at home\"");
    let ran = stage.run(&["rotate", "start", OLD]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let said = "is in shelf and nowhere else. Copy it from there to wherever else you use it";
    assert!(ran.stderr.contains(said), "{}", ran.stderr);
    assert!(alive(&stage, &kept_by(&stage, "shelf")));
    let status = stage.json(&["rotate", "status", OLD, "--json"])["rotations"][0].take();
    assert_eq!(status["step"], 2, "{status}");
    assert_ne!(status["places"][0]["stored_at"], Value::Null, "{status}");
    assert_eq!(status["places"][1]["ticked_at"], Value::Null, "{status}");
    assert_eq!(stage.run(&["rotate", "tick", OLD, "shelf"]).code, 0);
    assert_eq!(stage.run(&["rotate", "tick", OLD, "the shelf"]).code, 0);
    assert_eq!(step(&stage), 3);
    let waiting = stage.run(&["create", "--resume"]);
    assert!(waiting.stderr.contains("No new key is waiting"), "{}", waiting.stderr);
}

#[test]
fn a_place_that_did_not_take_the_value_stays_open_where_another_has_it() {
    let stage = stage_with("\"shelf\", \"broken\"");
    let ran = stage.run(&["rotate", "start", OLD]);
    assert_eq!(ran.code, 5, "{}", ran.stderr);
    let said = "The only copy is in shelf. Copy it from there to broken";
    assert!(ran.stderr.contains(said), "{}", ran.stderr);
    assert_eq!(step(&stage), 2);
    assert_eq!(stage.run(&["rotate", "tick", OLD, "--all"]).code, 0);
    assert_eq!(step(&stage), 3);
}

#[test]
fn every_step_may_be_given_twice() {
    let stage = stage();
    begun(&stage);
    let again = stage.run(&["rotate", "start", OLD]);
    assert_eq!((again.code, again.stdout.as_str()), (0, ""), "{}", again.stderr);
    assert!(again.stderr.contains("step 2 of 4"), "{}", again.stderr);
    // What cannot be shown twice is no empty value to a script.
    let shown = stage.run(&["rotate", "start", OLD, "--show"]);
    assert_eq!((shown.code, shown.stdout.as_str()), (1, ""), "{}", shown.stderr);
    assert!(shown.stderr.contains("Nothing was delivered"), "{}", shown.stderr);
    for _ in 0..2 {
        assert_eq!(stage.run(&["rotate", "tick", OLD, "--all"]).code, 0);
    }
    for _ in 0..2 {
        let ran = stage.run(&["rotate", "confirm", OLD, "--attest", "--reason", "the job is monthly"]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
    }
    for _ in 0..2 {
        assert_eq!(stage.run(&["rotate", "finish", OLD, "--yes"]).code, 0);
    }
    assert_eq!(asked(&stage, "POST"), 1);
    assert_eq!(asked(&stage, "DELETE"), 1);
    let log = stage.json(&["log", "--key", OLD, "--json"]);
    let attested: Vec<&Value> = log["entries"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|line| line["outcome"] == "attested")
        .collect();
    assert_eq!(attested.len(), 1, "{log}");
    let detail = attested[0]["detail"].as_str().unwrap();
    assert!(detail.contains("the job is monthly; measured: new key"), "{detail}");
}

#[test]
fn finish_before_step_three_touches_nothing_unless_it_is_forced_by_name() {
    let stage = stage();
    let old = stage.server().leaked.expose().to_owned();
    begun(&stage);
    for (args, code) in [
        (vec!["--yes"], 1),
        (vec!["--yes", "--force"], 2),
        (vec!["--yes", "--force", "--confirm", "Zapier"], 2),
    ] {
        let args = ["rotate", "finish", OLD]
            .iter()
            .chain(&args)
            .copied()
            .collect::<Vec<_>>();
        let ran = stage.run(&args);
        assert_eq!(ran.code, code, "{args:?}: {}", ran.stderr);
    }
    assert_eq!(asked(&stage, "DELETE"), 0);
    assert!(alive(&stage, &old));
    let ran = stage.run(&["rotate", "finish", OLD, "--force", "--confirm", OLD]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(!alive(&stage, &old));
}

#[test]
fn a_dry_run_writes_nothing_down_and_asks_for_nothing() {
    let stage = stage();
    let ran = stage.run(&["rotate", "start", OLD, "--dry-run", "--show"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("Would start the rotation of “Staging importer”"),
        "{}",
        ran.stderr
    );
    assert_eq!(
        stage.json(&["rotate", "status", "--json"])["rotations"],
        Value::Array(Vec::new())
    );
    assert_eq!(asked(&stage, "POST"), 0);
}

#[test]
fn json_tells_where_a_rotation_stands_and_the_list_tells_its_keys() {
    let stage = stage();
    let shape = stage.json(&["rotate", "start", OLD, "--show", "--json"]);
    assert!(shape["secret"].as_str().unwrap().starts_with("cz_"));
    assert_eq!(shape["rotation"]["old"]["name"], OLD);
    assert_eq!(shape["rotation"]["stage"], "creating");
    assert_eq!(shape["receipts"], Value::Array(Vec::new()));
    let ticked = stage.json(&["rotate", "tick", OLD, "the shelf at", "--json"]);
    assert_eq!(
        ticked["rotation"]["places"][1]["ticked_by"].as_str().map(str::is_empty),
        Some(false)
    );
    assert_eq!(ticked["rotation"]["places"][0]["ticked_at"], Value::Null);
    let listed = stage.json(&["list", "--json"]);
    let keys = listed["keys"].as_array().unwrap();
    let of = |name: &str| keys.iter().find(|key| key["name"].as_str().unwrap() == name).unwrap();
    let old = of(OLD);
    assert_eq!(
        (&old["status"], &old["rotation"]["role"]),
        (&"rotating".into(), &"old".into())
    );
    assert_eq!(old["rotation"]["step"], 2);
    let new = keys.iter().find(|key| key["rotation"]["role"] == "new").unwrap();
    assert_eq!(new["rotation"]["other_id"], old["id"]);
    assert_eq!(of("Zapier")["rotation"], Value::Null);
}

#[test]
fn a_key_that_is_rotated_still_counts_as_due() {
    let stage = stage();
    let overdue = |stage: &Stage| {
        stage.json(&["due", "--overdue", "--format", "json"])["keys"]
            .as_array()
            .unwrap()
            .len()
    };
    let before = overdue(&stage);
    assert_eq!(stage.run(&["rotate", "start", "Zapier", "--show"]).code, 0);
    assert_eq!(overdue(&stage), before);
    let table = stage.run(&["due", "--overdue"]);
    assert!(
        table.stdout.contains("! 110 days overdue, rotating 1/4")
            || table.stdout.contains("! 110 days overdue, rotating 3/4"),
        "{}",
        table.stdout
    );
    assert_eq!(stage.run(&["due", "--check"]).code, 6);
    let listed = stage.json(&["list", "--json"]);
    let keys = listed["keys"].as_array().unwrap();
    let old = keys.iter().find(|key| key["name"] == "Zapier").unwrap();
    assert_eq!(
        (&old["status"], &old["rotation"]["role"]),
        (&"overdue".into(), &"old".into())
    );
    assert_eq!(keys.iter().filter(|key| key["status"] == "overdue").count(), before);
    let list = stage.run(&["list"]);
    assert!(list.stderr.contains(&format!("{before} overdue")), "{}", list.stderr);
}

#[test]
fn a_pair_made_elsewhere_is_refused_by_start_and_taken_by_adopt() {
    let stage = stage();
    let new = format!("{OLD} 2027-03-01");
    assert_eq!(stage.run(&["create", &new, "--show"]).code, 0);
    let status = stage.json(&["rotate", "status", "--json"]);
    assert_eq!(status["elsewhere"][0]["new_name"], new.as_str());
    let ran = stage.run(&["rotate", "start", OLD, "--show"]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(ran.stderr.contains("rotate adopt"), "{}", ran.stderr);
    assert_eq!(
        stage.run(&["rotate", "adopt", &new, OLD]).code,
        2,
        "the older one comes first"
    );
    let ran = stage.run(&["rotate", "adopt", OLD, &new]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(step(&stage), 2);
    assert_eq!(stage.run(&["rotate", "adopt", OLD, &new]).code, 0, "twice");
    assert_eq!(asked(&stage, "POST"), 1);
}

#[test]
fn our_own_key_from_the_environment_is_not_rotated() {
    let stage = stage();
    let ran = stage.run(&["rotate", "start", "chatzuri-keys (this one)", "--show"]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(
        ran.stderr
            .contains("comes from CHATZURI_API_KEY, which we cannot change"),
        "{}",
        ran.stderr
    );
    assert_eq!(asked(&stage, "POST"), 0);
}

#[test]
fn giving_up_asks_first_and_no_gives_nothing_up() {
    let stage = stage();
    let new = begun(&stage);
    let unasked = stage.run(&["rotate", "cancel", OLD]);
    assert_eq!(unasked.code, 2, "{}", unasked.stderr);
    assert!(unasked.stderr.contains("--yes"), "{}", unasked.stderr);
    assert_eq!(step(&stage), 2);
    let cancel = ["rotate", "cancel", OLD];
    for answer in ["n\n", "\n", "yeah\n"] {
        let (code, printed) = on_terminal(&stage, &cancel, &[("Cancel it? [y/N] ", answer)]);
        assert_eq!(code, 3, "{printed}");
        assert!(printed.contains("The rotation is unchanged"), "{printed}");
        assert_eq!(step(&stage), 2);
    }
    let both = [("Cancel it? [y/N] ", "y\n"), ("to revoke it: ", "n\n")];
    let (code, printed) = on_terminal(&stage, &cancel, &both);
    assert_eq!(code, 0, "{printed}");
    assert!(printed.contains("Cancelled the rotation"), "{printed}");
    assert!(alive(&stage, &new));
    // Over already: there is nothing to ask about.
    assert_eq!(stage.run(&cancel).code, 0);
    let second = begun(&stage);
    let revoke_new = ["rotate", "cancel", OLD, "--revoke-new"];
    let (code, printed) = on_terminal(&stage, &revoke_new, &both);
    assert_eq!(code, 3, "{printed}");
    assert_eq!(step(&stage), 2, "the second answer was no");
    assert!(alive(&stage, &second));
}

#[test]
fn what_stays_behind_of_a_cancelled_rotation_is_said_and_can_go_too() {
    let stage = stage();
    let new = begun(&stage);
    let ran = stage.run(&["rotate", "cancel", OLD, "--yes"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(
        ran.stderr
            .contains("The new key stays. To revoke it: chatzuri-keys revoke key_"),
        "{}",
        ran.stderr
    );
    assert!(alive(&stage, &new));
    assert_eq!(
        stage.json(&["rotate", "status", "--json"])["elsewhere"],
        Value::Array(Vec::new())
    );
    assert_eq!(stage.run(&["rotate", "cancel", OLD]).code, 0, "twice");
    let second = stage.run(&["rotate", "start", OLD, "--show"]).stdout.trim().to_owned();
    assert_eq!(
        stage.run(&["rotate", "cancel", OLD, "--revoke-new"]).code,
        2,
        "nobody was asked"
    );
    let ran = stage.run(&["rotate", "cancel", OLD, "--revoke-new", "--yes", "--json"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(!alive(&stage, &second) && alive(&stage, &new));
}

#[test]
fn a_wrong_place_key_or_reason_is_told_and_nothing_moves() {
    let stage = stage();
    begun(&stage);
    for (args, code, said) in [
        (
            vec!["rotate", "tick", OLD, "the shelf"],
            2,
            "2 places begin with “the shelf”",
        ),
        (
            vec!["rotate", "tick", OLD, "nowhere"],
            2,
            "has no place “nowhere”. Its places:",
        ),
        (
            vec!["rotate", "tick", "Nobody", "--all"],
            10,
            "has the id or name “Nobody”",
        ),
        (vec!["rotate", "tick", "Zapier", "--all"], 1, "is not being rotated"),
        (
            vec!["rotate", "confirm", OLD, "--attest", "--reason", "  "],
            2,
            "tell how you know",
        ),
        (vec!["rotate", "start", OLD, "--name", "a\u{202e}b"], 2, "invisible"),
    ] {
        let ran = stage.run(&args);
        assert_eq!(ran.code, code, "{args:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(said), "{args:?}: {}", ran.stderr);
    }
    assert_eq!(step(&stage), 2);
}

#[test]
fn a_key_whose_value_was_lost_is_neither_a_rotation_nor_adopted() {
    let stage = stage();
    stage.server().inject(FaultRule::parse("create:drop-after:1").unwrap());
    assert_eq!(stage.run(&["rotate", "start", OLD, "--show"]).code, 1);
    let ran = stage.run(&["rotate", "cancel", OLD, "--yes"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let lost = format!("{OLD} 2027-03-04");
    assert!(stage.names().contains(&lost), "it was made all the same");
    assert_eq!(
        stage.json(&["rotate", "status", "--json"])["elsewhere"],
        Value::Array(Vec::new())
    );
    let ran = stage.run(&["rotate", "adopt", OLD, &lost]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(ran.stderr.contains("was lost when it was created"), "{}", ran.stderr);
}

#[test]
fn another_config_neither_ends_a_roll_out_nor_writes_anything_in_a_dry_run() {
    let stage = stage();
    begun(&stage);
    let empty = stage.home.path().join("empty.toml");
    fs::write(&empty, "").unwrap();
    let config = empty.to_str().unwrap();
    for more in [
        vec!["-n", "rotate", "confirm", OLD, "--attest", "--reason", "x"],
        vec!["rotate", "confirm", OLD],
    ] {
        let args: Vec<&str> = ["--config", config].into_iter().chain(more).collect();
        stage.run(&args);
        assert_eq!(step(&stage), 2, "{args:?}");
    }
}

#[test]
fn a_server_that_makes_no_key_leaves_step_one_open() {
    let stage = stage();
    stage.server().inject(FaultRule::parse("create:status=403:1").unwrap());
    assert_eq!(stage.run(&["rotate", "start", OLD, "--show"]).code, 4);
    assert_eq!(step(&stage), 1);
    // The answer is lost on its way: whether a key was made is not known before it is looked for.
    stage.server().inject(FaultRule::parse("create:drop-after:1").unwrap());
    assert_eq!(stage.run(&["rotate", "start", OLD, "--show"]).code, 1);
    assert_eq!(step(&stage), 1);
    stage.server().pass(Duration::from_secs(130));
    let ran = stage.run(&["create", "--resume"]);
    assert!(ran.stderr.contains("its value is lost for good"), "{}", ran.stderr);
    let value = begun(&stage);
    assert!(alive(&stage, &value));
    assert_eq!(step(&stage), 2);
    assert_eq!(asked(&stage, "POST"), 3);
}

#[test]
fn a_rotation_that_has_just_begun_waits_for_a_reading_and_does_not_blame_the_server() {
    let stage = Stage::new();
    let begun = stage.run(&["rotate", "start", OLD, "--show"]);
    assert_eq!(begun.code, 0, "{}", begun.stderr);
    assert!(!begun.stderr.contains("does not say when"), "{}", begun.stderr);
    let status = stage.run(&["rotate", "status", OLD]);
    assert!(!status.stdout.contains("does not say when"), "{}", status.stdout);
}

#[test]
fn a_pair_started_elsewhere_is_told_the_same_with_and_without_its_name() {
    let stage = Stage::new();
    let newer = format!("{OLD} 2026-11-20");
    assert_eq!(stage.run(&["create", &newer, "--show"]).code, 0);
    let all = stage.run(&["rotate", "status"]);
    for key in [OLD, newer.as_str()] {
        let one = stage.run(&["rotate", "status", key]);
        assert_eq!(one.code, 0, "{key}: {}", one.stderr);
        for ran in [&all, &one] {
            assert!(ran.stderr.contains("started elsewhere"), "{key}: {}", ran.stderr);
            assert!(ran.stderr.contains("rotate adopt"), "{key}: {}", ran.stderr);
            assert!(!ran.stderr.contains("not being rotated"), "{key}: {}", ran.stderr);
        }
        let shape = stage.json(&["rotate", "status", key, "--json"]);
        assert_eq!(shape["elsewhere"].as_array().unwrap().len(), 1, "{key}: {shape}");
    }
    let other = stage.json(&["rotate", "status", "Load test", "--json"]);
    assert_eq!(other["elsewhere"].as_array().unwrap().len(), 0, "{other}");
}
