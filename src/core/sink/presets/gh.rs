//! `gh:OWNER/REPO/NAME`, `gh:OWNER/REPO@ENVIRONMENT/NAME`: an Actions secret of a repository on GitHub, or of one of its
//! environments.
//!
//! Names: <https://docs.github.com/en/actions/reference/security/secrets>.
//! Programs: <https://cli.github.com/manual/gh_secret_set>, <https://cli.github.com/manual/gh_secret_list>.

use jiff::Timestamp;
use serde_json::Value;

use crate::core::sink::error::SinkError;
use crate::core::sink::parts::{Parts, is_plain, no_dots, part, three, variable};
use crate::core::sink::preset::{
    Agreement, DEFAULT_LIMIT, Ended, Preflight, Preset, ReadBack, Shows, Stdin, Words, succeeds,
};

const LIST: Words = "gh secret list --json name,updatedAt -R {owner}/{repo} --env={environment}";

pub(super) static GH: Preset = Preset {
    scheme: "gh",
    form: "gh:OWNER/REPO[@ENVIRONMENT]/NAME",
    parse,
    pin: None,
    on_windows: true,
    limit: DEFAULT_LIMIT,
    // `gh auth status` fails when any account on any host has a problem. The list asks about this repository.
    preflights: &[Preflight {
        argv: LIST,
        agrees: knows_json,
        hint: "Sign in with “gh auth login”; the account must administer the repository's secrets, and an \
            environment you name must exist",
    }],
    command: "gh secret set {name} -R {owner}/{repo} --env={environment}",
    // No line break: older releases keep it as a part of the secret. https://github.com/cli/cli/issues/5031
    stdin: Stdin::Text("{secret}"),
    // GitHub gives no secret back.
    read_back: ReadBack {
        argv: LIST,
        shows: Shows::Date(updated_at),
    },
};

fn parse(rest: &str) -> Result<Parts, String> {
    let [owner, place, name] = three(rest, "OWNER/REPO/NAME")?;
    let (repo, environment) = match place.split_once('@') {
        None => (place, None),
        Some((repo, environment)) => (repo, Some(environment)),
    };
    part("the owner", owner, 39, |c| {
        c.is_ascii_alphanumeric() || matches!(c, '-' | '_')
    })?;
    part("the repository", repo, 100, |c| is_plain(c) && c != '/')?;
    no_dots("the repository", repo)?;
    if let Some(environment) = environment {
        part("the environment", environment, 255, |c| is_plain(c) || c == ' ')?;
        no_dots("the environment", environment)?;
    }
    variable("the secret's name", name)?;
    if name.starts_with("GITHUB_") {
        return Err("GitHub reserves secret names that begin with GITHUB_".to_owned());
    }
    Ok(Parts::new([
        ("owner", Some(owner)),
        ("repo", Some(repo)),
        ("environment", environment),
        ("name", Some(name)),
    ]))
}

fn knows_json(ended: &Ended<'_>) -> Agreement {
    if ended.stderr.contains("unknown flag: --json") {
        return Agreement::Because("gh is too old: “secret list” does not know --json. Update gh");
    }
    succeeds(ended)
}

/// When the secret was last changed, by the list as JSON; `None` when it is not in the list.
fn updated_at(parts: &Parts, list: &[u8]) -> Result<Option<Timestamp>, SinkError> {
    let wrong = || SinkError("cannot read its list of secrets".to_owned());
    let all: Value = serde_json::from_slice(list).map_err(|_| wrong())?;
    let all = all.as_array().ok_or_else(wrong)?;
    let Some(entry) = all.iter().find(|entry| {
        let said = entry.get("name").and_then(Value::as_str);
        said.is_some_and(|said| said.eq_ignore_ascii_case(parts.text("name")))
    }) else {
        return Ok(None);
    };
    let time = entry.get("updatedAt").and_then(Value::as_str).ok_or_else(wrong)?;
    time.parse().map(Some).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_found_in_the_list_of_secrets() {
        let list =
            br#"[{"name":"A","updatedAt":"2026-01-02T03:04:05Z"},{"name":"B","updatedAt":"2026-02-02T03:04:05Z"}]"#;
        let named = |name| Parts::new([("name", Some(name))]);
        let at = updated_at(&named("a"), list).unwrap().unwrap();
        assert_eq!(at, "2026-01-02T03:04:05Z".parse().unwrap());
        assert_eq!(updated_at(&named("C"), list).unwrap(), None);
        for bad in ["", "{}", r#"[{"name":"C"}]"#, r#"[{"name":"C","updatedAt":"soon"}]"#] {
            assert!(updated_at(&named("C"), bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
