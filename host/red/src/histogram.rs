//! Durations, counted by their size. Takes nanoseconds, gives percentiles with an error of at most [`ERROR`].
//!
//! Buckets are of the same relative width: 16 for each power of two of microseconds. That is 1.9 KB for everything from 1 µs to 71
//! minutes; a histogram with two significant decimal digits takes 13 KB, and there is one for each endpoint.

/// Buckets for each power of two.
const PARTS: u64 = 16;
/// 16 up to 15 µs, then 16 for each power of two up to 2^32 µs.
const BUCKETS: usize = 16 * 29;

/// The largest relative error of a percentile from 16 µs on; below, a percentile is off by half a microsecond at most.
pub const ERROR: f64 = 1.0 / 32.0;

/// Counts of durations. An empty one has no memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    buckets: Vec<u32>,
    total: u64,
    max: u64,
}

/// The same with its empty buckets left out, in the order of the buckets: for keeping, not for counting.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sparse {
    buckets: Vec<(u16, u32)>,
    pub(crate) max: u64,
}

impl Histogram {
    /// Counts one duration.
    #[inline]
    pub fn record(&mut self, nanoseconds: u64) {
        if self.buckets.is_empty() {
            self.buckets.resize(BUCKETS, 0);
        }
        if let Some(bucket) = self.buckets.get_mut(bucket(nanoseconds / 1000)) {
            *bucket = bucket.saturating_add(1);
        }
        self.total += 1;
        self.max = self.max.max(nanoseconds);
    }

    /// Adds all of another one.
    pub fn merge(&mut self, other: &Self) {
        if other.total == 0 {
            return;
        }
        self.buckets.resize(BUCKETS, 0);
        for (own, more) in self.buckets.iter_mut().zip(&other.buckets) {
            *own = own.saturating_add(*more);
        }
        self.total += other.total;
        self.max = self.max.max(other.max);
    }

    /// How many there are.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The longest, nanoseconds, as it was.
    #[must_use]
    pub fn max(&self) -> Option<u64> {
        (self.total > 0).then_some(self.max)
    }

    /// The duration that `part` (0 to 1) of all are not longer than, nanoseconds; none when there are none.
    #[must_use]
    pub fn percentile(&self, part: f64) -> Option<u64> {
        let counted: u64 = self.buckets.iter().map(|count| u64::from(*count)).sum();
        let rank = ((counted as f64 * part).ceil() as u64).clamp(1, counted.max(1));
        let mut seen = 0;
        for (index, count) in self.buckets.iter().enumerate() {
            seen += u64::from(*count);
            if seen >= rank {
                return Some(middle(index).min(self.max));
            }
        }
        None
    }

    /// Forgets everything but the memory.
    pub fn clear(&mut self) {
        if self.total > 0 {
            self.buckets.fill(0);
        }
        (self.total, self.max) = (0, 0);
    }

    pub(crate) fn sparse(&self) -> Sparse {
        let some = self.buckets.iter().enumerate().filter(|(_, count)| **count > 0);
        Sparse { buckets: some.map(|(index, count)| (index as u16, *count)).collect(), max: self.max }
    }

    /// Takes away what was merged before. The longest is for the caller to set: it can not be known.
    pub(crate) fn take_away(&mut self, old: &Sparse) {
        for (index, count) in &old.buckets {
            if let Some(bucket) = self.buckets.get_mut(usize::from(*index)) {
                *bucket = bucket.saturating_sub(*count);
                self.total = self.total.saturating_sub(u64::from(*count));
            }
        }
    }

    pub(crate) fn set_max(&mut self, max: u64) {
        self.max = max;
    }
}

impl Sparse {
    /// Adds all of another one.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.buckets.extend_from_slice(&other.buckets);
        self.buckets.sort_unstable();
        self.buckets.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            if same {
                kept.1 = kept.1.saturating_add(next.1);
            }
            same
        });
        self.max = self.max.max(other.max);
    }
}

#[inline]
fn bucket(micros: u64) -> usize {
    if micros < PARTS {
        return micros as usize;
    }
    // At least 4; the last bucket takes all that is longer.
    let power = u64::from(micros.ilog2());
    let part = (micros >> (power - 4)) & (PARTS - 1);
    (((power - 3) * PARTS + part) as usize).min(BUCKETS - 1)
}

/// The middle of a bucket, nanoseconds.
fn middle(index: usize) -> u64 {
    let index = index as u64;
    if index < PARTS {
        return index * 1000 + 500;
    }
    let power = index / PARTS + 3;
    let width = 1 << (power - 4);
    let low = (PARTS + index % PARTS) * width;
    low * 1000 + width * 500
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_bucket_holds_its_middle_and_they_rise() {
        for index in 0..BUCKETS {
            assert_eq!(bucket(middle(index) / 1000), index);
        }
        assert_eq!([bucket(0), bucket(u64::MAX), bucket(1 << 32)], [0, BUCKETS - 1, BUCKETS - 1]);
    }

    #[test]
    fn nothing_has_no_percentile() {
        let mut none = Histogram::default();
        assert_eq!((none.percentile(0.5), none.max()), (None, None));
        none.record(7);
        none.clear();
        assert_eq!((none.percentile(0.5), none.max(), none.total()), (None, None, 0));
    }

    fn of(values: &[u64]) -> Histogram {
        let mut histogram = Histogram::default();
        values.iter().for_each(|value| histogram.record(*value));
        histogram
    }

    proptest! {
        #[test]
        fn percentiles_are_within_the_error(
            mut values in prop::collection::vec((0u32..42, any::<u64>()).prop_map(|(bits, v)| v % (1 << bits)), 1..400),
            part in 0.0f64..=1.0,
        ) {
            let histogram = of(&values);
            values.sort_unstable();
            let rank = ((values.len() as f64 * part).ceil() as usize).clamp(1, values.len());
            let exact = values[rank - 1];
            let told = histogram.percentile(part).unwrap();
            let allowed = (exact as f64 * ERROR).max(500.0) + 1000.0 * ERROR;
            prop_assert!((told as f64 - exact as f64).abs() <= allowed, "{exact} told as {told}");
            prop_assert_eq!(histogram.max(), values.last().copied());
        }

        #[test]
        fn what_was_merged_can_be_taken_away(
            one in prop::collection::vec(0u64..1 << 43, 0..100),
            two in prop::collection::vec(0u64..1 << 43, 0..100),
        ) {
            let (first, second) = (of(&one), of(&two));
            let mut both = first.clone();
            both.merge(&second);
            prop_assert_eq!(&both, &of(&[one, two].concat()));
            let mut sparse = first.sparse();
            sparse.merge(&second.sparse());
            prop_assert_eq!(&sparse, &both.sparse());
            both.take_away(&second.sparse());
            both.set_max(first.max().unwrap_or_default());
            prop_assert_eq!(both.sparse(), first.sparse());
            prop_assert_eq!(both.total(), first.total());
        }
    }
}
