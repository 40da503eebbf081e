//! How a value gets to a target: which programs are run, what they read on standard input, and how it is seen that the
//! value is there. A plan is made without the value, so no argument can hold it.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use jiff::Timestamp;
use serde_json::Value;
use zeroize::{Zeroize, Zeroizing};

use crate::core::secret::Secret;
use crate::core::target::Target;
use crate::core::text::clean;

/// How long a sink may take, unless it says otherwise.
pub const DEFAULT_LIMIT: Duration = Duration::from_secs(30);
/// The longest limit a sink can ask for.
pub const LONGEST_LIMIT: Duration = Duration::from_secs(600);
/// 1Password may ask the person on their screen first.
const PATIENT_LIMIT: Duration = Duration::from_secs(90);
/// A part of a value this long is recognised in another program's words.
const WINDOW: usize = 8;
/// What stands for a value in another program's words.
const MASK: &str = "••••";

/// The person's own sinks, by name.
pub type Sinks = BTreeMap<String, SinkSpec>;

/// A sink as it is written in the config.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SinkFields {
    /// Program and arguments; may hold `{name}`, `{key_id}` and `{team}`, as an argument or part of one.
    pub command: Vec<String>,
    /// What it reads: a text with `{secret}`, or `{secret:json}` inside a JSON string. Default: the value alone.
    pub stdin: Option<String>,
    /// Whether a line break follows.
    pub newline: bool,
    /// How long each program may take.
    pub limit: Duration,
    /// Run before the key is made; must succeed. Knows nothing of the key, so it has no placeholders.
    pub preflight: Option<Vec<String>>,
    /// Run afterwards; must print the value. Placeholders as in `command`.
    pub verify: Option<Vec<String>>,
}

impl SinkFields {
    /// A sink that reads the value alone.
    #[must_use]
    pub fn new(command: &[&str]) -> Self {
        Self {
            command: command.iter().map(|&word| word.to_owned()).collect(),
            stdin: None,
            newline: false,
            limit: DEFAULT_LIMIT,
            preflight: None,
            verify: None,
        }
    }
}

/// A sink that can be used: its placeholders are known and stand where they may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SinkSpec {
    command: Vec<Template>,
    stdin: Template,
    limit: Duration,
    preflight: Option<Vec<String>>,
    verify: Option<Vec<Template>>,
}

/// What is wrong with a sink, beginning with the setting's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadSink(String);

impl fmt::Display for BadSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadSink {}

type Template = Vec<Piece>;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Fill(Fill),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fill {
    Name,
    KeyId,
    Team,
    Secret,
    SecretJson,
}

impl Fill {
    fn is_secret(self) -> bool {
        matches!(self, Self::Secret | Self::SecretJson)
    }
}

impl SinkSpec {
    /// Checks a sink.
    ///
    /// # Errors
    /// [`BadSink`] names the setting and what is wrong with it.
    pub fn new(fields: SinkFields) -> Result<Self, BadSink> {
        let bad = |setting: &str, why: &str| Err(BadSink(format!("{setting} {why}")));
        if fields.limit.is_zero() || fields.limit > LONGEST_LIMIT {
            return bad("limit", &format!("must be 1 to {} seconds", LONGEST_LIMIT.as_secs()));
        }
        let mut stdin = match &fields.stdin {
            None => vec![Piece::Fill(Fill::Secret)],
            Some(text) => template("stdin", text)?,
        };
        let mut secrets = 0;
        for piece in &stdin {
            match piece {
                Piece::Fill(fill) if fill.is_secret() => secrets += 1,
                Piece::Fill(_) => return bad("stdin", "can hold {secret} or {secret:json} only"),
                Piece::Text(_) => {}
            }
        }
        if secrets == 0 {
            return bad(
                "stdin",
                "holds neither {secret} nor {secret:json}, so the value would not be stored",
            );
        }
        if fields.newline {
            stdin.push(Piece::Text("\n".to_owned()));
        }
        if let Some(argv) = &fields.preflight {
            let parsed = arguments("preflight", argv)?;
            if parsed.iter().flatten().any(|piece| matches!(piece, Piece::Fill(_))) {
                return bad("preflight", "runs before there is a key, so it has no placeholders");
            }
        }
        Ok(Self {
            command: arguments("command", &fields.command)?,
            stdin,
            limit: fields.limit,
            preflight: fields.preflight,
            verify: fields
                .verify
                .as_deref()
                .map(|argv| arguments("verify", argv))
                .transpose()?,
        })
    }

    /// The program it runs.
    #[must_use]
    pub fn program(&self) -> &str {
        match self.command.first().map(Vec::as_slice) {
            Some([Piece::Text(program)]) => program,
            _ => "",
        }
    }
}

fn arguments(setting: &str, argv: &[String]) -> Result<Vec<Template>, BadSink> {
    let bad = |why: &str| BadSink(format!("{setting} {why}"));
    let parsed = argv
        .iter()
        .map(|word| {
            if word.contains('\0') {
                return Err(bad("holds a zero byte"));
            }
            template(setting, word)
        })
        .collect::<Result<Vec<_>, _>>()?;
    match parsed.first().map(Vec::as_slice) {
        None => return Err(bad("is empty")),
        Some([Piece::Text(program)]) if !program.is_empty() => {}
        Some(_) => return Err(bad("must begin with the name of a program")),
    }
    for piece in parsed.iter().flatten() {
        if matches!(piece, Piece::Fill(fill) if fill.is_secret()) {
            return Err(bad(
                "holds {secret}, but anybody on this machine can read a command line: the value goes to stdin only",
            ));
        }
    }
    Ok(parsed)
}

/// Splits a text at its placeholders. A brace that does not enclose a single word is a brace.
fn template(setting: &str, text: &str) -> Result<Template, BadSink> {
    let (mut pieces, mut plain, mut rest) = (Vec::new(), String::new(), text);
    while let Some((before, after)) = rest.split_once('{') {
        plain.push_str(before);
        let word = after.split_once('}').filter(|(word, _)| {
            !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || "_-:".contains(c))
        });
        let Some((word, behind)) = word else {
            plain.push('{');
            rest = after;
            continue;
        };
        let fill = match word {
            "name" => Fill::Name,
            "key_id" => Fill::KeyId,
            "team" => Fill::Team,
            "secret" => Fill::Secret,
            "secret:json" => Fill::SecretJson,
            _ => {
                return Err(BadSink(format!(
                    "{setting} holds {{{word}}}, which is no placeholder: there are {{name}}, {{key_id}} and {{team}}, and \
                     {{secret}} and {{secret:json}} in stdin"
                )));
            }
        };
        if !plain.is_empty() {
            pieces.push(Piece::Text(std::mem::take(&mut plain)));
        }
        pieces.push(Piece::Fill(fill));
        rest = behind;
    }
    plain.push_str(rest);
    if !plain.is_empty() || pieces.is_empty() {
        pieces.push(Piece::Text(plain));
    }
    Ok(pieces)
}

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

#[derive(Debug, Clone, PartialEq, Eq)]
enum Input {
    Template(Template),
    MergePatch { key: String },
    Item { field: String },
}

/// Why there is no plan for a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoPlan(String);

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

fn find<'a>(name: &str, sinks: &'a Sinks) -> Result<&'a SinkSpec, NoPlan> {
    sinks.get(name).ok_or_else(|| {
        let known: Vec<&str> = sinks.keys().map(String::as_str).collect();
        NoPlan(if known.is_empty() {
            format!(
                "There is no [sinks.{name}] in the config. The built-in targets are {}",
                Target::FORMS.join(", ")
            )
        } else {
            format!("There is no [sinks.{name}] in the config, only {}", known.join(", "))
        })
    })
}

fn argv(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

fn op_get(vault: &str, item: &str) -> Vec<String> {
    argv(&["op", "item", "get", item, "--vault", vault, "--format", "json"])
}

/// Each placeholder becomes its value as it is, inside its one argument.
fn fill(words: &[Template], subject: Subject<'_>) -> Result<Vec<String>, NoPlan> {
    let mut filled: Vec<String> = Vec::with_capacity(words.len());
    for word in words {
        let mut text = String::new();
        for piece in word {
            text.push_str(match piece {
                Piece::Text(plain) => plain,
                Piece::Fill(Fill::Name) => visible("name", subject.name)?,
                Piece::Fill(Fill::KeyId) => visible("id", subject.key_id)?,
                Piece::Fill(Fill::Team) => visible("team", subject.team.unwrap_or_default())?,
                Piece::Fill(Fill::Secret | Fill::SecretJson) => {
                    return Err(NoPlan("The value never goes to a command line".to_owned()));
                }
            });
        }
        let ours = matches!(word.first(), Some(Piece::Fill(_)));
        if ours && text.starts_with('-') && !filled.iter().any(|before| before == "--") {
            return Err(NoPlan(format!(
                "The key's own words make the argument “{}”, which begins with a dash and could be taken for an option. Put \
                 “--” before it in the sink's command, if the program knows that",
                clean(&text)
            )));
        }
        filled.push(text);
    }
    Ok(filled)
}

fn visible<'a>(what: &str, text: &'a str) -> Result<&'a str, NoPlan> {
    if text.is_empty() {
        return Err(NoPlan(format!(
            "The key's {what} is not known, and the sink's command needs it"
        )));
    }
    if clean(text) != text {
        return Err(NoPlan(format!(
            "The key's {what} “{}” holds hidden characters, so it cannot stand in the sink's command",
            clean(text)
        )));
    }
    Ok(text)
}

fn written(secret: &Secret, template: &[Piece]) -> Zeroizing<Vec<u8>> {
    let value = secret.expose().as_bytes();
    let size = template
        .iter()
        .map(|piece| match piece {
            Piece::Text(text) => text.len(),
            Piece::Fill(Fill::SecretJson) => json_size(value),
            Piece::Fill(_) => value.len(),
        })
        .sum();
    let mut out = Zeroizing::new(Vec::with_capacity(size));
    for piece in template {
        match piece {
            Piece::Text(text) => out.extend_from_slice(text.as_bytes()),
            Piece::Fill(Fill::SecretJson) => push_json(&mut out, value),
            Piece::Fill(_) => out.extend_from_slice(value),
        }
    }
    out
}

/// A secret is visible ASCII, so these two are all that JSON needs escaped.
fn needs_escape(byte: u8) -> bool {
    matches!(byte, b'"' | b'\\')
}

fn json_size(value: &[u8]) -> usize {
    value.len() + value.iter().filter(|&&byte| needs_escape(byte)).count()
}

fn push_json(out: &mut Vec<u8>, value: &[u8]) {
    for &byte in value {
        if needs_escape(byte) {
            out.push(b'\\');
        }
        out.push(byte);
    }
}

/// `{"data":{KEY:BASE64}}`: a legal key holds nothing that JSON escapes.
fn merge_patch(secret: &Secret, key: &str) -> Zeroizing<Vec<u8>> {
    let value = Zeroizing::new(STANDARD.encode(secret.expose()));
    let parts = ["{\"data\":{\"", key, "\":\"", &value, "\"}}"];
    let mut out = Zeroizing::new(Vec::with_capacity(parts.iter().map(|part| part.len()).sum()));
    for part in parts {
        out.extend_from_slice(part.as_bytes());
    }
    out
}

/// A 1Password item, wiped when dropped: it holds the person's other secrets.
struct Item(Value);

impl Drop for Item {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(values) => values.iter_mut().for_each(wipe),
        Value::Object(fields) => fields.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Whether an item as printed can be given back whole without losing anything, and has the field.
///
/// # Errors
/// [`NoPlan`] says why not.
pub fn check_item(fetched: &[u8], field: &str) -> Result<(), NoPlan> {
    editable(fetched, field).map(|_| ())
}

fn editable(fetched: &[u8], field: &str) -> Result<(Item, usize), NoPlan> {
    let no = |why: &str| NoPlan(why.to_owned());
    let item = Item(
        serde_json::from_slice(fetched)
            .map_err(|_| no("What 1Password printed is no item, or one larger than can be edited from here"))?,
    );
    if item.0.get("category").and_then(Value::as_str) == Some("LOGIN") {
        return Err(no(
            "A Login item can hold a passkey, which editing it in this way would overwrite. Keep the key in an item of the \
             category API Credential",
        ));
    }
    if item
        .0
        .get("files")
        .and_then(Value::as_array)
        .is_some_and(|files| !files.is_empty())
    {
        return Err(no(
            "The item has files, which editing it in this way could drop. Keep the key in an item without files",
        ));
    }
    let fields = item
        .0
        .get("fields")
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice);
    let says = |field: &Value, key: &str| field.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    if fields
        .iter()
        .any(|field| Zeroizing::new(says(field, "value")).contains("op item get"))
    {
        return Err(no(
            "1Password hides the other fields, so giving the item back would overwrite them",
        ));
    }
    let mut found = (0..fields.len()).filter(|&at| {
        fields
            .get(at)
            .is_some_and(|entry| says(entry, "label") == field || says(entry, "id") == field)
    });
    match (found.next(), found.next()) {
        (Some(at), None) => Ok((item, at)),
        (None, _) => Err(NoPlan(format!(
            "The item has no field “{}”: add it once, with any value",
            clean(field)
        ))),
        (Some(_), Some(_)) => Err(NoPlan(format!(
            "The item has several fields “{}”: name it by its id",
            clean(field)
        ))),
    }
}

fn edited_item(secret: &Secret, field: &str, fetched: &[u8]) -> Result<Zeroizing<Vec<u8>>, NoPlan> {
    let unwritable = |_| NoPlan("The item cannot be written".to_owned());
    let (mut item, at) = editable(fetched, field)?;
    if let Some(entry) = item
        .0
        .get_mut("fields")
        .and_then(|fields| fields.get_mut(at))
        .and_then(Value::as_object_mut)
        && let Some(mut old) = entry.insert("value".to_owned(), Value::String(secret.expose().to_owned()))
    {
        wipe(&mut old);
    }
    let mut size = Counted(0);
    serde_json::to_writer(&mut size, &item.0).map_err(unwritable)?;
    let mut out = Zeroizing::new(Vec::with_capacity(size.0));
    serde_json::to_writer(&mut *out, &item.0).map_err(unwritable)?;
    Ok(out)
}

struct Counted(usize);

impl io::Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Whether what was read back is the value, one line break at its end aside. In constant time for its length.
#[must_use]
pub fn is_same(secret: &Secret, read: &[u8]) -> bool {
    let read = read.strip_suffix(b"\n").unwrap_or(read);
    let read = read.strip_suffix(b"\r").unwrap_or(read);
    let value = secret.expose().as_bytes();
    value.len() == read.len() && value.iter().zip(read).fold(0_u8, |diff, (a, b)| diff | (a ^ b)) == 0
}

/// When the secret `name` was last changed, by the JSON that `gh secret list` prints; `None` when it is not in the list.
///
/// # Errors
/// The text is something else.
pub fn updated_at(json: &[u8], name: &str) -> Result<Option<Timestamp>, NoPlan> {
    let wrong = || NoPlan("its list of secrets cannot be read".to_owned());
    let all: Value = serde_json::from_slice(json).map_err(|_| wrong())?;
    let all = all.as_array().ok_or_else(wrong)?;
    let Some(entry) = all.iter().find(|entry| {
        let said = entry.get("name").and_then(Value::as_str);
        said.is_some_and(|said| said.eq_ignore_ascii_case(name))
    }) else {
        return Ok(None);
    };
    let time = entry.get("updatedAt").and_then(Value::as_str).ok_or_else(wrong)?;
    time.parse().map(Some).map_err(|_| wrong())
}

/// Another program's words without the value: whole, cut off or broken up, and as JSON, base64 or hex.
#[must_use]
pub fn masked(secret: &Secret, text: &str) -> String {
    let bytes = text.as_bytes();
    let mut hidden = vec![false; bytes.len()];
    for form in forms(secret) {
        let form = form.as_bytes();
        for window in form.windows(WINDOW.min(form.len().max(1))) {
            for (at, part) in bytes.windows(window.len()).enumerate() {
                if part == window {
                    hidden
                        .iter_mut()
                        .skip(at)
                        .take(window.len())
                        .for_each(|mark| *mark = true);
                }
            }
        }
    }
    let mut out = String::with_capacity(text.len());
    let mut masking = false;
    // Every form is ASCII, so a character is hidden whole or not at all.
    for (at, c) in text.char_indices() {
        let hide = hidden.get(at).copied().unwrap_or(false);
        if !hide {
            out.push(c);
        } else if !masking {
            out.push_str(MASK);
        }
        masking = hide;
    }
    out
}

fn forms(secret: &Secret) -> Vec<Zeroizing<String>> {
    let value = secret.expose().as_bytes();
    let mut escaped = Vec::with_capacity(json_size(value));
    push_json(&mut escaped, value);
    let mut hex = String::with_capacity(2 * value.len());
    for byte in value {
        for half in [byte >> 4, byte & 15] {
            hex.push(char::from_digit(u32::from(half), 16).unwrap_or('0'));
        }
    }
    let mut all = vec![
        secret.expose().to_owned(),
        String::from_utf8(escaped).unwrap_or_default(),
        hex.to_ascii_uppercase(),
        hex,
    ];
    // Inside a longer text the value can begin at any of three places of a group of base64.
    for lead in 0..3 {
        let Some(from) = value.get((3 - lead) % 3..) else {
            continue;
        };
        let whole = from.get(..from.len() / 3 * 3).unwrap_or_default();
        all.push(STANDARD.encode(whole));
        all.push(URL_SAFE.encode(whole));
    }
    all.retain(|form| !form.is_empty());
    all.into_iter().map(Zeroizing::new).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const VALUE: &str = "cz_Iz1P0123456789abcdefCpSn";

    fn secret() -> Secret {
        Secret::parse(VALUE).unwrap()
    }

    fn subject() -> Subject<'static> {
        Subject {
            key_id: "key_1",
            name: "Zapier; $(id)",
            team: Some("Acme Inc"),
        }
    }

    fn plan(target: &str) -> Plan {
        Plan::new(&Target::parse(target).unwrap(), &Sinks::new(), subject()).unwrap()
    }

    fn words(text: &str) -> Vec<String> {
        text.split(' ').map(|word| word.replace('·', " ")).collect()
    }

    /// Target, preflights, what takes the value, what reads it back.
    const BUILT_IN: [(&str, &[&str], &str, &str); 7] = [
        (
            "gh:acme/web/API_KEY",
            &["gh secret list --json name,updatedAt -R acme/web"],
            "gh secret set API_KEY -R acme/web",
            "gh secret list --json name,updatedAt -R acme/web",
        ),
        (
            "aws:prod/key",
            &[
                "aws secretsmanager describe-secret --secret-id prod/key",
                "aws configure get cli_history",
            ],
            "aws secretsmanager put-secret-value --secret-id prod/key --secret-string file:///dev/stdin",
            "aws secretsmanager get-secret-value --secret-id prod/key --query SecretString --output text",
        ),
        (
            "doppler:web/prd/API_KEY",
            &["doppler secrets --only-names -p web -c prd"],
            "doppler secrets set API_KEY -p web -c prd --silent --no-interactive",
            "doppler secrets get API_KEY -p web -c prd --plain",
        ),
        (
            "vault:kv/apps/web#api_key",
            &["vault kv get -mount=kv apps/web"],
            "vault kv patch -mount=kv apps/web api_key=-",
            "vault kv get -mount=kv -field=api_key apps/web",
        ),
        (
            "k8s:prod/web/api.key",
            &[
                "kubectl get secret web -n prod -o name",
                "kubectl auth can-i patch secrets/web -n prod -q",
            ],
            "kubectl patch secret web -n prod --type=merge --patch-file=/dev/stdin",
            "kubectl get secret web -n prod -o go-template={{index·.data·\"api.key\"·|·base64decode}}",
        ),
        (
            "pass:work/chatzuri key",
            &["pass ls"],
            "env -u GPG_TTY pass insert -m -f work/chatzuri·key",
            "env -u GPG_TTY pass show work/chatzuri·key",
        ),
        (
            "gcloud:chatzuri",
            &["gcloud secrets describe chatzuri --quiet --format=value(name)"],
            "gcloud secrets versions add chatzuri --data-file=- --quiet",
            "gcloud secrets versions access latest --secret=chatzuri --quiet",
        ),
    ];

    #[cfg(unix)]
    #[test]
    fn the_built_in_targets_run_these_programs() {
        for (target, before, deliver, after) in BUILT_IN {
            let plan = plan(target);
            assert_eq!(plan.deliver, words(deliver));
            assert_eq!(plan.fetch, None);
            match &plan.verify {
                Verify::ReadBack { argv, required } => assert_eq!((argv, *required), (&words(after), false)),
                Verify::UpdatedAt { argv, name } => assert_eq!((argv, name.as_str()), (&words(after), "API_KEY")),
                Verify::NotPossible => panic!("{target}"),
            }
            let (preflights, _) = preflight(&Target::parse(target).unwrap(), &Sinks::new()).unwrap();
            let argvs: Vec<_> = preflights.into_iter().map(|preflight| preflight.argv).collect();
            assert_eq!(argvs, before.iter().map(|text| words(text)).collect::<Vec<_>>());
            let read = plan.input(&secret(), None).unwrap();
            if target.starts_with("k8s:") {
                assert_eq!(
                    std::str::from_utf8(&read).unwrap(),
                    "{\"data\":{\"api.key\":\"Y3pfSXoxUDAxMjM0NTY3ODlhYmNkZWZDcFNu\"}}"
                );
            } else {
                assert_eq!(read.as_slice(), VALUE.as_bytes(), "{target}");
            }
            assert_eq!(read.capacity(), read.len());
        }
    }

    #[test]
    fn an_item_of_1password_is_given_back_whole_with_one_field_changed() {
        let plan = plan("op://Team/Chatzuri API/credential");
        assert_eq!(
            plan.fetch,
            Some(words("op item get Chatzuri·API --vault Team --format json"))
        );
        assert_eq!(plan.deliver, words("op item edit Chatzuri·API --vault Team"));
        assert_eq!(
            plan.verify,
            Verify::ReadBack {
                argv: words("op read --no-newline op://Team/Chatzuri·API/credential"),
                required: false
            }
        );
        let item = br#"{"id":"x","category":"API_CREDENTIAL","tags":["a"],"fields":[
            {"id":"notesPlain","type":"STRING","label":"notes","value":"keep \"me\""},
            {"id":"credential","type":"CONCEALED","label":"credential","value":"old"}]}"#;
        let given = plan.input(&secret(), Some(item)).unwrap();
        assert_eq!(given.capacity(), given.len());
        let given: Value = serde_json::from_slice(&given).unwrap();
        let mut expected: Value = serde_json::from_slice(item).unwrap();
        expected["fields"][1]["value"] = VALUE.into();
        assert_eq!(given, expected);
    }

    #[test]
    fn an_item_that_would_lose_something_is_left_alone() {
        for (item, why) in [
            ("not JSON", "is no item"),
            (r#"{"category":"LOGIN","fields":[{"label":"a"}]}"#, "passkey"),
            (r#"{"fields":[{"label":"a"}],"files":[{"id":"f"}]}"#, "has files"),
            (r#"{"fields":[{"label":"b"}]}"#, "has no field “a”"),
            (r#"{"fields":[{"label":"a"},{"label":"a"}]}"#, "several fields"),
            (
                r#"{"fields":[{"label":"a"},{"label":"b","value":"[use 'op item get x --reveal' to reveal]"}]}"#,
                "hides the other fields",
            ),
        ] {
            let error = check_item(item.as_bytes(), "a").expect_err(item).to_string();
            assert!(error.contains(why), "{item}: {error}");
        }
    }

    fn sinks(fields: SinkFields) -> Sinks {
        Sinks::from([("mine".to_owned(), SinkSpec::new(fields).unwrap())])
    }

    #[test]
    fn placeholders_are_filled_inside_one_argument_and_other_braces_stay() {
        let mut fields = SinkFields::new(&[
            "tool",
            "--put={name}",
            "{key_id}",
            "{{.x}}",
            "{}",
            "a{",
            "{team}/{name}",
        ]);
        fields.verify = Some(argv(&["tool", "get", "{key_id}"]));
        fields.stdin = Some("{\"v\":\"{secret:json}\",\"w\":{secret}}".to_owned());
        fields.newline = true;
        let plan = Plan::new(&Target::Sink("mine".into()), &sinks(fields), subject()).unwrap();
        assert_eq!(
            plan.deliver,
            [
                "tool",
                "--put=Zapier; $(id)",
                "key_1",
                "{{.x}}",
                "{}",
                "a{",
                "Acme Inc/Zapier; $(id)"
            ]
        );
        assert_eq!(
            plan.verify,
            Verify::ReadBack {
                argv: words("tool get key_1"),
                required: true
            }
        );
        let quoted = Secret::parse(r#"cz_"a\b"#).unwrap();
        let input = plan.input(&quoted, None).unwrap();
        assert_eq!(
            std::str::from_utf8(&input).unwrap(),
            "{\"v\":\"cz_\\\"a\\\\b\",\"w\":cz_\"a\\b}\n"
        );
        assert_eq!(input.capacity(), input.len());
    }

    #[test]
    fn a_sink_that_cannot_be_right_is_refused() {
        let with = |change: fn(&mut SinkFields)| {
            let mut fields = SinkFields::new(&["tool"]);
            change(&mut fields);
            SinkSpec::new(fields).unwrap_err().to_string()
        };
        for (change, why) in [
            ((|f| f.command.clear()) as fn(&mut SinkFields), "command is empty"),
            (
                |f| f.command = argv(&[""]),
                "command must begin with the name of a program",
            ),
            (
                |f| f.command = argv(&["{name}"]),
                "command must begin with the name of a program",
            ),
            (|f| f.command.push("x={secret}".into()), "command holds {secret}"),
            (|f| f.command.push("{id}".into()), "command holds {id}"),
            (|f| f.command.push("a\0".into()), "command holds a zero byte"),
            (
                |f| f.verify = Some(argv(&["t", "{secret:json}"])),
                "verify holds {secret}",
            ),
            (|f| f.verify = Some(Vec::new()), "verify is empty"),
            (|f| f.preflight = Some(argv(&["t", "{name}"])), "preflight runs before"),
            (|f| f.stdin = Some(String::new()), "stdin holds neither"),
            (|f| f.stdin = Some("{name}={secret}".into()), "stdin can hold"),
            (|f| f.stdin = Some("{secert}".into()), "stdin holds {secert}"),
            (|f| f.limit = Duration::ZERO, "limit must be"),
            (|f| f.limit = Duration::from_secs(601), "limit must be"),
        ] {
            let error = with(change);
            assert!(error.starts_with(why), "{error}");
        }
    }

    #[test]
    fn a_keys_own_words_cannot_become_an_option_or_hide() {
        let named = |words: &[&str], name: &str| {
            let subject = Subject { name, ..subject() };
            Plan::new(&Target::Sink("mine".into()), &sinks(SinkFields::new(words)), subject)
        };
        assert!(named(&["t", "{name}"], "--help").is_err());
        assert!(named(&["t", "--", "{name}"], "--help").is_ok());
        assert!(named(&["t", "n={name}"], "--help").is_ok());
        let hidden = named(&["t", "{name}"], "a\u{1b}[2Jb").unwrap_err().to_string();
        assert!(hidden.contains("a\\e[2Jb"), "{hidden}");
        let unknown = Subject {
            team: None,
            ..subject()
        };
        let fields = SinkFields::new(&["t", "{team}"]);
        assert!(Plan::new(&Target::Sink("mine".into()), &sinks(fields), unknown).is_err());
    }

    #[test]
    fn a_sink_nobody_wrote_is_told_with_those_there_are() {
        let error = preflight(&Target::Sink("other".into()), &sinks(SinkFields::new(&["t"]))).unwrap_err();
        assert_eq!(error.to_string(), "There is no [sinks.other] in the config, only mine");
    }

    #[test]
    fn what_is_read_back_may_end_with_one_line_break() {
        for (read, same) in [
            (VALUE.to_owned(), true),
            (format!("{VALUE}\n"), true),
            (format!("{VALUE}\r\n"), true),
            (format!("{VALUE}\n\n"), false),
            (format!("{VALUE} "), false),
            (String::new(), false),
            (VALUE.to_lowercase(), false),
        ] {
            assert_eq!(is_same(&secret(), read.as_bytes()), same, "{read:?}");
        }
    }

    #[test]
    fn a_date_is_found_in_the_list_of_secrets() {
        let list =
            br#"[{"name":"A","updatedAt":"2026-01-02T03:04:05Z"},{"name":"B","updatedAt":"2026-02-02T03:04:05Z"}]"#;
        let at = updated_at(list, "a").unwrap().unwrap();
        assert_eq!(at, "2026-01-02T03:04:05Z".parse().unwrap());
        assert_eq!(updated_at(list, "C").unwrap(), None);
        for bad in ["", "{}", r#"[{"name":"C"}]"#, r#"[{"name":"C","updatedAt":"soon"}]"#] {
            assert!(updated_at(bad.as_bytes(), "C").is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_part_of_a_value_is_left_in_another_programs_words(
            value in "cz_[!-~]{21,60}", before in "[ -~]{0,9}", after in "[ -~]{0,9}", cut in 0_usize..40,
        ) {
            let secret = Secret::parse(&value).unwrap();
            let value = secret.expose();
            let json = serde_json::to_string(value).unwrap();
            let longer = format!("{before}{value}{after}");
            let hex: String = value.bytes().map(|byte| format!("{byte:02x}")).collect();
            for form in [value.to_owned(), json.trim_matches('"').to_owned(), hex, STANDARD.encode(&longer), URL_SAFE.encode(&longer)] {
                let wrapped = format!("{}\n{}", &form[..form.len() / 2], &form[form.len() / 2..]);
                let cut_off = &form[..form.len() - cut.min(form.len() - 1)];
                for text in [form.clone(), wrapped, cut_off.to_owned()] {
                    let shown = masked(&secret, &format!("é {text} é"));
                    prop_assert!(shown.starts_with("é") && shown.ends_with("é"));
                    for window in value.as_bytes().windows(WINDOW) {
                        prop_assert!(!shown.as_bytes().windows(WINDOW).any(|part| part == window), "{}", shown);
                    }
                    // At most the neighbours' own characters stay of the encoded forms.
                    let kept = shown.replace(MASK, "");
                    prop_assert!(kept.len() <= "é  é\n".len() + 2 * (WINDOW + 16), "{}", shown);
                }
            }
        }

        #[test]
        fn a_wrapped_value_reads_as_the_same_json_string(value in "[!-~]{1,80}") {
            let secret = Secret::parse(&value).unwrap();
            let mut fields = SinkFields::new(&["t"]);
            fields.stdin = Some("\"{secret:json}\"".to_owned());
            let plan = Plan::new(&Target::Sink("mine".into()), &sinks(fields), subject()).unwrap();
            let input = plan.input(&secret, None).unwrap();
            prop_assert_eq!(input.capacity(), input.len());
            prop_assert_eq!(serde_json::from_slice::<String>(&input).unwrap(), secret.expose());
        }
    }
}
