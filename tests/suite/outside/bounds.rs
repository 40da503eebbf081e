//! Answers without end or beyond all measure, read by the real binary within a bound on its memory: it ends by itself, and
//! says what the answer went past.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use chatzuri_keys::sandbox::{self, FaultRule, SandboxOptions};
use flate2::Compression;
use flate2::write::GzEncoder;
use portable_pty::CommandBuilder;
use tokio::runtime::Runtime;

use super::is_long;
use crate::support::terminal::{BINARY, Terminal};

/// What the program may map, in KiB: a reading without a bound goes past it.
const ADDRESS_SPACE: &str = "1048576";
const CREDENTIAL: &str = "cz_4fT0qLz81mPdW7sKeYv93XbNcRj6HuGaQ2iBnM5o";
/// More than the program's own patience with a whole list, 300 s.
const LONGEST: Duration = Duration::from_secs(400);

/// What is sent for a list.
#[derive(Debug, Clone, Copy, PartialEq)]
enum List {
    /// Every page is full of keys never seen before.
    Endless,
    /// The same, each with a long name, packed small.
    Packed,
    /// A list within a list, and so on.
    Deep,
    /// A million empty objects.
    Wide,
    /// One text of 64 MiB.
    LongText,
    /// A body without end.
    Pour,
    /// A byte now and then.
    Drip,
    /// A head without end.
    LongHead,
}

/// Each with the words that name its bound.
const LISTS: [(List, &str); 8] = [
    (List::Endless, "did not end within 250000 keys"),
    (List::Packed, "did not end within 128 MiB of text"),
    (List::Deep, "more values than any valid reply"),
    (List::Wide, "more values than any valid reply"),
    (List::LongText, "with more than 8 MiB"),
    (List::Pour, "with more than 8 MiB"),
    (List::LongHead, "its response headers are too long"),
    (List::Drip, "within 30 s"),
];

impl List {
    /// Whether only the long form waits for it.
    fn is_slow(self) -> bool {
        matches!(self, Self::Packed | Self::Drip)
    }

    /// Answers one request; an error is the program, which hangs up.
    fn say(self, page: usize, to: &mut TcpStream) -> std::io::Result<()> {
        let json = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n";
        let whole = |to: &mut TcpStream, more: &str, body: &[u8]| {
            write!(to, "{json}{more}Content-Length: {}\r\n\r\n", body.len())?;
            to.write_all(body)
        };
        let rows = |count: usize, name: &str| {
            let row = |row| format!(r#"{{"id":"k{page}.{row}","name":"{name}"}}"#);
            let rows: Vec<String> = (0..count).map(row).collect();
            format!(r#"{{"data":[{}]}}"#, rows.join(","))
        };
        let again = |to: &mut TcpStream, piece: &[u8], every: Duration| {
            loop {
                to.write_all(piece)?;
                std::thread::sleep(every);
            }
        };
        match self {
            Self::Endless => whole(to, "", rows(5000, "Key").as_bytes()),
            Self::Packed => {
                let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
                packed.write_all(rows(1500, &"long ".repeat(800)).as_bytes())?;
                whole(to, "Content-Encoding: gzip\r\n", &packed.finish()?)
            }
            Self::Deep => whole(to, "", "[".repeat(1_000_000).as_bytes()),
            Self::Wide => whole(
                to,
                "",
                format!("{{\"data\":[{}{{}}]}}", "{},".repeat(1_000_000)).as_bytes(),
            ),
            Self::LongText => {
                let name = "x".repeat(64 * 1024 * 1024);
                whole(
                    to,
                    "",
                    format!(r#"{{"data":[{{"id":"k1","name":"{name}"}}]}}"#).as_bytes(),
                )
            }
            Self::Pour => {
                write!(to, "{json}\r\n")?;
                again(to, &[b' '; 64 * 1024], Duration::ZERO)
            }
            Self::Drip => {
                write!(to, "{json}\r\n")?;
                again(to, b" ", Duration::from_secs(1))
            }
            Self::LongHead => {
                to.write_all(b"HTTP/1.1 200 OK\r\nX: ")?;
                again(to, &[b'x'; 64 * 1024], Duration::ZERO)
            }
        }
    }
}

/// Serves this list, and a team, for as long as the tests run.
fn serve(list: List) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for (page, stream) in listener.incoming().flatten().enumerate() {
            std::thread::spawn(move || answer(list, page, stream));
        }
    });
    format!("http://{address}/api/v1")
}

fn answer(list: List, page: usize, mut stream: TcpStream) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    if head.starts_with(b"GET /api/v1/get-api-keys") {
        return list.say(page, &mut stream);
    }
    let team = r#"{"data":[{"id":"team_1","name":"Acme Support"}]}"#;
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{team}",
        team.len()
    )
}

/// What a bounded run left.
struct Ran {
    code: Option<i32>,
    signal: Option<i32>,
    said: String,
    /// The most it kept in memory, in MiB.
    peak: u64,
    took: Duration,
}

/// Runs the binary in the bound.
fn bounded(base_url: &str, credential: &str, args: &[&str]) -> Ran {
    let home = tempfile::tempdir().unwrap();
    let began = Instant::now();
    let mut child = Command::new("sh")
        .args(["-c", "ulimit -v \"$0\" && exec \"$@\"", ADDRESS_SPACE, BINARY])
        .args(args)
        .env_clear()
        .envs(environment(home.path(), base_url, credential))
        .stdin(Stdio::null())
        .stdout(tempfile::tempfile().unwrap())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut stderr = child.stderr.take().unwrap();
    let said = std::thread::spawn(move || {
        let mut said = String::new();
        stderr.read_to_string(&mut said).map(|_| said)
    });
    let mut peak = 0;
    let ended = loop {
        // The last look before its end is near its peak: the kernel keeps the highest mark.
        peak = peak.max(high_mark(&status).unwrap_or_default());
        if let Some(ended) = child.try_wait().unwrap() {
            break ended;
        }
        if began.elapsed() > LONGEST {
            child.kill().unwrap();
            panic!("{args:?} does not end");
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    Ran {
        code: ended.code(),
        signal: ended.signal(),
        said: said.join().unwrap().unwrap(),
        peak: peak / 1024,
        took: began.elapsed(),
    }
}

/// The most that a process kept in memory so far, in KiB.
fn high_mark(status: &str) -> Option<u64> {
    let text = std::fs::read_to_string(status).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

fn environment(home: &std::path::Path, base_url: &str, credential: &str) -> [(&'static str, String); 6] {
    let folder = |name: &str| home.join(name).display().to_string();
    [
        ("HOME", folder("")),
        ("XDG_CONFIG_HOME", folder("config")),
        ("XDG_STATE_HOME", folder("state")),
        ("PATH", "/usr/bin:/bin".to_owned()),
        ("CHATZURI_API_KEY", credential.to_owned()),
        ("CHATZURI_BASE_URL", base_url.to_owned()),
    ]
}

#[test]
fn a_list_beyond_all_measure_ends_a_command_with_an_error_that_names_its_bound() {
    for (list, bound) in LISTS {
        if list.is_slow() && !is_long() {
            continue;
        }
        let ran = bounded(&serve(list), CREDENTIAL, &["list"]);
        println!(
            "list, {list:?}: {} MiB at most, {:.1?}: {}",
            ran.peak,
            ran.took,
            ran.said.trim()
        );
        assert_eq!((ran.code, ran.signal), (Some(1), None), "{list:?}: {}", ran.said);
        assert!(ran.said.contains(bound), "{list:?}: {}", ran.said);
    }
}

#[test]
fn a_list_beyond_all_measure_leaves_the_dashboard_alive_and_the_terminal_is_given_back() {
    for (list, _) in LISTS {
        let base_url = serve(list);
        let mut terminal = Terminal::start((120, 40), "sh", |command: &mut CommandBuilder| {
            command.args(["-c", "ulimit -v \"$0\" && exec \"$@\"", ADDRESS_SPACE, BINARY]);
            command.env("CHATZURI_BASE_URL", &base_url);
            command.env("CHATZURI_API_KEY", CREDENTIAL);
        });
        // What takes long is left in the middle.
        terminal.wait_for(if list.is_slow() { "reading…" } else { "! not read" });
        let peak = high_mark(&format!("/proc/{}/status", terminal.pid())).unwrap();
        println!("dashboard, {list:?}: {} MiB at most", peak / 1024);
        terminal.press("q");
        assert_eq!(terminal.ends_and_gives_the_terminal_back(), 0, "{list:?}");
    }
}

/// What the sandbox can do wrong to a list or a change, and the exit codes that tell of an error.
#[test]
fn every_fault_of_the_sandbox_ends_a_command_by_itself() {
    let runtime = Runtime::new().unwrap();
    let slow: &[&str] = if is_long() {
        &["hang", "hang-after", "slow=40000"]
    } else {
        &[]
    };
    let faults = [
        "huge",
        "gzip-bomb",
        "endless",
        "truncated",
        "garbage",
        "wrong-shape",
        "empty",
        "drop-before",
        "drop-after",
    ];
    // The slow ones wait for most of their time, so they do it beside the others.
    std::thread::scope(|scope| {
        for (endpoint, args) in [
            ("list", &["list"][..]),
            ("teams", &["teams"]),
            ("create", &["create", "Bot", "--show"]),
            ("revoke", &["revoke", "Load test", "--yes"]),
        ] {
            for faults in [&faults[..], slow] {
                let runtime = &runtime;
                scope.spawn(move || {
                    faults
                        .iter()
                        .for_each(|fault| ends_by_itself(runtime, endpoint, fault, args))
                });
            }
        }
    });
}

fn ends_by_itself(runtime: &Runtime, endpoint: &str, fault: &str, args: &[&str]) {
    // The lost key is looked for until two minutes are over.
    if (endpoint, fault) == ("create", "drop-before") && !is_long() {
        return;
    }
    let Ok(rule) = FaultRule::parse(&format!("{endpoint}:{fault}")) else {
        assert_eq!((fault, endpoint == "list"), ("endless", false));
        return;
    };
    let options = SandboxOptions {
        apps: false,
        ..SandboxOptions::default()
    };
    let server = runtime.block_on(sandbox::start(options)).unwrap();
    server.inject(rule);
    let ran = bounded(&server.base_url, server.credential.expose(), args);
    println!(
        "{endpoint}:{fault}: {:?}, {} MiB at most, {:.1?}",
        ran.code, ran.peak, ran.took
    );
    assert_eq!(ran.signal, None, "{endpoint}:{fault}: {}", ran.said);
    assert!(!ran.said.contains("panicked"), "{endpoint}:{fault}: {}", ran.said);
    let bound = match fault {
        // Nothing is unpacked that may hold a new value.
        "gzip-bomb" if endpoint == "create" => "it is not JSON",
        "huge" | "gzip-bomb" => "more than 8 MiB",
        "endless" => "did not end within 250000 keys",
        _ => "",
    };
    // A key that was revoked all the same is gone from the list, whatever the answer was.
    let may_work = endpoint == "revoke";
    assert!(may_work || ran.said.contains(bound), "{endpoint}:{fault}: {}", ran.said);
    let is_error = matches!(ran.code, Some(1 | 4 | 5 | 7));
    assert!(
        is_error || may_work && ran.code == Some(0),
        "{endpoint}:{fault}: {:?} {}",
        ran.code,
        ran.said
    );
}
