//! How often one address may ask: a token bucket each, kept in memory, forgotten when full again.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// The buckets of all addresses seen lately.
#[derive(Debug)]
pub struct RateLimit {
    per_second: f64,
    burst: f64,
    buckets: Mutex<HashMap<IpAddr, Bucket>>,
}

impl RateLimit {
    /// `per_second` requests on average, `burst` at once.
    pub fn new(per_second: u32, burst: u32) -> Self {
        Self {
            per_second: per_second.into(),
            burst: burst.into(),
            buckets: Mutex::default(),
        }
    }

    /// Takes one request of `address` at `now`; otherwise the whole seconds to wait, at least 1.
    ///
    /// # Errors
    /// Seconds until a request is free.
    pub fn take(&self, address: IpAddr, now: Instant) -> Result<(), u64> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= MOST_ADDRESSES {
            // Forgetting full buckets changes nothing for their owners; an attacker with many addresses only empties
            // buckets that nobody needs.
            buckets
                .retain(|_, bucket| bucket.refilled(now, self.per_second, self.burst) < self.burst);
        }
        let bucket = buckets.entry(address).or_insert(Bucket {
            tokens: self.burst,
            at: now,
        });
        bucket.tokens = bucket.refilled(now, self.per_second, self.burst);
        bucket.at = now;
        if bucket.tokens >= 1.0 {
            bucket.tokens -= 1.0;
            return Ok(());
        }
        let wait = (1.0 - bucket.tokens) / self.per_second;
        Err((wait.ceil() as u64).max(1))
    }
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    tokens: f64,
    at: Instant,
}

impl Bucket {
    fn refilled(&self, now: Instant, per_second: f64, burst: f64) -> f64 {
        let elapsed = now.saturating_duration_since(self.at).as_secs_f64();
        elapsed.mul_add(per_second, self.tokens).min(burst)
    }
}

/// 65,536 buckets of about 64 bytes are 4 MiB.
const MOST_ADDRESSES: usize = 65_536;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const ADDRESS: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[test]
    fn refuses_what_exceeds_the_burst_and_refills_with_time() {
        let limit = RateLimit::new(2, 3);
        let start = Instant::now();
        for _ in 0..3 {
            assert_eq!(limit.take(ADDRESS, start), Ok(()));
        }
        assert_eq!(limit.take(ADDRESS, start), Err(1));
        let later = start + Duration::from_millis(500);
        assert_eq!(limit.take(ADDRESS, later), Ok(()));
        assert_eq!(limit.take(ADDRESS, later), Err(1));
    }

    #[test]
    fn one_address_does_not_spend_the_tokens_of_another() {
        let limit = RateLimit::new(1, 1);
        let start = Instant::now();
        assert_eq!(limit.take(ADDRESS, start), Ok(()));
        assert_eq!(
            limit.take(IpAddr::V6(std::net::Ipv6Addr::LOCALHOST), start),
            Ok(())
        );
        assert_eq!(limit.take(ADDRESS, start), Err(1));
    }
}
