//! A TCP server that records requests and plays raw answers, one for each request.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// After this a test that waits for the client has failed.
const GUARD: Duration = Duration::from_secs(20);

/// What a request is answered with.
pub(super) enum Play {
    /// These bytes; the connection stays.
    Say(Vec<u8>),
    /// These bytes, and nothing until the client gives up.
    SayAndHang(Vec<u8>),
    /// These bytes, and the end of the connection.
    SayAndClose(Vec<u8>),
    /// This head, and this many bytes, chunked where the head says so.
    Flood(Vec<u8>, usize),
    /// Nothing, until the client gives up.
    Hang,
    /// The end of the connection.
    Close,
}

#[derive(Clone)]
pub(super) struct Request {
    /// Which connection it came over, from 0.
    pub(super) connection: usize,
    /// Its first line.
    pub(super) line: String,
    pub(super) body: String,
    head: String,
}

impl Request {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then_some(value)
        })
    }
}

#[derive(Default)]
struct Stage {
    plays: Mutex<VecDeque<Play>>,
    requests: Mutex<Vec<Request>>,
    heard: Mutex<Vec<u8>>,
}

pub(super) struct Server {
    address: SocketAddr,
    stage: Arc<Stage>,
    closed: watch::Receiver<Vec<usize>>,
    flooded: watch::Receiver<Option<usize>>,
}

impl Server {
    pub(super) async fn start(plays: Vec<Play>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stage = Arc::new(Stage {
            plays: Mutex::new(plays.into()),
            ..Stage::default()
        });
        let (close, closed) = watch::channel(Vec::new());
        let (flood, flooded) = watch::channel(None);
        let (close, flood, theirs) = (Arc::new(close), Arc::new(flood), Arc::clone(&stage));
        tokio::spawn(async move {
            for connection in 0.. {
                let Ok((stream, _)) = listener.accept().await else {
                    return;
                };
                let (stage, close, flood) = (Arc::clone(&theirs), Arc::clone(&close), Arc::clone(&flood));
                tokio::spawn(async move {
                    let _ = serve(connection, stream, &stage, &flood).await;
                    close.send_modify(|all| all.push(connection));
                });
            }
        });
        Self {
            address,
            stage,
            closed,
            flooded,
        }
    }

    /// An address where nobody listens.
    pub(super) async fn gone() -> SocketAddr {
        TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
    }

    pub(super) fn base(&self) -> String {
        format!("http://{}/api/v1", self.address)
    }

    pub(super) fn requests(&self) -> Vec<Request> {
        self.stage.requests.lock().unwrap().clone()
    }

    pub(super) fn heard(&self, text: &str) -> bool {
        let heard = self.stage.heard.lock().unwrap();
        heard.windows(text.len()).any(|window| window == text.as_bytes())
    }

    pub(super) fn expect_all_played(&self) {
        assert_eq!(self.stage.plays.lock().unwrap().len(), 0, "answers nobody asked for");
    }

    /// Waits until this connection is closed.
    pub(super) async fn closed(&self, connection: usize) {
        let mut closed = self.closed.clone();
        let waited = tokio::time::timeout(GUARD, closed.wait_for(|all| all.contains(&connection))).await;
        waited.expect("the client keeps the connection").unwrap();
    }

    /// Waits until the flood is over, and says how much of it was taken.
    pub(super) async fn flooded(&self) -> usize {
        let mut flooded = self.flooded.clone();
        let waited = tokio::time::timeout(GUARD, flooded.wait_for(Option::is_some)).await;
        waited
            .expect("the client neither takes nor refuses it")
            .unwrap()
            .unwrap()
    }
}

async fn serve(
    connection: usize,
    mut stream: TcpStream,
    stage: &Stage,
    flood: &watch::Sender<Option<usize>>,
) -> std::io::Result<()> {
    while let Some(mut request) = hear(&mut stream, stage).await? {
        request.connection = connection;
        stage.requests.lock().unwrap().push(request);
        let play = stage.plays.lock().unwrap().pop_front();
        match play {
            Some(Play::Say(bytes)) => stream.write_all(&bytes).await?,
            Some(Play::SayAndHang(bytes)) => {
                stream.write_all(&bytes).await?;
                hang(&mut stream).await;
            }
            Some(Play::SayAndClose(bytes)) => return stream.write_all(&bytes).await,
            Some(Play::Flood(head, limit)) => {
                let sent = pour(&mut stream, &head, limit).await;
                flood.send_replace(Some(sent));
                return Ok(());
            }
            Some(Play::Hang) => hang(&mut stream).await,
            Some(Play::Close) => return Ok(()),
            None => stream.write_all(&said("418 Not scripted", &[], b"")).await?,
        }
    }
    Ok(())
}

/// Reads one request; `None` at the end of the connection, or for what is no HTTP.
async fn hear(stream: &mut TcpStream, stage: &Stage) -> std::io::Result<Option<Request>> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let count = stream.read(&mut chunk).await?;
        if count == 0 {
            return Ok(None);
        }
        bytes.extend_from_slice(&chunk[..count]);
        stage.heard.lock().unwrap().extend_from_slice(&chunk[..count]);
        if bytes[0] == 0x16 {
            // A TLS handshake, answered the way a plain web server does.
            stream.write_all(&said("400 Bad Request", &[], b"")).await?;
            return Ok(None);
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let request = Request {
            connection: 0,
            line: head.lines().next().unwrap_or_default().to_owned(),
            head: head.to_owned(),
            body: body.to_owned(),
        };
        let length = request.header("content-length").map_or(0, |text| text.parse().unwrap());
        if body.len() >= length {
            return Ok(Some(request));
        }
    }
}

/// Holds the connection until the client closes it.
async fn hang(stream: &mut TcpStream) {
    let mut rest = [0; 64];
    while matches!(stream.read(&mut rest).await, Ok(1..)) {}
}

async fn pour(stream: &mut TcpStream, head: &[u8], limit: usize) -> usize {
    let chunked = head.windows(7).any(|window| window == b"chunked");
    let piece = vec![b' '; 64 * 1024];
    let mut sent = 0;
    if stream.write_all(head).await.is_err() {
        return sent;
    }
    while sent < limit {
        let framed = if chunked {
            [b"10000\r\n", piece.as_slice(), b"\r\n"].concat()
        } else {
            piece.clone()
        };
        if stream.write_all(&framed).await.is_err() {
            break;
        }
        sent += piece.len();
    }
    sent
}

/// An answer with a body of known length.
pub(super) fn said(status: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {status}\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if !status.starts_with("204") {
        head.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    [head.as_bytes(), b"\r\n", body].concat()
}

pub(super) fn json(status: u16, body: &str) -> Play {
    Play::Say(said(
        &format!("{status} X"),
        &[("Content-Type", "application/json")],
        body.as_bytes(),
    ))
}

pub(super) fn html(status: u16) -> Play {
    let page = b"<!doctype html><title>Welcome</title>";
    Play::Say(said(
        &format!("{status} X"),
        &[("Content-Type", "text/html; charset=utf-8")],
        page,
    ))
}

pub(super) fn chunked() -> Vec<u8> {
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec()
}

pub(super) fn close_delimited() -> Vec<u8> {
    b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n".to_vec()
}

const GZIP_HEAD: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

/// A gzip file of one stored block (RFC 1951, 3.2.4; RFC 1952).
pub(super) fn gzip(content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap();
    let crc = !content.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
        })
    });
    let mut out = GZIP_HEAD.to_vec();
    out.push(1);
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&(!length).to_le_bytes());
    out.extend_from_slice(content);
    out.extend_from_slice(&crc.to_le_bytes());
    out.extend_from_slice(&u32::from(length).to_le_bytes());
    out
}

/// A gzip file that unpacks to about `size` spaces: one literal, then 258 bytes of it for every 13 bits (RFC 1951,
/// 3.2.6). It lacks its checksum, which nobody should get as far as.
pub(super) fn gzip_bomb(size: usize) -> Vec<u8> {
    let mut bits = vec![true, true, false];
    let code = |value: u32, width: u32| (0..width).rev().map(move |bit| value >> bit & 1 == 1);
    bits.extend(code(0b0011_0000 + u32::from(b' '), 8));
    for _ in 0..size / 258 {
        bits.extend(code(0b1100_0101, 8));
        bits.extend(code(0, 5));
    }
    bits.extend(code(0, 7));
    let pack = |byte: &[bool]| byte.iter().rev().fold(0, |all, &bit| all << 1 | u8::from(bit));
    let mut out = GZIP_HEAD.to_vec();
    out.extend(bits.chunks(8).map(|byte| {
        let missing = 8 - byte.len();
        pack(&[byte, &vec![false; missing]].concat())
    }));
    out
}
