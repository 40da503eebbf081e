//! The sandbox keeps the contract's promises, and each fault does what its name says.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "clippy's exemption for tests does not reach the helpers of an integration test"
)]

use std::path::Path;
use std::time::Duration;

use chatzuri_keys::core::secret::Secret;
use chatzuri_keys::sandbox::{self, FAULTS, FaultRule, Running, SandboxError, SandboxFault, SandboxOptions};
use jiff::{SignedDuration, Timestamp};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, Response, StatusCode};
use serde_json::{Value, json};

/// A sandbox and a client that speaks to it.
struct Try {
    sandbox: Running,
    client: Client,
}

/// What a client can be told and hold on to, as a sandbox without applications is the same on every run.
fn quiet() -> SandboxOptions {
    SandboxOptions {
        apps: false,
        ..SandboxOptions::default()
    }
}

fn client() -> Client {
    // The first to come installs it for all.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .no_proxy()
        .redirect(Policy::none())
        // Only so that a broken test ends.
        .timeout(Duration::from_secs(60))
        .build()
        .unwrap()
}

impl Try {
    async fn with(options: SandboxOptions) -> Self {
        Self {
            sandbox: sandbox::start(options).await.unwrap(),
            client: client(),
        }
    }

    async fn start() -> Self {
        Self::with(quiet()).await
    }

    async fn with_fault(rule: &str) -> Self {
        let this = Self::start().await;
        this.sandbox.inject(FaultRule::parse(rule).unwrap());
        this
    }

    fn request(&self, method: Method, path: &str, key: &Secret) -> reqwest::RequestBuilder {
        self.client
            .request(method, format!("{}{path}", self.sandbox.base_url))
            .bearer_auth(key.expose())
    }

    async fn try_call(&self, method: Method, path: &str) -> reqwest::Result<Response> {
        self.request(method, path, &self.sandbox.credential).send().await
    }

    async fn call(&self, method: Method, path: &str) -> Response {
        self.try_call(method, path).await.unwrap()
    }

    async fn get(&self, path: &str) -> (StatusCode, Value) {
        read(self.call(Method::GET, path).await).await
    }

    async fn keys(&self) -> Vec<Value> {
        let (status, body) = self.get("/get-api-keys?page=1&size=100").await;
        assert_eq!(status, 200, "{body}");
        let keys = body["data"].as_array().unwrap().clone();
        assert_eq!(body["total"], json!(keys.len()));
        keys
    }

    async fn key_named(&self, name: &str) -> Option<Value> {
        self.keys().await.into_iter().find(|key| key["name"] == name)
    }

    async fn id_of(&self, name: &str) -> String {
        let key = self.key_named(name).await.unwrap();
        key["id"].as_str().unwrap().to_owned()
    }

    async fn try_create(&self, name: &str) -> reqwest::Result<Response> {
        self.request(Method::POST, "/create-api-key", &self.sandbox.credential)
            .json(&json!({ "name": name }))
            .send()
            .await
    }

    async fn create(&self, name: &str) -> (String, Secret) {
        let (status, body) = read(self.try_create(name).await.unwrap()).await;
        assert_eq!(status, 201, "{body}");
        let id = body["data"]["id"].as_str().unwrap().to_owned();
        (id, Secret::parse(body["data"]["key"].as_str().unwrap()).unwrap())
    }

    async fn revoke(&self, id: &str) -> (StatusCode, Value) {
        read(self.call(Method::DELETE, &format!("/delete-api-key?keyId={id}")).await).await
    }

    async fn probe(&self, key: &Secret) -> u16 {
        let answer = self.request(Method::GET, "/get-teams", key).send().await.unwrap();
        answer.status().as_u16()
    }
}

async fn read(response: Response) -> (StatusCode, Value) {
    let status = response.status();
    (status, response.json().await.unwrap())
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).unwrap().to_str().unwrap()
}

// -------------------------------------------------------------------------------------------------- the contract

#[tokio::test]
async fn every_listed_field_is_there_and_no_value_is() {
    let it = Try::start().await;
    let (status, body) = it.get("/get-api-keys?page=1&size=100").await;
    assert_eq!(status, 200);
    assert_eq!((&body["page"], &body["size"]), (&json!(1), &json!(100)));
    let keys = body["data"].as_array().unwrap();
    assert_eq!(body["total"], json!(keys.len()));
    for key in keys {
        let key = key.as_object().unwrap();
        let mut fields: Vec<_> = key.keys().map(String::as_str).collect();
        fields.sort_unstable();
        assert_eq!(
            fields,
            [
                "created_at",
                "created_by",
                "id",
                "last_four",
                "last_used_at",
                "name",
                "prefix"
            ]
        );
        assert!(key["id"].as_str().unwrap().starts_with("key_"));
        assert!(key["prefix"].as_str().unwrap().starts_with("cz_"));
        assert!(key["created_at"].as_str().unwrap().parse::<Timestamp>().is_ok());
    }
    let own = it.key_named("chatzuri-keys (this one)").await.unwrap();
    let value = &it.sandbox.credential;
    assert!(value.fits_hint(own["prefix"].as_str().unwrap(), own["last_four"].as_str().unwrap()));
}

#[tokio::test]
async fn pages_make_up_the_whole_list_without_repeats() {
    let it = Try::with(SandboxOptions {
        keys: Some(231),
        ..quiet()
    })
    .await;
    let mut ids = std::collections::BTreeSet::new();
    for (page, count) in [(1, 100), (2, 100), (3, 31), (4, 0)] {
        let (_, body) = it.get(&format!("/get-api-keys?page={page}&size=100")).await;
        let data = body["data"].as_array().unwrap();
        assert_eq!((data.len(), &body["total"]), (count, &json!(231)));
        ids.extend(data.iter().map(|key| key["id"].as_str().unwrap().to_owned()));
    }
    assert_eq!(ids.len(), 231);
    // The largest that the OpenAPI file allows, and one more.
    assert_eq!(it.get("/get-api-keys?page=4294967295").await.0, 200);
    for bad in [
        "page=0",
        "page=x",
        "size=0",
        "size=101",
        "page=-1",
        "page=1&page=2",
        "page=4294967296",
    ] {
        let (status, body) = it.get(&format!("/get-api-keys?{bad}")).await;
        assert_eq!(status, 400);
        assert!(body["message"].is_string());
    }
}

#[tokio::test]
async fn a_value_is_given_once_and_works_at_once() {
    let it = Try::start().await;
    let (id, value) = it.create("  Kiosk ").await;
    assert_eq!(value.length(), 43);
    let (_, list) = it.get("/get-api-keys").await;
    assert!(!list.to_string().contains(value.expose()));
    let listed = it.key_named("Kiosk").await.unwrap();
    assert_eq!(listed["id"], json!(id));
    assert_eq!(listed["last_used_at"], Value::Null);
    assert_eq!(listed["created_by"], json!("amina@acme.example"));
    for path in ["/get-teams", "/get-api-keys"] {
        let answer = it.request(Method::GET, path, &value).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
    }
    let log = it.sandbox.request_log();
    assert_eq!(log.last().unwrap().key_id.as_deref(), Some(id.as_str()));
    assert!(!format!("{log:?}").contains(value.expose()));
}

#[tokio::test]
async fn a_request_moves_the_last_use_of_its_own_key_only() {
    let it = Try::start().await;
    let before = it.key_named("Staging importer").await.unwrap();
    let quiet = it.key_named("Zapier").await.unwrap();
    let started = it.sandbox.now();
    assert_eq!(it.probe(&it.sandbox.leaked).await, 200);
    let after = it.key_named("Staging importer").await.unwrap();
    assert_ne!(before["last_used_at"], after["last_used_at"]);
    let used: Timestamp = after["last_used_at"].as_str().unwrap().parse().unwrap();
    assert!(used.as_millisecond() >= started.as_millisecond());
    assert_eq!(it.key_named("Zapier").await.unwrap(), quiet);
}

#[tokio::test]
async fn a_revoked_key_is_refused_by_the_next_request() {
    let it = Try::start().await;
    let id = it.id_of("Staging importer").await;
    assert_eq!(it.probe(&it.sandbox.leaked).await, 200);
    let (status, body) = it.revoke(&id).await;
    assert_eq!(
        (status.as_u16(), body),
        (200, json!({ "message": "Deleted successfully" }))
    );
    assert_eq!(it.probe(&it.sandbox.leaked).await, 401);
    assert!(it.key_named("Staging importer").await.is_none());
    assert_eq!(it.revoke(&id).await.0, 404);
}

#[tokio::test]
async fn a_key_may_revoke_itself() {
    let it = Try::start().await;
    let id = it.id_of("chatzuri-keys (this one)").await;
    assert_eq!(it.revoke(&id).await.0, 200);
    assert_eq!(it.get("/get-api-keys").await.0, 401);
}

#[tokio::test]
async fn names_have_1_to_100_characters() {
    let it = Try::start().await;
    for bad in ["", "  ", &"é".repeat(101)] {
        let (status, body) = read(it.try_create(bad).await.unwrap()).await;
        assert_eq!(status, 400, "{bad}");
        assert!(body["message"].as_str().unwrap().contains("100"));
    }
    it.create(&"é".repeat(100)).await;
    for body in ["", "[]", "{\"name\":5}", "{\"name\":", "null"] {
        let request = it.request(Method::POST, "/create-api-key", &it.sandbox.credential);
        assert_eq!(request.body(body).send().await.unwrap().status(), 400, "{body}");
    }
    let request = it.request(Method::POST, "/create-api-key", &it.sandbox.credential);
    let answer = request.body("x".repeat(100_000)).send().await.unwrap();
    assert_eq!(answer.status(), 413);
}

#[tokio::test]
async fn without_a_good_key_everything_is_refused_with_a_message() {
    let it = Try::start().await;
    let wrong = Secret::parse("cz_0123456789012345678901234567890123456789").unwrap();
    for (method, path) in [
        (Method::GET, "/get-api-keys"),
        (Method::POST, "/create-api-key"),
        (Method::DELETE, "/delete-api-key?keyId=key_1"),
        (Method::GET, "/get-teams"),
    ] {
        let (status, body) = read(it.request(method.clone(), path, &wrong).send().await.unwrap()).await;
        assert_eq!(status, 401, "{path}");
        assert!(body["message"].is_string());
        let bare = it.client.request(method, format!("{}{path}", it.sandbox.base_url));
        assert_eq!(bare.send().await.unwrap().status(), 401, "{path}");
    }
}

#[tokio::test]
async fn wrong_methods_and_unknown_paths_are_told_in_json() {
    let it = Try::start().await;
    for (method, path) in [
        (Method::POST, "/get-api-keys"),
        (Method::GET, "/create-api-key"),
        (Method::POST, "/delete-api-key?keyId=x"),
        (Method::PUT, "/get-teams"),
    ] {
        let (status, body) = read(it.call(method, path).await).await;
        assert_eq!(status, 405, "{path}");
        assert!(body["message"].is_string());
    }
    let (status, body) = it.get("/get-leads").await;
    assert_eq!(status, 404);
    assert!(body["message"].is_string());
    assert_eq!(it.call(Method::DELETE, "/delete-api-key").await.status(), 400);
}

#[tokio::test]
async fn the_announcement_says_how_to_sign_in() {
    let it = Try::start().await;
    let line = it.sandbox.announcement();
    assert!(!line.contains('\n'));
    let said: Value = serde_json::from_str(&line).unwrap();
    let credential = Secret::parse(said["credential"].as_str().unwrap()).unwrap();
    let url = format!("{}/get-teams", said["base_url"].as_str().unwrap());
    let answer = it
        .client
        .get(url)
        .bearer_auth(credential.expose())
        .send()
        .await
        .unwrap();
    let (status, body) = read(answer).await;
    assert_eq!((status.as_u16(), &body["data"][0]["name"]), (200, &said["team"]));
}

#[tokio::test]
async fn the_contract_is_served() {
    let it = Try::start().await;
    let root = it.sandbox.base_url.trim_end_matches("/api/v1");
    for url in [
        format!("{root}/openapi.yaml"),
        format!("{}/openapi.yaml", it.sandbox.base_url),
    ] {
        let answer = it.client.get(url).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.text().await.unwrap(), sandbox::OPENAPI);
    }
    for path in ["/get-api-keys:", "/create-api-key:", "/delete-api-key:", "/get-teams:"] {
        assert!(sandbox::OPENAPI.contains(&format!("\n  {path}\n")), "{path}");
    }
    assert_eq!(sandbox::OPENAPI.matches("x-documented-by-vendor: true").count(), 1);
    assert_eq!(sandbox::OPENAPI.matches("x-documented-by-vendor: false").count(), 3);
}

#[tokio::test]
async fn the_clock_follows_the_time_it_was_set_to() {
    let now: Timestamp = "2031-05-06T07:08:09Z".parse().unwrap();
    let it = Try::with(SandboxOptions {
        now: Some(now),
        ..quiet()
    })
    .await;
    let answer = it.call(Method::GET, "/nowhere").await;
    assert!(header(&answer, "date").starts_with("Tue, 06 May 2031 07:"));
    let (id, _) = it.create("New").await;
    let newest = it.keys().await.swap_remove(0);
    assert_eq!(newest["id"], json!(id));
    let created: Timestamp = newest["created_at"].as_str().unwrap().parse().unwrap();
    assert!(created >= now && created <= it.sandbox.now());
}

// ---------------------------------------------------------------------------------------------------- the database

fn file_options(path: &Path) -> SandboxOptions {
    SandboxOptions {
        db: Some(path.to_owned()),
        ..quiet()
    }
}

#[tokio::test]
async fn a_database_file_survives_and_holds_no_value() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sandbox.db");
    let first = Try::with(file_options(&path)).await;
    let (id, kept) = first.create("Kept").await;
    let count = first.keys().await.len();
    let Try { sandbox, .. } = first;
    let (credential, leaked) = (
        Secret::parse(sandbox.credential.expose()).unwrap(),
        Secret::parse(sandbox.leaked.expose()).unwrap(),
    );
    // Looked at while it is open too: a write-ahead log lies beside it.
    let none_in_files = || {
        for file in std::fs::read_dir(folder.path()).unwrap() {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            for value in [&kept, &credential, &leaked] {
                let wanted = value.expose().as_bytes();
                assert!(!bytes.windows(wanted.len()).any(|window| window == wanted));
            }
        }
    };
    none_in_files();
    sandbox.shutdown().await;
    none_in_files();

    let second = Try::with(file_options(&path)).await;
    assert_eq!(second.id_of("Kept").await, id);
    // Two new ones are handed out; nothing else was planted again.
    assert_eq!(second.keys().await.len(), count + 2);
    for value in [
        &kept,
        &credential,
        &leaked,
        &second.sandbox.credential,
        &second.sandbox.leaked,
    ] {
        assert_eq!(second.probe(value).await, 200);
    }
    let own = second.key_named("chatzuri-keys (this one)").await.unwrap();
    assert!(
        second
            .sandbox
            .credential
            .fits_hint("cz_", own["last_four"].as_str().unwrap())
    );
    assert!(second.key_named("chatzuri-keys (earlier run)").await.is_some());
}

#[tokio::test]
async fn another_programs_file_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other.db");
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("CREATE TABLE precious (x)").unwrap();
    drop(other);
    let before = std::fs::read(&path).unwrap();
    let refused = sandbox::start(file_options(&path)).await;
    assert!(matches!(refused, Err(SandboxError::ForeignDatabase)));
    assert_eq!(std::fs::read(&path).unwrap(), before);
    let text = folder.path().join("notes.txt");
    std::fs::write(&text, "not a database, and long enough to be read as one. ".repeat(40)).unwrap();
    assert!(matches!(
        sandbox::start(file_options(&text)).await,
        Err(SandboxError::Database(_))
    ));
}

// ------------------------------------------------------------------------------------------------ the applications

#[tokio::test]
async fn an_application_moves_to_a_successor_made_over_http() {
    let it = Try::start().await;
    let app = || it.sandbox.apps().into_iter().find(|app| app.name == "Zapier").unwrap();
    assert_eq!(app().key_id, Some(it.id_of("Zapier").await));
    let (id, _) = it.create("Zapier 2026-11-22").await;
    let soon = it.sandbox.now();
    it.sandbox.step_apps(soon).unwrap();
    assert_ne!(app().key_id.as_deref(), Some(id.as_str()));
    let later = soon.checked_add(SignedDuration::from_secs(20)).unwrap();
    it.sandbox.step_apps(later).unwrap();
    assert_eq!(app().key_id.as_deref(), Some(id.as_str()));
    let listed = it.key_named("Zapier 2026-11-22").await.unwrap();
    let used: Timestamp = listed["last_used_at"].as_str().unwrap().parse().unwrap();
    assert_eq!(used.as_millisecond(), later.as_millisecond());
}

#[tokio::test]
async fn applications_run_by_themselves() {
    let it = Try::with(SandboxOptions {
        takeover: Duration::ZERO,
        apps: true,
        ..SandboxOptions::default()
    })
    .await;
    let (id, _) = it.create("Slack bot 2026-11-22").await;
    let moved = async {
        while !it
            .sandbox
            .apps()
            .iter()
            .any(|app| app.key_id.as_deref() == Some(id.as_str()))
        {
            tokio::task::yield_now().await;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), moved).await.unwrap();
    assert!(it.key_named("Slack bot 2026-11-22").await.unwrap()["last_used_at"].is_string());
}

// ------------------------------------------------------------------------------------------------------ the faults

#[tokio::test]
async fn status_faults_answer_and_do_nothing_and_run_out() {
    let it = Try::start().await;
    for status in [400, 401, 403, 404, 409, 422, 429, 500, 502, 503] {
        it.sandbox
            .inject(FaultRule::parse(&format!("create:status={status}:1")).unwrap());
        let (answered, body) = read(it.try_create("Never made").await.unwrap()).await;
        assert_eq!(answered, status);
        assert!(body["message"].is_string());
    }
    assert!(it.key_named("Never made").await.is_none());
    it.create("Made").await;
}

#[tokio::test]
async fn rate_limits_come_in_both_forms() {
    let now: Timestamp = "2031-05-06T07:08:09Z".parse().unwrap();
    let it = Try::with(SandboxOptions {
        now: Some(now),
        ..quiet()
    })
    .await;
    it.sandbox.inject(FaultRule::parse("list:retry-after=3:1").unwrap());
    it.sandbox
        .inject(FaultRule::parse("list:retry-after-date=7200:1").unwrap());
    let answer = it.call(Method::GET, "/get-api-keys").await;
    assert_eq!((answer.status().as_u16(), header(&answer, "retry-after")), (429, "3"));
    let answer = it.call(Method::GET, "/get-api-keys").await;
    assert_eq!(answer.status(), 429);
    assert!(header(&answer, "retry-after").starts_with("Tue, 06 May 2031 09:"));
    assert_eq!(it.call(Method::GET, "/get-api-keys").await.status(), 200);
}

/// Each of these commits, and the client cannot read what became of it.
#[tokio::test]
async fn spoilt_answers_hide_a_key_that_was_made() {
    for fault in [
        "status-after=502",
        "garbage",
        "truncated",
        "empty",
        "wrong-shape",
        "redirect-303",
        "drop-after",
    ] {
        let it = Try::with_fault(&format!("create:{fault}:1")).await;
        if let Ok(answer) = it.try_create("Made unseen").await {
            let body = answer.bytes().await;
            let value = body.ok().and_then(|body| serde_json::from_slice::<Value>(&body).ok());
            let key = value.and_then(|value| value["data"]["key"].as_str().map(str::to_owned));
            assert_eq!(key, None, "{fault}");
        }
        assert!(it.key_named("Made unseen").await.is_some(), "{fault}");
    }
}

#[tokio::test]
async fn a_dropped_connection_shows_no_status() {
    let it = Try::start().await;
    for (fault, made, seen) in [
        ("drop-before", 0, None),
        ("drop-after", 1, None),
        ("status=500", 1, Some(500)),
    ] {
        it.sandbox
            .inject(FaultRule::parse(&format!("create:{fault}:1")).unwrap());
        let answer = it.try_create("Dropped").await;
        assert_eq!(
            answer.as_ref().ok().map(|answer| answer.status().as_u16()),
            seen,
            "{fault}"
        );
        let count = it.keys().await.iter().filter(|key| key["name"] == "Dropped").count();
        assert_eq!(count, made, "{fault}");
    }
    let log = it.sandbox.request_log();
    let posts: Vec<_> = log
        .iter()
        .filter(|one| one.method == "POST")
        .map(|one| one.status)
        .collect();
    // Not sent again by anybody, and the dropped ones have no answer.
    assert_eq!(posts, [None, None, Some(500)]);
}

#[tokio::test]
async fn a_truncated_answer_breaks_off_inside_its_body() {
    let it = Try::with_fault("list:truncated").await;
    let answer = it.call(Method::GET, "/get-api-keys").await;
    assert_eq!(answer.status(), 200);
    assert!(header(&answer, "content-length").parse::<usize>().unwrap() > 100);
    assert!(answer.bytes().await.is_err());
}

#[tokio::test]
async fn bodies_that_are_no_json_keep_their_status() {
    let it = Try::start().await;
    for fault in ["garbage", "empty", "wrong-shape", "html", "hostile-message"] {
        it.sandbox.inject(FaultRule::parse(&format!("list:{fault}:1")).unwrap());
    }
    let mut seen = Vec::new();
    for _ in 0..5 {
        let answer = it.call(Method::GET, "/get-api-keys").await;
        let kind = header(&answer, "content-type").to_owned();
        seen.push((answer.status().as_u16(), kind, answer.bytes().await.unwrap()));
    }
    assert_eq!(
        seen.iter().map(|one| one.0).collect::<Vec<_>>(),
        [200, 200, 200, 200, 400]
    );
    assert!(std::str::from_utf8(&seen[0].2).is_err());
    assert!(seen[1].2.is_empty());
    let shape: Value = serde_json::from_slice(&seen[2].2).unwrap();
    assert!(shape.get("data").is_none());
    assert!(seen[3].1.starts_with("text/html") && seen[3].2.starts_with(b"<!doctype html>"));
    let message: Value = serde_json::from_slice(&seen[4].2).unwrap();
    assert!(message["message"].as_str().unwrap().contains('\u{1b}'));
}

/// Counts an answer's body without holding it.
async fn length(mut answer: Response) -> u64 {
    let mut length = 0;
    while let Some(chunk) = answer.chunk().await.unwrap() {
        length += chunk.len() as u64;
    }
    length
}

#[tokio::test]
async fn large_answers_are_larger_than_100_mib() {
    let it = Try::with_fault("list:huge:1").await;
    it.sandbox.inject(FaultRule::parse("list:gzip-bomb").unwrap());
    assert!(length(it.call(Method::GET, "/get-api-keys").await).await > 100 << 20);
    // This client inflates; the one below does not.
    assert!(length(it.call(Method::GET, "/get-api-keys").await).await > 100 << 20);
    let raw = Client::builder().no_proxy().no_gzip().build().unwrap();
    let request = raw.get(format!("{}/get-api-keys", it.sandbox.base_url));
    let answer = request
        .bearer_auth(it.sandbox.credential.expose())
        .send()
        .await
        .unwrap();
    assert_eq!(header(&answer, "content-encoding"), "gzip");
    assert!(length(answer).await < 1 << 20);
}

#[tokio::test]
async fn redirects_lead_to_another_host() {
    let it = Try::start().await;
    it.sandbox.inject(FaultRule::parse("teams:redirect:1").unwrap());
    it.sandbox.inject(FaultRule::parse("teams:redirect=308:1").unwrap());
    for status in [302, 308] {
        let answer = it.call(Method::GET, "/get-teams").await;
        assert_eq!(answer.status(), status);
        assert_eq!(
            header(&answer, "location"),
            "https://elsewhere.example/api/v1/get-teams"
        );
    }
}

#[tokio::test]
async fn hanging_requests_end_when_the_sandbox_does() {
    for (fault, made) in [("hang", false), ("hang-after", true)] {
        let it = Try::with_fault(&format!("create:{fault}")).await;
        let request = it.request(Method::POST, "/create-api-key", &it.sandbox.credential);
        let hanging = tokio::spawn(request.json(&json!({ "name": "Hung" })).send());
        let arrived = async {
            let posted = || it.sandbox.request_log().iter().any(|one| one.method == "POST");
            while !posted() || it.key_named("Hung").await.is_some() != made {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), arrived).await.unwrap();
        assert!(!hanging.is_finished(), "{fault}");
        let Try { sandbox, .. } = it;
        sandbox.shutdown().await;
        assert!(hanging.await.unwrap().is_err(), "{fault}");
    }
}

#[tokio::test]
async fn slow_answers_are_answers() {
    let it = Try::with_fault("create:slow=1:1").await;
    it.sandbox.inject(FaultRule::parse("create:slow-after=1:1").unwrap());
    it.create("One").await;
    it.create("Two").await;
}

#[tokio::test]
async fn keys_can_be_bent_and_still_be_revoked() {
    let it = Try::with_fault("list:number-ids:1").await;
    let number = it.key_named("Staging importer").await.unwrap()["id"].as_u64().unwrap();
    assert_eq!(it.revoke(&number.to_string()).await.0, 200);
    assert_eq!(it.probe(&it.sandbox.leaked).await, 401);
    for (fault, field, null) in [
        ("null-dates", "created_at", true),
        ("epoch-seconds", "created_at", false),
    ] {
        it.sandbox.inject(FaultRule::parse(&format!("list:{fault}:1")).unwrap());
        let keys = it.keys().await;
        assert!(
            keys.iter()
                .all(|key| key[field].is_null() == null && !key[field].is_string()),
            "{fault}"
        );
    }
    it.sandbox.inject(FaultRule::parse("list:hostile-names:1").unwrap());
    let names = it.keys().await;
    assert!(names.iter().any(|key| key["name"].as_str().unwrap().contains('\u{1b}')));
    assert!(
        names
            .iter()
            .any(|key| key["name"].as_str().unwrap().chars().count() >= 5_000)
    );
    assert!(names.iter().any(|key| key["name"] == ""));
}

#[tokio::test]
async fn an_endless_list_never_ends() {
    let it = Try::with_fault("list:endless").await;
    let (_, first) = it.get("/get-api-keys?page=1&size=100").await;
    let (_, far) = it.get("/get-api-keys?page=2001&size=100").await;
    assert_eq!(far["data"].as_array().unwrap().len(), 100);
    assert_ne!(first["data"][0]["id"], far["data"][0]["id"]);
    assert!(far.get("total").is_none());
}

/// What a revocation under a fault shows: its status, whether the key is still listed, and four probes of its value.
async fn revocation(fault: &str) -> (u16, bool, [u16; 4]) {
    let it = Try::with_fault(&format!("revoke:{fault}:1")).await;
    let (id, value) = it.create("Doomed").await;
    let status = it.revoke(&id).await.0.as_u16();
    let listed = it.key_named("Doomed").await.is_some();
    let mut probes = [0; 4];
    for probe in &mut probes {
        *probe = it.probe(&value).await;
    }
    (status, listed, probes)
}

#[tokio::test]
async fn revocations_can_be_late_or_lie() {
    assert_eq!(revocation("slow=0").await, (200, false, [401; 4]));
    assert_eq!(revocation("revoke-late=2").await, (200, false, [200, 200, 401, 401]));
    assert_eq!(revocation("revoke-never").await, (200, false, [200; 4]));
    assert_eq!(revocation("revoke-listed").await, (200, true, [200; 4]));
    assert_eq!(revocation("gone-404").await, (404, true, [200; 4]));
    assert_eq!(revocation("status=503").await, (503, true, [200; 4]));
    assert_eq!(revocation("status-after=503").await, (503, false, [401; 4]));
}

#[tokio::test]
async fn a_server_that_lost_its_database_accepts_a_revocation_and_refuses_everybody() {
    let it = Try::with_fault("revoke:lost-database").await;
    let (id, value) = it.create("Doomed").await;
    assert_eq!(it.revoke(&id).await.0.as_u16(), 200);
    let refused = (it.probe(&value).await, it.get("/get-teams").await.0.as_u16());
    assert_eq!(refused, (401, 401));
    it.sandbox.clear_faults();
    let alive = (it.probe(&value).await, it.get("/get-teams").await.0.as_u16());
    assert_eq!(alive, (200, 200));
}

#[tokio::test]
async fn faults_can_be_taken_back() {
    let it = Try::with_fault("all:status=500").await;
    assert_eq!(it.get("/get-teams").await.0, 500);
    it.sandbox.clear_faults();
    assert_eq!(it.get("/get-teams").await.0, 200);
}

/// No fault makes the server itself fail: whatever was played, the next request is served.
#[tokio::test]
async fn every_fault_leaves_a_server_that_serves() {
    let it = Try::start().await;
    for (fault, _) in FAULTS {
        // These have tests of their own, and would only wait or fill the memory here.
        if matches!(
            fault,
            SandboxFault::Hang
                | SandboxFault::HangAfter
                | SandboxFault::Huge
                | SandboxFault::GzipBomb
                | SandboxFault::LostDatabase
        ) {
            continue;
        }
        let fault = match fault {
            SandboxFault::Slow(_) => SandboxFault::Slow(1),
            SandboxFault::SlowAfter(_) => SandboxFault::SlowAfter(1),
            other => *other,
        };
        for endpoint in ["list", "create", "revoke", "teams"] {
            let Ok(rule) = FaultRule::parse(&format!("{endpoint}:{fault}:1")) else {
                continue;
            };
            it.sandbox.inject(rule);
            let answer = match endpoint {
                "list" => it.try_call(Method::GET, "/get-api-keys").await,
                "create" => it.try_create("Again").await,
                "revoke" => {
                    let id = it.id_of("Load test").await;
                    it.create("Load test").await;
                    it.try_call(Method::DELETE, &format!("/delete-api-key?keyId={id}"))
                        .await
                }
                _ => it.try_call(Method::GET, "/get-teams").await,
            };
            if let Ok(answer) = answer {
                // It may break off; that it ends is enough.
                let _ = answer.bytes().await;
            }
            assert_eq!(it.get("/get-teams").await.0, 200, "{endpoint}:{fault}");
        }
    }
}

#[tokio::test]
async fn a_taken_port_and_too_many_keys_are_told() {
    let it = Try::start().await;
    let port = it
        .sandbox
        .base_url
        .rsplit(':')
        .next()
        .unwrap()
        .split('/')
        .next()
        .unwrap();
    let options = SandboxOptions {
        port: port.parse().unwrap(),
        ..quiet()
    };
    assert!(matches!(sandbox::start(options).await, Err(SandboxError::Bind(_, _))));
    let options = SandboxOptions {
        keys: Some(sandbox::MAX_KEYS + 1),
        ..quiet()
    };
    assert!(matches!(
        sandbox::start(options).await,
        Err(SandboxError::TooManyKeys(_))
    ));
}
