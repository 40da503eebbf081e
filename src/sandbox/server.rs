//! The HTTP side of the sandbox: the contract's four endpoints, and what surrounds them.

use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::rejection::QueryRejection;
use axum::extract::{ConnectInfo, Extension, Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use serde::Deserialize;
use serde_json::{Value, json};

use super::clock::http_date;
use super::connection::Connection;
use super::error::SandboxError;
use super::faults::FaultEndpoint;
use super::state::{API, RevokeTrick, Server, failure};
use super::store::{Caller, Death};
use super::{mint, page, spoil};
use crate::core::key::NAME_LIMIT;
use crate::core::secret::Secret;

/// The description of the contract, OpenAPI 3.1.
pub const OPENAPI: &str = include_str!("../../assets/chatzuri-keys.openapi.yaml");
/// The longest request body read.
const BODY_LIMIT: usize = 64 * 1024;
/// The largest page, and the one served unasked.
const PAGE_SIZE: u32 = 100;

/// The router of the whole server.
pub(super) fn router(server: Arc<Server>) -> Router {
    let api = Router::new()
        .route("/get-api-keys", get(list))
        .route("/create-api-key", post(create))
        .route("/delete-api-key", delete(revoke))
        .route("/get-teams", get(teams))
        .route("/openapi.yaml", get(openapi));
    Router::new()
        .nest(API, api)
        .route("/openapi.yaml", get(openapi))
        .merge(page::router())
        .fallback(|| async { no_such_path() })
        .method_not_allowed_fallback(|| async { failure(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed") })
        .layer(from_fn_with_state(Arc::clone(&server), surround))
        .with_state(server)
}

fn no_such_path() -> Response {
    failure(StatusCode::NOT_FOUND, "No such path")
}

/// Surrounds every request with the log, the latency, the faults and the clock.
async fn surround(
    State(server): State<Arc<Server>>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let ticket = server.log.begin(request.method().as_str(), path);
    if !server.latency.is_zero() {
        tokio::time::sleep(server.latency).await;
    }
    let endpoint = endpoint(request.uri().path());
    // A path that is not there is not there for any method.
    let lacks = endpoint.as_ref().is_some_and(|(endpoint, _)| server.lacks(*endpoint));
    let asked = endpoint.filter(|(_, method)| method == request.method());
    let fault = asked.and_then(|(endpoint, _)| server.faults.take(endpoint));
    let answer = match fault {
        None if lacks => Some(no_such_path()),
        None => Some(next.run(request).await),
        Some(fault) => spoil::play(fault, request, next, &connection, &server.clock).await,
    };
    let Some(mut response) = answer else {
        // The connection is closed before a byte of this is written.
        connection.cut();
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    if let Ok(date) = HeaderValue::from_str(&http_date(server.clock.now())) {
        response.headers_mut().insert(header::DATE, date);
    }
    let caller = response
        .extensions()
        .get::<Caller>()
        .map(|caller| caller.key_id.clone());
    server.log.end(ticket, response.status().as_u16(), caller);
    response
}

/// The endpoint at a path, and its method.
fn endpoint(path: &str) -> Option<(FaultEndpoint, Method)> {
    match path.strip_prefix(API)? {
        "/get-api-keys" => Some((FaultEndpoint::List, Method::GET)),
        "/create-api-key" => Some((FaultEndpoint::Create, Method::POST)),
        "/delete-api-key" => Some((FaultEndpoint::Revoke, Method::DELETE)),
        "/get-teams" => Some((FaultEndpoint::Teams, Method::GET)),
        _ => None,
    }
}

/// Why a request is not done.
enum Refusal {
    Unauthorized,
    Bad(String),
    NotFound,
    TooLarge,
    Broken(SandboxError),
}

impl From<SandboxError> for Refusal {
    fn from(error: SandboxError) -> Self {
        Self::Broken(error)
    }
}

impl From<QueryRejection> for Refusal {
    fn from(_: QueryRejection) -> Self {
        Self::Bad("The query cannot be read".to_owned())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::Unauthorized => {
                let mut response = failure(StatusCode::UNAUTHORIZED, "Unauthorized: invalid or missing API key");
                let bearer = HeaderValue::from_static("Bearer");
                response.headers_mut().insert(header::WWW_AUTHENTICATE, bearer);
                response
            }
            Self::Bad(why) => failure(StatusCode::BAD_REQUEST, &why),
            Self::NotFound => failure(StatusCode::NOT_FOUND, "No API key with this id"),
            Self::TooLarge => failure(StatusCode::PAYLOAD_TOO_LARGE, "The request body is too large"),
            Self::Broken(error) => failure(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
        }
    }
}

/// The answer, with a note for the log of whose key was used.
fn answer(caller: Caller, status: StatusCode, body: Value) -> Response {
    let mut response = (status, Json(body)).into_response();
    response.extensions_mut().insert(caller);
    response
}

/// Checks the Bearer, and moves its last use.
fn authenticate(server: &Server, headers: &HeaderMap) -> Result<Caller, Refusal> {
    let value = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .and_then(|(_, token)| Secret::parse(token).ok())
        .ok_or(Refusal::Unauthorized)?;
    let now = server.clock.now();
    let caller = server.store.authenticate(&mint::hash(&value), now)?;
    caller.ok_or(Refusal::Unauthorized)
}

/// `?page=&size=`; texts, so that a bad one is told in the vendor's form.
#[derive(Deserialize)]
struct Paging {
    page: Option<String>,
    size: Option<String>,
}

async fn list(
    State(server): State<Arc<Server>>,
    headers: HeaderMap,
    paging: Result<Query<Paging>, QueryRejection>,
) -> Result<Response, Refusal> {
    let caller = authenticate(&server, &headers)?;
    let Query(paging) = paging?;
    let page = number("page", paging.page.as_deref(), 1, u32::MAX)?;
    let size = number("size", paging.size.as_deref(), PAGE_SIZE, PAGE_SIZE)?;
    let (keys, total) = server.store.list(page, size)?;
    let data: Vec<Value> = keys.iter().map(|key| key.json()).collect();
    let body = json!({ "data": data, "page": page, "size": size, "total": total });
    Ok(answer(caller, StatusCode::OK, body))
}

fn number(name: &str, text: Option<&str>, default: u32, most: u32) -> Result<u32, Refusal> {
    let Some(text) = text else { return Ok(default) };
    let number = text.parse().ok().filter(|number| (1..=most).contains(number));
    number.ok_or_else(|| Refusal::Bad(format!("{name} must be a number from 1 to {most}")))
}

async fn create(State(server): State<Arc<Server>>, headers: HeaderMap, body: Body) -> Result<Response, Refusal> {
    let caller = authenticate(&server, &headers)?;
    let body = to_bytes(body, BODY_LIMIT).await.map_err(|_| Refusal::TooLarge)?;
    let body: Value = serde_json::from_slice(&body).map_err(|_| Refusal::Bad("The body must be JSON".to_owned()))?;
    let name = body
        .get("name")
        .and_then(Value::as_str)
        .map(str::trim)
        .unwrap_or_default();
    if !(1..=NAME_LIMIT).contains(&name.chars().count()) {
        return Err(Refusal::Bad(format!("name must be 1 to {NAME_LIMIT} characters")));
    }
    // A key acts for the member who made it.
    let (key, value) = server.make(name, caller.created_by.as_deref())?;
    let mut data = key.json();
    // The only answer that ever carries the value.
    if let Some(data) = data.as_object_mut() {
        data.insert("key".to_owned(), json!(value.expose()));
    }
    Ok(answer(caller, StatusCode::CREATED, json!({ "data": data })))
}

/// `?keyId=`, or `{"keyId": "…"}`.
#[derive(Deserialize, Default)]
struct WhichKey {
    #[serde(rename = "keyId")]
    key_id: Option<String>,
}

async fn revoke(
    State(server): State<Arc<Server>>,
    headers: HeaderMap,
    which: Result<Query<WhichKey>, QueryRejection>,
    trick: Option<Extension<RevokeTrick>>,
    body: Body,
) -> Result<Response, Refusal> {
    let caller = authenticate(&server, &headers)?;
    let Query(which) = which?;
    let which = match which.key_id {
        Some(_) => which,
        None => {
            let body = to_bytes(body, BODY_LIMIT).await.map_err(|_| Refusal::TooLarge)?;
            serde_json::from_slice(&body).unwrap_or_default()
        }
    };
    let id = which.key_id.filter(|id| !id.is_empty());
    let id = id.ok_or_else(|| Refusal::Bad("keyId is missing".to_owned()))?;
    // Where ids are sent as numbers, they come back as numbers.
    let id = id.parse().map_or(id, mint::id_of);
    let trick = trick.map_or(RevokeTrick::Dies(Death::AtOnce), |Extension(trick)| trick);
    let found = match trick {
        RevokeTrick::Dies(death) => server.store.revoke(&id, death, server.clock.now())?,
        RevokeTrick::AcceptsOnly => server.store.is_listed(&id)?,
        RevokeTrick::Denies => false,
    };
    if !found {
        return Err(Refusal::NotFound);
    }
    Ok(answer(
        caller,
        StatusCode::OK,
        json!({ "message": "Deleted successfully" }),
    ))
}

async fn teams(State(server): State<Arc<Server>>, headers: HeaderMap) -> Result<Response, Refusal> {
    let caller = authenticate(&server, &headers)?;
    let team = server.store.team()?;
    let body = json!({ "data": [{ "id": team.id, "name": team.name, "url": team.url }] });
    Ok(answer(caller, StatusCode::OK, body))
}

async fn openapi() -> Response {
    ([(header::CONTENT_TYPE, "application/yaml")], OPENAPI).into_response()
}
