//! `leak --replace`: a successor in the key's places first, and then the leaked key's death.

use chatzuri_keys::sandbox::FaultEndpoint;

use super::*;

const LEAKED: &str = "Staging importer";

/// A server whose leaked key is used in `places`; a sink fails where `more` says so.
fn stage(places: &str, sinks: &[(&str, &str)]) -> Stage {
    let stage = Stage::new();
    write_sinks(&stage, sinks);
    let file = stage.home.path().join("config/chatzuri-keys/config.toml");
    let config = std::fs::read_to_string(&file).unwrap_or_default();
    let keys = format!("[[key]]\nmatch = \"{LEAKED}\"\nplaces = [{places}]\n");
    write_config(stage.home.path(), &format!("{config}{keys}"));
    stage
}

fn leak(stage: &Stage, args: &[&str]) -> Ran {
    let value = stage.server().leaked.expose().to_owned();
    let all: Vec<&str> = ["leak", "--replace"].iter().chain(args).copied().collect();
    let ran = stage.run_with(&all, &value);
    assert!(
        !ran.stderr.contains(&value) && !ran.stdout.contains(&value),
        "{}",
        ran.stderr
    );
    ran
}

fn alive(stage: &Stage, value: &str) -> bool {
    stage.run_as(value, &["teams"]).code == 0
}

#[test]
fn the_successor_is_in_its_places_before_the_leaked_key_dies() {
    let stage = stage("\"vault\", \"shelf\"", &[("vault", ""), ("shelf", "")]);
    let ran = leak(&stage, &["--yes", "--json"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let new = kept_by(&stage, "vault");
    assert_eq!(new, kept_by(&stage, "shelf"));
    assert!(alive(&stage, &new), "{}", ran.stderr);
    assert!(!ran.stderr.contains(&new));
    assert!(ran.stderr.contains("DEAD: “Staging importer”"), "{}", ran.stderr);
    assert!(!alive(&stage, stage.server().leaked.expose()));
    let shape: Value = serde_json::from_str(&ran.stdout).unwrap();
    let what: Vec<&str> = shape["timeline"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fact| fact["what"].as_str().unwrap())
        .collect();
    let at = |wanted: &str| {
        what.iter()
            .position(|what| *what == wanted)
            .unwrap_or_else(|| panic!("{what:?}"))
    };
    assert!(at("replaced") < at("revocation_accepted"), "{what:?}");
    assert!(stage.names().contains(&"Staging importer 2027-03-04".to_owned()));
}

#[test]
fn the_project_that_is_current_is_named_before_the_yes_and_is_where_the_value_goes() {
    let stage = stage("\"gcloud:chatzuri\"", &[]);
    stand_in(&stage, "gcloud", GCLOUD);
    let plan = leak(&stage, &["--dry-run"]);
    assert!(
        plan.stderr.contains("send its value to gcloud:acme-prod/chatzuri"),
        "{}",
        plan.stderr
    );
    let ran = leak(&stage, &["--yes"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("the current one is “acme-prod”"), "{}", ran.stderr);
    assert!(alive(&stage, &kept_by(&stage, "stored")));
    let argv = kept_by(&stage, "argv");
    let added = argv.lines().find(|line| line.contains("versions add")).unwrap();
    assert!(added.contains("--project=acme-prod"), "{added}");
}

#[test]
fn a_place_that_does_not_take_it_is_told_and_the_leaked_key_dies_all_the_same() {
    let stage = stage("\"vault\", \"shelf\"", &[("vault", ""), ("shelf", "exit 3")]);
    let ran = leak(&stage, &["--yes"]);
    assert_eq!(ran.code, 5, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("shelf") && ran.stderr.contains("DEAD: “Staging importer”"),
        "{}",
        ran.stderr
    );
    assert!(alive(&stage, &kept_by(&stage, "vault")));
    assert!(!alive(&stage, stage.server().leaked.expose()));
}

#[test]
fn a_leaked_key_that_cannot_be_replaced_dies_all_the_same() {
    let stage = stage("\"vault\"", &[("vault", "")]);
    stage.server().inject(FaultRule::parse("create:status=403").unwrap());
    let ran = leak(&stage, &["--yes"]);
    assert_eq!(ran.code, 5, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("was not created") && ran.stderr.contains("DEAD"),
        "{}",
        ran.stderr
    );
}

#[test]
fn where_nothing_could_take_its_value_it_is_refused_and_nothing_is_done() {
    // This machine has no keyring, and no place takes a value by itself.
    let stage = stage("\"zapier.com › Connections\"", &[]);
    let there = stage.names().len();
    let ran = leak(&stage, &["--yes"]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    for said in [
        "Nothing was revoked",
        "is alive",
        "No keyring is running",
        "leave out --replace",
    ] {
        assert!(ran.stderr.contains(said), "{said}: {}", ran.stderr);
    }
    assert_eq!((stage.names().len(), stage.asked("/delete-api-key")), (there, 0));
}

#[test]
fn our_own_credential_is_replaced_otherwise() {
    let stage = Stage::new();
    let own = stage.server().credential.expose().to_owned();
    let ran = stage.run_with(&["leak", "--replace", "--yes"], &own);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("it is the key you're signed in with"),
        "{}",
        ran.stderr
    );
    assert_eq!((stage.asked("/create-api-key"), stage.asked("/delete-api-key")), (0, 0));
}

#[test]
fn a_dry_run_says_what_would_be_made_and_where_it_would_go() {
    let stage = stage("\"vault\", \"zapier.com › Connections\"", &[("vault", "")]);
    let ran = leak(&stage, &["--dry-run"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    for said in [
        "create “Staging importer 2027-03-04”",
        "send its value to vault, zapier.com › Connections (by hand), then revoke “Staging importer”",
    ] {
        assert!(ran.stderr.contains(said), "{said}: {}", ran.stderr);
    }
    assert_eq!((stage.asked("/create-api-key"), stage.asked("/delete-api-key")), (0, 0));
}

#[test]
fn where_keys_are_made_in_the_browser_the_replacement_is_pasted_before_the_leaked_key_dies() {
    let stage = stage("\"shelf\"", &[("shelf", "")]);
    stage.server().leave_out(&[FaultEndpoint::Create]);
    let refused = leak(&stage, &["--yes"]);
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    for said in [
        "Nothing was done, and “Staging importer”",
        "cannot create keys through the API",
        "create 'Staging importer 2027-03-04' --paste",
        "leave out --replace",
    ] {
        assert!(refused.stderr.contains(said), "{said}: {}", refused.stderr);
    }
    assert!(alive(&stage, stage.server().leaked.expose()));

    let leaked = format!("{}\n", stage.server().leaked.expose());
    let begun = [
        ("The leaked key (not shown): ", leaked.as_str()),
        ("to revoke it: ", "Staging importer\n"),
    ];
    let left = [begun[0], begun[1], ("” (not shown): ", "\u{3}")];
    let (code, printed) = terminal::on_terminal(&stage, &["leak", "--replace"], &left);
    assert!(
        code != 0 && printed.contains("The leaked key was not revoked and is still alive."),
        "{printed}"
    );
    assert!(alive(&stage, stage.server().leaked.expose()));

    let talk = [
        begun[0],
        begun[1],
        ("” (not shown): ", leaked.as_str()),
        ("you are replacing, not of the new one. Paste it again.", ""),
        ("” (not shown): ", terminal::MADE),
    ];
    let (code, printed) = terminal::on_terminal(&stage, &["leak", "--replace"], &talk);
    assert_eq!(code, 0, "{printed}");
    assert!(
        printed.contains("First: make “Staging importer 2027-03-04” in the browser"),
        "{printed}"
    );
    assert!(printed.contains("DEAD: “Staging importer”"), "{printed}");
    let new = kept_by(&stage, "shelf");
    assert!(alive(&stage, &new) && !alive(&stage, stage.server().leaked.expose()));
    assert!(!printed.contains(&new) && !printed.contains(leaked.trim()), "{printed}");
}

#[test]
fn on_a_terminal_a_failed_delivery_is_asked_about() {
    let stage = stage("\"shelf\"", &[("shelf", "exit 3")]);
    let pasted = format!("{}\n", stage.server().leaked.expose());
    let talk = [
        ("(not shown): ", pasted.as_str()),
        ("to revoke it: ", "Staging importer\n"),
        ("Where to? ", "lose it\n"),
        ("anyway? [y/N] ", "\n"),
    ];
    let (code, printed) = terminal::on_terminal(&stage, &["leak", "--replace"], &talk);
    assert!(
        code == 3 && printed.contains("First: create “Staging importer 2027-03-04”"),
        "{printed}"
    );
    assert!(
        printed.contains("The leaked key was not revoked and is still alive"),
        "{printed}"
    );
    assert_eq!(stage.asked("/delete-api-key"), 0);
}
