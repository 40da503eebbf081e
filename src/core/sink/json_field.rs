//! One field of a JSON object's text is changed; every other byte stays as it is.

use std::ops::Range;

use serde::Deserialize;
use serde::de::IgnoredAny;
use zeroize::Zeroizing;

use super::error::SinkError;
use super::preset::is_same;
use crate::core::secret::Secret;
use crate::core::text::clean;

/// A secret is visible ASCII, so these two are all that JSON needs escaped.
fn needs_escape(byte: u8) -> bool {
    matches!(byte, b'"' | b'\\')
}

/// `text` as it stands inside a JSON string.
pub(super) fn json_text(text: &str) -> Zeroizing<Vec<u8>> {
    let escaped = text.bytes().filter(|&byte| needs_escape(byte)).count();
    let mut out = Zeroizing::new(Vec::with_capacity(text.len() + escaped));
    for byte in text.bytes() {
        if needs_escape(byte) {
            out.push(b'\\');
        }
        out.push(byte);
    }
    out
}

/// `object` with `field` set to `value`.
pub(super) fn with_field(field: &str, value: &str, object: &[u8]) -> Result<Zeroizing<Vec<u8>>, SinkError> {
    let (replaced, lead) = spot(object, field)?;
    let (Some(before), Some(after)) = (object.get(..replaced.start), object.get(replaced.end..)) else {
        return Err(no_object());
    };
    let (value, name) = (json_text(value), json_text(field));
    let named: [&[u8]; 4] = match lead {
        Some(lead) => [lead, b"\"", &name, b"\":"],
        None => [b""; 4],
    };
    let [lead, quote, name, colon] = named;
    let whole = [before, lead, quote, name, colon, b"\"", &value, b"\"", after].concat();
    Ok(Zeroizing::new(whole))
}

/// Whether the value at `field` of a JSON object is the secret.
pub(super) fn holds(secret: &Secret, field: &str, object: &[u8]) -> bool {
    let Ok((range, None)) = spot(object, field) else {
        return false;
    };
    let read = object
        .get(range)
        .and_then(|text| serde_json::from_slice::<String>(text).ok());
    read.map(Zeroizing::new)
        .is_some_and(|read| is_same(secret, read.as_bytes()))
}

fn no_object() -> SinkError {
    SinkError("It is not a JSON object, so it has no fields. Put one there first, at least “{}”".to_owned())
}

/// Where the value of a field goes; with it, where there is no such field yet, what stands before its name.
fn spot(object: &[u8], field: &str) -> Result<(Range<usize>, Option<&'static [u8]>), SinkError> {
    if std::str::from_utf8(object).is_err() || serde_json::from_slice::<IgnoredAny>(object).is_err() {
        return Err(no_object());
    }
    let mut text = Text { bytes: object, at: 0 };
    if !text.take(b'{') {
        return Err(no_object());
    }
    let (inside, mut last, mut found) = (text.at, None, None);
    while let Some((name, _)) = text.next::<String>() {
        text.take(b':');
        let (_, value) = text.next::<IgnoredAny>().ok_or_else(no_object)?;
        last = Some(value.end);
        if name == field && found.replace(value).is_some() {
            return Err(SinkError(format!("It has several fields “{}”", clean(field))));
        }
        if !text.take(b',') {
            break;
        }
    }
    let Some(value) = found else {
        let (at, lead): (usize, &[u8]) = last.map_or((inside, b""), |end| (end, b","));
        return Ok((at..at, Some(lead)));
    };
    if !matches!(object.get(value.start), Some(b'"' | b'n')) {
        return Err(SinkError(format!(
            "Its field “{}” holds more than a text, which the value would replace: name another field",
            clean(field)
        )));
    }
    Ok((value, None))
}

/// A JSON text that is read part by part.
struct Text<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Text<'a> {
    fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    fn skip_space(&mut self) {
        let space = self.rest().iter().take_while(|byte| byte.is_ascii_whitespace());
        self.at += space.count();
    }

    fn take(&mut self, byte: u8) -> bool {
        self.skip_space();
        let there = self.rest().first() == Some(&byte);
        self.at += usize::from(there);
        there
    }

    fn next<T: Deserialize<'a>>(&mut self) -> Option<(T, Range<usize>)> {
        self.skip_space();
        let start = self.at;
        let mut values = serde_json::Deserializer::from_slice(self.rest()).into_iter::<T>();
        let value = values.next()?.ok()?;
        self.at += values.byte_offset();
        Some((value, start..self.at))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    const VALUE: &str = "cz_\"Iz1P\\0123456789abcdef";

    fn set(object: &str, field: &str) -> Result<String, String> {
        let secret = Secret::parse(VALUE).unwrap();
        let set = with_field(field, VALUE, object.as_bytes()).map_err(|no| no.to_string())?;
        assert!(holds(&secret, field, &set) && !holds(&secret, field, object.as_bytes()));
        Ok(String::from_utf8(set.to_vec()).unwrap())
    }

    #[test]
    fn the_other_fields_stay_byte_for_byte() {
        let quoted = r#""cz_\"Iz1P\\0123456789abcdef""#;
        for (object, expected) in [
            (
                "{ \"b\" : 12345678901234567890123 ,\n\t\"key\":\"old\", \"a\": [1.10, {\"key\":\"x\"}] }\n",
                "{ \"b\" : 12345678901234567890123 ,\n\t\"key\":NEW, \"a\": [1.10, {\"key\":\"x\"}] }\n",
            ),
            ("{}", "{\"key\":NEW}"),
            (" {\r\n} ", " {\"key\":NEW\r\n} "),
            ("{\"a\":true}", "{\"a\":true,\"key\":NEW}"),
            (
                "{\"a\":\"k\u{e9}y\\u0000\"\n}",
                "{\"a\":\"k\u{e9}y\\u0000\",\"key\":NEW\n}",
            ),
            ("{\"k\\u0065y\":null}", "{\"k\\u0065y\":NEW}"),
        ] {
            assert_eq!(set(object, "key").unwrap(), expected.replace("NEW", quoted), "{object}");
        }
    }

    #[test]
    fn what_has_no_such_field_to_set_is_refused() {
        for (object, why) in [
            ("", "is not a JSON object"),
            ("old", "is not a JSON object"),
            ("\"old\"", "is not a JSON object"),
            ("[{\"key\":\"old\"}]", "is not a JSON object"),
            ("{\"key\":\"old\"", "is not a JSON object"),
            ("{\"key\":\"old\"} {}", "is not a JSON object"),
            ("{\"key\":\"a\",\"key\":\"b\"}", "several fields “key”"),
            ("{\"key\":{\"a\":1}}", "holds more than a text"),
            ("{\"key\":[]}", "holds more than a text"),
            ("{\"key\":1}", "holds more than a text"),
        ] {
            let error = set(object, "key").expect_err(object);
            assert!(error.contains(why), "{object}: {error}");
        }
    }

    proptest! {
        #[test]
        fn whatever_else_an_object_holds_stays(
            others in proptest::collection::btree_map("[a-z]{1,3}", "\\PC{0,12}", 0..5), field in "[a-z]{1,3}",
        ) {
            let mut expected: Value = serde_json::to_value(&others).unwrap();
            let set = set(&expected.to_string(), &field).unwrap();
            expected[&field] = VALUE.into();
            prop_assert_eq!(serde_json::from_str::<Value>(&set).unwrap(), expected);
        }
    }
}
