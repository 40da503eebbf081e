//! One request and its answer, within bounds of time and size.

use std::time::Duration;

use jiff::SignedDuration;
use reqwest::header::{
    ACCEPT, AUTHORIZATION, CONTENT_TYPE, DATE, HeaderMap, HeaderName, HeaderValue, LOCATION, RETRY_AFTER,
};
use reqwest::{Client, Response, Url};
use zeroize::Zeroizing;

use crate::adapters::http::HttpLimits;
use crate::adapters::http::answer::Reply;
use crate::adapters::http::date;
use crate::adapters::http::fault::{Failure, of_body, of_request};
use crate::core::secret::Secret;
use crate::ports::{Clock, Fault};

/// What is read of an answer that is no success: enough for its message.
const ERROR_BODY: usize = 64 * 1024;
/// The first size of a body's buffer; a reply with one key fits.
const FIRST_BUFFER: usize = 16 * 1024;

/// One request.
#[derive(Clone)]
pub(super) struct Ask<'a> {
    pub(super) method: reqwest::Method,
    pub(super) url: Url,
    /// Sent as `Authorization: Bearer`.
    pub(super) bearer: &'a Secret,
    /// Sent as JSON.
    pub(super) body: Option<Vec<u8>>,
}

/// Sends a request and reads its answer. `noticed` is told the server's clock offset as soon as it is known.
pub(super) async fn exchange(
    client: &Client,
    ask: &Ask<'_>,
    limits: HttpLimits,
    left: Duration,
    clock: &dyn Clock,
    noticed: impl Fn(SignedDuration),
) -> Result<Reply, Failure> {
    let whole = async {
        let bearer = authorization(ask.bearer)?;
        let mut request = client
            .request(ask.method.clone(), ask.url.clone())
            .header(AUTHORIZATION, bearer)
            .header(ACCEPT, "application/json");
        if let Some(body) = &ask.body {
            request = request.header(CONTENT_TYPE, "application/json").body(body.clone());
        }
        let response = request.send().await.map_err(|error| of_request(&error, limits))?;
        let now = clock.now();
        let date = text(response.headers(), &DATE);
        if let Some(offset) = date::offset(date, now) {
            noticed(offset);
        }
        let wait = text(response.headers(), &RETRY_AFTER).and_then(|value| date::retry_after(value, date, now));
        receive(response, wait, limits).await
    };
    let timed_out = |_| Failure::sent(Fault::TimedOut(limits.total));
    tokio::time::timeout(left, whole).await.map_err(timed_out)?
}

async fn receive(mut response: Response, wait: Option<Duration>, limits: HttpLimits) -> Result<Reply, Failure> {
    let status = response.status().as_u16();
    let kind = text(response.headers(), &CONTENT_TYPE)
        .unwrap_or_default()
        .trim_start()
        .to_ascii_lowercase();
    let location = text(response.headers(), &LOCATION).and_then(|to| response.url().join(to).ok());
    let read = if response.status().is_success() {
        read(&mut response, limits.body, limits).await
    } else {
        // The status says what is true; a body that breaks off or is too long only loses its message.
        Ok(read(&mut response, ERROR_BODY, limits).await.unwrap_or_default())
    };
    Ok(Reply {
        status,
        says_html: kind.starts_with("text/html") || kind.starts_with("application/xhtml"),
        location,
        wait,
        body: read?,
    })
}

/// Reads a decoded body of at most `limit` bytes into a buffer that is wiped.
async fn read(response: &mut Response, limit: usize, limits: HttpLimits) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let status = response.status().as_u16();
    let mut body = Zeroizing::new(Vec::with_capacity(FIRST_BUFFER));
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| of_body(&error, status, limits))?
    {
        if body.len() + chunk.len() > limit {
            return Err(Failure::sent(Fault::TooLarge(limit)));
        }
        append(&mut body, &chunk);
    }
    Ok(body)
}

/// Like `extend`, but the buffer that was too small is wiped.
fn append(body: &mut Zeroizing<Vec<u8>>, chunk: &[u8]) {
    let needed = body.len() + chunk.len();
    if needed > body.capacity() {
        let mut larger = Zeroizing::new(Vec::with_capacity(needed.max(body.capacity() * 2)));
        larger.extend_from_slice(body);
        *body = larger;
    }
    body.extend_from_slice(chunk);
}

fn authorization(bearer: &Secret) -> Result<HeaderValue, Failure> {
    let value = bearer.expose();
    let mut line = Zeroizing::new(String::with_capacity("Bearer ".len() + value.len()));
    line.push_str("Bearer ");
    line.push_str(value);
    let mut header = HeaderValue::from_str(&line)
        .map_err(|_| Failure::unsent(Fault::NoClient("the credential does not fit in a header".to_owned())))?;
    header.set_sensitive(true);
    Ok(header)
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}
