//! Which keys are meant: named ones, those of a file, and those a filter lets through.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::cli::commands::log::span;
use crate::cli::commands::revoke::args::RevokeArgs;
use crate::cli::exit::{CommandError, Exit};
use crate::cli::output::Output;
use crate::cli::{find, prompt};
use crate::core::bulk::{Filter, Passes};
use crate::core::key::Own;
use crate::core::listing::{ListedKey, Listing};
use crate::present::words::{self, counted, incomplete};

/// The longest file of keys that is read.
const FILE_LIMIT: u64 = 4 * 1024 * 1024;
/// Bad lines told at most.
const BAD_LINES: usize = 20;

/// What the person asked for.
#[derive(Debug)]
pub(super) struct Wanted {
    keys: Vec<String>,
    from_file: bool,
    filter: Filter,
}

/// A line of a file that names a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NamedLine {
    /// Where it stands.
    place: String,
    /// The id or the name.
    text: String,
}

impl Wanted {
    pub(super) fn of(args: &RevokeArgs) -> Result<Self, CommandError> {
        let unused_for = match &args.unused_for {
            None => None,
            Some(text) => Some(span(text.trim()).filter(|span| span.is_positive()).ok_or_else(|| {
                let shown = words::argument(text);
                CommandError::new(
                    Exit::Usage,
                    format!("--unused-for: “{shown}” is not a duration. Use one such as 30d, 12h or 4w."),
                )
            })?),
        };
        Ok(Self {
            keys: args.keys.clone(),
            from_file: args.from_file.is_some(),
            filter: Filter {
                created_by: args.created_by.clone(),
                unused_for,
            },
        })
    }

    /// Whether keys are named, and not only described.
    pub(super) fn names_keys(&self) -> bool {
        !self.keys.is_empty() || self.from_file
    }
}

/// The lines of `file` that name a key: blank ones and those that begin with `#` do not. `-` is standard input.
pub(super) async fn lines(file: Option<&Path>) -> Result<Vec<NamedLine>, CommandError> {
    let Some(path) = file else {
        return Ok(Vec::new());
    };
    let is_stdin = path == Path::new("-");
    let shown = if is_stdin {
        "standard input".to_owned()
    } else {
        words::file(path)
    };
    let bytes = if is_stdin {
        prompt::all_of_stdin_to(FILE_LIMIT).await
    } else {
        read(path)
    };
    let usage = |why: &str| CommandError::new(Exit::Usage, format!("--from-file: {shown} {why}."));
    let bytes = bytes.map_err(|error| usage(&format!("cannot be read: {error}")))?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > FILE_LIMIT {
        return Err(usage("is longer than 4 MiB"));
    }
    let text = String::from_utf8(bytes).map_err(|_| usage("is not text"))?;
    Ok(named(&text, &shown))
}

fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(FILE_LIMIT + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn named(text: &str, shown: &str) -> Vec<NamedLine> {
    let lines = text.trim_start_matches('\u{feff}').lines().zip(1..);
    lines
        .map(|(line, number)| (line.trim(), number))
        .filter(|(line, _)| !line.is_empty() && !line.starts_with('#'))
        .map(|(line, number)| NamedLine {
            place: format!("{shown}, line {number}"),
            text: line.to_owned(),
        })
        .collect()
}

/// Every key that is meant, each once. With names, a filter only narrows them; without, it looks at every key but those
/// that are ours or may be.
pub(super) fn choose(
    listing: &Listing,
    wanted: &Wanted,
    lines: Vec<NamedLine>,
    output: &mut Output,
) -> Result<Vec<ListedKey>, CommandError> {
    let filter = &wanted.filter;
    if wanted.names_keys() {
        let named = by_name(listing, &wanted.keys, &lines)?;
        let before = named.len();
        let (kept, unknown) = passing(listing, named, filter);
        told_unknown(&unknown, output);
        let narrowed = before - kept.len() - unknown.len();
        if narrowed > 0 {
            let count = counted(i64::try_from(narrowed).unwrap_or(i64::MAX), "key");
            output.say(&format!("{count} of the named keys: left out by the filter."));
        }
        return Ok(kept);
    }
    if !listing.complete {
        return Err(CommandError::new(
            Exit::Partial,
            format!(
                "Nothing was done. {} A filter could miss keys. You can name the keys you mean instead.",
                incomplete(listing)
            ),
        ));
    }
    let (kept, unknown) = passing(listing, listing.keys.iter().collect(), filter);
    told_unknown(&unknown, output);
    let (kept, ours): (Vec<_>, Vec<_>) = kept.into_iter().partition(|target| target.own == Own::No);
    for target in ours {
        let which = match target.own {
            Own::Yes => "is the key you're signed in with",
            _ => "may be the key you're signed in with",
        };
        output.warn(&format!(
            "Left out: {} {which}. Name it to revoke it.",
            target.key.display_name()
        ));
    }
    Ok(kept)
}

fn told_unknown(unknown: &[ListedKey], output: &mut Output) {
    for target in unknown {
        output.warn(&format!(
            "Left out: for {}, the list does not have what the filter needs.",
            target.key.display_name()
        ));
    }
}

/// Those that pass, and those of which the list does not say enough.
fn passing(listing: &Listing, keys: Vec<&ListedKey>, filter: &Filter) -> (Vec<ListedKey>, Vec<ListedKey>) {
    let (mut kept, mut unknown) = (Vec::new(), Vec::new());
    for target in keys {
        match filter.passes(&target.key, listing.as_of) {
            Passes::Yes => kept.push(target.clone()),
            Passes::Unknown => unknown.push(target.clone()),
            Passes::No => {}
        }
    }
    (kept, unknown)
}

fn by_name<'a>(listing: &'a Listing, keys: &[String], lines: &[NamedLine]) -> Result<Vec<&'a ListedKey>, CommandError> {
    let mut targets: Vec<&ListedKey> = Vec::with_capacity(keys.len() + lines.len());
    let mut seen = std::collections::HashSet::new();
    let mut add = |target: &'a ListedKey| {
        if seen.insert(target.key.id.raw()) {
            targets.push(target);
        }
    };
    for text in keys {
        add(find::key(listing, text)?);
    }
    let mut bad: Vec<(&str, CommandError)> = Vec::new();
    for line in lines {
        match find::key(listing, &line.text) {
            Ok(target) => add(target),
            Err(trouble) => bad.push((&line.place, trouble)),
        }
    }
    match bad.first().map(|(_, trouble)| trouble.exit) {
        None => Ok(targets),
        Some(exit) => Err(CommandError::new(exit, bad_lines(&bad))),
    }
}

/// Every bad line with its number; one bad line stops all of them.
fn bad_lines(bad: &[(&str, CommandError)]) -> String {
    let mut sentence = format!(
        "Nothing was done: the file has {} that cannot be used.",
        counted(i64::try_from(bad.len()).unwrap_or(i64::MAX), "line")
    );
    for (place, trouble) in bad.iter().take(BAD_LINES) {
        let why = trouble.sentence.trim_start_matches("Nothing was done: ");
        sentence.push_str(&format!("\n{place}: {why}"));
    }
    if let Some(more) = bad.len().checked_sub(BAD_LINES).filter(|&more| more > 0) {
        sentence.push_str(&format!("\nand {more} more"));
    }
    sentence
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::present::testing::{key, listing};

    #[test]
    fn one_missing_key_stops_all_of_them_and_no_key_comes_twice() {
        let list = listing(vec![key("a", "A"), key("b", "B")]);
        let given = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
        let found = by_name(&list, &given(&["a", "B", "A"]), &[]).unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(
            by_name(&list, &given(&["a", "nope"]), &[]).unwrap_err().exit,
            Exit::NoSuchKey
        );
    }

    #[test]
    fn a_line_names_a_key_unless_it_is_blank_or_a_comment() {
        let text = "\u{feff}# unused since May\n\nkey_1\r\n  Old website  \n# key_2\n";
        let found: Vec<(String, String)> = named(text, "k.txt")
            .into_iter()
            .map(|one| (one.place, one.text))
            .collect();
        let line = |place: &str, text: &str| (place.to_owned(), text.to_owned());
        assert_eq!(
            found,
            [line("k.txt, line 3", "key_1"), line("k.txt, line 4", "Old website")]
        );
    }

    #[test]
    fn every_bad_line_is_told_with_its_number() {
        let list = listing(vec![key("a", "A"), key("b", "Web"), key("c", "Web")]);
        let error = by_name(&list, &[], &named("nope\na\nWeb\n", "k.txt")).unwrap_err();
        assert_eq!(error.exit, Exit::NoSuchKey);
        assert!(error.sentence.contains("the file has 2 lines"), "{}", error.sentence);
        assert!(
            error.sentence.contains("\nk.txt, line 1: no key of"),
            "{}",
            error.sentence
        );
        assert!(
            error.sentence.contains("\nk.txt, line 3: 2 keys are named"),
            "{}",
            error.sentence
        );
    }
}
