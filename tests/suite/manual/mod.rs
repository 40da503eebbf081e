//! Servers that lack an operation on keys: every job to its end all the same, with a browser played by plain HTTP.

mod asked_first;
mod dashboard;
mod every_job;
mod expected;
mod found_out;
mod import;
mod jobs;
mod paste;
mod rotation;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};

use chatzuri_keys::sandbox::{self, FaultEndpoint, Running, SandboxOptions};
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

const BINARY: &str = env!("CARGO_BIN_EXE_chatzuri-keys");
/// What is said when the person is to click.
const CLICK: &str = "click Revoke next to ";

/// The page of the sandbox, as a browser uses it.
pub struct Browser {
    host: String,
}

impl Browser {
    pub fn on(server: &Running) -> Self {
        let page = server.page();
        let host = page.trim_start_matches("http://").trim_end_matches('/');
        Self { host: host.to_owned() }
    }

    /// One request; the status and all of the answer.
    pub fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.host).unwrap();
        let mut request = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
        let with_host = headers.iter().any(|(name, _)| *name == "Host");
        if !with_host {
            request.push_str(&format!("Host: {}\r\n", self.host));
        }
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        let length = body.len();
        request.push_str(&format!(
            "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n{body}"
        ));
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        (status, answer)
    }

    /// The person makes a key and copies its value.
    pub fn create(&self, name: &str) -> String {
        let (status, page) = self.ask("POST", "/create", &[], &format!("name={}", name.replace(' ', "+")));
        assert_eq!(status, 201, "{page}");
        let rest = page.split("id=\"value\">").nth(1).unwrap();
        rest.split('<').next().unwrap().to_owned()
    }

    /// The person clicks Revoke next to the key with these last four.
    pub fn revoke(&self, last_four: &str) {
        let (_, page) = self.ask("GET", "/", &[], "");
        let row = page.lines().find(|line| line.contains(&format!("…{last_four}</td>")));
        let row = row.unwrap_or_else(|| panic!("no key …{last_four} on the page:\n{page}"));
        let id = row
            .split("name=\"id\" value=\"")
            .nth(1)
            .unwrap()
            .split('"')
            .next()
            .unwrap();
        let (status, page) = self.ask("POST", "/revoke", &[], &format!("id={id}"));
        assert_eq!(status, 200, "{page}");
    }
}

pub fn four(value: &str) -> &str {
    &value[value.len() - 4..]
}

/// What a run left.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

/// A server without some endpoints, and an empty home.
pub struct Desk {
    /// The server runs on it.
    _runtime: Runtime,
    pub server: Running,
    pub home: TempDir,
    pub browser: Browser,
}

impl Desk {
    pub fn without(without: &[FaultEndpoint]) -> Self {
        let runtime = Runtime::new().unwrap();
        let options = SandboxOptions {
            apps: false,
            without: without.to_vec(),
            ..SandboxOptions::default()
        };
        let server = runtime.block_on(sandbox::start(options)).unwrap();
        let browser = Browser::on(&server);
        Self {
            _runtime: runtime,
            server,
            home: tempfile::tempdir().unwrap(),
            browser,
        }
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = bare(self.home.path(), args);
        command
            .env("CHATZURI_API_KEY", self.server.credential.expose())
            .env("CHATZURI_BASE_URL", &self.server.base_url);
        command
    }

    pub fn run(&self, args: &[&str]) -> Ran {
        self.run_with("", args)
    }

    /// Runs with this on standard input.
    pub fn run_with(&self, stdin: &str, args: &[&str]) -> Ran {
        finish(start(self.command(args), stdin))
    }

    /// Runs until the person is asked to click, lets them click, and waits for the end.
    pub fn run_and_click(&self, value: &str, args: &[&str]) -> Ran {
        let mut child = start(self.command(args), value);
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut said = read_until(&mut stderr, CLICK);
        assert!(said.contains(CLICK), "{said}");
        self.browser.revoke(four(value));
        stderr.read_to_string(&mut said).unwrap();
        let mut ran = finish(child);
        ran.stderr = said;
        ran
    }

    pub fn json(&self, args: &[&str]) -> Value {
        let ran = self.run(args);
        serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran:?}"))
    }

    /// The key of this name in the list, if it is there.
    pub fn listed(&self, name: &str) -> Option<Value> {
        let list = self.json(&["list", "--json"]);
        let keys = list["keys"].as_array().unwrap();
        keys.iter().find(|key| key["name"] == name).cloned()
    }

    /// The way of an operation, as status tells it.
    pub fn capability(&self, operation: &str) -> String {
        let status = self.json(&["status", "--json"]);
        let endpoints = status["endpoints"].as_array().unwrap();
        let found = endpoints.iter().find(|endpoint| endpoint["operation"] == operation);
        found.unwrap()["way"].as_str().unwrap().to_owned()
    }

    /// How often a request of this method whose path ends so was made.
    pub fn asked(&self, method: &str, path: &str) -> usize {
        let log = self.server.request_log();
        let asked = log.iter().filter(|record| record.method == method);
        asked.filter(|record| record.path.contains(path)).count()
    }
}

/// The binary with nothing of this machine's: no keyring, no display, no config, no proxy.
pub fn bare(home: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    command
        .env_clear()
        .env("HOME", home)
        .env("XDG_CONFIG_HOME", home.join("config"))
        .env("XDG_STATE_HOME", home.join("state"))
        .env("TZ", "UTC")
        .env("USER", "amina")
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

pub fn start(mut command: Command, stdin: &str) -> Child {
    let mut child = command.spawn().unwrap();
    // A command that reads nothing may have ended by now.
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    child
}

pub fn finish(child: Child) -> Ran {
    let output = child.wait_with_output().unwrap();
    Ran {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

fn read_until(from: &mut BufReader<ChildStderr>, words: &str) -> String {
    let mut said = String::new();
    while !said.contains(words) && from.read_line(&mut said).unwrap() > 0 {}
    said
}

pub fn write_config(home: &Path, text: &str) {
    let folder = home.join("config").join("chatzuri-keys");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("config.toml"), text).unwrap();
}

/// An own sink that keeps what it reads in a file.
pub fn write_sink(home: &Path, more: &str) {
    use std::os::unix::fs::PermissionsExt;
    let (program, kept) = (home.join("box.sh"), home.join("box"));
    std::fs::write(&program, format!("#!/bin/sh\n/bin/cat >'{}'\n", kept.display())).unwrap();
    std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
    let command = program.display();
    write_config(home, &format!("{more}[sinks.box]\ncommand = [\"{command}\"]\n"));
}
