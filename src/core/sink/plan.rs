//! Which programs are run for a target: before there is a key, to take its value there, and to see that it is there.

use std::fmt;
use std::time::Duration;

use zeroize::Zeroizing;

use super::input::{Input, merge_patch, written};
use super::op_item::edited_item;
use super::spec::{DEFAULT_LIMIT, Fill, Piece, SinkSpec, Sinks, fill, find};
use crate::core::secret::Secret;
use crate::core::target::Target;

/// 1Password may ask the person on their screen first.
const PATIENT_LIMIT: Duration = Duration::from_secs(90);

/// The key whose value is delivered; never the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subject<'a> {
    /// Its id, as the server has it.
    pub key_id: &'a str,
    /// Its name, as the server has it.
    pub name: &'a str,
    /// Its team's name, where that is known.
    pub team: Option<&'a str>,
}

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
    /// It prints something else than this word, or fails.
    OtherThan(&'static str),
    /// It succeeds and prints a 1Password item that can be edited safely, with this field in it.
    Item(String),
}

/// How a value is taken to a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Run first where the input is made from what is there already; its output is read.
    pub fetch: Option<Vec<String>>,
    /// The program that takes the value.
    pub deliver: Vec<String>,
    /// How it is seen that the value is there.
    pub verify: Verify,
    /// How long each program may take.
    pub limit: Duration,
    input: Input,
}

/// How it is seen that a value is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verify {
    /// It cannot be.
    NotPossible,
    /// This prints the value.
    ReadBack {
        /// Program and arguments.
        argv: Vec<String>,
        /// Whether it counts as a failure when it cannot be read: the person's own `verify` was asked for, while the
        /// credential for a built-in target may be one that writes only.
        required: bool,
    },
    /// This prints, as JSON, when each secret was last changed.
    UpdatedAt {
        /// Program and arguments.
        argv: Vec<String>,
        /// The secret's name.
        name: String,
    },
}

/// Why there is no plan for a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoPlan(pub(super) String);

impl fmt::Display for NoPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NoPlan {}

/// What must agree before a key for `target` is made, and how long each may take.
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
    let mut limit = DEFAULT_LIMIT;
    let all = match target {
        // `gh auth status` fails when any account on any host has a problem. The list asks about this repository.
        Target::Gh { owner, repo, .. } => vec![must(
            &[
                "gh",
                "secret",
                "list",
                "--json",
                "name,updatedAt",
                "-R",
                &format!("{owner}/{repo}"),
            ],
            "Sign in with “gh auth login”; the account must administer the repository's secrets",
        )],
        Target::Aws { secret_id } => vec![
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
        ],
        Target::Doppler { project, config, .. } => vec![must(
            &["doppler", "secrets", "--only-names", "-p", project, "-c", config],
            "Sign in with “doppler login”; project and config must exist",
        )],
        Target::Op { vault, item, field } => {
            limit = PATIENT_LIMIT;
            vec![Preflight {
                argv: op_get(vault, item),
                expect: Expect::Item(field.clone()),
                hint: "Sign in with “op signin”; vault and item must exist",
            }]
        }
        Target::Vault { mount, path, .. } => vec![must(
            &["vault", "kv", "get", &format!("-mount={mount}"), path],
            "Sign in with “vault login”. The path must exist, in a key-value store of version 2: one field of it is patched, \
             so that the others stay",
        )],
        Target::K8s { namespace, secret, .. } => vec![
            must(
                &["kubectl", "get", "secret", secret, "-n", namespace, "-o", "name"],
                "The Secret must exist: make it once with “kubectl create secret generic”",
            ),
            must(
                &[
                    "kubectl",
                    "auth",
                    "can-i",
                    "patch",
                    &format!("secrets/{secret}"),
                    "-n",
                    namespace,
                    "-q",
                ],
                "You may not patch this Secret in the current context",
            ),
        ],
        Target::Pass { .. } => vec![must(&["pass", "ls"], "Make the store once with “pass init”")],
        Target::Gcloud { secret } => vec![must(
            &[
                "gcloud",
                "secrets",
                "describe",
                secret,
                "--quiet",
                "--format=value(name)",
            ],
            "Sign in with “gcloud auth login”; the secret must exist in the current project",
        )],
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

impl Plan {
    /// How the value of `subject` is taken to `target`.
    ///
    /// # Errors
    /// [`NoPlan`] when no sink has that name, this platform cannot do it, or the key's own words cannot stand in an
    /// argument.
    pub fn new(target: &Target, sinks: &Sinks, subject: Subject<'_>) -> Result<Self, NoPlan> {
        possible_here(target)?;
        // No line break after the value: GitHub's older tool, AWS and Google keep it as a part of the secret.
        // https://github.com/cli/cli/issues/5031 https://github.com/googleapis/google-cloud-python/issues/10436
        let alone = || Input::Template(vec![Piece::Fill(Fill::Secret)]);
        let read_back = |words: &[&str]| Verify::ReadBack {
            argv: argv(words),
            required: false,
        };
        let (deliver, input, verify) = match target {
            Target::Gh { owner, repo, name } => {
                let repository = format!("{owner}/{repo}");
                let updated = Verify::UpdatedAt {
                    argv: argv(&["gh", "secret", "list", "--json", "name,updatedAt", "-R", &repository]),
                    name: name.clone(),
                };
                (
                    argv(&["gh", "secret", "set", name, "-R", &repository]),
                    alone(),
                    updated,
                )
            }
            Target::Aws { secret_id } => {
                let of = ["--secret-id", secret_id.as_str()];
                let put = [
                    "aws",
                    "secretsmanager",
                    "put-secret-value",
                    of[0],
                    of[1],
                    "--secret-string",
                ];
                let mut put = argv(&put);
                // The documented ways are an argument, which every process can read, or a file.
                // https://github.com/aws/aws-cli/issues/7798
                put.push("file:///dev/stdin".to_owned());
                let mut get = argv(&["aws", "secretsmanager", "get-secret-value", of[0], of[1]]);
                get.extend(argv(&["--query", "SecretString", "--output", "text"]));
                let read = Verify::ReadBack {
                    argv: get,
                    required: false,
                };
                (put, alone(), read)
            }
            Target::Doppler { project, config, name } => {
                let place = ["-p", project.as_str(), "-c", config.as_str()];
                let mut set = argv(&["doppler", "secrets", "set", name]);
                set.extend(argv(&place));
                // Silent, or it prints the value. Releases before this way of reading it store an empty value instead,
                // which reading it back shows. https://github.com/DopplerHQ/cli/pull/262
                set.extend(argv(&["--silent", "--no-interactive"]));
                let mut get = argv(&["doppler", "secrets", "get", name]);
                get.extend(argv(&place));
                get.push("--plain".to_owned());
                let read = Verify::ReadBack {
                    argv: get,
                    required: false,
                };
                (set, alone(), read)
            }
            Target::Op { vault, item, field } => {
                // An assignment would put the value on the command line, and what is piped is taken for a whole item.
                // https://github.com/1Password/install-cli-action/issues/10
                let edit = argv(&["op", "item", "edit", item, "--vault", vault]);
                let input = Input::Item { field: field.clone() };
                (
                    edit,
                    input,
                    read_back(&["op", "read", "--no-newline", &target.to_string()]),
                )
            }
            Target::Vault { mount, path, field } => {
                let mount = format!("-mount={mount}");
                // `put` would drop every other field. https://github.com/hashicorp/vault/issues/12170
                let patch = argv(&["vault", "kv", "patch", &mount, path, &format!("{field}=-")]);
                let read = read_back(&["vault", "kv", "get", &mount, &format!("-field={field}"), path]);
                (patch, alone(), read)
            }
            Target::K8s { namespace, secret, key } => {
                // Applied from here, the value would be kept in an annotation as well, or, by the server's own apply, the
                // other keys would become ours and be dropped; a merge patch changes one key.
                // https://github.com/kubernetes/kubernetes/issues/23564
                // https://github.com/kubernetes/kubernetes/pull/112905
                let mut patch = argv(&["kubectl", "patch", "secret", secret, "-n", namespace, "--type=merge"]);
                // `-` is no file to it. https://github.com/envoyproxy/gateway/issues/4022
                patch.push("--patch-file=/dev/stdin".to_owned());
                let format = format!("go-template={{{{index .data \"{key}\" | base64decode}}}}");
                let read = read_back(&["kubectl", "get", "secret", secret, "-n", namespace, "-o", &format]);
                (patch, Input::MergePatch { key: key.clone() }, read)
            }
            Target::Pass { path } => {
                // Without the terminal's name its agent cannot draw a prompt over our screen.
                let of = ["env", "-u", "GPG_TTY", "pass"];
                let mut insert = argv(&of);
                insert.extend(argv(&["insert", "-m", "-f", path]));
                let mut show = argv(&of);
                show.extend(argv(&["show", path]));
                let read = Verify::ReadBack {
                    argv: show,
                    required: false,
                };
                (insert, alone(), read)
            }
            Target::Gcloud { secret } => {
                // Quiet, or a question of its own would read the value as the answer.
                let add = argv(&[
                    "gcloud",
                    "secrets",
                    "versions",
                    "add",
                    secret,
                    "--data-file=-",
                    "--quiet",
                ]);
                let of = format!("--secret={secret}");
                (
                    add,
                    alone(),
                    read_back(&["gcloud", "secrets", "versions", "access", "latest", &of, "--quiet"]),
                )
            }
            Target::Sink(name) => return Self::of_sink(find(name, sinks)?, subject),
        };
        let (fetch, limit) = match target {
            Target::Op { vault, item, .. } => (Some(op_get(vault, item)), PATIENT_LIMIT),
            _ => (None, DEFAULT_LIMIT),
        };
        Ok(Self {
            fetch,
            deliver,
            verify,
            limit,
            input,
        })
    }

    fn of_sink(spec: &SinkSpec, subject: Subject<'_>) -> Result<Self, NoPlan> {
        Ok(Self {
            fetch: None,
            deliver: fill(&spec.command, subject)?,
            verify: match &spec.verify {
                None => Verify::NotPossible,
                Some(words) => Verify::ReadBack {
                    argv: fill(words, subject)?,
                    required: true,
                },
            },
            limit: spec.limit,
            input: Input::Template(spec.stdin.clone()),
        })
    }

    /// What the program reads: `secret` in its wrapping, in a buffer of the final size that is wiped when dropped.
    /// `fetched` is what [`Plan::fetch`] printed.
    ///
    /// # Errors
    /// [`NoPlan`] when what was fetched cannot be edited safely.
    pub fn input(&self, secret: &Secret, fetched: Option<&[u8]>) -> Result<Zeroizing<Vec<u8>>, NoPlan> {
        match &self.input {
            Input::Template(template) => Ok(written(secret, template)),
            Input::MergePatch { key } => Ok(merge_patch(secret, key)),
            Input::Item { field } => edited_item(secret, field, fetched.unwrap_or_default()),
        }
    }
}

/// `/dev/stdin` is how a program that takes files only reads what it is given.
fn possible_here(target: &Target) -> Result<(), NoPlan> {
    if cfg!(windows) && matches!(target, Target::Aws { .. } | Target::K8s { .. } | Target::Pass { .. }) {
        return Err(NoPlan(
            "Windows has no way to give its program the value but a file or the command line. Use a sink of your own"
                .to_owned(),
        ));
    }
    Ok(())
}

pub(super) fn argv(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

fn op_get(vault: &str, item: &str) -> Vec<String> {
    argv(&["op", "item", "get", item, "--vault", vault, "--format", "json"])
}
