//! Plays a fault on one request.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use jiff::SignedDuration;
use serde_json::Value;

use super::bodies;
use super::clock::{SandboxClock, http_date, later};
use super::connection::Connection;
use super::faults::SandboxFault;
use super::reshape::{HOSTILE_MESSAGE, reshape};
use super::state::{API, RevokeTrick, failure};
use super::store::Death;

/// Where redirects lead; `.example` belongs to nobody (RFC 2606).
const ELSEWHERE: &str = "https://elsewhere.example";
/// Our own answers are far smaller.
const OWN_ANSWER_LIMIT: usize = 16 * 1024 * 1024;

const SIGN_IN_PAGE: &str = "<!doctype html>\n<html lang=\"en\"><head><title>Sign in</title></head>\n\
    <body><h1>Sign in to Chatzuri</h1><form method=\"post\"><input name=\"email\"></form></body></html>\n";

/// The answer to `request` under `fault`; `None` where there shall be none and the connection is to be closed.
pub(super) async fn play(
    fault: SandboxFault,
    mut request: Request,
    next: Next,
    connection: &Connection,
    clock: &SandboxClock,
) -> Option<Response> {
    // First the faults that do nothing, or change what is done.
    match fault {
        SandboxFault::Status(status) => return Some(plain_failure(status)),
        SandboxFault::RetryAfter(seconds) => return Some(too_many(&seconds.to_string())),
        SandboxFault::RetryAfterDate(seconds) => {
            // A date header has whole seconds; rounded up, so that the wait is never shorter than asked for.
            let until = later(
                clock.now(),
                SignedDuration::from_millis(i64::from(seconds) * 1000 + 999),
            );
            return Some(too_many(&http_date(until)));
        }
        SandboxFault::HostileMessage => return Some(failure(StatusCode::BAD_REQUEST, HOSTILE_MESSAGE)),
        SandboxFault::Html => return Some(Html(SIGN_IN_PAGE).into_response()),
        SandboxFault::Redirect(status) => {
            let to = format!("{ELSEWHERE}{}", request.uri());
            return Some(with_location(plain_failure(status), &to));
        }
        SandboxFault::Hang => {
            connection.until_cut().await;
            return None;
        }
        SandboxFault::DropBefore => return None,
        SandboxFault::Slow(millis) => tokio::time::sleep(Duration::from_millis(millis.into())).await,
        SandboxFault::RevokeLate(times) => trick(&mut request, RevokeTrick::Dies(Death::After(times))),
        SandboxFault::RevokeNever => trick(&mut request, RevokeTrick::Dies(Death::Never)),
        SandboxFault::RevokeListed | SandboxFault::LostDatabase => trick(&mut request, RevokeTrick::AcceptsOnly),
        SandboxFault::Gone404 => trick(&mut request, RevokeTrick::Denies),
        _ => {}
    }
    let done = next.run(request).await;
    // Then those that spoil the answer of what was done.
    match fault {
        SandboxFault::StatusAfter(status) => {
            let mut response = plain_failure(status);
            response.extensions_mut().extend(done.into_parts().0.extensions);
            Some(response)
        }
        SandboxFault::Redirect303 => {
            let mut response = with_location(replace(done, Body::empty(), None), &format!("{API}/get-api-keys"));
            *response.status_mut() = StatusCode::SEE_OTHER;
            Some(response)
        }
        SandboxFault::Garbage => Some(replace(done, Body::from(&b"\x80\xff{]\x00nope\xc3("[..]), JSON)),
        SandboxFault::Empty => Some(replace(done, Body::empty(), JSON)),
        SandboxFault::WrongShape => Some(replace(
            done,
            Body::from(r#"{"result":"ok","items":{"count":3}}"#),
            JSON,
        )),
        SandboxFault::Huge => Some(replace(done, bodies::huge(), JSON)),
        SandboxFault::GzipBomb => {
            let mut response = replace(done, bodies::gzip_bomb()?, JSON);
            let gzip = HeaderValue::from_static("gzip");
            response.headers_mut().insert(header::CONTENT_ENCODING, gzip);
            Some(response)
        }
        SandboxFault::Truncated => truncate(done).await,
        SandboxFault::HangAfter => {
            connection.until_cut().await;
            None
        }
        SandboxFault::SlowAfter(millis) => {
            tokio::time::sleep(Duration::from_millis(millis.into())).await;
            Some(done)
        }
        SandboxFault::DropAfter => None,
        SandboxFault::HostileNames
        | SandboxFault::NumberIds
        | SandboxFault::NullDates
        | SandboxFault::MissingFields
        | SandboxFault::EpochSeconds
        | SandboxFault::EpochMillis
        | SandboxFault::NoTotal
        | SandboxFault::Endless
        | SandboxFault::TwoTeams => bend(fault, done).await,
        _ => Some(done),
    }
}

const JSON: Option<&str> = Some("application/json");

fn trick(request: &mut Request, trick: RevokeTrick) {
    request.extensions_mut().insert(trick);
}

fn plain_failure(status: u16) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if matches!(
        status,
        StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED | StatusCode::RESET_CONTENT
    ) {
        return status.into_response();
    }
    failure(status, status.canonical_reason().unwrap_or("Sandbox fault"))
}

fn too_many(retry_after: &str) -> Response {
    let mut response = plain_failure(429);
    if let Ok(value) = HeaderValue::from_str(retry_after) {
        response.headers_mut().insert(header::RETRY_AFTER, value);
    }
    response
}

fn with_location(mut response: Response, to: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(to) {
        response.headers_mut().insert(header::LOCATION, value);
    }
    response
}

/// The same status and extensions with another body.
fn replace(response: Response, body: Body, content_type: Option<&'static str>) -> Response {
    let (mut parts, _) = response.into_parts();
    parts.headers.clear();
    if let Some(content_type) = content_type {
        let value = HeaderValue::from_static(content_type);
        parts.headers.insert(header::CONTENT_TYPE, value);
    }
    Response::from_parts(parts, body)
}

async fn truncate(response: Response) -> Option<Response> {
    let (parts, body) = response.into_parts();
    let whole = to_bytes(body, OWN_ANSWER_LIMIT).await.ok()?;
    let promised = HeaderValue::from(whole.len());
    let mut response = replace(
        Response::from_parts(parts, Body::empty()),
        bodies::first_half(&whole),
        JSON,
    );
    response.headers_mut().insert(header::CONTENT_LENGTH, promised);
    Some(response)
}

async fn bend(fault: SandboxFault, response: Response) -> Option<Response> {
    let (parts, body) = response.into_parts();
    let whole = to_bytes(body, OWN_ANSWER_LIMIT).await.ok()?;
    let mut answer: Value = serde_json::from_slice(&whole).ok()?;
    reshape(fault, &mut answer);
    let body = Body::from(answer.to_string());
    Some(replace(Response::from_parts(parts, Body::empty()), body, JSON))
}
