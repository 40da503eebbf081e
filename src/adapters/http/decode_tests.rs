use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::adapters::http::json::parse;

const VALUE: &str = "cz_Iz1P0123456789abcdefCpSn";

fn asked() -> KeyName {
    KeyName::parse("Zapier").unwrap()
}

fn at(text: &str) -> Option<Timestamp> {
    Some(text.parse().unwrap())
}

fn one(key: Value) -> ApiKey {
    page(&json!({"data": [key]})).unwrap().keys.remove(0)
}

#[test]
fn a_list_is_found_wherever_the_contract_lets_it_stand() {
    let keys = json!([{"id": "k1", "name": "Zapier"}]);
    for reply in [
        json!({"data": keys}),
        json!({"api_keys": keys}),
        json!({"apiKeys": keys}),
        json!({"keys": keys}),
        json!({"data": null, "keys": keys}),
        json!({"data": {"keys": keys}}),
        keys.clone(),
    ] {
        assert_eq!(page(&reply).unwrap().keys.len(), 1, "{reply}");
    }
    assert_eq!(page(&json!({"data": []})).unwrap().keys, []);
}

#[test]
fn a_total_is_taken_where_it_is_one() {
    for (total, read) in [
        (json!(231), Some(231)),
        (json!("231"), Some(231)),
        (json!(-1), None),
        (json!("many"), None),
        (json!(null), None),
    ] {
        assert_eq!(page(&json!({"data": [], "total": total})).unwrap().total, read);
    }
    assert_eq!(page(&json!({"data": {"keys": [], "total": 3}})).unwrap().total, Some(3));
}

#[test]
fn ids_are_texts_or_whole_numbers() {
    for (id, raw) in [
        (json!("key_1"), "key_1"),
        (json!(42), "42"),
        (json!(-7), "-7"),
        (json!(9_007_199_254_740_993_u64), "9007199254740993"),
        (json!(u64::MAX), "18446744073709551615"),
    ] {
        assert_eq!(one(json!({"id": id, "name": ""})).id.raw(), raw);
    }
}

#[test]
fn all_fields_are_read_in_both_spellings() {
    let snake = json!({
        "id": 1, "name": "Zapier", "created_at": "2026-09-01T10:00:00Z", "last_used_at": "2026-11-22T10:00:00+02:00",
        "created_by": "ada@example.com", "prefix": "cz_Iz1P", "last_four": "CpSn", "scopes": ["all"]
    });
    let camel = json!({
        "id": 1, "name": "Zapier", "createdAt": "2026-09-01T10:00:00Z", "lastUsedAt": "2026-11-22T10:00:00+02:00",
        "createdBy": {"id": 3, "email": "ada@example.com"}, "prefix": "cz_Iz1P", "last4": "CpSn"
    });
    let key = one(snake);
    assert_eq!(key, one(camel));
    assert_eq!(key.created_at, at("2026-09-01T10:00:00Z"));
    assert_eq!(key.last_used_at, LastUse::At("2026-11-22T08:00:00Z".parse().unwrap()));
    assert_eq!(key.created_by.as_ref().unwrap().raw(), "ada@example.com");
    assert_eq!(key.hint(), "cz_Iz1P…CpSn");
}

#[test]
fn missing_is_unknown_and_null_is_never() {
    let bare = one(json!({"id": 1, "name": ""}));
    assert_eq!(bare.last_used_at, LastUse::Unknown);
    assert_eq!(
        (bare.created_at, bare.created_by, bare.prefix, bare.last_four),
        (None, None, None, None)
    );
    assert!(bare.name.is_blank());
    let nulls = one(json!({"id": 1, "name": "x", "created_at": null, "last_used_at": null, "created_by": {}}));
    assert_eq!(
        (nulls.created_at, nulls.last_used_at, nulls.created_by),
        (None, LastUse::Never, None)
    );
}

#[test]
fn times_are_rfc_3339_or_seconds_or_milliseconds() {
    for (value, time) in [
        (json!("2026-11-22T10:00:00.25Z"), "2026-11-22T10:00:00.25Z"),
        (json!(1_795_341_600), "2026-11-22T10:00:00Z"),
        (json!(1_795_341_600_250_u64), "2026-11-22T10:00:00.25Z"),
        (json!(1_795_341_600.25), "2026-11-22T10:00:00.25Z"),
        (json!("1795341600"), "2026-11-22T10:00:00Z"),
        (json!("1795341600250"), "2026-11-22T10:00:00.25Z"),
        (json!(0), "1970-01-01T00:00:00Z"),
        (json!(99_999_999_999_u64), "5138-11-16T09:46:39Z"),
        (json!(100_000_000_000_u64), "1973-03-03T09:46:40Z"),
    ] {
        assert_eq!(
            one(json!({"id": 1, "name": "", "created_at": value})).created_at,
            at(time),
            "{value}"
        );
    }
}

#[test]
fn a_reply_that_is_no_list_is_named_with_its_place() {
    for (reply, why) in [
        (json!({"data": "x"}), "data is a text, not a list"),
        (json!({"data": null}), "data is null, not a list"),
        (json!({"data": {}}), "data is an object, not a list"),
        (json!({}), "there is no list under data, api_keys, apiKeys, keys"),
        (json!(7), "the reply is a number, not an object nor a list"),
    ] {
        assert_eq!(page(&reply).unwrap_err(), why, "{reply}");
    }
}

#[test]
fn a_row_whose_id_cannot_be_read_costs_no_other_row() {
    let good = json!({"id": 1, "name": "x"});
    for (reply, why) in [
        (
            json!({"data": [good, good, good, {"name": "x"}]}),
            "data[3].id is missing",
        ),
        (
            json!([good, {"id": null, "name": "x"}]),
            "[1].id is null, not a string or a number",
        ),
        (
            json!({"keys": [{"id": 1.5, "name": "x"}, good]}),
            "keys[0].id is not a 64-bit integer",
        ),
        (json!({"data": [{"id": " "}, good]}), "data[0].id is empty or too long"),
        (
            json!({"data": {"keys": [3, good]}}),
            "data.keys[0] is a number, not an object",
        ),
    ] {
        let page = page(&reply).unwrap();
        assert!(!page.keys.is_empty(), "{reply}");
        let [stray] = page.strays.as_slice() else {
            panic!("{reply}: {page:?}")
        };
        assert_eq!((stray.why.as_str(), page.odd), (why, 0), "{reply}");
    }
}

#[test]
fn a_row_without_an_id_may_be_any_key_that_it_does_not_contradict() {
    let wanted = one(json!({"id": "k1", "name": "x", "created_at": 5, "prefix": "cz_a", "last_four": "abcd"}));
    for (row, may_be) in [
        (json!(null), true),
        (json!({"name": "y"}), true),
        (
            json!({"id": null, "created_at": 5, "prefix": "cz_a", "last4": "abcd"}),
            true,
        ),
        (json!({"created_at": 6}), false),
        (json!({"prefix": "cz_b"}), false),
        (json!({"last_four": "abce"}), false),
        (json!({"id": "x".repeat(300)}), false),
    ] {
        let page = page(&json!([row])).unwrap();
        assert_eq!(page.strays[0].may_be(&wanted), may_be, "{row}");
    }
}

#[test]
fn a_field_that_cannot_be_read_is_unknown_and_its_row_is_kept() {
    for (row, whole) in [
        (json!({"id": 1}), json!({"id": 1, "name": ""})),
        (json!({"id": 1, "name": null}), json!({"id": 1, "name": ""})),
        (json!({"id": 1, "name": 5}), json!({"id": 1, "name": ""})),
        (
            json!({"id": 1, "name": "x", "created_at": "soon"}),
            json!({"id": 1, "name": "x"}),
        ),
        (
            json!({"id": 1, "name": "x", "created_at": true}),
            json!({"id": 1, "name": "x"}),
        ),
        (
            json!({"id": 1, "name": "x", "created_at": 1e300}),
            json!({"id": 1, "name": "x"}),
        ),
        (
            json!({"id": 1, "name": "x", "lastUsedAt": ""}),
            json!({"id": 1, "name": "x"}),
        ),
        (
            json!({"id": 1, "name": "x", "prefix": 7, "last4": "x".repeat(129)}),
            json!({"id": 1, "name": "x"}),
        ),
        (
            json!({"id": 1, "name": "x", "created_by": []}),
            json!({"id": 1, "name": "x"}),
        ),
    ] {
        let page = page(&json!({"data": [row, whole]})).unwrap();
        assert_eq!(page.keys[0], page.keys[1], "{row}");
        assert_eq!((page.odd, page.strays.len()), (1, 0), "{row}");
    }
}

#[test]
fn a_created_key_is_flat_or_under_data_and_its_value_has_five_names() {
    for field in SECRETS {
        for reply in [
            json!({"data": {"id": "k1", "name": "Zapier", field: VALUE}}),
            json!({"id": "k1", "name": "Zapier", field: VALUE}),
            json!({"data": {"id": "k1", "name": "Zapier"}, field: VALUE}),
        ] {
            let made = created(&reply, &asked()).unwrap();
            assert_eq!((made.key.id.raw(), made.secret.expose()), ("k1", VALUE), "{reply}");
        }
    }
}

#[test]
fn a_new_value_is_not_lost_over_a_detail() {
    let reply = json!({"data": {"id": "k1", "key": VALUE, "created_at": "soon", "prefix": 7, "last_used_at": []}});
    let made = created(&reply, &asked()).unwrap();
    assert_eq!(made.secret.expose(), VALUE);
    assert_eq!(
        (made.key.name.raw(), made.key.created_at, made.key.prefix),
        ("Zapier", None, None)
    );
}

#[test]
fn a_created_key_without_a_value_or_an_id_is_told_without_quoting_it() {
    let missing = "is missing (and so are api_key, apiKey, secret and token)";
    for (reply, why) in [
        (json!({"data": {"id": "k1"}}), format!("data.key {missing}")),
        (json!({"id": "k1", "key": null}), format!("key {missing}")),
        (
            json!({"data": {"id": "k1", "secret": "a canary"}}),
            "data.secret cannot be a key's value".to_owned(),
        ),
        (json!({"data": {"key": VALUE}}), "data.id is missing".to_owned()),
        (json!([]), "the reply is a list, not an object".to_owned()),
    ] {
        assert_eq!(created(&reply, &asked()).unwrap_err(), why, "{reply}");
    }
}

#[test]
fn teams_are_read_from_both_places_and_a_bare_list() {
    let list = json!([{"id": 7, "name": "Acme", "url": "x"}]);
    for reply in [json!({"data": list}), json!({"teams": list}), list.clone()] {
        let teams = teams(&reply).unwrap();
        let team = teams.known().unwrap();
        assert_eq!((team.id.raw(), team.name.raw()), ("7", "Acme"));
    }
    assert_eq!(
        teams(&json!({"teams": [{"id": 7}]})).unwrap_err(),
        "teams[0].name is missing"
    );
    assert_eq!(
        teams(&json!({"ok": true})).unwrap_err(),
        "there is no list under data, teams"
    );
}

#[test]
fn the_text_of_an_error_has_three_places() {
    for (reply, text) in [
        (json!({"message": "no"}), Some("no")),
        (json!({"error": "no"}), Some("no")),
        (json!({"error": {"message": " no "}}), Some("no")),
        (json!({"message": "", "error": "no"}), Some("no")),
        (json!({"message": 5}), None),
        (json!([]), None),
    ] {
        assert_eq!(message(&reply), text, "{reply}");
    }
}

/// JSON that resembles replies: known field names, odd values.
fn reply() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[0-9.e-]{0,20}".prop_map(Value::from),
    ];
    let field = proptest::sample::select(vec![
        "data",
        "keys",
        "teams",
        "id",
        "name",
        "created_at",
        "lastUsedAt",
        "createdBy",
        "email",
        "prefix",
        "last4",
        "key",
        "secret",
        "total",
        "message",
        "error",
    ]);
    leaf.prop_recursive(4, 64, 8, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::hash_map(field.clone().prop_map(str::to_owned), inner, 0..8)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn decode_all(root: &Value) {
    let _ = page(root);
    let _ = teams(root);
    let _ = created(root, &asked());
    let _ = message(root);
}

proptest! {
    #[test]
    fn no_json_panics(root in reply()) {
        decode_all(&root);
    }

    #[test]
    fn no_bytes_panic(bytes: Vec<u8>) {
        if let Ok(json) = parse(&bytes) {
            decode_all(json.root());
        }
    }
}

#[test]
fn a_list_that_repeats_values_shows_none_and_an_id_that_does_is_no_id() {
    let other = "cz_4fT0qLz81mPdW7sKeYv93XbNcRj6HuGaQ2iBnM5o";
    let body = json!({"data": [
        {"id": "k1", "name": format!("Bot of {VALUE}"), "created_by": other},
        {"id": format!("key {VALUE}"), "name": "Zapier"},
        {"id": "k2", "name": other, "created_by": {"name": other}},
    ]});
    let sent = Secret::parse(VALUE).unwrap();
    let json = parse(body.to_string().as_bytes())
        .map(|json| json.hide(&sent))
        .ok()
        .unwrap();
    let page = page(json.root()).unwrap();
    let said = |key: &ApiKey| {
        (
            key.name.raw().to_owned(),
            key.created_by.as_ref().map(|by| by.raw().to_owned()),
        )
    };
    let masked = || Some(MASK.to_owned());
    let shown: Vec<_> = page.keys.iter().map(said).collect();
    assert_eq!(
        shown,
        [(format!("Bot of {MASK}"), masked()), (MASK.to_owned(), masked())]
    );
    assert_eq!(page.strays.len(), 1);
    assert!(!page.strays[0].why.contains(VALUE), "{}", page.strays[0].why);
}
