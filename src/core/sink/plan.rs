//! Which programs take a key's value to a target, and which show that it is there.

use std::fmt;
use std::time::Duration;

use zeroize::Zeroizing;

use super::input::{Input, merge_patch, written};
use super::look::{Look, Shape};
use super::op_item::ItemField;
use super::proof::Part;
use super::spec::{DEFAULT_LIMIT, Fill, Piece, SinkSpec, Sinks, fill, find};
use crate::core::secret::Secret;
use crate::core::target::Target;

/// 1Password and gpg may ask the person on their screen first.
pub(super) const PATIENT_LIMIT: Duration = Duration::from_secs(90);

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

/// How a value is taken to a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Run first where something else could be lost: it shows what the target holds now.
    pub look: Option<Look>,
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
    /// This prints what the target holds.
    ReadBack {
        /// Program and arguments.
        argv: Vec<String>,
        /// Where the value is in it.
        part: Part,
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
        let read_part = |words: &[&str], part| Verify::ReadBack {
            argv: argv(words),
            part,
            required: false,
        };
        let read_back = |words: &[&str]| read_part(words, Part::Whole);
        let (deliver, input, verify) = match target {
            Target::Gh {
                owner,
                repo,
                environment,
                name,
            } => {
                let updated = Verify::UpdatedAt {
                    argv: gh_list(owner, repo, environment.as_deref()),
                    name: name.clone(),
                };
                let mut set = argv(&["gh", "secret", "set", name, "-R", &format!("{owner}/{repo}")]);
                set.extend(option("env", environment.as_deref()));
                (set, alone(), updated)
            }
            Target::Aws { secret_id, field } => {
                let put = [
                    "aws",
                    "secretsmanager",
                    "put-secret-value",
                    "--secret-id",
                    secret_id,
                    "--secret-string",
                    // The documented ways are an argument, which every process can read, or a file.
                    // https://github.com/aws/aws-cli/issues/7798
                    "file:///dev/stdin",
                ];
                let part = field.clone().map_or(Part::Whole, Part::Field);
                let read = Verify::ReadBack {
                    argv: aws_get(secret_id),
                    part,
                    required: false,
                };
                (argv(&put), Input::Edited, read)
            }
            Target::Doppler { project, config, name } => {
                let place = ["-p", project.as_str(), "-c", config.as_str()];
                let mut set = argv(&["doppler", "secrets", "set", name]);
                set.extend(argv(&place));
                // Silent, or it prints the value. Releases before this way of reading it store an empty value instead,
                // which reading it back shows. https://github.com/DopplerHQ/cli/pull/262
                set.extend(argv(&["--silent", "--no-interactive"]));
                let get = [&["doppler", "secrets", "get", name][..], &place, &["--plain"]].concat();
                (set, alone(), read_back(&get))
            }
            Target::Op { vault, item, .. } => {
                // An assignment would put the value on the command line, and what is piped is taken for a whole item.
                // https://github.com/1Password/install-cli-action/issues/10
                let edit = argv(&["op", "item", "edit", item, "--vault", vault]);
                (
                    edit,
                    Input::Edited,
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
            Target::K8s {
                context,
                namespace,
                secret,
                key,
            } => {
                // Applied from here, the value would be kept in an annotation as well, or, by the server's own apply, the
                // other keys would become ours and be dropped; a merge patch changes one key.
                // https://github.com/kubernetes/kubernetes/issues/23564
                // https://github.com/kubernetes/kubernetes/pull/112905
                let context = option("context", context.as_deref());
                let place = [&["-n", namespace.as_str()], context.as_deref().as_slice()].concat();
                // `-` is no file to it. https://github.com/envoyproxy/gateway/issues/4022
                let how = ["--type=merge", "--patch-file=/dev/stdin"];
                let patch = [&["kubectl", "patch", "secret", secret], &*place, &how].concat();
                let format = format!("go-template={{{{index .data \"{key}\" | base64decode}}}}");
                let get = [&["kubectl", "get", "secret", secret], &*place, &["-o", &format]].concat();
                (argv(&patch), Input::MergePatch { key: key.clone() }, read_back(&get))
            }
            Target::Pass { path } => {
                // Without the terminal's name its agent cannot draw a prompt over our screen.
                let insert = argv(&["env", "-u", "GPG_TTY", "pass", "insert", "-m", "-f", path]);
                let read = Verify::ReadBack {
                    argv: pass_show(path),
                    part: Part::FirstLine,
                    required: false,
                };
                (insert, Input::Edited, read)
            }
            Target::Gcloud { project, secret } => {
                let project = option("project", project.as_deref());
                let project = project.as_deref();
                // Quiet, or a question of its own would read the value as the answer.
                let add = [
                    &["gcloud", "secrets", "versions", "add", secret],
                    project.as_slice(),
                    &["--data-file=-", "--quiet"],
                ]
                .concat();
                let read = Verify::ReadBack {
                    argv: gcloud_access(secret, project),
                    part: Part::Whole,
                    required: false,
                };
                (argv(&add), Input::Edited, read)
            }
            Target::Sink(name) => return Self::of_sink(find(name, sinks)?, subject),
        };
        let limit = match target {
            Target::Op { .. } | Target::Pass { .. } => PATIENT_LIMIT,
            _ => DEFAULT_LIMIT,
        };
        Ok(Self {
            look: look_at(target),
            deliver,
            verify,
            limit,
            input,
        })
    }

    fn of_sink(spec: &SinkSpec, subject: Subject<'_>) -> Result<Self, NoPlan> {
        Ok(Self {
            look: None,
            deliver: fill(&spec.command, subject)?,
            verify: match &spec.verify {
                None => Verify::NotPossible,
                Some(words) => Verify::ReadBack {
                    argv: fill(words, subject)?,
                    part: Part::Whole,
                    required: true,
                },
            },
            limit: spec.limit,
            input: Input::Template(spec.stdin.clone()),
        })
    }

    /// What the program reads: `secret` in its wrapping, in a buffer that never grows and is wiped when dropped. `held` is
    /// what [`Plan::look`] printed, empty where the target holds nothing.
    ///
    /// # Errors
    /// [`NoPlan`] when the value cannot be put into what is there without changing more.
    pub fn input(&self, secret: &Secret, held: &[u8]) -> Result<Zeroizing<Vec<u8>>, NoPlan> {
        match (&self.input, &self.look) {
            (Input::Template(template), _) => Ok(written(secret, template)),
            (Input::MergePatch { key }, _) => Ok(merge_patch(secret, key)),
            (Input::Edited, Some(look)) => look.edited(secret, held),
            (Input::Edited, None) => Err(NoPlan("Nobody looked what is there".to_owned())),
        }
    }
}

/// How it is seen what `target` holds, where its program would replace more than the value.
pub(super) fn look_at(target: &Target) -> Option<Look> {
    let (argv, shape) = match target {
        Target::Aws { secret_id, field } => {
            let shape = match field {
                Some(field) => Shape::Field(field.clone()),
                None => Shape::Alone {
                    instead: format!(
                        "Name the field of a JSON object, as in {target}#FIELD, or keep the key in a secret of its own"
                    ),
                    confirmed: true,
                },
            };
            (aws_get(secret_id), shape)
        }
        Target::Op {
            vault,
            item,
            section,
            field,
        } => {
            let field = ItemField {
                section: section.clone(),
                field: field.clone(),
            };
            (
                argv(&["op", "item", "get", item, "--vault", vault, "--format", "json"]),
                Shape::Item(field),
            )
        }
        Target::Pass { path } => (pass_show(path), Shape::FirstLine(path.clone())),
        Target::Gcloud { project, secret } => {
            let project = option("project", project.as_deref());
            let shape = Shape::Alone {
                instead: "Keep the key in a secret of its own".to_owned(),
                confirmed: false,
            };
            (gcloud_access(secret, project.as_deref()), shape)
        }
        _ => return None,
    };
    Some(Look { argv, shape })
}

/// `/dev/stdin` is how a program that takes files only reads what it is given.
pub(super) fn possible_here(target: &Target) -> Result<(), NoPlan> {
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

/// `--NAME=VALUE`, one argument, so that no value becomes an option.
pub(super) fn option(name: &str, value: Option<&str>) -> Option<String> {
    value.map(|value| format!("--{name}={value}"))
}

pub(super) fn gh_list(owner: &str, repo: &str, environment: Option<&str>) -> Vec<String> {
    let mut list = argv(&["gh", "secret", "list", "--json", "name,updatedAt", "-R"]);
    list.push(format!("{owner}/{repo}"));
    list.extend(option("env", environment));
    list
}

fn aws_get(secret_id: &str) -> Vec<String> {
    let mut get = argv(&["aws", "secretsmanager", "get-secret-value", "--secret-id", secret_id]);
    get.extend(argv(&["--query", "SecretString", "--output", "text"]));
    get
}

fn pass_show(path: &str) -> Vec<String> {
    argv(&["env", "-u", "GPG_TTY", "pass", "show", path])
}

fn gcloud_access(secret: &str, project: Option<&str>) -> Vec<String> {
    let of = format!("--secret={secret}");
    let access = [
        &["gcloud", "secrets", "versions", "access", "latest", &of],
        project.as_slice(),
        &["--quiet"],
    ];
    argv(&access.concat())
}
