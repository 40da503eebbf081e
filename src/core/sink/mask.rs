//! Another program's words, with nothing of the value in them.

use std::collections::{BTreeMap, HashSet};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use zeroize::Zeroizing;

use super::json_field::json_text;
use crate::core::secret::{MASK, Secret};

/// A part of a value this long is recognised in another program's words.
const WINDOW: usize = 8;

/// The shortest text beside the value that is hidden: a shorter one would take common words with it.
const SHORTEST: usize = 6;

/// Another program's words without the value and without `others`: whole, cut off or broken up, and the value also as JSON,
/// base64 or hex.
#[must_use]
pub fn masked(secret: &Secret, others: &[Zeroizing<String>], text: &str) -> String {
    let bytes = text.as_bytes();
    let mut hidden = vec![false; bytes.len()];
    let forms = forms(secret);
    let others = others.iter().filter(|other| other.len() >= SHORTEST);
    let mut windows: BTreeMap<usize, HashSet<&[u8]>> = BTreeMap::new();
    for form in forms.iter().chain(others) {
        let form = form.as_bytes();
        let width = WINDOW.min(form.len().max(1));
        windows.entry(width).or_default().extend(form.windows(width));
    }
    for (width, known) in windows {
        for (at, part) in bytes.windows(width).enumerate() {
            if known.contains(part) {
                hidden.iter_mut().skip(at).take(width).for_each(|mark| *mark = true);
            }
        }
    }
    let mut out = String::with_capacity(text.len());
    let mut masking = false;
    // A character is hidden with its first byte.
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
    let mut hex = String::with_capacity(2 * value.len());
    for byte in value {
        for half in [byte >> 4, byte & 15] {
            hex.push(char::from_digit(u32::from(half), 16).unwrap_or('0'));
        }
    }
    let mut all = vec![
        secret.expose().to_owned(),
        String::from_utf8_lossy(&json_text(secret.expose())).into_owned(),
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

    #[test]
    fn what_else_a_target_holds_is_hidden_too_and_a_short_word_is_not() {
        let secret = Secret::parse("cz_Iz1P0123456789abcdefCpSn").unwrap();
        let others = ["the other pässword", "4711-0815", "user"].map(|text| Zeroizing::new(text.to_owned()));
        let said = "cannot keep the other pässword or 4711-0815 of this user";
        assert_eq!(masked(&secret, &others, said), "cannot keep •••• or •••• of this user");
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
                    let shown = masked(&secret, &[], &format!("é {text} é"));
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
    }
}
