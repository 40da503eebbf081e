//! `op://VAULT/ITEM/FIELD`, `op://VAULT/ITEM/SECTION/FIELD`: a field of a 1Password item, which is given back whole.
//!
//! Names: <https://developer.1password.com/docs/cli/secret-reference-syntax/>.
//! Programs: <https://developer.1password.com/docs/cli/item-edit/>,
//! <https://developer.1password.com/docs/cli/item-template-json/>.

use std::io;

use serde_json::Value;
use zeroize::{Zeroize, Zeroizing};

use crate::core::sink::error::SinkError;
use crate::core::sink::parts::{Parts, is_plain, part};
use crate::core::sink::preset::{Contents, Edited, PATIENT_LIMIT, Preset, ReadBack, Stdin, Unread, VALUE_ALONE};
use crate::core::text::clean;

pub(super) static OP: Preset = Preset {
    scheme: "op",
    form: "op://VAULT/ITEM[/SECTION]/FIELD",
    parse,
    pin: None,
    on_windows: true,
    limit: PATIENT_LIMIT,
    preflights: &[],
    // An assignment would put the value on the command line, and what is piped is taken for a whole item.
    // https://github.com/1Password/install-cli-action/issues/10
    command: "op item edit {item} --vault {vault}",
    stdin: Stdin::Edited(Contents {
        argv: "op item get {item} --vault {vault} --format json",
        hint: "Sign in with “op signin”; vault and item must exist",
        failed: |_, _| Unread::Failure,
        edit,
        secrets,
    }),
    read_back: ReadBack {
        argv: "op read --no-newline {target}",
        shows: VALUE_ALONE,
    },
};

fn parse(rest: &str) -> Result<Parts, String> {
    let form = "the form is op://VAULT/ITEM/FIELD or op://VAULT/ITEM/SECTION/FIELD";
    let rest = rest.strip_prefix("//").ok_or(form)?;
    let parts: Vec<&str> = rest.split('/').collect();
    let (vault, item, section, field) = match *parts {
        [vault, item, field] => (vault, item, None, field),
        [vault, item, section, field] => (vault, item, Some(section), field),
        _ => return Err(format!("{form}, but this has {} parts", parts.len())),
    };
    let named = [("the vault", vault), ("the item", item), ("the field", field)];
    for (what, text) in named.into_iter().chain(section.map(|section| ("the section", section))) {
        // What a secret reference of theirs can hold; anything else is named by its id.
        part(what, text, 256, |c| is_plain(c) || c == ' ')?;
    }
    Ok(Parts::new([
        ("vault", Some(vault)),
        ("item", Some(item)),
        ("section", section),
        ("field", Some(field)),
    ]))
}

/// An item, wiped when dropped: it holds the person's other secrets.
struct OpItem(Value);

impl Drop for OpItem {
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

/// Whether an entry is the field of this label or id, in the section of that label or id where one is named.
fn is_field(parts: &Parts, entry: &Value) -> bool {
    let named = |value: &Value, wanted: &str| {
        ["label", "id"]
            .iter()
            .any(|key| value.get(key).and_then(Value::as_str) == Some(wanted))
    };
    let in_section = |section| entry.get("section").is_some_and(|there| named(there, section));
    named(entry, parts.text("field")) && parts.get("section").is_none_or(in_section)
}

/// The values of an item's fields.
fn secrets(printed: &[u8]) -> Vec<Zeroizing<String>> {
    let item = OpItem(serde_json::from_slice(printed).unwrap_or_default());
    let values = item.fields().iter().filter_map(|field| field.get("value")?.as_str());
    values.map(|text| Zeroizing::new(text.to_owned())).collect()
}

impl OpItem {
    fn fields(&self) -> &[Value] {
        let fields = self.0.get("fields").and_then(Value::as_array);
        fields.map_or(&[], Vec::as_slice)
    }
}

/// The item, and where its field is, if the item can be given back whole without losing anything.
fn editable(parts: &Parts, printed: &[u8]) -> Result<(OpItem, usize), SinkError> {
    let no = |why: &str| Err(SinkError(why.to_owned()));
    let Ok(item) = serde_json::from_slice(printed).map(OpItem) else {
        return no("1Password did not print an item, or the item is too large to edit from here");
    };
    if item.0.get("category").and_then(Value::as_str) == Some("LOGIN") {
        return no(
            "A Login item can hold a passkey, which this edit would overwrite. Keep the key in an item of the \
             category API Credential",
        );
    }
    let files = item.0.get("files").and_then(Value::as_array);
    if files.is_some_and(|files| !files.is_empty()) {
        return no("The item has files, which this edit could drop. Keep the key in an item without files");
    }
    let hidden = |field: &Value| {
        let value = field.get("value").and_then(Value::as_str);
        value.is_some_and(|value| value.contains("op item get"))
    };
    if item.fields().iter().any(hidden) {
        return no("1Password hides the other fields, so saving the item would overwrite them");
    }
    let field = format!("“{}”", clean(parts.text("field")));
    let field = match parts.get("section") {
        None => field,
        Some(section) => format!("{field} in a section “{}”", clean(section)),
    };
    let found = item
        .fields()
        .iter()
        .enumerate()
        .filter(|(_, entry)| is_field(parts, entry));
    let found: Vec<usize> = found.map(|(at, _)| at).collect();
    match *found {
        [at] => Ok((item, at)),
        [] => no(&format!("The item has no field {field}: add it once, with any value")),
        _ => no(&format!(
            "The item has several fields {field}: add the section, as in op://VAULT/ITEM/SECTION/FIELD, or use the \
             field's id"
        )),
    }
}

fn edit(parts: &Parts, value: &str, printed: &[u8]) -> Edited {
    let unwritable = |_| SinkError("Cannot write the item".to_owned());
    let (mut item, at) = editable(parts, printed)?;
    if let Some(entry) = item
        .0
        .get_mut("fields")
        .and_then(|fields| fields.get_mut(at))
        .and_then(Value::as_object_mut)
        && let Some(mut old) = entry.insert("value".to_owned(), Value::String(value.to_owned()))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_that_would_lose_something_is_left_alone() {
        for (item, why) in [
            ("not JSON", "did not print an item"),
            (r#"{"category":"LOGIN","fields":[{"label":"a"}]}"#, "passkey"),
            (r#"{"fields":[{"label":"a"}],"files":[{"id":"f"}]}"#, "has files"),
            (r#"{"fields":[{"label":"b"}]}"#, "has no field “a”"),
            (
                r#"{"fields":[{"label":"a"},{"label":"a"}]}"#,
                "several fields “a”: add the section",
            ),
            (
                r#"{"fields":[{"label":"a"},{"label":"b","value":"[use 'op item get x --reveal' to reveal]"}]}"#,
                "hides the other fields",
            ),
        ] {
            let error = edit(&parse("//v/i/a").unwrap(), "x", item.as_bytes())
                .expect_err(item)
                .to_string();
            assert!(error.contains(why), "{item}: {error}");
        }
    }

    #[test]
    fn a_section_tells_fields_of_one_name_apart() {
        let item = br#"{"fields":[
            {"label":"a","value":"1"},
            {"label":"a","value":"2","section":{"id":"s_1","label":"Web"}},
            {"label":"a","value":"3","section":{"id":"s_2","label":"Shop"}}]}"#;
        let value = "cz_Iz1P0123456789abcdefCpSn";
        for (section, at) in [("Web", 1), ("Shop", 2), ("s_1", 1)] {
            let given = edit(&parse(&format!("//v/i/{section}/a")).unwrap(), value, item).unwrap();
            let mut expected: Value = serde_json::from_slice(item).unwrap();
            expected["fields"][at]["value"] = value.into();
            assert_eq!(serde_json::from_slice::<Value>(&given).unwrap(), expected, "{section}");
        }
        let error = edit(&parse("//v/i/Blog/a").unwrap(), value, item)
            .unwrap_err()
            .to_string();
        assert!(error.contains("no field “a” in a section “Blog”"), "{error}");
        assert!(edit(&parse("//v/i/a").unwrap(), value, item).is_err());
    }

    #[test]
    fn the_values_of_an_item_are_known_as_secret_and_its_title_is_not() {
        let found = secrets(br#"{"title":"Key","fields":[{"label":"a","value":"one"}]}"#);
        assert_eq!(found.iter().map(|text| text.as_str()).collect::<Vec<_>>(), ["one"]);
    }
}
