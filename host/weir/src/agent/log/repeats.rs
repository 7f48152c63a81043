//! Takes: lines and when they are said. Gives: whether one is to be said, and how many like it were not.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::cmd::without_numbers;

/// Lines that are alike and said within [`WINDOW`]: enough to see a pattern.
const ALIKE: u32 = 10;

/// How long lines are counted together.
const WINDOW: Duration = Duration::from_secs(10);

/// Different lines that are remembered; when there are more, windows that are over are forgotten.
const LINES: usize = 1024;

/// How often lines were said.
#[derive(Debug, Default)]
pub(super) struct Repeats {
    windows: Mutex<HashMap<u64, Window>>,
    hasher: RandomState,
}

#[derive(Debug)]
struct Window {
    began: Instant,
    said: u32,
    left_out: u64,
}

impl Repeats {
    /// How many like it were left out since one was said last; none: this one is left out too.
    pub(super) fn admit(&self, line: &str, now: Instant) -> Option<u64> {
        let key = self.hasher.hash_one(without_numbers(line));
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        if windows.len() >= LINES && !windows.contains_key(&key) {
            windows.retain(|_, window| now.saturating_duration_since(window.began) < WINDOW);
            if windows.len() >= LINES {
                return Some(0);
            }
        }
        let window = windows.entry(key).or_insert(Window { began: now, said: 0, left_out: 0 });
        let mut left_out = 0;
        if now.saturating_duration_since(window.began) >= WINDOW {
            left_out = std::mem::take(&mut window.left_out);
            (window.began, window.said) = (now, 0);
        }
        if window.said >= ALIKE {
            window.left_out += 1;
            return None;
        }
        window.said += 1;
        Some(left_out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_are_alike_are_said_ten_times_and_then_counted() {
        let (repeats, now) = (Repeats::default(), Instant::now());
        let said = (0..100).filter(|n| repeats.admit(&format!("flow {n} broke"), now).is_some()).count();
        assert_eq!(said, 10);
        assert_eq!(repeats.admit("another thing", now), Some(0));
        assert_eq!(repeats.admit("flow 7 broke", now + WINDOW), Some(90));
        assert_eq!(repeats.admit("flow 8 broke", now + WINDOW), Some(0));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let (repeats, now) = (Repeats::default(), Instant::now());
        for n in 0..3 * LINES {
            assert!(repeats.admit(&"x".repeat(n), now).is_some());
        }
        assert_eq!(repeats.windows.lock().unwrap().len(), LINES);
        assert!(repeats.admit("y", now + WINDOW).is_some());
        assert_eq!(repeats.windows.lock().unwrap().len(), 1);
    }
}
