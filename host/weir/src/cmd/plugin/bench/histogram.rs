//! Takes: times. Gives: the times that a part of them stays below, 3 % too high at most. Does not do: keep each.

/// Steps between one power of two and the next.
const STEPS: u32 = 32;

/// How often each length of time was seen.
#[derive(Clone, Debug)]
pub(super) struct Histogram {
    counts: Vec<u64>,
    all: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { counts: vec![0; (64 * STEPS) as usize], all: 0 }
    }
}

impl Histogram {
    #[inline]
    pub(super) fn add(&mut self, nanoseconds: u64) {
        if let Some(count) = self.counts.get_mut(slot(nanoseconds)) {
            *count += 1;
            self.all += 1;
        }
    }

    pub(super) fn count(&self) -> u64 {
        self.all
    }

    /// At least this part of all was not longer (0.5: the median); 0 when there is none.
    pub(super) fn quantile(&self, part: f64) -> u64 {
        let wanted = ((self.all as f64 * part).ceil() as u64).max(1);
        let mut seen = 0;
        for (slot, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= wanted {
                return highest(slot);
            }
        }
        0
    }
}

/// Numbers below `STEPS` have a slot each; above, the highest bit and the five behind it choose.
fn slot(number: u64) -> usize {
    let steps = u64::from(STEPS);
    if number < steps {
        return number as usize;
    }
    let shift = number.ilog2() - STEPS.ilog2();
    (u64::from(shift) * steps + (number >> shift)) as usize
}

/// The highest number of a slot.
fn highest(slot: usize) -> u64 {
    let (slot, steps) = (slot as u64, u64::from(STEPS));
    if slot < 2 * steps {
        return slot;
    }
    let shift = slot / steps - 1;
    let first = (slot - shift * steps) << shift;
    first + ((1 << shift) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_holds_its_numbers() {
        let mut last = 0;
        for number in (0..5000).chain((1..50).map(|n| n * 1_234_567_891)).chain([u64::MAX / 2]) {
            let (low, high) = (number, highest(slot(number)));
            assert!(high >= low && high - low <= low / u64::from(STEPS), "{number}: {high}");
            assert!(slot(number) >= last);
            last = if number < 5000 { slot(number) } else { 0 };
        }
        let mut histogram = Histogram::default();
        histogram.add(u64::MAX);
        assert_eq!(histogram.count(), 1);
    }

    #[test]
    fn quantiles() {
        let mut histogram = Histogram::default();
        assert_eq!(histogram.quantile(0.5), 0);
        (1..=1000).for_each(|n| histogram.add(n));
        let (median, late) = (histogram.quantile(0.5), histogram.quantile(0.99));
        assert!((500..=516).contains(&median) && (990..=1023).contains(&late), "{median} {late}");
    }
}
