//! What a program reads on standard input: the value in its wrapping.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::spec::{Fill, Piece, Template};
use crate::core::secret::Secret;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Input {
    Template(Template),
    MergePatch {
        key: String,
    },
    /// What the target holds, with the value in it.
    Edited,
}

pub(super) fn written(secret: &Secret, template: &[Piece]) -> Zeroizing<Vec<u8>> {
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

pub(super) fn json_size(value: &[u8]) -> usize {
    value.len() + value.iter().filter(|&&byte| needs_escape(byte)).count()
}

pub(super) fn push_json(out: &mut Vec<u8>, value: &[u8]) {
    for &byte in value {
        if needs_escape(byte) {
            out.push(b'\\');
        }
        out.push(byte);
    }
}

/// `{"data":{KEY:BASE64}}`: a legal key holds nothing that JSON escapes.
pub(super) fn merge_patch(secret: &Secret, key: &str) -> Zeroizing<Vec<u8>> {
    let value = Zeroizing::new(STANDARD.encode(secret.expose()));
    let parts = ["{\"data\":{\"", key, "\":\"", &value, "\"}}"];
    let mut out = Zeroizing::new(Vec::with_capacity(parts.iter().map(|part| part.len()).sum()));
    for part in parts {
        out.extend_from_slice(part.as_bytes());
    }
    out
}
