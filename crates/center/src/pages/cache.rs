//! Pages that were drawn lately, by address and form.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::answer::Drawn;

/// Kept pages. A reader who asks for ever new addresses only empties it.
#[derive(Default)]
pub(super) struct Cache {
    slots: Mutex<HashMap<String, Arc<Slot>>>,
}

/// The place of one page.
#[derive(Default)]
pub(super) struct Slot {
    kept: Mutex<Option<Kept>>,
    /// Held by whoever makes the page.
    pub(super) making: Arc<tokio::sync::Mutex<()>>,
}

struct Kept {
    at: Instant,
    /// How far the logs were seen and shown.
    seen: Vec<(u64, u64)>,
    drawn: Drawn,
}

/// What a slot holds.
pub(super) enum Found {
    /// May be shown.
    Fresh(Drawn),
    /// May be shown once more while it is made anew.
    Stale(Drawn),
    Nothing,
}

impl Cache {
    pub(super) fn slot(&self, key: &str) -> Arc<Slot> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = slots.get(key) {
            return Arc::clone(slot);
        }
        if slots.len() >= MOST {
            let now = Instant::now();
            slots.retain(|_, slot| slot.age(now).is_some_and(|age| age < FRESH));
        }
        if slots.len() >= MOST {
            slots.clear();
        }
        Arc::clone(slots.entry(key.to_owned()).or_default())
    }
}

impl Slot {
    /// What was kept, if the logs are still as they were.
    pub(super) fn find(&self, seen: &[(u64, u64)], now: Instant) -> Found {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(kept) = kept.as_ref().filter(|kept| kept.seen == seen) else {
            return Found::Nothing;
        };
        let age = now.saturating_duration_since(kept.at);
        match () {
            () if age < FRESH => Found::Fresh(kept.drawn.clone()),
            () if age < FRESH + STALE => Found::Stale(kept.drawn.clone()),
            () => Found::Nothing,
        }
    }

    /// Keeps a page and hands it back.
    pub(super) fn keep(&self, seen: Vec<(u64, u64)>, drawn: Drawn) -> Drawn {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        *kept = Some(Kept {
            at: Instant::now(),
            seen,
            drawn: drawn.clone(),
        });
        drawn
    }

    fn age(&self, now: Instant) -> Option<Duration> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.as_ref()
            .map(|kept| now.saturating_duration_since(kept.at))
    }
}

impl std::fmt::Debug for Cache {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Cache").finish_non_exhaustive()
    }
}

/// `max-age` of a page.
const FRESH: Duration = Duration::from_secs(10);

/// `stale-while-revalidate` of a page.
const STALE: Duration = Duration::from_secs(60);

/// Pages are 10 to 60 kB: at most 30 MB, mostly 5.
const MOST: usize = 500;

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;

    use super::*;

    fn drawn() -> Drawn {
        Drawn {
            status: StatusCode::OK,
            kind: "text/plain",
            body: "x".into(),
        }
    }

    #[test]
    fn a_page_is_shown_ten_seconds_then_once_more_and_never_after_the_logs_moved() {
        let slot = Slot::default();
        let now = Instant::now();
        assert!(matches!(slot.find(&[(1, 1)], now), Found::Nothing));
        slot.keep(vec![(1, 1)], drawn());
        assert!(matches!(slot.find(&[(1, 1)], now), Found::Fresh(_)));
        assert!(matches!(
            slot.find(&[(1, 1)], Instant::now() + FRESH),
            Found::Stale(_)
        ));
        assert!(matches!(
            slot.find(&[(1, 1)], Instant::now() + FRESH + STALE),
            Found::Nothing
        ));
        // Seen but not shown, or shown since: both are another page.
        for seen in [[(2, 1)], [(2, 2)]] {
            assert!(matches!(slot.find(&seen, now), Found::Nothing));
        }
    }

    #[test]
    fn ever_new_addresses_do_not_fill_the_memory() {
        let cache = Cache::default();
        for number in 0..3 * MOST {
            cache.slot(&number.to_string()).keep(Vec::new(), drawn());
        }
        assert!(cache.slots.lock().unwrap().len() <= MOST);
    }
}
