//! A value as it was found: in a log, a header, a script.

/// The longest name of a variable that is taken off the front.
const NAME_LIMIT: usize = 64;

/// The value without what is copied along with it: white space, quotes, the words of an HTTP header, and the name of a
/// variable.
#[must_use]
pub fn unwrapped(bytes: &[u8]) -> &[u8] {
    let mut rest = bytes.trim_ascii();
    loop {
        let before = rest.len();
        for word in ["authorization:", "bearer ", "export "] {
            if let Some((head, tail)) = rest.split_at_checked(word.len())
                && head.eq_ignore_ascii_case(word.as_bytes())
            {
                rest = tail.trim_ascii();
            }
        }
        rest = without_name(rest);
        if let [first @ (b'"' | b'\'' | b'`'), inner @ .., last] = rest
            && first == last
        {
            rest = inner.trim_ascii();
        }
        if rest.len() == before {
            return rest;
        }
    }
}

/// `NAME=value` without `NAME=`. What stands before the last sign of a padded value is no name.
fn without_name(bytes: &[u8]) -> &[u8] {
    let Some(at) = bytes.iter().take(NAME_LIMIT + 1).position(|&byte| byte == b'=') else {
        return bytes;
    };
    let Some((name, [_, value @ ..])) = bytes.split_at_checked(at) else {
        return bytes;
    };
    let legal = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let is_name = name.first().is_some_and(|first| !first.is_ascii_digit()) && name.iter().all(legal);
    let value = value.trim_ascii();
    if is_name && value.iter().any(|&byte| byte != b'=') {
        value
    } else {
        bytes
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_copied_along_with_a_key_is_dropped() {
        for text in [
            "cz_a",
            " cz_a\r\n",
            "Bearer cz_a",
            "bearer  cz_a\n",
            "\"cz_a\"",
            "'Bearer cz_a'",
            "Authorization: Bearer cz_a",
            "\"Authorization: Bearer 'cz_a'\"",
            "CHATZURI_API_KEY=cz_a",
            "export CHATZURI_API_KEY=\"cz_a\"",
            "'KEY=cz_a'",
        ] {
            assert_eq!(unwrapped(text.as_bytes()), b"cz_a", "{text}");
        }
        assert_eq!(unwrapped(b"\"cz_a"), b"\"cz_a");
        assert_eq!(unwrapped(b"\""), b"\"");
        assert_eq!(unwrapped(b"\"\""), b"");
    }

    #[test]
    fn a_padded_value_keeps_its_signs() {
        for text in ["cz_abc=", "cz_abc==", "="] {
            assert_eq!(unwrapped(text.as_bytes()), text.as_bytes());
        }
    }

    proptest! {
        #[test]
        fn a_wrapped_value_comes_out_whole(value in "cz_[A-Za-z0-9]{20,60}={0,2}", name in "[A-Z][A-Z_0-9]{0,20}") {
            for text in [
                format!("Bearer {value}"),
                format!("\n{name}='{value}'\n"),
                format!("'Authorization: Bearer {value}'"),
                format!("export {name}={value}"),
            ] {
                prop_assert_eq!(unwrapped(text.as_bytes()), value.as_bytes());
            }
        }

        #[test]
        fn any_bytes_are_taken_and_the_result_lies_within(bytes: Vec<u8>) {
            let rest = unwrapped(&bytes);
            prop_assert!(rest.is_empty() || bytes.windows(rest.len()).any(|window| window == rest));
        }
    }
}
