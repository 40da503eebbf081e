//! Where an API lives: `https`, or `http` on the loopback.

use std::fmt;

/// Where an API lives.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BaseUrl {
    /// The address without a trailing slash, as in `https://www.chatzuri.com/api/v1`.
    text: String,
    /// Host, and the port where one is given.
    host: String,
}

/// Why an address cannot be the API's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadBaseUrl {
    /// Not `https://HOST…` nor `http://LOOPBACK…`.
    NotAnAddress,
    /// Plain HTTP to a host other than this machine.
    Insecure,
    /// It carries a user name, a query or a fragment.
    Decorated,
}

impl fmt::Display for BadBaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotAnAddress => "it is not an address such as https://www.chatzuri.com/api/v1",
            Self::Insecure => "a credential goes over https only (http is for this machine's loopback)",
            Self::Decorated => "it must not have a user name, query or fragment",
        })
    }
}

impl std::error::Error for BadBaseUrl {}

impl BaseUrl {
    /// Takes an address as written in config or an argument.
    ///
    /// # Errors
    /// [`BadBaseUrl`] for anything but `https`, or `http` to the loopback.
    pub fn parse(text: &str) -> Result<Self, BadBaseUrl> {
        let text = text.trim().trim_end_matches('/');
        let (scheme, rest) = text.split_once("://").ok_or(BadBaseUrl::NotAnAddress)?;
        let host = rest.split('/').next().unwrap_or_default();
        let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']' | '_');
        if rest.contains(['@', '?', '#']) {
            return Err(BadBaseUrl::Decorated);
        }
        if host.is_empty() || host.starts_with(':') || !host.chars().all(legal) {
            return Err(BadBaseUrl::NotAnAddress);
        }
        if rest.chars().any(|c| !c.is_ascii_graphic() || c == '\\') {
            return Err(BadBaseUrl::NotAnAddress);
        }
        match scheme.to_ascii_lowercase().as_str() {
            "https" => {}
            "http" if is_loopback(host) => {}
            "http" => return Err(BadBaseUrl::Insecure),
            _ => return Err(BadBaseUrl::NotAnAddress),
        }
        Ok(Self {
            text: format!("{}://{rest}", scheme.to_ascii_lowercase()),
            host: host.to_ascii_lowercase(),
        })
    }

    /// The address without a trailing slash.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Host, and the port where one is given.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether what is sent there is encrypted.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.text.starts_with("https:")
    }

    /// Scheme, host and port, the port left out where it is the scheme's own: two addresses of one origin have the same.
    #[must_use]
    pub fn origin(&self) -> String {
        let (scheme, port) = if self.is_secure() {
            ("https", ":443")
        } else {
            ("http", ":80")
        };
        format!("{scheme}://{}", self.host.strip_suffix(port).unwrap_or(&self.host))
    }
}

fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name.eq_ignore_ascii_case("localhost")
        || name
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_is_taken_and_a_trailing_slash_dropped() {
        let url = BaseUrl::parse(" https://WWW.chatzuri.com/api/v1/ ").unwrap();
        assert_eq!(
            (url.as_str(), url.host()),
            ("https://WWW.chatzuri.com/api/v1", "www.chatzuri.com")
        );
    }

    #[test]
    fn plain_http_is_for_the_loopback_only() {
        for good in ["http://127.0.0.1:8080", "http://localhost:1/api", "http://[::1]:99/x"] {
            assert!(BaseUrl::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "http://chatzuri.com",
            "http://127.0.0.1.evil.example",
            "http://localhost.evil.example:80",
        ] {
            assert_eq!(BaseUrl::parse(bad), Err(BadBaseUrl::Insecure), "{bad}");
        }
    }

    #[test]
    fn an_address_with_a_user_query_or_other_scheme_is_refused() {
        assert_eq!(BaseUrl::parse("https://user@chatzuri.com"), Err(BadBaseUrl::Decorated));
        assert_eq!(BaseUrl::parse("https://chatzuri.com/?x=1"), Err(BadBaseUrl::Decorated));
        for bad in [
            "chatzuri.com",
            "ftp://chatzuri.com",
            "https://",
            "https://a b",
            "https://:80",
            "file:///etc",
        ] {
            assert!(BaseUrl::parse(bad).is_err(), "{bad}");
        }
    }
}
