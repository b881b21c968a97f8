//! Counters in the text form that Prometheus reads.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// What the node counts since its start.
#[derive(Debug, Default)]
pub struct Metrics {
    requests: Mutex<BTreeMap<(String, u16), Requests>>,
    /// Statements that the door accepted.
    pub accepted: AtomicU64,
    /// Statements that the door refused.
    pub refused: AtomicU64,
    /// Witness rounds that met the quorum.
    pub rounds_met: AtomicU64,
    /// Witness rounds that did not.
    pub rounds_missed: AtomicU64,
}

impl Metrics {
    /// Counts one answered request.
    pub fn request(&self, route: &str, status: u16, elapsed: Duration) {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        let row = requests.entry((route.to_owned(), status)).or_default();
        row.count += 1;
        row.seconds += elapsed.as_secs_f64();
    }

    /// The text, with `gauges` (name, help, value) read just now.
    pub fn to_text(&self, gauges: &[(&str, &str, u64)]) -> String {
        let mut text = String::new();
        let counters = [
            (
                "vitrine_statements_accepted_total",
                "Statements accepted by the door.",
                &self.accepted,
            ),
            (
                "vitrine_statements_refused_total",
                "Statements refused by the door.",
                &self.refused,
            ),
            (
                "vitrine_rounds_met_total",
                "Witness rounds that met the quorum.",
                &self.rounds_met,
            ),
            (
                "vitrine_rounds_missed_total",
                "Witness rounds without quorum.",
                &self.rounds_missed,
            ),
        ];
        for (name, help, value) in counters {
            let value = value.load(Ordering::Relaxed);
            let _ = writeln!(
                text,
                "# HELP {name} {help}\n# TYPE {name} counter\n{name} {value}"
            );
        }
        for (name, help, value) in gauges {
            let _ = writeln!(
                text,
                "# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}"
            );
        }
        text.push_str("# HELP vitrine_requests Answered requests and the seconds they took.\n# TYPE vitrine_requests summary\n");
        let requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        for ((route, status), row) in &*requests {
            let labels = format!("{{route=\"{route}\",status=\"{status}\"}}");
            let _ = writeln!(text, "vitrine_requests_sum{labels} {}", row.seconds);
            let _ = writeln!(text, "vitrine_requests_count{labels} {}", row.count);
        }
        text
    }
}

#[derive(Debug, Default)]
struct Requests {
    count: u64,
    seconds: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_each_counter_with_help_and_type() {
        let metrics = Metrics::default();
        metrics.accepted.fetch_add(2, Ordering::Relaxed);
        metrics.request("/u/{id}", 200, Duration::from_millis(3));
        let text = metrics.to_text(&[("vitrine_log_size", "Entries in the own log.", 7)]);
        assert!(text.contains("vitrine_statements_accepted_total 2\n"));
        assert!(text.contains("vitrine_log_size 7\n"));
        assert!(text.contains("vitrine_requests_count{route=\"/u/{id}\",status=\"200\"} 1\n"));
        let types = text
            .lines()
            .filter(|line| line.starts_with("# TYPE"))
            .count();
        let helps = text
            .lines()
            .filter(|line| line.starts_with("# HELP"))
            .count();
        assert_eq!((types, helps), (6, 6));
    }
}
