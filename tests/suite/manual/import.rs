//! Keys written down, one by one and by the file.

use super::*;

const ALL: [FaultEndpoint; 3] = [FaultEndpoint::List, FaultEndpoint::Create, FaultEndpoint::Revoke];

fn count(desk: &Desk) -> usize {
    desk.json(&["list", "--json"])["keys"].as_array().unwrap().len()
}

#[test]
fn a_thousand_rows_are_shown_first_and_tracked_at_once() {
    let desk = Desk::without(&ALL);
    let rows: String = (0..1000)
        .map(|n| format!("Integration {n},2026-01-01,ops\r\n"))
        .collect();
    let file = desk.home.path().join("keys.csv");
    std::fs::write(&file, format!("\u{feff}name,created,owner\r\n{rows}")).unwrap();
    let file = file.to_str().unwrap();
    let shown = desk.run(&["track", "--import", file]);
    assert_eq!(shown.code, 2, "{}", shown.stderr);
    assert!(
        shown.stderr.contains("Integration 19") && shown.stderr.contains("and 980 more"),
        "{}",
        shown.stderr
    );
    assert_eq!(desk.run(&["track", "--import", file, "--dry-run"]).code, 0);
    assert_eq!(count(&desk), 0, "only shown");
    let ran = desk.run(&["track", "--import", file, "--yes"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("1000 keys are tracked."), "{}", ran.stderr);
    assert_eq!(count(&desk), 1000);
    let due = desk.json(&["due", "--owner", "ops", "--format", "json"]);
    assert_eq!(due["keys"].as_array().unwrap().len(), 1000);
    assert_eq!(due["keys"][0]["owner"], "ops");
    let again = desk.run(&["track", "--import", file, "--yes"]);
    assert_eq!(again.code, 2, "{}", again.stderr);
    assert!(
        again.stderr.contains("line 2: “Integration 0” (tracked_"),
        "{}",
        again.stderr
    );
    assert_eq!(count(&desk), 1000);
}

#[test]
fn one_wrong_line_leaves_nothing_behind() {
    let desk = Desk::without(&ALL);
    for (bytes, why) in [
        (
            &b"name,created\nGood,2026-01-01\nBad,yesterday\n"[..],
            "line 3: “yesterday” is not a date",
        ),
        (
            b"name,created\nGood,2026-01-01\nGood,2026-01-02\n",
            "line 3: “Good” is already there in line 2",
        ),
        (
            b"name,created\nGood,2026-01-01\n=1+1,2026-01-01\n",
            "line 3: the name looks like a formula",
        ),
        (b"name,owner\nGood,ops\n", "line 1: there is no column created"),
        (
            b"name,created\nGood,2026-01-01\nCaf\xe9,2026-01-01\n",
            "line 3: it is not UTF-8",
        ),
        (
            b"[{\"name\":\"Good\",\"created\":\"2026-01-01\"},{}]",
            "keys[1]: created is missing",
        ),
    ] {
        let file = desk.home.path().join("keys");
        std::fs::write(&file, bytes).unwrap();
        let ran = desk.run(&["track", "--import", file.to_str().unwrap(), "--yes"]);
        assert_eq!(ran.code, 2, "{why}: {}", ran.stderr);
        assert!(ran.stderr.contains(why), "{why}: {}", ran.stderr);
        assert_eq!(count(&desk), 0, "{why}");
    }
    assert_eq!(desk.run(&["track", "--import", "/nowhere", "--yes"]).code, 1);
}

#[test]
fn a_tracked_key_is_a_key_like_any_other() {
    let desk = Desk::without(&ALL);
    write_config(
        desk.home.path(),
        "[[policy]]\nmatch = \"Partner*\"\ndays = 30\n[[key]]\nmatch = \"Zapier\"\nowner = \"config\"\n",
    );
    let track = |args: &[&str]| desk.run(&[&["track"], args].concat());
    assert_eq!(
        track(&["Zapier", "--created", "2026-01-02", "--last-four", "CpSn"]).code,
        0
    );
    let partner = [
        "Partner: Kijani",
        "--created",
        "2026-01-01",
        "--owner",
        "sales",
        "--id",
        "key_77",
    ];
    assert_eq!(track(&partner).code, 0);
    let twice = track(&["Zapier", "--created", "2026-01-02"]);
    assert_eq!(twice.code, 2, "{}", twice.stderr);
    assert!(twice.stderr.contains("is already tracked"), "{}", twice.stderr);
    for bad in [
        &["Web", "--created", "soon"][..],
        &["Web", "--created", "2999-01-01"],
        &["Web", "--created", "2026-01-01", "--last-four", "abc"],
        &["", "--created", "2026-01-01"],
    ] {
        assert_eq!(track(bad).code, 2, "{bad:?}");
    }
    assert_eq!(count(&desk), 2);
    let show = desk.run(&["show", "Zapier"]);
    for line in ["Key         …CpSn", "Owner       config", "Source      tracked"] {
        assert!(show.stdout.contains(line), "{line}: {}", show.stdout);
    }
    let partner = desk.listed("Partner: Kijani").unwrap();
    assert_eq!(
        (&partner["id"], &partner["due_at"]),
        (&"key_77".into(), &"2026-01-31T00:00:00Z".into())
    );
    for (format, words) in [
        ("csv", ",sales,"),
        ("markdown", "sales"),
        ("ics", "Owner: sales"),
        ("prometheus", "owner=\"sales\""),
        ("table", "sales"),
    ] {
        let ran = desk.run(&["due", "--format", format]);
        assert!(ran.stdout.contains(words), "{format}: {}", ran.stdout);
    }
    assert_eq!(desk.run(&["due", "--check"]).code, 6);
    let csv = desk.run(&["due", "--format", "csv"]).stdout;
    assert!(
        csv.lines()
            .all(|line| line.ends_with(",source") || line.ends_with(",tracked")),
        "{csv}"
    );
    assert_eq!(desk.run(&["untrack", "Zapier"]).code, 0);
    assert_eq!(desk.run(&["untrack", "Zapier"]).code, 10);
    assert_eq!(count(&desk), 1);
    assert_eq!(
        track(&["Zapier", "--created", "2026-01-02"]).code,
        0,
        "it may come back"
    );
}

#[test]
fn a_value_is_tried_and_forgotten_and_told_again_when_it_leaks() {
    let desk = Desk::without(&ALL);
    let value = desk.browser.create("Web");
    let args = ["track", "Web", "--created", "2026-09-01", "--with-value"];
    let ran = desk.run_with(&format!("CHATZURI_API_KEY=\"{value}\"\n"), &args);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(desk.listed("Web").unwrap()["last_four"], four(&value));
    let told = desk.run_with(&value, &["identify", "--json"]);
    let told: Value = serde_json::from_str(&told.stdout).unwrap();
    assert_eq!(
        (&told["matched_by"], &told["key"]["name"]),
        (&"fingerprint".into(), &"Web".into())
    );
    let other = Desk::without(&ALL);
    for (stdin, why) in [
        (value.clone(), "already known here"),
        ("cz_0123456789abcdefghij0123456789".to_owned(), "The value gets 401"),
        (String::new(), "The key is empty"),
        (other.browser.create("Web"), "The value gets 401"),
    ] {
        let ran = desk.run_with(&stdin, &["track", "Web 2", "--created", "2026-09-01", "--with-value"]);
        assert_eq!(ran.code, 2, "{why}: {}", ran.stderr);
        assert!(ran.stderr.contains(why), "{why}: {}", ran.stderr);
    }
    // Our own credential is one of the team's keys, and is marked as ours.
    let own = desk.server.credential.expose().to_owned();
    assert_eq!(
        desk.run_with(&own, &["track", "Ours", "--created", "2026-09-01", "--with-value"])
            .code,
        0
    );
    assert_eq!(desk.listed("Ours").unwrap()["own"], "yes");
    assert_eq!(desk.listed("Web").unwrap()["own"], "no");
}
