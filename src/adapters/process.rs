//! Child processes: no shell, nothing of ours in their environment, and an end in any case.

use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio::time::Instant;
use zeroize::Zeroizing;

use crate::core::text::clean;
use crate::ports::{Answer, ChildOutput, ChildProcess, ProcessError, Processes};

/// Bytes kept of a child's standard output: the largest secret of AWS has 64 KiB, and is edited here.
pub const STDOUT_LIMIT: usize = 128 * 1024;
/// Bytes kept of a child's standard error.
pub const STDERR_LIMIT: usize = 4 * 1024;
/// What a child does not inherit: these name our credential, our server and our profile.
const OUR_VARIABLES: &[u8] = b"CHATZURI_";
/// How long the output of a child that has ended is waited for, when something it started still holds the pipe.
const LINGER: Duration = Duration::from_millis(500);
/// How long a killed child may take to be gone.
const REAP: Duration = Duration::from_secs(1);

/// [`Processes`] of this machine. A child runs in a process group of its own, so it cannot read our terminal, and it is
/// killed with whatever it started when its time is over or when nobody waits for it any more.
#[derive(Debug, Clone, Copy, Default)]
pub struct ChildProcesses;

impl Processes for ChildProcesses {
    fn run<'a>(&'a self, child: ChildProcess<'a>) -> Answer<'a, Result<ChildOutput, ProcessError>> {
        Box::pin(run(child))
    }

    fn is_here(&self, program: &str) -> bool {
        is_here(program)
    }
}

fn is_here(program: &str) -> bool {
    let named = Path::new(program);
    if cfg!(windows) || named.components().count() > 1 {
        // Windows tries several endings; there, starting it will tell.
        return cfg!(windows) || is_executable(named);
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| is_executable(&folder.join(named)))
}

fn is_executable(file: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        file.metadata()
            .is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
    }
    #[cfg(not(unix))]
    {
        file.is_file()
    }
}

async fn run(child: ChildProcess<'_>) -> Result<ChildOutput, ProcessError> {
    let Some((program, arguments)) = child.argv.split_first() else {
        return Err(ProcessError("There is no command to run.".into()));
    };
    let shown = clean(program);
    let deadline = Instant::now() + child.limit;
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .kill_on_drop(true);
    for (name, _) in std::env::vars_os() {
        if is_ours(&name) {
            command.env_remove(name);
        }
    }
    #[cfg(unix)]
    command.process_group(0);
    let mut feed = Feed::attach(&mut command, child.stdin.is_some())
        .map_err(|error| ProcessError(format!("Cannot send {shown} its input: {error}.")))?;
    let mut running = RunningChild(command.spawn().map_err(|error| not_started(&shown, &error))?);
    // It holds the child's end of the pipe.
    drop(command);
    feed.started(&mut running.0);

    match tokio::time::timeout_at(deadline, finish(&mut running.0, &mut feed, child.stdin)).await {
        Ok(Ok(output)) => Ok(output),
        Ok(Err(error)) => Err(ProcessError(format!("Lost track of {shown}: {error}."))),
        Err(_) => {
            running.kill().await;
            Err(ProcessError(format!(
                "{shown} did not finish within {:?}, so it was stopped.",
                child.limit
            )))
        }
    }
}

async fn finish(child: &mut Child, feed: &mut Feed, stdin: Option<&Zeroizing<Vec<u8>>>) -> io::Result<ChildOutput> {
    let (from_stdout, from_stderr) = (child.stdout.take(), child.stderr.take());
    // Of their final size from the start: growing would leave copies behind.
    let mut stdout = Zeroizing::new(Vec::with_capacity(STDOUT_LIMIT));
    let mut stderr = Vec::with_capacity(STDERR_LIMIT);
    let (status, fed, stdout_whole) = {
        let mut capture = std::pin::pin!(async {
            tokio::join!(
                keep(from_stdout, &mut stdout, STDOUT_LIMIT),
                keep(from_stderr, &mut stderr, STDERR_LIMIT)
            )
        });
        let mut feeding = std::pin::pin!(feed.give(stdin.map_or(&[], |bytes| bytes.as_slice())));
        let (mut fed, mut captured) = (None, None);
        let status = loop {
            tokio::select! {
                status = child.wait() => break status?,
                result = &mut feeding, if fed.is_none() => fed = Some(result),
                (whole, _) = &mut capture, if captured.is_none() => captured = Some(whole),
            }
        };
        if captured.is_none() {
            let late = tokio::time::timeout(LINGER, &mut capture).await;
            captured = late.ok().map(|(whole, _)| whole);
        }
        if fed.is_none() {
            // The child may have read the last of it and ended in one go.
            fed = tokio::time::timeout(Duration::ZERO, &mut feeding).await.ok();
        }
        (status, matches!(fed, Some(Ok(()))), captured == Some(true))
    };
    Ok(ChildOutput {
        code: status.code(),
        stdout,
        stdout_whole,
        stderr: clean(String::from_utf8_lossy(&stderr).trim()).into_owned(),
        read_all_stdin: fed && feed.is_empty(),
    })
}

/// Reads to the end and keeps the first `limit` bytes; the rest is read too, so that the child does not block on it. Whether
/// that was all.
async fn keep(from: Option<impl AsyncRead + Unpin>, kept: &mut Vec<u8>, limit: usize) -> bool {
    let Some(mut from) = from else { return true };
    while kept.len() < limit {
        let room = u64::try_from(limit - kept.len()).unwrap_or(u64::MAX);
        match (&mut from).take(room).read_buf(kept).await {
            Ok(0) => return true,
            Err(_) => return false,
            Ok(_) => {}
        }
    }
    let mut rest = Zeroizing::new([0_u8; 4096]);
    let mut whole = true;
    while let Ok(1..) = from.read(rest.as_mut_slice()).await {
        whole = false;
    }
    whole
}

pub(super) fn is_ours(name: &OsStr) -> bool {
    let name = name.as_encoded_bytes();
    name.get(..OUR_VARIABLES.len()).is_some_and(|start| {
        if cfg!(windows) {
            start.eq_ignore_ascii_case(OUR_VARIABLES)
        } else {
            start == OUR_VARIABLES
        }
    })
}

fn not_started(program: &str, error: &io::Error) -> ProcessError {
    ProcessError(match error.kind() {
        io::ErrorKind::NotFound => format!("Cannot run {program}: no such program."),
        io::ErrorKind::PermissionDenied => format!("Cannot run {program}: it is not executable."),
        _ => format!("Cannot run {program}: {}.", clean(&error.to_string())),
    })
}

/// A child, killed with its group when dropped before its end.
struct RunningChild(Child);

impl RunningChild {
    async fn kill(&mut self) {
        self.kill_group();
        let _ = self.0.start_kill();
        let _ = tokio::time::timeout(REAP, self.0.wait()).await;
    }

    fn kill_group(&self) {
        // There is an id only as long as the child was not waited for, so the group's number cannot be another's.
        #[cfg(unix)]
        if let Some(group) = self
            .0
            .id()
            .and_then(|id| i32::try_from(id).ok())
            .and_then(rustix::process::Pid::from_raw)
        {
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }
}

impl Drop for RunningChild {
    fn drop(&mut self) {
        self.kill_group();
    }
}

/// The way to a child's standard input. We keep a reading end of the pipe ourselves: what is left in it when the child has
/// ended is what it did not read. (A write alone says nothing: the pipe takes 64 KiB that nobody may ever read.)
#[cfg(unix)]
struct Feed {
    writer: Option<tokio::net::unix::pipe::Sender>,
    reader: Option<io::PipeReader>,
}

#[cfg(unix)]
impl Feed {
    fn attach(command: &mut Command, wanted: bool) -> io::Result<Self> {
        if !wanted {
            command.stdin(std::process::Stdio::null());
            return Ok(Self {
                writer: None,
                reader: None,
            });
        }
        let (reader, writer) = io::pipe()?;
        command.stdin(std::process::Stdio::from(reader.try_clone()?));
        Ok(Self {
            writer: Some(tokio::net::unix::pipe::Sender::from_owned_fd(writer.into())?),
            reader: Some(reader),
        })
    }

    fn started(&mut self, _child: &mut Child) {}

    /// Writes it all and closes our end.
    fn give<'a>(&mut self, bytes: &'a [u8]) -> impl Future<Output = io::Result<()>> + use<'a> {
        use tokio::io::AsyncWriteExt as _;
        let writer = self.writer.take();
        async move {
            match writer {
                None => Ok(()),
                Some(mut writer) => writer.write_all(bytes).await,
            }
        }
    }

    fn is_empty(&self) -> bool {
        match &self.reader {
            None => true,
            Some(reader) => matches!(rustix::io::ioctl_fionread(reader), Ok(0)),
        }
    }
}

/// The way to a child's standard input.
#[cfg(not(unix))]
struct Feed {
    writer: Option<tokio::process::ChildStdin>,
}

#[cfg(not(unix))]
impl Feed {
    fn attach(command: &mut Command, wanted: bool) -> io::Result<Self> {
        command.stdin(if wanted {
            std::process::Stdio::piped()
        } else {
            std::process::Stdio::null()
        });
        Ok(Self { writer: None })
    }

    fn started(&mut self, child: &mut Child) {
        self.writer = child.stdin.take();
    }

    /// Writes it all and closes our end.
    fn give<'a>(&mut self, bytes: &'a [u8]) -> impl Future<Output = io::Result<()>> + use<'a> {
        use tokio::io::AsyncWriteExt as _;
        let writer = self.writer.take();
        async move {
            match writer {
                None => Ok(()),
                Some(mut writer) => {
                    writer.write_all(bytes).await?;
                    writer.shutdown().await
                }
            }
        }
    }

    /// Nothing tells here; a broken pipe was told by the write.
    fn is_empty(&self) -> bool {
        true
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::sync::Arc;

    use super::*;

    const AMPLE: Duration = Duration::from_secs(30);

    async fn shell(script: &str, stdin: Option<&[u8]>, limit: Duration) -> Result<ChildOutput, ProcessError> {
        let argv = ["sh", "-c", script].map(str::to_owned);
        let stdin = stdin.map(|bytes| Zeroizing::new(bytes.to_vec()));
        let child = ChildProcess {
            argv: &argv,
            stdin: stdin.as_ref(),
            limit,
        };
        ChildProcesses.run(child).await
    }

    #[test]
    fn a_program_is_here_where_it_could_be_started() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tool");
        std::fs::write(&file, "").unwrap();
        let tool = file.to_str().unwrap();
        assert!(ChildProcesses.is_here("sh"));
        for missing in ["no-such-tool", tool, folder.path().to_str().unwrap()] {
            assert!(!ChildProcesses.is_here(missing), "{missing}");
        }
        std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        assert!(ChildProcesses.is_here(tool));
    }

    fn refusal(result: Result<ChildOutput, ProcessError>) -> String {
        match result {
            Ok(output) => panic!("it ran: {:?} {}", output.code, output.stderr),
            Err(ProcessError(words)) => words,
        }
    }

    #[tokio::test]
    async fn a_child_reads_its_input_to_the_end_and_its_output_and_code_come_back() {
        let output = shell("cat; echo done >&2; exit 3", Some(b"a value"), AMPLE)
            .await
            .unwrap();
        assert_eq!(
            (output.code, output.stdout.as_slice()),
            (Some(3), b"a value".as_slice())
        );
        assert_eq!((output.stderr.as_str(), output.read_all_stdin), ("done", true));
    }

    #[tokio::test]
    async fn without_an_input_it_reads_an_empty_one() {
        let output = shell("cat; echo end", None, AMPLE).await.unwrap();
        assert_eq!(
            (output.stdout.as_slice(), output.read_all_stdin),
            (b"end\n".as_slice(), true)
        );
    }

    #[tokio::test]
    async fn a_child_that_ends_before_reading_it_all_is_told() {
        for (script, size) in [("exit 0", 20), ("exit 0", 1 << 20), ("head -c 5 >/dev/null", 1 << 20)] {
            let output = shell(script, Some(&vec![b'x'; size]), AMPLE).await.unwrap();
            assert_eq!(
                (output.code, output.read_all_stdin),
                (Some(0), false),
                "{script} of {size}"
            );
        }
        let output = shell("cat >/dev/null", Some(&vec![b'x'; 1 << 20]), AMPLE)
            .await
            .unwrap();
        assert!(output.read_all_stdin);
    }

    #[tokio::test]
    async fn long_output_is_cut_and_does_not_block_the_child() {
        let output = shell("head -c 1000000 /dev/zero; head -c 1000000 /dev/zero >&2", None, AMPLE)
            .await
            .unwrap();
        assert_eq!((output.code, output.stdout.len()), (Some(0), STDOUT_LIMIT));
        assert!(!output.stdout_whole);
        for (size, whole) in [(STDOUT_LIMIT, true), (STDOUT_LIMIT + 1, false)] {
            let output = shell(&format!("head -c {size} /dev/zero"), None, AMPLE).await.unwrap();
            assert_eq!((output.stdout.len(), output.stdout_whole), (STDOUT_LIMIT, whole));
        }
        // Each byte of it is written out as four characters.
        assert_eq!(output.stderr.len(), 4 * STDERR_LIMIT);
    }

    #[tokio::test]
    async fn error_output_is_cleaned() {
        let output = shell("printf 'a\\033[31mb\\nc\\n' >&2", None, AMPLE).await.unwrap();
        assert_eq!(output.stderr, "a\\e[31mb\\nc");
    }

    /// A named pipe that a grandchild reads, and whether one still does.
    struct Held(tempfile::TempDir);

    impl Held {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let made = std::process::Command::new("mkfifo")
                .arg(folder.path().join("held"))
                .status();
            assert!(made.unwrap().success());
            Self(folder)
        }

        /// Starts a reader in the background and waits for it.
        fn script(&self) -> String {
            format!("cat <>{} & wait", self.0.path().join("held").display())
        }

        fn is_read(&self) -> bool {
            use rustix::fs::{Mode, OFlags, open};
            open(
                self.0.path().join("held"),
                OFlags::WRONLY | OFlags::NONBLOCK,
                Mode::empty(),
            )
            .is_ok()
        }

        async fn becomes(&self, read: bool) {
            let deadline = Instant::now() + AMPLE;
            while self.is_read() != read {
                assert!(
                    Instant::now() < deadline,
                    "the grandchild's reading should have become {read}"
                );
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
    }

    #[tokio::test]
    async fn a_child_over_its_time_is_stopped_with_what_it_started() {
        let held = Held::new();
        let words = refusal(shell(&held.script(), None, Duration::from_millis(300)).await);
        assert_eq!(words, "sh did not finish within 300ms, so it was stopped.");
        held.becomes(false).await;
    }

    #[tokio::test]
    async fn a_child_nobody_waits_for_any_more_is_stopped_with_what_it_started() {
        let held = Arc::new(Held::new());
        let script = held.script();
        let task = tokio::spawn(async move { shell(&script, None, 10 * AMPLE).await.is_ok() });
        held.becomes(true).await;
        task.abort();
        held.becomes(false).await;
    }

    #[tokio::test]
    async fn a_grandchild_that_keeps_the_pipes_open_does_not_hold_the_result_back() {
        let output = shell("echo stored; sleep 20 & exit 0", None, AMPLE).await.unwrap();
        assert!(!output.stdout_whole, "more may come");
        assert_eq!(
            (output.code, output.stdout.as_slice()),
            (Some(0), b"stored\n".as_slice())
        );
    }

    #[tokio::test]
    async fn a_program_that_cannot_start_is_named() {
        let run = |program: &str| {
            let argv = [program.to_owned()];
            async move {
                let child = ChildProcess {
                    argv: &argv,
                    stdin: None,
                    limit: AMPLE,
                };
                refusal(ChildProcesses.run(child).await)
            }
        };
        assert_eq!(
            run("no-such-program").await,
            "Cannot run no-such-program: no such program."
        );
        assert_eq!(run("/dev/null").await, "Cannot run /dev/null: it is not executable.");
        let none = ChildProcess {
            argv: &[],
            stdin: None,
            limit: AMPLE,
        };
        assert_eq!(refusal(ChildProcesses.run(none).await), "There is no command to run.");
    }

    #[tokio::test]
    async fn a_child_does_not_inherit_what_we_have_open() {
        let open = tempfile::NamedTempFile::new().unwrap();
        let output = shell("ls -l /proc/self/fd /dev/fd/ 2>/dev/null; echo end", Some(b"x"), AMPLE)
            .await
            .unwrap();
        let listed = String::from_utf8_lossy(&output.stdout);
        let name = open.path().file_name().unwrap().to_string_lossy();
        assert!(listed.contains("end") && !listed.contains(name.as_ref()), "{listed}");
    }

    #[test]
    fn our_own_variables_are_known_by_their_start() {
        assert!(is_ours(OsStr::new("CHATZURI_API_KEY")));
        assert!(!is_ours(OsStr::new("CHATZURI")) && !is_ours(OsStr::new("MY_CHATZURI_KEY")));
    }
}
