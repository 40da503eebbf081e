//! From a target or a sink to its plan, and to what its program reads.

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::core::secret::Secret;
use crate::core::target::Target;

const VALUE: &str = "cz_Iz1P0123456789abcdefCpSn";

fn secret() -> Secret {
    Secret::parse(VALUE).unwrap()
}

fn key() -> DeliveredKey<'static> {
    DeliveredKey {
        id: "key_1",
        name: "Zapier; $(id)",
        team: Some("Acme Inc"),
    }
}

fn plan(target: &str) -> DeliveryPlan {
    DeliveryPlan::new(&Target::parse(target).unwrap(), &Sinks::new(), key()).unwrap()
}

fn words(text: &str) -> Vec<String> {
    text.split(' ').map(|word| word.replace('·', " ")).collect()
}

/// Target, preflights, what takes the value, what it reads where the target holds nothing, what reads it back.
const BUILT_IN: &[(&str, &[&str], &str, &str, &str)] = &[
    (
        "gh:acme/web/API_KEY",
        &["gh secret list --json name,updatedAt -R acme/web"],
        "gh secret set API_KEY -R acme/web",
        VALUE,
        "gh secret list --json name,updatedAt -R acme/web",
    ),
    (
        "gh:acme/web@Production EU/API_KEY",
        &["gh secret list --json name,updatedAt -R acme/web --env=Production·EU"],
        "gh secret set API_KEY -R acme/web --env=Production·EU",
        VALUE,
        "gh secret list --json name,updatedAt -R acme/web --env=Production·EU",
    ),
    (
        "aws:prod/key",
        &[
            "aws secretsmanager describe-secret --secret-id prod/key",
            "aws configure get cli_history",
            "aws secretsmanager get-secret-value --secret-id prod/key --query SecretString --output text",
        ],
        "aws secretsmanager put-secret-value --secret-id prod/key --secret-string file:///dev/stdin",
        VALUE,
        "aws secretsmanager get-secret-value --secret-id prod/key --query SecretString --output text",
    ),
    (
        "doppler:web/prd/API_KEY",
        &["doppler secrets --only-names -p web -c prd"],
        "doppler secrets set API_KEY -p web -c prd --silent --no-interactive",
        VALUE,
        "doppler secrets get API_KEY -p web -c prd --plain",
    ),
    (
        "vault:kv/apps/web#api_key",
        &[
            "vault token capabilities -format=json kv/data/apps/web",
            "vault kv get -mount=kv apps/web",
        ],
        "vault kv patch -mount=kv apps/web api_key=-",
        VALUE,
        "vault kv get -mount=kv -field=api_key apps/web",
    ),
    (
        "k8s:prod/web/api.key",
        &[
            "kubectl get secret web -n prod -o name",
            "kubectl auth can-i patch secrets/web -n prod -q",
        ],
        "kubectl patch secret web -n prod --type=merge --patch-file=/dev/stdin",
        "{\"data\":{\"api.key\":\"Y3pfSXoxUDAxMjM0NTY3ODlhYmNkZWZDcFNu\"}}",
        "kubectl get secret web -n prod -o go-template={{index·.data·\"api.key\"·|·base64decode}}",
    ),
    (
        "k8s:eks/eu/prod/web/api.key",
        &[
            "kubectl get secret web -n prod --context=eks/eu -o name",
            "kubectl auth can-i patch secrets/web -n prod --context=eks/eu -q",
        ],
        "kubectl patch secret web -n prod --context=eks/eu --type=merge --patch-file=/dev/stdin",
        "{\"data\":{\"api.key\":\"Y3pfSXoxUDAxMjM0NTY3ODlhYmNkZWZDcFNu\"}}",
        "kubectl get secret web -n prod --context=eks/eu -o go-template={{index·.data·\"api.key\"·|·base64decode}}",
    ),
    (
        "pass:work/chatzuri key",
        &["pass ls", "env -u GPG_TTY pass show work/chatzuri·key"],
        "env -u GPG_TTY pass insert -m -f work/chatzuri·key",
        VALUE,
        "env -u GPG_TTY pass show work/chatzuri·key",
    ),
    (
        "gcloud:chatzuri",
        &[
            "gcloud secrets describe chatzuri --quiet --format=value(name)",
            "gcloud secrets versions access latest --secret=chatzuri --quiet",
        ],
        "gcloud secrets versions add chatzuri --data-file=- --quiet",
        VALUE,
        "gcloud secrets versions access latest --secret=chatzuri --quiet",
    ),
    (
        "gcloud:acme-prod/chatzuri",
        &[
            "gcloud secrets describe chatzuri --project=acme-prod --quiet --format=value(name)",
            "gcloud secrets versions access latest --secret=chatzuri --project=acme-prod --quiet",
        ],
        "gcloud secrets versions add chatzuri --project=acme-prod --data-file=- --quiet",
        VALUE,
        "gcloud secrets versions access latest --secret=chatzuri --project=acme-prod --quiet",
    ),
    (
        "op://Team/Key/Web shop/credential",
        &["op item get Key --vault Team --format json"],
        "op item edit Key --vault Team",
        "",
        "op read --no-newline op://Team/Key/Web·shop/credential",
    ),
];

#[cfg(unix)]
#[test]
fn the_built_in_targets_run_these_programs() {
    for preset in presets::ALL {
        let is_here = |(target, ..): &(&str, _, _, _, _)| target.split(':').next() == Some(preset.scheme);
        assert!(BUILT_IN.iter().any(is_here), "{} is in no row", preset.scheme);
    }
    for &(target, before, command, stdin, after) in BUILT_IN {
        let plan = plan(target);
        assert_eq!(plan.command, words(command));
        let back = plan.read_back.as_ref().unwrap();
        assert_eq!((&back.argv, plan.must_read_back), (&words(after), false));
        let preflights = Preflights::new(&Target::parse(target).unwrap(), &Sinks::new()).unwrap();
        let steps = preflights.steps.into_iter().map(|step| step.argv);
        let argvs: Vec<_> = steps.chain(preflights.existing.map(|existing| existing.argv)).collect();
        assert_eq!(argvs, before.iter().map(|text| words(text)).collect::<Vec<_>>());
        let Ok(read) = plan.input(&secret(), b"") else {
            assert_eq!(stdin, "", "{target}");
            continue;
        };
        assert_eq!(std::str::from_utf8(&read).unwrap(), stdin, "{target}");
        assert_eq!(read.capacity(), read.len());
    }
}

#[cfg(unix)]
#[test]
fn a_field_of_an_aws_secret_is_set_and_a_bare_value_replaces_no_object() {
    let object = b"{\"DB\": \"postgres://\", \"KEY\": \"old\"}\n";
    let field = plan("aws:prod/app#KEY");
    assert_eq!(field.command, plan("aws:prod/app").command);
    let given = field.input(&secret(), object).unwrap();
    assert_eq!(
        std::str::from_utf8(&given).unwrap(),
        format!("{{\"DB\": \"postgres://\", \"KEY\": \"{VALUE}\"}}")
    );
    assert!(field.input(&secret(), b"old\n").is_err());
    let refused = plan("aws:prod/app").input(&secret(), object).unwrap_err().to_string();
    assert!(refused.contains("as in aws:prod/app#FIELD,"), "{refused}");
    assert!(plan("gcloud:app").input(&secret(), object).is_err());
}

#[test]
fn an_item_of_1password_is_given_back_whole_with_one_field_changed() {
    let plan = plan("op://Team/Chatzuri API/credential");
    let existing = plan.existing.as_ref().unwrap();
    assert_eq!(
        existing.argv,
        words("op item get Chatzuri·API --vault Team --format json")
    );
    assert_eq!(plan.command, words("op item edit Chatzuri·API --vault Team"));
    assert_eq!(
        plan.read_back.as_ref().unwrap().argv,
        words("op read --no-newline op://Team/Chatzuri·API/credential")
    );
    let item = br#"{"id":"x","category":"API_CREDENTIAL","tags":["a"],"fields":[
        {"id":"notesPlain","type":"STRING","label":"notes","value":"keep \"me\""},
        {"id":"credential","type":"CONCEALED","label":"credential","value":"old"}]}"#;
    let given = plan.input(&secret(), item).unwrap();
    assert_eq!(given.capacity(), given.len());
    let given: Value = serde_json::from_slice(&given).unwrap();
    let mut expected: Value = serde_json::from_slice(item).unwrap();
    expected["fields"][1]["value"] = VALUE.into();
    assert_eq!(given, expected);
}

fn sinks(fields: SinkFields) -> Sinks {
    Sinks::from([("mine".to_owned(), SinkSpec::new(fields).unwrap())])
}

#[test]
fn placeholders_are_filled_inside_one_argument_and_other_braces_stay() {
    let mut fields = SinkFields::new(&[
        "tool",
        "--put={name}",
        "{key_id}",
        "{{.x}}",
        "{}",
        "a{",
        "{team}/{name}",
    ]);
    fields.verify = Some(words("tool get {key_id}"));
    fields.stdin = Some("{\"v\":\"{secret:json}\",\"w\":{secret}}".to_owned());
    fields.newline = true;
    let plan = DeliveryPlan::new(&Target::parse("mine").unwrap(), &sinks(fields), key()).unwrap();
    assert_eq!(
        plan.command,
        [
            "tool",
            "--put=Zapier; $(id)",
            "key_1",
            "{{.x}}",
            "{}",
            "a{",
            "Acme Inc/Zapier; $(id)"
        ]
    );
    assert_eq!(plan.read_back.as_ref().unwrap().argv, words("tool get key_1"));
    assert!(plan.must_read_back);
    let quoted = Secret::parse(r#"cz_"a\b"#).unwrap();
    let input = plan.input(&quoted, b"").unwrap();
    assert_eq!(
        std::str::from_utf8(&input).unwrap(),
        "{\"v\":\"cz_\\\"a\\\\b\",\"w\":cz_\"a\\b}\n"
    );
    assert_eq!(input.capacity(), input.len());
}

#[test]
fn a_keys_own_words_cannot_become_an_option_or_hide() {
    let named = |words: &[&str], name: &str| {
        let key = DeliveredKey { name, ..key() };
        DeliveryPlan::new(&Target::parse("mine").unwrap(), &sinks(SinkFields::new(words)), key)
    };
    assert!(named(&["t", "{name}"], "--help").is_err());
    assert!(named(&["t", "--", "{name}"], "--help").is_ok());
    assert!(named(&["t", "n={name}"], "--help").is_ok());
    let hidden = named(&["t", "{name}"], "a\u{1b}[2Jb").unwrap_err().to_string();
    assert!(hidden.contains("a\\e[2Jb"), "{hidden}");
    let unknown = DeliveredKey { team: None, ..key() };
    let fields = SinkFields::new(&["t", "{team}"]);
    assert!(DeliveryPlan::new(&Target::parse("mine").unwrap(), &sinks(fields), unknown).is_err());
}

#[test]
fn a_sink_nobody_wrote_is_told_with_those_there_are() {
    let error = Preflights::new(&Target::parse("other").unwrap(), &sinks(SinkFields::new(&["t"]))).unwrap_err();
    assert_eq!(
        error.to_string(),
        "There is no [sinks.other] in the config. It has mine"
    );
}

proptest! {
    #[test]
    fn a_wrapped_value_reads_as_the_same_json_string(value in "[!-~]{1,80}") {
        let secret = Secret::parse(&value).unwrap();
        let mut fields = SinkFields::new(&["t"]);
        fields.stdin = Some("\"{secret:json}\"".to_owned());
        let plan = DeliveryPlan::new(&Target::parse("mine").unwrap(), &sinks(fields), key()).unwrap();
        let input = plan.input(&secret, b"").unwrap();
        prop_assert_eq!(input.capacity(), input.len());
        prop_assert_eq!(serde_json::from_slice::<String>(&input).unwrap(), secret.expose());
    }
}
