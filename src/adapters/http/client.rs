//! The HTTP clients, each built once and only when a request first needs it.

use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, Url};
use tokio::sync::OnceCell;

use crate::adapters::http::HttpLimits;

/// Sent as `User-Agent`.
const USER_AGENT: &str = concat!("chatzuri-keys/", env!("CARGO_PKG_VERSION"));
/// An HTTP/2 connection that has open requests and does not answer a ping for this long is dead: a laptop slept. Without
/// it, a repeated request would wait on the same dead connection. Nothing is sent while no request is open.
const PING: Duration = Duration::from_secs(4);

/// How the server is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NetworkRoute {
    /// https, through the system's proxy where one is set.
    Remote,
    /// https to this machine: never through a proxy.
    Local,
    /// http to this machine: never through a proxy, and no certificates are needed.
    Plain,
}

impl NetworkRoute {
    /// The route to an address; `None` where a credential would travel in the clear.
    pub(super) fn to(url: &Url) -> Option<Self> {
        let host = url.host_str()?;
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let local = bare == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
        match (url.scheme(), local) {
            ("https", false) => Some(Self::Remote),
            ("https", true) => Some(Self::Local),
            ("http", true) => Some(Self::Plain),
            _ => None,
        }
    }
}

/// Which connection a request goes over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lane {
    /// One kept for the next request.
    Kept,
    /// One of its own, closed after the answer: it carries a secret other than our credential.
    Own,
}

#[derive(Default)]
struct Lanes {
    kept: OnceCell<Client>,
    own: OnceCell<Client>,
}

/// The clients of all routes and lanes.
pub(super) struct Clients {
    limits: HttpLimits,
    remote: Lanes,
    local: Lanes,
    plain: Lanes,
}

impl Clients {
    pub(super) fn new(limits: HttpLimits) -> Self {
        Self {
            limits,
            remote: Lanes::default(),
            local: Lanes::default(),
            plain: Lanes::default(),
        }
    }

    /// The client for a request, built off the async workers when it is the first of its kind: root certificates are
    /// read from disk and parsed.
    pub(super) async fn get(&self, route: NetworkRoute, lane: Lane) -> Result<&Client, String> {
        let lanes = match route {
            NetworkRoute::Remote => &self.remote,
            NetworkRoute::Local => &self.local,
            NetworkRoute::Plain => &self.plain,
        };
        let cell = match lane {
            Lane::Kept => &lanes.kept,
            Lane::Own => &lanes.own,
        };
        let limits = self.limits;
        cell.get_or_try_init(|| async move {
            tokio::task::spawn_blocking(move || build(limits, route, lane))
                .await
                .unwrap_or_else(|_| Err("TLS setup did not finish".to_owned()))
        })
        .await
    }
}

fn build(limits: HttpLimits, route: NetworkRoute, lane: Lane) -> Result<Client, String> {
    // An error means that another part of the program installed one before us, which serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = Client::builder()
        .user_agent(USER_AGENT)
        .redirect(Policy::none())
        .referer(false)
        .https_only(route != NetworkRoute::Plain)
        .connect_timeout(limits.connect)
        .read_timeout(limits.idle);
    if route != NetworkRoute::Remote {
        builder = builder.no_proxy();
    }
    if route == NetworkRoute::Plain {
        // An empty list of roots instead of the system's: a machine without any still reaches its own loopback.
        builder = builder.tls_certs_only([]);
    }
    builder = match lane {
        Lane::Kept => builder.http2_keep_alive_interval(PING).http2_keep_alive_timeout(PING),
        // Not compressed: one buffer less that holds the secret.
        Lane::Own => builder.http1_only().pool_max_idle_per_host(0).gzip(false),
    };
    builder.build().map_err(|_| {
        "it cannot read the root certificates; install the system's CA bundle (ca-certificates)".to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_goes_to_this_machine_only() {
        for (url, route) in [
            ("https://www.chatzuri.com/api/v1", Some(NetworkRoute::Remote)),
            ("https://localhost:8443", Some(NetworkRoute::Local)),
            ("http://127.0.0.1:80/x", Some(NetworkRoute::Plain)),
            ("http://[::1]:80/x", Some(NetworkRoute::Plain)),
            ("http://localhost", Some(NetworkRoute::Plain)),
            ("http://www.chatzuri.com", None),
            ("http://127.0.0.1.evil.example", None),
            ("ftp://127.0.0.1", None),
        ] {
            assert_eq!(NetworkRoute::to(&Url::parse(url).unwrap()), route, "{url}");
        }
    }
}
