//! The HTTP adapter against a real TCP server that plays raw answers.

mod server;

use std::sync::Arc;
use std::time::Duration;

use chatzuri_keys::adapters::clock::SystemClock;
use chatzuri_keys::adapters::http::{Backoff, EndpointNames, HttpConnect, HttpLimits};
use chatzuri_keys::core::key::{KeyId, KeyName, LastUse};
use chatzuri_keys::core::secret::Secret;
use chatzuri_keys::core::team::TeamIdentity;
use chatzuri_keys::core::text::Label;
use chatzuri_keys::ports::{ApiError, BaseUrl, Connect, Consequence, Fault, KeyApi, Operation, Presence, Probe};
use jiff::{SignedDuration, Timestamp};

use server::{Play, Server, chunked, close_delimited, gzip, gzip_bomb, html, json, said};

const CREDENTIAL: &str = "cz_canary_0123456789abcdefOURS";
const NEW_VALUE: &str = "cz_newone_0123456789abcdefVALU";
const MIB: usize = 1024 * 1024;
const LIST: &str = r#"{"data":[{"id":1,"name":"Zapier","last_used_at":null}],"page":1,"size":100,"total":1}"#;
const TEAMS: &str = r#"{"data":[{"id":7,"name":"Acme"}]}"#;

/// The real bounds, with waits between tries too short to notice.
fn limits() -> HttpLimits {
    HttpLimits {
        backoff: Backoff {
            base: Duration::from_millis(1),
            ..Backoff::default()
        },
        ..HttpLimits::default()
    }
}

fn api_at(base: &str, limits: HttpLimits) -> Arc<dyn KeyApi> {
    let connect = HttpConnect::with_limits(EndpointNames::default(), limits, Arc::new(SystemClock));
    let credential = Arc::new(Secret::parse(CREDENTIAL).unwrap());
    connect.connect(&BaseUrl::parse(base).unwrap(), credential).unwrap()
}

fn api(server: &Server) -> Arc<dyn KeyApi> {
    api_at(&server.base(), limits())
}

fn name() -> KeyName {
    KeyName::parse("Zapier").unwrap()
}

fn id(raw: &str) -> KeyId {
    KeyId::new(raw).unwrap()
}

fn created() -> String {
    format!(r#"{{"data":{{"id":"k9","name":"Zapier","key":"{NEW_VALUE}"}}}}"#)
}

/// The fault of one list request that gets these answers.
async fn list_fault(plays: Vec<Play>) -> Fault {
    let server = Server::start(plays).await;
    let error = api(&server).list_page(1).await.unwrap_err();
    assert_eq!(
        (error.operation, error.endpoint.as_str()),
        (Operation::List, "GET /get-api-keys")
    );
    assert_eq!(error.consequence, Consequence::None);
    server.expect_all_played();
    error.fault
}

/// The fault of one create request that gets this answer; it is never sent again.
async fn create_error(play: Play) -> ApiError {
    let server = Server::start(vec![play]).await;
    let error = api(&server).create(&name()).await.unwrap_err();
    assert_eq!(server.requests().len(), 1, "{error:?}");
    error
}

#[tokio::test]
async fn a_request_carries_the_credential_and_our_name_and_asks_for_a_page() {
    let server = Server::start(vec![json(200, LIST)]).await;
    let page = api(&server).list_page(3).await.unwrap();
    assert_eq!((page.keys.len(), page.total), (1, Some(1)));
    assert_eq!(page.keys[0].last_used_at, LastUse::Never);
    let request = &server.requests()[0];
    assert_eq!(request.line, "GET /api/v1/get-api-keys?page=3&size=100 HTTP/1.1");
    assert_eq!(
        request.header("authorization"),
        Some(format!("Bearer {CREDENTIAL}").as_str())
    );
    assert_eq!(request.header("accept"), Some("application/json"));
    let version = concat!("chatzuri-keys/", env!("CARGO_PKG_VERSION"));
    assert_eq!(request.header("user-agent"), Some(version));
}

#[tokio::test]
async fn create_posts_the_name_and_takes_the_value() {
    let server = Server::start(vec![json(201, &created())]).await;
    let name = KeyName::parse("Say \"hi\" – Zoë").unwrap();
    let made = api(&server).create(&name).await.unwrap();
    assert_eq!((made.key.id.raw(), made.secret.expose()), ("k9", NEW_VALUE));
    let request = &server.requests()[0];
    assert_eq!(request.line, "POST /api/v1/create-api-key HTTP/1.1");
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(request.body, "{\"name\":\"Say \\\"hi\\\" – Zoë\"}");
}

#[tokio::test]
async fn revoke_names_the_key_and_takes_every_success() {
    let empty = Play::Say(said("204 No Content", &[], b""));
    let server = Server::start(vec![json(200, "{}"), json(202, r#"{"message":"Deleted"}"#), empty]).await;
    let api = api(&server);
    for raw in ["key_1", "a/b&keyId=c", "3"] {
        api.revoke(&id(raw)).await.unwrap();
    }
    let lines: Vec<_> = server.requests().iter().map(|request| request.line.clone()).collect();
    assert_eq!(lines[0], "DELETE /api/v1/delete-api-key?keyId=key_1 HTTP/1.1");
    assert_eq!(
        lines[1],
        "DELETE /api/v1/delete-api-key?keyId=a%2Fb%26keyId%3Dc HTTP/1.1"
    );
    assert_eq!(lines[2], "DELETE /api/v1/delete-api-key?keyId=3 HTTP/1.1");
}

#[tokio::test]
async fn endpoints_are_called_what_the_config_says() {
    let server = Server::start(vec![json(200, "[]"), json(200, "{}"), json(200, TEAMS)]).await;
    let names = EndpointNames::default()
        .with_endpoints(
            "post /v2/keys/search",
            "PUT /v2/keys",
            "POST /v2/keys/{keyId}/revoke",
            "GET /me",
        )
        .and_then(|names| names.with_parameters("id", "p", "per[page]"))
        .unwrap();
    let connect = HttpConnect::with_limits(names, limits(), Arc::new(SystemClock));
    let credential = Arc::new(Secret::parse(CREDENTIAL).unwrap());
    let api = connect
        .connect(&BaseUrl::parse(&server.base()).unwrap(), credential)
        .unwrap();
    api.list_page(1).await.unwrap();
    api.revoke(&id("a/b")).await.unwrap();
    api.teams().await.unwrap();
    let lines: Vec<_> = server.requests().iter().map(|request| request.line.clone()).collect();
    assert_eq!(lines[0], "POST /api/v1/v2/keys/search?p=1&per%5Bpage%5D=100 HTTP/1.1");
    assert_eq!(lines[1], "POST /api/v1/v2/keys/a%2Fb/revoke HTTP/1.1");
    assert_eq!(lines[2], "GET /api/v1/me HTTP/1.1");
    let error = api.revoke(&id("..")).await.unwrap_err();
    assert_eq!((error.consequence, server.requests().len()), (Consequence::None, 3));
}

#[tokio::test]
async fn making_a_connection_asks_nothing() {
    let server = Server::start(vec![]).await;
    let api = api(&server);
    assert_eq!(api.clock_offset(), SignedDuration::ZERO);
    assert_eq!(server.requests().len(), 0);
}

#[tokio::test]
async fn reads_share_a_connection_and_the_one_that_carried_a_secret_is_closed() {
    let server = Server::start(vec![
        json(200, LIST),
        json(201, &created()),
        json(200, LIST),
        json(200, TEAMS),
        json(401, "{}"),
    ])
    .await;
    let api = api(&server);
    api.list_page(1).await.unwrap();
    let made = api.create(&name()).await.unwrap();
    server.closed(1).await;
    api.list_page(1).await.unwrap();
    assert!(matches!(
        api.probe(&made.secret).await.unwrap(),
        Probe::Alive(TeamIdentity::One(_))
    ));
    server.closed(2).await;
    assert_eq!(api.probe(&made.secret).await.unwrap(), Probe::Refused);
    server.closed(3).await;
    let requests = server.requests();
    let connections: Vec<_> = requests.iter().map(|request| request.connection).collect();
    assert_eq!(connections, [0, 1, 0, 2, 3]);
    let bearer = format!("Bearer {NEW_VALUE}");
    assert_eq!(requests[3].header("authorization"), Some(bearer.as_str()));
}

#[tokio::test]
async fn a_leaked_value_is_tried_over_the_connection_that_is_kept_and_another_value_is_not() {
    let server = Server::start(vec![
        json(200, LIST),
        json(204, ""),
        json(401, "{}"),
        json(401, "{}"),
        json(401, "{}"),
    ])
    .await;
    let api = api(&server);
    let value = Secret::parse(NEW_VALUE).unwrap();
    api.list_page(1).await.unwrap();
    api.revoke(&id("key_1")).await.unwrap();
    for _ in 0..2 {
        assert_eq!(api.probe_leaked(&value).await.unwrap(), Probe::Refused);
    }
    assert_eq!(api.probe(&value).await.unwrap(), Probe::Refused);
    server.closed(1).await;
    let connections: Vec<_> = server.requests().iter().map(|request| request.connection).collect();
    assert_eq!(connections, [0, 0, 0, 0, 1]);
}

#[tokio::test]
async fn a_probe_proves_nothing_by_another_answer_and_is_sent_once() {
    let value = Secret::parse(NEW_VALUE).unwrap();
    for play in [
        json(500, "{}"),
        json(403, "{}"),
        json(200, r#"{"ok":true}"#),
        json(429, "{}"),
        html(200),
        html(404),
        Play::Close,
    ] {
        let server = Server::start(vec![play]).await;
        let error = api(&server).probe(&value).await.unwrap_err();
        assert_eq!(
            (error.operation, server.requests().len()),
            (Operation::Teams, 1),
            "{error:?}"
        );
        assert!(!format!("{error} {error:?}").contains(NEW_VALUE));
    }
}

#[tokio::test]
async fn a_redirect_is_told_and_never_followed() {
    let elsewhere = Server::start(vec![]).await;
    let to = format!("{}/get-api-keys", elsewhere.base());
    for status in ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"] {
        let location = ("Location", to.as_str());
        let server = Server::start(vec![
            Play::Say(said(status, &[location], b"")),
            Play::Say(said(status, &[location], b"")),
        ])
        .await;
        let api = api(&server);
        let listed = api.list_page(1).await.unwrap_err();
        let made = api.create(&name()).await.unwrap_err();
        for error in [&listed, &made] {
            assert!(
                matches!(&error.fault, Fault::Redirected { to: shown, .. } if shown.raw() == to),
                "{error:?}"
            );
        }
        assert_eq!(
            (listed.consequence, made.consequence),
            (Consequence::None, Consequence::Possible)
        );
    }
    let relative = Play::Say(said("302 Found", &[("Location", "/login?next=x")], b""));
    let fault = list_fault(vec![relative]).await;
    assert!(matches!(fault, Fault::Redirected { to, .. } if to.raw().ends_with("/login")));
    assert_eq!(elsewhere.requests().len(), 0);
}

#[tokio::test]
async fn a_reply_that_does_not_fit_is_told_by_field() {
    for (play, expected) in [
        (json(200, ""), "it is empty"),
        (json(200, "garbage"), "it is not JSON (line 1, column 1)"),
        (json(200, r#"{"data":[{"id":1"#), "it is cut off (line 1, column 16)"),
        (json(200, "{}"), "there is no list under data, api_keys, apiKeys, keys"),
        (Play::Say(said("204 No Content", &[], b"")), "it is empty"),
    ] {
        let why = expected.to_owned();
        match list_fault(vec![play]).await {
            Fault::Unreadable { why: seen, .. } => assert_eq!(seen, why),
            other => panic!("{expected}: {other:?}"),
        }
    }
    assert_eq!(list_fault(vec![html(200)]).await, Fault::NoEndpoint(200));
    assert_eq!(list_fault(vec![html(404)]).await, Fault::NoEndpoint(404));
    assert_eq!(list_fault(vec![json(405, "{}")]).await, Fault::NoEndpoint(405));
}

#[tokio::test]
async fn an_endless_body_is_cut_off_and_not_read_on() {
    for head in [chunked(), close_delimited()] {
        let server = Server::start(vec![Play::Flood(head, 100 * MIB)]).await;
        let error = api(&server).list_page(1).await.unwrap_err();
        assert_eq!(error.fault, Fault::TooLarge(8 * MIB));
        let sent = server.flooded().await;
        assert!(sent < 64 * MIB, "{sent} bytes were taken");
    }
}

#[tokio::test]
async fn a_gzip_bomb_is_measured_by_what_comes_out_of_it() {
    let bomb = gzip_bomb(100 * MIB);
    assert!(bomb.len() < MIB);
    let headers = [("Content-Encoding", "gzip"), ("Content-Type", "application/json")];
    let fault = list_fault(vec![Play::Say(said("200 OK", &headers, &bomb))]).await;
    assert_eq!(fault, Fault::TooLarge(8 * MIB));
}

#[tokio::test]
async fn a_compressed_reply_is_read_and_a_broken_one_told() {
    let headers = [("Content-Encoding", "gzip")];
    let server = Server::start(vec![Play::Say(said("200 OK", &headers, &gzip(LIST.as_bytes())))]).await;
    assert_eq!(api(&server).list_page(1).await.unwrap().keys.len(), 1);
    assert_eq!(server.requests()[0].header("accept-encoding"), Some("gzip"));
    let whole = gzip(LIST.as_bytes());
    let mut broken = whole.clone();
    broken[10] = 0xff;
    for bad in [&broken[..], &whole[..40], b"no gzip at all"] {
        let fault = list_fault(vec![Play::Say(said("200 OK", &headers, bad))]).await;
        let why = "its compression is broken".to_owned();
        assert_eq!(fault, Fault::Unreadable { status: 200, why });
    }
    let mut half = said("200 OK", &headers, &whole);
    half.truncate(half.len() - 20);
    let half = || Play::SayAndClose(half.clone());
    assert_eq!(list_fault(vec![half(), half(), half()]).await, Fault::Interrupted);
}

#[tokio::test]
async fn every_refusal_has_its_fault() {
    let said = Some(Label::new("no"));
    let body = r#"{"message":"no"}"#;
    assert_eq!(list_fault(vec![json(401, body)]).await, Fault::Unauthorized);
    assert_eq!(list_fault(vec![json(403, body)]).await, Fault::Forbidden(said.clone()));
    assert_eq!(list_fault(vec![json(404, body)]).await, Fault::NoEndpoint(404));
    for status in [400, 409, 422] {
        let error = create_error(json(status, body)).await;
        let message = said.clone();
        assert_eq!(error.fault, Fault::Rejected { status, message });
        assert_eq!(error.consequence, Consequence::None);
    }
    let server = Server::start(vec![json(404, body), html(404)]).await;
    let api = api(&server);
    assert_eq!(api.revoke(&id("k")).await.unwrap_err().fault, Fault::NotFound(said));
    assert_eq!(api.revoke(&id("k")).await.unwrap_err().fault, Fault::NoEndpoint(404));
}

#[tokio::test]
async fn a_long_wait_is_reported_at_once_in_both_forms() {
    let seconds = Play::Say(said("429 Slow", &[("Retry-After", "42")], b"{}"));
    assert_eq!(
        list_fault(vec![seconds]).await,
        Fault::RateLimited(Some(Duration::from_secs(42)))
    );
    let date = Play::Say(said(
        "429 Slow",
        &[
            ("Date", "Fri, 22 Nov 2030 10:00:00 GMT"),
            ("Retry-After", "Fri, 22 Nov 2030 10:01:00 GMT"),
        ],
        b"",
    ));
    assert_eq!(
        list_fault(vec![date]).await,
        Fault::RateLimited(Some(Duration::from_secs(60)))
    );
    let garbage = || Play::Say(said("429 Slow", &[("Retry-After", "-1")], b"{}"));
    let fault = list_fault(vec![garbage(), garbage(), garbage()]).await;
    assert_eq!(fault, Fault::RateLimited(None));
}

#[tokio::test]
async fn a_read_is_asked_again_after_what_may_pass() {
    let brief = || Play::Say(said("429 Slow", &[("Retry-After", "0")], b""));
    for first in [json(500, "{}"), html(502), brief(), Play::Close] {
        let server = Server::start(vec![first, json(503, "{}"), json(200, LIST)]).await;
        assert_eq!(api(&server).list_page(1).await.unwrap().keys.len(), 1);
        server.expect_all_played();
    }
    let server = Server::start(vec![json(500, "{}"), json(200, TEAMS)]).await;
    assert_eq!(api(&server).teams().await.unwrap().known().unwrap().name.raw(), "Acme");
    let body = r#"{"error":{"message":"broken"}}"#;
    let fault = list_fault(vec![json(500, body), json(502, body), json(503, body)]).await;
    let message = Some(Label::new("broken"));
    assert_eq!(fault, Fault::Server { status: 503, message });
}

#[tokio::test]
async fn a_write_is_never_sent_again() {
    for play in [
        json(500, "{}"),
        html(503),
        Play::Close,
        json(201, "{}"),
        html(200),
        json(408, "{}"),
    ] {
        let error = create_error(play).await;
        assert_eq!(error.consequence, Consequence::Possible, "{error:?}");
    }
    let mut half = said("201 Created", &[], created().as_bytes());
    half.truncate(half.len() - 5);
    let error = create_error(Play::SayAndClose(half)).await;
    assert_eq!(
        (error.fault, error.consequence),
        (Fault::Interrupted, Consequence::Possible)
    );
    assert_eq!(create_error(json(429, "{}")).await.consequence, Consequence::None);
    let server = Server::start(vec![json(500, "{}"), Play::Close]).await;
    let api = api(&server);
    for _ in 0..2 {
        assert_eq!(
            api.revoke(&id("k")).await.unwrap_err().consequence,
            Consequence::Possible
        );
    }
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn a_server_that_never_answers_is_given_up() {
    let short = Duration::from_millis(50);
    let idle = HttpLimits {
        idle: short,
        ..limits()
    };
    let server = Server::start(vec![Play::Hang, Play::Hang, Play::Hang, Play::Hang]).await;
    let api = api_at(&server.base(), idle);
    assert_eq!(api.list_page(1).await.unwrap_err().fault, Fault::TimedOut(short));
    let error = api.create(&name()).await.unwrap_err();
    assert_eq!(
        (error.fault, error.consequence),
        (Fault::TimedOut(short), Consequence::Possible)
    );
    server.expect_all_played();

    let total = HttpLimits {
        total: short,
        ..limits()
    };
    let head = said("200 OK", &[("Content-Type", "application/json")], b"");
    let server = Server::start(vec![Play::Hang]).await;
    let error = api_at(&server.base(), total).list_page(1).await.unwrap_err();
    assert_eq!(error.fault, Fault::TimedOut(short));

    let half = String::from_utf8(head)
        .unwrap()
        .replace("Content-Length: 0", "Content-Length: 9");
    let server = Server::start(vec![Play::SayAndHang(half.into_bytes())]).await;
    let error = api_at(
        &server.base(),
        HttpLimits {
            backoff: Backoff {
                tries: 1,
                ..Backoff::default()
            },
            ..idle
        },
    );
    assert_eq!(error.list_page(1).await.unwrap_err().fault, Fault::TimedOut(short));
}

#[tokio::test]
async fn a_connection_that_breaks_is_interrupted() {
    assert_eq!(
        list_fault(vec![Play::Close, Play::Close, Play::Close]).await,
        Fault::Interrupted
    );
    let head = String::from_utf8(said("200 OK", &[], b"")).unwrap();
    let half = || Play::SayAndClose(head.replace("Content-Length: 0", "Content-Length: 9").into_bytes());
    assert_eq!(list_fault(vec![half(), half(), half()]).await, Fault::Interrupted);
    // What was refused stays refused, even where its message is lost.
    let lost = head
        .replace("200 OK", "401 No")
        .replace("Content-Length: 0", "Content-Length: 9");
    assert_eq!(
        list_fault(vec![Play::SayAndClose(lost.into_bytes())]).await,
        Fault::Unauthorized
    );
}

#[tokio::test]
async fn what_is_not_there_or_speaks_otherwise_is_unreachable() {
    let gone = Server::gone().await;
    let api = api_at(&format!("http://{gone}"), limits());
    let refused = Fault::Unreachable("connection refused".to_owned());
    assert_eq!(api.list_page(1).await.unwrap_err().fault, refused);
    let error = api.create(&name()).await.unwrap_err();
    assert_eq!((error.fault, error.consequence), (refused, Consequence::None));

    let other = || Play::SayAndClose(b"SSH-2.0-OpenSSH_9.6 hello there\r\n\r\n".to_vec());
    let error = create_error(other()).await;
    assert_eq!(
        error.fault,
        Fault::Unreachable("the server there does not speak HTTP".to_owned())
    );
    assert_eq!(error.consequence, Consequence::Possible);
}

#[tokio::test]
async fn a_secure_address_that_speaks_plainly_gets_no_credential() {
    let server = Server::start(vec![]).await;
    let api = api_at(&server.base().replace("http://", "https://"), limits());
    let error = api.create(&name()).await.unwrap_err();
    match &error.fault {
        Fault::Unreachable(why) => assert_eq!(why, "the server there does not speak TLS"),
        // A machine without root certificates.
        Fault::NoClient(why) => assert!(why.contains("ca-certificates")),
        other => panic!("{other:?}"),
    }
    assert_eq!(error.consequence, Consequence::None);
    assert!(!server.heard(CREDENTIAL));
}

#[tokio::test]
async fn the_servers_clock_is_kept_and_the_newest_counts() {
    let dated = |status: &str, at: Timestamp| {
        let date = at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        Play::Say(said(status, &[("Date", date.as_str())], LIST.as_bytes()))
    };
    let now = Timestamp::now();
    let (two_days, absurd) = (SignedDuration::from_hours(48), "1970-01-01T00:00:00Z".parse().unwrap());
    let server = Server::start(vec![
        dated("200 OK", now + two_days),
        dated("401 No", now - two_days),
        dated("200 OK", absurd),
        json(200, LIST),
    ])
    .await;
    let api = api(&server);
    let near = |expected: SignedDuration| {
        let difference = (api.clock_offset() - expected).abs();
        assert!(difference < SignedDuration::from_mins(10), "off by {difference:?}");
    };
    api.list_page(1).await.unwrap();
    near(two_days);
    api.list_page(1).await.unwrap_err();
    near(-two_days);
    api.list_page(1).await.unwrap();
    api.list_page(1).await.unwrap();
    near(-two_days);
}

#[tokio::test]
async fn no_error_shows_a_secret() {
    let echo = format!(r#"{{"message":"key {CREDENTIAL} and {CREDENTIAL}","key":"{NEW_VALUE} x","id":1}}"#);
    let location = format!("http://{CREDENTIAL}@127.0.0.1:1/{CREDENTIAL}?k={CREDENTIAL}");
    let headers = [("Location", location.as_str()), ("X-Echo", CREDENTIAL)];
    let broken = format!("HTTP/1.1 200 {CREDENTIAL}\r\n{CREDENTIAL}\r\n\r\n");
    for play in [
        json(200, &echo),
        json(201, CREDENTIAL),
        json(400, &echo),
        json(401, &echo),
        json(403, &echo),
        json(404, &echo),
        json(429, &echo),
        json(500, &echo),
        Play::Say(said("302 Found", &headers, echo.as_bytes())),
        Play::SayAndClose(broken.into_bytes()),
        Play::Close,
    ] {
        let error = create_error(play).await;
        let shown = format!("{error} {error:?} {error:#?}");
        assert!(!shown.contains("canary") && !shown.contains("newone"), "{shown}");
    }
}

#[tokio::test]
async fn a_look_for_revoke_sends_the_id_where_a_revocation_sends_it() {
    let no_path = || json(404, r#"{"message":"Not found"}"#);
    let no_method = || json(405, r#"{"message":"Not allowed"}"#);
    let server = Server::start(vec![no_path(), no_path(), no_method(), no_method()]).await;
    let names = EndpointNames::default().with_key_id_in(Some("body")).unwrap();
    let connect = HttpConnect::with_limits(names, limits(), Arc::new(SystemClock));
    let credential = Arc::new(Secret::parse(CREDENTIAL).unwrap());
    let api = connect
        .connect(&BaseUrl::parse(&server.base()).unwrap(), credential)
        .unwrap();
    assert_eq!(api.look_for(Operation::Revoke).await.unwrap(), Presence::There);
    let asked: Vec<(String, String)> = server
        .requests()
        .iter()
        .map(|request| (request.line.replace(" HTTP/1.1", ""), request.body.clone()))
        .collect();
    let id = r#"{"keyId":"chatzuri-keys-looks-for-nothing"}"#;
    let expected = [
        ("DELETE /api/v1/delete-api-key", id),
        ("DELETE /api/v1/delete-api-key-chatzuri-keys-looks-for-nothing", id),
        ("PATCH /api/v1/get-teams", ""),
        ("PATCH /api/v1/delete-api-key", id),
    ];
    assert_eq!(asked, expected.map(|(line, body)| (line.to_owned(), body.to_owned())));
}

/// What is made of these answers to a look for the endpoint that revokes, and what was asked.
/// A value such as the server makes, beside an id that a person has to be able to read.
const ANOTHER_VALUE: &str = "cz_4fT0qLz81mPdW7sKeYv93XbNcRj6HuGaQ2iBnM5o";

#[tokio::test]
async fn a_value_that_the_server_repeats_in_its_message_is_masked_and_an_id_stays_readable() {
    let echo = format!(r#"{{"message":"made {ANOTHER_VALUE} as key_9fbc5e28d742, see /api/v1/get-api-keys"}}"#);
    for status in [400, 403, 408, 409, 422, 500, 503] {
        let error = create_error(json(status, &echo)).await;
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains(&ANOTHER_VALUE[..12]), "{shown}");
        assert!(shown.contains("key_9fbc5e28d742, see /api/v1/get-api-keys"), "{shown}");
    }
    let location = format!("http://127.0.0.1:1/keys/{ANOTHER_VALUE}/done");
    let moved = said("302 Found", &[("Location", location.as_str())], b"");
    let shown = create_error(Play::Say(moved)).await.to_string();
    assert!(shown.contains("/keys/••••/done"), "{shown}");
}

#[tokio::test]
async fn a_new_value_stands_in_no_other_field_of_its_key() {
    let value = ANOTHER_VALUE;
    let body = format!(
        r#"{{"data":{{"id":"key_9fbc5e28d742","name":"Zapier {value}","created_by":"{value}","prefix":"{value}",
           "last_four":"{value}","key":"{value}"}}}}"#
    );
    let server = Server::start(vec![json(201, &body)]).await;
    let made = api(&server).create(&name()).await.unwrap();
    let shown = format!("{:?}", made.key);
    assert!(
        !shown.contains(&value[..13]) && !shown.contains(&value[value.len() - 9..]),
        "{shown}"
    );
    assert_eq!(made.key.prefix, Some(Label::new(&value[..12])));
    assert_eq!(made.key.last_four, Some(Label::new(&value[value.len() - 8..])));
    assert_eq!(
        (made.key.id.raw(), made.key.name.raw()),
        ("key_9fbc5e28d742", "Zapier ••••")
    );
    assert_eq!(made.secret.expose(), value);
}

#[tokio::test]
async fn a_list_keeps_no_more_than_the_ends_of_a_value() {
    let body =
        format!(r#"{{"data":[{{"id":1,"name":"a","prefix":"{ANOTHER_VALUE}","last_four":"{ANOTHER_VALUE}"}}]}}"#);
    let server = Server::start(vec![json(200, &body)]).await;
    let page = api(&server).list_page(1).await.unwrap();
    let shown = format!("{:?}", page.keys);
    assert!(!shown.contains(&ANOTHER_VALUE[..13]), "{shown}");
    assert!(shown.contains(&ANOTHER_VALUE[..12]), "{shown}");
}

async fn looked_for_revoke(plays: Vec<Play>) -> (Presence, Vec<String>) {
    let server = Server::start(plays).await;
    let found = api(&server).look_for(Operation::Revoke).await.unwrap();
    server.expect_all_played();
    let line = |line: &str| line.trim_end_matches(" HTTP/1.1").replace("/api/v1/", "");
    let asked = server.requests().iter().map(|request| line(&request.line)).collect();
    (found, asked)
}

#[tokio::test]
async fn an_endpoint_to_revoke_is_told_by_a_key_that_nobody_has() {
    const NOBODY: &str = "chatzuri-keys-looks-for-nothing";
    let delete = format!("DELETE delete-api-key?keyId={NOBODY}");
    let elsewhere = format!("DELETE delete-api-key-{NOBODY}?keyId={NOBODY}");
    let wrongly = format!("PATCH delete-api-key?keyId={NOBODY}");
    let no_key = || json(404, r#"{"message":"No such key"}"#);
    let no_path = || json(404, r#"{"message":"Not found"}"#);
    let no_method = || json(405, r#"{"message":"Not allowed"}"#);
    for (plays, found, asked) in [
        (vec![json(200, "{}")], Presence::There, &[&delete][..]),
        (vec![json(400, r#"{"message":"No"}"#)], Presence::There, &[&delete]),
        (vec![no_method()], Presence::Missing, &[&delete]),
        (vec![html(404)], Presence::Missing, &[&delete]),
        (vec![no_key(), no_path()], Presence::There, &[&delete, &elsewhere]),
        // Two answers alike: does the server tell paths by methods?
        (
            vec![no_path(), no_path(), json(200, TEAMS)],
            Presence::Untold,
            &[&delete, &elsewhere, &"PATCH get-teams".to_owned()],
        ),
        (
            vec![no_path(), no_path(), no_path()],
            Presence::Untold,
            &[&delete, &elsewhere, &"PATCH get-teams".to_owned()],
        ),
        (
            vec![no_path(), no_path(), no_method(), no_path()],
            Presence::Missing,
            &[&delete, &elsewhere, &"PATCH get-teams".to_owned(), &wrongly],
        ),
        (
            vec![no_path(), no_path(), no_method(), no_method()],
            Presence::There,
            &[&delete, &elsewhere, &"PATCH get-teams".to_owned(), &wrongly],
        ),
        (
            vec![no_path(), no_path(), no_method(), json(200, "{}")],
            Presence::Untold,
            &[&delete, &elsewhere, &"PATCH get-teams".to_owned(), &wrongly],
        ),
    ] {
        let (is, lines) = looked_for_revoke(plays).await;
        assert_eq!(is, found, "{asked:?}");
        assert_eq!(lines.iter().collect::<Vec<_>>(), asked);
    }
}

#[tokio::test]
async fn an_endpoint_to_create_is_told_by_a_name_that_it_cannot_take() {
    for (plays, found, deleted) in [
        (
            vec![json(400, r#"{"message":"A name is needed"}"#)],
            Presence::There,
            None,
        ),
        (vec![json(404, r#"{"message":"Not found"}"#)], Presence::Missing, None),
        (vec![html(200)], Presence::Missing, None),
        // One that takes it all the same: what it made is taken back at once.
        (
            vec![json(201, &created()), json(200, "{}")],
            Presence::There,
            Some("k9"),
        ),
    ] {
        let server = Server::start(plays).await;
        assert_eq!(api(&server).look_for(Operation::Create).await.unwrap(), found);
        server.expect_all_played();
        let requests = server.requests();
        assert_eq!(requests[0].body, r#"{"name":""}"#);
        let second = requests.get(1).map(|request| request.line.clone());
        let expected = deleted.map(|id| format!("DELETE /api/v1/delete-api-key?keyId={id} HTTP/1.1"));
        assert_eq!(second, expected);
    }
}

#[tokio::test]
async fn a_yes_to_a_key_without_a_name_that_cannot_be_read_is_no_answer() {
    for plays in [
        vec![json(200, r#"{"ok":true}"#)],
        vec![json(201, &created()), json(500, "{}")],
    ] {
        let server = Server::start(plays).await;
        let error = api(&server).look_for(Operation::Create).await.unwrap_err();
        assert_eq!(error.consequence, Consequence::Possible, "{error:?}");
        assert!(error.to_string().contains("a key without a name"), "{error}");
        server.expect_all_played();
    }
}

#[tokio::test]
async fn a_look_that_is_refused_or_finds_nobody_concludes_nothing() {
    for (play, fault) in [
        (json(401, "{}"), Fault::Unauthorized),
        (json(403, "{}"), Fault::Forbidden(None)),
        (json(429, "{}"), Fault::RateLimited(None)),
    ] {
        for operation in [Operation::Create, Operation::Revoke] {
            let again = match &play {
                Play::Say(bytes) => Play::Say(bytes.clone()),
                _ => continue,
            };
            let server = Server::start(vec![again]).await;
            let error = api(&server).look_for(operation).await.unwrap_err();
            assert_eq!(error.fault, fault);
        }
    }
}
