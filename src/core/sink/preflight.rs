//! Which programs must agree before a key for a target is made.

use std::time::Duration;

use super::look::Look;
use super::plan::{NoPlan, PATIENT_LIMIT, argv, gh_list, look_at, option, possible_here};
use super::spec::{DEFAULT_LIMIT, Sinks, find};
use crate::core::target::Target;

/// A program that must agree before a key is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preflight {
    /// Program and arguments.
    pub argv: Vec<String>,
    /// What is expected of it.
    pub expect: Expect,
    /// What to do when it does not agree.
    pub hint: &'static str,
}

/// What is expected of a preflight.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expect {
    /// It succeeds.
    Success,
    /// It succeeds. One that does not know `--json` is too old.
    KnowsJson,
    /// It prints something else than this word, or fails.
    OtherThan(&'static str),
    /// It prints what the token may do with a path of Vault: see [`may_patch`].
    MayPatch,
    /// What it shows can take the value and keep the rest.
    Room(Look),
}

/// What a token may do with a path of Vault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// It may change it and read it.
    Both,
    /// It may change it only.
    PatchOnly,
    /// It may not change it.
    None,
    /// The answer does not tell.
    Unknown,
}

/// How a target's program tells which context or project is current.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Current {
    /// Program and arguments.
    pub argv: Vec<String>,
    /// What to do when none is; `None` where the program has a default of its own then.
    pub hint: Option<&'static str>,
}

/// How it is seen what a target leaves open; `None` where it names everything.
#[must_use]
pub fn current(target: &Target) -> Option<Current> {
    match target {
        // A program inside a cluster has no context, and talks to that cluster.
        Target::K8s { context: None, .. } => Some(Current {
            argv: argv(&["kubectl", "config", "current-context"]),
            hint: None,
        }),
        Target::Gcloud { project: None, .. } => Some(Current {
            argv: argv(&["gcloud", "config", "get-value", "project", "--quiet"]),
            hint: Some("No project is current: name one in the target, as in gcloud:PROJECT/SECRET"),
        }),
        _ => None,
    }
}

/// The name in what [`Current::argv`] printed; `None` where there is none.
#[must_use]
pub fn current_name(printed: &[u8]) -> Option<&str> {
    let name = std::str::from_utf8(printed).ok()?.trim();
    (!name.is_empty() && name != "(unset)").then_some(name)
}

/// What the JSON of `vault token capabilities` says.
#[must_use]
pub fn may_patch(printed: &[u8]) -> Access {
    let Ok(words) = serde_json::from_slice::<Vec<String>>(printed) else {
        return Access::Unknown;
    };
    let may = |word: &str| words.iter().any(|said| said == word);
    // Without the right to patch, their program reads it and writes it back.
    match (may("root") || may("patch"), may("root") || may("read"), may("update")) {
        (true, true, _) | (_, true, true) => Access::Both,
        (true, false, _) => Access::PatchOnly,
        _ => Access::None,
    }
}

/// What must agree before a key for `target` is made, in this order, and how long each may take.
///
/// # Errors
/// [`NoPlan`] when no sink has that name, or this platform cannot do it.
pub fn preflight(target: &Target, sinks: &Sinks) -> Result<(Vec<Preflight>, Duration), NoPlan> {
    possible_here(target)?;
    let must = |words: &[&str], hint| Preflight {
        argv: argv(words),
        expect: Expect::Success,
        hint,
    };
    let room = |hint| {
        look_at(target).map(|look| Preflight {
            argv: look.argv.clone(),
            expect: Expect::Room(look),
            hint,
        })
    };
    let mut limit = DEFAULT_LIMIT;
    let all = match target {
        // `gh auth status` fails when any account on any host has a problem. The list asks about this repository.
        Target::Gh {
            owner,
            repo,
            environment,
            ..
        } => vec![Preflight {
            argv: gh_list(owner, repo, environment.as_deref()),
            expect: Expect::KnowsJson,
            hint: if environment.is_some() {
                "Sign in with “gh auth login”; the environment must exist, and the account must administer its secrets"
            } else {
                "Sign in with “gh auth login”; the account must administer the repository's secrets"
            },
        }],
        Target::Aws { secret_id, .. } => [
            must(
                &["aws", "secretsmanager", "describe-secret", "--secret-id", secret_id],
                "The secret must exist: make it once with “aws secretsmanager create-secret”",
            ),
            // It would write the request, and the value with it, to a file.
            // https://github.com/aws/aws-cli/issues/10560
            Preflight {
                argv: argv(&["aws", "configure", "get", "cli_history"]),
                expect: Expect::OtherThan("enabled"),
                hint: "cli_history is on, so the AWS CLI would write the value to a file: turn it off with “aws configure \
                       set cli_history disabled”",
            },
        ]
        .into_iter()
        .chain(room("The other fields are kept, so it must be readable: secretsmanager:GetSecretValue"))
        .collect(),
        Target::Doppler { project, config, .. } => vec![must(
            &["doppler", "secrets", "--only-names", "-p", project, "-c", config],
            "Sign in with “doppler login”; project and config must exist",
        )],
        Target::Op { .. } => {
            limit = PATIENT_LIMIT;
            room("Sign in with “op signin”; vault and item must exist")
                .into_iter()
                .collect()
        }
        Target::Vault { mount, path, .. } => vec![
            Preflight {
                argv: argv(&[
                    "vault",
                    "token",
                    "capabilities",
                    "-format=json",
                    &format!("{mount}/data/{path}"),
                ]),
                expect: Expect::MayPatch,
                hint: "The token may not change one field of it: it needs “patch”, or “read” and “update”, in a key-value \
                       store of version 2",
            },
            must(
                &["vault", "kv", "get", &format!("-mount={mount}"), path],
                "Sign in with “vault login”. The path must exist, in a key-value store of version 2: one field of it is \
                 patched, so that the others stay",
            ),
        ],
        Target::K8s {
            context,
            namespace,
            secret,
            ..
        } => {
            let context = option("context", context.as_deref());
            let place = [&["-n", namespace.as_str()], context.as_deref().as_slice()].concat();
            let get = [&["kubectl", "get", "secret", secret], &*place, &["-o", "name"]].concat();
            let which = format!("secrets/{secret}");
            let may = [&["kubectl", "auth", "can-i", "patch", &which], &*place, &["-q"]].concat();
            vec![
                must(
                    &get,
                    "The Secret must exist: make it once with “kubectl create secret generic”",
                ),
                must(&may, "You may not patch this Secret"),
            ]
        }
        Target::Pass { .. } => {
            limit = PATIENT_LIMIT;
            [must(&["pass", "ls"], "Make the store once with “pass init”")]
                .into_iter()
                .chain(room("The lines below the first are kept, so the entry must be readable"))
                .collect()
        }
        Target::Gcloud { project, secret } => {
            let project = option("project", project.as_deref());
            let describe = [
                &["gcloud", "secrets", "describe", secret],
                project.as_deref().as_slice(),
                &["--quiet", "--format=value(name)"],
            ]
            .concat();
            [must(
                &describe,
                "Sign in with “gcloud auth login”; the secret must exist in that project",
            )]
            .into_iter()
            .chain(room(""))
            .collect()
        }
        Target::Sink(name) => {
            let spec = find(name, sinks)?;
            limit = spec.limit;
            spec.preflight
                .iter()
                .map(|argv| Preflight {
                    argv: argv.clone(),
                    expect: Expect::Success,
                    hint: "It is the sink's own preflight",
                })
                .collect()
        }
    };
    Ok((all, limit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_that_may_patch_need_not_read() {
        for (printed, access) in [
            (r#"["patch"]"#, Access::PatchOnly),
            (r#"["patch","update"]"#, Access::PatchOnly),
            (r#"["create","patch","read"]"#, Access::Both),
            (r#"["read","update"]"#, Access::Both),
            (r#"["root"]"#, Access::Both),
            (r#"["read"]"#, Access::None),
            (r#"["update"]"#, Access::None),
            (r#"["deny"]"#, Access::None),
            ("patch", Access::Unknown),
            ("", Access::Unknown),
        ] {
            assert_eq!(may_patch(printed.as_bytes()), access, "{printed}");
        }
    }

    #[test]
    fn what_is_current_is_a_name_or_nothing() {
        assert_eq!(current_name(b"acme-prod\n"), Some("acme-prod"));
        for none in [&b""[..], b"\n", b"(unset)\n", b"\xff"] {
            assert_eq!(current_name(none), None);
        }
    }
}
