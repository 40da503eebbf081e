//! What is asked for: method, path and parameter names, all of them settings.

use std::fmt;

use reqwest::Url;

use crate::core::key::KeyId;
use crate::ports::{BaseUrl, Operation, PAGE_SIZE};

/// Stands in a path for the id of the key.
const ID_PLACE: &str = "{keyId}";

/// Where the id of the key to revoke stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum IdPlace {
    Query,
    Path,
    Body,
}

/// An HTTP method an endpoint may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HttpMethod {
    /// GET
    Get,
    /// POST
    Post,
    /// PUT
    Put,
    /// PATCH
    Patch,
    /// DELETE
    Delete,
}

impl HttpMethod {
    fn parse(word: &str) -> Option<Self> {
        let all = [Self::Get, Self::Post, Self::Put, Self::Patch, Self::Delete];
        all.into_iter().find(|method| word.eq_ignore_ascii_case(method.word()))
    }

    /// The method as it is sent.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    pub(super) fn for_request(self) -> reqwest::Method {
        match self {
            Self::Get => reqwest::Method::GET,
            Self::Post => reqwest::Method::POST,
            Self::Put => reqwest::Method::PUT,
            Self::Patch => reqwest::Method::PATCH,
            Self::Delete => reqwest::Method::DELETE,
        }
    }
}

/// One endpoint: a method, and a path below the base URL. Only [`EndpointNames`] makes one, so it is always legal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    method: HttpMethod,
    path: String,
}

/// Shows `GET /get-api-keys`.
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method.word(), self.path)
    }
}

/// Why a setting of `[api.endpoints]` cannot be used: which one, and what it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadEndpoint {
    /// The setting, as in `list`.
    pub setting: &'static str,
    /// What is wrong, for a person; quotes nothing.
    pub why: &'static str,
}

impl fmt::Display for BadEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[api.endpoints] {}: {}", self.setting, self.why)
    }
}

impl std::error::Error for BadEndpoint {}

/// What the endpoints and their parameters are called. [`EndpointNames::default`] is
/// the contract; the `with_` methods change its names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointNames {
    list: Endpoint,
    create: Endpoint,
    revoke: Endpoint,
    teams: Endpoint,
    key_id: String,
    key_id_in: IdPlace,
    page: String,
    size: String,
}

impl Default for EndpointNames {
    fn default() -> Self {
        let endpoint = |method, path: &str| Endpoint {
            method,
            path: path.to_owned(),
        };
        Self {
            list: endpoint(HttpMethod::Get, "/get-api-keys"),
            create: endpoint(HttpMethod::Post, "/create-api-key"),
            revoke: endpoint(HttpMethod::Delete, "/delete-api-key"),
            teams: endpoint(HttpMethod::Get, "/get-teams"),
            key_id: "keyId".to_owned(),
            key_id_in: IdPlace::Query,
            page: "page".to_owned(),
            size: "size".to_owned(),
        }
    }
}

impl EndpointNames {
    /// Takes the endpoints as config writes them: `METHOD /path`. The path of `revoke` may hold `{keyId}`.
    ///
    /// # Errors
    /// [`BadEndpoint`] names the setting.
    pub fn with_endpoints(mut self, list: &str, create: &str, revoke: &str, teams: &str) -> Result<Self, BadEndpoint> {
        self.list = endpoint("list", list)?;
        self.create = endpoint("create", create)?;
        self.revoke = endpoint("revoke", revoke)?;
        if self.revoke.path.contains(ID_PLACE) {
            self.key_id_in = IdPlace::Path;
        }
        self.teams = endpoint("teams", teams)?;
        Ok(self)
    }

    /// Takes the names of the parameters: `key_id` stands in the query or in a JSON body, the others in the query.
    ///
    /// # Errors
    /// [`BadEndpoint`] names the setting.
    pub fn with_parameters(mut self, key_id: &str, page: &str, size: &str) -> Result<Self, BadEndpoint> {
        self.key_id = parameter("key_id", key_id)?;
        self.page = parameter("page", page)?;
        self.size = parameter("size", size)?;
        Ok(self)
    }

    /// Takes where the id of the key to revoke stands: `query`, `path` or `body`; without a word, the path where it holds
    /// `{keyId}`, and else the query.
    ///
    /// # Errors
    /// [`BadEndpoint`] where it is no such word, or the path of `revoke` says otherwise.
    pub fn with_key_id_in(mut self, word: Option<&str>) -> Result<Self, BadEndpoint> {
        let Some(word) = word else { return Ok(self) };
        let bad = |why| BadEndpoint {
            setting: "key_id_in",
            why,
        };
        let place = match word {
            "query" => IdPlace::Query,
            "path" => IdPlace::Path,
            "body" => IdPlace::Body,
            _ => return Err(bad("it must be query, path or body")),
        };
        match (place == IdPlace::Path, self.key_id_in == IdPlace::Path) {
            (true, false) => return Err(bad("with path, the path of revoke must contain {keyId}")),
            (false, true) => return Err(bad("it must be path when the path of revoke contains {keyId}")),
            _ => self.key_id_in = place,
        }
        Ok(self)
    }

    pub(super) fn of(&self, operation: Operation) -> &Endpoint {
        match operation {
            Operation::List => &self.list,
            Operation::Create => &self.create,
            Operation::Revoke => &self.revoke,
            Operation::Teams => &self.teams,
        }
    }

    pub(super) fn method(&self, operation: Operation) -> reqwest::Method {
        self.of(operation).method.for_request()
    }

    pub(super) fn plain_url(&self, base: &BaseUrl, operation: Operation) -> Option<Url> {
        address(base, &self.of(operation).path)
    }

    pub(super) fn page_url(&self, base: &BaseUrl, page: u32) -> Option<Url> {
        let (path, page_name, size_name) = (&self.list.path, escaped(&self.page), escaped(&self.size));
        address(base, &format!("{path}?{page_name}={page}&{size_name}={PAGE_SIZE}"))
    }

    /// `None` for an id that cannot stand in a path: `.` and `..` would name another endpoint.
    pub(super) fn revoke_url(&self, base: &BaseUrl, id: &KeyId) -> Option<Url> {
        let path = &self.revoke.path;
        match self.key_id_in {
            IdPlace::Query => address(base, &format!("{path}?{}={}", escaped(&self.key_id), escaped(id.raw()))),
            IdPlace::Path if matches!(id.raw(), "." | "..") => None,
            IdPlace::Path => address(base, &path.replace(ID_PLACE, &escaped(id.raw()))),
            IdPlace::Body => address(base, path),
        }
    }

    /// The JSON body of a revocation, where the id stands there.
    pub(super) fn revoke_body(&self, id: &KeyId) -> Option<Vec<u8>> {
        let in_body = self.key_id_in == IdPlace::Body;
        in_body.then(|| {
            serde_json::json!({ self.key_id.as_str(): id.raw() })
                .to_string()
                .into_bytes()
        })
    }
}

fn endpoint(setting: &'static str, text: &str) -> Result<Endpoint, BadEndpoint> {
    let bad = |why| BadEndpoint { setting, why };
    let (method, path) = text
        .trim()
        .split_once(' ')
        .ok_or_else(|| bad("it must be a method and a path, as in \"GET /get-api-keys\""))?;
    let method = HttpMethod::parse(method).ok_or_else(|| bad("its method must be GET, POST, PUT, PATCH or DELETE"))?;
    let path = path.trim();
    let bare = match setting {
        "revoke" => path.replacen(ID_PLACE, "", 1),
        _ => path.to_owned(),
    };
    let legal = |c: char| c.is_ascii_graphic() && !matches!(c, '?' | '#' | '\\' | '{' | '}');
    if !path.starts_with('/') || !bare.chars().all(legal) {
        return Err(bad(
            "its path must start with / and contain no space, query, or {…} other than {keyId} in revoke",
        ));
    }
    if path.split('/').any(|part| matches!(part, "." | "..")) {
        return Err(bad("its path must not contain . or .. as a segment"));
    }
    Ok(Endpoint {
        method,
        path: path.to_owned(),
    })
}

fn parameter(setting: &'static str, text: &str) -> Result<String, BadEndpoint> {
    let legal = !text.is_empty() && text.chars().all(|c| c.is_ascii_graphic());
    legal.then(|| text.to_owned()).ok_or(BadEndpoint {
        setting,
        why: "it must be the name of a parameter",
    })
}

fn address(base: &BaseUrl, path_and_query: &str) -> Option<Url> {
    Url::parse(&format!("{}{path_and_query}", base.as_str())).ok()
}

/// Percent-encodes all but RFC 3986's unreserved characters, so that no id can leave its place in the address.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base() -> BaseUrl {
        BaseUrl::parse("https://www.chatzuri.com/api/v1").unwrap()
    }

    fn revoke(names: &EndpointNames, id: &str) -> Option<String> {
        names
            .revoke_url(&base(), &KeyId::new(id).unwrap())
            .map(|url| url.to_string())
    }

    fn with_revoke(text: &str) -> Result<EndpointNames, BadEndpoint> {
        EndpointNames::default().with_endpoints("GET /l", "POST /c", text, "GET /t")
    }

    #[test]
    fn the_default_is_the_contract() {
        let names = EndpointNames::default();
        assert_eq!(
            names.page_url(&base(), 3).unwrap().as_str(),
            "https://www.chatzuri.com/api/v1/get-api-keys?page=3&size=100"
        );
        assert_eq!(names.of(Operation::Create).to_string(), "POST /create-api-key");
        assert_eq!(
            revoke(&names, "key_1").unwrap(),
            "https://www.chatzuri.com/api/v1/delete-api-key?keyId=key_1"
        );
    }

    #[test]
    fn an_id_never_leaves_its_place() {
        let in_query = EndpointNames::default();
        let in_path = with_revoke("delete /keys/{keyId}/now").unwrap();
        assert_eq!(in_path.of(Operation::Revoke).to_string(), "DELETE /keys/{keyId}/now");
        for (id, sent) in [
            ("a/b", "a%2Fb"),
            ("a&keyId=b", "a%26keyId%3Db"),
            ("a?b#c", "a%3Fb%23c"),
            ("../x", "..%2Fx"),
            ("%2e%2e", "%252e%252e"),
            ("a\n b\u{e9}", "a%0A%20b%C3%A9"),
        ] {
            let start = "https://www.chatzuri.com/api/v1";
            assert_eq!(revoke(&in_path, id).unwrap(), format!("{start}/keys/{sent}/now"));
            assert_eq!(
                revoke(&in_query, id).unwrap(),
                format!("{start}/delete-api-key?keyId={sent}")
            );
        }
        assert_eq!(revoke(&in_path, ".."), None);
        assert_eq!(revoke(&in_path, "."), None);
    }

    #[test]
    fn a_bad_setting_is_named() {
        for bad in [
            "",
            "GET",
            "/x",
            "BREW /x",
            "GET x",
            "GET /a b",
            "GET /a?b",
            "GET /{id}",
            "GET /a/../b",
            "GET \\x",
        ] {
            assert_eq!(with_revoke(bad).unwrap_err().setting, "revoke", "{bad}");
        }
        let list = EndpointNames::default().with_endpoints("GET /{keyId}", "POST /c", "DELETE /r", "GET /t");
        assert_eq!(list.unwrap_err().setting, "list");
        let parameter = EndpointNames::default().with_parameters("keyId", "", "size");
        assert_eq!(parameter.unwrap_err().setting, "page");
    }

    #[test]
    fn the_place_of_the_id_agrees_with_the_path() {
        let in_path = || with_revoke("DELETE /keys/{keyId}").unwrap();
        let in_query = || with_revoke("DELETE /keys").unwrap();
        for (names, word) in [
            (in_path(), "query"),
            (in_path(), "body"),
            (in_query(), "path"),
            (in_query(), "header"),
        ] {
            assert_eq!(
                names.with_key_id_in(Some(word)).unwrap_err().setting,
                "key_id_in",
                "{word}"
            );
        }
        assert!(in_path().with_key_id_in(Some("path")).is_ok() && in_path().with_key_id_in(None).is_ok());
        assert_eq!(in_query().with_key_id_in(Some("query")).unwrap(), in_query());
    }

    #[test]
    fn an_id_in_the_body_stays_out_of_the_address() {
        let names = EndpointNames::default()
            .with_parameters("apiKeyId", "page", "size")
            .and_then(|names| names.with_key_id_in(Some("body")))
            .unwrap();
        assert_eq!(
            revoke(&names, "a\"b").unwrap(),
            "https://www.chatzuri.com/api/v1/delete-api-key"
        );
        let id = KeyId::new("a\"b").unwrap();
        assert_eq!(names.revoke_body(&id).unwrap(), br#"{"apiKeyId":"a\"b"}"#);
        assert_eq!(EndpointNames::default().revoke_body(&id), None);
    }
}
