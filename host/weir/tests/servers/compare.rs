//! Two lists that should hold the same.

use std::collections::BTreeMap;
use std::fmt::Debug;

use crate::agent::Ended;

/// How many of the differences are shown.
const SHOWN: usize = 5;

/// How much of each.
const WIDTH: usize = 300;

/// What one list has more often than the other.
pub(crate) struct Difference<T> {
    pub(crate) missing: Vec<T>,
    pub(crate) invented: Vec<T>,
}

/// By content and number, whatever the order.
pub(crate) fn difference<T: Ord + Clone>(wanted: &[T], told: &[T]) -> Difference<T> {
    let mut counts = BTreeMap::<&T, i64>::new();
    wanted.iter().for_each(|item| *counts.entry(item).or_default() += 1);
    told.iter().for_each(|item| *counts.entry(item).or_default() -= 1);
    let of = |sign: i64| {
        let repeated = |(item, count): (&&T, &i64)| vec![(*item).clone(); (count * sign).max(0) as usize];
        counts.iter().flat_map(repeated).collect()
    };
    Difference { missing: of(1), invented: of(-1) }
}

/// One to one; where it is not, what the agent counted is shown too.
pub(crate) fn assert_same<T: Ord + Clone + Debug>(what: &str, wanted: &[T], told: &[T], ended: &Ended) {
    let Difference { missing, invented } = difference(wanted, told);
    let few = |list: &[T]| {
        let some =
            list.iter().take(SHOWN).map(|item| format!("{item:?}").chars().take(WIDTH).collect::<String>());
        some.collect::<Vec<_>>().join("\n  ")
    };
    assert!(
        missing.is_empty() && invented.is_empty(),
        "{what}: {} wanted, {} missing\n  {}\n{} invented\n  {}\n{}",
        wanted.len(),
        missing.len(),
        few(&missing),
        invented.len(),
        few(&invented),
        ended.stderr,
    );
    assert!(!wanted.is_empty(), "{what}: nothing was compared");
}
