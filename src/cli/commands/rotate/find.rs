//! Which rotation a person means.

use crate::cli::exit::{CommandError, Exit};
use crate::cli::find;
use crate::core::creation::MintedKey;
use crate::core::listing::Listing;
use crate::core::rotation::Rotation;
use crate::ops::rotate::{At, RotateError};
use crate::present::words::shell_word;

/// The rotation of a key, by the key's id or name; one that is not over before one that is. A key that is gone from the
/// list is known by what the rotation knew of it. `None`: the key is listed and has none.
pub(super) async fn rotation(at: At<'_>, listing: &Listing, text: &str) -> Result<Option<Rotation>, CommandError> {
    let all = at.ports.journal.rotations(&at.profile.scope()).await;
    let mut all = all.map_err(RotateError::Journal)?;
    all.reverse();
    all.sort_by_key(Rotation::is_over);
    choose(all, listing, text)
}

/// `rotations`: in the order in which they are preferred.
fn choose(rotations: Vec<Rotation>, listing: &Listing, text: &str) -> Result<Option<Rotation>, CommandError> {
    let has =
        |rotation: &Rotation, is: &dyn Fn(&MintedKey) -> bool| is(&rotation.old) || rotation.new_key().is_some_and(is);
    let trouble = match find::key(listing, text) {
        Ok(listed) => {
            return Ok(rotations.into_iter().find(|rotation| rotation.has(listed)));
        }
        Err(trouble) if matches!(trouble.exit, Exit::NoSuchKey | Exit::Partial) => trouble,
        Err(trouble) => return Err(trouble),
    };
    if let Some(by_id) = rotations
        .iter()
        .find(|rotation| has(rotation, &|key| key.id.raw() == text))
    {
        return Ok(Some(by_id.clone()));
    }
    let is_named = |key: &MintedKey| key.name.raw().trim() == text.trim() || key.name.shown().trim() == text.trim();
    let named: Vec<&Rotation> = rotations.iter().filter(|rotation| has(rotation, &is_named)).collect();
    let open: Vec<&&Rotation> = named.iter().filter(|rotation| !rotation.is_over()).collect();
    match (open.as_slice(), named.first()) {
        ([_, _, ..], _) => Err(CommandError::new(
            Exit::Usage,
            format!(
                "Nothing was done: several rotations have a key of that name. Give one id: {}.",
                open.iter()
                    .map(|rotation| rotation.old.id.to_string())
                    .collect::<Vec<_>>()
                    .join(", ")
            ),
        )),
        ([only], _) => Ok(Some((**only).clone())),
        ([], Some(past)) => Ok(Some((*past).clone())),
        ([], None) => Err(trouble),
    }
}

/// The rotation of a key that must have one.
pub(super) async fn the_rotation(at: At<'_>, listing: &Listing, text: &str) -> Result<Rotation, CommandError> {
    rotation(at, listing, text).await?.ok_or_else(|| {
        let called =
            find::key(listing, text).map_or_else(|_| "That key".to_owned(), |listed| listed.key.display_name());
        let command = find::key(listing, text).map_or_else(
            |_| String::new(),
            |listed| {
                format!(
                    " Start: chatzuri-keys rotate start {}",
                    shell_word(listed.key.id.shown())
                )
            },
        );
        CommandError::new(
            Exit::Error,
            format!("Nothing was done: {called} is not being rotated.{command}"),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::creation::OpId;
    use crate::core::key::{KeyId, KeyName};
    use crate::core::rotation::{Mark, RotationPlan, What};
    use crate::core::text::Label;
    use crate::present::testing::{at, key, listing};

    fn mark() -> Mark {
        Mark {
            by: Label::new("amina"),
            at: at("2026-11-22T12:00:00Z"),
        }
    }

    fn rotation(digit: char, old: &str, name: &str) -> Rotation {
        let plan = RotationPlan {
            team: None,
            old: MintedKey {
                id: KeyId::new(old).unwrap(),
                name: Label::new(name),
            },
            own: false,
            name: KeyName::parse("New").unwrap(),
            places: Vec::new(),
            adopted: None,
        };
        Rotation::new(OpId::new(&digit.to_string().repeat(32)).unwrap(), plan, mark())
    }

    fn chosen(rotations: Vec<Rotation>, text: &str) -> Result<Option<String>, Exit> {
        let list = listing(vec![
            key("k1", "Zapier"),
            key("k2", "Bot"),
            key("k3", "Twin"),
            key("k4", "Twin"),
        ]);
        choose(rotations, &list, text)
            .map(|found| found.map(|found| found.old.id.raw().to_owned()))
            .map_err(|trouble| trouble.exit)
    }

    #[test]
    fn a_listed_key_is_meant_before_what_a_rotation_remembers() {
        let all = || vec![rotation('a', "k1", "Zapier"), rotation('b', "gone", "Bot")];
        assert_eq!(chosen(all(), "Zapier"), Ok(Some("k1".to_owned())));
        assert_eq!(chosen(all(), "Bot"), Ok(None), "the listed one is not rotated");
        assert_eq!(chosen(all(), "gone"), Ok(Some("gone".to_owned())));
        assert_eq!(chosen(all(), "Twin"), Err(Exit::Usage));
        assert_eq!(chosen(all(), "Nobody"), Err(Exit::NoSuchKey));
    }

    #[test]
    fn a_key_that_is_gone_is_known_by_its_rotation() {
        let over = |digit, id| rotation(digit, id, "Old").after(&What::Cancelled, &mark()).unwrap();
        let open = rotation('a', "g1", "Old");
        assert_eq!(
            chosen(vec![open.clone(), over('b', "g2")], "Old"),
            Ok(Some("g1".to_owned()))
        );
        assert_eq!(
            chosen(vec![over('b', "g2"), over('c', "g3")], "Old"),
            Ok(Some("g2".to_owned()))
        );
        assert_eq!(chosen(vec![open, rotation('b', "g2", "Old")], "Old"), Err(Exit::Usage));
    }
}
