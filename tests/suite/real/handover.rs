//! `create --to` with a real keyring: what one target does not take is kept for it, and forgotten once it has it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Output, Stdio};

use chatzuri_keys::core::secret::Secret;
use chatzuri_keys::sandbox::{self, Running, SandboxOptions};

use super::tools::{self, Bus};

const TOOLS: &[(&str, &str)] = &[
    ("dbus-daemon", "dbus"),
    ("gnome-keyring-daemon", "gnome-keyring"),
    ("secret-tool", "libsecret-tools"),
];

fn run(bus: &Bus, server: &Running, args: &[&str]) -> Output {
    let mut command = tools::command(env!("CARGO_BIN_EXE_chatzuri-keys"));
    bus.dress(&mut command);
    command
        .env("XDG_CONFIG_HOME", bus.home.path().join("config"))
        .env("XDG_STATE_HOME", bus.home.path().join("state"))
        .env("CHATZURI_API_KEY", server.credential.expose())
        .env("CHATZURI_BASE_URL", &server.base_url)
        .args(args)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn words(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Everything the keyring holds for us.
fn kept(bus: &Bus) -> String {
    let found = bus.run("secret-tool", &["search", "--all", "service", "chatzuri-keys"]);
    format!(
        "{}{}",
        String::from_utf8(found.stdout).unwrap(),
        String::from_utf8(found.stderr).unwrap()
    )
}

#[test]
fn a_value_one_target_did_not_take_waits_in_the_keyring_and_is_forgotten_once_it_is_taken() {
    if !tools::have("handover", TOOLS) {
        return;
    }
    let bus = Bus::start(true);
    let _daemon = bus.unlocked_keyring();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime.block_on(sandbox::start(SandboxOptions::default())).unwrap();
    let home = bus.home.path();
    let mut config = String::new();
    for (name, ready) in [
        ("good", "true"),
        ("later", &*format!("test -e '{}'", home.join("open").display())),
    ] {
        let program = home.join(format!("{name}.sh"));
        let put = format!("#!/bin/sh\n{ready} || exit 9\ncat >'{}'\n", home.join(name).display());
        fs::write(&program, put).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        config.push_str(&format!(
            "[sinks.{name}]\ncommand = [\"{}\", \"{{key_id}}\"]\n",
            program.display()
        ));
    }
    fs::create_dir_all(home.join("config/chatzuri-keys")).unwrap();
    fs::write(home.join("config/chatzuri-keys/config.toml"), config).unwrap();

    let first = run(
        &bus,
        &server,
        &["create", "Old website", "--to", "good", "--to", "later"],
    );
    let said = words(&first);
    assert_eq!(
        (first.status.code(), first.stdout.as_slice()),
        (Some(5), &b""[..]),
        "{said}"
    );
    assert!(said.contains("good: stored, not verified\n"), "{said}");
    assert!(said.contains("later: failed: "), "{said}");
    assert!(
        said.contains("chatzuri-keys create --resume 'Old website' --to later\n"),
        "{said}"
    );
    let value = fs::read_to_string(home.join("good")).unwrap();
    assert!(Secret::parse(&value).is_ok() && !said.contains(&value), "{said}");
    let escrow = kept(&bus);
    assert!(
        escrow.contains("escrow/") && escrow.contains(&value),
        "the escrow is kept"
    );

    // Still shut: it stays where it is.
    let again = run(&bus, &server, &["create", "--resume", "Old website", "--to", "later"]);
    assert_eq!(again.status.code(), Some(5), "{}", words(&again));
    assert!(kept(&bus).contains(&value));

    fs::write(home.join("open"), "").unwrap();
    let last = run(
        &bus,
        &server,
        &["create", "--resume", "Old website", "--to", "later", "--json"],
    );
    assert_eq!(last.status.code(), Some(0), "{}", words(&last));
    let shape: serde_json::Value = serde_json::from_slice(&last.stdout).unwrap();
    assert_eq!(shape["receipts"][0]["verified"], "no");
    assert_eq!(fs::read_to_string(home.join("later")).unwrap(), value);
    let after = kept(&bus);
    assert!(!after.contains("escrow/") && !after.contains(&value), "{after}");
    assert!(!tools::is_in_a_file(&home.join("state"), &value));
    let nothing = run(&bus, &server, &["create", "--resume"]);
    assert!(words(&nothing).contains("No new key is waiting"), "{}", words(&nothing));
    runtime.block_on(server.shutdown());
}
