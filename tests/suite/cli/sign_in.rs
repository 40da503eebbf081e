//! Where the credential and the settings come from.

use super::*;

#[test]
fn status_says_where_everything_comes_from_and_what_is_documented() {
    let stage = Stage::new();
    let shape = stage.json(&["status", "--json"]);
    assert_eq!(shape["credential"]["source"], "environment");
    assert_eq!(shape["base_url"]["source"], "environment");
    assert_eq!(shape["signed_in"], true);
    let documented: Vec<&Value> = shape["endpoints"].as_array().unwrap().iter().collect();
    assert_eq!(documented.iter().filter(|one| one["documented"] == true).count(), 1);
    let text = stage.run(&["status"]).stdout;
    assert!(
        text.contains("(from CHATZURI_BASE_URL)") && text.contains("GET /get-teams"),
        "{text}"
    );
    let credential = stage.server().credential.expose();
    assert!(!text.contains(credential) && !shape.to_string().contains(credential));
    let refused = stage.run_as("cz_dead0123456789abcdefDEAD", &["status", "--json"]);
    assert_eq!(refused.code, 4);
    assert_eq!(
        serde_json::from_str::<Value>(&refused.stdout).unwrap()["signed_in"],
        false
    );
}

#[test]
fn without_a_keyring_the_ways_out_are_told() {
    let stage = Stage::new();
    let ran = bare(stage.home.path())
        .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus")
        .env("XDG_RUNTIME_DIR", stage.home.path())
        .args(["list", "--base-url", &stage.server().base_url])
        .output()
        .unwrap();
    let ran = ran_of(&ran);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("CHATZURI_API_KEY") && ran.stderr.contains("credential_command"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_credential_command_signs_in() {
    let stage = Stage::new();
    let file = stage.home.path().join("key");
    std::fs::write(&file, stage.server().credential.expose()).unwrap();
    write_config(
        stage.home.path(),
        &format!(
            "profile = \"acme\"\n[profiles.acme]\nbase_url = \"{}\"\ncredential_command = [\"/bin/cat\", \"{}\"]\n",
            stage.server().base_url,
            file.display()
        ),
    );
    let ran = ran_of(&bare(stage.home.path()).args(["status", "--json"]).output().unwrap());
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let shape: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(shape["profile"]["value"], "acme");
    assert_eq!(shape["credential"]["source"], "credential_command");
}

#[test]
fn login_refuses_what_is_no_key_without_repeating_it() {
    let stage = Stage::new();
    let ran = bare(stage.home.path())
        .args(["login", "--with-token", "--base-url", &stage.server().base_url])
        .write_stdin("cz_this is no key")
        .output()
        .unwrap();
    let ran = ran_of(&ran);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(!ran.stderr.contains("cz_this"), "{}", ran.stderr);
    let refused = bare(stage.home.path())
        .args(["login", "--with-token", "--base-url", &stage.server().base_url])
        .write_stdin("Bearer cz_dead0123456789abcdefDEAD\n")
        .output()
        .unwrap();
    let refused = ran_of(&refused);
    assert_eq!(refused.code, 4, "{}", refused.stderr);
    assert!(!refused.stderr.contains("0123456789"), "{}", refused.stderr);
    let nobody = ran_of(&bare(stage.home.path()).arg("login").output().unwrap());
    assert_eq!(nobody.code, 2, "{}", nobody.stderr);
}

#[test]
fn bad_settings_are_told_with_their_source_and_exit_2() {
    let stage = Stage::new();
    let insecure = ran_of(
        &bare(stage.home.path())
            .env("CHATZURI_BASE_URL", "http://evil.example")
            .arg("list")
            .output()
            .unwrap(),
    );
    assert_eq!(insecure.code, 2);
    assert!(insecure.stderr.contains("CHATZURI_BASE_URL: "), "{}", insecure.stderr);
    let no_key = stage.run_as("cz_not a key", &["list"]);
    assert_eq!(no_key.code, 2);
    assert!(no_key.stderr.contains("CHATZURI_API_KEY: "), "{}", no_key.stderr);
    write_config(stage.home.path(), "profile = \"a\"\n\n[api]\nbase_ulr = \"x\"\n");
    let typo = stage.run(&["list"]);
    assert_eq!(typo.code, 2);
    assert!(
        typo.stderr.contains("config.toml line 4: ") && typo.stderr.contains("base_ulr"),
        "{}",
        typo.stderr
    );
    let absent = stage.run(&["list", "--config", "/nonexistent/config.toml"]);
    assert_eq!(absent.code, 2);
    assert!(absent.stderr.contains("no such config file"), "{}", absent.stderr);
}

#[test]
fn the_command_line_itself_is_checked() {
    let home = tempfile::tempdir().unwrap();
    for args in [
        &["lst"][..],
        &["revoke"],
        &["list", "--nope"],
        &["sandbox", "--fault", "nonsense", "--serve"],
    ] {
        let ran = ran_of(&bare(home.path()).args(args).output().unwrap());
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{args:?}: {}", ran.stderr);
    }
    let dashboard = ran_of(&bare(home.path()).output().unwrap());
    assert_eq!(dashboard.code, 2);
    assert!(dashboard.stderr.contains("needs a terminal"), "{}", dashboard.stderr);
    let help = ran_of(
        &bare(home.path())
            .env("CHATZURI_API_KEY", "cz_secret0123456789")
            .arg("--help")
            .output()
            .unwrap(),
    );
    assert_eq!(help.code, 0);
    assert!(help.stdout.contains("Exit codes:") && !help.stdout.contains("cz_secret"));
}

#[cfg(target_os = "linux")]
#[test]
fn a_descriptor_we_were_started_with_is_not_passed_on_to_a_child() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("chatzuri-keys");
    std::fs::create_dir(&folder).unwrap();
    let config =
        "[profiles.default]\ncredential_command = [\"sh\", \"-c\", \"readlink /proc/self/fd/* >&2; exit 1\"]\n";
    std::fs::write(folder.join("config.toml"), config).unwrap();
    let opened = home.path().join("opened-by-the-shell");
    std::fs::write(&opened, "").unwrap();
    let script = format!("exec 9<'{}'; exec \"$BINARY\" teams", opened.display());
    let ran = std::process::Command::new("sh")
        .args(["-c", &script])
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("BINARY", env!("CARGO_BIN_EXE_chatzuri-keys"))
        .env("XDG_CONFIG_HOME", home.path())
        .env("XDG_STATE_HOME", home.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(said.contains("exited with code 1 and said"), "{said}");
    assert!(!said.contains("opened-by-the-shell"), "{said}");
}
