//! A wrong command line is told without the value that may stand in it.

use super::*;

const VALUE: &str = "cz_4fT0qLz81mPdW7sKeYv93XbNcRj6HuGaQ2iBnM5o";

fn told(args: &[&str]) -> String {
    let home = tempfile::tempdir().unwrap();
    let ran = ran_of(&bare(home.path()).args(args).output().unwrap());
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{args:?}: {}", ran.stderr);
    ran.stderr
}

#[test]
fn a_value_on_the_command_line_is_masked_wherever_it_stands() {
    let (flag, watch, report) = (
        format!("--key={VALUE}"),
        format!("--watch={VALUE}"),
        format!("--report={VALUE}"),
    );
    for args in [
        &["leak", VALUE][..],
        &["identify", VALUE],
        &["login", VALUE],
        &["leak", "--watch", VALUE],
        &["leak", &watch],
        &["leak", "--yes", &report],
        &["due", "--within", VALUE],
        &["list", VALUE],
        &["--yes", VALUE],
        &[VALUE],
    ] {
        let said = told(args);
        assert!(!said.contains(&VALUE[..8]), "{args:?}: {said}");
        assert!(said.contains("••••"), "{args:?}: {said}");
    }
    assert!(!told(&["login", &flag]).contains(&VALUE[..8]));
}

#[test]
fn whatever_follows_a_command_that_takes_a_value_is_masked_and_the_way_is_told() {
    for command in ["leak", "identify", "login"] {
        for value in ["hunter2", "\u{9b}31mhunter2", "hunter2\u{1b}[31m"] {
            let said = told(&[command, value]);
            assert!(!said.contains("hunter2"), "{said:?}");
            assert!(said.contains("standard input"), "{said:?}");
        }
    }
}

#[test]
fn a_usage_error_obeys_nothing_and_keeps_its_suggestions() {
    for args in [&["lst\u{9b}31m"][..], &["list", "--js\u{1b}[31mon"], &["list", "a\nb"]] {
        let said = told(args);
        assert!(
            !said.contains(['\u{9b}', '\u{1b}']) && !said.contains("a\nb"),
            "{said:?}"
        );
    }
    assert!(told(&["lst"]).contains("'list'"));
    assert!(told(&["list", "--jsno"]).contains("--json"));
    assert!(told(&["leak", "--repor", "x.md"]).contains("--report"));
}

#[test]
fn a_value_in_the_place_of_a_target_is_masked() {
    let stage = Stage::new();
    for target in [VALUE.to_owned(), format!("no such form:{VALUE}")] {
        let ran = stage.run(&["create", "A", "--to", &target]);
        assert_eq!(ran.code, 2, "{}", ran.stderr);
        assert!(!ran.stderr.contains(VALUE), "{}", ran.stderr);
    }
}
