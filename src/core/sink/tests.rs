//! From a target or a sink to its plan, and to what its program reads.

use proptest::prelude::*;
use serde_json::Value;

use super::plan::argv;
use super::*;
use crate::core::secret::Secret;
use crate::core::target::Target;

const VALUE: &str = "cz_Iz1P0123456789abcdefCpSn";

fn secret() -> Secret {
    Secret::parse(VALUE).unwrap()
}

fn subject() -> Subject<'static> {
    Subject {
        key_id: "key_1",
        name: "Zapier; $(id)",
        team: Some("Acme Inc"),
    }
}

fn plan(target: &str) -> Plan {
    Plan::new(&Target::parse(target).unwrap(), &Sinks::new(), subject()).unwrap()
}

fn words(text: &str) -> Vec<String> {
    text.split(' ').map(|word| word.replace('·', " ")).collect()
}

/// Target, preflights, what takes the value, what reads it back.
const BUILT_IN: [(&str, &[&str], &str, &str); 11] = [
    (
        "gh:acme/web/API_KEY",
        &["gh secret list --json name,updatedAt -R acme/web"],
        "gh secret set API_KEY -R acme/web",
        "gh secret list --json name,updatedAt -R acme/web",
    ),
    (
        "gh:acme/web@Production EU/API_KEY",
        &["gh secret list --json name,updatedAt -R acme/web --env=Production·EU"],
        "gh secret set API_KEY -R acme/web --env=Production·EU",
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
        "aws secretsmanager get-secret-value --secret-id prod/key --query SecretString --output text",
    ),
    (
        "doppler:web/prd/API_KEY",
        &["doppler secrets --only-names -p web -c prd"],
        "doppler secrets set API_KEY -p web -c prd --silent --no-interactive",
        "doppler secrets get API_KEY -p web -c prd --plain",
    ),
    (
        "vault:kv/apps/web#api_key",
        &[
            "vault token capabilities -format=json kv/data/apps/web",
            "vault kv get -mount=kv apps/web",
        ],
        "vault kv patch -mount=kv apps/web api_key=-",
        "vault kv get -mount=kv -field=api_key apps/web",
    ),
    (
        "k8s:prod/web/api.key",
        &[
            "kubectl get secret web -n prod -o name",
            "kubectl auth can-i patch secrets/web -n prod -q",
        ],
        "kubectl patch secret web -n prod --type=merge --patch-file=/dev/stdin",
        "kubectl get secret web -n prod -o go-template={{index·.data·\"api.key\"·|·base64decode}}",
    ),
    (
        "k8s:eks/eu/prod/web/api.key",
        &[
            "kubectl get secret web -n prod --context=eks/eu -o name",
            "kubectl auth can-i patch secrets/web -n prod --context=eks/eu -q",
        ],
        "kubectl patch secret web -n prod --context=eks/eu --type=merge --patch-file=/dev/stdin",
        "kubectl get secret web -n prod --context=eks/eu -o go-template={{index·.data·\"api.key\"·|·base64decode}}",
    ),
    (
        "pass:work/chatzuri key",
        &["pass ls", "env -u GPG_TTY pass show work/chatzuri·key"],
        "env -u GPG_TTY pass insert -m -f work/chatzuri·key",
        "env -u GPG_TTY pass show work/chatzuri·key",
    ),
    (
        "gcloud:chatzuri",
        &[
            "gcloud secrets describe chatzuri --quiet --format=value(name)",
            "gcloud secrets versions access latest --secret=chatzuri --quiet",
        ],
        "gcloud secrets versions add chatzuri --data-file=- --quiet",
        "gcloud secrets versions access latest --secret=chatzuri --quiet",
    ),
    (
        "gcloud:acme-prod/chatzuri",
        &[
            "gcloud secrets describe chatzuri --project=acme-prod --quiet --format=value(name)",
            "gcloud secrets versions access latest --secret=chatzuri --project=acme-prod --quiet",
        ],
        "gcloud secrets versions add chatzuri --project=acme-prod --data-file=- --quiet",
        "gcloud secrets versions access latest --secret=chatzuri --project=acme-prod --quiet",
    ),
    (
        "op://Team/Key/Web shop/credential",
        &["op item get Key --vault Team --format json"],
        "op item edit Key --vault Team",
        "op read --no-newline op://Team/Key/Web·shop/credential",
    ),
];

#[cfg(unix)]
#[test]
fn the_built_in_targets_run_these_programs() {
    for (target, before, deliver, after) in BUILT_IN {
        let plan = plan(target);
        assert_eq!(plan.deliver, words(deliver));
        match &plan.verify {
            Verify::ReadBack { argv, required, .. } => assert_eq!((argv, *required), (&words(after), false)),
            Verify::UpdatedAt { argv, name } => assert_eq!((argv, name.as_str()), (&words(after), "API_KEY")),
            Verify::NotPossible => panic!("{target}"),
        }
        let (preflights, _) = preflight(&Target::parse(target).unwrap(), &Sinks::new()).unwrap();
        let argvs: Vec<_> = preflights.into_iter().map(|preflight| preflight.argv).collect();
        assert_eq!(argvs, before.iter().map(|text| words(text)).collect::<Vec<_>>());
        if target.starts_with("op:") {
            assert!(plan.input(&secret(), b"").is_err());
            continue;
        }
        let read = plan.input(&secret(), b"").unwrap();
        if target.starts_with("k8s:") {
            assert_eq!(
                std::str::from_utf8(&read).unwrap(),
                "{\"data\":{\"api.key\":\"Y3pfSXoxUDAxMjM0NTY3ODlhYmNkZWZDcFNu\"}}"
            );
        } else {
            assert_eq!(read.as_slice(), VALUE.as_bytes(), "{target}");
        }
        assert_eq!(read.capacity(), read.len());
    }
}

#[cfg(unix)]
#[test]
fn a_field_of_an_aws_secret_is_set_and_a_bare_value_replaces_no_object() {
    let object = b"{\"DB\": \"postgres://\", \"KEY\": \"old\"}\n";
    let field = plan("aws:prod/app#KEY");
    assert_eq!(field.deliver, plan("aws:prod/app").deliver);
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
    let look = plan.look.as_ref().unwrap();
    assert_eq!(look.argv, words("op item get Chatzuri·API --vault Team --format json"));
    assert_eq!(plan.deliver, words("op item edit Chatzuri·API --vault Team"));
    assert_eq!(
        plan.verify,
        Verify::ReadBack {
            argv: words("op read --no-newline op://Team/Chatzuri·API/credential"),
            part: Part::Whole,
            required: false
        }
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
    fields.verify = Some(argv(&["tool", "get", "{key_id}"]));
    fields.stdin = Some("{\"v\":\"{secret:json}\",\"w\":{secret}}".to_owned());
    fields.newline = true;
    let plan = Plan::new(&Target::Sink("mine".into()), &sinks(fields), subject()).unwrap();
    assert_eq!(
        plan.deliver,
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
    assert_eq!(
        plan.verify,
        Verify::ReadBack {
            argv: words("tool get key_1"),
            part: Part::Whole,
            required: true
        }
    );
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
        let subject = Subject { name, ..subject() };
        Plan::new(&Target::Sink("mine".into()), &sinks(SinkFields::new(words)), subject)
    };
    assert!(named(&["t", "{name}"], "--help").is_err());
    assert!(named(&["t", "--", "{name}"], "--help").is_ok());
    assert!(named(&["t", "n={name}"], "--help").is_ok());
    let hidden = named(&["t", "{name}"], "a\u{1b}[2Jb").unwrap_err().to_string();
    assert!(hidden.contains("a\\e[2Jb"), "{hidden}");
    let unknown = Subject {
        team: None,
        ..subject()
    };
    let fields = SinkFields::new(&["t", "{team}"]);
    assert!(Plan::new(&Target::Sink("mine".into()), &sinks(fields), unknown).is_err());
}

#[test]
fn a_sink_nobody_wrote_is_told_with_those_there_are() {
    let error = preflight(&Target::Sink("other".into()), &sinks(SinkFields::new(&["t"]))).unwrap_err();
    assert_eq!(error.to_string(), "There is no [sinks.other] in the config, only mine");
}

proptest! {
    #[test]
    fn a_wrapped_value_reads_as_the_same_json_string(value in "[!-~]{1,80}") {
        let secret = Secret::parse(&value).unwrap();
        let mut fields = SinkFields::new(&["t"]);
        fields.stdin = Some("\"{secret:json}\"".to_owned());
        let plan = Plan::new(&Target::Sink("mine".into()), &sinks(fields), subject()).unwrap();
        let input = plan.input(&secret, b"").unwrap();
        prop_assert_eq!(input.capacity(), input.len());
        prop_assert_eq!(serde_json::from_slice::<String>(&input).unwrap(), secret.expose());
    }
}
