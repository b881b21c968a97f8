//! `node.toml`: what one node is and which roles it runs. Unknown members are refused, with the place.
//!
//! A path in the file is relative to the file, so that a folder with its configuration can be moved.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use tlog::checkpoint::LogKeys;
use tlog::key::Vkey;
use tlog::policy::Witnesses;

/// A node's configuration, checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// Name on pages, such as "Center Europe".
    pub name: String,
    /// Who runs it.
    pub operator: String,
    /// Region on pages, such as "Europe".
    pub region: String,
    /// Country code of the operator's law.
    pub jurisdiction: String,
    /// Address and port to listen on.
    pub listen: String,
    /// Public address of the node, without a slash at its end.
    pub url: String,
    /// Folder of everything that the node keeps.
    pub data: PathBuf,
    /// Folder of the copies of followed logs.
    pub copies: PathBuf,
    /// Role: an own log.
    pub log: Option<LogRole>,
    /// Role: cosigning other logs.
    pub witness: Option<WitnessRole>,
    /// Logs of others whose entries the portal shows.
    pub follow: Vec<Followed>,
    /// Role: pages.
    pub portal: Option<PortalRole>,
    /// Limits on what strangers may send.
    pub limits: Limits,
}

/// The node's own log.
#[derive(Clone, Debug)]
pub struct LogRole {
    /// Origin, equal to the names of its keys.
    pub origin: String,
    /// File of the log's private keys.
    pub keys: PathBuf,
    /// Who cosigns, with their submission addresses, and how many must.
    pub witnesses: Witnesses,
}

/// The node as a witness.
#[derive(Clone, Debug)]
pub struct WitnessRole {
    /// File of the witness's private keys.
    pub keys: PathBuf,
    /// Logs that it cosigns.
    pub logs: Vec<WitnessedLog>,
}

/// A log that the node cosigns.
#[derive(Clone, Debug)]
pub struct WitnessedLog {
    /// The log's keys.
    pub keys: LogKeys,
    /// Requests a day.
    pub per_day: u64,
}

/// A log that the node follows.
#[derive(Clone, Debug)]
pub struct Followed {
    /// Where to read it, without a slash at its end.
    pub url: String,
    /// The log's keys.
    pub keys: LogKeys,
    /// Quorum that a checkpoint must have before anything of it is shown.
    pub witnesses: Witnesses,
}

/// The pages.
#[derive(Clone, Debug)]
pub struct PortalRole {
    /// Trust policy by which the pages judge.
    pub policy: PathBuf,
    /// `security.txt` (RFC 9116) to serve.
    pub security_txt: Option<PathBuf>,
    /// What this node's operator says of the centers that witness.
    pub centers: Vec<NamedCenter>,
}

/// What pages say of a center beside what its signatures say. The operator of this node vouches for it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct NamedCenter {
    /// Its name in the witness text of the policy: a member of the quorum's group.
    pub witness: String,
    /// Name on pages, such as "Center Asia".
    pub name: String,
    /// Who runs it.
    pub operator: String,
    /// Country code of the operator's law.
    pub jurisdiction: String,
    /// Origin of its own log.
    pub log: Option<String>,
    /// Address of its portal.
    pub portal: Option<String>,
}

/// What strangers may send.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Limits {
    /// Bytes of one blob.
    pub blob: u64,
    /// Requests a second from one address, on average.
    pub requests_per_second: u32,
    /// Requests at once from one address before the average counts.
    pub burst: u32,
    /// Seconds that an unfinished upload is kept.
    pub upload_seconds: u64,
    /// Seconds that an append waits for the quorum before it answers 202.
    pub quorum_seconds: u64,
    /// Addresses of own proxies, whose `X-Forwarded-For` is believed. Never one that strangers can ask from.
    pub trusted_proxies: Vec<IpAddr>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            blob: 4 << 30,
            requests_per_second: 2_000,
            burst: 4_000,
            upload_seconds: 86_400,
            quorum_seconds: 10,
            trusted_proxies: Vec::new(),
        }
    }
}

impl Config {
    /// Reads and checks the file.
    ///
    /// # Errors
    /// [`ConfigRefused`] says what is wrong and where.
    pub fn read(path: &Path) -> Result<Self, ConfigRefused> {
        let text = std::fs::read_to_string(path).map_err(|error| ConfigRefused::Unreadable {
            path: path.into(),
            kind: error.kind(),
        })?;
        let folder = path.parent().unwrap_or(Path::new("."));
        Self::parse(&text, folder)
    }

    /// Checks a text; its paths are relative to `folder`.
    ///
    /// # Errors
    /// [`ConfigRefused`].
    pub fn parse(text: &str, folder: &Path) -> Result<Self, ConfigRefused> {
        let file: File =
            toml::from_str(text).map_err(|error| ConfigRefused::Form(error.to_string().into()))?;
        let url = |member: &'static str, url: String| {
            let url = url.trim_end_matches('/').to_owned();
            let good = url.starts_with("https://") || url.starts_with("http://");
            good.then_some(url).ok_or(ConfigRefused::Url { member })
        };
        let log = file.log.map(|log| {
            if !is_origin(&log.origin) {
                return Err(ConfigRefused::Origin);
            }
            let witnesses = parse_witnesses("log.witnesses", &log.witnesses)?;
            let without = witnesses
                .witnesses()
                .iter()
                .find(|witness| witness.url.is_none());
            if let Some(witness) = without {
                return Err(ConfigRefused::WitnessWithoutUrl {
                    name: witness.name.to_string().into(),
                });
            }
            Ok(LogRole {
                origin: log.origin,
                keys: folder.join(log.keys),
                witnesses,
            })
        });
        let witness = file.witness.map(|witness| {
            let logs = witness.log.into_iter().map(|log| {
                Ok(WitnessedLog {
                    keys: parse_keys("witness.log.keys", &log.keys)?,
                    per_day: log.per_day,
                })
            });
            Ok(WitnessRole {
                keys: folder.join(witness.keys),
                logs: logs.collect::<Result<_, _>>()?,
            })
        });
        let follow = file.follow.into_iter().map(|followed| {
            Ok(Followed {
                url: url("follow.url", followed.url)?,
                keys: parse_keys("follow.keys", &followed.keys)?,
                witnesses: parse_witnesses("follow.witnesses", &followed.witnesses)?,
            })
        });
        let portal = file.portal.map(|portal| {
            let centers = portal.center.into_iter().map(|center| {
                let portal = center
                    .portal
                    .map(|address| url("portal.center.portal", address));
                Ok(NamedCenter {
                    portal: portal.transpose()?,
                    ..center
                })
            });
            Ok(PortalRole {
                policy: folder.join(portal.policy),
                security_txt: portal.security_txt.map(|path| folder.join(path)),
                centers: centers.collect::<Result<_, _>>()?,
            })
        });
        Ok(Self {
            name: file.name,
            operator: file.operator,
            region: file.region,
            jurisdiction: file.jurisdiction,
            listen: file.listen,
            copies: folder.join(&file.data).join("followed"),
            data: folder.join(file.data),
            log: log.transpose()?,
            witness: witness.transpose()?,
            follow: follow.collect::<Result<_, _>>()?,
            portal: portal.transpose()?,
            limits: file.limits,
            url: url("url", file.url)?,
        })
    }
}

/// Why a configuration cannot be used. Exit 2.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigRefused {
    /// Not the members it should have; the text shows the place.
    #[error("configuration cannot be read: {0}")]
    Form(Box<str>),
    /// Keys that are not those of one log.
    #[error("{member}: {reason}")]
    Keys {
        /// Where.
        member: &'static str,
        /// Why.
        reason: Box<str>,
    },
    /// An origin outside of `[a-z0-9./-]`.
    #[error("log.origin is not 1 to 255 bytes of a-z, 0-9, dot, slash and hyphen")]
    Origin,
    /// The file itself.
    #[error("{} cannot be read: {kind}", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        kind: std::io::ErrorKind,
    },
    /// An address without http or https.
    #[error("{member} does not begin with http:// or https://")]
    Url {
        /// Where.
        member: &'static str,
    },
    /// A quorum text that is no policy.
    #[error("{member}: {reason}")]
    Witnesses {
        /// Where.
        member: &'static str,
        /// Why, with line and column within the text.
        reason: Box<str>,
    },
    /// A witness that nobody can ask.
    #[error("log.witnesses: {name} has no submission address")]
    WitnessWithoutUrl {
        /// Which.
        name: Box<str>,
    },
}

impl ConfigRefused {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "name the file with --config",
            Self::Keys { .. } => "print the vkeys with `vitrine-center key show` and paste them",
            Self::WitnessWithoutUrl { .. } => {
                "end each witness line with the witness's submission address"
            }
            _ => "compare the file with docs/operate/configuration.md",
        }
    }
}

fn parse_keys(member: &'static str, vkeys: &[String]) -> Result<LogKeys, ConfigRefused> {
    let refused = |reason: String| ConfigRefused::Keys {
        member,
        reason: reason.into(),
    };
    let keys = vkeys
        .iter()
        .map(|vkey| {
            vkey.parse::<Vkey>()
                .map_err(|error| refused(error.to_string()))
        })
        .collect::<Result<Vec<_>, _>>()?;
    let origin = keys
        .first()
        .map(|key| key.name().as_str().to_owned())
        .unwrap_or_default();
    LogKeys::new(&origin, keys).map_err(|error| refused(error.to_string()))
}

fn parse_witnesses(member: &'static str, text: &str) -> Result<Witnesses, ConfigRefused> {
    Witnesses::parse(text.as_bytes()).map_err(|error| ConfigRefused::Witnesses {
        member,
        reason: error.to_string().into(),
    })
}

fn is_origin(origin: &str) -> bool {
    let allowed =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"./-".contains(&byte);
    (1..=255).contains(&origin.len()) && origin.bytes().all(allowed)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    name: String,
    operator: String,
    #[serde(default)]
    region: String,
    #[serde(default)]
    jurisdiction: String,
    listen: String,
    url: String,
    data: PathBuf,
    log: Option<LogTable>,
    witness: Option<WitnessTable>,
    #[serde(default)]
    follow: Vec<FollowTable>,
    portal: Option<PortalTable>,
    #[serde(default)]
    limits: Limits,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct LogTable {
    origin: String,
    keys: PathBuf,
    witnesses: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct WitnessTable {
    keys: PathBuf,
    #[serde(default)]
    log: Vec<WitnessedLogTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct WitnessedLogTable {
    keys: Vec<String>,
    #[serde(default = "per_day")]
    per_day: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct FollowTable {
    url: String,
    keys: Vec<String>,
    witnesses: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct PortalTable {
    policy: PathBuf,
    security_txt: Option<PathBuf>,
    #[serde(default)]
    center: Vec<NamedCenter>,
}

/// One request a second, all day.
fn per_day() -> u64 {
    86_400
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAST: &str = r#"
name = "Center Europe"
operator = "Example CERT"
listen = "127.0.0.1:0"
url = "http://127.0.0.1:4101/"
data = "data"
"#;

    fn parse(text: &str) -> Result<Config, ConfigRefused> {
        Config::parse(text, Path::new("/node"))
    }

    #[test]
    fn reads_the_least_and_makes_paths_relative_to_the_file() {
        let config = parse(LEAST).unwrap();
        assert_eq!(config.data, Path::new("/node/data"));
        assert_eq!(config.url, "http://127.0.0.1:4101");
        assert!(config.log.is_none() && config.witness.is_none() && config.portal.is_none());
    }

    #[test]
    fn refuses_what_it_does_not_know_and_what_it_cannot_use() {
        let log = |origin: &str, witnesses: &str| {
            format!(
                "{LEAST}[log]\norigin = \"{origin}\"\nkeys = \"k\"\nwitnesses = '''{witnesses}'''\n"
            )
        };
        let vkey = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
        type Expected = fn(&ConfigRefused) -> bool;
        let center = |more: &str| {
            format!(
                "{LEAST}[portal]\npolicy = \"p\"\n[[portal.center]]\nwitness = \"asia\"\nname = \"A\"\n\
                 operator = \"B\"\njurisdiction = \"SG\"\n{more}"
            )
        };
        assert!(parse(&center("portal = \"https://asia.example/\"\n")).is_ok());
        let cases: [(String, Expected); 11] = [
            (center("colour = \"green\"\n"), |e| {
                matches!(e, ConfigRefused::Form(_))
            }),
            (center("portal = \"javascript:alert(1)\"\n"), |e| {
                let member = "portal.center.portal";
                *e == ConfigRefused::Url { member }
            }),
            (String::new(), |e| matches!(e, ConfigRefused::Form(_))),
            (format!("{LEAST}nmae = 1\n"), |e| {
                matches!(e, ConfigRefused::Form(_))
            }),
            (format!("{LEAST}[log]\n"), |e| {
                matches!(e, ConfigRefused::Form(_))
            }),
            (LEAST.replace("http:", "ftp:"), |e| {
                *e == ConfigRefused::Url { member: "url" }
            }),
            (log("Log.Example", "quorum none\n"), |e| {
                *e == ConfigRefused::Origin
            }),
            (log("log.example", "quorum nobody\n"), |e| {
                matches!(e, ConfigRefused::Witnesses { .. })
            }),
            (log("log.example", ""), |e| {
                matches!(e, ConfigRefused::Witnesses { .. })
            }),
            (
                format!("{LEAST}[witness]\nkeys = \"w\"\n[[witness.log]]\nkeys = []\n"),
                |e| matches!(e, ConfigRefused::Keys { .. }),
            ),
            (
                format!(
                    "{LEAST}[witness]\nkeys = \"w\"\n[[witness.log]]\nkeys = [\"{vkey}\", \"{vkey}\"]\n"
                ),
                |e| matches!(e, ConfigRefused::Keys { .. }),
            ),
        ];
        for (text, expected) in cases {
            let refused = parse(&text).unwrap_err();
            assert!(expected(&refused), "{text}\n{refused:?}");
        }
    }
}
