//! Who may import whom: read from the `use` lines and paths of every source file.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The rooms of the house, and the rooms each may look into besides itself.
fn rule() -> BTreeMap<&'static str, &'static [&'static str]> {
    BTreeMap::from([
        ("core", &[][..]),
        ("ports", &["core"][..]),
        ("ops", &["core", "ports"][..]),
        ("config", &["core"][..]),
        ("adapters", &["core", "ports"][..]),
        ("sandbox", &["core"][..]),
        ("present", &["core", "ports", "ops"][..]),
        ("tui", &["core", "ports", "ops", "present", "config"][..]),
        ("cli", &["core", "ports", "ops", "present", "config"][..]),
        (
            "app",
            &[
                "core", "ports", "ops", "present", "config", "tui", "cli", "adapters", "sandbox",
            ][..],
        ),
    ])
}

/// Crates that would bring I/O, a clock, async or a terminal into the pure core.
const IMPURE: [&str; 8] = [
    "tokio",
    "ratatui",
    "crossterm",
    "reqwest",
    "rusqlite",
    "std::fs",
    "std::net",
    "std::env",
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

/// The rooms that a source text names as `crate::ROOM`, outside its comments.
fn looks_into(text: &str) -> Vec<String> {
    let mut rooms = Vec::new();
    for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
        for (at, _) in line.match_indices("crate::") {
            let rest = &line[at + "crate::".len()..];
            let names: Vec<&str> = match rest.strip_prefix('{') {
                Some(group) => group.split(&[',', '}', ':'][..]).map(str::trim).collect(),
                None => vec![rest],
            };
            for name in names {
                let room: String = name.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                rooms.push(room);
            }
        }
    }
    rooms
}

fn breaches(root: &Path) -> Vec<String> {
    let rule = rule();
    let mut files = Vec::new();
    sources(root, &mut files);
    let mut wrong = Vec::new();
    for file in files {
        let inside = file.strip_prefix(root).unwrap();
        let first = inside.components().next().unwrap().as_os_str().to_str().unwrap();
        let room = first.trim_end_matches(".rs");
        let Some(allowed) = rule.get(room) else {
            assert!(
                matches!(room, "lib" | "main"),
                "{} stands in no room of the rule",
                inside.display()
            );
            continue;
        };
        let text = fs::read_to_string(&file).unwrap();
        for other in looks_into(&text) {
            if rule.contains_key(other.as_str()) && other != room && !allowed.contains(&other.as_str()) {
                wrong.push(format!("{} looks into {other}", inside.display()));
            }
        }
        if room == "core" {
            for crate_name in IMPURE {
                if text
                    .lines()
                    .any(|line| line.trim_start().starts_with(&format!("use {crate_name}")))
                {
                    wrong.push(format!("{} uses {crate_name}", inside.display()));
                }
            }
        }
    }
    wrong
}

#[test]
fn every_room_imports_only_what_the_map_allows() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    assert_eq!(breaches(&root), Vec::<String>::new());
}

#[test]
fn a_breach_is_found() {
    let house = tempfile::tempdir().unwrap();
    fs::create_dir(house.path().join("core")).unwrap();
    fs::write(
        house.path().join("core/key.rs"),
        "use crate::ports::KeyApi;\nuse tokio::sync;\n",
    )
    .unwrap();
    fs::write(
        house.path().join("ports.rs"),
        "use crate::core::key;\n// crate::adapters\n",
    )
    .unwrap();
    fs::create_dir(house.path().join("cli")).unwrap();
    fs::write(
        house.path().join("cli/list.rs"),
        "use crate::{core::key, adapters::http};\n",
    )
    .unwrap();
    let mut found = breaches(house.path());
    found.sort();
    let expected = [
        "cli/list.rs looks into adapters",
        "core/key.rs looks into ports",
        "core/key.rs uses tokio",
    ];
    assert_eq!(found, expected);
}
