//! Addresses of servers: an `http` or `https` URL up to a path, as RFC 3986 writes it.
//!
//! Nothing that is believed rests on the connection: what comes over it is checked by signatures and proofs. So plain
//! `http` is allowed, for loopback and closed networks.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ureq::http::Uri;

/// A server and a path on it, without a slash at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BaseUrl {
    origin: Origin,
    path: String,
}

/// Scheme, host and port: whom we talk to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    tls: bool,
    host: String,
    port: u16,
}

/// A text is no address that can be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an address like https://center.example or http://127.0.0.1:4100")]
pub(crate) struct UrlError;

impl BaseUrl {
    /// Whom we talk to.
    pub(crate) fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Address of something below this one.
    pub(crate) fn join(&self, path: &str) -> String {
        format!("{self}/{path}")
    }
}

impl FromStr for BaseUrl {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        if text.contains(['?', '#']) {
            return Err(UrlError);
        }
        let uri: Uri = text.parse().map_err(|_| UrlError)?;
        let origin = Origin::of(&uri).ok_or(UrlError)?;
        Ok(Self {
            origin,
            path: uri.path().trim_end_matches('/').to_owned(),
        })
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}{}", self.origin, self.path)
    }
}

impl Origin {
    /// The origin of an absolute URL without user information.
    pub(crate) fn of(uri: &Uri) -> Option<Self> {
        let tls = match uri.scheme_str()? {
            "http" => false,
            "https" => true,
            _ => return None,
        };
        let authority = uri.authority()?;
        if authority.as_str().contains('@') || authority.host().is_empty() {
            return None;
        }
        let port = authority.port_u16().unwrap_or(if tls { 443 } else { 80 });
        Some(Self {
            tls,
            host: authority.host().to_ascii_lowercase(),
            port,
        })
    }

    /// Whether the connection is encrypted.
    pub(crate) fn tls(&self) -> bool {
        self.tls
    }

    /// Whether it is this machine, which no proxy reaches.
    pub(crate) fn is_loopback(&self) -> bool {
        let bare = self.host.trim_start_matches('[').trim_end_matches(']');
        bare == "localhost"
            || bare
                .parse::<IpAddr>()
                .is_ok_and(|address| address.is_loopback())
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, usual) = if self.tls {
            ("https", 443)
        } else {
            ("http", 80)
        };
        write!(formatter, "{scheme}://{}", self.host)?;
        if self.port != usual {
            write!(formatter, ":{}", self.port)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_is_no_address_of_a_server() {
        for text in [
            "",
            "center.example",
            "/center",
            "ftp://center.example",
            "file:///etc/passwd",
            "http://",
            "http://user@center.example",
            "http://user:word@center.example",
            "http://center.example?a=b",
            "http://center.example#a",
            "http://center .example",
        ] {
            assert_eq!(text.parse::<BaseUrl>(), Err(UrlError), "{text}");
        }
    }

    #[test]
    fn one_server_has_one_spelling() {
        for (text, shown) in [
            ("http://127.0.0.1:4100", "http://127.0.0.1:4100"),
            ("http://127.0.0.1:4100/", "http://127.0.0.1:4100"),
            (
                "https://Center.example:443/log//",
                "https://center.example/log",
            ),
            ("http://center.example:80", "http://center.example"),
            ("http://[::1]:80/a", "http://[::1]/a"),
        ] {
            assert_eq!(text.parse::<BaseUrl>().unwrap().to_string(), shown);
        }
        let url: BaseUrl = "https://center.example/log/".parse().unwrap();
        assert_eq!(
            url.join("checkpoint"),
            "https://center.example/log/checkpoint"
        );
    }

    #[test]
    fn knows_this_machine() {
        for (text, loopback) in [
            ("http://127.0.0.1:1", true),
            ("http://127.9.9.9", true),
            ("http://[::1]", true),
            ("http://localhost:4100", true),
            ("http://128.0.0.1", false),
            ("http://localhost.example", false),
        ] {
            let url: BaseUrl = text.parse().unwrap();
            assert_eq!(url.origin().is_loopback(), loopback, "{text}");
        }
    }
}
