//! The page of the sandbox: a person lists, creates and revokes keys on it with any browser, by plain forms.
//!
//! It stands for the vendor's dashboard, so nobody signs in to it; what keeps others out is that it is served on the
//! loopback, under a loopback name, to its own forms.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use jiff::Timestamp;

use super::state::Server;
use super::store::{Death, KeyRow};
use crate::core::key::NAME_LIMIT;
use crate::core::secret::Secret;
use crate::core::text::clean;

/// The longest form that is read.
const FORM_LIMIT: usize = 8 * 1024;
/// The most keys on the page; a browser shows more only slowly.
const SHOWN: u32 = 500;

/// The page and what its forms post to.
pub(super) fn router() -> Router<Arc<Server>> {
    Router::new()
        .route("/", get(show))
        .route("/create", post(create))
        .route("/revoke", post(revoke))
}

async fn show(State(server): State<Arc<Server>>, headers: HeaderMap) -> Response {
    if !is_at_home(&server, &headers) {
        return stranger();
    }
    page(&server, StatusCode::OK, "")
}

async fn create(State(server): State<Arc<Server>>, headers: HeaderMap, body: Body) -> Response {
    if !is_at_home(&server, &headers) {
        return stranger();
    }
    let name = field(body, "name").await.unwrap_or_default();
    let name = name.trim();
    if !(1..=NAME_LIMIT).contains(&name.chars().count()) {
        let said = format!("<p role=\"alert\">A key needs a name: 1 to {NAME_LIMIT} characters.</p>");
        return page(&server, StatusCode::BAD_REQUEST, &said);
    }
    match server.make(name, None) {
        Ok((key, value)) => page(&server, StatusCode::CREATED, &once(&key, &value)),
        Err(error) => broken(&error.to_string()),
    }
}

async fn revoke(State(server): State<Arc<Server>>, headers: HeaderMap, body: Body) -> Response {
    if !is_at_home(&server, &headers) {
        return stranger();
    }
    let id = field(body, "id").await.unwrap_or_default();
    match server.store.revoke(&id, Death::AtOnce, server.clock.now()) {
        Ok(true) => page(&server, StatusCode::OK, &format!("<p>Revoked {}.</p>", escaped(&id))),
        Ok(false) => {
            let said = format!("<p role=\"alert\">There is no key {}.</p>", escaped(&id));
            page(&server, StatusCode::NOT_FOUND, &said)
        }
        Err(error) => broken(&error.to_string()),
    }
}

/// Whether a request comes by a loopback name, and from no other site's page.
fn is_at_home(server: &Server, headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let homes = ["127.0.0.1", "localhost"].map(|host| format!("{host}:{}", server.port));
    let is_home = |host: &str| homes.iter().any(|home| home == host);
    let origin = match text(header::ORIGIN) {
        // No browser: curl, or a test.
        None => true,
        Some(origin) => origin.strip_prefix("http://").is_some_and(is_home),
    };
    let site = headers.get("sec-fetch-site").and_then(|value| value.to_str().ok());
    text(header::HOST).is_some_and(is_home) && origin && !matches!(site, Some("cross-site" | "same-site"))
}

fn stranger() -> Response {
    (StatusCode::FORBIDDEN, "This page is for this machine's own browser.\n").into_response()
}

fn broken(why: &str) -> Response {
    (StatusCode::INTERNAL_SERVER_ERROR, format!("{}\n", clean(why))).into_response()
}

/// One field of a form; `None` where it is not there or cannot be read.
async fn field(body: Body, name: &str) -> Option<String> {
    let body = to_bytes(body, FORM_LIMIT).await.ok()?;
    let text = std::str::from_utf8(&body).ok()?;
    let value = text.split('&').find_map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (key == name).then_some(value)
    })?;
    decoded(value)
}

/// A value of a form without its `+` and `%XX`.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let pair = [rest.next()?, rest.next()?];
                u8::from_str_radix(std::str::from_utf8(&pair).ok()?, 16).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

/// Text of others on the page: cleaned, and no markup.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in clean(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

fn once(key: &KeyRow, value: &Secret) -> String {
    format!(
        "<section><h2>“{}” was created</h2><p>Copy the key now: it is shown this once.</p>\n\
         <p><code id=\"value\">{}</code></p></section>",
        escaped(&key.name),
        escaped(value.expose())
    )
}

fn page(server: &Server, status: StatusCode, said: &str) -> Response {
    let (team, keys) = match (server.store.team(), server.store.list(1, SHOWN)) {
        (Ok(team), Ok((keys, _))) => (team, keys),
        (Err(error), _) | (_, Err(error)) => return broken(&error.to_string()),
    };
    let rows: String = keys.iter().map(row).collect();
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>API Keys · {team}</title></head>\n\
         <body>\n<h1>{team}: API Keys</h1>\n{said}\n\
         <form method=\"post\" action=\"/create\"><label>+ New API key <input name=\"name\" required maxlength=\"{NAME_LIMIT}\">\
         </label> <button>Create</button></form>\n\
         <table>\n<tr><th>Name</th><th>Key</th><th>Created</th><th></th></tr>\n{rows}</table>\n</body>\n</html>\n",
        team = escaped(&team.name)
    );
    let mut response = (status, Html(html)).into_response();
    let mut set = |name, value| response.headers_mut().insert(name, HeaderValue::from_static(value));
    set(header::CACHE_CONTROL, "no-store");
    set(header::REFERRER_POLICY, "same-origin");
    set(header::X_FRAME_OPTIONS, "DENY");
    set(
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; form-action 'self'; frame-ancestors 'none'",
    );
    response
}

fn row(key: &KeyRow) -> String {
    let created = Timestamp::from_millisecond(key.created_at).map(|time| format!("{time:.0}"));
    format!(
        "<tr><td>{name}</td><td>{prefix}…{last_four}</td><td>{created}</td><td><form method=\"post\" action=\"/revoke\">\
         <input type=\"hidden\" name=\"id\" value=\"{id}\"><button>Revoke</button></form></td></tr>\n",
        name = escaped(&key.name),
        prefix = escaped(&key.prefix),
        last_four = escaped(&key.last_four),
        created = created.unwrap_or_default(),
        id = escaped(&key.id),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_decoded_and_a_broken_one_is_none() {
        assert_eq!(decoded("Old+web%20site%F0%9F%94%91").as_deref(), Some("Old web site🔑"));
        for bad in ["%", "%2", "%zz", "%ff"] {
            assert_eq!(decoded(bad), None, "{bad}");
        }
    }

    #[test]
    fn text_of_others_is_no_markup_and_holds_no_hidden_character() {
        let shown = escaped("<script>alert('1')</script>\u{202e}\u{1b}[31m&\"");
        assert!(!shown.contains(['<', '>', '\u{202e}', '\u{1b}', '"', '\'']), "{shown}");
    }
}
