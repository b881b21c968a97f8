//! The configuration file of the program, in TOML.
//!
//! ```toml
//! listen = "127.0.0.1:7080"             # port 0 picks a free one
//! data = "state"                        # directory, relative to this file
//! keys = "witness.key"                  # key file, relative to this file
//! submission_prefix = ""                # optional: path before /add-checkpoint
//! monitoring_prefix = ""                # optional: path before /<hex SHA-256 of origin>/checkpoint
//! log_format = "text"                   # optional: text or json, on standard error
//! log_lists = ["testing.list"]          # optional: public lists, format logs/v0
//!
//! [[log]]                               # a log, with all of its keys
//! vkeys = ["log.example/v1+…", "log.example/v1+…"]
//! requests_per_day = 86400              # optional; without it any number
//! ```
//!
//! An unknown field is an error, so that a misspelt one is not passed over.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use tlog::checkpoint::{LogKeys, LogKeysRefused};
use tlog::key::{Vkey, VkeyRefused};
use tlog::log_list::{self, LogListRefused};
use toml::Spanned;

use crate::router::{Prefix, Prefixes};
use crate::service::WitnessedLog;

/// A configuration whose form is right; paths are absolute or relative to the working directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Directory of the state.
    pub data: PathBuf,
    /// The key file.
    pub keys: PathBuf,
    /// Paths before the routes.
    pub prefixes: Prefixes,
    /// How log lines look.
    pub log_format: LogFormat,
    /// Public lists to import.
    pub log_lists: Vec<PathBuf>,
    /// Logs written in the file itself.
    pub logs: Vec<WitnessedLog>,
}

impl Config {
    /// Reads the file at `path`.
    ///
    /// # Errors
    /// [`ConfigRefused`].
    pub fn load(path: &Path) -> Result<Self, ConfigRefused> {
        let text = read(path)?;
        let text =
            String::from_utf8(text).map_err(|_| ConfigRefused::NotUtf8 { path: path.into() })?;
        let directory = path.parent().unwrap_or(Path::new(""));
        Self::parse(&text, directory).map_err(|reason| ConfigRefused::Text {
            path: path.into(),
            reason,
        })
    }

    /// Reads a text; its paths are relative to `directory`.
    ///
    /// # Errors
    /// [`TextRefused`] with the line.
    pub fn parse(text: &str, directory: &Path) -> Result<Self, TextRefused> {
        let at = |offset: usize| {
            text.bytes()
                .take(offset)
                .filter(|byte| *byte == b'\n')
                .count()
                + 1
        };
        let file: FileText = toml::from_str(text).map_err(|error| TextRefused {
            line: at(error.span().map_or(0, |span| span.start)),
            reason: Reason::Form(error.message().into()),
        })?;
        let refuse = |span: std::ops::Range<usize>, reason| TextRefused {
            line: at(span.start),
            reason,
        };
        let listen = file.listen.get_ref().parse();
        let listen = listen.map_err(|_| refuse(file.listen.span(), Reason::Listen))?;
        let prefix = |value: Option<Spanned<String>>| match value {
            None => Ok(Prefix::default()),
            Some(value) => {
                Prefix::new(value.get_ref()).ok_or_else(|| refuse(value.span(), Reason::Prefix))
            }
        };
        let submission = prefix(file.submission_prefix)?;
        let monitoring = prefix(file.monitoring_prefix)?;
        let mut logs: Vec<WitnessedLog> = Vec::new();
        for log in file.log {
            let span = log.vkeys.span();
            let mut vkeys = Vec::new();
            for vkey in log.vkeys.into_inner() {
                let parsed: Result<Vkey, VkeyRefused> = vkey.get_ref().parse();
                vkeys.push(parsed.map_err(|cause| refuse(vkey.span(), Reason::Vkey(cause)))?);
            }
            let origin = vkeys
                .first()
                .map(|vkey| vkey.name().as_str().to_owned())
                .unwrap_or_default();
            let keys = LogKeys::new(&origin, vkeys)
                .map_err(|cause| refuse(span.clone(), Reason::Keys(cause)))?;
            if logs
                .iter()
                .any(|other| other.keys.origin() == keys.origin())
            {
                return Err(refuse(span, Reason::Twice));
            }
            logs.push(WitnessedLog {
                keys,
                requests_per_day: log.requests_per_day,
            });
        }
        Ok(Self {
            listen,
            data: directory.join(file.data),
            keys: directory.join(file.keys),
            prefixes: Prefixes {
                submission,
                monitoring,
            },
            log_format: file.log_format,
            log_lists: file
                .log_lists
                .into_iter()
                .map(|list| directory.join(list))
                .collect(),
            logs,
        })
    }

    /// The logs of the file itself and of the lists, which are read now. The file's own word wins over a list, an
    /// earlier list over a later one.
    ///
    /// # Errors
    /// [`ConfigRefused`] for a list that cannot be read.
    pub fn all_logs(&self) -> Result<Logs, ConfigRefused> {
        let mut logs = Logs {
            taken: self.logs.clone(),
            passed_over: Vec::new(),
        };
        let mut origins: HashSet<Box<str>> = self
            .logs
            .iter()
            .map(|log| log.keys.origin().into())
            .collect();
        for path in &self.log_lists {
            let listed = log_list::parse(&read(path)?).map_err(|reason| ConfigRefused::List {
                path: path.clone(),
                reason,
            })?;
            for log in listed {
                let origin: Box<str> = log.origin().into();
                match log.keys() {
                    _ if origins.contains(&origin) => {
                        logs.passed_over.push((origin, PassedOver::Known));
                    }
                    Err(reason) => logs.passed_over.push((origin, PassedOver::Keys(reason))),
                    Ok(keys) => {
                        origins.insert(origin);
                        let requests_per_day = Some(log.requests_per_day());
                        logs.taken.push(WitnessedLog {
                            keys,
                            requests_per_day,
                        });
                    }
                }
            }
        }
        Ok(logs)
    }
}

/// The logs of a configuration with its lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logs {
    /// The logs to witness, each origin once.
    pub taken: Vec<WitnessedLog>,
    /// Listed logs that are not witnessed, by origin.
    pub passed_over: Vec<(Box<str>, PassedOver)>,
}

/// Why a listed log is not witnessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PassedOver {
    /// Its key is none that we take.
    #[error("{0}")]
    Keys(LogKeysRefused),
    /// An earlier entry has the origin.
    #[error("an earlier entry has the same origin")]
    Known,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    #[default]
    Text,
}

/// Why a configuration is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigRefused {
    /// A log list.
    #[error("log list {} is refused", path.display())]
    List {
        /// The list.
        path: PathBuf,
        /// Line and reason.
        #[source]
        reason: LogListRefused,
    },
    /// The configuration file is not UTF-8.
    #[error("{} is not UTF-8", path.display())]
    NotUtf8 {
        /// The file.
        path: PathBuf,
    },
    /// A file cannot be read.
    #[error("{} cannot be read: {kind}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        kind: io::ErrorKind,
    },
    /// The configuration file.
    #[error("{} is refused", path.display())]
    Text {
        /// The file.
        path: PathBuf,
        /// Line and reason.
        #[source]
        reason: TextRefused,
    },
}

impl ConfigRefused {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::List { reason, .. } => reason.hint(),
            Self::NotUtf8 { .. } => "save the file as UTF-8",
            Self::Read { .. } => "check the path and its permissions",
            Self::Text { reason, .. } => reason.hint(),
        }
    }
}

/// Where and why a configuration text is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}")]
pub struct TextRefused {
    /// 1-based line.
    pub line: usize,
    /// What is wrong there.
    #[source]
    pub reason: Reason,
}

impl TextRefused {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match &self.reason {
            Reason::Vkey(cause) => cause.hint(),
            Reason::Keys(_) => "list all keys of one log in one `vkeys`, and no cosigner's key",
            Reason::Twice => "list each log once, with all of its keys",
            _ => "compare the file with the example in the README of the witness",
        }
    }
}

/// What is wrong with a line of the configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// Not TOML, a field missing or unknown, or a value of the wrong type.
    #[error("{0}")]
    Form(Box<str>),
    /// Keys that are not those of one log.
    #[error("keys are not those of one log")]
    Keys(#[source] LogKeysRefused),
    /// The address.
    #[error("`listen` is not an IP address and a port")]
    Listen,
    /// A prefix.
    #[error("prefix is neither empty nor `/` and segments of [a-z0-9._-]")]
    Prefix,
    /// One log twice.
    #[error("log is listed twice")]
    Twice,
    /// A key.
    #[error("value is no vkey")]
    Vkey(#[source] VkeyRefused),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileText {
    listen: Spanned<String>,
    data: PathBuf,
    keys: PathBuf,
    submission_prefix: Option<Spanned<String>>,
    monitoring_prefix: Option<Spanned<String>>,
    #[serde(default)]
    log_format: LogFormat,
    #[serde(default)]
    log_lists: Vec<PathBuf>,
    #[serde(default)]
    log: Vec<FileLog>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileLog {
    vkeys: Spanned<Vec<Spanned<String>>>,
    requests_per_day: Option<NonZeroU64>,
}

fn read(path: &Path) -> Result<Vec<u8>, ConfigRefused> {
    fs::read(path).map_err(|error| ConfigRefused::Read {
        path: path.into(),
        kind: error.kind(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const VKEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
    const HEAD: &str = "listen = \"127.0.0.1:0\"\ndata = \"d\"\nkeys = \"k\"\n";

    fn parse(text: &str) -> Result<Config, TextRefused> {
        Config::parse(text, Path::new("/etc/w"))
    }

    #[test]
    fn reads_a_file_with_paths_relative_to_it() {
        let text = format!(
            "{HEAD}log_format = \"json\"\nlog_lists = [\"l\", \"/m\"]\nmonitoring_prefix = \"/m\"\n\
             [[log]]\nvkeys = [\"{VKEY}\"]\nrequests_per_day = 24\n"
        );
        let config = parse(&text).unwrap();
        assert_eq!(
            (config.data, config.keys),
            ("/etc/w/d".into(), "/etc/w/k".into())
        );
        assert_eq!(config.log_lists, [PathBuf::from("/etc/w/l"), "/m".into()]);
        assert_eq!(config.log_format, LogFormat::Json);
        let [log] = config.logs.as_slice() else {
            panic!("one log expected")
        };
        assert_eq!(log.keys.origin(), "example.com/foo");
        assert_eq!(log.requests_per_day, NonZeroU64::new(24));
    }

    #[test]
    fn refuses_every_other_form_with_its_line() {
        let log = format!("[[log]]\nvkeys = [\"{VKEY}\"]\n");
        let cases = [
            (HEAD.replace("127.0.0.1:0", "localhost:0"), 1),
            (HEAD.replace("127.0.0.1:0", "127.0.0.1"), 1),
            (HEAD.replace("listen", "# listen"), 1),
            (format!("{HEAD}\nlisten = \"[::1]:0\"\n"), 5),
            (format!("{HEAD}lisen = 1\n"), 4),
            (format!("{HEAD}log_format = \"xml\"\n"), 4),
            (format!("{HEAD}submission_prefix = \"w\"\n"), 4),
            (format!("{HEAD}monitoring_prefix = \"/w/\"\n"), 4),
            (format!("{HEAD}[[log]]\nvkeys = []\n"), 5),
            (format!("{HEAD}[[log]]\nvkey = \"{VKEY}\"\n"), 5),
            (format!("{HEAD}[[log]]\nvkeys = [\n\"x\"]\n"), 6),
            (format!("{HEAD}{log}requests_per_day = 0\n"), 6),
            (format!("{HEAD}{log}{log}"), 7),
            (
                format!("{HEAD}[[log]]\nvkeys = [\"{VKEY}\", \"{VKEY}\"]\n"),
                5,
            ),
        ];
        for (text, line) in cases {
            let refused = parse(&text).unwrap_err();
            assert_eq!(refused.line, line, "{text}\n{refused:?}");
        }
    }

    #[test]
    fn passes_over_listed_logs_that_are_known_or_not_ours_to_take() {
        let directory = tempfile::tempdir().unwrap();
        let list = directory.path().join("list");
        let other = "vkey example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k\n\
                     origin other\nqpd 1\ncontact x\n";
        fs::write(
            &list,
            format!("logs/v0\nvkey {VKEY}\nqpd 5\ncontact x\n{other}"),
        )
        .unwrap();
        let text = format!("{HEAD}log_lists = [{list:?}, {list:?}]\n");
        let logs = parse(&text).unwrap().all_logs().unwrap();
        assert_eq!(logs.taken[0].requests_per_day, NonZeroU64::new(5));
        assert_eq!(logs.taken.len(), 1);
        let keys = PassedOver::Keys(LogKeysRefused::OtherName);
        let expected = [
            ("other", keys),
            ("example.com/foo", PassedOver::Known),
            ("other", keys),
        ];
        assert_eq!(
            logs.passed_over,
            expected.map(|(origin, why)| (origin.into(), why))
        );

        let own = format!("{text}[[log]]\nvkeys = [\"{VKEY}\"]\n");
        assert_eq!(
            parse(&own).unwrap().all_logs().unwrap().taken[0].requests_per_day,
            None
        );
    }

    #[test]
    fn refuses_a_damaged_or_missing_list_by_name() {
        let directory = tempfile::tempdir().unwrap();
        let list = directory.path().join("list");
        fs::write(&list, "logs/v1\n").unwrap();
        let config = parse(&format!("{HEAD}log_lists = [{list:?}]\n")).unwrap();
        assert!(matches!(config.all_logs(), Err(ConfigRefused::List { .. })));
        let config = parse(&format!("{HEAD}log_lists = [\"missing\"]\n")).unwrap();
        assert!(matches!(config.all_logs(), Err(ConfigRefused::Read { .. })));
    }
}
