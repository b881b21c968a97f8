//! Points in time as pages write them (`portal.md` §3, row "time").
//!
//! Pages say `24 Nov 2026 06:12 UTC`, machines read `2026-11-24T06:12:00Z`; both come from the seconds since the epoch
//! that the log counts in. A relative time lies in a cached page, so it stands only in lists, under seven days, and
//! always with the whole time in `title`.
//!
//! ```
//! use center::portal::time::Time;
//!
//! let time = Time(1_795_500_760);
//! assert_eq!(time.rfc3339(), "2026-11-24T06:12:40Z");
//! assert_eq!(time.written(), "24 Nov 2026 06:12 UTC");
//! assert_eq!(Time(time.0 + 7_200).since(time), 7_200);
//! ```

use serde::{Serialize, Serializer};

use super::html::Html;
use super::text::{self, Value};

/// Seconds since 1970-01-01T00:00:00Z, without leap seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time(pub i64);

impl Time {
    /// `2026-11-24T06:12:40Z`: the form of JSON and of `datetime`.
    pub fn rfc3339(self) -> String {
        let (year, month, day) = self.date();
        let (hour, minute, second) = self.clock();
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }

    /// `24 Nov 2026 06:12 UTC`.
    pub fn written(self) -> String {
        let (hour, minute, _) = self.clock();
        let (day, clock) = (self.day(), format!("{hour:02}:{minute:02}"));
        text::plain(
            "time.written",
            &[("day", Value::Plain(&day)), ("clock", Value::Plain(&clock))],
        )
    }

    /// `24 Nov 2026`.
    pub fn day(self) -> String {
        let (year, month, day) = self.date();
        let (year, day) = (year.to_string(), day.to_string());
        text::plain(
            "time.day",
            &[
                ("day", Value::Plain(&day)),
                ("month", Value::Plain(month_name(month))),
                ("year", Value::Plain(&year)),
            ],
        )
    }

    /// `06:12:40 UTC`: for times beside which the day already stands.
    pub fn seconds(self) -> String {
        let (hour, minute, second) = self.clock();
        let clock = format!("{hour:02}:{minute:02}:{second:02}");
        text::plain("time.seconds", &[("clock", Value::Plain(&clock))])
    }

    /// Seconds from `earlier` to here; 0 if `earlier` is later, as clocks may differ.
    pub fn since(self, earlier: Self) -> u64 {
        u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0)
    }

    /// True if both lie on one day of UTC.
    pub fn same_day(self, other: Self) -> bool {
        self.0.div_euclid(DAY) == other.0.div_euclid(DAY)
    }

    /// The `time` element with the whole time.
    pub fn html(self) -> Html {
        Html::time(&self.rfc3339(), None, &self.written())
    }

    /// The `time` element with the day alone.
    pub fn html_day(self) -> Html {
        Html::time(&self.rfc3339(), Some(&self.written()), &self.day())
    }

    /// The `time` element with clock and seconds if `self` is on the day of `reference`, else with the day.
    pub fn html_beside(self, reference: Self) -> Html {
        if self.same_day(reference) {
            return Html::time(&self.rfc3339(), Some(&self.written()), &self.seconds());
        }
        self.html_day()
    }

    /// The `time` element for lists: relative under seven days, else the day; the whole time in `title`.
    pub fn html_ago(self, now: Self) -> Html {
        let age = now.since(self);
        if age >= 7 * DAY.unsigned_abs() || self > now {
            return self.html_day();
        }
        Html::time(&self.rfc3339(), Some(&self.written()), &ago(age))
    }

    fn clock(self) -> (i64, i64, i64) {
        let second = self.0.rem_euclid(DAY);
        (second / 3_600, second / 60 % 60, second % 60)
    }

    /// Year, month, day of the proleptic Gregorian calendar: days are counted in eras of 400 years that begin on
    /// 1 March, so that the leap day is the last of its year.
    fn date(self) -> (i64, usize, i64) {
        let days = self.0.div_euclid(DAY) + 719_468;
        let era = days.div_euclid(146_097);
        let of_era = days.rem_euclid(146_097);
        let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * of_year + 2) / 153;
        let day = of_year - (153 * from_march + 2) / 5 + 1;
        let month = if from_march < 10 {
            from_march + 3
        } else {
            from_march - 9
        };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        (year, usize::try_from(month).unwrap_or(1), day)
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.rfc3339())
    }
}

/// A length of time in its largest whole unit: `9 s`, `31 min`, `2 h`, `9 days`.
pub fn length(seconds: u64) -> String {
    let day = DAY.unsigned_abs();
    match seconds {
        0..60 => text::plain("time.length-seconds", &[("n", Value::Number(seconds))]),
        60..3_600 => text::plain("time.length-minutes", &[("n", Value::Number(seconds / 60))]),
        3_600.. if seconds < 2 * day => text::plain(
            "time.length-hours",
            &[("n", Value::Number(seconds / 3_600))],
        ),
        _ => text::plain("time.length-days", &[("n", Value::Number(seconds / day))]),
    }
}

fn ago(seconds: u64) -> String {
    if seconds == 0 {
        return text::t("time.now").to_owned();
    }
    text::plain("time.ago", &[("length", Value::Plain(&length(seconds)))])
}

fn month_name(month: usize) -> &'static str {
    text::t("time.months")
        .split(' ')
        .nth(month.saturating_sub(1))
        .unwrap_or_default()
}

/// Seconds of a day.
const DAY: i64 = 86_400;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_known_dates() {
        for (seconds, expected) in [
            (0, "1970-01-01T00:00:00Z"),
            (-1, "1969-12-31T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (1_795_500_760, "2026-11-24T06:12:40Z"),
            (253_402_300_799, "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(Time(seconds).rfc3339(), expected);
        }
    }

    #[test]
    fn counts_every_day_of_four_centuries_once() {
        let mut previous = Time(-1).date();
        for day in 0..146_097_i64 {
            let date = Time(day * DAY).date();
            assert!(date > previous, "{date:?} after {previous:?}");
            assert!((1..=12).contains(&date.1) && (1..=31).contains(&date.2));
            previous = date;
        }
        assert_eq!(previous, (2369, 12, 31));
    }

    #[test]
    fn says_relative_times_only_under_seven_days_and_never_of_the_future() {
        let now = Time(1_795_500_760);
        let shown = |seconds: i64| Time(now.0 - seconds).html_ago(now).to_string();
        assert!(shown(0).contains(">now<"));
        assert!(shown(59).contains(">59 s ago<"));
        assert!(shown(7_200).contains(">2 h ago<"));
        assert!(shown(6 * DAY).contains(">6 days ago<"));
        assert!(shown(7 * DAY).contains(">17 Nov 2026<"));
        assert!(shown(-60).contains(">24 Nov 2026<"));
        assert!(shown(60).contains("title=\"24 Nov 2026 06:11 UTC\""));
    }

    #[test]
    fn a_clock_that_runs_ahead_gives_no_negative_length() {
        assert_eq!(Time(5).since(Time(9)), 0);
        assert_eq!(Time(i64::MIN).since(Time(i64::MAX)), 0);
    }
}
