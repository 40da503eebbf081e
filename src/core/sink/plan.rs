//! Which programs must agree before a key is made, which takes its value to a target, and which shows that it is there.

use std::time::Duration;

use zeroize::Zeroizing;

use super::error::SinkError;
use super::parts::Parts;
use super::preset::{
    Contents, Edited, Preflight, Preset, ReadBack, Stdin, Unread, VALUE_ALONE, Words, split, succeeds,
};
use super::spec::{SinkSpec, Sinks};
use super::template::{fill, written};
use crate::core::secret::Secret;
use crate::core::target::Target;
use crate::core::text::clean;

/// The key whose value is delivered; never the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeliveredKey<'a> {
    /// Its id, as the server has it.
    pub id: &'a str,
    /// Its name, as the server has it.
    pub name: &'a str,
    /// Its team's name, where that is known.
    pub team: Option<&'a str>,
}

impl<'a> DeliveredKey<'a> {
    fn word(self, placeholder: &str) -> Result<Option<&'a str>, SinkError> {
        let (what, text) = match placeholder {
            "name" => ("name", self.name),
            "key_id" => ("id", self.id),
            _ => {
                let team = self.team.ok_or_else(|| {
                    SinkError(
                        "The sink's command needs the team, but the server does not say which team the key opens"
                            .to_owned(),
                    )
                })?;
                ("team", team)
            }
        };
        if text.is_empty() {
            return Err(SinkError(format!(
                "The sink's command needs the key's {what}, which is unknown"
            )));
        }
        if clean(text) != text {
            return Err(SinkError(format!(
                "The key's {what} “{}” has hidden characters, so the sink's command cannot contain it",
                clean(text)
            )));
        }
        Ok(Some(text))
    }
}

/// What must agree before a key for a target is made.
#[derive(Debug)]
pub struct Preflights {
    /// A program that must be here, and is not started.
    pub program: Option<String>,
    /// Programs that must agree, in this order.
    pub steps: Vec<Preflight>,
    /// What must have room for the value.
    pub existing: Option<Existing>,
    /// How long each program may take.
    pub limit: Duration,
}

impl Preflights {
    /// What must agree before a key for `target` is made.
    ///
    /// # Errors
    /// [`SinkError`] when no sink has that name, or this platform cannot do it.
    pub fn new(target: &Target, sinks: &Sinks) -> Result<Self, SinkError> {
        let Some((preset, parts)) = target.preset() else {
            let sink = SinkSpec::find(&target.to_string(), sinks)?;
            let own = |argv: &Vec<String>| Preflight {
                argv: argv.clone(),
                agrees: succeeds,
                hint: "It is the sink's own preflight",
            };
            return Ok(Self {
                program: Some(sink.program().to_owned()),
                steps: sink.fields.preflight.iter().map(own).collect(),
                existing: None,
                limit: sink.limit,
            });
        };
        possible_here(preset)?;
        let steps = preset.preflights.iter().map(|step| {
            Ok(Preflight {
                argv: argv(step.argv, target, parts)?,
                agrees: step.agrees,
                hint: step.hint,
            })
        });
        Ok(Self {
            program: None,
            steps: steps.collect::<Result<_, _>>()?,
            existing: Existing::of(preset, target, parts)?,
            limit: preset.limit,
        })
    }
}

/// What a target holds before it takes a value. All but the value stays.
#[derive(Debug)]
pub struct Existing {
    /// Prints it. What it prints is as secret as the value.
    pub argv: Vec<String>,
    contents: &'static Contents,
    parts: Parts,
}

impl Existing {
    fn of(preset: &'static Preset, target: &Target, parts: &Parts) -> Result<Option<Self>, SinkError> {
        match &preset.stdin {
            Stdin::Text(_) => Ok(None),
            Stdin::Edited(contents) => Ok(Some(Self {
                argv: argv(contents.argv, target, parts)?,
                contents,
                parts: parts.clone(),
            })),
        }
    }

    /// What to do when it cannot be read.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        self.contents.hint
    }

    /// What it means that the program failed with these words.
    #[must_use]
    pub fn failed(&self, words: &str) -> Unread {
        (self.contents.failed)(&self.parts, words)
    }

    /// Whether the value can be put into what was printed and nothing else changes.
    ///
    /// # Errors
    /// [`SinkError`] says why not, and what to do.
    pub fn check(&self, printed: &[u8]) -> Result<(), SinkError> {
        self.edited("", printed).map(|_| ())
    }

    /// The secrets in what was printed, so that no message quotes one of them.
    #[must_use]
    pub fn secrets(&self, printed: &[u8]) -> Vec<Zeroizing<String>> {
        (self.contents.secrets)(printed)
    }

    fn edited(&self, value: &str, printed: &[u8]) -> Edited {
        (self.contents.edit)(&self.parts, value, printed)
    }
}

/// How a value is taken to a target.
#[derive(Debug)]
pub struct DeliveryPlan {
    /// Read first where something else could be lost.
    pub existing: Option<Existing>,
    /// The program that takes the value.
    pub command: Vec<String>,
    /// How it is seen that the value is there; `None` where it cannot be.
    pub read_back: Option<ReadBack>,
    /// Whether it counts as a failure when it cannot be read back: the person's own `verify` was asked for, while the
    /// credential for a built-in target may be one that writes only.
    pub must_read_back: bool,
    /// How long each program may take.
    pub limit: Duration,
    /// The parts of the target.
    pub parts: Parts,
    stdin: String,
}

impl DeliveryPlan {
    /// How the value of `key` is taken to `target`.
    ///
    /// # Errors
    /// [`SinkError`] when no sink has that name, this platform cannot do it, or the key's own words cannot stand in an
    /// argument.
    pub fn new(target: &Target, sinks: &Sinks, key: DeliveredKey<'_>) -> Result<Self, SinkError> {
        let Some((preset, parts)) = target.preset() else {
            let sink = SinkSpec::find(&target.to_string(), sinks)?;
            let verify = sink.fields.verify.as_ref();
            let verify = verify.map(|words| fill(words, |word| key.word(word))).transpose()?;
            return Ok(Self {
                existing: None,
                command: fill(&sink.fields.command, |word| key.word(word))?,
                read_back: verify.map(|argv| ReadBack {
                    argv,
                    shows: VALUE_ALONE,
                }),
                must_read_back: true,
                limit: sink.limit,
                parts: Parts::default(),
                stdin: sink.stdin.clone(),
            });
        };
        possible_here(preset)?;
        Ok(Self {
            existing: Existing::of(preset, target, parts)?,
            command: argv(preset.command, target, parts)?,
            read_back: Some(ReadBack {
                argv: argv(preset.read_back.argv, target, parts)?,
                shows: preset.read_back.shows,
            }),
            must_read_back: false,
            limit: preset.limit,
            parts: parts.clone(),
            stdin: match preset.stdin {
                Stdin::Text(text) => text.to_owned(),
                Stdin::Edited(_) => String::new(),
            },
        })
    }

    /// What the program reads: `secret` in its wrapping, in a buffer that never grows and is wiped when dropped. `held` is
    /// what [`Existing::argv`] printed, empty where the target holds nothing.
    ///
    /// # Errors
    /// [`SinkError`] when the value cannot be put into what is there without changing more.
    pub fn input(&self, secret: &Secret, held: &[u8]) -> Edited {
        match &self.existing {
            None => Ok(written(secret, &self.stdin, &self.parts)),
            Some(existing) => existing.edited(secret.expose(), held),
        }
    }
}

/// The words of a preset with the parts of the target in them.
fn argv(words: Words, target: &Target, parts: &Parts) -> Result<Vec<String>, SinkError> {
    let unknown = || SinkError("A built-in target names a part that it does not have".to_owned());
    fill(&split(words), |word| match word {
        "target" => Ok(Some(target.as_str())),
        _ => parts.find(word).ok_or_else(unknown),
    })
}

fn possible_here(preset: &Preset) -> Result<(), SinkError> {
    if cfg!(windows) && !preset.on_windows {
        return Err(SinkError(
            "On Windows, its program takes the value only from a file or the command line. Use a sink of your own"
                .to_owned(),
        ));
    }
    Ok(())
}
