//! A small blocking client for one server, with a limit on everything that the server decides.
//!
//! - An answer has a largest size, which the caller names for each fetch; gzip counts after inflating.
//! - AT-07, slow retrieval: whoever sends nothing for the time of patience, or less than 1 KiB a second over it, is
//!   left.
//! - Redirects are followed on the same server alone: a node cannot send its clients elsewhere.
//!
//! Nothing here is believed: callers check what they get.

use std::io::{self, Read};
use std::sync::Arc;
use std::time::{Duration, Instant};

use flate2::read::MultiGzDecoder;
use ureq::http::{HeaderMap, Response, Uri, header};
use ureq::tls::{PemItem, RootCerts, TlsConfig, TlsProvider};
use ureq::{Agent, Body, Proxy, SendBody};

use crate::exit_code::ExitCode;
use crate::url::{BaseUrl, Origin};

/// A client of one server.
pub(crate) struct Client {
    agent: Agent,
    base: BaseUrl,
    patience: Duration,
}

/// What a server answered.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The HTTP status.
    pub(crate) status: u16,
    /// The body, inflated where it came as gzip.
    pub(crate) body: Vec<u8>,
    headers: HeaderMap,
}

impl Answer {
    /// A header's text; `None` if it is missing or no ASCII.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// A body to send: its length is known, its bytes are read as they go.
pub(crate) struct Upload<'r> {
    /// Where the bytes come from.
    pub(crate) from: &'r mut dyn Read,
    /// How many there are.
    pub(crate) length: u64,
}

/// A server gave no answer that could be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no usable answer from {url}")]
pub(crate) struct FetchError {
    /// What was asked for.
    pub(crate) url: String,
    /// Why it did not come.
    #[source]
    pub(crate) cause: FetchCause,
}

/// Why an answer did not come, or not whole.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum FetchCause {
    /// The connection ended inside the answer.
    #[error("the answer was cut off")]
    CutOff,
    /// A redirect to another server.
    #[error("it sends us to another server, {to}")]
    Elsewhere {
        /// Where to.
        to: String,
    },
    /// A body in an encoding that is unknown or broken.
    #[error("the answer's encoding is broken or unknown")]
    Encoding,
    /// The name has no address.
    #[error("the host name is not known")]
    HostUnknown,
    /// Nothing came.
    #[error("nothing came for {seconds} seconds")]
    NoAnswer {
        /// How long we waited.
        seconds: u64,
    },
    /// No certificates to check a server by.
    #[error("this machine has no list of certificate authorities")]
    NoRoots,
    /// Something that is not HTTP.
    #[error("the answer is not HTTP as we read it ({0})")]
    NotHttp(String),
    /// TLS refused.
    #[error("no TLS connection ({0})")]
    Tls(String),
    /// The answer is larger than anything that is due.
    #[error("the answer is larger than {most} bytes")]
    TooLarge {
        /// The limit.
        most: usize,
    },
    /// A circle, most likely.
    #[error("it redirects more than {MAX_REDIRECTS} times")]
    TooManyRedirects,
    /// Bytes trickle.
    #[error("less than 1 KiB a second came or went for {seconds} seconds")]
    TooSlow {
        /// How long we watched.
        seconds: u64,
    },
    /// The connection could not be made, or broke.
    #[error("{0}")]
    Unreachable(String),
}

impl FetchError {
    /// Nothing is known of what did not come.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::CannotTell
    }

    /// What to do next.
    pub(crate) fn hint(&self) -> String {
        match &self.cause {
            FetchCause::Elsewhere { to } => format!("if you trust that server, name it yourself: {to}"),
            FetchCause::HostUnknown => "check the spelling of the address, and the network".into(),
            FetchCause::NoRoots => {
                "install the package ca-certificates, or name a file of certificates in SSL_CERT_FILE".into()
            }
            FetchCause::Tls(_) => {
                "check the address and this machine's clock, or name a file of certificates in SSL_CERT_FILE".into()
            }
            FetchCause::Encoding | FetchCause::NotHttp(_) | FetchCause::TooLarge { .. } => {
                "check that the address is that of a node".into()
            }
            FetchCause::TooManyRedirects => "tell the operator of that server".into(),
            _ => "check that the server is up and can be reached from here, then try again".into(),
        }
    }
}

impl Client {
    /// A client of the server at `base`, which waits for at most `patience` where nothing moves.
    ///
    /// # Errors
    /// [`FetchError`] when TLS is needed and this machine knows no certificate authority.
    pub(crate) fn new(base: BaseUrl, patience: Duration) -> Result<Self, FetchError> {
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(concat!("vitrine/", env!("CARGO_PKG_VERSION")))
            .accept_encoding("identity")
            .timeout_resolve(Some(patience))
            .timeout_connect(Some(patience))
            .timeout_send_request(Some(patience))
            .timeout_recv_response(Some(patience))
            .timeout_per_read(Some(patience))
            .timeout_per_write(Some(patience));
        if base.origin().is_loopback() {
            config = config.proxy(None);
        } else {
            config = config.proxy(Proxy::try_from_env());
        }
        if base.origin().tls() {
            let roots = roots().map_err(|cause| FetchError {
                url: base.to_string(),
                cause,
            })?;
            let crypto = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
            let tls = TlsConfig::builder()
                .provider(TlsProvider::Rustls)
                .unversioned_rustls_crypto_provider(crypto)
                .root_certs(roots);
            config = config.tls_config(tls.build());
        }
        Ok(Self {
            agent: config.build().new_agent(),
            base,
            patience,
        })
    }

    /// The address below which everything is asked for.
    pub(crate) fn base(&self) -> &BaseUrl {
        &self.base
    }

    /// Fetches something of at most `most` bytes.
    ///
    /// # Errors
    /// [`FetchError`]; any status is an answer.
    pub(crate) fn get(&self, path: &str, most: usize) -> Result<Answer, FetchError> {
        self.follow(path, most, |url| self.agent.get(url).call())
    }

    /// Asks for the headers of something.
    ///
    /// # Errors
    /// As for [`Client::get`].
    pub(crate) fn head(&self, path: &str) -> Result<Answer, FetchError> {
        self.follow(path, 0, |url| self.agent.head(url).call())
    }

    /// Sends a small body, and reads an answer of at most `most` bytes.
    ///
    /// # Errors
    /// As for [`Client::get`]; a redirect is refused.
    pub(crate) fn post(
        &self,
        path: &str,
        content_type: &str,
        body: &[u8],
        most: usize,
    ) -> Result<Answer, FetchError> {
        let url = self.base.join(path);
        let sent = self
            .agent
            .post(&url)
            .header(header::CONTENT_TYPE, content_type)
            .send(body);
        self.answer(&url, sent, most)
    }

    /// Sends a body of any length, and reads an answer of at most `most` bytes. The server is asked before the body
    /// goes, so that a refusal costs no upload.
    ///
    /// # Errors
    /// As for [`Client::post`].
    pub(crate) fn put(
        &self,
        path: &str,
        headers: &[(&'static str, String)],
        body: Upload<'_>,
        most: usize,
    ) -> Result<Answer, FetchError> {
        let url = self.base.join(path);
        let mut request = self
            .agent
            .put(&url)
            .header(header::CONTENT_LENGTH, body.length)
            .header(header::CONTENT_TYPE, "application/octet-stream")
            .header(header::EXPECT, "100-continue");
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let mut metered = Metered {
            from: body.from,
            meter: Meter::new(self.patience),
            slow: false,
        };
        let sent = request.send(SendBody::from_reader(&mut metered));
        if metered.slow {
            return Err(self.failed(&url, self.too_slow()));
        }
        self.answer(&url, sent, most)
    }

    fn follow(
        &self,
        path: &str,
        most: usize,
        ask: impl Fn(&str) -> Result<Response<Body>, ureq::Error>,
    ) -> Result<Answer, FetchError> {
        let mut url = self.base.join(path);
        for _ in 0..=MAX_REDIRECTS {
            let response = ask(&url).map_err(|error| self.failed(&url, self.cause(error)))?;
            match self.redirect(&response) {
                None => return self.read(&url, response, most),
                Some(target) => url = target.map_err(|cause| self.failed(&url, cause))?,
            }
        }
        Err(self.failed(&url, FetchCause::TooManyRedirects))
    }

    fn answer(
        &self,
        url: &str,
        sent: Result<Response<Body>, ureq::Error>,
        most: usize,
    ) -> Result<Answer, FetchError> {
        let response = sent.map_err(|error| self.failed(url, self.cause(error)))?;
        match self.redirect(&response) {
            None => self.read(url, response, most),
            // What was signed for one address is not sent to a second one.
            Some(Ok(to)) => Err(self.failed(url, FetchCause::Elsewhere { to })),
            Some(Err(cause)) => Err(self.failed(url, cause)),
        }
    }

    /// Where the response sends us, if it does and stays on this server.
    fn redirect(&self, response: &Response<Body>) -> Option<Result<String, FetchCause>> {
        if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
            return None;
        }
        let location = response
            .headers()
            .get(header::LOCATION)?
            .to_str()
            .unwrap_or_default();
        if location.starts_with('/') && !location.starts_with("//") {
            return Some(Ok(format!("{}{location}", self.base.origin())));
        }
        let uri = location.parse::<Uri>().ok();
        match uri.as_ref().and_then(Origin::of) {
            Some(origin) if origin == *self.base.origin() => Some(Ok(location.to_owned())),
            _ => Some(Err(FetchCause::Elsewhere {
                to: location.to_owned(),
            })),
        }
    }

    fn read(&self, url: &str, response: Response<Body>, most: usize) -> Result<Answer, FetchError> {
        let failed = |cause| self.failed(url, cause);
        let (parts, body) = response.into_parts();
        let mut body = body.into_with_config().limit(u64::MAX).reader();
        let mut metered = Metered {
            from: &mut body,
            meter: Meter::new(self.patience),
            slow: false,
        };
        let encoding = parts
            .headers
            .get(header::CONTENT_ENCODING)
            .map(|value| value.as_bytes());
        let read = match encoding {
            None | Some(b"identity") => read_limited(&mut metered, most),
            // T6: entry bundles may come compressed without being asked for.
            Some(b"gzip") => read_limited(&mut MultiGzDecoder::new(&mut metered), most),
            Some(_) => return Err(failed(FetchCause::Encoding)),
        };
        match read {
            Ok(Some(body)) => Ok(Answer {
                status: parts.status.as_u16(),
                body,
                headers: parts.headers,
            }),
            Ok(None) => Err(failed(FetchCause::TooLarge { most })),
            Err(_) if metered.slow => Err(failed(self.too_slow())),
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
                Err(failed(FetchCause::Encoding))
            }
            Err(error) => Err(failed(self.io_cause(&error))),
        }
    }

    fn failed(&self, url: &str, cause: FetchCause) -> FetchError {
        FetchError {
            url: url.to_owned(),
            cause,
        }
    }

    fn too_slow(&self) -> FetchCause {
        FetchCause::TooSlow {
            seconds: self.patience.as_secs(),
        }
    }

    fn cause(&self, error: ureq::Error) -> FetchCause {
        match error {
            ureq::Error::Timeout(_) => FetchCause::NoAnswer {
                seconds: self.patience.as_secs(),
            },
            ureq::Error::HostNotFound => FetchCause::HostUnknown,
            ureq::Error::Io(error) => self.io_cause(&error),
            ureq::Error::Tls(text) => FetchCause::Tls(text.to_owned()),
            ureq::Error::Rustls(error) => FetchCause::Tls(error.to_string()),
            other => FetchCause::NotHttp(other.to_string()),
        }
    }

    fn io_cause(&self, error: &io::Error) -> FetchCause {
        // The client and TLS wrap their own errors in those of the system where they read.
        let inner = error.get_ref();
        if let Some(ureq::Error::Timeout(_)) = inner.and_then(|cause| cause.downcast_ref()) {
            return FetchCause::NoAnswer {
                seconds: self.patience.as_secs(),
            };
        }
        if let Some(error) = inner.and_then(|cause| cause.downcast_ref::<rustls::Error>()) {
            return FetchCause::Tls(error.to_string());
        }
        match error.kind() {
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => FetchCause::NoAnswer {
                seconds: self.patience.as_secs(),
            },
            io::ErrorKind::UnexpectedEof => FetchCause::CutOff,
            io::ErrorKind::ConnectionRefused => {
                FetchCause::Unreachable("nothing listens there".to_owned())
            }
            io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe => {
                FetchCause::Unreachable("the connection was cut".to_owned())
            }
            _ => FetchCause::Unreachable(error.to_string()),
        }
    }
}

/// Counts bytes against the time in which they come.
#[derive(Debug)]
struct Meter {
    window: Duration,
    since: Instant,
    bytes: u64,
}

impl Meter {
    fn new(window: Duration) -> Self {
        Self {
            window,
            since: Instant::now(),
            bytes: 0,
        }
    }

    /// Takes note of `bytes` at `now`; `false` when a window has passed with less than 1 KiB a second.
    fn keeps_up(&mut self, bytes: u64, now: Instant) -> bool {
        self.bytes = self.bytes.saturating_add(bytes);
        let passed = now.saturating_duration_since(self.since);
        if passed < self.window {
            return true;
        }
        let enough = self.bytes >= passed.as_secs().saturating_mul(MIN_RATE);
        self.since = now;
        self.bytes = 0;
        enough
    }
}

struct Metered<'r> {
    from: &'r mut dyn Read,
    meter: Meter,
    slow: bool,
}

impl Read for Metered<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.from.read(buffer)?;
        let bytes = u64::try_from(count).unwrap_or(u64::MAX);
        if !self.meter.keeps_up(bytes, Instant::now()) {
            self.slow = true;
            return Err(io::ErrorKind::TimedOut.into());
        }
        Ok(count)
    }
}

/// All bytes, or `None` when there are more than `most`.
fn read_limited(from: &mut dyn Read, most: usize) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    from.take(limit).read_to_end(&mut bytes)?;
    Ok((bytes.len() <= most).then_some(bytes))
}

/// The certificate authorities that this machine's operator chose.
fn roots() -> Result<RootCerts, FetchCause> {
    let named = std::env::var_os("SSL_CERT_FILE").map(std::path::PathBuf::from);
    let usual = ROOTS.iter().map(std::path::PathBuf::from);
    let text = named
        .into_iter()
        .chain(usual)
        .find_map(|path| std::fs::read(path).ok());
    let certificates: Vec<_> = ureq::tls::parse_pem(&text.ok_or(FetchCause::NoRoots)?)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect();
    if certificates.is_empty() {
        return Err(FetchCause::NoRoots);
    }
    Ok(RootCerts::new_with_certs(&certificates))
}

/// Where Debian, Fedora, SUSE, Alpine, FreeBSD and macOS keep them.
const ROOTS: [&str; 6] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/usr/local/share/certs/ca-root-nss.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
];

/// Enough for a renamed path and a canonical spelling.
const MAX_REDIRECTS: usize = 5;

/// Bytes a second: a modem of 1990 is faster (`evidence.md` AT-07).
const MIN_RATE: u64 = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at07_a_trickle_is_seen_at_the_end_of_the_first_window() {
        let start = Instant::now();
        let second = Duration::from_secs(1);
        let mut meter = Meter {
            window: second * 60,
            since: start,
            bytes: 0,
        };
        for passed in 1..60 {
            assert!(meter.keeps_up(1, start + second * passed));
        }
        assert!(!meter.keeps_up(1, start + second * 60));
    }

    #[test]
    fn at07_a_burst_does_not_pay_for_a_later_trickle() {
        let start = Instant::now();
        let minute = Duration::from_secs(60);
        let mut meter = Meter {
            window: minute,
            since: start,
            bytes: 0,
        };
        assert!(meter.keeps_up(100_000_000, start + minute));
        assert!(!meter.keeps_up(100, start + minute * 2));
    }

    #[test]
    fn at07_one_kibibyte_a_second_keeps_up() {
        let start = Instant::now();
        let minute = Duration::from_secs(60);
        let mut meter = Meter {
            window: minute,
            since: start,
            bytes: 0,
        };
        assert!(meter.keeps_up(60 * 1024, start + minute));
        assert!(!meter.keeps_up(60 * 1024 - 1, start + minute * 2));
    }

    #[test]
    fn reads_no_further_than_the_limit() {
        assert_eq!(
            read_limited(&mut &b"12345"[..], 5).unwrap(),
            Some(b"12345".to_vec())
        );
        assert_eq!(read_limited(&mut &b"12345"[..], 4).unwrap(), None);
        assert_eq!(read_limited(&mut io::repeat(0), 4).unwrap(), None);
    }
}
