//! Texts with placeholders: the arguments of a program, and what it reads on standard input.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::error::SinkError;
use super::json_field::json_text;
use super::parts::Parts;
use crate::core::secret::Secret;
use crate::core::text::clean;

/// A part of a text with placeholders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Segment<'a> {
    Text(&'a str),
    Placeholder(&'a str),
}

/// Splits a text at its placeholders. A brace that does not enclose a single word is a brace.
pub(super) fn segments(text: &str) -> Vec<Segment<'_>> {
    let (mut segments, mut rest) = (Vec::new(), text);
    while let Some((before, after)) = rest.split_once('{') {
        let word = after.split_once('}').filter(|(word, _)| {
            !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || "_-:".contains(c))
        });
        segments.push(Segment::Text(before));
        rest = match word {
            Some((word, behind)) => {
                segments.push(Segment::Placeholder(word));
                behind
            }
            None => {
                segments.push(Segment::Text("{"));
                after
            }
        };
    }
    segments.push(Segment::Text(rest));
    segments.retain(|segment| *segment != Segment::Text(""));
    segments
}

pub(super) fn placeholders(text: &str) -> impl Iterator<Item = &str> {
    segments(text).into_iter().filter_map(|segment| match segment {
        Segment::Text(_) => None,
        Segment::Placeholder(word) => Some(word),
    })
}

/// Each placeholder becomes its value as it is, inside its one argument. A word whose value is `None` is left out.
pub(super) fn fill<'a>(
    words: &[impl AsRef<str>],
    value: impl Fn(&str) -> Result<Option<&'a str>, SinkError>,
) -> Result<Vec<String>, SinkError> {
    let mut filled: Vec<String> = Vec::with_capacity(words.len());
    'words: for word in words {
        let segments = segments(word.as_ref());
        let mut text = String::new();
        for segment in &segments {
            match segment {
                Segment::Text(plain) => text.push_str(plain),
                Segment::Placeholder(name) => match value(name)? {
                    Some(value) => text.push_str(value),
                    None => continue 'words,
                },
            }
        }
        let ours = matches!(segments.first(), Some(Segment::Placeholder(_)));
        if ours && text.starts_with('-') && !filled.iter().any(|before| before == "--") {
            return Err(SinkError(format!(
                "The key's own text makes the argument “{}”, which begins with a dash and could be taken for an \
                 option. Put “--” before it in the sink's command, if the program supports that",
                clean(&text)
            )));
        }
        filled.push(text);
    }
    Ok(filled)
}

/// `text` with the value in it, in a buffer that never grows and is wiped when dropped.
pub(super) fn written(secret: &Secret, text: &str, parts: &Parts) -> Zeroizing<Vec<u8>> {
    let value = secret.expose();
    let wanted = |form: &str| placeholders(text).any(|word| word == form);
    let (mut json, mut base64) = (Zeroizing::default(), Zeroizing::default());
    if wanted("secret:json") {
        json = json_text(value);
    }
    if wanted("secret:base64") {
        base64 = Zeroizing::new(STANDARD.encode(value));
    }
    let segments = segments(text);
    let pieces = segments.iter().map(|segment| match segment {
        Segment::Text(plain) => plain.as_bytes(),
        Segment::Placeholder("secret") => value.as_bytes(),
        Segment::Placeholder("secret:json") => json.as_slice(),
        Segment::Placeholder("secret:base64") => base64.as_bytes(),
        Segment::Placeholder(part) => parts.text(part).as_bytes(),
    });
    let mut out = Zeroizing::new(Vec::with_capacity(pieces.clone().map(<[u8]>::len).sum()));
    pieces.for_each(|piece| out.extend_from_slice(piece));
    out
}
