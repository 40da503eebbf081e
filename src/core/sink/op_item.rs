//! One field of a 1Password item is changed, and the item given back whole.

use std::{fmt, io};

use serde_json::Value;
use zeroize::{Zeroize, Zeroizing};

use super::plan::NoPlan;
use crate::core::secret::Secret;
use crate::core::text::clean;

/// A 1Password item, wiped when dropped: it holds the person's other secrets.
struct Item(Value);

impl Drop for Item {
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

/// A field of an item, by its label or id, and those of its section where one is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ItemField {
    pub(super) section: Option<String>,
    pub(super) field: String,
}

impl ItemField {
    fn is(&self, entry: &Value) -> bool {
        let named = |value: &Value, wanted: &str| {
            ["label", "id"]
                .iter()
                .any(|key| value.get(key).and_then(Value::as_str) == Some(wanted))
        };
        named(entry, &self.field)
            && self
                .section
                .as_ref()
                .is_none_or(|section| entry.get("section").is_some_and(|there| named(there, section)))
    }
}

impl fmt::Display for ItemField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "“{}”", clean(&self.field))?;
        match &self.section {
            None => Ok(()),
            Some(section) => write!(f, " in a section “{}”", clean(section)),
        }
    }
}

/// Whether an item as printed can be given back whole without losing anything, and has the field.
pub(super) fn check_item(fetched: &[u8], field: &ItemField) -> Result<(), NoPlan> {
    editable(fetched, field).map(|_| ())
}

/// The values of an item's fields.
pub(super) fn values(fetched: &[u8]) -> Vec<Zeroizing<String>> {
    let item = Item(serde_json::from_slice(fetched).unwrap_or_default());
    let fields = item.0.get("fields").and_then(Value::as_array);
    let values = fields.into_iter().flatten().filter_map(|field| field.get("value"));
    values
        .filter_map(Value::as_str)
        .map(|text| Zeroizing::new(text.to_owned()))
        .collect()
}

fn editable(fetched: &[u8], field: &ItemField) -> Result<(Item, usize), NoPlan> {
    let no = |why: &str| NoPlan(why.to_owned());
    let item = Item(
        serde_json::from_slice(fetched)
            .map_err(|_| no("What 1Password printed is no item, or one larger than can be edited from here"))?,
    );
    if item.0.get("category").and_then(Value::as_str) == Some("LOGIN") {
        return Err(no(
            "A Login item can hold a passkey, which editing it in this way would overwrite. Keep the key in an item of the \
             category API Credential",
        ));
    }
    if item
        .0
        .get("files")
        .and_then(Value::as_array)
        .is_some_and(|files| !files.is_empty())
    {
        return Err(no(
            "The item has files, which editing it in this way could drop. Keep the key in an item without files",
        ));
    }
    let fields = item
        .0
        .get("fields")
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice);
    let says = |field: &Value, key: &str| field.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    if fields
        .iter()
        .any(|field| Zeroizing::new(says(field, "value")).contains("op item get"))
    {
        return Err(no(
            "1Password hides the other fields, so giving the item back would overwrite them",
        ));
    }
    let mut found = (0..fields.len()).filter(|&at| fields.get(at).is_some_and(|entry| field.is(entry)));
    match (found.next(), found.next()) {
        (Some(at), None) => Ok((item, at)),
        (None, _) => Err(NoPlan(format!(
            "The item has no field {field}: add it once, with any value"
        ))),
        (Some(_), Some(_)) => Err(NoPlan(format!(
            "The item has several fields {field}: name its section, as in op://VAULT/ITEM/SECTION/FIELD, or name it by its id"
        ))),
    }
}

pub(super) fn edited_item(secret: &Secret, field: &ItemField, fetched: &[u8]) -> Result<Zeroizing<Vec<u8>>, NoPlan> {
    let unwritable = |_| NoPlan("The item cannot be written".to_owned());
    let (mut item, at) = editable(fetched, field)?;
    if let Some(entry) = item
        .0
        .get_mut("fields")
        .and_then(|fields| fields.get_mut(at))
        .and_then(Value::as_object_mut)
        && let Some(mut old) = entry.insert("value".to_owned(), Value::String(secret.expose().to_owned()))
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
            ("not JSON", "is no item"),
            (r#"{"category":"LOGIN","fields":[{"label":"a"}]}"#, "passkey"),
            (r#"{"fields":[{"label":"a"}],"files":[{"id":"f"}]}"#, "has files"),
            (r#"{"fields":[{"label":"b"}]}"#, "has no field “a”"),
            (
                r#"{"fields":[{"label":"a"},{"label":"a"}]}"#,
                "several fields “a”: name its section",
            ),
            (
                r#"{"fields":[{"label":"a"},{"label":"b","value":"[use 'op item get x --reveal' to reveal]"}]}"#,
                "hides the other fields",
            ),
        ] {
            let error = check_item(item.as_bytes(), &field(None)).expect_err(item).to_string();
            assert!(error.contains(why), "{item}: {error}");
        }
    }

    fn field(section: Option<&str>) -> ItemField {
        ItemField {
            section: section.map(str::to_owned),
            field: "a".to_owned(),
        }
    }

    #[test]
    fn a_section_tells_fields_of_one_name_apart() {
        let item = br#"{"fields":[
            {"label":"a","value":"1"},
            {"label":"a","value":"2","section":{"id":"s_1","label":"Web"}},
            {"label":"a","value":"3","section":{"id":"s_2","label":"Shop"}}]}"#;
        let secret = Secret::parse("cz_Iz1P0123456789abcdefCpSn").unwrap();
        for (section, at) in [("Web", 1), ("Shop", 2), ("s_1", 1)] {
            let given = edited_item(&secret, &field(Some(section)), item).unwrap();
            let mut expected: Value = serde_json::from_slice(item).unwrap();
            expected["fields"][at]["value"] = secret.expose().into();
            assert_eq!(serde_json::from_slice::<Value>(&given).unwrap(), expected, "{section}");
        }
        let error = check_item(item, &field(Some("Blog"))).unwrap_err().to_string();
        assert!(error.contains("no field “a” in a section “Blog”"), "{error}");
        assert!(check_item(item, &field(None)).is_err());
    }
}
