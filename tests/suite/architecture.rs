//! Who may import whom, that no imports run in a circle, and that no type name stands twice: read from every source file.

use std::collections::{BTreeMap, BTreeSet};
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

/// What a file of the library is made of: its path under `src`, its module, and its text without comments and tests.
struct Source {
    path: String,
    module: Vec<String>,
    text: String,
}

/// Every file but those that hold tests only.
fn sources_of(root: &Path) -> Vec<Source> {
    let mut files = Vec::new();
    sources(root, &mut files);
    files.sort();
    let mut found = Vec::new();
    for file in files {
        let inside = file.strip_prefix(root).unwrap();
        let mut module: Vec<String> = inside
            .with_extension("")
            .iter()
            .map(|part| part.to_str().unwrap().to_owned())
            .collect();
        if module.last().is_some_and(|last| last == "mod") {
            module.pop();
        }
        if module.last().is_some_and(|last| last.ends_with("tests")) {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        found.push(Source {
            path: inside.to_str().unwrap().to_owned(),
            module,
            text: lines.collect::<Vec<_>>().join("\n"),
        });
    }
    found
}

/// A line without the words that say who may see what it declares.
fn declared(line: &str) -> &str {
    let line = line.trim_start();
    let Some(rest) = line.strip_prefix("pub") else {
        return line;
    };
    match rest.strip_prefix('(').and_then(|rest| rest.split_once(')')) {
        Some((_, rest)) => rest.trim_start(),
        None => rest.trim_start(),
    }
}

/// The paths of the `use` declarations, groups written out, and whether each is handed on.
fn imports(text: &str) -> Vec<(bool, Vec<String>)> {
    let mut found = Vec::new();
    for statement in text.split(';') {
        let lines: Vec<&str> = statement.lines().collect();
        let Some(at) = lines.iter().rposition(|line| declared(line).starts_with("use ")) else {
            continue;
        };
        let whole: String = lines[at..].concat();
        let tree = declared(&whole).strip_prefix("use ").unwrap();
        let mut paths = Vec::new();
        write_out(&[], tree, &mut paths);
        let is_export = lines[at].trim_start().starts_with("pub");
        found.extend(paths.into_iter().map(|path| (is_export, path)));
    }
    found
}

fn write_out(before: &[String], tree: &str, paths: &mut Vec<Vec<String>>) {
    let (path, group) = match tree.split_once('{') {
        Some((path, group)) => (path, Some(group.trim_end().strip_suffix('}').unwrap_or(group))),
        None => (tree, None),
    };
    let parts = path
        .split("::")
        .map(|part| part.split_whitespace().next().unwrap_or_default());
    let parts = parts.filter(|part| !part.is_empty()).map(str::to_owned);
    let whole: Vec<String> = before.iter().cloned().chain(parts).collect();
    let Some(group) = group else {
        paths.push(whole);
        return;
    };
    let (mut depth, mut from) = (0, 0);
    for (at, c) in group.char_indices().chain([(group.len(), ',')]) {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                if !group[from..at].trim().is_empty() {
                    write_out(&whole, &group[from..at], paths);
                }
                from = at + 1;
            }
            _ => {}
        }
    }
}

/// The files of the library by their modules, and what each hands on from others.
struct Library<'a> {
    sources: &'a [Source],
    files: BTreeMap<&'a [String], usize>,
    exports: BTreeMap<(usize, String), usize>,
}

impl<'a> Library<'a> {
    fn of(sources: &'a [Source]) -> Self {
        let modules = sources.iter().enumerate();
        let mut library = Self {
            sources,
            files: modules.map(|(at, source)| (source.module.as_slice(), at)).collect(),
            exports: BTreeMap::new(),
        };
        let mut exports = BTreeMap::new();
        for (at, source) in sources.iter().enumerate() {
            for (_, path) in imports(&source.text).iter().filter(|(is_export, _)| *is_export) {
                if let Some(file) = library.leads_to(&source.module, path) {
                    exports.insert((at, path.last().unwrap().clone()), file);
                }
            }
        }
        library.exports = exports;
        library
    }

    /// The file that a path leads to from a module: not the one that only hands a name on.
    fn leads_to(&self, module: &[String], path: &[String]) -> Option<usize> {
        let mut whole = module.to_vec();
        let mut rest = path;
        match path.first()?.as_str() {
            "crate" => {
                whole.clear();
                rest = &path[1..];
            }
            "self" => rest = &path[1..],
            "super" => {
                while rest.first().is_some_and(|part| part == "super") {
                    whole.pop();
                    rest = &rest[1..];
                }
            }
            // Another crate, unless it is a module in this file's own folder.
            child => {
                whole.push(child.to_owned());
                self.files.get(whole.as_slice())?;
                rest = &path[1..];
            }
        }
        whole.extend(rest.iter().cloned());
        let mut name = None;
        while !whole.is_empty() {
            if let Some(&file) = self.files.get(whole.as_slice()) {
                let handed_on = name.and_then(|name| self.exports.get(&(file, name)));
                return Some(handed_on.copied().unwrap_or(file));
            }
            name = whole.pop();
        }
        None
    }

    /// The files that a file needs. What it hands on from modules of its own is there for others.
    fn needs(&self, at: usize) -> BTreeSet<usize> {
        let source = &self.sources[at];
        let mut needs = BTreeSet::new();
        for (is_export, path) in imports(&source.text) {
            let Some(file) = self.leads_to(&source.module, &path) else {
                continue;
            };
            let is_own = self.sources[file].module.starts_with(&source.module);
            if file != at && !(is_export && is_own) {
                needs.insert(file);
            }
        }
        needs
    }
}

/// The files from which a chain of imports leads back to themselves.
fn circles(root: &Path) -> BTreeSet<String> {
    let sources = sources_of(root);
    let library = Library::of(&sources);
    let needs: Vec<BTreeSet<usize>> = (0..sources.len()).map(|at| library.needs(at)).collect();
    let returns = |from: usize| {
        let mut seen = BTreeSet::new();
        let mut left: Vec<usize> = needs[from].iter().copied().collect();
        while let Some(at) = left.pop() {
            if seen.insert(at) {
                left.extend(&needs[at]);
            }
        }
        seen.contains(&from)
    };
    let in_circles = (0..sources.len()).filter(|&at| returns(at));
    in_circles.map(|at| sources[at].path.clone()).collect()
}

/// The names of types that stand in several files, and in how many.
fn names_that_stand_twice(root: &Path) -> BTreeSet<(String, usize)> {
    let mut names: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for source in sources_of(root) {
        for line in source.text.lines() {
            let mut words = declared(line).split(|c: char| !c.is_alphanumeric() && c != '_');
            // What is declared inside a block is nobody else's.
            let is_type = !line.starts_with(' ') && matches!(words.next(), Some("struct" | "enum" | "trait" | "type"));
            if let Some(name) = words.next().filter(|_| is_type) {
                names.entry(name.to_owned()).or_default().insert(source.path.clone());
            }
        }
    }
    let several = names.into_iter().filter(|(_, files)| files.len() > 1);
    several.map(|(name, files)| (name, files.len())).collect()
}

#[test]
fn every_room_imports_only_what_the_map_allows() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    assert_eq!(breaches(&root), Vec::<String>::new());
}

/// Files that still stand in a circle. The list only gets shorter: what is in no circle any more is to be taken off.
const STILL_IN_A_CIRCLE: [&str; 4] = [
    "tui/update/manual/mod.rs",
    "tui/update/manual/revocation.rs",
    "tui/update/revoke.rs",
    "tui/update/walk.rs",
];

#[test]
fn no_file_imports_what_imports_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    assert_eq!(circles(&root), STILL_IN_A_CIRCLE.map(str::to_owned).into());
}

#[test]
fn no_type_name_stands_twice() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    assert_eq!(names_that_stand_twice(&root), BTreeSet::new());
}

fn write(house: &Path, files: &[(&str, &str)]) {
    for (path, text) in files {
        let path = house.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

#[test]
fn a_circle_is_found_through_groups_parents_and_what_is_handed_on() {
    let house = tempfile::tempdir().unwrap();
    write(
        house.path(),
        &[
            ("core/mod.rs", "mod a;\nmod b;\npub use a::{A};\npub use self::b::B;\n"),
            ("core/a.rs", "use super::B;\n"),
            ("core/b.rs", "use crate::core::A;\n"),
            ("config/mod.rs", "mod c;\npub use c::C;\npub struct Shared;\n"),
            ("config/c.rs", "use super::Shared;\n"),
            ("ports/x.rs", "pub(crate) use crate::{core::A, ports::{y::Y, z}};\n"),
            ("ports/y.rs", "use super::z::{\n    self,\n    Z,\n};\n"),
            (
                "ports/z.rs",
                "// use super::x::X;\nuse std::fmt;\n#[cfg(test)]\nmod tests {\n    use super::super::x;\n}\n",
            ),
            ("ops/one.rs", "fn f() {\n    use crate::ops::two as other;\n}\n"),
            ("ops/two.rs", "use crate::ops::three;\n"),
            ("ops/three.rs", "use crate::ops::one::One;\n"),
            ("ops/three/tests.rs", "use crate::ops::two;\n"),
        ],
    );
    let found: Vec<String> = circles(house.path()).into_iter().collect();
    let expected = ["core/a.rs", "core/b.rs", "ops/one.rs", "ops/three.rs", "ops/two.rs"];
    assert_eq!(found, expected);
}

#[test]
fn a_name_that_stands_twice_is_found() {
    let house = tempfile::tempdir().unwrap();
    write(
        house.path(),
        &[
            (
                "core/a.rs",
                "pub struct Key<'a>(&'a str);\nenum Own {}\nfn f() {\n    struct Tail;\n}\n",
            ),
            (
                "core/b.rs",
                "pub(super) enum Key {}\nstruct Tail;\n#[cfg(test)]\nmod tests {\nstruct Own;\n}\n",
            ),
            ("ports/c.rs", "type Key = u8;\n// struct Own;\ntrait Other {}\n"),
        ],
    );
    assert_eq!(
        names_that_stand_twice(house.path()),
        BTreeSet::from([("Key".to_owned(), 3)])
    );
}

#[test]
fn a_breach_is_found() {
    let house = tempfile::tempdir().unwrap();
    write(
        house.path(),
        &[
            ("core/key.rs", "use crate::ports::KeyApi;\nuse tokio::sync;\n"),
            ("ports.rs", "use crate::core::key;\n// crate::adapters\n"),
            ("cli/list.rs", "use crate::{core::key, adapters::http};\n"),
        ],
    );
    let mut found = breaches(house.path());
    found.sort();
    let expected = [
        "cli/list.rs looks into adapters",
        "core/key.rs looks into ports",
        "core/key.rs uses tokio",
    ];
    assert_eq!(found, expected);
}
