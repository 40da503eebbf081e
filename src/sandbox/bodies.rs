//! Response bodies that are too large to hold, or break off.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use flate2::{Compress, Compression, Crc, FlushCompress, Status};
use tokio::io::{AsyncRead, ReadBuf};
use tokio_util::io::ReaderStream;

const MIB: usize = 1024 * 1024;
/// How large the large ones are.
const LARGE: usize = 128 * MIB;

/// A piece of bytes, sent so many times.
struct BodyPiece {
    bytes: Vec<u8>,
    times: usize,
}

/// Sends pieces one after another without ever holding the whole.
struct Reel {
    pieces: std::vec::IntoIter<BodyPiece>,
    now: Option<BodyPiece>,
    sent: usize,
    /// Pauses once before the end, so that what was sent is on its way before the connection breaks.
    pause: bool,
}

impl Reel {
    fn body(pieces: Vec<BodyPiece>, pause: bool) -> Body {
        let reel = Self {
            pieces: pieces.into_iter(),
            now: None,
            sent: 0,
            pause,
        };
        Body::from_stream(ReaderStream::with_capacity(reel, 64 * 1024))
    }
}

impl AsyncRead for Reel {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let room = buffer.remaining();
        while buffer.remaining() > 0 {
            let sent = self.sent;
            match &mut self.now {
                Some(piece) if piece.times > 0 => {
                    let rest = piece.bytes.get(sent..).unwrap_or_default();
                    let part = rest.get(..rest.len().min(buffer.remaining())).unwrap_or_default();
                    buffer.put_slice(part);
                    let all = part.len() == rest.len();
                    let count = part.len();
                    if all {
                        piece.times -= 1;
                    }
                    self.sent = if all { 0 } else { sent + count };
                }
                _ => match self.pieces.next() {
                    Some(piece) => self.now = Some(piece),
                    None => break,
                },
            }
        }
        if buffer.remaining() == room && std::mem::take(&mut self.pause) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }
}

fn once(bytes: impl Into<Vec<u8>>) -> BodyPiece {
    BodyPiece {
        bytes: bytes.into(),
        times: 1,
    }
}

/// The first half of `whole`, for an answer that promised all of it.
pub(super) fn first_half(whole: &[u8]) -> Body {
    let half = whole.get(..whole.len() / 2).unwrap_or_default();
    Reel::body(vec![once(half)], true)
}

/// A well-formed list of more than 100 MiB.
pub(super) fn huge() -> Body {
    let element = format!(r#"{{"id":"key_000000000000","name":"{}"}}"#, "x".repeat(MIB));
    let with_comma = BodyPiece {
        bytes: format!("{element},").into_bytes(),
        times: LARGE / MIB - 1,
    };
    Reel::body(
        vec![once(*br#"{"data":["#), with_comma, once(element), once(*b"]}")],
        false,
    )
}

/// A gzip body of some 130 KiB that inflates to a list of more than 100 MiB; `None` where it cannot be made.
pub(super) fn gzip_bomb() -> Option<Body> {
    let (head, blank, tail) = (br#"{"data":["#.as_slice(), vec![b' '; MIB], b"]}".as_slice());
    let times = LARGE / MIB;
    let mut sum = crc(head);
    let blank_sum = crc(&blank);
    for _ in 0..times {
        sum.combine(&blank_sum);
    }
    sum.combine(&crc(tail));

    let mut trailer = vec![0x03, 0x00];
    trailer.extend_from_slice(&sum.sum().to_le_bytes());
    trailer.extend_from_slice(&sum.amount().to_le_bytes());
    // A full flush ends on a byte and forgets what came before, so one deflated piece can be sent many times.
    let pieces = vec![
        once([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]),
        once(deflate(head)?),
        BodyPiece {
            bytes: deflate(&blank)?,
            times,
        },
        once(deflate(tail)?),
        once(trailer),
    ];
    Some(Reel::body(pieces, false))
}

fn crc(bytes: &[u8]) -> Crc {
    let mut crc = Crc::new();
    crc.update(bytes);
    crc
}

fn deflate(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(64 * 1024);
    let status = Compress::new(Compression::best(), false).compress_vec(bytes, &mut out, FlushCompress::Full);
    (matches!(status, Ok(Status::Ok)) && out.len() < out.capacity()).then_some(out)
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[tokio::test]
    async fn the_bomb_is_small_and_inflates_to_json() {
        let small = axum::body::to_bytes(gzip_bomb().unwrap(), MIB).await.unwrap();
        let mut inflated = flate2::read::GzDecoder::new(small.as_ref());
        let mut chunk = vec![0; MIB];
        let (mut total, mut ends) = (0, (0, 0));
        loop {
            // Reading to the end also checks the sum and the length.
            let count = inflated.read(&mut chunk).unwrap();
            let Some(&last) = chunk[..count].last() else { break };
            if total == 0 {
                ends.0 = chunk[0];
            }
            ends.1 = last;
            total += count;
        }
        assert_eq!(ends, (b'{', b'}'));
        assert!(total > 100 * MIB, "{total}");
    }

    #[tokio::test]
    async fn the_huge_list_is_longer_than_100_mib() {
        let whole = axum::body::to_bytes(huge(), usize::MAX).await.unwrap();
        assert!(whole.len() > 100 * MIB);
        assert!(whole.starts_with(br#"{"data":[{"id":"key_000000000000""#));
        assert!(whole.ends_with(br#"x"}]}"#));
    }
}
