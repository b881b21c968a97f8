//! Public log lists, format `logs/v0` of [witness-network.org], and the daily budget that they grant.
//!
//! ```
//! use tlog::log_list;
//!
//! let list = "# logs for testing\n\
//!             logs/v0\n\
//!             \n\
//!             vkey example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k\n\
//!             qpd 86400\n\
//!             contact sysadmin (at) example.com\n";
//! let logs = log_list::parse(list.as_bytes())?;
//! assert_eq!(logs[0].origin(), "example.com/foo");
//! assert_eq!(logs[0].requests_per_day().get(), 86_400);
//! # Ok::<(), log_list::LogListRefused>(())
//! ```
//!
//! Blank lines and lines that begin with `#` are passed over. Then comes `logs/v0`, then for each log `vkey`, an
//! optional `origin` (`none` where the key's name is the origin), `qpd` (requests per day) and `contact`, in this order.
//!
//! [witness-network.org]: https://witness-network.org/

use std::collections::HashSet;
use std::num::NonZeroU64;

use crate::checkpoint::{LogKeys, LogKeysRefused, parse_decimal};
use crate::key::{Vkey, VkeyRefused};

/// One log of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedLog {
    vkey: Vkey,
    origin: Box<str>,
    requests_per_day: NonZeroU64,
    contact: Box<str>,
}

impl ListedLog {
    /// The log's key.
    pub fn vkey(&self) -> &Vkey {
        &self.vkey
    }

    /// The log's origin; the key's name unless the list says otherwise.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// `add-checkpoint` requests that the log may make per day.
    pub fn requests_per_day(&self) -> NonZeroU64 {
        self.requests_per_day
    }

    /// How people reach the log's operator.
    pub fn contact(&self) -> &str {
        &self.contact
    }

    /// The log's keys, as the decision needs them.
    ///
    /// # Errors
    /// [`LogKeysRefused`]: a list may name logs that we do not take, such as one whose origin is not its key's name.
    pub fn keys(&self) -> Result<LogKeys, LogKeysRefused> {
        LogKeys::new(&self.origin, vec![self.vkey.clone()])
    }
}

/// Reads a list.
///
/// # Errors
/// [`LogListRefused`] with the line. One wrong line refuses the whole list: half a list is nobody's decision.
pub fn parse(bytes: &[u8]) -> Result<Vec<ListedLog>, LogListRefused> {
    if bytes.len() > MAX_LIST {
        return Err(LogListRefused {
            line: 1,
            reason: Reason::TooLong,
        });
    }
    let mut lines = Lines {
        rest: bytes,
        number: 0,
    };
    if lines.next()? != Some("logs/v0") {
        return Err(lines.refuse(Reason::Header));
    }
    let mut logs = Vec::new();
    let mut origins = HashSet::new();
    while let Some(line) = lines.next()? {
        let vkey = lines.value(line, "vkey")?;
        let vkey: Vkey = vkey
            .parse()
            .map_err(|cause| lines.refuse(Reason::Vkey(cause)))?;
        let mut line = lines.expect("qpd")?;
        let mut origin: Box<str> = vkey.name().as_str().into();
        if let Some(value) = line.strip_prefix("origin ") {
            if value.is_empty() {
                return Err(lines.refuse(Reason::Value));
            }
            if value != "none" {
                origin = value.into();
            }
            line = lines.expect("qpd")?;
        }
        if !origins.insert(origin.clone()) {
            return Err(lines.refuse(Reason::Twice));
        }
        let requests = parse_decimal(lines.value(line, "qpd")?).and_then(NonZeroU64::new);
        let requests_per_day = requests.ok_or_else(|| lines.refuse(Reason::Value))?;
        let line = lines.expect("contact")?;
        let contact = lines.value(line, "contact")?.into();
        logs.push(ListedLog {
            vkey,
            origin,
            requests_per_day,
            contact,
        });
    }
    Ok(logs)
}

/// Inverse of [`parse`], without comments.
pub fn to_text(logs: &[ListedLog]) -> String {
    let mut text = String::from("logs/v0\n");
    for log in logs {
        text.push_str(&format!("\nvkey {}\n", log.vkey));
        if *log.origin != *log.vkey.name().as_str() {
            text.push_str(&format!("origin {}\n", log.origin));
        }
        text.push_str(&format!(
            "qpd {}\ncontact {}\n",
            log.requests_per_day, log.contact
        ));
    }
    text
}

/// Where and why a list is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the log list is refused")]
pub struct LogListRefused {
    /// 1-based line.
    pub line: usize,
    /// What is wrong there.
    #[source]
    pub reason: Reason,
}

impl LogListRefused {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match &self.reason {
            Reason::Vkey(cause) => cause.hint(),
            _ => "fetch the list again, and compare it with the format at witness-network.org",
        }
    }
}

/// What is wrong with a line of a list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// A byte below 0x20 other than newline, or not UTF-8.
    #[error("control character, or not UTF-8")]
    Characters,
    /// Another line than the order of the format asks for.
    #[error("expected `{0}`")]
    Expected(&'static str),
    /// The first line that counts is not `logs/v0`.
    #[error("expected `logs/v0`")]
    Header,
    /// The last line does not end in a newline.
    #[error("last line does not end in a newline")]
    NoNewline,
    /// Longer than the limit.
    #[error("list is longer than {MAX_LIST} bytes")]
    TooLong,
    /// One origin twice.
    #[error("origin is listed twice")]
    Twice,
    /// No value, or a number of requests that is not a decimal above 0.
    #[error("value is empty, or no decimal above 0")]
    Value,
    /// The key.
    #[error("value is no vkey")]
    Vkey(#[source] VkeyRefused),
}

/// How many more requests a log may make. Pure: the caller brings `now`.
///
/// A log may spend a day's requests at once; they come back evenly over a day. So in any 24 hours it makes at most
/// twice its number, and over a long time no more than its number a day.
///
/// ```
/// use std::num::NonZeroU64;
/// use tlog::log_list::Budget;
///
/// let mut budget = Budget::new(NonZeroU64::new(2).unwrap(), 1_000);
/// assert_eq!((budget.take(1_000), budget.take(1_000)), (Ok(()), Ok(())));
/// assert_eq!(budget.take(1_000).unwrap_err().retry_after, 43_200);
/// assert_eq!(budget.take(44_200), Ok(()));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    per_day: NonZeroU64,
    /// In parts of 1/86,400 request, so that a second brings back `per_day` of them and nothing is lost by rounding.
    parts: u128,
    at: u64,
}

impl Budget {
    /// A full budget of `per_day` requests at `now`, in seconds since the epoch.
    pub fn new(per_day: NonZeroU64, now: u64) -> Self {
        Self {
            per_day,
            parts: u128::from(per_day.get()) * DAY,
            at: now,
        }
    }

    /// Takes one request.
    ///
    /// # Errors
    /// [`BudgetSpent`] with the time to wait; then nothing is taken.
    pub fn take(&mut self, now: u64) -> Result<(), BudgetSpent> {
        let per_day = u128::from(self.per_day.get());
        // A clock that went back brings nothing. That its way forward then counts twice does less harm than a log shut
        // out until the clock is again where it wrongly was.
        let elapsed = u128::from(now.saturating_sub(self.at)).min(DAY);
        self.at = now;
        self.parts = (self.parts + elapsed * per_day).min(per_day * DAY);
        match self.parts.checked_sub(DAY) {
            Some(rest) => {
                self.parts = rest;
                Ok(())
            }
            None => {
                let seconds = (DAY - self.parts).div_ceil(per_day);
                Err(BudgetSpent {
                    retry_after: u64::try_from(seconds).unwrap_or(u64::MAX),
                })
            }
        }
    }
}

/// A log has used up its requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("log has used up its requests for now")]
pub struct BudgetSpent {
    /// Seconds until the next request, at least 1.
    pub retry_after: u64,
}

impl BudgetSpent {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        "wait, or ask the operator for more requests per day"
    }
}

/// The lines of a list that count, with their numbers.
struct Lines<'a> {
    rest: &'a [u8],
    number: usize,
}

impl<'a> Lines<'a> {
    fn next(&mut self) -> Result<Option<&'a str>, LogListRefused> {
        while !self.rest.is_empty() {
            self.number += 1;
            let end = self.rest.iter().position(|byte| *byte == b'\n');
            let end = end.ok_or_else(|| self.refuse(Reason::NoNewline))?;
            let (line, rest) = self.rest.split_at(end);
            self.rest = rest.strip_prefix(b"\n").unwrap_or_default();
            if line.is_empty() || line.starts_with(b"#") {
                continue;
            }
            let text = std::str::from_utf8(line).ok();
            let text = text.filter(|text| !text.chars().any(char::is_control));
            return text
                .map(Some)
                .ok_or_else(|| self.refuse(Reason::Characters));
        }
        Ok(None)
    }

    /// The next line, where the list must not end.
    fn expect(&mut self, keyword: &'static str) -> Result<&'a str, LogListRefused> {
        self.next()?
            .ok_or_else(|| self.refuse(Reason::Expected(keyword)))
    }

    fn value(&self, line: &'a str, keyword: &'static str) -> Result<&'a str, LogListRefused> {
        let value = line
            .strip_prefix(keyword)
            .and_then(|rest| rest.strip_prefix(' '))
            .ok_or_else(|| self.refuse(Reason::Expected(keyword)))?;
        if value.is_empty() {
            return Err(self.refuse(Reason::Value));
        }
        Ok(value)
    }

    fn refuse(&self, reason: Reason) -> LogListRefused {
        LogListRefused {
            line: self.number,
            reason,
        }
    }
}

const DAY: u128 = 86_400;

/// The largest published profile has 40,000 logs; an ML-DSA-44 vkey is about 1,850 bytes. Rounded up.
const MAX_LIST: usize = 128 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::prelude::*;

    const VKEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";

    fn list(middle: &str) -> String {
        format!("logs/v0\nvkey {VKEY}\n{middle}")
    }

    fn refused(text: &str) -> (usize, Reason) {
        let LogListRefused { line, reason } = parse(text.as_bytes()).unwrap_err();
        (line, reason)
    }

    #[test]
    fn reads_a_list_with_comments_and_blank_lines() {
        let text = format!(
            "#\n# comment\n\nlogs/v0\n\n# one\nvkey {VKEY}\n\nqpd 24\n# inside\ncontact a b  c\n"
        );
        let logs = parse(text.as_bytes()).unwrap();
        let [log] = logs.as_slice() else {
            panic!("one log expected")
        };
        assert_eq!((log.origin(), log.contact()), ("example.com/foo", "a b  c"));
        assert_eq!(log.keys().unwrap().origin(), "example.com/foo");
        assert_eq!(parse(b"logs/v0\n"), Ok(vec![]));
    }

    #[test]
    fn reads_an_origin_and_leaves_it_to_the_keys_to_refuse_one_that_is_not_the_key_name() {
        let text = list("origin other\nqpd 1\ncontact x\n");
        let logs = parse(text.as_bytes()).unwrap();
        assert_eq!(logs[0].origin(), "other");
        assert_eq!(logs[0].keys(), Err(LogKeysRefused::OtherName));
        assert_eq!(to_text(&logs).replace("\n\n", "\n"), text);
        let none = parse(list("origin none\nqpd 1\ncontact x\n").as_bytes()).unwrap();
        assert_eq!(none[0].origin(), "example.com/foo");
    }

    #[test]
    fn refuses_every_other_form_with_its_line() {
        let second = format!("qpd 1\ncontact x\n\nvkey {VKEY}\nqpd 1\ncontact x\n");
        let cases = [
            (String::new(), 0, Reason::Header),
            ("# only a comment\n".into(), 1, Reason::Header),
            ("logs/v1\n".into(), 1, Reason::Header),
            ("logs/v0 \n".into(), 1, Reason::Header),
            ("\n\nvkey x\n".into(), 3, Reason::Header),
            ("logs/v0".into(), 1, Reason::NoNewline),
            ("logs/v0\r\n".into(), 1, Reason::Characters),
            ("logs/v0\n\tvkey\n".into(), 2, Reason::Characters),
            ("logs/v0\nqpd 1\n".into(), 2, Reason::Expected("vkey")),
            ("logs/v0\n vkey x\n".into(), 2, Reason::Expected("vkey")),
            ("logs/v0\nvkey\n".into(), 2, Reason::Expected("vkey")),
            ("logs/v0\nvkey \n".into(), 2, Reason::Value),
            (
                "logs/v0\nvkey x\n".into(),
                2,
                Reason::Vkey(VkeyRefused::Form),
            ),
            (list(""), 2, Reason::Expected("qpd")),
            (list("contact x\n"), 3, Reason::Expected("qpd")),
            (list("bastion none\nqpd 1\n"), 3, Reason::Expected("qpd")),
            (list("origin \nqpd 1\n"), 3, Reason::Value),
            (list("origin x\n"), 3, Reason::Expected("qpd")),
            (list("origin x\norigin x\n"), 4, Reason::Expected("qpd")),
            (list("qpd 0\n"), 3, Reason::Value),
            (list("qpd 01\n"), 3, Reason::Value),
            (list("qpd -1\n"), 3, Reason::Value),
            (list("qpd 1 \n"), 3, Reason::Value),
            (list("qpd 18446744073709551616\n"), 3, Reason::Value),
            (list("qpd 1\n"), 3, Reason::Expected("contact")),
            (list("qpd 1\nqpd 1\n"), 4, Reason::Expected("contact")),
            (list("qpd 1\ncontact \n"), 4, Reason::Value),
            (list("qpd 1\ncontact x"), 4, Reason::NoNewline),
            (list(&second), 7, Reason::Twice),
        ];
        for (text, line, reason) in cases {
            assert_eq!(refused(&text), (line, reason), "{text:?}");
        }
        let latin = b"logs/v0\nvkey \xff\n";
        assert_eq!(parse(latin).unwrap_err().reason, Reason::Characters);
    }

    #[test]
    fn budget_refuses_the_request_after_the_last_and_tells_the_wait() {
        let mut budget = Budget::new(NonZeroU64::new(86_400).unwrap(), 0);
        for _ in 0..86_400 {
            assert_eq!(budget.take(0), Ok(()));
        }
        assert_eq!(budget.take(0), Err(BudgetSpent { retry_after: 1 }));
        assert_eq!(budget.take(1), Ok(()));
        assert_eq!(budget.take(1), Err(BudgetSpent { retry_after: 1 }));
    }

    #[test]
    fn budget_never_holds_more_than_a_day_and_a_clock_that_goes_back_brings_nothing() {
        let mut budget = Budget::new(NonZeroU64::new(1).unwrap(), 1_000_000);
        assert_eq!(budget.take(u64::MAX), Ok(()));
        assert_eq!(
            budget.take(u64::MAX),
            Err(BudgetSpent {
                retry_after: 86_400
            })
        );
        assert_eq!(
            budget.take(5),
            Err(BudgetSpent {
                retry_after: 86_400
            })
        );
        assert_eq!(
            budget.take(6),
            Err(BudgetSpent {
                retry_after: 86_399
            })
        );
        let mut large = Budget::new(NonZeroU64::MAX, 0);
        assert_eq!((large.take(0), large.take(u64::MAX)), (Ok(()), Ok(())));
    }

    proptest! {
        #[test]
        fn parse_is_the_inverse_of_to_text(
            entries in prop::collection::btree_map("[a-z./]{1,20}", (1u64.., "[ -~é]{0,30}[!-~]"), 0..5)
        ) {
            let logs: Vec<ListedLog> = entries
                .into_iter()
                .map(|(origin, (requests, contact))| ListedLog {
                    vkey: VKEY.parse().unwrap(),
                    origin: origin.into(),
                    requests_per_day: NonZeroU64::new(requests).unwrap(),
                    contact: contact.into(),
                })
                .filter(|log| log.origin() != "none")
                .collect();
            prop_assert_eq!(parse(to_text(&logs).as_bytes()), Ok(logs));
        }

        #[test]
        fn parse_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&[b"logs/v0\n", bytes.as_slice()].concat());
        }
    }
}
