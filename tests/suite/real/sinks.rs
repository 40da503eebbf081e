//! Targets on real parts: `pass` with gpg, the AWS CLI against a local moto server, kubectl's own patching, and sinks that
//! misbehave. Where a vendor's program cannot be had, a stand-in plays it and the test's name says so.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use chatzuri_keys::adapters::process::ChildProcesses;
use chatzuri_keys::config::Config;
use chatzuri_keys::core::secret::Secret;
use chatzuri_keys::core::sink::DeliveredKey;
use chatzuri_keys::core::target::Target;
use chatzuri_keys::ops::deliver::{Delivery, check, deliver};
use tempfile::TempDir;

use super::child::GATE;
use super::tools::{self, Guarded, have, is_in_a_file, lines};

/// The config of an entry; it begins as our variables do, so that no program inherits it.
const CONFIG: &str = "CHATZURI_KEYS_TEST_CONFIG";
const VALUE: &str = "cz_Real\"\\$'0123456789abcdefCpSn";
const BASE64: &str = "Y3pfUmVhbCJcJCcwMTIzNDU2Nzg5YWJjZGVmQ3BTbg==";

/// Checks a target, delivers a value to it, and prints what came of both; the target and the value come on standard input,
/// and the programs are those of this process's own environment.
#[test]
#[ignore = "an entry, run by the tests of this file"]
fn entry() {
    if std::env::var_os(GATE).is_none() {
        return;
    }
    let sinks = Config::parse(&std::env::var(CONFIG).unwrap()).unwrap().sinks().unwrap();
    let mut words = std::io::stdin().lines();
    let target = Target::parse(&words.next().unwrap().unwrap()).unwrap();
    let secret = Secret::parse(&words.next().unwrap().unwrap()).unwrap();
    let key = DeliveredKey {
        id: "key_9fbc5e28d742",
        name: "Zapier; touch pwned $(touch pwned)",
        team: Some("Acme Inc"),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let said = runtime.block_on(async {
        if let Err(problem) = check(&ChildProcesses, &sinks, &target).await {
            return problem.to_string();
        }
        let delivery = Delivery { key, secret: &secret };
        deliver(&ChildProcesses, &sinks, &target, delivery).await.to_string()
    });
    let mut out = std::io::stdout().lock();
    writeln!(out, "\n= {said}").unwrap();
}

/// A home of its own, with programs of its own before the machine's.
struct Home {
    folder: TempDir,
    path: String,
    variables: Vec<(&'static str, String)>,
}

impl Home {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
        fs::create_dir(folder.path().join("bin")).unwrap();
        let path = format!(
            "{}:{}",
            folder.path().join("bin").display(),
            std::env::var("PATH").unwrap()
        );
        Self {
            folder,
            path,
            variables: Vec::new(),
        }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.at(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    fn command(&self, program: &str) -> Command {
        let mut command = tools::command(program);
        // What would lead a program to the person's own account or store.
        let theirs = |name: &str| name.starts_with("AWS_") || name.starts_with("PASSWORD_STORE");
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(theirs) {
                command.env_remove(name);
            }
        }
        command
            .current_dir(self.folder.path())
            .env("HOME", self.folder.path())
            .env("PATH", &self.path)
            .env_remove("GPG_TTY")
            .envs(self.variables.iter().map(|(name, value)| (name, value.as_str())));
        command
    }

    fn run(&self, program: &str, arguments: &[&str]) -> String {
        let output = self
            .command(program)
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(output.status.success(), "{program} {arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn pipe(&self, program: &str, arguments: &[&str], text: &str) {
        let mut command = self.command(program);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::null());
        let mut process = Guarded::spawn(&mut command);
        process.0.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        assert!(process.0.wait().unwrap().success(), "{program} {arguments:?}");
    }

    /// A shell script that is found as `name`. It writes its arguments to `name.argv`, one line for each run.
    fn stand_in(&self, name: &str, script: &str) -> PathBuf {
        let file = self.at("bin").join(name);
        let folder = self.folder.path().display();
        fs::write(
            &file,
            format!("#!/bin/sh\ncd {folder} || exit 99\nprintf '%s\\n' \"{name} $*\" >>argv\n{script}\n"),
        )
        .unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
        file
    }

    /// What comes of a delivery from this home.
    fn deliver(&self, target: &str, config: &str) -> String {
        let mut command = self.command(std::env::current_exe().unwrap().to_str().unwrap());
        command
            .args(["real::sinks::entry", "--exact", "--ignored", "--nocapture"])
            .env(GATE, "1")
            .env(CONFIG, config)
            .env("CHATZURI_API_KEY", "cz_our_own_credential")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut process = Guarded::spawn(&mut command);
        let mut stdin = process.0.stdin.take().unwrap();
        write!(stdin, "{target}\n{VALUE}\n").unwrap();
        drop(stdin);
        let told: Vec<String> = lines(process.0.stdout.take().unwrap()).iter().collect();
        assert!(process.ends());
        assert!(!self.at("pwned").exists(), "a shell saw the key's name");
        let said = told.iter().find_map(|line| line.strip_prefix("= "));
        let said = said.unwrap_or_else(|| panic!("no answer: {told:?}"));
        assert!(!said.contains(VALUE), "{said}");
        said.to_owned()
    }

    /// What the stand-ins were run as; the value is in none of it.
    fn argv(&self) -> Vec<String> {
        let all = self.read("argv");
        assert!(!all.contains(VALUE) && !all.contains(BASE64), "{all}");
        all.lines().map(str::to_owned).collect()
    }
}

// ---------------------------------------------------------------------------------------------------- real programs

#[test]
fn pass_keeps_the_value_and_gives_it_back() {
    if !have("pass", &[("pass", "pass"), ("gpg", "gnupg")]) {
        return;
    }
    let mut home = Home::new();
    // A socket's path must be short, and a home of a test is not.
    let gnupg = tempfile::Builder::new().prefix("g").tempdir_in("/tmp").unwrap();
    home.variables
        .push(("GNUPGHOME", gnupg.path().to_str().unwrap().to_owned()));
    assert!(home.deliver("pass:work/key", "").contains("is not ready"));
    home.run(
        "gpg",
        &[
            "--batch",
            "--quiet",
            "--passphrase",
            "",
            "--quick-gen-key",
            "Test <test@example.org>",
        ],
    );
    home.run("pass", &["init", "test@example.org"]);
    for _ in 0..2 {
        let said = home.deliver("pass:work/chatzuri key", "");
        assert_eq!(said, "pass:work/chatzuri key: stored, and read back the same");
    }
    assert_eq!(home.run("pass", &["show", "work/chatzuri key"]), VALUE);

    // The lines below the first are the person's own.
    let rest = "\nuser: me\nurl: https://example.org\notpauth://totp/x?secret=JBSWY3DPEHPK3PXP\n\n";
    home.pipe("pass", &["insert", "-m", "-f", "web/shop"], &format!("old{rest}"));
    assert_eq!(
        home.deliver("pass:web/shop", ""),
        "pass:web/shop: stored, and read back the same"
    );
    assert_eq!(home.run("pass", &["show", "web/shop"]), format!("{VALUE}{rest}"));
    assert!(!is_in_a_file(home.folder.path(), VALUE) && !is_in_a_file(home.folder.path(), "JBSWY3DP"));
    let folder = home.deliver("pass:web", "");
    assert!(folder.contains("is not ready: It is a folder"), "{folder}");

    // What cannot be encrypted leaves the old entry.
    home.pipe("pass", &["insert", "-m", "-f", "web/shop"], &format!("old{rest}"));
    fs::write(home.at(".password-store/.gpg-id"), "nobody@example.org\n").unwrap();
    let failed = home.deliver("pass:web/shop", "");
    assert!(failed.contains("failed:") && !failed.contains("JBSWY3DP"), "{failed}");
    assert_eq!(home.run("pass", &["show", "web/shop"]), format!("old{rest}"));
    home.run("gpgconf", &["--kill", "all"]);
}

fn moto(home: &mut Home) -> Guarded {
    let mut server = Guarded::spawn(
        home.command("moto_server")
            .args(["-p", "0"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped()),
    );
    let told = lines(server.0.stderr.take().unwrap());
    let address = loop {
        let line = told.recv_timeout(tools::AMPLE).expect("moto_server did not start");
        if let Some((_, address)) = line.split_once("Running on ") {
            break address.trim().to_owned();
        }
    };
    // The rest is read too, so that the server never waits for us.
    std::thread::spawn(move || told.iter().for_each(drop));
    home.variables.extend([
        ("AWS_ENDPOINT_URL", address),
        ("AWS_ACCESS_KEY_ID", "test".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
        ("AWS_DEFAULT_REGION", "eu-west-1".to_owned()),
        ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
        ("AWS_CONFIG_FILE", home.at("aws-config").display().to_string()),
    ]);
    server
}

#[test]
fn the_aws_cli_takes_the_value_and_gives_it_back() {
    if !have("aws", &[("aws", "awscli (pip)"), ("moto_server", "moto[server] (pip)")]) {
        return;
    }
    let mut home = Home::new();
    let _server = moto(&mut home);
    let missing = home.deliver("aws:prod/chatzuri", "");
    assert!(
        missing.contains("is not ready") && missing.contains("create-secret"),
        "{missing}"
    );
    let create = [
        "secretsmanager",
        "create-secret",
        "--name",
        "prod/chatzuri",
        "--secret-string",
        "old",
    ];
    home.run("aws", &create);
    let said = home.deliver("aws:prod/chatzuri", "");
    assert_eq!(said, "aws:prod/chatzuri: stored, and read back the same");
    let get = [
        "secretsmanager",
        "get-secret-value",
        "--secret-id",
        "prod/chatzuri",
        "--query",
        "SecretString",
    ];
    let stored: String = serde_json::from_str(&home.run("aws", &[&get[..], &["--output", "json"]].concat())).unwrap();
    assert_eq!(stored, VALUE);
    assert!(!is_in_a_file(home.folder.path(), VALUE));

    // Its history would keep the whole request in a file.
    fs::write(home.at("aws-config"), "[default]\ncli_history = enabled\n").unwrap();
    let history = home.deliver("aws:prod/chatzuri", "");
    assert!(
        history.contains("is not ready") && history.contains("cli_history"),
        "{history}"
    );
}

#[test]
fn one_field_of_an_aws_secret_is_set_and_a_bare_value_replaces_no_object() {
    if !have("aws", &[("aws", "awscli (pip)"), ("moto_server", "moto[server] (pip)")]) {
        return;
    }
    let mut home = Home::new();
    let _server = moto(&mut home);
    let before = "{\n  \"DB_URL\": \"postgres://me:pass@db\",\n  \"KEY\": \"old\", \"big\": 12345678901234567890123,\n  \"word\": \"pässword\"\n}";
    for (name, holds) in [("app", before), ("lines", "A=1\nB=2\n"), ("bare", "old")] {
        let create = [
            "secretsmanager",
            "create-secret",
            "--name",
            name,
            "--secret-string",
            holds,
        ];
        home.run("aws", &create);
    }
    let stored = |name: &str| {
        let get = [
            "secretsmanager",
            "get-secret-value",
            "--secret-id",
            name,
            "--query",
            "SecretString",
        ];
        let printed = home.run("aws", &[&get[..], &["--output", "json"]].concat());
        serde_json::from_str::<String>(&printed).unwrap()
    };
    let refused = home.deliver("aws:app", "");
    assert!(
        refused.contains("is not ready") && refused.contains("as in aws:app#FIELD"),
        "{refused}"
    );
    assert_eq!(stored("app"), before);
    assert!(home.deliver("aws:lines", "").contains("is not ready"));
    let text = home.deliver("aws:bare#KEY", "");
    assert!(
        text.contains("is not ready") && text.contains("is not a JSON object"),
        "{text}"
    );

    assert_eq!(
        home.deliver("aws:app#KEY", ""),
        "aws:app#KEY: stored, and read back the same"
    );
    let quoted = serde_json::to_string(VALUE).unwrap();
    assert_eq!(stored("app"), before.replace("\"old\"", &quoted));
    assert_eq!(
        home.deliver("aws:app#NEW", ""),
        "aws:app#NEW: stored, and read back the same"
    );
    let shape: serde_json::Value = serde_json::from_str(&stored("app")).unwrap();
    assert_eq!((&shape["NEW"], &shape["word"]), (&VALUE.into(), &"pässword".into()));
    assert!(!is_in_a_file(home.folder.path(), VALUE) && !is_in_a_file(home.folder.path(), "me:pass"));

    // What the service refuses leaves the old value.
    let after = stored("app");
    let real = program("aws");
    home.stand_in(
        "aws",
        &format!(
            "case \"$2\" in\nput-secret-value) echo \"refused: $(cat)\" >&2; exit 254;;\n*) exec {} \"$@\";;\nesac",
            real.display()
        ),
    );
    let failed = home.deliver("aws:app#KEY", "");
    assert!(failed.contains("failed:") && failed.contains("refused"), "{failed}");
    assert!(!failed.contains("me:pass") && !failed.contains("pässword"), "{failed}");
    assert_eq!(stored("app"), after);
    assert!(home.argv().iter().all(|line| !line.contains("postgres")));
}

/// Where the machine's own program is.
fn program(name: &str) -> PathBuf {
    std::env::split_paths(&std::env::var_os("PATH").unwrap())
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
        .unwrap()
}

#[test]
fn kubectl_itself_patches_one_key_from_our_input_and_prints_it_as_we_ask() {
    if !have("kubectl", &[("kubectl", "kubectl")]) {
        return;
    }
    let home = Home::new();
    let kubectl = program("kubectl");
    // The real program with our own arguments, but on a Secret in a file: there is no cluster here. What it makes of them
    // becomes the file.
    fs::write(
        home.at("object"),
        r#"{"apiVersion":"v1","kind":"Secret","metadata":{"name":"web"},"data":{"other":"b3RoZXI=","api.key":"b2xk"}}"#,
    )
    .unwrap();
    let real = kubectl.display();
    home.stand_in(
        "kubectl",
        &format!(
            "export KUBECONFIG=/dev/null\n\
             case \"$1\" in\n\
             patch) shift 6; [ ! -e shut ] || exit 1; {real} patch -f object --local -o json \"$@\" >new && mv new object;;\n\
             auth) ;;\n\
             get) shift 6; {real} patch -f object --local -p '{{}}' \"$@\";;\n\
             esac"
        ),
    );
    let object = || serde_json::from_str::<serde_json::Value>(&home.read("object")).unwrap();
    let before = object();
    fs::write(home.at("shut"), "").unwrap();
    assert!(home.deliver("k8s:eu/prod/web/api.key", "").contains("failed: kubectl"));
    assert_eq!(object(), before);
    fs::remove_file(home.at("shut")).unwrap();
    let said = home.deliver("k8s:eu/prod/web/api.key", "");
    assert_eq!(said, "k8s:eu/prod/web/api.key: stored, and read back the same");
    assert_eq!(
        object()["data"],
        serde_json::json!({"other": "b3RoZXI=", "api.key": BASE64})
    );
    assert_eq!(object()["metadata"]["annotations"], serde_json::Value::Null);
    assert_eq!(
        home.argv()[2],
        "kubectl patch secret web -n prod --context=eu --type=merge --patch-file=/dev/stdin"
    );
}

// ------------------------------------------------------------------------------------------------------- own sinks

fn sink(program: &Path, more: &str) -> String {
    format!(
        "[sinks.mine]\ncommand = [\"{}\", \"{{key_id}}\", \"{{name}}\"]\n{more}\n",
        program.display()
    )
}

#[test]
fn a_sink_is_run_without_a_shell_and_neither_its_arguments_nor_its_environment_hold_a_secret() {
    let home = Home::new();
    let tool = home.stand_in(
        "tool",
        "cat /proc/$$/cmdline >cmdline; cat /proc/$$/environ >environ; cat >stored; env >>environ",
    );
    let cat = "verify = [\"cat\", \"stored\"]";
    assert_eq!(
        home.deliver("mine", &sink(&tool, cat)),
        "mine: stored, and read back the same"
    );
    assert_eq!(home.read("stored"), VALUE);
    let arguments = home.read("cmdline");
    assert!(
        arguments.ends_with("\0key_9fbc5e28d742\0Zapier; touch pwned $(touch pwned)\0"),
        "{arguments:?}"
    );
    let environment = home.read("environ");
    assert!(
        environment.contains("HOME=") && !environment.contains("CHATZURI_"),
        "{environment}"
    );
    assert!(!arguments.contains(VALUE) && !environment.contains(VALUE));
}

#[test]
fn a_value_is_wrapped_as_the_sink_wants_it() {
    let home = Home::new();
    let tool = home.stand_in("tool", "cat >stored");
    let more = "stdin = '{\"data\":{\"value\":\"{secret:json}\"}}'\nnewline = true";
    assert_eq!(home.deliver("mine", &sink(&tool, more)), "mine: stored, not verified");
    let stored = home.read("stored");
    assert!(stored.ends_with("}\n"));
    let stored: serde_json::Value = serde_json::from_str(&stored).unwrap();
    assert_eq!(stored["data"]["value"], VALUE);
}

#[test]
fn a_sink_that_stores_nothing_and_says_it_did_is_caught() {
    let home = Home::new();
    let tool = home.stand_in("tool", "cat >/dev/null; : >stored");
    let said = home.deliver("mine", &sink(&tool, "verify = [\"cat\", \"stored\"]"));
    assert_eq!(said, "mine: failed: it accepted the value but returns something else.");
    let said = home.deliver("mine", &sink(&tool, "verify = [\"cat\", \"nowhere\"]"));
    assert!(
        said.starts_with("mine: failed: it accepted the value, but we cannot read it back: cat failed"),
        "{said}"
    );
}

#[test]
fn a_sink_that_ends_before_it_has_read_the_value_has_failed() {
    let home = Home::new();
    let tool = home.stand_in("tool", "exit 0");
    let said = home.deliver("mine", &sink(&tool, ""));
    assert!(
        said.contains("failed:") && said.contains("exited without reading the value"),
        "{said}"
    );
}

#[test]
fn a_sink_that_prints_the_value_is_not_quoted() {
    let home = Home::new();
    let tool = home.stand_in(
        "tool",
        "v=$(cat); printf 'refused: %s\\n' \"$v\" >&2; printf %s \"$v\" | base64 >&2; printf %s \"$v\" | cut -c1-20 >&2; exit 7",
    );
    let said = home.deliver("mine", &sink(&tool, ""));
    assert!(said.contains("failed (exit code 7): refused: ••••"), "{said}");
    assert!(!said.contains(&VALUE[..12]) && !said.contains(&BASE64[..12]), "{said}");
}

#[test]
fn a_sink_that_is_not_ready_is_told_before_it_is_given_anything() {
    let home = Home::new();
    let tool = home.stand_in("tool", "cat >stored");
    let said = home.deliver("mine", &sink(&tool, "preflight = [\"cat\", \"nowhere\"]"));
    assert!(
        said.starts_with("mine is not ready: cat failed (exit code 1)"),
        "{said}"
    );
    let said = home.deliver("mine", &sink(&home.at("absent"), ""));
    assert!(said.starts_with("mine is not ready: cannot find the program"), "{said}");
    assert!(!home.at("stored").exists());
}

#[test]
fn a_sink_over_its_time_is_stopped() {
    let home = Home::new();
    let tool = home.stand_in("tool", "cat >/dev/null; exec sleep 600");
    let said = home.deliver("mine", &sink(&tool, "limit = 1"));
    assert!(said.contains("did not finish within 1s, so it was stopped"), "{said}");
}

// ------------------------------------------------------------------------------------------------------- stand-ins

/// A home in which every vendor's program is played by one that keeps what it is given in files below `kept`: the value
/// in `value`, and beside it what is not ours. Where there is a file `shut`, each reads its input and fails.
fn vendors() -> Home {
    let home = Home::new();
    fs::create_dir(home.at("kept")).unwrap();
    fs::write(home.at("kept/value"), "old").unwrap();
    fs::write(home.at("kept/beside"), "not ours").unwrap();
    let take = |file: &str| format!("{{ cat >took; [ ! -e shut ] || {{ echo shut >&2; exit 1; }}; mv took {file}; }}");
    let value = take("kept/value");
    // It lists the secrets of the repository, or those of one environment.
    let gh = "case \"$*\" in\n\
         *--env=Production*) ;;\n\
         *) [ ! -e environment ] || { echo 'HTTP 404' >&2; exit 1; };;\n\
         esac\n\
         case \"$2 $3\" in\n\
         'set API_KEY') VALUE;;\n\
         list*) if [ \"$(cat kept/value)\" = old ]; then s=01; else s=09; fi\n\
         printf '[{\"name\":\"API_KEY\",\"updatedAt\":\"2026-01-01T00:00:%sZ\"}]' $s;;\n\
         esac";
    let doppler = "case \"$2 $3\" in\n'set API_KEY') VALUE;;\n'get API_KEY') cat kept/value; echo;;\nesac";
    // A token without the right to read fails to read; `put` would drop the other fields.
    let vault = "case \"$2 $4\" in\n\
         capabilities*) cat may;;\n\
         'patch apps/web') [ \"$5\" = value=- ] && VALUE;;\n\
         'put '*) rm kept/*;;\n\
         'get apps/web') grep -q read may;;\n\
         'get -field=value') grep -q read may && cat kept/value;;\n\
         esac";
    let gcloud = "case \"$3\" in\nadd) VALUE;;\naccess) cat kept/value;;\nesac";
    for (name, script) in [("gh", gh), ("doppler", doppler), ("vault", vault), ("gcloud", gcloud)] {
        home.stand_in(name, &script.replace("VALUE", &value));
    }
    fs::write(home.at("may"), "[\"patch\",\"read\"]").unwrap();
    let item = r#"{"id":"i","title":"Key","category":"API_CREDENTIAL","fields":[{"id":"a","label":"user","value":"me"},{"id":"b","label":"credential","value":"old"},{"id":"c","label":"credential","section":{"id":"s","label":"Web shop"},"value":"old"}]}"#;
    fs::write(home.at("kept/item"), item).unwrap();
    // Like the real one, it takes anything piped for an item.
    home.stand_in(
        "op",
        &format!(
            "case \"$1 $2\" in\n\
             'item get') cat kept/item;;\n\
             'item edit') {};;\n\
             read*) sed 's/.*\"value\":\"//;s/\"}}.*//;s/\\\\\\(.\\)/\\1/g' kept/item | tr -d '\\n';;\n\
             esac",
            take("kept/item")
        ),
    );
    home
}

#[test]
fn a_stand_in_of_each_vendor_keeps_what_is_beside_the_value_and_a_failure_leaves_the_old_one() {
    for target in [
        "gh:acme/web/API_KEY",
        "gh:acme/web@Production EU/API_KEY",
        "doppler:web/prd/API_KEY",
        "vault:kv/apps/web#value",
        "gcloud:acme-prod/chatzuri",
    ] {
        let home = vendors();
        if target.contains('@') {
            fs::write(home.at("environment"), "").unwrap();
        }
        fs::write(home.at("shut"), "").unwrap();
        let failed = home.deliver(target, "");
        assert!(failed.contains("failed (exit code 1): shut"), "{failed}");
        assert_eq!(home.read("kept/value"), "old", "{target}");
        fs::remove_file(home.at("shut")).unwrap();
        let said = home.deliver(target, "");
        assert!(
            said.starts_with(&format!("{target}: stored")) && !said.contains("not verified"),
            "{said}"
        );
        assert_eq!(home.read("kept/value"), VALUE, "{target}");
        assert_eq!(home.read("kept/beside"), "not ours", "{target}");
        home.argv();
    }
}

#[test]
fn a_stand_in_for_an_old_gh_is_told_as_old() {
    let home = Home::new();
    home.stand_in(
        "gh",
        "echo 'unknown flag: --json' >&2; echo 'Usage:  gh secret list [flags]' >&2; exit 1",
    );
    let said = home.deliver("gh:acme/web/API_KEY", "");
    assert!(said.contains("gh is too old") && !said.contains("Sign in"), "{said}");
}

#[test]
fn a_stand_in_for_vault_takes_a_patch_from_a_token_that_may_not_read() {
    let home = vendors();
    fs::write(home.at("may"), "[\"patch\"]").unwrap();
    let said = home.deliver("vault:kv/apps/web#value", "");
    assert!(
        said.starts_with("vault:kv/apps/web#value: stored, not verified"),
        "{said}"
    );
    assert_eq!(home.read("kept/value"), VALUE);
    fs::write(home.at("may"), "[\"read\"]").unwrap();
    let said = home.deliver("vault:kv/apps/web#value", "");
    assert!(
        said.contains("is not ready") && said.contains("it needs “patch”"),
        "{said}"
    );
}

#[test]
fn a_stand_in_for_gcloud_that_holds_an_object_is_not_given_a_bare_value() {
    let home = vendors();
    fs::write(home.at("kept/value"), "{\"DB\":\"x\",\"KEY\":\"old\"}").unwrap();
    let said = home.deliver("gcloud:acme-prod/chatzuri", "");
    assert!(
        said.contains("is not ready") && said.contains("a secret of its own"),
        "{said}"
    );
    assert_eq!(home.read("kept/value"), "{\"DB\":\"x\",\"KEY\":\"old\"}");
}

#[test]
fn a_stand_in_for_an_old_doppler_that_stores_an_empty_value_is_caught() {
    let home = Home::new();
    home.stand_in("doppler", "case \"$2\" in\nset) cat >/dev/null;;\nget) echo;;\nesac");
    let said = home.deliver("doppler:web/prd/API_KEY", "");
    assert!(said.contains("returns something else"), "{said}");
}

#[test]
fn a_stand_in_for_op_is_given_the_whole_item_with_one_field_changed() {
    for (target, at) in [("op://Team/Key/Web shop/credential", 2), ("op://Team/Key/c", 2)] {
        let home = vendors();
        let item = home.read("kept/item");
        fs::write(home.at("shut"), "").unwrap();
        let failed = home.deliver(target, "");
        assert!(failed.contains("failed (exit code 1): shut"), "{failed}");
        assert_eq!(home.read("kept/item"), item);
        fs::remove_file(home.at("shut")).unwrap();
        assert_eq!(
            home.deliver(target, ""),
            format!("{target}: stored, and read back the same")
        );
        let stored: serde_json::Value = serde_json::from_str(&home.read("kept/item")).unwrap();
        let mut expected: serde_json::Value = serde_json::from_str(&item).unwrap();
        expected["fields"][at]["value"] = VALUE.into();
        assert_eq!(stored, expected);
        assert!(home.argv().contains(&format!("op read --no-newline {target}")));
    }
    let unclear = vendors().deliver("op://Team/Key/credential", "");
    assert!(unclear.contains("op://VAULT/ITEM/SECTION/FIELD"), "{unclear}");
}

#[test]
fn a_stand_in_for_a_vendors_program_that_is_not_signed_in_is_told_with_what_to_do() {
    let home = Home::new();
    for (program, target) in [
        ("gh", "gh:acme/web/API_KEY"),
        ("doppler", "doppler:web/prd/API_KEY"),
        ("op", "op://Team/Key/credential"),
        ("vault", "vault:kv/apps/web#api_key"),
        ("kubectl", "k8s:eu/prod/web/key"),
        ("gcloud", "gcloud:acme-prod/chatzuri"),
    ] {
        home.stand_in(program, "echo 'not signed in' >&2; exit 4");
        let said = home.deliver(target, "");
        let begins = format!("{target} is not ready: {program} failed (exit code 4): not signed in. ");
        assert!(said.starts_with(&begins) && said.len() > begins.len() + 10, "{said}");
    }
}
