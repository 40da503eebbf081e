//! Where a new key's value can go: the built-in targets and the person's own sinks, by name.

use std::fmt;
use std::str::FromStr;

use crate::core::secret::mask_values;
use crate::core::text::{clean, fit};

/// Columns shown of a text that names no target.
const SHOWN: u16 = 120;
/// What Doppler sets by itself in every config.
const DOPPLER_OWN: [&str; 3] = ["DOPPLER_PROJECT", "DOPPLER_ENVIRONMENT", "DOPPLER_CONFIG"];

/// A place for a key's value. Made by [`Target::parse`], which lets no name through that the place would refuse or that
/// its program could take for an option.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Target {
    /// `gh:OWNER/REPO/NAME`: an Actions secret of a repository on GitHub, or, as `gh:OWNER/REPO@ENVIRONMENT/NAME`, of one
    /// of its environments.
    Gh {
        /// The user or organisation.
        owner: String,
        /// The repository.
        repo: String,
        /// The environment.
        environment: Option<String>,
        /// The secret.
        name: String,
    },
    /// `aws:SECRET_ID`: a secret of AWS Secrets Manager, by name or ARN, that holds the value alone; as
    /// `aws:SECRET_ID#FIELD`, one field of a secret that holds a JSON object.
    Aws {
        /// The name or ARN.
        secret_id: String,
        /// The field.
        field: Option<String>,
    },
    /// `doppler:PROJECT/CONFIG/NAME`.
    Doppler {
        /// The project.
        project: String,
        /// The config.
        config: String,
        /// The secret.
        name: String,
    },
    /// `op://VAULT/ITEM/FIELD` or `op://VAULT/ITEM/SECTION/FIELD`: a field of a 1Password item.
    Op {
        /// The vault.
        vault: String,
        /// The item.
        item: String,
        /// The section of the item.
        section: Option<String>,
        /// The field.
        field: String,
    },
    /// `vault:MOUNT/PATH#FIELD`: a field in a key-value store (version 2) of `HashiCorp` Vault.
    Vault {
        /// Where the store is mounted.
        mount: String,
        /// The path below it.
        path: String,
        /// The field.
        field: String,
    },
    /// `k8s:CONTEXT/NAMESPACE/SECRET/KEY`: a key of a Kubernetes Secret; without a context, in the current one.
    K8s {
        /// The context; it may hold slashes.
        context: Option<String>,
        /// The namespace.
        namespace: String,
        /// The Secret.
        secret: String,
        /// Its key.
        key: String,
    },
    /// `pass:PATH`: an entry of the standard Unix password manager.
    Pass {
        /// The entry.
        path: String,
    },
    /// `gcloud:PROJECT/SECRET`: a secret of Google Cloud Secret Manager; without a project, in the current one.
    Gcloud {
        /// The project.
        project: Option<String>,
        /// The secret.
        secret: String,
    },
    /// The name of a `[sinks.NAME]` in the config.
    Sink(String),
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
        write!(f, "“{}” is no target: {}.", self.given, self.why)
    }
}

impl std::error::Error for BadTarget {}

impl FromStr for Target {
    type Err = BadTarget;

    fn from_str(text: &str) -> Result<Self, BadTarget> {
        Self::parse(text)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gh {
                owner,
                repo,
                environment,
                name,
            } => write!(f, "gh:{owner}/{repo}{}/{name}", before("@", environment)),
            Self::Aws { secret_id, field } => write!(f, "aws:{secret_id}{}", before("#", field)),
            Self::Doppler { project, config, name } => write!(f, "doppler:{project}/{config}/{name}"),
            Self::Op {
                vault,
                item,
                section,
                field,
            } => write!(f, "op://{vault}/{item}{}/{field}", before("/", section)),
            Self::Vault { mount, path, field } => write!(f, "vault:{mount}/{path}#{field}"),
            Self::K8s {
                context,
                namespace,
                secret,
                key,
            } => write!(f, "k8s:{}{namespace}/{secret}/{key}", ahead(context)),
            Self::Pass { path } => write!(f, "pass:{path}"),
            Self::Gcloud { project, secret } => write!(f, "gcloud:{}{secret}", ahead(project)),
            Self::Sink(name) => f.write_str(name),
        }
    }
}

fn before(mark: &str, part: &Option<String>) -> String {
    part.as_ref().map(|part| format!("{mark}{part}")).unwrap_or_default()
}

fn ahead(part: &Option<String>) -> String {
    part.as_ref().map(|part| format!("{part}/")).unwrap_or_default()
}

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

    /// What this target leaves to its program's own setting, in a word; `None` where it names everything.
    #[must_use]
    pub fn leaves_open(&self) -> Option<&'static str> {
        match self {
            Self::K8s { context: None, .. } => Some("context"),
            Self::Gcloud { project: None, .. } => Some("project"),
            _ => None,
        }
    }

    /// This target with `current` named in it, where it left that open.
    ///
    /// # Errors
    /// [`BadTarget`] when the name cannot stand in a target.
    pub fn pinned_to(&self, current: &str) -> Result<Self, BadTarget> {
        match self {
            Self::K8s {
                context: None,
                namespace,
                secret,
                key,
            } => Self::parse(&format!("k8s:{current}/{namespace}/{secret}/{key}")),
            Self::Gcloud { project: None, secret } => Self::parse(&format!("gcloud:{current}/{secret}")),
            _ => Ok(self.clone()),
        }
    }

    /// The form of each built-in target, for help.
    pub const FORMS: [&'static str; 8] = [
        "gh:OWNER/REPO[@ENVIRONMENT]/NAME",
        "aws:SECRET_ID[#FIELD]",
        "doppler:PROJECT/CONFIG/NAME",
        "op://VAULT/ITEM[/SECTION]/FIELD",
        "vault:MOUNT/PATH#FIELD",
        "k8s:[CONTEXT/]NAMESPACE/SECRET/KEY",
        "pass:PATH",
        "gcloud:[PROJECT/]SECRET",
    ];
}

/// Whether a text can name a sink: 1 to 64 letters, digits, `.`, `-`, `_`, not beginning with `-`.
#[must_use]
pub fn is_sink_name(text: &str) -> bool {
    (1..=64).contains(&text.len()) && !text.starts_with('-') && text.chars().all(|c| is_plain(c) && c != '/')
}

fn parse(text: &str) -> Result<Target, String> {
    if text.is_empty() {
        return Err("it is empty".to_owned());
    }
    let Some((scheme, rest)) = text.split_once(':') else {
        return if is_sink_name(text) {
            Ok(Target::Sink(text.to_owned()))
        } else {
            Err(format!(
                "a sink's name has letters, digits, dots, dashes and underscores only; the built-in targets are {}",
                Target::FORMS.join(", ")
            ))
        };
    };
    match scheme {
        "gh" => gh(rest),
        "aws" => aws(rest),
        "doppler" => doppler(rest),
        "op" => op(rest),
        "vault" => vault(rest),
        "k8s" => k8s(rest),
        "pass" => pass(rest),
        "gcloud" => gcloud(rest),
        _ => Err(format!("it begins with none of {}", Target::FORMS.join(", "))),
    }
}

fn gh(rest: &str) -> Result<Target, String> {
    let [owner, place, name] = three(rest, "OWNER/REPO/NAME")?;
    let (repo, environment) = match place.split_once('@') {
        None => (place, None),
        Some((repo, environment)) => (repo.to_owned(), Some(environment.to_owned())),
    };
    part("the owner", &owner, 39, |c| {
        c.is_ascii_alphanumeric() || matches!(c, '-' | '_')
    })?;
    part("the repository", &repo, 100, |c| is_plain(c) && c != '/')?;
    no_dots("the repository", &repo)?;
    if let Some(environment) = &environment {
        part("the environment", environment, 255, |c| is_plain(c) || c == ' ')?;
        no_dots("the environment", environment)?;
    }
    variable("the secret's name", &name)?;
    if name.starts_with("GITHUB_") {
        return Err("GitHub keeps secret names that begin with GITHUB_ for itself".to_owned());
    }
    Ok(Target::Gh {
        owner,
        repo,
        environment,
        name,
    })
}

fn aws(rest: &str) -> Result<Target, String> {
    // Neither a name nor an ARN holds this mark.
    let (secret_id, field) = match rest.split_once('#') {
        None => (rest, None),
        Some((secret_id, field)) => (secret_id, Some(field)),
    };
    // A colon stands in ARNs only: `file://` and `http://` would make the program read the name from elsewhere.
    let arn = secret_id.starts_with("arn:");
    let what = "the secret's name or ARN";
    part(what, secret_id, if arn { 2048 } else { 512 }, |c| {
        is_plain(c) || matches!(c, '+' | '=' | '@' | '!') || (arn && c == ':')
    })?;
    if secret_id.contains("://") {
        return Err(format!("{what} is no address"));
    }
    if let Some(field) = field {
        part("the field", field, 256, |c| {
            is_plain(c) && c != '/' || matches!(c, ' ' | ':' | '@' | '+' | '=')
        })?;
    }
    Ok(Target::Aws {
        secret_id: secret_id.to_owned(),
        field: field.map(str::to_owned),
    })
}

fn doppler(rest: &str) -> Result<Target, String> {
    let [project, config, name] = three(rest, "PROJECT/CONFIG/NAME")?;
    part("the project", &project, 128, is_plain)?;
    part("the config", &config, 128, is_plain)?;
    variable("the secret's name", &name)?;
    if DOPPLER_OWN.contains(&name.as_str()) {
        return Err(format!("Doppler sets {name} by itself"));
    }
    Ok(Target::Doppler { project, config, name })
}

fn op(rest: &str) -> Result<Target, String> {
    let form = "it is written op://VAULT/ITEM/FIELD or op://VAULT/ITEM/SECTION/FIELD";
    let rest = rest.strip_prefix("//").ok_or(form)?;
    let parts: Vec<&str> = rest.split('/').collect();
    let (vault, item, section, field) = match *parts {
        [vault, item, field] => (vault, item, None, field),
        [vault, item, section, field] => (vault, item, Some(section), field),
        _ => return Err(format!("{form}, and this has {} parts", parts.len())),
    };
    let named = [("the vault", vault), ("the item", item), ("the field", field)];
    for (what, text) in named.into_iter().chain(section.map(|section| ("the section", section))) {
        // What a secret reference of theirs can hold; anything else is named by its id.
        part(what, text, 256, |c| is_plain(c) || c == ' ')?;
    }
    Ok(Target::Op {
        vault: vault.to_owned(),
        item: item.to_owned(),
        section: section.map(str::to_owned),
        field: field.to_owned(),
    })
}

fn vault(rest: &str) -> Result<Target, String> {
    let wrong = || "it is written vault:MOUNT/PATH#FIELD".to_owned();
    let (place, field) = rest.rsplit_once('#').ok_or_else(wrong)?;
    let (mount, path) = place.split_once('/').ok_or_else(wrong)?;
    let legal = |c| is_plain(c) || matches!(c, '@' | '+' | '=' | ':' | '~');
    part("the mount", mount, 256, is_plain)?;
    part("the path", path, 1024, legal)?;
    segments("the path", path)?;
    no_dots("the mount", mount)?;
    part("the field", field, 256, |c| is_plain(c) && c != '/')?;
    Ok(Target::Vault {
        mount: mount.to_owned(),
        path: path.to_owned(),
        field: field.to_owned(),
    })
}

fn k8s(rest: &str) -> Result<Target, String> {
    // Only the context may hold slashes, as an ARN or the name of a cluster does.
    let (context, place) = match rest.rmatch_indices('/').nth(2) {
        None => (None, rest),
        Some((at, _)) => {
            let (context, place) = rest.split_at(at);
            (Some(context), place.strip_prefix('/').unwrap_or(place))
        }
    };
    let [namespace, secret, key] = three(place, "NAMESPACE/SECRET/KEY")?;
    if let Some(context) = context {
        part("the context", context, 1024, is_shown)?;
        segments("the context", context)?;
    }
    if namespace.len() > 63 || !is_dns_label(&namespace) {
        return Err(format!(
            "the namespace “{}” is not 1 to 63 small letters, digits and inner dashes",
            shown(&namespace)
        ));
    }
    if secret.len() > 253 || !secret.split('.').all(is_dns_label) {
        return Err(format!(
            "the Secret's name “{}” is not small letters, digits, inner dashes and inner dots",
            shown(&secret)
        ));
    }
    part("the key", &key, 253, |c| is_plain(c) && c != '/')?;
    if key.starts_with("..") {
        return Err("the key begins with two dots".to_owned());
    }
    no_dots("the key", &key)?;
    Ok(Target::K8s {
        context: context.map(str::to_owned),
        namespace,
        secret,
        key,
    })
}

fn pass(rest: &str) -> Result<Target, String> {
    part("the path", rest, 1024, is_shown)?;
    segments("the path", rest)?;
    Ok(Target::Pass { path: rest.to_owned() })
}

fn gcloud(rest: &str) -> Result<Target, String> {
    let (project, secret) = match rest.split_once('/') {
        None => (None, rest),
        Some((project, secret)) => (Some(project), secret),
    };
    if let Some(project) = project {
        // A colon stands after the domain that an old project belongs to.
        part("the project", project, 128, |c| {
            c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ':')
        })?;
    }
    part("the secret's name", secret, 255, |c| {
        c.is_ascii_alphanumeric() || matches!(c, '-' | '_')
    })?;
    Ok(Target::Gcloud {
        project: project.map(str::to_owned),
        secret: secret.to_owned(),
    })
}

/// What the name of an entry or a context can hold.
fn is_shown(c: char) -> bool {
    c.is_alphanumeric() || is_plain(c) || matches!(c, ' ' | '@' | '+' | '=' | ':' | ',' | '~' | '%')
}

fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '/')
}

fn is_dns_label(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

fn three(text: &str, form: &str) -> Result<[String; 3], String> {
    let parts: Vec<String> = text.split('/').map(str::to_owned).collect();
    <[String; 3]>::try_from(parts).map_err(|parts| format!("{form} has three parts, and this has {}", parts.len()))
}

/// What every part of a target must be: there, of a sane length, visible, and no option.
fn part(what: &str, text: &str, limit: usize, legal: impl Fn(char) -> bool) -> Result<(), String> {
    if text.is_empty() {
        return Err(format!("{what} is empty"));
    }
    if text.len() > limit {
        return Err(format!(
            "{what} has {} bytes, and at most {limit} are allowed there",
            text.len()
        ));
    }
    if text.starts_with('-') {
        return Err(format!(
            "{what} begins with a dash, which its program would take for an option"
        ));
    }
    if text.starts_with(' ') || text.ends_with(' ') {
        return Err(format!("{what} begins or ends with a space"));
    }
    match text.chars().position(|c| !legal(c)) {
        None => Ok(()),
        Some(at) => Err(format!(
            "character {} of {what} (“{}”) is not allowed there",
            at + 1,
            clean(&text.chars().skip(at).take(1).collect::<String>())
        )),
    }
}

/// The name of an environment variable, in capitals: what GitHub and Doppler keep names as.
fn variable(what: &str, text: &str) -> Result<(), String> {
    let legal = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    if text.is_empty() || text.starts_with(|c: char| c.is_ascii_digit()) || !text.chars().all(legal) {
        return Err(format!(
            "{what} is capital letters, digits and underscores, not beginning with a digit; “{}” is not",
            shown(text)
        ));
    }
    part(what, text, 200, legal)
}

fn segments(what: &str, path: &str) -> Result<(), String> {
    for segment in path.split('/') {
        if segment.is_empty() {
            return Err(format!("{what} has a slash too many"));
        }
        part(&format!("a part of {what}"), segment, 255, |_| true)?;
        no_dots(what, segment)?;
    }
    Ok(())
}

fn no_dots(what: &str, text: &str) -> Result<(), String> {
    if matches!(text, "." | "..") {
        return Err(format!("{what} is a step to another folder"));
    }
    Ok(())
}

fn shown(text: &str) -> String {
    fit(&clean(text), SHOWN).into_owned()
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
            assert_eq!(text.parse::<Target>().unwrap(), Target::parse(text).unwrap());
        }
        assert_eq!(
            Target::parse(" vault:kv/a/b#c ").unwrap(),
            Target::Vault {
                mount: "kv".into(),
                path: "a/b".into(),
                field: "c".into()
            }
        );
    }

    #[test]
    fn what_a_place_would_refuse_is_refused_with_its_reason() {
        for (text, why) in [
            ("", "it is empty"),
            ("a b", "a sink's name has"),
            ("-x", "a sink's name has"),
            ("github:a/b/C", "it begins with none of"),
            ("gh:acme/web", "OWNER/REPO/NAME has three parts, and this has 2"),
            ("gh:acme/web/C/D", "and this has 4"),
            ("gh:acme//C", "the repository is empty"),
            ("gh:acme/../C", "the repository is a step"),
            ("gh:-acme/web/C", "the owner begins with a dash"),
            ("gh:acme/web/c_d", "capital letters"),
            ("gh:acme/web/1A", "not beginning with a digit"),
            ("gh:acme/web/A-B", "capital letters"),
            ("gh:acme/web/GITHUB_TOKEN", "GITHUB_"),
            ("aws:", "is empty"),
            ("aws:--debug", "begins with a dash"),
            ("aws:file:///etc/passwd", "character 5 of the secret's name"),
            ("aws:arn:x://y", "is no address"),
            ("aws:a b", "character 2"),
            ("doppler:web/prd", "has three parts"),
            ("doppler:web/prd/DOPPLER_CONFIG", "by itself"),
            ("doppler:web/-c/A", "the config begins with a dash"),
            ("gh:acme/web@/C", "the environment is empty"),
            ("gh:acme/web@-e/C", "the environment begins with a dash"),
            ("gh:acme/@prod/C", "the repository is empty"),
            ("gh:acme/web@../C", "the environment is a step"),
            ("aws:a#", "the field is empty"),
            ("aws:#a", "is empty"),
            ("aws:a#b#c", "character 2 of the field"),
            ("op:Team/a/b", "op://VAULT/ITEM/FIELD"),
            ("op://Team/a", "and this has 2"),
            ("op://Team/a/b/c/d", "and this has 5"),
            ("op://Team/a//c", "the section is empty"),
            ("op://Team/ a/b", "begins or ends with a space"),
            ("op://Team/a?attribute=otp/b", "character 2 of the item"),
            ("vault:secret/web", "vault:MOUNT/PATH#FIELD"),
            ("vault:secret#a", "vault:MOUNT/PATH#FIELD"),
            ("vault:secret/a/../b#c", "is a step"),
            ("vault:secret/a//b#c", "a slash too many"),
            ("vault:secret/a/-b#c", "begins with a dash"),
            ("vault:secret/a#@file", "character 1 of the field"),
            ("vault:secret/a#b=c", "character 2 of the field"),
            ("k8s:Prod/web/KEY", "the namespace"),
            ("k8s:prod/web_1/KEY", "the Secret's name"),
            ("k8s:prod/web./KEY", "the Secret's name"),
            ("k8s:prod/web/a b", "character 2 of the key"),
            ("k8s:prod/web/..x", "two dots"),
            ("k8s:prod/web", "and this has 2"),
            ("k8s:/prod/web/KEY", "the context is empty"),
            ("k8s:-c/prod/web/KEY", "the context begins with a dash"),
            ("k8s:a/-b/prod/web/KEY", "a part of the context begins with a dash"),
            ("pass:../x", "is a step"),
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
        assert_eq!(Target::parse("aws:a").unwrap().leaves_open(), None);
    }

    #[test]
    fn a_path_that_begins_with_a_colon_reads_back_the_same() {
        assert_eq!(Target::parse("pass::-").unwrap().to_string(), "pass::-");
    }

    proptest! {
        #[test]
        fn whatever_is_taken_reads_back_the_same_and_has_no_option_and_no_hidden_character(text in "\\PC{0,40}|(gh|aws|doppler|op|vault|k8s|pass|gcloud):[-a-zA-Z0-9_./#: @]{0,40}") {
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
