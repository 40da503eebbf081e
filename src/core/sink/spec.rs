//! A sink of the person's own: how it is written, and whether it can be right.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use super::error::SinkError;
use super::preset::DEFAULT_LIMIT;
use super::presets;
use super::template::placeholders;
use crate::core::secret::mask_values;

/// The longest limit a sink can ask for.
const LONGEST_LIMIT: Duration = Duration::from_secs(600);

/// The person's own sinks, by name.
pub type Sinks = BTreeMap<String, SinkSpec>;

/// `[sinks.NAME]`. No shell is involved; `{name}`, `{key_id}` and `{team}` stand for the key's, as an argument of `command`
/// and `verify` or part of one.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SinkFields {
    /// Program and arguments. It reads the value on its standard input.
    pub command: Vec<String>,
    /// What it reads, around `{secret}`, or, inside a JSON string, `{secret:json}` or `{secret:base64}`. Default: the value
    /// alone.
    #[serde(default)]
    pub stdin: Option<String>,
    /// Whether a line break follows. Default: `false`.
    #[serde(default)]
    pub newline: bool,
    /// Seconds that each program may take. Default: 30.
    #[serde(default)]
    pub limit: Option<u32>,
    /// A command that must succeed before a key is made. Knows nothing of the key, so it has no placeholders.
    #[serde(default)]
    pub preflight: Option<Vec<String>>,
    /// A command that prints the value as it was stored.
    #[serde(default)]
    pub verify: Option<Vec<String>>,
}

impl SinkFields {
    /// A sink that reads the value alone.
    #[must_use]
    pub fn new(command: &[&str]) -> Self {
        Self {
            command: command.iter().map(|&word| word.to_owned()).collect(),
            ..Self::default()
        }
    }
}

/// A sink that can be used: its placeholders are known and stand where they may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SinkSpec {
    pub(super) fields: SinkFields,
    pub(super) stdin: String,
    pub(super) limit: Duration,
}

impl SinkSpec {
    /// Checks a sink.
    ///
    /// # Errors
    /// [`SinkError`] names the setting and what is wrong with it.
    pub fn new(fields: SinkFields) -> Result<Self, SinkError> {
        let bad = |setting: &str, why: &str| Err(SinkError(format!("{setting} {why}")));
        let limit = fields
            .limit
            .map_or(DEFAULT_LIMIT, |seconds| Duration::from_secs(seconds.into()));
        if limit.is_zero() || limit > LONGEST_LIMIT {
            return bad("limit", &format!("must be 1 to {} seconds", LONGEST_LIMIT.as_secs()));
        }
        let mut stdin = fields.stdin.clone().unwrap_or_else(|| "{secret}".to_owned());
        if used("stdin", &stdin)?.iter().any(|word| !is_secret(word)) {
            return bad("stdin", "can hold {secret}, {secret:json} or {secret:base64} only");
        }
        if placeholders(&stdin).next().is_none() {
            return bad(
                "stdin",
                "contains no {secret} in any form, so the value would not be stored",
            );
        }
        if fields.newline {
            stdin.push('\n');
        }
        check_argv("command", &fields.command)?;
        if let Some(argv) = &fields.preflight {
            check_argv("preflight", argv)?;
            if argv.iter().any(|word| placeholders(word).next().is_some()) {
                return bad(
                    "preflight",
                    "runs before the key exists, so it cannot have placeholders",
                );
            }
        }
        if let Some(argv) = &fields.verify {
            check_argv("verify", argv)?;
        }
        Ok(Self { fields, stdin, limit })
    }

    /// The program it runs.
    pub(super) fn program(&self) -> &str {
        self.fields.command.first().map_or("", String::as_str)
    }

    pub(super) fn find<'a>(name: &str, sinks: &'a Sinks) -> Result<&'a Self, SinkError> {
        sinks.get(name).ok_or_else(|| {
            // It may be a value that was given in the place of a target.
            let name = mask_values(name, None);
            let known: Vec<&str> = sinks.keys().map(String::as_str).collect();
            SinkError(if known.is_empty() {
                let forms = presets::forms();
                format!("There is no [sinks.{name}] in the config. The built-in targets are {forms}")
            } else {
                format!("There is no [sinks.{name}] in the config. It has {}", known.join(", "))
            })
        })
    }
}

fn is_secret(placeholder: &str) -> bool {
    matches!(placeholder, "secret" | "secret:json" | "secret:base64")
}

/// The placeholders of a text, all of which are known.
fn used<'a>(setting: &str, text: &'a str) -> Result<Vec<&'a str>, SinkError> {
    let used: Vec<&str> = placeholders(text).collect();
    let unknown = |word: &&&str| !is_secret(word) && !matches!(**word, "name" | "key_id" | "team");
    match used.iter().find(unknown) {
        None => Ok(used),
        Some(word) => Err(SinkError(format!(
            "{setting} contains {{{word}}}, which is not a placeholder: there are {{name}}, {{key_id}} and {{team}}, \
             and {{secret}}, {{secret:json}} and {{secret:base64}} in stdin"
        ))),
    }
}

fn check_argv(setting: &str, argv: &[String]) -> Result<(), SinkError> {
    let bad = |why: &str| Err(SinkError(format!("{setting} {why}")));
    for word in argv {
        if word.contains('\0') {
            return bad("has a zero byte");
        }
        used(setting, word)?;
    }
    match argv.first() {
        None => return bad("is empty"),
        Some(program) if program.is_empty() || placeholders(program).next().is_some() => {
            return bad("must begin with the name of a program");
        }
        Some(_) => {}
    }
    if argv.iter().any(|word| placeholders(word).any(is_secret)) {
        return bad(
            "contains {secret}, but anyone on this machine can read a command line. Pass the value on stdin only",
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn argv(words: &[&str]) -> Vec<String> {
        words.iter().map(|&word| word.to_owned()).collect()
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
            (|f| f.command.push("x={secret}".into()), "command contains {secret}"),
            (|f| f.command.push("{id}".into()), "command contains {id}"),
            (|f| f.command.push("a\0".into()), "command has a zero byte"),
            (
                |f| f.verify = Some(argv(&["t", "{secret:json}"])),
                "verify contains {secret}",
            ),
            (|f| f.verify = Some(Vec::new()), "verify is empty"),
            (|f| f.preflight = Some(argv(&["t", "{name}"])), "preflight runs before"),
            (|f| f.stdin = Some(String::new()), "stdin contains no {secret}"),
            (|f| f.stdin = Some("{name}={secret}".into()), "stdin can hold"),
            (|f| f.stdin = Some("{secert}".into()), "stdin contains {secert}"),
            (|f| f.limit = Some(0), "limit must be"),
            (|f| f.limit = Some(601), "limit must be"),
        ] {
            let error = with(change);
            assert!(error.starts_with(why), "{error}");
        }
    }
}
