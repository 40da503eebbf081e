//! The real binary, as a script runs it, against a real server of the contract.

mod create;
mod leak_replace;
mod log;
mod read;
mod revoke;
mod revoke_many;
mod rotate;
mod serve;
mod sign_in;
mod terminal;
mod usage;
mod whose;

use std::path::Path;

use assert_cmd::Command;
use chatzuri_keys::sandbox::{self, FaultRule, Running, SandboxOptions};
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

const BINARY: &str = env!("CARGO_BIN_EXE_chatzuri-keys");
/// A name the seed gives to one key only, and which was used a minute before the start.
const USED: &str = "Zapier";
/// A name of the seed that was never used.
const UNUSED: &str = "Load test";

/// A server and an empty home.
struct Stage {
    runtime: Runtime,
    server: Option<Running>,
    home: TempDir,
}

/// What a run left.
struct Ran {
    code: i32,
    stdout: String,
    stderr: String,
}

impl Stage {
    fn new() -> Self {
        let runtime = Runtime::new().unwrap();
        let options = SandboxOptions {
            apps: false,
            // Another time than the machine's: what is due is told by the server's clock, and no midnight comes between.
            now: Some("2027-03-04T12:00:00Z".parse().unwrap()),
            ..SandboxOptions::default()
        };
        let server = runtime.block_on(sandbox::start(options)).unwrap();
        Self {
            runtime,
            server: Some(server),
            home: tempfile::tempdir().unwrap(),
        }
    }

    fn with_fault(rule: &str) -> Self {
        let stage = Self::new();
        stage.server().inject(FaultRule::parse(rule).unwrap());
        stage
    }

    fn server(&self) -> &Running {
        self.server.as_ref().unwrap()
    }

    fn run(&self, args: &[&str]) -> Ran {
        self.run_as(self.server().credential.expose(), args)
    }

    fn run_as(&self, credential: &str, args: &[&str]) -> Ran {
        let ran = bare(self.home.path())
            .env("CHATZURI_API_KEY", credential)
            .env("CHATZURI_BASE_URL", &self.server().base_url)
            .args(args)
            .output()
            .unwrap();
        let ran = ran_of(&ran);
        assert!(!ran.stderr.contains(credential), "the credential is in: {}", ran.stderr);
        assert!(!ran.stderr.contains('\u{1b}'), "{:?}", ran.stderr);
        ran
    }

    /// The same with this on standard input.
    fn run_with(&self, args: &[&str], stdin: &str) -> Ran {
        let ran = bare(self.home.path())
            .env("CHATZURI_API_KEY", self.server().credential.expose())
            .env("CHATZURI_BASE_URL", &self.server().base_url)
            .args(args)
            .write_stdin(stdin)
            .output()
            .unwrap();
        ran_of(&ran)
    }

    /// A file of the home, and its path.
    fn write(&self, name: &str, text: &str) -> String {
        let path = self.home.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn json(&self, args: &[&str]) -> Value {
        let ran = self.run(args);
        serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {} {}", ran.stdout, ran.stderr))
    }

    fn names(&self) -> Vec<String> {
        let keys = self.json(&["list", "--json"])["keys"].take();
        let names = keys.as_array().unwrap().iter();
        names.map(|key| key["name"].as_str().unwrap().to_owned()).collect()
    }

    fn id_of(&self, name: &str) -> String {
        let shape = self.json(&["show", name, "--json"]);
        shape["key"]["id"].as_str().unwrap().to_owned()
    }

    /// How often this endpoint was asked, but for looking whether it is there: that names a key nobody has.
    fn asked(&self, path: &str) -> usize {
        let log = self.server().request_log();
        let asked = |path_asked: &str| path_asked.contains(path) && !path_asked.contains(crate::support::LOOK);
        log.iter().filter(|record| asked(&record.path)).count()
    }

    /// Stops the server and leaves its address.
    fn stop(&mut self) -> String {
        let server = self.server.take().unwrap();
        let address = server.base_url.clone();
        self.runtime.block_on(server.shutdown());
        address
    }
}

fn ran_of(output: &std::process::Output) -> Ran {
    Ran {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout.clone()).unwrap(),
        stderr: String::from_utf8(output.stderr.clone()).unwrap(),
    }
}

/// The binary with nothing of this machine's: no keyring, no config, no proxy.
fn bare(home: &Path) -> Command {
    let mut command = Command::new(BINARY);
    command
        .env_clear()
        .env("HOME", home)
        .env("XDG_CONFIG_HOME", home.join("config"))
        .env("XDG_STATE_HOME", home.join("state"))
        .env("PATH", path_of(home))
        .env("TZ", "UTC");
    command
}

/// The programs of this home, and then the machine's.
fn path_of(home: &Path) -> String {
    format!("{}:/usr/bin:/bin", home.join("bin").display())
}

/// A program of this home. It writes its arguments to `argv`, one line for each run.
fn stand_in(stage: &Stage, name: &str, script: &str) {
    use std::os::unix::fs::PermissionsExt;
    let (home, bin) = (stage.home.path(), stage.home.path().join("bin"));
    std::fs::create_dir_all(&bin).unwrap();
    let script = format!(
        "#!/bin/sh\ncd '{}' || exit 99\nprintf '%s\\n' \"{name} $*\" >>argv\n{script}\n",
        home.display()
    );
    std::fs::write(bin.join(name), script).unwrap();
    std::fs::set_permissions(bin.join(name), PermissionsExt::from_mode(0o755)).unwrap();
}

/// Plays gcloud with a current project, and a version of a secret.
const GCLOUD: &str = "case \"$*\" in\n\
    'config get-value'*) echo acme-prod;;\n\
    *' add '*) cat >stored;;\n\
    *' access '*) cat stored;;\n\
    esac";

fn write_config(home: &Path, text: &str) {
    let folder = home.join("config").join("chatzuri-keys");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("config.toml"), text).unwrap();
}

/// An own sink that keeps what it reads in a file; `more` goes into its script first.
fn write_sinks(stage: &Stage, sinks: &[(&str, &str)]) {
    use std::os::unix::fs::PermissionsExt;
    let mut config = String::new();
    for (name, more) in sinks {
        let (program, kept) = (
            stage.home.path().join(format!("{name}.sh")),
            stage.home.path().join(name),
        );
        std::fs::write(&program, format!("#!/bin/sh\n{more}\n/bin/cat >'{}'\n", kept.display())).unwrap();
        std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
        config.push_str(&format!(
            "[sinks.{name}]\ncommand = [\"{}\", \"{{name}}\", \"{{team}}\"]\nverify = [\"/bin/cat\", \"{}\"]\n",
            program.display(),
            kept.display()
        ));
    }
    write_config(stage.home.path(), &config);
}

fn kept_by(stage: &Stage, name: &str) -> String {
    std::fs::read_to_string(stage.home.path().join(name)).unwrap()
}
