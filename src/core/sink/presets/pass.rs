//! `pass:PATH`: an entry of the standard Unix password manager. The value is its first line; the rest stays.
//!
//! Programs: <https://git.zx2c4.com/password-store/about/>.

use zeroize::Zeroizing;

use crate::core::sink::error::SinkError;
use crate::core::sink::parts::{Parts, is_shown, part, path};
use crate::core::sink::preset::{
    Contents, Edited, PATIENT_LIMIT, Preflight, Preset, ReadBack, Shows, Stdin, Unread, Words, is_same, lines, succeeds,
};

/// Without the terminal's name its agent cannot draw a prompt over our screen.
const SHOW: Words = "env -u GPG_TTY pass show {path}";

pub(super) static PASS: Preset = Preset {
    scheme: "pass",
    form: "pass:PATH",
    parse,
    pin: None,
    on_windows: false,
    limit: PATIENT_LIMIT,
    preflights: &[Preflight {
        argv: "pass ls",
        agrees: succeeds,
        hint: "Create the store once with “pass init”",
    }],
    command: "env -u GPG_TTY pass insert -m -f {path}",
    stdin: Stdin::Edited(Contents {
        argv: SHOW,
        hint: "The lines below the first stay, so the entry must be readable",
        failed,
        edit,
        secrets: lines,
    }),
    read_back: ReadBack {
        argv: SHOW,
        shows: Shows::Value(|_, secret, read| is_same(secret, first_line(read))),
    },
};

fn parse(rest: &str) -> Result<Parts, String> {
    part("the path", rest, 1024, is_shown)?;
    path("the path", rest)?;
    Ok(Parts::new([("path", Some(rest))]))
}

fn failed(_: &Parts, words: &str) -> Unread {
    if words.contains("is not in the password store") {
        Unread::Empty
    } else {
        Unread::Failure
    }
}

fn edit(parts: &Parts, value: &str, printed: &[u8]) -> Edited {
    // Of a folder it prints a tree, which begins with the folder's path.
    if first_line(printed) == parts.text("path").as_bytes() {
        return Err(SinkError(
            "It is a folder, or an entry that contains its own name. Choose another entry".to_owned(),
        ));
    }
    let rest = printed.get(first_line(printed).len()..).unwrap_or_default();
    Ok(Zeroizing::new([value.as_bytes(), rest].concat()))
}

/// The first line, without the break at its end.
fn first_line(text: &[u8]) -> &[u8] {
    let line = text.split(|&byte| byte == b'\n').next().unwrap_or_default();
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUE: &str = "cz_Iz1P0123456789abcdefCpSn";

    #[test]
    fn the_first_line_of_an_entry_is_replaced_and_the_rest_stays() {
        let parts = parse("work/key").unwrap();
        for (before, rest) in [
            ("", ""),
            ("old", ""),
            ("old\n", "\n"),
            ("old\nuser: me\n\notpauth://totp/x", "\nuser: me\n\notpauth://totp/x"),
            ("old\r\nuser: me\r\n", "\r\nuser: me\r\n"),
            ("\nuser: me\n", "\nuser: me\n"),
        ] {
            let edited = edit(&parts, VALUE, before.as_bytes()).unwrap();
            assert_eq!(
                std::str::from_utf8(&edited).unwrap(),
                format!("{VALUE}{rest}"),
                "{before:?}"
            );
        }
        let bytes = edit(&parts, VALUE, b"old\n\xff\x00\n").unwrap();
        assert!(bytes.ends_with(b"\n\xff\x00\n"));
        assert!(edit(&parts, VALUE, "work/key\n├── a\n".as_bytes()).is_err());
    }
}
