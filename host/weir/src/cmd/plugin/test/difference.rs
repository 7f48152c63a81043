//! Takes: a comparison. Gives: text for a person, who wants to see the first differences whole and how many more there are.

use std::fmt::Write;

use serde_json::Value;

use super::compare::Comparison;
use super::record::Record;
use crate::cmd::plugin::print::{Ink, Paint, grouped, harmless};

/// Differences of each kind that are shown.
const SHOWN: usize = 20;

/// The same when the plugin broke: that is to be mended first, and most differences go with it.
const SHOWN_OF_BROKEN: usize = 3;

/// Characters of a line that are shown: two or three lines of a terminal.
const LINE: usize = 300;

/// Characters of a value.
const VALUE: usize = 80;

pub(super) fn text(
    comparison: &Comparison,
    expected: &[Record],
    told: &[Record],
    file: &str,
    paint: Paint,
) -> String {
    let mut text = different(comparison, expected, told, (file, SHOWN), paint);
    // Writing to memory can not fail; the same holds below.
    for &n in comparison.missing.iter().take(SHOWN) {
        let place = format!("{file}:{} is missing:", expected[n].number);
        let _ = writeln!(text, "{}\n  {}", paint.text(Ink::Bad, &place), cut(&expected[n].text, LINE));
    }
    more(&mut text, comparison.missing.len(), SHOWN);
    unexpected(&mut text, comparison, told, SHOWN, paint);
    let _ = writeln!(text, "{}", summary(comparison, paint));
    text
}

/// Of a plugin that broke: what is missing is only counted.
pub(super) fn text_of_broken(
    comparison: &Comparison,
    expected: &[Record],
    told: &[Record],
    file: &str,
    paint: Paint,
) -> String {
    let mut text = different(comparison, expected, told, (file, SHOWN_OF_BROKEN), paint);
    unexpected(&mut text, comparison, told, SHOWN_OF_BROKEN, paint);
    let missing = comparison.missing.len();
    if missing > 0 {
        let lines = if missing == 1 { "line is" } else { "lines are" };
        let what =
            format!("{} expected {lines} missing, most likely because it broke", grouped(missing as u64));
        let _ = writeln!(text, "{}", paint.text(Ink::Bad, &what));
    }
    let _ = writeln!(text, "{}", summary(comparison, paint));
    text
}

fn different(
    comparison: &Comparison,
    expected: &[Record],
    told: &[Record],
    (file, shown): (&str, usize),
    paint: Paint,
) -> String {
    let mut text = String::new();
    for (n, m, fields) in comparison.different.iter().take(shown) {
        let (expected, told) = (&expected[*n], &told[*m]);
        let _ = writeln!(text, "{}", paint.text(Ink::Bad, &format!("{file}:{} differs:", expected.number)));
        for field in fields {
            let of = |record: &Record| value(record.field(field));
            let _ = writeln!(text, "  {}", harmless(field));
            let _ = writeln!(text, "    expected {}", paint.text(Ink::Good, &of(expected)));
            let _ = writeln!(text, "    told     {}", paint.text(Ink::Bad, &of(told)));
        }
        let _ = writeln!(text, "  {}", paint.text(Ink::Faint, &format!("in {}", cut(&told.text, LINE))));
    }
    more(&mut text, comparison.different.len(), shown);
    text
}

fn unexpected(text: &mut String, comparison: &Comparison, told: &[Record], shown: usize, paint: Paint) {
    for &m in comparison.unexpected.iter().take(shown) {
        let _ = writeln!(text, "{}\n  {}", paint.text(Ink::Bad, "not expected:"), cut(&told[m].text, LINE));
    }
    more(text, comparison.unexpected.len(), shown);
}

fn more(text: &mut String, all: usize, shown: usize) {
    if all > shown {
        let _ = writeln!(text, "and {} more", grouped((all - shown) as u64));
    }
}

fn summary(comparison: &Comparison, paint: Paint) -> String {
    let count = |number: usize, what: &str| format!("{} {what}", grouped(number as u64));
    let same = count(comparison.same, "as expected");
    if comparison.is_same() {
        return paint.text(Ink::Good, &same);
    }
    let parts = [
        (comparison.different.len(), "different"),
        (comparison.missing.len(), "missing"),
        (comparison.unexpected.len(), "not expected"),
    ];
    let parts = parts.iter().filter(|(number, _)| *number > 0).map(|(number, what)| count(*number, what));
    let parts: Vec<String> = std::iter::once(same).chain(parts).collect();
    paint.text(Ink::Bad, &parts.join(", "))
}

fn value(value: Option<&Value>) -> String {
    value
        .filter(|value| !value.is_null())
        .map_or_else(|| "nothing".to_owned(), |v| cut(&v.to_string(), VALUE))
}

fn cut(text: &str, limit: usize) -> String {
    let mut shown: String = harmless(text).chars().take(limit).collect();
    if text.chars().nth(limit).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_tells_file_line_field_and_both_values() {
        let record = |number, line: &str| Record::parse(number, line).unwrap();
        let expected = [record(3, r#"{"a":"x","b":1,"c":2}"#), record(4, r#"{"q":1}"#)];
        let told = [record(1, r#"{"a":"y","b":1,"c":2}"#), record(2, r#"{"z":"\u001b[2J"}"#)];
        let comparison = Comparison::new(&expected, &told, false);
        let text = text(&comparison, &expected, &told, "e.jsonl", Paint::none());
        assert_eq!(
            text,
            "e.jsonl:3 differs:\n  a\n    expected \"x\"\n    told     \"y\"\n  in {\"a\":\"y\",\"b\":1,\"c\":2}\n\
             e.jsonl:4 is missing:\n  {\"q\":1}\nnot expected:\n  {\"z\":\"\\u001b[2J\"}\n\
             0 as expected, 1 different, 1 missing, 1 not expected\n"
        );
    }
}
