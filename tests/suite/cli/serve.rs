//! The sandbox as a server of its own.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command as Process, Stdio};

use super::*;

#[test]
fn sandbox_serve_prints_one_line_of_json_and_ends_well_on_term() {
    let home = tempfile::tempdir().unwrap();
    let mut child = Process::new(BINARY)
        .env("HOME", home.path())
        .args(["sandbox", "--serve"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    let announced: Value = serde_json::from_str(&line).unwrap();
    let listed = bare(home.path())
        .env("CHATZURI_API_KEY", announced["credential"].as_str().unwrap())
        .env("CHATZURI_BASE_URL", announced["base_url"].as_str().unwrap())
        .args(["list", "--json"])
        .output()
        .unwrap();
    assert_eq!(ran_of(&listed).code, 0);
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "");
}
