//! Values that are typed on the command line, read into the types of the core. Their refusals follow the words
//! "invalid value …:".

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use evidence::kind::update::{Class, Consent, Requirement, SbomFormat};
use evidence::line::{LineKind, Word};
use evidence::time::Time;
use tlog::hash::Hash;

use crate::url::BaseUrl;

/// Where a log is read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LogPlace {
    /// A copy on this machine.
    Folder(PathBuf),
    /// A server.
    Url(BaseUrl),
}

/// A folder, or an address that begins with its scheme.
pub(crate) fn log(text: &str) -> Result<LogPlace, String> {
    if text.contains("://") {
        return text
            .parse()
            .map(LogPlace::Url)
            .map_err(|error: crate::url::UrlError| error.to_string());
    }
    Ok(LogPlace::Folder(text.into()))
}

/// 64 hexadecimal digits, perhaps behind `sha256:`; capitals are read.
pub(crate) fn digest(text: &str) -> Result<Hash, String> {
    let hex = text
        .strip_prefix("sha256:")
        .unwrap_or(text)
        .to_ascii_lowercase();
    Hash::from_hex(&hex).ok_or_else(|| "not the 64 hexadecimal digits of a SHA-256".to_owned())
}

/// A time in UTC.
pub(crate) fn time(text: &str) -> Result<Time, String> {
    Time::parse(text).map_err(|error| error.to_string())
}

/// Seconds, from 1 to an hour.
pub(crate) fn patience(text: &str) -> Result<Duration, String> {
    let seconds = text
        .parse()
        .ok()
        .filter(|seconds| (1..=3600).contains(seconds));
    seconds
        .map(Duration::from_secs)
        .ok_or_else(|| "not a number of seconds from 1 to 3600".to_owned())
}

/// `spdx=FILE` or `cyclonedx=FILE`.
pub(crate) fn sbom(text: &str) -> Result<(SbomFormat, PathBuf), String> {
    let (format, file) = text.split_once('=').ok_or("not FORMAT=FILE")?;
    let format =
        SbomFormat::parse(format).ok_or_else(|| format!("the format is {}", SbomFormat::WORDS))?;
    if file.is_empty() {
        return Err("no file behind the format".to_owned());
    }
    Ok((format, file.into()))
}

/// `KIND:PRODUCT:MIN` or `KIND:PRODUCT:MIN:MAX`.
pub(crate) fn requirement(text: &str) -> Result<Requirement, String> {
    let mut parts = text.split(':');
    let kind = parts
        .next()
        .and_then(LineKind::parse)
        .ok_or("the first part is no kind of line")?;
    let product = parts.next().and_then(|word| Word::parse(word).ok());
    let product = product.ok_or("the second part is no product")?;
    let serial = |part: &str| part.parse().ok().filter(|serial| *serial >= 1);
    let min = parts
        .next()
        .and_then(serial)
        .ok_or("the third part is no serial")?;
    let max = parts
        .next()
        .map(|part| serial(part).ok_or("the fourth part is no serial"))
        .transpose()?;
    if parts.next().is_some() {
        return Err("more than four parts".to_owned());
    }
    Ok(Requirement {
        kind,
        product,
        min,
        max,
    })
}

/// The kinds of line.
pub(crate) fn kind() -> impl TypedValueParser<Value = LineKind> {
    words(
        LineKind::TABLE.iter().map(|(word, _)| *word),
        LineKind::parse,
    )
}

/// The classes of change.
pub(crate) fn class() -> impl TypedValueParser<Value = Class> {
    words(Class::TABLE.iter().map(|(word, _)| *word), Class::parse)
}

/// The forms of consent.
pub(crate) fn consent() -> impl TypedValueParser<Value = Consent> {
    words(Consent::TABLE.iter().map(|(word, _)| *word), Consent::parse)
}

fn words<T: Clone + Send + Sync + 'static>(
    known: impl IntoIterator<Item = &'static str>,
    parse: fn(&str) -> Option<T>,
) -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(known)
        .try_map(move |word| parse(&word).ok_or_else(|| format!("{word} is not known")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_is_no_digest() {
        let hex = "37dfe98818ca848dd13ad2c2333e430577d54d31db045f7d2be6b43175c09462";
        assert!(digest(hex).is_ok());
        assert_eq!(
            digest(&format!("sha256:{}", hex.to_uppercase())),
            digest(hex)
        );
        for text in [
            "",
            "37df",
            &hex[1..],
            &format!("{hex}0"),
            &hex.replace('3', "g"),
            &format!("md5:{hex}"),
        ] {
            assert!(digest(text).is_err(), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_requirement() {
        let read = requirement("detection-rules:acme-shield:9000").unwrap();
        assert_eq!(
            (read.kind, read.min, read.max),
            (LineKind::DetectionRules, 9000, None)
        );
        assert_eq!(requirement("other:a:1:2").unwrap().max, Some(2));
        for text in [
            "",
            "other",
            "other:a",
            "rules:a:1",
            "other:A:1",
            "other:a:0",
            "other:a:x",
            "other:a:1:0",
            "other:a:1:2:3",
        ] {
            assert!(requirement(text).is_err(), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_sbom() {
        assert_eq!(sbom("spdx=a=b").unwrap(), (SbomFormat::Spdx, "a=b".into()));
        for text in ["", "spdx", "spdx=", "swid=a", "=a"] {
            assert!(sbom(text).is_err(), "{text}");
        }
    }

    #[test]
    fn tells_addresses_from_folders() {
        assert_eq!(log("a/b"), Ok(LogPlace::Folder("a/b".into())));
        assert!(matches!(log("http://127.0.0.1:1"), Ok(LogPlace::Url(_))));
        assert!(log("ftp://a").is_err());
    }

    #[test]
    fn refuses_a_patience_that_never_ends() {
        assert_eq!(patience("60"), Ok(Duration::from_secs(60)));
        for text in ["0", "3601", "-1", "1.5", "", "1m"] {
            assert!(patience(text).is_err(), "{text}");
        }
    }
}
