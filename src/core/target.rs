//! Where a new key's value can go: the built-in targets and the person's own sinks, by name.

use std::fmt;

use crate::core::secret::mask_values;
use crate::core::sink::parts::{Parts, SHOWN, is_plain};
use crate::core::sink::preset::{Pin, Preset};
use crate::core::sink::presets;
use crate::core::text::{clean, fit};

/// A place for a key's value. Made by [`Target::parse`], which lets no name through that the place would refuse or that
/// its program could take for an option.
#[derive(Clone)]
pub struct Target {
    text: String,
    /// `None`: the text is the name of a `[sinks.NAME]` in the config.
    preset: Option<(&'static Preset, Parts)>,
}

impl PartialEq for Target {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Target {}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Target").field(&self.text).finish()
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Why a text names no target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadTarget {
    given: String,
    why: String,
}

impl BadTarget {
    /// Why, without the text itself.
    #[must_use]
    pub fn why(&self) -> &str {
        &self.why
    }
}

impl fmt::Display for BadTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "“{}” is not a target: {}.", self.given, self.why)
    }
}

impl std::error::Error for BadTarget {}

impl Target {
    /// Takes a target as written in an argument or in the config.
    ///
    /// # Errors
    /// [`BadTarget`] says which part is wrong, and why.
    pub fn parse(text: &str) -> Result<Self, BadTarget> {
        parse(text.trim()).map_err(|why| BadTarget {
            given: fit(&clean(&mask_values(text.trim(), None)), SHOWN).into_owned(),
            why,
        })
    }

    /// The target as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The name, where this is one of the person's own sinks.
    #[must_use]
    pub fn sink_name(&self) -> Option<&str> {
        self.preset.is_none().then_some(&*self.text)
    }

    /// What this target is made of; `None` for one of the person's own sinks.
    pub(crate) fn preset(&self) -> Option<(&'static Preset, &Parts)> {
        self.preset.as_ref().map(|(preset, parts)| (*preset, parts))
    }

    /// What this target leaves to its program's own setting; `None` where it names everything.
    #[must_use]
    pub fn leaves_open(&self) -> Option<&'static Pin> {
        let (preset, parts) = self.preset()?;
        preset.pin.as_ref().filter(|pin| parts.get(pin.part).is_none())
    }

    /// This target with `current` named in it, where it left that open.
    ///
    /// # Errors
    /// [`BadTarget`] when the name cannot stand in a target.
    pub fn pinned_to(&self, current: &str) -> Result<Self, BadTarget> {
        match (self.leaves_open(), self.text.split_once(':')) {
            (Some(_), Some((scheme, rest))) => Self::parse(&format!("{scheme}:{current}/{rest}")),
            _ => Ok(self.clone()),
        }
    }

    /// The form of each built-in target, for help.
    pub fn forms() -> impl Iterator<Item = &'static str> {
        presets::ALL.iter().map(|preset| preset.form)
    }

    /// Whether a text begins as a built-in target does.
    #[must_use]
    pub fn is_begun(text: &str) -> bool {
        text.split_once(':').is_some_and(|(scheme, _)| find(scheme).is_some())
    }
}

/// Whether a text can name a sink: 1 to 64 letters, digits, `.`, `-`, `_`, not beginning with `-`.
#[must_use]
pub fn is_sink_name(text: &str) -> bool {
    (1..=64).contains(&text.len()) && !text.starts_with('-') && text.chars().all(|c| is_plain(c) && c != '/')
}

fn find(scheme: &str) -> Option<&'static Preset> {
    presets::ALL.iter().copied().find(|preset| preset.scheme == scheme)
}

fn parse(text: &str) -> Result<Target, String> {
    if text.is_empty() {
        return Err("it is empty".to_owned());
    }
    let preset = match text.split_once(':') {
        Some((scheme, rest)) => {
            let none = || format!("it does not begin with any of {}", presets::forms());
            let preset = find(scheme).ok_or_else(none)?;
            Some((preset, (preset.parse)(rest)?))
        }
        None if is_sink_name(text) => None,
        None => {
            return Err(format!(
                "a sink's name may contain only letters, digits, dots, dashes and underscores; the built-in targets \
                 are {}",
                presets::forms()
            ));
        }
    };
    Ok(Target {
        text: text.to_owned(),
        preset,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_form_is_taken_and_given_back() {
        for text in [
            "gh:acme/web-app.js/CHATZURI_API_KEY",
            "gh:user_corp/r/_A1",
            "gh:acme/web@Production EU/KEY",
            "aws:prod/app#api_key",
            "aws:arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/key-AbCdEf#db.key",
            "op://Team/Chatzuri API/Web shop/credential",
            "k8s:staging/prod/web/KEY",
            "k8s:arn:aws:eks:eu-west-1:123456789012:cluster/prod/web/app/KEY",
            "k8s:default/api-example-org:6443/kube:admin/web/app/KEY",
            "gcloud:acme-prod/chatzuri",
            "gcloud:example.com:acme/chatzuri",
            "aws:prod/chatzuri+key@1",
            "aws:arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/key-AbCdEf",
            "doppler:web/prd_eu/API_KEY",
            "op://Team vault/Chatzuri API/credential",
            "vault:secret/apps/web#api_key",
            "k8s:prod/web.secrets/api.key",
            "k8s:prod/web/.dockerconfigjson",
            "pass:work/chatzuri key/è",
            "gcloud:chatzuri-key_1",
            "my.sink-2",
        ] {
            assert_eq!(Target::parse(text).unwrap().to_string(), text);
        }
        let padded = Target::parse(" vault:kv/a/b#c ").unwrap();
        assert_eq!(padded.to_string(), "vault:kv/a/b#c");
        let (preset, parts) = padded.preset().unwrap();
        assert_eq!(preset.scheme, "vault");
        let named = ["mount", "path", "field"].map(|part| parts.get(part).unwrap());
        assert_eq!(named, ["kv", "a/b", "c"]);
        assert_eq!(Target::parse("my.sink-2").unwrap().sink_name(), Some("my.sink-2"));
    }

    #[test]
    fn what_a_place_would_refuse_is_refused_with_its_reason() {
        for (text, why) in [
            ("", "it is empty"),
            ("a b", "a sink's name may contain"),
            ("-x", "a sink's name may contain"),
            ("github:a/b/C", "it does not begin with any of"),
            ("gh:acme/web", "OWNER/REPO/NAME has three parts; this has 2"),
            ("gh:acme/web/C/D", "this has 4"),
            ("gh:acme//C", "the repository is empty"),
            ("gh:acme/../C", "the repository leads to another folder"),
            ("gh:-acme/web/C", "the owner begins with a dash"),
            ("gh:acme/web/c_d", "capital letters"),
            ("gh:acme/web/1A", "not beginning with a digit"),
            ("gh:acme/web/A-B", "capital letters"),
            ("gh:acme/web/GITHUB_TOKEN", "GITHUB_"),
            ("aws:", "is empty"),
            ("aws:--debug", "begins with a dash"),
            ("aws:file:///etc/passwd", "character 5 of the secret's name"),
            ("aws:arn:x://y", "is not a valid ARN"),
            ("aws:a b", "character 2"),
            ("doppler:web/prd", "has three parts"),
            ("doppler:web/prd/DOPPLER_CONFIG", "sets DOPPLER_CONFIG itself"),
            ("doppler:web/-c/A", "the config begins with a dash"),
            ("gh:acme/web@/C", "the environment is empty"),
            ("gh:acme/web@-e/C", "the environment begins with a dash"),
            ("gh:acme/@prod/C", "the repository is empty"),
            ("gh:acme/web@../C", "the environment leads to"),
            ("aws:a#", "the field is empty"),
            ("aws:#a", "is empty"),
            ("aws:a#b#c", "character 2 of the field"),
            ("op:Team/a/b", "op://VAULT/ITEM/FIELD"),
            ("op://Team/a", "but this has 2"),
            ("op://Team/a/b/c/d", "but this has 5"),
            ("op://Team/a//c", "the section is empty"),
            ("op://Team/ a/b", "begins or ends with a space"),
            ("op://Team/a?attribute=otp/b", "character 2 of the item"),
            ("vault:secret/web", "vault:MOUNT/PATH#FIELD"),
            ("vault:secret#a", "vault:MOUNT/PATH#FIELD"),
            ("vault:secret/a/../b#c", "leads to another folder"),
            ("vault:secret/a//b#c", "a slash too many"),
            ("vault:secret/a/-b#c", "begins with a dash"),
            ("vault:secret/a#@file", "character 1 of the field"),
            ("vault:secret/a#b=c", "character 2 of the field"),
            ("k8s:Prod/web/KEY", "the namespace"),
            ("k8s:prod/web_1/KEY", "the Secret's name"),
            ("k8s:prod/web./KEY", "the Secret's name"),
            ("k8s:prod/web/a b", "character 2 of the key"),
            ("k8s:prod/web/..x", "two dots"),
            ("k8s:prod/web", "this has 2"),
            ("k8s:/prod/web/KEY", "the context is empty"),
            ("k8s:-c/prod/web/KEY", "the context begins with a dash"),
            ("k8s:a/-b/prod/web/KEY", "a part of the context begins with a dash"),
            ("pass:../x", "leads to another folder"),
            ("pass:a/$(id)", "character 3 of the path"),
            ("pass:a/", "a slash too many"),
            ("pass:-c", "begins with a dash"),
            ("gcloud:a/b/c", "character 2"),
            ("gcloud:/b", "the project is empty"),
            ("gcloud:a b/c", "character 2 of the project"),
            ("gcloud:--project=x", "begins with a dash"),
        ] {
            let error = Target::parse(text).expect_err(text);
            assert!(error.to_string().contains(why), "{text}: {error}");
        }
    }

    #[test]
    fn hidden_characters_are_refused_and_shown_as_escapes() {
        for text in [
            "gh:a\u{202e}/b/C",
            "pass:a\u{1b}[31m",
            "op://a\u{200b}/b/c",
            "k8s:a/b/c\n/",
            "na\u{0}me",
        ] {
            let error = Target::parse(text).unwrap_err().to_string();
            assert_eq!(clean(&error), error, "{text:?}");
        }
    }

    #[test]
    fn what_a_target_leaves_open_can_be_named_in_it() {
        for (open, current, pinned) in [
            ("k8s:prod/web/KEY", "cluster/eu", "k8s:cluster/eu/prod/web/KEY"),
            ("gcloud:chatzuri", "acme-prod", "gcloud:acme-prod/chatzuri"),
        ] {
            let open = Target::parse(open).unwrap();
            let named = open.pinned_to(current).unwrap();
            assert_eq!(named.to_string(), pinned);
            assert!(open.leaves_open().is_some() && named.leaves_open().is_none());
            assert_eq!(named.pinned_to("other").unwrap(), named);
            assert!(open.pinned_to("--flag").is_err() && open.pinned_to("").is_err());
        }
        assert!(Target::parse("aws:a").unwrap().leaves_open().is_none());
    }

    fn texts() -> impl Strategy<Value = String> {
        let schemes: Vec<&str> = presets::ALL.iter().map(|preset| preset.scheme).collect();
        let built_in = format!("({}):[-a-zA-Z0-9_./#: @]{{0,40}}", schemes.join("|"));
        prop_oneof![
            "\\PC{0,40}",
            proptest::string::string_regex(&built_in).expect("schemes are plain words")
        ]
    }

    #[test]
    fn a_path_that_begins_with_a_colon_reads_back_the_same() {
        assert_eq!(Target::parse("pass::-").unwrap().to_string(), "pass::-");
    }

    proptest! {
        #[test]
        fn whatever_is_taken_reads_back_the_same_and_has_no_option_and_no_hidden_character(text in texts()) {
            if let Ok(target) = Target::parse(&text) {
                let again = target.to_string();
                prop_assert_eq!(&again, text.trim());
                prop_assert_eq!(Target::parse(&again).unwrap(), target);
                prop_assert_eq!(clean(&again).into_owned(), again.clone());
                // Every part that may become an argument of its own.
                let rest = again.split_once(':').map_or(again.as_str(), |(_, rest)| rest);
                prop_assert!(rest.split(['/', '#']).all(|part| !part.starts_with('-')), "{}", again);
            }
        }
    }
}
