//! Which key of the list a person means.

use crate::cli::exit::{CommandError, Exit};
use crate::core::listing::{ListedKey, Listing};
use crate::core::secret::Secret;
use crate::present::words;
use crate::present::words::incomplete;

/// The key whose id is `text`, or else the only one of that name.
pub(crate) fn key<'a>(listing: &'a Listing, text: &str) -> Result<&'a ListedKey, CommandError> {
    if let Some(found) = listing.keys.iter().find(|listed| listed.key.id.raw() == text) {
        return Ok(found);
    }
    let named: Vec<&ListedKey> = listing.keys.iter().filter(|listed| is_named(listed, text)).collect();
    match named.as_slice() {
        // Another of that name may be among the keys that were not sent.
        [_] if !listing.complete => Err(CommandError::new(
            Exit::Partial,
            format!(
                "Nothing was done. {} You can also give the key's id.",
                incomplete(listing)
            ),
        )),
        [only] => Ok(only),
        [] => Err(missing(listing, text)),
        several => Err(ambiguous(listing, text, several)),
    }
}

/// A name is matched as it came and as it is shown; white space around it does not count.
fn is_named(listed: &ListedKey, text: &str) -> bool {
    let (name, text) = (&listed.key.name, text.trim());
    !text.is_empty() && (name.raw().trim() == text || name.shown().trim() == text)
}

fn ambiguous(listing: &Listing, text: &str, several: &[&ListedKey]) -> CommandError {
    let mut sentence = format!(
        "Nothing was done: {} keys are named {}. Give the id of one:",
        several.len(),
        quoted(text)
    );
    for listed in several {
        let key = &listed.key;
        let used = words::last_use_warning(listing.as_of, key.last_used_at);
        sentence.push_str(&format!("\n  {}  {}  {used}", key.id, key.hint()));
    }
    CommandError::new(Exit::Usage, sentence)
}

fn missing(listing: &Listing, text: &str) -> CommandError {
    if let Some(listed) = listing.keys.iter().find(|listed| is_value_of(listed, text)) {
        let key = &listed.key;
        return CommandError::new(
            Exit::NoSuchKey,
            format!(
                "Nothing was done: this is not an id or a name, but looks like the value of {}. Other programs can \
                 see an argument, and it stays in the shell's history. Treat that key as leaked and revoke it by its \
                 id: chatzuri-keys revoke {}",
                key.display_name(),
                words::shell_word(key.id.shown())
            ),
        );
    }
    if !listing.complete {
        return CommandError::new(
            Exit::Partial,
            format!(
                "Nothing was done: {} is not among the keys we could read. {}",
                quoted(text),
                incomplete(listing)
            ),
        );
    }
    let team = listing.team.words().unwrap_or_else(|| "this team".to_owned());
    CommandError::new(
        Exit::NoSuchKey,
        format!(
            "Nothing was done: no key of {team} has the id or name {}.",
            quoted(text)
        ),
    )
}

fn is_value_of(listed: &ListedKey, text: &str) -> bool {
    let (Some(prefix), Some(last_four)) = (&listed.key.prefix, &listed.key.last_four) else {
        return false;
    };
    Secret::parse(text).is_ok_and(|value| {
        value.length() > prefix.raw().len() + last_four.raw().len()
            && !prefix.raw().is_empty()
            && value.fits_hint(prefix.raw(), last_four.raw())
    })
}

/// What the person gave, for a sentence; masked where it can be the value of some key.
fn quoted(text: &str) -> String {
    format!("“{}”", words::argument(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::present::testing::{key as listed, listing};

    fn found(listing: &Listing, text: &str) -> Result<String, Exit> {
        key(listing, text)
            .map(|listed| listed.key.id.raw().to_owned())
            .map_err(|trouble| trouble.exit)
    }

    #[test]
    fn an_id_goes_before_a_name_and_a_name_must_be_the_only_one() {
        let list = listing(vec![
            listed("1", "Zapier"),
            listed("2", "1"),
            listed("3", "Web"),
            listed("4", "Web"),
        ]);
        assert_eq!(found(&list, "1"), Ok("1".to_owned()));
        assert_eq!(found(&list, " Zapier "), Ok("1".to_owned()));
        assert_eq!(found(&list, "Web"), Err(Exit::Usage));
        assert_eq!(found(&list, "zapier"), Err(Exit::NoSuchKey));
        assert_eq!(found(&list, ""), Err(Exit::NoSuchKey));
    }

    #[test]
    fn candidates_are_named_by_their_ids() {
        let list = listing(vec![listed("3", "Web"), listed("4", "Web")]);
        let said = key(&list, "Web").unwrap_err().sentence;
        assert!(
            said.contains("\n  3  cz_Iz1P…CpSn") && said.contains("\n  4  "),
            "{said}"
        );
    }

    #[test]
    fn the_id_of_a_key_whose_value_was_an_argument_is_quoted_for_a_shell() {
        let list = listing(vec![listed("k;reboot", "Web")]);
        let said = key(&list, "cz_Iz1P0123456789abcdefCpSn").unwrap_err().sentence;
        assert!(said.ends_with("revoke 'k;reboot'"), "{said}");
    }

    #[test]
    fn an_escaped_name_can_be_given_as_it_is_shown() {
        let list = listing(vec![listed("1", "a\u{202e}b")]);
        assert_eq!(found(&list, "a\\u{202e}b"), Ok("1".to_owned()));
        assert_eq!(found(&list, "a\u{202e}b"), Ok("1".to_owned()));
    }

    #[test]
    fn an_incomplete_list_proves_neither_absence_nor_a_single_name() {
        let mut list = listing(vec![listed("1", "Zapier")]);
        list.complete = false;
        assert_eq!(found(&list, "1"), Ok("1".to_owned()));
        assert_eq!(found(&list, "Zapier"), Err(Exit::Partial));
        assert_eq!(found(&list, "Web"), Err(Exit::Partial));
    }

    #[test]
    fn a_value_given_for_a_name_is_never_repeated() {
        let list = listing(vec![listed("key_1", "Zapier")]);
        for value in ["cz_Iz1P0123456789abcdefCpSn", "cz_other0123456789abcdefXxXx"] {
            let said = key(&list, value).unwrap_err().sentence;
            assert!(!said.contains("0123456789"), "{said}");
        }
        let said = key(&list, "cz_Iz1P0123456789abcdefCpSn").unwrap_err().sentence;
        assert!(said.contains("revoke key_1"), "{said}");
    }
}
