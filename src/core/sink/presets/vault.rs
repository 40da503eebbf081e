//! `vault:MOUNT/PATH#FIELD`: a field in a key-value store (version 2) of HashiCorp Vault.
//!
//! Programs: <https://developer.hashicorp.com/vault/docs/commands/kv/patch>,
//! <https://developer.hashicorp.com/vault/docs/commands/token/capabilities>.

use crate::core::sink::parts::{Parts, is_plain, no_dots, part, path};
use crate::core::sink::preset::{
    Agreement, DEFAULT_LIMIT, Ended, Preflight, Preset, ReadBack, Stdin, VALUE_ALONE, succeeds,
};

pub(super) static VAULT: Preset = Preset {
    scheme: "vault",
    form: "vault:MOUNT/PATH#FIELD",
    parse,
    pin: None,
    on_windows: true,
    limit: DEFAULT_LIMIT,
    preflights: &[
        Preflight {
            argv: "vault token capabilities -format=json {mount}/data/{path}",
            agrees: may_patch,
            hint: "The token may not change one field: it needs “patch”, or “read” and “update”, in a version 2 \
                key-value store",
        },
        Preflight {
            argv: "vault kv get -mount={mount} {path}",
            agrees: succeeds,
            hint: "Sign in with “vault login”. The path must exist in a version 2 key-value store, so that one field \
                changes and the others stay",
        },
    ],
    // `put` would drop every other field. https://github.com/hashicorp/vault/issues/12170
    command: "vault kv patch -mount={mount} {path} {field}=-",
    stdin: Stdin::Text("{secret}"),
    read_back: ReadBack {
        argv: "vault kv get -mount={mount} -field={field} {path}",
        shows: VALUE_ALONE,
    },
};

fn parse(rest: &str) -> Result<Parts, String> {
    let wrong = || "the form is vault:MOUNT/PATH#FIELD".to_owned();
    let (place, field) = rest.rsplit_once('#').ok_or_else(wrong)?;
    let (mount, below) = place.split_once('/').ok_or_else(wrong)?;
    let legal = |c| is_plain(c) || matches!(c, '@' | '+' | '=' | ':' | '~');
    part("the mount", mount, 256, is_plain)?;
    part("the path", below, 1024, legal)?;
    path("the path", below)?;
    no_dots("the mount", mount)?;
    part("the field", field, 256, |c| is_plain(c) && c != '/')?;
    Ok(Parts::new([
        ("mount", Some(mount)),
        ("path", Some(below)),
        ("field", Some(field)),
    ]))
}

/// Whether the token may change one field. Not every token may ask; then the next preflight tells.
fn may_patch(ended: &Ended<'_>) -> Agreement {
    let words = serde_json::from_slice::<Vec<String>>(ended.stdout);
    let (true, Ok(words)) = (ended.succeeded, words) else {
        return Agreement::Yes;
    };
    let may = |word: &str| words.iter().any(|said| said == word || said == "root");
    match (may("patch"), may("read")) {
        (true, true) => Agreement::Yes,
        // It cannot read what the next preflight asks for, and need not.
        (true, false) => Agreement::YesToAll,
        // Without the right to patch, the program reads it and writes it back.
        (false, true) if may("update") => Agreement::Yes,
        (false, _) => Agreement::No,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_that_may_patch_need_not_read() {
        for (printed, agreement) in [
            (r#"["patch"]"#, Agreement::YesToAll),
            (r#"["patch","update"]"#, Agreement::YesToAll),
            (r#"["create","patch","read"]"#, Agreement::Yes),
            (r#"["read","update"]"#, Agreement::Yes),
            (r#"["root"]"#, Agreement::Yes),
            (r#"["read"]"#, Agreement::No),
            (r#"["update"]"#, Agreement::No),
            (r#"["deny"]"#, Agreement::No),
            ("patch", Agreement::Yes),
            ("", Agreement::Yes),
        ] {
            let ended = Ended {
                succeeded: true,
                stdout: printed.as_bytes(),
                stderr: "",
            };
            assert_eq!(may_patch(&ended), agreement, "{printed}");
        }
    }
}
