//! Which leaf hashes the log already holds (`tlog.md` §5.1, "dedup index": derived, may be deleted).
//!
//! The index answers "perhaps here" with entry indexes; the caller compares the whole leaf hash in the tree. So a slot
//! needs no hash, only 30 bits of one: 8 bytes a slot, 10 to 12.5 bytes an entry, about 115 MB at 10 million entries.
//! It lives in memory and is filled from the tiles at each start.
//!
//! Entries are chosen by strangers, so the bits are mixed with a random key of this process: nobody can aim entries at one
//! place of the table.

use std::hash::{BuildHasher, RandomState};

use tlog::hash::Hash;

/// Leaf hashes → perhaps their indexes.
pub(super) struct Dedup {
    shards: Vec<Shard>,
    keys: [u64; 2],
}

impl Dedup {
    /// An empty index with room for `expected` leaves, and a little more.
    pub(super) fn new(expected: u64) -> Self {
        let random = RandomState::new();
        let each = usize::try_from(expected).unwrap_or(0) / SHARDS;
        let least = FIRST_SLOTS + each + each / 3;
        // Growing by a quarter, shard i starts where i / 256 of that step leads, so that never all of them grow at once.
        let shards = (0..SHARDS)
            .map(|shard| Shard::with_slots(least + least * shard / (4 * SHARDS)))
            .collect();
        Self {
            shards,
            keys: [random.hash_one(0), random.hash_one(1) | 1],
        }
    }

    /// Indexes at which this leaf may stand, in no order; nearly always none or the right one.
    pub(super) fn candidates(&self, leaf: Hash) -> impl Iterator<Item = u64> {
        let (shard, bits) = self.place(leaf);
        self.shards
            .get(shard)
            .into_iter()
            .flat_map(move |shard| shard.candidates(bits))
    }

    /// Remembers that `leaf` stands at `index`, which must be at most [`MAX_INDEX`].
    pub(super) fn insert(&mut self, leaf: Hash, index: u64) {
        let (shard, bits) = self.place(leaf);
        if let Some(shard) = self.shards.get_mut(shard) {
            shard.insert(slot(bits, index));
        }
    }

    fn place(&self, leaf: Hash) -> (usize, u64) {
        let [add, multiply] = self.keys;
        let first = leaf
            .0
            .first_chunk::<8>()
            .map_or(0, |b| u64::from_le_bytes(*b));
        let mixed = (first ^ add).wrapping_mul(multiply);
        let shard = usize::try_from(mixed >> (64 - SHARD_BITS)).unwrap_or(0);
        (shard, (mixed << SHARD_BITS) >> (64 - HASH_BITS))
    }
}

struct Shard {
    slots: Vec<u64>,
    used: usize,
}

impl Shard {
    fn with_slots(slots: usize) -> Self {
        Self {
            slots: vec![EMPTY; slots],
            used: 0,
        }
    }

    fn candidates(&self, bits: u64) -> impl Iterator<Item = u64> {
        let home = home(bits, self.slots.len());
        let (before, from) = self.slots.split_at_checked(home).unwrap_or_default();
        from.iter()
            .chain(before)
            .take_while(|slot| **slot != EMPTY)
            .filter(move |slot| **slot >> INDEX_BITS == bits)
            .map(|slot| (slot & INDEX_MASK) - 1)
    }

    fn insert(&mut self, slot: u64) {
        // Above four fifths a search in vain walks over more than two cache lines.
        if (self.used + 1) * 5 > self.slots.len() * 4 {
            let mut grown = Self::with_slots(self.slots.len() + self.slots.len() / 4);
            for slot in self.slots.iter().filter(|slot| **slot != EMPTY) {
                grown.put(*slot);
            }
            *self = grown;
        }
        self.put(slot);
    }

    fn put(&mut self, slot: u64) {
        let home = home(slot >> INDEX_BITS, self.slots.len());
        let (before, from) = self.slots.split_at_mut_checked(home).unwrap_or_default();
        let free = from
            .iter_mut()
            .chain(before)
            .find(|slot| **slot == EMPTY)
            .expect("a fifth of the slots is empty");
        *free = slot;
        self.used += 1;
    }
}

fn slot(bits: u64, index: u64) -> u64 {
    (bits << INDEX_BITS) | (index + 1)
}

/// Where the search begins. In the order of the bits, so that growing walks both tables from front to back.
fn home(bits: u64, slots: usize) -> usize {
    let slots = u64::try_from(slots).unwrap_or(u64::MAX >> HASH_BITS);
    usize::try_from((bits * slots) >> HASH_BITS).unwrap_or(0)
}

/// 2^34 − 2: at 8 bytes a slot this table would not fit into memory long before.
pub(super) const MAX_INDEX: u64 = INDEX_MASK - 1;

const SHARD_BITS: u32 = 8;
const SHARDS: usize = 1 << SHARD_BITS;
const FIRST_SLOTS: usize = 64;
const INDEX_BITS: u32 = 34;
const INDEX_MASK: u64 = (1 << INDEX_BITS) - 1;
const HASH_BITS: u32 = 64 - INDEX_BITS;
/// No slot is zero: its index is stored plus one.
const EMPTY: u64 = 0;

#[cfg(test)]
mod tests {
    use tlog::hash::leaf_hash;

    use super::*;

    fn leaf(number: u64) -> Hash {
        leaf_hash(&number.to_be_bytes())
    }

    #[test]
    fn finds_each_of_200000_leaves_and_hardly_another() {
        let mut dedup = Dedup::new(0);
        for index in 0..200_000 {
            dedup.insert(leaf(index), index);
        }
        for index in 0..200_000 {
            assert!(dedup.candidates(leaf(index)).any(|found| found == index));
        }
        let mistaken: usize = (200_000..400_000)
            .map(|other| dedup.candidates(leaf(other)).count())
            .sum();
        assert!(mistaken < 100, "{mistaken}");
    }

    #[test]
    fn takes_at_most_12_and_a_half_bytes_an_entry_beyond_the_first_few() {
        let mut dedup = Dedup::new(0);
        for index in 0..100_000 {
            dedup.insert(leaf(index), index);
        }
        let slots: usize = dedup
            .shards
            .iter()
            .map(|shard| shard.slots.capacity())
            .sum();
        assert!(slots * 8 * 2 <= 100_000 * 25, "{slots}");
    }

    #[test]
    fn remembers_the_first_and_the_largest_index() {
        let mut dedup = Dedup::new(0);
        dedup.insert(leaf(1), 0);
        dedup.insert(leaf(2), MAX_INDEX);
        assert_eq!(dedup.candidates(leaf(1)).collect::<Vec<_>>(), [0]);
        assert_eq!(dedup.candidates(leaf(2)).collect::<Vec<_>>(), [MAX_INDEX]);
    }

    #[test]
    fn a_full_shard_wraps_around_its_end() {
        let mut shard = Shard::with_slots(8);
        let last = (1 << HASH_BITS) - 1;
        for index in 0..5 {
            shard.insert(slot(last, index));
        }
        let mut found: Vec<u64> = shard.candidates(last).collect();
        found.sort_unstable();
        assert_eq!(found, [0, 1, 2, 3, 4]);
        assert_eq!(shard.candidates(0).count(), 0);
    }
}
