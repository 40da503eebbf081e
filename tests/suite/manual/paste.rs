//! A key made in the browser, half way and all the way; and that its value is nowhere on the way.

use std::time::Duration;

use chatzuri_keys::sandbox::FaultRule;

use super::*;

const ALL: [FaultEndpoint; 3] = [FaultEndpoint::List, FaultEndpoint::Create, FaultEndpoint::Revoke];

#[test]
fn a_value_that_is_not_the_new_keys_is_told_and_can_be_pasted_again() {
    let desk = Desk::without(&ALL);
    let used = desk.browser.create("Used");
    assert_eq!(desk.run_with(&used, &["create", "Used", "--paste", "--show"]).code, 0);
    for (stdin, why) in [
        (String::new(), "The key is empty"),
        ("two words".to_owned(), "is a space"),
        (used, "is the value of “Used” (tracked_"),
        (
            desk.server.credential.expose().to_owned(),
            "the key you're signed in with",
        ),
        ("cz_0123456789abcdefghij0123456789".to_owned(), "it has 33 characters"),
    ] {
        let ran = desk.run_with(&stdin, &["create", "Invoices", "--paste", "--show"]);
        assert_ne!(ran.code, 0, "{why}");
        assert_eq!(ran.stdout, "", "{why}");
        assert!(ran.stderr.contains(why), "{why}: {}", ran.stderr);
        assert!(
            ran.stderr.contains("create --resume Invoices --paste"),
            "{}",
            ran.stderr
        );
    }
    assert!(desk.listed("Invoices").is_none());
    let value = desk.browser.create("Invoices");
    let ran = desk.run_with(&value, &["create", "--resume", "Invoices", "--paste", "--show"]);
    assert_eq!((ran.code, ran.stdout.trim()), (0, value.as_str()), "{}", ran.stderr);
    assert!(desk.listed("Invoices").is_some());
    assert!(
        desk.run(&["create", "--resume"])
            .stderr
            .contains("No new key is waiting.")
    );
}

#[test]
fn what_was_left_half_way_is_asked_about_once_and_can_be_denied() {
    let desk = Desk::without(&ALL);
    for _ in 0..3 {
        assert_ne!(desk.run(&["create", "Invoices", "--paste", "--show"]).code, 0);
    }
    let asked = desk.run(&["create", "--resume"]);
    assert_eq!(asked.code, 5, "{}", asked.stderr);
    assert_eq!(
        asked
            .stderr
            .matches("Did you create “Invoices” in the browser?")
            .count(),
        1,
        "{}",
        asked.stderr
    );
    let denied = desk.run(&["create", "--resume", "--not-made"]);
    assert_eq!(denied.code, 0, "{}", denied.stderr);
    assert!(
        desk.run(&["create", "--resume"])
            .stderr
            .contains("No new key is waiting.")
    );
    let log = desk.json(&["log", "--json"]);
    assert_eq!(
        log["entries"].as_array().unwrap().last().unwrap()["outcome"],
        "not_made"
    );
}

#[test]
fn a_target_that_is_not_ready_stops_everything_before_the_browser() {
    let desk = Desk::without(&ALL);
    let value = desk.browser.create("Invoices");
    let ran = desk.run_with(&value, &["create", "Invoices", "--paste", "--to", "nowhere"]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(
        desk.run(&["create", "--resume"])
            .stderr
            .contains("No new key is waiting.")
    );
}

#[test]
fn the_values_are_in_no_file_no_log_and_no_word() {
    let desk = Desk::without(&ALL);
    write_sink(desk.home.path(), "");
    let log = desk.home.path().join("words.log");
    let log = log.to_str().unwrap();
    let value = desk.browser.create("Invoices");
    let mut said = Vec::new();
    let mut run = |stdin: &str, args: &[&str]| {
        let ran = desk.run_with(stdin, &[args, &["--log-file", log]].concat());
        said.push(format!("{}{}", ran.stdout, ran.stderr));
        ran
    };
    assert_eq!(run(&value, &["create", "Invoices", "--paste", "--to", "box"]).code, 0);
    assert_eq!(
        run(&value, &["create", "Invoices 2", "--paste", "--to", "box"]).code,
        1,
        "it is known"
    );
    let tracked = desk.browser.create("Web");
    assert_eq!(
        run(&tracked, &["track", "Web", "--created", "2026-09-01", "--with-value"]).code,
        0
    );
    run(&value, &["identify"]);
    assert_eq!(
        run(&value, &["revoke", "Invoices", "--with-value", "--yes", "--watch", "1"]).code,
        7
    );
    assert_eq!(run(&value, &["leak", "--yes", "--watch", "1", "--json"]).code, 7);
    run("", &["log", "--json"]);
    run("", &["status", "--json"]);
    std::fs::remove_file(desk.home.path().join("box")).unwrap();
    for secret in [&value, &tracked] {
        assert!(said.iter().all(|said| !said.contains(secret.as_str())));
        let mut seen = 0;
        scan(desk.home.path(), secret, &mut seen);
        assert!(seen > 2, "the journal and the log were looked through");
    }
}

/// No file holds the secret.
fn scan(folder: &Path, secret: &str, seen: &mut usize) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            scan(&path, secret, seen);
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!found, "the value is in {}", path.display());
        *seen += 1;
    }
}

#[test]
fn the_page_is_for_this_machines_own_browser_and_shows_no_markup_of_others() {
    let desk = Desk::without(&ALL);
    desk.browser.create("%3Cscript%3Ealert(1)%3C/script%3E");
    let (status, page) = desk.browser.ask("GET", "/", &[], "");
    assert_eq!(status, 200);
    assert!(page.contains("&lt;script&gt;") && !page.contains("<script>"), "{page}");
    assert!(
        page.contains("no-store") && page.contains("default-src 'none'"),
        "{page}"
    );
    for headers in [
        &[("Host", "keys.example")][..],
        &[("Origin", "https://elsewhere.example")],
        &[("Origin", "null")],
        &[("Sec-Fetch-Site", "cross-site")],
    ] {
        let (status, _) = desk.browser.ask("POST", "/create", headers, "name=x");
        assert_eq!(status, 403, "{headers:?}");
    }
    assert_eq!(desk.browser.ask("POST", "/create", &[], "name=+").0, 400);
    assert_eq!(desk.browser.ask("POST", "/revoke", &[], "id=nothing").0, 404);
    assert_eq!(desk.browser.ask("GET", "/create", &[], "").0, 405);
}

#[test]
fn a_key_whose_answer_was_lost_is_not_called_never_made_by_a_server_without_a_list() {
    let desk = Desk::without(&[FaultEndpoint::List]);
    assert_eq!(desk.run(&["list"]).code, 5);
    assert_eq!(desk.run(&["create", "First", "--show"]).code, 0);
    assert_eq!(
        desk.capability("create"),
        "api",
        "its endpoint was looked for, and is known from here on"
    );
    desk.server.inject(FaultRule::parse("create:drop-after:1").unwrap());
    let lost = desk.run(&["create", "Invoices", "--show"]);
    assert_eq!((lost.code, lost.stdout.as_str()), (1, ""), "{}", lost.stderr);
    desk.server.pass(Duration::from_secs(300));
    let asked = desk.run(&["create", "--resume"]);
    assert_eq!(asked.code, 5, "{}", asked.stderr);
    assert!(asked.stderr.contains("the server cannot list keys"), "{}", asked.stderr);
    assert!(!asked.stderr.contains("--paste"), "{}", asked.stderr);
    let (_, page) = desk.browser.ask("GET", "/", &[], "");
    assert!(page.contains("<td>Invoices</td>"), "it is there");
    assert_eq!(desk.run(&["create", "--resume", "--not-made"]).code, 0);
    assert!(
        desk.run(&["create", "--resume"])
            .stderr
            .contains("No new key is waiting.")
    );
}

/// A desktop whose browser writes down what it was started with.
fn with_browser(desk: &Desk, command: &mut Command) {
    use std::os::unix::fs::PermissionsExt;
    let folder = desk.home.path().join("bin");
    std::fs::create_dir_all(&folder).unwrap();
    let program = folder.join("xdg-open");
    let script = format!(
        "#!/bin/sh\necho \"$@\" >>'{0}/opened'\n/usr/bin/env >>'{0}/environment'\n",
        folder.display()
    );
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
    command.env("PATH", &folder).env("DISPLAY", ":0");
}

#[test]
fn the_page_opens_in_the_persons_own_browser_which_gets_nothing_else() {
    let desk = Desk::without(&ALL);
    let value = desk.browser.create("Invoices");
    assert_eq!(
        desk.run_with(&value, &["create", "Invoices", "--paste", "--show"]).code,
        0
    );
    let args = ["revoke", "Invoices", "--with-value", "--yes", "--watch", "1"];
    let mut command = desk.command(&args);
    with_browser(&desk, &mut command);
    let ran = finish(start(command, &value));
    assert!(ran.stderr.contains("is open in your browser"), "{}", ran.stderr);
    let read = |name: &str| std::fs::read_to_string(desk.home.path().join("bin").join(name));
    assert_eq!(read("opened").unwrap().trim(), desk.server.page());
    let environment = read("environment").unwrap();
    assert!(
        environment.contains("DISPLAY=:0") && !environment.contains("CHATZURI_"),
        "{environment}"
    );
    std::fs::remove_file(desk.home.path().join("bin/opened")).unwrap();

    // Over SSH the browser would be the other machine's.
    let mut command = desk.command(&args);
    with_browser(&desk, &mut command);
    command.env("SSH_CONNECTION", "192.0.2.1 1 192.0.2.2 22");
    let ran = finish(start(command, &value));
    assert!(
        ran.stderr
            .contains(&format!("Open {} in a browser", desk.server.page())),
        "{}",
        ran.stderr
    );
    assert!(read("opened").is_err());
}

#[test]
fn a_value_with_no_keyring_to_keep_it_is_not_called_a_key_that_was_not_created() {
    let desk = Desk::without(&[FaultEndpoint::Create]);
    let value = desk.browser.create("Invoices");
    let ran = desk.run_with(&value, &["create", "Invoices", "--paste"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("The value of “Invoices” was not accepted"),
        "{}",
        ran.stderr
    );
    assert!(!ran.stderr.contains("was not created"), "{}", ran.stderr);
}
