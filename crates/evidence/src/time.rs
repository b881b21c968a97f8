//! Points in time and durations: `evidence.md` S12 and PL6–8.
//!
//! A time is written `YYYY-MM-DDTHH:MM:SSZ` and nothing else, so that equal times have equal bytes; a duration
//! `PnDTnHnMnS`. People read `24 Nov 2026 06:12 UTC`. There is no clock here: `now` is an argument everywhere.
//!
//! ```
//! use evidence::time::{Duration, Time};
//!
//! let time = Time::parse("2026-11-24T06:12:00Z")?;
//! assert_eq!(time.seconds(), 1_795_500_720);
//! assert_eq!(time.human(), "24 Nov 2026 06:12 UTC");
//! assert_eq!((time + Duration::parse("P1DT2H")?).to_string(), "2026-11-25T08:12:00Z");
//! # Ok::<(), evidence::time::TimeError>(())
//! ```

use std::fmt;
use std::ops::{Add, Sub};

/// Seconds since 1970-01-01T00:00:00Z, without leap seconds; the years 0000 to 9999 can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(i64);

/// A length of time in whole seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Duration(u64);

/// Why a text is no time or duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TimeError {
    /// Not `PnDTnHnMnS`, or longer than 100 years.
    #[error("not a duration like P1DT12H")]
    Duration,
    /// Not `YYYY-MM-DDTHH:MM:SSZ`, or a day that no calendar has.
    #[error("not a time like 2026-11-24T06:12:00Z")]
    Time,
}

impl TimeError {
    /// What to do next.
    pub const fn hint(self) -> &'static str {
        match self {
            Self::Duration => "write days, hours, minutes and seconds as P1D, PT6H or P1DT12H30M",
            Self::Time => "write the time in UTC with whole seconds",
        }
    }
}

impl Time {
    /// The time so many seconds after 1970-01-01T00:00:00Z.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds)
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    pub const fn seconds(self) -> i64 {
        self.0
    }

    /// Reads `YYYY-MM-DDTHH:MM:SSZ`. Inverse of `Display`.
    ///
    /// # Errors
    ///
    /// [`TimeError::Time`] for any other form, a day that the month does not have, or second 60.
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        parse_time(text).ok_or(TimeError::Time)
    }

    /// The form for people, `24 Nov 2026 06:12 UTC`.
    pub fn human(self) -> String {
        let (year, month, day) = date(self.0.div_euclid(DAY));
        let (hour, minute, _) = clock(self.0);
        let name = MONTHS.get(month as usize - 1).copied().unwrap_or_default();
        format!("{day} {name} {year:04} {hour:02}:{minute:02} UTC")
    }

    /// The time since `earlier`; zero if that is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = date(self.0.div_euclid(DAY));
        let (hour, minute, second) = clock(self.0);
        write!(
            formatter,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"
        )
    }
}

impl Add<Duration> for Time {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add_unsigned(duration.0))
    }
}

impl Sub<Duration> for Time {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub_unsigned(duration.0))
    }
}

impl Duration {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// So many seconds.
    pub const fn from_seconds(seconds: u64) -> Self {
        Self(seconds)
    }

    /// So many days of 86,400 seconds.
    pub const fn from_days(days: u64) -> Self {
        Self(days.saturating_mul(86_400))
    }

    /// Whole seconds.
    pub const fn seconds(self) -> u64 {
        self.0
    }

    /// Reads `PnDTnHnMnS`: each part at most once, in this order, at least one; no fraction, no sign, no zero in
    /// front. `Display` writes the same length in its shortest parts.
    ///
    /// # Errors
    ///
    /// [`TimeError::Duration`] for any other form, or more than 100 years.
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        parse_duration(text).ok_or(TimeError::Duration)
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let days = self.0 / 86_400;
        let rest = self.0 % 86_400;
        formatter.write_str("P")?;
        if days > 0 {
            write!(formatter, "{days}D")?;
        }
        if days > 0 && rest == 0 {
            return Ok(());
        }
        formatter.write_str("T")?;
        for (number, letter) in [(rest / 3600, 'H'), (rest / 60 % 60, 'M'), (rest % 60, 'S')] {
            if number > 0 || (rest == 0 && letter == 'S') {
                write!(formatter, "{number}{letter}")?;
            }
        }
        Ok(())
    }
}

fn parse_time(text: &str) -> Option<Time> {
    let bytes = text.as_bytes();
    let marks = [
        (4, b'-'),
        (7, b'-'),
        (10, b'T'),
        (13, b':'),
        (16, b':'),
        (19, b'Z'),
    ];
    if bytes.len() != 20 || marks.iter().any(|(at, mark)| bytes.get(*at) != Some(mark)) {
        return None;
    }
    let year = digits(text.get(0..4)?)?;
    let month = digits(text.get(5..7)?)?;
    let day = digits(text.get(8..10)?)?;
    let hour = digits(text.get(11..13)?)?;
    let minute = digits(text.get(14..16)?)?;
    let second = digits(text.get(17..19)?)?;
    if !(1..=12).contains(&month) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let day_number = days(year, month, day);
    // The day after 30 February is a day of March: what does not come back as it went in does not exist.
    if date(day_number) != (year, month, day) {
        return None;
    }
    Some(Time(day_number * DAY + hour * 3600 + minute * 60 + second))
}

fn parse_duration(text: &str) -> Option<Duration> {
    let (date, clock) = match text.strip_prefix('P')?.split_once('T') {
        Some((_, "")) => return None,
        Some((date, clock)) => (date, clock),
        None => (text.strip_prefix('P')?, ""),
    };
    if date.is_empty() && clock.is_empty() {
        return None;
    }
    let mut seconds = 0;
    let mut rest = date;
    for (letter, unit) in [('D', 86_400), ('H', 3600), ('M', 60), ('S', 1)] {
        if letter == 'H' {
            if !rest.is_empty() {
                return None;
            }
            rest = clock;
        }
        if let Some((number, behind)) = rest.split_once(letter) {
            if number.len() > 10 || (number.len() > 1 && number.starts_with('0')) {
                return None;
            }
            seconds += digits(number)? * unit;
            rest = behind;
        }
    }
    let length = u64::try_from(seconds)
        .ok()
        .filter(|seconds| *seconds <= LONGEST)?;
    rest.is_empty().then_some(Duration(length))
}

/// A number of digits only: `parse` alone would take a sign.
fn digits(text: &str) -> Option<i64> {
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

/// Days from 1970-01-01 to a date of the Gregorian calendar. Years begin in March here, so that the leap day is the
/// last of its year and a month's offset is a straight line: (153 month + 2) / 5.
const fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Year, month, day of a day number. Inverse of [`days`].
const fn date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
    (year, month, day)
}

const fn clock(seconds: i64) -> (i64, i64, i64) {
    let seconds = seconds.rem_euclid(DAY);
    (seconds / 3600, seconds / 60 % 60, seconds % 60)
}

const DAY: i64 = 86_400;

/// A hundred years of 365 days: beyond any policy, and far from overflow.
const LONGEST: u64 = 100 * 365 * 86_400;

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn s12_refuses_every_other_spelling_of_a_time() {
        for text in [
            "",
            "2026-11-24",
            "2026-11-24T06:12:00",
            "2026-11-24T06:12:00z",
            "2026-11-24t06:12:00Z",
            "2026-11-24 06:12:00Z",
            "2026-11-24T06:12:00.0Z",
            "2026-11-24T06:12:00+00:00",
            "2026-11-24T06:12Z",
            "20261124T061200Z",
            "+026-11-24T06:12:00Z",
            "2026-1-024T06:12:00Z",
            "2026-11-24T+6:12:00Z",
            "2026-11-24T06:12:0 Z",
            "2026-13-01T00:00:00Z",
            "2026-00-01T00:00:00Z",
            "2026-01-00T00:00:00Z",
            "2026-01-32T00:00:00Z",
            "2026-02-29T00:00:00Z",
            "2100-02-29T00:00:00Z",
            "2026-04-31T00:00:00Z",
            "2026-11-24T24:00:00Z",
            "2026-11-24T06:60:00Z",
            "2016-12-31T23:59:60Z",
            "２026-11-24T06:12:0Z",
        ] {
            assert_eq!(Time::parse(text), Err(TimeError::Time), "{text}");
        }
    }

    #[test]
    fn s12_reads_real_dates() {
        for (text, seconds) in [
            ("1970-01-01T00:00:00Z", 0),
            ("1969-12-31T23:59:59Z", -1),
            ("2000-02-29T12:00:00Z", 951_825_600),
            ("2024-02-29T23:59:59Z", 1_709_251_199),
            ("2038-01-19T03:14:08Z", 2_147_483_648),
            ("9999-12-31T23:59:59Z", 253_402_300_799),
            ("0000-01-01T00:00:00Z", -62_167_219_200),
        ] {
            let time = Time::parse(text).expect(text);
            assert_eq!((time.seconds(), time.to_string().as_str()), (seconds, text));
        }
        assert_eq!(
            Time::from_seconds(1_709_251_199).human(),
            "29 Feb 2024 23:59 UTC"
        );
    }

    #[test]
    fn pl6_refuses_every_other_spelling_of_a_duration() {
        for text in [
            "",
            "P",
            "PT",
            "P1DT",
            "1D",
            "P1",
            "PD",
            "P-1D",
            "P+1D",
            "P1W",
            "P1M",
            "P1Y",
            "PT1D",
            "P1H",
            "PT1.5H",
            "PT5M1H",
            "PT1H1H",
            "P1DT1H ",
            "p1d",
            "P01D",
            "PT00S",
            "P99999999999D",
            "P36501D",
            "PT1S1",
            "P1D1H",
        ] {
            assert_eq!(Duration::parse(text), Err(TimeError::Duration), "{text}");
        }
    }

    #[test]
    fn pl6_reads_durations_and_writes_the_shortest() {
        for (text, seconds, written) in [
            ("PT0S", 0, "PT0S"),
            ("P0D", 0, "PT0S"),
            ("P1D", 86_400, "P1D"),
            ("PT24H", 86_400, "P1D"),
            ("PT6H", 21_600, "PT6H"),
            ("PT5M", 300, "PT5M"),
            ("P1DT2H3M4S", 93_784, "P1DT2H3M4S"),
            ("P30DT1S", 2_592_001, "P30DT1S"),
        ] {
            let duration = Duration::parse(text).expect(text);
            assert_eq!(
                (duration.seconds(), duration.to_string().as_str()),
                (seconds, written)
            );
        }
    }

    #[test]
    fn sums_saturate_and_an_earlier_time_is_zero_away() {
        let end = Time::from_seconds(i64::MAX);
        assert_eq!(end + Duration::from_days(1), end);
        assert_eq!(
            Time::from_seconds(5).since(Time::from_seconds(9)),
            Duration::ZERO
        );
        assert_eq!(
            Time::from_seconds(9) - Duration::from_seconds(4),
            Time::from_seconds(5)
        );
    }

    proptest! {
        #[test]
        fn time_parse_is_inverse_of_display(seconds in -62_167_219_200_i64..=253_402_300_799) {
            let time = Time::from_seconds(seconds);
            prop_assert_eq!(Time::parse(&time.to_string()), Ok(time));
        }

        #[test]
        fn duration_parse_is_inverse_of_display(seconds in 0..=LONGEST) {
            let duration = Duration::from_seconds(seconds);
            prop_assert_eq!(Duration::parse(&duration.to_string()), Ok(duration));
        }
    }
}
