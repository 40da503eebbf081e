//! A sink of the person's own: how it is written, whether it can be right, and its placeholders.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::plan::{NoPlan, Subject};
use crate::core::secret::mask_values;
use crate::core::target::Target;
use crate::core::text::clean;

/// How long a sink may take, unless it says otherwise.
pub const DEFAULT_LIMIT: Duration = Duration::from_secs(30);
/// The longest limit a sink can ask for.
pub const LONGEST_LIMIT: Duration = Duration::from_secs(600);

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
    pub(super) command: Vec<Template>,
    pub(super) stdin: Template,
    pub(super) limit: Duration,
    pub(super) preflight: Option<Vec<String>>,
    pub(super) verify: Option<Vec<Template>>,
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

pub(super) type Template = Vec<Piece>;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    Text(String),
    Fill(Fill),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fill {
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

pub(super) fn find<'a>(name: &str, sinks: &'a Sinks) -> Result<&'a SinkSpec, NoPlan> {
    sinks.get(name).ok_or_else(|| {
        // It may be a value that was given in the place of a target.
        let name = mask_values(name, None);
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

/// Each placeholder becomes its value as it is, inside its one argument.
pub(super) fn fill(words: &[Template], subject: Subject<'_>) -> Result<Vec<String>, NoPlan> {
    let mut filled: Vec<String> = Vec::with_capacity(words.len());
    for word in words {
        let mut text = String::new();
        for piece in word {
            text.push_str(match piece {
                Piece::Text(plain) => plain,
                Piece::Fill(Fill::Name) => visible("name", subject.name)?,
                Piece::Fill(Fill::KeyId) => visible("id", subject.key_id)?,
                Piece::Fill(Fill::Team) => match subject.team {
                    Some(team) => visible("team", team)?,
                    None => {
                        return Err(NoPlan(
                            "The sink's command wants the team, and which team the key opens cannot be told".to_owned(),
                        ));
                    }
                },
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::sink::plan::argv;

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
}
