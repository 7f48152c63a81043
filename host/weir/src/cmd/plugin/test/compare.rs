//! Takes: what is expected and what was told. Gives: what of both has no partner, and which of these are nearly the same. The order
//! does not matter.

use std::collections::HashMap;

use serde_json::Value;

use super::record::Record;

/// Fields by which a told record is looked for: with either of them a few are left.
const KEYS: [&str; 2] = ["start_time", "request_resource"];

/// Records without a partner that are compared with each other: a person reads the first ones, and all pairs are looked at.
const COMPARED: usize = 300;

/// What a comparison found. Numbers are places in the two lists.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Comparison {
    pub(super) same: usize,
    /// Nearly the same: expected, told, fields.
    pub(super) different: Vec<(usize, usize, Vec<String>)>,
    pub(super) missing: Vec<usize>,
    pub(super) unexpected: Vec<usize>,
}

impl Comparison {
    pub(super) fn new(expected: &[Record], told: &[Record], strict: bool) -> Self {
        let index = Index::new(told);
        let mut taken = vec![false; told.len()];
        let mut comparison = Self::default();
        // Those that ask for most choose first, so that none takes what only another one can have.
        let mut order: Vec<usize> = (0..expected.len()).collect();
        order.sort_by_key(|&n| (std::cmp::Reverse(expected[n].fields.len()), n));
        for n in order {
            let fits = |&m: &usize| !taken[m] && differing(&expected[n], &told[m], strict).next().is_none();
            match index.candidates(&expected[n]).find(fits) {
                Some(m) => {
                    taken[m] = true;
                    comparison.same += 1;
                }
                None => comparison.missing.push(n),
            }
        }
        comparison.missing.sort_unstable();
        comparison.unexpected = (0..told.len()).filter(|&m| !taken[m]).collect();
        comparison.pair(expected, told, strict);
        comparison
    }

    pub(super) fn is_same(&self) -> bool {
        self.different.is_empty() && self.missing.is_empty() && self.unexpected.is_empty()
    }

    /// Makes pairs of those that have at least half of their fields in common, the nearest first.
    fn pair(&mut self, expected: &[Record], told: &[Record], strict: bool) {
        let mut pairs = Vec::new();
        for &n in self.missing.iter().take(COMPARED) {
            for &m in self.unexpected.iter().take(COMPARED) {
                let differing = differing(&expected[n], &told[m], strict).count();
                if 2 * differing <= expected[n].fields.len() {
                    pairs.push((differing, n, m));
                }
            }
        }
        pairs.sort_unstable();
        for (_, n, m) in pairs {
            let free = self.missing.binary_search(&n).ok().zip(self.unexpected.binary_search(&m).ok());
            let Some((missing, unexpected)) = free else { continue };
            self.missing.remove(missing);
            self.unexpected.remove(unexpected);
            let fields = differing(&expected[n], &told[m], strict).map(str::to_owned).collect();
            self.different.push((n, m, fields));
        }
        self.different.sort_unstable();
    }
}

/// Fields that are not as expected; with `strict` those too that nobody expected.
fn differing<'a>(
    expected: &'a Record,
    told: &'a Record,
    strict: bool,
) -> impl Iterator<Item = &'a str> + use<'a> {
    let wrong = expected.fields.iter().filter(move |(name, value)| !fits(value, told.field(name), strict));
    let more = told.fields.iter().filter(move |(name, _)| strict && expected.field(name).is_none());
    wrong.chain(more).map(|(name, _)| name.as_str())
}

/// `null` expects that there is no such field. Of an object the fields that stand there are compared.
fn fits(expected: &Value, told: Option<&Value>, strict: bool) -> bool {
    match (expected, told) {
        (Value::Null, None) => true,
        (Value::Object(expected), Some(Value::Object(told))) if !strict => {
            expected.iter().all(|(name, value)| fits(value, told.get(name), strict))
        }
        (expected, Some(told)) => expected == told,
        (_, None) => false,
    }
}

/// Told records by the fields of [`KEYS`].
struct Index<'a> {
    told: usize,
    by_key: [HashMap<&'a str, Vec<usize>>; 2],
}

impl<'a> Index<'a> {
    fn new(told: &'a [Record]) -> Self {
        let by_key = KEYS.map(|key| {
            let mut map = HashMap::<_, Vec<usize>>::new();
            for (place, record) in told.iter().enumerate() {
                if let Some(value) = record.field(key).and_then(Value::as_str) {
                    map.entry(value).or_default().push(place);
                }
            }
            map
        });
        Self { told: told.len(), by_key }
    }

    /// All that may fit, in order.
    fn candidates(&self, expected: &Record) -> Box<dyn Iterator<Item = usize> + '_> {
        for (key, map) in KEYS.iter().zip(&self.by_key) {
            if let Some(value) = expected.field(key).and_then(Value::as_str) {
                return Box::new(map.get(value).into_iter().flatten().copied());
            }
        }
        Box::new(0..self.told)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(lines: &[&str]) -> Vec<Record> {
        lines.iter().enumerate().map(|(n, line)| Record::parse(n + 1, line).unwrap()).collect()
    }

    fn compare(expected: &[&str], told: &[&str], strict: bool) -> Comparison {
        Comparison::new(&records(expected), &records(told), strict)
    }

    #[test]
    fn order_and_fields_that_are_left_out_do_not_matter() {
        let told = [r#"{"start_time":"1","a":1,"x":{"k":"v","l":"w"}}"#, r#"{"start_time":"2","a":2}"#];
        let expected = [r#"{"a":2}"#, r#"{"start_time":"1","x":{"k":"v"},"b":null}"#];
        assert!(compare(&expected, &told, false).is_same());
        assert!(!compare(&expected, &told, true).is_same());
        assert!(compare(&told, &told, true).is_same());
    }

    #[test]
    fn each_told_record_serves_once() {
        let found = compare(&[r#"{"a":1}"#, r#"{"a":1}"#], &[r#"{"a":1}"#], false);
        assert_eq!((found.same, found.missing.as_slice()), (1, &[1][..]));
    }

    #[test]
    fn who_asks_for_little_takes_nothing_from_who_asks_for_more() {
        let told = [r#"{"a":1,"b":2}"#, r#"{"a":1,"b":3}"#];
        assert!(compare(&[r#"{"a":1}"#, r#"{"a":1,"b":2}"#], &told, false).is_same());
    }

    #[test]
    fn the_nearest_ones_are_paired() {
        let told = [r#"{"a":1,"b":2,"c":3}"#, r#"{"a":9,"b":2,"c":4}"#, r#"{"z":1}"#];
        let expected = [r#"{"a":9,"b":2,"c":5}"#, r#"{"a":1,"b":7,"c":3}"#, r#"{"q":1,"r":2}"#];
        let found = compare(&expected, &told, false);
        let names = |list: &[&str]| list.iter().map(|&s| s.to_owned()).collect::<Vec<_>>();
        assert_eq!(found.different, [(0, 1, names(&["c"])), (1, 0, names(&["b"]))]);
        assert_eq!((found.missing, found.unexpected), (vec![2], vec![2]));
    }
}
