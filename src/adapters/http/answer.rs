//! What a status means, before its body is understood.

use std::time::Duration;

use reqwest::Url;
use zeroize::Zeroizing;

use crate::adapters::http::decode;
use crate::adapters::http::fault::Failure;
use crate::adapters::http::json;
use crate::core::secret::{Secret, mask_values};
use crate::core::text::{Label, clean, fit};
use crate::ports::{Fault, Operation};

/// The widest message of a server that is kept, in columns.
const MESSAGE_COLUMNS: u16 = 200;

/// An answer, as far as its bounds let it be read.
pub(super) struct Reply {
    pub(super) status: u16,
    /// Whether `Content-Type` says that it is a page for people.
    pub(super) says_html: bool,
    /// `Location`, resolved.
    pub(super) location: Option<Url>,
    /// `Retry-After`.
    pub(super) wait: Option<Duration>,
    pub(super) body: Zeroizing<Vec<u8>>,
}

impl Reply {
    fn is_html(&self) -> bool {
        self.says_html || self.body.trim_ascii_start().starts_with(b"<")
    }

    /// Lets a success through; every other answer becomes a failure. `sent` is the secret the request carried, which a
    /// hostile or careless server may quote back.
    pub(super) fn judge(self, operation: Operation, sent: &Secret) -> Result<Self, Failure> {
        let Some(fault) = self.fault(operation, sent) else {
            return Ok(self);
        };
        Err(Failure {
            wait: self.wait,
            ..Failure::sent(fault)
        })
    }

    fn fault(&self, operation: Operation, sent: &Secret) -> Option<Fault> {
        let status = self.status;
        let message = || self.message(sent);
        Some(match status {
            200..300 if !self.is_html() => return None,
            // The documented endpoint is there; it is the address, or something in between, that is wrong.
            200..300 if operation == Operation::Teams => Fault::Unreadable {
                status,
                why: "it is a web page".to_owned(),
            },
            200..300 => Fault::NoEndpoint(status),
            300..400 => Fault::Redirected {
                status,
                to: self.target(sent),
            },
            401 => Fault::Unauthorized,
            403 => Fault::Forbidden(message()),
            404 if operation == Operation::Revoke && !self.is_html() => Fault::NotFound(message()),
            404 | 405 | 501 => Fault::NoEndpoint(status),
            429 => Fault::RateLimited(self.wait),
            408 => Fault::Rejected {
                status,
                message: message(),
            },
            400..500 if self.is_html() && operation != Operation::Teams => Fault::NoEndpoint(status),
            400..500 => Fault::Rejected {
                status,
                message: message(),
            },
            500..600 => Fault::Server {
                status,
                message: message(),
            },
            _ => Fault::Unreadable {
                status,
                why: "no such status exists".to_owned(),
            },
        })
    }

    fn message(&self, sent: &Secret) -> Option<Label> {
        if self.is_html() {
            return None;
        }
        let json = json::parse(&self.body).ok()?;
        decode::message(json.root()).map(|text| short(text, sent))
    }

    /// Where a redirect points, without what may be private in an address.
    fn target(&self, sent: &Secret) -> Label {
        let Some(mut url) = self.location.clone() else {
            return Label::new("nowhere");
        };
        url.set_query(None);
        url.set_fragment(None);
        let _ = url.set_username("");
        let _ = url.set_password(None);
        short(url.as_str(), sent)
    }
}

/// A server's text for a sentence of ours, without the value that was sent and without what may be another one. Cleaned
/// before it is measured, since hidden characters have no width.
fn short(text: &str, sent: &Secret) -> Label {
    let text = sent.redact(text);
    let text = mask_values(&text, Some(sent));
    Label::new(&fit(&clean(&text), MESSAGE_COLUMNS))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CANARY: &str = "cz_canary_0123456789abcdef";

    fn judge(operation: Operation, status: u16, kind: &str, body: &str) -> Option<Fault> {
        let reply = Reply {
            status,
            says_html: kind == "text/html",
            location: None,
            wait: None,
            body: Zeroizing::new(body.as_bytes().to_vec()),
        };
        let sent = Secret::parse(CANARY).unwrap();
        reply.judge(operation, &sent).err().map(|failure| failure.fault)
    }

    #[test]
    fn every_status_has_its_fault() {
        use Operation::{Create, List, Revoke, Teams};
        let json = "application/json";
        let said = || Some(Label::new("no"));
        let body = r#"{"message":"no"}"#;
        let rejected = |status| {
            Some(Fault::Rejected {
                status,
                message: said(),
            })
        };
        for (operation, status, fault) in [
            (List, 200, None),
            (Create, 201, None),
            (Revoke, 202, None),
            (List, 401, Some(Fault::Unauthorized)),
            (Create, 403, Some(Fault::Forbidden(said()))),
            (Revoke, 404, Some(Fault::NotFound(said()))),
            (List, 404, Some(Fault::NoEndpoint(404))),
            (Create, 404, Some(Fault::NoEndpoint(404))),
            (Teams, 404, Some(Fault::NoEndpoint(404))),
            (Revoke, 405, Some(Fault::NoEndpoint(405))),
            (List, 501, Some(Fault::NoEndpoint(501))),
            (Create, 400, rejected(400)),
            (Create, 408, rejected(408)),
            (Create, 409, rejected(409)),
            (Create, 422, rejected(422)),
            (List, 429, Some(Fault::RateLimited(None))),
            (
                List,
                500,
                Some(Fault::Server {
                    status: 500,
                    message: said(),
                }),
            ),
            (
                List,
                308,
                Some(Fault::Redirected {
                    status: 308,
                    to: Label::new("nowhere"),
                }),
            ),
            (
                List,
                999,
                Some(Fault::Unreadable {
                    status: 999,
                    why: "no such status exists".to_owned(),
                }),
            ),
        ] {
            assert_eq!(judge(operation, status, json, body), fault, "{operation:?} {status}");
        }
    }

    #[test]
    fn a_page_of_html_is_no_endpoint_of_ours() {
        use Operation::{Create, List, Revoke, Teams};
        for (kind, page) in [("text/html", ""), ("application/json", "\n <!doctype html>")] {
            for operation in [List, Create, Revoke] {
                for status in [200, 400, 404, 410] {
                    let fault = judge(operation, status, kind, page);
                    assert_eq!(fault, Some(Fault::NoEndpoint(status)), "{operation:?} {status}");
                }
                assert_eq!(judge(operation, 401, kind, page), Some(Fault::Unauthorized));
                assert_eq!(judge(operation, 403, kind, page), Some(Fault::Forbidden(None)));
                assert_eq!(judge(operation, 429, kind, page), Some(Fault::RateLimited(None)));
                let server = Fault::Server {
                    status: 502,
                    message: None,
                };
                assert_eq!(judge(operation, 502, kind, page), Some(server));
            }
            assert!(matches!(
                judge(Teams, 200, kind, page),
                Some(Fault::Unreadable { status: 200, .. })
            ));
        }
    }

    #[test]
    fn a_message_is_cleaned_cut_and_never_quotes_our_secret() {
        let body = format!(
            r#"{{"error":{{"message":"bad \u001b[31m {CANARY} {}"}}}}"#,
            "x\u{202e}".repeat(500)
        );
        let Some(Fault::Rejected {
            message: Some(message), ..
        }) = judge(Operation::List, 400, "", &body)
        else {
            panic!("no message");
        };
        assert!(message.shown().starts_with("bad \\e[31m •••• x\\u{202e}"));
        assert!(message.width() <= MESSAGE_COLUMNS);
        assert!(!message.raw().contains(CANARY));
    }

    #[test]
    fn a_redirect_is_told_without_its_private_parts() {
        let url = format!("https://me:pw@evil.example/{CANARY}/x?token=1#y");
        let reply = Reply {
            status: 302,
            says_html: true,
            location: Url::parse(&url).ok(),
            wait: None,
            body: Zeroizing::default(),
        };
        let failure = reply
            .judge(Operation::List, &Secret::parse(CANARY).unwrap())
            .err()
            .unwrap();
        let to = Label::new("https://evil.example/••••/x");
        assert_eq!(failure.fault, Fault::Redirected { status: 302, to });
    }
}
