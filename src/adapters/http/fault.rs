//! What broke on the way, in a few words; an error of a library is never shown, for it may quote what was sent.

use std::error::Error;
use std::io;
use std::time::Duration;

use crate::adapters::http::HttpLimits;
use crate::ports::{Consequence, Fault, Operation, Presence};

/// A try that failed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) fault: Fault,
    /// Whether the request can have left this machine.
    pub(super) sent: bool,
    /// Whether asking again may help.
    pub(super) again: bool,
    /// How long the server asks to wait before.
    pub(super) wait: Option<Duration>,
}

impl Failure {
    /// The request was not sent, and sending it again would not help.
    pub(super) fn unsent(fault: Fault) -> Self {
        Self {
            fault,
            sent: false,
            again: false,
            wait: None,
        }
    }

    /// The request was sent, or may have been.
    pub(super) fn sent(fault: Fault) -> Self {
        let again = matches!(
            fault,
            Fault::Server { .. } | Fault::RateLimited(_) | Fault::Interrupted | Fault::TimedOut(_)
        );
        Self {
            fault,
            sent: true,
            again,
            wait: None,
        }
    }
}

/// Whether a failed request can have had its effect. A refusal (4xx) is the server's word that it has not; after
/// anything else that was sent, nobody knows.
pub(super) fn consequence(operation: Operation, failure: &Failure) -> Consequence {
    let writes = matches!(operation, Operation::Create | Operation::Revoke);
    if !writes || !failure.sent {
        return Consequence::None;
    }
    match &failure.fault {
        Fault::Unauthorized
        | Fault::Forbidden(_)
        | Fault::NotFound(_)
        | Fault::RateLimited(_)
        | Fault::PastBound(_)
        | Fault::Untracked(_)
        | Fault::NotTheirs
        | Fault::NoClient(_) => Consequence::None,
        // 408: the server gave up waiting for us, perhaps with the whole request in hand.
        Fault::Rejected { status: 408, .. } => Consequence::Possible,
        Fault::Rejected { .. } => Consequence::None,
        // A page of HTML after a 2xx may stand before or behind the API; 404, 405 and 501 say that nothing is there.
        Fault::NoEndpoint(200..300) | Fault::EndpointLost(200..300) => Consequence::Possible,
        Fault::NoEndpoint(_) | Fault::EndpointLost(_) => Consequence::None,
        Fault::Server { .. }
        | Fault::Redirected { .. }
        | Fault::Unreadable { .. }
        | Fault::TooLarge(_)
        | Fault::Unreachable(_)
        | Fault::Interrupted
        | Fault::TimedOut(_) => Consequence::Possible,
    }
}

/// A request that got no answer.
pub(super) fn of_request(error: &reqwest::Error, limits: HttpLimits) -> Failure {
    if error.is_connect() {
        let fault = if error.is_timeout() {
            Fault::TimedOut(limits.connect)
        } else {
            Fault::Unreachable(unreachable(error).to_owned())
        };
        return Failure {
            fault,
            sent: false,
            again: true,
            wait: None,
        };
    }
    if error.is_builder() {
        return Failure::unsent(Fault::Unreachable("the request is not valid".to_owned()));
    }
    if error.is_timeout() {
        return Failure::sent(Fault::TimedOut(limits.idle));
    }
    // The library's type for this cannot be named from here; its words can.
    let says = |words: &str| chain(error).any(|cause| cause.to_string().ends_with(words));
    if says("head is too large") {
        return Failure::sent(Fault::Unreachable("its response headers are too long".to_owned()));
    }
    if says(" parsed") {
        return Failure::sent(Fault::Unreachable("the server there does not speak HTTP".to_owned()));
    }
    Failure::sent(Fault::Interrupted)
}

/// A body that broke off.
pub(super) fn of_body(error: &reqwest::Error, status: u16, limits: HttpLimits) -> Failure {
    if error.is_timeout() {
        return Failure::sent(Fault::TimedOut(limits.idle));
    }
    // A broken connection is told by hyper; an io::Error that comes first is the decompressor's.
    let cause = chain(error).find(|cause| cause.downcast_ref::<reqwest::Error>().is_none());
    if cause.is_some_and(|cause| io_error(cause).is_some()) {
        return Failure::sent(Fault::Unreadable {
            status,
            why: "its compression is broken".to_owned(),
        });
    }
    Failure::sent(Fault::Interrupted)
}

fn unreachable(error: &reqwest::Error) -> &'static str {
    use io::ErrorKind as Kind;
    if error.is_dns() {
        return "no such host";
    }
    if let Some(tls) = chain(error).find_map(tls_error) {
        return insecure(tls);
    }
    let kind = chain(error).filter_map(io_error).map(io::Error::kind);
    let words = kind.filter_map(|kind| match kind {
        Kind::ConnectionRefused => Some("connection refused"),
        Kind::NetworkUnreachable | Kind::NetworkDown => Some("this machine is offline"),
        Kind::HostUnreachable => Some("no route to the host"),
        Kind::ConnectionReset | Kind::ConnectionAborted | Kind::BrokenPipe | Kind::UnexpectedEof => {
            Some("it closed the connection at once")
        }
        Kind::PermissionDenied => Some("this machine does not allow the connection"),
        _ => None,
    });
    words.last().unwrap_or("no connection could be made")
}

fn insecure(error: &rustls::Error) -> &'static str {
    use rustls::CertificateError as Bad;
    match error {
        rustls::Error::InvalidCertificate(bad) => match bad {
            Bad::Expired | Bad::ExpiredContext { .. } => "its certificate has expired",
            Bad::NotValidYet | Bad::NotValidYetContext { .. } => {
                "its certificate is not valid yet; is the clock right?"
            }
            Bad::NotValidForName | Bad::NotValidForNameContext { .. } => "its certificate is for another name",
            Bad::Revoked => "its certificate was revoked",
            _ => "its certificate is not trusted",
        },
        rustls::Error::InvalidMessage(_) => "the server there does not speak TLS",
        _ => "the TLS handshake failed",
    }
}

fn chain<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    fn next<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e (dyn Error + 'static)> {
        // What an io::Error wraps is not its source, but its inside.
        match io_error(error).and_then(io::Error::get_ref) {
            Some(inside) => Some(inside),
            None => error.source(),
        }
    }
    std::iter::successors(Some(error), |&error| next(error))
}

fn io_error<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e io::Error> {
    error.downcast_ref()
}

fn tls_error<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e rustls::Error> {
    error.downcast_ref()
}

/// A server that finds fault with what was asked has the endpoint.
pub(super) fn present(failure: Failure) -> Result<Presence, Failure> {
    match failure.fault {
        Fault::Rejected { status, .. } if status != 408 => Ok(Presence::There),
        Fault::NotFound(_) => Ok(Presence::Untold),
        Fault::NoEndpoint(_) => Ok(Presence::Missing),
        _ => Err(failure),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::text::Label;

    fn after(operation: Operation, fault: Fault) -> Consequence {
        consequence(operation, &Failure::sent(fault))
    }

    #[test]
    fn a_write_that_was_sent_may_have_happened_unless_it_was_refused() {
        let wait = Duration::from_secs(1);
        let possible = [
            Fault::Interrupted,
            Fault::TimedOut(wait),
            Fault::TooLarge(1),
            Fault::Server {
                status: 500,
                message: None,
            },
            Fault::Redirected {
                status: 307,
                to: Label::new("x"),
            },
            Fault::Unreadable {
                status: 201,
                why: String::new(),
            },
            Fault::Rejected {
                status: 408,
                message: None,
            },
            Fault::NoEndpoint(200),
            Fault::Unreachable(String::new()),
        ];
        let none = [
            Fault::Unauthorized,
            Fault::Forbidden(None),
            Fault::NotFound(None),
            Fault::RateLimited(None),
            Fault::Rejected {
                status: 409,
                message: None,
            },
            Fault::NoEndpoint(404),
            Fault::NoEndpoint(501),
        ];
        for operation in [Operation::Create, Operation::Revoke] {
            for fault in possible.clone() {
                assert_eq!(after(operation, fault.clone()), Consequence::Possible, "{fault:?}");
                let unsent = Failure::unsent(fault);
                assert_eq!(consequence(operation, &unsent), Consequence::None, "{unsent:?}");
            }
            for fault in none.clone() {
                assert_eq!(after(operation, fault.clone()), Consequence::None, "{fault:?}");
            }
        }
        for fault in possible {
            assert_eq!(after(Operation::List, fault.clone()), Consequence::None);
            assert_eq!(after(Operation::Teams, fault), Consequence::None);
        }
    }

    #[test]
    fn only_what_may_pass_is_asked_again() {
        assert!(Failure::sent(Fault::Interrupted).again);
        assert!(
            Failure::sent(Fault::Server {
                status: 503,
                message: None
            })
            .again
        );
        assert!(!Failure::sent(Fault::NoEndpoint(501)).again);
        assert!(!Failure::sent(Fault::TooLarge(1)).again);
        assert!(!Failure::sent(Fault::Unauthorized).again);
    }

    #[test]
    fn a_bad_certificate_is_told_by_its_fault() {
        let words = |bad| insecure(&rustls::Error::InvalidCertificate(bad));
        assert_eq!(
            words(rustls::CertificateError::UnknownIssuer),
            "its certificate is not trusted"
        );
        assert_eq!(words(rustls::CertificateError::Expired), "its certificate has expired");
        assert_eq!(
            words(rustls::CertificateError::NotValidForName),
            "its certificate is for another name"
        );
    }

    #[test]
    fn an_error_inside_an_io_error_is_found() {
        let inner = rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
        let outer = io::Error::other(io::Error::new(io::ErrorKind::InvalidData, inner));
        assert!(chain(&outer).find_map(tls_error).is_some());
    }
}
