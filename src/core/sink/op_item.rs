//! One field of a 1Password item is changed, and the item given back whole.

use std::io;

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

/// Whether an item as printed can be given back whole without losing anything, and has the field.
///
/// # Errors
/// [`NoPlan`] says why not.
pub fn check_item(fetched: &[u8], field: &str) -> Result<(), NoPlan> {
    editable(fetched, field).map(|_| ())
}

fn editable(fetched: &[u8], field: &str) -> Result<(Item, usize), NoPlan> {
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
    let mut found = (0..fields.len()).filter(|&at| {
        fields
            .get(at)
            .is_some_and(|entry| says(entry, "label") == field || says(entry, "id") == field)
    });
    match (found.next(), found.next()) {
        (Some(at), None) => Ok((item, at)),
        (None, _) => Err(NoPlan(format!(
            "The item has no field “{}”: add it once, with any value",
            clean(field)
        ))),
        (Some(_), Some(_)) => Err(NoPlan(format!(
            "The item has several fields “{}”: name it by its id",
            clean(field)
        ))),
    }
}

pub(super) fn edited_item(secret: &Secret, field: &str, fetched: &[u8]) -> Result<Zeroizing<Vec<u8>>, NoPlan> {
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
            (r#"{"fields":[{"label":"a"},{"label":"a"}]}"#, "several fields"),
            (
                r#"{"fields":[{"label":"a"},{"label":"b","value":"[use 'op item get x --reveal' to reveal]"}]}"#,
                "hides the other fields",
            ),
        ] {
            let error = check_item(item.as_bytes(), "a").expect_err(item).to_string();
            assert!(error.contains(why), "{item}: {error}");
        }
    }
}
